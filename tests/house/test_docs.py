"""Docs that cannot drift: reference in step with the code, links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mithaq
from mithaq.chain.schema import table_schema
from scripts import docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_reference_is_what_the_code_would_write() -> None:
    assert docs.faults() == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [t for t in LINK.findall(page.read_text("utf-8")) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md", ROOT / "docs" / "index.md"]
    while ahead:
        page = ahead.pop().resolve()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        ahead += [page.parent / target for target in LINK.findall(page.read_text("utf-8"))]
    assert [named(page) for page in PAGES if page not in seen] == ["CONTRIBUTING.md"]


@pytest.mark.parametrize("name", mithaq.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    assert (getattr(mithaq, name).__doc__ or "").strip()


def test_public_names_are_those_that_are_listed() -> None:
    assert sorted(mithaq.__all__) == mithaq.__all__
    assert set(mithaq.__all__) <= set(dir(mithaq))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mithaq.nothing  # type: ignore[attr-defined]


def test_the_duopoly_of_the_readme_has_at_most_twelve_lines() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (block,) = [b for b in blocks if "from_tables" in b]
    code = [line for line in block.splitlines() if line.startswith((">>>", "..."))]
    assert len(code) <= 12


@pytest.mark.parametrize("page", ["theory", "through-time"])
def test_every_symbol_leads_to_its_column_and_its_code(page: str) -> None:
    """Rows of the table of symbols: columns stand in the schema, names stand in the code."""
    text = (ROOT / "docs" / "explanation" / f"{page}.md").read_text("utf-8")
    rows = re.search(r"\| symbol \|.*?\n\|---.*?\n(.*?)\n\n", text, flags=re.DOTALL)
    assert rows is not None
    for line in rows[1].splitlines():
        _, symbol, _, _, columns, code, _ = line.split("|")
        told = re.findall(r"\[`(\w+)\.(\w+)`\]\(../reference/tables.md#(\w+)\)", columns)
        assert told, symbol
        for table, column, anchor in told:
            assert anchor == table
            assert column in table_schema(table).attributes
        names = re.findall(r"\[`(\w+)`\]\((\S+?)\)", code)
        assert names, symbol
        for name, target in names:
            source = (ROOT / "docs" / "explanation" / target).read_text("utf-8")
            assert re.search(rf"\b{name}\b", source), (symbol, name)
