"""Curves: supply against price, prices by share of sales, the year of a storage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from markupsafe import Markup

from mithaq.show.axes import Plot
from mithaq.show.market_sheets import price_unit, volume_unit
from mithaq.show.speech import Speech
from mithaq.show.svg import fit_text, text_width

__all__ = ["duration_picture", "inverse_cost", "storage_picture", "supply_picture"]

Data = Mapping[str, Any]
_POINTS = 120
_SERIES = 6


def inverse_cost(slice_: Data, cost: float) -> float:
    """What a slice lifts, bcm/yr, where its marginal cost is ``cost``.

    The inverse of MC(q) = a + b q + g ln(1 - q/K), Golombek's form (Golombek, Gjelsvik and
    Rosendahl 1995), with ``a`` including royalty and user cost.

    >>> inverse_cost({"capacity": 10.0, "a": 20.0, "b": 2.0, "g": 0.0}, 30.0)
    5.0
    >>> inverse_cost({"capacity": 10.0, "a": 20.0, "b": 0.0, "g": 0.0}, 20.0)
    10.0
    """
    top, a, b, g = (float(slice_[key]) for key in ("capacity", "a", "b", "g"))
    if cost < a:
        return 0.0
    if g == 0:
        return top if b == 0 else min((cost - a) / b, top)
    low, high = 0.0, top
    for _ in range(60):
        middle = (low + high) / 2
        rises = middle < top and a + b * middle + g * math.log1p(-middle / top) <= cost
        low, high = (middle, high) if rises else (low, middle)
    return low


def supply_picture(
    slices: Sequence[Data], price: float | None, words: Speech, width: float, key: str
) -> Markup:
    """How much could be lifted at each marginal cost, what was, and the mean price.

    ``slices`` are mappings with capacity, a, b, g and output (bcm/yr, USD/1000 m3); ``price`` is
    the mean price at which gas was sold.
    """
    output = sum(item["output"] for item in slices)
    top = _highest(slices, price)
    costs = sorted(
        {top * i / _POINTS for i in range(_POINTS + 1)} | {min(item["a"], top) for item in slices}
    )
    # A field without a slope enters all at once: a step needs its foot as well as its head.
    points: list[tuple[float, float]] = []
    for cost in costs:
        before = sum(inverse_cost(item, math.nextafter(cost, -math.inf)) for item in slices)
        after = sum(inverse_cost(item, cost) for item in slices)
        points += [(before, cost), (after, cost)]
    reach = max(points[-1][0], output, 1e-9)
    low = min(0.0, costs[0], price or 0.0)
    plot = Plot(words, width, (0.0, reach), (low, top), units=_units(words, volume_unit))
    if price is not None:
        label = words.say("mean price {price}", price=words.figure(price))
        plot.curve([(plot.low, price), (plot.high, price)], "price-line", label)
        plot.canvas.text(plot.left + 6, plot.y(price) - 5, label, class_="label")
    plot.curve(points, "supply", words.say("Marginal cost"))
    x = plot.x(output)
    plot.canvas.line(x, plot.top, x, plot.bottom, class_="mark-line")
    label = words.say("lifted: {bcm}", bcm=words.figure(output))
    room = text_width(label, 12.5) + 8
    plot.canvas.text(
        x + (6 if x + room < width else -6),
        plot.top + 12,
        label,
        "start" if x + room < width else "end",
        class_="label strong",
    )
    return plot.canvas.render(
        key,
        words.say("Supply curve"),
        words.say(
            "The gas that could be lifted at each marginal cost, royalties included; the upright "
            "line is what was lifted, the level one the mean price at which it was sold."
        ),
    )


def _highest(slices: Sequence[Data], price: float | None) -> float:
    """The cost up to which the curve is drawn: nearly all capacity, and the price in view."""
    ends = [item["a"] + item["b"] * item["capacity"] - item["g"] * math.log(50) for item in slices]
    return float(max([*ends, 1.2 * (price or 0.0), 1.0]))


def _units(words: Speech, across: Any) -> tuple[str, str]:
    return across(words), price_unit(words)


def duration_picture(
    lines: Mapping[str, Sequence[tuple[float, float]]], words: Speech, width: float, key: str
) -> Markup:
    """Price against the share of the gas that was sold at it or above.

    ``lines`` maps a name (already in the reader's words) to (price, volume) of each sale.
    """
    shown = list(lines.items())[:_SERIES]
    prices = [price for _, sales in shown for price, _ in sales]
    rows = math.ceil(len(shown) / (1 if width < 600 else 3))
    plot = Plot(
        words,
        width,
        (0.0, 1.0),
        (min(0.0, *prices), max(*prices, 1.0)),
        units=(words.say("share of the gas sold"), price_unit(words)),
        tight=True,
        share=True,
        below=8 + 18.0 * rows,
    )
    for place, (name, sales) in enumerate(shown):
        plot.steps(_duration(sales), f"series-{place}", name)
    _series_key(plot, [name for name, _ in shown], width)
    return plot.canvas.render(
        key,
        words.say("Price duration"),
        words.say(
            "Prices from the highest to the lowest, against the share of the gas that was sold at "
            "that price or above."
        ),
    )


def _duration(sales: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """Steps (from, to, price) over shares of the volume, the dearest first."""
    ranked = sorted((sale for sale in sales if sale[1] > 0), reverse=True)
    total = sum(volume for _, volume in ranked)
    ends = [0.0, *accumulate(volume / total for _, volume in ranked)]
    return [(a, b, price) for (a, b), (price, _) in zip(pairwise(ends), ranked, strict=True)]


def _series_key(plot: Plot, names: Sequence[str], width: float) -> None:
    columns = 1 if width < 600 else 3
    room = (width - 8) / columns
    for place, name in enumerate(names):
        x, y = 8 + room * (place % columns), plot.bottom + 56 + 18 * (place // columns)
        plot.canvas.line(x, y - 4, x + 22, y - 4, class_=f"curve series-{place}")
        plot.canvas.text(x + 28, y, fit_text(name, 12.5, room - 36), class_="label")


def storage_picture(
    periods: Sequence[Data], room: float | None, words: Speech, width: float, key: str, name: str
) -> Markup:
    """The year of a storage: how full it is, what goes in and what comes out.

    ``periods`` are mappings with period, share (of the year), level (bcm at its end), injected and
    withdrawn (bcm in the period); the level starts where the year ends. ``room`` is working gas.
    """
    ends = [0.0, *accumulate(item["share"] for item in periods)]
    levels = [periods[-1]["level"], *(item["level"] for item in periods)]
    unit = words.say("bcm")
    largest = max([*levels, room or 0.0, *(item["injected"] for item in periods), 1e-9])
    lowest = min([0.0, *(-item["withdrawn"] for item in periods)])
    plot = Plot(
        words,
        width,
        (0.0, ends[-1]),
        (lowest, largest),
        units=(words.say("share of the year"), unit),
        tight=True,
        share=True,
        below=44.0,
    )
    for (start, end), item in zip(pairwise(ends), periods, strict=True):
        part = words.period(str(item["period"]))
        x, wide = plot.x(start) + 2, max(plot.x(end) - plot.x(start) - 4, 1.0)
        zero = plot.y(0.0)
        for kind, value, css in (
            (words.say("injected"), item["injected"], "into"),
            (words.say("withdrawn"), -item["withdrawn"], "out-of"),
        ):
            if value:
                top = min(plot.y(value), zero)
                hint = f"{part}: {kind} {words.figure(abs(value), 2)} {unit}"
                plot.canvas.rect(x, top, wide, abs(plot.y(value) - zero), hint, class_=css)
        label = fit_text(part, 11, wide)
        plot.canvas.text(x + wide / 2, plot.bottom - 6, label, "middle", class_="tick")
    if room:
        plot.curve([(0.0, room), (ends[-1], room)], "price-line", words.say("Working gas"))
    plot.curve(list(zip(ends, levels, strict=True)), "supply", words.say("Gas in store"))
    _storage_key(plot, words, width, room)
    return plot.canvas.render(
        key,
        words.say("The year of {storage}", storage=name),
        words.say(
            "The line is the gas in store at the end of each period; bars above zero what was "
            "injected, below zero what was withdrawn."
        ),
    )


def _storage_key(plot: Plot, words: Speech, width: float, room: float | None) -> None:
    entries = [
        ("curve supply", words.say("Gas in store")),
        ("into", words.say("injected")),
        ("out-of", words.say("withdrawn")),
        *([("curve price-line", words.say("Working gas"))] if room else []),
    ]
    step = (width - 8) / (2 if width < 600 else 4)
    for place, (css, label) in enumerate(entries):
        columns = 2 if width < 600 else 4
        x, y = 8 + step * (place % columns), plot.bottom + 56 + 18 * (place // columns)
        if css.startswith("curve"):
            plot.canvas.line(x, y - 4, x + 22, y - 4, class_=css)
        else:
            plot.canvas.rect(x, y - 10, 22, 11, class_=css)
        plot.canvas.text(x + 28, y, fit_text(label, 12.5, step - 36), class_="label")
