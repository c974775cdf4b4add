"""Tables, guards and versions of a store, and the connection to SQLite or PostgreSQL.

The database itself refuses whatever is no append: triggers stand before UPDATE and DELETE (and
TRUNCATE), and before every INSERT that does not continue the log, which refuses REPLACE as well.
Who owns the database can take the triggers away; then the chain of hashes tells.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from mithaq.errors import DataError, Problem

__all__ = [
    "ENDED",
    "INDEXED",
    "LINKED",
    "VERSION",
    "address",
    "about",
    "among",
    "claims",
    "connect",
    "ends",
    "guards_missing",
    "insert",
    "links",
    "migrate",
    "plainly",
    "stream",
    "tell_size",
    "terms",
    "up_to",
    "version_of",
    "versions",
]

VERSION = 7
"""The schema of this release.

1: the log. 2: with a look-up by subject. 3: with an index. 4: on PostgreSQL the guards look at the
log by its full name, so that no other table of that name can be held before them. 5: with a
look-up from a row to what it is about. 6: with a table of who names whom, in place of the entries
of the index that told it. 7: with a table of the claims that were corrected or retracted, in place
of two look-ups that held every row.
"""

INDEXED = 3
"""The version from which on a store has its index."""

LINKED = 6
"""The version from which on a store has its table of links."""

ENDED = 7
"""The version from which on a store has its table of ends."""

_GUARDED = 4
_ABOUT = 5

# An address with a slip in it is no file that anybody means, and may hold a password.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|//[^/@]*:[^/@]*@")
_SETTINGS = frozenset({"uri", "mode", "immutable", "vfs", "cache", "nolock"})
"""What a "file:" address may ask of SQLite."""
_LONGEST = 4000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
WRITER_ROLE = "mithaq_writer"
WAIT_SECONDS = 120
_FETCH = 5000
_SAFE_WAL = (3, 51, 3)

_tables = sql.MetaData()
# Byte order, not the order of a dictionary: times and hashes are compared as they are written.
_TEXT = sql.Text().with_variant(sql.Text(collation="C"), "postgresql")
_NUMBER = sql.BigInteger().with_variant(sql.Integer(), "sqlite")

claims = sql.Table(
    "claims",
    _tables,
    sql.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
    sql.Column("kind", _TEXT, nullable=False),
    sql.Column("subject", _TEXT, nullable=False),
    sql.Column("content_id", _TEXT, nullable=False),
    sql.Column("body", _TEXT, nullable=False),
    sql.Column("recorded_at", _TEXT, nullable=False),
    sql.Column("recorded_by", _TEXT, nullable=False),
    sql.Column("corrects", _TEXT),
    sql.Column("retracts", _TEXT),
    sql.Column("prev_hash", _TEXT, nullable=False),
    sql.Column("hash", _TEXT, nullable=False),
    sql.Index("claims_content", "content_id"),
    sql.Index("claims_recorded", "recorded_at"),
)
versions = sql.Table(
    "schema_versions",
    _tables,
    sql.Column("version", sql.Integer(), primary_key=True, autoincrement=False),
)
terms = sql.Table(
    "terms",
    _tables,
    sql.Column("what", _TEXT, primary_key=True),
    sql.Column("term", _TEXT, primary_key=True),
    sql.Column("first", _NUMBER, primary_key=True, autoincrement=False),
    sql.Column("rows", _TEXT, nullable=False),
    sqlite_with_rowid=False,
)
# The key begins with what is asked for: who names a party, or who names it by one property.
links = sql.Table(
    "links",
    _tables,
    sql.Column("value", _TEXT, primary_key=True),
    sql.Column("property", _TEXT, primary_key=True),
    sql.Column("subject", _TEXT, primary_key=True),
    sql.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
# Hardly any row takes a claim away: whether one stands is asked of a table that holds no other row.
ends = sql.Table(
    "ends",
    _tables,
    sql.Column("content_id", _TEXT, primary_key=True),
    sql.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
_BEGUN = {"claims": 1, "schema_versions": 1, "terms": 3, "links": LINKED, "ends": ENDED}
"""Table -> the version that brought it."""
# The entries of a row are written before the row: once it stands, nothing can be added to them.
_KEYS = {
    "claims": "NEW.seq IS {not_same} (SELECT coalesce(max(seq), 0) + 1 FROM claims) OR"
    " NEW.prev_hash IS {not_same}"
    " coalesce((SELECT hash FROM claims WHERE seq = NEW.seq - 1), '" + "0" * 64 + "')",
    "schema_versions": "NEW.version IS {not_same}"
    " (SELECT coalesce(max(version), 0) + 1 FROM schema_versions)",
    "terms": "NEW.first <= (SELECT coalesce(max(seq), 0) FROM claims)",
    **dict.fromkeys(("links", "ends"), "NEW.seq <= (SELECT coalesce(max(seq), 0) FROM claims)"),
}
_REFUSAL = "mithaq: the record is append-only"


# Versions


def migrate(connection: sql.Connection) -> None:
    """Bring a database up to :data:`VERSION`, step by step; each step only adds.

    An empty database starts at the first step. Raises DataError where the store is newer.
    """
    have = version_of(connection)
    if have > VERSION:
        hint = "it was made by a later release; use that one"
        raise DataError([Problem(what=f"the store has schema version {have}", hint=hint)])
    for number in range(have + 1, VERSION + 1):
        _STEPS[number](connection)
        connection.execute(versions.insert().values(version=number))


def version_of(connection: sql.Connection) -> int:
    """The schema version of the database; 0 where it holds no store."""
    if not sql.inspect(connection).has_table("schema_versions"):
        return 0
    return connection.execute(sql.select(sql.func.max(versions.c.version))).scalar() or 0


def _make(connection: sql.Connection, version: int) -> None:
    """Make the tables that a version brought, without their guards."""
    made = [_tables.tables[name] for name, begun in _BEGUN.items() if begun == version]
    _tables.create_all(connection, tables=made)


def _guard(connection: sql.Connection, version: int) -> None:
    """Set the guards of those tables, and let the role of those who record use them."""
    names = [name for name, begun in _BEGUN.items() if begun == version]
    for table in names:
        for statement in _guards(connection.dialect.name, table):
            connection.exec_driver_sql(statement)
    if connection.dialect.name == "postgresql":
        _grant(connection, names)


def _first(connection: sql.Connection) -> None:
    _make(connection, 1)
    _guard(connection, 1)


def _second(connection: sql.Connection) -> None:
    connection.exec_driver_sql("CREATE INDEX claims_subject ON claims (subject)")


def _third(connection: sql.Connection) -> None:
    from mithaq.record.store.index import fill

    _make(connection, 3)
    fill(connection, terms)
    _guard(connection, 3)


def _fourth(connection: sql.Connection) -> None:
    if connection.dialect.name == "postgresql":
        _fix_path(connection, (name for name, begun in _BEGUN.items() if begun <= _GUARDED))


def _fix_path(connection: sql.Connection, tables: Iterable[str]) -> None:
    """Have the guards of those tables look at the log by its full name (PostgreSQL)."""
    path = _search_path(connection)
    for table in tables:
        for function in ("refuse", "order"):
            connection.exec_driver_sql(
                f"ALTER FUNCTION {table}_{function}() SET search_path = {path}"
            )


def _search_path(connection: sql.Connection) -> str:
    """Where a guard looks for tables: the schema of the store first, a session's own last."""
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    return f"{connection.dialect.identifier_preparer.quote(schema)}, pg_temp"


