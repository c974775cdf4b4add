"""Each parser under fire: whatever comes in is a record that comes back the same, or told mistakes.

A few texts in the fast suite, a minute for each parser in the slow one (a new beginning each day).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pytest

from mithaq.errors import DataError
from mithaq.record import Record, load_case
from mithaq.record.exports.lines import read_lines, write_lines
from mithaq.record.files import load_folder, read_additions, shipped_folder
from mithaq.record.importing import read_csv
from mithaq.record.properties import KINDS, codes, properties
from mithaq.record.soundness import faults_of, faults_of_case, faults_of_source
from mithaq.record.store import Store
from mithaq.record.store.rows import instant
from mithaq.record.store.schema import address, connect
from mithaq.record.writer import canonical
from mithaq.words.dates import DateError, parse
from mithaq.words.dates_in_words import read_date
from tests.exports.test_import_csv import DEALS, MAPPING
from tests.fuzz.mutator import fuzz, shape_of

Target = Callable[[str], Hashable]

BUDGETS = [
    pytest.param((1.5, 80, 1), id="some"),
    pytest.param((60.0, 10**9, int(time.time() // 86_400)), id="a minute", marks=pytest.mark.slow),
]


def under_fire(
    budget: tuple[float, int, int], target: Target, *seeds: str, words: Any = ()
) -> None:
    seconds, most, number = budget
    tried = fuzz(target, seeds, seconds=seconds, most=most, number=number, words=words)
    print(f"{tried} texts in at most {seconds:.0f} s")
    assert tried


def told(error: DataError, file: str = "", hidden: str | None = None) -> Hashable:
    """Mistakes are sentences that say where; nothing in them plays tricks on a terminal."""
    for problem in error.problems:
        assert problem.what
        assert not file or problem.file.endswith(file), problem
    assert hidden is None or hidden not in str(error)
    lines = str(error).split("\n")
    assert all(line.isprintable() and len(line) < 2000 for line in lines), lines
    assert len(lines) == len(error.problems) + 1
    return shape_of(error)


def refused(error: DateError) -> Hashable:
    """Why a text is no date, without the text."""
    message = str(error)
    assert message.isprintable() and len(message) < 1000, message
    return re.sub(r"'.*?'", "", message)


def comes_back(record: Record, folder: Path) -> Hashable:
    """What was read is written and read again as the same."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in canonical(record).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    assert load_folder(folder) == record
    kinds = {subject.id: subject.kind for subject in record.subjects()}
    for claim in record.claims:
        assert not list(faults_of(claim, kinds[claim.subject], kinds, record.sources)), claim
    assert not [what for source in record.sources.values() for what in faults_of_source(source)]
    assert not list(faults_of_case(record.case, kinds))
    return frozenset((c.property, c.polarity, type(c.value)) for c in record.claims)


def pieces(name: str) -> list[str]:
    """The files of a shipped case, cut into pieces of a few blocks."""
    folder = shipped_folder(name)
    assert folder is not None
    found = []
    for path in sorted(set(folder.glob("*.yaml")) - {folder / "case.yaml"}):
        blocks = re.split(r"\n(?=- )", path.read_text("utf-8"))
        found += ["\n".join(blocks[n : n + 2]) + "\n" for n in range(0, len(blocks), 12)]
    return found


WORDS = [
    *KINDS,
    *properties()["agreement"],
    *codes("unit"),
    "value: ", "sources: ", "polarity: not_found", "searched: x", "rank: preferred", "reason: x",
    "valid: 2006/..", "said_by: ", "id: ", "kind: ", "- ", ": ", "{", "}", "[", "]", ", ", '"', "'",
]  # fmt: skip


@pytest.mark.parametrize("budget", BUDGETS)
def test_blocks(budget: tuple[float, int, int], tmp_path: Path) -> None:
    whole = load_case("algeria-italy")
    base = Record(whole.case, whole.sources.values(), whole.subjects(), [])
    # A judgement of which nothing is told would be refused.
    known = [s for s in base.subjects() if s.kind != "judgement"]

    def target(text: str) -> Hashable:
        try:
            new = read_additions({"new.yaml": text}, base)
        except DataError as error:
            return told(error, ".yaml")
        subjects = {s.id: s for s in (*known, *new.subjects())}
        cited = {c.source for c in new.claims}
        used = [s for s in base.sources.values() if s.id in cited and s.id not in new.sources]
        sources = [*used, *new.sources.values()]
        both = Record(base.case, sources, subjects.values(), new.claims)
        return comes_back(both, tmp_path / "again") if new.claims or new.sources else ()

    under_fire(budget, target, *pieces("algeria-italy"), words=WORDS)


