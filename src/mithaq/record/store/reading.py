"""Reading the log up to a recorded time: which rows stand, and the record that they make.

A claim stands unless a later row corrects or retracts it, or says the same again. Recorded times
only grow along the log, so a recorded time is a number of rows, and each question about single
claims is answered by a few look-ups in an index, however long the log is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sql

from mithaq.record.collecting import no_collecting
from mithaq.record.files import shipped_folder
from mithaq.record.record import Case, Focus, Record
from mithaq.record.store.index import rows_bringing
from mithaq.record.store.rows import CLAIM_KINDS, Row, case_of
from mithaq.record.store.schema import (
    ENDED,
    INDEXED,
    LINKED,
    VERSION,
    about,
    among,
    claims,
    ends,
    listed,
    stream,
    up_to,
)
from mithaq.record.store.unread import Unread, UnreadSources, damaged, kind_in, subject_in

__all__ = ["Entry", "Latest", "Log", "Standing"]

_PART = 2000
_REPLACED = ("case", "source", "subject")
_STANDING = ("seq", "subject", "content_id", "body")
# What a row tells, or nothing where it brings a subject, in the place of two columns.
_TOLD = sql.case((claims.c.kind != "subject", claims.c.content_id)).label("told")
_PARTS: dict[str, sql.ColumnElement[Any]] = {part.name: part for part in (*claims.c, _TOLD)}


@cache
def _asked(
    dialect: str,
    column: str,
    parts: tuple[str, ...],
    kinds: tuple[str, ...],
    stands: sql.ColumnElement[bool] | None,
) -> sql.Select[Any]:
    """Parts of the rows up to ``last`` whose column has one of the ``values``.

    Made once: a question about a partnership comes to two dozen statements.
    """
    query = sql.select(*(_PARTS[part] for part in parts))
    query = query.where(among(dialect, claims.c[column]), up_to(dialect, claims.c.seq))
    if kinds:
        query = query.where(claims.c.kind.in_([sql.literal(kind) for kind in kinds]))
    return query if stands is None else query.where(stands)


@cache
def _stands(dialect: str, version: int) -> sql.ColumnElement[bool]:
    """That no later row up to ``last`` takes the claim of a row away."""
    seq, names = _ending(version)
    return sql.and_(
        *(
            ~sql.exists().where(
                name == claims.c.content_id, seq > claims.c.seq, up_to(dialect, seq)
            )
            for name in names
        )
    )


def _ending(version: int) -> tuple[sql.ColumnElement[int], list[sql.ColumnElement[str]]]:
    """Where a store of that version tells which row takes which claims away."""
    if version >= ENDED:
        return ends.c.seq, [ends.c.content_id]
    later = claims.alias("later")
    return later.c.seq, [later.c.corrects, later.c.retracts]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log as history shows it; ``current`` says whether its claim still stands."""

    row: Row
    content_id: str
    current: bool

    def to_dict(self) -> dict[str, Any]:
        """The row by name of its parts."""
        row = self.row
        return {
            "row": row.seq,
            "kind": row.kind,
            "subject": row.subject,
            "claim": self.content_id if row.kind in ("claim", "correction") else None,
            "content": dict(row.content),
            "corrects": row.corrects,
            "retracts": row.retracts,
            "why": row.why,
            "recorded_at": row.recorded_at,
            "recorded_by": row.recorded_by,
            "current": self.current,
        }


