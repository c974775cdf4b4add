"""``mithaq calibrate``: known numbers are found again, bounds hold, the plan can be printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mithaq
from mithaq.cli import run
from mithaq.equilibrium import Objective, calibrate, fit
from mithaq.equilibrium.recipes import recipe_of
from mithaq.errors import ModelError
from tests.equilibrium.toys import demand, field, frames

THETA = {("1", "A"): 0.5, ("2", "A"): 0.9, ("1", "B"): 0.7, ("2", "B"): 0.4}


def toy(theta: dict[tuple[str, str], float], seen: dict[tuple[str, str], float]) -> mithaq.Chain:
    """Two sellers with homes of their own and two markets, each of both sellers."""
    lines = [
        {"from": home, "to": market, "capacity": 100, "tariff": tariff}
        for home, market, tariff in (("H1", "A", 1), ("H1", "B", 2), ("H2", "A", 3), ("H2", "B", 1))
    ]
    observed = [
        {"exporter": f"H{firm}", "importer": market, "year": 2010, "mode": "pipeline", "bcm": bcm}
        for (firm, market), bcm in seen.items()
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        "nodes": [{"name": name} for name in ("H1", "H2", "A", "B")],
        "firms": [{"name": name, "home": f"H{name}"} for name in "12"],
        "fields": [field("1", 5, node="H1", b=0.1), field("2", 4, node="H2", b=0.2)],
        "pipelines": lines,
        "markets": [demand("A", 100, 1), demand("B", 80, 2)],
        "conduct": [
            {"firm": f, "market": m, "theta": t, "note": f"calibrated: conduct {f} in {m}"}
            for (f, m), t in theta.items()
        ],
        "observed": observed,
    }
    return mithaq.Chain.from_tables(frames(tables))


def truth() -> dict[tuple[str, str], float]:
    """What the sellers sell under the conduct that is to be found."""
    sales = mithaq.solve(toy(THETA, {("1", "A"): 1.0})).sales
    return {key: float(sales[key]) for key in THETA}


def written(chain: mithaq.Chain) -> dict[str, pd.DataFrame]:
    """The tables of a toy as CSV files would hold them."""
    names = ("nodes", "firms", "fields", "pipelines", "markets", "conduct", "observed")
    frames = {name: chain.table(name).astype(object) for name in names}
    return {name: frame.where(frame.notna(), "") for name, frame in frames.items()}


def test_the_lean_recipe_fits_what_it_does_not_identify() -> None:
    chain = toy(dict.fromkeys(THETA, 0.6), truth())
    found = calibrate(chain, "lean", objective=Objective(pull=0.3))
    assert found.after.wape < 0.005 < found.before.wape
    assert found.objective[1] < found.objective[0]
    assert set(found.values) == {
        *(f"conduct {firm} in {market}" for firm, market in THETA),
        "user cost: 1",
        "user cost: 2",
    }
    # Six numbers on four cells: the fit is right, and conduct is not the one that made the trade.
    off = [found.values[f"conduct {f} in {m}"] - theta for (f, m), theta in THETA.items()]
    assert max(map(abs, off)) > 0.02
    for move in found.recipe.moves:
        assert move.low <= found.values[move.parameter] <= move.high


def bound_seller(observed: float, user_cost: float) -> mithaq.Chain:
    """A seller who fills its ten bcm as long as its user cost is below 80 (100 - 2 x 10)."""
    return mithaq.Chain.from_tables(
        frames(
            {
                "nodes": [{"name": name} for name in ("H1", "A")],
                "firms": [{"name": "1", "home": "H1", "conduct": 1.0}],
                "fields": [field("1", node="H1", capacity=10.0, user_cost=user_cost)],
                "pipelines": [{"from": "H1", "to": "A", "capacity": 100}],
                "markets": [demand("A", 100, 1)],
                "conduct": [{"firm": "1", "market": "A", "theta": 1.0}],
                "observed": [
                    {
                        "exporter": "H1",
                        "importer": "A",
                        "year": 2010,
                        "mode": "pipeline",
                        "bcm": observed,
                    }
                ],
            }
        )
    )


def test_a_better_point_beyond_a_plateau_is_found() -> None:
    """Half of what it can sell was sold: no small step of any number shows that, one far off does.

    At a user cost c the seller sells (100 - c) / 2, so that 90 is what was observed.
    """
    found = calibrate(bound_seller(5.0, user_cost=20.0), "lean")
    assert found.before.wape == pytest.approx(1.0, abs=1e-6)
    assert found.after.wape < 0.02
    assert found.values["user cost: 1"] == pytest.approx(90, abs=1)
    assert found.values["conduct: 1"] == pytest.approx(1, abs=0.01)
    assert found.objective[1] < 1 < 50 < found.objective[0]


def test_what_a_binding_limit_hides_stays_where_it_began_if_nothing_is_better() -> None:
    found = calibrate(bound_seller(10.0, user_cost=20.0), "lean")
    assert found.after.wape == pytest.approx(0, abs=1e-6)
    assert found.values["user cost: 1"] == pytest.approx(20, abs=0.1)


def test_the_full_recipe_meets_every_cell() -> None:
    chain = toy(dict.fromkeys(THETA, 1.0), truth())
    found = calibrate(chain, "full")
    assert found.after.wape < 1e-3 < found.before.wape
    assert found.after.parameters == 8  # four adders beside the four numbers of conduct
    # Conduct is Cournot there, so that each adder stands for what the seller really minds less.
    assert all(value < 0 for value in found.values.values())
    again = chain.with_edits(found.changes)
    assert fit(mithaq.solve(again)).wape == pytest.approx(found.after.wape, abs=1e-9)


def test_its_rows_make_a_calibration_of_the_chain() -> None:
    chain = toy(dict.fromkeys(THETA, 1.0), truth())
    found = calibrate(chain, "full")
    tables = written(chain)
    rows = found.rows.assign(value=found.rows["value"].astype(str))
    carried = mithaq.Chain.from_tables({**tables, "calibrations": rows}).calibrated("full")
    told = fit(mithaq.solve(carried))
    assert told.wape == pytest.approx(found.after.wape, abs=1e-9)
    assert told.parameters == found.after.parameters


def test_contracts_are_nominated_up_to_their_quantity() -> None:
    seen = truth()
    tables = written(toy(THETA, seen))
    deal = {"name": "deal", "seller": "1", "market": "A", "annual_quantity": 2.0, "price": 50}
    tables["contracts"] = pd.DataFrame([{**deal, "nominated": 0}])
    chain = mithaq.Chain.from_tables(tables)
    found = calibrate(chain, "full")
    (change,) = [c for c in found.recipe.data if c.table == "contracts"]
    assert change.value == 2.0 < 0.9 * seen["1", "A"]
    assert found.after.wape < 5e-3
    assert calibrate(chain, "full", nominated=0.0).recipe.data[0].value == 0.0


def test_the_plan_can_be_printed() -> None:
    chain = toy(dict.fromkeys(THETA, 1.0), truth())
    plan = recipe_of(chain, "full", 2010, truth(), Objective())
    lines = str(plan).splitlines()
    assert lines[0].startswith("full on 2010: 4 numbers; one unit of error is 1.5 bcm in a cell")
    assert lines[1] == "  adder: 1 in A: conduct.adder of 1|A, -250 to 250, from 0"


def test_what_cannot_be_calibrated_says_so() -> None:
    chain = toy(THETA, {("1", "A"): 1.0})
    with pytest.raises(ModelError, match="no trade of 1999"):
        calibrate(chain, "full", 1999)
    with pytest.raises(ModelError, match="no recipe 'fat'"):
        calibrate(chain, "fat")


def test_the_command_writes_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "found.csv"
    arguments = ["calibrate", "2009", "--recipe", "full", "--out", str(out), "--json"]
    assert run(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["year"] == 2009
    assert said["count"] == len(said["parameters"]) > 60
    assert said["after"]["wape"] < 0.02 < said["before"]["wape"]
    assert len(pd.read_csv(out)) == len(said["rows"])


def test_a_market_under_a_calibration(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["market", "--chain", "2009", "--calibration", "full", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fit"]["year"] == 2009
    assert 0.1 < said["fit"]["wape"] < 0.13
    assert run(["market", "--chain", "2009", "--calibration", "fll"]) == 1
    assert "did you mean 'full'" in capsys.readouterr().err
