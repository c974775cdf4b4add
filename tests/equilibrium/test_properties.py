"""What must hold in every equilibrium, tried on random chains."""

from __future__ import annotations

import copy
from collections.abc import Collection
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Change, Cooperate, Equilibrium, ModelError, Outcome, Remove
from tests.equilibrium.random_chains import Rows, plain, rich
from tests.equilibrium.toys import chain, totals

SEEDS = st.integers(0, 10**6)
REAL = {"use of gas", "lifting cost", "carrying cost"}
some = settings(max_examples=10, deadline=None, derandomize=True)
many = settings(max_examples=400, deadline=None, derandomize=True)


def solved(tables: Rows) -> Equilibrium:
    """The equilibrium; chains that have none for a stated reason are passed over."""
    try:
        answer = mithaq.solve(chain(**tables), check=False)
    except ModelError:
        assume(False)
        raise
    if answer.outcome is Outcome.INFEASIBLE:
        assert answer.reasons
        assume(False)
    _ = answer.point
    return answer


def alike(one: Equilibrium, other: Equilibrium, scale: float = 1.0) -> None:
    """Same prices and same payoff of all."""
    for market, price in one.market_prices.items():
        assert other.market_prices[market] == pytest.approx(scale * price, rel=1e-4, abs=1e-3)
    assert other.welfare == pytest.approx(scale * one.welfare, rel=1e-5, abs=1e-2)


def is_a_partition(answer: Equilibrium, real: Collection[str]) -> None:
    """Certified; payoffs are welfare, and transfers cancel: what is left are the ``real`` items."""
    assert answer.certificate.max_violation <= 1e-6
    lines = answer.payoff_lines
    assert answer.payoffs().sum() == pytest.approx(answer.welfare)
    left = lines[lines["item"].isin(list(real))]["musd"]
    assert abs(left.sum() - lines["musd"].sum()) <= 1e-9 * (1 + left.abs().sum())


def states_are_subtotals(answer: Equilibrium) -> None:
    """No party belongs to two states, and what belongs to none is no one's country."""
    countries = {row["country"] or row["name"] for row in answer.chain.rows("nodes")}
    homes = {row["home"] for row in answer.chain.rows("firms")}
    states = sum(answer.state_payoff(country) for country in countries | homes | {"Elsewhere"})
    outside = answer.payoffs().filter(regex="^shipowners$").sum()
    assert states + outside == pytest.approx(answer.welfare, rel=1e-9, abs=1e-6)


def check_everything(seed: int) -> None:
    for make in (plain, rich):
        answer = solved(make(seed))
        is_a_partition(answer, REAL)
        flows = answer.flows
        assert (flows["bcm"] <= flows["capacity"] * (1 + 1e-6) + 1e-6).all()
        assert (flows["bcm"] >= 0).all()
        assert (answer.production >= 0).all()
        assert (answer.sales >= 0).all()


