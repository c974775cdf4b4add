"""What gas is worth to a firm where the point does not say: where it neither has nor sends any."""

from __future__ import annotations

import numpy as np

from mithaq.equilibrium.certificate.building import Built
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, ever
from mithaq.equilibrium.prepared import Memory

__all__ = ["fill_values"]

GAIN = 1e-12  # smallest rise of a value that counts as one


def fill_values(case: Case, built: Built, margins: Array) -> None:
    """Give each firm a value of gas, and of gas in store, wherever the point names none.

    It is the most that a unit there would fetch: sold in a market (``margins``: price less the
    fall that the seller minds, by pair), sent on, or stored. On these terms no firm would sell,
    send or store more there than it does, by construction; that none would bring gas there either
    is what the other checks then ask. Minus infinity where gas would fetch nothing.
    """
    gaps = _gaps(case, built)
    flat = case.value.reshape(-1, case.value.shape[2])
    if len(gaps.seller):
        offers = np.where(gaps.sells, margins[gaps.seller], -np.inf)
        np.maximum.at(flat, gaps.sold_at, offers)
    if len(case.stores.names):
        case.stored_value[~case.kept_known] = -np.inf
    keeps, charge = case.arcs.keeps.take(gaps.way)[:, None], case.charge(gaps.way, gaps.sender)
    for _ in range(len(case.place.nodes) + 2 * len(case.stores.names)):
        changed = False
        if len(gaps.way):
            offers = keeps * flat.take(gaps.head, axis=0) - charge
            if gaps.ever_closed:
                offers = np.where(gaps.usable, offers, -np.inf)
            best = np.maximum.reduceat(offers, gaps.first, axis=0)
            before = flat.take(gaps.place, axis=0)
            changed = bool((best > before + GAIN).any())
            flat[gaps.place] = np.maximum(before, best)
        if len(gaps.store):
            changed |= _store(case, built, gaps.store, gaps.keeper, gaps.missing)
        if not changed:
            break


class _Gaps:
    """Places without a value to which the firm could bring gas that it has elsewhere or lifts.

    ``missing`` is by node, firm and slot. A row is a node and a firm: from such rows ``place`` lead
    the ways (arc and sender), those of each row from ``first`` on, to the rows ``head``, open in
    the slots ``usable``. ``seller`` are pairs of ``markets.pairs`` whose gas would be at rows
    ``sold_at``, in the slots ``sells``. ``store`` and ``keeper`` are storages in which the firm
    could have gas of which nobody tells the value.
    """

    def __init__(self, case: Case, built: Built) -> None:
        arcs, markets, pieces, stores = case.arcs, case.markets, case.slices, case.stores
        seeds, lifts, carries = case.somewhere.copy(), ever(built.lifts), built.carries
        seeds[pieces.node[lifts], pieces.firm[lifts]] = True
        usable = arcs.access & ever(carries)[:, None]
        reached = arcs.reached(usable, seeds)
        count = reached.shape[1]
        self.missing: Array = reached[:, :, None] & ~case.known
        somewhere = ever(self.missing)
        way, sender = np.nonzero(usable & somewhere[arcs.tail])
        row = arcs.tail[way] * count + sender
        order = np.argsort(row, kind="stable")
        self.way, self.sender = way[order], sender[order]
        self.place, self.first = np.unique(row[order], return_index=True)
        self.head = arcs.head[self.way] * count + self.sender
        self.usable = carries[self.way] & self.missing[arcs.tail[self.way], self.sender]
        self.ever_closed = not self.usable.all()
        at, firm = markets.pairs
        self.seller = np.flatnonzero(somewhere[markets.node[at], firm])
        at, firm = at[self.seller], firm[self.seller]
        self.sold_at = markets.node[at] * count + firm
        self.sells = self.missing[markets.node[at], firm]
        store, keeper = np.nonzero(~case.kept_known & stores.access)
        # Of those only who has gas where the store is has any use for it.
        of_use = reached[stores.node[store], keeper]
        self.store, self.keeper = store[of_use], keeper[of_use]


_GAPS: Memory[_Gaps] = Memory()


def _gaps(case: Case, built: Built) -> _Gaps:
    """The gaps of a point; the same for points that name values in the same places."""
    key = id(case.stands), built.open, built.lifting_ever
    return _GAPS.get(key, case.stands, lambda: _Gaps(case, built))


def _store(case: Case, built: Built, store: Array, firm: Array, missing: Array) -> bool:
    """Raise values of gas in store, and of gas that can be put in; whether any rose.

    ``store`` and ``firm`` are pairs of which the point does not tell what gas in store is worth.
    """
    stores, node = case.stores, case.stores.node[store]
    after = case.calendar.after
    pay_in = (stores.paid["injection"][:, None] + case.injection_rent)[store]
    pay_out = (stores.paid["withdrawal"][:, None] + case.withdrawal_rent)[store]
    rents, roomy = case.room_rent[store], (built.room > 0)[store]
    puts, takes = ((built.rates[kind] > 0)[store] for kind in ("injection", "withdrawal"))
    value, stored = case.value[node, firm], case.stored_value[store, firm]
    best = np.maximum(stored, np.where(takes, value - pay_out, -np.inf))
    for _ in case.calendar.periods:
        best = np.maximum(best, np.where(roomy, best[:, after] - rents, -np.inf))
    raised = best > stored + GAIN
    stored = np.where(raised, best, stored)
    case.stored_value[store, firm] = stored
    offer = np.where(puts, stores.keeps[store, 0] * stored - pay_in, -np.inf)
    offer = np.where(missing[node, firm] & (offer > value + GAIN), offer, -np.inf)
    np.maximum.at(case.value, (node, firm), offer)
    return bool(raised.any() or np.isfinite(offer).any())
