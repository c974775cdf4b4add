"""What holds on a day: agreements by stage, commitments, projects, presences, offices, contacts.

``state`` is a pure function of the claims. Plans and proposals never act as events, scenarios never
show, and nothing that surely began later is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Modality, Office, Polarity, Quantity, Rank
from mithaq.record.collecting import no_collecting
from mithaq.record.contacts import Contact, contacts
from mithaq.record.contradictions import Contradiction, contradictions
from mithaq.record.known import LeftOut, known_on
from mithaq.record.properties import properties
from mithaq.record.record import Record
from mithaq.record.stages import DEFAULT_SPAN, Stage, stage
from mithaq.words.dates import Answer, DateError, Edtf, day_of, hull

__all__ = ["State", "as_day", "quantities", "state"]

Plain = dict[str, Any]


@dataclass(frozen=True)
class State:
    """The state on a day; each list holds plain values in the shape of the JSON contract.

    ``contradictions`` are those about the agreements and people that it lists.
    """

    case: str
    at: date
    known: date | None
    agreements: list[Plain] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    commitments: list[Plain] = field(default_factory=list)
    projects: list[Plain] = field(default_factory=list)
    presences: list[Plain] = field(default_factory=list)
    roles: list[Plain] = field(default_factory=list)
    contacts: tuple[Contact, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    stages: Mapping[str, Stage] = field(default_factory=dict)

    def agreement(self, agreement: str) -> Plain:
        """One agreement of the list. Raises KeyError where it did not exist on that day."""
        for item in self.agreements:
            if item["id"] == agreement:
                return item
        raise KeyError(agreement)

    def to_dict(self) -> Plain:
        """The state in the shape of the JSON contract."""
        return {
            "case": self.case,
            "at": self.at.isoformat(),
            "known": self.known.isoformat() if self.known else None,
            "agreements": self.agreements,
            "left_out": self.left_out.to_dict(),
            "commitments": self.commitments,
            "projects": self.projects,
            "presences": self.presences,
            "roles": self.roles,
            "contacts": [contact.to_dict() for contact in self.contacts],
        }


def as_day(value: str | date, name: str) -> date:
    """A day from a date or its text; raises DataError with the name of the argument."""
    try:
        return day_of(value)
    except DateError as error:
        raise DataError([Problem(column=name, what=str(error))]) from None


def state(
    record: Record,
    at: str | date,
    known: str | date | None = None,
    *,
    span: int = DEFAULT_SPAN,
) -> State:
    """The state of a record at the end of a day.

    ``known`` leaves out what was published later; ``span`` is the number of years of silence after
    which a memorandum may have lapsed. Raises DataError where a day is not written YYYY-MM-DD.
    """
    day = as_day(at, "at")
    known_day = None if known is None else as_day(known, "known")
    # The claims of a large store are made here, by the million, and all of them stay.
    with no_collecting():
        return _state(record, day, known_day, span)


def _state(record: Record, day: date, known_day: date | None, span: int) -> State:
    seen, left_out = known_on(record, known_day)
    stages = _stages(seen, day, span)
    listed = [s.id for s in seen.listed("agreement") if s.id in stages]
    found = contradictions(seen, {*listed, *(person.id for person in seen.listed("person"))})
    disputes: dict[str, list[str]] = {}
    for clash in found:
        for subject in clash.subjects:
            disputes.setdefault(subject, []).append(clash.id)
    return State(
        case=record.id,
        at=day,
        known=known_day,
        agreements=[_agreement(seen, key, stages[key], disputes.get(key, [])) for key in listed],
        left_out=left_out,
        commitments=_listed(
            _commitment(seen, s.id, day, stages) for s in seen.listed("commitment")
        ),
        projects=_listed(_project(seen, s.id, day) for s in seen.listed("project")),
        presences=_listed(_presence(seen, s.id, day) for s in seen.listed("presence")),
        roles=_roles(seen, day, found),
        contacts=_contacts(seen, day),
        contradictions=found,
        stages={key: stages[key] for key in listed},
    )


def _contacts(record: Record, at: date) -> tuple[Contact, ...]:
    focus = record.focus
    found = contacts(record, at)
    return found if focus is None else tuple(c for c in found if focus.joins(c.between))


def _listed(items: Iterable[Plain | None]) -> list[Plain]:
    return [item for item in items if item is not None]


def quantities(record: Record, subject: str) -> list[Plain]:
    """The figures of a subject as plain values: measures, number, unit, about, sources."""
    found: dict[Quantity, set[str]] = {}
    declared = properties()[record.subject(subject).kind]
    for name in record.properties_of(subject):
        if declared[name].type == "quantity":
            for figure, source in _figures(record.claims_of(subject, name)):
                found.setdefault(figure, set()).add(source or "unsourced")
    return [
        {
            "measures": value.measures,
            "number": value.number,
            "unit": value.unit,
            "about": value.about,
            "sources": sorted(sources),
        }
        for value, sources in found.items()
    ]


def _figures(claims: Iterable[Claim]) -> Iterator[tuple[Quantity, str]]:
    """The figures told as fact, each with its source; a preferred one hides others of its measure.

    It hides no figure of another measure, and none of another property.
    """
    told = [(c, c.value) for c in claims if c.affirmed and c.actual and type(c.value) is Quantity]
    decided = {value.measures for claim, value in told if claim.rank is Rank.PREFERRED}
    for claim, value in told:
        if claim.rank is Rank.PREFERRED or value.measures not in decided:
            yield value, claim.source


def source_count(record: Record, subject: str) -> int:
    """How many sources speak of a subject."""
    return len(record.cited(subject) - {""})


# Agreements


def _stages(record: Record, at: date, span: int) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    for subject in record.subjects("agreement"):
        sourced = record.cited(subject.id) - {""}
        if not sourced and not any(map(_is_dated, record.claims_of(subject.id))):
            continue
        reached = stage(record, subject.id, at, span=span)
        if reached is not None:
            found[subject.id] = reached
    return found


def _is_dated(claim: Claim) -> bool:
    return claim.date is not None


def _agreement(record: Record, agreement: str, reached: Stage, disputes: list[str]) -> Plain:
    deadline = reached.deadline
    return {
        "id": agreement,
        "kind": record.value(agreement, "agreement_kind") or "other",
        "stage": reached.stage,
        "parties": list(record.texts(agreement, "parties")),
        "since": reached.since,
        "until": reached.until,
        "basis": reached.basis,
        "renewed": reached.renewed,
        "possible": list(reached.possible),
        "next_deadline": {"kind": deadline[0], "date": deadline[1]} if deadline else None,
        "sources": source_count(record, agreement),
        "contradictions": disputes,
    }


# Commitments, projects, presences


def _commitment(
    record: Record, subject: str, at: date, stages: Mapping[str, Stage]
) -> Plain | None:
    promised = record.date(subject, "promised")
    if promised is not None and promised.first > at:
        return None
    agreement = record.value(subject, "agreement")
    # Without a day of its own a commitment is no older than the agreement under which it stands.
    unborn = promised is None and isinstance(agreement, str) and agreement not in stages
    if unborn or not _is_told(record, subject):
        return None
    delivered = record.date(subject, "delivered")
    done = delivered is not None and delivered.reached(at) is not Answer.NO
    status, basis = _commitment_status(record, subject, at)
    return {
        "id": subject,
        "debtor": list(record.texts(subject, "debtor")),
        "creditor": list(record.texts(subject, "creditor")),
        "agreement": agreement,
        "territory": list(record.texts(subject, "territory")),
        "segment": list(record.texts(subject, "segment")),
        "status": status,
        "basis": basis,
        "overdue": status == "scheduled" and basis == "inferred",
        "promised": promised.text if promised else None,
        "due": _text(record.date(subject, "due")),
        "delivered": _text(delivered) if done else None,
        "denied_by": _denied_by(record, subject, "delivered", at),
        "twin": record.value(subject, "twin"),
        "sources": source_count(record, subject),
    }


def _is_told(record: Record, subject: str) -> bool:
    """Whether more is told of a commitment than its names and what else needs no source."""
    if record.cited(subject) - {""}:
        return True
    declared = properties()["commitment"]
    names = [name for name in record.properties_of(subject) if declared[name].needs_source]
    return any(record.claims_of(subject, name) for name in names)


def _commitment_status(record: Record, subject: str, at: date) -> tuple[str, str]:
    """The status, and whether a source tells it or we infer it.

    Silence breaks no promise: where the day has passed and no source says that it was kept or not,
    it stands as scheduled, inferred, which makes it overdue.
    """
    told = _status(record, subject, "commitment_status", at)
    if told:
        return told[0], "reported"
    delivered, due = record.date(subject, "delivered"), record.date(subject, "due")
    if delivered is not None and delivered.reached(at) is Answer.YES:
        return "met", "reported"
    if _denied_by(record, subject, "delivered", at):
        return "not_met", "reported"
    passed = due is not None and due.last < at
    return "scheduled", "inferred" if passed else "reported"


def _denied_by(record: Record, subject: str, name: str, at: date) -> list[str]:
    """The sources that deny a property by that day."""
    return sorted(
        {
            c.source or "unsourced"
            for c in record.claims_of(subject, name)
            if c.polarity is Polarity.DENIED
            and c.modality is Modality.ACTUAL
            and (c.date is None or c.date.first <= at)
        }
    )


def _project(record: Record, subject: str, at: date) -> Plain | None:
    begun = [record.date(subject, name) for name in ("proposed", "started", "contract_signed")]
    told = _status(record, subject, "project_status", at)
    started = [d for d in begun if d is not None]
    if not told and not any(d.first <= at for d in started):
        return None
    cancelled = record.date(subject, "cancelled_on")
    status, since = told or ("proposed", _text(hull([d for d in started if d.first <= at])))
    if cancelled is not None and cancelled.reached(at) is Answer.YES:
        status, since = "cancelled", cancelled.text
    return {
        "id": subject,
        "status": status,
        "since": since,
        "parties": list(record.texts(subject, "parties")),
        "territory": list(record.texts(subject, "territory")),
        "segment": list(record.texts(subject, "segment")),
        "quantities": quantities(record, subject),
        "sources": source_count(record, subject),
    }


def _status(record: Record, subject: str, name: str, at: date) -> tuple[str, str | None] | None:
    """The latest status told for that day, and since when; a claim without a time counts least."""
    best: tuple[date, str, str | None] | None = None
    for claim in record.standing(subject, name):
        if claim.valid is not None and claim.valid.first > at:
            continue
        over = claim.valid is not None and claim.valid.is_interval and claim.valid.last < at
        start = claim.valid.first if claim.valid and not over else date.min
        if best is None or start > best[0]:
            begin = claim.valid.begin if claim.valid else None
            best = (start, claim.text, begin.text if begin else None)
    return None if best is None else (best[1], best[2])


def _presence(record: Record, subject: str, at: date) -> Plain | None:
    opened, closed = record.date(subject, "opened"), record.date(subject, "closed")
    seen = [c.date for c in record.standing(subject, "attested") if c.date is not None]
    first = opened or (min(seen) if seen else None)
    if first is not None and first.first > at:
        return None
    told = _status(record, subject, "presence_status", at)
    if first is None and told is None:
        return None
    status = told[0] if told else "open"
    if closed is not None and closed.reached(at) is Answer.YES:
        status = "closed"
    return {
        "id": subject,
        "party": record.value(subject, "party"),
        "kind": record.value(subject, "presence_kind"),
        "status": status,
        "territory": list(record.texts(subject, "territory")),
        "place": record.text(subject, "place") or None,
        "opened": _text(opened),
        "closed": _text(closed) if closed and closed.first <= at else None,
        "sources": source_count(record, subject),
    }


def _text(value: Edtf | None) -> str | None:
    return value.text if value else None


# Offices


def _roles(record: Record, at: date, clashes: Iterable[Contradiction]) -> list[Plain]:
    """Who held which office: from its first to its last attestation, else not listed."""
    found: list[Plain] = []
    disputed = {
        (c.subject, c.value)
        for clash in clashes
        if clash.property == "office"
        for side in clash.sides
        for c in side.claims
    }
    for person in record.listed("person"):
        held: dict[Office, list[Claim]] = {}
        for claim in record.standing(person.id, "office"):
            if isinstance(claim.value, Office):
                held.setdefault(claim.value, []).append(claim)
        for office, claims in sorted(held.items(), key=lambda item: (item[0].party, item[0].role)):
            item = _role(person.id, office, claims, at)
            if item is not None:
                found.append({**item, "disputed": (person.id, office) in disputed})
    return found


def _role(person: str, office: Office, claims: list[Claim], at: date) -> Plain | None:
    times = [c.valid for c in claims if c.valid is not None]
    span = hull(times)
    if span is not None and not span.first <= at <= span.last:
        return None
    attested = any(t.contains(at) is Answer.YES for t in times)
    open_end = span is None or span.open_end or span.text.endswith("/")
    begin = span.begin if span else None
    end = span.end if span else None
    return {
        "person": person,
        "party": office.party or None,
        "role": office.role,
        "since": begin.text if begin else None,
        "until": None if open_end or end is None else end.text,
        "basis": "reported" if attested else "inferred",
        "sources": len({c.source for c in claims if c.source}),
    }
