"""What falls due, as tables and as a calendar (RFC 5545); who is meant; quality of the record."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from icalendar import Calendar, Event

from mithaq.record.deadlines import Deadline, Deadlines
from mithaq.record.record import Record
from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech, speech
from mithaq.words.text import isolate, mark

__all__ = ["calendar", "deadline_sheets", "quality_sheets", "speech_of", "who_sheets"]

Data = Mapping[str, Any]

_KINDS = {
    "notice": mark("notice"),
    "renewal": mark("renews itself"),
    "expiry": mark("end of term"),
    "milestone": mark("milestone"),
    "meeting": mark("planned meeting"),
}
_SOON = 60
_WARN = 120


def speech_of(records: Iterable[Record], lang: str) -> Speech:
    """Words with the names of several records; the first that knows a subject names it."""
    listed = list(records)

    def name(key: str) -> str | None:
        return next((r.name(key, lang) for r in listed if r.has(key)), None)

    return speech(lang, name)


def deadline_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What is due, what comes later, what was renewed already, what may have lapsed."""
    say = words.say
    ahead = words.days(data["within_days"])
    due = say("Due within {days} of {date}", days=ahead, date=words.date(data["at"]))
    return [
        _table(due, data["due"], words, say("Nothing falls due.")),
        _table(say("Later"), data["later"], words),
        _table(say("Renewed already"), data["renewed"], words),
        _doubts(data["may_have_lapsed"], words),
    ]


def _table(title: str, items: Sequence[Data], words: Speech, empty: str = "") -> Sheet:
    say = words.say
    columns = (
        Column(say("What")),
        Column(say("Kind")),
        Column(say("Due")),
        Column(say("Days left"), figures=True),
        Column(say("Parties")),
        Column(say("Sources"), figures=True),
    )
    return Sheet.of(title, columns, [_row(i, words) for i in items], note="" if items else empty)


def _row(item: Data, words: Speech) -> tuple[Cell | str, ...]:
    soonest, latest = item["days_left"]
    tone = "bad" if soonest <= _SOON else "warn" if soonest <= _WARN else ""
    left = words.figure(latest)
    if soonest != latest:
        ends = {"start": words.figure(soonest), "end": left}
        left = words.say("{start} to {end}", **ends)
    below = words.say("inferred") if item["basis"] == "inferred" else ""
    if item["renewed_by"]:
        below = words.say("renewed by {name}", name=words.name(item["renewed_by"]))
    kind = _KINDS[item["kind"]]
    return (
        Cell(words.name(item["subject"]), below=below),
        Cell(words.say(kind), tone),
        words.moment(item["due"]),
        left,
        words.names(item["parties"]),
        words.figure(item["sources"]),
    )


def _doubts(items: Sequence[Data], words: Speech) -> Sheet:
    say = words.say
    columns = (Column(say("Agreement")), Column(say("Since")))
    rows = [
        (
            Cell(words.name(i["subject"]), below="" if i["certain"] else say("sources differ")),
            words.moment(i["since"]),
        )
        for i in items
    ]
    return Sheet.of(say("May have lapsed"), columns, rows)


def calendar(found: Deadlines, words: Speech) -> bytes:
    """What is due as an iCalendar file: one event of whole days for each deadline.

    A deadline known only as an interval becomes an event over all its days, and says so. The time
    stamp is the day asked about, so that the same question gives the same file.
    """
    book = Calendar()
    book.add("prodid", "-//mithaq//deadlines//EN")
    book.add("version", "2.0")
    book.add("calscale", "GREGORIAN")
    book.add("method", "PUBLISH")
    stamp = datetime.combine(found.at, time(), UTC)
    for item in found.due:
        book.add_component(_event(item, stamp, words))
    return bytes(book.to_ical())


def _event(item: Deadline, stamp: datetime, words: Speech) -> Event:
    event = Event()
    event.add("uid", f"{item.case}.{item.subject}.{item.kind}.{item.property}@mithaq")
    event.add("dtstamp", stamp)
    event.add("dtstart", item.due.first)
    one_day = timedelta(days=1)
    if item.due.last < item.due.last.max:
        event.add("dtend", item.due.last + one_day)
    kind = words.say(_KINDS[item.kind])
    event.add("summary", _clean(f"{kind}: {words.name(item.subject)}"))
    event.add("description", _clean("\n".join(_details(item, words))))
    event.add("categories", [kind])
    event.add("transp", "TRANSPARENT")
    return event


def _details(item: Deadline, words: Speech) -> list[str]:
    lines = [words.moment(item.due.text)]
    if not item.due.is_day:
        lines.append(words.say("The day itself is not known."))
    if item.parties:
        lines.append(words.names(item.parties))
    if item.basis == "inferred":
        lines.append(words.say("inferred"))
    lines.append(words.plural("{n} source", "{n} sources", item.sources))
    return lines


def _clean(text: str) -> str:
    """The text without control characters, which no calendar may hold."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) != "Cc")


def who_sheets(data: Data, words: Speech) -> list[Sheet]:
    """Who is meant, or the candidates with their reasons."""
    say = words.say
    columns = (Column(say("Name")), Column(say("Identifier")), Column(say("Why")))
    rows = [
        (
            Cell(words.name(item["subject"]), below=words.list(item["cases"])),
            item["subject"],
            "\n".join(_reason(reason, words) for reason in item["reasons"]),
        )
        for item in data["candidates"]
    ]
    title = say("Not sure who is meant by {words}", words=isolate(data["words"]))
    note = "" if rows else say("Nobody in the record has a name like it.")
    if data["subject"]:
        found = words.name(data["subject"])
        title = say("{words} is {name}", words=isolate(data["words"]), name=isolate(found))
        if data["distinct_from"]:
            others = words.names(data["distinct_from"])
            note = say("Judged to be somebody else: {names}", names=others)
    return [Sheet.of(title, columns, rows, note=note)]


def _reason(reason: Data, words: Speech) -> str:
    sentence = reason["message"]
    values = {key: isolate(value) for key, value in reason["values"].items()}
    return words.say(sentence, **values)


def quality_sheets(data: Data, words: Speech) -> list[Sheet]:
    """How well each subject is sourced; no sheet where that was not asked."""
    if "quality" not in data:
        return []
    say = words.say
    columns = (
        Column(say("Subject")),
        Column(say("Sources"), figures=True),
        Column(say("Independent"), figures=True),
        Column(say("Languages")),
        Column(say("Sourced"), figures=True),
        Column(say("Verified"), figures=True),
        Column(say("Longest unverified")),
    )
    rows = [_quality(item, words) for item in data["quality"] if item["fields"]]
    note = say("Verified: two independent sources agree. Copies of one article count once.")
    return [Sheet.of(say("Quality of the record"), columns, rows, note=note)]


def _quality(item: Data, words: Speech) -> tuple[Cell | str, ...]:
    oldest = item["oldest_unverified"]
    waiting = "–"
    if oldest:
        label = words.term("property", oldest["property"])
        waiting = f"{label} ({words.date(oldest['since'])})" if oldest["since"] else label
    return (
        words.name(item["subject"]),
        words.figure(item["sources"]),
        words.figure(item["independent_sources"]),
        words.list(item["languages"]),
        words.share(item["sourced"]),
        words.share(item["verified"]),
        waiting,
    )
