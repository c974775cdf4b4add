"""Long-term contracts: who sold ahead, how much, and what a calibration takes as nominated.

Rows come from ``tables/contracts.csv`` where the annual quantity is told; what a seller delivered
in a market beyond them stands as one row of other terms. In the base nothing of them is nominated:
the lean calibrations count contract gas as the seller's free choice. The full one takes a share of
what was delivered in 2010 as nominated, and carries it to another year (``carried``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from gas import conduct, supply
from gas.changes import change
from gas.demand import Market
from gas.sources import OutRow, Row, number, spelled, table
from gas.trade import Trade
from mithaq.equilibrium.recipes import NOMINATED

Cell = tuple[str, str]

# Sellers of the table and the firms of the chain that stand for them.
FIRMS = {
    "Gazprom": "Gazprom",
    "Sonatrach": "Sonatrach",
    "Eni/NOC (Libya)": "NOC Libya",
    "RasGas (Qatar)": "Qatargas",
    "Nigeria LNG": "NLNG",
    "SOCAR/Shah Deniz (AGSC)": "SOCAR",
    "NIGC (Iran)": "NIGEC",
    "BOTAS (Azeri gas)": "SOCAR",
    "Statoil": "Statoil",
    "GasTerra": "GasTerra",
}
RUSSIAN = 37.7 / 40.0  # a Russian cubic metre in cubic metres of 40 MJ
ROOM = 0.97  # of its capacity that a seller may owe at most
LEAST_REST = 0.05  # bcm/yr: smaller remainders are left out
LNG_SELLERS = {"Qatargas", "NLNG", "EGAS", "Atlantic LNG", "Oman LNG", "Yemen LNG", "EG LNG"}


def known(year: str) -> dict[Cell, list[Row]]:
    """Contracts of which the annual quantity is told, in force in a year, by seller and market."""
    found: dict[Cell, list[Row]] = defaultdict(list)
    for row in table("contracts"):
        firm, market = FIRMS.get(row["seller"]), spelled(row["delivery_country"])
        if not firm or not row["acq_bcm_per_yr"]:
            continue
        first, last = _years(row)
        if (first or "0") <= year <= (last or "9999"):
            found[firm, market].append(row)
    return found


def _years(row: Row) -> tuple[str, str]:
    """First and last year of a contract, as far as the table tells them."""
    first, last = (re.findall(r"\b(?:19|20)\d\d\b", row[side]) for side in ("start", "end"))
    return first[0] if first else "", last[0] if last else ""


def rows(year: str, markets: list[Market], cells: Mapping[Cell, float]) -> list[OutRow]:
    """Rows of the table ``contracts`` for cells that are open: known contracts and other terms.

    ``cells`` holds what a full calibration takes as nominated, bcm/yr.
    """
    price = {market.name: market.price for market in markets}
    deals = known(year)
    made: list[OutRow] = []
    for cell in sorted(cells):
        whole = 0.0
        for deal in deals.get(cell, []):
            made.append(_known_row(cell, deal, price[cell[1]]))
            whole += float(made[-1]["annual_quantity"])
        rest = cells[cell] - whole
        if rest > LEAST_REST:
            made.append(_rest_row(cell, rest, price[cell[1]]))
    return made


def _known_row(cell: Cell, deal: Row, price: float) -> OutRow:
    scale = RUSSIAN if deal["seller"] == "Gazprom" else 1.0
    share = deal["take_or_pay_share"]
    first, last = _years(deal)
    sure = deal["acq_confirmed"] == "yes"
    quantity = "" if sure else "; assumption: quantity not confirmed"
    note = [
        f"buyer: {deal['buyer']}",
        f"from {deal['start']}" if deal["start"] else "",
        f"to {deal['end']}" if deal["end"] else "",
        deal["indexation"],
        "Russian cubic metres converted" if scale != 1 else "",
        f"told by {deal['source']}",
    ]
    return {
        **_row(cell, deal["buyer"], round(float(deal["acq_bcm_per_yr"]) * scale, 3), price),
        "take_or_pay": number(share) if re.fullmatch(r"0\.\d+", share) else 0,
        "from_year": first,
        "to_year": last,
        "source": f"contracts{quantity}",
        "note": "; ".join(part for part in note if part),
    }


def _rest_row(cell: Cell, quantity: float, price: float) -> OutRow:
    return {
        **_row(cell, "other terms", round(quantity, 3), price),
        "source": "mithaq; assumption: share of deliveries under long-term contract",
        "note": "no contract is known by name",
    }


def _row(cell: Cell, label: str, quantity: float, price: float) -> OutRow:
    return {
        "name": f"{cell[0]} to {cell[1]}: {label}",
        "seller": cell[0],
        "market": cell[1],
        "annual_quantity": quantity,
        "take_or_pay": 0,
        "price": price,
        "nominated": 0,
        "from_year": "",
        "to_year": "",
        "profile": "demand",
    }


def nominations(made: list[OutRow], cells: Mapping[Cell, float]) -> dict[str, float]:
    """Contract to what is nominated of it, bcm/yr: the cell's total, split by annual quantity."""
    whole: dict[Cell, float] = defaultdict(float)
    for row in made:
        whole[str(row["seller"]), str(row["market"])] += float(row["annual_quantity"])
    found = {}
    for row in made:
        cell = (str(row["seller"]), str(row["market"]))
        share = float(row["annual_quantity"]) / whole[cell]
        found[str(row["name"])] = round(share * cells.get(cell, 0.0), 4)
    return found


