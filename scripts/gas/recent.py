"""Base year 2023: after Nord Stream.

Its choices lie in ``data/sources/choices/2023``. Nothing is fitted to the year: conduct is that of
the lean calibration of 2010 by kind of seller, since trade of 2023 by seller and market of use is
not public. What is observed, and what is not, stands on the page of the year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from gas import build, carriage, demand, network, seasons, supply
from gas.changes import change, elasticities
from gas.demand import MEAN_ELASTICITY, OBLIGED, Market
from gas.sources import OutRow, Row, by_country, choice, cost_functions, number, spelled, table

YEAR = "2023"
CALIBRATIONS = ("lean", "low_elasticity", "high_elasticity")
DUTY_RATE = network.DUTY_RATE
LNG_BUYERS = {  # importers of the Energy Institute's matrix: node of the chain
    **{name: name for name in ("Belgium", "France", "Italy", "Spain", "Turkey", "United Kingdom")},
    **{name: name for name in ("Japan", "South Korea", "Taiwan", "China", "India")},
    **dict.fromkeys(("Argentina", "Brazil", "Chile"), "South America"),
    "Other S. & Cent. America": "South America",
    "Other EU": "Other EU",
}
OTHER_EU = (
    "Germany",
    "Netherlands",
    "Poland",
    "Portugal",
    "Lithuania",
    "Greece",
    "Croatia",
    "Finland",
)
ASIA = ("Japan", "South Korea", "Taiwan", "China", "India", "South America")
# Sellers near Asia, whose gas is sold ahead there: fixed contracts for what was shipped.
BOUND = {
    "Australian LNG",
    "Petronas",
    "Brunei LNG",
    "Pertamina",
    "PNG LNG",
    "Oman LNG",
    "ADGAS",
    "Sakhalin Energy",
    "Peru LNG",
}
LIQUEFIED = {**network.LIQUEFACTION_NODES, "United States": "United States", "Angola": "Angola"}
LIQUEFIED |= {"Papua New Guinea": "Papua New Guinea"}
LIQUEFIED |= dict.fromkeys(("Cameroon", "Mozambique", "Republic of the Congo"), "Equatorial Guinea")
LANDED = {
    **{name: name for name in (*OTHER_EU, "Belgium", "France", "Italy", "Spain", "Turkey")},
    **{name: name for name in ("United Kingdom", "Japan", "South Korea", "Taiwan", "China")},
    "India": "India",
    **dict.fromkeys(("Argentina", "Brazil", "Chile", "Dominican Republic"), "South America"),
    **dict.fromkeys(("Colombia", "Panama", "Jamaica"), "South America"),
}
NEVER = {  # no Russian LNG (barred, or none since 2022)
    "Novatek": {"United Kingdom", "Germany", "Poland", "Lithuania"},
}
# Hubs sell on what they land, so that these are no countries of use.
_LANDED_AS = {
    "Other EU": "European Union but Belgium, France, Italy and Spain",
    **{name: f"{name} (landed)" for name in ("Belgium", "France", "Italy", "United Kingdom")},
}
LEAST_OPEN = 0.05  # bcm: a seller of LNG may sell in Asia where it shipped as much


def chosen(name: str) -> tuple[Row, ...]:
    """Rows of a table of choices of the year."""
    return choice(f"{YEAR}/{name}")


@dataclass(frozen=True, slots=True)
class Year:
    """Everything of the year that no calibration changes."""

    lng: dict[tuple[str, str], float]  # (exporter, buyer of the matrix) to bcm
    markets: list[Market]
    fields: list[OutRow]
    pipelines: list[OutRow]
    terminals: list[OutRow]
    routes: list[OutRow]


@cache
def year() -> Year:
    """Read the sources and build what no calibration changes."""
    lng = _lng()
    markets = _markets(lng)
    return Year(
        lng,
        markets,
        _fields(lng, markets),
        network.line_rows([dict(row, years="") for row in chosen("pipelines")], _duty()),
        _terminals(),
        network.route_rows(("sea_distances", "sea_distances_2023"), _nodes()),
    )


def _lng() -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = defaultdict(float)
    for row in table("trade"):
        buyer = LNG_BUYERS.get(spelled(row["importer"]))
        if row["year"] == YEAR and row["mode"] == "lng" and buyer:
            found[spelled(row["exporter"]), buyer] += float(row["bcm"])
    return dict(found)


def piped(exporter: str, importer: str) -> float:
    """What an exporter sent by line to an importer of the Energy Institute's matrix, bcm."""
    return sum(
        float(row["bcm"])
        for row in table("trade")
        if (row["year"], row["mode"], spelled(row["exporter"]), row["importer"])
        == (YEAR, "pipeline", exporter, importer)
    )


