"""Several features at once, worked out by hand: where one is right and two together may not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

import mithaq
from tests.equilibrium.toys import Row, chain, demand, field, seasons, years

ENGINES = ("program", "complementarity")


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-6)


def both(base: mithaq.Chain) -> Iterator[mithaq.Equilibrium]:
    for engine in ENGINES:
        yield mithaq.solve(base, method=mithaq.Method(engine=engine))


def for_winter(costs: dict[str, float], **tables: Iterable[Row]) -> mithaq.Chain:
    """Sellers who lift in summer alone what is burnt in winter alone, where P = 100 - Q."""
    return chain(
        nodes=[{"name": "Hub"}],
        firms=[{"name": name} for name in costs],
        fields=[field(name, cost) for name, cost in costs.items()],
        availability=[
            {"table": "fields", "row": name, "period": "winter", "factor": 0} for name in costs
        ],
        periods=seasons(summer=0.5, winter=0.5),
        markets=[demand("Hub", 100, 1)],
        demand_factors=[{"period": "summer", "quantity": 0}],
        **tables,
    )


def test_two_sellers_of_unlike_cost_in_one_full_store_with_losses() -> None:
    """Gas of summer for a winter in which none is lifted: room for 5 bcm, half a year, 10 % lost.

    A unit taken out costs (c + 2) / 0.9 + 3; the rent of the room evens marginal revenues.
    """
    names = {"A": 20.0, "B": 23.0}
    base = for_winter(
        names,
        storages=[
            {"name": "cave", "node": "Hub", "working_gas": 5, "injection": 99, "withdrawal": 99}
            | {"injection_cost": 2, "withdrawal_cost": 3, "loss": 0.1, "owner": "Cave"}
        ],
    )
    cost = (20 + 2) / 0.9 + 3
    sold = {"A": 5 + 1.5 / 0.9, "B": 5 - 1.5 / 0.9}
    rent = 90 - sold["A"] - cost
    for answer in both(base):
        winter = answer.by_slot.sales.query("period == 'winter'").set_index("firm")["bcm"]
        assert winter.to_dict() == near(sold)
        paid = answer.payoffs()
        assert paid["Cave"] == near(0.5 * 10 * rent)
        assert paid["A"] == near(0.5 * sold["A"] * (90 - cost - rent))


def test_a_line_that_two_sellers_share_is_built_late_and_worn_out() -> None:
    """Decided in one year, there in the next alone (lag 5, lifetime 5): 5 d' rent = 150 d."""
    discount = (1.0, 0.8, 0.6)
    base = chain(
        nodes=[{"name": "S"}, {"name": "H"}],
        firms=[{"name": "A"}, {"name": "B"}],
        fields=[field("A", 10, node="S"), field("B", 10, node="S")],
        pipelines=[
            {"name": "L", "from": "S", "to": "H", "capacity": 4, "operating_cost": 2, "owner": "O"}
        ],
        markets=[demand("H", 100, 1)],
        years=[{"year": 2020 + 5 * at, "span": 5, "discount": d} for at, d in enumerate(discount)],
        expansions=[
            {"table": "pipelines", "row": "L", "cost": 150, "lag": 5, "lifetime": 5, "salvage": 0.5}
        ],
    )
    rents = [82.0, 150 * 1 / (0.8 * 5), 150 * 0.8 / (0.6 * 5)]
    sold = [4.0, *(2 * (88 - rent) / 3 for rent in rents[1:])]
    earned = sum(5 * d * rent * q for d, rent, q in zip(discount, rents, sold, strict=True))
    spent = sum(150 * d * (q - 4) for d, q in zip(discount, sold[1:], strict=False))
    for answer in both(base):
        assert answer.by_slot.prices["price"].tolist() == near([100 - q for q in sold])
        assert answer.payoffs()["O"] == near((earned - spent) / (5 * sum(discount)))


