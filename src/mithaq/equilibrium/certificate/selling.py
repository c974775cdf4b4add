"""Who believes what about the market, and whether anybody would sell one unit more or less."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.equilibrium.certificate.buying import at_the_cap, users_go_short
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings, ever
from mithaq.equilibrium.certificate.tables import MARKETS
from mithaq.equilibrium.columns import table_of
from mithaq.equilibrium.prepared import remembered
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Conjectures", "check_selling", "open_choices", "prices_and_margins"]

ACTIVE = 1e-6
TAKERS = mark("{market}: price-takers {firms} may split their sales otherwise")
MERGED = mark("{market}: {firms} sell as one and may split their sales otherwise")


class _Own:
    """By market and firm, from the tables: theta, and what a calibration adds to cost there."""

    def __init__(self, chain: Chain) -> None:
        firms, markets = table_of(chain, "firms"), table_of(chain, "markets")
        conduct, fringe = table_of(chain, "conduct"), firms.truths("fringe")
        seller, market = conduct.places("firm", firms), conduct.places("market", markets)
        # A fringe takes prices.
        default = np.where(fringe, 0.0, firms.numbers("conduct"))
        self.theta = np.tile(default, (len(markets), 1))
        self.adders = np.zeros(self.theta.shape)
        self.adders[market, seller] = conduct.numbers("adder")
        theta = conduct.numbers("theta")
        said = ~np.isnan(theta) & ~fringe[seller]
        self.theta[market[said], seller[said]] = theta[said]


_own = remembered(*MARKETS)(_Own)


class Conjectures:
    """How firms mind each other's sales in each market, straight from the tables.

    Row f of the conduct matrix of a market is: what f minds of its own sales on the diagonal, and
    beside it (1 - k) theta_f on the diagonal and k theta_S in all columns of a group S, theta_f v
    for a stake v, and weights as they stand.
    """

    def __init__(self, case: Case) -> None:
        chain = case.chain
        self.firms = case.place.firms
        own = _own(chain)
        self.own, self.adders = own.theta, own.adders
        self.markets = case.markets
        self.present, self.sellers = case.stands.present, case.stands.sellers
        self.stakes, self.weights = chain.rows("stakes"), chain.rows("weights")
        self._read_groups(chain)

    def _read_groups(self, chain: Chain) -> None:
        """The diagonal with groups, and a row for each member of a group in a market.

        ``block`` numbers groups and markets together, ``shared`` is k theta of the group there;
        ``merged`` says who sells as one with others (k = 1).
        """
        self.alone = self.own.copy()
        self.merged = np.zeros(self.own.shape, dtype=bool)
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for row in chain.rows("cooperation"):
            groups.setdefault(row["group"], []).append(row)
        none = np.zeros(0, dtype=np.intp)
        rows: list[tuple[Array, ...]] = [(none, none, none, np.zeros(0))]
        for number, group in enumerate(groups.values()):
            (at, member), strength, theta = (
                self._members(group),
                group[0]["strength"],
                group[0]["theta"],
            )
            self.alone[at, member] *= 1 - strength
            if strength == 1:
                self.merged[at, member] = True
            if math.isnan(theta):
                shared = strength * self._theta(chain, at, member)[at]
            else:
                shared = np.full(len(at), strength * theta)
            rows.append((number * len(self.own) + at, at, member, shared))
        self.block, self.at, self.member, self.shared = map(np.concatenate, zip(*rows, strict=True))

    def _members(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Array, Array]:
        """Market and firm of all who sell in a group; rows for a market beat those for all."""
        inside = np.zeros(len(self.firms), dtype=bool)
        inside[[self.firms[row["firm"]] for row in rows if not row["market"]]] = True
        special = [row for row in rows if row["market"]]
        if not special:
            at, firm = self.sellers
            chosen = inside[firm]
            return at[chosen], firm[chosen]
        here = np.zeros(self.own.shape, dtype=bool)
        for row in special:
            here[self.markets.at[row["market"]], self.firms[row["firm"]]] = True
        here = np.logical_and(here, self.present)
        own = np.asarray(here.any(axis=1))[:, None]
        at, firm = np.nonzero(np.where(own, here, inside & self.present))
        return at, firm

    def _theta(self, chain: Chain, at: Array, member: Array) -> Array:
        """Conduct of a group in each market: its members' mean, weighted by what they brought."""
        size, own, sold = len(self.own), self.own[at, member], _brought(chain)[at, member]
        whole = np.bincount(at, sold, size)
        weighted = np.bincount(at, sold * own, size) / np.where(whole > 0, whole, 1.0)
        count = np.maximum(np.bincount(at, minlength=size), 1)
        found: Array = np.where(whole > 0, weighted, np.bincount(at, own, size) / count)
        return found

    def minded(self, sold: Array) -> Array:
        """What each firm minds of what all sell: market x firm x slot, as ``sold``."""
        found: Array = self.alone[:, :, None] * sold
        if len(self.block):
            whole = np.zeros((int(self.block.max()) + 1, sold.shape[2]))
            np.add.at(whole, self.block, sold[self.at, self.member])
            found[self.at, self.member] += self.shared[:, None] * whole[self.block]
        for row in self.stakes:
            f, g = self.firms[row["holder"]], self.firms[row["firm"]]
            found[:, f] += self.own[:, f, None] * row["share"] * sold[:, g]
        for row in self.weights:
            where = self._where(row)
            found[where, self.firms[row["firm"]]] += (
                row["weight"] * sold[where, self.firms[row["other"]]]
            )
        return found

    def _where(self, row: Mapping[str, Any]) -> slice:
        """The markets that a row of weights speaks of."""
        if not row["market"]:
            return slice(None)
        at = self.markets.at[row["market"]]
        return slice(at, at + 1)

    def matrix(self, at: int, some: Sequence[int]) -> Array:
        """The conduct matrix of a market over some of the firms."""
        place = {firm: number for number, firm in enumerate(some)}
        found = np.diag(self.alone[at, list(some)])
        mine = np.flatnonzero(self.at == at)
        for block in np.unique(self.block[mine]).tolist():
            rows = mine[self.block[mine] == block]
            members = [place[f] for f in self.member[rows].tolist() if f in place]
            found[np.ix_(members, members)] += self.shared[rows[0]]
        for row in self.stakes:
            f, g = self.firms[row["holder"]], self.firms[row["firm"]]
            if f in place and g in place:
                found[place[f], place[g]] += self.own[at, f] * row["share"]
        for row in self.weights:
            f, g = self.firms[row["firm"]], self.firms[row["other"]]
            if row["market"] in ("", self.markets.rows[at]["name"]) and f in place and g in place:
                found[place[f], place[g]] += row["weight"]
        return found


