"""Four languages: complete, in step with what is said, and written as each of them writes."""

from __future__ import annotations

import math
import re
import unicodedata

import pytest

from mithaq.errors import DataError
from mithaq.words.text import LANGUAGES, isolate, labels, language
from scripts import words

THIN, NBSP, LRM = "\u202f", "\u00a0", "\u200e"


def test_every_sentence_is_translated_and_every_catalogue_in_step() -> None:
    assert words.faults() == []


@pytest.mark.parametrize(
    ("code", "foreign"), [("fr", "ARABIC|CYRILLIC"), ("ru", "ARABIC"), ("ar", "CYRILLIC")]
)
def test_no_translation_stands_in_the_script_of_another(code: str, foreign: str) -> None:
    said = [str(message.string) for message in words.load(code) if message.id]
    scripts = {text: {unicodedata.name(c, "") for c in text} for text in said}
    strange = [t for t, names in scripts.items() if any(re.match(foreign, n) for n in names)]
    assert strange == []


def test_placeholders_are_those_within_braces() -> None:
    assert words.placeholders("{n} of {total:,}, {{not}}") == {"n", "total"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_knows_itself(code: str) -> None:
    tongue = language(code)
    assert tongue.code == code
    assert tongue.direction == ("rtl" if code == "ar" else "ltr")
    assert language(f"{code}-XX") is tongue


def test_an_unknown_language_is_refused_with_the_four_named() -> None:
    with pytest.raises(DataError, match="choose ar, en, fr or ru"):
        language("de")


@pytest.mark.parametrize(
    ("code", "text"),
    [("en", "1,234,567.9"), ("fr", f"1{THIN}234{THIN}567,9"), ("ru", f"1{NBSP}234{NBSP}567,9"),
     ("ar", "1.234.567,9")],
)  # fmt: skip
def test_numbers_are_grouped_and_parted_as_the_language_does(code: str, text: str) -> None:
    assert language(code).number(1234567.89) == text


def test_a_negative_number_keeps_its_sign_in_front() -> None:
    assert language("en").number(-3, 0) == "−3"
    assert language("ar").number(-3, 0) == f"{LRM}−3"


def test_nothing_is_minus_zero() -> None:
    assert language("en").number(-0.04) == "0.0"


def test_what_is_no_number_shows_as_a_dash() -> None:
    assert language("fr").number(math.nan) == "–"


@pytest.mark.parametrize(
    ("code", "text"),
    [("en", "49%"), ("fr", f"49{THIN}%"), ("ru", f"49{NBSP}%"), ("ar", "49%")],
)
def test_percentages(code: str, text: str) -> None:
    assert language(code).percent(0.49) == text


@pytest.mark.parametrize(
    ("edtf", "en", "fr", "ru", "ar"),
    [
        ("2006-08-04", "4 August 2006", "4 août 2006", f"4 августа 2006{NBSP}г.", "4 أوت 2006"),
        ("2006-08-01", "1 August 2006", "1er août 2006", f"1 августа 2006{NBSP}г.", "1 أوت 2006"),
        ("2006-08", "August 2006", "août 2006", f"август 2006{NBSP}г.", "أوت 2006"),
        ("2006", "2006", "2006", f"2006{NBSP}г.", "2006"),
    ],
)
def test_dates_are_as_precise_as_they_are(edtf: str, en: str, fr: str, ru: str, ar: str) -> None:
    assert [language(code).date(edtf) for code in ("en", "fr", "ru", "ar")] == [en, fr, ru, ar]


@pytest.mark.parametrize(
    ("edtf", "text"),
    [
        ("2006-01/2006-04", "January 2006 to April 2006"),
        ("2006-08/..", "from August 2006 on"),
        ("2006-08/", "from August 2006, end not known"),
        ("../2007-08-06", "until 6 August 2007"),
        ("2006~", "about 2006"),
        ("2006?", "2006 (uncertain)"),
        ("200X", "years 2000 to 2009"),
    ],
)
def test_imprecise_dates_say_so(edtf: str, text: str) -> None:
    assert language("en").date(edtf) == text


def test_prepositions_decline_what_follows() -> None:
    assert "августа 2006" in language("ru").date("2006-08/..")
    assert "le 4 août 2006" in language("fr").date("2006-08-04/..")
    assert language("fr").date("2006-09-01", "between") == "le 1er septembre 2006"
    assert language("fr").date("2006-09", "between") == "septembre 2006"
    assert "jusqu’au 4 août 2006" in language("fr").date("../2006-08-04")


def test_a_text_that_is_no_date_stays_as_it_is() -> None:
    assert language("en").date("early spring") == "early spring"


@pytest.mark.parametrize(
    ("code", "forms"),
    [
        ("en", {1: "1 day", 2: "2 days", 1.5: "1.5 days"}),
        ("fr", {0: "0 jour", 1: "1 jour", 1.5: "1,5 jour", 2: "2 jours"}),
        ("ru", {1: "1 день", 3: "3 дня", 5: "5 дней", 21: "21 день", 1.5: "1,5 дня"}),
        ("ar", {1: "يوم واحد", 2: "يومان", 3: "3 أيام", 11: "11 يومًا", 100: "100 يوم"}),
    ],
)
def test_counts_take_the_form_that_goes_with_them(code: str, forms: dict[float, str]) -> None:
    tongue = language(code)
    assert {n: tongue.plural("{n} day", "{n} days", n) for n in forms} == forms


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_code_of_the_record_has_words(code: str) -> None:
    tongue = language(code)
    for vocabulary, key in labels():
        assert tongue.term(vocabulary, key)
    assert tongue.term("stage", "not a code") == "not a code"


def test_the_same_label_may_differ_by_vocabulary() -> None:
    russian = language("ru")
    assert russian.term("presence_kind", "office") != russian.term("property", "office")


def test_units_with_their_count() -> None:
    assert language("ru").unit("year", 5) == "5 лет"
    assert language("fr").unit("bcm", 1.5).startswith("1,5")


def test_an_isolated_text_is_set_apart() -> None:
    assert isolate("Газпром") == "\u2068Газпром\u2069"


def test_empty_is_empty() -> None:
    assert language("ar").say("") == ""
