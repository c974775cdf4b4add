"""Find the calibrated numbers again and store them: ``mithaq.calibrate`` on the chain of 2010.

The starting values and the method are fixed, so that a second run on the same machine gives the
same numbers. Each lean calibration starts from the one before, the full one from ``lean``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

import pandas as pd

from gas import build, demand
from gas.sources import CELLS_OF, SOURCES
from mithaq import Chain, calibrate


def chain_of(year: str, name: str, parameters: Mapping[str, Mapping[str, float]]) -> Chain:
    """The chain of a year under one calibration, as the shipped tables give it."""
    built = build.tables(build.fixed(year), parameters)
    frames = {key: pd.DataFrame(rows) for key, rows in built.items() if rows}
    return Chain.from_tables(frames).calibrated(name)


def calibrate_all() -> None:
    """Find the numbers of every calibration and store them in choices/calibration.csv."""
    year = int(CELLS_OF)
    found: dict[str, dict[str, float]] = {}
    for name, mean in build.MEAN_ELASTICITIES.items():
        scale = mean / demand.MEAN_ELASTICITY
        before = found.get(build.BASE, build.START)
        start = {
            key: value if key.startswith("user cost") else min(value * scale, 1.0)
            for key, value in before.items()
        }
        chain = chain_of(CELLS_OF, name, {build.BASE: start, name: start})
        found[name] = dict(calibrate(chain, "lean", year).values)
        print(name, found[name])
    chain = chain_of(CELLS_OF, build.BASE, {build.BASE: found[build.BASE]})
    full = calibrate(chain, "full", year)
    found[build.FULL] = dict(full.values)
    print(build.FULL, full.before.wape, full.after.wape)
    with (SOURCES / "choices" / "calibration.csv").open(
        "w", encoding="utf-8", newline=""
    ) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["calibration", "parameter", "value"])
        for name, values in found.items():
            writer.writerows([name, key, value] for key, value in values.items())