@remembered("observed", "firms", "markets", "nodes")
def _brought(chain: Chain) -> Array:
    """What the home of each firm sent to the country of each market in the latest year told."""
    told = chain.rows("observed")
    latest = max((row["year"] for row in told), default=0)
    trade: dict[tuple[str, str], float] = defaultdict(float)
    for row in told:
        if row["year"] == latest:
            trade[row["exporter"], row["importer"]] += row["bcm"]
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    homes = [row["home"] for row in chain.rows("firms")]
    places = [country[row["node"]] for row in chain.rows("markets")]
    found = [[trade.get((home, place), 0.0) for home in homes] for place in places]
    return np.array(found, dtype=float).reshape(len(places), len(homes))


def prices_and_margins(case: Case, beliefs: Conjectures) -> tuple[Array, Array]:
    """Price by market and slot, and what a seller gets of it for one unit more: pairs x slots.

    That is the price less the fall that the seller minds; minus infinity where nobody buys. Pairs
    are ``markets.pairs``.
    """
    markets = case.markets
    # Where a price is capped, what is asked for at the cap exceeds what is delivered.
    price = markets.choke - markets.slope * (case.ahead + case.sold + case.rationed)
    minded = beliefs.minded(case.spot + case.spot_ahead)
    slope = markets.slope
    if case.point.rationed:
        # A unit more that serves users who are rationed at a cap does not lower the price.
        slope = np.where(users_go_short(case), 0.0, slope)
    at, pair = markets.pairs[0], markets.pair_row
    fall = slope.take(at, axis=0) * minded.reshape(-1, minded.shape[2]).take(pair, axis=0)
    margins = price.take(at, axis=0) - fall - beliefs.adders.take(pair)[:, None]
    return price, np.where(markets.alive.take(at, axis=0), margins, -np.inf)


