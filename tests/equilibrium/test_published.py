"""Published and closed-form cases, built from tables and solved by both engines."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import pytest

import mithaq
from tests.equilibrium.toys import chain, demand, field, hub, totals


@pytest.fixture(autouse=True)
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case is solved by the program and by the complementarity engine, which must agree."""
    solve = mithaq.solve

    def twice(*arguments: Any, method: mithaq.Method | None = None) -> mithaq.Equilibrium:
        if method is not None:
            return solve(*arguments, method=method)
        answer = solve(*arguments)
        if answer.method.engine == "complementarity":
            return answer
        exact = solve(*arguments, method=mithaq.Method(engine="program", polish=True))
        other = solve(*arguments, method=mithaq.Method(engine="complementarity"))
        agree = partial(pytest.approx, rel=1e-6, abs=1e-6)
        assert other.market_prices.to_dict() == agree(exact.market_prices.to_dict())
        assert other.welfare == agree(exact.welfare)
        one, two = (e.deliveries.groupby("market")["bcm"].sum() for e in (exact, other))
        assert two.to_dict() == agree(one.to_dict())
        return answer

    monkeypatch.setattr(mithaq, "solve", twice)


def near(expected: Any) -> Any:
    """Within 1e-4, relative; of zero, within 1e-6."""
    return pytest.approx(expected, rel=1e-4, abs=1e-6)


class TestTwoFirmsWithQuadraticCost:
    """EPECsolve documentation, NashLCP: P = 100 - Q, C1 = 10 q + 0.1 q^2, C2 = 5 q + 0.2 q^2."""

    def test_quantities(self) -> None:
        answer = mithaq.solve(hub([field("1", 10, b=0.2), field("2", 5, b=0.4)], 100, 1))
        assert totals(answer) == near({"1": 28.271028, "2": 27.803728})
        assert answer.prices["Hub"] == near(100 - 28.271028 - 27.803728)


class TestDuopoly:
    """Gabriel, Conejo, Fuller, Hobbs and Ruiz (2013), Ex. 1.2.4: P = 10 - 5 Q, marginal cost 1."""

    def test_unconstrained(self) -> None:
        answer = mithaq.solve(hub([field("1", 1), field("2", 1)], 10, 5))
        assert totals(answer) == near({"1": 0.6, "2": 0.6})
        assert answer.prices["Hub"] == near(4)
        assert answer.payoffs()[["1", "2"]].tolist() == near([1.8, 1.8])

    def test_one_firm_is_limited(self) -> None:
        answer = mithaq.solve(hub([field("1", 1, capacity=0.5), field("2", 1)], 10, 5))
        assert totals(answer) == near({"1": 0.5, "2": 0.65})
        assert answer.prices["Hub"] == near(4.25)
        assert answer.payoffs()[["1", "2"]].tolist() == near([1.625, 2.1125])


class TestAdder:
    """Cournot with costs 1 + d and 1 (Tirole 1988, 5.4): q1 = (9 - 2 d)/15, q2 = (9 + d)/15."""

    @staticmethod
    def duopoly(adder: float) -> mithaq.Equilibrium:
        return mithaq.solve(
            chain(
                nodes=[{"name": "Hub"}],
                firms=[{"name": "1"}, {"name": "2"}],
                fields=[field("1", 1), field("2", 1)],
                markets=[demand("Hub", 10, 5)],
                conduct=[{"firm": "1", "market": "Hub", "adder": adder}],
            )
        )

    def test_it_shapes_sales_and_is_no_cash(self) -> None:
        answer = self.duopoly(1.5)
        assert totals(answer) == near({"1": 0.4, "2": 0.7})
        assert answer.prices["Hub"] == near(4.5)
        # What the firm earns is price less the cost of 1; the adder is paid to nobody.
        assert answer.payoffs()[["1", "2"]].tolist() == near([0.4 * 3.5, 0.7 * 3.5])

    def test_a_negative_one_sells_more(self) -> None:
        assert totals(self.duopoly(-1.5)) == near({"1": 0.8, "2": 0.5})


