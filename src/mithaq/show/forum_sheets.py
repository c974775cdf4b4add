"""Tables of the forum: which coalition holds, what the best of each size earn, what buyers pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.sheets import Cell, Column, Sheet, gained
from mithaq.show.speech import Speech

__all__ = ["forum_sheets"]

Data = Mapping[str, Any]
MOST_NODES = 12
MOST_LARGEST = 8


def forum_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal shows of a forum; ``--json`` carries every coalition."""
    found = [sizes_sheet(data, words), members_sheet(data, words), prices_sheet(data, words)]
    if data.get("moves"):
        found.append(moves_sheet(data, words))
    drawn = data.get("draws")
    if drawn:
        found.append(draws_sheet(drawn, words))
    if drawn and drawn["largest_stable"] is not None:
        found.append(largest_sheet(drawn, words))
    return found


def draws_sheet(data: Data, words: Speech) -> Sheet:
    """What the forum of all brings over draws of all inputs, and in how many it is held."""
    say, unit = words.say, money_unit(words)
    columns = (
        Column(say("Who")),
        Column(say("Median"), unit, True),
        Column(say("From 5 % to 95 % of the draws"), unit, True),
        Column(say("Gains"), say("share of draws"), True),
    )
    names = {
        "gain": say("Members together"),
        "outsiders": say("Other sellers"),
        "consumers": say("Consumers"),
    }
    told = [(names[key], item) for key, item in data["together"].items()]
    told += [(words.place(name), item) for name, item in (data["members"] or {}).items()]
    rows: list[tuple[Cell | str, ...]] = [
        (
            name,
            words.change(item["p50"]),
            words.span(item["p05"], item["p95"]),
            words.share(item["probability_of_gain"]),
        )
        for name, item in told
    ]
    said = [
        words.plural("From {n} draw.", "From {n} draws.", data["draws"]),
        say(
            "In {share} of the draws transfers hold the forum of all.",
            share=words.share(data["held_by_transfers"]),
        ),
        say(
            "In {share} of the draws other sellers gain more than its members.",
            share=words.share(data["outsiders_gain_more"]),
        ),
    ]
    if data["stays"] is not None:
        share = words.share(data["stays"])
        said.append(say("In {share} of the draws no member gains by leaving.", share=share))
    title = say("The forum of all, all inputs uncertain")
    return Sheet.of(title, columns, rows, note=" ".join(said))


def largest_sheet(data: Data, words: Speech) -> Sheet:
    """Which coalition is the largest stable one, in what share of the draws."""
    say = words.say
    columns = (
        Column(say("Members")),
        Column(say("Largest stable"), say("share of draws"), True),
    )
    rows = [
        (words.list(map(words.place, item["members"])) or "–", words.share(item["share"]))
        for item in data["largest_stable"][:MOST_LARGEST]
    ]
    title = say("The largest stable coalition, all inputs uncertain")
    return Sheet.of(title, columns, rows)


def sizes_sheet(data: Data, words: Speech) -> Sheet:
    """The coalition of the largest gain of each size, and whether it would hold."""
    say, unit = words.say, money_unit(words)
    best: dict[int, Data] = {}
    for found in data["coalitions"]:
        size = len(found["members"])
        if size not in best or found["gain"] > best[size]["gain"]:
            best[size] = found
    columns = (
        Column(say("Members")),
        Column(say("Gain of the members"), unit, True),
        Column(say("Gain of other sellers"), unit, True),
        Column(say("Gain of consumers"), unit, True),
        Column(say("Held by transfers")),
        Column(say("Stable")),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            _everyone(found["members"], data, words),
            gained(words.change(found["gain"]), found["gain"]),
            words.change(found["outsiders"]),
            words.change(found["consumers"]),
            say("yes") if found["held_by_transfers"] else say("no"),
            say("yes") if found["stable"] else say("no"),
        )
        for _, found in sorted(best.items())
    ]
    title = say("The forum: the best coalition of each size")
    return Sheet.of(title, columns, rows, note=_verdict(data, words))


