"""How evenly an agreement gives: what each party gains from rights on the other's territory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mithaq.chain.scenarios import Scenario
from mithaq.worth.groups import Groups

__all__ = ["Balance", "Payment", "balance", "equalising", "evenness"]

#: Gains below this (million USD a year) are noise of the solver, not gains.
_NOISE = 1e-3
Payoffs = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Payment:
    """A yearly payment between the parties, million USD; never negative."""

    payer: str
    payee: str
    amount: float

    def to_dict(self) -> dict[str, Any]:
        return {"from": self.payer, "to": self.payee, "musd_per_year": round(self.amount, 3)}


@dataclass(frozen=True)
class Balance:
    """Reciprocity of worth between two parties.

    ``gains``: party → what it gains from the rights on the other's territory alone. ``index``: the
    smaller over the larger. ``states``: the same for the home states. ``split``: the payment after
    which both firms have half of what the whole agreement gives them together (with free transfers
    the Nash, Kalai-Smorodinsky and egalitarian splits are this one).
    """

    gains: dict[str, float]
    index: float | None
    side_payment: Payment | None
    states: dict[str, Any]
    split: dict[str, Any]
    territories: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "index": self.index if self.index is None else round(self.index, 6),
            "side_payment": self.side_payment.to_dict() if self.side_payment else None,
            "gains": {party: round(x, 3) + 0.0 for party, x in self.gains.items()},
            "states": self.states,
            "split": self.split,
        }


def evenness(one: float, other: float) -> float | None:
    """Return the smaller gain over the larger: 1 is even, 0 one-sided, None where nobody gains.

    A party that gains nothing, or loses, from rights that cost the other something has index 0.

    >>> evenness(20, 80), evenness(-5, 80), evenness(-5, -1)
    (0.25, 0.0, None)
    """
    low, high = sorted((one, other))
    if high <= _NOISE:
        return None
    return max(low, 0.0) / high


def equalising(gains: Mapping[str, float]) -> Payment | None:
    """Return the payment that leaves both parties with the same gain; None where they are even.

    >>> equalising({"A": 10.0, "B": 90.0})
    Payment(payer='B', payee='A', amount=40.0)
    """
    (one, gain), (other, other_gain) = gains.items()
    half = (gain - other_gain) / 2
    if abs(half) <= _NOISE:
        return None
    return Payment(one, other, half) if half > 0 else Payment(other, one, -half)


def balance(
    scenario: Scenario,
    groups: Groups,
    without: Payoffs,
    with_all: Payoffs,
    alone: tuple[Payoffs, ...],
) -> Balance:
    """Return the reciprocity of worth: payoffs with no leg, with all, with one territory's rights.

    ``alone`` follows the parties' own states: the first entry holds the rights on the territory of
    the first party, which are the second party's to gain from.
    """
    first, second = scenario.parties

    def gain(payoffs: Payoffs, party: str) -> float:
        return payoffs.get(party, 0.0) - without.get(party, 0.0)

    gains = {first.firm: gain(alone[1], first.firm), second.firm: gain(alone[0], second.firm)}
    states = {
        first.state: gain(alone[1], f"state of {first.state}"),
        second.state: gain(alone[0], f"state of {second.state}"),
    }
    whole = {p.firm: gain(with_all, p.firm) for p in scenario.parties}
    paid, state_index = equalising(states), evenness(*states.values())
    split = equalising(whole)
    joint = sum(whole.values())
    return Balance(
        gains=gains,
        index=evenness(*gains.values()),
        side_payment=equalising(gains),
        states={
            "gains": {k: round(x, 3) + 0.0 for k, x in states.items()},
            "index": state_index if state_index is None else round(state_index, 6),
            "side_payment": paid.to_dict() if paid else None,
        },
        split={
            "joint_gain": round(joint, 3),
            "payment": split.to_dict() if split else None,
            "worth_it": joint > _NOISE,
        },
        territories={
            territory: {
                name: round(float(x), 3) + 0.0
                for name, x in zip(
                    groups.names, groups.vector(payoffs) - groups.vector(without), strict=True
                )
            }
            for territory, payoffs in zip((first.state, second.state), alone, strict=True)
        },
    )
