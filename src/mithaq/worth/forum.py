"""The exporters' forum as a game: which group would hold together, and who pays for it.

In every coalition S of the members its firms sell as one group of some strength; all others play
on alone (the gamma convention, Chander & Tulkens 1997). Stability is that of d'Aspremont et al.
(1983): a leaver faces S without it, intact. With transfers a coalition holds where its total covers
what each member would earn as a leaver (Carraro, Eyckmans & Finus 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mithaq.chain import Chain, Cooperate, Edit, Floor
from mithaq.equilibrium import Equilibrium, Start, solve
from mithaq.equilibrium.network import network
from mithaq.errors import DataError, ModelError, Problem
from mithaq.games import members as players_of
from mithaq.games import players
from mithaq.record import Record
from mithaq.words.text import language
from mithaq.worth.batch import Progress, Where, batch
from mithaq.worth.batch.places import for_equilibria
from mithaq.worth.pilots import start_for
from mithaq.worth.plan import least_sales, opened

__all__ = [
    "Coalition",
    "Forum",
    "Stability",
    "chain_name",
    "firms_of",
    "forum_of",
    "forum",
    "members_named",
    "stability",
]

Array = NDArray[np.float64]
GROUP = "forum"
FOUNDING = "founding_of_forum"
#: Loss below which a member is taken to be as well off, as a share of the largest profit.
EVEN = 1e-7
MOST = 16
BUYERS = "consumers in "
PROFIT, PRICE, MEMBER, LEAVER = "profit of ", "price in ", "gain of ", "leaving of "


@dataclass(frozen=True, slots=True)
class Stability:
    """Whether coalitions hold, each array indexed by the coalition's bits.

    ``internal``: no member gains by leaving; ``external``: no outsider gains by joining;
    ``potential``: what the members earn together covers what each would earn as a leaver, so that
    transfers can hold it; ``sealed``: no coalition of one member more could be held so.
    """

    internal: NDArray[np.bool_]
    external: NDArray[np.bool_]
    potential: NDArray[np.bool_]
    sealed: NDArray[np.bool_]


def stability(profits: ArrayLike) -> Stability:
    """Return which coalitions hold. ``profits``: shape (2^n, n), of every player, in or out.

    Raises :class:`ModelError` where the shape is another or a profit is not finite.

    >>> alone, pair = [4.0, 4.0], [4.5, 4.5]  # two who do better together
    >>> bool(stability([alone, alone, alone, pair]).internal[3])
    True
    """
    array = np.asarray(profits, dtype=float)
    n = players(array)
    if array.shape != (1 << n, n):
        raise ModelError(f"profits of shape {array.shape}; one is wanted for each player")
    even = EVEN * float(np.abs(array).max(initial=0.0))
    bits = np.arange(1 << n)
    inside = (bits[:, None] >> np.arange(n) & 1).astype(bool)
    moved = bits[:, None] ^ (1 << np.arange(n))  # the coalition after one player has moved
    after = np.take_along_axis(array, moved, axis=0)
    tempted = after > array + even
    needed = np.where(inside, after, 0.0).sum(axis=1)
    earned = np.where(inside, array, 0.0).sum(axis=1)
    potential = earned >= needed - even
    larger = potential[moved] & ~inside
    return Stability(
        internal=~(tempted & inside).any(axis=1),
        external=~(tempted & ~inside).any(axis=1),
        potential=potential,
        sealed=~larger.any(axis=1),
    )


@dataclass(frozen=True, slots=True)
class Coalition:
    """One coalition; money in million USD a year, prices in per cent of those without a forum.

    ``profit`` is what its members earn together, ``gain`` that less what they earn alone,
    ``gains`` each member's own. ``internally_stable``: no member gains by leaving,
    ``externally_stable``: no outsider gains by joining; at strength 1, where the members' own
    profits are not unique, transfers can hold it, and could hold none of one member more.
    ``held_by_transfers`` tells the first of these at any strength. ``outsiders`` and ``consumers``:
    their gains.
    """

    members: tuple[str, ...]
    profit: float
    gain: float
    gains: Mapping[str, float]
    internally_stable: bool
    externally_stable: bool
    held_by_transfers: bool
    stable: bool
    price_effect: Mapping[str, float]
    outsiders: float
    consumers: float

    def to_dict(self) -> dict[str, Any]:
        """The coalition as plain values."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "members": list(self.members)}


