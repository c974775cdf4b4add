"""What can be built onto an asset, when it can be used and what it costs in present value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.amounts import Calendar

__all__ = ["Building", "buildings"]


@dataclass(frozen=True, slots=True)
class Building:
    """Capacity that an owner may decide on in one year.

    ``cost`` (million USD per unit) is in present value and less what comes back at the end;
    ``usable`` says in which slots a unit decided on is there, as the asset's availability in them.
    """

    table: str
    row: str
    firm: str  # owner of a field's slice; else empty
    year: int  # number of the year of decision
    cost: float
    limit: float
    total_limit: float
    usable: NDArray[np.float64]

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Key under which a point shows it."""
        return self.table, self.row, self.firm, self.year


def buildings(chain: Chain, calendar: Calendar) -> list[Building]:
    """Every decision that some slot can profit from, by table, row, firm and year.

    A unit decided on in year Y is there from Y + lag for its lifetime, while the asset is open. At
    the end of the last year the share ``salvage`` of what is not used up of its cost comes back,
    discounted as that year is. Limits of a shared field are split by share.
    """
    found = []
    for row in chain.rows("expansions"):
        table = row["table"]
        asset = next(other for other in chain.rows(table) if other["name"] == row["row"])
        there = np.where(calendar.opened(asset), 1.0, 0.0)
        if table != "storages":  # of a storage, availability is about its rates alone
            there = there * calendar.available(table, asset["name"])
        owners = parse_shares(asset["owners"]) if table == "fields" else {"": 1.0}
        limits = [math.inf if math.isnan(row[n]) else row[n] for n in ("limit", "total_limit")]
        for number, year in enumerate(calendar.years):
            now = math.nan if year is None else year
            if now < row["first_year"] or now > row["last_year"]:
                continue
            if year is None and row["lag"] > 0:
                continue  # what comes later than the only year is of no use in it
            usable = np.where(_working(calendar, now, row["lag"], row["lifetime"]), there, 0.0)
            if not usable.any():
                continue
            cost = row["cost"] * _present_value(
                calendar, number, row["lag"], row["lifetime"], row["salvage"]
            )
            for firm, share in owners.items():
                most = share * limits[0], share * limits[1]
                found.append(Building(table, row["row"], firm, number, cost, *most, usable))
    return found


def _working(calendar: Calendar, year: float, lag: float, lifetime: float) -> NDArray[np.bool_]:
    """Slots in which capacity decided on in ``year`` is there; all where no year has a number."""
    started = ~(calendar.year < year + lag)
    return started & ~(calendar.year >= year + lag + lifetime)


def _present_value(
    calendar: Calendar, number: int, lag: float, lifetime: float, salvage: float
) -> float:
    """What a million USD of cost is in present value, less what comes back at the end."""
    first = number * calendar.periods
    year, last = calendar.year[first], calendar.year[-1]
    left = 1.0
    if not math.isnan(lifetime) and not math.isnan(year):
        end = last + calendar.span[-1]
        left = min(max((year + lag + lifetime - end) / lifetime, 0.0), 1.0)
    elif not math.isnan(lifetime):
        left = max((lifetime - calendar.span[-1]) / lifetime, 0.0)
    back = salvage * left * float(calendar.discount[-1])
    return float(calendar.discount[first]) - back
