"""Tables as plain values: the terminal and the report print the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["Cell", "Column", "Sheet", "cell", "gained"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a table.

    ``tone`` is what colour may say beside the words (good, bad, warn, muted); ``sources`` are
    identifiers of sources, which the report prints as numbered references; ``shade`` in [-1, 1]
    colours a heat table.
    """

    text: str
    tone: str = ""
    sources: tuple[str, ...] = ()
    below: str = ""
    shade: float | None = None
    badge: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its unit and whether it holds figures (which align to the end)."""

    head: str
    unit: str = ""
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a title. The first column names the row."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    note: str = ""
    kind: str = field(default="", compare=False)

    @classmethod
    def of(
        cls,
        title: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell | str]],
        *,
        note: str = "",
        kind: str = "",
    ) -> Sheet:
        """A sheet whose rows may mix cells and plain text."""
        return cls(title, tuple(columns), tuple(tuple(map(cell, row)) for row in rows), note, kind)


def cell(value: Cell | str) -> Cell:
    """``value`` as a cell."""
    return value if isinstance(value, Cell) else Cell(value)


def gained(text: str, amount: float) -> Cell:
    """A gain in the colour of its sign; what is printed as 0 has none."""
    return Cell(text, "" if not round(amount) else "good" if amount > 0 else "bad")
