"""Tables of worth: by party and leg, by territory, by switch, by assumption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech

__all__ = ["assumptions_sheet", "gain_tone", "general_assumptions", "legs_of", "worth_sheets"]

Data = Mapping[str, Any]


def worth_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the agreement is worth, and on what it rests."""
    found = [worth_sheet(data, words), reciprocity_sheet(data, words)]
    found += [switches_sheet(data, words), drivers_sheet(data, words)]
    found += [thresholds_sheet(data, words), early_end_sheet(data, words)]
    return [*found, assumptions_sheet(data, words)]


def legs_of(data: Data) -> list[str]:
    """The legs in the order in which the parties list them."""
    return list(dict.fromkeys(leg for item in data["parties"].values() for leg in item["legs"]))


def sides_of(data: Data) -> list[str]:
    """The parties of the agreement: its two firms, then their two states."""
    kinds = {key: item.get("kind") for key, item in data["parties"].items()}
    return [key for kind in ("firm", "state") for key in kinds if kinds[key] == kind]


def worth_sheet(data: Data, words: Speech) -> Sheet:
    """Worth of the agreement to each party with its range and the share of each leg."""
    say, unit = words.say, money_unit(words)
    legs = legs_of(data)
    columns = (
        Column(say("Party")),
        Column(say("Worth"), unit, True),
        Column(say("Range"), unit, True),
        Column(say("Same sign"), say("share of runs"), True),
        *(Column(words.term("segment", leg), unit, True) for leg in legs),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.party(key),
            Cell(words.change(item["worth"]), gain_tone(item)),
            words.span(item.get("low"), item.get("high")),
            words.share(item.get("same_sign")),
            *(words.change(item["legs"].get(leg)) for leg in legs),
        )
        for key, item in data["parties"].items()
    ]
    note = words.plural("From {n} equilibrium.", "From {n} equilibria.", data["equilibria"])
    if data.get("left_out"):
        gone = words.list(words.value(item["name"]) for item in data["left_out"])
        told = say("Left out, as no claim had told a figure of it by then: {rights}.", rights=gone)
        note = f"{note} {told}"
    title = say("Worth of {agreement}", agreement=words.name(data["agreement"]))
    return Sheet.of(title, columns, rows, note=note)


def gain_tone(item: Data) -> str:
    """Good or bad where the sign is the same over the whole range, else a warning."""
    low, high = item.get("low"), item.get("high")
    low = item["worth"] if low is None else low
    high = item["worth"] if high is None else high
    if low > 0:
        return "good"
    return "bad" if high < 0 else "warn"


def reciprocity_sheet(data: Data, words: Speech) -> Sheet:
    """How even the worth is, and the payment that would make it so."""
    say, found = words.say, data["reciprocity"]
    rows: list[tuple[str, str]] = [
        (
            say("Gain of {party} from rights on the other's territory", party=words.party(party)),
            f"{words.change(gain)} {money_unit(words)}",
        )
        for party, gain in (found.get("gains") or {}).items()
    ]
    rows.append((say("Index of reciprocity of worth"), words.figure(found["index"], 2)))
    if payment := found.get("side_payment"):
        rows.append(
            (
                say(
                    "Payment from {payer} to {payee} that evens these gains",
                    payer=words.party(payment["from"]),
                    payee=words.party(payment["to"]),
                ),
                f"{words.figure(payment['musd_per_year'])} {money_unit(words)}",
            )
        )
    columns = (Column(say("Measure")), Column(say("Value"), "", True))
    return Sheet.of(say("Reciprocity of worth"), columns, rows)


def switches_sheet(data: Data, words: Speech) -> Sheet:
    """Worth to the two sides with and without floors on sales, with and without entry."""
    say, unit = words.say, money_unit(words)
    heads = (
        ("floors", "without", say("without floors on sales")),
        ("floors", "with", say("with floors on sales")),
        ("entry", "without", say("without entry")),
        ("entry", "with", say("with entry")),
    )
    known = [head for head in heads if (data.get(head[0]) or {}).get(head[1])]
    columns = (Column(say("Party")), *(Column(text, unit, True) for _, _, text in known))
    rows = [
        (
            words.party(key),
            *(words.change(data[switch][side][key]["worth"]) for switch, side, _ in known),
        )
        for key in (sides_of(data) if known else ())
    ]
    note = say(
        "Floors keep the sales of both firms in each market near what they were; with entry, "
        "sellers may go where they sold nothing."
    )
    title = say("With and without floors, with and without entry")
    return Sheet.of(title, columns, rows, note=note if rows else "")


def drivers_sheet(data: Data, words: Speech) -> Sheet:
    """What moves the worth to each side most."""
    say = words.say
    named = {item["id"]: item for item in data["assumptions"] if "id" in item}
    columns = (
        Column(say("Party")),
        Column(say("Assumption")),
        Column(say("Swing of the worth"), money_unit(words), True),
    )
    rows = [
        (
            words.party(key),
            driver_words(item["driver"], named, words),
            words.figure(item["swing"]),
        )
        for key in sides_of(data)
        for item in (data.get("drivers") or {}).get(key, ())[:3]
    ]
    return Sheet.of(say("What moves the worth most"), columns, rows)


