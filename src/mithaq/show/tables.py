"""Sheets in the terminal: rich tables, coloured only where a person is looking."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from mithaq.show.sheets import Cell, Sheet

__all__ = ["console", "print_sheets", "rich_table"]

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
        table.add_column(Text(head), justify="right" if column.figures else "left", overflow="fold")
    for row in sheet.rows:
        table.add_row(*map(_text, row))
    parts: list[Text | Table] = [Text(sheet.title, style="bold underline"), table]
    if sheet.note:
        parts.append(Text(sheet.note, style="dim"))
    return Group(*parts, Text(""))


def print_sheets(sheets: Iterable[Sheet], stream: IO[str] | None = None) -> None:
    """Print every sheet that has rows or a note."""
    out = console(stream)
    for sheet in sheets:
        if sheet.rows or sheet.note:
            out.print(rich_table(sheet) if sheet.rows else _empty(sheet))


def _empty(sheet: Sheet) -> Group:
    return Group(Text(sheet.title, style="bold underline"), Text(sheet.note), Text(""))


def _text(cell: Cell) -> Text:
    text = Text(cell.text, style=_TONES.get(cell.tone, ""))
    if cell.below:
        text.append("\n" + cell.below, style="dim")
    return text
