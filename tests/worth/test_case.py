"""The shipped scenario on the shipped chain: it is sourced, and its signs make sense."""

import re

import pytest

from mithaq.chain import Chain
from mithaq.chain.legs import branches, load_scenario
from mithaq.record import Quantity, Share, load_case
from mithaq.words.units import UnitError, convert
from mithaq.worth import worth
from mithaq.worth.assumptions import assumptions
from mithaq.worth.groups import Groups
from mithaq.worth.plan import CENTRAL, Valuer, View, Views, World

NAME = "revived-partnership"


@pytest.fixture(scope="module")
def case():
    record, chain = load_case("algeria-russia"), Chain.shipped()
    return record, chain, load_scenario(record, chain, NAME)


@pytest.fixture(scope="module")
def gains(case):
    """Gain of every party from single legs, found in one go."""
    _, chain, scenario = case
    legs = {name: View(CENTRAL, frozenset({name})) for name in ("marketing", "transport")}
    none = View(CENTRAL, frozenset())
    valuer = Valuer(scenario, chain)
    valuer.run([none, *legs.values()])
    groups = Groups(scenario, chain, valuer.parties())
    before = groups.vector(valuer.value(none))
    return {
        name: dict(zip(groups.names, groups.vector(valuer.value(view)) - before, strict=True))
        for name, view in legs.items()
    }


def test_the_four_legs_have_rights_on_both_territories(case):
    _, _, scenario = case
    assert [leg.id for leg in scenario.legs] == [
        "exploration",
        "production",
        "transport",
        "marketing",
    ]
    assert {"Algeria", "Russia", "Europe"} <= {right.territory for right in scenario.rights()}
    assert scenario.agreement == "gazprom-sonatrach-mou-2006"


def test_it_is_found_by_the_agreement_too(case):
    record, chain, scenario = case
    assert load_scenario(record, chain, "gazprom-sonatrach-mou-2006") == scenario


def test_every_assumption_stands_in_all_four_languages(case):
    told = [item for item in assumptions(case[2]) if item.get("reason")]
    assert len(told) > 20
    for item in told:
        assert set(item["reasons"]) == {"ar", "en", "fr", "ru"}, item["id"]
        assert item["reasons"]["en"] == item["reason"]
        for code, script in (("ar", "\u0600-\u06ff"), ("ru", "\u0400-\u04ff")):
            assert re.search(f"[{script}]", item["reasons"][code]), item["id"]


def test_every_figure_says_its_basis_and_uncertain_ones_have_three_settings(case):
    _, _, scenario = case
    parameters = scenario.parameters().values()
    assert all(parameter.basis for parameter in parameters)
    assert all(len(parameter.settings) in (1, 3, 4) for parameter in parameters)
    uncertain = [p for p in parameters if len(p.settings) > 1]
    assert len(uncertain) >= 25
    assert sum(any(basis.is_claim for basis in p.basis) for p in parameters) >= 12


SAID = {
    "el-assel.share": [("el-assel", "share", 0.49, "share")],
    "el-assel.capacity": [("el-assel-development", "quantity", 0.73, "bcm/year")],
    "el-assel.discovery_cost": [
        ("el-assel", "amount", 120, "MUSD"),
        ("el-assel", "amount", 55, "MUSD"),
    ],
    "el-assel.development_cost": [("el-assel-development", "cost", 950, "MUSD")],
    "baltic-lng.capacity": [
        ("baltic-lng", "capacity", 5, "Mt/year"),
        ("baltic-lng", "capacity", 7.2, "Mt/year"),
    ],
    "baltic-lng.investment": [
        ("baltic-lng", "cost", 1500, "MUSD"),
        ("baltic-lng", "cost", 3700, "MUSD"),
    ],
    "galsi.capacity": [("galsi", "capacity", 8, "bcm/year"), ("galsi", "capacity", 10, "bcm/year")],
    "galsi.stake": [("galsi", "share", 0.36, "share")],
}


def figures(record, subject, name, unit):
    """Both ends of every figure that a property holds, in ``unit`` where that has a meaning."""
    found = set()
    for claim in record.claims_of(subject, name):
        if isinstance(claim.value, Share):
            found.add(round(float(claim.value.percent) / 100, 9))
        if isinstance(claim.value, Quantity):
            try:
                ends = [
                    convert(x, claim.value.unit, unit) for x in (claim.value.low, claim.value.high)
                ]
            except UnitError:
                continue
            found |= {round(end.amount, 9) for end in ends}
    return found


@pytest.mark.parametrize("name", SAID)
def test_figures_that_cite_a_claim_are_those_of_the_claim(case, name):
    record, _, scenario = case
    parameter = scenario.parameters()[name]
    cited = {(basis.subject, basis.prop) for basis in parameter.basis}
    for subject, prop, number, unit in SAID[name]:
        assert (subject, prop) in cited
        assert number in parameter.settings
        assert number in figures(record, subject, prop, unit)


def test_joint_marketing_is_good_for_outsiders_and_bad_for_consumers(gains):
    found = gains["marketing"]
    assert found["consumers in Europe"] < 0
    outsiders = ("Statoil", "GasTerra", "NOC Libya", "Qatargas", "NLNG")
    assert all(found[name] > 0 for name in outsiders)


def test_gas_by_new_ways_costs_the_countries_of_transit(gains):
    found = gains["transport"]
    assert found["treasury of Ukraine"] < 0
    assert found["treasury of Tunisia"] < 0


@pytest.mark.slow
def test_the_whole_worth(case):
    record, chain, _ = case
    found = worth(record, chain, NAME, on="processes", workers=2)
    told = found.to_dict()
    assert found.legs.sum(axis=0) == pytest.approx(found.worth, abs=1e-6)
    assert (found.low <= found.worth + 1e-9).all()
    assert (found.worth <= found.high + 1e-9).all()
    assert told["equilibria"] >= 16
    assert {"Sonatrach", "Gazprom", "Algeria", "Russia", "consumers in Europe"} <= set(
        told["parties"]
    )
    assert sum(b["probability"] for b in told["branches"]) == pytest.approx(1)
    assert told["run"]["max_violation"] <= 1e-6


def test_joint_marketing_still_matters_where_everybody_may_enter(case):
    """In the calibration of adders too the two have free gas to hold back where they meet."""
    _, chain, scenario = case
    pair = [party.firm for party in scenario.parties]
    views = Views(chain.calibrated("full"), World(entry=True), pair, [])
    sold = {place for place, bcm in views.base.sales.items() if bcm > 0.01}
    assert sum((pair[0], m) in sold and (pair[1], m) in sold for m in views.base.prices.index) >= 3
    joint = [e for b in branches(scenario.only(["joint-marketing"]), views.chain) for e in b.edits]
    gains = views.solve(joint).payoffs() - views.base.payoffs()
    assert all(abs(gains[firm]) > 1 for firm in pair)
