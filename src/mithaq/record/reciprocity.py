"""The balance of two states: what each granted to the other on its own territory.

A grant is derived, never entered: a right or an award in the gas or oil chain on the grantor's
territory to a party whose home is the other state. It is delivered when the right is in force or
the work accepted. Debt, arms and offices are context. A promise counts in the totals only once it
is delivered; umbrella instruments never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Polarity, Quantity
from mithaq.record.contradictions import identity_groups
from mithaq.record.properties import codes
from mithaq.record.record import Record
from mithaq.record.state import as_day, quantities
from mithaq.words.dates import Answer, Edtf, parse
from mithaq.words.units import UnitError, convert, dimension

__all__ = ["Balance", "Grant", "Index", "balance", "grants"]

_MONEY = (
    "contract_value",
    "total_investment",
    "minimum_investment",
    "planned_investment",
    "bid_value",
)
_VOLUME = ("capacity", "annual_output", "gas_output", "annual_sales")
_PROMISED = ("awarded", "contract_signed", "promised", "opened")
_DELIVERED = ("in_force_from", "delivered")


@dataclass(frozen=True, slots=True)
class Grant:
    """A right or work that one side granted the other on its own territory.

    ``promised`` and ``delivered`` are EDTF texts or None; ``money`` is in million USD, ``volume``
    in bcm a year, both None where no source tells.
    """

    subject: str
    kind: str
    grantors: tuple[str, ...]
    grantees: tuple[str, ...]
    territory: str
    segments: tuple[str, ...]
    promised: str | None
    delivered: str | None
    denied_by: tuple[str, ...]
    counts_in_totals: bool
    money: float | None
    volume: float | None
    figures: tuple[dict[str, Any], ...]
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The grant in the shape of the JSON contract."""
        return {
            "id": self.subject,
            "kind": self.kind,
            "grantor": self.grantors[0],
            "grantee": self.grantees[0],
            "grantors": list(self.grantors),
            "grantees": list(self.grantees),
            "territory": self.territory,
            "segment": self.segments[0],
            "segments": list(self.segments),
            "promised": self.promised,
            "delivered": self.delivered,
            "denied_by": list(self.denied_by),
            "counts_in_totals": self.counts_in_totals,
            "value": {"musd": self.money, "bcm_per_year": self.volume},
            "quantities": list(self.figures),
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Index:
    """The smaller over the larger of what was delivered on each side, in [0, 1], or None.

    ``known`` is, for each measure, the share of delivered grants for which the figure is known.
    """

    count: float | None
    volume: float | None
    money: float | None
    known: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """The index in the shape of the JSON contract."""
        return {
            "count": self.count,
            "volume": self.volume,
            "money": self.money,
            "known": dict(self.known),
        }


@dataclass(frozen=True, slots=True)
class Balance:
    """Grants and reciprocity between two states; ``context`` is what is no grant."""

    between: tuple[str, str]
    at: date | None
    index: Index
    grants: tuple[Grant, ...]
    context: tuple[dict[str, Any], ...]

    def on(self, territory: str) -> tuple[Grant, ...]:
        """The grants on one territory."""
        return tuple(grant for grant in self.grants if grant.territory == territory)

    def to_dict(self) -> dict[str, Any]:
        """The balance in the shape of the JSON contract."""
        return {
            "between": list(self.between),
            "at": self.at.isoformat() if self.at else None,
            "index": self.index.to_dict(),
            "totals": {state: _totals(self.on(state)) for state in self.between},
            "grants": [grant.to_dict() for grant in self.grants],
            "context": list(self.context),
        }


def balance(record: Record, a: str, b: str, at: str | date | None = None) -> Balance:
    """The balance between two states, named by id or by a name in any language.

    ``at`` leaves out what came later. Raises DataError where a name answers to no state, where the
    two are one, or where ``at`` is no day.
    """
    first, second = _state_of(record, a), _state_of(record, b)
    if first == second:
        raise DataError([Problem(what=f"{a!r} and {b!r} are one party", hint="name two states")])
    day = None if at is None else as_day(at, "at")
    between = (first, second)
    found = tuple(
        sorted(
            grants(record, between, day), key=lambda g: (g.territory, g.promised or "", g.subject)
        )
    )
    return Balance(between, day, _index(found, between), found, _context(record, between, day))


def _state_of(record: Record, words: str) -> str:
    found = record.find(words, "party")
    if record.value(found, "party_kind") in ("state", None):
        return found
    home = record.home(found)
    hint = f"its home is {record.name(home)}" if home else "name a state"
    raise DataError([Problem(what=f"{words!r} is no state", hint=hint)])


def grants(record: Record, between: tuple[str, str], at: date | None) -> list[Grant]:
    """The grants between two states, from awards, tenders won, and commitments."""
    joined = identity_groups(record, "positive")
    found: list[Grant] = []
    for subject in record.subjects("award", "tender", "commitment"):
        if joined.get(subject.id, (subject.id,))[0] != subject.id:
            continue
        promise = subject.kind == "commitment"
        names = ("debtor", "creditor") if promise else ("grantor", "winner")
        for territory in record.texts(subject.id, "territory"):
            if territory not in between:
                continue
            grant = _grant(record, subject.id, subject.kind, names, territory, between, at)
            if grant is not None:
                found.append(grant)
    return found


def _grant(
    record: Record,
    subject: str,
    kind: str,
    names: tuple[str, str],
    territory: str,
    between: tuple[str, str],
    at: date | None,
) -> Grant | None:
    other = between[1] if territory == between[0] else between[0]
    grantees = tuple(p for p in record.texts(subject, names[1]) if record.home(p) == other)
    segments = tuple(s for s in record.texts(subject, "segment") if s in codes("segment"))
    promised = _first(record, subject, _PROMISED)
    late = at is not None and promised is not None and promised.first > at
    if not grantees or not segments or late:
        return None
    delivered = _reached(record, subject, at)
    if promised is None and delivered is not None:
        # Nobody tells when it was awarded, only that it was by the time it was delivered.
        promised = parse(f"../{(delivered.end or delivered).text}")
    return Grant(
        subject=subject,
        kind=kind,
        grantors=record.texts(subject, names[0]) or (territory,),
        grantees=grantees,
        territory=territory,
        segments=segments,
        promised=promised.text if promised else None,
        delivered=delivered.text if delivered else None,
        denied_by=_deniers(record, subject, at),
        counts_in_totals=kind != "commitment" or delivered is not None,
        money=_money(record, subject),
        volume=_volume(record, subject),
        figures=tuple(quantities(record, subject)),
        sources=tuple(sorted({c.source for c in record.claims_of(subject) if c.source}))
        or ("unsourced",),
    )


def _first(record: Record, subject: str, names: Sequence[str]) -> Edtf | None:
    return next((d for name in names if (d := record.date(subject, name)) is not None), None)


def _reached(record: Record, subject: str, at: date | None) -> Edtf | None:
    """When the right came into force or the work was accepted, if surely so by that day."""
    for name in _DELIVERED:
        when = record.date(subject, name)
        if when is not None and (at is None or when.reached(at) is Answer.YES):
            return when
    return None


def _deniers(record: Record, subject: str, at: date | None) -> tuple[str, ...]:
    found = {
        claim.source or "unsourced"
        for claim in record.claims_of(subject, *_DELIVERED)
        if claim.polarity is Polarity.DENIED
        and (at is None or claim.date is None or claim.date.first <= at)
    }
    return tuple(sorted(found))


# Figures


def _figures(record: Record, subject: str, measures: Sequence[str]) -> Iterable[Quantity]:
    """The figures of a subject by measure, in that order, those of most sources first."""
    values = [
        value
        for name in ("amount", "capacity", "cost", "quantity")
        for value in record.values(subject, name)
        if isinstance(value, Quantity)
    ]
    for measure in measures:
        yield from (value for value in values if value.measures == measure)


def _money(record: Record, subject: str) -> float | None:
    for value in _figures(record, subject, _MONEY):
        if dimension(value.unit)[0] == "money in USD":
            return convert(value.middle, value.unit, "MUSD").amount
    return None


def _volume(record: Record, subject: str) -> float | None:
    for value in _figures(record, subject, _VOLUME):
        try:
            return convert(value.middle, value.unit, "bcm/year").amount
        except UnitError:
            continue
    return None


def _index(found: Sequence[Grant], between: tuple[str, str]) -> Index:
    sides = [
        [g for g in found if g.territory == state and g.delivered and g.counts_in_totals]
        for state in between
    ]
    both = [*sides[0], *sides[1]]
    return Index(
        count=_ratio([float(len(side)) for side in sides]),
        volume=_ratio([_sum([g.volume for g in side]) for side in sides]),
        money=_ratio([_sum([g.money for g in side]) for side in sides]),
        known={
            "count": _share(both, [1.0 for _ in both]),
            "volume": _share(both, [g.volume for g in both]),
            "money": _share(both, [g.money for g in both]),
        },
    )


def _sum(figures: Sequence[float | None]) -> float | None:
    """The sum of the known figures: 0 for no grant at all, None where none is known."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known or not figures else None


def _ratio(sums: Sequence[float | None]) -> float | None:
    first, second = sums
    if first is None or second is None or max(first, second) <= 0:
        return None
    return min(first, second) / max(first, second)


def _share(grants_found: Sequence[Grant], figures: Sequence[float | None]) -> float | None:
    if not grants_found:
        return None
    return sum(figure is not None for figure in figures) / len(grants_found)


def _totals(found: Sequence[Grant]) -> dict[str, Any]:
    counted = [g for g in found if g.counts_in_totals]
    delivered = [g for g in counted if g.delivered]
    return {
        "promised": len(found),
        "awarded": len(counted),
        "delivered": len(delivered),
        "musd": _sum([g.money for g in delivered]),
        "bcm_per_year": _sum([g.volume for g in delivered]),
        "by_segment": {
            segment: sum(segment in g.segments for g in delivered)
            for segment in codes("segment")
            if any(segment in g.segments for g in found)
        },
    }


# Context


def _context(
    record: Record, between: tuple[str, str], at: date | None
) -> tuple[dict[str, Any], ...]:
    """What stands beside the grants: agreements without a segment of the chain, and presences."""
    found = []
    for subject in record.subjects("agreement", "presence"):
        name = "parties" if subject.kind == "agreement" else "party"
        homes = {record.home(party) for party in record.texts(subject.id, name)}
        when = _first(record, subject.id, ("signed", "announced", "opened"))
        if at is not None and when is not None and when.first > at:
            continue
        if subject.kind == "agreement":
            if not set(between) <= homes or record.texts(subject.id, "segments"):
                continue
        elif not _crosses(record, subject.id, homes, between):
            continue
        found.append(
            {
                "id": subject.id,
                "kind": subject.kind,
                "date": when.text if when else None,
                "quantities": quantities(record, subject.id),
            }
        )
    return tuple(found)


def _crosses(record: Record, subject: str, homes: set[str], between: tuple[str, str]) -> bool:
    """Whether a presence of one side stands on the territory of the other."""
    territories = set(record.texts(subject, "territory"))
    a, b = between
    return (a in homes and b in territories) or (b in homes and a in territories)
