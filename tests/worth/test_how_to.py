"""The page on an agreement of one's own: its files make a case, and its commands run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mithaq
from mithaq.cli import run

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "value-an-agreement-of-your-own.md"


def blocks():
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder that the page writes, with none of its questions asked."""
    place = tmp_path_factory.mktemp("own")
    script = "set -e\nmithaq() { :; }\n" + "\n".join(blocks())
    subprocess.run(["bash", "-c", script], cwd=place, check=True)
    return place / "dunes"


def asked(capsys, *words):
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_case_with_a_chain_of_its_own_needs_no_observed_trade(folder, capsys):
    data = asked(capsys, "market", str(folder))
    assert data["status"] == "solved" and "fit" not in data


def test_a_scenario_of_any_record_has_a_worth(folder, capsys):
    data = asked(capsys, "worth", str(folder), "pact-2030")
    assert data["scenario"] == "both-ways" and set(data["parties"]) >= {"Dune Gas", "Fjord Gas"}
    for party in data["parties"].values():
        assert sum(party["legs"].values()) == pytest.approx(party["worth"], abs=0.01)
    assert [t["term"] for t in data["thresholds"]] == ["joint.strength"] * 2
    # What an end after a year leaves: the gain of that year, and the entry payment kept.
    whole = data["parties"]["Dune Gas"]["worth"]
    a_year = 400 * 0.1 / (1 - 1.1**-20)
    ended = data["early_end"][0]["parties"]["Dune Gas"]["ended"]
    assert ended == pytest.approx((whole - a_year) / 1.1 + 400, abs=0.01)


def test_the_order_of_rows_changes_nothing(folder, tmp_path):
    other = tmp_path / "other"
    subprocess.run(["cp", "-r", str(folder), str(other)], check=True)
    for path in (other / "chain").glob("*.csv"):
        head, *rows = path.read_text().splitlines()
        path.write_text("\n".join([head, *reversed(rows)]) + "\n")
    members = ["Dune Gas", "Fjord Gas", "Third Gas"]
    one, two = (mithaq.load(place).forum(members, 0.5).to_dict() for place in (folder, other))
    assert one == two


def test_a_chain_alone_has_a_forum_and_network_power(folder, capsys):
    chain = str(folder / "chain")
    members = ["--members", "Dune Gas,Fjord Gas", "--strength", "0.5"]
    alone = asked(capsys, "forum", "--chain", chain, *members)
    assert alone == asked(capsys, "forum", str(folder), *members)
    in_arabic = ["--members", "غاز الكثبان", "--members", "Берсия", "--strength", "0.5"]
    named = asked(capsys, "forum", str(folder), "--chain", chain, *in_arabic)
    assert named["coalitions"][0]["gain"] == alone["coalitions"][0]["gain"]
    found = asked(capsys, "power", "--chain", chain)
    assert found == asked(capsys, "power", str(folder))
    draws = ["--draws", "4", "--store", str(folder / "unmade")]
    assert run(["forum", "--chain", chain, *members, *draws]) == 1
    assert "at least 8 draws" in capsys.readouterr().err and not (folder / "unmade").exists()
    assert run(["forum", "--chain", chain]) == 1
    assert "name the members" in capsys.readouterr().err
    assert run(["forum", "--chain", str(folder / "nowhere"), *members]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_a_report_shows_no_map_of_places_that_are_on_none(folder, tmp_path):
    assert run(["report", str(folder), "--out", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert 'id="worth"' in page and "Natural Earth" not in page
    assert "Exports into Europe" not in page  # where no trade was observed


@pytest.mark.slow
def test_the_menu_lists_no_deal_twice_and_prints_plain_terms(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    menu = asked(capsys, "bargain", str(folder), "pact-2030")["menu"]
    assert [d["transfer"] for d in menu if d["legs"] == ["transport"]] == ["none"]
    assert run(["bargain", str(folder), "pact-2030"]) == 0
    told = capsys.readouterr().out
    assert "Swap: ratio 1.75 " in told and "ratio 1.75 ratio" not in told


@pytest.mark.slow
def test_every_command_of_the_page_runs(tmp_path):
    head = f'set -e -o pipefail\nmithaq() {{ "{sys.executable}" -m mithaq "$@"; }}\n'
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "MITHAQ_LANG": "en"}
    done = subprocess.run(
        ["bash", "-c", head + "\n".join(blocks())],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dunes.html").stat().st_size > 10_000