def _fifth(connection: sql.Connection) -> None:
    # What a row is about, without its bytes: a reference found in the index leads here.
    connection.exec_driver_sql("CREATE INDEX claims_about ON claims (seq, subject)")


def _sixth(connection: sql.Connection) -> None:
    _add(connection, links)


def _seventh(connection: sql.Connection) -> None:
    _add(connection, ends)
    for name in ("corrects", "retracts"):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS claims_{name}")


def _add(connection: sql.Connection, table: sql.Table) -> None:
    """Make a table that follows from the rows, filled and guarded."""
    from mithaq.record.store.index import fill

    version = _BEGUN[table.name]
    _make(connection, version)
    fill(connection, table)
    _guard(connection, version)
    if connection.dialect.name == "postgresql":
        _fix_path(connection, [table.name])
        _share(connection, table.name)


_STEPS = {1: _first, 2: _second, 3: _third, 4: _fourth, 5: _fifth, 6: _sixth, 7: _seventh}


# Guards


def _guards(dialect: str, table: str) -> Iterator[str]:
    if dialect == "sqlite":
        wrong = _KEYS[table].format(not_same="NOT")
        fail = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {fail}"
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {fail}"
        yield f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} WHEN {wrong} {fail}"
        return
    for function in ("refuse", "order"):
        yield (
            f"CREATE FUNCTION {table}_{function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$${_source(table, function)}$$"
        )
    for name, (event, each, function, _) in _TRIGGERS.items():
        yield (
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION {table}_{function}()"
        )
        # ALWAYS: also under session_replication_role = replica.
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}"


