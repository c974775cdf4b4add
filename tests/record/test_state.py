"""State on a day: what was known, who held office, what stood, who was silent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.errors import DataError
from mithaq.record import Record, contacts, state
from tests.record.making import memorandum, record_of


def listed(record: Record, what: str, at: str, known: str | None = None) -> dict[str, Any]:
    items = state(record, at, known).to_dict()[what]
    return {item.get("id") or item["role"]: item for item in items}


# What could be known

DATED = """
signed:
  - {value: 2006-08-04, sources: [paper]}
  - {value: 2006-12, sources: [undated]}
ended: {value: 2007-08-06, sources: [later]}
place: {value: Moscow}
"""


def test_a_source_is_known_when_its_last_day_has_come() -> None:
    record = memorandum(DATED)
    assert state(record, "2007-12-31", "2007-12-14").agreement("mou")["stage"] == "in_force"
    assert state(record, "2007-12-31", "2007-12-15").agreement("mou")["stage"] == "lapsed"


def test_what_is_left_out_is_counted() -> None:
    left_out = state(memorandum(DATED), "2007-12-31", "2008-12-20").left_out
    # The undated source; the one inferred to be of 17 to 31 December; parties, place unsourced.
    assert (left_out.unknown, left_out.inferred, left_out.unsourced) == (1, 1, 3)
    assert state(memorandum(DATED), "2007-12-31", "2008-12-31").left_out.inferred == 0


def test_an_agreement_that_no_known_source_tells_of_is_not_listed() -> None:
    assert state(memorandum(DATED), "2007-12-31", "2006-08-04").agreements == []


def test_a_commitment_of_which_nothing_is_known_yet_is_not_listed() -> None:
    record = record_of("""
- {id: bare, kind: commitment, name: {en: The other}}
- id: promise
  kind: commitment
  name: {en: A part}
  twin: bare
  debtor: {value: gazprom, sources: [paper]}
- {id: unsourced, kind: commitment, debtor: gazprom}
""")
    assert listed(record, "commitments", "2008-01-01", "2006-01-01").keys() == set()
    assert listed(record, "commitments", "2008-01-01", "2007-01-01").keys() == {"promise"}
    assert listed(record, "commitments", "2008-01-01").keys() == {"promise", "unsourced"}


def test_the_undated_source_takes_part_where_nothing_is_asked_of_knowledge() -> None:
    assert state(memorandum(DATED), "2006-10-01").agreement("mou")["stage"] == "unknown"
    assert state(memorandum(DATED), "2006-10-01", "2009-01-01").agreement("mou")["stage"] == (
        "in_force"
    )


@pytest.mark.parametrize(("at", "known"), [("2007", None), ("2007-12-31", "soon"), ("", None)])
def test_a_day_that_is_none_is_refused(at: str, known: str | None) -> None:
    with pytest.raises(DataError):
        state(memorandum(DATED), at, known)


@given(st.dates(date(2005, 1, 1), date(2010, 1, 1)), st.dates(date(2005, 1, 1), date(2010, 1, 1)))
@settings(max_examples=40, deadline=None)
def test_state_is_a_pure_function_and_knowledge_only_grows(a: date, b: date) -> None:
    record = memorandum(DATED)
    assert state(record, a, b).to_dict() == state(record, a, b).to_dict()
    early, late = sorted([a, b])
    before = state(record, "2008-06-01", early).agreements
    after = state(record, "2008-06-01", late).agreements
    assert sum(x["sources"] for x in before) <= sum(x["sources"] for x in after)


# Commitments, projects, presences

THINGS = """
- id: place
  kind: commitment
  debtor: gazprom
  creditor: sonatrach
  territory: russia
  promised: 2006-08
  due: 2008-01-01
- {id: kept, kind: commitment, promised: 2006-08, delivered: 2007-05}
- id: told
  kind: commitment
  promised: 2006
  commitment_status: {value: partially_met, valid: 2007}
- id: broken
  kind: commitment
  promised: 2006-08
  delivered: {value: 2007-12, polarity: denied, sources: [later]}
- id: baltic
  kind: project
  proposed: 2006-03
  cancelled_on: {value: 2008-02-07, sources: [later]}
