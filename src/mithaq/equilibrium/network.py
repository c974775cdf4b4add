"""A chain as arrays: who can lift what, carry it where, store it and sell it to whom.

Everything here is geometry and data; how sellers behave stands in ``conduct``, numbers by slot come
from ``amounts``, and the program that finds the equilibrium stands in ``program``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.amounts import Calendar, all_nominated, calendar_of
from mithaq.equilibrium.arcs import ArcTable, arc_sizes, either, read_arcs
from mithaq.equilibrium.building import Building, buildings
from mithaq.equilibrium.columns import Table, Words, countries, from_words, table_of
from mithaq.equilibrium.duties import Duties, Obligation, duties
from mithaq.equilibrium.nominations import Choice, choices
from mithaq.equilibrium.prepared import Memory, remembered
from mithaq.equilibrium.pruned import Asked, Handover, Market, Pruned, pruned, sellers_of
from mithaq.equilibrium.reach import sides

__all__ = [
    "Handover",
    "Market",
    "Network",
    "Obligation",
    "Slice",
    "Slices",
    "Storage",
    "curves",
    "deliveries",
    "network",
    "regulated_supply",
]

Vector = NDArray[np.float64]
Index = NDArray[np.intp]


class Slice(NamedTuple):
    """One owner's part of a field: capacity share times K, the marginal-cost curve scaled."""

    firm: str
    field: str
    node: str
    share: float
    a: float
    b: float
    g: float
    levy: float  # user cost and royalty, per unit lifted
    reserves: float  # bcm over all years; math.inf where nothing is said


class Storage(NamedTuple):
    """A gas store: what a unit costs to put in and to take out, and what is lost of it."""

    name: str
    node: str
    injection_charge: float
    withdrawal_charge: float
    loss: float
    access: frozenset[str]


class Owned:
    """Owners' parts of all fields: ``firms``, ``fields`` and ``nodes`` by name.

    ``field`` is the number of each part's field, ``share`` its part of it.
    """

    def __init__(self, fields: Words) -> None:
        names, places = fields.texts("name"), fields.texts("node")
        pieces = [
            (at, firm, share)
            for at, owners in enumerate(fields.texts("owners"))
            for firm, share in parse_shares(owners).items()
        ]
        self.firms = [firm for _, firm, _ in pieces]
        self.fields = [names[at] for at, _, _ in pieces]
        self.nodes = [places[at] for at, _, _ in pieces]
        self.field = np.array([at for at, _, _ in pieces], dtype=np.intp)
        self.share = np.array([share for _, _, share in pieces], dtype=float)


_owned = from_words("fields")(Owned)


class Slices(Sequence[Slice]):
    """Slices as arrays, in which a column of ``Slice`` is read at once."""

    def __init__(self, owned: Owned, which: Index, fields: Table) -> None:
        self.owned, self.which, self.field = owned, which, owned.field.take(which)
        self.share = owned.share.take(which)
        self.a, b, self.g, user_cost, royalty, reserves = (
            fields.numbers(name).take(self.field)
            for name in ("a", "b", "g", "user_cost", "royalty", "reserves")
        )
        self.b, self.levy = b / self.share, user_cost + royalty
        self.reserves: Vector = np.where(np.isnan(reserves), np.inf, self.share * reserves)

    @property
    def kinds(self) -> tuple[object, ...]:
        """All but sizes: whose slices they are, which have a Golombek cost, which reserves."""
        masks = self.g < 0, self.reserves < np.inf
        return (self.which.tobytes(), *(np.packbits(mask).tobytes() for mask in masks))

    @cached_property
    def _all(self) -> list[Slice]:
        told = self.owned
        names = (
            [column[at] for at in self.which] for column in (told.firms, told.fields, told.nodes)
        )
        columns = self.share, self.a, self.b, self.g, self.levy, self.reserves
        numbers = (column.tolist() for column in columns)
        return list(map(Slice, *names, *numbers))

    def __len__(self) -> int:
        return len(self.which)

    @overload
    def __getitem__(self, at: int) -> Slice: ...
    @overload
    def __getitem__(self, at: slice) -> list[Slice]: ...
    def __getitem__(self, at: int | slice) -> Slice | list[Slice]:
        return self._all[at]

    def __iter__(self) -> Iterator[Slice]:
        return iter(self._all)


