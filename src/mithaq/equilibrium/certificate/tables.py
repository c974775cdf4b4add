"""The tables of a chain by slot, read anew for the certificate.

A slot is one period of one year, numbered year by year and period by period. Arrays run over slots
last; a year that the chain does not name opens and closes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array

__all__ = ["Calendar", "Expansion", "Market", "Place", "Way", "given", "markets", "owed", "ways"]

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
        self.factors = chain.rows("availability")

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
        found = np.ones(self.length)
        for row in self.factors:
            if row["table"] == table and row["row"] == name:
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

    def mask(self, names: Sequence[str] | Mapping[str, Any], empty: bool) -> Array:
        """1 for each firm among the names; all alike ``empty`` where there are no names."""
        if not names:
            return np.full(len(self.firms), float(empty))
        found = np.zeros(len(self.firms))
        for name in names:
            if name in self.firms:
                found[self.firms[name]] = 1.0
        return found


@dataclass(slots=True)
class Way:
    """An arc: where it leads, what a unit sent on it costs, who may use it, what fits through."""

    row: Row
    table: str
    tail: str
    head: str
    charge: float
    keeps: float  # share of what is sent that arrives
    in_kind: float
    capacity: Array  # by slot, before anything is built; infinite for voyages
    available: Array
    access: Array  # by firm
    outsider: Array  # by firm: 1 where it owns nothing of it


def ways(chain: Chain, calendar: Calendar, place: Place) -> list[Way]:
    """Every arc. A fringe stays in the countries of its home and of its fields."""
    bound: dict[str, set[str]] = {
        row["name"]: {row["home"]} for row in chain.rows("firms") if row["fringe"]
    }
    for row in chain.rows("fields"):
        for firm in parse_shares(row["owners"]):
            if firm in bound:
                bound[firm].add(place.country[row["node"]])
    found = []
    for table, row, tail, head in _ends(chain):
        access = place.mask(parse_names(row["access"]), True)
        crossed = {place.country[tail], place.country[head]}
        for firm, home in bound.items():
            if not crossed <= home:
                access[place.firms[firm]] = 0.0
        charge = given(row["tariff"], row["operating_cost"])
        charge += row.get("transit_fee", 0.0) + row.get("export_duty", 0.0)
        in_kind = float(row.get("fee_in_kind", 0.0)) if row.get("fee_firm") else 0.0
        open_ = calendar.open(row)
        size = np.where(open_ > 0, row.get("capacity", math.inf), 0.0)
        owners = parse_shares(row["owner"]) if row["owner"] else {}
        found.append(
            Way(
                row,
                table,
                tail,
                head,
                charge,
                (1 - in_kind) * (1 - row["loss"]),
                in_kind,
                size,
                calendar.available(table, row["name"]),
                access,
                1 - place.mask(owners, False),
            )
        )
    return found


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


@dataclass(slots=True)
class Market:
    """Demand of a market by slot; no slope where nobody buys in a slot."""

    row: Row
    node: str
    choke: Array
    slope: Array
    reference: Array
    entitled: Array  # by firm
    regulated: bool

    @property
    def alive(self) -> Array:
        """1 in slots in which somebody buys."""
        return (self.reference > 0).astype(float)

    def use(self, quantity: Array) -> Array:
        """What a quantity is worth to those who use it: the area under demand."""
        return (self.choke - self.slope * quantity / 2) * quantity


def markets(chain: Chain, calendar: Calendar, place: Place) -> list[Market]:
    """Every market, with the firms that may sell there."""
    barred = {(r["firm"], r["market"]) for r in chain.rows("conduct") if not r["may_sell"]}
    found = []
    for row in chain.rows("markets"):
        quantity = np.full(calendar.length, float(row["reference_quantity"]))
        price = np.full(calendar.length, float(row["reference_price"]))
        for factor in chain.rows("demand_factors"):
            if factor["market"] in ("", row["name"]) and factor["sector"] in ("", row["sector"]):
                here = calendar.matches(factor) > 0
                quantity = np.where(here, quantity * factor["quantity"], quantity)
                price = np.where(here, price * factor["price"], price)
        slope = -price / (row["elasticity"] * np.where(quantity > 0, quantity, math.inf))
        choke = price * (1 - 1 / row["elasticity"])
        entitled = place.mask(parse_names(row["access"]), True)
        for firm in chain.rows("firms"):
            stays = firm["fringe"] and firm["home"] != place.country[row["node"]]
            if stays or (firm["name"], row["name"]) in barred:
                entitled[place.firms[firm["name"]]] = 0.0
        regulated = not math.isnan(row["regulated_price"])
        if regulated:
            entitled[:] = 0.0
        found.append(Market(row, row["node"], choke, slope, quantity, entitled, regulated))
    return found


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
    chain: Chain, calendar: Calendar, demand: Sequence[Market], taken: Mapping[Any, float]
) -> list[Deal]:
    """Contracts, and supply at regulated prices (linear demand read at the price that is set)."""
    by_name = {market.row["name"]: market for market in demand}
    found = []
    for row in chain.rows("contracts"):
        market = by_name[row["market"]]
        quantity = _delivered(row, calendar, market, taken)
        onward = "" if row["destination_clause"] else row["buyer"]
        spot = row["pricing"] == "spot"
        found.append(Deal(row["name"], row["seller"], row["market"], quantity, onward, spot))
    for market in demand:
        if market.regulated:
            price = np.where(market.slope > 0, market.row["regulated_price"], 0.0)
            slope = np.where(market.slope > 0, market.slope, math.inf)
            total = np.maximum((market.choke - price) / slope, 0.0)
            for firm, share in parse_shares(market.row["supplier"]).items():
                name = market.row["name"]
                found.append(Deal(name, firm, name, share * total, "", False))
    return found


def _delivered(row: Row, calendar: Calendar, market: Market, taken: Mapping[Any, float]) -> Array:
    if row["nomination"] == "buyer":
        slots = range(calendar.length)
        return np.array([taken.get((row["name"], slot), 0.0) for slot in slots])
    return given(row["nominated"], row["take_or_pay"] * row["annual_quantity"]) * shape(
        row, calendar, market
    )


def shape(row: Row, calendar: Calendar, market: Market) -> Array:
    """Deliveries of a contract by slot in terms of its yearly quantity."""
    # Gas that has to be used in the market is not brought where nobody uses any.
    used = (market.reference > 0) | (not row["destination_clause"])
    profile = np.where(used, 1.0, 0.0)
    if row["profile"] == "demand":
        for year in range(len(calendar.years)):
            mine = calendar.year_of == year
            mean = float((calendar.share * market.reference)[mine].sum())
            if mean > 0:
                profile[mine] = market.reference[mine] / mean
    found: Array = profile * calendar.open(row)
    return found


@dataclass(slots=True)
class Expansion:
    """What may be built onto one asset, and in which slots what each year decides is there."""

    row: Row
    firms: dict[str, float]  # who decides and for which share of the asset; "" for all owners
    unit_cost: Array  # by year of decision, in present value, salvage taken off
    active: Array  # year of decision x slot
    may: Array  # by year of decision: 1 where it may be decided

    @classmethod
    def of(cls, row: Row, calendar: Calendar, owners: Mapping[str, float]) -> Expansion:
        years = np.array([0.0 if math.isnan(y) else y for y in calendar.years])
        begins = years + row["lag"]
        lasts = math.inf if math.isnan(row["lifetime"]) else float(row["lifetime"])
        in_use = (years >= begins[:, None]) & (years < (begins + lasts)[:, None])
        horizon = years[-1] + calendar.span[-1]
        if math.isinf(lasts):
            left = np.ones(len(years))
        else:
            left = np.clip((begins + lasts - horizon) / lasts, 0.0, 1.0)
        # What comes back comes at the end of the last year.
        back = row["salvage"] * left * calendar.discount[-1]
        unit = row["cost"] * (calendar.discount - back)
        may = ~((row["first_year"] > years) | (row["last_year"] < years))
        named = dict(owners) if row["table"] == "fields" else {"": 1.0}
        active = in_use[:, calendar.year_of].astype(float)
        return cls(row, named, unit, active, may.astype(float))
