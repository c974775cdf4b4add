"""Dates as intervals: the part of EDTF level 1 that the record uses.

A date names a span of days, never more precisely than its source did. So a question about one day
has three answers, and :class:`Answer` holds them. Read here are year, month and day with the marks
``?`` (uncertain), ``~`` (approximate) and ``%`` (both), unspecified digits (``20XX``, ``2006-XX``),
and intervals ``a/b`` whose ends may be open (``..``) or unknown (empty). Seasons, negative years
and years of five digits are refused with a sentence saying so.

Source: Library of Congress, Extended Date/Time Format specification (ISO 8601-2:2019), level 1.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

__all__ = ["Answer", "DateError", "Edtf", "day_of", "hull", "parse", "spanning"]

_POINT = re.compile(
    r"(?P<year>[0-9]{4}|[0-9]{3}X|[0-9]{2}XX)(?:-(?P<month>[0-9]{2}|XX)(?:-(?P<day>[0-9]{2}|XX))?)?"
    r"(?P<mark>[?~%]?)"
)
_LONGEST = 60
_NEXT = "write it as 2006, 2006-08, 2006-08-04, 2006? or an interval 2006-08/2007-08"


class DateError(ValueError):
    """A text that is no date of the subset; the message says why and how to write one."""


class Answer(StrEnum):
    """What is known about a day: yes, no, or unknown where the date is not precise enough."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Point:
    """One end of a date: its bounds, its precision, its mark."""

    text: str
    first: date
    last: date
    precision: str
    mark: str


@dataclass(frozen=True, slots=True, order=True)
class Edtf:
    """A date as the interval of days that it may be.

    ``first`` and ``last`` are its outer bounds, both inclusive (``date.min`` and ``date.max`` stand
    for an open or unknown end); ``text`` is the canonical spelling, and equality follows from it.
    Ordered by first day, then last day.

    >>> august = parse("2006-08")
    >>> str(august.first), str(august.last)
    ('2006-08-01', '2006-08-31')
    >>> str(august.reached(date(2006, 8, 4))), str(august.reached(date(2007, 1, 1)))
    ('unknown', 'yes')
    """

    first: date
    last: date
    text: str
    precision: str = field(compare=False)
    open_start: bool = field(default=False, compare=False)
    open_end: bool = field(default=False, compare=False)
    uncertain: bool = field(default=False, compare=False)
    approximate: bool = field(default=False, compare=False)
    sure_first: date | None = field(default=None, compare=False)
    sure_last: date | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def is_interval(self) -> bool:
        """Whether the date is written as an interval ``a/b``."""
        return "/" in self.text

    @property
    def is_day(self) -> bool:
        """Whether exactly one day is meant."""
        return self.first == self.last

    @property
    def begin(self) -> Edtf | None:
        """The date of the beginning (the date itself where it is no interval); None if not told."""
        return _end(self.text, 0)

    @property
    def end(self) -> Edtf | None:
        """The date of the end (the date itself where it is no interval); None if not told."""
        return _end(self.text, -1)

    def contains(self, day: date) -> Answer:
        """Whether that day lies in what the date stands for.

        A coarse single date (``2006-08``) is one unknown day of it, so it answers unknown inside.
        An interval answers yes between the latest start and the earliest end it allows.

        >>> [str(parse("2006-08/2007-08").contains(date(y, 8, 15))) for y in (2005, 2006)]
        ['no', 'unknown']
        >>> str(parse("2006-08/2007-08").contains(date(2007, 1, 1)))
        'yes'
        """
        if day < self.first or day > self.last:
            return Answer.NO
        if self.sure_first is None or self.sure_last is None:
            return Answer.UNKNOWN
        return Answer.YES if self.sure_first <= day <= self.sure_last else Answer.UNKNOWN

    def reached(self, day: date) -> Answer:
        """Whether an event of this date has happened by the end of that day."""
        if self.last <= day:
            return Answer.YES
        return Answer.NO if self.first > day else Answer.UNKNOWN

    def meets(self, other: Edtf) -> bool:
        """Whether both may hold on one and the same day."""
        return self.first <= other.last and other.first <= self.last

    def covers(self, other: Edtf) -> bool:
        """Whether every day of the other lies within the bounds of this one."""
        return self.first <= other.first and other.last <= self.last

    def before(self, other: Edtf) -> Answer:
        """Whether this event came before the other one (strictly)."""
        if self.last < other.first:
            return Answer.YES
        return Answer.NO if self.first >= other.last else Answer.UNKNOWN


@lru_cache(maxsize=16384)
def parse(text: str) -> Edtf:
    """Read a date of the subset.

    Raises :class:`DateError` (a ValueError) where the text is none.

    >>> parse("2006-08-04/..").open_end
    True
    >>> parse("2006-13")
    Traceback (most recent call last):
    ...
    mithaq.words.dates.DateError: '2006-13' has no month 13
    """
    cleaned = text.strip()
    if len(cleaned) > _LONGEST:
        raise DateError(f"{cleaned[:20]!r}... is too long for a date")
    if cleaned.count("/") == 1:
        return _interval(cleaned)
    point = _point(cleaned)
    sure = point.first if point.first == point.last else None
    return Edtf(
        first=point.first,
        last=point.last,
        text=point.text,
        precision=point.precision,
        uncertain=point.mark in ("?", "%"),
        approximate=point.mark in ("~", "%"),
        sure_first=sure,
        sure_last=sure,
    )


