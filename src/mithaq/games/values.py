"""Values: what each player of a game gets, by what it adds to the others.

Sources: Shapley (1953a, 1953b); Harsanyi (1963) for dividends; Banzhaf (1965); Gately (1974); Owen
(1972, 1977); Grabisch & Roubens (1999) for interaction; Castro, Gomez & Tejada (2009) for sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mithaq.errors import ModelError
from mithaq.games.arrays import (
    Array,
    coalition_sums,
    mask,
    numbers,
    plain_game,
    players,
    rounding,
    sizes,
)

__all__ = [
    "Sampled",
    "banzhaf",
    "dividends",
    "gately",
    "interaction",
    "owen",
    "sample_shapley",
    "shapley",
    "weighted_shapley",
]


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
    array = numbers(v)
    n = players(array)
    if n == 0:
        return np.zeros((0, *array.shape[1:]))
    by_size = np.array([factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)])
    weights = by_size[sizes(n - 1)]
    shares = []
    for player in range(n):
        without, with_player = _split(array, player)
        shares.append(np.tensordot(weights, with_player - without, axes=(0, 0)))
    return np.stack(shares)


def interaction(v: ArrayLike, index: str = "shapley") -> Array:
    """Return the interaction of every pair: shape (n, n, ...), symmetric, zero diagonal.

    Positive where two players are worth more together than apart, averaged over the company they
    are in; zero for all pairs of an additive game. ``index`` says how the company is drawn: by
    orders of arrival (``"shapley"``) or every coalition alike (``"banzhaf"``), both of Grabisch &
    Roubens (1999). Raises :class:`ModelError` for another index.

    >>> interaction([0, 1, 1, 5]).tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """
    array = numbers(v)
    n = players(array)
    if index not in ("shapley", "banzhaf"):
        raise ModelError(f"there is no index {index!r}; it is shapley or banzhaf")
    out = np.zeros((n, n, *array.shape[1:]))
    if n < 2:
        return out
    if index == "shapley":
        by_size = [factorial(s) * factorial(n - 2 - s) / factorial(n - 1) for s in range(n - 1)]
    else:
        by_size = [0.5 ** (n - 2)] * (n - 1)
    weights = np.array(by_size)[sizes(n - 2)]
    for j in range(1, n):
        without, with_j = _split(array, j)
        for i in range(j):  # removing the higher player leaves the lower one's bit in place
            a, b = _split(without, i)
            c, d = _split(with_j, i)
            out[i, j] = out[j, i] = np.tensordot(weights, d - c - b + a, axes=(0, 0))
    return out


def banzhaf(v: ArrayLike) -> Array:
    """Return the Banzhaf value: shape (n, ...); every coalition of the others counts alike.

    It need not sum to what all are worth together (Banzhaf 1965).

    >>> banzhaf([0, 0, 0, 1]).tolist()
    [0.5, 0.5]
    """
    array = numbers(v)
    n = players(array)
    if n == 0:
        return np.zeros((0, *array.shape[1:]))
    pairs = (_split(array, player) for player in range(n))
    return np.stack([(with_player - without).mean(axis=0) for without, with_player in pairs])


def dividends(v: ArrayLike) -> Array:
    """Return what each coalition adds to its subsets: the Harsanyi dividends, shape of ``v``.

    v(S) is the sum of the dividends of all subsets of S (Moebius inversion, O(n 2^n)).

    >>> dividends([0, 1, 1, 5]).tolist()
    [0.0, 1.0, 1.0, 3.0]
    """
    array = numbers(v).copy()
    rest = array.shape[1:]
    for player in range(players(array)):
        cube = array.reshape((-1, 2, 1 << player, *rest))
        cube[:, 1] -= cube[:, 0]
    return array


def weighted_shapley(v: ArrayLike, weights: ArrayLike) -> Array:
    """Return the weighted Shapley value: shape (n, ...) for positive ``weights`` of shape (n,).

    Each dividend is split in proportion to the weights of its coalition (Shapley 1953b; Kalai &
    Samet 1987). Equal weights give :func:`shapley`. Raises :class:`ModelError` where a weight is
    not positive or their number is not that of the players.

    >>> weighted_shapley([0, 0, 0, 1], [3, 1]).tolist()
    [0.75, 0.25]
    """
    array = numbers(v)
    n = players(array)
    given = numbers(weights, "weights")
    if given.shape != (n,) or not (given > 0).all() or not np.isfinite(given).all():
        raise ModelError(f"{n} positive weights are wanted, one a player")
    parts = dividends(array)
    total = coalition_sums(given)
    total[0] = 1.0
    rest = (1,) * (array.ndim - 1)
    per_unit = parts / total.reshape((-1, *rest))
    shares = [_split(per_unit, player)[1].sum(axis=0) for player in range(n)]
    return given.reshape((-1, *rest)) * np.stack(shares) if n else np.zeros((0, *array.shape[1:]))


def owen(v: ArrayLike, groups: Sequence[Sequence[int]]) -> Array:
    """Return the Owen value: shape (n, ...) where players bargain in ``groups`` (states, say).

    Groups arrive in every order, and within its group each player in every order (Owen 1977, eq.
    2). A group's total is its Shapley value in the game between groups; groups of one give
    :func:`shapley`. Raises :class:`ModelError` unless each player is in exactly one group.

    >>> from mithaq.games import game
    >>> v = game(3, lambda s: float(len(s) >= 2))  # two of three decide
    >>> owen(v, [[0, 1], [2]]).tolist()
    [0.5, 0.5, 0.0]
    """
    array = numbers(v)
    n = players(array)
    wanted = f"each of the players 0 to {n - 1} must be in exactly one group"
    try:
        named = sorted(player for group in groups for player in group)
    except TypeError:
        raise ModelError(f"{wanted}, and a group is a list of players") from None
    if named != list(range(n)):
        raise ModelError(wanted)
    shares = np.zeros((n, *array.shape[1:]))
    whole = [mask(group) for group in groups]
    for place, group in enumerate(groups):
        others = coalition_sums([bits for at, bits in enumerate(whole) if at != place])
        outer = _orders(len(groups))
        for player in group:
            mates = coalition_sums([1 << other for other in group if other != player])
            without = (others[:, None] + mates[None, :]).astype(np.int64)
            gain = array[without | 1 << player] - array[without]
            chance = outer[:, None] * _orders(len(group))[None, :]
            shares[player] = np.tensordot(chance, gain, axes=2)
    return shares


def _orders(n: int) -> Array:
    """The chance that exactly a coalition of the n - 1 others came before, for each of them."""
    by_size = [factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)]
    return np.array(by_size)[sizes(n - 1)]


def gately(v: ArrayLike) -> Array:
    """Return the Gately point: shape (n,); nobody is readier than another to break the whole up.

    What the others would lose by a player's leaving, over what the player would lose, is the same
    for all (Gately 1974; Staudacher & Anwander 2019, eq. 3). Raises :class:`ModelError` where the
    players add nothing to one another, so that nothing is to be divided, or too much is claimed.

    >>> gately([0, 0, 0, 1170, 0, 770, 210, 1530]).round(4).tolist()
    [827.7049, 476.5574, 225.7377]
    """
    array = plain_game(v)
    n = players(array)
    full = len(array) - 1
    alone = array[[1 << player for player in range(n)]]
    last = array[full] - array[[full ^ 1 << player for player in range(n)]]
    claims = last - alone
    if abs(claims.sum()) <= rounding(array):
        raise ModelError("no player adds anything to the others: there is no Gately point")
    return np.asarray(alone + claims * (array[full] - alone.sum()) / claims.sum())


class Sampled(NamedTuple):
    """Shapley values from a sample: shares, bounds of their confidence intervals, games asked."""

    shares: Array
    low: Array
    high: Array
    evaluations: int


def sample_shapley(
    n: int,
    worth: Callable[[int], float],
    *,
    orders: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Sampled:
    """Return Shapley values of a game too large to tabulate, with confidence intervals.

    ``worth`` gives the worth of a coalition by bitmask and is asked at most once for each. Orders
    of arrival are drawn in pairs, each with its reverse, which takes variance off; the interval of
    a player is that of the mean of ``orders // 2`` pairs (Castro, Gomez & Tejada 2009). The shares
    sum to worth(all) - worth(none) whatever the sample.

    Raises :class:`ModelError` where there are no players, fewer than four orders, a seed below
    zero, or a worth that is not finite.

    >>> found = sample_shapley(30, lambda s: float(s.bit_count() ** 2), orders=4)
    >>> bool(abs(found.shares.sum() - 900) < 1e-9), found.shares.shape
    (True, (30,))
    """
    if n < 1 or orders < 4 or not 0 < confidence < 1 or seed < 0:
        raise ModelError(
            "sampling needs players, at least four orders, a confidence below one and a seed of "
            "0 or more"
        )
    known: dict[int, float] = {}

    def value(bits: int) -> float:
        if bits not in known:
            known[bits] = float(worth(bits))
            if not np.isfinite(known[bits]):
                raise ModelError(f"the coalition {bits:b} has no finite worth")
        return known[bits]

    dice = np.random.default_rng(seed)
    pairs = orders // 2
    drawn = np.zeros((pairs, n))
    for pair in range(pairs):
        order = dice.permutation(n)
        for sequence in (order, order[::-1]):
            bits, before = 0, value(0)
            for player in map(int, sequence):
                bits |= 1 << player
                after = value(bits)
                drawn[pair, player] += (after - before) / 2
                before = after
    shares = drawn.mean(axis=0)
    spread = NormalDist().inv_cdf((1 + confidence) / 2) * drawn.std(axis=0, ddof=1) / sqrt(pairs)
    return Sampled(shares, shares - spread, shares + spread, len(known))