def observed(exporter: str, importer: str) -> float:
    """A figure of the table of observed trade by line, bcm."""
    return next(
        float(row["bcm"])
        for row in chosen("observed")
        if (row["exporter"], row["importer"]) == (exporter, importer)
    )


def _nodes() -> set[str]:
    return {str(row["name"]) for row in node_rows()}


def node_rows() -> list[OutRow]:
    """Rows of the table ``nodes``: those of the other years, less some, and some more."""
    gone = {row["name"] for row in chosen("nodes") if row["drop"]}
    kept = [row for row in choice("nodes") if row["name"] not in gone]
    new = [row for row in chosen("nodes") if not row["drop"]]
    columns = ("name", "country", "latitude", "longitude", "region")
    return [
        {**{name: row[name] for name in columns}, "source": "coordinates", "note": ""}
        for row in (*kept, *new)
    ]


def _price(row: Row) -> float:
    kind, _, name = row["price"].partition("prices: ")
    if not name:
        return float(kind)
    found = (r for r in table("prices") if r["market"] == name and r["year"] == YEAR)
    return float(next(found)["usd_per_1000m3"])


def _duty() -> float:
    hub = next(row for row in chosen("markets") if row["name"] == "Netherlands")
    return round(DUTY_RATE * _price(hub), 1)


def _sold_abroad(country: str, lng: Mapping[tuple[str, str], float]) -> float:
    """What a country sold in the markets of the chain, by line and ship, bcm."""
    ships = sum(bcm for (exporter, _), bcm in lng.items() if exporter == country)
    lines = sum(
        float(row["bcm"])
        for row in chosen("observed")
        if row["exporter"] == country
        and row["importer"] in ("European Union", "Tunisia", "Turkey", "Georgia", "Armenia")
        and row["mode"] == "pipeline"
    )
    return ships + lines


def _quantity(row: Row, lng: Mapping[tuple[str, str], float]) -> float:
    name, rule = row["name"], row["quantity"]
    if rule == "landed":
        return sum(bcm for (_, buyer), bcm in lng.items() if buyer == name)
    if rule == "production less exports":
        abroad = {"Libya": piped("Libya", "EU")}.get(name)
        if abroad is None:
            abroad = _lng_total("export", name)
        return by_country("production", YEAR)[name] - abroad
    if rule.startswith("exports: "):
        return piped("Algeria", "Other Africa")
    return number(rule) or by_country("consumption", YEAR)[name]


def _lng_total(direction: str, country: str) -> float:
    return next(
        float(row["bcm"])
        for row in table("lng_totals")
        if (row["direction"], row["year"], spelled(row["country"])) == (direction, YEAR, country)
    )


def _made(country: str) -> tuple[float, str]:
    own = {row["country"]: row for row in chosen("production")}
    if country in own:
        return float(own[country]["bcm"]), own[country]["source"]
    return by_country("production", YEAR).get(country, 0.0), "ei-2024"


