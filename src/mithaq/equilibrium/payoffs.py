"""Who earns what at an equilibrium: a partition of world welfare, in million USD a year.

Million USD = bcm x USD/1000 m3. Every transfer has a payer and a receiver, so that the payoffs sum
to gross consumer surplus minus the cost of lifting, carrying, storing, searching and building. A
state is a subtotal. Over several years all is discounted and told per discounted year.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.books import (
    ASSETS,
    Owned,
    Traders,
    arcs_of,
    consumers,
    fields_of,
    firms_of,
    owners_of,
    price_and_cost,
    sales_of,
    stores_of,
    treasury,
)
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.sheet import Labels
from mithaq.equilibrium.terms import Terms

__all__ = [
    "Ledger",
    "booked",
    "consumers",
    "lifting_cost",
    "owners_of",
    "payoff_table",
    "price_and_cost",
    "state_parties",
    "treasury",
]

Array = NDArray[Any]
Booking = tuple[Collection[str], Array, str, Array]  # names, parties, item, amounts


def payoff_table(chain: Chain, point: Point) -> pd.DataFrame:
    """Columns party, item, musd (million USD a year); the sum of musd is world welfare.

    Of several slots, money is their mean, weighted by how long each lasts and by the discount of
    its year; what is paid once counts in the year of its decision.
    """
    return booked(chain, point).table()


def booked(chain: Chain, point: Point) -> Ledger:
    """All that is paid and spent at a point."""
    ledger, terms = Ledger(firms_of(chain)), Terms(chain, point)
    _book_markets(terms, ledger)
    _book_fields(terms, ledger)
    _book_arcs(terms, ledger)
    _book_storages(terms, ledger)
    _book_swaps(terms, ledger)
    if terms.buildings:
        _book_building(terms, ledger)
    stakes = chain.rows("stakes")
    operating = ledger.totals() if stakes else {}
    _book_entries(terms, ledger)
    for row in stakes:
        dividend = row["share"] * operating.get(row["firm"], 0.0)
        ledger.pay(row["firm"], row["holder"], "dividends", dividend)
    return ledger


class Ledger:
    """Sums of money by party and item; a transfer is written once and lands on both sides.

    Bookings come as arrays; parties are given by number among the names that are open. Whose sums
    they are is worked out when somebody asks.
    """

    def __init__(self, always: Collection[str]) -> None:
        self._booked: list[Booking] = []
        self._mine: Collection[str] = ()
        self.always = always  # parties that are shown with nothing to show, too

    def open(self, names: Collection[str]) -> None:
        """Read numbers of parties as places among these names from here on."""
        self._mine = names

    def book(self, party: Array, item: str, amount: Array) -> None:
        self._booked.append((self._mine, party, item, amount))

    def pay_all(self, payer: Array, receiver: Array, item: str, amount: Array) -> None:
        self.book(payer, item, -amount)
        self.book(receiver, item, amount)

    def pay(self, payer: str, receiver: str, item: str, amount: float) -> None:
        """A single transfer, between parties by name."""
        self.charge(payer, item, -amount)
        self.charge(receiver, item, amount)

    def charge(self, party: str, item: str, amount: float) -> None:
        """A single booking, of a party by name."""
        self._booked.append((_alone(party), FIRST, item, np.array([amount], dtype=float)))

    def _sums(self) -> tuple[_Accounts, Array, Array]:
        """Whose accounts there are, sums by item and party, and which of them had a booking."""
        lists = [names for names, *_ in self._booked]
        held = *lists, self.always, *(party for _, party, _, _ in self._booked)
        items = tuple(item for _, _, item, _ in self._booked)
        accounts = _ACCOUNTS.get(
            (*map(id, held), items), held, lambda: _Accounts(self._booked, self.always)
        )
        amount = self._amounts()
        shape = len(accounts.items), len(accounts.names)
        found, there = (
            np.bincount(accounts.place, weights, shape[0] * shape[1]).reshape(shape)
            for weights in (amount, amount != 0)
        )
        return accounts, found, there > 0

    def _amounts(self) -> Array:
        return np.concatenate([np.zeros(0), *(amount for *_, amount in self._booked)])

    def totals(self) -> dict[str, float]:
        """Sum of each party's items."""
        accounts, sums, _ = self._sums()
        return dict(zip(accounts.names, sums.sum(axis=0).tolist(), strict=True))

    def total(self) -> float:
        """Sum of all that was booked, million USD a year: world welfare."""
        return float(self._amounts().sum())

    def rows(self) -> list[tuple[str, str, float]]:
        """Party, item and sum of each item of each party that anything was booked on, sorted."""
        accounts, sums, there = self._sums()
        bare = accounts.always & ~there.any(axis=0)
        rows = [(accounts.names[number], "sales", 0.0) for number in np.flatnonzero(bare).tolist()]
        places = np.argwhere(there).tolist()
        rows += [
            (accounts.names[party], accounts.items[item], amount)
            for (item, party), amount in zip(places, sums[there].tolist(), strict=True)
        ]
        return sorted(rows)

    def table(self) -> pd.DataFrame:
        """The rows with the columns party, item, musd."""
        return pd.DataFrame(self.rows(), columns=["party", "item", "musd"])

    def by_party(self) -> pd.Series[float]:
        """The sum of each party's items."""
        accounts, sums, there = self._sums()
        shown = accounts.always | there.any(axis=0)
        whole = sums.sum(axis=0)  # item by item, as whoever adds up the table does
        return pd.Series(whole[shown], index=accounts.index(shown), name="musd")


