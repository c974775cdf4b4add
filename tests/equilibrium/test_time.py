"""Seasons, years, storage, reserves and building: published cases and closed forms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from tests.equilibrium.random_chains import Rows, plain, rich, through_time
from tests.equilibrium.second import solve_again
from tests.equilibrium.toys import Row, chain, demand, field, hub, seasons, years

ENGINES = pytest.mark.parametrize("engine", ["program", "complementarity"])
some = settings(max_examples=8, deadline=None, derandomize=True)


def near(expected: Any) -> Any:
    """Within 1e-4, relative; of zero, within 1e-6."""
    return pytest.approx(expected, rel=1e-4, abs=1e-6)


def during(answer: mithaq.Equilibrium, what: str, **where: Any) -> Any:
    """The frame of a slot's rows: ``during(answer, "prices", period="high")``."""
    frame = getattr(answer.by_slot, what)
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame


def price(answer: mithaq.Equilibrium, node: str = "Hub", **where: Any) -> float:
    [found] = during(answer, "prices", node=node, **where)["price"]
    return float(found)


def only_in(table: str, row: str, *others: str) -> list[Row]:
    """A row of capacity that is there in no other period."""
    return [{"table": table, "row": row, "period": p, "factor": 0} for p in others]


BIG = {"working_gas": 1000, "injection": 1000, "withdrawal": 1000}


class TestPublishedStorage:
    """HydrOGEnMod.jl test case 5 (Apache-2.0): one unit kept from the low for the high period."""

    @ENGINES
    def test_5(self, engine: str) -> None:
        answer = mithaq.solve(
            method=mithaq.Method(engine=engine),
            chain=chain(
                nodes=[{"name": "Hub"}],
                firms=[{"name": "S", "conduct": 0}],
                fields=[field("S", 0.9) | {"name": "low"}, field("S", 1.4) | {"name": "high"}],
                markets=[demand("Hub", 2, 1)],
                periods=seasons(low=4 / 6, high=2 / 6),
                demand_factors=[{"period": "low", "quantity": 0}],
                availability=[
                    *only_in("fields", "low", "high"),
                    *only_in("fields", "high", "low"),
                ],
                storages=[
                    {"name": "cavern", "node": "Hub", **BIG}
                    | {"injection_cost": 0.05, "withdrawal_cost": 0.05}
                ],
            ),
        )
        assert price(answer, period="high") == near(1)
        assert during(answer, "prices", period="low").empty
        lifted = during(answer, "production").set_index("period")["bcm"]
        assert lifted.to_dict() == near({"low": 0.5, "high": 0})
        kept = during(answer, "storage").set_index("period")
        assert kept["level"].to_dict() == near({"low": 1 / 3, "high": 0})
        assert answer.prices.to_dict() == near({"Hub": 1})
        assert answer.sales["S", "Hub"] == near(1 / 3)


class TestPublishedInvestment:
    """HydrOGEnMod.jl test cases 13 and 17: three years five apart, capacity that lasts five."""

    @staticmethod
    def case(**cells: Any) -> mithaq.Chain:
        return chain(
            nodes=[{"name": "there"}, {"name": "here"}],
            firms=[{"name": "S", "conduct": 0}],
            fields=[field("S", 0.9, node="there")],
            pipelines=[
                {"name": "line", "from": "there", "to": "here", "capacity": 0}
                | {"operating_cost": 0.05}
            ],
            markets=[demand("here", 2, 1)],
            years=years((2020, 5, 1), (2025, 5, 1), (2030, 5, 1)),
            demand_factors=[
                {"year": 2020, "quantity": 0},
                # P = 0.99 - Q, referred to half of its choke price.
                {"year": 2030, "quantity": 0.99 / 2, "price": 0.99 / 2},
            ],
            expansions=[
                {"table": "pipelines", "row": "line", "cost": 0.25, "lag": 5, "lifetime": 5}
            ],
            **cells,
        )

    @ENGINES
    def test_13(self, engine: str) -> None:
        answer = mithaq.solve(self.case(), method=mithaq.Method(engine=engine))
        assert price(answer, "here", year=2025) == near(1)
        assert price(answer, "here", year=2030) == near(0.99)
        built = answer.investments.set_index("year")["built"]
        assert built.to_dict() == near({2020: 1, 2025: 0})
        lines = answer.payoff_lines.set_index("item")["musd"]
        assert lines["investment"] == near(-0.25 / 15)

    @ENGINES
    def test_17_the_seller_is_barred(self, engine: str) -> None:
        barred = self.case(conduct=[{"firm": "S", "market": "here", "may_sell": 0}])
        answer = mithaq.solve(barred, method=mithaq.Method(engine=engine))
        assert price(answer, "here", year=2025) == near(2)
        assert price(answer, "here", year=2030) == near(0.99)
        assert answer.investments["built"].sum() == near(0)
        assert answer.sales.sum() == near(0)


