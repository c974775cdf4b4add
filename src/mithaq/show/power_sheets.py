"""Tables of network power: what each player brings, and what a line changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech

__all__ = ["power_sheets"]

Data = Mapping[str, Any]


def power_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal and the report show of the access game."""
    return [power_sheet(data, words)]


def power_sheet(data: Data, words: Speech) -> Sheet:
    """Each player's worth alone, its Shapley value and its part of the nucleolus."""
    say, unit, change = words.say, money_unit(words), data.get("change")
    columns = [
        Column(say("Player")),
        Column(say("Alone"), unit, True),
        Column(say("Shapley value"), unit, True),
        Column(say("Nucleolus") if data["imputations"] else say("Prenucleolus"), unit, True),
    ]
    if change:
        name = words.value(data["with"]["name"])
        columns.append(
            Column(say("Change of the Shapley value with {line}", line=name), unit, True)
        )
    rows: list[tuple[Cell | str, ...]] = []
    for player in sorted(data["players"], key=lambda p: -data["shapley"][p]):
        row: list[Cell | str] = [
            words.place(player),
            words.figure(data["alone"][player]),
            words.figure(data["shapley"][player]),
            words.figure(data["nucleolus"][player]),
        ]
        if change:
            moved = change["shapley"][player]
            row.append(
                Cell(words.change(moved), "good" if moved > 0 else "bad" if moved < 0 else "")
            )
        rows.append(tuple(row))
    return Sheet.of(say("Network power"), tuple(columns), rows, note=_note(data, words))


def _note(data: Data, words: Speech) -> str:
    say = words.say
    told = [
        say(
            "All together: {total} {unit}.",
            total=words.figure(data["total"]),
            unit=money_unit(words),
        )
    ]
    if data["core_nonempty"]:
        told.append(say("The core is not empty: some split leaves no coalition better off alone."))
    else:
        told.append(
            say("The core is empty: whatever the split, some coalition does better on its own.")
        )
    if not data["imputations"]:
        told.append(
            say("Together they earn less than the sum of what each would if nobody else sold.")
        )
    if data["outsiders"]:
        told.append(say("Sellers outside a coalition sell on."))
    else:
        told.append(say("Nobody outside a coalition exports; home supply is left out."))
    if (line := data.get("with")) and line["assumptions"]:
        told.append(words.value(line["assumptions"]))
    told.append(words.plural("From {n} equilibrium.", "From {n} equilibria.", data["equilibria"]))
    return " ".join(told)
