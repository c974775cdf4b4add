"""The shipped chain through seasons and years, for timing: made-up seasons on real tables.

The shape of demand over the year is a cosine with its peak in the first period, and each of the
dozen largest markets has a store of a tenth of its yearly demand. Figures of no use but to time.
"""

from __future__ import annotations

import math

import mithaq

__all__ = ["SIZES", "through_time"]

SIZES = {"annual": (1, 1), "3 x 1": (3, 1), "12 x 1": (12, 1), "3 x 5": (3, 5)}
SWING = 0.4  # of demand around its mean
STORES = 12
FREE = "all"  # sector of the markets that set their price
STEP, GROWTH, DISCOUNT = 5, 1.01, 0.78  # years from one to the next; demand a year; money a step


def through_time(chain: mithaq.Chain, periods: int, years: int) -> mithaq.Chain:
    """The chain with so many periods a year and so many years, with stores where there are seasons.

    One period and one year leave all as it is but the name of a sector.
    """
    # Obliged supply is flat, or more would be owed in the peak than can be brought.
    edits: list[mithaq.Edit] = [
        mithaq.Change("markets", row["name"], "sector", "obliged")
        for row in chain.rows("markets")
        if not math.isnan(row["regulated_price"])
    ]
    if periods > 1:
        for number in range(periods):
            name = f"period {number + 1:02d}"
            shape = 1 + SWING * math.cos(2 * math.pi * number / periods)
            row = {"name": name, "position": number, "share": 1 / periods}
            edits.append(mithaq.Add("periods", row))
            factor = {"sector": FREE, "period": name, "quantity": shape}
            edits.append(mithaq.Add("demand_factors", factor))
        largest = sorted(chain.rows("markets"), key=lambda row: -float(row["reference_quantity"]))
        for market in [row for row in largest if math.isnan(row["regulated_price"])][:STORES]:
            size = 0.1 * market["reference_quantity"]
            store = {"name": f"store of {market['name']}", "node": market["node"], "loss": 0.01}
            rates = {"working_gas": size, "injection": 3 * size, "withdrawal": 5 * size}
            costs = {"injection_cost": 4, "withdrawal_cost": 4}
            edits.append(mithaq.Add("storages", {**store, **rates, **costs}))
    for number in range(years if years > 1 else 0):
        year = 2010 + STEP * number
        row = {"year": year, "span": STEP, "discount": DISCOUNT**number}
        edits.append(mithaq.Add("years", row))
        factor = {"sector": FREE, "year": year, "quantity": GROWTH ** (STEP * number)}
        edits.append(mithaq.Add("demand_factors", factor))
    return chain.with_edits(edits)