CASE = """id: deals
title: {en: Deals, ar: صفقات}
states: [algeria]
"""
SOURCES = """- id: paper
  publisher: Le Quotidien
  lang: fr
  published: 2006-08-05
"""
BLOCKS = """- id: algeria
  kind: party
  name: {en: Algeria, ar: الجزائر}
- id: deal
  kind: agreement
  parties: [algeria]
  signed: [{value: 2006-08-04, sources: [{id: paper, locator: p. 3}]}, {value: 2006~}]
  quantity: {value: {number: 5-7.2, unit: bcm/year, measures: annual_sales}, valid: 2006/..}
  note: {polarity: not_found, searched: the archive}
"""
MARK = "=====\n"


@pytest.mark.parametrize("budget", BUDGETS)
def test_folders(budget: tuple[float, int, int], tmp_path: Path) -> None:
    names = ("case.yaml", "sources.yaml", "blocks.yaml")
    for name in names:
        (tmp_path / name).touch()

    def target(text: str) -> Hashable:
        for name, part in zip(names, [*text.split(MARK), "", ""], strict=False):
            (tmp_path / name).write_bytes(part.encode("utf-8", "surrogatepass"))
        try:
            record = load_folder(tmp_path)
        except DataError as error:
            return told(error, ".yaml")
        return comes_back(record, tmp_path / "again")

    under_fire(budget, target, MARK.join((CASE, SOURCES, BLOCKS)), words=["\ud800", MARK, *WORDS])


FILLS = [
    "column: no", "value: x", "split: ' '", "format: '%Y'", "format: '%'", "format: '%d%d'",
    "format: '%G-W%V-%u'", "format: '%c %Z %z'", "language: ar", "codes: {a: b}", "about: yes",
    ",", '"', '""', ";", "SONATRACH SPA", "signed: ", "split: ''",
]  # fmt: skip


@pytest.mark.parametrize("budget", BUDGETS)
def test_deal_lists_and_mappings(budget: tuple[float, int, int], tmp_path: Path) -> None:
    deals, mapping = tmp_path / "deals.csv", tmp_path / "map.yaml"

    def target(text: str) -> Hashable:
        table, _, how = text.partition(MARK)
        deals.write_bytes(table.encode("utf-8", "surrogatepass"))
        mapping.write_bytes(how.encode("utf-8", "surrogatepass"))
        try:
            record = read_csv(deals, mapping)
        except DataError as error:
            for problem in error.problems:
                assert problem.file in ("deals.csv", "map.yaml"), problem
            return told(error)
        return comes_back(record, tmp_path / "again")

    under_fire(budget, target, DEALS + MARK + MAPPING, words=[*FILLS, *WORDS])


@pytest.mark.parametrize("budget", BUDGETS)
def test_dates(budget: tuple[float, int, int]) -> None:
    seeds = ("2006-08-04", "2006?/2007-08", "../2006~", "20XX", "2006-XX-XX%", "2006-08/")

    def target(text: str) -> Hashable:
        try:
            found = parse(text)
        except DateError as error:
            return refused(error)
        assert found.first <= found.last and parse(found.text) == found
        assert found.text == text.strip()
        return found.precision, found.open_start, found.open_end, found.uncertain

    under_fire(budget, target, *seeds, words=["/", "-", "X", "..", "12", "31", "?", "~", "%"])


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize(
    ("language", "seed"),
    [
        ("ar", "الأربعاء 6 آب/أغسطس ٢٠٠٦"),
        ("fr", "le mercredi 1er août 2006"),
        ("ru", "в среду, 4 августа 2006 года"),
        ("en", "Wednesday, August 4th, 2006"),
    ],
)
def test_dates_in_words(budget: tuple[float, int, int], language: str, seed: str) -> None:
    seconds, most, number = budget

    def target(text: str) -> Hashable:
        try:
            found = read_date(text, language)
        except DateError as error:
            return refused(error)
        assert parse(found.text) == found
        return found.precision

    words = ["كانون الثاني", "31", "2006-08-04", "04/08/2006", "٣١", "فيفري", "мая", "févr."]
    under_fire((seconds / 4, most, number), target, seed, words=words)


