"""An existing list of deals comes in, or every mistake in it is told with row and column."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Quantity, load_case
from mithaq.record.importing import import_csv, read_csv
from mithaq.words.dates import parse

DEALS = """no,title,partners,date,type,volume,ref,paper,printed
gas-1,"Gas, long term",SONATRACH SPA; Eni,25/04/2019,MoU,9.6,p1,Le Journal,2019-04-26
gas-2,عقد الغاز,SONATRACH SPA;Enel,,SPA,3,p2,Le Soir,2019
gas-3,No source,Eni,01/02/2020,MoU,,,,
"""
MAPPING = """
case: {id: my-deals, title: {en: My deals}}
parties: {SONATRACH SPA: sonatrach}
source:
  id: {column: ref}
  publisher: {column: paper}
  lang: {value: fr}
  published: {column: printed}
subject:
  kind: agreement
  id: {column: no}
  properties:
    name: {column: title, language: fr}
    parties: {column: partners, split: ";"}
    signed: {column: date, format: "%d/%m/%Y"}
    agreement_kind:
      column: type
      codes: {MoU: memorandum_of_understanding, SPA: sale_and_purchase}
    quantity: {column: volume, unit: bcm/year, measures: annual_sales, about: "true"}
"""


def files(folder: Path, deals: str = DEALS, mapping: str = MAPPING) -> tuple[Path, Path]:
    table, told = folder / "deals.csv", folder / "map.yaml"
    table.write_text(deals, "utf-8")
    told.write_text(mapping, "utf-8")
    return table, told


def told(folder: Path, deals: str = DEALS, mapping: str = MAPPING) -> list[str]:
    with pytest.raises(DataError) as caught:
        read_csv(*files(folder, deals, mapping))
    return [str(problem) for problem in caught.value.problems]


def test_a_deal_list_becomes_a_case(tmp_path: Path) -> None:
    record = import_csv(*files(tmp_path), tmp_path / "case")
    again = load_case(tmp_path / "case")
    assert again == record
    assert [s.id for s in again.subjects("agreement")] == ["gas-1", "gas-2", "gas-3"]
    assert set(again.texts("gas-1", "parties")) == {"sonatrach", "eni"}
    assert again.date("gas-1", "signed") == parse("2019-04-25")
    assert again.date("gas-2", "signed") is None
    assert again.value("gas-2", "agreement_kind") == "sale_and_purchase"
    assert again.value("gas-1", "quantity") == Quantity(
        "9.6", "bcm/year", "annual_sales", about=True
    )
    assert again.source("p1").publisher == "Le Journal"
    assert {c.source for c in again.claims_of("gas-1", "signed")} == {"p1"}
    assert {c.source for c in again.claims_of("gas-3", "signed")} == {""}
    assert again.name("sonatrach") == "SONATRACH SPA"


def test_a_format_without_a_day_makes_up_none(tmp_path: Path) -> None:
    deals = DEALS.replace("25/04/2019", "04/2019").replace("01/02/2020", "02/2020")
    record = read_csv(*files(tmp_path, deals, MAPPING.replace("%d/%m/%Y", "%m/%Y")))
    assert record.date("gas-1", "signed") == parse("2019-04")


def test_dates_in_words_are_read_in_the_language_told(tmp_path: Path) -> None:
    deals = DEALS.replace("25/04/2019", "25 نيسان/أبريل 2019").replace("01/02/2020", "فيفري 2020")
    record = read_csv(
        *files(tmp_path, deals, MAPPING.replace('format: "%d/%m/%Y"', "language: ar"))
    )
    assert record.date("gas-1", "signed") == parse("2019-04-25")
    assert record.date("gas-3", "signed") == parse("2020-02")
    wrong = MAPPING.replace('format: "%d/%m/%Y"', "language: en")
    assert any("may mean two days" in line for line in told(tmp_path, mapping=wrong))


def test_every_mistake_is_told_at_once_with_row_and_column(tmp_path: Path) -> None:
    deals = (
        DEALS.replace("25/04/2019", "31/02/2019")
        .replace("SPA,3,", "Barter,many,")
        .replace("2019\n", "2019-13\n")
        + "gas-4,short\n"
    )
    found = told(tmp_path, deals)
    for start in (
        "deals.csv, row 2, column date: signed: '31/02/2019' is not written as",
        "deals.csv, row 3, column printed: published: '2019-13' has no month 13",
        "deals.csv, row 3, column type: agreement_kind: unknown code 'Barter'",
        "deals.csv, row 3, column volume: quantity.number: 'many' is not a number",
        "deals.csv, row 5: 2 cells, the head has 9",
    ):
        assert any(line.startswith(start) for line in found), (start, found)
    assert not (tmp_path / "case").exists()


def test_an_unknown_kind_hides_no_other_mistake(tmp_path: Path) -> None:
    wrong = MAPPING.replace("kind: agreement", "kind: deal").replace("column: no}", "column: nr}")
    found = " ".join(told(tmp_path, mapping=wrong))
    assert "unknown kind 'deal'" in found and "no column 'nr'" in found
    assert "id is missing" not in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{column: no}", "{column: nr}", "no column 'nr'"),
        ("kind: agreement", "kind: deal", "unknown kind 'deal'"),
        ("    signed:", "    sined:", "no property 'sined'"),
        ("    signed:", "    share:", "cannot be read from one column"),
        ("{column: title, language: fr}", "{language: fr}", "either column or value"),
        ("publisher: {column: paper}", "", "publisher is missing"),
        ("case: {id: my-deals, title: {en: My deals}}", "", "case is missing"),
        ("subject:", "subjects:", "unknown key 'subjects'"),
        ("unit: bcm/year", "unit: barrels", "unknown code 'barrels'"),
        ("unit: bcm/year, ", "", "unit is missing"),
        ("my-deals", "My Deals", "is no id"),
        ("about: \"true\"", "about: maybe", "neither true nor false"),
    ],
)  # fmt: skip
def test_a_mapping_that_is_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert any(message in line for line in told(tmp_path, mapping=MAPPING.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("deals", "message"),
    [
        ("", "the file is empty"),
        ("no,no\n1,2\n", "stands twice"),
        ('no,title\n"open', "not CSV"),
        (DEALS.replace("p2,Le Soir", "p1,Le Soir"), "told otherwise in row 2"),
        (DEALS.replace("gas-2", "!!!"), "makes no id"),
        (DEALS.replace("gas-2", ""), "the id is missing"),
        (DEALS.replace("Eni,01", "gas-1,01"), "'gas-1' is a agreement, not a party"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, deals: str, message: str) -> None:
    assert any(message in line for line in told(tmp_path, deals))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    table, mapping = files(tmp_path)
    table.write_bytes(b"no,title\n\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        read_csv(table, mapping)


def test_a_huge_cell_is_told_and_odd_text_is_data(tmp_path: Path) -> None:
    assert told(tmp_path, DEALS.replace("No source", "x" * 2_000_000))
    odd = "\u202e'; DROP TABLE claims; -- =1+1"
    record = read_csv(*files(tmp_path, DEALS.replace("No source", odd)))
    assert record.name("gas-3", "fr") == odd


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_any_file_and_mapping_are_a_record_or_told_mistakes(deals: str, mapping: str) -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(DataError):
        folder = Path(name)
        (folder / "deals.csv").write_bytes(deals.encode("utf-8", "surrogatepass"))
        (folder / "map.yaml").write_bytes(mapping.encode("utf-8", "surrogatepass"))
        read_csv(folder / "deals.csv", folder / "map.yaml")


CELL = st.text(max_size=12).map(lambda text: '"' + text.replace('"', '""') + '"')


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(CELL, min_size=9, max_size=9), max_size=4))
def test_any_cells_are_a_record_or_told_mistakes(rows: list[list[str]]) -> None:
    head = DEALS.splitlines()[0]
    text = "\n".join([head, *(",".join(row) for row in rows)])
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(DataError):
        folder = Path(name)
        (folder / "deals.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
        (folder / "map.yaml").write_text(MAPPING, "utf-8")
        record = import_csv(folder / "deals.csv", folder / "map.yaml", folder / "case")
        assert load_case(folder / "case") == record


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, mapping = files(tmp_path)
    words = ["import-csv", str(table), "--mapping", str(mapping), "--out"]
    assert run([*words, str(tmp_path / "a"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["case"], found["sources"], found["subjects"]) == ("my-deals", 2, 6)
    assert run([*words, str(tmp_path / "b"), "--lang", "ru"]) == 0
    assert "Записано" in capsys.readouterr().out
    assert run([*words, str(tmp_path / "a")]) == 1
    assert "not empty" in capsys.readouterr().err
    assert run(["import-csv", str(tmp_path / "none.csv"), "--mapping", str(mapping),
                "--out", str(tmp_path / "c")]) == 1  # fmt: skip
    assert run(["check", str(tmp_path / "b"), "--json"]) == 0
