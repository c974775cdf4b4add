"""Numbers by label and slot: an array for those who compute, a mapping for those who look one up.

The labels of a sheet are shared by all sheets of a kind that a program gives, so what depends on
labels alone (where each firm, arc or market stands) is worked out once for all of them.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, Sequence, ValuesView
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.equilibrium.prepared import Memory

__all__ = ["Labels", "Sheet"]

Array = NDArray[Any]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Labels:
    """What the columns of a sheet stand for: tuples of names. Never changed once made."""

    def __init__(self, names: Sequence[Any]) -> None:
        self.names: list[tuple[Any, ...]] = [
            name if isinstance(name, tuple) else (name,) for name in names
        ]
        self.column = {name: column for column, name in enumerate(self.names)}
        self._places: Memory[tuple[Array, ...]] = Memory()
        self._named: Memory[tuple[Array, Array | None]] = Memory()

    def __reduce__(self) -> tuple[Any, ...]:
        return Labels, (self.names,)

    def __deepcopy__(self, memo: Any) -> Labels:
        return self

    @cached_property
    def _parts(self) -> list[tuple[list[Any], Array]]:
        """The words of each part of the labels, every one once, and which of them each has."""
        found = []
        for part in zip(*self.names, strict=True):
            at = {word: number for number, word in enumerate(dict.fromkeys(part))}
            found.append((list(at), np.array([at[word] for word in part], dtype=np.intp)))
        return found

    def places(self, *numbers: Mapping[Any, int]) -> tuple[Array, ...]:
        """For each part of a label its number in the mapping given for it; kept by mapping."""
        if not self.names:
            return tuple(np.zeros(0, dtype=np.intp) for _ in numbers)
        return self._places.get(
            tuple(map(id, numbers)),
            numbers,
            lambda: tuple(
                np.array([known[word] for word in words], dtype=np.intp)[at]
                for known, (words, at) in zip(numbers, self._parts, strict=False)
            ),
        )

    def whole(self, numbers: Mapping[Any, int]) -> Array:
        """For each label as a whole its number in a mapping; kept by mapping."""
        if not self.names:
            return np.zeros(0, dtype=np.intp)
        [found] = self._places.get(
            ("whole", id(numbers)),
            numbers,
            lambda: (np.array([numbers[name] for name in self.names], dtype=np.intp),),
        )
        return found

    def of(self, names: Sequence[tuple[Any, ...]]) -> tuple[Array, Array | None]:
        """Columns of those of the names that are labels, and which these are (None: all).

        Kept by the list of names.
        """

        def find() -> tuple[Array, Array | None]:
            columns = np.array([self.column.get(name, -1) for name in names], dtype=np.intp)
            known = columns >= 0
            return columns[known], None if known.all() else known

        return self._named.get(id(names), names, find)


NONE = Labels(())


class Sheet(MutableMapping[Any, float]):
    """An array ``numbers`` (slots x labels) with the mask ``there`` of what it holds.

    As a mapping its keys are the parts of a label followed by the number of the slot. A number
    that is not there stands as 0 in the array. A mask that cannot be written is shared: the sheet
    makes its own when it changes.

    >>> sheet = Sheet(Labels([("A", "line")]), np.array([[2.0], [3.0]]))
    >>> sheet["A", "line", 1]
    3.0
    >>> del sheet["A", "line", 0]
    >>> dict(sheet)
    {('A', 'line', 1): 3.0}
    """

    __slots__ = ("labels", "numbers", "there")

    def __init__(
        self, labels: Labels = NONE, numbers: Vector | None = None, there: Mask | None = None
    ) -> None:
        self.labels = labels
        self.numbers = np.zeros((0, len(labels.names))) if numbers is None else numbers
        self.there = np.ones(self.numbers.shape, dtype=bool) if there is None else there

    def _find(self, key: tuple[Any, ...]) -> tuple[int, int]:
        """Slot and column of a key; KeyError where it is not there."""
        column = self.labels.column.get(key[:-1], -1)
        slot = key[-1]
        if column < 0 or not 0 <= slot < len(self.there) or not self.there[slot, column]:
            raise KeyError(key)
        return slot, column

    def __getitem__(self, key: Any) -> float:
        return float(self.numbers[self._find(key)])

    def __setitem__(self, key: Any, number: float) -> None:
        name, slot = tuple(key[:-1]), int(key[-1])
        more = max(slot + 1 - len(self.numbers), 0)
        if name not in self.labels.column:
            self.labels = Labels([*self.labels.names, name])
        wide = len(self.labels.names) - self.numbers.shape[1]
        if more or wide:
            self.numbers = np.pad(self.numbers, ((0, more), (0, wide)))
            self.there = np.pad(self.there, ((0, more), (0, wide)))
        self._write((slot, self.labels.column[name]), number, there=True)

    def __delitem__(self, key: Any) -> None:
        self._write(self._find(key), 0.0, there=False)

    def _write(self, place: tuple[int, int], number: float, *, there: bool) -> None:
        if not self.there.flags.writeable:  # shared with other sheets of its kind
            self.there = self.there.copy()
        self.numbers[place], self.there[place] = number, there

    def __iter__(self) -> Iterator[Any]:
        names = self.labels.names
        slots, columns = np.nonzero(self.there)
        for slot, column in zip(slots.tolist(), columns.tolist(), strict=True):
            yield (*names[column], slot)

    def __len__(self) -> int:
        return int(np.count_nonzero(self.there))

    def __bool__(self) -> bool:
        return bool(self.there.any())

    def items(self) -> ItemsView[Any, float]:
        """All at once, which is faster than one by one."""
        return dict(zip(self, self.numbers[self.there].tolist(), strict=True)).items()

    def values(self) -> ValuesView[float]:
        return dict(self.items()).values()

    def __repr__(self) -> str:
        return f"Sheet({dict(self.items())!r})"

    def spread(
        self, slots: int, *numbers: Mapping[Any, int], absent: float = 0.0
    ) -> NDArray[np.float64]:
        """An array with an axis for each part of the labels, in the order given, and slots last.

        ``numbers`` gives each name its place. Raises KeyError for a name that has none.
        """
        shape = *map(len, numbers), slots
        found = np.full(shape, absent) if absent else np.zeros(shape)
        if self.numbers.size:
            found[self.labels.places(*numbers)] = self.filled(slots, absent).T
        return found

    def filled(self, slots: int, absent: float = 0.0) -> NDArray[np.float64]:
        """The array for so many slots, with ``absent`` where nothing is there."""
        found = self.numbers
        if absent and not self.there.all():
            found = np.where(self.there, found, absent)
        if len(found) < slots and not found.size:
            found = np.full((slots, found.shape[1]), absent)
        elif len(found) < slots:
            found = np.pad(found, ((0, slots - len(found)), (0, 0)), constant_values=absent)
        return found

    def series(self, slots: int, *name: Any) -> NDArray[np.float64]:
        """The numbers of one label by slot, 0 where there is none."""
        column = self.labels.column.get(name)
        return np.zeros(slots) if column is None else self.filled(slots)[:, column]

    def of(self, slots: int, names: Sequence[tuple[Any, ...]]) -> NDArray[np.float64]:
        """The numbers of these labels: slots x labels, 0 where there is none."""
        columns, known = self.labels.of(names)
        if known is None:
            return self.filled(slots).take(columns, axis=1)
        found = np.zeros((slots, len(names)))
        found[:, known] = self.filled(slots)[:, columns]
        return found
