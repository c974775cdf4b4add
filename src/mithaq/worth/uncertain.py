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
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from mithaq.chain import Chain
from mithaq.chain.hindsight import Unknown
from mithaq.chain.legs import branches
from mithaq.chain.scenarios import Scenario
from mithaq.errors import BatchError, ModelError
from mithaq.record import Record
from mithaq.worth.agreement import scenario_then
from mithaq.worth.batch import Progress, Where, batch
from mithaq.worth.chaos import Sensitivity, sensitivity
from mithaq.worth.groups import Groups
from mithaq.worth.plan import CENTRAL, Views, World

__all__ = ["Input", "Spread", "Uncertain", "scaled", "uncertain", "uncertain_of"]

Array = NDArray[np.float64]
CALIBRATION = "calibration"
LEAST = 8
#: A worth below this (million USD a year) is no gain.
_NOISE = 1e-3


@dataclass(frozen=True)
class Input:
    """An uncertain input: uniform between ``low`` and ``high``, or one of ``choices`` alike."""

    id: str
    low: float
    high: float
    unit: str
    choices: tuple[str, ...] = ()

    def at(self, u: float) -> float:
        """The value at a point of the unit interval, or the place of the choice."""
        if self.choices:
            return float(min(int(u * len(self.choices)), len(self.choices) - 1))
        return self.low + u * (self.high - self.low)

    def to_dict(self) -> dict[str, Any]:
        """The input as plain values."""
        found: dict[str, Any] = {"id": self.id, "unit": self.unit}
        if self.choices:
            return {**found, "choices": list(self.choices)}
        return {**found, "low": self.low, "high": self.high}


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


@dataclass(frozen=True)
class Uncertain:
    """Worth over draws. ``worth``: (draws, parties); ``prices``: change in %, by node; ``legs``:
    gain of each leg alone, (draws, legs, parties), where asked for.
    """

    scenario: Scenario
    inputs: tuple[Input, ...]
    points: Array
    parties: tuple[str, ...]
    kinds: tuple[str, ...]
    worth: Array
    prices: Mapping[str, Array]
    legs: Array | None
    world: World
    seed: int
    asked: int
    failures: tuple[dict[str, Any], ...]
    max_violation: float
    chain: str
    left_out: tuple[Unknown, ...] = ()

    def spread(self, party: str) -> Spread:
        """How the worth to a party is spread. Raises ModelError for another."""
        if party not in self.parties:
            raise ModelError(f"no party {party!r}; there are {', '.join(self.parties)}")
        return Spread(self.worth[:, self.parties.index(party)])

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
            "inputs": [item.to_dict() for item in self.inputs],
            "parties": {party: self._party(i) for i, party in enumerate(self.parties)},
            "prices": {
                node: {
                    **Spread(change).to_dict(4),
                    "probability_of_rise": round(float((change > 1e-6).mean()), 4),
                }
                for node, change in self.prices.items()
            },
            "failures": [dict(item) for item in self.failures],
            "max_violation": self.max_violation,
            "chain": self.chain,
            "left_out": [right.to_dict() for right in self.left_out],
        }

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
                leg.id: {
                    **Spread(self.legs[:, k, i]).to_dict(),
                    "probability_of_gain": round(Spread(self.legs[:, k, i]).gain, 4),
                }
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
    world: World = CENTRAL,
    then: Record | None = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
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
        world=world,
        on=on,
        workers=workers,
        progress=progress,
    )
    return replace(found, left_out=left_out)


