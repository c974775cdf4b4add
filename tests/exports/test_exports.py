"""What others read: each form judged by its own tools."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import ocdsmerge
import pandas as pd
import pytest
from followthemoney import model
from followthemoney.statement.serialize import read_csv_statements
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Record, case_ids, load_case
from mithaq.record.exports import export
from mithaq.record.exports.ftm import entities
from mithaq.record.exports.lines import read_lines, write_lines
from mithaq.record.exports.ocds import package
from mithaq.record.exports.tables import dictionary, tables
from tests.record.making import record_of

DATA = Path(__file__).parent / "data"
CASES = case_ids()


@cache
def case(name: str) -> Record:
    return load_case(name)


ODD = r"""
- id: deal
  kind: agreement
  name: {en: "=cmd|' /C calc'!A0, \"quoted\"\nline \u202e \x07 '; DROP TABLE claims; --"}
  parties: [{value: gazprom, sources: [paper]}, {value: sonatrach, sources: [agency]}]
  signed: [{value: 2006-08-04, sources: [paper]}, {value: ../2007, sources: [agency]}]
  notice: {polarity: not_found, searched: everything}
  quantity: {value: {number: ">3", unit: GUSD, measures: contract_value}, sources: [later]}
- id: work
  kind: award
  grantor: {value: sonatrach, sources: [paper]}
  winner: {value: gazprom, sources: [paper]}
  awarded: {value: 2006-08-04, sources: [paper]}
  contract_signed: {value: 2006-09, sources: [paper]}
  amount: {value: {number: 1.5, unit: GUSD}, sources: [paper]}
  due: {value: 2008-01-31, sources: [paper]}
  share: {value: {party: gazprom, percent: 49}, sources: [paper]}
- id: boss
  kind: person
  name: {en: The Boss}
  office: {value: {party: gazprom, role: chief_executive}, valid: 2001/2006-08-04, sources: [paper]}
