"""Results kept as they end: a Parquet data set, and a journal of what has no place in it yet.

A store is a folder::

    _batch.json             what it was begun for: task, shared values, versions; columns
    part-000000.parquet     rows of 512 items in their order, written when the last has ended
    _journal.jsonl          one line an ended item that is in no part yet

An ended item is written to the journal at once. A part comes into being under another name and
gets its own in one step; only then the journal forgets its rows. So a kill at any moment leaves
every item that was written in one of the two, or for a moment in both. Which items share a part
depends on their order alone, so that the files of a run which was killed and taken up again are
those of a run that was not.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from mithaq.errors import DataError, MithaqError, ModelError, Problem
from mithaq.worth.batch.keys import identity, name_of
from mithaq.worth.batch.places import Died, Failed

__all__ = ["DONE", "Kept", "Stored"]

FORMAT = 1
ROWS = 512  # items in a part
HEAD = ("key", "outcome", "error")  # columns of every row
ALONE = "value"  # column of results that are one value
DONE, DIED, FAILED = "done", "died", "failed"
ABOUT, JOURNAL, LOCK = "_batch.json", "_journal.jsonl", "_lock"
TYPES = {"number": float, "text": str, "flag": bool}
PACKAGES = ("mithaq", "numpy", "scipy", "pandas", "clarabel", "piqp", "pyarrow")

Value = float | str | bool | None


@dataclass(slots=True)
class Row:
    """How an item ended: its result as named values, or the error in its place."""

    key: str
    outcome: str
    error: str | None = None
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def failure(self) -> Exception:
        """The error as an exception again."""
        return MithaqError(f"{self.outcome}: {self.error}")


@dataclass(slots=True)
class _Part:
    """Items that will share a file: their rows come in any order."""

    number: int
    keys: list[str]
    rows: dict[str, Row] = field(default_factory=dict)


class Kept:
    """A store open for one run. Raises DataError where it was begun for something else.

    ``batched`` tells items done together, whose last digits differ from those done one by one.
    ``again``: items that failed are forgotten, and done anew. Use it in a ``with``.
    """

    def __init__(
        self,
        folder: Path,
        task: object,
        shared: object,
        *,
        batched: bool = False,
        again: bool = False,
    ) -> None:
        self.folder = folder
        self._arrow = _pyarrow()
        folder.mkdir(parents=True, exist_ok=True)
        _ours_or_empty(folder)
        self._lock = _locked(folder / LOCK)
        try:
            self.columns = self._begun_for(task, shared, batched)
            self._numbers: set[str] = set()  # columns seen to hold numbers in this run
            self.place: dict[str, int] = {}  # of every row that is in a part
            self.failed: dict[str, Exception] = {}
            self._loose = self._read_journal()
            self._parts: dict[str, _Part] = {}  # by key, while the part is not whole
            self._taken: set[int] = set()
            for number, path in _parts(folder):
                self._count_part(number, path, again=again)
            self._loose = {k: row for k, row in self._loose.items() if k not in self.place}
            if again:
                self._loose = {k: row for k, row in self._loose.items() if row.outcome == DONE}
            self._next = 0
            self._open: IO[bytes] | None = None
            self._rewrite_journal()
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *error: object) -> None:
        if self._open:
            self._open.close()
        os.close(self._lock)

    # During the run

    def __contains__(self, key: str) -> bool:
        """Whether an item has ended and is in a part."""
        return key in self.place

    def plan(
        self, todo: Iterable[tuple[str, Any]], skipped: Callable[[], None]
    ) -> Iterator[tuple[str, Any]]:
        """Give each item a place in a part; yield those that have not ended, tell of the others."""
        todo = iter(todo)
        while some := list(islice(todo, ROWS)):
            while self._next in self._taken:
                self._next += 1
            part = _Part(self._next, [key for key, _ in some])
            self._taken.add(part.number)
            fresh = []
            for key, item in some:
                self._parts[key] = part
                if key in self._loose:
                    part.rows[key] = self._loose[key]
                    skipped()
                else:
                    fresh.append((key, item))
            if not fresh:
                self._finish(part)
            yield from fresh

    def keep(self, key: str, answer: Any) -> None:
        """Write down how an item ended. Raises ModelError where its result is no row of values."""
        row = self._row(key, answer)
        self._append(row)
        self._loose[key] = row
        part = self._parts[key]
        part.rows[key] = row
        if len(part.rows) == len(part.keys):
            self._finish(part)

    def finish(self) -> None:
        """Give every part all columns, also one in which nothing but failures was known."""
        wanted = [*HEAD, *sorted(self.columns)]
        for number, path in _parts(self.folder):
            if self._arrow.read_schema(path).names != wanted:
                self._write_part(number, list(self._rows_in(path)))

    # Rows

    def _row(self, key: str, answer: Any) -> Row:
        if isinstance(answer, Failed):
            error = answer.error
            outcome = DIED if isinstance(error, Died) else str(getattr(error, "outcome", FAILED))
            text = str(error) if isinstance(error, MithaqError) else f"{_kind(error)}: {error}"
            return Row(key, outcome, text)
        if not isinstance(answer, Mapping):
            return Row(key, DONE, None, {ALONE: self._value(ALONE, answer)})
        if self._numbers >= answer.keys() and set(map(type, answer.values())) == {float}:
            return Row(key, DONE, None, dict(answer))  # nearly always
        for name in set(answer) & {*HEAD, ALONE}:
            raise ModelError(f"a result that is kept cannot have a value named {name!r}")
        return Row(key, DONE, None, {name: self._value(name, x) for name, x in answer.items()})

    def _value(self, name: str, value: Any) -> Value:
        kind = _kind_of(value)
        if kind is None or not isinstance(name, str):
            raise ModelError(
                "what a batch keeps of an item are numbers, texts, flags or None by name, and "
                f"{name!r} is a {type(value).__name__}: let the task return such values"
            )
        if value is None:
            return None
        if self.columns.setdefault(name, kind) != kind:
            raise ModelError(f"column {name!r} held a {self.columns[name]}, and now a {kind}")
        if kind == "number":
            self._numbers.add(name)
        return TYPES[kind](value)  # type: ignore[no-any-return]

    # The journal

    def _append(self, row: Row) -> None:
        """One line, whole or not at all, handed to the operating system at once."""
        line = _line(row)
        if self._open is None:
            self._open = (self.folder / JOURNAL).open("ab", buffering=0)
        end = self._open.tell()
        try:
            left = memoryview(line)
            while left:
                left = left[self._open.write(left) :]
        except OSError as error:
            self._open.truncate(end)
            raise self._full(error) from None

    def _read_journal(self) -> dict[str, Row]:
        """Rows of whole lines; a last line that a kill cut short is left out."""
        path = self.folder / JOURNAL
        rows = {}
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        for number, line in enumerate(lines, start=1):
            if number == len(lines) and not line.endswith(b"\n"):
                break
            try:
                told = json.loads(line)
                row = Row(told["key"], told["outcome"], told["error"], told["values"])
            except (ValueError, KeyError, TypeError):
                raise DataError([Problem(str(path), number, what="is no row of a batch")]) from None
            rows[row.key] = row
            for name, value in row.values.items():
                if (kind := _kind_of(value)) and value is not None:
                    self.columns.setdefault(name, kind)
        return rows

    def _rewrite_journal(self) -> None:
        """Keep the lines of rows that are in no part."""
        if self._open:
            self._open.close()
            self._open = None
        self._replace(JOURNAL, b"".join(_line(row) for row in self._loose.values()))

    # Parts

    def _finish(self, part: _Part) -> None:
        self._write_part(part.number, [part.rows[key] for key in part.keys])
        for key in part.keys:
            row = part.rows[key]
            self.place[key] = part.number
            if row.outcome != DONE:
                self.failed[key] = row.failure
            self._loose.pop(key, None)
            del self._parts[key]
        self._rewrite_journal()

    def _write_part(self, number: int, rows: list[Row]) -> None:
        import pyarrow as pa

        types = {"number": pa.float64(), "text": pa.string(), "flag": pa.bool_()}
        table = {name: pa.array([getattr(row, name) for row in rows], pa.string()) for name in HEAD}
        for name in sorted(self.columns):
            values = [row.values.get(name) for row in rows]
            table[name] = pa.array(values, types[self.columns[name]])
        self._save_columns()
        sink = pa.BufferOutputStream()
        # Words repeat, numbers hardly ever: a dictionary of these is as large as they are.
        words = [n for n in table if self.columns.get(n, "text") == "text"]
        self._arrow.write_table(pa.table(table), sink, compression="zstd", use_dictionary=words)
        self._replace(_name(number), sink.getvalue().to_pybytes())

    def _rows_in(self, path: Path) -> Iterator[Row]:
        for told in _read(path).to_pylist():
            key, outcome, error = (told.pop(name) for name in HEAD)
            yield Row(key, outcome, error, told if outcome == DONE else {})

    def _count_part(self, number: int, path: Path, *, again: bool) -> None:
        heads = _read(path, columns=list(HEAD)).to_pylist()
        if again and any(row["outcome"] != DONE for row in heads):
            # Back to the journal: what was done keeps its row, and the part will be written anew.
            self._loose |= {row.key: row for row in self._rows_in(path)}
            self._rewrite_journal_then_drop(path)
            return
        self._taken.add(number)
        for row in heads:
            self.place[row["key"]] = number
            if row["outcome"] != DONE:
                self.failed[row["key"]] = Row(**row).failure

    def _rewrite_journal_then_drop(self, path: Path) -> None:
        self._open = None
        self._rewrite_journal()
        path.unlink()

    # What it was begun for

    def _begun_for(self, task: object, shared: object, batched: bool) -> dict[str, str]:
        """Types of the columns, where the store was begun for this task; else say what differs."""
        versions = {name: version(name) for name in PACKAGES} | {"python": sys.version.split()[0]}
        about: dict[str, Any] = {
            "format": FORMAT,
            "task": name_of(task),
            "shared": identity(shared),
            "batched": batched,
            "versions": versions,
            "machine": platform.machine(),
        }
        path = self.folder / ABOUT
        if not path.exists():
            self._about = about | {"columns": {}}
            self._replace(ABOUT, _pretty(self._about))
            return {}
        try:
            self._about = json.loads(path.read_text(encoding="utf-8"))
            columns: dict[str, str] = dict(self._about["columns"])
        except (ValueError, KeyError, TypeError):
            raise DataError([Problem(str(path), what="cannot be read")]) from None
        problems = []
        for name, now in about.items():
            then = self._about.get(name)
            if then != now:
                what = f"{name} was {then}, and is {now}"
                hint = "results would not be of one kind: name a new folder"
                problems.append(Problem(str(path), column=name, what=what, hint=hint))
        if problems:
            raise DataError(problems)
        return columns

    def _save_columns(self) -> None:
        columns = dict(sorted(self.columns.items()))
        if columns != self._about["columns"]:
            self._about["columns"] = columns
            self._replace(ABOUT, _pretty(self._about))

    def _replace(self, name: str, data: bytes) -> None:
        """A whole new file under a name, or the old one."""
        path, fresh = self.folder / name, self.folder / f"_{name}.new"
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise self._full(error) from None

    def _full(self, error: OSError) -> MithaqError:
        return MithaqError(
            f"{self.folder}: {error.strerror}; {len(self.place) + len(self._loose)} results are "
            "kept: make room and run the same again"
        )


class Stored(Mapping[str, Any]):
    """Results of a store by key, in the order of the items, read when they are asked for."""

    def __init__(self, folder: Path, order: list[str], place: Mapping[str, int]) -> None:
        self.folder = folder
        self._order, self._place = order, place
        self._at, self._rows = -1, dict[str, Any]()

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __getitem__(self, key: str) -> Any:
        number = self._place[key]
        if number != self._at:
            table = _read(self.folder / _name(number))
            self._rows = {row["key"]: row for row in table.to_pylist()}
            self._at = number
        row = self._rows[key]
        values = {name: x for name, x in row.items() if name not in HEAD and x is not None}
        return row.get(ALONE, values)


def _ours_or_empty(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    if ABOUT not in names and (strange := sorted(names - {LOCK, f"_{ABOUT}.new"})):
        what = f"is no store of a batch, and not empty: {strange[0]}"
        raise DataError([Problem(str(folder), what=what, hint="name a new folder")])


def _parts(folder: Path) -> list[tuple[int, Path]]:
    return [(int(path.stem[5:]), path) for path in sorted(folder.glob("part-??????.parquet"))]


def _read(path: Path, **which: Any) -> Any:
    """A part as a table. Raises DataError where it is none."""
    parquet = _pyarrow()
    import pyarrow as pa

    try:
        return parquet.read_table(path, **which)
    except (OSError, pa.ArrowException) as error:
        what = f"cannot be read: {str(error).splitlines()[0]}"
        hint = "take it away, and its rows are solved anew"
        raise DataError([Problem(str(path), what=what, hint=hint)]) from None


def _name(number: int) -> str:
    return f"part-{number:06}.parquet"


def _line(row: Row) -> bytes:
    told = {"key": row.key, "outcome": row.outcome, "error": row.error, "values": row.values}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _pretty(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


def _kind(error: Exception) -> str:
    return type(error).__name__


def _kind_of(value: Any) -> str | None:
    """Name of the type of a column that can hold the value; None where there is none."""
    import numpy as np

    if isinstance(value, bool | np.bool_):
        return "flag"
    if value is None or isinstance(value, float | int | np.floating | np.integer):
        return "number"
    return "text" if isinstance(value, str) else None


def _pyarrow() -> ModuleType:
    try:
        import pyarrow.parquet
    except ImportError:
        hint = "install mithaq with the extra 'files'"
        raise MithaqError(f"a kept batch needs the package pyarrow: {hint}") from None
    return pyarrow.parquet  # type: ignore[no-any-return]


def _locked(path: Path) -> int:
    """A descriptor that holds the store for this process until it is closed or the process ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        import fcntl
    except ImportError:  # Windows
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        what = "another run is writing here"
        raise DataError([Problem(str(path.parent), what=what, hint="wait for its end")]) from None
    return handle