@some
@given(seed=SEEDS)
def test_certified_within_capacity_and_a_partition(seed: int) -> None:
    check_everything(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_certified_within_capacity_and_a_partition_often(seed: int) -> None:
    check_everything(seed)


@some
@given(seed=SEEDS)
def test_states_are_subtotals(seed: int) -> None:
    states_are_subtotals(solved(rich(seed)))


@some
@given(seed=SEEDS)
def test_order_of_rows_does_not_matter(seed: int) -> None:
    tables = rich(seed)
    shuffled = copy.deepcopy(tables)
    for rows in shuffled.values():
        Random(seed).shuffle(rows)
    one, other = solved(tables), solved(shuffled)
    assert one.chain.hash == other.chain.hash
    assert one.prices.equals(other.prices)
    assert one.payoffs().equals(other.payoffs())


@some
@given(seed=SEEDS, more=st.floats(0.5, 40))
def test_dearer_lifting_never_raises_a_firms_output(seed: int, more: float) -> None:
    for make in (plain, rich):
        tables = make(seed)
        firm = tables["firms"][0]["name"]
        dearer = copy.deepcopy(tables)
        for row in dearer["fields"]:
            if row["owners"] == firm:
                row["a"] += more
        before, after = totals(solved(tables)), totals(solved(dearer))
        own = {row["name"] for row in tables["fields"] if row["owners"] == firm}
        if not any(":" in row["owners"] for row in tables["fields"]):
            assert after.get(firm, 0) <= before.get(firm, 0) + 1e-4 * (1 + before.get(firm, 0))
        # A shared field stays as it was, so there only the firm's own fields are looked at.
        one, other = (solved(t).production for t in (tables, dearer))
        lifted = [sum(q for (_, f), q in p.items() if f in own) for p in (one, other)]
        assert lifted[1] <= lifted[0] + 1e-4 * (1 + lifted[0])


@some
@given(seed=SEEDS)
def test_price_takers_give_the_greatest_welfare(seed: int) -> None:
    takers = solved(plain(seed, conduct=0.0))
    others = solved(plain(seed, conduct=None))
    names = {row["name"] for row in takers.chain.rows("firms")}
    assert {row["name"] for row in others.chain.rows("firms")} == names
    assert others.welfare <= takers.welfare * (1 + 1e-6) + 1e-4
    for conduct in (0.5, 1.0):
        assert solved(plain(seed, conduct=conduct)).welfare <= takers.welfare * (1 + 1e-6) + 1e-4


def merged(tables: Rows, pair: list[str]) -> Rows:
    """The chain in which the first of a pair owns all that the two owned."""
    tables = copy.deepcopy(tables)
    tables["firms"] = [row for row in tables["firms"] if row["name"] != pair[1]]
    for row in tables["fields"]:
        shares: dict[str, float] = {}
        for part in str(row["owners"]).split(";"):
            name, _, share = part.partition(":")
            name = pair[0] if name == pair[1] else name
            shares[name] = shares.get(name, 0.0) + float(share or 1)
        row["owners"] = ";".join(f"{name}:{share}" for name, share in shares.items())
    return tables


@some
@given(seed=SEEDS, theta=st.sampled_from([0.0, 0.4, 1.0]))
def test_a_group_at_full_strength_is_one_merged_firm(seed: int, theta: float) -> None:
    tables = plain(seed, conduct=None)
    pair = [row["name"] for row in tables["firms"][:2]]
    group = solved(
        tables | {"cooperation": [{"group": "g", "firm": firm, "theta": theta} for firm in pair]}
    )
    one = merged(tables, pair)
    one["firms"][0]["conduct"] = theta
    firm = solved(one)
    alike(group, firm)
    joint, single = group.payoffs()[pair].sum(), firm.payoffs()[pair[0]]
    assert joint == pytest.approx(single, rel=1e-4, abs=0.05)
    lifted, alone = totals(group), totals(firm)
    assert sum(lifted.get(f, 0.0) for f in pair) == pytest.approx(
        alone.get(pair[0], 0.0), rel=1e-3, abs=1e-2
    )


@some
@given(seed=SEEDS)
def test_a_group_of_no_strength_is_no_group(seed: int) -> None:
    tables = plain(seed, conduct=None)
    pair = tuple(row["name"] for row in tables["firms"][:2])
    one = solved(tables)
    alike(one, mithaq.solve(chain(**tables), [Cooperate("none", pair, strength=0)]))


MONEY = {
    "fields": ["a", "b", "g", "user_cost", "royalty", "entry_payment"],
    "pipelines": ["tariff", "operating_cost", "transit_fee", "export_duty"],
    "terminals": ["tariff", "operating_cost"],
    "routes": ["tariff", "operating_cost"],
    "markets": ["reference_price", "regulated_price"],
    "contracts": ["price"],
}


@some
@given(seed=SEEDS, scale=st.sampled_from([0.01, 0.5, 7.0, 100.0]))
def test_another_currency_scales_prices_and_payoffs(seed: int, scale: float) -> None:
    tables = rich(seed)
    one = solved(tables)
    scaled = copy.deepcopy(tables)
    for table, columns in MONEY.items():
        for row in scaled.get(table, []):
            for column in columns:
                if row.get(column, "") != "":
                    row[column] *= scale
    other = solved(scaled)
    for market, price in one.market_prices.items():
        assert other.market_prices[market] / scale == pytest.approx(price, rel=1e-4, abs=1e-2)
    assert other.welfare / scale == pytest.approx(one.welfare, rel=1e-4, abs=0.1)


@some
@given(seed=SEEDS)
def test_a_barred_firm_sells_nothing(seed: int) -> None:
    tables = plain(seed, conduct=None)
    firm, market = tables["firms"][0]["name"], tables["markets"][0]["name"]
    answer = mithaq.solve(chain(**tables), [mithaq.BarMarket(firm, market)])
    rows = answer.deliveries
    assert rows[(rows["firm"] == firm) & (rows["market"] == market)]["bcm"].sum() == 0


@some
@given(seed=SEEDS)
def test_no_line_is_a_line_without_capacity(seed: int) -> None:
    tables = plain(seed, conduct=None)
    assume(tables["pipelines"])
    base = chain(**tables)
    line = base.rows("pipelines")[0]["name"]
    none = mithaq.solve(base, [Remove("pipelines", line)])
    empty = mithaq.solve(base, [Change("pipelines", line, "capacity", 0)])
    alike(none, empty)
    assert empty.flows.set_index("name").loc[line, "bcm"] == 0


@some
@given(seed=SEEDS)
def test_a_swap_between_price_takers_never_lowers_welfare(seed: int) -> None:
    tables = plain(seed, conduct=0.0)
    a, b = (row["name"] for row in tables["firms"][:2])
    base = chain(**tables)
    with_swap = mithaq.solve(base, [mithaq.Swap("s", a, b, cap=8, ratio=1)])
    without = mithaq.solve(base)
    assert with_swap.welfare >= without.welfare * (1 - 1e-6) - 1e-3
    settled = with_swap.payoff_lines.query("item == 'swap settlement'")["musd"]
    assert settled.sum() == pytest.approx(0, abs=1e-6)


@some
@given(seed=SEEDS, cap=st.just(0.0) | st.floats(1e-6, 10), ratio=st.sampled_from([0.5, 1.0, 1.3]))
def test_swaps_keep_their_ratio_and_cap(seed: int, cap: float, ratio: float) -> None:
    tables = plain(seed, conduct=None)
    a, b = (row["name"] for row in tables["firms"][:2])
    answer = mithaq.solve(chain(**tables), [mithaq.Swap("s", a, b, cap=cap, ratio=ratio)])
    given_away = dict.fromkeys((a, b), 0.0)
    for (_, giver, *_), quantity in answer.point.handed.items():
        given_away[giver] += quantity
    assert given_away[a] <= cap + 1e-5
    assert given_away[a] == pytest.approx(ratio * given_away[b], abs=1e-5)


@some
@given(seed=SEEDS)
def test_more_competition_never_raises_the_mean_price_at_one_hub(seed: int) -> None:
    """At one place, weaker conduct sells at least as much."""
    tables = plain(seed, conduct=1.0)
    tables["nodes"] = tables["nodes"][:1]
    place = tables["nodes"][0]["name"]
    for name in ("pipelines", "terminals", "routes"):
        tables.pop(name, None)
    tables["markets"] = [tables["markets"][0] | {"node": place}]
    for row in tables["fields"]:
        row["node"] = place
    prices = []
    for conduct in np.linspace(0, 1, 4):
        for row in tables["firms"]:
            row["conduct"] = float(conduct)
        prices.append(float(solved(tables).prices[place]))
    assert all(later >= earlier - 1e-4 for earlier, later in pairwise(prices))
