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
from mithaq.equilibrium.columns import Table, table_of
from mithaq.equilibrium.prepared import remembered
from mithaq.equilibrium.slots import Slot, slots

__all__ = ["Calendar", "all_nominated", "calendar_of", "nominated"]

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
        self._markets = table_of(chain, "markets")

    @cached_property
    def years(self) -> tuple[float | None, ...]:
        """The years in order."""
        return tuple(slot.year for slot in self.slots[:: self.periods])

    @cached_property
    def parts(self) -> tuple[float, Vector, Vector]:
        """How many discounted years there are, and the part of each slot in one.

        The latter for what is paid at a rate, and for what is counted once a period.
        """
        total = float(self.weight.sum())
        return total, self.weight / total, self.discount * self.span / total

    @cached_property
    def ones(self) -> Vector:
        return np.ones(self.count)

    def opened(self, row: Row) -> Mask:
        """Where the years ``from_year`` to ``to_year`` of a row hold."""
        found: Mask = self.all_opened(Table([row]))[0]
        return found

    def all_opened(self, table: Table) -> Mask:
        """The same for many rows: rows x slots."""
        first, last = table.numbers("from_year")[:, None], table.numbers("to_year")[:, None]
        found: Mask = ~((self.year < first) | (self.year > last))
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
        found: Vector = self.all_usable(table, Table([row]), np.array([capacity]))[0]
        return found

    def all_usable(self, name: str, assets: Table, capacity: Vector) -> Vector:
        """The same for many assets of a table of that name: assets x slots."""
        size = np.repeat(capacity[:, None], self.count, axis=1)
        for at, asset in enumerate(assets.texts("name") if self._available else ()):
            if (name, asset) in self._available and not math.isinf(capacity[at]):
                size[at] = capacity[at] * self.available(name, asset)
        return np.where(self.all_opened(assets), size, 0.0)

    @cached_property
    def _demand_factors(self) -> tuple[dict[str, int], Vector, Vector]:
        """Number of each market, and factors on its quantity and price: markets x slots."""
        markets = self._markets
        quantity, price = (np.ones((len(markets), self.count)) for _ in range(2))
        for row in self._factors:
            mine = np.ones(len(markets), dtype=bool)
            for column, told in (("name", row["market"]), ("sector", row["sector"])):
                if told:
                    mine &= markets.says(column, told)
            here = np.ix_(np.flatnonzero(mine), np.flatnonzero(self._matches(row)))
            quantity[here] *= row["quantity"]
            price[here] *= row["price"]
        return markets.at, quantity, price

    def demand(self, market: Row) -> tuple[Vector, Vector]:
        """Intercept and slope of inverse demand; both NaN where there is no demand.

        P = alpha - beta Q through the reference point, beta = P0 / (abs(e) Q0).
        """
        alpha, beta = self.all_demand(Table([market]))
        return alpha[0], beta[0]

    def all_demand(self, markets: Table) -> tuple[Vector, Vector]:
        """The same for many markets: markets x slots."""
        number, quantity, price = self._demand_factors
        mine = np.array([number[name] for name in markets.texts("name")], dtype=np.intp)
        size, worth = (markets.numbers(f"reference_{n}")[:, None] for n in ("quantity", "price"))
        bend = np.abs(markets.numbers("elasticity"))[:, None]
        q = size * np.where(quantity[mine] > 0, quantity[mine], math.nan)
        p = worth * price[mine]
        beta = p / (bend * q)
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
        found: Vector = self.profiles(Table([contract]))[0]
        return found

    def profiles(self, contracts: Table) -> Vector:
        """The same for many contracts: contracts x slots."""
        number, quantity, _ = self._demand_factors
        factor = quantity[np.array([number[m] for m in contracts.texts("market")], dtype=np.intp)]
        here = contracts.truths("destination_clause")
        shape = np.where((factor > 0) | ~here[:, None], 1.0, 0.0)
        follows = contracts.says("profile", "demand")
        by_year = (
            (factor * self.share).reshape(len(contracts), len(self.years), self.periods).sum(axis=2)
        )
        mean = np.repeat(by_year, self.periods, axis=1)
        even = np.divide(factor, mean, out=np.zeros(factor.shape), where=mean > 0)
        shape = np.where(follows[:, None], even, shape)
        return np.where(self.all_opened(contracts), shape, 0.0)

    def delivered(self, contract: Row) -> Vector:
        """What the buyer takes of a contract whose nomination is data."""
        return nominated(contract) * self.profile(contract)


calendar_of = remembered("periods", "years", "availability", "demand_factors", "markets")(Calendar)


def all_nominated(contracts: Table) -> Vector:
    """What is delivered under contracts in any case: the nomination, else the take-or-pay floor.

    A buyer who nominates is bound to the floor alone.
    """
    floor = contracts.numbers("take_or_pay") * contracts.numbers("annual_quantity")
    given = np.where(contracts.says("nomination", "data"), contracts.numbers("nominated"), np.nan)
    return np.where(np.isnan(given), floor, given)


def nominated(row: Row) -> float:
    """The same of one contract."""
    return float(all_nominated(Table([row]))[0])
