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
    missing = gaps.missing
    case.value = np.where(case.known, case.value, -np.inf)
    at, seller = gaps.seller
    node = case.markets.node[at]
    gains = margins[case.markets.pair[at, seller]]
    offers = np.where(missing[node, seller], gains, -np.inf)
    np.maximum.at(case.value, (node, seller), offers)
    case.stored_value[~case.kept_known] = -np.inf
    store, keeper = np.nonzero(~case.kept_known & case.stores.access)
    # Of those only who has gas where the store is has any use for it.
    of_use = gaps.reached[case.stores.node[store], keeper]
    store, keeper = store[of_use], keeper[of_use]
    arcs, (arc, firm) = case.arcs, gaps.way
    head = arcs.head[arc]
    keeps, charge = arcs.keeps[arc][:, None], case.charge(arc, firm)
    flat = case.value.reshape(-1, case.value.shape[2])
    for _ in range(len(case.place.nodes) + 2 * len(case.stores.names)):
        changed = False
        if len(arc):
            offers = np.where(gaps.usable, keeps * case.value[head, firm] - charge, -np.inf)
            best = np.maximum.reduceat(offers, gaps.first, axis=0)
            changed = bool((best > flat[gaps.place] + GAIN).any())
            flat[gaps.place] = np.maximum(flat[gaps.place], best)
        if len(store):
            changed |= _store(case, built, store, keeper, missing)
        if not changed:
            break


class _Gaps:
    """Places without a value to which the firm could bring gas that it has elsewhere or lifts.

    ``missing`` is by node, firm and slot; ``reached`` by node and firm: such places, and those with
    a value. From such places lead the ways (arc and firm) ``way``, open in the slots ``usable``;
    the ways from place number ``place`` (node and firm in one) begin at ``first``. ``seller`` are
    market and firm where gas there may be sold.
    """

    def __init__(self, case: Case, carries: Array, reached: Array) -> None:
        arcs, markets = case.arcs, case.markets
        usable = arcs.access & ever(carries)[:, None]
        self.reached = reached = arcs.reached(usable, reached)
        self.missing: Array = reached[:, :, None] & ~case.known
        somewhere = ever(self.missing)
        arc, firm = np.nonzero(usable & somewhere[arcs.tail])
        place = arcs.tail[arc] * reached.shape[1] + firm
        order = np.argsort(place, kind="stable")
        self.way = arc[order], firm[order]
        self.place, self.first = np.unique(place[order], return_index=True)
        self.usable = carries[self.way[0]] & self.missing[arcs.tail[self.way[0]], self.way[1]]
        self.seller = np.nonzero(markets.entitled & somewhere[markets.node])


_GAPS: Memory[_Gaps] = Memory()


def _gaps(case: Case, built: Built) -> _Gaps:
    """The gaps of a point; the same for points that name values in the same places."""
    pieces, carries = case.slices, built.capacity > 0
    reached = case.somewhere.copy()
    lifts = ever(built.lifting > 0)
    reached[pieces.node[lifts], pieces.firm[lifts]] = True
    bits = (np.packbits(part).tobytes() for part in (carries, case.known, reached))
    held = case.arcs.ways, case.markets.sellers
    return _GAPS.get((*map(id, held), *bits), held, lambda: _Gaps(case, carries, reached))


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
