"""Deciding a contradiction: a decision is claims, so that nothing is hidden and it can be undone.

The claims of the preferred side are stated anew with rank *preferred*, the reason and who decided;
each says which claim it corrects. The other sides stay as they are and are shown beside it.
"""

from __future__ import annotations

from dataclasses import replace

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Rank
from mithaq.record.contradictions import contradictions
from mithaq.record.record import Record

__all__ = ["decision", "prefer"]


def decision(
    record: Record, contradiction: str, value: str, *, reason: str, by: str
) -> tuple[Claim, ...]:
    """The claims that prefer one side of a contradiction, each correcting the claim it restates.

    ``contradiction`` is its id, ``value`` the side as :func:`contradictions` shows it. Raises
    DataError where there is no such contradiction or side, or where the reason or name is missing.
    """
    problems = [
        Problem(column=name, what=f"{name} is missing: a decision says why and by whom")
        for name, text in (("reason", reason), ("by", by))
        if not text.strip()
    ]
    found = {item.id: item for item in contradictions(record)}
    chosen = found.get(contradiction)
    if chosen is None:
        known = ", ".join(list(found)[:12]) or "there is none"
        hint = f"known: {known}"
        problems.append(Problem(what=f"no contradiction {contradiction!r}", hint=hint))
        raise DataError(problems)
    told = {}
    for side in chosen.sides:
        told[side.claims[0].subject if chosen.kind == "label" else side.value] = side
    if value not in told:
        hint = f"its sides are {', '.join(told)}"
        problems.append(Problem(what=f"{contradiction} has no side {value!r}", hint=hint))
    if problems:
        raise DataError(problems)
    return tuple(
        replace(c, rank=Rank.PREFERRED, reason=reason, by=by, corrects=c.identifier)
        for c in told[value].claims
    )


def prefer(record: Record, contradiction: str, value: str, *, reason: str, by: str) -> Record:
    """The record after that decision: its claims take the place of those that they correct.

    Other contradictions in which the same claims stand see the same preference. Raises DataError as
    :func:`decision` does.
    """
    decided = decision(record, contradiction, value, reason=reason, by=by)
    corrected = {claim.corrects for claim in decided}
    kept = [claim for claim in record.claims if claim.identifier not in corrected]
    # In the record of today a correction stands for itself; only a history needs what it corrected.
    return record.with_claims([*kept, *(replace(claim, corrects="") for claim in decided)])
