"""Why nothing meets all obligations, in the user's own rows, and the least that would cure it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from mithaq.equilibrium.program import Program

__all__ = ["explain"]

SMALL = 1e-6


def explain(program: Program) -> tuple[str, ...]:
    """Sentences, one for each obligation that falls short in the smallest total relaxation.

    A linear program lets every contract, regulated supply and floor fall short and makes the sum
    of shortfalls (bcm/yr) least; capacities that limit it are named with their shadow prices' help.
    """
    net = program.network
    floors = [(i, key) for i, (kind, key) in enumerate(program.rows) if kind == "floor"]
    duties = [
        (duty, slot, float(duty.quantity[slot]))
        for duty in net.obligations
        for slot in range(net.calendar.count)
        if duty.quantity[slot] > 0
    ]
    extra = len(duties) + len(floors)
    if extra == 0:
        return ()
    row_of = {key: i for i, (kind, key) in enumerate(program.rows) if kind == "balance"}
    columns = sp.lil_matrix((len(program.bound), extra))
    for place, (duty, slot, _) in enumerate(duties):
        columns[row_of[duty.firm, duty.node, slot], place] = 1.0
    for place, (row, _) in enumerate(floors, start=len(duties)):
        columns[row, place] = -1.0
    width = program.matrix.shape[1] - program.cones
    whole = sp.hstack([program.matrix[:, :width], columns.tocsc()]).tocsr()
    first, last = program.equalities, program.equalities + program.inequalities
    due = [quantity for _, _, quantity in duties]
    bounds = (
        [(0.0, None)] * width + [(0.0, quantity) for quantity in due] + [(0.0, None)] * len(floors)
    )
    answer = linprog(
        np.concatenate([np.zeros(width), np.ones(extra)]),
        A_eq=whole[:first],
        b_eq=program.bound[:first],
        A_ub=whole[first:last],
        b_ub=program.bound[first:last],
        bounds=bounds,
        method="highs",
    )
    if not answer.success:
        return ()
    short = answer.x[width:]
    sentences = []
    for (duty, _, quantity), missing in zip(duties, short, strict=False):
        if missing > SMALL:
            sentences.append(
                f"{duty.label}: {duty.firm} owes {quantity:.4g} bcm/yr at {duty.node}, "
                f"{missing:.4g} bcm/yr more than can reach it"
            )
    for (_, key), missing in zip(floors, short[len(duties) :], strict=True):
        if missing > SMALL:
            sentences.append(
                f"floor of {key[0]} in {key[1]}: {missing:.4g} bcm/yr more than can be sold there"
            )
    limits = [
        str(key[0] if kind == "arc" else f"field {key[1]}")
        for (kind, key), price in zip(
            program.rows[first:last], answer.ineqlin.marginals, strict=True
        )
        if kind in {"arc", "field"} and abs(price) > SMALL
    ]
    if limits:
        sentences.append(f"what limits them: the capacity of {', '.join(sorted(set(limits)))}")
    return tuple(sentences)
