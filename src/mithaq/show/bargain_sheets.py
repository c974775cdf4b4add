"""Tables of the bargain: what each rule picks, and the menu of deals in which both gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech
from mithaq.show.worth_sheets import assumption_text

__all__ = ["bargain_sheets", "deal_words"]

Data = Mapping[str, Any]
#: Units that say nothing beside a figure.
BARE = ("ratio", "share")


def bargain_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal and the report show of a bargain."""
    return [menu_sheet(data, words), splits_sheet(data, words)]


def transfer_words(name: str, data: Data, words: Speech) -> str:
    """What evens a deal, in words: money, nothing, or the term that is set."""
    if name in ("money", "none"):
        return words.say("money") if name == "money" else words.say("nothing passes")
    return assumption_text(data["terms"][name], words)


def _terms(deal: Data, data: Data, words: Speech) -> str:
    if deal["payment"] and deal["payment"]["musd_per_year"]:
        return words.say(
            "{payer} pays {payee} {amount} {unit}",
            payer=words.place(deal["payment"]["from"]),
            payee=words.place(deal["payment"]["to"]),
            amount=words.figure(deal["payment"]["musd_per_year"]),
            unit=money_unit(words),
        )
    return words.list(_term(name, x, data, words) for name, x in deal["terms"].items())


def _term(name: str, value: float, data: Data, words: Speech) -> str:
    told = f"{transfer_words(name, data, words)} {words.figure(value, 2)}"
    unit = data["terms"][name]["unit"]
    return told if unit in BARE else f"{told} {words.language.unit(unit)}"


def deal_words(deal: Data, data: Data, words: Speech) -> str:
    """A deal in a line: its legs, and what evens it."""
    legs = words.list(words.term("segment", leg) for leg in deal["legs"])
    return words.pair(legs, _terms(deal, data, words) or transfer_words("none", data, words))


def menu_sheet(data: Data, words: Speech) -> Sheet:
    """Deals in which both gain, the largest joint gain first."""
    say, unit = words.say, money_unit(words)
    columns = (
        Column(say("Legs")),
        Column(say("Terms")),
        *(Column(words.place(side), unit, True) for side in data["between"]),
        Column(say("Together"), unit, True),
        Column(say("Index"), "", True),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.list(words.term("segment", leg) for leg in deal["legs"]),
            _terms(deal, data, words) or transfer_words("none", data, words),
            *(words.change(deal["gains"][side]) for side in data["between"]),
            words.change(deal["joint"]),
            words.figure(deal["index"], 2),
        )
        for deal in data["menu"]
    ]
    note = words.plural("From {n} equilibrium.", "From {n} equilibria.", data["equilibria"])
    if not rows:
        none = say("There is no deal in which both gain.")
        note = f"{none} {note}"
    return Sheet.of(say("Deals in which both gain"), columns, rows, note=note)


def splits_sheet(data: Data, words: Speech) -> Sheet:
    """What each rule picks where money passes, where nothing does, and along each term."""
    say, unit = words.say, money_unit(words)
    rules = {
        "nash": say("Nash"),
        "kalai_smorodinsky": say("Kalai–Smorodinsky"),
        "egalitarian": say("Egalitarian"),
    }
    columns = (
        Column(say("Rule")),
        Column(say("What passes")),
        Column(say("Legs")),
        Column(say("Terms")),
        *(Column(words.place(side), unit, True) for side in data["between"]),
        Column(say("Index"), "", True),
    )
    rows: list[tuple[Cell | str, ...]] = []
    for rule, name in rules.items():
        for transfer, deal in data["splits"][rule].items():
            if deal is None:
                none = say("no deal")
                gap = [""] * len(data["between"])
                rows.append((name, transfer_words(transfer, data, words), none, "", *gap, ""))
                continue
            rows.append(
                (
                    name,
                    transfer_words(transfer, data, words),
                    words.list(words.term("segment", leg) for leg in deal["legs"]),
                    _terms(deal, data, words),
                    *(words.change(deal["gains"][side]) for side in data["between"]),
                    words.figure(deal["index"], 2),
                )
            )
    note = say(
        "With money that passes freely the three rules agree. Without it each picks among what one "
        "term can reach."
    )
    return Sheet.of(say("What each rule picks"), columns, rows, note=note)
