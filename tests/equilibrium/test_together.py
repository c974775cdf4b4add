"""The batched solver gives the equilibria that the others give, certified as they are."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq.equilibrium.backends import Quadratic, solve_quadratic
from mithaq.errors import MithaqError, ModelError
from tests.equilibrium.random_chains import plain, rich, through_time
from tests.equilibrium.toys import chain as chain_with

pytest.importorskip("torch", reason="needs the extra gpu")

from mithaq.equilibrium.many import SOLVER, solve_many
from mithaq.equilibrium.structure import Costs, Structure, _rank_ones
from mithaq.equilibrium.together import solve_together


def chain_of(tables):
    return chain_with(**tables)


def varied(chain, count=3):
    """The chain, and others with dearer fields."""
    names = [row["name"] for row in chain.rows("fields")]
    others = [
        [mithaq.Change("fields", name, "a", 3.0 * n + 1.5) for name in names]
        for n in range(count - 1)
    ]
    return [chain, *(chain.with_edits(edits) for edits in others)]


def same(chains, answers):
    """Compare with the other solvers; return how many were solved together."""
    together = 0
    for chain, answer in zip(chains, answers, strict=True):
        alone, error = None, None
        try:
            alone = mithaq.solve(chain)
        except MithaqError as raised:
            error = raised
        if alone is None:
            uncertified = getattr(error, "outcome", None) is mithaq.Outcome.NOT_CERTIFIED
            assert str(answer) == str(error) or (uncertified and answer.certificate.holds)
            continue
        assert answer.certificate.holds
        # Where next to nothing is sold the mean price of sectors or seasons means nothing.
        sold = alone.deliveries.groupby("market")["bcm"].sum()
        if len(alone.by_slot.prices["period"].unique()) == 1:
            told = [name for name, bcm in sold.items() if bcm > 0.01]
            prices, others = (found.market_prices[told].to_dict() for found in (answer, alone))
            assert prices == pytest.approx(others, abs=2e-4, rel=1e-5)
        assert answer.welfare == pytest.approx(alone.welfare, rel=1e-6, abs=1e-3)
        together += answer.method.solver.startswith(SOLVER)
    return together


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10**6), st.sampled_from([plain, rich, through_time]))
def test_random_chains(seed, kind):
    chains = varied(chain_of(kind(seed)))
    same(chains, solve_many(chains))


@pytest.mark.parametrize("exact", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_shipped_chain_is_solved_together(exact):
    chain = mithaq.Chain.shipped(2010)
    chain = chain if exact else chain.quadratic()
    fields = [row["name"] for row in chain.rows("fields") if row["capacity"] > 0]
    edits = [[mithaq.Change("fields", name, "a", 25.0)] for name in fields[:2]]
    edits += [
        [mithaq.Cooperate("forum", group, k)]
        for group, k in ((("Gazprom", "Sonatrach"), 0.5), (("Gazprom", "NLNG", "Sonatrach"), 0.8))
    ]
    chains = [chain.with_edits(edit) for edit in edits]
    assert same(chains, solve_many(chains)) == len(chains)


def test_one_that_cannot_be_solved_leaves_the_others_alone():
    chain = chain_of(plain(3, conduct=1.0))
    sale = next(iter(mithaq.solve(chain).point.spot))
    floors = [mithaq.Floor(*sale[:2], quantity) for quantity in (0.1, 0.2, 1e6)]
    chains = [chain.with_edits([floor]) for floor in floors]
    answers = solve_many(chains)
    assert same(chains, answers) == 2
    assert answers[2].outcome is mithaq.Outcome.INFEASIBLE


def test_an_answer_does_not_depend_on_its_neighbours():
    chain = chain_of(plain(3, conduct=1.0))
    one, *others = varied(chain, 4)
    first = solve_many([one, others[0]])[0]
    last = solve_many([*others, one])[-1]
    gap = np.abs(first.prices - last.prices).max()
    assert gap < 1e-8


def test_ties_in_pairs_go_to_the_other_solvers():
    tables = plain(3, conduct=1.0)
    chain = chain_of(tables).with_edits(
        [mithaq.Stake("f0", "f1", 0.2), mithaq.Stake("f1", "f0", 0.2)]
    )
    chains = varied(chain)
    same(chains, solve_many(chains))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=2), st.floats(0.1, 9)), max_size=3))
def test_nested_and_disjoint_groups_are_found_again(groups):
    nested = [(sorted(g), w) for g, w in groups]
    for (one, _), (two, _) in itertools.combinations(nested, 2):
        if set(one) & set(two) and not (set(one) <= set(two) or set(two) <= set(one)):
            return
    block = np.diag(np.arange(1.0, 7.0)) * 10
    for members, weight in nested:
        block[np.ix_(members, members)] += weight
    found, rest = _rank_ones(block)
    rebuilt = np.diag(rest) + sum((np.outer(v, v) for v in found), np.zeros((6, 6)))
    assert rebuilt == pytest.approx(block)
    assert rest == pytest.approx(np.arange(1.0, 7.0) * 10)


def test_chains_of_ties_have_no_rank_one():
    block = np.array([[4.0, 1, 0], [1, 4, 1], [0, 1, 4]])
    with pytest.raises(ModelError, match="in pairs"):
        _rank_ones(block)
    with pytest.raises(ModelError, match="in pairs"):
        _rank_ones(np.array([[4.0, -1], [-1, 4]]))


def test_a_program_with_two_lower_bounds_on_a_column():
    """min (x - 1)^2/2 + y so that x + y = 5, x >= 0, x >= 2, x <= 3, y >= 0, x - y <= 4."""
    matrix = sp.csc_matrix(np.array([[1.0, 1], [-1, 0], [-1, 0], [1, 0], [0, -1], [1, -1]]))
    bound = np.array([5.0, 0, -2, 3, 0, 4])
    single = np.array([False, True, True, True, True, False])
    quadratic = sp.csc_matrix(np.diag([1.0, 0]))
    problems = [
        Quadratic(quadratic, np.array([-1.0, slope]), matrix, bound, 1, single)
        for slope in (0.2, -3.0, 1.5)
    ]
    structure = Structure(problems)
    costs = [Costs(np.zeros(2), np.ones(2))] * 3
    found = solve_together(structure, structure.numbers(problems, costs))
    assert found.solved.all()
    for problem, answer in zip(problems, structure.answers(problems, found), strict=True):
        judge = solve_quadratic(problem, 1e-10, 100)
        assert answer.x == pytest.approx(judge.x, abs=1e-6)
        assert answer.z == pytest.approx(judge.z, abs=1e-5)


def test_programs_of_other_shapes_are_refused():
    one = Quadratic(
        sp.csc_matrix(np.eye(2)),
        np.ones(2),
        sp.csc_matrix(np.ones((1, 2))),
        np.ones(1),
        1,
        np.zeros(1, dtype=bool),
    )
    two = Quadratic(
        sp.csc_matrix(np.eye(3)),
        np.ones(3),
        sp.csc_matrix(np.ones((1, 3))),
        np.ones(1),
        1,
        np.zeros(1, dtype=bool),
    )
    with pytest.raises(ModelError, match="different shapes"):
        Structure([one, two])
