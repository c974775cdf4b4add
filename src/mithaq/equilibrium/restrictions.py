"""The rows of the program, family by family: balances, and limits of everything that has one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.layout import COLUMN_KINDS, Columns, Entries, Family
from mithaq.equilibrium.network import Network
from mithaq.equilibrium.prepared import Memory

__all__ = ["bounds", "equality_families", "gift_entries", "growing", "inequality_families"]

Vector = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


class _Rows:
    """Entries of one family, given for one slot and repeated over all."""

    def __init__(self, net: Network, columns: Columns, kind: str, keys: Sequence[Any]) -> None:
        self.net, self.columns, self.kind, self.keys = net, columns, kind, keys
        self.parts: list[Entries] = []

    def put(
        self, kind: str, rows: Sequence[int], at: Sequence[int] | Index, values: Any = 1.0
    ) -> None:
        """Entries in columns of one kind: ``values`` one, one each, or slots x each."""
        slots = self.columns.slots
        row = np.arange(slots)[:, None] * len(self.keys) + np.asarray(rows, dtype=np.int64)
        column = self.columns.of(kind)[:, np.asarray(at, dtype=np.int64)]
        value = np.broadcast_to(np.asarray(values, dtype=float), row.shape)
        self.parts.append(Entries(row.ravel(), column.ravel(), value.ravel()))

    def build(self, rows: dict[tuple[str, str, str], int], factor: dict[int, Vector]) -> None:
        """What is built, taken off the use of the asset in each slot in which it is there."""
        for number, building in enumerate(self.net.buildings):
            row = rows.get((building.table, building.row, building.firm))
            if row is None:
                continue
            size = building.usable * factor.get(number, 1.0)
            slot = np.flatnonzero(size)
            column = np.full(len(slot), self.columns.first_built + number)
            self.parts.append(Entries(slot * len(self.keys) + row, column, -size[slot]))

    def family(self, *, single: bool = False, kept: bool = False) -> Family:
        entries = Entries.join(self.parts)
        shape = self.kind, self.keys, self.columns.slots
        return Family(*shape, entries, single=single, kept=kept)


def equality_families(net: Network, columns: Columns) -> list[Family]:
    """Balances of firms at nodes, ratios of swaps, what is in store, what is left idle."""
    families = _balance(net, columns), _swap_ratio(net, columns), _level(net, columns)
    return [*families, _idle(net, columns)]


def _balance(net: Network, columns: Columns) -> Family:
    rows = _Rows(net, columns, "balance", net.balances)
    at = {key: index for index, key in enumerate(net.balances)}
    every = {kind: range(len(columns.keys[kind])) for kind in COLUMN_KINDS}
    rows.put("lifting", [at[p.firm, p.node] for p in net.slices], every["lifting"])
    ways = [(firm, net.arcs[name]) for firm, name in net.flows]
    rows.put("flow", [at[firm, way.tail] for firm, way in ways], every["flow"], -1.0)
    arrives = [way.arrives for _, way in ways]
    rows.put("flow", [at[firm, way.head] for firm, way in ways], every["flow"], arrives)
    places = [at[firm, net.markets[name].node] for firm, name in net.sales]
    rows.put("spot", places, every["spot"], -1.0)
    rows.put("handed", [at[p.giver, p.node] for p in net.handovers], every["handed"], -1.0)
    rows.put("handed", [at[p.receiver, p.node] for p in net.handovers], every["handed"])
    stores = [at[firm, net.storages[name].node] for firm, name in net.stores]
    rows.put("injection", stores, every["injection"], -1.0)
    rows.put("withdrawal", stores, every["withdrawal"])
    return rows.family(kept=True)


def gift_entries(net: Network, columns: Columns) -> Entries:
    """Fees in kind, which the sender pays out of its gas and somebody else's balance receives."""
    rows = _Rows(net, columns, "gifts", net.balances)
    at = {key: index for index, key in enumerate(net.balances)}
    for index, (_, name) in enumerate(net.flows):
        way = net.arcs[name]
        row = at.get((way.fee_firm, way.tail)) if way.fee_in_kind else None
        if row is not None:
            rows.put("flow", [row], [index], way.fee_in_kind)
    return Entries.join(rows.parts)


