"""From raw tables to checked ones: every mistake of every table is found before any is raised."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from mithaq.chain.calendar import CALENDAR_CHECKS, Note, listed
from mithaq.chain.schema import (
    Attribute,
    CellError,
    TableSchema,
    parse_names,
    parse_shares,
    table_names,
    table_schema,
)
from mithaq.errors import DataError, Problem
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = [
    "CHECKS",
    "NEEDED",
    "Reading",
    "Row",
    "Rows",
    "as_frame",
    "in_order",
    "key_of",
    "missing_tables",
    "nearest",
    "read_folder",
]

NEEDED = ("nodes", "firms", "fields", "markets")

HAS_NO_ROW = mark("{table} has no row {row}")
NOBODY = {
    "nodes": mark("there is no node {name}"),
    "firms": mark("there is no firm {name}"),
    "markets": mark("there is no market {name}"),
    "periods": mark("there is no period {name}"),
}
TWICE = mark("the column stands there twice")

Row = Mapping[str, Any]
Rows = Sequence[Row]


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint naming the known word closest to ``name``, or the first few known words."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return Sentence("did you mean {name}?", name=repr(close[0]))
    return listed(known)


def key_of(table: TableSchema, row: Mapping[str, Any]) -> str:
    """The key of a row as one string, its parts joined by ``|``."""
    return "|".join(_plain(row[column]) for column in table.key)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:g}"
    return str(value)


def default_name(table: str, row: Mapping[str, Any]) -> str:
    """Name of a row that carries none."""
    if table == "pipelines":
        return f"{row['from']}-{row['to']}"
    if table == "routes":
        return f"{row['from']}~{row['to']}"
    return f"{row['kind']} at {row['node']}"


def odd_name(name: str) -> str:
    """What is wrong with a name; empty where nothing is."""
    for sign, text in (
        ("|", mark("{name} holds '|', which stands between parts of a key")),
        (";", mark("{name} holds ';', which stands between names of a list")),
    ):
        if sign in name:
            return Sentence(text, name=repr(name))
    if name.endswith((" (liquefied)", " (landed)")):
        return Sentence("{name} ends like the sea side of a terminal", name=repr(name))
    return ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a cell that must exist in another table."""

    file: str
    row: int
    column: str
    table: str
    name: str


