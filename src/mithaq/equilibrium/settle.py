"""The last steps of a program with Golombek costs, without solving it whole again.

Once a quadratic program with tangent costs is solved it is mostly known which limits bind; what is
left are equations, and Newton's method solves them to the last digit. Columns at a bound are left
out, so that a step is one factorisation of a small sparse system. Its order of elimination is found
once for all programs of a pattern: what keeps the fill of the whole low keeps that of a part low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from mithaq.equilibrium.backends import Answer, Quadratic
from mithaq.equilibrium.pattern import Pattern
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import Golombek, Program

__all__ = ["settle"]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
SHIFT = 1e-9  # keeps the system regular where binding limits say the same twice
ROUNDS = 6  # of refinement, which take the shift out again
STEPS = 8
FULL = 1e-14  # idle share of capacity that is none
LEAST = 1e-3  # idle share of capacity below which output is judged against capacity itself
STILL = 1e-7  # last step of a Golombek output, as a share of idle capacity
EVEN = 1e-9  # how far below zero a slack or a dual may be, and what may be left of an equation


@dataclass(frozen=True, eq=False)
class _System:
    """Entries of [P + shift, A'; A, -shift] column by column, in a good order of elimination.

    ``source``: number in the list of P's upper triangle, then A's entries, then the diagonal.
    """

    order: NDArray[np.intp]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    source: NDArray[np.intp]
    general: NDArray[np.intp]  # rows of A that bound more than one column
    single: NDArray[np.intp]
    bounded: NDArray[np.intp]  # the column of each single row
    sign: Vector


_SYSTEMS: Memory[_System] = Memory()


def _system(pattern: Pattern) -> _System:
    width = pattern.core.shape[1]
    flags = pattern.single[: pattern.core.shape[0]]
    general, single = np.flatnonzero(~flags), np.flatnonzero(flags)
    rows = pattern.core_rows
    matrix = rows[general].tocoo()
    upper = pattern.hessian[:width, :width].tocoo()
    off = np.flatnonzero(upper.row != upper.col)
    size = width + len(general)
    every = np.arange(size)
    first, last = upper.nnz, upper.nnz + matrix.nnz
    at = [upper.row, upper.col[off], matrix.row + width, matrix.col, every]
    to = [upper.col, upper.row[off], matrix.col, matrix.row + width, every]
    source = [np.arange(first), off, np.arange(first, last), np.arange(first, last), last + every]
    row, column, found = (np.concatenate(part).astype(np.intp) for part in (at, to, source))
    shape = sp.csc_matrix((np.ones(len(row)), (row, column)), shape=(size, size))
    sure = shape + sp.diags(np.full(size, 2.0 * size))
    options = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    order = np.argsort(splu(sure.tocsc(), "MMD_AT_PLUS_A", **options).perm_c)
    rank = np.empty(size, dtype=np.intp)
    rank[order] = every
    sorting = np.lexsort((rank[row], rank[column]))
    return _System(
        order,
        rank[row][sorting],
        rank[column][sorting],
        found[sorting],
        general,
        single,
        rows.indices[rows.indptr[single]].astype(np.intp),
        rows.data[rows.indptr[single]],
    )


def settle(program: Program, tangent: Quadratic, x: Vector, z: Vector) -> Answer | None:
    """The answer from (x, z), which solves ``tangent``, a program with tangent costs.

    Limits whose price falls below zero are let go and those that are overstepped bind, step by
    step. None where a few steps do not settle.
    """
    return _Steps(program, tangent).run(x, z)


class _Steps:
    def __init__(self, program: Program, tangent: Quadratic) -> None:
        pattern = program.pattern
        self.program, self.pattern, self.golombek = program, pattern, program.golombek
        self.system = _SYSTEMS.get(id(pattern), pattern, lambda: _system(pattern))
        self.width = len(tangent.linear)
        self.bound = tangent.bound
        golombek = self.golombek
        self.linear = program.linear[: self.width].copy()
        # The program's linear part already holds |g| for the epigraph form: take it out.
        self.linear[golombek.column] += golombek.weight * golombek.g
        self.diagonal = program.core.diagonal()
        limits = pattern.core_rows[self.system.general]
        self.limits, self.falls = limits, limits.T.tocsr()

    def run(self, x: Vector, z: Vector) -> Answer | None:
        system, golombek = self.system, self.golombek
        slack = self.bound - self.pattern.core_rows @ x
        for count in range(STEPS):
            binds = z > slack
            binds[: self.pattern.equalities] = True
            binds[golombek.limit] = False  # cost without bound keeps these inside
            at = system.single[binds[system.single]]
            columns = system.bounded[binds[system.single]]
            fixed = np.zeros(self.width, dtype=bool)
            fixed[columns] = True
            held = binds[system.general]
            before = x[golombek.column]
            x, y = x.copy(), np.where(held, z[system.general], 0.0)
            x[columns] = system.sign[binds[system.single]] * self.bound[at]
            x[golombek.column] = self._outputs(y)
            if not self._inside(x):
                return None
            step = self._newton(x, y, np.concatenate([~fixed, held]))
            if step is None:
                return None
            x, y = x + step[: self.width], y + step[self.width :]
            if not self._inside(x):
                x[golombek.column] = self._outputs(y)
                if not self._inside(x):
                    return None
            z, slack, rest = self._duals(x, y, at, columns)
            idle = np.maximum(golombek.capacity - before, LEAST * golombek.capacity)
            still = np.max(np.abs(x[golombek.column] - before) / idle, initial=0.0) < STILL
            if still and (count or not len(golombek.column)) and self._good(z, slack, rest):
                z[self.pattern.equalities :] = np.maximum(z[self.pattern.equalities :], 0.0)
                return Answer("Solved", x, z)
        return None

    def _inside(self, x: Vector) -> bool:
        """Whether Golombek outputs are below capacity, by more than rounding."""
        golombek = self.golombek
        return bool((x[golombek.column] < (1 - FULL) * golombek.capacity).all())

    def _outputs(self, y: Vector) -> Vector:
        """Golombek outputs whose marginal cost meets the value of gas less what it uses up."""
        earned = -(self.falls @ y)[self.golombek.column]
        return outputs(self.golombek, earned / self.golombek.weight - self.golombek.a)

    def _slope(self, x: Vector) -> Vector:
        """Marginal cost of every column, less what the market pays."""
        golombek = self.golombek
        upper = self.program.core
        slope: Vector = upper @ x + upper.T @ x - self.diagonal * x + self.linear
        left = 1 - x[golombek.column] / golombek.capacity
        slope[golombek.column] += golombek.weight * golombek.g * np.log(left)
        return slope

    def _newton(self, x: Vector, y: Vector, keep: Mask) -> Vector | None:
        system, golombek, size = self.system, self.golombek, len(keep)
        hessian = self.program.core.data.copy()
        left = golombek.capacity - x[golombek.column]
        hessian[self.pattern.lifted] -= golombek.weight * golombek.g / left
        shift = np.full(size, SHIFT)
        shift[self.width :] = -SHIFT
        entries = np.concatenate([hessian, self.limits.data, shift])
        kept = keep[system.order]
        chosen = kept[system.rows] & kept[system.columns]
        number = np.cumsum(kept) - 1
        count = int(kept.sum())
        rows, columns = number[system.rows[chosen]], number[system.columns[chosen]]
        ends = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=count))])
        values = entries[system.source[chosen]]
        matrix = sp.csc_matrix((values, rows, ends), shape=(count, count))
        matrix.sum_duplicates()
        options = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        try:
            factors = splu(matrix, "NATURAL", **options)
        except RuntimeError:
            return None
        wrong = np.concatenate(
            [self._slope(x) + self.falls @ y, self.limits @ x - self.bound[system.general]]
        )
        order = system.order[kept]
        target = -wrong[order]
        unshift = shift[order]
        found = factors.solve(target)
        for _ in range(ROUNDS):
            rest = target - matrix @ found + unshift * found
            if np.abs(rest).max(initial=0.0) <= EVEN * EVEN:
                break
            found = found + factors.solve(rest)
        if not np.all(np.isfinite(found)):
            return None
        step = np.zeros(size)
        step[order] = found
        return step

    def _duals(
        self, x: Vector, y: Vector, at: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> tuple[Vector, Vector, Vector]:
        """Duals and slacks of all rows, and what is left of the conditions of free columns."""
        system = self.system
        z, sign = np.zeros(len(self.bound)), np.zeros(len(self.bound))
        z[system.general] = y
        rest = self._slope(x) + self.falls @ y
        sign[system.single] = system.sign
        z[at] = -sign[at] * rest[columns]
        rest[columns] = 0.0
        return z, self.bound - self.pattern.core_rows @ x, rest

    def _good(self, z: Vector, slack: Vector, rest: Vector) -> bool:
        """Whether all signs are right and nothing is left of any equation."""
        first, scale = self.pattern.equalities, 1 + np.abs(self.bound)
        money = 1 + np.abs(self.linear).max(initial=0.0)
        return bool(
            (np.abs(rest) <= EVEN * money).all()
            and (np.abs(slack[:first]) <= EVEN * scale[:first]).all()
            and (slack[first:] >= -EVEN * scale[first:]).all()
            and (z[first:] >= -EVEN * money).all()
        )


def outputs(golombek: Golombek, margin: Vector) -> Vector:
    """Output at which b q + g ln(1 - q/K) is ``margin``; zero where it is not positive.

    In u = -ln(1 - q/K) that cost is concave and rising, so Newton's method comes to it from below
    and never leaves the way.
    """
    capacity, b, steep = golombek.capacity, golombek.b, -golombek.g
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
