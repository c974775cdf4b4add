"""Rows of the tables of time and of building that are at odds with each other or with the assets.

Each check is a function of all tables and of ``note``, which writes a mistake down.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

__all__ = ["CALENDAR_CHECKS"]

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
SHARES = 1e-6  # by how much the shares of the periods may miss 1: printed with six digits
ASSETS = ("fields", "pipelines", "terminals", "routes", "storages", "contracts", "bookings")


class Note(Protocol):
    """Writes down a mistake of a row: table, row, column, what it is, and a hint."""

    def __call__(self, table: str, row: Row, column: str, what: str, hint: str = "") -> None: ...


def _listed(words: Iterable[object]) -> str:
    known = [str(word) for word in words]
    return f"known: {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}" if known else ""


def _periods(tables: Tables, note: Note) -> None:
    rows = tables.get("periods", ())
    total = sum(row["share"] for row in rows)
    if rows and abs(total - 1) > SHARES:
        hint = "each is the part of the year that the period lasts"
        note("periods", rows[-1], "share", f"the shares sum to {total:.9g}, not 1", hint)
    seen: dict[float, str] = {}
    for row in rows:
        if row["position"] in seen:
            what = f"{row['name']} stands at the same place as {seen[row['position']]}"
            note("periods", row, "position", what, "give each period a place of its own")
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
            what = f"the table years has no year {row['year']:g}"
            note(table, row, "year", what, _listed(f"{year:g}" for year in known))


def _spans(table: str, first: str, last: str, tables: Tables, note: Note) -> None:
    """Nothing ends before it begins. Each table by itself, so that an edit asks of one alone."""
    for row in tables.get(table, ()):
        if row[first] > row[last]:
            what = f"ends in {row[last]:g}, before it begins in {row[first]:g}"
            note(table, row, last, what)


def _sectors(tables: Tables, note: Note) -> None:
    known = sorted({row["sector"] for row in tables.get("markets", ())})
    for row in tables.get("demand_factors", ()):
        if row["sector"] and row["sector"] not in known:
            what = f"no market is of the sector {row['sector']!r}"
            note("demand_factors", row, "sector", what, _listed(known))


def _assets(tables: Tables, note: Note) -> None:
    """Rows of ``availability``, ``expansions`` and ``bookings`` are about assets that exist."""
    for table in ("availability", "expansions"):
        for row in tables.get(table, ()):
            names = [asset["name"] for asset in tables.get(row["table"], ())]
            if row["row"] not in names:
                what = f"there is no row {row['row']!r} in {row['table']}"
                note(table, row, "row", what, _listed(names))
    empty = {row["name"] for row in tables.get("storages", ()) if row["working_gas"] == 0}
    for row in tables.get("expansions", ()):
        if row["table"] == "storages" and row["row"] in empty:
            what = f"{row['row']} has no working gas, so its rates cannot grow in proportion"
            note("expansions", row, "row", what, "give it a small working gas with its rates")
    booked: dict[str, list[Row]] = defaultdict(list)
    bookings = tables.get("bookings", ())
    size = {
        row["name"]: row["capacity"]
        for table in ("pipelines", "terminals")
        for row in (tables.get(table, ()) if bookings else ())
    }
    for row in bookings:
        if row["arc"] not in size:
            what = f"there is no line or terminal {row['arc']!r}"
            note("bookings", row, "arc", what, _listed(sorted(size)))
        else:
            booked[row["arc"]].append(row)
    for arc, rows in booked.items():
        for first in rows:
            # The most is booked in a year in which some booking begins.
            start = first["from_year"]
            start = -math.inf if math.isnan(start) else start
            total = sum(row["capacity"] for row in rows if _open(row, start))
            if total > size[arc] * (1 + 1e-9):
                what = f"{total:g} bcm/yr are booked of the {size[arc]:g} that {arc} has"
                note("bookings", first, "capacity", what)
                break


def _open(row: Row, year: float) -> bool:
    return not (year < row["from_year"] or year > row["to_year"])


def _terms(tables: Tables, note: Note) -> None:
    """Terms of contracts and of fees in kind that need another cell."""
    firms = {row["name"] for row in tables.get("firms", ())}
    for row in tables.get("contracts", ()):
        if not row["destination_clause"] and row["buyer"] not in firms:
            what = f"{row['name']}: without a destination clause the buyer must be a firm"
            note("contracts", row, "buyer", what, _listed(sorted(firms)))
        if row["pricing"] == "fixed" and row["price"] < 0:
            what = f"{row['name']}: {row['price']:g} must be at least 0 unless pricing is spot"
            note("contracts", row, "price", what)
        if row["nomination"] == "buyer" and not math.isnan(row["nominated"]):
            what = f"{row['name']}: what the buyer takes is for the buyer to choose"
            note("contracts", row, "nominated", what, "leave it empty, or set nomination to data")
    for row in tables.get("pipelines", ()):
        if row["fee_in_kind"] > 0 and not row["fee_firm"]:
            what = f"{row['name']}: somebody must receive the fee in kind"
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
