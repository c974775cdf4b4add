"""Sections of the report on draws, bargain, forum and network power, from small true figures."""

import re
from functools import cache
from typing import Any

import pytest

from mithaq.show.power_sheets import power_sheets
from mithaq.show.report import render
from mithaq.show.speech import speech
from mithaq.show.uncertain_sheets import statements
from mithaq.show.value_sections import value_sections
from mithaq.worth.bargain import bargain_of
from mithaq.worth.forum import forum
from mithaq.worth.power import power
from mithaq.worth.sway import sway
from mithaq.worth.uncertain import uncertain_of
from tests.show.samples import material
from tests.worth import toy
from tests.worth.test_forum import hub
from tests.worth.test_power import chain as ways
from tests.worth.test_power import line

LANGUAGES = ("ar", "en", "fr", "ru")


@cache
def figures() -> dict[str, Any]:
    search = toy.scenario(
        toy.marketing(0.5), toy.island_search(probability=(0.5, 0.1, 0.9), discovery=(30.0, 10.0))
    )
    whole = forum(hub(["A", "B", "C"]), ["A", "B", "C"], strength=0.5).to_dict()
    moves = sway(hub(["A", "B", "C"]), ["A", "B", "C"], strength=0.5)
    return {
        "uncertain": uncertain_of(search, toy.chain(), draws=16).to_dict(),
        "bargain": bargain_of(search, toy.chain()).to_dict(),
        "forum": {**whole, "moves": [item.to_dict() for item in moves]},
        "power": power(
            ways([line("Well", "Land"), line("Land", "Hub")]), ["Well", "Land"]
        ).to_dict(),
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_section_has_its_picture_table_and_assumptions(lang: str) -> None:
    words = speech(lang)
    page = render(material(**figures()), words)
    sections = value_sections(material(**figures()), words)
    assert [section.id for section in sections] == ["uncertain", "bargain", "forum", "power"]
    for section in sections:
        (text,) = re.findall(rf'<section id="{section.id}">.*?</section>', page, re.DOTALL)
        assert "<svg" in text and "<table" in text and section.rows
        assert all(sentence in text for sentence in section.assumptions)
        assert f'href="#{section.id}"' in page  # it stands in the contents


def test_without_figures_there_is_no_section() -> None:
    assert value_sections(material(), speech("en")) == []
    assert 'id="power"' not in render(material(), speech("en"))


def test_a_sign_that_holds_in_nearly_all_draws_is_called_sure() -> None:
    def draws(gain: float, loss: float) -> dict[str, Any]:
        item = {"p05": -1.0, "p50": 1.0, "p95": 2.0}
        item |= {"probability_of_gain": gain, "probability_of_loss": loss}
        prices = {"Italy": {"p05": 1.0, "p50": 2.0, "p95": 3.0}}
        prices["Italy"] |= {"probability_of_rise": 0.97, "probability_of_fall": 0.03}
        still = {"p05": 0.0, "p50": 0.0, "p95": 0.0}
        prices["Isle"] = still | {"probability_of_rise": 0.0, "probability_of_fall": 0.0}
        return {"parties": {"Gazprom": item}, "prices": prices}

    words = speech("en")
    assert (
        statements(draws(0.97, 0.03), words)[0]
        == "In 97% of the draws there is a gain for Gazprom."
    )
    assert statements(draws(0.05, 0.95), words)[0].startswith("In 95% of the draws there is a loss")
    assert statements(draws(0.6, 0.4), words)[0].startswith("Not sure")
    # Where no price moves there is nothing to say, and nothing falls that merely does not rise.
    [_, told] = statements(draws(0.6, 0.4), words)
    assert told == "In 97% of the draws gas costs more in Italy (+1.0 to +3.0 %)."
    assert "99.6% of the draws" in statements(draws(0.996, 0.004), words)[0]  # and not 100 %
    for lang in LANGUAGES:  # said in each language, in letters of that language
        told = " ".join(statements(draws(0.97, 0.03), speech(lang)))
        assert lang == "en" or "of the draws" not in told


def test_statements_begin_with_a_capital_and_have_their_article() -> None:
    item = {"p05": 1.0, "p50": 1.0, "p95": 2.0}
    item |= {"probability_of_gain": 1.0, "probability_of_loss": 0.0}
    data = {"parties": {"treasury of Tunisia": item}, "prices": {}}
    assert [statements(data, speech(lang))[0] for lang in ("en", "fr", "ru")] == [
        "In 100% of the draws there is a gain for the treasury of Tunisia.",
        "Trésor public : Tunisie — un gain dans 100\u202f% des tirages.",
        "Казна: Тунис — выигрыш в 100\u00a0% розыгрышей.",
    ]


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_members_that_sell_as_one_are_drawn_as_one(strength: float) -> None:
    told = forum(hub(["A", "B", "C"]), ["A", "B", "C"], strength=strength).to_dict()
    [section] = value_sections(material(forum=told), speech("en"))
    drawn = {name: middle for name, _, middle, _ in section.rows}
    whole = told["coalitions"][0]
    assert drawn["Other sellers"] == whole["outsiders"]
    if strength == 1:
        assert set(drawn) == {"Members together", "Other sellers", "Consumers"}
        assert drawn["Members together"] == whole["gain"] and drawn["Consumers"] < 0
    else:
        assert {name: drawn[name] for name in "ABC"} == whole["gains"]


def test_french_puts_spaces_before_marks_where_no_line_breaks() -> None:
    told = {"players": ["A", "B"], "kinds": {"A": "exporter", "B": "transit"}, "total": 1.0}
    figures = {"A": 1.0, "B": 0.0}
    told |= {"alone": {"A": 2.0, "B": 1.0}, "shapley": figures, "nucleolus": figures}
    told |= {"core_nonempty": False, "imputations": False, "outsiders": False, "equilibria": 3}
    told |= {"with": None, "change": None, "least_core": 1.0}
    bare = {"name": {"en": "mine"}, "assumptions": {}}
    moved = {"change": {"shapley": figures, "nucleolus": figures}, "with": bare}
    [sheet] = power_sheets(told | moved, speech("en"))
    assert "  " not in sheet.note and sheet.note.endswith("From 3 equilibria.")
    page = render(material(power=told), speech("fr"))
    (text,) = re.findall(r'<section id="power">.*?</section>', page, re.DOTALL)
    assert "Points\u00a0: la valeur de Shapley\u00a0; traits\u00a0: jusqu’au prénucléole." in text
    assert "la somme de ce que chacun gagnerait" in text
    words = speech("fr")
    assert words.span(-2.2, 0.1, 1) == "−2,2 à +0,1" and words.pair("a", "b") == "a : b"
