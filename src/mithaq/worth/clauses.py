"""Clause by clause: terms compared, where one turns a gain into a loss, orders, early end.

All rest on the values that the worth of an agreement needs anyway, but for the root search, which
solves the market at further settings of a term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain.legs import annuity
from mithaq.chain.scenarios import Scenario
from mithaq.errors import BatchError
from mithaq.worth.groups import Groups
from mithaq.worth.plan import CENTRAL, Valuer, View

__all__ = [
    "EarlyEnd",
    "Signing",
    "Term",
    "Threshold",
    "early_end",
    "signing",
    "terms",
    "thresholds",
]

Array = NDArray[np.float64]
#: A worth below this (million USD a year) is nil.
NOISE = 1e-2
#: So is one below this share of the largest: its sign is nobody's concern.
SLIGHT = 5e-4
#: How near a root is found: as a share of the bracket, or of the worth at its ends.
NEAR = 1e-6
#: A worth (million USD a year) that the tolerances of an equilibrium leave open.
UNSURE = 1e-4
ROUNDS = 24
#: Up to so many legs every order of signing is told.
MOST_LEGS = 5
ENDS = (1, 5, 10)


@dataclass(frozen=True)
class Term:
    """A term at every setting that was tried; ``worth`` has shape (settings, parties)."""

    id: str
    unit: str
    settings: tuple[float, ...]
    worth: Array


@dataclass(frozen=True, slots=True)
class Threshold:
    """The setting of a term at which the worth to a party is nil; ``rising``: a gain above it."""

    party: str
    term: str
    value: float
    unit: str
    rising: bool

    def to_dict(self) -> dict[str, Any]:
        """The threshold as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class Signing:
    """One order in which the legs could be signed: what each step adds for each side.

    ``willing``: no step leaves a side worse off than before it, so that each leg is worth signing
    when its turn comes.
    """

    order: tuple[str, ...]
    steps: tuple[Mapping[str, float], ...]
    willing: bool

    def to_dict(self) -> dict[str, Any]:
        """The order as plain values."""
        steps = [
            {"leg": leg, "gains": {k: round(x, 3) + 0.0 for k, x in gains.items()}}
            for leg, gains in zip(self.order, self.steps, strict=True)
        ]
        return {"order": list(self.order), "steps": steps, "willing": self.willing}


@dataclass(frozen=True)
class EarlyEnd:
    """What an end after some years costs, in present values (million USD), arrays by party.

    ``whole``: the agreement runs for all its years. ``ended``: it ends early; what was paid for
    search, plants, lines and entry is not paid back. ``lost``: the difference.
    """

    after: float
    whole: Array
    ended: Array

    @property
    def lost(self) -> Array:
        """What the early end costs."""
        return np.asarray(self.whole - self.ended)


def terms(
    scenario: Scenario, tried: Mapping[tuple[str, float | None], Array], central: Array
) -> tuple[Term, ...]:
    """Return each term with more than one setting; ``tried`` holds worth by (term, setting)."""
    found = []
    for parameter in scenario.parameters().values():
        at = {
            x: worth for (name, x), worth in tried.items() if name == parameter.id and x is not None
        }
        at[parameter.value] = central
        told = dict(sorted(at.items()))
        if len(told) > 1:
            worths = np.array(list(told.values()))
            found.append(Term(parameter.id, parameter.unit, tuple(told), worths))
    return tuple(found)


