"""Write the country outlines of the report's map: src/mithaq/data/map/outlines.json.

Input: ``countries-50m.json`` of the npm package world-atlas 2.0.2 (``npm pack
world-atlas@2.0.2``), which redistributes the country borders of Natural Earth 4.1.0, scale 1:50
million, public domain (https://www.naturalearthdata.com/about/terms-of-use/). The result is
committed, so that nobody needs this script to use mithaq; running it again on the same input gives
the same bytes.

    python scripts/build_map.py package/countries-50m.json

Borders are thinned arc by arc, before the rings are joined: neighbours share an arc, so that no gap
opens between them. Rings are then cut to a window of longitude and latitude around Europe, North
Africa, western Russia and the Gulf, and written as integer steps of 0.05 degrees.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

Point = tuple[float, float]

STEP = 0.05
TOLERANCE = 0.09
SMALLEST = 0.12  # square degrees; a country's largest ring always stays
WEST, SOUTH, EAST, NORTH = -27.0, 8.0, 92.0, 77.0
TARGET = Path(__file__).parent.parent / "src/mithaq/data/map/outlines.json"
SOURCE = {
    "title": "Natural Earth 4.1.0, Admin 0 countries, 1:50 million",
    "licence": "public domain",
    "url": "https://www.naturalearthdata.com/",
    "through": "npm package world-atlas 2.0.2, countries-50m.json",
}
NAMES = {
    "Bosnia and Herz.": "Bosnia and Herzegovina",
    "Macedonia": "North Macedonia",
    "Czechia": "Czech Republic",
    "Dem. Rep. Congo": "DR Congo",
    "United States of America": "United States",
}


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Decode the delta-coded arcs of a TopoJSON file to degrees."""
    (scale_x, scale_y), (shift_x, shift_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for coded in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in coded:
            x, y = x + dx, y + dy
            arc.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(arc)
    return arcs


def distance(point: Point, start: Point, end: Point) -> float:
    """Distance in degrees of latitude from ``point`` to the segment ``start``-``end``."""
    squeeze = math.cos(math.radians(point[1]))
    ax, ay = (start[0] - point[0]) * squeeze, start[1] - point[1]
    bx, by = (end[0] - point[0]) * squeeze, end[1] - point[1]
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
    return math.hypot(ax + share * dx, ay + share * dy)


def thin(arc: list[Point]) -> list[Point]:
    """Douglas-Peucker with an explicit stack; both ends stay, closed arcs keep a third point."""
    if len(arc) < 3:
        return arc
    keep = {0, len(arc) - 1}
    stack = [(0, len(arc) - 1)]
    if arc[0] == arc[-1]:
        far = max(range(len(arc)), key=lambda i: (math.dist(arc[0], arc[i]), -i))
        keep.add(far)
        stack = [(0, far), (far, len(arc) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        worst = max(range(first + 1, last), key=lambda i: distance(arc[i], arc[first], arc[last]))
        if distance(arc[worst], arc[first], arc[last]) > TOLERANCE:
            keep.add(worst)
            stack += [(first, worst), (worst, last)]
    return [arc[i] for i in sorted(keep)]


def ring_of(indices: list[int], arcs: list[list[Point]]) -> list[Point]:
    """Join arcs to one ring; a negative index runs backwards."""
    ring: list[Point] = []
    for index in indices:
        part = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring.extend(part if not ring else part[1:])
    return ring


def cut(ring: list[Point]) -> list[Point]:
    """Sutherland-Hodgman against the window, one side after the other."""
    for axis, bound, sign in ((0, WEST, 1), (0, EAST, -1), (1, SOUTH, 1), (1, NORTH, -1)):
        result: list[Point] = []
        for i, end in enumerate(ring):
            start = ring[i - 1]
            inside = [(p[axis] - bound) * sign >= 0 for p in (start, end)]
            if inside[0] != inside[1]:
                share = (bound - start[axis]) / (end[axis] - start[axis])
                result.append(
                    (
                        start[0] + share * (end[0] - start[0]),
                        start[1] + share * (end[1] - start[1]),
                    )
                )
            if inside[1]:
                result.append(end)
        ring = result
        if not ring:
            break
    return ring


def area(ring: list[Point]) -> float:
    """Area in square degrees, unsigned."""
    total = sum(ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1] for i in range(len(ring)))
    return abs(total) / 2


def coded(ring: list[Point]) -> list[int]:
    """The ring as steps: first point, then differences; repeated points fall out."""
    result: list[int] = []
    last = (0, 0)
    for x, y in ring:
        here = (round(x / STEP), round(y / STEP))
        if not result or here != last:
            result += [here[0] - last[0], here[1] - last[1]]
            last = here
    return result


def polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """The polygons of a geometry as lists of rings of arc numbers."""
    kind = geometry.get("type")
    if kind == "Polygon":
        return [geometry["arcs"]]
    return list(geometry["arcs"]) if kind == "MultiPolygon" else []


def outlines(topology: dict[str, Any]) -> dict[str, list[list[int]]]:
    """Country name -> coded rings inside the window, largest first."""
    arcs = [thin(arc) for arc in arcs_of(topology)]
    result = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        rings = [cut(ring_of(ring, arcs)) for polygon in polygons(geometry) for ring in polygon]
        rings = sorted((r for r in rings if len(r) > 2), key=area, reverse=True)
        kept = [ring for i, ring in enumerate(rings) if i == 0 or area(ring) >= SMALLEST]
        lines = [line for line in map(coded, kept) if len(line) >= 6]
        if lines:
            result[NAMES.get(name, name)] = lines
    return dict(sorted(result.items()))


def main(path: str) -> None:
    """Read the TopoJSON at ``path`` and write the outlines."""
    countries = outlines(json.loads(Path(path).read_text(encoding="utf-8")))
    rows = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(rings, separators=(',', ':'))}"
        for name, rings in countries.items()
    )
    head = json.dumps(SOURCE, indent=2).replace("\n", "\n ")
    text = f'{{\n "source": {head},\n "step": {STEP},\n "countries": {{\n{rows}\n }}\n}}\n'
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(countries)} countries, {len(text)} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
