"""Who is meant: from words in any script and spelling to a party or person, or to candidates.

Names and aliases kept by hand decide; spelling tolerance only proposes, and resolves alone where
one candidate is near and nobody else is. A negative judgement (these two are not one) is never
crossed: where both are near, both are listed and none is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mithaq.record.names import apart, fold, fused, joined, sound, unprefixed, without_form
from mithaq.record.record import Record
from mithaq.words.text import mark

__all__ = ["Candidate", "Reason", "Who", "who"]

_KINDS = ("party", "person")
_NAMES = ("name", "aliases", "chain_name")
_LEAST = 5
_LEAST_FOR_TWO = 9
_LEAST_SOUND = 4
_MOST = 12
_LONGEST = 500

_MESSAGES = {
    "identifier": mark("it is the identifier"),
    "name": mark("it is a name or alias: {name}"),
    "spacing": mark("the same but for spaces: {name}"),
    "form": mark("the same but for the legal form: {name}"),
    "prefix": mark("the same but for the letters “{letters}” written onto it: {name}"),
    "letter": mark("one letter apart: {name}"),
    "letters": mark("two letters apart: {name}"),
    "fused": mark("one of two names written as one: {name}"),
    "part": mark("part of the name: {name}"),
    "more": mark("only part of what was asked: {name}"),
    "sound": mark("sounds alike in another script: {name}"),
    "part_letter": mark("one letter from part of the name: {name}"),
    "distinct": mark("judged not to be {name}"),
}
_RANKS = {code: rank for rank, code in enumerate(_MESSAGES)}
_SAME = frozenset({"identifier", "name", "spacing", "form", "prefix"})
_NEAR = frozenset({"letter", "letters", "fused"})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a subject is a candidate: a code, and the sentence before filling."""

    code: str
    values: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def message(self) -> str:
        """The English sentence before filling, for translation."""
        return _MESSAGES[self.code]

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.message.format(**self.values)

    def to_dict(self) -> dict[str, Any]:
        """The reason as plain values."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "message": self.message,
            "values": dict(self.values),
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject that may be meant, in which cases it stands, and why; the best reason first."""

    subject: str
    kind: str
    name: str
    cases: tuple[str, ...]
    reasons: tuple[Reason, ...]

    @property
    def rank(self) -> int:
        """The place of its best reason; lower is better."""
        return _RANKS[self.reasons[0].code]

    def to_dict(self) -> dict[str, Any]:
        """The candidate as plain values."""
        return {
            "subject": self.subject,
            "kind": self.kind,
            "name": self.name,
            "cases": list(self.cases),
            "reasons": [reason.to_dict() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Who:
    """The answer: the subject meant ('' where that is not sure), candidates, who it is not."""

    words: str
    subject: str
    candidates: tuple[Candidate, ...]
    distinct_from: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.subject)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        return {
            "words": self.words,
            "subject": self.subject or None,
            "distinct_from": list(self.distinct_from),
            "candidates": [candidate.to_dict() for candidate in self.candidates],
        }


def who(records: Record | Iterable[Record], words: str) -> Who:
    """Which party or person those words name, over one record or several.

    Subjects of one id and kind in several records are one. Subjects that a positive judgement joins
    count as one; the first of them is named.
    """
    told = [records] if isinstance(records, Record) else list(records)
    names = _Names(told)
    found: dict[str, dict[str, Reason]] = {}
    for subject, reason in names.reasons(words[:_LONGEST]):
        found.setdefault(subject, {}).setdefault(reason.code, reason)
    if not found:
        for subject, reason in names.parts(words[:_LONGEST]):
            found.setdefault(subject, {}).setdefault(reason.code, reason)
    for subject, reasons in found.items():
        best = min(reasons, key=_RANKS.__getitem__)
        # Weaker likenesses add nothing to a stronger one.
        found[subject] = reasons = {best: reasons[best]}
        for other in sorted(names.distinct.get(subject, set()) & set(found)):
            reasons.setdefault("distinct", Reason("distinct", {"name": names.named[other]}))
    candidates = [
        Candidate(
            subject,
            names.kinds[subject],
            names.named[subject],
            tuple(names.cases[subject]),
            tuple(sorted(reasons.values(), key=lambda r: _RANKS[r.code])),
        )
        for subject, reasons in found.items()
    ]
    candidates.sort(key=lambda c: (c.rank, c.subject))
    chosen = names.chosen(words, candidates)
    others = names.distinct.get(chosen, set())
    return Who(words, chosen, tuple(candidates[:_MOST]), tuple(sorted(others)))


class _Names:
    """Every name of every party and person, folded, with the judgements between them."""

    def __init__(self, records: list[Record]) -> None:
        self.kinds: dict[str, str] = {}
        self.named: dict[str, str] = {}
        self.cases: dict[str, list[str]] = {}
        self.texts: dict[str, dict[str, None]] = {}
        self.distinct: dict[str, set[str]] = {}
        self.same: dict[str, set[str]] = {}
        for record in records:
            for subject in record.subjects(*_KINDS):
                self._add(record, subject.id, subject.kind)
            self._judge(record)
        self.keys = {
            fold(text): None for texts in self.texts.values() for text in texts if fold(text)
        }

    def _add(self, record: Record, subject: str, kind: str) -> None:
        self.kinds.setdefault(subject, kind)
        self.named.setdefault(subject, record.name(subject))
        self.cases.setdefault(subject, []).append(record.id)
        texts = self.texts.setdefault(subject, {})
        for claim in record.claims_of(subject, *_NAMES):
            if claim.affirmed and claim.actual and claim.text:
                texts.setdefault(claim.text, None)

    def _judge(self, record: Record) -> None:
        for item in record.subjects("judgement"):
            a, b = record.value(item.id, "a"), record.value(item.id, "b")
            told = {"negative": self.distinct, "positive": self.same}
            into = told.get(str(record.value(item.id, "judgement")))
            if into is not None and isinstance(a, str) and isinstance(b, str):
                into.setdefault(a, set()).add(b)
                into.setdefault(b, set()).add(a)

    # Reasons

    def reasons(self, words: str) -> Iterator[tuple[str, Reason]]:
        """Each subject that may be meant with a reason, the best of each kind first."""
        asked = joined(words)
        if words.strip() in self.kinds:
            yield words.strip(), Reason("identifier")
        if not asked:
            return
        parts = fused(words, frozenset(self.keys)) or ()
        for subject, texts in self.texts.items():
            for text in texts:
                code, letters = _likeness(words, asked, text)
                if code:
                    values = {"name": text} | ({"letters": letters} if letters else {})
                    yield subject, Reason(code, values)
                if fold(text) in parts:
                    yield subject, Reason("fused", {"name": text})

    def parts(self, words: str) -> Iterator[tuple[str, Reason]]:
        """Each subject of whose name the words are a misspelt part: for want of anything nearer."""
        mine = fold(words).split()
        if max(map(len, mine), default=0) < _LEAST:
            return
        for subject, texts in self.texts.items():
            for text in texts:
                if all(_is_near(word, fold(text).split()) for word in mine):
                    yield subject, Reason("part_letter", {"name": text})

    # The choice

    def chosen(self, words: str, candidates: list[Candidate]) -> str:
        """The one subject that is meant, or '' where that is not sure."""
        best = [c for c in candidates if c.rank == candidates[0].rank]
        if not best or {c.subject for c in best} - {best[0].subject} - self._joined(best[0]):
            return ""
        first = best[0]
        code = first.reasons[0].code
        if code in ("identifier", "name"):
            return first.subject
        near = {c.subject for c in candidates if c.reasons[0].code in _SAME | _NEAR}
        # A name that is the same but for spaces is its bearer's, whoever else has part of it.
        rivals = near if code in _SAME else {c.subject for c in candidates}
        if self.distinct.get(first.subject, set()) & rivals:
            return ""
        if code in _SAME:
            return first.subject
        if self._close(joined(words), self.distinct.get(first.subject, set())):
            return ""
        alone = not near - {first.subject} - self._joined(first)
        return first.subject if code == "letter" and alone and len(joined(words)) >= _LEAST else ""

    def _close(self, asked: str, subjects: Iterable[str]) -> bool:
        """Whether the words lie within two letters of a name of one of those subjects."""
        names = (text for subject in subjects for text in self.texts.get(subject, ()))
        return any(apart(asked, joined(name), 2) <= 2 for name in names)

    def _joined(self, candidate: Candidate) -> set[str]:
        reached, todo = {candidate.subject}, [candidate.subject]
        while todo:
            for other in self.same.get(todo.pop(), set()) - reached:
                reached.add(other)
                todo.append(other)
        return reached


def _is_near(word: str, others: Iterable[str]) -> bool:
    """Whether a word is one of the others, or, where it is long, a letter from one."""
    return any(
        word == other or (min(len(word), len(other)) >= _LEAST and apart(word, other, 1) <= 1)
        for other in others
    )


def _likeness(words: str, asked: str, text: str) -> tuple[str, str]:
    """The best reason why those words may stand for that name, with the letters in question."""
    name = joined(text)
    if fold(words) == fold(text):
        return "name", ""
    if asked == name:
        return "spacing", ""
    if without_form(words) == without_form(text):
        return "form", ""
    for rest, letters in unprefixed(words):
        if rest == name:
            return "prefix", letters
    for rest, letters in unprefixed(text):
        if rest == asked:
            return "prefix", letters
    if len(name) >= 3:
        gap = apart(asked, name, 2)
        if gap == 1 or (gap == 2 and min(len(asked), len(name)) >= _LEAST_FOR_TWO):
            return ("letter" if gap == 1 else "letters"), ""
        if any(apart(rest, name, 1) <= 1 for rest, _ in unprefixed(words) if len(rest) >= _LEAST):
            return "letters", ""
    return _resemblance(words, asked, text), ""


def _resemblance(words: str, asked: str, text: str) -> str:
    """A weaker reason: shared words, or the same sounds in another script."""
    name = joined(text)
    mine, theirs = set(fold(words).split()), set(fold(text).split())
    if mine < theirs and any(len(word) >= 3 for word in mine):
        return "part"
    if theirs < mine and any(len(word) >= 3 for word in theirs):
        return "more"
    if len(name) >= _LEAST and (asked.startswith(name) or asked.endswith(name)):
        return "more"
    heard = sound(words)
    other_script = not set(asked) & set(name)
    return "sound" if other_script and len(heard) >= _LEAST_SOUND and heard == sound(text) else ""
