"""The timeline: a line per subject, lanes by kind, marks for what happened to it.

An event on a certain day is a dot, one that lasts is a bar. A date known only to a month, a season
or a year, or on which sources differ, is a pale bar over all the days that it may mean; what was
planned or denied is hollow. Between the signature of an agreement (the opening of an office, the
start of a project) and its end a line runs. Time runs in reading order: from right to left in
Arabic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from mithaq.show.record_sheets import event_words, span_of, standing
from mithaq.show.speech import Speech
from mithaq.show.svg import Canvas, fit_text, text_width

__all__ = ["LANES", "timeline_picture"]

Data = Mapping[str, Any]

LANES = ("agreement", "commitment", "award", "project", "presence", "meeting", "statement")
_MERGE = {"tender": "award", "leg": "agreement"}
_THREADED = ("agreement", "award", "project", "presence")
_ROW, _GAP, _HEAD, _SIZE = 19.0, 12.0, 30.0, 11.5
_BAR = 11.0
_NARROW = 600.0
_LONGEST_LABEL, _LONGEST_NARROW = 0.42, 0.6  # of the width


@dataclass(frozen=True, slots=True)
class _Mark:
    """One event on the axis."""

    event: Data
    first: float
    last: float
    hint: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A subject with its marks in order of time."""

    label: str
    marks: tuple[_Mark, ...]

    @property
    def first(self) -> float:
        return min(mark.first for mark in self.marks)

    @property
    def last(self) -> float:
        return max(mark.last for mark in self.marks)


class _Axis:
    """Days to logical x."""

    def __init__(self, first: int, last: int, left: float, right: float) -> None:
        self.first, self.last = first, last
        self.start, self.end = date(first, 1, 1), date(last, 1, 1)
        self.left, self.right = left, right

    def x(self, day: date) -> float:
        share = (day - self.start).days / (self.end - self.start).days
        return self.left + max(0.0, min(1.0, share)) * (self.right - self.left)


def _days(event: Data, horizon: date | None = None) -> tuple[date, date]:
    """First and last day; an open start falls on the end, an open end on ``horizon``."""
    start, end = event["start"], event["end"]
    last = date.fromisoformat(end) if end else horizon or date.fromisoformat(start)
    return (date.fromisoformat(start) if start else last), last


def window(events: Sequence[Data]) -> tuple[int, int]:
    """First year shown and first year no longer shown: a sixth of the events may lie outside.

    The table holds them all, and the picture says how many it shows.
    """
    if not events:
        return 2000, 2001
    years = sorted(_days(event)[0].year for event in events)
    cut = len(years) // 12
    return years[cut], years[-1 - cut] + 1


def timeline_picture(events: Sequence[Data], words: Speech, width: float, key: str) -> Markup:
    """The SVG picture of ``events`` (see :func:`mithaq.record.timeline`), ``width`` pixels wide."""
    first, last = window(events)
    axis = _Axis(first, last, 8.0, width - 10.0)
    shown = [event for event in events if _inside(event, axis)]
    lanes = [(lane, _rows(_lines(shown, lane, axis, words), axis)) for lane in LANES]
    lanes = [(lane, rows) for lane, rows in lanes if rows]
    height = _HEAD + sum(24 + len(rows) * _ROW + _GAP for _, rows in lanes)
    canvas = Canvas(width, height, rtl=words.rtl)
    _draw_axis(canvas, axis, height, narrow=width < _NARROW)
    top = _HEAD
    for lane, rows in lanes:
        _draw_lane(canvas, axis, lane, rows, top, words)
        top += 24 + len(rows) * _ROW + _GAP
    return canvas.render(
        key,
        words.say("Timeline"),
        words.say(
            "{shown} dated events from {first} to {last}, by kind; the table below lists them all.",
            shown=words.figure(len(shown)),
            first=str(first),
            last=str(last - 1),
        ),
    )


def _inside(event: Data, axis: _Axis) -> bool:
    start, end = _days(event, axis.end)
    return end >= axis.start and start < axis.end


def _lines(events: Sequence[Data], lane: str, axis: _Axis, words: Speech) -> list[_Line]:
    """The subjects of a lane, each with its marks, by the first day."""
    marks: dict[str, list[_Mark]] = {}
    for event in events:
        kind = event["subject_kind"]
        if _MERGE.get(kind, kind) != lane:
            continue
        begin, end = _days(event, axis.end)
        first, last = axis.x(begin), axis.x(begin if _is_over(event) else end)
        parts = (words.name(event["subject"]), event_words(event, words))
        hint = " · ".join(filter(None, (*parts, span_of(event, words), standing(event, words))))
        marks.setdefault(event["subject"], []).append(_Mark(event, first, last, hint))
    lines = [_Line(words.name(subject), tuple(some)) for subject, some in marks.items()]
    return sorted(lines, key=lambda line: (line.first, line.last, line.label))


