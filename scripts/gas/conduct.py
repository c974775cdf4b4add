"""Conduct and user costs: which few numbers are calibrated, and which cell takes which.

A cell (seller, market) is open where gas was sold in 2010, in whatever base year. Its conduct is
one of eight numbers, by the market and by the seller's weight in it; the user cost of a field is
one of ten, by seller. Cells without trade in 2010 stand in the table too, closed, with the
conduct of a Cournot newcomer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gas import carriage
from gas.changes import change, elasticities
from gas.demand import HOME_SELLERS, OBLIGED, Market
from gas.sources import OutRow, choice
from gas.supply import seller_of
from gas.trade import LEAST, Trade

Cell = tuple[str, str]

HUBS = {"United Kingdom", "Netherlands", "Belgium"}
SOUTH = {
    "Bulgaria",
    "Croatia",
    "Greece",
    "Italy",
    "Portugal",
    "Romania",
    "Serbia",
    "Slovenia",
    "Spain",
    "Switzerland",
    "Turkey",
}
ALONE, SMALL = 0.55, 0.17  # shares of the market above and below which a seller is so called
# Low prices under old terms and gas that could not go elsewhere: sold as fixed contracts.
BOUND = {"North America", "South America", "India", "China"}
# Sellers of the Atlantic and the Mediterranean had few ships to spare for the Far East.
BOUND_IN_FAR_EAST = {"NLNG", "EGAS", "Atlantic LNG", "EG LNG", "Sonatrach", "Statoil"}
OPEN_BCM, OPEN_SHARE = 0.2, 0.1  # less than both was a chance cargo, or noise of the tracing
FAR_EAST = {"Japan", "South Korea", "Taiwan"}
OWN_USER_COST = {
    "Gazprom",
    "Sonatrach",
    "Statoil",
    "GasTerra",
    "Qatargas",
    "NOC Libya",
    "NLNG",
    "EGAS",
    "Atlantic LNG",
}
WITHOUT_USER_COST = {"UK producers"}
NEWCOMER = 1.0

PARAMETERS = (
    "conduct: alone in the market",
    "conduct: main seller at a hub",
    "conduct: south",
    "conduct: west and centre",
    "conduct: small seller",
    "conduct: Gazprom in Ukraine",
    "conduct: UK producers on the continent",
    "conduct: small seller at a hub",
    "user cost: Gazprom",
    "user cost: Sonatrach",
    "user cost: Statoil",
    "user cost: GasTerra",
    "user cost: Qatargas",
    "user cost: NOC Libya",
    "user cost: NLNG",
    "user cost: EGAS",
    "user cost: Atlantic LNG",
    "user cost: other sellers",
)


@dataclass(frozen=True, slots=True)
class Known:
    """The year whose trade says which sellers are in which markets, whatever the base year."""

    trade: Trade
    markets: list[Market]


def sold(trade: Trade, markets: list[Market]) -> dict[Cell, float]:
    """What each exporting firm sold in each market at market prices, bcm."""
    found: dict[Cell, float] = {}
    for (origin, importer, mode), bcm in sorted(trade.cells.items()):
        firm = seller_of(origin, mode)
        if bcm >= LEAST and firm and importer not in OBLIGED:
            found[firm, importer] = found.get((firm, importer), 0.0) + bcm
    for market in markets:
        if market.name in HOME_SELLERS:
            found[HOME_SELLERS[market.name], market.name] = market.production
    return found


def is_bound(cell: Cell) -> bool:
    """Whether gas of the cell is sold as a fixed contract."""
    return cell[1] in BOUND or (cell[1] in FAR_EAST and cell[0] in BOUND_IN_FAR_EAST)


def is_open(cell: Cell, bcm: float, share: float) -> bool:
    """Whether the seller may sell more or less than in 2010 in the market."""
    return not is_bound(cell) and (bcm >= OPEN_BCM or share >= OPEN_SHARE)


def conduct_parameter(cell: Cell, share: float) -> str:
    """The calibrated number that an open cell takes; empty where it is set without calibration."""
    firm, market = cell
    if firm == "UK producers":
        return "" if market in ("United Kingdom", "Ireland") else PARAMETERS[6]
    if cell == ("Gazprom", "Ukraine"):
        return PARAMETERS[5]
    if market in HUBS:
        return PARAMETERS[1] if share >= SMALL else PARAMETERS[7]
    if market in FAR_EAST:
        return ""
    if share >= ALONE:
        return PARAMETERS[0]
    if share < SMALL:
        return PARAMETERS[4]
    return PARAMETERS[2] if market in SOUTH else PARAMETERS[3]


def user_cost_parameter(field: OutRow) -> str:
    """The calibrated number that the user cost of a field takes; empty where it has none."""
    firm = str(field["owners"])
    exporter = any(row["name"] == firm for row in choice("firms"))
    kept = str(field["name"]).endswith("for home") or field["name"] == "Central Asian purchases"
    if not exporter or kept or firm in WITHOUT_USER_COST:
        return ""
    if firm in OWN_USER_COST:
        return f"user cost: {firm}"
    return "user cost: other sellers"


def _uncalibrated(cell: Cell) -> tuple[float, str]:
    if cell[0] == "UK producers":
        return 0.0, "assumption: price-taking"
    return 1.0, "assumption: Cournot"


def conduct_rows(
    known: Known,
    markets: list[Market],
    fields: list[OutRow],
    steps: carriage.Ways,
    values: Mapping[str, float],
) -> list[OutRow]:
    """Rows of the table ``conduct``: each exporting firm in each market that it can reach."""
    cells = sold(known.trade, known.markets)
    used = {market.name: market.quantity for market in known.markets}
    rows: list[OutRow] = []
    for firm in (row["name"] for row in choice("firms")):
        nodes = sorted({str(field["node"]) for field in fields if field["owners"] == firm})
        reach = carriage.cheapest(steps, firm, nodes)
        for market in markets:
            cell = (firm, market.name)
            if market.name in OBLIGED or market.name not in reach:
                continue
            bcm = cells.get(cell, 0.0)
            share = bcm / used[market.name]
            rows.append(_row(cell, is_open(cell, bcm, share), share, values))
    return rows


def _row(cell: Cell, opened: bool, share: float, values: Mapping[str, float]) -> OutRow:
    parameter = conduct_parameter(cell, share) if opened else ""
    if parameter:
        theta, source, note = values[parameter], "mithaq", f"calibrated: {parameter}"
    elif opened:
        theta, source = _uncalibrated(cell)
        note = ""
    else:
        theta, source = NEWCOMER, "assumption: a newcomer would sell as Cournot"
        note = "sold nothing here in 2010, or a chance cargo, or under contract"
    return {
        "firm": cell[0],
        "market": cell[1],
        "theta": theta,
        "may_sell": "true" if opened else "false",
        "source": source,
        "note": note,
    }


def with_user_costs(fields: list[OutRow], values: Mapping[str, float]) -> list[OutRow]:
    """The fields with their calibrated user costs."""
    rows: list[OutRow] = []
    for field in fields:
        parameter = user_cost_parameter(field)
        row = dict(field)
        if parameter:
            row["user_cost"] = values[parameter]
            row["note"] = "; ".join(
                part for part in (str(field["note"]), f"calibrated: {parameter}") if part
            )
        rows.append(row)
    return rows


def contract_rows(trade: Trade, markets: list[Market]) -> list[OutRow]:
    """Rows of the table ``contracts``: LNG bound to its market, at that market's mean price."""
    price = {market.name: market.price for market in markets}
    return [
        {
            "name": f"{firm} to {market}",
            "seller": firm,
            "market": market,
            "annual_quantity": round(bcm, 3),
            "take_or_pay": 1,
            "price": price[market],
            "nominated": round(bcm, 3),
            "from_year": "",
            "to_year": "",
            "profile": "flat",
            "source": f"comtrade; assumption: what was sold in {trade.year}, as a contract",
            "note": "gas bound by old terms, or cargoes sold ahead",
        }
        for (firm, market), bcm in sorted(sold(trade, markets).items())
        if is_bound((firm, market))
    ]


def calibration_rows(
    name: str,
    values: Mapping[str, float],
    elasticity: float,
    conduct: list[OutRow],
    fields: list[OutRow],
    markets: list[OutRow],
) -> list[OutRow]:
    """Cell changes of one calibration over the base: elasticities, conduct, user costs."""
    rows = elasticities(name, elasticity, markets)
    for cell in conduct:
        parameter, key = _label(cell), f"{cell['firm']}|{cell['market']}"
        if parameter:
            why = f"calibrated: {parameter}"
            rows.append(change(name, "conduct", key, "theta", values[parameter], why))
        elif cell["may_sell"] == "true" and cell["market"] in FAR_EAST:
            why = "assumption: Cournot at the mean elasticity of lean, below it in proportion"
            rows.append(change(name, "conduct", key, "theta", round(min(1.0, elasticity), 3), why))
    for field in fields:
        parameter = user_cost_parameter(field)
        if parameter:
            why = f"calibrated: {parameter}"
            rows.append(
                change(name, "fields", str(field["name"]), "user_cost", values[parameter], why)
            )
    return rows


def _label(row: OutRow) -> str:
    note = str(row["note"])
    return note.removeprefix("calibrated: ") if note.startswith("calibrated: ") else ""
