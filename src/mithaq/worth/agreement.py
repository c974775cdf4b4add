"""What an agreement is worth: to every party, by leg, in ranges, and how evenly.

Worth to a party is its payoff with all legs minus its payoff with none, all else unchanged. The
legs are the players of a game whose value is the payoff with that set of legs; a leg's part is
its Shapley value. Ranges come from settings of the leg parameters, tried one at a time, and from
worlds: calibrations of the chain, with and without floors, with and without entry.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.hindsight import Unknown, as_known
from mithaq.chain.legs import load_scenario, told_claims
from mithaq.chain.scenarios import Scenario
from mithaq.errors import BatchError, DataError, ModelError, Problem
from mithaq.games import game, interaction, members, shapley
from mithaq.record import Record
from mithaq.worth.assumptions import assumptions
from mithaq.worth.batch import Progress, Where
from mithaq.worth.clauses import (
    EarlyEnd,
    Signing,
    Term,
    Threshold,
    early_end,
    signing,
    terms,
    thresholds,
)
from mithaq.worth.groups import Groups
from mithaq.worth.plan import CENTRAL, FLOOR_SHARE, Valuer, View, World
from mithaq.worth.reciprocity import Balance, balance

__all__ = ["Variant", "Worth", "scenario_then", "worth", "worth_of"]

Array = NDArray[np.float64]
_FLOORS = World(floors=True)
#: Kinds of parties for whom the settings are sought at which their worth changes its sign.
DECIDING = ("firm", "state", "transit", "consumers")


@dataclass(frozen=True)
class Variant:
    """One setting that was tried: what was changed, and the worth to each party then."""

    driver: str
    setting: str
    worth: Array
    value: float | None = None


@dataclass(frozen=True)
class Worth:
    """The worth of an agreement. Money in million USD a year, arrays by ``parties``.

    ``legs`` has shape (legs, parties), ``interactions`` (legs, legs, parties). ``variants`` holds
    what was tried for the ranges; the first is the central one. ``failures`` tells which of them
    have no certified equilibrium (floors that cannot be kept, say) and are left out of the ranges.
    ``left_out`` names the rights that could not be known at the time asked about.
    """

    scenario: Scenario
    parties: tuple[str, ...]
    kinds: tuple[str, ...]
    leg_ids: tuple[str, ...]
    worth: Array
    legs: Array
    interactions: Array
    games: Mapping[World, Array]
    variants: tuple[Variant, ...]
    reciprocity: Balance
    branches: tuple[dict[str, Any], ...]
    details: Mapping[str, Any]
    assumptions: tuple[dict[str, Any], ...]
    equilibria: int
    failures: tuple[dict[str, str], ...]
    run: Mapping[str, Any]
    terms: tuple[Term, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    signing: tuple[Signing, ...] = ()
    early_ends: tuple[EarlyEnd, ...] = ()
    left_out: tuple[Unknown, ...] = ()

    @property
    def low(self) -> Array:
        """The least worth over all variants, by party."""
        return np.asarray(np.min([variant.worth for variant in self.variants], axis=0))

    @property
    def high(self) -> Array:
        """The greatest worth over all variants, by party."""
        return np.asarray(np.max([variant.worth for variant in self.variants], axis=0))

    def of(self, party: str) -> float:
        """The central worth to one party, million USD a year."""
        return float(self.worth[self._at(party)])

    def leg(self, party: str, leg: str) -> float:
        """The Shapley share of a leg in the worth to a party."""
        return float(self.legs[self.leg_ids.index(leg), self._at(party)])

    def _at(self, party: str) -> int:
        if party not in self.parties:
            raise ModelError(f"no party {party!r}; there are {', '.join(self.parties)}")
        return self.parties.index(party)

    def same_sign(self) -> Array:
        """The share of variants in which the worth to a party has the sign of the central one."""
        signs = np.sign([variant.worth for variant in self.variants])
        return np.asarray((signs == np.sign(self.worth)).mean(axis=0))

    def swings(self) -> dict[str, Array]:
        """By driver: how far the worth to each party moves over its settings, the centre too."""
        drivers = dict.fromkeys(v.driver for v in self.variants if v.driver)
        out = {}
        for driver in drivers:
            tried = [v.worth for v in self.variants if v.driver in ("", driver)]
            out[driver] = np.ptp(np.array(tried), axis=0)
        return out

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values, for JSON."""
        low, high, sign = self.low, self.high, self.same_sign()
        legs = self._legs(self.legs)
        parties = {
            party: {
                "worth": _money(self.worth[i]),
                "low": _money(low[i]),
                "high": _money(high[i]),
                "legs": legs[party],
                "kind": self.kinds[i],
                "same_sign": round(float(sign[i]), 4),
            }
            for i, party in enumerate(self.parties)
        }
        return {
            "agreement": self.scenario.agreement,
            "scenario": self.scenario.id,
            "year": self.scenario.year,
            "equilibria": self.equilibria,
            "parties": parties,
            "reciprocity": self.reciprocity.to_dict(),
            "assumptions": [dict(item) for item in self.assumptions],
            "floors": self._switch(World(floors=True)),
            "entry": self._switch(World(entry=True)),
            "calibrations": self._by_driver("calibration"),
            "interactions": self._interactions(),
            "branches": [dict(b) for b in self.branches],
            "territory_gains": self.reciprocity.territories,
            "drivers": self._drivers(),
            "terms": [self._term(term) for term in self.terms],
            "thresholds": [threshold.to_dict() for threshold in self.thresholds],
            "signing": [order.to_dict() for order in self.signing],
            "early_end": [self._early(end) for end in self.early_ends],
            "failures": [dict(failure) for failure in self.failures],
            "left_out": [right.to_dict() for right in self.left_out],
            **self.details,
            "run": dict(self.run),
        }

    def _term(self, term: Term) -> dict[str, Any]:
        by_party = {p: [_money(x) for x in term.worth[:, i]] for i, p in enumerate(self.parties)}
        settings = list(term.settings)
        return {"id": term.id, "unit": term.unit, "settings": settings, "parties": by_party}

    def _early(self, end: EarlyEnd) -> dict[str, Any]:
        columns = {"whole": end.whole, "ended": end.ended, "lost": end.lost}
        by_party = {
            p: {name: _money(column[i]) for name, column in columns.items()}
            for i, p in enumerate(self.parties)
        }
        return {"after": end.after, "parties": by_party}

    def _legs(self, shares: Array) -> dict[str, dict[str, float]]:
        return {
            party: {leg: _money(shares[k, i]) for k, leg in enumerate(self.leg_ids)}
            for i, party in enumerate(self.parties)
        }

    def _switch(self, world: World) -> dict[str, Any]:
        """Worth with a switch of the world off and on; leg shares where they were computed."""
        sides = {"without": (CENTRAL, ""), "with": (world, _named(world)[0])}
        out: dict[str, Any] = {}
        for side, (at, driver) in sides.items():
            found = [v.worth for v in self.variants if v.driver == driver]
            if not found:
                continue  # no certified equilibrium: told among the failures
            worth = found[0]
            legs = self._legs(self.games[at]) if at in self.games else {}
            out[side] = {
                party: {"worth": _money(worth[i]), **({"legs": legs[party]} if legs else {})}
                for i, party in enumerate(self.parties)
            }
        return out

    def _by_driver(self, driver: str) -> dict[str, dict[str, float]]:
        return {
            v.setting: {p: _money(v.worth[i]) for i, p in enumerate(self.parties)}
            for v in self.variants
            if v.driver == driver
        }

    def _interactions(self) -> list[dict[str, Any]]:
        pairs = [(i, j) for i in range(len(self.leg_ids)) for j in range(i)]
        return [
            {
                "legs": [self.leg_ids[j], self.leg_ids[i]],
                "parties": {
                    p: _money(self.interactions[i, j, k]) for k, p in enumerate(self.parties)
                },
            }
            for i, j in pairs
        ]

    def _drivers(self) -> dict[str, list[dict[str, Any]]]:
        """For each party what moves its worth most, largest swing first."""
        swings = self.swings()
        return {
            party: [
                {"driver": driver, "swing": _money(swings[driver][i])}
                for driver in sorted(swings, key=lambda d: (-swings[d][i], d))[:5]
                if swings[driver][i] > 0
            ]
            for i, party in enumerate(self.parties)
        }


