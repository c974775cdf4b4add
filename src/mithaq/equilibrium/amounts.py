"""Numbers of a chain by slot: what is open, how much of a capacity is there, how strong demand is.

Every array has one entry a slot, in the order of :func:`mithaq.equilibrium.slots.slots`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.prepared import remembered
from mithaq.equilibrium.slots import Slot, slots

__all__ = ["Calendar", "calendar_of", "nominated"]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Row = Mapping[str, Any]


class Calendar:
    """The slots of a chain as arrays, and the tables that say what changes from one to another."""

    def __init__(self, chain: Chain) -> None:
        self.slots: tuple[Slot, ...] = slots(chain)
        self.count = len(self.slots)
        self.share = np.array([slot.share for slot in self.slots])
        self.span = np.array([slot.span for slot in self.slots])
        self.discount = np.array([slot.discount for slot in self.slots])
        self.weight = self.share * self.span * self.discount
        self.periods = len({slot.period for slot in self.slots})
        # A year that nobody named is no number, and no number is before or after another.
        self.year = np.array([math.nan if s.year is None else s.year for s in self.slots])
        self.period = np.array([slot.period for slot in self.slots])
        self._available: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in chain.rows("availability"):
            self._available[row["table"], row["row"]].append(row)
        self._factors = chain.rows("demand_factors")
        self._markets = {row["name"]: row for row in chain.rows("markets")}

    @cached_property
    def years(self) -> tuple[float | None, ...]:
        """The years in order."""
        return tuple(slot.year for slot in self.slots[:: self.periods])

    @cached_property
    def ones(self) -> Vector:
        return np.ones(self.count)

    def opened(self, row: Row) -> Mask:
        """Where the years ``from_year`` to ``to_year`` of a row hold."""
        found: Mask = ~((self.year < row["from_year"]) | (self.year > row["to_year"]))
        return found

    def _matches(self, row: Row) -> Mask:
        found = np.ones(self.count, dtype=bool)
        if row["period"]:
            found &= self.period == row["period"]
        if not math.isnan(row["year"]):
            found &= self.year == row["year"]
        return found

    def available(self, table: str, name: str) -> Vector:
        """Factor on the capacity of an asset: the product of all rows that match."""
        factor = self.ones
        for row in self._available.get((table, name), ()):
            factor = np.where(self._matches(row), factor * row["factor"], factor)
        return factor

    def usable(self, table: str, row: Row, capacity: float) -> Vector:
        """Capacity of an asset: what is available of it while it is open."""
        if math.isinf(capacity):
            return np.where(self.opened(row), math.inf, 0.0)
        return np.where(self.opened(row), capacity * self.available(table, row["name"]), 0.0)

    def factors(self, market: Row) -> tuple[Vector, Vector]:
        """Factors on the reference quantity and on the reference price of a market."""
        quantity, price = self.ones, self.ones
        for row in self._factors:
            mine = row["market"] in ("", market["name"]) and row["sector"] in ("", market["sector"])
            if mine:
                match = self._matches(row)
                quantity = np.where(match, quantity * row["quantity"], quantity)
                price = np.where(match, price * row["price"], price)
        return quantity, price

    def demand(self, market: Row) -> tuple[Vector, Vector]:
        """Intercept and slope of inverse demand; both NaN where there is no demand.

        P = alpha - beta Q through the reference point, beta = P0 / (abs(e) Q0).
        """
        quantity, price = self.factors(market)
        q = market["reference_quantity"] * np.where(quantity > 0, quantity, math.nan)
        p = market["reference_price"] * price
        beta = p / (abs(market["elasticity"]) * q)
        return p + beta * q, beta

    def regulated(self, market: Row) -> Vector:
        """What a regulated market takes at its price."""
        alpha, beta = self.demand(market)
        taken: Vector = np.maximum((alpha - market["regulated_price"]) / beta, 0.0)
        return np.nan_to_num(taken)

    def profile(self, contract: Row) -> Vector:
        """Deliveries by slot in terms of the yearly quantity: flat, or as the market's demand.

        Nothing is delivered before or after the contract's years; nor where there is no demand, if
        the gas has to be used there.
        """
        factor, _ = self.factors(self._markets[contract["market"]])
        here = contract["destination_clause"]
        shape = np.where(factor > 0, 1.0, 0.0) if here else self.ones
        if contract["profile"] == "demand":
            by_year = (factor * self.share).reshape(-1, self.periods).sum(axis=1)
            mean = np.repeat(by_year, self.periods)
            shape = np.divide(factor, mean, out=np.zeros(self.count), where=mean > 0)
        return np.where(self.opened(contract), shape, 0.0)

    def delivered(self, contract: Row) -> Vector:
        """What the buyer takes of a contract whose nomination is data."""
        return nominated(contract) * self.profile(contract)


calendar_of = remembered("periods", "years", "availability", "demand_factors", "markets")(Calendar)


def nominated(row: Row) -> float:
    """What is delivered under a contract in any case: the nomination, else the take-or-pay floor.

    A buyer who nominates is bound to the floor alone.
    """
    floor = row["take_or_pay"] * row["annual_quantity"]
    given = row["nominated"] if row["nomination"] == "data" else math.nan
    return float(floor if math.isnan(given) else given)
