"""Working on single claims: a claim with parts changed, and what tells two records apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Rank
from mithaq.record.deciding import signature
from mithaq.record.files import read_additions
from mithaq.record.record import Record
from mithaq.record.writer import item_text

__all__ = ["changed", "difference"]

_PARTS = (
    "value",
    "valid",
    "source",
    "locator",
    "said_by",
    "polarity",
    "searched",
    "modality",
    "basis",
    "language",
    "original",
    "rank",
    "note",
)
_PLAIN = ("source", "locator", "said_by", "searched", "language", "original", "note")


def changed(
    record: Record, claim: Claim, changes: Sequence[str], reason: str = "", by: str = ""
) -> Claim:
    """The claim with parts changed, each written ``key=value`` as in a file of the record.

    An empty value takes the part away. A rank carries the reason and who decided. Raises DataError
    where a part does not exist or its value cannot be read.
    """
    new = claim
    for change in changes:
        key, sign, text = change.partition("=")
        if not sign or key not in _PARTS:
            hint = f"write KEY=VALUE, with one of {', '.join(_PARTS)}"
            raise DataError(
                [Problem(column="--set", what=f"{change!r} changes nothing", hint=hint)]
            )
        new = _with(record, new, key, text.strip())
    ranked = any(change.startswith("rank=") for change in changes)
    if ranked and new.rank is not Rank.NORMAL:
        return replace(new, reason=reason, by=signature(record, by))
    return replace(new, reason="", by="") if ranked else new


def _with(record: Record, claim: Claim, key: str, text: str) -> Claim:
    if key == "source" and text and text not in record.sources:
        what = f"there is no source {text!r}"
        raise DataError([Problem(column="source", what=what, hint="add the source first")])
    if key in _PLAIN:
        plainly: dict[str, Any] = {key: text}
        return replace(claim, **plainly)
    # The part is read by the reader of files, so that it means here what it means there.
    plain = replace(claim, source="", locator="", reason=claim.reason or "to be told")
    name = record.subject(claim.subject).kind
    item = item_text(plain, {key: text} if text else {}, key)
    block = f"- id: {claim.subject}\n  kind: {name}\n  {claim.property}:\n    - {item}\n"
    found = read_additions({"--set": block}, record).claims
    if len(found) != 1:
        raise DataError([Problem(column="--set", what=f"{key}={text}: one value is wanted")])
    read = {f.name: getattr(found[0], f.name) for f in fields(Claim)}
    kept = {"source": claim.source, "locator": claim.locator, "where": claim.where}
    return Claim(**{**read, **kept, "reason": claim.reason})


def difference(before: Record, after: Record) -> dict[str, Any]:
    """The claims and sources that one record has and the other has not, as plain values."""
    old = {claim.identifier: claim for claim in before.claims}
    new = {claim.identifier: claim for claim in after.claims}
    old_sources, new_sources = dict(before.sources), dict(after.sources)
    return {
        "added": [_shown(key, c) for key, c in new.items() if key not in old],
        "withdrawn": [_shown(key, c) for key, c in old.items() if key not in new],
        "sources_added": sorted(s for s in new_sources if s not in old_sources),
        "sources_changed": sorted(
            s for s, told in new_sources.items() if s in old_sources and old_sources[s] != told
        ),
    }


def _shown(identifier: str, claim: Claim) -> dict[str, Any]:
    return {
        "claim": identifier,
        "subject": claim.subject,
        "property": claim.property,
        "value": claim.text,
        "source": claim.source,
        "recorded_at": claim.recorded_at or None,
        "recorded_by": claim.recorded_by or None,
    }
