"""PyPSA: the CSV folder that ``Network.export_to_csv_folder`` writes, and what is at its gas buses.

Attributes and their defaults are those of PyPSA's component tables (docs.pypsa.org, Components).
Energy becomes gas at 40 MJ/m3 gross: 1 bcm is 11.11 TWh.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from mithaq.chain.importing import OTHER_FILE, SKIPPED, Gathered, country_names
from mithaq.errors import Problem
from mithaq.words.text import mark

__all__ = ["GAS", "gather"]

GAS = frozenset({"gas", "ch4", "methane", "natural gas", "ng"})
SOURCE = "PyPSA"
MWH_PER_BCM = 1e9 * 40 / 3600  # 40 MJ/m3 gross
MWH_PER_1000_M3 = MWH_PER_BCM / 1e6
HOURS = 8760.0
DAYS = 365.0
COMPONENTS = ("buses", "links", "generators", "stores", "storage_units", "loads")
READ = (*COMPONENTS, "loads-p_set", "snapshots")

HEAT = mark("Energy of the source is gross, and 1 bcm is 11.11 TWh (40 MJ/m³).")
MONEY = mark("Costs of the source are in USD.")
SELLERS = mark("The gas at each node is sold by one price-taking firm.")
RATES = mark("A store without a rate can be filled or emptied in a day.")
DEMAND = mark("Demand of the source is met at {price} USD/1000 m³, with elasticity {elasticity}.")
OTHER_BUS = mark("Rows of {file} at buses without gas: {n}.")
OTHER_CARRIER = mark("Links between gas and other carriers: {n}.")
TIME = mark("Capacity and cost of {file} that change with time.")

Row = tuple[int, dict[str, str]]


def gather(folder: Path, found: Gathered) -> None:
    """Put the gas side of a PyPSA folder into our tables, a bus a node."""
    paths = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    if "buses" not in paths:
        found.problems.append(Problem(str(folder / "buses.csv"), what="there is no such file"))
        return
    for stem, path in paths.items():
        if stem.partition("-")[0] in COMPONENTS and stem not in READ:
            found.leave(TIME, file=path.name)
        elif stem not in READ:
            found.leave(OTHER_FILE, file=path.name)
    found.add("sources", id=SOURCE, citation="A PyPSA network, exported as a folder of CSV files")
    for text in (HEAT, MONEY, SELLERS):
        found.assume(text)
    nodes = _nodes(paths["buses"], found)
    if not nodes:
        return
    if "links" in paths:
        _links(paths["links"], nodes, found)
    if "generators" in paths:
        _generators(paths["generators"], nodes, found)
    for stem in ("stores", "storage_units"):
        if stem in paths:
            _storages(paths[stem], nodes, found)
    if "loads" in paths:
        _loads(paths, nodes, found)


def _key(found: Gathered, path: Path, *more: str, optional: tuple[str, ...] = ()) -> list[Row]:
    """Rows of a component file; the first column, however it is headed, is the name."""
    if not path.exists():
        return []
    text = path.read_bytes()[:4096].decode("utf-8-sig", errors="replace")
    head = text.splitlines()[0].split(",")[0].strip().strip('"') if text else ""
    rows = found.read(path, (head, *more), optional)
    return [(number, {**cells, "": cells[head].strip()}) for number, cells in rows]


def _nodes(path: Path, found: Gathered) -> set[str]:
    rows = _key(found, path, optional=("x", "y", "carrier", "country", "location", "unit"))
    nodes: set[str] = set()
    for number, cells in rows:
        name = cells[""]
        if cells.get("carrier", "").strip().lower() not in GAS:
            continue
        code = cells.get("country", "").strip()
        nodes.add(name)
        found.add(
            "nodes",
            name=name,
            country=country_names().get(code, code),
            latitude=found.number(path.name, number, "y", cells.get("y")),
            longitude=found.number(path.name, number, "x", cells.get("x")),
            source=SOURCE,
        )
    if len(nodes) < len(rows):
        found.leave(OTHER_BUS, file=path.name, n=len(rows) - len(nodes))
    if not nodes and not found.problems:
        what = f"no bus has a carrier that is gas ({', '.join(sorted(GAS))})"
        found.problems.append(Problem(path.name, 0, "carrier", what))
    return nodes


def _links(path: Path, nodes: set[str], found: Gathered) -> None:
    optional = ("p_nom", "efficiency", "marginal_cost", "p_min_pu", "p_max_pu", "carrier", "length")
    others = elsewhere = skipped = 0
    for number, cells in _key(found, path, "bus0", "bus1", optional=optional):
        ends = cells["bus0"].strip(), cells["bus1"].strip()
        if not set(ends) <= nodes:
            others, elsewhere = others + bool(set(ends) & nodes), elsewhere + 1
            continue

        def told(column: str, default: float, cells: Any = cells, number: int = number) -> float:
            return found.number(path.name, number, column, cells.get(column), default)

        size = told("p_nom", 0.0) * HOURS / MWH_PER_BCM
        loss = 1 - told("efficiency", 1.0)
        if not 0 <= loss < 1:
            what = f"{1 - loss:g} is no efficiency of a line"
            found.problems.append(Problem(path.name, number, "efficiency", what))
            continue
        ways = [(ends, told("p_max_pu", 1.0), ""), (ends[::-1], -told("p_min_pu", 0.0), " back")]
        kept = [(way, size * use, back) for way, use, back in ways if size * use > 0]
        skipped += not kept
        for way, capacity, back in kept:
            found.add(
                "pipelines",
                name=cells[""] + back,
                **{"from": way[0], "to": way[1]},
                capacity=capacity,
                loss=loss,
                tariff=told("marginal_cost", 0.0) * MWH_PER_1000_M3,
                source=SOURCE,
            )
    if others:
        found.leave(OTHER_CARRIER, n=others)
    if elsewhere - others:
        found.leave(OTHER_BUS, file=path.name, n=elsewhere - others)
    if skipped:
        found.leave(SKIPPED, file=path.name, n=skipped)


def _at_nodes(path: Path, nodes: set[str], found: Gathered, *optional: str) -> list[Row]:
    """Rows of a file that stand at gas buses; the others are counted."""
    rows = _key(found, path, "bus", optional=optional)
    here = [row for row in rows if row[1]["bus"].strip() in nodes]
    if len(here) < len(rows):
        found.leave(OTHER_BUS, file=path.name, n=len(rows) - len(here))
    return here


def _generators(path: Path, nodes: set[str], found: Gathered) -> None:
    homes = {row["name"]: row["country"] or row["name"] for row in found.rows["nodes"]}
    skipped = 0
    for number, cells in _at_nodes(path, nodes, found, "p_nom", "marginal_cost", "carrier"):
        node = cells["bus"].strip()
        size = found.number(path.name, number, "p_nom", cells.get("p_nom"))
        cost = found.number(path.name, number, "marginal_cost", cells.get("marginal_cost"))
        if size <= 0:
            skipped += 1
            continue
        found.add(
            "fields",
            name=cells[""],
            node=node,
            owners=found.seller(node, homes[node], "assumption: one price-taking firm a node"),
            capacity=size * HOURS / MWH_PER_BCM,
            a=cost * MWH_PER_1000_M3,
            source=SOURCE,
        )
    if skipped:
        found.leave(SKIPPED, file=path.name, n=skipped)


def _storages(path: Path, nodes: set[str], found: Gathered) -> None:
    unit = path.stem == "storage_units"
    wanted = ("p_nom", "max_hours", "carrier") if unit else ("e_nom", "marginal_cost", "carrier")
    skipped = 0
    rows = _at_nodes(path, nodes, found, *wanted)
    for number, cells in rows:
        power = found.number(path.name, number, "p_nom", cells.get("p_nom"))
        hours = found.number(path.name, number, "max_hours", cells.get("max_hours"), 1.0)
        energy = found.number(path.name, number, "e_nom", cells.get("e_nom"))
        room = (power * hours if unit else energy) / MWH_PER_BCM
        rate = power * HOURS / MWH_PER_BCM if unit else room * DAYS
        if room <= 0:
            skipped += 1
            continue
        found.add(
            "storages",
            name=cells[""],
            node=cells["bus"].strip(),
            working_gas=room,
            injection=rate,
            withdrawal=rate,
            source=SOURCE if unit else f"{SOURCE}; injection: assumption: filled in a day",
        )
    if rows and not unit:
        found.assume(RATES)
    if skipped:
        found.leave(SKIPPED, file=path.name, n=skipped)


def _loads(paths: dict[str, Path], nodes: set[str], found: Gathered) -> None:
    means = _mean_loads(paths, found)
    sums: dict[tuple[str, str], float] = defaultdict(float)
    path, skipped = paths["loads"], 0
    for number, cells in _at_nodes(path, nodes, found, "p_set", "carrier"):
        power = means.get(cells[""])
        if power is None:
            power = found.number(path.name, number, "p_set", cells.get("p_set"))
        if power <= 0:
            skipped += 1
            continue
        sector = cells.get("carrier", "").strip() or "all"
        sums[cells["bus"].strip(), sector] += power
    price, elasticity = found.assumed.price, found.assumed.elasticity
    if sums:
        found.assume(DEMAND, price=price, elasticity=elasticity)
    if skipped:
        found.leave(SKIPPED, file=path.name, n=skipped)
    for (node, sector), power in sorted(sums.items()):
        found.add(
            "markets",
            name=f"{node} {sector}",
            node=node,
            sector=sector,
            reference_quantity=power * HOURS / MWH_PER_BCM,
            reference_price=price,
            elasticity=elasticity,
            source=f"reference_quantity: {SOURCE}; reference_price: assumption: one for all",
        )


def _mean_loads(paths: dict[str, Path], found: Gathered) -> dict[str, float]:
    """Mean of each series of loads, MW, by the weights of the snapshots."""
    path = paths.get("loads-p_set")
    if path is None:
        return {}
    series = _series(path, found)
    weights = _weights(paths, [cells[""] for _, cells in series], found)
    sums: dict[str, float] = defaultdict(float)
    for weight, (number, cells) in zip(weights, series, strict=True):
        for load, value in cells.items():
            if load:
                sums[load] += weight * found.number(path.name, number, load, value)
    total = sum(weights)
    return {load: value / total for load, value in sums.items()} if total > 0 else {}


def _weights(paths: dict[str, Path], names: list[str], found: Gathered) -> list[float]:
    """Hours that each snapshot stands for; one for all where the source gives none."""
    path = paths.get("snapshots")
    if path is None:
        return [1.0] * len(names)
    optional = ("snapshot", "objective", "stores", "generators", "weightings")
    told = {
        cells[""]: found.number(path.name, number, "generators", cells.get("generators"), 1.0)
        for number, cells in _key(found, path, optional=optional)
    }
    if not set(names) <= set(told) and len(names) != len(told):
        what = "does not list the snapshots of loads-p_set.csv"
        found.problems.append(Problem(path.name, what=what))
        return [1.0] * len(names)
    in_order = list(told.values())
    return [told.get(name, in_order[min(i, len(told) - 1)]) for i, name in enumerate(names)]


def _series(path: Path, found: Gathered) -> list[Row]:
    """Rows of a file of series: the first column is the snapshot, each other one a load."""
    before = len(found.notes)
    rows = _key(found, path)
    del found.notes[before:]  # every column of a series is read
    first = next(iter(rows[0][1])) if rows else ""
    return [(n, {k: v for k, v in cells.items() if k != first or k == ""}) for n, cells in rows]
