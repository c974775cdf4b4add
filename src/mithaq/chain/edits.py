"""Edits: small immutable values that turn one chain into another."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import operator
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mithaq.chain.kept import Memory
from mithaq.chain.reading import Reading, Row, Rows, key_of, nearest
from mithaq.chain.schema import CellError, parse_names, table_names, table_schema
from mithaq.errors import DataError, Problem
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = [
    "Add",
    "BarMarket",
    "Change",
    "Contract",
    "Cooperate",
    "Edit",
    "Floor",
    "GrantAccess",
    "OpenMarket",
    "Remove",
    "Stake",
    "Swap",
    "apply_edits",
    "edit_from",
    "edits_from_file",
    "scenario_hash",
]

ACCESS_TABLES = ("pipelines", "terminals", "routes", "storages")


PLAIN = frozenset({str, float, int, bool})
NAMED = frozenset({"nodes", "firms", "markets", "periods"})


_KEYED: Memory[dict[str, Row]] = Memory()


def _by_key(table: str, rows: Rows) -> dict[str, Row]:
    """Rows by key, kept as long as edits are applied to them."""
    schema = table_schema(table)
    return _KEYED.get((table, id(rows)), rows, lambda: {key_of(schema, row): row for row in rows})


_NAMES: Memory[set[str]] = Memory()


def _names(rows: Rows) -> set[str]:
    """Names of rows, kept as their keys are."""
    return _NAMES.get(id(rows), rows, lambda: {row["name"] for row in rows})


class Draft:
    """Tables while edits are applied: typed rows by key, checked cell by cell as they change."""

    def __init__(self, tables: Mapping[str, Rows]) -> None:
        self.base = tables
        self.rows: dict[str, dict[str, Row]] = {}
        self.reading = Reading()

    def table(self, name: str) -> dict[str, Row]:
        if name not in table_names():
            what = Sentence("there is no table {table}", table=repr(name))
            raise CellError(what, nearest(name, table_names()))
        if name not in self.rows:
            self.rows[name] = dict(_by_key(name, self.base[name]))
        return self.rows[name]

    def row(self, name: str, key: str) -> Row:
        table = self.table(name)
        if key not in table:
            what = Sentence("{table} has no row {row}", table=name, row=repr(key))
            raise CellError(what, nearest(key, table))
        return table[key]

    def change(self, name: str, key: str, cells: Mapping[str, Any]) -> None:
        """Set cells of a row that is there."""
        attributes = table_schema(name).attributes if name in table_names() else {}
        row = dict(self.row(name, key))
        for column, cell in cells.items():
            if column not in attributes:
                raise _no_column(name, column)
            try:
                row[column] = attributes[column].parse(cell)
            except CellError as error:
                text = mark("column {name}: {what}")
                raise CellError(Sentence(text, name=column, what=error.what), error.hint) from None
            self.reading.refer(attributes[column], row[column], name, 0)
        self.table(name)[key] = row

    def put(self, name: str, cells: Mapping[str, Any]) -> None:
        """Add a row, or change the row of the same key."""
        self._enter(name, self._read(name, cells), cells)

    def put_each(self, name: str, cells: Mapping[str, Any], column: str, values: Any) -> None:
        """The same for rows that differ in one column, part of the key, alone."""
        attribute, row = table_schema(name).attributes[column], None
        for value in values:
            mine = {**cells, column: value}
            if row is None:
                row = self._read(name, mine)
            else:
                try:
                    row = {**row, column: attribute.parse(value)}
                except ValueError:
                    row = self._read(name, mine)  # which tells it with its place
                self.reading.refer(attribute, row[column], name, 0)
            self._enter(name, row, mine)

    def _read(self, name: str, cells: Mapping[str, Any]) -> Row:
        """A whole row, checked, defaults filled in."""
        self.table(name)  # refuses an unknown name
        table = table_schema(name)
        for column in cells:
            if column not in table.attributes:
                raise _no_column(name, column)
        missing = [a.name for a in table.attributes.values() if a.required and a.name not in cells]
        if missing:
            raise CellError(Sentence("{columns} must be given", columns=tuple(missing)))
        trial = Reading()
        row = trial.row(table, cells, name, 0)
        if row is None:
            raise CellError(
                Sentence("in the row: {problems}", problems=tuple(map(_in_one, trial.problems)))
            )
        self.reading.references += trial.references
        return row

    def _enter(self, name: str, row: Row, cells: Iterable[str]) -> None:
        """Put a row into its table; of one that is there only the cells that are given change."""
        rows, key = self.table(name), key_of(table_schema(name), row)
        rows[key] = {**rows[key], **{c: row[c] for c in cells}} if key in rows else row

    def finish(self) -> dict[str, Rows]:
        """All tables, those untouched as they were. Raises DataError where names are lost."""
        tables = dict(self.base)
        changed = set()
        for name, rows in self.rows.items():
            before, after = self.base[name], tuple(rows.values())
            if list(rows) != list(_by_key(name, before)):
                after = tuple(rows[key] for key in sorted(rows))
            if len(after) != len(before) or any(map(operator.is_not, before, after)):
                tables[name] = after
                changed.add(name)
        for name in NAMED & changed:
            if _names(self.base[name]) - _names(tables[name]):
                self._check_all(tables)
        for name in {reference.table for reference in self.reading.references}:
            self.reading.names[name] = _names(tables[name])
        problems = self.reading.finish(tables, changed=changed)
        if problems:
            raise DataError(list(dict.fromkeys(problems)))
        return tables

    def _check_all(self, tables: Mapping[str, Rows]) -> None:
        for name, rows in tables.items():
            for attribute in table_schema(name).attributes.values():
                for row in rows if attribute.refers_to else ():
                    self.reading.refer(attribute, row[attribute.name], name, 0)


@dataclass(frozen=True, slots=True)
class Edit:
    """Parent of all edits. ``apply`` changes a draft; ``str`` says in a sentence what it does."""

    def apply(self, draft: Draft) -> None:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__} is no edit of its own; use one of its children")

    def to_dict(self) -> dict[str, Any]:
        """The edit as plain values, as an edits file holds it."""
        kind: Any = type(self)
        name, fields = _spelling(kind)
        told: dict[str, Any] = {"edit": name}
        for column in fields:
            value = getattr(self, column)
            nested = type(value) not in PLAIN and isinstance(value, Mapping)  # slow to be told
            told[column] = dict(value) if nested else value
        return told

    def __reduce__(self) -> tuple[Any, ...]:
        kind: Any = type(self)
        return kind, tuple(getattr(self, column) for column in _spelling(kind)[1])


@functools.cache
def _spelling(kind: Any) -> tuple[str, tuple[str, ...]]:
    """What an edits file calls a kind of edit, and the names of its fields."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__)
    return name.strip("_"), tuple(f.name for f in dataclasses.fields(kind))