def _swap_ratio(net: Network, columns: Columns) -> Family:
    names = list(net.swap_caps)
    rows = _Rows(net, columns, "swap ratio", names)
    at = [names.index(pass_.swap) for pass_ in net.handovers]
    rows.put("handed", at, range(len(at)), [pass_.weight for pass_ in net.handovers])
    return rows.family()


def _level(net: Network, columns: Columns) -> Family:
    """level' = level + w ((1 - loss) injection - withdrawal), the last slot before the first."""
    rows = _Rows(net, columns, "level", net.stores)
    every = range(len(net.stores))
    if net.stores:
        share = net.calendar.share[:, None]
        kept = np.array([1.0 - net.storages[name].loss for _, name in net.stores])
        rows.put("level", every, every)
        rows.put("injection", every, every, -share * kept)
        rows.put("withdrawal", every, every, share * np.ones(len(net.stores)))
        # The level of the slot before, within the year.
        slot = np.arange(columns.slots).reshape(-1, net.calendar.periods)
        before = np.roll(slot, 1, axis=1).ravel()
        row = np.arange(columns.slots)[:, None] * len(net.stores) + np.arange(len(net.stores))
        column = columns.of("level")[before]
        value = np.full(row.size, -1.0)
        rows.parts.append(Entries(row.ravel(), column.ravel(), value))
    return rows.family()


def growing(net: Network) -> tuple[Index, Mask]:
    """Slices that can be built onto and whose cost depends on their capacity, and in which slots.

    Numbers of the slices, and slots x these.
    """
    there: dict[tuple[str, str], Mask] = {}
    for building in net.buildings:
        if building.table == "fields":
            key = building.firm, building.row
            there[key] = there.get(key, np.zeros(net.calendar.count, dtype=bool))
            there[key] = there[key] | (building.usable > 0)
    if not there:
        return np.zeros(0, dtype=np.int64), np.zeros((net.calendar.count, 0), dtype=bool)
    found = [at for at, p in enumerate(net.slices) if p.g < 0 and (p.firm, p.field) in there]
    slots = np.zeros((net.calendar.count, len(found)), dtype=bool)
    for place, at in enumerate(found):
        slots[:, place] = there[net.slices[at].firm, net.slices[at].field]
    return np.array(found, dtype=np.int64), slots


def _idle(net: Network, columns: Columns) -> Family:
    """What such a slice lifts and leaves idle is its capacity with what is built."""
    keys = columns.keys["idle"]
    rows = _Rows(net, columns, "idle", keys)
    if not keys:
        return rows.family()
    slices, there = growing(net)
    rows.put("lifting", range(len(keys)), slices)
    rows.put("idle", range(len(keys)), range(len(keys)))
    rows.build({("fields", field, firm): at for at, (firm, field) in enumerate(keys)}, {})
    return _only(rows.family(), np.ravel(there))


def _only(family: Family, rows: Mask) -> Family:
    """A family whose rows have no entries but in some of them."""
    entries = family.entries
    kept = rows[entries.rows]
    family.entries = Entries(entries.rows[kept], entries.columns[kept], entries.values[kept])
    return family


def inequality_families(net: Network, columns: Columns) -> list[Family]:
    """Limits of arcs, slices, stores, swaps and reserves; floors; limits of building; signs."""
    return [
        *_arcs(net, columns),
        _fields(net, columns),
        *_stores(net, columns),
        _swap_caps(net, columns),
        _floors(net, columns),
        _reserves(net, columns),
        *_building(net, columns),
        _signs(columns),
    ]


def _arcs(net: Network, columns: Columns) -> list[Family]:
    """Capacity, what is left of it to firms without a booking, and to firms that own nothing."""
    finite = finite_arcs(net)
    row = {name: index for index, name in enumerate(finite)}
    grown = {(net.arcs[name].table, name, ""): row[name] for name in finite}
    capacity = _Rows(net, columns, "arc", finite)
    free = [
        index
        for index, (firm, name) in enumerate(net.flows)
        if name in row and (firm, name) not in net.bookings
    ]
    capacity.put("flow", [row[net.flows[index][1]] for index in free], free)
    booked = columns.keys["opened"]
    capacity.put("opened", [row[name] for _, name in booked], range(len(booked)))
    capacity.build(grown, {})

    booking = _Rows(net, columns, "booking", booked)
    every = range(len(booked))
    flow = {pair: index for index, pair in enumerate(net.flows)}
    booking.put("flow", every, [flow[pair] for pair in booked])
    booking.put("opened", every, every, -1.0)

    limited = limited_arcs(net)
    third = _Rows(net, columns, "third party", limited)
    place = {name: index for index, name in enumerate(limited)}
    others = [
        index
        for index, (firm, name) in enumerate(net.flows)
        if name in place and firm not in net.arcs[name].owners
    ]
    third.put("flow", [place[net.flows[index][1]] for index in others], others)
    share = {name: net.arcs[name].third_party_share for name in limited}
    part = {
        index: np.full(columns.slots, share[building.row])
        for index, building in enumerate(net.buildings)
        if building.row in share
    }
    third.build({key: place[key[1]] for key in grown if key[1] in place}, part)
    return [capacity.family(), booking.family(), third.family()]


