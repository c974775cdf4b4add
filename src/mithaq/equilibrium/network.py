"""A chain as arrays: who can lift what, carry it where, store it and sell it to whom.

Everything here is geometry and data; how sellers behave stands in ``conduct``, numbers by slot come
from ``amounts``, and the program that finds the equilibrium stands in ``program``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.amounts import Calendar, all_nominated, calendar_of
from mithaq.equilibrium.arcs import Arc, arc_sizes, either, read_arcs
from mithaq.equilibrium.building import Building, buildings
from mithaq.equilibrium.columns import table_of
from mithaq.equilibrium.nominations import Choice, choices
from mithaq.equilibrium.prepared import Memory, remembered
from mithaq.equilibrium.reach import Ways, sides

__all__ = [
    "Handover",
    "Market",
    "Network",
    "Obligation",
    "Slice",
    "Storage",
    "curves",
    "deliveries",
    "network",
    "regulated_supply",
]

Vector = NDArray[np.float64]


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


class Market(NamedTuple):
    """Demand of a sector at a node, and who may sell to it; its curve stands in the network."""

    name: str
    node: str
    sellers: tuple[str, ...]


class Storage(NamedTuple):
    """A gas store: what a unit costs to put in and to take out, and what is lost of it."""

    name: str
    node: str
    injection_charge: float
    withdrawal_charge: float
    loss: float
    access: frozenset[str]


class Obligation(NamedTuple):
    """Gas that a firm must deliver at a node (or, where negative, receives), whatever the price.

    ``quantity`` has one entry a slot, bcm/yr.
    """

    label: str
    firm: str
    node: str
    quantity: Vector


class Handover(NamedTuple):
    """Gas that may pass from ``giver`` to ``receiver`` at a node under a swap."""

    swap: str
    giver: str
    receiver: str
    node: str
    weight: float  # 1 for what a gives; minus the ratio for what b gives


@dataclass(slots=True)
class Network:
    """All columns that can be other than zero in some slot, and the numbers of every slot.

    Columns: slices, flows, sales, handovers, stores. Arrays are slots x columns or slots x assets,
    in the order of the lists and dictionaries here.
    """

    calendar: Calendar
    frame: object = field(default_factory=object)
    """The same for networks that differ in fields alone, and lift in the same places."""
    slices: list[Slice] = field(default_factory=list)
    arcs: dict[str, Arc] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)
    obligations: list[Obligation] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    flows: list[tuple[str, str]] = field(default_factory=list)  # (firm, arc)
    sales: list[tuple[str, str]] = field(default_factory=list)  # (firm, market)
    handovers: list[Handover] = field(default_factory=list)
    stores: list[tuple[str, str]] = field(default_factory=list)  # (firm, storage)
    swap_caps: dict[str, float] = field(default_factory=dict)
    floors: dict[tuple[str, str], float] = field(default_factory=dict)
    adders: dict[tuple[str, str], float] = field(default_factory=dict)
    balances: list[tuple[str, str]] = field(default_factory=list)  # (firm, node)
    reach: tuple[object, ...] = ()
    """All that flows and balances hang on, in few words: of equal arcs they are the same."""
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
    storage_size: Vector = field(default_factory=lambda: np.zeros((3, 1, 0)))
    """Working gas, injection and withdrawal rate, by slot and storage."""
    owed: Vector = field(default_factory=lambda: np.zeros((1, 0)))  # by balance


FRAME = (
    *("nodes", "firms", "pipelines", "terminals", "routes", "storages", "markets", "periods"),
    *("years", "demand_factors", "availability", "conduct", "contracts", "floors", "swaps"),
    *("bookings", "expansions"),
)
_FRAMES: Memory[tuple[Network, list[int]]] = Memory()


@remembered("fields", *FRAME)
def network(chain: Chain) -> Network:
    """The chain as a network, pruned: pairs of firm and arc that cannot serve a buyer are left out.

    A firm's gas is somewhere if its fields, or a swap, can bring it there; an arc is kept for a
    firm if its gas can get to the tail and from the head to something the firm may sell or owes.
    """
    built = buildings(chain, calendar_of(chain))
    grown = {(b.table, b.row) for b in built}
    whole = _field_sizes(chain)
    lifts, fields = np.any(whole, axis=1).tolist(), table_of(chain, "fields")
    number = {
        name: at
        for at, name in enumerate(fields.texts("name"))
        if lifts[at] or ("fields", name) in grown
    }
    slices = [piece for piece in _slices(chain) if piece.field in number]
    # Of fields the frame depends on who lifts where, not on how much or at what cost.
    tables = [chain.rows(table) for table in FRAME]
    if chain.rows("expansions"):
        tables.append(chain.rows("fields"))
    bound = _bound(chain)
    key = (
        *map(id, tables),
        tuple((piece.firm, piece.field, piece.node) for piece in slices),
        tuple((firm, frozenset(lands)) for firm, lands in bound.items()),
    )
    frame, kept = _FRAMES.get(key, tables, lambda: _frame(chain, slices, built, grown, bound))
    slices = [slices[at] for at in kept]
    share = np.array([piece.share for piece in slices], dtype=float)
    at = np.array([number[piece.field] for piece in slices], dtype=np.intp)
    return dataclasses.replace(frame, slices=slices, slice_capacity=share * whole.T[:, at])


def _frame(
    chain: Chain,
    slices: list[Slice],
    built: list[Building],
    grown: set[tuple[str, str]],
    bound: dict[str, set[str]],
) -> tuple[Network, list[int]]:
    """The network but for the numbers of fields, and which slices it keeps."""
    calendar = calendar_of(chain)
    net = Network(calendar, arcs=read_arcs(chain), slices=slices, buildings=built)
    _read_arc_numbers(chain, net)
    _read_markets(chain, net)
    _read_contracts(chain, net)
    net.choices = choices(chain, calendar)
    _read_storages(chain, net)
    conduct = table_of(chain, "conduct")
    firms, markets, adders = (
        conduct.texts("firm"),
        conduct.texts("market"),
        conduct.numbers("adder"),
    )
    some = np.flatnonzero(adders).tolist()
    net.adders = {(firms[at], markets[at]): float(adders[at]) for at in some}
    net.floors = {(r["firm"], r["market"]): r["quantity"] for r in chain.rows("floors")}
    net.swap_caps = {row["name"]: row["cap"] for row in chain.rows("swaps")}
    live = _prune(chain, net, grown, bound)
    _read_numbers(chain, net)
    return net, [number for number, p in enumerate(slices) if (p.firm, p.node) in live]


def _bound(chain: Chain) -> dict[str, set[str]]:
    """Countries that a fringe's gas stays in: its home, and wherever it has fields.

    Empty fields count: whether a fringe may use an arc does not hang on a capacity.
    """
    bound = {row["name"]: {row["home"]} for row in chain.rows("firms") if row["fringe"]}
    if bound:
        country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
        for row in chain.rows("fields"):
            for firm in parse_shares(row["owners"]):
                if firm in bound:
                    bound[firm].add(country[row["node"]])
    return bound


def _slices(chain: Chain) -> list[Slice]:
    slices = []
    names = ("owners", "name", "node", "a", "b", "g", "user_cost", "royalty", "reserves")
    for owners, name, node, a, b, g, user_cost, royalty, reserves in map(
        itemgetter(*names), chain.rows("fields")
    ):
        left, levy = math.inf if math.isnan(reserves) else reserves, user_cost + royalty
        for firm, share in parse_shares(owners).items():
            slices.append(Slice(firm, name, node, share, a, b / share, g, levy, share * left))
    return slices


@remembered("fields", "availability", "periods", "years")
def _field_sizes(chain: Chain) -> Vector:
    """Capacity of each field before anything is built: fields x slots."""
    fields = table_of(chain, "fields")
    return calendar_of(chain).all_usable("fields", fields, fields.numbers("capacity"))


def _read_arc_numbers(chain: Chain, net: Network) -> None:
    calendar = net.calendar
    net.arc_capacity = arc_sizes(chain)
    place = {name: at for at, name in enumerate(net.arcs)} if chain.rows("bookings") else {}
    for row in chain.rows("bookings"):
        key = row["firm"], row["arc"]
        reserved = np.where(calendar.opened(row), row["capacity"], 0.0)
        reserved = reserved * calendar.available(net.arcs[row["arc"]].table, row["arc"])
        # A line that is closed has nothing to reserve.
        net.bookings[key] = np.where(net.arc_capacity[:, place[row["arc"]]] > 0, reserved, 0.0)


def _columns(calendar: Calendar, columns: Sequence[Vector]) -> Vector:
    return np.stack(columns, axis=1) if columns else np.zeros((calendar.count, 0))


@remembered("markets", "demand_factors", "periods", "years")
def curves(chain: Chain) -> dict[str, tuple[Vector, Vector]]:
    """Intercept and slope of each market's demand, by slot."""
    markets = table_of(chain, "markets")
    alpha, beta = calendar_of(chain).all_demand(markets)
    return dict(zip(markets.texts("name"), zip(alpha, beta, strict=True), strict=True))


