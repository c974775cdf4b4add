"""The program of a chain written a second time, for cvxpy: slots, storage, years, investment.

Names of slots, factors and rows are looked up here anew; prices and duals are those of cvxpy.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import cvxpy as cp
import numpy as np

import mithaq
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.point import Point


@dataclass
class Second:
    """Prices by market and slot, quantities by kind and label, duals by kind and label."""

    prices: dict[tuple[str, int], float] = field(default_factory=dict)
    quantity: dict[str, dict[tuple[Any, ...], Any]] = field(default_factory=dict)
    dual: dict[str, dict[tuple[Any, ...], Any]] = field(default_factory=dict)
    objective: float = math.nan


class Program:
    def __init__(self, chain: mithaq.Chain) -> None:
        self.chain = chain
        periods = sorted(chain.rows("periods"), key=lambda r: r["position"])
        years = sorted(chain.rows("years"), key=lambda r: r["year"])
        self.years = [r["year"] for r in years] or [math.nan]
        self.span = [r["span"] for r in years] or [1.0]
        self.discount = [r["discount"] for r in years] or [1.0]
        self.periods = [(r["name"], r["share"]) for r in periods] or [("year", 1.0)]
        self.slots = [
            (y, p, share)
            for y in range(len(self.years))
            for p, (_, share) in enumerate(self.periods)
        ]
        self.size = len(self.slots)
        self.share = np.array([share for _, _, share in self.slots])
        self.money = np.array([self.discount[y] * self.span[y] for y, _, _ in self.slots])
        self.weight = self.share * self.money
        self.firms = [r["name"] for r in chain.rows("firms")]
        self.variables: dict[str, dict[tuple[Any, ...], Any]] = {}
        self.limits: dict[str, dict[tuple[Any, ...], Any]] = {}
        self.balance: dict[tuple[str, str], Any] = {}
        self.objective: Any = 0
        self.built: dict[tuple[str, str, str], Any] = {}

    def column(self, kind: str, *key: Any, length: int | None = None) -> Any:
        found = cp.Variable(length or self.size, nonneg=True)
        self.variables.setdefault(kind, {})[key] = found
        return found

    def limit(self, kind: str, key: tuple[Any, ...], row: Any) -> None:
        self.limits.setdefault(kind, {})[key] = row

    def move(self, firm: str, node: str, quantity: Any) -> None:
        self.balance[firm, node] = self.balance.get((firm, node), 0) + quantity

    def pay(self, unit: Any, quantity: Any) -> None:
        self.objective = self.objective - cp.sum(cp.multiply(self.weight * unit, quantity))

    def open(self, row: Any) -> np.ndarray[Any, Any]:
        years = [self.years[y] for y, _, _ in self.slots]
        shut = [row["from_year"] > y or row["to_year"] < y for y in years]
        return 1.0 - np.array(shut, dtype=float)

    def factor(self, rows: list[Any], column: str) -> np.ndarray[Any, Any]:
        found = np.ones(self.size)
        for row in rows:
            for t, (y, p, _) in enumerate(self.slots):
                right_year = math.isnan(row["year"]) or row["year"] == self.years[y]
                if right_year and row["period"] in ("", self.periods[p][0]):
                    found[t] *= row[column]
        return found

    def available(self, table: str, name: str) -> np.ndarray[Any, Any]:
        rows = self.chain.rows("availability")
        mine = [r for r in rows if (r["table"], r["row"]) == (table, name)]
        return self.factor(mine, "factor")

    def grown(self, table: str, name: str, firm: str = "") -> Any:
        """Capacity by slot that decisions add."""
        found: Any = np.zeros(self.size)
        [asset] = [row for row in self.chain.rows(table) if row["name"] == name]
        for row in self.chain.rows("expansions"):
            if (row["table"], row["row"]) != (table, name):
                continue
            key = table, name, firm
            if key not in self.built:
                self._build(row, key)
            built = self.built[key]
            for y, decided in enumerate(self.years):
                year = 0.0 if math.isnan(decided) else decided
                begins = year + row["lag"]
                ends = begins + (math.inf if math.isnan(row["lifetime"]) else row["lifetime"])
                there = np.array(
                    [
                        begins <= (0.0 if math.isnan(self.years[v]) else self.years[v]) < ends
                        for v, _, _ in self.slots
                    ]
                )
                found = found + built[y] * (there * self.open(asset))
        return found

    def _build(self, row: Any, key: tuple[str, str, str]) -> None:
        table, name, firm = key
        share = 1.0
        if table == "fields":
            [asset] = [r for r in self.chain.rows("fields") if r["name"] == name]
            share = parse_shares(asset["owners"])[firm]
        built = self.column("built", *key, length=len(self.years))
        self.built[key] = built
        years = [0.0 if math.isnan(year) else year for year in self.years]
        horizon = years[-1] + self.span[-1]
        for y, year in enumerate(years):
            left = 1.0
            if not math.isnan(row["lifetime"]):
                ends = year + row["lag"] + row["lifetime"]
                left = min(max((ends - horizon) / row["lifetime"], 0.0), 1.0)
            back = row["salvage"] * left * self.discount[-1]
            price = row["cost"] * (self.discount[y] - back)
            self.objective = self.objective - price * built[y]
            if row["first_year"] > year or row["last_year"] < year:
                self.limit("closed", (*key, y), built[y] <= 0)
        if not math.isnan(row["limit"]):
            self.limit("build_limit_price", key, built <= share * row["limit"])
        if not math.isnan(row["total_limit"]):
            most = share * row["total_limit"]
            self.limit("build_total_price", key, cp.sum(built) <= most)

    # What firms do

    def fields(self) -> None:
        years = np.array([self.span[y] for y, _, _ in self.slots])
        for row in self.chain.rows("fields"):
            for firm, share in parse_shares(row["owners"]).items():
                name = row["name"]
                size = share * row["capacity"] * self.open(row) + self.grown("fields", name, firm)
                size = cp.multiply(self.available("fields", name), size)
                lifted = self.column("lifting", firm, name)
                self.limit("scarcity", (firm, name), lifted <= size)
                self.move(firm, row["node"], lifted)
                self.pay(row["a"] + row["user_cost"] + row["royalty"], lifted)
                self.pay(row["b"] / share / 2, cp.square(lifted))
                if row["g"] < 0 and (row["capacity"] > 0 or ("fields", name, firm) in self.built):
                    bend = cp.rel_entr(size - lifted, size) + lifted
                    self.pay(-row["g"], bend)
                if not math.isnan(row["reserves"]):
                    used = cp.sum(cp.multiply(years * self.share, lifted))
                    self.limit("reserve_price", (firm, name), used <= share * row["reserves"])

    def arcs(self) -> None:
        rows = [("pipelines", r, r["from"], r["to"]) for r in self.chain.rows("pipelines")]
        for r in self.chain.rows("terminals"):
            sea = f"{r['node']} ({'liquefied' if r['kind'] == 'liquefaction' else 'landed'})"
            ends = (r["node"], sea) if r["kind"] == "liquefaction" else (sea, r["node"])
            rows.append(("terminals", r, *ends))
        rows += [
            ("routes", r, f"{r['from']} (liquefied)", f"{r['to']} (landed)")
            for r in self.chain.rows("routes")
        ]
        for table, row, tail, head in rows:
            name, flows = row["name"], {}
            access = parse_names(row["access"])
            for firm in self.firms:
                if access and firm not in access:
                    continue
                flows[firm] = flow = self.column("flow", firm, name)
                self.move(firm, tail, -flow)
                self.move(firm, head, (1 - row["loss"]) * flow)
                unit = [row[c] for c in ("tariff", "operating_cost") if not math.isnan(row[c])]
                levies = row.get("transit_fee", 0) + row.get("export_duty", 0)
                self.pay((unit or [0.0])[0] + levies, flow)
            if not flows:
                continue
            taken = dict(flows)  # from the part that is open to all
            room: Any = 0.0
            for booking in self.chain.rows("bookings"):
                firm = booking["firm"]
                if booking["arc"] == name and firm in flows:
                    mine = booking["capacity"] * self.open(booking) * self.available(table, name)
                    taken[firm] = self.column("beyond", firm, name)
                    self.limit("booking_rent", (firm, name), flows[firm] - taken[firm] <= mine)
                    room = room + mine
            total: Any = sum(taken.values())
            if table == "routes":
                self.limit("closed", (name,), total <= 1e4 * self.open(row))
                continue
            size = row["capacity"] * self.open(row) + self.grown(table, name)
            size = cp.multiply(self.available(table, name), size)
            self.limit("rent", (name,), total + room <= size)
            owners = parse_shares(row["owner"]) if row["owner"] else {}
            others = [flow for firm, flow in flows.items() if firm not in owners]
            if row["third_party_share"] < 1 and others:
                outside: Any = sum(others)
                share = row["third_party_share"]
                self.limit("third_party_rent", (name,), outside <= share * size)

    def storages(self) -> None:
        count = len(self.periods)
        back = [t - t % count + (t % count - 1) % count for t in range(self.size)]
        for row in self.chain.rows("storages"):
            name, users = row["name"], []
            room = row["working_gas"] * self.open(row)
            grown = self.grown("storages", name)
            for firm in self.firms:
                access = parse_names(row["access"])
                if access and firm not in access:
                    continue
                into, out, level = (
                    self.column(kind, firm, name) for kind in ("injection", "withdrawal", "level")
                )
                users.append((into, out, level))
                self.move(firm, row["node"], out - into)
                change = cp.multiply(self.share, (1 - row["loss"]) * into - out)
                self.limit("stored_value", (firm, name), level - level[back] == change)
                for quantity, kind in ((into, "injection"), (out, "withdrawal")):
                    unit = [row[f"{kind}_{c}"] for c in ("tariff", "cost")]
                    unit = [u for u in unit if not math.isnan(u)]
                    self.pay((unit or [0.0])[0], quantity)
            available = self.available("storages", name)
            for place, kind in enumerate(("injection", "withdrawal")):
                ratio = row[kind] / row["working_gas"] if row["working_gas"] else 0.0
                rate = cp.multiply(available, row[kind] * self.open(row) + ratio * grown)
                self.limit(f"{kind}_rent", (name,), sum(u[place] for u in users) <= rate)
            self.limit("room_rent", (name,), sum(u[2] for u in users) <= room + grown)

    def markets(self) -> None:
        barred = {(r["firm"], r["market"]) for r in self.chain.rows("conduct") if not r["may_sell"]}
        theta = {(r["firm"], r["market"]): r["theta"] for r in self.chain.rows("conduct")}
        own = {r["name"]: r["conduct"] for r in self.chain.rows("firms")}
        floors = {(r["firm"], r["market"]): r["quantity"] for r in self.chain.rows("floors")}
        self.curves: list[Any] = []
        for row in self.chain.rows("markets"):
            name = row["name"]
            rows = [
                r
                for r in self.chain.rows("demand_factors")
                if r["market"] in ("", name) and r["sector"] in ("", row["sector"])
            ]
            quantity = row["reference_quantity"] * self.factor(rows, "quantity")
            price = row["reference_price"] * self.factor(rows, "price")
            alive = quantity > 0
            slope = np.where(alive, price / (-row["elasticity"] * np.where(alive, quantity, 1)), 0)
            choke = price + slope * quantity
            if not math.isnan(row["regulated_price"]):
                due = np.where(
                    alive, (choke - row["regulated_price"]) / np.maximum(slope, 1e-30), 0
                )
                for firm, share in parse_shares(row["supplier"]).items():
                    self.move(firm, row["node"], -share * np.maximum(due, 0))
                continue
            ahead: Any = np.zeros(self.size)
            minded: dict[str, Any] = {}
            for deal in self.chain.rows("contracts"):
                if deal["market"] != name:
                    continue
                rate = deal["nominated"]
                if math.isnan(rate):
                    rate = deal["take_or_pay"] * deal["annual_quantity"]
                profile = (alive | (not deal["destination_clause"])).astype(float)
                if deal["profile"] == "demand":
                    for y in range(len(self.years)):
                        mine = np.array([v == y for v, _, _ in self.slots])
                        mean = self.share[mine] @ quantity[mine]
                        profile[mine] = quantity[mine] / max(mean, 1e-30)
                due = rate * profile * self.open(deal)
                self.move(deal["seller"], row["node"], -due)
                if not deal["destination_clause"]:
                    self.move(deal["buyer"], row["node"], due)
                    continue
                ahead = ahead + due
                if deal["pricing"] == "spot":
                    minded[deal["seller"]] = minded.get(deal["seller"], 0) + due
            access = parse_names(row["access"])
            sales = {}
            for firm in self.firms:
                if (access and firm not in access) or (firm, name) in barred:
                    continue
                sales[firm] = sold = self.column("spot", firm, name)
                self.move(firm, row["node"], -sold)
                if not alive.all():
                    self.limit("closed", (firm, name), sold <= 1e4 * alive)
                if floors.get((firm, name), 0.0) > 0:
                    self.limit("floor_price", (firm, name), sold >= floors[firm, name] * alive)
                weight = theta.get((firm, name), math.nan)
                weight = own[firm] if math.isnan(weight) else weight
                seen = sold + minded.get(firm, 0)
                self.pay(slope / 2 * weight, cp.square(seen))
            total = ahead + sum(sales.values()) if sales else ahead
            if sales:
                worth = cp.multiply(choke, total) - cp.multiply(slope / 2, cp.square(total))
                self.objective = self.objective + cp.sum(cp.multiply(self.weight * alive, worth))
            self.curves.append((name, choke, slope, total, alive))

    def solve(self) -> Second:
        self.fields()
        self.arcs()
        self.storages()
        self.markets()
        balances = {
            key: rest == 0 for key, rest in self.balance.items() if isinstance(rest, cp.Expression)
        }
        self.limits["value"] = balances
        rows = list(itertools.chain(*(group.values() for group in self.limits.values())))
        problem = cp.Problem(cp.Maximize(self.objective), rows)
        tight = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
        problem.solve(solver=cp.CLARABEL, **tight)
        assert problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}, problem.status
        found = Second(objective=float(problem.value))
        for name, choke, slope, total, alive in self.curves:
            bought = total.value if isinstance(total, cp.Expression) else total
            for t in range(self.size):
                if alive[t]:
                    found.prices[name, t] = float(choke[t] - slope[t] * bought[t])
        for kind, columns in self.variables.items():
            found.quantity[kind] = {key: column.value for key, column in columns.items()}
        for kind, group in self.limits.items():
            found.dual[kind] = {key: row.dual_value for key, row in group.items()}
        return found

    def point(self, found: Second) -> Point:
        """What cvxpy found as a point, to be certified like any other."""
        point = Point()
        for kind, columns in found.quantity.items():
            if kind != "beyond":
                target = getattr(point, kind)
                for key, numbers in columns.items():
                    for place, number in enumerate(numbers):
                        target[(*key, place)] = max(float(number), 0.0)
        for kind, rows in found.dual.items():
            for key, dual in rows.items():
                if kind == "closed":
                    continue
                target, numbers = getattr(point, kind), np.atleast_1d(dual)
                if kind in {"reserve_price", "build_total_price"}:
                    target[key] = float(numbers[0])
                    continue
                weight = {
                    "build_limit_price": np.ones(len(self.years)),
                    "stored_value": self.money,
                    "room_rent": self.money,
                }.get(kind, self.weight)
                # A balance's dual is the cost of one unit more to deliver: minus its value.
                sign = -1.0 if kind == "value" else 1.0
                for place, number in enumerate(numbers):
                    target[(*key, place)] = sign * float(number) / float(weight[place])
        return point


def solve_again(chain: mithaq.Chain) -> tuple[Second, Point]:
    """Solve a chain with cvxpy. No groups, stakes, swaps or fringe; conduct by firm and market."""
    program = Program(chain)
    found = program.solve()
    return found, program.point(found)
