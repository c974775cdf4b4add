"""The tables of a chain by slot, read anew for the certificate.

A slot is one period of one year, numbered year by year and period by period. Arrays run over slots
last; a year that the chain does not name opens and closes nothing.
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium import columns
from mithaq.equilibrium.bits import packed, unpacked
from mithaq.equilibrium.certificate.findings import Array, bits_of
from mithaq.equilibrium.columns import ARCS, ArcWords, Table, Words, from_words, table_of
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
    "fringe_of",
    "markets_of",
    "place_of",
]

Row = Mapping[str, Any]
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
        # The slot before each and the one after it in the same year, round the year.
        count, slots = len(self.periods), np.arange(self.length)
        first = slots - slots % count
        self.before = first + (slots - first - 1) % count
        self.after = first + (slots - first + 1) % count
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

    def opened(self, table: Table | columns.Arcs) -> Array:
        """Rows x slots: whether each row's thing can be used in the slot's year."""
        first, last = (table.numbers(name)[:, None] for name in ("from_year", "to_year"))
        years = np.array(self.years)[self.year_of]
        return ~((first > years) | (last < years))

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


class Place:
    """Numbers for the names of firms, nodes (with their sea sides) and slots.

    ``country`` is that of each node; a fringe, by number in ``fringe``, sells at home alone.
    """

    def __init__(self, firms: Words, nodes: Words) -> None:
        self.firms = firms.at
        self.names: list[str] = firms.texts("name")
        self.nodes: dict[str, int] = {}
        self.country: dict[str, str] = {}
        for name, country in zip(nodes.texts("name"), nodes.texts("country"), strict=True):
            for side in ("", " (liquefied)", " (landed)"):
                self.nodes[name + side] = len(self.nodes)
                self.country[name + side] = country or name
        self.fringe = firms.truths("fringe")
        lands = {land: at for at, land in enumerate(dict.fromkeys(self.country.values()))}
        self.land = np.array([lands[land] for land in self.country.values()], dtype=int)
        self.home = np.array([lands.get(home, -1) for home in firms.texts("home")], dtype=int)

    def mask(self, names: Iterable[str]) -> Array:
        """Which firms are among the names."""
        found = np.zeros(len(self.firms), dtype=bool)
        found[[self.firms[name] for name in names if name in self.firms]] = True
        return found


place_of = from_words("firms", "nodes")(Place)


@from_words("firms", "nodes", "fields")
def fringe_of(firms: Words, nodes: Words, fields: Words) -> tuple[tuple[int, int], ...]:
    """Firms of a fringe and the lands, by number, in which they have fields; each pair once."""
    place = Place(firms, nodes)
    if not place.fringe.any():
        return ()
    found = {
        (place.firms[firm], int(place.land[place.nodes[node]]))
        for owners, node in zip(fields.texts("owners"), fields.texts("node"), strict=True)
        for firm in parse_shares(owners)
        if place.fringe[place.firms[firm]]
    }
    return tuple(sorted(found))


class Ways:
    """Where arcs lead and who may use them; ``access`` and ``outsider`` (who owns nothing of the
    arc) are by arc and firm. ``paid`` says of which arcs a firm takes a fee in kind.

    ``fields`` are the lands in which each fringe has some: there, and at home, its gas stays.
    """

    def __init__(
        self, told: ArcWords, nodes: Words, place: Place, fields: Sequence[tuple[int, int]]
    ) -> None:
        lines, terminals, legs = told.parts.values()
        here, there = (3 * lines.places(end, nodes) for end in ("from", "to"))
        liquefies = terminals.says("kind", "liquefaction")
        hub = 3 * terminals.places("node", nodes)
        port, shore = 3 * legs.places("from", nodes) + 1, 3 * legs.places("to", nodes) + 2
        self.tail = np.concatenate([here, np.where(liquefies, hub, hub + 2), port])
        self.head = np.concatenate([there, np.where(liquefies, hub + 1, hub), shore])
        count = len(told)
        self.paid = np.zeros(count, dtype=bool)
        self.paid[: len(lines)] = ~lines.says("fee_firm", "")
        self.access = np.ones((count, len(place.firms)), dtype=bool)
        self.outsider = np.ones(self.access.shape, dtype=bool)
        named: dict[str, list[int]] = defaultdict(list)
        for at, owners in enumerate(told.texts("owner")):
            named[owners].append(at)  # many arcs have the same owners
        for owners, mine in named.items():
            if owners:
                self.outsider[mine] = ~place.mask(parse_shares(owners))
        for number, text in enumerate(told.texts("access")):
            if text:
                self.access[number] = place.mask(parse_names(text))
        self._bind_fringe(place, fields)
        # Arcs by where they lead to: that node, and the first arc of each.
        self.order = np.argsort(self.head, kind="stable")
        self.into, self.first = np.unique(self.head[self.order], return_index=True)

    def _bind_fringe(self, place: Place, fields: Sequence[tuple[int, int]]) -> None:
        """A fringe stays in the countries of its home and of its fields."""
        inside = place.land[:, None] == place.home
        for firm, land in fields:
            inside[:, firm] |= place.land == land
        self.access &= ~place.fringe | (inside[self.tail] & inside[self.head])


_WAYS: Memory[Ways] = Memory()


def _ways(chain: Chain, place: Place) -> Ways:
    """The ways of a chain, the same for all chains that say the same of them."""
    held = columns.arc_words(chain), table_of(chain, "nodes").words, place
    fields = fringe_of(chain)
    return _WAYS.get((*map(id, held), fields), held, lambda: Ways(*held, fields))


class Arcs:
    """All arcs, stacked: where they lead, what a unit sent costs, who may use them, what fits in.

    ``charge`` is without rents; ``keeps`` the share of what is sent that arrives. ``capacity`` is
    by slot, before anything is built, and infinite for voyages. The rest is as in ``Ways``.
    """

    def __init__(self, chain: Chain, calendar: Calendar, ways: Ways) -> None:
        told, self.ways = columns.arcs_of(chain), ways
        self.tables, self.rows, self.names, self.at = told.tables, told.rows, told.names, told.at
        self.tail, self.head = ways.tail, ways.head
        self.access, self.outsider = ways.access, ways.outsider
        paid, spent = told.numbers("tariff"), told.numbers("operating_cost")
        self.cost = first_given(spent, paid)
        # Nobody takes a fee or a duty at a terminal.
        fee, duty = (told.numbers(n, terminals=0.0) for n in ("transit_fee", "export_duty"))
        self.charge = first_given(paid, spent) + fee + duty
        in_kind = told.numbers("fee_in_kind", terminals=0.0, routes=0.0)
        self.in_kind = np.where(ways.paid, in_kind, 0.0)
        self.keeps = (1.0 - told.numbers("loss")) * (1.0 - self.in_kind)
        self.third_share = told.numbers("third_party_share", routes=1.0)
        size = told.numbers("capacity", routes=math.inf)
        self.capacity = np.where(calendar.opened(told), size[:, None], 0.0)
        self.available = np.ones(self.capacity.shape)
        for table, name in calendar.factors:
            if table in ARCS:
                self.available[self.at[name]] = calendar.available(table, name)
        # Before anything is built; ``room`` is 0 where there is no limit.
        self.usable = self.capacity * self.available
        self.limited = np.isfinite(self.usable)
        self.room = np.where(self.limited, self.usable, 0.0)
        self.open = bits_of(self.usable > 0)
        self.parted = np.flatnonzero(self.third_share < 1)  # part of it is open to third parties

    def reached(self, usable: Array, seeds: Array) -> Array:
        """Nodes x firms to which gas can get from the seeds over arcs (arcs x firms) it may use."""
        if not len(self.rows):
            return seeds
        ways = self.ways
        order, into, first = ways.order, ways.into, ways.first
        # Firms stand in bits, so that a step along all arcs is a few operations on few words.
        may, start = packed(usable[order]), self.tail[order]
        found = packed(seeds)
        while True:
            before = found[into]
            after = before | np.bitwise_or.reduceat(found[start] & may, first, axis=0)
            if (after == before).all():
                break
            found[into] = after
        return unpacked(found, seeds.shape[1])


_ARCS: Memory[Arcs] = Memory()


TABLES = "pipelines", "terminals", "routes", "availability", "periods", "years"


@remembered("firms", "nodes", *TABLES)
def _by_fringe(chain: Chain) -> Memory[Arcs]:  # noqa: ARG001
    return Memory()


@remembered("fields", "firms", "nodes", *TABLES)
def arcs_of(chain: Chain) -> Arcs:
    """The arcs of a chain, read once for all chains that share the tables they stand in.

    Of fields they depend on those of a fringe alone, and on no number.
    """

    def make() -> Arcs:
        ways = _ways(chain, place_of(chain))
        held = *chain.many_rows(TABLES), ways
        key = tuple(map(id, held))
        return _ARCS.get(key, held, lambda: Arcs(chain, calendar_of(chain), ways))

    return _by_fringe(chain).get(fringe_of(chain), None, make)


@from_words("markets", "firms", "nodes", "conduct")
def _may_sell(markets: Words, firms: Words, nodes: Words, conduct: Words) -> tuple[Array, Array]:
    """Node of each market, and who may sell there (markets x firms) unless it is regulated."""
    place = Place(firms, nodes)
    may = np.ones((len(markets), len(firms)), dtype=bool)
    for at, access in enumerate(markets.texts("access")):
        if access:
            may[at] = place.mask(parse_names(access))
    node = 3 * markets.places("node", nodes)
    land = place.land[node]
    may &= ~place.fringe | (land[:, None] == place.home)
    barred = np.flatnonzero(~conduct.truths("may_sell"))
    seller, market = conduct.places("firm", firms), conduct.places("market", markets)
    may[market[barred], seller[barred]] = False
    return node, may


class Sellers:
    """Where markets are (``node``), and who may sell there: ``entitled`` (markets x firms).

    ``pairs`` are the same as numbers of market and firm; both in one number are ``pair_row``, node
    and firm ``pair_gas``.
    """

    def __init__(self, node: Array, may: Array, regulated: Array) -> None:
        self.node = node
        self.entitled = may & ~regulated[:, None]
        self.pairs = np.nonzero(self.entitled)
        at, firm = self.pairs
        self.pair_row, self.pair_gas = (place * may.shape[1] + firm for place in (at, node[at]))


_SELLERS: Memory[Sellers] = Memory()


class Markets:
    """All markets, stacked: demand by slot, who may sell; no slope where nobody buys in a slot.

    ``caps`` are the highest prices allowed, infinite where there is none; ``node``, ``entitled``
    and ``pairs`` are as in ``Sellers``; ``capped`` says whether there is any cap.
    """

    def __init__(self, chain: Chain, calendar: Calendar) -> None:
        table = table_of(chain, "markets")
        self.rows, self.names, self.at = table.rows, table.texts("name"), table.at
        self.reference, price = (
            np.repeat(table.numbers(f"reference_{kind}")[:, None], calendar.length, axis=1)
            for kind in ("quantity", "price")
        )
        bend = table.numbers("elasticity")[:, None]
        self.regulated = ~np.isnan(table.numbers("regulated_price"))
        caps = table.numbers("price_cap")[:, None]
        self.caps = np.where(np.isnan(caps), np.inf, caps)
        for factor in chain.rows("demand_factors"):
            name, sector = factor["market"], factor["sector"]
            mine = np.ones(len(self.rows), dtype=bool)
            if name:
                mine &= table.says("name", name)
            if sector:
                mine &= table.says("sector", sector)
            here = mine[:, None] & (calendar.matches(factor) > 0)
            self.reference[here] *= factor["quantity"]
            price[here] *= factor["price"]
        self.alive = self.reference > 0
        self.slope = -price / (bend * np.where(self.alive, self.reference, math.inf))
        self.choke = price * (1 - 1 / bend)
        said, regulated = _may_sell(chain), self.regulated
        key = id(said), regulated.tobytes()
        self.sellers = sellers = _SELLERS.get(key, said, lambda: Sellers(*said, regulated))
        self.node, self.entitled = sellers.node, sellers.entitled
        self.pairs, self.pair_row, self.pair_gas = sellers.pairs, sellers.pair_row, sellers.pair_gas
        self.capped = bool(np.isfinite(self.caps).any())
        self.sells = bits_of(self.alive)

    def use(self, quantity: Array) -> Array:
        """What a quantity is worth to those who use it: the area under demand."""
        found: Array = (self.choke - self.slope * quantity / 2) * quantity
        return np.where(self.alive, found, 0.0)


@remembered(*MARKETS)
def markets_of(chain: Chain) -> Markets:
    """The markets of a chain, read once for all chains that share the tables they stand in."""
    return Markets(chain, calendar_of(chain))


class Bound:
    """Who owes gas where: as in ``Deals``, which says how much.

    ``supply`` is, of supply at regulated prices, the number of the market and the share in it.
    """

    def __init__(self, regulated: Array, deals: Words, markets: Words, firms: Words) -> None:
        supply = [
            (at, firms.at[firm], share)
            for at in np.flatnonzero(regulated).tolist()
            for firm, share in parse_shares(markets.texts("supplier")[at]).items()
        ]
        places, suppliers, shares = zip(*supply, strict=True) if supply else ((), (), ())
        self.supply = np.array(places, dtype=int), np.array(shares, dtype=float)
        none = np.full(len(supply), -1)
        self.market = np.concatenate([deals.places("market", markets), self.supply[0]])
        seller = deals.places("seller", firms)
        self.seller = np.concatenate([seller, np.array(suppliers, dtype=int)])
        onward = [
            -1 if used or not buyer else firms.at[buyer]
            for used, buyer in zip(
                deals.texts("destination_clause"), deals.texts("buyer"), strict=True
            )
        ]
        self.onward = np.concatenate([np.array(onward, dtype=int), none])
        self.spot = np.concatenate([deals.says("pricing", "spot"), none >= 0])
        self.chosen = np.flatnonzero(deals.says("nomination", "buyer")).tolist()


_BOUND: Memory[Bound] = Memory()


class Deals:
    """Gas that a firm owes in a market, by slot: under contract, or because the state says so.

    Contracts come first, in the order of their table; then supply at regulated prices (linear
    demand read at the price that is set). ``onward`` is the number of the firm that gets the gas
    into its own hands, -1 where it is used in the market; ``spot`` says what counts as spot in the
    seller's conduct. ``chosen`` are contracts under which the buyer nominates.
    """

    def __init__(self, chain: Chain) -> None:
        calendar, demand = calendar_of(chain), markets_of(chain)
        table = table_of(chain, "contracts")
        self.rows = table.rows
        words = [table_of(chain, name).words for name in ("contracts", "markets", "firms")]
        regulated = demand.regulated
        key = (*map(id, words), regulated.tobytes())
        self.bound = bound = _BOUND.get(key, words, lambda: Bound(regulated, *words))
        self.market, self.seller, self.onward = bound.market, bound.seller, bound.onward
        self.spot, self.chosen = bound.spot, bound.chosen
        floor = table.numbers("take_or_pay") * table.numbers("annual_quantity")
        sizes = first_given(table.numbers("nominated"), floor)
        self.shape = delivery_shapes(table, calendar, demand.reference[self.market[: len(table)]])
        at, share = bound.supply
        price = table_of(chain, "markets").numbers("regulated_price")[at, None]
        alive = demand.alive[at]
        left = np.where(alive, demand.choke[at] - price, 0.0)
        supplied = np.maximum(left, 0.0) / np.where(alive, demand.slope[at], 1.0)
        owed = sizes[:, None] * self.shape, share[:, None] * supplied
        self.quantity = np.concatenate(owed)
        self._sum(len(demand.rows), len(table_of(chain, "firms")))

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
    follows = table.says("profile", "demand")[:, None] & (mean > 0)
    found = np.where(follows, reference / np.where(follows, mean, 1.0), found)
    return np.where(calendar.opened(table), found, 0.0)


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
