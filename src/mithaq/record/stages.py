"""The stage of an agreement on a day, computed from its claims and never stored.

Where sources differ, every reading of them is tried: each side of each contradiction, and within a
coarse date its first and its last day. If all readings give one stage, that is the answer; if not,
the stage is ``unknown`` and ``possible`` lists what it may be. Preferred claims decide alone.

Precedence: terminated > superseded > lapsed > may_have_lapsed > in_force > signed >
agreed_in_principle > under_negotiation > expression_of_interest.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from math import prod

from mithaq.record.claims import Basis, Claim, Modality, Polarity, Quantity, Rank
from mithaq.record.properties import codes
from mithaq.record.record import Record
from mithaq.record.sides import Side, group
from mithaq.words.dates import Edtf, hull, spanning
from mithaq.words.units import dimension

__all__ = [
    "DEFAULT_SPAN",
    "DOUBTED_BY_SILENCE",
    "NEED_RATIFICATION",
    "Stage",
    "TermEnd",
    "stage",
    "term_end",
]

NEED_RATIFICATION = frozenset({"intergovernmental", "production_sharing"})
"""Kinds that stay signed until ratified or provisionally applied."""
DOUBTED_BY_SILENCE = frozenset(
    {"memorandum_of_understanding", "protocol", "agreement_in_principle"}
)
"""Kinds that, without a known term, long silence makes one doubt."""
DEFAULT_SPAN = 2
"""Years without a sign of life after which a memorandum may have lapsed."""

_ONE_OF = (
    "signed",
    "ratified",
    "provisionally_applied",
    "in_force_from",
    "agreed_in_principle",
    "expires",
    "ended",
    "terminated",
    "superseded",
    "not_renewed",
)
_EACH = ("renewed", "revived", "applied", "negotiated", "interest", "announced")
_MOST_READINGS = 20_000
_MONTH_SLACK = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage on a day.

    ``since`` and ``until`` are EDTF texts or None; ``basis`` is reported or inferred; ``renewed``
    is None where no source tells; ``possible`` is empty unless the stage is unknown; ``deadline``
    is what the agreement itself sets next, an EDTF text no more precise than the sources.
    """

    stage: str
    since: str | None = None
    until: str | None = None
    basis: str = "reported"
    renewed: bool | None = None
    possible: tuple[str, ...] = ()
    deadline: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TermEnd:
    """When the running term ends: an interval over all readings of the sources.

    ``renews`` says that it then renews itself unless notice is given; ``notice`` is the interval in
    which notice falls due, or None; ``inferred`` that no source states the end itself.
    """

    end: Edtf
    renews: bool = False
    notice: Edtf | None = None
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the sources: what had happened by the day, and when."""

    days: Mapping[str, date | None]
    each: Mapping[str, tuple[date, ...]]
    stated: frozenset[str]
    term: int | None
    term_reported: bool
    tacit: bool
    kind: str
    span: int

    def last(self, *names: str) -> date | None:
        return max((d for name in names for d in self.each.get(name, ())), default=None)


def stage(record: Record, agreement: str, at: date, *, span: int = DEFAULT_SPAN) -> Stage | None:
    """The stage of an agreement at the end of a day; None where it surely did not exist yet.

    ``span`` is the number of years without a sign of life after which a memorandum, protocol or
    agreement in principle of unknown term may have lapsed.
    """
    table = _Table(record, agreement)
    if not table.dated:
        # A plan that nobody tells the outcome of is no agreement; one without any date may be.
        return None if table.planned else Stage("unknown", basis=Basis.INFERRED.value)
    found: dict[str, str] = {}
    for reading in table.readings(at, span):
        name, reason = _stage_of(reading, at)
        found.setdefault(name, reason)
    order = {code: number for number, code in enumerate(codes("stage"))}
    names = sorted(found, key=lambda name: order[name])
    if names == ["not_yet"]:
        return None
    renewed = table.renewed(at, names)
    if len(names) > 1:
        return Stage("unknown", basis="inferred", possible=tuple(names), renewed=renewed)
    name, reason = names[0], found[names[0]]
    return Stage(
        stage=name,
        since=table.since(name, reason, at, span),
        until=table.until(name, at),
        basis=table.basis(name, reason),
        renewed=renewed,
        deadline=table.deadline(name, at),
    )


def term_end(record: Record, agreement: str, at: date) -> TermEnd | None:
    """The end of the term that runs on a day; None where nothing tells of one still to come.

    A term that renews itself is followed to the first end that is not over, where its length is
    known. Ends on which sources differ make one interval from the first to the last.
    """
    return _Table(record, agreement).term_end(at)


class _Table:
    """The dated claims of one agreement, sorted into sides."""

    def __init__(self, record: Record, agreement: str) -> None:
        self.kind = str(record.value(agreement, "agreement_kind") or "other")
        self.sides: dict[str, list[Side]] = {}
        self.denied: set[str] = set()
        for name in _ONE_OF:
            source = "renewed" if name == "not_renewed" else name
            wanted = Polarity.DENIED if name == "not_renewed" else Polarity.AFFIRMED
            claims = _standing(record.claims_of(agreement, source))
            told = [c for c in claims if c.polarity is wanted and c.date is not None]
            if told:
                self.sides[name] = group(told, _dates_exclude).sides
            if any(c.polarity is Polarity.DENIED for c in claims):
                self.denied.add(source)
        self.each: dict[str, list[Claim]] = {}
        for name in _EACH:
            told = [
                c for c in _standing(record.claims_of(agreement, name)) if c.affirmed and c.date
            ]
            if told:
                self.each[name] = told
        self.term_claims = [
            c
            for c in record.standing(agreement, "term")
            if isinstance(c.value, Quantity) and dimension(c.value.unit)[0] in ("months", "hours")
        ]
        self.planned = any(
            c.modality is not Modality.ACTUAL for c in record.claims_of(agreement, "signed")
        )
        self.notice = record.value(agreement, "notice")
        self.tacit = record.value(agreement, "tacit_renewal") == "yes"

    @property
    def dated(self) -> bool:
        """Whether any claim tells when something happened to the agreement."""
        return bool(self.sides or self.each)

    # Readings

    def readings(self, at: date, span: int) -> Iterator[_Reading]:
        """Every way to read the sources; a day after ``at`` counts as not yet happened."""
        choices = [sorted(self._choices(name, at), key=_none_last) for name in self.sides]
        each = {name: self._each(name, at) for name in self.each}
        told = {_days(c.value) for c in self.term_claims if isinstance(c.value, Quantity)}
        terms: list[int | None] = [*sorted(told)] or [None]
        reported = any(c.basis is Basis.REPORTED for c in self.term_claims)
        if prod(map(len, [*choices, *each.values(), terms])) > _MOST_READINGS:
            # So many disagreements at once: the earliest and the latest of each must do.
            choices = [[few[0], few[-1]] for few in choices]
            each = {name: {max(some, key=len)} for name, some in each.items()}
        for picked in product(*choices):
            days = dict(zip(self.sides, picked, strict=True))
            for chosen in product(*each.values()):
                for term in terms:
                    yield _Reading(
                        days=days,
                        each=dict(zip(each, chosen, strict=True)),
                        stated=frozenset(self.sides),
                        term=term,
                        term_reported=reported,
                        tacit=self.tacit,
                        kind=self.kind,
                        span=span,
                    )

    def _choices(self, name: str, at: date) -> set[date | None]:
        found: set[date | None] = set()
        for side in self.sides[name]:
            bounds = _bounds(side)
            # A stated expiry counts before it has come: it says that the term is not over.
            found |= {day if day <= at or name == "expires" else None for day in bounds}
        if name in self.denied and name != "not_renewed":
            found.add(None)
        if len(found) > 3:
            # Only the extremes and "not yet" can change the answer.
            told = sorted(day for day in found if day is not None)
            found = {told[0], told[-1]} | ({None} if None in found else set())
        return found

    def _each(self, name: str, at: date) -> set[tuple[date, ...]]:
        """The sure happenings of a kind, and all that may have happened."""
        dates = [c.date for c in self.each[name] if c.date is not None]
        sure = tuple(sorted({d.last for d in dates if d.last <= at}))
        most = tuple(sorted({min(d.last, at) for d in dates if d.first <= at}))
        disputed = {()} if name in self.denied else set()
        return {sure, most} | disputed

    # The answer

    def renewed(self, at: date, names: Sequence[str]) -> bool | None:
        """Whether it was renewed by that day; None where no source tells."""
        renewals = [c.date for n in ("renewed", "revived") for c in self.each.get(n, [])]
        happened = any(d is not None and d.last <= at for d in renewals)
        denials = [b for s in self.sides.get("not_renewed", []) if (b := s.bounds())]
        denied = any(d.first <= at for d in denials)
        if happened and not denied:
            return True
        if denied and not happened:
            return False
        return False if list(names) == ["lapsed"] else None

    def since(self, name: str, reason: str, at: date, span: int) -> str | None:
        """From when the stage holds, as precisely as the sources allow."""
        if reason in self.each:
            dates = [c.date for c in self.each[reason] if c.date and c.date.first <= at]
            dates = dates[-1:] if name == "in_force" else dates[:1]
        elif reason in self.sides:
            dates = [b for s in self.sides[reason] if (b := _narrow(s)) and b.first <= at]
        else:
            return self._inferred_since(reason, at, span)
        found = hull(dates)
        return found.text if found else None

    def _inferred_since(self, reason: str, at: date, span: int) -> str | None:
        """When the term ran out, or the silence grew too long, over all readings."""
        days: set[date] = set()
        for reading in self.readings(at, span):
            if reason == "term":
                days |= {over} if (over := _expiry(reading)) else set()
            elif last := _last_sign(reading):
                days.add(_add_years(last, span))
        return spanning(min(days), max(days)).text if days else None

    def _expiries(self, at: date) -> list[date]:
        """The days on which the running term may end, over all readings; those to come."""
        found = {_expiry(reading) for reading in self.readings(at, DEFAULT_SPAN)}
        return sorted(day for day in found if day is not None and day > at)

    def term_end(self, at: date) -> TermEnd | None:
        """The end of the running term with its notice, over all readings."""
        found: set[date] = set()
        for reading in self.readings(at, DEFAULT_SPAN):
            over = _expiry(reading)
            if over is not None and self.tacit and reading.term:
                over = _next_end(over, reading.term, at)
            found |= {over} if over is not None else set()
        if not found or max(found) < at:
            return None
        first, last = min(found), max(found)
        notice = None
        if isinstance(self.notice, Quantity):
            ahead = timedelta(days=_days(self.notice))
            notice = spanning(_before(first, ahead), _before(last, ahead))
        claims = [c for side in self.sides.get("expires", []) for c in side.claims]
        inferred = not any(c.basis is Basis.REPORTED for c in claims)
        return TermEnd(spanning(first, last), self.tacit, notice, inferred)

    def until(self, name: str, at: date) -> str | None:
        """When the stage ended or will end, where a source tells; None else."""
        following = {
            "in_force": ("terminated", "superseded", "ended", "expires"),
            "signed": ("in_force_from", "ratified", "provisionally_applied"),
        }
        for event in following.get(name, ()):
            dates = [b for s in self.sides.get(event, []) if (b := _narrow(s)) and b.last > at]
            found = hull(dates)
            if found:
                return found.text
        over = self._expiries(at) if name == "in_force" else []
        return spanning(over[0], over[-1]).text if over else None

    def basis(self, name: str, reason: str) -> str:
        """Whether the stage rests on a report or on inference."""
        if name == "may_have_lapsed":
            return Basis.INFERRED.value
        claims = [c for side in self.sides.get(reason, []) for c in side.claims]
        claims += self.each.get(reason, [])
        inferred = bool(claims) and all(c.basis is Basis.INFERRED for c in claims)
        return (Basis.INFERRED if inferred or not claims else Basis.REPORTED).value

    def deadline(self, name: str, at: date) -> tuple[str, str] | None:
        """What the agreement sets next: a notice by its earliest end, or the end as told."""
        ahead = self._expiries(at) if name in ("in_force", "signed") else []
        if not ahead:
            return None
        over = ahead[0]
        if isinstance(self.notice, Quantity):
            notice = over - timedelta(days=_days(self.notice))
            if notice > at:
                return ("notice", notice.isoformat())
        # A source that tells only the year leaves it at the year.
        told = hull([b for s in self.sides.get("expires", []) if (b := _narrow(s)) and b.last > at])
        if told is not None and told.first <= over <= told.last:
            return ("expiry", told.text)
        return ("expiry", over.isoformat())


def _stage_of(reading: _Reading, at: date) -> tuple[str, str]:
    """The stage in one reading, and the event or rule that decides it."""
    days = reading.days
    alive = reading.last("revived", "renewed")
    for name in ("terminated", "superseded"):
        day = days.get(name)
        if day is not None and not _later(reading.last("revived"), day):
            return name, name
    ended = days.get("ended")
    if ended is not None and not _later(alive, ended):
        over = _expiry(reading)
        early = over is not None and reading.term_reported and ended + _MONTH_SLACK < over
        return ("terminated" if early else "lapsed"), "ended"
    start, reason = _start(reading)
    if start is None:
        return _before_force(reading)
    return _in_force(reading, at, start, reason, alive)


def _in_force(
    reading: _Reading, at: date, start: date, reason: str, alive: date | None
) -> tuple[str, str]:
    """In force, or over by its term, by a stated non-renewal or, perhaps, by silence."""
    over = _expiry(reading)
    expired = over is not None and over <= at
    refused = reading.days.get("not_renewed")
    if refused is not None and not _later(alive, refused) and (over is None or expired):
        return "lapsed", "not_renewed"
    if expired and not reading.tacit:
        return "may_have_lapsed", "expires" if reading.days.get("expires") else "term"
    if over is None and reading.term is None and reading.kind in DOUBTED_BY_SILENCE:
        sign = _last_sign(reading) or start
        if _add_years(sign, reading.span) < at:
            return "may_have_lapsed", "silence"
    renewal = "revived" if alive and alive in reading.each.get("revived", ()) else "renewed"
    return "in_force", renewal if alive else reason


def _start(reading: _Reading) -> tuple[date | None, str]:
    """From when it is in force in this reading, and by which event."""
    renewals = reading.last("renewed", "revived")
    names: tuple[str, ...] = ("in_force_from", "provisionally_applied", "ratified")
    for name in names:
        day = reading.days.get(name)
        if day is not None:
            return day, name
    if "in_force_from" not in reading.stated and reading.kind not in NEED_RATIFICATION:
        signed = reading.days.get("signed")
        if signed is None and reading.kind == "agreement_in_principle":
            signed, name = reading.days.get("agreed_in_principle"), "agreed_in_principle"
            if signed is not None:
                return signed, name
        if signed is not None:
            return signed, "signed"
    if renewals is not None:
        return renewals, "renewed" if "renewed" in reading.each else "revived"
    applied = reading.each.get("applied", ())
    if applied and "signed" not in reading.stated:
        return applied[0], "applied"
    return None, ""


def _before_force(reading: _Reading) -> tuple[str, str]:
    if reading.days.get("signed") is not None:
        return "signed", "signed"
    if reading.days.get("agreed_in_principle") is not None:
        return "agreed_in_principle", "agreed_in_principle"
    if reading.each.get("negotiated"):
        return "under_negotiation", "negotiated"
    for name in ("interest", "announced"):
        if reading.each.get(name):
            return "expression_of_interest", name
    return "not_yet", ""


def _expiry(reading: _Reading) -> date | None:
    """The end of the running term: as stated, or start (or renewal) plus term."""
    renewal = reading.last("renewed", "revived")
    stated = reading.days.get("expires")
    if stated is not None and (renewal is None or renewal < stated):
        return stated
    if reading.term is None:
        return None
    start = renewal or _start(reading)[0]
    return None if start is None else _add_term(start, reading.term)


def _last_sign(reading: _Reading) -> date | None:
    """The last day on which it started, was applied, renewed or affirmed as in force."""
    start, _ = _start(reading)
    signs = [d for d in (start, reading.last("renewed", "revived", "applied")) if d is not None]
    return max(signs, default=None)


def _standing(claims: Sequence[Claim]) -> list[Claim]:
    """Claims told as fact that found something; the preferred ones alone where any are."""
    told = [
        c
        for c in claims
        if c.modality is Modality.ACTUAL
        and c.rank is not Rank.DEPRECATED
        and c.polarity is not Polarity.NOT_FOUND
    ]
    preferred = [c for c in told if c.rank is Rank.PREFERRED]
    return preferred or told


def _dates_exclude(a: Claim, b: Claim) -> bool:
    return a.date is not None and b.date is not None and not a.date.meets(b.date)


def _bounds(side: Side) -> tuple[date, date]:
    """The days that all claims of a side allow."""
    dates = [c.date for c in side.claims if c.date is not None]
    return max(d.first for d in dates), min(d.last for d in dates)


def _narrow(side: Side) -> Edtf | None:
    first, last = _bounds(side)
    exact = side.bounds()
    if exact is not None and (exact.first, exact.last) == (first, last):
        return exact
    return spanning(first, last) if first <= last else exact


def _later(day: date | None, than: date) -> bool:
    return day is not None and day >= than


def _none_last(day: date | None) -> tuple[bool, date]:
    return day is None, day or date.max


def _days(term: Quantity) -> int:
    """A term as days, with months counted exactly by :func:`_add_term` when they are whole."""
    kind, size = dimension(term.unit)
    amount = term.middle * float(size)
    return round(amount / 24) if kind == "hours" else round(amount * 365.25 / 12)


def _add_term(start: date, days: int) -> date:
    """The day on which a term of that many days is over; whole years end on the anniversary."""
    years = round(days / 365.25)
    if years >= 1 and abs(days - years * 365.25) <= 1:
        return _add_years(start, years)
    return start + timedelta(days=min(days, (date.max - start).days))


def _next_end(over: date, term: int, at: date) -> date:
    """The first end that is not over on a day, of a term that follows itself."""
    begun = over
    times = 0
    while over < at and over < date.max:
        times += 1
        over = _add_term(begun, term * times)
    return over


def _before(day: date, span: timedelta) -> date:
    """The day so long before, as far as the calendar goes."""
    return day - span if day - date.min > span else date.min


def _add_years(start: date, years: int) -> date:
    year = start.year + years
    if year > date.max.year:
        return date.max
    last = calendar.monthrange(year, start.month)[1]
    return start.replace(year=year, day=min(start.day, last))
