"""What programs have in common that differ in numbers alone: columns, rows, and their matrix.

Chains that say the same about who is where, and what is lost on the way, have one matrix A; costs,
capacities, demand and conduct are numbers beside it. So it is put together once and kept, by the
content on which it depends.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.equilibrium.layout import Columns, Entries, Family
from mithaq.equilibrium.network import Network
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.presolve import drop_dead, with_room
from mithaq.equilibrium.restrictions import (
    bounds,
    equality_families,
    gift_entries,
    growing,
    inequality_families,
)
from mithaq.equilibrium.start import Used

__all__ = ["Pattern", "pattern_of"]

Vector = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Columns, rows and matrix A of programs that differ in numbers alone.

    ``core`` is A without the rows and columns of cones, ``core_rows`` the same by rows, ``curved``
    says which slices have a cone in which slot, ``golombek`` the places of these: lifting column,
    balance, row of the capacity, column and row of what is left idle; of these -1 stands for the
    row where something can be built, else for the others. ``hessian`` is an upper triangle whose
    entries are the numbers of entries of the list that makes P: those of lifting costs first, then
    market by market, then of what is left idle.
    """

    columns: Columns
    families: dict[str, Family]
    matrix: sp.csc_matrix
    core: sp.csc_matrix
    core_rows: sp.csr_matrix
    gifts: sp.csc_matrix
    equalities: int
    inequalities: int
    single: Mask
    curved: Mask
    golombek: tuple[Index, Index, Index, Index, Index]
    hessian: sp.csc_matrix
    listed: Index  # entry of the list (slots x entries, raveled) that each entry of P comes from
    lifted: Index  # entry of P on the diagonal of each Golombek column
    idle: Index  # the same of what is left idle; the entry before it is with the lifting

    @property
    def cones(self) -> int:
        return len(self.golombek[0])

    def quadratic(self, values: Vector) -> sp.csc_matrix:
        """P with the entries of the list: slots x entries."""
        return _with_data(self.hessian, values.ravel()[self.listed])

    def bound(self, net: Network, capacity: Vector) -> Vector:
        """Right-hand sides; ``capacity`` is that of each Golombek column, where it has none."""
        whole = bounds(net, self.columns)
        parts = [whole[kind][family.alive] for kind, family in self.families.items()]
        level = np.zeros(3 * self.cones)
        level[1::3] = level[2::3] = np.where(self.golombek[3] < 0, capacity, 0.0)
        return np.concatenate([*parts, level])


def _with_data(matrix: sp.csc_matrix, data: Vector) -> sp.csc_matrix:
    """The matrix with other entries at the same places, which both share."""
    found = copy.copy(matrix)
    found.data = data
    return found


_BY_NETWORK: Memory[Pattern] = Memory()
_BY_FRAME: Memory[Pattern] = Memory()
_BY_WORDS: Memory[Pattern] = Memory()
_BY_CONTENT: Memory[Pattern] = Memory()


def pattern_of(net: Network, used: Used | None = None) -> Pattern:
    """The pattern of a network's program, put together unless one with the same content is kept.

    With ``used`` it is that of a program over these ways alone.
    """

    def by_content() -> Pattern:
        content = _content(net), used.content if used else None
        return _BY_CONTENT.get(content, None, lambda: _pattern(net, used))

    def by_words() -> Pattern:
        # Of the same words labels are the same.
        key = net.pruned, net.arcs.words, id(used), *_numbers(net)
        return _BY_WORDS.get(key, used, by_content)

    def by_frame() -> Pattern:
        lifts = np.packbits(net.slice_capacity > 0).tobytes()
        key = id(net.frame), id(used), *net.slices.kinds, lifts
        return _BY_FRAME.get(key, (net.frame, used), by_words)

    return _BY_NETWORK.get((id(net), id(used)), (net, used), by_frame)


def _content(net: Network) -> tuple[object, ...]:
    """All that a pattern depends on: labels, what is zero, and the entries of A."""
    words = net.arcs.words
    return (
        tuple((m.name, m.node) for m in net.markets.values()),
        *(tuple(told) for told in (words.names, words.tail, words.head, words.fee_firm)),
        tuple(words.owners),
        *(tuple(labels) for labels in (net.balances, net.flows, net.sales, net.stores)),
        tuple(net.handovers),
        *_numbers(net),
    )


