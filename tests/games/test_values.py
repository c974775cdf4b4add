"""Cooperative games with published answers, and the axioms as properties."""

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq.errors import ModelError
from mithaq.games import (
    banzhaf,
    coalition_sums,
    dividends,
    excess,
    game,
    gately,
    interaction,
    mask,
    members,
    owen,
    players,
    sample_shapley,
    shapley,
    weighted_shapley,
)
from tests.games.judging import games, listed, talmud

PUBLISHED = {
    "G1 estate 100": (talmud(100), [100 / 3] * 3),
    "G1 estate 200": (talmud(200), [100 / 3, 250 / 3, 250 / 3]),
    "G1 estate 300": (talmud(300), [50, 100, 150]),
    "G3": (listed(3, [1, 2, 5, 6, 7, 8, 12]), [8 / 3, 11 / 3, 17 / 3]),
    "G6": (listed(3, [0, 0, 0, 1170, 770, 210, 1530]), [763 + 1 / 3, 483 + 1 / 3, 283 + 1 / 3]),
    "G8": (game(4, lambda s: max((8, 11, 13, 18)[i] for i in s) if s else 0), [2, 3, 4, 9]),
    "G12": (
        listed(3, [46125, 17437.5, 5812.5, 69187.5, 53812.5, 30750, 90000]),
        [51750, 25875, 12375],
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_shapley_values(name):
    v, answer = PUBLISHED[name]
    assert shapley(v) == pytest.approx(answer, rel=1e-12)


def permuted(v, order):
    n = players(v)
    return game(n, lambda s: v[mask([order[i] for i in s])])


@given(games())
def test_efficiency(v):
    assert shapley(v).sum() == pytest.approx(v[-1] - v[0], abs=1e-6)


@given(games(), st.randoms(use_true_random=False))
def test_renaming_players_renames_shares(v, random):
    order = list(range(players(v)))
    random.shuffle(order)
    assert shapley(permuted(v, order)) == pytest.approx(shapley(v)[order], abs=1e-6)
    assert interaction(permuted(v, order)) == pytest.approx(
        interaction(v)[np.ix_(order, order)], abs=1e-6
    )


@given(games(4), st.floats(-100, 100))
def test_player_who_only_adds_its_own_gets_that(v, own):
    with_dummy = np.concatenate([v, v + own])
    assert shapley(with_dummy)[:-1] == pytest.approx(shapley(v), abs=1e-6)
    assert shapley(with_dummy)[-1] == pytest.approx(own, abs=1e-6)
    assert interaction(with_dummy)[-1] == pytest.approx(0, abs=1e-6)


@given(games())
def test_additivity_over_games_and_axes(v):
    other = v[::-1].copy()
    both = np.stack([v, other], axis=1)
    assert shapley(v + other) == pytest.approx(shapley(v) + shapley(other), abs=1e-5)
    assert shapley(both)[:, 1] == pytest.approx(shapley(other), abs=1e-6)
    assert interaction(both)[..., 0] == pytest.approx(interaction(v), abs=1e-6)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=5))
def test_additive_game_has_no_interaction(shares):
    v = game(len(shares), lambda s: sum(shares[i] for i in s))
    assert shapley(v) == pytest.approx(shares, abs=1e-9)
    assert interaction(v) == pytest.approx(0, abs=1e-9)
    assert excess(v, shares) == pytest.approx(0, abs=1e-9)


def test_unanimity_of_a_pair_shows_in_its_interaction_only():
    v = game(3, lambda s: float({0, 1} <= set(s)))
    assert interaction(v)[0, 1] == pytest.approx(1)
    assert interaction(v)[0, 2] == pytest.approx(0)
    assert shapley(v) == pytest.approx([0.5, 0.5, 0])


def test_masks_and_members_are_inverse():
    assert all(mask(members(bits)) == bits for bits in range(64))


@pytest.mark.parametrize(
    "bad", [[], [1, 2, 3], [0, float("nan")], 3.0, ["a", "b"], [[1], [1, 2]], [0, 1j]]
)
def test_what_is_no_game_is_refused(bad):
    with pytest.raises(ModelError):
        shapley(bad)


def test_the_coalition_without_a_worth_is_named():
    with pytest.raises(ModelError, match=r"\(0, 2\) \(place 5\) is nan"):
        shapley([0, 1, 1, 2, 1, float("nan"), 2, 3])


def test_interaction_by_its_definition():
    v = np.random.default_rng(2).normal(size=32)
    for index in ("shapley", "banzhaf"):
        found = interaction(v, index)
        for i, j in combinations(range(5), 2):
            mean = 0.0
            for s in range(32):
                if s >> i & 1 or s >> j & 1:
                    continue
                size = s.bit_count()
                even = factorial(size) * factorial(3 - size) / factorial(4)
                gain = v[s | 1 << i | 1 << j] - v[s | 1 << i] - v[s | 1 << j] + v[s]
                mean += gain * (even if index == "shapley" else 1 / 8)
            assert found[i, j] == pytest.approx(mean)


def test_shares_of_another_size_are_refused():
    with pytest.raises(ModelError):
        excess([0, 1, 1, 4], [1, 2, 3])


def test_a_game_of_nobody_has_no_shares():
    assert shapley([3.0]).shape == (0,)


# Weighted, Owen, Banzhaf, dividends, sampling


@given(games())
def test_dividends_add_up_to_the_game(v):
    parts = dividends(v)
    back = [sum(parts[t] for t in range(len(v)) if t & s == t) for s in range(len(v))]
    assert back == pytest.approx(v, abs=1e-3)


