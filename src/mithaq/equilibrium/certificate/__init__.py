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
from mithaq.equilibrium.certificate.findings import Array, Certificate, Findings
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
from mithaq.words.sentence import Sentence

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
    choices: tuple[Sentence, ...] = ()
    if _check_signs(point, found):
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
    return Certificate(*found.weighed(), tolerance, choices)


def _check_signs(point: Point, found: Findings) -> bool:
    """No quantity and no rent is negative; return whether all numbers are numbers."""
    signed, either = (
        np.concatenate([_numbers(getattr(point, name)) for name in names])
        for names in (NEVER_NEGATIVE, EITHER_SIGN)
    )
    if signed.min(initial=0.0) >= 0 and np.isfinite(signed).all() and np.isfinite(either).all():
        return True
    sound = True
    for name in (*NEVER_NEGATIVE, *EITHER_SIGN):
        entries = dict(getattr(point, name))
        numbers = _numbers(entries)
        finite = np.isfinite(numbers)
        sound = sound and bool(finite.all())
        size = np.where(finite & (name in NEVER_NEGATIVE), numbers, 0.0)
        wrong = np.where(finite, np.maximum(-size, 0.0) / (1 + np.abs(size)), np.inf)
        found.note("sign", wrong, lambda at, n=name, keys=tuple(entries): f"{n} {keys[at]}")
    return sound


def _numbers(values: Sheet | dict[Any, float]) -> Array:
    """The numbers of a kind; a sheet has zeros where nothing is there."""
    if isinstance(values, Sheet):
        return values.numbers.ravel()
    return np.fromiter(values.values(), dtype=float, count=len(values))
