"""The tables of a chain by slot, read anew for the certificate.

A slot is one period of one year, numbered year by year and period by period. Arrays run over slots
last; a year that the chain does not name opens and closes nothing.
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import scipy.sparse as sp

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array
from mithaq.equilibrium.columns import Table, table_of
from mithaq.equilibrium.prepared import Memory, remembered
from mithaq.equilibrium.sheet import Sheet

__all__ = [
    "MARKETS",
    "Arcs",
    "Calendar",
    "Deals",
    "Expansion",
    "Markets",
    "Place",
    "always",
    "arcs_of",
    "calendar_of",
    "deals_of",
    "first_given",
    "markets_of",
    "place_of",
]

Row = Mapping[str, Any]
ARCS = ("pipelines", "terminals", "routes")
# Tables that say what markets ask for and who may sell there.
MARKETS = (
    *("markets", "demand_factors", "conduct", "firms", "nodes"),
    *("periods", "years", "availability"),
)


def always(row: Row) -> bool:
    """Whether a row says nothing about years."""
    return math.isnan(row["from_year"]) and math.isnan(row["to_year"])


def first_given(first: Array, second: Array) -> Array:
    """Numbers of the first where they are given, else of the second; 0 where neither is."""
    return np.where(np.isnan(first), np.where(np.isnan(second), 0.0, second), first)


class Calendar:
    """Years and periods of a chain, and what changes with them.

    ``weight`` is d n w of each slot, ``share`` its w, ``money`` its d n; ``year_of`` and
    ``period_of`` are places in ``years`` and ``periods``.
    """

    def __init__(self, chain: Chain) -> None:
        periods = sorted(chain.rows("periods"), key=lambda row: float(row["position"]))
        years = sorted(chain.rows("years"), key=lambda row: float(row["year"]))
        self.periods = [str(row["name"]) for row in periods] or ["year"]
        self.years = [float(row["year"]) for row in years] or [math.nan]
        shares = np.array([row["share"] for row in periods] or [1.0])
        shares = shares / shares.sum()  # given with a few digits
        self.span = np.array([row["span"] for row in years] or [1.0])
        self.discount = np.array([row["discount"] for row in years] or [1.0])
        self.year_of = np.repeat(np.arange(len(self.years)), len(self.periods))
        self.period_of = np.tile(np.arange(len(self.periods)), len(self.years))
        self.share = shares[self.period_of]
        self.money = (self.discount * self.span)[self.year_of]
        self.weight = self.money * self.share
        self.length = len(self.weight)
        self.total = float((self.discount * self.span).sum())
        self.ones = np.ones(self.length)
        self.factors: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in chain.rows("availability"):
            self.factors[row["table"], row["row"]].append(row)

    def name(self, slot: int) -> str:
        """Words for a slot; none where there is one alone."""
        if self.length == 1:
            return ""
        year = self.years[self.year_of[slot]]
        period = self.periods[self.period_of[slot]] if len(self.periods) > 1 else ""
        words = [period, "" if math.isnan(year) else f"{year:g}"]
        return " in " + " ".join(word for word in words if word)

    def open(self, row: Row) -> Array:
        """1 in slots of years in which the row's thing can be used, 0 in others."""
        if always(row):
            return self.ones
        found = np.ones(len(self.years))
        for place, year in enumerate(self.years):
            if row["from_year"] > year or row["to_year"] < year:
                found[place] = 0.0
        return found[self.year_of]

    def matches(self, row: Row) -> Array:
        """1 in the slots that a row of factors speaks of."""
        year, period = row["year"], row["period"]
        same_year = [math.isnan(year) or year == other for other in self.years]
        same_period = [period in ("", other) for other in self.periods]
        both = np.array(same_year)[self.year_of] & np.array(same_period)[self.period_of]
        found: Array = both.astype(float)
        return found

    def available(self, table: str, name: str) -> Array:
        """Factor on a row's capacity, by slot."""
        found = self.ones
        for row in self.factors.get((table, name), ()):
            found = found * np.where(self.matches(row) > 0, row["factor"], 1.0)
        return found


calendar_of = remembered("periods", "years", "availability")(Calendar)


@dataclass(slots=True)
class Place:
    """Numbers for the names of firms, nodes (with their sea sides) and slots."""

    firms: dict[str, int]
    names: list[str]  # of firms
    nodes: dict[str, int]
    country: dict[str, str]

    @classmethod
    def of(cls, chain: Chain) -> Place:
        firms = {row["name"]: at for at, row in enumerate(chain.rows("firms"))}
        country: dict[str, str] = {}
        nodes: dict[str, int] = {}
        for row in chain.rows("nodes"):
            for side in ("", " (liquefied)", " (landed)"):
                nodes[row["name"] + side] = len(nodes)
                country[row["name"] + side] = row["country"] or row["name"]
        return cls(firms, list(firms), nodes, country)

    def mask(self, names: Iterable[str]) -> Array:
        """Which firms are among the names."""
        found = np.zeros(len(self.firms), dtype=bool)
        found[[self.firms[name] for name in names if name in self.firms]] = True
        return found


