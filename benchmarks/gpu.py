"""Time the batched solver: ``python -m benchmarks.gpu [--device cuda] [--sizes 1 64 1024 4096]``.

One structure, the quadratic variant of the shipped chain, and programs whose costs differ by up to
5 %. Prints milliseconds a program beside PIQP on one core with its structure kept, how many were
solved, and what the batched solver asks of the machine: floating-point operations and bytes of one
iteration, counted operation by operation as PyTorch runs them, against the limits of a GPU. Then
whole scenarios, from edits to certified equilibria, with the time of each stage.

It needs no GPU; on one it fills the column that says how much of the limit is reached.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode

import mithaq
from benchmarks.__main__ import WIDTH, median
from benchmarks.peers import PEERS
from mithaq.equilibrium.backends import Quadratic
from mithaq.equilibrium.many import SOLVER, solve_many
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.structure import Numbers, Structure, smooth
from mithaq.equilibrium.together import solve_together

# NVIDIA's data sheet of the H200: float64 on tensor cores and on vector units, memory.
TENSOR, VECTOR, MEMORY = 67e12, 34e12, 4.8e12
VIEWS = {"view", "expand", "unsqueeze", "squeeze", "t", "transpose", "slice", "diagonal", "detach",
         "_unsafe_view", "select", "as_strided", "permute", "alias", "split"}  # fmt: skip


class Counter(TorchDispatchMode):
    """Counts operations and bytes of everything that PyTorch runs inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = self.vector = self.bytes = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in VIEWS:
            return out
        tensors = [x for x in _flat((args, out)) if isinstance(x, torch.Tensor)]
        self.bytes += sum(x.numel() * x.element_size() for x in tensors)
        made = [x for x in _flat(out) if isinstance(x, torch.Tensor)]
        if name == "bmm":
            batch, rows, inner = args[0].shape
            self.matrix += 2.0 * batch * rows * inner * args[1].shape[2]
        elif name == "linalg_cholesky_ex":
            side = args[0].shape[-1]
            self.matrix += args[0].numel() / side**2 * side**3 / 3
        elif name in ("linalg_solve_triangular", "_cholesky_solve_helper", "cholesky_solve"):
            twice = 1 if name == "linalg_solve_triangular" else 2
            self.matrix += float(made[0].numel() * made[0].shape[-2]) * twice
        else:
            self.vector += float(sum(x.numel() for x in made))
        return out


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [x for each in value for x in _flat(each)]
    return [value]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 16, 128])
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is shown")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch on the CPU")
    parser.add_argument("--scenarios", type=int, default=64, help="whole scenarios, certified")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    console = Console(width=WIDTH, highlight=False)
    chain = mithaq.Chain.shipped().quadratic()
    problem, costs = smooth(build_program(chain))
    structure = Structure([problem])
    one = structure.numbers([problem], [costs])
    console.print(f"{chain!r}: {structure.width} columns, {structure.equalities} balances in "
                  f"{sum(len(x) for x in structure.classes)} blocks, {structure.border} arcs and "
                  f"markets between them; PyTorch {torch.__version__} on {options.device}, "
                  f"{options.threads} thread(s)")  # fmt: skip
    core = _piqp(problem, one, options.runs)
    console.print(f"PIQP, structure kept, costs changed, one core: {1000 * core:.2f} ms a program")
    work = _work(structure, one)
    _sizes_table(structure, one, core, work, options, console)
    _limits(work, console)
    _scenarios(chain, options, console)


def _varied(numbers: Numbers, count: int) -> Numbers:
    many = numbers.repeated(count)
    many.linear *= 1 + 0.05 * np.random.default_rng(2010).random(many.linear.shape)
    return many


def _piqp(problem: Quadratic, numbers: Numbers, runs: int) -> float:
    """Seconds of one solve with changed costs."""
    peer = next(peer for peer in PEERS if peer.package == "piqp")(problem)
    peer.set_up()
    peer.run()
    linear = _varied(numbers, 20).linear

    def all_of_them() -> None:
        for row in linear:
            peer.change(row)
            peer.run()

    return median(all_of_them, runs) / len(linear)


def _work(structure: Structure, numbers: Numbers, size: int = 8) -> tuple[float, ...]:
    """Operations (matrix, vector) and bytes of one iteration of one program, and iterations."""
    found = solve_together(structure, _varied(numbers, size))
    with Counter() as whole:
        solve_together(structure, _varied(numbers, size))
    longest = int(found.iterations.max())
    figures = whole.matrix, whole.vector, whole.bytes
    return *(x / size / longest for x in figures), float(longest)


