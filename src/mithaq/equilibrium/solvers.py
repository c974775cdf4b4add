"""From a program to a point: what the solver said, and what each of its numbers stands for."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.backends import Answer, Quadratic, solve_conic, solve_quadratic
from mithaq.equilibrium.choices import missing, read_choices
from mithaq.equilibrium.complementarity import needs, solve_mixed
from mithaq.equilibrium.condense import Condensed, condensed
from mithaq.equilibrium.expansion import at_outputs, at_value, expand, solved_at, without_cones
from mithaq.equilibrium.labels import read_point
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.polish import polish
from mithaq.equilibrium.program import Program
from mithaq.equilibrium.settle import settle
from mithaq.errors import ModelError
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Method", "Outcome", "changed", "from_quadratics", "solve_program"]

Vector = NDArray[np.float64]
NEGLIGIBLE = 1e-4  # a step, as a share of idle capacity, after which the error is its square
MINUTE = 1e-6  # the same where capacity can grow, from which no steps follow that settle the rest
GROWING = 12  # programs that such costs are given at most
CLOSE = 100.0  # the same, above which the limits that bind are not taken to be known
NEAR_CAPACITY = 1e-3  # idle share below which output is judged against capacity itself
TINY = 1e-9  # bcm/yr, so that nothing is divided by an empty field
BLURRED = 0.1  # of the certificate's tolerance, above which digits of an answer are missing
HALF, BUSY = 0.5, 0.95  # use of capacity to start from where nothing, or too much, is known
ENGINES = ("auto", "program", "complementarity")
OWN = "interior-point method of its own"


class Outcome(enum.Enum):
    """How a solve ended; the value of each member explains it."""

    SOLVED = mark(
        "every equilibrium condition holds within the tolerance, recomputed from the answer"
    )
    INFEASIBLE = mark("what has to be delivered cannot be: no flows meet all obligations")
    UNBOUNDED = mark("profit grows without end: something can be sold that costs nothing")
    NOT_CERTIFIED = mark(
        "the solver gave a point, but the equilibrium conditions do not hold there"
    )
    STOPPED = mark("the solver stopped at its limits without an answer")

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Method:
    """How to solve: tolerances and limits, printed with every result.

    ``tolerance`` is the largest scaled violation that the certificate accepts. The solver is asked
    for ``conic_tolerance`` where there are Golombek costs, whose answer up to ``refinements``
    quadratic programs then sharpen (``first_steps`` more from a similar chain's answer; a dozen
    where such a field can be built onto), and for ``solver_tolerance`` in every quadratic program.
    ``polish`` takes Newton steps from the answer.

    ``engine`` is "program" (the concave program), "complementarity" (the conditions themselves,
    also where they have no potential) or "auto": the first where it can, else the second. A result
    tells which it was, and ``solver`` what solved it.

    Raises ModelError where there is no such engine.
    """

    engine: str = "auto"
    solver: str = "piqp and clarabel"
    tolerance: float = 1e-6
    solver_tolerance: float = 1e-12
    conic_tolerance: float = 1e-8
    refinements: int = 3
    first_steps: int = 3
    polish: bool = False
    max_iterations: int = 200

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ModelError(f"no engine is called {self.engine!r}; there are {', '.join(ENGINES)}")

    def engaged(self, program: Program) -> Method:
        """The method with its engine chosen for a program, as far as the program decides it.

        Raises ModelError where the concave program is asked for what only the other engine can do.
        """
        beyond = needs(program)
        if self.engine == "program" and beyond:
            text = mark("{what}; the complementarity engine can solve this")
            raise ModelError(Sentence(text, what=beyond))
        if self.engine == "complementarity" or beyond:
            return changed(self, engine="complementarity", solver=OWN)
        return self

    @property
    def ladder(self) -> Iterator[Method]:
        """Methods to try in turn until a point is certified.

        First as asked; then polished; then polished from tighter and from looser answers, since an
        interior-point method that strives for more digits than a program allows may end at a worse
        point than one that asked for less. Where the engine is open, the other has the last try.
        """
        first = changed(self, engine="program") if self.engine == "auto" else self
        yield first
        polished = changed(first, polish=True)
        yield polished
        for factor in (1e-2, 1e2):
            yield changed(polished, solver_tolerance=self.solver_tolerance * factor)
        if self.engine == "auto":
            yield changed(self, engine="complementarity", solver=OWN)

    def to_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


@functools.lru_cache(maxsize=64)
def changed(method: Method, **settings: Any) -> Method:
    """The method with other settings; there are few, and each is asked for often."""
    return dataclasses.replace(method, **settings)


STATUS = {
    "Solved": Outcome.SOLVED,
    "AlmostSolved": Outcome.SOLVED,
    "InsufficientProgress": Outcome.SOLVED,  # the certificate decides
    "PrimalInfeasible": Outcome.INFEASIBLE,
    "AlmostPrimalInfeasible": Outcome.INFEASIBLE,
    "DualInfeasible": Outcome.UNBOUNDED,
    "AlmostDualInfeasible": Outcome.UNBOUNDED,
}


def solve_program(
    program: Program,
    method: Method,
    near: Mapping[tuple[str, str], float] | None = None,
    known: dict[Method, Answer] | None = None,
) -> tuple[Outcome, str, Point | None]:
    """Outcome before certification, the solver's own word, and the point by the user's labels.

    A chain without Golombek costs is one quadratic program. With them the conic program is solved,
    and its answer refined: these costs are flat in the epigraph of their cone, so that a gap of e
    leaves output accurate to sqrt(e) only. Quadratic programs whose cost curves touch the exact
    ones at the last output square the error each. ``near`` (firm and field → lifting) is where a
    similar chain ended; from there such steps alone mostly do. The complementarity engine has no
    use for it. ``known`` keeps what solvers said, for a later try that only polishes it.
    """
    if method.engine == "complementarity":
        answer, added = solve_mixed(program, method.solver_tolerance, method.max_iterations)
        outcome, status, point = _read(program, answer, changed(method, polish=False))
        if point is None:
            return outcome, status, None
        short = missing(program, added)
        if short:
            status = short[0] if len(short) == 1 else Sentence("missing: {short}", short=short)
            return Outcome.INFEASIBLE, status, None
        read_choices(program, added, point)
        return outcome, status, point
    known = {} if known is None else known
    bare = changed(method, polish=False)
    if bare not in known:
        known[bare] = _answer(program, method, near)
    return _read(program, known[bare], method)


def _answer(
    program: Program, method: Method, near: Mapping[tuple[str, str], float] | None
) -> Answer:
    """What the solvers of the concave program say."""
    found = from_quadratics(program, method, near)
    if found is not None:
        return found
    tolerance, limit = method.conic_tolerance, method.max_iterations
    golombek = program.golombek
    answer = solve_conic(whole_program(program), program.cones, tolerance, limit)
    if STATUS.get(answer.status) is Outcome.SOLVED:
        output, size = solved_at(golombek, answer.x)
        short = condensed(program)
        if len(golombek.growing):
            return _refine_growing(short, output, size, method) or answer
        answer = _refine(short, output, method.refinements, method) or answer
    return answer


def from_quadratics(
    program: Program, method: Method, near: Mapping[tuple[str, str], float] | None
) -> Answer | None:
    """What quadratic programs say; None where there are Golombek costs and no start settles.

    Where such a cost depends on what is built, outputs alone are no start.
    """
    tolerance, limit = method.solver_tolerance, method.max_iterations
    short = condensed(program)
    if not program.cones:
        problem = short.plain()
        answer = solve_quadratic(problem, tolerance, limit)
        if STATUS.get(answer.status) is Outcome.SOLVED and _blurred(problem, answer, method):
            answer = settle(short, answer.x, answer.z) or answer
        return short.whole_answer(answer)
    if near is None or len(program.golombek.growing):
        return None
    steps = method.refinements + method.first_steps
    return _refine(short, first_guess(program, near), steps, method)


def _blurred(problem: Quadratic, answer: Answer, method: Method) -> bool:
    """Whether a limit is neither met nor free: its slack and its price are both well above zero.

    Such an answer would hardly be certified.
    """
    first = problem.equalities
    slack = (problem.bound - problem.matrix @ answer.x)[first:]
    both = np.minimum(slack, answer.z[first:])
    return bool(both.max(initial=0.0) > BLURRED * method.tolerance)


def first_guess(program: Program, near: Mapping[tuple[str, str], float]) -> Vector:
    """Output of each Golombek slice: as in a similar chain, or in use as others at its node."""
    slices = program.network.slices
    size = program.network.slice_capacity.max(axis=0).tolist()
    used: dict[str, float] = {}
    for piece, capacity in zip(slices, size, strict=True):
        if piece.g < 0 and (piece.firm, piece.field) in near:
            share = near[piece.firm, piece.field] / max(capacity, TINY)
            used.setdefault(piece.node, min(share, BUSY))
    guess = {
        number: near.get((p.firm, p.field), used.get(p.node, HALF) * size[number])
        for number, p in enumerate(slices)
        if p.g < 0
    }
    most = program.golombek.capacity * (1 - NEAR_CAPACITY)
    curved = np.nonzero(program.pattern.curved)[1].tolist()
    found: Vector = np.minimum([guess[number] for number in curved], most)
    return found


def _read(program: Program, answer: Answer, method: Method) -> tuple[Outcome, str, Point | None]:
    outcome = STATUS.get(answer.status, Outcome.STOPPED)
    if outcome is not Outcome.SOLVED:
        return outcome, answer.status, None
    x, z = answer.x, answer.z
    if method.polish:
        x, z = _polished(program, x, z)
    return outcome, answer.status, read_point(program, x, z)


def _polished(program: Program, x: Vector, z: Vector) -> tuple[Vector, Vector]:
    """The last digits: by few steps that tell which limits bind, else by steps from those that do.

    The former settle or give up; the latter come closer even where limits say the same twice.
    """
    x, z = x[: len(program.linear) - program.cones], z[: program.equalities + program.inequalities]
    if not len(program.golombek.growing):
        short = condensed(program)
        settled = settle(short, *short.short(x, z))
        if settled is not None:
            whole = short.whole_answer(settled)
            return whole.x, whole.z
    return polish(program, tangent_program, x, z)


def _refine(program: Condensed, output: Vector, steps: int, method: Method) -> Answer | None:
    """Tangent programs from Golombek outputs until a step is negligible; None if they end apart."""
    golombek, size = program.golombek, program.golombek.capacity
    for _ in range(steps):
        answer = solve_quadratic(
            _tangent(program, output, size), method.solver_tolerance, method.max_iterations
        )
        if STATUS.get(answer.status) is not Outcome.SOLVED:
            return None
        after = answer.x[golombek.column]
        step = _largest_step(output, after, size)
        if step < NEGLIGIBLE:
            return program.whole_answer(answer)
        if step < CLOSE:
            settled = settle(program, answer.x, answer.z)
            if settled is not None:
                return program.whole_answer(settled)
        output = _closer(output, after, size)
    return None


def _refine_growing(
    program: Condensed, output: Vector, size: Vector, method: Method
) -> Answer | None:
    """The same where something can be built: each program is quadratic in what is left idle too."""
    golombek = program.golombek
    known: tuple[Vector, Vector] | None = None
    for _ in range(GROWING):
        problem = _tangent(program, output, size)
        flat = without_cones(program, problem)
        # Once a program is solved, it is mostly known which limits bind in the next.
        settled = settle(flat, *known) if known else None
        answer = settled or solve_quadratic(problem, method.solver_tolerance, method.max_iterations)
        if STATUS.get(answer.status) is not Outcome.SOLVED:
            return None
        after, room = at_value(program, answer)
        # Slopes hang on the share of capacity in use alone: steps are steps of that.
        step = _largest_step(output / size * room, after, room)
        if step < MINUTE:
            settled = settled or settle(flat, answer.x, answer.z)
            settled = settled or at_outputs(golombek, answer, after / room)
            return program.whole_answer(settled)
        output, size, known = after, room, (answer.x, answer.z)
    return None


def whole_program(program: Program) -> Quadratic:
    """The program as solvers take it, cones included."""
    return Quadratic(
        program.quadratic,
        program.linear,
        program.matrix,
        program.bound,
        program.equalities,
        program.single,
    )


def _closer(before: Vector, after: Vector, size: Vector) -> Vector:
    """The next outputs to expand at: no step takes more than nine tenths of the idle capacity."""
    idle = np.maximum(size - before, 0.0)
    found: Vector = np.minimum(after, before + 0.9 * idle)
    return found


def _largest_step(before: Vector, after: Vector, size: Vector) -> float:
    """Largest change of a Golombek output, as a share of the capacity that is left idle."""
    idle = np.maximum(size - after, NEAR_CAPACITY * size)
    return float(np.max(np.abs(after - before) / idle, initial=0.0))


def _tangent(program: Condensed, output: Vector, size: Vector) -> Quadratic:
    """The program with each Golombek cost replaced by its second-order expansion."""
    linear, quadratic = program.linear.copy(), program.quadratic.copy()
    places = program.lifted, program.idle
    expand(program.golombek, output, size, linear, quadratic.data, places)
    return program.with_costs(quadratic, linear)


def tangent_program(program: Program, x: Vector) -> Quadratic:
    """The whole program with each Golombek cost replaced by its expansion at columns ``x``."""
    width = len(program.linear) - program.cones
    height = program.equalities + program.inequalities
    golombek, places = program.golombek, (program.pattern.lifted, program.pattern.idle)
    quadratic, more = program.core.copy(), np.zeros(width)
    # The program's linear part already holds |g| for the epigraph form: take it out.
    more[golombek.column] = golombek.weight * golombek.g
    expand(golombek, *solved_at(golombek, x), more, quadratic.data, places)
    linear = program.linear[:width] + more
    bound, single = program.bound[:height], program.single[:height]
    return Quadratic(quadratic, linear, program.pattern.core, bound, program.equalities, single)