def _numbers(net: Network) -> tuple[object, ...]:
    """The same without labels that are those of words."""
    calendar, arcs = net.calendar, net.arcs
    beta = np.isnan(net.beta)
    masks = [net.slice_capacity > 0, net.arc_capacity > 0, beta, net.storage_size > 0]
    masks.append(arcs.capacity < np.inf)
    numbers = [calendar.share, calendar.span, np.sign(net.owed)]
    numbers += [arcs.arrives, arcs.fee_in_kind, arcs.third_party_share]
    numbers += [choice.most > 0 for choice in net.choices]
    if net.buildings:  # ratios of rates to room, and what each decision adds to
        numbers += [net.storage_size, *(b.usable for b in net.buildings)]
    return (
        calendar.periods,
        tuple((p.firm, p.field, p.node, p.g < 0, p.reserves < np.inf) for p in net.slices),
        tuple((s.name, s.node, s.loss) for s in net.storages.values()),
        tuple(net.bookings),
        tuple(net.swap_caps),
        tuple(sale for sale, quantity in net.floors.items() if quantity > 0),
        tuple((c.name, c.seller, c.buyer, c.node) for c in net.choices),
        tuple((b.key, b.limit < np.inf, b.total_limit < np.inf) for b in net.buildings),
        *(np.packbits(mask).tobytes() for mask in masks),
        *(np.ascontiguousarray(array).tobytes() for array in numbers),
    )


def _pattern(net: Network, used: Used | None) -> Pattern:
    steep = np.array([piece.g < 0 for piece in net.slices], dtype=bool)
    exact = with_room(net)[0] & steep
    columns = Columns(_keys(net), net.calendar.count, net.buildings, int(exact.sum()))
    equal = equality_families(net, columns)
    unequal = inequality_families(net, columns)
    gifts = gift_entries(net, columns)
    bound = bounds(net, columns)
    drop_dead(net, columns, equal[0], bound["balance"].copy(), gifts, used)
    # A slice that lifts nothing needs no cone either.
    columns.alive[columns.first_cone :] = columns.mask("lifting")[exact]
    columns.alive[columns.of("idle")] = growing(net)[1]
    columns.settle()
    families = {family.kind: family for family in (*equal, *unequal)}
    matrix, single = _matrix(columns, list(families.values()), bound)
    given = _gifts(columns, families["balance"], gifts, matrix)
    matrix = (matrix + given).tocsc()
    curved = exact & columns.mask("lifting")
    golombek = _golombek(net, columns, families, curved)
    height, cones = matrix.shape[0], len(golombek[0])
    width = matrix.shape[1] - cones
    whole = _with_cones(golombek[0], golombek[3], matrix)
    hessian, listed = _hessian(net, columns)
    core = matrix[:, :width].tocsc()
    return Pattern(
        columns,
        families,
        whole,
        core,
        core.tocsr(),
        _taller(given, whole.shape[0]),
        equal[-1].last,
        height - equal[-1].last,
        np.concatenate([single, np.zeros(3 * cones, dtype=bool)]),
        curved,
        golombek,
        hessian,
        listed,
        _diagonal(hessian, golombek[0]),
        _diagonal(hessian, golombek[3][golombek[3] >= 0]),
    )


def _keys(net: Network) -> dict[str, list[Any]]:
    """Labels of one slot's columns."""
    opened = [pair for pair in net.flows if pair in net.bookings]
    handed = [(pass_.swap, pass_.giver, pass_.receiver, pass_.node) for pass_ in net.handovers]
    return {
        "lifting": [(piece.firm, piece.field) for piece in net.slices],
        "flow": net.flows,
        "spot": net.sales,
        "handed": handed,
        "opened": opened,  # what a firm with a booking sends beyond it
        "injection": net.stores,
        "withdrawal": net.stores,
        "level": net.stores,
        "idle": [(net.slices[at].firm, net.slices[at].field) for at in growing(net)[0]],
    }


def _matrix(
    columns: Columns, families: Sequence[Family], bound: dict[str, Vector]
) -> tuple[sp.csc_matrix, Mask]:
    """All rows that are there, over the columns that are there; and which bound one column."""
    width = int(columns.alive.sum())
    parts, singles = [], []
    height = 0
    for family in families:
        entries = family.entries
        there = columns.alive[entries.columns]
        rows = entries.rows[there]
        count = np.bincount(rows, minlength=family.size)
        kept = family.kept & (bound[family.kind] != 0)
        family.alive, family.first = (count > 0) | kept, height
        place = height + np.cumsum(family.alive) - 1
        at = place[rows]
        parts.append(Entries(at, columns.place[entries.columns[there]], entries.values[there]))
        singles.append((count[family.alive] == 1) & family.single)
        height = family.last
    all_entries = Entries.join(parts)
    where = (all_entries.rows, all_entries.columns)
    matrix = sp.csc_matrix((all_entries.values, where), shape=(height, width))
    return matrix, np.concatenate(singles)


