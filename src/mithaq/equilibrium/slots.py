"""The slots of a chain: one for each period of each year, in order.

Quantities are annual rates in each slot, so a slot of half a year at 10 bcm/yr moves 5 bcm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mithaq.chain import Chain
from mithaq.words.sentence import Sentence

__all__ = ["Slot", "slots", "when_of"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One period of one year.

    ``share`` w is the part of the year that it lasts, ``span`` n the calendar years that the year
    stands for, ``discount`` d the factor by which the year's money counts.
    """

    year: float | None
    period: str
    share: float
    span: float
    discount: float

    @property
    def weight(self) -> float:
        """d n w: what a million USD a year in the slot counts in the sum over all slots."""
        return self.discount * self.span * self.share

    @property
    def time(self) -> float:
        """n w: calendar years that the slot stands for."""
        return self.span * self.share


def slots(chain: Chain) -> tuple[Slot, ...]:
    """Slots year by year, and period by period within a year (by ``position``).

    A chain without periods has one a year, called ``year``; one without years has a year None.

    >>> import pandas as pd
    >>> chain = Chain.from_tables({
    ...     "nodes": pd.DataFrame({"name": ["Hub"]}),
    ...     "firms": pd.DataFrame({"name": ["A"]}),
    ...     "fields": pd.DataFrame({"name": ["a"], "node": "Hub", "owners": "A", "capacity": 10}),
    ...     "markets": pd.DataFrame({"name": ["Hub"], "node": ["Hub"], "reference_quantity": [1],
    ...                              "reference_price": [5], "elasticity": [-1]}),
    ...     "periods": pd.DataFrame({"name": ["winter", "summer"], "position": [2, 1],
    ...                              "share": [0.4, 0.6]}),
    ... })
    >>> [(slot.period, slot.weight) for slot in slots(chain)]
    [('summer', 0.6), ('winter', 0.4)]
    """
    periods = sorted(chain.rows("periods"), key=lambda row: float(row["position"]))
    # Shares are given with a few digits; what they miss of 1 is spread over all.
    whole = sum(row["share"] for row in periods)
    parts = [(str(row["name"]), row["share"] / whole) for row in periods] or [("year", 1.0)]
    years: list[tuple[float | None, float, float]] = [
        (row["year"], row["span"], row["discount"])
        for row in sorted(chain.rows("years"), key=lambda row: float(row["year"]))
    ] or [(None, 1.0, 1.0)]
    return tuple(
        Slot(year, name, share, span, discount)
        for year, span, discount in years
        for name, share in parts
    )


def when_of(what: Sentence, every: Sequence[Slot], numbers: Sequence[int]) -> Sentence:
    """The sentence with the slots in which it is so; as it is where they are all or none told."""
    if not numbers or len(numbers) == len(every):
        return what
    several = len({slot.period for slot in every}) > 1
    names = []
    for slot in (every[number] for number in numbers):
        words = [slot.period] if several else []
        words += [f"{slot.year:g}"] if slot.year is not None else []
        names.append(" ".join(words))
    return Sentence("{what} in {slots}", what=what, slots=tuple(names))
