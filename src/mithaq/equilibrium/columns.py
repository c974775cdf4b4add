"""Tables column by column, read once for all that ask: plain numbers and texts, nothing worked out.

This is all that the program, the payoffs and the certificate share of a table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.prepared import Memory, remembered

__all__ = ["ARCS", "Arcs", "Table", "arcs_of", "table_of"]

Vector = NDArray[np.float64]
Index = NDArray[np.intp]
ARCS = ("pipelines", "terminals", "routes")


class Table:
    """The columns of some rows. What it hands out is shared: do not change it."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows
        self._numbers: dict[str, Vector] = {}
        self._texts: dict[str, list[Any]] = {}
        self._places: Memory[Index] = Memory()

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def at(self) -> dict[str, int]:
        """The number of each row by its name."""
        return {name: at for at, name in enumerate(self.texts("name"))}

    def texts(self, column: str) -> list[Any]:
        """A column's cells as they are."""
        if column not in self._texts:
            self._texts[column] = list(map(itemgetter(column), self.rows))
        return self._texts[column]

    def numbers(self, column: str) -> Vector:
        """A column of numbers, or of truths as 0 and 1."""
        if column not in self._numbers:
            cells = map(itemgetter(column), self.rows)
            found = np.fromiter(cells, dtype=float, count=len(self.rows))
            found.flags.writeable = False
            self._numbers[column] = found
        return self._numbers[column]

    def truths(self, column: str) -> NDArray[np.bool_]:
        """A column of truths."""
        return self.numbers(column) > 0

    def places(self, column: str, other: Table) -> Index:
        """Rows of another table that a column of names speaks of; -1 for an empty cell."""
        return self._places.get((column, id(other)), other, lambda: self._found(column, other.at))

    def _found(self, column: str, at: Mapping[str, int]) -> Index:
        cells = [at[name] if name else -1 for name in self.texts(column)]
        return np.array(cells, dtype=np.intp)


class Arcs:
    """Pipelines, terminals and legs as one table, in this order."""

    def __init__(self, chain: Chain) -> None:
        self.parts = {name: table_of(chain, name) for name in ARCS}
        self.names: list[str] = [n for part in self.parts.values() for n in part.texts("name")]
        self.at = {name: at for at, name in enumerate(self.names)}
        self._numbers: dict[str, Vector] = {}

    @cached_property
    def rows(self) -> list[Mapping[str, Any]]:
        """All rows."""
        return [row for part in self.parts.values() for row in part.rows]

    @cached_property
    def tables(self) -> list[str]:
        """The table that each row stands in."""
        return [name for name, part in self.parts.items() for _ in part.rows]

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
        """A column that all three tables have."""
        return [text for part in self.parts.values() for text in part.texts(column)]


_TABLES: defaultdict[str, Memory[Table]] = defaultdict(Memory)


def table_of(chain: Chain, name: str) -> Table:
    """The columns of a chain's table, kept as long as chains share its rows."""
    rows = chain.rows(name)
    return _TABLES[name].get(id(rows), rows, lambda: Table(rows))


arcs_of = remembered(*ARCS)(Arcs)