PARTS = [
    "postgresql", "postgres", "sqlite", "+psycopg", "+aiosqlite", "://", "/", "//", ":", "@", "?",
    "&", "=", "127.0.0.1", "[::1]", "uri=true", "mode=ro", "mode=x", "timeout=x", "plugin=x",
    "isolation_level=x", "detect_types=x", "cached_statements=-1", "sslmode=x", "options=-c%20x",
    "host=a&host=b", "port=x", "dbname=x", "service=x", "factory=x", "file:", ":memory:", "%2F",
    "%00", "user", "p%40ss", "70000", "immutable=1", "vfs=none", "check_same_thread=x",
]  # fmt: skip


@pytest.mark.parametrize("budget", BUDGETS)
def test_addresses(
    budget: tuple[float, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seeds = (
        "sqlite:///record.db", "postgresql://user:secret@127.0.0.1:1/name", "record.db",
        "sqlite:///file:record.db?mode=ro&uri=true", "postgresql:///name?host=/tmp&port=1",
    )  # fmt: skip

    def target(text: str) -> Hashable:
        try:
            found = address(text)
            if found.get_backend_name() != "sqlite":
                # Nobody is called: where a server would be is all that is asked.
                engine = connect(found)
                engine.dialect.create_connect_args(found)
                engine.dispose()
                return "server"
            Store(text).close()
        except DataError as error:
            return told(error, hidden="secret" if "//user:secret@" in text else None)
        return "store"

    under_fire(budget, target, *seeds, words=PARTS)
    assert not list(tmp_path.iterdir()), "to open a store makes none"


@pytest.mark.parametrize("budget", BUDGETS)
def test_lines_of_a_record(budget: tuple[float, int, int], tmp_path: Path) -> None:
    record = load_case("algeria-italy")
    whole = list(write_lines(record))
    names = {c.subject for c in record.claims[:40]} | {c.source for c in record.claims[:40]}
    kept = [n for n in whole if any(f'"{name}"' in n for name in names if name)][:120]
    words = ['"value": ', "null", '{"number": "1", "unit": "x"}', "[]", '"\\u0000"', '"\\ud800"',
             "1e400", "NaN", '{"party": [], "percent": {}}', "[" * 5000, '"a":1,"a":2']  # fmt: skip

    def target(text: str) -> Hashable:
        try:
            found = read_lines(text.splitlines(keepends=True), "all.jsonl")
        except DataError as error:
            return told(error, "all.jsonl")
        return comes_back(found, tmp_path / "again")

    under_fire(budget, target, "".join(whole[:1] + kept), "".join(whole[:12]), words=words)


@pytest.mark.parametrize("budget", BUDGETS)
def test_lines_of_a_history(budget: tuple[float, int, int], tmp_path: Path) -> None:
    store = Store(tmp_path / "from.db", make=True)
    store.import_("algeria-italy", by="tester")
    good = tmp_path / "good.jsonl"
    store.export(good)
    store.close()
    lines = good.read_text("utf-8").splitlines(keepends=True)
    hashes = ["0" * 64, *(json.loads(line)["hash"] for line in lines)]
    new, db = tmp_path / "new.jsonl", tmp_path / "into.db"

    def target(text: str) -> Hashable:
        new.write_bytes(text.encode("utf-8", "surrogatepass"))
        into = Store(db, make=not db.exists())
        try:
            into.import_(new)
        except DataError as error:
            assert into.checkpoint().size == 0
            return told(error, "new.jsonl")
        finally:
            found = into.checkpoint()
            into.close()
            if found.size:
                db.unlink()
        assert found.hash == hashes[found.size], "a changed row was taken in"
        return found.size

    under_fire(budget, target, "".join(lines[:3]), "".join(lines[:12]), lines[0], "\n")


@pytest.mark.parametrize("budget", BUDGETS)
def test_recorded_times(budget: tuple[float, int, int]) -> None:
    def target(text: str) -> Hashable:
        try:
            return len(instant(text))
        except DataError as error:
            return told(error)

    words = ["T", "Z", "+23:59", "-99:99", ".9999999", "24:00", "W01-1", "00:00"]
    under_fire(budget, target, "2026-11-22", "2026-11-22T10:00:00.5+01:00", words=words)
