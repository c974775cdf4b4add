"""Rows of the tables of time and of building that are at odds with each other or with the assets.

Each check is a function of all tables and of ``note``, which writes a mistake down.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["CALENDAR_CHECKS", "Note", "listed"]

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
SHARES = 1e-6  # by how much the shares of the periods may miss 1: printed with six digits
ASSETS = ("fields", "pipelines", "terminals", "routes", "storages", "contracts", "bookings")


class Note(Protocol):
    """Writes down a mistake of a row: table, row, column, what it is, and a hint."""

    def __call__(self, table: str, row: Row, column: str, what: str, hint: str = "") -> None: ...


def listed(words: Iterable[object]) -> str:
    """A hint naming the first few known words; empty where none is known."""
    known = [str(word) for word in words]
    shown = (*known[:8], *(["..."] if len(known) > 8 else []))
    return Sentence("known: {names}", names=shown) if known else ""


def _periods(tables: Tables, note: Note) -> None:
    rows = tables.get("periods", ())
    total = sum(row["share"] for row in rows)
    if rows and abs(total - 1) > SHARES:
        what = Sentence("the shares sum to {total}, not 1", total=f"{total:.9g}")
        hint = Sentence("each is the part of the year that the period lasts")
        note("periods", rows[-1], "share", what, hint)
    seen: dict[float, str] = {}
    for row in rows:
        if row["position"] in seen:
            text = mark("{name} stands at the same place as {other}")
            what = Sentence(text, name=row["name"], other=seen[row["position"]])
            hint = Sentence("give each period a place of its own")
            note("periods", row, "position", what, hint)
        seen[row["position"]] = row["name"]


def _dated(tables: Tables) -> Iterator[tuple[str, Row]]:
    for table in ("demand_factors", "availability"):
        for row in tables.get(table, ()):
            if not math.isnan(row["year"]):
                yield table, row


def _years(tables: Tables, note: Note) -> None:
    known = [row["year"] for row in tables.get("years", ())]
    for table, row in _dated(tables):
        if row["year"] not in known:
            what = Sentence("the table years has no year {year}", year=f"{row['year']:g}")
            note(table, row, "year", what, listed(f"{year:g}" for year in known))


def _spans(table: str, first: str, last: str, tables: Tables, note: Note) -> None:
    """Nothing ends before it begins. Each table by itself, so that an edit asks of one alone."""
    for row in tables.get(table, ()):
        if row[first] > row[last]:
            text = mark("ends in {last}, before it begins in {first}")
            what = Sentence(text, last=f"{row[last]:g}", first=f"{row[first]:g}")
            note(table, row, last, what)


def _sectors(tables: Tables, note: Note) -> None:
    known = sorted({row["sector"] for row in tables.get("markets", ())})
    for row in tables.get("demand_factors", ()):
        if row["sector"] and row["sector"] not in known:
            what = Sentence("no market is of the sector {sector}", sector=repr(row["sector"]))
            note("demand_factors", row, "sector", what, listed(known))


def _assets(tables: Tables, note: Note) -> None:
    """Rows of ``availability``, ``expansions`` and ``bookings`` are about assets that exist."""
    for table in ("availability", "expansions"):
        for row in tables.get(table, ()):
            names = [asset["name"] for asset in tables.get(row["table"], ())]
            if row["row"] not in names:
                text = mark("{table} has no row {row}")
                what = Sentence(text, table=row["table"], row=repr(row["row"]))
                note(table, row, "row", what, listed(names))
    empty = {row["name"] for row in tables.get("storages", ()) if row["working_gas"] == 0}
    for row in tables.get("expansions", ()):
        if row["table"] == "storages" and row["row"] in empty:
            text = mark("{name} has no working gas, so its rates cannot grow in proportion")
            hint = Sentence("give it a small working gas with its rates")
            note("expansions", row, "row", Sentence(text, name=row["row"]), hint)
    booked: dict[str, list[Row]] = defaultdict(list)
    bookings = tables.get("bookings", ())
    size = {
        row["name"]: row["capacity"]
        for table in ("pipelines", "terminals")
        for row in (tables.get(table, ()) if bookings else ())
    }
    for row in bookings:
        if row["arc"] not in size:
            what = Sentence("there is no line or terminal {name}", name=repr(row["arc"]))
            note("bookings", row, "arc", what, listed(sorted(size)))
        else:
            booked[row["arc"]].append(row)
    for arc, rows in booked.items():
        for first in rows:
            # The most is booked in a year in which some booking begins.
            start = first["from_year"]
            start = -math.inf if math.isnan(start) else start
            total = sum(row["capacity"] for row in rows if _open(row, start))
            if total > size[arc] * (1 + 1e-9):
                text = mark("{booked} bcm/yr are booked of the {capacity} that {arc} has")
                told = {"booked": f"{total:g}", "capacity": f"{size[arc]:g}", "arc": arc}
                note("bookings", first, "capacity", Sentence(text, **told))
                break


def _open(row: Row, year: float) -> bool:
    return not (year < row["from_year"] or year > row["to_year"])


def _terms(tables: Tables, note: Note) -> None:
    """Terms of contracts and of fees in kind that need another cell."""
    firms = {row["name"] for row in tables.get("firms", ())}
    for row in tables.get("contracts", ()):
        if not row["destination_clause"] and row["buyer"] not in firms:
            text = mark("{name}: without a destination clause the buyer must be a firm")
            what = Sentence(text, name=row["name"])
            note("contracts", row, "buyer", what, listed(sorted(firms)))
        if not row["destination_clause"] and row["buyer"] == row["seller"]:
            what = Sentence("{name}: a firm buys nothing from itself", name=row["name"])
            note("contracts", row, "buyer", what)
        if row["pricing"] == "fixed" and row["price"] < 0:
            text = mark("{name}: {price} must be at least 0 unless pricing is spot")
            what = Sentence(text, name=row["name"], price=f"{row['price']:g}")
            note("contracts", row, "price", what)
        if row["nomination"] == "buyer" and not math.isnan(row["nominated"]):
            text = mark("{name}: what the buyer takes is for the buyer to choose")
            hint = Sentence("leave it empty, or set nomination to data")
            note("contracts", row, "nominated", Sentence(text, name=row["name"]), hint)
    for row in tables.get("pipelines", ()):
        if row["fee_in_kind"] > 0 and not row["fee_firm"]:
            what = Sentence("{name}: somebody must receive the fee in kind", name=row["name"])
            note("pipelines", row, "fee_firm", what)


# Each with the tables that it reads.
CALENDAR_CHECKS: tuple[tuple[Callable[[Tables, Note], None], set[str]], ...] = (
    (_periods, {"periods"}),
    (_years, {"years", "demand_factors", "availability"}),
    *((partial(_spans, table, "from_year", "to_year"), {table}) for table in ASSETS),
    (partial(_spans, "expansions", "first_year", "last_year"), {"expansions"}),
    (_sectors, {"markets", "demand_factors"}),
    (_assets, {"availability", "expansions", *ASSETS}),
    (_terms, {"firms", "contracts", "pipelines"}),
)
