"""Search over names, claims and sources, folded so that spelling habits do not hide anything.

Case, accents, vowel signs, hamza, ta marbuta, tatweel and yo do not matter (see
:func:`mithaq.record.names.fold`); neither do the Arabic article, conjunctions and prepositions that
are written onto a word, nor the endings of a word. Across scripts a name finds what is said under
the other names of whoever bears it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim
from mithaq.record.known import is_known, seen_by
from mithaq.record.names import fold
from mithaq.record.record import Record

__all__ = ["Found", "Hit", "find", "matching", "other_names", "queries", "search_all", "stems"]

# Longest first: "and in the" before "and". What is left must still be a word.
_PREFIXES = (
    "وبال",
    "وكال",
    "فبال",
    "وال",
    "فال",
    "بال",
    "كال",
    "ولل",
    "لل",
    "ال",
    "و",
    "ف",
    "ب",
    "ك",
    "ل",
)
_FIRST = frozenset(prefix[0] for prefix in _PREFIXES)
LEAST = 3
"""The fewest letters of a word that need not be whole."""
KINDS_OF_HIT = ("name", "claim", "source")
NAMES = ("name", "aliases", "chain_name")
SOURCE_TEXTS = ("id", "title", "publisher", "url", "note")


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: ``what`` is name, claim or source; ``matched`` the words that matched.

    ``subject`` is the id of the subject ('' for a source), ``property`` that of the claim,
    ``source`` the source that says so or that was found.
    """

    what: str
    subject: str
    property: str
    text: str
    source: str
    matched: str

    def to_dict(self) -> dict[str, Any]:
        """The hit as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, names first; ``more`` says that it was cut at the limit."""

    hits: tuple[Hit, ...]
    more: bool = False


def find(record: Record, words: str, *, cross_script: bool = True) -> list[Hit]:
    """Every name, claim and source in which all the words stand; names come first.

    With ``cross_script`` a name in one script also finds the other names of whoever bears it.
    Raises DataError where there is no word to look for.

    >>> from mithaq.record import load_case
    >>> [hit.subject for hit in find(load_case("algeria-russia"), "ГАЗПРОМ нефть")][:1]
    ['gazprom-neft']
    """
    return matching(record, queries(words, other_names(record, words) if cross_script else ()))


def search_all(
    record: Record,
    words: str,
    at: date | None,
    known: date | None,
    cross_script: bool,
    limit: int | None,
) -> Found:
    """What :func:`find` finds by two clocks, up to a limit.

    ``at`` leaves out claims about what began later, ``known`` what was published later.
    """
    hits = [
        hit
        for hit in find(seen_by(record, known, at), words, cross_script=cross_script)
        if hit.what != "source" or known is None or is_known(record.source(hit.source), known)
    ]
    return Found(tuple(hits[:limit]), limit is not None and len(hits) > limit)


def queries(words: str, others: Iterable[str] = ()) -> dict[tuple[str, ...], str]:
    """Stems -> the words that they come from: what was asked, and the other names to try.

    Raises DataError where there is no word to look for.
    """
    asked: dict[tuple[str, ...], str] = {}
    for text in (words, *others):
        if told := stems(text):
            asked[told] = text
    if not asked:
        hint = "give at least one word with letters or digits"
        raise DataError([Problem(what=f"{words!r} has no words to look for", hint=hint)])
    return asked


def matching(record: Record, asked: Mapping[tuple[str, ...], str]) -> list[Hit]:
    """Every name, claim and source in which all the words of one of the queries stand."""
    found: dict[tuple[str, str, str, str, str], Hit] = {}
    for what, text, claim, source in _texts(record):
        told = stems(text)
        for wanted, shown in asked.items():
            if _stand_in(wanted, told):
                subject, name = (claim.subject, claim.property) if claim else ("", "")
                key = (what, subject, name, text, source)
                found.setdefault(key, Hit(what, subject, name, text, source, shown))
    return sorted(found.values(), key=lambda hit: KINDS_OF_HIT.index(hit.what))


def _texts(record: Record) -> Iterator[tuple[str, str, Claim | None, str]]:
    for claim in record.claims:
        what = "name" if claim.property in NAMES else "claim"
        for text in (claim.text, claim.original, claim.note, claim.said_by):
            if text:
                yield what, text, claim, claim.source
    for source in record.sources.values():
        for name in SOURCE_TEXTS:
            if text := getattr(source, name):
                yield "source", text, None, source.id


def other_names(record: Record, words: str) -> list[str]:
    """The names of every subject that bears these words as one of its names."""
    wanted = stems(words)
    found: list[str] = []
    for subject in record.subjects():
        names = [c.text for c in record.claims_of(subject.id, *NAMES) if c.affirmed]
        if any(stems(name) == wanted for name in names):
            found += names
    return found


def _stand_in(stems: tuple[str, ...], told: tuple[str, ...]) -> bool:
    """Whether each word of the query begins a word of the text; short ones must be whole."""
    return all(
        any(word == stem or (len(stem) >= LEAST and word.startswith(stem)) for word in told)
        for stem in stems
    )


@lru_cache(maxsize=1 << 16)
def stems(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared.

    A store keeps them as its index: whoever changes what they are has to give its schema a new
    version that builds the index anew.
    """
    return tuple(map(_stem, fold(text).split()))


def _stem(word: str) -> str:
    """A folded word without what Arabic writes onto its beginning."""
    if word[:1] not in _FIRST:
        return word
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= LEAST:
            return word.removeprefix(prefix)
    return word
