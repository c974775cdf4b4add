"""Reading: every mistake of a case in one list, each with file, row and column."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.errors import DataError, Problem
from mithaq.record import case_ids, cases, load_case
from mithaq.record.tree import parse_tree
from tests.record.making import SOURCES, WORLD, record_of, write


def problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as raised:
        load_case(folder)
    return raised.value.problems


def the_problem(tmp_path: Path, blocks: str, **kept: str) -> Problem:
    found = problems(write(tmp_path, blocks, **kept))
    assert len(found) == 1, [str(p) for p in found]
    return found[0]


MISTAKES = {
    "unknown property": ("- {id: x, kind: agreement, sgned: 2006}", "did you mean signed"),
    "property of another kind": ("- {id: x, kind: party, signed: 2006}", "not allowed"),
    "unknown key in an item": (
        "- {id: x, kind: agreement, signed: {value: 2006, source: paper}}",
        "did you mean sources",
    ),
    "bad date": ("- {id: x, kind: agreement, signed: 2006-13}", "month 13"),
    "bad valid time": (
        "- {id: x, kind: agreement, place: {value: Moscow, valid: then}}",
        "'then' is not a date",
    ),
    "bad number": (
        "- {id: x, kind: agreement, quantity: {number: '83,94', unit: t, measures: cost}}",
        "'83,94' is not a number",
    ),
    "NaN": (
        "- {id: x, kind: agreement, quantity: {number: nan, unit: t, measures: cost}}",
        "'nan' is not a number",
    ),
    "infinity": (
        "- {id: x, kind: agreement, quantity: {number: .inf, unit: t, measures: cost}}",
        "'.inf' is not a number",
    ),
    "negative capacity": (
        "- {id: x, kind: project, capacity: {number: -5, unit: bcm/year}}",
        "-5 bcm/year is negative",
    ),
    "negative share": (
        "- {id: x, kind: project, share: {party: gazprom, percent: -5}}",
        "-5 is negative",
    ),
    "unit missing": (
        "- {id: x, kind: agreement, quantity: {number: 3, measures: cost}}",
        "unit is missing",
    ),
    "measure missing": (
        "- {id: x, kind: agreement, quantity: {number: 3, unit: t}}",
        "measures is missing",
    ),
    "figure without unit": ("- {id: x, kind: agreement, term: 1}", "a figure needs its unit"),
    "unknown source": (
        "- {id: x, kind: agreement, signed: {value: 2006, sources: [papr]}}",
        "did you mean paper",
    ),
    "dangling reference": (
        "- {id: x, kind: agreement, parties: [gasprom]}",
        "did you mean gazprom",
    ),
    "dangling speaker": (
        "- {id: x, kind: agreement, signed: {value: 2006, said_by: nobody}}",
        "no subject 'nobody'",
    ),
    "reference to the wrong kind": (
        "- {id: x, kind: agreement, signatories: [gazprom]}",
        "'gazprom' is a party, wanted is a person",
    ),
    "duplicate id": ("- {id: x, kind: agreement}\n- {id: x, kind: project}", "stands twice"),
    "duplicate key": ("- {id: x, kind: agreement, signed: 2006, signed: 2007}", "stands twice"),
    "duplicate claim": ("- {id: x, kind: agreement, signed: [2006, 2006]}", "same claim"),
    "unknown code": ("- {id: x, kind: agreement, agreement_kind: memo}", "unknown code 'memo'"),
    "unknown kind": ("- {id: x, kind: agreemnt}", "did you mean agreement"),
    "unknown polarity": (
        "- {id: x, kind: agreement, signed: {value: 2006, polarity: maybe}}",
        "polarity: unknown code 'maybe'",
    ),
    "missing value": ("- {id: x, kind: agreement, signed: }", "the value is missing"),
    "missing value in an item": (
        "- {id: x, kind: agreement, signed: {value: , sources: [paper]}}",
        "the value is missing",
    ),
    "empty list": ("- {id: x, kind: agreement, signed: []}", "the value is missing"),
    "missing id": ("- {kind: agreement}", "id is missing"),
    "missing kind": ("- {id: x}", "kind is missing"),
    "id with capitals": ("- {id: Gazprom, kind: party}", "is no id"),
    "rank without reason": (
        "- {id: x, kind: agreement, signed: {value: 2006, rank: preferred}}",
        "a rank needs its reason",
    ),
    "not found without search": (
        "- {id: x, kind: agreement, renewed: {polarity: not_found}}",
        "needs searched",
    ),
    "judgement with one end": (
        "- {id: x, kind: judgement, a: gazprom, judgement: unsure}",
        "b is missing",
    ),
    "wrong shape": ("- {id: x, kind: agreement, signed: {year: 2006}}", "one value is wanted"),
    "not a block": ("- gazprom", "keys and values are wanted"),
    "not a list": ("gazprom: {kind: party}", "a list of blocks"),
    "broken YAML": ("- {id: x, kind: agreement", "not valid YAML"),
    "an anchor": ("- &a {id: x, kind: agreement}", "an anchor is not part"),
    "an alias": ("- *a", "an alias is not part"),
    "a tag": ("- !!python/object:os.system {id: x}", "is not part of the format"),
    "two documents": ("- {id: x, kind: agreement}\n---\n- {id: y, kind: agreement}", "second"),
    "a control character": ("- {id: x, kind: agreement, place: a\x07b}", "not valid YAML"),
    "deep nesting": ("- " + "[" * 5000, "nested deeper"),
    "deep compact nesting": ("- " * 5000 + "x", "nested deeper"),
    "a language that is none": ("- {id: x, kind: party, name: {english: X}}", "no language code"),
}


@pytest.mark.parametrize(("blocks", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_is_told_with_its_place(tmp_path: Path, blocks: str, said: str) -> None:
    found = the_problem(tmp_path, blocks)
    assert said in str(found)
    assert found.file == "blocks.yaml"
    assert found.row >= 1
    assert int(found.column) >= 1


def test_all_mistakes_of_a_case_come_in_one_list(tmp_path: Path) -> None:
    blocks = """
    - id: mou
      kind: agreement
      sgned: 2006
      signed:
        - {value: 2006-02-30, sources: [paper]}
        - {value: 2006, sources: [nowhere]}
      parties: [nobody]
      term: {number: NaN, unit: fortnight}
    - {id: mou, kind: agreement}
    """
    sources = SOURCES + "- {id: paper, publisher: P, lang: fr}\n- {id: bad, lang: fr}\n"
    folder = write(tmp_path, blocks, sources=sources)
    (folder / "case.yaml").write_text("id: little\ntitel: {en: A little case}\n", "utf-8")
    found = [(p.file, p.row) for p in problems(folder)]
    assert found == [
        ("blocks.yaml", 4),
        ("blocks.yaml", 6),
        ("blocks.yaml", 7),
        ("blocks.yaml", 8),
        ("blocks.yaml", 9),
        ("blocks.yaml", 9),
        ("blocks.yaml", 10),
        ("case.yaml", 2),
        ("sources.yaml", 12),
        ("sources.yaml", 13),
    ]


def test_the_column_is_that_of_the_value(tmp_path: Path) -> None:
    found = the_problem(tmp_path, "- {id: x, kind: agreement, signed: 2006-13}")
    assert (found.row, found.column) == (1, "36")


def test_bytes_that_are_no_utf8_are_told_by_row_and_column(tmp_path: Path) -> None:
    folder = write(tmp_path, "")
    (folder / "blocks.yaml").write_bytes(b"- id: x\n  kind: \xff\xfe\n")
    (found,) = problems(folder)
    assert (found.file, found.row, found.column) == ("blocks.yaml", 2, "9")
    assert "UTF-8" in str(found)


@pytest.mark.parametrize("name", ["case.yaml", "sources.yaml"])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, "")
    (folder / name).unlink()
    (found,) = problems(folder)
    assert (found.file, found.what) == (name, "the file is missing")


def test_a_file_that_would_not_be_read_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, "")
    (folder / "more.yml").write_text("- {id: x, kind: party}\n", "utf-8")
    (found,) = problems(folder)
    assert "rename it to more.yaml" in str(found)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("- {id: a, publisher: A, lang: fr, date: 2006}", "unknown key 'date'"),
        ("- {id: a, publisher: A, lang: fr, published: last year}", "is not a date"),
        ("- {id: a, publisher: A}", "lang is missing"),
        ("- {id: a, publisher: A, lang: fr, published_basis: guess}", "unknown code 'guess'"),
        (
            "- {id: a, publisher: A, lang: fr, published: 2006, published_basis: inferred}",
            "published_reason is missing",
        ),
    ],
)
def test_mistakes_in_sources_are_told(tmp_path: Path, source: str, said: str) -> None:
    found = the_problem(tmp_path, "", sources=source)
    assert said in str(found)
    assert found.file == "sources.yaml"


def test_an_unknown_case_names_the_known_ones() -> None:
    with pytest.raises(DataError, match="algeria-russia"):
        load_case("atlantis")


def test_the_shipped_cases_are_listed_with_their_sizes() -> None:
    listed = {item["id"]: item for item in cases()}
    assert set(listed) == set(case_ids())
    assert listed["algeria-russia"]["claims"] > 1000
    assert listed["algeria-russia"]["sources"] > 100


def test_scalars_keep_their_spelling() -> None:
    record = record_of(
        """
        - id: x
          kind: agreement
          place: no
          local_name: 1e3
          tacit_renewal: no
          quantity: {number: 3.50, unit: GUSD, measures: cost}
        """
    )
    assert record.value("x", "place") == "no"
    assert record.value("x", "local_name") == "1e3"
    assert str(record.value("x", "quantity")) == "3.50 GUSD"


def test_each_value_and_each_source_is_one_claim() -> None:
    record = record_of(
        """
        - id: x
          kind: agreement
          signed:
            - {value: 2006-08-04, sources: [paper, {id: later, locator: p. 3}]}
            - {value: 2006-08-11, sources: agency}
        """
    )
    told = [(c.text, c.source, c.locator) for c in record.claims_of("x", "signed")]
    assert told == [
        ("2006-08-04", "later", "p. 3"),
        ("2006-08-04", "paper", ""),
        ("2006-08-11", "agency", ""),
    ]


def test_an_identifier_is_what_the_claim_says_and_not_where_it_stands() -> None:
    head = "- {id: x, kind: agreement, signed: 2006}"
    first = record_of(head).claims_of("x")[0]
    second = record_of("\n\n\n" + head).claims_of("x")[0]
    assert first.where != second.where
    assert first == second
    assert first.identifier == second.identifier
    assert len(first.identifier) == 64
    other = record_of("- {id: x, kind: agreement, signed: 2007}").claims_of("x")[0]
    assert other.identifier != first.identifier


def test_the_order_of_files_blocks_and_values_does_not_matter(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    a = "- {id: a, kind: agreement, parties: [gazprom, sonatrach]}\n"
    b = "- {id: b, kind: agreement, signed: [2006, 2007]}\n"
    write(one, a + b)
    write(two, "- {id: b, kind: agreement, signed: [2007, 2006]}\n")
    (two / "aaa.yaml").write_text(
        "- {id: a, kind: agreement, parties: [sonatrach, gazprom]}\n", "utf-8"
    )
    (two / "parties.yaml").write_text(
        "\n".join(reversed(dedent(WORLD).strip().splitlines())), "utf-8"
    )
    assert load_case(one) == load_case(two)


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    found: list[Problem] = []
    tree = parse_tree(text, "any.yaml", found)
    assert tree is None or not found


@given(
    st.recursive(
        st.text("abc:-{}[],&*!|>'\"#%@ \n", max_size=8),
        lambda inner: st.lists(inner, max_size=4).map(lambda parts: "- " + "\n  ".join(parts)),
        max_leaves=12,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_almost_yaml_breaks_the_reader(text: str) -> None:
    found: list[Problem] = []
    tree = parse_tree(text, "any.yaml", found)
    assert tree is None or not found
