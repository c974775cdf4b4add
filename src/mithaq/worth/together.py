"""Several agreements at once: do they support or spoil each other, and which to sign first?

Each agreement is a player; the value of a set of agreements, for a party, is its payoff when all
legs of those in the set are in force. An agreement can be a whole scenario or one leg of it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain, Edit
from mithaq.chain.legs import Outlay, branches, load_scenario
from mithaq.chain.scenarios import Leg, Scenario
from mithaq.errors import DataError, ModelError, Problem
from mithaq.games import interaction, members, shapley
from mithaq.record import Record
from mithaq.worth.batch import Progress, Where, batch
from mithaq.worth.clauses import Signing, signing
from mithaq.worth.plan import CENTRAL, Views

__all__ = ["MOST", "Together", "together", "together_of"]

Array = NDArray[np.float64]
MOST = 8


@dataclass(frozen=True)
class Together:
    """Worth of several agreements; million USD a year. ``value``: (sets, parties), by bitmask.

    ``interactions`` (agreements, agreements, parties): positive where two support each other,
    negative where one spoils the other. ``signing``: orders in which all firms are willing first.
    """

    agreements: tuple[str, ...]
    parties: tuple[str, ...]
    value: Array
    shares: Array
    interactions: Array
    signing: tuple[Signing, ...]
    equilibria: int
    max_violation: float
    chain: str

    def alone(self, agreement: str, party: str) -> float:
        """What one agreement is worth to a party where there is no other."""
        bits = 1 << self.agreements.index(agreement)
        return float(self.value[bits, self.parties.index(party)])

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values: the keys of ``mithaq together --json``."""
        n = len(self.agreements)
        return {
            "agreements": list(self.agreements),
            "parties": {
                party: {
                    "together": _money(self.value[-1, i]),
                    "alone": {a: _money(self.alone(a, party)) for a in self.agreements},
                    "shares": {a: _money(self.shares[k, i]) for k, a in enumerate(self.agreements)},
                }
                for i, party in enumerate(self.parties)
            },
            "interactions": [
                {
                    "agreements": [self.agreements[j], self.agreements[i]],
                    "parties": {
                        p: _money(self.interactions[i, j, k]) for k, p in enumerate(self.parties)
                    },
                }
                for i in range(n)
                for j in range(i)
            ],
            "signing": [order.to_dict() for order in self.signing],
            "equilibria": self.equilibria,
            "max_violation": self.max_violation,
            "chain": self.chain,
        }


def _money(x: float) -> float:
    return round(float(x), 3) + 0.0


def together(
    record: Record,
    chain: Chain,
    names: Sequence[str],
    *,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Together:
    """Return what agreements are worth together. Each name is a scenario, an agreement that has
    one, or ``scenario:leg`` for one leg of it.

    Raises DataError for a name or a leg that is not there, and as :func:`together_of` does.
    """
    found = {}
    for name in names:
        scenario, _, leg = name.partition(":")
        whole = load_scenario(record, chain, scenario)
        legs = tuple(item for item in whole.legs if leg in ("", item.id))
        if not legs:
            known = ", ".join(item.id for item in whole.legs)
            raise DataError(
                [Problem("scenarios", what=f"no leg {leg!r} of {scenario}", hint=known)]
            )
        found[name] = replace(whole, legs=legs)
    return together_of(found, chain, on=on, workers=workers, progress=progress)


def together_of(
    scenarios: Mapping[str, Scenario],
    chain: Chain,
    *,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Together:
    """Return what scenarios that were already read are worth together.

    Parties are the firms and the home states of all of them, all other sellers, and all consumers.
    Raises ModelError for fewer than two or more than eight, BatchError where an equilibrium of a
    set was not certified, or where two agreements change the same thing and exclude each other.
    """
    if not 2 <= len(scenarios) <= MOST:
        raise ModelError(f"2 to {MOST} agreements can be set together; here are {len(scenarios)}")
    names = tuple(scenarios)
    sides = [party for scenario in scenarios.values() for party in scenario.parties]
    firms = tuple(dict.fromkeys(party.firm for party in sides))
    states = tuple(dict.fromkeys(party.state for party in sides))
    sets = range(1 << len(names))
    items = {" + ".join(names[i] for i in members(bits)) or "none": bits for bits in sets}
    shared = (chain, _apart(scenarios), firms, states)
    found = batch(_set, items, shared=shared, on=on, workers=workers, progress=progress).checked()
    payoffs = np.array([found[key][0] for key in items])
    value = payoffs - payoffs[0]
    parties = (*firms, *(f"state of {s}" for s in states), "other sellers", "consumers")
    return Together(
        agreements=names,
        parties=parties,
        value=value,
        shares=shapley(value),
        interactions=interaction(value),
        signing=signing(names, value, {firm: i for i, firm in enumerate(firms)}),
        equilibria=sum(count for _, _, count in found.values()),
        max_violation=max(violation for _, violation, _ in found.values()),
        chain=chain.hash,
    )


def _apart(scenarios: Mapping[str, Scenario]) -> tuple[Scenario, ...]:
    """The scenarios, no two rights of one name: a group or a swap of the one is not the other's."""
    taken: set[str] = set()
    found = []
    for name, scenario in scenarios.items():
        own = {right.id: right.id for right in scenario.rights()}
        own |= {right: f"{right} ({name})" for right in own if right in taken}
        taken |= set(own)
        legs = (
            Leg(leg.id, tuple(replace(right, id=own[right.id]) for right in leg.rights))
            for leg in scenario.legs
        )
        found.append(replace(scenario, legs=tuple(legs)))
    return tuple(found)


Shared = tuple[Chain, tuple[Scenario, ...], tuple[str, ...], tuple[str, ...]]


def _set(shared: Shared, bits: int) -> tuple[list[float], float, int]:
    """Expected payoffs by party of one set of agreements, the largest violation, equilibria."""
    chain, scenarios, firms, states = shared
    views = Views(chain, CENTRAL, firms, states)
    turns = [branches(scenarios[i], views.chain) for i in members(bits)]
    total: dict[str, float] = defaultdict(float)
    violations = [float(views.base.certificate.max_violation)]
    for turn in product(*turns):
        edits: list[Edit] = [edit for branch in turn for edit in branch.edits]
        outlays: list[Outlay] = [outlay for branch in turn for outlay in branch.outlays]
        try:
            found = views.solve(edits)
        except DataError as error:
            if len(turns) < 2:
                raise
            what = "they change the same thing and exclude each other; ask for each by itself"
            raise ModelError(f"{what}: {error.problems[0]}") from error
        violations.append(float(found.certificate.max_violation))
        probability = math.prod(branch.probability for branch in turn)
        for party, x in views.payoffs_of(found, outlays).items():
            total[party] += probability * x
    sellers = [row["name"] for row in chain.rows("firms") if row["name"] not in firms]
    told = [total[firm] for firm in firms] + [total[f"state of {state}"] for state in states]
    told.append(sum(total[seller] for seller in sellers))
    told.append(sum(x for party, x in total.items() if party.startswith("consumers in ")))
    return told, max(violations), len(violations) - 1 if bits else 1
