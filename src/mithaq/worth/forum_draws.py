"""The exporters' forum where its inputs are uncertain: draws over all of them at once.

In each draw the market is set up anew (calibration, demand, prices, costs, conduct), and the forum
of all members is set beside its members alone and beside each forum that one of them has left. With
``every`` all other coalitions are solved as well, so that the largest stable one is told of each
draw. Draws are those of :mod:`mithaq.worth.uncertain`: the same seed gives the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.errors import BatchError, ModelError
from mithaq.worth.batch import Progress, Where, batch
from mithaq.worth.forum import EVEN, LEAVER, MEMBER, PRICE, Reached, forum_of, reach, told_of
from mithaq.worth.plan import opened, resized
from mithaq.worth.uncertain import Input, Spread, market_of, must_be_drawn, points

__all__ = ["ForumDraws", "forum_draws"]

Array = NDArray[np.float64]
SIZE = "held of "
TOGETHER = ("gain", "outsiders", "consumers")


@dataclass(frozen=True)
class ForumDraws:
    """The forum over draws; money in million USD a year.

    ``figures``: by name one value a draw: ``gain`` of all members together, of ``outsiders`` and of
    ``consumers``; ``missing``, what the members lack to pay each what it would earn outside (held
    by transfers where there is nothing). ``members``' own gains and what they would gain by leaving
    are None at strength 1, where the split is not unique. ``largest`` (with ``every``): the largest
    stable coalition of each draw, ``held``: how many of each size transfers could hold; coalitions
    that change nothing for their members, since these meet nowhere, count in neither.
    """

    members: tuple[str, ...]
    strength: float
    floors: bool
    entry: bool
    spare: float
    inputs: tuple[Input, ...]
    points: Array
    figures: Mapping[str, Array]
    gains: Mapping[str, Array] | None
    leaving: Mapping[str, Array] | None
    prices: Mapping[str, Array]
    largest: tuple[tuple[str, ...], ...] | None
    held: Mapping[int, Array] | None
    even: Array
    seed: int
    asked: int
    equilibria: int
    failures: tuple[dict[str, Any], ...]
    max_violation: float
    chain: str
    calibrations: str

    def spread(self, figure: str) -> Spread:
        """How ``gain``, ``outsiders``, ``consumers`` or ``missing`` is spread over the draws."""
        return Spread(self.figures[figure])

    @property
    def held_by_transfers(self) -> float:
        """The share of draws in which the forum of all is held by transfers."""
        return float((self.figures["missing"] <= self.even).mean())

    @property
    def stays(self) -> float | None:
        """The share of draws in which no member gains by leaving; None at strength 1."""
        if self.leaving is None:
            return None
        worst = np.max(list(self.leaving.values()), axis=0)
        return float((worst <= self.even).mean())

    def largest_stable(self) -> list[tuple[tuple[str, ...], float]]:
        """The largest stable coalitions with the share of draws of each, the most frequent first.

        Raises ModelError where not every coalition was solved.
        """
        if self.largest is None:
            raise ModelError("the largest stable coalition is told where every one is solved")
        counted = Counter(self.largest)
        order = sorted(counted, key=lambda who: (-counted[who], -len(who), who))
        return [(who, counted[who] / len(self.largest)) for who in order]

    def to_dict(self) -> dict[str, Any]:
        """The draws as plain values: the key ``draws`` of ``mithaq forum --json``."""
        outside, inside = self.figures["outsiders"], self.figures["gain"]
        return {
            "draws": len(self.points),
            "asked": self.asked,
            "seed": self.seed,
            "spare": self.spare,
            "inputs": [item.to_dict() for item in self.inputs],
            "together": {name: self.spread(name).told() for name in TOGETHER},
            "members": self._each(self.gains),
            "leaving": self._each(self.leaving),
            "outsiders_gain_more": round(float((outside > inside).mean()), 4),
            "held_by_transfers": round(self.held_by_transfers, 4),
            "stays": None if self.stays is None else round(self.stays, 4),
            "missing": self.spread("missing").to_dict(),
            "prices": {node: Spread(change).moved() for node, change in self.prices.items()},
            **self._every(),
            "equilibria": self.equilibria,
            "failures": [dict(item) for item in self.failures],
            "max_violation": self.max_violation,
            "chain": self.chain,
            "calibrations": self.calibrations,
        }

    def _each(self, values: Mapping[str, Array] | None) -> dict[str, Any] | None:
        if values is None:
            return None
        return {name: Spread(values[name]).told() for name in self.members}

    def _every(self) -> dict[str, Any]:
        if self.largest is None or self.held is None:
            return {"largest_stable": None, "sizes": None}
        sizes = np.array([len(who) for who in self.largest])
        return {
            "largest_stable": [
                {"members": list(who), "share": round(share, 4)}
                for who, share in self.largest_stable()
            ],
            "sizes": [
                {
                    "members": size,
                    "largest": round(float((sizes == size).mean()), 4),
                    "held": round(float((self.held[size] > 0).mean()), 4),
                }
                for size in self.held
            ],
        }


def forum_draws(
    chain: Chain,
    members: Sequence[str],
    inputs: Sequence[Input],
    *,
    draws: int = 200,
    seed: int = 1,
    strength: float = 1.0,
    floors: bool = False,
    entry: bool = False,
    spare: float = 1.0,
    every: bool = False,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> ForumDraws:
    """Return how the forum of ``members`` fares over draws of ``inputs``, all moved at once.

    ``inputs`` are the factors of the market and the calibrations, as
    :func:`mithaq.worth.uncertain.market_inputs` gives them; ``spare`` multiplies the capacity of
    all other sellers. A draw costs one equilibrium for each member and two more; with ``every``
    those of all coalitions in which other sellers meet. A draw that cannot be certified is told in
    ``failures``. With ``store`` draws are kept in that folder as :func:`batch` does.

    Raises as :func:`worth.forum` does; ModelError for fewer than eight draws, for no input and for
    a ``spare`` that is not above zero; BatchError where more than half of the draws fail.
    """
    firms = forum_of(chain, members, strength)
    must_be_drawn(draws, inputs, spare, "there is no input with a range to draw from")
    unit = points(len(inputs), draws, seed)
    values = [[item.at(u) for item, u in zip(inputs, row, strict=True)] for row in unit.tolist()]
    names = [f"seed {seed} draw {k}" for k in range(draws)]
    items = dict(zip(names, map(tuple, values), strict=True))
    asked = _Asked(firms, strength, floors, entry, spare, every)
    shared = (chain, tuple(inputs), asked, chain.ensemble_hash)
    found = batch(
        _draw, items, shared=shared, on=on, workers=workers, progress=progress, store=store
    )
    done = [k for k in range(draws) if names[k] in found.results]
    if 2 * len(done) < draws:
        raise BatchError(found.failures)
    rows = pd.DataFrame([dict(found.results[names[k]]) for k in done])
    who, own = tuple(firms), strength < 1
    sizes = range(2, len(who) + 1)
    return ForumDraws(
        members=who,
        strength=strength,
        floors=floors,
        entry=entry,
        spare=spare,
        inputs=tuple(inputs),
        points=unit[done],
        figures={name: rows[name].to_numpy() for name in (*TOGETHER, "missing")},
        gains=_columns(rows, MEMBER) if own else None,
        leaving=_columns(rows, LEAVER) if own else None,
        prices=_columns(rows, PRICE),
        largest=tuple(tuple(t.split(";")) if t else () for t in rows["largest"]) if every else None,
        held={k: rows[f"{SIZE}{k}"].to_numpy() for k in sizes} if every else None,
        even=rows["even"].to_numpy(),
        seed=seed,
        asked=draws,
        equilibria=int(rows["equilibria"].sum()),
        failures=tuple(
            {"draw": names.index(key), "reason": str(error)}
            for key, error in found.failures.items()
        ),
        max_violation=float(rows["violation"].max()),
        chain=chain.hash,
        calibrations=chain.ensemble_hash,
    )


def _columns(rows: pd.DataFrame, start: str) -> dict[str, Array]:
    """Columns whose name begins so, by the rest of it."""
    named = sorted(name for name in rows.columns if name.startswith(start))
    return {name.removeprefix(start): rows[name].to_numpy() for name in named}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same in every draw."""

    firms: Mapping[str, tuple[str, ...]]
    strength: float
    floors: bool
    entry: bool
    spare: float
    every: bool


