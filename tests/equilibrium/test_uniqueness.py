"""Prices and routes that are one choice among several: told as such, and no others."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from tests.equilibrium.random_chains import through_time
from tests.equilibrium.second import solve_again
from tests.equilibrium.test_properties import solved
from tests.equilibrium.toys import chain, demand, field, hub

few = settings(max_examples=8, deadline=None, derandomize=True)
many = settings(max_examples=120, deadline=None, derandomize=True)


def intervals(answer: mithaq.Equilibrium) -> dict[tuple[str, str, str], tuple[float, float]]:
    rows = answer.price_intervals.itertuples(index=False)
    return {(row.kind, row.firm, row.place): (row.low, row.high) for row in rows}


def test_a_supply_that_just_suffices_has_no_one_price() -> None:
    """A regulated market takes all that the field gives: a vertical step."""
    flats = demand("flats", 100, 1, node="H", regulated_price=80, supplier="1")
    base = chain(
        nodes=[{"name": "H"}],
        firms=[{"name": "1"}],
        fields=[field("1", 12, node="H", capacity=20)],
        markets=[flats],
    )
    found = intervals(mithaq.solve(base))
    assert found["value of gas", "1", "H"] == (pytest.approx(12), math.inf)
    assert found["scarcity", "1", "1"] == (pytest.approx(0, abs=1e-6), math.inf)


def test_a_step_between_two_fields() -> None:
    """Owed gas takes the cheap field and none of the dear one: any value between their costs."""
    base = chain(
        nodes=[{"name": "H"}],
        firms=[{"name": "1"}],
        fields=[
            field("1", 12, node="H", capacity=20),
            field("1", 30, node="H", capacity=5) | {"name": "dear"},
        ],
        markets=[demand("flats", 100, 1, node="H", regulated_price=80, supplier="1")],
    )
    found = intervals(mithaq.solve(base))
    assert found["value of gas", "1", "H"] == pytest.approx((12, 30))
    assert found["scarcity", "1", "1"] == pytest.approx((0, 18), abs=1e-5)


def test_an_unserved_market_is_between_its_first_buyer_and_seller() -> None:
    answer = mithaq.solve(hub([field("1", 150), field("2", 130)], 100, 1))
    assert intervals(answer) == {("market", "", "Hub"): pytest.approx((100, 130))}


def test_intervals_are_told_as_plain_values() -> None:
    base = hub([field("1", 150), field("2", 130)], 100, 1)
    told = json.loads(json.dumps(mithaq.solve(base).to_dict(), allow_nan=False))
    head = {"kind": "market", "firm": "", "place": "Hub", "year": None, "period": "year"}
    between = {"low": pytest.approx(100), "high": pytest.approx(130)}
    assert told["price_intervals"] == [{**head, **between}]
    assert told["open_routes"] == []
    # Where nobody may sell, nothing bounds the price from above.
    barred = mithaq.solve(base, [mithaq.BarMarket(firm, "Hub") for firm in ("1", "2")])
    between = {"low": pytest.approx(100), "high": None}
    assert barred.to_dict()["price_intervals"] == [{**head, **between}]


def test_prices_of_served_markets_are_unique() -> None:
    answer = mithaq.solve(hub([field("1", 20), field("2", 30)], 100, 1))
    assert answer.price_intervals.empty
    assert answer.routes_unique
    assert answer.open_sales == ()


def test_the_rent_of_two_lines_in_a_row() -> None:
    """Both are full with what is owed beyond them: only the sum of their rents is known."""
    line = {"capacity": 20, "tariff": 1}
    base = chain(
        nodes=[{"name": "A"}, {"name": "B"}, {"name": "C"}],
        firms=[{"name": "1", "conduct": 0}],
        fields=[field("1", 12, node="A")],
        pipelines=[{"from": "A", "to": "B", **line}, {"from": "B", "to": "C", **line}],
        markets=[demand("C", 100, 1)],
    )
    answer = mithaq.solve(base)
    found = intervals(answer)
    both = 80 - 12 - 2
    assert found["rent", "", "A-B"] == pytest.approx((0, both), abs=1e-4)
    assert found["rent", "", "B-C"] == pytest.approx((0, both), abs=1e-4)
    assert ("value of gas", "1", "B") in found
    assert ("value of gas", "1", "C") not in found
    assert answer.routes_unique


def test_parallel_lines() -> None:
    base = chain(
        nodes=[{"name": "A"}, {"name": "B"}],
        firms=[{"name": "1"}, {"name": "2"}],
        fields=[field("1", 10, node="A"), field("2", 10, node="A")],
        pipelines=[
            {"name": name, "from": "A", "to": "B", "capacity": 50, "tariff": tariff}
            for name, tariff in (("north", 1), ("south", 1), ("dear", 1.5))
        ],
        markets=[demand("B", 100, 1)],
    )
    answer = mithaq.solve(base)
    assert answer.open_routes == ("north", "south")
    assert not answer.routes_unique
    assert answer.open_sales == ()


def test_price_takers_of_one_cost_may_split_otherwise() -> None:
    base = hub([field("1", 20), field("2", 20), field("3", 20, b=1)], 100, 1, conduct=0)
    answer = mithaq.solve(base)
    assert answer.open_sales == (("1", "Hub"), ("2", "Hub"))


def test_the_season_is_told() -> None:
    base = chain(
        nodes=[{"name": "H"}],
        firms=[{"name": "1"}],
        fields=[field("1", 12, node="H", capacity=20)],
        markets=[demand("flats", 100, 1, node="H", regulated_price=80, supplier="1")],
        periods=[
            {"name": "summer", "position": 1, "share": 0.7},
            {"name": "winter", "position": 2, "share": 0.3},
        ],
        demand_factors=[{"period": "summer", "quantity": 0.5}],
    )
    found = mithaq.solve(base).price_intervals
    assert set(found["period"]) == {"winter"}
    assert set(found["low"].round(4)) == {0, 12}


def check_against_cvxpy(seed: int) -> None:
    """Where another tool finds other flows or rents, they are among those told to be open."""
    tables = through_time(seed)
    for row in tables["fields"]:
        row["g"] = 0
    answer = solved(tables)
    _, other = solve_again(answer.chain)
    sent: dict[tuple[str, int], float] = {}
    for point, sign in ((answer.point, 1.0), (other, -1.0)):
        for (_, arc, slot), quantity in point.flow.items():
            sent[arc, slot] = sent.get((arc, slot), 0.0) + sign * quantity
    differ = {arc for (arc, _), gap in sent.items() if abs(gap) > 1e-2}
    assert differ <= set(answer.open_routes)
    slots = mithaq.equilibrium.slots.slots(answer.chain)
    found = {
        (row.place, row.year, row.period): (row.low, row.high)
        for row in answer.price_intervals.itertuples(index=False)
        if row.kind == "rent"
    }
    open_lines = {row["name"] for row in answer.chain.rows("pipelines")}
    for (arc, at), rent in answer.point.rent.items():
        if arc not in open_lines:
            continue
        key = arc, slots[at].year, slots[at].period
        theirs = other.rent.get((arc, at), 0.0)
        low, high = found.get(key, (rent, rent))
        assert low - 0.05 <= theirs <= high + 0.05, (key, rent)


@few
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_another_tool_differs_only_where_it_may(seed: int) -> None:
    check_against_cvxpy(seed)


@pytest.mark.slow
@many
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_another_tool_differs_only_where_it_may_often(seed: int) -> None:
    check_against_cvxpy(seed)