def finite_arcs(net: Network) -> list[str]:
    """Arcs whose capacity is limited."""
    return list(compress(net.arcs, np.isfinite(net.arcs.capacity).tolist()))


def limited_arcs(net: Network) -> list[str]:
    """Arcs of which those who own nothing of them may use a part only."""
    return [name for name in finite_arcs(net) if net.arcs[name].third_party_share < 1]


def _fields(net: Network, columns: Columns) -> Family:
    keys = columns.keys["lifting"]
    rows = _Rows(net, columns, "field", keys)
    rows.put("lifting", range(len(keys)), range(len(keys)))
    place = {("fields", field, firm): index for index, (firm, field) in enumerate(keys)}
    rows.build(place, {})
    family = rows.family(single=True)
    if columns.keys["idle"]:
        some, there = growing(net)
        limited = np.ones((columns.slots, len(keys)), dtype=bool)
        limited[:, some] = ~there
        _only(family, np.ravel(limited))
    return family


def _stores(net: Network, columns: Columns) -> list[Family]:
    """Rates of injection and withdrawal, and room."""
    names = list(net.storages)
    place = {name: index for index, name in enumerate(names)}
    at = [place[name] for _, name in net.stores]
    grown = {("storages", name, ""): index for name, index in place.items()}
    base = net.storage_size
    found = []
    for kind, column, size in (
        ("injection", "injection", base[1]),
        ("withdrawal", "withdrawal", base[2]),
        ("room", "level", base[0]),
    ):
        rows = _Rows(net, columns, kind, names)
        rows.put(column, at, range(len(at)))
        # Rates grow in proportion to working gas.
        factor = {
            index: np.divide(
                size[:, place[building.row]],
                base[0][:, place[building.row]],
                out=np.zeros(columns.slots),
                where=base[0][:, place[building.row]] > 0,
            )
            for index, building in enumerate(net.buildings)
            if building.table == "storages" and building.row in place
        }
        rows.build(grown, factor)
        found.append(rows.family())
    return found


def _swap_caps(net: Network, columns: Columns) -> Family:
    names = list(net.swap_caps)
    rows = _Rows(net, columns, "swap cap", names)
    forth = [index for index, pass_ in enumerate(net.handovers) if pass_.weight > 0]
    rows.put("handed", [names.index(net.handovers[index].swap) for index in forth], forth)
    return rows.family()


def _floors(net: Network, columns: Columns) -> Family:
    """Least sales where there is demand; a floor that nobody can meet stays, without entries."""
    keys = floor_keys(net)
    rows = _Rows(net, columns, "floor", keys)
    sale = {pair: index for index, pair in enumerate(net.sales)}
    met = [index for index, key in enumerate(keys) if key in sale]
    rows.put("spot", met, [sale[keys[index]] for index in met], -1.0)
    return rows.family(single=True, kept=True)


def floor_keys(net: Network) -> list[tuple[str, str]]:
    """Sales that have a floor."""
    return [sale for sale, quantity in net.floors.items() if quantity > 0]


def held_slices(net: Network) -> list[int]:
    """Slices whose reserves are limited."""
    found: list[int] = np.flatnonzero(np.isfinite(net.slices.reserves)).tolist()
    return found


def _reserves(net: Network, columns: Columns) -> Family:
    """What is lifted over all years."""
    held = held_slices(net)
    keys = [columns.keys["lifting"][index] for index in held]
    slots = columns.slots
    time = net.calendar.share * net.calendar.span
    row = np.broadcast_to(np.arange(len(held)), (slots, len(held)))
    column = columns.of("lifting")[:, np.asarray(held, dtype=np.int64)]
    value = np.broadcast_to(time[:, None], row.shape)
    entries = Entries(row.ravel(), column.ravel(), value.ravel())
    return Family("reserves", keys, 0, entries)


