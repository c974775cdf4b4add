"""Sellers and their fields."""

from __future__ import annotations

from gas.demand import HOME_SELLERS, OBLIGED, Market, own_production
from gas.sources import OutRow, Row, by_country, choice, cost_functions, number, table
from gas.trade import Trade

LEAST_PRODUCTION = 0.005  # bcm: countries below it have no fringe
FRINGE_COST = {  # node of the chain: cost function of SeasonalFlex
    "Germany": "pn_DE",
    "Italy": "pn_IT",
    "Austria": "pn_AT",
    "Poland": "pn_PL",
    "Ukraine": "pn_UA",
    "Hungary": "pn_HU",
    "Romania": "pn_RO",
}
EXPORT_HOMES = {row["home"] for row in choice("firms")}


def homes() -> dict[str, str]:
    """Home country of each exporting firm."""
    return {row["name"]: row["home"] for row in choice("firms")}


def fringe_name(country: str) -> str:
    """Name of the price-taking fringe of a country."""
    return f"{country} producers"


def gap_name(country: str) -> str:
    """Name of the seller that stands for what the statistics leave open."""
    return f"Statistical difference ({country})"


def has_fringe(market: Market) -> bool:
    """Whether gas lifted in the market's country is sold at home by others than an exporter."""
    if market.name in ("Norway", "Russia"):
        return True
    if market.name in HOME_SELLERS or market.name in OBLIGED:
        return False
    return market.production > LEAST_PRODUCTION


def seller_of(country: str, mode: str) -> str:
    """The firm that sold a country's gas."""
    if country == "Russia" and mode == "lng":
        return "Sakhalin Energy"
    return next((row["name"] for row in choice("firms") if row["home"] == country), "")


def firm_rows(markets: list[Market]) -> list[OutRow]:
    """Rows of the table ``firms``."""
    rows = [exporter_row(row) for row in choice("firms")]
    for market in markets:
        if has_fringe(market):
            rows.append(fringe_row(fringe_name(market.name), market.name, "domestic fringe"))
        if market.gap and not has_fringe(market):
            note = "no firm: gas that the statistics do not trace, always sold"
            rows.append(fringe_row(gap_name(market.name), market.name, note))
    return rows


def exporter_row(row: Row) -> OutRow:
    """Row of the table ``firms`` for an exporting firm that was chosen."""
    return {
        "name": row["name"],
        "home": row["home"],
        "conduct": number(row["conduct"]),
        "fringe": "false",
        "source": "mithaq",
        "note": row["note"],
    }


def fringe_row(name: str, home: str, note: str) -> OutRow:
    """Row of the table ``firms`` for price-takers at home."""
    return {
        "name": name,
        "home": home,
        "conduct": 0,
        "fringe": "true",
        "source": "mithaq",
        "note": note,
    }


def outputs(trade: Trade, markets: list[Market]) -> dict[str, float]:
    """What each seller sold abroad, and at home where it sells at market prices, bcm."""
    homes = {market.name: market.production for market in markets if market.name in HOME_SELLERS}
    sold = {country: trade.total(country) for country in EXPORT_HOMES}
    for country, bcm in homes.items():
        sold[country] += bcm
    # Sold to a regulated buyer from the home field, not from the export field.
    sold["Qatar"] -= trade.into("United Arab Emirates")["Qatar"]
    sold["Egypt"] -= trade.into("Levant")["Egypt"]
    return sold


def central_asia(year: str) -> float:
    """Central Asian gas that Gazprom bought in a year, bcm."""
    return next(
        float(row["bcm"])
        for row in table("trade")
        if (row["exporter"], row["importer"], row["year"])
        == ("Other CIS", "Russian Federation", year)
    )


def _obliged_output(firm: str, year: str, markets: list[Market]) -> float:
    whole = 0.0
    for market in markets:
        for part in OBLIGED.get(market.name, "").split(";"):
            name, _, share = part.partition(":")
            if name == firm:
                whole += market.quantity * (float(share) if share else 1.0)
    if firm == "Norway producers":
        whole = by_country("consumption", year)["Norway"]
    return whole