def _money(x: float) -> float:
    return round(float(x), 3) + 0.0


def worth(
    record: Record,
    chain: Chain,
    name: str,
    *,
    then: Record | None = None,
    compare: Mapping[str, Sequence[float]] | None = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Worth:
    """Return what the scenario ``name`` (or the scenario of the agreement ``name``) is worth.

    The scenario is checked against ``record``. ``then`` is the record as it was known at some time
    (or as a store holds it): rights whose figures rest on none of its claims are left out.

    ``compare``: term → settings at which the worth is told too; they widen no range.
    ``on="processes"`` shares the equilibria with further processes; ``progress(done, total)`` is
    told as they are found. Raises :class:`DataError` for a scenario file with mistakes, or where
    every right is left out, :class:`BatchError` where an equilibrium of the central view cannot be
    certified; one that serves a range only is left out of it and told in ``failures``.
    """
    scenario, left_out = scenario_then(record, chain, name, then)
    found = worth_of(scenario, chain, compare=compare, on=on, workers=workers, progress=progress)
    return replace(found, assumptions=assumptions(scenario, then or record), left_out=left_out)


def scenario_then(
    record: Record, chain: Chain, name: str, then: Record | None
) -> tuple[Scenario, tuple[Unknown, ...]]:
    """Return a scenario and the rights left out of it, whose figures ``then`` could not know.

    Raises :class:`DataError` for a scenario file with mistakes, or where every right is left out.
    """
    scenario = load_scenario(record, chain, name)
    left_out: tuple[Unknown, ...] = ()
    if then is not None:
        scenario, left_out = as_known(scenario, told_claims(then))
    if not scenario.legs:
        what = "every right rests on a figure that no claim had told by then"
        hint = "ask for a later day; left out: " + ", ".join(item.right for item in left_out)
        raise DataError([Problem("scenarios", column=scenario.id, what=what, hint=hint)])
    return scenario, left_out


def worth_of(
    scenario: Scenario,
    chain: Chain,
    *,
    compare: Mapping[str, Sequence[float]] | None = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Worth:
    """Return what a scenario that was already read is worth; see :func:`worth`.

    Raises :class:`ModelError` where ``compare`` names a term that the scenario does not have.
    """
    started = time.perf_counter()
    legs = tuple(leg.id for leg in scenario.legs)
    valuer = Valuer(scenario, chain, on=on, workers=workers, progress=progress)
    plan = _Plan(scenario, chain, legs, compare or {})
    valuer.run(plan.views())
    groups = Groups(scenario, chain, valuer.parties())
    v = plan.game(valuer, groups, CENTRAL)
    games = {CENTRAL: v}
    with suppress(BatchError):  # told among the failures, from the variants
        games[_FLOORS] = plan.game(valuer, groups, _FLOORS)
    variants, failures = plan.variants(valuer, groups)
    tried = {(x.driver, x.value): x.worth for x in variants}
    tried |= plan.compared(valuer, groups)
    worth = np.asarray(v[-1] - v[0])
    compared = terms(scenario, tried, worth)
    sides = {p.firm: groups.names.index(p.firm) for p in scenario.parties}
    return Worth(
        scenario=scenario,
        parties=groups.names,
        kinds=groups.kinds,
        leg_ids=legs,
        worth=worth,
        legs=shapley(v),
        interactions=interaction(v),
        games={world: shapley(found) for world, found in games.items()},
        variants=variants,
        reciprocity=balance(scenario, groups, *plan.ends(valuer)),
        branches=plan.branches(valuer, groups),
        terms=compared,
        thresholds=thresholds(valuer, groups, compared, DECIDING),
        signing=signing(legs, v, sides),
        early_ends=early_end(scenario, valuer, groups, plan.all(), worth),
        details=groups.details(*plan.ends(valuer)[:2]),
        assumptions=assumptions(scenario),
        equilibria=valuer.equilibria,
        failures=failures,
        run=_run(scenario, chain, valuer, time.perf_counter() - started),
    )


class _Plan:
    """The views that worth needs, and how their values become games and variants."""

    def __init__(
        self,
        scenario: Scenario,
        chain: Chain,
        legs: Sequence[str],
        compare: Mapping[str, Sequence[float]],
    ) -> None:
        self.scenario = scenario
        self.compare = [(name, float(x)) for name, settings in compare.items() for x in settings]
        self.legs = tuple(legs)
        self.sets = [
            frozenset(self.legs[i] for i in members(bits)) for bits in range(1 << len(self.legs))
        ]
        others = [c for c in chain.calibrations if chain.calibrated(c).hash != chain.hash]
        self.worlds = (
            CENTRAL,
            World(floors=True),
            World(entry=True),
            World(floors=True, entry=True),
            *(World(c, floors) for c in others for floors in (False, True)),
        )
        self.territories = tuple(party.state for party in scenario.parties)

    def all(self, world: World = CENTRAL, changed: tuple[str, float] | None = None) -> View:
        return View(world, self.sets[-1], None, (changed,) if changed else ())

    def none(self, world: World) -> View:
        return View(world, frozenset())

    def views(self) -> list[View]:
        """Every view that will be asked for."""
        games = [View(world, legs) for world in (CENTRAL, _FLOORS) for legs in self.sets]
        tried = [self.all(changed=s) for s in dict.fromkeys([*self._settings(), *self.compare])]
        worlds = [view for world in self.worlds for view in (self.none(world), self.all(world))]
        return [*games, *map(self.only, self.territories), *tried, *worlds]

    def only(self, territory: str) -> View:
        return View(CENTRAL, None, territory)

    def _settings(self) -> list[tuple[str, float]]:
        """Every setting of a parameter other than its central one."""
        return [
            (parameter.id, x)
            for parameter in self.scenario.parameters().values()
            for x in parameter.settings
            if x != parameter.value
        ]

    def game(self, valuer: Valuer, groups: Groups, world: World) -> Array:
        return game(
            len(self.legs),
            lambda s: groups.vector(valuer.value(View(world, frozenset(self.legs[i] for i in s)))),
        )

    def gain(self, valuer: Valuer, groups: Groups, view: View) -> Array:
        without = groups.vector(valuer.value(self.none(view.world)))
        return groups.vector(valuer.value(view)) - without

    def variants(
        self, valuer: Valuer, groups: Groups
    ) -> tuple[tuple[Variant, ...], tuple[dict[str, str], ...]]:
        """The central variant, then one for each setting and world; and those that failed."""
        tried: list[tuple[str, str, float | None, View]]
        tried = [(name, f"{x:g}", x, self.all(changed=(name, x))) for name, x in self._settings()]
        tried += [(*_named(w), None, self.all(w)) for w in self.worlds if w != CENTRAL]
        out = [Variant("", "central", self.gain(valuer, groups, self.all()))]
        failed = []
        for driver, setting, value, view in tried:
            try:
                out.append(Variant(driver, setting, self.gain(valuer, groups, view), value))
            except BatchError as error:
                reason = str(next(iter(error.failures.values())))
                failed.append({"driver": driver, "setting": setting, "reason": reason})
        return tuple(out), tuple(failed)

    def compared(self, valuer: Valuer, groups: Groups) -> dict[tuple[str, float | None], Array]:
        """Worth at the settings that were asked for. Raises BatchError where one has none."""
        return {
            setting: self.gain(valuer, groups, self.all(changed=setting))
            for setting in self.compare
        }

    def ends(
        self, valuer: Valuer
    ) -> tuple[dict[str, float], dict[str, float], tuple[dict[str, float], ...]]:
        """Payoffs with no leg, with all legs, and with the rights on each territory alone."""
        alone = tuple(valuer.value(self.only(territory)) for territory in self.territories)
        return valuer.value(self.none(CENTRAL)), valuer.value(self.all()), alone

    def branches(self, valuer: Valuer, groups: Groups) -> tuple[dict[str, Any], ...]:
        """What each turn of exploration gives, all legs set."""
        without = groups.vector(valuer.value(self.none(CENTRAL)))
        out = []
        for branch, payoffs in valuer.by_branch(self.all()):
            gain = groups.vector(payoffs) - without
            out.append(
                {
                    "found": list(branch.found),
                    "probability": round(branch.probability, 9),
                    "parties": {p: _money(gain[i]) for i, p in enumerate(groups.names)},
                }
            )
        return tuple(out)


def _named(world: World) -> tuple[str, str]:
    """Driver and setting of a world: the one thing that differs from the centre, or both told."""
    parts = [world.calibration or "as shipped"]
    parts += [word for word, on in (("floors", world.floors), ("entry", world.entry)) if on]
    if len(parts) == 1:
        return "calibration", parts[0]
    if len(parts) == 2 and not world.calibration:
        return parts[1], "with"
    return "calibration with switches", ", ".join(parts)


def _run(scenario: Scenario, chain: Chain, valuer: Valuer, seconds: float) -> dict[str, Any]:
    """What is needed to get the same figures again."""
    return {
        "mithaq": version("mithaq"),
        "chain": chain.hash,
        "scenario": scenario.id,
        "floor_share": FLOOR_SHARE,
        "calibrations": list(chain.calibrations),
        "max_violation": max(m.violation for m in valuer.measured.values()),
        "scenarios": sorted(valuer.measured),
        "seconds": round(seconds, 3),
    }
