"""Steps of cost, stores and investment under market power: closed forms, and other tools."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Method, ModelError, Outcome
from tests.equilibrium.random_chains import rich, stepped, through_time
from tests.equilibrium.second import solve_again
from tests.equilibrium.test_properties import solved
from tests.equilibrium.test_properties_in_time import prices
from tests.equilibrium.toys import chain, demand, field, hub

SEEDS = st.integers(0, 10**6)
few = settings(max_examples=10, deadline=None, derandomize=True)
many = settings(max_examples=200, deadline=None, derandomize=True)
HALVES = [
    {"name": "low", "position": 1, "share": 0.5},
    {"name": "high", "position": 2, "share": 0.5},
]


def near(expected: Any, relative: float = 1e-5) -> Any:
    return pytest.approx(expected, rel=relative, abs=1e-5)


def check_steps(seed: int) -> None:
    for tables in (stepped(seed), through_time(seed, stepped(seed))):
        answer = solved(tables)
        found, _ = solve_again(answer.chain)
        assert prices(answer) == pytest.approx(found.prices, rel=1e-4, abs=0.01)


@few
@given(seed=SEEDS)
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_steps_of_cost_as_cvxpy_finds_them(seed: int) -> None:
    check_steps(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_steps_of_cost_as_cvxpy_finds_them_often(seed: int) -> None:
    check_steps(seed)


def check_engines(seed: int) -> None:
    for tables in (through_time(seed), through_time(seed, rich(seed)), stepped(seed)):
        one = solved(tables)
        try:
            method = Method(engine="complementarity")
            other = mithaq.solve(one.chain, method=method, check=False)
        except ModelError:
            continue
        if other.outcome in (Outcome.STOPPED, Outcome.NOT_CERTIFIED):
            continue  # one in some hundreds: it says so, and gives no other answer
        assert prices(other) == pytest.approx(prices(one), rel=1e-5, abs=1e-4)
        assert other.welfare == pytest.approx(one.welfare, rel=1e-6, abs=1e-2)


@few
@given(seed=SEEDS)
def test_two_engines_agree(seed: int) -> None:
    check_engines(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_two_engines_agree_often(seed: int) -> None:
    check_engines(seed)


class TestSteps:
    """P = 100 - Q, one seller, steps at 10, 30 and 60."""

    FIELDS = tuple(
        field("1", a, capacity=capacity) | {"name": f"step {a}"}
        for a, capacity in ((10, 20), (30, 20), (60, 100))
    )

    def test_a_monopoly_stops_where_marginal_revenue_meets_a_step(self) -> None:
        # 100 - 2 q = 30 at q = 35: the second step, half used.
        answer = mithaq.solve(hub(self.FIELDS, 100, 1))
        assert answer.prices["Hub"] == near(65)
        assert answer.production["1", "step 30"] == near(15)

    def test_a_price_taker_goes_on_to_the_next(self) -> None:
        answer = mithaq.solve(hub(self.FIELDS, 100, 1, conduct=0))
        assert answer.prices["Hub"] == near(60)

    @pytest.mark.parametrize("theta", [0.2, 0.5, 0.8])
    def test_conduct_between_the_two(self, theta: float) -> None:
        # Just at the corner between steps marginal revenue lies between them.
        answer = mithaq.solve(hub(self.FIELDS, 100, 1, conduct=theta))
        q = float(answer.production.sum())
        revenue = 100 - (1 + theta) * q
        step = [(10, 0, 20), (30, 20, 40), (60, 40, 140)]
        assert any(
            low - 1e-4 <= q <= high + 1e-4
            and (cost - 1e-4 <= revenue if q >= high - 1e-4 else revenue == near(cost, 1e-4))
            for cost, low, high in step
        )
        assert answer.payoffs()["1"] == near(
            (100 - q) * q - sum(c * min(max(q - low, 0), high - low) for c, low, high in step)
        )

    def test_mixed_conduct(self) -> None:
        """One Cournot seller faces a competitor that takes prices: it plays the rest of demand."""
        base = chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "1", "conduct": 1}, {"name": "2", "conduct": 0}],
            fields=[field("1", 10), field("2", 0, b=1)],
            markets=[demand("Hub", 100, 1)],
        )
        # P = q2; P - q1 = 10; P = 100 - q1 - q2: 3 P = 110.
        answer = mithaq.solve(base)
        assert answer.prices["Hub"] == near(110 / 3)

    def test_three_sectors_at_a_node(self) -> None:
        """A monopoly sets each sector's price by itself where cost is constant."""
        sectors = [
            demand(f"s{alpha}", alpha, 1, node="Hub", sector=f"s{alpha}")
            for alpha in (60, 100, 140)
        ]
        base = chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "1"}],
            fields=[field("1", 20)],
            markets=sectors,
        )
        answer = mithaq.solve(base)
        for alpha in (60, 100, 140):
            assert answer.market_prices[f"s{alpha}"] == near((alpha + 20) / 2)


