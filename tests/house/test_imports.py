"""The order of the rooms, as the contracts in pyproject.toml state it."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

# What a room may use of the public face: nothing. These are the doors of the house, not rooms.
DOORS = {"mithaq.__main__", "mithaq.cli"}


def test_the_contracts_of_the_house_hold(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    status = lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_no_room_imports_the_public_face() -> None:
    graph = grimp.build_graph("mithaq", cache_dir=None)
    users = graph.find_modules_that_directly_import("mithaq")
    assert users <= DOORS, f"{sorted(users - DOORS)} should import from the room itself"


def test_the_graph_sees_the_rooms() -> None:
    graph = grimp.build_graph("mithaq", cache_dir=None)
    assert {"mithaq.errors", "mithaq.record", "mithaq.equilibrium"} <= graph.modules
