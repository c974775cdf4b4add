"""The record as events in time: what happened or was planned, and how surely the day is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from mithaq.record.claims import Claim, Modality, Office
from mithaq.record.properties import codes, property_of
from mithaq.record.record import Record
from mithaq.record.sides import Side, group
from mithaq.record.state import as_day
from mithaq.words.dates import Edtf

__all__ = ["Event", "timeline"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one subject.

    ``start`` and ``end`` are the days between which it lies (or lasts, where ``lasting``), None
    where that end is open; ``when`` is the text as told; ``uncertain`` says that sources differ or
    that the day is not exact.
    """

    id: str
    subject: str
    subject_kind: str
    kind: str
    when: str
    start: date | None
    end: date | None
    lasting: bool
    uncertain: bool
    disputed: bool
    polarity: str
    modality: str
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The event as plain values; ``sources`` is their number, ``source_ids`` names them."""
        return {
            "id": self.id,
            "subject": self.subject,
            "subject_kind": self.subject_kind,
            "kind": self.kind,
            "date": self.when,
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "lasting": self.lasting,
            "uncertain": self.uncertain,
            "disputed": self.disputed,
            "polarity": self.polarity,
            "modality": self.modality,
            "sources": len(self.sources),
            "source_ids": list(self.sources),
        }


def timeline(record: Record, until: str | date | None = None) -> list[Event]:
    """The events of a record by day, each side of a disputed date as an event of its own.

    ``until`` leaves out what surely came later; raises DataError where it is no day.
    """
    last = None if until is None else as_day(until, "until")
    found = [e for e in _events(record) if last is None or e.start is None or e.start <= last]
    return sorted(found, key=lambda e: (e.start or date.min, e.end or date.max, e.id))


def _events(record: Record) -> Iterator[Event]:
    kinds = set(codes("event_kind"))
    for subject in record.listed():
        groups: dict[tuple[str, str, str], list[Claim]] = {}
        for claim in record.claims_of(subject.id):
            when = _when(claim)
            if when is not None and (claim.property in kinds or claim.property == "project_status"):
                key = (claim.property, claim.polarity.value, claim.modality.value)
                groups.setdefault(key, []).append(claim)
        for (name, polarity, modality), claims in groups.items():
            yield from _of_property(subject.id, subject.kind, name, polarity, modality, claims)


def _when(claim: Claim) -> Edtf | None:
    """The date of the event that a claim tells of: its value, or the time of an office or stage."""
    if isinstance(claim.value, Office) or claim.property == "project_status":
        return claim.valid
    return claim.date


def _of_property(
    subject: str, subject_kind: str, name: str, polarity: str, modality: str, claims: list[Claim]
) -> Iterator[Event]:
    parts = [Side([c]) for c in claims]
    disputed = False
    if all(c.date is not None for c in claims):
        grouping = group(claims, _exclude)
        parts = grouping.sides
        # Plans overtake one another; and talks may be held, a treaty applied, on several days.
        declared = property_of(subject_kind, name)
        one = declared is not None and declared.compare == "overlap"
        disputed = len(parts) > 1 and one and modality == Modality.ACTUAL.value
    seen: set[str] = set()
    for part in parts:
        when = _when(part.claims[0])
        if when is None:
            continue
        value = "" if part.claims[0].date is not None else f".{part.claims[0].text}"
        number = f"{subject}.{name}{value}.{when.text}"
        key = f"{number}.{polarity}.{modality}"
        if key in seen:
            continue
        seen.add(key)
        exact = when.is_day or when.is_interval
        yield Event(
            id=key if (polarity, modality) != ("affirmed", "actual") else number,
            subject=subject,
            subject_kind=subject_kind,
            kind=name if not value else f"{name}{value}",
            when=when.text,
            start=None if when.first == date.min else when.first,
            end=None if when.last == date.max else when.last,
            lasting=when.is_interval and name in ("date", "office", "project_status"),
            uncertain=disputed or not exact or when.uncertain or when.approximate,
            disputed=disputed,
            polarity=polarity,
            modality=modality,
            sources=part.sources,
        )


def _exclude(a: Claim, b: Claim) -> bool:
    return a.date is not None and b.date is not None and not a.date.meets(b.date)
