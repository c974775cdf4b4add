"""What a reader is told beside the figures: prices below zero, gas that is owed and never comes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import mithaq
from mithaq.show.speech import speech
from mithaq.words.sentence import Sentence, said
from mithaq.words.text import LANGUAGES, language, tame
from tests.equilibrium.toys import Row, chain, demand, field, seasons

HALVES = seasons(summer=0.5, winter=0.5)


def hub(**tables: Any) -> mithaq.Chain:
    return chain(
        **{
            "nodes": [{"name": "Hub"}],
            "firms": [{"name": "A"}, {"name": "B"}],
            "fields": [field("A", 10), field("B", 20)],
            "markets": [demand("Hub", 100, 1)],
        }
        | tables
    )


def deal(bcm: float, **cells: Any) -> Row:
    row = {"name": "big", "seller": "A", "market": "Hub", "annual_quantity": bcm}
    return {**row, "take_or_pay": 1, "price": 30, **cells}


def told(answer: mithaq.Equilibrium) -> list[tuple[str, str, str]]:
    return [(note.kind, note.table, note.row) for note in answer.notes]


@pytest.mark.parametrize("engine", ["program", "complementarity"])
@pytest.mark.parametrize(
    ("table", "row", "what"),
    [
        ("contracts", deal(150), "contract big 150 bcm/yr"),
        ("contracts", deal(150, pricing="spot", price=0), "contract big 150 bcm/yr"),
        ("floors", {"firm": "A", "market": "Hub", "quantity": 150}, "floor of A 150 bcm/yr"),
    ],
)
def test_more_owed_than_users_take_at_any_price(
    engine: str, table: str, row: Row, what: str
) -> None:
    """Users take 100 at a price of zero; 150 are owed, so that demand's line gives -50."""
    method = mithaq.Method(engine=engine)
    answer = mithaq.solve(hub(**{table: [row]}), method=method)
    assert answer.prices["Hub"] == pytest.approx(-50)
    assert told(answer) == [("below_zero", "markets", "Hub")]
    text = str(answer.notes[0])
    assert what in text
    assert "no more than 100" in text
    assert answer.to_dict()["notes"][0]["text"] == text


def test_lowered_to_what_users_take_nothing_is_told() -> None:
    answer = mithaq.solve(hub(contracts=[deal(99.5)]))
    assert answer.prices["Hub"] > 0
    assert answer.notes == ()


def test_the_season_of_a_price_below_zero_is_named() -> None:
    factors = [{"period": "summer", "quantity": 0.1}]
    answer = mithaq.solve(hub(contracts=[deal(50)], periods=HALVES, demand_factors=factors))
    (note,) = answer.notes
    assert note.kind == "below_zero"
    assert "in summer" in str(note)
    assert "winter" not in str(note)


def test_gas_sold_below_cost_without_a_duty() -> None:
    answer = mithaq.solve(hub(conduct=[{"firm": "A", "market": "Hub", "adder": -300}]))
    assert answer.prices["Hub"] < 0
    assert "adders below zero" in str(answer.notes[0])


def test_a_contract_into_a_season_without_demand() -> None:
    """Flat deliveries of 20 find no market in summer: half of the year's gas never comes."""
    parts = {"periods": HALVES, "demand_factors": [{"period": "summer", "quantity": 0}]}
    flat = mithaq.solve(hub(contracts=[deal(20)], **parts))
    assert told(flat) == [("undelivered", "contracts", "big")]
    assert "10 of its 20 bcm/yr" in str(flat.notes[0])
    assert "in summer" in str(flat.notes[0])
    assert mithaq.solve(hub(contracts=[deal(20, profile="demand")], **parts)).notes == ()
    floors = [{"firm": "A", "market": "Hub", "quantity": 5}]
    assert told(mithaq.solve(hub(floors=floors, **parts))) == [("undelivered", "floors", "A|Hub")]


def test_stores_of_a_year_that_is_not_divided() -> None:
    store = {"name": "cave", "node": "Hub", "working_gas": 3, "injection": 9, "withdrawal": 9}
    assert told(mithaq.solve(hub(storages=[store]))) == [("idle", "storages", "")]
    assert mithaq.solve(hub(storages=[store], periods=HALVES)).notes == ()


def test_years_of_use_in_a_chain_that_looks_at_no_year() -> None:
    late = {"name": "late", "from": "Hub", "to": "Isle", "capacity": 9, "from_year": 2030}
    nodes = [{"name": "Hub"}, {"name": "Isle"}]
    assert told(mithaq.solve(hub(nodes=nodes, pipelines=[late]))) == [("undated", "pipelines", "")]
    dated = hub(nodes=nodes, pipelines=[late], years=[{"year": 2020}])
    assert mithaq.solve(dated).notes == ()


