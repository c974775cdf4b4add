"""A start that names ways in use makes an answer come sooner, and is no part of it."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Change, Cooperate, Start
from mithaq.equilibrium import result
from mithaq.equilibrium.start import Used
from mithaq.errors import MithaqError
from mithaq.worth import pilots
from tests.equilibrium.random_chains import Rows, plain, rich, through_time
from tests.equilibrium.test_again import variations
from tests.equilibrium.toys import chain, demand, field

some = settings(max_examples=6, deadline=None, derandomize=True)
many = settings(max_examples=150, deadline=None, derandomize=True)
KINDS = {"plain": plain, "rich": rich, "through time": through_time}
SOLD = 1e-3  # bcm/yr, below which a price is no price that anybody pays


def check(tables: Rows) -> None:
    """Every variation of a chain has the same outcome, welfare and prices with a start."""
    base = chain(**tables)
    try:
        first = mithaq.solve(base, check=False)
    except MithaqError:
        first = None
    assume(first is not None and first.solved)
    assert first is not None
    start = Start.of(first)
    for edits in variations(tables):
        try:
            cold = mithaq.solve(base, edits, check=False)
        except MithaqError as error:
            with pytest.raises(type(error)):
                mithaq.solve(base, edits, near=start, check=False)
            continue
        warm = mithaq.solve(base, edits, near=start, check=False)
        assert warm.outcome is cold.outcome
        if cold.solved:
            assert warm.certificate.holds
            assert warm.welfare == pytest.approx(cold.welfare, rel=1e-6, abs=1e-4)
            sold = cold.deliveries.groupby("market")["bcm"].sum()
            paid = [name for name in cold.market_prices.index if sold.get(name, 0.0) > SOLD]
            same = pytest.approx(cold.market_prices[paid].to_dict(), rel=1e-5, abs=1e-4)
            assert warm.market_prices[paid].to_dict() == same


@some
@given(kind=st.sampled_from(["plain", "rich"]), seed=st.integers(0, 10**6))
def test_it_leaves_an_answer_as_it_is(kind: str, seed: int) -> None:
    check(KINDS[kind](seed))


@pytest.mark.slow
@many
@given(kind=st.sampled_from(list(KINDS)), seed=st.integers(0, 10**6))
def test_it_leaves_answers_of_all_kinds_as_they_are(kind: str, seed: int) -> None:
    check(KINDS[kind](seed))


def two_lines() -> mithaq.Chain:
    line = {"from": "Well", "to": "Hub", "capacity": 100}
    return chain(
        nodes=[{"name": "Well"}, {"name": "Hub"}],
        firms=[{"name": "A", "conduct": 1}],
        fields=[field("a", 10, node="Well", owners="A", capacity=200)],
        pipelines=[{**line, "name": "near", "tariff": 2}, {**line, "name": "far", "tariff": 6}],
        markets=[demand("Hub", 100, 1)],
    )


def test_a_way_that_was_left_out_is_taken_where_it_pays() -> None:
    """Monopoly on 100 - q at 10 + tariff: q = (90 - tariff) / 2, over the line that is cheaper."""
    system = two_lines()
    start = Start.of(mithaq.solve(system))
    assert start.used is not None
    assert start.used.mask("flow", [("A", "near"), ("A", "far")], 1).tolist() == [[True, False]]
    for tariff, line, sent in ((4, "near", 43), (9, "far", 42)):
        with mock.patch.object(result, "solve_program", wraps=result.solve_program) as whole:
            found = mithaq.solve(
                system, [Change("pipelines", "near", "tariff", tariff)], near=start
            )
        assert found.flows.set_index("name")["bcm"][line] == pytest.approx(sent)
        assert whole.call_count == (line == "far")


def test_with_a_margin_it_names_ways_that_nearly_pay() -> None:
    base = mithaq.solve(two_lines())
    ways = [("A", "near"), ("A", "far")]
    assert base.margins("flow") == pytest.approx(np.array([[4.0, 0.0]]), abs=1e-6)
    for margin, far in ((3.9, False), (4.1, True)):
        used = Start.of(base, margin=margin).used
        assert used is not None
        assert used.mask("flow", ways, 1).tolist() == [[True, far]]


def test_what_is_not_known_from_before_may_be_used() -> None:
    used = Used({"flow": [("A", "line")], "spot": []}, {"flow": np.array([[False]])})
    assert used.mask("flow", [("A", "line"), ("B", "line")], 1).tolist() == [[False, True]]
    assert used.mask("flow", [("A", "line")], 2).tolist() == [[True], [True]]


def test_most_of_the_shipped_chain_is_left_out_and_every_value_is_told() -> None:
    system = mithaq.Chain.shipped().quadratic()
    base = mithaq.solve(system)
    edits = [Cooperate("two", ("Gazprom", "Sonatrach"), 0.2)]
    cold = mithaq.solve(system, edits)
    start = Start.of(base, [cold])
    assert start.used is not None
    assert sum(there.sum() for there in start.used.there.values()) < 0.7 * cold.size["variables"]
    with mock.patch.object(result, "solve_program", side_effect=AssertionError):
        warm = mithaq.solve(system, edits, near=start)
    assert warm.prices.to_dict() == pytest.approx(cold.prices.to_dict(), rel=1e-7)
    for (name, mine), (_, theirs) in zip(warm.point.sheets(), cold.point.sheets(), strict=True):
        assert list(mine) == list(theirs), name


def test_an_equilibrium_of_another_structure_names_no_ways() -> None:
    system = two_lines()
    base, other = mithaq.solve(system), mithaq.solve(mithaq.Chain.shipped())
    mine, both = Start.of(base).used, Start.of(base, [other]).used
    assert mine is not None
    assert both is not None
    assert mine.content == both.content


def test_many_changes_send_some_ahead_and_few_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    system = two_lines()
    base = mithaq.solve(system)
    tariffs = [[Change("pipelines", "near", "tariff", float(t))] for t in range(2, 12)]
    assert pilots.start_for(base, tariffs).used is None
    monkeypatch.setattr(pilots, "MANY", 10)
    monkeypatch.setattr(pilots, "SHARE", 1)
    used = pilots.start_for(base, tariffs).used
    assert used is not None
    assert used.mask("flow", [("A", "near"), ("A", "far")], 1).all()
    again = pilots.start_for(base, tariffs).used
    assert again is not None
    assert used.content == again.content
