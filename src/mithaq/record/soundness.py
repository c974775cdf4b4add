"""What makes a claim sound: all that a file of the record would refuse, or lose.

A claim may come from a file, from a history, from another program or from a person at a prompt.
Whatever way it comes, it must fit the table of properties, name only what is there, and be such
that it can be written as YAML, as a row of a database, and read again as the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache

from mithaq.record.claims import Claim, Office, Polarity, Quantity, Rank, Share, Source, Value
from mithaq.record.properties import Property, codes, property_of
from mithaq.record.record import Case
from mithaq.record.texts import fault_of_text
from mithaq.record.values import IDENTIFIER, LANGUAGE
from mithaq.words.dates import Edtf

__all__ = ["faults_of", "faults_of_case", "faults_of_source", "subjects_named"]

_FREE = ("locator", "said_by", "searched", "original", "reason", "by", "note")
_TYPES: Mapping[str, type] = {
    "date": Edtf,
    "quantity": Quantity,
    "share": Share,
    "office": Office,
}
_SPEAKERS = ("person", "party")


def faults_of(
    claim: Claim, kind: str, kinds: Mapping[str, str], sources: Collection[str]
) -> Iterator[str]:
    """What is wrong with a claim on a subject of that kind, one sentence each.

    ``kinds`` maps every subject that it may name to its kind, ``sources`` holds the ids of those
    that it may cite.
    """
    declared = property_of(kind, claim.property)
    if declared is None:
        yield f"the property {claim.property!r} is not allowed for {kind}"
    elif claim.value is not None:
        yield from _faults_of_value(claim.value, declared, kinds)
    if claim.source and claim.source not in sources:
        yield f"there is no source {claim.source!r}"
    if claim.rank is not Rank.NORMAL and not claim.reason:
        yield "a rank needs its reason"
    if claim.polarity is Polarity.NOT_FOUND and not claim.searched:
        yield "not_found needs searched, what was searched"
    elif claim.value is None and claim.polarity is not Polarity.NOT_FOUND:
        yield "the value is missing"
    if claim.locator and not claim.source:
        yield "a locator needs a source"
    if claim.language and not LANGUAGE.fullmatch(claim.language):
        yield f"{claim.language!r} is no language code"
    for name in ("by", "said_by"):
        told = getattr(claim, name)
        if IDENTIFIER.fullmatch(told):
            yield from (f"{name}: {what}" for what in _faults_of_name(told, _SPEAKERS, kinds))
    texts = [text for name in _FREE if (text := getattr(claim, name))]
    yield from _faults_of_texts([*texts, claim.value] if isinstance(claim.value, str) else texts)


def _faults_of_texts(texts: Iterable[str]) -> Iterable[str]:
    """The kinds of fault among them, each once."""
    return dict.fromkeys(fault for text in texts if (fault := fault_of_text(text)))


def _faults_of_value(value: Value, declared: Property, kinds: Mapping[str, str]) -> Iterator[str]:
    name = declared.name
    if not isinstance(value, _TYPES.get(declared.type, str)):
        yield f"{name}: a {declared.type} is wanted"
        return
    known = _codes(declared.vocabulary) if declared.type in ("code", "actor") else frozenset()
    match value:
        case Quantity():
            yield from _unknown(name, "unit", value.unit)
            yield from _unknown(name, "measures", value.measures)
            if value.low < 0 and value.unit != "%":
                yield f"{name}: {value.number} {value.unit} is negative"
        case Share():
            yield from _faults_of_name(value.party, ("party",), kinds, name)
            if Quantity(value.percent).low < 0:
                yield f"{name}: {value.percent} is negative"
        case Office():
            yield from _unknown(name, "role", value.role)
            if value.party:
                yield from _faults_of_name(value.party, ("party",), kinds, name)
        case str() if declared.type == "code" and value not in known:
            yield f"{name}: unknown code {value!r}"
        case str() if declared.type == "subject":
            yield from _faults_of_name(value, declared.vocabulary, kinds, name)
        case str() if declared.type == "actor" and value not in known:
            yield from _faults_of_name(value, ("party",), kinds, name)
        case str() if declared.type == "speaker" and IDENTIFIER.fullmatch(value):
            yield from _faults_of_name(value, _SPEAKERS, kinds, name)


def _faults_of_name(
    told: str, wanted: tuple[str, ...], kinds: Mapping[str, str], name: str = ""
) -> Iterator[str]:
    kind = kinds.get(told)
    shown = f"{name}: " if name else ""
    if kind is None:
        yield f"{shown}there is no subject {told!r}"
    elif wanted and kind not in wanted:
        yield f"{shown}{told!r} is a {kind}, wanted is a {' or '.join(wanted)}"


def _unknown(name: str, vocabulary: str, code: str) -> Iterator[str]:
    if code not in _codes((vocabulary,)):
        yield f"{name}: unknown code {code!r}"


@cache
def _codes(vocabularies: tuple[str, ...]) -> frozenset[str]:
    return frozenset(code for name in vocabularies for code in codes(name))


def faults_of_source(source: Source) -> Iterator[str]:
    """What is wrong with a source, one sentence each."""
    if not IDENTIFIER.fullmatch(source.id):
        yield f"{source.id!r} is no id of a source"
    for name in ("publisher", "lang"):
        if not getattr(source, name):
            yield f"source {source.id}: {name} is missing"
    if source.published_basis not in ("stated", "inferred"):
        yield f"source {source.id}: published_basis: stated or inferred is wanted"
    elif source.published and source.published_basis == "inferred" and not source.published_reason:
        yield f"source {source.id}: published_reason is missing"
    texts = {name: text for name, text in source.to_dict().items() if name != "id"}
    yield from (f"source {source.id}: {what}" for what in _faults_of_texts(texts.values()))


def faults_of_case(case: Case, kinds: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the case, one sentence each."""
    if not IDENTIFIER.fullmatch(case.id):
        yield f"{case.id!r} is no id"
    for texts in (case.title, case.description):
        yield from (
            f"{lang!r} is no language code" for lang in texts if not LANGUAGE.fullmatch(lang)
        )
        yield from (f"case {case.id}: {what}" for what in _faults_of_texts(texts.values()))
    for name in case.states:
        yield from _faults_of_name(name, ("party",), kinds, "states")


def subjects_named(claim: Claim) -> tuple[str, ...]:
    """The ids of subjects that a claim may name."""
    value = claim.value
    named: tuple[str, ...] = ()
    if isinstance(value, Share | Office):
        named = (value.party,)
    elif isinstance(value, str) and IDENTIFIER.fullmatch(value):
        named = (value,)
    return (claim.subject, claim.by, claim.said_by, *named)
