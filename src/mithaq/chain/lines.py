"""Lines and plants that were planned in the base year, ready to be added to the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from mithaq.chain.edits import Edit, edit_from, edits_from_file
from mithaq.chain.reading import nearest
from mithaq.errors import DataError, Problem

__all__ = ["Line", "line_named", "planned_lines"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line or plant: its name by language, what it adds, and on what its figures rest."""

    id: str
    name: Mapping[str, str] = field(hash=False)
    edits: tuple[Edit, ...]
    sources: tuple[str, ...] = ()
    assumptions: Mapping[str, str] = field(default_factory=dict, hash=False)


@cache
def planned_lines() -> tuple[Line, ...]:
    """The lines and plants that ship with the chain of 2010.

    >>> [line.id for line in planned_lines()]
    ['nord-stream', 'medgaz', 'galsi', 'trans-saharan', 'baltic-lng']
    """
    text = (files("mithaq") / "data" / "lines" / "lines.yaml").read_text(encoding="utf-8")
    return tuple(
        Line(
            entry["id"],
            entry["name"],
            tuple(edit_from(edit) for edit in entry["edits"]),
            tuple(entry["sources"]),
            entry["assumptions"],
        )
        for entry in yaml.safe_load(text)
    )


def line_named(name: str) -> Line:
    """The shipped line of that id or name in any language, or the edits in the file of that name.

    Raises DataError where it is neither.
    """
    wanted = name.casefold()
    for line in planned_lines():
        if wanted in (line.id, *(word.casefold() for word in line.name.values())):
            return line
    if Path(name).is_file():
        stem = Path(name).stem
        return Line(
            stem, dict.fromkeys(("ar", "en", "fr", "ru"), stem), tuple(edits_from_file(name))
        )
    known = [line.id for line in planned_lines()]
    what = f"{name!r} is no planned line and no file of edits"
    raise DataError([Problem(column="with", what=what, hint=nearest(name, known))])
