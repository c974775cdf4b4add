"""The forum: closed forms of symmetric Cournot sellers, stability by definition, the command."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mithaq import Chain, Change, Cooperate, load, solve
from mithaq.cli import run
from mithaq.errors import DataError, ModelError
from mithaq.worth.forum import forum, members_named, stability

A, COST, BETA = 100.0, 20.0, 1.0


def hub(firms, homes=None):
    """Symmetric sellers at one hub: P = 100 - Q, unit cost 20."""
    homes = homes or [f"land of {firm}" for firm in firms]
    return Chain.from_tables(
        {
            "nodes": pd.DataFrame({"name": ["Hub"]}),
            "firms": pd.DataFrame({"name": firms, "home": homes}),
            "fields": pd.DataFrame(
                {"name": firms, "node": "Hub", "owners": firms, "capacity": 1000, "a": COST}
            ),
            "markets": pd.DataFrame(
                [
                    {
                        "name": "Hub",
                        "node": "Hub",
                        "reference_quantity": 50,
                        "reference_price": 50,
                        "elasticity": -1,
                    }
                ]
            ),
        }
    )


def profit(sellers):
    """Profit of each of so many symmetric Cournot sellers."""
    return (A - COST) ** 2 / BETA / (sellers + 1) ** 2


SIZES = [pytest.param(n, marks=[pytest.mark.slow] if n > 6 else []) for n in range(2, 11)]


@pytest.mark.parametrize("n", SIZES)
def test_mergers_of_symmetric_sellers(n):
    """Salant, Switzer & Reynolds (1983): m of n merge; profitable iff 1/(n-m+2)^2 > m/(n+1)^2."""
    firms = [f"F{i}" for i in range(n)]
    found = forum(hub(firms), firms)
    assert found.equilibria == 2**n - n and found.max_violation <= 1e-6
    holds = {}
    for coalition in found.coalitions:
        m = len(coalition.members)
        left = n - m + 1
        assert coalition.profit == pytest.approx(profit(left), rel=1e-5)
        assert coalition.gain == pytest.approx(profit(left) - m * profit(n), abs=1e-3)
        assert coalition.outsiders == pytest.approx((n - m) * (profit(left) - profit(n)), abs=1e-3)
        price = A - left / (left + 1) * (A - COST)
        before = A - n / (n + 1) * (A - COST)
        assert coalition.price_effect["Hub"] == pytest.approx(100 * (price / before - 1), abs=1e-3)
        # A leaver meets the other m - 1 as one seller; of two, both are alone again.
        held = profit(left) >= m * profit(left + 1) - 1e-6
        holds[m] = held
        assert coalition.held_by_transfers == held
        # Alike members share alike, so that with transfers is what it is without.
        assert coalition.internally_stable == held
        if m < n:
            joins = profit(left - 1) / (m + 1) >= profit(left) - 1e-6
            assert coalition.externally_stable != joins
    by_size = [m for m, held in holds.items() if held and not holds.get(m + 1, False)]
    assert len(found.largest_stable) == max(by_size, default=0)


def test_two_of_five_raise_the_price_and_feed_the_others():
    firms = list("ABCDE")
    pair = forum(hub(firms), firms).of("A", "B")
    markup = (A - COST) / 5 / ((A - COST) / 6)
    assert markup == pytest.approx(1.2)
    assert pair.gain / (2 * profit(5)) == pytest.approx(-0.28)
    assert pair.outsiders / (3 * profit(5)) == pytest.approx(0.44)
    assert pair.consumers < 0


def test_below_full_strength_the_members_are_judged_one_by_one():
    """Mutual coefficient l: q = A/(b(n + 1 + l(n - 1))) where all n cooperate."""
    firms = ["A", "B"]
    found = forum(hub(firms), firms, strength=0.5).of(*firms)
    # L = (1 - k) I + k 11': each counts half of the other's margin.
    q = (A - COST) / (3 + 0.5)
    each = (A - 2 * q - COST) * q
    assert found.gains == pytest.approx(dict.fromkeys(firms, each - profit(2)), abs=1e-4)
    assert found.internally_stable is True and found.stable


def unlike(costs, thetas, slopes, inside, strength):
    """Price and profits at P = 100 - Q of sellers that are all in the market."""
    at = sorted(inside) if len(inside) > 1 else []
    conduct = np.diag(thetas)
    for i in at:
        for j in at:
            conduct[i, j] = strength * np.mean(thetas[at]) + (i == j) * (1 - strength) * thetas[i]
    q = np.linalg.solve(1 + conduct + np.diag(slopes), 100 - costs)
    assert (q > 0).all()
    return 100 - q.sum(), (100 - q.sum() - costs) * q - slopes * q**2 / 2


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_sellers_of_unlike_cost_and_conduct(strength):
    """Every coalition of three of four, its gains and whether it holds, from linear equations."""
    costs, thetas = np.array([18.0, 22.0, 25.0, 20.0]), np.array([1.0, 0.6, 0.8, 1.0])
    slopes = np.array([0.5, 0.2, 1.0, 0.3])
    names = ["A", "B", "C", "D"]
    edits = [Change("fields", n, "a", float(x)) for n, x in zip(names, costs, strict=True)]
    edits += [Change("fields", n, "b", float(x)) for n, x in zip(names, slopes, strict=True)]
    edits += [Change("firms", n, "conduct", float(x)) for n, x in zip(names, thetas, strict=True)]
    found = forum(hub(names).with_edits(edits), names[:3], strength=strength)

    def told(inside):
        return unlike(costs, thetas, slopes, frozenset(inside), strength)

    alone, before = told(())
    for one in found.coalitions:
        inside = {names.index(name) for name in one.members}
        price, profits = told(inside)
        mine = sorted(inside)
        leaver = {i: told(inside - {i})[1][i] for i in mine}
        assert one.profit == pytest.approx(profits[mine].sum(), rel=1e-6)
        assert one.gain == pytest.approx((profits - before)[mine].sum(), rel=1e-5, abs=1e-4)
        assert one.price_effect["Hub"] == pytest.approx(100 * (price / alone - 1), rel=1e-5)
        assert one.held_by_transfers == (profits[mine].sum() >= sum(leaver.values()))
        if strength < 1:
            assert one.internally_stable == all(profits[i] >= leaver[i] for i in mine)
            joiner = {j: told(inside | {j})[1][j] for j in {0, 1, 2} - inside}
            assert one.externally_stable == all(profits[j] >= x for j, x in joiner.items())


def test_floors_keep_members_in_their_markets():
    firms = ["A", "B", "C"]
    bound = forum(hub(firms), firms, floors=True).of(*firms)
    free = forum(hub(firms), firms).of(*firms)
    kept = 0.75 * 3 * 20  # three quarters of what each sells alone
    assert free.profit == pytest.approx(1600, rel=1e-5)
    assert bound.profit == pytest.approx((A - kept - COST) * kept, rel=1e-5)


def test_who_meets_nobody_is_left_out_and_nothing_changes():
    """Two hubs: A and B sell at one, C at the other, D at both."""
    firms = list("ABCD")
    market = {"reference_quantity": 50, "reference_price": 50, "elasticity": -1}
    sells = {"A": "North", "B": "North", "C": "South"}
    conduct = [
        {"firm": firm, "market": hub, "may_sell": sells.get(firm, hub) == hub}
        for firm in firms
        for hub in ("North", "South")
    ]
    chain = Chain.from_tables(
        {
            "nodes": pd.DataFrame({"name": ["Well", "North", "South"]}),
            "firms": pd.DataFrame({"name": firms}),
            "fields": pd.DataFrame(
                {"name": firms, "node": "Well", "owners": firms, "capacity": 1000, "a": COST}
            ),
            "pipelines": pd.DataFrame({"from": "Well", "to": ["North", "South"], "capacity": 1000}),
            "markets": pd.DataFrame([{"name": n, "node": n, **market} for n in ("North", "South")]),
            "conduct": pd.DataFrame(conduct),
        }
    )
    found = forum(chain, firms)
    # AB, AD, BD, CD, ABD, ACD, BCD, ABCD and none; ABC is AB, and AC and BC are none.
    assert found.equilibria == 9 and len(found.coalitions) == 11
    assert found.of("A", "B").gains.items() <= found.of("A", "B", "C").gains.items()
    assert found.of("A", "C").gain == 0
    base = solve(chain).payoffs()
    for coalition in found.coalitions:
        group = Cooperate("g", coalition.members, 1.0)
        gains = solve(chain, [group]).payoffs() - base
        assert coalition.gain == pytest.approx(gains[[*coalition.members]].sum(), abs=1e-6)


def test_a_country_stands_for_its_firms():
    joint = hub(["A", "B", "C"], homes=["land of A", "land of A", "land of C"])
    found = forum(joint, ["land of A", "C"])
    assert found.firms["land of A"] == ("A", "B")
    assert found.of("land of A", "C").profit == pytest.approx(profit(1), rel=1e-5)


def test_who_is_not_in_the_chain_is_named():
    chain = hub(["A", "B"])
    with pytest.raises(DataError, match="'X' is no firm.*\n.*'Y' is no firm"):
        forum(chain, ["A", "X", "Y"])
    with pytest.raises(DataError, match="twice"):
        forum(chain, ["A", "land of A"])
    with pytest.raises(ModelError, match="2 to 16"):
        forum(chain, ["A"])
    with pytest.raises(ModelError, match="strength"):
        forum(chain, ["A", "B"], strength=0)


# Stability by its definition


@given(
    st.integers(1, 4).flatmap(
        lambda n: arrays(float, (1 << n, n), elements=st.integers(-9, 9).map(float))
    )
)
def test_stability_is_what_it_says(profits):
    n = profits.shape[1]
    found = stability(profits)
    holds = []
    for bits in range(1 << n):
        inside = [i for i in range(n) if bits >> i & 1]
        outside = [i for i in range(n) if i not in inside]
        leaver = {i: profits[bits ^ 1 << i, i] for i in range(n)}
        assert found.internal[bits] == all(profits[bits, i] >= leaver[i] for i in inside)
        assert found.external[bits] == all(profits[bits, i] >= leaver[i] for i in outside)
        holds.append(profits[bits, inside].sum() >= sum(leaver[i] for i in inside))
        assert found.potential[bits] == holds[-1]
    for bits in range(1 << n):
        more = [bits | 1 << i for i in range(n) if not bits >> i & 1]
        assert found.sealed[bits] == (not any(holds[other] for other in more))


@pytest.mark.parametrize("bad", [np.zeros((4, 3)), np.zeros((3, 2)), np.full((4, 2), np.nan)])
def test_profits_of_another_shape_are_refused(bad):
    with pytest.raises(ModelError):
        stability(bad)


# The case and the command


def test_the_states_that_founded_the_forum_are_its_members():
    case = load("algeria-russia")
    found = members_named(case.record, case.chain)
    assert {"Algeria", "Russia", "Qatar", "Iran", "Egypt", "Libya", "Nigeria"} <= set(found)
    assert "Bolivia" not in found  # no firm of its own in the chain
    assert members_named(case.record, case.chain, ["الجزائر", "Газпром"]) == ("Algeria", "Gazprom")
    with pytest.raises(DataError, match="no founding"):
        members_named(load("algeria-italy").record, case.chain)


def test_before_a_source_told_of_the_founding_there_are_no_founders():
    case = load("algeria-russia")
    assert members_named(case.as_of(known="2010-06-01"), case.chain)
    for clock in ("at", "known"):
        with pytest.raises(DataError, match="no founding of a forum"):
            members_named(case.as_of(**{clock: "2008-01-01"}), case.chain)


def test_the_command_prints_every_coalition(capsys):
    asked = ["forum", "algeria-russia", "--members", "Russia,Algérie", "--strength", "0.5"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["members"] == ["Russia", "Algeria"] and told["strength"] == 0.5
    (pair,) = told["coalitions"]
    assert pair["members"] == ["Russia", "Algeria"]
    assert pair["internally_stable"] in (True, False)
    assert pair["price_effect"]["Italy"] > 0 > pair["consumers"]
    assert pair["outsiders"] > pair["gain"]  # outsiders gain most
    assert run([*asked, "--lang", "ar"]) == 0
    assert "الجزائر" in capsys.readouterr().out


def test_wrong_members_end_the_command_plainly(capsys):
    assert run(["forum", "algeria-russia", "--members", "Atlantis,Algeria"]) == 1
    assert "Atlantis" in capsys.readouterr().err
    assert run(["forum", "algeria-russia", "--strength", "2"]) == 2
    assert run(["forum", "algeria-russia", "--members", " , "]) == 1
    assert "'' is no firm" in capsys.readouterr().err
    assert run(["forum", "algeria-russia", "--draws", "8", "--seed", "-1"]) == 2
