"""Dates as intervals: bounds, three-valued answers, refusals, and agreement with a library."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from edtf import parse_edtf
from hypothesis import given
from hypothesis import strategies as st

from mithaq.words.dates import Answer, DateError, day_of, hull, parse, spanning

days = st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31))
marks = st.sampled_from(["", "?", "~", "%"])


@st.composite
def points(draw: st.DrawFn) -> str:
    day, mark = draw(days), draw(marks)
    shape = draw(st.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y"]))
    return day.strftime(shape).zfill(4) + mark


@st.composite
def intervals(draw: st.DrawFn) -> str:
    left, right = sorted([draw(days), draw(days)])
    lower = draw(st.sampled_from(["..", "", left.isoformat(), f"{left:%Y-%m}"]))
    upper = draw(st.sampled_from([right.isoformat(), f"{right:%Y-%m}", f"{right:%Y}"]))
    return f"{lower}/{upper}"


dates = st.one_of(points(), intervals())


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2006", "2006-01-01", "2006-12-31"),
        ("2006-02", "2006-02-01", "2006-02-28"),
        ("2008-02", "2008-02-01", "2008-02-29"),
        ("2006-08-04", "2006-08-04", "2006-08-04"),
        ("2006?", "2006-01-01", "2006-12-31"),
        ("2006-08~", "2006-08-01", "2006-08-31"),
        ("200X", "2000-01-01", "2009-12-31"),
        ("20XX", "2000-01-01", "2099-12-31"),
        ("2006-XX", "2006-01-01", "2006-12-31"),
        ("2006-08-XX", "2006-08-01", "2006-08-31"),
        ("2006-08/2007-08-06", "2006-08-01", "2007-08-06"),
        ("2006-08/..", "2006-08-01", "9999-12-31"),
        ("../2006-08", "0001-01-01", "2006-08-31"),
        ("/2006-08", "0001-01-01", "2006-08-31"),
    ],
)
def test_a_date_is_the_span_of_days_that_it_may_be(text: str, first: str, last: str) -> None:
    found = parse(text)
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2006-13",
        "2006-00",
        "2006-02-30",
        "2007-02-29",
        "06-08-2004",
        "2006/08/04",
        "2006-8-4",
        "0000",
        "20XX-05",
        "2006-XX-04",
        "../..",
        "/",
        "2008/2006",
        "2006-21",
        "Y20060",
        "-2006",
        "٢٠٠٦",
        "2006-08-04T10:00",
    ],
)
def test_what_is_no_date_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(DateError) as raised:
        parse(text)
    assert repr(text) in str(raised.value)


def test_a_coarse_date_answers_unknown_within_and_surely_outside() -> None:
    august = parse("2006-08")
    assert august.contains(date(2006, 7, 31)) is Answer.NO
    assert august.contains(date(2006, 8, 4)) is Answer.UNKNOWN
    assert august.reached(date(2006, 8, 30)) is Answer.UNKNOWN
    assert august.reached(date(2006, 8, 31)) is Answer.YES


def test_an_interval_is_sure_between_its_ends() -> None:
    term = parse("2006-08/2007-08-06")
    answers = [term.contains(date(2006, 8, 15)), term.contains(date(2007, 1, 1))]
    assert answers == [Answer.UNKNOWN, Answer.YES]
    assert term.contains(date(2007, 8, 7)) is Answer.NO
    assert parse("2006-08-04/..").contains(date(2030, 1, 1)) is Answer.YES
    assert parse("2006-08-04/").contains(date(2030, 1, 1)) is Answer.UNKNOWN


def test_marks_are_kept() -> None:
    assert parse("2006%").uncertain
    assert parse("2006%").approximate
    assert parse("2006?/2008").uncertain


def test_the_hull_is_no_more_precise_than_its_parts() -> None:
    assert hull([parse("2007-08-06"), parse("2007-07")]).text == "2007-07/2007-08-06"
    assert hull([parse("2006"), parse("2006-08-04")]).text == "2006"
    assert hull([]) is None


def test_one_day_is_wanted_where_a_day_is_asked() -> None:
    assert day_of("2007-12-31") == date(2007, 12, 31)
    assert day_of(date(2007, 12, 31)) == date(2007, 12, 31)
    with pytest.raises(DateError):
        day_of("2007-12")


@given(dates)
def test_reading_its_own_text_gives_the_same_date(text: str) -> None:
    found = parse(text)
    assert parse(found.text) == found
    assert found.first <= found.last


@given(dates, days)
def test_the_answers_agree_with_the_bounds(text: str, day: date) -> None:
    found = parse(text)
    inside = found.first <= day <= found.last
    assert (found.contains(day) is Answer.NO) == (not inside)
    assert (found.reached(day) is Answer.YES) == (found.last <= day)
    assert (found.reached(day) is Answer.NO) == (day < found.first)


@given(dates, days, st.integers(0, 4000))
def test_what_was_reached_stays_reached(text: str, day: date, later: int) -> None:
    order = {Answer.NO: 0, Answer.UNKNOWN: 1, Answer.YES: 2}
    found = parse(text)
    assert order[found.reached(day)] <= order[found.reached(day + timedelta(days=later))]


@given(dates, dates)
def test_meeting_is_mutual_and_covering_implies_it(a: str, b: str) -> None:
    left, right = parse(a), parse(b)
    assert left.meets(right) == right.meets(left)
    if left.covers(right):
        assert left.meets(right)
    if left.before(right) is Answer.YES:
        assert not left.meets(right)


@given(st.lists(dates, min_size=1, max_size=4))
def test_a_hull_covers_every_part(texts: list[str]) -> None:
    parts = [parse(text) for text in texts]
    whole = hull(parts)
    assert whole is not None
    assert all(whole.covers(part) for part in parts)


@given(points())
def test_the_bounds_agree_with_the_edtf_library(text: str) -> None:
    theirs, ours = parse_edtf(text), parse(text)
    assert date(*theirs.lower_strict()[:3]) == ours.first
    assert date(*theirs.upper_strict()[:3]) == ours.last


@given(days, days)
def test_intervals_agree_with_the_edtf_library(a: date, b: date) -> None:
    left, right = sorted([a, b])
    text = f"{left.isoformat()}/{right:%Y-%m}"
    theirs, ours = parse_edtf(text), parse(text)
    assert date(*theirs.lower_strict()[:3]) == ours.first
    assert date(*theirs.upper_strict()[:3]) == ours.last


# The examples of levels 0 and 1 in the specification of the Library of Congress, all of them.
READ = [
    "1985-04-12",
    "1985-04",
    "1985",
    "1964/2008",
    "2004-06/2006-08",
    "2004-02-01/2005-02-08",
    "2004-02-01/2005-02",
    "2004-02-01/2005",
    "2005/2006-02",
    "1984?",
    "2004-06~",
    "2004-06-11%",
    "201X",
    "20XX",
    "2004-XX",
    "1985-04-XX",
    "1985-XX-XX",
    "1985-04-12/..",
    "1985-04/..",
    "1985/..",
    "../1985-04-12",
    "../1985-04",
    "../1985",
    "1985-04-12/",
    "1985-04/",
    "1985/",
    "/1985-04-12",
    "/1985-04",
    "/1985",
]
REFUSED = [
    "1985-04-12T23:20:30",
    "1985-04-12T23:20:30Z",
    "1985-04-12T23:20:30-04",
    "1985-04-12T23:20:30+04:30",
    "Y170000002",
    "Y-170000002",
    "2001-21",
    "-1985",
]


@pytest.mark.parametrize("text", READ)
def test_every_example_of_the_specification_agrees_with_the_edtf_library(text: str) -> None:
    theirs, ours = parse_edtf(text), parse(text)
    assert ours.text == text
    assert ours.uncertain == (text[-1] in "?%") and ours.approximate == (text[-1] in "~%")
    lower, _, upper = text.partition("/")
    # The library guesses ten years for an unknown end; an open one is infinite there.
    if lower in ("", ".."):
        assert (ours.first, ours.open_start) == (date.min, lower == "..")
    else:
        assert date(*theirs.lower_strict()[:3]) == ours.first
    if "/" in text and upper in ("", ".."):
        assert (ours.last, ours.open_end) == (date.max, upper == "..")
    else:
        assert date(*theirs.upper_strict()[:3]) == ours.last


@pytest.mark.parametrize("text", REFUSED)
def test_the_examples_that_the_record_has_no_use_for_are_refused(text: str) -> None:
    """Clock times, seasons, years before our era or of more than four digits."""
    assert parse_edtf(text) is not None
    with pytest.raises(DateError):
        parse(text)


@given(days, days)
def test_a_span_has_exactly_its_bounds(a: date, b: date) -> None:
    first, last = sorted([a, b])
    found = spanning(first, last)
    assert (found.first, found.last) == (first, last)


@given(points())
def test_a_span_of_the_bounds_of_a_date_is_that_date_without_its_mark(text: str) -> None:
    found = parse(text)
    assert spanning(found.first, found.last).text == text.rstrip("?~%")