- id: medgaz
  kind: project
  project_status:
    - {value: construction, valid: 2007-10/2010}
    - {value: operating, valid: 2011/..}
- {id: office, kind: presence, party: gazprom, presence_kind: office, opened: 2008-06-16}
- id: hoped-for
  kind: presence
  party: lukoil
  opened: {value: 2007, modality: planned}
- {id: shut, kind: presence, party: lukoil, opened: 2001, closed: 2005-01-01}
"""


@pytest.mark.parametrize(
    ("at", "basis", "overdue"),
    [("2007-12-31", "reported", False), ("2008-01-01", "reported", False),
     ("2008-01-02", "inferred", True), ("2020-01-01", "inferred", True)],
)  # fmt: skip
def test_silence_breaks_no_promise(at: str, basis: str, overdue: bool) -> None:
    found = {c["id"]: c for c in state(record_of(THINGS), at).commitments}
    place = found["place"]
    assert (place["status"], place["basis"], place["overdue"]) == ("scheduled", basis, overdue)
    assert place["denied_by"] == [] and place["delivered"] is None
    if at == "2020-01-01":
        assert (found["broken"]["status"], found["broken"]["basis"]) == ("not_met", "reported")
        assert not any(c["overdue"] for name, c in found.items() if name != "place")


@pytest.mark.parametrize(
    ("what", "name", "at", "status"),
    [
        ("commitments", "place", "2007-01-01", "scheduled"),
        ("commitments", "place", "2008-01-02", "scheduled"),
        ("commitments", "kept", "2007-05-30", "scheduled"),
        ("commitments", "kept", "2007-05-31", "met"),
        ("commitments", "told", "2008-01-01", "partially_met"),
        ("commitments", "broken", "2007-01-01", "scheduled"),
        ("commitments", "broken", "2008-01-01", "not_met"),
        ("projects", "baltic", "2008-02-06", "proposed"),
        ("projects", "baltic", "2008-02-07", "cancelled"),
        ("projects", "medgaz", "2008-01-01", "construction"),
        ("projects", "medgaz", "2012-01-01", "operating"),
        ("presences", "office", "2008-06-16", "open"),
        ("presences", "shut", "2004-01-01", "open"),
        ("presences", "shut", "2006-01-01", "closed"),
    ],
)
def test_the_status_on_a_day(what: str, name: str, at: str, status: str) -> None:
    assert listed(record_of(THINGS), what, at)[name]["status"] == status


@pytest.mark.parametrize(
    ("what", "name", "at"),
    [
        ("commitments", "place", "2006-07-31"),
        ("projects", "baltic", "2006-02-28"),
        ("projects", "medgaz", "2007-01-01"),
        ("presences", "office", "2008-06-15"),
        ("presences", "hoped-for", "2008-01-01"),
    ],
)
def test_what_had_not_begun_is_not_listed(what: str, name: str, at: str) -> None:
    assert name not in listed(record_of(THINGS), what, at)


# Offices

OFFICES = """
- id: khelil
  kind: person
  office:
    - {value: {party: ministry, role: minister}, valid: 2006-07, sources: [paper]}
    - {value: {party: ministry, role: minister}, valid: 2010-04, sources: [later]}
    - {value: {party: gazprom, role: president}, valid: 2008/.., sources: [later]}
