"""The certificate over seasons and years: what it accepts, and that it refutes whatever is off.

The points come from cvxpy (``second``), which shares nothing with the program or the certificate.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq.equilibrium.certificate import Certificate, certify
from mithaq.equilibrium.payoffs import payoff_table
from mithaq.equilibrium.point import Point
from tests.equilibrium.random_chains import through_time
from tests.equilibrium.second import solve_again
from tests.equilibrium.toys import chain, demand, field, seasons, years

some = settings(max_examples=6, deadline=None, derandomize=True)
many = settings(max_examples=150, deadline=None, derandomize=True)
SLOW = pytest.mark.slow
INEXACT = "ignore:Solution may be inaccurate"


def judged(base: mithaq.Chain, point: Point, tolerance: float = 1e-6) -> Certificate:
    payoffs = float(payoff_table(base, point)["musd"].sum())
    return certify(base, point, payoffs, tolerance)


def check_second(seed: int) -> None:
    tables = through_time(seed)
    for row in tables["fields"]:
        row["g"] = 0
    base = chain(**tables)
    found, point = solve_again(base)
    certificate = judged(base, point, 1e-3)  # cvxpy stops a little inside the corners
    assert certificate.holds, certificate.worst
    # The potential that cvxpy maximises is welfare when all take prices and nothing is a transfer.
    assert math.isfinite(found.objective)


@some
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings(INEXACT)
def test_what_another_tool_finds_is_certified(seed: int) -> None:
    check_second(seed)


@pytest.mark.slow
@many
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings(INEXACT)
def test_what_another_tool_finds_is_certified_often(seed: int) -> None:
    check_second(seed)


def everything() -> mithaq.Chain:
    """A chain in which each kind of limit binds somewhere."""
    line = {"tariff": 5, "loss": 0.02}
    return chain(
        nodes=[{"name": "Hub"}, {"name": "Far"}],
        firms=[{"name": "1"}, {"name": "2", "conduct": 0.5}],
        fields=[
            field("1", 20, capacity=25, reserves=190, discovery_cost=2),
            field("2", 25, node="Far", capacity=60, b=0.5, profit_share=0.1),
        ],
        pipelines=[
            {"name": "out", "from": "Hub", "to": "Far", "capacity": 12, **line},
            {"name": "old", "from": "Far", "to": "Hub", "capacity": 4, "owner": "1"}
            | {"third_party_share": 0.5, **line},
            {"name": "in", "from": "Far", "to": "Hub", "capacity": 6, **line},
        ],
        markets=[
            demand("Hub", 200, 2),
            demand("Far", 150, 2),
            demand("flats", 60, 4, node="Far", regulated_price=40, supplier="2"),
        ],
        contracts=[
            {"name": "c", "seller": "2", "market": "Far", "annual_quantity": 3, "price": 90}
            | {"nominated": 3, "profile": "demand"},
            {"name": "linked", "seller": "1", "market": "Hub", "annual_quantity": 4, "price": -2}
            | {"nominated": 4, "pricing": "spot", "to_year": 2020},
            {"name": "free", "seller": "2", "market": "Far", "annual_quantity": 2, "price": 60}
            | {"nominated": 2, "destination_clause": False, "buyer": "1"},
        ],
        floors=[{"firm": "1", "market": "Far", "quantity": 9}],
        periods=seasons(summer=0.6, winter=0.4),
        years=years((2020, 5, 1), (2025, 5, 0.8)),
        demand_factors=[
            {"period": "winter", "quantity": 1.6, "price": 1.25},
            {"sector": "all", "year": 2025, "quantity": 1.2},
        ],
        storages=[
            {"name": "cave", "node": "Hub", "working_gas": 2, "injection": 6, "withdrawal": 9}
            | {"injection_cost": 1, "withdrawal_cost": 1.5, "loss": 0.015},
            {"name": "wide", "node": "Far", "working_gas": 9, "injection": 3, "withdrawal": 20}
            | {"injection_tariff": 1, "withdrawal_cost": 1.5},
            {"name": "slow", "node": "Far", "working_gas": 9, "injection": 20, "withdrawal": 1}
            | {"injection_cost": 1, "owner": "2", "from_year": 2025},
        ],
        bookings=[{"arc": "in", "firm": "2", "capacity": 2}],
        expansions=[
            {"table": "pipelines", "row": "in", "cost": 60, "lifetime": 20, "lag": 5, "limit": 3}
            | {"salvage": 0.5},
            {"table": "storages", "row": "cave", "cost": 20, "total_limit": 1},
            {"table": "fields", "row": "2", "cost": 400},
        ],
        availability=[{"table": "fields", "row": "1", "period": "summer", "factor": 0.9}],
    )


@pytest.fixture(scope="module")
def case() -> tuple[mithaq.Chain, Point]:
    base = everything()
    _, point = solve_again(base)
    return base, point


QUANTITIES = ["lifting", "flow", "spot", "injection", "withdrawal", "level", "built"]
PRICES = [
    "value",
    "rent",
    "third_party_rent",
    "booking_rent",
    "scarcity",
    "reserve_price",
    "floor_price",
    "injection_rent",
    "withdrawal_rent",
    "room_rent",
    "stored_value",
    "build_limit_price",
    "build_total_price",
]


def test_everything_is_at_work(case: tuple[mithaq.Chain, Point]) -> None:
    base, point = case
    assert judged(base, point).holds, judged(base, point).worst
    for kind in QUANTITIES + PRICES:
        assert max(getattr(point, kind).values()) > 1e-3, kind


def free(point: Point, kind: str, key: tuple[Any, ...]) -> bool:
    """Whether nothing fixes a price: of what is not there yet, of an empty store."""
    if kind == "stored_value":
        moved = [point.injection[key], point.withdrawal[key]]
        return max(moved) < 1e-3
    return "slow" in key and key[-1] < 2 and kind not in QUANTITIES


@pytest.mark.parametrize("kind", QUANTITIES + PRICES)
@pytest.mark.parametrize(
    "shift", [-0.05, *(pytest.param(s, marks=SLOW) for s in (0.05, 3.0, math.nan))]
)
def test_a_number_changed_is_refuted(
    case: tuple[mithaq.Chain, Point], kind: str, shift: float
) -> None:
    base, point = case
    for key in getattr(point, kind):
        if free(point, kind, key):
            continue
        other = copy.deepcopy(point)
        getattr(other, kind)[key] += shift
        certificate = judged(base, other)
        assert certificate.max_violation > 1e-4, key
        condition, _, place = certificate.worst.partition(": ")
        assert certificate.violations[condition] == certificate.max_violation
        assert place


@pytest.mark.slow
@pytest.mark.parametrize("kind", QUANTITIES + PRICES)
def test_a_number_left_out_is_refuted(case: tuple[mithaq.Chain, Point], kind: str) -> None:
    base, point = case
    for key, number in getattr(point, kind).items():
        other = copy.deepcopy(point)
        del getattr(other, kind)[key]
        if abs(number) > 1e-2 and kind != "value" and not free(point, kind, key):
            assert not judged(base, other).holds, key


def test_an_empty_field_abroad_counts_alike_for_the_program_and_its_judge():
    nodes = [
        {"name": "Well", "country": "West"},
        {"name": "Town", "country": "West"},
        {"name": "East", "country": "East"},
    ]
    lines = [{"from": a, "to": b, "capacity": 9} for a, b in (("Well", "East"), ("East", "Town"))]
    base = chain(
        nodes=nodes,
        firms=[{"name": "Locals", "home": "West", "fringe": True}],
        fields=[
            {"name": "empty", "node": "East", "owners": "Locals", "capacity": 0},
            {"name": "full", "node": "Well", "owners": "Locals", "capacity": 2},
        ],
        pipelines=lines,
        markets=[demand("Town", 4, 4)],
    )
    assert mithaq.solve(base).sales["Locals", "Town"] == pytest.approx(1)