@dataclass(slots=True)
class Reading:
    """What reading has found so far: problems, names, and references to check at the end."""

    problems: list[Problem] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    places: dict[tuple[str, str], int] = field(default_factory=dict)  # table, key: row
    unread: set[str] = field(default_factory=set)
    """Tables that are missing or cannot be read, of whose names nothing is known."""

    def table(
        self, name: str, frame: object, *, file: str = "", numbers: Sequence[int] = ()
    ) -> Rows:
        """Checked rows of one table: all columns of the schema, typed, sorted by key.

        Mistakes go to ``problems``, with ``file`` and the row's number (from 1 where ``numbers``
        is empty). A row with a mistake is left out of what is returned, its names and references
        are still noted.
        """
        table = table_schema(name)
        file = file or name
        if not isinstance(frame, pd.DataFrame):
            kind = type(frame).__name__
            what = Sentence("must be a data frame, not {kind}", kind=kind)
            self.problems.append(Problem(file, what=what))
            return ()
        self._check_columns(table, frame, file)
        frame = frame.loc[:, ~frame.columns.duplicated()]
        raw = {
            column: frame[column].tolist() for column in frame.columns if column in table.attributes
        }
        if "name" in raw:
            self.names.setdefault(name, set()).update(str(cell).strip() for cell in raw["name"])
        good: list[dict[str, Any]] = []
        seen: dict[str, int] = {}
        for index in range(len(frame)):
            number = numbers[index] if numbers else index + 1
            cells = {column: values[index] for column, values in raw.items()}
            row = self.row(table, cells, file, number)
            if row is None:
                continue
            key = key_of(table, row)
            if key in seen:
                first = str(seen[key])
                what = Sentence("{key} stands in row {row} already", key=repr(key), row=first)
                hint = Sentence("take one of them out, or call it otherwise")
                self.problems.append(Problem(file, number, table.key[0], what, hint))
                continue
            seen[key] = self.places[name, key] = number
            good.append(row)
        self.names.setdefault(name, set()).update(seen)
        return in_order(table, good)

    def _check_columns(self, table: TableSchema, frame: pd.DataFrame, file: str) -> None:
        for column in frame.columns[frame.columns.duplicated()].unique():
            self.problems.append(Problem(file, 0, str(column), Sentence(TWICE)))
        for column in frame.columns.unique():
            if column == "":
                self.problems.append(Problem(file, 1, "", Sentence("a column has no name")))
            elif column not in table.attributes:
                hint = nearest(str(column), table.attributes)
                what = Sentence("there is no such column")
                self.problems.append(Problem(file, 0, str(column), what, hint))
        for attribute in table.attributes.values():
            # An empty table may do without columns: it says that there is nothing.
            if attribute.required and attribute.name not in frame.columns and len(frame.columns):
                what = Sentence("the column is missing, and its values are required")
                self.problems.append(Problem(file, 0, attribute.name, what))

    def row(
        self, table: TableSchema, cells: Mapping[str, Any], file: str, number: int
    ) -> dict[str, Any] | None:
        """One typed row, defaults filled in; None where a cell of it is bad."""
        absent, references = _absent(table.name)
        row = dict(absent)
        for attribute, value in references:
            if attribute.name not in cells:
                self.refer(attribute, value, file, number)
        failed = False
        for attribute in table.attributes.values():
            if attribute.name not in cells:
                failed = failed or attribute.required  # told once for the whole column
                continue
            try:
                value = row[attribute.name] = attribute.parse(cells[attribute.name])
            except CellError as error:
                place = file, number, attribute.name
                self.problems.append(Problem(*place, error.what, error.hint))
                failed = True
                continue
            self.refer(attribute, value, file, number)
        if failed:
            return None
        if "name" in row and row["name"] == "":
            row["name"] = default_name(table.name, row)
        odd = odd_name(str(row.get("name", "")))
        if odd:
            self.problems.append(Problem(file, number, "name", odd))
            return None
        return row

    def refer(self, attribute: Attribute, value: Any, file: str, number: int) -> None:
        """Note the names in a cell that other tables must know."""
        for name in attribute.references(value):
            reference = Reference(file, number, attribute.name, attribute.refers_to, name)
            self.references.append(reference)

    def finish(
        self, tables: Mapping[str, Rows], suffix: str = "", changed: Set[str] | None = None
    ) -> list[Problem]:
        """All problems: those met so far, dangling names, arcs named twice, rows at odds.

        Where only some tables have ``changed``, nothing is read but what hangs on them.
        """
        for reference in self.references:
            known = self.names.get(reference.table, set())
            if reference.name not in known and reference.table not in self.unread:
                what = Sentence(NOBODY[reference.table], name=repr(reference.name))
                hint = nearest(reference.name, sorted(known))
                place = (reference.file, reference.row, reference.column)
                self.problems.append(Problem(*place, what, hint))

        def note(table: str, row: Row, column: str, what: str, hint: str = "") -> None:
            number = self.places.get((table, key_of(table_schema(table), row)), 0)
            self.problems.append(Problem(table + suffix, number, column, what, hint))

        for check, read in CHECKS:
            if changed is None or changed & read:
                check(tables, note)
        if self.places:  # edits cite what they like; what is read from files is held to its sources
            _unknown_sources(tables, note)
            _lost_calibrations(tables, note)
        return self.problems


@cache
def _absent(table: str) -> tuple[dict[str, Any], list[tuple[Attribute, Any]]]:
    """A row of which no cell is given: defaults (None where there is none), and names in these."""
    attributes = table_schema(table).attributes.values()
    row = {a.name: None if a.required else a.parse("") for a in attributes}
    told = [(a, row[a.name]) for a in attributes if not a.required]
    return row, [(a, value) for a, value in told if a.references(value)]


def in_order(table: TableSchema, rows: Iterable[Row]) -> Rows:
    """Rows sorted by key, so that the order of a file changes no answer."""
    return tuple(sorted(rows, key=lambda row: key_of(table, row)))


