"""Checks: small named functions that look for what a careful editor would look for.

Each check has a key and a sentence (an English message id with placeholders, translated where it is
shown) and yields findings. A finding is a record, never an exception: loading and asking go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mithaq.record import check_claims as claims
from mithaq.record import check_figures as figures
from mithaq.record.contradictions import Contradiction, contradictions
from mithaq.record.looking import Found, Named
from mithaq.record.record import Record

__all__ = ["CHECKS", "Check", "CheckReport", "Finding", "check"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: its key, the subject, the filled sentence, the place.

    ``message`` and ``values`` are the sentence before filling, for translation.
    """

    key: str
    subject: str
    message: str
    values: dict[str, str] = field(default_factory=dict, hash=False)
    where: str = ""

    @property
    def named(self) -> dict[str, str]:
        """The ids of the further subjects that the sentence names, by their place in it."""
        return {key: x.subject for key, x in self.values.items() if isinstance(x, Named)}

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.message.format(**self.values)

    def to_dict(self) -> dict[str, Any]:
        """The finding in the shape of the JSON contract."""
        return {
            "key": self.key,
            "subject": self.subject,
            "sentence": self.sentence,
            "where": self.where,
            "message": self.message,
            "values": dict(self.values),
            "named": self.named,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """A named check: ``message`` is what it says of each finding."""

    key: str
    message: str
    look: Callable[[Record], Found]

    def run(self, record: Record) -> list[Finding]:
        """The findings of this check in a record."""
        found: dict[tuple[str, tuple[str, ...]], Finding] = {}
        for subject, values, claim in self.look(record):
            if claim is not None:
                where = str(claim.where)
            else:
                where = str(record.subject(subject).where) if record.has(subject) else ""
            values = {"subject": record.name(subject), **values}
            finding = Finding(self.key, subject, self.message, values, where)
            found.setdefault((subject, tuple(values.values())), finding)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Contradictions and findings of a record."""

    contradictions: tuple[Contradiction, ...]
    problems: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return bool(self.contradictions or self.problems)

    def to_dict(self) -> dict[str, Any]:
        """The report in the shape of the JSON contract."""
        return {
            "contradictions": [item.to_dict() for item in self.contradictions],
            "problems": [item.to_dict() for item in self.problems],
        }


def check(record: Record) -> CheckReport:
    """Every contradiction and every finding of a record, in a fixed order."""
    found = [finding for named in CHECKS for finding in named.run(record)]
    return CheckReport(contradictions(record), tuple(found))


CHECKS: tuple[Check, ...] = (
    Check("unsourced", "{subject}: {property} ({value}) has no source", claims.unsourced),
    Check(
        "published-before-event",
        "{subject}: {source}, published {published}, tells of {property} on {date} as done",
        claims.published_before,
    ),
    Check(
        "end-before-start",
        "{subject}: {second} ({second_date}) lies before {first} ({first_date})",
        claims.out_of_order,
    ),
    Check(
        "planned-as-actual",
        "{subject}: {date} was the planned day of {property}; others tell that it came on {actual}",
        claims.planned_as_actual,
    ),
    Check(
        "office-not-held",
        "{subject}: called {role} in {date}, but held another office then ({held})",
        claims.office_not_held,
    ),
    Check(
        "shares-not-100", "{subject}: the shares given by {source} sum to {total} %", figures.shares
    ),
    Check(
        "volume-above-capacity",
        "{subject}: a flow of {flow} exceeds the capacity of {capacity}",
        figures.volume_above_capacity,
    ),
    Check(
        "reversed-digits",
        "{subject}: {value} reads as {other} from the other side",
        figures.reversed_digits,
    ),
    Check(
        "digit-slip",
        "{subject}: {value} and {other} differ by one digit or by the order of digits",
        figures.swapped_or_slipped,
    ),
    Check(
        "figures-exchanged",
        "{subject} and {other_subject}: {source} gives their figures the other way round than "
        "{other_source}",
        figures.figures_exchanged,
    ),
    Check(
        "bcm-read-as-mt",
        "{subject}: {value} and {other} carry one number; 1 Mt of LNG is {factor} bcm",
        figures.bcm_as_mt,
    ),
    Check("unit-slip", "{subject}: {value} and {other} carry one number", figures.unit_slip),
    Check(
        "fused-names",
        "{subject}: {word} looks like {first} and {second} written as one word",
        claims.fused_names,
    ),
    Check("shared-alias", "{subject}: {alias} is also a name of {other}", claims.shared_alias),
    Check(
        "commitment-without-twin",
        "{subject}: the reciprocal commitment is missing or does not point back ({twin})",
        claims.twinless,
    ),
    Check(
        "act-after-lapse", "{subject}: {act} ({date}) came after it had ended", claims.after_lapse
    ),
    Check(
        "dead-project",
        "{subject}: given up in {cancelled}, yet told as at work in {date}",
        claims.dead_projects,
    ),
    Check(
        "party-in-doubt",
        "{subject}: {party} is named, but {source} does not find it there",
        claims.denied_party,
    ),
)
"""Every check, in the order in which findings are listed."""
