"""What was acknowledged stays: killed writers, crashed servers, crowds, full disks."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from mithaq.errors import DataError
from mithaq.record.store import Store
from tests.store.server import Server
from tests.store.things import begin, numbered, signed

ROOT = Path(__file__).resolve().parents[2]


def writer(url: str, number: int, seconds: float, log: Path, first: int = 0) -> Any:
    """A process that appends claims.

    Each number goes into the log only after its append came back, so that the log never names a
    claim that was not acknowledged.
    """
    process = get_context("fork").Process(target=write, args=(url, number, seconds, log, first))
    process.start()
    return process


def write(url: str, number: int, seconds: float, log: Path, first: int) -> None:
    """Append one claim after the other until the time is over."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    store = Store(url)
    until = time.monotonic() + seconds
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while time.monotonic() < until:
        store.append([numbered(first, number)], by=f"writer {number}")
        os.write(out, f"{first}\n".encode())
        first += 1
    store.close()


def acknowledged(log: Path) -> list[int]:
    """The numbers whose append came back."""
    return [int(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def notes(store: Store, number: int) -> Counter[int]:
    """The numbers that the store holds of a writer."""
    told = (e.row for e in store.history("mou") if e.row.recorded_by == f"writer {number}")
    return Counter(int(row.content["value"].rsplit(" ", 1)[1]) for row in told)


def wait_for(log: Path, more_than: int) -> None:
    """Wait until the writer has begun."""
    until = time.monotonic() + 60
    while len(acknowledged(log)) <= more_than and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_writers_lose_nothing_that_was_acknowledged(
    store: Store, url: str, tmp_path: Path, kills: int
) -> None:
    begin(store)
    log, chance = tmp_path / "log", random.Random(kills)
    for _ in range(kills):
        before = acknowledged(log)
        first = max(notes(store, 1), default=-1) + 1
        process = writer(url, 1, 60, log, first)
        wait_for(log, len(before))
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    kept = notes(store, 1)
    assert set(acknowledged(log)) <= set(kept)
    assert set(kept.values()) == {1}
    # A claim may be on the disk although the kill came before its acknowledgement.
    assert len(kept) - len(acknowledged(log)) <= kills
    found = store.verify()
    assert found.ok and found.rows == 5 + len(kept)
    print(f"{kills} kills, {len(kept)} claims, {len(acknowledged(log))} acknowledged")


@pytest.mark.slow
def test_a_crashed_server_loses_nothing_that_was_acknowledged(
    server: Server, tmp_path: Path
) -> None:
    url = server.new()
    store = Store(url, make=True)
    begin(store)
    log = tmp_path / "log"
    for _ in range(10):
        before = acknowledged(log)
        process = writer(url, 1, 60, log, max(notes(store, 1), default=-1) + 1)
        wait_for(log, len(before) + 5)
        server.crash()
        process.join()
        server.start()
    assert set(acknowledged(log)) <= set(notes(store, 1))
    assert store.verify().ok
    store.close()


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.slow)])
def test_eight_writers_at_once(
    store: Store, url: str, kind: str, tmp_path: Path, seconds: int
) -> None:
    begin(store)
    logs = [tmp_path / f"log{number}" for number in range(8)]
    crowd = [writer(url, number, seconds, log) for number, log in enumerate(logs)]
    for process in crowd:
        process.join()
    assert [process.exitcode for process in crowd] == [0] * 8
    for number, log in enumerate(logs):
        told = acknowledged(log)
        assert told and notes(store, number) == Counter(told)
    found = store.verify()
    total = sum(len(acknowledged(log)) for log in logs)
    assert found.ok and found.rows == 5 + total
    print(f"{kind}: {total} appends by 8 processes in {seconds} s: {total / seconds:.0f} a second")


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    begin(Store(path, make=True), signed("2006-08-04"))
    before = Store(path).checkpoint()
    size = path.stat().st_size
    code = (
        "import resource, sys\n"
        "from mithaq.errors import DataError\n"
        "from mithaq.record.store import Store\n"
        "from tests.store.things import numbered\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        f"store = Store({str(path)!r})\n"
        "try:\n"
        "    store.append([numbered(n) for n in range(2000)])\n"
        "except DataError as error:\n"
        "    print(error)\n"
        "    sys.exit(7)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 7, done.stderr
    assert "nothing was recorded" in done.stdout and "Traceback" not in done.stderr
    store = Store(path)
    assert store.verify(before).ok and store.checkpoint() == before
    assert store.append([numbered(1)]).rows == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != size


def test_a_file_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    """Root may write anything, so the system itself is asked to refuse."""
    path = tmp_path / "record.db"
    begin(Store(path, make=True), signed("2006-08-04"))
    store = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(store.record().claims) == 1 and store.verify().ok
    with pytest.raises(DataError, match=r"readonly.*may not be written"):
        store.append([numbered(1)])
    assert Store(path).verify().rows == 6
