"""The last steps of a program with Golombek costs, without solving it whole again.

Once a quadratic program with tangent costs is solved it is mostly known which limits bind; what is
left are equations, and Newton's method solves them to the last digit. Columns at a bound are left
out, so that a step is one factorisation of a small sparse system. Its order of elimination is found
once for all programs of a pattern: what keeps the fill of the whole low keeps that of a part low.
"""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from mithaq.equilibrium.backends import Answer
from mithaq.equilibrium.condense import Condensed, Joined
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import Golombek

__all__ = ["outputs", "settle"]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
# Systems are small and hardly fill, so that wide panels are only memory to be cleared.
SYMMETRIC: dict[str, Any] = {
    "diag_pivot_thresh": 0.0,
    "panel_size": 1,
    "relax": 1,
    "options": {"SymmetricMode": True},
}
SHIFT = 1e-8  # keeps the system regular where binding limits say the same twice
ROUNDS = 2  # of refinement, which take the shift out again
STEPS = 8
FULL = 1e-14  # idle share of capacity that is none
LEAST = 1e-3  # idle share of capacity below which output is judged against capacity itself
STILL = 1e-7  # last step of a Golombek output, as a share of idle capacity

SLIGHT = 1e-3  # the same, below which a factor of the step before serves the next, if limits stay
EVEN = 1e-9  # how far below zero a slack or a dual may be, and what may be left of an equation


