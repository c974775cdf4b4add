"""Clauses: terms compared, thresholds by closed form, orders of signing, early end."""

import json

import numpy as np
import pytest

from mithaq.chain.legs import annuity
from mithaq.errors import ModelError
from mithaq.worth.agreement import worth_of
from mithaq.worth.clauses import signing
from tests.worth.toy import chain, island_search, marketing, scenario


def search(**more):
    """A find of 10 bcm sold on the island at 90: worth p 0.25 700 - 30 to A, p 0.75 700 to B."""
    return island_search(probability=(0.5, 0.1, 0.9), discovery=(30.0, 10.0, 50.0), **more)


def test_a_threshold_stands_where_the_worth_is_nil():
    """A gains 175 p - 30 = 0 at p = 0.1714, whichever discovery cost stands in the centre."""
    found = worth_of(scenario(search()), chain())
    (at,) = [t for t in found.thresholds if (t.party, t.term) == ("A", "search.probability")]
    assert at.rising and at.unit == "share"
    assert at.value == pytest.approx(30 / 175, abs=1e-6)
    # between 10 and 50 the cost never reaches 87.5: it changes no sign
    assert not [t for t in found.thresholds if (t.party, t.term) == ("A", "search.discovery_cost")]


def test_a_cost_that_is_all_that_is_gained_is_a_threshold_too():
    found = worth_of(scenario(island_search(discovery=(30.0, 10.0, 120.0))), chain())
    (at,) = [t for t in found.thresholds if (t.party, t.term) == ("A", "search.discovery_cost")]
    assert at.value == pytest.approx(0.5 * 0.25 * 700, rel=1e-6) and not at.rising


def test_terms_are_compared_at_every_setting_and_at_those_asked_for():
    found = worth_of(scenario(search()), chain(), compare={"search.share": (0.5, 1.0)})
    told = {term["id"]: term for term in found.to_dict()["terms"]}
    chances = told["search.probability"]
    assert chances["settings"] == [0.1, 0.5, 0.9]
    assert chances["parties"]["A"] == pytest.approx([-12.5, 57.5, 127.5], rel=1e-4)
    assert told["search.share"]["settings"] == [0.25, 0.5, 1.0]
    assert told["search.share"]["parties"]["A"] == pytest.approx([57.5, 145, 320], rel=1e-4)
    assert found.high[0] == pytest.approx(127.5, rel=1e-4)  # what is compared widens no range
    with pytest.raises(ModelError, match="no parameter 'search.sahre'"):
        worth_of(scenario(search()), chain(), compare={"search.sahre": (0.5,)})


@pytest.mark.parametrize("setting", [-0.1, 1.2, float("nan")])
def test_a_term_is_not_compared_beyond_its_bounds(setting):
    with pytest.raises(ModelError, match=r"search\.probability must be a number between 0 and 1"):
        worth_of(scenario(search()), chain(), compare={"search.probability": [setting]})


def test_an_order_is_willing_where_no_step_hurts():
    """Of two legs the first hurts A unless the second is there: it can only be signed second."""
    v = np.array([[0.0, 0.0], [-1.0, 1.0], [2.0, 2.0], [3.0, 4.0]])
    first, second = signing(("a", "b"), v, {"A": 0, "B": 1})
    assert first.order == ("b", "a") and first.willing
    assert first.steps == ({"A": 2.0, "B": 2.0}, {"A": 1.0, "B": 2.0})
    assert second.order == ("a", "b") and not second.willing
    assert signing(tuple("abcdef"), np.zeros((64, 2)), {"A": 0, "B": 1}) == ()


def test_an_early_end_loses_the_years_that_are_left_but_not_what_was_paid():
    """Over 20 years at 10 %: a year's sales are lost, the search (30, annuitised) stays paid."""
    terms = scenario(island_search(probability=1.0, discovery=30.0), rate=0.1, years=20.0)
    found = worth_of(terms, chain())
    one = found.to_dict()["early_end"][0]
    assert one["after"] == 1
    a = one["parties"]["A"]
    whole = 175 / annuity(0.1, 20) - 30
    assert a["whole"] == pytest.approx(whole, rel=1e-4)
    assert a["ended"] == pytest.approx(175 / 1.1 - 30, rel=1e-4)
    assert a["lost"] == pytest.approx(whole - (175 / 1.1 - 30), rel=1e-4)
    assert [e["after"] for e in found.to_dict()["early_end"]] == [1, 5, 10]
    json.dumps(found.to_dict())


def test_no_early_end_of_an_agreement_for_a_year():
    assert worth_of(scenario(marketing(0.5)), chain()).early_ends == ()