FIRST = np.zeros(1, dtype=np.intp)


@functools.lru_cache(maxsize=4096)
def _alone(party: str) -> tuple[str, ...]:
    """A list of one name, always the same object, so that accounts are found again."""
    return (party,)


class _Accounts:
    """The accounts of bookings: items and parties, sorted, and the ``place`` of each booking.

    A place is item and party in one number. ``always`` says which parties are shown in any case.
    """

    def __init__(self, booked: Sequence[Booking], always: Collection[str]) -> None:
        self.names = sorted(set(always).union(*(names for names, *_ in booked)))
        self.items = sorted({item for _, _, item, _ in booked})
        at = {name: number for number, name in enumerate(self.names)}
        numbers = {
            id(names): np.array([at[name] for name in names], dtype=np.intp)
            for names in (always, *(names for names, *_ in booked))
        }
        row = {item: number * len(at) for number, item in enumerate(self.items)}
        places = [row[item] + numbers[id(names)][party] for names, party, item, _ in booked]
        self.place = np.concatenate([np.zeros(0, dtype=np.intp), *places])
        self.always = np.zeros(len(at), dtype=bool)
        self.always[numbers[id(always)]] = True
        self._index = pd.Index(self.names, name="party")
        self._some: Memory[pd.Index[str]] = Memory()

    def index(self, shown: Array) -> pd.Index[str]:
        """The index of some parties."""
        return self._some.get(shown.tobytes(), None, lambda: self._index[shown])


_ACCOUNTS: Memory[_Accounts] = Memory()


def _book_markets(terms: Terms, ledger: Ledger) -> None:
    part, slots, point = terms.part, len(terms), terms.point
    sales, firms = sales_of(terms.chain), firms_of(terms.chain)
    held = point.spot.labels, sales.told, firms
    sold = _SOLD.get((*map(id, held), slots), held, lambda: _Sold(*held, slots))
    spot, delivered = point.spot.filled(slots), sales.delivered
    if sales.chosen:
        delivered = delivered.copy()
        for at in sales.chosen:
            delivered[:, at] = point.taken.series(slots, sales.deals[at]["name"])
    brought = np.concatenate([spot, delivered.take(sold.used, axis=1)], axis=1)
    free = np.bincount(sold.place, brought.ravel(), sales.obliged.size)
    total = sales.obliged + free.reshape(sales.obliged.shape)
    # Where the price is capped, what is asked for at the cap exceeds what is delivered.
    asked = total + point.rationed.spread(slots, sales.at).T
    price = sales.choke - sales.slope * asked
    used = part @ (sales.choke * total - sales.slope * total**2 / 2)

    # Users come first among the parties, so that a market's number is that of its users.
    ledger.open(sales.parties)
    ledger.book(sales.users, "use of gas", used)
    money = sales.supply_price * (part @ sales.obliged)[sales.supplied]
    ledger.pay_all(sales.supplied, sales.supplier, "regulated sales", money)
    worth = price.take(sales.market, axis=1)
    resold = np.where(sales.used, part @ (worth * delivered), 0.0)
    ledger.pay_all(sales.market, sales.buyer, "resale", resold)
    agreed = sales.price + np.where(sales.at_spot, worth, 0.0)
    ledger.pay_all(sales.buyer, sales.seller, "contracts", part @ (agreed * delivered))
    earned = part @ (price.take(sold.market, axis=1) * spot)
    ledger.book(sold.market, "sales", -earned)
    ledger.open(firms)
    ledger.book(sold.seller, "sales", earned)


