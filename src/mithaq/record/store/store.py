"""The store: the record of one case in a database that a team shares.

One append-only log of rows in SQLite (a file) or PostgreSQL (a server), the same code on both. The
record at a recorded time is a pure function of the rows up to that time.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Source
from mithaq.record.files import load_case, read_additions, shipped_folder
from mithaq.record.record import Case, Record, Subject
from mithaq.record.store.appending import Added, Appending, tail_of
from mithaq.record.store.lines import append_lines, line_of
from mithaq.record.store.rows import Row, case_of, claim_of, digest, instant, source_of, subject_of
from mithaq.record.store.schema import (
    VERSION,
    address,
    claims,
    connect,
    migrate,
    plainly,
    version_of,
)
from mithaq.record.store.verifying import Checkpoint, Verification, verify
from mithaq.record.writer import write_case

__all__ = ["Entry", "Store", "whoever"]

# Appends of all stores of one PostgreSQL database wait for one another on this key.
_LOCK = 0x6D697468
_LEAST_PREFIX = 6
Instant = str | date | datetime


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


class Store:
    """The record of one case in SQLite or PostgreSQL.

    ``url`` is a file, ``sqlite:///file`` or ``postgresql://user@host/name``. With ``make`` the
    store is made where there is none. A store of an earlier release can be read as it is; the
    first append brings it up to date, which only adds. Raises DataError where there is no store,
    where it comes from a later release, or where the database refuses.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = Store(f"{folder.name}/record.db", make=True)
    >>> added = store.import_("algeria-italy", by="the editors")
    >>> store.record() == load_case("algeria-italy"), store.verify().ok
    (True, True)
    >>> store.close(), folder.cleanup()
    (None, None)
    """

    def __init__(self, url: str | Path, *, make: bool = False) -> None:
        self.url = address(url)
        if self.url.get_backend_name() == "sqlite" and not make:
            self._must_exist(Path(str(self.url.database)))
        self._engine = connect(self.url)
        self._version = 0
        try:
            self._open(make)
        except BaseException:
            self.close()
            raise

    def _open(self, make: bool) -> None:
        if make:
            with self._writing():
                pass
        with self._reading() as connection:
            self._version = version_of(connection)
            if self._version > VERSION:
                migrate(connection)
        if not self._version:
            raise self._missing()

    def _must_exist(self, path: Path) -> None:
        # SQLite opens a "file:" address with settings of its own, such as mode=ro.
        if not str(path).startswith("file:") and not path.is_file():
            raise self._missing()

    def _missing(self) -> DataError:
        hint = "make one: mithaq record init --db URL"
        return DataError([Problem(file=self.shown, what="there is no store", hint=hint)])

    @property
    def shown(self) -> str:
        """The address without a password."""
        return self.url.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Store({self.shown!r})"

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    # Transactions

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with plainly(self.url), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        """A transaction that no other append runs beside, durable when it ends."""
        with plainly(self.url), self._engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                if self._version != VERSION:
                    migrate(connection)
                yield connection
            self._version = VERSION

    # Writing

    def append(
        self,
        told: Iterable[Claim] = (),
        *,
        sources: Iterable[Source] = (),
        subjects: Iterable[Subject] = (),
        case: Case | None = None,
        by: str = "",
    ) -> Added:
        """Append claims, with the sources and subjects that they need, all or none.

        A claim with ``corrects`` (or ``retracts``) set to the identifier of a current claim takes
        its place (or withdraws it). What is current already is not added again. ``by`` is who
        records; where it is empty, MITHAQ_BY or the name of the user. When this returns, the rows
        are on the disk. Raises DataError with every mistake found; then nothing was appended.
        """
        given = (list(sources), list(subjects), list(told))
        with self._writing() as connection:
            return Appending(connection, by or whoever()).add(case, *given)

    def add(self, files: Sequence[Path], *, by: str = "") -> Added:
        """Append what YAML files of blocks say; see :func:`mithaq.record.files.read_additions`.

        Raises DataError with every mistake found, OSError where a file cannot be read.
        """
        texts = {path.name: _text_of(path) for path in files}
        new = read_additions(texts, self.record())
        return self.append(new.claims, sources=new.sources.values(), subjects=new.subjects(), by=by)

    def import_(self, source: str | Path, *, by: str = "") -> Added:
        """Append a shipped case, a folder, a YAML file of blocks, or JSON Lines of a whole history.

        Everything is stamped with the time of this import, but JSON Lines keep their rows as they
        are: they may go into an empty store, or continue the store that they came from. What the
        source leaves out is not retracted. Raises DataError.
        """
        path = Path(source)
        if path.suffix in (".yaml", ".yml") and path.is_file():
            return self.add([path], by=by)
        if path.suffix == ".jsonl" and path.is_file():
            with path.open(encoding="utf-8") as lines, self._writing() as connection:
                return append_lines(connection, lines, path.name)
        new = load_case(source)
        return self.append(
            new.claims,
            sources=new.sources.values(),
            subjects=new.subjects(),
            case=new.case,
            by=by,
        )

    def correct(self, claim: str, becomes: Claim, *, why: str, by: str = "") -> Added:
        """Put a claim in the place of a current one, named by (the start of) its identifier."""
        held = self.claim(claim)
        if held.identifier == becomes.identifier:
            raise DataError([Problem(what="the correction changes nothing")])
        new = replace(becomes, corrects=held.identifier)
        with self._writing() as connection:
            return Appending(connection, by or whoever(), why=why).add(None, [], [], [new])

    def retract(self, claim: str, *, why: str, by: str = "") -> Added:
        """Withdraw a current claim, named by (the start of) its identifier."""
        held = self.claim(claim)
        gone = replace(held, retracts=held.identifier)
        with self._writing() as connection:
            return Appending(connection, by or whoever(), why=why).add(None, [], [], [gone])

    # Reading

    def _rows(self, connection: sql.Connection, *where: sql.ColumnElement[bool]) -> Iterator[Row]:
        query = sql.select(claims.c.seq, claims.c.body).where(*where).order_by(claims.c.seq)
        with connection.execute(query.execution_options(yield_per=2000)) as found:
            for seq, body in found:
                try:
                    row = Row.of(body)
                except ValueError:
                    hint = "the store was changed; run mithaq record verify"
                    problem = Problem("claims", seq, what="the row cannot be read", hint=hint)
                    raise DataError([problem]) from None
                yield row

    def record(self, recorded: Instant | None = None) -> Record:
        """The record as the store held it at a recorded time (now, where none is given).

        A day stands for its end in UTC. Raises DataError where the time cannot be read.
        """
        limit = () if recorded is None else (claims.c.recorded_at <= instant(recorded),)
        held = _Held()
        with self._reading() as connection:
            for row in self._rows(connection, *limit):
                held.take(row)
        return held.record()

    def claim(self, reference: str) -> Claim:
        """The current claim whose identifier begins so. Raises DataError where it is not one."""
        prefix = reference.strip().lower()
        record = self.record()
        found = [c for c in record.claims if c.identifier.startswith(prefix)]
        if len(prefix) >= _LEAST_PREFIX and len(found) == 1:
            return found[0]
        hint = "mithaq record history SUBJECT lists the claims with their identifiers"
        what = f"{reference!r} names {'several claims' if found else 'no current claim'}"
        raise DataError([Problem(what=what, hint=hint)])

    def history(self, subject: str | None = None) -> list[Entry]:
        """Every row about a subject (by id or name) or about everything, the oldest first.

        Raises DataError where nothing is named so.
        """
        where = []
        if subject is not None:
            where = [claims.c.subject == self._named(subject)]
        with self._reading() as connection:
            rows = list(self._rows(connection, *where))
        held = _Held()
        for row in rows:
            held.take(row)
        standing = held.standing()
        return [Entry(row, held.id_of(row), row.seq in standing) for row in rows]

    def _named(self, subject: str) -> str:
        with self._reading() as connection:
            query = sql.select(claims.c.seq).where(claims.c.subject == subject).limit(1)
            if connection.execute(query).first():
                return subject
        return self.record().find(subject)

    # Trust

    def checkpoint(self) -> Checkpoint:
        """The size of the log and the hash of its last row, to be kept outside the store."""
        with self._reading() as connection:
            tail = tail_of(connection)
        return Checkpoint(tail.seq, tail.hash, tail.recorded_at)

    def verify(self, checkpoint: Checkpoint | None = None) -> Verification:
        """Look for any change, insertion, reordering or loss of rows; says at which row.

        With a checkpoint it also finds a cut end and a chain made anew.
        """
        with self._reading() as connection:
            return verify(connection, checkpoint)

    # Handing on

    def export(self, target: str | Path, recorded: Instant | None = None) -> Path:
        """Write the record as canonical YAML into a folder, or the history as ``.jsonl`` file.

        JSON Lines carry every row with its hash; YAML the current claims. Raises OSError.
        """
        path = Path(target)
        if path.suffix == ".jsonl":
            limit = () if recorded is None else (claims.c.recorded_at <= instant(recorded),)
            with path.open("w", encoding="utf-8", newline="\n") as out, self._reading() as held:
                query = sql.select(claims.c.body, claims.c.hash).where(*limit)
                ordered = query.order_by(claims.c.seq).execution_options(yield_per=2000)
                out.writelines(line_of(body, hashed) for body, hashed in held.execute(ordered))
        else:
            write_case(self.record(recorded), path)
        return path


class _Held:
    """What the rows taken so far leave standing."""

    def __init__(self) -> None:
        self.case: Row | None = None
        self.sources: dict[str, Row] = {}
        self.subjects: dict[str, Row] = {}
        self.claims: dict[str, Row] = {}

    @staticmethod
    def id_of(row: Row) -> str:
        """The content identifier of the row."""
        # For texts and flags under ASCII keys these are the canonical bytes, ten times as fast.
        plain = json.dumps(row.content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return digest(plain.encode("utf-8"))

    def take(self, row: Row) -> None:
        """Go on by one row."""
        link = row.corrects or row.retracts
        if link is not None:
            self.claims.pop(link, None)
        match row.kind:
            case "case":
                self.case = row
            case "source":
                self.sources[row.subject] = row
            case "subject":
                self.subjects[row.subject] = row
            case "claim" | "correction":
                self.claims[self.id_of(row)] = row

    def standing(self) -> set[int]:
        """The numbers of the rows that stand."""
        kept = [*self.sources.values(), *self.subjects.values(), *self.claims.values()]
        return {row.seq for row in [*kept, *([self.case] if self.case else [])]}

    def record(self) -> Record:
        """The record that stands."""
        try:
            return self._record()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            hint = "the store was changed; run mithaq record verify"
            problem = Problem(what=f"the rows make no record: {error!r}", hint=hint)
            raise DataError([problem]) from None

    def _record(self) -> Record:
        case = case_of(self.case.content) if self.case else Case("record")
        kinds = {name: row.content["kind"] for name, row in self.subjects.items()}
        return Record(
            case,
            map(source_of, self.sources.values()),
            map(subject_of, self.subjects.values()),
            (claim_of(row, kinds[row.subject]) for row in self.claims.values()),
            shipped_folder(case.id),
        )


def whoever() -> str:
    """Who records, where nobody is named."""
    try:
        return os.environ.get("MITHAQ_BY", "") or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        hint = "save the file as UTF-8"
        raise DataError([Problem(path.name, what="not UTF-8 text", hint=hint)]) from None