def _markets(lng: Mapping[tuple[str, str], float]) -> list[Market]:
    elastic = demand.elasticities()
    found = []
    for row in chosen("markets"):
        name = row["name"]
        made = 0.0 if row["quantity"] == "landed" or name in OBLIGED else _made(name)[0]
        quantity = _quantity(row, lng)
        found.append(
            Market(
                name=name,
                quantity=round(quantity, 3),
                price=round(_price(row), 1),
                elasticity=-round(elastic.get(name, MEAN_ELASTICITY), 3),
                production=quantity if name == "Norway" else made,
                imports=0.0,
                gap=0.0,
                price_source=row["price_source"],
                target=row["target"] == "yes",
                price_note=row["price"] if row["price"].startswith("prices") else "",
                note="; ".join(p for p in (row["quantity_source"], row["note"]) if p),
            )
        )
    return found


def market_rows(markets: Sequence[Market]) -> list[OutRow]:
    """Rows of the table ``markets``."""
    rows = demand.market_rows(list(markets))
    for row, market in zip(rows, chosen("markets"), strict=True):
        row["source"] = f"{market['quantity_source']}; price: {market['price_source']}"
        row["note"] = market["note"]
        row["supplier"] = str(row["supplier"]).replace("Qatargas", "QatarEnergy")
    return rows


def _has_fringe(market: Market) -> bool:
    return market.name in ("Norway", "Russia") or (
        market.name not in OBLIGED and market.production > supply.LEAST_PRODUCTION
    )


def firm_rows(markets: Sequence[Market]) -> list[OutRow]:
    """Rows of the table ``firms``."""
    rows = [supply.exporter_row(row) for row in chosen("firms")]
    return rows + [
        supply.fringe_row(supply.fringe_name(market.name), market.name, "domestic fringe")
        for market in markets
        if _has_fringe(market)
    ]


def _capacity(
    row: Row, lng: Mapping[tuple[str, str], float], used: Mapping[str, float]
) -> tuple[float, str]:
    rule, _, of = row["output"].partition(":")
    spare = number(row["spare"])
    if rule == "home":
        country, _, share = of.partition(":")
        return used[country] * float(share) * 1.001, "mithaq"
    if rule == "shelf":
        return by_country("production", YEAR)[of] - used[of] + spare, (
            "ei-2024;mithaq; assumption: spare capacity"
        )
    if rule == "lng":
        exporter, _, buyers = of.partition(":")
        whole = sum(
            bcm for (origin, buyer), bcm in lng.items() if origin == exporter and buyer in buyers
        )
        return whole + spare, "ei-2024;mithaq; assumption: spare capacity"
    if rule == "exports":
        whole = _sold_abroad(of, lng)
        return whole + spare, "ei-2024;mithaq; assumption: spare capacity"
    return number(rule), "seasonalflex"


def _fields(lng: Mapping[tuple[str, str], float], markets: Sequence[Market]) -> list[OutRow]:
    used = {market.name: market.quantity for market in markets}
    rows = []
    for row in chosen("fields"):
        capacity, where = _capacity(row, lng, used)
        cost = {term: round(supply.cost_term(row[term], term), 3) for term in "abg"}
        rows.append(
            _field(row["name"], row["node"], row["owner"], capacity, cost)
            | {"source": f"capacity: {where}; cost: {row['cost_source']}", "note": row["note"]}
        )
    default = cost_functions()["pn_Balkan"]
    for market in markets:
        if not _has_fringe(market) or market.name in ("Norway", "Russia"):
            continue
        known = cost_functions().get(supply.FRINGE_COST.get(market.name, ""))
        terms = known or default
        kind = "seasonalflex" if known else "assumption: SeasonalFlex cost of the Balkans"
        cost = {"a": round(terms["a"], 2), "b": round(terms["b"], 3), "g": 0.0}
        name = f"{market.name} (domestic)"
        owner = supply.fringe_name(market.name)
        rows.append(
            _field(name, market.name, owner, market.production, cost)
            | {"source": f"capacity: {_made(market.name)[1]}; cost: {kind}", "note": ""}
        )
    return rows


def _field(name: str, node: str, owner: str, capacity: float, cost: Mapping[str, float]) -> OutRow:
    return {
        "name": name,
        "node": node,
        "owners": owner,
        "capacity": round(capacity, 3),
        **cost,
        "user_cost": 0,
        "royalty": 0,
        "host": "",
        "entry_payment": 0,
    }


