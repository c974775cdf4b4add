"""Checks of figures: sums, capacities, and the ways in which printed digits and units slip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from mithaq.record.claims import Claim, Quantity, Share
from mithaq.record.looking import Found, Named, actual
from mithaq.record.record import Record
from mithaq.words.units import BCM_PER_MT_LNG, dimension

__all__ = [
    "bcm_as_mt",
    "figures_exchanged",
    "reversed_digits",
    "shares",
    "swapped_or_slipped",
    "unit_slip",
    "volume_above_capacity",
]

_SHARE_SLACK = 0.6
_SAME_RATIO = 0.01


def shares(record: Record) -> Found:
    for subject in record.subjects():
        groups: dict[tuple[str, str], dict[str, Claim]] = {}
        for claim in actual(record, subject.id, "share"):
            if isinstance(claim.value, Share):
                key = (claim.source, claim.valid.text if claim.valid else "")
                groups.setdefault(key, {})[claim.value.party] = claim
        for claims in groups.values():
            parts = [c.value.quantity.middle for c in claims.values() if isinstance(c.value, Share)]
            total = sum(parts)
            if (len(parts) > 1 or total > 100) and abs(total - 100) > _SHARE_SLACK:
                claim = next(iter(claims.values()))
                yield subject.id, {"total": f"{total:g}", "source": claim.source or "-"}, claim


def volume_above_capacity(record: Record) -> Found:
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
    claims = actual(record, subject)
    return [_Figure(c, c.value) for c in claims if isinstance(c.value, Quantity)]


def _digits(number: str) -> str:
    return re.sub(r"[^0-9]", "", number)


def reversed_digits(record: Record) -> Found:
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


def swapped_or_slipped(record: Record) -> Found:
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


def figures_exchanged(record: Record) -> Found:
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
                        "other_subject": Named.of(record, b),
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
        for c in actual(record, subject)
        if isinstance(c.value, Quantity)
        and c.value.measures == figure.value.measures
        and c.source
        and c.source != figure.claim.source
    ]
    days = [r.first for r in rivals if r is not None]
    return published is not None and bool(days) and published.first > min(days)


def bcm_as_mt(record: Record) -> Found:
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


def unit_slip(record: Record) -> Found:
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
