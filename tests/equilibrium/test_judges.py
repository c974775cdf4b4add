"""Other tools as judges of the same problems; what the certificate refutes; what has no answer."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import mithaq
from mithaq import Contract, Floor, Method, Outcome, SolveError
from mithaq.equilibrium.certificate import certify
from mithaq.equilibrium.payoffs import payoff_table
from tests.equilibrium.random_chains import Rows, plain
from tests.equilibrium.toys import chain, demand, field, hub

some = settings(max_examples=8, deadline=None, derandomize=True)


# cvxpy on the same tables


def arcs(tables: Rows) -> list[tuple[str, str, float, float, float]]:
    """Tail, head, capacity, cost and loss of every way for gas."""
    found = [
        (r["from"], r["to"], r["capacity"], r["tariff"], r["loss"]) for r in tables["pipelines"]
    ]
    for row in tables.get("terminals", []):
        port = f"{row['node']} sea {row['kind']}"
        liquefies = row["kind"] == "liquefaction"
        ends = (row["node"], port) if liquefies else (port, row["node"])
        found.append((*ends, row["capacity"], row["operating_cost"], row.get("loss", 0.0)))
    for row in tables.get("routes", []):
        ends = f"{row['from']} sea liquefaction", f"{row['to']} sea regasification"
        found.append((*ends, 1e4, row["operating_cost"], 0.0))
    return found


def by_cvxpy(tables: Rows) -> tuple[dict[str, float], float]:
    """Prices of the markets and the optimum, from one program written a second time."""
    ways = arcs(tables)
    conduct = {row["name"]: row["conduct"] for row in tables["firms"]}
    firms = list(conduct)
    flow = {(f, i): cp.Variable(nonneg=True) for f in firms for i in range(len(ways))}
    sale = {(f, m["name"]): cp.Variable(nonneg=True) for f in firms for m in tables["markets"]}
    left: dict[tuple[str, str], Any] = {}
    cost: Any = 0
    limits = []

    def add(firm: str, node: str, quantity: Any) -> None:
        left[firm, node] = left.get((firm, node), 0) + quantity

    for row in tables["fields"]:
        for part in row["owners"].split(";"):
            firm, _, share = part.partition(":")
            share = float(share or 1)
            size = share * row["capacity"]
            lifted = cp.Variable(nonneg=True)
            limits.append(lifted <= size)
            add(firm, row["node"], lifted)
            cost += row["a"] * lifted + row["b"] / share / 2 * cp.square(lifted)
            if row["g"] and size:
                # Integral of g ln(1 - q/K): -g (K - q) ln((K - q)/K) - g q.
                cost += -row["g"] * (cp.rel_entr(size - lifted, size) + lifted)
    for index, (tail, head, size, charge, loss) in enumerate(ways):
        users = [flow[f, index] for f in firms]
        limits.append(cp.sum(users) <= size)
        cost += charge * cp.sum(users)
        for f in firms:
            add(f, tail, -flow[f, index])
            add(f, head, (1 - loss) * flow[f, index])
    worth: Any = 0
    for market in tables["markets"]:
        price, quantity = market["reference_price"], market["reference_quantity"]
        slope = price / (quantity * -market["elasticity"])
        sold = [sale[f, market["name"]] for f in firms]
        total = cp.sum(sold)
        worth += (price + slope * quantity) * total - slope / 2 * cp.square(total)
        for f in firms:
            worth -= slope / 2 * conduct[f] * cp.square(sale[f, market["name"]])
            add(f, market["node"], -sale[f, market["name"]])
    limits += [quantity == 0 for quantity in left.values()]
    problem = cp.Problem(cp.Maximize(worth - cost), limits)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    assert problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}
    prices = {}
    for market in tables["markets"]:
        price, quantity = market["reference_price"], market["reference_quantity"]
        total = sum(float(sale[f, market["name"]].value) for f in firms)
        prices[market["name"]] = price - price / (quantity * -market["elasticity"]) * (
            total - quantity
        )
    return prices, float(problem.value)


@some
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_cvxpy_agrees_in_prices(seed: int) -> None:
    tables = plain(seed, conduct=None)
    prices, _ = by_cvxpy(tables)
    answer = mithaq.solve(chain(**tables))
    assert answer.market_prices.to_dict() == pytest.approx(prices, rel=1e-3, abs=1e-2)


@some
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_price_takers_reach_the_welfare_that_cvxpy_finds_greatest(seed: int) -> None:
    tables = plain(seed, conduct=0.0)
    _, welfare = by_cvxpy(tables)
    answer = mithaq.solve(chain(**tables))
    assert answer.welfare == pytest.approx(welfare, rel=1e-5, abs=1e-2)


# Linear programming on the same network


@some
@given(seed=st.integers(0, 10**6))
def test_price_takers_bring_what_is_consumed_at_least_cost(seed: int) -> None:
    """At the quantities of the equilibrium no other flows are cheaper (scipy's linear program)."""
    tables = plain(seed, conduct=0.0)
    for row in tables["fields"]:
        row["b"] = row["g"] = 0
    answer = mithaq.solve(chain(**tables))
    bought = answer.deliveries.groupby("node")["bcm"].sum()
    ways, fields = arcs(tables), tables["fields"]
    nodes = sorted({end for way in ways for end in way[:2]} | {r["node"] for r in fields})
    nodes = sorted({*nodes, *bought.index})
    balance = np.zeros((len(nodes), len(ways) + len(fields)))
    for column, (tail, head, _, _, loss) in enumerate(ways):
        balance[nodes.index(tail), column] -= 1
        balance[nodes.index(head), column] += 1 - loss
    for column, row in enumerate(fields, start=len(ways)):
        balance[nodes.index(row["node"]), column] += 1
    found = linprog(
        [way[3] for way in ways] + [row["a"] for row in fields],
        A_ub=-balance,
        b_ub=[-float(bought.get(node, 0.0)) + 1e-6 for node in nodes],
        bounds=[(0, way[2]) for way in ways] + [(0, row["capacity"]) for row in fields],
    )
    assert found.success
    lines = answer.payoff_lines
    spent = -lines[lines["item"].isin(["lifting cost", "carrying cost"])]["musd"].sum()
    assert spent == pytest.approx(found.fun, rel=1e-4, abs=1e-2)


# The certificate refutes


@pytest.fixture(scope="module")
def certified() -> mithaq.Equilibrium:
    """An equilibrium in which everything is at work."""
    line = {"capacity": 6, "tariff": 5, "loss": 0.02}
    return mithaq.solve(
        chain(
            nodes=[{"name": "Hub"}, {"name": "Far"}],
            firms=[{"name": "1"}, {"name": "2", "conduct": 0.5}],
            fields=[
                field("1", 20, capacity=25),
                field("2", 25, node="Far", capacity=60, g=-6),
            ],
            pipelines=[
                {"name": "out", "from": "Hub", "to": "Far", **line},
                {"name": "in", "from": "Far", "to": "Hub", **line},
            ],
            markets=[demand("Hub", 200, 2), demand("Far", 150, 2)],
            contracts=[
                {"name": "c", "seller": "2", "market": "Far", "annual_quantity": 3, "price": 90}
                | {"nominated": 3}
            ],
            floors=[{"firm": "1", "market": "Far", "quantity": 2}],
            swaps=[{"name": "s", "a": "1", "b": "2", "cap": 1, "ratio": 1.5}],
        )
    )


def verdict(answer: mithaq.Equilibrium, point: Any) -> Any:
    payoffs = float(payoff_table(answer.chain, point)["musd"].sum())
    return certify(answer.chain, point, payoffs, 1e-6)


QUANTITIES = ["lifting", "flow", "spot", "handed"]
PRICES = ["value", "rent", "scarcity", "floor_price", "swap_price", "swap_rent"]


def test_the_untouched_point_is_certified(certified: mithaq.Equilibrium) -> None:
    assert verdict(certified, certified.point).holds
    assert all(getattr(certified.point, kind) for kind in QUANTITIES + PRICES)


@pytest.mark.parametrize("kind", QUANTITIES + PRICES)
@pytest.mark.parametrize("shift", [0.05, -0.05, 3.0, -3.0, math.nan])
def test_a_number_changed_is_refuted(
    certified: mithaq.Equilibrium, kind: str, shift: float
) -> None:
    for key in getattr(certified.point, kind):
        point = copy.deepcopy(certified.point)
        getattr(point, kind)[key] += shift
        judged = verdict(certified, point)
        assert not judged.holds, (kind, key)
        assert judged.max_violation > 1e-4
        condition, _, place = judged.worst.partition(": ")
        assert judged.violations[condition] == judged.max_violation
        assert place


def test_the_place_of_the_violation_is_named(certified: mithaq.Equilibrium) -> None:
    point = copy.deepcopy(certified.point)
    point.flow["2", "in", 0] += 20
    assert "in" in verdict(certified, point).worst
    point = copy.deepcopy(certified.point)
    point.value["2", "Far", 0] -= 30
    assert "2" in verdict(certified, point).worst


@pytest.mark.parametrize("kind", ["flow", "spot", "lifting"])
def test_a_number_left_out_is_refuted(certified: mithaq.Equilibrium, kind: str) -> None:
    for key, quantity in getattr(certified.point, kind).items():
        point = copy.deepcopy(certified.point)
        del getattr(point, kind)[key]
        if quantity > 1e-3:
            assert not verdict(certified, point).holds


def test_another_conduct_is_refuted() -> None:
    """The point of price-takers is no Cournot equilibrium, nor the other way round."""
    fields = [field("1", 20), field("2", 25)]
    takers, cournot = (hub(fields, 100, 1, conduct=c) for c in (0, 1))
    for mine, other in ((takers, cournot), (cournot, takers)):
        point = mithaq.solve(mine).point
        payoffs = float(payoff_table(other, point)["musd"].sum())
        assert not certify(other, point, payoffs, 1e-6).holds


def test_a_seller_that_ought_to_enter_is_missed() -> None:
    """A monopoly's point does not stand where another could sell as well."""
    alone = hub([field("1", 20)], 100, 1)
    both = hub([field("1", 20), field("2", 20)], 100, 1)
    point = mithaq.solve(alone).point
    point.value["2", "Hub", 0] = 20.0
    point.lifting["2", "2", 0] = 0.0
    payoffs = float(payoff_table(both, point)["musd"].sum())
    assert not certify(both, point, payoffs, 1e-6).holds


# What has no answer


def no_answer(base: mithaq.Chain, *edits: Any) -> SolveError:
    """The error; and that nothing can be read without one."""
    answer = mithaq.solve(base, edits, check=False)
    assert not answer.solved
    for name in ("prices", "market_prices", "sales", "flows", "production", "welfare"):
        with pytest.raises(SolveError):
            getattr(answer, name)
    with pytest.raises(SolveError):
        answer.payoffs()
    assert not {"prices", "sales", "flows", "payoffs"} & set(answer.to_dict())
    with pytest.raises(SolveError) as caught:
        mithaq.solve(base, edits)
    assert caught.value.outcome is answer.outcome
    return caught.value


LIMITED = {
    "nodes": [{"name": "Hub"}, {"name": "Far"}],
    "firms": [{"name": "1"}, {"name": "2"}],
    "fields": [field("1", 20, capacity=30), field("2", 20, node="Far", capacity=8)],
    "pipelines": [{"name": "line", "from": "Hub", "to": "Far", "capacity": 5, "loss": 0.1}],
    "markets": [demand("Hub", 100, 1), demand("Far", 100, 1)],
}


class TestInfeasible:
    def test_contract_beyond_the_line(self) -> None:
        deal = Contract("old deal", "1", "Far", annual_quantity=10, price=50, nominated=10)
        error = no_answer(chain(**LIMITED), deal)
        assert error.outcome is Outcome.INFEASIBLE
        text = str(error)
        # 5 sent is 4.5 delivered: 5.5 are missing.
        assert "old deal" in text
        assert "owes 10 bcm/yr at Far" in text
        assert "5.5 bcm/yr more than can reach it" in text
        assert "line" in text

    def test_contract_beyond_the_field(self) -> None:
        error = no_answer(chain(**LIMITED), Contract("c", "2", "Far", 11, 50, nominated=11))
        assert "3 bcm/yr more than can reach it" in str(error)
        assert "field 2" in str(error)

    def test_contract_where_nothing_leads(self) -> None:
        error = no_answer(chain(**LIMITED), Contract("c", "2", "Hub", 1.5, 50, nominated=1.5))
        assert "1.5 bcm/yr more than can reach it" in str(error)

    def test_floor(self) -> None:
        error = no_answer(chain(**LIMITED), Floor("1", "Far", 6))
        assert "floor of 1 in Far: 1.5 bcm/yr more than can be sold there" in str(error)

    def test_floor_of_a_barred_seller(self) -> None:
        error = no_answer(chain(**LIMITED), Floor("1", "Far", 2), mithaq.BarMarket("1", "Far"))
        assert "floor of 1 in Far: 2 bcm/yr" in str(error)

    def test_regulated_market(self) -> None:
        flats = demand("flats", 100, 1, node="Far", regulated_price=80, supplier="2")
        error = no_answer(chain(**LIMITED | {"markets": [*LIMITED["markets"], flats]}))
        assert "supply of flats: 2 owes 20 bcm/yr at Far, 12 bcm/yr more" in str(error)

    def test_two_shortages_are_both_named(self) -> None:
        error = no_answer(
            chain(**LIMITED),
            Contract("one", "1", "Far", 10, 50, nominated=10),
            Contract("two", "2", "Far", 11, 50, nominated=11),
        )
        assert "contract one" in str(error)
        assert "contract two" in str(error)

    @some
    @given(quantity=st.floats(4.6, 60))
    def test_the_cure_that_is_named_cures(self, quantity: float) -> None:
        deal = Contract("c", "1", "Far", quantity, 50, nominated=quantity)
        assert mithaq.solve(chain(**LIMITED), [deal], check=False).outcome is Outcome.INFEASIBLE
        less = dataclasses.replace(deal, nominated=4.499, annual_quantity=4.499)
        assert mithaq.solve(chain(**LIMITED), [less]).solved


def test_a_solver_that_is_stopped_gives_no_price() -> None:
    tables = plain(3, conduct=None)
    answer = mithaq.solve(chain(**tables), method=Method(max_iterations=1), check=False)
    assert answer.outcome in {Outcome.STOPPED, Outcome.NOT_CERTIFIED}
    with pytest.raises(SolveError):
        answer.prices


def test_a_tolerance_that_cannot_be_met_gives_no_price() -> None:
    answer = mithaq.solve(chain(**plain(5, conduct=None)), method=Method(tolerance=0), check=False)
    assert answer.outcome is Outcome.NOT_CERTIFIED
    assert "largest violation" in answer.reasons[0]
    with pytest.raises(SolveError, match="largest violation"):
        answer.prices


# The edges of what can be asked


class TestNothing:
    def test_no_seller(self) -> None:
        answer = mithaq.solve(hub([field("1", capacity=0)], 100, 1))
        assert answer.prices["Hub"] == pytest.approx(100)
        assert answer.welfare == 0

    def test_nobody_can_reach_the_buyer(self) -> None:
        base = chain(**LIMITED | {"pipelines": [], "fields": LIMITED["fields"][:1]})
        answer = mithaq.solve(base)
        assert answer.market_prices["Far"] == pytest.approx(100)
        assert answer.certificate.holds

    def test_too_dear_to_sell(self) -> None:
        answer = mithaq.solve(hub([field("1", 150), field("2", 101, g=-3)], 100, 1))
        assert answer.prices["Hub"] == pytest.approx(100, abs=1e-4)
        assert answer.payoffs()[["1", "2"]].abs().max() < 1e-3

    def test_empty_tables(self) -> None:
        base = hub([field("1")], 100, 1)
        frames = {name: base.table(name).iloc[:0] for name in ("nodes", "firms", "fields")}
        answer = mithaq.solve(mithaq.Chain.from_tables({**frames, "markets": frames["nodes"][[]]}))
        assert answer.prices.empty
        assert answer.welfare == 0


@pytest.mark.parametrize("capacity", [1.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("golombek", [0.0, -2.0])
def test_capacity_may_be_of_any_size(capacity: float, golombek: float) -> None:
    answer = mithaq.solve(
        hub([field("1", 20, capacity=capacity, g=golombek), field("2", 20)], 100, 1)
    )
    assert answer.certificate.holds
    if capacity > 100 and golombek == 0:
        assert answer.prices["Hub"] == pytest.approx(20 + 80 / 3)


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1e2, 1e4])
def test_units_may_be_of_any_size(scale: float) -> None:
    """Quantities in other units: the same prices."""
    fields = [field(name, 20, capacity=1000 * scale) for name in "12"]
    answer = mithaq.solve(hub(fields, 100, 1 / scale))
    assert answer.prices["Hub"] == pytest.approx(20 + 80 / 3, rel=1e-4)
