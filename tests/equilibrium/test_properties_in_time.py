"""What must hold in every equilibrium of several seasons and years, tried on random chains."""

from __future__ import annotations

import copy
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mithaq
from mithaq.equilibrium.certificate.accounting import welfare
from mithaq.equilibrium.certificate.building import Built
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.selling import Conjectures, prices_and_margins
from tests.equilibrium import test_properties
from tests.equilibrium.random_chains import Rows, plain, rich, through_time
from tests.equilibrium.second import solve_again
from tests.equilibrium.test_properties import is_a_partition, solved, states_are_subtotals
from tests.equilibrium.toys import chain

SEEDS = st.integers(0, 10**6)
few = settings(max_examples=6, deadline=None, derandomize=True)
many = settings(max_examples=200, deadline=None, derandomize=True)
REAL = test_properties.REAL | {"storing cost", "discovery cost", "investment"}


def prices(answer: mithaq.Equilibrium) -> dict[tuple[str, int], float]:
    """Price of every market with a free price, by slot."""
    case = Case(answer.chain, answer.point)
    found, _ = prices_and_margins(case, Conjectures(case))
    return {
        (str(row["name"]), slot): float(found[at, slot])
        for at, row in enumerate(case.markets.rows)
        for slot in range(found.shape[1])
        if case.markets.alive[at, slot] and not case.markets.regulated[at]
    }


def alike(one: mithaq.Equilibrium, other: mithaq.Equilibrium, money: float = 1.0) -> None:
    theirs = {key: price / money for key, price in prices(other).items()}
    assert theirs == pytest.approx(prices(one), rel=1e-4, abs=1e-2)


def check_everything(seed: int) -> None:
    for tables in (through_time(seed), through_time(seed, rich(seed))):
        answer = solved(tables)
        is_a_partition(answer, REAL)
        case = Case(answer.chain, answer.point)
        use, cost = welfare(case, Built(case))
        assert answer.welfare == pytest.approx(use - cost, rel=1e-8, abs=1e-6)
        states_are_subtotals(answer)


@few
@given(seed=SEEDS)
def test_certified_and_a_partition(seed: int) -> None:
    check_everything(seed)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_certified_and_a_partition_often(seed: int) -> None:
    check_everything(seed)


def check_second(seed: int) -> None:
    tables = through_time(seed)
    answer = solved(tables)
    found, _ = solve_again(answer.chain)
    assert prices(answer) == pytest.approx(found.prices, rel=1e-3, abs=0.05)


@few
@given(seed=SEEDS)
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_cvxpy_agrees_in_prices(seed: int) -> None:
    check_second(seed)


@pytest.mark.slow
@settings(max_examples=80, deadline=None, derandomize=True)
@given(seed=SEEDS)
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
def test_cvxpy_agrees_in_prices_often(seed: int) -> None:
    check_second(seed)


MONEY = {
    "fields": ["a", "b", "g", "user_cost", "royalty", "entry_payment", "discovery_cost"],
    "pipelines": ["tariff", "operating_cost", "transit_fee", "export_duty"],
    "terminals": ["tariff", "operating_cost"],
    "routes": ["tariff", "operating_cost"],
    "storages": ["injection_cost", "withdrawal_cost", "injection_tariff", "withdrawal_tariff"],
    "markets": ["reference_price", "regulated_price"],
    "contracts": ["price"],
    "expansions": ["cost"],
}
VOLUME = {
    "fields": ["capacity", "reserves", "entry_payment", "discovery_cost"],
    "pipelines": ["capacity"],
    "terminals": ["capacity"],
    "storages": ["working_gas", "injection", "withdrawal"],
    "markets": ["reference_quantity"],
    "contracts": ["annual_quantity", "nominated"],
    "floors": ["quantity"],
    "swaps": ["cap"],
    "bookings": ["capacity"],
    "expansions": ["limit", "total_limit"],
}


def scaled(tables: Rows, columns: dict[str, list[str]], scale: float) -> Rows:
    found = copy.deepcopy(tables)
    for table, names in columns.items():
        for row in found.get(table, []):
            for name in names:
                if row.get(name, "") != "":
                    row[name] *= scale
    return found