def _terminals() -> list[OutRow]:
    """One terminal a country and kind: what operated in the register of 2024 and began by 2023."""
    pooled: dict[tuple[str, str], float] = defaultdict(float)
    count: dict[tuple[str, str], int] = defaultdict(int)
    for row in table("lng_terminals_2023"):
        country = spelled(row["country"])
        if row["kind"] == "regasification":
            node = LANDED[country]
        elif country == "Russia" and not row["name"].startswith("Sakhalin"):
            node = "Yamal"
        else:
            node = LIQUEFIED[country]
        pooled[row["kind"], node] += float(row["capacity_bcm_per_yr"])
        count[row["kind"], node] += 1
    owners = {row["home"]: row["name"] for row in chosen("firms")} | {"Sakhalin": "Sakhalin Energy"}
    owners |= {"Yamal": "Novatek"}
    shipped = {
        LIQUEFIED.get(spelled(row["country"]), ""): number(row["bcm"])
        for row in table("lng_totals")
        if (row["direction"], row["year"]) == ("export", YEAR)
    }
    landed: dict[str, float] = defaultdict(float)
    for (_, buyer), bcm in _lng().items():
        landed[buyer] += bcm
    rows = []
    for (kind, node), capacity in pooled.items():
        note = f"{count[kind, node]} trains or terminals begun by {YEAR}, capacities of 2024"
        used = (shipped if kind == "liquefaction" else landed).get(node, 0.0)
        if used > capacity and node != "Sakhalin":
            note = f"what passed in {YEAR} (ei-2024), above the {capacity:.2f} of {note}"
            capacity = used
        name = f"{kind} in {node}"
        rows.append(network.terminal_row(name, node, kind, capacity, "gem-lng", note))
        rows[-1]["owner"] = owners.get(node, "") if kind == "liquefaction" else ""
    return rows


def conduct_rows(base: Year, values: Mapping[str, float]) -> list[OutRow]:
    """Rows of the table ``conduct``; cells that ``choices/2023`` does not open are closed."""
    steps = carriage.ways(base.pipelines, base.terminals, base.routes)
    europe = {str(row["name"]) for row in node_rows() if row["region"] == "Europe"}
    europe |= {"Ukraine", "Moldova"}
    opened: dict[tuple[str, str], Row] = {}
    for row in chosen("conduct"):
        for name in (part.strip() for part in row["markets"].split(";")):
            if name == "Europe":
                places = sorted(europe)
            elif name == "Asia":
                places = [m for m in ASIA if _shipped(base, row["firm"], m) > LEAST_OPEN]
            else:
                places = [name]
            for place in places:
                opened[row["firm"], place] = row
    rows: list[OutRow] = []
    for firm in (row["name"] for row in chosen("firms")):
        nodes = sorted({str(f["node"]) for f in base.fields if f["owners"] == firm})
        reach = carriage.cheapest(steps, firm, nodes)
        for market in base.markets:
            cell = (firm, market.name)
            if market.name in OBLIGED or market.name not in reach:
                continue
            how = opened.get(cell)
            if market.name in NEVER.get(firm, set()) or (firm in BOUND and cell not in opened):
                how = None
            rows.append(_cell(cell, how, values))
    return rows


def _cell(cell: tuple[str, str], how: Row | None, values: Mapping[str, float]) -> OutRow:
    theta, source, note = 1.0, "assumption: a newcomer would sell as Cournot", "closed in 2023"
    if how is not None:
        parameter = how["parameter"]
        theta = values[parameter] if parameter else 0.0
        source = (
            "mithaq; assumption: conduct as in 2010" if parameter else "assumption: price-taking"
        )
        note = f"as in 2010: {parameter}" if parameter else ""
    return {
        "firm": cell[0],
        "market": cell[1],
        "theta": theta,
        "may_sell": "true" if how is not None else "false",
        "source": source,
        "note": note,
    }


def _homes() -> dict[str, str]:
    return {row["name"]: row["home"] for row in chosen("firms")}


