"""Hostile input in every field: it is data, kept and shown as data, or a mistake that is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Case, Claim, Record, Source, Subject, load_case
from mithaq.record.exports.lines import read_lines, write_lines
from mithaq.record.files import load_folder
from mithaq.record.importing import read_csv
from mithaq.record.store import Store
from mithaq.record.writer import write_case
from mithaq.words.dates import DateError, parse
from tests.exports.test_import_csv import DEALS, MAPPING

KEPT = {
    "escapes": "a\x1b[2Jb\x07c\x7fd\x9be",
    "overrides": "abc\u202edef\u2066ghi",
    "SQL": '\'; DROP TABLE claims; DELETE FROM terms; --" OR "1"="1',
    "markup": "</script><script>alert(1)</script>&lt;<!--",
    "YAML": "*a &b !!python/object:os.system [{x: y}] - ? | > % @ `",
    "lines": "one\r\ntwo\u2028three\x85four\tfive",
    "format": "%s %(x)s {0} {x!r} {{}} $x ${x} \\u202e \\x00",
    "letters": "é e\u0301 ﷺ İ ß 🏴\U000e0067 \ufeffx \ufffe \U0010ffff",
    "long": "x" * 100_000,
}
LOST = {"NUL": "a\x00b", "half of a pair": "a\ud800b", "space": " a", "megabytes": "x" * 1_000_001}


def record_full_of(text: str) -> Record:
    """A record that says that text wherever it may."""
    texts = {"locator": text, "searched": text, "original": text, "reason": text, "note": text}
    source = Source(
        "paper", text, text, published=parse("2006-08-05"), published_basis="inferred",
        published_reason=text, url=text, title=text, mirror=text, derived_from=text, note=text,
    )  # fmt: skip
    told = Claim(
        "deal", "name", text, source="paper", by=text, said_by=text, language="fr", **texts
    )
    claims = [
        Claim("acme", "name", text, language="en"),
        told,
        replace(told, property="note", rank=told.rank.__class__.PREFERRED),
        Claim("deal", "parties", "acme", source="paper", said_by=text, original=text),
        Claim("deal", "signed", parse("2006-08-04"), source="paper", note=text),
        Claim("deal", "signed", parse("2007-08-04"), note=text),
        Claim("said", "by", text, source="paper"),
    ]
    subjects = [
        Subject("acme", "party"),
        Subject("deal", "agreement"),
        Subject("said", "statement"),
    ]
    case = Case("odd", {"en": text, "ar": text}, {"fr": text})
    return Record(case, [source], subjects, claims)


def keep(store: Store, record: Record) -> None:
    store.append(
        record.claims,
        sources=record.sources.values(),
        subjects=record.subjects(),
        case=record.case,
        by="tester",
    )


@pytest.mark.parametrize("what", KEPT)
def test_hostile_text_is_kept_as_data(
    what: str, new_url: Callable[[], str], tmp_path: Path
) -> None:
    record = record_full_of(KEPT[what])
    write_case(record, tmp_path / "case")
    assert load_folder(tmp_path / "case") == record
    assert read_lines(write_lines(record)) == record
    store = Store(new_url(), make=True)
    keep(store, record)
    assert store.record() == record and store.verify().ok
    store.export(tmp_path / "all.jsonl")
    copy = Store(new_url(), make=True)
    copy.import_(tmp_path / "all.jsonl")
    assert copy.record() == record and copy.checkpoint() == store.checkpoint()
    assert store.case().title["en"] == KEPT[what]
    assert {c.subject for c in store.record(about=["deal"]).claims} >= {"deal", "acme"}
    for held in (store, copy):
        held.close()


@pytest.mark.parametrize("what", LOST)
def test_what_cannot_be_kept_is_refused_wherever_it_stands(
    what: str, new_url: Callable[[], str], tmp_path: Path
) -> None:
    record = record_full_of(LOST[what])
    store = Store(new_url(), make=True)
    with pytest.raises(DataError) as caught:
        keep(store, record)
    told = "\n".join(map(str, caught.value.problems))
    for where in ("source paper", "case odd", "deal.name", "deal.note", "acme.name", "said.by"):
        assert where in told, told
    assert store.checkpoint().size == 0
    store.close()
    with pytest.raises(DataError):
        read_lines(write_lines(record))


COMMANDS = [
    ["state", "--at", "2010-01-01"],
    ["timeline"],
    ["check", "--quality"],
    ["deadlines", "--at", "2006-08-01"],
    ["record", "history"],
    ["cases"],
    ["find", "deal"],
    ["find", "x\x1b[2J\u202e"],
    ["who", "x\x1b[2J\udcff\u202e"],
    ["find", "\udcff"],
]


@pytest.mark.parametrize("what", ["escapes", "overrides", "markup", "lines", "letters"])
def test_hostile_text_plays_no_tricks_on_who_reads(
    what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    db = str(tmp_path / "odd.db")
    store = Store(db, make=True)
    keep(store, record_full_of(KEPT[what]))
    store.close()
    tricks = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
    for words in COMMANDS:
        for more in (["--lang", "ar"], ["--json"]):
            assert run([*words, "--db", db, *more]) in (0, 1, 10), words
            shown = "".join(capfd.readouterr())
            assert not tricks.search(shown), (words, shown)
            assert shown.count("\u2066") == 0
            if "--json" in more and shown.startswith("{"):
                json.loads(shown)
    page = tmp_path / "report.html"
    assert run(["report", "--db", db, "--out", str(page)]) == 0
    capfd.readouterr()
    text = page.read_text("utf-8")
    assert "<script>alert" not in text and 'href="a' not in text


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    (tmp_path / "case.yaml").write_text("\n".join(levels), "utf-8")
    for name in ("sources.yaml", "more.yaml"):
        (tmp_path / name).write_text("- &a [*a, *a]\n" * 100_000, "utf-8")
    begun = time.perf_counter()
    with pytest.raises(DataError) as caught:
        load_case(tmp_path)
    assert time.perf_counter() - begun < 5
    assert sum("an anchor is not part" in str(p) for p in caught.value.problems) == 3
    with pytest.raises(DataError, match="an anchor is not part"):
        read_csv(tmp_path / "more.yaml", tmp_path / "case.yaml")


@pytest.mark.parametrize("opening", ["- ", "[", "{a: ", "{? ", '"', "|\n ", "a: "])
def test_a_deep_or_open_file_is_told(opening: str, tmp_path: Path) -> None:
    for name in ("case.yaml", "sources.yaml", "more.yaml"):
        (tmp_path / name).write_text(opening * 100_000, "utf-8")
    with pytest.raises(DataError):
        load_case(tmp_path)


HUGE = """
import resource, sys, time
from pathlib import Path
from mithaq.errors import DataError
from mithaq.record.exports.lines import read_lines
from mithaq.record.files import load_case
from mithaq.record.importing import read_csv
from mithaq.record.store import Store
from mithaq.words.dates import DateError, parse
from mithaq.words.dates_in_words import read_date
folder, huge = Path(sys.argv[1]), "x" * 100_000_000
ways = {
    "a value": lambda: load_case(folder / "case"),
    "a cell": lambda: read_csv(folder / "deals.csv", folder / "map.yaml"),
    "a line": lambda: read_lines(['{"type": "' + huge + '"}']),
    "a date": lambda: parse(huge),
    "a date in words": lambda: read_date(huge, "fr"),
    "an address": lambda: Store("postgresql://" + huge),
    "a name": lambda: Store(huge),
    "an id": lambda: Store(folder / "s.db", make=True).claim(huge),
}
for way, call in ways.items():
    begun = time.perf_counter()
    try:
        call()
    except (DataError, DateError) as error:
        assert len(str(error)) < 20_000, way
    else:
        sys.exit(f"{way} of 100 MB was taken")
    print(way, round(time.perf_counter() - begun, 1), "s")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MiB")
"""


@pytest.mark.slow
def test_a_hundred_megabytes_are_refused_by_every_parser(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    for name in ("case.yaml", "sources.yaml", "more.yaml"):
        (tmp_path / "case" / name).write_text(f"id: {'x' * 100_000_000}\n", "utf-8")
    (tmp_path / "deals.csv").write_text(DEALS.replace("No source", "x" * 100_000_000), "utf-8")
    (tmp_path / "map.yaml").write_text(MAPPING, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", HUGE, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-2]) < 3000


def test_a_value_of_megabytes_in_a_small_file_is_told_by_row(tmp_path: Path) -> None:
    for name, text in (
        ("case.yaml", "id: big\n"),
        ("sources.yaml", "[]\n"),
        ("more.yaml", f"- id: a\n  kind: party\n  name: {{en: {'x' * 2_000_000}}}\n"),
    ):
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"more.yaml, row 3.*longer than 1000000 characters"):
        load_case(tmp_path)
    with pytest.raises(DateError, match="too long"):
        parse("2" * 1000)


def test_a_host_that_no_name_can_be_is_told() -> None:
    with pytest.raises(DataError, match="label too long"):
        Store("postgresql://" + "x" * 80)