# Event, level, function, and how PostgreSQL writes the first two (pg_trigger.tgtype).
_TRIGGERS = {
    "no_update": ("UPDATE", "STATEMENT", "refuse", 18),
    "no_delete": ("DELETE", "STATEMENT", "refuse", 10),
    "no_truncate": ("TRUNCATE", "STATEMENT", "refuse", 34),
    "in_order": ("INSERT", "ROW", "order", 7),
}


def _source(table: str, function: str) -> str:
    """What a guard of PostgreSQL does."""
    fail = f"RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'insufficient_privilege';"
    if function == "refuse":
        return f" BEGIN {fail} END "
    wrong = _KEYS[table].format(not_same="DISTINCT FROM")
    return f" BEGIN IF {wrong} THEN {fail} END IF; RETURN NEW; END "


def guards_missing(connection: sql.Connection, version: int) -> list[str]:
    """The names of triggers that should stand in the database and do not, or not as made."""
    tables = [table for table, begun in _BEGUN.items() if begun <= version]
    if connection.dialect.name == "sqlite":
        made = {
            statement.split()[2]: statement
            for table in tables
            for statement in _guards("sqlite", table)
        }
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        held = {(row[0], row[1]) for row in connection.exec_driver_sql(query)}
        return sorted(made.keys() - {name for name, text in held if made.get(name) == text})
    path = [f"search_path={_search_path(connection)}"] if version >= _GUARDED else None
    wanted = {
        f"{table}_{name}": (kind, _source(table, function), path)
        for table in tables
        for name, (_, _, function, kind) in _TRIGGERS.items()
    }
    query = (
        "SELECT tgname, tgtype, prosrc, proconfig FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid"
        " WHERE tgenabled = 'A' AND NOT tgisinternal AND tgqual IS NULL AND tgattr = ''"
        " AND tgrelid IN"
        " (SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) AS name)"
    )
    rows = connection.execute(sql.text(query), {"tables": tables})
    found = {row[0] for row in rows if wanted.get(row[0]) == (row[1], row[2], row[3])}
    return sorted(wanted.keys() - found)


