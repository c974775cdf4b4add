"""The nucleolus and the prenucleolus, each with its proof.

The division that makes the vector of excesses, sorted from the largest, lexicographically least:
over the imputations (Schmeidler 1969) or over all divisions (Sobolev 1975). Found stage by stage
(Maschler, Peleg & Shapley 1979): a positive dual shows that a coalition can gain no more in any
best division, so its total is fixed; each stage settles at least one more direction, which makes
at most n - 1 of them. Proved by Kohlberg's criterion (1971): the coalitions that object most, level
by level, must be balanced.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from mithaq.errors import ModelError
from mithaq.games.arrays import Array, coalition_sums, excess, members, numbers, plain_game, players
from mithaq.games.rows import IN_SPAN, Stage, scale

__all__ = ["is_nucleolus", "is_prenucleolus", "nucleolus", "prenucleolus"]

DUAL = 1e-7  # from which a dual counts as positive; those of a stage sum to 1
LEVEL = 1e-8  # of the scaled game: excesses closer than this are one level, at least


def nucleolus(v: ArrayLike) -> Array:
    """Return the nucleolus: shape (n,), for a game of shape (2^n,).

    Raises :class:`ModelError` where v(none) is not 0, where there is no imputation (alone the
    players are worth more than together), or where the point found does not pass its proof.

    >>> estate = [0, 0, 0, 0, 0, 0, 100, 200]  # claims of 100, 200, 300 on 200 (Talmud)
    >>> nucleolus(estate).round(6).tolist()
    [50.0, 75.0, 75.0]
    """
    return _stages(plain_game(v), rational=True)


def prenucleolus(v: ArrayLike) -> Array:
    """Return the prenucleolus: the same over all divisions of v(all), also where shares fall short
    of what a player is worth alone. It always exists.

    Raises :class:`ModelError` where v(none) is not 0 or the point does not pass its proof.

    >>> prenucleolus([0, 2, 2, 2]).round(9).tolist()
    [1.0, 1.0]
    """
    return _stages(plain_game(v), rational=False)


def _stages(v: Array, *, rational: bool) -> Array:
    n = players(v)
    if n == 1:
        return v[1:].copy()
    stage = Stage(v, rational=rational)
    levels: list[list[int]] = []
    while not stage.done:
        stage.solve()
        tight = [bits for bits, dual in zip(stage.rows, stage.duals, strict=True) if dual > DUAL]
        zero = [player for player in range(n) if rational and stage.bound_duals[player] > DUAL]
        levels.append(tight)
        stage.fix(tight, zero)
    x = _exact(stage, levels)
    test = is_nucleolus if rational else is_prenucleolus
    if not test(v, x):
        raise ModelError("the nucleolus found does not pass Kohlberg's criterion")
    return x


def _exact(stage: Stage, levels: list[list[int]]) -> Array:
    """The shares once more, from the equations alone: which coalitions are level, not how level.

    The solver's digits decide only which rows are equations; their common excess is unknown too.
    """
    n = stage.n
    rows = [np.append(np.ones(n), np.zeros(len(levels)))]
    right = [float(stage.v[-1])]
    for place, tight in enumerate(levels):
        for row, bits in zip(stage.incidence(tight), tight, strict=True):
            level = np.zeros(len(levels))
            level[place] = 1.0
            rows.append(np.append(row, level))
            right.append(float(stage.v[bits]))
    for player in stage.at_zero:
        rows.append(np.eye(1, n + len(levels), player)[0])
        right.append(0.0)
    solution = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return np.asarray(stage.alone + solution[:n] * stage.scale)


def is_prenucleolus(v: ArrayLike, x: ArrayLike) -> bool:
    """Return whether ``x`` is the prenucleolus, by Kohlberg's criterion (1971; Sobolev 1975).

    For every level the coalitions whose excess is at least that high are balanced: with positive
    weights they cover each player equally often.

    >>> is_prenucleolus([0, 2, 2, 2], [1, 1]), is_prenucleolus([0, 2, 2, 2], [2, 0])
    (True, False)
    """
    return _kohlberg(plain_game(v), numbers(x, "a division"), rational=False)


def is_nucleolus(v: ArrayLike, x: ArrayLike) -> bool:
    """Return whether ``x`` is the nucleolus, by Kohlberg's criterion for imputations.

    Players held at what they are worth alone may help to balance, with any weight that is not
    negative.

    >>> is_nucleolus([0, 1, 0, 4], [2.5, 1.5]), is_nucleolus([0, 1, 0, 4], [2, 2])
    (True, False)
    """
    return _kohlberg(plain_game(v), numbers(x, "a division"), rational=True)


def _kohlberg(v: Array, x: Array, *, rational: bool) -> bool:
    n = players(v)
    over = excess(v, x)
    alone = v[[1 << player for player in range(n)]]
    size, noise = scale(v, v - coalition_sums(alone))
    even = max(LEVEL, 8 * noise)
    over = over / size
    if abs(over[-1]) > even:
        return False
    slack = (x - alone) / size
    if rational and slack.min() < -even:
        return False
    helpers = [1 << i for i in range(n) if rational and slack[i] <= even]
    spanned = np.ones((1, n))
    left = np.ones(len(v), dtype=bool)
    left[[0, -1]] = False
    while True:
        free = scipy.linalg.null_space(spanned)
        outside = _outside(free, len(v)) & left
        if not outside.any():
            return True
        top = float(over[outside].max())
        level = outside & (over >= top - even)
        if not _balanced(free, level, helpers):
            return False
        left &= ~level
        spanned = np.vstack([spanned, _basis(level, n)])


def _outside(free: Array, length: int) -> NDArray[np.bool_]:
    """Which coalitions are not in the span, ``free`` being a basis of its complement."""
    out = np.zeros(length, dtype=bool)
    for direction in free.T:
        out |= np.abs(coalition_sums(direction)) >= IN_SPAN
    return out


def _balanced(free: Array, level: NDArray[np.bool_], helpers: list[int]) -> bool:
    """Whether weights of at least 1 on the level, and of at least 0 on the helpers, fall into the
    span of what is balanced already: coalitions inside it can be weighted up without end."""
    chosen = [int(bits) for bits in np.flatnonzero(level)]
    everyone = chosen + helpers
    columns = np.zeros((free.shape[1], len(everyone)))
    for place, bits in enumerate(everyone):
        columns[:, place] = free[list(members(bits))].sum(axis=0)
    answer = linprog(
        np.zeros(len(everyone)),
        A_eq=columns,
        b_eq=np.zeros(free.shape[1]),
        bounds=[(1, None)] * len(chosen) + [(0, None)] * len(helpers),
        method="highs",
    )
    return bool(answer.status == 0)


def _basis(level: NDArray[np.bool_], n: int) -> Array:
    """Rows that span the coalitions of a level."""
    bits = np.flatnonzero(level)
    rows = (bits[:, None] >> np.arange(n) & 1).astype(float)
    return np.asarray(scipy.linalg.orth(rows.T).T)
