"""A store at size: ``python -m benchmarks.record --claims 100000 --claims 1000000 [--db URL]``.

For each size a record is made up (see :mod:`benchmarks.made`), appended a partnership at a time and
asked what people ask; each step runs in a process of its own, so that its peak of memory is its
own. Times are wall time, and beside it the time of the processor, which tells on a busy machine
(for SQLite: of PostgreSQL it holds the client alone). Without ``--db`` the store is an SQLite file
in a temporary folder; with it, an empty database at that address, one for each size (``{n}`` stands
for the number of claims).
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.made import parts
from mithaq.record import Claim, state
from mithaq.record.store import Store

AT, KNOWN, RECORDED = "2012-01-01", "2014-01-01", "2100-01-01"
PROBES = 9
YAML_UP_TO = 100_000
Figures = dict[str, float]


@dataclass
class Time:
    """Seconds by the clock on the wall and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def figures(self, name: str, unit: str = "s") -> Figures:
        """Both, under a name, in s or ms."""
        factor = 1000 if unit == "ms" else 1
        return {f"{name}, {unit}": factor * self.wall, f"{name}, CPU {unit}": factor * self.cpu}


def timed(task: Callable[[], Any]) -> Time:
    """The time of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def median(tasks: list[Callable[[], Any]]) -> Time:
    """Median time of some runs."""
    runs = [timed(task) for task in tasks]
    return Time(statistics.median(r.wall for r in runs), statistics.median(r.cpu for r in runs))


# Steps, each run in a process of its own


def fill(url: str, claims: int) -> Figures:
    """Append the record in parts; then single claims, one transaction each."""
    store, spent, told = Store(url, make=True), Time(), 0
    for part in parts(claims):
        told += len(part.claims)
        took = timed(
            lambda part=part: store.append(  # type: ignore[misc]
                part.claims, sources=part.sources, subjects=part.subjects, by="benchmark"
            )
        )
        spent = Time(spent.wall + took.wall, spent.cpu + took.cpu)
    held = [claim for claim in part.claims if claim.value is not None][:60]
    single = [Claim(c.subject, "note", f"note {n}", language="en") for n, c in enumerate(held)]
    each = timed(lambda: [store.append([claim], by="benchmark") for claim in single])
    name = held[0].identifier
    fixed = timed(lambda: store.retract(name, why="misread", by="benchmark"))
    return {
        "claims": told,
        **spent.figures("import"),
        "import, claims/s": told / spent.wall,
        "single appends/s": len(single) / each.wall,
        **fixed.figures("retract one claim", "ms"),
    }


def verify(url: str, _claims: int) -> Figures:
    """Verify everything."""
    return timed(lambda: sound(Store(url))).figures("verify")


def sound(store: Store) -> None:
    """Stop where the store is not what it was."""
    found = store.verify()
    if not found.ok:
        raise SystemExit(f"not sound: {found.faults[:3]}")


def everything(url: str, _claims: int) -> Figures:
    """The state of everything on a day, by what was known and recorded on others."""
    store = Store(url)
    record = None
    found = None

    def load() -> None:
        nonlocal record
        record = store.record(RECORDED)

    def ask() -> None:
        nonlocal found
        assert record is not None
        found = state(record, AT, KNOWN)

    first, second = timed(load), timed(ask)
    assert found is not None
    return {
        "agreements in that state": len(found.agreements),
        **first.figures("load"),
        **Time(first.wall + second.wall, first.cpu + second.cpu).figures("state of everything"),
    }


def one(url: str, claims: int) -> Figures:
    """The state of one partnership, and of one agreement."""
    store = Store(url)
    pairs = [part.between for part in parts_before(claims)]

    def ask(*about: str) -> Callable[[], Any]:
        return lambda: state(store.record(RECORDED, about), AT, KNOWN)

    ask(*pairs[0])()
    asked = [ask(*pair) for pair in pairs[1 : PROBES + 1] or pairs]
    agreements = [ask(f"agreement-{n}-0") for n in range(min(len(pairs), PROBES))]
    return {
        "claims in a partnership": len(store.record(RECORDED, pairs[0]).claims),
        **median(asked).figures("state of a partnership", "ms"),
        "claims about an agreement": len(store.record(RECORDED, ("agreement-0-0",)).claims),
        **median(agreements).figures("state of an agreement", "ms"),
    }


def parts_before(claims: int) -> list[Any]:
    """The partnerships, without the states."""
    return list(islice(parts(claims), 1, PROBES + 2))


def search(url: str, _claims: int) -> Figures:
    """Words that are rare, common, in every source, and in another script."""
    store = Store(url)
    name = next(parts(10_000)).claims[2].text
    words = {
        "a rare word": "nogaz",
        "a common word": "gas",
        "a publisher": "gazette",
        "two words": "gas nor",
        "Arabic": "غاز",
        "a name": name,
    }
    clocks: dict[str, Any] = {"at": AT, "known": KNOWN, "recorded": RECORDED}
    found: Figures = {}
    for label, asked in words.items():
        store.find(asked)
        plain = partial(store.find, asked)
        then = partial(store.find, asked, **clocks)
        found |= median([plain] * PROBES).figures(f"find {label}", "ms")
        found |= median([then] * PROBES).figures(f"find {label}, three clocks", "ms")
    return found


def commands(url: str, _claims: int) -> Figures:
    """Whole commands, from the shell and back."""
    base = [sys.executable, "-m", "mithaq"]
    clocks = ["--at", AT, "--known", KNOWN, "--recorded", RECORDED, "--db", url, "--json"]
    about = ["--about", "agreement-0-0"]

    def run(*words: str) -> Callable[[], Any]:
        return lambda: subprocess.run([*base, *words], check=True, stdout=subprocess.DEVNULL)

    find, ask = run("find", "nogaz", *clocks), run("state", *about, *clocks)
    return {
        "mithaq find, whole process, ms": 1000 * median([find] * 5).wall,
        "mithaq state --about, whole process, ms": 1000 * median([ask] * 5).wall,
    }


def lines(url: str, _claims: int) -> Figures:
    """The whole history out as JSON Lines and into another store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        out = timed(lambda: Store(url).export(path))
        other = Store(f"{folder}/copy.db", make=True)
        back = timed(lambda: other.import_(path))
        return out.figures("JSON Lines out") | back.figures("JSON Lines into a new SQLite store")


