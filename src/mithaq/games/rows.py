"""One stage of the least core and the nucleolus: a linear program whose rows are found as needed.

Among divisions of v(all) that give some coalitions a fixed total, the one that makes the largest
excess of all *other* coalitions least:

    min e   so that   x(S) + e >= v(S) for every S that is not fixed
                      x(F) = given     for every fixed F

Only coalitions outside the span of the fixed ones count, since the total of those inside is settled
(Potters, Reijnierse & Ansing 1996). The game is zero-normalised and scaled for the solver.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.optimize import linprog

from mithaq.errors import ModelError
from mithaq.games.arrays import Array, coalition_sums, members, rounding

__all__ = ["Stage", "scale"]

PRECISION = 1e-10  # of the solver
VIOLATED = 1e-9  # excess over e from which a coalition needs a row, in units of the scaled game
IN_SPAN = 1e-8
MOST_ROUNDS = 10_000
STEP = 0.5  # of the way from the best division known to the program's, where objections are sought


def scale(v: Array, above: Array) -> tuple[float, float]:
    """Return by what to divide ``above``, the game less what its players are worth alone, and what
    is rounding thereafter. Where all of it is rounding the players add nothing to one another, and
    digits are not to be blown up into a game.
    """
    noise = rounding(v)
    largest = float(np.abs(above).max())
    if largest <= noise:
        largest = float(np.abs(v).max()) or 1.0
    return largest, max(noise / largest, 1e-12)


class Stage:
    """The programs of one game, from the least core to the point where all totals are settled.

    ``rational`` keeps every player at or above what it is worth alone (imputations).
    """

    def __init__(self, v: Array, *, rational: bool = False) -> None:
        self.n = len(v).bit_length() - 1
        self.alone = v[[1 << player for player in range(self.n)]]
        above = v - coalition_sums(self.alone)
        self.scale, self.noise = scale(v, above)
        self.v = above / self.scale
        self.rational = rational
        if rational and self.v[-1] < -self.noise:
            raise ModelError(
                "alone the players are worth more than together, so that no division leaves each "
                "its own; ask for the prenucleolus"
            )
        self.fixed: list[tuple[int, float]] = [(len(v) - 1, float(self.v[-1]))]
        self.at_zero: list[int] = []
        self.rows: list[int] = []
        self.last: Array = np.full(self.n, self.v[-1] / self.n)
        self.epsilon = 0.0
        self.duals: Array = np.zeros(0)
        self.bound_duals: Array = np.zeros(self.n)
        self.settled = self._settled()

    def incidence(self, coalitions: list[int]) -> Array:
        """One row a coalition, one column a player: 1 where it belongs."""
        out = np.zeros((len(coalitions), self.n))
        for row, bits in enumerate(coalitions):
            out[row, list(members(bits))] = 1.0
        return out

    def fix(self, level: list[int], at_zero: list[int]) -> None:
        """Keep these coalitions at the present least excess, and these players at their own."""
        self.fixed += [(bits, float(self.v[bits]) - self.epsilon) for bits in level]
        self.at_zero += at_zero
        self.settled = self._settled()

    def _given(self) -> tuple[Array, Array]:
        matrix = self.incidence([bits for bits, _ in self.fixed])
        zero = self.incidence([1 << player for player in self.at_zero])
        totals = [total for _, total in self.fixed] + [0.0] * len(self.at_zero)
        return np.vstack([matrix, zero]), np.array(totals)

    def _settled(self) -> NDArray[np.bool_]:
        """Which coalitions have a total that the fixed ones determine (the empty one does)."""
        free = scipy.linalg.null_space(self._given()[0])
        out = np.ones(len(self.v), dtype=bool)
        for direction in free.T:
            out &= np.abs(coalition_sums(direction)) < IN_SPAN
        return out

    @property
    def done(self) -> bool:
        """Whether every player's share is settled."""
        return bool(self.settled.all())

    def solve(self) -> tuple[float, Array]:
        """The least excess of the coalitions that are not settled, and a division, in full units.

        Raises :class:`ModelError` where the solver gives no answer.
        """
        self.rows = [bits for bits in self.rows if not self.settled[bits]]
        if not self.rows:
            singles = [1 << player for player in range(self.n)]
            rest = [(len(self.v) - 1) ^ bits for bits in singles]
            self.rows = [bits for bits in {*singles, *rest} if not self.settled[bits]]
        if not self.rows:
            self.rows = [int(np.argmin(self.settled))]
        inner = self.last  # keeps every fixed total: the answer of the stage before
        reached = float(self._over(inner).max())
        for _ in range(MOST_ROUNDS):
            outer = self.last = self._program()
            found: set[int] = set()
            for share in (1.0, STEP):
                x = inner + share * (outer - inner)
                over = self._over(x)
                here = float(over.max())
                found |= self._objecting(over - self.epsilon)
                if here < reached:
                    inner, reached = x, here
                if reached - self.epsilon <= VIOLATED:
                    return self.epsilon * self.scale, self.alone + inner * self.scale
            self.rows += sorted(found.difference(self.rows))
        raise ModelError("the rows of the nucleolus did not come to an end")

    def _over(self, x: Array) -> Array:
        """Excess of every coalition that is not settled; of the others minus infinity."""
        over: Array = self.v - coalition_sums(x)
        over[self.settled] = -np.inf
        return over

    def _objecting(self, over: Array) -> set[int]:
        """The coalition that objects most with each player, and the one without it.

        One of each, since those that object most of all are nearly the same and teach little.
        """
        found: set[int] = set()
        for player in range(self.n):
            cube = over.reshape(-1, 2, 1 << player)
            for side in (0, 1):
                half = cube[:, side]
                block, place = divmod(int(np.argmax(half)), 1 << player)
                bits = (block << (player + 1)) | (side << player) | place
                if over[bits] > VIOLATED:
                    found.add(bits)
        return found

    def _program(self) -> Array:
        matrix, totals = self._given()
        objective = np.zeros(self.n + 1)
        objective[-1] = 1.0
        least = 0.0 if self.rational else None
        answer = linprog(
            objective,
            A_ub=-np.hstack([self.incidence(self.rows), np.ones((len(self.rows), 1))]),
            b_ub=-self.v[self.rows],
            A_eq=np.hstack([matrix, np.zeros((len(matrix), 1))]),
            b_eq=totals,
            bounds=[(least, None)] * self.n + [(None, None)],
            method="highs",
            options={
                "primal_feasibility_tolerance": PRECISION,
                "dual_feasibility_tolerance": PRECISION,
            },
        )
        if not answer.success:
            raise ModelError(f"the program of the least core was not solved: {answer.message}")
        self.epsilon = float(answer.x[-1])
        self.duals = -np.asarray(answer.ineqlin.marginals)
        self.bound_duals = np.asarray(answer.lower.marginals)[: self.n]
        return np.asarray(answer.x[: self.n])
