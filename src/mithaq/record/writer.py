"""Writing a record: the canonical form, which reads back as the same record.

One file a subject kind, subjects by id, properties in the order of the table, values in canonical
order; claims that differ in nothing but their source share one item. Writing what was read from a
canonical folder gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import (
    Basis,
    Claim,
    Modality,
    Office,
    Place,
    Polarity,
    Quantity,
    Rank,
    Share,
    Value,
)
from mithaq.record.properties import KINDS, property_of
from mithaq.record.record import Record

__all__ = ["canonical", "item_text", "write_case"]

_FILES = {kind: f"{kind}s.yaml" for kind in KINDS} | {
    "party": "parties.yaml",
    "person": "people.yaml",
    "presence": "presences.yaml",
}
_PLAIN = re.compile(r"[^\W_][\w./+-]*(?: [\w./()+%-]+)*", re.UNICODE)
_DEFAULTS: Mapping[str, str] = {
    "capacity": "capacity",
    "cost": "cost",
    "amount": "contract_value",
    "term": "term",
    "notice": "notice",
    "duration": "duration",
}


def write_case(record: Record, folder: Path) -> None:
    """Write the canonical files of a record into a folder, which is made where it is missing.

    Files of other names are left alone. Raises OSError where the folder cannot be written,
    DataError where a YAML file in it would stay and be read as part of the case; then nothing was
    written.
    """
    files = canonical(record)
    hint = "it would stay and be read as part of the case; remove it, or name another folder"
    stale = sorted(path.name for path in folder.glob("*.y*ml") if path.name not in files)
    if stale:
        raise DataError(
            [Problem(str(folder / n), what="not of this record", hint=hint) for n in stale]
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def canonical(record: Record) -> dict[str, str]:
    """The canonical files of a record: file name -> text."""
    files = {"case.yaml": _case(record), "sources.yaml": _sources(record)}
    for kind in KINDS:
        blocks = [_block(record, s.id, kind) for s in record.subjects(kind)]
        if blocks:
            files[_FILES[kind]] = "\n".join(blocks)
    return files


def _case(record: Record) -> str:
    case = record.case
    lines = [f"id: {_scalar(case.id)}"]
    for name, texts in (("title", case.title), ("description", case.description)):
        if texts:
            lines.append(f"{name}:")
            lines += [f"  {lang}: {_scalar(texts[lang])}" for lang in sorted(texts)]
    if case.states:
        lines.append(f"states: {_flow(list(case.states))}")
    return "\n".join(lines) + "\n"


def _sources(record: Record) -> str:
    blocks = []
    for source in record.sources.values():
        plain = source.to_dict()
        if plain.get("published_basis") == "stated":
            del plain["published_basis"]
        pairs = [f"{key}: {_scalar(value)}" for key, value in plain.items()]
        blocks.append("- " + "\n  ".join(pairs) + "\n")
    return "\n".join(blocks) or "[]\n"


def _block(record: Record, subject: str, kind: str) -> str:
    lines = [f"- id: {_scalar(subject)}", f"  kind: {kind}"]
    by_property: dict[str, list[Claim]] = {}
    for claim in record.claims_of(subject):
        by_property.setdefault(claim.property, []).append(claim)
    for name in sorted(by_property, key=lambda n: _order(kind, n)):
        lines += _property(name, by_property[name])
    return "\n".join(lines) + "\n"


def _order(kind: str, name: str) -> int:
    declared = property_of(kind, name)
    return declared.order if declared else -1


def _property(name: str, claims: list[Claim]) -> list[str]:
    items = _items(claims)
    if all(set(item) == {"value"} for item, _ in items):
        values = [item["value"] for item, _ in items]
        return [f"  {name}: {_flow(values[0] if len(values) == 1 else values)}"]
    if all(set(item) == {"value", "language"} for item, _ in items):
        by_language: dict[str, list[Any]] = {}
        for item, _ in items:
            by_language.setdefault(item["language"], []).append(item["value"])
        texts = {lang: v[0] if len(v) == 1 else v for lang, v in sorted(by_language.items())}
        return [f"  {name}: {_flow(texts)}"]
    return [f"  {name}:", *(f"    - {_flow(item)}" for item, _ in items)]


def _items(claims: Iterable[Claim]) -> list[tuple[dict[str, Any], Claim]]:
    """Items in canonical order; claims that differ only in source and locator share one."""
    groups: dict[Claim, list[Claim]] = {}
    for claim in claims:
        key = replace(claim, source="", locator="", where=Place())
        # An unsourced claim stays apart: an item with sources has no place for it.
        key = replace(key, note=key.note + "\0") if not claim.source else key
        groups.setdefault(key, []).append(claim)
    return [(_item(group[0], group), group[0]) for group in groups.values()]


def _item(claim: Claim, group: list[Claim]) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if claim.value is not None:
        item["value"] = _value(claim.property, claim.value)
    if claim.valid is not None:
        item["valid"] = claim.valid.text
    defaults = (
        ("polarity", Polarity.AFFIRMED),
        ("modality", Modality.ACTUAL),
        ("basis", Basis.REPORTED),
        ("rank", Rank.NORMAL),
    )
    for name, default in defaults:
        if getattr(claim, name) is not default:
            item[name] = getattr(claim, name).value
    for name in ("said_by", "searched", "language", "original", "reason", "by", "note"):
        if getattr(claim, name):
            item[name] = getattr(claim, name)
    sources = [_source(c) for c in sorted(group, key=lambda c: (c.source, c.locator)) if c.source]
    if sources:
        item["sources"] = sources
    return item


def item_text(claim: Claim, parts: Mapping[str, str], without: str = "") -> str:
    """One claim as an item in flow form, with parts written as given, one part left out."""
    item = {key: _flow(value) for key, value in _item(claim, [claim]).items() if key != without}
    return "{" + ", ".join(f"{key}: {text}" for key, text in {**item, **parts}.items()) + "}"


def _source(claim: Claim) -> str | dict[str, str]:
    if claim.locator:
        return {"id": claim.source, "locator": claim.locator}
    return claim.source


def _value(name: str, value: Value) -> Any:
    if isinstance(value, Quantity):
        plain: dict[str, Any] = {"number": value.number, "unit": value.unit}
        if value.measures != _DEFAULTS.get(name):
            plain["measures"] = value.measures
        if value.about:
            plain["about"] = "true"
        return plain
    if isinstance(value, Share):
        return {"party": value.party, "percent": value.percent}
    if isinstance(value, Office):
        return {"party": value.party, "role": value.role} if value.party else {"role": value.role}
    return str(value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    """A plain scalar where that is safe in every place, else a quoted one."""
    if _PLAIN.fullmatch(text):
        return text
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    code = ord(letter)
    if letter.isprintable() and code != 0xFEFF:
        return letter
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
