"""Calibrate: find the numbers of a recipe that bring a chain closest to what was observed.

The lean recipe is a damped least-squares search (Branch, Coleman and Li 1999, as in SciPy) with a
scan of those numbers to which trade and prices do not answer where the search ends. The full one
uses that a seller's condition is linear in its adder: at what was observed

    adder = P - theta beta s - value of gas,

so that a few rounds of solving and setting the adders end where every cell is met, or a bound is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

from mithaq.chain import Chain, Change
from mithaq.equilibrium.fit import Fit, fit, parameter_names
from mithaq.equilibrium.recipes import NOMINATED, Cell, Move, Objective, Recipe, recipe_of
from mithaq.equilibrium.result import Equilibrium, solve
from mithaq.equilibrium.slots import slots
from mithaq.errors import MithaqError

__all__ = ["Calibration", "calibrate", "observed_sales"]

Vector = NDArray[np.float64]
EVALUATIONS = 100  # at most, of the errors at a step, in one search by slopes
SETTLES = 1e-4  # which ends where a step betters the objective by less than this share
INSIDE = 1e-3  # of the scale of a number: how far within its bounds a search starts
NEAR, NOTHING = 0.02, 1e-3  # a step (of the scale) that moves no error by more is flat
GRID, BETTER, SCANS = 31, 1e-3, 5  # points of a scan, what counts as better, rounds at most
ROUNDS, SETTLED = 120, 0.05  # of the full recipe: USD/1000 m3
STEP, SHORTER = 0.8, 0.97  # share of a step taken at first, and its decline by round
DIGITS = {"conduct.theta": 3, "conduct.adder": 1, "fields.user_cost": 1}


@dataclass(frozen=True, slots=True)
class Calibration:
    """Numbers found by a recipe, with the fit before and after.

    ``values`` is parameter → number, ``objective`` the sum of squared errors (damped) before and
    after, and ``rows`` the cells as rows of the table ``calibrations``.
    """

    recipe: Recipe
    values: Mapping[str, float]
    before: Fit
    after: Fit
    objective: tuple[float, float]

    @property
    def changes(self) -> tuple[Change, ...]:
        """The cells that differ from the chain, data first."""
        return (*self.recipe.data, *_changes(self.recipe.moves, self.values))

    @property
    def rows(self) -> pd.DataFrame:
        """Rows of the table ``calibrations``, under the name of the recipe."""
        label = {
            (move.table, row, move.column): f"calibrated: {move.parameter}"
            for move in self.recipe.moves
            for row in move.rows
        }
        told = f"data of {self.recipe.year}"
        return pd.DataFrame(
            [
                {
                    "calibration": self.recipe.name,
                    "table": change.table,
                    "row": change.key,
                    "column": change.column,
                    "value": change.value,
                    "source": "assumption: found by calibration",
                    "note": label.get((change.table, change.key, change.column), told),
                }
                for change in self.changes
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values: what ``mithaq calibrate --json`` prints."""
        recipe, goal = self.recipe, self.recipe.objective
        return {
            "recipe": recipe.name,
            "year": recipe.year,
            "objective": {
                "pair": goal.pair,
                "exporter": goal.exporter,
                "main_exporter": goal.main_exporter,
                "price": goal.price,
                "pull": goal.pull,
                "before": self.objective[0],
                "after": self.objective[1],
            },
            "nominated": recipe.nominated,
            "parameters": [
                {
                    "parameter": move.parameter,
                    "table": move.table,
                    "column": move.column,
                    "rows": list(move.rows),
                    "low": move.low,
                    "high": move.high,
                    "start": move.start,
                    "value": self.values[move.parameter],
                }
                for move in recipe.moves
            ],
            "count": len(recipe.moves),
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "rows": self.rows.to_dict("records"),
        }


