"""Deciding: which side of a contradiction is preferred, and whether two subjects are one.

A decision is claims, so that nothing is hidden and it can be undone. The claims of the preferred
side are stated anew with rank *preferred*, the reason and who decided; each says which claim it
corrects. The other sides stay and are shown beside it. A judgement of identity is a subject of its
own; judging anew corrects its claims, and the history keeps what was thought before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Rank
from mithaq.record.contradictions import Contradiction, contradictions
from mithaq.record.properties import codes
from mithaq.record.record import Record, Subject
from mithaq.record.values import IDENTIFIER

__all__ = ["Judgement", "decision", "decision_on", "judgement", "prefer", "signature"]


def signature(record: Record, by: str) -> str:
    """Who decided, as a claim names people: a subject, or words that no id looks like."""
    return f"{by} (recorder)" if IDENTIFIER.fullmatch(by) and not record.has(by) else by


def decision(
    record: Record,
    contradiction: str,
    side: str | int,
    *,
    reason: str,
    by: str,
    rank: Rank = Rank.PREFERRED,
) -> tuple[Claim, ...]:
    """The claims that rank one side of a contradiction, each correcting the claim it restates.

    ``contradiction`` is its id, ``side`` the number of the side from 1, or its value, both as
    :func:`contradictions` shows them. A side that was preferred before is so no longer. Raises
    DataError where there is no such contradiction or side, or where the reason or name is missing.
    """
    problems = _unsigned(reason, by)
    found = {item.id: item for item in contradictions(record)}
    chosen = found.get(contradiction)
    if chosen is None:
        known = ", ".join(list(found)[:12]) or "there is none"
        hint = f"known: {known}"
        problems.append(Problem(what=f"no contradiction {contradiction!r}", hint=hint))
        raise DataError(problems)
    place = _place(chosen, side)
    if place is None:
        told = ", ".join(f"{number} ({value})" for number, value in enumerate(_values(chosen), 1))
        what = f"{contradiction} has no side {side!r}"
        problems.append(Problem(what=what, hint=f"its sides are {told}"))
    if problems or place is None:
        raise DataError(problems)
    ours = chosen.sides[place].claims
    others = [c for s in chosen.sides for c in s.claims if c not in ours]
    before = [c for c in others if c.rank is Rank.PREFERRED] if rank is Rank.PREFERRED else []
    return (*_ranked(ours, rank, reason, by), *_ranked(before, Rank.NORMAL, reason, by))


def decision_on(
    claim: Claim, *, reason: str, by: str, rank: Rank = Rank.PREFERRED
) -> tuple[Claim, ...]:
    """The claim that ranks a single claim and corrects it. Raises DataError as :func:`decision`."""
    problems = _unsigned(reason, by)
    if problems:
        raise DataError(problems)
    return _ranked([claim], rank, reason, by)


def prefer(record: Record, contradiction: str, side: str | int, *, reason: str, by: str) -> Record:
    """The record after that decision: its claims take the place of those that they correct.

    Other contradictions in which the same claims stand see the same preference. Raises DataError as
    :func:`decision` does.
    """
    decided = decision(record, contradiction, side, reason=reason, by=by)
    corrected = {claim.corrects for claim in decided}
    kept = [claim for claim in record.claims if claim.identifier not in corrected]
    # In the record of today a correction stands for itself; only a history needs what it corrected.
    return record.with_claims([*kept, *(replace(claim, corrects="") for claim in decided)])


def _ranked(claims: Iterable[Claim], rank: Rank, reason: str, by: str) -> tuple[Claim, ...]:
    why, who = ("", "") if rank is Rank.NORMAL else (reason, by)
    return tuple(replace(c, rank=rank, reason=why, by=who, corrects=c.identifier) for c in claims)


def _unsigned(reason: str, by: str) -> list[Problem]:
    return [
        Problem(column=name, what=f"{name} is missing: a decision says why and by whom")
        for name, text in (("reason", reason), ("by", by))
        if not text.strip()
    ]


def _values(item: Contradiction) -> list[str]:
    """The sides of a contradiction as they are shown."""
    labels = item.kind == "label"
    return [side.claims[0].subject if labels else side.value for side in item.sides]


def _place(item: Contradiction, side: str | int) -> int | None:
    values = _values(item)
    if isinstance(side, str):
        return values.index(side) if side in values else None
    return side - 1 if 1 <= side <= len(values) else None


# Identity


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judgement ready to be recorded: its subject, and its claims."""

    subject: Subject
    claims: tuple[Claim, ...]


def judgement(
    record: Record, a: str, b: str, code: str, *, reason: str, by: str, lang: str = "en"
) -> Judgement:
    """What records that two subjects are one (positive), are not (negative), or may be (unsure).

    ``a`` and ``b`` are ids or names. Where the two were judged before, the new judgement takes the
    place of the old one. ``lang`` is the language of ``reason``. Raises DataError with every
    mistake: an unknown code, a name that answers to nobody, two subjects that are one subject or of
    different kinds, a reason or name that is missing.
    """
    problems = _unsigned(reason, by)
    if code not in codes("judgement"):
        known = ", ".join(codes("judgement"))
        problems.append(Problem(what=f"{code!r} is no judgement", hint=f"known: {known}"))
    pair = []
    for words in (a, b):
        try:
            pair.append(record.subject(record.find(words)))
        except DataError as error:
            problems += error.problems
    if len(pair) == 2 and pair[0] == pair[1]:
        problems.append(Problem(what=f"{a!r} and {b!r} are one subject already"))
    elif len(pair) == 2 and pair[0].kind != pair[1].kind:
        kinds = f"a {pair[0].kind}, {b!r} a {pair[1].kind}"
        problems.append(Problem(what=f"{a!r} is {kinds}", hint="judge subjects of one kind"))
    if problems:
        raise DataError(problems)
    first, second = sorted(subject.id for subject in pair)
    held = _judged(record, {first, second})
    subject = held or Subject(_free(record, f"{first}-and-{second}"), "judgement")
    told = {
        "a": Claim(subject.id, "a", first),
        "b": Claim(subject.id, "b", second),
        "judgement": Claim(subject.id, "judgement", code),
        "reason": Claim(subject.id, "reason", reason, language=lang),
        "by": Claim(subject.id, "by", by),
    }
    if held:
        del told["a"], told["b"]
    made: list[Claim] = []
    for name, new in told.items():
        old = record.claims_of(subject.id, name)
        if new in old and len(old) == 1:
            continue
        # The first old claim is corrected, further ones (a reason in other languages) withdrawn.
        made += [replace(c, retracts=c.identifier) for c in old[1:]]
        made.append(replace(new, corrects=old[0].identifier if old else ""))
    return Judgement(subject, tuple(made))


def _judged(record: Record, pair: set[str]) -> Subject | None:
    for item in record.subjects("judgement"):
        if {record.value(item.id, "a"), record.value(item.id, "b")} == pair:
            return item
    return None


def _free(record: Record, name: str) -> str:
    """That id, or the next like it that no subject has."""
    number = 2
    found = name
    while record.has(found):
        found, number = f"{name}-{number}", number + 1
    return found
