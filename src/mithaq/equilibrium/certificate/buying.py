"""What buyers choose under their contracts, and what a cap on the price leaves unserved."""

from __future__ import annotations

import math

import numpy as np

from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings
from mithaq.equilibrium.certificate.tables import shape

__all__ = ["check_nominations", "price_of", "under_cap"]

NEAR = 1e-6  # scaled distance at which a price counts as capped, and demand as served


def price_of(case: Case, at: int) -> Array:
    """Price of a market by slot: demand at what is delivered and rationed."""
    market = case.markets[at]
    name = market.row["name"]
    asked = case.spot[:, at].sum(axis=0) + case.rationed[at]
    for deal in case.deals:
        if deal.market == name and not deal.onward:
            asked = asked + deal.quantity
    found: Array = market.choke - market.slope * asked
    return found


def under_cap(
    case: Case, at: int, price: Array, below: Array, margin: Array, found: Findings
) -> Array:
    """What a unit more would lose each firm: ``below`` (value less price) and its mark-up.

    At the cap a unit more lowers the price and a unit less does not raise it, so the loss may be
    anything between; while users are rationed a unit more leaves the price where it is.
    """
    market, rationed = case.markets[at], case.rationed[at]
    name, cap = market.row["name"], market.row["price_cap"]

    def where(t: int) -> str:
        return f"price cap in {name}{case.calendar.name(t)}"

    if math.isnan(cap):
        found.note("capacity", rationed, lambda t: f"rationed in {name}{case.calendar.name(t)}")
        return below + margin
    found.limit(np.where(market.alive > 0, cap - price, 0.0), rationed, cap, where)
    capped = price >= cap - NEAR * (1 + cap)
    short = capped & (rationed > NEAR * (1 + market.reference))
    between = np.minimum(below + margin, np.maximum(below, 0.0))
    result: Array = np.where(short, below, np.where(capped, between, below + margin))
    return result


def check_nominations(case: Case, found: Findings) -> None:
    """No buyer would rather take another quantity that his contract allows."""
    rows = case.chain.rows("contracts")
    number = {market.row["name"]: at for at, market in enumerate(case.markets)}
    for row, deal in zip(rows, case.deals, strict=False):  # other deals follow the contracts
        if row["nomination"] != "buyer":
            continue
        at = number[row["market"]]
        market, price = case.markets[at], price_of(case, at)
        most = row["annual_quantity"] * shape(row, case.calendar, market)
        least = row["take_or_pay"] * most
        node = case.place.nodes[market.node]
        there = case.known[case.place.firms[row["seller"]], node] & (most > least)
        worth = price
        if deal.onward:
            buyer = case.place.firms[deal.onward]
            there = there & case.known[buyer, node]
            worth = case.value[buyer, node]
        agreed = row["price"] + (price if deal.spot else 0.0)
        gain = np.where(there, worth - agreed, 0.0)

        def where(t: int, name: str = row["name"]) -> str:
            return f"buyer nominating under {name}{case.calendar.name(t)}"

        found.limit(most - deal.quantity, np.maximum(gain, 0.0), row["annual_quantity"], where)
        found.limit(deal.quantity - least, np.maximum(-gain, 0.0), row["annual_quantity"], where)
