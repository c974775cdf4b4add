"""Looking at the log through two clocks: which rows were known and had begun then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from mithaq.record.claims import Claim
from mithaq.record.known import as_of
from mithaq.record.record import Record
from mithaq.record.store.reading import Entry
from mithaq.record.store.rows import CLAIM_KINDS, canonical
from mithaq.record.store.unread import claims_in

__all__ = ["seen"]


def seen(
    entries: Sequence[Entry],
    record: Record,
    *,
    at: date | None = None,
    known: date | None = None,
) -> list[Entry]:
    """The rows of a history, the oldest first, as far as the clocks let them be seen.

    ``record`` is what the store holds: it knows every subject and source that the rows name.
    ``known`` and ``at`` leave out claims as :func:`mithaq.record.known.as_of` does, the withdrawn
    ones too.
    """
    if at is None and known is None:
        return list(entries)
    told = {
        entry.row.seq: _claim(entry, record.subject(entry.row.subject).kind)
        for entry in entries
        if entry.row.kind in CLAIM_KINDS
    }
    kept = set(as_of(record.with_claims(told.values()), at=at, known=known).claims)
    return [e for e in entries if e.row.seq not in told or told[e.row.seq] in kept]


def _claim(entry: Entry, kind: str) -> Claim:
    return claims_in([canonical(entry.row.body()).decode("utf-8")], kind)[0]
