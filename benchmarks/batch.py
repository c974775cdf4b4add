"""Time batches that are kept: ``python -m benchmarks.batch [--counts ...] [--workers 1 2]``.

The first table is a sweep of a small chain at growing size, each in a process of its own: seconds,
seconds of a core a scenario (which others at work on the machine hardly change), bytes a scenario
on the disk, memory of the process before, and when a tenth, a half and all of the scenarios had
ended, and the most that one of its worker processes had. The second is the same with rows made by a
formula: what keeping costs without the solving. The third is the shipped chain on a Dask cluster of
one worker and of two, started and ended here: under changed costs, and every coalition of a forum.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mithaq
from benchmarks.__main__ import WIDTH
from benchmarks.coalitions import MEMBERS, processor
from benchmarks.seasons import through_time
from mithaq.chain import Edit
from mithaq.worth.batch import batch, sweep
from mithaq.worth.forum import forum

MEGA = 1 << 20
FORMULA = "formula"


class Costs(Sequence[list[Edit]]):
    """Scenarios made as they are asked for: every field gets a cost of its own."""

    def __init__(self, fields: Sequence[str], count: int) -> None:
        self.fields, self.count = list(fields), count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> list[Edit]:  # type: ignore[override]
        if not 0 <= number < self.count:
            raise IndexError(number)
        costs = np.random.default_rng(number).uniform(15, 40, len(self.fields))
        return [
            mithaq.Change("fields", name, "a", float(cost))
            for name, cost in zip(self.fields, costs, strict=True)
        ]


def small() -> mithaq.Chain:
    """Two sellers with lines to one market."""
    return mithaq.Chain.from_tables(
        {
            "nodes": pd.DataFrame({"name": ["North", "South", "Hub"]}),
            "firms": pd.DataFrame({"name": ["A", "B"]}),
            "fields": pd.DataFrame(
                {"name": ["a", "b"], "node": ["North", "South"], "owners": ["A", "B"],
                 "capacity": 60, "a": 20}
            ),
            "pipelines": pd.DataFrame(
                {"from": ["North", "South"], "to": "Hub", "capacity": [30, 25]}
            ),
            "markets": pd.DataFrame(
                {"name": ["Hub"], "node": ["Hub"], "reference_quantity": [50],
                 "reference_price": [50], "elasticity": [-1]}
            ),
        }
    )  # fmt: skip


class Numbers:
    """Items that are numbers, under keys as long as those of scenarios."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def items(self) -> Iterator[tuple[str, int]]:
        """Key and number of each."""
        return ((sha256(str(n).encode()).hexdigest(), n) for n in range(self.count))