place_of = remembered("firms", "nodes")(Place.of)


class Arcs:
    """All arcs, stacked: where they lead, what a unit sent costs, who may use them, what fits in.

    ``charge`` is without rents; ``keeps`` the share of what is sent that arrives. ``capacity`` is
    by slot, before anything is built, and infinite for voyages. ``access`` and ``outsider`` (who
    owns nothing of the arc) are by firm. ``end`` says which arcs end at each node: nodes x arcs.
    """

    def __init__(self, chain: Chain, calendar: Calendar, place: Place) -> None:
        parts = [table_of(chain, name) for name in ARCS]
        lines, terminals, legs = parts

        def every(column: str, **absent: float) -> Array:
            """A column of all three tables; a number for those that have none."""
            return np.concatenate(
                [
                    np.full(len(part), absent[name]) if name in absent else part.numbers(column)
                    for name, part in zip(ARCS, parts, strict=True)
                ]
            )

        self.tables = [name for name, part in zip(ARCS, parts, strict=True) for _ in part.rows]
        self.rows = [row for part in parts for row in part.rows]
        self.names = [name for part in parts for name in part.texts("name")]
        self.at = {name: at for at, name in enumerate(self.names)}
        count, firms = len(self.rows), len(place.firms)
        liquefy = [kind == "liquefaction" for kind in terminals.texts("kind")]
        tails = [
            *lines.texts("from"),
            *(
                n if up else f"{n} (landed)"
                for n, up in zip(terminals.texts("node"), liquefy, strict=True)
            ),
            *(f"{node} (liquefied)" for node in legs.texts("from")),
        ]
        heads = [
            *lines.texts("to"),
            *(
                f"{n} (liquefied)" if up else n
                for n, up in zip(terminals.texts("node"), liquefy, strict=True)
            ),
            *(f"{node} (landed)" for node in legs.texts("to")),
        ]
        self.tail = np.array([place.nodes[tail] for tail in tails], dtype=int)
        self.head = np.array([place.nodes[head] for head in heads], dtype=int)
        paid, spent = every("tariff"), every("operating_cost")
        self.cost = first_given(spent, paid)
        self.charge = first_given(paid, spent)
        # Nobody takes a fee or a duty at a terminal.
        for levy in ("transit_fee", "export_duty"):
            self.charge += every(levy, terminals=0.0)
        taken = [bool(firm) for firm in lines.texts("fee_firm")]
        self.in_kind = np.zeros(count)
        self.in_kind[: len(lines)] = np.where(taken, lines.numbers("fee_in_kind"), 0.0)
        self.keeps = (1.0 - every("loss")) * (1.0 - self.in_kind)
        self.third_share = every("third_party_share", routes=1.0)
        size = every("capacity", routes=math.inf)
        self.capacity = np.repeat(size[:, None], calendar.length, axis=1)
        self.available = np.ones((count, calendar.length))
        self.access = np.ones((count, firms), dtype=bool)
        self.outsider = np.ones((count, firms), dtype=bool)
        dated = ~(np.isnan(every("from_year")) & np.isnan(every("to_year")))
        for at in np.flatnonzero(dated).tolist():
            opened = calendar.open(self.rows[at]) > 0
            self.capacity[at] = np.where(opened, self.capacity[at], 0.0)
        for table, name in calendar.factors:
            if table in ARCS:
                self.available[self.at[name]] = calendar.available(table, name)
        told = defaultdict[tuple[str, str], list[int]](list)
        for kind in ("access", "owner"):  # many arcs have the same owners
            texts = [text for part in parts for text in part.texts(kind)]
            for at, text in enumerate(texts):
                if text:
                    told[kind, text].append(at)
        for (kind, text), mine in told.items():
            if kind == "access":
                self.access[mine] = place.mask(parse_names(text))
            else:
                self.outsider[mine] = ~place.mask(parse_shares(text))
        shape = len(place.nodes), count
        self.end = sp.csr_matrix((np.ones(count), (self.head, np.arange(count))), shape)
        self._bind_fringe(chain, place)

    def _bind_fringe(self, chain: Chain, place: Place) -> None:
        """A fringe stays in the countries of its home and of its fields."""
        bound: dict[str, set[str]] = {
            row["name"]: {row["home"]} for row in chain.rows("firms") if row["fringe"]
        }
        for owners, node in map(itemgetter("owners", "node"), chain.rows("fields")):
            for firm in parse_shares(owners):
                if firm in bound:
                    bound[firm].add(place.country[node])
        lands = list(place.country.values())
        inside = np.array([[land in home for land in lands] for home in bound.values()], dtype=bool)
        inside = inside.reshape(len(bound), len(lands)).T
        at = [place.firms[firm] for firm in bound]
        self.access[:, at] &= inside[self.tail] & inside[self.head]


