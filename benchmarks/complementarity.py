"""Time the two engines: ``python -m benchmarks.complementarity [--runs N] [--sizes ...]``.

First both engines on the shipped chain, annual and through made-up seasons; then the engine for
complementarity beside PATH (through gamspy, within the size that its free licence allows) on the
conditions of made-up chains with one-way stakes. All figures are medians of one run.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mithaq
from benchmarks.__main__ import median
from benchmarks.seasons import SIZES, through_time
from mithaq.equilibrium.complementarity import mixed_problem, solve_mixed
from mithaq.equilibrium.mixed import Mixed
from mithaq.equilibrium.program import build_program

WIDTH = 100
ENGINES = ("program", "complementarity")
TOLERANCE, LIMIT = 1e-10, 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.complementarity")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is shown")
    parser.add_argument("--sizes", nargs="*", default=["annual", "3 x 1"], choices=list(SIZES))
    parser.add_argument("--firms", nargs="*", type=int, default=[5, 10, 15])
    options = parser.parse_args(arguments)
    console = Console(width=WIDTH, highlight=False)
    engines_table(options.sizes, options.runs, console)
    console.print()
    path_table(options.firms, options.runs, console)


def engines_table(sizes: Sequence[str], runs: int, console: Console) -> None:
    """Print the seconds of each engine's solver, the ratio, and how exact the answers are."""
    title = "seconds to solve the shipped chain (2010), periods x years, exact costs"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for name in ("chain", "variables", "rows", *ENGINES, "ratio", "violation", "violation "):
        table.add_column(name, justify="left" if name == "chain" else "right")
    for name in sizes:
        chain = through_time(mithaq.Chain.shipped(2010), *SIZES[name])
        seconds, wrong = [], []
        for engine in ENGINES:
            method = mithaq.Method(engine=engine)
            found = [mithaq.solve(chain, method=method) for _ in range(runs)]
            seconds.append(statistics.median(answer.seconds["solve"] for answer in found))
            wrong.append(f"{found[0].certificate.max_violation:.0e}")
        size = [str(number) for number in found[0].size.values()]
        ratio = f"{seconds[1] / seconds[0]:.1f}"
        table.add_row(name, *size, *(f"{part:.3f}" for part in seconds), ratio, *wrong)
    console.print(table)


def ring(firms: int) -> mithaq.Chain:
    """Firms on a ring of nodes, each selling everywhere, each with a stake in the next."""
    dice = np.random.default_rng(firms)
    names = [f"{number:02d}" for number in range(firms)]
    after = names[1:] + names[:1]
    forth, back = list(zip(names, after, strict=True)), list(zip(after, names, strict=True))
    tables: dict[str, Any] = {
        "nodes": {"name": names},
        "firms": {"name": names},
        "fields": {
            "name": names,
            "node": names,
            "owners": names,
            "capacity": dice.uniform(20, 60, firms),
            "a": dice.uniform(20, 60, firms),
            "b": dice.uniform(0.5, 2, firms),
        },
        "pipelines": {
            "name": [f"{one}-{other}" for one, other in forth + back],
            "from": [one for one, _ in forth + back],
            "to": [other for _, other in forth + back],
            "capacity": dice.uniform(5, 30, 2 * firms),
            "tariff": dice.uniform(1, 5, 2 * firms),
        },
        "markets": {
            "name": names,
            "node": names,
            "reference_quantity": dice.uniform(20, 60, firms),
            "reference_price": dice.uniform(100, 200, firms),
            "elasticity": -0.8,
        },
        "stakes": {"holder": names, "firm": after, "share": 0.2},
    }
    return mithaq.Chain.from_tables({name: pd.DataFrame(table) for name, table in tables.items()})


