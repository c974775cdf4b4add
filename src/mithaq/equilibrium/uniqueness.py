"""Which prices and which routes of an equilibrium are one choice among several.

Quantities and prices that solve the same conditions differ by directions in which nothing that
matters changes. Prices: at the quantities found, every set of duals for which each used way breaks
even and no unused one gains. Routes: every shift of flows that keeps balances, limits and marginal
costs. A random direction is projected onto the space that the equations leave open, which tells
what can move at all; linear programs then say how far.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from mithaq.chain import Chain
from mithaq.equilibrium.complementarity import mixed_problem
from mithaq.equilibrium.labels import KINDS, STOCKS, VALUES
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.program import Program, build_program
from mithaq.equilibrium.restrictions import growing

__all__ = ["Face"]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
ZERO = 1e-6  # scaled: what is no larger is zero
MOVES = 1e-7  # part of a random direction that is left of it where it is not fixed
FIX = 1e-9  # weight of the equations against which a direction is projected
SEED = 20060804
SPECK = 1e-9  # bcm/yr, far less than what counts as any
SAME = 1e-5  # scaled: intervals no wider are one price
LABELS = {
    "balance": "value of gas",
    "arc": "rent",
    "booking": "rent of a booking",
    "third party": "rent of third parties",
    "field": "scarcity",
    "reserves": "price of reserves",
    "injection": "rent of injection",
    "withdrawal": "rent of withdrawal",
    "room": "rent of room",
    "level": "value of stored gas",
}
BY_FIRM = frozenset({"balance", "booking", "field", "reserves", "level"})


class Face:
    """The prices and flows that could stand in place of those of a certified point."""

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.program = build_program(chain)
        problem = mixed_problem(self.program)
        sign = self.program.families["sign"]
        self.matrix = problem.matrix[: sign.first]
        felt = problem.felt[: sign.first]
        self.x, self.z = _columns(self.program, point), _duals(self.program, point, sign.first)
        self.equal = self.program.equalities
        bound = problem.bound[: sign.first]
        slack = (bound - self.matrix @ self.x) / (1 + np.abs(bound))
        binding = slack <= ZERO
        binding[: self.equal] = True
        self.binding: Mask = binding
        value = problem.value(self.x)
        idle = problem.entropies.idle
        # The price of a capacity that can be built is what a unit more of it saves.
        rows = self.program.golombek.tie[self.program.golombek.growing]
        self.z[rows] = -value[idle]
        reduced = value + felt.T @ self.z
        self.reduced = np.maximum(reduced, 0.0)
        self.used: Mask = self.x > ZERO * (1 + np.abs(self.x).max(initial=0.0))
        self.used[idle] = True  # cost without bound keeps them above zero
        self.felt = felt
        rows, columns, values = problem.slopes(self.x)
        size = (len(self.x), len(self.x))
        self.slopes = sp.csr_matrix((values, (rows, columns)), shape=size)

    def margins(self, kind: str) -> Vector:
        """What a unit of each column of a kind costs more than it earns: slots x columns.

        USD/1000 m3; infinite where it cannot be other than zero.
        """
        columns = self.program.columns
        full = np.full(len(columns.alive), np.inf)
        full[np.flatnonzero(columns.alive)[: len(self.reduced)]] = self.reduced
        weight = self.program.network.calendar.weight[:, None]
        found: Vector = columns.part(full, kind) / weight
        return found

    # Prices

    def price_intervals(self) -> pd.DataFrame:
        """Prices that are not unique: kind, firm, place, year, period, low, high.

        USD/1000 m3; price of reserves in present value. ``high`` is infinite where nothing bounds
        it. A market in which nobody sells has every price from what its first buyer would pay to
        what its first seller would ask; prices of markets that are served are unique, and so they
        are not here. Of gas in nodes those values are told that belong to a firm with gas there.
        """
        prices = _Prices(self)
        held = self._held()
        found = []
        for row in prices.rows.tolist():
            kind, key = self.program.rows[row]
            if kind not in LABELS or (kind in {"balance", "level"} and (kind, key) not in held):
                continue
            low, high = self._in_slot(kind, key, prices.least(row), prices.most(row))
            if not _one(low, high):
                firm, place = key[:2] if kind in BY_FIRM else ("", key[0])
                found.append((LABELS[kind], firm, place, *self._when(kind, key), low, high))
        found += self._unserved(prices)
        columns = ["kind", "firm", "place", "year", "period", "low", "high"]
        return pd.DataFrame(found, columns=columns)

    def _held(self) -> set[tuple[str, Any]]:
        """Where firms have gas: balances and stores that something goes through."""
        net, point = self.program.network, self.point
        node = {piece.field: piece.node for piece in net.slices}
        found: set[tuple[str, Any]] = set()
        moved: list[tuple[str, str, int, float]] = [
            (firm, node[name], slot, q) for (firm, name, slot), q in point.lifting.items()
        ]
        for (firm, arc, slot), quantity in point.flow.items():
            ends = net.arcs[arc].tail, net.arcs[arc].head
            moved += [(firm, end, slot, quantity) for end in ends]
        for (firm, name, slot), quantity in point.withdrawal.items():
            moved.append((firm, net.storages[name].node, slot, quantity))
        for (firm, name, slot), quantity in point.level.items():
            if quantity > ZERO:
                found.add(("level", (firm, name, slot)))
        found |= {("balance", (f, n, slot)) for f, n, slot, q in moved if q > ZERO}
        found |= {
            ("balance", (d.firm, d.node, int(t)))
            for d in net.obligations
            for t in np.flatnonzero(d.quantity > 0)
        }
        return found

    def _in_slot(self, kind: str, key: Any, low: float, high: float) -> tuple[float, float]:
        """Ends of a dual's interval as values in the key's slot."""
        if self.program.families[kind].slots:
            slot = self.program.network.calendar.slots[key[-1]]
            worth = slot.discount * slot.span if kind in STOCKS else slot.weight
            low, high = low / worth, high / worth
        return (-high, -low) if kind == "balance" else (low, high)

    def _when(self, kind: str, key: Any) -> tuple[float | None, str]:
        if not self.program.families[kind].slots:
            return None, ""
        slot = self.program.network.calendar.slots[key[-1]]
        return slot.year, slot.period

    def _unserved(self, prices: _Prices) -> list[tuple[Any, ...]]:
        net, calendar = self.program.network, self.program.network.calendar
        row = {key: at for at, (kind, key) in enumerate(self.program.rows) if kind == "balance"}
        sold: dict[tuple[str, int], float] = defaultdict(float)
        for (_, name, slot), quantity in self.point.spot.items():
            sold[name, slot] += quantity
        found = []
        for at, market in enumerate(net.markets.values()):
            for slot, when in enumerate(calendar.slots):
                first = float(net.alpha[slot, at])
                served = net.fixed[slot, at] + sold[market.name, slot] > ZERO
                if np.isnan(first) or served:
                    continue
                ask = np.inf
                for firm in market.sellers:
                    key = firm, market.node, slot
                    if key in row:
                        least = prices.least(row[key])
                        ask = min(ask, self._in_slot("balance", key, least, least)[1])
                if not _one(first, ask):
                    label = "market", "", market.name, when.year, when.period
                    found.append((*label, first, ask))
        return found

    # Quantities

    def open_routes(self) -> tuple[str, ...]:
        """Arcs whose flow, all firms together, could be otherwise at the same prices."""
        parts = [((arc, slot), at) for (_, arc, slot), at in self._labelled("flow")]
        return tuple(sorted({arc for arc, _ in self._movable(parts)}))

    def open_sales(self) -> tuple[tuple[str, str], ...]:
        """Firm and market of each spot sale that could be otherwise at the same prices."""
        return tuple(sorted({key[:2] for key in self._movable(self._labelled("spot"))}))

    def _labelled(self, kind: str) -> list[tuple[Any, int]]:
        columns = self.program.columns
        full, there = columns.of(kind), columns.mask(kind)
        return [
            ((*columns.keys[kind][column], int(slot)), int(columns.place[full[slot, column]]))
            for slot, column in np.argwhere(there)
        ]

    def _movable(self, parts: Sequence[tuple[Any, int]]) -> set[Any]:
        """Labels of which the sum of their columns changes in some shift."""
        tight = self.binding & (self.z > ZERO)
        tight[: self.equal] = True
        loose = self.matrix[np.flatnonzero(self.binding & ~tight)]
        fixed = sp.vstack([self.matrix[np.flatnonzero(tight)], self.slopes], format="csr")
        indifferent = self.reduced <= ZERO * (1 + np.abs(self.reduced).max(initial=0.0))
        candidates = np.flatnonzero(self.used | indifferent)
        moving = candidates[_open(fixed[:, candidates])]
        if not len(moving):
            return set()
        place = {column: at for at, column in enumerate(moving.tolist())}
        inside = [(label, place[column]) for label, column in parts if column in place]
        bounds = np.stack([np.where(self.used[moving], -1.0, 0.0), np.ones(len(moving))], axis=1)
        found: set[Any] = set()
        dice = np.random.default_rng(SEED)
        # Whatever can move at all has a part in the direction of a random goal, or against it.
        for _ in range(2):
            weight: dict[Any, float] = defaultdict(lambda: float(dice.standard_normal()))
            goal = np.zeros(len(moving))
            for label, at in inside:
                goal[at] += weight[label]
            for sense in (1.0, -1.0):
                answer = linprog(
                    sense * goal,
                    A_eq=fixed[:, moving],
                    b_eq=np.zeros(fixed.shape[0]),
                    A_ub=loose[:, moving],
                    b_ub=np.zeros(loose.shape[0]),
                    bounds=bounds,
                    method="highs",
                )
                changed: dict[Any, float] = defaultdict(float)
                for label, at in inside if answer.success else ():
                    changed[label] += answer.x[at]
                found |= {label for label, change in changed.items() if abs(change) > 10 * ZERO}
        return found


class _Prices:
    """How far each dual of a face may go, by linear programs over those that are not fixed."""

    def __init__(self, face: Face) -> None:
        at = np.flatnonzero(face.binding)
        used = face.felt[at][:, face.used].T.tocsr()
        moving = np.flatnonzero(_open(used))
        idle = face.felt[at][:, ~face.used].T.tocsr()[:, moving]
        touched = np.diff(idle.indptr) > 0
        self.z, self.rows = face.z, at[moving]
        self.place = {row: place for place, row in enumerate(self.rows.tolist())}
        self.used = used[:, moving]
        self.idle = -idle[touched]
        self.slack = face.reduced[~face.used][touched]
        # A price may fall to zero and no further; the dual of an equation goes either way.
        low = np.where(self.rows < face.equal, -np.inf, -face.z[self.rows])
        self.bounds = np.stack([low, np.full(len(low), np.inf)], axis=1)
        ties = sp.vstack([self.used, self.idle]).tocsr()
        _, self.group = connected_components(ties.T @ ties, directed=False)
        self._parts: dict[int, _Part] = {}

    def least(self, row: int) -> float:
        """The least that the dual of a row can be."""
        return self._furthest(row, 1.0)

    def most(self, row: int) -> float:
        """The most that it can be."""
        return self._furthest(row, -1.0)

    def _furthest(self, row: int, sense: float) -> float:
        if row not in self.place:
            return float(self.z[row])
        part = self._part(int(self.group[self.place[row]]))
        goal = np.where(part.rows == row, sense, 0.0)
        answer = linprog(
            goal,
            A_eq=part.used,
            b_eq=np.zeros(part.used.shape[0]),
            A_ub=part.idle,
            b_ub=part.slack,
            bounds=part.bounds,
            method="highs",
        )
        if not answer.success:
            return -sense * np.inf
        return float(self.z[row] + sense * answer.fun)

    def _part(self, group: int) -> _Part:
        """The conditions of duals that hang together."""
        if group not in self._parts:
            mine = np.flatnonzero(self.group == group)
            used, idle = self.used[:, mine], self.idle[:, mine]
            equal, less = (np.flatnonzero(np.diff(side.indptr)) for side in (used, idle))
            conditions = used[equal], idle[less], self.slack[less]
            self._parts[group] = _Part(self.rows[mine], *conditions, self.bounds[mine])
        return self._parts[group]


@dataclass(frozen=True, slots=True)
class _Part:
    """Duals that no condition ties to others: their rows, and the conditions on their changes."""

    rows: NDArray[np.intp]
    used: sp.csr_matrix
    idle: sp.csr_matrix
    slack: Vector
    bounds: Vector


def _one(low: float, high: float) -> bool:
    """Whether an interval is one price, but for rounding."""
    return bool(np.isfinite(low) and high - low <= SAME * (1 + abs(low)))


def _open(equations: sp.csr_matrix) -> Mask:
    """Which unknowns the homogeneous equations leave open: those a random solution moves."""
    height, width = equations.shape
    if width == 0:
        return np.zeros(0, dtype=bool)
    dice = np.random.default_rng(SEED)
    moved = np.zeros(width, dtype=bool)
    # Scaled rows, so that none counts less than another for its units.
    norms = np.sqrt(np.asarray(equations.multiply(equations).sum(axis=1)).ravel())
    scaled = sp.diags(1 / np.where(norms > 0, norms, 1.0)) @ equations
    system = sp.bmat([[sp.identity(width), scaled.T], [scaled, -FIX * sp.identity(height)]])
    factors = splu(system.tocsc())
    for _ in range(2):
        start = dice.standard_normal(width)
        target = np.concatenate([start, np.zeros(height)])
        found = factors.solve(target)
        found += factors.solve(target - system @ found)
        moved |= np.abs(found[:width]) > MOVES
    return moved


def _columns(program: Program, point: Point) -> Vector:
    """The program's columns from a point: what ``labels.read_point`` took apart."""
    columns = program.columns
    full = np.zeros(columns.first_cone)
    for kind in KINDS:
        sheet, keys = getattr(point, kind), columns.keys[kind]
        for slot, row in enumerate(columns.of(kind)):
            full[row] = [sheet.get((*key, slot), 0.0) for key in keys]
    for number, building in enumerate(program.network.buildings):
        full[columns.first_built + number] = point.built.get(building.key, 0.0)
    for slot, row in enumerate(columns.of("opened")):
        for place, pair in zip(row, columns.keys["opened"], strict=True):
            reserved = program.network.bookings[pair][slot]
            full[place] = max(point.flow.get((*pair, slot), 0.0) - reserved, 0.0)
    _leave_idle(program, point, full)
    found: Vector = full[columns.alive[: columns.first_cone]]
    return found


