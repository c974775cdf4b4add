"""The index of the log: in which rows a word stands, and which rows name a subject.

An entry is ``(what, term)``: ``name``, ``claim`` or ``source`` with a word as the search compares
it (:func:`mithaq.record.search.stems`), ``refers`` with the id of a subject that a value names,
``label`` with a label that may name one subject only, ``is subject``, ``is source`` and ``is case``
for the row that brings one. The entries of a row
follow from what the row says and from nothing else, so that verifying can make them anew. They lie
in the table ``terms`` as lists: one line for a term and a batch of rows, the rows as gaps between
growing numbers. What the databases offer for searching (FTS5, tsvector) was left alone: it differs
between the two, and neither lets one check, row by row, that it answers from the log alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

import sqlalchemy as sql

from mithaq.record.search import LEAST, NAMES, SOURCE_TEXTS, stems
from mithaq.record.store.rows import CLAIM_KINDS, Row
from mithaq.record.store.schema import among, claims, insert, terms
from mithaq.record.values import IDENTIFIER

__all__ = ["Postings", "entries", "fill", "numbers", "rows_naming", "rows_with", "shortened"]

LONGEST = 48
"""A longer word is cut to so many letters; what is found is looked at again anyway."""
_TEXTS = ("original", "note", "said_by")
_LAST = "\U0010ffff"
_BATCH = 10_000

Entry = tuple[str, str]


def entries(kind: str, subject: str, content: Mapping[str, Any]) -> set[Entry]:
    """The entries of a row of that kind, about that subject.

    >>> sorted(entries("source", "paper", {"id": "paper", "publisher": "Le Quotidien"}))
    [('is source', 'paper'), ('source', 'le'), ('source', 'paper'), ('source', 'quotidien')]
    """
    if kind == "case":
        return {("is case", "")}
    if kind in ("source", "subject"):
        texts = [content.get(name) for name in SOURCE_TEXTS] if kind == "source" else []
        return {(f"is {kind}", shortened(subject)), *_words("source", texts)}
    if kind not in CLAIM_KINDS:
        return set()
    name, value = content.get("property"), content.get("value")
    what = "name" if name in NAMES else "claim"
    found = set(_words(what, [_told(value), *(content.get(text) for text in _TEXTS)]))
    named = value.get("party") if isinstance(value, dict) else value
    if isinstance(named, str) and IDENTIFIER.fullmatch(named):
        found.add(("refers", shortened(named)))
    if name == "label" and isinstance(value, str):
        found.add(("label", shortened(value)))
    return found


def shortened(term: str) -> str:
    """A term as the index holds it: a database bounds its keys."""
    return term[:LONGEST]


def _words(what: str, texts: Iterable[object]) -> Iterator[Entry]:
    for text in texts:
        if text and isinstance(text, str):
            for stem in stems(text):
                yield what, shortened(stem)


def _told(value: Any) -> str:
    """The value as :attr:`mithaq.record.claims.Claim.text` tells it, as far as its words go."""
    if isinstance(value, dict):
        about = "about" if value.get("about") else ""
        names = ("number", "unit") if "number" in value else ("role", "party", "percent")
        told = " ".join(str(value[name]) for name in names if value.get(name))
        return f"{about} {told} {'of' if value.get('role') and value.get('party') else ''}"
    return value if isinstance(value, str) else ""


# Writing


class Postings:
    """Entries on their way into the table, gathered by term."""

    def __init__(self) -> None:
        self._rows: dict[Entry, list[int]] = {}

    def add(self, seq: int, kind: str, subject: str, content: Mapping[str, Any]) -> None:
        """Take the entries of a row; rows come in order."""
        for entry in entries(kind, subject, content):
            self._rows.setdefault(entry, []).append(seq)

    def flush(self, connection: sql.Connection) -> None:
        """Write what was gathered. The guard wants it before the rows themselves."""
        if self._rows:
            lines = [
                (what, term, rows[0], line_of(rows))
                for (what, term), rows in sorted(self._rows.items())
            ]
            insert(connection, terms, lines)
            self._rows = {}


def line_of(rows: list[int]) -> str:
    """Growing numbers as one text: the first, then the gaps.

    >>> line_of([7, 8, 12]), numbers("7 1 4")
    ('7 1 4', [7, 8, 12])
    """
    gaps = (str(b - a) for a, b in zip([0, *rows], rows, strict=False))
    return " ".join(gaps)


def numbers(line: str) -> list[int]:
    """The numbers of their text. Raises ValueError where it is none."""
    return list(accumulate(map(int, line.split(" "))))


def fill(connection: sql.Connection) -> None:
    """Make the index of a log that has none."""
    last = 0
    while True:
        query = sql.select(claims.c.seq, claims.c.body).where(claims.c.seq > last)
        part = connection.execute(query.order_by(claims.c.seq).limit(_BATCH)).all()
        if not part:
            return
        postings = Postings()
        for seq, body in part:
            row = Row.of(body)
            postings.add(seq, row.kind, row.subject, row.content)
        postings.flush(connection)
        last = part[-1][0]


# Reading


def rows_with(
    connection: sql.Connection, what: str, words: tuple[str, ...], last: int, *, whole: bool = False
) -> set[int]:
    """The rows up to ``last`` in which every word stands, or begins one (``whole``: stands)."""
    found: set[int] | None = None
    # The longest word is the rarest, as a rule; where nothing is left the others are not read.
    for word in sorted(set(words), key=len, reverse=True):
        stem = shortened(word)
        prefix = len(word) >= LEAST and not whole
        rows = _rows(connection, what, [] if prefix else [stem], stem if prefix else "", last)
        found = rows if found is None else found & rows
        if not found:
            break
    return found or set()


def rows_naming(
    connection: sql.Connection, what: str, names: Iterable[str], last: int
) -> dict[str, set[int]]:
    """Name -> the rows up to ``last`` that name it (``what``: refers or label)."""
    found: dict[str, set[int]] = {}
    wanted = sorted({shortened(name) for name in names})
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        query = sql.select(terms.c.term, terms.c.rows)
        wanted_here = among(connection, terms.c.term, part)
        query = query.where(terms.c.what == what, wanted_here, terms.c.first <= last)
        for term, line in connection.execute(query).all():
            found.setdefault(term, set()).update(n for n in numbers(line) if n <= last)
    return found


_PART = 2000


def _rows(
    connection: sql.Connection, what: str, whole: list[str], prefix: str, last: int
) -> set[int]:
    query = sql.select(terms.c.rows).where(terms.c.what == what, terms.c.first <= last)
    if prefix:
        query = query.where(terms.c.term >= prefix, terms.c.term <= prefix + _LAST)
    else:
        query = query.where(terms.c.term.in_(whole))
    found: set[int] = set()
    for line in connection.execute(query).scalars().all():
        found.update(numbers(line))
    return {n for n in found if n <= last} if found and max(found) > last else found
