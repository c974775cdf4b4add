"""What is written is what was solved, as pandas, pyarrow, openpyxl and xarray read it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mithaq import Add, Chain, DataError, Equilibrium, SolveError, solve
from mithaq.chain.folders import example
from mithaq.cli import run
from mithaq.equilibrium.exports import (
    BY_SLOT,
    COLUMNS,
    Field,
    dictionary,
    export,
    run_record,
    tables,
)
from tests.chain.folders import fill

OF_TIME = (
    "periods",
    "years",
    "demand_factors",
    "availability",
    "storages",
    "expansions",
    "bookings",
)
FORMS = ["out", "out.parquet", "out.xlsx"]


@pytest.fixture(scope="module", params=["example", "toy", "slots"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Equilibrium:
    if request.param == "example":
        return solve(example())
    folder = fill(tmp_path_factory.mktemp("toy") / "chain")
    for table in OF_TIME if request.param == "toy" else ():
        (folder / f"{table}.csv").unlink(missing_ok=True)
    return solve(Chain.from_folder(folder))


def shape(found: Equilibrium) -> dict[str, dict[str, Field]]:
    """Tables and columns that are written of an equilibrium."""
    return {**COLUMNS, **(BY_SLOT if found.by_slot.calendar.count > 1 else {})}


def read(path: Path, name: str) -> pd.DataFrame:
    """A table as pandas reads it from any of the flat forms."""
    if path.suffix == ".xlsx":
        return pd.read_excel(path, sheet_name=name)
    if path.suffix == ".parquet":
        return pd.read_parquet(path / f"{name}.parquet")
    return pd.read_csv(path / f"{name}.csv", float_precision="round_trip")


@pytest.mark.parametrize("form", FORMS)
def test_every_table_comes_back(found: Equilibrium, form: str, tmp_path: Path) -> None:
    written = export(found, tmp_path / form)
    assert all(path.exists() for path in written)
    for name, columns in shape(found).items():
        again, frame = read(tmp_path / form, name), tables(found)[name]
        assert list(again.columns) == list(columns) and len(again) == len(frame)
        for column, field in columns.items():
            if field.type == "number":
                pairs = zip(again[column], frame[column], strict=True)
                # A workbook holds 16 digits, the other forms hold the number itself.
                exact = 1e-15 if form == "out.xlsx" else 0.0
                assert all(
                    math.isclose(a, b, rel_tol=exact) or (math.isnan(a) and math.isnan(b))
                    for a, b in pairs
                )
            else:
                assert again[column].fillna("").astype(str).tolist() == frame[column].tolist()


@pytest.mark.parametrize("form", FORMS)
def test_units_dictionary_and_run_record_go_along(
    found: Equilibrium, form: str, tmp_path: Path
) -> None:
    export(found, tmp_path / form)
    words = read(tmp_path / form, "dictionary").fillna("")
    told = {(row.table, row.column): row.unit for row in words.itertuples()}
    wanted = {(t, c): f.unit for t, columns in shape(found).items() for c, f in columns.items()}
    assert told == wanted
    assert (words["meaning"].str.len() > 0).all()
    record = read(tmp_path / form, "run").fillna("").astype(str)
    kept = dict(zip(record["key"], record["value"], strict=True))
    assert kept["chain_sha256"] == found.chain.hash and kept["status"] == "solved"
    assert set(kept) == set(run_record(found))


def test_the_tables_say_what_the_equilibrium_says(found: Equilibrium) -> None:
    told = tables(found)
    assert told["prices"].set_index("node")["price"].to_dict() == found.prices.to_dict()
    assert math.isclose(told["payoffs"]["musd"].sum(), found.welfare)
    sales = told["deliveries"].groupby(["firm", "node"])["bcm"].sum()
    assert sales.to_dict() == pytest.approx(found.sales.to_dict())
    sent = told["flows_by_firm"].groupby("name")["bcm"].sum()
    flows = told["flows"].set_index("name")["bcm"]
    assert sent.to_dict() == pytest.approx(flows[sent.index].to_dict())
    # Gas is neither made nor lost between the tables: lifted = delivered + lost on the way.
    loss = {name: arc.loss for name, arc in found.arcs.items()}
    lost = sum(bcm * loss[name] for name, bcm in flows.items())
    assert told["production"]["bcm"].sum() == pytest.approx(told["deliveries"]["bcm"].sum() + lost)


def test_columns_of_a_parquet_file_know_their_unit(found: Equilibrium, tmp_path: Path) -> None:
    from pyarrow import parquet

    export(found, tmp_path / "out.parquet")
    schema = parquet.read_schema(tmp_path / "out.parquet" / "prices.parquet")
    assert schema.field("price").metadata[b"unit"] == b"USD/1000 m3"
    assert schema.metadata[b"chain_sha256"].decode() == found.chain.hash


def test_a_netcdf_file_comes_back(found: Equilibrium, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    import xarray as xr

    (path,) = export(found, tmp_path / "out.nc")
    with xr.open_dataset(path, engine="h5netcdf") as data:
        assert data["price"].attrs["units"] == "USD/1000 m3"
        assert data["flow"].attrs["units"] == "bcm/yr"
        assert data.attrs["chain_sha256"] == found.chain.hash
        assert data["price"].to_series().to_dict() == found.prices.to_dict()
        made = data["production"].to_series().dropna()
        assert made.to_dict() == found.production.to_dict()
        assert float(data["payoff"].sum()) == pytest.approx(found.welfare)
        flows = found.flows.set_index("name")
        for column, variable in (("bcm", "flow"), ("capacity", "capacity"), ("rent", "rent")):
            assert np.array_equal(data[variable].sel(arc=flows.index), flows[column])
        assert data["arc_from"].sel(arc=flows.index).values.tolist() == flows["from"].tolist()
        kinds = [f"deliveries_{kind}" for kind in set(found.deliveries["kind"])]
        total = sum(float(data[name].sum()) for name in kinds)
        assert total == pytest.approx(found.deliveries["bcm"].sum())


def test_slots_add_up_to_what_is_told_for_the_year(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    import xarray as xr

    found = solve(Chain.from_folder(fill(tmp_path / "chain")))
    told = tables(found)
    listed = told["slots"]
    part = listed["share"] * listed["span"]
    part /= part.sum()
    assert len(listed) == 4 and list(listed["period"]) == ["Summer", "Winter"] * 2
    (path,) = export(found, tmp_path / "out.nc")
    with xr.open_dataset(path, engine="h5netcdf") as data:
        assert data["slot_period"].values.tolist() == list(listed["period"])
        assert data["slot_year"].values.tolist() == list(listed["year"])
        time = xr.DataArray(part, dims="slot")
        for several, one in (("slot_flow", "flow"), ("slot_production", "production")):
            mean = (data[several] * time).sum("slot")
            assert np.allclose(mean, data[one].fillna(0.0), atol=1e-9)
        assert data["slot_level"].attrs["units"] == "bcm"
        # What goes into a store within a year comes out within it.
        gain = (data["slot_injection"] - data["slot_withdrawal"]) * listed["share"].to_numpy()[
            :, None
        ]
        years = gain.groupby(data["slot_year"]).sum("slot")
        assert np.allclose(years, 0.0, atol=1e-6)
        winter = data["slot_price"].sel(slot=1, node="North")
        frame = found.by_slot.prices
        wanted = frame[(frame["year"] == 2010) & (frame["period"] == "Winter")]
        assert float(winter) == wanted.set_index("node")["price"]["North"]


def odd() -> Equilibrium:
    """An equilibrium whose names other programs like to take for something else."""
    firms, hub = ["=1+1", 'Газ, "А"\n№'], "هب\x07"
    return solve(
        Chain.from_tables(
            {
                "nodes": pd.DataFrame({"name": [hub]}),
                "firms": pd.DataFrame({"name": firms}),
                "fields": pd.DataFrame(
                    {"name": ["f", "007"], "node": hub, "owners": firms, "capacity": 9, "a": 1}
                ),
                "markets": pd.DataFrame(
                    {
                        "name": ["2010-01-01"],
                        "node": [hub],
                        "reference_quantity": [1],
                        "reference_price": [5],
                        "elasticity": [-1],
                    }
                ),
            }
        )
    )


def test_names_stay_names_in_excel(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    found = odd()
    export(found, tmp_path / "out.xlsx")
    sheet = load_workbook(tmp_path / "out.xlsx")["deliveries"]
    firms = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.value for cell in firms} == {"=1+1", 'Газ, "А"\n№'}
    assert {cell.data_type for cell in firms} == {"s"}
    assert {row[1].value for row in sheet.iter_rows(min_row=2)} == {"2010-01-01"}


def test_names_of_every_script_survive_csv_and_netcdf(tmp_path: Path) -> None:
    found = odd()
    export(found, tmp_path / "out")
    told = pd.read_csv(tmp_path / "out" / "production.csv", dtype=str)
    assert set(told["firm"]) == {"=1+1", 'Газ, "А"\n№'} and set(told["field"]) == {"f", "007"}
    pytest.importorskip("h5py")
    import xarray as xr

    export(found, tmp_path / "out.nc")
    with xr.open_dataset(tmp_path / "out.nc", engine="h5netcdf") as data:
        assert set(data["firm"].values) == {"=1+1", 'Газ, "А"\n№'}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.json", "no form has the suffix"),
        ("nowhere/out", "there is no folder"),
        ("folder.xlsx", "is a folder"),
        ("file", "is a file"),
    ],
)
def test_a_target_that_cannot_be_written_is_told_before_any_work(
    name: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match=words):
        export(solve(example()), tmp_path / name)
    assert run(["market", "--chain", "/no/such/chain", "--export", str(tmp_path / name)]) == 1
    assert words in capsys.readouterr().err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_library_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"needs openpyxl.*mithaq\[files\]"):
        export(solve(example()), tmp_path / "out.xlsx")


def test_nothing_is_written_without_an_equilibrium(tmp_path: Path) -> None:
    from mithaq import Contract

    flood = Contract("k", "Desert Gas", "Strait", 900, take_or_pay=1.0, price=100)
    found = solve(example(), [flood], check=False)
    for form in (*FORMS, "out.nc"):
        with pytest.raises(SolveError):
            export(found, tmp_path / form)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("openpyxl.Workbook.save", fail)
    with pytest.raises(OSError, match="full"):
        export(solve(example()), tmp_path / "out.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_and_says_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mithaq.chain.folders import new_folder

    new_folder(tmp_path / "mine")
    target = tmp_path / "result"
    assert (
        run(["market", "--chain", str(tmp_path / "mine"), "--export", str(target), "--json"]) == 0
    )
    data = json.loads(capsys.readouterr().out)
    assert {Path(name).name for name in data["exported"]} == {p.name for p in target.iterdir()}
    prices = pd.read_csv(target / "prices.csv", float_precision="round_trip").set_index("node")[
        "price"
    ]
    assert prices.to_dict() == data["prices"]


def test_the_dictionary_explains_every_column_once() -> None:
    words = dictionary()
    assert not words.duplicated(["table", "column"]).any()
    assert set(words["table"]) == {*COLUMNS, *BY_SLOT}


def test_what_to_know_goes_along(tmp_path: Path) -> None:
    """Gas that is owed beyond what users take makes a price below zero, and the export says so."""
    flood = Add("floors", {"firm": "Desert Gas", "market": "Strait", "quantity": 20})
    answer = solve(example(), [flood])
    assert float(answer.market_prices["Strait"]) < 0
    export(answer, tmp_path / "out")
    kept = read(tmp_path / "out", "run").set_index("key")["value"]
    assert kept["notes"] == str(answer.notes[0])
    assert "floor of Desert Gas 20 bcm/yr" in kept["notes"]