_ARCS: Memory[Arcs] = Memory()


def arcs_of(chain: Chain, calendar: Calendar, place: Place) -> Arcs:
    """The arcs of a chain, read once for all chains that share the tables they stand in."""
    tables = ("pipelines", "terminals", "routes", "availability", "periods", "years", "firms")
    rows = [chain.rows(table) for table in (*tables, "nodes")]
    fringe = {row["name"] for row in chain.rows("firms") if row["fringe"]}
    fields = map(itemgetter("owners", "node"), chain.rows("fields")) if fringe else ()
    bound = tuple(
        (firm, node) for owners, node in fields for firm in parse_shares(owners) if firm in fringe
    )
    key = (*map(id, rows), bound)
    return _ARCS.get(key, rows, lambda: Arcs(chain, calendar, place))


class Markets:
    """All markets, stacked: demand by slot, who may sell; no slope where nobody buys in a slot.

    ``caps`` are the highest prices allowed, infinite where there is none.
    """

    def __init__(self, chain: Chain, calendar: Calendar, place: Place) -> None:
        table = table_of(chain, "markets")
        self.rows, self.names = table.rows, table.texts("name")
        self.at = {name: at for at, name in enumerate(self.names)}
        self.node = np.array([place.nodes[node] for node in table.texts("node")], dtype=int)
        self.reference, price = (
            np.repeat(table.numbers(f"reference_{kind}")[:, None], calendar.length, axis=1)
            for kind in ("quantity", "price")
        )
        bend = table.numbers("elasticity")[:, None]
        self.regulated = ~np.isnan(table.numbers("regulated_price"))
        caps = table.numbers("price_cap")[:, None]
        self.caps = np.where(np.isnan(caps), np.inf, caps)
        self.entitled = np.ones((len(self.rows), len(place.firms)), dtype=bool)
        for at, access in enumerate(table.texts("access")):
            if access:
                self.entitled[at] = place.mask(parse_names(access))
        for factor in chain.rows("demand_factors"):
            mine = [
                at
                for at, row in enumerate(self.rows)
                if factor["market"] in ("", row["name"]) and factor["sector"] in ("", row["sector"])
            ]
            here = np.ix_(np.array(mine, dtype=int), np.flatnonzero(calendar.matches(factor)))
            self.reference[here] *= factor["quantity"]
            price[here] *= factor["price"]
        self.alive = self.reference > 0
        self.slope = -price / (bend * np.where(self.alive, self.reference, math.inf))
        self.choke = price * (1 - 1 / bend)
        lands = np.array([place.country[row["node"]] for row in self.rows], dtype=object)
        for firm in chain.rows("firms"):
            if firm["fringe"]:
                self.entitled[:, place.firms[firm["name"]]] &= lands == firm["home"]
        for market, firm, may_sell in map(
            itemgetter("market", "firm", "may_sell"), chain.rows("conduct")
        ):
            if not may_sell:
                self.entitled[self.at[market], place.firms[firm]] = False
        self.entitled[self.regulated] = False

    def use(self, quantity: Array) -> Array:
        """What a quantity is worth to those who use it: the area under demand."""
        found: Array = (self.choke - self.slope * quantity / 2) * quantity
        return np.where(self.alive, found, 0.0)


@remembered(*MARKETS)
def markets_of(chain: Chain) -> Markets:
    """The markets of a chain, read once for all chains that share the tables they stand in."""
    return Markets(chain, calendar_of(chain), place_of(chain))