class TestWeights:
    """HydrOGEnMod.jl test case 3: the weight of a period changes no price."""

    @pytest.mark.parametrize("share", [0.2, 0.5])
    def test_monopoly(self, share: float) -> None:
        periods = seasons(one=share, other=1 - share)
        answer = mithaq.solve(hub([field("S", 1)], 2, 1, periods=periods))
        assert [price(answer, period=p) for p in ("one", "other")] == near([1.5, 1.5])

    def test_slots_all_alike_are_one(self) -> None:
        base = hub([field("1", 20, b=0.5), field("2", 25, g=-4, capacity=60)], 100, 1)
        one = mithaq.solve(base)
        many = mithaq.solve(
            base,
            [
                *(mithaq.Add("periods", row) for row in seasons(a=0.25, b=0.35, c=0.4)),
                *(mithaq.Add("years", row) for row in years((2020, 5, 1), (2025, 5, 0.6))),
            ],
        )
        assert many.prices.to_dict() == near(one.prices.to_dict())
        assert many.payoffs().to_dict() == near(one.payoffs().to_dict())
        assert len(many.by_slot.prices) == 6
        assert one.by_slot.prices["price"].tolist() == near(one.prices.tolist())


class TestStorage:
    """Two seasons with demand in both; the store carries gas from the cheap to the dear one."""

    @staticmethod
    def case(conduct: float, *, loss: float = 0.1, **store: Any) -> mithaq.Chain:
        return chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "S", "conduct": conduct}],
            fields=[field("S", 10) | {"name": "summer"}, field("S", 60) | {"name": "winter"}],
            markets=[demand("Hub", 100, 1)],
            periods=seasons(summer=0.5, winter=0.5),
            availability=[
                *only_in("fields", "summer", "winter"),
                *only_in("fields", "winter", "summer"),
            ],
            storages=[
                {"name": "cavern", "node": "Hub", "loss": loss, **BIG}
                | {"injection_cost": 2, "withdrawal_cost": 3}
                | store
            ],
        )

    def test_arbitrage_with_loss(self) -> None:
        """p_high (1 - l) = p_low + c_in + (1 - l) c_out."""
        answer = mithaq.solve(self.case(0))
        low, high = (price(answer, period=p) for p in ("summer", "winter"))
        assert low == near(10)
        assert high == near((low + 2) / 0.9 + 3)

    def test_a_monopolist_equates_marginal_revenues(self) -> None:
        """MR_high (1 - l) = MR_low + costs with MR = 100 - 2 Q, here MR_low = 10."""
        answer = mithaq.solve(self.case(1))
        sold = during(answer, "sales").set_index("period")["bcm"]
        assert 100 - 2 * sold["summer"] == near(10)
        assert 100 - 2 * sold["winter"] == near(12 / 0.9 + 3)

    def test_room_is_paid_for(self) -> None:
        answer = mithaq.solve(self.case(0, loss=0, working_gas=5, injection_tariff=2))
        store = during(answer, "storage").set_index("period")
        assert store["level"].to_dict() == near({"summer": 5, "winter": 0})
        # What is carried sells at 60, the price of winter's own gas; it cost 10 + 2 + 3.
        assert answer.point.room_rent["cavern", 0] == near(60 - 15)
        lines = answer.payoff_lines
        rents = lines[lines["item"] == "congestion rents"].set_index("party")["musd"]
        assert rents["operator of storage cavern"] == near(45 * 5)

    def test_rates_limit_what_is_carried(self) -> None:
        answer = mithaq.solve(self.case(0, loss=0, withdrawal=4))
        flows = during(answer, "storage").set_index("period")
        assert flows.loc["winter", "withdrawal"] == near(4)
        assert answer.point.withdrawal_rent["cavern", 1] == near(60 - 15)

    def test_nobody_without_access_stores(self) -> None:
        base = self.case(0)
        barred = base.with_edits(
            [
                mithaq.Add("firms", {"name": "Other"}),
                mithaq.Change("storages", "cavern", "access", "Other"),
            ]
        )
        answer = mithaq.solve(barred)
        assert price(answer, period="winter") == near(60)
        assert answer.by_slot.storage.empty

    def test_room_is_built_until_the_margin_pays_for_it(self) -> None:
        """One turn a year: the difference in price is costs plus the cost of room."""
        grow = {"table": "storages", "row": "cavern", "cost": 20}
        base = self.case(0, loss=0, working_gas=1, injection=2, withdrawal=2)
        answer = mithaq.solve(base, [mithaq.Add("expansions", grow)])
        low, high = (price(answer, period=p) for p in ("summer", "winter"))
        # A bcm of room brings rates of 2: just enough to fill it in half a year. All three
        # limits bind together, and what they earn together is the cost.
        assert high - low == near(2 + 3 + 20)
        [built] = answer.investments["built"]
        assert built == near((100 - high) / 2 - 1)


