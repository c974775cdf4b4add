"""How well an equilibrium reproduces the trade and the prices that were observed.

Measured on a stated mask: trade by country of origin, exporter ≠ importer, the ten main exporters
into Europe, cells observed in that year (missing is not zero). The error is
WAPE = sum |model - observed| / sum observed over those cells.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mithaq.chain import Chain
from mithaq.chain.reading import key_of
from mithaq.chain.schema import table_schema
from mithaq.equilibrium.result import Equilibrium
from mithaq.errors import ModelError

__all__ = ["MAIN_EXPORTERS", "Fit", "calibrated_parameters", "fit", "wape"]

MAIN_EXPORTERS = (
    "Russia",
    "Algeria",
    "Norway",
    "Netherlands",
    "United Kingdom",
    "Libya",
    "Qatar",
    "Nigeria",
    "Egypt",
    "Trinidad and Tobago",
)
EUROPE = "Europe"
MARK = "calibrated: "
CALIBRATED_COLUMN = {  # table: the column of which its notes speak
    "conduct": "theta",
    "fields": "user_cost",
    "markets": "elasticity",
}

FORECASTS = ("unchanged", "scaled")  # without economics

Pair = tuple[str, str]
Matrix = dict[Pair, float]


@dataclass(frozen=True, slots=True)
class Fit:
    """The equilibrium beside what was observed in ``year``; volumes bcm, prices USD/1000 m3.

    ``pairs`` holds (exporter, importer): (model, observed) for every cell of the mask,
    ``exporters`` their sums, ``prices`` node: (model, observed). ``parameters`` counts the
    calibrated numbers behind the model. ``benchmarks`` are errors of forecasts that know no
    economics, None where the chain holds no other year:

    - ``unchanged``: the trade of the other year, as it was;
    - ``scaled``: that trade, each importer's column scaled to what it imported in ``year``;
    - ``ras``: that trade fitted to the true totals of exporters and importers of ``year``: a floor,
      no forecast.

    ``forecasts`` are the exporters' totals (bcm) by the first two of these, but for an exporter
    to an importer that is left out.

    The other year is the nearest one in the table ``observed``, the earlier of two equally near.
    Benchmarks leave out importers of which that year holds nothing; among the others a cell
    without an entry counts as zero.
    """

    year: int
    wape: float
    exporters: Mapping[str, tuple[float, float]]
    pairs: Mapping[Pair, tuple[float, float]]
    prices: Mapping[str, tuple[float, float]]
    parameters: int
    benchmarks: Mapping[str, float | None]
    forecasts: Mapping[str, Mapping[str, float]]
    other_year: int | None = None
    region: str = EUROPE  # of the importers; empty: all countries

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``mithaq market --json`` prints them under ``fit``."""
        return {
            "year": self.year,
            "wape": self.wape,
            "exporters": [
                {"exporter": name, "model": model, "observed": seen}
                | {kind: self.forecasts.get(kind, {}).get(name) for kind in FORECASTS}
                for name, (model, seen) in self.exporters.items()
            ],
            "pairs": [
                {"exporter": key[0], "importer": key[1], "model": model, "observed": seen}
                for key, (model, seen) in self.pairs.items()
            ],
            "prices": [
                {"node": node, "model": model, "observed": seen}
                for node, (model, seen) in self.prices.items()
            ],
            "parameters": self.parameters,
            "benchmarks": dict(self.benchmarks),
            "other_year": self.other_year,
            "region": self.region,
        }


