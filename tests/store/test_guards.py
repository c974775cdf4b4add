"""The database itself refuses what is no append, from any connection; versions and modes."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from mithaq.errors import DataError
from mithaq.record import Case
from mithaq.record.store import Store
from mithaq.record.store import schema as room
from tests.store.server import Server
from tests.store.things import begin, signed

CHANGES = [
    "UPDATE claims SET recorded_by = 'x' WHERE seq = 3",
    "UPDATE claims SET seq = 99 WHERE seq = 6",
    "DELETE FROM claims WHERE seq = 6",
    "DELETE FROM claims",
    "INSERT INTO claims SELECT * FROM claims WHERE seq = 3",
    "INSERT INTO claims SELECT 9, kind, subject, content_id, body, recorded_at, recorded_by, "
    "corrects, retracts, prev_hash, hash FROM claims WHERE seq = 3",
    "INSERT INTO claims SELECT 7, kind, subject, content_id, body, recorded_at, recorded_by, "
    "corrects, retracts, prev_hash, hash FROM claims WHERE seq = 6",
    "UPDATE schema_versions SET version = 7",
    "DELETE FROM schema_versions",
    "INSERT INTO schema_versions VALUES (1)",
    "INSERT INTO schema_versions VALUES (9)",
    "UPDATE terms SET rows = '1'",
    "UPDATE terms SET term = 'x' WHERE what = 'claim'",
    "DELETE FROM terms",
    "INSERT INTO terms VALUES ('claim', 'forged', 3, '3')",
    "INSERT INTO terms SELECT what, term || 'x', first, rows FROM terms",
    "UPDATE links SET seq = 1",
    "DELETE FROM links",
    "INSERT INTO links VALUES ('gazprom', 'parties', 'mou', 3)",
    "UPDATE ends SET seq = 1",
    "DELETE FROM ends",
    "INSERT INTO ends SELECT content_id, 3 FROM claims WHERE kind = 'claim'",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO claims SELECT * FROM claims WHERE seq = 3",
    "REPLACE INTO claims SELECT 3, kind, subject, content_id, '{}', recorded_at, recorded_by, "
    "corrects, retracts, prev_hash, hash FROM claims WHERE seq = 3",
    "UPDATE OR REPLACE claims SET seq = 3 WHERE seq = 4",
    "INSERT INTO claims SELECT * FROM claims WHERE seq = 3 "
    "ON CONFLICT (seq) DO UPDATE SET recorded_by = 'x'",
    "INSERT OR REPLACE INTO terms SELECT what, term, first, '9' FROM terms WHERE first = 1",
    "INSERT OR REPLACE INTO links SELECT * FROM links",
    "INSERT OR REPLACE INTO ends SELECT content_id, 3 FROM claims WHERE kind = 'claim'",
]
# Another table of that name, which a guard that looks about might take for the log.
SHADOW = (
    "CREATE %s TABLE claims AS SELECT 99 AS seq, kind, subject, content_id, body, recorded_at,"
    " recorded_by, corrects, retracts, prev_hash, hash FROM public.claims WHERE seq = 6;"
    " INSERT INTO claims SELECT 98, kind, subject, content_id, body, recorded_at,"
    " recorded_by, corrects, retracts, prev_hash, hash FROM public.claims WHERE seq = 5"
)
ON_POSTGRESQL = [
    "TRUNCATE claims",
    "TRUNCATE schema_versions",
    "TRUNCATE terms",
    "TRUNCATE links",
    "TRUNCATE ends",
    "INSERT INTO claims SELECT * FROM claims WHERE seq = 3 "
    "ON CONFLICT (seq) DO UPDATE SET recorded_by = 'x'",
    "SET session_replication_role = replica; DELETE FROM claims",
    "WITH gone AS (DELETE FROM claims RETURNING *) SELECT count(*) FROM gone",
    "MERGE INTO claims USING (SELECT 3 AS n) AS x ON seq = n WHEN MATCHED THEN DELETE",
    "MERGE INTO claims USING (SELECT 3 AS n) AS x ON seq = n"
    " WHEN MATCHED THEN UPDATE SET kind = 'x'",
    "DELETE FROM ONLY claims",
    f"{SHADOW % 'TEMP'}; INSERT INTO public.claims SELECT * FROM claims",
    f"CREATE SCHEMA other; SET search_path = other; {SHADOW % ''};"
    " INSERT INTO public.claims SELECT * FROM claims",
]


def raw(url: str) -> Any:
    """A connection that knows nothing of mithaq."""
    if url.startswith("postgresql"):
        import psycopg

        return psycopg.connect(url)
    return sqlite3.connect(url)


def test_only_appending_is_allowed(store: Store, url: str, kind: str) -> None:
    begin(store, signed("2006-08-04"))
    store.correct(signed("2006-08-04").identifier, signed("2006-08-11"), why="misread")
    before = store.checkpoint()
    for statement in CHANGES + (ON_SQLITE if kind == "sqlite" else ON_POSTGRESQL):
        connection = raw(url)
        with pytest.raises(Exception, match="append-only"):
            connection.execute(statement)
        connection.close()
    assert store.checkpoint() == before and store.verify(before).ok


def test_rows_that_the_database_drops_without_a_word_are_not_acknowledged(
    store: Store, url: str, kind: str
) -> None:
    begin(store, signed("2006-08-04"))
    drop = {
        "sqlite": "CREATE TRIGGER mute BEFORE INSERT ON claims WHEN NEW.kind = 'claim' "
        "BEGIN SELECT RAISE(IGNORE); END",
        "postgresql": "CREATE FUNCTION mute() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER mute BEFORE INSERT ON claims"
        " FOR EACH ROW EXECUTE FUNCTION mute()",
    }
    connection = raw(url)
    connection.execute(drop[kind])
    connection.commit()
    connection.close()
    before = store.checkpoint()
    with pytest.raises(DataError, match="did not take the new rows"):
        store.append([signed("2006-08-11")])
    assert store.checkpoint() == before and store.verify().ok


def test_the_writer_role_may_read_and_append_and_nothing_else(server: Server) -> None:
    import psycopg

    url = server.new()
    owner = Store(url, make=True)
    begin(owner, signed("2006-08-04"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS desk")
        connection.execute("CREATE ROLE desk LOGIN IN ROLE mithaq_writer")
    written = server.address(url.rsplit("/", 1)[1], "desk")
    desk = Store(written)
    assert desk.append([signed("2006-08-11")]).rows == 1
    assert desk.verify().ok and desk.record() == owner.record()
    for statement in ("UPDATE claims SET kind = ''", "DELETE FROM claims", "TRUNCATE claims",
                      "DROP TABLE claims", "ALTER TABLE claims DISABLE TRIGGER ALL",
                      "DROP TRIGGER claims_no_delete ON claims"):  # fmt: skip
        with psycopg.connect(written) as connection, pytest.raises(psycopg.Error):
            connection.execute(statement)
    desk.close()
    owner.close()


def test_a_user_who_may_read_alone_cannot_append(server: Server) -> None:
    import psycopg

    url = server.new()
    owner = Store(url, make=True)
    begin(owner)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON claims, ends, schema_versions TO reader")
    reader = Store(server.address(url.rsplit("/", 1)[1], "reader"))
    assert len(reader.record().subjects()) == 3
    with pytest.raises(DataError, match="permission denied"):
        reader.append([signed("2006")])
    reader.close()
    owner.close()


@pytest.mark.parametrize(
    "guard", ["claims_no_update", "claims_no_delete", "claims_in_order", "terms_no_update"]
)
def test_a_guard_taken_away_is_found(store: Store, url: str, kind: str, guard: str) -> None:
    connection = raw(url)
    on = "" if kind == "sqlite" else f" ON {guard.split('_', maxsplit=1)[0]}"
    connection.execute(f"DROP TRIGGER {guard}{on}")
    connection.commit()
    connection.close()
    assert [f.values for f in store.verify().faults] == [{"name": guard}]


def test_a_guard_made_toothless_is_found(store: Store, url: str, kind: str) -> None:
    connection = raw(url)
    if kind == "sqlite":
        connection.execute("DROP TRIGGER claims_no_update")
        connection.execute(
            "CREATE TRIGGER claims_no_update BEFORE UPDATE ON claims BEGIN SELECT 1; END"
        )
    else:
        connection.execute("ALTER TABLE claims DISABLE TRIGGER claims_no_update")
    connection.commit()
    connection.close()
    assert [f.values for f in store.verify().faults] == [{"name": "claims_no_update"}]


TOOTHLESS = {
    "another function": (
        "CREATE OR REPLACE FUNCTION terms_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NULL; END $$"
    ),
    "never": (
        "CREATE OR REPLACE TRIGGER terms_no_update BEFORE UPDATE ON terms FOR EACH STATEMENT"
        " WHEN (false) EXECUTE FUNCTION terms_refuse()"
    ),
    "another event": (
        "CREATE OR REPLACE TRIGGER terms_no_update BEFORE DELETE ON terms FOR EACH STATEMENT"
        " EXECUTE FUNCTION terms_refuse()"
    ),
    "one column": (
        "CREATE OR REPLACE TRIGGER terms_no_update BEFORE UPDATE OF first ON terms"
        " FOR EACH STATEMENT EXECUTE FUNCTION terms_refuse()"
    ),
    "another path": "ALTER FUNCTION terms_refuse() RESET search_path",
}


@pytest.mark.parametrize("way", TOOTHLESS)
def test_a_guard_of_the_server_made_toothless_is_found(server: Server, way: str) -> None:
    import psycopg

    url = server.new()
    store = Store(url, make=True)
    with psycopg.connect(url) as connection:
        connection.execute(TOOTHLESS[way])
        connection.execute("ALTER TABLE terms ENABLE ALWAYS TRIGGER terms_no_update")
    assert {"name": "terms_no_update"} in [fault.values for fault in store.verify().faults]
    store.close()


# Versions


def earlier_version(url: str, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a store as an earlier version did."""
    with monkeypatch.context() as then:
        then.setattr(room, "VERSION", version)
        engine = room.connect(room.address(url))
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            room.migrate(connection)
        engine.dispose()