class TestTwoNodeNetwork:
    """The same book, Ex. 1.2.7: price-takers on two nodes joined by a congested line."""

    @pytest.fixture
    def answer(self) -> mithaq.Equilibrium:
        line = {"name": "line", "from": "1", "to": "2", "capacity": 5}
        return mithaq.solve(
            chain(
                nodes=[{"name": "1"}, {"name": "2"}],
                firms=[{"name": name, "conduct": 0} for name in "ABCD"],
                fields=[
                    field("A", 10, node="1", capacity=10),
                    field("B", 12, node="1", capacity=10),
                    field("C", 15, node="2", capacity=5),
                    field("D", 18, node="2", capacity=5),
                ],
                pipelines=[{**line, "tariff": 0.5, "operating_cost": 1, "owner": "Operator"}],
                markets=[demand("1", 20, 1), demand("2", 20, 0.5)],
            )
        )

    def test_prices_and_quantities(self, answer: mithaq.Equilibrium) -> None:
        assert answer.prices.to_dict() == near({"1": 12, "2": 15})
        assert totals(answer) == near({"A": 10, "B": 3, "C": 5, "D": 0})
        assert answer.flows.set_index("name").loc["line", "bcm"] == near(5)

    def test_rent_and_operator(self, answer: mithaq.Equilibrium) -> None:
        assert answer.flows.set_index("name").loc["line", "rent"] == near(2.5)
        # Net of its cost the operator keeps 0.5 + 2.5 - 1 = 2 for each of 5 units.
        assert answer.payoffs()["Operator"] == near(5 * 2)

    def test_profits_and_surplus(self, answer: mithaq.Equilibrium) -> None:
        payoffs = answer.payoffs()
        # C is exactly at capacity: its margin is 0 within the last digits of a price of 15.
        profits = payoffs[["A", "B", "C", "D"]].tolist()
        assert profits == pytest.approx([20, 0, 0, 0], abs=1e-3)
        assert payoffs["consumers in 1"] == near(8 * 8 / 2)
        assert payoffs["consumers in 2"] == near(10 * 5 / 2)
        assert answer.welfare == near(20 + 10 + 32 + 25)


class TestThreeRefineries:
    """Course of Gabriel et al.: P = 10 - Q, marginal costs 3, 4, 5, capacities 3, 4, 2."""

    FIELDS = (
        field("1", 3, capacity=3),
        field("2", 4, capacity=4),
        field("3", 5, capacity=2),
    )

    def test_perfect_competition(self) -> None:
        answer = mithaq.solve(hub(self.FIELDS, 10, 1, conduct=0))
        assert answer.prices["Hub"] == near(4)
        assert totals(answer) == near({"1": 3, "2": 3, "3": 0})
        assert answer.payoffs()[["1", "2", "3"]].tolist() == near([3, 0, 0])
        assert answer.welfare == near(21)

    def test_cournot(self) -> None:
        answer = mithaq.solve(hub(self.FIELDS, 10, 1))
        assert answer.prices["Hub"] == near(5.5)
        assert totals(answer) == near({"1": 2.5, "2": 1.5, "3": 0.5})
        assert answer.payoffs()[["1", "2", "3"]].tolist() == near([6.25, 2.25, 0.25])
        assert answer.welfare == near(18.875)


