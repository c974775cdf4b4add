"""Edits: small immutable values that turn one chain into another."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from mithaq.chain.reading import Reading, key_of, nearest, records
from mithaq.chain.schema import parse_names, table_names, table_schema
from mithaq.errors import DataError, Problem

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
    "edits_from_file",
    "scenario_hash",
]

ARC_TABLES = ("pipelines", "terminals", "routes")


class Draft:
    """Tables while edits are applied: rows by key, so that each edit touches one row only."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.base = tables
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}

    def table(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in table_names():
            raise ValueError(f"there is no table {name!r}; {nearest(name, table_names())}")
        if name not in self.rows:
            table = table_schema(name)
            self.rows[name] = {
                key_of(table, row): {key: _raw(value) for key, value in row.items()}
                for row in records(self.base[name])
            }
        return self.rows[name]

    def row(self, name: str, key: str) -> dict[str, Any]:
        table = self.table(name)
        if key not in table:
            raise ValueError(f"{name} has no row {key!r}; {nearest(key, table)}")
        return table[key]

    def put(self, name: str, row: Mapping[str, Any]) -> None:
        """Add the row, or change the row of the same key."""
        table = table_schema(name)
        for column in row:
            if column not in table.attributes:
                raise ValueError(
                    f"{name} has no column {column!r}; {nearest(column, table.attributes)}"
                )
        reading = Reading()
        typed = reading.table(name, pd.DataFrame([dict(row)]))
        if reading.problems:
            raise ValueError("; ".join(str(problem) for problem in reading.problems))
        key = key_of(table, records(typed)[0])
        before = self.table(name).get(key) or dict.fromkeys(table.attributes, "")
        self.table(name)[key] = {**before, **row, **_key_cells(table, key)}

    def finish(self) -> dict[str, pd.DataFrame]:
        reading = Reading()
        tables = dict(self.base)
        # A name can only be lost where a table that others refer to was touched.
        named = {"nodes", "firms", "markets"} & set(self.rows)
        for name in tables if named else self.rows:
            frame = pd.DataFrame(list(self.table(name).values()), dtype=object)
            tables[name] = reading.table(name, frame)
        for name in {"nodes", "firms", "markets"} - set(self.rows):
            reading.names[name] = set(self.base[name]["name"])
        problems = reading.finish(tables)
        if problems:
            raise DataError(problems)
        return tables


def _raw(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


def _key_cells(table: Any, key: str) -> dict[str, str]:
    return {"name": key} if table.key == ("name",) else {}


@dataclass(frozen=True, slots=True)
class Edit:
    """Parent of all edits. ``apply`` changes a draft; ``str`` says in a sentence what it does."""

    def apply(self, draft: Draft) -> None:
        raise TypeError(f"{type(self).__name__} is no edit of its own; use one of its children")

    def to_dict(self) -> dict[str, Any]:
        """The edit as plain values, as an edits file holds it."""
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__)
        return {"edit": name.strip("_"), **dataclasses.asdict(self)}


@dataclass(frozen=True, slots=True)
class Add(Edit):
    """Add a row to a table: a field, a line, a terminal, a market."""

    table: str
    row: Mapping[str, Any] = field(hash=False)

    def apply(self, draft: Draft) -> None:
        before = len(draft.table(self.table))
        draft.put(self.table, self.row)
        if len(draft.table(self.table)) == before:
            raise ValueError(f"{self.table} has such a row already; use change")

    def __str__(self) -> str:
        cells = ", ".join(f"{key} {value}" for key, value in self.row.items())
        return f"add to {self.table}: {cells}"


@dataclass(frozen=True, slots=True)
class Change(Edit):
    """Set one cell; ``key`` names the row, its parts joined by ``|``."""

    table: str
    key: str
    column: str
    value: Any

    def apply(self, draft: Draft) -> None:
        attributes = table_schema(self.table).attributes if self.table in table_names() else {}
        row = draft.row(self.table, self.key)
        if self.column not in attributes:
            raise ValueError(
                f"{self.table} has no column {self.column!r}; {nearest(self.column, attributes)}"
            )
        if self.column in table_schema(self.table).key:
            raise ValueError(f"{self.column!r} names the row; remove it and add another")
        attributes[self.column].parse(self.value)
        row[self.column] = self.value

    def __str__(self) -> str:
        return f"set {self.column} of {self.key} in {self.table} to {self.value}"


@dataclass(frozen=True, slots=True)
class Remove(Edit):
    """Take a row out of a table."""

    table: str
    key: str

    def apply(self, draft: Draft) -> None:
        draft.row(self.table, self.key)
        del draft.table(self.table)[self.key]

    def __str__(self) -> str:
        return f"remove {self.key} from {self.table}"


@dataclass(frozen=True, slots=True)
class GrantAccess(Edit):
    """Let a firm use a line, a terminal or a shipping leg."""

    arc: str
    firm: str

    def apply(self, draft: Draft) -> None:
        for name in ARC_TABLES:
            if self.arc in draft.table(name):
                row = draft.row(name, self.arc)
                firms = parse_names(row["access"])
                if firms and self.firm not in firms:
                    row["access"] = ";".join([*firms, self.firm])
                return
        known = [arc for name in ARC_TABLES for arc in draft.table(name)]
        raise ValueError(f"there is no arc {self.arc!r}; {nearest(self.arc, known)}")

    def __str__(self) -> str:
        return f"let {self.firm} use {self.arc}"


@dataclass(frozen=True, slots=True)
class OpenMarket(Edit):
    """Let a firm sell in a market."""

    firm: str
    market: str

    def apply(self, draft: Draft) -> None:
        row = draft.row("markets", self.market)
        firms = parse_names(row["access"])
        if firms and self.firm not in firms:
            row["access"] = ";".join([*firms, self.firm])
        draft.put("conduct", {"firm": self.firm, "market": self.market, "may_sell": True})

    def __str__(self) -> str:
        return f"open {self.market} to {self.firm}"


@dataclass(frozen=True, slots=True)
class BarMarket(Edit):
    """Keep a firm out of a market."""

    firm: str
    market: str

    def apply(self, draft: Draft) -> None:
        draft.row("markets", self.market)
        draft.put("conduct", {"firm": self.firm, "market": self.market, "may_sell": False})

    def __str__(self) -> str:
        return f"bar {self.firm} from {self.market}"


@dataclass(frozen=True, slots=True)
class Cooperate(Edit):
    """Let firms sell as a group of strength k (0 alone, 1 one merged seller)."""

    group: str
    firms: tuple[str, ...]
    strength: float = 1.0
    market: str = ""
    theta: float | None = None

    def apply(self, draft: Draft) -> None:
        for firm in self.firms:
            row = {"group": self.group, "firm": firm, "market": self.market}
            theta = "" if self.theta is None else self.theta
            draft.put("cooperation", {**row, "strength": self.strength, "theta": theta})

    def __str__(self) -> str:
        place = f" in {self.market}" if self.market else ""
        return f"{', '.join(self.firms)} sell as one at strength {self.strength:g}{place}"


@dataclass(frozen=True, slots=True)
class Stake(Edit):
    """Give a firm a silent share of another firm's profit."""

    holder: str
    firm: str
    share: float

    def apply(self, draft: Draft) -> None:
        draft.put("stakes", {"holder": self.holder, "firm": self.firm, "share": self.share})

    def __str__(self) -> str:
        return f"{self.holder} holds {self.share:.0%} of the profit of {self.firm}"


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
        return f"{self.a} and {self.b} swap up to {self.cap:g} bcm/yr at {self.ratio:g} to 1"


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
        return (
            f"{self.seller} sells {self.annual_quantity:g} bcm/yr in {self.market} "
            f"at {self.price:g} USD/1000 m3"
        )


@dataclass(frozen=True, slots=True)
class Floor(Edit):
    """Hold a firm to a least spot sale in a market."""

    firm: str
    market: str
    quantity: float

    def apply(self, draft: Draft) -> None:
        draft.put("floors", {"firm": self.firm, "market": self.market, "quantity": self.quantity})

    def __str__(self) -> str:
        return f"{self.firm} sells at least {self.quantity:g} bcm/yr in {self.market}"


def apply_edits(
    tables: Mapping[str, pd.DataFrame], edits: Sequence[Edit]
) -> dict[str, pd.DataFrame]:
    """Tables after the edits, checked again. Raises DataError naming each edit that fails."""
    draft = Draft(tables)
    problems = []
    for number, edit in enumerate(edits, start=1):
        try:
            edit.apply(draft)
        except ValueError as error:
            problems.append(Problem("edits", number, "", f"{edit}: {error}"))
    if problems:
        raise DataError(problems)
    return draft.finish()


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
        raise DataError([Problem(path.name, what=f"cannot be read: {error}")]) from None
    if not isinstance(entries, list):
        raise DataError([Problem(path.name, what="must hold a list of edits")])
    edits, problems = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            edits.append(_edit(entry))
        except (TypeError, ValueError) as error:
            problems.append(Problem(path.name, number, "edit", str(error)))
    if problems:
        raise DataError(problems)
    return edits


def _edit(entry: Any) -> Edit:
    if not isinstance(entry, dict) or "edit" not in entry:
        raise ValueError(f"needs a key 'edit'; one of {', '.join(EDITS)}")
    cells = {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}
    name = cells.pop("edit")
    if name not in EDITS:
        raise ValueError(f"there is no edit {name!r}; {nearest(str(name), EDITS)}")
    kind = EDITS[name]
    known = [item.name for item in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in cells:
        if key not in known:
            raise ValueError(f"{name} has no field {key!r}; {nearest(key, known)}")
    try:
        return kind(**cells)
    except TypeError as error:
        raise ValueError(str(error).split("__init__() ")[-1]) from None