def fit(equilibrium: Equilibrium, year: int = 2010, exporters: Sequence[str] | None = None) -> Fit:
    """Compare an equilibrium with the observed trade and prices of its chain.

    ``exporters`` are the countries of the mask: by default the ten main ones into Europe, or the
    ten largest of the table ``observed`` where none of these is in it. Importers are the countries
    of the nodes of region Europe, or all countries where no node is said to lie there. A firm's
    sales count for its home country, whatever country it lifted the gas in.

    Raises ModelError where the chain holds no observed trade of ``year`` on that mask, and
    SolveError where the equilibrium is not solved.

    >>> import mithaq
    >>> found = fit(mithaq.solve(mithaq.Chain.shipped(2010)), 2010)
    >>> round(found.wape, 2), found.parameters
    (0.15, 18)
    """
    chain = equilibrium.chain
    importers = _importers(chain)
    chosen = tuple(exporters) if exporters is not None else _main_exporters(chain, year, importers)
    observed = _observed(chain, year, chosen, importers)
    if not observed:
        raise ModelError(f"no trade of {year} is observed among {', '.join(chosen) or 'exporters'}")
    sold = _modelled(equilibrium)
    model = {pair: sold.get(pair, 0.0) for pair in observed}
    other = _other_year(chain, year)
    benchmarks, forecasts = _benchmarks(chain, observed, other, chosen, importers)
    return Fit(
        year=year,
        wape=wape(model, observed),
        exporters={
            name: (_of(model, name), _of(observed, name))
            for name in chosen
            if any(pair[0] == name for pair in observed)
        },
        pairs={pair: (model[pair], observed[pair]) for pair in sorted(observed)},
        prices=_prices(equilibrium, year),
        parameters=len(calibrated_parameters(chain)),
        benchmarks=benchmarks,
        forecasts=forecasts,
        other_year=other,
        region=EUROPE if any(row["region"] == EUROPE for row in chain.rows("nodes")) else "",
    )


def wape(model: Mapping[Pair, float], observed: Mapping[Pair, float]) -> float:
    """Sum of |model - observed| over the sum of observed, on the cells of ``observed``.

    >>> wape({("A", "B"): 3.0}, {("A", "B"): 4.0})
    0.25
    """
    missed = sum(abs(model.get(pair, 0.0) - seen) for pair, seen in observed.items())
    return missed / sum(observed.values())


def calibrated_parameters(chain: Chain) -> tuple[str, ...]:
    """Names of the calibrated numbers: what the notes of conduct, fields and markets call so.

    A note "calibrated: NAME" says that a cell of its row takes the number NAME; cells that share a
    name share the number, so that the count of names is the count of parameters. In a chain with
    the cells of a calibration the notes of that calibration stand in place of theirs.
    """
    cells = [row for row in chain.rows("calibrations") if row["calibration"] == chain.calibration]
    return parameter_names(chain, cells if chain.calibration else ())


