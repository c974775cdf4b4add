"""Storage over the year, and investment up to where rents pay for it."""

from __future__ import annotations

import math

import numpy as np

from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings, bits_of, ever
from mithaq.equilibrium.certificate.tables import Expansion

__all__ = ["Built", "check_building", "check_storing"]


class Built:
    """Capacity with what decisions have added, by asset and slot, availability included.

    ``room`` is that of storages, ``rates`` those of injection and withdrawal. ``limited`` says
    which arcs have a capacity, ``size`` is 0 where there is none. ``carries`` and ``lifts`` say
    which arcs and slices have some or might be given some, ``open`` and ``lifting_ever`` the same
    in bits, of slices in any slot.
    """

    def __init__(self, case: Case) -> None:
        arcs, pieces, stores = case.arcs, case.slices, case.stores
        self.plans: list[tuple[Expansion, str, Array]] = []  # plan, firm, decided by year
        self.capacity, self.open = arcs.usable, arcs.open
        self.limited, self.size = arcs.limited, arcs.room
        self.lifting, self.lifting_ever = pieces.usable, pieces.open
        self.carries, self.lifts = arcs.usable > 0, pieces.usable > 0
        room = np.zeros(stores.room.shape)
        if case.chain.rows("expansions"):
            grown, lifted = np.zeros(arcs.capacity.shape), np.zeros(pieces.capacity.shape)
            self._plan(case, grown, lifted, room)
            self.capacity = (arcs.capacity + grown) * arcs.available
            self.lifting = (pieces.capacity + lifted) * pieces.available
            self.limited = np.isfinite(self.capacity)
            self.size = np.where(self.limited, self.capacity, 0.0)
            self.carries, self.lifts = self._might(case)
            self.open, self.lifting_ever = bits_of(self.carries), bits_of(ever(self.lifts))
        self.room, self.rates = stores.room, stores.rates
        if len(stores.names):
            self.room = stores.room + room
            self.rates = {
                kind: (rate + stores.ratio[kind] * room) * stores.available
                for kind, rate in stores.rates.items()
            }

    def _might(self, case: Case) -> tuple[Array, Array]:
        """Arcs and slices, by slot, that have some capacity or might be given some."""
        arcs, pieces = case.arcs, case.slices
        carries, lifts = self.capacity > 0, self.lifting > 0
        for plan, firm, _ in self.plans:
            table, name = plan.row["table"], plan.row["row"]
            there = plan.may @ plan.active > 0
            if table == "fields":
                at = pieces.at[firm, name]
                lifts[at] |= there & (pieces.available[at] > 0)
            elif table != "storages":
                at = arcs.at[name]
                carries[at] |= there & (arcs.available[at] > 0)
        return carries, lifts

    def _plan(self, case: Case, grown: Array, lifted: Array, room: Array) -> None:
        """Read what is decided, and add it to the capacities of arcs, slices and storages."""
        calendar = case.calendar
        for row in case.chain.rows("expansions"):
            table, name = row["table"], row["row"]
            [asset] = [other for other in case.chain.rows(table) if other["name"] == name]
            plan = Expansion.of(row, asset, calendar)
            for firm in plan.firms:
                decided = np.array(
                    [
                        case.point.built.get((table, name, firm, year), 0.0)
                        for year in range(len(calendar.years))
                    ]
                )
                self.plans.append((plan, firm, decided))
                added = decided @ plan.active
                if table == "fields":
                    lifted[case.slices.at[firm, name]] += added
                elif table == "storages":
                    room[case.stores.at[name]] += added
                else:
                    grown[case.arcs.at[name]] += added


def check_storing(case: Case, built: Built, found: Findings) -> None:
    """Levels follow from what goes in and out and return within each year; nobody would shift."""
    calendar, stores, names = case.calendar, case.stores, case.stores.names
    if not names:
        return
    firms = case.place.names
    before = calendar.before
    into, out, level = case.injection, case.withdrawal, case.level
    change = calendar.share * (stores.keeps * into - out)
    drift = np.abs(level - level[:, :, before] - change)
    found.note(
        "balance",
        drift / (1 + np.maximum(level, np.abs(change))),
        lambda s, f, t: f"{firms[f]} storing in {names[s]}{calendar.name(t)}",
    )
    for limit, use, rent, what in (
        (built.room, level, case.room_rent, "room of"),
        (built.rates["injection"], into, case.injection_rent, "injection into"),
        (built.rates["withdrawal"], out, case.withdrawal_rent, "withdrawal from"),
    ):
        found.limit(
            limit - use.sum(axis=1),
            rent,
            limit,
            lambda s, t, what=what: f"{what} storage {names[s]}{calendar.name(t)}",
        )
    barred = np.where(stores.access[:, :, None], 0.0, into + out + level)
    found.note("capacity", barred, lambda s, f, _: f"{firms[f]} has no access to {names[s]}")
    _check_motives(case, built, found)


