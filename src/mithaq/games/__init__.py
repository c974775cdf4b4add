"""Cooperative games on arrays: values, core, nucleolus. Pure functions; nothing here knows gas."""

from mithaq.games.arrays import coalition_sums, excess, game, mask, members, players
from mithaq.games.core import Blocking, LeastCore, blocking, in_core, least_core
from mithaq.games.nucleolus import is_nucleolus, is_prenucleolus, nucleolus, prenucleolus
from mithaq.games.values import (
    Sampled,
    banzhaf,
    dividends,
    gately,
    interaction,
    owen,
    sample_shapley,
    shapley,
    weighted_shapley,
)

__all__ = [
    "Blocking",
    "LeastCore",
    "Sampled",
    "banzhaf",
    "blocking",
    "coalition_sums",
    "dividends",
    "excess",
    "game",
    "gately",
    "in_core",
    "interaction",
    "is_nucleolus",
    "is_prenucleolus",
    "least_core",
    "mask",
    "members",
    "nucleolus",
    "owen",
    "players",
    "prenucleolus",
    "sample_shapley",
    "shapley",
    "weighted_shapley",
]
