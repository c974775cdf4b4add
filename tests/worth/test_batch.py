"""Batches: same results wherever they run, one item fails alone, order kept."""

import importlib
import operator
import os
import subprocess
import sys

import pytest

from mithaq.errors import BatchError, ModelError
from mithaq.worth.batch import batch, content_key


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


def test_a_process_that_dies_fails_its_item_only(tmp_path, monkeypatch):
    (tmp_path / "mortal.py").write_text(
        "import os, time\n"
        "def task(main, item):\n"
        "    if os.getpid() != main:\n"
        "        os._exit(1)\n"
        "    time.sleep(1)\n"
        "    return item\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    task = importlib.import_module("mortal").task
    result = batch(task, range(4), shared=os.getpid(), on="processes", workers=2)
    assert result.results
    assert result.failures
    assert result.results.keys() | result.failures.keys() == {content_key(i) for i in range(4)}
    assert all("died" in str(error) for error in result.failures.values())


def test_a_plain_script_without_a_guard_may_use_processes(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(
        "from operator import add\n"
        "from mithaq.worth.batch import batch\n"
        "print(batch(add, range(20), shared=1, on='processes', workers=2).checked().values())\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert done.stdout.count("dict_values") == 1
    assert str(list(range(1, 21))) in done.stdout
    assert done.stderr == ""


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
    with pytest.raises(ModelError, match="'here' or in 'processes'"):
        batch(operator.add, [1], shared=1, on="moon")