def test_a_fee_in_kind_on_a_line_with_losses_levies_and_a_seller_of_the_fee() -> None:
    """Of what is sent 4 % is taken at the start, 5 % of the rest is lost; fees are on all of it."""
    base = chain(
        nodes=[{"name": "S"}, {"name": "H"}],
        firms=[{"name": "F"}, {"name": "T", "conduct": 0}],
        fields=[field("F", 10, node="S")],
        pipelines=[
            {
                "from": "S",
                "to": "H",
                "capacity": 999,
                "tariff": 3,
                "operating_cost": 1,
                "owner": "O",
            }
            | {"loss": 0.05, "fee_in_kind": 0.04, "fee_firm": "T", "transit_fee": 2}
            | {"fee_receiver": "X", "export_duty": 1.5, "duty_receiver": "Y"}
        ],
        markets=[demand("H", 100, 1), demand("S", 50, 1)],
        conduct=[
            {"firm": "F", "market": "S", "may_sell": False},
            {"firm": "T", "market": "H", "may_sell": False},
        ],
    )
    answer = mithaq.solve(base)
    part = 0.95 * 0.96
    sold = (100 - (10 + 6.5) / part) / 2
    sent = sold / part
    taken = 0.04 * sent
    assert answer.prices.to_dict() == near({"H": 100 - sold, "S": 50 - taken})
    paid = answer.payoffs()
    assert (paid["T"], paid["O"]) == near(((50 - taken) * taken, 2 * sent))
    assert (paid["treasury of X"], paid["treasury of Y"]) == near((2 * sent, 1.5 * sent))


def test_home_supply_by_shares_and_export_from_a_field_of_two() -> None:
    """Each owner's slice serves its share of the regulated market first; a duty cuts the rest."""
    base = chain(
        nodes=[{"name": "R"}, {"name": "H"}],
        firms=[{"name": "A", "home": "R"}, {"name": "C", "home": "R"}],
        fields=[
            {"name": "f", "node": "R", "owners": "A:0.7;C:0.3", "capacity": 90, "a": 5, "b": 0.5}
        ],
        pipelines=[{"from": "R", "to": "H", "capacity": 99, "tariff": 3, "export_duty": 10}],
        markets=[
            demand("H", 120, 1),
            {"name": "home", "node": "R", "reference_quantity": 20, "reference_price": 30}
            | {"elasticity": -0.3, "regulated_price": 15, "supplier": "A:0.6;C:0.4"},
        ],
    )
    home = 20 + 15 / 5
    owed, slope = np.array([0.6, 0.4]) * home, 0.5 / np.array([0.7, 0.3])
    sold = np.linalg.solve(1 + np.diag(1 + slope), 120 - 18 - slope * owed)
    price = 120 - sold.sum()
    lifted = owed + sold
    earned = 15 * owed + (price - 13) * sold - 5 * lifted - slope * lifted**2 / 2
    for answer in both(base):
        assert answer.prices.to_dict() == near({"H": price, "R": 15})
        assert [answer.payoffs()[name] for name in "AC"] == near(earned.tolist())


@pytest.mark.parametrize("cap", [16.0, 1000.0])
def test_a_swap_of_two_for_one_between_two_monopolies(cap: float) -> None:
    """Firm 1 hands over h at X and gets h / 2 at Y, until what both gain is nil.

    A unit more gains (45 - 1.5 h) at X and half of (40 - 0.75 h) at Y: nil at h = 65 / 1.875.
    """
    base = chain(
        nodes=[{"name": "X"}, {"name": "Y"}],
        firms=[{"name": "1"}, {"name": "2"}],
        fields=[field("1", 10, node="X"), field("2", 20, node="Y")],
        markets=[demand("X", 100, 1), demand("Y", 100, 1)],
        swaps=[{"name": "w", "a": "1", "b": "2", "ratio": 2, "cap": cap}],
    )
    handed = min(cap, 65 / 1.875)
    prices = {
        "X": 100 - (90 - handed) / 2 - handed,
        "Y": 100 - (80 - handed / 2) / 2 - handed / 2,
    }
    for answer in both(base):
        assert answer.prices.to_dict() == near(prices)


