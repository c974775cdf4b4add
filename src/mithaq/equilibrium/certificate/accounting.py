"""All payoffs together are what gas is worth to its users minus what it costs to bring."""

from __future__ import annotations

import numpy as np

from mithaq.equilibrium.certificate.building import Built
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Findings
from mithaq.equilibrium.certificate.tables import given

__all__ = ["check_accounting", "welfare"]


def welfare(case: Case, built: Built) -> tuple[float, float]:
    """Use of gas, and its cost: million USD a discounted year, nothing that one pays another."""
    calendar = case.calendar
    use = np.zeros(calendar.length)
    for at, market in enumerate(case.markets):
        name = market.row["name"]
        total = case.spot[:, at].sum(axis=0)
        for deal in case.deals:
            if deal.market == name and not deal.onward:
                total = total + deal.quantity
        use += np.where(market.alive > 0, market.use(total), 0.0)
    pieces = case.slices
    capacity = (pieces.capacity + built.fields) * pieces.available
    cost = pieces.cost(pieces.quantity, capacity).sum(axis=0)
    for at, way in enumerate(case.ways):
        unit = given(way.row["operating_cost"], way.row["tariff"])
        cost = cost + unit * case.flow[:, at].sum(axis=0)
    for at, row in enumerate(case.storages):
        into = given(row["injection_cost"], row["injection_tariff"])
        out = given(row["withdrawal_cost"], row["withdrawal_tariff"])
        cost = cost + into * case.injection[:, at].sum(axis=0)
        cost = cost + out * case.withdrawal[:, at].sum(axis=0)
    yearly = sum(float(row["discovery_cost"]) for row in case.chain.rows("fields"))
    paid = sum(float(plan.unit_cost @ decided) for plan, _, decided in built.plans)
    whole = float(calendar.weight @ cost) + paid
    return float(calendar.weight @ use) / calendar.total, whole / calendar.total + yearly


def check_accounting(case: Case, built: Built, payoffs: float, found: Findings) -> None:
    """The sum of the payoffs against welfare, each worked out by itself."""
    use, cost = welfare(case, built)
    gap = abs(payoffs - (use - cost)) / (1 + abs(use) + abs(cost))
    found.note("accounting", gap, lambda *_: "sum of payoffs against welfare")
