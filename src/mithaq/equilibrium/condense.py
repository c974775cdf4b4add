"""A program without the flows that its balances give: what the solvers of programs are handed.

Most balances of a firm have one way in or one way out, so that this flow is the sum of the others.
Put in its place the balance goes with it, and its sign is theirs:

    x_E = B^-1 (b_E - A_EK x_K),      y_E = -B^-T (q_E + A_RE' y_R),      B = A_EE

(E: balances taken out, and the flow that each gives; K and R: columns and rows that stay). In the
shipped chain a third of the columns and two thirds of the balances go, and with them two fifths of
a solver's time. Only flows do, which have no
curvature and no bound but their sign, and only where hardly an entry comes to the matrix by it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
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

    ``rows`` is that matrix by rows, ``matrix`` by columns; ``kept`` and ``stays`` number columns
    and rows in the pattern's; equalities come first. It is shared: do not change it.
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
        self.matrix = self.rows.tocsc()
        self.single = self._bounds(single[self.stays])
        block = core[self.out_rows]
        self.out_kept = block[:, self.kept].tocsr()
        across = core[:, self.out_columns].tocsr()
        self.stays_out = across[self.stays].tocsr()
        self.out_stays = self.stays_out.T.tocsr()
        self.kept_out = self.out_kept.T.tocsr()
        width, hessian = len(self.column), pattern.hessian
        self.ends = np.append(hessian.indptr[:width][self.kept], hessian.indptr[width])
        self.places = self.column[
            hessian.indices[: hessian.indptr[width]]
        ]  # of P: what is taken out has no curvature
        options = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        square = across[self.out_rows].tocsc()
        self.factors = splu(square, "NATURAL", **options) if outs else None

    def _bounds(self, single: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Rows that bound one column: as they were, and limits whose one entry is 1 now."""
        rows, first = self.rows, self.rows.indptr[:-1]
        lonely = np.diff(rows.indptr) == 1
        lonely[: self.equalities] = False
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

    def solve(self, target: Vector, transposed: bool = False) -> Vector:
        """B^-1 or B^-T times a vector."""
        if self.factors is None:
            return target
        found: Vector = self.factors.solve(target, "T" if transposed else "N")
        return found


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

    ``linear`` holds no part of Golombek costs but a and what comes with it.
    """

    how: Condensing
    quadratic: sp.csc_matrix
    linear: Vector
    bound: Vector
    golombek: Golombek
    whole: tuple[Vector, Vector]  # linear part and right-hand sides of what was taken out

    @property
    def lifted(self) -> NDArray[np.int64]:
        """Entry of P on the diagonal of each Golombek column."""
        return self.how.pattern.lifted

    def plain(self) -> Quadratic:
        """The program as solvers take it where there are no Golombek costs."""
        return self.with_costs(self.quadratic, self.linear)

    def with_costs(self, quadratic: sp.csc_matrix, linear: Vector) -> Quadratic:
        """The program with other costs."""
        how = self.how
        return Quadratic(quadratic, linear, how.matrix, self.bound, how.equalities, how.single)

    def short(self, x: Vector, z: Vector) -> tuple[Vector, Vector]:
        """Of columns and duals of the whole program those that stay."""
        return x[self.how.kept], z[self.how.stays]

    def whole_answer(self, answer: Answer) -> Answer:
        """Columns and duals of the whole program."""
        how, (linear, bound) = self.how, self.whole
        x = np.zeros(len(how.column))
        x[how.kept] = answer.x
        x[how.out_columns] = how.solve(bound - how.out_kept @ answer.x)
        z = np.zeros(len(how.row))
        z[how.stays] = answer.z
        z[how.out_rows] = -how.solve(linear + how.out_stays @ answer.z, transposed=True)
        return Answer(answer.status, x, z)


_HOW: Memory[Condensing] = Memory()
Numbers = tuple[Vector, Vector, Golombek, tuple[Vector, Vector]]
_NUMBERS: Memory[Numbers] = Memory()


def condensed(program: Program) -> Condensed:
    """The program without what its balances give."""
    pattern = program.pattern
    wanted = np.sign(program.bound[: pattern.equalities]).astype(np.int8)
    key = id(pattern), wanted.tobytes()
    how = _HOW.get(key, pattern, lambda: Condensing(pattern, wanted))
    held = how, program.linear, program.bound, program.golombek
    numbers = _NUMBERS.get(tuple(map(id, held)), held, lambda: _numbers(program, how))
    shape = len(how.kept), len(how.kept)
    quadratic = sp.csc_matrix((program.quadratic.data, how.places, how.ends), shape=shape)
    return Condensed(how, quadratic, *numbers)


def _numbers(program: Program, how: Condensing) -> Numbers:
    """Costs, right-hand sides, Golombek costs over what stays; the first two of what does not."""
    golombek = program.golombek
    linear = program.linear[: len(how.column)].copy()
    # The program's linear part already holds |g| for the epigraph form: take it out.
    linear[golombek.column] += golombek.weight * golombek.g
    bound = program.bound[: len(how.row)]
    whole = linear[how.out_columns], bound[how.out_rows]
    saved, brought = how.solve(whole[0], transposed=True), how.solve(whole[1])
    placed = dataclasses.replace(
        golombek,
        column=how.column[golombek.column],
        balance=np.full(len(golombek.column), -1),
        limit=how.row[golombek.limit],
    )
    return (
        linear[how.kept] - how.kept_out @ saved,
        bound[how.stays] - how.stays_out @ brought,
        placed,
        whole,
    )
