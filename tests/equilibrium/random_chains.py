"""Small random chains from a seed: with nothing special, or with all that a chain can hold."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.equilibrium.toys import Row

Rows = dict[str, list[Row]]


def plain(seed: int, conduct: float | None = 0.0) -> Rows:
    """Fields, lines and markets alone; tariffs equal operating cost and nothing is levied."""
    dice = Random(seed)
    nodes = [f"n{i}" for i in range(dice.randint(2, 4))]
    firms = [f"f{i}" for i in range(dice.randint(2, 4))]
    tables: Rows = {
        "nodes": [{"name": node} for node in nodes],
        "firms": [
            {
                "name": firm,
                "home": dice.choice(nodes),
                "conduct": theta if conduct is None else conduct,
            }
            for firm in firms
            for theta in [dice.choice([0, 0.3, 1])]
        ],
        "fields": [_field(dice, f"{firm}-own", firm, nodes) for firm in firms],
        "markets": [],
        "pipelines": [],
    }
    if dice.random() < 0.5:
        share = dice.choice([0.2, 0.5])
        owners = f"{firms[0]}:{share};{firms[1]}:{1 - share}"
        tables["fields"].append(_field(dice, "shared", owners, nodes))
    for node in nodes:
        for sector in ("all", "power")[: dice.choice([0, 1, 1, 2])]:
            tables["markets"].append(_market(dice, f"{node} {sector}", node, sector))
    if not tables["markets"]:
        tables["markets"].append(_market(dice, "only", nodes[0], "all"))
    for tail in nodes:
        for head in nodes:
            if tail != head and dice.random() < 0.6:
                tables["pipelines"].append(
                    {
                        "from": tail,
                        "to": head,
                        "capacity": round(dice.choice([0, dice.uniform(1, 40)]), 2),
                        "tariff": round(dice.uniform(0, 12), 2),
                        "loss": round(dice.choice([0, dice.uniform(0, 0.15)]), 3),
                    }
                )
    if dice.random() < 0.4:
        _ship(dice, tables, nodes)
    return tables


def _field(dice: Random, name: str, owners: str, nodes: list[str]) -> Row:
    return {
        "name": name,
        "node": dice.choice(nodes),
        "owners": owners,
        "capacity": round(dice.choice([dice.uniform(5, 80), dice.uniform(5, 80), 0]), 1),
        "a": round(dice.uniform(0, 60), 1),
        "b": dice.choice([0, round(dice.uniform(0, 3), 2)]),
        "g": dice.choice([0, -round(dice.uniform(1, 30), 1)]),
    }


def _market(dice: Random, name: str, node: str, sector: str) -> Row:
    return {
        "name": name,
        "node": node,
        "sector": sector,
        "reference_quantity": round(dice.uniform(5, 80), 1),
        "reference_price": round(dice.uniform(60, 350), 1),
        "elasticity": -round(dice.uniform(0.2, 1.5), 2),
    }


def _ship(dice: Random, tables: Rows, nodes: list[str]) -> None:
    tail, head = dice.sample(nodes, 2)
    size = {"capacity": round(dice.uniform(2, 30), 1)}
    costs = {"operating_cost": round(dice.uniform(5, 40), 1), "loss": 0.08}
    tables["terminals"] = [
        {"name": "plant", "node": tail, "kind": "liquefaction", **size, **costs},
        {"name": "port", "node": head, "kind": "regasification", **size, "operating_cost": 6},
    ]
    tables["routes"] = [{"from": tail, "to": head, "distance": 900, "operating_cost": 9}]


def rich(seed: int) -> Rows:
    """A chain with levies, contracts, cooperation, swaps, regulated prices, floors and a fringe."""
    dice = Random(seed + 1)
    tables = plain(seed, conduct=None)
    firms = [row["name"] for row in tables["firms"]]
    for row in tables["fields"]:
        row["royalty"] = dice.choice([0, 3.5])
        row["user_cost"] = dice.choice([0, 7])
        row["profit_share"] = dice.choice([0, 0.3])
        row["entry_payment"] = dice.choice([0, 12])
        row["host"] = dice.choice(["", "Elsewhere"])
    for row in tables["pipelines"]:
        row["transit_fee"] = dice.choice([0, 2.5])
        row["export_duty"] = dice.choice([0, 4])
        row["operating_cost"] = dice.choice(["", 1.0])
        row["owner"] = dice.choice(["", firms[0], f"{firms[0]}:0.4;State:0.6"])
        row["access"] = dice.choice(["", "", f"{firms[0]};{firms[-1]}"])
    extras: dict[str, Any] = {
        "fringe": lambda: tables["firms"][-1].update(fringe=True),
        "group": lambda: tables.update(
            cooperation=[
                {"group": "club", "firm": firm, "strength": dice.choice([0, 0.4, 1])}
                for firm in firms[:2]
            ]
        ),
        "regulated": lambda: _regulate(dice, tables),
        "contract": lambda: tables.update(contracts=_contracts(dice, tables)),
        "floor": lambda: tables.update(floors=_floors(tables)),
        "swap": lambda: tables.update(
            swaps=[{"name": "swap", "a": firms[0], "b": firms[1], "cap": 6, "ratio": 1.2}]
        ),
        "weights": lambda: tables.update(
            weights=[
                {"firm": f, "other": g, "weight": 0.1}
                for f, g in [(firms[0], firms[-1]), (firms[-1], firms[0])]
            ]
        ),
        "bar": lambda: tables.update(
            conduct=[{"firm": firms[0], "market": tables["markets"][0]["name"], "may_sell": False}]
        ),
        "closed": lambda: tables["markets"][0].update(access=f"{firms[0]};{firms[-1]}"),
        "stakes": lambda: _mutual_stakes(tables, firms),
    }
    for name in dice.sample(list(extras), 3):
        extras[name]()
    if "cooperation" in tables:
        tables["cooperation"][1]["strength"] = tables["cooperation"][0]["strength"]
    return tables


def stepped(seed: int) -> Rows:
    """Costs in steps under market power, sellers alike, several sectors, conduct by market.

    Numbers are round, so that steps of cost, capacities and prices often coincide.
    """
    dice = Random(seed + 3)
    nodes = [f"n{i}" for i in range(dice.randint(1, 3))]
    firms = [f"f{i}" for i in range(dice.randint(1, 4))]
    tables: Rows = {
        "nodes": [{"name": node} for node in nodes],
        "firms": [{"name": firm, "conduct": dice.choice([0, 0, 0.5, 1, 1])} for firm in firms],
        "fields": [
            {
                "name": f"{firm} step {step}",
                "node": dice.choice(nodes) if step == 0 else nodes[0],
                "owners": firm,
                "capacity": dice.choice([5, 10, 20]),
                "a": 10 * (1 + step) + dice.choice([0, 0, 10]),
                "b": dice.choice([0, 0, 1]),
                "g": 0,
            }
            for firm in firms
            for step in range(dice.randint(1, 4))
        ],
        "markets": [
            {
                "name": f"{node} {sector}",
                "node": node,
                "sector": sector,
                "reference_quantity": dice.choice([10, 20, 40]),
                "reference_price": dice.choice([50, 60, 100]),
                "elasticity": dice.choice([-0.5, -1]),
            }
            for node in nodes
            for sector in ("all", "power", "industry")[: dice.randint(1, 3)]
        ],
        "pipelines": [
            {
                "name": f"{tail}-{head} {number}",
                "from": tail,
                "to": head,
                "capacity": dice.choice([5, 10, 40]),
                "tariff": dice.choice([0, 5]),
            }
            for tail in nodes
            for head in nodes
            for number in range(dice.choice([1, 1, 2]))
            if tail != head
        ],
    }
    tables["conduct"] = [
        {"firm": firm, "market": market["name"], "theta": dice.choice([0, 0.5, 1])}
        for firm in firms
        for market in tables["markets"]
        if dice.random() < 0.3
    ]
    return tables


def through_time(seed: int, tables: Rows | None = None) -> Rows:
    """A chain with periods or years or both, and what lives in them; plain without ``tables``."""
    dice = Random(seed + 2)
    tables = plain(seed, conduct=None) if tables is None else tables
    firms = [row["name"] for row in tables["firms"]]
    if dice.random() < 0.8:
        shares = dice.choice([(0.5, 0.5), (0.25, 0.5, 0.25), (0.6, 0.4)])
        tables["periods"] = [
            {"name": f"p{place}", "position": place, "share": share}
            for place, share in enumerate(shares)
        ]
    if "periods" not in tables or dice.random() < 0.5:
        tables["years"] = [
            {"year": 2020 + 5 * place, "span": dice.choice([1, 5]), "discount": 0.7**place}
            for place in range(dice.choice([1, 2, 3]))
        ]
    _swing(dice, tables)
    _store(dice, tables, firms)
    _age(dice, tables, firms)
    return tables


def _swing(dice: Random, tables: Rows) -> None:
    """Demand and capacity that change with the season and the year."""
    periods = [row["name"] for row in tables.get("periods", [])]
    years = [row["year"] for row in tables.get("years", [])]
    factors: list[Row] = []
    if periods:
        factors.append({"period": periods[0], "quantity": dice.choice([0.6, 1.4]), "price": 1.1})
        factors.append({"sector": "all", "period": periods[-1], "quantity": dice.choice([0.5, 2])})
        if tables["fields"]:
            name = dice.choice(tables["fields"])["name"]
            tables["availability"] = [
                {"table": "fields", "row": name, "period": periods[0], "factor": 0.7}
            ]
    if years:
        factors.append({"year": years[-1], "quantity": dice.choice([0.8, 1.3])})
    regulated = {row["name"] for row in tables["markets"] if "regulated_price" in row}
    if len(tables["markets"]) > 1 and dice.random() < 0.3 and periods and not regulated:
        name = tables["markets"][0]["name"]
        if not any(row["market"] == name for row in tables.get("contracts", [])):
            factors.append({"market": name, "period": periods[0], "quantity": 0})
    tables["demand_factors"] = [row for row in factors if not ("sector" in row and regulated)]
    owed = bool(regulated or tables.get("contracts") or tables.get("floors"))
    if owed:  # what can be served at the reference can be served at no more than that
        for row in tables["demand_factors"]:
            row["quantity"] = min(row["quantity"], 1.0)
            row.pop("price", None)
        tables.pop("availability", None)
    lines = [row for row in tables["pipelines"] if row["capacity"]]
    if periods and lines and not owed:
        line = dice.choice(lines)
        tables.setdefault("availability", []).append(
            {"table": "pipelines", "row": _name(line), "period": periods[-1], "factor": 0.4}
        )


def _name(line: Row) -> str:
    return str(line.get("name") or f"{line['from']}-{line['to']}")


def _store(dice: Random, tables: Rows, firms: list[str]) -> None:
    for place in range(dice.choice([0, 1, 1, 2])):
        gas = round(dice.uniform(1, 15), 1)
        row = {
            "name": f"cave {place}",
            "node": dice.choice(tables["nodes"])["name"],
            "working_gas": gas,
            "injection": round(gas * dice.uniform(1, 4), 1),
            "withdrawal": round(gas * dice.uniform(1, 4), 1),
            "injection_cost": dice.choice([0.5, 2]),
            "withdrawal_tariff": dice.choice([0, 1]),
            "loss": dice.choice([0, 0.02]),
            "owner": dice.choice(["", firms[0], f"{firms[0]}:0.3;City:0.7"]),
            "access": dice.choice(["", "", f"{firms[0]};{firms[-1]}"]),
        }
        tables.setdefault("storages", []).append(row)


def _age(dice: Random, tables: Rows, firms: list[str]) -> None:
    """What comes and goes with the years, what is used up, reserved and built."""
    years = [row["year"] for row in tables.get("years", [])]
    owed = any(name in tables for name in ("contracts", "floors")) or any(
        "regulated_price" in row for row in tables["markets"]
    )
    if years and not owed:
        span = sum(row["span"] for row in tables["years"])
        field = dice.choice(tables["fields"])
        size = field["capacity"] or 10.0
        field["reserves"] = round(size * span * dice.uniform(0.1, 1.2), 1)
        dice.choice(tables["fields"])["from_year"] = years[-1]
    lines = [row for row in tables["pipelines"] if row["capacity"]]
    if lines:
        line = dice.choice(lines)
        line["third_party_share"] = dice.choice([0.3, 0.8])
        line["owner"] = line.get("owner") or firms[0]
        line = dice.choice(lines)
        if not owed and not line.get("access"):
            tables["bookings"] = [
                {"arc": _name(line), "firm": firm, "capacity": round(part * line["capacity"], 3)}
                for firm, part in {firms[-1]: 0.3, firms[0]: 0.4}.items()
            ]
    tables["expansions"] = []
    grown = [("pipelines", _name(line)) for line in lines[:2]]
    grown += [("storages", row["name"]) for row in tables.get("storages", [])[:1]]
    grown += [("fields", row["name"]) for row in tables["fields"][:2]]
    for table, name in grown:
        if dice.random() < 0.7:
            tables["expansions"].append(
                {
                    "table": table,
                    "row": name,
                    "cost": round(dice.uniform(5, 400), 1),
                    "limit": dice.choice(["", 3]),
                    "total_limit": dice.choice(["", 8]),
                    "lag": dice.choice([0, 5]) if years else 0,
                    "lifetime": dice.choice(["", 5, 20]),
                    "salvage": dice.choice([0, 0.5]),
                    "first_year": dice.choice(["", years[0]]) if years else "",
                }
            )
    for row in tables["fields"][:1]:
        row["discovery_cost"] = 4


def _mutual_stakes(tables: Rows, firms: list[str]) -> None:
    for row in tables["firms"][:2]:
        row.update(conduct=1, fringe=False)
    pair = firms[:2]
    tables["stakes"] = [{"holder": f, "firm": g, "share": 0.2} for f, g in (pair, reversed(pair))]


def _contracts(dice: Random, tables: Rows) -> list[Row]:
    """A contract that can be served: from a field at the market's own node."""
    for market in tables["markets"]:
        for row in tables["fields"] if "regulated_price" not in market else ():
            if row["node"] == market["node"] and ":" not in row["owners"] and row["capacity"] > 1:
                quantity = round(0.4 * row["capacity"], 2)
                return [
                    {
                        "name": "deal",
                        "seller": row["owners"],
                        "market": market["name"],
                        "annual_quantity": quantity,
                        "price": 120,
                        "nominated": dice.choice(["", quantity]),
                        "take_or_pay": 0.7,
                    }
                ]
    return []


def _floors(tables: Rows) -> list[Row]:
    """A floor that can be met: in a market at the node of a field of a firm that may sell there."""
    for market in tables["markets"]:
        for row in tables["fields"]:
            near = row["node"] == market["node"] and ":" not in row["owners"]
            if near and row["capacity"] > 1 and "regulated_price" not in market:
                quantity = round(0.2 * row["capacity"], 2)
                return [{"firm": row["owners"], "market": market["name"], "quantity": quantity}]
    return []


def _regulate(dice: Random, tables: Rows) -> None:
    """A regulated market of a size that its supplier can serve from a field on the spot."""
    for row in tables["fields"]:
        if ":" not in row["owners"] and row["capacity"] > 1:
            market = _market(dice, "flats", row["node"], "households")
            market["reference_quantity"] = round(0.3 * row["capacity"], 2)
            regulated = {"regulated_price": market["reference_price"], "supplier": row["owners"]}
            tables["markets"].append({**market, **regulated})
            return
