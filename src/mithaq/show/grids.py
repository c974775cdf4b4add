"""Trade as a grid of exporters and importers, and what changes between two scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mithaq.show.bars import nice_ticks
from mithaq.show.speech import Speech
from mithaq.show.svg import Canvas, fit_text, text_width

__all__ = ["change_picture", "matrix_picture"]

Data = Mapping[str, Any]
_SIZE = 12.5
_FULL_SHADE = 8.0  # bcm/yr of difference at which a cell is as dark as it gets


def matrix_picture(pairs: Sequence[Data], words: Speech, width: float, key: str) -> Markup:
    """Importers down, exporters across: the model's trade, with what was observed below it.

    ``pairs`` are mappings with exporter, importer, model and observed (bcm). Orange cells are
    above what was observed, blue ones below.
    """
    exporters = list(dict.fromkeys(item["exporter"] for item in pairs))
    importers = sorted({item["importer"] for item in pairs}, key=words.place)
    at = {(item["importer"], item["exporter"]): item for item in pairs}
    names = [words.place(name) for name in importers]
    narrow = width < 600
    left = min(14 + max(text_width(name, _SIZE) for name in names), 0.34 * width)
    size, row = 8.5 if narrow else 11.0, 34.0
    count = max(len(exporters), 1)
    widest = max((text_width(words.place(name), size) for name in exporters), default=0.0)
    tilted = widest > (width - left - 6) / count - 4
    # A tilted head leans out over the last column by the cosine of its length.
    top, lean = (min(24 + 0.75 * widest, 92.0), min(0.6 * widest, 60.0)) if tilted else (30.0, 0.0)
    room = (width - left - 6 - lean) / count
    canvas = Canvas(width, top + row * len(importers) + 8, rtl=words.rtl)
    for place, name in enumerate(exporters):
        _head(canvas, left + room * (place + 0.5), top - 8, words.place(name), size, tilted)
    for place, (importer, name) in enumerate(zip(importers, names, strict=True)):
        y = top + row * place
        canvas.text(left - 8, y + row / 2 + 4, fit_text(name, _SIZE, left - 12), "end")
        for column, exporter in enumerate(exporters):
            item = at.get((importer, exporter))
            if item is not None:
                _cell(canvas, left + room * column, y, room, row, item, words, size)
    return canvas.render(
        key,
        words.say("Trade by pair, model and observed"),
        words.say(
            "In each cell: the model above, what was observed below, in bcm a year. Blue: the "
            "model sells less than was observed, orange: more."
        ),
    )


def _head(canvas: Canvas, x: float, y: float, text: str, size: float, tilted: bool) -> None:
    if not tilted:
        canvas.text(x, y, text, "middle", class_="tick")
        return
    turn = 45 if canvas.mirror else -45
    place = f"rotate({turn} {canvas.x(x):.1f} {y:.1f})"
    style = f"font-size:{size + 1:g}px"
    canvas.text(x, y, fit_text(text, size + 1, 108), transform=place, style=style, class_="tick")


def _cell(
    canvas: Canvas,
    x: float,
    y: float,
    room: float,
    row: float,
    item: Data,
    words: Speech,
    size: float,
) -> None:
    model, seen = item["model"] or 0.0, item["observed"] or 0.0
    gap = max(-1.0, min(1.0, (model - seen) / _FULL_SHADE))
    shade = f"fill-opacity:{abs(gap) ** 0.7 * 0.6:.2f}"
    way, unit = (
        f"{words.place(item['exporter'])} – {words.place(item['importer'])}",
        words.say("bcm"),
    )
    hint = f"{way}: {words.figure(model, 1)} / {words.figure(seen, 1)} {unit}"
    css = "more" if gap > 0 else "less"
    canvas.rect(x + 1, y + 1, room - 2, row - 2, hint, class_=f"cell {css}", style=shade)
    if model or seen:
        for down, value, kind in ((15.0, model, "label"), (28.0, seen, "tick")):
            text = words.figure(value, 1 if size > 9 else 0)
            style = f"font-size:{size if kind == 'label' else size - 1:g}px"
            canvas.text(x + room / 2, y + down, text, "middle", class_=kind, style=style)


def change_picture(
    rows: Sequence[tuple[str, float | None, float | None]],
    words: Speech,
    width: float,
    key: str,
    title: str,
    unit: str,
    digits: int = 0,
) -> Markup:
    """What changes from one scenario to the other: a bar a row, rises one way, falls the other.

    ``rows`` are (name in the reader's words, before, after); None where there is no figure.
    """
    changes = [(name, a, b, b - a) for name, a, b in rows if a is not None and b is not None]
    if not changes:
        canvas = Canvas(width, 48, rtl=words.rtl)
        canvas.text(8, 28, words.say("Nothing changes."), class_="label")
        return canvas.render(key, title, words.say("Nothing changes."))
    narrow = width < 600
    left = min(
        14 + max((text_width(name, _SIZE) for name, *_ in changes), default=60), 0.36 * width
    )
    step, top = 24.0, 44.0
    bottom = top + step * len(changes) + 6
    canvas = Canvas(width, bottom + 6, rtl=words.rtl)
    low = min([0.0, *(change for *_, change in changes)])
    high = max([0.0, *(change for *_, change in changes)])
    ticks = nice_ticks(low, high if high > low else low + 1.0, 4 if narrow else 7)

    def x(value: float) -> float:
        return left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (width - 56 - left) + 20

    canvas.text(left, top - 24, unit, class_="unit")
    decimals = 0 if float(ticks[1] - ticks[0]).is_integer() else 1
    for tick in ticks:
        canvas.line(x(tick), top, x(tick), bottom, class_="zero" if tick == 0 else "grid")
        canvas.text(x(tick), top - 7, words.change(tick, decimals), "middle", class_="tick")
    for place, (name, before, after, change) in enumerate(changes):
        y = top + 4 + step * place
        canvas.text(left - 10, y + 13, fit_text(name, _SIZE, left - 12), "end", class_="label")
        ends = sorted((x(0.0), x(change)))
        hint = f"{name}: {words.figure(before, digits)} → {words.figure(after, digits)} {unit}"
        css = "cell more" if change > 0 else "cell less"
        canvas.rect(ends[0], y + 2, ends[1] - ends[0], 15, hint, class_=css)
        anchor, shift = ("start", 5) if change >= 0 else ("end", -5)
        canvas.text(x(change) + shift, y + 13, words.change(change, digits), anchor, class_="tick")
    return canvas.render(
        key,
        title,
        words.say("Bars are the change from the first scenario to the second, row by row."),
    )
