"""Cooperative games: Shapley value, interaction of pairs, core test.

A game of n players is an array ``v`` whose first axis has length 2^n and is indexed by bitmask:
``v[0b101]`` is what players 0 and 2 are worth together. Further axes are carried along, so that the
games of all parties of an agreement are one array. Nothing here knows about gas.

Sources: Shapley (1953); Owen (1972) and Grabisch & Roubens (1999) for the interaction index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mithaq.errors import ModelError

__all__ = [
    "coalition_sums",
    "excess",
    "game",
    "interaction",
    "mask",
    "members",
    "players",
    "shapley",
]

Array = NDArray[np.float64]


def players(v: ArrayLike) -> int:
    """Return n, the number of players of the game ``v``.

    Raises :class:`ModelError` where the first axis is no power of two or a value is not finite.

    >>> players([0, 1, 1, 3])
    2
    """
    array = np.asarray(v, dtype=float)
    length = array.shape[0] if array.ndim else 0
    if length < 1 or length & (length - 1):
        raise ModelError(f"a game needs 2^n values, one a coalition; here are {length}")
    if not np.isfinite(array).all():
        raise ModelError("a game needs a finite value for every coalition")
    return length.bit_length() - 1


def mask(coalition: Sequence[int]) -> int:
    """Return the bitmask of a coalition given by its players' numbers (from 0).

    >>> mask([0, 2])
    5
    """
    bits = 0
    for player in coalition:
        bits |= 1 << player
    return bits


def members(bits: int) -> tuple[int, ...]:
    """Return the players of a coalition in rising order; the inverse of :func:`mask`.

    >>> members(5)
    (0, 2)
    """
    return tuple(i for i in range(bits.bit_length()) if bits >> i & 1)


def game(n: int, worth: Callable[[tuple[int, ...]], Any]) -> Array:
    """Return the game whose coalition S is worth ``worth(S)``, a number or an array of numbers.

    >>> game(2, lambda s: len(s) ** 2).tolist()
    [0.0, 1.0, 1.0, 4.0]
    """
    return np.array([worth(members(bits)) for bits in range(1 << n)], dtype=float)


def _popcount(n: int) -> NDArray[np.int64]:
    """Return the number of members of each of the 2^n coalitions."""
    counts = np.zeros(1, dtype=np.int64)
    for _ in range(n):
        counts = np.concatenate([counts, counts + 1])
    return counts


def _split(v: Array, player: int) -> tuple[Array, Array]:
    """Return the values without and with ``player``, each of length 2^(n-1), in the same order."""
    rest = v.shape[1:]
    cube = v.reshape((-1, 2, 1 << player, *rest))
    return cube[:, 0].reshape((-1, *rest)), cube[:, 1].reshape((-1, *rest))


def shapley(v: ArrayLike) -> Array:
    """Return the Shapley value: shape (n, ...) for a game of shape (2^n, ...); O(n 2^n).

    A player's share is its marginal contribution averaged over all orders of arrival; the shares
    of a party sum to v(all) - v(none).

    >>> v = [0, 1, 2, 6, 5, 7, 8, 12]  # the three-player game of Benedek, Fliege and Nguyen (2021)
    >>> shapley(v).round(4).tolist()
    [2.6667, 3.6667, 5.6667]
    """
    array = np.asarray(v, dtype=float)
    n = players(array)
    if n == 0:
        return np.zeros((0, *array.shape[1:]))
    by_size = np.array([factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)])
    weights = by_size[_popcount(n - 1)]
    shares = []
    for player in range(n):
        without, with_player = _split(array, player)
        shares.append(np.tensordot(weights, with_player - without, axes=(0, 0)))
    return np.stack(shares)


def interaction(v: ArrayLike) -> Array:
    """Return the Shapley interaction of every pair: shape (n, n, ...), symmetric, zero diagonal.

    Positive where two players are worth more together than apart, averaged over the company they
    are in; zero for all pairs of an additive game (Grabisch & Roubens 1999).

    >>> interaction([0, 1, 1, 5]).tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """
    array = np.asarray(v, dtype=float)
    n = players(array)
    out = np.zeros((n, n, *array.shape[1:]))
    if n < 2:
        return out
    by_size = np.array(
        [factorial(s) * factorial(n - 2 - s) / factorial(n - 1) for s in range(n - 1)]
    )
    weights = by_size[_popcount(n - 2)]
    for j in range(1, n):
        without, with_j = _split(array, j)
        for i in range(j):  # removing the higher player leaves the lower one's bit in place
            a, b = _split(without, i)
            c, d = _split(with_j, i)
            out[i, j] = out[j, i] = np.tensordot(weights, d - c - b + a, axes=(0, 0))
    return out


def coalition_sums(shares: ArrayLike) -> Array:
    """Return what each coalition holds in total under ``shares``: shape (2^n, ...), by doubling.

    >>> coalition_sums([1, 10]).tolist()
    [0.0, 1.0, 10.0, 11.0]
    """
    array = np.asarray(shares, dtype=float)
    sums = np.zeros((1, *array.shape[1:]))
    for share in array:
        sums = np.concatenate([sums, sums + share])
    return sums


def excess(v: ArrayLike, shares: ArrayLike) -> Array:
    """Return v(S) - shares(S) for every coalition; none is positive exactly where shares in core.

    >>> excess([0, 1, 1, 4], [2, 2]).tolist()
    [0.0, -1.0, -1.0, 0.0]
    """
    array = np.asarray(v, dtype=float)
    players(array)
    sums = coalition_sums(shares)
    if sums.shape != array.shape:
        raise ModelError(f"shares of shape {np.shape(shares)} do not fit a game of {array.shape}")
    return np.asarray(array - sums)
