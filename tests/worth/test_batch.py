"""Batches: same results wherever they run, one item fails alone, order kept."""

import importlib
import operator
import os
import subprocess
import sys
import time

import pytest

import mithaq
from mithaq.chain import scenario_hash
from mithaq.errors import BatchError, DataError, MithaqError, ModelError
from mithaq.worth.batch import batch, content_key, sweep
from tests.worth.toy import chain


@pytest.mark.parametrize("on", ["here", "processes"])
def test_results_are_keyed_and_in_the_order_of_the_items(on):
    items = {f"item {i}": i for i in (5, 3, 9, 1, 7, 2)}
    found = batch(operator.mul, items, shared=10, on=on, workers=3).checked()
    assert list(found.items()) == [(key, 10 * i) for key, i in items.items()]


def test_identical_items_are_done_once():
    done = []
    result = batch(lambda shared, item: done.append(item), [3, 4, 3, 3, 4])
    assert done == [3, 4]
    assert list(result.results) == [content_key(3), content_key(4)]


@pytest.mark.parametrize("on", ["here", "processes"])
def test_an_item_fails_alone(on):
    result = batch(operator.truediv, {"a": 1, "b": 0, "c": 2}, shared=4, on=on, workers=2)
    assert result.results == {"a": 4, "c": 2}
    assert isinstance(result.failures["b"], ZeroDivisionError)
    with pytest.raises(BatchError, match="1 items? failed"):
        result.checked()


def module(name, text, folder, monkeypatch):
    """Import a new module that the processes can import too."""
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    return importlib.import_module(name)


@pytest.mark.slow
def test_a_process_that_dies_fails_its_item_only(tmp_path, monkeypatch):
    text = (
        "import os\n"
        "def task(killers, item):\n"
        "    return os._exit(1) if item in killers else -item\n"
    )
    task = module("mortal", text, tmp_path, monkeypatch).task
    items = {f"item {i}": i for i in range(8)}
    result = batch(task, items, shared=(2, 6), on="processes", workers=2)
    assert list(result.results.items()) == [(k, -i) for k, i in items.items() if i not in (2, 6)]
    assert list(result.failures) == ["item 2", "item 6"]
    assert all("died" in str(error) for error in result.failures.values())


def test_an_error_that_does_not_pickle_comes_back_as_its_text(tmp_path, monkeypatch):
    text = (
        "class Odd(Exception):\n"
        "    def __init__(self, one, two):\n"
        "        super().__init__(f'{one} and {two}')\n"
        "def task(shared, item):\n"
        "    raise Odd(shared, item)\n"
    )
    task = module("oddly", text, tmp_path, monkeypatch).task
    result = batch(task, {"a": 1, "b": 2}, shared=0, on="processes", workers=2)
    assert {key: str(error) for key, error in result.failures.items()} == {
        "a": "Odd: 0 and 1",
        "b": "Odd: 0 and 2",
    }
    assert all(type(error) is MithaqError for error in result.failures.values())


def test_shared_is_sent_once_to_each_process(tmp_path, monkeypatch):
    text = (
        "import os\n"
        "class Shared:\n"
        "    def __setstate__(self, state):\n"
        "        self.came = state['came'] + 1\n"
        "def task(shared, item):\n"
        "    shared.came += 10\n"
        "    return os.getpid(), shared.came\n"
    )
    made = module("sharing", text, tmp_path, monkeypatch)
    shared = made.Shared()
    shared.came = 0
    found = batch(made.task, range(12), shared=shared, on="processes", workers=2).checked()
    by_process = {}
    for process, came in found.values():
        by_process.setdefault(process, []).append(came)
    assert os.getpid() not in by_process
    for counts in by_process.values():
        assert counts == [1 + 10 * (n + 1) for n in range(len(counts))]


@pytest.mark.slow
def test_a_plain_script_without_a_guard_leaves_nothing_behind(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(
        "from operator import add\n"
        "from mithaq.worth.batch import batch\n"
        "print(batch(add, range(20), shared=1, on='processes', workers=2).checked().values())\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert done.stdout == f"dict_values({list(range(1, 21))})\n"
    assert done.stderr == ""


def test_what_interrupts_a_batch_ends_its_processes(tmp_path, monkeypatch):
    text = "import time\ndef task(shared, item):\n    time.sleep(item)\n"
    task = module("sleepy", text, tmp_path, monkeypatch).task

    def stop(done, total):
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        batch(task, [0, 60, 61], on="processes", workers=2, progress=stop)
    assert time.monotonic() - start < 30


@pytest.mark.slow
def test_the_processes_end_when_the_calling_one_is_killed(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(
        "import os, signal\n"
        "from mithaq.worth.batch import batch\n"
        "def end(done, total):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "batch(max, range(4), shared=0, on='processes', workers=2, progress=end)\n"
    )
    # The pipe is at its end when every process that inherited it has gone.
    done = subprocess.run(
        [sys.executable, str(script)],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert done.returncode != 0


@pytest.mark.parametrize("on", ["here", "processes"])
def test_progress_rises_to_the_total_in_the_calling_thread(on):
    told = []
    batch(
        operator.add,
        range(30),
        shared=0,
        on=on,
        workers=2,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (30, 30)
    assert told == sorted(told)


def test_an_empty_batch_and_an_unknown_place():
    assert batch(operator.add, []).checked() == {}
    with pytest.raises(ModelError, match="runs 'here', in 'processes'"):
        batch(operator.add, [1], shared=1, on="moon")


# Sweeps of scenarios


def costs(chain, *levels):
    return [[mithaq.Change("fields", "field of A", "a", level)] for level in levels]


@pytest.mark.parametrize("on", ["here", "gpu"])
def test_a_sweep_gives_a_row_for_each_scenario(on, tmp_path):
    if on == "gpu":
        pytest.importorskip("torch", reason="needs the extra gpu")
    duopoly = chain()
    scenarios = [*costs(duopoly, 20, 26, 32, 20), [mithaq.Change("fields", "no field", "a", 1)]]
    found = sweep(duopoly, scenarios, on=on, store=tmp_path / "s")
    rows = list(found.results.values())
    # P = 100 - Q and unit costs a and 20: P = (100 + a + 20) / 3, profit (P - cost)^2.
    assert [row["price in Hub"] for row in rows] == pytest.approx([140 / 3, 146 / 3, 152 / 3])
    profits = [(p - a) ** 2 for p, a in ((140 / 3, 20), (146 / 3, 26), (152 / 3, 32))]
    assert [row["payoff of A"] for row in rows] == pytest.approx(profits, rel=1e-6)
    assert all(row["violation"] < 1e-6 for row in rows)
    assert "no row 'no field'" in str(*found.failures.values())
    assert list(found.results) == [scenario_hash(duopoly.hash, edits) for edits in scenarios[:3]]


def test_a_store_does_not_mix_what_was_solved_together_with_what_was_not(tmp_path):
    pytest.importorskip("torch", reason="needs the extra gpu")
    sweep(chain(), costs(chain(), 20, 26), on="gpu", store=tmp_path / "s")
    with pytest.raises(DataError, match="batched was True, and is False"):
        sweep(chain(), costs(chain(), 20, 26, 32), store=tmp_path / "s")
