"""A complete small chain as a folder of CSV files, every table with a row, for tests to spoil."""

from __future__ import annotations

import csv
from pathlib import Path

Rows = list[dict[str, str]]

TABLES: dict[str, Rows] = {
    "nodes": [
        {"name": "South", "country": "South", "latitude": "30", "longitude": "3"},
        {"name": "North", "country": "North", "latitude": "60", "longitude": "40"},
    ],
    "firms": [
        {"name": "Alpha", "home": "South", "conduct": "1"},
        {"name": "Beta", "home": "North", "conduct": "0.5"},
        {"name": "Fringe", "home": "North", "fringe": "true"},
    ],
    "fields": [
        {"name": "dunes", "node": "South", "owners": "Alpha", "capacity": "60", "a": "20"},
        {
            "name": "tundra",
            "node": "North",
            "owners": "Beta:0.75;Fringe:0.25",
            "capacity": "80",
            "a": "10",
            "g": "-5",
            "royalty": "2",
        },
    ],
    "pipelines": [
        {"name": "line", "from": "South", "to": "North", "capacity": "20", "tariff": "5"},
        {"name": "", "from": "North", "to": "South", "capacity": "9", "access": "Beta"},
    ],
    "terminals": [
        {"name": "plant", "node": "South", "kind": "liquefaction", "capacity": "10"},
        {"name": "port", "node": "North", "kind": "regasification", "capacity": "10"},
    ],
    "routes": [{"from": "South", "to": "North", "distance": "1500", "operating_cost": "15"}],
    "markets": [
        {
            "name": name,
            "node": name,
            "reference_quantity": "40",
            "reference_price": "200",
            "elasticity": "-0.5",
        }
        for name in ("South", "North")
    ],
    "storages": [
        {
            "name": "cavern",
            "node": "North",
            "working_gas": "4",
            "injection": "9",
            "withdrawal": "15",
            "injection_tariff": "3",
            "access": "Beta",
        }
    ],
    "bookings": [{"arc": "line", "firm": "Alpha", "capacity": "2"}],
    "expansions": [{"table": "pipelines", "row": "line", "cost": "100", "lag": "5"}],
    "periods": [
        {"name": "Summer", "position": "1", "share": "0.5"},
        {"name": "Winter", "position": "2", "share": "0.5"},
    ],
    "years": [{"year": "2010", "span": "5"}, {"year": "2015", "span": "5", "discount": "0.7"}],
    "demand_factors": [{"market": "North", "period": "Winter", "quantity": "1.5"}],
    "availability": [{"table": "fields", "row": "dunes", "period": "Summer", "factor": "0.9"}],
    "conduct": [{"firm": "Alpha", "market": "North", "theta": "0.4"}],
    "weights": [
        {"firm": "Alpha", "other": "Beta", "market": "North", "weight": "0.1"},
        {"firm": "Beta", "other": "Alpha", "market": "North", "weight": "0.1"},
    ],
    "cooperation": [
        {"group": "pact", "firm": "Alpha", "strength": "0.5", "market": "South"},
        {"group": "pact", "firm": "Beta", "strength": "0.5", "market": "South"},
    ],
    "stakes": [{"holder": "Alpha", "firm": "Fringe", "share": "0"}],
    "contracts": [
        {
            "name": "old",
            "seller": "Beta",
            "market": "North",
            "annual_quantity": "5",
            "price": "180",
            "take_or_pay": "0.8",
        }
    ],
    "floors": [{"firm": "Alpha", "market": "North", "quantity": "1"}],
    "swaps": [{"name": "trade", "a": "Alpha", "b": "Beta", "cap": "3"}],
    "observed": [
        {"exporter": "South", "importer": "North", "year": "2010", "mode": "pipeline", "bcm": "4"}
    ],
    "prices_observed": [{"node": "North", "year": "2010", "price": "210"}],
    "calibrations": [
        {
            "calibration": "tight",
            "table": "fields",
            "row": "dunes",
            "column": "capacity",
            "value": "50",
        }
    ],
    "sources": [{"id": "atlas", "citation": "An atlas of gas"}],
}


def write(folder: Path, name: str, rows: Rows) -> Path:
    """One table as a file; the columns are those of all its rows, in the order of appearance."""
    path = folder / f"{name}.csv"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def fill(folder: Path) -> Path:
    """The whole chain written to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in TABLES.items():
        write(folder, name, rows)
    return folder
