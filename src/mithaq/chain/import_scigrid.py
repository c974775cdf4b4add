"""SciGRID_gas: CSV files with semicolons, a dictionary of parameters in the column ``param``.

Read from the published data sets (for example IGGIELGN, doi:10.5281/zenodo.4767098): PipeSegments,
Nodes, Productions, Storages, LNGs and Consumers; the name of a data set may stand before each.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mithaq.chain.importing import OTHER_FILE, SKIPPED, Gathered, country_names
from mithaq.errors import Problem
from mithaq.words.text import mark
from mithaq.words.units import convert

__all__ = ["gather"]

NEEDED = "PipeSegments"
KINDS = ("Nodes", "PipeSegments", "Productions", "Storages", "LNGs", "Consumers")
SOURCE = "SciGRID_gas"
SEA = "LNG at sea"
COLUMNS = ("id", "name", "lat", "long", "country_code", "param")
A_YEAR = convert(1, "Mm3/day", "bcm/year").factor

AS_IT_IS = mark("A cubic metre of the source is one at 15 °C and 40 MJ gross.")
ALL_DAYS = mark("What is given for a day holds on all 365 days.")
ONE_NODE = mark("A country is one node; capacities of lines between two countries add up.")
SELLERS = mark("A country's gas is sold by one price-taking firm; it costs {cost} USD/1000 m³.")
LANDED = mark("LNG comes from one price-taking seller at {cost} USD/1000 m³ before regasification.")
DEMAND = mark(
    "Demand is at its daily maximum all year, at {price} USD/1000 m³, with elasticity {elasticity}."
)
WITHIN = mark("Lines within a country: {n}.")
NOWHERE = mark("Rows of {file} without a country: {n}.")


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the source: its countries, places and parameters."""

    file: str
    row: int
    name: str
    countries: tuple[str, ...]
    latitudes: tuple[float, ...]
    longitudes: tuple[float, ...]
    param: Mapping[str, Any]


def gather(folder: Path, found: Gathered) -> None:
    """Put the rows of a SciGRID_gas folder into our tables, a country a node."""
    paths = _files(folder, found)
    if NEEDED not in paths:
        what = f"no file ends in {NEEDED}.csv"
        found.problems.append(Problem(str(folder), what=what, hint="name the folder of the data"))
        return
    items = {kind: list(_items(path, found)) for kind, path in paths.items()}
    found.add(
        "sources", id=SOURCE, citation=f"SciGRID_gas: {', '.join(p.name for p in paths.values())}"
    )
    for text in (AS_IT_IS, ALL_DAYS, ONE_NODE):
        found.assume(text)
    _lines(items["PipeSegments"], found)
    _fields(items.get("Productions", []), found)
    _terminals(items.get("LNGs", []), found)
    _storages(items.get("Storages", []), found)
    _markets(items.get("Consumers", []), found)
    _nodes(items, found)


def _files(folder: Path, found: Gathered) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in sorted(folder.glob("*.csv")):
        kind = path.stem.rpartition("_")[2]
        if kind not in KINDS:
            found.leave(OTHER_FILE, file=path.name)
        elif kind in paths:
            what = f"there is also {paths[kind].name}"
            found.problems.append(Problem(path.name, what=what, hint="keep one data set a folder"))
        else:
            paths[kind] = path
    return paths


def _items(path: Path, found: Gathered) -> Iterator[Item]:
    nowhere = 0
    optional = ("source_id", "node_id", "comment", "tags", "uncertainty", "method")
    for row, cells in found.read(path, COLUMNS, optional, ";"):
        param = _literal(path.name, row, "param", cells["param"], dict, found)
        codes = _many(path.name, row, "country_code", cells["country_code"], found)
        countries = tuple(country_names().get(str(code), str(code)) for code in codes if code)
        if not countries:
            nowhere += 1
            continue
        lat, lon = (
            tuple(
                found.number(path.name, row, column, value)
                for value in _many(path.name, row, column, cells[column], found)
            )
            for column in ("lat", "long")
        )
        name = cells["name"].strip() or cells["id"].strip()
        yield Item(path.name, row, name, countries, lat, lon, param)
    if nowhere:
        found.leave(NOWHERE, file=path.name, n=nowhere)


