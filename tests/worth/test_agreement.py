"""Worth on markets with closed forms: shares, ranges, branches, reciprocity."""

import json

import numpy as np
import pytest

from mithaq.errors import ModelError
from mithaq.worth.agreement import worth_of
from mithaq.worth.plan import CENTRAL, World
from tests.worth import toy

MARGIN = 80.0  # choke price 100 less unit cost 20


def mutual(n, members, k):
    """Outputs when ``members`` of n symmetric Cournot firms cooperate at strength k.

    With margin m an outsider sells m and a member m / (1 + (members - 1) k).
    """
    inside = 1 / (1 + (members - 1) * k)
    margin = MARGIN / (1 + (n - members) + members * inside)
    return margin, margin * inside


def solo(n):
    return (MARGIN / (n + 1)) ** 2


@pytest.fixture(scope="module")
def duopoly():
    return worth_of(toy.scenario(toy.marketing(0.5, 0.25, 0.9)), toy.chain())


def test_duopoly_in_a_group_has_the_closed_form(duopoly):
    margin, sold = mutual(2, 2, 0.5)
    assert duopoly.of("A") == pytest.approx(margin * sold - solo(2), rel=1e-4)
    assert duopoly.of("B") == pytest.approx(duopoly.of("A"), rel=1e-4)
    before, after = 2 * MARGIN / 3, 2 * sold
    assert duopoly.of("consumers in Europe") == pytest.approx((after**2 - before**2) / 2, rel=1e-4)


def test_range_is_that_of_the_settings(duopoly):
    gains = [m * q - solo(2) for m, q in (mutual(2, 2, k) for k in (0.25, 0.5, 0.9))]
    a = duopoly.parties.index("A")
    # floors may pull the low end further: they are part of the range
    assert duopoly.low[a] <= min(gains) + 1e-3
    assert duopoly.high[a] == pytest.approx(max(gains), rel=1e-4)


def test_merger_of_two_of_five_loses_and_outsiders_gain():
    """Salant, Switzer and Reynolds 1983: the pair -28 %, each outsider +44 %."""
    firms = ("A", "B", "C", "D", "E")
    found = worth_of(toy.scenario(toy.marketing(1.0)), toy.chain(firms))
    pair = (found.of("A") + found.of("B")) / (2 * solo(5))
    assert pair == pytest.approx(-0.28, abs=5e-3)
    assert found.of("C") / solo(5) == pytest.approx(0.44, abs=5e-3)
    assert found.of("consumers in Europe") < 0
    payment = found.reciprocity.split
    assert payment["worth_it"] is False


def test_apart_legs_add_up_without_interaction():
    found = worth_of(toy.scenario(toy.marketing(0.5), toy.island_search()), toy.chain())
    margin, sold = mutual(2, 2, 0.5)
    # a tenth of the island's gas is too little to reach its price of 90
    rent = 10 * (100 - 10 - 20)
    assert found.leg("A", "marketing") == pytest.approx(margin * sold - solo(2), rel=1e-4)
    assert found.leg("A", "exploration") == pytest.approx(0.5 * 0.25 * rent - 30, rel=1e-5)
    assert found.leg("B", "exploration") == pytest.approx(0.5 * 0.75 * rent, rel=1e-5)
    assert np.abs(found.interactions).max() < 1e-2


def test_leg_shares_of_each_party_sum_to_its_worth():
    legs = (
        toy.marketing(0.5),
        toy.island_search(),
        (
            "transport",
            toy.right(
                "line",
                "pipeline",
                territory="land of A",
                names={
                    "pipeline": "Isle line",
                    "from": "land of A",
                    "into": "Isle",
                    "partner": "B",
                },
                capacity=8.0,
                stake=0.5,
                share=0.5,
                investment=20.0,
                operating_cost=1.0,
            ),
        ),
    )
    found = worth_of(toy.scenario(*legs), toy.chain())
    assert found.legs.sum(axis=0) == pytest.approx(found.worth, abs=1e-9)
    tried = {(v.driver, v.setting): v.worth for v in found.variants}
    for world, setting in (
        (CENTRAL, ("", "central")),
        (World(floors=True), ("floors", "with")),
    ):
        assert found.games[world].sum(axis=0) == pytest.approx(tried[setting], abs=1e-6)


def test_a_leg_of_no_effect_has_no_share():
    idle = ("transport", toy.right("nothing", "access", names={"arcs": ("land of A-Hub",)}))
    found = worth_of(toy.scenario(toy.marketing(0.5), idle), toy.chain())
    assert found.legs[found.leg_ids.index("transport")] == pytest.approx(0, abs=1e-9)


