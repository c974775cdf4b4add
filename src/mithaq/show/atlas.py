"""The map of flows: outlines, prices as tints, arcs as wide as what they carry.

Albers' equal-area conic projection (Snyder, Map Projections: A Working Manual, US Geological Survey
Professional Paper 1395, pages 98-103, on the sphere), which keeps the size of countries comparable
from the Sahara to the Barents Sea. The outlines are Natural Earth's (``data/map/outlines.json``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from mithaq.show.market_sheets import is_full, price_unit, volume_unit
from mithaq.show.speech import Speech
from mithaq.show.svg import Canvas, number, text_width

__all__ = [
    "Place",
    "map_picture",
    "outline_source",
    "places_of",
    "price_bounds",
    "price_classes",
    "project",
]

Data = Mapping[str, Any]
Point = tuple[float, float]

_PARALLELS, _CENTRE = (33.0, 61.0), (22.0, 48.0)
# West, south, east, north in radii of the sphere, for a wide and for a narrow screen.
_FRAME = (-0.585, -0.430, 0.640, 0.420)
_NARROW_FRAME = (-0.470, -0.400, 0.330, 0.330)
_NARROW = 600.0
_LEAST = 0.5  # bcm a year; smaller flows are left to the table


@dataclass(frozen=True, slots=True)
class Place:
    """A node on the map: name, country, degrees of latitude and longitude."""

    name: str
    country: str
    latitude: float
    longitude: float


def places_of(nodes: Sequence[Data]) -> list[Place]:
    """The nodes that have a latitude and a longitude; 0, 0 stands where a table has neither."""
    found = []
    for node in nodes:
        latitude, longitude = node.get("latitude"), node.get("longitude")
        if latitude in (None, "") or longitude in (None, ""):
            continue
        if float(latitude) or float(longitude):
            country = str(node.get("country") or node["name"])
            found.append(Place(str(node["name"]), country, float(latitude), float(longitude)))
    return found


def project(longitude: float, latitude: float) -> Point:
    """Albers' conic: degrees to units of the sphere's radius, y upwards.

    >>> tuple(abs(round(value, 6)) for value in project(22.0, 48.0))
    (0.0, 0.0)
    """
    n, c, rho0 = _constants()
    theta = n * math.radians(longitude - _CENTRE[0])
    rho = math.sqrt(max(c - 2 * n * math.sin(math.radians(latitude)), 0.0)) / n
    return rho * math.sin(theta), rho0 - rho * math.cos(theta)


@cache
def _constants() -> tuple[float, float, float]:
    first, second = (math.radians(value) for value in _PARALLELS)
    n = (math.sin(first) + math.sin(second)) / 2
    c = math.cos(first) ** 2 + 2 * n * math.sin(first)
    rho0 = math.sqrt(c - 2 * n * math.sin(math.radians(_CENTRE[1]))) / n
    return n, c, rho0


@cache
def _atlas() -> dict[str, Any]:
    path = files("mithaq").joinpath("data/map/outlines.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def outline_source() -> dict[str, str]:
    """Title, licence and address of the outlines."""
    source: dict[str, str] = _atlas()["source"]
    return source


def _rings(country: str) -> Iterable[list[Point]]:
    """The rings of a country in degrees (longitude, latitude)."""
    step = _atlas()["step"]
    for coded in _atlas()["countries"].get(country, ()):
        x = y = 0
        ring = []
        for dx, dy in zip(coded[::2], coded[1::2], strict=True):
            x, y = x + dx, y + dy
            ring.append((x * step, y * step))
        yield ring


class _Sheet:
    """From degrees to pixels of a picture of the given width."""

    def __init__(self, width: float) -> None:
        self.west, south, east, self.north = _NARROW_FRAME if width < _NARROW else _FRAME
        self.scale = width / (east - self.west)
        self.width, self.height = width, (self.north - south) * self.scale

    def at(self, longitude: float, latitude: float) -> Point:
        """Pixels of a place."""
        x, y = project(longitude, latitude)
        return (x - self.west) * self.scale, (self.north - y) * self.scale

    def held(self, point: Point, margin: float = 16.0) -> tuple[Point, bool]:
        """``point``, or the place on the edge on the way to it, and whether it lies inside."""
        x, y = point
        if margin <= x <= self.width - margin and margin <= y <= self.height - margin:
            return point, True
        cx, cy = self.width / 2, self.height / 2
        reach = min(
            ((self.width / 2 - margin) / abs(x - cx)) if x != cx else math.inf,
            ((self.height / 2 - margin) / abs(y - cy)) if y != cy else math.inf,
        )
        return (cx + (x - cx) * reach, cy + (y - cy) * reach), False


def price_classes(prices: Iterable[float], count: int = 5) -> list[float]:
    """Bounds between ``count`` classes that hold about as many prices each, rounded to 10 USD.

    >>> price_classes([20.0, 200.0, 300.0, 310.0, 320.0, 330.0, 340.0, 350.0, 360.0, 500.0])
    [300.0, 320.0, 340.0, 360.0]
    """
    ranked = sorted(prices)
    bounds = (ranked[len(ranked) * i // count] for i in range(1, count))
    return sorted({round(bound, -1) for bound in bounds})


def map_picture(
    data: Data, places: Sequence[Place], words: Speech, width: float, key: str, year: str
) -> Markup:
    """The map of an equilibrium: tints for prices, arcs for flows, marks on the full ones."""
    sheet = _Sheet(width)
    canvas = Canvas(width, sheet.height, rtl=words.rtl, mirror=False)
    prices = _country_prices(data["prices"], places)
    bounds = price_bounds(data["prices"], places)
    canvas.add(f'<rect class="sea" width="{number(width)}" height="{number(sheet.height)}"/>')
    for country in _atlas()["countries"]:
        _draw_country(canvas, sheet, country, prices.get(country), bounds, words)
    at = _positions(places, sheet)
    for flow in _ordered(data["flows"]):
        _draw_flow(canvas, at, flow, width, words)
    room = _Room(sheet)
    _draw_stubs(canvas, room, at, data, words)
    _draw_prices(canvas, room, prices, places, words)
    return canvas.render(
        key,
        words.say("Gas flows and prices, {year}", year=year)
        if year
        else words.say("Gas flows and prices"),
        words.say(
            "Map of Europe, North Africa, western Russia and the Gulf. Arcs are as wide as the gas "
            "they carry, countries tinted by price; the tables below hold the figures."
        ),
        "map",
    )


def _country_prices(prices: Mapping[str, float], places: Sequence[Place]) -> dict[str, float]:
    """Price by country: the mean over its nodes that have one."""
    found: dict[str, list[float]] = {}
    for place in places:
        if prices.get(place.name) is not None:
            found.setdefault(place.country, []).append(float(prices[place.name]))
    return {country: sum(some) / len(some) for country, some in found.items()}


def price_bounds(prices: Mapping[str, float], places: Sequence[Place]) -> list[float]:
    """The bounds of the price classes of the map; empty where fewer than two countries have one."""
    found = _country_prices(prices, places)
    return price_classes(found.values()) if len(found) > 1 else []


def price_class(price: float, bounds: Sequence[float]) -> int:
    """The class of a price: 0 for the lowest."""
    return sum(price >= bound for bound in bounds)


def _draw_country(
    canvas: Canvas,
    sheet: _Sheet,
    country: str,
    price: float | None,
    bounds: Sequence[float],
    words: Speech,
) -> None:
    lines = []
    for ring in _rings(country):
        points = [sheet.at(*point) for point in ring]
        if any(-40 < x < sheet.width + 40 and -40 < y < sheet.height + 40 for x, y in points):
            steps = (
                f"{x:.0f} {y:.0f}" if sheet.width < _NARROW else f"{number(x)} {number(y)}"
                for x, y in points
            )
            lines.append("M" + "L".join(steps) + "Z")
    if not lines:
        return
    css = "land" if price is None else f"land price-{price_class(price, bounds)}"
    hint = (
        ""
        if price is None
        else f"{words.place(country)}: {words.figure(price)} {price_unit(words)}"
    )
    canvas.element("path", hint=hint, d="".join(lines), class_=css)


def _positions(places: Sequence[Place], sheet: _Sheet) -> dict[str, tuple[Point, bool]]:
    return {p.name: sheet.held(sheet.at(p.longitude, p.latitude)) for p in places}


def _ordered(flows: Sequence[Data]) -> list[Data]:
    """Wide flows first, so that thin ones stay visible; tiny ones fall out."""
    kept = [flow for flow in flows if flow["bcm"] >= _LEAST and flow["from"] != flow["to"]]
    return sorted(kept, key=lambda flow: -flow["bcm"])


def _is_lng(flow: Data) -> bool:
    return str(flow["mode"]) not in ("pipeline", "pipe")


def _draw_flow(
    canvas: Canvas,
    at: Mapping[str, tuple[Point, bool]],
    flow: Data,
    width: float,
    words: Speech,
) -> None:
    ends = at.get(flow["from"]), at.get(flow["to"])
    if ends[0] is None or ends[1] is None or not (ends[0][1] or ends[1][1]):
        return
    if _is_lng(flow) and not ends[1][1]:
        return  # ships bound for places off the map are left to the table
    (x1, y1), (x2, y2) = ends[0][0], ends[1][0]
    bend = 0.16 if not _is_lng(flow) else 0.22
    cx, cy = (x1 + x2) / 2 - (y2 - y1) * bend, (y1 + y2) / 2 + (x2 - x1) * bend
    thick = max(0.8, flow["bcm"] * width**0.5 / 280)
    css = ("flow lng" if _is_lng(flow) else "flow pipe") + (" full" if is_full(flow) else "")
    way = f"{words.place(flow['from'])} – {words.place(flow['to'])}"
    hint = f"{way}: {words.figure(flow['bcm'], 1)} {volume_unit(words)}"
    curve = f"M{number(x1)} {number(y1)}Q{number(cx)} {number(cy)} {number(x2)} {number(y2)}"
    canvas.element("path", hint=hint, d=curve, class_=css, stroke_width=number(thick))
    _draw_arrow(canvas, (x1, y1), (cx, cy), (x2, y2), thick, css)


def _draw_arrow(
    canvas: Canvas, start: Point, control: Point, end: Point, thick: float, css: str
) -> None:
    """A chevron two thirds along the curve, pointing where the gas goes."""
    t = 0.62
    x = (1 - t) ** 2 * start[0] + 2 * t * (1 - t) * control[0] + t * t * end[0]
    y = (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * control[1] + t * t * end[1]
    dx = (1 - t) * (control[0] - start[0]) + t * (end[0] - control[0])
    dy = (1 - t) * (control[1] - start[1]) + t * (end[1] - control[1])
    length = math.hypot(dx, dy) or 1.0
    ux, uy, size = dx / length, dy / length, 2.4 + 0.75 * thick
    points = [
        (x + ux * size * 1.3, y + uy * size * 1.3),
        (x - ux * size - uy * size, y - uy * size + ux * size),
        (x - ux * size + uy * size, y - uy * size - ux * size),
    ]
    canvas.path(points, True, class_=css.replace("flow", "arrow"))


class _Room:
    """Which rectangles of the map are taken by labels."""

    def __init__(self, sheet: _Sheet) -> None:
        self.sheet = sheet
        self.taken: list[tuple[float, float, float, float]] = []

    def take(self, x: float, y: float, half: float, height: float) -> bool:
        """Reserve a label centred on (x, y) if it lies on the map and covers no other."""
        box = (x - half, y - height / 2, x + half, y + height / 2)
        if box[0] < 0 or box[1] < 0 or box[2] > self.sheet.width or box[3] > self.sheet.height:
            return False
        for left, top, right, bottom in self.taken:
            if box[0] < right and box[2] > left and box[1] < bottom and box[3] > top:
                return False
        self.taken.append(box)
        return True


def _draw_prices(
    canvas: Canvas,
    room: _Room,
    prices: Mapping[str, float],
    places: Sequence[Place],
    words: Speech,
) -> None:
    """Price labels, largest country first; one that would cover another label stays out."""
    sheet = room.sheet
    narrow = sheet.width < _NARROW
    shown: set[str] = set()
    extent = {country: sum(map(len, rings)) for country, rings in _atlas()["countries"].items()}
    for place in sorted(places, key=lambda place: (-extent.get(place.country, 0), place.name)):
        price = prices.get(place.country)
        (x, y), inside = sheet.held(sheet.at(place.longitude, place.latitude), 14)
        if price is None or not inside or place.country in shown:
            continue
        label = words.figure(price)
        half = text_width(label, 9 if narrow else 11) / 2 + 2
        if room.take(x, y, half, 14):
            shown.add(place.country)
            canvas.rect(x - half, y - 8, 2 * half, 15, rx=7, class_="tag")
            canvas.text(x, y + 3.6, label, "middle", class_="price small" if narrow else "price")


def _draw_stubs(
    canvas: Canvas,
    room: _Room,
    at: Mapping[str, tuple[Point, bool]],
    data: Data,
    words: Speech,
) -> None:
    """Names of sellers outside the frame, at the edge where their gas comes in, and of those
    inside that have no price to show.
    """
    flows, priced = data["flows"], data["prices"]
    sheet = room.sheet
    sellers: dict[str, float] = {}
    for flow in _ordered(flows):
        start, end = at.get(flow["from"]), at.get(flow["to"])
        if start and end and end[1] and (not start[1] or flow["from"] not in priced):
            sellers[flow["from"]] = sellers.get(flow["from"], 0.0) + flow["bcm"]
    for name in sorted(sellers, key=lambda item: -sellers[item]):
        (x, y), _ = at[name]
        label = words.place(name)
        half = text_width(label, 11) / 2 + 2
        canvas.circle(x, y, 3, label, class_="stub")
        middle = min(max(x, half + 1), sheet.width - half - 1)
        for shift in (12, -12, 24, -24):
            if room.take(middle, y + shift, half, 14):
                canvas.text(middle, y + shift + 4, label, "middle", class_="edge")
                break
