"""Results for other programs: CSV or Parquet folders, an Excel workbook, a netCDF file.

Every form carries the same figures with their units, a data dictionary and the run record (hashes,
versions, the certificate). The suffix of the target decides: ``.nc``, ``.xlsx``, ``.parquet`` (a
folder of files), none (a folder of CSV files).
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import platform
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mithaq.equilibrium.slots import slots
from mithaq.errors import DataError, Problem

if TYPE_CHECKING:
    import xarray

    from mithaq.equilibrium.result import Equilibrium

__all__ = ["check_export", "dataset", "dictionary", "export", "run_record", "tables"]

TEXT, NUMBER = "text", "number"
BCM, USD, MUSD = "bcm/yr", "USD/1000 m3", "million USD/yr"
LIBRARIES = ("mithaq", "numpy", "scipy", "pandas", "clarabel", "piqp")
# Excel knows no control characters.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Field:
    """What a column of a table holds."""

    meaning: str
    unit: str = ""
    type: str = TEXT


def _number(meaning: str, unit: str) -> Field:
    return Field(meaning, unit, NUMBER)


FIRM, NODE, MARKET = Field("seller"), Field("node"), Field("market")
COLUMNS: dict[str, dict[str, Field]] = {
    "prices": {
        "node": NODE,
        "price": _number("mean price of the node's markets, weighted by deliveries", USD),
    },
    "market_prices": {
        "market": MARKET,
        "node": NODE,
        "sector": Field("sector of demand"),
        "price": _number("price of the market", USD),
        "bcm": _number("all deliveries to the market", BCM),
    },
    "deliveries": {
        "firm": FIRM,
        "market": MARKET,
        "node": NODE,
        "kind": Field("spot, contract or regulated"),
        "bcm": _number("gas delivered", BCM),
    },
    "production": {
        "firm": FIRM,
        "field": Field("field"),
        "node": NODE,
        "bcm": _number("gas lifted by the firm", BCM),
    },
    "flows": {
        "name": Field("arc: pipeline, terminal or shipping leg"),
        "from": Field("node where it begins"),
        "to": Field("node where it ends"),
        "mode": Field("pipeline, liquefaction, lng or regasification"),
        "bcm": _number("gas sent by all firms", BCM),
        "capacity": _number("most that can be sent; empty where nothing limits it", BCM),
        "rent": _number("what a unit of room is worth; 0 where the arc is not full", USD),
    },
    "flows_by_firm": {
        "firm": FIRM,
        "name": Field("arc"),
        "bcm": _number("gas sent by the firm", BCM),
    },
    "payoffs": {
        "party": Field("firm, operator, treasury, buyer or consumers"),
        "item": Field("what the money is for"),
        "musd": _number("receipt, or payment where negative; all lines sum to welfare", MUSD),
    },
}
YEAR = _number("year; empty where the chain has no years", "")
PERIOD = Field("period of the year; year where the chain has none")
SLOT = {"year": YEAR, "period": PERIOD}
# Where the chain has several slots (periods, years) these stand beside the means of the others.
BY_SLOT: dict[str, dict[str, Field]] = {
    "slots": {
        **SLOT,
        "share": _number("part of the year that it lasts", ""),
        "span": _number("calendar years that the year stands for", ""),
        "discount": _number("factor by which the year's money counts", ""),
    },
    "slot_prices": {**SLOT, **COLUMNS["prices"]},
    "slot_market_prices": {
        **SLOT,
        **{key: field for key, field in COLUMNS["market_prices"].items() if key != "sector"},
    },
    "slot_deliveries": {**SLOT, **COLUMNS["deliveries"]},
    "slot_production": {
        **SLOT,
        **{key: field for key, field in COLUMNS["production"].items() if key != "node"},
    },
    "slot_flows": {**SLOT, **COLUMNS["flows"]},
    "slot_storage": {
        **SLOT,
        "storage": Field("storage"),
        "firm": FIRM,
        "injection": _number("gas that the firm injects", BCM),
        "withdrawal": _number("gas that the firm withdraws", BCM),
        "level": _number("gas of the firm in store at the end of the period", "bcm"),
    },
    "investments": {
        "table": Field("table of what is built onto"),
        "row": Field("row of it"),
        "firm": Field("owner of the slice of a field; empty for other assets"),
        "year": _number("year of the decision", ""),
        "built": _number("capacity that is built, in the unit of the next column", ""),
        "unit": Field("bcm for storages, bcm/yr for all else"),
        "musd": _number("what it costs, once", "million USD"),
    },
}
_TYPES = {TEXT: "string", NUMBER: "float64"}


def tables(equilibrium: Equilibrium) -> dict[str, pd.DataFrame]:
    """The tables of a result by name, with ``dictionary`` and ``run`` at the end.

    Raises SolveError where the equilibrium is not solved.
    """
    chain = equilibrium.chain
    markets = {row["name"]: row for row in chain.rows("markets")}
    delivered = equilibrium.deliveries.groupby("market")["bcm"].sum()
    home = {row["name"]: row["node"] for row in chain.rows("fields")}
    rows: dict[str, Any] = {
        "prices": [(str(node), float(price)) for node, price in equilibrium.prices.items()],
        "market_prices": [
            (
                name,
                markets[name]["node"],
                markets[name]["sector"],
                float(price),
                float(delivered.get(name, 0.0)),
            )
            for name, price in equilibrium.market_prices.items()
        ],
        "deliveries": equilibrium.deliveries.to_numpy().tolist(),
        "production": [
            (row.firm, row.field, home[row.field], row.bcm)
            for row in equilibrium.production.rename("bcm").reset_index().itertuples()
        ],
        "flows": equilibrium.flows.replace({"capacity": {np.inf: np.nan}}).to_numpy().tolist(),
        "flows_by_firm": [(*key, bcm) for key, bcm in sorted(_flows_by_firm(equilibrium).items())],
        "payoffs": equilibrium.payoff_lines.to_numpy().tolist(),
    }
    found = {name: _frame(COLUMNS[name], listed) for name, listed in rows.items()}
    if equilibrium.by_slot.calendar.count > 1:
        found |= _by_slot(equilibrium)
    run = pd.DataFrame(
        list(run_record(equilibrium).items()), columns=["key", "value"], dtype="string"
    )
    words = dictionary()
    return {**found, "dictionary": words[words["table"].isin(list(found))], "run": run}


def _by_slot(equilibrium: Equilibrium) -> dict[str, pd.DataFrame]:
    """The tables of single slots."""
    told = equilibrium.by_slot
    frames = {
        "slots": pd.DataFrame([dataclasses.asdict(slot) for slot in slots(equilibrium.chain)]),
        "slot_prices": told.prices,
        "slot_market_prices": told.market_prices,
        "slot_deliveries": told.deliveries,
        "slot_production": told.production,
        "slot_flows": told.flows.replace({"capacity": {np.inf: np.nan}}),
        "slot_storage": told.storage,
        "investments": equilibrium.investments,
    }
    return {
        name: _frame(BY_SLOT[name], frame[list(BY_SLOT[name])].to_numpy().tolist())
        for name, frame in frames.items()
    }


def _flows_by_firm(equilibrium: Equilibrium) -> dict[tuple[str, str], float]:
    """Mean annual rate by (firm, arc) over the calendar years that the slots stand for."""
    times = [slot.time for slot in slots(equilibrium.chain)]
    sent: dict[tuple[str, str], float] = defaultdict(float)
    for (firm, arc, slot), bcm in equilibrium.point.flow.items():
        sent[firm, arc] += bcm * times[slot] / sum(times)
    return dict(sent)


def _frame(columns: Mapping[str, Field], rows: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({column: _TYPES[field.type] for column, field in columns.items()})


def dictionary() -> pd.DataFrame:
    """What each column of each table means: table, column, type, unit, meaning.

    Tables of single slots, and what is built, are only there where the chain has several slots.

    >>> dictionary().query("table == 'prices' and column == 'price'")["unit"].item()
    'USD/1000 m3'
    """
    rows = [
        (table, column, field.type, field.unit, field.meaning)
        for table, columns in {**COLUMNS, **BY_SLOT}.items()
        for column, field in columns.items()
    ]
    return pd.DataFrame(
        rows, columns=["table", "column", "type", "unit", "meaning"], dtype="string"
    )


def run_record(equilibrium: Equilibrium) -> dict[str, str]:
    """What was computed from what, as text: hashes, edits, method, certificate, versions."""
    certificate = equilibrium.certificate
    method = equilibrium.method.to_dict()
    return {
        "status": str(equilibrium.outcome),
        "chain_sha256": equilibrium.chain.hash,
        "edits": "; ".join(str(edit) for edit in equilibrium.chain.edits),
        "notes": "; ".join(map(str, equilibrium.notes)),
        "max_violation": repr(float(certificate.max_violation)),
        "welfare_musd_per_year": repr(equilibrium.welfare),
        **{f"method_{key}": str(value) for key, value in method.items()},
        "version_python": platform.python_version(),
        **{f"version_{name}": version(name) for name in LIBRARIES},
    }


def dataset(equilibrium: Equilibrium) -> xarray.Dataset:
    """The result as an xarray dataset: dimensions node, market, firm, field, arc, party, item.

    NaN stands where there is no such pair. Units stand in the attributes of each variable, the run
    record in those of the dataset. Needs xarray (extra ``files``).
    """
    import xarray as xr

    told = tables(equilibrium)
    prices, markets, flows = told["prices"], told["market_prices"], told["flows"]
    # An infinite capacity is a number here, while the flat tables leave it empty.
    capacity = flows["capacity"].fillna(np.inf)
    made = {
        "price": _vector(prices, "node", "price", "prices"),
        "market_price": _vector(markets, "market", "price", "market_prices"),
        "market_bcm": _vector(markets, "market", "bcm", "market_prices"),
        "market_node": _vector(markets, "market", "node", "market_prices"),
        "production": _square(told["production"], "firm", "field", "bcm", "production"),
        "flow": _vector(flows, "name", "bcm", "flows", "arc"),
        "capacity": _vector(flows.assign(capacity=capacity), "name", "capacity", "flows", "arc"),
        "rent": _vector(flows, "name", "rent", "flows", "arc"),
        **{
            f"arc_{column}": _vector(flows, "name", column, "flows", "arc")
            for column in ("from", "to", "mode")
        },
        "flow_by_firm": _square(
            told["flows_by_firm"].rename(columns={"name": "arc"}),
            "firm",
            "arc",
            "bcm",
            "flows_by_firm",
        ),
        "payoff": _square(told["payoffs"], "party", "item", "musd", "payoffs"),
    }
    for kind, lines in told["deliveries"].groupby("kind"):
        summed = lines.groupby(["firm", "market"])["bcm"].sum().reset_index()
        made[f"deliveries_{kind}"] = _square(summed, "firm", "market", "bcm", "deliveries")
    if "slots" in told:
        made |= _slot_variables(told)
    return xr.Dataset(
        made, attrs={"title": "Equilibrium of a gas chain", **run_record(equilibrium)}
    )


def _slot_variables(told: Mapping[str, pd.DataFrame]) -> dict[str, xarray.DataArray]:
    """Variables over the dimension slot, numbered from 0; its year, period and share among them."""
    import xarray as xr

    listed = told["slots"]
    keys = zip(listed["year"].fillna(0), listed["period"], strict=True)
    number = {key: place for place, key in enumerate(keys)}
    made = {}
    for column in listed.columns:
        text = BY_SLOT["slots"][column].type == TEXT
        values = listed[column].to_numpy(dtype=object if text else float)
        attributes = _attributes(BY_SLOT["slots"][column])
        made[f"slot_{column}"] = xr.DataArray(values, dims=("slot",), attrs=attributes)
    for name, table, labels, column in _OVER_SLOTS:
        frame = told[table]
        slot = [number[key] for key in zip(frame["year"].fillna(0), frame["period"], strict=True)]
        summed = frame.assign(slot=slot).groupby(["slot", *labels])[column].sum(min_count=1)
        array = summed.to_xarray().rename({"name": "arc"} if "name" in labels else {})
        made[name] = array.assign_attrs(_attributes(BY_SLOT[table][column]))
    return made


_OVER_SLOTS = (
    ("slot_price", "slot_prices", ("node",), "price"),
    ("slot_market_price", "slot_market_prices", ("market",), "price"),
    ("slot_market_bcm", "slot_market_prices", ("market",), "bcm"),
    ("slot_deliveries", "slot_deliveries", ("firm", "market"), "bcm"),
    ("slot_production", "slot_production", ("firm", "field"), "bcm"),
    ("slot_flow", "slot_flows", ("name",), "bcm"),
    ("slot_capacity", "slot_flows", ("name",), "capacity"),
    ("slot_rent", "slot_flows", ("name",), "rent"),
    ("slot_injection", "slot_storage", ("storage",), "injection"),
    ("slot_withdrawal", "slot_storage", ("storage",), "withdrawal"),
    ("slot_level", "slot_storage", ("storage",), "level"),
)


def _attributes(field: Field) -> dict[str, str]:
    return {"long_name": field.meaning, **({"units": field.unit} if field.unit else {})}


def _vector(
    frame: pd.DataFrame, key: str, column: str, table: str, name: str = ""
) -> xarray.DataArray:
    import xarray as xr

    text = COLUMNS[table][column].type == TEXT
    values = frame[column].to_numpy(dtype=object if text else float)
    index = {name or key: frame[key].to_numpy(dtype=object)}
    return xr.DataArray(values, index, (name or key,), attrs=_attributes(COLUMNS[table][column]))


def _square(
    frame: pd.DataFrame, first: str, second: str, column: str, table: str
) -> xarray.DataArray:
    import xarray as xr

    wide = frame.pivot(index=first, columns=second, values=column)
    index = {first: wide.index.to_numpy(dtype=object), second: wide.columns.to_numpy(dtype=object)}
    attributes = _attributes(COLUMNS[table][column])
    return xr.DataArray(wide.to_numpy(float), index, (first, second), attrs=attributes)


def export(equilibrium: Equilibrium, path: str | Path) -> tuple[Path, ...]:
    """Write a result for other programs and return the files written.

    The suffix decides: ``.nc`` netCDF-4, ``.xlsx`` an Excel workbook, ``.parquet`` a folder of
    Parquet files, none a folder of CSV files. A file appears whole or not at all. Raises DataError
    where the suffix is another, the folder above is missing or a library is (extra ``files``), and
    SolveError where the equilibrium is not solved.
    """
    target = Path(path)
    check_export(target)
    _ = equilibrium.point
    return WRITERS[target.suffix.lower()](equilibrium, target)


def check_export(path: Path) -> None:
    """Raise DataError where a result cannot be written to ``path``, before any work."""
    suffix = path.suffix.lower()
    what, hint = "", ""
    if suffix not in WRITERS:
        what = f"no form has the suffix {suffix!r}"
        hint = ".nc, .xlsx, .parquet (a folder), or no suffix for a folder of CSV files"
    elif not path.parent.is_dir():
        what, hint = f"there is no folder {str(path.parent)!r}", "make it first"
    elif suffix in FILES and path.is_dir():
        what, hint = "is a folder", "give the name of a file"
    elif suffix not in FILES and path.exists() and not path.is_dir():
        what, hint = "is a file", "give the name of a folder"
    else:
        missing = [name for name in NEEDS[suffix] if importlib.util.find_spec(name) is None]
        if missing:
            what = f"{suffix} needs {' and '.join(missing)}"
            hint = "pip install 'mithaq[files]'"
    if what:
        raise DataError([Problem(file=str(path), what=what, hint=hint)])


def _csv(equilibrium: Equilibrium, folder: Path) -> tuple[Path, ...]:
    folder.mkdir(exist_ok=True)
    made = []
    for name, frame in tables(equilibrium).items():
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\r\n")
        made.append(path)
    return tuple(made)


def _parquet(equilibrium: Equilibrium, folder: Path) -> tuple[Path, ...]:
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(exist_ok=True)
    record = {key: value.encode() for key, value in run_record(equilibrium).items()}
    made = []
    for name, frame in tables(equilibrium).items():
        told = {**COLUMNS, **BY_SLOT}.get(name, dict.fromkeys(frame.columns, Field("")))
        fields = [
            pa.field(
                column,
                pa.string() if field.type == TEXT else pa.float64(),
                metadata={"unit": field.unit, "meaning": field.meaning},
            )
            for column, field in told.items()
        ]
        table = pa.Table.from_pandas(frame, pa.schema(fields), preserve_index=False)
        path = folder / f"{name}.parquet"
        parquet.write_table(table.replace_schema_metadata(record), path)
        made.append(path)
    return tuple(made)


def _excel(equilibrium: Equilibrium, path: Path) -> tuple[Path, ...]:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    for name, frame in tables(equilibrium).items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for place, column in enumerate(frame.columns, 1):
            sheet.cell(1, place, str(column)).font = Font(bold=True)
            longest = max(map(len, [str(column), *map(str, frame[column].head(200))]))
            sheet.column_dimensions[get_column_letter(place)].width = min(longest + 2, 60)
            for row, value in enumerate(frame[column], 2):
                if pd.isna(value):
                    continue
                if isinstance(value, str):
                    # A name that begins with = is a name, no formula.
                    sheet.cell(row, place, CONTROL.sub("�", value)).data_type = "s"
                else:
                    sheet.cell(row, place, float(value))
    return _whole(path, book.save)


def _netcdf(equilibrium: Equilibrium, path: Path) -> tuple[Path, ...]:
    found = dataset(equilibrium)
    return _whole(path, lambda place: found.to_netcdf(place, engine="h5netcdf"))


def _whole(path: Path, write: Callable[[str], object]) -> tuple[Path, ...]:
    """Let ``write`` make the file under another name, then put it in place."""
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix
    )
    os.close(handle)
    try:
        write(temporary)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return (path,)


Writer = Callable[["Equilibrium", Path], tuple[Path, ...]]
WRITERS: Mapping[str, Writer] = {
    "": _csv,
    ".parquet": _parquet,
    ".xlsx": _excel,
    ".nc": _netcdf,
}
FILES = (".xlsx", ".nc")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "": (),
    ".parquet": ("pyarrow",),
    ".xlsx": ("openpyxl",),
    ".nc": ("xarray", "h5netcdf", "h5py"),
}
