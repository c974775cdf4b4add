"""Batches that are kept: nothing lost, nothing done twice, the same bytes whatever happened."""

import json
import operator
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.errors import BatchError, DataError, MithaqError, ModelError
from mithaq.worth.batch import Pace, batch, content_key, identity, places
from mithaq.worth.batch.places import Failed
from mithaq.worth.batch.store import ROWS, Kept
from tests.worth.work import NOTED, noted, row, with_process

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


@pytest.fixture(autouse=True)
def notes(tmp_path, monkeypatch):
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setenv(NOTED, str(path))
    return path


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_was_kept_is_read_and_never_done_again(tmp_path):
    told = []
    for _ in range(2):
        found = batch(
            row,
            range(1200),
            shared=0,
            store=tmp_path / "s",
            progress=lambda done, total: told.append((done, total)),
        )
        assert len(found.results) == 1200 - 13
        assert list(found.results)[:2] == [content_key(1), content_key(2)]
        assert found.results[content_key(4)] == {
            "third": 4 / 3,
            "name": "n4",
            "odd": False,
            "late": 4.0,
        }
        assert str(found.failures[content_key(97)]) == "failed: ValueError: 97 is bad"
    assert len(noted()) == 1200 - 13
    assert told == [(n, 1200) for n in range(1, 1201)] * 2
    frame = pd.read_parquet(tmp_path / "s")
    assert list(frame) == ["key", "outcome", "error", "late", "name", "odd", "third"]
    assert list(frame["key"]) == [content_key(n) for n in range(1200)]
    assert frame["outcome"].value_counts().to_dict() == {"done": 1187, "failed": 13}
    with pytest.raises(BatchError, match="13 items failed"):
        found.checked()


def test_processes_give_the_same_bytes(tmp_path):
    batch(row, range(600), shared=0, store=tmp_path / "here")
    batch(row, range(600), shared=0, on="processes", workers=2, store=tmp_path / "there")
    assert files(tmp_path / "here") == files(tmp_path / "there")


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_any_order_and_any_kill_give_the_same_bytes(tmp_path_factory, data):
    """Items end in any order; runs are cut off anywhere, in the middle of a line too."""
    folder = tmp_path_factory.mktemp("stores")
    count = data.draw(st.integers(1, 2 * ROWS + 50), label="items")
    items = [(f"item {i}", i) for i in range(count)]
    answers = {key: {"x": i / 7} if i % 11 else Failed(ValueError(key)) for key, i in items}

    def run(store, chance, most):
        done = 0
        with Kept(store, operator.add, 1) as kept:
            todo = kept.plan(((k, i) for k, i in items if k not in kept), lambda: None)
            hand = []
            for key, _ in todo:
                hand.append(key)
                if len(hand) >= 40:
                    if done == most:
                        return False
                    kept.keep(chosen := hand.pop(chance.randrange(len(hand))), answers[chosen])
                    done += 1
            for key in hand:
                kept.keep(key, answers[key])
            kept.finish()
        return True

    chance = data.draw(st.randoms(use_true_random=False))
    assert run(folder / "whole", chance, -1)
    for most in data.draw(st.lists(st.integers(0, count), max_size=3), label="kills"):
        run(folder / "killed", chance, most)
        with (folder / "killed" / "_journal.jsonl").open("rb+") as journal:
            journal.truncate(max(journal.seek(0, 2) - chance.randrange(30), 0))
    assert run(folder / "killed", chance, -1)
    assert files(folder / "whole") == files(folder / "killed")


def test_other_items_join_a_store_and_leave_its_rows_alone(tmp_path):
    batch(row, range(30), shared=0, store=tmp_path / "s")
    found = batch(row, range(20, 50), shared=0, store=tmp_path / "s")
    assert list(found.results) == [content_key(n) for n in range(20, 50)]
    assert sorted(map(int, noted())) == list(range(1, 50))
    assert len(pd.read_parquet(tmp_path / "s")) == 50


def test_what_failed_is_done_anew_only_when_asked(tmp_path, monkeypatch):
    def task(shared, item):
        if item in bad:
            raise ValueError("bad")
        done.append(item)
        return item

    bad, done = {3, 700}, []
    run = {"shared": None, "store": tmp_path / "s"}
    assert len(batch(task, range(1000), **run).failures) == 2
    bad = set()
    assert len(batch(task, range(1000), **run).failures) == 2
    found = batch(task, range(1000), again=True, **run)
    assert list(found.checked().values()) == list(range(1000))
    assert done[-2:] == [3, 700] and len(done) == 1000
    whole = tmp_path / "whole"
    batch(task, range(1000), store=whole)
    assert files(whole) == files(tmp_path / "s")


