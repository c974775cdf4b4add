"""Rows of time and building that are at odds: each mistake told at its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from mithaq import Add, Chain, Change, DataError
from tests.chain.folders import TABLES, fill, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "chain")


CASES = [
    ("periods", "share", {"share": "0.4"}, "sum to 0.9, not 1"),
    ("periods", "position", {"position": "1"}, "same place as Summer"),
    ("demand_factors", "year", {"year": "2011"}, "no year 2011"),
    ("availability", "year", {"year": "2011"}, "no year 2011"),
    ("demand_factors", "sector", {"sector": "power"}, "sector 'power'"),
    ("availability", "row", {"row": "dune"}, "fields has no row 'dune'"),
    ("expansions", "row", {"row": "lines"}, "pipelines has no row 'lines'"),
    ("expansions", "last_year", {"first_year": "2015", "last_year": "2010"}, "before it begins"),
    ("bookings", "arc", {"arc": "South-West"}, "no line or terminal"),
    ("bookings", "capacity", {"capacity": "21"}, "21 bcm/yr are booked of the 20"),
    ("pipelines", "fee_firm", {"fee_in_kind": "0.1"}, "must receive the fee"),
    ("pipelines", "to_year", {"from_year": "2012", "to_year": "2011"}, "before it begins"),
    ("contracts", "buyer", {"destination_clause": "false"}, "the buyer must be a firm"),
    ("contracts", "price", {"price": "-5"}, "at least 0 unless"),
]


@pytest.mark.parametrize(("table", "column", "cells", "what"), CASES)
def test_what_is_at_odds(
    folder: Path, table: str, column: str, cells: dict[str, str], what: str
) -> None:
    rows = [dict(row) for row in TABLES[table]]
    rows[-1].update(cells)
    write(folder, table, rows)
    with pytest.raises(DataError) as caught:
        Chain.from_folder(folder)
    (problem,) = [p for p in caught.value.problems if what in p.what]
    assert (problem.file, problem.row, problem.column) == (f"{table}.csv", len(rows) + 1, column)


def test_a_storage_without_room_has_no_rates_to_expand(folder: Path) -> None:
    chain = Chain.from_folder(folder)
    grow = Add("expansions", {"table": "storages", "row": "cavern", "cost": 10})
    chain.with_edits([grow])
    with pytest.raises(DataError, match="no working gas"):
        chain.with_edits([grow, Change("storages", "cavern", "working_gas", 0)])


def test_bookings_of_different_years_do_not_add_up(folder: Path) -> None:
    rows = [
        {"arc": "line", "firm": "Alpha", "capacity": "15", "to_year": "2010"},
        {"arc": "line", "firm": "Beta", "capacity": "15", "from_year": "2011"},
    ]
    write(folder, "bookings", rows)
    assert len(Chain.from_folder(folder).rows("bookings")) == 2


def test_a_period_may_be_added_by_an_edit(folder: Path) -> None:
    chain = Chain.from_folder(folder)
    changed = chain.with_edits(
        [
            Change("periods", "Winter", "share", 0.3),
            Add("periods", {"name": "spring", "position": 3, "share": 0.2}),
            Add("demand_factors", {"period": "spring", "quantity": 1.1}),
        ]
    )
    assert len(changed.rows("periods")) == 3
    with pytest.raises(DataError, match="no period 'autumn'"):
        chain.with_edits([Add("demand_factors", {"period": "autumn"})])
