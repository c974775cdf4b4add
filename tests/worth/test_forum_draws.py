"""The forum over draws: closed forms of symmetric Cournot sellers, and what is kept."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from mithaq.cli import run
from mithaq.errors import DataError, ModelError
from mithaq.worth.forum import forum
from mithaq.worth.forum_draws import forum_draws
from mithaq.worth.sway import sway
from mithaq.worth.uncertain import Input, market_inputs
from tests.worth.test_forum import hub, profit
from tests.worth.toy import marketing, scenario

#: P = 100 - Q / x: what everybody earns rises with the factor of demand.
DEMAND = Input("demand", 0.8, 1.2, "ratio")
COSTS = Input("field_costs", 0.9, 1.1, "ratio")


def test_three_who_merge_gain_in_every_draw_and_would_leave_in_every_one():
    firms = ["A", "B", "C"]
    found = forum_draws(hub(firms), firms, [DEMAND], draws=8, every=True)
    factor = 0.8 + 0.4 * found.points[:, 0]
    assert np.ptp(factor) > 0.2
    assert found.figures["gain"] == pytest.approx(factor * (profit(1) - 3 * profit(3)), rel=1e-5)
    missing = factor * (3 * profit(2) - profit(1))
    assert found.figures["missing"] == pytest.approx(missing, rel=1e-5)
    assert (found.figures["outsiders"] == 0).all() and (found.figures["consumers"] < 0).all()
    # Salant and others (1983): of three neither all nor two hold together.
    assert found.held_by_transfers == 0 and found.largest_stable() == [((), 1.0)]
    assert found.gains is None and found.stays is None  # at strength 1 no split is the only one
    told = found.to_dict()
    assert told["together"]["gain"]["probability_of_gain"] == 1
    assert told["sizes"] == [
        {"members": 2, "largest": 0.0, "held": 0.0},
        {"members": 3, "largest": 0.0, "held": 0.0},
    ]


def test_two_who_merge_hold_in_every_draw():
    found = forum_draws(hub(["A", "B"]), ["A", "B"], [DEMAND, COSTS], draws=8, every=True)
    assert found.held_by_transfers == 1 and found.largest_stable() == [(("A", "B"), 1.0)]
    assert (found.figures["missing"] < 0).all()


def test_a_draw_is_the_forum_of_its_market():
    """What a draw tells, with and without every coalition, is what the forum of that chain does."""
    firms, chain = ["A", "B", "C"], hub(["A", "B", "C", "D"])
    asked = {"draws": 8, "strength": 0.5, "floors": True}
    few = forum_draws(chain, firms, [COSTS], **asked)
    every = forum_draws(chain, firms, [COSTS], every=True, **asked)
    for name, values in few.figures.items():
        assert (values == every.figures[name]).all()
    assert few.equilibria == every.equilibria == 8 * 5  # of three there are no others
    factor = 0.9 + 0.2 * few.points[0, 0]
    fields = [{**row, "a": row["a"] * factor} for row in chain.rows("fields")]
    whole = forum(chain.with_rows({"fields": fields}), firms, strength=0.5, floors=True)
    assert few.figures["gain"][0] == pytest.approx(whole.of(*firms).gain, abs=1e-6)
    assert few.gains is not None
    for member, gain in whole.of(*firms).gains.items():
        assert few.gains[member][0] == pytest.approx(gain, abs=1e-6)
    assert every.largest is not None and every.largest[0] == whole.largest_stable
    with pytest.raises(ModelError, match="every"):
        few.largest_stable()


def test_members_that_meet_nowhere_are_no_forum():
    chain = hub(["A", "B"])
    apart = [{**row} for row in chain.rows("markets")]
    apart.append({**apart[0], "name": "Other"})
    conduct = [
        {"firm": "A", "market": "Hub", "theta": float("nan"), "adder": 0.0, "may_sell": False},
        {"firm": "B", "market": "Other", "theta": float("nan"), "adder": 0.0, "may_sell": False},
    ]
    rows = tuple({"source": "", "note": "", **row} for row in conduct)
    two = chain.with_rows({"markets": tuple(apart), "conduct": rows})
    found = forum_draws(two, ["A", "B"], [DEMAND], draws=8, every=True)
    assert found.held_by_transfers == 1 and (found.figures["gain"] == 0).all()
    assert found.largest_stable() == [((), 1.0)] and found.held == {2: pytest.approx(np.zeros(8))}


def test_others_with_less_to_sell_leave_more_to_the_forum():
    chain = hub(["A", "B", "C"])
    free, tight = (forum_draws(chain, ["A", "B"], [DEMAND], draws=8, spare=x) for x in (1.0, 1e-6))
    assert (tight.figures["gain"] > free.figures["gain"]).all()


def test_inputs_are_those_of_the_market_alone():
    chain = hub(["A", "B"])
    assert market_inputs(scenario(marketing(0.5, 0.3, 0.7)), chain) == ()
    cell = {"table": "fields", "row": "A", "column": "a", "value": "21", "source": "", "note": ""}
    rows = tuple({"calibration": name, **cell} for name in ("dear", "dearer"))
    told = chain.with_rows({"calibrations": rows})
    (only,) = market_inputs(None, told)
    assert only.choices == ("dear", "dearer")
    found = forum_draws(told, ["A", "B"], [only], draws=8)
    assert found.spread("gain").gain == 1


def test_what_is_kept_is_not_solved_again(tmp_path, monkeypatch):
    firms, chain = ["A", "B", "C"], hub(["A", "B", "C"])

    def ask(store):
        drawn = forum_draws(chain, firms, [DEMAND], draws=8, every=True, store=store / "d")
        moved = sway(chain, firms, strength=0.5, store=store / "m")
        return drawn.to_dict(), [one.to_dict() for one in moved]

    first = ask(tmp_path)
    assert first[1] == [one.to_dict() for one in sway(chain, firms, strength=0.5)]

    def never(*_args, **_how):
        raise AssertionError("solved again")

    for module in ("forum_draws", "sway"):
        monkeypatch.setattr(sys.modules[f"mithaq.worth.{module}"], "reach", never)
    assert ask(tmp_path) == first
    with pytest.raises(DataError, match="shared was"):
        forum_draws(chain, firms, [DEMAND], draws=8, store=tmp_path / "d")


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"draws": 7}, "at least 8"),
        ({"inputs": []}, "no input"),
        ({"strength": 0.0}, "strength"),
        ({"spare": 0.0}, "multiplied"),
        ({"members": ["A"]}, "2 to 16"),
    ],
)
def test_what_cannot_be_drawn_is_refused(how, word):
    asked = {"members": ["A", "B"], "inputs": [DEMAND], "draws": 8, **how}
    with pytest.raises(ModelError, match=word):
        forum_draws(hub(["A", "B"]), **asked)


def test_the_command_draws_and_keeps(tmp_path, capsys):
    """In a folder beside the coalitions, which whoever reads these as a data set does not see."""
    asked = ["forum", "algeria-russia", "--members", "Gazprom,Sonatrach", "--strength", "0.5"]
    asked += ["--draws", "8", "--store", str(tmp_path / "kept")]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    drawn = told["draws"]
    assert drawn["draws"] == 8 and drawn["equilibria"] == 16
    assert drawn["together"]["outsiders"]["probability_of_gain"] == 1
    assert {item["id"] for item in drawn["inputs"]} >= {"demand", "conduct", "calibration"}
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    assert {"_draws", "part-000000.parquet"} <= names
    assert pd.read_parquet(tmp_path / "kept")["key"].tolist() == ["0", "3"]
    assert run([*asked, "--lang", "ar"]) == 0
    assert "وجميع المدخلات غير مؤكدة" in capsys.readouterr().out
