"""What a certificate says, and how violations are gathered into one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.words.sentence import Sentence

__all__ = ["Array", "Certificate", "Findings", "bits_of", "ever"]

Array = NDArray[Any]  # of numbers, truths or places
Namer = Callable[..., str]
STATIONARY = "stationarity", "complementarity"
LIMITED = "capacity", "complementarity"
CONDITIONS = ("balance", "capacity", "sign", *STATIONARY, "accounting")


def ever(true: Array) -> Array:
    """Where something holds in any slot. Slots come last; along few of them ``any`` is slow."""
    found: Array = true[..., 0].copy()
    for slot in range(1, true.shape[-1]):
        found |= true[..., slot]
    return found


def bits_of(mask: Array) -> bytes:
    """A mask in few bytes, to look up by."""
    return np.packbits(mask).tobytes()


@dataclass(frozen=True, slots=True)
class Certificate:
    """Largest scaled violation of each condition, and where the largest of all stands.

    ``not_unique`` says in sentences what of the point is one choice among several.
    """

    violations: dict[str, float]
    worst: str
    tolerance: float
    not_unique: tuple[Sentence, ...] = ()

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


class Findings:
    """Violations of all conditions, taken in array by array and weighed all at once.

    The worst of each condition counts, and the worst place of all is named.
    """

    def __init__(self) -> None:
        # Of each array the condition, the violations (empty until they are weighed, where they
        # come of a slack) and who names a place.
        self._noted: list[tuple[str, Array, Namer]] = []
        # Slack, quantity, scale and distance, and the first of two arrays that come of them.
        self._pairs: list[tuple[Array, Array, Array, Array | None, int]] = []
        self._limits: list[tuple[Array, Array, Array, int]] = []

    def note(self, condition: str, violations: Array | float, where: Namer) -> None:
        """Take in ``violations``; ``where`` tells the place from the index of the largest."""
        self._noted.append((condition, np.asarray(violations, dtype=float), where))

    def pair(
        self,
        slack: Array,
        quantity: Array,
        scale: Array,
        where: Namer,
        off: Array | None = None,
    ) -> None:
        """A reduced cost >= 0 that is 0 wherever the quantity is positive.

        All arrays are of one shape. ``off`` is the scaled distance of the quantity from the one
        that would satisfy both.
        """
        self._pairs.append((slack, quantity, scale, off, self._expect(slack, STATIONARY, where)))

    def limit(self, spare: Array, price: Array, size: Array | float, where: Namer) -> None:
        """A limit that nothing exceeds (``spare`` >= 0), and whose price is 0 while it is slack.

        ``spare`` and ``price`` are of one shape.
        """
        if np.shape(size) != spare.shape:
            size = np.broadcast_to(size, spare.shape)
        self._limits.append((spare, price, np.asarray(size), self._expect(spare, LIMITED, where)))

    def _expect(self, like: Array, conditions: tuple[str, str], where: Namer) -> int:
        """Keep places for violations of two conditions."""
        first = len(self._noted)
        self._noted += [(condition, like, where) for condition in conditions]
        return first

    def weighed(self) -> tuple[dict[str, float], str]:
        """The largest violation of each condition, and where the largest of all is."""
        worst_of = dict.fromkeys(CONDITIONS, 0.0)
        flat = [violations.ravel() for _, violations, _ in self._noted]
        _fill(flat, [at for *_, at in self._pairs], self._of_pairs())
        _fill(flat, [at for *_, at in self._limits], self._of_limits())
        parts = [(part, *noted) for part, noted in zip(flat, self._noted, strict=True) if part.size]
        if not parts:
            return worst_of, ""
        whole = np.concatenate([part for part, *_ in parts])
        if not np.isfinite(whole).all():
            whole[~np.isfinite(whole)] = np.inf
        ends = list(itertools.accumulate(part.size for part, *_ in parts))
        sizes = np.maximum.reduceat(whole, [0, *ends[:-1]]).tolist()
        for (_, condition, _, _), size in zip(parts, sizes, strict=True):
            worst_of[condition] = max(worst_of[condition], size)
        number = sizes.index(max(sizes))
        part, condition, like, where = parts[number]
        at = whole[ends[number] - part.size : ends[number]].argmax()
        return worst_of, f"{condition}: {where(*map(int, np.unravel_index(at, like.shape)))}"

    def _of_pairs(self) -> tuple[Array, Array]:
        """Violations of stationarity and of complementarity of all pairs, one after another."""
        slack = joined(part[0] for part in self._pairs)
        quantity = joined(part[1] for part in self._pairs)
        scale = joined(part[2] for part in self._pairs)
        short = slack / (1 + scale)
        least, idle = np.maximum(-short, 0.0), np.minimum(np.abs(short), quantity / (1 + quantity))
        if any(off is not None for *_, off, _ in self._pairs):
            most = joined(
                np.full(slack.shape, np.inf) if off is None else off
                for slack, _, _, off, _ in self._pairs
            )
            least, idle = np.minimum(least, most), np.minimum(idle, most)
        return least, idle

    def _of_limits(self) -> tuple[Array, Array]:
        """Violations of capacity and of complementarity of all limits, one after another."""
        spare = joined(part[0] for part in self._limits)
        price = joined(part[1] for part in self._limits)
        size = joined(part[2] for part in self._limits)
        left, price = spare / (1 + np.abs(size)), np.abs(price)
        return np.maximum(-left, 0.0), np.minimum(np.abs(left), price / (1 + price))


def joined(parts: Iterable[Array]) -> Array:
    """The numbers of arrays of any shape in one row."""
    return np.concatenate([np.zeros(0), *(part.ravel() for part in parts)])


def _fill(flat: list[Array], places: Sequence[int], found: tuple[Array, Array]) -> None:
    """Put violations of two conditions where they are expected: ``places`` are of the first."""
    start = 0
    for at in places:
        end = start + flat[at].size
        flat[at], flat[at + 1] = found[0][start:end], found[1][start:end]
        start = end
