"""The equilibrium conditions as one mixed complementarity problem.

    F(x) + felt'z = 0,    Ax + s = b,    s = 0 in the equalities,  s, z >= 0,  s z = 0 elsewhere,

    F(x) = Mx + q + sum of g ln(1 - x_j / K_j) on Golombek columns + products c x_j x_k.

M need not be symmetric, so conduct need not have a potential. ``felt`` is A wherever one will
chooses what its rows limit; where the choice of one is the duty of another, the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Logarithms", "Mixed", "Products"]

Vector = NDArray[np.float64]
Places = NDArray[np.intp]
STEEPEST = 1e-9  # idle share of capacity below which marginal cost is continued by its tangent


@dataclass(frozen=True, slots=True)
class Logarithms:
    """Terms g ln(1 - x/K) of F: one entry a column; g < 0, and x stays below K."""

    column: Places
    g: Vector
    capacity: Vector


@dataclass(frozen=True, slots=True)
class Products:
    """Terms c x_j x_k of F in the row of ``at``: one entry a term."""

    at: Places
    one: Places
    other: Places
    factor: Vector

    @classmethod
    def none(cls) -> Products:
        empty = np.zeros(0, dtype=np.intp)
        return cls(empty, empty, empty, np.zeros(0))


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mixed complementarity problem; the first ``equalities`` rows of A are equalities."""

    slope: sp.csr_matrix  # M
    linear: Vector
    matrix: sp.csr_matrix  # A
    felt: sp.csr_matrix
    bound: Vector
    equalities: int
    logarithms: Logarithms
    products: Products

    def value(self, x: Vector) -> Vector:
        """F at x."""
        result: Vector = self.slope @ x + self.linear
        log = self.logarithms
        left = self._left(x)
        # Closer to capacity than that the curve goes on as its tangent.
        beyond = np.minimum(log.capacity - x[log.column] - left, 0.0)
        result[log.column] += log.g * (np.log(left / log.capacity) + beyond / left)
        p = self.products
        np.add.at(result, p.at, p.factor * x[p.one] * x[p.other])
        return result

    def _left(self, x: Vector) -> Vector:
        """Idle capacity of Golombek columns, no closer to none than marginal cost can be told."""
        log = self.logarithms
        return np.maximum(log.capacity - x[log.column], STEEPEST * log.capacity)

    def slopes(self, x: Vector) -> tuple[Places, Places, Vector]:
        """The Jacobian of F at x as rows, columns and entries, which add up; M comes first.

        The places are the same at any x.
        """
        log, p = self.logarithms, self.products
        fixed = self.slope.tocoo()
        rows = np.concatenate([fixed.row, log.column, p.at, p.at])
        columns = np.concatenate([fixed.col, log.column, p.one, p.other])
        return rows, columns, np.concatenate([fixed.data, self.bends(x)])

    def bends(self, x: Vector) -> Vector:
        """The entries of ``slopes`` that x changes, in their order."""
        log, p = self.logarithms, self.products
        return np.concatenate([-log.g / self._left(x), p.factor * x[p.other], p.factor * x[p.one]])

    def scaled(self, quantity: float, price: float) -> Mixed:
        """The problem with quantities and prices counted in these units."""
        log, p = self.logarithms, self.products
        return Mixed(
            self.slope * (quantity / price),
            self.linear / price,
            self.matrix,
            self.felt,
            self.bound / quantity,
            self.equalities,
            Logarithms(log.column, log.g / price, log.capacity / quantity),
            Products(p.at, p.one, p.other, p.factor * (quantity**2 / price)),
        )
