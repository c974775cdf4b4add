"""The access game: closed forms of sellers behind transit countries, and the command."""

import json

import pandas as pd
import pytest

from mithaq import Chain, games
from mithaq.chain.edits import Add
from mithaq.chain.lines import Line, line_named, planned_lines
from mithaq.cli import run
from mithaq.errors import DataError, ModelError
from mithaq.worth.power import default_players, power

HUB = {
    "name": "Hub",
    "node": "Hub",
    "reference_quantity": 50,
    "reference_price": 50,
    "elasticity": -1,
}  # P = 100 - Q


def chain(pipelines, firms=(("A", "Well", 20.0, 1000.0),), **more):
    """Firms (name, country, unit cost, capacity) that sell at a hub over pipelines."""
    named = {end for line in pipelines for end in (line["from"], line["to"])}
    nodes = sorted(named | {"Hub"} | {country for _, country, _, _ in firms})
    tables = {
        "nodes": pd.DataFrame({"name": nodes}),
        "firms": pd.DataFrame(
            {"name": [f[0] for f in firms], "home": [f[1] for f in firms], "conduct": 0.3}
        ),
        "fields": pd.DataFrame(
            [
                {"name": f"field of {n}", "node": c, "owners": n, "capacity": k, "a": a}
                for n, c, a, k in firms
            ]
        ),
        "pipelines": pd.DataFrame(pipelines),
        "markets": pd.DataFrame([HUB]),
    }
    tables |= {name: pd.DataFrame(rows) for name, rows in more.items()}
    return Chain.from_tables(tables)


def line(tail, head, capacity=1000.0, **more):
    return {"from": tail, "to": head, "capacity": capacity, "transit_fee": 0.0, **more}


def rounded(shares):
    return [round(float(x), 2) for x in shares]


def test_a_monopolist_shares_with_the_country_in_its_way():
    """max (100 - q - 20) q = 1600, whatever conduct the chain gives the firm alone."""
    fee = {"transit_fee": 15.0}
    found = power(chain([line("Well", "Land"), line("Land", "Hub", **fee)]), ["Well", "Land"])
    assert rounded(found.value) == [0, 0, 0, 1600]  # the fee stays in the family
    assert rounded(found.shapley) == rounded(found.nucleolus) == [800, 800]
    assert found.core_nonempty and found.imputations and found.max_violation <= 1e-6
    assert found.kinds == ("exporter", "transit")


def test_of_two_ways_neither_country_is_needed():
    """v(E) = 0 and v(E, any) = 1600: Shapley 2/3, 1/6, 1/6; the core gives E all."""
    ways = [line("Well", t) for t in "TU"] + [line(t, "Hub") for t in "TU"]
    found = power(chain(ways), ["Well", "T", "U"])
    assert rounded(found.shapley) == rounded([1600 * 2 / 3, 1600 / 6, 1600 / 6])
    assert rounded(found.nucleolus) == [1600, 0, 0]
    # {T} and {U} sell nothing, {T, U} neither; {E, T, U} is no other market than {E, T}
    assert found.equilibria <= 5


def test_a_line_of_ones_own_takes_the_power_of_the_country_in_the_way():
    base = chain([line("Well", "Land"), line("Land", "Hub")])
    direct = Line(
        "direct",
        dict.fromkeys(("ar", "en", "fr", "ru"), "direct"),
        (Add("pipelines", {"name": "direct", "from": "Well", "to": "Hub", "capacity": 10}),),
    )
    told = power(base, ["Well", "Land"], line=direct).to_dict()
    # alone over the new line: (100 - 10 - 20) 10 = 700
    assert told["alone"]["Well"] == pytest.approx(700, rel=1e-5)
    assert told["shapley"]["Well"] == pytest.approx(700 + 450, rel=1e-5)
    assert told["change"]["shapley"]["Land"] == pytest.approx(-350, rel=1e-5)
    assert told["with"]["id"] == "direct"


