"""A program without the flows that its balances give: what the solvers of programs are handed.

Most balances of a firm have one way in or one way out, so that this flow is the sum of the others.
Put in its place the balance goes with it, and its sign is theirs:

    x_E = B^-1 (b_E - A_EK x_K),      y_E = -B^-T (q_E + A_RE' y_R),      B = A_EE

(E: balances taken out, and the flow that each gives; K and R: columns and rows that stay). In the
shipped chain a third of the columns and two thirds of the balances go, and with them two fifths of
a solver's time. Only flows do, which have no
curvature and no bound but their sign, and only where hardly an entry comes to the matrix by it.

Parallel arcs (terminals of a country, say) over which every firm pays the same are one arc of all
their capacity; what goes through it is theirs by capacity, and its rent is that of each.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from mithaq.equilibrium.backends import Answer, Quadratic
from mithaq.equilibrium.pattern import Pattern
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import Golombek, Program

__all__ = ["Condensed", "Condensing", "condensed", "taken_out"]

Vector = NDArray[np.float64]
Index = NDArray[np.intp]
Row = dict[int, float]
FILL = 2  # entries that taking out one column may add
NOTHING = 1e-12  # an entry that two others take away
STEADY = 0.1  # least size of the entry that is divided by, as a share of its row's largest


class Condensing:
    """Which rows and columns of a pattern stay, and the matrix over them.

    ``rows`` is that matrix; ``kept`` and ``stays`` number columns and rows in the pattern's;
    equalities come first. ``parallel`` tells limits over columns that differ in nothing else. It is
    shared: do not change it.
    """

    def __init__(self, pattern: Pattern, wanted: NDArray[np.int8]) -> None:
        self.pattern = pattern
        core = pattern.core_rows
        single = pattern.single[: core.shape[0]]
        rows = {row: dict(_entries(core, row)) for row in np.flatnonzero(~single).tolist()}
        outs = taken_out(rows, wanted.tolist(), _free(pattern))
        self.out_rows = np.array([row for row, _ in outs], dtype=np.intp)
        self.out_columns = np.array([column for _, column in outs], dtype=np.intp)
        leaving = np.zeros(core.shape[1], dtype=bool)
        leaving[self.out_columns] = True
        self.kept = np.flatnonzero(~leaving)
        gone = np.zeros(core.shape[0], dtype=bool)
        gone[self.out_rows] = True
        bounded = np.flatnonzero(single)
        gone[bounded] = leaving[core.indices[core.indptr[bounded]]]
        self.stays = np.flatnonzero(~gone)
        self.column = np.cumsum(~leaving) - 1  # place of each column that stays
        self.row = np.cumsum(~gone) - 1
        self.equalities = pattern.equalities - len(outs)
        self.rows = _matrix(core, self.stays, self.column, rows, len(self.kept))
        self.single = single[self.stays]
        columns = pattern.columns
        self.flows = columns.place[columns.of("flow")[columns.mask("flow")]]
        free = np.array(_free(pattern), dtype=bool)[self.kept]
        self.parallel = _parallel(self.rows, self.equalities, self.single, free.tolist())
        block = core[self.out_rows]
        self.out_kept = block[:, self.kept].tocsr()
        across = core[:, self.out_columns].tocsr()
        self.stays_out = across[self.stays].tocsr()
        self.out_stays = self.stays_out.T.tocsr()
        self.kept_out = self.out_kept.T.tocsr()
        options = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        square = across[self.out_rows].tocsc()
        self.factors = splu(square, "NATURAL", **options) if outs else None

    def solve(self, target: Vector, transposed: bool = False) -> Vector:
        """B^-1 or B^-T times a vector."""
        if self.factors is None:
            return target
        found: Vector = self.factors.solve(target, "T" if transposed else "N")
        return found


class Joined:
    """What is left of a program once parallel arcs of one cost are one.

    ``rows`` and ``matrix`` are the matrix; ``column`` and ``row`` say which of its columns and rows
    each of those before is part of, ``columns`` and ``limits`` which columns share a limit, and
    which limit of those before is theirs.
    """

    def __init__(self, how: Condensing, groups: Sequence[tuple[Index, Index]]) -> None:
        height, width = how.rows.shape
        of_row, of_column = np.arange(height), np.arange(width)
        limit = np.full(width, -1)
        signs = np.full(width, -1)
        bounded = np.flatnonzero(how.single)
        below = bounded[how.rows.data[how.rows.indptr[bounded]] < 0]
        signs[how.rows.indices[how.rows.indptr[below]]] = below
        for rows, columns in groups:
            of_row[rows] = rows[0]
            of_column[columns] = columns[0]
            of_row[signs[columns]] = signs[columns[0]]
            limit[columns] = rows[:, None]
        first = of_row == np.arange(height), of_column == np.arange(width)
        self.first_rows, self.first_columns = map(np.flatnonzero, first)
        self.row, self.column = np.cumsum(first[0])[of_row] - 1, np.cumsum(first[1])[of_column] - 1
        self.columns = np.flatnonzero(limit >= 0)
        self.limits = limit[self.columns]
        self.equalities = how.equalities
        self.rows = how.rows[self.first_rows][:, self.first_columns].tocsr()
        self.matrix = self.rows.tocsc()
        self.single = _bounds(self.rows, self.equalities, how.single[self.first_rows])
        # Of P: what is taken out or joined has no curvature.
        hessian, width = how.pattern.hessian, len(how.column)
        self.numbers = how.kept[self.first_columns]  # of its columns in the pattern
        ends = np.append(hessian.indptr[self.numbers], hessian.indptr[width])
        places = self.column[how.column[hessian.indices[: ends[-1]]]]
        size = len(self.numbers)
        self._quadratic = sp.csc_matrix((np.zeros(len(places)), places, ends), shape=(size, size))

    def quadratic(self, data: Vector) -> sp.csc_matrix:
        """P with these entries, in the order in which the pattern has them."""
        found = copy.copy(self._quadratic)
        found.data = data[: len(found.indices)]
        return found


def _bounds(rows: sp.csr_matrix, equalities: int, single: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that bound one column: as they were, and limits whose one entry is 1 now."""
    first = rows.indptr[:-1]
    lonely = np.diff(rows.indptr) == 1
    lonely[:equalities] = False
    above = np.zeros(len(single), dtype=bool)
    above[lonely] = rows.data[first[lonely]] == 1.0
    taken = np.zeros(rows.shape[1], dtype=bool)
    taken[rows.indices[first[single & above]]] = True
    found = single.copy()
    for row in np.flatnonzero(above & ~single).tolist():
        column = rows.indices[first[row]]
        found[row] = not taken[column]
        taken[column] = True
    return found


