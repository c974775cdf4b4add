"""Time through seasons and years, and with more firms and nodes: ``python -m benchmarks.sizes``.

For each size of the shipped chain (quadratic costs, so that all solvers see the same matrices):
seconds to build, solve and certify, a solve again with changed numbers, each solver called directly
on the same matrices, and linopy with HiGHS, which builds its model anew as its users do. What is
counted begins with checked tables in memory and ends with a certified equilibrium and its payoffs.

``new``: the first chain of a structure, of which nothing is kept. Build, solve and certify: tables
that nobody has read before, of a structure whose matrix is kept. ``again``: one cost changed, from
a start that names the ways in use and those that lack less than 5 USD/1000 m3 to pay.
Figures are medians of one run of this command on one machine (``new`` is one solve); ratios are
between figures of that run.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import time
from collections.abc import Sequence
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mithaq
from benchmarks.peers import PEERS, Peer
from benchmarks.seasons import SIZES, through_time
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.solvers import whole_program

AGREE = 1e-4
MARGIN = 5.0  # USD/1000 m3, as much as the cost that changes does


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizes", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is shown")
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that a peer may take")
    parser.add_argument(
        "--processor",
        action="store_true",
        help="count time of the processor, which others at work on the machine hardly change",
    )
    options = parser.parse_args(arguments)
    if options.processor:
        with mock.patch.object(time, "perf_counter", time.process_time):
            run(options)
    else:
        run(options)


def run(options: argparse.Namespace) -> None:
    """Measure and print what was asked for."""
    console = Console(width=160, highlight=False)
    base = mithaq.Chain.shipped().quadratic()
    rows = []
    for size in options.sizes:
        row = measured(through_time(base, *SIZES[size]), options.runs, options.limit)
        rows.append({"size": size, **row})
        console.print(f"{size}: done, {peak():.0f} MB so far")
    console.print(own_table(rows))
    console.print(peers_table(rows))
    slots = [SIZES[row["size"]][0] * SIZES[row["size"]][1] for row in rows]
    if len(rows) > 1:
        tell_growth(console, "slots", slots, rows)
    for what, counts, sizes in (
        ("firms", (5, 10, 20, 40), [(n, 20) for n in (5, 10, 20, 40)]),
        ("nodes", (10, 20, 40, 80), [(10, n) for n in (10, 20, 40, 80)]),
    ):
        grown = [stages(made_up(*size), options.runs) for size in sizes]
        tell_growth(console, what, counts, grown)
    console.print(f"largest memory of the whole run: {peak():.0f} MB")


def peak() -> float:
    """Most memory that this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tell_growth(
    console: Console, what: str, counts: Sequence[int], rows: Sequence[dict[str, Any]]
) -> None:
    """Print the exponents with which times grow: slopes of logarithms, least squares."""
    told = []
    for stage in ("build", "solve", "certify", "all"):
        times = [row[stage] for row in rows]
        told.append(f"{stage} {np.polyfit(np.log(counts), np.log(times), 1)[0]:.2f}")
    console.print(
        f"growth with {what} ({', '.join(map(str, counts))}), exponent: {', '.join(told)}"
    )


def stages(chain: mithaq.Chain, runs: int) -> dict[str, Any]:
    """Median seconds of each stage of a solve, and of the first; each run reads all tables anew."""
    kept = []
    for _ in range(runs):
        tables = {name: chain.table(name) for name in TABLES}
        told = {
            name: frame.astype(object).where(frame.notna(), "") for name, frame in tables.items()
        }
        kept.append(mithaq.solve(mithaq.Chain.from_tables(told)))
    found = {
        key: statistics.median(answer.seconds[key] for answer in kept)
        for key in ("build", "solve", "certify")
    }
    found["all"] = sum(found.values())
    found["new"] = sum(kept[0].seconds[key] for key in ("build", "solve", "certify"))
    found["violation"] = kept[-1].certificate.max_violation
    return {**found, **kept[-1].size}


TABLES = (
    *("nodes", "firms", "fields", "pipelines", "terminals", "routes", "storages", "markets"),
    *("periods", "years", "demand_factors", "conduct", "cooperation", "contracts"),
)


def measured(chain: mithaq.Chain, runs: int, limit: float) -> dict[str, Any]:
    """Everything that is shown of one size."""
    gc.collect()
    gc.freeze()  # so that nobody's time goes into garbage of the size or the library before
    found = stages(chain, runs)
    field = next(row["name"] for row in chain.rows("fields") if row["capacity"] > 0)
    again, aside = [], []
    near = mithaq.Start.of(mithaq.solve(chain), margin=MARGIN)
    for number in range(runs + 1):
        edit = mithaq.Change("fields", field, "a", 25.0 + number)
        start = time.perf_counter()
        answer = mithaq.solve(chain, [edit], near=near)
        again.append(time.perf_counter() - start)
        aside.append(answer.seconds["build"] + answer.seconds["certify"])
    found["again"] = statistics.median(again[1:])
    found["aside"] = statistics.median(aside[1:])
    problem = whole_program(build_program(chain))
    best: float | None = None
    found["peers"] = {}
    for peer in PEERS:
        if not peer.version():
            continue
        first, repeated, value = timed(peer, problem, runs, limit)
        best = value if best is None else best
        same = abs(value - best) <= AGREE * (1 + abs(best))
        found["peers"][peer.name] = {"first": first, "again": repeated, "same": same}
    try:
        from benchmarks.by_linopy import solve_with_linopy
    except ImportError:
        found["linopy"] = None
    else:
        start = time.perf_counter()
        value = solve_with_linopy(chain, limit)
        same = value is not None and best is not None
        same = same and abs(value - best) <= AGREE * (1 + abs(best))  # type: ignore[operator]
        found["linopy"] = (time.perf_counter() - start, same)
    return found