def _grant(connection: sql.Connection, tables: Iterable[str]) -> None:
    """Make the role that may read and append and nothing else, where this user may make roles."""
    allowed = connection.exec_driver_sql(
        "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).scalar()
    if not allowed:
        return
    query = sql.text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    if not connection.execute(query, {"role": WRITER_ROLE}).scalar():
        connection.exec_driver_sql(f"CREATE ROLE {WRITER_ROLE} NOLOGIN")
    for table in tables:
        connection.exec_driver_sql(f"GRANT SELECT, INSERT ON {table} TO {WRITER_ROLE}")


def _share(connection: sql.Connection, table: str) -> None:
    """Let whoever may read the log, or append to it, do so with a table that follows from it."""
    query = (
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = current_schema() AND table_name = 'claims'"
        " AND privilege_type IN ('SELECT', 'INSERT')"
    )
    quoted = connection.dialect.identifier_preparer.quote
    for name, may in connection.exec_driver_sql(query).all():
        whom = name if name == "PUBLIC" else quoted(name)
        connection.exec_driver_sql(f"GRANT {may} ON {table} TO {whom}")


# Writing and reading in bulk


def insert(connection: sql.Connection, table: sql.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Append rows, each a tuple in the order of the columns, as fast as the database takes them."""
    if connection.dialect.name == "sqlite":
        statement = str(table.insert().compile(dialect=connection.dialect))
        connection.exec_driver_sql(statement, list(rows))
        return
    import psycopg

    cursor: Any = connection.connection.cursor()
    names = ", ".join(column.name for column in table.c)
    try:
        with cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError("COPY", None, error) from None


def among(
    dialect: str, column: sql.ColumnElement[Any], name: str = "values"
) -> sql.ColumnElement[bool]:
    """That a column has one of the values :func:`listed` under that name when the statement runs.

    They are one parameter however many they are. A list written out in the statement would be
    compiled, and read by the database, each time.
    """
    if dialect == "sqlite":
        given = sql.func.json_each(sql.bindparam(name, type_=sql.Text))
        return column.in_(sql.select(sql.column("value")).select_from(given))
    return column == sql.any_(sql.bindparam(name, type_=ARRAY(column.type)))


def up_to(dialect: str, column: sql.ColumnElement[Any]) -> sql.ColumnElement[bool]:
    """That a number of a row is not beyond the one given as ``last`` when the statement runs.

    Once PostgreSQL plans for any ``last``, it may take a third of all rows to be beyond it and go
    through its whole key for them; of a sum it has no key.
    """
    last: sql.BindParameter[int] = sql.bindparam("last", type_=sql.BigInteger)
    return (column if dialect == "sqlite" else column + 0) <= last


def listed(dialect: str, values: Iterable[Any]) -> str | list[Any]:
    """Values as the parameter of :func:`among`."""
    found = list(values)
    return json.dumps(found) if dialect == "sqlite" else found


def tell_size(connection: sql.Connection) -> None:
    """Let PostgreSQL look at the tables where the log has more than doubled since it last did.

    Until it has, it plans questions for a log of another size; by itself it comes a minute later.
    """
    told = connection.exec_driver_sql(
        "SELECT (SELECT max(seq) FROM claims) > 2 * greatest(reltuples, 0) + 1000"
        " FROM pg_class WHERE oid = 'claims'::regclass"
    )
    if told.scalar():
        connection.exec_driver_sql("ANALYZE claims, terms, links, ends")


def about(
    connection: sql.Connection, rows: Iterable[int], last: int, version: int
) -> dict[int, str]:
    """Row -> what it is about, of those up to the last, in a store of that version."""
    if version >= _ABOUT and connection.dialect.name == "sqlite":
        # By itself SQLite would look into the table, where a page holds three rows and not a
        # hundred.
        query = sql.text(
            "SELECT seq, subject FROM claims INDEXED BY claims_about"
            " WHERE seq IN (SELECT value FROM json_each(:rows)) AND seq <= :last"
        )
        found = connection.execute(query, {"rows": json.dumps(sorted(rows)), "last": last})
    else:
        dialect = connection.dialect.name
        told = sql.select(claims.c.seq, claims.c.subject)
        told = told.where(among(dialect, claims.c.seq), up_to(dialect, claims.c.seq))
        found = connection.execute(told, {"values": listed(dialect, rows), "last": last})
    return dict(map(tuple, found.all()))


def stream(connection: sql.Connection, query: sql.Select[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query, a few thousand in memory at a time."""
    with connection.execute(query.execution_options(yield_per=_FETCH)) as result:
        for part in result.partitions():
            yield from part


# Connections


def address(url: str | Path) -> sql.URL:
    """The address of a store: a file, ``sqlite:///file`` or ``postgresql://user@host/name``.

    Raises DataError where it is neither.
    """
    text = str(url)
    if len(text) > _LONGEST:
        raise DataError([_unknown(f"{text[:20]}...")])
    if "://" not in text:
        if _ADDRESS.search(text) or _CONTROL.search(text):
            raise DataError([_unknown(text.rsplit("@", maxsplit=1)[-1])])
        return sql.URL.create("sqlite", database=text)
    try:
        found = sql.make_url(text)
    except (ArgumentError, ValueError):
        raise DataError([_unknown(text.rsplit("@", maxsplit=1)[-1])]) from None
    if found.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        found = found.set(drivername="postgresql+psycopg")
        refused = {"plugin"} & found.query.keys()
    elif (
        found.drivername == "sqlite"
        and found.database not in (None, "", ":memory:")
        and not _CONTROL.search(text)
    ):
        by_uri = str(found.database).startswith("file:") and found.query.get("uri") == "true"
        refused = found.query.keys() - (_SETTINGS if by_uri else set())
    else:
        raise DataError([_unknown(found.render_as_string(hide_password=True))])
    if refused:
        what = f"the address has a setting that is not known: {', '.join(sorted(refused))}"
        hint = "settings of SQLite go with sqlite:///file:NAME?mode=ro&uri=true"
        raise DataError([Problem(what=what, hint=hint)])
    return found


def _unknown(shown: str) -> Problem:
    hint = "write sqlite:///record.db, the path of a file, or postgresql://user@host/name"
    return Problem(what=f"{shown!r} is no store", hint=hint)


def connect(url: sql.URL) -> sql.Engine:
    """An engine for the store.

    Raises DataError where the driver of PostgreSQL is missing or makes nothing of the address.
    """
    if url.get_backend_name() == "sqlite":
        engine = sql.create_engine(
            url, poolclass=sql.NullPool, connect_args={"timeout": WAIT_SECONDS}
        )
        sql.event.listen(engine, "connect", _prepare)
        sql.event.listen(engine, "begin", _begin)
        return engine
    try:
        engine = sql.create_engine(url, pool_size=1, pool_pre_ping=True)
        engine.dialect.create_connect_args(url)
        return engine
    except (ArgumentError, ValueError):
        raise DataError([_unknown(url.render_as_string(hide_password=True))]) from None
    except (ImportError, NoSuchModuleError):
        hint = "pip install 'mithaq[postgresql]'"
        problem = Problem(what="the driver of PostgreSQL is not installed", hint=hint)
        raise DataError([problem]) from None


def _prepare(connection: Any, _record: object) -> None:
    """Settings of a new SQLite connection.

    EXTRA is FULL with the folder synced after the journal is gone: what was acknowledged survives
    a loss of power. Memory-mapped reading is off, since it can hide a damaged write-ahead log; a
    cache of 64 MB makes the reading of scattered rows of a large store three times as fast.
    """
    connection.isolation_level = None
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode == "wal" and sqlite3.sqlite_version_info < _SAFE_WAL:
        connection.close()
        what = f"the store is in write-ahead mode, which SQLite {sqlite3.sqlite_version} may damage"
        hint = "run PRAGMA journal_mode = DELETE on it with SQLite 3.51.3 or later"
        raise DataError([Problem(what=what, hint=hint)])
    for setting in (
        "synchronous = EXTRA",
        "fullfsync = ON",
        "mmap_size = 0",
        "cache_size = -65536",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: sql.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def plainly(url: sql.URL) -> Iterator[None]:
    """Turn what a database refuses into a DataError that names the store."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, UnicodeError) as error:
        # SQLite tells of a damaged schema in bytes that may be no text; a host may be no name.
        shown = url.render_as_string(hide_password=True)
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        reason = cause[0] if cause else type(error).__name__
        problem = Problem(file=shown, what=f"the database says: {reason}", hint=_hint(reason))
        raise DataError([problem]) from None


def _hint(reason: str) -> str:
    for sign, hint in (
        ("readonly", "the file or its folder may not be written"),
        ("full", "nothing was recorded; make room and try again"),
        ("No space left", "nothing was recorded; make room and try again"),
        ("extend file", "nothing was recorded; is there room, and may the file grow?"),
        ("disk I/O", "nothing was recorded; is there room, and may the file grow?"),
        ("locked", "another program holds it; try again"),
        ("not a database", "is the address right?"),
        ("must be owner", "its owner brings it up to date: mithaq record init --db URL"),
        ("permission denied", "this user may not do that here"),
    ):
        if sign in reason:
            return hint
    return ""
