"""Who earns what at an equilibrium: a partition of world welfare, in million USD a year.

Million USD = bcm x USD/1000 m3. Every transfer has a payer and a receiver, so that the payoffs sum
to gross consumer surplus minus the cost of lifting, carrying, storing, searching and building. A
state is a subtotal. Over several years all is discounted and told per discounted year.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.terms import Array, Terms

__all__ = ["consumers", "lifting_cost", "payoff_table", "state_parties", "treasury"]

Row = Mapping[str, Any]


def treasury(country: str) -> str:
    """Party that receives what a state levies."""
    return f"treasury of {country}"


def consumers(country: str) -> str:
    """Party of those who burn the gas in a country."""
    return f"consumers in {country}"


def lifting_cost(row: Row, share: float, quantity: Array, capacity: Array) -> Array:
    """Cost (million USD/yr) of lifting ``quantity`` from a slice of ``share`` of a field, by slot.

    C(q) = a q + b q^2 / (2 share) - g [ (K - q) ln((K - q)/K) + q ] with K the slice's capacity:
    the integral of a + b q + g ln(1 - q/K) (Golombek, Gjelsvik and Rosendahl 1995).
    """
    cost: Array = row["a"] * quantity + row["b"] / share * quantity**2 / 2
    if row["g"] < 0:
        left = np.maximum(capacity - quantity, 0.0)
        part = np.where(left > 0, left, 1.0) / np.where(capacity > 0, capacity, 1.0)
        cost = cost - row["g"] * (left * np.log(part) + quantity)
    return cost


class _Ledger:
    """Sums of money by party and item; a transfer is written once and lands on both sides."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], float] = defaultdict(float)

    def book(self, party: str, item: str, amount: float) -> None:
        if amount:
            self.lines[party, item] += float(amount)

    def pay(self, payer: str, receiver: str, item: str, amount: float) -> None:
        self.book(payer, item, -amount)
        self.book(receiver, item, amount)

    def totals(self) -> dict[str, float]:
        """Sum of each party's items."""
        sums: dict[str, float] = defaultdict(float)
        for (party, _), amount in self.lines.items():
            sums[party] += amount
        return sums


def payoff_table(chain: Chain, point: Point) -> pd.DataFrame:
    """Columns party, item, musd (million USD a year); the sum of musd is world welfare.

    Of several slots, money is their mean, weighted by how long each lasts and by the discount of
    its year; what is paid once counts in the year of its decision.
    """
    ledger, terms = _Ledger(), Terms(chain, point)
    _book_markets(terms, ledger)
    _book_fields(terms, ledger)
    _book_arcs(terms, ledger)
    _book_storages(terms, ledger)
    _book_swaps(terms, ledger)
    _book_building(terms, ledger)
    operating = ledger.totals()
    _book_entries(terms, ledger)
    for row in chain.rows("stakes"):
        dividend = row["share"] * operating[row["firm"]]
        ledger.pay(row["firm"], row["holder"], "dividends", dividend)
    paid = ledger.totals()
    for row in chain.rows("firms"):
        if row["name"] not in paid:  # a firm that does nothing is a party all the same
            ledger.lines[row["name"], "sales"] = 0.0
    rows = [(party, item, amount) for (party, item), amount in sorted(ledger.lines.items())]
    return pd.DataFrame(rows, columns=["party", "item", "musd"])


def _by_slot(values: Mapping[Any, float], slots: int) -> dict[Any, Array]:
    """Entries of a sheet of the point as arrays over slots, by the rest of the key."""
    found: dict[Any, Array] = {}
    for key, value in values.items():
        rest = key[:-1]
        if rest not in found:
            found[rest] = np.zeros(slots)
        found[rest][key[-1]] = value
    return found