def _is_over(event: Data) -> bool:
    """Whether the event ends something: it then lasts no longer than its day."""
    return str(event["kind"]) in ("project_status.cancelled", "project_status.shelved")


def _placed(line: _Line, axis: _Axis) -> tuple[str, float, float]:
    """Whether the label stands after, before or on the marks, and the x range of both."""
    room = axis.right - axis.left
    longest = _LONGEST_NARROW if room < _NARROW else _LONGEST_LABEL
    size = min(text_width(line.label, _SIZE) + 12, longest * room)
    end = max(line.last, line.first + 9)
    if end + size <= axis.right:
        return "after", line.first - 6, end + size
    if line.first - size >= axis.left:
        return "before", line.first - size, end + 6
    after, before = axis.right - end, line.first - axis.left
    if max(after, before) < size / 2:
        return "on", line.first - 6, end + 6
    if after >= before:
        return "after", line.first - 6, axis.right
    return "before", axis.left, end + 6


def _rows(lines: Sequence[_Line], axis: _Axis) -> list[list[_Line]]:
    """Greedy packing: each line goes into the first row where it overlaps nothing."""
    rows: list[list[_Line]] = []
    taken: list[list[tuple[float, float]]] = []
    for line in lines:
        _, low, high = _placed(line, axis)
        for row, spans in zip(rows, taken, strict=True):
            if all(high <= a or low >= b for a, b in spans):
                row.append(line)
                spans.append((low, high))
                break
        else:
            rows.append([line])
            taken.append([(low, high)])
    return rows


def _draw_axis(canvas: Canvas, axis: _Axis, height: float, narrow: bool) -> None:
    years = axis.last - axis.first
    step = max(1, round(years / (6 if narrow else 16)))
    for year in range(axis.first, axis.last + 1):
        x = axis.x(date(year, 1, 1))
        canvas.line(x, _HEAD - 8, x, height, class_="grid")
        if year < axis.last and (year - axis.first) % step == 0:
            middle = (x + axis.x(date(year + 1, 1, 1))) / 2 if step == 1 else x
            canvas.text(max(middle, 16), 14, str(year), "middle", class_="tick")


def _draw_lane(
    canvas: Canvas,
    axis: _Axis,
    lane: str,
    rows: Sequence[Sequence[_Line]],
    top: float,
    words: Speech,
) -> None:
    canvas.line(0, top, canvas.width, top, class_="rule")
    canvas.text(8, top + 16, lane_title(lane, words), class_="lane")
    for place, row in enumerate(rows):
        middle = top + 24 + place * _ROW + _ROW / 2
        for line in row:
            _draw_line(canvas, axis, line, middle, lane)


def _draw_line(canvas: Canvas, axis: _Axis, line: _Line, y: float, lane: str) -> None:
    if lane in _THREADED and len(line.marks) > 1:
        canvas.line(line.first, y, line.last, y, class_=f"thread {lane}")
    # Certain days come last, so that they stay visible on the pale bars.
    for mark in sorted(line.marks, key=lambda mark: mark.first - mark.last):
        _draw_mark(canvas, mark, y, lane)
    side, low, high = _placed(line, axis)
    end = max(line.last, line.first + 9)
    if side == "on":
        label = fit_text(line.label, _SIZE, end - line.first - 12)
        canvas.text(line.first + 8, y + 4, label, class_="label on", hint=line.label)
    elif side == "after":
        label = fit_text(line.label, _SIZE, high - end - 6)
        canvas.text(end + 6, y + 4, label, class_="label", hint=line.label)
    else:
        label = fit_text(line.label, _SIZE, line.first - low - 8)
        canvas.text(line.first - 8, y + 4, label, "end", class_="label", hint=line.label)


def _draw_mark(canvas: Canvas, mark: _Mark, y: float, lane: str) -> None:
    event, length = mark.event, mark.last - mark.first
    hollow = event.get("modality", "actual") != "actual" or event.get("polarity") != "affirmed"
    pale = event.get("uncertain") or event.get("disputed")
    css = f"mark {lane} {'hollow' if hollow else 'unsure' if pale else 'sure'}"
    if length > 9:
        canvas.rect(mark.first, y - _BAR / 2, length, _BAR, mark.hint, rx=2, class_=css)
    else:
        canvas.circle((mark.first + mark.last) / 2, y, 4.6, mark.hint, class_=css)


def lane_title(lane: str, words: Speech) -> str:
    """The heading of a lane."""
    say = words.say
    return {
        "agreement": say("Agreements"),
        "commitment": say("Commitments"),
        "award": say("Tenders and awards"),
        "project": say("Projects"),
        "presence": say("Presences"),
        "meeting": say("Meetings"),
        "statement": say("Statements"),
    }[lane]
