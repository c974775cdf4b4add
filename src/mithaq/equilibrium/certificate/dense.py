"""A point as arrays over firms, places and slots, and the values of gas that it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.certificate.findings import Array, bits_of, ever
from mithaq.equilibrium.certificate.tables import (
    MARKETS,
    Place,
    arcs_of,
    calendar_of,
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
        self.row = self.node * len(firms) + self.firm  # node and firm in one number


owned_of = from_words("fields", "firms", "nodes")(Owned)


class Slices:
    """Each owner's part of each field, stacked: arrays over slices, and over slots last."""

    def __init__(self, chain: Chain) -> None:
        calendar, table, owned = calendar_of(chain), table_of(chain, "fields"), owned_of(chain)
        self.keys, self.at, field = owned.keys, owned.at, owned.field
        self.firm, self.node, self.row = owned.firm, owned.node, owned.row
        share = owned.share[:, None]
        columns = ("a", "b", "g", "royalty", "user_cost", "reserves", "capacity")
        self.a, b, self.g, royalty, user_cost, reserves, size = (
            table.numbers(name).take(field)[:, None] for name in columns
        )
        self.b, self.levy, self.reserves = b / share, royalty + user_cost, (reserves * share)[:, 0]
        self.limited = bool(np.isfinite(self.reserves).any())
        self.capacity = np.where(calendar.opened(table)[field], share * size, 0.0)
        self.available = np.ones(self.capacity.shape)
        for at, (_, name) in enumerate(self.keys if calendar.factors else ()):
            if ("fields", name) in calendar.factors:
                self.available[at] = calendar.available("fields", name)
        self.usable = self.capacity * self.available  # before anything is built
        self.open = bits_of(ever(self.usable > 0))
        self.bent = np.flatnonzero(self.g[:, 0] < 0)  # those with a Golombek cost
        self.searched = float(table.numbers("discovery_cost").sum())

    def name(self, number: int) -> str:
        """Words for what the owner of a slice does."""
        firm, field = self.keys[number]
        return f"{firm} lifting from {field}"

    def marginal_cost(self, quantity: Array, capacity: Array) -> Array:
        """a + b q + g ln(1 - q/K) with levies, of every slice in every slot."""
        cost: Array = self.a + self.b * quantity + self.levy
        if len(self.bent):
            size, lifted = capacity[self.bent], quantity[self.bent]
            left = 1 - lifted / np.where(size > 0, size, 1.0)
            steep = np.where(left > 0, -np.log(np.where(left > 0, left, 1.0)), STEEPEST)
            cost[self.bent] += np.where(size > 0, -self.g[self.bent] * steep, 0.0)
        return cost

    def saved(self, at: int, margin: Array) -> Array:
        """What a unit more of capacity saves where a unit lifted earns ``margin`` beyond a + b q.

        It is lifted up to the share u of capacity at which -|g| ln(1 - u) is the margin m, so that
        -dC/dK = -|g| [ ln(1 - u) + u ] = m - |g| (1 - exp(-m/|g|)), also where there is none yet.
        """
        g, margin = self.g[at], np.maximum(margin, 0.0)
        if g == 0:
            return np.zeros_like(margin)
        found: Array = margin - g * np.expm1(margin / g)
        return found

    def cost(self, quantity: Array, capacity: Array) -> Array:
        """The integral of marginal cost without levies (million USD a year)."""
        found: Array = quantity * (self.a + self.b * quantity / 2)
        if len(self.bent):
            size = capacity[self.bent]
            used = np.clip(quantity[self.bent] / np.where(size > 0, size, 1.0), 0.0, 1.0)
            left = 1 - used
            entropy = left * np.log(np.where(left > 0, left, 1.0)) + used
            found[self.bent] += -self.g[self.bent] * size * entropy
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
        opened, self.available = calendar.opened(table), np.ones(shape)
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


class Tables:
    """What a case reads of all tables but those of arcs and fields."""

    def __init__(self, chain: Chain) -> None:
        self.calendar, self.place = calendar_of(chain), place_of(chain)
        self.markets, self.deals = markets_of(chain), deals_of(chain)
        self.stores = stores_of(chain)


_tables_of = remembered("contracts", "storages", *MARKETS)(Tables)


