"""How well each subject is sourced: sources, independent ones, languages, what is still unverified.

Articles that copy each other are one witness: a source counts with the origin of its chain of
``derived_from``. A field (a property that needs a source) is verified when two independent sources
affirm one value of it; the oldest unverified field is the one that has waited longest for a second
witness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mithaq.record.claims import Claim
from mithaq.record.properties import property_of
from mithaq.record.record import Record
from mithaq.record.sides import agree
from mithaq.words.dates import Edtf

__all__ = ["Quality", "Unverified", "independent", "origin", "quality"]


@dataclass(frozen=True, slots=True)
class Unverified:
    """A field that no second independent source affirms, and since when it has stood so.

    ``since`` is when the first of its sources was published; None where it has no dated source.
    """

    property: str
    since: Edtf | None
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The field as plain values."""
        return {
            "property": self.property,
            "since": self.since.text if self.since else None,
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality line of a subject; shares are parts of 1, None where it has no field."""

    subject: str
    kind: str
    sources: int
    independent: int
    languages: tuple[str, ...]
    fields: int
    sourced: float | None
    verified: float | None
    oldest_unverified: Unverified | None

    def to_dict(self) -> dict[str, Any]:
        """The line as plain values."""
        oldest = self.oldest_unverified
        return {
            "subject": self.subject,
            "kind": self.kind,
            "sources": self.sources,
            "independent_sources": self.independent,
            "languages": list(self.languages),
            "fields": self.fields,
            "sourced": self.sourced,
            "verified": self.verified,
            "oldest_unverified": oldest.to_dict() if oldest else None,
        }


def origin(record: Record, source: str) -> str:
    """The source from which a source stems, at the far end of its ``derived_from`` chain.

    Sources that derive from each other in a circle stem from the first of them by id; an origin
    that the record does not hold counts by its name.
    """
    seen: list[str] = []
    while source not in seen:
        seen.append(source)
        told = record.sources.get(source)
        if told is None or not told.derived_from:
            return source
        source = told.derived_from
    return min(seen[seen.index(source) :])


def independent(record: Record, sources: Iterable[str]) -> int:
    """How many independent witnesses those sources are; unsourced ('') counts for none."""
    return len({origin(record, source) for source in sources if source})


def quality(record: Record, *kinds: str) -> tuple[Quality, ...]:
    """The quality line of every subject (of those kinds), judgements left out."""
    subjects = [s for s in record.subjects(*kinds) if s.kind != "judgement"]
    return tuple(_line(record, s.id, s.kind) for s in subjects)


def _line(record: Record, subject: str, kind: str) -> Quality:
    claims = [c for c in record.claims_of(subject) if c.rank != "deprecated"]
    sources = {c.source for c in claims if c.source}
    fields: dict[str, list[Claim]] = {}
    for claim in claims:
        declared = property_of(kind, claim.property)
        if declared is not None and declared.needs_source:
            fields.setdefault(claim.property, []).append(claim)
    sourced = sum(any(c.source for c in told) for told in fields.values())
    waiting = [_waiting(record, name, t) for name, t in fields.items() if not _verified(record, t)]
    return Quality(
        subject=subject,
        kind=kind,
        sources=len(sources),
        independent=independent(record, sources),
        languages=tuple(sorted({record.sources[s].lang for s in sources if s in record.sources})),
        fields=len(fields),
        sourced=sourced / len(fields) if fields else None,
        verified=1 - len(waiting) / len(fields) if fields else None,
        oldest_unverified=min(waiting, key=_age, default=None),
    )


def _verified(record: Record, told: list[Claim]) -> bool:
    """Whether two independent sources affirm, or deny, one value of the field."""
    return any(
        independent(
            record,
            {c.source for c in told if c.polarity is claim.polarity and agree(c, claim)},
        )
        > 1
        for claim in told
    )


def _waiting(record: Record, name: str, told: list[Claim]) -> Unverified:
    sources = sorted({c.source for c in told if c.source})
    dates = [d for s in sources if s in record.sources and (d := record.sources[s].published)]
    return Unverified(name, min(dates, default=None), tuple(sources))


def _age(item: Unverified) -> tuple[object, ...]:
    """Dated fields first, the oldest before the others; those without any date last."""
    since = item.since
    return (since is None, since.last.isoformat() if since else "", item.property)
