"""Columns and rows of the program: what each number stands for, and which ones are there at all.

A slot has the same columns and rows as every other; whole blocks are repeated, slot after slot.
What cannot be other than zero in a slot (a closed line, gas that nobody can bring) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMN_KINDS", "Columns", "Entries", "Family"]

Array = NDArray[Any]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.int64]
COLUMN_KINDS = (
    "lifting",
    "flow",
    "spot",
    "handed",
    "opened",
    "injection",
    "withdrawal",
    "level",
    "idle",
)


class Columns:
    """Columns: those of each slot in turn, kind by kind; then what is built; then one a cone.

    ``keys`` holds the labels of one slot's columns by kind; ``idle`` is what slices that can be
    built onto leave of their capacity, where cost depends on it. ``alive`` says which of the full
    list are columns of the program, ``place`` at which place they stand there (-1: not there).
    """

    def __init__(
        self, keys: Mapping[str, Sequence[Any]], slots: int, built: Sequence[Any], cones: int
    ) -> None:
        self.keys = keys
        self.slots = slots
        self.built = built
        sizes = [len(keys[kind]) for kind in COLUMN_KINDS]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self.start = dict(zip(COLUMN_KINDS, starts[:-1].tolist(), strict=True))
        self.width = int(starts[-1])  # of one slot
        self.first_built = slots * self.width
        self.first_cone = self.first_built + len(built)
        self.alive: Mask = np.ones(self.first_cone + cones, dtype=bool)
        self.place: Index = np.arange(len(self.alive))

    def of(self, kind: str) -> Index:
        """Full numbers of the columns of one kind: slots x columns."""
        size = len(self.keys[kind])
        first = self.start[kind]
        slot = np.arange(self.slots)[:, None] * self.width
        found: Index = slot + first + np.arange(size)[None, :]
        return found

    def part(self, full: Array, kind: str) -> Array:
        """A view of what an array over the full list says of one kind: slots x columns."""
        first = self.start[kind]
        by_slot = full[: self.first_built].reshape(self.slots, self.width)
        return by_slot[:, first : first + len(self.keys[kind])]

    def mask(self, kind: str) -> Mask:
        """Which columns of one kind are there: slots x columns."""
        return self.part(self.alive, kind).copy()

    def settle(self) -> None:
        """Number the columns that are there."""
        self.place = np.where(self.alive, np.cumsum(self.alive) - 1, -1)

    def spread(self, x: Vector) -> Vector:
        """Columns of the program put at their places in the full list, zero elsewhere."""
        full = np.zeros(len(self.alive))
        full[self.alive] = x
        return full


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of a matrix: row, column and value."""

    rows: Index
    columns: Index
    values: Vector

    @staticmethod
    def join(parts: Sequence[Entries]) -> Entries:
        """All entries, one part after another."""
        if not parts:
            empty = np.zeros(0, dtype=np.int64)
            return Entries(empty, empty, np.zeros(0))
        return Entries(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.values for part in parts]),
        )


@dataclass(slots=True)
class Family:
    """Rows of one kind: one for each key in each slot, or for each key where ``slots`` is 0.

    ``first`` is the first row in the program, ``alive`` says which rows of the full list are there.
    """

    kind: str
    keys: Sequence[Any]
    slots: int
    entries: Entries
    single: bool = False  # whether its rows bound one column (those of them with one entry)
    kept: bool = False  # whether a row stays where it has no entries left
    first: int = 0
    alive: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def size(self) -> int:
        """Number of rows in the full list."""
        return len(self.keys) * (self.slots or 1)

    @property
    def last(self) -> int:
        """First row after the family's."""
        return self.first + int(self.alive.sum())

    def row(self, full: Index) -> Index:
        """Places in the program of rows of the full list; meaningless where one is not there."""
        places: Index = self.first + np.cumsum(self.alive)[full] - 1
        return places

    def labels(self) -> Iterator[tuple[str, Any]]:
        """Kind and key of each row that is there; a key ends in the slot."""
        count = len(self.keys)
        for full in np.flatnonzero(self.alive).tolist():
            key = self.keys[full % count]
            if self.slots:
                parts = key if isinstance(key, tuple) else (key,)
                key = (*parts, full // count)
            yield self.kind, key