def calibration_rows(
    name: str,
    values: Mapping[str, float],
    nominated: Mapping[str, float],
    made: list[OutRow],
    cells: list[OutRow],
) -> list[OutRow]:
    """Cell changes of the full calibration: nominations, Cournot beyond them, and adders."""
    ahead = {(row["seller"], row["market"]) for row in made}
    changes: list[OutRow] = []
    for deal, bcm in nominated.items():
        why = "assumption: share of what was delivered in 2010, carried to the year"
        changes.append(change(name, "contracts", deal, "nominated", bcm, why))
    for row in cells:
        key, label = f"{row['firm']}|{row['market']}", f"adder: {row['firm']} in {row['market']}"
        if (row["firm"], row["market"]) in ahead and row["may_sell"] == "true":
            why = "assumption: Cournot beyond contracts"
            changes.append(change(name, "conduct", key, "theta", 1.0, why))
        if label in values:
            why = f"calibrated: {label}"
            changes.append(change(name, "conduct", key, "adder", values[label], why))
    return changes


def taken(known_in: conduct.Known) -> dict[Cell, float]:
    """What a full calibration takes as nominated in the year whose trade is known, bcm/yr."""
    used = {market.name: market.quantity for market in known_in.markets}
    homes = supply.homes()
    return {
        cell: NOMINATED * bcm
        for cell, bcm in conduct.sold(known_in.trade, known_in.markets).items()
        if conduct.is_open(cell, bcm, bcm / used[cell[1]])
        and homes[cell[0]] != cell[1]
        and cell[1] not in conduct.FAR_EAST
    }


def carried(
    base: Mapping[Cell, float],
    known_in: conduct.Known,
    trade: Trade,
    markets: list[Market],
    fields: list[OutRow],
) -> dict[Cell, float]:
    """Nominations of another year: nothing of its trade by seller and market enters.

    Each importer's nominations follow what it needs from abroad; sellers of LNG alone follow what
    they shipped in all; nobody owes more than ``ROOM`` of the export fields leaves it.
    """
    if trade.year == known_in.trade.year:
        return dict(base)
    shipped = _lng_exports(trade.year), _lng_exports(known_in.trade.year)
    homes = supply.homes()
    moved = {
        cell: bcm * _change(homes[cell[0]], *shipped) if cell[0] in LNG_SELLERS else bcm
        for cell, bcm in base.items()
    }
    before, after = _by_market(base), _by_market(moved)
    need = {m.name: _need(m) for m in markets}
    need_known = {m.name: _need(m) for m in known_in.markets}
    wanted = {
        cell: bcm * before[cell[1]] / after[cell[1]] * need[cell[1]] / need_known[cell[1]]
        for cell, bcm in moved.items()
    }
    room = _room(trade, markets, fields)
    owed: dict[str, float] = defaultdict(float)
    for (firm, _), bcm in wanted.items():
        owed[firm] += bcm
    return {
        cell: round(bcm * min(1.0, ROOM * room[cell[0]] / owed[cell[0]]), 4)
        for cell, bcm in wanted.items()
    }


def _need(market: Market) -> float:
    """What a market uses beyond its own production and what statistics leave open, bcm."""
    return max(market.quantity - market.gap - market.production, 0.0)


def _by_market(cells: Mapping[Cell, float]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for (_, market), bcm in cells.items():
        sums[market] += bcm
    return sums


def _lng_exports(year: str) -> dict[str, float]:
    return {
        spelled(row["country"]): number(row["bcm"])
        for row in table("lng_totals")
        if (row["direction"], row["year"]) == ("export", year)
    }


def _change(country: str, now: Mapping[str, float], then: Mapping[str, float]) -> float:
    name = country if country in then else "Other Africa"
    return now[name] / then[name]


def _room(trade: Trade, markets: list[Market], fields: list[OutRow]) -> dict[str, float]:
    """What each seller can export beyond what it owes elsewhere, bcm/yr."""
    room: dict[str, float] = defaultdict(float)
    for field in fields:
        if not str(field["name"]).endswith("for home"):
            room[str(field["owners"])] += float(field["capacity"])
    for (firm, market), bcm in conduct.sold(trade, markets).items():
        if conduct.is_bound((firm, market)):
            room[firm] -= bcm
    return room