"""


# JSON Lines


@pytest.mark.parametrize("name", CASES)
def test_lines_load_back_to_the_same_record(name: str, tmp_path: Path) -> None:
    record = case(name)
    (path,) = export(record, "jsonl", tmp_path / "case.jsonl")
    with path.open(encoding="utf-8") as stream:
        assert read_lines(stream) == record
    assert read_lines(reversed(list(write_lines(record)))) == record


def test_odd_text_survives_the_lines() -> None:
    record = record_of(ODD)
    assert read_lines(write_lines(record)) == record


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "is not case, source, subject or claim"),
        ('{"type": "claim", "subject": "nobody"}', "no subject 'nobody'"),
        ('{"type": "subject", "id": "A b", "kind": "party"}', "is no id"),
        ('{"type": "subject", "id": "a", "kind": "ghost"}', "unknown kind"),
        ('{"type": "subject", "id": "deal", "kind": "party"}', "stands twice"),
        ('{"type": "source", "id": "s", "lang": "fr"}', "publisher is missing"),
        ('{"type": "claim", "subject": "deal", "property": "sgned"}', "has no property"),
        ('{"type": "claim", "subject": "deal", "property": "signed", "value": "2006-13"}',
         "no month 13"),
        ('{"type": "claim", "subject": "deal", "property": "term", "value": {"a": 1}}',
         "quantity: one with"),
        ('{"type": "claim", "subject": "deal", "property": "parties", "value": "nobody"}',
         "no subject"),
        ('{"type": "claim", "subject": "deal", "property": "place"}', "the value is missing"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_told_with_its_number(line: str, told: str) -> None:
    lines = [*write_lines(record_of(ODD)), line + "\n"]
    with pytest.raises(DataError, match=told) as caught:
        read_lines(lines, "x.jsonl")
    assert [(p.file, p.row) for p in caught.value.problems] == [("x.jsonl", len(lines))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "id", "kind", "subject", "property", "value", "title", "valid"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON | st.text(max_size=30), max_size=5))
def test_any_lines_are_a_record_or_told_mistakes(things: list[Any]) -> None:
    lines = [t if isinstance(t, str) else json.dumps(t) for t in things]
    with contextlib.suppress(DataError):
        assert read_lines(lines).case.id


# Tables


@pytest.mark.parametrize("name", CASES)
def test_tables_hold_every_claim_and_the_dictionary_every_column(name: str, tmp_path: Path) -> None:
    record = case(name)
    files = export(record, "csv", tmp_path / "tables")
    assert {path.name for path in files} == {
        "subjects.csv", "sources.csv", "claims.csv", "dictionary.csv",
    }  # fmt: skip
    with (tmp_path / "tables" / "claims.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["claim"] for row in rows] == [claim.identifier for claim in record.claims]
    assert [row["value"] for row in rows] == [claim.text for claim in record.claims]
    told = {(row.table, row.column) for row in dictionary().itertuples()}
    for table, frame in tables(record).items():
        if table != "dictionary":
            assert {(table, column) for column in frame.columns} <= told


@pytest.mark.parametrize("name", CASES)
def test_parquet_says_the_same_as_csv(name: str, tmp_path: Path) -> None:
    record = case(name)
    for path in export(record, "parquet", tmp_path / "tables"):
        frame = pd.read_parquet(path)
        wanted = tables(record)[path.stem]
        assert list(frame.columns) == list(wanted.columns)
        same = frame.astype("string").fillna("").eq(wanted.astype("string").fillna(""))
        numbers = [c for c in frame.columns if c in ("low", "high", "about")]
        assert same.drop(columns=numbers).all().all()


def test_odd_text_survives_the_tables(tmp_path: Path) -> None:
    record = record_of(ODD)
    for form in ("csv", "parquet"):
        export(record, form, tmp_path / form)
    read = pd.read_parquet(tmp_path / "parquet" / "claims.parquet")
    assert set(read["value"].fillna("")) == {c.text for c in record.claims}
    with (tmp_path / "csv" / "claims.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["value"] for row in csv.DictReader(stream)} == {c.text for c in record.claims}


# FollowTheMoney


@pytest.mark.parametrize("name", [*CASES, "odd"])
def test_followthemoney_validates_entities_and_statements(name: str, tmp_path: Path) -> None:
    record = record_of(ODD) if name == "odd" else case(name)
    listed, told = export(record, "ftm", tmp_path / "ftm")
    found = [json.loads(line) for line in listed.read_text("utf-8").splitlines()]
    assert found == entities(record)
    ids = {entity["id"] for entity in found}
    for entity in found:
        proxy = model.get_proxy(entity, cleaned=False)
        proxy.schema.validate(entity)
        for prop, values in entity["properties"].items():
            if name != "odd":
                assert sorted(proxy.get(prop)) == sorted(values), (entity["id"], prop)
            if proxy.schema.get(prop).type.name == "entity":
                assert set(values) <= ids
    statements = list(read_csv_statements(io.BytesIO(told.read_bytes())))
    assert all(s.id == s.generate_key() for s in statements)
    assert {s.entity_id for s in statements} == ids
    for statement in statements:
        prop = model.get(statement.schema).get(statement.prop)
        assert prop is not None and prop.type.name == statement.prop_type
        assert statement.origin is None or statement.origin in record.sources


def test_each_source_of_a_value_is_an_origin(tmp_path: Path) -> None:
    _, told = export(case("algeria-russia"), "ftm", tmp_path / "ftm")
    with told.open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["prop"] == "contractDate"]
    memo = [r for r in rows if r["entity_id"] == "algeria-russia-gazprom-sonatrach-mou-2006"]
    assert {"2006-08-04", "2006-08-11"} <= {r["value"] for r in memo}
    assert len({r["origin"] for r in memo}) > 2


# Open Contracting


@cache
def schema() -> dict[str, Any]:
    text = (DATA / "ocds-release-schema-1.1.5.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("name", [*CASES, "odd"])
def test_releases_validate_and_compile(name: str, tmp_path: Path) -> None:
    record = record_of(ODD) if name == "odd" else case(name)
    (path,) = export(record, "ocds", tmp_path / "releases.json")
    made = json.loads(path.read_text("utf-8"))
    judge = jsonschema.Draft4Validator(schema(), format_checker=jsonschema.FormatChecker())
    by_process: dict[str, list[dict[str, Any]]] = {}
    for release in made["releases"]:
        assert [error.message for error in judge.iter_errors(release)] == []
        by_process.setdefault(release["ocid"], []).append(release)
    assert len(by_process) == len(record.subjects("tender", "award"))
    assert len({release["id"] for release in made["releases"]}) == len(made["releases"])
    merger = ocdsmerge.Merger(schema())
    for releases in by_process.values():
        compiled = merger.create_compiled_release(releases)
        assert compiled["tag"] == ["compiled"]
        parts = {key for release in releases for key in release if key not in ("id", "tag")}
        assert parts <= set(compiled)


def test_no_day_is_made_up() -> None:
    (award, contract) = package(record_of(ODD))["releases"]
    (told,) = award["awards"]
    assert told["date"] == "2006-08-04T00:00:00Z"
    assert told["value"] == {"amount": 1_500_000_000.0, "currency": "USD"}
    (told,) = contract["contracts"]
    assert "dateSigned" not in told and "September 2006" in told["description"]
    assert told["milestones"][0]["dueDate"] == "2008-01-31T00:00:00Z"


# The command


@pytest.mark.parametrize("form", ["ftm", "ocds", "csv", "parquet", "jsonl"])
def test_the_command_writes_each_form(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", "algeria-italy", "--to", form, "--out", str(tmp_path / "out")]
    assert run([*words, "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert files and all(Path(path).stat().st_size for path in files)
    assert run([*words, "--lang", "ar"]) == 0
    assert "كُتب" in capsys.readouterr().out
    target = str(tmp_path / "no" / "such" / "folder" / "x.json")
    assert run(["export", "algeria-italy", "--to", "jsonl", "--out", target]) == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=60, unique=True))
def test_any_part_of_a_record_goes_out_and_comes_back(places: list[int]) -> None:
    record = case("algeria-russia")
    kept = [record.claims[place % len(record.claims)] for place in places]
    part = record.with_claims(dict.fromkeys(kept))
    assert read_lines(write_lines(part)) == part
    entities(part), package(part), tables(part)
