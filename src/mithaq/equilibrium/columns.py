"""Tables column by column, read once for all that ask: plain numbers and texts, nothing worked out.

This is all that the program, the payoffs and the certificate share of a table. Its words and its
numbers are kept apart: chains that differ in numbers alone say the same in words, so that whoever
works out who is where, and who may do what, need not do it again for each of them.
"""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import table_schema
from mithaq.equilibrium.prepared import Memory, remembered

__all__ = [
    "ARCS",
    "ArcWords",
    "Arcs",
    "Table",
    "Words",
    "arc_words",
    "arcs_of",
    "countries",
    "from_words",
    "table_of",
]

Vector = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
Found = TypeVar("Found")
ARCS = ("pipelines", "terminals", "routes")
REMARKS = frozenset({"source", "note"})


@functools.cache
def columns_of_words(table: str) -> tuple[str, ...]:
    """Columns of a table that hold no number and no remark: names, lists, codes and flags."""
    attributes = table_schema(table).attributes.values()
    return tuple(a.name for a in attributes if not a.numeric and a.name not in REMARKS)


class Words:
    """What a table says in words. Tables of a chain that say the same have one, the same object.

    What it hands out is shared: do not change it.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.count = len(rows)
        cells = zip(*rows, strict=True) if rows else [()] * len(columns)
        self._texts = dict(zip(columns, map(list, cells), strict=True))
        self._truths: dict[str, Mask] = {}
        self._says: dict[tuple[str, str], Mask] = {}
        self._places: Memory[Index] = Memory()

    def __len__(self) -> int:
        return self.count

    @cached_property
    def at(self) -> dict[str, int]:
        """The number of each row by its name."""
        return {name: at for at, name in enumerate(self.texts("name"))}

    def texts(self, column: str) -> list[Any]:
        """A column's cells as they are."""
        return self._texts[column]

    def truths(self, column: str) -> Mask:
        """A column of flags."""
        if column not in self._truths:
            self._truths[column] = np.array(self.texts(column), dtype=bool)
            self._truths[column].flags.writeable = False
        return self._truths[column]

    def says(self, column: str, text: str) -> Mask:
        """Which cells of a column are this text."""
        if (column, text) not in self._says:
            found = np.array([cell == text for cell in self.texts(column)], dtype=bool)
            found.flags.writeable = False
            self._says[column, text] = found
        return self._says[column, text]

    def places(self, column: str, other: Words) -> Index:
        """Rows of another table that a column of names speaks of; -1 for an empty cell."""
        return self._places.get((column, id(other)), other, lambda: self._found(column, other.at))

    def _found(self, column: str, at: Mapping[str, int]) -> Index:
        cells = [at[name] if name else -1 for name in self.texts(column)]
        return np.array(cells, dtype=np.intp)


_WORDS: defaultdict[str, Memory[Words]] = defaultdict(Memory)


