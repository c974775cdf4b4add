"""What payoffs need to know of each slot: how much it counts, what was built and booked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.building import buildings
from mithaq.equilibrium.point import Point

__all__ = ["Terms"]

Array = NDArray[Any]
Row = Mapping[str, Any]


class Terms:
    """A chain and a point side by side.

    ``part`` is the part of each slot in a discounted year (they sum to 1), ``stock`` the same for
    what is counted once a period, however long; ``total`` is how many discounted years there are.
    """

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.calendar = calendar_of(chain)
        self.total, self.part, self.stock = self.calendar.parts
        self.buildings = buildings(chain, self.calendar) if point.built else []

    def __len__(self) -> int:
        return self.calendar.count

    def reserved(self, table: str, booking: Row) -> Array:
        """Capacity of an arc that is booked, by slot."""
        there = np.where(self.calendar.opened(booking), booking["capacity"], 0.0)
        return there * self.calendar.available(table, booking["arc"])
