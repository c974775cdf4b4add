"""The same quadratic program handed to each solver directly: a first solve, then changed costs.

Each peer takes the program as its own interface likes it best (bounds as bounds where it knows
them) and keeps its problem between solves, as a user of that solver would.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.equilibrium.backends import Quadratic

__all__ = ["PEERS", "Peer"]

Vector = NDArray[np.float64]
TOLERANCE = 1e-8


class Peer(ABC):
    """One solver: ``set_up`` and ``change`` take data, ``run`` returns the columns found."""

    package: ClassVar[str]
    name: ClassVar[str]
    limit: ClassVar[float] = 60.0  # seconds

    def __init__(self, problem: Quadratic) -> None:
        self.problem = problem
        upper = problem.quadratic
        self.hessian = (upper + sp.triu(upper, 1).T).tocsc()
        matrix = problem.matrix.tocsr()
        equal = np.arange(len(problem.bound)) < problem.equalities
        general = ~equal & ~problem.single
        self.equalities = matrix[np.flatnonzero(equal)].tocsc()
        self.level = problem.bound[equal]
        self.inequalities = matrix[np.flatnonzero(general)].tocsc()
        self.most = problem.bound[general]
        self.lower, self.upper = _bounds(problem, matrix)
        self.solver: Any = None

    @classmethod
    def version(cls) -> str:
        """Version of the installed package; empty where there is none."""
        try:
            return version(cls.package)
        except PackageNotFoundError:
            return ""

    @abstractmethod
    def set_up(self) -> None: ...

    @abstractmethod
    def change(self, linear: Vector) -> None: ...

    @abstractmethod
    def run(self) -> Vector: ...


def _bounds(problem: Quadratic, matrix: sp.csr_matrix) -> tuple[Vector, Vector]:
    width = len(problem.linear)
    lower, upper = np.full(width, -np.inf), np.full(width, np.inf)
    for row in np.flatnonzero(problem.single):
        place = matrix.indices[matrix.indptr[row]]
        if matrix.data[matrix.indptr[row]] < 0:
            lower[place] = max(lower[place], -problem.bound[row])
        else:
            upper[place] = min(upper[place], problem.bound[row])
    return lower, upper


class Clarabel(Peer):
    name = package = "clarabel"

    def set_up(self) -> None:
        import clarabel

        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.presolve_enable = False  # so that costs can be changed afterwards
        settings.time_limit = self.limit
        rows = len(self.problem.bound) - self.problem.equalities
        cones = [clarabel.ZeroConeT(self.problem.equalities), clarabel.NonnegativeConeT(rows)]
        data = self.problem.quadratic, self.problem.linear, self.problem.matrix, self.problem.bound
        self.solver = clarabel.DefaultSolver(*data, cones, settings)

    def change(self, linear: Vector) -> None:
        self.solver.update(q=linear)

    def run(self) -> Vector:
        return np.array(self.solver.solve().x)


class Piqp(Peer):
    name = package = "piqp"

    def set_up(self) -> None:
        import piqp

        self.solver = piqp.SparseSolver()
        self.solver.settings.eps_abs = self.solver.settings.eps_rel = TOLERANCE
        self.solver.setup(
            self.hessian,
            self.problem.linear,
            self.equalities,
            self.level,
            self.inequalities,
            np.full(len(self.most), -np.inf),
            self.most,
            self.lower,
            self.upper,
        )

    def change(self, linear: Vector) -> None:
        self.solver.update(c=linear)

    def run(self) -> Vector:
        self.solver.solve()
        return np.array(self.solver.result.x)


class Osqp(Peer):
    name = package = "osqp"

    def set_up(self) -> None:
        import osqp

        eye = sp.eye(len(self.problem.linear), format="csc")
        rows = sp.vstack([self.equalities, self.inequalities, eye], format="csc")
        low = np.concatenate([self.level, np.full(len(self.most), -np.inf), self.lower])
        high = np.concatenate([self.level, self.most, self.upper])
        self.solver = osqp.OSQP()
        settings = {"verbose": False, "eps_abs": TOLERANCE, "eps_rel": TOLERANCE}
        self.solver.setup(
            sp.triu(self.hessian, format="csc"),
            self.problem.linear,
            rows,
            low,
            high,
            max_iter=100_000,
            time_limit=self.limit,
            **settings,
        )

    def change(self, linear: Vector) -> None:
        self.solver.update(q=linear)

    def run(self) -> Vector:
        return np.array(self.solver.solve(raise_error=False).x)


class Highs(Peer):
    name, package = "highs", "highspy"

    def set_up(self) -> None:
        import highspy

        model = highspy.HighsModel()
        rows = sp.vstack([self.equalities, self.inequalities], format="csc")
        lower = sp.tril(self.hessian, format="csc")
        lp, infinity = model.lp_, highspy.kHighsInf
        lp.num_col_, lp.num_row_ = rows.shape[1], rows.shape[0]
        lp.col_cost_ = self.problem.linear
        lp.col_lower_ = np.where(np.isfinite(self.lower), self.lower, -infinity)
        lp.col_upper_ = np.where(np.isfinite(self.upper), self.upper, infinity)
        lp.row_lower_ = np.concatenate([self.level, np.full(len(self.most), -infinity)])
        lp.row_upper_ = np.concatenate([self.level, self.most])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr, rows.indices
        lp.a_matrix_.value_ = rows.data
        model.hessian_.dim_ = rows.shape[1]
        model.hessian_.format_ = highspy.HessianFormat.kTriangular
        model.hessian_.start_, model.hessian_.index_ = lower.indptr, lower.indices
        model.hessian_.value_ = lower.data
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("time_limit", self.limit)
        self.solver.passModel(model)

    def change(self, linear: Vector) -> None:
        columns = np.arange(len(linear), dtype=np.int32)
        self.solver.changeColsCost(len(linear), columns, linear)

    def run(self) -> Vector:
        self.solver.run()
        return np.array(self.solver.getSolution().col_value)


PEERS: tuple[type[Peer], ...] = (Piqp, Clarabel, Highs, Osqp)
