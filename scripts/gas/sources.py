"""The raw tables, read as they lie in ``data/sources``."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "data" / "sources"
YEARS = ("2009", "2010")  # base years that are built
CELLS_OF = "2010"  # the year whose trade says which sellers are in which markets

Row = dict[str, str]
Cell = str | float
OutRow = dict[str, Cell]

# USD per 1000 m3 for one EUR per MWh: 11.111 MWh (gross) in 1000 m3, 1.11 USD a EUR (2015),
# which is how tables/costs.csv converts.
EUR_PER_MWH = 11.111 * 1.11

SPELLINGS = {
    "Russian Federation": "Russia",
    "Trinidad & Tobago": "Trinidad and Tobago",
    "Türkiye": "Turkey",
    "Czechia": "Czech Republic",
    "Germany (until 1990 former territory of the FRG)": "Germany",
    "US": "United States",
    "UAE": "United Arab Emirates",
}


def output(year: str) -> Path:
    """Folder of the chain of a base year."""
    return ROOT / "src" / "mithaq" / "data" / "gas" / year


def reference_page(year: str) -> Path:
    """Reference page of a base year."""
    return ROOT / "docs" / "reference" / f"data-{year}.md"


def spelled(name: str) -> str:
    """The one spelling of a country that the chain uses."""
    return SPELLINGS.get(name, name)


@cache
def _read(folder: str, name: str) -> tuple[Row, ...]:
    path = SOURCES / folder / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def table(name: str) -> tuple[Row, ...]:
    """Rows of a copied table."""
    return _read("tables", name)


def choice(name: str) -> tuple[Row, ...]:
    """Rows of a table of choices: what was picked from the copies, and what was assumed."""
    return _read("choices", name)


def forget() -> None:
    """Read the files again when they are next asked for."""
    _read.cache_clear()


def number(text: str) -> float:
    """A cell as a number; an empty cell is 0."""
    return float(text) if text else 0.0


@cache
def by_country(name: str, year: str) -> dict[str, float]:
    """Figure of each country in production, consumption or the like, bcm of 40 MJ."""
    return {
        spelled(row["country"]): float(row["bcm"])
        for row in table(name)
        if row["year"] == year and row["bcm"]
    }


@cache
def cost_items() -> dict[str, float]:
    """Cost figures of tables/costs.csv by item, USD per 1000 m3, where there is one number."""
    items: dict[str, float] = {}
    for row in table("costs"):
        try:
            items.setdefault(row["item"], float(row["usd_per_1000m3"]))
        except ValueError:
            continue
    return items


@cache
def cost_functions() -> dict[str, dict[str, float]]:
    """SeasonalFlex cost functions a + b q + c ln(1 - q/cap), in USD per 1000 m3 and bcm."""
    functions = {}
    for row in table("costs"):
        if row["category"] != "production_cost_function":
            continue
        parts = dict(part.strip().split("=") for part in row["original_value"].split(","))
        functions[row["item"]] = {
            "a": float(parts["a"]) * EUR_PER_MWH,
            "b": float(parts["b"]) * EUR_PER_MWH,
            "g": float(parts["c"]) * EUR_PER_MWH,
            "capacity": float(parts["cap"]),
        }
    return functions
