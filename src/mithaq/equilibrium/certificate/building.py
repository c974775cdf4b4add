"""Storage over the year, and investment up to where rents pay for it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings
from mithaq.equilibrium.certificate.tables import Expansion, given

__all__ = ["Built", "before_and_after", "check_building", "check_storing", "storage_limits"]


class Built:
    """Capacity with what decisions have added, by asset and slot, availability included."""

    def __init__(self, case: Case) -> None:
        calendar, arcs, pieces = case.calendar, case.arcs, case.slices
        grown = np.zeros((len(arcs.rows), calendar.length))
        lifted = np.zeros(pieces.capacity.shape)
        self.room = np.zeros((len(case.storages), calendar.length))
        self.room_at = {row["name"]: at for at, row in enumerate(case.storages)}
        self.plans: list[tuple[Expansion, str, Array]] = []  # plan, firm, decided by year
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
                    lifted[pieces.at[firm, name]] += added
                elif table == "storages":
                    self.room[self.room_at[name]] += added
                else:
                    grown[arcs.at[name]] += added
        self.capacity = (arcs.capacity + grown) * arcs.available
        self.lifting = (pieces.capacity + lifted) * pieces.available


def before_and_after(case: Case) -> tuple[Array, Array]:
    """For each slot the one before it and the one after it in the same year, round the year."""
    count = len(case.calendar.periods)
    slots = np.arange(case.calendar.length)
    first = slots - slots % count
    return first + (slots - first - 1) % count, first + (slots - first + 1) % count


def storage_limits(case: Case, built: Built, at: int) -> tuple[Array, dict[str, Array]]:
    """Room (bcm) and rates (bcm/yr) of a storage by slot; rates grow with what is built."""
    row, calendar = case.storages[at], case.calendar
    room = row["working_gas"] * calendar.open(row) + built.room[at]
    available = calendar.available("storages", row["name"])
    rates = {}
    for kind in ("injection", "withdrawal"):
        ratio = row[kind] / row["working_gas"] if row["working_gas"] > 0 else 0.0
        given_rate = row[kind] * calendar.open(row)
        rates[kind] = (given_rate + ratio * built.room[at]) * available
    return room, rates


def check_storing(case: Case, built: Built, found: Findings) -> None:
    """Levels follow from what goes in and out and return within each year; nobody would shift."""
    calendar = case.calendar
    firms = list(case.place.firms)
    before, _ = before_and_after(case)
    for at, row in enumerate(case.storages):
        name, keeps = row["name"], 1 - row["loss"]
        into, out, level = case.injection[at], case.withdrawal[at], case.level[at]
        change = calendar.share * (keeps * into - out)
        drift = np.abs(level - level[:, before] - change)

        def where(f: int, t: int, name: str = name) -> str:
            return f"{firms[f]} storing in {name}{calendar.name(t)}"

        found.note("balance", drift / (1 + np.maximum(level, np.abs(change))), where)
        room, rates = storage_limits(case, built, at)
        for limit, use, rent, what in (
            (room, level, case.room_rent[at], "room of"),
            (rates["injection"], into, case.injection_rent[at], "injection into"),
            (rates["withdrawal"], out, case.withdrawal_rent[at], "withdrawal from"),
        ):
            spare = limit - use.sum(axis=0)
            words = f"{what} storage {name}"
            found.limit(spare, rent, limit, lambda t, w=words: w + calendar.name(t))
        barred = np.where(case.keeps_access[at][:, None], 0.0, into + out + level)
        found.note("capacity", barred, lambda f, _, n=name: f"{firms[f]} has no access to {n}")
        _check_motives(case, at, room, rates, found)


def _check_motives(
    case: Case, at: int, room: Array, rates: Mapping[str, Array], found: Findings
) -> None:
    """One unit more put in, kept or taken out gains nothing; one that is put in loses nothing."""
    calendar, row = case.calendar, case.storages[at]
    firms, name, keeps = list(case.place.firms), row["name"], 1 - row["loss"]
    _, after = before_and_after(case)
    pay_in = given(row["injection_tariff"], row["injection_cost"]) + case.injection_rent[at]
    pay_out = given(row["withdrawal_tariff"], row["withdrawal_cost"]) + case.withdrawal_rent[at]
    value, stored = case.value[case.place.nodes[row["node"]]], case.stored_value[at]
    held = np.isfinite(stored) & case.keeps_access[at][:, None]
    able = held & np.isfinite(value)
    value, stored = np.where(able, value, 0.0), np.where(held, stored, 0.0)
    next_able = held & held[:, after]
    scale = np.maximum(np.abs(value), np.abs(stored))
    for verb, live, slack, quantity in (
        (
            "injecting into",
            able & (rates["injection"] > 0),
            value + pay_in - keeps * stored,
            case.injection[at],
        ),
        (
            "withdrawing from",
            able & (rates["withdrawal"] > 0),
            stored + pay_out - value,
            case.withdrawal[at],
        ),
        (
            "keeping gas in",
            next_able & (room > 0),
            stored + case.room_rent[at] - stored[:, after],
            case.level[at],
        ),
    ):
        found.pair(
            np.where(live, slack, 0.0),
            quantity,
            scale,
            lambda f, t, v=verb: f"{firms[f]} {v} {name}{calendar.name(t)}",
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
        gain = plan.active @ _rent_of_a_unit(case, built, table, name, firm)
        slack = plan.unit_cost + rents + whole - gain
        slack = np.where(plan.may > 0, slack, 0.0)
        found.pair(slack, decided, plan.unit_cost, where)


def _rent_of_a_unit(case: Case, built: Built, table: str, name: str, firm: str) -> Array:
    """What one unit more of capacity earns in each slot, in present value."""
    weight = case.calendar.weight
    if table == "fields":
        at = case.slices.at[firm, name]
        pieces = case.slices
        earned: Array = weight * pieces.available[at] * case.scarcity[at]
        return earned
    if table == "storages":
        at = built.room_at[name]
        row, available = case.storages[at], case.calendar.available("storages", name)
        rent: Array = case.calendar.money * case.room_rent[at]
        if row["working_gas"] > 0:
            rates = row["injection"] * case.injection_rent[at]
            rates = rates + row["withdrawal"] * case.withdrawal_rent[at]
            rent = rent + weight * available * rates / row["working_gas"]
        return rent
    at = case.arcs.at[name]
    rent = case.rent[at] + case.arcs.third_share[at] * case.outside_rent[at]
    found: Array = weight * case.arcs.available[at] * rent
    return found
