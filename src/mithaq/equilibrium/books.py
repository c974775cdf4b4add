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
from mithaq.equilibrium import columns
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.columns import ArcWords, Table, Words, countries, from_words, table_of
from mithaq.equilibrium.network import curves, deliveries, regulated_supply
from mithaq.equilibrium.prepared import Memory, remembered

__all__ = [
    "ASSETS",
    "Owned",
    "Traders",
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


def prices_and_costs(table: Table | columns.Arcs, price: str, cost: str) -> tuple[Array, Array]:
    """What users pay and what it costs; each stands in for the other where it is empty."""
    paid, spent = table.numbers(price), table.numbers(cost)
    paid = np.where(np.isnan(paid), np.where(np.isnan(spent), 0.0, spent), paid)
    return paid, np.where(np.isnan(spent), paid, spent)


def price_and_cost(row: Row, price: str, cost: str) -> tuple[float, float]:
    """The same of one asset."""
    paid, spent = prices_and_costs(Table([row]), price, cost)
    return float(paid[0]), float(spent[0])


def firms_of(chain: Chain) -> dict[str, int]:
    """Number of each firm."""
    return table_of(chain, "firms").at


class Owned:
    """Assets with their owners, asset by asset: ``parties`` by name, and the ``share`` of each.

    ``asset`` is the number of the asset of each, ``at`` that of an asset by name, ``whole`` the sum
    of the shares in each, which is 1 but for rounding.
    """

    def __init__(self, assets: Words | ArcWords, told: Iterable[tuple[str, str, str]]) -> None:
        # Owner as the table says, noun and name of each asset.
        held = [parse_shares(owner or f"operator of {noun} {name}") for owner, noun, name in told]
        self.at = assets.at
        self.parties = [party for owners in held for party in owners]
        self.owner = np.arange(len(self.parties))
        self.asset = np.repeat(np.arange(len(held)), [len(owners) for owners in held])
        self.share = np.array([share for owners in held for share in owners.values()])
        self.whole = np.array([sum(owners.values()) for owners in held], dtype=float)


class Takers(Owned):
    """Who is paid for each arc: owners, and what states take fee and duty.

    On lines and legs it is the state that is named, else that where they begin; none at terminals.
    """

    def __init__(self, told: ArcWords, nodes: Words) -> None:
        nouns = [noun for name, noun in ARCS for _ in range(len(told.parts[name]))]
        super().__init__(told, zip(told.texts("owner"), nouns, told.names, strict=True))
        # Treasuries of all nodes stand after the owners, then those that are named, then nobody.
        first = len(self.parties)
        self.parties += map(treasury, countries(nodes))
        takers: list[list[Array]] = [[], []]
        for name, part in told.parts.items():
            for column, found in zip(("fee_receiver", "duty_receiver"), takers, strict=True):
                if name == "terminals":
                    found.append(np.full(len(part), -1))
                    continue
                taker = first + part.places("from", nodes)
                for at, receiver in enumerate(part.texts(column)):
                    if receiver:
                        taker[at] = len(self.parties)
                        self.parties.append(treasury(receiver))
                found.append(taker)
        self.parties.append("")
        self.fee_to, self.duty_to = (np.concatenate(found) for found in takers)


_TAKERS: Memory[Takers] = Memory()


class Arcs:
    """What is paid for a unit sent on each arc, and to whom, as in ``Takers``."""

    def __init__(self, chain: Chain) -> None:
        told = columns.arcs_of(chain)
        held = told.words, table_of(chain, "nodes").words
        takers = _TAKERS.get(tuple(map(id, held)), held, lambda: Takers(*held))
        self.owned, self.parties = takers, takers.parties
        self.tariff, self.cost = prices_and_costs(told, "tariff", "operating_cost")
        self.fee, self.duty = (
            told.numbers(n, terminals=0.0) for n in ("transit_fee", "export_duty")
        )
        self.at, self.table, self.rows = told.at, told.tables, told.rows

    def foreign(self, firm: str, arc: str) -> bool:
        """Whether a firm owns nothing of an arc."""
        owner = self.rows[self.at[arc]]["owner"]
        return not owner or firm not in parse_shares(owner)


arcs_of = remembered("pipelines", "terminals", "routes", "nodes")(Arcs)


@from_words("storages")
def _owned_stores(stores: Words) -> Owned:
    nouns = ["storage"] * len(stores)
    return Owned(stores, zip(stores.texts("owner"), nouns, stores.texts("name"), strict=True))


class Stores:
    """What is paid for a unit put into each storage and taken out of it: ``price`` and ``cost``.

    The rest is as in ``Owned``.
    """

    def __init__(self, chain: Chain) -> None:
        table, owned = table_of(chain, "storages"), _owned_stores(chain)
        self.owned, self.at, self.parties = owned, owned.at, owned.parties
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

    def __init__(self, fields: Words, nodes: Words) -> None:
        names, places = fields.texts("name"), fields.texts("node")
        pieces = [
            (at, firm, share)
            for at, owners in enumerate(fields.texts("owners"))
            for firm, share in parse_shares(owners).items()
        ]
        self.field = np.array([at for at, _, _ in pieces], dtype=np.intp)
        self.share = np.array([share for _, _, share in pieces])
        self.at = {(firm, names[at]): number for number, (at, firm, _) in enumerate(pieces)}
        self.node = [(firm, places[at]) for at, firm, _ in pieces]
        self.firm = np.arange(len(pieces))
        country = countries(nodes)
        told = zip(fields.texts("host"), fields.places("node", nodes).tolist(), strict=True)
        self.parties = [firm for _, firm, _ in pieces]
        self.parties += [treasury(host or country[node]) for host, node in told]
        self.host = len(pieces) + self.field


_slices_of = from_words("fields", "nodes")(Slices)


class Fields:
    """Slices of fields with what each costs and pays its host: arrays over slices.

    ``size`` is capacity by slot where cost depends on it, before anything is built.
    """

    def __init__(self, chain: Chain) -> None:
        calendar, table, self.slices = (
            calendar_of(chain),
            table_of(chain, "fields"),
            _slices_of(chain),
        )
        field, share = self.slices.field, self.slices.share
        columns = ("a", "b", "g", "royalty", "profit_share", "entry_payment", "discovery_cost")
        self.a, b, self.g, self.royalty, self.profit_share, entry, search = (
            table.numbers(name).take(field) for name in columns
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


class Traders:
    """Who buys and sells under which contract, and who uses the gas; parties as in ``Takers``.

    Parties are users of each market, firms, and whoever buys under each contract. ``at`` is the
    number of each market, ``used`` says of which contracts the gas is used there.
    """

    def __init__(self, deals: Words, markets: Words, firms: Words, nodes: Words) -> None:
        country = countries(nodes)
        here = [country[at] for at in markets.places("node", nodes).tolist()]
        self.users = np.arange(len(markets))
        first = len(markets)
        self.parties = [*map(consumers, here), *firms.texts("name")]
        self.market = deals.places("market", markets)
        self.seller = first + deals.places("seller", firms)
        self.buyer = len(self.parties) + np.arange(len(deals))
        buyers = zip(deals.texts("buyer"), self.market.tolist(), strict=True)
        self.parties += [buyer or f"buyers in {here[at]}" for buyer, at in buyers]
        self.chosen = np.flatnonzero(deals.says("nomination", "buyer")).tolist()
        self.used, self.at = deals.truths("destination_clause"), markets.at
        # Who is obliged to supply markets, and with which share.
        supply = [
            (at, first + firms.at[firm], share)
            for at, supplier in enumerate(markets.texts("supplier"))
            for firm, share in parse_shares(supplier).items()
        ]
        places, suppliers, shares = zip(*supply, strict=True) if supply else ((), (), ())
        self.supplied = np.array(places, dtype=np.intp)
        self.supplier = np.array(suppliers, dtype=np.intp)
        self.supplier_share = np.array(shares, dtype=float)


_traders_of = from_words("contracts", "markets", "firms", "nodes")(Traders)


class Sales:
    """Demand (slots x markets; 0 where nobody buys), regulated supply, and contracts.

    Of a contract: its market, seller and buyer, what is delivered (slots x contracts), price, and
    whether it is at the market's price or used in the market.
    """

    def __init__(self, chain: Chain) -> None:
        self.told = told = _traders_of(chain)
        markets, deals = table_of(chain, "markets"), table_of(chain, "contracts")
        self.at = markets.at
        self.choke, self.slope = (
            np.where(np.isnan(curve), 0.0, curve).T for curve in curves(chain)
        )
        self.users, self.parties, self.market = told.users, told.parties, told.market
        self.seller, self.buyer, self.chosen = told.seller, told.buyer, told.chosen
        self.obliged = np.ascontiguousarray(regulated_supply(chain).T)
        self.supplied, self.supplier = told.supplied, told.supplier
        price = markets.numbers("regulated_price")[told.supplied]
        self.supply_price = price * told.supplier_share
        # Nothing is sold under contract where the price is regulated.
        self.deals = deals.rows
        self.delivered = deliveries(chain).T
        self.price = deals.numbers("price")
        self.at_spot = deals.says("pricing", "spot")
        self.used = told.used


sales_of = remembered(
    *("markets", "contracts", "nodes", "firms", "demand_factors", "periods", "years"),
    "availability",
)(Sales)