class TestCoal:
    """The same book, ch. 3: P = 2.5 - Q / 60000, three firms with two processes each."""

    COSTS: ClassVar = {"1": (0.55, 0.81), "2": (0.62, 1.25), "3": (0.78, 1.35)}
    CAPACITIES: ClassVar = {"1": (21000, 16000), "2": (17000, 22000), "3": (18000, 14000)}

    def solved(self, conduct: float) -> mithaq.Equilibrium:
        fields = [
            field(firm, cost, capacity=capacity) | {"name": f"{firm}{process}"}
            for firm in self.COSTS
            for process, cost, capacity in zip(
                "ab", self.COSTS[firm], self.CAPACITIES[firm], strict=True
            )
        ]
        return mithaq.solve(hub(fields, 2.5, 1 / 60000, conduct=conduct))

    def test_price_takers(self) -> None:
        answer = self.solved(0)
        assert answer.production.sum() == near(75000)
        assert answer.prices["Hub"] == near(1.25)
        assert answer.payoffs()[["1", "2", "3"]].tolist() == near([21740, 10710, 8460])
        assert answer.payoffs()["consumers in Hub"] == near(46875)
        assert answer.welfare == near(87785)

    def test_cournot(self) -> None:
        answer = self.solved(1)
        assert answer.prices["Hub"] == near(1.363333)
        lifted = answer.production
        assert [lifted["1", "1a"], lifted["1", "1b"]] == near([21000, 12200])
        assert [lifted["2", "2a"], lifted["3", "3a"]] == near([17000, 18000])
        # Nothing comes from the dear processes: within a millionth of what the market takes.
        assert [lifted["2", "2b"], lifted["3", "3b"]] == pytest.approx([0, 0], abs=0.07)
        assert answer.payoffs()[["1", "2", "3"]].tolist() == near([23830.67, 12636.67, 10500])


class TestGasChain:
    """HydrOGEnMod.jl test cases 1, 3 and 9 (Apache-2.0)."""

    def test_1_competition_with_rising_cost(self) -> None:
        answer = mithaq.solve(hub([field("seller", 1, b=1)], 2, 1, conduct=0))
        assert answer.prices["Hub"] == near(1.5)

    def test_3_monopoly(self) -> None:
        assert mithaq.solve(hub([field("seller", 1)], 2, 1)).prices["Hub"] == near(1.5)

    def test_9_transport_with_losses(self) -> None:
        # Sending 1.1 to deliver 1 is a loss of 1/11 of what is sent; so is the cost per unit.
        line = {"from": "there", "to": "here", "capacity": 100, "loss": 1 / 11}
        answer = mithaq.solve(
            chain(
                nodes=[{"name": "there"}, {"name": "here"}],
                firms=[{"name": "seller", "conduct": 0}, {"name": "buyer", "conduct": 0}],
                fields=[field("seller", 1, node="there"), field("buyer", 2.5, node="here")],
                pipelines=[{**line, "tariff": 0.1 / 1.1}],
                markets=[demand("here", 2, 1)],
            )
        )
        assert answer.prices.to_dict() == near({"here": 1.2})
        assert totals(answer) == near({"seller": 0.88, "buyer": 0})
        assert answer.sales["seller", "here"] == near(0.8)


class TestMergers:
    """Salant, Switzer and Reynolds (1983): m of n symmetric Cournot sellers merge."""

    # n: the fewest members that do not lose
    FEWEST: ClassVar = {2: 2, 3: 3, 4: 4, 5: 4, 6: 5, 7: 6, 8: 7, 9: 8, 10: 9}

    @staticmethod
    def merged(n: int, m: int) -> tuple[mithaq.Equilibrium, mithaq.Equilibrium]:
        names = [f"{i:02}" for i in range(n)]
        before = hub([field(name, 20) for name in names], 100, 1)
        group = mithaq.Cooperate("merger", tuple(names[:m]))
        return mithaq.solve(before), mithaq.solve(before, [group])

    @pytest.mark.parametrize(("n", "fewest"), FEWEST.items())
    def test_smallest_merger_that_does_not_lose(self, n: int, fewest: int) -> None:
        for m in range(2, n + 1):
            before, after = self.merged(n, m)
            names = [f"{i:02}" for i in range(m)]
            start = before.payoffs()[names].sum()
            gain = (after.payoffs()[names].sum() - start) / start
            exact = (n + 1) ** 2 / (m * (n - m + 2) ** 2) - 1
            assert gain == pytest.approx(exact, abs=1e-6)
            if exact == 0:
                assert (n, m) == (5, 4)
            else:
                assert (gain > 0) == (exact > 0) == (m > fewest or (m == fewest and n != 5))

    def test_two_of_five(self) -> None:
        before, after = self.merged(5, 2)
        mark_up = [float(answer.prices["Hub"]) - 20 for answer in (before, after)]
        assert mark_up[1] / mark_up[0] == near(1.2)
        start, end = before.payoffs(), after.payoffs()
        pair = ["00", "01"]
        assert end[pair].sum() / start[pair].sum() == near(0.72)
        assert (end[["02", "03", "04"]] / start[["02", "03", "04"]]).tolist() == near([1.44] * 3)


