"""Dates as newspapers write them, in Arabic, French, Russian and English, read as EDTF.

Arabic months go by Maghrebi, Levantine or Egyptian names, or by two of them at once (يناير/كانون
الثاني); digits are Latin, Arabic or Persian. The country need not be guessed: no spelling names two
months. Nothing is made up: a date without a day is a month, one without a month is a year, and a
text that is no date is an error, never today. English papers write 05/02/2025 for either day, so
that is refused there.

The names stand in ``months.csv``, which ``scripts/months.py`` writes from the Unicode CLDR.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib.resources import files

from mithaq.words.dates import DateError, Edtf, parse

__all__ = ["key", "read_date"]

_LETTERS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ـ": None}
)
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_LONGEST = 120
_ISO = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_LAST = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})")
_FIRST = re.compile(r"([0-9]{4})[./]([0-9]{1,2})[./]([0-9]{1,2})")
_PARTS = re.compile(r"[\s,،/()\[\]-]+")
_DAY = re.compile(r"([0-9]{1,2})(?:er|st|nd|rd|th|го|е)?")
_YEAR = re.compile(r"[0-9]{4}")
# What stands around a date and says nothing of it: articles, prepositions, the word for year.
_AROUND = {
    "ar": "يوم في بتاريخ من شهر سنه عام لسنه لعام م الموافق",
    "en": "the of on in",
    "fr": "le de du en l d au",
    "ru": "г года год году в от",
}
_WEEKDAYS = {
    "ar": "الاحد الاثنين الثلاثاء الاربعاء الخميس الجمعه السبت",
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "ru": "понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье",
}


def key(words: str) -> str:
    """The words as month names are looked up: without case, accents, vowel signs and dots.

    >>> key("Févr."), key("أُوت"), key("٢٠٢٥")
    ('fevr', 'اوت', '2025')
    """
    folded = unicodedata.normalize("NFKD", words.casefold().translate(_LETTERS))
    kept = (c for c in folded if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    text = "".join(kept).translate(_DIGITS).translate(_LETTERS)
    return " ".join(re.sub(r"\.(?![0-9])|['’ʼ]", " ", text).split())


def read_date(text: str, language: str) -> Edtf:
    """The date that a newspaper of that language means.

    ``language`` is ar, en, fr or ru. Raises :class:`~mithaq.words.dates.DateError` where the text
    is no date, names no year, or may mean two days.

    >>> read_date("الأربعاء 6 أوت 2006", "ar").text, read_date("٦ آب/أغسطس ٢٠٠٦", "ar").text
    ('2006-08-06', '2006-08-06')
    >>> read_date("le 1er août 2006", "fr").text, read_date("в августе 2006 года", "ru").text
    ('2006-08-01', '2006-08')
    """
    if language not in _AROUND:
        known = ", ".join(_AROUND)
        raise DateError(f"dates in {language!r} are not read; choose one of {known}")
    if len(text) > _LONGEST:
        raise DateError(f"{text[:20]!r}... is too long for a date")
    told = key(text)
    if _ISO.fullmatch(told):
        return parse(told)
    close = told.replace(" ", "")
    if match := _FIRST.fullmatch(close):
        return _day(text, int(match[1]), int(match[2]), int(match[3]))
    if match := _LAST.fullmatch(close):
        return _numbers(text, language, int(match[1]), int(match[2]), int(match[3]))
    return _worded(text, language, [part for part in _PARTS.split(told) if part])


def _numbers(text: str, language: str, first: int, second: int, year: int) -> Edtf:
    """A date in numbers with the year last: the day comes first, but in English either may."""
    if language == "en" and first != second:
        if first <= 12 and second <= 12:
            raise DateError(f"{text!r} may mean two days in English; write the month as a word")
        if second > 12:
            first, second = second, first
    return _day(text, year, second, first)


def _worded(text: str, language: str, parts: list[str]) -> Edtf:
    months, days, years = set(), [], []
    known = {*_AROUND[language].split(), *_WEEKDAYS[language].split()}
    table = _months(language)
    place = 0
    while place < len(parts):
        month, taken = _month_at(table, parts, place)
        if month:
            months.add(month)
        elif _YEAR.fullmatch(parts[place]):
            years.append(int(parts[place]))
        elif match := _DAY.fullmatch(parts[place]):
            days.append(int(match[1]))
        elif parts[place] not in known:
            raise DateError(f"{text!r} is not a date: {parts[place]!r} is not understood")
        place += taken
    if len(years) != 1 or len(months) > 1 or len(days) > 1:
        raise DateError(f"{text!r} does not name one year, at most one month and one day")
    if not months:
        if days:
            raise DateError(f"{text!r} names a day but no month")
        return parse(f"{years[0]:04d}")
    (month,) = months
    return _day(text, years[0], month, days[0]) if days else parse(f"{years[0]:04d}-{month:02d}")


def _month_at(table: dict[str, int], parts: list[str], place: int) -> tuple[int, int]:
    """The month whose name begins at a place, and how many words it takes; 0 where none does."""
    for length in (3, 2, 1):
        found = table.get(" ".join(parts[place : place + length]))
        if found and place + length <= len(parts):
            return found, length
    return 0, 1


def _day(text: str, year: int, month: int, day: int) -> Edtf:
    try:
        return parse(f"{year:04d}-{month:02d}-{day:02d}")
    except DateError as error:
        raise DateError(f"{text!r} is not a date: {error}") from None


@cache
def _months(language: str) -> dict[str, int]:
    """Folded spelling -> number of the month."""
    text = files("mithaq.words").joinpath("months.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {r["spelling"]: int(r["month"]) for r in rows if r["language"] == language}
