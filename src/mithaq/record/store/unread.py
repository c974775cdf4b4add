"""Claims as the bytes of their rows, read when a question comes to them.

Bytes are canonical (RFC 8785): the parts of a row, and those of its content, stand in the order of
their names, and a quotation mark inside a text is escaped. So ``"property":"`` stands once in the
row of a claim, and what comes after it is the property; the same holds for the source and the
value. So claims are told apart without reading them; what is read is held against what was looked
up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache, lru_cache
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.about import references
from mithaq.record.claims import (
    Claim,
    Office,
    Polarity,
    Quantity,
    Share,
    Source,
    Value,
    read_claim,
    read_place,
)
from mithaq.record.properties import properties
from mithaq.record.record import Sources, Subject, Told
from mithaq.words.dates import Edtf, parse

__all__ = ["Unread", "UnreadSources", "claims_in", "damaged", "kind_in", "subject_in"]


def damaged(row: int = 0, what: str = "the row cannot be read") -> DataError:
    """The error of a row that no append can have written."""
    hint = "the store was changed; run mithaq record verify"
    return DataError([Problem("claims" if row else "", row, what=what, hint=hint)])


class Unread(Told):
    """Subject -> property -> claims, each property read when it is first asked for.

    ``bodies`` holds each claim once.
    """

    def __init__(self, bodies: Mapping[str, Sequence[str]], kinds: Mapping[str, str]) -> None:
        self._bodies = dict(bodies)
        self._kinds = kinds
        self._tables: dict[str, _Table] = {}

    def __getitem__(self, subject: str) -> _Table:
        table = self._tables.get(subject)
        if table is None:
            bodies = self._bodies[subject]
            if subject not in self._kinds:
                raise damaged(what=f"the claims on {subject!r} cannot be read: it has no kind")
            table = self._tables[subject] = _Table(subject, self._kinds[subject], bodies)
            self._bodies[subject] = ()
        return table

    def __contains__(self, subject: object) -> bool:
        return subject in self._bodies

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)

    def add(self, bodies: Mapping[str, Sequence[str]]) -> None:
        """Take in the claims on other subjects."""
        self._bodies |= bodies

    def part(self, subjects: Iterable[str]) -> Unread:
        """The claims on some subjects; what was read of them stays read."""
        found = Unread({name: self._bodies[name] for name in subjects}, self._kinds)
        found._tables = self._tables
        return found

    def cited(self, subject: str) -> Set[str]:
        return self[subject].cited()

    def bare(self, subject: str) -> Set[str]:
        return self[subject].bare()

    def denied(self, subject: str) -> set[str]:
        return self[subject].denied()

    def sourced(self, subject: str, known: Set[str], free: Set[str]) -> _Claims:
        return self[subject].sourced(known, free)

    def unsourced(self, subject: str, free: Set[str]) -> int:
        return self[subject].unsourced(free)

    def named(self, subject: str, *by: str) -> Set[str]:
        """What the claims on a subject (or on those of its properties) may name."""
        return self[subject].named(*by)


class _Claims(Mapping[str, Sequence[Claim]]):
    """Property -> claims on one subject."""

    def __init__(self, subject: str, kind: str, bodies: dict[str, list[str]]) -> None:
        self._subject, self._kind = subject, kind
        self._bodies = bodies
        self._made: dict[str, list[Claim]] = {}

    def __getitem__(self, name: str) -> Sequence[Claim]:
        made = self._made.get(name)
        if made is None:
            bodies = self._bodies[name]
            try:
                made = self._made[name] = claims_in(bodies, self._kind, (self._subject, name))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = f"the claims on {self._subject!r} cannot be read: {error!r}"
                raise damaged(what=what) from None
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)


class _Table(_Claims):
    """All claims on one subject, and what their bytes tell of sources and other subjects."""

    def __init__(self, subject: str, kind: str, bodies: Iterable[str]) -> None:
        super().__init__(subject, kind, {})
        self._sources: dict[str, list[str]] = {}
        self._named: dict[str, Set[str]] = {}
        self._named_by_any: Set[str] | None = None
        self._cited: set[str] | None = None
        held, cited = self._bodies, self._sources
        for body in bodies:
            start = body.find(_PROPERTY) + len(_PROPERTY)
            end = body.find('"', start)
            name = body[start:end]
            if name not in held:
                held[name], cited[name] = [], []
            held[name].append(body)
            # The source comes after the property, and so does the end where there is none.
            start = body.find(_SOURCE, end)
            if start < 0:
                cited[name].append("")
                continue
            start += len(_SOURCE)
            source = body[start : body.find('"', start)]
            cited[name].append(source if "\\" not in source else _text_at(body, start - 1))

    def cited(self) -> Set[str]:
        """The sources of the claims, '' among them where one has none."""
        if self._cited is None:
            self._cited = set().union(*self._sources.values())
        return self._cited

    def bare(self) -> Set[str]:
        """The properties on which some claim has no source."""
        return {name for name, cited in self._sources.items() if "" in cited}

    def denied(self) -> set[str]:
        """The properties on which some claim may deny something."""
        told = self._bodies.items()
        return {name for name, bodies in told if any(_DENIED in body for body in bodies)}

    def unsourced(self, free: Set[str]) -> int:
        """How many claims on other properties than the free ones have no source."""
        told = self._sources.items()
        return sum(cited.count("") for name, cited in told if name not in free)

    def sourced(self, known: Set[str], free: Set[str]) -> _Claims:
        """The claims of those sources, and those without any on the free properties.

        No other is read.
        """
        found: dict[str, list[str]] = {}
        for name, bodies in self._bodies.items():
            told = zip(bodies, self._sources[name], strict=True)
            if name in free:
                kept = [body for body, source in told if source in known or not source]
            else:
                kept = [body for body, source in told if source in known]
            if kept:
                found[name] = kept
        return _Claims(self._subject, self._kind, found)

    def named(self, *by: str) -> Set[str]:
        """What the claims (or those on some properties) may name."""
        if by:
            names = references(self._kind).intersection(by)
            return set().union(*map(self._named_by, names))
        if self._named_by_any is None:
            names = references(self._kind).intersection(self._bodies)
            self._named_by_any = set().union(*map(self._named_by, names))
        return self._named_by_any

    def _named_by(self, name: str) -> Set[str]:
        found = self._named.get(name)
        if found is None:
            named = {_named_in(body) for body in self._bodies.get(name, ())}
            found = self._named[name] = named - {""}
        return found


class UnreadSources(Sources):
    """Sources as the bytes of their rows, each read when it is first asked for.

    Raises DataError where one is no row of that source at all.
    """

    def __init__(self, rows: Mapping[str, tuple[int, str]]) -> None:
        super().__init__()
        self._rows = dict(sorted(rows.items()))
        for name, (seq, body) in self._rows.items():
            if f'"id":"{name}"' not in body or not body.startswith(_CONTENT):
                raise damaged(seq)

    def __getitem__(self, source_id: str) -> Source:
        found = self._held.get(source_id)
        if found is None:
            seq, body = self._rows[source_id]
            try:
                found = self._held[source_id] = source_in(seq, body)
            except (TypeError, ValueError, AttributeError):
                raise damaged(seq) from None
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def dated(self) -> Iterator[tuple[str, Edtf | None, bool]]:
        for name, (seq, body) in self._rows.items():
            start = body.find(_PUBLISHED)
            if start < 0:
                yield name, None, False
                continue
            start += len(_PUBLISHED)
            try:
                published = parse(body[start : body.find('"', start)])
            except ValueError:
                raise damaged(seq) from None
            yield name, published, _INFERRED in body


# What the bytes tell before they are read

_PUBLISHED, _INFERRED = '"published":"', '"published_basis":"inferred"'
_PROPERTY, _SOURCE, _VALUE = '"property":"', '"source":"', '"value":'
_DENIED = f'"polarity":"{Polarity.DENIED}"'
_PARTY = '{"party":"'
_SUBJECT = '{"content":{"kind":"'


def kind_in(body: str) -> str:
    """The kind that the row of a subject tells, '' where it tells none.

    >>> kind_in('{"content":{"kind":"party"},"kind":"subject"}')
    'party'
    """
    end = body.find('"', len(_SUBJECT))
    return body[len(_SUBJECT) : end] if body.startswith(_SUBJECT) and end > 0 else ""


def subject_in(name: str, seq: int, body: str) -> Subject:
    """The subject that a row brings."""
    return Subject(name, kind_in(body), read_place("claims", seq))


def source_in(seq: int, body: str) -> Source:
    """The source that a row brings. Raises ValueError or TypeError where it brings none."""
    content = _content(body)[0]
    published = content.pop("published", "")
    where = read_place("claims", seq)
    return Source(published=parse(published) if published else None, where=where, **content)


def _content(body: str) -> tuple[dict[str, Any], int]:
    """What a row says, and where that ends. Raises ValueError where it is no row."""
    try:
        content, end = _SCAN(body, len(_CONTENT))
    except (StopIteration, RecursionError):
        raise ValueError("no row") from None
    if not isinstance(content, dict) or not body.startswith(_CONTENT):
        raise ValueError("no row")
    return content, end


def _text_at(body: str, start: int) -> str:
    """The text that begins there."""
    return str(json.JSONDecoder().raw_decode(body, start)[0])


def _named_in(body: str) -> str:
    """The id that the value may name; no id has anything to escape."""
    start = body.find(_VALUE)
    if start < 0:
        return ""
    start += len(_VALUE)
    if body.startswith('"', start):
        start += 1
    elif body.startswith(_PARTY, start):
        start += len(_PARTY)
    else:
        return ""
    return body[start : body.find('"', start)]


@cache
def _dated(kind: str) -> frozenset[str]:
    """The properties of a kind whose value is a date."""
    table = properties()[kind]
    return frozenset(name for name, declared in table.items() if declared.type == "date")


# Reading them

_SCAN: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]
_CONTENT = '{"content":'
_HASH = r'"[0-9a-f]{64}"'
_REST = re.compile(
    rf',(?:"corrects":{_HASH},)?"kind":"[a-z]+","prev_hash":{_HASH},"recorded_at":"([^"]*)",'
    rf'"recorded_by":("(?:[^"\\]++|\\.)*+"),(?:"retracts":{_HASH},)?"seq":([0-9]+),'
)


def claims_in(bodies: Iterable[str], kind: str, on: tuple[str, str] | None = None) -> list[Claim]:
    """The claims of their canonical rows, on a subject of that kind.

    Only what a claim needs is read of each row, hence the fixed order of the parts is relied on.
    Raises ValueError, KeyError or TypeError where one is no row of a claim, or none ``on`` that
    subject and property.
    """
    dated = _dated(kind)
    found = []
    for body in bodies:
        content, end = _content(body)
        rest = _REST.match(body, end)
        if rest is None:
            raise ValueError("no row")
        if on is not None and (content["subject"], content["property"]) != on:
            raise ValueError("one is on something else")
        at, by, seq = rest.groups()
        value = content.get("value")
        if value is not None:
            value = _value(value, content["property"] in dated)
        valid = parse(content["valid"]) if "valid" in content else None
        by = json.loads(by) if "\\" in by else by[1:-1]
        found.append(read_claim(content, value, valid, at, by, read_place("claims", int(seq))))
    return found


@lru_cache(maxsize=1 << 14)
def _quantity(number: str, unit: str, measures: str, about: bool) -> Quantity:
    return Quantity(number, unit, measures, about)


@lru_cache(maxsize=1 << 14)
def _share(party: str, percent: str) -> Share:
    return Share(party, percent)


@lru_cache(maxsize=1 << 14)
def _office(party: str, role: str) -> Office:
    return Office(party, role)


def _value(plain: Any, dated: bool) -> Value:
    if isinstance(plain, dict):
        if "number" in plain:
            return _quantity(**plain)
        return _share(**plain) if "percent" in plain else _office(**plain)
    return parse(str(plain)) if dated else str(plain)