def uncertain_of(
    scenario: Scenario,
    chain: Chain,
    *,
    draws: int = 128,
    seed: int = 1,
    legs: bool = False,
    world: World = CENTRAL,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Uncertain:
    """Return the worth of a scenario over ``draws`` Sobol' points of all its inputs at once.

    The same seed gives the same draws, and the first of more draws are those of fewer. ``legs``
    also finds what each leg alone would bring; ``world`` has floors or entry, its calibration is
    an input. A draw whose equilibrium cannot be certified is left out and told in ``failures``.

    Raises :class:`ModelError` for fewer than eight draws or a scenario without an uncertain input,
    :class:`BatchError` where more than half of the draws fail.
    """
    inputs = inputs_of(scenario, chain)
    if draws < LEAST:
        raise ModelError(f"at least {LEAST} draws are wanted, not {draws}")
    if not inputs:
        raise ModelError(f"scenario {scenario.id} has no input with a range")
    unit = _unit_points(len(inputs), draws, seed)
    values = np.array([[item.at(u) for item, u in zip(inputs, row, strict=True)] for row in unit])
    shared = _Draws(scenario, chain, inputs, world, legs)
    items = {f"draw {k}": tuple(row) for k, row in enumerate(values.tolist())}
    found = batch(_draw, items, shared=shared, on=on, workers=workers, progress=progress)
    done = [k for k in range(draws) if f"draw {k}" in found.results]
    if 2 * len(done) < draws:
        raise BatchError(found.failures)
    drawn = [found.results[f"draw {k}"] for k in done]
    groups = Groups(scenario, chain, tuple(sorted({p for item in drawn for p in item.gains[0]})))
    worth = np.array([groups.vector(item.gains[0]) for item in drawn])
    alone = np.array([[groups.vector(g) for g in item.gains[1:]] for item in drawn])
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
        legs=alone if legs else None,
        world=world,
        seed=seed,
        asked=draws,
        failures=tuple(
            {"draw": int(key.removeprefix("draw ")), "reason": str(error)}
            for key, error in found.failures.items()
        ),
        max_violation=max(item.violation for item in drawn),
        chain=chain.hash,
    )


def inputs_of(scenario: Scenario, chain: Chain) -> tuple[Input, ...]:
    """Every term and market input with a range, then the calibrations where there are several."""
    found = [
        Input(p.id, p.low, p.high, p.unit)
        for p in (*scenario.parameters().values(), *scenario.inputs.values())
        if p.high > p.low
    ]
    if len(chain.calibrations) > 1:
        found.append(Input(CALIBRATION, 0.0, 0.0, "", chain.calibrations))
    return tuple(found)


def _unit_points(dimension: int, draws: int, seed: int) -> Array:
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
    legs: bool


@dataclass(frozen=True)
class _Drawn:
    """Gains by party of all legs, then of each leg alone; price changes by node in per cent."""

    gains: tuple[dict[str, float], ...]
    prices: dict[str, float]
    violation: float


def _draw(shared: _Draws, values: Sequence[float]) -> _Drawn:
    scenario = shared.scenario
    told = {item.id: x for item, x in zip(shared.inputs, values, strict=True)}
    chain = shared.chain
    for item in shared.inputs:
        if item.choices:
            chain = chain.calibrated(item.choices[int(told.pop(item.id))])
    market = {name: told.pop(name) for name in scenario.inputs if name in told}
    firms = [party.firm for party in scenario.parties]
    states = sorted({party.state for party in scenario.parties})
    views = Views(scaled(chain, market), shared.world, firms, states)
    base = views.base
    sets: list[frozenset[str] | None] = [None]
    sets += [frozenset([leg.id]) for leg in scenario.legs] if shared.legs else []
    without = views.payoffs_of(base)
    violation = float(base.certificate.max_violation)
    gains: list[dict[str, float]] = []
    prices: dict[str, float] = defaultdict(float)
    for legs in sets:
        total: dict[str, float] = defaultdict(float)
        for branch in branches(scenario, views.chain, legs=legs, settings=told):
            found = views.solve(branch.edits)
            violation = max(violation, float(found.certificate.max_violation))
            payoffs = views.payoffs_of(found, branch.outlays)
            for party in {*payoffs, *without}:
                gain = payoffs.get(party, 0.0) - without.get(party, 0.0)
                total[party] += branch.probability * gain
            if legs is None:
                change = 100 * (found.prices / base.prices - 1)
                for node, x in change.items():
                    prices[str(node)] += branch.probability * float(x)
        gains.append(dict(total))
    return _Drawn(tuple(gains), dict(prices), violation)


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
