"""The index of the log: in which rows a word stands, and which subjects name another.

An entry is ``(what, term)``: ``name``, ``claim`` or ``source`` with a word as the search compares
it (:func:`mithaq.record.search.stems`), ``is subject``, ``is source`` and ``is case`` for the row
that brings one. Entries lie in the table ``terms`` as lists: one line for a term and a batch of
rows, the rows as gaps between growing numbers. A link is ``(value, property, subject)``: the claim
of a row names another subject by a property, or tells a label that may name one subject only. Links
lie in the table ``links``, one line each, so that one range of its key tells who names a party. An
end is the identifier of a claim that the row corrects or retracts; ends lie in the table ``ends``.

Entries, link and ends of a row follow from what the row says and from nothing else, so that
verifying can make them anew. What the databases offer for searching (FTS5, tsvector) was left
alone: it differs between the two, and neither lets one check, row by row, that it answers from the
log alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import sqlalchemy as sql

from mithaq.record.search import LEAST, NAMES, SOURCE_TEXTS, stems
from mithaq.record.store.rows import CLAIM_KINDS, Row
from mithaq.record.store.schema import among, claims, ends, insert, links, listed, terms, up_to
from mithaq.record.values import IDENTIFIER

__all__ = [
    "DROPPED",
    "Postings",
    "ends_of",
    "entries",
    "fill",
    "link_of",
    "numbers",
    "rows_bringing",
    "rows_with",
    "subjects_joining",
    "subjects_naming",
]

LONGEST = 48
"""A longer word is cut to so many letters; what is found is looked at again anyway."""
DROPPED = ("label", "refers")
"""Entries that stores before schema version 6 made; links took their place, and nothing reads
them."""
_LONGEST_VALUE = 200
_TEXTS = ("original", "note", "said_by")
_HASH = re.compile("[0-9a-f]{64}")
_LAST = "\U0010ffff"
_BATCH = 10_000

Entry = tuple[str, str]
Link = tuple[str, str, str]


def entries(kind: str, subject: str, content: Mapping[str, Any]) -> set[Entry]:
    """The entries of a row of that kind, about that subject.

    >>> sorted(entries("source", "paper", {"id": "paper", "publisher": "Le Quotidien"}))
    [('is source', 'paper'), ('source', 'le'), ('source', 'paper'), ('source', 'quotidien')]
    """
    if kind == "case":
        return {("is case", "")}
    if kind in ("source", "subject"):
        texts = [content.get(name) for name in SOURCE_TEXTS] if kind == "source" else []
        return {(f"is {kind}", _cut(subject)), *_words("source", texts)}
    if kind not in CLAIM_KINDS:
        return set()
    name, value = content.get("property"), content.get("value")
    what = "name" if name in NAMES else "claim"
    return set(_words(what, [_told(value), *(content.get(text) for text in _TEXTS)]))


def link_of(kind: str, subject: str, content: Mapping[str, Any]) -> Link | None:
    """The link of a row of that kind, about that subject.

    >>> link_of("claim", "mou", {"property": "parties", "value": "gazprom"})
    ('gazprom', 'parties', 'mou')
    >>> link_of("claim", "mou", {"property": "note", "value": "Signed in Moscow."}) is None
    True
    """
    if kind not in CLAIM_KINDS:
        return None
    name, value = content.get("property"), content.get("value")
    named = value.get("party") if isinstance(value, dict) else value
    if not isinstance(name, str) or not isinstance(named, str):
        return None
    if IDENTIFIER.fullmatch(named) or name == "label":
        return named[:_LONGEST_VALUE], name, subject
    return None


def ends_of(row: Row) -> set[str]:
    """The identifiers of the claims that a row corrects or retracts; no append makes two."""
    return {name for name in (row.corrects, row.retracts) if name and _HASH.fullmatch(name)}


def _cut(term: str) -> str:
    """A term as the index holds it: a database bounds its keys."""
    return term[:LONGEST]


def _words(what: str, texts: Iterable[object]) -> Iterator[Entry]:
    for text in texts:
        if text and isinstance(text, str):
            for stem in stems(text):
                yield what, _cut(stem)


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
    """Entries, links and ends on their way into their tables."""

    def __init__(self) -> None:
        self._rows: dict[Entry, list[int]] = {}
        self._links: list[tuple[str, str, str, int]] = []
        self._ends: list[tuple[str, int]] = []

    def add(self, row: Row) -> None:
        """Take what follows from a row; rows come in order."""
        said = row.kind, row.subject, row.content
        for entry in entries(*said):
            self._rows.setdefault(entry, []).append(row.seq)
        link = link_of(*said)
        if link is not None:
            self._links.append((*link, row.seq))
        self._ends += [(name, row.seq) for name in ends_of(row)]

    def flush(
        self, connection: sql.Connection, tables: Sequence[sql.Table] = (terms, links, ends)
    ) -> None:
        """Write what was gathered for those tables, and begin anew.

        The guards want it before the rows themselves.
        """
        if self._rows and terms in tables:
            lines = [
                (what, term, rows[0], line_of(rows))
                for (what, term), rows in sorted(self._rows.items())
            ]
            insert(connection, terms, lines)
        if self._links and links in tables:
            insert(connection, links, sorted(self._links))
        if self._ends and ends in tables:
            insert(connection, ends, sorted(self._ends))
        self._rows, self._links, self._ends = {}, [], []


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


def fill(connection: sql.Connection, table: sql.Table) -> None:
    """Fill a table that follows from the rows of a log that has none."""
    last = 0
    every = sql.select(claims.c.seq, claims.c.body)
    if table is ends:
        every = every.where(claims.c.corrects.is_not(None) | claims.c.retracts.is_not(None))
    while True:
        query = every.where(claims.c.seq > last)
        part = connection.execute(query.order_by(claims.c.seq).limit(_BATCH)).all()
        if not part:
            return
        postings = Postings()
        for _, body in part:
            postings.add(Row.of(body))
        postings.flush(connection, (table,))
        last = part[-1][0]


# Reading


def rows_with(
    connection: sql.Connection, what: str, words: tuple[str, ...], last: int, *, whole: bool = False
) -> set[int]:
    """The rows up to ``last`` in which every word stands, or begins one (``whole``: stands)."""
    found: set[int] | None = None
    # The longest word is the rarest, as a rule; where nothing is left the others are not read.
    for word in sorted(set(words), key=len, reverse=True):
        stem = _cut(word)
        prefix = len(word) >= LEAST and not whole
        rows = _rows(connection, what, [] if prefix else [stem], stem if prefix else "", last)
        found = rows if found is None else found & rows
        if not found:
            break
    return found or set()


def rows_bringing(
    connection: sql.Connection, kind: str, names: Iterable[str], last: int
) -> set[int]:
    """The latest rows up to ``last`` that bring the subjects, sources or case of those names.

    A long name is told by its beginning: what is found may be more than is asked for.
    """
    found: dict[str, int] = {}
    dialect = connection.dialect.name
    query, given = _bringing(dialect), {"what": f"is {kind}", "last": last}
    every: set[int] = set()
    for part in _parts({_cut(name) for name in names}):
        given["values"] = listed(dialect, part)
        for term, line in connection.execute(query, given).all():
            rows = [n for n in numbers(line) if n <= last]
            if len(term) == LONGEST:
                every.update(rows)
            else:
                found[term] = max(found.get(term, 0), *rows)
    return every.union(found.values())


def subjects_naming(
    connection: sql.Connection, values: Iterable[str], last: int, *by: str
) -> dict[str, set[str]]:
    """Value -> the subjects of which a row up to ``last`` tells it (by one of those properties)."""
    found: dict[str, set[str]] = {}
    cut: dict[str, list[str]] = {}
    for value in values:
        cut.setdefault(value[:_LONGEST_VALUE], []).append(value)
    dialect = connection.dialect.name
    query = _naming(dialect, by)
    for part in _parts(cut):
        given = {"values": listed(dialect, part), "last": last}
        for held, subject in connection.execute(query, given).all():
            for value in cut[held]:
                found.setdefault(value, set()).add(subject)
    return found


def subjects_joining(
    connection: sql.Connection, side: Iterable[str], other: Iterable[str], last: int
) -> set[str]:
    """The subjects of which rows up to ``last`` tell a value of one side and one of the other."""
    dialect = connection.dialect.name
    given = {
        name: listed(dialect, sorted({value[:_LONGEST_VALUE] for value in values}))
        for name, values in (("side", side), ("other", other))
    }
    return set(connection.execute(_joining(dialect), {**given, "last": last}).scalars())


# Statements are made once: a question about a partnership comes to two dozen.


@cache
def _bringing(dialect: str) -> sql.Select[Any]:
    told = terms.c.what == sql.bindparam("what"), terms.c.first <= sql.bindparam("last")
    return sql.select(terms.c.term, terms.c.rows).where(*told, among(dialect, terms.c.term))


@cache
def _naming(dialect: str, by: tuple[str, ...]) -> sql.Executable:
    query = sql.select(links.c.value, links.c.subject)
    query = query.where(up_to(dialect, links.c.seq), among(dialect, links.c.value))
    query = query.group_by(links.c.value, links.c.property, links.c.subject)
    if not by:
        return query
    # One by one: of several properties PostgreSQL would go through all that names a value.
    return sql.union(*(query.where(links.c.property == name) for name in by))


@cache
def _joining(dialect: str) -> sql.CompoundSelect[Any]:
    told = (
        sql.select(links.c.subject).where(
            up_to(dialect, links.c.seq), among(dialect, links.c.value, name)
        )
        for name in ("side", "other")
    )
    return sql.intersect(*told)


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(values)
    return (wanted[start : start + _PART] for start in range(0, len(wanted), _PART))


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
