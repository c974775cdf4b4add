"""What buyers choose under their contracts, and what a cap on the price leaves unserved."""

from __future__ import annotations

import numpy as np

from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings

__all__ = ["at_the_cap", "check_caps", "check_nominations", "users_go_short"]

NEAR = 1e-6  # scaled distance at which a price counts as capped, and demand as served


def at_the_cap(case: Case, price: Array) -> Array:
    """Markets and slots in which the price is as high as it may be."""
    return np.asarray(price + NEAR * (1 + np.abs(price)) >= case.markets.caps)


def users_go_short(case: Case) -> Array:
    """Markets and slots in which a unit more would serve users who are rationed."""
    return np.asarray(case.rationed > NEAR * (1 + case.markets.reference))


def check_caps(case: Case, price: Array, found: Findings) -> None:
    """No price is above its cap, and nobody is rationed below it."""
    if not (case.markets.capped or case.point.rationed):
        return
    caps, names = case.markets.caps, case.markets.names
    bounded = np.isfinite(caps) & case.markets.alive

    def where(m: int, t: int) -> str:
        return f"price cap in {names[m]}{case.calendar.name(t)}"

    highest = np.where(bounded, caps, 0.0)
    spare = np.where(bounded, highest - price, 0.0)
    found.limit(spare, case.rationed, highest, where)
    found.note("capacity", np.where(bounded, 0.0, case.rationed), where)


def check_nominations(case: Case, price: Array, found: Findings) -> None:
    """No buyer would rather take another quantity that his contract allows."""
    deals, calendar = case.deals, case.calendar
    for number in deals.chosen:
        row, at, quantity = deals.rows[number], deals.market[number], deals.quantity[number]
        most = row["annual_quantity"] * deals.shape[number]
        least = row["take_or_pay"] * most
        node = case.markets.node[at]
        worth, there = price[at], case.known[node, deals.seller[number]]
        buyer = deals.onward[number]
        if buyer >= 0:
            worth, there = case.value[node, buyer], there & case.known[node, buyer]
        agreed = row["price"] + (price[at] if deals.spot[number] else 0.0)
        gain = np.where(there, worth - agreed, 0.0)

        def where(t: int, name: str = row["name"]) -> str:
            return f"buyer nominating under {name}{calendar.name(t)}"

        found.limit(most - quantity, np.maximum(gain, 0.0), row["annual_quantity"], where)
        found.limit(quantity - least, np.maximum(-gain, 0.0), row["annual_quantity"], where)
