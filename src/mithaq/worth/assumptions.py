"""What a worth rests on: every parameter with its settings and its basis, and what is left out."""

from __future__ import annotations

from typing import Any

from mithaq.chain.scenarios import Basis, Parameter, Scenario

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


def assumptions(scenario: Scenario) -> tuple[dict[str, Any], ...]:
    """Return one item for each parameter (by leg and right), then the general sentences."""
    items = [_item(parameter, "", "", {}) for parameter in scenario.general.values()]
    for leg in scenario.legs:
        for right in leg.rights:
            items += [_item(p, leg.id, right.id, right.name) for p in right.parameters.values()]
    items += [{"text": sentence, "basis": "method"} for sentence in GENERAL]
    return tuple(items)


def _item(parameter: Parameter, leg: str, right: str, name: Any) -> dict[str, Any]:
    word = parameter.id.rpartition(".")[2]
    title = f"{name.get('en', right)}: " if right else ""
    claims = [basis for basis in parameter.basis if basis.is_claim]
    return {
        "text": f"{title}{word.replace('_', ' ')}",
        "leg": leg,
        "right": right,
        "right_name": dict(name),
        "parameter": word,
        "id": parameter.id,
        "value": parameter.value,
        "low": parameter.low,
        "high": parameter.high,
        "settings": list(parameter.settings),
        "unit": parameter.unit,
        "basis": "claim" if claims else "assumption",
        "reason": " ".join(basis.assumption for basis in parameter.basis if basis.assumption),
        "claims": [_claim(basis) for basis in claims],
        "sources": list(dict.fromkeys(s for basis in claims for s in basis.sources)),
    }


def _claim(basis: Basis) -> dict[str, Any]:
    return {"subject": basis.subject, "property": basis.prop, "sources": list(basis.sources)}
