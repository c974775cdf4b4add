"""A program over the ways that similar chains use, and its answer as one over all ways.

Where a firm has gas the narrow program says what it is worth; where it has none, its worth is the
most that a unit there would fetch: sold, sent on, or stored,

    v_i = max_j (k_j v_h(j) - c_j) / s_j        over the columns j that take s_j from balance i,

with k_j of a unit arriving at balance h(j) and c_j what it costs on the way, less what is paid for
it. On these terms nobody sends or sells what was left out; that nobody brings gas there either is
not so by construction: the certificate asks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.equilibrium.backends import Answer
from mithaq.equilibrium.labels import read_point
from mithaq.equilibrium.pattern import Pattern
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import Program, assemble
from mithaq.equilibrium.solvers import Method, Outcome, from_quadratics
from mithaq.equilibrium.start import TRACE, Used

__all__ = ["solve_narrow"]

Vector = NDArray[np.float64]
Places = NDArray[np.intp]


def solve_narrow(
    program: Program, used: Used, method: Method, near: Mapping[tuple[str, str], float] | None
) -> tuple[Outcome, str, Point | None]:
    """As :func:`mithaq.equilibrium.solvers.solve_program`, from a program over the ``used`` ways.

    It stops without a point wherever a program over all ways may have an answer.
    """
    answer = _answer(program, used, method, near)
    if answer is None:
        return Outcome.STOPPED, "the ways in use settle nothing", None
    return Outcome.SOLVED, answer.status, read_point(program, answer.x, answer.z)


def _answer(
    program: Program, used: Used, method: Method, near: Mapping[tuple[str, str], float] | None
) -> Answer | None:
    """Columns and duals of the whole program."""
    whole = program.pattern
    balances = _BALANCES.get(id(whole), whole, lambda: _Balances(whole))
    if not balances.simple:
        return None
    part = assemble(program.network, program.conduct, used)
    answer = from_quadratics(part, method, near)
    if answer is None or answer.status != "Solved":
        return None
    held = whole, part.pattern
    columns, rows = _PLACES.get(tuple(map(id, held)), held, lambda: _places(*held))
    x, z = np.zeros(whole.core.shape[1]), np.zeros(whole.core.shape[0])
    x[columns], z[rows] = answer.x, answer.z
    return balances.valued(program, x, z)


def _places(whole: Pattern, part: Pattern) -> tuple[Places, Places]:
    """Where the columns and rows of a part stand in the whole."""
    width, height = part.core.shape[1], part.core.shape[0]
    columns = whole.columns.place[np.flatnonzero(part.columns.alive)[:width]]
    rows = np.zeros(height, dtype=np.intp)
    for kind, family in part.families.items():
        place = whole.families[kind].row(np.flatnonzero(family.alive))
        rows[family.first : family.last] = place
    return columns, rows


class _Balances:
    """Balances of firms and of stores, and the ways that lead away from each.

    Balance ``to`` of a way is one beyond the last where it ends in a market. ``simple`` is whether
    each column takes from one balance and gives to one at most.
    """

    def __init__(self, pattern: Pattern) -> None:
        equal = pattern.core_rows[: pattern.equalities]
        level = pattern.families["level"]
        self.side = np.ones(pattern.equalities)
        self.side[level.first : level.last] = -1.0  # stores are written the other way round
        entries = (sp.diags(self.side) @ equal).tocoo()
        gives, takes = entries.data > 0, entries.data < 0
        width = equal.shape[1]
        ratio = pattern.families["swap ratio"]
        ends = (np.bincount(entries.col[some], minlength=width) for some in (gives, takes))
        self.simple = (
            all(bool((count <= 1).all()) for count in ends)
            and ratio.first == ratio.last
            and not pattern.gifts.nnz
            and not len(pattern.columns.built)
        )
        if not self.simple:
            return
        self.touches = abs(equal)
        self.signs = slice(pattern.families["sign"].first, pattern.families["sign"].last)
        to, brings = np.full(width, pattern.equalities), np.zeros(width)
        to[entries.col[gives]], brings[entries.col[gives]] = entries.row[gives], entries.data[gives]
        order = np.argsort(entries.row[takes], kind="stable")
        self.way = entries.col[takes][order]
        self.at, self.first = np.unique(entries.row[takes][order], return_index=True)
        self.size = -entries.data[takes][order]
        self.to, self.brings = to[self.way], brings[self.way] / self.size
        self.priced = pattern.core.T.tocsr()
        # Entries of P: all of its upper triangle, and those above the diagonal once more.
        hessian = pattern.hessian
        self.above = hessian.indices
        self.below = np.repeat(np.arange(hessian.shape[1]), np.diff(hessian.indptr))
        self.twice = np.flatnonzero(self.above != self.below)

    def valued(self, program: Program, x: Vector, z: Vector) -> Answer | None:
        """The answer with values where no gas is; None where gas would fetch nothing there."""
        first = program.equalities
        told, z = z[:first], z.copy()
        z[:first] = z[self.signs] = 0.0
        cost = self._slope(program.quadratic.data, x) + program.linear[: len(x)] + self.priced @ z
        cost = cost[self.way] / self.size
        idle = self.touches @ x <= TRACE
        value = np.append(np.where(idle, -np.inf, -self.side * told), 0.0)
        idle = idle[self.at]
        for _ in range(first):
            best = np.maximum.reduceat(self.brings * value[self.to] - cost, self.first)
            before = value[self.at]
            after = np.where(idle, best, before)
            if (after == before).all():
                break
            value[self.at] = after
        value = value[:first]
        if not np.isfinite(value).all():
            return None
        z[:first] = -self.side * value
        return Answer("Solved", x, z)

    def _slope(self, entries: Vector, x: Vector) -> Vector:
        """P x from the entries of P's upper triangle."""
        above, below, twice = self.above, self.below, self.twice
        slope = np.bincount(above, entries * x[below], len(x)).astype(float)
        slope += np.bincount(below[twice], entries[twice] * x[above[twice]], len(x))
        return slope


_BALANCES: Memory[_Balances] = Memory()
_PLACES: Memory[tuple[Places, Places]] = Memory()
