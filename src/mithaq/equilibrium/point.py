"""What a solver returns, by the user's labels: all that the certificate and the payoffs read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from mithaq.equilibrium.sheet import Sheet

__all__ = ["Point"]


@dataclass(slots=True)
class Point:
    """Quantities (bcm/yr) and values (USD/1000 m3) of an equilibrium; keys end in the slot number.

    What belongs to slots stands in a :class:`mithaq.equilibrium.sheet.Sheet`, an array that reads
    as a dictionary.

    Slots are numbered as :func:`mithaq.equilibrium.slots.slots` lists them. Values are those of a
    unit in its slot: duals of the program divided by the weight d n w of the slot. A key that is
    not there is a column that cannot be other than zero, or a value that nothing depends on.

    Capacity that is booked: of what a firm with a booking sends, as much as exceeds it takes from
    the open part of the arc, which is capacity minus all bookings. ``rent`` is the price of the
    open part; ``booking_rent`` is what a unit more of the booking would save its firm, at most
    ``rent`` and equal to it where the firm sends more than it booked. Availability scales bookings.
    """

    lifting: Sheet = field(default_factory=Sheet)  # firm, field, slot
    flow: Sheet = field(default_factory=Sheet)  # firm, arc, slot
    spot: Sheet = field(default_factory=Sheet)  # firm, market, slot
    handed: Sheet = field(default_factory=Sheet)
    """swap, giver, receiver, node, slot"""
    injection: Sheet = field(default_factory=Sheet)  # firm, storage, slot
    withdrawal: Sheet = field(default_factory=Sheet)  # firm, storage, slot
    level: Sheet = field(default_factory=Sheet)
    """firm, storage, slot: bcm at the end of the slot"""
    built: dict[tuple[str, str, str, int], float] = field(default_factory=dict)
    """table, row, firm (of a field's slice; else empty), number of the year: bcm/yr or bcm"""
    taken: Sheet = field(default_factory=Sheet)
    """contract, slot: what the buyer chose to take"""
    rationed: Sheet = field(default_factory=Sheet)
    """market, slot: demand at the price cap that nobody serves"""

    value: Sheet = field(default_factory=Sheet)  # firm, node, slot
    rent: Sheet = field(default_factory=Sheet)  # arc, slot
    third_party_rent: Sheet = field(default_factory=Sheet)  # arc, slot
    booking_rent: Sheet = field(default_factory=Sheet)  # firm, arc, slot
    scarcity: Sheet = field(default_factory=Sheet)
    """firm, field, slot: price of the slice's capacity"""
    reserve_price: dict[tuple[str, str], float] = field(default_factory=dict)
    """firm, field: USD/1000 m3 in present value"""
    floor_price: Sheet = field(default_factory=Sheet)  # firm, market, slot
    swap_price: Sheet = field(default_factory=Sheet)  # swap, slot
    swap_rent: Sheet = field(default_factory=Sheet)  # swap, slot
    injection_rent: Sheet = field(default_factory=Sheet)  # storage, slot
    withdrawal_rent: Sheet = field(default_factory=Sheet)  # storage, slot
    room_rent: Sheet = field(default_factory=Sheet)
    """storage, slot: price of working gas at the end of the slot, per discount x span of the year
    (not per share of the year, since room is a stock)"""
    stored_value: Sheet = field(default_factory=Sheet)
    """firm, storage, slot: value of a unit in store, per discount x span of the year"""
    build_limit_price: dict[tuple[str, str, str, int], float] = field(default_factory=dict)
    """table, row, firm, number of the year: price of the yearly limit, million USD per unit"""
    build_total_price: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """table, row, firm: price of the total limit, million USD per unit"""

    def sheets(self) -> Iterator[tuple[str, MutableMapping[Any, float]]]:
        """Name and entries of every kind of quantity and value."""
        for item in dataclasses.fields(self):
            yield item.name, getattr(self, item.name)

    def in_slot(self, slot: int) -> dict[str, dict[Any, float]]:
        """Entries of one slot by kind, their keys without the slot; a key of one part is bare."""
        return {
            name: {
                (key[0] if len(key) == 2 else key[:-1]): number
                for key, number in sheet.items()
                if key[-1] == slot
            }
            for name, sheet in self.sheets()
            if name not in COUPLED
        }


COUPLED = frozenset({"built", "reserve_price", "build_limit_price", "build_total_price"})
"""Kinds that belong to no slot."""
