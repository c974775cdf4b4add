"""The equilibrium conditions as one mixed complementarity problem.

    F(x) + felt'z = 0,    Ax + s = b,    s = 0 in the equalities,  s, z >= 0,  s z = 0 elsewhere,

    F(x) = Mx + q + sum of g ln(1 - x_j / K_j) on Golombek columns + products c x_j x_k,

and -g [ ln(1 - x_j / K_j) + x_j / K_j ] on the column of a capacity K_j that can grow.

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
SHRUNK = 1e-3  # share of a capacity that is left of it after a step at least
NONE = 1e-30  # capacity, so that nothing is divided by none


@dataclass(frozen=True, slots=True)
class Logarithms:
    """Terms g ln(1 - x/K) of F: one entry a column; g < 0, and x stays below K.

    K is ``capacity``, or the column ``room`` where that is not -1.
    """

    column: Places
    g: Vector
    capacity: Vector
    room: Places

    @property
    def growing(self) -> Places:
        """Entries whose capacity is a column."""
        found: Places = np.flatnonzero(self.room >= 0)
        return found

    def size(self, x: Vector) -> Vector:
        """Capacity of each entry at x."""
        some = self.growing
        if not len(some):
            return self.capacity
        size = self.capacity.copy()
        size[some] = x[self.room[some]]
        return size

    def moved(self, x: Vector, change: Vector, length: float) -> Vector:
        """Where a step leads. Of capacity that can grow the share in use is what moves.

        Slopes hang on it alone; of two columns that fall towards zero with it, the quotient would
        move further than a step in them was meant to.
        """
        found, some = x + length * change, self.growing
        if len(some):
            size, share = x[self.room[some]], self.shares(x, change)
            size = np.maximum(size + length * change[self.room[some]], SHRUNK * size)
            found[self.room[some]] = size
            found[self.column[some]] = (share[0] + length * share[1]) * size
        return found

    def shares(self, x: Vector, change: Vector) -> tuple[Vector, Vector]:
        """Share in use of each capacity that can grow, and its change to first order."""
        room, column = self.room[self.growing], self.column[self.growing]
        share = x[column] / x[room]
        return share, (change[column] - share * change[room]) / x[room]


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
        size, left = self._left(x)
        # Closer to capacity than that the curve goes on as its tangent.
        beyond = np.minimum(size - x[log.column] - left, 0.0)
        result[log.column] += log.g * (np.log(left / size) + beyond / left)
        some = log.growing
        if len(some):
            # Cost is K h(x/K), so that K has the slope h - (x/K) h'.
            left, over = (part[some] / size[some] for part in (left, beyond))
            saved = np.log(left) + (1 - left) * (1 + over / left) - over**2 / (2 * left)
            result[log.room[some]] -= log.g[some] * saved
        p = self.products
        np.add.at(result, p.at, p.factor * x[p.one] * x[p.other])
        return result

    def _left(self, x: Vector) -> tuple[Vector, Vector]:
        """Capacity, and what is idle of it, no closer to none than marginal cost can be told."""
        log = self.logarithms
        size = log.size(x)
        if len(log.growing):
            size = np.maximum(size, NONE)
        return size, np.maximum(size - x[log.column], STEEPEST * size)

    def slopes(self, x: Vector) -> tuple[Places, Places, Vector]:
        """The Jacobian of F at x as rows, columns and entries, which add up; M comes first.

        The places are the same at any x.
        """
        log, p = self.logarithms, self.products
        fixed = self.slope.tocoo()
        grown, room = log.column[log.growing], log.room[log.growing]
        rows = np.concatenate([fixed.row, log.column, grown, room, room, p.at, p.at])
        columns = np.concatenate([fixed.col, log.column, room, grown, room, p.one, p.other])
        return rows, columns, np.concatenate([fixed.data, self.bends(x)])

    def bends(self, x: Vector) -> Vector:
        """The entries of ``slopes`` that x changes, in their order."""
        log, p = self.logarithms, self.products
        size, left = self._left(x)
        bend = -log.g / left
        some = log.growing
        share = x[log.column[some]] / size[some]
        tied = -bend[some] * share
        grown = tied, tied, -tied * share
        return np.concatenate([bend, *grown, p.factor * x[p.other], p.factor * x[p.one]])

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
            Logarithms(log.column, log.g / price, log.capacity / quantity, log.room),
            Products(p.at, p.one, p.other, p.factor * (quantity**2 / price)),
        )