def test_a_part_of_failures_alone_gets_the_columns_in_the_end(tmp_path):
    def task(shared, item):
        if item < ROWS:
            raise ValueError("bad")
        return {"x": item}

    batch(task, range(ROWS + 3), store=tmp_path / "s")
    frame = pd.read_parquet(tmp_path / "s")
    assert list(frame["x"].dropna()) == [ROWS, ROWS + 1, ROWS + 2]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"x": [1, 2]}, "'x' is a list"),
        ([1], "'value' is a list"),
        ({"key": 1}, "named 'key'"),
        ({3: 1}, "3 is a int"),
    ],
)
def test_results_that_are_no_row_are_refused(tmp_path, result, message):
    with pytest.raises(ModelError, match=message):
        batch(lambda shared, item: result, [1], store=tmp_path / "s")


def test_a_column_keeps_its_kind(tmp_path):
    with pytest.raises(ModelError, match="column 'x' held a number, and now a text"):
        batch(lambda shared, x: {"x": x}, [1, "a"], store=tmp_path / "s")
    with pytest.raises(ModelError, match="column 'x' held a number, and now a flag"):
        batch(lambda shared, x: {"x": x}, [1, True], store=tmp_path / "s")


def test_a_store_is_for_one_task_with_what_it_shares(tmp_path):
    batch(operator.add, [1], shared=1, store=tmp_path / "s")
    with pytest.raises(DataError, match="task was _operator.add, and is _operator.mul"):
        batch(operator.mul, [1], shared=1, store=tmp_path / "s")
    with pytest.raises(DataError, match="shared was"):
        batch(operator.add, [1], shared=2, store=tmp_path / "s")
    about = tmp_path / "s" / "_batch.json"
    told = json.loads(about.read_text())
    assert {"mithaq", "piqp", "clarabel", "numpy", "python"} <= set(told["versions"])
    told["versions"]["piqp"] = "0.0.1"
    about.write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"versions was .*0\.0\.1"):
        batch(operator.add, [1], shared=1, store=tmp_path / "s")
    about.write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        batch(operator.add, [1], shared=1, store=tmp_path / "s")


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match=r"not empty: thesis\.tex"):
        batch(operator.add, [1], shared=1, store=tmp_path / "s")
    assert list(files(tmp_path / "s")) == ["thesis.tex"]


def test_a_line_that_is_no_row_is_told(tmp_path):
    batch(operator.add, [1], shared=1, store=tmp_path / "s")
    (tmp_path / "s" / "_journal.jsonl").write_text('{"key": 1\n{"torn')
    with pytest.raises(DataError, match=r"_journal\.jsonl, row 1: is no row"):
        batch(operator.add, [1], shared=1, store=tmp_path / "s")


def test_a_part_that_cannot_be_read_is_told_and_may_be_taken_away(tmp_path):
    asked = {"shared": 0, "store": tmp_path / "s"}
    whole = batch(row, range(600), **asked)
    part = tmp_path / "s" / "part-000000.parquet"
    before = files(tmp_path / "s")
    for spoilt in (b"", b"no parquet", before[part.name][:-9]):
        part.write_bytes(spoilt)
        with pytest.raises(
            DataError, match=r"part-000000\.parquet: cannot be read.*\(take it away"
        ):
            batch(row, range(600), **asked)
    part.unlink()
    assert batch(row, range(600), **asked).results == whole.results
    assert files(tmp_path / "s") == before


@pytest.mark.skipif(os.name != "posix", reason="needs locks of files")
def test_one_run_at_a_time(tmp_path):
    store = tmp_path / "s"
    with Kept(store, operator.add, 1), pytest.raises(DataError, match="another run"):
        batch(operator.add, [1], shared=1, store=store)
    assert batch(operator.add, [1], shared=1, store=store).checked()