def _parallel(
    rows: sp.csr_matrix, equalities: int, single: NDArray[np.bool_], free: list[bool]
) -> list[tuple[Index, Index]]:
    """Limits over columns that differ in nothing but the limit: rows, and rows x columns."""
    columns = rows.tocsc()
    limits = np.flatnonzero(~single[equalities:]) + equalities
    limiting = set(limits.tolist())
    balances: dict[int, tuple[tuple[int, float], ...] | None] = {}
    for column in np.unique(rows[limits].indices).tolist():
        entries = list(_entries(columns, column))
        alone = sum(row in limiting for row, _ in entries) == 1
        kept = tuple((row, entry) for row, entry in entries if row < equalities)
        balances[column] = kept if free[column] and alone else None
    found: dict[object, list[tuple[int, list[int]]]] = {}
    for row in limits.tolist():
        parts = [(balances[column], entry, column) for column, entry in _entries(rows, row)]
        if parts and all(part[0] is not None for part in parts):
            parts.sort()
            key = tuple((kept, entry) for kept, entry, _ in parts)
            found.setdefault(key, []).append((row, [column for *_, column in parts]))
    return [
        (np.array([row for row, _ in alike]), np.array([mine for _, mine in alike]))
        for alike in found.values()
        if len(alike) > 1
    ]


