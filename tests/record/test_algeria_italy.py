"""What the second shipped case must be able to say: nothing is special to the first."""

from __future__ import annotations

from typing import Any

import pytest

from mithaq.record import (
    Contradiction,
    Record,
    balance,
    check,
    contradictions,
    load_case,
    state,
    timeline,
)
from mithaq.record.properties import property_of

LANGUAGES = {"ar", "en", "fr", "ru"}
NAMED = ("party", "person", "agreement", "project", "award", "meeting", "commitment", "statement")
ENI = "eni-sonatrach-contract-2019"
ENEL = "enel-sonatrach-contract-2019"
EDISON = "edison-sonatrach-contract-2019"


@pytest.fixture(scope="module")
def case() -> Record:
    return load_case("algeria-italy")


@pytest.fixture(scope="module")
def found(case: Record) -> dict[str, Contradiction]:
    return {item.id: item for item in contradictions(case)}


def the(case: Record, agreement: str, at: str, known: str | None = None) -> dict[str, Any]:
    return state(case, at, known).agreement(agreement)


# What it holds


def test_it_holds_many_sourced_facts(case: Record) -> None:
    sourced = [claim for claim in case.claims if claim.source]
    assert len(sourced) >= 1000
    assert len({(c.subject, c.property) for c in sourced}) >= 300
    assert len({c.subject for c in sourced}) >= 80
    assert len({c.source for c in sourced}) >= 150


def test_every_source_is_used_and_has_an_address(case: Record) -> None:
    used = {claim.source for claim in case.claims if claim.source}
    assert used == set(case.sources)
    for key in case.sources:
        source = case.source(key)
        assert source.url and source.publisher and source.lang, key


def test_sources_speak_many_languages(case: Record) -> None:
    assert {case.source(key).lang for key in case.sources} >= {"ar", "de", "en", "fr", "it", "ru"}


def test_every_claim_that_needs_a_source_has_one(case: Record) -> None:
    kinds = {subject.id: subject.kind for subject in case.subjects()}
    bare = []
    for claim in case.claims:
        declared = property_of(kinds[claim.subject], claim.property)
        silent = claim.polarity.value == "not_found"
        if declared and declared.needs_source and not claim.source and not silent:
            bare.append((claim.subject, claim.property))
    assert bare == []


@pytest.mark.parametrize("kind", NAMED)
def test_names_are_complete_in_four_languages(case: Record, kind: str) -> None:
    subjects = case.subjects(kind)
    assert subjects
    for subject in subjects:
        told = {c.language for c in case.claims_of(subject.id, "name")}
        assert told >= LANGUAGES, subject.id


# Contracts to 2027


@pytest.mark.parametrize("agreement", [ENI, ENEL, EDISON])
def test_the_contracts_are_in_force_on_new_years_day_2023(case: Record, agreement: str) -> None:
    assert the(case, agreement, "2023-01-01")["stage"] == "in_force"


@pytest.mark.parametrize(
    ("agreement", "end"), [(ENI, "2027"), (EDISON, "2027"), (ENEL, "2027-12-31")]
)
def test_the_end_of_their_term_is_known_as_precisely_as_told(
    case: Record, agreement: str, end: str
) -> None:
    item = the(case, agreement, "2024-06-01")
    assert item["until"] == end
    assert item["next_deadline"] == {"kind": "expiry", "date": end}


def test_in_the_last_year_nobody_can_tell_and_after_it_the_term_is_over(case: Record) -> None:
    item = the(case, ENI, "2027-06-01")
    assert item["stage"] == "unknown"
    assert item["possible"] == ["may_have_lapsed", "in_force"]
    assert the(case, ENI, "2028-01-15")["stage"] == "may_have_lapsed"


def test_the_contract_of_1977_gives_way_to_its_renewal(case: Record) -> None:
    assert the(case, "eni-sonatrach-contract-1977", "2020-01-01")["stage"] == "superseded"


@pytest.mark.parametrize(("at", "stage"), [("2022-01-15", "signed"), ("2022-03-06", "in_force")])
def test_a_field_contract_waits_for_its_entry_into_force(case: Record, at: str, stage: str) -> None:
    assert the(case, "berkine-sud-contract-2021", at)["stage"] == stage


@pytest.mark.parametrize(("at", "stage"), [("2025-12-31", "signed"), ("2026-02-01", "in_force")])
def test_a_decree_brings_a_field_contract_into_force(case: Record, at: str, stage: str) -> None:
    assert the(case, "zemoul-el-kbar-contract-2025", at)["stage"] == stage


def test_the_transit_through_tunisia_runs_to_2029(case: Record) -> None:
    item = the(case, "eni-tunisia-transit-2019", "2024-06-01")
    assert (item["stage"], item["until"]) == ("in_force", "2029")


def test_in_june_2019_the_public_knew_the_renewal_but_not_the_accord_of_2022(
    case: Record,
) -> None:
    listed = {item["id"] for item in state(case, "2023-01-01", "2019-07-31").agreements}
    assert ENI in listed
    assert "eni-sonatrach-supply-2022" not in listed


# What was promised


@pytest.mark.parametrize(("at", "status"), [("2023-01-01", "met"), ("2024-12-31", "not_met")])
def test_the_nine_bcm_were_kept_at_first_and_missed_in_the_end(
    case: Record, at: str, status: str
) -> None:
    items = {item["id"]: item for item in state(case, at).commitments}
    assert items["nine-bcm-more"]["status"] == status


# Where sources differ


@pytest.mark.parametrize(
    ("contradiction", "values"),
    [
        (f"{ENI}.signed", {"2019-05-15", "2019-05-16"}),
        (f"{ENI}.term", {"8 year", "10 year"}),
        (f"{ENI}.annual_sales", {"9 bcm/year", "10 bcm/year"}),
        (f"{ENEL}.term", {"8 year", "10 year"}),
        (f"{ENEL}.annual_sales", {"3 bcm/year", "8 bcm/year"}),
        ("eni-tunisia-transit-2019.signed", {"2019-07-02", "2019-07-03"}),
        ("south-h2-mou-2024.place", {"Oran", "Algiers"}),
    ],
)
def test_sources_that_differ_stand_side_by_side(
    found: dict[str, Contradiction], contradiction: str, values: set[str]
) -> None:
    sides = found[contradiction].to_dict()["sides"]
    assert len(sides) == len(values)
    assert all(side["sources"] for side in sides)
    assert {str(side["value"]) for side in sides} == values


def test_two_plans_for_one_start_are_no_dispute(case: Record) -> None:
    events = [e for e in timeline(case) if e.kind in ("negotiated", "start_planned")]
    assert events
    assert not any(event.disputed for event in events if event.kind == "negotiated")


# What was granted


def test_most_rights_lie_on_algerian_territory(case: Record) -> None:
    told = balance(case, "Algérie", "Италия", "2026-06-01")
    assert len(told.on("algeria")) >= 7
    # The refinery at Augusta was bought from its owner; no source names a grant by Italy.
    assert told.on("italy") == () and told.index.count == 0
    (bought,) = (p for p in state(case, "2026-06-01").projects if p["id"] == "augusta-refinery")
    assert (bought["status"], bought["parties"]) == ("operating", ["sonatrach"])


# What the checks say


def test_the_checks_find_only_what_the_sources_slip_on(case: Record) -> None:
    told = {(finding.key, finding.subject) for finding in check(case).problems}
    assert told == {
        ("shares-not-100", "eni-snam-2021"),
        ("digit-slip", "galsi"),
    }