@remembered("firms", "markets", "conduct", "nodes")
def _sellers(chain: Chain) -> dict[str, tuple[str, ...]]:
    """Firms that may sell in each market."""
    firms, markets = table_of(chain, "firms"), table_of(chain, "markets")
    names, conduct = firms.texts("name"), table_of(chain, "conduct")
    may = np.ones((len(markets), len(names)), dtype=bool)
    fringe = np.flatnonzero(firms.truths("fringe"))
    if len(fringe):
        country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
        lands = np.array([country[node] for node in markets.texts("node")], dtype=object)
        homes = np.array([firms.texts("home")[at] for at in fringe], dtype=object)
        may[:, fringe] = lands[:, None] == homes
    barred = np.flatnonzero(~conduct.truths("may_sell"))
    seller, market = conduct.places("firm", firms), conduct.places("market", markets)
    may[market[barred], seller[barred]] = False
    for at, access in enumerate(markets.texts("access")):
        if access:
            allowed = parse_names(access)
            may[at] &= [name in allowed for name in names]
    sellers = (tuple(compress(names, row)) for row in may.tolist())
    return dict(zip(markets.texts("name"), sellers, strict=True))


def _read_markets(chain: Chain, net: Network) -> None:
    sellers, demand, found = _sellers(chain), curves(chain), []
    for row in chain.rows("markets"):
        name = row["name"]
        if math.isnan(row["regulated_price"]):
            net.markets[name] = Market(name, row["node"], sellers[name])
            found.append(demand[name])
            continue
        total = regulated_supply(chain)[name]
        for firm, share in parse_shares(row["supplier"]).items():
            duty = Obligation(f"supply of {name}", firm, row["node"], share * total)
            net.obligations.append(duty)
    net.caps = np.array([r["price_cap"] for r in chain.rows("markets") if r["name"] in net.markets])
    net.alpha = _columns(net.calendar, [alpha for alpha, _ in found])
    net.beta = _columns(net.calendar, [beta for _, beta in found])


