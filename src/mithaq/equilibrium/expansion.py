"""Golombek costs replaced by the quadratic ones that touch them.

Where nothing can be built the cost of lifting is one of output q alone. Where something can, with p
of the capacity K = q + p left idle, it is |g| K h(q/K), h(u) = (1 - u) ln(1 - u) + u: convex in q
and p together (Huppmann 2013) and of degree one, so that slopes hang on u = q/K and v = p/K alone:

    dC/dq = |g| u,      dC/dp = |g| (ln v + u) <= 0,      curvature |g|/K [v, -u; -u, u^2/v].

The price of capacity is -dC/dp; with |g| u it makes up marginal cost at given capacity, -|g| ln v.
Of no capacity no share is in use; but a unit built there would have one, namely that at which
marginal cost meets what gas is worth.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.backends import Answer, Quadratic
from mithaq.equilibrium.condense import Condensed
from mithaq.equilibrium.program import Golombek
from mithaq.equilibrium.settle import outputs

__all__ = ["at_outputs", "at_value", "expand", "solved_at", "without_cones"]

Vector = NDArray[np.float64]
Index = NDArray[np.int64]
STEEPEST = 1e-9  # share of capacity short of which marginal cost is taken no closer to infinity
CLOSEST = 1e-11  # the same where no limit but the cost holds what is lifted
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

    ``places`` are the entries of P on the diagonal of outputs, and of what is left idle.
    """
    output = np.clip(output, 0.0, size)
    least = np.where(golombek.idle < 0, STEEPEST, CLOSEST)
    left = np.maximum(size - output, least * size)
    bend = -golombek.g / left
    slope = golombek.g * np.log(left / size) - bend * output
    some = golombek.growing
    if len(some):
        steep, whole = -golombek.g[some], size[some]
        free = left[some] / whole
        used = 1 - free
        slope[some], bend[some] = steep * used, steep * free / whole
        weighed = golombek.weight[some] * steep
        linear[golombek.idle[some]] += weighed * (np.log(free) + used)
        tied = weighed * used / whole
        entries[places[1] - 1] -= tied
        entries[places[1]] += tied * used / free
    linear[golombek.column] += golombek.weight * slope
    entries[places[0]] += golombek.weight * bend


def solved_at(golombek: Golombek, x: Vector) -> tuple[Vector, Vector]:
    """Outputs and capacities at columns ``x``; of what can be built onto never none."""
    output, size, some = x[golombek.column], golombek.capacity, golombek.growing
    if len(some):
        size = size.copy()
        size[some] = np.maximum(output[some] + x[golombek.idle[some]], LEAST)
    return output, size


def at_value(program: Condensed, answer: Answer) -> tuple[Vector, Vector]:
    """Outputs at which marginal cost meets the value of gas, and capacities, to expand at next.

    Such outputs never overshoot, and mean something where there is no capacity.
    """
    golombek, how = program.golombek, program.joined
    _, size = solved_at(golombek, answer.x)
    bounds = np.flatnonzero(how.single)
    prices = answer.z.copy()
    prices[bounds[how.rows.data[how.rows.indptr[bounds]] < 0]] = 0.0  # signs
    prices[golombek.limits] = prices[golombek.tie[golombek.growing]] = 0.0
    earned = -(how.rows.T @ prices + program.linear)[golombek.column]
    return outputs(golombek, size, earned / golombek.weight), size


def at_outputs(golombek: Golombek, answer: Answer, share: Vector) -> Answer:
    """The answer with these shares of the capacities in use, which no limit holds."""
    x, z, some = answer.x.copy(), answer.z.copy(), golombek.growing
    size = golombek.capacity.copy()
    size[some] = x[golombek.column[some]] + x[golombek.idle[some]]
    x[golombek.column], z[golombek.limits] = share * size, 0.0
    return Answer(answer.status, x, z)


def without_cones(program: Condensed, tangent: Quadratic) -> Condensed:
    """A program with the costs of one that touches it, and no others."""
    golombek = program.golombek
    none = {part.name: getattr(golombek, part.name)[:0] for part in dataclasses.fields(golombek)}
    return dataclasses.replace(
        program,
        quadratic=tangent.quadratic,
        linear=tangent.linear,
        golombek=Golombek(**none),
    )
