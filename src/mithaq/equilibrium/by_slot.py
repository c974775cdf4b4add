"""An equilibrium slot by slot, as data frames; what is shown for the year are means of these."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.amounts import Calendar, all_nominated, calendar_of
from mithaq.equilibrium.arcs import Arc, arc_sizes, read_arcs
from mithaq.equilibrium.books import firms_of
from mithaq.equilibrium.building import Building, buildings
from mithaq.equilibrium.columns import table_of
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.prepared import remembered

__all__ = ["BySlot", "investments", "plain_node"]

LEAST = 1e-6  # weight of a market in which nothing is sold: its price is one at which some would


def plain_node(node: str) -> str:
    """The node of either side of a terminal."""
    return node.removesuffix(" (liquefied)").removesuffix(" (landed)")


Numbers = NDArray[np.float64]
Delivery = tuple[int, str, str, str, str, float]


class _Fixed:
    """What the tables alone decide: contract gas, regulated sales, inverse demand."""

    def __init__(self, chain: Chain) -> None:
        calendar, table = calendar_of(chain), table_of(chain, "markets")
        markets = table.rows
        self.node: dict[str, str] = {row["name"]: row["node"] for row in markets}
        # Without a destination clause the buyer sells the gas where it likes, and it counts there.
        deals = table_of(chain, "contracts")
        brought = all_nominated(deals)[:, None] * calendar.profiles(deals)
        self.contracts: list[tuple[str, str, str, list[float]]] = [
            (row["name"], row["seller"], row["market"], part)
            for row, part in zip(deals.rows, brought.tolist(), strict=True)
            if row["destination_clause"]
        ]
        self.regulated: list[Delivery] = [
            (slot, firm, row["name"], row["node"], "regulated", share * quantity)
            for row in markets
            if not math.isnan(row["regulated_price"])
            for firm, share in parse_shares(row["supplier"]).items()
            for slot, quantity in enumerate(calendar.regulated(row).tolist())
        ]
        self.markets = [(row["name"], row["node"]) for row in markets]
        self.at = {row["name"]: number for number, row in enumerate(markets)}
        slots = calendar.count
        given = [quantity for *_, quantity in self.contracts]
        self.given = np.array(given, dtype=float).reshape(-1, slots).T
        self.contract_market = self._numbers(market for _, _, market, _ in self.contracts)
        self.regulated_market = self._numbers(row[2] for row in self.regulated[::slots])
        bcm = [row[5] for row in self.regulated]
        self.regulated_bcm = np.array(bcm, dtype=float).reshape(-1, slots).T
        self.price = np.array([row["regulated_price"] for row in markets], dtype=float)
        self.cap = np.array([row["price_cap"] for row in markets], dtype=float)
        alpha, beta = calendar.all_demand(table)
        self.alpha, self.beta = alpha.T, beta.T
        # Slots in which there is demand.
        self.alive = ~np.isnan(self.beta)
        self.slots = [np.flatnonzero(row).tolist() for row in self.alive.T]
        self.named = {
            "market": self._numbered([name for name, _ in self.markets]),
            "node": self._numbered([node for _, node in self.markets], in_order=True),
        }

    def _numbered(
        self, names: list[str], *, in_order: bool = False
    ) -> tuple[NDArray[np.intp], pd.Index[str]]:
        """Names of markets with demand in some slot; the number of each in each slot of a market.

        That of all others comes after the last.
        """
        some = [name for name, slots in zip(names, self.slots, strict=True) if slots]
        there = sorted(set(some)) if in_order else some
        at = {name: number for number, name in enumerate(there)}
        numbers = np.array([at.get(name, len(at)) for name in names], dtype=np.intp)
        index = pd.Index(
            there, name="node" if in_order else "market", dtype=None if there else object
        )
        return np.repeat(numbers, len(self.beta)), index

    def _numbers(self, markets: Iterable[str]) -> NDArray[np.intp]:
        return np.array([self.at[market] for market in markets], dtype=np.intp)


_fixed_of = remembered(
    "contracts", "markets", "periods", "years", "availability", "demand_factors"
)(_Fixed)


@dataclass(eq=False)
class BySlot:
    """Frames with the columns ``year`` and ``period``, then what the slot holds.

    Quantities are annual rates (bcm/yr), prices USD/1000 m3. The year is None where the chain has
    no years, the period ``year`` where it has no periods.
    """

    chain: Chain
    calendar: Calendar
    point: Point

    def _frame(self, rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
        """Rows that begin with the number of a slot, shown as year and period."""
        frame = pd.DataFrame(rows, columns=["slot", *columns])
        slots = self.calendar.slots
        frame.insert(0, "year", [slots[number].year for number in frame["slot"]])
        frame.insert(1, "period", [slots[number].period for number in frame["slot"]])
        return frame

    @cached_property
    def arcs(self) -> dict[str, Arc]:
        """The arcs of the chain by name."""
        return dict(read_arcs(self.chain))

    @cached_property
    def _delivered(self) -> list[Delivery]:
        """Slot, firm, market, node, kind (spot, contract, regulated) and bcm of each delivery."""
        fixed, point = _fixed_of(self.chain), self.point
        rows: list[Delivery] = [
            (slot, firm, market, fixed.node[market], "spot", quantity)
            for (firm, market, slot), quantity in point.spot.items()
        ]
        for name, seller, market, given in fixed.contracts:
            rows += [
                (slot, seller, market, fixed.node[market], "contract", taken)
                for slot, quantity in enumerate(given)
                for taken in [point.taken.get((name, slot), quantity)]
            ]
        return rows + fixed.regulated

    @cached_property
    def all_deliveries(self) -> pd.DataFrame:
        """Columns slot, firm, market, node, kind (spot, contract, regulated), bcm."""
        columns = ["slot", "firm", "market", "node", "kind", "bcm"]
        return pd.DataFrame(self._delivered, columns=columns).astype({"bcm": float})

    @cached_property
    def deliveries(self) -> pd.DataFrame:
        """Columns year, period, firm, market, node, kind (spot, contract, regulated), bcm."""
        return self._frame(
            list(self.all_deliveries.itertuples(index=False, name=None)),
            ["firm", "market", "node", "kind", "bcm"],
        ).drop(columns="slot")

    @cached_property
    def sales(self) -> pd.DataFrame:
        """Columns year, period, firm, node, bcm: deliveries of all kinds."""
        keys = ["slot", "firm", "node"]
        found = self.all_deliveries.groupby(keys)["bcm"].sum().reset_index()
        rows = list(found.itertuples(index=False, name=None))
        return self._frame(rows, ["firm", "node", "bcm"]).drop(columns="slot")

    @cached_property
    def at_markets(self) -> tuple[Numbers, Numbers]:
        """Price and quantity: slots x markets."""
        fixed, point, slots = _fixed_of(self.chain), self.point, self.calendar.count
        given = fixed.given
        if point.taken:
            given = given.copy()
            for at, (name, *_) in enumerate(fixed.contracts):
                for slot in range(slots):
                    given[slot, at] = point.taken.get((name, slot), given[slot, at])
        market = point.spot.labels.places(firms_of(self.chain), fixed.at)[1]
        market = np.concatenate([market, fixed.contract_market, fixed.regulated_market])
        brought = [point.spot.filled(slots), given, fixed.regulated_bcm]
        place = np.arange(slots)[:, None] * len(fixed.markets) + market
        bcm = np.concatenate(brought, axis=1)
        whole = np.bincount(place.ravel(), bcm.ravel(), slots * len(fixed.markets))
        quantity = whole.astype(float).reshape(slots, -1)  # of nothing, counts are whole
        price = np.fmin(fixed.alpha - fixed.beta * quantity, fixed.cap)  # NaN: no cap
        return np.where(np.isnan(fixed.price), price, fixed.price), quantity

    @cached_property
    def market_rows(self) -> list[tuple[int, str, str, float, float]]:
        """Slot, market, node, price and quantity, wherever there is demand."""
        fixed, (price, quantity) = _fixed_of(self.chain), self.at_markets
        prices, quantities = price.T.tolist(), quantity.T.tolist()
        return [
            (slot, name, node, prices[at][slot], quantities[at][slot])
            for at, (name, node) in enumerate(fixed.markets)
            for slot in fixed.slots[at]
        ]

    def mean_prices(self, by: str) -> pd.Series[float]:
        """Mean by ``market`` or ``node`` over all slots with demand, weighted by deliveries."""
        fixed, (price, quantity) = _fixed_of(self.chain), self.at_markets
        number, index = fixed.named[by]
        # A market in which nothing is sold still shows the price at which somebody would buy.
        weight = np.maximum(quantity, LEAST) * self.time[:, None]
        weight = np.where(fixed.alive, weight, 0.0)
        money = np.where(fixed.alive, price, 0.0) * weight
        paid, size = (
            np.bincount(number, part.T.ravel(), len(index) + 1)[:-1] for part in (money, weight)
        )
        return pd.Series(paid / size, index=index, name="USD/1000 m3", dtype=float)

    @cached_property
    def market_prices(self) -> pd.DataFrame:
        """Columns year, period, market, node, price, bcm, rationed: where there is demand.

        ``rationed`` is what users would buy at the price, which a cap keeps low, and cannot get.
        """
        short = self.point.rationed
        rows = [(*row, short.get((row[1], row[0]), 0.0)) for row in self.market_rows]
        columns = ["market", "node", "price", "bcm", "rationed"]
        return self._frame(list(rows), columns).drop(columns="slot")

    @cached_property
    def nominations(self) -> pd.DataFrame:
        """Columns year, period, contract, bcm: what the buyers who nominate chose to take."""
        rows: list[tuple[Any, ...]] = [
            (slot, name, quantity)
            for (name, slot), quantity in sorted(self.point.taken.items(), key=_by_slot)
        ]
        return self._frame(rows, ["contract", "bcm"]).drop(columns="slot")

    @cached_property
    def prices(self) -> pd.DataFrame:
        """Columns year, period, node, price: mean of the node's markets, weighted by deliveries."""
        money: dict[tuple[int, str], float] = defaultdict(float)
        weight: dict[tuple[int, str], float] = defaultdict(float)
        for slot, _, node, price, quantity in self.market_rows:
            quantity = max(quantity, LEAST)
            money[slot, node] += price * quantity
            weight[slot, node] += quantity
        rows: list[tuple[Any, ...]] = [(*key, money[key] / weight[key]) for key in sorted(money)]
        return self._frame(rows, ["node", "price"]).drop(columns="slot")

    @cached_property
    def production(self) -> pd.DataFrame:
        """Columns year, period, firm, field, bcm."""
        rows: list[tuple[Any, ...]] = [
            (slot, firm, name, quantity)
            for (firm, name, slot), quantity in sorted(self.point.lifting.items(), key=_by_slot)
        ]
        return self._frame(rows, ["firm", "field", "bcm"]).drop(columns="slot")

    @cached_property
    def flow_rows(self) -> pd.DataFrame:
        """Columns slot, name, from, to, mode, bcm, capacity (with what was built), rent."""
        sent: dict[tuple[str, int], float] = defaultdict(float)
        for (_, name, slot), quantity in self.point.flow.items():
            sent[name, slot] += quantity
        size = dict(zip(self.arcs, arc_sizes(self.chain).T, strict=True))
        for building in self._buildings:
            if building.row in size and building.table not in {"storages", "fields"}:
                built = self.point.built.get(building.key, 0.0)
                size[building.row] = size[building.row] + built * building.usable
        rows = []
        for slot in range(self.calendar.count):
            for name, arc in self.arcs.items():
                ends = (plain_node(arc.tail), plain_node(arc.head))
                rent = self.point.rent.get((name, slot), 0.0)
                capacity = float(size[name][slot])
                rows.append((slot, name, *ends, arc.mode, sent[name, slot], capacity, rent))
        columns = ["slot", "name", "from", "to", "mode", "bcm", "capacity", "rent"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Columns year, period, name, from, to, mode, bcm (as sent, all firms), capacity, rent."""
        rows = list(self.flow_rows.itertuples(index=False, name=None))
        return self._frame(rows, list(self.flow_rows.columns[1:])).drop(columns="slot")

    @cached_property
    def storage(self) -> pd.DataFrame:
        """Columns year, period, storage, firm, injection, withdrawal (bcm/yr), level (bcm).

        The level is that at the end of the period.
        """
        point = self.point
        keys = sorted(
            {*point.injection, *point.withdrawal, *point.level}, key=lambda key: (key[2], key)
        )
        rows: list[tuple[Any, ...]] = [
            (
                key[2],
                key[1],
                key[0],
                point.injection.get(key, 0.0),
                point.withdrawal.get(key, 0.0),
                point.level.get(key, 0.0),
            )
            for key in keys
        ]
        columns = ["storage", "firm", "injection", "withdrawal", "level"]
        return self._frame(rows, columns).drop(columns="slot")

    def to_list(self) -> list[dict[str, Any]]:
        """Slots as plain values: the key ``slots`` of ``mithaq market --json``."""
        found: list[dict[str, Any]] = [
            {
                "year": slot.year,
                "period": slot.period,
                "share": slot.share,
                "prices": {},
                "sales": [],
                "flows": [],
                "storage": [],
            }
            for slot in self.calendar.slots
        ]
        number = {(slot.year, slot.period): at for at, slot in enumerate(self.calendar.slots)}
        for kind in ("prices", "sales", "flows", "storage"):
            for row in getattr(self, kind).to_dict("records"):
                year = row.pop("year")
                here = found[number[None if year is None else float(year), row.pop("period")]]
                if kind == "prices":
                    here["prices"][row["node"]] = row["price"]
                    continue
                if kind == "flows" and math.isinf(row["capacity"]):
                    row["capacity"] = None
                here[kind].append(row)
        return found

    def built_onto(self, firm: str, field: str) -> float:
        """What is built onto a firm's part of a field, bcm/yr: the mean over time."""
        mine = [b for b in self._buildings if b.key[:3] == ("fields", field, firm)]
        return sum(self.point.built.get(b.key, 0.0) * float(self.time @ b.usable) for b in mine)

    @cached_property
    def _buildings(self) -> list[Building]:
        return buildings(self.chain, self.calendar)

    @cached_property
    def time(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Share of all the time that a slot stands for."""
        time = self.calendar.share * self.calendar.span
        part: np.ndarray[Any, np.dtype[np.float64]] = time / time.sum()
        return part


def _by_slot(item: tuple[tuple[Any, ...], float]) -> tuple[Any, ...]:
    return item[0][-1], item[0]


def investments(chain: Chain, calendar: Calendar, point: Point) -> pd.DataFrame:
    """What is built: columns table, row, firm, year, built, unit, musd (cash of the decision).

    ``firm`` is the owner of a field's slice, empty for the other assets.
    """
    unit = {(row["table"], row["row"]): row["cost"] for row in chain.rows("expansions")}
    rows = [
        (
            table,
            row,
            firm,
            calendar.years[year],
            quantity,
            "bcm" if table == "storages" else "bcm/yr",
            unit[table, row] * quantity,
        )
        for (table, row, firm, year), quantity in point.built.items()
    ]
    columns = ["table", "row", "firm", "year", "built", "unit", "musd"]
    return pd.DataFrame(rows, columns=columns)
