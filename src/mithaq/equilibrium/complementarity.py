"""The second engine: the equilibrium conditions themselves, where no single program has them.

Conduct that is not symmetric (a stake on one side only, say) has no potential, so there is nothing
to maximise; the conditions of all sellers together are a mixed complementarity problem all the
same. It is monotone, and then solved here, wherever the symmetric part of conduct passes the test
that the concave program has to pass.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from mithaq.equilibrium.backends import Answer
from mithaq.equilibrium.choices import Label, with_choices
from mithaq.equilibrium.interior import Iterate, descend, sharpen
from mithaq.equilibrium.mixed import Entropies, Logarithms, Mixed, Products
from mithaq.equilibrium.program import Program
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["mixed_problem", "needs", "solve_mixed"]

FURTHER = 1e-3
FAR = (0.01, 0.1, 100.0)  # sizes of slacks and duals to start anew from
GOOD = 1e-6  # largest error, in the units of the scaled problem, of what is passed on to be judged


def needs(program: Program) -> tuple[Sentence, ...]:
    """What in the chain only this engine can do, in sentences; empty if there is nothing."""
    net = program.network
    uneven = mark(
        "conduct in {market} is not symmetric: {one} weighs {other} otherwise than {other} weighs "
        "{one}"
    )
    found = [
        Sentence(uneven, market=conduct.market, one=one, other=other)
        for conduct in (() if program.conduct.plain else program.conduct.values())
        for one, other in conduct.uneven[:1]
    ]
    if program.gifts.nnz:
        lines = tuple(sorted(arc.name for arc in net.arcs.values() if arc.fee_in_kind))
        kind = mark("who sends on {lines} pays in kind, and another firm sells that gas")
        found.append(Sentence(kind, lines=lines))
    capped = np.flatnonzero(~np.isnan(net.caps)).tolist()
    if capped:
        names = list(net.markets)
        markets = tuple(names[at] for at in capped)
        found.append(Sentence("the price is capped in {markets}", markets=markets))
    if net.choices:
        contracts = tuple(choice.name for choice in net.choices)
        found.append(Sentence("buyers nominate under {contracts}", contracts=contracts))
    return tuple(found)


def mixed_problem(program: Program) -> Mixed:
    """The conditions of a program's solution, with conduct as it is rather than made symmetric."""
    width = len(program.linear) - program.cones
    height = program.equalities + program.inequalities
    upper = program.quadratic[:width, :width]
    slope = (upper + sp.triu(upper, 1).T + skew(program, width)).tocsr()
    linear = program.linear[:width].copy()
    golombek = program.golombek
    column, g = golombek.column, golombek.g * golombek.weight
    # The program's linear part already holds |g| for the epigraph form: take it out.
    linear[column] += g
    given, built = np.flatnonzero(golombek.idle < 0), golombek.growing
    matrix = program.matrix[:height, :width].tocsr()
    felt = matrix - program.gifts[:height, :width].tocsr()
    return Mixed(
        slope,
        linear,
        matrix,
        felt,
        program.bound[:height],
        program.equalities,
        Logarithms(column[given], g[given], golombek.capacity[given], golombek.limit[given]),
        Products.none(),
        Entropies(column[built], golombek.idle[built], g[built]),
    )


def skew(program: Program, width: int) -> sp.csr_matrix:
    """What conduct adds to F beyond its symmetric part: beta (L - L')/2 in each market."""
    net, layout = program.network, program.columns
    place = layout.place[layout.of("spot")]  # slots x sales
    worth = net.calendar.weight[:, None] * np.nan_to_num(net.beta)
    rows, columns, values = [], [], []
    start = 0
    for market, conduct in enumerate(program.conduct.values()):
        size = len(conduct.sellers)
        if conduct.uneven:
            block = (conduct.matrix - conduct.matrix.T) / 2
            one, other = np.nonzero(block)
            mine, theirs = place[:, start + one], place[:, start + other]
            there = (mine >= 0) & (theirs >= 0)
            rows.append(mine[there])
            columns.append(theirs[there])
            values.append((worth[:, [market]] * block[one, other])[there])
        start += size
    if not rows:
        return sp.csr_matrix((width, width))
    at = np.concatenate(rows), np.concatenate(columns)
    return sp.csr_matrix((np.concatenate(values), at), shape=(width, width))


def solve_mixed(
    program: Program, tolerance: float, limit: int
) -> tuple[Answer, dict[Label, float]]:
    """Solve the conditions to ``tolerance`` (of the largest quantity and price) and sharpen.

    The interior-point method goes on beyond, since that tells which limits bind.

    The status is "Solved", "PrimalInfeasible" where no flows meet all obligations, or "Stopped".
    Beside the answer to the program's columns and rows come the columns that were added to them.
    """
    base = mixed_problem(program)
    problem, labels = with_choices(program, base)
    quantity = float(np.abs(problem.bound).max(initial=0.0)) or 1.0
    price = float(np.abs(problem.linear).max(initial=0.0)) or 1.0
    scaled = problem.scaled(quantity, price).softened()
    best = _sharpest(scaled, descend(scaled, FURTHER * tolerance, limit))
    status = "Solved"
    if best.error > GOOD and not _feasible(problem):
        status = "PrimalInfeasible"
    elif best.error > GOOD:
        # What buyers choose, and caps, need not be monotone: where a start leads nowhere, another.
        tries = (
            _sharpest(scaled, descend(scaled, FURTHER * tolerance, limit, far=far)) for far in FAR
        )
        best = next((found for found in tries if found.error <= GOOD), best)
        status = "Solved" if best.error <= GOOD else "Stopped"
    x, z = best.x * quantity, best.z * price
    width, height = len(base.linear), len(base.bound)
    added = dict(zip(labels, x[width:].tolist(), strict=True))
    return Answer(status, x[:width], z[:height]), added


def _sharpest(problem: Mixed, found: Iterate) -> Iterate:
    """The last digits, and those of what is all but full, which may be out of reach."""
    hard = problem.hardened(found.x, found.z)
    best = sharpen(hard, found)
    return best if hard is problem or best.error <= GOOD else sharpen(problem, found)


def _feasible(problem: Mixed) -> bool:
    """Whether any flows at all keep the rows (HiGHS)."""
    first = problem.equalities
    if not len(problem.linear):
        return not (problem.bound[:first].any() or (problem.bound[first:] < 0).any())
    answer = linprog(
        np.zeros(len(problem.linear)),
        A_eq=problem.matrix[:first],
        b_eq=problem.bound[:first],
        A_ub=problem.matrix[first:],
        b_ub=problem.bound[first:],
        bounds=(None, None),
        method="highs",
    )
    return bool(answer.status != 2)
