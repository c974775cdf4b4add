"""Flat tables of a record with a data dictionary, as CSV or as Parquet files of one folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Office, Quantity, Share
from mithaq.record.quality import origin
from mithaq.record.record import Record
from mithaq.words.dates import Edtf

__all__ = ["dictionary", "tables", "write_csv", "write_parquet"]

_TEXT, _NUMBER, _DAY, _FLAG = "text", "number", "day", "flag"
_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "subjects": {
        "subject": (_TEXT, "identifier of the subject"),
        "kind": (_TEXT, "kind of subject"),
        "name_en": (_TEXT, "its name in English, else in any language"),
        "name_ar": (_TEXT, "its name in Arabic, else in English"),
        "name_fr": (_TEXT, "its name in French, else in English"),
        "name_ru": (_TEXT, "its name in Russian, else in English"),
    },
    "sources": {
        "source": (_TEXT, "identifier of the source"),
        "publisher": (_TEXT, "who published it"),
        "published": (_TEXT, "when, as EDTF; empty: not known"),
        "published_first": (_DAY, "first day on which it may have been published"),
        "published_last": (_DAY, "last day on which it may have been published"),
        "published_basis": (_TEXT, "stated or inferred"),
        "lang": (_TEXT, "language of the source"),
        "url": (_TEXT, "address"),
        "title": (_TEXT, "title"),
        "derived_from": (_TEXT, "the source that it copies or retells"),
        "origin": (_TEXT, "the far end of that chain: one independent source"),
    },
    "claims": {
        "claim": (_TEXT, "content identifier: SHA-256 of what the claim says"),
        "subject": (_TEXT, "identifier of the subject"),
        "property": (_TEXT, "property of the subject"),
        "value": (_TEXT, "the value as text; dates as EDTF; empty where nothing was found"),
        "language": (_TEXT, "language of a text value, or of the source's words"),
        "first": (_DAY, "first day that a date may mean; empty where open"),
        "last": (_DAY, "last day that a date may mean; empty where open"),
        "low": (_NUMBER, "lower printed number of a figure or share"),
        "high": (_NUMBER, "upper printed number of a figure or share"),
        "number": (_TEXT, "the figure as printed: precision, bound or interval"),
        "unit": (_TEXT, "unit of a figure; % for a share"),
        "measures": (_TEXT, "what a figure measures"),
        "about": (_FLAG, "whether the source says about"),
        "party": (_TEXT, "party of a share or of an office"),
        "role": (_TEXT, "role of an office"),
        "valid": (_TEXT, "when it was so, as EDTF; empty: not told"),
        "valid_first": (_DAY, "first day of that time; empty where open"),
        "valid_last": (_DAY, "last day of that time; empty where open"),
        "polarity": (_TEXT, "affirmed, denied or not_found"),
        "modality": (_TEXT, "actual, planned or proposed"),
        "basis": (_TEXT, "reported or inferred"),
        "rank": (_TEXT, "preferred, normal or deprecated"),
        "source": (_TEXT, "identifier of the source; empty: unsourced"),
        "locator": (_TEXT, "page or characters within the source"),
        "said_by": (_TEXT, "whom the source quotes"),
        "searched": (_TEXT, "what was searched where nothing was found"),
        "original": (_TEXT, "the words of the source"),
        "reason": (_TEXT, "why this rank or this inference"),
        "by": (_TEXT, "who decided"),
        "note": (_TEXT, "editorial note"),
    },
}
_TYPES = {_TEXT: "string", _NUMBER: "float64", _DAY: "object", _FLAG: "boolean"}


def tables(record: Record) -> dict[str, pd.DataFrame]:
    """The tables by name: subjects, sources, claims and the dictionary of their columns."""
    rows: dict[str, list[dict[str, Any]]] = {
        "subjects": [
            {"subject": s.id, "kind": s.kind}
            | {f"name_{lang}": record.name(s.id, lang) for lang in ("en", "ar", "fr", "ru")}
            for s in record.subjects()
        ],
        "sources": [_source(record, source) for source in record.sources],
        "claims": [_claim(claim) for claim in record.claims],
    }
    found = {name: _frame(name, listed) for name, listed in rows.items()}
    return {**found, "dictionary": dictionary()}


def dictionary() -> pd.DataFrame:
    """What each column of each table means: table, column, type, meaning."""
    rows = [
        (table, column, kind, meaning)
        for table, columns in _COLUMNS.items()
        for column, (kind, meaning) in columns.items()
    ]
    return pd.DataFrame(rows, columns=["table", "column", "type", "meaning"], dtype="string")


def write_csv(record: Record, folder: Path) -> list[Path]:
    """Write the tables as CSV files (UTF-8, RFC 4180) into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, frame in tables(record).items():
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\r\n")
        made.append(path)
    return made


def write_parquet(record: Record, folder: Path) -> list[Path]:
    """Write the tables as Parquet files into a folder; returns the files.

    Raises DataError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        hint = "pip install 'mithaq[files]'"
        raise DataError([Problem(what="Parquet files need pyarrow", hint=hint)]) from None
    folder.mkdir(parents=True, exist_ok=True)
    arrow = {_TEXT: pa.string(), _NUMBER: pa.float64(), _DAY: pa.date32(), _FLAG: pa.bool_()}
    made = []
    for name, frame in tables(record).items():
        told = _COLUMNS.get(name, dict.fromkeys(frame.columns, (_TEXT, "")))
        shape = pa.schema(
            [pa.field(c, arrow[kind], metadata={"meaning": m}) for c, (kind, m) in told.items()]
        )
        path = folder / f"{name}.parquet"
        parquet.write_table(pa.Table.from_pandas(frame, shape, preserve_index=False), path)
        made.append(path)
    return made


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = _COLUMNS[name]
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({column: _TYPES[kind] for column, (kind, _) in columns.items()})


def _source(record: Record, name: str) -> dict[str, Any]:
    source = record.sources[name]
    plain = {key: value for key, value in source.to_dict().items() if key in _COLUMNS["sources"]}
    days = _days(source.published, "published_")
    return plain | days | {"source": name, "origin": origin(record, name)}


def _claim(claim: Claim) -> dict[str, Any]:
    plain: dict[str, Any] = {
        key: value for key, value in claim.content().items() if key in _COLUMNS["claims"]
    }
    value = claim.value
    plain |= {"claim": claim.identifier, "value": claim.text} | _days(claim.valid, "valid_")
    if isinstance(value, Edtf):
        plain |= _days(value, "")
    elif isinstance(value, Quantity):
        plain |= {"unit": value.unit, "measures": value.measures, "about": value.about}
        plain |= {"number": value.number, "low": value.low, "high": value.high}
    elif isinstance(value, Share):
        plain |= {"party": value.party, "number": value.percent, "unit": "%"}
        plain |= {"low": value.quantity.low, "high": value.quantity.high}
    elif isinstance(value, Office):
        plain |= {"party": value.party, "role": value.role}
    return {key: None if item == "" else item for key, item in plain.items()}


def _days(when: Edtf | None, prefix: str) -> dict[str, date | None]:
    if when is None:
        return {}
    first = None if when.first == date.min else when.first
    last = None if when.last == date.max else when.last
    return {f"{prefix}first": first, f"{prefix}last": last}
