"""What payoffs need to know of each slot: how much it counts, demand, deliveries, capacity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.amounts import Calendar
from mithaq.equilibrium.building import buildings
from mithaq.equilibrium.point import Point

__all__ = ["Terms"]

Array = NDArray[Any]
Row = Mapping[str, Any]


class Terms:
    """The tables of a chain, slot by slot, with what a point built and what buyers took.

    ``part`` is the part of each slot in a discounted year (they sum to 1), ``stock`` the same for
    what is counted once a period, however long; ``total`` is how many discounted years there are.
    """

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.calendar = Calendar(chain)
        self.total = float(self.calendar.weight.sum())
        self.part: Array = self.calendar.weight / self.total
        self.stock: Array = self.calendar.discount * self.calendar.span / self.total
        self.buildings = buildings(chain, self.calendar) if point.built else []
        self.country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}

    def __len__(self) -> int:
        return self.calendar.count

    def demand(self, row: Row) -> tuple[Array, Array]:
        """Intercept and slope of inverse demand of a market; 0 where nobody buys."""
        alpha, beta = self.calendar.demand(row)
        return np.nan_to_num(alpha), np.nan_to_num(beta)

    def delivered(self, row: Row) -> Array:
        """What a contract brings, by slot: as agreed, or as its buyer chose."""
        if row["nomination"] == "buyer":
            taken = self.point.taken
            return np.array([taken.get((row["name"], slot), 0.0) for slot in range(len(self))])
        return self.calendar.delivered(row)

    def capacity(self, row: Row, firm: str, share: float) -> Array:
        """Capacity of a slice of a field, with what its owner has built."""
        found = self.calendar.usable("fields", row, share * row["capacity"])
        for plan in self.buildings:
            if (plan.table, plan.row, plan.firm) == ("fields", row["name"], firm):
                found = found + self.point.built.get(plan.key, 0.0) * plan.usable
        return found

    def reserved(self, table: str, booking: Row) -> Array:
        """Capacity of an arc that is booked, by slot."""
        there = np.where(self.calendar.opened(booking), booking["capacity"], 0.0)
        return there * self.calendar.available(table, booking["arc"])
