"""A point as arrays over firms, places and slots, and the values of gas that it leaves out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.certificate.findings import Array
from mithaq.equilibrium.certificate.tables import Calendar, Place, markets, owed, ways
from mithaq.equilibrium.point import Point

__all__ = ["Case", "Slices"]

STEEPEST = 1e30  # stands for the cost without bound of lifting a field's whole capacity


def _fill(values: Mapping[Any, float], shape: Sequence[int], *places: Mapping[Any, int]) -> Array:
    """Values by label as an array; the last part of a key is the slot's number."""
    found = np.zeros(shape)
    if values:
        columns = list(zip(*values, strict=True))
        index = [
            [place[name] for name in column]
            for place, column in zip(places, columns[:-1], strict=True)
        ]
        found[(*index, list(columns[-1]))] = list(values.values())
    return found


def numbered(names: Iterable[Any]) -> dict[Any, int]:
    """Each name with its number."""
    return {name: at for at, name in enumerate(names)}


class Slices:
    """Each owner's part of each field, stacked: arrays over slices, and over slots last."""

    def __init__(self, chain: Chain, point: Point, calendar: Calendar, place: Place) -> None:
        rows = [
            (row, firm, share)
            for row in chain.rows("fields")
            for firm, share in parse_shares(row["owners"]).items()
        ]
        self.rows = [row for row, _, _ in rows]
        self.keys = [(firm, row["name"]) for row, firm, _ in rows]
        self.at = numbered(self.keys)
        self.share = np.array([share for _, _, share in rows])
        self.firm = np.array([place.firms[firm] for _, firm, _ in rows], dtype=int)
        self.node = np.array([place.nodes[row["node"]] for row in self.rows], dtype=int)
        self.a = self._column("a")
        self.b = self._column("b") / self.share[:, None]
        self.g = self._column("g")
        self.levy = self._column("royalty") + self._column("user_cost")
        shape = len(rows), calendar.length
        self.capacity = np.zeros(shape)
        self.available = np.ones(shape)
        for at, (row, _, share) in enumerate(rows):
            self.capacity[at] = share * row["capacity"] * calendar.open(row)
            self.available[at] = calendar.available("fields", row["name"])
        self.quantity = np.zeros(shape)
        self.scarcity = np.zeros(shape)
        for target, values in (
            (self.quantity, point.lifting),
            (self.scarcity, point.scarcity),
        ):
            for (firm, name, slot), value in values.items():
                target[self.at[firm, name], slot] = value

    def _column(self, name: str) -> Array:
        return np.array([float(row[name]) for row in self.rows])[:, None]

    def marginal_cost(self, quantity: Array, capacity: Array) -> Array:
        """a + b q + g ln(1 - q/K) with levies, of every slice in every slot."""
        cost: Array = self.a + self.b * quantity + self.levy
        bent = (self.g < 0) & (capacity > 0)
        left = 1 - quantity / np.where(bent, capacity, 1.0)
        steep = np.where(left > 0, -np.log(np.where(left > 0, left, 1.0)), STEEPEST)
        return cost + np.where(bent, -self.g * steep, 0.0)

    def eased(self, quantity: Array, capacity: Array) -> Array:
        """By how much one unit more of capacity lowers the cost of lifting: -dC/dK."""
        used = np.clip(quantity / np.where(capacity > 0, capacity, 1.0), 0.0, 1 - 1e-15)
        found: Array = np.where(capacity > 0, self.g * (np.log1p(-used) + used), 0.0)
        return found

    def cost(self, quantity: Array, capacity: Array) -> Array:
        """The integral of marginal cost without levies (million USD a year)."""
        used = np.clip(quantity / np.where(capacity > 0, capacity, 1.0), 0.0, 1.0)
        left = 1 - used
        entropy = left * np.log(np.where(left > 0, left, 1.0)) + used
        bend = np.where(self.g < 0, -self.g * capacity * entropy, 0.0)
        found: Array = quantity * (self.a + self.b * quantity / 2) + bend
        return found


