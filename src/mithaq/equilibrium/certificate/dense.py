"""A point as arrays over firms, places and slots, and the values of gas that it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array
from mithaq.equilibrium.certificate.tables import Calendar, Markets, Place, arcs_of, owed
from mithaq.equilibrium.point import Point

__all__ = ["Case", "Slices"]

STEEPEST = 1e30  # stands for the cost without bound of lifting a field's whole capacity


def _fill(
    values: Mapping[Any, float],
    shape: Sequence[int],
    *places: Mapping[Any, int],
    absent: float = 0.0,
) -> Array:
    """Values by label as an array; the last part of a key is the slot's number."""
    found = np.full(shape, absent)
    if values:
        keys = list(values)
        index = [np.array([place[key[at]] for key in keys]) for at, place in enumerate(places)]
        slot = np.array([key[-1] for key in keys])
        found[(*index, slot)] = list(values.values())
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

    def cost(self, quantity: Array, capacity: Array) -> Array:
        """The integral of marginal cost without levies (million USD a year)."""
        used = np.clip(quantity / np.where(capacity > 0, capacity, 1.0), 0.0, 1.0)
        left = 1 - used
        entropy = left * np.log(np.where(left > 0, left, 1.0)) + used
        bend = np.where(self.g < 0, -self.g * capacity * entropy, 0.0)
        found: Array = quantity * (self.a + self.b * quantity / 2) + bend
        return found


class Case:
    """A chain and a point side by side: what every check reads.

    Arrays of quantities and values run over places, firms and slots.
    """

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.calendar = Calendar(chain)
        self.place = Place.of(chain)
        self.arcs = arcs_of(chain, self.calendar, self.place)
        self.markets = Markets(chain, self.calendar, self.place)
        self.deals = owed(chain, self.calendar, self.markets, point.taken)
        self.slices = Slices(chain, point, self.calendar, self.place)
        self.storages = chain.rows("storages")
        firms, nodes, slots = self.place.firms, self.place.nodes, self.calendar.length
        arcs, sold = self.arcs.at, self.markets.at
        kept = numbered(row["name"] for row in self.storages)

        def by_firm(
            values: Mapping[Any, float], places: Mapping[str, int], absent: float = 0.0
        ) -> Array:
            found = _fill(values, (len(firms), len(places), slots), firms, places, absent=absent)
            return found.transpose(1, 0, 2)

        def by_place(values: Mapping[Any, float], places: Mapping[str, int]) -> Array:
            return _fill(values, (len(places), slots), places)

        self.value = by_firm(point.value, nodes, absent=np.nan)
        self.known: Array = ~np.isnan(self.value)
        self.flow = by_firm(point.flow, arcs)
        self.rent = by_place(point.rent, arcs)
        self.outside_rent = by_place(point.third_party_rent, arcs)
        self.spot = by_firm(point.spot, sold)
        self.rationed = by_place(point.rationed, sold)
        self.floor = by_firm(point.floor_price, sold)
        self.injection = by_firm(point.injection, kept)
        self.withdrawal = by_firm(point.withdrawal, kept)
        self.level = by_firm(point.level, kept)
        self.stored_value = by_firm(point.stored_value, kept, absent=np.nan)
        self.kept_known = np.asarray((~np.isnan(self.stored_value)).any(axis=2))
        self.stored_value = np.nan_to_num(self.stored_value)
        self.injection_rent = by_place(point.injection_rent, kept)
        self.withdrawal_rent = by_place(point.withdrawal_rent, kept)
        self.room_rent = by_place(point.room_rent, kept)
        self.keeps_access = np.ones((len(kept), len(firms)), dtype=bool)
        for at, row in enumerate(self.storages):
            if row["access"]:
                self.keeps_access[at] = self.place.mask(parse_names(row["access"]))
        self.ahead, self.spot_ahead = self._sold_ahead()
        self.bookings = list(self._booked())

    def _sold_ahead(self) -> tuple[Array, Array]:
        """Deliveries owed to each market, and those among them at its price, by seller."""
        slots = self.calendar.length
        ahead = np.zeros((len(self.markets.rows), slots))
        at_spot = np.zeros((len(self.markets.rows), len(self.place.firms), slots))
        for deal in self.deals:
            if not deal.onward:
                at = self.markets.at[deal.market]
                ahead[at] += deal.quantity
                if deal.spot:
                    at_spot[at, self.place.firms[deal.seller]] += deal.quantity
        return ahead, at_spot

    def _booked(self) -> Iterator[tuple[int, int, Array, Array]]:
        """Arc, firm, reserved capacity and its rent by slot; of a closed line nothing is."""
        for row in self.chain.rows("bookings"):
            at = self.arcs.at[row["arc"]]
            there = self.calendar.open(row) * (self.arcs.capacity[at] > 0)
            rents, key = self.point.booking_rent, (row["firm"], row["arc"])
            rent = [rents.get((*key, slot), 0.0) for slot in range(self.calendar.length)]
            reserved = row["capacity"] * there * self.arcs.available[at]
            yield at, self.place.firms[row["firm"]], reserved, np.array(rent)

    def charge(self, arc: Array, firm: Array) -> Array:
        """What firms pay for a unit sent on arcs, rents included: pairs x slots.

        Who has booked pays the rent of its booking instead of that of the part open to all.
        """
        outside = self.arcs.outsider[arc, firm][:, None] * self.outside_rent[arc]
        found: Array = self.arcs.charge[arc][:, None] + self.rent[arc] + outside
        for at, booker, _, rent in self.bookings:
            found[(arc == at) & (firm == booker)] += rent - self.rent[at]
        return found
