"""What each table of a gas chain may hold, read from ``data/schema/chain/*.csv``.

The schema is data: the same files give the defaults, the error messages and the reference page.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = [
    "Attribute",
    "CellError",
    "TableSchema",
    "parse_names",
    "parse_shares",
    "table_names",
    "table_schema",
]

REQUIRED = "!"
LEAST, MOST = 1e-12, 1e12  # sizes beyond which a solver could only round
TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


MORE_THAN = mark("{number} must be greater than {bound}")
AT_LEAST = mark("{number} must be at least {bound}")
LESS_THAN = mark("{number} must be less than {bound}")
AT_MOST = mark("{number} must be at most {bound}")
POINT = mark("write digits, with a point before decimals and nothing between thousands")


class CellError(ValueError):
    """A cell that holds what it cannot: ``what`` is wrong, and a ``hint`` what to do next."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what} ({hint})" if hint else str(what))
        self.what, self.hint = what, hint

    def __reduce__(self) -> tuple[Any, ...]:
        return CellError, (self.what, self.hint)


@lru_cache(maxsize=65536)
def parse_names(text: str) -> tuple[str, ...]:
    """Names of a list cell, in order.

    >>> parse_names("Gazprom; Sonatrach")
    ('Gazprom', 'Sonatrach')
    """
    return tuple(part.strip() for part in text.split(";") if part.strip())


@lru_cache(maxsize=65536)
def parse_shares(text: str) -> Mapping[str, float]:
    """Owner and share from a shares cell; one name alone holds everything.

    Raises ValueError where a share is no number, is not positive, or the sum is not 1.

    >>> dict(parse_shares("Sonatrach:0.51;Gazprom:0.49"))
    {'Sonatrach': 0.51, 'Gazprom': 0.49}
    >>> dict(parse_shares("Sonatrach"))
    {'Sonatrach': 1.0}
    """
    parts = parse_names(text)
    if len(parts) == 1 and ":" not in parts[0]:
        return MappingProxyType({parts[0]: 1.0})
    shares: dict[str, float] = {}
    for part in parts:
        name, colon, share = part.rpartition(":")
        write = Sentence("write name:share")
        if not colon:
            raise CellError(Sentence("{part} has no share", part=repr(part)), write)
        name = name.strip()
        if not name:
            raise CellError(Sentence("{text} names nobody", text=repr(part)), write)
        if name in shares:
            raise CellError(Sentence("{name} stands there twice", name=repr(name)))
        try:
            shares[name] = float(share)
        except ValueError:
            what = Sentence("{text} is not a number", text=repr(share.strip()))
            raise CellError(what, Sentence(POINT)) from None
        if not 0 < shares[name] <= 1:
            text = mark("the share of {name} must be above 0 and at most 1")
            raise CellError(Sentence(text, name=repr(name)))
    if shares and not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        total = f"{sum(shares.values()):g}"
        raise CellError(Sentence("the shares sum to {total}, not 1", total=total))
    return MappingProxyType(shares)


