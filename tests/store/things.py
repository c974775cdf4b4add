"""Small things to record: two sources, two parties, an agreement, claims about it."""

from __future__ import annotations

from typing import Any

from mithaq.record import Claim, Source, Subject
from mithaq.record.store import Added, Store
from mithaq.words.dates import parse

SOURCES = (
    Source("paper", "Paper", "fr", published=parse("2006-08-05")),
    Source("agency", "Agency", "ru", published=parse("2007-12-15")),
)
SUBJECTS = (
    Subject("gazprom", "party"),
    Subject("sonatrach", "party"),
    Subject("mou", "agreement"),
)


def signed(day: str, source: str = "paper", **more: Any) -> Claim:
    """A claim on the day of signature."""
    return Claim("mou", "signed", parse(day), source=source, **more)


def numbered(number: int, writer: int = 0) -> Claim:
    """A claim that no other number or writer gives."""
    return Claim("mou", "note", f"writer {writer}, note {number}", source="paper", language="en")


def begin(store: Store, *told: Claim) -> Added:
    """Append the claims with all they need."""
    return store.append(told, sources=SOURCES, subjects=SUBJECTS, by="tester")
