"""Evidence that a point is an equilibrium, recomputed from the tables in the user's units.

Nothing here is shared with the assembly of the program: the tables are read anew, the conditions
are those of the theory page (a firm's profit cannot be raised by lifting, carrying, storing,
selling, swapping or building one unit more or less), and a violation is scaled by the size of what
it is a violation of. Arrays run over firms and over slots, so that a slot costs little.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.equilibrium.certificate.accounting import check_accounting
from mithaq.equilibrium.certificate.building import Built, check_building, check_storing
from mithaq.equilibrium.certificate.buying import check_caps, check_nominations
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Certificate, Findings
from mithaq.equilibrium.certificate.left_out import fill_values
from mithaq.equilibrium.certificate.moving import (
    check_balances,
    check_carrying,
    check_lifting,
    check_swaps,
)
from mithaq.equilibrium.certificate.selling import (
    Conjectures,
    check_selling,
    open_choices,
    prices_and_margins,
)
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.sheet import Sheet

__all__ = ["Certificate", "certify"]

# What no point of an equilibrium may have below zero.
NEVER_NEGATIVE = (
    "lifting",
    "flow",
    "spot",
    "handed",
    "injection",
    "withdrawal",
    "level",
    "built",
    "taken",
    "rationed",
    "rent",
    "scarcity",
    "reserve_price",
    "floor_price",
    "swap_rent",
    "injection_rent",
    "withdrawal_rent",
    "room_rent",
    "third_party_rent",
    "booking_rent",
    "build_limit_price",
    "build_total_price",
)
EITHER_SIGN = ("value", "swap_price", "stored_value")


def certify(chain: Chain, point: Point, payoffs: float, tolerance: float) -> Certificate:
    """Check a point against the tables.

    ``payoffs`` is the sum of all payoffs (million USD a year; of several years, discounted, a
    discounted year). Every violation is without unit: divided by one plus the size of what it is a
    violation of.
    """
    found = Findings()
    _check_signs(point, found)
    if found.worst < np.inf:
        case = Case(chain, point)
        built, beliefs = Built(case), Conjectures(case)
        prices, margins = prices_and_margins(case, beliefs)
        fill_values(case, built, margins)
        check_balances(case, found)
        check_lifting(case, built, found)
        check_carrying(case, built, found)
        check_storing(case, built, found)
        check_building(case, built, found)
        check_selling(case, beliefs, prices, margins, found)
        check_caps(case, prices, found)
        check_nominations(case, prices, found)
        check_swaps(case, found)
        check_accounting(case, built, payoffs, found)
        choices = tuple(open_choices(case, beliefs))
    else:
        choices = ()
    return Certificate(found.worst_of, found.where, tolerance, choices)


def _check_signs(point: Point, found: Findings) -> None:
    """No quantity and no rent is negative, and all numbers are numbers."""
    for name in (*NEVER_NEGATIVE, *EITHER_SIGN):
        values = getattr(point, name)
        if isinstance(values, Sheet):
            numbers = np.where(values.there, values.numbers, 0.0)
        else:
            numbers = np.fromiter(values.values(), dtype=float, count=len(values))
        if not numbers.size or (np.isfinite(numbers).all() and numbers.min() >= 0):
            continue
        wrong = np.where(np.isfinite(numbers), 0.0, np.inf)
        if name in NEVER_NEGATIVE:
            short = np.maximum(-numbers, 0.0) / (1 + np.abs(numbers))
            wrong = np.where(np.isfinite(numbers), short, np.inf)

        def where(*at: int, name: str = name, values: Any = values) -> str:
            if isinstance(values, Sheet):
                return f"{name} {(*values.labels.names[at[1]], at[0])}"
            return f"{name} {list(values)[at[0]]}"

        found.note("sign", wrong, where)
