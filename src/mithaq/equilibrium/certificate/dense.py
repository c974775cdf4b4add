"""A point as arrays over firms, places and slots, and the values of gas that it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array, ever
from mithaq.equilibrium.certificate.tables import (
    Arcs,
    Place,
    arcs_of,
    calendar_of,
    dated,
    deals_of,
    first_given,
    markets_of,
    place_of,
)
from mithaq.equilibrium.columns import Words, from_words, table_of
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.prepared import Memory, remembered
from mithaq.equilibrium.sheet import Sheet

__all__ = ["Case", "Flow", "Slices", "Stores"]

STEEPEST = 1e30  # stands for the cost without bound of lifting a field's whole capacity


def numbered(names: Iterable[Any]) -> dict[Any, int]:
    """Each name with its number."""
    return {name: at for at, name in enumerate(names)}


class Owned:
    """Each owner's part of each field: number of the field, share, owner, place."""

    def __init__(self, fields: Words, firms: Words, nodes: Words) -> None:
        names = fields.texts("name")
        pieces = [
            (at, firm, share)
            for at, owners in enumerate(fields.texts("owners"))
            for firm, share in parse_shares(owners).items()
        ]
        self.field = np.array([at for at, _, _ in pieces], dtype=int)
        self.keys = [(firm, names[at]) for at, firm, _ in pieces]
        self.at = numbered(self.keys)
        self.share = np.array([share for _, _, share in pieces])
        self.firm = np.array([firms.at[firm] for _, firm, _ in pieces], dtype=int)
        self.node = 3 * fields.places("node", nodes)[self.field]


owned_of = from_words("fields", "firms", "nodes")(Owned)


class Slices:
    """Each owner's part of each field, stacked: arrays over slices, and over slots last."""

    def __init__(self, chain: Chain) -> None:
        calendar, table, owned = calendar_of(chain), table_of(chain, "fields"), owned_of(chain)
        self.keys, self.at, field = owned.keys, owned.at, owned.field
        self.firm, self.node = owned.firm, owned.node
        share = owned.share[:, None]
        columns = ("a", "b", "g", "royalty", "user_cost", "reserves", "capacity")
        self.a, b, self.g, royalty, user_cost, reserves, size = (
            table.numbers(name)[field, None] for name in columns
        )
        self.b, self.levy, self.reserves = b / share, royalty + user_cost, (reserves * share)[:, 0]
        self.capacity = np.repeat(share * size, calendar.length, axis=1)
        self.available = np.ones(self.capacity.shape)
        for at in dated(table):
            self.capacity[field == at] *= calendar.open(table.rows[at])
        for at, (_, name) in enumerate(self.keys if calendar.factors else ()):
            if ("fields", name) in calendar.factors:
                self.available[at] = calendar.available("fields", name)

    def name(self, number: int) -> str:
        """Words for what the owner of a slice does."""
        firm, field = self.keys[number]
        return f"{firm} lifting from {field}"

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


slices_of = remembered("fields", "availability", "periods", "years", "firms", "nodes")(Slices)


class Kept:
    """Where storages are (``node``) and who may use them (``access``: storages x firms)."""

    def __init__(self, stores: Words, firms: Words, nodes: Words) -> None:
        place = Place(firms, nodes)
        self.node = 3 * stores.places("node", nodes)
        self.access = np.ones((len(stores), len(firms)), dtype=bool)
        for at, access in enumerate(stores.texts("access")):
            if access:
                self.access[at] = place.mask(parse_names(access))


kept_of = from_words("storages", "firms", "nodes")(Kept)


class Stores:
    """All storages, stacked: where they are, who may use them, what a unit moved costs.

    ``room`` and ``rates`` are by slot, before anything is built; ``ratio`` is by how much a rate
    grows with a unit of room. ``paid`` and ``cost`` are of a unit put in and of one taken out.
    """

    def __init__(self, chain: Chain) -> None:
        calendar, table, self.kept = calendar_of(chain), table_of(chain, "storages"), kept_of(chain)
        self.rows, self.names, self.at = table.rows, table.texts("name"), table.at
        self.node, self.access = self.kept.node, self.kept.access
        self.keeps = 1.0 - table.numbers("loss")[:, None, None]
        shape = len(table), calendar.length
        opened, self.available = np.ones(shape), np.ones(shape)
        for at in dated(table):
            opened[at] = calendar.open(table.rows[at])
        for at, name in enumerate(self.names if calendar.factors else ()):
            self.available[at] = calendar.available("storages", name)
        gas = table.numbers("working_gas")[:, None]
        self.room = gas * opened
        self.rates, self.ratio = {}, {}
        self.paid, self.cost = {}, {}
        for kind in ("injection", "withdrawal"):
            rate = table.numbers(kind)[:, None]
            self.rates[kind] = rate * opened
            self.ratio[kind] = np.where(gas > 0, rate / np.where(gas > 0, gas, 1.0), 0.0)
            tariff, cost = (table.numbers(f"{kind}_{name}") for name in ("tariff", "cost"))
            self.paid[kind] = first_given(tariff, cost)
            self.cost[kind] = first_given(cost, tariff)


stores_of = remembered("storages", "availability", "periods", "years", "firms", "nodes")(Stores)


class Pairs:
    """Pairs of an arc and a firm: their ``number`` by arc and firm (-1: none).

    ``place`` is the place of each pair's slots among those of all arcs.
    """

    def __init__(self, firm: Array, arc: Array, shape: tuple[int, int], slots: int) -> None:
        self.number = np.full(shape, -1)
        self.number[arc, firm] = np.arange(len(arc))
        self.place = (arc[:, None] * slots + np.arange(slots)).ravel()