def calibrate(
    chain: Chain,
    recipe: str = "lean",
    year: int = 2010,
    *,
    objective: Objective | None = None,
    nominated: float = NOMINATED,
) -> Calibration:
    """Find the numbers of a recipe on the trade and prices that were observed in ``year``.

    ``recipe`` is ``lean`` or ``full``, which takes the share ``nominated`` of what was observed as
    sold under the chain's contracts. The chain itself is not changed: ``Calibration.rows`` go
    into its table ``calibrations``, ``Calibration.changes`` into ``Chain.with_edits``.

    Raises ModelError where the chain holds no observed trade of that year or nothing to move, and
    SolveError where it has no equilibrium to begin with.

    >>> import pandas as pd, mithaq
    >>> chain = mithaq.Chain.from_tables({
    ...     "nodes": pd.DataFrame({"name": ["A", "B"]}),
    ...     "firms": pd.DataFrame({"name": ["a"], "home": ["A"]}),
    ...     "fields": pd.DataFrame({"name": ["f"], "node": ["A"], "owners": ["a"],
    ...                             "capacity": [10.0]}),
    ...     "pipelines": pd.DataFrame({"from": ["A"], "to": ["B"], "capacity": [10.0]}),
    ...     "markets": pd.DataFrame({"name": ["B"], "node": ["B"], "reference_quantity": [5.0],
    ...                              "reference_price": [5.0], "elasticity": [-1.0]}),
    ...     "conduct": pd.DataFrame({"firm": ["a"], "market": ["B"]}),
    ...     "observed": pd.DataFrame({"exporter": ["A"], "importer": ["B"], "year": [2010],
    ...                               "mode": ["pipeline"], "bcm": [4.0]}),
    ... })
    >>> found = calibrate(chain, "full")
    >>> found.values
    {'adder: a in B': 2.0}
    >>> round(found.before.wape, 3), round(found.after.wape, 3)
    (0.25, 0.0)
    """
    begun = solve(chain)
    before = fit(begun, year)
    seen = observed_sales(begun, year)
    plan = recipe_of(chain, recipe, year, seen, objective or Objective(), nominated)
    if recipe == "lean":
        values = _lean(chain, plan)
    else:
        values = _adders(chain.with_edits(plan.data), plan, seen)
    after = fit(solve(chain.with_edits((*plan.data, *_changes(plan.moves, values)))), year)
    start = np.array([move.start for move in plan.moves])
    found = np.array([values[move.parameter] for move in plan.moves])
    costs = _cost(_errors(before, plan, start)), _cost(_errors(after, plan, found))
    made = Calibration(plan, values, before, after, costs)
    cells = [{str(key): cell for key, cell in row.items()} for row in made.rows.to_dict("records")]
    count = len(parameter_names(chain, cells))
    return replace(made, after=replace(after, parameters=count))


def observed_sales(equilibrium: Equilibrium, year: int) -> dict[Cell, float]:
    """Observed trade of a year by seller and market, bcm.

    A country with several sellers, or several markets, is split as the model sells there; where it
    sells nothing, evenly among the sellers that may, and by reference demand.
    """
    chain = equilibrium.chain
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    place = {row["name"]: country[row["node"]] for row in chain.rows("markets")}
    size = {row["name"]: row["reference_quantity"] for row in chain.rows("markets")}
    home = {row["name"]: row["home"] for row in chain.rows("firms") if not row["fringe"]}
    sold: dict[Cell, float] = defaultdict(float)
    delivered = equilibrium.deliveries
    for firm, market, bcm in zip(
        delivered["firm"], delivered["market"], delivered["bcm"], strict=True
    ):
        sold[firm, market] += float(bcm)
    may = {(row["firm"], row["market"]) for row in chain.rows("conduct") if row["may_sell"]}
    seen: dict[Cell, float] = defaultdict(float)
    for row in chain.rows("observed"):
        if int(row["year"]) == year:
            seen[row["exporter"], row["importer"]] += row["bcm"]
    found: dict[Cell, float] = defaultdict(float)
    for (exporter, importer), bcm in seen.items():
        cells = [
            (firm, market)
            for firm, at in home.items()
            for market, there in place.items()
            if at == exporter and there == importer and (firm, market) in may
        ]
        weight = {cell: sold.get(cell, 0.0) for cell in cells}
        if sum(weight.values()) <= 0:
            weight = {cell: size[cell[1]] for cell in cells}
        for cell, share in weight.items():
            found[cell] += bcm * share / sum(weight.values())
    return dict(found)


def _changes(moves: tuple[Move, ...], values: Mapping[str, float]) -> list[Change]:
    return [
        Change(move.table, row, move.column, values[move.parameter])
        for move in moves
        for row in move.rows
    ]


