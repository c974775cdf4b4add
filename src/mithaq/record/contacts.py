"""Contacts between parties: who met when, and how long they were silent.

Only meetings told as fact count. Where sources differ on the date of a meeting, or a judgement says
that two meetings may be one, the date that most sources give counts, once, so that a doubtful visit
never shortens a silence. A gap runs from the last day on which one meeting may have ended to the
first day on which the next may have begun: the shortest silence that the sources allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from mithaq.record.contradictions import identity_groups
from mithaq.record.record import Record
from mithaq.words.dates import Edtf

__all__ = ["Contact", "contacts"]


@dataclass(frozen=True, slots=True)
class Contact:
    """The contacts of two parties up to a day: last meeting (EDTF), gaps in days.

    ``longest_gap_days`` counts the running silence too; ``longest_gap`` are its two ends;
    ``meetings`` are the ids, oldest first.
    """

    between: tuple[str, str]
    last: str
    longest_gap_days: int
    longest_gap: tuple[str, str]
    gap_days: int
    meetings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The contact as plain values."""
        return {
            "between": list(self.between),
            "last": self.last,
            "longest_gap_days": self.longest_gap_days,
            "longest_gap": list(self.longest_gap),
            "gap_days": self.gap_days,
            "meetings": list(self.meetings),
        }


def contacts(record: Record, at: date) -> tuple[Contact, ...]:
    """The contacts up to a day, of parties with different homes and of their home states."""
    met: dict[tuple[str, str], dict[str, Edtf]] = {}
    for meeting, when in _meetings(record):
        if when.first > at:
            continue
        for pair in _pairs(record, meeting):
            met.setdefault(pair, {})[meeting] = when
    return tuple(_contact(pair, met[pair], at) for pair in sorted(met))


def _meetings(record: Record) -> list[tuple[str, Edtf]]:
    """One meeting for each group that judgements join, at the date of most sources."""
    groups = identity_groups(record, "positive", "unsure")
    found: list[tuple[str, Edtf]] = []
    for subject in record.subjects("meeting"):
        when = record.date(subject.id, "date")
        if when is None:
            continue
        rivals = groups.get(subject.id, (subject.id,))
        best = max(rivals, key=lambda m: (_support(record, m), -rivals.index(m)))
        if best == subject.id:
            found.append((subject.id, when))
    return found


def _support(record: Record, meeting: str) -> tuple[bool, int, int]:
    claims = record.standing(meeting, "date")
    preferred = sum(c.rank == "preferred" for c in claims)
    return bool(claims), preferred, len({c.source for c in claims if c.source})


def _pairs(record: Record, meeting: str) -> set[tuple[str, str]]:
    """Every pair of parties with different homes, and the pairs of their home states."""
    parties = set(record.texts(meeting, "parties"))
    for person in record.texts(meeting, "persons"):
        parties |= _parties_of(record, person, record.date(meeting, "date"))
    homes = {party: record.home(party) for party in parties}
    found: set[tuple[str, str]] = set()
    for a, b in combinations(sorted(parties), 2):
        if homes[a] and homes[b] and homes[a] != homes[b]:
            found |= {(a, b), _pair(homes[a], homes[b])}
    return found


def _parties_of(record: Record, person: str, when: Edtf | None) -> set[str]:
    """The parties for which somebody held an office attested around that time."""
    found: set[str] = set()
    for claim in record.standing(person, "office"):
        party = getattr(claim.value, "party", "")
        if party and when and claim.valid and claim.valid.meets(when):
            found.add(party)
    return found


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _contact(pair: tuple[str, str], meetings: dict[str, Edtf], at: date) -> Contact:
    ordered = sorted(meetings.items(), key=lambda item: (item[1].first, item[1].last, item[0]))
    longest, ends = 0, ("", "")
    reached = ordered[0][1]
    for _, when in ordered[1:]:
        gap = (when.first - reached.last).days
        if gap > longest:
            longest, ends = gap, (reached.text, when.text)
        reached = max(reached, when, key=lambda d: d.last)
    running = max(0, (at - reached.last).days)
    if running > longest:
        longest, ends = running, (reached.text, at.isoformat())
    return Contact(
        between=pair,
        last=reached.text,
        longest_gap_days=longest,
        longest_gap=ends,
        gap_days=running,
        meetings=tuple(meeting for meeting, _ in ordered),
    )
