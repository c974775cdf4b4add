"""Who earns what at an equilibrium: a partition of world welfare, in million USD a year.

Million USD = bcm x USD/1000 m3. Every transfer has a payer and a receiver, so that the payoffs sum
to gross consumer surplus minus the cost of lifting and carrying. A state is a subtotal.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pandas as pd

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.point import Point

__all__ = ["consumers", "lifting_cost", "payoff_table", "state_parties", "treasury"]


def treasury(country: str) -> str:
    """Party that receives what a state levies."""
    return f"treasury of {country}"


def consumers(country: str) -> str:
    """Party of those who burn the gas in a country."""
    return f"consumers in {country}"


def lifting_cost(row: Mapping[str, Any], share: float, quantity: float) -> float:
    """Cost (million USD/yr) of lifting ``quantity`` from a slice of ``share`` of a field.

    C(q) = a q + b q^2 / (2 share) - g [ (K - q) ln((K - q)/K) + q ] with K the slice's capacity:
    the integral of a + b q + g ln(1 - q/K) (Golombek, Gjelsvik and Rosendahl 1995).
    """
    cost = row["a"] * quantity + row["b"] / share * quantity**2 / 2
    if row["g"] < 0:
        capacity = share * row["capacity"]
        left = max(capacity - quantity, 0.0)
        entropy = left * math.log(left / capacity) if left > 0 else 0.0
        cost -= row["g"] * (entropy + quantity)
    return float(cost)


class _Ledger:
    """Sums of money by party and item; a transfer is written once and lands on both sides."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], float] = defaultdict(float)

    def book(self, party: str, item: str, amount: float) -> None:
        if amount:
            self.lines[party, item] += amount

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
    """Columns party, item, musd (million USD a year); the sum of musd is world welfare."""
    ledger = _Ledger()
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    one = SimpleNamespace(**point.in_slot(0))
    _book_markets(chain, one, country, ledger)
    _book_fields(chain, one, country, ledger)
    _book_arcs(chain, one, country, ledger)
    _book_swaps(one, ledger)
    firms = [row["name"] for row in chain.rows("firms")]
    operating = ledger.totals()
    _book_entries(chain, country, ledger)
    for row in chain.rows("stakes"):
        dividend = row["share"] * operating[row["firm"]]
        ledger.pay(row["firm"], row["holder"], "dividends", dividend)
    paid = ledger.totals()
    for firm in firms:
        if firm not in paid:  # a firm that does nothing is a party all the same
            ledger.lines[firm, "sales"] = 0.0
    rows = [(party, item, amount) for (party, item), amount in sorted(ledger.lines.items())]
    return pd.DataFrame(rows, columns=["party", "item", "musd"])


def _book_markets(chain: Chain, point: Any, country: dict[str, str], ledger: _Ledger) -> None:
    contracts = defaultdict(list)
    for row in chain.rows("contracts"):
        contracts[row["market"]].append(row)
    spot = defaultdict(list)
    for (firm, market), quantity in point.spot.items():
        spot[market].append((firm, quantity))
    for row in chain.rows("markets"):
        who = consumers(country[row["node"]])
        slope = row["reference_price"] / (abs(row["elasticity"]) * row["reference_quantity"])
        choke = row["reference_price"] + slope * row["reference_quantity"]
        if not math.isnan(row["regulated_price"]):
            total = max((choke - row["regulated_price"]) / slope, 0.0)
            ledger.book(who, "use of gas", choke * total - slope * total**2 / 2)
            for firm, share in parse_shares(row["supplier"]).items():
                ledger.pay(who, firm, "regulated sales", row["regulated_price"] * share * total)
            continue
        ahead = [(item, contract_quantity(item)) for item in contracts[row["name"]]]
        total = sum(q for _, q in spot[row["name"]]) + sum(q for _, q in ahead)
        price = choke - slope * total
        ledger.book(who, "use of gas", choke * total - slope * total**2 / 2)
        for firm, quantity in spot[row["name"]]:
            ledger.pay(who, firm, "sales", price * quantity)
        for item, quantity in ahead:
            buyer = item["buyer"] or f"buyers in {country[row['node']]}"
            ledger.pay(who, buyer, "resale", price * quantity)
            ledger.pay(buyer, item["seller"], "contracts", item["price"] * quantity)


