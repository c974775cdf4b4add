"""What the concave program leaves out: buyers who nominate, and prices that are capped.

Columns are added to the conditions of a program: what a buyer takes beyond the take-or-pay floor,
what is rationed at a cap, and by how much the cap blunts the sellers' view of the price. With
P = alpha - beta (Q + r), r what is rationed:

    take    contract price - P >= 0     or gas at the most the contract allows
    ration  r >= 0  only where  P = cap, and only if selling more cannot lower the price:
            u (cap - P) = 0,  r (R - u) = 0,  0 <= u <= R  with  R = (alpha - cap) / beta

A seller's mark-up beta (L s) counts with the share 1 - u/R: in full below the cap, not at all while
users are rationed, and with any share between where the quantity is just what the cap calls for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.equilibrium.mixed import Mixed, Products
from mithaq.equilibrium.nominations import Choice
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.program import Program
from mithaq.equilibrium.slots import when_of
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Label", "missing", "read_choices", "with_choices"]

Vector = NDArray[np.float64]
SMALL = 1e-6  # bcm/yr
FAR_DEARER = 10.0  # times the highest price at which anybody would buy gas in the slot
Label = tuple[str, tuple[Any, ...]]
"""Kind of a column, and its key ending in the slot: "taken" (contract), "short" (seller, node),
"rationed" and "blunted" (market)."""


class _Terms:
    """Entries that are added to a problem, term by term."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.labels: list[Label] = []
        self.linear: list[float] = []
        self.most: list[float] = []  # upper bound; infinite: none
        self.slope: list[tuple[int, int, float]] = []
        self.products: list[tuple[int, int, int, float]] = []
        self.matrix: list[tuple[int, int, float]] = []
        self.felt: list[tuple[int, int, float]] = []

    def column(self, kind: str, key: tuple[Any, ...], linear: float, most: float) -> int:
        self.labels.append((kind, key))
        self.linear.append(linear)
        self.most.append(most)
        return self.width + len(self.labels) - 1


def with_choices(program: Program, base: Mixed) -> tuple[Mixed, list[Label]]:
    """The conditions with the columns added, and the labels of these in order.

    Columns and rows that the program has keep their places.
    """
    terms = _Terms(len(base.linear))
    net = program.network
    place = {key: index for index, key in enumerate(net.balances)}
    first = 0
    for number, name in enumerate(net.markets):
        size = len(program.conduct[name].sellers)
        for slot in range(net.calendar.count):
            if not math.isnan(net.beta[slot, number]):
                _Market(program, name, number, first, slot, place).add(terms)
        first += size
    _shortages(program, terms, place)
    return (_joined(base, terms), terms.labels) if terms.labels else (base, [])


