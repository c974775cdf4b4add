"""A chain as arrays: who can lift what, carry it where and sell it to whom.

Everything here is geometry and data; how sellers behave stands in ``conduct``, and the program
that finds the equilibrium in ``program``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.errors import ModelError

__all__ = ["Arc", "Handover", "Market", "Network", "Obligation", "Slice", "network", "read_arcs"]

LIQUEFIED, LANDED = " (liquefied)", " (landed)"


@dataclass(frozen=True, slots=True)
class Slice:
    """One owner's part of a field: capacity share times K, the marginal-cost curve scaled."""

    firm: str
    field: str
    node: str
    capacity: float
    a: float
    b: float
    g: float
    levy: float  # user cost and royalty, per unit lifted


@dataclass(frozen=True, slots=True)
class Arc:
    """A directed way for gas: pipeline, terminal or shipping leg."""

    name: str
    mode: str  # pipeline, liquefaction, lng, regasification
    tail: str
    head: str
    capacity: float  # math.inf where nothing limits it
    charge: float  # tariff, fee and duty, per unit sent
    loss: float
    access: frozenset[str]  # empty: all


@dataclass(frozen=True, slots=True)
class Market:
    """Demand P = alpha - beta Q at a node; ``fixed`` counts deliveries under contract in Q."""

    name: str
    node: str
    alpha: float
    beta: float
    fixed: float
    sellers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Obligation:
    """Gas that a firm must deliver at a node, whatever the price."""

    label: str
    firm: str
    node: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Handover:
    """Gas that may pass from ``giver`` to ``receiver`` at a node under a swap."""

    swap: str
    giver: str
    receiver: str
    node: str
    weight: float  # 1 for what a gives; minus the ratio for what b gives


@dataclass(slots=True)
class Network:
    """All columns that can be other than zero: slices, firm-arc pairs, sales, handovers."""

    slices: list[Slice] = field(default_factory=list)
    arcs: dict[str, Arc] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    obligations: list[Obligation] = field(default_factory=list)
    flows: list[tuple[str, str]] = field(default_factory=list)  # (firm, arc)
    sales: list[tuple[str, str]] = field(default_factory=list)  # (firm, market)
    handovers: list[Handover] = field(default_factory=list)
    swap_caps: dict[str, float] = field(default_factory=dict)
    floors: dict[tuple[str, str], float] = field(default_factory=dict)
    adders: dict[tuple[str, str], float] = field(default_factory=dict)
    balances: list[tuple[str, str]] = field(default_factory=list)  # (firm, node)


def _either(value: float, other: float) -> float:
    if not math.isnan(value):
        return value
    return 0.0 if math.isnan(other) else other


def read_arcs(chain: Chain) -> dict[str, Arc]:
    """Every arc by name. A shipping leg runs from the liquefied side to the landed side."""
    arcs = {}
    for row in chain.rows("pipelines"):
        charge = _either(row["tariff"], row["operating_cost"])
        charge += row["transit_fee"] + row["export_duty"]
        ends = row["from"], row["to"]
        arcs[row["name"]] = _arc(row, "pipeline", ends, row["capacity"], charge)
    for row in chain.rows("terminals"):
        node = row["node"]
        liquefies = row["kind"] == "liquefaction"
        ends = (node, node + LIQUEFIED) if liquefies else (node + LANDED, node)
        charge = _either(row["tariff"], row["operating_cost"])
        arcs[row["name"]] = _arc(row, row["kind"], ends, row["capacity"], charge)
    for row in chain.rows("routes"):
        ends = row["from"] + LIQUEFIED, row["to"] + LANDED
        charge = _either(row["tariff"], row["operating_cost"])
        arcs[row["name"]] = _arc(row, "lng", ends, math.inf, charge)
    return dict(sorted(arcs.items()))


def _arc(
    row: Mapping[str, Any], mode: str, ends: tuple[str, str], capacity: float, charge: float
) -> Arc:
    access = frozenset(parse_names(str(row["access"])))
    return Arc(str(row["name"]), mode, *ends, capacity, charge, float(str(row["loss"])), access)