def _building(net: Network, columns: Columns) -> list[Family]:
    """Limits of one year's decision and of all together."""
    yearly = [index for index, b in enumerate(net.buildings) if math.isfinite(b.limit)]
    at = np.array(yearly, dtype=np.int64)
    once = Family(
        "build limit",
        [net.buildings[index].key for index in yearly],
        0,
        Entries(np.arange(len(yearly)), columns.first_built + at, np.ones(len(yearly))),
        single=True,
    )
    totals = list(total_limits(net))
    rows, heads = [], []
    for index, building in enumerate(net.buildings):
        if math.isfinite(building.total_limit):
            rows.append(totals.index(building.key[:3]))
            heads.append(columns.first_built + index)
    entries = Entries(
        np.array(rows, dtype=np.int64), np.array(heads, dtype=np.int64), np.ones(len(rows))
    )
    return [once, Family("build total", totals, 0, entries)]


def total_limits(net: Network) -> dict[tuple[str, str, str], float]:
    """Limits of all decisions on an asset together."""
    limited = [b for b in net.buildings if math.isfinite(b.total_limit)]
    return {building.key[:3]: building.total_limit for building in limited}


def _signs(columns: Columns) -> Family:
    """Nothing is less than zero; cost without bound keeps what is left idle above that."""
    count = columns.first_cone
    every = np.arange(count)
    if columns.keys["idle"]:
        every = np.setdiff1d(every, columns.of("idle"))
    entries = Entries(every, every, np.full(len(every), -1.0))
    return Family("sign", range(count), 0, entries, single=True)


_BOUNDS: Memory[dict[str, Vector]] = Memory()


def bounds(net: Network, columns: Columns) -> dict[str, Vector]:
    """Right-hand sides of every family's full list, by kind."""
    fixed = _BOUNDS.get(id(net.frame), net.frame, lambda: _fixed(net, columns))
    reserves = net.slices.reserves[held_slices(net)]
    found = fixed | {"field": np.ravel(net.slice_capacity), "reserves": reserves}
    if columns.keys["idle"]:
        found["idle"] = np.ravel(net.slice_capacity[:, growing(net)[0]])
    return found


def _fixed(net: Network, columns: Columns) -> dict[str, Vector]:
    """The same but for the numbers of fields, whose places are left empty."""
    limited = np.isfinite(net.arcs.capacity)
    some = limited & (net.arcs.third_party_share < 1)
    others = net.arc_capacity[:, some] * net.arcs.third_party_share[some]
    left = net.arc_capacity[:, limited]
    row = {name: index for index, name in enumerate(finite_arcs(net))} if net.bookings else {}
    for (_, name), reserved in net.bookings.items():
        left[:, row[name]] -= reserved
    booked = np.zeros((columns.slots, len(columns.keys["opened"])))
    for index, pair in enumerate(columns.keys["opened"]):
        booked[:, index] = net.bookings[pair]
    floors = floor_keys(net)
    market = {name: index for index, name in enumerate(net.markets)}
    wanted = ~np.isnan(net.beta[:, [market[name] for _, name in floors]])
    least = np.array([net.floors[key] for key in floors], dtype=float)
    yearly = [b.limit for b in net.buildings if math.isfinite(b.limit)]
    caps = np.array(list(net.swap_caps.values()), dtype=float)
    room, put, take = net.storage_size
    found = {
        "balance": net.owed,
        "swap ratio": np.zeros((columns.slots, len(caps))),
        "level": np.zeros((columns.slots, len(net.stores))),
        "idle": np.zeros(0),
        "arc": left,
        "booking": booked,
        "third party": others,
        "field": np.zeros(0),
        "injection": put,
        "withdrawal": take,
        "room": room,
        "swap cap": np.broadcast_to(caps, (columns.slots, len(caps))),
        "floor": np.where(wanted, -least, 0.0),
        "reserves": np.zeros(0),
        "build limit": np.array(yearly, dtype=float),
        "build total": np.array(list(total_limits(net).values()), dtype=float),
        "sign": np.zeros(columns.first_cone),
    }
    return {kind: np.ravel(values) for kind, values in found.items()}
