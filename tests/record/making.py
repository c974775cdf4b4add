"""Small cases for tests: a few lines of YAML become a record."""

from __future__ import annotations

import tempfile
from pathlib import Path
from textwrap import dedent

from mithaq.record import Record, load_case

SOURCES = """
- {id: paper, publisher: Paper, lang: fr, published: 2006-08-05}
- {id: agency, publisher: Agency, lang: ru, published: 2006-08-15}
- {id: later, publisher: Later, lang: en, published: 2007-12-15}
- {id: undated, publisher: Undated, lang: ar}
- id: guessed
  publisher: Guessed
  lang: ar
  published: 2008-12-17/2008-12-31
  published_basis: inferred
  published_reason: it speaks of the session of 17 December as just over
"""

WORLD = """
- {id: algeria, kind: party, party_kind: state, name: {en: Algeria, ar: الجزائر, ru: Алжир}}
- {id: russia, kind: party, party_kind: state, name: {en: Russia, ar: روسيا, ru: Россия}}
- {id: sonatrach, kind: party, party_kind: company, home: algeria, name: {en: Sonatrach}}
- {id: gazprom, kind: party, party_kind: company, home: russia, name: {en: Gazprom}}
- {id: lukoil, kind: party, party_kind: company, home: russia, name: {en: Lukoil}}
- {id: ministry, kind: party, party_kind: ministry, part_of: russia, name: {en: Ministry}}
"""


def write(folder: Path, blocks: str, *, sources: str = SOURCES, world: str = WORLD) -> Path:
    """A case folder with those blocks beside the parties of :data:`WORLD`."""
    (folder / "case.yaml").write_text("id: little\ntitle: {en: A little case}\n", "utf-8")
    (folder / "sources.yaml").write_text(dedent(sources), "utf-8")
    (folder / "parties.yaml").write_text(dedent(world), "utf-8")
    (folder / "blocks.yaml").write_text(dedent(blocks), "utf-8")
    return folder


def record_of(blocks: str, **kept: str) -> Record:
    """The record of those blocks beside the parties of :data:`WORLD`."""
    with tempfile.TemporaryDirectory() as folder:
        return load_case(write(Path(folder), blocks, **kept))


def memorandum(lines: str, kind: str = "memorandum_of_understanding") -> Record:
    """A record with one agreement, ``mou``, that carries those lines."""
    head = (
        f"- id: mou\n  kind: agreement\n  agreement_kind: {kind}\n  parties: [gazprom, sonatrach]\n"
    )
    body = "".join(f"  {line}\n" for line in dedent(lines).strip().splitlines())
    return record_of(head + body)
