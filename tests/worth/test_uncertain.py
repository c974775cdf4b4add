"""Draws: indices of known functions, the spread of a worth with a closed form, the command."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from mithaq.chain.scenarios import Scenario
from mithaq.cli import run
from mithaq.errors import ModelError
from mithaq.worth.chaos import sensitivity
from mithaq.worth.plan import World
from mithaq.worth.uncertain import inputs_of, scaled, uncertain_of
from tests.worth.toy import chain, island_search, marketing, parameter, scenario


def points(dimension, draws=256):
    return qmc.Sobol(dimension, rng=np.random.default_rng(3)).random(draws)


def test_indices_of_a_function_whose_variances_are_known():
    """3 x0 + x1^2 + 2 (x2 - 1/2)(x3 - 1/2) + one of 0, 1, 2: variances 9/12, 4/45, 4/144, 2/3."""
    x = points(6)
    y = 3 * x[:, 0] + x[:, 1] ** 2 + 2 * (x[:, 2] - 0.5) * (x[:, 3] - 0.5) + np.floor(3 * x[:, 4])
    parts = np.array([9 / 12, 4 / 45, 4 / 144, 2 / 3])
    share = parts / parts.sum()
    found = sensitivity(x, [0, 0, 0, 0, 3, 0], y)
    assert found.first == pytest.approx([share[0], share[1], 0, 0, share[3], 0], abs=0.01)
    assert found.total == pytest.approx(
        [share[0], share[1], share[2], share[2], share[3], 0], abs=0.01
    )
    assert found.explained > 0.99


def test_indices_of_ishigami_and_of_sobol():
    """The two functions on which such indices are compared; closed forms of Saltelli et al. 2008.

    Of the first the third input does nothing by itself, and half of what the first does it does
    with the third; the second is a product of kinks.
    """
    x = points(3)
    z = np.pi * (2 * x - 1)
    y = np.sin(z[:, 0]) + 7 * np.sin(z[:, 1]) ** 2 + 0.1 * z[:, 2] ** 4 * np.sin(z[:, 0])
    found = sensitivity(x, [0, 0, 0], y)
    assert found.first == pytest.approx([0.3139, 0.4424, 0], abs=0.01)
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    assert found.explained > 0.99
    weights = np.array([0, 0.5, 3, 9, 99, 99])
    x = points(6)
    y = np.prod((np.abs(4 * x - 2) + weights) / (1 + weights), axis=1)
    parts = 1 / (3 * (1 + weights) ** 2)
    whole = np.prod(1 + parts) - 1
    found = sensitivity(x, [0] * 6, y)
    assert found.first == pytest.approx(parts / whole, abs=0.02)
    assert found.total == pytest.approx(parts * (whole + 1) / (1 + parts) / whole, abs=0.02)


def test_choices_interact_in_whatever_order_they_stand():
    x = points(2)
    for order in ([0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]):
        y = np.array(order, dtype=float)[(4 * x[:, 1]).astype(int)] * (x[:, 0] - 0.5)
        found = sensitivity(x, [0, 4], y)
        mean, square = np.mean(order), np.mean(np.square(order))
        assert found.first == pytest.approx([mean**2 / square, 0], abs=0.01)
        assert found.total == pytest.approx([1, 1 - mean**2 / square], abs=0.01)


def test_what_a_fit_does_not_tell_is_in_no_index():
    x = points(2)
    y = x[:, 0] + np.random.default_rng(2).normal(size=256) * 0.5  # variances 1/12 and 1/4
    found = sensitivity(x, [0, 0], y)
    assert found.first[0] == pytest.approx(0.25, abs=0.08)
    with pytest.raises(ModelError, match="finite"):
        sensitivity(x, [0, 0], np.where(y > 0, y, np.nan))


def test_noise_explains_nothing():
    y = np.random.default_rng(5).random(128)
    found = sensitivity(points(10, 128), [0] * 10, y)
    assert found.explained < 0.1 and found.total.max() < 0.5
    assert sensitivity(points(2), [0, 0], np.ones(256)).total.tolist() == [0, 0]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(-5, 5), min_size=3, max_size=3), st.integers(0, 2**20))
def test_indices_lie_where_they_must(weights, seed):
    x = qmc.Sobol(3, rng=np.random.default_rng(seed)).random(64)
    y = x @ np.array(weights, dtype=float) + x[:, 0] * x[:, 1]
    found = sensitivity(x, [0, 0, 0], y)
    assert (found.first >= 0).all() and found.first.sum() <= 1 + 1e-9
    assert (found.total >= found.first - 1e-12).all() and 0 <= found.explained <= 1


def search():
    """Worth to A: p 0.25 700 - d, with p from 0.1 to 0.9 and d from 10 to 50 (sold at 90)."""
    return scenario(island_search(probability=(0.5, 0.1, 0.9), discovery=(30.0, 10.0, 50.0)))


def test_the_spread_of_a_worth_with_a_closed_form():
    found = uncertain_of(search(), chain(), draws=64)
    p, d = (
        found.inputs[i].low + found.points[:, i] * (found.inputs[i].high - found.inputs[i].low)
        for i in (0, 1)
    )
    assert [item.id for item in found.inputs] == ["search.probability", "search.discovery_cost"]
    worth = 175 * p - d
    assert found.spread("A").draws == pytest.approx(worth, abs=1e-2)
    told = found.to_dict()["parties"]["A"]
    assert told["p50"] == pytest.approx(np.quantile(worth, 0.5), abs=1e-2)
    assert told["probability_of_gain"] == pytest.approx((worth > 0).mean(), abs=1e-4)
    knowing = np.maximum(worth, 0).mean() - max(worth.mean(), 0)
    assert told["value_of_knowing"] == pytest.approx(knowing, abs=1e-2)
    chance, cost = (175 * 0.8) ** 2, 40.0**2
    share = chance / (chance + cost)
    first = {k: v["first"] for k, v in told["sensitivity"].items()}
    assert first["search.probability"] == pytest.approx(share, abs=0.01)
    assert first["search.discovery_cost"] == pytest.approx(1 - share, abs=0.01)
    assert told["explained"] > 0.99
    json.dumps(found.to_dict())


def test_the_same_seed_gives_the_same_draws_and_more_draws_begin_with_fewer():
    one, more = (uncertain_of(search(), chain(), draws=n) for n in (8, 12))
    assert (more.points[:8] == one.points).all() and (more.worth[:8] == one.worth).all()
    other = uncertain_of(search(), chain(), draws=8, seed=2)
    assert (other.points != one.points).any()


def test_each_leg_alone_and_inputs_of_the_market():
    """At demand times x the choke price stays: P = 100 - Q / x, and all gains scale with x."""
    demand = {"demand": parameter("demand", 1.0, 0.5, 1.5, unit="ratio")}
    legs = scenario(marketing(0.5), island_search(probability=1.0, discovery=0.0, capacity=5.0))
    drawn = Scenario(**{**{k: getattr(legs, k) for k in legs.__slots__}, "inputs": demand})
    found = uncertain_of(drawn, chain(), draws=8, legs=True)
    x = 0.5 + found.points[:, 0]
    q, alone = 80 / 3.5, 80 / 3
    hub = ((80 - 2 * q) * q - (80 - 2 * alone) * alone) * x
    isle = (100 - 5 / x - 20) * 5
    assert found.legs[:, 0, 0] == pytest.approx(hub, rel=1e-3)
    assert found.legs[:, 1, 0] == pytest.approx(0.25 * isle, rel=1e-3)
    assert found.worth[:, 0] == pytest.approx(hub + 0.25 * isle, rel=1e-3)
    assert set(found.to_dict()["parties"]["A"]["legs"]) == {"marketing", "exploration"}
    # two sellers who hold back raise the price at the hub in every draw
    told = found.to_dict()["prices"]["Hub"]
    assert (told["probability_of_rise"], told["probability_of_fall"]) == (1.0, 0.0)


def test_worlds_with_floors_and_entry():
    """Under floors joint marketing at strength 0.9 cannot hold back more than a quarter."""
    merged = scenario(marketing(0.9, 0.8, 1.0))
    free = uncertain_of(merged, chain(), draws=8)
    bound = uncertain_of(merged, chain(), draws=8, world=World(floors=True))
    q = 0.75 * 80 / 3
    assert (bound.spread("A").draws <= free.spread("A").draws + 1e-6).all()
    assert bound.worth[:, 0].max() <= (80 - 2 * q) * q - (80 / 3) ** 2 + 1e-3


def test_scaling_multiplies_what_it_names():
    base = chain()
    assert scaled(base, {}).hash == base.hash
    half = scaled(base, {"field_costs": 0.5, "conduct": 3.0, "price_level": 2.0})
    assert [row["a"] for row in half.rows("fields")] == [10.0, 10.0]
    assert [row["conduct"] for row in half.rows("firms")] == [1.0, 1.0]
    assert half.rows("markets")[0]["reference_price"] == 100.0
    with pytest.raises(ModelError, match="no input"):
        scaled(base, {"weather": 1.0})


def test_too_few_draws_and_nothing_uncertain_are_refused():
    with pytest.raises(ModelError, match="at least 8"):
        uncertain_of(search(), chain(), draws=4)
    with pytest.raises(ModelError, match="at most 1048576"):
        uncertain_of(search(), chain(), draws=10**10)
    with pytest.raises(ModelError, match="seed"):
        uncertain_of(search(), chain(), draws=8, seed=-1)
    with pytest.raises(ModelError, match="no input"):
        uncertain_of(scenario(marketing(0.5)), chain(), draws=8)


def test_inputs_of_the_shipped_case_are_named_in_it():
    from mithaq import load
    from mithaq.chain.legs import load_scenario

    case = load("algeria-russia")
    told = inputs_of(load_scenario(case.record, case.chain, "revived-partnership"), case.chain)
    names = {item.id for item in told}
    assert {"demand", "price_level", "field_costs", "conduct", "calibration", "rate"} <= names


@pytest.mark.slow
def test_the_command_tells_what_is_sure_in_every_language(capsys):
    asked = ["uncertain", "algeria-russia", "revived-partnership", "--draws", "16"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    buyers = told["parties"]["consumers in Europe"]
    assert buyers["p05"] <= buyers["p50"] <= buyers["p95"]
    assert 0 <= buyers["probability_of_gain"] <= 1
    assert set(buyers["sensitivity"]) == {item["id"] for item in told["inputs"]}
    for lang, word in (("ar", "السحوبات"), ("fr", "tirages"), ("ru", "розыгрыш"), ("en", "draws")):
        assert run([*asked, "--lang", lang]) == 0
        assert word in capsys.readouterr().out