def folder_of_yaml(url: str, claims: int) -> Figures:
    """The record out as YAML and into another store, where it is not too large for YAML."""
    if claims > YAML_UP_TO:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case"
        out = timed(lambda: Store(url).export(path))
        other = Store(f"{folder}/copy.db", make=True)
        return out.figures("YAML out") | timed(lambda: other.import_(path)).figures("YAML in")


STEPS: dict[str, tuple[Callable[[str, int], Figures], str]] = {
    "fill": (fill, "memory of the import, MB"),
    "verify": (verify, "memory of verify, MB"),
    "everything": (everything, "memory of the state of everything, MB"),
    "one": (one, ""),
    "search": (search, "memory of find, MB"),
    "commands": (commands, ""),
    "lines": (lines, "memory of JSON Lines in and out, MB"),
    "yaml": (folder_of_yaml, ""),
}


def size_of(url: str) -> float:
    """What the store takes on the disk, in MB."""
    if "://" not in url:
        return Path(url).stat().st_size / 1e6
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return row[0] / 1e6 if row else 0.0


def measured(url: str, claims: int, steps: list[str], console: Console) -> Figures:
    """The figures of one size."""
    found: Figures = {}
    for name in steps:
        command = [sys.executable, "-m", "benchmarks.record", "--step", name]
        done = subprocess.run(
            [*command, "--claims", str(claims), "--db", url],
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        found |= json.loads(done.stdout)
        if name == "fill":
            found["on the disk, MB"] = size_of(url)
        console.print(f"{claims:,} claims: {name} done", style="dim")
    return found


def report(sizes: list[int], figures: list[Figures], console: Console) -> None:
    """One row a measure, one column a size, and what the largest costs over the smallest."""
    table = Table(title="a store at size", title_justify="left", box=SIMPLE)
    table.add_column("measure")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column("growth", justify="right")
    for name in dict.fromkeys(name for found in figures for name in found):
        told = [found.get(name) for found in figures]
        ends = told[0], told[-1]
        growth = f"{ends[1] / ends[0]:.1f}" if len(told) > 1 and ends[0] and ends[1] else ""
        table.add_row(name, *("" if x is None else f"{x:,.4g}" for x in told), growth)
    console.print(table)


@click.command(help=__doc__)
@click.option("--claims", multiple=True, type=int, default=[100_000, 1_000_000])
@click.option("--db", default="", help="An empty PostgreSQL database; {n} is the number of claims.")
@click.option("--postgresql", is_flag=True, help="Start a server of Debian's package for this.")
@click.option("--only", multiple=True, type=click.Choice(list(STEPS)), help="These steps alone.")
@click.option("--step", hidden=True, default="")
def main(
    claims: tuple[int, ...], db: str, postgresql: bool, only: tuple[str, ...], step: str
) -> None:
    """Measure, or run one step."""
    if step:
        task, memory = STEPS[step]
        found = task(db, claims[0])
        if memory and found:
            found[memory] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        click.echo(json.dumps(found))
        return
    console = Console(width=110)
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )
    steps = list(only) or list(STEPS)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as after:
        urls = [db.format(n=n) if db else f"{folder}/record-{n}.db" for n in claims]
        if postgresql:
            from tests.store.server import Server, programs

            found = programs()
            if found is None:
                raise click.UsageError("no PostgreSQL server is installed (package postgresql)")
            server = Server(found)
            after.callback(server.remove)
            urls = [server.new() for _ in claims]
        figures = [measured(url, n, steps, console) for url, n in zip(urls, claims, strict=True)]
    report(list(claims), figures, console)


if __name__ == "__main__":
    main()
