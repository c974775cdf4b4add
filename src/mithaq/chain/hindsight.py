"""A scenario without hindsight: only the rights whose figures could be known at the time.

A right counts where every figure of it that rests on claims rests on one that was told by then. A
right that rests on a figure told later is left out, and so is a leg without rights: nobody could
have valued it. Figures that are assumptions stay, for they claim no knowledge.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mithaq.chain.scenarios import Leg, Parameter, Right, Scenario

__all__ = ["Unknown", "as_known"]

Told = Collection[tuple[str, str, str]]
"""Claims by subject, property and source."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A right that is left out, and the figures of it that no claim had told by then."""

    leg: str
    right: str
    name: Mapping[str, str] = field(hash=False)
    figures: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The right as plain values."""
        return {
            "leg": self.leg,
            "right": self.right,
            "name": dict(self.name),
            "figures": list(self.figures),
        }


def as_known(scenario: Scenario, told: Told) -> tuple[Scenario, tuple[Unknown, ...]]:
    """The scenario as far as the claims ``told`` carry it, and the rights that they do not.

    Claims that were not told yet are taken out of the bases. A figure that was the same as one of a
    right left out goes on under the first right that still has it.
    """
    unknown: list[Unknown] = []
    owners: dict[str, str] = {}
    legs = []
    for leg in scenario.legs:
        rights = []
        for right in leg.rights:
            missing = tuple(n for n, p in right.parameters.items() if not _carried(p, told))
            if missing:
                unknown.append(Unknown(leg.id, right.id, right.name, missing))
            else:
                rights.append(_known(right, told, owners))
        if rights:
            legs.append(Leg(leg.id, tuple(rights)))
    general = {name: _cut(parameter, told) for name, parameter in scenario.general.items()}
    return replace(scenario, legs=tuple(legs), general=general), tuple(unknown)


def _carried(parameter: Parameter, told: Told) -> bool:
    claims = [basis for basis in parameter.basis if basis.is_claim]
    return not claims or any(
        (basis.subject, basis.prop, source) in told for basis in claims for source in basis.sources
    )


def _known(right: Right, told: Told, owners: dict[str, str]) -> Right:
    """The right with what was told of its figures; ``owners`` says under which id each goes on."""
    figures = {}
    for name, parameter in right.parameters.items():
        key = owners.setdefault(parameter.id, f"{right.id}.{name}")
        figures[name] = replace(_cut(parameter, told), id=key)
    return replace(right, parameters=figures)


def _cut(parameter: Parameter, told: Told) -> Parameter:
    bases = []
    for basis in parameter.basis:
        sources = tuple(s for s in basis.sources if (basis.subject, basis.prop, s) in told)
        if sources or not basis.is_claim:
            bases.append(replace(basis, sources=sources))
    return replace(parameter, basis=tuple(bases))