def path_table(firms: Sequence[int], runs: int, console: Console) -> None:
    """Print milliseconds from matrices to answer, beside PATH's own."""
    title = "milliseconds from matrices to answer, conditions of chains with one-way stakes"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for name in ("firms", "unknowns", "mithaq", "PATH", "PATH / mithaq", "largest gap"):
        table.add_column(name, justify="right")
    reason = ""
    for number in firms:
        program = build_program(ring(number))
        problem = mixed_problem(program)
        ours = median(lambda p=program: solve_mixed(p, TOLERANCE, LIMIT), runs)  # type: ignore[misc]
        x = solve_mixed(program, TOLERANCE, LIMIT)[0].x
        kept = sum(kind != "sign" for kind, _ in program.rows)
        cells = [str(number), str(len(x) + kept), f"{1000 * ours:.1f}"]
        try:
            theirs, other = path(problem)
        except Exception as error:  # noqa: BLE001 (whatever a licence or a missing wheel raises)
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else repr(error)
            table.add_row(*cells, "–", "–", "–")
            continue
        gap = float(np.abs(x - other).max())
        table.add_row(*cells, f"{1000 * theirs:.1f}", f"{theirs / ours:.1f}", f"{gap:.0e}")
    console.print(table)
    if reason:
        console.print(f"PATH ({installed('gamspy')}) did not run: {reason}")


def installed(package: str) -> str:
    """Name and version of a package, or that it is not there."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} is not installed"


def path(problem: Mixed) -> tuple[float, np.ndarray[Any, Any]]:
    """Seconds that PATH reports for itself, and the columns it finds."""
    import gamspy as gp

    box = gp.Container()
    # Signs are bounds to PATH, as to every solver.
    alone = np.diff(problem.matrix.indptr) == 1
    lowest = np.minimum.reduceat(problem.matrix.data, problem.matrix.indptr[:-1])
    kept = np.flatnonzero(~(alone & (lowest == -1) & (problem.bound == 0)))
    width, height = problem.matrix.shape[1], len(kept)
    column = gp.Set(box, "j", records=[str(j) for j in range(width)])
    other = gp.Alias(box, "k", alias_with=column)
    row = gp.Set(box, "i", records=[str(i) for i in range(height)])
    tied = gp.Set(box, "e", domain=row, records=[str(i) for i in range(problem.equalities)])
    free = [str(i) for i in range(problem.equalities, height)]
    limit = gp.Set(box, "l", domain=row, records=free)

    def entries(matrix: Any) -> pd.DataFrame:
        found = matrix.tocoo()
        at = {"row": found.row.astype(str), "column": found.col.astype(str)}
        return pd.DataFrame({**at, "value": found.data})

    slope = gp.Parameter(box, "M", domain=[column, other], records=entries(problem.slope))
    matrix = gp.Parameter(box, "A", domain=[row, column], records=entries(problem.matrix[kept]))
    linear = gp.Parameter(box, "q", domain=column, records=problem.linear)
    bound = gp.Parameter(box, "b", domain=row, records=problem.bound[kept])
    x = gp.Variable(box, "x", domain=column, type="positive")
    y = gp.Variable(box, "y", domain=row)
    z = gp.Variable(box, "z", domain=row, type="positive")
    choose = gp.Equation(box, "choose", domain=column)
    keep = gp.Equation(box, "keep", domain=row)
    within = gp.Equation(box, "within", domain=row)
    choose[column] = (
        gp.Sum(other, slope[column, other] * x[other])
        + linear[column]
        + gp.Sum(tied, matrix[tied, column] * y[tied])
        + gp.Sum(limit, matrix[limit, column] * z[limit])
        >= 0
    )
    keep[tied] = gp.Sum(column, matrix[tied, column] * x[column]) == bound[tied]
    within[limit] = bound[limit] - gp.Sum(column, matrix[limit, column] * x[column]) >= 0
    model = gp.Model(box, "conditions", problem="MCP", matches={choose: x, keep: y, within: z})
    model.solve(solver="path")
    found = x.records["level"].to_numpy(dtype=float)
    return float(model.total_solver_time), found


if __name__ == "__main__":
    main()