class Case:
    """A chain and a point side by side: what every check reads."""

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.calendar = Calendar(chain)
        self.place = Place.of(chain)
        self.ways = ways(chain, self.calendar, self.place)
        self.markets = markets(chain, self.calendar, self.place)
        self.deals = owed(chain, self.calendar, self.markets, point.taken)
        self.slices = Slices(chain, point, self.calendar, self.place)
        self.storages = chain.rows("storages")
        firms, nodes, slots = self.place.firms, self.place.nodes, self.calendar.length
        arcs = numbered(way.row["name"] for way in self.ways)
        sold = numbered(market.row["name"] for market in self.markets)
        kept = numbered(row["name"] for row in self.storages)
        self.value = _fill(point.value, (len(firms), len(nodes), slots), firms, nodes)
        self.known = np.zeros(self.value.shape, dtype=bool)
        for firm, node, slot in point.value:
            self.known[firms[firm], nodes[node], slot] = True
        self.flow = _fill(point.flow, (len(firms), len(arcs), slots), firms, arcs)
        self.rent = _fill(point.rent, (len(arcs), slots), arcs)
        self.outside_rent = _fill(point.third_party_rent, (len(arcs), slots), arcs)
        self.spot = _fill(point.spot, (len(firms), len(sold), slots), firms, sold)
        self.rationed = _fill(point.rationed, (len(sold), slots), sold)
        self.floor = _fill(point.floor_price, (len(firms), len(sold), slots), firms, sold)
        shape = len(firms), len(kept), slots
        self.injection = _fill(point.injection, shape, firms, kept)
        self.withdrawal = _fill(point.withdrawal, shape, firms, kept)
        self.level = _fill(point.level, shape, firms, kept)
        self.stored_value = _fill(point.stored_value, shape, firms, kept)
        self.injection_rent = _fill(point.injection_rent, shape[1:], kept)
        self.withdrawal_rent = _fill(point.withdrawal_rent, shape[1:], kept)
        self.room_rent = _fill(point.room_rent, shape[1:], kept)
        self.booked: dict[str, list[tuple[int, Array, Array]]] = defaultdict(list)
        for row in chain.rows("bookings"):
            rent = [point.booking_rent.get((row["firm"], row["arc"], s), 0.0) for s in range(slots)]
            [way] = [way for way in self.ways if way.row["name"] == row["arc"]]
            reserved = row["capacity"] * self.calendar.open(row) * way.available
            reserved = np.where(way.capacity > 0, reserved, 0.0)  # of a closed line nothing is
            self.booked[row["arc"]].append((firms[row["firm"]], reserved, np.array(rent)))
        self._find_values()

    def charge(self, at: int) -> Array:
        """What each firm pays for a unit sent on an arc, by firm and slot, rents included."""
        way = self.ways[at]
        found: Array = way.charge + self.rent[at] + way.outsider[:, None] * self.outside_rent[at]
        for firm, _, rent in self.booked.get(way.row["name"], ()):
            found[firm] += rent - self.rent[at]
        return found

    def _find_values(self) -> None:
        """Values where the point gives none: the least for which gas can be brought there.

        A firm that the point leaves out somewhere would lift and carry on these terms; infinite
        where its gas cannot come.
        """
        value = np.where(self.known, self.value, np.inf)
        pieces = self.slices
        open_ = pieces.capacity * pieces.available > 0
        cheapest = np.where(
            open_, pieces.marginal_cost(0 * pieces.quantity, pieces.capacity), np.inf
        )
        for at in range(len(pieces.keys)):
            spot = value[pieces.firm[at], pieces.node[at]]
            missing = ~self.known[pieces.firm[at], pieces.node[at]]
            spot[missing] = np.minimum(spot, cheapest[at])[missing]
        ends = [(self.place.nodes[way.tail], self.place.nodes[way.head]) for way in self.ways]
        usable = [
            (way.access[:, None] > 0) & (way.capacity * way.available > 0) & ~self.known[:, head]
            for way, (_, head) in zip(self.ways, ends, strict=True)
        ]
        todo = [at for at, mask in enumerate(usable) if mask.any()]
        costs = {at: self.charge(at) for at in todo}
        for _ in range(len(self.place.nodes)):
            changed = False
            for at in todo:
                tail, head = ends[at]
                offer = (value[:, tail] + costs[at]) / self.ways[at].keeps
                better = usable[at] & (offer < value[:, head] - 1e-12)
                if better.any():
                    value[:, head][better] = offer[better]
                    changed = True
            if not changed:
                break
        self.value = value
