"""Chains of others: SciGRID_gas files and a folder that PyPSA 1.4 wrote, both made up and small."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mithaq import Chain, DataError, solve
from mithaq.chain.importing import FORMS, Assumptions, country_names, import_chain
from mithaq.cli import run

DATA = Path(__file__).parent / "data"
A_DAY = 0.365  # bcm a year of a million m3 a day
MW = 8760 / 1e6 / (40 / 3.6)  # bcm a year of a megawatt


@pytest.fixture
def scigrid(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "scigrid", tmp_path / "scigrid"))


@pytest.fixture
def pypsa(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "pypsa", tmp_path / "pypsa"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_imported_is_a_chain_that_solves(form: str, tmp_path: Path) -> None:
    made = import_chain(form, DATA / form, tmp_path / "out")
    chain = Chain.from_folder(tmp_path / "out")
    assert chain.hash == made.chain.hash
    assert solve(chain).certificate.holds
    # Each row says where its figures come from: the source, or an assumption.
    for table in made.to_dict()["tables"]:
        if table != "sources":
            cells = chain.table(table)["source"]
            assert cells.str.contains("SciGRID_gas|PyPSA|assumption").all(), table


def test_scigrid_lines_add_up_by_country_and_way(tmp_path: Path) -> None:
    chain = import_chain("scigrid", DATA / "scigrid", tmp_path / "out").chain
    lines = chain.table("pipelines").set_index("name")["capacity"].to_dict()
    assert lines == pytest.approx(
        {
            "Norway-Germany": 100 * A_DAY,
            "Germany-Austria": 20 * A_DAY,
            "Austria-Germany": 20 * A_DAY,
        }
    )
    places = chain.table("nodes").set_index("name")
    assert places.loc["Germany", "latitude"] == pytest.approx((53.4 + 49.6) / 2)
    fields = chain.table("fields").set_index("node")["capacity"]
    assert fields["Norway"] == pytest.approx(300 * A_DAY)
    markets = chain.table("markets").set_index("name")
    assert markets.loc["Germany", "reference_quantity"] == pytest.approx(120 * A_DAY)
    (store,) = chain.rows("storages")
    assert (store["name"], store["node"], store["working_gas"]) == ("Rehden", "Germany", 4.0)
    assert store["injection"] == pytest.approx(30 * A_DAY)
    assert store["withdrawal"] == pytest.approx(60 * A_DAY)
    (ship,) = chain.rows("routes")
    assert ship["to"] == "Germany"


def test_pypsa_energy_becomes_gas(tmp_path: Path) -> None:
    chain = import_chain("pypsa", DATA / "pypsa", tmp_path / "out").chain
    lines = chain.table("pipelines").set_index("name")
    assert lines["capacity"].to_dict() == pytest.approx(
        {"NO-DE": 60000 * MW, "DE-FR": 20000 * MW, "DE-FR back": 10000 * MW}
    )
    assert lines.loc["NO-DE", "loss"] == pytest.approx(0.02)
    # 1.5 USD/MWh at 11.11 MWh in 1000 m3.
    assert lines.loc["NO-DE", "tariff"] == pytest.approx(1.5 * 40 / 3.6)
    assert tuple(lines.loc["DE-FR back", ["from", "to"]]) == ("FR gas", "DE gas")
    fields = chain.table("fields").set_index("name")
    assert fields.loc["NO field", "capacity"] == pytest.approx(100000 * MW)
    assert fields.loc["NO field", "a"] == pytest.approx(8 * 40 / 3.6)
    # The mean load by the hours that each snapshot stands for.
    mean = (30000 * 1000 + 40000 * 3000 + 50000 * 3000 + 20000 * 1760) / 8760
    markets = chain.table("markets").set_index("sector")["reference_quantity"]
    assert markets.to_dict() == pytest.approx({"industry": mean * MW, "homes": 25000 * MW})
    stores = chain.table("storages").set_index("name")
    assert stores.loc["DE caverns", "working_gas"] == pytest.approx(2e8 / (1e9 * 40 / 3600))
    assert stores.loc["FR cave", "working_gas"] == pytest.approx(720000 / (1e9 * 40 / 3600))


def test_what_was_left_and_assumed_is_told(tmp_path: Path) -> None:
    told = import_chain("scigrid", DATA / "scigrid", tmp_path / "a").to_dict()
    assert "The file TOY_Compressors.csv was not read." in told["left"]
    assert "Lines within a country: 1." in told["left"]
    assert "Rows of TOY_PipeSegments.csv without a capacity above zero: 1." in told["left"]
    assert any("price-taking" in sentence for sentence in told["assumed"])
    told = import_chain("pypsa", DATA / "pypsa", tmp_path / "b").to_dict()
    assert "Links between gas and other carriers: 1." in told["left"]
    assert "Columns of links.csv that were not read: p_nom_extendable." in told["left"]
    assert any("11.11 TWh" in sentence for sentence in told["assumed"])


def test_assumptions_may_be_others(tmp_path: Path) -> None:
    assumed = Assumptions(price=300, elasticity=-0.7, cost=20, lng=150)
    made = import_chain("scigrid", DATA / "scigrid", tmp_path / "out", assumed)
    assert set(made.chain.table("markets")["reference_price"]) == {300.0}
    assert set(made.chain.table("markets")["elasticity"]) == {-0.7}
    assert set(made.chain.table("fields")["a"]) == {20.0, 150.0}
    assert any("300" in s and "-0.7" in s for s in made.to_dict()["assumed"])


def test_without_demand_the_tables_are_there_to_be_filled(scigrid: Path, tmp_path: Path) -> None:
    (scigrid / "TOY_Consumers.csv").unlink()
    made = import_chain("scigrid", scigrid, tmp_path / "out")
    assert any("markets.csv" in sentence for sentence in made.to_dict()["left"])
    assert (tmp_path / "out" / "markets.csv").exists()
    assert len(Chain.from_folder(tmp_path / "out").rows("markets")) == 0


def test_every_mistake_of_the_source_is_told_at_once(scigrid: Path, tmp_path: Path) -> None:
    spoil(
        scigrid / "TOY_PipeSegments.csv", "'max_cap_M_m3_per_d': 60.0", "'max_cap_M_m3_per_d': 'x'"
    )
    spoil(scigrid / "TOY_Productions.csv", "{'max_supply_M_m3_per_d': 300.0}", "{'max_supply")
    spoil(scigrid / "TOY_Storages.csv", ";52.6;", ";north;")
    spoil(scigrid / "TOY_Consumers.csv", "country_code", "country")
    spoil(scigrid / "TOY_LNGs.csv", "15.0", "-15.0")
    with pytest.raises(DataError) as caught:
        import_chain("scigrid", scigrid, tmp_path / "out")
    places = {(p.file, p.row, p.column) for p in caught.value.problems}
    assert places == {
        ("TOY_PipeSegments.csv", 3, "param"),
        ("TOY_Productions.csv", 2, "param"),
        ("TOY_Storages.csv", 2, "lat"),
        ("TOY_Consumers.csv", 1, "country_code"),
        ("TOY_LNGs.csv", 2, "param"),
    }
    assert not (tmp_path / "out").exists()


PYPSA_FAULTS = [
    ("links.csv", "60000.0", "many", (2, "p_nom")),
    ("links.csv", "0.98", "1.5", (2, "efficiency")),
    ("links.csv", "bus1", "to", (1, "bus1")),
    ("generators.csv", ",bus,", ",place,", (1, "bus")),
    ("loads-p_set.csv", "40000.0", "?", (3, "DE industry")),
    ("snapshots.csv", "3,2013-01-01 09:00:00,1760.0,1760.0,1760.0\n", "", (0, "")),
    ("stores.csv", "DE caverns,DE gas,gas,200000000.0", "DE caverns,DE gas", (2, "")),
]


@pytest.mark.parametrize(("file", "old", "new", "place"), PYPSA_FAULTS)
def test_a_mistake_in_a_pypsa_folder(
    file: str, old: str, new: str, place: tuple[int, str], pypsa: Path, tmp_path: Path
) -> None:
    spoil(pypsa / file, old, new)
    with pytest.raises(DataError) as caught:
        import_chain("pypsa", pypsa, tmp_path / "out")
    assert [(p.file, (p.row, p.column)) for p in caught.value.problems] == [(file, place)]
    assert not (tmp_path / "out").exists()


def test_a_folder_without_gas_is_refused(pypsa: Path, scigrid: Path, tmp_path: Path) -> None:
    path = pypsa / "buses.csv"
    path.write_text(path.read_text("utf-8").replace(",gas,", ",AC,"), encoding="utf-8")
    with pytest.raises(DataError, match="no bus has a carrier that is gas"):
        import_chain("pypsa", pypsa, tmp_path / "out")
    (scigrid / "TOY_PipeSegments.csv").unlink()
    with pytest.raises(DataError, match="PipeSegments"):
        import_chain("scigrid", scigrid, tmp_path / "out")
    with pytest.raises(DataError, match="known: scigrid, pypsa"):
        import_chain("gaslib", scigrid, tmp_path / "out")
    with pytest.raises(DataError, match="there is no such folder"):
        import_chain("pypsa", tmp_path / "nowhere", tmp_path / "out")


def test_countries_of_the_codes_are_those_of_the_map() -> None:
    names = country_names()
    assert names["DE"] == "Germany" and names["TR"] == "Turkey" and names["DZ"] == "Algeria"
    assert all(len(code) == 2 and code.isupper() for code in names)


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
def test_the_command_says_it_in_every_language(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(DATA / "pypsa")
    where = str(tmp_path / "out")
    assert run(["chain", "import", "--from", "pypsa", source, where, "--lang", lang]) == 0
    assert "links.csv" in capsys.readouterr().out
    assert run(["chain", "import", "--from", "pypsa", source, where, "--json"]) == 1
    assert "not empty" in capsys.readouterr().err
    target = str(tmp_path / "other")
    assert run(["chain", "import", "--from", "pypsa", source, target, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"]["pipelines"] == 3