class _System:
    """[P + shift, A'; A, -shift] column by column in a good order of elimination; limits apart.

    ``order`` says which column or row of the program stands at each place. Of the entries
    ``always`` is what costs do not change, ``at`` where those of P belong and ``found`` which of
    its list (an upper triangle) they are.
    """

    def __init__(self, how: Joined, hessian: sp.csc_matrix) -> None:
        rows, single = how.rows, how.single
        width = rows.shape[1]
        self.general = np.flatnonzero(~single)  # rows that bound more than one column
        self.single = np.flatnonzero(single)
        self.bounded = rows.indices[rows.indptr[self.single]].astype(np.intp)
        self.sign = rows.data[rows.indptr[self.single]]
        self.limits = rows[self.general]
        self.falls = self.limits.T.tocsr()
        size = width + len(self.general)
        numbered = sp.csc_matrix(
            (np.arange(1.0, hessian.nnz + 1), hessian.indices, hessian.indptr), (width, width)
        )
        both = (numbered + sp.triu(numbered, 1).T).tocsr()
        both.sort_indices()
        self.entry = both.data.astype(np.intp) - 1
        self.curves = both  # P as a whole, by rows
        matrix = self.limits.tocoo()
        at = np.repeat(np.arange(width), np.diff(both.indptr))
        every = np.arange(size)
        shift = np.where(every < width, SHIFT, -SHIFT)
        lower, right = matrix.row + width, matrix.col
        row = np.concatenate([at, lower, right, every])
        column = np.concatenate([both.indices, right, lower, every])
        fixed = np.concatenate([np.zeros(len(at)), matrix.data, matrix.data, shift])
        order = _order(row, column, size)
        rank = np.empty(size, dtype=np.intp)
        rank[order] = every
        place, of = np.unique(rank[column] * size + rank[row], return_inverse=True)
        self.order, self.shift = order, shift
        # As the factorisation wants its numbers, so that nothing is turned into them each time.
        self.rows, self.columns = (part.astype(np.intc) for part in (place % size, place // size))
        self.ends = np.searchsorted(self.columns, np.arange(size + 1))
        self.always = np.bincount(of, fixed, len(place))
        self.at = of[: len(at)]
        self._parts: Memory[tuple[Places, sp.csc_matrix]] = Memory()

    def matrix(self, keep: Mask, hessian: Vector) -> sp.csc_matrix:
        """The rows and columns of ``keep`` (in the order of elimination) with these curvatures."""
        entries, empty = self._parts.get(keep.tobytes(), None, lambda: self._part(keep))
        values = self.always.copy()
        values[self.at] += hessian[self.entry]
        found = copy.copy(empty)  # its places are shared
        found.data = values.take(entries)
        return found

    def _part(self, keep: Mask) -> tuple[Places, sp.csc_matrix]:
        """The entries of a part of the matrix, and that part with none of their numbers."""
        chosen = keep[self.rows] & keep[self.columns]
        entries = np.flatnonzero(chosen)
        number = np.cumsum(keep, dtype=np.intc) - np.intc(1)
        before = np.zeros(len(chosen) + 1, dtype=np.intc)
        np.cumsum(chosen, out=before[1:])
        places = np.flatnonzero(keep)
        found = sp.csc_matrix((len(places), len(places)))
        found.indices = number[self.rows[entries]]
        found.indptr = before[self.ends[np.append(places, len(keep))]]
        found.has_canonical_format = True
        return entries, found


@dataclass(frozen=True, eq=False, slots=True)
class _Factored:
    """Newton's system over the columns that are free and the limits that bind."""

    keep: Mask
    order: Places
    matrix: sp.csc_matrix
    unshift: Vector
    factors: Any  # of SuperLU, which has no type that can be named


_FACTORED: Memory[_Factored | None] = Memory()


def _order(row: Places, column: Places, size: int) -> Places:
    """Order of elimination with little fill for any part of a matrix of this shape."""
    shape = sp.csc_matrix((np.ones(len(row)), (row, column)), shape=(size, size))
    sure = shape + sp.diags(np.full(size, 2.0 * size))
    found: Places = np.argsort(splu(sure.tocsc(), "MMD_AT_PLUS_A", **SYMMETRIC).perm_c)
    return found


_SYSTEMS: Memory[_System] = Memory()


def settle(program: Condensed, x: Vector, z: Vector) -> Answer | None:
    """The answer from (x, z), which solves the program with tangent costs.

    Limits whose price falls below zero are let go and those that are overstepped bind, step by
    step. None where a few steps do not settle.
    """
    return _Steps(program).run(x, z)


class _Steps:
    def __init__(self, program: Condensed) -> None:
        how, hessian = program.joined, program.quadratic
        self.golombek, self.how = program.golombek, how
        self.system = _SYSTEMS.get(id(how), how, lambda: _System(how, hessian))
        self.width = len(program.linear)
        self.bound, self.linear = program.bound, program.linear
        self.hessian, self.lifted = hessian.data, program.lifted
        self.curves = copy.copy(self.system.curves)  # its places are shared
        self.curves.data = hessian.data[self.system.entry]

    def run(self, x: Vector, z: Vector) -> Answer | None:
        system, golombek, first = self.system, self.golombek, self.how.equalities
        slack = self.bound - self.how.rows @ x
        factored: _Factored | None = None
        moved = np.inf
        for count in range(STEPS):
            binds = z > slack
            binds[:first] = True
            binds[golombek.limit] = False  # cost without bound keeps these inside
            limited = binds[system.single]
            at, columns = system.single[limited], system.bounded[limited]
            keep = np.ones(self.width + len(system.general), dtype=bool)
            keep[columns] = False
            keep[self.width :] = binds[system.general]
            before = x[golombek.column]
            x, y = x.copy(), np.where(keep[self.width :], z[system.general], 0.0)
            x[columns] = system.sign[limited] * self.bound[at]
            if len(golombek.column):
                x[golombek.column] = self._outputs(y)
            if not self._inside(x):
                return None
            if factored is None or moved > SLIGHT or not np.array_equal(keep, factored.keep):
                factored = self._factored(x, keep)
            step = self._step(x, y, factored) if factored else None
            if step is None:
                return None
            x, y = x + step[: self.width], y + step[self.width :]
            if not self._inside(x):
                x[golombek.column] = self._outputs(y)
                if not self._inside(x):
                    return None
            rest = self._slope(x) + system.falls @ y
            z = np.zeros(len(self.bound))
            z[system.general] = y
            z[at] = -system.sign[limited] * rest[columns]
            rest[columns] = 0.0
            slack = self.bound - self.how.rows @ x
            idle = np.maximum(golombek.capacity - before, LEAST * golombek.capacity)
            moved = float(np.max(np.abs(x[golombek.column] - before) / idle, initial=0.0))
            sure = count or not len(golombek.column)
            if moved < STILL and sure and self._good(z, slack, rest):
                z[first:] = np.maximum(z[first:], 0.0)
                return Answer("Solved", x, z)
        return None

    def _inside(self, x: Vector) -> bool:
        """Whether Golombek outputs are below capacity, by more than rounding."""
        golombek = self.golombek
        return bool((x[golombek.column] < (1 - FULL) * golombek.capacity).all())

    def _outputs(self, y: Vector) -> Vector:
        """Golombek outputs whose marginal cost meets the value of gas less what it uses up."""
        earned = -(self.system.falls @ y)[self.golombek.column]
        golombek = self.golombek
        return outputs(golombek, golombek.capacity, earned / golombek.weight - golombek.a)

    def _slope(self, x: Vector) -> Vector:
        """Marginal cost of every column, less what the market pays."""
        golombek = self.golombek
        slope: Vector = self.curves @ x + self.linear
        if len(golombek.column):
            left = 1 - x[golombek.column] / golombek.capacity
            slope[golombek.column] += golombek.weight * golombek.g * np.log(left)
        return slope

    def _factored(self, x: Vector, keep: Mask) -> _Factored | None:
        """Newton's system at ``x``; None where it is singular."""
        golombek = self.golombek
        if not len(golombek.column):  # the system hangs on what binds alone, and often returns
            key = id(self.system), keep.tobytes(), self.hessian.tobytes()
            make = functools.partial(self._system, self.hessian, keep)
            return _FACTORED.get(key, self.system, make)
        hessian = self.hessian.copy()
        left = golombek.capacity - x[golombek.column]
        hessian[self.lifted] -= golombek.weight * golombek.g / left
        return self._system(hessian, keep)

    def _system(self, hessian: Vector, keep: Mask) -> _Factored | None:
        """The same with these entries of P."""
        system = self.system
        kept = keep[system.order]
        matrix = system.matrix(kept, hessian)
        try:
            factors = splu(matrix, "NATURAL", **SYMMETRIC)
        except RuntimeError:
            return None
        order = system.order[kept]
        return _Factored(keep, order, matrix, system.shift[order], factors)

    def _step(self, x: Vector, y: Vector, factored: _Factored) -> Vector | None:
        """Newton's step; None where it is not finite."""
        system, matrix, unshift = self.system, factored.matrix, factored.unshift
        missed = self.bound[system.general] - system.limits @ x
        whole = np.concatenate([-self._slope(x) - system.falls @ y, missed])
        target = whole[factored.order]
        found, last = factored.factors.solve(target), np.inf
        for _ in range(ROUNDS):
            rest = target - matrix @ found + unshift * found
            size = np.abs(rest).max(initial=0.0)
            if not size < last / 2:
                break
            found, last = found + factored.factors.solve(rest), size
        if not np.all(np.isfinite(found)):
            return None
        step = np.zeros(len(whole))
        step[factored.order] = found
        return step

    def _good(self, z: Vector, slack: Vector, rest: Vector) -> bool:
        """Whether all signs are right and nothing is left of any equation."""
        first, scale = self.how.equalities, 1 + np.abs(self.bound)
        money = 1 + np.abs(self.linear).max(initial=0.0)
        return bool(
            (np.abs(rest) <= EVEN * money).all()
            and (np.abs(slack[:first]) <= EVEN * scale[:first]).all()
            and (slack[first:] >= -EVEN * scale[first:]).all()
            and (z[first:] >= -EVEN * money).all()
        )


def outputs(golombek: Golombek, capacity: Vector, margin: Vector) -> Vector:
    """Output at which b q + g ln(1 - q/K) is ``margin``; zero where it is not positive.

    In u = -ln(1 - q/K) that cost is concave and rising, so Newton's method comes to it from below
    and never leaves the way.
    """
    b, steep = golombek.b, -golombek.g
    u = np.maximum((margin - b * capacity) / steep, 0.0)
    for _ in range(30):
        left = np.exp(-u)
        value = b * capacity * (1 - left) + steep * u - margin
        step = -value / (b * capacity * left + steep)
        u = np.maximum(u + step, 0.0)
        if np.abs(step).max(initial=0.0) < 1e-15 * (1 + u.max(initial=0.0)):
            break
    found: Vector = -capacity * np.expm1(-u)
    return found
