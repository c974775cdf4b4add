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

__all__ = ["Attribute", "TableSchema", "parse_names", "parse_shares", "table_names", "table_schema"]

REQUIRED = "!"
LEAST, MOST = 1e-12, 1e12  # sizes beyond which a solver could only round
TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


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
        if not colon:
            raise ValueError(f"{part!r} has no share; write name:share")
        name = name.strip()
        if not name:
            raise ValueError(f"{part!r} names nobody; write name:share")
        if name in shares:
            raise ValueError(f"{name!r} stands there twice")
        shares[name] = float(share)
        if not 0 < shares[name] <= 1:
            raise ValueError(f"the share of {name!r} must lie in (0, 1]")
    if shares and not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        raise ValueError(f"the shares sum to {sum(shares.values()):g}, not 1")
    return MappingProxyType(shares)


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
        """The typed value of a cell. ``""`` gives the default; raises ValueError on a bad cell."""
        # NaN, NaT and pandas' NA are no cells; what differs from itself is one of the first two.
        if raw is None or type(raw).__name__ in {"NAType", "NaTType"} or raw != raw:
            raise ValueError("not a number (NaN) or empty; write the value, or '' for the default")
        if isinstance(raw, list | tuple | set | dict):
            raise ValueError(f"{raw!r} is not a single value; names are joined by ;")
        if isinstance(raw, str):
            raw = raw.strip()
        if isinstance(raw, str) and raw == "":
            if self.required:
                raise ValueError("is empty, and a value is required")
            raw = self.default
        if self.numeric:
            return self._number(raw)
        if self.type == "flag":
            return self._flag(raw)
        text = str(raw)
        if self.type == "code" and text not in self.refers_to.split("|"):
            raise ValueError(f"{text!r} is none of {', '.join(self.refers_to.split('|'))}")
        if self.type in {"shares", "names"} and text and not parse_names(text):
            raise ValueError(f"{text!r} names nobody")
        if self.type == "shares":
            parse_shares(text)
        return text

    def _number(self, raw: Any) -> float:
        if isinstance(raw, str) and raw == "" and self.type == "number?":
            return math.nan
        # Python reads 1_000 as a number; who writes that may have meant something else.
        if isinstance(raw, bool) or (isinstance(raw, str) and "_" in raw):
            raise ValueError(f"{raw!r} is not a number")
        try:
            value = float(raw)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{raw!r} is not a number") from None
        if math.isnan(value):
            raise ValueError("is not a number (NaN)")
        if math.isinf(value):
            raise ValueError("must be finite")
        # 1e-400 is read as 0, and is not meant as 0.
        digits = raw.lower().partition("e")[0] if isinstance(raw, str) else ""
        vanished = value == 0 and any(digit.isdecimal() and int(digit) for digit in digits)
        if (value and not LEAST <= abs(value) <= MOST) or vanished:
            told = raw.strip() if vanished else f"{value:g}"
            raise ValueError(f"{told} is no figure of a gas system: beyond {LEAST:g} to {MOST:g}")
        self._check_bounds(value)
        return value

    def _check_bounds(self, value: float) -> None:
        if self.minimum:
            low = float(self.minimum.rstrip("+"))
            if value < low or (self.minimum.endswith("+") and value == low):
                word = "greater than" if self.minimum.endswith("+") else "at least"
                raise ValueError(f"{value:g} must be {word} {low:g}")
        if self.maximum:
            high = float(self.maximum.rstrip("-"))
            if value > high or (self.maximum.endswith("-") and value == high):
                word = "less than" if self.maximum.endswith("-") else "at most"
                raise ValueError(f"{value:g} must be {word} {high:g}")

    @staticmethod
    def _flag(raw: Any) -> bool:
        text = str(raw).strip().lower()
        if text in TRUE:
            return True
        if text in FALSE:
            return False
        raise ValueError(f"{raw!r} is neither true nor false")

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