def thresholds(
    valuer: Valuer, groups: Groups, compared: Sequence[Term], kinds: Iterable[str]
) -> tuple[Threshold, ...]:
    """Return where a term, all else central, changes the sign of a party's worth.

    Looked for between neighbouring settings at which the signs differ, by the rule of Illinois
    (regula falsi; Dowell & Jarratt 1971): until the worth there, or the way between the two, is a
    millionth of what it was.
    """
    wanted = set(kinds)
    base = groups.vector(valuer.value(View(CENTRAL, frozenset())))
    largest = max((float(np.abs(term.worth).max()) for term in compared), default=0.0)
    nil = max(NOISE, SLIGHT * largest)
    parties = [i for i, kind in enumerate(groups.kinds) if kind in wanted]
    open_: list[_Bracket] = [
        _Bracket(i, term.id, term.unit, (x, y), (float(f), float(g)))
        for term in compared
        for i in parties
        for x, y, f, g in zip(
            term.settings, term.settings[1:], term.worth[:, i], term.worth[1:, i], strict=False
        )
        if min(abs(f), abs(g)) > nil and f * g < 0
    ]
    for _ in range(ROUNDS):
        todo = [bracket for bracket in open_ if not bracket.done]
        if not todo:
            break
        views = {bracket: bracket.view() for bracket in todo}
        valuer.run(view for view in views.values() if view not in valuer.views)
        for bracket, view in views.items():
            try:
                worth = groups.vector(valuer.value(view)) - base
            except BatchError:
                bracket.failed = True
                continue
            bracket.tell(float(worth[bracket.party]))
    return tuple(
        Threshold(groups.names[b.party], b.term, round(b.root, 9), b.unit, b.rising)
        for b in open_
        if not b.failed
    )


class _Bracket:
    """Two settings of a term at which the worth to a party has opposite signs."""

    def __init__(
        self,
        party: int,
        term: str,
        unit: str,
        ends: tuple[float, float],
        worth: tuple[float, float],
    ) -> None:
        self.party, self.term, self.unit = party, term, unit
        self.low, self.high = ends
        self.at_low, self.at_high = worth
        self.rising = worth[1] > worth[0]
        self.width = abs(ends[1] - ends[0])
        self.scale = max(map(abs, worth))
        self.last = 0
        self.failed = self.hit = False
        self.root = self._next()

    def _next(self) -> float:
        return self.low - self.at_low * (self.high - self.low) / (self.at_high - self.at_low)

    @property
    def done(self) -> bool:
        return self.failed or self.hit or abs(self.high - self.low) <= NEAR * self.width

    def view(self) -> View:
        return View(CENTRAL, None, None, ((self.term, self.root),))

    def tell(self, worth: float) -> None:
        """Narrow the bracket by the worth at ``root``; halve the end that has stayed twice."""
        if abs(worth) <= max(NEAR * self.scale, UNSURE):
            self.hit = True
            return
        if worth * self.at_low > 0:
            self.low, self.at_low = self.root, worth
            if self.last == -1:
                self.at_high /= 2
            self.last = -1
        else:
            self.high, self.at_high = self.root, worth
            if self.last == 1:
                self.at_low /= 2
            self.last = 1
        self.root = self._next()


def signing(legs: Sequence[str], v: Array, sides: Mapping[str, int]) -> tuple[Signing, ...]:
    """Return every order in which the legs could be signed, those in which all are willing first.

    ``v``: the game of the legs, shape (2^legs, parties); ``sides``: name → column. Beyond five legs
    there are too many orders to tell, and none is.
    """
    if len(legs) > MOST_LEGS:
        return ()
    found = []
    for order in permutations(range(len(legs))):
        bits, steps = 0, []
        for leg in order:
            gain = v[bits | 1 << leg] - v[bits]
            steps.append({name: float(gain[column]) for name, column in sides.items()})
            bits |= 1 << leg
        willing = all(x >= -NOISE for step in steps for x in step.values())
        found.append(Signing(tuple(legs[i] for i in order), tuple(steps), willing))
    return tuple(sorted(found, key=lambda one: not one.willing))


def early_end(
    scenario: Scenario, valuer: Valuer, groups: Groups, view: View, worth: Array
) -> tuple[EarlyEnd, ...]:
    """Return what an end after 1, 5 and 10 years costs, where the agreement runs for longer.

    A year's gain before outlays is w + o, with w the worth and o the yearly outlays, of which the
    present value stands whether the agreement runs or not.
    """
    values = scenario.settings()
    rate, years = values["rate"], values["years"]
    paid = -groups.vector(valuer.outlays(view))
    whole, sunk = worth / annuity(rate, years), paid / annuity(rate, years)
    return tuple(
        EarlyEnd(float(after), whole, (worth + paid) / annuity(rate, after) - sunk)
        for after in ENDS
        if after < years
    )
