"""Sheets in the terminal: rich tables, coloured only where a person is looking."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mithaq.show.sheets import Cell, Sheet
from mithaq.words.text import tame

__all__ = ["console", "print_answers", "print_sheets", "rich_table"]

_TONES = {"good": "green", "bad": "red", "warn": "yellow", "muted": "dim"}
_PLAIN_WIDTH = 120


def console(stream: IO[str] | None = None) -> Console:
    """A console for ``stream`` (standard output); width 120 where no terminal tells another."""
    stream = stream or sys.stdout
    wide = None if stream.isatty() or "COLUMNS" in os.environ else _PLAIN_WIDTH
    return Console(file=stream, width=wide, highlight=False, emoji=False, markup=False)


def rich_table(sheet: Sheet) -> Group:
    """The sheet as a rich table with its title above and its note below."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in sheet.columns:
        head = f"{column.head}\n{column.unit}" if column.unit else column.head
        table.add_column(
            _plain(head), justify="right" if column.figures else "left", overflow="fold"
        )
    for row in sheet.rows:
        table.add_row(*map(_text, row))
    parts: list[Text | Table] = [_plain(sheet.title, "bold underline"), table]
    if sheet.note:
        parts.append(_plain(sheet.note, "dim"))
    return Group(*parts, Text(""))


def print_answers(
    answers: Iterable[tuple[str, Sequence[str]]], stream: IO[str] | None = None
) -> None:
    """Print questions, each with the sentences that answer it."""
    out = console(stream)
    for question, sentences in answers:
        out.print(_plain(question, "bold"))
        for sentence in sentences:
            out.print(Padding(_plain(sentence), (0, 0, 0, 2), expand=False))
        out.print()


def _least_width(sheet: Sheet, place: int) -> int:
    """Room for the longest word of a column (at most 18 cells; the first column gets 24)."""
    texts = [sheet.columns[place].head, *(row[place].text for row in sheet.rows)]
    longest = max((cell_len(word) for text in texts for word in text.split()), default=1)
    widest = max(map(cell_len, texts), default=1)
    return max(min(longest, 18), min(widest, 24) if place == 0 else 1)


def print_sheets(sheets: Iterable[Sheet], stream: IO[str] | None = None) -> None:
    """Print every sheet that has rows or a note."""
    out = console(stream)
    for sheet in sheets:
        if not sheet.rows:
            shown = _empty(sheet) if sheet.note else None
        elif _needed(sheet) > out.width:
            shown = _stacked(sheet)
        else:
            shown = rich_table(sheet)
        if shown is not None:
            out.print(shown)


def _needed(sheet: Sheet) -> int:
    """The least width at which the table still reads as one."""
    return sum(_least_width(sheet, place) + 3 for place in range(len(sheet.columns)))


def _stacked(sheet: Sheet) -> Group:
    """The sheet for a narrow terminal: one block per named row, one line per column."""
    lines: list[Text] = [_plain(sheet.title, "bold underline")]
    for row in sheet.rows:
        if row[0].text:
            lines.append(_plain(row[0].text, "bold"))
        elif len(lines) > 1:
            lines.pop()  # a row without a name goes on with the one before
        for column, entry in zip(sheet.columns[1:], row[1:], strict=True):
            if entry.text not in ("", "–"):
                head = f"{column.head} ({column.unit})" if column.unit else column.head
                lines.append(Text.assemble((f"  {head}: ", "dim"), _text(entry)))
        lines.append(Text(""))
    if sheet.note:
        lines.append(_plain(sheet.note, "dim"))
    return Group(*lines)


def _empty(sheet: Sheet) -> Group:
    return Group(_plain(sheet.title, "bold underline"), _plain(sheet.note), Text(""))


def _text(cell: Cell) -> Text:
    text = _plain(cell.text, _TONES.get(cell.tone, ""))
    if cell.below:
        text.append("\n" + tame(cell.below), style="dim")
    return text


def _plain(text: str, style: str = "") -> Text:
    return Text(tame(text), style=style)
