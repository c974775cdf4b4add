"""Markets: how much each country used in a year, at what price, and what statistics leave open."""

from __future__ import annotations

from dataclasses import dataclass

from gas.sources import OutRow, Row, by_country, choice, number, spelled, table
from gas.trade import Trade

MEAN_ELASTICITY = 0.45
SECTOR_ELASTICITY = {  # the defaults of the calibration models, before rescaling to the mean
    "households": 0.25,
    "commercial": 0.25,
    "industry_energy": 0.40,
    "nonenergy": 0.40,
    "energy_sector_own_use": 0.40,
    "power_and_heat_transformation": 0.75,
}
LEAST_GAP = 0.1  # bcm: smaller statistical differences go into demand

# Home markets of exporters at a price set by the state, with who must serve them.
OBLIGED = {
    "Russia": "Gazprom:0.69;Russia producers:0.31",
    "Algeria": "Sonatrach",
    "Egypt": "EGAS",
    "Libya": "NOC Libya",
    "Qatar": "Qatargas",
    "Nigeria": "NLNG",
    "Trinidad and Tobago": "Atlantic LNG",
    "Azerbaijan": "SOCAR",
    "United Arab Emirates": "Qatargas",
    "Levant": "EGAS",
}
# Countries whose home gas is sold by an exporter that also sells abroad at market prices.
HOME_SELLERS = {"Netherlands": "GasTerra", "United Kingdom": "UK producers", "Denmark": "DONG"}
# No country of consumption in the statistics: demand is what was sold there.
SOLD_THERE = {
    "Armenia",
    "Bosnia and Herzegovina",
    "China",
    "Georgia",
    "India",
    "Japan",
    "Levant",
    "Moldova",
    "Morocco",
    "North America",
    "South America",
    "South Korea",
    "Taiwan",
    "Tunisia",
    "United Arab Emirates",
}
NOT_OWN_PRODUCTION = SOLD_THERE | {"Norway"}


@dataclass(frozen=True, slots=True)
class Market:
    """One market of a year; quantities in bcm, price in USD per 1000 m3."""

    name: str
    quantity: float
    price: float
    elasticity: float
    production: float
    imports: float
    gap: float
    price_source: str
    target: bool
    price_note: str
    note: str


def price_of(target: Row) -> tuple[float, str]:
    """Price of a row of choices/price_targets.csv and where it was read."""
    year = target["year"]
    if not target["table"]:
        return number(target["price"]), ""
    if target["table"] == "prices":
        rows = [r for r in table("prices") if r[_first("prices")] == target["row"]]
        rows = [r for r in rows if r["year"] == year]
        return number(rows[0]["usd_per_1000m3"]), f"prices.csv: {target['row']} {year}"
    rows = [
        row
        for row in table("border_prices")
        if (row["importer"], row["supplier"]) == (target["row"], target["supplier"])
        and (row["year"], row["period"]) == (year, "annual")
        and row["usd_per_1000m3_40MJ_GCV"]
    ]
    contract = target["kind"] == "contract"
    asked = [row for row in rows if ("contract price" in row["original_unit"]) == contract]
    where = f"border_prices.csv: {target['row']} | {target['supplier']} | {year} | {target['kind']}"
    return number((asked or rows)[0]["usd_per_1000m3_40MJ_GCV"]), where


def _first(name: str) -> str:
    return next(iter(table(name)[0]))


def elasticities() -> dict[str, float]:
    """Elasticity of each country from its use by sector in 2011, rescaled to the mean."""
    used: dict[str, dict[str, float]] = {}
    for row in table("consumption_by_sector_2011"):
        if row["item"] in SECTOR_ELASTICITY and row["bcm"]:
            used.setdefault(spelled(row["country"]), {})[row["item"]] = float(row["bcm"])
    raw = {
        country: sum(SECTOR_ELASTICITY[item] * bcm for item, bcm in items.items())
        / sum(items.values())
        for country, items in used.items()
        if sum(items.values()) > 0.05
    }
    weight = {country: sum(items.values()) for country, items in used.items() if country in raw}
    mean = sum(raw[c] * weight[c] for c in raw) / sum(weight.values())
    return {country: value * MEAN_ELASTICITY / mean for country, value in raw.items()}


