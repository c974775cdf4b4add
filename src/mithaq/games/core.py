"""The core and the least core: what no coalition can better on its own.

Source: Shapley & Shubik (1966); Maschler, Peleg & Shapley (1979).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mithaq.errors import ModelError
from mithaq.games.arrays import Array, coalition_sums, excess, members, plain_game, players
from mithaq.games.rows import Stage

__all__ = ["Blocking", "LeastCore", "blocking", "in_core", "least_core"]

TOLERANCE = 1e-9  # of the largest worth in the game


class Blocking(NamedTuple):
    """A coalition that can do better alone: its members, and by how much."""

    members: tuple[int, ...]
    excess: float


class LeastCore(NamedTuple):
    """The smallest ``epsilon`` for which shares leave no coalition more than that to gain.

    The core is empty exactly where it is positive. ``shares`` is one such division.
    """

    epsilon: float
    shares: Array


def in_core(v: ArrayLike, x: ArrayLike, tolerance: float = TOLERANCE) -> bool:
    """Return whether the shares ``x`` divide v(all) so that no coalition can do better alone.

    ``tolerance`` is relative to the largest worth in the game. See :func:`blocking`. Raises
    :class:`ModelError` where ``x`` has not one finite share for each player.

    >>> in_core([0, 1, 1, 4], [2, 2]), in_core([0, 1, 1, 4], [0.5, 3.5])
    (True, False)
    """
    array = plain_game(v)
    over = excess(array, x)
    even = tolerance * _size(array)
    return bool(abs(over[-1]) <= even and over[:-1].max() <= even)


def blocking(v: ArrayLike, x: ArrayLike, tolerance: float = TOLERANCE) -> Blocking | None:
    """Return the coalition that gains most by leaving with its own worth, or None.

    >>> blocking([0, 1, 1, 4], [0.5, 3.5])
    Blocking(members=(0,), excess=0.5)
    """
    array = plain_game(v)
    over = excess(array, x)[:-1]
    worst = int(np.argmax(over))
    if over[worst] <= tolerance * _size(array):
        return None
    return Blocking(members(worst), float(over[worst]))


def _size(array: Array) -> float:
    return max(float(np.abs(array).max()), np.finfo(float).tiny)


def least_core(v: ArrayLike) -> LeastCore:
    """Return the least core: the smallest largest excess, and a division that reaches it.

    Rows are generated: a linear program over the coalitions that object most so far, all 2^n being
    searched for more each time. With one player nobody can object, and ``epsilon`` is 0. Raises
    :class:`ModelError` where the program cannot be solved.

    >>> round(least_core([0, 0, 0, 1, 0, 1, 1, 1]).epsilon, 6)  # two of three decide: no core
    0.333333
    """
    array = plain_game(v)
    n = players(array)
    if n == 1:
        return LeastCore(0.0, array[1:].copy())
    stage = Stage(array)
    epsilon, shares = stage.solve()
    total = coalition_sums(shares)
    if abs(total[-1] - array[-1]) > 1e-6 * _size(array):
        raise ModelError("the least core could not be computed to the precision wanted")
    return LeastCore(epsilon, shares)
