"""Fields with a Golombek cost that can be built onto: closed forms, other programs, random ones."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

import mithaq
from mithaq.equilibrium.certificate import certify
from mithaq.equilibrium.payoffs import booked
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.structure import smooth
from mithaq.show.pictures import supply_rows
from tests.equilibrium.random_chains import Rows, rich, through_time
from tests.equilibrium.second import solve_again
from tests.equilibrium.test_properties import solved
from tests.equilibrium.test_properties_in_time import MONEY, VOLUME, alike, prices, scaled
from tests.equilibrium.toys import Row, chain, demand, field, seasons, years

ENGINES = ("program", "complementarity")
ENGINE = pytest.mark.parametrize("engine", ENGINES)
SEEDS = st.integers(0, 10**6)
few = settings(max_examples=5, deadline=None, derandomize=True)
many = settings(max_examples=120, deadline=None, derandomize=True)
CLOSE = {"rel": 1e-6, "abs": 1e-6}


def alone(capacity: float, theta: float, plan: Row, **tables: Any) -> mithaq.Chain:
    """One seller whose field costs 2 + q / 2 - 5 ln(1 - q/K), where the price is 100 - Q."""
    return chain(
        nodes=[{"name": "Hub"}],
        firms=[{"name": "S", "conduct": theta}],
        fields=[field("S", 2, capacity=capacity, b=0.5, g=-5)],
        markets=[demand("Hub", 100, 1)],
        expansions=[{"table": "fields", "row": "S", **plan}],
        **tables,
    )


def margin(share: float) -> float:
    """Golombek's part of marginal cost where this share of capacity is in use."""
    return -5 * math.log1p(-share)