def day_of(value: str | date) -> date:
    """One day from a date or its text ``YYYY-MM-DD``.

    Raises :class:`DateError` where the text is not precise to the day.
    """
    if isinstance(value, date):
        return value
    found = parse(value)
    if not found.is_day or found.is_interval:
        raise DateError(f"{value!r} is not one day; write it as 2007-12-31")
    return found.first


def hull(dates: list[Edtf]) -> Edtf | None:
    """The narrowest date that covers all the given ones; None for an empty list.

    >>> hull([parse("2007-08-06"), parse("2007-07")]).text
    '2007-07/2007-08-06'
    """
    if not dates:
        return None
    low = min(dates, key=lambda d: (d.first, d.last))
    high = max(dates, key=lambda d: (d.last, d.first))
    if low.covers(high):
        return low
    if high.covers(low):
        return high
    start = low.begin.text if low.begin is not None else ".."
    stop = high.end.text if high.end is not None else ".."
    return parse(f"{start}/{stop}")


def spanning(first: date, last: date) -> Edtf:
    """The shortest date with exactly those bounds: a year or a month where they fill one.

    >>> spanning(date(2008, 1, 1), date(2008, 12, 31)).text
    '2008'
    >>> spanning(date(2007, 8, 4), date(2007, 8, 11)).text
    '2007-08-04/2007-08-11'
    """
    whole_months = first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]
    whole_years = whole_months and first.month == 1 and last.month == 12
    digits = 4 if whole_years else 7 if whole_months else 10
    start, stop = first.isoformat()[:digits], last.isoformat()[:digits]
    return parse(start if start == stop else f"{start}/{stop}")


def _end(text: str, which: int) -> Edtf | None:
    part = text.split("/")[which]
    return None if part in ("", "..") else parse(part)


def _interval(text: str) -> Edtf:
    left, right = text.split("/")
    if left in ("", "..") and right in ("", ".."):
        raise DateError(f"{text!r} has neither a beginning nor an end; leave the date out")
    lower = None if left in ("", "..") else _point(left)
    upper = None if right in ("", "..") else _point(right)
    first = lower.first if lower else date.min
    last = upper.last if upper else date.max
    if lower and upper and lower.first > upper.last:
        raise DateError(f"{text!r} ends before it begins")
    sure_first, sure_last = _sure(lower, upper, left, right)
    marks = {p.mark for p in (lower, upper) if p}
    return Edtf(
        first=first,
        last=last,
        text=f"{lower.text if lower else left}/{upper.text if upper else right}",
        precision="interval",
        open_start=left == "..",
        open_end=right == "..",
        uncertain=bool(marks & {"?", "%"}),
        approximate=bool(marks & {"~", "%"}),
        sure_first=sure_first,
        sure_last=sure_last,
    )


def _sure(
    lower: _Point | None, upper: _Point | None, left: str, right: str
) -> tuple[date | None, date | None]:
    """The days that surely belong to an interval, or (None, None)."""
    if lower is None and left == "":
        # The beginning is unknown: only the last day itself, where told to the day, is sure.
        known = upper is not None and upper.first == upper.last
        return (upper.first, upper.first) if upper and known else (None, None)
    if upper is None and right == "":
        known = lower is not None and lower.first == lower.last
        return (lower.first, lower.first) if lower and known else (None, None)
    start = lower.last if lower else date.min
    stop = upper.first if upper else date.max
    return (start, stop) if start <= stop else (None, None)


def _point(text: str) -> _Point:
    match = _POINT.fullmatch(text)
    if match is None:
        raise DateError(f"{text!r} is not a date; {_NEXT}")
    year, month, day = match["year"], match["month"], match["day"]
    if year == "0000":
        raise DateError(f"{text!r} has no year 0000; {_NEXT}")
    mark = match["mark"]
    if "X" in year:
        return _unspecified_year(text, year, month, day, mark)
    if month is None or month == "XX":
        if month == "XX" and day not in (None, "XX"):
            raise DateError(f"{text!r} gives a day of an unspecified month; {_NEXT}")
        number = int(year)
        return _Point(text, date(number, 1, 1), date(number, 12, 31), "year", mark)
    return _in_month(text, int(year), int(month), day, mark)


def _unspecified_year(
    text: str, year: str, month: str | None, day: str | None, mark: str
) -> _Point:
    if (month not in (None, "XX")) or (day not in (None, "XX")):
        raise DateError(f"{text!r} gives a month of an unspecified year; {_NEXT}")
    low, high = int(year.replace("X", "0")), int(year.replace("X", "9"))
    if high == 0 or low == 0:
        low = 1
    precision = "decade" if year.count("X") == 1 else "century"
    return _Point(text, date(low, 1, 1), date(high, 12, 31), precision, mark)


def _in_month(text: str, year: int, month: int, day: str | None, mark: str) -> _Point:
    if not 1 <= month <= 12:
        raise DateError(f"{text!r} has no month {month:02d}")
    length = calendar.monthrange(year, month)[1]
    if day is None or day == "XX":
        return _Point(text, date(year, month, 1), date(year, month, length), "month", mark)
    number = int(day)
    if not 1 <= number <= length:
        raise DateError(f"{text!r} has no day {number:02d}: that month has {length} days")
    only = date(year, month, number)
    return _Point(text, only, only, "day", mark)