def _no_number(raw: Any) -> CellError:
    told = isinstance(raw, str) and any(map(str.isdecimal, raw))
    what = Sentence("{text} is not a number", text=repr(raw))
    return CellError(what, Sentence(POINT) if told else "")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column: its type, unit, default, bounds and meaning, as the schema file gives them."""

    name: str
    type: str
    unit: str
    default: str
    minimum: str
    maximum: str
    refers_to: str
    description: str

    @property
    def required(self) -> bool:
        return self.default == REQUIRED

    @property
    def numeric(self) -> bool:
        return self.type in {"number", "number?"}

    def parse(self, raw: Any) -> Any:
        """The typed value of a cell. ``""`` gives the default; raises CellError on a bad cell."""
        # NaN, NaT and pandas' NA are no cells; what differs from itself is one of the first two.
        if raw is None or type(raw).__name__ in {"NAType", "NaTType"} or raw != raw:
            hint = Sentence("write the value, or '' for the default")
            raise CellError(Sentence("not a number (NaN) or empty"), hint)
        if isinstance(raw, list | tuple | set | dict):
            what = Sentence("{text} is not a single value", text=repr(raw))
            raise CellError(what, Sentence("names are joined by ;"))
        if isinstance(raw, str):
            raw = raw.strip()
        if isinstance(raw, str) and raw == "":
            if self.required:
                raise CellError(Sentence("is empty, and a value is required"))
            raw = self.default
        if self.numeric:
            return self._number(raw)
        if self.type == "flag":
            return self._flag(raw)
        text = str(raw)
        if self.type == "code" and text not in self.refers_to.split("|"):
            known = tuple(self.refers_to.split("|"))
            raise CellError(Sentence("{text} is none of {known}", text=repr(text), known=known))
        if self.type in {"shares", "names"} and text and not parse_names(text):
            raise CellError(Sentence("{text} names nobody", text=repr(text)))
        if self.type == "shares":
            parse_shares(text)
        return text

    def _number(self, raw: Any) -> float:
        if isinstance(raw, str) and raw == "" and self.type == "number?":
            return math.nan
        # Python reads 1_000 as a number; who writes that may have meant something else.
        if isinstance(raw, bool) or (isinstance(raw, str) and "_" in raw):
            raise _no_number(raw)
        try:
            value = float(raw)
        except (TypeError, ValueError, OverflowError):
            raise _no_number(raw) from None
        if math.isnan(value):
            raise CellError(Sentence("is not a number (NaN)"))
        if math.isinf(value):
            raise CellError(Sentence("must be finite"))
        # 1e-400 is read as 0, and is not meant as 0.
        digits = raw.lower().partition("e")[0] if isinstance(raw, str) else ""
        vanished = value == 0 and any(digit.isdecimal() and int(digit) for digit in digits)
        if (value and not LEAST <= abs(value) <= MOST) or vanished:
            told = raw.strip() if vanished else f"{value:g}"
            text = mark("{number} is no figure of a gas system: beyond {least} to {most}")
            ends = {"least": f"{LEAST:g}", "most": f"{MOST:g}"}
            raise CellError(Sentence(text, number=told, **ends))
        self._check_bounds(value)
        return value

    def _check_bounds(self, value: float) -> None:
        if self.minimum:
            low = float(self.minimum.rstrip("+"))
            if value < low or (self.minimum.endswith("+") and value == low):
                open_end = self.minimum.endswith("+")
                text = MORE_THAN if open_end else AT_LEAST
                raise CellError(Sentence(text, number=f"{value:g}", bound=f"{low:g}"))
        if self.maximum:
            high = float(self.maximum.rstrip("-"))
            if value > high or (self.maximum.endswith("-") and value == high):
                open_end = self.maximum.endswith("-")
                text = LESS_THAN if open_end else AT_MOST
                raise CellError(Sentence(text, number=f"{value:g}", bound=f"{high:g}"))

    @staticmethod
    def _flag(raw: Any) -> bool:
        text = str(raw).strip().lower()
        if text in TRUE:
            return True
        if text in FALSE:
            return False
        raise CellError(Sentence("{text} is neither true nor false", text=repr(raw)))

    def references(self, value: Any) -> tuple[str, ...]:
        """Names in a parsed cell that must exist in the table ``refers_to``."""
        if not self.refers_to or self.type == "code" or value == "":
            return ()
        if self.type == "shares":
            return tuple(parse_shares(value))
        if self.type == "names":
            return parse_names(value)
        return (str(value),)


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: its name, its key columns and its attributes in order."""

    name: str
    key: tuple[str, ...]
    description: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def _rows(name: str) -> list[dict[str, str]]:
    path = files("mithaq") / "data" / "schema" / "chain" / f"{name}.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@cache
def _schemas() -> dict[str, TableSchema]:
    tables = {}
    for row in _rows("tables"):
        attributes = {
            cells["attribute"]: Attribute(
                cells["attribute"], *(cells[column] for column in list(cells)[1:])
            )
            for cells in _rows(row["table"])
        }
        tables[row["table"]] = TableSchema(
            row["table"], tuple(row["key"].split("|")), row["description"], attributes
        )
    return tables


@cache
def table_names() -> tuple[str, ...]:
    """Names of the tables of a chain, in the order of the schema."""
    return tuple(_schemas())


def table_schema(table: str) -> TableSchema:
    """Schema of one table. Raises KeyError with the known names where there is no such table."""
    try:
        return _schemas()[table]
    except KeyError:
        raise KeyError(f"no table {table!r}; there are {', '.join(_schemas())}") from None
