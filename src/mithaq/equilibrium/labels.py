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
    labels = _labels_of(program)
    width = len(x) if len(x) < len(program.linear) else len(x) - program.cones
    full = np.zeros(columns.first_cone)
    full[columns.alive[: columns.first_cone]] = np.maximum(x[:width], 0.0)
    lifted = columns.part(full, "lifting")
    grown = {b.row for b in net.buildings if b.table == "fields"}
    most = net.slice_capacity
    if grown:
        free = np.array([piece.field in grown for piece in net.slices], dtype=bool)
        most = np.where(free, np.inf, most)
    np.minimum(lifted, most, out=lifted)
    _lower_levels(program, full)
    sheets = {
        kind: Sheet(labels[kind], columns.part(full, kind).copy(), columns.mask(kind))
        for kind in KINDS
    }
    single: dict[str, dict[Any, float]] = {}
    for kind, name in VALUES.items():
        family = program.families[kind]
        if family.slots:
            sheets[name] = _sheet_of_duals(program, family, labels[name], z)
        else:
            duals = z[family.first : family.last].tolist()
            single[name] = dict(zip((key for _, key in family.labels()), duals, strict=True))
    built = full[columns.first_built :].tolist()
    single["built"] = {b.key: size for b, size in zip(net.buildings, built, strict=True)}
    return Point(**sheets, **single)  # type: ignore[arg-type]


_LABELS: Memory[dict[str, Labels]] = Memory()


def _labels_of(program: Program) -> dict[str, Labels]:
    """Labels of each sheet of a point, the same for all programs of a pattern."""

    def make() -> dict[str, Labels]:
        found = {kind: Labels(program.columns.keys[kind]) for kind in KINDS}
        for kind, name in VALUES.items():
            if program.families[kind].slots:
                found[name] = Labels(program.families[kind].keys)
        return found

    return _LABELS.get(id(program.pattern), program.pattern, make)


def _lower_levels(program: Program, full: Vector) -> None:
    """Gas that never leaves a store is no choice of the year: the lowest level of each is zero."""
    level = program.columns.part(full, "level")
    if level.size:
        by_year = level.reshape(-1, program.network.calendar.periods, level.shape[1])
        level -= np.repeat(by_year.min(axis=1), by_year.shape[1], axis=0)


def _sheet_of_duals(program: Program, family: Family, labels: Labels, z: Vector) -> Sheet:
    """Duals of a family's rows as values in their slots."""
    calendar = program.network.calendar
    shape = calendar.count, len(labels.names)
    numbers = np.zeros(shape)
    there = family.alive.reshape(shape).copy()
    numbers[there] = z[family.first : family.last]
    stock = family.kind in STOCKS
    worth = calendar.discount * calendar.span if stock else calendar.weight
    if family.kind == "balance":
        worth = -worth  # a balance's dual is the cost of one unit more to deliver
    numbers /= worth[:, None]
    return Sheet(labels, numbers, there)
