"""What falls due next: notices, ends of terms, milestones, planned meetings.

A deadline is an interval: what a source tells only by the year may fall due on any day of it, and
where sources differ it runs from the earliest to the latest day. An agreement that renews itself is
not told as expiring, one that was renewed already is not told as due, and one that may have lapsed
stands apart, because nobody knows of a day.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Modality, Polarity
from mithaq.record.known import LeftOut, known_on
from mithaq.record.record import Record
from mithaq.record.stages import DEFAULT_SPAN, stage, term_end
from mithaq.record.state import as_day, source_count
from mithaq.words.dates import Edtf, hull, spanning

__all__ = ["Deadline", "Deadlines", "Doubt", "deadlines", "within_days"]

_SPAN = re.compile(r"\s*([0-9]{1,5})\s*([dwmy]?)\s*")
_DAYS = {"": 1, "d": 1, "w": 7, "m": 30.4375, "y": 365.25}
_LIVE = frozenset({"in_force", "signed"})
_DAY = timedelta(days=1)
_OVER = frozenset({"cancelled", "retired", "shelved"})
# What tells that a planned or promised thing has come, by the property that sets its day.
_DONE = {
    "due": ("delivered", "completed"),
    "start_planned": ("started", "completed"),
}
_KINDS = ("notice", "renewal", "expiry", "milestone", "meeting")


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing that falls due.

    ``kind`` is notice, renewal (it renews itself unless notice is given), expiry, milestone or
    meeting; ``property`` is the property that sets the day; ``due`` the interval in which it falls.
    ``renewed_by`` names the agreement that already takes its place ('' where none does).
    """

    case: str
    subject: str
    subject_kind: str
    kind: str
    property: str
    due: Edtf
    parties: tuple[str, ...] = ()
    basis: str = "reported"
    renewed_by: str = ""
    sources: int = 0

    @builtins.property
    def settled(self) -> bool:
        """Whether nothing is left to do, because it was renewed already."""
        return bool(self.renewed_by)

    def days_left(self, at: date) -> tuple[int, int]:
        """Days from ``at`` to the first and to the last day on which it may fall due (from 0)."""
        return max((self.due.first - at).days, 0), (self.due.last - at).days

    def to_dict(self, at: date) -> dict[str, Any]:
        """The deadline as plain values."""
        soonest, latest = self.days_left(at)
        return {
            "case": self.case,
            "subject": self.subject,
            "subject_kind": self.subject_kind,
            "kind": self.kind,
            "property": self.property,
            "due": self.due.text,
            "from": self.due.first.isoformat(),
            "to": self.due.last.isoformat(),
            "days_left": [soonest, latest],
            "parties": list(self.parties),
            "basis": self.basis,
            "renewed_by": self.renewed_by or None,
            "sources": self.sources,
        }


@dataclass(frozen=True, slots=True)
class Doubt:
    """An agreement that may have lapsed: its term ran out, or nothing was heard of it for long."""

    case: str
    subject: str
    since: str
    certain: bool

    def to_dict(self) -> dict[str, Any]:
        """The doubt as plain values; ``certain`` says that no reading of the sources differs."""
        return {
            "case": self.case,
            "subject": self.subject,
            "since": self.since or None,
            "certain": self.certain,
        }


@dataclass(frozen=True)
class Deadlines:
    """What falls due from a day on: ``due`` within the days asked for, ``later`` after them."""

    at: date
    within: int
    known: date | None
    due: tuple[Deadline, ...]
    later: tuple[Deadline, ...]
    renewed: tuple[Deadline, ...]
    may_have_lapsed: tuple[Doubt, ...]
    cases: tuple[str, ...] = ()
    left_out: LeftOut = field(default_factory=LeftOut)

    def __bool__(self) -> bool:
        return bool(self.due)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "cases": list(self.cases),
            "at": self.at.isoformat(),
            "within_days": self.within,
            "known": self.known.isoformat() if self.known else None,
            "due": [item.to_dict(self.at) for item in self.due],
            "later": [item.to_dict(self.at) for item in self.later],
            "renewed": [item.to_dict(self.at) for item in self.renewed],
            "may_have_lapsed": [item.to_dict() for item in self.may_have_lapsed],
            "left_out": self.left_out.to_dict(),
        }


