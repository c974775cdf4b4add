"""What was agreed: claims, sources, subjects, and the questions that they answer."""

from mithaq.record.claims import (
    Basis,
    Claim,
    Modality,
    Office,
    Polarity,
    Quantity,
    Rank,
    Share,
    Source,
)
from mithaq.record.files import case_ids, cases, load_case
from mithaq.record.record import Case, Record, Subject

__all__ = [
    "Basis",
    "Case",
    "Claim",
    "Modality",
    "Office",
    "Polarity",
    "Quantity",
    "Rank",
    "Record",
    "Share",
    "Source",
    "Subject",
    "case_ids",
    "cases",
    "load_case",
]
