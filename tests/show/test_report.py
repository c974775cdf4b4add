"""The page, drawn from hand-made material: what it holds, what it must never hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mithaq.errors import DataError
from mithaq.show.report import check_target, render
from mithaq.show.speech import speech
from mithaq.words.sentence import Sentence, said
from mithaq.words.text import language
from tests.show import samples

LANGUAGES = ("ar", "en", "fr", "ru")
SECTIONS = (
    "answer timeline state contradictions balance worth map prices trade assumptions sources run"
)
VOID = {"meta", "link", "img", "br", "hr", "input"}


def page(lang: str = "en", **changes: Any) -> str:
    names = {**samples.NAMES["en"], **samples.NAMES.get(lang, {})}
    return render(samples.material(**changes), speech(lang, names.get))


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_section_stands_in_every_language(lang: str) -> None:
    read = Reader(page(lang))
    assert read.open == []
    found = {attributes.get("id") for tag, attributes in read.tags if tag == "section"}
    assert found == set(SECTIONS.split())
    root = next(attributes for tag, attributes in read.tags if tag == "html")
    assert root == {"lang": lang, "dir": "rtl" if lang == "ar" else "ltr"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_asked_of_the_network_and_nothing_runs(lang: str) -> None:
    read = Reader(page(lang))
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in read.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        if "href" in attributes:
            assert tag == "a"
            assert (attributes["href"] or "").startswith(("#", "http://", "https://"))
        assert "src" not in attributes
    policy = next(a["content"] for t, a in read.tags if t == "meta" and "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "url(" not in page(lang) and "@import" not in page(lang)


def test_text_of_the_record_is_escaped_everywhere() -> None:
    text = page()
    assert "<script>" not in text and "<img" not in text and "javascript:" not in text
    assert "<b>" not in text and "<i>signed" not in text
    assert "<script>alert(1)</script>" in Reader(text).text  # as words, not as a tag


def test_every_reference_has_its_target_and_every_id_is_one() -> None:
    read = Reader(page())
    ids = [str(a["id"]) for _, a in read.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in read.tags:
        href = attributes.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids


def test_every_picture_is_named_and_has_its_table() -> None:
    read = Reader(page())
    ids = {str(a["id"]) for _, a in read.tags if a.get("id")}
    pictures = [a for t, a in read.tags if t == "svg" and a.get("role") == "img"]
    assert len(pictures) == 2 * 11  # wide and narrow
    for attributes in pictures:
        assert set(str(attributes["aria-labelledby"]).split()) <= ids
    others = [a for t, a in read.tags if t == "svg" and a.get("role") != "img"]
    assert all(attributes.get("aria-hidden") == "true" for attributes in others)
    assert sum(tag == "table" for tag, _ in read.tags) >= 12


def test_both_sides_of_a_contradiction_stand_with_their_sources() -> None:
    text = Reader(page()).text
    for word in ("4 August 2006", "11 August 2006", "January 2006 to April 2006", "El Watan"):
        assert word in text
    assert "unsourced" in text and "Decided: open" in text


def test_the_answer_is_made_of_the_figures() -> None:
    text = Reader(page()).text
    assert "Memorandum of Gazprom and Sonatrach, 2006: lapsed" in text
    assert "Sonatrach: +246 million USD a year, range +138 to +355" in text
    assert "Index of reciprocity by count: 0.00" in text


def test_signs_stand_before_their_digits_in_arabic() -> None:
    text = page("ar")
    assert "\u2066+246\u2069" in text
    assert re.search("\u2066−\\d", text)


def test_units_stand_on_the_axes() -> None:
    text = page()
    assert text.count("million USD a year</text>") >= 4
    assert "USD/1000 m³</text>" in text and "bcm a year</text>" in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"worth": None, "partners": ()}, {"worth", "assumptions"}),
        ({"market": None, "nodes": ()}, {"map", "prices", "trade"}),
        ({"balance": None}, {"balance"}),
        (
            {"worth": None, "market": None, "balance": None, "partners": (), "timeline": []},
            {"worth", "assumptions", "map", "prices", "trade", "balance"},
        ),
    ],
)
def test_a_part_that_a_case_lacks_is_left_out(
    lang: str, changes: dict[str, Any], missing: set[str]
) -> None:
    read = Reader(page(lang, **changes))
    found = {attributes.get("id") for tag, attributes in read.tags if tag == "section"}
    assert found == set(SECTIONS.split()) - missing
    links = {a.get("href") for t, a in read.tags if t == "a"}
    assert not links & {f"#{name}" for name in missing}


def test_a_case_without_a_scenario_says_so() -> None:
    assert "This case has no scenario" in Reader(page(worth=None, partners=())).text
    assert "This case has no scenario" not in Reader(page()).text


def test_an_empty_record_still_makes_a_page() -> None:
    state = {**samples.STATE, **{key: [] for key in ("agreements", "commitments", "projects")}}
    state |= {key: [] for key in ("presences", "roles", "contacts")}
    bare = {"worth": None, "market": None, "balance": None, "partners": (), "timeline": []}
    read = Reader(
        page(state=state, check={"contradictions": [], "problems": []}, sources=[], **bare)
    )
    assert read.open == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_to_know_about_the_equilibrium_stands_in_the_page(lang: str) -> None:
    text = Sentence(
        "{market}: nobody sells there; its price is the most that a buyer would pay", market="Isle"
    )
    note = {"kind": "unserved", "table": "markets", "row": "Isle", "text": text}
    with_it = Reader(page(lang, market={**samples.market(), "notes": [note]})).text
    assert said(text, language(lang)) in with_it
    assert said(text, language(lang)) not in Reader(page(lang)).text


def test_same_material_same_page() -> None:
    assert page("ar") == page("ar")


@pytest.mark.slow
def test_the_same_bytes_from_another_process(tmp_path: Path) -> None:
    """Neither the order of hashes nor the time that it took shows."""
    made = []
    for seed in ("1", "2"):
        target = tmp_path / f"{seed}.html"
        command = [sys.executable, "-m", "mithaq", "report", "algeria-russia", "--out", str(target)]
        then = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, env=then, capture_output=True, timeout=600)
        made.append(target.read_text("utf-8").replace(f"{datetime.now(UTC):%Y-%m-%d}", "today"))
    assert made[0] == made[1]


def test_a_target_that_cannot_be_written_is_told_before_the_work(tmp_path: Any) -> None:
    check_target(tmp_path / "page.html")
    with pytest.raises(DataError, match="no folder"):
        check_target(tmp_path / "missing" / "page.html")
    with pytest.raises(DataError, match="is a folder"):
        check_target(tmp_path)