@dataclass(frozen=True)
class Forum:
    """Every coalition of at least two members, the largest first, and the largest that is stable.

    A coalition is ``stable`` where it is so internally and externally.
    """

    members: tuple[str, ...]
    firms: Mapping[str, tuple[str, ...]]
    strength: float
    floors: bool
    entry: bool
    coalitions: tuple[Coalition, ...]
    alone: Mapping[str, float]
    equilibria: int
    max_violation: float
    chain: str

    @property
    def largest_stable(self) -> tuple[str, ...]:
        """The members of the largest stable coalition; of equal ones that of the largest gain."""
        stable = [c for c in self.coalitions if c.stable]
        best = max(stable, key=lambda c: (len(c.members), c.gain), default=None)
        return best.members if best else ()

    def of(self, *members: str) -> Coalition:
        """The coalition of exactly those members. Raises KeyError where it is none of them."""
        for found in self.coalitions:
            if set(found.members) == set(members):
                return found
        raise KeyError(members)

    def to_dict(self) -> dict[str, Any]:
        """The forum as plain values: the keys of ``mithaq forum --json``."""
        return {
            "members": list(self.members),
            "firms": {name: list(firms) for name, firms in self.firms.items()},
            "strength": self.strength,
            "floors": self.floors,
            "entry": self.entry,
            "alone": dict(self.alone),
            "coalitions": [coalition.to_dict() for coalition in self.coalitions],
            "largest_stable": list(self.largest_stable),
            "equilibria": self.equilibria,
            "max_violation": self.max_violation,
            "chain": self.chain,
        }


@dataclass(frozen=True, slots=True)
class Reached:
    """What is kept of an equilibrium: profits of members and of other firms, consumers, prices."""

    profits: Array
    others: float
    consumers: float
    prices: Mapping[str, float]
    violation: float

    def row(self, members: Sequence[str]) -> dict[str, float]:
        """The equilibrium as a row that a store can keep."""
        row = {"others": self.others, "consumers": self.consumers, "violation": self.violation}
        row |= {f"{PROFIT}{m}": float(x) for m, x in zip(members, self.profits, strict=True)}
        return row | {f"{PRICE}{node}": float(x) for node, x in self.prices.items()}

    @classmethod
    def of(cls, row: Mapping[str, float], members: Sequence[str]) -> Reached:
        """The equilibrium of a row."""
        profits = np.array([row[f"{PROFIT}{name}"] for name in members])
        told = {n.removeprefix(PRICE): x for n, x in row.items() if n.startswith(PRICE)}
        prices = dict(sorted(told.items()))
        return cls(profits, row["others"], row["consumers"], prices, row["violation"])

    def change(self, alone: Reached) -> dict[str, float]:
        """By how many per cent each price is above that without a forum."""
        before = np.array([alone.prices[node] for node in self.prices])
        with np.errstate(divide="ignore", invalid="ignore"):  # where gas was worth nothing
            change = 100 * (np.array(list(self.prices.values())) / before - 1)
        return dict(zip(self.prices, change.tolist(), strict=True))