class TestSectors:
    def test_two_sectors_at_one_node_with_seasons_of_their_own(self) -> None:
        heat = demand("heat", 100, 1, node="Hub", sector="heat")
        power = demand("power", 80, 2, node="Hub", sector="power")
        answer = mithaq.solve(
            chain(
                nodes=[{"name": "Hub"}],
                firms=[{"name": "S"}],
                fields=[field("S", 20)],
                markets=[heat, power],
                periods=seasons(summer=0.6, winter=0.4),
                demand_factors=[
                    {"sector": "heat", "period": "winter", "quantity": 2},
                    {"sector": "heat", "period": "summer", "quantity": 0.5},
                    {"market": "power", "period": "summer", "price": 1.25},
                ],
            )
        )
        # A monopolist sells half of what would be bought at cost, whatever the slope.
        sold = answer.by_slot.deliveries.set_index(["period", "market"])["bcm"]
        assert sold["winter", "heat"] == near(2 * 40)
        assert sold["summer", "heat"] == near(0.5 * 40)
        assert sold["winter", "power"] == near(30 / 2)
        assert sold["summer", "power"] == near((100 - 20) / 2 / 2.5)
        prices = answer.by_slot.market_prices.set_index(["period", "market"])["price"]
        assert prices["winter", "heat"] == near(60)
        assert prices["summer", "power"] == near(60)
        assert price(answer, period="winter") == near((80 * 60 + 15 * 50) / 95)
        whole = 0.6 * (20 + 16) + 0.4 * (80 + 15)
        assert answer.sales.sum() == near(whole)
        assert answer.prices["Hub"] == near((0.6 * 36 * 60 + 0.4 * (80 * 60 + 15 * 50)) / whole)


class TestReserves:
    """Hotelling (1931): what is left in the ground earns the rate of interest."""

    @staticmethod
    def case(conduct: float, reserves: float) -> mithaq.Chain:
        return hub(
            [field("S", 20, reserves=reserves)],
            100,
            1,
            conduct=conduct,
            years=years((2020, 10, 1), (2030, 10, 0.7), (2040, 10, 0.5)),
        )

    def test_the_margin_rises_as_the_discount_falls(self) -> None:
        answer = mithaq.solve(self.case(0, reserves=1000))
        margins = [d * (price(answer, year=y) - 20) for y, d in YEARS]
        assert margins == near([margins[0]] * 3)
        assert answer.point.reserve_price["S", "S"] == near(margins[0])
        assert 30 * answer.production.sum() == near(1000)

    def test_a_monopolist_discounts_marginal_revenue(self) -> None:
        answer = mithaq.solve(self.case(1, reserves=1000))
        sold = during(answer, "sales").set_index("year")["bcm"]
        margins = [d * (100 - 2 * sold[y] - 20) for y, d in YEARS]
        assert margins == near([margins[0]] * 3)
        assert 10 * sold.sum() == near(1000)

    def test_reserves_that_last_have_no_price(self) -> None:
        answer = mithaq.solve(self.case(0, reserves=3000))
        assert answer.prices["Hub"] == near(20)
        assert answer.point.reserve_price["S", "S"] == near(0)


