"""Chains from tables and folders: defaults, order, hash, calibrations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mithaq import Chain, DataError, solve
from mithaq.chain import table_names, table_schema
from tests.chain.folders import TABLES, fill, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "chain")


def as_frames() -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows).fillna("") for name, rows in TABLES.items()}


def test_the_sample_has_every_table() -> None:
    assert set(TABLES) == set(table_names())


def test_folder_and_frames_give_the_same_chain(folder: Path) -> None:
    from_folder, from_frames = Chain.from_folder(folder), Chain.from_tables(as_frames())
    assert from_folder.hash == from_frames.hash
    for name in table_names():
        pd.testing.assert_frame_equal(from_folder.table(name), from_frames.table(name))


def test_the_sample_solves(folder: Path) -> None:
    assert solve(Chain.from_folder(folder)).certificate.max_violation <= 1e-6


@pytest.mark.parametrize("table", table_names())
def test_absent_and_empty_cells_take_the_default(folder: Path, table: str) -> None:
    """A table with its required columns alone equals one whose other cells are all empty."""
    schema = table_schema(table)
    row = TABLES[table][0]
    needed = {a.name for a in schema.attributes.values() if a.required} | {"name"}
    least = {column: cell for column, cell in row.items() if column in needed}
    full = dict.fromkeys(schema.attributes, "") | least
    frames = []
    for cells in (least, full):
        write(folder, table, [cells])
        if table in {"nodes", "firms", "fields", "markets", "pipelines", "periods"}:
            rest = [other for other in TABLES[table] if other is not row]
            write(folder, table, [cells, *rest])
        frames.append(Chain.from_folder(folder).table(table))
    pd.testing.assert_frame_equal(*frames)
    first = next(
        found
        for found in frames[0].to_dict("records")
        if all(found[name] == schema.attributes[name].parse(cell) for name, cell in least.items())
    )
    for attribute in schema.attributes.values():
        if attribute.required or attribute.name == "name":
            continue
        default = attribute.parse("")
        if isinstance(default, float) and np.isnan(default):
            assert np.isnan(first[attribute.name])
        else:
            assert first[attribute.name] == default


def test_defaults_are_those_that_the_design_states() -> None:
    base = {
        "nodes": pd.DataFrame({"name": ["X", "Y"]}),
        "firms": pd.DataFrame({"name": ["A"]}),
        "fields": pd.DataFrame({"name": ["f"], "node": ["X"], "owners": ["A"], "capacity": [1]}),
        "markets": pd.DataFrame(
            {
                "name": ["X"],
                "node": ["X"],
                "reference_quantity": [1],
                "reference_price": [1],
                "elasticity": [-1],
            }
        ),
        "conduct": pd.DataFrame({"firm": ["A"], "market": ["X"]}),
        "pipelines": pd.DataFrame({"from": ["X"], "to": ["Y"], "capacity": [1]}),
    }
    chain = Chain.from_tables(base)
    (firm,), (field,), (line,) = (chain.rows(t) for t in ("firms", "fields", "pipelines"))
    assert (firm["conduct"], firm["fringe"]) == (1.0, False)
    assert [field[c] for c in ("a", "b", "g", "user_cost", "royalty", "profit_share")] == [0] * 6
    assert line["name"] == "X-Y"
    assert chain.rows("conduct")[0]["may_sell"] is True


@pytest.mark.parametrize("missing", ["pipelines", "terminals", "swaps", "sources", "observed"])
def test_other_tables_may_be_absent(folder: Path, missing: str) -> None:
    for name in (missing, "bookings", "expansions"):  # these two are about lines
        (folder / f"{name}.csv").unlink()
    assert Chain.from_folder(folder).table(missing).empty


def test_a_header_alone_is_an_empty_table(folder: Path) -> None:
    (folder / "swaps.csv").write_text("name,a,b,cap\n", encoding="utf-8")
    assert Chain.from_folder(folder).table("swaps").empty


def test_order_of_rows_and_columns_does_not_matter(folder: Path) -> None:
    before = Chain.from_folder(folder).hash
    for name, rows in TABLES.items():
        turned = [dict(reversed(row.items())) for row in reversed(rows)]
        write(folder, name, turned)
    assert Chain.from_folder(folder).hash == before


def test_spelling_of_numbers_does_not_matter_and_values_do(folder: Path) -> None:
    before = Chain.from_folder(folder).hash
    rows = [dict(row) for row in TABLES["fields"]]
    rows[0]["capacity"] = " 6.0e1 "
    write(folder, "fields", rows)
    assert Chain.from_folder(folder).hash == before
    rows[0]["capacity"] = "60.000001"
    write(folder, "fields", rows)
    assert Chain.from_folder(folder).hash != before


def test_byte_order_mark_and_blank_lines_are_read_over(folder: Path) -> None:
    before = Chain.from_folder(folder).hash
    path = folder / "nodes.csv"
    path.write_text("\ufeff" + path.read_text(encoding="utf-8") + "\n\n", encoding="utf-8")
    assert Chain.from_folder(folder).hash == before


def test_names_in_any_script() -> None:
    frames = as_frames()
    for frame in frames.values():
        frame.replace({"Alpha": "سوناطراك", "Beta": "Газпром"}, inplace=True)  # noqa: PD002
    frames["fields"]["owners"] = ["سوناطراك", "Газпром:0.75;Fringe:0.25"]
    frames["pipelines"]["access"] = ["", "Газпром"]
    frames["storages"]["access"] = ["Газпром"]
    answer = solve(Chain.from_tables(frames))
    assert {"سوناطراك", "Газпром"} <= set(answer.payoffs().index)


def test_a_table_that_is_handed_out_is_a_copy(folder: Path) -> None:
    chain = Chain.from_folder(folder)
    before = chain.hash
    fields = chain.table("fields")
    fields["capacity"] = 0.0
    assert chain.table("fields")["capacity"].tolist() == [60, 80]
    assert Chain.from_tables({n: chain.table(n).fillna("") for n in table_names()}).hash == before


def test_frames_that_were_given_are_not_changed() -> None:
    frames = as_frames()
    copies = {name: frame.copy() for name, frame in frames.items()}
    Chain.from_tables(frames)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, copies[name])


def test_calibrations(folder: Path) -> None:
    chain = Chain.from_folder(folder)
    assert chain.calibrations == ("tight",)
    fields = chain.calibrated("tight").table("fields").set_index("name")
    assert fields.loc["dunes", "capacity"] == 50
    with pytest.raises(DataError, match="did you mean 'tight'"):
        chain.calibrated("tigth")


def test_the_quadratic_variant_has_the_same_cost_at_nine_tenths(folder: Path) -> None:
    chain = Chain.from_folder(folder)
    exact, quadratic = (
        c.table("fields").set_index("name").loc["tundra"] for c in (chain, chain.quadratic())
    )
    capacity, q = 80.0, 72.0
    golombek = 5 * ((capacity - q) * np.log(1 - q / capacity) + q)
    assert quadratic["g"] == 0
    assert quadratic["b"] * q**2 / 2 == pytest.approx(golombek)
    assert exact["b"] == 0
    assert solve(chain.quadratic()).certificate.max_violation <= 1e-6


def test_unknown_year() -> None:
    with pytest.raises(DataError, match="no base year 1066"):
        Chain.shipped(1066)


def test_unknown_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        Chain.from_folder(tmp_path / "nowhere")
