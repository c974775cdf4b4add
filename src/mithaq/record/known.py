"""What the public could know on a day: the record without the sources published later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from mithaq.record.claims import Claim, Source
from mithaq.record.properties import properties, property_of
from mithaq.record.record import Record, Subject
from mithaq.words.dates import Edtf

__all__ = ["LeftOut", "as_of", "begun_by", "is_known", "known_on", "seen_by"]

# Kinds whose beginning is not what their dates tell.
_TIMELESS = frozenset({"party", "person", "judgement"})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Sources that a ``known`` question leaves out although they may have been out by then.

    ``unknown`` counts sources without any date, ``inferred`` those whose inferred interval ends
    after the day; ``unsourced`` counts claims that need a source and have none.
    """

    unknown: int = 0
    inferred: int = 0
    unsourced: int = 0

    def to_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {"unknown": self.unknown, "inferred": self.inferred, "unsourced": self.unsourced}


def known_on(record: Record, day: date | None) -> tuple[Record, LeftOut]:
    """The record as it could be known on that day (all of it where the day is None).

    A source is known when the last day of its published interval has come. Names, kinds and other
    editorial values, which need no source, stay.
    """
    if day is None:
        return record, LeftOut()
    dated = list(record.sources.dated())
    known = {name for name, published, _ in dated if _is_out(published, day)}
    free = {
        kind: {name for name, declared in table.items() if not declared.needs_source}
        for kind, table in properties().items()
    }
    shown: Iterable[str] = [subject.id for subject in record.subjects()]
    late = record.sources.keys() - known
    if record.focus is not None:
        shown = record.focus.shown
        late &= set().union(*map(record.cited, shown))
    told = [(published, inferred) for name, published, inferred in dated if name in late]
    left_out = LeftOut(
        unknown=sum(published is None for published, _ in told),
        inferred=sum(inferred and published is not None for published, inferred in told),
        unsourced=record.unsourced(shown, free),
    )
    return record.sourced(known, free), left_out


def as_of(record: Record, *, at: date | None = None, known: date | None = None) -> Record:
    """The record as it could be known on a day, without what surely began after another.

    What began later goes with all that is told of it. Sources that were not out go too, so that
    what is left can be searched and handed on; one that a source still there copies stays, since it
    must have been out.
    """
    then = begun_by(known_on(_without_later(record, at), known)[0], at)
    if known is None:
        return then
    kept: dict[str, Source] = {}
    for source in record.sources.values():
        told: Source | None = source if is_known(source, known) else None
        while told is not None and told.id not in kept:
            kept[told.id] = told
            told = record.sources.get(told.derived_from)
    return then.citing(kept.values())


def begun_by(record: Record, day: date | None) -> Record:
    """The record without claims about what surely began after that day (all where it is None)."""
    return record if day is None else record.only(lambda claim: not _is_later(claim, day))


def seen_by(record: Record, known: date | None, at: date | None) -> Record:
    """:func:`known_on` one day, and of that what had :func:`begun_by` another."""
    return begun_by(known_on(record, known)[0], at)


def _without_later(record: Record, day: date | None) -> Record:
    """The record without what is told, undated, of subjects that began after that day.

    Every date told of such a subject as fact comes later, and no source of an earlier date speaks
    of it. Its names and other editorial values stay.
    """
    later = {s.id for s in record.subjects() if day is not None and _begins_after(record, s, day)}
    if not later:
        return record
    kinds = {subject.id: subject.kind for subject in record.subjects()}
    return record.only(lambda c: c.subject not in later or not _is_sourced(kinds[c.subject], c))


def _begins_after(record: Record, subject: Subject, day: date) -> bool:
    if subject.kind in _TIMELESS:
        return False
    told = [c for c in record.claims_of(subject.id) if c.affirmed and c.actual]
    dates = [time.first for c in told if (time := c.date or c.valid) is not None]
    spoken = [record.source(c.source).published for c in told if c.source]
    early = any(time is not None and time.first <= day for time in spoken)
    return bool(dates) and min(dates) > day and not early


def _is_sourced(kind: str, claim: Claim) -> bool:
    declared = property_of(kind, claim.property)
    return declared is None or declared.needs_source


def _is_later(claim: Claim, day: date) -> bool:
    time = claim.date or claim.valid
    return time is not None and time.first > day


def is_known(source: Source, day: date) -> bool:
    """Whether a source was out on that day."""
    return _is_out(source.published, day)


def _is_out(published: Edtf | None, day: date) -> bool:
    return published is not None and published.last <= day
