"""Verifying: the chain of hashes, every column against the bytes, and the guards.

Inside the log, a changed, inserted, moved or lost row breaks the chain where it stands. A cut end,
or a whole log written anew, has a sound chain; these show against a checkpoint kept elsewhere.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from array import array
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError

from mithaq.errors import DataError, Problem
from mithaq.record.store.index import DROPPED, ends_of, entries, line_of, link_of, numbers
from mithaq.record.store.rows import GENESIS, Row, digest, is_instant
from mithaq.record.store.schema import (
    ENDED,
    INDEXED,
    LINKED,
    VERSION,
    claims,
    ends,
    guards_missing,
    links,
    stream,
    terms,
    versions,
)

__all__ = ["Checkpoint", "Fault", "Verification", "verify"]

_MOST = 100
_MASK = 2**64 - 1
# So many rows may be lost before an entry of the index is no longer followed to its row.
_GAP = 10_000
_COLUMNS = tuple(column.name for column in claims.c)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size of a log, the hash of its last row and when that was recorded."""

    size: int
    hash: str
    time: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The checkpoint by name of its parts."""
        return {"size": self.size, "hash": self.hash, "time": self.time}

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """A checkpoint from its JSON file. Raises DataError where it is none."""
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            size, hashed, moment = plain["size"], plain["hash"], plain.get("time", "")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            size, hashed, moment = None, None, ""
        if type(size) is not int or not isinstance(hashed, str) or not isinstance(moment, str):
            hint = "mithaq record checkpoint --db URL --out FILE writes one"
            raise DataError([Problem(str(path), what="no checkpoint", hint=hint)])
        return cls(size, hashed, moment)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a row (0: at none in particular).

    ``message`` is an English message id with placeholders for ``values``.
    """

    row: int
    message: str
    values: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.message.format(**self.values)


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying found; no faults: the log is what it was."""

    rows: int
    hash: str
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The faults by row."""
        return {
            "ok": self.ok,
            "rows": self.rows,
            "hash": self.hash,
            "faults": [
                {"row": f.row, "sentence": f.sentence, "message": f.message, "values": f.values}
                for f in self.faults
            ],
        }


def say(text: str) -> str:
    """Mark ``text`` for translation."""
    return text


