"""Rows of the log: what a row says, its canonical bytes, its place in the chain.

A row is one JSON object, written as RFC 8785 says, so that the same content has the same bytes
everywhere. The bytes hold the hash of the row before, and the hash of the row is the SHA-256 of
its bytes: whoever changes a row has to write every later one anew. The other columns of the table
repeat parts of the bytes for look-ups and are checked against them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import rfc8785

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
from mithaq.record.properties import property_of
from mithaq.record.record import Case, Subject
from mithaq.words.dates import parse

__all__ = [
    "GENESIS",
    "Row",
    "canonical",
    "case_content",
    "case_of",
    "claim_content",
    "claim_of",
    "digest",
    "instant",
    "next_instant",
    "source_of",
    "subject_of",
]

GENESIS = "0" * 64
"""What stands in place of the hash before the first row."""

CLAIM_KINDS = ("claim", "correction")
_LINKS = ("corrects", "retracts")
_TEXTS = (
    "source",
    "locator",
    "said_by",
    "searched",
    "language",
    "original",
    "reason",
    "by",
    "note",
)


def canonical(value: Any) -> bytes:
    """The bytes of a plain value by RFC 8785. Raises DataError for what no JSON can hold.

    >>> canonical({"b": 1, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise DataError([Problem(what=f"cannot be recorded: {error}")]) from None


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log.

    ``kind`` is case, source, subject, claim, correction or retraction; ``subject`` the id of what
    the row is about; ``content`` what it says; ``corrects`` and ``retracts`` the content identifier
    of the claim that it replaces or withdraws; ``why`` the reason for that.
    """

    seq: int
    kind: str
    subject: str
    content: Mapping[str, Any]
    recorded_at: str
    recorded_by: str
    prev_hash: str
    corrects: str | None = None
    retracts: str | None = None
    why: str = ""

    def body(self) -> dict[str, Any]:
        """The row as the JSON object that is hashed; absent links are left out."""
        plain: dict[str, Any] = {
            "seq": self.seq,
            "kind": self.kind,
            "subject": self.subject,
            "content": dict(self.content),
            "recorded_at": self.recorded_at,
            "recorded_by": self.recorded_by,
            "prev_hash": self.prev_hash,
        }
        for name in _LINKS:
            if getattr(self, name) is not None:
                plain[name] = getattr(self, name)
        if self.why:
            plain["why"] = self.why
        return plain

    def columns(self) -> dict[str, Any]:
        """The row as the table holds it."""
        body = canonical(self.body())
        return {
            "seq": self.seq,
            "kind": self.kind,
            "subject": self.subject,
            "content_id": digest(canonical(dict(self.content))),
            "body": body.decode("utf-8"),
            "recorded_at": self.recorded_at,
            "recorded_by": self.recorded_by,
            "corrects": self.corrects,
            "retracts": self.retracts,
            "prev_hash": self.prev_hash,
            "hash": digest(body),
        }

    @classmethod
    def of(cls, body: str) -> Row:
        """The row of its bytes. Raises ValueError where they are no row."""
        try:
            plain = json.loads(body)
            row = cls(**plain)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"no row: {error}") from None
        texts = (row.kind, row.subject, row.recorded_at, row.recorded_by, row.prev_hash, row.why)
        links = (row.corrects, row.retracts)
        whole = type(row.seq) is int and isinstance(row.content, dict)
        told = all(isinstance(text, str) for text in texts)
        if not whole or not told or not all(isinstance(x, str | None) for x in links):
            raise ValueError("no row: a part has the wrong type")
        return row


# Times


def next_instant(last: str) -> str:
    """Now in UTC, or the microsecond after the last recorded time where that is later.

    Recorded times only grow, whatever the clock of the machine does, so that the rows up to a time
    are always the beginning of the log.
    """
    now = datetime.now(UTC)
    if last:
        now = max(now, _read(last) + timedelta(microseconds=1))
    return _text(now)


def instant(value: str | date | datetime) -> str:
    """A recorded time as the log writes it. A day stands for its last microsecond, in UTC.

    Raises DataError where it is neither a day nor a time.

    >>> instant("2026-11-22"), instant("2026-11-22T10:00:00+01:00")
    ('2026-11-22T23:59:59.999999Z', '2026-11-22T09:00:00.000000Z')
    """
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            what = f"{value!r} is no time; write 2026-11-22 or 2026-11-22T10:00:00Z"
            raise DataError([Problem(column="recorded", what=what)]) from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.max, UTC)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return _text(moment.astimezone(UTC))
    except OverflowError:
        what = f"{value} lies outside the years 1 to 9999"
        raise DataError([Problem(column="recorded", what=what)]) from None


def is_instant(text: str) -> bool:
    """Whether a recorded time is written as the log writes it."""
    try:
        return _text(_read(text)) == text
    except ValueError:
        return False


def _read(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


# From content to things and back


def claim_content(claim: Claim) -> dict[str, Any]:
    """What a claim says; that it corrects or retracts another belongs to the row."""
    content = claim.content()
    for name in _LINKS:
        content.pop(name, None)
    return content


def case_content(case: Case) -> dict[str, Any]:
    """What the case is called."""
    return {
        "id": case.id,
        "title": dict(case.title),
        "description": dict(case.description),
        "states": list(case.states),
    }


def case_of(content: Mapping[str, Any]) -> Case:
    """The case of its content."""
    states = tuple(content["states"])
    return Case(content["id"], dict(content["title"]), dict(content["description"]), states)


def source_of(row: Row) -> Source:
    """The source of its row."""
    texts = dict(row.content)
    published = texts.pop("published", "")
    where = Place("claims", row.seq)
    return Source(published=parse(published) if published else None, where=where, **texts)


def subject_of(row: Row) -> Subject:
    """The subject of its row."""
    return Subject(row.subject, row.content["kind"], Place("claims", row.seq))


def claim_of(row: Row, kind: str) -> Claim:
    """The claim of its row, on a subject of that kind."""
    content = row.content
    declared = property_of(kind, content["property"])
    dated = declared is not None and declared.type == "date"
    return Claim(
        subject=content["subject"],
        property=content["property"],
        value=_value(content.get("value"), dated),
        valid=parse(content["valid"]) if "valid" in content else None,
        polarity=Polarity(content["polarity"]),
        modality=Modality(content["modality"]),
        basis=Basis(content["basis"]),
        rank=Rank(content["rank"]),
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        where=Place("claims", row.seq),
        **{name: content[name] for name in _TEXTS if name in content},
    )


def _value(plain: Any, dated: bool) -> Value | None:
    if isinstance(plain, dict):
        if "number" in plain:
            return Quantity(**plain)
        return Share(**plain) if "percent" in plain else Office(**plain)
    if plain is None:
        return None
    return parse(str(plain)) if dated else str(plain)