class _Market:
    """One market in one slot: its curve, its sellers' columns, and what may be chosen in it."""

    def __init__(
        self,
        program: Program,
        name: str,
        number: int,
        first: int,
        slot: int,
        place: dict[tuple[str, str], int],
    ) -> None:
        net, columns = program.network, program.columns
        self.program, self.net, self.name, self.slot = program, net, name, slot
        conduct = program.conduct[name]
        mine = slice(first, first + len(conduct.sellers))
        at = columns.place[columns.of("spot")[slot, mine]]
        there = np.flatnonzero(at >= 0)
        self.sellers = [conduct.sellers[index] for index in there]
        self.sales = at[there].tolist()
        self.conduct = conduct.matrix[np.ix_(there, there)]
        # All of the row: a seller of contract gas at the market's price need not sell spot.
        self.minded = (conduct.matrix @ net.ahead[slot, mine])[there]
        self.all_sellers, self.views = conduct.sellers, conduct.matrix[there]
        self.weight = float(net.calendar.weight[slot])
        self.alpha, self.beta = float(net.alpha[slot, number]), float(net.beta[slot, number])
        self.fixed = float(net.fixed[slot, number])
        self.cap = float(net.caps[number])
        self.place = place

    def add(self, terms: _Terms) -> None:
        """Columns of the market: what is taken, what is rationed, and their part in F."""
        taken = [choice for choice in self.net.choices if self._offers(choice)]
        capped = self.cap < self.alpha
        if not taken and not capped:
            return
        w, beta = self.weight, self.beta
        choke = self.alpha - beta * self.fixed
        volume = list(self.sales)  # columns that add to what the market gets or asks for
        places: list[tuple[Choice, int]] = []
        for choice in taken:
            # The buyer pays what is agreed; the gas is worth the market's price, or its own value.
            price = 1.0 if choice.spot else 0.0
            worth = 0.0 if choice.buyer else 1.0
            linear = choice.price + (price - worth) * choke
            most = float(choice.most[self.slot])
            place = terms.column("taken", (choice.name, self.slot), w * linear, most)
            places.append((choice, place))
            self._move(terms, choice, place)
            if not choice.buyer:
                volume.append(place)
        blunt = -1
        if capped:
            room = (self.alpha - self.cap) / beta
            ration = terms.column("rationed", (self.name, self.slot), w * beta * room, math.inf)
            blunt = terms.column(
                "blunted", (self.name, self.slot), w * (self.cap - choke), math.inf
            )
            volume.append(ration)
            terms.slope.append((ration, blunt, -w * beta))
            terms.slope.extend((blunt, other, w * beta) for other in volume)
        added = [column for column in volume if column >= terms.width]
        for sale in self.sales:
            terms.slope.extend((sale, other, w * beta) for other in added)
        for choice, place in places:
            steep = (0.0 if choice.buyer else 1.0) - (1.0 if choice.spot else 0.0)
            if steep:
                terms.slope.extend((place, other, steep * w * beta) for other in volume)
        self._minds(terms, places, blunt)

    def _offers(self, choice: Choice) -> bool:
        """Whether the buyer has a choice here and now, and the seller's gas can be there."""
        if choice.market != self.name or not choice.most[self.slot] > 0:
            return False
        rows = [self._row(choice.seller, choice.node)]
        if choice.buyer:
            rows.append(self._row(choice.buyer, choice.node))
        return all(row >= 0 for row in rows)

    def _row(self, firm: str, node: str) -> int:
        """Row of the balance of a firm at a node in this slot; -1 where there is none."""
        family = self.program.families["balance"]
        at = self.place.get((firm, node))
        if at is None:
            return -1
        full = self.slot * len(self.net.balances) + at
        return int(family.row(np.array([full]))[0]) if family.alive[full] else -1

    def _move(self, terms: _Terms, choice: Choice, place: int) -> None:
        """Gas leaves the seller, who has no say in how much, and may reach a buyer, who has."""
        terms.matrix.append((self._row(choice.seller, choice.node), place, -1.0))
        if choice.buyer:
            entry = self._row(choice.buyer, choice.node), place, 1.0
            terms.matrix.append(entry)
            terms.felt.append(entry)

    def _minds(self, terms: _Terms, places: list[tuple[Choice, int]], blunt: int) -> None:
        """Mark-ups on contract gas at the market's price, and how a cap blunts all mark-ups."""
        w, beta = self.weight, self.beta
        spot = [
            (place, self.views[:, self.all_sellers.index(choice.seller)])
            for choice, place in places
            if choice.spot and not choice.buyer and choice.seller in self.all_sellers
        ]
        for row, sale in enumerate(self.sales):
            for place, view in spot:
                terms.slope.append((sale, place, w * beta * float(view[row])))
            if blunt < 0:
                continue
            share = w * beta / ((self.alpha - self.cap) / beta)
            terms.slope.append((sale, blunt, -share * float(self.minded[row])))
            pairs = [*zip(self.sales, self.conduct[row].tolist(), strict=True)]
            pairs += [(place, float(view[row])) for place, view in spot]
            terms.products.extend(
                (sale, blunt, other, -share * value) for other, value in pairs if value
            )