def _exporter(firm: str) -> str:
    return "Other Africa" if firm == "Other African LNG" else _homes()[firm]


def _shipped(base: Year, firm: str, buyer: str) -> float:
    return base.lng.get((_exporter(firm), buyer), 0.0)


def contract_rows(base: Year) -> list[OutRow]:
    """LNG bound to its market: what sellers near Asia shipped there."""
    price = {market.name: market.price for market in base.markets}
    rows: list[OutRow] = []
    for firm in sorted(BOUND):
        for market in ASIA:
            bcm = _shipped(base, firm, market)
            if firm == "Sakhalin Energy" and market not in ("Japan", "South Korea", "Taiwan"):
                continue
            if bcm <= LEAST_OPEN:
                continue
            rows.append(
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
                    "source": "ei-2024; assumption: what was shipped in 2023, as a contract",
                    "note": "",
                }
            )
    rows += [
        {
            "name": f"{row['seller']} to {row['market']}",
            "seller": row["seller"],
            "market": row["market"],
            "annual_quantity": float(row["bcm"]),
            "take_or_pay": 1,
            "price": price[row["market"]],
            "nominated": float(row["bcm"]),
            "from_year": "",
            "to_year": "",
            "profile": "flat",
            "source": row["source"],
            "note": row["note"],
        }
        for row in chosen("contracts")
    ]
    return rows


def observed_rows(base: Year) -> list[OutRow]:
    """Rows of the table ``observed``: pairs that a source gives, LNG where it was landed."""
    rows: list[OutRow] = [
        {
            "exporter": row["exporter"],
            "importer": row["importer"],
            "year": YEAR,
            "mode": row["mode"],
            "bcm": float(row["bcm"]),
            "source": row["source"],
            "note": row["note"],
        }
        for row in chosen("observed")
        if row["observed"] == "yes"
    ]
    for (exporter, importer), bcm in sorted(base.lng.items()):
        if exporter.startswith("Other") or importer == "South America":
            continue
        rows.append(
            {
                "exporter": exporter,
                "importer": _LANDED_AS.get(importer, importer),
                "year": YEAR,
                "mode": "lng",
                "bcm": round(bcm, 3),
                "source": "ei-2024",
                "note": "landed here, whoever used it" if importer in _LANDED_AS else "",
            }
        )
    return rows


def tables(parameters: Mapping[str, Mapping[str, float]]) -> build.Tables:
    """Every table of the chain of 2023; ``parameters`` are those of 2010 by calibration."""
    base = year()
    cells = conduct_rows(base, parameters["lean"])
    markets = market_rows(base.markets)
    changes: list[OutRow] = []
    for name in CALIBRATIONS:
        scale = build.MEAN_ELASTICITIES[name] / MEAN_ELASTICITY
        changes += _changes(name, scale, markets, conduct_rows(base, parameters[name]))
    return {
        "nodes": node_rows(),
        "firms": firm_rows(base.markets),
        "fields": base.fields,
        "pipelines": base.pipelines,
        "terminals": base.terminals,
        "routes": base.routes,
        "markets": markets,
        "conduct": cells,
        "contracts": contract_rows(base),
        "observed": observed_rows(base),
        "prices_observed": demand.price_rows(base.markets, YEAR),
        "calibrations": changes,
        "sources": [dict(row) for row in (*choice("sources"), *chosen("sources"))],
    }


def _changes(
    name: str, scale: float, markets: Sequence[OutRow], cells: Sequence[OutRow]
) -> list[OutRow]:
    rows = elasticities(name, scale, markets)
    for cell in cells:
        if cell["may_sell"] == "true" and cell["note"]:
            key = f"{cell['firm']}|{cell['market']}"
            why = str(cell["note"])
            rows.append(change(name, "conduct", key, "theta", float(cell["theta"]), why))
    return rows


def divided(built: build.Tables) -> dict[str, build.Tables]:
    """For each division of the year the tables that stand beside the others."""
    return {
        name: seasons.tables(name, year().markets, built["conduct"], built["firms"])
        for name in seasons.DIVISIONS
    }
