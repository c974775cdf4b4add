"""Dates of newspapers against Babel: every month spelling of every country, both digit systems."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from datetime import date

import pytest
from babel import Locale
from babel.dates import format_date
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from mithaq.words.dates import DateError, Edtf, parse
from mithaq.words.dates_in_words import read_date
from scripts import months

LOCALES = [
    identifier
    for identifier in sorted(locale_identifiers())
    if identifier.split("_")[0] in months.LANGUAGES
    and not months.HISTORIC & set(identifier.split("_"))
]
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PATTERNS = {
    "ar": ["d MMMM y", "EEEE d MMMM y", "EEEE، d MMMM y", "'يوم' d MMMM y", "d/MMMM/y", "dd-MMMM-y",
           "'في' d 'من' MMMM 'سنة' y"],
    "en": ["d MMMM y", "MMMM d, y", "EEEE, MMMM d, y", "'the' d'th' 'of' MMMM y", "d MMM y"],
    "fr": ["d MMMM y", "'le' d MMMM y", "EEEE d MMMM y", "d MMM y", "d-MMMM-y"],
    "ru": ["d MMMM y", "d MMMM y 'г'.", "EEEE, d MMMM y 'года'", "d MMM y"],
}  # fmt: skip
MONTHS = {"ar": ["MMMM y", "'شهر' MMMM y"], "en": ["MMMM y"], "fr": ["MMMM y"], "ru": ["LLLL y"]}


def test_the_table_is_what_the_script_would_write() -> None:
    assert months.TABLE.read_text("utf-8") == months.table()


def digits(text: str) -> tuple[str, str]:
    return text, text.translate(ARABIC_DIGITS)


@pytest.mark.parametrize("identifier", LOCALES)
def test_every_month_of_every_country_comes_back_in_every_pattern(identifier: str) -> None:
    language = identifier.split("_", maxsplit=1)[0]
    for month, day in itertools.product(range(1, 13), (1, 9, 23)):
        told = date(2006, month, day)
        for pattern in PATTERNS[language]:
            text = format_date(told, pattern, locale=identifier)
            for spelled in digits(text) if language == "ar" else (text,):
                assert read_date(spelled, language) == parse(told.isoformat()), spelled
        for pattern in MONTHS[language]:
            text = format_date(told, pattern, locale=identifier)
            assert read_date(text, language) == parse(told.isoformat()[:7]), text


@pytest.mark.parametrize("identifier", LOCALES)
@pytest.mark.parametrize("form", ["full", "long"])
def test_every_day_of_a_year_comes_back_in_the_forms_of_the_country(
    identifier: str, form: str
) -> None:
    language = identifier.split("_", maxsplit=1)[0]
    pattern = Locale.parse(identifier).date_formats[form].pattern
    if "MMMM" not in pattern:
        pattern = "d MMMM y"
    for number in range(0, 365, 13):
        told = date.fromordinal(date(2023, 1, 1).toordinal() + number)
        text = format_date(told, pattern, locale=identifier)
        assert read_date(text, language) == parse(told.isoformat()), text


def double_names() -> Iterator[tuple[str, str, int]]:
    """Every pair of Arabic spellings of one month."""
    spelled = months.spellings("ar")
    for one, other in itertools.permutations(spelled, 2):
        if spelled[one] == spelled[other]:
            yield one, other, spelled[one]


def test_two_names_of_one_month_are_one_month() -> None:
    pairs = list(double_names())
    assert len(pairs) > 60
    for one, other, month in pairs:
        for pattern in ("12 {}/{} 2024", "12 {} ({}) 2024", "12 {} / {} 2024", "12 {} - {} 2024"):
            for text in digits(pattern.format(one, other)):
                assert read_date(text, "ar") == parse(f"2024-{month:02d}-12"), text


def test_two_months_are_none() -> None:
    spelled = months.spellings("ar")
    for one, other in itertools.combinations(spelled, 2):
        if spelled[one] != spelled[other]:
            with pytest.raises(DateError):
                read_date(f"12 {one}/{other} 2024", "ar")


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("12 جانفي 2024", "ar", "2024-01-12"),
        ("12 جويلية 2024", "ar", "2024-07-12"),
        ("12 غشت 2024", "ar", "2024-08-12"),
        ("12 آب 2024", "ar", "2024-08-12"),
        ("12 كانون الثاني 2024", "ar", "2024-01-12"),
        ("12 يناير/كانون الثاني 2024", "ar", "2024-01-12"),
        ("12 فبراير (شباط) 2024", "ar", "2024-02-12"),
        ("بتاريخ 9 فيفري 2025", "ar", "2025-02-09"),
        ("۱۲ تموز ۲۰۲۴", "ar", "2024-07-12"),
        ("05/02/2025", "ar", "2025-02-05"),
        ("٠٥\u200f/٠٢\u200f/٢٠٢٥", "ar", "2025-02-05"),
        ("05/02/2025", "fr", "2025-02-05"),
        ("05.02.2025", "ru", "2025-02-05"),
        ("2025/02/05", "ar", "2025-02-05"),
        ("05/05/2025", "en", "2025-05-05"),
        ("02/25/2025", "en", "2025-02-25"),
        ("25/02/2025", "en", "2025-02-25"),
        ("1er août 2006", "fr", "2006-08-01"),
        ("l'août 2006", "fr", "2006-08"),
        ("в августе 2006 года", "ru", "2006-08"),
        ("2024", "ar", "2024"),
        ("2006-08-04", "en", "2006-08-04"),
        ("August 2006", "en", "2006-08"),
    ],
)
def test_what_is_written_is_read_and_no_more(text: str, language: str, told: str) -> None:
    assert read_date(text, language) == parse(told)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("05/02/2025", "en"),  # 5 February or 2 May
        ("12 آب", "ar"),  # no year: never today's
        ("12 mai", "fr"),
        ("31 avril 2024", "fr"),
        ("la mer Méditerranée 2006", "fr"),
        ("Q3 2024", "en"),
        ("12 2024", "en"),
        ("2006 2007", "en"),
        ("4 5 mai 2006", "fr"),
        ("", "ar"),
        ("yesterday", "en"),
        ("12 mai 2006", "de"),
        ("12 mai 2006" + " " * 200, "fr"),
    ],
)
def test_what_is_not_one_date_is_refused(text: str, language: str) -> None:
    with pytest.raises(DateError):
        read_date(text, language)


@given(st.text(max_size=130), st.sampled_from(["ar", "en", "fr", "ru", "xx"]))
def test_any_text_is_a_date_or_refused(text: str, language: str) -> None:
    with contextlib.suppress(DateError):
        assert isinstance(read_date(text, language), Edtf)
