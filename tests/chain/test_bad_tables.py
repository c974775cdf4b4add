"""Every table, spoilt in every way: all mistakes at once, each in its place, DataError alone."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithaq import Chain, DataError, Problem
from mithaq.chain import table_names, table_schema
from mithaq.chain.reading import NEEDED
from mithaq.chain.schema import Attribute
from mithaq.show.failures import spoken_error
from tests.chain.folders import TABLES, fill, write

COLUMNS = [
    pytest.param(table, attribute, id=f"{table}-{attribute.name}")
    for table in table_names()
    for attribute in table_schema(table).attributes.values()
]
TYPED = [
    item
    for item in COLUMNS
    if item.values[1].type not in {"text", "shares"} or item.values[1].refers_to
]
NUMBERS = [item for item in COLUMNS if item.values[1].numeric]
REQUIRED = [item for item in COLUMNS if item.values[1].required]
REFERRING = [item for item in COLUMNS if item.values[1].refers_to and item.values[1].type != "code"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "chain")


def mistakes(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as caught:
        Chain.from_folder(folder)
    return caught.value.problems


def spoil(folder: Path, table: str, column: str, cell: str) -> list[Problem]:
    """Put ``cell`` into the last row of a table; what is then said of that cell."""
    rows = [dict(row) for row in TABLES[table]]
    rows[-1][column] = cell
    write(folder, table, rows)
    place = (f"{table}.csv", len(rows) + 1, column)
    return [p for p in mistakes(folder) if (p.file, p.row, p.column) == place]


def outside(attribute: Attribute) -> list[str]:
    """Numbers just beyond the bounds of a column."""
    cells = []
    if attribute.minimum:
        low = float(attribute.minimum.rstrip("+"))
        cells.append(repr(low if attribute.minimum.endswith("+") else low - 0.001))
    if attribute.maximum:
        high = float(attribute.maximum.rstrip("-"))
        cells.append(repr(high if attribute.maximum.endswith("-") else high + 0.001))
    return cells


@pytest.mark.parametrize(("table", "attribute"), TYPED)
def test_nonsense_in_a_cell(folder: Path, table: str, attribute: Attribute) -> None:
    assert spoil(folder, table, attribute.name, "?!")


@pytest.mark.parametrize(("table", "attribute"), NUMBERS)
def test_no_finite_number(folder: Path, table: str, attribute: Attribute) -> None:
    cells = [
        "nan",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "1,5",
        "0x10",
        "1_000",
        "--",
        *outside(attribute),
    ]
    rows = [TABLES[table][-1] | {attribute.name: cell} for cell in cells]
    write(folder, table, rows)
    found = [(p.file, p.row) for p in mistakes(folder) if p.column == attribute.name]
    assert found == [(f"{table}.csv", number) for number in range(2, len(cells) + 2)]


@pytest.mark.parametrize(("table", "attribute"), REQUIRED)
def test_empty_where_a_value_is_required(folder: Path, table: str, attribute: Attribute) -> None:
    (problem,) = spoil(folder, table, attribute.name, "  ")
    assert "required" in problem.what


@pytest.mark.parametrize(("table", "attribute"), REQUIRED)
def test_a_required_column_is_missing(folder: Path, table: str, attribute: Attribute) -> None:
    rows = [{k: v for k, v in row.items() if k != attribute.name} for row in TABLES[table]]
    write(folder, table, rows)
    places = [(p.file, p.column) for p in mistakes(folder)]
    assert places.count((f"{table}.csv", attribute.name)) == 1


@pytest.mark.parametrize(("table", "attribute"), REFERRING)
def test_a_name_that_does_not_exist(folder: Path, table: str, attribute: Attribute) -> None:
    found = spoil(folder, table, attribute.name, "Atlantis")
    assert any("'Atlantis'" in problem.what and problem.hint for problem in found)


@pytest.mark.parametrize(("table", "attribute"), REFERRING)
def test_a_name_that_is_almost_right(folder: Path, table: str, attribute: Attribute) -> None:
    names = {"nodes": "South", "firms": "Alpha", "markets": "South", "periods": "Winter"}
    known = names[attribute.refers_to]
    found = spoil(folder, table, attribute.name, known.lower())
    assert any(known in problem.hint for problem in found)


@pytest.mark.parametrize("table", table_names())
def test_an_unknown_column(folder: Path, table: str) -> None:
    write(folder, table, [{**row, "colour": "red"} for row in TABLES[table]])
    (problem,) = mistakes(folder)
    assert (problem.file, problem.column) == (f"{table}.csv", "colour")


@pytest.mark.parametrize("table", table_names())
def test_a_column_twice(folder: Path, table: str) -> None:
    column = next(iter(TABLES[table][0]))
    path = folder / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(f"{line},{column}" for line in lines), encoding="utf-8")
    assert (f"{table}.csv", 1, column) in {(p.file, p.row, p.column) for p in mistakes(folder)}


@pytest.mark.parametrize("table", table_names())
def test_a_key_twice(folder: Path, table: str) -> None:
    rows = TABLES[table]
    write(folder, table, [*rows, rows[0]])
    found = [p for p in mistakes(folder) if p.file == f"{table}.csv"]
    assert found[0].row == len(rows) + 2
    assert "row 2 already" in found[0].what


@pytest.mark.parametrize("table", NEEDED)
def test_a_needed_table_is_missing(folder: Path, table: str) -> None:
    (folder / f"{table}.csv").unlink()
    assert (table, "the table is missing") in {(p.file, p.what) for p in mistakes(folder)}


@pytest.mark.parametrize("table", table_names())
def test_an_empty_file(folder: Path, table: str) -> None:
    (folder / f"{table}.csv").write_bytes(b"")
    assert any(p.file == f"{table}.csv" and "empty" in p.what for p in mistakes(folder))


@pytest.mark.parametrize("table", table_names())
@pytest.mark.parametrize("content", [b"name\xff\xfe", b'name,x\n"open', b"\x00\x01\x02", b"\xff"])
def test_a_file_that_is_no_csv_in_utf8(folder: Path, table: str, content: bytes) -> None:
    (folder / f"{table}.csv").write_bytes(content)
    assert any(p.file == f"{table}.csv" for p in mistakes(folder))


@pytest.mark.parametrize("table", table_names())
def test_a_ragged_row(folder: Path, table: str) -> None:
    path = folder / f"{table}.csv"
    path.write_text(path.read_text(encoding="utf-8") + "one,too,few\n" * 1, encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as stream:
        count = len(list(csv.reader(stream)))
    width = len({column for row in TABLES[table] for column in row})
    if width == 3:
        path.write_text(path.read_text(encoding="utf-8") + "one,too,many,cells\n", encoding="utf-8")
        count += 1
    assert any(p.file == f"{table}.csv" and p.row == count for p in mistakes(folder))


def test_a_folder_where_a_file_should_be(folder: Path) -> None:
    (folder / "swaps.csv").unlink()
    (folder / "swaps.csv").mkdir()
    assert [p.file for p in mistakes(folder)] == ["swaps.csv"]


@pytest.mark.parametrize("target", ["swaps.csv", "nowhere.csv", "/dev/zero"])
def test_a_link_to_nothing_that_can_be_read(folder: Path, target: str) -> None:
    (folder / "swaps.csv").unlink()
    (folder / "swaps.csv").symlink_to(target)
    assert [p.what for p in mistakes(folder)] == ["is no file that can be read"]


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "swaps.csv").unlink()
    os.mkfifo(folder / "swaps.csv")
    assert [p.what for p in mistakes(folder)] == ["is no file that can be read"]


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_cells_parted_by_something_else(folder: Path, mark: str, name: str) -> None:
    path = folder / "fields.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", mark), encoding="utf-8")
    (problem,) = [p for p in mistakes(folder) if p.file == "fields.csv"]
    hint = "part them by commas, and write decimals with a point"
    assert str(problem) == f"fields.csv, row 1: its cells are parted by {name} ({hint})"


def test_what_cannot_be_read_is_not_told_again_by_all_that_cite_it(folder: Path) -> None:
    (folder / "nodes.csv").write_bytes("name\nAlgérie\n".encode("latin1"))
    assert {p.file for p in mistakes(folder)} == {"nodes.csv"}
    (folder / "nodes.csv").write_bytes(b"")
    assert {p.file for p in mistakes(folder)} == {"nodes.csv"}


def test_a_number_too_small_to_be_one_is_not_taken_as_zero(folder: Path) -> None:
    (problem,) = spoil(folder, "fields", "capacity", "1e-400")
    assert problem.what.startswith("1e-400 is no figure of a gas system")
    write(folder, "fields", [{**row, "royalty": "0.0e7"} for row in TABLES["fields"]])
    Chain.from_folder(folder)


@pytest.mark.parametrize("cell", ["0,5", "1,060", "1 060", "1\u202f060.5"])
def test_marks_of_other_languages_in_a_number(folder: Path, cell: str) -> None:
    (problem,) = spoil(folder, "fields", "capacity", cell)
    assert "is not a number" in problem.what
    assert "with a point before decimals" in problem.hint


def test_a_share_with_a_decimal_comma(folder: Path) -> None:
    (problem,) = spoil(folder, "fields", "owners", "Alpha:0,5;Beta:0,5")
    assert problem.what == "'0,5' is not a number"
    assert "with a point before decimals" in problem.hint


def test_lines_of_blanks_are_read_over(folder: Path) -> None:
    before = Chain.from_folder(folder).hash
    with (folder / "nodes.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n   \n\t\n")
    assert Chain.from_folder(folder).hash == before


def test_a_file_that_is_no_table(folder: Path) -> None:
    write(folder, "pipeline", TABLES["pipelines"])
    (problem,) = mistakes(folder)
    assert "did you mean 'pipelines'" in problem.hint


def test_rows_keep_their_number_after_blank_and_ragged_rows(folder: Path) -> None:
    text = "name,latitude\nSouth,1\n\nNorth,2,3\nNorth,x\n"
    (folder / "nodes.csv").write_text(text, encoding="utf-8")
    found = [(p.row, p.column) for p in mistakes(folder) if p.file == "nodes.csv"]
    assert found == [(4, ""), (5, "latitude")]


def test_ten_mistakes_in_many_files_come_at_once(folder: Path) -> None:
    spoilt = {
        ("nodes", "latitude"): "91",
        ("firms", "conduct"): "2",
        ("fields", "capacity"): "-1",
        ("pipelines", "to"): "Atlantis",
        ("terminals", "kind"): "refrigerator",
        ("markets", "elasticity"): "0.5",
        ("conduct", "may_sell"): "perhaps",
        ("contracts", "seller"): "Gamma",
        ("swaps", "cap"): "lots",
        ("observed", "bcm"): "",
    }
    for (table, column), cell in spoilt.items():
        rows = [dict(row) for row in TABLES[table]]
        rows[-1][column] = cell
        write(folder, table, rows)
    found = mistakes(folder)
    assert {(p.file, p.column) for p in found} == {(f"{t}.csv", c) for t, c in spoilt}
    for problem in found:
        assert problem.row == len(TABLES[problem.file.removesuffix(".csv")]) + 1
        assert problem.what
    error = DataError(found)
    assert len(str(error).splitlines()) == 11
    assert spoken_error(error, "en") == str(error)
    for lang in ("ar", "fr", "ru"):
        told = spoken_error(error, lang).splitlines()
        assert len(told) == 11
        for line, english in zip(told, str(error).splitlines(), strict=True):
            assert line != english
            assert " must " not in line and "there is no" not in line


ODD = {
    "shares that do not sum to 1": ("fields", "owners", "Alpha:0.5;Beta:0.4", "sum to 0.9"),
    "a share above 1": ("fields", "owners", "Alpha:1.5;Beta:-0.5", "must be above 0 and at most 1"),
    "a share that is no number": ("fields", "owners", "Alpha:x;Beta:1", "is not a number"),
    "an owner twice": ("fields", "owners", "Alpha:0.5;Alpha:0.5", "twice"),
    "an owner without a name": ("fields", "owners", ":1", "names nobody"),
    "no owner": ("fields", "owners", ";", "names nobody"),
    "access for nobody": ("pipelines", "access", " ; ", "names nobody"),
    "a line to its own start": ("pipelines", "to", "North", "another node"),
    "a stake in oneself": ("stakes", "firm", "Alpha", "in itself"),
    "a swap with oneself": ("swaps", "b", "Alpha", "with itself"),
    "a fringe without a home": ("firms", "home", "", "no home"),
    "a group of two strengths": ("cooperation", "strength", "0.7", "more than one strength"),
    "somebody to serve, no price": ("markets", "supplier", "Alpha", "go together"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_cannot_be(folder: Path, case: str) -> None:
    table, column, cell, words = ODD[case]
    rows = [dict(row) for row in TABLES[table]]
    rows[-1][column] = cell
    write(folder, table, rows)
    (problem,) = mistakes(folder)
    assert (problem.file, problem.row) == (f"{table}.csv", len(rows) + 1)
    assert words in problem.what


def test_terms_of_a_regulated_market_that_shut_each_other_out(folder: Path) -> None:
    fixed = {"regulated_price": "50", "supplier": "Alpha", "price_cap": "60", "access": "Beta"}
    rows = [{**TABLES["markets"][0], **fixed, "name": "Flats"}, *TABLES["markets"]]
    write(folder, "markets", rows)
    told = {(p.column, p.row): p.what for p in mistakes(folder)}
    assert told["price_cap", 2] == "Flats: a regulated price needs no cap"
    assert told["access", 2] == "Flats: its supplier Alpha may not sell there"


def test_a_firm_that_buys_from_itself(folder: Path) -> None:
    row = {**TABLES["contracts"][-1], "destination_clause": "false"}
    write(folder, "contracts", [{**row, "buyer": row["seller"]}])
    assert [p.what.endswith("a firm buys nothing from itself") for p in mistakes(folder)] == [True]


SOURCED = [t for t in table_names() if "source" in table_schema(t).attributes]


@pytest.mark.parametrize("table", SOURCED)
def test_a_source_that_does_not_exist(folder: Path, table: str) -> None:
    (problem,) = spoil(folder, table, "source", "capacity: atlas; cost: atals")
    assert "'atals'" in problem.what
    assert "'atlas'" in problem.hint


def test_sources_and_assumptions_that_may_stand(folder: Path) -> None:
    rows = [dict(row) for row in TABLES["fields"]]
    rows[0]["source"] = "atlas"
    rows[1]["source"] = "capacity: atlas; cost: assumption: as its neighbours: old; assumption: x"
    write(folder, "fields", rows)
    Chain.from_folder(folder)
    write(folder, "fields", [row | {"source": "a book"} for row in TABLES["fields"]])
    (folder / "sources.csv").unlink()
    Chain.from_folder(folder)


@pytest.mark.parametrize("name", ["A|B", "A;B", "South (liquefied)", "North (landed)"])
@pytest.mark.parametrize("table", [t for t in table_names() if table_schema(t).key == ("name",)])
def test_names_that_would_be_taken_for_something_else(folder: Path, table: str, name: str) -> None:
    write(folder, table, [*TABLES[table], TABLES[table][-1] | {"name": name}])
    found = [(p.file, p.row, p.column) for p in mistakes(folder)]
    assert (f"{table}.csv", len(TABLES[table]) + 2, "name") in found


@pytest.mark.parametrize(
    ("column", "cell", "hint"),
    [
        ("table", "field", "'fields'"),
        ("row", "dune", "'dunes'"),
        ("column", "capacty", "'capacity'"),
        ("value", "lots", ""),
        ("value", "-1", ""),
    ],
)
def test_a_calibration_of_what_is_not_there(
    folder: Path, column: str, cell: str, hint: str
) -> None:
    (problem,) = spoil(folder, "calibrations", column, cell)
    assert hint in problem.hint


def test_gas_sold_ahead_where_the_price_is_regulated(folder: Path) -> None:
    rows = [dict(row) for row in TABLES["markets"]]
    rows[-1] |= {"regulated_price": "90", "supplier": "Beta"}
    write(folder, "markets", rows)
    assert {(p.file, p.row) for p in mistakes(folder)} == {("contracts.csv", 2), ("floors.csv", 2)}
    rows[-1]["supplier"] = ""
    write(folder, "markets", rows)
    assert "supplier" in {p.column for p in mistakes(folder)}


def test_a_firm_in_two_groups(folder: Path) -> None:
    write(
        folder, "cooperation", [*TABLES["cooperation"], TABLES["cooperation"][0] | {"group": "x"}]
    )
    (problem,) = mistakes(folder)
    assert "disjoint" in problem.hint


def test_one_name_for_two_arcs(folder: Path) -> None:
    rows = [dict(row) for row in TABLES["terminals"]]
    rows[0]["name"] = "line"
    write(folder, "terminals", rows)
    (problem,) = mistakes(folder)
    assert (problem.file, problem.row, problem.column) == ("terminals.csv", 2, "name")


class TestFrames:
    """Tables from Python, where a cell can be anything."""

    @staticmethod
    def mistakes(**tables: Any) -> tuple[Problem, ...]:
        frames = {name: pd.DataFrame(rows).fillna("") for name, rows in TABLES.items()}
        with pytest.raises(DataError) as caught:
            Chain.from_tables({**frames, **tables})
        return caught.value.problems

    @pytest.mark.parametrize(
        "cell",
        [None, math.nan, pd.NA, pd.NaT, True, "1e", 1j, 10**400, [1], {"a": 1}, (), object()],
        ids=lambda cell: repr(cell).split(" at ")[0],  # workers must agree on the names
    )
    def test_cells_that_are_no_number(self, cell: Any) -> None:
        frame = pd.DataFrame(TABLES["nodes"]).astype(object)
        frame.at[1, "latitude"] = cell
        (problem,) = self.mistakes(nodes=frame)
        assert (problem.file, problem.row, problem.column) == ("nodes", 2, "latitude")

    @pytest.mark.parametrize("cell", [None, math.nan, pd.NA, pd.NaT, ["South"]], ids=repr)
    def test_cells_that_are_no_text(self, cell: Any) -> None:
        frame = pd.DataFrame(TABLES["nodes"]).astype(object)
        frame.at[1, "country"] = cell
        (problem,) = self.mistakes(nodes=frame)
        assert (problem.file, problem.row, problem.column) == ("nodes", 2, "country")

    def test_a_column_twice(self) -> None:
        frame = pd.DataFrame([["South", "North", 1]], columns=["name", "name", "latitude"])
        assert any("twice" in problem.what for problem in self.mistakes(nodes=frame))

    @pytest.mark.parametrize("table", [None, [], {"name": ["South"]}, "nodes.csv"], ids=repr)
    def test_no_frame(self, table: Any) -> None:
        assert any("data frame" in problem.what for problem in self.mistakes(nodes=table))

    def test_columns_that_are_no_names(self) -> None:
        assert self.mistakes(nodes=pd.DataFrame([[1, 2]]))
        assert self.mistakes(nodes=pd.DataFrame([[1, 2]], columns=[None, ("a", "b")]))

    def test_a_table_of_no_known_name(self) -> None:
        (problem,) = self.mistakes(market=pd.DataFrame())
        assert "did you mean 'markets'" in problem.hint

    def test_any_index_will_do(self) -> None:
        frames = {n: pd.DataFrame(rows).fillna("") for n, rows in TABLES.items()}
        before = Chain.from_tables(frames).hash
        frames["nodes"].index = pd.Index(["x", "x"])
        assert Chain.from_tables(frames).hash == before


CELLS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "0", "-1", "1e308", "nan", "South", "Alpha;Beta", "Alpha:1", ":", ";", "|"]
    ),
    st.floats(allow_nan=True).map(repr),
    st.integers().map(str),
)


@pytest.mark.parametrize("table", table_names())
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_stands_in_the_cells_only_data_errors_come_out(
    tmp_path: Path, table: str, data: st.DataObject
) -> None:
    schema = table_schema(table)
    folder = tmp_path / "chain"
    if not folder.exists():
        fill(folder)
    rows = [dict(row) for row in TABLES[table]]
    for row in rows:
        for column in data.draw(st.lists(st.sampled_from(list(schema.attributes)), max_size=3)):
            row[column] = data.draw(CELLS)
    write(folder, table, rows)
    problems: tuple[Problem, ...] = ()
    try:
        Chain.from_folder(folder)
    except DataError as error:
        problems = error.problems
    assert all(problem.file and problem.what for problem in problems)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_whatever_stands_in_a_file_only_data_errors_come_out(
    tmp_path: Path, content: bytes
) -> None:
    folder = tmp_path / "chain"
    if not folder.exists():
        fill(folder)
    (folder / "fields.csv").write_bytes(content)
    with pytest.raises(DataError):
        Chain.from_folder(folder)
