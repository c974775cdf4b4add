"""Conduct of all markets in one pass is that of each market by itself."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Cooperate, Stake
from mithaq.equilibrium.conduct import Markets
from mithaq.equilibrium.program import build_program
from tests.equilibrium.random_chains import plain
from tests.equilibrium.toys import chain


def one_by_one(conduct: Markets) -> np.ndarray:
    """The upper triangles of 11' + L, read off the matrices."""
    found = [(1 + c.matrix)[np.triu_indices(len(c.sellers))] for c in conduct.values()]
    return np.concatenate(found)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.4, 1.0]))
def test_groups_of_random_chains(seed: int, strength: float) -> None:
    dice = Random(seed)
    tables = plain(seed, conduct=None)
    firms = [str(row["name"]) for row in tables["firms"]]
    dice.shuffle(firms)
    groups = [Cooperate("one", tuple(firms[:2]), strength)]
    if len(firms) == 4:
        groups.append(Cooperate("two", tuple(firms[2:]), 1 - strength))
    conduct = build_program(chain(**tables).with_edits(groups)).conduct
    assert conduct.triangles == pytest.approx(one_by_one(conduct), abs=1e-13)


def test_shipped_trade_weighs_conduct_in_a_group() -> None:
    base = mithaq.Chain.shipped()
    group = Cooperate("forum", ("Gazprom", "Qatargas", "Sonatrach", "Statoil"), 0.7)
    pair = Cooperate("pair", ("GasTerra", "SOCAR"), 1.0)
    conduct = build_program(base.with_edits([group, pair])).conduct
    assert conduct.plain
    assert conduct.triangles == pytest.approx(one_by_one(conduct), abs=1e-13)


def test_what_is_not_simple_is_read_off_the_matrices() -> None:
    base = mithaq.Chain.shipped()
    here = Cooperate("pair", ("Gazprom", "Sonatrach"), 0.5, market="Italy")
    stakes = [Stake("Gazprom", "Statoil", 0.2), Stake("Statoil", "Gazprom", 0.2)]
    for edits in ([here], stakes):
        conduct = build_program(base.with_edits(edits)).conduct
        alone = build_program(base).conduct
        assert np.abs(conduct.triangles - alone.triangles).max() > 0
        assert conduct.triangles == pytest.approx(
            np.concatenate([c.triangle for c in conduct.values()])
        )