class Log:
    """The rows of a log up to a recorded time (as the log writes it), or all of them.

    ``version`` is the schema version of the store.
    """

    def __init__(
        self, connection: sql.Connection, recorded: str | None = None, *, version: int = VERSION
    ) -> None:
        self.connection = connection
        self.version = version
        tail = sql.select(claims.c.seq, claims.c.recorded_at).order_by(claims.c.seq.desc())
        top, at = connection.execute(tail.limit(1)).first() or (0, "")
        self.last = top if recorded is None or at <= recorded else self._last_by(recorded, top)

    @property
    def indexed(self) -> bool:
        """Whether the store has the table ``terms``."""
        return self.version >= INDEXED

    @property
    def _stands(self) -> sql.ColumnElement[bool]:
        return _stands(self.connection.dialect.name, self.version)

    @property
    def linked(self) -> bool:
        """Whether the store has the table ``links``."""
        return self.version >= LINKED

    def _last_by(self, recorded: str, top: int) -> int:
        """The last row recorded by then, the top one being later.

        Found by halving: recorded times grow with the rows.
        """
        low, high = 0, top - 1
        while low < high:
            middle = (low + high + 1) // 2
            query = sql.select(claims.c.recorded_at).where(claims.c.seq <= middle)
            at = self.connection.execute(query.order_by(claims.c.seq.desc()).limit(1)).scalar()
            low, high = (middle, high) if at is None or at <= recorded else (low, middle - 1)
        return low

    # All of it

    def record(self) -> Record:
        """The whole record."""
        gone = self._gone()
        case: Row | None = None
        sources: Latest = {}
        subjects: Latest = {}
        bodies: dict[str, list[str]] = {}
        query = sql.select(claims.c.seq, claims.c.kind, claims.c.subject, claims.c.body)
        ordered = query.where(claims.c.seq <= self.last).order_by(claims.c.seq)
        with no_collecting():
            for seq, kind, subject, body in stream(self.connection, ordered):
                if kind in CLAIM_KINDS:
                    if seq not in gone:
                        bodies.setdefault(subject, []).append(body)
                elif kind == "source":
                    sources[subject] = seq, body
                elif kind == "subject":
                    subjects[subject] = seq, body
                elif kind == "case":
                    case = _row(seq, body)
        return _made(case, sources, subjects, _unread(bodies, subjects))

    def _gone(self) -> set[int]:
        """The rows of claims that a later row corrects or retracts, or that say the same again."""
        ended: dict[str, int] = {}
        at, columns = _ending(self.version)
        for column in columns:
            query = sql.select(column, at).where(column > "", at <= self.last)
            for name, seq in self.connection.execute(query):
                ended[name] = max(seq, ended.get(name, 0))
        content = claims.c.content_id
        # Of all rows, so that the index on them answers alone.
        told = sql.select(content).group_by(content).having(sql.func.count() > 1)
        several = self.connection.execute(told)
        names = {*ended, *several.scalars()}
        rows = list(self._in("content_id", names, _STANDING, CLAIM_KINDS))
        stand = _once(row for row in rows if row[0] >= ended.get(row[2], 0))
        return {row[0] for row in rows} - {row[0] for row in stand}

    def history(self, *where: sql.ColumnElement[bool]) -> list[Entry]:
        """Every row of those, the oldest first, and whether it still stands."""
        query = sql.select(claims.c.seq, claims.c.body, claims.c.content_id)
        ordered = query.where(claims.c.seq <= self.last, *where).order_by(claims.c.seq)
        found = [(_row(seq, body), name) for seq, body, name in stream(self.connection, ordered)]
        told = {row.seq for row, _ in found if row.kind in CLAIM_KINDS}
        current = {seq for (seq,) in self._in("seq", told, ("seq",), standing=True)}
        # Of a case, a source, a subject the latest row stands.
        latest = {(r.kind, r.subject): r.seq for r, _ in found if r.kind in _REPLACED}
        current |= set(latest.values())
        return [Entry(row, name, row.seq in current) for row, name in found]

    # Parts of it

    def _in(
        self,
        column: str,
        values: Iterable[Any],
        parts: tuple[str, ...],
        kinds: tuple[str, ...] = (),
        *,
        standing: bool = False,
    ) -> Iterator[Sequence[Any]]:
        """Parts of the rows up to the time in which the column has one of the values."""
        dialect = self.connection.dialect.name
        query = _asked(dialect, column, parts, kinds, self._stands if standing else None)
        wanted = sorted(values)
        for start in range(0, len(wanted), _PART):
            part = listed(dialect, wanted[start : start + _PART])
            with self.connection.execute(query, {"values": part, "last": self.last}) as result:
                # As the driver made them: to name their parts costs a tenth of the reading.
                yield from result.cursor.fetchall()

    def latest(self, kind: str, names: Iterable[str]) -> Latest:
        """Those of the names that are a subject (or a source), with their latest rows."""
        wanted = set(names)
        parts = ("seq", "subject", "body")
        if self.indexed and kind == "subject":
            # Of a subject there are many rows that do not bring it, of a source hardly any.
            rows = rows_bringing(self.connection, kind, wanted, self.last)
            told = self._in("seq", rows, parts)
        else:
            told = self._in("subject", wanted, parts, (kind,))
        found = sorted((row for row in told if row[1] in wanted), key=lambda row: row[0])
        return {name: (seq, body) for seq, name, body in found}

    def told_of(self, names: Iterable[str]) -> tuple[Latest, dict[str, list[str]]]:
        """Those of the names that are subjects, and the bytes of the claims on them that stand."""
        parts, kinds = ("seq", "subject", "told", "body"), (*CLAIM_KINDS, "subject")
        found = self._in("subject", names, parts, kinds, standing=True)
        held: Latest = {}
        told: dict[str, dict[str, str]] = {}
        for seq, name, content, body in sorted(found, key=itemgetter(0)):
            if content is None:
                held[name] = seq, body
                told.setdefault(name, {})
            elif name in told:
                told[name].setdefault(content, body)
        return held, {name: list(bodies.values()) for name, bodies in told.items()}

    def case(self) -> Row | None:
        """The row that names the case."""
        query = sql.select(claims.c.seq, claims.c.body)
        if self.indexed:
            rows = rows_bringing(self.connection, "case", [""], self.last)
            query = query.where(claims.c.seq == max(rows, default=0))
        else:
            query = query.where(claims.c.kind == "case", claims.c.seq <= self.last)
        found = self.connection.execute(query.order_by(claims.c.seq.desc()).limit(1)).first()
        return _row(*found) if found else None

    def bodies(self, column: str, values: Iterable[Any]) -> list[Standing]:
        """The claims that stand and whose column has one of the values, the oldest first."""
        return _once(self._in(column, values, _STANDING, CLAIM_KINDS, standing=True))

    def beginning(self, prefix: str) -> list[Standing]:
        """The claims that stand and whose identifier begins so."""
        query = sql.select(*(claims.c[part] for part in _STANDING))
        name = claims.c.content_id
        dialect = self.connection.dialect.name
        query = query.where(name >= prefix, name < prefix + "g", up_to(dialect, claims.c.seq))
        query = query.where(claims.c.kind.in_(CLAIM_KINDS), self._stands).limit(_PART)
        return _once(self.connection.execute(query, {"last": self.last}))

    def begun(self, name: str) -> bool:
        """Whether any row is about something of that id."""
        query = sql.select(claims.c.seq).where(claims.c.subject == name)
        return self.connection.execute(query.limit(1)).first() is not None

    def about(self, rows: Iterable[int]) -> dict[int, str]:
        """Row -> what it is about."""
        return about(self.connection, rows, self.last, self.version)

    def part(
        self, found: Iterable[Standing], sources: Iterable[str] = (), subjects: Iterable[str] = ()
    ) -> Record:
        """The record of some claims that stand, with the sources and subjects that they name.

        ``sources`` and ``subjects`` are taken in beside those.
        """
        bodies: dict[str, list[str]] = {}
        for _, subject, _, body in found:
            bodies.setdefault(subject, []).append(body)
        held = self.latest("subject", {*bodies, *subjects})
        return self.made(held, _unread(bodies, held), sources=sources)

    def made(
        self,
        subjects: Latest,
        told: Unread,
        focus: Focus | None = None,
        sources: Iterable[str] = (),
    ) -> Record:
        """The record of those subjects and claims, in the name of the case of the log.

        ``sources`` are taken in beside those that the claims cite.
        """
        held = self.latest("source", {*sources}.union(*map(told.cited, told)) - {""})
        return _made(self.case(), held, subjects, told, focus)


