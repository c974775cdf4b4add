"""Balances, lifting, carrying and swaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mithaq.equilibrium.certificate.building import Built
from mithaq.equilibrium.certificate.dense import Case, Flow
from mithaq.equilibrium.certificate.findings import Array, Findings, Namer, ever
from mithaq.equilibrium.certificate.tables import Ways
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.sheet import Sheet

__all__ = ["check_balances", "check_carrying", "check_lifting", "check_swaps"]

STEPS, LAST = 100, 1e-15  # of Newton's method: at most, and the smallest that counts


def check_balances(case: Case, found: Findings) -> None:
    """What each firm lifts, takes out and receives at each node is what it sends, sells, owes.

    A violation is scaled by half of all that goes in and out.
    """
    place, arcs, pieces, deals = case.place, case.arcs, case.slices, case.deals
    stores, flow, count = case.stores, case.flow, len(case.place.firms)
    moves: list[tuple[Array, Array]] = []  # node and firm in one number; what comes, by slot

    def move(node: Array, firm: Array, quantity: Array) -> None:
        moves.append((node * count + firm, quantity))

    move(arcs.tail[flow.arc], flow.firm, -flow.quantity)
    move(arcs.head[flow.arc], flow.firm, arcs.keeps[flow.arc][:, None] * flow.quantity)
    move(pieces.node, pieces.firm, case.lifting)
    for at in np.flatnonzero(arcs.in_kind).tolist():
        receiver, node = np.array([place.firms[arcs.rows[at]["fee_firm"]]]), arcs.tail[[at]]
        fee = arcs.in_kind[at] * flow.by_arc[[at]]
        # Where its receiver can do nothing with it, a fee in kind is burnt.
        move(node, receiver, np.where(case.known[node, receiver], fee, 0.0))
    for sheet, known, nodes, sign in (
        (case.point.withdrawal, stores.at, stores.node, 1.0),
        (case.point.injection, stores.at, stores.node, -1.0),
        (case.point.spot, case.markets.at, case.markets.node, -1.0),
    ):
        firm, asset = sheet.labels.places(place.firms, known)
        move(nodes[asset], firm, sign * sheet.filled(case.calendar.length).T)
    for (_, giver, taker, at_node), quantity in _by_label(case, case.point.handed):
        here = np.array([place.nodes[at_node]])
        move(here, np.array([place.firms[giver]]), -quantity[None])
        move(here, np.array([place.firms[taker]]), quantity[None])
    node, onward = case.markets.node[deals.market], deals.onward >= 0
    move(node, deals.seller, -deals.quantity)
    move(node[onward], deals.onward[onward], deals.quantity[onward])

    point, slots = case.point, case.calendar.length
    sheets = point.flow, point.withdrawal, point.injection, point.spot, point.handed
    held = (*(sheet.labels for sheet in sheets), place, arcs.ways, stores.kept)
    held = (*held, case.markets.sellers, deals.bound, pieces.node)
    key = (*map(id, held), (arcs.in_kind > 0).tobytes(), slots)
    places, number = _BALANCES.get(
        key, held, lambda: _balances([where for where, _ in moves], slots)
    )
    moved = np.concatenate([quantity for _, quantity in moves]).ravel()
    left, size = (
        np.bincount(number, weights=weights, minlength=len(places) * slots).reshape(-1, slots)
        for weights in (moved, np.abs(moved) / 2)
    )

    def where(balance: int, slot: int) -> str:
        node, firm = divmod(int(places[balance]), count)
        return f"gas of {place.names[firm]} at {list(place.nodes)[node]}{case.calendar.name(slot)}"

    found.note("balance", np.abs(left) / (1 + size), where)


_BALANCES: Memory[tuple[Array, Array]] = Memory()


def _balances(moves: Sequence[Array], slots: int) -> tuple[Array, Array]:
    """Balances (node and firm in one number) of moves, and for each move and slot which it is."""
    at, number = np.unique(np.concatenate(moves), return_inverse=True)
    return at, (number[:, None] * slots + np.arange(slots)).ravel()


def _by_label(case: Case, sheet: Sheet) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """Labels of a sheet with their numbers by slot."""
    filled = sheet.filled(case.calendar.length).T
    return zip(sheet.labels.names, filled, strict=True)


def _named(case: Case, *words: object) -> Namer:
    """A place told by a slot's number alone, whatever stands before it in an index."""
    text = " ".join(map(str, words))
    return lambda *index: text + case.calendar.name(index[-1])