def _mean(chain: Chain, values: Mapping[tuple[str, str, int], float]) -> dict[Cell, float]:
    """Time-weighted mean over the slots, by the first two labels."""
    weight = [slot.time for slot in slots(chain)]
    found: dict[Cell, float] = defaultdict(float)
    for (one, other, at), value in values.items():
        found[one, other] += value * weight[at] / sum(weight)
    return dict(found)


def _cell(move: Move) -> Cell:
    firm, _, market = move.rows[0].partition("|")
    return firm, market


def _rounded(move: Move, value: float) -> float:
    return round(float(value), DIGITS.get(f"{move.table}.{move.column}", 4))


def _errors(found: Fit, plan: Recipe, x: Vector) -> Vector:
    """Errors in units of the objective, the pull to the start last."""
    goal = plan.objective
    main = sorted(found.exporters, key=lambda name: -found.exporters[name][1])[:3]
    parts = [(model - seen) / goal.pair for model, seen in found.pairs.values()]
    parts += [
        (model / seen - 1) / (goal.main_exporter if name in main else goal.exporter)
        for name, (model, seen) in found.exporters.items()
    ]
    parts += [(model / seen - 1) / goal.price for model, seen in found.prices.values()]
    scale = np.array([move.scale for move in plan.moves])
    start = np.array([move.start for move in plan.moves])
    return np.append(np.array(parts), goal.pull * (x - start) / scale)


def _cost(errors: Vector) -> float:
    """Sum of soft-l1 errors: 2 (sqrt(1 + e^2) - 1)."""
    return float(np.sum(2 * (np.sqrt(1 + errors**2) - 1)))


class _Search:
    """Errors of the lean recipe as a function of its scaled numbers."""

    def __init__(self, chain: Chain, plan: Recipe) -> None:
        self.chain, self.plan = chain, plan
        self.scale = np.array([move.scale for move in plan.moves])
        self.low = np.array([move.low for move in plan.moves]) / self.scale
        self.high = np.array([move.high for move in plan.moves]) / self.scale
        self.last: Vector | None = None
        self.production: Any = None

    def __call__(self, scaled: Vector) -> Vector:
        """Errors there; those of the last point where this one has no certified equilibrium."""
        try:
            self.last = self._errors_at(scaled)
        except MithaqError:
            if self.last is None:
                raise
        return self.last

    def cost(self, scaled: Vector) -> float:
        """The objective there; infinite where there is no certified equilibrium."""
        try:
            return _cost(self._errors_at(scaled))
        except MithaqError:
            return np.inf

    def is_flat(self, scaled: Vector, at: int) -> bool:
        """Whether a step of one number, to one side at least, leaves trade and prices alone.

        So it is where a limit binds, a seller's capacity for one, and its user cost changes nothing
        until it is so high that the seller no longer wants to fill it.
        """
        here = self._observable(scaled)
        for step in (-NEAR, NEAR):
            there = scaled.copy()
            there[at] += step
            if not self.low[at] <= there[at] <= self.high[at]:
                continue
            moved = self._observable(there)
            if here is not None and moved is not None and np.max(np.abs(moved - here)) < NOTHING:
                return True
        return False

    def _observable(self, scaled: Vector) -> Vector | None:
        """Errors of trade and prices, without the pull to the start; None where nothing solves."""
        try:
            return self._errors_at(scaled)[: -len(self.scale)]
        except MithaqError:
            return None

    def _errors_at(self, scaled: Vector) -> Vector:
        x = scaled * self.scale
        values = {m.parameter: float(v) for m, v in zip(self.plan.moves, x, strict=True)}
        changed = self.chain.with_edits(_changes(self.plan.moves, values))
        equilibrium = solve(changed, near=self.production)
        self.production = equilibrium.production
        return _errors(fit(equilibrium, self.plan.year), self.plan, x)


def _lean(chain: Chain, plan: Recipe) -> dict[str, float]:
    """Numbers of the lean recipe: a search by slopes, and a scan of what it cannot see, in turn.

    A search by slopes leaves a number where it is once trade and prices no longer answer to it,
    even if a better point lies beyond that plateau. So each such number is scanned on its bounds,
    and the search starts again from the better point, until a scan finds none.
    """
    search = _Search(chain, plan)
    start = np.array([move.start for move in plan.moves]) / search.scale
    x = _by_slopes(search, np.clip(start, search.low + INSIDE, search.high - INSIDE))
    for _ in range(SCANS):
        beyond = _scanned(search, x)
        if beyond is None:
            break
        again = _by_slopes(search, np.clip(beyond, search.low + INSIDE, search.high - INSIDE))
        x = min((beyond, again), key=search.cost)
    return {
        move.parameter: _rounded(move, value)
        for move, value in zip(plan.moves, x * search.scale, strict=True)
    }