def indexes(url: str) -> set[str]:
    engine = sql.create_engine(room.address(url), poolclass=sql.NullPool)
    found = {str(index["name"]) for index in sql.inspect(engine).get_indexes("claims")}
    engine.dispose()
    return found


def test_a_store_of_the_first_version_opens_and_grows(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier_version(url, 1, monkeypatch)
    assert "claims_subject" not in indexes(url)
    store = Store(url)
    assert store.record().claims == () and store.verify().ok
    begin(store, signed("2006-08-04"))
    assert {"claims_subject", "claims_about"} <= indexes(url)
    assert len(store.record().claims) == 1 and store.verify().ok
    store.close()


def test_a_store_of_the_second_version_gets_its_index_at_the_next_append(
    url: str, kind: str, new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are those of a new store, written as an earlier release wrote them."""
    source = Store(new_url(), make=True)
    begin(source, signed("2006-08-04"), signed("2006-08-11", note="Le journal d'Alger"))
    source.append(case=Case("desk"))
    earlier_version(url, 2, monkeypatch)
    engine = room.connect(room.address(url))
    copied = room.connect(source.url)
    with engine.connect() as connection, copied.connect() as origin:
        rows = [dict(row) for row in origin.execute(sql.select(room.claims)).mappings()]
        for row in sorted(rows, key=lambda row: int(row["seq"])):
            connection.execute(room.claims.insert().values(row))
        connection.commit()
        assert not sql.inspect(connection).has_table("terms")
    store = Store(url)
    before = store.record()
    assert before == source.record() and store.verify().ok
    old = (
        store.find("journal alger"),
        store.record(about=["mou"]),
        store.claim(before.claims[0].identifier),
    )
    assert len(old[0].hits) == 1 and old[1].claims == before.claims
    assert [e.current for e in store.history("mou")] == [True] * 3
    store.append([signed("2006-08-12")])
    assert store.verify().ok
    with engine.connect() as connection:
        assert sql.inspect(connection).has_table("terms")
    assert store.find("journal alger").hits == old[0].hits
    assert store.claim(before.claims[0].identifier) == old[2]
    assert len(store.record(about=["mou"]).claims) == 3
    for one in (engine, copied):
        one.dispose()
    store.close()
    source.close()


def laid_down(url: str, kind: str, version: int) -> None:
    """Make the store that an earlier release left on the disk, from its own dump."""
    name = f"version{version}.sql" if kind == "sqlite" else f"version{version}-postgresql.sql"
    text = (Path(__file__).parent / name).read_text("utf-8")
    connection = raw(url)
    if kind == "sqlite":
        connection.executescript(text)
    else:
        # Roles belong to the server, not to what is dumped of one database.
        connection.execute(
            "DO $$ BEGIN CREATE ROLE mithaq_writer; EXCEPTION WHEN duplicate_object THEN END $$"
        )
        connection.execute(text)
        connection.commit()
    connection.close()


def test_whoever_may_read_the_log_may_read_what_a_later_release_adds(server: Server) -> None:
    import psycopg

    url = server.new()
    laid_down(url, "postgresql", 6)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute('DROP ROLE IF EXISTS "the reader"')
        connection.execute('CREATE ROLE "the reader" LOGIN')
        connection.execute('GRANT SELECT ON claims, schema_versions TO "the reader"')
    owner = Store(url)
    owner.append([signed("2006-08-12")])
    owner.close()
    reader = Store(server.address(url.rsplit("/", 1)[1], "the%20reader"))
    assert [c.text for c in reader.record().claims] == ["2006-08-11", "2006-08-12"]
    with pytest.raises(DataError, match="permission denied"):
        reader.append([signed("2006-08-13")])
    reader.close()


@pytest.mark.parametrize("version", [1, 2, 5, 6])
def test_a_store_of_an_earlier_release_on_disk(url: str, kind: str, version: int) -> None:
    """The very statements and rows of that release, kept as text."""
    laid_down(url, kind, version)
    store = Store(url)
    before = store.record()
    assert [c.text for c in before.claims] == ["2006-08-11"]
    assert store.verify().ok
    assert [c.text for c in store.record("2026-11-22T14:00:00Z").claims] == ["2006-08-04"]
    assert [h.subject for h in store.find("2006 08 11").hits] == ["mou"]
    assert store.append([signed("2006-08-11", source="agency")]).rows == 1
    assert store.verify().ok
    assert [h.source for h in store.find("2006 08 11").hits] == ["agency", "paper"]
    assert store.find("2006 08 04").hits == ()
    assert len(store.find("2006 08 04", recorded="2026-11-22T14:00:00Z").hits) == 1
    store.close()


def upgraded(url: str, killed_at: int) -> None:
    """Bring a store up to date in a process that dies before its statement of that number."""
    left = itertools.count(killed_at, -1)

    def die(*_: object) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sql.event.listen(sql.Engine, "before_cursor_execute", die)
    sql.event.listen(sql.Engine, "commit", die)
    Store(url, make=True).close()


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("version", [1, 2, 5, 6])
def test_a_migration_killed_at_any_step_leaves_the_store_as_it_was(
    new_url: Callable[[], str], kind: str, version: int, every: int
) -> None:
    url = new_url()
    laid_down(url, kind, version)
    unmoved = 0
    for steps in range(0, 200, every):
        process = get_context("fork").Process(target=upgraded, args=(url, steps))
        process.start()
        process.join()
        store = Store(url)
        assert store.verify().ok and [c.text for c in store.record().claims] == ["2006-08-11"]
        engine = room.connect(store.url)
        with engine.connect() as connection:
            have = room.version_of(connection)
        engine.dispose()
        store.close()
        if process.exitcode == 0:
            assert have == room.VERSION
            break
        # All of it or nothing: the last statements read what stands already.
        assert process.exitcode == -signal.SIGKILL and have in (version, room.VERSION)
        unmoved += have == version
    least = 10 if version < 6 else 4
    assert unmoved > least // every, "the migration has more statements than that"
    store = Store(url)
    assert store.append([signed("2006-08-12")]).rows == 1 and store.verify().ok
    store.close()


def test_a_store_of_a_later_version_is_refused(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = room.VERSION
    monkeypatch.setattr(room, "VERSION", 1)
    monkeypatch.setattr("mithaq.record.store.store.VERSION", 1)
    with pytest.raises(DataError, match=f"schema version {later}"):
        Store(url)


# SQLite's own ways


def test_write_ahead_mode_is_refused_where_it_may_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.db"
    begin(Store(path, make=True), signed("2006-08-04"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    monkeypatch.setattr(room.sqlite3, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(DataError, match="write-ahead"):
        Store(path)
    monkeypatch.setattr(room.sqlite3, "sqlite_version_info", (3, 51, 3))
    assert len(Store(path).record().claims) == 1


def test_connections_to_sqlite_are_careful(tmp_path: Path) -> None:
    engine = room.connect(room.address(tmp_path / "record.db"))
    with engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "recursive_triggers", "mmap_size")
        }
    assert told == {
        "journal_mode": "delete",
        "synchronous": 3,
        "recursive_triggers": 1,
        "mmap_size": 0,
    }


def test_the_driver_of_postgresql_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DataError, match=r"mithaq\[postgresql\]"):
        Store("postgresql://me@localhost/none")