def _shortages(program: Program, terms: _Terms, place: dict[tuple[str, str], int]) -> None:
    """Gas far dearer than any, where a seller cannot bring what buyers take: its use is told."""
    net = program.network
    node = {choice.name: (choice.seller, choice.node) for choice in net.choices}
    rows: dict[tuple[str, str, int], None] = {}
    for kind, (name, slot) in terms.labels:
        if kind == "taken":
            rows[*node[name], slot] = None
    dearest = FAR_DEARER * float(np.nanmax(net.alpha, initial=0.0))
    for seller, where, slot in rows:
        worth = dearest * float(net.calendar.weight[slot])
        column = terms.column("short", (seller, where, slot), worth, math.inf)
        full = np.array([slot * len(net.balances) + place[seller, where]])
        entry = int(program.families["balance"].row(full)[0]), column, 1.0
        terms.matrix.append(entry)
        terms.felt.append(entry)


def _joined(base: Mixed, terms: _Terms) -> Mixed:
    """The problem with the columns, their signs and their upper bounds."""
    old, added = len(base.linear), len(terms.labels)
    width, height = old + added, base.matrix.shape[0]
    signs = [(height + index, old + index, -1.0) for index in range(added)]
    above = [index for index, most in enumerate(terms.most) if math.isfinite(most)]
    upper = [(height + added + row, old + index, 1.0) for row, index in enumerate(above)]
    rows = height + added + len(above)
    bound = np.concatenate(
        [base.bound, np.zeros(added), np.array([terms.most[index] for index in above])]
    )
    products = np.array(terms.products, dtype=float).reshape(-1, 4)
    at, one, other = (products[:, index].astype(np.intp) for index in range(3))
    p = base.products
    return Mixed(
        _grown(base.slope, terms.slope, (width, width)),
        np.concatenate([base.linear, terms.linear]),
        _grown(base.matrix, [*terms.matrix, *signs, *upper], (rows, width)),
        _grown(base.felt, [*terms.felt, *signs, *upper], (rows, width)),
        bound,
        base.equalities,
        base.logarithms,
        Products(
            np.concatenate([p.at, at]),
            np.concatenate([p.one, one]),
            np.concatenate([p.other, other]),
            np.concatenate([p.factor, products[:, 3]]),
        ),
        base.entropies,
    )


def _grown(
    matrix: sp.csr_matrix, entries: list[tuple[int, int, float]], shape: tuple[int, int]
) -> sp.csr_matrix:
    """A matrix of a larger shape with entries added."""
    old = matrix.tocoo()
    more = np.array(entries, dtype=float).reshape(-1, 3)
    rows = np.concatenate([old.row, more[:, 0].astype(np.intp)])
    columns = np.concatenate([old.col, more[:, 1].astype(np.intp)])
    return sp.csr_matrix((np.concatenate([old.data, more[:, 2]]), (rows, columns)), shape=shape)


def read_choices(program: Program, added: Mapping[Label, float], point: Point) -> None:
    """Write into a point what is taken in all and what is rationed."""
    net = program.network
    for choice in net.choices:
        for slot, floor in enumerate(choice.floor.tolist()):
            point.taken[choice.name, slot] = floor
    for (kind, key), quantity in added.items():
        if kind == "taken":
            point.taken[key] += max(quantity, 0.0)
        elif kind == "rationed":
            point.rationed[key] = max(quantity, 0.0)


def missing(program: Program, added: Mapping[Label, float]) -> tuple[Sentence, ...]:
    """Sentences on what buyers would take and their sellers cannot bring."""
    calendar, choices = program.network.calendar, program.network.choices
    sentences = []
    for (kind, key), quantity in added.items():
        if kind == "short" and quantity > SMALL:
            seller, node, slot = key
            names = tuple(c.name for c in choices if (c.seller, c.node) == (seller, node))
            text = mark(
                "{seller} cannot bring what buyers would take under {contracts} at {node}: "
                "{bcm} bcm/yr are missing"
            )
            what = Sentence(text, seller=seller, contracts=names, node=node, bcm=quantity)
            sentences.append(when_of(what, calendar.slots, [slot]))
    return tuple(sentences)
