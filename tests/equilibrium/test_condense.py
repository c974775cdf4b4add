"""A program without the flows that its balances give has the answers of the whole one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from mithaq.equilibrium.backends import Quadratic, solve_quadratic
from mithaq.equilibrium.complementarity import needs
from mithaq.equilibrium.condense import condensed, taken_out
from mithaq.equilibrium.program import Program, build_program
from mithaq.equilibrium.solvers import whole_program
from mithaq.errors import MithaqError
from tests.equilibrium.random_chains import plain, rich, through_time
from tests.equilibrium.toys import chain

some = settings(max_examples=20, deadline=None, derandomize=True)


def largest_gap(problem: Quadratic, x: np.ndarray, z: np.ndarray) -> float:
    """Largest violation of the conditions of a quadratic program, written out once more."""
    upper = problem.quadratic
    whole = upper + sp.triu(upper, 1).T
    first = problem.equalities
    slack = problem.bound - problem.matrix @ x
    gaps = (
        np.abs(whole @ x + problem.linear + problem.matrix.T @ z).max(initial=0.0),
        np.abs(slack[:first]).max(initial=0.0),
        -slack[first:].min(initial=0.0),
        -z[first:].min(initial=0.0),
        np.abs(slack * z)[first:].max(initial=0.0),
    )
    return max(map(float, gaps))


def gap_through_condensing(program: Program) -> float:
    """Of the answer that the solver gives for what is left; infinite where it gives none."""
    short = condensed(program)
    answer = solve_quadratic(short.plain(), 1e-11, 200)
    if answer.status != "Solved":
        return np.inf
    whole = short.whole_answer(answer)
    return largest_gap(whole_program(program), whole.x, whole.z)


def has_equilibrium(drawn: mithaq.Chain) -> bool:
    try:
        return mithaq.solve(drawn, check=False).solved
    except MithaqError:
        return False


@some
@given(st.sampled_from([plain, rich, through_time]), st.integers(0, 10**6))
def test_its_answer_solves_the_whole_program(kind: object, seed: int) -> None:
    drawn = chain(**kind(seed)).quadratic()  # type: ignore[operator]
    program = build_program(drawn)
    assume(not needs(program) and has_equilibrium(drawn))
    assert gap_through_condensing(program) < 1e-3  # what is taken out wrongly shows in whole units


def test_a_third_of_the_columns_of_the_shipped_chain_go() -> None:
    program = build_program(mithaq.Chain.shipped().quadratic())
    short = condensed(program)
    assert len(short.linear) < 0.7 * len(short.how.column)
    assert short.joined.matrix.nnz < program.matrix.nnz
    assert gap_through_condensing(program) < 1e-5


@pytest.mark.parametrize(("owed", "goes"), [(0, True), (1, True), (-1, False)])
def test_a_flow_whose_sign_its_balance_does_not_give_stays(owed: int, goes: bool) -> None:
    """Flow less sale is what is owed: where gas comes by itself the flow could be below zero."""
    rows = {0: {0: 1.0, 1: -1.0}, 1: {0: 1.0}}
    assert taken_out(rows, [owed], [True, False]) == ([(0, 0)] if goes else [])
    assert rows == ({1: {1: 1.0}} if goes else {0: {0: 1.0, 1: -1.0}, 1: {0: 1.0}})


@pytest.mark.parametrize(("tariff", "joined"), [(4.0, True), (4.5, False)])
def test_parallel_lines_of_one_tariff_are_one(tariff: float, joined: bool) -> None:
    """What goes through them is theirs by capacity, and all have one rent."""
    demand = {"reference_quantity": 90, "reference_price": 60, "elasticity": -0.5}
    line = {"from": "Well", "to": "Hub"}
    system = chain(
        nodes=[{"name": "Well"}, {"name": "Hub"}],
        firms=[{"name": firm, "conduct": 1} for firm in "AB"],
        fields=[
            {"name": firm, "node": "Well", "owners": firm, "capacity": 60, "a": 10, "b": 0.1}
            for firm in "AB"
        ],
        pipelines=[
            {**line, "name": "old", "capacity": 30, "tariff": 4.0},
            {**line, "name": "new", "capacity": 10, "tariff": tariff},
            {**line, "name": "dear", "capacity": 50, "tariff": 9},
        ],
        markets=[{"name": "Hub", "node": "Hub", **demand}],
    )
    program = build_program(system)
    short = condensed(program)
    assert len(short.how.parallel) == 1
    assert len(short.joined.columns) == (4 if joined else 0)
    assert gap_through_condensing(program) < 1e-6
    found = mithaq.solve(system).flows.set_index("name")
    assert found["bcm"]["old"] == pytest.approx(30)
    assert found["bcm"]["new"] == pytest.approx(10)
    assert 0.1 < found["bcm"]["dear"] < 50
    assert found["rent"]["old"] == pytest.approx(5)
    assert found["rent"]["new"] == pytest.approx(9 - tariff)


def test_parallel_lines_that_are_not_full_share_by_capacity() -> None:
    demand = {"reference_quantity": 90, "reference_price": 60, "elasticity": -0.5}
    lines = {"old": 60, "new": 20}
    system = chain(
        nodes=[{"name": "Well"}, {"name": "Hub"}],
        firms=[{"name": "A"}],
        fields=[{"name": "a", "node": "Well", "owners": "A", "capacity": 40, "a": 10, "b": 0.1}],
        pipelines=[
            {"name": name, "from": "Well", "to": "Hub", "capacity": size, "tariff": 4}
            for name, size in lines.items()
        ],
        markets=[{"name": "Hub", "node": "Hub", **demand}],
    )
    flow = mithaq.solve(system).flows.set_index("name")["bcm"]
    assert flow.to_dict() == pytest.approx({"old": 30, "new": 10})