def driver_words(driver: str, named: Mapping[str, Data], words: Speech) -> str:
    """An assumption by its id, a calibration or a switch, in words."""
    return (
        assumption_text(named[driver], words) if driver in named else words.term("driver", driver)
    )


def assumption_text(item: Data, words: Speech) -> str:
    """What an assumption is about: the right and its parameter, else the sentence itself."""
    if not item.get("parameter"):
        return words.say(str(item["text"]))
    label = words.term("parameter", item["parameter"])
    right = words.value(item["right_name"]) if item.get("right_name") else ""
    return words.pair(right, label) if right else label


def general_assumptions(data: Data, words: Speech) -> list[str]:
    """The assumptions that are no parameter, as sentences."""
    return [
        assumption_text(item, words) for item in data["assumptions"] if not item.get("parameter")
    ]


def thresholds_sheet(data: Data, words: Speech) -> Sheet:
    """Which term changes the sign of whose worth, and where."""
    say = words.say
    named = {item["id"]: item for item in data["assumptions"] if "id" in item}
    columns = (
        Column(say("Party")),
        Column(say("Term")),
        Column(say("Worth is nil at"), "", True),
        Column(say("Unit")),
        Column(say("Above it")),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.party(item["party"]),
            driver_words(item["term"], named, words),
            _plain(item["value"], words),
            words.language.unit(item["unit"]),
            Cell(say("a gain"), "good") if item["rising"] else Cell(say("a loss"), "bad"),
        )
        for item in data.get("thresholds", ())
    ]
    note = say("Everything else stands at its central value; only settings within the range count.")
    title = say("Which term turns a gain into a loss")
    return Sheet.of(title, columns, rows, note=f"{note} {_order_words(data, words)}".strip())


def _order_words(data: Data, words: Speech) -> str:
    """In how many orders each leg is worth signing for both when its turn comes."""
    orders = data.get("signing", ())
    if not orders:
        return ""
    willing = [order for order in orders if order["willing"]]
    if not willing:
        return words.say("There is no order of the legs in which each step suits both firms.")
    legs = words.list(words.term("segment", leg) for leg in willing[0]["order"])
    return words.say("Signed in this order each leg suits both firms: {legs}.", legs=legs)


def early_end_sheet(data: Data, words: Speech) -> Sheet:
    """What an end after some years costs the two sides."""
    say, unit, ends = words.say, words.say("million USD"), data.get("early_end", ())
    columns = (
        Column(say("Party")),
        Column(say("Whole life"), unit, True),
        *(
            Column(
                words.plural("Ended after {n} year", "Ended after {n} years", int(end["after"])),
                unit,
                True,
            )
            for end in ends
        ),
    )
    rows: list[tuple[Cell | str, ...]] = []
    if ends:
        first = ends[0]["parties"]
        rows = [
            (
                words.party(party),
                words.change(first[party]["whole"]),
                *(words.change(end["parties"][party]["ended"]) for end in ends),
            )
            for party in sides_of(data)
        ]
    note = say(
        "Present values at the rate of the scenario. What was paid for search, plants, lines and "
        "entry is not paid back."
    )
    return Sheet.of(say("What an early end costs"), columns, rows, note=note)


def assumptions_sheet(data: Data, words: Speech, *, general: bool = True) -> Sheet:
    """What the figures rest on: each parameter with its settings, and the ``general`` ones."""
    say = words.say
    columns = (
        Column(say("Assumption")),
        Column(say("Value"), "", True),
        Column(say("Range"), "", True),
        Column(say("Unit")),
        Column(say("Basis")),
    )
    rows = [
        _assumption(item, words) for item in data["assumptions"] if general or item.get("parameter")
    ]
    return Sheet.of(say("Assumptions"), columns, rows)


def _assumption(item: Data, words: Speech) -> Sequence[Cell | str]:
    text = assumption_text(item, words)
    basis = words.term("basis", item.get("basis"))
    reason = words.value(item["reasons"]) if item.get("reasons") else str(item.get("reason") or "")
    cell = Cell(basis, below=reason, sources=tuple(item.get("sources") or ()))
    if item.get("value") is None:
        return (text, "–", "–", "–", cell)
    low, high = (_plain(item.get(key), words) for key in ("low", "high"))
    spread = "–" if low == high else words.say("{low} to {high}", low=low, high=high)
    return (text, _plain(item["value"], words), spread, words.language.unit(item["unit"]), cell)


def _plain(value: Any, words: Speech) -> str:
    """A number with as many decimals as it has, at most three."""
    if value is None:
        return "–"
    text = f"{float(value):.3f}".rstrip("0")
    return words.figure(value, len(text.partition(".")[2]))