def _book_markets(terms: Terms, ledger: _Ledger) -> None:
    part, chain, count = terms.part, terms.chain, len(terms)
    contracts = defaultdict(list)
    for row in chain.rows("contracts"):
        contracts[row["market"]].append(row)
    spot = defaultdict(list)
    for (firm, market), quantity in _by_slot(terms.point.spot, count).items():
        spot[market].append((firm, quantity))
    rationed = _by_slot(terms.point.rationed, count)
    for row in chain.rows("markets"):
        name, country = row["name"], terms.country[row["node"]]
        who = consumers(country)
        choke, slope = terms.demand(row)
        if not math.isnan(row["regulated_price"]):
            total = terms.calendar.regulated(row)
            for firm, share in parse_shares(row["supplier"]).items():
                money = row["regulated_price"] * share * float(part @ total)
                ledger.pay(who, firm, "regulated sales", money)
            ledger.book(who, "use of gas", float(part @ (choke * total - slope * total**2 / 2)))
            continue
        ahead = [(item, terms.delivered(item)) for item in contracts[name]]
        here = [quantity for item, quantity in ahead if item["destination_clause"]]
        total = sum([quantity for _, quantity in spot[name]], np.zeros(count))
        total = sum(here, total)
        # Where the price is capped, what is asked for at the cap exceeds what is delivered.
        price = choke - slope * (total + rationed.get((name,), 0.0))
        ledger.book(who, "use of gas", float(part @ (choke * total - slope * total**2 / 2)))
        for firm, quantity in spot[name]:
            ledger.pay(who, firm, "sales", float(part @ (price * quantity)))
        for item, quantity in ahead:
            buyer = item["buyer"] or f"buyers in {country}"
            if item["destination_clause"]:
                ledger.pay(who, buyer, "resale", float(part @ (price * quantity)))
            agreed = item["price"] + (price if item["pricing"] == "spot" else 0.0)
            ledger.pay(buyer, item["seller"], "contracts", float(part @ (agreed * quantity)))


def _book_fields(terms: Terms, ledger: _Ledger) -> None:
    part, slots = terms.part, range(len(terms))
    lifting, values = terms.point.lifting, terms.point.value
    for row in terms.chain.rows("fields"):
        host = treasury(row["host"] or terms.country[row["node"]])
        for firm, share in parse_shares(row["owners"]).items():
            quantity = np.array([lifting.get((firm, row["name"], slot), 0.0) for slot in slots])
            if not quantity.any():
                continue
            value = np.array([values.get((firm, row["node"], slot), 0.0) for slot in slots])
            cost = lifting_cost(row, share, quantity, terms.capacity(row, firm, share))
            royalty = row["royalty"] * quantity
            ledger.book(firm, "lifting cost", -float(part @ cost))
            ledger.pay(firm, host, "royalties", float(part @ royalty))
            rent = np.maximum(value * quantity - cost - royalty, 0.0)
            ledger.pay(firm, host, "profit shares", row["profit_share"] * float(part @ rent))


def _book_entries(terms: Terms, ledger: _Ledger) -> None:
    for row in terms.chain.rows("fields"):
        host = treasury(row["host"] or terms.country[row["node"]])
        for firm, share in parse_shares(row["owners"]).items():
            ledger.pay(firm, host, "entry payments", share * row["entry_payment"])
            ledger.book(firm, "discovery cost", -share * row["discovery_cost"])


ARCS = (("pipelines", "line"), ("terminals", "terminal"), ("routes", "leg"))
ASSETS = (*ARCS, ("storages", "storage"))


def _book_arcs(terms: Terms, ledger: _Ledger) -> None:
    moved, scarce = _carried(terms)
    for table, noun in ARCS:
        for row in terms.chain.rows(table):
            tariff, cost = price_and_cost(row, "tariff", "operating_cost")
            owners = owners_of(row, noun)
            here = terms.country[row["from"]] if table != "terminals" else ""
            for firm, total in moved.get(row["name"], {}).items():
                rent = scarce[firm, row["name"]]
                for owner, share in owners.items():
                    ledger.book(owner, "carrying cost", -share * cost * total)
                    ledger.pay(firm, owner, "tariffs", share * tariff * total)
                    ledger.pay(firm, owner, "congestion rents", share * rent)
                if here:
                    to_fee = treasury(row["fee_receiver"] or here)
                    to_duty = treasury(row["duty_receiver"] or here)
                    ledger.pay(firm, to_fee, "transit fees", row["transit_fee"] * total)
                    ledger.pay(firm, to_duty, "export duties", row["export_duty"] * total)


