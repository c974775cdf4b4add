"""Several agreements: closed forms, support and spoiling, names that are not there."""

import json

import pytest

from mithaq import load
from mithaq.errors import BatchError, DataError, ModelError
from mithaq.worth.together import together, together_of
from tests.worth.toy import chain, island_search, marketing, right, scenario


def test_agreements_on_markets_apart_neither_support_nor_spoil():
    """Joint marketing at the hub, a find of 10 bcm on the island (sold at 90, A has 0.25)."""
    both = {
        "pact": scenario(marketing(0.5)),
        "search": scenario(island_search(probability=1.0, discovery=30.0)),
    }
    found = together_of(both, chain())
    q, alone = 80 / 3.5, 80 / 3
    hub = (80 - 2 * q) * q - (80 - 2 * alone) * alone
    assert found.alone("pact", "A") == pytest.approx(hub, rel=1e-4)
    assert found.alone("search", "A") == pytest.approx(0.25 * 700 - 30, rel=1e-4)
    told = found.to_dict()
    assert told["parties"]["A"]["together"] == pytest.approx(hub + 145, rel=1e-4)
    assert abs(told["interactions"][0]["parties"]["A"]) < 1e-2
    assert told["signing"][0]["willing"] and told["parties"]["other sellers"]["together"] == 0
    json.dumps(told)


def test_two_finds_for_one_market_spoil_each_other():
    """10 and 10 bcm on the island: 90 a unit apart, 80 together; A loses 10 on each of its 5."""
    both = {
        name: scenario(island_search(probability=1.0, discovery=0.0, name=name))
        for name in ("east", "west")
    }
    found = together_of(both, chain())
    together_, apart = 2 * 0.25 * 60 * 10, 0.25 * 70 * 10
    assert found.value[3, 0] == pytest.approx(together_, rel=1e-4)
    assert found.interactions[0, 1, 0] == pytest.approx(together_ - 2 * apart, rel=1e-3)


def test_chances_multiply_over_agreements():
    both = {
        name: scenario(island_search(probability=0.5, discovery=0.0, name=name))
        for name in ("east", "west")
    }
    found = together_of(both, chain())
    mean = 0.25 * (2 * 0.25 * 60 * 10) + 0.5 * (0.25 * 70 * 10)
    assert found.value[3, 0] == pytest.approx(mean, rel=1e-4)


def test_what_cannot_be_set_together_is_told():
    with pytest.raises(ModelError, match="2 to 8"):
        together_of({"pact": scenario(marketing(0.5))}, chain())
    case = load("algeria-russia")
    with pytest.raises(DataError, match="no leg 'moon'"):
        together(case.record, case.chain, ["revived-partnership:moon", "revived-partnership"])
    with pytest.raises(DataError, match="no scenario 'moon'"):
        case.together(["moon", "revived-partnership"])


def test_agreements_that_exclude_each_other_are_named():
    both = {
        name: scenario(marketing(strength)) for name, strength in (("pact", 0.5), ("bond", 0.6))
    }
    with pytest.raises(BatchError, match=r"pact \+ bond: they change the same thing"):
        together_of(both, chain())


def test_groups_of_one_name_in_two_agreements_are_not_one_group():
    """A with B, and C with D: two groups of two in a market of four, P = 100 - Q and cost 20."""

    def pair(one, other):
        names = {"partner": other, "region": "Europe"}
        joint = right(
            "joint", "joint_marketing", to=one, territory="Europe", names=names, strength=1.0
        )
        return scenario(("marketing", joint), firms=(one, other))

    four = chain(firms=("A", "B", "C", "D"))
    found = together_of({"east": pair("A", "B"), "west": pair("C", "D")}, four)
    two, alone = (80 / 3) ** 2, (80 / 5) ** 2  # a duopoly of groups; four by themselves
    hub = found.value[3, [found.parties.index(firm) for firm in "ABCD"]].sum()
    assert hub == pytest.approx(2 * two - 4 * alone, rel=1e-4)
    with pytest.raises(BatchError, match="exclude each other"):
        together_of({"east": pair("A", "B"), "west": pair("A", "C")}, four)
