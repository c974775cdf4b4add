"""A chain of one's own: begun, written, checked, shown, solved."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq import Chain, DataError, solve
from mithaq.chain import table_names, table_schema
from mithaq.chain.folders import cell, chain_at, example, new_folder, write_folder
from mithaq.chain.schema import Attribute
from mithaq.cli import run
from tests.chain.folders import TABLES, fill, write

Asked = Callable[..., Any]


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Asked:
    """What a command prints as JSON, after checking its exit status."""

    def ask(*arguments: str, status: int = 0) -> Any:
        assert run([*arguments, "--json"]) == status
        return json.loads(capsys.readouterr().out)

    return ask


def test_a_new_folder_reads_back_and_solves(tmp_path: Path) -> None:
    made = new_folder(tmp_path / "mine")
    assert {path.name for path in made} == {f"{t}.csv" for t in table_names()} | {"README.md"}
    chain = Chain.from_folder(tmp_path / "mine")
    assert chain.hash == example().hash
    found = solve(chain)
    assert found.certificate.holds
    # The example shows what it should: a full pipeline, and LNG beside it.
    flows = found.flows.set_index("name")
    assert flows.loc["Strait-North", "rent"] > 1 or flows.loc["South-Strait", "rent"] > 1
    assert flows.loc["Dune LNG", "bcm"] > 1


def test_a_new_folder_names_every_column_in_files_and_readme(tmp_path: Path) -> None:
    new_folder(tmp_path)
    readme = (tmp_path / "README.md").read_text("utf-8")
    for table in table_names():
        with (tmp_path / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream))
        assert header == list(table_schema(table).attributes)
        section = readme.partition(f"## {table}.csv")[2].partition("\n## ")[0]
        assert [c for c in header if f"\n| {c} |" not in section] == []


@pytest.mark.parametrize("hindrance", ["full", "file"])
def test_nothing_is_written_over(tmp_path: Path, hindrance: str) -> None:
    target = tmp_path / "x"
    if hindrance == "file":
        target.write_text("mine", encoding="utf-8")
    else:
        fill(target)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match=r"not empty|is a file"):
        new_folder(target)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_written_reads_back_to_the_same_chain(tmp_path: Path, whole: bool) -> None:
    chains = [Chain.from_folder(fill(tmp_path / "toy")), Chain.shipped()]
    for place, chain in enumerate(chains):
        write_folder(chain, tmp_path / str(place), every_table=whole)
        again = Chain.from_folder(tmp_path / str(place))
        assert again.hash == chain.hash
        assert again.table("calibrations").equals(chain.table("calibrations"))
        assert list(again.table("fields")["source"]) == list(chain.table("fields")["source"])


NUMBERS = [
    attribute
    for table in table_names()
    for attribute in table_schema(table).attributes.values()
    if attribute.numeric and not attribute.minimum and not attribute.maximum
]


@given(st.sampled_from(NUMBERS), st.one_of(st.floats(-1e12, -1e-12), st.floats(1e-12, 1e12)))
def test_every_number_survives_its_cell(attribute: Attribute, value: float) -> None:
    assert attribute.parse(cell(attribute, value)) == value


def test_a_year_or_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chain_at("2010").hash == Chain.shipped(2010).hash
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "2010")
    assert chain_at("2010").hash == Chain.from_folder(tmp_path / "2010").hash
    with pytest.raises(DataError, match="1950"):
        chain_at("1950")


def test_new_then_check_then_show_then_market(asked: Asked, tmp_path: Path) -> None:
    mine = str(tmp_path / "mine")
    assert len(asked("chain", "new", mine)["files"]) == len(table_names()) + 1
    checked = asked("chain", "check", mine)
    assert (checked["problems"], checked["status"]) == ([], "solved")
    assert checked["tables"]["markets"] == 3 and "swaps" not in checked["tables"]
    assert asked("chain", "show", mine)["tables"] == checked["tables"]
    shown = asked("chain", "show", mine, "pipelines")
    assert [row["name"] for row in shown["rows"]] == ["South-Strait", "Strait-North"]
    assert shown["units"]["capacity"] == "bcm/yr" and "access" not in shown["units"]
    found = asked("market", "--chain", mine)
    assert found["chain"] == checked["chain"] and found["fit"]["year"] == 2010
    assert set(found["prices"]) == {"North", "Strait"}


def test_a_chain_without_observed_trade_has_no_fit(asked: Asked, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    new_folder(folder)
    (folder / "observed.csv").unlink()
    found = asked("market", "--chain", str(folder))
    assert found["status"] == "solved" and "fit" not in found
    assert run(["market", "--chain", str(folder)]) == 0


def test_a_case_may_name_what_a_chain_of_ones_own_holds(asked: Asked, tmp_path: Path) -> None:
    mine = str(tmp_path / "mine")
    asked("chain", "new", mine)
    assert set(asked("market", "algeria-russia", "--chain", mine)["prices"]) == {"North", "Strait"}


def test_check_lists_every_mistake_with_its_place(asked: Asked, tmp_path: Path) -> None:
    folder = fill(tmp_path / "mine")
    write(folder, "markets", [TABLES["markets"][0] | {"elasticity": "0.5"}, TABLES["markets"][1]])
    write(folder, "fields", [TABLES["fields"][0] | {"node": "Suoth"}, TABLES["fields"][1]])
    found = asked("chain", "check", str(folder), status=1)
    places = {(p["file"], p["row"], p["column"]) for p in found["problems"]}
    assert places == {("markets.csv", 2, "elasticity"), ("fields.csv", 2, "node")}
    assert any("South" in problem["hint"] for problem in found["problems"])
    assert found["status"] is None and found["chain"] is None


def test_check_says_why_a_sound_chain_has_no_equilibrium(
    asked: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    new_folder(folder)
    path = folder / "contracts.csv"
    path.write_text(path.read_text("utf-8").replace(",10,0.8,", ",1000,0.8,"), encoding="utf-8")
    found = asked("chain", "check", str(folder), status=3)
    assert found["status"] == "infeasible"
    assert any("old contract" in reason for reason in found["reasons"])
    assert run(["chain", "check", str(folder)]) == 3
    assert "old contract" in capsys.readouterr().out


def test_check_of_what_the_model_refuses(asked: Asked, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    new_folder(folder)
    rows = [
        {"firm": a, "other": b, "weight": "1"}
        for a, b in (("Desert Gas", "Fjord Gas"), ("Fjord Gas", "Desert Gas"))
    ]
    write(folder, "weights", rows)
    fjord = "Fjord Gas,North,0.5"
    firms = (folder / "firms.csv").read_text("utf-8").replace(fjord, "Fjord Gas,North,0")
    firms = firms.replace("Desert Gas,South,,", "Desert Gas,South,0,")
    (folder / "firms.csv").write_text(firms, encoding="utf-8")
    found = asked("chain", "check", str(folder), status=3)
    assert found["status"] == "refused"
    assert "Desert Gas" in found["explanation"]


def test_show_of_a_table_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chain", "show", "2010", "feilds"]) == 1
    assert "did you mean 'fields'" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
def test_the_tables_print_in_every_language(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_folder(tmp_path / "mine")
    for arguments in (
        ["chain", "check", str(tmp_path / "mine")],
        ["chain", "show", str(tmp_path / "mine"), "markets"],
        ["market", "--chain", str(tmp_path / "mine")],
    ):
        assert run([*arguments, "--lang", lang]) == 0
        assert capsys.readouterr().out.strip()
