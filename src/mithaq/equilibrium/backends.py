"""The solvers that mithaq calls: PIQP for quadratic programs, Clarabel for conic ones.

PIQP takes bounds on columns as bounds and solves the programs met here in about a third of the
time (``benchmarks/`` prints by how much); Clarabel knows exponential cones and proves
infeasibility, so it has the last word wherever PIQP does not end with an answer.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from typing import Any

import clarabel
import numpy as np
import piqp
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Answer", "Quadratic", "solve_conic", "solve_quadratic"]

Vector = NDArray[np.float64]
# Of the systems PIQP solves. With its own, a hundredth of it, the last digits are not always found
# where a program has many equally good answers, and it goes on to its limit.
LEAST_SHIFT = 1e-8


@dataclass(frozen=True, slots=True)
class Quadratic:
    """min x'Px/2 + q'x with the first rows of Ax = b equalities and the others Ax <= b.

    ``single`` marks inequalities with one entry of +-1, which are bounds on a column.
    """

    quadratic: sp.csc_matrix  # upper triangle of P
    linear: Vector
    matrix: sp.csc_matrix
    bound: Vector
    equalities: int
    single: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver said: its own word, whether that is an answer, columns, and duals by row."""

    status: str
    x: Vector
    z: Vector


def solve_conic(problem: Quadratic, cones: int, tolerance: float, iterations: int) -> Answer:
    """Solve with Clarabel; ``cones`` exponential cones follow the inequalities, three rows each."""
    rows = len(problem.bound) - problem.equalities - 3 * cones
    shape = [clarabel.ZeroConeT(problem.equalities), clarabel.NonnegativeConeT(rows)]
    shape += [clarabel.ExponentialConeT()] * cones
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = iterations
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    data = problem.quadratic, problem.linear, problem.matrix, problem.bound
    answer = clarabel.DefaultSolver(*data, shape, settings).solve()
    return Answer(str(answer.status), np.array(answer.x), np.array(answer.z))


def solve_quadratic(problem: Quadratic, tolerance: float, iterations: int) -> Answer:
    """Solve with PIQP; where it gives no answer, with Clarabel.

    A solver whose problem had the same matrices in the same places is kept and given the new
    numbers. It does not scale them, so that an answer does not depend, in any digit, on what was
    solved before; where it finds none that way, it starts anew with scaling.
    """
    shape = _shape_of(problem)
    numbers = shape.numbers(problem)
    solver = shape.solver(numbers)
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.max_iter = iterations
    if solver.solve() != piqp.PIQP_SOLVED:
        solver = piqp.SparseSolver()
        solver.settings.eps_abs = solver.settings.eps_rel = tolerance
        solver.settings.max_iter = iterations
        shape.set_up(solver, numbers)
        if solver.solve() != piqp.PIQP_SOLVED:
            return solve_conic(problem, 0, tolerance, iterations)
    return Answer("Solved", np.array(solver.result.x), shape.duals(solver.result, numbers))


