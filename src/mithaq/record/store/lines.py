"""JSON Lines: the whole history, a row a line, the same bytes and hashes wherever it goes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sql

from mithaq.errors import DataError, Problem
from mithaq.record.store.appending import Added, ensure_there, tail_of
from mithaq.record.store.index import Postings
from mithaq.record.store.rows import GENESIS, Row, is_instant
from mithaq.record.store.schema import claims, insert

__all__ = ["append_lines", "line_of"]

_FLUSH = 10_000


def line_of(body: str, hashed: str) -> str:
    """One line: the canonical row and its hash."""
    return f'{{"hash":"{hashed}","row":{body}}}\n'


def append_lines(connection: sql.Connection, lines: Iterable[str], file: str) -> Added:
    """Append the rows that a history has beyond what the store holds.

    Raises DataError at the first line that is no row, breaks the chain, or differs from the store.
    """
    tail = tail_of(connection)
    last, at, count = GENESIS, "", 0
    pending: list[tuple[Any, ...]] = []
    postings = Postings()
    for number, line in enumerate(_lines(lines, file), start=1):
        row, columns = _row(line, number, file)
        if columns["seq"] != number or columns["prev_hash"] != last:
            raise _wrong(file, number, "the row does not follow on the one before")
        if not is_instant(columns["recorded_at"]) or columns["recorded_at"] < at:
            raise _wrong(file, number, "the recorded time lies before that of the row before")
        last, at, count = columns["hash"], columns["recorded_at"], number
        if number == tail.seq and last != tail.hash:
            raise _wrong(file, number, "the store holds another history")
        if number > tail.seq:
            pending.append(tuple(columns.values()))
            postings.add(row)
        if len(pending) >= _FLUSH:
            postings.flush(connection)
            insert(connection, claims, pending)
            pending = []
    if count < tail.seq:
        raise _wrong(file, count, "the store holds more rows than this history")
    if pending:
        postings.flush(connection)
        insert(connection, claims, pending)
    ensure_there(connection, last)
    return Added(tail.seq + 1, count - tail.seq, tail.seq, count, at)


def _lines(lines: Iterable[str], file: str) -> Iterable[str]:
    try:
        yield from lines
    except UnicodeDecodeError:
        raise _wrong(file, 0, "not UTF-8 text") from None


def _row(line: str, number: int, file: str) -> tuple[Row, dict[str, Any]]:
    try:
        plain = json.loads(line)
        row = Row.made_of(plain["row"])
        columns = row.columns()
    except (ValueError, KeyError, TypeError, RecursionError, DataError):
        hint = "a history is what mithaq record export FILE.jsonl writes"
        raise _wrong(file, number, "no row of a history", hint) from None
    if columns["hash"] != plain.get("hash"):
        raise _wrong(file, number, "the hash is not that of the content")
    return row, columns


def _wrong(file: str, number: int, what: str, hint: str = "") -> DataError:
    return DataError([Problem(file, number, what=what, hint=hint)])
