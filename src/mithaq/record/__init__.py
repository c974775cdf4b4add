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
from mithaq.record.deadlines import Deadline, Deadlines, deadlines
from mithaq.record.deciding import prefer
from mithaq.record.files import case_ids, cases, load_case
from mithaq.record.identity import Who, who
from mithaq.record.quality import Quality, quality
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
    "Deadline",
    "Deadlines",
    "Event",
    "Finding",
    "Grant",
    "Index",
    "Modality",
    "Office",
    "Polarity",
    "Quality",
    "Quantity",
    "Rank",
    "Record",
    "Share",
    "Source",
    "Stage",
    "State",
    "Subject",
    "Who",
    "balance",
    "case_ids",
    "cases",
    "check",
    "contacts",
    "contradictions",
    "deadlines",
    "load_case",
    "prefer",
    "quality",
    "stage",
    "state",
    "timeline",
    "who",
]
