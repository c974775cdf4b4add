"""Games as arrays: coalitions as bits, and what a division leaves each coalition.

A game of n players is an array ``v`` whose first axis has length 2^n and is indexed by bitmask:
``v[0b101]`` is what players 0 and 2 are worth together. Further axes are carried along, so that the
games of all parties of an agreement are one array. Nothing in this room knows about gas.

Memory sets the limit: 2^20 numbers are 8 MB, 2^25 are 268 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mithaq.errors import ModelError

__all__ = [
    "Array",
    "coalition_sums",
    "excess",
    "game",
    "mask",
    "members",
    "numbers",
    "players",
    "plain_game",
    "rounding",
    "sizes",
]

Array = NDArray[np.float64]


def numbers(values: ArrayLike, what: str = "a game") -> Array:
    """Return an array of floats. Raises :class:`ModelError` where something in it is no number.

    >>> numbers([0, 1])
    array([0., 1.])
    """
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{what} is an array of numbers, one shape throughout: {error}") from error


def players(v: ArrayLike) -> int:
    """Return n, the number of players of the game ``v``.

    Raises :class:`ModelError` where the first axis is no power of two or a value is not finite.

    >>> players([0, 1, 1, 3])
    2
    """
    array = numbers(v)
    length = array.shape[0] if array.ndim else 0
    if length < 1 or length & (length - 1):
        raise ModelError(f"a game needs 2^n values, one a coalition; here are {length}")
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(at[0]) for at in np.nonzero(~finite))
        raise ModelError(
            f"a game needs a finite value for every coalition; that of {members(place[0])} "
            f"(place {place[0]}) is {array[place]}"
        )
    return length.bit_length() - 1


def rounding(v: Array) -> float:
    """Return the size below which a difference of sums of worths is rounding and nothing else.

    >>> rounding(np.array([0.0, 1.0])) < 1e-13
    True
    """
    return 16.0 * len(v).bit_length() * float(np.finfo(float).eps * np.abs(v).max(initial=0.0))


def plain_game(v: ArrayLike) -> Array:
    """Return the game as one array of numbers in which nobody is worth nothing.

    Raises :class:`ModelError` where it has further axes, or where v(none) is not 0.

    >>> plain_game([0, 1, 1, 3]).tolist()
    [0.0, 1.0, 1.0, 3.0]
    """
    array = numbers(v)
    if players(array) < 1 or array.ndim != 1:
        raise ModelError(f"one game with players is wanted, an array of 2^n numbers: {array.shape}")
    if array[0] != 0:
        raise ModelError(f"the empty coalition must be worth 0, not {array[0]:g}; subtract it")
    return array


def mask(coalition: Sequence[int]) -> int:
    """Return the bitmask of a coalition given by its players' numbers (from 0).

    Raises :class:`ModelError` for a number below 0.

    >>> mask([0, 2])
    5
    """
    bits = 0
    for player in coalition:
        if player < 0:
            raise ModelError(f"players are numbered from 0; there is no {player}")
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


def sizes(n: int) -> NDArray[np.int64]:
    """Return the number of members of each of the 2^n coalitions."""
    counts = np.zeros(1, dtype=np.int64)
    for _ in range(n):
        counts = np.concatenate([counts, counts + 1])
    return counts


def coalition_sums(shares: ArrayLike) -> Array:
    """Return what each coalition holds in total under ``shares``: shape (2^n, ...), by doubling.

    >>> coalition_sums([1, 10]).tolist()
    [0.0, 1.0, 10.0, 11.0]
    """
    array = numbers(shares, "a division")
    sums = np.zeros((1, *array.shape[1:]))
    for share in array:
        sums = np.concatenate([sums, sums + share])
    return sums


def excess(v: ArrayLike, shares: ArrayLike) -> Array:
    """Return v(S) - shares(S) for every coalition; none is positive exactly where shares in core.

    Raises :class:`ModelError` where there is not one finite share for each player.

    >>> excess([0, 1, 1, 4], [2, 2]).tolist()
    [0.0, -1.0, -1.0, 0.0]
    """
    array, given = numbers(v), numbers(shares, "a division")
    n = players(array)
    if given.shape != (n, *array.shape[1:]):
        raise ModelError(f"shares of shape {given.shape} do not fit a game of {array.shape}")
    if not np.isfinite(given).all():
        who = int(np.nonzero(~np.isfinite(given))[0][0])
        raise ModelError(f"a division needs a finite share for every player; that of {who} is not")
    sums = coalition_sums(given)
    return np.asarray(array - sums)
