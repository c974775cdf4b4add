"""What a calibration may move, within which bounds, and what it takes as data.

A recipe is a value: it can be printed, compared and sent. ``lean`` moves a few numbers, each shared
by many cells; ``full`` takes contract gas as nominated and moves one adder a pair of seller and
market. Both leave demand, costs, capacities and tariffs alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from mithaq.chain import Chain, Change
from mithaq.equilibrium.fit import labels_of
from mithaq.errors import ModelError

__all__ = ["RECIPES", "Move", "Objective", "Recipe", "recipe_of"]

Cell = tuple[str, str]  # seller and market


@dataclass(frozen=True, slots=True)
class Objective:
    """How far from what was observed is as bad as one unit of error.

    ``pair`` bcm in a cell of the mask, ``exporter`` of the observed total of an exporter
    (``main_exporter`` for the largest three), ``price`` of a price. ``pull`` holds each number to
    where it began, per ``scale`` of it: what trade does not identify stays where it was. Errors
    beyond one unit are damped (soft l1), so that no single cell pulls the rest.
    """

    pair: float = 1.5
    exporter: float = 0.05
    main_exporter: float = 0.02
    price: float = 0.05
    pull: float = 1.0


@dataclass(frozen=True, slots=True)
class Move:
    """A number that a calibration may move: the cells that hold it, its bounds and its scale."""

    parameter: str
    table: str
    column: str
    rows: tuple[str, ...]
    start: float
    low: float
    high: float
    scale: float

    def __str__(self) -> str:
        more = f" and {len(self.rows) - 1} more" if len(self.rows) > 1 else ""
        where = f"{self.table}.{self.column} of {self.rows[0]}{more}"
        return f"{self.parameter}: {where}, {self.low:g} to {self.high:g}, from {self.start:g}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Name, year, objective, numbers that move, and cells set as data before anything moves."""

    name: str
    year: int
    objective: Objective
    moves: tuple[Move, ...]
    data: tuple[Change, ...] = ()
    nominated: float = 0.0  # share of what was observed that counts as nominated under contract

    def __str__(self) -> str:
        shown = self.objective
        head = (
            f"{self.name} on {self.year}: {len(self.moves)} numbers; one unit of error is "
            f"{shown.pair:g} bcm in a cell, {shown.exporter:.0%} of an exporter's total "
            f"({shown.main_exporter:.0%} of the largest three), {shown.price:.0%} of a price"
        )
        return "\n".join([head, *(f"  {move}" for move in self.moves)])


RECIPES = ("lean", "full")
LEAST_CONDUCT, MOST_USER_COST = 0.02, 300.0
MOST_ADDER = 250.0
NOMINATED = 0.9  # of European imports were under long-term contract (Cedigaz)


def recipe_of(
    chain: Chain,
    name: str,
    year: int,
    observed: Mapping[Cell, float],
    objective: Objective,
    nominated: float = NOMINATED,
) -> Recipe:
    """The recipe of a name for a chain; ``observed`` is bcm by seller and market.

    ``nominated`` is the share of what was observed that the full recipe takes as contract gas.

    Raises ModelError where there is no such recipe, or the chain has nothing that it could move.
    """
    if name not in RECIPES:
        raise ModelError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    made = (
        Recipe(name, year, objective, (*_conduct(chain), *_user_costs(chain)))
        if name == "lean"
        else _full(chain, year, observed, objective, nominated)
    )
    if not made.moves:
        raise ModelError(f"the chain has no cell that the recipe {name!r} could move")
    return made


def _conduct(chain: Chain) -> list[Move]:
    """Conduct shared by the cells whose notes name one number; without notes one a seller."""
    default = {row["name"]: row["conduct"] for row in chain.rows("firms")}
    marked = any(labels_of(row["note"]) for row in chain.rows("conduct"))
    groups: dict[str, list[str]] = defaultdict(list)
    start: dict[str, float] = {}
    for row in chain.rows("conduct"):
        if not row["may_sell"]:
            continue
        for label in labels_of(row["note"]) if marked else [f"conduct: {row['firm']}"]:
            groups[label].append(f"{row['firm']}|{row['market']}")
            own = row["theta"] if row["theta"] == row["theta"] else default[row["firm"]]
            start.setdefault(label, own)
    return [
        Move(label, "conduct", "theta", tuple(rows), start[label], LEAST_CONDUCT, 1.0, 1.0)
        for label, rows in groups.items()
    ]


def _user_costs(chain: Chain) -> list[Move]:
    """User costs shared by the fields whose notes name one number; without notes one a seller."""
    fringe = {row["name"] for row in chain.rows("firms") if row["fringe"]}
    marked = any(labels_of(row["note"]) for row in chain.rows("fields"))
    groups: dict[str, list[str]] = defaultdict(list)
    start: dict[str, float] = {}
    for row in chain.rows("fields"):
        owner = str(row["owners"]).partition(":")[0].strip()
        for label in labels_of(row["note"]) if marked else [f"user cost: {owner}"]:
            if marked or owner not in fringe:
                groups[label].append(row["name"])
                start.setdefault(label, row["user_cost"])
    return [
        Move(label, "fields", "user_cost", tuple(rows), start[label], 0.0, MOST_USER_COST, 100.0)
        for label, rows in groups.items()
    ]


def _full(
    chain: Chain,
    year: int,
    observed: Mapping[Cell, float],
    objective: Objective,
    nominated: float,
) -> Recipe:
    """Contract gas as nominated, spot gas as Cournot, and an adder in each cell with trade."""
    open_cells = [(row["firm"], row["market"]) for row in chain.rows("conduct") if row["may_sell"]]
    seen = {cell: observed[cell] for cell in open_cells if observed.get(cell, 0.0) > 0}
    whole: dict[Cell, float] = defaultdict(float)
    for row in chain.rows("contracts"):
        whole[row["seller"], row["market"]] += row["annual_quantity"]
    data = []
    for row in chain.rows("contracts"):
        cell = (row["seller"], row["market"])
        if cell in seen and whole[cell] > 0:
            share = min(nominated * seen[cell] / whole[cell], 1.0)
            taken = round(share * row["annual_quantity"], 4)
            data.append(Change("contracts", row["name"], "nominated", taken))
    for firm, market in seen:
        if (firm, market) in whole:
            data.append(Change("conduct", f"{firm}|{market}", "theta", 1.0))
    moves = [
        Move(
            f"adder: {firm} in {market}",
            "conduct",
            "adder",
            (f"{firm}|{market}",),
            0.0,
            -MOST_ADDER,
            MOST_ADDER,
            100.0,
        )
        for firm, market in seen
    ]
    return Recipe("full", year, objective, tuple(moves), tuple(data), nominated)
