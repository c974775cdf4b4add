"""The last digits of an answer: Newton steps on the conditions that hold with equality.

An interior-point method stops a little inside the corner that it approaches. Once it is known which
limits bind (their price exceeds their slack), the equilibrium solves a system of equations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from mithaq.equilibrium.backends import Quadratic
from mithaq.equilibrium.expansion import solved_at
from mithaq.equilibrium.program import Program

__all__ = ["polish"]

Vector = NDArray[np.float64]
SHIFT = 1e-8  # keeps the system regular where binding limits say the same twice
CORRECTIONS = 8  # rounds of iterative refinement, which take the shift out again
STEPS = 3


def polish(
    program: Program, tangent: Callable[[Program, Vector], Quadratic], x: Vector, z: Vector
) -> tuple[Vector, Vector]:
    """Columns and duals after a few Newton steps; those given where no step can be taken.

    ``tangent`` expands the program around columns. Golombek outputs are first put where marginal
    cost meets the value of gas, since near capacity a step on outputs would overshoot.
    """
    height = program.equalities + program.inequalities
    x, z = x[: len(program.linear) - program.cones], z[:height]
    free = np.zeros(height, dtype=bool)
    free[program.golombek.limits] = True
    for _ in range(STEPS):
        step = _newton(tangent(program, _outputs(program, x, z)), free, x, z)
        if step is None:
            break
        x, z = step
    return x, z


def _outputs(program: Program, x: Vector, z: Vector) -> Vector:
    """The columns with each Golombek output where its marginal cost meets its value.

    A capacity that can grow is not taken to be none, since of none no share is in use.
    """
    golombek = program.golombek
    # What a unit more is worth: its value at the node, less the price of what reserves it uses up.
    prices, sign = z.copy(), program.families["sign"]
    prices[golombek.limits] = prices[sign.first : sign.last] = 0.0
    some = golombek.growing
    prices[golombek.tie[some]] = 0.0
    earned = -(program.matrix[: len(z)].T @ prices)[golombek.column]
    margin = earned / golombek.weight - golombek.a
    _, capacity = solved_at(golombek, x)
    low, high = np.zeros_like(margin), capacity.copy()
    for _ in range(60):
        middle = (low + high) / 2
        left = 1 - middle / capacity
        steep = np.log(np.maximum(left, np.finfo(float).tiny))
        below = (left > 0) & (golombek.b * middle + golombek.g * steep < margin)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    x = x.copy()
    x[golombek.column] = low
    x[golombek.idle[some]] = (capacity - low)[some]
    return x


def _newton(
    tangent: Quadratic, free: NDArray[np.bool_], x: Vector, z: Vector
) -> tuple[Vector, Vector] | None:
    """Solution of the quadratic program if the limits that bind at (x, z) bind; None if singular.

    Rows of ``free`` never bind: cost without bound keeps their columns inside.
    """
    binds = (z > tangent.bound - tangent.matrix @ x) & ~free
    binds[: tangent.equalities] = True
    rows = tangent.matrix.tocsr()[np.flatnonzero(binds)]
    hessian = tangent.quadratic + sp.triu(tangent.quadratic, 1).T
    exact = sp.bmat([[hessian, rows.T], [rows, None]], format="csc")
    width, height = len(x), rows.shape[0]
    shift = sp.diags(np.concatenate([np.full(width, SHIFT), np.full(height, -SHIFT)]))
    target = np.concatenate([-tangent.linear, tangent.bound[binds]])
    try:
        factors = splu((exact + shift).tocsc())
    except RuntimeError:
        return None
    found = np.concatenate([x, z[binds]])
    for _ in range(CORRECTIONS):
        found = found + factors.solve(target - exact @ found)
    if not np.all(np.isfinite(found)):
        return None
    duals = np.zeros(len(z))
    duals[binds] = found[width:]
    return found[:width], duals
