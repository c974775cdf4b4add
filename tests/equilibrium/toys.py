"""Small chains for tests: the tables that a user would write, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

import mithaq

Row = dict[str, Any]
Tables = dict[str, pd.DataFrame]


def demand(name: str, alpha: float, beta: float, *, node: str = "", **cells: Any) -> Row:
    """A market row with inverse demand P = alpha - beta Q, referred to half of its choke price."""
    return {
        "name": name,
        "node": node or name,
        "reference_quantity": alpha / (2 * beta),
        "reference_price": alpha / 2,
        "elasticity": -1.0,
        **cells,
    }


def field(name: str, a: float = 0.0, *, node: str = "Hub", **cells: Any) -> Row:
    """A field that the firm of the same name owns."""
    return {"name": name, "node": node, "owners": name, "capacity": 1000.0, "a": a, **cells}


def seasons(**shares: float) -> list[Row]:
    """Periods of these shares of the year, in this order."""
    return [{"name": n, "position": i, "share": s} for i, (n, s) in enumerate(shares.items())]


def years(*rows: tuple[float, float, float]) -> list[Row]:
    """Year, span and discount."""
    return [dict(zip(("year", "span", "discount"), row, strict=True)) for row in rows]


def frames(tables: Mapping[str, Iterable[Row]]) -> Tables:
    """Rows as data frames; a cell that a row lacks is left to the schema's default."""
    return {name: pd.DataFrame(list(rows)).fillna("") for name, rows in tables.items() if rows}


def chain(**tables: Iterable[Row]) -> mithaq.Chain:
    """A chain from rows by table."""
    return mithaq.Chain.from_tables(frames(tables))


def hub(
    fields: Iterable[Row], alpha: float, beta: float, *, conduct: float = 1.0, **tables: Any
) -> mithaq.Chain:
    """One node with one market, where the owners of ``fields`` sell; all of the same conduct."""
    fields = list(fields)
    names = dict.fromkeys(row["owners"] for row in fields)
    return chain(
        nodes=[{"name": "Hub"}],
        firms=[{"name": name, "conduct": conduct} for name in names],
        fields=fields,
        markets=[demand("Hub", alpha, beta)],
        **tables,
    )


def totals(equilibrium: mithaq.Equilibrium) -> dict[str, float]:
    """Total lifting of each firm, bcm/yr."""
    return {str(k): float(v) for k, v in equilibrium.production.groupby("firm").sum().items()}