_PAIRS: Memory[Pairs] = Memory()


class Flow:
    """What is sent, by pairs of an arc and a firm: ``quantity`` is pairs x slots."""

    def __init__(self, sheet: Sheet, place: Place, arcs: Arcs, slots: int) -> None:
        firm, arc = sheet.labels.places(place.firms, arcs.at)
        held = sheet.labels, place, arcs.ways
        shape = len(arcs.rows), len(place.firms)
        key = (*map(id, held), slots)
        pairs = _PAIRS.get(key, held, lambda: Pairs(firm, arc, shape, slots))
        self.firm, self.arc, self.pairs = firm, arc, pairs
        self.quantity = sheet.filled(slots).T
        self.by_arc = self._summed(self.quantity)

    def _summed(self, quantity: Array) -> Array:
        shape = len(self.pairs.number), self.quantity.shape[1]
        whole = np.bincount(
            self.pairs.place, weights=quantity.ravel(), minlength=shape[0] * shape[1]
        )
        return whole.astype(float).reshape(shape)  # of nothing, counts are whole

    def among(self, firms: Array) -> Array:
        """What some firms send, by arc and slot; ``firms`` says by arc which."""
        return self._summed(np.where(firms[self.arc, self.firm][:, None], self.quantity, 0.0))

    def of(self, arc: Array, firm: Array) -> Array:
        """What is sent by pairs of an arc and a firm."""
        number = self.pairs.number[arc, firm]
        if not len(self.quantity):
            return np.zeros((*np.shape(number), self.quantity.shape[1]))
        return np.where(number[..., None] >= 0, self.quantity[number], 0.0)


class Case:
    """A chain and a point side by side: what every check reads.

    Arrays of quantities and values run over places, firms and slots. What stands in the tables
    alone is shared with other cases: nothing here is to be changed but what the point says.
    """

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        self.calendar, self.place = calendar_of(chain), place_of(chain)
        self.arcs = arcs_of(chain, self.calendar, self.place)
        self.markets = markets_of(chain)
        self.deals = deals_of(chain).with_taken(point.taken)
        self.ahead, self.spot_ahead = self.deals.ahead, self.deals.at_spot
        self.slices = slices_of(chain)
        self.stores = stores_of(chain)
        firms, nodes, slots = self.place.firms, self.place.nodes, self.calendar.length
        arcs, sold, kept = self.arcs.at, self.markets.at, self.stores.at

        def by_firm(sheet: Sheet, places: Mapping[str, int], absent: float = 0.0) -> Array:
            # Labels name the firm first, arrays have the place first.
            found = np.full((len(places), len(firms), slots), absent)
            if sheet.numbers.size:
                firm, place = sheet.labels.places(firms, places)
                found[place, firm] = sheet.filled(slots, absent).T
            return found

        self.lifting = self._of_slices(point.lifting)
        self.scarcity = self._of_slices(point.scarcity)
        self.value = by_firm(point.value, nodes, absent=np.nan)
        self.known: Array = ~np.isnan(self.value)
        self.somewhere = ever(self.known)
        self.flow = Flow(point.flow, self.place, self.arcs, slots)
        self.rent = point.rent.spread(slots, arcs)
        self.outside_rent = point.third_party_rent.spread(slots, arcs)
        self.spot = by_firm(point.spot, sold)
        self.rationed = point.rationed.spread(slots, sold)
        self.floor = by_firm(point.floor_price, sold)
        self.injection = by_firm(point.injection, kept)
        self.withdrawal = by_firm(point.withdrawal, kept)
        self.level = by_firm(point.level, kept)
        stored = by_firm(point.stored_value, kept, absent=np.nan)
        told = ~np.isnan(stored)
        self.kept_known = ever(told)
        self.stored_value = np.where(told, stored, 0.0)
        self.injection_rent = point.injection_rent.spread(slots, kept)
        self.withdrawal_rent = point.withdrawal_rent.spread(slots, kept)
        self.room_rent = point.room_rent.spread(slots, kept)
        self.bookings = list(self._booked())

    def _of_slices(self, sheet: Sheet) -> Array:
        """Numbers by slice and slot."""
        found = np.zeros((len(self.slices.keys), self.calendar.length))
        if sheet.numbers.size:
            found[sheet.labels.whole(self.slices.at)] = sheet.filled(self.calendar.length).T
        return found

    def _booked(self) -> Iterator[tuple[int, int, Array, Array]]:
        """Arc, firm, reserved capacity and its rent by slot; of a closed line nothing is."""
        for row in self.chain.rows("bookings"):
            at = self.arcs.at[row["arc"]]
            there = self.calendar.open(row) * (self.arcs.capacity[at] > 0)
            rent = self.point.booking_rent.series(self.calendar.length, row["firm"], row["arc"])
            reserved = row["capacity"] * there * self.arcs.available[at]
            yield at, self.place.firms[row["firm"]], reserved, rent

    def charge(self, arc: Array, firm: Array) -> Array:
        """What firms pay for a unit sent on arcs, rents included: pairs x slots.

        Who has booked pays the rent of its booking instead of that of the part open to all.
        """
        found: Array = (self.arcs.charge[:, None] + self.rent)[arc]
        if self.outside_rent.any():
            found = found + self.arcs.outsider[arc, firm][:, None] * self.outside_rent[arc]
        for at, booker, _, rent in self.bookings:
            found[(arc == at) & (firm == booker)] += rent - self.rent[at]
        return found
