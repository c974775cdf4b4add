"""The equilibrium conditions as one mixed complementarity problem.

    F(x) + felt'z = 0,    Ax + s = b,    s = 0 in the equalities,  s, z >= 0,  s z = 0 elsewhere,

    F(x) = Mx + q + sum of g ln(1 - x_j / K_j) on Golombek columns + products c x_j x_k,

and, where such a capacity can be built onto, the slopes of |g| K h(x_j / K), h(u) = (1 - u) ln(1 -
u) + u, with K = x_j + x_k and x_k what is left idle: |g| x_j / K and |g| [ ln(x_k / K) + x_j / K ].

M need not be symmetric, so conduct need not have a potential. ``felt`` is A wherever one will
chooses what its rows limit; where the choice of one is the duty of another, the two differ.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["SHRUNK", "Entropies", "Logarithms", "Mixed", "Products"]

Vector = NDArray[np.float64]
Places = NDArray[np.intp]
SHRUNK = 1e-3  # share of what may not vanish that is left of it after a step at least
HALF, DOWN, UP = 0.5, 20.0, 5.0  # share in use from which steps are in logarithms; longest steps
STEEP = 5.0  # longest step of marginal cost, in units of |g|
NOWHERE: Places = np.zeros(0, dtype=np.intp)
NONE = 1e-150  # so that nothing is divided by no capacity
STEEPEST = 1e-9  # idle share of capacity below which marginal cost is continued by its tangent


@dataclass(frozen=True, slots=True)
class Logarithms:
    """Terms g ln(1 - x/K) of F: one entry a column; g < 0, and x stays below K.

    From an idle share ``STEEPEST`` on the curve goes on as its tangent. ``row`` are the rows, if
    there are any, that hold x at K.
    """

    column: Places
    g: Vector
    capacity: Vector
    row: Places = field(default_factory=lambda: NOWHERE)

    def moved(self, x: Vector, change: Vector, length: float) -> Vector:
        """Their columns after a step.

        What a step would bring to its capacity is moved as its marginal cost is meant to be, which
        is straight in the logarithm of what is idle: so it does not hold the others back.
        """
        idle, least = self.capacity - x[self.column], STEEPEST * self.capacity
        part = length * change[self.column] / np.maximum(idle, least)
        bent = (part > HALF) & (idle > least)
        steep = np.clip(part, 0.0, STEEP) - np.log(np.maximum(idle, least) / self.capacity)
        beyond = steep + np.log(STEEPEST)
        curved = np.where(beyond <= 0, self.capacity * np.exp(-steep), least * (1 - beyond))
        straight = idle - length * change[self.column]
        found: Vector = self.capacity - np.where(bent, curved, straight)
        return found


@dataclass(frozen=True, slots=True)
class Entropies:
    """Slopes of |g| K h(x/K) in x and in what is left idle of K: one entry a pair of columns."""

    column: Places
    idle: Places
    g: Vector

    @classmethod
    def none(cls) -> Entropies:
        return cls(NOWHERE, NOWHERE, np.zeros(0))

    def shares(self, x: Vector) -> tuple[Vector, Vector, Vector]:
        """Capacity, and the shares of it in use and idle."""
        used, idle = x[self.column], x[self.idle]
        size = np.maximum(used + idle, NONE)
        return size, used / size, np.maximum(idle, NONE) / size

    def shifts(self, x: Vector, change: Vector) -> tuple[Vector, Vector]:
        """To first order the changes of capacity and of the share that is idle."""
        size, used, idle = self.shares(x)
        freed, taken = change[self.idle], change[self.column]
        return freed + taken, (used * freed - idle * taken) / size

    def moved(self, x: Vector, change: Vector, length: float) -> Vector:
        """Where a step leads: what is meant of shares happens to shares.

        Slopes hang on these alone. Of columns that fall towards zero together the quotient would
        otherwise move further than the step was meant to.
        """
        found = x + length * change
        if len(self.column):
            size, used, idle = self.shares(x)
            grown, freed = self.shifts(x, change)
            size = np.maximum(size + length * grown, SHRUNK * size)
            # Close to capacity the logarithm of what is idle is what slopes are straight in.
            curved = idle * np.exp(np.clip(length * freed / idle, -DOWN, UP))
            idle = np.where(used < HALF, idle + length * freed, curved)
            idle = np.minimum(idle, 1 - SHRUNK * used)
            used = np.where(idle < HALF, 1 - idle, np.maximum(used - length * freed, SHRUNK * used))
            found[self.column], found[self.idle] = size * used, size * idle
        return found


@dataclass(frozen=True, slots=True)
class Products:
    """Terms c x_j x_k of F in the row of ``at``: one entry a term."""

    at: Places
    one: Places
    other: Places
    factor: Vector

    @classmethod
    def none(cls) -> Products:
        return cls(NOWHERE, NOWHERE, NOWHERE, np.zeros(0))


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
    entropies: Entropies = field(default_factory=Entropies.none)

    def value(self, x: Vector) -> Vector:
        """F at x."""
        result: Vector = self.slope @ x + self.linear
        log = self.logarithms
        left = self._left(x)
        # Closer to capacity than that the curve goes on as its tangent.
        beyond = np.minimum(log.capacity - x[log.column] - left, 0.0)
        result[log.column] += log.g * (np.log(left / log.capacity) + beyond / left)
        p, e = self.products, self.entropies
        np.add.at(result, p.at, p.factor * x[p.one] * x[p.other])
        if len(e.column):
            _, used, idle = e.shares(x)
            result[e.column] -= e.g * used
            result[e.idle] -= e.g * (np.log(idle) + used)
        return result

    def _left(self, x: Vector) -> Vector:
        """Idle capacity of Golombek columns, no closer to none than marginal cost can be told."""
        log = self.logarithms
        return np.maximum(log.capacity - x[log.column], STEEPEST * log.capacity)

    def slopes(self, x: Vector) -> tuple[Places, Places, Vector]:
        """The Jacobian of F at x as rows, columns and entries, which add up; M comes first.

        The places are the same at any x.
        """
        log, p, e = self.logarithms, self.products, self.entropies
        fixed, ends = self.slope.tocoo(), (e.column, e.idle)
        rows = np.concatenate([fixed.row, log.column, p.at, p.at, *ends, *ends])
        columns = np.concatenate([fixed.col, log.column, p.one, p.other, *ends, *reversed(ends)])
        return rows, columns, np.concatenate([fixed.data, self.bends(x)])

    def bends(self, x: Vector) -> Vector:
        """The entries of ``slopes`` that x changes, in their order."""
        log, p, e = self.logarithms, self.products, self.entropies
        size, used, idle = e.shares(x)
        bend = -e.g / size
        tied = -bend * used
        grown = bend * idle, -tied * used / idle, tied, tied
        products = p.factor * x[p.other], p.factor * x[p.one]
        return np.concatenate([-log.g / self._left(x), *products, *grown])

    def scaled(self, quantity: float, price: float) -> Mixed:
        """The problem with quantities and prices counted in these units."""
        log, p, e = self.logarithms, self.products, self.entropies
        return Mixed(
            self.slope * (quantity / price),
            self.linear / price,
            self.matrix,
            self.felt,
            self.bound / quantity,
            self.equalities,
            Logarithms(log.column, log.g / price, log.capacity / quantity, log.row),
            Products(p.at, p.one, p.other, p.factor * (quantity**2 / price)),
            Entropies(e.column, e.idle, e.g / price),
        )

    def moved(self, x: Vector, change: Vector, length: float) -> Vector:
        """Where a step of this length leads, as its terms have it."""
        found = self.entropies.moved(x, change, length)
        found[self.logarithms.column] = self.logarithms.moved(x, change, length)
        return found

    def softened(self) -> Mixed:
        """The problem whose logarithms alone hold their columns below capacity.

        Of two that do the same, the row would let none come closer than a step at a time.
        """
        bound = self.bound.copy()
        bound[self.logarithms.row] *= 2
        return dataclasses.replace(self, bound=bound)

    def hardened(self, x: Vector, z: Vector) -> Mixed:
        """The problem with what is all but full at (x, z) held where its marginal cost is earned.

        As close to capacity as that, the last digit of a quantity moves marginal cost by more than
        any tolerance, while marginal cost tells the quantity to all its digits.
        """
        log = self.logarithms
        full = log.capacity - x[log.column] < STEEPEST * log.capacity
        if not full.any():
            return self
        some = Logarithms(log.column[~full], log.g[~full], log.capacity[~full], log.row)
        rest = dataclasses.replace(self, logarithms=some)
        column, g, capacity = log.column[full], log.g[full], log.capacity[full]
        earned = -(rest.value(x) + self.felt.T @ z)[column]
        stiff = -g / (STEEPEST * capacity)
        linear, more = self.linear.copy(), np.zeros(len(x))
        linear[column] += earned + stiff * capacity * np.expm1(np.minimum(earned / g, 0.0))
        more[column] = stiff
        slope = (self.slope + sp.diags(more)).tocsr()
        return dataclasses.replace(rest, slope=slope, linear=linear)

    def bounds(self) -> Places:
        """Inequalities in which one column of the entropies, and no other of them, has an entry."""
        chosen = np.zeros(self.matrix.shape[1], dtype=bool)
        chosen[np.concatenate([self.entropies.column, self.entropies.idle])] = True
        rows = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        count = np.bincount(rows[chosen[self.matrix.indices]], minlength=self.matrix.shape[0])
        count[: self.equalities] = 0
        found: Places = np.flatnonzero(count == 1)
        return found