@dataclass(frozen=True, slots=True)
class Add(Edit):
    """Add a row to a table: a field, a line, a terminal, a market."""

    table: str
    row: Mapping[str, Any] = field(hash=False)

    def apply(self, draft: Draft) -> None:
        before = len(draft.table(self.table))
        draft.put(self.table, self.row)
        if len(draft.table(self.table)) == before:
            what = Sentence("{table} has such a row already", table=self.table)
            raise CellError(what, Sentence("use change"))

    def __str__(self) -> str:
        cells = tuple(f"{key} {value}" for key, value in self.row.items())
        return Sentence("add to {table}: {cells}", table=self.table, cells=cells)


@dataclass(frozen=True, slots=True)
class Change(Edit):
    """Set one cell; ``key`` names the row, its parts joined by ``|``."""

    table: str
    key: str
    column: str
    value: Any

    def apply(self, draft: Draft) -> None:
        draft.row(self.table, self.key)
        if self.column in table_schema(self.table).key:
            what = Sentence("{column} names the row", column=repr(self.column))
            raise CellError(what, Sentence("remove it and add another"))
        draft.change(self.table, self.key, {self.column: self.value})

    def __str__(self) -> str:
        place = {"column": self.column, "row": self.key, "table": self.table}
        # The value as it is to be written in the table, whatever the language.
        text = mark("set {column} of {row} in {table} to {value}")
        return Sentence(text, **place, value=str(self.value))


