"""Who earns what at an equilibrium: a partition of world welfare, in million USD a year.

Million USD = bcm x USD/1000 m3. Every transfer has a payer and a receiver, so that the payoffs sum
to gross consumer surplus minus the cost of lifting, carrying, storing, searching and building. A
state is a subtotal. Over several years all is discounted and told per discounted year.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.books import (
    ASSETS,
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


def payoff_table(chain: Chain, point: Point) -> pd.DataFrame:
    """Columns party, item, musd (million USD a year); the sum of musd is world welfare.

    Of several slots, money is their mean, weighted by how long each lasts and by the discount of
    its year; what is paid once counts in the year of its decision.
    """
    return booked(chain, point).table()


def booked(chain: Chain, point: Point) -> Ledger:
    """All that is paid and spent at a point."""
    ledger, terms = Ledger(), Terms(chain, point)
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
    ledger.always = firms_of(chain)
    return ledger


class Ledger:
    """Sums of money by party and item; a transfer is written once and lands on both sides.

    Bookings come as arrays; parties are given by number among the names that are open. Whose sums
    they are is worked out when somebody asks.
    """

    def __init__(self) -> None:
        # Names, parties, item, amounts.
        self._booked: list[tuple[Collection[str], Array, str, Array]] = []
        self._mine: Collection[str] = ()
        self.always: Collection[str] = ()  # parties that are shown with nothing to show, too

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
        one = np.zeros(1, dtype=np.intp)
        self._booked.append(([party], one, item, np.array([amount], dtype=float)))

    def _sums(self) -> tuple[_Parties, list[str], Array, Array]:
        """Parties, items, sums by both, and which of them anything was booked on.

        Parties and items are sorted; of the former all are there that have a name.
        """
        lists = {id(names): names for names, *_ in self._booked} | {id(self.always): self.always}
        held = tuple(lists.values())
        parties = _PARTIES.get(tuple(lists), held, lambda: _Parties(held, self.always))
        items = sorted({item for _, _, item, _ in self._booked})
        count = len(items)
        column = {item: number for number, item in enumerate(items)}
        place = np.concatenate(
            [
                parties.number[id(names)][party] * count + column[item]
                for names, party, item, _ in self._booked
            ]
        )
        amount = np.concatenate([part for _, _, _, part in self._booked])
        shape = len(parties.names), count
        size = shape[0] * shape[1]
        found = np.bincount(place, weights=amount, minlength=size)
        there = np.bincount(place[amount != 0], minlength=size) > 0
        return parties, items, found.reshape(shape), there.reshape(shape)

    def totals(self) -> dict[str, float]:
        """Sum of each party's items."""
        parties, _, sums, _ = self._sums()
        return dict(zip(parties.names, sums.sum(axis=1).tolist(), strict=True))

    def total(self) -> float:
        """Sum of all that was booked, million USD a year: world welfare."""
        return float(sum(amount.sum() for _, _, _, amount in self._booked))

    def rows(self) -> list[tuple[str, str, float]]:
        """Party, item and sum of each item of each party that anything was booked on, sorted."""
        parties, items, sums, there = self._sums()
        bare = parties.always & ~there.any(axis=1)
        rows = [(parties.names[number], "sales", 0.0) for number in np.flatnonzero(bare).tolist()]
        places = np.argwhere(there).tolist()
        rows += [
            (parties.names[party], items[item], amount)
            for (party, item), amount in zip(places, sums[there].tolist(), strict=True)
        ]
        return sorted(rows)

    def table(self) -> pd.DataFrame:
        """The rows with the columns party, item, musd."""
        return pd.DataFrame(self.rows(), columns=["party", "item", "musd"])

    def by_party(self) -> pd.Series[float]:
        """The sum of each party's items."""
        parties, _, sums, there = self._sums()
        whole = np.zeros(len(sums))
        for column in sums.T:  # one by one, as whoever adds up the table does
            whole += column
        shown = parties.always | there.any(axis=1)
        return pd.Series(whole[shown], index=parties.index[shown], name="musd")


class _Parties:
    """All parties of lists of names, sorted; ``number``: places of those of each list, by its id.

    ``always`` says which are in one of the lists.
    """

    def __init__(self, lists: Sequence[Collection[str]], always: Collection[str]) -> None:
        self.names = sorted(set().union(*lists))
        at = {name: number for number, name in enumerate(self.names)}
        self.number = {
            id(names): np.array([at[name] for name in names], dtype=np.intp) for names in lists
        }
        self.always = np.zeros(len(self.names), dtype=bool)
        self.always[self.number[id(always)]] = True
        self.index = pd.Index(self.names, name="party")


_PARTIES: Memory[_Parties] = Memory()