Limits = tuple[Vector, Vector, tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What a solver is told of a problem of known shape; ``least``: rows of lower bounds, columns.

    Of several lower bounds on a column it is the row of the highest.
    """

    hessian: sp.csc_matrix
    linear: Vector
    bound: Vector
    lower: Vector
    upper: Vector
    least: tuple[NDArray[np.intp], NDArray[np.intp]]


class _Shape:
    """Rows of programs of one matrix told apart: bounds on columns, and all others."""

    def __init__(self, problem: Quadratic) -> None:
        self.of = problem.matrix, problem.single, problem.equalities
        p = problem.quadratic
        self.places = p.indptr, p.indices
        rows = problem.matrix.tocsr()
        self.width, self.height = len(problem.linear), len(problem.bound)
        self.single = np.flatnonzero(problem.single)
        self.column = rows.indices[rows.indptr[self.single]]
        self.low = rows.data[rows.indptr[self.single]] < 0
        self.high, self.above = self.single[~self.low], self.column[~self.low]
        others = ~problem.single
        others[: problem.equalities] = False
        self.general = np.flatnonzero(others)
        self.first = problem.equalities
        self.equal = rows[: self.first].tocsc()
        self.limits = rows[self.general].tocsc()
        self.free = np.full(len(self.general), -np.inf)
        # P as a whole: its upper triangle, and the entries above the diagonal once more.
        upper = sp.csc_matrix((np.arange(p.nnz), p.indices, p.indptr), shape=p.shape)
        upper.data += 1  # so that no entry looks like none
        whole = (upper + sp.triu(upper, 1).T).tocsc()
        whole.sort_indices()
        self.whole = whole
        self.entry = whole.data.astype(np.intp) - 1
        self._kept: piqp.SparseSolver | None = None
        self._bounds: tuple[Vector, Limits] | None = None  # of the last

    def fits(self, problem: Quadratic) -> bool:
        """Whether a problem has the same matrix, and P entries in the same places."""
        matrix, single, equalities = self.of
        p = problem.quadratic
        indptr, indices = self.places
        return (
            problem.matrix is matrix
            and problem.equalities == equalities
            and (problem.single is single or np.array_equal(problem.single, single))
            and np.array_equal(p.indptr, indptr)
            and np.array_equal(p.indices, indices)
        )

    def numbers(self, problem: Quadratic) -> _Numbers:
        hessian = copy.copy(self.whole)  # its places are shared
        hessian.data = problem.quadratic.data[self.entry]
        if self._bounds is None or problem.bound is not self._bounds[0]:
            self._bounds = problem.bound, self._limits(problem.bound)
        return _Numbers(hessian, problem.linear, problem.bound, *self._bounds[1])

    def _limits(self, bound: Vector) -> Limits:
        """Lower and upper bounds of columns, and the rows of lower bounds with their columns."""
        lower, upper = np.full(self.width, -np.inf), np.full(self.width, np.inf)
        least = np.full(self.width, -1)
        rows, columns = self.single[self.low], self.column[self.low]
        # Where a column has several lower bounds (a sign and a floor) the highest one binds.
        order = np.argsort(-bound[rows], kind="stable")
        least[columns[order]] = rows[order]  # of equal places the last is written
        lower[columns[order]] = -bound[rows[order]]
        upper[self.above] = bound[self.high]
        bounded = np.flatnonzero(least >= 0)
        return lower, upper, (least[bounded], bounded)

    def solver(self, numbers: _Numbers) -> piqp.SparseSolver:
        """The kept solver with these numbers."""
        if self._kept is None:
            self._kept = piqp.SparseSolver()
            self._kept.settings.preconditioner_iter = 0
            self._kept.settings.reg_lower_limit = LEAST_SHIFT
            self.set_up(self._kept, numbers)
        else:
            self._kept.update(
                P=numbers.hessian,
                c=numbers.linear,
                b=numbers.bound[: self.first],
                h_u=numbers.bound[self.general],
                x_l=numbers.lower,
                x_u=numbers.upper,
            )
        return self._kept

    def set_up(self, solver: piqp.SparseSolver, numbers: _Numbers) -> None:
        solver.setup(
            numbers.hessian,
            numbers.linear,
            self.equal,
            numbers.bound[: self.first],
            self.limits,
            self.free,
            numbers.bound[self.general],
            numbers.lower,
            numbers.upper,
        )

    def duals(self, result: Any, numbers: _Numbers) -> Vector:
        """Duals by row of the problem."""
        z = np.zeros(self.height)
        z[: self.first] = result.y
        z[self.general] = result.z_u
        rows, columns = numbers.least
        z[rows] = result.z_bl[columns]
        z[self.high] = result.z_bu[self.above]
        return z


_KEPT = threading.local()  # a solver serves one thread
FEW = 4


def _shape_of(problem: Quadratic) -> _Shape:
    """The kept shape that fits a problem, or a new one."""
    shapes: list[_Shape] = _KEPT.__dict__.setdefault("shapes", [])
    for shape in shapes:
        if shape.fits(problem):
            break
    else:
        shape = _Shape(problem)
        del shapes[FEW - 1 :]
        shapes.insert(0, shape)
    return shape
