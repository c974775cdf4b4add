"""Gas that is owed whatever the price: under contract, or because the state says so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.columns import Words
from mithaq.equilibrium.prepared import Memory

__all__ = ["Duties", "Obligation", "duties"]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


class Obligation(NamedTuple):
    """Gas that a firm must deliver at a node (or, where negative, receives), whatever the price.

    ``quantity`` has one entry a slot, bcm/yr.
    """

    label: str
    firm: str
    node: str
    quantity: Vector


class Duties:
    """Who owes gas where, but for how much: supply at regulated prices, then contracts.

    A contract has the duty of its seller to deliver and, where the gas may go on, that of its buyer
    to receive. ``share`` is that of a supplier in what market number ``supplied`` takes; ``sign``
    says which way the gas of contract number ``contract`` goes. Gas of contracts number ``bound``
    is used in market number ``market``.
    """

    def __init__(self, deals: Words, markets: Words, alive: Mask, regulated: Mask) -> None:
        names, nodes = markets.texts("name"), markets.texts("node")
        supply = [
            (at, firm, share)
            for at in np.flatnonzero(regulated).tolist()
            for firm, share in parse_shares(markets.texts("supplier")[at]).items()
        ]
        self.labels = [f"supply of {names[at]}" for at, _, _ in supply]
        self.keys = [(firm, nodes[at]) for at, firm, _ in supply]
        self.supplied = np.array([at for at, _, _ in supply], dtype=np.intp)
        self.share = np.array([share for _, _, share in supply], dtype=float)
        clause, at_market = deals.truths("destination_clause"), deals.places("market", markets)
        contract, sign = [], []
        for at in np.flatnonzero(alive).tolist():
            parties = [(deals.texts("seller")[at], 1.0)]
            if not clause[at]:
                parties.append((deals.texts("buyer")[at], -1.0))
            for firm, way in parties:
                self.labels.append(f"contract {deals.texts('name')[at]}")
                self.keys.append((firm, nodes[at_market[at]]))
                contract.append(at)
                sign.append(way)
        self.contract, self.sign = np.array(contract, dtype=np.intp), np.array(sign, dtype=float)
        self.bound = np.flatnonzero(alive & clause)
        self.market = at_market[self.bound]

    @property
    def gives(self) -> list[bool]:
        """Of each whether gas is delivered, not received."""
        return [True] * len(self.share) + [sign > 0 for sign in self.sign.tolist()]

    def quantities(self, supplied: Vector, delivered: Vector) -> Vector:
        """How much of each, by slot: ``supplied`` to markets and ``delivered`` under contracts."""
        owed = self.share[:, None] * supplied[self.supplied]
        return np.concatenate([owed, self.sign[:, None] * delivered[self.contract]])


_DUTIES: Memory[Duties] = Memory()


def duties(deals: Words, markets: Words, alive: Mask, regulated: Mask) -> Duties:
    """Duties under contracts that are ``alive``, and in regulated markets that take some gas."""
    key = deals, markets, alive.tobytes(), regulated.tobytes()
    return _DUTIES.get(key, None, lambda: Duties(deals, markets, alive, regulated))
