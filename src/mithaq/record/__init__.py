"""What was agreed: claims, sources, subjects, and the questions that they answer."""

from mithaq.record.checks import CHECKS, Check, CheckReport, Finding, check
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
from mithaq.record.contacts import Contact, contacts
from mithaq.record.contradictions import Contradiction, contradictions
from mithaq.record.files import case_ids, cases, load_case
from mithaq.record.reciprocity import Balance, Grant, Index, balance
from mithaq.record.record import Case, Record, Subject
from mithaq.record.stages import Stage, stage
from mithaq.record.state import State, state
from mithaq.record.timeline import Event, timeline

__all__ = [
    "CHECKS",
    "Balance",
    "Basis",
    "Case",
    "Check",
    "CheckReport",
    "Claim",
    "Contact",
    "Contradiction",
    "Event",
    "Finding",
    "Grant",
    "Index",
    "Modality",
    "Office",
    "Polarity",
    "Quantity",
    "Rank",
    "Record",
    "Share",
    "Source",
    "Stage",
    "State",
    "Subject",
    "balance",
    "case_ids",
    "cases",
    "check",
    "contacts",
    "contradictions",
    "load_case",
    "stage",
    "state",
    "timeline",
]