YEARS = ((2020, 1.0), (2030, 0.7), (2040, 0.5))


class TestBuilding:
    """One year or several; rents over the life of what is built pay for it."""

    @staticmethod
    def line(conduct: float, **plan: Any) -> mithaq.Chain:
        return chain(
            nodes=[{"name": "there"}, {"name": "here"}],
            firms=[{"name": "S", "conduct": conduct}],
            fields=[field("S", 10, node="there")],
            pipelines=[{"name": "line", "from": "there", "to": "here", "capacity": 5}],
            markets=[demand("here", 100, 1)],
            years=years((2020, 10, 1), (2030, 10, 0.5)),
            expansions=[{"table": "pipelines", "row": "line", **plan}],
        )

    @pytest.mark.parametrize("conduct", [0.0, 0.5, 1.0])
    def test_marginal_revenue_pays_for_a_line(self, conduct: float) -> None:
        """sum d n rent = cost: with equal demand both years earn the same rent."""
        answer = mithaq.solve(self.line(conduct, cost=300))
        rent = 300 / (10 + 5)
        sold = (100 - 10 - rent) / (1 + conduct)
        assert answer.sales.sum() == near(sold)
        [first, second] = answer.investments["built"]
        assert [first, second] == near([sold - 5, 0])
        assert answer.flows.set_index("name").loc["line", "capacity"] == near(sold)

    def test_limits(self) -> None:
        answer = mithaq.solve(self.line(0, cost=30, limit=20, total_limit=35))
        assert answer.investments["built"].tolist() == near([20, 15])
        point = answer.point
        # 2030: 40 sold at 60, a rent of 50 over ten years at half weight; decided then it costs 15.
        assert point.build_total_price["pipelines", "line", ""] == near(10 * 0.5 * 50 - 15)

    def test_a_limit_of_one_year_and_salvage(self) -> None:
        """Of twenty years ten are left at the end of 2039; half of that half comes back at 0.5."""
        plan = {"cost": 300, "first_year": 2030, "lifetime": 20, "salvage": 0.5}
        answer = mithaq.solve(self.line(0, **plan))
        cost = 300 * 0.5 - 300 * 0.5 * 0.5 * 0.5
        assert price(answer, "here", year=2030) == near(10 + cost / 5)
        assert price(answer, "here", year=2020) == near(95)

    def test_a_field_is_built_by_each_owner(self) -> None:
        answer = mithaq.solve(
            chain(
                nodes=[{"name": "Hub"}],
                firms=[{"name": "A"}, {"name": "B"}],
                fields=[
                    {"name": "f", "node": "Hub", "owners": "A:0.5;B:0.5", "capacity": 2, "a": 10}
                ],
                markets=[demand("Hub", 100, 1)],
                expansions=[{"table": "fields", "row": "f", "cost": 30}],
            )
        )
        # Cournot at a marginal cost of 10 + 30.
        assert answer.production.to_dict() == near({("A", "f"): 20, ("B", "f"): 20})
        assert answer.investments["built"].tolist() == near([19, 19])


