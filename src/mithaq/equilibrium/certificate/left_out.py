"""What gas is worth to a firm where the point does not say: where it neither has nor sends any."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mithaq.equilibrium.certificate.building import Built, before_and_after, storage_limits
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array
from mithaq.equilibrium.certificate.tables import given

__all__ = ["fill_values"]

GAIN = 1e-12  # smallest rise of a value that counts as one


def fill_values(case: Case, built: Built, margins: Array) -> None:
    """Give each firm a value of gas, and of gas in store, wherever the point names none.

    It is the most that a unit there would fetch: sold in a market (``margins``: price less the
    fall that the seller minds), sent on, or stored. On these terms no firm would sell, send or
    store more there than it does, by construction; that none would bring gas there either is
    what the other checks then ask. Minus infinity where gas would fetch nothing.
    """
    case.value = np.ascontiguousarray(np.where(case.known, case.value, -np.inf))
    missing: Array = _reachable(case, built)
    for at, node in enumerate(case.markets.node):
        offer = np.where(case.markets.entitled[at][:, None], margins[at], -np.inf)
        here = missing[node]
        case.value[node] = np.where(here, np.maximum(case.value[node], offer), case.value[node])
    stores = np.flatnonzero(~case.kept_known.all(axis=1)).tolist()
    for at in stores:
        case.stored_value[at][~case.kept_known[at]] = -np.inf
    arcs = case.arcs
    open_ever = np.any(built.capacity > 0, axis=1)[:, None]
    somewhere = np.asarray(missing.any(axis=2))
    arc, firm = np.nonzero(arcs.access & open_ever & somewhere[arcs.tail])
    tail, head = arcs.tail[arc], arcs.head[arc]
    usable = (built.capacity[arc] > 0) & missing[tail, firm]
    keeps, charge = arcs.keeps[arc][:, None], case.charge(arc, firm)
    place = tail * case.value.shape[1] + firm
    order = np.argsort(place, kind="stable")
    kinds, first = np.unique(place[order], return_index=True)
    flat = case.value.reshape(-1, case.value.shape[2])
    for _ in range(len(case.place.nodes) + 2 * len(stores)):
        changed = False
        if len(arc):
            offers = np.where(usable, keeps * case.value[head, firm] - charge, -np.inf)
            best = np.maximum.reduceat(offers[order], first, axis=0)
            changed = bool((best > flat[kinds] + GAIN).any())
            flat[kinds] = np.maximum(flat[kinds], best)
        for at in stores:
            changed |= _store(case, built, at, missing)
        if not changed:
            break


def _reachable(case: Case, built: Built) -> Array:
    """Places without a value to which the firm could bring gas that it has elsewhere or lifts."""
    arcs, pieces = case.arcs, case.slices
    open_ever = np.any(built.capacity > 0, axis=1, keepdims=True)
    usable = np.asarray(arcs.access & open_ever)
    reached: Array = np.array(case.known.any(axis=2))
    lifts = (built.lifting > 0).any(axis=1)
    reached[pieces.node[lifts], pieces.firm[lifts]] = True
    count = len(arcs.rows)
    into = sp.csr_matrix((np.ones(count), (arcs.head, np.arange(count))), (len(reached), count))
    for _ in range(len(case.place.nodes)):
        size = int(reached.sum())
        reached |= into @ (usable & reached[arcs.tail]) > 0
        if int(reached.sum()) == size:
            break
    return np.asarray(reached[:, :, None] & ~case.known)


def _store(case: Case, built: Built, at: int, missing: Array) -> bool:
    """Raise the values of gas in one storage, and of gas that can be put in; whether any rose."""
    row, unknown = case.storages[at], ~case.kept_known[at] & case.keeps_access[at]
    room, rates = storage_limits(case, built, at)
    node = case.place.nodes[row["node"]]
    _, after = before_and_after(case)
    pay_in = given(row["injection_tariff"], row["injection_cost"]) + case.injection_rent[at]
    pay_out = given(row["withdrawal_tariff"], row["withdrawal_cost"]) + case.withdrawal_rent[at]
    fetched = np.where(rates["withdrawal"] > 0, case.value[node] - pay_out, -np.inf)
    stored = case.stored_value[at]
    best = np.maximum(stored, fetched)
    for _ in case.calendar.periods:
        kept = np.where(room > 0, best[:, after] - case.room_rent[at], -np.inf)
        best = np.maximum(best, kept)
    raised = unknown[:, None] & (best > stored + GAIN)
    stored[raised] = best[raised]
    offer = np.where(rates["injection"] > 0, (1 - row["loss"]) * stored - pay_in, -np.inf)
    better = missing[node] & case.keeps_access[at][:, None] & (offer > case.value[node] + GAIN)
    case.value[node][better] = offer[better]
    return bool(raised.any() or better.any())
