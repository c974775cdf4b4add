"""Where to start: what equilibria of similar chains lift, and which ways they go.

Of all that firms could send and sell most is never done: at no price near those of today would the
gas of that field go that way. A program over the ways that similar chains use is half as large.
Its answer is certified over all ways, as any answer is; where a way that was left out would pay,
the whole program is solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mithaq.equilibrium.result import Equilibrium

__all__ = ["KINDS", "TRACE", "Start", "Used"]

Mask = NDArray[np.bool_]
KINDS = ("flow", "spot")
TRACE = 1e-9  # bcm/yr, below which nothing goes that way


@dataclass(frozen=True, eq=False, slots=True)
class Used:
    """Flows and sales in use: by kind their labels, and slots x labels whether each is."""

    labels: dict[str, list[tuple[str, ...]]]
    there: dict[str, Mask]

    def mask(self, kind: str, keys: Sequence[Any], slots: int) -> Mask:
        """Which of a network's columns of a kind may be other than zero: slots x keys.

        All that is not known from before may.
        """
        there = self.there[kind]
        if len(there) != slots:
            return np.ones((slots, len(keys)), dtype=bool)
        at = {label: place for place, label in enumerate(self.labels[kind])}
        unknown = len(at)
        known = np.append(there, np.ones((slots, 1), dtype=bool), axis=1)
        found: Mask = known[:, [at.get(key, unknown) for key in keys]]
        return found

    @property
    def content(self) -> tuple[object, ...]:
        """Equal where what is in use is."""
        return tuple((tuple(self.labels[kind]), self.there[kind].tobytes()) for kind in KINDS)


@dataclass(frozen=True, eq=False, slots=True)
class Start:
    """What equilibria of similar chains lift (bcm/yr by firm and field), and the ways they use."""

    production: pd.Series[float]
    used: Used | None = None

    @staticmethod
    def of(base: Equilibrium, others: Sequence[Equilibrium] = (), margin: float = 0.0) -> Start:
        """Start from ``base`` on all ways that it or one of ``others`` uses.

        Ways count that in ``base`` would pay if they earned ``margin`` (USD/1000 m3) more. All must
        be equilibria of one structure, of which only the numbers differ; those that are of another
        are passed over.
        """
        labels, there = {}, {}
        for kind in KINDS:
            sheet = getattr(base.point, kind)
            labels[kind] = sheet.labels.names
            used = sheet.numbers > TRACE
            for other in others:
                theirs = getattr(other.point, kind)
                if theirs.labels.names == sheet.labels.names and len(theirs.numbers) == len(used):
                    used |= theirs.numbers > TRACE
            there[kind] = used | (base.margins(kind) < margin) if margin else used
        return Start(base.production, Used(labels, there))
