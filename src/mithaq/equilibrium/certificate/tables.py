"""The tables of a chain by slot, read anew for the certificate.

A slot is one period of one year, numbered year by year and period by period. Arrays run over slots
last; a year that the chain does not name opens and closes nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array
from mithaq.equilibrium.prepared import Memory

__all__ = [
    "Arcs",
    "Calendar",
    "Deal",
    "Expansion",
    "Markets",
    "Place",
    "arcs_of",
    "given",
    "owed",
]

Row = Mapping[str, Any]


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
        if math.isnan(row["from_year"]) and math.isnan(row["to_year"]):
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


class Arcs:
    """All arcs, stacked: where they lead, what a unit sent costs, who may use them, what fits in.

    ``charge`` is without rents; ``keeps`` the share of what is sent that arrives. ``capacity`` is
    by slot, before anything is built, and infinite for voyages. ``access`` and ``outsider`` (who
    owns nothing of the arc) are by firm.
    """

    def __init__(self, chain: Chain, calendar: Calendar, place: Place) -> None:
        ends = list(_ends(chain))
        self.tables = [table for table, _, _, _ in ends]
        self.rows = [row for _, row, _, _ in ends]
        self.at = {row["name"]: at for at, row in enumerate(self.rows)}
        count, firms = len(ends), len(place.firms)
        self.tail = np.array([place.nodes[tail] for _, _, tail, _ in ends], dtype=int)
        self.head = np.array([place.nodes[head] for _, _, _, head in ends], dtype=int)
        self.charge = np.zeros(count)
        self.keeps = np.array([1.0 - row["loss"] for row in self.rows])
        self.cost = np.array(
            [given(row["operating_cost"], row["tariff"]) for row in self.rows], dtype=float
        )
        self.in_kind = np.zeros(count)
        self.third_share = np.ones(count)
        self.capacity = np.full((count, calendar.length), math.inf)
        self.available = np.ones((count, calendar.length))
        self.access = np.ones((count, firms), dtype=bool)
        self.outsider = np.ones((count, firms), dtype=bool)
        for at, (table, row) in enumerate(zip(self.tables, self.rows, strict=True)):
            self.charge[at] = given(row["tariff"], row["operating_cost"])
            if table != "terminals":
                self.charge[at] += row["transit_fee"] + row["export_duty"]
            if table != "routes":
                self.capacity[at] = row["capacity"]
                self.third_share[at] = row["third_party_share"]
                self.available[at] = calendar.available(table, row["name"])
            if table == "pipelines" and row["fee_firm"]:
                self.in_kind[at] = row["fee_in_kind"]
            self.capacity[at] = np.where(calendar.open(row) > 0, self.capacity[at], 0.0)
            if row["access"]:
                self.access[at] = place.mask(parse_names(row["access"]))
            if row["owner"]:
                self.outsider[at] = ~place.mask(parse_shares(row["owner"]))
        self.keeps *= 1.0 - self.in_kind
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
        factors = [(calendar.matches(row) > 0, row) for row in chain.rows("demand_factors")]
        for at, row in enumerate(self.rows):
            self.reference[at], price[at] = row["reference_quantity"], row["reference_price"]
            for here, factor in factors:
                mine = factor["market"] in ("", row["name"])
                if mine and factor["sector"] in ("", row["sector"]):
                    self.reference[at, here] *= factor["quantity"]
                    price[at, here] *= factor["price"]
            if row["access"]:
                self.entitled[at] = place.mask(parse_names(row["access"]))
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


@dataclass(slots=True)
class Deal:
    """Gas that a firm owes in a market, by slot: under contract, or because the state says so."""

    label: str
    seller: str
    market: str
    quantity: Array
    onward: str  # firm that gets it into its own hands; empty: it is used in the market
    spot: bool  # counts as spot in the seller's conduct


def owed(
    chain: Chain, calendar: Calendar, demand: Markets, taken: Mapping[Any, float]
) -> list[Deal]:
    """Contracts, and supply at regulated prices (linear demand read at the price that is set)."""
    found = []
    for row in chain.rows("contracts"):
        quantity = _delivered(row, calendar, demand.reference[demand.at[row["market"]]], taken)
        onward = "" if row["destination_clause"] else row["buyer"]
        spot = row["pricing"] == "spot"
        found.append(Deal(row["name"], row["seller"], row["market"], quantity, onward, spot))
    for at in np.flatnonzero(demand.regulated).tolist():
        row = demand.rows[at]
        alive, slope = demand.alive[at], demand.slope[at]
        left = np.where(alive, demand.choke[at] - row["regulated_price"], 0.0)
        total = np.maximum(left, 0.0) / np.where(alive, slope, 1.0)
        for firm, share in parse_shares(row["supplier"]).items():
            found.append(Deal(row["name"], firm, row["name"], share * total, "", False))
    return found


def _delivered(row: Row, calendar: Calendar, reference: Array, taken: Mapping[Any, float]) -> Array:
    if row["nomination"] == "buyer":
        slots = range(calendar.length)
        return np.array([taken.get((row["name"], slot), 0.0) for slot in slots])
    rate = given(row["nominated"], row["take_or_pay"] * row["annual_quantity"])
    return rate * delivery_shape(row, calendar, reference)


def delivery_shape(row: Row, calendar: Calendar, reference: Array) -> Array:
    """Deliveries of a contract by slot in terms of its yearly quantity."""
    # Gas that has to be used in the market is not brought where nobody uses any.
    used = (reference > 0) | (not row["destination_clause"])
    profile = np.where(used, 1.0, 0.0)
    if row["profile"] == "demand":
        for year in range(len(calendar.years)):
            mine = calendar.year_of == year
            mean = float((calendar.share * reference)[mine].sum())
            if mean > 0:
                profile[mine] = reference[mine] / mean
    found: Array = profile * calendar.open(row)
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