def test_a_store_that_two_cournot_sellers_fill_is_built_onto() -> None:
    """Built in the first year for the second: its room earns 60 / (5 x 0.8) a year per bcm.

    A unit that is taken out costs (c + 2) / 0.9 and the rent of the room; each seller then plays
    Cournot at that cost. In the first year the room of 1 bcm is shared so that margins are even.
    """
    costs = {"A": 20.0, "B": 26.0}
    base = for_winter(
        costs,
        years=years((2020, 5, 1), (2025, 5, 0.8)),
        storages=[
            {"name": "cave", "node": "Hub", "working_gas": 1, "injection": 999, "withdrawal": 999}
            | {"injection_cost": 2, "loss": 0.1, "owner": "O"}
        ],
        expansions=[{"table": "storages", "row": "cave", "cost": 60, "lifetime": 5, "lag": 5}],
    )
    room = 60 / (5 * 0.8)
    a, b = ((cost + 2) / 0.9 + room for cost in costs.values())
    late = {"A": (100 - 2 * a + b) / 3, "B": (100 - 2 * b + a) / 3}
    for answer in both(base):
        winter = answer.by_slot.sales.query("period == 'winter'")
        sold = winter[winter["year"] == 2025].set_index("firm")["bcm"]
        assert sold.to_dict() == near(late)
        early = winter[winter["year"] == 2020].set_index("firm")["bcm"]
        assert early.sum() == near(2)
        assert early["A"] == near(min(2, (2 + (b - a)) / 2))
        built = answer.investments.set_index("year")["built"]
        assert built.to_dict() == near({2020: sum(late.values()) / 2 - 1})


@pytest.mark.parametrize("seed", range(4))
def test_takers_cournot_a_group_and_stakes_one_way_as_enumeration_finds_them(seed: int) -> None:
    """Every set of firms that may be in the market is tried; one meets all conditions."""
    dice = np.random.default_rng(seed)
    names, theta = list("ABCDEF"), np.array([0, 1, 0.3, 1, 0.6, 1])
    costs = dice.uniform(5, 40, 6).round(2)
    strength, group, stakes = 0.7, dice.uniform(0.2, 1), dice.uniform(0, 0.5, 2).round(2)
    conduct = np.diag(theta)
    conduct[np.ix_([2, 3], [2, 3])] = (1 - strength) * np.diag(theta[2:4]) + strength * group
    conduct[4, 1] += stakes[0] * theta[4]
    conduct[1, 5] += stakes[1] * theta[1]
    wanted = []
    for members in range(64):
        on = [at for at in range(6) if members >> at & 1]
        sold = np.zeros(6)
        sold[on] = np.linalg.solve(0.7 * (1 + conduct)[np.ix_(on, on)], 100 - costs[on])
        gain = 100 - 0.7 * sold.sum() - 0.7 * conduct @ sold - costs
        if sold.min() >= 0 and gain.max() <= 1e-9:
            wanted.append(sold)
    assert len(wanted) == 1
    base = chain(
        nodes=[{"name": "Hub"}],
        firms=[{"name": n, "conduct": t} for n, t in zip(names, theta, strict=True)],
        fields=[field(n, cost) for n, cost in zip(names, costs, strict=True)],
        markets=[demand("Hub", 100, 0.7)],
        cooperation=[
            {"group": "g", "firm": firm, "strength": strength, "theta": group} for firm in "CD"
        ],
        stakes=[
            {"holder": "E", "firm": "B", "share": stakes[0]},
            {"holder": "B", "firm": "F", "share": stakes[1]},
        ],
    )
    answer = mithaq.solve(base)
    found = answer.production.groupby("firm").sum().reindex(names)
    assert found.to_list() == near(wanted[0].tolist())
    own = (answer.prices["Hub"] - costs) * wanted[0]
    paid = answer.payoffs()
    assert paid["F"] == near((1 - stakes[1]) * own[5])
    assert paid["E"] == near(own[4] + stakes[0] * own[1])
