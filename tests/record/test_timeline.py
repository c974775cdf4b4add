"""The record as events: days, intervals, disputes, plans."""

from __future__ import annotations

from mithaq.record import Event, timeline
from tests.record.making import memorandum, record_of


def events(blocks: str, until: str | None = None) -> list[Event]:
    return timeline(record_of(blocks), until)


def test_events_come_by_day() -> None:
    found = events(
        """
        - {id: b, kind: meeting, date: 2007-01-19/2007-01-22}
        - {id: a, kind: agreement, signed: 2006-08-04}
        - {id: c, kind: award, awarded: 2008-12-13}
        """
    )
    assert [(e.subject, e.kind) for e in found] == [
        ("a", "signed"),
        ("b", "date"),
        ("c", "awarded"),
    ]
    assert [e.lasting for e in found] == [False, True, False]
    assert not any(e.uncertain for e in found)


def test_a_disputed_day_is_one_event_for_each_side() -> None:
    found = timeline(
        memorandum(
            """
            signed:
              - {value: 2006-08-04, sources: [paper, later]}
              - {value: 2006-08-11, sources: [agency]}
            """
        )
    )
    assert [(e.when, e.disputed, e.sources) for e in found] == [
        ("2006-08-04", True, ("later", "paper")),
        ("2006-08-11", True, ("agency",)),
    ]
    assert [e.to_dict()["sources"] for e in found] == [2, 1]


def test_plans_and_denials_are_told_apart_from_events() -> None:
    found = timeline(
        memorandum(
            """
            signed: [{value: 2006-03, modality: planned}, 2006-08-04]
            renewed: {value: 2007-08, polarity: denied}
            """
        )
    )
    told = [(e.kind, e.modality, e.polarity, e.uncertain) for e in found]
    assert told == [
        ("signed", "planned", "affirmed", True),
        ("signed", "actual", "affirmed", False),
        ("renewed", "actual", "denied", True),
    ]
    assert len({e.id for e in found}) == 3


def test_until_leaves_out_what_surely_came_later() -> None:
    blocks = "- {id: a, kind: agreement, signed: 2006-08-04, ended: 2007-08}\n"
    assert [e.kind for e in events(blocks, "2007-08-15")] == ["signed", "ended"]
    assert [e.kind for e in events(blocks, "2007-07-31")] == ["signed"]


def test_an_open_end_has_no_day() -> None:
    (event,) = events("- {id: p, kind: project, project_status: {value: idle, valid: 2007/..}}")
    assert (event.start is not None, event.end) == (True, None)
    assert event.to_dict()["end"] is None