@remembered("markets", "demand_factors", "periods", "years")
def regulated_supply(chain: Chain) -> dict[str, Vector]:
    """What each regulated market takes, by slot."""
    markets, demand, found = table_of(chain, "markets"), curves(chain), {}
    price = markets.numbers("regulated_price")
    for at in np.flatnonzero(~np.isnan(price)).tolist():
        name = markets.texts("name")[at]
        alpha, beta = demand[name]
        found[name] = np.nan_to_num(np.maximum((alpha - price[at]) / beta, 0.0))
    return found


@remembered("contracts", "markets", "demand_factors", "periods", "years")
def deliveries(chain: Chain) -> dict[str, Vector]:
    """What is delivered under each contract, by slot."""
    contracts = table_of(chain, "contracts")
    brought = all_nominated(contracts)[:, None] * calendar_of(chain).profiles(contracts)
    return dict(zip(contracts.texts("name"), brought, strict=True))


def _read_contracts(chain: Chain, net: Network) -> None:
    node_of = {row["name"]: row["node"] for row in chain.rows("markets")}
    place = {name: index for index, name in enumerate(net.markets)}
    delivered = deliveries(chain)
    net.fixed = np.zeros((net.calendar.count, len(place)))
    whole = np.array(list(delivered.values())).reshape(len(delivered), net.calendar.count)
    alive = np.any(whole, axis=1).tolist()
    net.obligations = [duty for duty in net.obligations if duty.quantity.any()]
    for at, row in enumerate(chain.rows("contracts")):
        if not alive[at]:
            continue
        quantity, node = delivered[row["name"]], node_of[row["market"]]
        label = f"contract {row['name']}"
        net.obligations.append(Obligation(label, row["seller"], node, quantity))
        if row["destination_clause"]:
            net.fixed[:, place[row["market"]]] += quantity
        else:
            net.obligations.append(Obligation(label, row["buyer"], node, -quantity))


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