def check_lifting(case: Case, built: Built, found: Findings) -> None:
    """Slices stay within capacity and reserves, and lift until marginal cost meets value."""
    pieces, calendar = case.slices, case.calendar
    if not pieces.keys:
        return
    capacity = built.lifting

    def where(piece: int, slot: int) -> str:
        return pieces.name(piece) + calendar.name(slot)

    quantity, scarcity = case.lifting, case.scarcity
    found.limit(capacity - quantity, scarcity, capacity, where)
    reserve_price = np.zeros(len(pieces.keys))
    for key, price in case.point.reserve_price.items():
        reserve_price[pieces.at[key]] = price
    known = pieces.reserves
    lifted = quantity @ (calendar.share * calendar.span[calendar.year_of])
    bounded = np.isfinite(known)
    spare = np.where(bounded, known - lifted, 0.0)
    found.limit(
        spare, reserve_price, np.where(bounded, known, 0.0), lambda k: f"reserves, {pieces.name(k)}"
    )
    unbounded = np.where(bounded, 0.0, np.abs(reserve_price))
    found.note("complementarity", unbounded, lambda k: f"no reserves are told, {pieces.name(k)}")

    value = case.value[pieces.node, pieces.firm]
    held_back = scarcity + reserve_price[:, None] / calendar.discount[calendar.year_of]
    can = (capacity > 0) & np.isfinite(value)
    worth = np.where(can, value, 0.0)
    slack = np.where(can, pieces.marginal_cost(quantity, capacity) + held_back - worth, 0.0)
    off = np.full(slack.shape, np.inf)
    bent = np.flatnonzero((pieces.g < 0)[:, 0])
    if len(bent):
        off[bent] = _output_errors(case, bent, capacity, worth - held_back)
    found.pair(slack, quantity, np.abs(worth), where, off=np.where(can, off, np.inf))


def _output_errors(case: Case, bent: Array, capacity: Array, target: Array) -> Array:
    """How far (scaled) output is from where marginal cost meets its value; Golombek costs only.

    Close to capacity marginal cost is so steep that the last digit of a quantity moves it by more
    than any tolerance on prices, so there the quantity is judged.
    """
    pieces = case.slices
    size, rise, steep = capacity[bent], pieces.b[bent] * capacity[bent], -pieces.g[bent]
    margin = target[bent] - (pieces.a + pieces.levy)[bent]
    # In u = -ln(1 - q/K) marginal cost is rise (1 - exp(-u)) + steep u: concave, so that Newton's
    # steps from a place where it is too low stay on that side.
    u = np.maximum((margin - rise) / steep, 0.0)
    for _ in range(STEPS):
        left = np.exp(-u)
        short = margin - rise * (1 - left) - steep * u
        step = np.maximum(u + short / (rise * left + steep), 0.0) - u
        u = u + step
        if not (np.abs(step) > LAST * (1 + u)).any():
            break
    error: Array = np.abs(case.lifting[bent] + size * np.expm1(-u)) / (1 + size)
    return error


