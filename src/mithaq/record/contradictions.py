"""Contradictions as objects: claims that cannot all hold, side by side with their sources.

Only claims told as fact take part, at valid times that meet. A plan overtaken by an event is no
contradiction, and a search that found nothing contradicts nobody. Subjects that a positive or
unsure judgement joins are compared with each other.
"""

from __future__ import annotations

import builtins
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mithaq.record.claims import Claim, Modality, Polarity, Quantity, Rank, Share
from mithaq.record.properties import Property, properties, property_of
from mithaq.record.record import Record
from mithaq.record.sides import Side, components, decided, exclude, group, meet
from mithaq.words.dates import Edtf
from mithaq.words.units import dimension

__all__ = ["Contradiction", "contradictions", "identity_groups"]

_WHOLE = 100.0
_KINDS = {
    "overlap": "date",
    "interval": "value",
    "code": "code",
    "office": "code",
    "share": "value",
    "label": "label",
}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Claims that cannot all hold.

    ``subjects`` are all the subjects concerned, ``subject`` the first of them; ``sides`` exclude
    each other; ``undecided`` are claims too coarse to take one side; ``resolution`` is the side
    that somebody preferred, with reason and name, or None.
    """

    id: str
    subject: str
    subjects: tuple[str, ...]
    property: str
    kind: str
    sides: tuple[Side, ...]
    undecided: tuple[Claim, ...] = field(default=())

    @builtins.property
    def resolution(self) -> dict[str, Any] | None:
        """The preferred value, the number of its side, why and by whom; None where undecided."""
        chosen = decided(self.sides)
        if chosen is None:
            return None
        side = next(number for number, s in enumerate(self.sides, 1) if s is chosen)
        others = [c for s in self.sides for c in s.claims]
        # What the preferred side was preferred for comes before why others were set aside.
        ranked = [c for c in (*chosen.claims, *others) if c.rank is not Rank.NORMAL]
        reason = next((c.reason for c in ranked if c.reason), "")
        by = next((c.by for c in ranked if c.by), "")
        return {"value": chosen.value, "side": side, "reason": reason, "by": by}

    def to_dict(self) -> dict[str, Any]:
        """The contradiction as plain values; a side without a source says ``unsourced``."""
        return {
            "id": self.id,
            "subject": self.subject,
            "subjects": list(self.subjects),
            "property": self.property,
            "kind": self.kind,
            "sides": [_side(self, side) for side in self.sides],
            "undecided": [{"value": c.text, "source": c.source} for c in self.undecided],
            "resolution": self.resolution,
        }


def _side(found: Contradiction, side: Side) -> dict[str, Any]:
    first = side.claims[0]
    plain: dict[str, Any] = {
        "value": first.subject if found.kind == "label" else side.value,
        "sources": list(side.sources),
        "polarity": first.polarity.value,
        "basis": "inferred" if side.inferred else "reported",
    }
    if found.kind == "identity":
        plain["subjects"] = sorted({c.subject for c in side.claims})
    said_by = sorted({c.said_by for c in side.claims if c.said_by})
    if said_by:
        plain["said_by"] = said_by
    original = next((c.original for c in side.claims if c.original), "")
    if original:
        plain["original"] = original
    return plain


def contradictions(
    record: Record, about: Container[str] | None = None
) -> tuple[Contradiction, ...]:
    """Every contradiction of a record, sorted by id; or those that concern one of some subjects."""
    found: dict[str, Contradiction] = {}
    for item in _all(record, about):
        found.setdefault(item.id, item)
    return tuple(found[key] for key in sorted(found))


def _all(record: Record, about: Container[str] | None) -> Iterator[Contradiction]:
    for subject in record.subjects():
        if about is None or subject.id in about:
            yield from _within(record, subject.id, subject.kind)
            yield from _polarity(record, subject.id)
            yield from _arithmetic(record, subject.id)
    groups = (members for members in _joined(record) if _concerns(members, about))
    for item in (*_labels(record), *_identity(record, groups)):
        if _concerns(item.subjects, about):
            yield item


def _concerns(subjects: Iterable[str], about: Container[str] | None) -> bool:
    return about is None or any(subject in about for subject in subjects)


def _told(claims: Iterable[Claim]) -> list[Claim]:
    """Claims that can contradict: told as fact, with a value, found."""
    return [
        c
        for c in claims
        if c.modality is Modality.ACTUAL
        and c.polarity is not Polarity.NOT_FOUND
        and c.value is not None
    ]


# Within one subject


def _within(record: Record, subject: str, kind: str) -> Iterator[Contradiction]:
    for name, declared, claims in _comparable(record, (subject,), kind):
        yield from _conflicts(f"{subject}.{name}", (subject,), declared, claims)


def _comparable(
    record: Record, subjects: Sequence[str], kind: str
) -> Iterator[tuple[str, Property, list[Claim]]]:
    """The affirmed claims that are compared with each other: by property, or by measure."""
    groups: dict[str, tuple[Property, list[Claim]]] = {}
    for subject in subjects:
        for name in record.properties_of(subject):
            declared = property_of(kind, name)
            if declared is None or not _compared(declared):
                continue
            for claim in _told(record.claims_of(subject, name)):
                if claim.affirmed:
                    groups.setdefault(_group_name(claim), (declared, []))[1].append(claim)
    for name, (declared, claims) in groups.items():
        for suffix, part in _by_dimension(claims):
            yield name + suffix, declared, part


def _compared(declared: Property) -> bool:
    if declared.compare in ("none", "label"):
        return False
    return not (declared.compare == "code" and declared.many)


def _group_name(claim: Claim) -> str:
    if isinstance(claim.value, Quantity):
        return claim.value.measures or claim.property
    if isinstance(claim.value, Share):
        return f"share.{claim.value.party}"
    return claim.property


def _by_dimension(claims: list[Claim]) -> Iterator[tuple[str, list[Claim]]]:
    """Figures of one measure split by dimension, so that currencies stay apart."""
    parts: dict[str, list[Claim]] = {}
    for claim in claims:
        kind = dimension(claim.value.unit)[0] if isinstance(claim.value, Quantity) else ""
        parts.setdefault(kind, []).append(claim)
    for kind in sorted(parts):
        suffix = f".{kind.replace(' ', '-').lower()}" if len(parts) > 1 else ""
        yield suffix, parts[kind]


def _conflicts(
    name: str, subjects: tuple[str, ...], declared: Property, claims: list[Claim]
) -> Iterator[Contradiction]:
    parts = components(claims)
    for number, part in enumerate(parts):
        grouping = group(part)
        names = {c.property for c in part}
        yield Contradiction(
            id=name if number == 0 else f"{name}.{number + 1}",
            subject=subjects[0],
            subjects=subjects,
            property=names.pop() if len(names) == 1 else "quantity",
            kind=_KINDS[declared.compare] if len(subjects) == 1 else "identity",
            sides=tuple(grouping.sides),
            undecided=tuple(grouping.undecided),
        )


# Parts of a whole


def _arithmetic(record: Record, subject: str) -> Iterator[Contradiction]:
    """Shares of one time that exceed the whole even at the low end of their printed precision."""
    latest: dict[str, dict[str, list[Claim]]] = {}
    for claim in _told(record.claims_of(subject, "share")):
        if claim.affirmed and isinstance(claim.value, Share):
            time = claim.valid.text if claim.valid else ""
            latest.setdefault(time, {}).setdefault(claim.value.party, []).append(claim)
    for time, parties in sorted(latest.items()):
        least = sum(min(_low(c) for c in claims) for claims in parties.values())
        if len(parties) > 1 and least > _WHOLE:
            yield Contradiction(
                id=f"{subject}.share.sum" + (f".{time.replace('/', '-')}" if time else ""),
                subject=subject,
                subjects=(subject,),
                property="share",
                kind="arithmetic",
                sides=tuple(Side(claims) for claims in parties.values()),
            )


def _low(claim: Claim) -> float:
    return float(claim.value.quantity.bounds()[0]) if isinstance(claim.value, Share) else 0.0


# Affirmed against denied


def _polarity(record: Record, subject: str) -> Iterator[Contradiction]:
    names = record.denied(subject)
    claims = _told(record.claims_of(subject, *names)) if names else []
    denied: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        if claim.polarity is Polarity.DENIED:
            key = "" if isinstance(claim.value, Edtf) else claim.text
            denied.setdefault((claim.property, key), []).append(claim)
    several = {name for name, _ in denied if sum(n == name for n, _ in denied) > 1}
    for (name, key), against in denied.items():
        affirmed = [
            c
            for c in claims
            if c.affirmed and c.property == name and any(_denies(d, c) for d in against)
        ]
        if not affirmed:
            continue
        suffix = f".{key}" if name in several and key else ""
        yield Contradiction(
            id=f"{subject}.{name}.polarity{suffix}",
            subject=subject,
            subjects=(subject,),
            property=name,
            kind="polarity",
            sides=(Side(affirmed), Side(against)),
        )


def _denies(denied: Claim, affirmed: Claim) -> bool:
    """Whether a denial hits that claim: not by that day, or not that value."""
    if not meet(denied, affirmed):
        return False
    if isinstance(denied.value, Edtf) and isinstance(affirmed.value, Edtf):
        return affirmed.value.first <= denied.value.last
    return denied.value == affirmed.value


# Labels


def _labels(record: Record) -> Iterator[Contradiction]:
    named: dict[tuple[str, str], dict[str, list[Claim]]] = {}
    unique = {
        kind: [name for name, declared in table.items() if declared.unique]
        for kind, table in properties().items()
    }
    for subject in record.subjects(*(kind for kind, names in unique.items() if names)):
        for claim in _told(record.claims_of(subject.id, *unique[subject.kind])):
            if claim.affirmed:
                bearers = named.setdefault((claim.property, claim.text), {})
                bearers.setdefault(subject.id, []).append(claim)
    same = identity_groups(record, "positive")
    for (name, label), bearers in sorted(named.items()):
        things = {same.get(subject, (subject,)) for subject in bearers}
        if len(things) > 1:
            subjects = tuple(sorted(bearers))
            sides = tuple(Side(bearers[subject]) for subject in subjects)
            yield Contradiction(f"{name}.{label}", subjects[0], subjects, name, "label", sides)


# Identity


def identity_groups(record: Record, *judgements: str) -> dict[str, tuple[str, ...]]:
    """Subject -> the sorted group of subjects that judgements of those codes join it to."""
    groups: dict[str, set[str]] = {}
    for subject in record.subjects("judgement"):
        if record.value(subject.id, "judgement") not in judgements:
            continue
        a, b = record.value(subject.id, "a"), record.value(subject.id, "b")
        if not isinstance(a, str) or not isinstance(b, str) or a == b:
            continue
        joined = groups.get(a, {a}) | groups.get(b, {b})
        for member in joined:
            groups[member] = joined
    return {member: tuple(sorted(joined)) for member, joined in groups.items()}


def _joined(record: Record) -> list[tuple[str, ...]]:
    return sorted(set(identity_groups(record, "positive", "unsure").values()))


def _identity(record: Record, groups: Iterable[tuple[str, ...]]) -> Iterator[Contradiction]:
    for members in groups:
        known = [m for m in members if record.has(m)]
        kinds = {record.subject(m).kind for m in known}
        if len(kinds) != 1:
            continue
        for name, declared, claims in _comparable(record, known, kinds.pop()):
            if not declared.needs_source:
                continue
            for item in _conflicts(f"{'='.join(members)}.{name}", members, declared, claims):
                if _crosses(item):
                    yield item


def _crosses(item: Contradiction) -> bool:
    """Whether two different subjects stand against each other, not one against itself."""
    claims = [c for side in item.sides for c in side.claims]
    return any(exclude(a, b) for a in claims for b in claims if a.subject != b.subject)
