"""Parts of the year: demand by degree days, and storages.

Gas of households, offices and a part of heat follows degree days, the rest is even. A season is
made of whole months, so that both divisions tell the same year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from gas.demand import OBLIGED, Market
from gas.sources import OutRow, Row, choice, number, spelled, table

DIVISIONS = ("seasons", "months")
# Share of a sector's use that follows degree days (assumption).
HEATED = {
    "households": 0.85,
    "commercial": 0.75,
    "power_and_heat_transformation": 0.25,
    "industry_energy": 0.10,
    "nonenergy": 0.0,
    "energy_sector_own_use": 0.0,
}
FILLING_DAYS = 180  # in which a storage is filled (assumption)
INJECTION, WITHDRAWAL = 6.0, 3.0  # USD per 1000 m3 (assumption)

COLUMNS: dict[str, tuple[str, ...]] = {
    "periods": ("name", "position", "share", "source", "note"),
    "demand_factors": ("market", "period", "quantity", "source", "note"),
    "storages": (
        "name",
        "node",
        "working_gas",
        "injection",
        "withdrawal",
        "injection_tariff",
        "injection_cost",
        "withdrawal_tariff",
        "withdrawal_cost",
        "owner",
        "access",
        "source",
        "note",
    ),
}


def periods(division: str) -> dict[str, list[Row]]:
    """Name of each period, in the order of the year, and its months."""
    found: dict[str, list[Row]] = defaultdict(list)
    for month in choice("months"):
        found[month["month"] if division == "months" else month["season"]].append(month)
    return dict(found)


def period_rows(division: str) -> list[OutRow]:
    """Rows of the table ``periods``. Of seasons, the year begins after winter."""
    parts = periods(division)
    order = list(parts)
    if division == "seasons":
        order = ["spring and autumn", "summer", "winter"]
    return [
        {
            "name": name,
            "position": place,
            "share": round(sum(number(m["days"]) for m in parts[name]) / 365, 9),
            "source": "mithaq",
            "note": ", ".join(m["month"] for m in parts[name]) if len(parts[name]) > 1 else "",
        }
        for place, name in enumerate(order, start=1)
    ]


def heated() -> dict[str, float]:
    """Share of each country's use of gas that follows degree days."""
    used: dict[str, float] = defaultdict(float)
    warm: dict[str, float] = defaultdict(float)
    for row in table("consumption_by_sector_2011"):
        if row["item"] in HEATED and row["bcm"]:
            country = spelled(row["country"])
            used[country] += float(row["bcm"])
            warm[country] += HEATED[row["item"]] * float(row["bcm"])
    return {country: warm[country] / used[country] for country in used if used[country] > 0.05}


def factor_rows(division: str, markets: Iterable[Market]) -> list[OutRow]:
    """Rows of the table ``demand_factors``: markets whose use by sector is known."""
    share = heated()
    rows: list[OutRow] = []
    for market in markets:
        if market.name not in share or market.name in OBLIGED:
            continue
        for name, months in periods(division).items():
            part = sum(number(m["days"]) for m in months) / 365
            cold = sum(number(m["degree_days"]) for m in months) / part
            factor = 1 - share[market.name] + share[market.name] * cold
            rows.append(
                {
                    "market": market.name,
                    "period": name,
                    "quantity": round(factor, 4),
                    "source": "eurostat-balance; assumption: what follows degree days, by sector",
                    "note": f"{share[market.name]:.0%} of use follows degree days",
                }
            )
    return rows


def storage_rows(cells: Iterable[OutRow], firms: Iterable[OutRow]) -> list[OutRow]:
    """Rows of the table ``storages``: who sells in the market may use what lies there."""
    register = {row["country"]: row for row in table("storage")}
    access: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        if cell["may_sell"] == "true":
            access[str(cell["market"])].append(str(cell["firm"]))
    for firm in firms:
        if firm["fringe"] == "true":
            access[str(firm["home"])].append(str(firm["name"]))
    rows: list[OutRow] = []
    for row in choice("storages"):
        known = register[row["row"]]
        size = number(row["working_gas"]) or number(known["working_gas_upper_bcm"])
        daily = number(known["max_withdrawal_upper_mcm_per_day"])
        memory = known["source"].startswith("unconfirmed")
        rate = "; assumption: from memory" if memory else ""
        rows.append(
            {
                "name": f"Storage in {row['node']}",
                "node": row["node"],
                "working_gas": size,
                "injection": round(size * 365 / FILLING_DAYS, 2),
                "withdrawal": number(row["withdrawal"]) or round(daily * 0.365, 2),
                "injection_tariff": INJECTION,
                "injection_cost": INJECTION,
                "withdrawal_tariff": WITHDRAWAL,
                "withdrawal_cost": WITHDRAWAL,
                "owner": row["owner"],
                "access": ";".join(sorted(set(access[row["node"]]))),
                "source": f"working gas and withdrawal: gie-storage{rate}; "
                "injection: assumption: filled in half a year; tariff: assumption",
                "note": row["note"] or "capacities of 2018 of what stood in 2010",
            }
        )
    return rows


def tables(
    division: str, markets: list[Market], cells: list[OutRow], firms: list[OutRow]
) -> dict[str, list[OutRow]]:
    """The tables that stand beside those of the year."""
    return {
        "periods": period_rows(division),
        "demand_factors": factor_rows(division, markets),
        "storages": storage_rows(cells, firms),
    }
