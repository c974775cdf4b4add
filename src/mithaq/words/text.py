"""Languages: what is said to people, with numbers, dates, terms and units as each writes them.

The English sentence is the key. Translations are compiled gettext catalogues beside this file, read
with the standard library alone. Digits are Latin in all four languages; what groups and parts them
follows the Unicode CLDR 48 (``ar-DZ``, ``en``, ``fr``, ``ru``), as do the names of the months.
"""

from __future__ import annotations

import csv
import gettext
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from mithaq.errors import DataError, Problem
from mithaq.words.dates import DateError, Edtf, parse

__all__ = ["LANGUAGES", "Language", "isolate", "labels", "language", "mark", "tame"]

_NBSP = "\u00a0"
_THIN = "\u202f"
_MINUS = "\u2212"
_LEFT_TO_RIGHT_MARK = "\u200e"
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class _Custom:
    """How one language writes: names, marks of numbers, months (alone, and after a day)."""

    name: str
    direction: Literal["ltr", "rtl"]
    group: str
    decimal: str
    before_percent: str
    comma: str
    semicolon: str
    months: tuple[str, ...]
    months_of: tuple[str, ...] = ()
    after_year: str = ""


_CUSTOMS: dict[str, _Custom] = {
    "ar": _Custom(
        "العربية", "rtl", ".", ",", "", "، ", "؛ ",
        ("جانفي", "فيفري", "مارس", "أفريل", "ماي", "جوان",
         "جويلية", "أوت", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    ),
    "en": _Custom(
        "English", "ltr", ",", ".", "", ", ", "; ",
        ("January", "February", "March", "April", "May", "June",
         "July", "August", "September", "October", "November", "December"),
    ),
    "fr": _Custom(
        "Français", "ltr", _THIN, ",", _THIN, ", ", "; ",
        ("janvier", "février", "mars", "avril", "mai", "juin",
         "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "ru": _Custom(
        "Русский", "ltr", _NBSP, ",", _NBSP, ", ", "; ",
        ("январь", "февраль", "март", "апрель", "май", "июнь",
         "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
        ("января", "февраля", "марта", "апреля", "мая", "июня",
         "июля", "августа", "сентября", "октября", "ноября", "декабря"),
        f"{_NBSP}г.",
    ),
}  # fmt: skip

LANGUAGES: tuple[str, ...] = tuple(_CUSTOMS)
"""Codes of the languages that mithaq speaks."""


class Language:
    """One of the languages. Get it from :func:`language`.

    >>> english = language("en")
    >>> english.say("about {date}", date=english.date("2006-08"))
    'about August 2006'
    >>> language("fr").number(1234.5)
    '1\\u202f234,5'
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self._custom = _CUSTOMS[code]
        self._catalogue = _catalogue(code)

    def __repr__(self) -> str:
        return f"language({self.code!r})"

    @property
    def name(self) -> str:
        """What the language calls itself."""
        return self._custom.name

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """``rtl`` where it is written from right to left, else ``ltr``."""
        return self._custom.direction

    @property
    def comma(self) -> str:
        """What stands between the items of a list, with its space."""
        return self._custom.comma

    @property
    def semicolon(self) -> str:
        """What stands between longer items, with its space."""
        return self._custom.semicolon

    def say(self, sentence: str, /, **values: Any) -> str:
        """The sentence in this language, its ``{placeholders}`` filled from ``values``.

        A sentence without a translation is said in English. Raises KeyError where a placeholder
        has no value.
        """
        text = self._catalogue.gettext(sentence) if sentence else ""
        return text.format(**values) if values else text

    def plural(self, one: str, many: str, count: float, /, **values: Any) -> str:
        """The form that goes with ``count`` (six in Arabic, three in Russian), placeholders filled.

        ``{n}`` is the count itself, written as a number, unless ``values`` gives another text.

        >>> language("ru").plural("{n} day", "{n} days", 3)
        '3 дня'
        """
        whole = int(count) if float(count).is_integer() else _like(self.code, count)
        text = self._catalogue.ngettext(one, many, whole)
        if "n" not in values:
            values["n"] = self.number(count, 0 if float(count).is_integer() else 1)
        return text.format(**values)

    def number(self, value: float, digits: int = 1) -> str:
        """A number rounded to ``digits`` decimals, grouped by thousands; a dash for NaN.

        >>> language("ar").number(-1234.5), language("ru").number(1234.5, 0)
        ('\\u200e−1.234,5', '1\\xa0234')
        """
        if math.isnan(value):
            return "–"
        plain = "∞" if math.isinf(value) else f"{abs(value):,.{digits}f}"
        sign = _MINUS if value < 0 and any(figure in plain for figure in "123456789∞") else ""
        custom = self._custom
        swap = str.maketrans({",": custom.group, ".": custom.decimal})
        # In a right-to-left run the sign would jump behind its digits without the mark.
        mark = _LEFT_TO_RIGHT_MARK if sign and custom.direction == "rtl" else ""
        return mark + sign + plain.translate(swap)

    def printed(self, figure: str) -> str:
        """A figure as a source prints it, its precision kept: only the marks are the language's.

        >>> language("fr").printed("4.50"), language("en").printed("3.5-3.7")
        ('4,50', '3.5–3.7')
        """
        return figure.replace(".", self._custom.decimal).replace("-", "–")

    def short(self, value: float, digits: int = 4) -> str:
        """A number with so many significant digits, not grouped, with a power of ten where needed.

        >>> language("en").short(40.0), language("fr").short(-1 / 3), language("ru").short(3.6e-9)
        ('40', '−0,3333', '3,6e-09')
        """
        plain = f"{abs(value):.{digits}g}".replace(".", self._custom.decimal)
        mark = _LEFT_TO_RIGHT_MARK if value < 0 and self._custom.direction == "rtl" else ""
        return f"{mark}{_MINUS}{plain}" if value < 0 else plain

    def percent(self, share: float, digits: int = 0) -> str:
        """A share of 1 as a percentage.

        >>> language("en").percent(0.49), language("fr").percent(0.49)
        ('49%', '49\\u202f%')
        """
        return f"{self.number(share * 100, digits)}{self._custom.before_percent}%"

    def date(self, edtf: str | Edtf, role: str = "") -> str:
        """A date of EDTF level 1 in words, as precise as it is and no more.

        ``role`` is what stands before it (from, until, between), which some languages need to know.
        A text that is no date comes back as it is.

        >>> english = language("en")
        >>> english.date("2006-08-04"), english.date("2006-01/2006-04"), english.date("2006?")
        ('4 August 2006', 'January 2006 to April 2006', '2006 (uncertain)')
        """
        try:
            when = parse(edtf) if isinstance(edtf, str) else edtf
        except DateError:
            return str(edtf)
        return self._interval(when) if when.is_interval else self._marked(when, role)

    def month(self, number: int) -> str:
        """The name of a month, 1 to 12."""
        return self._custom.months[number - 1]

    def term(self, vocabulary: str, code: str) -> str:
        """The label of a code of the record, or of a property (vocabulary ``property``).

        A code that the vocabulary does not list comes back as it is.

        >>> language("en").term("stage", "may_have_lapsed")
        'may have lapsed'
        """
        label = labels().get((vocabulary, code))
        return code if label is None else self._catalogue.pgettext(vocabulary, label)

    def unit(self, code: str, count: float | None = None) -> str:
        """The name of a unit; with ``count``, the count and the unit together.

        >>> english = language("en")
        >>> english.unit("GUSD"), english.unit("year", 1), english.unit("bcm", 2.5)
        ('billion USD', '1 year', '2.5\\xa0bcm')
        """
        if count is None:
            return self.term("unit", code)
        match code:
            case "year":
                return self.plural("{n} year", "{n} years", count)
            case "month":
                return self.plural("{n} month", "{n} months", count)
            case "day":
                return self.plural("{n} day", "{n} days", count)
            case "hour":
                return self.plural("{n} hour", "{n} hours", count)
            case _:
                amount = self.number(count, 0 if float(count).is_integer() else 1)
                return f"{amount}{_NBSP}{self.term('unit', code)}"

    def _interval(self, when: Edtf) -> str:
        begin, end = when.begin, when.end
        if begin and end:
            return self.say("{start} to {end}", start=self._marked(begin), end=self._marked(end))
        if begin:
            start = self._marked(begin, "from")
            if when.open_end:
                return self.say("from {start} on", start=start)
            return self.say("from {start}, end not known", start=start)
        last = self._marked(end, "until") if end else ""
        if when.open_start:
            return self.say("until {end}", end=last)
        return self.say("until {end}, start not known", end=last)

    def _marked(self, when: Edtf, role: str = "") -> str:
        text = self._point(when, role)
        if when.approximate:
            text = self.say("about {date}", date=text)
        return self.say("{date} (uncertain)", date=text) if when.uncertain else text

    def _point(self, when: Edtf, role: str) -> str:
        """One date; ``role`` is the preposition before it, which some languages decline for."""
        if when.precision in ("decade", "century"):
            return self.say("years {start} to {end}", start=when.first.year, end=when.last.year)
        custom = self._custom
        year = f"{when.first.year}{custom.after_year}"
        article = {"from": "", "until": "en "}.get(role, "") if self.code == "fr" else ""
        if when.precision == "year":
            return article + year
        index = when.first.month - 1
        declined = custom.months_of or custom.months
        if when.precision == "month":
            months = declined if role == "from" else custom.months
            return f"{article}{months[index]} {year}"
        day = str(when.first.day)
        if self.code == "fr":
            day = "1er" if day == "1" else day
            article = {"from": "le ", "until": "au ", "between": "le "}.get(role, "")
        return f"{article}{day} {declined[index]} {year}"


def language(code: str) -> Language:
    """The language of that code; ``ar-DZ`` and ``ar_DZ`` are Arabic too.

    Raises :class:`~mithaq.errors.DataError`, which lists the languages there are.

    >>> language("ar").direction
    'rtl'
    >>> language("de")
    Traceback (most recent call last):
    ...
    mithaq.errors.DataError: 1 problem in the input:
      'de' is not a language that mithaq speaks (choose ar, en, fr or ru)
    """
    short = code.replace("_", "-").split("-")[0].lower()
    if short not in _CUSTOMS:
        what = f"{code!r} is not a language that mithaq speaks"
        *first, last = LANGUAGES
        raise DataError([Problem(what=what, hint=f"choose {', '.join(first)} or {last}")])
    return _language(short)


def mark(text: str) -> str:
    """The text itself; the word tells ``scripts/words.py`` that it is said elsewhere.

    For sentences that stand in a table and reach :meth:`Language.say` as a variable.

    >>> mark("Prices")
    'Prices'
    """
    return text


def isolate(text: str) -> str:
    """The text set apart, so that its direction does not stir the words around it.

    For plain text only (Unicode isolates, UAX 9); in HTML use ``<bdi>``.

    >>> isolate("Gazprom") == "\\u2068Gazprom\\u2069"
    True
    """
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"


def tame(text: str) -> str:
    """The text as a terminal may show it: anybody's words cannot colour, clear or reverse it.

    Control characters but the line end, marks that override the direction of what follows, and
    isolates that are not closed are left out; halves of pairs become a question mark.

    >>> tame("a\\x1b[31m\\u202eb\\n"), tame(isolate("Газ")) == isolate("Газ")
    ('a[31mb\\n', True)
    """
    if text.isprintable() and text.isascii():
        return text
    text = _UNRULY.sub(lambda found: "?" if found[0] >= "\ud800" else "", text)
    depth = 0
    for letter in _ISOLATES.findall(text):
        depth += -1 if letter == _POP_ISOLATE else 1
        if depth < 0:
            break
    return text if depth == 0 else _ISOLATES.sub("", text)


_UNRULY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
_ISOLATES = re.compile("[\u2066-\u2069]")


@lru_cache(maxsize=1)
def labels() -> dict[tuple[str, str], str]:
    """English label of every (vocabulary, code), properties among them as ``property``."""
    return {
        **{("property", row["property"]): row["label"] for row in _rows("properties.csv")},
        **{(row["vocabulary"], row["code"]): row["label"] for row in _rows("vocabulary.csv")},
    }


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("mithaq").joinpath("data", "schema", name).read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text))


@lru_cache(maxsize=len(_CUSTOMS))
def _language(code: str) -> Language:
    return Language(code)


def _catalogue(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    path = files("mithaq.words").joinpath("locale", code, "LC_MESSAGES", "mithaq.mo")
    with path.open("rb") as stream:
        return gettext.GNUTranslations(stream)


def _like(code: str, count: float) -> int:
    """A whole number whose form a fraction takes: CLDR's rules for counts with decimals."""
    if code == "fr":
        return 1 if abs(count) < 2 else 2
    return 100 if code == "ar" else 2
