"""What is sure about an agreement's worth: draws over all inputs at once.

Inputs are the terms of the legs, the inputs that the scenario names for the market (demand,
elasticity, price level, cost, conduct), and the calibrations of the chain. Draws are scrambled
Sobol' points (Owen 1998), uniform over each range. From them: quantiles, the share in which a party
gains, and which input matters.

Sensitivity indices (Sobol' 1993; Homma & Saltelli 1996) come from a polynomial chaos that is fitted
to the draws (Sudret 2008), so that they need no further equilibria: first-order, what an input
explains of the variance alone; total, with all its interactions. ``explained`` is the part of the
variance that the fit foretells of draws left out; where it is low the indices mean little.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.hindsight import Unknown
from mithaq.chain.legs import branches, checked_settings
from mithaq.chain.scenarios import INPUTS, Scenario
from mithaq.errors import BatchError, DataError, ModelError, Problem
from mithaq.record import Record
from mithaq.worth.agreement import scenario_then
from mithaq.worth.batch import Progress, Where, batch
from mithaq.worth.chaos import Sensitivity, sensitivity
from mithaq.worth.groups import Groups
from mithaq.worth.plan import CENTRAL, Views, World, resized

__all__ = [
    "Input",
    "Part",
    "Spread",
    "Uncertain",
    "enough",
    "market_inputs",
    "part",
    "scaled",
    "uncertain",
    "uncertain_of",
]

Array = NDArray[np.float64]
CALIBRATION = "calibration"
LEAST = 8
#: So many points of all inputs still fit into memory; no quantile needs as many.
MOST = 1 << 20
#: A worth below this (million USD a year) is no gain, a price change (per cent) no change.
_NOISE = 1e-3


@dataclass(frozen=True)
class Input:
    """An uncertain input: uniform between ``low`` and ``high``, or one of ``choices`` alike.

    ``right_name``: of a term, the name of its right in each language.
    """

    id: str
    low: float
    high: float
    unit: str
    choices: tuple[str, ...] = ()
    right_name: Mapping[str, str] = field(default_factory=dict, hash=False)

    def at(self, u: float) -> float:
        """The value at a point of the unit interval, or the place of the choice."""
        if self.choices:
            return float(min(int(u * len(self.choices)), len(self.choices) - 1))
        return self.low + u * (self.high - self.low)

    def to_dict(self) -> dict[str, Any]:
        """The input as plain values."""
        found: dict[str, Any] = {"id": self.id, "unit": self.unit}
        if self.right_name:
            found["right_name"] = dict(self.right_name)
        if self.choices:
            return {**found, "choices": list(self.choices)}
        return {**found, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Part:
    """Rights taken by themselves, with the terms that are held at a value while all else varies."""

    name: str
    rights: tuple[str, ...]
    settings: tuple[tuple[str, float], ...] = ()


def part(scenario: Scenario, name: str) -> Part:
    """Return what ``name`` picks: a leg, a right, or a right with a term as ``right.term=value``.

    Raises :class:`DataError` where the scenario has none of that name or the value is no number,
    :class:`ModelError` where the number is out of bounds.
    """
    term, _, value = name.partition("=")
    held: tuple[tuple[str, float], ...] = ()
    picked = term
    if value:
        picked = term.partition(".")[0]
        try:
            held = ((term, float(value)),)
        except ValueError:
            what = f"{value!r} is no number"
            raise DataError([Problem(column=name, what=what)]) from None
    rights = {leg.id: tuple(right.id for right in leg.rights) for leg in scenario.legs}
    rights |= {right.id: (right.id,) for right in scenario.rights()}
    if picked not in rights or (held and term not in scenario.only(rights[picked]).parameters()):
        hint = f"known: {', '.join(rights)}; a term as joint-marketing.strength=0.5"
        what = f"scenario {scenario.id} has no leg or right of that name, or no such term"
        raise DataError([Problem(column=name, what=what, hint=hint)])
    checked_settings(scenario, dict(held))
    return Part(name, rights[picked], held)


@dataclass(frozen=True)
class Spread:
    """How a figure is spread over the draws."""

    draws: Array

    def quantile(self, part: float) -> float:
        """The value that so large a part of the draws does not exceed."""
        return float(np.quantile(self.draws, part))

    @property
    def gain(self) -> float:
        """The share of draws above zero."""
        return float((self.draws > _NOISE).mean())

    @property
    def loss(self) -> float:
        """The share of draws below zero."""
        return float((self.draws < -_NOISE).mean())

    @property
    def value_of_knowing(self) -> float:
        """What a party would pay to know the draw before it says yes or no (million USD a year)."""
        return float(np.maximum(self.draws, 0.0).mean() - max(float(self.draws.mean()), 0.0))

    def to_dict(self, digits: int = 3) -> dict[str, float]:
        """Quantiles and mean."""
        told = {f"p{int(100 * p):02d}": self.quantile(p) for p in (0.05, 0.5, 0.95)}
        return {k: round(x, digits) + 0.0 for k, x in {**told, "mean": self.draws.mean()}.items()}

    def told(self) -> dict[str, float]:
        """Quantiles and mean, and the shares of draws above and below zero."""
        return {
            **self.to_dict(),
            "probability_of_gain": round(self.gain, 4),
            "probability_of_loss": round(self.loss, 4),
        }

    def moved(self) -> dict[str, float]:
        """The same of a price change in per cent, with the shares of draws up and down."""
        return {
            **self.to_dict(4),
            "probability_of_rise": round(self.gain, 4),
            "probability_of_fall": round(self.loss, 4),
        }


@dataclass(frozen=True)
class Uncertain:
    """Worth over draws. ``worth``: (draws, parties); ``prices``: change in %, by node; ``legs``:
    gain of each leg alone, (draws, legs, parties), where asked for; ``alone``: by name of a part,
    its gain by itself, (draws, parties).
    """

    scenario: Scenario
    inputs: tuple[Input, ...]
    points: Array
    parties: tuple[str, ...]
    kinds: tuple[str, ...]
    worth: Array
    prices: Mapping[str, Array]
    legs: Array | None
    alone: Mapping[str, Array]
    world: World
    spare: float
    seed: int
    asked: int
    failures: tuple[dict[str, Any], ...]
    max_violation: float
    chain: str
    calibrations: str
    left_out: tuple[Unknown, ...] = ()

    def spread(self, party: str, alone: str = "") -> Spread:
        """How the worth to a party is spread, of all legs or of a part. ModelError for another."""
        if party not in self.parties:
            raise ModelError(f"no party {party!r}; there are {', '.join(self.parties)}")
        return Spread(self._of(alone)[:, self.parties.index(party)])

    def together(self, kind: str = "firm", alone: str = "") -> Spread:
        """How what the firms (``state``: the states) gain together is spread.

        Where it is above zero a transfer between them leaves both better off.
        """
        columns = [i for i, own in enumerate(self.kinds) if own == kind]
        return Spread(self._of(alone)[:, columns].sum(axis=1))

    def _of(self, alone: str) -> Array:
        return self.alone[alone] if alone else self.worth

    def sensitivity(self, party: str) -> Sensitivity:
        """Which input moves the worth to a party."""
        choices = [len(item.choices) for item in self.inputs]
        return sensitivity(self.points, choices, self.spread(party).draws)

    def to_dict(self) -> dict[str, Any]:
        """Quantiles, probabilities and sensitivity: the keys of ``mithaq uncertain --json``."""
        return {
            "agreement": self.scenario.agreement,
            "scenario": self.scenario.id,
            "year": self.scenario.year,
            "draws": len(self.worth),
            "asked": self.asked,
            "seed": self.seed,
            "floors": self.world.floors,
            "entry": self.world.entry,
            "spare": self.spare,
            "inputs": [item.to_dict() for item in self.inputs],
            "parties": {party: self._party(i) for i, party in enumerate(self.parties)},
            "together": self._together(""),
            "alone": {name: self._alone(name) for name in self.alone},
            "prices": {node: Spread(change).moved() for node, change in self.prices.items()},
            "failures": [dict(item) for item in self.failures],
            "max_violation": self.max_violation,
            "chain": self.chain,
            "calibrations": self.calibrations,
            "left_out": [right.to_dict() for right in self.left_out],
        }

    def _together(self, alone: str) -> dict[str, Any]:
        kinds = {"firms": "firm", "states": "state"}
        return {name: self.together(kind, alone).told() for name, kind in kinds.items()}

    def _alone(self, name: str) -> dict[str, Any]:
        parties = {party: self.spread(party, name).told() for party in self.parties}
        return {"parties": parties, "together": self._together(name)}

    def _party(self, i: int) -> dict[str, Any]:
        party = self.parties[i]
        spread, told = self.spread(party), self.sensitivity(party)
        found: dict[str, Any] = {
            **spread.to_dict(),
            "kind": self.kinds[i],
            "probability_of_gain": round(spread.gain, 4),
            "probability_of_loss": round(spread.loss, 4),
            "value_of_knowing": round(spread.value_of_knowing, 3),
            "explained": told.explained,
            "sensitivity": {
                item.id: {"first": round(float(first), 4), "total": round(float(total), 4)}
                for item, first, total in zip(self.inputs, told.first, told.total, strict=True)
            },
        }
        if self.legs is not None:
            found["legs"] = {
                leg.id: Spread(self.legs[:, k, i]).told()
                for k, leg in enumerate(self.scenario.legs)
            }
        return found


def uncertain(
    record: Record,
    chain: Chain,
    name: str,
    *,
    draws: int = 128,
    seed: int = 1,
    legs: bool = False,
    alone: Sequence[str] = (),
    world: World = CENTRAL,
    spare: float = 1.0,
    then: Record | None = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Uncertain:
    """Return the worth of the scenario ``name`` (or of the agreement of that name) over draws.

    Raises :class:`DataError` as :func:`worth.worth` does, and as :func:`uncertain_of`.
    """
    scenario, left_out = scenario_then(record, chain, name, then)
    found = uncertain_of(
        scenario,
        chain,
        draws=draws,
        seed=seed,
        legs=legs,
        alone=alone,
        world=world,
        spare=spare,
        on=on,
        workers=workers,
        progress=progress,
        store=store,
    )
    return replace(found, left_out=left_out)


def uncertain_of(
    scenario: Scenario,
    chain: Chain,
    *,
    draws: int = 128,
    seed: int = 1,
    legs: bool = False,
    alone: Sequence[str] = (),
    world: World = CENTRAL,
    spare: float = 1.0,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Uncertain:
    """Return the worth of a scenario over ``draws`` Sobol' points of all its inputs at once.

    The same seed gives the same draws, and the first of more draws are those of fewer. ``legs``
    also finds what each leg alone would bring, ``alone`` the same of parts named as :func:`part`
    has them, in the same draws; ``world`` has floors or entry, its calibration is an input;
    ``spare`` multiplies the capacity of all sellers outside the agreement (what each lifts in the
    draw is the least). A draw whose equilibrium cannot be certified is left out and told in
    ``failures``. With ``store`` draws are kept in that folder as :func:`batch` does.

    Raises :class:`ModelError` for fewer than eight draws, a scenario without an uncertain input or
    a ``spare`` that is not above zero, :class:`DataError` for a part that there is not or a store
    that was begun for something else, :class:`BatchError` where more than half of the draws fail.
    """
    inputs = inputs_of(scenario, chain)
    must_be_drawn(draws, inputs, spare, f"scenario {scenario.id} has no input with a range")
    parts = [Part("", tuple(right.id for right in scenario.rights()))]
    parts += [part(scenario, leg.id) for leg in scenario.legs] if legs else []
    parts += [part(scenario, name) for name in alone]
    unit = points(len(inputs), draws, seed)
    values = np.array([[item.at(u) for item, u in zip(inputs, row, strict=True)] for row in unit])
    shared = _Draws(scenario, chain, inputs, world, tuple(parts), spare, chain.ensemble_hash)
    # A store may hold draws of several seeds: the key says which point it is.
    names = [f"seed {seed} draw {k}" for k in range(draws)]
    items = dict(zip(names, map(tuple, values.tolist()), strict=True))
    found = batch(
        _draw, items, shared=shared, on=on, workers=workers, progress=progress, store=store
    )
    done = [k for k in range(draws) if names[k] in found.results]
    if 2 * len(done) < draws:
        raise BatchError(found.failures)
    drawn = [_Drawn.of(found.results[names[k]], len(parts)) for k in done]
    groups = Groups(scenario, chain, tuple(sorted({p for item in drawn for p in item.gains[0]})))
    worth = np.array([groups.vector(item.gains[0]) for item in drawn])
    each = np.array([[groups.vector(g) for g in item.gains[1:]] for item in drawn])
    count = len(parts) - 1 - len(alone)
    nodes = [row["name"] for row in chain.rows("nodes") if row["region"] == "Europe"]
    prices = pd.DataFrame([item.prices for item in drawn])
    return Uncertain(
        scenario=scenario,
        inputs=inputs,
        points=unit[done],
        parties=groups.names,
        kinds=groups.kinds,
        worth=worth,
        prices={n: prices[n].to_numpy() for n in nodes or prices.columns if n in prices},
        legs=each[:, :count] if legs else None,
        alone={name: each[:, count + i] for i, name in enumerate(alone)},
        world=world,
        spare=spare,
        seed=seed,
        asked=draws,
        failures=tuple(
            {"draw": names.index(key), "reason": str(error)}
            for key, error in found.failures.items()
        ),
        max_violation=max(item.violation for item in drawn),
        chain=chain.hash,
        calibrations=chain.ensemble_hash,
    )


def inputs_of(scenario: Scenario, chain: Chain) -> tuple[Input, ...]:
    """Every term and market input with a range, then the calibrations where there are several."""
    named = {right.id: right.name for right in scenario.rights()}
    found = [
        Input(p.id, p.low, p.high, p.unit, right_name=named.get(p.id.rpartition(".")[0], {}))
        for p in (*scenario.parameters().values(), *scenario.inputs.values())
        if p.high > p.low
    ]
    return (*found, *_calibrations(chain))


def _calibrations(chain: Chain) -> tuple[Input, ...]:
    several = len(chain.calibrations) > 1
    return (Input(CALIBRATION, 0.0, 0.0, "", chain.calibrations),) if several else ()


def market_inputs(scenario: Scenario | None, chain: Chain) -> tuple[Input, ...]:
    """The inputs that move the market, whoever signs what: factors of a scenario, calibrations."""
    if scenario is None:
        return _calibrations(chain)
    found = inputs_of(scenario, chain)
    return tuple(item for item in found if item.id in scenario.inputs or item.choices)


def points(dimension: int, draws: int, seed: int) -> Array:
    """Return the first ``draws`` scrambled Sobol' points of a unit cube.

    Raises :class:`ModelError` for a seed below zero.
    """
    from scipy.stats import qmc

    if seed < 0:
        raise ModelError(f"the seed of the draws is 0 or more, not {seed}")

    sampler = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(seed))
    points: Array = sampler.random_base2(max(math.ceil(math.log2(draws)), 0))[:draws]
    return points


# One draw


@dataclass(frozen=True)
class _Draws:
    scenario: Scenario
    chain: Chain
    inputs: tuple[Input, ...]
    world: World
    parts: tuple[Part, ...]
    spare: float
    ensemble: str  # for the store: the hash of the chain leaves its calibrations out


@dataclass(frozen=True)
class _Drawn:
    """Gains by party of each part; price changes of the first by node in per cent."""

    gains: tuple[dict[str, float], ...]
    prices: dict[str, float]
    violation: float

    def row(self) -> dict[str, float]:
        """The draw as a row that a store can keep."""
        row = {f"price in {node}": x for node, x in self.prices.items()}
        for k, gains in enumerate(self.gains):
            row |= {f"{k} gain of {party}": x for party, x in gains.items()}
        return {"violation": self.violation, **row}

    @classmethod
    def of(cls, row: Mapping[str, float], parts: int) -> _Drawn:
        """The draw of a row."""
        gains: list[dict[str, float]] = [{} for _ in range(parts)]
        prices: dict[str, float] = {}
        for name, x in row.items():
            if name.startswith("price in "):
                prices[name.removeprefix("price in ")] = x
            elif name != "violation":
                k, _, party = name.partition(" gain of ")
                gains[int(k)][party] = x
        return cls(tuple(gains), prices, row["violation"])


def _draw(shared: _Draws, values: Sequence[float]) -> dict[str, float]:
    scenario = shared.scenario
    chain, told = market_of(shared.chain, shared.inputs, values)
    firms = [party.firm for party in scenario.parties]
    states = sorted({party.state for party in scenario.parties})
    if shared.spare != 1:
        chain = resized(chain, firms, others=shared.spare)
    views = Views(chain, shared.world, firms, states)
    base = views.base
    without = views.payoffs_of(base)
    violation = float(base.certificate.max_violation)
    gains: list[dict[str, float]] = []
    prices: dict[str, float] = defaultdict(float)
    for k, one in enumerate(shared.parts):
        total: dict[str, float] = defaultdict(float)
        signed = scenario.only(one.rights)
        known = signed.parameters()
        settings = {name: x for name, x in told.items() if name in known} | dict(one.settings)
        for branch in branches(signed, views.chain, settings=settings):
            found = views.solve(branch.edits)
            violation = max(violation, float(found.certificate.max_violation))
            payoffs = views.payoffs_of(found, branch.outlays)
            for party in {*payoffs, *without}:
                gain = payoffs.get(party, 0.0) - without.get(party, 0.0)
                total[party] += branch.probability * gain
            if k == 0:
                change = 100 * (found.prices / base.prices - 1)
                for node, x in change.items():
                    prices[str(node)] += branch.probability * float(x)
        gains.append(dict(sorted(total.items())))
    return _Drawn(tuple(gains), dict(prices), violation).row()


def enough(draws: int) -> None:
    """Raise ModelError for too few draws, or for more than fit into memory."""
    if draws < LEAST:
        raise ModelError(f"at least {LEAST} draws are wanted, not {draws}")
    if draws > MOST:
        raise ModelError(f"at most {MOST} draws are made, not {draws}")


def must_be_drawn(draws: int, inputs: Sequence[Input], spare: float, without: str) -> None:
    """Raise ModelError (``without``: where there is no input) for what cannot be drawn."""
    enough(draws)
    if not inputs:
        raise ModelError(without)
    if not (math.isfinite(spare) and spare > 0):
        raise ModelError(f"the capacity of others is multiplied by more than 0, not by {spare:g}")


def market_of(
    chain: Chain, inputs: Sequence[Input], values: Sequence[float]
) -> tuple[Chain, dict[str, float]]:
    """The chain of a draw: its calibration, its factors; and the inputs that are terms of legs."""
    told = {item.id: x for item, x in zip(inputs, values, strict=True)}
    for item in inputs:
        if item.choices:
            chain = chain.calibrated(item.choices[int(told.pop(item.id))])
    return scaled(chain, {name: told.pop(name) for name in INPUTS if name in told}), told


def scaled(chain: Chain, factors: Mapping[str, float]) -> Chain:
    """Return the chain with every free market's demand, price level or elasticity, every cost of
    lifting, or every seller's conduct multiplied; conduct stays between 0 and 1.

    Raises :class:`ModelError` for another name.
    """
    tables = {
        name: [dict(row) for row in chain.rows(name)]
        for name in ("markets", "fields", "conduct", "firms")
    }
    for name, factor in factors.items():
        match name:
            case "demand" | "price_level" | "elasticity":
                column = {"demand": "reference_quantity", "price_level": "reference_price"}
                for row in tables["markets"]:
                    if not row["supplier"]:
                        row[column.get(name, name)] *= factor
            case "field_costs":
                for row in tables["fields"]:
                    for part in ("a", "b", "g"):
                        row[part] *= factor
            case "conduct":
                for row in tables["conduct"]:
                    row["theta"] = min(row["theta"] * factor, 1.0)
                for row in tables["firms"]:
                    row["conduct"] = min(row["conduct"] * factor, 1.0)
            case _:
                raise ModelError(f"no input is called {name!r}")
    return chain.with_rows(tables)