class TestMutualCoefficient:
    """Setting of Reynolds and Snapp (1986), mutual: q = A / (b (n + 1 + l (n - 1))) each."""

    @staticmethod
    def sellers(n: int) -> list[str]:
        return [f"{i}" for i in range(n)]

    @pytest.mark.parametrize("n", [2, 3, 5])
    @pytest.mark.parametrize("mutual", [0.0, 0.25, 0.5, 1.0])
    @pytest.mark.parametrize("table", ["stakes", "weights"])
    def test_stakes_and_weights(self, n: int, mutual: float, table: str) -> None:
        names = self.sellers(n)
        columns = ("holder", "firm", "share") if table == "stakes" else ("firm", "other", "weight")
        rows = [
            dict(zip(columns, (f, g, mutual), strict=True)) for f in names for g in names if f != g
        ]
        answer = mithaq.solve(hub([field(f, 20) for f in names], 100, 2, **{table: rows}))
        each = 80 / (2 * (n + 1 + mutual * (n - 1)))
        if mutual < 1:
            assert totals(answer) == near(dict.fromkeys(names, each))
        # At 1 the sellers are one monopoly, whose split is open.
        assert answer.production.sum() == near(n * each)
        assert answer.prices["Hub"] == near(100 - 2 * n * each)

    def test_dividends_move_profit_and_make_none(self) -> None:
        base = hub([field("1", 20), field("2", 20)], 100, 1)
        answer = mithaq.solve(base, [mithaq.Stake("1", "2", 0.5), mithaq.Stake("2", "1", 0.5)])
        each = 80 / 3.5
        profit = (float(answer.prices["Hub"]) - 20) * each
        assert answer.payoffs()[["1", "2"]].tolist() == near([profit, profit])


class TestSilentStake:
    """Reynolds and Snapp (1986), one side: q1 = (1 - k)/(3 - k) A/b, q2 = A/b / (3 - k)."""

    @pytest.mark.parametrize("k", [0.1, 0.5, 0.9])
    def test_outputs(self, k: float) -> None:
        base = hub([field("1", 20), field("2", 20)], 100, 2)
        answer = mithaq.solve(base, [mithaq.Stake("1", "2", k)])
        assert totals(answer) == near({"1": (1 - k) / (3 - k) * 40, "2": 40 / (3 - k)})
        assert answer.method.engine == "complementarity"

    def test_it_has_no_potential(self) -> None:
        base = hub([field("1", 20), field("2", 20)], 100, 1)
        stake, method = mithaq.Stake("1", "2", 0.5), mithaq.Method(engine="program")
        with pytest.raises(mithaq.ModelError, match="1 weighs 2 otherwise.*complementarity"):
            mithaq.solve(base, [stake], method=method)


