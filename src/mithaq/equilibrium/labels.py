"""From a solver's numbers to a point: each column and each dual under the user's labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.layout import Family
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.program import Program

__all__ = ["read_point"]

Vector = NDArray[np.float64]
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
    width = len(x) if len(x) < len(program.linear) else len(x) - program.cones
    full = np.zeros(columns.first_cone)
    full[columns.alive[: columns.first_cone]] = np.maximum(x[:width], 0.0)
    lifted = columns.of("lifting")
    grown = {b.row for b in net.buildings if b.table == "fields"}
    free = np.array([piece.field in grown for piece in net.slices], dtype=bool)
    most = np.where(free, np.inf, net.slice_capacity)
    full[lifted] = np.minimum(full[lifted], most)
    _lower_levels(program, full)
    point = Point()
    for kind in KINDS:
        sheet: dict[Any, float] = getattr(point, kind)
        numbers, there = full[columns.of(kind)], columns.mask(kind)
        for slot, column in zip(*(found.tolist() for found in np.nonzero(there)), strict=True):
            sheet[*columns.keys[kind][column], slot] = float(numbers[slot, column])
    for number, building in enumerate(net.buildings):
        point.built[building.key] = float(full[columns.first_built + number])
    for kind, name in VALUES.items():
        _read_duals(program, program.families[kind], z, getattr(point, name))
    return point


def _lower_levels(program: Program, full: Vector) -> None:
    """Gas that never leaves a store is no choice of the year: the lowest level of each is zero."""
    columns = program.columns
    at = columns.of("level")
    if not at.size:
        return
    shape = (-1, program.network.calendar.periods, at.shape[1])
    level = full[at].reshape(shape)
    full[at] = (level - level.min(axis=1, keepdims=True)).reshape(at.shape)


def _read_duals(program: Program, family: Family, z: Vector, sheet: dict[Any, float]) -> None:
    duals = z[family.first : family.last]
    if family.slots:
        calendar = program.network.calendar
        worth = calendar.weight
        if family.kind in STOCKS:
            worth = calendar.discount * calendar.span
        duals = duals / worth[np.flatnonzero(family.alive) // max(len(family.keys), 1)]
    if family.kind == "balance":
        duals = -duals  # a balance's dual is the cost of one unit more to deliver
    for (_, key), dual in zip(family.labels(), duals.tolist(), strict=True):
        sheet[key] = dual