def _carried(terms: Terms) -> tuple[dict[str, dict[str, float]], dict[tuple[str, str], float]]:
    """Gas sent by arc and firm, and the rent that each pays for it, in a mean year."""
    point, part, chain = terms.point, terms.part.tolist(), terms.chain
    owners: dict[str, Mapping[str, float]] = {}
    reserved: dict[tuple[str, str], Array] = {}
    tables = [(table, row) for table in ("pipelines", "terminals") for row in chain.rows(table)]
    table_of = {row["name"]: table for table, row in tables}
    for _, row in tables:
        owners[row["name"]] = parse_shares(row["owner"]) if row["owner"] else {}
    for row in chain.rows("bookings"):
        reserved[row["firm"], row["arc"]] = terms.reserved(table_of[row["arc"]], row)
    rents, outside = point.rent, point.third_party_rent
    moved: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    scarce: dict[tuple[str, str], float] = defaultdict(float)
    for (firm, arc, slot), quantity in point.flow.items():
        if quantity == 0:
            continue
        moved[arc][firm] += part[slot] * quantity
        rent, third = rents.get((arc, slot), 0.0), outside.get((arc, slot), 0.0)
        if rent:  # none on what the firm has booked
            booked = float(reserved[firm, arc][slot]) if (firm, arc) in reserved else 0.0
            scarce[firm, arc] += part[slot] * rent * max(quantity - booked, 0.0)
        if third and firm not in owners[arc]:
            scarce[firm, arc] += part[slot] * third * quantity
    return moved, scarce


def owners_of(row: Row, noun: str) -> Mapping[str, float]:
    """Owners of an asset by share; one that nobody is named for has an operator of its own."""
    return parse_shares(row["owner"] or f"operator of {noun} {row['name']}")


def price_and_cost(row: Row, price: str, cost: str) -> tuple[float, float]:
    """What users pay and what it costs; each stands in for the other where it is empty."""
    paid, spent = row[price], row[cost]
    if math.isnan(paid):
        paid = 0.0 if math.isnan(spent) else spent
    return float(paid), float(paid if math.isnan(spent) else spent)


def _book_storages(terms: Terms, ledger: _Ledger) -> None:
    point, count = terms.point, len(terms)
    rows = {row["name"]: row for row in terms.chain.rows("storages")}
    none = np.zeros(count)
    for kind in ("injection", "withdrawal", "level"):
        rents = _by_slot(getattr(point, f"{'room' if kind == 'level' else kind}_rent"), count)
        part = terms.stock if kind == "level" else terms.part
        for (firm, name), quantity in _by_slot(getattr(point, kind), count).items():
            row, rent = rows[name], float(part @ (rents.get((name,), none) * quantity))
            for owner, share in owners_of(row, "storage").items():
                ledger.pay(firm, owner, "congestion rents", share * rent)
                if kind != "level":
                    tariff, cost = price_and_cost(row, f"{kind}_tariff", f"{kind}_cost")
                    total = share * float(part @ quantity)
                    ledger.book(owner, "storing cost", -cost * total)
                    ledger.pay(firm, owner, "tariffs", tariff * total)


def _book_swaps(terms: Terms, ledger: _Ledger) -> None:
    """Gas handed over is paid at the mean of what it is worth to either: both gain alike."""
    value = terms.point.value
    for (_, giver, receiver, node, slot), quantity in terms.point.handed.items():
        price = (value[giver, node, slot] + value[receiver, node, slot]) / 2
        amount = terms.part[slot] * price * quantity
        ledger.pay(receiver, giver, "swap settlement", amount)


def _book_building(terms: Terms, ledger: _Ledger) -> None:
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
            ledger.book(owner, "investment", -share * price)


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