def _of_one_cost(how: Condensing, linear: Vector) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Of each set of parallel limits the parts, by place, whose columns cost the same."""
    found = []
    for _, columns in how.parallel:
        parts: dict[bytes, list[int]] = {}
        for place, costs in enumerate(linear[columns]):
            parts.setdefault(costs.tobytes(), []).append(place)
        found.append(tuple(tuple(part) for part in parts.values() if len(part) > 1))
    return tuple(found)


def _entries(rows: sp.csr_matrix, row: int) -> Iterator[tuple[int, float]]:
    part = slice(rows.indptr[row], rows.indptr[row + 1])
    return zip(rows.indices[part].tolist(), rows.data[part].tolist(), strict=True)


def _free(pattern: Pattern) -> list[bool]:
    """Columns that may be taken out: flows with no bound but a sign."""
    core, columns = pattern.core, pattern.columns
    flow = np.zeros(core.shape[1], dtype=bool)
    flow[columns.place[columns.of("flow")[columns.mask("flow")]]] = True
    single = pattern.core_rows[np.flatnonzero(pattern.single[: core.shape[0]])]
    only = np.bincount(single.indices, minlength=core.shape[1]) == 1
    signed = np.bincount(single.indices[single.data < 0], minlength=core.shape[1]) == 1
    found: list[bool] = (flow & only & signed).tolist()
    return found


def taken_out(rows: dict[int, Row], wanted: list[int], free: list[bool]) -> list[tuple[int, int]]:
    """Balances with the flow that each gives, in order; ``rows`` become those of what stays.

    ``wanted`` is the sign of each equality's right-hand side; its combinations are followed, None
    where the sign is not known.
    """
    signs: list[int | None] = list(wanted)
    where: dict[int, set[int]] = {}
    for row, entries in rows.items():
        for column in entries:
            where.setdefault(column, set()).add(row)
    outs: list[tuple[int, int]] = []
    before = -1
    while before < len(outs):
        before = len(outs)
        for row in range(len(wanted)):
            if row not in rows:
                continue
            given = _given(rows[row], signs[row], free, where)
            if given is not None:
                _take_out(row, given, rows, signs, where)
                outs.append((row, given))
    return outs


def _given(
    entries: Row, sign: int | None, free: list[bool], where: dict[int, set[int]]
) -> int | None:
    """The column that a balance gives at least cost; None where there is none without fill."""
    if sign is None or not entries:
        return None
    best: tuple[int, int] | None = None
    least = STEADY * max(abs(entry) for entry in entries.values())
    for side in (1, -1):
        mine = [column for column, entry in entries.items() if entry * side > 0]
        if len(mine) != 1 or sign * side < 0:
            continue
        (column,) = mine
        if not free[column] or abs(entries[column]) < least:
            continue
        others = len(where[column]) - 1
        fill = others * (len(entries) - 2) - len(entries)
        if fill <= FILL and (best is None or (fill, column) < best):
            best = fill, column
    return best[1] if best else None


def _take_out(
    row: int,
    column: int,
    rows: dict[int, Row],
    signs: list[int | None],
    where: dict[int, set[int]],
) -> None:
    pivot = rows.pop(row)
    for other in sorted(where.pop(column) - {row}):
        entries = rows[other]
        factor = entries.pop(column) / pivot[column]
        for at, entry in pivot.items():
            if at == column:
                continue
            value = entries.get(at, 0.0) - factor * entry
            if abs(value) > NOTHING:
                entries[at] = value
                where[at].add(other)
            elif at in entries:
                del entries[at]
                where[at].discard(other)
        if other < len(signs):
            brought = (signs[row] or 0) * (-1 if factor > 0 else 1)
            if signs[other] is not None and brought:
                signs[other] = brought if signs[other] in (0, brought) else None
    for at in pivot:
        if at != column:
            where[at].discard(row)


def _matrix(
    core: sp.csr_matrix, stays: Index, column: Index, rows: dict[int, Row], width: int
) -> sp.csr_matrix:
    """The rows that stay over the columns that stay."""
    indices: list[int] = []
    data: list[float] = []
    ends = [0]
    for row in stays.tolist():
        entries = sorted(rows[row].items()) if row in rows else _entries(core, row)
        for at, entry in entries:
            indices.append(at)
            data.append(entry)
        ends.append(len(indices))
    placed = column[np.array(indices, dtype=np.intp)]
    return sp.csr_matrix((data, placed, ends), shape=(len(stays), width))


@dataclass(frozen=True, eq=False)
class Condensed:
    """A program over the rows and columns that stay, its Golombek costs apart.

    ``linear`` holds no part of Golombek costs but a and what comes with it; ``shares`` are those of
    arcs in what goes through all that are parallel, by capacity.
    """

    how: Condensing
    joined: Joined
    quadratic: sp.csc_matrix
    linear: Vector
    bound: Vector
    golombek: Golombek
    shares: Vector
    whole: tuple[Vector, Vector]  # linear part and right-hand sides of what was taken out

    @property
    def lifted(self) -> NDArray[np.int64]:
        """Entry of P on the diagonal of each Golombek column."""
        return self.how.pattern.lifted

    @property
    def idle(self) -> NDArray[np.int64]:
        """The same of what is left idle, where that is a column."""
        return self.how.pattern.idle

    def plain(self) -> Quadratic:
        """The program as solvers take it where there are no Golombek costs."""
        return self.with_costs(self.quadratic, self.linear)

    def with_costs(self, quadratic: sp.csc_matrix, linear: Vector) -> Quadratic:
        """The program with other costs."""
        at = self.joined
        return Quadratic(quadratic, linear, at.matrix, self.bound, at.equalities, at.single)

    def short(self, x: Vector, z: Vector) -> tuple[Vector, Vector]:
        """Of columns and duals of the whole program those that stay."""
        x, z = x[self.how.kept], z[self.how.stays]
        joined = np.bincount(self.joined.column, x, len(self.linear)).astype(float)
        return joined, z[self.joined.first_rows]

    def whole_answer(self, answer: Answer) -> Answer:
        """Columns and duals of the whole program."""
        how, (linear, bound) = self.how, self.whole
        kept, stays = answer.x[self.joined.column], answer.z[self.joined.row]
        kept[self.joined.columns] *= self.shares
        x = np.zeros(len(how.column))
        x[how.kept] = kept
        x[how.out_columns] = how.solve(bound - how.out_kept @ kept)
        z = np.zeros(len(how.row))
        z[how.stays] = stays
        z[how.out_rows] = -how.solve(linear + how.out_stays @ stays, transposed=True)
        return Answer(answer.status, x, z)


_HOW: Memory[Condensing] = Memory()
_JOINED: Memory[Joined] = Memory()


@dataclass(frozen=True, eq=False, slots=True)
class Limits:
    """What of a condensed program hangs on limits and on the costs of flows alone.

    ``golombek`` is column, limit, idle and tie of each Golombek cost. ``saved`` is what taking out
    flows takes off the costs of the columns that are left.
    """

    joined: Joined
    bound: Vector
    golombek: tuple[Index, Index, Index, Index]
    shares: Vector
    whole: tuple[Vector, Vector]
    saved: Vector


_LIMITS: Memory[Limits] = Memory()


def condensed(program: Program) -> Condensed:
    """The program without what its balances give, parallel arcs of one cost as one."""
    pattern, golombek = program.pattern, program.golombek
    wanted = np.sign(program.bound[: pattern.equalities]).astype(np.int8)
    key = id(pattern), wanted.tobytes()
    how = _HOW.get(key, pattern, lambda: Condensing(pattern, wanted))
    linear = program.linear[: len(how.column)].copy()
    # The program's linear part already holds |g| for the epigraph form: take it out.
    if program.cones:
        linear[golombek.column] += golombek.weight * golombek.g
    held = how, program.bound
    same = (*map(id, held), linear[how.flows].tobytes())
    limits = _LIMITS.get(same, held, lambda: _limits(program, how, linear))
    joined, (column, limit, idle, tie) = limits.joined, limits.golombek
    if len(column):
        nowhere = np.full(len(column), -1)
        places = {"column": column, "balance": nowhere, "limit": limit, "idle": idle, "tie": tie}
        golombek = dataclasses.replace(golombek, **places)
    return Condensed(
        how,
        joined,
        joined.quadratic(program.quadratic.data),
        linear[joined.numbers] - limits.saved,
        limits.bound,
        golombek,
        limits.shares,
        limits.whole,
    )


def _limits(program: Program, how: Condensing, linear: Vector) -> Limits:
    golombek, bound = program.golombek, program.bound[: len(how.row)]
    whole = linear[how.out_columns], bound[how.out_rows]
    saved = how.kept_out @ how.solve(whole[0], transposed=True)
    bound = bound[how.stays] - how.stays_out @ how.solve(whole[1])
    parts = _of_one_cost(how, linear[how.kept] - saved)
    groups = [
        (rows[list(part)], columns[list(part)])
        for (rows, columns), some in zip(how.parallel, parts, strict=True)
        for part in some
    ]
    joined = _JOINED.get((id(how), parts), how, lambda: Joined(how, groups))
    level = np.bincount(joined.row, bound, len(joined.first_rows)).astype(float)
    total = level[joined.row[joined.limits]]
    placed = (
        joined.column[how.column[golombek.column]],
        np.where(golombek.limit < 0, -1, joined.row[how.row[golombek.limit]]),
        np.where(golombek.idle < 0, -1, joined.column[how.column[golombek.idle]]),
        np.where(golombek.tie < 0, -1, joined.row[how.row[golombek.tie]]),
    )
    shares = bound[joined.limits] / np.where(total > 0, total, 1.0)
    return Limits(joined, level, placed, shares, whole, saved[joined.first_columns])
