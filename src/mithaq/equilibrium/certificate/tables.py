"""The tables of a chain by slot, read anew for the certificate.

A slot is one period of one year, numbered year by year and period by period. Arrays run over slots
last; a year that the chain does not name opens and closes nothing.
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array
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
    "arcs_of",
    "calendar_of",
    "deals_of",
    "ever",
    "given",
    "markets_of",
    "place_of",
]

Row = Mapping[str, Any]
# Tables that say what markets ask for and who may sell there.
MARKETS = (
    *("markets", "demand_factors", "conduct", "firms", "nodes"),
    *("periods", "years", "availability"),
)


def ever(row: Row) -> bool:
    """Whether a row says nothing about years."""
    return math.isnan(row["from_year"]) and math.isnan(row["to_year"])


def given(*values: float) -> float:
    """The first of the values that is one; 0 where none is."""
    return float(next((value for value in values if not math.isnan(value)), 0.0))


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
        if ever(row):
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
        return cls(firms, nodes, country)

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
        ends = list(_ends(chain))
        self.tables = [table for table, _, _, _ in ends]
        self.rows = [row for _, row, _, _ in ends]
        self.at = {row["name"]: at for at, row in enumerate(self.rows)}
        count, firms = len(ends), len(place.firms)
        self.tail = np.array([place.nodes[tail] for _, _, tail, _ in ends], dtype=int)
        self.head = np.array([place.nodes[head] for _, _, _, head in ends], dtype=int)
        self.keeps = np.array([1.0 - row["loss"] for row in self.rows])
        self.cost = np.array(
            [given(row["operating_cost"], row["tariff"]) for row in self.rows], dtype=float
        )
        self.charge = np.array([_charge(table, row) for table, row, _, _ in ends], dtype=float)
        self.in_kind = np.array(
            [row["fee_in_kind"] if row.get("fee_firm") else 0.0 for row in self.rows], dtype=float
        )
        self.third_share = np.array([row.get("third_party_share", 1.0) for row in self.rows])
        size = np.array([float(row.get("capacity", math.inf)) for row in self.rows])
        self.capacity = np.repeat(size[:, None], calendar.length, axis=1)
        self.available = np.ones((count, calendar.length))
        self.access = np.ones((count, firms), dtype=bool)
        self.outsider = np.ones((count, firms), dtype=bool)
        for at, (table, row) in enumerate(zip(self.tables, self.rows, strict=True)):
            if (table, row["name"]) in calendar.factors:
                self.available[at] = calendar.available(table, row["name"])
            if not ever(row):
                self.capacity[at] = np.where(calendar.open(row) > 0, self.capacity[at], 0.0)
        told = defaultdict[tuple[str, str], list[int]](list)
        for at, row in enumerate(self.rows):  # many arcs have the same owners
            for kind in ("access", "owner"):
                if row[kind]:
                    told[kind, row[kind]].append(at)
        for (kind, text), mine in told.items():
            if kind == "access":
                self.access[mine] = place.mask(parse_names(text))
            else:
                self.outsider[mine] = ~place.mask(parse_shares(text))
        self.keeps *= 1.0 - self.in_kind
        every = np.arange(count)
        shape = len(place.nodes), count
        self.end = sp.csr_matrix((np.ones(count), (self.head, every)), shape)
        self._bind_fringe(chain, place)

    def _bind_fringe(self, chain: Chain, place: Place) -> None:
        """A fringe stays in the countries of its home and of its fields."""
        bound: dict[str, set[str]] = {
            row["name"]: {row["home"]} for row in chain.rows("firms") if row["fringe"]
        }
        for row in chain.rows("fields"):
            for firm in parse_shares(row["owners"]):
                if firm in bound:
                    bound[firm].add(place.country[row["node"]])
        lands = list(place.country.values())
        for firm, home in bound.items():
            inside = np.array([land in home for land in lands], dtype=bool)
            self.access[:, place.firms[firm]] &= inside[self.tail] & inside[self.head]


def _charge(table: str, row: Row) -> float:
    """What a unit sent costs, before rents."""
    charge = given(row["tariff"], row["operating_cost"])
    return charge if table == "terminals" else charge + row["transit_fee"] + row["export_duty"]


_ARCS: Memory[Arcs] = Memory()


def arcs_of(chain: Chain, calendar: Calendar, place: Place) -> Arcs:
    """The arcs of a chain, read once for all chains that share the tables they stand in."""
    tables = ("pipelines", "terminals", "routes", "availability", "periods", "years", "firms")
    rows = [chain.rows(table) for table in (*tables, "nodes")]
    fringe = {row["name"] for row in chain.rows("firms") if row["fringe"]}
    bound = tuple(
        (firm, row["node"])
        for row in chain.rows("fields")
        for firm in (parse_shares(row["owners"]) if fringe else ())
        if firm in fringe
    )
    key = (*map(id, rows), bound)
    return _ARCS.get(key, rows, lambda: Arcs(chain, calendar, place))


def _ends(chain: Chain) -> Iterator[tuple[str, Row, str, str]]:
    for row in chain.rows("pipelines"):
        yield "pipelines", row, row["from"], row["to"]
    for row in chain.rows("terminals"):
        if row["kind"] == "liquefaction":
            yield "terminals", row, row["node"], f"{row['node']} (liquefied)"
        else:
            yield "terminals", row, f"{row['node']} (landed)", row["node"]
    for row in chain.rows("routes"):
        yield "routes", row, f"{row['from']} (liquefied)", f"{row['to']} (landed)"


class Markets:
    """All markets, stacked: demand by slot, who may sell; no slope where nobody buys in a slot."""

    def __init__(self, chain: Chain, calendar: Calendar, place: Place) -> None:
        self.rows = list(chain.rows("markets"))
        self.at = {row["name"]: at for at, row in enumerate(self.rows)}
        self.node = np.array([place.nodes[row["node"]] for row in self.rows], dtype=int)
        shape = len(self.rows), calendar.length
        self.reference, price = np.zeros(shape), np.zeros(shape)
        bend = np.array([float(row["elasticity"]) for row in self.rows])[:, None]
        regulated = [not math.isnan(row["regulated_price"]) for row in self.rows]
        self.regulated = np.array(regulated, dtype=bool)
        self.entitled = np.ones((len(self.rows), len(place.firms)), dtype=bool)
        for at, row in enumerate(self.rows):
            self.reference[at], price[at] = row["reference_quantity"], row["reference_price"]
            if row["access"]:
                self.entitled[at] = place.mask(parse_names(row["access"]))
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
        for row in chain.rows("conduct"):
            if not row["may_sell"]:
                self.entitled[self.at[row["market"]], place.firms[row["firm"]]] = False
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
        self.rows = chain.rows("contracts")
        found: list[tuple[int, str, str, bool]] = []  # market, seller, onward, spot
        sizes = []
        for row in self.rows:
            at = demand.at[row["market"]]
            onward = "" if row["destination_clause"] else row["buyer"]
            found.append((at, row["seller"], onward, row["pricing"] == "spot"))
            sizes.append(given(row["nominated"], row["take_or_pay"] * row["annual_quantity"]))
        reference = demand.reference[[at for at, _, _, _ in found]]
        self.shape = delivery_shapes(self.rows, calendar, reference)
        quantity = [np.array(sizes)[:, None] * self.shape]
        for at in np.flatnonzero(demand.regulated).tolist():
            row = demand.rows[at]
            alive, slope = demand.alive[at], demand.slope[at]
            left = np.where(alive, demand.choke[at] - row["regulated_price"], 0.0)
            total = np.maximum(left, 0.0) / np.where(alive, slope, 1.0)
            for firm, share in parse_shares(row["supplier"]).items():
                found.append((at, firm, "", False))
                quantity.append(share * total[None])
        self.quantity = np.concatenate(quantity)
        self.market = np.array([at for at, _, _, _ in found], dtype=int)
        self.seller = np.array([place.firms[firm] for _, firm, _, _ in found], dtype=int)
        self.onward = np.array(
            [place.firms[firm] if firm else -1 for _, _, firm, _ in found], dtype=int
        )
        self.spot = np.array([spot for _, _, _, spot in found], dtype=bool)
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


def delivery_shapes(rows: Sequence[Row], calendar: Calendar, reference: Array) -> Array:
    """Deliveries of contracts by slot in terms of their yearly quantity.

    ``reference`` is demand at the reference price in each contract's market, by slot.
    """
    # Gas that has to be used in the market is not brought where nobody uses any.
    bound = np.array([row["destination_clause"] for row in rows], dtype=bool)
    found = np.where((reference > 0) | ~bound[:, None], 1.0, 0.0)
    shape = len(rows), len(calendar.years), len(calendar.periods)
    by_year = (calendar.share * reference).reshape(shape)
    mean = np.repeat(by_year.sum(axis=2), len(calendar.periods), axis=1)
    follows = np.array([row["profile"] == "demand" for row in rows], dtype=bool)
    follows = follows[:, None] & (mean > 0)
    found = np.where(follows, reference / np.where(follows, mean, 1.0), found)
    for at, row in enumerate(rows):
        if not ever(row):
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
