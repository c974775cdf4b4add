"""Ways to spoil a folder of a chain, drawn by a seed."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from pathlib import Path

from mithaq.chain import table_names, table_schema
from mithaq.chain.reading import NEEDED

Cells = list[list[str]]
Place = tuple[str, int, str]  # file, row and column that must be named; row 0: any
Spoiler = Callable[[random.Random, Path], "Place | None"]

BROKEN = ("nan", "NaN", "inf", "-inf", "1e999", "1,5", "0x10", "--", "?!", "1_000", "twelve")
EXTREME = ("0", "1e-300", "1e-9", "1e9", "1e300", "-1e300")


def read(path: Path) -> Cells:
    """The cells of a file, as far as it can be read at all."""
    try:
        return list(csv.reader(io.StringIO(path.read_text("utf-8", errors="replace"))))
    except csv.Error:
        return []


def save(path: Path, cells: Cells) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(cells)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.csv") if path.stem in table_names())


def cell(
    rng: random.Random, folder: Path, wanted: Callable[[str, str], bool]
) -> tuple[Path, Cells, int, int] | None:
    """A random cell whose table and column are wanted."""
    found = []
    for path in files(folder):
        cells = read(path)
        for column, name in enumerate(cells[0] if cells else []):
            known = name in table_schema(path.stem).attributes
            if known and wanted(path.stem, name):
                found += [(path, cells, row, column) for row in range(1, len(cells))]
    return rng.choice(found) if found else None


def put(chosen: tuple[Path, Cells, int, int] | None, value: str) -> Place | None:
    if chosen is None:
        return None
    path, cells, row, column = chosen
    cells[row][column] = value
    save(path, cells)
    return path.name, row + 1, cells[0][column]


def numeric(table: str, column: str) -> bool:
    return table_schema(table).attributes[column].numeric


def broken_number(rng: random.Random, folder: Path) -> Place | None:
    return put(cell(rng, folder, numeric), rng.choice(BROKEN))


def below_bound(rng: random.Random, folder: Path) -> Place | None:
    def bounded(table: str, column: str) -> bool:
        return numeric(table, column) and table_schema(table).attributes[column].minimum != ""

    chosen = cell(rng, folder, bounded)
    if chosen is None:
        return None
    path, cells, _, column = chosen
    least = table_schema(path.stem).attributes[cells[0][column]].minimum
    low = float(least.rstrip("+"))
    return put(chosen, repr(low if least.endswith("+") else low - rng.choice([1e-6, 1.0, 1e6])))


def extreme_number(rng: random.Random, folder: Path) -> Place | None:
    put(cell(rng, folder, numeric), rng.choice(EXTREME))
    return None


def scaled_number(rng: random.Random, folder: Path) -> Place | None:
    chosen = cell(rng, folder, numeric)
    if chosen is not None:
        path, cells, row, column = chosen
        try:
            value = float(cells[row][column]) * 10 ** rng.uniform(-3, 3)
        except ValueError:
            return None
        put((path, cells, row, column), repr(value))
    return None


def free_price(rng: random.Random, folder: Path) -> Place | None:
    return put(cell(rng, folder, lambda t, c: (t, c) == ("markets", "reference_price")), "0")


def rising_demand(rng: random.Random, folder: Path) -> Place | None:
    value = rng.choice(["0", "0.5", "1e-9"])
    return put(cell(rng, folder, lambda t, c: (t, c) == ("markets", "elasticity")), value)


def no_time(rng: random.Random, folder: Path) -> Place | None:
    return put(cell(rng, folder, lambda t, c: (t, c) == ("periods", "share")), "0")


def odd_shares(rng: random.Random, folder: Path) -> Place | None:
    value = rng.choice(["Alpha:0.5;Beta:0.6", "Alpha:1.5;Beta:-0.5", "Alpha:0.5;Alpha:0.5", ";"])
    return put(cell(rng, folder, lambda t, c: (t, c) == ("fields", "owners")), value)


def circular_stakes(rng: random.Random, folder: Path) -> Place | None:
    path = folder / "stakes.csv"
    share = repr(rng.choice([0.3, 0.6, 1.0]))
    save(path, [["holder", "firm", "share"], ["Alpha", "Beta", share], ["Beta", "Alpha", share]])
    return None


def sold_twice(rng: random.Random, folder: Path) -> Place | None:
    path = folder / "stakes.csv"
    rows = [["holder", "firm", "share"], ["Alpha", "Fringe", "0.7"], ["Beta", "Fringe", "0.6"]]
    save(path, rows)
    return path.name, 0, "share"


def disconnected(rng: random.Random, folder: Path) -> Place | None:
    for table in ("pipelines", "terminals", "routes", "bookings", "expansions"):
        (folder / f"{table}.csv").unlink(missing_ok=True)
    return None


def too_much_owed(rng: random.Random, folder: Path) -> Place | None:
    put(cell(rng, folder, lambda t, c: (t, c) == ("contracts", "annual_quantity")), "5000")
    return None


def lost_file(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    path.unlink()
    return (path.stem, 0, "") if path.stem in NEEDED else None


def swapped_columns(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    cells = read(path)
    if cells and len(cells[0]) > 1:
        a, b = rng.sample(range(len(cells[0])), 2)
        cells[0][a], cells[0][b] = cells[0][b], cells[0][a]
        save(path, cells)
    return None


def moved_columns(rng: random.Random, folder: Path) -> Place | None:
    """No mistake: columns may stand in any order."""
    path = rng.choice(files(folder))
    cells = read(path)
    if cells and {len(row) for row in cells} == {len(cells[0])}:
        order = rng.sample(range(len(cells[0])), len(cells[0]))
        save(path, [[row[place] for place in order] for row in cells])
    return None


def lost_column(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    cells = read(path)
    if not cells or {len(row) for row in cells} != {len(cells[0])}:
        return None
    place = rng.randrange(len(cells[0]))
    name = cells[0][place]
    save(path, [row[:place] + row[place + 1 :] for row in cells])
    known = table_schema(path.stem).attributes.get(name)
    left = len(cells[0]) > 1 and cells[0].count(name) == 1
    return (path.name, 0, name) if known is not None and known.required and left else None


def lost_row(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    cells = read(path)
    if len(cells) > 1:
        del cells[rng.randrange(1, len(cells))]
        save(path, cells)
    return None


def twin_row(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    cells = read(path)
    if len(cells) > 1:
        save(path, [*cells, cells[rng.randrange(1, len(cells))]])
    return None


def wrong_name(rng: random.Random, folder: Path) -> Place | None:
    def refers(table: str, column: str) -> bool:
        attribute = table_schema(table).attributes[column]
        return bool(attribute.refers_to) and attribute.type != "code"

    return put(cell(rng, folder, refers), rng.choice(["Atlantis", "south", " Alpha Beta"]))


def cut_short(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])
    return None


def noise(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    content = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 4)):
        if content:
            content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(bytes(content))
    return None


def semicolons(rng: random.Random, folder: Path) -> Place | None:
    path = rng.choice(files(folder))
    path.write_text(path.read_text("utf-8", errors="replace").replace(",", ";"), encoding="utf-8")
    return None


SPOILERS: dict[str, Spoiler] = {
    made.__name__: made
    for made in (
        broken_number,
        below_bound,
        extreme_number,
        scaled_number,
        free_price,
        rising_demand,
        no_time,
        odd_shares,
        circular_stakes,
        sold_twice,
        disconnected,
        too_much_owed,
        lost_file,
        swapped_columns,
        moved_columns,
        lost_column,
        lost_row,
        twin_row,
        wrong_name,
        cut_short,
        noise,
        semicolons,
    )
}