def network(chain: Chain) -> Network:
    """The chain as a network, pruned: pairs of firm and arc that cannot serve a buyer are left out.

    A firm's gas is somewhere if its fields, or a swap, can bring it there; an arc is kept for a
    firm if its gas can get to the tail and from the head to something the firm may sell or owes.
    """
    for table in ("periods", "years", "storages", "expansions", "bookings"):
        if chain.rows(table):
            raise ModelError(f"the table {table} is read and checked, but not solved yet")
    net = Network(arcs=read_arcs(chain))
    net.slices = _slices(chain)
    net.markets, net.obligations = _markets(chain)
    net.adders = {(r["firm"], r["market"]): r["adder"] for r in chain.rows("conduct")}
    net.floors = {(r["firm"], r["market"]): r["quantity"] for r in chain.rows("floors")}
    net.swap_caps = {row["name"]: row["cap"] for row in chain.rows("swaps")}
    _prune(chain, net)
    return net


def _slices(chain: Chain) -> list[Slice]:
    slices = []
    for row in chain.rows("fields"):
        if row["capacity"] == 0:
            continue  # an empty field lifts nothing, and has no share of capacity to speak of
        for firm, share in parse_shares(row["owners"]).items():
            levy = row["user_cost"] + row["royalty"]
            capacity, slope = share * row["capacity"], row["b"] / share
            slices.append(
                Slice(firm, row["name"], row["node"], capacity, row["a"], slope, row["g"], levy)
            )
    return slices


def _markets(chain: Chain) -> tuple[dict[str, Market], list[Obligation]]:
    firms = chain.rows("firms")
    fringe = {row["name"]: row["home"] for row in firms if row["fringe"]}
    barred = {(r["firm"], r["market"]) for r in chain.rows("conduct") if not r["may_sell"]}
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    fixed: dict[str, float] = defaultdict(float)
    obligations = []
    node_of = {row["name"]: row["node"] for row in chain.rows("markets")}
    for row in chain.rows("contracts"):
        quantity = nominated(row)
        fixed[row["market"]] += quantity
        label = f"contract {row['name']}"
        obligations.append(Obligation(label, row["seller"], node_of[row["market"]], quantity))
    markets = {}
    for row in chain.rows("markets"):
        alpha, beta = demand(row)
        if not math.isnan(row["regulated_price"]):
            quantity = (alpha - row["regulated_price"]) / beta
            for firm, share in parse_shares(row["supplier"]).items():
                label = f"supply of {row['name']}"
                obligations.append(Obligation(label, firm, row["node"], share * quantity))
            continue
        allowed = set(parse_names(row["access"]))
        sellers = tuple(
            firm["name"]
            for firm in firms
            if (not allowed or firm["name"] in allowed)
            and (firm["name"], row["name"]) not in barred
            and fringe.get(firm["name"], country[row["node"]]) == country[row["node"]]
        )
        name = row["name"]
        markets[name] = Market(name, row["node"], alpha, beta, fixed[name], sellers)
    return markets, [duty for duty in obligations if duty.quantity > 0]


def demand(row: Mapping[str, Any]) -> tuple[float, float]:
    """Intercept and slope of inverse demand through the reference point of a market row."""
    beta = row["reference_price"] / (abs(row["elasticity"]) * row["reference_quantity"])
    return row["reference_price"] + beta * row["reference_quantity"], beta


def nominated(row: Mapping[str, Any]) -> float:
    """What is delivered under a contract: the nomination, else the take-or-pay floor."""
    floor = row["take_or_pay"] * row["annual_quantity"]
    return float(floor if math.isnan(row["nominated"]) else row["nominated"])


