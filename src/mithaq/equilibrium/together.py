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
GAP, ENOUGH = 1e-14, 1e-12  # mean product of a limit's slack and its price, scaled: aim, and least
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
        limits = len(structure.kept) - structure.equalities  # rows of G
        self.pairs = (structure.width + limits + (~self.free_above).sum(1)).double()
        self.size_b, self.size_q = 1 + _worst(self.b), 1 + _worst(self.q)

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

    def factor(self) -> None:
        """Factor C W C' + E: ``weight`` W by column, ``slack`` the diagonal E of the border."""
        t, s = self.t, self.s
        scaled, wide = self.v * self.weight[:, self.col], s.border + 1  # padding points at one more

        def products(into: tuple[Any, Any, Any], *shape: int) -> Any:
            one, two, target = into
            flat = self._zeros(math.prod(shape))
            flat.index_add_(1, target, scaled[:, one] * self.v[:, two])
            return flat.view(self.size, *shape)

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
        z.diagonal(dim1=-2, dim2=-1).add_(self.slack)
        self.outer, _ = t.linalg.cholesky_ex(z)

    def solve(self, right: Any) -> Any:
        """The solution of the factored system, once refined."""
        found = self._solve(right)
        product = self.rows(self.weight * self.columns(found))
        product[:, self.s.equalities :] += self.slack * found[:, self.s.equalities :]
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

    def begin(self) -> None:
        """Where to start: least squares for balances and limits, then inside every limit."""
        t, s, put = self.t, self.s, self.t.where
        eq, end = s.equalities, len(s.kept)
        self.weight = 1 / (self.diagonal + 1 + (~self.free_above).double())
        self.slack = t.ones((self.size, s.border), dtype=t.float64, device=self.device)
        self.factor()
        pull = self.l + put(self.free_above, 0.0, self.u) - self.q
        right = self.rows(self.weight * pull)
        right[:, :end] -= self.b
        self.y = self.solve(right)
        x = self.weight * (pull - self.columns(self.y))
        room = put(self.free_above, t.inf, (self.u - self.l) / 4).clamp(max=INSIDE)
        self.x = t.minimum(t.maximum(x, self.l + room), self.u - room)
        rows = self.rows(self.x)
        self.gap = (self.b[:, eq:] - rows[:, eq:end]).clamp(min=INSIDE)
        self.y[:, eq:end] = self.y[:, eq:end].clamp(min=PRICE)
        self.y[:, end:] = rows[:, end:]
        cost = self.diagonal * self.x + self.q + self.columns(self.y)
        self.z = cost.clamp(min=0) + PRICE
        self.w = put(self.free_above, 0.0, (-cost).clamp(min=0) + PRICE)

    def look(self) -> tuple[Any, Any]:
        """Residuals where the iterates are; the largest, scaled, and the mean product."""
        t, s = self.t, self.s
        eq, end = s.equalities, len(s.kept)
        self.low = self.x - self.l
        self.high = t.where(self.free_above, 1.0, self.u - self.x)
        self.steep, cost = self.diagonal, self.q
        if self.exact:
            idle = t.where(self.g != 0, self.k - self.x, 1.0)
            whole = t.where(self.g != 0, self.k, 1.0)
            cost = cost + self.g * t.log(idle / whole)
            self.steep = self.steep - self.g / idle
        rows = self.rows(self.x)
        self.lam = self.y[:, eq:end]
        self.r_d = self.diagonal * self.x + cost + self.columns(self.y) - self.z + self.w
        self.r_p = rows[:, :eq] - self.b[:, :eq]
        self.r_g = rows[:, eq:end] + self.gap - self.b[:, eq:]
        self.r_k = rows[:, end:] - self.y[:, end:]
        products = self.low * self.z, self.high * self.w, self.gap * self.lam
        worst = t.maximum(_worst(self.r_p), _worst(self.r_g)) / self.size_b
        other = t.maximum(_worst(self.r_d), _worst(self.r_k)) / self.size_q
        return t.maximum(worst, other), sum(each.sum(1) for each in products) / self.pairs

    def direction(self, c_z: Any, c_w: Any, c_g: Any) -> tuple[Any, ...]:
        """Steps of x, y, z, w and gap that take residuals and the products given to zero."""
        eq, end = self.s.equalities, len(self.s.kept)
        r_1 = self.r_d + c_z / self.low - c_w / self.high
        r_2 = self.t.cat([self.r_p, self.r_g - c_g / self.lam, self.r_k], 1)
        d_y = self.solve(r_2 - self.rows(self.weight * r_1))
        d_x = -self.weight * (r_1 + self.columns(d_y))
        d_z = (-c_z - self.z * d_x) / self.low
        d_w = (-c_w + self.w * d_x) / self.high
        d_gap = (-c_g - self.gap * d_y[:, eq:end]) / self.lam
        return d_x, d_y, d_z, d_w, d_gap

    def reach(self, d_x: Any, d_y: Any, d_z: Any, d_w: Any, d_gap: Any) -> Any:
        """The longest step of each program that keeps all positive that must be."""
        put, free = self.t.where, self.free_above
        steps = [
            self._most(self.low, d_x),
            self._most(self.high, put(free, 0.0, -d_x)),
            self._most(self.z, d_z),
            self._most(put(free, 1.0, self.w), d_w),
            self._most(self.gap, d_gap),
            self._most(self.lam, d_y[:, self.s.equalities : len(self.s.kept)]),
        ]
        return self.t.stack(steps).amin(0).unsqueeze(1)

    def _most(self, value: Any, step: Any) -> Any:
        if not value.shape[1]:
            return value.sum(1) + 1.0 / BACK
        return self.t.where(step < 0, -value / step, 2.0).amin(1).clamp(max=1.0 / BACK)

    def run(self) -> Found:
        """Iterate until every program is solved, or lost, or there were enough iterations."""
        t, put, free = self.t, self.t.where, self.free_above
        eq, end = self.s.equalities, len(self.s.kept)
        self.begin()
        still = t.zeros(self.size, dtype=t.bool, device=self.device)
        good = still
        iterations = t.zeros(self.size, dtype=t.int64, device=self.device)
        for _ in range(MOST):
            worst, mu = self.look()
            good = (worst < TOLERANCE) & (mu < ENOUGH * self.size_q)
            still |= good & (mu < GAP * self.size_q)
            if bool(still.all()):
                break
            iterations += ~still
            self.weight = 1 / (self.steep + FLAT + self.z / self.low + self.w / self.high)
            self.slack = t.cat([self.gap / self.lam, t.ones_like(self.r_k)], 1)
            self.factor()
            low_z, high_w, gap_lam = self.low * self.z, self.high * self.w, self.gap * self.lam
            d_x, d_y, d_z, d_w, d_gap = ahead = self.direction(low_z, high_w, gap_lam)
            step, d_lam = self.reach(*ahead), d_y[:, eq:end]
            then = ((self.low + step * d_x) * (self.z + step * d_z)).sum(1)
            then += put(free, 0.0, (self.high - step * d_x) * (self.w + step * d_w)).sum(1)
            then += ((self.gap + step * d_gap) * (self.lam + step * d_lam)).sum(1)
            aim = ((then / self.pairs / mu).clamp(0, 1) ** 3 * mu).unsqueeze(1)
            steps = self.direction(
                low_z + d_x * d_z - aim,
                put(free, 0.0, high_w - d_x * d_w - aim),
                gap_lam + d_gap * d_lam - aim,
            )
            step = (BACK * self.reach(*steps)).clamp(max=1.0)
            # What is solved stays where it is, and so does what has no step with digits left.
            still |= ~t.stack([t.isfinite(each).all(1) for each in (step, *steps)]).all(0)
            self.x, self.y, self.z, self.w, self.gap = (
                value + t.where(still.unsqueeze(1), 0.0, step * change)
                for value, change in zip(
                    (self.x, self.y, self.z, self.w, self.gap), steps, strict=True
                )
            )
        last = self.x, self.y[:, :end], self.z, self.w, good, iterations
        return Found(*(value.cpu().numpy() for value in last))


def _worst(residual: Any) -> Any:
    """The largest of each program, 0 where there is none."""
    return residual.abs().amax(1) if residual.shape[1] else residual.sum(1)