def _literal(file: str, row: int, column: str, cell: str, kind: type, found: Gathered) -> Any:
    """A Python literal of a cell; ``nan`` within it counts as empty."""
    try:
        value = ast.literal_eval(re.sub(r"\bnan\b", "None", cell.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if isinstance(value, kind):
        return value
    what = f"is no {'dictionary' if kind is dict else 'list'} as Python writes it"
    found.problems.append(Problem(file, row, column, what))
    return kind()


def _many(file: str, row: int, column: str, cell: str, found: Gathered) -> list[Any]:
    """A cell that holds one value or a list of them."""
    text = cell.strip()
    if text.startswith("["):
        listed: list[Any] = _literal(file, row, column, text, list, found)
        return listed
    return [text] if text and text.lower() not in {"nan", "none"} else []


def _rate(item: Item, key: str, found: Gathered) -> float:
    """A parameter in million m3 a day, as bcm/yr; a negative one is a mistake."""
    value = found.number(item.file, item.row, "param", item.param.get(key))
    if value < 0:
        found.problems.append(Problem(item.file, item.row, "param", f"{key} is negative"))
    return value * A_YEAR


def _skip(items: list[Item], key: str, found: Gathered) -> Iterator[tuple[Item, float]]:
    """Items with a rate above zero; the others are counted."""
    skipped = 0
    for item in items:
        rate = _rate(item, key, found)
        if rate > 0:
            yield item, rate
        else:
            skipped += 1
    if skipped:
        found.leave(SKIPPED, file=items[0].file, n=skipped)


def _lines(items: list[Item], found: Gathered) -> None:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    within = 0
    for item, rate in _skip(items, "max_cap_M_m3_per_d", found):
        start, end = item.countries[0], item.countries[-1]
        if start == end:
            within += 1
            continue
        ways = [(start, end)]
        if found.number(item.file, item.row, "param", item.param.get("is_bothDirection")) == 1:
            ways.append((end, start))
        for way in ways:
            sums[way] += rate
            counts[way] += 1
    if within:
        found.leave(WITHIN, n=within)
    for (start, end), rate in sorted(sums.items()):
        note = f"lines of the source: {counts[start, end]}"
        found.add(
            "pipelines", **{"from": start, "to": end}, capacity=rate, source=SOURCE, note=note
        )


def _fields(items: list[Item], found: Gathered) -> None:
    sums: dict[str, float] = defaultdict(float)
    for item, rate in _skip(items, "max_supply_M_m3_per_d", found):
        sums[item.countries[0]] += rate
    cost = found.assumed.cost
    if sums:
        found.assume(SELLERS, cost=cost)
    for country, rate in sorted(sums.items()):
        owner = found.seller(country, country, "assumption: one price-taking firm a country")
        source = f"capacity: {SOURCE}; a: assumption: the same cost everywhere"
        found.add(
            "fields",
            name=f"Production of {country}",
            node=country,
            owners=owner,
            capacity=rate,
            a=cost,
            source=source,
        )


def _terminals(items: list[Item], found: Gathered) -> None:
    sums: dict[str, float] = defaultdict(float)
    for item, rate in _skip(items, "max_cap_store2pipe_M_m3_per_d", found):
        sums[item.countries[0]] += rate
    if not sums:
        return
    cost, why = found.assumed.lng, "assumption: LNG that is offered to all"
    found.assume(LANDED, cost=cost)
    total = sum(sums.values())
    found.add("nodes", name=SEA, source=why)
    found.add("firms", name="LNG sellers", conduct=0.0, source=why)
    lifted = {"name": SEA, "node": SEA, "owners": "LNG sellers", "capacity": total, "a": cost}
    found.add("fields", **lifted, source=why)
    found.add("terminals", node=SEA, kind="liquefaction", capacity=total, source=why)
    for country, rate in sorted(sums.items()):
        found.add("terminals", node=country, kind="regasification", capacity=rate, source=SOURCE)
        found.add("routes", **{"from": SEA, "to": country}, source=why)


def _storages(items: list[Item], found: Gathered) -> None:
    names: dict[str, int] = defaultdict(int)
    for item, rate in _skip(items, "max_cap_store2pipe_M_m3_per_d", found):
        room = found.number(item.file, item.row, "param", item.param.get("max_workingGas_M_m3"))
        filling = _rate(item, "max_cap_pipe2store_M_m3_per_d", found)
        name = re.sub(r"[|;]", " ", item.name)
        names[name] += 1
        found.add(
            "storages",
            name=name if names[name] == 1 else f"{name} {names[name]}",
            node=item.countries[0],
            working_gas=room / 1000,
            injection=filling,
            withdrawal=rate,
            source=SOURCE,
        )


def _markets(items: list[Item], found: Gathered) -> None:
    sums: dict[str, float] = defaultdict(float)
    for item, rate in _skip(items, "max_demand_M_m3_per_d", found):
        sums[item.countries[0]] += rate
    price, elasticity = found.assumed.price, found.assumed.elasticity
    if sums:
        found.assume(DEMAND, price=price, elasticity=elasticity)
    for country, rate in sorted(sums.items()):
        source = f"reference_quantity: {SOURCE}; reference_price: assumption: the same everywhere"
        found.add(
            "markets",
            name=country,
            node=country,
            reference_quantity=rate,
            reference_price=price,
            elasticity=elasticity,
            source=source,
        )


def _nodes(items: Mapping[str, list[Item]], found: Gathered) -> None:
    """A node for each country that anything lies in, in the middle of its points."""
    used = {
        str(row[column])
        for table, column in (
            ("pipelines", "from"),
            ("pipelines", "to"),
            ("fields", "node"),
            ("terminals", "node"),
            ("storages", "node"),
            ("markets", "node"),
        )
        for row in found.rows.get(table, ())
    }
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for item in items.get("Nodes") or [item for some in items.values() for item in some]:
        points = zip(item.latitudes, item.longitudes, strict=False)
        ends = list(points)
        if len(item.countries) == len(ends):
            for country, place in zip(item.countries, ends, strict=True):
                places[country].append(place)
        else:
            places[item.countries[0]] += ends[:1]
    for country in sorted(used - {SEA}):
        points_of = places[country] or [(0.0, 0.0)]
        found.add(
            "nodes",
            name=country,
            latitude=sum(lat for lat, _ in points_of) / len(points_of),
            longitude=sum(lon for _, lon in points_of) / len(points_of),
            source=SOURCE,
        )
