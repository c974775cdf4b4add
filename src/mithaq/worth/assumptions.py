"""What a worth rests on: every parameter with its settings and its basis, and what is left out."""

from __future__ import annotations

from typing import Any

from mithaq.chain.scenarios import LANGUAGES, Basis, Parameter, Scenario
from mithaq.record import Record

__all__ = ["GENERAL", "assumptions"]

#: What holds for every scenario; the sentences are shown as they stand, or translated.
GENERAL = (
    "All other agreements stay as they are.",
    "Sellers outside the agreement adapt their own sales and do not answer with agreements.",
    "Finds of different rights are independent of each other.",
    "Payoffs count gas alone: the value of oil, condensate and other liquids is left out.",
    "Capital is annuitised at one rate and over one life for all parties.",
    "Ranges move one parameter at a time; moved together, parameters could reach further.",
    "Under floors the parties keep at least three quarters of their sales in every market.",
    "With entry every seller may sell in markets in which it sold nothing.",
)


def assumptions(scenario: Scenario, record: Record | None = None) -> tuple[dict[str, Any], ...]:
    """Return one item for each parameter (by leg and right), then the general sentences.

    With a record each claim is shown with the values that its sources give.
    """
    general = (*scenario.general.values(), *scenario.inputs.values())
    items = [_item(parameter, record) for parameter in general]
    for leg in scenario.legs:
        for right in leg.rights:
            about = {"leg": leg.id, "right": right.id, "right_name": dict(right.name)}
            own = [p for p in right.parameters.values() if p.id.startswith(f"{right.id}.")]
            items += [{**about, **_item(p, record, right.name["en"])} for p in own]
    items += [{"text": sentence, "basis": "method"} for sentence in GENERAL]
    return tuple(items)


def _item(parameter: Parameter, record: Record | None, right: str = "") -> dict[str, Any]:
    word = parameter.id.rpartition(".")[2]
    claims = [basis for basis in parameter.basis if basis.is_claim]
    return {
        "text": f"{right}: {word.replace('_', ' ')}".removeprefix(": "),
        "parameter": word,
        "id": parameter.id,
        "value": parameter.value,
        "low": parameter.low,
        "high": parameter.high,
        "settings": list(parameter.settings),
        "unit": parameter.unit,
        "basis": "claim" if claims else "assumption",
        "reason": " ".join(basis.assumption for basis in parameter.basis if basis.assumption),
        "reasons": _reasons(parameter),
        "claims": [_claim(basis, record) for basis in claims],
        "sources": list(dict.fromkeys(s for basis in claims for s in basis.sources)),
    }


def _reasons(parameter: Parameter) -> dict[str, str]:
    """The reason in each language in which all its sentences stand."""
    told = [basis for basis in parameter.basis if basis.assumption]
    common = [code for code in LANGUAGES if all(code in basis.sentences for basis in told)]
    return {code: " ".join(b.sentences[code] for b in told) for code in common} if told else {}


def _claim(basis: Basis, record: Record | None) -> dict[str, Any]:
    said: list[str] = []
    if record is not None:
        found = record.claims_of(basis.subject, basis.prop)
        said = [claim.text for claim in found if claim.source in basis.sources]
    return {
        "subject": basis.subject,
        "property": basis.prop,
        "sources": list(basis.sources),
        "values": list(dict.fromkeys(said)),
    }