@pytest.mark.parametrize(("start", "told_of"), [(2012, False), (2016, True)])
def test_terms_of_contracts_are_told_where_they_never_meet(start: int, told_of: bool) -> None:
    deals = [deal(5, to_year=2015), deal(5, from_year=start) | {"name": "next"}]
    kinds = [note.kind for note in mithaq.solve(hub(contracts=deals)).notes]
    assert kinds == (["undated"] if told_of else [])


def test_rationing_and_markets_without_a_seller() -> None:
    answer = mithaq.solve(
        hub(
            nodes=[{"name": "Hub"}, {"name": "Isle"}],
            fields=[field("A", 10, capacity=40), field("B", 200)],
            markets=[
                demand("Hub", 100, 1, price_cap=35),
                demand("Isle", 60, 1),
                demand("B alone", 50, 1, node="Hub", access="B"),
            ],
        )
    )
    assert told(answer) == [
        ("rationed", "markets", "Hub"),
        ("unserved", "markets", "B alone"),
        ("unserved", "markets", "Isle"),
    ]
    assert "25 bcm/yr more" in str(answer.notes[0])
    assert "nobody who may sell there can bring gas" in str(answer.notes[-1])
    assert "nobody sells there" in str(answer.notes[1])


@pytest.mark.parametrize(("bcm", "told_of"), [(9, True), (20, False), (31, True), (24, False)])
def test_nominations_outside_the_terms(bcm: float, told_of: bool) -> None:
    """Between the floor of 20 and the annual quantity of 30 a nomination is as agreed."""
    answer = mithaq.solve(hub(contracts=[deal(30, take_or_pay=2 / 3, nominated=bcm)]))
    assert told(answer) == ([("outside_terms", "contracts", "big")] if told_of else [])
    assert answer.deliveries.query("kind == 'contract'")["bcm"].sum() == pytest.approx(bcm)


def test_a_contract_of_a_firm_that_is_barred_goes_on_until_it_is_removed() -> None:
    base, ban = hub(contracts=[deal(20)]), mithaq.BarMarket("A", "Hub")
    answer = mithaq.solve(base, [ban])
    assert told(answer) == [("barred", "contracts", "big")]
    assert answer.sales["A", "Hub"] == pytest.approx(20)
    gone = mithaq.solve(base, [ban, mithaq.Remove("contracts", "big")])
    assert gone.notes == ()
    assert ("A", "Hub") not in gone.sales.index


def test_splits_of_the_certificate_are_told_too() -> None:
    takers = [{"name": "A", "conduct": 0}, {"name": "B", "conduct": 0}]
    answer = mithaq.solve(hub(firms=takers, fields=[field("A", 10), field("B", 10)]))
    assert told(answer) == [("not_unique", "markets", "Hub")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sentence_is_said_in_every_language(lang: str) -> None:
    error = mithaq.solve(hub(contracts=[deal(1500)]), check=False)
    assert str(error.outcome) == "infeasible"
    for sentence in error.reasons:
        assert isinstance(sentence, Sentence)
        other = said(sentence, language(lang))
        assert (other == sentence) == (lang == "en")
        assert "{" not in other


def test_a_sentence_survives_the_way_to_another_process() -> None:
    sentence = Sentence("{market}: {bcm}", market="{odd}", bcm=1 / 3)
    again = pickle.loads(pickle.dumps(sentence))
    assert again == sentence == "{odd}: 0.3333"
    assert said(again, language("fr")) == "{odd}: 0,3333"


def test_sales_of_nobody_are_numbers_still() -> None:
    """Where no gas can come anywhere there are no sales, and their sums are still numbers."""
    answer = mithaq.solve(
        hub(nodes=[{"name": "Hub"}, {"name": "Isle"}], markets=[demand("Isle", 60, 1)])
    )
    assert answer.sales.dtype == float
    assert answer.sales.sum() == 0


def test_names_do_not_stir_a_sentence_from_right_to_left() -> None:
    text = Sentence(
        "{market}: nobody sells there; its price is the most that a buyer would pay",
        market="Ireland",
    )
    told = said(text, language("ar"))
    assert told[0] == "\u200f"
    assert "\u2068Ireland\u2069" in told
    assert tame(told) == told
    assert "أيرلندا" in speech("ar").tell(text, names=True)
    assert speech("fr").tell(text, names=True).startswith("Irlande")
