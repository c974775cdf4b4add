"""An interior-point method for mixed complementarity problems, and the last digits after it.

Newton's method on the conditions with s z = mu, mu falling to zero; each step is predicted and
then corrected for what the prediction left out (Mehrotra 1992; for monotone complementarity
problems Wright 1997, *Primal-Dual Interior-Point Methods*, ch. 8). One length for quantities and
values together, since F ties them. A step is one factorisation of a sparse matrix that is not
symmetric; rows that bound one column are eliminated first.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from mithaq.equilibrium.mixed import SHRUNK, Mixed

__all__ = ["Iterate", "descend", "sharpen"]

Vector = NDArray[np.float64]
SHIFT, ROUNDS = 1e-9, 4  # keeps the system regular; rounds of refinement take it out again
SHARP_SHIFT, SHARP_ROUNDS, SHARP_STEPS = 1e-9, 12, 4
HOPEFUL, GOOD = 25, 1e-10  # steps without gain that are waited for; fewer from an error this small
VANISHED = 1e-30  # mean product at which there is nothing to gain
EXACT = 1e-14  # error at which nothing is left to sharpen
REFINED, LOOSE = 1e-15, 1e-6  # relative residual that is small enough, or calls for pivoting
SHORT, NEAR = 0.9, 0.9995  # share of the way to the boundary: at first, and when all but there
STUCK, CENTRAL = 0.1, 0.9  # a step this short is taken anew, with this weight on the centre
LEAST = 0.1  # where slacks and duals start at least, in the units of a scaled problem


@dataclass(frozen=True, slots=True)
class Iterate:
    """Where the method ended: columns, slacks and duals by row, and how good they are.

    ``error`` is the largest residual, or lesser of a slack and its dual, in the problem's units.
    """

    x: Vector
    s: Vector
    z: Vector
    error: float
    iterations: int = 0


class _Newton:
    """Factors of the matrix of Newton's method with the rows ``at`` of a problem:

        F'(x) + stiff    felt'
        A                corner

    The places of its entries and the order of elimination are found once.
    """

    def __init__(self, problem: Mixed, at: NDArray[np.intp], rounds: int) -> None:
        self.problem, self.rounds = problem, rounds
        self.width, self.size = len(problem.linear), len(problem.linear) + len(at)
        rows, columns, values = problem.slopes(np.zeros(self.width))
        self.varying = slice(problem.slope.nnz, len(values))
        matrix, felt = problem.matrix[at].tocoo(), problem.felt[at].tocoo()
        every = np.arange(self.size)
        self.rows = np.concatenate([rows, matrix.row + self.width, felt.col, every])
        self.columns = np.concatenate([columns, matrix.col, felt.row + self.width, every])
        self.values = np.concatenate([values, matrix.data, felt.data, np.zeros(self.size)])
        self.order: NDArray[np.intp] | None = None
        self._place(every)

    def _place(self, order: NDArray[np.intp]) -> None:
        """Where each entry stands once rows and columns are in this order."""
        rank = np.empty_like(order)
        rank[order] = np.arange(self.size)
        key = rank[self.columns] * self.size + rank[self.rows]
        places, self.place = np.unique(key, return_inverse=True)
        self.indices = (places % self.size).astype(np.int32)
        ends = np.searchsorted(places // self.size, np.arange(self.size + 1))
        self.ends = ends.astype(np.int32)
        self.count = len(places)

    def _matrix(self) -> sp.csc_matrix:
        data = np.bincount(self.place, self.values, self.count)
        return sp.csc_matrix((data, self.indices, self.ends), shape=(self.size, self.size))

    def factor(self, x: Vector, diagonal: Vector, shift: float) -> bool:
        """Factor at x; False where the matrix is singular in spite of the shift."""
        self.values[self.varying] = self.problem.bends(x)
        sign = np.where(np.arange(self.size) < self.width, shift, -shift)
        # With the shift the matrix of a monotone problem has factors in any order of its diagonal.
        options = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        try:
            self.values[-self.size :] = diagonal + sign
            self.shifted = self._matrix()
            if self.order is None:
                first = splu(self.shifted, "MMD_AT_PLUS_A", **options)
                self.order = np.argsort(first.perm_c)
                self._place(self.order)
                self.shifted = self._matrix()
            self.factors = splu(self.shifted, "NATURAL", **options)
        except RuntimeError:
            return False
        self.values[-self.size :] = diagonal
        self.exact = self._matrix()
        return True

    def solve(self, target: Vector) -> Vector:
        wanted = target[self.order]
        found, error = self._refined(wanted)
        if not error <= LOOSE:  # not monotone here: the diagonal alone will not do
            try:
                self.factors = splu(self.shifted, "COLAMD")
            except RuntimeError:
                return np.full_like(target, np.nan)
            found, _ = self._refined(wanted)
        result = np.empty_like(found)
        result[self.order] = found
        return result

    def _refined(self, wanted: Vector) -> tuple[Vector, float]:
        """Solution of the system without the shift, and the relative residual that is left."""
        found: Vector = self.factors.solve(wanted)
        size = _largest(wanted) or 1.0
        for _ in range(self.rounds):
            rest = wanted - self.exact @ found
            if _largest(rest) <= REFINED * size:
                break
            found = found + self.factors.solve(rest)
        return found, _largest(wanted - self.exact @ found) / size


class _Steps:
    """Newton steps of the interior-point method; rows that bound one column are eliminated."""

    def __init__(self, problem: Mixed) -> None:
        self.problem = problem
        matrix, self.first = problem.matrix, problem.equalities
        lonely = np.flatnonzero(np.diff(matrix.indptr) == 1)
        lonely = lonely[lonely >= self.first]
        self.single = lonely[np.abs(matrix.data[matrix.indptr[lonely]]) == 1.0]
        kept = np.ones(matrix.shape[0], dtype=bool)
        kept[self.single] = False
        self.kept = np.flatnonzero(kept)
        self.limits = self.kept[self.kept >= self.first]
        self.column = matrix.indices[matrix.indptr[self.single]]
        self.sign = matrix.data[matrix.indptr[self.single]]
        self.felt_single = problem.felt[self.single].T.tocsr()
        self.newton = _Newton(problem, self.kept, ROUNDS)

    def prepare(self, x: Vector, s: Vector, z: Vector) -> bool:
        self.s, self.z = s, z
        diagonal = np.zeros(self.newton.size)
        np.add.at(diagonal, self.column, z[self.single] / s[self.single])
        diagonal[len(x) + self.first :] = -s[self.limits] / z[self.limits]
        return self.newton.factor(x, diagonal, SHIFT)

    def step(self, dual: Vector, row: Vector, product: Vector) -> tuple[Vector, Vector, Vector]:
        """Changes of x, s, z that make the residuals and s z - target vanish to first order."""
        s, z, single, limits = self.s, self.z, self.single, self.limits
        push = (z[single] * row[single] - product[single]) / s[single]
        lower = -row[self.kept]
        lower[self.first :] += product[limits] / z[limits]
        found = self.newton.solve(np.concatenate([-dual - self.felt_single @ push, lower]))
        dx = found[: len(dual)]
        dz = np.zeros_like(z)
        dz[self.kept] = found[len(dual) :]
        dz[single] = push + z[single] / s[single] * self.sign * dx[self.column]
        ds = np.zeros_like(s)
        ds[self.first :] = -(row + self.problem.matrix @ dx)[self.first :]
        return dx, ds, dz


def descend(problem: Mixed, tolerance: float, limit: int, *, far: float = 0.0) -> Iterate:
    """Solve a problem whose quantities and prices are of the size of one.

    Ends when no residual and no product s z exceeds ``tolerance``, when it gets no further, or
    after ``limit`` steps; what was reached comes back with its error, and the caller decides. It
    starts close to the data, or, if ``far`` is given, with slacks and duals of that size.
    """
    steps = _Steps(problem)
    x, s, z = _middle(problem, far) if far else _start(problem, steps)
    first = problem.equalities
    best = Iterate(x, s, z, np.inf)
    idle = 0
    for count in range(limit + 1):
        dual = problem.value(x) + problem.felt.T @ z
        row = problem.matrix @ x + s - problem.bound
        product = s[first:] * z[first:]
        gap = float(product.mean()) if len(product) else 0.0
        error = max(_largest(dual), _largest(row), _largest(product))
        if not np.isfinite(error):
            break
        idle = 0 if error < 0.9 * best.error else idle + 1
        if error < best.error:
            best = Iterate(x, s, z, error, count)
        if (
            error <= tolerance
            or gap < VANISHED
            or idle > (HOPEFUL if error > GOOD else 1)
            or not steps.prepare(x, s, z)
        ):
            break
        target = np.zeros_like(s)
        target[first:] = product
        dx, ds, dz = steps.step(dual, row, target)
        length = _length(problem, x, s, z, dx, ds, dz, 1.0)
        after = (s + length * ds)[first:] @ (z + length * dz)[first:] / max(len(product), 1)
        centre = gap * min(float(after / gap) ** 3, 1.0) if gap > 0 else 0.0
        # What the prediction left out is of second order in the length that it can be followed for.
        target[first:] = product + length**2 * ds[first:] * dz[first:] - centre
        dx, ds, dz = steps.step(dual, row, target)
        share = max(SHORT, min(NEAR, 1 - gap))
        length = min(1.0, share * _length(problem, x, s, z, dx, ds, dz, 1 / share))
        if length < STUCK:
            # Some products are far below the mean: first bring all of them back to it.
            target[first:] = product - CENTRAL * gap
            rest = 1 - CENTRAL
            dx, ds, dz = steps.step(rest * dual, rest * row, target)
            length = min(1.0, SHORT * _length(problem, x, s, z, dx, ds, dz, 1 / SHORT))
        x, s, z = *_moved(problem, x, s, dx, ds, length), z + length * dz
    return best


def _moved(
    problem: Mixed, x: Vector, s: Vector, dx: Vector, ds: Vector, length: float
) -> tuple[Vector, Vector]:
    """Columns and slacks after a step; signs go with what is not as the step meant it."""
    after, slack = problem.moved(x, dx, length), s + length * ds
    if len(problem.entropies.column):
        rows = problem.bounds()
        off = problem.matrix[rows] @ (after - x - length * dx)
        slack[rows] = np.maximum(slack[rows] - off, SHRUNK * s[rows])
    return after, slack


def _middle(problem: Mixed, size: float) -> tuple[Vector, Vector, Vector]:
    """Half of the capacity of Golombek columns, no other column, slacks and duals of one size.

    Where capacity can be built, it is of that size.
    """
    x, entropies = np.zeros(len(problem.linear)), problem.entropies
    x[problem.logarithms.column] = problem.logarithms.capacity / 2
    x[entropies.column] = x[entropies.idle] = size / 2
    s, z = np.full(len(problem.bound), size), np.full(len(problem.bound), size)
    s[: problem.equalities] = z[: problem.equalities] = 0.0
    return x, s, z


def _start(problem: Mixed, steps: _Steps) -> tuple[Vector, Vector, Vector]:
    """Where a step from the middle of all leads; Golombek columns stay there."""
    first = problem.equalities
    x, s, z = _middle(problem, 1.0)
    if not steps.prepare(x, s, z):
        return x, s, z
    dual = problem.value(x) + problem.felt.T @ z
    row = problem.matrix @ x + s - problem.bound
    product = np.zeros_like(s)
    dx, _, dz = steps.step(dual, row, product)
    entropies = problem.entropies
    held = np.concatenate([problem.logarithms.column, entropies.column, entropies.idle])
    half = x[held]
    x = x + dx
    x[held] = half
    slack = problem.bound - problem.matrix @ x
    s[first:] = np.maximum(np.abs(slack[first:]), LEAST)
    z = z + dz
    z[first:] = np.maximum(np.abs(z[first:]), LEAST)
    return x, s, z


def _length(
    problem: Mixed,
    x: Vector,
    s: Vector,
    z: Vector,
    dx: Vector,
    ds: Vector,
    dz: Vector,
    longest: float,
) -> float:
    """The longest step, up to ``longest``, that leaves slacks and duals positive."""
    first = problem.equalities
    size = np.concatenate([s[first:], z[first:]])
    change = np.concatenate([ds[first:], dz[first:]])
    if len(problem.entropies.column):
        room, used, _ = problem.entropies.shares(x)
        grown, freed = problem.entropies.shifts(x, dx)
        size = np.concatenate([size, room, used])
        change = np.concatenate([change, grown, -freed])
    falls = change < 0
    return float(min(longest, (size[falls] / -change[falls]).min(initial=np.inf)))


def _largest(values: Vector) -> float:
    return float(np.abs(values).max(initial=0.0))


def sharpen(problem: Mixed, found: Iterate) -> Iterate:
    """The last digits: limits whose dual exceeds their slack bind, and equations are solved.

    Each round takes the binding rows from the last; the best point met is returned.
    """
    first = problem.equalities
    best = dataclasses.replace(found, error=miss(problem, found.x, found.z))
    x, z, s = found.x, found.z, found.s
    for _ in range(SHARP_STEPS):
        binds = z > s
        binds[:first] = True
        at = np.flatnonzero(binds)
        newton = _Newton(problem, at, SHARP_ROUNDS)
        if not newton.factor(x, np.zeros(newton.size), SHARP_SHIFT):
            break
        kept = np.where(binds, z, 0.0)
        # A correction, not the solution itself: where that is not unique, the nearest is wanted.
        wrong = problem.value(x) + problem.felt.T @ kept, problem.matrix[at] @ x - problem.bound[at]
        change = newton.solve(-np.concatenate(wrong))
        if not np.all(np.isfinite(change)):
            break
        x, z = problem.entropies.moved(x, change[: len(x)], 1.0), kept
        z[at] += change[len(x) :]
        s = problem.bound - problem.matrix @ x
        error = miss(problem, x, z)
        if error < best.error:
            best = Iterate(x, s, z, error, found.iterations)
        if error <= EXACT:
            break
    return best


def miss(problem: Mixed, x: Vector, z: Vector) -> float:
    """How far (x, z) is from a solution: the largest residual, or lesser of slack and dual."""
    first = problem.equalities
    slack = problem.bound - problem.matrix @ x
    return max(
        _largest(problem.value(x) + problem.felt.T @ z),
        _largest(slack[:first]),
        _largest(np.minimum(slack[first:], z[first:])),
    )