def _check_motives(case: Case, built: Built, found: Findings) -> None:
    """One unit more put in, kept or taken out gains nothing; one that is put in loses nothing.

    Pairs of a storage and a firm that gas in store is worth something to.
    """
    calendar, stores, names = case.calendar, case.stores, case.stores.names
    firms = case.place.names
    after = calendar.after
    finite = np.isfinite(case.stored_value)
    store, firm = np.nonzero(stores.access & ever(finite))
    value, stored = case.value[stores.node[store], firm], case.stored_value[store, firm]
    held = finite[store, firm]
    able = held & np.isfinite(value)
    value, stored = np.where(able, value, 0.0), np.where(held, stored, 0.0)
    next_able = held & held[:, after]
    scale = np.maximum(np.abs(value), np.abs(stored))
    pay_in = (stores.paid["injection"][:, None] + case.injection_rent)[store]
    pay_out = (stores.paid["withdrawal"][:, None] + case.withdrawal_rent)[store]
    keeps = stores.keeps[store, 0]
    for verb, live, slack, quantity in (
        (
            "injecting into",
            able & (built.rates["injection"] > 0)[store],
            value + pay_in - keeps * stored,
            case.injection,
        ),
        (
            "withdrawing from",
            able & (built.rates["withdrawal"] > 0)[store],
            stored + pay_out - value,
            case.withdrawal,
        ),
        (
            "keeping gas in",
            next_able & (built.room > 0)[store],
            stored + case.room_rent[store] - stored[:, after],
            case.level,
        ),
    ):
        found.pair(
            np.where(live, slack, 0.0),
            quantity[store, firm],
            scale,
            lambda p, t, v=verb: f"{firms[firm[p]]} {v} {names[store[p]]}{calendar.name(t)}",
        )


def check_building(case: Case, built: Built, found: Findings) -> None:
    """What is built stays within its limits and pays: rents over its life cover its cost."""
    calendar = case.calendar
    years = [f"{year:g}" if not math.isnan(year) else "the year" for year in calendar.years]
    for plan, firm, decided in built.plans:
        row = plan.row
        table, name = row["table"], row["row"]
        words = f"{firm + ' ' if firm else ''}expanding {name}"
        part = plan.firms[firm]
        limits = [part * row[kind] for kind in ("limit", "total_limit")]
        yearly, total = (math.inf if math.isnan(size) else size for size in limits)
        rents = np.array(
            [
                case.point.build_limit_price.get((table, name, firm, year), 0.0)
                for year in range(len(years))
            ]
        )
        whole = case.point.build_total_price.get((table, name, firm), 0.0)

        def where(y: int, words: str = words) -> str:
            return f"{words} in {years[y]}"

        found.note("capacity", np.where(plan.may > 0, 0.0, decided), where)
        for size, use, price in (
            (yearly, decided, rents),
            (total, np.atleast_1d(decided.sum()), np.atleast_1d(whole)),
        ):
            bounded = size if math.isfinite(size) else 0.0
            spare = size - use if math.isfinite(size) else np.zeros_like(use)
            found.limit(spare, price, bounded, where)
            if not math.isfinite(size):
                found.note("complementarity", np.abs(price), where)
        gain = plan.active @ _gain_of_a_unit(case, table, name, firm)
        slack = plan.unit_cost + rents + whole - gain
        slack = np.where(plan.may > 0, slack, 0.0)
        found.pair(slack, decided, plan.unit_cost, where)


def _gain_of_a_unit(case: Case, table: str, name: str, firm: str) -> Array:
    """What one unit more of capacity earns or saves in each slot, in present value."""
    calendar, weight = case.calendar, case.calendar.weight
    if table == "fields":
        pieces = case.slices
        at = pieces.at[firm, name]
        kept = case.point.reserve_price.get((firm, name), 0.0) / calendar.discount[calendar.year_of]
        spent = pieces.a[at] + pieces.b[at] * case.lifting[at] + pieces.levy[at]
        worth = case.value.reshape(-1, calendar.length)[pieces.row[at]]
        saved = pieces.saved(at, worth - spent - kept - case.scarcity[at])
        earned: Array = weight * pieces.available[at] * (case.scarcity[at] + saved)
        return earned
    if table == "storages":
        stores = case.stores
        at = stores.at[name]
        rates = stores.ratio["injection"][at] * case.injection_rent[at]
        rates = rates + stores.ratio["withdrawal"][at] * case.withdrawal_rent[at]
        room: Array = case.calendar.money * case.room_rent[at]
        return np.asarray(room + weight * stores.available[at] * rates)
    at = case.arcs.at[name]
    rent = case.rent[at] + case.arcs.third_share[at] * case.outside_rent[at]
    found: Array = weight * case.arcs.available[at] * rent
    return found
