"""What payoffs need to know of each slot: demand, deliveries that are owed, capacity.

Arrays run over slots.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.slots import slots

__all__ = ["Terms", "contract_quantity"]

Array = NDArray[Any]
Row = Mapping[str, Any]


def contract_quantity(row: Row) -> float:
    """What the buyer takes (bcm/yr): the nomination, else the take-or-pay floor."""
    if math.isnan(row["nominated"]):
        return float(row["take_or_pay"] * row["annual_quantity"])
    return float(row["nominated"])


class Terms:
    """The tables of a chain, slot by slot, with what a point built and what buyers took.

    ``part`` is the part of each slot in a discounted year (they sum to 1); ``stock`` the same for
    what is counted once a period, however long; ``once`` for money paid in a year of decision.
    """

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.slots = slots(chain)
        weight = np.array([slot.weight for slot in self.slots])
        whole = float(weight.sum())
        self.part = weight / whole
        self.stock = np.array([slot.discount * slot.span for slot in self.slots]) / whole
        self.years = list(dict.fromkeys(slot.year for slot in self.slots))
        discount = {slot.year: slot.discount for slot in self.slots}
        self.once = [discount[year] / whole for year in self.years]
        last = self.slots[-1]
        self.horizon = (last.year or 0.0) + last.span
        self.country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}

    def __len__(self) -> int:
        return len(self.slots)

    def factors(self, rows: Sequence[Row], column: str) -> Array:
        """Product of a column over the rows that speak of a slot."""
        found = np.ones(len(self))
        for row in rows:
            for at, slot in enumerate(self.slots):
                in_year = math.isnan(row["year"]) or row["year"] == slot.year
                if in_year and row["period"] in ("", slot.period):
                    found[at] *= row[column]
        return found

    def open(self, row: Row) -> Array:
        """1 in slots of the years in which a row counts."""
        closed = [
            slot.year is not None and (slot.year < row["from_year"] or slot.year > row["to_year"])
            for slot in self.slots
        ]
        return 1.0 - np.array(closed, dtype=float)

    def demand(self, row: Row) -> tuple[Array, Array, Array]:
        """Intercept and slope of inverse demand of a market, and its reference quantity.

        Where nobody buys the quantity is 0, and so are the two others.
        """
        rows = [
            factor
            for factor in self.chain.rows("demand_factors")
            if factor["market"] in ("", row["name"]) and factor["sector"] in ("", row["sector"])
        ]
        quantity = row["reference_quantity"] * self.factors(rows, "quantity")
        price = row["reference_price"] * self.factors(rows, "price")
        alive = quantity > 0
        divisor = np.where(alive, abs(row["elasticity"]) * quantity, 1.0)
        slope = np.where(alive, price / divisor, 0.0)
        return np.where(alive, price + slope * quantity, 0.0), slope, quantity

    def delivered(self, row: Row, reference: Array) -> Array:
        """What a contract brings, by slot; ``reference``: the reference quantity of its market."""
        if row["nomination"] == "buyer":
            taken = self.point.taken
            return np.array([taken.get((row["name"], at), 0.0) for at in range(len(self))])
        found = contract_quantity(row) * self.open(row)
        if row["destination_clause"]:  # not brought where nobody uses any
            found = np.where(reference > 0, found, 0.0)
        if row["profile"] == "demand":
            for year in self.years:
                mine = np.array([slot.year == year for slot in self.slots])
                mean = float((np.array([s.share for s in self.slots]) * reference)[mine].sum())
                if mean > 0:
                    found[mine] *= reference[mine] / mean
        return found

    def capacity(self, row: Row, firm: str, share: float) -> Array:
        """Capacity of a slice of a field, with what its owner has built."""
        found: Array = share * row["capacity"] * self.open(row)
        for plan in self.chain.rows("expansions"):
            if plan["table"] == "fields" and plan["row"] == row["name"]:
                for place, year in enumerate(self.years):
                    built = self.point.built.get(("fields", row["name"], firm, place), 0.0)
                    found += built * self.in_use(plan, year)
        rows = self.chain.rows("availability")
        mine = [r for r in rows if r["table"] == "fields" and r["row"] == row["name"]]
        return found * self.factors(mine, "factor")

    def in_use(self, plan: Row, decided: float | None) -> Array:
        """1 in the slots in which what a year decides is there."""
        begins = (decided or 0.0) + plan["lag"]
        ends = math.inf if math.isnan(plan["lifetime"]) else begins + plan["lifetime"]
        return np.array([begins <= (slot.year or 0.0) < ends for slot in self.slots], dtype=float)

    def salvage(self, plan: Row, decided: float | None) -> float:
        """Share of the cost that comes back: of the part of the life that is left at the end."""
        if math.isnan(plan["lifetime"]):
            return float(plan["salvage"])
        ends = (decided or 0.0) + plan["lag"] + plan["lifetime"]
        left = min(max((ends - self.horizon) / plan["lifetime"], 0.0), 1.0)
        return float(plan["salvage"] * left)

    def supply(self, row: Row) -> dict[str, Array]:
        """What each obliged firm brings to a regulated market."""
        choke, slope, quantity = self.demand(row)
        divisor = np.where(quantity > 0, slope, 1.0)
        wanted = np.maximum(choke - row["regulated_price"], 0.0) / divisor
        total = np.where(quantity > 0, wanted, 0.0)
        return {firm: share * total for firm, share in parse_shares(row["supplier"]).items()}
