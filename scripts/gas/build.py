"""The tables of a base year, from the sources and the stored parameters to CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gas import carriage, conduct, contracts, demand, network, seasons, supply
from gas.sources import CELLS_OF, YEARS, OutRow, choice
from gas.trade import Trade

BASE, FULL = "lean", "full"
MEAN_ELASTICITIES = {BASE: 0.45, "low_elasticity": 0.25, "high_elasticity": 0.70}
START = {
    "conduct: alone in the market": 0.20,
    "conduct: main seller at a hub": 0.10,
    "conduct: south": 0.35,
    "conduct: west and centre": 0.25,
    "conduct: small seller": 0.80,
    "conduct: Gazprom in Ukraine": 0.45,
    "conduct: UK producers on the continent": 0.05,
    "conduct: small seller at a hub": 0.15,
    "user cost: Gazprom": 10.0,
    "user cost: Sonatrach": 90.0,
    "user cost: Statoil": 85.0,
    "user cost: GasTerra": 145.0,
    "user cost: Qatargas": 165.0,
    "user cost: NOC Libya": 160.0,
    "user cost: NLNG": 150.0,
    "user cost: EGAS": 190.0,
    "user cost: Atlantic LNG": 150.0,
    "user cost: other sellers": 60.0,
}

COLUMNS: dict[str, tuple[str, ...]] = {
    "nodes": ("name", "country", "latitude", "longitude", "region", "source", "note"),
    "firms": ("name", "home", "conduct", "fringe", "source", "note"),
    "fields": (
        "name",
        "node",
        "owners",
        "capacity",
        "a",
        "b",
        "g",
        "user_cost",
        "royalty",
        "host",
        "entry_payment",
        "source",
        "note",
    ),
    "pipelines": (
        "name",
        "from",
        "to",
        "capacity",
        "tariff",
        "operating_cost",
        "transit_fee",
        "fee_receiver",
        "export_duty",
        "duty_receiver",
        "owner",
        "access",
        "source",
        "note",
    ),
    "terminals": (
        "name",
        "node",
        "kind",
        "capacity",
        "tariff",
        "operating_cost",
        "owner",
        "access",
        "source",
        "note",
    ),
    "routes": ("from", "to", "distance", "tariff", "operating_cost", "owner", "source", "note"),
    "markets": (
        "name",
        "node",
        "sector",
        "reference_quantity",
        "reference_price",
        "elasticity",
        "regulated_price",
        "supplier",
        "access",
        "source",
        "note",
    ),
    "conduct": ("firm", "market", "theta", "may_sell", "source", "note"),
    "contracts": (
        "name",
        "seller",
        "market",
        "annual_quantity",
        "take_or_pay",
        "price",
        "nominated",
        "from_year",
        "to_year",
        "profile",
        "source",
        "note",
    ),
    "observed": ("exporter", "importer", "year", "mode", "bcm", "source", "note"),
    "prices_observed": ("node", "year", "price", "source", "note"),
    "calibrations": ("calibration", "table", "row", "column", "value", "source", "note"),
    "sources": ("id", "citation", "url", "date", "terms", "note"),
}

Tables = dict[str, list[OutRow]]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Everything that no calibration changes."""

    trade: Trade
    others: tuple[Trade, ...]  # what was observed in the other base years
    known: conduct.Known
    markets: list[demand.Market]
    fields: list[OutRow]
    pipelines: list[OutRow]
    terminals: list[OutRow]
    routes: list[OutRow]


@cache
def fixed(year: str) -> Fixed:
    """Read the sources of a base year and build what no calibration changes."""
    trade = Trade(year)
    markets = demand.markets(trade)
    seen = Trade(CELLS_OF)
    return Fixed(
        trade,
        tuple(Trade(other) for other in YEARS if other != year),
        conduct.Known(seen, demand.markets(seen)),
        markets,
        supply.field_rows(trade, markets),
        network.pipeline_rows(trade),
        network.terminal_rows(year),
        network.route_rows(),
    )


def stored(calibration: str) -> dict[str, float]:
    """Parameters of a calibration as committed; the starting values where there are none."""
    found = {
        row["parameter"]: float(row["value"])
        for row in choice("calibration")
        if row["calibration"] == calibration
    }
    return found or ({} if calibration == FULL else dict(START))


def all_stored() -> dict[str, dict[str, float]]:
    """Parameters of every calibration that the chain carries."""
    return {name: stored(name) for name in (*MEAN_ELASTICITIES, FULL)}


def tables(base: Fixed, parameters: Mapping[str, Mapping[str, float]]) -> Tables:
    """Every table of the chain; ``parameters`` holds the numbers of each calibration."""
    steps = carriage.ways(base.pipelines, base.terminals, base.routes)
    values = parameters[BASE]
    cells = conduct.conduct_rows(base.known, base.markets, base.fields, steps, values)
    markets = demand.market_rows(base.markets)
    changes: list[OutRow] = []
    for name, mean in MEAN_ELASTICITIES.items():
        if name in parameters:
            scale = mean / demand.MEAN_ELASTICITY
            changes += conduct.calibration_rows(
                name, parameters[name], scale, cells, base.fields, markets
            )
    ahead = contracts.taken(base.known)
    if base.trade.year != CELLS_OF:
        ahead = contracts.carried(ahead, base.known, base.trade, base.markets, base.fields)
    deals = contracts.rows(base.trade.year, base.markets, ahead)
    if FULL in parameters:
        taken = contracts.nominations(deals, ahead)
        changes += contracts.calibration_rows(FULL, parameters[FULL], taken, deals, cells)
    return {
        "nodes": [{**row, "source": "coordinates", "note": ""} for row in choice("nodes")],
        "firms": supply.firm_rows(base.markets),
        "fields": conduct.with_user_costs(base.fields, values),
        "pipelines": base.pipelines,
        "terminals": base.terminals,
        "routes": base.routes,
        "markets": markets,
        "conduct": cells,
        "contracts": conduct.contract_rows(base.trade, base.markets) + deals,
        "observed": observed_rows(base),
        "prices_observed": demand.price_rows(base.markets, base.trade.year),
        "calibrations": changes,
        "sources": [dict(row) for row in choice("sources")],
    }


def divided(base: Fixed, built: Tables) -> dict[str, Tables]:
    """For each division of the year the tables that stand beside the others."""
    return {
        name: seasons.tables(name, base.markets, built["conduct"], built["firms"])
        for name in seasons.DIVISIONS
    }


def observed_rows(base: Fixed) -> list[OutRow]:
    """Trade of every base year, in the order of the years."""
    trades = sorted((base.trade, *base.others), key=lambda trade: trade.year)
    return [row for trade in trades for row in trade.rows()]


def text(name: str, rows: Sequence[OutRow]) -> str:
    """A table as the text of its CSV file."""
    stream = io.StringIO()
    columns = {**COLUMNS, **seasons.COLUMNS}[name]
    writer = csv.DictWriter(stream, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def write(built: Tables, folder: Path) -> None:
    """Write every table into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in built.items():
        (folder / f"{name}.csv").write_text(text(name, rows), encoding="utf-8")