class _Sold:
    """Seller and market of each spot sale; ``used`` are contracts whose gas stays in the market.

    ``place`` is the place of each of them, sales first, in an array of slots x markets.
    """

    def __init__(
        self, labels: Labels, traders: Traders, firms: Mapping[str, int], slots: int
    ) -> None:
        self.seller, self.market = labels.places(firms, traders.at)
        self.used = np.flatnonzero(traders.used)
        market = np.concatenate([self.market, traders.market[self.used]])
        self.place = (np.arange(slots)[:, None] * len(traders.at) + market).ravel()


_SOLD: Memory[_Sold] = Memory()


def _book_fields(terms: Terms, ledger: Ledger) -> None:
    part, slots = terms.part, len(terms)
    fields, sheet = fields_of(terms.chain), terms.point.lifting
    slices = fields.slices
    quantity = np.zeros((slots, len(slices.node)))
    quantity[:, sheet.labels.whole(slices.at)] = sheet.filled(slots)
    worth = terms.point.value.of(slots, slices.node)
    size = fields.size.T
    if any(plan.table == "fields" for plan in terms.buildings):
        size = size.copy()
        for plan in terms.buildings:
            if plan.table == "fields":
                built = terms.point.built.get(plan.key, 0.0)
                size[:, slices.at[plan.firm, plan.row]] += built * plan.usable
    cost = lifting_cost(fields.a, fields.b, fields.g, quantity, size)
    royalty = fields.royalty * quantity
    rent = np.maximum(worth * quantity - cost - royalty, 0.0)
    ledger.open(slices.parties)
    ledger.book(slices.firm, "lifting cost", -(part @ cost))
    ledger.pay_all(slices.firm, slices.host, "royalties", part @ royalty)
    ledger.pay_all(slices.firm, slices.host, "profit shares", fields.profit_share * (part @ rent))


def lifting_cost(a: Array, b: Array, g: Array, quantity: Array, capacity: Array) -> Array:
    """Cost (million USD/yr) of lifting ``quantity`` from slices of fields: slots x slices.

    C(q) = a q + b q^2 / 2 - g [ (K - q) ln((K - q)/K) + q ] with K the slice's capacity: the
    integral of a + b q + g ln(1 - q/K) (Golombek, Gjelsvik and Rosendahl 1995). Where g is 0 the
    capacity plays no part.
    """
    cost: Array = a * quantity + b * quantity**2 / 2
    bent = np.flatnonzero(g < 0)
    if len(bent):
        g, quantity, capacity = g[bent], quantity[:, bent], capacity[:, bent]
        left = np.maximum(capacity - quantity, 0.0)
        part = np.where(left > 0, left, 1.0) / np.where(capacity > 0, capacity, 1.0)
        cost[:, bent] -= g * (left * np.log(part) + quantity)
    return cost


def _book_entries(terms: Terms, ledger: Ledger) -> None:
    fields = fields_of(terms.chain)
    slices = fields.slices
    ledger.open(slices.parties)
    ledger.pay_all(slices.firm, slices.host, "entry payments", fields.entry)
    ledger.book(slices.firm, "discovery cost", -fields.search)


def _book_arcs(terms: Terms, ledger: Ledger) -> None:
    part, chain, point = terms.part, terms.chain, terms.point
    arcs, firms = arcs_of(chain), firms_of(chain)
    firm, arc = point.flow.labels.places(firms, arcs.at)
    sent = point.flow.filled(len(terms))
    total, rents = part @ sent, part @ _rents(terms, sent, firm, arc)
    # Each arc by itself: what all send over it, to its owners and to states.
    used = np.bincount(arc, total, len(arcs.fee))
    ledger.open(arcs.parties)
    _to_owners(ledger, arcs.owned, "carrying cost", -arcs.cost * used)
    _to_owners(ledger, arcs.owned, "tariffs", arcs.tariff * used)
    _to_owners(ledger, arcs.owned, "congestion rents", np.bincount(arc, rents, len(used)))
    ledger.book(arcs.owned.fee_to, "transit fees", arcs.fee * used)
    ledger.book(arcs.owned.duty_to, "export duties", arcs.duty * used)
    # Each firm by itself, with all that it sends.
    ledger.open(firms)
    whole = arcs.owned.whole
    for item, price, amount in (
        ("tariffs", arcs.tariff * whole, total),
        ("congestion rents", whole, rents),
        ("transit fees", arcs.fee, total),
        ("export duties", arcs.duty, total),
    ):
        _from_users(ledger, firm, item, price.take(arc) * amount)


def _to_owners(ledger: Ledger, owned: Owned, item: str, amount: Array) -> None:
    """Book what each asset earns with its owners, by share."""
    ledger.book(owned.owner, item, owned.share * amount.take(owned.asset))


