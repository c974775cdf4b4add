"""From a solver's numbers to a point: each column and each dual under the user's labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.layout import Family
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import Program
from mithaq.equilibrium.sheet import Labels, Sheet

__all__ = ["read_point"]

Vector = NDArray[np.float64]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]
KINDS = ("lifting", "flow", "spot", "handed", "injection", "withdrawal", "level")
VALUES = {
    "balance": "value",
    "swap ratio": "swap_price",
    "level": "stored_value",
    "arc": "rent",
    "booking": "booking_rent",
    "third party": "third_party_rent",
    "field": "scarcity",
    "injection": "injection_rent",
    "withdrawal": "withdrawal_rent",
    "room": "room_rent",
    "swap cap": "swap_rent",
    "floor": "floor_price",
    "reserves": "reserve_price",
    "build limit": "build_limit_price",
    "build total": "build_total_price",
}
STOCKS = frozenset({"level", "room"})  # of a stock, not of a rate: worth d n, not d n w


def read_point(program: Program, x: Vector, z: Vector) -> Point:
    """Put names on the solver's columns and duals. Quantities are never below zero."""
    net, columns = program.network, program.columns
    pattern, calendar = program.pattern, net.calendar
    counted = (calendar.weight, calendar.discount * calendar.span)
    key = id(pattern), *(worth.tobytes() for worth in counted)
    reading = _READINGS.get(key, pattern, lambda: _Reading(program))
    width = len(x) if len(x) < len(program.linear) else len(x) - program.cones
    full = np.zeros(columns.first_cone)
    full[reading.alive] = np.maximum(x[:width], 0.0)
    lifted = columns.part(full, "lifting")
    grown = {b.row for b in net.buildings if b.table == "fields"}
    most = net.slice_capacity
    if grown:
        free = np.array([piece.field in grown for piece in net.slices], dtype=bool)
        most = np.where(free, np.inf, most)
    np.minimum(lifted, most, out=lifted)
    _lower_levels(program, full)
    sheets = {
        kind: Sheet(labels, columns.part(full, kind).copy(), there)
        for kind, (labels, there) in reading.quantities.items()
    }
    values = np.zeros(reading.size)
    values[reading.place] = z[reading.row] / reading.worth
    for name, (labels, there, first) in reading.values.items():
        numbers = values[first : first + there.size].reshape(there.shape)
        sheets[name] = Sheet(labels, numbers, there)
    single: dict[str, dict[Any, float]] = {}
    for family in reading.single:
        duals = z[family.first : family.last].tolist()
        keys = (key for _, key in family.labels())
        single[VALUES[family.kind]] = dict(zip(keys, duals, strict=True))
    built = full[columns.first_built :].tolist()
    single["built"] = {b.key: size for b, size in zip(net.buildings, built, strict=True)}
    return Point(**sheets, **single)  # type: ignore[arg-type]


class _Reading:
    """Where numbers of a point stand among columns and duals: of a pattern whose slots count alike.

    ``quantities`` are labels and mask by kind; ``alive`` the columns that are there in the full
    list. Values of all kinds stand in one array of ``size``: ``values`` are their labels, mask and
    first number, ``row`` the duals of the program that belong at each ``place``, and ``worth`` what
    each is divided by. ``single`` are families of rows that belong to no slot.
    """

    def __init__(self, program: Program) -> None:
        columns, calendar = program.columns, program.network.calendar
        self.alive = np.flatnonzero(columns.alive[: columns.first_cone])
        self.quantities = {
            kind: (Labels(columns.keys[kind]), _shared(columns.mask(kind))) for kind in KINDS
        }
        self.values: dict[str, tuple[Labels, Mask, int]] = {}
        self.single: list[Family] = []
        self.size = 0
        parts: list[tuple[Places, Places, Vector]] = []
        for kind, name in VALUES.items():
            family = program.families[kind]
            if not family.slots:
                self.single.append(family)
                continue
            labels = Labels(family.keys)
            there = family.alive.reshape(calendar.count, len(labels.names))
            worth = calendar.discount * calendar.span if kind in STOCKS else calendar.weight
            if kind == "balance":
                worth = -worth  # a balance's dual is the cost of one unit more to deliver
            at = np.flatnonzero(family.alive)
            row = np.arange(family.first, family.last)
            parts.append((self.size + at, row, np.repeat(worth, there.shape[1])[at]))
            self.values[name] = labels, _shared(there), self.size
            self.size += there.size
        self.place, self.row, self.worth = map(np.concatenate, zip(*parts, strict=True))


_READINGS: Memory[_Reading] = Memory()


def _shared(mask: Mask) -> Mask:
    """A copy that all sheets of a kind can share."""
    found = mask.copy()
    found.flags.writeable = False
    return found


def _lower_levels(program: Program, full: Vector) -> None:
    """Gas that never leaves a store is no choice of the year: the lowest level of each is zero."""
    level = program.columns.part(full, "level")
    if level.size:
        by_year = level.reshape(-1, program.network.calendar.periods, level.shape[1])
        level -= np.repeat(by_year.min(axis=1), by_year.shape[1], axis=0)