class Stands:
    """Where what is said of each firm stands in the arrays of a case, and which of it is said.

    It is the same for points with the same labels. A row of an array is a place (node, market or
    storage) and a firm: ``value``, ``spot``, ``floor`` and so on number the rows of the labels of
    each sheet. ``known`` says by node and firm where there are values, ``somewhere`` where there
    are any; ``kept_known`` where gas in store has one. ``present`` are sellers by market and firm
    (``sellers`` by number, ``seller_row`` both in one): whoever has gas there and may sell, and
    whoever sells. ``barred`` are
    labels of sales that may not be, and when. ``arc`` and ``sender`` are those of flows, ``pair``
    is the number of the flow by arc and firm (-1: none); ``intruding`` are flows of firms without
    access.
    """

    def __init__(self, case: Case) -> None:
        point, place, arcs = case.point, case.place, case.arcs
        markets, stores, slots = case.markets, case.stores, case.calendar.length
        firms = place.firms

        def rows(sheet: Sheet, places: Mapping[str, int]) -> Array:
            # Labels name the firm first, rows have the place first.
            firm, at = sheet.labels.places(firms, places)
            return at * len(firms) + firm

        self.lifting, self.scarcity = (
            sheet.labels.whole(case.slices.at) for sheet in (point.lifting, point.scarcity)
        )
        self.value, self.stored = (
            rows(point.value, place.nodes),
            rows(point.stored_value, stores.at),
        )
        self.spot, self.floor = (
            rows(sheet, markets.at) for sheet in (point.spot, point.floor_price)
        )
        self.injection, self.withdrawal, self.level = (
            rows(sheet, stores.at) for sheet in (point.injection, point.withdrawal, point.level)
        )
        shape = len(place.nodes), len(firms), slots
        self.known = said(point.value, self.value, shape)
        self.somewhere = ever(self.known)
        kept = said(point.stored_value, self.stored, (len(stores.names), *shape[1:]))
        self.kept_known = ever(kept)
        self.present = self.somewhere[markets.node] & markets.entitled
        self.present.ravel()[self.spot[point.spot.there.any(axis=0)]] = True
        self.sellers = np.nonzero(self.present)
        self.seller_row = np.flatnonzero(self.present)
        self.seller, self.sold_in = point.spot.labels.places(firms, markets.at)
        self.in_market = (self.sold_in[:, None] * slots + np.arange(slots)).ravel()
        may = markets.entitled[self.sold_in, self.seller][:, None] & markets.alive[self.sold_in]
        self.barred = np.nonzero(~may)
        self.sender, self.arc = point.flow.labels.places(firms, arcs.at)
        self.pair = np.full((len(arcs.rows), len(firms)), -1)
        self.pair[self.arc, self.sender] = np.arange(len(self.arc))
        self.intruding = np.flatnonzero(~arcs.access[self.arc, self.sender])
        self.in_arc = (self.arc[:, None] * slots + np.arange(slots)).ravel()


def said(sheet: Sheet, rows: Array, shape: tuple[int, int, int]) -> Array:
    """Where a sheet says something: places x firms x slots."""
    found = np.zeros((shape[0] * shape[1], shape[2]), dtype=bool)
    found[rows, : len(sheet.there)] = sheet.there.T
    return found.reshape(shape)


_STANDS: Memory[Stands] = Memory()
LABELLED = (
    *("lifting", "scarcity", "value", "flow", "spot", "floor_price", "handed"),
    *("injection", "withdrawal", "level", "stored_value"),
)


class Flow:
    """What is sent, by pairs of an arc and a firm: ``quantity`` is pairs x slots."""

    def __init__(self, sheet: Sheet, stands: Stands, slots: int) -> None:
        self.firm, self.arc, self.stands = stands.sender, stands.arc, stands
        self.quantity = sheet.filled(slots).T
        self.by_arc = self._summed(self.quantity)

    def _summed(self, quantity: Array) -> Array:
        shape = len(self.stands.pair), self.quantity.shape[1]
        whole = np.bincount(self.stands.in_arc, quantity.ravel(), shape[0] * shape[1])
        return whole.astype(float).reshape(shape)  # of nothing, counts are whole

    def among(self, firms: Array) -> Array:
        """What some firms send, by arc and slot; ``firms`` says by arc which."""
        return self._summed(np.where(firms[self.arc, self.firm][:, None], self.quantity, 0.0))

    def of(self, arc: Array, firm: Array) -> Array:
        """What is sent by pairs of an arc and a firm."""
        number = self.stands.pair[arc, firm]
        if not len(self.quantity):
            return np.zeros((*np.shape(number), self.quantity.shape[1]))
        return np.where(number[..., None] >= 0, self.quantity[number], 0.0)