def _by_slopes(search: _Search, start: Vector) -> Vector:
    answer = least_squares(
        search,
        start,
        bounds=(search.low, search.high),
        loss="soft_l1",
        diff_step=0.02,
        max_nfev=EVALUATIONS,
        ftol=SETTLES,
        xtol=SETTLES,
    )
    return np.asarray(answer.x, dtype=np.float64)


def _scanned(search: _Search, x: Vector) -> Vector | None:
    """The best point found by moving one flat number after another; None if none betters ``x``.

    Each is tried at ``GRID`` points from bound to bound, then between the neighbours of the best.
    """
    begun = least = search.cost(x)
    best = x.copy()
    for at in range(len(x)):
        if not search.is_flat(best, at):
            continue

        def cost(value: float, at: int = at, base: Vector = best) -> float:
            there = base.copy()
            there[at] = value
            return search.cost(there)

        grid = np.linspace(search.low[at], search.high[at], GRID)
        middle = int(np.argmin([cost(value) for value in grid]))
        ends = grid[max(middle - 1, 0)], grid[min(middle + 1, GRID - 1)]
        fine = np.linspace(*ends, GRID)
        costs = [cost(value) for value in fine]
        if min(costs) < least - BETTER:
            least = min(costs)
            best = best.copy()
            best[at] = fine[int(np.argmin(costs))]
    return best if least < begun else None


def _adders(chain: Chain, plan: Recipe, seen: Mapping[Cell, float]) -> dict[str, float]:
    """Adders at which every seller's condition holds at what was observed, within the bounds."""
    markets = {row["name"]: row for row in chain.rows("markets")}
    slope = {
        name: -row["reference_price"] / (row["elasticity"] * row["reference_quantity"])
        for name, row in markets.items()
    }
    theta = {(row["firm"], row["market"]): row["theta"] for row in chain.rows("conduct")}
    default = {row["name"]: row["conduct"] for row in chain.rows("firms")}
    bound: dict[Cell, float] = defaultdict(float)
    for row in chain.rows("contracts"):
        taken = row["nominated"]
        bound[row["seller"], row["market"]] += (
            row["take_or_pay"] * row["annual_quantity"] if np.isnan(taken) else taken
        )
    values = {move.parameter: move.start for move in plan.moves}
    cells = {move.parameter: _cell(move) for move in plan.moves}
    best, least = dict(values), np.inf
    for turn in range(ROUNDS):
        equilibrium = solve(chain.with_edits(_changes(plan.moves, values)))
        prices = dict(equilibrium.market_prices)
        spot = _mean(chain, equilibrium.point.spot)
        worth = _mean(chain, equilibrium.point.value)
        missed = 0.0
        for firm, name in cells.values():
            # The price if this seller sold what it did; with all of them, the price observed.
            sold = spot.get((firm, name), 0.0) + bound[firm, name]
            prices[name] += slope[name] * (sold - seen[firm, name])
            missed += abs(sold - seen[firm, name])
        if missed < least:
            best, least = dict(values), missed
        largest, step = 0.0, STEP * SHORTER**turn
        for move in plan.moves:
            firm, name = cells[move.parameter]
            market = markets[name]
            if (firm, market["node"]) not in worth:
                continue  # none of its gas can get there
            own = theta[firm, name]
            own = default[firm] if np.isnan(own) else own
            free = max(seen[firm, name] - bound[firm, name], 0.0)
            wanted = prices[name] - own * slope[name] * free
            wanted -= worth[firm, market["node"]]
            old = values[move.parameter]
            new = float(np.clip(old + step * (wanted - old), move.low, move.high))
            values[move.parameter] = new
            largest = max(largest, abs(new - old))
        if largest < SETTLED:
            break
    return {move.parameter: _rounded(move, best[move.parameter]) for move in plan.moves}