def check_selling(
    case: Case, beliefs: Conjectures, price: Array, margins: Array, found: Findings
) -> None:
    """In each market and slot: price less the fall that a firm minds is what its gas is worth."""
    calendar, markets = case.calendar, case.markets
    firms, names = case.place.names, markets.names
    if not names:
        return

    slots, stands = calendar.length, case.stands
    barred, when = stands.barred
    found.note(
        "capacity",
        case.point.spot.filled(slots)[when, barred],
        lambda p: (
            f"{firms[stands.seller[barred[p]]]} may not sell in {names[stands.sold_in[barred[p]]]}"
        ),
    )

    (at, firm), pair, gas = markets.pairs, markets.pair_row, markets.pair_gas
    value = case.value.reshape(-1, slots).take(gas, axis=0)
    local = price.take(at, axis=0)
    can = markets.alive.take(at, axis=0) & np.isfinite(value)
    value, margins = np.where(can, value, 0.0), np.where(can, margins, 0.0)
    floor_price = case.floor.reshape(-1, slots).take(pair, axis=0)
    slack = np.where(can, value - margins - floor_price, 0.0)
    capped = at_the_cap(case, price)
    if capped.any():
        # There a unit more lowers the price, but a unit less would not raise it.
        below = value - local + beliefs.adders[at, firm, None] - floor_price
        below = np.where(can, np.maximum(below, 0.0), 0.0)
        slack = np.where(capped[at], np.minimum(slack, below), slack)
    found.pair(
        slack,
        case.spot.reshape(-1, slots).take(pair, axis=0),
        np.maximum(np.abs(value), np.abs(local)),
        lambda p, t: f"{firms[firm[p]]} selling in {names[at[p]]}{calendar.name(t)}",
    )

    if case.point.floor_price or case.chain.rows("floors"):
        _check_floors(case, found)


def _check_floors(case: Case, found: Findings) -> None:
    """Nobody sells less than a floor, whose price is 0 while it does not bind."""
    calendar, markets = case.calendar, case.markets

    def where(m: int, f: int, t: int) -> str:
        return f"floor of {case.place.names[f]} in {markets.names[m]}{calendar.name(t)}"

    floors = np.zeros(case.spot.shape)
    for row in case.chain.rows("floors"):
        number = markets.at[row["market"]]
        told = np.where(markets.alive[number], row["quantity"], 0.0)
        floors[number, case.place.firms[row["firm"]]] = told
    # A floor that is not there is never short, and its price is 0.
    there = floors > 0
    found.limit(np.where(there, case.spot - floors, 0.0), case.floor, floors, where)
    found.note("complementarity", np.where(there, 0.0, np.abs(case.floor)), where)


def open_choices(case: Case, beliefs: Conjectures) -> Iterator[Sentence]:
    """Sentences on splits that could be otherwise at the same prices and totals."""
    names = case.markets.names

    def told(text: str, market: int, some: Sequence[int]) -> Sentence:
        firms = tuple(case.place.names[firm] for firm in some)
        return Sentence(text, market=names[market], firms=firms)

    (at, firm), row = beliefs.sellers, case.stands.seller_row
    sold = ever(case.spot.reshape(-1, case.calendar.length).take(row, axis=0) > ACTIVE)
    # Whoever minds what it sells itself takes no price.
    minds = beliefs.alone != 0
    minds[beliefs.at, beliefs.member] |= beliefs.shared != 0
    takes = sold if beliefs.weights else sold & ~minds.take(row)
    free, merged = (
        _several(at[some], firm[some]) for some in (takes, sold & beliefs.merged.take(row))
    )
    for market in sorted(free | merged, key=names.__getitem__):
        takers = free.get(market, [])
        if takers and (beliefs.stakes or beliefs.weights):
            active = firm[sold & (at == market)].tolist()
            rows = zip(active, beliefs.matrix(market, active), strict=True)
            takers = [f for f, weights in rows if not weights.any()]
        if len(takers) > 1:
            yield told(TAKERS, market, takers)
        if market in merged:
            yield told(MERGED, market, merged[market])


def _several(markets: Array, firms: Array) -> dict[int, list[int]]:
    """The firms of each market, of markets with more than one."""
    found: dict[int, list[int]] = {}
    for at, firm in zip(markets.tolist(), firms.tolist(), strict=True):
        found.setdefault(at, []).append(firm)
    return {at: some for at, some in found.items() if len(some) > 1}
