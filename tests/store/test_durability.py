"""What was acknowledged stays: killed writers, crashed servers, crowds, full disks."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from mithaq.errors import DataError
from mithaq.record import Claim
from mithaq.record.store import Checkpoint, Store
from tests.store.server import Server, programs
from tests.store.things import begin, numbered, signed


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


@pytest.mark.parametrize("kills", [1, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_server_loses_nothing_that_was_acknowledged(tmp_path: Path, kills: int) -> None:
    """SIGKILL to the server and its children in the middle of appends, as if the power had gone."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server is installed here (Debian package postgresql)")
    server = Server(found)
    url = server.new()
    store = Store(url, make=True)
    begin(store)
    log, chance = tmp_path / "log", random.Random(kills)
    for _ in range(kills):
        before = acknowledged(log)
        process = writer(url, 1, 60, log, max(notes(store, 1), default=-1) + 1)
        wait_for(log, len(before))
        time.sleep(chance.uniform(0, 0.05))
        server.kill()
        process.join()
        assert process.exitcode == 1
        server.start()
    kept = notes(store, 1)
    assert set(acknowledged(log)) <= set(kept) and set(kept.values()) == {1}
    assert len(kept) - len(acknowledged(log)) <= kills
    assert store.verify().ok
    print(f"{kills} kills of the server, {len(kept)} claims, {len(acknowledged(log))} acknowledged")
    store.close()
    server.remove()


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


# Full disks


def fill(url: str, done: Path, largest: int) -> None:
    """Append until no more goes in; tell what was acknowledged, and the refusal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    store, number = Store(url), 0
    with done.open("w", encoding="utf-8") as out:
        try:
            while number < 5000:
                store.append([numbered(number), numbered(number + 1)])
                number += 2
        except DataError as error:
            out.write(f"{number}\n{error}\n")


def filled(url: str, folder: Path, largest: int = 0) -> tuple[int, str]:
    """What a process did that appended until nothing went in any more."""
    done = folder / "done"
    process = get_context("fork").Process(target=fill, args=(url, done, largest))
    process.start()
    process.join()
    assert process.exitcode == 0
    number, _, told = done.read_text("utf-8").partition("\n")
    return int(number), told


def sound_after(store: Store, number: int, told: str, before: Checkpoint) -> None:
    """The appends that came back are there, the one that was refused is not."""
    assert "nothing was recorded" in told, told
    assert store.verify(before).ok
    assert len(store.record().claims) == number
    assert store.append([numbered(number)]).rows == 1 and store.verify().ok


@pytest.mark.parametrize(
    "steps", [range(0, 40, 8), pytest.param(range(40), marks=pytest.mark.slow)]
)
def test_a_file_that_may_not_grow_is_told_and_loses_nothing(tmp_path: Path, steps: range) -> None:
    """The limit falls on the journal, on the log, on an index, in the midst of a page."""
    path = tmp_path / "record.db"
    for step in steps:
        path.unlink(missing_ok=True)
        store = Store(path, make=True)
        begin(store)
        before = store.checkpoint()
        limit = path.stat().st_size - 20_000 + step * 1_111
        sound_after(store, *filled(str(path), tmp_path, limit), before)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of a few megabytes; only root may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="mithaq-disk-", dir="/tmp"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=777", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.parametrize("room", [0, 4096, 30_000, 100_000])
def test_a_full_disk_is_told_and_loses_nothing(small_disk: Path, tmp_path: Path, room: int) -> None:
    store = Store(small_disk / "record.db", make=True)
    begin(store)
    before = store.checkpoint()
    ballast(small_disk, room)
    number, told = filled(str(small_disk / "record.db"), tmp_path)
    assert "full" in told or "disk I/O" in told
    (small_disk / "ballast").unlink()
    sound_after(store, number, told, before)


def ballast(folder: Path, room: int) -> None:
    """Fill a file system up to so many bytes."""
    with (folder / "ballast").open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(bytes(4096))
    with (folder / "ballast").open("r+b") as out:
        out.truncate(max(0, (folder / "ballast").stat().st_size - room))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["a full disk", "a file that may not grow"])
def test_a_server_without_room_tells_and_loses_nothing(
    way: str, small_disk: Path, tmp_path: Path
) -> None:
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server is installed here (Debian package postgresql)")
    full = way == "a full disk"
    # A segment of its own log is 16 MiB long: no table grows beyond that here.
    server = Server(found, str(small_disk) if full else "/tmp", 0 if full else 16 << 20)
    store = Store(server.new(), make=True)
    begin(store)
    before = store.checkpoint()
    if full:
        ballast(small_disk, 64 << 10)
        number, told = filled(store.shown, tmp_path)
        (small_disk / "ballast").unlink()
        server.kill()
        server.start()
    else:
        # Nothing that the server could make smaller.
        chance = random.Random(1)
        texts = [chance.randbytes(2000).hex() for _ in range(10_000)]
        long = [Claim("mou", "note", text, language="fr") for text in texts]
        with pytest.raises(DataError, match=r"could not extend file.*nothing was recorded"):
            store.append(long)
        number, told = 0, "nothing was recorded"
    sound_after(store, number, told, before)
    store.close()
    server.remove()


def test_a_file_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    """Root may write anything, so the system itself is asked to refuse."""
    path = tmp_path / "record.db"
    begin(Store(path, make=True), signed("2006-08-04"))
    store = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(store.record().claims) == 1 and store.verify().ok
    with pytest.raises(DataError, match=r"readonly.*may not be written"):
        store.append([numbered(1)])
    assert Store(path).verify().rows == 6


def bound_by_permissions() -> None:
    """Give up what lets root pass over permissions: CAP_DAC_OVERRIDE, see capabilities(7)."""
    libc = ctypes.CDLL(None, use_errno=True)
    version, override = 0x20080522, 1 << 1
    head, sets = (ctypes.c_uint32 * 2)(version, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(head, sets) == 0
    sets[0] &= ~override
    assert libc.capset(head, sets) == 0


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_closed_file_or_folder_is_told(closed: str) -> None:
    """As somebody for whom permissions hold, who can still read the program wherever it lies."""
    folder = Path(tempfile.mkdtemp(prefix="mithaq-", dir="/tmp"))
    path = folder / "record.db"
    begin(Store(path, make=True), signed("2006-08-04"))
    path.chmod(0o444 if closed == "file" else 0o666)
    folder.chmod(0o755 if closed == "file" else 0o555)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            if os.geteuid() == 0:
                bound_by_permissions()
            store = Store(path)
            assert len(store.record().claims) == 1 and store.verify().ok
            try:
                store.append([numbered(1)])
            except DataError as error:
                os.write(write, str(error).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    told = os.read(read, 10_000).decode()
    os.close(read)
    assert "may not be written" in told, told
    assert Store(path).verify().rows == 6
    folder.chmod(0o755)
    shutil.rmtree(folder)
