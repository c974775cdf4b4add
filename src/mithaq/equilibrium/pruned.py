"""The columns of a network, pruned: pairs of firm and arc that cannot serve a buyer are left out.

They hang on words, and on what is zero, but on no other number, so chains that differ in numbers
alone have the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mithaq.chain.schema import parse_names
from mithaq.equilibrium.arcs import ArcNames
from mithaq.equilibrium.columns import Words, countries, from_words
from mithaq.equilibrium.duties import Duties
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.reach import Side, Ways

__all__ = ["Asked", "Handover", "Market", "Pruned", "pruned", "sellers_of"]

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
Pair = tuple[str, str]


class Market(NamedTuple):
    """Demand of a sector at a node, and who may sell to it; its curve stands in the network."""

    name: str
    node: str
    sellers: tuple[str, ...]


class Handover(NamedTuple):
    """Gas that may pass from ``giver`` to ``receiver`` at a node under a swap."""

    swap: str
    giver: str
    receiver: str
    node: str
    weight: float  # 1 for what a gives; minus the ratio for what b gives


class Sellers:
    """Firms that may sell in each market, by name."""

    def __init__(self, firms: Words, markets: Words, conduct: Words, nodes: Words) -> None:
        names = firms.texts("name")
        may = np.ones((len(markets), len(names)), dtype=bool)
        fringe = np.flatnonzero(firms.truths("fringe"))
        if len(fringe):
            land = dict(zip(nodes.texts("name"), countries(nodes), strict=True))
            lands = np.array([land[node] for node in markets.texts("node")], dtype=object)
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
        self.of = dict(zip(markets.texts("name"), sellers, strict=True))


sellers_of = from_words("firms", "markets", "conduct", "nodes")(Sellers)


@dataclass(frozen=True, slots=True)
class Asked:
    """All that decides which columns there are; masks as bytes, so that it can be looked up.

    ``free`` are markets without a regulated price, and of these ``wanted`` those with demand in
    some slot; ``usable`` are arcs with capacity in some, ``paid`` those of which a fee is taken in
    kind. ``lifts`` are firm and node of each slice; ``chosen`` seller, node and buyer where a buyer
    nominates; ``bound`` the countries that a fringe's gas stays in; ``swaps`` names and sides.
    """

    nodes: Words
    firms: Words
    arcs: ArcNames
    storages: Words
    conduct: Words
    contracts: Words
    markets: Words
    sellers: Sellers
    duties: Duties
    free: bytes
    wanted: bytes
    usable: bytes
    paid: bytes
    lifts: tuple[Pair, ...]
    chosen: tuple[tuple[str, str, str], ...]
    bound: tuple[tuple[str, frozenset[str]], ...]
    swaps: tuple[tuple[str, tuple[Side, Side]], ...]


class Pruned:
    """Columns that can be other than zero in some slot.

    A firm's gas is somewhere if its fields, or a swap, can bring it there; an arc is kept for a
    firm if its gas can get to the tail and from the head to something the firm may sell or owes.
    ``kept`` are slices that lift where gas is of use. Numbers: ``arc`` of each flow, ``market`` of
    each sale, ``owed`` the balance of each duty, ``adder`` the sale that each row of conduct speaks
    of (-1: none); ``ahead`` are numbers of contracts at the market's price and of the sales that
    they count with.
    """

    def __init__(self, asked: Asked) -> None:
        told = zip(asked.markets.texts("name"), asked.markets.texts("node"), strict=True)
        free = compress(told, mask_of(asked.free).tolist())
        self.markets = {name: Market(name, node, asked.sellers.of[name]) for name, node in free}
        markets = list(compress(self.markets.values(), mask_of(asked.wanted).tolist()))
        sinks = [(firm, market.node) for market in markets for firm in market.sellers]
        sources = list(asked.lifts)
        for pair, gives in zip(asked.duties.keys, asked.duties.gives, strict=True):
            (sinks if gives else sources).append(pair)
        for seller, node, buyer in asked.chosen:
            sinks.append((seller, node))
            if buyer:
                sources.append((buyer, node))
        arcs, usable = asked.arcs, mask_of(asked.usable)
        paid = np.flatnonzero(usable & mask_of(asked.paid)).tolist()
        sources += [(arcs.fee_firm[at], arcs.tail[at]) for at in paid]
        ways = Ways(asked.firms, asked.nodes, arcs, usable, asked.bound)
        mask = ways.live(sources, sinks, [both for _, both in asked.swaps])
        self.flows, self.balances = ways.flows(mask), ways.pairs(mask)
        live = set(self.balances)
        self.kept = [number for number, pair in enumerate(asked.lifts) if pair in live]
        self.sales = [
            (firm, market.name)
            for market in markets
            for firm in market.sellers
            if (firm, market.node) in live
        ]
        self.stores = self._stores(asked.storages, ways, live)
        self.handovers = [
            Handover(name, giver, receiver, node, weight)
            for name, both in asked.swaps
            for giver, receiver, nodes, weight in both
            for node in ways.nodes
            if (giver, node) in live and (receiver, node) in live and (not nodes or node in nodes)
        ]
        beyond = sorted(set(asked.duties.keys) - live)
        if beyond:
            self.balances = sorted((*self.balances, *beyond))
        self._number(asked)

    def _stores(self, storages: Words, ways: Ways, live: set[Pair]) -> list[Pair]:
        """Firms and storages where the firm has gas and access."""
        columns = (storages.texts(name) for name in ("name", "node", "access"))
        return [
            (firm, name)
            for name, node, access in zip(*columns, strict=True)
            for firm in ways.firms
            if (firm, node) in live and (not access or firm in parse_names(access))
        ]

    def _number(self, asked: Asked) -> None:
        place = {pair: number for number, pair in enumerate(self.balances)}
        market = {name: number for number, name in enumerate(self.markets)}
        sale = {pair: number for number, pair in enumerate(self.sales)}
        self.arc = _index(asked.arcs.at[name] for _, name in self.flows)
        self.market = _index(market[name] for _, name in self.sales)
        self.owed = _index(place[pair] for pair in asked.duties.keys)
        conduct, deals = asked.conduct, asked.contracts
        told = zip(conduct.texts("firm"), conduct.texts("market"), strict=True)
        self.adder = _index(sale.get(pair, -1) for pair in told)
        sold = zip(deals.texts("seller"), deals.texts("market"), strict=True)
        sales = _index(sale.get(pair, -1) for pair in sold)
        at_spot = deals.says("pricing", "spot") & deals.truths("destination_clause") & (sales >= 0)
        self.ahead = np.flatnonzero(at_spot), sales[at_spot]


def _index(numbers: Iterable[int]) -> Index:
    return np.array(list(numbers), dtype=np.intp)


def mask_of(told: bytes) -> Mask:
    return np.frombuffer(told, dtype=bool)


_PRUNED: Memory[Pruned] = Memory()


def pruned(asked: Asked) -> Pruned:
    """The columns, worked out unless the same was asked lately."""
    return _PRUNED.get(asked, None, lambda: Pruned(asked))
