"""Parties of the result out of the partition of payoffs: firms, states, transit, consumers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.scenarios import Scenario

__all__ = ["Groups", "transit_countries"]

CONSUMERS = "consumers in "
Array = NDArray[np.float64]


def transit_countries(chain: Chain, states: frozenset[str]) -> tuple[str, ...]:
    """Return the countries whose treasury is paid for transit, the parties' states left out."""
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    paid = {
        row["fee_receiver"].removeprefix("treasury of ") or country[row["from"]]
        for row in chain.rows("pipelines")
        if row["transit_fee"] > 0
    }
    return tuple(sorted(paid - states))


class Groups:
    """The parties that a result lists, each a sum of members of the payoff partition.

    The firms and states of the agreement come first; the states are subtotals (they hold their
    firms), everything else adds up. ``kinds``: firm, state, seller, transit, consumers.
    """

    def __init__(self, scenario: Scenario, chain: Chain, parties: tuple[str, ...]) -> None:
        country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
        europe = {country[row["name"]] for row in chain.rows("nodes") if row["region"] == "Europe"}
        firms = [party.firm for party in scenario.parties]
        states = [party.state for party in scenario.parties]
        self.consumers = {
            p.removeprefix(CONSUMERS): p
            for p in parties
            if p.startswith(CONSUMERS) and p.removeprefix(CONSUMERS) in europe
        }
        transit = transit_countries(chain, frozenset(states))
        sellers = sorted(
            row["name"]
            for row in chain.rows("firms")
            if row["name"] not in firms and not row["fringe"]
        )
        rows: list[tuple[str, str, list[str]]] = [(firm, "firm", [firm]) for firm in firms]
        rows += [(state, "state", [f"state of {state}"]) for state in states]
        rows += [(seller, "seller", [seller]) for seller in sellers]
        rows += [(f"treasury of {c}", "transit", [f"treasury of {c}"]) for c in transit]
        rows.append((f"{CONSUMERS}Europe", "consumers", sorted(self.consumers.values())))
        self.names = tuple(name for name, _, _ in rows)
        self.kinds = tuple(kind for _, kind, _ in rows)
        self.members = tuple(tuple(members) for _, _, members in rows)
        listed = {member for members in self.members for member in members}
        self.rest = tuple(p for p in parties if p not in listed)

    def vector(self, payoffs: Mapping[str, float]) -> Array:
        """Return the payoffs of the listed parties, in their order."""
        return np.array([sum(payoffs.get(m, 0.0) for m in members) for members in self.members])

    def details(
        self, without: Mapping[str, float], with_all: Mapping[str, float]
    ) -> dict[str, object]:
        """Return worth by country of consumers, to everybody not listed, and to the world."""

        def gain(party: str) -> float:
            return round(with_all.get(party, 0.0) - without.get(party, 0.0), 3) + 0.0

        world = sum(x for party, x in with_all.items() if not party.startswith("state of "))
        world -= sum(x for party, x in without.items() if not party.startswith("state of "))
        return {
            "consumers": {country: gain(p) for country, p in self.consumers.items()},
            "others": {party: gain(party) for party in self.rest},
            "world": round(world, 3) + 0.0,
        }
