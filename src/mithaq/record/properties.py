"""The declared properties and vocabularies of the record, read from ``data/schema``.

``properties.csv`` says for each subject kind which properties it may carry, of what type, how many,
how two values are compared, and whether a value needs a source; ``vocabulary.csv`` lists the codes.
Reader, writer, checks and contradictions all read these two tables and hold no list of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["KINDS", "Property", "codes", "property_of", "properties", "property_names"]

KINDS = (
    "party",
    "person",
    "agreement",
    "leg",
    "commitment",
    "project",
    "tender",
    "award",
    "presence",
    "meeting",
    "statement",
    "judgement",
)
"""The subject kinds, in the order in which the writer lays them out."""


@dataclass(frozen=True, slots=True)
class Property:
    """One row of the table for one subject kind.

    ``type`` is text, date, code, subject, actor, quantity, share, office or speaker; ``vocabulary``
    names the codes (or, for subjects, the kinds allowed); ``compare`` is none, overlap, interval,
    code, label, office or share; ``order`` is the row, which fixes the canonical order.
    """

    name: str
    type: str
    vocabulary: tuple[str, ...]
    many: bool
    compare: str
    unique: bool
    needs_source: bool
    label: str
    description: str
    order: int


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("mithaq") / "data" / "schema" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def properties() -> Mapping[str, Mapping[str, Property]]:
    """Subject kind -> property name -> :class:`Property`, in the order of the table.

    >>> properties()["agreement"]["signed"].compare
    'overlap'
    """
    table: dict[str, dict[str, Property]] = {kind: {} for kind in KINDS}
    for order, row in enumerate(_rows("properties.csv")):
        declared = Property(
            name=row["property"],
            type=row["type"],
            vocabulary=tuple(row["vocabulary"].split()),
            many=row["cardinality"] == "many",
            compare=row["compare"],
            unique=row["unique"] == "yes",
            needs_source=row["needs_source"] == "yes",
            label=row["label"],
            description=row["description"],
            order=order,
        )
        named = row["subject_kind"].split()
        for kind in KINDS if named == ["any"] else named:
            table[kind][declared.name] = declared
    return table


def property_of(kind: str, name: str) -> Property | None:
    """The declaration of a property for a subject kind, or None where it has none."""
    return properties().get(kind, {}).get(name)


@cache
def property_names() -> frozenset[str]:
    """Every property name that any kind may carry."""
    return frozenset(name for table in properties().values() for name in table)


@cache
def codes(vocabulary: str) -> tuple[str, ...]:
    """The codes of a vocabulary, in the order of the table; empty where there is none.

    >>> codes("judgement")
    ('positive', 'negative', 'unsure')
    """
    return _vocabularies().get(vocabulary, ())


@cache
def _vocabularies() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in _rows("vocabulary.csv"):
        found.setdefault(row["vocabulary"], []).append(row["code"])
    return {name: tuple(listed) for name, listed in found.items()}
