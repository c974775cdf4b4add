"""The market equilibrium as one concave program over labelled columns and rows.

    max  sum_y d_y n_y sum_t w_t { sum_m [ alpha_m Q_m - beta_m/2 Q_m^2 - beta_m/2 s_m' L_m s_m ]
                                   - costs } - what is built

(Egging-Bratseth, Baltensperger and Tomasgard 2020 for diagonal L; here for any symmetric L whose
Hessian is negative semidefinite where the balances hold; of an asymmetric L the program holds the
symmetric part, and the complementarity engine adds the rest.) Written for a conic solver as

    min  x'Px/2 + q'x   so that   Ax + slack = b,   slack in {0} x R+ x exponential cones.

The structure of one slot is repeated over all slots by array operations; ``layout`` says which
columns and rows there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.conduct import Conduct, conduct_matrices
from mithaq.equilibrium.layout import COLUMN_KINDS, Columns, Entries, Family
from mithaq.equilibrium.network import Network, network
from mithaq.equilibrium.presolve import drop_dead
from mithaq.equilibrium.restrictions import equality_families, gift_entries, inequality_families

__all__ = ["Golombek", "Program", "build_program"]

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Golombek:
    """Slices with a Golombek cost, one entry for each slice in each slot where it can lift.

    ``column`` is the place of the lifting column, ``weight`` the slot's; ``balance`` the row in
    which the gas appears. MC(q) = a + b q + g ln(1 - q/K), with user cost and royalty in a.
    """

    column: Index
    balance: Index
    limit: Index  # row of the slice's capacity
    weight: Vector
    capacity: Vector
    a: Vector
    b: Vector
    g: Vector


@dataclass
class Program:
    """Matrices of the program with what each column and row stands for.

    ``rows`` labels the equalities and then the inequalities as (kind, key), a key ending in the
    slot; each Golombek slice adds three rows of an exponential cone after them. Duals of rows in a
    slot are worth the slot's weight d n w times a value in that slot. ``gifts`` are the entries of
    ``matrix`` (its size) that whoever chooses the column does not care for: fees in kind.
    """

    network: Network
    conduct: dict[str, Conduct]
    quadratic: sp.csc_matrix
    linear: Vector
    matrix: sp.csc_matrix
    bound: Vector
    equalities: int
    inequalities: int
    cones: int
    columns: Columns
    families: dict[str, Family]
    golombek: Golombek
    gifts: sp.csc_matrix
    single: NDArray[np.bool_] = field(repr=False)
    """Which rows bound one column."""

    @cached_property
    def rows(self) -> list[tuple[str, Any]]:
        """Kind and key of every row, cones last."""
        named = [label for family in self.families.values() for label in family.labels()]
        cone = [("golombek", index // 3) for index in range(3 * self.cones)]
        return [*named, *cone]

    @property
    def size(self) -> dict[str, int]:
        """Number of variables and of rows other than signs."""
        sign = self.families["sign"]
        return {"variables": len(self.linear), "rows": len(self.bound) - (sign.last - sign.first)}


def build_program(chain: Chain) -> Program:
    """Assemble the program of a chain.

    Price caps, and what buyers may take beyond the take-or-pay floor, are not in the program: the
    complementarity engine adds them.
    """
    net = network(chain)
    sellers: dict[str, list[str]] = {name: [] for name in net.markets}
    for firm, market in net.sales:
        sellers[market].append(firm)
    conduct = conduct_matrices(chain, {name: tuple(firms) for name, firms in sellers.items()})
    return assemble(net, conduct)


def assemble(net: Network, conduct: dict[str, Conduct]) -> Program:
    """The program of a network whose sellers behave as ``conduct`` says."""
    calendar = net.calendar
    curved = np.array([piece.g < 0 for piece in net.slices], dtype=bool)
    exact = (net.slice_capacity > 0) & curved
    columns = Columns(_keys(net), calendar.count, net.buildings, int(exact.sum()))
    equal = equality_families(net, columns)
    unequal = inequality_families(net, columns)
    drop_dead(net, columns, equal[0], gift_entries(net, columns))
    # A slice that lifts nothing needs no cone either.
    columns.alive[columns.first_cone :] = columns.mask("lifting")[exact]
    columns.settle()
    families = {family.kind: family for family in (*equal, *unequal)}
    matrix, bound, single = _matrix(columns, list(families.values()))
    gifts = _gifts(columns, families["balance"], gift_entries(net, columns), matrix)
    matrix = matrix + gifts
    equalities = equal[-1].last
    inequalities = len(bound) - equalities
    golombek = _golombek(net, columns, families, exact & columns.mask("lifting"))
    matrix, bound = _with_cones(golombek, matrix, bound)
    cones = len(golombek.g)
    return Program(
        net,
        conduct,
        _quadratic(net, conduct, columns),
        _linear(net, conduct, columns, golombek),
        matrix,
        bound,
        equalities,
        inequalities,
        cones,
        columns,
        families,
        golombek,
        _taller(gifts, len(bound)),
        np.concatenate([single, np.zeros(3 * cones, dtype=bool)]),
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
    }


def _matrix(
    columns: Columns, families: list[Family]
) -> tuple[sp.csc_matrix, Vector, NDArray[np.bool_]]:
    """All rows that are there, over the columns that are there; and which bound one column."""
    width = int(columns.alive.sum())
    parts, bounds, singles = [], [], []
    height = 0
    for family in families:
        entries = family.entries
        there = columns.alive[entries.columns]
        rows = entries.rows[there]
        count = np.bincount(rows, minlength=family.size)
        kept = family.kept & (family.bound != 0)
        family.alive, family.first = (count > 0) | kept, height
        place = height + np.cumsum(family.alive) - 1
        at = place[rows]
        parts.append(Entries(at, columns.place[entries.columns[there]], entries.values[there]))
        bounds.append(family.bound[family.alive])
        singles.append((count[family.alive] == 1) & family.single)
        height = family.last
    all_entries = Entries.join(parts)
    where = (all_entries.rows, all_entries.columns)
    matrix = sp.csc_matrix((all_entries.values, where), shape=(height, width))
    return matrix, np.concatenate(bounds), np.concatenate(singles)


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
    net: Network, columns: Columns, families: dict[str, Family], exact: NDArray[np.bool_]
) -> Golombek:
    """Slices with a Golombek cost, slot by slot."""
    slot, piece = np.nonzero(exact)
    place = {key: index for index, key in enumerate(net.balances)}
    node = np.array([place[s.firm, s.node] for s in net.slices], dtype=np.int64)
    costs = [(s.a + s.levy, s.b, s.g) for s in net.slices]
    a, b, g = np.array(costs, dtype=float).reshape(-1, 3).T
    return Golombek(
        columns.place[columns.of("lifting")[slot, piece]],
        families["balance"].row(slot * len(net.balances) + node[piece]),
        families["field"].row(slot * len(net.slices) + piece),
        net.calendar.weight[slot],
        net.slice_capacity[slot, piece],
        a[piece],
        b[piece],
        g[piece],
    )


def _with_cones(
    golombek: Golombek, matrix: sp.csc_matrix, bound: Vector
) -> tuple[sp.csc_matrix, Vector]:
    """Add (-t, K - q, K) in the exponential cone: (K - q) exp(-t / (K - q)) <= K."""
    count = len(golombek.g)
    if not count:
        return matrix, bound
    width = matrix.shape[1]
    first = 3 * np.arange(count)
    at = np.concatenate([first, first + 1])
    column = np.concatenate([width - count + np.arange(count), golombek.column])
    cones = sp.csc_matrix((np.ones(2 * count), (at, column)), shape=(3 * count, width))
    level = np.zeros(3 * count)
    level[first + 1] = level[first + 2] = golombek.capacity
    return sp.vstack([matrix, cones], format="csc"), np.concatenate([bound, level])


def _linear(
    net: Network, conduct: dict[str, Conduct], columns: Columns, golombek: Golombek
) -> Vector:
    """Costs by unit, less what the first unit sold in a market is worth."""
    calendar = net.calendar
    market = {name: index for index, name in enumerate(net.markets)}
    at = [market[name] for _, name in net.sales]
    alpha, beta = (np.nan_to_num(curve[:, at]) for curve in (net.alpha, net.beta))
    first = beta * (net.fixed[:, at] + _minded(net, conduct)) - alpha
    first = first + np.array([net.adders.get(sale, 0.0) for sale in net.sales])
    stores = [net.storages[name] for _, name in net.stores]
    cost = {
        "lifting": [piece.a + piece.levy for piece in net.slices],
        "flow": [net.arcs[arc].charge for _, arc in net.flows],
        "injection": [store.injection_charge for store in stores],
        "withdrawal": [store.withdrawal_charge for store in stores],
    }
    blocks = [
        first
        if kind == "spot"
        else np.broadcast_to(
            np.array(cost.get(kind, [0.0] * len(columns.keys[kind])), dtype=float),
            (calendar.count, len(columns.keys[kind])),
        )
        for kind in COLUMN_KINDS
    ]
    slots = np.concatenate(blocks, axis=1) * calendar.weight[:, None]
    built = [building.cost for building in net.buildings]
    full = np.concatenate([slots.ravel(), built])
    linear: Vector = full[columns.alive[: len(full)]]
    # C(q) adds |g| (t + q) with t >= (K - q) ln((K - q)/K): the integral of g ln(1 - q/K).
    steep = -golombek.g * golombek.weight
    linear[golombek.column] += steep
    return np.concatenate([linear, steep])


def _minded(net: Network, conduct: dict[str, Conduct]) -> Vector:
    """Of each sale: contract gas at the market's price whose margin the seller minds, L z."""
    if not net.ahead.any():
        return np.zeros_like(net.ahead)
    parts, start = [], 0
    for name in net.markets:
        matrix = conduct[name].matrix
        parts.append(net.ahead[:, start : start + len(matrix)] @ matrix.T)
        start += len(matrix)
    return np.concatenate(parts, axis=1)


