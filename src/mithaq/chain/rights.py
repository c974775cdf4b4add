"""Kinds of rights that a leg can give: which names and which parameters each needs.

The table is read by the scenario reader, by :mod:`mithaq.chain.legs` (which turns a right into
edits) and by the reference page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["RIGHTS", "UNITS", "Figure", "Name", "RightKind"]

#: Unit of a parameter → the bounds within which it must lie.
UNITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "share": (0.0, 1.0),
        "ratio": (1e-6, math.inf),
        "years": (1.0, 100.0),
        "bcm/year": (0.0, math.inf),
        "Mt/year": (0.0, math.inf),
        "MUSD": (0.0, math.inf),
        "USD/1000 m3": (0.0, math.inf),
        "USD/1000 m3 per 1000 nm": (0.0, math.inf),
    }
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a right carries: one, a list, or numbers by name; and where it must exist."""

    refers: str = ""
    form: str = "one"
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """A parameter of a right: its unit, whether it must be given (else it is 0), its most."""

    unit: str
    needed: bool = True
    most: float = math.inf


@dataclass(frozen=True, slots=True)
class RightKind:
    """One kind of right."""

    id: str
    description: str
    names: Mapping[str, Name] = field(default_factory=dict)
    parameters: Mapping[str, Figure] = field(default_factory=dict)


# Of what is sent something has to arrive; the tables of the chain have the same bound.
_LOSS = Figure("share", needed=False, most=0.999)
_HOST = {"royalty": Figure("USD/1000 m3", needed=False), "profit_share": Figure("share", False)}

_KINDS = (
    RightKind(
        "exploration",
        "A field that is found with a probability; the explorer pays the search, "
        "the owners the development, the host takes its part.",
        {"field": Name(), "node": Name("node"), "partner": Name("firm")},
        {
            "probability": Figure("share"),
            "share": Figure("share"),
            "capacity": Figure("bcm/year"),
            "cost": Figure("USD/1000 m3"),
            "discovery_cost": Figure("MUSD"),
            "development_cost": Figure("MUSD"),
            **_HOST,
        },
    ),
    RightKind(
        "lifting",
        "A part of a producing field, against an entry payment to its owner.",
        {"field": Name("field"), "owner": Name("firm")},
        {"volume": Figure("bcm/year"), "entry_payment": Figure("MUSD"), **_HOST},
    ),
    RightKind(
        "plant",
        "A part in a new liquefaction plant, with access to it.",
        {
            "terminal": Name(),
            "node": Name(),
            "inland": Name("node"),
            "partner": Name("firm"),
            "routes": Name("node", "numbers"),
        },
        {
            "capacity": Figure("Mt/year"),
            "share": Figure("share"),
            "investment": Figure("MUSD"),
            "operating_cost": Figure("USD/1000 m3"),
            "freight": Figure("USD/1000 m3 per 1000 nm"),
            "loss": _LOSS,
        },
    ),
    RightKind(
        "pipeline",
        "A part of a partner's stake in a new line, with access to it.",
        {
            "pipeline": Name(),
            "from": Name("node"),
            "into": Name("node"),
            "partner": Name("firm"),
            "others": Name("", needed=False),
        },
        {
            "capacity": Figure("bcm/year"),
            "stake": Figure("share"),
            "share": Figure("share"),
            "investment": Figure("MUSD"),
            "operating_cost": Figure("USD/1000 m3"),
            "loss": _LOSS,
        },
    ),
    RightKind(
        "access",
        "The use of lines, terminals or routes that are there.",
        {"arcs": Name("arc", "list")},
    ),
    RightKind(
        "swap",
        "Gas handed over at some nodes against gas received at others; "
        "each may sell where it receives.",
        {
            "partner": Name("firm"),
            "hands_over": Name("node", "list", needed=False),
            "receives": Name("node", "list", needed=False),
        },
        {"cap": Figure("bcm/year"), "ratio": Figure("ratio")},
    ),
    RightKind(
        "joint_marketing",
        "Sales as a cooperating group in the markets of a region.",
        {"partner": Name("firm"), "region": Name("region")},
        {"strength": Figure("share")},
    ),
    RightKind(
        "market_opening",
        "The right to sell in markets that were closed to the firm.",
        {"markets": Name("market", "list")},
    ),
)

#: Kind of right by its id.
RIGHTS: Mapping[str, RightKind] = MappingProxyType({kind.id: kind for kind in _KINDS})
