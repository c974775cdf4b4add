"""The gas chain as checked tables."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import pandas as pd

from mithaq.chain.calendar import listed
from mithaq.chain.edits import Change, Edit, apply_edits
from mithaq.chain.reading import (
    NEEDED,
    Reading,
    Rows,
    as_frame,
    missing_tables,
    nearest,
    read_folder,
)
from mithaq.chain.schema import table_names, table_schema
from mithaq.errors import DataError, Problem
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Chain"]

REMARKS = frozenset({"source", "note"})


class Chain:
    """A gas system: who can lift, carry, sell and buy gas, where and at what cost.

    A chain is a value: no method changes it. Make one with :meth:`from_tables`,
    :meth:`from_folder` or :meth:`shipped`; change it with :meth:`with_edits`, which gives another.

    >>> import pandas as pd
    >>> chain = Chain.from_tables({
    ...     "nodes": pd.DataFrame({"name": ["Hub"]}),
    ...     "firms": pd.DataFrame({"name": ["A", "B"]}),
    ...     "fields": pd.DataFrame({"name": ["a", "b"], "node": "Hub", "owners": ["A", "B"],
    ...                             "capacity": 10, "a": 1}),
    ...     "markets": pd.DataFrame({"name": ["Hub"], "node": ["Hub"], "reference_quantity": [1],
    ...                              "reference_price": [5], "elasticity": [-1]}),
    ... })
    >>> chain
    Chain(1 nodes, 2 firms, 2 fields, 1 markets)
    """

    def __init__(self, tables: Mapping[str, Rows], edits: tuple[Edit, ...] = ()) -> None:
        # Trusted input: the class methods below check what comes from outside.
        self._tables = dict(tables)
        self.edits = edits
        self.calibration = ""  # the one whose cells it has, empty for the base
        self.loaded_in = 0.0  # seconds that reading and checking took

    @classmethod
    def from_tables(cls, tables: Mapping[str, pd.DataFrame]) -> Chain:
        """Chain from data frames: table name → frame with the columns of the CSV files.

        Columns that are absent take the schema's defaults. Raises DataError with every unknown
        table or column, NaN, number out of bounds, name that does not exist and key given twice.
        """
        start = time.perf_counter()
        reading = Reading()
        typed: dict[str, Rows] = {}
        for name, frame in tables.items():
            if name in table_names():
                typed[name] = reading.table(name, frame)
            else:
                hint = nearest(name, table_names())
                what = Sentence("there is no table of this name")
                reading.problems.append(Problem(name, what=what, hint=hint))
        reading.problems += missing_tables(tables)
        problems = reading.finish(typed)
        if problems:
            raise DataError(problems)
        return cls._complete(typed, start)

    @classmethod
    def from_folder(cls, path: str | Path) -> Chain:
        """Chain from a folder of CSV files named as the tables. Raises DataError, see above."""
        start = time.perf_counter()
        return cls._complete(read_folder(Path(path)), start)

    @classmethod
    def shipped(cls, year: int = 2010, division: str = "") -> Chain:
        """The chain of a base year that comes with mithaq.

        ``division`` parts the year: ``seasons`` or ``months``, with storages; empty leaves it
        whole. Raises DataError for a year or division that is not shipped.

        >>> len(Chain.shipped(2010, "seasons").rows("periods"))
        3
        """
        start = time.perf_counter()
        root = files("mithaq") / "data" / "gas"
        years = sorted(entry.name for entry in root.iterdir() if entry.name.isdigit())
        if str(year) not in years:
            what = Sentence("no base year {year} is shipped", year=str(year))
            raise DataError([Problem(what=what, hint=listed(years))])
        folder = Path(str(root / str(year)))
        divisions = sorted(path.name for path in folder.iterdir() if path.is_dir())
        if division and division not in divisions:
            text = mark("the base year {year} is not divided into {division}")
            what = Sentence(text, year=str(year), division=repr(division))
            raise DataError([Problem(what=what, hint=listed(divisions))])
        folders = (folder, folder / division) if division else (folder,)
        return cls._complete(read_folder(*folders), start)

    @classmethod
    def _complete(cls, typed: dict[str, Rows], start: float) -> Chain:
        for name in table_names():
            if name not in typed:
                typed[name] = ()
        chain = cls(typed)
        chain.loaded_in = time.perf_counter() - start
        return chain

    def table(self, name: str) -> pd.DataFrame:
        """One table as a data frame of its own, typed and sorted by key."""
        return as_frame(table_schema(name), self._tables[name])

    def rows(self, name: str) -> Rows:
        """The rows of one table as mappings from column to value, to read only."""
        return self._tables[name]

    def many_rows(self, names: Iterable[str]) -> list[Rows]:
        """The rows of several tables."""
        return list(map(self._tables.__getitem__, names))

    def with_edits(self, edits: Sequence[Edit]) -> Chain:
        """The chain after ``edits``, applied in order. Raises DataError where one cannot be."""
        if not edits:
            return self
        changed = Chain(apply_edits(self._tables, edits), (*self.edits, *edits))
        changed.loaded_in = self.loaded_in
        changed.calibration = self.calibration
        return changed

    def with_rows(self, tables: Mapping[str, Rows]) -> Chain:
        """The chain with whole tables in place of its own. The rows are trusted, not checked."""
        changed = Chain({**self._tables, **tables}, self.edits)
        changed.loaded_in = self.loaded_in
        return changed

    @cached_property
    def calibrations(self) -> tuple[str, ...]:
        """Names of the calibrations that the chain carries."""
        return tuple(sorted({row["calibration"] for row in self.rows("calibrations")}))

    def calibrated(self, name: str) -> Chain:
        """The chain with the cells of one calibration. Raises DataError for an unknown name."""
        if name not in self.calibrations:
            hint = nearest(name, self.calibrations)
            what = Sentence("no calibration {name}", name=repr(name))
            raise DataError([Problem("calibrations", what=what, hint=hint)])
        cells = [row for row in self.rows("calibrations") if row["calibration"] == name]
        changed = self.with_edits(
            [Change(cell["table"], cell["row"], cell["column"], cell["value"]) for cell in cells]
        )
        changed.calibration = name
        return changed

    def quadratic(self) -> Chain:
        """The chain with each Golombek cost replaced by a quadratic one, for solvers without cones.

        The quadratic has the same marginal cost at zero and the same total cost at 90 % of
        capacity: b + 2 (0.1 ln 0.1 + 0.9) / 0.9^2 |g| / K.
        """
        slope = 2 * (0.1 * math.log(0.1) + 0.9) / 0.81
        fields = [row for row in self.rows("fields") if row["g"] < 0]
        edits = [
            Change("fields", row["name"], "b", row["b"] - slope * row["g"] / row["capacity"])
            for row in fields
            if row["capacity"] > 0
        ]
        return self.with_edits([*edits, *(Change("fields", r["name"], "g", 0.0) for r in fields)])

    def diff(self, edits: Sequence[Edit]) -> list[str]:
        """What ``edits`` do, one sentence each."""
        return [str(edit) for edit in edits]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content: equal chains have equal hashes, whatever the order of rows."""
        content = {
            name: [{k: v for k, v in row.items() if k not in REMARKS} for row in rows]
            for name, rows in self._tables.items()
            if name not in {"sources", "calibrations"}
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def ensemble_hash(self) -> str:
        """SHA-256 of the calibrations that the chain carries, which are no part of :attr:`hash`."""
        rows = [
            {k: v for k, v in row.items() if k not in REMARKS} for row in self.rows("calibrations")
        ]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Chain({', '.join(f'{len(self._tables[name])} {name}' for name in NEEDED)})"
