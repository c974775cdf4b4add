"""Lines, terminals and shipping legs of a base year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import numpy as np

from gas.sources import OutRow, Row, choice, cost_items, number, spelled, table
from gas.trade import LNG_NODES, Trade

RUNNING_SHARE = 0.3  # of a tariff, the rest pays for the line (assumption)
DUTY_RATE = 0.30
LIQUEFACTION_NODES = {
    "Algeria": "Algeria",
    "Australia": "Australia",
    "Brunei": "Brunei",
    "Egypt": "Egypt",
    "Equatorial Guinea": "Equatorial Guinea",
    "Indonesia": "Indonesia",
    "Libya": "Libya",
    "Malaysia": "Malaysia",
    "Nigeria": "Nigeria",
    "Norway": "Norway",
    "Oman": "Oman",
    "Peru": "Peru",
    "Qatar": "Qatar",
    "Russia": "Sakhalin",
    "Trinidad and Tobago": "Trinidad and Tobago",
    "United Arab Emirates": "United Arab Emirates",
    "Yemen": "Yemen",
}
REGASIFICATION_NODES = {**LNG_NODES, "Greece": "Greece"}
EUROPEAN_TERMINALS = {
    "Belgium",
    "France",
    "Italy",
    "Portugal",
    "Spain",
    "Turkey",
    "United Kingdom",
}
NOT_LNG_TRADE = ("Tjelbergodden", "Snurrevarden", "Kollsnes", "Risavika")  # coastal supply only
OTHER_LNG = "Atlantic LNG;EG LNG;EGAS;NLNG;NOC Libya;Oman LNG;Sonatrach;Statoil;Yemen LNG"
SHARED_OUT = {  # terminal: (label, bcm, who may use it, why)
    "Porto Levante LNG terminal": (
        ("Edison", 6.4, "Qatargas", "6.4 for the contract of RasGas with Edison (contracts.csv)"),
        ("others", 1.6, OTHER_LNG, "what is left for others"),
    ),
    "Panigaglia LNG terminal": (("", 3.59, OTHER_LNG, "too small for Qatari ships (assumption)"),),
}
DESTROYED = ("Skikda LNG Terminal T20", "Skikda LNG Terminal T30", "Skikda LNG Terminal T40")
TERMINAL_OWNERS = {
    "Algeria": "Sonatrach",
    "Qatar": "Qatargas",
    "Nigeria": "NLNG",
    "Trinidad and Tobago": "Atlantic LNG",
    "Sakhalin": "Sakhalin Energy",
    "Norway": "Statoil",
    "Libya": "NOC Libya",
    "Egypt": "EGAS",
    "Oman": "Oman LNG",
    "Yemen": "Yemen LNG",
    "Equatorial Guinea": "EG LNG",
    "United Arab Emirates": "ADGAS",
    "Peru": "Peru LNG",
    "Indonesia": "Pertamina",
    "Malaysia": "Petronas",
    "Brunei": "Brunei LNG",
    "Australia": "North West Shelf",
}


def export_duty(trade: Trade) -> float:
    """0.30 of the mean price of Russian gas in Europe, weighted by volume, USD/1000 m3."""
    prices: dict[str, float] = {}
    for row in table("border_prices"):
        if (row["supplier"], row["year"], row["period"]) != ("Russia", trade.year, "annual"):
            continue
        if row["confidence"] not in ("high", "medium") or not row["usd_per_1000m3_40MJ_GCV"]:
            continue
        prices[row["importer"]] = float(row["usd_per_1000m3_40MJ_GCV"])
    volumes = {
        importer: bcm
        for (origin, importer, _), bcm in trade.cells.items()
        if origin == "Russia" and importer in prices and importer not in _CIS
    }
    mean = sum(prices[i] * bcm for i, bcm in volumes.items()) / sum(volumes.values())
    return round(DUTY_RATE * mean, 1)


_CIS = {"Ukraine", "Belarus", "Moldova", "Armenia", "Turkey"}


def _line_capacity(row: Row) -> tuple[float, str]:
    if row["capacity"]:
        return float(row["capacity"]), row["capacity_source"]
    names = [name.strip() for name in row["capacity_rows"].split(" + ")]
    whole, found = 0.0, ""
    for name in names:
        match = next(
            line
            for line in table("pipelines")
            if line["name"] == name and line["capacity_bcm_per_yr"]
        )
        whole += float(match["capacity_bcm_per_yr"])
        found = "seasonalflex" if "SeasonalFlex" in match["source"] else "gem-pipelines"
    return round(whole, 2), found


def _line_tariff(row: Row) -> tuple[float, str]:
    if row["tariff"]:
        return float(row["tariff"]), row["tariff_source"] or "seasonalflex"
    if row["tariff_item"]:
        return cost_items()[row["tariff_item"]], "seasonalflex"
    return 0.0, ""


def pipeline_rows(trade: Trade) -> list[OutRow]:
    """Rows of the table ``pipelines``."""
    there = [row for row in choice("pipelines") if _there(row["years"], trade.year)]
    return line_rows(there, export_duty(trade))


def line_rows(chosen: Iterable[Row], duty: float) -> list[OutRow]:
    """Rows of the table ``pipelines`` for rows of a table of choices."""
    rows: list[OutRow] = []
    for row in chosen:
        capacity, where = _line_capacity(row)
        tariff, why = _line_tariff(row)
        parts = [f"capacity: {where}"]
        if tariff:
            parts.append(f"tariff: {why}; running cost: assumption: {RUNNING_SHARE:.0%} of it")
        if row["transit_fee"]:
            parts.append(f"fee: {row['fee_source']}")
        if row["duty"] == "yes":
            parts.append("duty: comtrade;osw-2011; assumption: rate of 30 % (from memory)")
        rows.append(
            {
                "name": row["name"] or f"{row['from']}-{row['to']}",
                "from": row["from"],
                "to": row["to"],
                "capacity": capacity,
                "tariff": tariff,
                "operating_cost": round(RUNNING_SHARE * tariff, 2),
                "transit_fee": number(row["transit_fee"]),
                "fee_receiver": row["fee_receiver"],
                "export_duty": duty if row["duty"] == "yes" else 0,
                "duty_receiver": "Russia" if row["duty"] == "yes" else "",
                "owner": row["owner"],
                "access": row["access"],
                "source": "; ".join(parts),
                "note": row["note"],
            }
        )
    return rows


def _there(years: str, year: str) -> bool:
    """Whether a line marked 2009, 2010- or nothing at all stands in the chain of a year."""
    first, dash, last = years.partition("-")
    return not years or (first or "0") <= year <= ((last or "9999") if dash else first)


def _in_service(row: Row, year: str) -> bool:
    stopped = row["stop_year"].split(".")[0]
    begun = row["in_service_year"].split(".")[0]
    return bool(begun) and begun <= year and not (stopped and stopped <= year)


def _plain(name: str) -> str:
    return name.replace(" [GIE]", "").strip()


def _european(row: Row, country: str) -> list[OutRow]:
    """A European terminal; one whose capacity is shared out gives a row for each share."""
    name, capacity = _plain(row["name"]), float(row["capacity_bcm_per_yr"])
    rows: list[OutRow] = []
    for label, part, access, why in SHARED_OUT.get(name, (("", capacity, "", ""),)):
        whole = f"{name} ({label})" if label else name
        note = "; ".join(text for text in ("capacity of 2019", why) if text)
        rows.append(terminal_row(whole, country, "regasification", part, "gie-lng", note))
        rows[-1]["access"] = access
    return rows


def terminal_row(
    name: str, node: str, kind: str, capacity: float, source: str, note: str
) -> OutRow:
    """A row of the table ``terminals``, with the tariffs of SeasonalFlex."""
    if kind == "liquefaction":
        tariff, label = cost_items()["pn_DZ -> liqn_DZ"], "SeasonalFlex liquefaction cost"
    else:
        tariff, label = cost_items()["regn_UK -> tn_UK"], "SeasonalFlex regasification tariff"
    return {
        "name": name,
        "node": node,
        "kind": kind,
        "capacity": round(capacity, 2),
        "tariff": tariff,
        "operating_cost": round(RUNNING_SHARE * tariff, 2),
        "owner": TERMINAL_OWNERS.get(node, "") if kind == "liquefaction" else "",
        "access": "",
        "source": f"capacity: {source}; tariff: seasonalflex; running cost: assumption: 30 % of it",
        "note": "; ".join(part for part in (note, label) if part),
    }


def terminal_rows(year: str) -> list[OutRow]:
    """Rows of the table ``terminals``: Europe one by one, the rest of the world by country."""
    rows: list[OutRow] = []
    pooled: dict[tuple[str, str], float] = defaultdict(float)
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in table("lng_terminals"):
        country, gie = spelled(row["country"]), "[GIE]" in row["name"]
        if not _in_service(row, year) or not row["capacity_bcm_per_yr"]:
            continue
        if row["kind"] == "regasification" and country in EUROPEAN_TERMINALS and gie:
            rows.extend(_european(row, country))
        if gie or row["name"].startswith(NOT_LNG_TRADE) or row["name"] in DESTROYED:
            continue
        nodes = LIQUEFACTION_NODES if row["kind"] == "liquefaction" else REGASIFICATION_NODES
        if country in nodes:
            key = (row["kind"], nodes[country])
            pooled[key] += float(row["capacity_bcm_per_yr"])
            names[key].append(row["name"])
    for (kind, node), capacity in pooled.items():
        trains = len(names[kind, node])
        note = f"{trains} trains or terminals in service in {year}, capacities of 2024"
        rows.append(terminal_row(f"{kind} in {node}", node, kind, capacity, "gem-lng", note))
    return rows


SHIPPING_NODES = {
    "IT": "Italy",
    "FR": "France",
    "Iberia": "Spain",
    "BE": "Belgium",
    "UK": "United Kingdom",
}


def shipping_cost() -> tuple[float, float]:
    """Intercept and slope per nautical mile of the shipping costs of SeasonalFlex, USD/1000 m3."""
    miles = {(r["from"], r["to"]): float(r["nautical_miles"]) for r in table("sea_distances")}
    origins = {"DZ": "Algeria", "NG": "Nigeria", "QA": "Qatar"}
    points = [
        (miles[origins[a], SHIPPING_NODES[b]], cost_items()[f"liqn_{a} -> regn_{b}"])
        for a in origins
        for b in SHIPPING_NODES
    ]
    x, y = np.array(points).T
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    return round(float(y.mean()) - round(slope, 5) * float(x.mean()), 2), round(slope, 5)


def route_rows(
    names: Iterable[str] = ("sea_distances",), nodes: Collection[str] | None = None
) -> list[OutRow]:
    """Rows of the table ``routes``: every liquefaction node to every regasification node.

    ``names`` are the tables of distances; of ``nodes`` both ends have to be, where given.
    """
    fixed, slope = shipping_cost()
    rows: list[OutRow] = []
    for row in (row for name in names for row in table(name)):
        if nodes is not None and not {row["from"], row["to"]} <= set(nodes):
            continue
        miles = float(row["nautical_miles"])
        cost = round(fixed + slope * miles, 1)
        rows.append(
            {
                "from": row["from"],
                "to": row["to"],
                "distance": miles,
                "tariff": cost,
                "operating_cost": cost,
                "owner": "",
                "source": "distance: searoute; cost: seasonalflex;mithaq",
                "note": f"cost: {fixed} + {slope} a nautical mile, fitted to SeasonalFlex",
            }
        )
    return rows