@dataclass(frozen=True, slots=True)
class Remove(Edit):
    """Take a row out of a table."""

    table: str
    key: str

    def apply(self, draft: Draft) -> None:
        draft.row(self.table, self.key)
        del draft.table(self.table)[self.key]

    def __str__(self) -> str:
        return Sentence("remove {row} from {table}", row=self.key, table=self.table)


def _admit(draft: Draft, table: str, key: str, firm: str) -> None:
    """Add a firm to a list of access; an empty list lets everybody in already."""
    firms = parse_names(draft.row(table, key)["access"])
    draft.reading.refer(table_schema(table).attributes["access"], firm, table, 0)
    if firm not in firms:
        access = ";".join([*firms, firm]) if firms else ""
        draft.change(table, key, {"access": access})


@dataclass(frozen=True, slots=True)
class GrantAccess(Edit):
    """Let a firm use a line, a terminal, a shipping leg or a storage."""

    arc: str
    firm: str

    def apply(self, draft: Draft) -> None:
        for name in ACCESS_TABLES:
            if self.arc in draft.table(name):
                _admit(draft, name, self.arc, self.firm)
                return
        known = [arc for name in ACCESS_TABLES for arc in draft.table(name)]
        what = Sentence("there is no arc {name}", name=repr(self.arc))
        raise CellError(what, nearest(self.arc, known))

    def __str__(self) -> str:
        return Sentence("let {firm} use {arc}", firm=self.firm, arc=self.arc)


@dataclass(frozen=True, slots=True)
class OpenMarket(Edit):
    """Let a firm sell in a market.

    A newcomer without an adder of its own takes the median adder of those who may sell there: what
    holds them back holds it back too. With none it would undersell everybody who was there.
    """

    firm: str
    market: str

    def apply(self, draft: Draft) -> None:
        _admit(draft, "markets", self.market, self.firm)
        cells = {"firm": self.firm, "market": self.market, "may_sell": True}
        old = draft.table("conduct").get(f"{self.firm}|{self.market}")
        if old is None or not (old["may_sell"] or old["adder"]):
            cells["adder"] = self._adder(draft)
        draft.put("conduct", cells)

    def _adder(self, draft: Draft) -> float:
        """The median over those who could sell here before any of the edits, in whatever order."""
        rows = draft.base["conduct"]
        there = [r["adder"] for r in rows if r["market"] == self.market and r["may_sell"]]
        return statistics.median(there) if there else 0.0

    def __str__(self) -> str:
        return Sentence("open {market} to {firm}", market=self.market, firm=self.firm)


@dataclass(frozen=True, slots=True)
class BarMarket(Edit):
    """Keep a firm out of a market. Its contracts there stand until they are removed too."""

    firm: str
    market: str

    def apply(self, draft: Draft) -> None:
        draft.row("markets", self.market)
        draft.put("conduct", {"firm": self.firm, "market": self.market, "may_sell": False})

    def __str__(self) -> str:
        return Sentence("bar {firm} from {market}", firm=self.firm, market=self.market)


@dataclass(frozen=True, slots=True)
class Cooperate(Edit):
    """Let firms sell as a group of strength k (0 alone, 1 one merged seller)."""

    group: str
    firms: tuple[str, ...]
    strength: float = 1.0
    market: str = ""
    theta: float | None = None

    def apply(self, draft: Draft) -> None:
        theta = "" if self.theta is None else self.theta
        cells = {"group": self.group, "market": self.market, "strength": self.strength}
        draft.put_each("cooperation", {**cells, "theta": theta}, "firm", self.firms)

    def __str__(self) -> str:
        told = {"firms": tuple(self.firms), "strength": f"{self.strength:g}"}
        if self.market:
            text = mark("{firms} sell as one at strength {strength} in {market}")
            return Sentence(text, market=self.market, **told)
        return Sentence("{firms} sell as one at strength {strength}", **told)