@dataclass(slots=True)
class Network:
    """All columns that can be other than zero in some slot, and the numbers of every slot.

    Columns: slices, flows, sales, handovers, stores; which there are is told by ``pruned``. Arrays
    are slots x columns or slots x assets, in the order of the lists and dictionaries here.
    """

    calendar: Calendar
    arcs: ArcTable
    slices: Slices
    duties: Duties
    pruned: Pruned
    frame: object = field(default_factory=object)
    """The same for networks that differ in fields alone, and lift in the same places."""
    storages: dict[str, Storage] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    swap_caps: dict[str, float] = field(default_factory=dict)
    floors: dict[tuple[str, str], float] = field(default_factory=dict)
    buildings: list[Building] = field(default_factory=list)
    bookings: dict[tuple[str, str], Vector] = field(default_factory=dict)  # (firm, arc), by slot
    slice_capacity: Vector = field(default_factory=lambda: np.zeros((1, 0)))
    arc_capacity: Vector = field(default_factory=lambda: np.zeros((1, 0)))
    alpha: Vector = field(default_factory=lambda: np.zeros((1, 0)))  # by market; NaN: no demand
    beta: Vector = field(default_factory=lambda: np.zeros((1, 0)))
    caps: Vector = field(default_factory=lambda: np.zeros(0))  # by market; NaN: none
    fixed: Vector = field(default_factory=lambda: np.zeros((1, 0)))
    """Deliveries under contract to each market."""
    ahead: Vector = field(default_factory=lambda: np.zeros((1, 0)))
    """Of each sale: contract gas at the market's price, which counts in the seller's conduct."""
    adders: Vector = field(default_factory=lambda: np.zeros(0))
    """What a calibration adds to the cost of each sale."""
    storage_size: Vector = field(default_factory=lambda: np.zeros((3, 1, 0)))
    """Working gas, injection and withdrawal rate, by slot and storage."""
    due: Vector = field(default_factory=lambda: np.zeros((0, 1)))  # duties x slots
    owed: Vector = field(default_factory=lambda: np.zeros((1, 0)))  # by balance

    @property
    def markets(self) -> dict[str, Market]:
        """Markets that set their price, by name."""
        return self.pruned.markets

    @property
    def flows(self) -> list[tuple[str, str]]:
        """Firm and arc."""
        return self.pruned.flows

    @property
    def sales(self) -> list[tuple[str, str]]:
        """Firm and market."""
        return self.pruned.sales

    @property
    def handovers(self) -> list[Handover]:
        """Gas that may change hands under swaps."""
        return self.pruned.handovers

    @property
    def stores(self) -> list[tuple[str, str]]:
        """Firm and storage."""
        return self.pruned.stores

    @property
    def balances(self) -> list[tuple[str, str]]:
        """Firm and node."""
        return self.pruned.balances

    @property
    def obligations(self) -> list[Obligation]:
        """What is owed whatever the price, by label, firm and node."""
        told = zip(self.duties.labels, self.duties.keys, self.due, strict=True)
        return [Obligation(label, *pair, quantity) for label, pair, quantity in told]


FRAME = (
    *("nodes", "firms", "pipelines", "terminals", "routes", "storages", "markets", "periods"),
    *("years", "demand_factors", "availability", "conduct", "contracts", "floors", "swaps"),
    *("bookings", "expansions"),
)
_FRAMES: Memory[Network] = Memory()


