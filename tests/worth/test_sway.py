"""How a forum's answer moves: closed forms of symmetric Cournot sellers, and the command."""

import json

import pytest

from mithaq.cli import run
from mithaq.errors import ModelError
from mithaq.worth.sway import sway
from tests.worth.test_forum import hub, profit


def by(found, what, value=""):
    (one,) = [item for item in found if (item.setting.what, item.setting.value) == (what, value)]
    return one


def test_strength_moves_the_gain_of_all_as_the_closed_form_says():
    """At strength k all n sell q = 80 / (n + 1 + k (n - 1)) each."""
    n, firms = 3, ["A", "B", "C"]
    found = sway(hub(firms), firms)
    for item in found:
        if item.setting.what in ("", "strength"):
            q = 80 / (n + 1 + item.setting.strength * (n - 1))
            assert item.gain == pytest.approx(n * ((80 - n * q) * q - profit(n)), rel=1e-4)
            assert item.consumers < 0 and item.outsiders == 0
    # of three who merge each earns more as the leaver of two: 1600 / 3 against 6400 / 9
    whole = by(found, "")
    assert not whole.held_by_transfers and whole.transfers is None and whole.stays is None
    weak = by(found, "strength", "0.5")
    assert weak.stays is False and min(weak.leaving.values()) > 0


def test_two_who_merge_hold_and_no_transfer_is_needed():
    found = by(sway(hub(["A", "B"]), ["A", "B"], strength=0.5), "")
    assert found.stays and found.held_by_transfers and found.transfers == 0
    assert found.leaving == pytest.approx(dict.fromkeys("AB", -found.gain / 2), rel=1e-4)


def test_members_short_of_gas_gain_nothing_by_holding_back():
    """With capacity just what is lifted the others cannot fill the gap: outsiders gain less."""
    firms = ["A", "B", "C"]
    found = sway(hub(firms), ["A", "B"])
    assert by(found, "spare", "0.75").gain == pytest.approx(by(found, "").gain, rel=1e-4)
    tight = hub(firms).with_edits([])
    rows = [
        {**row, "capacity": 20.0} if row["name"] == "C" else dict(row)
        for row in tight.rows("fields")
    ]
    short = by(sway(tight.with_rows({"fields": rows}), ["A", "B"]), "")
    assert short.gain > by(found, "").gain  # two of three gain once the third cannot step in


def test_floors_are_switched():
    found = sway(hub(["A", "B"]), ["A", "B"])
    kept = 0.75 * 2 * 80 / 3
    assert by(found, "floors", "with").gain == pytest.approx(
        (80 - kept) * kept - 2 * profit(2), rel=1e-4
    )
    with pytest.raises(ModelError, match="at least 2"):
        sway(hub(["A", "B"]), ["A"])


@pytest.mark.slow
def test_the_command_tells_how_the_answer_moves(capsys):
    asked = ["forum", "algeria-russia", "--members", "Gazprom,Sonatrach", "--moves"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    kinds = {item["what"] for item in told["moves"]}
    assert {"strength", "floors", "entry", "conduct", "capacity", "spare", "calibration"} <= kinds
    assert all(item["consumers"] < 0 for item in told["moves"])