def verify(connection: sql.Connection, checkpoint: Checkpoint | None) -> Verification:
    """Every fault of a log, at most a hundred."""
    faults: list[Fault] = []
    indexed, linked, ended = _held(connection)
    walk = _Walk(checkpoint, linked=linked, ended=ended)
    index = walk.index.faults(connection) if indexed else _nothing()
    for source in (walk.rows(connection), index, _database(connection)):
        try:
            with closing(source):
                faults.extend(islice(source, _MOST))
        except (DBAPIError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
            reason = str(getattr(error, "orig", None) or error)
            message = say("the database cannot be read: {reason}")
            faults.append(Fault(walk.count, message, {"reason": reason}))
    return Verification(walk.count, walk.hash, tuple(faults[:_MOST]))


class _Walk:
    """A walk along the log, row by row."""

    def __init__(self, checkpoint: Checkpoint | None, *, linked: bool, ended: bool) -> None:
        self.checkpoint = checkpoint
        self.count = 0
        self.seq = 0
        self.hash = GENESIS
        self.recorded_at = ""
        self.index = _Index(linked=linked, ended=ended)

    def rows(self, connection: sql.Connection) -> Generator[Fault, None, None]:
        """The faults of the rows and of the checkpoint, in order."""
        if self.checkpoint is not None and self.checkpoint.size == 0:
            yield from self._against(self.checkpoint)
        for values in stream(connection, sql.select(claims).order_by(claims.c.seq)):
            yield from self._row(dict(zip(_COLUMNS, values, strict=True)))
            self.count += 1
            if self.checkpoint is not None and self.seq == self.checkpoint.size:
                yield from self._against(self.checkpoint)
        if self.checkpoint is not None and self.seq < self.checkpoint.size:
            size = str(self.checkpoint.size)
            message = say("the log ends here; the checkpoint counts {size} rows")
            yield Fault(self.seq, message, {"size": size})

    def _against(self, checkpoint: Checkpoint) -> Iterator[Fault]:
        if self.hash != checkpoint.hash:
            yield Fault(self.seq, say("the hash is not that of the checkpoint"), {})
        elif checkpoint.time and self.recorded_at != checkpoint.time:
            yield Fault(self.seq, say("the recorded time is not that of the checkpoint"), {})

    def _row(self, found: Mapping[Any, Any]) -> Iterator[Fault]:
        seq = found["seq"]
        shown = seq if isinstance(seq, int) else self.seq + 1
        if seq != self.seq + 1:
            message = say("row {expected} is missing")
            yield Fault(shown, message, {"expected": str(self.seq + 1)})
        yield from (Fault(shown, message, values) for message, values in self._wrong(found))
        self.seq = shown
        self.hash = str(found["hash"])
        self.recorded_at = str(found["recorded_at"])

    def _wrong(self, found: Mapping[Any, Any]) -> Iterator[tuple[str, dict[str, str]]]:
        body = found["body"]
        if not isinstance(body, str) or digest(body.encode("utf-8", "replace")) != found["hash"]:
            yield say("the hash is not that of the content"), {}
        if found["prev_hash"] != self.hash:
            yield say("the row does not follow on the one before"), {}
        try:
            row = Row.of(body) if isinstance(body, str) else None
            columns = row.columns() if row else {}
        except (ValueError, DataError):
            columns = {}
        if not columns:
            yield say("the content cannot be read"), {}
            return
        if row is not None and type(found["seq"]) is int:
            self.index.expect(found["seq"], row)
        if columns["body"] != body:
            yield say("the content is not in canonical form"), {}
        for name in _COLUMNS:
            if name not in ("body", "hash") and not _same(columns[name], found[name]):
                yield say("the column {column} is not what the content says"), {"column": name}
        at = columns["recorded_at"]
        if not is_instant(at) or at < self.recorded_at:
            yield say("the recorded time lies before that of the row before"), {}


class _Index:
    """The index against the rows: of each row the sum of what follows from it, less what is found.

    An entry counts with a number that nobody can know beforehand, so that no other entries have the
    same sum but by a chance of 1 in 2^64. Eight bytes a row are kept, however long the log is.
    """

    def __init__(self, *, linked: bool, ended: bool) -> None:
        self._linked, self._ended = linked, ended
        self._sums = array("Q", [0])
        self._key = secrets.token_bytes(16)
        self._weight = lru_cache(maxsize=1 << 18)(self._weigh)

    def _weigh(self, *entry: str) -> int:
        plain = "\0".join(entry).encode("utf-8", "replace")
        return int.from_bytes(blake2b(plain, digest_size=8, key=self._key).digest(), "big")

    def expect(self, seq: int, row: Row) -> None:
        """Take what a row should have in the index; a row out of order is a fault of its own."""
        said = (row.kind, row.subject, row.content)
        weight = self._weight
        wanted = sum(weight(what, term) for what, term in entries(*said))
        link = link_of(*said) if self._linked else None
        if link is not None:
            wanted += self._weigh(*link)
        if self._ended:
            wanted += sum(map(self._weigh, ends_of(row)))
        if seq == len(self._sums):
            self._sums.append(wanted & _MASK)
        elif 0 < seq < len(self._sums) + _GAP:
            while len(self._sums) <= seq:
                self._sums.append(0)
            self._sums[seq] = wanted & _MASK

    def faults(self, connection: sql.Connection) -> Generator[Fault, None, None]:
        """The rows whose entries are missing, changed or too many."""
        lost: set[int] = set()
        query = sql.select(terms).where(terms.c.what.not_in(DROPPED))
        for what, term, first, line in stream(connection, query):
            try:
                rows = numbers(line)
            except (ValueError, AttributeError, TypeError):
                rows = []
            if not rows or rows[0] != first or line_of(rows) != line or not _growing(rows):
                message = say("the line {term} of the index cannot be read")
                yield Fault(first if isinstance(first, int) else 0, message, {"term": str(term)})
                continue
            weight = self._weight(what, term)
            for row in rows:
                yield from self._take(row, weight, lost)
        for table, there in ((links, self._linked), (ends, self._ended)):
            for *told, seq in stream(connection, sql.select(table)) if there else ():
                # SQLite keeps a text where a number belongs, and bytes where a text does.
                row = seq if isinstance(seq, int) else 0
                yield from self._take(row, self._weigh(*map(str, told)), lost)
        for row, left in enumerate(self._sums):
            if left:
                yield Fault(row, say("the index is not what the row says"), {})

    def _take(self, row: int, weight: int, lost: set[int]) -> Iterator[Fault]:
        """Take an entry that was found from what its row should have."""
        sums = self._sums
        if 0 < row < len(sums):
            sums[row] = (sums[row] - weight) & _MASK
        elif row not in lost and len(lost) < _MOST:
            lost.add(row)
            yield Fault(row, say("the index names a row that is not there"), {})


def _held(connection: sql.Connection) -> list[bool]:
    """Which tables of what follows from the rows are there."""
    there = sql.inspect(connection)
    return [there.has_table(table.name) for table in (terms, links, ends)]


def _nothing() -> Generator[Fault, None, None]:
    yield from ()


def _growing(rows: list[int]) -> bool:
    return rows[0] > 0 and all(a < b for a, b in pairwise(rows))


def _same(expected: object, found: object) -> bool:
    return type(expected) is type(found) and expected == found


def _database(connection: sql.Connection) -> Generator[Fault, None, None]:
    """Guards, schema version and, on SQLite, the file itself."""
    query = sql.select(versions.c.version).order_by(versions.c.version)
    told = list(connection.execute(query).scalars())
    for name in guards_missing(connection, max(told, default=VERSION)):
        yield Fault(0, say("the guard {name} is missing from the database"), {"name": name})
    newest = max(told, default=0)
    if _held(connection) != [newest >= begun for begun in (INDEXED, LINKED, ENDED)]:
        yield Fault(0, say("the index is missing from the database"), {})
    if told not in [list(range(1, number + 1)) for number in range(1, VERSION + 1)]:
        yield Fault(0, say("the schema version was changed"), {})
    if connection.dialect.name == "sqlite":
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if line != "ok":
                yield Fault(0, say("the database file is damaged: {line}"), {"line": str(line)})
