"""What a calibration moved, within which bounds, and how it fits before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mithaq.show.sheets import Column, Sheet
from mithaq.show.speech import Speech
from mithaq.words.text import mark

__all__ = ["calibration_sheets"]

Data = Mapping[str, Any]

# Kinds of numbers that are calibrated in the shipped chains.
KINDS = (mark("adder"), mark("conduct"), mark("user cost"))
# Whose numbers those of the shipped chains are, beside firms and markets by name.
SHIPPED = (
    mark("small seller"),
    mark("small seller at a hub"),
    mark("alone in the market"),
    mark("main seller at a hub"),
    mark("west and centre"),
    mark("south"),
    mark("Gazprom in Ukraine"),
    mark("UK producers on the continent"),
    mark("other sellers"),
)


def calibration_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal shows of a calibration; ``--json`` carries the whole."""
    return [fit_sheet(data, words), numbers_sheet(data, words)]


def fit_sheet(data: Data, words: Speech) -> Sheet:
    """Errors before and after, beside the number of calibrated numbers and the benchmarks."""
    say = words.say
    before, after, goal = data["before"], data["after"], data["objective"]
    rows = [
        (say("Numbers that moved"), "–", words.figure(data["count"])),
        (say("Calibrated numbers in all"), *_both(before, after, "parameters", words)),
        (say("Objective"), words.figure(goal["before"], 1), words.figure(goal["after"], 1)),
        (
            say("Weighted error over pairs"),
            words.share(before["wape"], 1),
            words.share(after["wape"], 1),
        ),
        (
            say("Mean error of prices"),
            words.share(_mean_error(before), 1),
            words.share(_mean_error(after), 1),
        ),
    ]
    rows += [
        (
            say("Exports of {exporter} against observed", exporter=words.place(then["exporter"])),
            words.share(then["model"] / then["observed"] - 1, 1),
            words.share(now["model"] / now["observed"] - 1, 1),
        )
        for then, now in zip(before["exporters"], after["exporters"], strict=True)
    ]
    columns = (
        Column(say("Measure")),
        Column(say("Before"), figures=True),
        Column(say("After"), figures=True),
    )
    title = say("Fit to {year}, recipe {recipe}", year=str(data["year"]), recipe=data["recipe"])
    return Sheet.of(title, columns, rows, note=_note(data, words))


def _both(before: Data, after: Data, key: str, words: Speech) -> tuple[str, str]:
    return words.figure(before[key]), words.figure(after[key])


def _mean_error(fit: Data) -> float:
    errors = [abs(item["model"] / item["observed"] - 1) for item in fit["prices"]]
    return sum(errors) / len(errors) if errors else 0.0


def _note(data: Data, words: Speech) -> str:
    marks = data["before"]["benchmarks"]
    if marks["scaled"] is None:
        return words.say("A fit to the year it was found on is no forecast.")
    return words.say(
        "A fit to the year it was found on is no forecast. Forecasts without economics: trade of "
        "{year} unchanged {unchanged}, scaled to imports {scaled}, fitted to true totals {ras}.",
        year=str(data["before"]["other_year"]),
        unchanged=words.share(marks["unchanged"], 1),
        scaled=words.share(marks["scaled"], 1),
        ras=words.share(marks["ras"], 1),
    )


def number_name(name: str, words: Speech) -> str:
    """The name of a calibrated number, such as ``adder: Gazprom in Italy``, in words.

    Names of a chain of one's own stay as they are, but for the firms and markets in them.
    """
    kind, colon, whose = name.partition(": ")
    if not colon or kind not in KINDS:
        return name
    kind, (firm, at, market) = words.say(kind), whose.partition(" in ")
    if not at or whose in SHIPPED:
        return words.say("{kind}: {whose}", kind=kind, whose=words.place(whose))
    return words.say(
        "{kind}: {firm} in {market}",
        kind=kind,
        firm=words.place(firm),
        market=words.place(market),
    )


def numbers_sheet(data: Data, words: Speech) -> Sheet:
    """Each number with its bounds, where it began and where it ended."""
    say = words.say
    columns = (
        Column(say("Number")),
        Column(say("Cells"), figures=True),
        Column(say("Least"), figures=True),
        Column(say("Most"), figures=True),
        Column(say("Start"), figures=True),
        Column(say("Found"), figures=True),
    )
    rows = [
        (
            number_name(item["parameter"], words),
            words.figure(len(item["rows"])),
            *(
                words.figure(item[key], 3 if item["column"] == "theta" else 1)
                for key in ("low", "high", "start", "value")
            ),
        )
        for item in data["parameters"]
    ]
    return Sheet.of(say("Calibrated numbers"), columns, rows)