@few
@given(seed=SEEDS, scale=st.sampled_from([0.01, 7.0, 100.0]))
def test_another_currency_scales_prices_and_payoffs(seed: int, scale: float) -> None:
    tables = through_time(seed, rich(seed))
    one, other = solved(tables), solved(scaled(tables, MONEY, scale))
    alike(one, other, scale)
    assert other.welfare / scale == pytest.approx(one.welfare, rel=1e-4, abs=0.1)


@few
@given(seed=SEEDS, scale=st.sampled_from([0.1, 3.0, 10.0]))
def test_another_unit_of_gas_scales_quantities_alone(seed: int, scale: float) -> None:
    tables = through_time(seed, rich(seed))
    larger = scaled(tables, VOLUME, scale)
    for row in larger["fields"]:
        row["b"] = row.get("b", 0) / scale
    one, other = solved(tables), solved(larger)
    alike(one, other)
    assert other.welfare / scale == pytest.approx(one.welfare, rel=1e-4, abs=0.1)


@few
@given(seed=SEEDS)
def test_order_of_rows_does_not_matter(seed: int) -> None:
    tables = through_time(seed, rich(seed))
    shuffled = copy.deepcopy(tables)
    for rows in shuffled.values():
        Random(seed).shuffle(rows)
    one, other = solved(tables), solved(shuffled)
    assert one.chain.hash == other.chain.hash
    assert prices(one) == prices(other)
    assert one.payoffs().equals(other.payoffs())


@few
@given(seed=SEEDS)
def test_what_nobody_needs_changes_nothing(seed: int) -> None:
    """A line too dear to use, a store too dear to fill, a decision too dear to take."""
    tables = through_time(seed, plain(seed, conduct=None))
    nodes = [row["name"] for row in tables["nodes"]]
    more = copy.deepcopy(tables)
    dear = {"name": "dear", "from": nodes[0], "to": nodes[1], "capacity": 50, "tariff": 1e4}
    more["pipelines"].append(dear)
    gas = {"working_gas": 9, "injection": 9, "withdrawal": 9, "injection_cost": 1e4}
    more.setdefault("storages", []).append({"name": "dear", "node": nodes[0], **gas})
    more["expansions"].append({"table": "pipelines", "row": "dear", "cost": 1e6})
    one, other = solved(tables), solved(more)
    alike(one, other)
    assert other.welfare == pytest.approx(one.welfare, rel=1e-5, abs=1e-2)


@few
@given(seed=SEEDS)
def test_one_season_in_two_names_is_one_season(seed: int) -> None:
    """Periods that differ in name alone, and a year that stands for five, change no price."""
    tables = plain(seed, conduct=None)
    parted = tables | {
        "periods": [
            {"name": "a", "position": 1, "share": 0.3},
            {"name": "b", "position": 2, "share": 0.7},
        ],
        "years": [{"year": 2030, "span": 5, "discount": 0.5}],
    }
    one, other = solved(tables), solved(parted)
    for (market, _), price in prices(other).items():
        assert price == pytest.approx(prices(one)[market, 0], rel=1e-4, abs=1e-2)
    assert other.welfare == pytest.approx(one.welfare, rel=1e-5, abs=1e-2)
    assert other.production.sum() == pytest.approx(one.production.sum(), rel=1e-3, abs=1e-2)


@few
@given(seed=SEEDS)
def test_a_store_between_price_takers_never_lowers_welfare(seed: int) -> None:
    tables = through_time(seed, plain(seed, conduct=0.0))
    assume("periods" in tables)
    tables["storages"] = []
    tables["expansions"] = []
    store = {"name": "s", "node": tables["nodes"][0]["name"], "working_gas": 6}
    rates = {"injection": 9, "withdrawal": 12, "injection_cost": 0.5, "loss": 0.01}
    without = solved(tables)
    with_store = solved(tables | {"storages": [{**store, **rates}]})
    assert with_store.welfare >= without.welfare * (1 - 1e-7) - 1e-3


def test_infeasible_ones_are_told() -> None:
    """Most random chains have an equilibrium; the rest say what is missing."""
    outcomes = []
    for seed in range(12):
        answer = mithaq.solve(chain(**through_time(seed)), check=False)
        outcomes.append(answer.outcome)
        assert answer.solved or answer.reasons
    assert outcomes.count(mithaq.Outcome.SOLVED) >= 10