def _everyone(members: Sequence[str], data: Data, words: Speech) -> str:
    if len(members) == len(data["members"]):
        return words.say("all {n}", n=words.figure(len(members)))
    return words.list(map(words.place, members))


def _verdict(data: Data, words: Speech) -> str:
    held = data["largest_stable"]
    strength = words.figure(data["strength"], 2)
    solved = words.plural("From {n} equilibrium.", "From {n} equilibria.", data["equilibria"])
    if not held:
        told = words.say("At strength {strength} no coalition is stable.", strength=strength)
    else:
        names = words.list(map(words.place, held))
        told = words.say(
            "At strength {strength} the largest stable coalition is {names}.",
            strength=strength,
            names=names,
        )
    return f"{told} {solved}"


def members_sheet(data: Data, words: Speech) -> Sheet:
    """What each member earns alone and gains in the forum of all."""
    say, unit = words.say, money_unit(words)
    whole = data["coalitions"][0]
    columns = (
        Column(say("Member")),
        Column(say("Profit alone"), unit, True),
        Column(say("Gain in the forum of all"), unit, True),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.place(name),
            words.figure(data["alone"][name]),
            gained(words.change(gain), gain),
        )
        for name, gain in whole["gains"].items()
    ]
    note = ""
    if data["strength"] == 1:
        note = say("Members that sell as one may split their profit otherwise; their sum is sure.")
    return Sheet.of(say("Members"), columns, rows, note=note)


def prices_sheet(data: Data, words: Speech) -> Sheet:
    """Where prices rise most if all members sell as one."""
    say = words.say
    effect = data["coalitions"][0]["price_effect"]
    most = sorted(effect, key=lambda node: -abs(effect[node]))[:MOST_NODES]
    columns = (Column(say("Market")), Column(say("Price"), "%", True))
    rows = [(words.place(node), words.change(effect[node], 1)) for node in most]
    return Sheet.of(say("What the forum of all does to prices"), columns, rows)


def moves_sheet(data: Data, words: Speech) -> Sheet:
    """How the forum of all fares as one thing at a time is changed."""
    say, unit = words.say, money_unit(words)
    columns = (
        Column(say("What is changed")),
        Column(say("Gain of the members"), unit, True),
        Column(say("Gain of other sellers"), unit, True),
        Column(say("Gain of consumers"), unit, True),
        Column(say("Members stay")),
        Column(say("Held by transfers")),
        Column(say("Transfers that it takes"), unit, True),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            _changed(item, words),
            gained(words.change(item["gain"]), item["gain"]),
            words.change(item["outsiders"]),
            words.change(item["consumers"]),
            _yes_or_no(item["stays"], words),
            _yes_or_no(item["held_by_transfers"], words),
            words.figure(item["transfers"]),
        )
        for item in data["moves"]
    ]
    note = say("At strength 1 members are one seller, and what each of them has is not unique.")
    return Sheet.of(say("How the answer moves: the forum of all"), columns, rows, note=note)


def _yes_or_no(value: bool | None, words: Speech) -> str:
    if value is None:
        return "–"
    return words.say("yes") if value else words.say("no")


def _changed(item: Data, words: Speech) -> str:
    say = words.say
    kinds = {
        "": say("as asked"),
        "strength": say("strength"),
        "floors": words.term("driver", "floors"),
        "entry": words.term("driver", "entry"),
        "conduct": say("conduct of all sellers, times"),
        "capacity": say("capacity of the members, times"),
        "spare": say("capacity of all others, times"),
        "calibration": words.term("driver", "calibration"),
    }
    value = item["value"]
    if item["what"] in ("floors", "entry"):
        value = say("with") if value == "with" else say("without")
    elif value and item["what"] != "calibration":
        value = words.figure(float(value), 2)
    return words.pair(kinds[item["what"]], value) if value else kinds[item["what"]]
