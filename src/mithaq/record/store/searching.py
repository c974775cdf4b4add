"""Searching a store through its index: the same answers as of the loaded record, without loading.

The index says in which rows the words stand; those rows, and no others, are made into a record,
which the search of :mod:`mithaq.record.search` then goes through. So what is found, in which words
and in which order, is decided in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mithaq.record.known import is_known, seen_by
from mithaq.record.record import Record
from mithaq.record.search import KINDS_OF_HIT, Found, Hit, matching, other_names, queries, stems
from mithaq.record.store.index import rows_with
from mithaq.record.store.reading import Log

__all__ = ["named", "search"]

_STEP = 400


def named(log: Log, words: str) -> Record:
    """The claims on every subject that has a name with all those words, and no other word."""
    rows = rows_with(log.connection, "name", stems(words), log.last, whole=True)
    told = log.part(log.bodies("seq", rows))
    wanted = sorted(stems(words))
    bearers = {c.subject for c in told.unordered() if sorted(stems(c.text)) == wanted}
    return log.part(log.bodies("subject", bearers))


def search(
    log: Log,
    words: str,
    at: date | None,
    known: date | None,
    cross_script: bool,
    limit: int | None,
) -> Found:
    """Every name, claim and source in which all the words stand, up to the limit.

    Where there are more, those that were recorded first of each kind are told. Raises DataError
    where there is no word to look for.
    """
    asked = queries(words)
    if cross_script:
        asked = queries(words, other_names(seen_by(named(log, words), known, at), words))
    hits: list[Hit] = []
    for what in KINDS_OF_HIT:
        rows: set[int] = set()
        for wanted in asked:
            rows |= rows_with(log.connection, what, wanted, log.last)
        hits += _of_kind(log, what, sorted(rows), asked, at, known, limit, len(hits))
        if limit is not None and len(hits) > limit:
            return Found(tuple(hits[:limit]), True)
    return Found(tuple(hits))


Asked = Mapping[tuple[str, ...], str]


def _of_kind(
    log: Log,
    what: str,
    rows: list[int],
    asked: Asked,
    at: date | None,
    known: date | None,
    limit: int | None,
    have: int,
) -> list[Hit]:
    """The hits of one kind among those rows, in canonical order; enough of them to pass the limit.

    A common word stands in half of the log: its rows are looked at in steps, the oldest first.
    """
    step = _STEP if limit is not None else max(len(rows), 1)
    kept: list[int] = []
    found: set[Hit] = set()
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        new = set(_hits(log, what, part, asked, at, known))
        if new:
            found |= new
            kept += part
        if limit is not None and have + len(found) > limit:
            break
    return _hits(log, what, kept, asked, at, known) if kept else []


def _hits(
    log: Log, what: str, rows: list[int], asked: Asked, at: date | None, known: date | None
) -> list[Hit]:
    if what == "source":
        told = log.part([], sources=log.about(rows).values())
        hits = matching(told, asked)
        return [h for h in hits if known is None or is_known(told.source(h.source), known)]
    told = seen_by(log.part(log.bodies("seq", rows)), known, at)
    return [hit for hit in matching(told, asked) if hit.what == what]
