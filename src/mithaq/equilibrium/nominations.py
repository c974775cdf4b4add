"""Contracts under which the buyer nominates: what is delivered in any case, and what it may add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.amounts import Calendar
from mithaq.equilibrium.columns import table_of

__all__ = ["Choice", "choices"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a buyer may take beyond the take-or-pay floor (bcm/yr by slot), and at what price.

    ``price`` is that of the contract, or, where ``spot``, the premium on the market's price.
    ``buyer`` is the firm that gets the gas into its own hands; empty: it is used in the market.
    """

    name: str
    seller: str
    market: str
    node: str
    buyer: str
    price: float
    spot: bool
    floor: Vector
    most: Vector


def choices(chain: Chain, calendar: Calendar) -> list[Choice]:
    """Every contract with nomination by the buyer; floor and most follow the contract's profile."""
    contracts, markets = table_of(chain, "contracts"), table_of(chain, "markets")
    found = []
    for at in np.flatnonzero(contracts.says("nomination", "buyer")).tolist():
        row = contracts.rows[at]
        whole = row["annual_quantity"] * calendar.profile(row)
        found.append(
            Choice(
                row["name"],
                row["seller"],
                row["market"],
                markets.rows[markets.at[row["market"]]]["node"],
                "" if row["destination_clause"] else row["buyer"],
                row["price"],
                row["pricing"] == "spot",
                row["take_or_pay"] * whole,
                (1 - row["take_or_pay"]) * whole,
            )
        )
    return found
