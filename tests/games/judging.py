"""Games for the tests, and a second, slower way to the nucleolus."""

from itertools import combinations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from mithaq.games import game, mask


def listed(n, values):
    """Game from values by size of coalition, then lexicographic (the order of the literature)."""
    order = [c for size in range(1, n + 1) for c in combinations(range(n), size)]
    v = np.zeros(1 << n)
    for coalition, value in zip(order, values, strict=True):
        v[mask(coalition)] = value
    return v


def talmud(estate):
    claims = (100, 200, 300)
    return game(3, lambda s: max(0.0, estate - sum(c for i, c in enumerate(claims) if i not in s)))


def games(max_players=5, least=1):
    """Any game at all: the empty coalition may be worth something."""
    finite = st.floats(-1e6, 1e6, width=32)
    return st.integers(least, max_players).flatmap(lambda n: arrays(float, 1 << n, elements=finite))


def whole_games(max_players=5, least=2):
    """Games of whole numbers in which nobody is worth nothing: ties are common."""
    small = st.integers(-20, 20)
    sized = st.integers(least, max_players)
    found = sized.flatmap(lambda n: arrays(float, 1 << n, elements=small))
    return found.map(lambda v: np.concatenate([[0.0], v[1:]]))


def slow_nucleolus(v, *, rational):
    """Every coalition a row of every program, and a program more for each to see if it may move."""
    n = len(v).bit_length() - 1
    everyone = len(v) - 1
    rows = np.array([[bits >> i & 1 for i in range(n)] for bits in range(len(v))], dtype=float)
    low = [v[1 << i] if rational else None for i in range(n)]
    fixed = {everyone: v[everyone]}
    open_ = list(range(1, everyone))
    while open_:
        equal = np.hstack([rows[list(fixed)], np.zeros((len(fixed), 1))])
        first = linprog(
            np.append(np.zeros(n), 1.0),
            A_ub=-np.hstack([rows[open_], np.ones((len(open_), 1))]),
            b_ub=-v[open_],
            A_eq=equal,
            b_eq=list(fixed.values()),
            bounds=[(least, None) for least in low] + [(None, None)],
        )
        assert first.status == 0, first.message
        level = first.x[-1]
        stuck = []
        for bits in open_:
            best = linprog(
                -rows[bits],
                A_ub=-rows[open_],
                b_ub=level - v[open_] + 1e-9,
                A_eq=rows[list(fixed)],
                b_eq=list(fixed.values()),
                bounds=[(least, None) for least in low],
            )
            if best.status == 0 and -best.fun <= v[bits] - level + 1e-6:
                stuck.append(bits)
        assert stuck
        fixed |= {bits: v[bits] - level for bits in stuck}
        open_ = [bits for bits in open_ if bits not in fixed]
        if np.linalg.matrix_rank(rows[list(fixed)]) == n:
            break
    answer = np.linalg.lstsq(rows[list(fixed)], np.array(list(fixed.values())), rcond=None)
    return answer[0]