def _capacity(row: Row, trade: Trade, markets: list[Market]) -> tuple[float, str]:
    rule, _, of = row["output"].partition(":")
    spare = number(row["spare"])
    if rule == "home":
        # A hair more than what is owed, so that rounding never leaves the supplier short.
        return _obliged_output(of, trade.year, markets) * 1.001, "mithaq"
    if rule == "caspian":
        return central_asia(trade.year), "ei-2024"
    if rule == "production":
        return own_production(of, trade.year) + spare, "ei-2024; assumption: spare capacity"
    if rule == "exports" and row["node"] == "Sakhalin":
        lng = [b for (o, _, m), b in trade.cells.items() if (o, m) == ("Russia", "lng")]
        return sum(lng) + spare, "mithaq; assumption: spare capacity"
    if rule == "exports":
        return outputs(trade, markets)[of] + spare, "mithaq; assumption: spare capacity"
    return number(rule), "seasonalflex"


def cost_term(cell: str, term: str) -> float:
    """A term of a cost function: a number, or ``sf:NAME`` for that of SeasonalFlex."""
    kind, _, name = cell.partition(":")
    return cost_functions()[name][term] if kind == "sf" else number(cell)


def _field(row: Row, trade: Trade, markets: list[Market]) -> OutRow:
    capacity, where = _capacity(row, trade, markets)
    price = number(row["entry_price"])
    return {
        "name": row["name"],
        "node": row["node"],
        "owners": row["owner"],
        "capacity": round(capacity, 3),
        "a": round(cost_term(row["a"], "a"), 2),
        "b": round(cost_term(row["b"], "b"), 3),
        "g": round(cost_term(row["g"], "g"), 2),
        "user_cost": 0,
        "royalty": 0,
        "host": row["host"],
        "entry_payment": round(capacity * price, 1),
        "source": f"capacity: {where}; cost: {row['cost_source']}",
        "note": row["note"],
    }


def field_rows(trade: Trade, markets: list[Market]) -> list[OutRow]:
    """Rows of the table ``fields``, user costs still zero."""
    rows = [_field(row, trade, markets) for row in choice("fields")]
    for market in markets:
        if has_fringe(market) and market.name not in ("Norway", "Russia"):
            rows.append(_fringe_field(market, trade.year))
        if market.gap:
            rows.append(_gap_field(market))
    return rows


def _fringe_field(market: Market, year: str) -> OutRow:
    function = cost_functions().get(FRINGE_COST.get(market.name, ""), {})
    default = cost_functions()["pn_Balkan"]
    kind = "seasonalflex" if function else "assumption: SeasonalFlex cost of the Balkans"
    where = "ei-2024" if market.name in by_country("production", year) else "eurostat-balance"
    return {
        "name": f"{market.name} (domestic)",
        "node": market.name,
        "owners": fringe_name(market.name),
        "capacity": round(market.production, 3),
        "a": round(function.get("a", default["a"]), 2),
        "b": round(function.get("b", default["b"]), 3),
        "g": 0,
        "user_cost": 0,
        "royalty": 0,
        "host": "",
        "entry_payment": 0,
        "source": f"capacity: {where}; cost: {kind}",
        "note": "",
    }


def _gap_field(market: Market) -> OutRow:
    return {
        "name": gap_name(market.name),
        "node": market.name,
        "owners": fringe_name(market.name) if has_fringe(market) else gap_name(market.name),
        "capacity": round(market.gap, 3),
        "a": 0,
        "b": 0,
        "g": 0,
        "user_cost": 0,
        "royalty": 0,
        "host": "",
        "entry_payment": 0,
        "source": "capacity: mithaq; cost: assumption: none, so that it is always sold",
        "note": "consumption less production and traced imports",
    }
