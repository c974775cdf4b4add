"""JSON Lines: the case, its sources, subjects and claims, one object a line, and back again.

Each line has a ``type`` (case, source, subject, claim) and the fields of that thing; the lines may
come in any order. Reading gives the same record, or one DataError with every line that is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import (
    Basis,
    Claim,
    Modality,
    Office,
    Place,
    Polarity,
    Quantity,
    Rank,
    Share,
    Source,
    Value,
)
from mithaq.record.properties import KINDS, property_of
from mithaq.record.record import Case, Record, Subject
from mithaq.record.soundness import faults_of, faults_of_case, faults_of_source
from mithaq.record.values import IDENTIFIER
from mithaq.words.dates import Edtf, parse

__all__ = ["read_lines", "write_lines"]

_STRUCTURES: Mapping[str, tuple[type[Quantity | Share | Office], Mapping[str, type]]] = {
    "quantity": (Quantity, {"number": str, "unit": str, "measures": str, "about": bool}),
    "share": (Share, {"party": str, "percent": str}),
    "office": (Office, {"party": str, "role": str}),
}
_CODES = {"polarity": Polarity, "modality": Modality, "basis": Basis, "rank": Rank}
_TEXTS = {f.name for f in fields(Claim)} - {
    *_CODES, "value", "valid", "recorded_at", "recorded_by", "where",
}  # fmt: skip
_SOURCE = {f.name for f in fields(Source)} - {"published", "where"}
_CASE = {"id", "title", "description", "states"}


def write_lines(record: Record) -> Iterator[str]:
    """The lines of a record, each with its line end, in canonical order."""
    case = record.case
    yield _line(
        "case",
        id=case.id,
        title=dict(case.title),
        description=dict(case.description),
        states=list(case.states),
    )
    for source in record.sources.values():
        yield _line("source", **source.to_dict())
    for subject in record.subjects():
        yield _line("subject", id=subject.id, kind=subject.kind)
    for claim in record.claims:
        yield _line("claim", **claim.content())


def _line(what: str, /, **content: Any) -> str:
    return json.dumps({"type": what, **content}, ensure_ascii=False, sort_keys=True) + "\n"


def read_lines(lines: Iterable[str], file: str = "") -> Record:
    """The record that those lines hold.

    Raises DataError with every mistake, each with its line.
    """
    reader = _Reader(file)
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                reader.read(number, line)
    except UnicodeDecodeError as error:
        reader.problem(0, "", f"not UTF-8 text: {error.reason}")
    return reader.record()


class _WrongError(Exception):
    """A mistake in one line: the field and what is wrong."""

    def __init__(self, column: str, what: str) -> None:
        self.column, self.what = column, what
        super().__init__(what)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.case: Case | None = None
        self.case_row = 0
        self.sources: dict[str, Source] = {}
        self.subjects: dict[str, Subject] = {}
        self.told: list[tuple[int, Mapping[str, Any]]] = []

    def problem(self, row: int, column: str, what: str) -> None:
        self.problems.append(Problem(self.file, row, column, what))

    def read(self, row: int, line: str) -> None:
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as error:
            self.problem(row, "", f"not JSON: {error}")
            return
        kind = plain.get("type") if isinstance(plain, dict) else None
        try:
            match kind:
                case "case":
                    self._case(row, plain)
                case "source":
                    self._source(row, plain)
                case "subject":
                    self._subject(row, plain)
                case "claim":
                    self.told.append((row, plain))
                case _:
                    raise _WrongError("type", f"{kind!r} is not case, source, subject or claim")
        except _WrongError as error:
            self.problem(row, error.column, error.what)

    def _case(self, row: int, plain: Mapping[str, Any]) -> None:
        _known(plain, _CASE)
        title, description = plain.get("title", {}), plain.get("description", {})
        if self.case is not None:
            raise _WrongError("type", "the case stands twice")
        for name, texts in (("title", title), ("description", description)):
            words = isinstance(texts, dict) and all(isinstance(t, str) for t in texts.values())
            if not words:
                raise _WrongError(name, "texts by language are wanted")
        states = plain.get("states", [])
        if not isinstance(states, list) or not all(isinstance(s, str) for s in states):
            raise _WrongError("states", "a list of ids is wanted")
        self.case_row = row
        self.case = Case(_id(plain), title, description, tuple(states))

    def _source(self, row: int, plain: Mapping[str, Any]) -> None:
        _known(plain, _SOURCE | {"published"})
        texts = {name: _text(plain, name) for name in _SOURCE & set(plain)}
        texts = {"publisher": "", "lang": "", **texts}
        published = _date(_text(plain, "published"), "published") if "published" in plain else None
        name = _id(plain)
        if name in self.sources:
            raise _WrongError("id", f"the source {name!r} stands twice")
        source = Source(published=published, where=Place(self.file, row), **texts)
        self.sources[name] = source
        for what in faults_of_source(source):
            self.problem(row, "", what)

    def _subject(self, row: int, plain: Mapping[str, Any]) -> None:
        _known(plain, {"id", "kind"})
        name, kind = _id(plain), _text(plain, "kind")
        if kind not in KINDS:
            raise _WrongError("kind", f"unknown kind {kind!r}")
        if name in self.subjects:
            raise _WrongError("id", f"the subject {name!r} stands twice")
        self.subjects[name] = Subject(name, kind, Place(self.file, row))

    def record(self) -> Record:
        kinds = {subject.id: subject.kind for subject in self.subjects.values()}
        claims: dict[Claim, None] = {}
        for row, plain in self.told:
            try:
                claim = self._claim(row, plain)
                if claim in claims:
                    raise _WrongError("", "the same claim stands twice")
                claims[claim] = None
                for what in faults_of(claim, kinds[claim.subject], kinds, self.sources):
                    self.problem(row, "", what)
            except _WrongError as error:
                self.problem(row, error.column, error.what)
        if self.case is None and not self.problems:
            self.problem(0, "", "no line tells of the case")
        for what in faults_of_case(self.case, kinds) if self.case else ():
            self.problem(self.case_row, "", what)
        if self.problems:
            raise DataError(sorted(self.problems))
        return Record(self.case or Case(""), self.sources.values(), self.subjects.values(), claims)

    def _claim(self, row: int, plain: Mapping[str, Any]) -> Claim:
        _known(plain, _TEXTS | set(_CODES) | {"value", "valid"})
        texts = {name: _text(plain, name) for name in _TEXTS & set(plain)}
        subject = self.subjects.get(texts.get("subject", ""))
        if subject is None:
            raise _WrongError("subject", f"there is no subject {texts.get('subject')!r}")
        declared = property_of(subject.kind, texts.get("property", ""))
        if declared is None:
            what = f"a {subject.kind} has no property {texts.get('property')!r}"
            raise _WrongError("property", what)
        found: dict[str, Any] = {}
        for name, kind in _CODES.items():
            if name in plain:
                try:
                    found[name] = kind(plain[name])
                except ValueError:
                    raise _WrongError(name, f"unknown code {plain[name]!r}") from None
        if "valid" in plain:
            found["valid"] = _date(_text(plain, "valid"), "valid")
        value = _value(plain.get("value"), declared.type)
        found |= texts
        return Claim(value=value, where=Place(self.file, row), **found)


def _value(plain: Any, kind: str) -> Value | None:
    if plain is None:
        return None
    if kind in _STRUCTURES:
        made, parts = _STRUCTURES[kind]
        if not isinstance(plain, dict) or not plain.keys() <= parts.keys():
            raise _WrongError("value", f"{kind}: one with {', '.join(parts)} is wanted")
        if not all(isinstance(plain[name], parts[name]) for name in plain):
            raise _WrongError("value", f"{kind}: a part has the wrong type")
        try:
            return made(**plain)
        except (TypeError, ValueError) as error:
            raise _WrongError("value", f"no {kind}: {error}") from None
    if not isinstance(plain, str):
        raise _WrongError("value", "a text is wanted")
    return _date(plain, "value") if kind == "date" else plain


def _known(plain: Mapping[str, Any], names: set[str]) -> None:
    for name in plain:
        if name not in names and name != "type":
            raise _WrongError(str(name), f"unknown field {name!r}")


def _text(plain: Mapping[str, Any], name: str) -> str:
    value = plain.get(name, "")
    if not isinstance(value, str):
        raise _WrongError(name, "a text is wanted")
    return value


def _id(plain: Mapping[str, Any]) -> str:
    name = _text(plain, "id")
    if not IDENTIFIER.fullmatch(name):
        raise _WrongError("id", f"{name!r} is no id")
    return name


def _date(text: str, name: str) -> Edtf:
    try:
        return parse(text)
    except ValueError as error:
        raise _WrongError(name, str(error)) from None
