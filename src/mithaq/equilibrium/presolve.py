"""Columns that cannot be other than zero in their slot, found before anything is solved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.layout import Columns, Entries, Family
from mithaq.equilibrium.network import Network
from mithaq.equilibrium.start import KINDS, Used

__all__ = ["drop_dead", "with_room"]

Mask = NDArray[np.bool_]


def drop_dead(
    net: Network,
    columns: Columns,
    balance: Family,
    owed: NDArray[np.float64],
    gifts: Entries,
    used: Used | None = None,
) -> None:
    """Mark as not there what has no capacity, no demand, no gas or no use in its slot.

    Gas of a firm at a node that nothing brings cannot leave, and gas that cannot leave is not
    brought; so one column after another goes, until no balance has one side alone. ``owed`` is what
    must leave each balance, or, where it is negative, comes to it. ``gifts`` bring
    gas to a balance, but nobody stops sending for want of a use that its receiver has for them.
    Of flows and sales only those ``used`` are looked at, if they are given.
    """
    alive = columns.alive
    _no_room(net, columns)
    if used:
        for kind in KINDS:
            alive[columns.of(kind)] &= used.mask(kind, columns.keys[kind], columns.slots)
    rows, at = balance.entries.rows, balance.entries.columns
    gives = balance.entries.values > 0
    given, wanted = owed < 0, owed > 0
    _note_choices(net, given, wanted)
    while True:
        before = int(alive.sum())
        there = alive[at]
        given_away = gifts.rows[alive[gifts.columns]]
        inflow = np.bincount(rows[there & gives], minlength=balance.size) > 0
        inflow |= np.bincount(given_away, minlength=balance.size) > 0
        outflow = np.bincount(rows[there & ~gives], minlength=balance.size) > 0
        # What is owed where nothing comes stays as it is, to be told as infeasible.
        idle = ~(inflow | given) | ~(outflow | wanted)
        alive[at[idle[rows] & there]] = False
        _idle_stores(net, columns)
        _idle_swaps(net, columns)
        if int(alive.sum()) == before:
            break
    flows = {pair: index for index, pair in enumerate(columns.keys["flow"])}
    carried = [flows[pair] for pair in columns.keys["opened"]]
    alive[columns.of("opened")] = columns.mask("flow")[:, carried]


def _note_choices(net: Network, given: Mask, wanted: Mask) -> None:
    """Where a buyer may choose to take gas it may leave the seller, and reach the buyer."""
    place = {key: index for index, key in enumerate(net.balances)}
    size = len(place)
    for choice in net.choices:
        slots = np.flatnonzero(choice.most) * size
        for sheet, firm in ((wanted, choice.seller), (given, choice.buyer)):
            if (firm, choice.node) in place:
                sheet[slots + place[firm, choice.node]] = True


def with_room(net: Network) -> tuple[Mask, Mask]:
    """Where slices and arcs have a capacity, or could have: slots x slices, slots x arcs."""
    grown: dict[tuple[str, str, str], Mask] = {}
    for building in net.buildings:
        key = building.table, building.row, building.firm
        there = building.usable > 0
        grown[key] = grown.get(key, np.zeros(net.calendar.count, dtype=bool)) | there
    lifts = net.slice_capacity > 0
    carries = net.arc_capacity > 0
    if grown:
        for index, piece in enumerate(net.slices):
            lifts[:, index] |= grown.get(("fields", piece.field, piece.firm), False)
        for index, way in enumerate(net.arcs.values()):
            carries[:, index] |= grown.get((way.table, way.name, ""), False)
    return lifts, carries


def _no_room(net: Network, columns: Columns) -> None:
    """Lifting, flows, sales and stores without capacity or demand in their slot."""
    alive = columns.alive
    arc = {name: index for index, name in enumerate(net.arcs)}
    lifts, carries = with_room(net)
    alive[columns.of("lifting")] = lifts
    alive[columns.of("flow")] = carries[:, [arc[name] for _, name in net.flows]]
    market = {name: index for index, name in enumerate(net.markets)}
    wanted = ~np.isnan(net.beta)
    alive[columns.of("spot")] = wanted[:, [market[name] for _, name in net.sales]]
    store = {name: index for index, name in enumerate(net.storages)}
    at = [store[name] for _, name in net.stores]
    room, put, take = net.storage_size
    for kind, rate in (("injection", put), ("withdrawal", take)):
        alive[columns.of(kind)] = ((rate > 0) & (room > 0))[:, at]


def _idle_stores(net: Network, columns: Columns) -> None:
    """Within a year, what nobody puts in cannot be taken out, nor the other way round."""
    if not net.stores:
        return
    shape = (-1, net.calendar.periods, len(net.stores))
    puts, takes = (
        columns.mask(kind).reshape(shape).any(axis=1) for kind in ("injection", "withdrawal")
    )
    used = np.repeat(puts & takes, net.calendar.periods, axis=0)
    for kind in ("injection", "withdrawal", "level"):
        columns.alive[columns.of(kind)] &= used


def _idle_swaps(net: Network, columns: Columns) -> None:
    """A swap of which one side can give nothing in a slot."""
    if not net.handovers:
        return
    swaps = list(net.swap_caps)
    swap = np.array([swaps.index(pass_.swap) for pass_ in net.handovers])
    forth = np.array([pass_.weight > 0 for pass_ in net.handovers])
    there = columns.mask("handed")
    sides = [
        np.stack([(there & side)[:, swap == s].any(axis=1) for s in range(len(swaps))], axis=1)
        for side in (forth, ~forth)
    ]
    columns.alive[columns.of("handed")] &= (sides[0] & sides[1])[:, swap]
