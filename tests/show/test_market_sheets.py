"""What ``mithaq market`` shows of seasons, years and what is built."""

from __future__ import annotations

import pytest

import mithaq
from mithaq.show.market_sheets import market_sheets
from mithaq.show.speech import Speech
from mithaq.words.text import language
from tests.equilibrium.toys import chain, demand, field


@pytest.fixture(scope="module")
def answer() -> mithaq.Equilibrium:
    return mithaq.solve(
        chain(
            nodes=[{"name": "Hub"}, {"name": "Far"}],
            firms=[{"name": "S", "conduct": 0}],
            fields=[field("S", 10, b=1, node="Far")],
            pipelines=[{"name": "line", "from": "Far", "to": "Hub", "capacity": 10}],
            markets=[demand("Hub", 100, 1)],
            periods=[
                {"name": "summer", "position": 1, "share": 0.5},
                {"name": "winter", "position": 2, "share": 0.5},
            ],
            years=[{"year": 2020, "span": 5}],
            demand_factors=[{"period": "winter", "quantity": 2}],
            storages=[
                {"name": "cavern", "node": "Hub", "working_gas": 3, "injection": 9, "withdrawal": 9}
            ],
            expansions=[{"table": "pipelines", "row": "line", "cost": 50}],
        )
    )


def test_one_row_for_each_slot(answer: mithaq.Equilibrium) -> None:
    sheets = {s.title: s for s in market_sheets(answer.to_dict(), Speech(language("en")))}
    rows = [[cell.text for cell in row] for row in sheets["Seasons and years"].rows]
    assert [row[:3] for row in rows] == [["2020", "summer", "50%"], ["2020", "winter", "50%"]]
    assert float(rows[0][5]) == pytest.approx(3, abs=0.05)
    assert float(rows[1][3]) > float(rows[0][3])
    [built] = sheets["What is built"].rows
    assert built[0].text == "2020"
    assert float(built[3].text) > 0


def test_one_slot_shows_neither() -> None:
    alone = mithaq.solve(
        chain(
            nodes=[{"name": "Hub"}],
            firms=[{"name": "S"}],
            fields=[field("S", 10)],
            markets=[demand("Hub", 100, 1)],
        )
    )
    data = alone.to_dict()
    assert not {"slots", "investments"} & set(data)
    assert "Seasons and years" not in {s.title for s in market_sheets(data, Speech(language("en")))}


def test_slots_as_plain_values(answer: mithaq.Equilibrium) -> None:
    data = answer.to_dict()
    summer, winter = data["slots"]
    assert (summer["year"], summer["period"], summer["share"]) == (2020, "summer", 0.5)
    shown = answer.by_slot.prices.set_index("period")["price"]
    assert winter["prices"] == {"Hub": pytest.approx(shown["winter"])}
    assert summer["storage"][0]["level"] == pytest.approx(3, abs=1e-4)
    assert {row["name"] for row in winter["flows"]} == {"line"}
    [built] = data["investments"]
    assert winter["flows"][0]["capacity"] == pytest.approx(10 + built["built"])
    assert built["musd"] == pytest.approx(50 * built["built"])