def check_carrying(case: Case, built: Built, found: Findings) -> None:
    """Arcs hold what is sent, who sends may, and nobody would send one unit more or less."""
    arcs, calendar, flow = case.arcs, case.calendar, case.flow
    firms, names = case.place.names, arcs.names
    if not names:
        return

    limited = np.isfinite(built.capacity)
    size = np.where(limited, built.capacity, 0.0)
    used, room = flow.by_arc.copy(), size.copy()
    for at, firm, reserved, rent in case.bookings:
        # Its own part is the firm's; what it sends beyond comes from the part open to all.
        sent = flow.of(np.array(at), np.array(firm))
        beyond = np.maximum(sent - reserved, 0.0)
        room[at] -= reserved
        used[at] += beyond - sent
        words = _named(case, firms[firm], "booking", names[at])
        found.note("stationarity", np.maximum(rent - case.rent[at], 0.0) / (1 + rent), words)
        idle = np.abs(case.rent[at] - rent) * beyond / ((1 + rent) * (1 + beyond))
        idle += rent * np.maximum(reserved - sent, 0.0) / ((1 + rent) * (1 + reserved))
        found.note("complementarity", idle, words)
    spare = np.where(limited, room - used, 0.0)
    found.limit(spare, case.rent, size, lambda a, t: names[a] + calendar.name(t))
    free = np.where(limited, 0.0, np.abs(case.rent))
    found.note("complementarity", free, lambda a, _: f"rent of {names[a]} without limit")
    some = np.flatnonzero((arcs.third_share < 1) | ever(case.outside_rent != 0)).tolist()
    others = flow.among(arcs.outsider) if some else flow.by_arc
    for at in some:
        spare = arcs.third_share[at] * size[at] - others[at]
        words = _named(case, "third parties in", names[at])
        found.limit(spare, case.outside_rent[at], size[at], words)
    barred = np.where(arcs.access[flow.arc, flow.firm], 0.0, flow.quantity.sum(axis=1))
    found.note(
        "capacity",
        barred,
        lambda p: f"{firms[flow.firm[p]]} has no access to {names[flow.arc[p]]}",
    )
    # To whom gas at the end fetches nothing will not send any.
    worth, sends = ever(np.isfinite(case.value)), ever(flow.quantity != 0)
    held, bits = (arcs.ways, flow.pairs), (np.packbits(mask).tobytes() for mask in (worth, sends))
    users = _USERS.get((*map(id, held), *bits), held, lambda: _Users(arcs.ways, flow, worth, sends))
    arc, user = users.arc, users.firm
    here, there = case.value[users.tail, user], case.value[users.head, user]
    known = np.isfinite(here) & np.isfinite(there) & users.may
    known &= (built.capacity > 0)[arc]
    here, there = np.where(known, here, 0.0), np.where(known, there, 0.0)
    gain = arcs.keeps[arc][:, None] * there - case.charge(arc, user)
    slack = np.where(known, here - gain, 0.0)
    scale = np.maximum(np.abs(here), np.abs(there))
    found.pair(
        slack,
        flow.of(arc, user),
        scale,
        lambda p, t: f"{firms[user[p]]} using {names[arc[p]]}{calendar.name(t)}",
    )


class _Users:
    """Pairs of an arc and a firm that sends, or that gas is worth something to at both ends."""

    def __init__(self, arcs: Ways, flow: Flow, worth: Array, sends: Array) -> None:
        pairs = np.asarray(arcs.access & worth[arcs.tail] & worth[arcs.head])
        pairs[flow.arc[sends], flow.firm[sends]] = True
        self.arc, self.firm = np.nonzero(pairs)
        self.tail, self.head = arcs.tail[self.arc], arcs.head[self.arc]
        self.may = arcs.access[self.arc, self.firm][:, None]


_USERS: Memory[_Users] = Memory()


def check_swaps(case: Case, found: Findings) -> None:
    """Swaps keep ratio and cap, and gas is handed over where it is worth more to the other."""
    place, calendar, point = case.place, case.calendar, case.point
    slots = range(calendar.length)
    for row in case.chain.rows("swaps"):
        name, ratio, cap = row["name"], row["ratio"], row["cap"]
        mine = {key: q for key, q in point.handed.items() if key[0] == name}
        if not mine:
            continue
        forth, back = np.zeros(calendar.length), np.zeros(calendar.length)
        for (_, giver, _, _, slot), quantity in mine.items():
            (forth if giver == row["a"] else back)[slot] += quantity
        rent = np.array([point.swap_rent.get((name, slot), 0.0) for slot in slots])
        price = np.array([point.swap_price.get((name, slot), 0.0) for slot in slots])
        uneven = np.abs(forth - ratio * back) / (1 + cap)
        found.note("balance", uneven, _named(case, "ratio of swap", name))
        found.limit(cap - forth, rent, cap, _named(case, "cap of swap", name))
        for (_, giver, receiver, node, slot), quantity in mine.items():
            at = place.nodes[node]
            to_giver = case.value[at, place.firms[giver], slot]
            to_other = case.value[at, place.firms[receiver], slot]
            share = price[slot] + rent[slot] if giver == row["a"] else -ratio * price[slot]
            scale = np.maximum(np.abs(to_giver), np.abs(to_other))
            slack = np.atleast_1d(to_giver - to_other + share)
            words = f"{giver} handing gas to {receiver} at {node}{calendar.name(slot)}"
            found.pair(slack, np.atleast_1d(quantity), scale, lambda *_, w=words: w)
