"""The store: the record of one case in a database that a team shares.

One append-only log of rows in SQLite (a file) or PostgreSQL (a server), the same code on both. The
record at a recorded time is a pure function of the rows up to that time.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sqlalchemy as sql

from mithaq.errors import DataError, Problem
from mithaq.record.about import about as part_of
from mithaq.record.claims import Claim, Source
from mithaq.record.files import load_case, read_additions
from mithaq.record.record import Case, Record, Subject
from mithaq.record.search import Found, search_all
from mithaq.record.state import as_day
from mithaq.record.store.appending import Added, Appending, tail_of
from mithaq.record.store.lines import append_lines, line_of
from mithaq.record.store.partly import part_about
from mithaq.record.store.reading import Entry, Log
from mithaq.record.store.rows import instant
from mithaq.record.store.schema import (
    VERSION,
    address,
    claims,
    connect,
    migrate,
    plainly,
    stream,
    tell_size,
    version_of,
)
from mithaq.record.store.searching import named, search
from mithaq.record.store.unread import Unread
from mithaq.record.store.verifying import Checkpoint, Verification, verify
from mithaq.record.writer import write_case

__all__ = ["Entry", "Store", "source_of", "whoever"]

# Appends of all stores of one PostgreSQL database wait for one another on this key.
_LOCK = 0x6D697468
_LEAST_PREFIX = 6
_BLOCKS, _HISTORY = (".yaml", ".yml"), ".jsonl"
Instant = str | date | datetime


class Store:
    """The record of one case in SQLite or PostgreSQL.

    ``url`` is a file, ``sqlite:///file`` or ``postgresql://user@host/name``. With ``make`` the
    store is made where there is none. A store of an earlier release can be read as it is; the
    first append brings it up to date, which leaves every row as it is. Raises DataError where there
    is no store, where it comes from a later release, or where the database refuses.

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
            self._must_exist()
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

    def _must_exist(self) -> None:
        """SQLite would make an empty file where there is none."""
        name = str(self.url.database)
        if self.url.query.get("uri"):
            name = unquote(urlsplit(name).path)
        try:
            there = Path(name).is_file()
        except OSError:  # a name that no file can have
            there = False
        if not there:
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
                if connection.dialect.name == "postgresql":
                    tell_size(connection)
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

    def import_(self, source: str | Path | Record, *, by: str = "") -> Added:
        """Append a shipped case, a folder, a YAML file of blocks, or JSON Lines of a whole history.

        A record that has been loaded will do as well. Everything is stamped with the time of this
        import, but JSON Lines keep their rows as they are: they may go into an empty store, or
        continue the store that they came from. What the source leaves out is not retracted.
        Raises DataError.
        """
        new = source if isinstance(source, Record) else source_of(source)
        if isinstance(new, Path) and new.suffix == _HISTORY:
            with new.open(encoding="utf-8") as lines, self._writing() as connection:
                return append_lines(connection, lines, new.name)
        if isinstance(new, Path):
            return self.add([new], by=by)
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

    def _log(self, connection: sql.Connection, recorded: Instant | None = None) -> Log:
        at = None if recorded is None else instant(recorded)
        return Log(connection, at, version=self._version)

    def find(
        self,
        words: str,
        *,
        at: str | date | None = None,
        known: str | date | None = None,
        recorded: Instant | None = None,
        cross_script: bool = True,
        limit: int | None = 200,
    ) -> Found:
        """Search names, claims and sources, as :func:`mithaq.record.search.find` does.

        ``at`` leaves out claims about what began later, ``known`` what was published later.
        Nothing but the rows in which the words stand is read; where there are more hits than
        ``limit``, those recorded first are told. Raises DataError where there is no word to look
        for or a day or time cannot be read.
        """
        day = None if at is None else as_day(at, "at")
        known_day = None if known is None else as_day(known, "known")
        with self._reading() as connection:
            log = self._log(connection, recorded)
            if log.indexed:
                return search(log, words, day, known_day, cross_script, limit)
            return search_all(log.record(), words, day, known_day, cross_script, limit)

    def record(self, recorded: Instant | None = None, about: Iterable[str] = ()) -> Record:
        """The record as the store held it at a recorded time (now, where none is given).

        A day stands for its end in UTC. ``about`` names subjects, by id or name: then it is the
        part that concerns them (:func:`mithaq.record.about.about`), and no more than that is read.
        Claims are made when their subject is asked for. Raises DataError where the time cannot be
        read, nothing is named so, or (then, or later) where the rows cannot be read.
        """
        wanted = list(about)
        with self._reading() as connection:
            log = self._log(connection, recorded)
            if not wanted:
                return log.record()
            if not log.linked:
                return part_of(log.record(), *wanted)
            return part_about(log, wanted, lambda words: self._named(log, words))

    def only(self, subjects: Iterable[str], recorded: Instant | None = None) -> Record:
        """The claims on those subjects (ids; others are left out), and nothing of what they name.

        Enough to call them by their names; :meth:`record` with ``about`` answers questions.
        """
        wanted = set(subjects)
        with self._reading() as connection:
            log = self._log(connection, recorded)
            return log.part(log.bodies("subject", wanted), subjects=wanted)

    def case(self) -> Case:
        """The case of which the store holds the record."""
        with self._reading() as connection:
            return self._log(connection).made({}, Unread({}, {})).case

    def claim(self, reference: str) -> Claim:
        """The current claim whose identifier begins so. Raises DataError where it is not one."""
        prefix = reference.strip().lower()
        found: list[Claim] = []
        if len(prefix) >= _LEAST_PREFIX and set(prefix) <= set("0123456789abcdef"):
            with self._reading() as connection:
                log = self._log(connection)
                found = list(log.part(log.beginning(prefix)).unordered())
        if len(found) == 1:
            return found[0]
        hint = "mithaq record history SUBJECT lists the claims with their identifiers"
        what = f"{reference!r} names {'several claims' if found else 'no current claim'}"
        raise DataError([Problem(what=what, hint=hint)])

    def history(self, subject: str | None = None, recorded: Instant | None = None) -> list[Entry]:
        """Every row about a subject (by id or name) or about everything, the oldest first.

        ``recorded`` leaves out later rows and says of the others whether they stood then. Raises
        DataError where nothing is named so, or where the time cannot be read.
        """
        where = []
        with self._reading() as connection:
            if subject is not None:
                name = self._named(self._log(connection), subject, source=True)
                where = [claims.c.subject == name]
            return self._log(connection, recorded).history(*where)

    def _named(self, log: Log, words: str, *, source: bool = False) -> str:
        """The id of the subject (or of the source or case) that has that id or name."""
        if log.latest("subject", [words]) or (source and log.begun(words)):
            return words
        return (named(log, words) if log.indexed else log.record()).find(words)

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

        JSON Lines carry every row with its hash; YAML the current claims. Raises as
        :func:`mithaq.record.writer.write_case` does.
        """
        path = Path(target)
        if path.suffix == ".jsonl":
            with path.open("w", encoding="utf-8", newline="\n") as out, self._reading() as held:
                query = sql.select(claims.c.body, claims.c.hash).order_by(claims.c.seq)
                query = query.where(claims.c.seq <= self._log(held, recorded).last)
                out.writelines(line_of(body, hashed) for body, hashed in stream(held, query))
        else:
            write_case(self.record(recorded), path)
        return path


def source_of(source: str | Path) -> Path | Record:
    """What an import is to read: a file of blocks or of a history, else the case, loaded.

    So that a name with a slip in it is told before a store is made for it. Raises DataError.
    """
    path = Path(source)
    if not path.is_file():
        return load_case(source)
    if path.suffix not in (*_BLOCKS, _HISTORY):
        hint = "import a shipped case, a folder, FILE.yaml or FILE.jsonl"
        raise DataError([Problem(path.name, what="neither YAML nor JSON Lines", hint=hint)])
    return path


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
