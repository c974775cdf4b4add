"""How sellers behave: the conduct matrix L of each market, and whether it can be solved.

A seller f prices its spot sale in market m where P - beta sum_g L_fg s_g equals the value of its
gas. L_ff = theta_f is the conjectural variation (0 price-taker, 1 Cournot); off the diagonal stand
cooperation, silent stakes and any further weight that a firm puts on another firm's margin.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.columns import Words, countries, table_of
from mithaq.equilibrium.prepared import Memory, remembered
from mithaq.errors import ModelError
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["CONDUCT", "Conduct", "Markets", "conduct_matrices"]

Matrix = NDArray[np.float64]
ROUNDING = 1e-9


@dataclass(frozen=True)
class Conduct:
    """Conduct matrix of one market over its sellers, in the order of ``sellers``."""

    market: str
    sellers: tuple[str, ...]
    matrix: Matrix
    plain: bool = False
    """Known to be symmetric and positive semidefinite: conduct of sellers alone and in groups."""

    @cached_property
    def symmetric(self) -> Matrix:
        """(L + L')/2: what decides whether the conditions are monotone."""
        return self.matrix if self.plain else (self.matrix + self.matrix.T) / 2

    @cached_property
    def triangle(self) -> Matrix:
        """Entries of the upper triangle of 11' + (L + L')/2, row by row."""
        entries: Matrix = (1.0 + self.symmetric)[_upper(len(self.sellers))]
        return entries

    @cached_property
    def uneven(self) -> tuple[tuple[str, str], ...]:
        """Pairs of sellers of which one weighs the other otherwise than it is weighed."""
        if self.plain:
            return ()
        skew = np.argwhere(np.abs(np.triu(self.matrix - self.matrix.T)) > ROUNDING)
        return tuple((self.sellers[one], self.sellers[other]) for one, other in skew)

    @cached_property
    def smallest_eigenvalue(self) -> float:
        """Of 11' + (L + L')/2; where it is not negative, the market's conditions are monotone.

        Zero, a lower bound, where conduct is plain.
        """
        if self.plain:
            return 0.0
        whole = self.symmetric + 1.0
        return float(np.linalg.eigvalsh(whole)[0]) if len(self.sellers) else 0.0

    @property
    def tied(self) -> tuple[str, ...]:
        """Sellers that mind, or are minded by, another seller's margin."""
        others = np.abs(self.symmetric - np.diag(np.diag(self.matrix))).sum(axis=1)
        return tuple(f for f, weight in zip(self.sellers, others, strict=True) if weight > 0)


@functools.cache
def _upper(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the upper triangle of a matrix of this size."""
    return np.triu_indices(size)


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    members: tuple[str, ...]
    strength: float
    theta: float


class Markets(Mapping[str, Conduct]):
    """Conduct of every market; a market's matrix is made when it is asked for.

    ``triangles`` are those of all markets, one after another. ``plain``: as of each of them.
    """

    def __init__(
        self, names: Sequence[str], made: Callable[[str], Conduct], known: Matrix | None = None
    ) -> None:
        self._made: dict[str, Conduct | None] = dict.fromkeys(names)
        self._make = made
        self._known = known
        self.plain = known is not None or all(conduct.plain for conduct in self.values())

    def __getitem__(self, name: str) -> Conduct:
        found = self._made[name]
        if found is None:
            found = self._made[name] = self._make(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    @cached_property
    def triangles(self) -> Matrix:
        if self._known is not None:
            return self._known
        found: Matrix = np.concatenate([np.zeros(0), *(c.triangle for c in self.values())])
        return found


def conduct_matrices(chain: Chain, sellers: dict[str, tuple[str, ...]]) -> Markets:
    """L of each market over ``sellers`` (market → firms that can sell there).

    L may be asymmetric (``Conduct.uneven``): such conduct has no potential, but an equilibrium.

    The group form L_SS = (1 - k) diag(theta) + k theta_S 11' is a merged seller at k = 1; a stake v
    of f in g adds v theta_f to L_fg (Reynolds and Snapp 1986, for Cournot sellers).
    """
    behaviour, groups = _behaviour(chain), chain.rows("cooperation")
    return Markets(
        tuple(sellers),
        lambda market: behaviour.conduct(market, sellers[market], groups),
        behaviour.triangles(sellers, groups),
    )


CONDUCT = ("firms", "conduct", "stakes", "weights", "observed", "nodes", "markets")


@remembered(*CONDUCT)
def _behaviour(chain: Chain) -> _Behaviour:
    return _Behaviour(chain)


class _Behaviour:
    """The tables of conduct but for groups: ``theta`` is by market and firm."""

    def __init__(self, chain: Chain) -> None:
        firms, markets = table_of(chain, "firms"), table_of(chain, "markets")
        conduct, fringe = table_of(chain, "conduct"), firms.truths("fringe")
        self.firms, self.markets, self.chain = firms.words, markets.words, chain
        told = conduct.numbers("theta")
        seller, market = conduct.places("firm", firms), conduct.places("market", markets)
        said = ~np.isnan(told) & ~fringe[seller]
        self.theta = np.tile(np.where(fringe, 0.0, firms.numbers("conduct")), (len(markets), 1))
        self.theta[market[said], seller[said]] = told[said]
        self.stakes, self.weights = chain.rows("stakes"), chain.rows("weights")
        self._seen: Memory[_Seen] = Memory()
        self.known: dict[tuple[str, tuple[str, ...]], Conduct] = {}

    @cached_property
    def brought(self) -> Matrix:
        """What the home of each firm sent to the country of each market, as ``theta``."""
        trade, nodes = _latest_trade(self.chain), table_of(self.chain, "nodes").words
        land = countries(nodes)
        lands = [land[at] for at in self.markets.places("node", nodes).tolist()]
        homes = self.firms.texts("home")
        found = [[trade.get((home, land), 0.0) for home in homes] for land in lands]
        return np.array(found, dtype=float).reshape(self.theta.shape)

    def conduct(
        self, market: str, firms: tuple[str, ...], cooperation: Sequence[Mapping[str, Any]]
    ) -> Conduct:
        """Conduct in a market of these sellers; that without groups is worked out once."""
        key = market, firms
        if key not in self.known:
            self.known[key] = self._made(market, firms, [])
        groups = self.groups(market, firms, cooperation) if cooperation else []
        return self._made(market, firms, groups) if groups else self.known[key]

    def triangles(
        self, sellers: dict[str, tuple[str, ...]], cooperation: Sequence[Mapping[str, Any]]
    ) -> Matrix | None:
        """Triangles of all markets in one pass; None where conduct is not so simple.

        Simple are groups that are the same everywhere, and no stakes or weights.
        """
        group: dict[str, tuple[int, float]] = {}
        names: dict[str, int] = {}
        for row in cooperation:
            number = names.setdefault(row["group"], len(names))
            if row["market"] or not math.isnan(row["theta"]) or row["firm"] in group:
                return None
            group[row["firm"]] = number, row["strength"]
        strengths = dict(group.values())
        if self.stakes or self.weights or not all(0 <= k <= 1 for k in strengths.values()):
            return None
        seen = self._seen.get(id(sellers), sellers, lambda: _Seen(self, sellers))
        if not seen.plain:
            return None
        return seen.triangles({firm: number for firm, (number, _) in group.items()}, strengths)

    def at(self, market: str, firms: Sequence[str]) -> tuple[int, list[int]]:
        """Places of firms in a market among the numbers here."""
        return self.markets.at[market], [self.firms.at[firm] for firm in firms]

    def _made(self, market: str, firms: tuple[str, ...], groups: Sequence[Group]) -> Conduct:
        place = {firm: index for index, firm in enumerate(firms)}
        if groups and not (self.stakes or self.weights):
            matrix = self.known[market, firms].matrix.copy()
            theta = matrix.diagonal().copy()
        else:
            theta = self.theta[self.at(market, firms)]
            matrix = np.diag(theta)
        for group in groups:
            inside = np.array([place[firm] for firm in group.members])
            block = np.full((len(inside), len(inside)), group.strength * group.theta)
            block[np.diag_indices_from(block)] += (1 - group.strength) * theta[inside]
            matrix[np.ix_(inside, inside)] = block
        if not (self.stakes or self.weights):
            plain = all(g.theta >= 0 and 0 <= g.strength <= 1 for g in groups)
            return Conduct(market, firms, matrix, plain and bool((theta >= 0).all()))
        for row in self.stakes:
            if row["holder"] in place and row["firm"] in place:
                holder = place[row["holder"]]
                matrix[holder, place[row["firm"]]] += row["share"] * theta[holder]
        for row in self.weights:
            if row["market"] in ("", market) and row["firm"] in place and row["other"] in place:
                matrix[place[row["firm"]], place[row["other"]]] += row["weight"]
        return Conduct(market, firms, matrix)

    def groups(
        self, market: str, firms: tuple[str, ...], cooperation: Sequence[Mapping[str, Any]]
    ) -> list[Group]:
        """Groups that sell in the market, be it one member; its own rows beat those for all."""
        rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        here = set(firms)
        for row in cooperation:
            if row["market"] in ("", market) and row["firm"] in here:
                rows[row["group"]].append(row)
        groups = []
        for name, members in rows.items():
            special = [row for row in members if row["market"]] or members
            names = tuple(row["firm"] for row in special)
            if names:
                theta = self._group_theta(special, names, market)
                groups.append(Group(name, names, special[0]["strength"], theta))
        taken: dict[str, str] = {}
        for group in groups:
            for firm in group.members:
                if firm in taken:
                    text = mark(
                        "{firm} cooperates in {market} in the groups {groups}; groups must be "
                        "disjoint"
                    )
                    both = taken[firm], group.name
                    raise ModelError(Sentence(text, firm=firm, market=market, groups=both))
                taken[firm] = group.name
        return groups

    def _group_theta(
        self, rows: Sequence[Mapping[str, Any]], members: tuple[str, ...], market: str
    ) -> float:
        if not math.isnan(rows[0]["theta"]):
            return float(rows[0]["theta"])
        place = self.at(market, members)
        own, seen = self.theta[place].tolist(), self.brought[place].tolist()
        whole = sum(seen)
        weighted = sum(theta * bcm for theta, bcm in zip(own, seen, strict=True))
        return float(weighted / whole if whole > 0 else sum(own) / len(own))


class _Pairs:
    """Sellers in their markets, market by market: numbers of ``firm`` and ``row`` of the market.

    ``market`` counts only those of the sellers. ``one`` and ``other`` are the two sellers of each
    entry of the markets' triangles, ``alone`` the entries on their diagonals.
    """

    def __init__(self, sellers: dict[str, tuple[str, ...]], firms: Words, markets: Words) -> None:
        count = [len(some) for some in sellers.values()]
        named = [firms.at[firm] for some in sellers.values() for firm in some]
        self.firm = np.array(named, dtype=np.intp)
        self.market = np.repeat(np.arange(len(count)), count)
        rows = np.array([markets.at[market] for market in sellers], dtype=np.intp)
        self.row = rows[self.market]
        starts = np.cumsum([0, *count]).tolist()
        upper = [_upper(size) for size in count]
        none = np.zeros(0, dtype=np.intp)
        self.one, self.other = (
            np.concatenate([none, *(up[side] + at for up, at in zip(upper, starts, strict=False))])
            for side in (0, 1)
        )
        self.same = self.one == self.other
        self.alone = np.flatnonzero(self.same)


_PAIRS: Memory[_Pairs] = Memory()


class _Seen:
    """Conduct of all sellers of all markets in arrays, market by market."""

    def __init__(self, behaviour: _Behaviour, sellers: dict[str, tuple[str, ...]]) -> None:
        words = behaviour.firms, behaviour.markets
        self.pairs = pairs = _PAIRS.get(
            (id(sellers), *words), sellers, lambda: _Pairs(sellers, *words)
        )
        self.behaviour, self.firms = behaviour, behaviour.firms.at
        self.theta = behaviour.theta[pairs.row, pairs.firm]
        self.plain = bool((self.theta >= 0).all())
        self.alone = np.ones(len(pairs.one))
        self.alone[pairs.alone] += self.theta

    def triangles(self, group: Mapping[str, int], strengths: Mapping[int, float]) -> Matrix:
        """Triangles where these firms sell in groups of these strengths."""
        if not group:
            return self.alone
        number = np.full(len(self.firms), -1)
        for firm, at in group.items():
            if firm in self.firms:
                number[self.firms[firm]] = at
        pairs = self.pairs
        mine = number.take(pairs.firm)
        first = mine.take(pairs.one)
        inside = np.flatnonzero((first >= 0) & (first == mine.take(pairs.other)))
        one, joined = pairs.one.take(inside), np.flatnonzero(mine >= 0)
        place = pairs.market * len(strengths) + mine
        at = place.take(joined)

        def summed(numbers: Matrix) -> Matrix:
            return np.bincount(at, numbers).astype(float)

        own, bcm = self.theta.take(joined), self.brought.take(joined)
        whole, count = summed(bcm), np.bincount(at)
        weighted = summed(own * bcm) / np.where(whole > 0, whole, 1.0)
        mean = summed(own) / np.maximum(count, 1)
        theta = np.where(whole > 0, weighted, mean)
        k = np.array([strengths[at] for at in range(len(strengths))]).take(mine.take(one))
        alone = np.where(pairs.same.take(inside), (1 - k) * self.theta.take(one), 0.0)
        found = self.alone.copy()
        found[inside] = 1.0 + (k * theta.take(place.take(one)) + alone)
        return found

    @cached_property
    def brought(self) -> Matrix:
        """What the home of each seller sent to the country of its market."""
        found: Matrix = self.behaviour.brought[self.pairs.row, self.pairs.firm]
        return found


def _latest_trade(chain: Chain) -> dict[tuple[str, str], float]:
    """Observed trade of the latest year that the chain carries, exporter and importer."""
    rows = chain.rows("observed")
    year = max((row["year"] for row in rows), default=0)
    trade: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        if row["year"] == year:
            trade[row["exporter"], row["importer"]] += row["bcm"]
    return trade