def _gifts(
    columns: Columns, balance: Family, entries: Entries, matrix: sp.csc_matrix
) -> sp.csc_matrix:
    """Fees in kind as entries of balances; what its receiver has no use for is burnt."""
    there = columns.alive[entries.columns] & balance.alive[entries.rows]
    where = balance.row(entries.rows[there]), columns.place[entries.columns[there]]
    return sp.csc_matrix((entries.values[there], where), shape=matrix.shape)


def _taller(matrix: sp.csc_matrix, height: int) -> sp.csc_matrix:
    """The same entries with empty rows after them."""
    shape = height, matrix.shape[1]
    return sp.csc_matrix((matrix.data, matrix.indices, matrix.indptr), shape=shape)


def _golombek(
    net: Network, columns: Columns, families: dict[str, Family], exact: Mask
) -> tuple[Index, Index, Index, Index, Index]:
    """Of slices with a Golombek cost, slot by slot: what ``Pattern.golombek`` holds."""
    slot, piece = np.nonzero(exact)
    place = {key: index for index, key in enumerate(net.balances)}
    node = np.array([place[s.firm, s.node] for s in net.slices], dtype=np.int64)
    idle, tie = np.full(exact.shape, -1), np.full(exact.shape, -1)
    some = growing(net)[0]
    full = columns.of("idle")
    idle[:, some] = columns.place[full]
    tie[:, some] = families["idle"].row(np.arange(full.size).reshape(full.shape))
    idle, tie = idle[slot, piece], tie[slot, piece]
    limit = families["field"].row(slot * len(net.slices) + piece)
    return (
        columns.place[columns.of("lifting")[slot, piece]],
        families["balance"].row(slot * len(net.balances) + node[piece]),
        np.where(idle < 0, limit, -1),
        idle,
        np.where(idle < 0, -1, tie),
    )


def _with_cones(column: Index, idle: Index, matrix: sp.csc_matrix) -> sp.csc_matrix:
    """Rows for (-t, K - q, K) in the exponential cone: (K - q) exp(-t / (K - q)) <= K.

    K is a number on the right-hand side; where K - q is a column, K is the sum of both.
    """
    count = len(column)
    if not count:
        return matrix
    width = matrix.shape[1]
    first = 3 * np.arange(count)
    at = np.concatenate([first, first + 1])
    columns = np.concatenate([width - count + np.arange(count), column])
    values = np.ones(2 * count)
    some = np.flatnonzero(idle >= 0)
    if len(some):
        columns[count + some], values[count + some] = idle[some], -1.0
        at = np.concatenate([at, first[some] + 2, first[some] + 2])
        columns = np.concatenate([columns, column[some], idle[some]])
        values = np.concatenate([values, np.full(2 * len(some), -1.0)])
    cones = sp.csc_matrix((values, (at, columns)), shape=(3 * count, width))
    return sp.vstack([matrix, cones], format="csc")


def _hessian(net: Network, columns: Columns) -> tuple[sp.csc_matrix, Index]:
    """Places of the upper triangle of P, and which entry of the list stands at each.

    A slot's list: the diagonal of all lifting, then the upper triangle of each market's sellers,
    then lifting with what is left idle, and the diagonal of that, of each slice that has it.
    """
    lifting = np.arange(len(columns.keys["lifting"]))
    at, heads = [lifting], [lifting]
    sellers = dict.fromkeys(net.markets, 0)
    for _, market in net.sales:
        sellers[market] += 1
    start = columns.start["spot"]
    for count in sellers.values():
        one, other = np.triu_indices(count)
        at.append(start + one)
        heads.append(start + other)
        start += count
    if columns.keys["idle"]:
        idle = columns.start["idle"] + np.arange(len(columns.keys["idle"]))
        at += [growing(net)[0], idle]
        heads += [idle, idle]
    shift = np.arange(columns.slots)[:, None] * columns.width
    rows = (shift + np.concatenate(at)).ravel()
    above = (shift + np.concatenate(heads)).ravel()
    there = np.flatnonzero(columns.alive[rows] & columns.alive[above])
    width = int(columns.alive.sum())
    where = columns.place[rows[there]], columns.place[above[there]]
    found = sp.csc_matrix((there.astype(float), where), shape=(width, width))
    found.sort_indices()
    return found, found.data.astype(np.int64)


def _diagonal(matrix: sp.csc_matrix, column: Index) -> Index:
    """Entry on the diagonal of each column: the last of an upper triangle's."""
    found: Index = matrix.indptr[column + 1].astype(np.int64) - 1
    return found
