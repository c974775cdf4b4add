"""Tables of several agreements: each alone, all together, and how pairs support or spoil."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.sheets import Cell, Column, Sheet, gained
from mithaq.show.speech import Speech

__all__ = ["together_sheets"]

Data = Mapping[str, Any]


def together_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal shows of several agreements."""
    return [worth_sheet(data, words), pairs_sheet(data, words)]


def _named(agreement: str, words: Speech) -> str:
    name, _, leg = agreement.partition(":")
    return words.pair(words.name(name), words.term("segment", leg)) if leg else words.name(name)


def _party(key: str, words: Speech) -> str:
    if key == "other sellers":
        return words.say("Other sellers")
    if key == "consumers":
        return words.say("Consumers")
    return words.place(key.removeprefix("state of "))


def worth_sheet(data: Data, words: Speech) -> Sheet:
    """Each agreement where there is no other, then all together, by party."""
    say, unit = words.say, money_unit(words)
    columns = (
        Column(say("Party")),
        *(Column(_named(name, words), unit, True) for name in data["agreements"]),
        Column(say("All together"), unit, True),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            _party(party, words),
            *(words.change(item["alone"][name]) for name in data["agreements"]),
            gained(words.change(item["together"]), item["together"]),
        )
        for party, item in data["parties"].items()
    ]
    willing = [order for order in data["signing"] if order["willing"]]
    note = words.plural("From {n} equilibrium.", "From {n} equilibria.", data["equilibria"])
    if willing:
        order = words.list(_named(name, words) for name in willing[0]["order"])
        told = say("Signed in this order each suits all firms: {order}.", order=order)
        note = f"{told} {note}"
    return Sheet.of(say("Agreements alone and together"), columns, rows, note=note)


def pairs_sheet(data: Data, words: Speech) -> Sheet:
    """For each pair: more together than apart (support) or less (spoil), by party."""
    say, unit = words.say, money_unit(words)
    columns = (
        Column(say("Pair")),
        *(Column(_party(party, words), unit, True) for party in data["parties"]),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.list(_named(name, words) for name in item["agreements"]),
            *(gained(words.change(x), x) for x in item["parties"].values()),
        )
        for item in data["interactions"]
    ]
    note = say("Positive: the two support each other; negative: one spoils the other.")
    return Sheet.of(say("Do they support each other?"), columns, rows, note=note)