@given(games())
def test_equal_weights_change_nothing(v):
    assert weighted_shapley(v, np.full(players(v), 7.0)) == pytest.approx(shapley(v), abs=1e-4)


@given(games(4, least=2), st.lists(st.floats(0.1, 10), min_size=4, max_size=4))
def test_weights_keep_the_sum_and_split_each_dividend(v, weights):
    w = np.array(weights[: players(v)])
    found = weighted_shapley(v, w)
    assert found.sum() == pytest.approx(v[-1] - v[0], abs=1e-4)
    parts = dividends(v)
    by_hand = [
        sum(w[i] / sum(w[j] for j in members(s)) * parts[s] for s in range(len(v)) if s >> i & 1)
        for i in range(len(w))
    ]
    assert found == pytest.approx(by_hand, abs=1e-3)


@pytest.mark.parametrize("weights", [[1, 0], [1, -1], [1], [1, float("nan")]])
def test_weights_must_be_positive_one_a_player(weights):
    with pytest.raises(ModelError):
        weighted_shapley([0, 1, 1, 3], weights)


def owen_by_orders(v, groups):
    """The definition: groups in every order, within each the players in every order."""
    n = players(v)
    total, count = np.zeros(n), 0
    for order in permutations(groups):
        for inner in _inner_orders(order):
            count += 1
            bits = 0
            for player in inner:
                total[player] += v[bits | 1 << player] - v[bits]
                bits |= 1 << player
    return total / count


def _inner_orders(groups):
    if not groups:
        yield ()
        return
    for first in permutations(groups[0]):
        for rest in _inner_orders(groups[1:]):
            yield first + rest


@given(games(5, least=2), st.randoms(use_true_random=False))
def test_owen_value_is_the_mean_over_orders_by_groups(v, random):
    n = players(v)
    place = [random.randrange(3) for _ in range(n)]
    groups = [[i for i in range(n) if place[i] == g] for g in range(3)]
    groups = [group for group in groups if group]
    found = owen(v, groups)
    assert found == pytest.approx(owen_by_orders(v, groups), abs=1e-4)
    between = game(len(groups), lambda s: v[sum(mask(groups[g]) for g in s)])
    totals = [found[group].sum() for group in groups]
    assert totals == pytest.approx(shapley(between), abs=1e-4)


@given(games())
def test_groups_of_one_and_one_group_of_all_are_shapley(v):
    n = players(v)
    assert owen(v, [[i] for i in range(n)]) == pytest.approx(shapley(v), abs=1e-4)
    assert owen(v, [list(range(n))]) == pytest.approx(shapley(v), abs=1e-4)


def test_players_are_numbered_from_nothing():
    with pytest.raises(ModelError, match="no -1"):
        mask([-1])


@pytest.mark.parametrize("groups", [[[0]], [[0, 1], [1]], [[0, 1, 2]], [0, 1], [["a"], [0]]])
def test_groups_must_hold_each_player_once(groups):
    with pytest.raises(ModelError):
        owen([0, 1, 1, 3], groups)


@given(games())
def test_banzhaf_is_the_plain_mean_of_contributions(v):
    n = players(v)
    by_hand = [
        np.mean([v[s | 1 << i] - v[s] for s in range(len(v)) if not s >> i & 1]) for i in range(n)
    ]
    assert banzhaf(v) == pytest.approx(by_hand, abs=1e-4)


def test_banzhaf_interaction_of_three_that_need_each_other():
    v = game(3, lambda s: float(len(s) == 3))
    assert interaction(v, "banzhaf")[0, 1] == pytest.approx(0.5)
    assert interaction(v)[0, 1] == pytest.approx(0.5)
    with pytest.raises(ModelError, match="no index"):
        interaction(v, "other")


def test_gately_point_of_the_regional_power_game():
    v = listed(3, [0, 0, 0, 1170, 770, 210, 1530])
    assert gately(v) == pytest.approx([827.7049, 476.5574, 225.7377], abs=1e-4)
    with pytest.raises(ModelError):
        gately([0, 1, 2, 3])


def test_sampled_shares_lie_where_they_say():
    dice = np.random.default_rng(5)
    v = dice.random(1 << 8)
    v[0] = 0
    exact = shapley(v)
    inside = []
    for seed in range(40):
        found = sample_shapley(8, lambda s: v[s], orders=200, seed=seed)
        assert found.shares.sum() == pytest.approx(v[-1])
        inside.append((found.low <= exact) & (exact <= found.high))
    # 320 intervals of 95 %; all but about 16 should hold the true share
    assert 0.90 < np.mean(inside) < 0.99
    again = sample_shapley(8, lambda s: v[s], orders=200, seed=39)
    assert (again.shares == found.shares).all()


def test_sampling_asks_for_no_coalition_twice():
    asked = []
    sample_shapley(6, lambda s: asked.append(s) or float(s), orders=50)
    assert len(asked) == len(set(asked)) <= 64


@pytest.mark.parametrize(
    "settings", [{"n": 0}, {"n": 3, "orders": 2}, {"n": 3, "confidence": 1}, {"n": 3, "seed": -1}]
)
def test_samples_that_say_nothing_are_refused(settings):
    with pytest.raises(ModelError):
        sample_shapley(worth=float, **settings)


def test_sums_of_twenty_players_stay_in_memory():
    v = coalition_sums(np.arange(20.0)) ** 2
    assert shapley(v).sum() == pytest.approx(190.0**2)
