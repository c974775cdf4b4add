"""Find the few calibrated numbers: least squares on trade, exporters' totals and prices of 2010.

The residuals are damped (soft l1), so that cells which no small set of numbers can reproduce, such
as cargoes that follow a single contract, do not pull the rest. The starting values and the method
are fixed, so that a second run on the same machine gives the same numbers; they are stored with
three digits. A weak pull to the starting values keeps numbers that trade does not identify, such
as the user cost of a seller whose capacity binds, from drifting.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from gas import build, demand
from gas.sources import SOURCES
from mithaq import Chain, MithaqError, solve
from mithaq.equilibrium.fit import Fit, fit

PAIR = 1.5  # bcm that count as one unit of error in a cell
EXPORTER = {"Russia": 0.02, "Algeria": 0.02, "Norway": 0.02}
OTHER_EXPORTER = 0.10
PRICE = {
    "Italy": 0.02,
    "Germany": 0.03,
    "France": 0.03,
    "Spain": 0.03,
    "United Kingdom": 0.03,
    "Netherlands": 0.04,
    "Ukraine": 0.05,
}
OTHER_PRICE = 0.10
COST_SCALE = 100.0  # user costs are searched in hundreds of USD per 1000 m3
LEAST_CONDUCT, MOST_USER_COST = 0.02, 3.0
ROUNDS = 20
PULL = 1.0

Vector = NDArray[np.float64]


def chain_of(base: build.Fixed, name: str, values: Mapping[str, float]) -> Chain:
    """The chain of one calibration, as the shipped tables would give it."""
    built = build.tables(base, {build.BASE: values, name: values})
    frames = {key: pd.DataFrame(rows) for key, rows in built.items()}
    return Chain.from_tables(frames).calibrated(name)


def errors(found: Fit, chain_prices: Mapping[str, tuple[float, float]]) -> Vector:
    """Residuals, each in units of what would still be fine."""
    parts = [(model - seen) / PAIR for model, seen in found.pairs.values()]
    parts += [
        (model / seen - 1) / EXPORTER.get(name, OTHER_EXPORTER)
        for name, (model, seen) in found.exporters.items()
    ]
    parts += [
        (model / seen - 1) / PRICE.get(node, OTHER_PRICE)
        for node, (model, seen) in chain_prices.items()
    ]
    return np.array(parts)


class _Search:
    def __init__(self, base: build.Fixed, name: str, start: Vector) -> None:
        self.base, self.name, self.start = base, name, start
        self.last: Vector | None = None

    def values(self, x: Vector, exact: bool = False) -> dict[str, float]:
        found = {}
        for parameter, entry in zip(build.START, x, strict=True):
            scale = scale_of(parameter)
            value = float(entry) * scale
            found[parameter] = value if exact else round(value, 3 if scale == 1 else 1)
        return found

    def __call__(self, x: Vector) -> Vector:
        try:
            chain = chain_of(self.base, self.name, self.values(x, exact=True))
            equilibrium = solve(chain)
        except MithaqError:
            if self.last is None:
                raise
            return self.last  # a step that cannot be certified is no step
        found = fit(equilibrium)
        self.last = np.append(errors(found, found.prices), PULL * (x - self.start))
        return self.last


def scale_of(parameter: str) -> float:
    """What a searched number is multiplied by."""
    return COST_SCALE if parameter.startswith("user cost") else 1.0


def calibrate(base: build.Fixed, name: str, start: Mapping[str, float]) -> dict[str, float]:
    """The numbers of one calibration, rounded as they are stored."""
    first = np.array([start[key] / scale_of(key) for key in build.START])
    low = np.array([0.0 if scale_of(key) > 1 else LEAST_CONDUCT for key in build.START])
    high = np.array([MOST_USER_COST if scale_of(key) > 1 else 1.0 for key in build.START])
    inside = np.clip(first, low + 1e-3, high - 1e-3)
    search = _Search(base, name, inside)
    answer = least_squares(
        search, inside, bounds=(low, high), loss="soft_l1", diff_step=0.02, max_nfev=ROUNDS
    )
    return search.values(answer.x)


def calibrate_all(base: build.Fixed) -> None:
    """Find the numbers of every calibration and store them in choices/calibration.csv."""
    found: dict[str, dict[str, float]] = {}
    for name, mean in build.MEAN_ELASTICITIES.items():
        scale = mean / demand.MEAN_ELASTICITY
        before = found.get(build.BASE, build.START)
        start = {
            key: value if scale_of(key) > 1 else min(value * scale, 1.0)
            for key, value in before.items()
        }
        found[name] = calibrate(base, name, start)
        print(name, found[name])
    with (SOURCES / "choices" / "calibration.csv").open(
        "w", encoding="utf-8", newline=""
    ) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["calibration", "parameter", "value"])
        for name, values in found.items():
            writer.writerows([name, key, value] for key, value in values.items())
