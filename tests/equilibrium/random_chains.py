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