def own_production(country: str, year: str) -> float:
    """Gas lifted in the country in the year (small producers: 2011), bcm."""
    for near in (year, "2011"):
        if country in by_country("production", near):
            return by_country("production", near)[country]
    return 0.0


def home_quantities(trade: Trade) -> dict[str, float]:
    """Demand of the exporters' regulated home markets, bcm."""
    used = by_country("consumption", trade.year)
    made = by_country("production", trade.year)
    lng = {
        row["country"]: float(row["bcm"])
        for row in table("lng_totals")
        if (row["year"], row["direction"]) == (trade.year, "export")
    }
    return {
        "Russia": used["Russia"],
        "Algeria": used["Algeria"],
        "Egypt": used["Egypt"],
        "Qatar": used["Qatar"],
        "Trinidad and Tobago": used["Trinidad and Tobago"],
        "Azerbaijan": used["Azerbaijan"],
        "Libya": made["Libya"] - trade.total("Libya"),
        "Nigeria": made["Nigeria"] - lng["Nigeria"],
        "United Arab Emirates": trade.into("United Arab Emirates")["Qatar"],
        "Levant": trade.into("Levant")["Egypt"],
    }


def _balance(country: str, trade: Trade) -> tuple[float, float, float, str]:
    """Production sold at home, demand, statistical difference and a note."""
    imports = sum(trade.into(country).values())
    made = 0.0 if country in NOT_OWN_PRODUCTION else own_production(country, trade.year)
    if country == "Norway":
        made = by_country("consumption", trade.year)["Norway"]
    if country in ("Netherlands", "United Kingdom"):
        made -= trade.total(country)
    used = by_country("consumption", trade.year).get(country)
    if country in SOLD_THERE or used is None:
        return made, made + imports, 0.0, "demand is what was sold there"
    if country == "Denmark":
        made = used - imports
    gap = used - made - imports
    if gap > LEAST_GAP:
        note = f"consumption {used:.3f}, of which {gap:.3f} is a statistical difference"
        return made, used, gap, note
    note = f"consumption {used:.3f}; supply exceeds it by {-gap:.3f}, counted as demand"
    return made, made + imports, 0.0, note


def markets(trade: Trade) -> list[Market]:
    """Every market of the chain, in the order of the table of nodes."""
    elastic = elasticities()
    homes = home_quantities(trade)
    found = []
    for target in choice("price_targets"):
        if target["year"] != trade.year:
            continue
        name = target["node"]
        price, where = price_of(target)
        if name in homes:
            made, used, gap, note = homes[name], homes[name], 0.0, "home market"
        else:
            made, used, gap, note = _balance(name, trade)
        found.append(
            Market(
                name=name,
                quantity=round(used, 3),
                price=round(price, 1),
                elasticity=-round(elastic.get(name, MEAN_ELASTICITY), 3),
                production=made,
                imports=sum(trade.into(name).values()),
                gap=gap,
                price_source=target["source"],
                target=target["target"] == "yes",
                price_note="; ".join(part for part in (where, target["note"]) if part),
                note=note,
            )
        )
    return found


def market_rows(found: list[Market]) -> list[OutRow]:
    """Rows of the table ``markets``."""
    rows: list[OutRow] = []
    for market in found:
        regulated = market.name in OBLIGED
        quantity_source = "mithaq" if market.name in SOLD_THERE else "ei-2024"
        rows.append(
            {
                "name": market.name,
                "node": market.name,
                "sector": "all",
                "reference_quantity": market.quantity,
                "reference_price": market.price,
                "elasticity": market.elasticity,
                "regulated_price": market.price if regulated else "",
                "supplier": OBLIGED.get(market.name, ""),
                "access": "",
                "source": f"{quantity_source};{market.price_source}",
                "note": f"{market.note}; price: {market.price_note or 'assumed'}",
            }
        )
    return rows


def price_rows(found: list[Market], year: str) -> list[OutRow]:
    """Rows of the table ``prices_observed``: the targets."""
    return [
        {
            "node": market.name,
            "year": year,
            "price": market.price,
            "source": market.price_source,
            "note": market.price_note,
        }
        for market in found
        if market.target
    ]
