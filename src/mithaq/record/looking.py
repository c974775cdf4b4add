"""What every check uses: the shape of what it finds, and the claims that it looks at."""

from __future__ import annotations

from collections.abc import Iterator

from mithaq.record.claims import Claim
from mithaq.record.properties import property_of
from mithaq.record.record import Record

__all__ = ["Found", "Named", "actual", "label_of"]


class Named(str):
    """The English name of a subject in a sentence, with its id, by which others name it."""

    subject: str

    @classmethod
    def of(cls, record: Record, subject: str) -> Named:
        """The name of a subject of the record."""
        made = cls(record.name(subject))
        made.subject = subject
        return made


Found = Iterator[tuple[str, dict[str, str], Claim | None]]
"""Subject, the values that fill the sentence, and the claim that stands at the place to look at."""


def label_of(record: Record, subject: str, name: str) -> str:
    """The label of a property for the kind of that subject."""
    declared = property_of(record.subject(subject).kind, name)
    return declared.label if declared else name


def actual(record: Record, subject: str, *names: str) -> list[Claim]:
    """The affirmed claims told as fact."""
    return [c for c in record.claims_of(subject, *names) if c.affirmed and c.actual]