def _leave_idle(program: Program, point: Point, full: Vector) -> None:
    """Fill in what is left idle where something can be built: the share that its price tells.

    Of no capacity it is that of a speck, with the lifting that goes with it.
    """
    columns, net, keys = program.columns, program.network, program.columns.keys["idle"]
    idle, lifted = columns.part(full, "idle"), columns.part(full, "lifting")
    for at, (number, key) in enumerate(zip(growing(net)[0].tolist(), keys, strict=True)):
        piece, size = net.slices[number], net.slice_capacity[:, number].copy()
        for building in net.buildings:
            if building.key[:3] == ("fields", piece.field, piece.firm):
                size += building.usable * point.built.get(building.key, 0.0)
        for slot, when in enumerate(net.calendar.slots):
            margin = point.value.get((piece.firm, piece.node, slot), 0.0) - piece.a - piece.levy
            margin -= piece.b * lifted[slot, number]
            margin -= point.reserve_price.get(key, 0.0) / when.discount
            share = math.exp(max(margin, 0.0) / piece.g)
            if size[slot] < SPECK:
                size[slot], lifted[slot, number] = SPECK, SPECK * (1 - share)
            idle[slot, at] = size[slot] * share


def _duals(program: Program, point: Point, height: int) -> Vector:
    """The program's duals from a point, other than those of signs."""
    calendar = program.network.calendar
    found = np.zeros(height)
    for kind, name in VALUES.items():
        family, sheet = program.families[kind], getattr(point, name)
        for row, (_, key) in enumerate(family.labels(), start=family.first):
            worth = 1.0
            if family.slots:
                slot = calendar.slots[key[-1]]
                worth = slot.discount * slot.span if kind in STOCKS else slot.weight
            sign = -1.0 if kind == "balance" else 1.0
            found[row] = sign * worth * sheet.get(key, 0.0)
    return found