class TestAccess:
    """Two firms at one end of a line of 30, a market at the other."""

    @staticmethod
    def case(*, fields: Any = None, **tables: Any) -> mithaq.Chain:
        line = {"name": "line", "from": "there", "to": "here", "capacity": 30, "owner": "A"}
        return chain(
            nodes=[{"name": "there"}, {"name": "here"}],
            firms=[{"name": "A", "conduct": 0}, {"name": "B", "conduct": 0}],
            fields=fields or [field("A", 20, node="there"), field("B", 10, node="there")],
            pipelines=[line | tables.pop("cells", {})],
            markets=[demand("here", 100, 1)],
            **tables,
        )

    def sent(self, answer: mithaq.Equilibrium) -> dict[str, float]:
        return {firm: answer.point.flow[firm, "line", 0] for firm in "AB"}

    def test_the_cheaper_seller_takes_an_open_line(self) -> None:
        answer = mithaq.solve(self.case())
        assert self.sent(answer) == near({"A": 0, "B": 30})
        assert answer.point.rent["line", 0] == near(60)

    def test_third_parties_have_their_share(self) -> None:
        answer = mithaq.solve(self.case(cells={"third_party_share": 0.4}))
        assert self.sent(answer) == near({"A": 18, "B": 12})
        assert answer.point.rent["line", 0] == near(50)
        assert answer.point.third_party_rent["line", 0] == near(10)

    def test_booked_capacity_is_its_firms(self) -> None:
        answer = mithaq.solve(self.case(bookings=[{"arc": "line", "firm": "A", "capacity": 25}]))
        assert self.sent(answer) == near({"A": 25, "B": 5})
        assert answer.point.rent["line", 0] == near(60)
        assert answer.point.booking_rent["A", "line", 0] == near(50)
        lines = answer.payoff_lines
        rents = lines[lines["item"] == "congestion rents"].set_index("party")["musd"]
        assert rents["B"] == near(-60 * 5)

    def test_the_open_part_is_also_for_who_has_booked(self) -> None:
        answer = mithaq.solve(self.case(bookings=[{"arc": "line", "firm": "B", "capacity": 12}]))
        assert self.sent(answer) == near({"A": 0, "B": 30})
        assert answer.point.booking_rent["B", "line", 0] == near(answer.point.rent["line", 0])

    def test_two_bookings(self) -> None:
        answer = mithaq.solve(
            self.case(
                bookings=[
                    {"arc": "line", "firm": "A", "capacity": 10},
                    {"arc": "line", "firm": "B", "capacity": 10},
                ]
            )
        )
        assert self.sent(answer) == near({"A": 10, "B": 20})

    def test_years_of_a_line(self) -> None:
        answer = mithaq.solve(
            self.case(cells={"from_year": 2015}, years=years((2010, 5, 1), (2015, 5, 0.8)))
        )
        assert price(answer, "here", year=2010) == near(100)
        assert price(answer, "here", year=2015) == near(70)

    def test_a_fee_in_kind_is_sold_by_who_receives_it(self) -> None:
        """B's gas pays a tenth in kind to A, who sells it at the start of the line."""
        base = self.case(
            fields=[field("B", 10, node="there", capacity=40)],
            cells={"fee_in_kind": 0.1, "fee_firm": "A", "capacity": 1000, "access": "B"},
        )
        answer = mithaq.solve(base, [mithaq.Add("markets", demand("there", 40, 1))])
        assert answer.method.engine == "complementarity"
        sent = answer.point.flow["B", "line", 0]
        sold = answer.deliveries.set_index(["firm", "market"])["bcm"]
        # B sells at both ends as long as 0.9 p(here) = p(there); A's tenth is in the market there.
        here, there = price(answer, "here"), price(answer, "there")
        assert sold["B", "here"] == near(0.9 * sent)
        assert sold.groupby("firm").sum()["A"] == near(0.1 * sent)
        assert here == near(100 - sold["B", "here"])
        assert 0.9 * here >= there - 1e-6
        assert there == near(40 - sold["A", "there"] - sold["B", "there"])

    def test_a_fee_in_kind_that_nobody_can_use_is_a_loss(self) -> None:
        base = self.case(
            fields=[field("B", 10, node="there")],
            cells={"fee_in_kind": 0.1, "fee_firm": "A", "capacity": 1000, "access": "B"},
        )
        answer = mithaq.solve(base)
        assert answer.method.engine == "program"
        assert price(answer, "here") == near(10 / 0.9)


