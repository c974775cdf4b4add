"""Capped prices and buyers who nominate: closed forms, certificates that refuse, random chains."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Method, ModelError, Outcome, SolveError
from mithaq.equilibrium.certificate import certify
from tests.equilibrium.random_chains import Row, Rows, plain, rich, through_time
from tests.equilibrium.toys import chain, demand, field, hub, totals

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=12, deadline=None, derandomize=True)
many = settings(max_examples=200, deadline=None, derandomize=True)


def near(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-8, abs=1e-8)


def capped(fields: list[Row], cap: float, *, conduct: float = 1.0, **more: Any) -> mithaq.Chain:
    """P = 100 - Q at a hub, but no higher than the cap."""
    return chain(
        nodes=[{"name": "Hub"}],
        firms=[{"name": row["name"], "conduct": conduct} for row in fields],
        fields=fields,
        markets=[demand("Hub", 100, 1, price_cap=cap)],
        **more,
    )


class TestPriceCap:
    """A seller of unit cost 20 and conduct theta would ask (100 theta + 20) / (1 + theta)."""

    @pytest.mark.parametrize("theta", [0.3, 1.0])
    @pytest.mark.parametrize("cap", [25.0, 35.0, 50.0, 59.0, 70.0, 120.0])
    def test_it_makes_a_seller_with_market_power_sell_more(self, cap: float, theta: float) -> None:
        answer = mithaq.solve(capped([field("1", 20)], cap, conduct=theta))
        price = min(cap, (100 * theta + 20) / (1 + theta))
        assert answer.prices["Hub"] == near(price)
        assert answer.production.sum() == near(100 - price)
        assert answer.rationed.to_dict() == near({} if cap > 100 else {"Hub": 0.0})

    def test_below_cost_nothing_is_sold_and_all_go_short(self) -> None:
        answer = mithaq.solve(capped([field("1", 20)], 15))
        assert answer.production.sum() == near(0)
        assert answer.rationed["Hub"] == near(85)

    @pytest.mark.parametrize("theta", [0.0, 0.5, 1.0])
    def test_what_costs_more_than_the_cap_is_rationed(self, theta: float) -> None:
        # MC = 20 + 2 q meets the cap of 50 at 15; users would buy 50.
        answer = mithaq.solve(capped([field("1", 20, b=2)], 50, conduct=theta))
        assert totals(answer) == near({"1": 15})
        assert answer.rationed["Hub"] == near(35)
        payoffs = answer.payoffs()
        assert payoffs["1"] == near((50 - 20) * 15 - 15**2)
        # Those who get gas are those to whom it is worth most.
        assert payoffs["consumers in Hub"] == near((100 + 85) / 2 * 15 - 50 * 15)

    def test_two_sellers_share_what_the_cap_calls_for(self) -> None:
        answer = mithaq.solve(capped([field("1", 10), field("2", 20)], 40))
        assert answer.prices["Hub"] == near(40)
        assert answer.production.sum() == near(60)
        # Uncapped: 110/3 + ..., P = (100 + 10 + 20)/3; each wants no less, at the margin, now.
        assert answer.certificate.max_violation <= 1e-9

    def test_gas_leaves_for_the_market_without_a_cap(self) -> None:
        """80 of gas at no cost: the free market takes it until it pays the cap, or all of it."""
        base = chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "1", "conduct": 0}],
            fields=[field("1", 0, capacity=80)],
            markets=[
                demand("free", 100, 1, node="Hub"),
                demand("capped", 100, 1, node="Hub", price_cap=30),
            ],
        )
        answer = mithaq.solve(base)
        sold = answer.deliveries.set_index("market")["bcm"].to_dict()
        assert sold == near({"free": 70, "capped": 10})
        assert answer.rationed["capped"] == near(60)

    def test_it_binds_in_the_season_in_which_gas_is_dear(self) -> None:
        base = chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "1", "conduct": 0}],
            fields=[field("1", 10, capacity=50)],
            markets=[demand("Hub", 100, 1, price_cap=60)],
            periods=[
                {"name": "summer", "position": 1, "share": 0.5},
                {"name": "winter", "position": 2, "share": 0.5},
            ],
            demand_factors=[{"market": "Hub", "period": "winter", "quantity": 1.6}],
        )
        answer = mithaq.solve(base)
        frame = answer.by_slot.market_prices.set_index("period")
        # Winter: beta is 1/1.6, so users would buy 40 x 1.6 at the cap.
        assert frame["price"].to_dict() == near({"summer": 50, "winter": 60})
        assert frame["rationed"].to_dict() == near({"summer": 0, "winter": 64 - 50})
        assert answer.rationed["Hub"] == near(7)

    def test_a_cap_that_never_binds_changes_nothing(self) -> None:
        fields = [field("1", 10, b=1), field("2", 20, g=-5, capacity=30)]
        free, other = (mithaq.solve(capped(fields, cap)) for cap in (200, 99))
        assert other.prices["Hub"] == near(free.prices["Hub"])
        assert other.payoffs().to_dict() == near(free.payoffs().to_dict())

    def test_the_certificate_refuses_a_price_above_the_cap(self) -> None:
        free = mithaq.solve(capped([field("1", 20)], 120))
        judged = certify(capped([field("1", 20)], 50), free.point, free.welfare, 1e-6)
        assert not judged.holds
        assert "price cap in Hub" in judged.worst

    def test_the_certificate_refuses_rationing_that_need_not_be(self) -> None:
        """At the capped price of 50 the seller holds back 10 that cost 20."""
        base = capped([field("1", 20)], 50)
        point = copy.deepcopy(mithaq.solve(base).point)
        point.lifting["1", "1", 0] = point.spot["1", "Hub", 0] = 40.0
        point.rationed["Hub", 0] = 10.0
        welfare = 100 * 40 - 40**2 / 2 - 20 * 40
        judged = certify(base, point, welfare, 1e-6)
        assert judged.violations["balance"] == near(0)
        assert not judged.holds

    def test_the_certificate_refuses_rationing_without_a_cap(self) -> None:
        base = capped([field("1", 20)], 120)
        point = copy.deepcopy(mithaq.solve(hub([field("1", 20)], 100, 1)).point)
        point.rationed["Hub", 0] = 1.0
        assert not certify(base, point, 0.0, 1e-6).holds


def deal(price: float, **more: Any) -> Row:
    return {
        "name": "deal",
        "seller": "1",
        "market": "Hub",
        "annual_quantity": 20,
        "take_or_pay": 0.5,
        "price": price,
        "nomination": "buyer",
        **more,
    }


class TestNomination:
    """A monopolist of unit cost 20; P = 100 - Q. It sells (80 - z)/2 spot, so P = 60 - z/2."""

    @pytest.mark.parametrize("price", [30.0, 50.0, 52.0, 54.5, 55.0, 80.0])
    def test_the_buyer_takes_what_pays(self, price: float) -> None:
        answer = mithaq.solve(hub([field("1", 20)], 100, 1, contracts=[deal(price)]))
        taken = min(max(2 * (60 - price), 10), 20)
        assert answer.taken["deal"] == near(taken)
        assert answer.prices["Hub"] == near(60 - taken / 2)
        margin = (60 - taken / 2 - price) * taken
        assert answer.payoffs().get("buyers in Hub", 0.0) == near(margin)

    def test_it_is_the_nomination_that_data_would_give(self) -> None:
        chosen = mithaq.solve(hub([field("1", 20)], 100, 1, contracts=[deal(52)]))
        given_ = deal(52, nomination="data", nominated=chosen.taken["deal"])
        data = mithaq.solve(hub([field("1", 20)], 100, 1, contracts=[given_]))
        assert data.method.engine == "program"
        assert data.prices["Hub"] == near(chosen.prices["Hub"])
        assert data.payoffs().to_dict() == pytest.approx(chosen.payoffs().to_dict(), abs=1e-6)

    @pytest.mark.parametrize(("premium", "taken"), [(-2, 20), (2, 10)])
    def test_at_the_markets_price_the_premium_decides(self, premium: float, taken: float) -> None:
        row = deal(premium, pricing="spot")
        answer = mithaq.solve(hub([field("1", 20)], 100, 1, contracts=[row]))
        assert answer.taken["deal"] == near(taken)
        # Gas at the market's price counts as spot in the seller's conduct.
        assert answer.prices["Hub"] == near(60)

    def test_a_firm_takes_what_it_can_sell_elsewhere(self) -> None:
        """Its value of the gas is what the other market pays less the way there."""
        base = chain(
            nodes=[{"name": "Hub"}, {"name": "Far"}],
            firms=[{"name": "1", "conduct": 0}, {"name": "2", "conduct": 1}],
            fields=[field("1", 20)],
            pipelines=[
                {
                    "name": "p",
                    "from": "Hub",
                    "to": "Far",
                    "capacity": 50,
                    "tariff": 5,
                    "access": "2",
                }
            ],
            markets=[demand("Hub", 100, 1, access="1"), demand("Far", 60, 1, access="2")],
            contracts=[
                deal(25, take_or_pay=0, destination_clause=False, buyer="2", annual_quantity=40)
            ],
        )
        answer = mithaq.solve(base)
        # 60 - 2 q = 25 + 5
        assert answer.taken["deal"] == near(15)
        assert answer.prices["Far"] == near(45)
        assert answer.prices["Hub"] == near(20)
        assert answer.payoffs()["2"] == near((45 - 30) * 15)

    def test_seasons(self) -> None:
        base = hub(
            [field("1", 20)],
            100,
            1,
            contracts=[deal(52)],
            periods=[
                {"name": "summer", "position": 1, "share": 0.5},
                {"name": "winter", "position": 2, "share": 0.5},
            ],
            demand_factors=[{"market": "Hub", "period": "winter", "price": 1.5}],
        )
        answer = mithaq.solve(base)
        taken = answer.by_slot.nominations.set_index("period")["bcm"].to_dict()
        # In winter P = 150 - 1.5 Q is far above the price of the contract.
        assert taken == near({"summer": 16, "winter": 20})
        assert answer.taken["deal"] == near(18)

    def test_what_the_seller_cannot_bring_is_told(self) -> None:
        base = hub([field("1", 20, capacity=15)], 100, 1, contracts=[deal(30)])
        answer = mithaq.solve(base, check=False)
        assert answer.outcome is Outcome.INFEASIBLE
        assert answer.reasons == (
            "1 cannot bring what buyers would take under deal at Hub: 5 bcm/yr are missing",
            "it would do to set annual_quantity of deal in contracts to 14.9999",
        )
        assert mithaq.solve(base, answer.cure).taken["deal"] == pytest.approx(15, abs=0.01)

    def test_where_the_floor_is_lowered_in_vain_less_is_to_be_taken_in_all(self) -> None:
        """At 30 the buyer takes all that it may, whatever it must: 20, of which 8 can be lifted."""
        base = hub([field("1", 20, capacity=8)], 100, 1, contracts=[deal(30)])
        answer = mithaq.solve(base, check=False)
        assert answer.reasons[-1].endswith("set annual_quantity of deal in contracts to 7.9999")
        assert mithaq.solve(base, answer.cure).taken["deal"] == pytest.approx(8, abs=0.01)

    def test_a_floor_that_cannot_be_brought_is_told_with_its_cure(self) -> None:
        base = hub([field("1", 20, capacity=8)], 100, 1, contracts=[deal(95)])
        answer = mithaq.solve(base, check=False)
        assert answer.outcome is Outcome.INFEASIBLE
        assert "1 owes 10 bcm/yr at Hub, 2 bcm/yr more than can reach it" in answer.reasons[0]
        cured = mithaq.solve(base, answer.cure)
        assert cured.taken["deal"] == pytest.approx(8, abs=0.01)  # the cure is told in four digits

    @pytest.mark.parametrize(("price", "taken"), [(30, 15.0), (80, 15.0), (52, 18.0)])
    def test_the_certificate_refuses_another_choice(self, price: float, taken: float) -> None:
        given_ = deal(price, nomination="data", nominated=taken)
        data = mithaq.solve(hub([field("1", 20)], 100, 1, contracts=[given_]))
        point = copy.deepcopy(data.point)
        point.taken["deal", 0] = taken
        base = hub([field("1", 20)], 100, 1, contracts=[deal(price)])
        judged = certify(base, point, data.welfare, 1e-6)
        assert not judged.holds
        assert judged.worst == "complementarity: buyer nominating under deal"

    def test_a_nomination_that_is_given_cannot_be_chosen(self) -> None:
        with pytest.raises(mithaq.DataError, match="for the buyer to choose"):
            hub([field("1", 20)], 100, 1, contracts=[deal(30, nominated=12)])


def test_the_program_refuses_by_name() -> None:
    method = Method(engine="program")
    with pytest.raises(ModelError, match="price is capped in Hub"):
        mithaq.solve(capped([field("1", 20)], 50), method=method)
    with pytest.raises(ModelError, match="buyers nominate under deal"):
        mithaq.solve(hub([field("1", 20)], 100, 1, contracts=[deal(30)]), method=method)


def chosen(tables: Rows, seed: int) -> Rows:
    """The tables with capped prices and contracts under which buyers nominate."""
    dice = Random(seed + 7)
    free = [row for row in tables["markets"] if "regulated_price" not in row]
    for row in free:
        if dice.random() < 0.6:
            row["price_cap"] = round(row["reference_price"] * dice.choice([0.3, 0.7, 1, 1.2]), 2)
    firms = [row["name"] for row in tables["firms"]]
    for number in range(dice.choice([1, 2, 3])):
        market = dice.choice(free)
        row: Row = {
            "name": f"choice {number}",
            "seller": dice.choice(firms),
            "market": market["name"],
            "annual_quantity": round(market["reference_quantity"] * dice.uniform(0.02, 0.3), 2),
            "price": round(market["reference_price"] * dice.choice([0.5, 0.8, 1, 1.1]), 1),
            "take_or_pay": dice.choice([0, 0, 0.3]),
            "nomination": "buyer",
        }
        if dice.random() < 0.3:
            row.update(pricing="spot", price=dice.choice([-5, 0, 5]))
        buyer = dice.choice(firms)
        if dice.random() < 0.3 and buyer != row["seller"]:
            row.update(destination_clause=False, buyer=buyer)
        tables.setdefault("contracts", []).append(row)
    return tables


def check_chosen(seed: int) -> None:
    made = (plain(seed, conduct=None), rich(seed), through_time(seed))
    for tables in made:
        try:
            answer = mithaq.solve(chain(**chosen(tables, seed)), check=False)
        except ModelError:
            continue
        if answer.outcome is Outcome.INFEASIBLE:
            assert answer.reasons
            continue
        if answer.outcome in (Outcome.NOT_CERTIFIED, Outcome.STOPPED):
            # Choices of buyers are not monotone: one in hundreds ends so, and tells no price.
            with pytest.raises(SolveError):
                _ = answer.prices
            continue
        assert answer.certificate.max_violation <= 1e-6
        caps = {row["name"]: row["price_cap"] for row in answer.chain.rows("markets")}
        for market, price in answer.market_prices.items():
            cap = caps[str(market)]
            assert not price > cap * (1 + 1e-9)
        lines = answer.payoff_lines
        items = ["use of gas", "lifting cost", "carrying cost"]
        if "storages" not in tables and "expansions" not in tables:
            real = lines[lines["item"].isin(items)]["musd"].sum()
            assert lines["musd"].sum() == pytest.approx(real, rel=1e-9, abs=1e-6)


@some
@given(seed=SEEDS)
def test_random_choices_are_certified(seed: int) -> None:
    check_chosen(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_random_choices_are_certified_often(seed: int) -> None:
    check_chosen(seed)


@some
@given(seed=SEEDS)
def test_a_take_or_pay_of_one_leaves_no_choice(seed: int) -> None:
    tables = plain(seed, conduct=None)
    large = [r for r in tables["fields"] if ":" not in r["owners"] and r["capacity"] > 2]
    assume(large)
    owner = large[0]
    markets = [row for row in tables["markets"] if row["node"] == owner["node"]]
    assume(markets)
    row = {
        "name": "deal",
        "seller": owner["owners"],
        "market": markets[0]["name"],
        "annual_quantity": round(owner["capacity"] / 3, 2),
        "price": 50,
        "take_or_pay": 1,
    }
    one, other = (
        mithaq.solve(chain(**tables, contracts=[{**row, "nomination": kind}]))
        for kind in ("data", "buyer")
    )
    assert other.method.engine == "complementarity"
    assert other.market_prices.to_numpy() == pytest.approx(
        one.market_prices.to_numpy(), rel=1e-5, abs=1e-4
    )