@dataclass(frozen=True, slots=True)
class Stake(Edit):
    """Give a firm a silent share of another firm's profit."""

    holder: str
    firm: str
    share: float

    def apply(self, draft: Draft) -> None:
        draft.put("stakes", {"holder": self.holder, "firm": self.firm, "share": self.share})

    def __str__(self) -> str:
        text = mark("{holder} holds {share} of the profit of {firm}")
        share = f"{self.share:.0%}"
        return Sentence(text, holder=self.holder, share=share, firm=self.firm)


@dataclass(frozen=True, slots=True)
class Swap(Edit):
    """Let two firms hand gas to each other at nodes where each wants it."""

    name: str
    a: str
    b: str
    cap: float
    ratio: float = 1.0
    nodes_a: tuple[str, ...] = ()
    nodes_b: tuple[str, ...] = ()

    def apply(self, draft: Draft) -> None:
        cells = {"name": self.name, "a": self.a, "b": self.b, "cap": self.cap, "ratio": self.ratio}
        nodes = {"nodes_a": ";".join(self.nodes_a), "nodes_b": ";".join(self.nodes_b)}
        draft.put("swaps", {**cells, **nodes})

    def __str__(self) -> str:
        text = mark("{a} and {b} swap up to {cap} bcm/yr at {ratio} to 1")
        return Sentence(text, a=self.a, b=self.b, cap=f"{self.cap:g}", ratio=f"{self.ratio:g}")


@dataclass(frozen=True, slots=True)
class Contract(Edit):
    """Sell gas ahead at a fixed price."""

    name: str
    seller: str
    market: str
    annual_quantity: float
    price: float
    nominated: float | None = None
    take_or_pay: float = 0.0
    buyer: str = ""

    def apply(self, draft: Draft) -> None:
        cells = dataclasses.asdict(self)
        draft.put(
            "contracts", {**cells, "nominated": "" if self.nominated is None else self.nominated}
        )

    def __str__(self) -> str:
        text = mark("{seller} sells {bcm} bcm/yr in {market} at {price} USD/1000 m3")
        figures = {"bcm": f"{self.annual_quantity:g}", "price": f"{self.price:g}"}
        return Sentence(text, seller=self.seller, market=self.market, **figures)


@dataclass(frozen=True, slots=True)
class Floor(Edit):
    """Hold a firm to a least spot sale in a market."""

    firm: str
    market: str
    quantity: float

    def apply(self, draft: Draft) -> None:
        draft.put("floors", {"firm": self.firm, "market": self.market, "quantity": self.quantity})

    def __str__(self) -> str:
        text = mark("{firm} sells at least {bcm} bcm/yr in {market}")
        return Sentence(text, firm=self.firm, bcm=f"{self.quantity:g}", market=self.market)


def _no_column(table: str, column: str) -> CellError:
    attributes = table_schema(table).attributes if table in table_names() else {}
    what = Sentence("{table} has no column {column}", table=table, column=repr(column))
    return CellError(what, nearest(column, attributes))


def _in_one(problem: Problem) -> Sentence:
    """A mistake of a row that stands in no file: its column, what it is and what to do."""
    told = {"name": problem.column, "what": problem.what}
    if problem.hint:
        return Sentence("column {name}: {what} ({hint})", hint=problem.hint, **told)
    return Sentence("column {name}: {what}", **told)


def _said(edit: Edit) -> str:
    """The edit's sentence, or its fields where they are too odd for one."""
    try:
        return str(edit)
    except (AttributeError, TypeError, ValueError):
        return repr(edit)


def apply_edits(tables: Mapping[str, Rows], edits: Sequence[Edit]) -> dict[str, Rows]:
    """Tables after the edits, checked again. Raises DataError naming each edit that fails."""
    draft = Draft(tables)
    problems = []
    for number, edit in enumerate(edits, start=1):
        try:
            edit.apply(draft)
        except ValueError as error:
            hint = error.hint if isinstance(error, CellError) else ""
            what = error.what if isinstance(error, CellError) else str(error)
            told = Sentence("{edit}: {what}", edit=_said(edit), what=what)
            problems.append(Problem("edits", number, "", told, hint))
    if not problems:
        return draft.finish()
    if not any(isinstance(edits[problem.row - 1], Add) for problem in problems):
        try:  # the names that the other edits use may be wrong as well
            draft.finish()
        except DataError as error:
            problems += error.problems
    raise DataError(problems)