def contract_quantity(row: Mapping[str, Any]) -> float:
    """What the buyer takes: the nomination, else the take-or-pay floor."""
    if math.isnan(row["nominated"]):
        return float(row["take_or_pay"] * row["annual_quantity"])
    return float(row["nominated"])


def _book_fields(chain: Chain, point: Any, country: dict[str, str], ledger: _Ledger) -> None:
    for row in chain.rows("fields"):
        host = treasury(row["host"] or country[row["node"]])
        for firm, share in parse_shares(row["owners"]).items():
            quantity = point.lifting.get((firm, row["name"]), 0.0)
            cost = lifting_cost(row, share, quantity)
            ledger.book(firm, "lifting cost", -cost)
            ledger.pay(firm, host, "royalties", row["royalty"] * quantity)
            worth = point.value.get((firm, row["node"]), 0.0) * quantity
            rent = max(worth - cost - row["royalty"] * quantity, 0.0)
            ledger.pay(firm, host, "profit shares", row["profit_share"] * rent)


def _book_entries(chain: Chain, country: dict[str, str], ledger: _Ledger) -> None:
    for row in chain.rows("fields"):
        host = treasury(row["host"] or country[row["node"]])
        for firm, share in parse_shares(row["owners"]).items():
            ledger.pay(firm, host, "entry payments", share * row["entry_payment"])


def _book_arcs(chain: Chain, point: Any, country: dict[str, str], ledger: _Ledger) -> None:
    sent = defaultdict(list)
    for (firm, arc), quantity in point.flow.items():
        sent[arc].append((firm, quantity))
    for table, noun in (("pipelines", "line"), ("terminals", "terminal"), ("routes", "leg")):
        for row in chain.rows(table):
            tariff, cost = tariff_and_cost(row)
            owners = arc_owners(row, noun)
            rent = point.rent.get(row["name"], 0.0)
            users = sent[row["name"]]
            total = sum(quantity for _, quantity in users)
            for owner, share in owners.items():
                ledger.book(owner, "carrying cost", -share * cost * total)
                for firm, quantity in users:
                    ledger.pay(firm, owner, "tariffs", share * tariff * quantity)
                    ledger.pay(firm, owner, "congestion rents", share * rent * quantity)
            if table == "pipelines" and (row["transit_fee"] or row["export_duty"]):
                here = country[row["from"]]
                to_fee = treasury(row["fee_receiver"] or here)
                to_duty = treasury(row["duty_receiver"] or here)
                for firm, quantity in users:
                    ledger.pay(firm, to_fee, "transit fees", row["transit_fee"] * quantity)
                    ledger.pay(firm, to_duty, "export duties", row["export_duty"] * quantity)


def arc_owners(row: Mapping[str, Any], noun: str) -> Mapping[str, float]:
    """Owners of an arc by share; one that nobody is named for has an operator of its own."""
    return parse_shares(row["owner"] or f"operator of {noun} {row['name']}")


def tariff_and_cost(row: Mapping[str, Any]) -> tuple[float, float]:
    """Tariff and operating cost of an arc; each stands in for the other where it is empty."""
    tariff, cost = row["tariff"], row["operating_cost"]
    if math.isnan(tariff):
        tariff = 0.0 if math.isnan(cost) else cost
    return float(tariff), float(tariff if math.isnan(cost) else cost)


def _book_swaps(point: Any, ledger: _Ledger) -> None:
    """Gas handed over is paid at the mean of what it is worth to either: both gain alike."""
    for (_, giver, receiver, node), quantity in point.handed.items():
        price = (point.value[giver, node] + point.value[receiver, node]) / 2
        ledger.pay(receiver, giver, "swap settlement", price * quantity)


def state_parties(chain: Chain, country: str) -> set[str]:
    """Parties whose payoffs add up to the state's: firms, operators, treasury, buyers, consumers.

    An operator that is none of the firms belongs to the country of the first of its lines, by
    name; ship owners belong to nobody.
    """
    firms = {row["name"]: row["home"] for row in chain.rows("firms")}
    nodes = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    homes = dict(firms)
    for table, noun, place in (("pipelines", "line", "from"), ("terminals", "terminal", "node")):
        for row in chain.rows(table):
            for owner in arc_owners(row, noun):
                homes.setdefault(owner, nodes[row[place]])
    parties = {party for party, home in homes.items() if home == country}
    return parties | {treasury(country), consumers(country), f"buyers in {country}"}
