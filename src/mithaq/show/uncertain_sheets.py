"""Tables of draws: how worth is spread, what it hangs on, and what can be said for sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech

__all__ = ["input_words", "statements", "uncertain_sheets"]

Data = Mapping[str, Any]
#: From this share of draws a sign is called robust.
ROBUST = 0.9
MOST_INPUTS = 4
MOST_NODES = 6
LEAST_CHANGE = 0.05
#: A party whose worth nowhere reaches this share of the largest is left to the JSON.
VISIBLE = 0.01


def uncertain_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal and the report show of the draws."""
    return [spread_sheet(data, words), statements_sheet(data, words), drivers_sheet(data, words)]


def shown(data: Data) -> list[str]:
    """The parties whose worth is not next to nothing."""
    reach = {
        party: max(abs(item["p05"]), abs(item["p95"])) for party, item in data["parties"].items()
    }
    largest = max(reach.values(), default=0.0)
    return [party for party, x in reach.items() if x >= VISIBLE * largest]


def spread_sheet(data: Data, words: Speech) -> Sheet:
    """Quantiles of the worth to each party and the share of draws in which it gains."""
    say, unit = words.say, money_unit(words)
    columns = (
        Column(say("Party")),
        Column(say("Median"), unit, True),
        Column(say("From 5 % to 95 % of the draws"), unit, True),
        Column(say("Gains"), say("share of draws"), True),
        Column(say("Value of knowing"), unit, True),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.party(party),
            Cell(words.change(item["p50"]), _tone(item)),
            words.span(item["p05"], item["p95"]),
            words.share(item["probability_of_gain"]),
            words.figure(item["value_of_knowing"]),
        )
        for party in shown(data)
        if (item := data["parties"][party])
    ]
    note = words.plural("From {n} draw.", "From {n} draws.", data["draws"])
    if data["failures"]:
        failed = words.plural(
            "In {n} draw no equilibrium was certified.",
            "In {n} draws no equilibrium was certified.",
            len(data["failures"]),
        )
        note = f"{note} {failed}"
    title = say(
        "Worth of {agreement}, all inputs uncertain", agreement=words.name(data["agreement"])
    )
    return Sheet.of(title, columns, rows, note=note)


def _tone(item: Data) -> str:
    if item["probability_of_gain"] >= ROBUST:
        return "good"
    return "bad" if item["probability_of_loss"] >= ROBUST else "warn"


def statements(data: Data, words: Speech) -> list[str]:
    """What can be said: whose sign holds in nearly all draws, whose turns, where prices rise."""
    found = []
    for party in shown(data):
        item, name = data["parties"][party], words.party(party, within=True)
        gain, loss = item["probability_of_gain"], item["probability_of_loss"]
        if gain >= ROBUST:
            found.append(
                words.say(
                    "In {share} of the draws there is a gain for {party}.",
                    share=words.share(gain),
                    party=name,
                )
            )
        elif loss >= ROBUST:
            found.append(
                words.say(
                    "In {share} of the draws there is a loss for {party}.",
                    share=words.share(loss),
                    party=name,
                )
            )
        else:
            found.append(
                words.say(
                    "Not sure: a gain for {party} in {gain} of the draws, a loss in {loss}.",
                    party=name,
                    gain=words.share(gain),
                    loss=words.share(loss),
                )
            )
    moved = [pair for pair in data["prices"].items() if _moves(pair[1])]
    for node, item in sorted(moved, key=lambda pair: -abs(pair[1]["p50"]))[:MOST_NODES]:
        rise, fall = item["probability_of_rise"], item["probability_of_fall"]
        place, span = words.place(node), words.span(item["p05"], item["p95"], 1)
        if rise >= ROBUST:
            told = words.say(
                "In {share} of the draws gas costs more in {country} ({range} %).",
                share=words.share(rise),
                country=place,
                range=span,
            )
        elif fall >= ROBUST:
            told = words.say(
                "In {share} of the draws gas costs less in {country} ({range} %).",
                share=words.share(fall),
                country=place,
                range=span,
            )
        else:
            told = words.say(
                "Not sure: in {country} gas costs more in {share} of the draws ({range} %).",
                share=words.share(rise),
                country=place,
                range=span,
            )
        found.append(told)
    return [_begun(text) for text in found]


def _moves(item: Data) -> bool:
    """Whether a price change shows in the digits that are printed."""
    return bool(max(abs(item["p05"]), abs(item["p95"])) >= LEAST_CHANGE)


def _begun(sentence: str) -> str:
    """The sentence with a capital; a name such as eGas keeps its own letters."""
    return sentence if sentence[1:2].isupper() else sentence[:1].upper() + sentence[1:]


def statements_sheet(data: Data, words: Speech) -> Sheet:
    """The statements as a table of one column."""
    rows = [(text,) for text in statements(data, words)]
    return Sheet.of(words.say("What can be said"), (Column(words.say("Statement")),), rows)


def input_words(item: Data, words: Speech) -> str:
    """An input: a calibration, a factor of the market, or the term of a right."""
    if item["id"] == "calibration":
        return words.term("driver", item["id"])
    label = words.term("parameter", item["id"].rpartition(".")[2])
    return words.pair(words.value(item["right_name"]), label) if item.get("right_name") else label


def drivers_sheet(data: Data, words: Speech) -> Sheet:
    """For the parties of the agreement: the inputs that matter most, alone and with others."""
    say = words.say
    columns = (
        Column(say("Party")),
        Column(say("Input")),
        Column(say("By itself"), say("share of variance"), True),
        Column(say("With others"), say("share of variance"), True),
    )
    rows: list[tuple[Cell | str, ...]] = []
    inputs = {item["id"]: item for item in data["inputs"]}
    for party, item in data["parties"].items():
        told = item["sensitivity"] if item["kind"] in ("firm", "state", "consumers") else {}
        ranked = sorted(told, key=lambda key: -told[key]["total"])[:MOST_INPUTS]
        rows += [
            (
                words.party(party),
                input_words(inputs[name], words),
                words.share(told[name]["first"]),
                words.share(told[name]["total"]),
            )
            for name in ranked
            if told[name]["total"] > 0
        ]
    note = say("From a polynomial fitted to the draws, which foretells so much of those left out:")
    fits = words.language.semicolon.join(
        f"{words.party(party)} {words.share(item['explained'])}"
        for party, item in data["parties"].items()
        if item["kind"] in ("firm", "state", "consumers")
    )
    return Sheet.of(say("What it hangs on"), columns, rows, note=f"{note} {fits}.")
