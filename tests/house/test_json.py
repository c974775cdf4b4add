"""The page on JSON and what the commands print agree, key by key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mithaq.cli import run

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| ?(.*?) ?\|$", flags=re.MULTILINE)
CASE = "algeria-russia"
ASKED = {
    "cases": ["cases"],
    "state": ["state", CASE, "--at", "2009-06-01"],
    "timeline": ["timeline", CASE],
    "check": ["check", CASE, "--quality"],
    "deadlines": ["deadlines", "--at", "2026-11-22", "--within", "1d"],
    "who": ["who", "وسوناطراك"],
    "balance": ["balance", CASE, "--between", "Algeria", "Russia", "--at", "2008-12-31"],
    "calibrate": ["calibrate", "2010", "--recipe", "full"],
    "market": ["market", CASE],
    "chain check": ["chain", "check", "2010"],
    "chain show": ["chain", "show", "2010", "nodes"],
    "find": ["find", "Gazprom"],
    "forum": ["forum", CASE, "--members", "Russia,Algeria", "--draws", "8", "--every"],
    "power": ["power", CASE, "--players", "Russia,Ukraine", "--with", "nord-stream"],
    "bargain": ["bargain", CASE, "revived-partnership"],
    "together": [
        "together",
        CASE,
        "revived-partnership:production",
        "revived-partnership:marketing",
    ],
    "uncertain": ["uncertain", CASE, "revived-partnership", "--draws", "8"],
    "worth": ["worth", CASE, "gazprom-sonatrach-mou-2006"],
}
SLOW = {"bargain", "uncertain", "worth"}


def told(command: str) -> dict[str, str]:
    """Key → meaning, from the section of a command."""
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(f"{command}\n")]
    return dict(ROW.findall(text))


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths to what holds no further keys; a list is a step of its own."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, (*path, "[]"))
    else:
        yield path


def steps(key: str) -> tuple[str, ...]:
    return tuple(part for word in key.split(".") for part in word.replace("[]", ".[]").split("."))


def meets(path: tuple[str, ...], key: tuple[str, ...]) -> bool:
    """Whether a printed path is the told key, or an empty or null thing on the way to it."""
    return len(path) <= len(key) and all(
        a == b or b.startswith("{") for a, b in zip(path, key, strict=False)
    )


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=pytest.mark.slow) if c in SLOW else c for c in ASKED],
)
def test_every_key_is_documented_and_every_documented_key_is_there(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*ASKED[command], "--json"]) == 0
    printed = set(leaves(json.loads(capsys.readouterr().out)))
    keys = {key: steps(key) for key in told(command)}
    unknown = [p for p in printed if not any(meets(p, key) for key in keys.values())]
    assert sorted(unknown) == []
    absent = [
        name
        for name, key in keys.items()
        if "if any" not in told(command)[name] and not any(meets(p, key) for p in printed)
    ]
    assert absent == []