Latest = dict[str, tuple[int, str]]
"""Id -> number and bytes of the latest row of a subject or source."""

Standing = Sequence[Any]
"""Row, subject, content identifier and bytes of a claim."""


def _once(found: Iterable[Sequence[Any]]) -> list[Standing]:
    """Rows of claims, the oldest first, and of those that say the same the first."""
    seen: dict[str, Standing] = {}
    for row in sorted(found, key=itemgetter(0)):
        seen.setdefault(row[2], row)
    return list(seen.values())


def _row(seq: int, body: str) -> Row:
    """The row of those bytes. Raises DataError where they are none."""
    try:
        return Row.of(body)
    except ValueError:
        raise damaged(seq) from None


def _unread(bodies: Mapping[str, list[str]], subjects: Latest) -> Unread:
    return Unread(bodies, {name: kind_in(body) for name, (_, body) in subjects.items()})


def _made(
    case: Row | None,
    sources: Latest,
    subjects: Latest,
    told: Unread,
    focus: Focus | None = None,
) -> Record:
    try:
        held = [subject_in(name, *row) for name, row in subjects.items()]
        cited = UnreadSources(sources)
        named = case_of(case.content) if case else Case("record")
        return Record(named, cited, held, told, shipped_folder(named.id), focus)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(what=f"the rows make no record: {error!r}") from None