class Deals:
    """Gas that a firm owes in a market, by slot: under contract, or because the state says so.

    Contracts come first, in the order of their table; then supply at regulated prices (linear
    demand read at the price that is set). ``onward`` is the number of the firm that gets the gas
    into its own hands, -1 where it is used in the market; ``spot`` says what counts as spot in the
    seller's conduct.
    """

    def __init__(self, chain: Chain) -> None:
        calendar, place, demand = calendar_of(chain), place_of(chain), markets_of(chain)
        table = table_of(chain, "contracts")
        self.rows = table.rows
        market = [demand.at[name] for name in table.texts("market")]
        seller = [place.firms[name] for name in table.texts("seller")]
        bound = table.truths("destination_clause")
        onward = [
            -1 if used or not buyer else place.firms[buyer]
            for used, buyer in zip(bound.tolist(), table.texts("buyer"), strict=True)
        ]
        spot = [pricing == "spot" for pricing in table.texts("pricing")]
        floor = table.numbers("take_or_pay") * table.numbers("annual_quantity")
        sizes = first_given(table.numbers("nominated"), floor)
        self.shape = delivery_shapes(table, calendar, demand.reference[market])
        quantity = [sizes[:, None] * self.shape]
        for at in np.flatnonzero(demand.regulated).tolist():
            row = demand.rows[at]
            alive, slope = demand.alive[at], demand.slope[at]
            left = np.where(alive, demand.choke[at] - row["regulated_price"], 0.0)
            total = np.maximum(left, 0.0) / np.where(alive, slope, 1.0)
            for firm, share in parse_shares(row["supplier"]).items():
                market.append(at)
                seller.append(place.firms[firm])
                onward.append(-1)
                spot.append(False)
                quantity.append(share * total[None])
        self.quantity = np.concatenate(quantity)
        self.market, self.seller = np.array(market, dtype=int), np.array(seller, dtype=int)
        self.onward, self.spot = np.array(onward, dtype=int), np.array(spot, dtype=bool)
        self.chosen = [at for at, row in enumerate(self.rows) if row["nomination"] == "buyer"]
        self._sum(len(demand.rows), len(place.firms))

    def _sum(self, markets: int, firms: int) -> None:
        """Deliveries owed to each market, and those among them at its price, by seller."""
        slots = self.quantity.shape[1]
        self.ahead, self.at_spot = np.zeros((markets, slots)), np.zeros((markets, firms, slots))
        used = self.onward < 0
        np.add.at(self.ahead, self.market[used], self.quantity[used])
        used &= self.spot
        np.add.at(self.at_spot, (self.market[used], self.seller[used]), self.quantity[used])

    def with_taken(self, taken: Sheet) -> Deals:
        """The same with what buyers who nominate chose to take."""
        if not self.chosen:
            return self
        found = copy.copy(self)
        found.quantity = self.quantity.copy()
        for at in self.chosen:
            slots = self.quantity.shape[1]
            found.quantity[at] = taken.series(slots, self.rows[at]["name"])
        found._sum(*self.at_spot.shape[:2])
        return found


deals_of = remembered("contracts", *MARKETS)(Deals)


def delivery_shapes(table: Table, calendar: Calendar, reference: Array) -> Array:
    """Deliveries of contracts by slot in terms of their yearly quantity.

    ``reference`` is demand at the reference price in each contract's market, by slot.
    """
    # Gas that has to be used in the market is not brought where nobody uses any.
    bound = table.truths("destination_clause")
    found = np.where((reference > 0) | ~bound[:, None], 1.0, 0.0)
    shape = len(table), len(calendar.years), len(calendar.periods)
    by_year = (calendar.share * reference).reshape(shape)
    mean = np.repeat(by_year.sum(axis=2), len(calendar.periods), axis=1)
    follows = np.array([profile == "demand" for profile in table.texts("profile")], dtype=bool)
    follows = follows[:, None] & (mean > 0)
    found = np.where(follows, reference / np.where(follows, mean, 1.0), found)
    for at, row in enumerate(table.rows):
        if not always(row):
            found[at] *= calendar.open(row)
    return found


@dataclass(slots=True)
class Expansion:
    """What may be built onto one asset, and in which slots what each year decides is there."""

    row: Row
    firms: Mapping[str, float]  # who decides and for which share of the asset; "" for all owners
    unit_cost: Array  # by year of decision, in present value, salvage taken off
    active: Array  # year of decision x slot
    may: Array  # by year of decision: 1 where it may be decided

    @classmethod
    def of(cls, row: Row, asset: Row, calendar: Calendar) -> Expansion:
        years = np.array([0.0 if math.isnan(y) else y for y in calendar.years])
        begins = years + row["lag"]
        lasts = math.inf if math.isnan(row["lifetime"]) else float(row["lifetime"])
        in_use = (years >= begins[:, None]) & (years < (begins + lasts)[:, None])
        horizon = years[-1] + calendar.span[-1]
        if math.isinf(lasts):
            left = np.ones(len(years))
        else:
            left = np.clip((begins + lasts - horizon) / lasts, 0.0, 1.0)
        # What comes back does so at the end, so it counts as the last year does.
        unit = row["cost"] * (calendar.discount - row["salvage"] * left * calendar.discount[-1])
        may = ~((row["first_year"] > years) | (row["last_year"] < years))
        named = parse_shares(asset["owners"]) if row["table"] == "fields" else {"": 1.0}
        active = in_use[:, calendar.year_of] * calendar.open(asset)
        return cls(row, named, unit, active, may.astype(float))
