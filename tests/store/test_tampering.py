"""Whatever is changed behind the back of the guards, verifying finds it and says where."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sql

from mithaq.errors import DataError
from mithaq.record.store import Checkpoint, Store, Verification
from mithaq.record.store import schema as room
from mithaq.record.store.index import numbers
from mithaq.record.store.rows import GENESIS, Row
from mithaq.record.store.schema import claims, ends, links, terms
from mithaq.record.store.verifying import verify
from tests.store.things import begin, numbered, signed


@pytest.fixture
def full(store: Store) -> Store:
    """A store with rows of every kind."""
    begin(store, signed("2006-08-04"), numbered(1))
    store.append(case=store.record().case, by="tester")
    store.correct(signed("2006-08-04").identifier, signed("2006-08-11"), why="misread")
    store.retract(numbered(1).identifier, why="no such note")
    return store


@pytest.fixture
def open_door(full: Store, kind: str) -> Iterator[sql.Connection]:
    """A connection whose owner took the guards of the log away."""
    engine = room.connect(full.url)
    with engine.connect() as connection:
        if kind == "sqlite":
            for table in ("claims", "terms", "links", "ends"):
                for name in ("no_update", "no_delete", "in_order"):
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_{name}")
        else:
            for table in ("claims", "terms", "links", "ends"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        connection.commit()
        yield connection
    engine.dispose()


def faults(connection: sql.Connection, kept: Checkpoint | None = None) -> list[int]:
    """The rows at which verifying finds something, without the guards that are gone."""
    found: Verification = verify(connection, kept)
    return [f.row for f in found.faults if "guard" not in f.message]


def held(connection: sql.Connection) -> list[dict[str, object]]:
    rows = connection.execute(sql.select(claims).order_by(claims.c.seq)).mappings()
    return [dict(row) for row in rows]


def changes(value: object, every: int) -> Iterator[object]:
    """The value with one byte changed, in one place after the other, and other kinds of nothing."""
    if value is None:
        yield from ("", "x")
    elif isinstance(value, int):
        yield value + 1000
    else:
        text = str(value)
        for place in range(0, len(text), every):
            other = chr(ord(text[place]) ^ 1)
            yield text[:place] + other + text[place + 1 :]
        yield text + " "
        if text:
            yield text[:-1]


@pytest.mark.parametrize("every", [43, pytest.param(1, marks=pytest.mark.slow)])
def test_every_changed_byte_is_found_at_its_row(open_door: sql.Connection, every: int) -> None:
    assert faults(open_door) == []
    open_door.commit()
    done = 0
    for row in held(open_door):
        for name, value in row.items():
            for new in changes(value, every):
                if new == value:
                    continue
                change = claims.update().where(claims.c.seq == row["seq"]).values({name: new})
                try:
                    open_door.execute(change)
                except sql.exc.DBAPIError:
                    open_door.rollback()
                    continue
                found = faults(open_door)
                open_door.rollback()
                assert found, (name, new)
                if name != "seq":
                    assert min(found) == row["seq"], (name, new)
                done += 1
    assert done > 300


def test_every_lost_row_is_found(open_door: sql.Connection, full: Store) -> None:
    kept = full.checkpoint()
    for number in range(1, kept.size + 1):
        open_door.execute(claims.delete().where(claims.c.seq == number))
        found = faults(open_door, kept)
        assert found and (number == kept.size or set(found) == {number, number + 1}), number
        # The index tells of the loss even of the last row.
        assert faults(open_door)
        open_door.rollback()
    open_door.execute(claims.delete())
    open_door.execute(terms.delete())
    open_door.execute(links.delete())
    open_door.execute(ends.delete())
    assert faults(open_door, kept) == [0]


KEY = ("what", "term", "first")


@pytest.mark.parametrize("table", [terms, links, ends], ids=str)
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_every_changed_byte_of_the_index_is_found(
    open_door: sql.Connection, every: int, table: sql.Table
) -> None:
    done = 0
    for line in open_door.execute(sql.select(table)).mappings().all():
        for name, value in line.items():
            for new in changes(value, every):
                change = table.update().where(*(k == line[k.name] for k in table.primary_key))
                try:
                    open_door.execute(change.values({name: new}))
                except sql.exc.DBAPIError:
                    open_door.rollback()
                    continue
                assert faults(open_door), (dict(line), name, new)
                open_door.rollback()
                done += 1
    assert done > (100 if table is terms else 20)


def test_every_entry_lost_added_or_moved_is_found_at_its_row(open_door: sql.Connection) -> None:
    lines = open_door.execute(sql.select(terms)).mappings().all()
    for line in lines:
        rows = numbers(line["rows"])
        here = [terms.c[k] == line[k] for k in KEY]
        open_door.execute(terms.delete().where(*here))
        assert faults(open_door) == rows
        open_door.rollback()
        open_door.execute(terms.insert().values({**line, "term": line["term"] + "x"}))
        assert faults(open_door) == rows
        open_door.rollback()
        other = rows[-1] % 9 + 1
        open_door.execute(terms.delete().where(*here))
        open_door.execute(terms.insert().values({**line, "first": other, "rows": str(other)}))
        assert other in rows or other in faults(open_door)
        open_door.rollback()
    open_door.execute(terms.insert().values(what="claim", term="x", first=99, rows="99"))
    assert faults(open_door) == [99]


OTHER = {"links": {"property": "home"}, "ends": {"content_id": GENESIS}}


@pytest.mark.parametrize("table", [links, ends], ids=str)
def test_every_line_lost_added_or_moved_is_found_at_its_row(
    open_door: sql.Connection, table: sql.Table
) -> None:
    told = [dict(line) for line in open_door.execute(sql.select(table)).mappings()]
    assert len(told) == 2, told
    for line in told:
        here = table.delete().where(*(table.c[name] == value for name, value in line.items()))
        other = {**line, **OTHER[table.name]}
        open_door.execute(here)
        assert faults(open_door) == [line["seq"]]
        open_door.rollback()
        open_door.execute(table.insert().values(other))
        assert faults(open_door) == [line["seq"]]
        open_door.rollback()
        open_door.execute(here)
        open_door.execute(table.insert().values({**line, "seq": 1}))
        assert faults(open_door) == sorted({1, line["seq"]})
        open_door.rollback()
    for seq in (99, 0, -1):
        open_door.execute(table.insert().values({**other, "seq": seq}))
        assert faults(open_door) == [seq]
        open_door.rollback()


@pytest.mark.parametrize("table", ["terms", "links", "ends"])
def test_an_index_taken_away_is_found(open_door: sql.Connection, table: str) -> None:
    open_door.exec_driver_sql(f"DROP TABLE {table}")
    found = [f.sentence for f in verify(open_door, None).faults]
    assert "the index is missing from the database" in found


def test_every_inserted_row_is_found(open_door: sql.Connection, full: Store) -> None:
    rows = held(open_door)
    for place in range(1, len(rows) + 1):
        for copied in (rows[place - 1], rows[0]):
            open_door.execute(claims.delete().where(claims.c.seq >= place))
            moved = [{**row, "seq": int(str(row["seq"])) + 1} for row in rows[place - 1 :]]
            open_door.execute(claims.insert(), [{**copied, "seq": place}, *moved])
            found = faults(open_door)
            assert found and min(found) in (place, place + 1), place
            open_door.rollback()


def test_every_swap_is_found(open_door: sql.Connection) -> None:
    rows = held(open_door)
    for first in rows:
        for second in rows:
            if str(first["seq"]) >= str(second["seq"]):
                continue
            open_door.execute(
                claims.delete().where(claims.c.seq.in_([first["seq"], second["seq"]]))
            )
            exchanged = [{**first, "seq": second["seq"]}, {**second, "seq": first["seq"]}]
            open_door.execute(claims.insert(), exchanged)
            assert faults(open_door)
            open_door.rollback()


def test_a_chain_made_anew_shows_against_the_checkpoint(
    open_door: sql.Connection, full: Store
) -> None:
    kept = full.checkpoint()
    last, forged = GENESIS, []
    for row in map(lambda r: Row.of(str(r["body"])), held(open_door)):  # noqa: C417
        by = "forger" if row.seq == 2 else row.recorded_by
        columns = replace(row, recorded_by=by, prev_hash=last).columns()
        last = columns["hash"]
        forged.append(columns)
    open_door.execute(claims.delete())
    open_door.execute(claims.insert(), forged)
    # Who recorded is no word of the index, which agrees.
    assert faults(open_door) == []
    assert faults(open_door, kept) == [kept.size]
    assert faults(open_door, Checkpoint(3, kept.hash)) == [3]


def test_a_log_that_grew_still_agrees_with_an_old_checkpoint(full: Store) -> None:
    kept = full.checkpoint()
    full.append([numbered(2)])
    assert full.verify(kept).ok
    assert full.verify(Checkpoint(0, GENESIS)).ok
    assert not full.verify(Checkpoint(0, kept.hash)).ok
    assert not full.verify(replace(kept, time="2020-01-01T00:00:00.000000Z")).ok


def test_a_changed_version_is_found(open_door: sql.Connection, kind: str) -> None:
    if kind == "sqlite":
        open_door.exec_driver_sql("DROP TRIGGER schema_versions_no_update")
    else:
        open_door.exec_driver_sql("ALTER TABLE schema_versions DISABLE TRIGGER ALL")
    open_door.exec_driver_sql("UPDATE schema_versions SET version = 99 WHERE version = 1")
    assert faults(open_door) == [0]


@pytest.mark.parametrize("flips", [150, pytest.param(3000, marks=pytest.mark.slow)])
def test_a_byte_of_the_file_that_a_query_can_return(tmp_path: Path, flips: int) -> None:
    """Through the table or through any index: what answers otherwise is found."""
    store = Store(tmp_path / "record.db", make=True)
    begin(store, signed("2006-08-04"), *map(numbered, range(12)))
    whole = (tmp_path / "record.db").read_bytes()
    answers = ask(tmp_path / "record.db")
    chance = random.Random(5)
    other, harmed = tmp_path / "other.db", 0
    for _ in range(flips):
        place = chance.randrange(len(whole))
        new = bytes([whole[place] ^ (1 << chance.randrange(8))])
        other.write_bytes(whole[:place] + new + whole[place + 1 :])
        if ask(other) != answers:
            harmed += 1
            with suppress(DataError):  # where it cannot even be opened
                assert not Store(other).verify().ok, place
    assert harmed > flips / 10


def ask(path: Path) -> object:
    """What plain queries return: the table in order, and each index for itself."""
    queries = ["SELECT * FROM claims ORDER BY seq", "SELECT count(*) FROM claims"]
    queries += [
        f"SELECT seq, {name} FROM claims INDEXED BY claims_{index} WHERE {name} > '' ORDER BY 2"
        for name, index in (
            ("content_id", "content"),
            ("recorded_at", "recorded"),
            ("subject", "subject"),
            ("subject", "about"),
        )
    ]
    for table in ("terms", "links", "ends"):
        queries += [f"SELECT * FROM {table} ORDER BY 1, 2", f"SELECT count(*) FROM {table}"]
    connection = sqlite3.connect(path)
    try:
        return [connection.execute(query).fetchall() for query in queries]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return repr(error)
    finally:
        connection.close()


def test_a_damaged_store_says_so_instead_of_answering(
    open_door: sql.Connection, full: Store
) -> None:
    open_door.execute(claims.update().where(claims.c.seq == 2).values(body="{"))
    open_door.commit()
    with pytest.raises(DataError, match="claims, row 2"):
        full.record()
    open_door.execute(claims.update().where(claims.c.seq == 2).values(body="[" * 50_000))
    open_door.commit()
    assert full.verify().faults[0].row == 2
    with pytest.raises(DataError, match="claims, row 2"):
        full.record()


def test_a_copy_keeps_the_chain(tmp_path: Path) -> None:
    """A backup is a copy of the file while nobody writes, or of the history."""
    store = Store(tmp_path / "record.db", make=True)
    begin(store, signed("2006-08-04"))
    shutil.copy(tmp_path / "record.db", tmp_path / "copy.db")
    assert Store(tmp_path / "copy.db").verify(store.checkpoint()).ok


def test_a_checkpoint_file_that_is_none(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"size": "3", "hash": ""}', '{"size": 1.5, "hash": "x"}', "\x00"):
        (tmp_path / "kept.json").write_text(text, "utf-8")
        with pytest.raises(DataError, match="no checkpoint"):
            Checkpoint.read(tmp_path / "kept.json")