def _prune(chain: Chain, net: Network) -> None:
    firms = [row["name"] for row in chain.rows("firms")]
    sinks: dict[str, set[str]] = {firm: set() for firm in firms}
    for market in net.markets.values():
        for firm in market.sellers:
            sinks[firm].add(market.node)
    for duty in net.obligations:
        sinks[duty.firm].add(duty.node)
    sources: dict[str, set[str]] = {firm: set() for firm in firms}
    for piece in net.slices:
        sources[piece.firm].add(piece.node)
    ways = _Ways(chain, net)
    swaps = chain.rows("swaps")
    supply, useful = _spread(firms, sources, sinks, ways, swaps)
    live = {firm: supply[firm] & useful[firm] for firm in firms}
    for firm in firms:
        for node in sorted(live[firm]):
            for arc in ways.out.get(node, ()):
                if arc.head in live[firm] and ways.open(arc, firm):
                    net.flows.append((firm, arc.name))
    net.slices = [piece for piece in net.slices if piece.node in live[piece.firm]]
    net.sales = [
        (firm, market.name)
        for market in net.markets.values()
        for firm in market.sellers
        if market.node in live[firm]
    ]
    net.handovers = [
        Handover(row["name"], giver, receiver, node, weight)
        for row in swaps
        for giver, receiver, nodes, weight in _sides(row)
        for node in sorted(live[giver] & live[receiver])
        if not nodes or node in nodes
    ]
    owed = {(duty.firm, duty.node) for duty in net.obligations}
    net.balances = sorted({(firm, node) for firm in firms for node in live[firm]} | owed)


class _Ways:
    """Arcs by the node where they begin and end, and who may use them.

    A fringe sells at home alone, so its gas stays in its home country and where its fields are.
    """

    def __init__(self, chain: Chain, net: Network) -> None:
        self.out: dict[str, list[Arc]] = defaultdict(list)
        self.into: dict[str, list[Arc]] = defaultdict(list)
        for arc in net.arcs.values():
            if arc.capacity > 0:
                self.out[arc.tail].append(arc)
                self.into[arc.head].append(arc)
        country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
        self.country = {
            node + side: land for node, land in country.items() for side in ("", LIQUEFIED, LANDED)
        }
        self.bound = {row["name"]: {row["home"]} for row in chain.rows("firms") if row["fringe"]}
        for piece in net.slices:
            if piece.firm in self.bound:
                self.bound[piece.firm].add(country[piece.node])

    def open(self, arc: Arc, firm: str) -> bool:
        """Whether the firm's gas may go along the arc."""
        if arc.access and firm not in arc.access:
            return False
        bound = self.bound.get(firm)
        return bound is None or (
            self.country[arc.tail] in bound and self.country[arc.head] in bound
        )

    def reach(self, firm: str, seeds: set[str], *, back: bool) -> set[str]:
        """Nodes that the firm's gas can get to from the seeds, or get to the seeds from."""
        found, todo = set(seeds), sorted(seeds)
        steps = self.into if back else self.out
        while todo:
            for arc in steps.get(todo.pop(), ()):
                node = arc.tail if back else arc.head
                if node not in found and self.open(arc, firm):
                    found.add(node)
                    todo.append(node)
        return found


def _sides(row: Mapping[str, Any]) -> list[tuple[str, str, frozenset[str], float]]:
    a, b = str(row["a"]), str(row["b"])
    nodes_a = frozenset(parse_names(str(row["nodes_a"])))
    nodes_b = frozenset(parse_names(str(row["nodes_b"])))
    return [(a, b, nodes_a, 1.0), (b, a, nodes_b, -float(str(row["ratio"])))]


def _spread(
    firms: list[str],
    sources: dict[str, set[str]],
    sinks: dict[str, set[str]],
    ways: _Ways,
    swaps: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Where each firm's gas can be, and whence it can still be of use; swaps widen both."""
    supply = {firm: ways.reach(firm, sources[firm], back=False) for firm in firms}
    useful = {firm: ways.reach(firm, sinks[firm], back=True) for firm in firms}
    grown = bool(swaps)
    while grown:
        grown = False
        for row in swaps:
            for giver, receiver, nodes, _ in _sides(row):
                passed = supply[giver] & useful[receiver]
                passed = passed & nodes if nodes else passed
                if passed <= supply[receiver] and passed <= useful[giver]:
                    continue
                grown = True
                supply[receiver] |= ways.reach(receiver, passed - supply[receiver], back=False)
                useful[giver] |= ways.reach(giver, passed - useful[giver], back=True)
    return supply, useful
