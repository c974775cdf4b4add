"""What a solver returns, by the user's labels: all that the certificate and the payoffs read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Point"]

Three = dict[tuple[str, str, int], float]
Two = dict[tuple[str, int], float]


@dataclass(slots=True)
class Point:
    """Quantities (bcm/yr) and values (USD/1000 m3) of an equilibrium; keys end in the slot number.

    Slots are numbered as :func:`mithaq.equilibrium.slots.slots` lists them. Values are those of a
    unit in its slot: duals of the program divided by the weight d n w of the slot. A key that is
    not there is a column that cannot be other than zero, or a value that nothing depends on.

    Capacity that is booked: of what a firm with a booking sends, as much as exceeds it takes from
    the open part of the arc, which is capacity minus all bookings. ``rent`` is the price of the
    open part; ``booking_rent`` is what a unit more of the booking would save its firm, at most
    ``rent`` and equal to it where the firm sends more than it booked. Availability scales bookings.
    """

    lifting: Three = field(default_factory=dict)  # firm, field, slot
    flow: Three = field(default_factory=dict)  # firm, arc, slot
    spot: Three = field(default_factory=dict)  # firm, market, slot
    handed: dict[tuple[str, str, str, str, int], float] = field(default_factory=dict)
    """swap, giver, receiver, node, slot"""
    injection: Three = field(default_factory=dict)  # firm, storage, slot
    withdrawal: Three = field(default_factory=dict)  # firm, storage, slot
    level: Three = field(default_factory=dict)
    """firm, storage, slot: bcm at the end of the slot"""
    built: dict[tuple[str, str, str, int], float] = field(default_factory=dict)
    """table, row, firm (of a field's slice; else empty), number of the year: bcm/yr or bcm"""
    taken: Two = field(default_factory=dict)
    """contract, slot: what the buyer chose to take"""
    rationed: Two = field(default_factory=dict)
    """market, slot: demand at the price cap that nobody serves"""

    value: Three = field(default_factory=dict)  # firm, node, slot
    rent: Two = field(default_factory=dict)  # arc, slot
    third_party_rent: Two = field(default_factory=dict)  # arc, slot
    booking_rent: Three = field(default_factory=dict)  # firm, arc, slot
    scarcity: Three = field(default_factory=dict)
    """firm, field, slot: price of the slice's capacity"""
    reserve_price: dict[tuple[str, str], float] = field(default_factory=dict)
    """firm, field: USD/1000 m3 in present value"""
    floor_price: Three = field(default_factory=dict)  # firm, market, slot
    swap_price: Two = field(default_factory=dict)  # swap, slot
    swap_rent: Two = field(default_factory=dict)  # swap, slot
    injection_rent: Two = field(default_factory=dict)  # storage, slot
    withdrawal_rent: Two = field(default_factory=dict)  # storage, slot
    room_rent: Two = field(default_factory=dict)
    """storage, slot: price of working gas at the end of the slot, per discount x span of the year
    (not per share of the year, since room is a stock)"""
    stored_value: Three = field(default_factory=dict)
    """firm, storage, slot: value of a unit in store, per discount x span of the year"""
    build_limit_price: dict[tuple[str, str, str, int], float] = field(default_factory=dict)
    """table, row, firm, number of the year: price of the yearly limit, million USD per unit"""
    build_total_price: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """table, row, firm: price of the total limit, million USD per unit"""

    def sheets(self) -> Iterator[tuple[str, dict[Any, float]]]:
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
