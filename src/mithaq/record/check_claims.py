"""Checks of claims: sources, dates, offices, names, agreements and what hangs on them."""

from __future__ import annotations

from datetime import date
from itertools import combinations

from mithaq.record.claims import Basis, Claim, Modality, Office, Polarity
from mithaq.record.looking import Found, Named, actual, label_of
from mithaq.record.names import fold, fused
from mithaq.record.properties import property_of
from mithaq.record.record import Record
from mithaq.record.stages import stage
from mithaq.words.dates import Edtf

__all__ = [
    "after_lapse",
    "dead_projects",
    "denied_party",
    "fused_names",
    "office_not_held",
    "out_of_order",
    "planned_as_actual",
    "published_before",
    "shared_alias",
    "twinless",
    "unsourced",
]

_HAPPENED = frozenset(
    {
        "signed",
        "ratified",
        "in_force_from",
        "ended",
        "renewed",
        "revived",
        "terminated",
        "superseded",
        "applied",
        "promised",
        "delivered",
        "awarded",
        "contract_signed",
        "opened",
        "closed",
        "started",
        "found",
        "completed",
        "cancelled_on",
        "date",
        "founded",
    }
)
_ORDER = (
    ("signed", "ended"),
    ("signed", "expires"),
    ("signed", "terminated"),
    ("in_force_from", "expires"),
    ("opened", "closed"),
    ("opened", "awarded"),
    ("awarded", "delivered"),
    ("promised", "delivered"),
    ("promised", "due"),
    ("started", "completed"),
    ("proposed", "cancelled_on"),
)

# Sources and dates


def unsourced(record: Record) -> Found:
    seen: set[tuple[str, str]] = set()
    for claim in record.claims:
        declared = property_of(record.subject(claim.subject).kind, claim.property)
        key = (claim.subject, claim.property)
        editorial = declared is None or not declared.needs_source
        # What we ourselves looked for and did not find has no source to name.
        if claim.source or editorial or claim.polarity is Polarity.NOT_FOUND or key in seen:
            continue
        seen.add(key)
        label = label_of(record, claim.subject, claim.property)
        yield claim.subject, {"property": label, "value": claim.text}, claim


def published_before(record: Record) -> Found:
    for claim in record.claims:
        if not claim.affirmed or not claim.actual or claim.property not in _HAPPENED:
            continue
        if claim.basis is Basis.INFERRED:
            # The source tells no such day as past: the editors read it from what it tells.
            continue
        published = record.sources[claim.source].published if claim.source else None
        when = claim.date
        if published and when and published.last < when.first:
            values = {
                "property": label_of(record, claim.subject, claim.property),
                "date": when.text,
                "source": claim.source,
                "published": published.text,
            }
            yield claim.subject, values, claim


def out_of_order(record: Record) -> Found:
    for subject in record.subjects():
        for first, second in _ORDER:
            for a in actual(record, subject.id, first):
                for b in actual(record, subject.id, second):
                    if a.date and b.date and b.date.last < a.date.first:
                        values = {
                            "first": label_of(record, subject.id, first),
                            "first_date": a.text,
                            "second": label_of(record, subject.id, second),
                            "second_date": b.text,
                        }
                        yield subject.id, values, b


def planned_as_actual(record: Record) -> Found:
    """A date that one source tells as a plan and another, with the same day, as done before it."""
    for claim in record.claims:
        if claim.date is None or not claim.affirmed or not claim.actual:
            continue
        plans = [
            c
            for c in record.claims_of(claim.subject, claim.property)
            if c.modality is Modality.PLANNED and c.date is not None and c.date.meets(claim.date)
        ]
        others = [
            c
            for c in actual(record, claim.subject, claim.property)
            if c.date is not None and not c.date.meets(claim.date)
        ]
        if plans and others:
            values = {
                "date": claim.text,
                "property": label_of(record, claim.subject, claim.property),
                "actual": others[0].text,
            }
            yield claim.subject, values, claim


# Offices


