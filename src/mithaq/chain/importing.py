"""Chains of others as ours: what was taken, what was assumed, what was left.

The figures of another system seldom say all that a market needs. What is missing is assumed in one
place (:class:`Assumptions`), stands in the source column of each row that it shaped, and is told.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from mithaq.chain.folders import check_empty, write_folder
from mithaq.chain.schema import table_names
from mithaq.chain.tables import Chain
from mithaq.errors import DataError, Problem
from mithaq.words.text import mark

__all__ = ["FORMS", "Assumptions", "Gathered", "Imported", "Note", "import_chain"]

NO_DEMAND = mark("No demand in the source: fill in markets.csv before anything can be sold.")
UNREAD = mark("Columns of {file} that were not read: {columns}.")
OTHER_FILE = mark("The file {file} was not read.")
SKIPPED = mark("Rows of {file} without a capacity above zero: {n}.")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a source does not say: USD/1000 m3, and the elasticity at the reference point."""

    price: float = 250.0
    elasticity: float = -0.5
    cost: float = 50.0
    lng: float = 200.0


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about the import: ``kind`` is assumed or left; ``text`` has ``values`` in it."""

    kind: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.values)


@dataclass(frozen=True, slots=True)
class Imported:
    """The chain that was made, the files written and what there is to say about it."""

    chain: Chain
    files: tuple[Path, ...]
    notes: tuple[Note, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values: ``tables`` counts the rows of each table that has any."""
        counts = {name: len(self.chain.rows(name)) for name in table_names()}
        return {
            "chain": self.chain.hash,
            "files": [str(path) for path in self.files],
            "tables": {name: count for name, count in counts.items() if count},
            "assumed": [str(note) for note in self.notes if note.kind == "assumed"],
            "left": [str(note) for note in self.notes if note.kind == "left"],
        }


@dataclass(slots=True)
class Gathered:
    """Rows, notes and mistakes as a reader of some form collects them."""

    assumed: Assumptions
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, table: str, **row: Any) -> None:
        """A row of one of our tables; figures keep twelve digits, beyond which units leave dust."""
        tidy = {k: float(f"{v:.12g}") if isinstance(v, float) else v for k, v in row.items()}
        self.rows.setdefault(table, []).append(tidy)

    def assume(self, text: str, **values: Any) -> None:
        """Something that the source does not say."""
        self.notes.append(Note("assumed", text, values))

    def leave(self, text: str, **values: Any) -> None:
        """Something of the source that was not taken."""
        self.notes.append(Note("left", text, values))

    def number(self, file: str, row: int, column: str, value: Any, default: float = 0.0) -> float:
        """A cell as a number, ``default`` where it is empty; a mistake is noted."""
        if value is None or (
            isinstance(value, str) and value.strip().lower() in {"", "nan", "none"}
        ):
            return default
        try:
            found = float(value)
        except (TypeError, ValueError):
            self.problems.append(Problem(file, row, column, f"{value!r} is not a number"))
            return default
        return default if found != found else found

    def read(
        self, path: Path, wanted: Iterable[str], optional: Iterable[str] = (), delimiter: str = ","
    ) -> list[tuple[int, dict[str, str]]]:
        """Rows of a CSV file with their numbers; missing columns and ragged rows are mistakes."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                lines = list(csv.reader(stream, delimiter=delimiter))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            what = f"cannot be read as CSV in UTF-8: {error}"
            self.problems.append(Problem(path.name, what=what))
            return []
        header = [cell.strip() for cell in lines[0]] if lines else []
        wanted, optional = list(wanted), list(optional)
        missing = [column for column in wanted if column not in header]
        self.problems += [Problem(path.name, 1, c, "the column is missing") for c in missing]
        unread = [c for c in header if c and c not in wanted and c not in optional]
        if unread:
            self.leave(UNREAD, file=path.name, columns=", ".join(unread))
        if missing:
            return []
        rows = []
        for number, line in enumerate(lines[1:], start=2):
            if len(line) == len(header):
                rows.append((number, dict(zip(header, line, strict=True))))
            elif line:
                what = f"has {len(line)} cells where the header has {len(header)}"
                self.problems.append(Problem(path.name, number, what=what))
        return rows

    def seller(self, node: str, home: str, source: str) -> str:
        """The cell that names the price-taking seller of what a node has; made when first asked."""
        name = f"Producers of {node}"
        if all(row["name"] != name for row in self.rows.get("firms", ())):
            self.add("firms", name=name, home=home, conduct=0.0, source=source)
        return f"{name}:1"


@cache
def country_names() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code (and UK, EL) → the name that the map uses."""
    path = files("mithaq") / "data" / "map" / "codes.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {row["code"]: row["country"] for row in rows}


def import_chain(
    form: str, source: str | Path, out: str | Path, assumed: Assumptions | None = None
) -> Imported:
    """Make a chain folder of another system's files.

    ``form`` is ``scigrid`` (a folder of SciGRID_gas CSV files) or ``pypsa`` (a folder that PyPSA's
    ``export_to_csv_folder`` wrote). Raises DataError with every mistake of the source, each with
    file, row and column, and where ``out`` is not empty; nothing is written then.
    """
    if form not in FORMS:
        hint = f"known: {', '.join(FORMS)}"
        raise DataError([Problem(what=f"no form is called {form!r}", hint=hint)])
    folder, target = Path(source), Path(out)
    if not folder.is_dir():
        raise DataError([Problem(str(folder), what="there is no such folder")])
    check_empty(target)
    found = Gathered(assumed or Assumptions())
    FORMS[form](folder, found)
    if found.problems:
        raise DataError(found.problems)
    if not found.rows.get("markets"):
        found.leave(NO_DEMAND)
    needed = ("nodes", "firms", "fields", "markets")
    frames = {name: pd.DataFrame(found.rows.get(name, [])) for name in needed}
    frames |= {name: pd.DataFrame(rows) for name, rows in found.rows.items()}
    chain = Chain.from_tables({name: frame.fillna("") for name, frame in frames.items()})
    return Imported(chain, write_folder(chain, target, always=needed), tuple(found.notes))


def _scigrid(folder: Path, found: Gathered) -> None:
    from mithaq.chain.import_scigrid import gather

    gather(folder, found)


def _pypsa(folder: Path, found: Gathered) -> None:
    from mithaq.chain.import_pypsa import gather

    gather(folder, found)


FORMS: dict[str, Callable[[Path, Gathered], None]] = {"scigrid": _scigrid, "pypsa": _pypsa}