class TestContractTerms:
    """Two Cournot sellers, P = 100 - Q, cost 20; 20 of one's gas is sold ahead."""

    @staticmethod
    def case(**cells: Any) -> mithaq.Chain:
        deal = {"name": "c", "seller": "1", "market": "Hub", "annual_quantity": 20, "price": 0}
        return hub(
            [field("1", 20), field("2", 20)], 100, 1, contracts=[deal | {"nominated": 20} | cells]
        )

    def test_gas_at_the_market_price_blunts_nothing(self) -> None:
        answer = mithaq.solve(self.case(pricing="spot"))
        assert answer.prices["Hub"] == near(20 + 80 / 3)
        assert answer.sales.to_dict() == near({("1", "Hub"): 80 / 3, ("2", "Hub"): 80 / 3})
        assert answer.payoffs()["1"] == near((80 / 3) ** 2)

    def test_a_buyer_without_destination_clause_sells_where_it_likes(self) -> None:
        base = chain(
            nodes=[{"name": "Hub"}, {"name": "Far"}],
            firms=[{"name": "1"}, {"name": "trader", "conduct": 0}],
            fields=[field("1", 20)],
            pipelines=[{"name": "line", "from": "Hub", "to": "Far", "capacity": 100, "tariff": 5}],
            markets=[demand("Hub", 100, 1, access="1"), demand("Far", 100, 1, access="trader")],
            contracts=[
                {"name": "c", "seller": "1", "market": "Hub", "annual_quantity": 30, "price": 40}
                | {"nominated": 30, "destination_clause": 0, "buyer": "trader"}
            ],
        )
        answer = mithaq.solve(base)
        assert answer.sales.to_dict() == near({("1", "Hub"): 40, ("trader", "Far"): 30})
        assert answer.payoffs()["trader"] == near(30 * (70 - 5 - 40))

    def test_years_and_profile(self) -> None:
        base = self.case(profile="demand", from_year=2015).with_edits(
            [
                *(mithaq.Add("years", row) for row in years((2010, 5, 1), (2015, 5, 0.5))),
                *(mithaq.Add("periods", row) for row in seasons(summer=0.75, winter=0.25)),
                mithaq.Add("demand_factors", {"period": "winter", "quantity": 3}),
            ]
        )
        rows = mithaq.solve(base).by_slot.deliveries.query("kind == 'contract'")
        given = rows.set_index(["year", "period"])["bcm"]
        mean = 0.75 + 3 * 0.25
        assert given.to_dict() == near(
            {
                (2010, "summer"): 0,
                (2010, "winter"): 0,
                (2015, "summer"): 20 / mean,
                (2015, "winter"): 60 / mean,
            }
        )


# Random chains, and other tools as judges


def timed(seed: int, tables: Rows | None = None) -> mithaq.Chain:
    """A random chain through time; fields that can be expanded have a quadratic cost."""
    tables = through_time(seed, tables)
    grown = {row["row"] for row in tables["expansions"] if row["table"] == "fields"}
    for row in tables["fields"]:
        row["g"] = 0 if row["name"] in grown else row["g"]
    return chain(**tables)


def solved(base: mithaq.Chain, **how: Any) -> mithaq.Equilibrium:
    """The equilibrium; chains that have none for a stated reason are passed over."""
    try:
        answer = mithaq.solve(base, check=False, **how)
    except mithaq.ModelError:
        assume(False)
        raise
    assume(answer.outcome is not mithaq.Outcome.INFEASIBLE)
    assert answer.solved, answer.reasons
    return answer


def check_random(seed: int) -> None:
    answer = solved(timed(seed, rich(seed)))
    shown = answer.by_slot
    assert (shown.flows["bcm"] <= shown.flows["capacity"] * (1 + 1e-6) + 1e-6).all()
    weight = shown.calendar.share * shown.calendar.span
    by_slot = shown.sales.groupby(["year", "period"], dropna=False, sort=False)["bcm"].sum()
    if len(by_slot) == len(weight):
        assert answer.sales.sum() == near(by_slot.to_numpy() @ weight / weight.sum())
    assert answer.payoffs().sum() == pytest.approx(answer.welfare)


@some
@given(seed=st.integers(0, 10**6))
def test_random_chains_through_time_are_certified(seed: int) -> None:
    check_random(seed)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_random_chains_through_time_are_certified_often(seed: int) -> None:
    check_random(seed)


@some
@given(seed=st.integers(0, 10**6))
def test_two_engines_agree_through_time(seed: int) -> None:
    base = timed(seed)
    one = solved(base)
    other = solved(base, method=mithaq.Method(engine="complementarity"))
    prices = [a.by_slot.market_prices["price"].tolist() for a in (one, other)]
    assert prices[0] == pytest.approx(prices[1], rel=1e-4, abs=0.02)
    assert one.welfare == pytest.approx(other.welfare, rel=1e-5, abs=1e-2)


@some
@given(seed=st.integers(0, 10**6))
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_cvxpy_finds_the_same_prices(seed: int) -> None:
    tables = plain(seed, conduct=None)
    for row in tables["fields"]:
        row["g"] = 0
    base = timed(seed, tables)
    found, _ = solve_again(base)
    frame = solved(base).by_slot.market_rows
    prices = {(market, slot): price for slot, market, _, price, _ in frame}
    assert prices == pytest.approx(found.prices, rel=1e-3, abs=0.02)