def forum(
    chain: Chain,
    members: Sequence[str],
    *,
    strength: float = 1.0,
    floors: bool = False,
    entry: bool = False,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Forum:
    """Return what every coalition of ``members`` would earn, and which would hold.

    A member is a firm, or a country that stands for all its firms that are no fringe. A coalition
    sells as one group of ``strength`` k in (0, 1] in every market; with ``floors`` its firms keep
    three quarters of what they sell to each market where there is no forum, with ``entry`` every
    seller may sell in markets from which the data keep it. ``on="processes"`` spreads the
    equilibria over cores. With ``store`` coalitions are kept in that folder as :func:`batch` does.

    Raises DataError for members that the chain does not have or a store that was begun for
    something else, ModelError for fewer than two or
    more than sixteen, BatchError where an equilibrium was not certified.

    >>> import pandas as pd
    >>> from mithaq import Chain
    >>> chain = Chain.from_tables({
    ...     "nodes": pd.DataFrame({"name": ["Hub"]}),
    ...     "firms": pd.DataFrame({"name": ["A", "B", "C"]}),
    ...     "fields": pd.DataFrame({"name": ["a", "b", "c"], "node": "Hub",
    ...                             "owners": ["A", "B", "C"], "capacity": 1000, "a": 20}),
    ...     "markets": pd.DataFrame({"name": ["Hub"], "node": ["Hub"], "reference_quantity": [50],
    ...                              "reference_price": [50], "elasticity": [-1]}),
    ... })
    >>> found = forum(chain, ["A", "B", "C"])  # two of three lose, as Salant et al. (1983) say
    >>> round(found.of("A", "B").gain, 1), round(found.of("A", "B", "C").gain, 1)
    (-88.9, 400.0)
    """
    firms = forum_of(chain, members, strength)
    chain = opened(chain) if entry else chain
    base = solve(chain)
    kept = least_sales(base, [f for own in firms.values() for f in own]) if floors else {}
    meeting = Meeting.of(chain, firms, whole=floors)
    same = meeting.alike(range(1 << len(firms)))
    items = {str(bits): meeting.met(bits) for bits in dict.fromkeys(same.values())}
    near = start_for(base, [_together(group, strength, kept) for group in items.values()])
    shared = (chain, firms, strength, kept, near)
    on = for_equilibria(on, len(items))
    found = batch(
        _reach, items, shared=shared, on=on, workers=workers, progress=progress, store=store
    ).checked()
    solved = {int(key): Reached.of(row, list(firms)) for key, row in found.items()}
    told = {bits: solved[place] for bits, place in same.items()}
    return told_of(chain, firms, strength, (floors, entry), told, len(solved))


def reach(
    chain: Chain,
    firms: Mapping[str, tuple[str, ...]],
    strength: float,
    *,
    floors: bool,
    wanted: Sequence[int],
) -> tuple[dict[int, Reached], int]:
    """What the ``wanted`` coalitions reach, by their bits, and in how many equilibria."""
    base = solve(chain)
    kept = least_sales(base, [f for own in firms.values() for f in own]) if floors else {}
    meeting = Meeting.of(chain, firms, whole=floors)
    same = meeting.alike(wanted)
    groups = {bits: meeting.met(bits) for bits in dict.fromkeys(same.values())}
    near = start_for(base, [_together(group, strength, kept) for group in groups.values()])
    shared = (chain, dict(firms), strength, kept, near)
    solved = {
        bits: Reached.of(_reach(shared, group), list(firms)) for bits, group in groups.items()
    }
    return {bits: solved[place] for bits, place in same.items()}, len(solved)


def members_named(record: Record, chain: Chain, named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names in the chain of members named in any language of the record.

    Without names: the parties of the agreement that founded the forum, as far as the chain has
    firms of theirs. Raises DataError where the record tells of no founding.
    """
    if named:
        return tuple(chain_name(record, chain, name) for name in named)
    founding = [
        subject.id
        for subject in record.subjects("agreement")
        if FOUNDING in record.texts(subject.id, "label")
    ]
    if not founding:
        what = "the record tells of no founding of a forum"
        raise DataError([Problem(column="members", what=what, hint="name the members")])
    homes = {row["home"] for row in chain.rows("firms") if not row["fringe"]}
    parties = record.texts(founding[0], "parties")
    return tuple(n for n in (chain_name(record, chain, party) for party in parties) if n in homes)


def chain_name(record: Record, chain: Chain, name: str) -> str:
    """The name in the chain of a party, country or firm named in any language.

    What nobody knows stays as it is: the chain then refuses it by name.
    """
    try:
        party = record.find(name, "party")
    except DataError:
        return _translated(chain).get(name.casefold(), name)
    told = record.texts(party, "chain_name")
    return told[0] if told else record.name(party, "en")


def _translated(chain: Chain) -> dict[str, str]:
    """Names of firms and countries in every language, case folded, by which they go here."""
    names = {row["name"] for row in chain.rows("firms")}
    names |= {row["country"] or row["name"] for row in chain.rows("nodes")}
    plain = sorted(name for name in names if "{" not in name)
    return {language(code).say(n).casefold(): n for code in ("ar", "fr", "ru", "en") for n in plain}


def forum_of(chain: Chain, members: Sequence[str], strength: float) -> dict[str, tuple[str, ...]]:
    """The firms of each member of a forum of that strength.

    Raises DataError for what the chain does not have, ModelError for too few or too many members
    or a strength outside (0, 1].
    """
    firms = firms_of(chain, members)
    if not 2 <= len(firms) <= MOST:
        raise ModelError(f"a forum needs 2 to {MOST} members; here are {len(firms)}")
    if not 0 < strength <= 1:
        raise ModelError(f"the strength of a forum lies above 0 and at most at 1, not {strength:g}")
    return firms


def firms_of(chain: Chain, members: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The firms of each member. Raises DataError for what the chain does not have."""
    rows = [row for row in chain.rows("firms") if not row["fringe"]]
    homes: dict[str, list[str]] = {}
    for row in rows:
        homes.setdefault(row["home"], []).append(row["name"])
    names = {row["name"] for row in rows}
    firms: dict[str, tuple[str, ...]] = {}
    problems = []
    for member in members:
        own = (member,) if member in names else tuple(homes.get(member, ()))
        if not own or not member:
            hint = f"known: {', '.join(sorted([*names, *filter(None, homes)]))}"
            what = f"{member!r} is no firm and no country with a firm"
            problems.append(Problem(column="members", what=what, hint=hint))
        taken = [firm for before in firms.values() for firm in before if firm in own]
        if taken:
            what = f"{member!r} is in it twice: {', '.join(taken)}"
            problems.append(Problem(column="members", what=what))
        firms[member] = own
    if problems:
        raise DataError(problems)
    return firms


@dataclass(frozen=True)
class Meeting:
    """Which firms of a coalition meet: a group changes conduct only where two of it can sell."""

    firms: tuple[tuple[str, ...], ...]
    markets: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, chain: Chain, firms: Mapping[str, tuple[str, ...]], *, whole: bool) -> Meeting:
        """The members' firms, and those of them that can sell in each market; all if ``whole``."""
        mine = {firm for own in firms.values() for firm in own}
        if whole:  # where a member is bound by more than the group
            return cls(tuple(firms.values()), (frozenset(mine),))
        sellers: dict[str, set[str]] = {}
        for firm, market in network(chain).sales:
            if firm in mine:
                sellers.setdefault(market, set()).add(firm)
        return cls(tuple(firms.values()), tuple({frozenset(found) for found in sellers.values()}))

    def alike(self, coalitions: Iterable[int]) -> dict[int, int]:
        """For each coalition the first that has the same equilibrium; who is alone is in none."""
        first: dict[tuple[str, ...], int] = {(): 0}
        return {
            bits: first.setdefault(self.met(bits) if bits & (bits - 1) else (), bits)
            for bits in coalitions
        }

    def met(self, bits: int) -> tuple[str, ...]:
        """The firms of a coalition that can sell where another of it can, in order.

        Coalitions of the same have the same equilibrium: what is left out sells as if alone.
        """
        group = [firm for i in players_of(bits) for firm in self.firms[i]]
        whole = set(group)
        both = {f for here in self.markets if len(own := here & whole) > 1 for f in own}
        return tuple(firm for firm in group if firm in both)


Kept = Mapping[tuple[str, str], float]
Shared = tuple[Chain, dict[str, tuple[str, ...]], float, Kept, Start]


def _reach(shared: Shared, group: tuple[str, ...]) -> dict[str, float]:
    chain, firms, strength, kept, near = shared
    edits = _together(group, strength, kept)
    return measured(solve(chain, edits, near=near), firms).row(list(firms))


def _together(group: tuple[str, ...], strength: float, kept: Kept) -> list[Edit]:
    """What makes firms a group that keeps its floors; nothing for no group."""
    if not group:
        return []
    floors = [Floor(firm, market, q) for (firm, market), q in kept.items() if firm in group]
    return [Cooperate(GROUP, group, strength), *floors]


def measured(found: Equilibrium, firms: Mapping[str, tuple[str, ...]]) -> Reached:
    """What is kept of an equilibrium, for members that have these firms."""
    payoffs = found.payoffs()
    earned = dict(zip(payoffs.index, payoffs.tolist(), strict=True))
    mine = {firm for own in firms.values() for firm in own}
    rest = [row["name"] for row in found.chain.rows("firms") if row["name"] not in mine]
    buyers = [x for party, x in earned.items() if party.startswith(BUYERS)]
    prices = found.prices
    return Reached(
        np.array([math.fsum(earned.get(firm, 0.0) for firm in own) for own in firms.values()]),
        math.fsum(earned.get(firm, 0.0) for firm in rest),
        math.fsum(buyers),
        dict(zip(prices.index, prices.tolist(), strict=True)),
        float(found.certificate.max_violation),
    )


def told_of(
    chain: Chain,
    firms: Mapping[str, tuple[str, ...]],
    strength: float,
    switches: tuple[bool, bool],
    reached: Mapping[int, Reached],
    equilibria: int,
) -> Forum:
    """The forum of what every coalition reached."""
    names = tuple(firms)
    profits = np.stack([reached[bits].profits for bits in range(1 << len(names))])
    holds = stability(profits)
    unique = strength < 1
    alone = reached[0]
    coalitions = []
    for bits in sorted(reached, key=lambda b: (-b.bit_count(), b)):
        inside = list(players_of(bits))
        if len(inside) < 2:
            continue
        gains = profits[bits] - profits[0]
        outside = [i for i in range(len(names)) if i not in inside]
        # As one seller the members may share otherwise: there stability is that with transfers.
        internal = bool((holds.internal if unique else holds.potential)[bits])
        external = bool((holds.external if unique else holds.sealed)[bits])
        coalitions.append(
            Coalition(
                members=tuple(names[i] for i in inside),
                profit=float(profits[bits][inside].sum()),
                gain=float(gains[inside].sum()),
                gains={names[i]: float(gains[i]) for i in inside},
                internally_stable=internal,
                externally_stable=external,
                held_by_transfers=bool(holds.potential[bits]),
                stable=internal and external,
                price_effect=reached[bits].change(alone),
                outsiders=float(gains[outside].sum() + reached[bits].others - alone.others),
                consumers=reached[bits].consumers - alone.consumers,
            )
        )
    return Forum(
        members=names,
        firms=firms,
        strength=strength,
        floors=switches[0],
        entry=switches[1],
        coalitions=tuple(coalitions),
        alone={name: float(x) for name, x in zip(names, profits[0], strict=True)},
        equilibria=equilibria,
        max_violation=max(item.violation for item in reached.values()),
        chain=chain.hash,
    )
