"""Balances, lifting, carrying and swaps."""

from __future__ import annotations

import numpy as np

from mithaq.equilibrium.certificate.building import Built
from mithaq.equilibrium.certificate.dense import Case, Flow
from mithaq.equilibrium.certificate.findings import Array, Findings, Namer, bits_of, ever
from mithaq.equilibrium.prepared import Memory

__all__ = ["check_balances", "check_carrying", "check_lifting", "check_swaps"]

STEPS, LAST = 100, 1e-15  # of Newton's method: at most, and the smallest that counts


def check_balances(case: Case, found: Findings) -> None:
    """What each firm lifts, takes out and receives at each node is what it sends, sells, owes.

    A violation is scaled by half of all that goes in and out.
    """
    arcs, flow, point, slots = case.arcs, case.flow, case.point, case.calendar.length
    held = case.stands, case.deals.bound
    key = (*map(id, held), bits_of(arcs.in_kind > 0))
    balances = _BALANCES.get(key, held, lambda: _Balances(case))
    handed = point.handed.filled(slots).T
    moves = [
        flow.quantity,
        arcs.keeps.take(flow.arc)[:, None] * flow.quantity,
        case.lifting,
        arcs.in_kind[balances.taxed, None] * flow.by_arc[balances.taxed],
        *(sheet.filled(slots).T for sheet in (point.withdrawal, point.injection, point.spot)),
        handed,
        handed,
        case.deals.quantity,
        case.deals.quantity[balances.onward],
    ]
    moved = (np.concatenate(moves) * balances.sign).ravel()
    left, size = (
        np.bincount(balances.number, weights, balances.count * slots).reshape(-1, slots)
        for weights in (moved, np.abs(moved) / 2)
    )

    def where(balance: int, slot: int) -> str:
        node, firm = divmod(int(balances.places[balance]), len(case.place.firms))
        nodes = list(case.place.nodes)
        return f"gas of {case.place.names[firm]} at {nodes[node]}{case.calendar.name(slot)}"

    found.note("balance", np.abs(left) / (1 + size), where)


