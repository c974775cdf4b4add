"""Chains as folders of CSV files: a new one to fill in, and one that is written."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from mithaq.chain.schema import Attribute, TableSchema, table_names, table_schema
from mithaq.chain.tables import Chain
from mithaq.errors import DataError, Problem
from mithaq.words.sentence import Sentence

__all__ = ["chain_at", "example", "new_folder", "shipped_year", "write_folder"]

README = "README.md"


def chain_at(place: str | Path) -> Chain:
    """The chain of a folder, or the shipped one where ``place`` is a year.

    ``2010/seasons`` and ``2010/months`` are the year in parts. Raises DataError with every mistake
    of the folder, or where no such year is shipped.

    >>> chain_at("2010").hash == Chain.shipped(2010).hash
    True
    """
    year = shipped_year(place)
    if year is not None:
        return Chain.shipped(year, str(place).partition("/")[2])
    return Chain.from_folder(place)


def shipped_year(place: str | Path) -> int | None:
    """The base year of a shipped chain named by ``place``; None where that is a folder.

    >>> shipped_year("2010/seasons")
    2010
    """
    year = str(place).partition("/")[0]
    return int(year) if year.isdigit() and not Path(place).is_dir() else None


def example() -> Chain:
    """The worked example that :func:`new_folder` writes: two countries, a strait and a market each.

    >>> example()
    Chain(3 nodes, 3 firms, 2 fields, 3 markets)
    """
    return Chain.from_folder(_example_folder())


def _example_folder() -> Path:
    return Path(str(files("mithaq") / "data" / "example"))


def new_folder(folder: str | Path) -> tuple[Path, ...]:
    """Write a new chain to fill in: every table with all its columns, a worked example, a README.

    Returns the files written. Raises DataError where ``folder`` exists and is not empty, and
    OSError where it cannot be written.
    """
    made = write_folder(example(), folder, every_table=True)
    readme = Path(folder) / README
    readme.write_text(_readme(), encoding="utf-8")
    return (*made, readme)


def write_folder(
    chain: Chain, folder: str | Path, *, every_table: bool = False, always: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Write a chain as CSV files that :meth:`Chain.from_folder` reads back to the same hash.

    Tables without rows are left out unless they are named in ``always``, or ``every_table``: then
    all columns stand in every header. Otherwise columns that hold nothing but their default are
    left out. Returns the files written. Raises DataError where ``folder`` exists and is not empty.
    """
    folder = Path(folder)
    check_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in table_names():
        schema, rows = table_schema(name), chain.rows(name)
        if not rows and not every_table and name not in always:
            continue
        columns = list(schema.attributes) if every_table else filled(schema, rows)
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            for row in rows:
                writer.writerow([cell(schema.attributes[c], row[c]) for c in columns])
        made.append(path)
    return tuple(made)


def check_empty(folder: Path) -> None:
    """Raise DataError where a folder to be written is a file or holds something already."""
    what = ""
    if folder.exists() and not folder.is_dir():
        what = Sentence("is a file, not a folder")
    elif folder.is_dir() and any(folder.iterdir()):
        what = Sentence("is not empty")
    if what:
        hint = Sentence("name a folder that is new or empty")
        raise DataError([Problem(str(folder), what=what, hint=hint)])


def filled(schema: TableSchema, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that are required or hold something other than their default in some row."""
    return [
        name
        for name, attribute in schema.attributes.items()
        if attribute.required or any(cell(attribute, row[name]) for row in rows)
    ]


def cell(attribute: Attribute, value: Any) -> str:
    """A checked value as its cell; empty where it is the default.

    >>> conduct = table_schema("firms").attributes["conduct"]
    >>> cell(conduct, 0.5), cell(conduct, 1.0)
    ('0.5', '')
    """
    if value is None or value != value:
        return ""
    text = _text(value)
    default = "" if attribute.required else _default(attribute)
    return "" if text == default else text


def _default(attribute: Attribute) -> str:
    if attribute.default == "":
        return ""
    value = attribute.parse("")
    return "" if value != value else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _readme() -> str:
    head = (_example_folder() / README).read_text(encoding="utf-8")
    tables = (line for name in table_names() for line in _table_lines(table_schema(name)))
    return head + "\n".join(tables)


def _table_lines(schema: TableSchema) -> Iterator[str]:
    yield f"## {schema.name}.csv"
    yield ""
    yield f"{schema.description} A row is known by {', '.join(schema.key)}."
    yield ""
    yield "| column | type | unit | default | meaning |"
    yield "|---|---|---|---|---|"
    for item in schema.attributes.values():
        default = "required" if item.required else item.default
        kind = item.refers_to.replace("|", " or ") if item.type == "code" else item.type
        cells = (item.name, kind + _bounds(item), item.unit, default, item.description)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _bounds(item: Attribute) -> str:
    low = item.minimum and (
        f"above {item.minimum[:-1]}" if item.minimum.endswith("+") else f"from {item.minimum}"
    )
    high = item.maximum and (
        f"below {item.maximum[:-1]}" if item.maximum.endswith("-") else f"to {item.maximum}"
    )
    return f" {' '.join(filter(None, (low, high)))}".rstrip() if low or high else ""
