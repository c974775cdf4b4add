"""Where many equilibria of one chain start: from what a few of them, drawn at random, use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mithaq.chain import Edit
from mithaq.equilibrium import Equilibrium, Start, solve

__all__ = ["start_for"]

MANY = 256  # equilibria, from which on it pays to send some ahead
PILOTS = 64
SHARE = 16  # equilibria for each of these, if they are fewer
SEED = 2010


def start_for(base: Equilibrium, changes: Sequence[Sequence[Edit]]) -> Start:
    """A start for the equilibria that differ from ``base`` by one of the changes each.

    Of few it names what is lifted alone, of many also the ways that some of them use. It hangs on
    ``base`` and the changes, so that what starts from it is the same in every run.
    """
    if len(changes) < MANY:
        return Start(base.production)
    count = min(PILOTS, len(changes) // SHARE)
    ahead = np.random.default_rng(SEED).choice(len(changes), count, replace=False)
    found = (
        solve(base.chain, changes[place], near=base.production, check=False)
        for place in sorted(ahead.tolist())
    )
    return Start.of(base, [pilot for pilot in found if pilot.solved])