def as_frame(table: TableSchema, rows: Rows) -> pd.DataFrame:
    """Rows as a data frame with the schema's columns and types."""
    columns = {}
    for attribute in table.attributes.values():
        values = [row[attribute.name] for row in rows]
        kind = float if attribute.numeric else bool if attribute.type == "flag" else object
        columns[attribute.name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(columns)


def _same_arc_names(tables: Mapping[str, Rows], note: Note) -> None:
    seen: dict[str, str] = {}
    for table in ("pipelines", "terminals", "routes"):
        for row in tables.get(table, ()):
            name = row["name"]
            if name in seen:
                text = mark("{name} is also the name of a row of {table}")
                what = Sentence(text, name=repr(name), table=seen[name])
                note(table, row, "name", what, Sentence("give it a name of its own"))
            seen[name] = table


def _odd_markets(tables: Mapping[str, Rows], note: Note) -> None:
    fixed = set()
    for row in tables.get("markets", ()):
        regulated = not math.isnan(row["regulated_price"])
        if regulated:
            fixed.add(row["name"])
        if regulated != bool(row["supplier"]):
            text = mark("{name}: a regulated price and an obliged supplier go together")
            what = Sentence(text, name=row["name"])
            note("markets", row, "supplier", what, Sentence("give both or neither"))
        if regulated and not math.isnan(row["price_cap"]):
            text = mark("{name}: a regulated price needs no cap")
            hint = Sentence("leave one of them empty")
            note("markets", row, "price_cap", Sentence(text, name=row["name"]), hint)
        shut = set(parse_shares(row["supplier"])) - set(parse_names(row["access"]))
        if regulated and row["supplier"] and row["access"] and shut:
            text = mark("{name}: its supplier {firms} may not sell there")
            what = Sentence(text, name=row["name"], firms=tuple(sorted(shut)))
            note("markets", row, "access", what, Sentence("add the supplier, or leave it empty"))
    for table in ("contracts", "floors"):
        for row in tables.get(table, ()):
            if row["market"] in fixed:
                text = mark("{name}: its price is regulated, and its supplier delivers it all")
                note(table, row, "market", Sentence(text, name=row["market"]))


def _odd_groups(tables: Mapping[str, Rows], note: Note) -> None:
    first: dict[str, Row] = {}
    homes: dict[tuple[str, str], str] = {}
    for row in tables.get("cooperation", ()):
        group, firm, market = row["group"], row["firm"], row["market"]
        lead = first.setdefault(group, row)
        for column in ("strength", "theta"):
            if str(row[column]) != str(lead[column]):
                text = mark("group {group} has more than one {column}")
                what = Sentence(text, group=repr(group), column=column)
                note("cooperation", row, column, what, Sentence("write the same for all members"))
        if homes.setdefault((firm, market), group) != group:
            told = {"firm": repr(firm), "group": repr(homes[firm, market])}
            what = (
                Sentence("{firm} is in group {group} in {market} already", market=market, **told)
                if market
                else Sentence("{firm} is in group {group} everywhere already", **told)
            )
            note("cooperation", row, "firm", what, Sentence("groups must be disjoint"))


def _odd_rows(tables: Mapping[str, Rows], note: Note) -> None:
    """Rows each of whose cells is right, and which together say what cannot be."""
    for row in tables.get("firms", ()):
        if row["fringe"] and not row["home"]:
            text = mark("{name}: a fringe sells at home, and has no home here")
            note("firms", row, "home", Sentence(text, name=row["name"]))
    # Stakes in a firm may sum to more than 1: a mutual coefficient among many is written so.
    for row in tables.get("stakes", ()):
        if row["holder"] == row["firm"]:
            what = Sentence("{name}: a firm holds no stake in itself", name=row["firm"])
            note("stakes", row, "firm", what)
    for row in tables.get("swaps", ()):
        if row["a"] == row["b"]:
            what = Sentence("{name}: a firm does not swap with itself", name=row["name"])
            note("swaps", row, "b", what)
    for row in tables.get("pipelines", ()):
        if row["from"] == row["to"]:
            what = Sentence("{name}: a line leads to another node", name=row["name"])
            note("pipelines", row, "to", what)


# Each with the tables that it reads.
CHECKS = (
    (_same_arc_names, {"pipelines", "terminals", "routes"}),
    (_odd_markets, {"markets", "contracts", "floors"}),
    (_odd_groups, {"cooperation"}),
    (_odd_rows, {"firms", "stakes", "swaps", "pipelines"}),
    *CALENDAR_CHECKS,
)


def _unknown_sources(tables: Mapping[str, Rows], note: Note) -> None:
    """Source cells cite ids of the table sources, where there is one, or mark an assumption.

    A cell is ``id``, ``what: id`` or ``[what:] assumption: why``; several are joined by ``;``.
    """
    known = {row["id"] for row in tables.get("sources", ())}
    if not known:
        return
    for table, rows in tables.items():
        for row in rows if "source" in table_schema(table).attributes else ():
            for part in parse_names(row["source"]):
                words = [word.strip() for word in part.split(":")]
                if words[-1] not in known and "assumption" not in words[:2]:
                    what = Sentence("there is no source {name}", name=repr(words[-1]))
                    note(table, row, "source", what, nearest(words[-1], sorted(known)))


def _lost_calibrations(tables: Mapping[str, Rows], note: Note) -> None:
    """Calibrations change cells that exist, to values that these may hold."""
    keys: dict[str, set[str]] = {}
    for row in tables.get("calibrations", ()):
        if row["table"] not in table_names():
            what = Sentence("there is no table {table}", table=repr(row["table"]))
            note("calibrations", row, "table", what, nearest(row["table"], table_names()))
            continue
        schema = table_schema(row["table"])
        if row["table"] not in keys:
            rows = tables.get(row["table"], ())
            keys[row["table"]] = {key_of(schema, other) for other in rows}
        if row["row"] not in keys[row["table"]]:
            what = Sentence(HAS_NO_ROW, table=row["table"], row=repr(row["row"]))
            note("calibrations", row, "row", what, nearest(row["row"], sorted(keys[row["table"]])))
        if row["column"] not in schema.attributes:
            text = mark("{table} has no column {column}")
            what = Sentence(text, table=row["table"], column=repr(row["column"]))
            note("calibrations", row, "column", what, nearest(row["column"], schema.attributes))
            continue
        try:
            schema.attributes[row["column"]].parse(row["value"])
        except CellError as error:
            note("calibrations", row, "value", error.what, error.hint)


def read_folder(*folders: Path) -> dict[str, Rows]:
    """Checked tables of a folder of CSV files, and of others whose tables stand in place of its.

    Raises DataError with every mistake found.
    """
    for folder in folders:
        if not folder.is_dir():
            raise DataError([Problem(str(folder), what=Sentence("there is no such folder"))])
    reading = Reading()
    tables: dict[str, Rows] = {}
    found = {path.name: path for folder in folders for path in sorted(folder.glob("*.csv"))}
    for path in found.values():
        if path.stem not in table_names():
            hint = nearest(path.stem, table_names())
            what = Sentence("there is no table of this name")
            reading.problems.append(Problem(path.name, what=what, hint=hint))
            continue
        frame, numbers = _read_csv(path, reading.problems)
        if frame is None:
            reading.unread.add(path.stem)
        else:
            tables[path.stem] = reading.table(path.stem, frame, file=path.name, numbers=numbers)
    missing = missing_tables(path.stem for path in found.values())
    reading.unread.update(problem.file for problem in missing)
    reading.problems += missing
    problems = reading.finish(tables, ".csv")
    if problems:
        raise DataError(problems)
    return tables


def missing_tables(present: Iterable[str]) -> list[Problem]:
    """A problem for each table without which there is no chain."""
    have = set(present)
    what = Sentence("the table is missing")
    hint = Sentence("mithaq chain new writes every table with its columns")
    return [Problem(name, what=what, hint=hint) for name in NEEDED if name not in have]


def _read_csv(path: Path, problems: list[Problem]) -> tuple[pd.DataFrame | None, list[int]]:
    """The cells of a file as text, with the number of each row; the header is row 1."""
    if not path.is_file():  # a folder, a pipe, a link that leads nowhere
        problems.append(Problem(path.name, what=Sentence("is no file that can be read")))
        return None, []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = Sentence("cannot be read as CSV in UTF-8: {error}", error=str(error))
        hint = (
            Sentence("look for a quotation mark that is not closed")
            if isinstance(error, csv.Error)
            else Sentence("save it as CSV in UTF-8")
        )
        problems.append(Problem(path.name, what=what, hint=hint))
        return None, []
    if not rows:
        what = Sentence("the file is empty; its first row names the columns")
        hint = Sentence("write them, or take the file away")
        problems.append(Problem(path.name, what=what, hint=hint))
        return None, []
    header, body = [cell.strip() for cell in rows[0]], rows[1:]
    for sign, text in (
        (";", mark("its cells are parted by semicolons")),
        ("\t", mark("its cells are parted by tabs")),
    ):
        if len(header) == 1 and sign in header[0]:
            hint = Sentence("part them by commas, and write decimals with a point")
            problems.append(Problem(path.name, 1, what=Sentence(text), hint=hint))
            return None, []
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        problems += [Problem(path.name, 1, column, Sentence(TWICE)) for column in twice]
        return None, []
    good, numbers = [], []
    for number, row in enumerate(body, start=2):
        if len(row) == len(header):
            good.append(row)
            numbers.append(number)
        elif len(row) > 1 or any(cell.strip() for cell in row):  # else a blank line
            text = mark("the number of its cells is {n}, that of the header {header}")
            what = Sentence(text, n=str(len(row)), header=str(len(header)))
            hint = (
                Sentence("a cell that holds a comma stands in quotation marks")
                if len(row) > len(header)
                else Sentence("write a comma for each cell that is left empty")
            )
            problems.append(Problem(path.name, number, "", what, hint))
    return pd.DataFrame(good, columns=header, dtype=object), numbers
