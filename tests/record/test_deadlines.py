"""What falls due: by kind, by day, in one case and in all that ship; the calendar."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.case import load
from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Record, case_ids, load_case
from mithaq.record.deadlines import Deadline, deadlines, within_days
from mithaq.show.watch_sheets import calendar, speech_of
from mithaq.words.dates import parse
from tests.record.making import memorandum, record_of


def only(record: Record, at: str, within: str = "180d") -> Deadline:
    (found,) = deadlines(record, at, within=within).due
    return found


def contract(lines: str) -> Record:
    return memorandum(lines, kind="sale_and_purchase")


def test_the_end_of_a_term_is_due_within_the_span() -> None:
    record = contract("signed: {value: 2006-08-04, sources: [paper]}\nexpires: 2007-08-03")
    assert not deadlines(record, "2007-01-01", within="180d")
    found = only(record, "2007-03-01")
    assert (found.kind, found.due.text, found.parties) == (
        "expiry", "2007-08-03", ("gazprom", "sonatrach"),
    )  # fmt: skip
    assert found.days_left(date(2007, 3, 1)) == (155, 155)
    assert only(record, "2007-08-03", "0d").kind == "expiry"
    assert not deadlines(record, "2007-08-04")


def test_the_notice_falls_due_before_the_end() -> None:
    record = contract("signed: 2006-08-04\nexpires: 2007-08-03\nnotice: {number: 90, unit: day}\n")
    found = deadlines(record, "2007-01-01", within="1y").due
    assert [(d.kind, d.due.text) for d in found] == [
        ("notice", "2007-05-05"), ("expiry", "2007-08-03"),
    ]  # fmt: skip
    late = deadlines(record, "2007-06-01", within="1y").due
    assert [d.kind for d in late] == ["expiry"]


def test_what_renews_itself_is_followed_to_the_next_end() -> None:
    record = contract(
        "signed: 2006-08-04\nterm: {number: 1, unit: year}\ntacit_renewal: yes\n"
        "notice: {number: 3, unit: month}\n"
    )
    found = deadlines(record, "2009-01-01", within="1y").due
    assert [(d.kind, d.due.first) for d in found] == [
        ("notice", date(2009, 5, 5)),
        ("renewal", date(2009, 8, 4)),
    ]
    assert not deadlines(record, "2009-01-01").may_have_lapsed


def test_a_coarse_end_is_an_interval() -> None:
    record = contract("signed: 2006\nexpires: [{value: 2008, sources: [paper]}]")
    found = only(record, "2007-12-01")
    assert (found.due.text, found.days_left(date(2007, 12, 1))) == ("2008", (31, 396))
    assert only(record, "2008-06-01").days_left(date(2008, 6, 1)) == (0, 213)


def test_sources_that_differ_make_one_interval() -> None:
    record = contract(
        "signed: 2006\nexpires: [{value: 2008-03-01, sources: [paper]}, "
        "{value: 2008-06-30, sources: [agency]}]"
    )
    assert only(record, "2008-01-01").due == parse("2008-03/2008-06")


def test_a_term_that_ran_out_unheard_may_have_lapsed() -> None:
    record = memorandum("signed: 2006-08-04\nterm: {number: 1, unit: year}")
    found = deadlines(record, "2008-01-01")
    assert not found and [d.subject for d in found.may_have_lapsed] == ["mou"]
    assert found.may_have_lapsed[0].since == "2007-08-04"


def test_a_successor_that_is_signed_settles_the_end() -> None:
    record = load_case("algeria-italy")
    before, after = (deadlines(record, day, within="1y") for day in ("2019-05-01", "2019-06-01"))
    assert "eni-sonatrach-contract-1977" in {d.subject for d in before.due}
    assert "eni-sonatrach-contract-1977" not in {d.subject for d in after.due + after.later}
    (settled,) = after.renewed
    assert settled.renewed_by == "eni-sonatrach-contract-2019"
    assert settled.due.text == "2019-09/2019-12"


MILESTONES = """
- id: promise
  kind: commitment
  debtor: gazprom
  creditor: sonatrach
  promised: {value: 2006-01, sources: [paper]}
  due: {value: 2006-12, sources: [paper]}
- id: session
  kind: meeting
  meeting_kind: session
  parties: [algeria, russia]
  date: [{value: 2006-10-05, modality: planned, sources: [paper]},
         {value: 2006-11-01/2006-11-03, modality: planned, sources: [agency]}]
- id: line
  kind: project
  parties: [sonatrach]
  start_planned: [{value: ../2007-01-31, sources: [paper]}]