@remembered("fields", *FRAME)
def network(chain: Chain) -> Network:
    """The chain as a network, without pairs of firm and arc that cannot serve a buyer."""
    built = buildings(chain, calendar_of(chain))
    grown = {(b.table, b.row) for b in built}
    whole, fields, owned = _field_sizes(chain), table_of(chain, "fields"), _owned(chain)
    lifts = np.asarray(whole.any(axis=1))
    if grown:
        lifts |= np.array([("fields", name) in grown for name in fields.texts("name")], dtype=bool)
    which = np.flatnonzero(lifts.take(owned.field))
    # Of fields the frame depends on who lifts where, not on how much or at what cost.
    held = [chain.rows(table) for table in FRAME]
    if chain.rows("expansions"):
        held.append(chain.rows("fields"))
    bound, slices = _bound(chain), Slices(owned, which, fields)
    key = *map(id, held), id(owned), which.tobytes(), bound
    frame = _FRAMES.get(key, (owned, held), lambda: _frame(chain, slices, built, grown, bound))
    if len(frame.pruned.kept) < len(slices):
        slices = Slices(owned, which[frame.pruned.kept], fields)
    size = slices.share * whole.T.take(slices.field, axis=1)
    return dataclasses.replace(frame, slices=slices, slice_capacity=size)


Bound = tuple[tuple[str, frozenset[str]], ...]


def _frame(
    chain: Chain,
    slices: Slices,
    built: list[Building],
    grown: set[tuple[str, str]],
    bound: Bound,
) -> Network:
    """The network but for the numbers of fields."""
    calendar, arcs = calendar_of(chain), read_arcs(chain)
    chosen = choices(chain, calendar)
    markets, contracts = table_of(chain, "markets"), table_of(chain, "contracts")
    free = np.isnan(markets.numbers("regulated_price"))
    alpha, beta = (np.ascontiguousarray(curve[free].T) for curve in curves(chain))
    supplied, delivered = regulated_supply(chain), deliveries(chain)
    takes, alive = (np.asarray(brought.any(axis=1)) for brought in (supplied, delivered))
    owing = duties(contracts.words, markets.words, alive, takes)
    size = arc_sizes(chain)
    usable = np.asarray((size > 0).any(axis=0))
    if grown:
        names = zip(arcs.words.table, arcs.words.names, strict=True)
        usable |= np.array([name in grown for name in names], dtype=bool)
    asked = Asked(
        nodes=table_of(chain, "nodes").words,
        firms=table_of(chain, "firms").words,
        arcs=arcs.words,
        storages=table_of(chain, "storages").words,
        conduct=table_of(chain, "conduct").words,
        contracts=contracts.words,
        markets=markets.words,
        sellers=sellers_of(chain),
        duties=owing,
        free=free.tobytes(),
        wanted=np.any(~np.isnan(alpha), axis=0).tobytes(),
        usable=usable.tobytes(),
        paid=(arcs.fee_in_kind != 0).tobytes(),
        lifts=tuple((piece.firm, piece.node) for piece in slices),
        chosen=tuple((choice.seller, choice.node, choice.buyer) for choice in chosen),
        bound=bound,
        swaps=tuple((str(row["name"]), sides(row)) for row in chain.rows("swaps")),
    )
    net = Network(calendar, arcs, slices, owing, pruned(asked))
    net.choices, net.buildings, net.arc_capacity = chosen, built, size
    net.alpha, net.beta, net.caps = alpha, beta, markets.numbers("price_cap")[free]
    net.floors = {(r["firm"], r["market"]): r["quantity"] for r in chain.rows("floors")}
    net.swap_caps = {row["name"]: row["cap"] for row in chain.rows("swaps")}
    _read_bookings(chain, net)
    _read_storages(chain, net)
    net.due = owing.quantities(supplied, delivered)
    _sum_up(chain, net, delivered, np.cumsum(free) - 1)
    return net


@from_words("firms", "nodes", "fields")
def _bound(firms: Words, nodes: Words, fields: Words) -> Bound:
    """Countries that a fringe's gas stays in: its home, and wherever it has fields.

    Empty fields count: whether a fringe may use an arc does not hang on a capacity.
    """
    columns = (firms.texts(name) for name in ("name", "home", "fringe"))
    bound = {name: {home} for name, home, fringe in zip(*columns, strict=True) if fringe}
    country = countries(nodes)
    places = fields.places("node", nodes).tolist()
    for owners, node in zip(fields.texts("owners"), places, strict=True):
        for firm in parse_shares(owners):
            if firm in bound:
                bound[firm].add(country[node])
    return tuple((firm, frozenset(lands)) for firm, lands in bound.items())