class _Balances:
    """Which balance each move of gas belongs to, and whether it comes, goes (-1) or is lost (0).

    Moves are those of ``check_balances``, in its order; ``sign`` is moves x slots, ``number`` the
    balance by move and slot. ``places`` are the balances, node and firm in one number. ``taxed``
    are arcs with a fee in kind, ``onward`` deals whose gas gets into the hands of another firm.
    """

    def __init__(self, case: Case) -> None:
        place, arcs, pieces, deals = case.place, case.arcs, case.slices, case.deals
        stands, stores, markets = case.stands, case.stores, case.markets
        count, slots, flow = len(place.firms), case.calendar.length, case.flow
        self.taxed = np.flatnonzero(arcs.in_kind)
        self.onward = np.flatnonzero(deals.onward >= 0)
        taker = [place.firms[arcs.rows[at]["fee_firm"]] for at in self.taxed.tolist()]
        paid = arcs.tail[self.taxed] * count + np.array(taker, dtype=np.intp)
        # Where its receiver can do nothing with it, a fee in kind is burnt.
        used = case.known.reshape(-1, slots)[paid].astype(float)
        handed = [
            (place.firms[giver], place.firms[receiver], place.nodes[node])
            for _, giver, receiver, node in case.point.handed.labels.names
        ]
        giver, receiver, node = np.array(handed, dtype=np.intp).reshape(-1, 3).T
        at = markets.node[deals.market]
        moves: list[tuple[Array, Array | float]] = [
            (arcs.tail[flow.arc] * count + flow.firm, -1.0),
            (arcs.head[flow.arc] * count + flow.firm, 1.0),
            (pieces.row, 1.0),
            (paid, used),
            (stores.node[stands.withdrawal // count] * count + stands.withdrawal % count, 1.0),
            (stores.node[stands.injection // count] * count + stands.injection % count, -1.0),
            (markets.node[stands.sold_in] * count + stands.seller, -1.0),
            (node * count + giver, -1.0),
            (node * count + receiver, 1.0),
            (at * count + deals.seller, -1.0),
            ((at * count + deals.onward)[self.onward], 1.0),
        ]
        self.sign = np.concatenate(
            [np.broadcast_to(sign, (len(where), slots)) for where, sign in moves]
        )
        self.places, number = np.unique(
            np.concatenate([where for where, _ in moves]), return_inverse=True
        )
        self.count = len(self.places)
        self.number = (number[:, None] * slots + np.arange(slots)).ravel()


_BALANCES: Memory[_Balances] = Memory()


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
    held_back = scarcity
    if pieces.limited or case.point.reserve_price:
        price = _check_reserves(case, found)
        held_back = scarcity + price[:, None] / calendar.discount[calendar.year_of]
    value = case.value.reshape(-1, calendar.length)[pieces.row]
    able = built.lifts.copy()
    able[pieces.bent] = capacity[pieces.bent] > 0  # of no capacity no share is in use
    can = able & np.isfinite(value)
    worth = np.where(can, value, 0.0)
    slack = np.where(can, pieces.marginal_cost(quantity, capacity) + held_back - worth, 0.0)
    off: Array | None = None
    if len(pieces.bent):
        off = np.full(slack.shape, np.inf)
        off[pieces.bent] = _output_errors(case, pieces.bent, capacity, worth - held_back)
        off = np.where(can, off, np.inf)
    found.pair(slack, quantity, np.abs(worth), where, off)


def _check_reserves(case: Case, found: Findings) -> Array:
    """Slices keep within their reserves; return the price of these, in present value."""
    pieces, calendar = case.slices, case.calendar
    prices = np.zeros(len(pieces.keys))
    for key, price in case.point.reserve_price.items():
        prices[pieces.at[key]] = price
    lifted = case.lifting @ (calendar.share * calendar.span[calendar.year_of])
    bounded = np.isfinite(pieces.reserves)
    size = np.where(bounded, pieces.reserves, 0.0)
    spare = np.where(bounded, size - lifted, 0.0)
    found.limit(spare, prices, size, lambda k: f"reserves, {pieces.name(k)}")
    unbounded = np.where(bounded, 0.0, np.abs(prices))
    found.note("complementarity", unbounded, lambda k: f"no reserves are told, {pieces.name(k)}")
    return prices


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

    limited, size = built.limited, built.size
    used, room = flow.by_arc, size
    if case.bookings:
        used, room = used.copy(), room.copy()
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
    if len(arcs.parted) or case.point.third_party_rent:
        _check_third_parties(case, size, found)
    barred = case.stands.intruding
    found.note(
        "capacity",
        flow.quantity[barred].sum(axis=1),
        lambda p: f"{firms[flow.firm[barred[p]]]} has no access to {names[flow.arc[barred[p]]]}",
    )
    # To whom gas at the end fetches nothing will not send any.
    worth = ever(np.isfinite(case.value))
    key = id(case.stands), built.open, bits_of(worth)
    users = _USERS.get(key, case.stands, lambda: _Users(case, built, worth))
    flat = case.value.reshape(-1, calendar.length)
    here, there = flat.take(users.here, axis=0), flat.take(users.there, axis=0)
    known = np.isfinite(here) & np.isfinite(there) & users.may
    if not known.all():
        here, there = np.where(known, here, 0.0), np.where(known, there, 0.0)
    slack = here - (
        arcs.keeps.take(users.arc)[:, None] * there - case.charge(users.arc, users.firm)
    )
    found.pair(
        np.where(known, slack, 0.0),
        users.sent(flow),
        np.maximum(np.abs(here), np.abs(there)),
        lambda p, t: f"{firms[users.firm[p]]} using {names[users.arc[p]]}{calendar.name(t)}",
    )


def _check_third_parties(case: Case, size: Array, found: Findings) -> None:
    """Who owns nothing of an arc keeps within the part of it that is open to such."""
    arcs, flow = case.arcs, case.flow
    others = flow.among(arcs.outsider)
    for at in np.union1d(arcs.parted, np.flatnonzero(ever(case.outside_rent != 0))).tolist():
        spare = arcs.third_share[at] * size[at] - others[at]
        words = _named(case, "third parties in", arcs.names[at])
        found.limit(spare, case.outside_rent[at], size[at], words)


class _Users:
    """Pairs of an arc and a firm with a flow, or that gas is worth something to at both ends.

    ``here`` and ``there`` are the rows of values at both ends, ``may`` says in which slots it may.
    """

    def __init__(self, case: Case, built: Built, worth: Array) -> None:
        arcs, flow, count = case.arcs, case.flow, len(case.place.firms)
        pairs = np.asarray(arcs.access & worth[arcs.tail] & worth[arcs.head])
        pairs[flow.arc, flow.firm] = True
        self.arc, self.firm = np.nonzero(pairs)
        self.here = arcs.tail[self.arc] * count + self.firm
        self.there = arcs.head[self.arc] * count + self.firm
        self.may = arcs.access[self.arc, self.firm][:, None] & built.carries[self.arc]
        self._number = case.stands.pair[self.arc, self.firm]
        self._idle = np.flatnonzero(self._number < 0)

    def sent(self, flow: Flow) -> Array:
        """What each pair sends, by slot."""
        if len(self._idle) == len(self._number):
            return np.zeros((len(self._number), flow.quantity.shape[1]))
        found: Array = flow.quantity.take(self._number, axis=0, mode="clip")
        found[self._idle] = 0.0
        return found


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
