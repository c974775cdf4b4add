"""Checks: small named functions that look for what a careful editor would look for.

Each check has a key and a sentence (an English message id with placeholders, translated where it is
shown) and yields findings. A finding is a record, never an exception: loading and asking go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

from mithaq.record.claims import Claim, Modality, Office, Polarity, Quantity, Share
from mithaq.record.contradictions import Contradiction, contradictions
from mithaq.record.names import fold, fused
from mithaq.record.properties import property_of
from mithaq.record.record import Record
from mithaq.record.stages import stage
from mithaq.words.dates import Edtf
from mithaq.words.units import BCM_PER_MT_LNG, dimension

__all__ = ["CHECKS", "Check", "CheckReport", "Finding", "check"]

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
_SHARE_SLACK = 0.6
_SAME_RATIO = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: its key, the subject, the filled sentence, the place.

    ``message`` and ``values`` are the sentence before filling, for translation.
    """

    key: str
    subject: str
    message: str
    values: dict[str, str] = field(default_factory=dict, hash=False)
    where: str = ""

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.message.format(**self.values)

    def to_dict(self) -> dict[str, Any]:
        """The finding in the shape of the JSON contract."""
        return {
            "key": self.key,
            "subject": self.subject,
            "sentence": self.sentence,
            "where": self.where,
            "message": self.message,
            "values": dict(self.values),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """A named check: ``message`` is what it says of each finding."""

    key: str
    message: str
    look: Callable[[Record], Iterator[tuple[str, dict[str, str], Claim | None]]]

    def run(self, record: Record) -> list[Finding]:
        """The findings of this check in a record."""
        found: dict[tuple[str, tuple[str, ...]], Finding] = {}
        for subject, values, claim in self.look(record):
            if claim is not None:
                where = str(claim.where)
            else:
                where = str(record.subject(subject).where) if record.has(subject) else ""
            values = {"subject": record.name(subject), **values}
            finding = Finding(self.key, subject, self.message, values, where)
            found.setdefault((subject, tuple(values.values())), finding)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Contradictions and findings of a record."""

    contradictions: tuple[Contradiction, ...]
    problems: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return bool(self.contradictions or self.problems)

    def to_dict(self) -> dict[str, Any]:
        """The report in the shape of the JSON contract."""
        return {
            "contradictions": [item.to_dict() for item in self.contradictions],
            "problems": [item.to_dict() for item in self.problems],
        }


def check(record: Record) -> CheckReport:
    """Every contradiction and every finding of a record, in a fixed order."""
    found = [finding for named in CHECKS for finding in named.run(record)]
    return CheckReport(contradictions(record), tuple(found))


_Found = Iterator[tuple[str, dict[str, str], Claim | None]]


def _label(record: Record, subject: str, name: str) -> str:
    """The label of a property for the kind of that subject."""
    declared = property_of(record.subject(subject).kind, name)
    return declared.label if declared else name


def _actual(record: Record, subject: str, *names: str) -> list[Claim]:
    """The affirmed claims told as fact."""
    return [c for c in record.claims_of(subject, *names) if c.affirmed and c.actual]


# Sources and dates


def _unsourced(record: Record) -> _Found:
    seen: set[tuple[str, str]] = set()
    for claim in record.claims:
        declared = property_of(record.subject(claim.subject).kind, claim.property)
        key = (claim.subject, claim.property)
        editorial = declared is None or not declared.needs_source
        # What we ourselves looked for and did not find has no source to name.
        if claim.source or editorial or claim.polarity is Polarity.NOT_FOUND or key in seen:
            continue
        seen.add(key)
        label = _label(record, claim.subject, claim.property)
        yield claim.subject, {"property": label, "value": claim.text}, claim


def _published_before(record: Record) -> _Found:
    for claim in record.claims:
        if not claim.affirmed or not claim.actual or claim.property not in _HAPPENED:
            continue
        published = record.sources[claim.source].published if claim.source else None
        when = claim.date
        if published and when and published.last < when.first:
            values = {
                "property": _label(record, claim.subject, claim.property),
                "date": when.text,
                "source": claim.source,
                "published": published.text,
            }
            yield claim.subject, values, claim


def _out_of_order(record: Record) -> _Found:
    for subject in record.subjects():
        for first, second in _ORDER:
            for a in _actual(record, subject.id, first):
                for b in _actual(record, subject.id, second):
                    if a.date and b.date and b.date.last < a.date.first:
                        values = {
                            "first": _label(record, subject.id, first),
                            "first_date": a.text,
                            "second": _label(record, subject.id, second),
                            "second_date": b.text,
                        }
                        yield subject.id, values, b


def _planned_as_actual(record: Record) -> _Found:
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
            for c in _actual(record, claim.subject, claim.property)
            if c.date is not None and not c.date.meets(claim.date)
        ]
        if plans and others:
            values = {
                "date": claim.text,
                "property": _label(record, claim.subject, claim.property),
                "actual": others[0].text,
            }
            yield claim.subject, values, claim


# Offices


def _office_not_held(record: Record) -> _Found:
    """Somebody called by an office that others give to him or her otherwise, or at another time."""
    for person in record.subjects("person"):
        offices = [c for c in _actual(record, person.id, "office") if isinstance(c.value, Office)]
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


# Figures


def _shares(record: Record) -> _Found:
    for subject in record.subjects():
        groups: dict[tuple[str, str], dict[str, Claim]] = {}
        for claim in _actual(record, subject.id, "share"):
            if isinstance(claim.value, Share):
                key = (claim.source, claim.valid.text if claim.valid else "")
                groups.setdefault(key, {})[claim.value.party] = claim
        for claims in groups.values():
            parts = [c.value.quantity.middle for c in claims.values() if isinstance(c.value, Share)]
            total = sum(parts)
            if (len(parts) > 1 or total > 100) and abs(total - 100) > _SHARE_SLACK:
                claim = next(iter(claims.values()))
                yield subject.id, {"total": f"{total:g}", "source": claim.source or "-"}, claim


def _volume_above_capacity(record: Record) -> _Found:
    flows = {"annual_sales", "annual_output", "annual_exports", "gas_output"}
    for subject in record.subjects():
        figures = _figures(record, subject.id)
        for capacity in figures:
            if capacity.value.measures != "capacity":
                continue
            kind, size = dimension(capacity.value.unit)
            ceiling = float(capacity.value.bounds()[1]) * float(size)
            for flow in figures:
                flow_kind, flow_size = dimension(flow.value.unit)
                low = float(flow.value.bounds()[0]) * float(flow_size)
                if flow.value.measures in flows and flow_kind == kind and low > ceiling:
                    values = {"flow": str(flow.value), "capacity": str(capacity.value)}
                    yield subject.id, values, flow.claim


@dataclass(frozen=True, slots=True)
class _Figure:
    """A claim together with its value, known to be a quantity."""

    claim: Claim
    value: Quantity


def _figures(record: Record, subject: str) -> list[_Figure]:
    claims = _actual(record, subject)
    return [_Figure(c, c.value) for c in claims if isinstance(c.value, Quantity)]


def _digits(number: str) -> str:
    return re.sub(r"[^0-9]", "", number)


def _reversed_digits(record: Record) -> _Found:
    """Two figures of one thing whose printed digits are each other's mirror image."""
    for subject in record.subjects():
        for a, b in _rivals(record, subject.id):
            left, right = _printed(a), _printed(b)
            if len(left) > 1 and left != right and left == right[::-1]:
                values = {"value": a.claim.original or str(a.value), "other": str(b.value)}
                yield subject.id, values, a.claim
    for claim in record.claims:
        # A year of the 81st century is one of ours read from the wrong side.
        for year in re.findall(r"(?<![0-9])[0-9]{4}(?![0-9])", claim.original):
            if _is_ours(year[::-1]) and not _is_ours(year):
                values = {"value": year, "other": year[::-1]}
                yield claim.subject, values, claim


def _is_ours(year: str) -> bool:
    return 1900 <= int(year) <= 2099


def _printed(figure: _Figure) -> str:
    """The digits as the source printed them where that is told, else as entered."""
    return _digits(figure.claim.original) or _digits(figure.value.number)


def _rivals(record: Record, subject: str) -> Iterator[tuple[_Figure, _Figure]]:
    """Pairs of figures of one measure and unit that cannot both hold, each pair once."""
    figures = _figures(record, subject)
    seen: set[tuple[Quantity, Quantity]] = set()
    for a, b in combinations(figures, 2):
        if (a.value, b.value) in seen or a.value.unit != b.value.unit:
            continue
        seen |= {(a.value, b.value), (b.value, a.value)}
        if a.value.agrees(b.value) is False:
            yield a, b


def _swapped_or_slipped(record: Record) -> _Found:
    """Rival figures with the same digits in another order, or with one digit different."""
    for subject in record.subjects():
        for a, b in _rivals(record, subject.id):
            left, right = _digits(a.value.number), _digits(b.value.number)
            mirrored = left == right[::-1] and len(left) > 2
            if len(left) != len(right) or len(left) < 2 or mirrored:
                continue
            differing = sum(x != y for x, y in zip(left, right, strict=True))
            if sorted(left) == sorted(right) or (differing == 1 and len(left) > 2):
                values = {"value": str(a.value), "other": str(b.value)}
                yield subject.id, values, a.claim


def _figures_exchanged(record: Record) -> _Found:
    """One source that gives two parties the figures which others give the other way round."""
    told: dict[tuple[str, str], dict[str, list[_Figure]]] = {}
    for subject in record.subjects("party"):
        for figure in _figures(record, subject.id):
            key = (figure.claim.source, figure.value.measures)
            told.setdefault(key, {}).setdefault(subject.id, []).append(figure)
    for (source, measures), by_party in told.items():
        for a, b in combinations(sorted(by_party), 2):
            x, y = by_party[a][0], by_party[b][0]
            for (other, same), others in told.items():
                if other == source or same != measures or a not in others or b not in others:
                    continue
                p, q = others[a][0].value, others[b][0].value
                if (x.value.low - y.value.low) * (p.low - q.low) < 0 and source > "":
                    values = {
                        "other_subject": record.name(b),
                        "source": source,
                        "other_source": other,
                    }
                    if _rarer(record, a, x) or _rarer(record, b, y):
                        yield a, values, x.claim


def _rarer(record: Record, subject: str, figure: _Figure) -> bool:
    """Whether the figure is the later one: of two papers the later is taken to have slipped."""
    published = record.sources[figure.claim.source].published if figure.claim.source else None
    rivals = [
        record.sources[c.source].published
        for c in _actual(record, subject)
        if isinstance(c.value, Quantity)
        and c.value.measures == figure.value.measures
        and c.source
        and c.source != figure.claim.source
    ]
    days = [r.first for r in rivals if r is not None]
    return published is not None and bool(days) and published.first > min(days)


def _bcm_as_mt(record: Record) -> _Found:
    """Two figures of one measure, in Mt and in bcm, with one number: one unit was misread."""
    for subject in record.subjects():
        for a, b in combinations(_figures(record, subject.id), 2):
            units = {a.value.unit, b.value.unit}
            if a.value.measures != b.value.measures or units not in _GAS_UNITS:
                continue
            ratio = b.value.middle / a.value.middle if a.value.middle else 0.0
            if abs(ratio - 1) < _SAME_RATIO:
                values = {
                    "value": str(a.value),
                    "other": str(b.value),
                    "factor": f"{BCM_PER_MT_LNG:g}",
                }
                yield subject.id, values, b.claim


_GAS_UNITS = ({"Mt/year", "bcm/year"}, {"Mt", "bcm"})
_UNIT_SLIPS = ({"inch", "cm"}, {"km", "m"}, {"MUSD", "GUSD"}, {"kDZD", "DZD"}, {"MDZD", "GDZD"})


def _unit_slip(record: Record) -> _Found:
    """One number printed with two units of one dimension."""
    for subject in record.subjects():
        seen: set[tuple[str, str, str]] = set()
        for a, b in combinations(_figures(record, subject.id), 2):
            key = (a.value.measures, str(a.value), str(b.value))
            if a.value.measures != b.value.measures or key in seen:
                continue
            seen.add(key)
            if {a.value.unit, b.value.unit} in _UNIT_SLIPS and a.value.low == b.value.low:
                yield subject.id, {"value": str(a.value), "other": str(b.value)}, b.claim


# Names


def _fused_names(record: Record) -> _Found:
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


def _shared_alias(record: Record) -> _Found:
    owners: dict[str, dict[str, Claim]] = {}
    for subject in record.subjects("party", "person"):
        for claim in record.claims_of(subject.id, "name", "aliases"):
            owners.setdefault(fold(claim.text), {}).setdefault(subject.id, claim)
    for by_subject in owners.values():
        for a, b in combinations(sorted(by_subject), 2):
            values = {"alias": by_subject[a].text, "other": record.name(b)}
            yield a, values, by_subject[a]


# Agreements and commitments


def _twinless(record: Record) -> _Found:
    for subject in record.subjects("commitment"):
        twin = record.value(subject.id, "twin")
        if isinstance(twin, str):
            if record.value(twin, "twin") != subject.id:
                yield subject.id, {"twin": record.name(twin)}, None
        elif record.value(subject.id, "principle") == "reciprocity":
            yield subject.id, {"twin": "-"}, None


def _after_lapse(record: Record) -> _Found:
    """An act under an agreement on a day on which it had surely lapsed."""
    for subject in record.subjects("agreement"):
        for claim in _actual(record, subject.id, "applied"):
            if claim.date is not None and _over(record, subject.id, claim.date.first):
                act = _label(record, subject.id, claim.property)
                yield subject.id, {"act": act, "date": claim.text}, claim
    for subject in record.subjects("presence", "award", "commitment", "project"):
        for claim in _actual(record, subject.id, "agreement"):
            when = _first_date(record, subject.id)
            if when and isinstance(claim.value, str) and _over(record, claim.value, when.first):
                values = {"act": record.name(subject.id), "date": when.text}
                yield claim.value, values, claim
    for subject in record.subjects("meeting"):
        when = record.date(subject.id, "date")
        for claim in _actual(record, subject.id, "agreements"):
            if when and isinstance(claim.value, str) and _over(record, claim.value, when.first):
                values = {"act": record.name(subject.id), "date": when.text}
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


def _dead_projects(record: Record) -> _Found:
    """A project called operating, or planned to start, after it was given up."""
    for subject in record.subjects("project"):
        cancelled = record.date(subject.id, "cancelled_on")
        if cancelled is None:
            continue
        for claim in _actual(record, subject.id, "started", "completed"):
            if claim.date is not None and claim.date.first > cancelled.last:
                yield subject.id, {"cancelled": cancelled.text, "date": claim.text}, claim


def _denied_party(record: Record) -> _Found:
    """A party that one source names at a meeting or in a project and another leaves out."""
    for subject in record.subjects("meeting", "project", "agreement"):
        denied = {
            c.text: c
            for c in record.claims_of(subject.id, "parties")
            if c.polarity is not Polarity.AFFIRMED
        }
        for claim in _actual(record, subject.id, "parties"):
            if claim.text in denied:
                source = denied[claim.text].source or "-"
                values = {"party": record.name(claim.text), "source": source}
                yield subject.id, values, claim


CHECKS: tuple[Check, ...] = (
    Check("unsourced", "{subject}: {property} ({value}) has no source", _unsourced),
    Check(
        "published-before-event",
        "{subject}: {source}, published {published}, tells of {property} on {date} as done",
        _published_before,
    ),
    Check(
        "end-before-start",
        "{subject}: {second} ({second_date}) lies before {first} ({first_date})",
        _out_of_order,
    ),
    Check(
        "planned-as-actual",
        "{subject}: {date} was the planned day of {property}; others tell that it came on {actual}",
        _planned_as_actual,
    ),
    Check(
        "office-not-held",
        "{subject}: called {role} in {date}, but held another office then ({held})",
        _office_not_held,
    ),
    Check("shares-not-100", "{subject}: the shares given by {source} sum to {total} %", _shares),
    Check(
        "volume-above-capacity",
        "{subject}: a flow of {flow} exceeds the capacity of {capacity}",
        _volume_above_capacity,
    ),
    Check(
        "reversed-digits",
        "{subject}: {value} reads as {other} from the other side",
        _reversed_digits,
    ),
    Check(
        "digit-slip",
        "{subject}: {value} and {other} differ by one digit or by the order of digits",
        _swapped_or_slipped,
    ),
    Check(
        "figures-exchanged",
        "{subject} and {other_subject}: {source} gives their figures the other way round than "
        "{other_source}",
        _figures_exchanged,
    ),
    Check(
        "bcm-read-as-mt",
        "{subject}: {value} and {other} carry one number; 1 Mt of LNG is {factor} bcm",
        _bcm_as_mt,
    ),
    Check("unit-slip", "{subject}: {value} and {other} carry one number", _unit_slip),
    Check(
        "fused-names",
        "{subject}: {word} looks like {first} and {second} written as one word",
        _fused_names,
    ),
    Check("shared-alias", "{subject}: {alias} is also a name of {other}", _shared_alias),
    Check(
        "commitment-without-twin",
        "{subject}: the reciprocal commitment is missing or does not point back ({twin})",
        _twinless,
    ),
    Check("act-after-lapse", "{subject}: {act} ({date}) came after it had ended", _after_lapse),
    Check(
        "dead-project",
        "{subject}: given up in {cancelled}, yet told as at work in {date}",
        _dead_projects,
    ),
    Check(
        "party-in-doubt",
        "{subject}: {party} is named, but {source} does not find it there",
        _denied_party,
    ),
)
"""Every check, in the order in which findings are listed."""
