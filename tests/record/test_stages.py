"""Stages of an agreement: each case is a few lines of record and a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.record import Stage, stage, state
from mithaq.record.properties import codes
from tests.record.making import memorandum


def on(lines: str, day: str, kind: str = "memorandum_of_understanding") -> Stage | None:
    return stage(memorandum(lines, kind), "mou", date.fromisoformat(day))


SIGNED = "signed: 2006-08-04"
TERM = "term: {number: 1, unit: year}"

TABLE = [
    ("nothing yet", SIGNED, "2006-08-03", None),
    ("from signature", SIGNED, "2006-08-04", "in_force"),
    ("two silent years", SIGNED, "2008-08-04", "in_force"),
    ("more than two silent years", SIGNED, "2008-08-05", "may_have_lapsed"),
    ("applied meanwhile", f"{SIGNED}\napplied: 2007-01-22", "2008-08-05", "in_force"),
    (
        "a search that found nothing confirms nothing",
        f"{SIGNED}\napplied: {{value: 2007-12, polarity: not_found, searched: the press}}",
        "2008-08-05",
        "may_have_lapsed",
    ),
    (
        "a denied application confirms nothing",
        f"{SIGNED}\napplied: {{value: 2007-12, polarity: denied}}",
        "2008-08-05",
        "may_have_lapsed",
    ),
    ("within the term", f"{SIGNED}\n{TERM}", "2007-08-03", "in_force"),
    ("the term ran out in silence", f"{SIGNED}\n{TERM}", "2007-08-04", "may_have_lapsed"),
    ("renewed", f"{SIGNED}\n{TERM}\nrenewed: 2007-08-01", "2007-12-31", "in_force"),
    (
        "renewed once only",
        f"{SIGNED}\n{TERM}\nrenewed: 2007-08-01",
        "2008-09-01",
        "may_have_lapsed",
    ),
    ("renews itself", f"{SIGNED}\n{TERM}\ntacit_renewal: yes", "2012-01-01", "in_force"),
    (
        "said not to have been renewed",
        f"{SIGNED}\n{TERM}\nrenewed: {{value: 2007-08, polarity: denied}}",
        "2007-09-01",
        "lapsed",
    ),
    (
        "non-renewal told while the term still runs",
        f"{SIGNED}\n{TERM}\nrenewed: {{value: 2007-06-01, polarity: denied}}",
        "2007-07-01",
        "in_force",
    ),
    (
        "non-renewal told, expiry stated and still to come",
        f"{SIGNED}\nexpires: 2009-01-01\nrenewed: {{value: 2007-06-01, polarity: denied}}",
        "2007-07-01",
        "in_force",
    ),
    ("a stated end", f"{SIGNED}\nended: 2007-08-06", "2007-08-06", "lapsed"),
    ("before the stated end", f"{SIGNED}\nended: 2007-08-06", "2007-08-05", "in_force"),
    (
        "an end well before a stated term",
        f"{SIGNED}\n{TERM}\nended: 2007-02-01",
        "2007-03-01",
        "terminated",
    ),
    ("terminated", f"{SIGNED}\nterminated: 2007-02-01", "2007-03-01", "terminated"),
    ("superseded", f"{SIGNED}\nsuperseded: 2007-02-01", "2007-03-01", "superseded"),
    (
        "terminated counts before superseded and lapsed",
        f"{SIGNED}\nterminated: 2007-02-01\nsuperseded: 2007-01-01\nended: 2007-01-01",
        "2007-03-01",
        "terminated",
    ),
    ("revived", f"{SIGNED}\nended: 2007-08-06\nrevived: 2008-05-01", "2008-06-01", "in_force"),
    (
        "not yet revived",
        f"{SIGNED}\nended: 2007-08-06\nrevived: 2008-05-01",
        "2008-04-01",
        "lapsed",
    ),
    ("a plan is no event", "signed: {value: 2006-03, modality: planned}", "2006-12-31", None),
    ("a proposal is no event", "signed: {value: 2006-03, modality: proposed}", "2006-12-31", None),
    (
        "a plan overtaken by the event",
        "signed: [{value: 2006-03, modality: planned}, 2006-08-04]",
        "2006-05-01",
        None,
    ),
    ("interest", "interest: 2006-02", "2006-03-01", "expression_of_interest"),
    ("talks", "interest: 2006-02\nnegotiated: 2006-03-15", "2006-04-01", "under_negotiation"),
    (
        "agreed in principle",
        "negotiated: 2006-03\nagreed_in_principle: 2006-05-31",
        "2006-06-01",
        "agreed_in_principle",
    ),
    ("one unsure day within a month", "signed: 2006-08", "2006-08-15", "unknown"),
    ("after the month", "signed: 2006-08", "2006-08-31", "in_force"),
    (
        "a deprecated claim does not act",
        f"{SIGNED}\nended: {{value: 2007, rank: deprecated, reason: misread}}",
        "2008-01-01",
        "in_force",
    ),
]


@pytest.mark.parametrize(
    ("lines", "day", "wanted"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE]
)
def test_the_stage_of_a_memorandum(lines: str, day: str, wanted: str | None) -> None:
    found = on(lines, day)
    assert (found.stage if found else None) == wanted


KINDS = [
    ("intergovernmental", "signed: 2009-07-03", "2010-01-01", "signed"),
    ("intergovernmental", "signed: 2009-07-03\nratified: 2010-02-01", "2010-03-01", "in_force"),
    (
        "intergovernmental",
        "signed: 2009-07-03\nprovisionally_applied: 2009-08-01",
        "2009-09-01",
        "in_force",
    ),
    ("production_sharing", "signed: 2009-01", "2009-03-01", "signed"),
    ("production_sharing", "signed: 2009-01\nin_force_from: 2009-05", "2009-06-01", "in_force"),
    ("construction_contract", "signed: 2005", "2006-01-01", "in_force"),
    ("construction_contract", "signed: 2005", "2015-01-01", "in_force"),
    ("protocol", "signed: 2005-01-01", "2015-01-01", "may_have_lapsed"),
    ("agreement_in_principle", "agreed_in_principle: 2008-05-31", "2008-06-01", "in_force"),
    (
        "memorandum_of_understanding",
        "signed: 2006-08-04\nin_force_from: 2007",
        "2006-09-01",
        "signed",
    ),
]


@pytest.mark.parametrize(("kind", "lines", "day", "wanted"), KINDS)
def test_the_kind_says_when_it_enters_into_force(
    kind: str, lines: str, day: str, wanted: str
) -> None:
    found = on(lines, day, kind)
    assert found is not None
    assert found.stage == wanted


def test_a_lapse_that_is_inferred_says_so() -> None:
    found = on(SIGNED, "2009-06-01")
    assert found is not None
    assert (found.stage, found.basis, found.since) == ("may_have_lapsed", "inferred", "2008-08-04")


@pytest.mark.parametrize(
    ("signed", "since"), [("2006-08", "2008-08"), ("2006", "2008"), ("2006-08-04", "2008-08-04")]
)
def test_an_inferred_lapse_is_no_more_precise_than_the_signature(signed: str, since: str) -> None:
    found = on(f"signed: {signed}", "2009-06-01")
    assert found is not None
    assert (found.stage, found.since) == ("may_have_lapsed", since)


def test_a_term_counted_from_a_coarse_signature_ends_as_coarsely() -> None:
    found = on(f"signed: 2006-08\n{TERM}", "2007-01-01")
    assert found is not None
    assert found.until == "2007-08"


def test_the_span_of_silence_is_a_setting() -> None:
    record = memorandum(SIGNED)
    day = date(2009, 6, 1)
    assert getattr(stage(record, "mou", day, span=3), "stage", "") == "in_force"
    assert state(record, day, span=3).agreement("mou")["stage"] == "in_force"


def test_a_stage_tells_since_and_until_as_precisely_as_the_sources() -> None:
    lines = f"{SIGNED}\nended: [2007-08-06, 2007-07]"
    running, over = on(lines, "2007-03-01"), on(lines, "2007-12-31")
    assert running is not None
    assert over is not None
    assert (running.since, running.until) == ("2006-08-04", "2007-07/2007-08-06")
    assert (over.since, over.until) == ("2007-07/2007-08-06", None)
    assert (running.renewed, over.renewed) == (None, False)


DISPUTED = """
signed:
  - {value: 2006-08-04, sources: [paper]}
  - {value: 2006-08-11, sources: [agency]}
  - {value: 2006-01/2006-04, basis: inferred, sources: [later]}
  - {value: 2006-12, sources: [undated]}