def test_what_a_store_is_for_is_told_by_content():
    one = {"a": np.arange(3.0), "b": pd.Series([1.0], index=[("f", "g")]), "c": (None, {1, 2})}
    two = {"c": (None, {2, 1}), "b": one["b"].copy(), "a": np.arange(3.0)}
    assert identity(one) == identity(two)
    assert identity(1) != identity(1.0) != identity("1.0") != identity(True)
    assert identity({"a": np.arange(3)}) != identity({"a": np.arange(3.0)})
    with pytest.raises(ModelError, match="what a object holds"):
        identity([object()])


def test_pace_forgets_what_is_long_ago():
    clock = iter([0.0, 10.0, 20.0, 30.0, 40.0, 45.0])
    pace = Pace(clock=lambda: next(clock))
    for done in (0, 1, 2, 3, 103, 153):
        pace(done, 253)
    assert pace.rate == pytest.approx(151 / 25)
    assert "6.0 a second, 0:00:17 left" in str(pace)
    assert Pace().left == 0.0


# Faults

SCRIPT = """
import sys
from mithaq.worth.batch import batch
from tests.worth.work import {task}
batch({task}, range({count}), shared={seconds}, on={on!r}, workers=2, store={store!r})
"""


def start(**settings):
    code = SCRIPT.format(**settings)
    return subprocess.Popen([sys.executable, "-c", code], env={**ENVIRONMENT, NOTED: notes_path()})


def notes_path():
    return os.environ[NOTED]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def twice():
    told = noted()
    return len(told) - len(set(told))


@pytest.mark.slow
@pytest.mark.parametrize("on", ["here", "processes"])
def test_a_client_that_is_killed_loses_nothing(tmp_path, on):
    store, count = tmp_path / "s", 700
    settings = {"task": "row", "count": count, "seconds": 0.002, "on": on, "store": str(store)}
    kills = 0
    for ended in (1, 150, 530):
        process = start(**settings)
        wait_for(lambda p=process, n=ended: len(noted()) > n or p.poll() is not None)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills
    assert start(**settings).wait() == 0
    # What had ended without having reached the store is done again: no more than was in hand.
    assert twice() <= 6 * kills
    batch(row, range(count), shared=0.002, store=tmp_path / "whole")
    assert files(store) == files(tmp_path / "whole")


@pytest.mark.slow
def test_a_process_that_is_killed_takes_nothing_with_it(tmp_path):
    killed = []

    def kill(done, total):
        if done in (20, 60):
            process = int(noted()[-1].split(":")[1])
            os.kill(process, signal.SIGKILL)
            killed.append(process)

    found = batch(
        with_process,
        range(200),
        shared=0.01,
        on="processes",
        workers=2,
        store=tmp_path / "s",
        progress=kill,
    )
    assert len(killed) == 2
    assert [x["square"] for x in found.checked().values()] == [n * n for n in range(200)]
    batch(with_process, range(200), shared=0.01, store=tmp_path / "whole")
    assert files(tmp_path / "s") == files(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs limits of processes")
@pytest.mark.parametrize("limit", [3000, 9000, 60_000])
def test_a_full_disk_is_told_and_loses_nothing(tmp_path, limit):
    """The system refuses to let any file grow beyond a limit; then it does no longer."""
    store = tmp_path / "s"
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from mithaq.errors import MithaqError\n"
        "try:\n"
        + "\n".join(
            f"    {line}"
            for line in SCRIPT.format(
                task="row", count=1200, seconds=0, on="here", store=str(store)
            ).splitlines()
        )
        + "\nexcept MithaqError as error:\n    print(error)\n    sys.exit(7)\n"
    )
    environment = {**ENVIRONMENT, NOTED: os.devnull}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 7, done.stdout + done.stderr
    assert "make room and run the same again" in done.stdout
    kept = int(done.stdout.split(" results are kept")[0].split()[-1])
    batch(row, range(1200), shared=0, store=store)
    assert len(noted()) <= 1200 - 13 - kept + kept // 97 + 1
    batch(row, range(1200), shared=0, store=tmp_path / "whole")
    assert files(store) == files(tmp_path / "whole")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit


def test_without_a_place_nothing_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "CONNECT", 0.2)
    pytest.importorskip("distributed")
    with pytest.raises(MithaqError, match="no Dask scheduler answers"):
        batch(operator.add, [1], shared=1, on="dask://127.0.0.1:9", store=tmp_path / "s")
    with pytest.raises(ModelError, match="many items together"):
        batch(operator.add, [1], shared=1, on="gpu")
