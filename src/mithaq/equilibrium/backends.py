"""The solvers that mithaq calls: PIQP for quadratic programs, Clarabel for conic ones.

PIQP takes bounds on columns as bounds and solves the programs met here in about a third of the
time (``benchmarks/`` prints by how much); Clarabel knows exponential cones and proves
infeasibility, so it has the last word wherever PIQP does not end with an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import clarabel
import numpy as np
import piqp
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Answer", "Quadratic", "solve_conic", "solve_quadratic"]

Vector = NDArray[np.float64]


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
    """Solve with PIQP; where it gives no answer, with Clarabel."""
    bounds = _Bounds(problem)
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.max_iter = iterations
    first = problem.equalities
    upper = problem.quadratic
    solver.setup(
        (upper + sp.triu(upper, 1).T).tocsc(),
        problem.linear,
        bounds.rows[:first].tocsc(),
        problem.bound[:first],
        bounds.rows[bounds.general].tocsc(),
        np.full(len(bounds.general), -np.inf),
        problem.bound[bounds.general],
        bounds.lower,
        bounds.upper,
    )
    if solver.solve() != piqp.PIQP_SOLVED:
        return solve_conic(problem, 0, tolerance, iterations)
    result = solver.result
    z = np.zeros(len(problem.bound))
    z[:first] = result.y
    z[bounds.general] = result.z_u
    z[bounds.binding_low] = result.z_bl[bounds.low_column]
    z[bounds.binding_high] = result.z_bu[bounds.high_column]
    return Answer("Solved", np.array(result.x), z)


class _Bounds:
    """Rows of a program told apart: bounds on columns, and all others."""

    def __init__(self, problem: Quadratic) -> None:
        width = len(problem.linear)
        self.rows = problem.matrix.tocsr()
        self.lower, self.upper = np.full(width, -np.inf), np.full(width, np.inf)
        single = np.flatnonzero(problem.single)
        column = self.rows.indices[self.rows.indptr[single]]
        low = self.rows.data[self.rows.indptr[single]] < 0
        least = np.full(width, -1)
        # Where a column has several lower bounds (a sign and a floor) the highest one binds.
        order = np.argsort(-problem.bound[single[low]], kind="stable")
        for row, place in zip(single[low][order], column[low][order], strict=True):
            self.lower[place] = -problem.bound[row]
            least[place] = row
        self.low_column = np.flatnonzero(least >= 0)
        self.binding_low = least[self.low_column]
        self.binding_high, self.high_column = single[~low], column[~low]
        self.upper[self.high_column] = problem.bound[self.binding_high]
        others = ~problem.single
        others[: problem.equalities] = False
        self.general = np.flatnonzero(others)
