"""Who pays whom for what, as the tables of a chain say it: kept for all chains that share them.

Money itself is worked out in ``payoffs``; here stand the parties, by number, and the prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.columns import Table, table_of
from mithaq.equilibrium.network import deliveries, regulated_supply
from mithaq.equilibrium.prepared import Memory, remembered

__all__ = [
    "ASSETS",
    "Names",
    "arcs_of",
    "consumers",
    "fields_of",
    "firms_of",
    "owners_of",
    "price_and_cost",
    "sales_of",
    "stores_of",
    "treasury",
]

Array = NDArray[Any]
Row = Mapping[str, Any]
ARCS = (("pipelines", "line"), ("terminals", "terminal"), ("routes", "leg"))
ASSETS = (*ARCS, ("storages", "storage"))


def treasury(country: str) -> str:
    """Party that receives what a state levies."""
    return f"treasury of {country}"


def consumers(country: str) -> str:
    """Party of those who burn the gas in a country."""
    return f"consumers in {country}"


def owners_of(row: Row, noun: str) -> Mapping[str, float]:
    """Owners of an asset by share; one that nobody is named for has an operator of its own."""
    return parse_shares(row["owner"] or f"operator of {noun} {row['name']}")


def _owners_of(table: Table, noun: str) -> list[Mapping[str, float]]:
    """The same for all assets of a table."""
    told = zip(table.texts("owner"), table.texts("name"), strict=True)
    return [parse_shares(owner or f"operator of {noun} {name}") for owner, name in told]


def prices_and_costs(table: Table, price: str, cost: str) -> Array:
    """What users pay and what it costs; each stands in for the other where it is empty."""
    paid, spent = table.numbers(price), table.numbers(cost)
    paid = np.where(np.isnan(paid), np.nan_to_num(spent), paid)
    return np.stack([paid, np.where(np.isnan(spent), paid, spent)])


def price_and_cost(row: Row, price: str, cost: str) -> tuple[float, float]:
    """The same of one asset."""
    paid, spent = prices_and_costs(Table([row]), price, cost)[:, 0].tolist()
    return paid, spent


@remembered("nodes")
def _country(chain: Chain) -> dict[str, str]:
    """Country of each node."""
    return {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}


class Names(dict[str, int]):
    """Names, numbered in the order in which they are first asked for."""

    def __missing__(self, name: str) -> int:
        self[name] = len(self)
        return self[name]

    def numbers(self, names: Iterable[str]) -> Array:
        """The number of each name."""
        return np.array([self[name] for name in names], dtype=np.intp)


@remembered("firms")
def firms_of(chain: Chain) -> dict[str, int]:
    """Number of each firm."""
    return {row["name"]: number for number, row in enumerate(chain.rows("firms"))}


class Owned:
    """Assets with their owners: ``owner`` and ``share`` of pairs, asset by asset.

    ``at`` is the number of each asset, ``parties`` those of all parties that are named.
    """

    def __init__(self, owners: Mapping[str, Mapping[str, float]], parties: Names) -> None:
        self.parties = parties
        self.at = {name: number for number, name in enumerate(owners)}
        self.count = np.array([len(held) for held in owners.values()], dtype=np.intp)
        self.first = np.cumsum(self.count) - self.count
        self.owner = parties.numbers(party for held in owners.values() for party in held)
        self.share = np.array([share for held in owners.values() for share in held.values()])

    def pairs(self, assets: Array) -> tuple[Array, Array, Array]:
        """Of uses of assets, one for each owner: number of the use, owner and share."""
        count = self.count[assets]
        use = np.repeat(np.arange(len(assets)), count)
        nth = np.arange(len(use)) - np.repeat(np.cumsum(count) - count, count)
        pair = self.first[assets][use] + nth
        return use, self.owner[pair], self.share[pair]


class Arcs(Owned):
    """What is paid for a unit sent on each arc.

    A state takes fee and duty on lines and legs, at terminals nobody.
    """

    def __init__(self, chain: Chain) -> None:
        parts = [(name, noun, table_of(chain, name)) for name, noun in ARCS]
        owners: dict[str, Mapping[str, float]] = {}
        for _, noun, part in parts:
            owners |= zip(part.texts("name"), _owners_of(part, noun), strict=True)
        super().__init__(owners, Names())
        country = _country(chain)
        money, levies, receivers = [], [], []
        for name, _, part in parts:
            money.append(prices_and_costs(part, "tariff", "operating_cost"))
            if name == "terminals":
                levies.append(np.zeros((2, len(part))))
                receivers.append(np.full((2, len(part)), self.parties[""]))
                continue
            levies.append(np.stack([part.numbers(levy) for levy in ("transit_fee", "export_duty")]))
            homes = [country[node] for node in part.texts("from")]
            told = [
                [said or home for said, home in zip(part.texts(column), homes, strict=True)]
                for column in ("fee_receiver", "duty_receiver")
            ]
            party = {land: self.parties[treasury(land)] for both in told for land in both}
            receivers.append(np.array([[party[land] for land in both] for both in told]))
        self.tariff, self.cost = np.concatenate(money, axis=1)
        self.fee, self.duty = np.concatenate(levies, axis=1)
        self.fee_to, self.duty_to = np.concatenate(receivers, axis=1).astype(np.intp)
        self.table = {name: table for table, _, part in parts for name in part.texts("name")}
        self.rows = [row for _, _, part in parts for row in part.rows]

    def foreign(self, firm: str, arc: str) -> bool:
        """Whether a firm owns nothing of an arc."""
        owner = self.rows[self.at[arc]]["owner"]
        return not owner or firm not in parse_shares(owner)


arcs_of = remembered("pipelines", "terminals", "routes", "nodes")(Arcs)


class Stores(Owned):
    """What is paid for a unit put into each storage and taken out of it: ``price`` and ``cost``."""

    def __init__(self, chain: Chain) -> None:
        table = table_of(chain, "storages")
        owners = zip(table.texts("name"), _owners_of(table, "storage"), strict=True)
        super().__init__(dict(owners), Names())
        self.price: dict[str, Array] = {}
        self.cost: dict[str, Array] = {}
        for kind in ("injection", "withdrawal"):
            names = f"{kind}_tariff", f"{kind}_cost"
            self.price[kind], self.cost[kind] = prices_and_costs(table, *names)


stores_of = remembered("storages")(Stores)


class Slices:
    """Slices of fields, one an owner: whose, where, and who levies; parties as in ``Arcs``.

    ``field`` is the number of each slice's field, ``at`` the slice's own by firm and field.
    """

    def __init__(self, table: Table, country: Mapping[str, str]) -> None:
        names, nodes = table.texts("name"), table.texts("node")
        pieces = [
            (at, firm, share)
            for at, owners in enumerate(table.texts("owners"))
            for firm, share in parse_shares(owners).items()
        ]
        self.field = np.array([at for at, _, _ in pieces], dtype=np.intp)
        self.share = np.array([share for _, _, share in pieces])
        self.at = {(firm, names[at]): number for number, (at, firm, _) in enumerate(pieces)}
        self.node = [(firm, nodes[at]) for at, firm, _ in pieces]
        self.parties = Names()
        self.firm = self.parties.numbers(firm for _, firm, _ in pieces)
        told = zip(table.texts("host"), nodes, strict=True)
        hosts = [treasury(host or country[node]) for host, node in told]
        self.host = self.parties.numbers(hosts)[self.field]


_SLICES: Memory[Slices] = Memory()


class Fields:
    """Slices of fields with what each costs and pays its host: arrays over slices.

    ``size`` is capacity by slot where cost depends on it; nothing can be built there.
    """

    def __init__(self, chain: Chain) -> None:
        calendar, country = calendar_of(chain), _country(chain)
        table = table_of(chain, "fields")
        # Fields that differ in numbers alone have the same slices.
        said = (tuple(table.texts(name)) for name in ("name", "node", "owners", "host"))
        key = (id(country), *said)
        self.slices = _SLICES.get(key, country, lambda: Slices(table, country))
        field, share = self.slices.field, self.slices.share
        columns = ("a", "b", "g", "royalty", "profit_share", "entry_payment", "discovery_cost")
        self.a, b, self.g, self.royalty, self.profit_share, entry, search = (
            table.numbers(name)[field] for name in columns
        )
        self.b, self.entry, self.search = b / share, entry * share, search * share
        self.size = np.zeros((len(field), calendar.count))
        bent = np.flatnonzero(self.g < 0)
        if len(bent):
            size = calendar.all_usable("fields", table, table.numbers("capacity"))
            self.size[bent] = share[bent, None] * size[field[bent]]


fields_of = remembered(
    *("fields", "nodes", "periods", "years", "availability", "demand_factors", "markets")
)(Fields)


class Sales:
    """Demand (slots x markets; 0 where nobody buys), regulated supply, and contracts.

    Of a contract: its market, seller and buyer, what is delivered (slots x contracts), price, and
    whether it is at the market's price or used in the market.
    """

    def __init__(self, chain: Chain) -> None:
        country, calendar = _country(chain), calendar_of(chain)
        markets = table_of(chain, "markets")
        rows = markets.rows
        self.parties = Names()
        self.at = {name: number for number, name in enumerate(markets.texts("name"))}
        slots = calendar.count
        self.choke, self.slope = (np.nan_to_num(m.T) for m in calendar.all_demand(markets))
        here = [country[node] for node in markets.texts("node")]
        self.users = self.parties.numbers(map(consumers, here))
        self.free = np.isnan(markets.numbers("regulated_price"))
        total = regulated_supply(chain)
        self.obliged = np.zeros((slots, len(rows)))
        supply = []  # market, supplier, share, price
        for number, row in enumerate(rows):
            if not self.free[number]:
                self.obliged[:, number] = total[row["name"]]
                for firm, share in parse_shares(row["supplier"]).items():
                    supply.append((number, firm, row["regulated_price"] * share))
        self.supplied = np.array([number for number, _, _ in supply], dtype=np.intp)
        self.supplier = self.parties.numbers(firm for _, firm, _ in supply)
        self.supply_price = np.array([price for _, _, price in supply], dtype=float)
        deals = table_of(chain, "contracts")  # none with a market whose price is regulated
        self.deals = deals.rows
        market = [self.at[name] for name in deals.texts("market")]
        self.market = np.array(market, dtype=np.intp)
        self.seller = self.parties.numbers(deals.texts("seller"))
        self.buyer = self.parties.numbers(
            buyer or f"buyers in {here[at]}"
            for buyer, at in zip(deals.texts("buyer"), market, strict=True)
        )
        brought = list(deliveries(chain).values())
        self.delivered = np.array(brought).reshape(len(deals), slots).T
        self.price = deals.numbers("price")
        self.at_spot = np.array([p == "spot" for p in deals.texts("pricing")], dtype=bool)
        self.used = deals.truths("destination_clause")
        self.chosen = [at for at, n in enumerate(deals.texts("nomination")) if n == "buyer"]


sales_of = remembered(
    *("markets", "contracts", "nodes", "demand_factors", "periods", "years", "availability")
)(Sales)
