"""Codes, dates, figures and values of claims in words; sheets in the terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest

import mithaq
from mithaq.show import market_sheets, record_sheets, worth_sheets
from mithaq.show.calibration_sheets import number_name
from mithaq.show.material import names_of
from mithaq.show.record_sheets import finding
from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import speech
from mithaq.show.tables import print_sheets
from mithaq.show.uncertain_sheets import input_words
from tests.show import samples

ENGLISH = speech("en", samples.NAMES["en"].get)


@pytest.mark.parametrize(
    ("value", "prop", "words"),
    [
        ("2006-08-04", "signed", "4 August 2006"),
        ("not 2006-08", "signed", "not August 2006"),
        ("about 3.5 GUSD", "quantity", "about 3.5 billion USD"),
        ("3.5-3.7 GUSD", "cost", "3.5–3.7 billion USD"),
        ("49 %", "quantity", "49 %"),
        ("about 1 year", "quantity", "about 1 year"),
        ("gazprom 49 %", "share", "Gazprom 49%"),
        ("gazprom", "winner", "Gazprom"),
        (
            {"number": "5", "unit": "bcm/year", "measures": "capacity"},
            "",
            "5 bcm a year (capacity)",
        ),
        ({"en": "words", "ar": "كلمات"}, "", "words"),
        (["gazprom", "sonatrach"], "", "Gazprom, Sonatrach"),
        ("free words {with braces}", "", "free words {with braces}"),
        (None, "", "–"),
    ],
)
def test_value_of_a_claim(value: Any, prop: str, words: str) -> None:
    assert ENGLISH.value(value, prop) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("treasury of Algeria", "treasury of Algeria"),
        ("consumers in Italy", "consumers in Italy"),
        ("operator of Transmed", "operator of Transmed"),
        ("operator of line TAG", "operator of the line TAG"),
        ("odd {name}", "odd {name}"),
    ],
)
def test_party_of_the_payoffs(key: str, words: str) -> None:
    assert ENGLISH.party(key) == words


def test_operators_are_told_in_the_language_but_for_names() -> None:
    arabic, russian = speech("ar"), speech("ru")
    assert arabic.party("operator of line Poland-Germany") == "مشغّل خط الأنابيب بولندا–ألمانيا"
    assert (
        russian.party("operator of terminal regasification in Japan")
        == "оператор терминала: регазификация, Япония"
    )
    assert russian.party("operator of storage Rehden") == "оператор хранилища: Rehden"
    assert russian.asset("Tabriz-Ankara") == "Tabriz-Ankara"


def test_findings_name_offices_and_subjects_in_the_language() -> None:
    case = mithaq.load("algeria-russia")
    problems = case.check().to_dict()["problems"]
    words = speech("ru", names_of(case.record, "ru"))
    told = {(item["key"], item["subject"]): finding(item, words) for item in problems}
    assert told["unsourced", "sergei-tumanov"].endswith(
        "должность (директор, Газпром) – без источника"
    )
    assert "vice_president" not in told["office-not-held", "sergei-shmatko"]
    assert "office in Algiers" not in told["act-after-lapse", "gazprom-sonatrach-mou-2006"]


def test_the_term_of_a_right_is_told_by_the_name_of_the_right() -> None:
    item = {"id": "sites.share", "right_name": {"en": "Sites", "ru": "Участки"}}
    assert input_words(item, speech("ru")) == "Участки: доля"
    assert input_words({"id": "demand"}, speech("ru")) == "спрос всех рынков"


def test_figures_tell_what_is_not_known() -> None:
    assert ENGLISH.figure(None) == ENGLISH.change(None) == ENGLISH.span(None, 1) == "–"
    assert ENGLISH.change(12.3) == "+12" and ENGLISH.change(-0.2) == "0"


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
@pytest.mark.parametrize("width", [40, 80, 160])
def test_every_sheet_prints_at_every_width(
    lang: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    words = speech(lang, samples.NAMES["en"].get)
    market = samples.market()
    sheets = [
        *record_sheets.state_sheets(samples.STATE, words),
        *record_sheets.check_sheets(samples.CHECK, words),
        *record_sheets.balance_sheets(samples.BALANCE, words),
        record_sheets.timeline_sheet(samples.TIMELINE, words),
        *market_sheets.market_sheets(market, words),
        market_sheets.matrix_sheet(market["fit"]["pairs"], words),
        *worth_sheets.worth_sheets(samples.WORTH, words),
    ]
    stream = io.StringIO()
    print_sheets(sheets, stream)
    told = stream.getvalue()
    assert "\x1b" not in told and len(told.splitlines()) > 60
    assert "alert(1)" in told  # shown as it stands


def test_an_empty_sheet_prints_its_note_alone() -> None:
    stream = io.StringIO()
    columns = (Column("a"),)
    print_sheets(
        [Sheet.of("Nothing", columns, []), Sheet.of("None", columns, [], note="said")], stream
    )
    assert "Nothing" not in stream.getvalue() and "said" in stream.getvalue()


def test_worth_is_good_or_bad_only_where_its_sign_holds() -> None:
    assert worth_sheets.gain_tone({"worth": 5, "low": 1, "high": 9}) == "good"
    assert worth_sheets.gain_tone({"worth": -5, "low": -9, "high": -1}) == "bad"
    assert worth_sheets.gain_tone({"worth": 5, "low": -1, "high": 9}) == "warn"
    assert worth_sheets.gain_tone({"worth": 5, "low": None, "high": None}) == "good"


def test_a_flow_without_a_capacity_is_never_full() -> None:
    assert not market_sheets.is_full({"bcm": 5.0, "capacity": None})
    assert market_sheets.is_full({"bcm": 5.0, "capacity": 5.0})


def test_cells_and_texts_mix_in_a_row() -> None:
    sheet = Sheet.of("t", (Column("a"), Column("b")), [("x", Cell("y", "good"))])
    assert sheet.rows[0] == (Cell("x"), Cell("y", "good"))


@pytest.mark.parametrize("lang", ["ar", "fr", "ru"])
def test_calibrated_numbers_are_named_in_the_language(lang: str) -> None:
    words = speech(lang)
    for name in ("adder: Gazprom in Italy", "conduct: small seller at a hub", "user cost: Statoil"):
        told = number_name(name, words)
        assert told != name
        assert not any(
            part in told for part in ("adder", "conduct", "seller", "Italy", "user cost")
        )
    assert number_name("my own number", words) == "my own number"
