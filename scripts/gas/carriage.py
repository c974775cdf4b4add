"""What it costs a seller to bring gas from its fields to each market: cheapest way, no rents."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable

from gas.sources import OutRow

State = tuple[str, str]  # node, and "gas" or "lng"
Ways = dict[State, list[tuple[State, float, frozenset[str]]]]


def ways(
    pipelines: Iterable[OutRow], terminals: Iterable[OutRow], routes: Iterable[OutRow]
) -> Ways:
    """Steps that gas can take, with cost in USD/1000 m3 and the firms that may take them."""
    steps: Ways = defaultdict(list)

    def add(start: State, end: State, row: OutRow) -> None:
        cost = sum(
            float(row.get(item, 0) or 0) for item in ("tariff", "transit_fee", "export_duty")
        )
        steps[start].append((end, cost, frozenset(_names(str(row.get("access", ""))))))

    for row in pipelines:
        add((str(row["from"]), "gas"), (str(row["to"]), "gas"), row)
    for row in terminals:
        node = str(row["node"])
        if row["kind"] == "liquefaction":
            add((node, "gas"), (node, "loaded"), row)
        else:
            add((node, "landed"), (node, "gas"), row)
    for row in routes:
        add((str(row["from"]), "loaded"), (str(row["to"]), "landed"), row)
    return steps


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def cheapest(steps: Ways, firm: str, starts: Iterable[str]) -> dict[str, float]:
    """Node to least cost of bringing the firm's gas there; nodes out of reach are absent."""
    cost: dict[State, float] = {(node, "gas"): 0.0 for node in starts}
    queue = [(0.0, state) for state in cost]
    heapq.heapify(queue)
    while queue:
        so_far, state = heapq.heappop(queue)
        if so_far > cost[state]:
            continue
        for end, step, access in steps.get(state, []):
            if access and firm not in access:
                continue
            total = so_far + step
            if total < cost.get(end, float("inf")) - 1e-12:
                cost[end] = total
                heapq.heappush(queue, (total, end))
    return {node: value for (node, kind), value in cost.items() if kind == "gas"}
