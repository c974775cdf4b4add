"""Who pays whom for what, as the tables of a chain say it: kept for all chains that share them.

Money itself is worked out in ``payoffs``; here stand the parties, by number, and the prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.network import curves, deliveries, regulated_supply
from mithaq.equilibrium.prepared import remembered

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


def price_and_cost(row: Row, price: str, cost: str) -> tuple[float, float]:
    """What users pay and what it costs; each stands in for the other where it is empty."""
    paid, spent = row[price], row[cost]
    if math.isnan(paid):
        paid = 0.0 if math.isnan(spent) else spent
    return float(paid), float(paid if math.isnan(spent) else spent)


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
        rows = [(table, noun, row) for table, noun in ARCS for row in chain.rows(table)]
        super().__init__({row["name"]: owners_of(row, noun) for _, noun, row in rows}, Names())
        money = [price_and_cost(row, "tariff", "operating_cost") for _, _, row in rows]
        self.tariff, self.cost = np.array(money, dtype=float).reshape(-1, 2).T
        country = _country(chain)
        levies = []
        for table, _, row in rows:
            if table == "terminals":
                levies.append((0.0, 0.0, "", ""))
                continue
            here = country[row["from"]]
            fee, duty = (treasury(row[f"{kind}_receiver"] or here) for kind in ("fee", "duty"))
            levies.append((row["transit_fee"], row["export_duty"], fee, duty))
        self.fee = np.array([levy[0] for levy in levies], dtype=float)
        self.duty = np.array([levy[1] for levy in levies], dtype=float)
        self.fee_to = self.parties.numbers(levy[2] for levy in levies)
        self.duty_to = self.parties.numbers(levy[3] for levy in levies)
        self.table = {row["name"]: table for table, _, row in rows}
        self.rows = [row for _, _, row in rows]

    def foreign(self, firm: str, arc: str) -> bool:
        """Whether a firm owns nothing of an arc."""
        owner = self.rows[self.at[arc]]["owner"]
        return not owner or firm not in parse_shares(owner)


arcs_of = remembered("pipelines", "terminals", "routes", "nodes")(Arcs)


class Stores(Owned):
    """What is paid for a unit put into each storage and taken out of it: ``price`` and ``cost``."""

    def __init__(self, chain: Chain) -> None:
        rows = chain.rows("storages")
        super().__init__({row["name"]: owners_of(row, "storage") for row in rows}, Names())
        self.price: dict[str, Array] = {}
        self.cost: dict[str, Array] = {}
        for kind in ("injection", "withdrawal"):
            money = [price_and_cost(row, f"{kind}_tariff", f"{kind}_cost") for row in rows]
            self.price[kind], self.cost[kind] = np.array(money, dtype=float).reshape(-1, 2).T


stores_of = remembered("storages")(Stores)


class Fields:
    """Slices of fields, one an owner, with what each pays its host: arrays over slices.

    ``size`` is capacity by slot where cost depends on it; nothing can be built there.
    """

    def __init__(self, chain: Chain) -> None:
        calendar, country = calendar_of(chain), _country(chain)
        rows = [
            (row, firm, share)
            for row in chain.rows("fields")
            for firm, share in parse_shares(row["owners"]).items()
        ]
        self.parties = Names()
        self.keys = [(firm, row["name"]) for row, firm, _ in rows]
        self.at = {key: number for number, key in enumerate(self.keys)}
        self.node = [(firm, row["node"]) for row, firm, _ in rows]
        self.firm = self.parties.numbers(firm for _, firm, _ in rows)
        hosts = [treasury(row["host"] or country[row["node"]]) for row, _, _ in rows]
        self.host = self.parties.numbers(hosts)
        names = ("a", "b", "g", "royalty", "profit_share", "entry_payment", "discovery_cost")
        numbers = [[float(row[name]) for name in names] for row, _, _ in rows]
        columns = np.array(numbers).reshape(-1, len(names)).T
        self.share = np.array([share for _, _, share in rows])
        self.a, self.b, self.g, self.royalty, self.profit_share = columns[:5]
        self.b = self.b / self.share
        self.entry, self.search = columns[5:] * self.share
        size = np.zeros((len(rows), calendar.count))
        for number, (row, _, share) in enumerate(rows):
            if row["g"] < 0:
                size[number] = calendar.usable("fields", row, share * row["capacity"])
        self.size = size


fields_of = remembered(
    *("fields", "nodes", "periods", "years", "availability", "demand_factors", "markets")
)(Fields)


class Sales:
    """Demand (slots x markets; 0 where nobody buys), regulated supply, and contracts.

    Of a contract: its market, seller and buyer, what is delivered (slots x contracts), price, and
    whether it is at the market's price or used in the market.
    """

    def __init__(self, chain: Chain) -> None:
        country, demand = _country(chain), curves(chain)
        rows = chain.rows("markets")
        self.parties = Names()
        self.at = {row["name"]: number for number, row in enumerate(rows)}
        slots = calendar_of(chain).count
        both = np.array([demand[row["name"]] for row in rows]).reshape(len(rows), 2, slots)
        self.choke, self.slope = np.nan_to_num(both).transpose(1, 2, 0)
        here = [country[row["node"]] for row in rows]
        self.users = self.parties.numbers(map(consumers, here))
        self.free = np.array([math.isnan(row["regulated_price"]) for row in rows], dtype=bool)
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
        deals = [row for row in chain.rows("contracts") if self.free[self.at[row["market"]]]]
        self.deals = deals
        self.market = np.array([self.at[row["market"]] for row in deals], dtype=np.intp)
        self.seller = self.parties.numbers(row["seller"] for row in deals)
        self.buyer = self.parties.numbers(
            row["buyer"] or f"buyers in {here[at]}"
            for row, at in zip(deals, self.market.tolist(), strict=True)
        )
        brought = deliveries(chain)
        quantity = [brought[row["name"]] for row in deals]
        self.delivered = np.array(quantity).reshape(len(deals), slots).T
        self.price = np.array([row["price"] for row in deals], dtype=float)
        self.at_spot = np.array([row["pricing"] == "spot" for row in deals], dtype=bool)
        self.used = np.array([row["destination_clause"] for row in deals], dtype=bool)
        self.chosen = [at for at, row in enumerate(deals) if row["nomination"] == "buyer"]


sales_of = remembered(
    *("markets", "contracts", "nodes", "demand_factors", "periods", "years", "availability")
)(Sales)
