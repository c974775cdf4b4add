"""Forum, power and draws that are kept: killed and run again, they end as if undisturbed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mithaq.errors import DataError, ModelError
from mithaq.worth.forum import forum
from mithaq.worth.plan import World
from mithaq.worth.power import power
from mithaq.worth.uncertain import part, uncertain_of
from tests.worth.test_forum import hub
from tests.worth.test_power import chain as ways
from tests.worth.test_power import line
from tests.worth.toy import chain, island_search, marketing, scenario

ROOT = Path(__file__).parents[2]
NAMES = ["A", "B", "C", "D"]


def pact():
    return scenario(
        marketing(0.5, 0.3, 0.7), island_search(probability=(0.5, 0.1, 0.9), discovery=(30.0, 10.0))
    )


def ask_forum(store):
    return forum(hub(NAMES), NAMES, strength=0.5, floors=True, store=store).to_dict()


def ask_power(store):
    return power(
        ways([line("Well", "Land"), line("Land", "Hub")]), ["Well", "Land"], store=store
    ).to_dict()


def ask_draws(store):
    return uncertain_of(pact(), chain(), draws=48, legs=True, store=store).to_dict()


QUESTIONS = {"forum": ask_forum, "power": ask_power, "draws": ask_draws}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_that_is_kept_is_that_of_one_that_is_not(question, tmp_path, monkeypatch):
    ask = QUESTIONS[question]
    first = ask(tmp_path / "s")
    assert first == ask(None)
    # A second run solves no coalition and no draw: the task is not asked for anything.
    for module in ("forum._reach", "power._earned", "uncertain._draw"):
        room, task = module.split(".")
        known = sys.modules[f"mithaq.worth.{room}"]
        kept = getattr(known, task)

        def never(shared, item):
            raise AssertionError("solved again")

        never.__module__, never.__qualname__ = kept.__module__, kept.__qualname__
        monkeypatch.setattr(known, task, never)
    assert ask(tmp_path / "s") == first


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_run_that_was_killed_is_taken_up(tmp_path):
    """A process of its own, killed by the system while it draws; then the same question again."""
    store = tmp_path / "s"
    program = "import sys; from tests.worth.test_kept import ask_draws; ask_draws(sys.argv[1])"
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(store)],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=ROOT,
    )
    journal, end = store / "_journal.jsonl", time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 5):
        assert running.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert 5 <= journal.read_bytes().count(b"\n") < 48
    assert not list(store.glob("part-*.parquet"))
    assert ask_draws(store) == ask_draws(tmp_path / "whole")
    name = "part-000000.parquet"
    assert (store / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_store_is_for_one_question(tmp_path):
    ask_forum(tmp_path / "s")
    with pytest.raises(DataError, match="shared was"):
        forum(hub(NAMES), NAMES, strength=0.6, store=tmp_path / "s")
    ask_draws(tmp_path / "d")
    with pytest.raises(DataError, match="shared was"):
        uncertain_of(pact(), chain(), draws=8, world=World(entry=True), store=tmp_path / "d")
    cell = {
        "calibration": "dear",
        "table": "fields",
        "row": "field of A",
        "column": "a",
        "value": "21",
    }
    for value in ("21", "22"):  # the chain as it stands is the same, and so is its hash
        rows = ({**cell, "value": value, "source": "", "note": ""},)
        told = chain().with_rows({"calibrations": rows})
        if value == "21":
            uncertain_of(pact(), told, draws=8, store=tmp_path / "c")
            continue
        with pytest.raises(DataError, match="shared was"):
            uncertain_of(pact(), told, draws=8, store=tmp_path / "c")


# Parts by themselves


def test_parts_by_themselves_in_the_same_draws():
    found = uncertain_of(
        pact(), chain(), draws=8, legs=True, alone=["marketing", "search", "together.strength=0.7"]
    )
    assert (found.alone["marketing"] == found.legs[:, 0]).all()
    assert (found.alone["search"] == found.legs[:, 1]).all()
    # Two Cournot sellers (P = 100 - Q, cost 20): at strength k each sells 80 / (3 + k).
    q = 80 / 3.7
    gain = (80 - 2 * q) * q - (80 / 3) ** 2
    assert found.alone["together.strength=0.7"][:, 0] == pytest.approx(gain, rel=1e-5)
    joint = found.together(alone="together.strength=0.7")
    assert joint.draws == pytest.approx(2 * gain, rel=1e-5) and joint.gain == 1
    told = found.to_dict()
    assert told["alone"]["search"]["together"]["firms"]["p50"] == pytest.approx(
        float(found.together(alone="search").quantile(0.5)), abs=1e-3
    )


def test_others_with_less_to_sell_leave_more_to_two_who_sell_together():
    """Three sellers of 20 each; the third can lift 20 more only as long as it has the capacity."""
    market = chain(firms=("A", "B", "C"))
    alike = scenario(marketing(0.5, 0.3, 0.7))
    free, tight = (uncertain_of(alike, market, draws=8, spare=x) for x in (1.0, 1e-6))
    assert (tight.together().draws > free.together().draws + 1).all()
    with pytest.raises(ModelError, match="multiplied"):
        uncertain_of(alike, market, draws=8, spare=0.0)


def test_a_part_is_a_leg_a_right_or_a_right_with_a_term_held():
    assert part(pact(), "exploration").rights == ("search",)
    held = part(pact(), "search.probability=0.2")
    assert (held.rights, held.settings) == (("search",), (("search.probability", 0.2),))
    for name in ("searches", "search.volume=2", "search.probability=much", "=2"):
        with pytest.raises(DataError):
            part(pact(), name)
    for name in ("search.probability=1.2", "search.probability=nan", "search.probability=-0.1"):
        with pytest.raises(ModelError, match="between 0 and 1"):
            part(pact(), name)
