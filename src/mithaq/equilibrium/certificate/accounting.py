"""All payoffs together are what gas is worth to its users minus what it costs to bring."""

from __future__ import annotations

from mithaq.equilibrium.certificate.building import Built
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Findings

__all__ = ["check_accounting", "welfare"]


def welfare(case: Case, built: Built) -> tuple[float, float]:
    """Use of gas, and its cost: million USD a discounted year, nothing that one pays another."""
    calendar = case.calendar
    use = case.markets.use(case.ahead + case.sold).sum(axis=0)
    pieces = case.slices
    cost = pieces.cost(case.lifting, built.lifting).sum(axis=0)
    cost = cost + case.arcs.cost @ case.flow.by_arc
    if case.stores.names:
        for kind, moved in (("injection", case.injection), ("withdrawal", case.withdrawal)):
            cost = cost + case.stores.cost[kind] @ moved.sum(axis=1)
    paid = sum(float(plan.unit_cost @ decided) for plan, _, decided in built.plans)
    whole = float(calendar.weight @ cost) + paid
    return float(calendar.weight @ use) / calendar.total, whole / calendar.total + pieces.searched


def check_accounting(case: Case, built: Built, payoffs: float, found: Findings) -> None:
    """The sum of the payoffs against welfare, each worked out by itself."""
    use, cost = welfare(case, built)
    gap = abs(payoffs - (use - cost)) / (1 + abs(use) + abs(cost))
    found.note("accounting", gap, lambda *_: "sum of payoffs against welfare")