def timed(peer: type[Peer], problem: Any, runs: int, limit: float) -> tuple[float, float, float]:
    """Median seconds of a first solve and of one with changed costs, and the first's objective.

    A peer that needs longer than a tenth of the limit is run once.
    """
    peer.limit = limit
    dice = np.random.default_rng(2010)
    first, again, value = [], [], 0.0
    for _ in range(runs):
        one = peer(problem)
        start = time.perf_counter()
        one.set_up()
        x = one.run()
        first.append(time.perf_counter() - start)
        value = float(x @ one.hessian @ x / 2 + problem.linear @ x)
        linear = problem.linear * (1 + 0.05 * dice.random(len(problem.linear)))
        if first[-1] < limit / 2:
            start = time.perf_counter()
            one.change(linear)
            one.run()
            again.append(time.perf_counter() - start)
        if first[-1] > limit / 10:
            break
    return statistics.median(first), statistics.median(again) if again else float("inf"), value


def own_table(rows: Sequence[dict[str, Any]]) -> Table:
    """What mithaq needs, and beside the fastest solver."""
    title = "mithaq: milliseconds from a loaded chain to a certified equilibrium"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    columns = ("size", "variables", "rows", "new", "build", "solve", "certify", "in all", "again")
    ratios = "build + certify / fastest", "the same, again", "again / fastest again"
    for name in (*columns, *ratios, "violation"):
        table.add_column(name, justify="left" if name == "size" else "right")
    for row in rows:
        fastest = min(peer["first"] for peer in row["peers"].values() if peer["same"])
        warm = min(peer["again"] for peer in row["peers"].values() if peer["same"])
        figures = [row[key] for key in ("new", "build", "solve", "certify", "all", "again")]
        table.add_row(
            row["size"],
            str(row["variables"]),
            str(row["rows"]),
            *(f"{1000 * seconds:.0f}" for seconds in figures),
            f"{(row['build'] + row['certify']) / fastest:.2f}",
            f"{row['aside'] / fastest:.2f}",
            f"{row['again'] / warm:.2f}",
            f"{row['violation']:.0e}",
        )
    return table


def peers_table(rows: Sequence[dict[str, Any]]) -> Table:
    """What others need: on the same matrices, and linopy from the tables."""
    title = (
        "others: milliseconds of a first solve / of one with changed costs, same matrices;\n"
        "last columns: linopy + HiGHS from the tables, and how many times mithaq's time that is"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE)
    names = list(dict.fromkeys(name for row in rows for name in row["peers"]))
    for name in ("size", *names, "linopy + highs", "linopy / mithaq"):
        table.add_column(name, justify="left" if name == "size" else "right")
    for row in rows:
        cells = []
        for name in names:
            peer = row["peers"][name]
            told = f"{1000 * peer['first']:.0f} / "
            told += f"{1000 * peer['again']:.0f}" if np.isfinite(peer["again"]) else "-"
            cells.append(told if peer["same"] else f"{told} (not solved)")
        if row["linopy"] is None:
            cells += ["not installed", "-"]
        else:
            seconds, same = row["linopy"]
            cells.append(f"{1000 * seconds:.0f}" + ("" if same else " (not solved)"))
            cells.append(f"{seconds / row['all']:.1f}")
        table.add_row(row["size"], *cells)
    return table


def made_up(firms: int, nodes: int) -> mithaq.Chain:
    """A ring of nodes with chords; each firm has a field somewhere and may sell everywhere."""
    dice = Random(1000 * firms + nodes)
    names = [f"n{number:03d}" for number in range(nodes)]
    ends = [(names[i], names[(i + 1) % nodes]) for i in range(nodes)]
    ends += [(head, tail) for tail, head in ends]
    ends += [(dice.choice(names), dice.choice(names)) for _ in range(nodes // 2)]
    ends = sorted({(tail, head) for tail, head in ends if tail != head})
    sellers = [f"f{number:03d}" for number in range(firms)]
    tables = {
        "nodes": [{"name": name} for name in names],
        "firms": [{"name": name, "conduct": dice.choice([0.2, 0.6, 1])} for name in sellers],
        "fields": [
            {"name": name, "node": dice.choice(names), "owners": name}
            | {"capacity": dice.uniform(20, 90), "a": dice.uniform(10, 60), "b": 0.8}
            for name in sellers
        ],
        "pipelines": [
            {"from": tail, "to": head, "capacity": dice.uniform(5, 60)}
            | {"tariff": dice.uniform(2, 12), "loss": 0.01}
            for tail, head in ends
        ],
        "markets": [
            {"name": name, "node": name, "reference_quantity": dice.uniform(5, 60)}
            | {"reference_price": 250, "elasticity": -0.5}
            for name in names
        ],
    }
    return mithaq.Chain.from_tables({name: pd.DataFrame(rows) for name, rows in tables.items()})


if __name__ == "__main__":
    main()
