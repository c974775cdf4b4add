"""What a certificate says, and how violations are gathered into one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Certificate", "Findings", "ever"]

Array = NDArray[Any]  # of numbers, truths or places
Namer = Callable[..., str]


def ever(true: Array) -> Array:
    """Where something holds in any slot. Slots come last; along few of them ``any`` is slow."""
    found: Array = true[..., 0].copy()
    for slot in range(1, true.shape[-1]):
        found |= true[..., slot]
    return found


CONDITIONS = (
    "balance",
    "capacity",
    "sign",
    "stationarity",
    "complementarity",
    "accounting",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Largest scaled violation of each condition, and where the largest of all stands.

    ``not_unique`` says in sentences what of the point is one choice among several.
    """

    violations: dict[str, float]
    worst: str
    tolerance: float
    not_unique: tuple[str, ...] = ()

    @property
    def max_violation(self) -> float:
        """The largest scaled violation; 0 is perfect."""
        return max(self.violations.values())

    @property
    def holds(self) -> bool:
        """Whether every condition holds within the tolerance."""
        return self.max_violation <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        return {
            "max_violation": self.max_violation,
            "violations": dict(self.violations),
            "worst": self.worst,
            "tolerance": self.tolerance,
            "holds": self.holds,
            "not_unique": list(self.not_unique),
        }


@dataclass(slots=True)
class Findings:
    """The worst of each condition so far. Violations come in arrays; the worst place is named."""

    worst_of: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CONDITIONS, 0.0))
    worst: float = -1.0
    where: str = ""

    def note(self, condition: str, violations: Array | float, where: Namer) -> None:
        """Take in ``violations``; ``where`` tells the place from the index of the largest."""
        found = np.asarray(violations, dtype=float)
        if found.size == 0:
            return
        at = int(found.argmax())  # of numbers that are none, the first counts as the largest
        size = float(found.flat[at])
        if not np.isfinite(size):
            size = np.inf
        if size <= self.worst_of[condition] and self.where:
            return
        self.worst_of[condition] = max(self.worst_of[condition], size)
        if size > self.worst:
            index = (int(i) for i in np.unravel_index(at, found.shape))
            self.worst, self.where = size, f"{condition}: {where(*index)}"

    def pair(
        self,
        slack: Array,
        quantity: Array,
        scale: Array,
        where: Namer,
        off: Array | float = np.inf,
    ) -> None:
        """A reduced cost >= 0 that is 0 wherever the quantity is positive.

        ``off`` is the scaled distance of the quantity from the one that would satisfy both.
        """
        self.note("stationarity", np.minimum(np.maximum(-slack, 0.0) / (1 + scale), off), where)
        idle = np.minimum(np.abs(slack) / (1 + scale), quantity / (1 + quantity))
        self.note("complementarity", np.minimum(idle, off), where)

    def limit(self, spare: Array, price: Array, size: Array | float, where: Namer) -> None:
        """A limit that nothing exceeds (``spare`` >= 0), and whose price is 0 while it is slack."""
        self.note("capacity", np.maximum(-spare, 0.0) / (1 + np.abs(size)), where)
        idle = np.minimum(np.abs(spare) / (1 + np.abs(size)), np.abs(price) / (1 + np.abs(price)))
        self.note("complementarity", idle, where)