def _draw(
    shared: tuple[Chain, tuple[Input, ...], _Asked, str], values: Sequence[float]
) -> dict[str, float | str]:
    whole, inputs, asked, _ = shared
    firms, n = asked.firms, len(asked.firms)
    chain, _ = market_of(whole, inputs, values)
    mine = [firm for own in firms.values() for firm in own]
    chain = resized(chain, mine, others=asked.spare)
    chain = opened(chain) if asked.entry else chain
    full = (1 << n) - 1
    wanted = {0, full, *(full ^ 1 << i for i in range(n))}
    found, equilibria = reach(
        chain,
        firms,
        asked.strength,
        floors=asked.floors,
        wanted=range(full + 1) if asked.every else sorted(wanted),
    )
    figures = _together(found, list(firms))
    row: dict[str, float | str] = {"equilibria": float(equilibria), **figures}
    if asked.every:
        told = told_of(chain, firms, asked.strength, (asked.floors, asked.entry), found, equilibria)
        # Members that meet nowhere hold by changing nothing: no forum to speak of.
        real = [c for c in told.coalitions if abs(c.gain) > figures["even"]]
        stable = [c for c in real if c.stable]
        best = max(stable, key=lambda c: (len(c.members), c.gain), default=None)
        row["largest"] = ";".join(best.members) if best else ""
        for size in range(2, n + 1):
            held = [c.held_by_transfers for c in real if len(c.members) == size]
            row[f"{SIZE}{size}"] = float(sum(held))
    return row


def _together(found: Mapping[int, Reached], names: Sequence[str]) -> dict[str, float]:
    """The forum of all beside its members alone and each forum without one of them."""
    n = len(names)
    full = (1 << n) - 1
    alone, whole = found[0], found[full]
    leavers = np.array([found[full ^ 1 << i].profits[i] for i in range(n)])
    gains, leaving = whole.profits - alone.profits, leavers - whole.profits
    change = whole.change(alone)
    largest = max(float(np.abs(part.profits).max()) for part in found.values())
    return {
        "gain": float(gains.sum()),
        "outsiders": whole.others - alone.others,
        "consumers": whole.consumers - alone.consumers,
        "missing": float(leaving.sum()),
        "even": EVEN * largest,
        "violation": max(part.violation for part in found.values()),
        **{f"{MEMBER}{name}": float(x) for name, x in zip(names, gains, strict=True)},
        **{f"{LEAVER}{name}": float(x) for name, x in zip(names, leaving, strict=True)},
        **{f"{PRICE}{node}": float(x) for node, x in change.items()},
    }
