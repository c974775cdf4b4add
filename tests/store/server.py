"""A PostgreSQL server for the tests: a temporary folder, a free port, gone when they are."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

USER = "tester"
_NUMBERS = count(1)


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, or None where no server is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(path).resolve().parent if path else None


class Server:
    """A running server; ``new()`` gives the address of an empty database."""

    def __init__(self, bin_folder: Path, inside: str = "/tmp", largest: int = 0) -> None:
        """``largest`` is the size in bytes beyond which no file of the server may grow."""
        self.bin = bin_folder
        self.largest = largest
        self.folder = Path(tempfile.mkdtemp(prefix="mithaq-pg-", dir=inside))
        # The server refuses to run as root; nobody owns its folder then.
        self.as_user = "nobody" if os.geteuid() == 0 else ""
        if self.as_user:
            shutil.chown(self.folder, self.as_user)
        self.port = _free_port()
        self._run("initdb", "-k", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "-D",
                  str(self.folder / "data"))  # fmt: skip
        self.start()

    def _run(self, program: str, *words: str) -> None:
        command = [str(self.bin / program), *words]
        kept = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if self.as_user:
            kept["user"] = self.as_user
            kept["extra_groups"] = []
        if self.largest and program == "pg_ctl":
            size = self.largest
            kept["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        subprocess.run(command, check=True, timeout=120, **kept)  # type: ignore[call-overload]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder}"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")

    def crash(self) -> None:
        """Stop it at once, as if the power had gone; nothing is tidied up."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def kill(self) -> None:
        """SIGKILL to the server and everything that it started."""
        with suppress(OSError):
            first = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
            # It starts no other child while its children are counted.
            os.kill(first, signal.SIGSTOP)
            doomed = [first, *_children(first)]
            for process in doomed:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            while any(_runs(process) for process in doomed):
                time.sleep(0.01)
            # Where nobody has buried the dead yet, it would be taken for alive.
            for lock in (self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.*")):
                lock.unlink()

    def remove(self) -> None:
        """Stop it and take its folder away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database: str, user: str = USER) -> str:
        """The address of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def new(self) -> str:
        """The address of a new, empty database."""
        import psycopg

        name = f"record{next(_NUMBERS)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self.address(name)


def _stat(process: int) -> list[str]:
    """State, parent and more of a process; nothing where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _children(parent: int) -> list[int]:
    everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [process for process in everyone if _stat(process)[1:2] == [str(parent)]]


def _runs(process: int) -> bool:
    return _stat(process)[:1] not in ([], ["Z"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