def _sizes_table(
    structure: Structure,
    one: Numbers,
    core: float,
    work: tuple[float, ...],
    options: argparse.Namespace,
    console: Console,
) -> None:
    table = Table(title="the batched solver", title_justify="left", box=SIMPLE)
    for name in ("programs", "solved", "iterations", "ms each", "times PIQP", "Tflop/s", "GB/s"):
        table.add_column(name, justify="right")
    table.add_column("of an H200", justify="right")
    for size in options.sizes:
        many = _varied(one, size)
        found = solve_together(structure, many, options.device)
        each = median(lambda m=many: _timed(structure, m, options.device), options.runs) / size
        longest = int(found.iterations.max())
        matrix, vector, moved, _ = work
        rate, flow = (matrix + vector) * longest / each, moved * longest / each
        share = _bound(work) * longest / work[3] / each
        table.add_row(
            str(size),
            f"{100 * found.solved.mean():.0f} %",
            f"{found.iterations.mean():.1f}",
            f"{1000 * each:.3f}",
            f"{core / each:.2f}",
            f"{rate / 1e12:.4f}",
            f"{flow / 1e9:.1f}",
            f"{100 * share:.3g} %",
        )
    console.print(table)


def _timed(structure: Structure, numbers: Numbers, device: str) -> None:
    solve_together(structure, numbers, device)
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _bound(work: tuple[float, ...]) -> float:
    """Least seconds of a program on an H200: what is slower, arithmetic or memory."""
    matrix, vector, moved, iterations = work
    return iterations * max(matrix / TENSOR + vector / VECTOR, moved / MEMORY)


def _limits(work: tuple[float, ...], console: Console) -> None:
    matrix, vector, moved, iterations = work
    console.print(
        f"one iteration of one program: {matrix / 1e6:.2f} million operations in matrix products, "
        f"factors and triangular solves, {vector / 1e6:.2f} million in vectors, "
        f"{moved / 1e6:.2f} MB in and out of operations; {iterations:.0f} iterations"
    )
    arithmetic = iterations * (matrix / TENSOR + vector / VECTOR)
    memory = iterations * moved / MEMORY
    console.print(
        f"an H200 (67 and 34 Tflop/s, 4.8 TB/s) could do that in {1e6 * arithmetic:.2f} µs of "
        f"arithmetic and {1e6 * memory:.2f} µs of memory: at most {1 / _bound(work):,.0f} programs "
        "a second, were every operation to read and write all it touches"
    )


def _scenarios(chain: mithaq.Chain, options: argparse.Namespace, console: Console) -> None:
    """Edits to certified equilibria: together, and one by one."""
    fields = [row["name"] for row in chain.rows("fields") if row["capacity"] > 0]
    dice = np.random.default_rng(7)
    edits = [
        [mithaq.Change("fields", name, "a", float(a)) for name, a in
         zip(fields, dice.uniform(15, 40, len(fields)), strict=True)]
        for _ in range(options.scenarios)
    ]  # fmt: skip
    near = mithaq.solve(chain).production
    start = time.perf_counter()
    chains = [chain.with_edits(each) for each in edits]
    edited = time.perf_counter()
    answers = solve_many(chains, device=options.device)
    ended = time.perf_counter()
    alone = [mithaq.solve(each, near=near) for each in chains]
    last = time.perf_counter()
    count = len(edits)
    good = [x for x in answers if isinstance(x, mithaq.Equilibrium)]
    batched = [x for x in good if x.method.solver.startswith(SOLVER)]
    worst = max(x.certificate.max_violation for x in good)
    gap = max(abs(x.prices - y.prices).max() for x, y in zip(answers, alone, strict=True))
    solving = sum(x.seconds["solve"] for x in batched) / max(len(batched), 1)
    proving = sum(x.seconds["certify"] for x in batched) / max(len(batched), 1)
    together = (ended - edited) / count
    console.print(
        f"{count} scenarios: {len(batched)} solved together and certified, largest violation "
        f"{worst:.0e}, prices within {gap:.0e} of those solved one by one"
    )
    console.print(
        f"ms a scenario: edits {1000 * (edited - start) / count:.1f}; together "
        f"{1000 * together:.1f}, of which solving {1000 * solving:.1f} and certifying "
        f"{1000 * proving:.1f}, the rest building; one by one {1000 * (last - ended) / count:.1f}"
    )


if __name__ == "__main__":
    main()
