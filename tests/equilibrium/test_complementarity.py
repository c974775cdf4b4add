"""The complementarity engine: against known solutions, the other engine, and enumeration."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Method, ModelError, Outcome
from mithaq.equilibrium.interior import descend, miss, sharpen
from mithaq.equilibrium.mixed import Logarithms, Mixed, Products
from tests.equilibrium.random_chains import Rows, plain, rich, through_time
from tests.equilibrium.toys import chain, demand, field, hub, totals

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=10, deadline=None, derandomize=True)
many = settings(max_examples=150, deadline=None, derandomize=True)
OURS, PROGRAM = Method(engine="complementarity"), Method(engine="program")


def made(seed: int) -> tuple[Mixed, np.ndarray]:
    """A random monotone problem with logarithms, and a solution of it."""
    dice = np.random.default_rng(seed)
    n, m, p = (int(k) for k in dice.integers([4, 1, 3], [12, 4, 12]))
    root = dice.normal(size=(n, n - 1))
    skew = dice.normal(size=(n, n))
    slope = root @ root.T / n + (skew - skew.T)
    x = dice.uniform(0, 1, n) * (dice.random(n) < 0.7)
    rows = np.vstack([dice.normal(size=(m, n)), dice.normal(size=(p, n)), -np.eye(n)])
    slack, dual = np.zeros(len(rows)), np.zeros(len(rows))
    dual[:m] = dice.normal(size=m)
    binds = dice.random(len(rows)) < 0.4
    binds[m + p :] = x == 0
    slack[m:] = np.where(binds, 0, dice.uniform(0.1, 1, len(rows)))[m:]
    # One in five binding rows has no dual: the solution is not strictly complementary.
    dual[m:] = np.where(binds & (dice.random(len(rows)) < 0.8), dice.uniform(0.1, 1, len(rows)), 0)[
        m:
    ]
    slack[m + p :] = x
    curved = np.flatnonzero(dice.random(n) < 0.3)
    logs = Logarithms(curved, -dice.uniform(0.1, 1, len(curved)), x[curved] + 0.3)
    matrix = sp.csr_matrix(rows)
    blank = Mixed(
        sp.csr_matrix(slope),
        np.zeros(n),
        matrix,
        matrix,
        rows @ x + slack,
        m,
        logs,
        Products.none(),
    )
    linear = -blank.value(x) - rows.T @ dual
    whole = Mixed(blank.slope, linear, matrix, matrix, blank.bound, m, logs, Products.none())
    assert miss(whole, x, dual) < 1e-12
    return whole, x


def check_made(seed: int) -> None:
    problem, known = made(seed)
    found = descend(problem, 1e-10, 100)
    assert found.error <= 1e-10
    best = sharpen(problem, found)
    assert best.error <= min(1e-9, miss(problem, found.x, found.z))
    # A monotone F is constant in every direction of (M + M') on the set of solutions.
    half = (problem.slope + problem.slope.T) / 2
    apart = best.x - known
    assert apart @ half @ apart <= 1e-9


@some
@given(seed=SEEDS)
def test_made_problems_are_solved(seed: int) -> None:
    check_made(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_made_problems_are_solved_often(seed: int) -> None:
    check_made(seed)


def test_a_problem_without_solution_does_not_converge() -> None:
    """x >= 1 and x <= 0."""
    matrix = sp.csr_matrix([[-1.0], [1.0]])
    none = np.zeros(0, dtype=np.intp)
    problem = Mixed(
        sp.csr_matrix([[1.0]]),
        np.ones(1),
        matrix,
        matrix,
        np.array([-1.0, 0.0]),
        0,
        Logarithms(none, np.zeros(0), np.zeros(0)),
        Products.none(),
    )
    found = descend(problem, 1e-10, 100)
    assert found.error > 0.1
    assert sharpen(problem, found).error > 0.1


def test_products_are_found_too() -> None:
    """F1 = x1 x2 - 2, F2 = x2 - x1 + 1 at (2, 1), both inside their signs."""
    matrix = sp.csr_matrix(-np.eye(2))
    none = np.zeros(0, dtype=np.intp)
    one = np.array([0], dtype=np.intp)
    problem = Mixed(
        sp.csr_matrix([[0.0, 0.0], [-1.0, 1.0]]),
        np.array([-2.0, 1.0]),
        matrix,
        matrix,
        np.zeros(2),
        0,
        Logarithms(none, np.zeros(0), np.zeros(0)),
        Products(one, one, one + 1, np.ones(1)),
    )
    best = sharpen(problem, descend(problem, 1e-10, 100))
    assert best.x == pytest.approx([2, 1], abs=1e-9)


def enumerated(
    slope: np.ndarray, margin: np.ndarray, capacity: np.ndarray
) -> tuple[float, ...] | None:
    """Outputs q in [0, K] with F = slope q - margin: >= 0 at 0, = 0 between, <= 0 at K."""
    n = len(margin)
    for state in product((0, 1, 2), repeat=n):
        q = np.array([capacity[i] if state[i] == 2 else 0.0 for i in range(n)])
        inside = [i for i in range(n) if state[i] == 1]
        if inside:
            rest = (margin - slope @ q)[inside]
            q[inside] = np.linalg.solve(slope[np.ix_(inside, inside)], rest)
        gap = slope @ q - margin
        fits = all(
            (state[i] == 0 and gap[i] >= -1e-12)
            or (state[i] == 1 and -1e-12 <= q[i] <= capacity[i] + 1e-12)
            or (state[i] == 2 and gap[i] <= 1e-12)
            for i in range(n)
        )
        if fits:
            return tuple(q)
    return None


@some
@given(seed=SEEDS)
def test_a_hub_with_any_conduct_against_enumeration(seed: int) -> None:
    dice = np.random.default_rng(seed)
    names = ["1", "2", "3"]
    weights = dice.uniform(0, 0.5, (3, 3)).round(3)
    np.fill_diagonal(weights, 0)
    cost, bend = dice.uniform(5, 60, 3).round(2), dice.uniform(0, 2, 3).round(2)
    capacity = dice.uniform(3, 40, 3).round(2)
    rows = [
        {"firm": f, "other": g, "weight": weights[i, j]}
        for i, f in enumerate(names)
        for j, g in enumerate(names)
        if i != j
    ]
    fields = [field(f, cost[i], b=bend[i], capacity=capacity[i]) for i, f in enumerate(names)]
    answer = mithaq.solve(hub(fields, 100, 1.5, weights=rows))
    slope = 1.5 * (1 + np.eye(3) + weights) + np.diag(bend)
    expected = enumerated(slope, 100 - cost, capacity)
    assert expected is not None
    assert totals(answer) == pytest.approx(dict(zip(names, expected, strict=True)), abs=1e-7)


def uneven(tables: Rows, seed: int, size: float = 0.4) -> Rows:
    """The tables with weights that firms put on each other one way or unequally."""
    dice = Random(seed)
    names = [row["name"] for row in tables["firms"]]
    pairs = [(f, g) for f in names for g in names if f != g]
    tables["weights"] = [
        {"firm": f, "other": g, "weight": round(size * dice.random(), 3)}
        for f, g in dice.sample(pairs, min(3, len(pairs)))
    ]
    return tables


def solved(tables: Rows, method: Method | None = None) -> mithaq.Equilibrium:
    try:
        answer = mithaq.solve(chain(**tables), check=False, method=method)
    except ModelError:
        assume(False)
        raise
    if answer.outcome is Outcome.INFEASIBLE:
        assert answer.reasons
        assume(False)
    _ = answer.point
    return answer


def check_uneven(seed: int) -> None:
    for make in (plain, rich):
        answer = solved(uneven(make(seed), seed), OURS)
        assert answer.certificate.max_violation <= 1e-8
        lines = answer.payoff_lines
        real = lines[lines["item"].isin(["use of gas", "lifting cost", "carrying cost"])]
        scale = 1 + real["musd"].abs().sum()
        assert abs(real["musd"].sum() - lines["musd"].sum()) <= 1e-9 * scale


@some
@given(seed=SEEDS)
def test_uneven_conduct_is_certified(seed: int) -> None:
    check_uneven(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_uneven_conduct_is_certified_often(seed: int) -> None:
    check_uneven(seed)


def check_agreement(seed: int) -> None:
    for make in (plain, rich, through_time):
        tables = make(seed)
        one, other = solved(tables, PROGRAM), solved(tables, OURS)
        assert other.certificate.max_violation <= 1e-8
        # As close as the program's own violation lets it be to a price of its own.
        slack = max(1e-6, 100 * one.certificate.max_violation)
        for market, price in one.market_prices.items():
            assert other.market_prices[market] == pytest.approx(price, rel=slack, abs=slack)
        assert other.welfare == pytest.approx(one.welfare, rel=1e-6, abs=1e-6)


@some
@given(seed=SEEDS)
def test_the_two_engines_agree(seed: int) -> None:
    check_agreement(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_the_two_engines_agree_often(seed: int) -> None:
    check_agreement(seed)


@pytest.mark.parametrize("seed", [17, 67, 188, 196, 202, 213])
def test_fields_that_are_all_but_full(seed: int) -> None:
    """Gas is worth hundreds of times |g| there, and e to that power is nothing."""
    dice, tables = Random(seed), through_time(seed, rich(seed) if seed % 2 else None)
    tables["expansions"] = []
    for row in tables["fields"]:
        row["g"] = -round(10 ** dice.uniform(-1, 1.5), 2)
    one, other = solved(tables, PROGRAM), solved(tables, OURS)
    assert other.prices.to_numpy() == pytest.approx(one.prices.to_numpy(), rel=1e-6, abs=1e-6)
    assert other.welfare == pytest.approx(one.welfare, rel=1e-6)


def test_the_two_engines_agree_on_the_shipped_chain() -> None:
    base = mithaq.Chain.shipped(2010)
    one, other = (mithaq.solve(base, method=method) for method in (PROGRAM, OURS))
    assert other.certificate.max_violation <= 1e-12
    assert other.prices.to_numpy() == pytest.approx(one.prices.to_numpy(), rel=1e-6)
    assert other.welfare == pytest.approx(one.welfare, rel=1e-9)


@some
@given(seed=SEEDS, weight=st.floats(0.85, 1.0))
def test_conduct_without_an_equilibrium_is_refused_by_name(seed: int, weight: float) -> None:
    """One weighs the other at more than slope and own conduct: shifting sales pays for ever."""
    tables = plain(seed, conduct=0.0)
    for row in tables["firms"]:
        row["conduct"] = 0.1
    one, other = (row["name"] for row in tables["firms"][:2])
    tables["weights"] = [{"firm": one, "other": other, "weight": weight}]
    tables["weights"] += [{"firm": other, "other": one, "weight": 0.5 * weight}]
    place = tables["nodes"][0]["name"]
    tables = {name: tables[name] for name in ("firms", "fields", "markets", "weights")}
    tables["nodes"] = [{"name": place}]
    base = tables["markets"][0]
    tables["markets"] = [{**base, "node": place, "name": name} for name in ("east", "west")]
    tables["fields"] = [field(row["name"], 5, node=place, capacity=30) for row in tables["firms"]]
    with pytest.raises(ModelError, match="no stable equilibrium") as caught:
        mithaq.solve(chain(**tables))
    for name in (one, other, "east", "west"):
        assert name in str(caught.value)


def test_a_result_tells_its_engine() -> None:
    base = hub([field("1", 20), field("2", 20)], 100, 1)
    assert mithaq.solve(base).method.engine == "program"
    assert mithaq.solve(base, method=OURS).to_dict()["method"]["engine"] == "complementarity"
    with pytest.raises(ModelError, match="no engine is called 'simplex'"):
        Method(engine="simplex")


def test_both_engines_explain_what_cannot_be_delivered() -> None:
    base = hub([field("1", 20, capacity=30), field("2", 20)], 100, 1)
    deal = mithaq.Contract("large", "1", "Hub", 40, price=90, nominated=40)
    one, other = (
        mithaq.solve(base, [deal], method=method, check=False) for method in (PROGRAM, OURS)
    )
    assert one.outcome is other.outcome is Outcome.INFEASIBLE
    assert one.reasons == other.reasons
    assert "10 bcm/yr more" in other.reasons[0]


def test_too_few_iterations_stop_without_an_answer() -> None:
    short = Method(engine="complementarity", max_iterations=1)
    answer = mithaq.solve(mithaq.Chain.shipped(2010), method=short, check=False)
    assert answer.outcome is Outcome.STOPPED
    assert not answer.solved


@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize("kind", ["money", "volume"])
def test_other_units_scale_the_answer(scale: float, kind: str) -> None:
    money, volume = (scale, 1.0) if kind == "money" else (1.0, scale)
    stake: dict[str, Any] = {"stakes": [{"holder": "1", "firm": "2", "share": 0.3}]}

    def answer(money: float, volume: float) -> mithaq.Equilibrium:
        fields = [
            field("1", 20 * money, g=-5 * money, capacity=20 * volume),
            field("2", 30 * money, b=money / volume, capacity=60 * volume),
        ]
        firms = [{"name": name, "conduct": 1} for name in "12"]
        market = demand("Hub", 100 * money, money / volume)
        return mithaq.solve(
            chain(nodes=[{"name": "Hub"}], firms=firms, fields=fields, markets=[market], **stake)
        )

    one, other = answer(1, 1), answer(money, volume)
    assert other.prices["Hub"] == pytest.approx(money * one.prices["Hub"], rel=1e-9)
    assert other.production.to_numpy() == pytest.approx(
        volume * one.production.to_numpy(), rel=1e-9
    )