@ENGINE
@pytest.mark.parametrize("theta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("capacity", [0.0, 10.0])
def test_a_seller_builds_until_a_unit_saves_its_cost(
    engine: str, theta: float, capacity: float
) -> None:
    """What a unit of K saves, -5 [ln(1 - u) + u], is its cost; price less mark-up is MC."""
    share = float(brentq(lambda u: margin(u) - 5 * u - 30, 1e-9, 1 - 1e-12))
    lifted = (100 - 2 - margin(share)) / (1 + theta + 0.5)
    plan = {"cost": 30}
    answer = mithaq.solve(alone(capacity, theta, plan), method=mithaq.Method(engine=engine))
    assert answer.method.engine == engine
    assert answer.prices["Hub"] == pytest.approx(100 - lifted, **CLOSE)
    [built] = answer.investments["built"]
    assert built == pytest.approx(lifted / share - capacity, **CLOSE)
    size, items = lifted / share, answer.payoff_lines.set_index("item")["musd"]
    left = size - lifted
    spent = 2 * lifted + lifted**2 / 4 + 5 * (left * math.log(left / size) + lifted)
    assert items["lifting cost"] == pytest.approx(-spent, **CLOSE)
    assert items["investment"] == pytest.approx(-30 * built, **CLOSE)


@ENGINE
@pytest.mark.parametrize("limit", ["limit", "total_limit"])
def test_a_limit_has_the_price_of_what_is_saved_beyond_the_cost(engine: str, limit: str) -> None:
    lifted = float(brentq(lambda q: 2 + q / 2 + margin(q / 13) - (100 - 2 * q), 0, 13 - 1e-12))
    plan = {"cost": 30, limit: 3}
    answer = mithaq.solve(alone(10, 1, plan), method=mithaq.Method(engine=engine))
    assert answer.investments["built"].tolist() == pytest.approx([3], **CLOSE)
    assert answer.prices["Hub"] == pytest.approx(100 - lifted, **CLOSE)
    paid = getattr(answer.point, f"build_{'total_' * (limit != 'limit') or 'limit_'}price")
    saved = margin(lifted / 13) - 5 * lifted / 13
    assert list(paid.values()) == pytest.approx([saved - 30], **CLOSE)


@ENGINE
@pytest.mark.parametrize("capacity", [0.0, 12.0])
def test_what_is_too_dear_is_not_built(engine: str, capacity: float) -> None:
    """Another field serves the market; with the row the answer is that without it."""
    case = alone(capacity, 1, {"cost": 1e4})
    other = {"name": "other", "node": "Hub", "owners": "S", "capacity": 60, "a": 20, "g": -15}
    case = case.with_edits([mithaq.Add("fields", other)])
    plain = case.with_edits([mithaq.Remove("expansions", "fields|S")])
    one, two = (mithaq.solve(c, method=mithaq.Method(engine=engine)) for c in (plain, case))
    assert two.investments["built"].tolist() == pytest.approx([0], abs=1e-9)
    assert two.prices["Hub"] == pytest.approx(one.prices["Hub"], rel=1e-9)
    assert two.welfare == pytest.approx(one.welfare, rel=1e-9)


def shared() -> mithaq.Chain:
    """Two owners of a field, seasons in which it is not alike available, two years, lag and age."""
    return chain(
        nodes=[{"name": "Well"}, {"name": "Hub"}],
        firms=[{"name": "A", "conduct": 1}, {"name": "B", "conduct": 0.5}],
        fields=[
            {"name": "f", "node": "Well", "owners": "A:0.7;B:0.3", "capacity": 20, "a": 10}
            | {"b": 0.4, "g": -8},
            {"name": "g", "node": "Hub", "owners": "B", "capacity": 9, "a": 30, "g": -4},
            {"name": "new", "node": "Hub", "owners": "A", "capacity": 0, "a": 15, "g": -6},
        ],
        pipelines=[{"from": "Well", "to": "Hub", "capacity": 60, "tariff": 3, "loss": 0.05}],
        markets=[demand("Hub", 100, 1)],
        periods=seasons(summer=0.6, winter=0.4),
        years=years((2020, 5, 1), (2025, 5, 0.8)),
        demand_factors=[{"period": "winter", "quantity": 1.5, "price": 1.2}],
        availability=[{"table": "fields", "row": "f", "period": "summer", "factor": 0.8}],
        expansions=[
            {"table": "fields", "row": "f", "cost": 60, "lag": 5, "lifetime": 20, "salvage": 0.5},
            {"table": "fields", "row": "new", "cost": 120, "lifetime": 5, "limit": 4},
        ],
    )


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_a_second_program_agrees() -> None:
    found, point = solve_again(shared())
    for engine in ENGINES:
        answer = mithaq.solve(shared(), method=mithaq.Method(engine=engine))
        assert prices(answer) == pytest.approx(found.prices, rel=1e-5)
        for key, quantity in answer.point.built.items():
            assert quantity == pytest.approx(point.built[key], rel=1e-3, abs=1e-4)
        assert max(answer.point.built.values()) > 1
        assert max(answer.point.build_limit_price.values()) > 1
        assert answer.price_intervals.empty
        assert answer.routes_unique


def judged(base: mithaq.Chain, point: Point) -> mithaq.Certificate:
    return certify(base, point, booked(base, point).total(), 1e-6)


@pytest.mark.parametrize("shift", [-0.05, 0.05, 2.0])
def test_a_decision_moved_by_hand_is_refuted(shift: float) -> None:
    base = shared()
    point = mithaq.solve(base).point
    assert judged(base, point).holds
    for key in point.built:
        other = copy.deepcopy(point)
        other.built[key] = max(other.built[key] + shift, 0.0)
        if other.built[key] != pytest.approx(point.built[key], abs=1e-6):
            assert judged(base, other).max_violation > 1e-5, key


@pytest.mark.parametrize("steep", [0.0, -6.0])
def test_that_it_would_pay_to_build_where_nothing_is_refutes_a_point(steep: float) -> None:
    case = alone(0, 1, {"cost": 1e4}).with_edits([mithaq.Change("fields", "S", "g", steep)])
    point = mithaq.solve(case).point
    assert judged(case, point).holds
    point.scarcity["S", "S", 0] = 0.0
    cheap = case.with_edits([mithaq.Change("expansions", "fields|S", "cost", 5)])
    assert judged(cheap, point).max_violation > 1e-2


def test_that_a_line_would_pay_where_none_is_refutes_a_point() -> None:
    case = chain(
        nodes=[{"name": "there"}, {"name": "here"}],
        firms=[{"name": "S"}],
        fields=[field("S", 2, node="there")],
        pipelines=[{"name": "line", "from": "there", "to": "here", "capacity": 0}],
        markets=[demand("here", 100, 1), demand("there", 50, 1)],
        expansions=[{"table": "pipelines", "row": "line", "cost": 1e4}],
    )
    point = mithaq.solve(case).point
    assert judged(case, point).holds
    point.rent["line", 0] = 0.0
    cheap = case.with_edits([mithaq.Change("expansions", "pipelines|line", "cost", 5)])
    assert judged(cheap, point).max_violation > 1e-2


@pytest.mark.parametrize("limits", [{"total_limit": 5}, {"total_limit": 0}])
def test_what_cannot_be_brought_is_told_with_what_limits_it(limits: Row) -> None:
    deal = {"name": "deal", "seller": "S", "market": "Hub", "annual_quantity": 30}
    case = alone(10, 1, {"cost": 30} | limits, contracts=[deal | {"nominated": 30, "price": 40}])
    answer = mithaq.solve(case, check=False)
    assert answer.outcome is mithaq.Outcome.INFEASIBLE
    assert "the capacity of field S; what can be built onto S" in str(answer.reasons[1])
    cured = mithaq.solve(case, answer.cure)
    assert cured.investments["built"].tolist() == pytest.approx([limits["total_limit"]], abs=1e-6)


WRONG = [
    ("cost", -1.0),
    ("cost", math.nan),
    ("limit", -3.0),
    ("total_limit", -math.inf),
    ("lag", -1.0),
    ("lifetime", 0.0),
    ("salvage", 2.0),
    ("row", "nowhere"),
    ("table", "markets"),
]


@pytest.mark.parametrize(("column", "value"), WRONG)
def test_mistakes_are_told_by_row_and_column(column: str, value: Any) -> None:
    plan = {"table": "fields", "row": "S", "cost": 30.0}
    with pytest.raises(mithaq.DataError) as caught:
        alone(10, 1, plan | {column: value})
    [problem] = caught.value.problems
    assert (problem.file, problem.row, problem.column) == ("expansions", 1, column)


def test_a_result_is_written(tmp_path: Path) -> None:
    answer = mithaq.solve(shared())
    files = {path.stem: path for path in answer.export(tmp_path / "out")}
    told = pd.read_csv(files["investments"])
    assert told["built"].tolist() == pytest.approx(answer.investments["built"].tolist())


def growing(seed: int, tables: Rows | None = None) -> Rows:
    """A random chain in which fields with a Golombek cost can be built onto, one of them anew."""
    dice = Random(seed + 9)
    found = through_time(seed, tables)
    there = {(row["table"], row["row"]) for row in found["expansions"]}
    for row in found["fields"][:2]:
        row["g"] = -round(dice.uniform(1, 30), 1)
        if ("fields", row["name"]) not in there:
            cost = round(dice.choice([dice.uniform(1, 50), dice.uniform(50, 400)]), 1)
            limits = {"limit": dice.choice(["", 3]), "total_limit": dice.choice(["", 8])}
            found["expansions"].append(
                {"table": "fields", "row": row["name"], "cost": cost, **limits}
            )
    return found


def check_engines(seed: int) -> None:
    tables = growing(seed)
    one = solved(tables)
    other = mithaq.solve(one.chain, method=mithaq.Method(engine="complementarity"), check=False)
    assert other.solved, other.reasons
    for key, price in prices(other).items():
        assert price == pytest.approx(prices(one)[key], rel=1e-6, abs=1e-6)


@few
@given(seed=SEEDS)
def test_engines_agree(seed: int) -> None:
    check_engines(seed)


@pytest.mark.slow
@many
@given(seed=st.integers(0, 250))
def test_engines_agree_often(seed: int) -> None:
    check_engines(seed)


@few
@given(seed=SEEDS)
def test_all_that_a_chain_may_hold(seed: int) -> None:
    solved(growing(seed, rich(seed)))


@few
@given(seed=SEEDS, scale=st.sampled_from([0.1, 7.0]))
def test_other_units_scale_the_answer(seed: int, scale: float) -> None:
    tables = growing(seed)
    larger = scaled(tables, VOLUME, scale)
    for row in larger["fields"]:
        row["b"] = row.get("b", 0) / scale
    one = solved(tables)
    alike(one, solved(scaled(tables, MONEY, scale)), scale)
    alike(one, solved(larger))


@few
@given(seed=SEEDS)
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_cvxpy_agrees(seed: int) -> None:
    answer = solved(growing(seed))
    found, _ = solve_again(answer.chain)
    assert prices(answer) == pytest.approx(found.prices, rel=1e-3, abs=0.05)


def test_a_one_sided_stake_and_a_capped_price() -> None:
    """What only the complementarity engine can do."""
    case = shared().with_edits(
        [
            mithaq.Add("stakes", {"holder": "A", "firm": "B", "share": 0.3}),
            mithaq.Change("markets", "Hub", "price_cap", 75),
        ]
    )
    answer = mithaq.solve(case)
    assert answer.method.engine == "complementarity"
    assert answer.by_slot.prices["price"].max() == pytest.approx(75, rel=1e-6)
    assert answer.certificate.max_violation < 1e-8
    assert answer.investments["built"].max() > 1


def test_no_batched_solver_takes_it() -> None:
    with pytest.raises(mithaq.ModelError, match="batched"):
        smooth(build_program(shared()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Russia for export", "Algeria for export"])
def test_a_field_of_the_shipped_chain(name: str) -> None:
    from benchmarks.seasons import through_time as split

    plan = {"cost": 400, "lag": 5, "lifetime": 25, "salvage": 0.5}
    row = {"table": "fields", "row": name, **plan}
    case = split(mithaq.Chain.shipped(), 3, 5).with_edits([mithaq.Add("expansions", row)])
    answer = mithaq.solve(case)
    assert answer.method.engine == "program"
    assert answer.certificate.max_violation < 1e-8
    built = answer.investments.set_index("year")["built"]
    assert built[2010] > 10
    other = mithaq.solve(case, method=mithaq.Method(engine="complementarity"))
    assert other.investments.set_index("year")["built"].to_dict() == pytest.approx(
        built.to_dict(), rel=1e-6, abs=1e-6
    )


def test_the_supply_curve_has_what_is_built() -> None:
    answer = mithaq.solve(alone(10, 1, {"cost": 30}))
    [row] = supply_rows(answer)
    assert row["capacity"] == pytest.approx(10 + answer.investments["built"].sum())
    assert row["cost"] == pytest.approx(answer.prices["Hub"] - row["output"])
