"""Batches on a Dask cluster whose workers, scheduler and client are killed for real."""

import operator
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import pytest

from mithaq.errors import MithaqError
from mithaq.worth.batch import batch
from mithaq.worth.batch.places import QUEUE, TURN
from tests.worth.test_batch_store import ENVIRONMENT, files, notes, twice, wait_for
from tests.worth.work import NOTED, noted, row, with_process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("distributed"), reason="needs the extra cluster"),
]
__all__ = ["notes"]  # a fixture

FORGIVEN = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"  # deaths that a task is not blamed for


LOST = 2 * QUEUE * round(TURN / 0.05)  # all that two workers have in hand at 0.05 s an item


class Cluster:
    """A scheduler and workers as their commands start them."""

    def __init__(self, folder, workers=2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.processes = folder, []
        self.place = f"dask://127.0.0.1:{self.port}"
        self.scheduler = self.schedule()
        self.workers = [self.work() for _ in range(workers)]

    def _start(self, *arguments):
        with (self.folder / f"log{len(self.processes)}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
                env={**ENVIRONMENT, NOTED: os.environ[NOTED], FORGIVEN: "1"},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def schedule(self):
        process = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        wait_for(self._answers)
        return process

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def work(self):
        address = f"tcp://127.0.0.1:{self.port}"
        return self._start("worker", address, "--nthreads", "1", "--no-nanny")

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.end()


def test_a_cluster_gives_the_same_bytes(cluster, tmp_path):
    batch(row, range(600), shared=0, on=cluster.place, store=tmp_path / "s")
    batch(row, range(600), shared=0, store=tmp_path / "whole")
    assert files(tmp_path / "s") == files(tmp_path / "whole")


def test_without_a_store_results_come_back_in_order(cluster):
    found = batch(operator.truediv, {"a": 1, "b": 0, "c": 4}, shared=4, on=cluster.place)
    assert found.results == {"a": 4, "c": 1}
    assert isinstance(found.failures["b"], ZeroDivisionError)


def test_workers_that_are_killed_take_nothing_with_them(cluster, tmp_path):
    """One dies, then the one that is left; another comes and finds what is shared made anew."""

    def kill(done, total):
        if done in (40, 160):
            cluster.workers.pop().kill()
        if done == 160:
            cluster.work()

    found = batch(
        with_process,
        range(300),
        shared=0.01,
        on=cluster.place,
        store=tmp_path / "s",
        progress=kill,
    )
    assert [x["square"] for x in found.checked().values()] == [n * n for n in range(300)]
    batch(with_process, range(300), shared=0.01, store=tmp_path / "whole")
    assert files(tmp_path / "s") == files(tmp_path / "whole")


@pytest.mark.parametrize("bad", [7, 380], ids=["among the first", "in a group"])
def test_an_item_that_kills_its_workers_fails_alone(cluster, bad):
    """And takes none of those with it that were in hand where it was."""
    cluster.workers += [cluster.work() for _ in range(4)]
    found = batch(deadly, range(400), shared=bad, on=cluster.place)
    assert list(found.failures) == [key for key, n in keyed(range(400)) if n == bad]
    assert "died" in str(next(iter(found.failures.values())))


def test_a_result_that_cannot_travel_fails_alone(cluster):
    found = batch(unfit, range(400), shared=380, on=cluster.place)
    assert list(found.failures) == [key for key, n in keyed(range(400)) if n == 380]
    assert sorted(found.results.values()) == [n for n in range(400) if n != 380]


def deadly(shared, item):
    time.sleep(0.01)
    return os._exit(1) if item == shared else item


def unfit(shared, item):
    time.sleep(0.01)
    return threading.Lock() if item == shared else item


def keyed(items):
    from mithaq.worth.batch import content_key

    return [(content_key(n), n) for n in items]


def test_a_scheduler_that_is_killed_is_told_and_loses_nothing(cluster, tmp_path):
    def kill(done, total):
        if done == 100:
            cluster.scheduler.kill()

    run = {"shared": 0.05, "on": cluster.place, "store": tmp_path / "s"}
    with pytest.raises(MithaqError, match="has gone before the end"):
        batch(row, range(300), progress=kill, **run)
    cluster.scheduler = cluster.schedule()
    cluster.work()
    before = len(noted())
    batch(row, range(300), **run)
    assert before >= 98 and twice() <= LOST  # two of the first hundred fail, and are not noted
    batch(row, range(300), shared=0.05, on="processes", workers=8, store=tmp_path / "whole")
    assert files(tmp_path / "s") == files(tmp_path / "whole")


def test_a_client_that_is_killed_loses_nothing(cluster, tmp_path):
    code = (
        "from mithaq.worth.batch import batch\n"
        "from tests.worth.work import row\n"
        f"batch(row, range(300), shared=0.05, on={cluster.place!r}, "
        f"store={str(tmp_path / 's')!r})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=ENVIRONMENT)
    wait_for(lambda: len(noted()) > 200 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    time.sleep(2)  # the scheduler forgets what nobody waits for
    run = {"shared": 0.05, "store": tmp_path / "s"}
    batch(row, range(300), on=cluster.place, **run)
    assert twice() <= LOST
    batch(row, range(300), shared=0.05, on="processes", workers=8, store=tmp_path / "whole")
    assert files(tmp_path / "s") == files(tmp_path / "whole")


def test_workers_that_cannot_import_the_task_say_so_once(cluster, tmp_path, monkeypatch):
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "only_here.py").write_text("def task(shared, item):\n    return item\n")
    monkeypatch.syspath_prepend(str(tmp_path / "apart"))
    import only_here

    with pytest.raises(MithaqError, match="cannot do this task"):
        batch(only_here.task, range(3), on=cluster.place)
