"""What a chain holds, what is wrong with it and whether it solves, as values and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mithaq.errors import DataError, ModelError, Problem
from mithaq.show.market_sheets import notes_sheets
from mithaq.show.sheets import Column, Sheet
from mithaq.show.speech import Speech
from mithaq.words.sentence import Sentence

if TYPE_CHECKING:
    from mithaq.chain import Chain
    from mithaq.chain.importing import Imported

__all__ = [
    "check_chain",
    "check_sheets",
    "import_sheets",
    "rows_of",
    "rows_sheet",
    "tables_of",
    "tables_sheet",
]

Data = Mapping[str, Any]


def check_chain(place: str) -> dict[str, Any]:
    """Every mistake of the chain at ``place`` (a folder or a year); without any, how it solves.

    Keys: ``chain`` (hash, null with mistakes), ``tables`` (name → rows), ``problems`` (file, row,
    column, what, hint), ``status`` (an outcome, ``refused`` where the model cannot pose the
    question, or null with mistakes), ``explanation``, ``reasons``, ``max_violation``, ``notes``
    (kind, table, row, text).
    """
    from mithaq.chain.folders import chain_at
    from mithaq.equilibrium import solve

    found: dict[str, Any] = {
        "chain": None,
        "tables": {},
        "problems": [],
        "status": None,
        "explanation": None,
        "reasons": [],
        "max_violation": None,
        "notes": [],
    }
    try:
        chain = chain_at(place)
    except DataError as error:
        found["problems"] = [_told(problem) for problem in error.problems]
        return found
    found |= tables_of(chain)
    try:
        answer = solve(chain, check=False).to_dict()
    except ModelError as error:
        return {**found, "status": "refused", "explanation": error.args[0]}
    certificate = answer["certificate"] or {}
    return {
        **found,
        **{key: answer[key] for key in ("status", "explanation", "reasons")},
        "max_violation": certificate.get("max_violation"),
        "notes": answer.get("notes", []),
    }


def _told(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "row": problem.row or None,
        "column": problem.column,
        "what": problem.what,
        "hint": problem.hint,
    }


def tables_of(chain: Chain) -> dict[str, Any]:
    """``chain`` (hash) and ``tables``: name → number of rows, of those that have any."""
    from mithaq.chain import table_names

    counts = {name: len(chain.rows(name)) for name in table_names()}
    return {"chain": chain.hash, "tables": {name: n for name, n in counts.items() if n}}


def rows_of(chain: Chain, table: str) -> dict[str, Any]:
    """One table: ``table``, ``units`` (column → unit) and ``rows``, without columns left empty.

    Raises DataError where there is no such table.
    """
    from mithaq.chain import table_names, table_schema
    from mithaq.chain.folders import filled
    from mithaq.chain.reading import nearest

    if table not in table_names():
        what = Sentence("there is no table {table}", table=repr(table))
        hint = nearest(table, table_names())
        raise DataError([Problem(what=what, hint=hint)])
    schema, rows = table_schema(table), chain.rows(table)
    columns = filled(schema, rows)
    return {
        "table": table,
        "units": {column: schema.attributes[column].unit for column in columns},
        "rows": [{column: row[column] for column in columns} for row in rows],
    }


def check_sheets(data: Data, words: Speech) -> list[Sheet]:
    """The mistakes; without any, what the chain holds and how it solves."""
    say = words.say
    if data["problems"]:
        columns = [
            Column(say("File")),
            Column(say("Row"), "", True),
            Column(say("Column")),
            Column(say("What is wrong")),
            Column(say("What next")),
        ]
        rows = [
            (
                item["file"] or "–",
                str(item["row"] or "–"),
                item["column"] or "–",
                words.tell(item["what"]),
                words.tell(item["hint"]),
            )
            for item in data["problems"]
        ]
        return [Sheet.of(say("Mistakes in the chain"), columns, rows)]
    notes = notes_sheets(data["notes"], words)
    return [tables_sheet(data, words), outcome_sheet(data, words), *notes]


def tables_sheet(data: Data, words: Speech) -> Sheet:
    """How many rows each table has."""
    say = words.say
    columns = (Column(say("Table")), Column(say("Number of rows"), "", True))
    rows = [(name, words.figure(count)) for name, count in data["tables"].items()]
    return Sheet.of(say("Tables of the chain"), columns, rows)


def outcome_sheet(data: Data, words: Speech) -> Sheet:
    """Whether the chain has a certified equilibrium, and why not where it has none."""
    say = words.say
    status = data["status"]
    refused = status == "refused"
    outcome = say("The model cannot pose it") if refused else words.term("outcome", status)
    rows = [(say("Outcome"), outcome)]
    if data["max_violation"] is not None:
        rows.append(
            (say("Largest violation of the conditions"), words.short(data["max_violation"]))
        )
    if status != "solved":
        rows.append((say("Explanation"), words.tell(data["explanation"])))
    rows += [(say("Reason"), words.tell(reason)) for reason in data["reasons"]]
    columns = (Column(say("Measure")), Column(say("Value")))
    return Sheet.of(say("Equilibrium"), columns, rows)


def import_sheets(found: Imported, words: Speech) -> list[Sheet]:
    """What was taken, what was assumed and what was left."""
    say = words.say
    kinds = {"assumed": say("assumed"), "left": say("left out")}
    rows = []
    for note in found.notes:
        values = {
            key: words.figure(value, _digits(value)) if isinstance(value, (int, float)) else value
            for key, value in note.values.items()
        }
        rows.append((kinds[note.kind], say(note.text, **values)))
    columns = (Column(say("Kind")), Column(say("What")))
    notes = Sheet.of(say("What the chain rests on"), columns, rows)
    return [tables_sheet(found.to_dict(), words), notes]


def rows_sheet(data: Data, words: Speech) -> Sheet:
    """The rows of one table, its columns named as in the file."""
    rows = data["rows"]
    columns = [
        Column(name, unit, bool(rows) and all(isinstance(row[name], float) for row in rows))
        for name, unit in data["units"].items()
    ]
    shown = [tuple(_shown(row[column.head], words) for column in columns) for row in rows]
    note = "" if rows else words.say("The table has no rows.")
    return Sheet.of(data["table"], columns, shown, note=note)


def _shown(value: Any, words: Speech) -> str:
    if isinstance(value, float):
        return "–" if value != value else words.language.number(value, _digits(value))
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    return str(value)


def _digits(value: float, most: int = 4) -> int:
    """Decimals that a figure needs, at most ``most``.

    >>> _digits(3.0), _digits(0.25), _digits(1 / 3)
    (0, 2, 4)
    """
    return next((n for n in range(most) if round(value, n) == value), most)
