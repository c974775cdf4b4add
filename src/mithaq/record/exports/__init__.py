"""The record for other programs: FollowTheMoney, Open Contracting, tables, JSON Lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mithaq.record.record import Record

__all__ = ["FORMATS", "export"]


def _ftm(record: Record, out: Path) -> list[Path]:
    from mithaq.record.exports.ftm import write_ftm

    return write_ftm(record, out)


def _ocds(record: Record, out: Path) -> list[Path]:
    from mithaq.record.exports.ocds import write_ocds

    return write_ocds(record, out)


def _csv(record: Record, out: Path) -> list[Path]:
    from mithaq.record.exports.tables import write_csv

    return write_csv(record, out)


def _parquet(record: Record, out: Path) -> list[Path]:
    from mithaq.record.exports.tables import write_parquet

    return write_parquet(record, out)


def _lines(record: Record, out: Path) -> list[Path]:
    from mithaq.record.exports.lines import write_lines

    with out.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(write_lines(record))
    return [out]


FORMATS: dict[str, Callable[[Record, Path], list[Path]]] = {
    "ftm": _ftm,
    "ocds": _ocds,
    "csv": _csv,
    "parquet": _parquet,
    "jsonl": _lines,
}
"""How each form is written: ftm, csv and parquet into a folder, ocds and jsonl into a file."""


def export(record: Record, to: str, out: Path) -> list[Path]:
    """Write a record in another form and return the files written.

    ``to`` is a key of :data:`FORMATS`. Raises KeyError where it is none, OSError where ``out``
    cannot be written.
    """
    return FORMATS[to](record, Path(out))
