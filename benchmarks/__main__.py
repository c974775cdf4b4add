"""Time the shipped chain: ``python -m benchmarks [--runs N] [--year Y]``.

Prints seconds to load, build, solve and certify; then the quadratic variant's matrices in the hands
of each solver, a first solve and solves with changed costs. All figures are medians of one run of
this command on one machine, and the ratios are between figures of the same run.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mithaq
from benchmarks.peers import PEERS, Peer
from mithaq.equilibrium.backends import Quadratic
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.solvers import whole_program

STAGES = ("load", "build", "solve", "certify")
WIDTH = 100
AGREE = 1e-4  # relative gap in the objective within which two solvers found the same


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs of which the median is shown")
    parser.add_argument("--year", type=int, default=2010, help="base year of the shipped chain")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    console = Console(width=WIDTH, highlight=False)
    exact = mithaq.Chain.shipped(options.year)
    quadratic = exact.quadratic()
    console.print(f"{exact!r}, base year {options.year}; medians of {options.runs} runs")
    console.print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    packages = ("mithaq", "numpy", "scipy", "pandas", "clarabel", "piqp")
    console.print(", ".join(f"{name} {version(name)}" for name in packages))
    console.print()
    whole = stages_table(exact, quadratic, options.year, options.runs, console)
    console.print()
    peers_table(quadratic, options.runs, whole, console)


def median(task: Callable[[], object], runs: int) -> float:
    """Median of the seconds that ``task`` takes."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def stages_table(
    exact: mithaq.Chain, quadratic: mithaq.Chain, year: int, runs: int, console: Console
) -> float:
    """Print the stages of a solve; return the seconds of the quadratic one from build to end."""
    title = "mithaq: milliseconds from tables to a certified equilibrium"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for name in ("chain", "variables", "rows", *STAGES, "in all", "again", "violation"):
        table.add_column(name, justify="left" if name == "chain" else "right")
    load = median(lambda: mithaq.Chain.shipped(year), runs)
    total = 0.0
    for name, chain in (("Golombek costs", exact), ("quadratic costs", quadratic)):
        first = mithaq.solve(chain)
        kept = [mithaq.solve(chain).seconds for _ in range(runs)]
        stage = {key: statistics.median(run[key] for run in kept) for key in STAGES[1:]}
        total = sum(stage.values())
        field = next(row["name"] for row in chain.rows("fields") if row["capacity"] > 0)
        again = median(lambda c=chain, f=field: repeated(c, f), runs)  # type: ignore[misc]
        figures = [load, *stage.values(), load + total, again]
        table.add_row(
            name,
            str(first.size["variables"]),
            str(first.size["rows"]),
            *(f"{1000 * seconds:.1f}" for seconds in figures),
            f"{first.certificate.max_violation:.0e}",
        )
    console.print(table)
    console.print("again: one cost changed by an edit, rebuilt, solved and certified anew")
    return total


def repeated(chain: mithaq.Chain, field: str) -> mithaq.Equilibrium:
    """A similar equilibrium: one field a little dearer."""
    return mithaq.solve(chain, [mithaq.Change("fields", field, "a", 25.0)])


def peers_table(chain: mithaq.Chain, runs: int, whole: float, console: Console) -> None:
    """Print each solver's seconds on the same matrices, and what mithaq needs around it."""
    problem = whole_program(build_program(chain))
    entries = problem.quadratic.nnz + problem.matrix.nnz
    title = (
        f"milliseconds of solvers called directly, same matrices ({len(problem.linear)} columns, "
        f"{len(problem.bound)} rows with bounds, {entries} entries)"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for name in ("solver", "version", "first", "repeated", "mithaq / first", "objective"):
        table.add_column(name, justify="left" if name == "solver" else "right")
    best: float | None = None
    for peer in PEERS:
        if not peer.version():
            table.add_row(peer.name, "not installed", *[""] * 4)
            continue
        first, again, value = timed(peer, problem, runs)
        best = value if best is None else best
        same = "same" if abs(value - best) <= AGREE * (1 + abs(best)) else f"differs: {value:.6g}"
        figures = f"{1000 * first:.1f}", f"{1000 * again:.1f}", f"{whole / first:.2f}"
        table.add_row(peer.name, peer.version(), *figures, same)
    console.print(table)
    console.print(
        f"mithaq / first: {1000 * whole:.1f} ms from a loaded chain to certified equilibrium, over "
        "the solver's first solve; repeated: costs changed by up to 5 %, structure kept"
    )


def timed(peer: type[Peer], problem: Quadratic, runs: int) -> tuple[float, float, float]:
    """Median seconds of a first and of a repeated solve, and the objective of the first."""
    seconds = []
    for _ in range(runs):
        one = peer(problem)  # arranging the arrays is no part of what is timed
        start = time.perf_counter()
        one.set_up()
        x = one.run()
        seconds.append(time.perf_counter() - start)
    dice = np.random.default_rng(2010)
    again = []
    for _ in range(runs):
        linear = problem.linear * (1 + 0.05 * dice.random(len(problem.linear)))
        start = time.perf_counter()
        one.change(linear)
        one.run()
        again.append(time.perf_counter() - start)
    value = float(x @ one.hessian @ x / 2 + problem.linear @ x)
    return statistics.median(seconds), statistics.median(again), value


if __name__ == "__main__":
    main()