class TestStores:
    """Demand only in the second half of the year, P = 100 - Q; gas only in the first, at 20."""

    def year(self, theta: float, **store: Any) -> mithaq.Equilibrium:
        rates = {"working_gas": 100, "injection": 100, "withdrawal": 100, "loss": 0.1}
        costs = {"injection_cost": 3, "withdrawal_cost": 2}
        return mithaq.solve(
            chain(
                nodes=[{"name": "Hub"}],
                firms=[{"name": "1", "conduct": theta}],
                fields=[field("1", 20)],
                markets=[demand("Hub", 100, 1)],
                periods=HALVES,
                demand_factors=[{"period": "low", "quantity": 0}],
                availability=[{"table": "fields", "row": "1", "period": "high", "factor": 0}],
                storages=[{"name": "cave", "node": "Hub"} | rates | costs | store],
            )
        )

    COST = (20 + 3) / 0.9 + 2  # of a unit that comes out

    def test_a_price_taker_passes_on_loss_and_cost(self) -> None:
        assert prices(self.year(0))["Hub", 1] == near(self.COST)

    def test_a_monopoly_marks_it_up(self) -> None:
        answer = self.year(1)
        assert prices(answer)["Hub", 1] == near((100 + self.COST) / 2)
        sold = (100 - self.COST) / 2
        # Half of the year at the rate sold, lifted with what is lost on the way in.
        lifted = float(answer.production.sum())
        assert lifted == near(0.5 * sold / 0.9)
        assert answer.payoffs()["1"] == near(0.5 * sold * (prices(answer)["Hub", 1] - self.COST))

    def test_room_that_is_short_earns_the_difference(self) -> None:
        # 10 bcm a half-year are a rate of 20: P = 80.
        answer = self.year(0, working_gas=10, owner="Owner")
        assert prices(answer)["Hub", 1] == near(80)
        assert answer.payoffs()["Owner"] == near(0.5 * 20 * (80 - self.COST))
        assert answer.payoffs()["1"] == near(0)

    def test_a_rate_that_is_short_does_too(self) -> None:
        answer = self.year(0, withdrawal=20, owner="Owner")
        assert prices(answer)["Hub", 1] == near(80)
        assert answer.payoffs()["Owner"] == near(0.5 * 20 * (80 - self.COST))


class TestBuilding:
    """A line from a field at 20 to a market P = 100 - Q; a unit of capacity costs 15 a year."""

    def built(
        self, theta: float, years: list[dict[str, Any]] | None = None, **plan: Any
    ) -> mithaq.Equilibrium:
        expansion = {"table": "pipelines", "row": "line", "cost": 15, "lifetime": 1}
        return mithaq.solve(
            chain(
                nodes=[{"name": "A"}, {"name": "B"}],
                firms=[{"name": "1", "conduct": theta}, {"name": "2", "conduct": theta}],
                fields=[field("1", 20, node="A"), field("2", 20, node="A")],
                pipelines=[
                    {"name": "line", "from": "A", "to": "B", "capacity": 0, "tariff": 5}
                    | {"owner": "Builder"}
                ],
                markets=[demand("B", 100, 1)],
                expansions=[expansion | plan],
                years=years or [],
            )
        )

    def test_price_takers_use_it_until_rent_pays(self) -> None:
        answer = self.built(0)
        assert answer.prices["B"] == near(40)
        assert answer.point.built["pipelines", "line", "", 0] == near(60)
        assert answer.payoffs()["Builder"] == near(0)

    def test_cournot_sellers_ask_for_less_of_it(self) -> None:
        answer = self.built(1)
        assert answer.prices["B"] == near(40 + 60 / 3)
        assert answer.point.built["pipelines", "line", "", 0] == near(40)
        assert answer.payoffs()["Builder"] == near(0)
        assert answer.payoffs()["1"] == near(20 * 20)

    def test_a_limit_leaves_the_builder_a_rent(self) -> None:
        answer = self.built(0, limit=30)
        assert answer.prices["B"] == near(70)
        assert answer.payoffs()["Builder"] == near(30 * (70 - 40))

    def test_too_dear_to_build(self) -> None:
        answer = self.built(0, cost=90)
        assert answer.prices["B"] == near(100)
        assert answer.point.built["pipelines", "line", "", 0] == near(0)

    def test_discount_and_span_count(self) -> None:
        """Two years that stand for ten: 150 = 10 r + 0.5 x 10 r, and none is built in the second.

        There half of 150 would have to be earned from 0.5 x 10 r alone.
        """
        years = [
            {"year": 2020, "span": 10, "discount": 1},
            {"year": 2030, "span": 10, "discount": 0.5},
        ]
        answer = self.built(0, years=years, cost=150, lifetime="")
        assert [prices(answer)["B", slot] for slot in (0, 1)] == near([35, 35])
        assert answer.point.built["pipelines", "line", "", 0] == near(65)
        assert answer.point.built["pipelines", "line", "", 1] == near(0)
        assert answer.payoffs()["Builder"] == near(0)

    def test_what_is_left_of_its_life_comes_back(self) -> None:
        """Of a life of 20 years 10 are left after the last: half of the cost comes back."""
        years = [{"year": 2020, "span": 10, "discount": 1}]
        answer = self.built(0, years=years, cost=200, lifetime=20, salvage=1)
        assert answer.prices["B"] == near(25 + 100 / 10)
        assert answer.payoffs()["Builder"] == near(0)