def office_not_held(record: Record) -> Found:
    """Somebody called by an office that others give to him or her otherwise, or at another time."""
    for person in record.subjects("person"):
        offices = [c for c in actual(record, person.id, "office") if isinstance(c.value, Office)]
        for claim in offices:
            office = claim.value
            if not isinstance(office, Office) or office.party or claim.valid is None:
                continue
            same = [
                c
                for c in offices
                if isinstance(c.value, Office)
                and c.value.party
                and c.value.role == office.role
                and c.valid is not None
                and c.valid.meets(claim.valid)
            ]
            held = [
                c
                for c in offices
                if c.valid is not None
                and c.valid.meets(claim.valid)
                and isinstance(c.value, Office)
                and c.value.party
            ]
            if held and not same:
                values = {"role": office.role, "date": claim.valid.text, "held": held[0].text}
                yield person.id, values, claim


# Names


def fused_names(record: Record) -> Found:
    named = {
        fold(c.text): c.text
        for c in record.claims
        if c.property in ("name", "place", "seat")
        and record.subject(c.subject).kind in ("party", "person", "meeting", "agreement")
    }
    words = frozenset(word for word in named if len(word) > 2)
    for claim in record.claims:
        for text in (claim.text if claim.property == "aliases" else "", claim.original):
            for word in text.split():
                parts = fused(word, words)
                if parts:
                    first, second = (named[part] for part in parts)
                    yield claim.subject, {"word": word, "first": first, "second": second}, claim


def shared_alias(record: Record) -> Found:
    owners: dict[str, dict[str, Claim]] = {}
    for subject in record.subjects("party", "person"):
        for claim in record.claims_of(subject.id, "name", "aliases"):
            owners.setdefault(fold(claim.text), {}).setdefault(subject.id, claim)
    for by_subject in owners.values():
        for a, b in combinations(sorted(by_subject), 2):
            values = {"alias": by_subject[a].text, "other": Named.of(record, b)}
            yield a, values, by_subject[a]


# Agreements and commitments


def twinless(record: Record) -> Found:
    for subject in record.subjects("commitment"):
        twin = record.value(subject.id, "twin")
        if isinstance(twin, str):
            if record.value(twin, "twin") != subject.id:
                yield subject.id, {"twin": Named.of(record, twin)}, None
        elif record.value(subject.id, "principle") == "reciprocity":
            yield subject.id, {"twin": "-"}, None


def after_lapse(record: Record) -> Found:
    """An act under an agreement on a day on which it had surely lapsed."""
    for subject in record.subjects("agreement"):
        for claim in actual(record, subject.id, "applied"):
            if claim.date is not None and _over(record, subject.id, claim.date.first):
                act = label_of(record, subject.id, claim.property)
                yield subject.id, {"act": act, "date": claim.text}, claim
    for subject in record.subjects("presence", "award", "commitment", "project"):
        for claim in actual(record, subject.id, "agreement"):
            when = _first_date(record, subject.id)
            if when and isinstance(claim.value, str) and _over(record, claim.value, when.first):
                values = {"act": Named.of(record, subject.id), "date": when.text}
                yield claim.value, values, claim
    for subject in record.subjects("meeting"):
        when = record.date(subject.id, "date")
        for claim in actual(record, subject.id, "agreements"):
            if when and isinstance(claim.value, str) and _over(record, claim.value, when.first):
                values = {"act": Named.of(record, subject.id), "date": when.text}
                yield claim.value, values, claim


def _first_date(record: Record, subject: str) -> Edtf | None:
    for name in ("opened", "awarded", "promised", "started", "proposed"):
        found = record.date(subject, name)
        if found is not None:
            return found
    return None


def _over(record: Record, agreement: str, day: date) -> bool:
    reached = stage(record, agreement, day)
    return reached is not None and reached.stage in ("lapsed", "terminated", "superseded")


def dead_projects(record: Record) -> Found:
    """A project called operating, or planned to start, after it was given up."""
    for subject in record.subjects("project"):
        cancelled = record.date(subject.id, "cancelled_on")
        if cancelled is None:
            continue
        for claim in actual(record, subject.id, "started", "completed"):
            if claim.date is not None and claim.date.first > cancelled.last:
                yield subject.id, {"cancelled": cancelled.text, "date": claim.text}, claim


def denied_party(record: Record) -> Found:
    """A party that one source names at a meeting or in a project and another leaves out."""
    for subject in record.subjects("meeting", "project", "agreement"):
        denied = {
            c.text: c
            for c in record.claims_of(subject.id, "parties")
            if c.polarity is not Polarity.AFFIRMED
        }
        for claim in actual(record, subject.id, "parties"):
            if claim.text in denied:
                source = denied[claim.text].source or "-"
                values = {"party": Named.of(record, claim.text), "source": source}
                yield subject.id, values, claim
