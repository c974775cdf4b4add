"""The commands of the how-to page on chains do what the page says."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from mithaq.cli import run

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "bring-your-own-chain.md"
DATA = Path(__file__).parent / "data"
WRITTEN = {
    "my-chain/README.md",
    "my-chain/fields.csv",
    "their-chain/pipelines.csv",
    "other-chain/markets.csv",
    "result.xlsx",
}


def test_the_commands_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    commands = [line.strip() for line in lines if line.startswith("    mithaq ")]
    assert len(commands) >= 7
    shutil.copytree(DATA / "scigrid", tmp_path / "data")
    shutil.copytree(DATA / "pypsa", tmp_path / "exported")
    monkeypatch.chdir(tmp_path)
    for command in commands:
        assert run(shlex.split(command)[1:]) == 0, f"{command}: {capsys.readouterr().err}"
        assert capsys.readouterr().out.strip(), command
    assert [name for name in sorted(WRITTEN) if not (tmp_path / name).exists()] == []