class Table:
    """The columns of some rows; of those of a chain's table, by ``name``, the words are shared.

    Of a table that differs from another, ``like``, in a few rows alone only these are read.
    """

    def __init__(
        self, rows: Sequence[Mapping[str, Any]], name: str = "", like: Table | None = None
    ) -> None:
        self.rows, self.name, self.like = rows, name, like
        self._changed = like.changed(rows) if like else []
        self._numbers: dict[str, Vector] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def changed(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Which of these rows, as many as this table has, are others."""
        return [at for at, other in enumerate(map(operator.is_not, rows, self.rows)) if other]

    @cached_property
    def words(self) -> Words:
        """All that the rows say but for numbers."""
        if not self.name:
            return Words(*_read(tuple(self.rows[0]), self.rows))
        columns = columns_of_words(self.name)
        if self.like:
            mine, theirs = (
                _read(columns, [table.rows[at] for at in self._changed])
                for table in (self, self.like)
            )
            if mine == theirs:
                return self.like.words
        columns, said = _read(columns, self.rows)
        return _WORDS[self.name].get(said, None, lambda: Words(columns, said))

    @property
    def at(self) -> dict[str, int]:
        """The number of each row by its name."""
        return self.words.at

    def texts(self, column: str) -> list[Any]:
        """A column of words, its cells as they are."""
        return self.words.texts(column)

    def truths(self, column: str) -> Mask:
        """A column of flags."""
        return self.words.truths(column)

    def says(self, column: str, text: str) -> Mask:
        """Which cells of a column are this text."""
        return self.words.says(column, text)

    def places(self, column: str, other: Table) -> Index:
        """Rows of another table that a column of names speaks of; -1 for an empty cell."""
        return self.words.places(column, other.words)

    def numbers(self, column: str) -> Vector:
        """A column of numbers."""
        if column not in self._numbers:
            if self.like:
                found = self.like.numbers(column).copy()
                for at in self._changed:
                    found[at] = self.rows[at][column]
            else:
                cells = map(itemgetter(column), self.rows)
                found = np.fromiter(cells, dtype=float, count=len(self.rows))
            found.flags.writeable = False
            self._numbers[column] = found
        return self._numbers[column]


def _read(
    columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Some columns and, row by row, what stands in them."""
    if len(columns) < 2:  # of which itemgetter makes no tuples
        return columns, tuple(tuple(row[name] for name in columns) for row in rows)
    return columns, tuple(map(itemgetter(*columns), rows))


_TABLES: defaultdict[str, Memory[Table]] = defaultdict(Memory)
_WHOLE: dict[str, Table] = {}  # of each name the last table that was read row by row
FEW = 8  # one row in so many may differ for a table to be read by its differences


def table_of(chain: Chain, name: str) -> Table:
    """The columns of a chain's table, kept as long as chains share its rows."""
    rows = chain.rows(name)

    def make() -> Table:
        like = _WHOLE.get(name)
        if like and len(like) == len(rows) and FEW * len(like.changed(rows)) <= len(rows):
            return Table(rows, name, like)
        found = _WHOLE[name] = Table(rows, name)
        return found

    return _TABLES[name].get(id(rows), rows, make)


def from_words(*tables: str) -> Callable[[Callable[..., Found]], Callable[[Chain], Found]]:
    """Make a function of the words of tables one of a chain, which remembers its last results.

    No number of a table can change what it finds, so chains that differ in these share it.
    """

    def wrap(function: Callable[..., Found]) -> Callable[[Chain], Found]:
        memory: Memory[Found] = Memory()

        @functools.wraps(function)
        def remember(chain: Chain) -> Found:
            words = tuple(table_of(chain, table).words for table in tables)
            return memory.get(words, None, lambda: function(*words))

        return remember

    return wrap


def countries(nodes: Words) -> list[str]:
    """Country of each node: itself where none is named."""
    told = zip(nodes.texts("name"), nodes.texts("country"), strict=True)
    return [country or name for name, country in told]


class ArcWords:
    """Words on pipelines, terminals and legs as of one table, in this order."""

    def __init__(self, *parts: Words) -> None:
        self.parts = dict(zip(ARCS, parts, strict=True))
        self.names: list[str] = [name for part in parts for name in part.texts("name")]
        self.at = {name: at for at, name in enumerate(self.names)}
        # The table that each stands in.
        self.tables = [name for name, part in self.parts.items() for _ in range(len(part))]

    def __len__(self) -> int:
        return len(self.names)

    def texts(self, column: str) -> list[str]:
        """A column that all three tables have."""
        return [text for part in self.parts.values() for text in part.texts(column)]


arc_words = from_words(*ARCS)(ArcWords)


class Arcs:
    """Pipelines, terminals and legs as one table, in this order."""

    def __init__(self, chain: Chain) -> None:
        self.words = arc_words(chain)
        self.parts = {name: table_of(chain, name) for name in ARCS}
        self.names, self.at, self.tables = self.words.names, self.words.at, self.words.tables
        self._numbers: dict[str, Vector] = {}

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def rows(self) -> list[Mapping[str, Any]]:
        """All rows."""
        return [row for part in self.parts.values() for row in part.rows]

    def numbers(self, column: str, **absent: float) -> Vector:
        """A column of numbers; ``absent`` gives the number of a table that has no such column."""
        if column not in self._numbers:
            found = [
                np.full(len(part), absent[name]) if name in absent else part.numbers(column)
                for name, part in self.parts.items()
            ]
            self._numbers[column] = np.concatenate(found)
            self._numbers[column].flags.writeable = False
        return self._numbers[column]

    def texts(self, column: str) -> list[str]:
        """A column of words that all three tables have."""
        return self.words.texts(column)


arcs_of = remembered(*ARCS)(Arcs)
