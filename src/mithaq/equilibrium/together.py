"""Many quadratic programs of one structure at once: an interior-point method in batches.

The steps are Mehrotra's (1992) predictor and corrector. Columns are eliminated, and what is left is

    [ Y  U ] [ dy ]
    [ U' Z ] [ dc ]      Y: one small dense block a firm (its balances), Z: arcs and markets,

factored by Cholesky block by block, then the complement Z - U'Y^-1 U; see ``structure``. Everything
is float64 and the same on a CPU and a GPU; PyTorch does the arithmetic. No answer is to be believed
before the certificate has seen it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from mithaq.equilibrium.structure import Array, Found, Numbers, Structure
from mithaq.errors import MithaqError

__all__ = ["solve_together", "torch"]

MOST = 60  # iterations; programs met here need 10 to 25
BACK = 0.995  # share of the way to the boundary that a step may go
PRICE = 100.0  # USD/1000 m3: least price of a limit to begin with
INSIDE = 1.0  # bcm/yr: least distance from a limit to begin with
TOLERANCE = 1e-9  # largest scaled residual
GAP = 1e-12  # largest mean product of a limit's slack and its price, scaled
FLAT = 1e-6  # curvature added to every column in a step: flows have none, and steps get shorter
REGULAR = 1e-11  # added to the pivots of balances, so that idle nodes have one


def torch() -> Any:
    """PyTorch. Raises MithaqError where it is not installed."""
    try:
        return import_module("torch")
    except ImportError:
        hint = "install mithaq with the extra 'gpu'"
        raise MithaqError(f"programs in batches need the package torch: {hint}") from None


def solve_together(structure: Structure, numbers: Numbers, device: str = "cpu") -> Found:
    """Solve all programs of a structure on a device of PyTorch (``"cpu"``, ``"cuda"``)."""
    return _Batch(structure, numbers, torch(), device).run()


class _Batch:
    """The iterates of B programs, all of them tensors of B rows."""

    def __init__(self, structure: Structure, numbers: Numbers, torch: Any, device: str) -> None:
        self.t, self.s, self.device = torch, structure, device
        self.size = len(numbers.linear)
        put = self._put
        self.q, self.diagonal = put(numbers.linear), put(numbers.diagonal)
        self.l, self.u = put(numbers.lower), put(numbers.upper)
        self.free_above = torch.isinf(self.u)
        self.v, self.b = put(numbers.entries), put(numbers.bound)
        self.g, self.k = put(numbers.g), put(numbers.capacity)
        self.exact = bool((numbers.g != 0).any())
        self.row, self.col = put(structure.row), put(structure.col)
        self.into = [
            (put(x.borders), tuple(map(put, x.y)), tuple(map(put, x.u))) for x in structure.into
        ]
        self.into_z = tuple(map(put, structure.into_z))
        self.classes = [put(table) for table in structure.classes]
        self.limits = len(structure.kept) - structure.equalities  # rows of G

    def _put(self, array: Array) -> Any:
        return self.t.as_tensor(np.ascontiguousarray(array), device=self.device)

    def _zeros(self, *shape: int) -> Any:
        return self.t.zeros((self.size, *shape), dtype=self.t.float64, device=self.device)

    def rows(self, x: Any) -> Any:
        """A, G and K times columns."""
        out = self._zeros(self.s.height)
        return out.index_add_(1, self.row, self.v * x[:, self.col])

    def columns(self, y: Any) -> Any:
        """The transpose times rows."""
        out = self._zeros(self.s.width)
        return out.index_add_(1, self.col, self.v * y[:, self.row])

    # The linear system

    def factor(self, weight: Any, slack: Any) -> None:
        """Factor C W C' + E: ``weight`` by column, ``slack`` the diagonal E of the border."""
        t, s = self.t, self.s
        scaled, wide = self.v * weight[:, self.col], s.border + 1  # padding points at one more

        def products(into: tuple[Any, Any, Any], *shape: int) -> Any:
            one, two, target = into
            flat = self._zeros(math.prod(shape))
            return flat.index_add_(1, target, scaled[:, one] * self.v[:, two]).view(-1, *shape)

        z = products(self.into_z, wide, wide)
        self.chol, self.seen = [], []
        for table, (borders, in_y, in_u) in zip(self.classes, self.into, strict=True):
            blocks, length = table.shape
            most = borders.shape[1]
            y = products(in_y, blocks, length, length)
            diagonal = y.diagonal(dim1=-2, dim2=-1)
            diagonal += (table == s.equalities).double() + REGULAR * (1 + diagonal)
            factor, _ = t.linalg.cholesky_ex(y)
            u = products(in_u, blocks, length, most)
            seen = t.linalg.solve_triangular(factor, u, upper=False)
            at = (borders.unsqueeze(2) * wide + borders.unsqueeze(1)).reshape(-1)
            inner = (seen.mT @ seen).reshape(self.size, -1)
            z.view(self.size, -1).index_add_(1, at, inner, alpha=-1)
            self.chol.append(factor)
            self.seen.append(seen)
        z = z[:, :-1, :-1]
        z.diagonal(dim1=-2, dim2=-1).add_(slack)
        self.outer, _ = t.linalg.cholesky_ex(z)

    def solve(self, right: Any, weight: Any, slack: Any) -> Any:
        """The solution of the factored system, once refined."""
        found = self._solve(right)
        product = self.rows(weight * self.columns(found))
        product[:, self.s.equalities :] += slack * found[:, self.s.equalities :]
        return found + self._solve(right - product)

    def _solve(self, right: Any) -> Any:
        t, eq = self.t, self.s.equalities
        padded = t.cat([right[:, :eq], self._zeros(1)], 1)
        border = t.cat([right[:, eq:], self._zeros(1)], 1)
        halves = []
        for table, factor, seen, into in self._each():
            half = t.linalg.solve_triangular(factor, padded[:, table].unsqueeze(3), upper=False)
            halves.append(half)
            back = (seen.mT @ half).reshape(self.size, -1)
            border.index_add_(1, into[0].reshape(-1), back, alpha=-1)
        outer = t.cholesky_solve(border[:, :-1].unsqueeze(2), self.outer).squeeze(2)
        border = t.cat([outer, self._zeros(1)], 1)
        out = self._zeros(eq + 1)
        for half, (table, factor, seen, into) in zip(halves, self._each(), strict=True):
            rest = half - seen @ border[:, into[0]].unsqueeze(3)
            found = t.linalg.solve_triangular(factor.mT, rest, upper=True)
            out[:, table.reshape(-1)] = found.reshape(self.size, -1)
        return t.cat([out[:, :-1], outer], 1)

    def _each(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        return zip(self.classes, self.chol, self.seen, self.into, strict=True)

    # The iteration

    def begin(self) -> tuple[Any, ...]:
        """Where to start: least squares for balances and limits, then inside every limit."""
        t, s = self.t, self.s
        eq, end = s.equalities, len(s.kept)
        bounded = (~self.free_above).double()
        weight = 1 / (self.diagonal + 1 + bounded)
        slack = t.ones((self.size, s.border), dtype=t.float64, device=self.device)
        self.factor(weight, slack)
        pull = self.l + t.where(self.free_above, 0.0, self.u) - self.q
        right = self.rows(weight * pull)
        right[:, :end] -= self.b
        y = self.solve(right, weight, slack)
        x = weight * (pull - self.columns(y))
        room = t.where(self.free_above, t.inf, (self.u - self.l) / 4).clamp(max=INSIDE)
        x = t.minimum(t.maximum(x, self.l + room), self.u - room)
        rows = self.rows(x)
        gap = (self.b[:, eq:] - rows[:, eq:end]).clamp(min=INSIDE)
        y[:, eq:end] = y[:, eq:end].clamp(min=PRICE)
        y[:, end:] = rows[:, end:]
        cost = self.diagonal * x + self.q + self.columns(y)
        z = cost.clamp(min=0) + PRICE
        w = t.where(self.free_above, 0.0, (-cost).clamp(min=0) + PRICE)
        return x, y, z, w, gap

    def run(self) -> Found:
        t, s = self.t, self.s
        eq, end = s.equalities, len(s.kept)
        x, y, z, w, gap = self.begin()
        pairs = (s.width + self.limits + (~self.free_above).sum(1)).double()
        size_b = 1 + self.b.abs().amax(1)
        size_q = 1 + self.q.abs().amax(1)
        solved = t.zeros(self.size, dtype=t.bool, device=self.device)
        iterations = t.zeros(self.size, dtype=t.int64, device=self.device)
        for _ in range(MOST):
            low = x - self.l
            high = t.where(self.free_above, 1.0, self.u - x)
            steep, cost = self.diagonal, self.q
            if self.exact:
                idle = t.where(self.g != 0, self.k - x, 1.0)
                whole = t.where(self.g != 0, self.k, 1.0)
                cost = cost + self.g * t.log(idle / whole)
                steep = steep - self.g / idle
            rows = self.rows(x)
            r_d = self.diagonal * x + cost + self.columns(y) - z + w
            r_p = rows[:, :eq] - self.b[:, :eq]
            r_g = rows[:, eq:end] + gap - self.b[:, eq:]
            r_k = rows[:, end:] - y[:, end:]
            lam = y[:, eq:end]
            mu = ((low * z).sum(1) + (high * w).sum(1) + (gap * lam).sum(1)) / pairs
            worst = t.maximum(r_p.abs().amax(1) / size_b, r_d.abs().amax(1) / size_q)
            worst = t.maximum(worst, r_k.abs().amax(1) / size_q) if end < s.height else worst
            worst = t.maximum(worst, r_g.abs().amax(1) / size_b) if self.limits else worst
            solved |= (worst < TOLERANCE) & (mu < GAP * size_q)
            if bool(solved.all()):
                break
            going = (~solved).unsqueeze(1)
            iterations += ~solved
            weight = 1 / (steep + FLAT + z / low + w / high)
            slack = t.cat([gap / lam, t.ones_like(r_k)], 1)
            self.factor(weight, slack)

            def direction(c_z: Any, c_w: Any, c_g: Any) -> tuple[Any, ...]:
                r_1 = r_d + c_z / low - c_w / high  # noqa: B023 - used in this round alone
                r_2 = t.cat([r_p, r_g - c_g / lam, r_k], 1)  # noqa: B023
                d_y = self.solve(r_2 - self.rows(weight * r_1), weight, slack)  # noqa: B023
                d_x = -weight * (r_1 + self.columns(d_y))  # noqa: B023
                d_z = (-c_z - z * d_x) / low  # noqa: B023
                d_w = (-c_w + w * d_x) / high  # noqa: B023
                d_gap = (-c_g - gap * d_y[:, eq:end]) / lam  # noqa: B023
                return d_x, d_y, d_z, d_w, d_gap

            def reach(d_x: Any, d_y: Any, d_z: Any, d_w: Any, d_gap: Any) -> Any:
                ahead = [
                    _most(t, low, d_x),  # noqa: B023
                    _most(t, high, t.where(self.free_above, 0.0, -d_x)),  # noqa: B023
                    _most(t, z, d_z),  # noqa: B023
                    _most(t, t.where(self.free_above, 1.0, w), d_w),  # noqa: B023
                ]
                if self.limits:
                    ahead += [_most(t, gap, d_gap), _most(t, lam, d_y[:, eq:end])]  # noqa: B023
                return t.stack(ahead).amin(0)

            d_x, d_y, d_z, d_w, d_gap = direction(low * z, high * w, gap * lam)
            step = reach(d_x, d_y, d_z, d_w, d_gap).unsqueeze(1)
            then = ((low + step * d_x) * (z + step * d_z)).sum(1)
            then += t.where(self.free_above, 0.0, (high - step * d_x) * (w + step * d_w)).sum(1)
            then += ((gap + step * d_gap) * (lam + step * d_y[:, eq:end])).sum(1)
            sigma = ((then / pairs / mu).clamp(0, 1) ** 3 * mu).unsqueeze(1)
            d_x, d_y, d_z, d_w, d_gap = direction(
                low * z + d_x * d_z - sigma,
                t.where(self.free_above, 0.0, high * w - d_x * d_w - sigma),
                gap * lam + d_gap * d_y[:, eq:end] - sigma,
            )
            step = (BACK * reach(d_x, d_y, d_z, d_w, d_gap)).clamp(max=1.0).unsqueeze(1)
            step = t.where(going, step, 0.0)
            x = x + step * t.where(going, d_x, 0.0)
            y = y + step * t.where(going, d_y, 0.0)
            z = z + step * t.where(going, d_z, 0.0)
            w = w + step * t.where(going, d_w, 0.0)
            gap = gap + step * t.where(going, d_gap, 0.0)
        host = [value.cpu().numpy() for value in (x, y[:, :end], z, w, solved, iterations)]
        return Found(*host)


def _most(t: Any, value: Any, step: Any) -> Any:
    """The longest step, up to 1/BACK, that keeps a positive value positive."""
    ratio = t.where(step < 0, -value / step, 2.0)
    return ratio.amin(1).clamp(max=1.0 / BACK)
