"""Sections of the report that cost many equilibria: draws, bargain, forum, network power.

Each is a heading, a sentence on what is shown, a picture, its tables, and what it assumes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from mithaq.show.bargain_sheets import bargain_sheets, deal_words
from mithaq.show.bars import Row, ranges_picture
from mithaq.show.forum_sheets import forum_sheets
from mithaq.show.market_sheets import money_unit
from mithaq.show.material import Material
from mithaq.show.power_sheets import power_sheets
from mithaq.show.sheets import Sheet
from mithaq.show.speech import Speech
from mithaq.show.uncertain_sheets import shown, statements, uncertain_sheets

__all__ = ["ValueSection", "value_sections"]

Data = Mapping[str, Any]
MOST_DEALS = 12


@dataclass(frozen=True)
class ValueSection:
    """One section: ``rows`` are drawn from low to high with a dot between, ``key`` explains it."""

    id: str
    heading: str
    text: str
    key: str
    rows: Sequence[Row]
    sheets: Sequence[Sheet]
    said: Sequence[str]
    assumptions: Sequence[str]

    def draw(self, words: Speech, width: float, key: str) -> Markup:
        """The picture of the section."""
        return ranges_picture(
            self.rows, words, width, key, self.heading, money_unit(words), self.key
        )


def value_sections(material: Material, words: Speech) -> list[ValueSection]:
    """The sections for which the material holds figures."""
    made = (
        (material.uncertain, _uncertain),
        (material.bargain, _bargain),
        (material.forum, _forum),
        (material.power, _power),
    )
    return [partial(make, data)(words) for data, make in made if data]


def _uncertain(data: Data, words: Speech) -> ValueSection:
    say = words.say
    spread, _, drivers = uncertain_sheets(data, words)
    return ValueSection(
        "uncertain",
        say("What is sure"),
        say("All inputs are drawn at once, uniform over their ranges."),
        say("Lines: from 5 % to 95 % of the draws; dots: the median."),
        [
            (words.party(party), item["p05"], item["p50"], item["p95"])
            for party in shown(data)
            if (item := data["parties"][party])
        ],
        [spread, drivers],
        statements(data, words),
        [
            say("Inputs are independent of each other."),
            say("All other agreements stay as they are."),
            say(
                "Sellers outside the agreement adapt their own sales and do not answer with "
                "agreements."
            ),
        ],
    )


def _bargain(data: Data, words: Speech) -> ValueSection:
    say = words.say
    rows = []
    for deal in data["menu"][:MOST_DEALS]:
        gains = list(deal["gains"].values())
        rows.append((deal_words(deal, data, words), min(gains), sum(gains) / 2, max(gains)))
    return ValueSection(
        "bargain",
        say("How it could be shared"),
        say("Deals in which both sides gain, with money and without."),
        say("Lines: from the smaller gain to the larger; dots: half of what both gain together."),
        rows,
        bargain_sheets(data, words),
        (),
        [
            say("Without an agreement there is no leg, and everything else stays as it is."),
            say("One term is moved at a time, on the best package that has its leg."),
        ],
    )


def _forum(data: Data, words: Speech) -> ValueSection:
    say = words.say
    whole = data["coalitions"][0]
    caption = say("What each gains in the forum of all.")
    gains = sorted(whole["gains"].items(), key=lambda pair: -pair[1])
    shown = [(words.place(name), x) for name, x in gains]
    if data["strength"] == 1:
        # Members that sell as one may split their profit otherwise: a picture of it would lie.
        caption = say("What the forum of all brings to its members together and to others.")
        shown = [(say("Members together"), whole["gain"])]
    shown.append((say("Other sellers"), whole["outsiders"]))
    if data["strength"] == 1:
        shown.append((say("Consumers"), whole["consumers"]))
    rows = [(name, min(x, 0.0), x, max(x, 0.0)) for name, x in shown]
    return ValueSection(
        "forum",
        say("The exporters' forum"),
        say("Every coalition of its members: the firms of a coalition sell as one group."),
        caption,
        rows,
        forum_sheets(data, words),
        (),
        [
            say("Outsiders play on alone and adapt their own sales."),
            say("A leaver faces the rest of the forum, which stays together."),
        ],
    )


def _power(data: Data, words: Speech) -> ValueSection:
    say = words.say
    players = sorted(data["players"], key=lambda p: -data["shapley"][p])
    rows = []
    for player in players:
        ends = sorted((data["shapley"][player], data["nucleolus"][player]))
        rows.append((words.place(player), ends[0], data["shapley"][player], ends[1]))
    caption = say("Dots: the Shapley value; lines: to the nucleolus.")
    if not data["imputations"]:
        caption = say("Dots: the Shapley value; lines: to the prenucleolus.")
    return ValueSection(
        "power",
        say("Network power"),
        say("What exporters and transit countries bring to the gas trade, and its split."),
        caption,
        rows,
        power_sheets(data, words),
        (),
        [
            say(
                "A coalition has only its own fields, the lines that leave its land, and its "
                "markets."
            ),
            say("A country controls what leaves it, and nothing of what it burns."),
        ],
    )
