"""mithaq: the record of energy partnerships, and what they are worth.

The record of a case, its state, contradictions and reciprocity; the gas chain and its equilibrium;
the worth of an agreement and of each of its legs::

    case = mithaq.load("algeria-russia")
    case.state(at="2007-12-31")
    case.market()
    case.worth("revived-partnership")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mithaq import games
    from mithaq.case import Case, load
    from mithaq.chain import (
        Add,
        BarMarket,
        Chain,
        Change,
        Contract,
        Cooperate,
        Floor,
        GrantAccess,
        OpenMarket,
        Remove,
        Stake,
        Swap,
    )
    from mithaq.equilibrium import Equilibrium, Method, Outcome, Start, calibrate, solve
    from mithaq.errors import BatchError, DataError, MithaqError, ModelError, Problem, SolveError
    from mithaq.record import case_ids
    from mithaq.show import pictures, report

# Where each public name lives. Rooms are imported when a name of theirs is first used, so that
# reading the record does not wait for the solvers.
_HOMES = {
    "Add": "chain",
    "BarMarket": "chain",
    "BatchError": "errors",
    "Case": "case",
    "Chain": "chain",
    "Change": "chain",
    "Contract": "chain",
    "Cooperate": "chain",
    "DataError": "errors",
    "Equilibrium": "equilibrium",
    "Floor": "chain",
    "GrantAccess": "chain",
    "Method": "equilibrium",
    "MithaqError": "errors",
    "ModelError": "errors",
    "OpenMarket": "chain",
    "Outcome": "equilibrium",
    "Problem": "errors",
    "Remove": "chain",
    "SolveError": "errors",
    "Stake": "chain",
    "Start": "equilibrium",
    "Swap": "chain",
    "calibrate": "equilibrium",
    "case_ids": "record",
    "load": "case",
    "report": "show",
    "solve": "equilibrium",
}

# Rooms whose own names are public.
_ROOMS = {"games": "games", "pictures": "show.pictures"}

__all__ = [
    "Add",
    "BarMarket",
    "BatchError",
    "Case",
    "Chain",
    "Change",
    "Contract",
    "Cooperate",
    "DataError",
    "Equilibrium",
    "Floor",
    "GrantAccess",
    "Method",
    "MithaqError",
    "ModelError",
    "OpenMarket",
    "Outcome",
    "Problem",
    "Remove",
    "SolveError",
    "Stake",
    "Start",
    "Swap",
    "calibrate",
    "case_ids",
    "games",
    "load",
    "pictures",
    "report",
    "solve",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        found = import_module(f"mithaq.{_ROOMS[name]}")
    elif name in _HOMES:
        found = getattr(import_module(f"mithaq.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'mithaq' has no attribute {name!r}")
    globals()[name] = found  # found at once the next time
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
