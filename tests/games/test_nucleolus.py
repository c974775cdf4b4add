"""Core, least core, nucleolus and prenucleolus: published answers, proofs, a second method."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq.errors import ModelError
from mithaq.games import (
    blocking,
    coalition_sums,
    excess,
    game,
    in_core,
    is_nucleolus,
    is_prenucleolus,
    least_core,
    nucleolus,
    players,
    prenucleolus,
    shapley,
)
from tests.games.judging import listed, slow_nucleolus, talmud, whole_games

PUBLISHED = {
    "G1 estate 100": (talmud(100), [100 / 3] * 3),
    "G1 estate 200": (talmud(200), [50, 75, 75]),
    "G1 estate 300": (talmud(300), [50, 100, 150]),
    "G3": (listed(3, [1, 2, 5, 6, 7, 8, 12]), [2.75, 3.75, 5.5]),
    "G6": (listed(3, [0, 0, 0, 1170, 770, 210, 1530]), [955, 395, 180]),
    "G8": (
        -game(4, lambda s: max((8, 11, 13, 18)[i] for i in s) if s else 0),
        [-3.25] * 3 + [-8.25],
    ),
    "G12": (
        listed(3, [46125, 17437.5, 5812.5, 69187.5, 53812.5, 30750, 90000]),
        [52687.5, 24468.75, 12843.75],
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_nucleoli(name):
    v, answer = PUBLISHED[name]
    assert nucleolus(v) == pytest.approx(answer, rel=1e-9)
    assert is_nucleolus(v, nucleolus(v))


def test_public_names():
    assert mithaq.games.nucleolus([0, 0, 0, 1]) == pytest.approx([0.5, 0.5])


def test_six_players_of_whom_one_is_needed():
    # A gloves game: three left, three right; a pair is worth 1. By symmetry each gets a half.
    v = game(6, lambda s: float(min(sum(i < 3 for i in s), sum(i >= 3 for i in s))))
    assert nucleolus(v) == pytest.approx([0.5] * 6)
    # Two left gloves, four right: the scarce side takes all, the core is that one point.
    v = game(6, lambda s: float(min(sum(i < 2 for i in s), sum(i >= 2 for i in s))))
    assert nucleolus(v) == pytest.approx([1, 1, 0, 0, 0, 0])
    assert in_core(v, nucleolus(v))


def test_prenucleolus_may_lie_outside_the_imputations():
    # The first brings 10 to either other; all three together make only 6.
    v = listed(3, [0, 0, 0, 10, 10, -10, 6])
    free, held = prenucleolus(v), nucleolus(v)
    assert is_prenucleolus(v, free) and free.min() < -0.5
    assert is_nucleolus(v, held) and held.min() >= -1e-12
    assert not is_prenucleolus(v, held)
    assert free == pytest.approx(slow_nucleolus(v, rational=False), abs=1e-6)
    assert held == pytest.approx(slow_nucleolus(v, rational=True), abs=1e-6)


def test_no_imputation_is_told_and_the_prenucleolus_is_there():
    v = [0, 2, 2, 3]
    with pytest.raises(ModelError, match="prenucleolus"):
        nucleolus(v)
    assert prenucleolus(v) == pytest.approx([1.5, 1.5])


@given(whole_games(3))
@settings(deadline=None, max_examples=15)
def test_small_nucleoli_by_a_slower_way(v):
    assert prenucleolus(v) == pytest.approx(slow_nucleolus(v, rational=False), abs=1e-5)


@pytest.mark.slow
@given(whole_games(5))
@settings(deadline=None, max_examples=60)
def test_both_nucleoli_by_a_slower_way(v):
    assert prenucleolus(v) == pytest.approx(slow_nucleolus(v, rational=False), abs=1e-5)
    alone = v[[1 << i for i in range(players(v))]].sum()
    if v[-1] >= alone:
        assert nucleolus(v) == pytest.approx(slow_nucleolus(v, rational=True), abs=1e-5)


@given(whole_games(7), st.floats(1e-3, 1e6), st.lists(st.integers(-9, 9), min_size=7, max_size=7))
@settings(deadline=None, max_examples=15)
def test_scaling_and_gifts_move_the_prenucleolus_with_them(v, factor, gifts):
    own = np.array(gifts[: players(v)], dtype=float)
    moved = factor * v + coalition_sums(own)
    size = factor * max(1.0, np.abs(v).max())
    assert prenucleolus(moved) == pytest.approx(
        factor * prenucleolus(v) + own, abs=1e-7 * size + 1e-9
    )


@given(whole_games(6), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_renaming_players_renames_shares(v, random):
    n = players(v)
    order = list(range(n))
    random.shuffle(order)
    renamed = game(n, lambda s: v[sum(1 << order[i] for i in s)])
    assert prenucleolus(renamed) == pytest.approx(prenucleolus(v)[order], abs=1e-7)


@given(whole_games(6), st.integers(0, 5), st.floats(0.5, 3))
@settings(deadline=None, max_examples=15)
def test_only_the_nucleolus_passes_the_proof(v, player, step):
    x = prenucleolus(v)
    assert is_prenucleolus(v, x)
    n = players(v)
    moved = x.copy()
    moved[player % n] += step
    moved[(player + 1) % n] -= step
    assert not is_prenucleolus(v, moved)
    assert not is_prenucleolus(v, x + step)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_games_to_twelve_players(seed):
    dice = np.random.default_rng(seed)
    n = 8 + seed % 5
    v = np.concatenate([[0.0], dice.integers(0, 40, (1 << n) - 2), [40.0 * n]]).astype(float)
    x = nucleolus(v)
    assert is_nucleolus(v, x) and is_prenucleolus(v, prenucleolus(v))
    if n <= 9:
        assert x == pytest.approx(slow_nucleolus(v, rational=True), abs=1e-5)


def test_the_nucleolus_of_sixteen_players_lies_in_the_core():
    v = coalition_sums(np.arange(1.0, 17.0)) ** 2  # convex, so that the core is not empty
    assert in_core(v, nucleolus(v))


@pytest.mark.parametrize("n", [2, 5, 8])
def test_what_is_additive_but_for_rounding_has_its_shares(n):
    own = np.random.default_rng(n).normal(size=n)
    v = game(n, lambda s: float(sum(own[i] for i in reversed(s))))
    assert nucleolus(v) == pytest.approx(own, abs=1e-12)
    assert prenucleolus(v) == pytest.approx(own, abs=1e-12)
    assert least_core(v).epsilon == pytest.approx(0, abs=1e-12)
    assert is_nucleolus(v, own) and is_prenucleolus(v, own) and in_core(v, own)


@pytest.mark.parametrize("own", [1e9, 1e12])
def test_a_small_game_far_from_nothing_keeps_its_shares(own):
    dice = np.random.default_rng(7)
    for _ in range(5):
        v = np.append(0.0, dice.integers(0, 9, 31).astype(float))
        gifts = dice.normal(size=5) * own
        moved = coalition_sums(gifts) + v
        assert prenucleolus(moved) == pytest.approx(prenucleolus(v) + gifts, abs=1e-15 * 400 * own)


def test_the_security_council():
    # Five of fifteen may veto and nine are wanted. Whoever may veto is needed by all the others.
    v = np.array([float(s & 31 == 31 and s.bit_count() >= 9) for s in range(1 << 15)])
    assert shapley(v)[[0, 14]] == pytest.approx([421 / 2145, 4 / 2145])
    assert nucleolus(v) == pytest.approx([0.2] * 5 + [0] * 10, abs=1e-9)


@pytest.mark.parametrize("x", [[np.nan, 1], [np.inf, -np.inf], [1, 1, 1], [[1.5, 1.5]], ["a", 1]])
@pytest.mark.parametrize("ask", [in_core, blocking, is_nucleolus, is_prenucleolus, excess])
def test_what_is_no_division_is_refused(ask, x):
    with pytest.raises(ModelError, match="division|shares"):
        ask([0, 1, 1, 3], x)


# Core and least core


@given(whole_games(6))
@settings(deadline=None, max_examples=15)
def test_least_core_tells_whether_there_is_a_core(v):
    epsilon, shares = least_core(v)
    over = excess(v, shares)[1:-1]
    assert shares.sum() == pytest.approx(v[-1])
    assert over.max() == pytest.approx(epsilon, abs=1e-7)
    assert in_core(v, shares) == (epsilon <= 1e-9 * max(1.0, np.abs(v).max()))


@given(whole_games(6))
def test_who_blocks_gains_by_it(v):
    x = shapley(v)
    found = blocking(v, x)
    assert (found is None) == in_core(v, x)
    if found is not None:
        bits = sum(1 << i for i in found.members)
        assert found.excess == pytest.approx(v[bits] - x[list(found.members)].sum())
        assert found.excess == pytest.approx(excess(v, x)[:-1].max())


def test_shares_that_do_not_divide_the_whole_are_in_no_core():
    assert not in_core([0, 0, 0, 1], [1, 1])
    assert not in_core([0, 0, 0, 1], [0, 0])
    assert in_core([0, 0, 0, 1], [0, 1])


def test_one_player_gets_all():
    assert nucleolus([0, 3]).tolist() == prenucleolus([0, 3]).tolist() == [3.0]
    assert least_core([0, 3]).shares.tolist() == [3.0] and is_nucleolus([0, 3], [3])


@pytest.mark.parametrize("bad", [[1, 1, 1, 2], [0], [0, 1, 2], [[0, 1], [1, 2]]])
@pytest.mark.parametrize("ask", [nucleolus, prenucleolus, least_core])
def test_what_is_no_plain_game_is_refused(ask, bad):
    with pytest.raises(ModelError):
        ask(bad)