def _quadratic(net: Network, conduct: dict[str, Conduct], columns: Columns) -> sp.csc_matrix:
    """Upper triangle of P: cost slopes of lifting, beta (11' + (L + L')/2) in each market."""
    calendar = net.calendar
    slopes = [index for index, piece in enumerate(net.slices) if piece.b]
    at, column = [np.array(slopes, dtype=np.int64)], [np.array(slopes, dtype=np.int64)]
    bend = np.array([net.slices[index].b for index in slopes])
    value = [np.broadcast_to(bend, (calendar.count, len(slopes)))]
    start = columns.start["spot"]
    beta = np.nan_to_num(net.beta)
    for index, name in enumerate(net.markets):
        one, other, entries = conduct[name].triangle
        at.append(start + one)
        column.append(start + other)
        value.append(beta[:, [index]] * entries)
        start += len(conduct[name].sellers)
    rows, heads = np.concatenate(at), np.concatenate(column)
    values = np.concatenate(value, axis=1) * calendar.weight[:, None]
    shift = np.arange(calendar.count)[:, None] * columns.width
    rows, heads = (shift + rows).ravel(), (shift + heads).ravel()
    there = columns.alive[rows] & columns.alive[heads]
    width = int(columns.alive.sum())
    where = columns.place[rows[there]], columns.place[heads[there]]
    return sp.csc_matrix((values.ravel()[there], where), shape=(width, width))
