"""Many chains at once: programs of one structure go to the batched solver together.

Every point is read and certified as any other is; a program whose point is not certified, or of
which there is but one of its structure, is solved on its own.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import pandas as pd

from mithaq.chain import Chain
from mithaq.equilibrium.certificate import certify
from mithaq.equilibrium.concave import check_concave
from mithaq.equilibrium.labels import read_point
from mithaq.equilibrium.payoffs import booked
from mithaq.equilibrium.program import Program, build_program
from mithaq.equilibrium.result import Equilibrium, solve
from mithaq.equilibrium.solvers import Method, Outcome
from mithaq.equilibrium.start import Start
from mithaq.equilibrium.structure import Structure, smooth
from mithaq.equilibrium.together import solve_together
from mithaq.errors import MithaqError, ModelError

__all__ = ["solve_many"]

SOLVER = "batched interior point"


def solve_many(
    chains: Sequence[Chain],
    *,
    method: Method | None = None,
    near: Start | pd.Series[float] | None = None,
    device: str = "cpu",
) -> list[Equilibrium | MithaqError]:
    """The equilibrium of each chain, certified, or the error in its place.

    ``device`` is one of PyTorch's: "cpu", "cuda". ``near`` helps where a chain is solved on its
    own. Raises MithaqError where PyTorch is not installed.
    """
    method = method or Method()
    programs: dict[int, Program] = {}
    groups: dict[object, list[int]] = {}
    answers: dict[int, Equilibrium | MithaqError] = {}
    for index, chain in enumerate(chains):
        try:
            program = build_program(chain)
            if method.engaged(program).engine != "complementarity":
                check_concave(program)
                programs[index] = program
                groups.setdefault(_kind(program), []).append(index)
        except MithaqError as error:
            answers[index] = error
    for group in groups.values():
        if len(group) > 1:
            answers |= _group(group, programs, chains, method, device)
    for index, chain in enumerate(chains):
        if index not in answers:
            try:
                answers[index] = solve(chain, method=method, near=near)
            except MithaqError as error:
                answers[index] = error
    return [answers[index] for index in range(len(chains))]


def _kind(program: Program) -> object:
    """Equal for programs of one structure."""
    return program.matrix.shape, program.equalities, program.cones, program.single.tobytes()


def _group(
    group: Sequence[int],
    programs: dict[int, Program],
    chains: Sequence[Chain],
    method: Method,
    device: str,
) -> dict[int, Equilibrium | MithaqError]:
    """Certified equilibria of programs of one structure, as far as there are."""
    begun = time.perf_counter()
    try:
        problems, costs = zip(*(smooth(programs[index]) for index in group), strict=True)
        structure = Structure(problems)
        found = solve_together(structure, structure.numbers(problems, costs), device)
    except ModelError:  # what has no structure of its own
        return {}
    seconds = (time.perf_counter() - begun) / len(group)
    used = dataclasses.replace(method, engine="program", solver=f"{SOLVER}, {device}")
    out: dict[int, Equilibrium | MithaqError] = {}
    for index, answer in zip(group, structure.answers(problems, found), strict=True):
        if answer.status != "Solved":
            continue
        start = time.perf_counter()
        chain, program = chains[index], programs[index]
        point = read_point(program, answer.x, answer.z)
        ledger = booked(chain, point)
        certificate = certify(chain, point, ledger.total(), method.tolerance)
        if certificate.holds:
            taken = {"solve": seconds, "certify": time.perf_counter() - start}
            equilibrium = Equilibrium(
                chain,
                Outcome.SOLVED,
                used,
                answer.status,
                program.size,
                taken,
                _point=point,
                _certificate=certificate,
                _ledger=ledger,
            )
            out[index] = equilibrium
    return out
