"""From a program to a point: what the solver said, and what each number of its answer stands for."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field

import clarabel
import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.program import Program

__all__ = ["Method", "Outcome", "Point", "solve_program"]

Vector = NDArray[np.float64]


class Outcome(enum.Enum):
    """How a solve ended; the value of each member explains it."""

    SOLVED = "every equilibrium condition holds within the tolerance, recomputed from the answer"
    INFEASIBLE = "what has to be delivered cannot be: no flows meet all obligations"
    UNBOUNDED = "profit grows without end: something can be sold that costs nothing"
    NOT_CERTIFIED = "the solver gave a point, but the equilibrium conditions do not hold there"
    STOPPED = "the solver stopped at its limits without an answer"

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Method:
    """How to solve: tolerances and limits, printed with every result.

    ``tolerance`` is the largest scaled violation that the certificate accepts; the solver is asked
    for ``solver_tolerance``.
    """

    solver: str = "clarabel"
    tolerance: float = 1e-6
    solver_tolerance: float = 1e-12
    max_iterations: int = 200

    def to_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


@dataclass(slots=True)
class Point:
    """Quantities (bcm/yr) and values (USD/1000 m3) of an equilibrium, by the user's labels."""

    lifting: dict[tuple[str, str], float] = field(default_factory=dict)  # firm, field
    flow: dict[tuple[str, str], float] = field(default_factory=dict)  # firm, arc
    spot: dict[tuple[str, str], float] = field(default_factory=dict)  # firm, market
    handed: dict[tuple[str, str, str, str], float] = field(default_factory=dict)
    value: dict[tuple[str, str], float] = field(default_factory=dict)  # firm, node
    rent: dict[str, float] = field(default_factory=dict)  # arc
    scarcity: dict[tuple[str, str], float] = field(default_factory=dict)  # firm, field
    floor_price: dict[tuple[str, str], float] = field(default_factory=dict)  # firm, market
    swap_price: dict[str, float] = field(default_factory=dict)
    swap_rent: dict[str, float] = field(default_factory=dict)


STATUS = {
    "Solved": Outcome.SOLVED,
    "AlmostSolved": Outcome.SOLVED,
    "InsufficientProgress": Outcome.SOLVED,  # the certificate decides
    "PrimalInfeasible": Outcome.INFEASIBLE,
    "AlmostPrimalInfeasible": Outcome.INFEASIBLE,
    "DualInfeasible": Outcome.UNBOUNDED,
    "AlmostDualInfeasible": Outcome.UNBOUNDED,
}


def solve_program(program: Program, method: Method) -> tuple[Outcome, str, Point | None]:
    """Solve with Clarabel: the outcome before certification, the solver's own word, the point."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = method.max_iterations
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = method.solver_tolerance
    cones = [
        clarabel.ZeroConeT(program.equalities),
        clarabel.NonnegativeConeT(program.inequalities),
    ]
    cones += [clarabel.ExponentialConeT()] * program.cones
    solver = clarabel.DefaultSolver(
        program.quadratic, program.linear, program.matrix, program.bound, cones, settings
    )
    answer = solver.solve()
    status = str(answer.status)
    outcome = STATUS.get(status, Outcome.STOPPED)
    if outcome is not Outcome.SOLVED:
        return outcome, status, None
    return outcome, status, read_point(program, np.array(answer.x), np.array(answer.z))


def read_point(program: Program, x: Vector, z: Vector) -> Point:
    """Put names on the solver's columns and duals. Quantities are never below zero."""
    net = program.network
    x = np.maximum(x, 0.0)
    point = Point()
    at = 0
    for piece in net.slices:
        point.lifting[piece.firm, piece.field] = min(float(x[at]), piece.capacity)
        at += 1
    for pair in net.flows:
        point.flow[pair] = float(x[at])
        at += 1
    for sale in net.sales:
        point.spot[sale] = float(x[at])
        at += 1
    for pass_ in net.handovers:
        point.handed[pass_.swap, pass_.giver, pass_.receiver, pass_.node] = float(x[at])
        at += 1
    targets: dict[str, dict[object, float]] = {
        "balance": point.value,  # type: ignore[dict-item]
        "arc": point.rent,  # type: ignore[dict-item]
        "field": point.scarcity,  # type: ignore[dict-item]
        "floor": point.floor_price,  # type: ignore[dict-item]
        "swap ratio": point.swap_price,  # type: ignore[dict-item]
        "swap cap": point.swap_rent,  # type: ignore[dict-item]
    }
    for (kind, key), dual in zip(program.rows, z, strict=True):
        if kind in targets:
            # A balance's dual is the cost of one unit more to deliver: minus the value of gas.
            targets[kind][key] = -float(dual) if kind == "balance" else float(dual)
    return point