ended:
  - {value: 2007-08-06, sources: [later]}
  - {value: 2007-07, sources: [guessed]}
renewed: {value: 2007-08, polarity: denied, sources: [later]}
"""


@pytest.mark.parametrize(
    ("day", "wanted", "possible"),
    [
        ("2005-12-31", None, ()),
        ("2006-06-01", "unknown", ("in_force", "not_yet")),
        ("2006-08-07", "unknown", ("in_force", "not_yet")),
        ("2007-03-01", "in_force", ()),
        ("2007-08-01", "unknown", ("lapsed", "in_force")),
        ("2007-12-31", "lapsed", ()),
    ],
)
def test_disagreement_matters_only_on_the_days_that_it_touches(
    day: str, wanted: str | None, possible: tuple[str, ...]
) -> None:
    found = on(DISPUTED, day)
    assert (found.stage if found else None) == wanted
    assert (found.possible if found else ()) == possible


def test_a_preferred_claim_decides() -> None:
    lines = """
    signed:
      - {value: 2006-08-04, sources: [paper], rank: preferred, reason: six accounts}
      - {value: 2006-12, sources: [undated]}
    """
    found = on(lines, "2006-09-01")
    assert found is not None
    assert (found.stage, found.since) == ("in_force", "2006-08-04")


def test_affirmed_against_denied_renewal_is_unknown() -> None:
    lines = f"""
    {SIGNED}
    {TERM}
    renewed:
      - {{value: 2007-08-04, sources: [paper]}}
      - {{value: 2007-08-04, polarity: denied, sources: [later]}}
    """
    found = on(lines, "2007-12-31")
    assert found is not None
    assert (found.stage, set(found.possible)) == ("unknown", {"in_force", "lapsed"})
    assert found.renewed is None


def test_the_next_deadline_is_the_notice_then_the_expiry() -> None:
    lines = f"{SIGNED}\n{TERM}\nnotice: {{number: 90, unit: day}}"
    early, late = on(lines, "2007-01-01"), on(lines, "2007-06-01")
    assert early is not None
    assert late is not None
    assert early.deadline == ("notice", "2007-05-06")
    assert late.deadline == ("expiry", "2007-08-04")


def test_an_agreement_without_any_date_has_no_known_stage() -> None:
    found = on("place: Moscow", "2010-01-01")
    assert found is not None
    assert found.stage == "unknown"


dated = st.dates(date(2004, 1, 1), date(2010, 12, 31)).map(date.isoformat)
later_events = ("ended", "renewed", "revived", "terminated", "superseded", "applied", "expires")
events = st.fixed_dictionaries({"signed": dated}, optional=dict.fromkeys(later_events, dated))


@given(events, dated)
@settings(max_examples=80, deadline=None)
def test_every_stage_is_a_declared_one_and_before_signature_there_is_none(
    told: dict[str, str], day: str
) -> None:
    lines = "\n".join(f"{name}: {when}" for name, when in told.items())
    found = on(lines, day)
    if found is not None:
        assert found.stage in codes("stage")
        assert (found.stage == "unknown") == bool(found.possible)
    elif day >= told["signed"]:
        pytest.fail("a signed agreement has a stage")


@given(dated, dated, dated)
@settings(max_examples=60, deadline=None)
def test_a_second_source_that_agrees_changes_nothing(signed: str, ended: str, day: str) -> None:
    once = on(f"signed: {signed}\nended: {ended}", day)
    twice = on(
        f"signed: [{{value: {signed}}}, {{value: {signed}, sources: [paper]}}]\n"
        f"ended: [{{value: {ended}}}, {{value: {ended[:7]}, sources: [later]}}]",
        day,
    )
    assert (once and once.stage) == (twice and twice.stage)


@given(st.integers(0, 3000))
@settings(max_examples=60, deadline=None)
def test_an_agreement_never_returns_without_renewal_or_revival(days: int) -> None:
    lines = f"{SIGNED}\n{TERM}\nended: 2007-08-06"
    day = date(2007, 8, 6) + timedelta(days=days)
    found = on(lines, day.isoformat())
    assert found is not None
    assert found.stage == "lapsed"
