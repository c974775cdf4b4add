"""Bargaining: rules by definition, deals of a market with closed forms, the command."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithaq.cli import run
from mithaq.worth.bargain import RULES, bargain_of, choose
from tests.worth.toy import chain, island_search, marketing, scenario

PAIRS = st.tuples(st.integers(-9, 9).map(float), st.integers(-9, 9).map(float))


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly
@given(st.lists(PAIRS, max_size=8))
def test_rules_do_what_they_say(deals):
    fair = [p for p in deals if min(p) >= 0 and sum(p) > 0]
    for rule in RULES:
        place = choose(rule, deals)
        if not fair:
            assert place is None
            continue
        one, other = deals[place]
        assert (one, other) in fair
        if rule == "nash":
            assert one * other == max(a * b for a, b in fair)
        if rule == "egalitarian":
            assert min(one, other) == max(min(p) for p in fair)
        if rule == "kalai_smorodinsky":
            most = [max(p[side] for p in fair) for side in (0, 1)]
            score = [min(x / m for x, m in zip(p, most, strict=True) if m > 0) for p in fair]
            reached = min(x / m for x, m in zip((one, other), most, strict=True) if m > 0)
            assert reached == pytest.approx(max(score))


def two_legs():
    """Joint marketing at a hub, and a search on an island that A owns by 0.25."""
    return scenario(marketing(0.5), island_search(probability=1.0, capacity=10.0, discovery=30.0))


def test_money_makes_the_rules_agree_on_half_of_the_joint_gain():
    """P = 100 - Q, cost 20: at strength 0.5 each earns (80 - 2q) q with q = 80 / 3.5.

    The find of 10 bcm is sold on the island at 90: A has 0.25, B 0.75 (each a Cournot seller short
    of gas), A alone pays for the search.
    """
    found = bargain_of(two_legs(), chain())
    q, alone = 80 / 3.5, 80 / 3
    hub = (80 - 2 * q) * q - (80 - 2 * alone) * alone
    island = {"A": 0.25 * 700 - 30, "B": 0.75 * 700}
    by_legs = {deal.legs: deal.gains for deal in found.packages}
    assert by_legs[("marketing",)] == pytest.approx({"A": hub, "B": hub}, rel=1e-4)
    assert by_legs[("exploration",)] == pytest.approx(island, rel=1e-4)
    joint = 2 * hub + sum(island.values())
    for rule in RULES:
        deal = found.splits[rule]["money"]
        assert deal.legs == ("marketing", "exploration")
        assert deal.gains == pytest.approx(dict.fromkeys("AB", joint / 2), rel=1e-4)
        assert deal.payment.payer == "B" and deal.index == 1.0
        paid = (island["B"] - island["A"]) / 2
        assert deal.payment.amount == pytest.approx(paid, rel=1e-3)


def test_a_share_of_the_field_evens_the_deal_where_no_money_passes():
    """A gains hub + 700 s - 30, B hub + 700 (1 - s): even at s = 365 / 700, as money makes it.

    The most that A and B could have, of 815.12 together, is 742.56 and 772.56 (all of the field
    and none): so divide Kalai and Smorodinsky.
    """
    found = bargain_of(two_legs(), chain())
    for rule in ("egalitarian", "nash"):
        deal, money = (found.splits[rule][by] for by in ("search.share", "money"))
        assert deal.terms["search.share"] == pytest.approx(365 / 700, abs=1e-6)
        assert deal.gains == pytest.approx(money.gains, rel=1e-6)
        assert deal.payment is None
    q, alone = 80 / 3.5, 80 / 3
    hub = (80 - 2 * q) * q - (80 - 2 * alone) * alone
    whole = 2 * hub + 670
    part = whole * (hub + 670) / (2 * hub + 1370)
    fair = found.splits["kalai_smorodinsky"]["search.share"]
    assert fair.gains == pytest.approx({"A": part, "B": whole - part}, rel=1e-5)
    # every deal of the menu leaves both better off, no two are alike, the best stands first
    told = found.to_dict()
    assert all(min(deal["gains"].values()) > 0 for deal in told["menu"])
    joints = [deal["joint"] for deal in told["menu"]]
    assert joints == sorted(joints, reverse=True)
    alike = [(d["transfer"], *d["legs"], *d["terms"].values()) for d in told["menu"]]
    assert len(set(alike)) == len(alike)


def test_where_nobody_gains_there_is_no_deal():
    found = bargain_of(scenario(island_search(capacity=0.0, discovery=30.0)), chain())
    assert found.menu == ()
    assert all(deal is None for rule in RULES for deal in found.splits[rule].values())


@pytest.mark.slow
def test_the_command_prints_splits_and_the_menu(capsys):
    asked = ["bargain", "algeria-russia", "revived-partnership"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["between"] == ["Sonatrach", "Gazprom"]
    halves = [told["splits"][rule]["money"]["gains"] for rule in RULES]
    assert halves[0] == halves[1] == halves[2]
    assert told["menu"] and all(0 <= deal["index"] <= 1 for deal in told["menu"])
    assert run([*asked, "--states", "--lang", "fr"]) == 0
    assert "Algérie" in capsys.readouterr().out