def _from_users(ledger: Ledger, firm: Array, item: str, amount: Array) -> None:
    """Book what users pay, firm by firm."""
    count = len(ledger.always)
    ledger.book(_every(count), item, -np.bincount(firm, amount, count))


@functools.lru_cache(maxsize=16)
def _every(count: int) -> Array:
    """All numbers below a count, always the same object, so that accounts are found again."""
    return np.arange(count)


def _rents(terms: Terms, sent: Array, firm: Array, arc: Array) -> Array:
    """What each firm pays on each arc for its room: slots x pairs of firm and arc."""
    point, slots = terms.point, len(terms)
    arcs, firms = arcs_of(terms.chain), firms_of(terms.chain)
    free = sent
    for row in terms.chain.rows("bookings"):  # none on what the firm has booked
        free = sent.copy() if free is sent else free
        mine = (firm == firms[row["firm"]]) & (arc == arcs.at[row["arc"]])
        reserved = terms.reserved(arcs.table[arcs.at[row["arc"]]], row)[:, None]
        free[:, mine] = np.maximum(free[:, mine] - reserved, 0.0)
    found: Array = point.rent.spread(slots, arcs.at).T.take(arc, axis=1) * free
    if point.third_party_rent:
        outside = point.third_party_rent.spread(slots, arcs.at).T
        foreign = np.array([arcs.foreign(*name) for name in point.flow.labels.names])
        found = found + np.where(foreign, outside[:, arc] * sent, 0.0)
    return found


def _book_storages(terms: Terms, ledger: Ledger) -> None:
    point, slots = terms.point, len(terms)
    stores, firms = stores_of(terms.chain), firms_of(terms.chain)
    owned, count = stores.owned, len(stores.at)
    for kind in ("injection", "withdrawal", "level"):
        sheet = getattr(point, kind)
        if not sheet.labels.names:
            continue
        firm, store = sheet.labels.places(firms, stores.at)
        rent = getattr(point, f"{'room' if kind == 'level' else kind}_rent")
        held = sheet.filled(slots)
        part = terms.stock if kind == "level" else terms.part
        paid = part @ (rent.spread(slots, stores.at).T[:, store] * held)
        moved = [("congestion rents", paid)]
        ledger.open(stores.parties)
        if kind != "level":
            total = part @ held
            moved.append(("tariffs", stores.price[kind][store] * total))
            cost = stores.cost[kind] * np.bincount(store, total, count)
            _to_owners(ledger, owned, "storing cost", -cost)
        for item, amount in moved:
            _to_owners(ledger, owned, item, np.bincount(store, amount, count))
        ledger.open(firms)
        for item, amount in moved:
            _from_users(ledger, firm, item, owned.whole[store] * amount)


def _book_swaps(terms: Terms, ledger: Ledger) -> None:
    """Gas handed over is paid at the mean of what it is worth to either: both gain alike."""
    value = terms.point.value
    for (_, giver, receiver, node, slot), quantity in terms.point.handed.items():
        price = (value[giver, node, slot] + value[receiver, node, slot]) / 2
        amount = terms.part[slot] * price * quantity
        ledger.pay(receiver, giver, "swap settlement", amount)


def _book_building(terms: Terms, ledger: Ledger) -> None:
    """What owners pay for capacity, less what comes back of it at the end."""
    assets = {
        (table, row["name"]): owners_of(row, noun)
        for table, noun in ASSETS
        for row in terms.chain.rows(table)
    }
    for plan in terms.buildings:
        price = plan.cost * terms.point.built.get(plan.key, 0.0) / terms.total
        owners = {plan.firm: 1.0} if plan.firm else assets[plan.table, plan.row]
        for owner, share in owners.items():
            ledger.charge(owner, "investment", -share * price)


def state_parties(chain: Chain, country: str) -> set[str]:
    """Parties whose payoffs add up to the state's: firms, operators, treasury, buyers, consumers.

    An operator that is none of the firms belongs to the country of the first of its lines,
    terminals or storages, by name; ship owners belong to nobody.
    """
    homes = {row["name"]: row["home"] for row in chain.rows("firms")}
    nodes = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    for table, noun in ASSETS:
        for row in chain.rows(table) if table != "routes" else ():
            place = row["from"] if table == "pipelines" else row["node"]
            for owner in owners_of(row, noun):
                homes.setdefault(owner, nodes[place])
    parties = {party for party, home in homes.items() if home == country}
    return parties | {treasury(country), consumers(country), f"buyers in {country}"}