def within_days(text: str) -> int:
    """A span such as 180d, 26w, 6m or 2y in days; raises DataError where it is none.

    >>> within_days("180d"), within_days("2y")
    (180, 730)
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        what = f"{text!r} is not a span of time; write 180d, 26w, 6m or 2y"
        raise DataError([Problem(column="within", what=what)])
    return int(int(match[1]) * _DAYS[match[2]])


def deadlines(
    records: Record | Iterable[Record],
    at: str | date | None = None,
    known: str | date | None = None,
    *,
    within: str | int = "180d",
    span: int = DEFAULT_SPAN,
) -> Deadlines:
    """What falls due from a day on (today in UTC), in one record or in several.

    A deadline is due where its first possible day comes within the span and its last is not over.
    Raises DataError where a day or the span cannot be read.
    """
    day = datetime.now(UTC).date() if at is None else as_day(at, "at")
    known_day = None if known is None else as_day(known, "known")
    ahead = within if isinstance(within, int) else within_days(within)
    limit = day + timedelta(days=min(ahead, (date.max - day).days))
    found: list[Deadline] = []
    doubts: list[Doubt] = []
    told = [records] if isinstance(records, Record) else list(records)
    left = LeftOut()
    for record in told:
        seen, out = known_on(record, known_day)
        left = LeftOut(
            left.unknown + out.unknown, left.inferred + out.inferred, left.unsourced + out.unsourced
        )
        for item in _of_agreements(seen, day, span):
            (doubts if isinstance(item, Doubt) else found).append(item)  # type: ignore[arg-type]
        found += _milestones(seen, day)
    open_ones = sorted((d for d in found if not d.settled), key=_order)
    return Deadlines(
        at=day,
        within=ahead,
        known=known_day,
        due=tuple(d for d in open_ones if d.due.first <= limit),
        later=tuple(d for d in open_ones if d.due.first > limit),
        renewed=tuple(sorted((d for d in found if d.settled), key=_order)),
        may_have_lapsed=tuple(sorted(doubts, key=lambda d: (d.case, d.subject))),
        cases=tuple(record.id for record in told),
        left_out=left,
    )


def _order(item: Deadline) -> tuple[object, ...]:
    return item.due.first, item.due.last, item.case, item.subject, _KINDS.index(item.kind)


# Agreements


def _of_agreements(record: Record, at: date, span: int) -> Iterator[Deadline | Doubt]:
    for subject in record.listed("agreement"):
        reached = stage(record, subject.id, at, span=span)
        if reached is None:
            continue
        names = {reached.stage, *reached.possible}
        if "may_have_lapsed" in names and not names <= _LIVE:
            certain = reached.stage == "may_have_lapsed"
            yield Doubt(record.id, subject.id, reached.since or "", certain)
        # The last day itself is still due, although its evening finds the term over.
        eve = max(at, date.min + _DAY) - _DAY
        before = None if names & _LIVE else stage(record, subject.id, eve, span=span)
        if names & _LIVE or (before is not None and before.stage in _LIVE):
            yield from _terms(record, subject.id, at)


def _terms(record: Record, agreement: str, at: date) -> Iterator[Deadline]:
    ends = term_end(record, agreement, at)
    if ends is None or ends.end.last < at:
        return
    common: dict[str, Any] = {
        "case": record.id,
        "subject": agreement,
        "subject_kind": "agreement",
        "parties": record.texts(agreement, "parties"),
        "basis": "inferred" if ends.inferred else "reported",
        "renewed_by": _successor(record, agreement, at),
        "sources": source_count(record, agreement),
    }
    if ends.notice is not None and ends.notice.last >= at:
        yield Deadline(kind="notice", property="notice", due=ends.notice, **common)
    kind = "renewal" if ends.renews else "expiry"
    yield Deadline(kind=kind, property="expires", due=ends.end, **common)


def _successor(record: Record, agreement: str, at: date) -> str:
    """The instrument that takes its place and is signed by that day, or ''."""
    for other in record.texts(agreement, "superseded_by"):
        signed = record.date(other, "signed") if record.has(other) else None
        if signed is not None and signed.last <= at:
            return other
    return ""


# Milestones and meetings


def _milestones(record: Record, at: date) -> Iterator[Deadline]:
    for subject in record.listed():
        if subject.kind in ("statement", "judgement") or _given_up(record, subject.id, at):
            continue
        begun = [record.date(subject.id, name) for name in ("promised", "awarded")]
        if any(day is not None and day.first > at for day in begun):
            continue
        names = {c.property for c in record.claims_of(subject.id) if c.date is not None}
        for name in sorted(names):
            due = _due(record, subject.id, subject.kind, name, at)
            if due is not None:
                yield _milestone(record, subject.id, subject.kind, name, due)


def _milestone(record: Record, subject: str, kind: str, name: str, due: list[Claim]) -> Deadline:
    # "By 2030" falls due when 2030 has come: of an open beginning only the end counts.
    told = [c.date for c in due if c.date is not None]
    dates = [d.end or d if d.first == date.min else d for d in told]
    first, last = min(d.first for d in dates), max(d.last for d in dates)
    covering = hull(dates)
    exact = covering is not None and (covering.first, covering.last) == (first, last)
    what = "meeting" if kind == "meeting" else "expiry" if name == "expires" else "milestone"
    parties = [
        p
        for key in ("parties", "party", "debtor", "creditor", "grantor", "winner")
        for p in record.texts(subject, key)
    ]
    inferred = all(c.basis == "inferred" for c in due)
    return Deadline(
        case=record.id,
        subject=subject,
        subject_kind=kind,
        kind=what,
        property=name,
        due=covering if exact and covering is not None else spanning(first, last),
        parties=tuple(dict.fromkeys(parties)),
        basis="inferred" if inferred else "reported",
        sources=len({c.source for c in due if c.source}),
    )


def _due(record: Record, subject: str, kind: str, name: str, at: date) -> list[Claim] | None:
    """The claims that set a day still to come, or None; plans that were changed do not count."""
    told = [c for c in record.claims_of(subject, name) if c.polarity is Polarity.AFFIRMED]
    told = [c for c in told if c.rank != "deprecated" and c.date is not None]
    planned = [c for c in told if c.modality is not Modality.ACTUAL]
    actual = [c for c in told if c.modality is Modality.ACTUAL]
    sets_a_day = name in _DONE or (name == "expires" and kind != "agreement")
    if any(_come(c, at) for c in actual) and not sets_a_day:
        return None
    done = [c for key in _DONE.get(name, ()) for c in record.standing(subject, key)]
    if any(_come(c, at) for c in done) or _met(record, subject, at):
        return None
    awaited = [c for c in (actual if sets_a_day else planned) if _told_by(record, c, at)]
    # A day told as fact that lies ahead (known only afterwards) is better than the plan for it.
    ahead = actual if awaited and actual else _latest(record, awaited)
    ahead = [c for c in ahead if c.date is not None and c.date.last >= at and not c.date.open_end]
    return ahead or None


def _come(claim: Claim, at: date) -> bool:
    return claim.date is not None and claim.date.first < at


def _met(record: Record, subject: str, at: date) -> bool:
    told = [c for c in record.standing(subject, "commitment_status") if c.text == "met"]
    return any(c.valid is None or c.valid.first <= at <= c.valid.last for c in told)


def _given_up(record: Record, subject: str, at: date) -> bool:
    cancelled = [c for c in record.standing(subject, "cancelled_on", "closed") if _come(c, at)]
    status = [
        c
        for c in record.standing(subject, "project_status")
        if c.valid is None or c.valid.first <= at
    ]
    last = max(status, key=lambda c: c.valid.first if c.valid else date.min, default=None)
    return bool(cancelled) or (last is not None and last.text in _OVER)


def _latest(record: Record, claims: list[Claim]) -> list[Claim]:
    """The claims of the latest telling: a plan that was told anew takes the place of the old one.

    A plan is as old as its valid time, else as its source; those of unknown age all count.
    """
    aged = [(_told_on(record, c), c) for c in claims]
    known = [day for day, _ in aged if day is not None]
    if not known or all(c.modality is Modality.ACTUAL and c.property == "due" for c in claims):
        return claims
    newest = max(known)
    fresh = [c for day, c in aged if day == newest]
    return [c for c in claims if any(_together(c, other) for other in fresh)]


def _together(a: Claim, b: Claim) -> bool:
    return a.date is not None and b.date is not None and a.date.meets(b.date)


def _told_by(record: Record, claim: Claim, at: date) -> bool:
    """Whether a plan may have been told by that day; one told later is not awaited yet."""
    if claim.valid is not None:
        return claim.valid.first <= at
    if claim.modality is Modality.ACTUAL and claim.property != "start_planned":
        return True
    published = record.sources[claim.source].published if claim.source else None
    return published is None or published.first <= at


def _told_on(record: Record, claim: Claim) -> date | None:
    if claim.valid is not None:
        return claim.valid.last
    published = record.sources[claim.source].published if claim.source else None
    return published.last if published else None
