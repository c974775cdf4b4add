"""Cooperative games with published answers, and the axioms as properties."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mithaq.errors import ModelError
from mithaq.worth.games import excess, game, interaction, mask, members, players, shapley


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


def games(max_players=5):
    finite = st.floats(-1e6, 1e6, width=32)
    return st.integers(1, max_players).flatmap(lambda n: arrays(float, 1 << n, elements=finite))


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


@pytest.mark.parametrize("bad", [[], [1, 2, 3], [0, float("nan")], 3.0])
def test_what_is_no_game_is_refused(bad):
    with pytest.raises(ModelError):
        shapley(bad)


def test_shares_of_another_size_are_refused():
    with pytest.raises(ModelError):
        excess([0, 1, 1, 4], [1, 2, 3])


def test_a_game_of_nobody_has_no_shares():
    assert shapley([3.0]).shape == (0,)
