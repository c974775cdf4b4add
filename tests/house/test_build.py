"""What the build stands on: locked versions with hashes, tasks that exist, one version number."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import mithaq

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;\\]+)")


def pins(path: Path) -> dict[str, str]:
    """Package → version of a lock file."""
    return dict(PINNED.findall(path.read_text("utf-8")))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_is_pinned_with_a_hash_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text("utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b] == []
    assert [b.splitlines()[0] for b in blocks if not PINNED.match(b)] == []
    assert "://" not in text
    assert "index" not in text


def test_the_locks_agree() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in pins(lock).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_the_run_lock_holds_every_dependency() -> None:
    declared = project()["project"]["dependencies"]
    names = {re.split(r"[<>=]", item)[0] for item in declared}
    assert names <= set(pins(ROOT / "requirements" / "run.lock"))


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text("utf-8")
    groups = project()["dependency-groups"]
    declared = [name for group in groups.values() for name in group]
    declared += project()["project"]["dependencies"]
    assert [n for n in declared if re.split(r"[<>=]", n)[0] not in page] == []


def test_one_version_number() -> None:
    assert project()["project"]["version"] == mithaq.__version__


def test_the_tasks_that_people_are_told_of_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    told = set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, flags=re.MULTILINE))
    assert {"demo", "test", "check"} <= told <= targets