@remembered("fields", "availability", "periods", "years")
def _field_sizes(chain: Chain) -> Vector:
    """Capacity of each field before anything is built: fields x slots."""
    fields = table_of(chain, "fields")
    return calendar_of(chain).all_usable("fields", fields, fields.numbers("capacity"))


def _read_bookings(chain: Chain, net: Network) -> None:
    calendar = net.calendar
    place = {name: at for at, name in enumerate(net.arcs)} if chain.rows("bookings") else {}
    for row in chain.rows("bookings"):
        key = row["firm"], row["arc"]
        reserved = np.where(calendar.opened(row), row["capacity"], 0.0)
        reserved = reserved * calendar.available(net.arcs[row["arc"]].table, row["arc"])
        # A line that is closed has nothing to reserve.
        net.bookings[key] = np.where(net.arc_capacity[:, place[row["arc"]]] > 0, reserved, 0.0)


@remembered("markets", "demand_factors", "periods", "years")
def curves(chain: Chain) -> tuple[Vector, Vector]:
    """Intercept and slope of each market's demand: markets x slots, NaN where there is none."""
    return calendar_of(chain).all_demand(table_of(chain, "markets"))


@remembered("markets", "demand_factors", "periods", "years")
def regulated_supply(chain: Chain) -> Vector:
    """What each market takes at its regulated price (markets x slots), 0 where it has none."""
    alpha, beta = curves(chain)
    price = table_of(chain, "markets").numbers("regulated_price")
    regulated = ~np.isnan(price)
    found = np.zeros(alpha.shape)
    left = alpha[regulated] - price[regulated, None]
    found[regulated] = np.nan_to_num(np.maximum(left / beta[regulated], 0.0))
    return found


@remembered("contracts", "markets", "demand_factors", "periods", "years")
def deliveries(chain: Chain) -> Vector:
    """What is delivered under each contract: contracts x slots."""
    contracts = table_of(chain, "contracts")
    found: Vector = all_nominated(contracts)[:, None] * calendar_of(chain).profiles(contracts)
    return found


def _read_storages(chain: Chain, net: Network) -> None:
    for row in chain.rows("storages"):
        net.storages[row["name"]] = Storage(
            row["name"],
            row["node"],
            either(row["injection_tariff"], row["injection_cost"]),
            either(row["withdrawal_tariff"], row["withdrawal_cost"]),
            row["loss"],
            frozenset(parse_names(row["access"])),
        )


def _sum_up(chain: Chain, net: Network, delivered: Vector, number: Index) -> None:
    """What is owed and due by balance, market and sale, and what each sale costs besides.

    ``delivered`` is what each contract brings, ``number`` that of each market among the free ones.
    """
    count, owing, columns = net.calendar.count, net.duties, net.pruned
    owed, fixed = np.zeros((len(net.balances), count)), np.zeros((len(net.markets), count))
    np.add.at(owed, columns.owed, net.due)
    np.add.at(fixed, number[owing.market], delivered[owing.bound])
    ahead, (contract, sale) = np.zeros((len(net.sales), count)), columns.ahead
    np.add.at(ahead, sale, delivered[contract])
    net.owed, net.fixed, net.ahead = (np.ascontiguousarray(sums.T) for sums in (owed, fixed, ahead))
    told = columns.adder >= 0
    net.adders = np.zeros(len(net.sales))
    net.adders[columns.adder[told]] = table_of(chain, "conduct").numbers("adder")[told]
    stores, calendar = table_of(chain, "storages"), net.calendar
    room = np.where(calendar.all_opened(stores), stores.numbers("working_gas")[:, None], 0.0)
    put, take = (
        calendar.all_usable("storages", stores, stores.numbers(kind))
        for kind in ("injection", "withdrawal")
    )
    net.storage_size = np.ascontiguousarray(np.stack([room, put, take]).transpose(0, 2, 1))
