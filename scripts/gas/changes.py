"""Rows of the table ``calibrations``: the cells that a calibration changes over the base."""

from __future__ import annotations

from collections.abc import Sequence

from gas.sources import OutRow


def change(name: str, table: str, row: str, column: str, value: float, why: str) -> OutRow:
    """One cell of one calibration."""
    return {
        "calibration": name,
        "table": table,
        "row": row,
        "column": column,
        "value": value,
        "source": "mithaq",
        "note": why,
    }


def elasticities(name: str, scale: float, markets: Sequence[OutRow]) -> list[OutRow]:
    """Elasticities of the markets at free prices, scaled to the mean of a calibration."""
    why = "assumption: mean elasticity of the calibration"
    return [
        change(
            name,
            "markets",
            str(market["name"]),
            "elasticity",
            round(float(market["elasticity"]) * scale, 3),
            why,
        )
        for market in markets
        if market["regulated_price"] == ""
    ]