class TestSymmetricIsNotEnough:
    """det(11' + L) = -2 for L12 = L13 = 1, L23 = 0, ones on the diagonal."""

    def test_three_firms(self) -> None:
        rows = [
            {"firm": f, "other": g, "weight": 1}
            for f, g in [("north", "east"), ("east", "north"), ("north", "west"), ("west", "north")]
        ]
        fields = [field(name, 20) for name in ("north", "east", "west", "bystander")]
        with pytest.raises(mithaq.ModelError, match="not monotone") as caught:
            mithaq.solve(hub(fields, 100, 1, weights=rows))
        for name in ("north", "east", "west"):
            assert name in str(caught.value)
        assert "bystander" not in str(caught.value)

    @pytest.mark.parametrize("curvature", [0.0, 1.0, 1000.0])
    def test_two_markets_at_any_curvature_of_cost(self, curvature: float) -> None:
        """theta 0.5 and a group at strength 1 not scaled by it: L = [[.5, 1], [1, .5]]."""
        rows = [{"firm": "1", "other": "2", "weight": 1}, {"firm": "2", "other": "1", "weight": 1}]
        base = chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "1", "conduct": 0.5}, {"name": "2", "conduct": 0.5}],
            fields=[field("1", 20, b=curvature), field("2", 20, b=curvature)],
            markets=[demand("home", 100, 1, node="Hub"), demand("away", 100, 1, node="Hub")],
            weights=rows,
        )
        with pytest.raises(mithaq.ModelError, match="1, 2") as caught:
            mithaq.solve(base)
        assert "0.5)" in str(caught.value)

    def test_in_one_market_curvature_of_cost_cures_it(self) -> None:
        """With one market, sales are output, and output has the curvature of its cost."""
        rows = [{"firm": "1", "other": "2", "weight": 1}, {"firm": "2", "other": "1", "weight": 1}]
        fields = [field("1", 20, b=2), field("2", 20, b=2)]
        answer = mithaq.solve(hub(fields, 100, 1, conduct=0.5, weights=rows))
        # P - (0.5 + 1) q = 20 + 2 q with P = 100 - 2 q
        assert totals(answer) == near({"1": 80 / 5.5, "2": 80 / 5.5})


class TestUnequalConduct:
    """P = 100 - Q, marginal cost 20, theta 0.2 and 0.8: a merged seller of theta 0.5."""

    def test_the_group_is_the_merged_seller(self) -> None:
        base = chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "1", "conduct": 0.2}, {"name": "2", "conduct": 0.8}],
            fields=[field("1", 20), field("2", 20)],
            markets=[demand("Hub", 100, 1)],
        )
        answer = mithaq.solve(base, [mithaq.Cooperate("pair", ("1", "2"))])
        assert answer.prices["Hub"] == near(20 + 80 / 3)
        assert any("may split" in sentence for sentence in answer.certificate.not_unique)


class TestContracts:
    """Two Cournot sellers, P = 100 - Q, cost 20; 20 of one's gas is sold ahead at a fixed price."""

    def test_without(self) -> None:
        answer = mithaq.solve(hub([field("1", 20), field("2", 20)], 100, 1))
        assert answer.prices["Hub"] == near(20 + 80 / 3)

    def test_fixed_price_volume_blunts_market_power(self) -> None:
        base = hub([field("1", 20), field("2", 20)], 100, 1)
        ahead = mithaq.Contract("c", "1", "Hub", annual_quantity=20, price=50, nominated=20)
        answer = mithaq.solve(base, [ahead])
        assert answer.prices["Hub"] == near(40)
        assert answer.sales.to_dict() == near({("1", "Hub"): 40, ("2", "Hub"): 20})
        payoffs = answer.payoffs()
        assert payoffs["buyers in Hub"] == near((40 - 50) * 20)
        assert payoffs["1"] == near(20 * 20 + (50 - 20) * 20)
        assert payoffs["2"] == near(20 * 20)

    def test_the_take_or_pay_floor_is_the_nomination_by_default(self) -> None:
        base = hub([field("1", 20), field("2", 20)], 100, 1)
        ahead = mithaq.Contract("c", "1", "Hub", annual_quantity=25, price=50, take_or_pay=0.8)
        assert mithaq.solve(base, [ahead]).prices["Hub"] == near(40)