def test_branches_are_weighted_and_not_averaged_before():
    """Expected gas would be 20 bcm; the expected worth is that of 40 or nothing, half each."""
    found = worth_of(
        toy.scenario(toy.island_search(capacity=40.0, discovery=0.0, share=1.0)), toy.chain()
    )
    rent = 40 * (100 - 40 - 20)
    assert found.of("A") == pytest.approx(0.5 * rent, rel=1e-5)
    assert found.of("A") < 20 * (100 - 20 - 20)
    assert [branch["found"] for branch in found.branches] == [["search"], []]
    assert found.branches[0]["parties"]["A"] == pytest.approx(rent, rel=1e-5)
    assert found.branches[1]["parties"]["A"] == pytest.approx(0, abs=1e-2)
    total = sum(b["probability"] * b["parties"]["A"] for b in found.branches)
    assert total == pytest.approx(found.of("A"), abs=1e-2)


def test_two_finds_have_four_branches():
    searches = [toy.island_search(p, name=f"s{i}")[1] for i, p in enumerate((0.5, 0.2))]
    found = worth_of(toy.scenario(("exploration", *searches)), toy.chain())
    assert [b["probability"] for b in found.branches] == pytest.approx([0.1, 0.4, 0.1, 0.4])
    assert sum(b["probability"] for b in found.branches) == pytest.approx(1)


def test_side_payment_evens_the_gains_from_each_others_territory():
    mine = toy.island_search(probability=1.0, discovery=0.0)[1]
    theirs = toy.right(
        "back",
        "exploration",
        "B",
        "land of A",
        {"field": "second", "node": "land of A", "partner": "A"},
        probability=1.0,
        share=1.0,
        capacity=3.0,
        cost=5.0,
        discovery_cost=0.0,
        development_cost=0.0,
    )
    found = worth_of(toy.scenario(("exploration", mine, theirs)), toy.chain())
    told = found.to_dict()["reciprocity"]
    gains, payment = dict(told["gains"]), told["side_payment"]
    assert 0 < told["index"] < 1
    assert told["index"] == pytest.approx(min(gains.values()) / max(gains.values()), abs=1e-5)
    gains[payment["from"]] -= payment["musd_per_year"]
    gains[payment["to"]] += payment["musd_per_year"]
    assert gains["A"] == pytest.approx(gains["B"], abs=2e-3)


def test_rights_on_one_territory_only_have_index_zero():
    found = worth_of(toy.scenario(toy.island_search(probability=1.0)), toy.chain())
    assert found.reciprocity.index == 0
    assert found.reciprocity.side_payment.payer == "A"


def test_range_holds_the_centre_and_says_what_drives_it():
    found = worth_of(
        toy.scenario(
            toy.marketing(0.5, 0.25, 0.75),
            toy.island_search(probability=(0.5, 0.4, 0.6), discovery=(30.0, 10.0, 60.0)),
        ),
        toy.chain(),
    )
    assert (found.low <= found.worth + 1e-9).all()
    assert (found.worth <= found.high + 1e-9).all()
    told = found.to_dict()
    assert told["drivers"]["A"][0]["driver"] == "search.discovery_cost"
    assert told["drivers"]["A"][0]["swing"] == pytest.approx(50)
    assert {"floors", "entry"} <= {variant.driver for variant in found.variants}


def test_calibrations_and_switches_widen_the_range():
    cheap = [
        {
            "calibration": "dear",
            "table": "fields",
            "row": "field of A",
            "column": "a",
            "value": "30",
        },
        {
            "calibration": "low",
            "table": "markets",
            "row": "Hub",
            "column": "reference_quantity",
            "value": "30",
        },
    ]
    found = worth_of(toy.scenario(toy.marketing(0.9)), toy.chain(calibrations=cheap))
    told = found.to_dict()
    assert set(told["calibrations"]) == {"dear", "low"}
    assert told["calibrations"]["low"]["A"] != pytest.approx(told["parties"]["A"]["worth"])
    assert told["run"]["calibrations"] == ["dear", "low"]


def test_floors_bind_where_the_group_would_sell_much_less():
    found = worth_of(toy.scenario(toy.marketing(0.9)), toy.chain())
    told = found.to_dict()["floors"]
    # alone each sells 80/3; the group would sell 21.05 each, three quarters are 20: no bind
    assert told["with"]["A"]["worth"] == pytest.approx(told["without"]["A"]["worth"], abs=1e-2)
    three = worth_of(toy.scenario(toy.marketing(1.0)), toy.chain(("A", "B", "C")))
    told = three.to_dict()["floors"]
    pair = {side: told[side]["A"]["worth"] + told[side]["B"]["worth"] for side in told}
    # alone 20 each; merged 26.7 together, less than the floors of 15 each allow
    assert pair["without"] == pytest.approx(2 * MARGIN**2 / 18 - 2 * solo(3), rel=1e-3)
    outsider = (MARGIN - 30) / 2
    assert pair["with"] == pytest.approx(30 * outsider - 2 * solo(3), rel=1e-3)