"""


def test_an_office_is_held_between_its_attestations() -> None:
    record = record_of(OFFICES)
    assert listed(record, "roles", "2006-06-30") == {}
    held = listed(record, "roles", "2007-06-01")["minister"]
    assert (held["since"], held["until"], held["basis"]) == ("2006-07", "2010-04", "inferred")
    later = listed(record, "roles", "2012-01-01")
    assert set(later) == {"president"}
    assert (later["president"]["until"], later["president"]["basis"]) == (None, "reported")


# Contacts


def meeting(name: str, when: str, parties: str = "gazprom, sonatrach") -> str:
    return f"- {{id: {name}, kind: meeting, parties: [{parties}], date: {when}}}\n"


def test_the_longest_silence_and_the_running_one() -> None:
    record = record_of(
        meeting("a", "2006-02") + meeting("b", "2006-05-29/2006-05-31") + meeting("c", "2007-01-22")
    )
    (pair, states) = contacts(record, date(2007, 12, 31))[::-1]
    assert pair.between == ("gazprom", "sonatrach")
    assert states.between == ("algeria", "russia")
    assert (pair.last, pair.gap_days, pair.longest_gap_days) == ("2007-01-22", 343, 343)
    (early, _) = contacts(record, date(2007, 2, 1))[::-1]
    assert early.longest_gap == ("2006-05-29/2006-05-31", "2007-01-22")
    assert early.longest_gap_days == (date(2007, 1, 22) - date(2006, 5, 31)).days


def test_parties_of_one_home_are_no_contact() -> None:
    assert contacts(record_of(meeting("a", "2006", "gazprom, lukoil")), date(2008, 1, 1)) == ()


def test_a_planned_meeting_is_no_contact() -> None:
    planned = (
        "- id: a\n  kind: meeting\n  parties: [gazprom, sonatrach]\n"
        "  date: {value: 2007-05, modality: planned}\n"
    )
    assert contacts(record_of(planned), date(2008, 1, 1)) == ()


def test_people_bring_the_parties_for_which_they_held_office() -> None:
    record = record_of(
        """
        - id: khristenko
          kind: person
          office: {value: {party: ministry, role: minister}, valid: 2006/2008}
        - id: visit
          kind: meeting
          parties: [sonatrach]
          persons: [khristenko]
          date: 2007-01-19
        """
    )
    pairs = [c.between for c in contacts(record, date(2008, 1, 1))]
    assert pairs == [("algeria", "russia"), ("ministry", "sonatrach")]


def test_a_doubtful_meeting_counts_once_at_the_better_supported_date() -> None:
    blocks = (
        "- {id: a, kind: meeting, parties: [gazprom, sonatrach],"
        " date: {value: 2006-05-29, sources: [paper, later]}}\n"
        "- {id: b, kind: meeting, parties: [gazprom, sonatrach],"
        " date: {value: 2008-05-29, sources: [guessed]}}\n"
        "- {id: j, kind: judgement, a: a, b: b, judgement: unsure}\n"
    )
    for item in contacts(record_of(blocks), date(2009, 1, 1)):
        assert item.meetings == ("a",)


def test_a_commitment_is_no_older_than_its_agreement() -> None:
    record = record_of(
        """
        - {id: mou, kind: agreement, signed: 2006-08-04}
        - {id: place, kind: commitment, agreement: mou, debtor: gazprom}
        """
    )
    assert listed(record, "commitments", "2006-08-03") == {}
    assert set(listed(record, "commitments", "2006-08-04")) == {"place"}


def test_an_office_on_which_sources_differ_is_marked() -> None:
    record = record_of(
        """
        - id: shmatko
          kind: person
          office:
            - {value: {party: ministry, role: minister}, valid: 2008-12, sources: [agency]}
            - {value: {role: vice_president}, valid: 2008-12, sources: [guessed]}
        """
    )
    assert all(r["disputed"] for r in listed(record, "roles", "2008-12-17").values())
    assert not listed(record_of(OFFICES), "roles", "2007-06-01")["minister"]["disputed"]


def test_a_preferred_figure_hides_those_of_its_own_measure_alone() -> None:
    told = record_of(
        """
        - id: line
          kind: project
          proposed: 2006-03
          cost:
          - value: {number: 2, unit: GEUR, measures: cost}
            rank: preferred
            reason: the other counts a compressor twice
            by: the editors
            sources: [paper]
          - {value: {number: 3, unit: GEUR, measures: cost}, sources: [agency]}
          - {value: {number: 5, unit: GEUR, measures: planned_investment}, sources: [agency]}
          capacity: {value: {number: 8, unit: bcm/year, measures: capacity}, sources: [agency]}
        """
    )
    [item] = state(told, "2008-01-01").projects
    figures = [(q["measures"], q["number"]) for q in item["quantities"]]
    assert sorted(figures) == [("capacity", "8"), ("cost", "2"), ("planned_investment", "5")]