def _read_numbers(chain: Chain, net: Network) -> None:
    """Numbers of the columns that are left."""
    calendar = net.calendar
    place = {key: index for index, key in enumerate(net.balances)}
    net.owed = np.zeros((calendar.count, len(place)))
    for duty in net.obligations:
        net.owed[:, place[duty.firm, duty.node]] += duty.quantity
    net.ahead = np.zeros((calendar.count, len(net.sales)))
    sale = {key: index for index, key in enumerate(net.sales)}
    for row in chain.rows("contracts"):
        key = row["seller"], row["market"]
        if row["pricing"] == "spot" and row["destination_clause"] and key in sale:
            net.ahead[:, sale[key]] += deliveries(chain)[row["name"]]
    stores = table_of(chain, "storages")
    room = np.where(calendar.all_opened(stores), stores.numbers("working_gas")[:, None], 0.0)
    put, take = (
        calendar.all_usable("storages", stores, stores.numbers(kind))
        for kind in ("injection", "withdrawal")
    )
    net.storage_size = np.ascontiguousarray(np.stack([room, put, take]).transpose(0, 2, 1))


def _prune(
    chain: Chain, net: Network, grown: set[tuple[str, str]], bound: dict[str, set[str]]
) -> set[tuple[str, str]]:
    """Keep the columns that can be of use; returns firms and nodes where the firm's gas can be."""
    wanted = np.any(~np.isnan(net.alpha), axis=0).tolist()
    markets = [m for m, some in zip(net.markets.values(), wanted, strict=True) if some]
    sinks = [(firm, market.node) for market in markets for firm in market.sellers]
    sources = [(piece.firm, piece.node) for piece in net.slices]
    for duty in net.obligations:
        (sinks if max(duty.quantity.tolist()) > 0 else sources).append((duty.firm, duty.node))
    for choice in net.choices:
        sinks.append((choice.seller, choice.node))
        if choice.buyer:
            sources.append((choice.buyer, choice.node))
    usable = np.asarray((net.arc_capacity > 0).any(axis=0))
    arcs = list(net.arcs.values())
    if grown:
        usable |= np.array([(arc.table, arc.name) in grown for arc in arcs], dtype=bool)
    taken = [at for at, arc in enumerate(arcs) if arc.fee_in_kind]
    sources += [(arcs[at].fee_firm, arcs[at].tail) for at in taken if usable[at]]
    ways, swaps = Ways(chain, arcs, usable, bound), chain.rows("swaps")
    mask = ways.live(sources, sinks, swaps)
    net.flows, net.balances = ways.flows(mask), ways.pairs(mask)
    live = set(net.balances)
    net.sales = [
        (firm, market.name)
        for market in markets
        for firm in market.sellers
        if (firm, market.node) in live
    ]
    net.stores = [
        (firm, store.name)
        for store in net.storages.values()
        for firm in ways.firms
        if (firm, store.node) in live and (not store.access or firm in store.access)
    ]
    net.handovers = [
        Handover(row["name"], giver, receiver, node, weight)
        for row in swaps
        for giver, receiver, nodes, weight in sides(row)
        for node in ways.nodes
        if (giver, node) in live and (receiver, node) in live and (not nodes or node in nodes)
    ]
    owed = {(duty.firm, duty.node) for duty in net.obligations}
    beyond = sorted(owed - live)
    if beyond:
        net.balances = sorted((*net.balances, *beyond))
    bits = (np.packbits(part).tobytes() for part in (mask, ways.open))
    net.reach = tuple(ways.firms), tuple(ways.nodes), *bits, *beyond
    return live