def test_who_has_no_room_for_all_keeps_the_rent_of_its_line():
    found = power(chain([line("Well", "Land", 10.0), line("Land", "Hub")]), ["Well", "Land"])
    assert found.value[3] == pytest.approx(700, rel=1e-5)


def test_two_exporters_each_alone_have_the_market_to_themselves():
    """v(A) = v(B) = 1600 and v(A, B) = 1600: no imputation, and no core."""
    firms = (("A", "a", 20.0, 1000.0), ("B", "b", 20.0, 1000.0))
    lines = [line("a", "Hub"), line("b", "Hub")]
    found = power(chain(lines, firms), ["a", "b"])
    assert rounded(found.value) == [0, 1600, 1600, 1600]
    assert not found.core_nonempty and not found.imputations
    assert rounded(found.nucleolus) == rounded(games.prenucleolus(found.value))
    # where B sells on with conduct 0.3: m = P - 20 = q_A = 0.3 q_B and P = 100 - q_A - q_B
    on = power(chain(lines, firms), ["a", "b"], outsiders=True)
    margin = 80 / (1 + 1 + 1 / 0.3)
    assert on.value[1] == pytest.approx(margin * margin, rel=1e-5)
    assert on.value[3] == pytest.approx(1600, rel=1e-5)


def test_home_supply_is_left_out():
    home = {
        **HUB,
        "name": "Well",
        "node": "Well",
        "regulated_price": 50.0,
        "supplier": "A",
    }
    with_home = chain(
        [line("Well", "Land"), line("Land", "Hub")],
        markets=[{**HUB, "regulated_price": "", "supplier": ""}, home],
    )
    found = power(with_home, ["Well", "Land"])
    assert found.value[1] == 0 and found.value[3] == pytest.approx(1600, rel=1e-5)


def test_a_firm_may_play_without_its_country():
    base = chain([line("Well", "Land"), line("Land", "Hub")])
    found = power(base, ["A", "Land"])
    assert rounded(found.shapley) == [800, 800]


def test_who_cannot_play_is_named():
    base = chain([line("Well", "Land"), line("Land", "Hub")])
    with pytest.raises(DataError, match="'X' is no country.*\n.*'Well' is in it twice"):
        power(base, ["Well", "X", "Well"])
    with pytest.raises(DataError, match="A belongs to two"):
        power(base, ["Well", "A", "Land"])
    with pytest.raises(ModelError, match="2 to 14"):
        power(base, ["Well"])
    with pytest.raises(DataError, match="no planned line"):
        line_named("atlantis-stream")


def test_players_are_the_exporters_and_who_is_paid_for_transit():
    fee = {"transit_fee": 1.0}
    lines = [line("Well", "Land"), line("Land", "Pass"), line("Pass", "Hub", **fee)]
    assert default_players(chain(lines)) == ("Well", "Pass")
    field = Add("fields", {"name": "new", "node": "Land", "owners": "A", "capacity": 1})
    assert default_players(chain(lines), Line("x", {}, (field,))) == ("Well", "Pass")


def test_planned_lines_fit_the_shipped_chain():
    shipped = Chain.shipped(2010)
    for planned in planned_lines():
        assert shipped.with_edits(planned.edits).hash != shipped.hash
        assert set(planned.name) == set(planned.assumptions) == {"ar", "en", "fr", "ru"}
    assert line_named("«Северный поток»").id == "nord-stream"


def test_the_command_tells_what_a_line_changes(capsys, tmp_path):
    asked = ["power", "algeria-russia", "--players", "Russie,Украина", "--with", "nord-stream"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["players"] == ["Russia", "Ukraine"]
    assert sum(told["shapley"].values()) == pytest.approx(told["total"], rel=1e-6)
    assert told["core_nonempty"] is True
    assert told["change"]["shapley"]["Ukraine"] < 0 < told["change"]["shapley"]["Russia"]
    assert run([*asked[:4], "--lang", "ar"]) == 0
    assert "روسيا" in capsys.readouterr().out
    assert run(["power", "algeria-russia", "--players", "Atlantis"]) == 1
    assert run(["power", "algeria-russia", "--with", "nowhere"]) == 1
