"""Pictures of an equilibrium, each with its table: for notebooks, for the report, for a file.

Every function takes an equilibrium and a language and gives a :class:`Drawing`. Text is drawn in
the reader's language; in Arabic x grows from right to left, as the text does, except on the map.

>>> from mithaq import solve
>>> from mithaq.chain.folders import example
>>> drawing = supply_curve(solve(example()))
>>> drawing.svg.startswith("<svg"), drawing.sheet.title
(True, 'Supply curve')
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from mithaq.chain.schema import parse_shares
from mithaq.equilibrium import Equilibrium
from mithaq.equilibrium.slots import slots
from mithaq.errors import DataError, Problem
from mithaq.show import market_sheets
from mithaq.show.atlas import map_picture, places_of
from mithaq.show.curves import duration_picture, storage_picture, supply_picture
from mithaq.show.drawing import Drawing
from mithaq.show.grids import change_picture, matrix_picture
from mithaq.show.market_sheets import duration_lines, duration_sheet, storage_sheet, supply_sheet
from mithaq.show.sheets import Column, Sheet
from mithaq.show.speech import Speech, speech

__all__ = [
    "Drawing",
    "difference",
    "flow_map",
    "price_duration",
    "storage_year",
    "supply_curve",
    "trade_matrix",
]

Data = Mapping[str, Any]
Draw = Callable[[float, str], Markup]
WIDTH = 900.0


def flow_map(found: Equilibrium, lang: str = "en", width: float = WIDTH) -> Drawing:
    """Map of flows and prices: arcs as wide as what they carry, countries tinted by price.

    Raises DataError where no node has a place on the map.
    """
    places = places_of(found.chain.rows("nodes"))
    if not any(place.latitude or place.longitude for place in places):
        what = "no node has a latitude and a longitude"
        raise DataError([Problem("nodes", 0, "latitude", what)])
    words, data = speech(lang), found.to_dict()
    svg = map_picture(data, places, words, width, "flow-map", "")
    flows = [flow for flow in data["flows"] if flow["bcm"] >= market_sheets.LEAST_SHOWN]
    sheet = market_sheets.flows_sheet(flows, words, words.say("Flows"))
    return Drawing.standing(svg, sheet, pd.DataFrame(flows), width)


def supply_curve(found: Equilibrium, lang: str = "en", width: float = WIDTH) -> Drawing:
    """How much gas could be lifted at each marginal cost, what was lifted, and the mean price.

    Cost is a + b q + g ln(1 - q/K) with royalty and user cost; ``frame`` has a row a field.
    """
    words, rows = speech(lang), supply_rows(found)
    svg = supply_picture(rows, mean_price(found), words, width, "supply-curve")
    return Drawing.standing(svg, supply_sheet(rows, words), supply_frame(rows), width)


def supply_rows(found: Equilibrium) -> list[dict[str, Any]]:
    """One mapping a slice: field, firm, node, capacity, a, b, g, output (annual mean), cost.

    Capacity includes what is built, as a mean over time.
    """
    lifted = found.production
    rows = []
    for field in found.chain.rows("fields"):
        for firm, share in parse_shares(field["owners"]).items():
            capacity = share * field["capacity"] + found.by_slot.built_onto(firm, field["name"])
            output = float(lifted.get((firm, field["name"]), 0.0))
            a = field["a"] + field["royalty"] + field["user_cost"]
            b, g = field["b"] / share, field["g"]
            idle = 1 - output / capacity if capacity else 0.0
            steep = g * math.log(idle) if g and 0 < idle < 1 else 0.0
            rows.append(
                {
                    "field": field["name"],
                    "firm": firm,
                    "node": field["node"],
                    "capacity": capacity,
                    "a": a,
                    "b": b,
                    "g": g,
                    "output": output,
                    "cost": a + b * output + steep,
                }
            )
    return [row for row in rows if row["capacity"] > 0]


def mean_price(found: Equilibrium) -> float | None:
    """Mean price of all gas sold, USD/1000 m3, by what was delivered; None where none was."""
    sales = sold(found)
    volume = sum(line["bcm"] for line in sales)
    return sum(line["price"] * line["bcm"] for line in sales) / volume if volume else None


def supply_frame(rows: Sequence[Data]) -> pd.DataFrame:
    """The slices as a data frame, cheapest first."""
    columns = ["field", "firm", "node", "capacity", "a", "b", "g", "output", "cost"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["a", "field", "firm"], ignore_index=True)


def sold(found: Equilibrium) -> list[dict[str, Any]]:
    """Every sale: year, period, market, node, price (USD/1000 m3) and bcm.

    The volume is the annual mean over all slots, so that the volumes of a market's slots add up.
    """
    times = [float(part) for part in found.by_slot.time]
    rows = []
    for slot, market, node, price, bcm in found.by_slot.market_rows:
        at = found.by_slot.calendar.slots[slot]
        place = {"year": at.year, "period": at.period, "market": market, "node": node}
        rows.append({**place, "price": price, "bcm": bcm * times[slot]})
    return rows


def price_duration(
    found: Equilibrium, nodes: Sequence[str] = (), lang: str = "en", width: float = WIDTH
) -> Drawing:
    """Prices from the highest down, against the share of the gas sold at that price or above.

    A line for all markets together and one for each of ``nodes``. Raises DataError where one of
    them is no node with a market, or where nothing is sold.
    """
    words, sales = speech(lang), sold(found)
    known = {sale["node"] for sale in sales}
    problems = [Problem(what=f"{node!r} is no node with a market") for node in nodes]
    problems = [p for p, node in zip(problems, nodes, strict=True) if node not in known]
    if not any(sale["bcm"] > 0 for sale in sales):
        problems.append(Problem(what="no gas is sold"))
    if problems:
        raise DataError(problems)
    lines = duration_lines(sales, nodes, words)
    svg = duration_picture(lines, words, width, "price-duration")
    ranked = sorted(sales, key=lambda sale: -sale["price"])
    frame = pd.DataFrame(ranked, columns=["year", "period", "market", "node", "price", "bcm"])
    return Drawing.standing(svg, duration_sheet(ranked, words), frame, width)


def trade_matrix(
    found: Equilibrium, year: int = 2010, lang: str = "en", width: float = WIDTH
) -> Drawing:
    """Trade by exporter and importer against what was observed in ``year``.

    Raises ModelError where the chain holds no observed trade of that year.
    """
    from mithaq.equilibrium.fit import fit

    words, pairs = speech(lang), fit(found, year=year).to_dict()["pairs"]
    svg = matrix_picture(pairs, words, width, "trade-matrix")
    sheet = market_sheets.matrix_sheet(pairs, words)
    return Drawing.standing(svg, sheet, pd.DataFrame(pairs), width)


def storage_year(
    found: Equilibrium,
    storage: str = "",
    year: float | None = None,
    lang: str = "en",
    width: float = WIDTH,
) -> Drawing:
    """The year of a storage: gas in store at the end of each period, injected and withdrawn.

    Without a name, of all storages together. ``year`` is one of the chain's years (the first by
    default). Raises DataError where the chain has no such storage, none at all, or no such year.
    """
    words, rows = speech(lang), storage_rows(found, storage, year)
    name = words.place(storage) if storage else words.say("all storages")
    svg = storage_picture(rows, working_gas(found, storage), words, width, "storage-year", name)
    return Drawing.standing(svg, storage_sheet(rows, name, words), pd.DataFrame(rows), width)


def working_gas(found: Equilibrium, storage: str = "") -> float:
    """Working gas of a storage, or of all, in bcm (without what is built)."""
    rows = found.chain.rows("storages")
    return float(sum(row["working_gas"] for row in rows if storage in ("", row["name"])))


def storage_rows(
    found: Equilibrium, storage: str = "", year: float | None = None
) -> list[dict[str, Any]]:
    """One mapping a period: period, share, injected, withdrawn (bcm in it), level (at its end)."""
    names = [row["name"] for row in found.chain.rows("storages")]
    listed = slots(found.chain)
    years = list(dict.fromkeys(slot.year for slot in listed))
    problems = []
    if storage not in names and (storage or not names):
        hint = f"known: {', '.join(names)}" if names else ""
        what = f"there is no storage {storage!r}" if storage else "there is no storage"
        problems.append(Problem("storages", what=what, hint=hint))
    if year is not None and year not in years:
        problems.append(Problem("years", what=f"there is no year {year:g}"))
    if problems:
        raise DataError(problems)
    wanted = years[0] if year is None else year
    point = found.point

    def total(sheet: Mapping[tuple[str, str, int], float], number: int) -> float:
        return sum(
            value
            for (_, name, slot), value in sheet.items()
            if slot == number and storage in ("", name)
        )

    return [
        {
            "period": slot.period,
            "share": slot.share,
            "injected": slot.share * total(point.injection, number),
            "withdrawn": slot.share * total(point.withdrawal, number),
            "level": total(point.level, number),
        }
        for number, slot in enumerate(listed)
        if slot.year == wanted
    ]


def difference(
    before: Equilibrium,
    after: Equilibrium,
    what: str = "prices",
    lang: str = "en",
    width: float = WIDTH,
    most: int = 24,
) -> Drawing:
    """What changes from one scenario to the other: ``prices``, ``sales``, ``flows`` or ``payoffs``.

    The picture shows the ``most`` largest changes, the table all that are not zero. Raises
    DataError where ``what`` is none of these.
    """
    if what not in _COMPARED:
        hint = f"known: {', '.join(_COMPARED)}"
        raise DataError([Problem(what=f"{what!r} cannot be compared", hint=hint)])
    words = speech(lang)
    read, name, unit, digits = _COMPARED[what]
    first, second = read(before), read(after)
    lines = [(key, first.get(key), second.get(key)) for key in dict.fromkeys([*first, *second])]
    lines = [line for line in lines if abs((line[2] or 0.0) - (line[1] or 0.0)) >= 10**-digits / 2]
    lines.sort(key=lambda line: -abs((line[2] or 0.0) - (line[1] or 0.0)))
    title, told = _difference_title(what, words), unit(words)
    named = [(name(words, key), a, b) for key, a, b in lines]
    # What one scenario alone has is nothing in the other; but a price is then not there at all.
    drawn = named if what == "prices" else [(n, a or 0.0, b or 0.0) for n, a, b in named]
    svg = change_picture(drawn[:most], words, width, "difference", title, told, digits)
    frame = pd.DataFrame(lines, columns=[what.removesuffix("s"), "before", "after"])
    frame["change"] = frame["after"] - frame["before"]
    return Drawing.standing(svg, _difference_sheet(named, words, title, told, digits), frame, width)


def _difference_title(what: str, words: Speech) -> str:
    return {
        "prices": words.say("Change of prices"),
        "sales": words.say("Change of sales"),
        "flows": words.say("Change of flows"),
        "payoffs": words.say("Change of payoffs"),
    }[what]


def _difference_sheet(
    rows: Sequence[tuple[str, float | None, float | None]],
    words: Speech,
    title: str,
    unit: str,
    digits: int,
) -> Sheet:
    say = words.say
    columns = (
        Column(say("Name")),
        Column(say("Before"), unit, True),
        Column(say("After"), unit, True),
        Column(say("Change"), unit, True),
    )
    lines = [
        (
            name,
            words.figure(a, digits),
            words.figure(b, digits),
            "–" if a is None or b is None else words.change(b - a, digits),
        )
        for name, a, b in rows
    ]
    return Sheet.of(title, columns, lines, note="" if rows else say("Nothing changes."))


def _prices(found: Equilibrium) -> dict[str, float]:
    return {str(node): float(price) for node, price in found.prices.items()}


def _sales(found: Equilibrium) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for row in found.sales.rename("bcm").reset_index().itertuples():
        total[str(row.firm)] += float(str(row.bcm))
    return dict(total)


def _flows(found: Equilibrium) -> dict[str, float]:
    return dict(zip(found.flows["name"], found.flows["bcm"], strict=True))


def _payoffs(found: Equilibrium) -> dict[str, float]:
    return {str(party): float(musd) for party, musd in found.payoffs().items()}


_Read = Callable[[Equilibrium], dict[str, float]]
_Name = Callable[[Speech, str], str]
_COMPARED: dict[str, tuple[_Read, _Name, Callable[[Speech], str], int]] = {
    "prices": (_prices, Speech.place, market_sheets.price_unit, 0),
    "sales": (_sales, Speech.place, market_sheets.volume_unit, 1),
    "flows": (_flows, Speech.place, market_sheets.volume_unit, 1),
    "payoffs": (_payoffs, Speech.party, market_sheets.money_unit, 0),
}
