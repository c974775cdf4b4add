"""Time every coalition of twelve exporters: ``python -m benchmarks.coalitions [--members N]``.

The forum of the twelve largest exporters of the shipped annual chain, each coalition a certified
equilibrium, with the exact (Golombek) and with quadratic costs. Beside it, on a sample of the
coalitions: the fastest solvers called directly with their structure kept (quadratic costs, the
numbers of P changed from one coalition to the next), linopy with HiGHS, the only one of its solvers
for such programs that is open, which builds its model anew, and mithaq one by one in this process.
Objectives of linopy's models must agree with ours. Figures are of one run on one machine; ratios
are of core seconds for a coalition, which others at work on the machine hardly change. Coalitions
in which the same sellers meet share an equilibrium; the seconds for one are all by their number.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sp
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mithaq
from benchmarks.__main__ import WIDTH
from benchmarks.peers import Clarabel, Peer, Piqp
from mithaq.equilibrium.backends import Quadratic, solve_quadratic
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.solvers import whole_program
from mithaq.worth.forum import forum
from mithaq.worth.pilots import start_for

AGREE = 1e-7  # relative gap between two objectives that are the same
MEMBERS = (
    *("Gazprom", "Qatargas", "Statoil", "Sonatrach", "GasTerra", "UK producers", "EGAS"),
    *("Atlantic LNG", "NLNG", "NOC Libya", "SOCAR", "Oman LNG"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coalitions", description=__doc__)
    parser.add_argument("--members", type=int, default=12, help="of the forum, 2 to 12")
    parser.add_argument("--workers", type=int, default=2, help="processes of the forum")
    parser.add_argument("--sample", type=int, default=30, help="coalitions for the others")
    options = parser.parse_args(arguments)
    if not 2 <= options.members <= len(MEMBERS):
        parser.error(f"--members must be 2 to {len(MEMBERS)}")
    console = Console(width=WIDTH, highlight=False)
    exact = mithaq.Chain.shipped()
    quadratic = exact.quadratic()
    named = MEMBERS[: options.members]
    table = Table(title=f"{1 << len(named)} coalitions", title_justify="left", box=SIMPLE)
    for name in ("who", "seconds", "ms of a core each", "in mithaq's", "violation"):
        table.add_column(name, justify="left" if name == "who" else "right")
    own = {}
    for name, chain in (("exact costs", exact), ("quadratic costs", quadratic)):
        start, spent = time.perf_counter(), processor()
        found = forum(chain, named, on="processes", workers=options.workers)
        seconds = time.perf_counter() - start
        own[name] = (processor() - spent) / (1 << len(named))
        console.print(f"{name}: {found.equilibria} equilibria, certified")
        figures = f"{seconds:.1f}", f"{1000 * own[name]:.1f}", ""
        table.add_row(f"mithaq, {name}", *figures, f"{found.max_violation:.0e}")
    chains = list(sampled(quadratic, named, options.sample))
    problems = [whole_program(build_program(chain)) for chain in chains]
    mine = alone(quadratic, named, chains)
    table.add_row(f"mithaq, {len(chains)} of them, here", "", f"{1000 * mine:.1f}", "1.00", "")
    for peer in (Piqp, Clarabel):
        if peer.version():
            each = warm(peer, problems)
            table.add_row(f"{peer.name}, warm", "", f"{1000 * each:.1f}", f"{mine / each:.2f}", "")
    found_by = by_linopy(chains, problems)
    if found_by:
        told = f"{1000 * found_by:.0f}", f"{mine / found_by:.3f}", ""
        table.add_row("linopy + highs", "", *told)
    console.print(table)
    console.print(
        f"in mithaq's: core seconds of mithaq for the same {len(chains)}, by theirs (medians)"
    )


def processor() -> float:
    """Seconds of a core that this process and those it has ended with have used."""
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    used = (resource.getrusage(kind) for kind in kinds)
    return sum(one.ru_utime + one.ru_stime for one in used)


def sampled(chain: mithaq.Chain, named: Sequence[str], count: int) -> Iterator[mithaq.Chain]:
    """The chain under coalitions drawn at random."""
    dice = np.random.default_rng(2010)
    for bits in dice.integers(3, 1 << len(named), count).tolist():
        yield chain.with_edits([group(named, bits)])


def group(named: Sequence[str], bits: int) -> mithaq.Cooperate:
    """The firms of a coalition as one."""
    firms = tuple(firm for i, firm in enumerate(named) if bits >> i & 1)
    return mithaq.Cooperate("forum", firms, 1.0)


def warm(kind: type[Peer], problems: Sequence[Quadratic]) -> float:
    """Median seconds to take over the next coalition's P and solve it."""
    one = kind(problems[0])
    one.set_up()
    one.run()
    seconds = []
    for problem in problems[1:]:
        upper = problem.quadratic
        whole = (upper + sp.triu(upper, 1).T).tocsc()
        start = time.process_time()
        one.solver.update(P=whole if kind is Piqp else upper)
        one.run()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def alone(chain: mithaq.Chain, named: Sequence[str], chains: Sequence[mithaq.Chain]) -> float:
    """Median seconds of a certified equilibrium with its payoffs, from the edit on.

    They start as those of a forum do.
    """
    groups = [[group(named, bits)] for bits in range(3, 1 << len(named))]
    near = start_for(mithaq.solve(chain), groups)
    seconds = []
    for changed in chains:
        (edit,) = changed.edits[len(chain.edits) :]
        start = time.process_time()
        mithaq.solve(chain, [edit], near=near).payoffs()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def by_linopy(chains: Sequence[mithaq.Chain], problems: Sequence[Quadratic]) -> float | None:
    """Median seconds of a model built and solved by linopy; None where it is not installed.

    Raises ArithmeticError where its objective is not that of ``problems``.
    """
    try:
        from benchmarks.by_linopy import solve_with_linopy
    except ImportError:
        return None
    seconds = []
    for chain, problem in zip(chains, problems, strict=True):
        start = time.process_time()
        value = solve_with_linopy(chain, 60.0)
        seconds.append(time.process_time() - start)
        x = solve_quadratic(problem, 1e-10, 200).x
        upper = problem.quadratic
        mine = float(x @ (upper @ x) - x @ (upper.diagonal() * x) / 2 + problem.linear @ x)
        if value is None or abs(value - mine) > AGREE * abs(mine):
            raise ArithmeticError(f"linopy ends at {value}, not at {mine}")
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