def scenario_hash(base: str, edits: Sequence[Edit]) -> str:
    """Identifies a scenario: SHA-256 over the hash of its base chain and its edits, in order."""
    content = [base, *(edit.to_dict() for edit in edits)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


EDITS: dict[str, Callable[..., Edit]] = {
    "add": Add,
    "change": Change,
    "remove": Remove,
    "grant_access": GrantAccess,
    "open_market": OpenMarket,
    "bar_market": BarMarket,
    "cooperate": Cooperate,
    "stake": Stake,
    "swap": Swap,
    "contract": Contract,
    "floor": Floor,
}


def edits_from_file(path: str | Path) -> list[Edit]:
    """Edits from a YAML file: a list of mappings, each with ``edit:`` and the edit's own fields.

    Raises DataError with every entry that is no edit.
    """
    path = Path(path)
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        what = Sentence("cannot be read: {error}", error=str(error))
        raise DataError([Problem(path.name, what=what)]) from None
    if not isinstance(entries, list):
        raise DataError([Problem(path.name, what=Sentence("must hold a list of edits"))])
    edits, problems = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            edits.append(edit_from(entry))
        except (TypeError, ValueError) as error:
            hint = error.hint if isinstance(error, CellError) else ""
            told = error.what if isinstance(error, CellError) else str(error)
            problems.append(Problem(path.name, number, "edit", told, hint))
    if problems:
        raise DataError(problems)
    return edits


def edit_from(entry: Any) -> Edit:
    """An edit from plain values, as an edits file holds it. Raises ValueError where it is none."""
    if not isinstance(entry, dict) or not isinstance(entry.get("edit"), str):
        hint = Sentence("one of {known}", known=tuple(EDITS))
        raise CellError(Sentence("needs a key 'edit'"), hint)
    name = entry["edit"]
    if name not in EDITS:
        raise CellError(Sentence("there is no edit {name}", name=repr(name)), nearest(name, EDITS))
    kind = EDITS[name]
    types = {item.name: str(item.type) for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    cells = {}
    for key, cell in entry.items():
        if key == "edit":
            continue
        if key not in types:
            what = Sentence("{edit} has no field {name}", edit=name, name=repr(key))
            raise CellError(what, nearest(str(key), types))
        cells[key] = _field(key, types[key], cell)
    try:
        return kind(**cells)
    except TypeError as error:
        raise ValueError(str(error).split("__init__() ")[-1]) from None


def _field(name: str, kind: str, cell: Any) -> Any:
    """A field of an edit as YAML gives it, typed as the edit wants it. Raises ValueError."""
    if cell is None and "None" in kind:
        return None
    if kind.startswith("float"):
        try:
            return float("x" if isinstance(cell, bool) else cell)
        except (TypeError, ValueError, OverflowError):
            what = Sentence("{name}: {text} is not a number", name=name, text=repr(cell))
            raise CellError(what) from None
    if kind.startswith("tuple"):
        if not isinstance(cell, list) or not all(isinstance(item, str) for item in cell):
            text = mark("{name}: {text} is not a list of names")
            raise CellError(Sentence(text, name=name, text=repr(cell)))
        return tuple(cell)
    if kind.startswith("Mapping"):
        if not isinstance(cell, dict) or not all(isinstance(key, str) for key in cell):
            text = mark("{name}: {text} is not a row, written column: value")
            raise CellError(Sentence(text, name=name, text=repr(cell)))
        return cell
    if cell is None or isinstance(cell, list | dict):
        text = mark("{name}: {text} is not a single value")
        raise CellError(Sentence(text, name=name, text=repr(cell)))
    return str(cell) if kind == "str" else cell