def test_entry_opens_closed_markets_with_and_without_the_agreement():
    closed = [{"firm": "C", "market": "Hub", "may_sell": False}]
    found = worth_of(toy.scenario(toy.marketing(0.5)), toy.chain(("A", "B", "C"), conduct=closed))
    told = found.to_dict()["entry"]
    two, three = (m * q - solo(n) for n, (m, q) in ((2, mutual(2, 2, 0.5)), (3, mutual(3, 2, 0.5))))
    assert told["without"]["A"]["worth"] == pytest.approx(two, rel=1e-3)
    assert told["with"]["A"]["worth"] == pytest.approx(three, rel=1e-3)


def test_payoffs_of_the_world_change_by_what_the_parties_lose_and_gain():
    found = worth_of(toy.scenario(toy.marketing(0.5), toy.island_search()), toy.chain())
    told = found.to_dict()
    listed = sum(p["worth"] for p in told["parties"].values() if p["kind"] != "state")
    assert listed + sum(told["others"].values()) == pytest.approx(told["world"], abs=0.05)


def test_same_figures_in_processes():
    scenario = toy.scenario(toy.marketing(0.5, 0.25, 0.75))
    told = [
        worth_of(scenario, toy.chain(), on=on, workers=2).to_dict() for on in ("here", "processes")
    ]
    for result in told:
        del result["run"]["seconds"]
    assert told[0] == told[1]


def test_progress_reaches_its_total():
    seen = []
    worth_of(
        toy.scenario(toy.marketing(0.5)),
        toy.chain(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1][0] == seen[-1][1]


def test_who_owns_a_line_is_paid_for_without_a_second_equilibrium():
    """Settings that only move money share an equilibrium and give what solving each would."""
    figures = {"capacity": 8.0, "stake": 1.0, "share": (0.5, 0.2, 0.9), "investment": 20.0}
    names = {"pipeline": "Isle line", "from": "land of A", "into": "Isle", "partner": "B"}
    line = toy.right("line", "pipeline", names=names, operating_cost=1.0, **figures)
    found = worth_of(toy.scenario(("transport", line)), toy.chain())
    for share in (0.2, 0.9):
        alone = toy.right(
            "line", "pipeline", names=names, operating_cost=1.0, **{**figures, "share": share}
        )
        told = worth_of(toy.scenario(("transport", alone)), toy.chain())
        (variant,) = [v for v in found.variants if v.setting == f"{share:g}"]
        assert variant.worth == pytest.approx(told.worth, abs=1e-6)
    assert found.equilibria < len(found.variants) + 4


def test_the_result_has_the_keys_of_the_contract(duopoly):
    told = duopoly.to_dict()
    assert {
        "agreement",
        "equilibria",
        "parties",
        "reciprocity",
        "assumptions",
        "floors",
        "entry",
        "calibrations",
        "interactions",
        "branches",
        "drivers",
        "run",
    } <= told.keys()
    assert {"worth", "low", "high", "legs"} <= told["parties"]["A"].keys()
    assert {"index", "side_payment", "gains"} <= told["reciprocity"].keys()
    assert set(told["territory_gains"]) == {"land of A", "land of B"}
    assert told["agreement"] == "pact"
    assert all(item["text"] and item["basis"] for item in told["assumptions"])
    assert json.loads(json.dumps(told)) == told


def test_a_variant_without_an_equilibrium_is_told_and_left_out():
    """After the lifting share A has 10 left, less than three quarters of the 26.7 that it sold."""
    share = toy.right(
        "part",
        "lifting",
        "B",
        "land of A",
        {"field": "field of A", "owner": "A"},
        volume=20.0,
        entry_payment=0.0,
    )
    fields = [
        {"name": f"field of {f}", "node": f"land of {f}", "owners": f, "capacity": 30, "a": 20}
        for f in "AB"
    ]
    lines = [{"from": f"land of {f}", "to": "Hub", "capacity": 99} for f in "AB"]
    more = {"from": "land of A", "to": "land of B", "capacity": 99}
    found = worth_of(
        toy.scenario(("production", share)), toy.chain(fields=fields, pipelines=[*lines, more])
    )
    told = found.to_dict()
    assert {failure["driver"] for failure in told["failures"]} >= {"floors"}
    assert all(failure["reason"] for failure in told["failures"])
    assert set(told["floors"]) == {"without"}
    assert told["parties"]["A"]["low"] <= told["parties"]["A"]["worth"] < 0


def test_unknown_party_and_setting_are_named(duopoly):
    with pytest.raises(ModelError, match="no party 'Z'"):
        duopoly.of("Z")


def test_worlds_know_their_base():
    assert World("x", floors=True, entry=True).base == World("x", entry=True)
