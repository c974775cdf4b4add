"""Search: folded, across scripts or not, the same in files and stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Record, load_case
from mithaq.record.search import find
from mithaq.record.store import Store
from tests.record.making import record_of

BLOCKS = """
- id: accord
  kind: agreement
  name:
    en: The accord
    fr: L'accord algéro-russe de Sonatrach
    ar: اتفاقية سوناطراك وغازبروم بالجزائر
    ru: Соглашение о нефтегазовом счёте
- id: giant
  kind: party
  party_kind: company
  name: {en: Big Oil, ru: Большая нефть, ar: النفط الكبير}
- id: word
  kind: statement
  text: {value: {ar: "قال المسؤول إنَّ النفط الكبير لم يأتِ"}, sources: [undated]}
"""


@pytest.fixture(scope="module")
def record() -> Record:
    return record_of(BLOCKS)


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ("algero RUSSE", "accord"),
        ("إتفاقيه", "accord"),
        ("الإتفاقية", "accord"),
        ("غازبروم", "accord"),
        ("الجَزائـر", "accord"),
        ("счете", "accord"),
        ("нефтегаз", "accord"),
        ("النفط", "giant"),
        ("المسؤول", "word"),
    ],
)
def test_spelling_does_not_hide(record: Record, words: str, subject: str) -> None:
    assert subject in {hit.subject for hit in find(record, words, cross_script=False)}


def test_scripts_are_crossed_unless_that_is_switched_off(record: Record) -> None:
    across = {(h.subject, h.what) for h in find(record, "Big Oil")}
    assert {("giant", "name"), ("word", "claim")} <= across
    within = find(record, "Big Oil", cross_script=False)
    assert {(h.subject, h.text) for h in within} == {("giant", "Big Oil")}


def test_names_come_first_and_sources_are_found(record: Record) -> None:
    found = find(record, "agency")
    assert {h.what for h in found} == {"source"} and found[0].source == "agency"
    kinds = [h.what for h in find(load_case("algeria-russia"), "Gazprom")]
    assert kinds == sorted(kinds, key=["name", "claim", "source"].index)


@pytest.mark.parametrize("words", ["", "  ", "!?", "ـ"])
def test_no_words_no_search(record: Record, words: str) -> None:
    with pytest.raises(DataError, match="no words"):
        find(record, words)


def test_short_words_and_strange_ones_are_only_words(record: Record) -> None:
    assert find(record, "zz") == []
    assert find(record, "'; DROP TABLE claims; --") == []


def test_the_command_finds_in_cases_and_in_a_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store(tmp_path / "record.db", make=True).import_("algeria-russia", by="tester")
    answers = []
    for where in (["--db", str(tmp_path / "record.db")], []):
        assert run(["find", "غاز بروم", *where, "--json"]) == 0
        data = json.loads(capsys.readouterr().out)
        answers.append([h for h in data["hits"] if h["case"] == "algeria-russia"])
    assert answers[0] == answers[1] and answers[0]
    assert {h["subject"] for h in answers[0] if h["what"] == "name"} >= {"gazprom"}
    pages = []
    for where in (["--db", str(tmp_path / "record.db")], ["--case", "algeria-russia"]):
        assert run(["find", "подписан", *where, "--lang", "ru"]) == 0
        pages.append(capsys.readouterr().out)
    assert pages[0] == pages[1] and "Подписание" in pages[0]
    assert run(["find", "Газпром", "--no-cross-script", "--lang", "ar"]) == 0
    assert "Газпром" in capsys.readouterr().out
    assert run(["find", "nothingatallhere"]) == 0
    assert run(["find", "x", "--recorded", "2020-01-01"]) == 2