def formula(_shared: None, number: int) -> dict[str, float]:
    """A row as wide as that of the small chain, for next to nothing."""
    return {f"figure {column}": number / (column + 3) for column in range(10)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--counts", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--light", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--on", default="processes", help="where the small chain is swept")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="of the cluster")
    parser.add_argument("--scenarios", type=int, default=400, help="of the shipped chain")
    parser.add_argument("--members", type=int, default=12, help="of the forum, on the cluster")
    parser.add_argument("--periods", type=int, default=1, help="of its year, on the cluster")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one is not None:
        _one(options.one, options.on)
        return
    console = Console(width=WIDTH, highlight=False)
    if options.counts:
        _growth(options.counts, options.on, console)
    if options.light:
        _growth(options.light, FORMULA, console)
    if options.workers:
        _cluster(options, console)


# Size


def _one(count: int, on: str) -> None:
    """A sweep in a process of its own; figures as one line of JSON."""
    chain = small()
    scenarios = Costs([row["name"] for row in chain.rows("fields")], count)
    curve: dict[int, float] = {}
    steps = {max(count * share // 100, 1) for share in (10, 50, 100)}

    def look(done: int, _total: int) -> None:
        if done in steps:
            curve[done] = _memory() / MEGA

    with tempfile.TemporaryDirectory() as folder:
        before = _memory() / MEGA
        start, spent = time.perf_counter(), processor()
        if on == FORMULA:
            found = batch(formula, Numbers(count), progress=look, store=folder)
        else:
            found = sweep(chain, scenarios, on=on, store=folder, progress=look)
        seconds, spent = time.perf_counter() - start, processor() - spent
        disk = sum(path.stat().st_size for path in Path(folder).iterdir())
        told = {"before": before, "curve": list(curve.values()), "seconds": seconds, "disk": disk}
        told |= {"spent": spent, "worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}
        print(json.dumps(told | {"rows": len(found.results)}))


def _memory() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _growth(counts: Sequence[int], on: str, console: Console) -> None:
    what = "rows by a formula, here" if on == FORMULA else f"a small chain, on {on}"
    table = Table(title=what, title_justify="left", box=SIMPLE)
    heads = ("scenarios", "seconds", "core µs each", "bytes each", "MB before", "at 10 %",
             "at 50 %", "at the end", "a worker")  # fmt: skip
    for name in heads:
        table.add_column(name, justify="right")
    for count in counts:
        command = [sys.executable, "-m", "benchmarks.batch", "--one", str(count), "--on", on]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout.splitlines()[-1])
        table.add_row(
            f"{count:,}",
            f"{told['seconds']:.1f}",
            f"{1e6 * told['spent'] / count:.0f}",
            f"{told['disk'] / count:.0f}",
            f"{told['before']:.0f}",
            *(f"{megabytes:.0f}" for megabytes in told["curve"]),
            f"{told['worker'] / 1024:.0f}" if told["worker"] else "",
        )
    console.print(table)


# A cluster


def _cluster(options: argparse.Namespace, console: Console) -> None:
    """The shipped chain under changed costs, and with every coalition of a forum."""
    chain = mithaq.Chain.shipped()
    if options.periods > 1:
        chain = through_time(chain, options.periods, 1)
    fields = [row["name"] for row in chain.rows("fields") if row["capacity"] > 0]
    scenarios, named = Costs(fields, options.scenarios), MEMBERS[: options.members]

    def swept(place: str, folder: Path) -> None:
        sweep(chain, scenarios, on=place, store=folder / "store").checked()

    def coalitions(place: str, _folder: Path) -> None:
        forum(chain, named, on=place)

    table = Table(title="the shipped chain on Dask", title_justify="left", box=SIMPLE)
    table.add_column("what")
    for name in ("workers", "equilibria", "seconds", "a second", "times the first"):
        table.add_column(name, justify="right")
    for what, count, work in (
        ("changed costs", options.scenarios, swept),
        ("coalitions", 1 << len(named), coalitions),
    ):
        first = 0.0
        for number in options.workers if count > 1 else ():
            seconds = _timed(work, chain, fields, number)
            first = first or seconds
            table.add_row(
                what, str(number), str(count), f"{seconds:.1f}", f"{count / seconds:.1f}",
                f"{first / seconds:.2f}",
            )  # fmt: skip
    console.print(table)


def _timed(
    work: Callable[[str, Path], None], chain: mithaq.Chain, fields: Sequence[str], workers: int
) -> float:
    """Seconds of some work on a cluster, after a sweep that lets workers import what they need."""
    with tempfile.TemporaryDirectory() as name, _started(workers, folder := Path(name)) as place:
        sweep(chain, Costs(fields, 8 * workers), on=place)
        start = time.perf_counter()
        work(place, folder)
        return time.perf_counter() - start


@contextmanager
def _started(workers: int, folder: Path) -> Iterator[str]:
    """A cluster on this machine, as long as it is needed."""
    dask = [sys.executable, "-m", "dask"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    commands += [["worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]] * workers
    processes = [
        subprocess.Popen([*dask, *command], cwd=folder, **quiet)  # type: ignore[call-overload]
        for command in commands
    ]
    try:
        time.sleep(5)
        yield f"dask://127.0.0.1:{port}"
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