"""


def test_milestones_and_planned_meetings() -> None:
    found = deadlines(record_of(MILESTONES), "2006-09-01").due
    assert [(d.subject, d.kind, d.due.text) for d in found] == [
        ("session", "meeting", "2006-11-01/2006-11-03"),  # the plan told later counts
        ("promise", "milestone", "2006-12"),
        ("line", "milestone", "2007-01-31"),  # "by then" falls due then
    ]


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("due:", "delivered: {value: 2006-07, sources: [paper]}\n  due:", "promise"),
        ("due:", "commitment_status: {value: met, sources: [paper]}\n  due:", "promise"),
        ("start_planned:", "cancelled_on: {value: 2006-08, sources: [paper]}\n  start_planned:",
         "line"),
        ("start_planned:", "project_status: [shelved]\n  start_planned:", "line"),
    ],
)  # fmt: skip
def test_what_came_or_was_given_up_is_due_no_more(old: str, new: str, gone: str) -> None:
    record = record_of(MILESTONES.replace(old, new, 1))
    assert gone not in {d.subject for d in deadlines(record, "2006-09-01").due}


def test_what_nobody_had_told_yet_is_not_awaited() -> None:
    record = record_of(MILESTONES)
    assert {d.subject for d in deadlines(record, "2005-12-01", within="3y").due} == set()
    known = deadlines(record, "2006-09-01", known="2006-08-10").due
    assert [d.due.text for d in known if d.subject == "session"] == ["2006-10-05"]


def test_the_live_contracts_end_in_2027() -> None:
    found = deadlines(map(load_case, case_ids()), "2026-11-22", within="2y")
    ends = {d.subject: d.due.text for d in found.due}
    assert ends == {
        "eni-sonatrach-contract-2019": "2027",
        "edison-sonatrach-contract-2019": "2027",
        "enel-sonatrach-contract-2019": "2027-12-31",
    }
    assert found.cases == case_ids()


@pytest.mark.parametrize("text", ["", "d", "-3d", "180 days", "1h", "1" * 9])
def test_a_span_that_is_none(text: str) -> None:
    with pytest.raises(DataError, match="not a span of time"):
        within_days(text)


@settings(max_examples=10, deadline=None)
@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(0, 4000))
def test_on_any_day_the_order_and_the_bounds_hold(day: date, within: int) -> None:
    record = load_case_once()
    found = deadlines(record, day, within=within)
    assert all(d.due.last >= day and not d.settled for d in found.due)
    assert all((d.due.first - day).days <= within for d in found.due)
    assert all((d.due.first - day).days > within for d in found.later)
    wider = deadlines(record, day, within=within + 30)
    assert set(found.due) <= set(wider.due)


_CASES: dict[str, Record] = {}


def load_case_once(name: str = "algeria-italy") -> Record:
    return _CASES.setdefault(name, load_case(name))


def test_the_case_answers_too() -> None:
    case = load("algeria-italy")
    assert [d.kind for d in case.deadlines("2026-11-22", within="60d").due] == ["expiry", "expiry"]
    assert len(case.quality()) > 100


# The command


def test_exit_status_tells_a_cron_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deadlines", "--at", "2026-11-22", "--within", "30d"]) == 0
    assert "Nothing falls due." in capsys.readouterr().out
    assert run(["deadlines", "--at", "2026-11-22", "--within", "60d", "--json"]) == 10
    found = json.loads(capsys.readouterr().out)
    assert found["due"][0]["from"] == "2027-01-01" and found["cases"] == list(case_ids())
    assert run(["deadlines", "--within", "soon"]) == 2
    assert run(["deadlines", "no-such-case"]) == 1


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
def test_the_calendar_is_read_by_another_library(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "due.ics"
    words = ["deadlines", "--at", "2026-11-22", "--within", "2y", "--lang", lang]
    assert run([*words, "--ics", str(target)]) == 10
    raw = target.read_bytes()
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    book = vobject.readOne(raw.decode("utf-8"))
    events = {str(e.uid.value): e for e in book.vevent_list}
    assert len(events) == 3
    event = events["algeria-italy.eni-sonatrach-contract-2019.expiry.expires@mithaq"]
    assert (event.dtstart.value, event.dtend.value) == (date(2027, 1, 1), date(2028, 1, 1))
    assert load_case_once().name("eni-sonatrach-contract-2019", lang) in event.summary.value


def test_a_name_with_anything_in_it_stays_one_line_of_the_calendar() -> None:
    name = r"a\nb; c, \\ \x07 \u202e BEGIN:VEVENT\r\nEND:VCALENDAR"
    record = contract(f'signed: 2006-08-04\nexpires: 2007-08-03\nname: {{en: "{name}"}}')
    book = calendar(deadlines(record, "2007-06-01"), speech_of([record], "en"))
    (event,) = vobject.readOne(book.decode("utf-8")).vevent_list
    assert "BEGIN:VEVENT" in event.summary.value and "\x07" not in event.summary.value
