"""What ``mithaq market`` shows of seasons, years and what is built."""

from __future__ import annotations

from typing import Any

import pytest

import mithaq
from mithaq import solve
from mithaq.chain.folders import example
from mithaq.equilibrium.fit import fit
from mithaq.show.market_sheets import market_sheets
from mithaq.show.sheets import Sheet
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


def sheets_of(answer: mithaq.Equilibrium, lang: str = "en", **more: Any) -> dict[str, Sheet]:
    data = {**answer.to_dict(), **more}
    return {s.title: s for s in market_sheets(data, Speech(language(lang)))}


def test_who_sells_to_whom_is_shown_where_nothing_was_observed(answer: mithaq.Equilibrium) -> None:
    [[seller, sold, main]] = sheets_of(answer)["Who sells to whom"].rows
    total = float(answer.sales.sum())
    assert seller.text == "S"
    assert float(sold.text) == pytest.approx(total, abs=0.05)
    assert main.text == f"Hub {total:.1f}"
    assert not [title for title in sheets_of(answer) if title.startswith("Exports")]


def test_no_party_of_a_small_chain_is_left_out(answer: mithaq.Equilibrium) -> None:
    shown = sheets_of(answer)["Payoffs"]
    assert len(shown.rows) == len(answer.payoffs())
    assert shown.note == ""


def test_exports_of_a_chain_without_europe_do_not_go_there() -> None:
    found = solve(example())
    told = fit(found, 2010).to_dict()
    assert told["region"] == ""
    assert "Exports, 2010" in sheets_of(found, fit=told)
    assert "Exports into Europe, 2010" in sheets_of(found, fit={**told, "region": "Europe"})


@pytest.mark.parametrize("lang", ["ar", "fr", "ru"])
def test_parts_of_the_year_fields_and_marks_are_those_of_the_language(
    answer: mithaq.Equilibrium, lang: str
) -> None:
    texts = [
        cell.text
        for sheet in sheets_of(answer, lang).values()
        for row in sheet.rows
        for cell in row
    ]
    assert language(lang).say("summer") in texts
    assert "summer" not in texts
    words = Speech(language(lang))
    assert words.place("Norwegian shelf") != "Norwegian shelf"
    assert words.short(3.6e-9).replace("\u2066", "").startswith("3,6e")


def test_several_prices_and_prices_below_zero_are_told() -> None:
    """A full line from a full field: how its rent is split is open; much is owed at the hub."""
    base = chain(
        nodes=[{"name": "S"}, {"name": "H"}],
        firms=[{"name": "A", "conduct": 0}],
        fields=[field("A", 10, node="S", capacity=30)],
        pipelines=[{"from": "S", "to": "H", "capacity": 30}],
        markets=[demand("H", 100, 1)],
    )
    rows = sheets_of(mithaq.solve(base))["Equilibrium"].rows
    assert ["Prices and rents that are not unique", "3"] in [[c.text for c in row] for row in rows]
    assert "Some rents are not unique" in sheets_of(mithaq.solve(base))["Payoffs"].note
    flood = mithaq.Change("markets", "H", "reference_quantity", 10)
    deal = mithaq.Contract("deal", "A", "H", 25, price=20, nominated=25)
    [[kind, text]] = sheets_of(mithaq.solve(base, [flood, deal]))[
        "What to know about the answer"
    ].rows
    assert (kind.text, kind.tone) == ("price below zero", "bad")
    assert "contract deal 25" in text.text
