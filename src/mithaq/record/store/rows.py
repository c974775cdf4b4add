"""Rows of the log: what a row says, its canonical bytes, its place in the chain.

A row is one JSON object, written as RFC 8785 says, so that the same content has the same bytes
everywhere. The bytes hold the hash of the row before, and the hash of the row is the SHA-256 of
its bytes: whoever changes a row has to write every later one anew. The other columns of the table
repeat parts of the bytes for look-ups and are checked against them.
"""

from __future__ import annotations

import hashlib
import json
import json.encoder
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import rfc8785

from mithaq.errors import DataError, Problem
from mithaq.record.claims import (
    Claim,
)
from mithaq.record.record import Case

__all__ = [
    "GENESIS",
    "Row",
    "canonical",
    "case_content",
    "case_of",
    "claim_content",
    "digest",
    "instant",
    "next_instant",
]

GENESIS = "0" * 64
"""What stands in place of the hash before the first row."""

CLAIM_KINDS = ("claim", "correction")
_LINKS = ("corrects", "retracts")


def canonical(value: Any) -> bytes:
    """The bytes of a plain value by RFC 8785. Raises DataError for what no JSON can hold.

    >>> canonical({"b": 1, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    try:
        return _written(value).encode("utf-8")
    except (_OtherError, TypeError, RecursionError):
        pass  # the general way says what is wrong, if anything is
    except UnicodeError as error:
        raise DataError([Problem(what=f"cannot be recorded: {error}")]) from None
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise DataError([Problem(what=f"cannot be recorded: {error}")]) from None


class _OtherError(Exception):
    """A value that is not written the short way."""


def _written(value: Any) -> str:
    """The canonical text of texts, flags and small whole numbers under ASCII keys.

    These the encoder of the standard library, written in C, quotes as RFC 8785 does; other numbers
    and other keys, which need more care, raise _OtherError.
    """
    kind: type = type(value)
    if kind is str:
        return _QUOTED(value)
    if kind is dict:
        parts = []
        for key in sorted(value):
            part = value[key]
            if type(key) is not str or not key.isascii():
                raise _OtherError
            told = _QUOTED(part) if type(part) is str else _written(part)
            parts.append(f'"{key}":{told}' if key.isidentifier() else f"{_QUOTED(key)}:{told}")
        return f"{{{','.join(parts)}}}"
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int and -_EXACT < value < _EXACT:
        return str(value)
    if kind is list:
        return f"[{','.join(map(_written, value))}]"
    raise _OtherError


_QUOTED = json.encoder.encode_basestring
_EXACT = 2**53


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
        return self.columns_with(canonical(dict(self.content)))

    def columns_with(self, content: bytes) -> dict[str, Any]:
        """The row as the table holds it, the canonical bytes of its content being known."""
        rest = {name: part for name, part in self.body().items() if name != "content"}
        # "content" stands first in canonical order.
        body = b'{"content":' + content + b"," + canonical(rest)[1:]
        return {
            "seq": self.seq,
            "kind": self.kind,
            "subject": self.subject,
            "content_id": digest(content),
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
        except RecursionError as error:
            raise ValueError(f"no row: {error}") from None
        return cls.made_of(plain)

    @classmethod
    def made_of(cls, plain: Any) -> Row:
        """The row of its JSON object. Raises ValueError where it is none."""
        try:
            row = cls(**plain)
        except TypeError as error:
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


@lru_cache(maxsize=1024)
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