class Case:
    """A chain and a point side by side: what every check reads.

    Arrays of quantities and values run over places, firms and slots. What stands in the tables
    alone is shared with other cases: nothing here is to be changed but what the point says. Where
    the point tells no value, it is minus infinity.
    """

    def __init__(self, chain: Chain, point: Point) -> None:
        self.chain, self.point = chain, point
        tables = _tables_of(chain)
        self.calendar, self.place = tables.calendar, tables.place
        self.markets, self.stores = tables.markets, tables.stores
        self.deals = tables.deals.with_taken(point.taken)
        self.ahead, self.spot_ahead = self.deals.ahead, self.deals.at_spot
        self.arcs, self.slices = arcs_of(chain), slices_of(chain)
        self.stands = stands = self._stands()
        slots = self.calendar.length
        arcs, sold, kept = self.arcs.at, self.markets.at, self.stores.at

        def by_firm(sheet: Sheet, rows: Array, places: Sized, absent: float = 0.0) -> Array:
            shape = len(places), len(self.place.firms), slots
            found = np.full(shape, absent) if absent else np.zeros(shape)
            if sheet.numbers.size:
                found.reshape(-1, slots)[rows] = sheet.filled(slots, absent).T
            return found

        self.lifting = self._of_slices(point.lifting, stands.lifting)
        self.scarcity = self._of_slices(point.scarcity, stands.scarcity)
        self.value = by_firm(point.value, stands.value, self.place.nodes, absent=-np.inf)
        self.known, self.somewhere = stands.known, stands.somewhere
        self.flow = Flow(point.flow, stands, slots)
        self.rent = point.rent.spread(slots, arcs)
        self.outside_rent = point.third_party_rent.spread(slots, arcs)
        self.spot = by_firm(point.spot, stands.spot, sold)
        self.sold = self._sold()
        self.rationed = point.rationed.spread(slots, sold)
        self.floor = by_firm(point.floor_price, stands.floor, sold)
        self.injection = by_firm(point.injection, stands.injection, kept)
        self.withdrawal = by_firm(point.withdrawal, stands.withdrawal, kept)
        self.level = by_firm(point.level, stands.level, kept)
        self.kept_known = stands.kept_known
        self.stored_value = by_firm(point.stored_value, stands.stored, kept)
        self.injection_rent = point.injection_rent.spread(slots, kept)
        self.withdrawal_rent = point.withdrawal_rent.spread(slots, kept)
        self.room_rent = point.room_rent.spread(slots, kept)
        self.bookings = list(self._booked())

    def _stands(self) -> Stands:
        point = self.point
        held = (
            *(self.place, self.arcs.ways, self.markets.sellers, self.stores.kept, self.slices.at),
            *(getattr(point, name).labels for name in LABELLED),
        )
        bits = (bits_of(sheet.there) for sheet in (point.value, point.stored_value, point.spot))
        key = (*map(id, held), *bits, self.markets.sells, self.calendar.length)
        return _STANDS.get(key, held, lambda: Stands(self))

    def _of_slices(self, sheet: Sheet, rows: Array) -> Array:
        """Numbers by slice and slot."""
        found = np.zeros((len(self.slices.keys), self.calendar.length))
        if sheet.numbers.size:
            found[rows] = sheet.filled(self.calendar.length).T
        return found

    def _sold(self) -> Array:
        """What all sell together: markets x slots."""
        bcm = self.point.spot.filled(self.calendar.length).T
        shape = len(self.markets.names), self.calendar.length
        whole = np.bincount(self.stands.in_market, bcm.ravel(), shape[0] * shape[1])
        return whole.astype(float).reshape(shape)  # of nothing, counts are whole

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
        found: Array = (self.arcs.charge[:, None] + self.rent).take(arc, axis=0)
        if self.outside_rent.any():
            found = found + self.arcs.outsider[arc, firm][:, None] * self.outside_rent[arc]
        for at, booker, _, rent in self.bookings:
            found[(arc == at) & (firm == booker)] += rent - self.rent[at]
        return found
