"""Golombek costs replaced by the quadratic ones that touch them.

Of a capacity K that is a number the cost is one of output q alone. Where something can be built it
is |g| K h(q/K) with h(u) = (1 - u) ln(1 - u) + u: convex in q and K together (a relative entropy;
Huppmann 2013 proves it), and of degree one, so that its slopes hang on u = q/K alone and its
curvature, |g| / (K - q) times [1, -u; -u, u^2], is nothing along (q, K):

    dC/dq = -|g| ln(1 - u),      dC/dK = |g| [ ln(1 - u) + u ] <= 0.

A slice that nothing is built onto and that has no capacity has no share in use, but a unit built
there would have one: that at which marginal cost meets what gas is worth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.backends import Answer
from mithaq.equilibrium.condense import Condensed
from mithaq.equilibrium.program import Golombek

__all__ = ["LEAST", "at_value", "expand", "shares", "solved_at"]

Vector = NDArray[np.float64]
Index = NDArray[np.int64]
STEEPEST = 1e-9  # share of capacity short of which marginal cost is taken no closer to infinity
LEAST = 1e-6  # bcm/yr, the least capacity of a slice at which its cost is expanded


def expand(
    golombek: Golombek,
    output: Vector,
    size: Vector,
    linear: Vector,
    entries: Vector,
    places: tuple[Index, Index],
) -> None:
    """Add to linear costs and to entries of P what touches each cost at an output and a capacity.

    ``places`` are the entries of P on the diagonal of outputs, and of capacities that can grow.
    """
    output = np.clip(output, 0.0, size)
    left = np.maximum(size - output, STEEPEST * size)
    bend = -golombek.g / left
    slope = golombek.g * np.log(left / size) - bend * output
    some = golombek.growing
    if len(some):
        share = output[some] / size[some]
        steep = golombek.g[some] * np.log(left[some] / size[some])
        slope[some] = steep
        saved = golombek.weight[some] * (steep + golombek.g[some] * share)
        linear[golombek.room[some]] -= saved
        tied = golombek.weight[some] * bend[some] * share
        entries[places[1]] += tied * share
        entries[places[1] - 1] -= tied
    linear[golombek.column] += golombek.weight * slope
    entries[places[0]] += golombek.weight * bend


def shares(golombek: Golombek, margin: Vector) -> Vector:
    """Share of capacity at which -|g| ln(1 - u) meets what a unit earns beyond other costs."""
    found: Vector = -np.expm1(np.maximum(margin, 0.0) / golombek.g)
    return found


def solved_at(golombek: Golombek, x: Vector) -> tuple[Vector, Vector]:
    """Outputs and capacities at columns ``x``; of a capacity that can grow never less than some."""
    output, size, some = x[golombek.column], golombek.sizes(x), golombek.growing
    if len(some):
        size[some] = np.maximum(size[some], LEAST)
    return output, size


def at_value(program: Condensed, answer: Answer) -> tuple[Vector, Vector]:
    """Outputs and capacities to expand at next.

    Where capacity can grow, outputs are those at which marginal cost meets the value of gas, which
    never overshoot, and mean something where there is no capacity.
    """
    golombek, how = program.golombek, program.joined
    column, some = golombek.column, golombek.growing
    output, size = solved_at(golombek, answer.x)
    prices = np.where(how.single, 0.0, answer.z)
    prices[golombek.limit] = 0.0
    earned = -(how.rows.T @ prices)[column] - program.linear[column]
    earned -= program.quadratic.data[program.lifted] * output
    output[some] = (shares(golombek, earned / golombek.weight) * size)[some]
    return output, size
