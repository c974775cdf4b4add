"""Tables column by column, read once for all that ask: plain numbers and texts, nothing worked out.

This is all that the program, the payoffs and the certificate share of a table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.prepared import Memory

__all__ = ["Table", "table_of"]

Vector = NDArray[np.float64]


class Table:
    """The columns of some rows. What it hands out is shared: do not change it."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows
        self._numbers: dict[str, Vector] = {}
        self._texts: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return len(self.rows)

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


_TABLES: defaultdict[str, Memory[Table]] = defaultdict(Memory)


def table_of(chain: Chain, name: str) -> Table:
    """The columns of a chain's table, kept as long as chains share its rows."""
    rows = chain.rows(name)
    return _TABLES[name].get(id(rows), rows, lambda: Table(rows))
