"""Bars and dots: worth by leg and party, model against observed, the two sides of a balance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mithaq.show.market_sheets import money_unit
from mithaq.show.record_sheets import terms
from mithaq.show.speech import Speech
from mithaq.show.svg import Canvas, fit_text, text_width

__all__ = ["Row", "balance_picture", "dots_picture", "ranges_picture", "worth_picture"]

Data = Mapping[str, Any]
#: Name, low, middle, high.
Row = tuple[str, float, float, float]
_SIZE = 12.5


def nice_ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers that span ``low`` to ``high``.

    >>> nice_ticks(-120.0, 480.0)
    [-200.0, -100.0, 0.0, 100.0, 200.0, 300.0, 400.0, 500.0]
    """
    raw = max(high - low, 1e-9) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [step * i for i in range(first, last + 1)]


class _Scale:
    """Values to logical x, with a row of ticks and the unit above."""

    def __init__(self, ticks: Sequence[float], left: float, right: float) -> None:
        self.ticks = ticks
        self.left, self.right = left, right

    def x(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def draw(self, canvas: Canvas, words: Speech, top: float, bottom: float, unit: str) -> None:
        canvas.text(self.left, top - 22, unit, class_="unit")
        signed = self.ticks[0] < 0
        digits = 0 if float(self.ticks[1] - self.ticks[0]).is_integer() else 1
        room = (self.right - self.left) / (len(self.ticks) - 1)
        widest = max(text_width(words.figure(tick, digits), 11) for tick in self.ticks)
        step = max(1, math.ceil((widest + 8) / room))
        zero = self.ticks.index(0.0) if 0.0 in self.ticks else 0
        for place, tick in enumerate(self.ticks):
            x = self.x(tick)
            canvas.line(x, top, x, bottom, class_="zero" if tick == 0 and signed else "grid")
            if (place - zero) % step == 0:
                label = words.figure(tick, digits)
                half = text_width(label, 11) / 2
                x = min(max(x, half + 1), canvas.width - half - 1)
                canvas.text(x, top - 6, label, "middle", class_="tick")


def worth_picture(
    data: Data, parties: Sequence[str], legs: Sequence[str], words: Speech, width: float, key: str
) -> Markup:
    """Worth of each of ``parties``: stacked bars by leg, the sum as a diamond, its range as a line.

    Gains stack in reading order from zero, losses the other way; units are million USD a year.
    """
    items = [(name, data["parties"][name]) for name in parties]
    narrow = width < 600
    left = 8.0 if narrow else 40 + max(text_width(words.party(name), _SIZE) for name in parties)
    left = min(left, 0.34 * width)
    row = 46.0 if narrow else 34.0
    top, bottom = 44.0, 44.0 + row * len(items) + 6
    canvas = Canvas(width, bottom + 4, rtl=words.rtl)
    scale = _Scale(nice_ticks(*_extremes(items), 4 if narrow else 7), left, width - 14)
    scale.draw(canvas, words, top, bottom, money_unit(words))
    for place, (name, item) in enumerate(items):
        middle = top + 6 + place * row + row / 2
        if narrow:
            canvas.text(left, middle - 10, words.party(name), class_="label strong")
            middle += 7
        else:
            label = fit_text(words.party(name), _SIZE, left - 12)
            canvas.text(left - 12, middle + 4, label, "end", class_="label strong")
        _stack(canvas, scale, item, legs, middle, words)
    return canvas.render(
        key,
        words.say("Worth by party and leg"),
        words.say(
            "Stacked bars by leg for {parties}; a diamond marks the sum, a line its range. "
            "The table below holds the figures.",
            parties=words.list(words.party(name) for name in parties),
        ),
    )


def _extremes(items: Sequence[tuple[str, Data]]) -> tuple[float, float]:
    lows, highs = [0.0], [0.0]
    for _, item in items:
        shares = [value or 0.0 for value in item["legs"].values()]
        lows += [sum(min(v, 0.0) for v in shares), item["worth"], _or(item.get("low"), 0.0)]
        highs += [sum(max(v, 0.0) for v in shares), item["worth"], _or(item.get("high"), 0.0)]
    return min(lows), max(highs)


def _or(value: Any, default: float) -> float:
    return default if value is None else float(value)


def _stack(
    canvas: Canvas, scale: _Scale, item: Data, legs: Sequence[str], y: float, words: Speech
) -> None:
    ends = {True: 0.0, False: 0.0}
    for place, leg in enumerate(legs):
        value = float(item["legs"].get(leg) or 0.0)
        side = value >= 0
        start, ends[side] = ends[side], ends[side] + value
        low, high = sorted((scale.x(start), scale.x(ends[side])))
        hint = f"{words.term('segment', leg)}: {words.change(value)} {money_unit(words)}"
        canvas.rect(low, y - 8, high - low, 16, hint, class_=f"leg leg-{place % 6}")
    low, high = (
        scale.x(_or(item.get("low"), item["worth"])),
        scale.x(_or(item.get("high"), item["worth"])),
    )
    canvas.line(low, y, high, y, class_="halo")
    canvas.line(low, y, high, y, class_="range")
    for end in (low, high):
        canvas.line(end, y - 5, end, y + 5, class_="range")
    x = scale.x(item["worth"])
    hint = f"{words.say('Worth')}: {words.change(item['worth'])} {money_unit(words)}"
    canvas.path([(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)], True, class_="sum", hint=hint)


def dots_picture(
    rows: Sequence[tuple[str, float, float | None]],
    words: Speech,
    width: float,
    key: str,
    title: str,
    unit: str,
    digits: int = 0,
) -> Markup:
    """Model (filled) against observed (ring) for named rows; a line joins the two."""
    narrow = width < 600
    left = 14 + max(text_width(name, _SIZE) for name, _, _ in rows)
    left = min(left, 0.4 * width)
    step = 22.0
    top, bottom = 44.0, 44.0 + step * len(rows) + 8
    canvas = Canvas(width, bottom + 4, rtl=words.rtl)
    values = [v for _, model, seen in rows for v in (model, seen) if v is not None]
    scale = _Scale(nice_ticks(0.0, max(values), 4 if narrow else 8), left, width - 16)
    scale.draw(canvas, words, top, bottom, unit)
    for place, (name, model, seen) in enumerate(rows):
        y = top + 4 + step * (place + 0.5)
        canvas.text(left - 12, y + 4, fit_text(name, _SIZE, left - 14), "end", class_="label")
        canvas.line(left, y, width - 16, y, class_="guide")
        hint = f"{name}: {words.figure(model, digits)} / {words.figure(seen, digits)} {unit}"
        if seen is not None:
            canvas.line(scale.x(seen), y, scale.x(model), y, class_="gap")
            canvas.circle(scale.x(seen), y, 5.2, hint, class_="seen")
        canvas.circle(scale.x(model), y, 4.6, hint, class_="model")
    return canvas.render(
        key,
        title,
        words.say("Dots: the model; rings: what was observed. The table below holds the figures."),
    )


def balance_picture(data: Data, words: Speech, width: float, key: str) -> Markup:
    """Grants by segment on either side's territory: outlined granted, solid delivered."""
    one, other = data["between"]
    counts = _counts(data)
    segments = list(dict.fromkeys(segment for _, segment in counts)) or [""]
    most = max((granted for granted, _ in counts.values()), default=1) or 1
    middle = width / 2
    label_room = min(
        0.34 * width, 26 + max(text_width(_segment(s, words), _SIZE) for s in segments)
    )
    reach = (width - label_room) / 2 - 34
    canvas = Canvas(width, 52 + 34 * len(segments), rtl=words.rtl)
    for side, territory in ((-1, one), (1, other)):
        x = middle + side * (label_room / 2)
        title = words.say("on the territory of {country}", country=words.name(territory))
        room = width / 2 - 8
        if text_width(title, 13) > room - label_room / 2:
            title = words.name(territory)
        anchor = "end" if side < 0 else "start"
        canvas.text(
            x, 16, fit_text(title, 13, room - label_room / 2), anchor, class_="label strong"
        )
    for place, segment in enumerate(segments):
        y = 36 + 34 * place
        canvas.text(middle, y + 14, _segment(segment, words), "middle", class_="label")
        for side, territory in ((-1, one), (1, other)):
            granted, delivered = counts.get((territory, segment), (0, 0))
            _half(
                canvas,
                middle + side * label_room / 2,
                y,
                side,
                reach / most,
                granted,
                delivered,
                words,
            )
    return canvas.render(
        key,
        words.say("Grants on each side's territory"),
        words.say(
            "Number of grants by segment; outlined: granted, solid: delivered. "
            "The table below lists them one by one."
        ),
    )


def _segment(segment: str, words: Speech) -> str:
    return terms("segment", segment, words)


def _half(
    canvas: Canvas,
    x: float,
    y: float,
    side: int,
    unit: float,
    granted: int,
    delivered: int,
    words: Speech,
) -> None:
    canvas.line(x, y - 2, x, y + 24, class_="zero")
    for count, css in ((granted, "granted"), (delivered, "delivered")):
        length = unit * count
        canvas.rect(x if side > 0 else x - length, y, length, 20, class_=css)
    figure = f"{words.figure(delivered)} / {words.figure(granted)}"
    canvas.text(
        x + side * (unit * granted + 6),
        y + 14,
        figure,
        "start" if side > 0 else "end",
        class_="label",
    )


def _counts(data: Data) -> dict[tuple[str, str], tuple[int, int]]:
    """(territory, segment) -> grants that count in totals: how many, and how many delivered."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for item in data["grants"]:
        if not item.get("counts_in_totals"):
            continue
        slot = (str(item["territory"]), str(item.get("segment") or ""))
        granted, delivered = counts.get(slot, (0, 0))
        counts[slot] = (granted + 1, delivered + bool(item.get("delivered")))
    return counts


def ranges_picture(
    rows: Sequence[Row],
    words: Speech,
    width: float,
    key: str,
    title: str,
    unit: str,
    description: str,
) -> Markup:
    """Named rows, each a line from low to high with a dot between; zero stands out."""
    narrow = width < 600
    left = min(14 + max(text_width(row[0], _SIZE) for row in rows), 0.4 * width)
    step = 22.0
    top, bottom = 44.0, 44.0 + step * len(rows) + 8
    canvas = Canvas(width, bottom + 4, rtl=words.rtl)
    values = [0.0, *(value for row in rows for value in row[1:])]
    ticks = nice_ticks(min(values), max(values), 4 if narrow else 8)
    scale = _Scale(ticks, left, width - 16)
    scale.draw(canvas, words, top, bottom, unit)
    for place, (name, low, middle, high) in enumerate(rows):
        y = top + 4 + step * (place + 0.5)
        canvas.text(left - 12, y + 4, fit_text(name, _SIZE, left - 14), "end", class_="label")
        canvas.line(left, y, width - 16, y, class_="guide")
        canvas.line(scale.x(low), y, scale.x(high), y, class_="gap")
        hint = f"{name}: {words.change(middle)} ({words.span(low, high)}) {unit}"
        canvas.circle(scale.x(middle), y, 4.6, hint, class_="model")
    return canvas.render(key, title, description)
