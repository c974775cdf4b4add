"""Small made-up records with partnerships, judgements, labels and people, by seed."""

from __future__ import annotations

from benchmarks.made import parts
from mithaq.record import Case, Record
from mithaq.record.store import Store


def made_record(seed: int, claims: int = 1600) -> Record:
    """A record of about two hundred subjects with eight claims each."""
    told = list(parts(claims, seed, each=8))
    sources = [source for part in told for source in part.sources]
    subjects = [subject for part in told for subject in part.subjects]
    claimed = dict.fromkeys(claim for part in told for claim in part.claims)
    return Record(Case(f"made-{seed}"), sources, subjects, claimed)


def keep(store: Store, record: Record) -> None:
    """Append all of it."""
    store.append(
        record.claims,
        sources=record.sources.values(),
        subjects=record.subjects(),
        case=record.case,
        by="tester",
    )