def parameter_names(chain: Chain, cells: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Names of the calibrated numbers of a chain in which a calibration has set ``cells``.

    ``cells`` are rows of the table ``calibrations``.
    """
    labels = {
        (table, key_of(table_schema(table), row)): labels_of(row["note"])
        for table in CALIBRATED_COLUMN
        for row in chain.rows(table)
    }
    names: list[str] = []
    for row in cells:
        if CALIBRATED_COLUMN.get(row["table"]) == row["column"]:
            labels.pop((row["table"], row["row"]), None)
        names += labels_of(row["note"])
    return tuple(sorted({*names, *(name for found in labels.values() for name in found)}))


def labels_of(note: str) -> list[str]:
    """Names of the calibrated numbers in a note.

    >>> labels_of("first step of the curve; calibrated: user cost: NLNG")
    ['user cost: NLNG']
    """
    parts = (part.strip() for part in str(note).split(";"))
    return [part.removeprefix(MARK) for part in parts if part.startswith(MARK)]


def _country(chain: Chain) -> dict[str, str]:
    return {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}


def _importers(chain: Chain) -> set[str]:
    country = _country(chain)
    nodes = chain.rows("nodes")
    inside = {country[row["name"]] for row in nodes if row["region"] == EUROPE}
    return inside or set(country.values())


def _main_exporters(chain: Chain, year: int, importers: set[str]) -> tuple[str, ...]:
    volume: dict[str, float] = defaultdict(float)
    for row in chain.rows("observed"):
        if int(row["year"]) == year and row["importer"] in importers:
            volume[row["exporter"]] += row["bcm"]
    named = tuple(name for name in MAIN_EXPORTERS if name in volume)
    return named or tuple(sorted(volume, key=lambda name: (-volume[name], name))[:10])


def _observed(chain: Chain, year: int, exporters: Iterable[str], importers: set[str]) -> Matrix:
    chosen = set(exporters)
    found: Matrix = defaultdict(float)
    for row in chain.rows("observed"):
        pair = (row["exporter"], row["importer"])
        inside = pair[0] in chosen and pair[1] in importers and pair[0] != pair[1]
        if int(row["year"]) == year and inside:
            found[pair] += row["bcm"]
    return dict(found)


def _modelled(equilibrium: Equilibrium) -> Matrix:
    country = _country(equilibrium.chain)
    home = {row["name"]: row["home"] for row in equilibrium.chain.rows("firms")}
    found: Matrix = defaultdict(float)
    delivered = equilibrium.deliveries
    for firm, node, bcm in zip(delivered["firm"], delivered["node"], delivered["bcm"], strict=True):
        found[home[firm], country[node]] += float(bcm)
    return dict(found)


def _of(cells: Matrix, exporter: str) -> float:
    return sum(bcm for pair, bcm in cells.items() if pair[0] == exporter)


def _prices(equilibrium: Equilibrium, year: int) -> dict[str, tuple[float, float]]:
    prices = equilibrium.prices
    return {
        row["node"]: (float(prices[row["node"]]), float(row["price"]))
        for row in equilibrium.chain.rows("prices_observed")
        if int(row["year"]) == year and row["node"] in prices.index
    }


def _other_year(chain: Chain, year: int) -> int | None:
    years = {int(row["year"]) for row in chain.rows("observed")} - {year}
    return min(years, key=lambda other: (abs(other - year), other), default=None)


def _benchmarks(
    chain: Chain,
    observed: Matrix,
    other: int | None,
    exporters: Sequence[str],
    importers: set[str],
) -> tuple[dict[str, float | None], dict[str, dict[str, float]]]:
    """Errors of forecasts without economics, and the exporters' totals of those that are such."""
    before = {} if other is None else _observed(chain, other, exporters, importers)
    reported = {importer for _, importer in before}
    target = {pair: bcm for pair, bcm in observed.items() if pair[1] in reported}
    if not target:
        return dict.fromkeys((*FORECASTS, "ras")), {}
    found = dict(zip(FORECASTS, (before, _scaled(before, target, 1)), strict=True))
    errors = {kind: wape(cells, target) for kind, cells in found.items()}
    partly = {pair[0] for pair in observed if pair not in target}
    totals = {
        kind: {name: _of(cells, name) for name in exporters if name not in partly}
        for kind, cells in found.items()
    }
    return {**errors, "ras": wape(_ras(before, target), target)}, totals


def _scaled(cells: Matrix, target: Matrix, side: int) -> Matrix:
    """``cells`` scaled so that the sums of exporters (side 0) or importers (1) are the target's."""
    have: dict[str, float] = defaultdict(float)
    want: dict[str, float] = defaultdict(float)
    for pair, bcm in cells.items():
        have[pair[side]] += bcm
    for pair, bcm in target.items():
        want[pair[side]] += bcm
    return {
        pair: bcm * want[pair[side]] / have[pair[side]] if have[pair[side]] > 0 else 0.0
        for pair, bcm in cells.items()
    }


def _ras(cells: Matrix, target: Matrix, rounds: int = 500) -> Matrix:
    """Biproportional fitting (Deming and Stephan 1940); ends at the importers' totals."""
    fitted = dict(cells)
    for _ in range(rounds):
        after = _scaled(_scaled(fitted, target, 0), target, 1)
        if all(math.isclose(after[pair], fitted[pair], abs_tol=1e-9) for pair in after):
            break
        fitted = after
    return fitted