def _book_markets(terms: Terms, ledger: Ledger) -> None:
    part, slots, point = terms.part, len(terms), terms.point
    sales = sales_of(terms.chain)
    sheet = point.spot
    firms = firms_of(terms.chain)
    seller, market = sheet.labels.places(firms, sales.at)
    spot = sheet.filled(slots)
    delivered = sales.delivered
    if sales.chosen:
        delivered = delivered.copy()
        for at in sales.chosen:
            delivered[:, at] = point.taken.series(slots, sales.deals[at]["name"])
    total = sales.obliged.copy()
    every = np.arange(slots)[:, None]
    np.add.at(total, (every, market), spot)
    np.add.at(total, (every, sales.market[sales.used]), delivered[:, sales.used])
    # Where the price is capped, what is asked for at the cap exceeds what is delivered.
    asked = total + point.rationed.spread(slots, sales.at).T
    price = sales.choke - sales.slope * asked
    used = part @ (sales.choke * total - sales.slope * total**2 / 2)

    ledger.open(sales.parties)
    ledger.book(sales.users, "use of gas", used)
    money = sales.supply_price * (part @ sales.obliged)[sales.supplied]
    ledger.pay_all(sales.users[sales.supplied], sales.supplier, "regulated sales", money)
    worth = price[:, sales.market]
    users = sales.users[sales.market]
    resold = np.where(sales.used, part @ (worth * delivered), 0.0)
    ledger.pay_all(users, sales.buyer, "resale", resold)
    agreed = sales.price + np.where(sales.at_spot, worth, 0.0)
    ledger.pay_all(sales.buyer, sales.seller, "contracts", part @ (agreed * delivered))
    earned = part @ (price[:, market] * spot)
    ledger.book(sales.users[market], "sales", -earned)
    ledger.open(firms)
    ledger.book(seller, "sales", earned)


def _book_fields(terms: Terms, ledger: Ledger) -> None:
    part, slots = terms.part[:, None], len(terms)
    fields, sheet = fields_of(terms.chain), terms.point.lifting
    slices = fields.slices
    quantity = np.zeros((slots, len(slices.node)))
    quantity[:, sheet.labels.whole(slices.at)] = sheet.filled(slots)
    worth = terms.point.value.of(slots, slices.node)
    cost = lifting_cost(fields.a, fields.b, fields.g, quantity, fields.size.T)
    royalty = fields.royalty * quantity
    rent = np.maximum(worth * quantity - cost - royalty, 0.0)
    ledger.open(slices.parties)
    ledger.book(slices.firm, "lifting cost", -(part * cost).sum(axis=0))
    ledger.pay_all(slices.firm, slices.host, "royalties", (part * royalty).sum(axis=0))
    shared = fields.profit_share * (part * rent).sum(axis=0)
    ledger.pay_all(slices.firm, slices.host, "profit shares", shared)


def lifting_cost(a: Array, b: Array, g: Array, quantity: Array, capacity: Array) -> Array:
    """Cost (million USD/yr) of lifting ``quantity`` from slices of fields: slots x slices.

    C(q) = a q + b q^2 / 2 - g [ (K - q) ln((K - q)/K) + q ] with K the slice's capacity: the
    integral of a + b q + g ln(1 - q/K) (Golombek, Gjelsvik and Rosendahl 1995). Where g is 0 the
    capacity plays no part.
    """
    left = np.maximum(capacity - quantity, 0.0)
    part = np.where(left > 0, left, 1.0) / np.where(capacity > 0, capacity, 1.0)
    bend = np.where(g < 0, g * (left * np.log(part) + quantity), 0.0)
    cost: Array = a * quantity + b * quantity**2 / 2 - bend
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
    total = part @ sent
    rent = part @ _rents(terms, sent, firm, arc)
    use, owner, share = arcs.pairs(arc)
    tariff, rents = share * (arcs.tariff[arc] * total)[use], share * rent[use]
    ledger.open(arcs.parties)
    ledger.book(owner, "carrying cost", -share * (arcs.cost[arc] * total)[use])
    ledger.book(owner, "tariffs", tariff)
    ledger.book(owner, "congestion rents", rents)
    fee, duty = arcs.fee[arc] * total, arcs.duty[arc] * total
    ledger.book(arcs.fee_to[arc], "transit fees", fee)
    ledger.book(arcs.duty_to[arc], "export duties", duty)
    ledger.open(firms)
    ledger.book(firm[use], "tariffs", -tariff)
    ledger.book(firm[use], "congestion rents", -rents)
    ledger.book(firm, "transit fees", -fee)
    ledger.book(firm, "export duties", -duty)


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
    found: Array = point.rent.spread(slots, arcs.at).T[:, arc] * free
    outside = point.third_party_rent.spread(slots, arcs.at).T
    if outside.any():
        foreign = np.array([arcs.foreign(*name) for name in point.flow.labels.names])
        found = found + np.where(foreign, outside[:, arc] * sent, 0.0)
    return found


def _book_storages(terms: Terms, ledger: Ledger) -> None:
    point, slots = terms.point, len(terms)
    stores, firms = stores_of(terms.chain), firms_of(terms.chain)
    for kind in ("injection", "withdrawal", "level"):
        sheet = getattr(point, kind)
        if not sheet.labels.names:
            continue
        firm, store = sheet.labels.places(firms, stores.at)
        rent = getattr(point, f"{'room' if kind == 'level' else kind}_rent")
        held = sheet.filled(slots)
        part = terms.stock if kind == "level" else terms.part
        paid = part @ (rent.spread(slots, stores.at).T[:, store] * held)
        use, owner, share = stores.pairs(store)
        moved = [("congestion rents", share * paid[use])]
        if kind != "level":
            total = share * (part @ held)[use]
            at = store[use]
            moved.append(("tariffs", stores.price[kind][at] * total))
        ledger.open(stores.parties)
        for item, amount in moved:
            ledger.book(owner, item, amount)
        if kind != "level":
            ledger.book(owner, "storing cost", -stores.cost[kind][at] * total)
        ledger.open(firms)
        for item, amount in moved:
            ledger.book(firm[use], item, -amount)


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
