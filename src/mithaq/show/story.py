"""The answer in sentences, made from the computed figures: questions, each answered plainly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mithaq.show.market_sheets import money_unit
from mithaq.show.material import Material
from mithaq.show.speech import Speech
from mithaq.show.worth_sheets import driver_words, gain_tone, legs_of

__all__ = ["Answer", "Headline", "answers", "headlines"]

Data = Mapping[str, Any]
_SMALL = 0.05  # a leg below this share of a party's largest is not worth a sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and the sentences that answer it."""

    question: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """One large figure with its label and a line below."""

    label: str
    figure: str
    below: str = ""
    tone: str = ""


def answers(material: Material, words: Speech) -> list[Answer]:
    """What became of it, what was in it for each side, on which leg, what would have to change."""
    say = words.say
    found = [Answer(say("What became of it?"), tuple(_record_sentences(material, words)))]
    worth = material.worth
    if worth and material.partners:
        found += [
            Answer(say("Was there anything in it for each side?"), tuple(_gains(material, words))),
            Answer(say("On which leg?"), tuple(_legs(material, words))),
            Answer(say("What would have had to change?"), tuple(_changes(worth, material, words))),
        ]
    return [answer for answer in found if answer.sentences]


def main_agreement(material: Material) -> Data | None:
    """The agreement whose worth is computed, else the one with the most sources."""
    items: Sequence[Data] = material.state["agreements"]
    wanted = (material.worth or {}).get("agreement")
    for item in items:
        if item["id"] == wanted:
            return item
    return max(items, key=lambda item: (item["sources"], item["id"]), default=None)


def _record_sentences(material: Material, words: Speech) -> list[str]:
    say, sentences = words.say, []
    if item := main_agreement(material):
        facts = {
            "agreement": words.name(item["id"]),
            "stage": words.term("stage", item["stage"]),
            "date": words.date(material.state["at"]),
        }
        if item.get("since"):
            since = words.moment(item["since"])
            sentences.append(
                say("{agreement}: {stage}, since: {since} (as of {date}).", since=since, **facts)
            )
        else:
            sentences.append(say("{agreement}: {stage} (as of {date}).", **facts))
        if item.get("renewed") is False:
            sentences.append(say("It was not renewed."))
    if material.balance:
        sentences += _balance_sentences(material.balance, words)
    count = len(material.check["contradictions"])
    sentences.append(
        words.plural(
            "The sources contradict each other on {n} point; both sides are shown.",
            "The sources contradict each other on {n} points; both sides are shown.",
            count,
        )
    )
    return sentences


def _balance_sentences(balance: Data, words: Speech) -> list[str]:
    sentences = []
    for territory in balance["between"]:
        grants = [
            item
            for item in balance["grants"]
            if item["territory"] == territory and item.get("counts_in_totals")
        ]
        delivered = sum(bool(item.get("delivered")) for item in grants)
        sentences.append(
            words.plural(
                "On the territory of {country}: {n} grant to the other side, "
                "{delivered} delivered.",
                "On the territory of {country}: {n} grants to the other side, "
                "{delivered} delivered.",
                len(grants),
                country=words.name(territory),
                delivered=words.figure(delivered),
            )
        )
    if balance["index"].get("count") is not None:
        sentences.append(
            words.say(
                "Index of reciprocity by count: {index} (0 is one-sided, 1 is even).",
                index=words.figure(balance["index"]["count"], 2),
            )
        )
    return sentences


def verdict(item: Data, words: Speech) -> str:
    """Whether the sign of a worth holds over its range."""
    tone = gain_tone(item)
    if tone == "good":
        return words.say("a gain over the whole range")
    if tone == "bad":
        return words.say("a loss over the whole range")
    return words.say("the sign depends on the assumptions")


def _gains(material: Material, words: Speech) -> list[str]:
    worth: Data = material.worth or {}
    return [
        words.say(
            "{party}: {worth} {unit}, range {range}; {verdict}.",
            party=words.party(key),
            worth=words.change(worth["parties"][key]["worth"]),
            unit=money_unit(words),
            range=words.span(worth["parties"][key].get("low"), worth["parties"][key].get("high")),
            verdict=verdict(worth["parties"][key], words),
        )
        for key in material.partners
    ]


def _legs(material: Material, words: Speech) -> list[str]:
    worth: Data = material.worth or {}
    sentences = []
    for key in material.partners:
        shares = worth["parties"][key]["legs"]
        ranked = sorted(shares, key=lambda leg: -(shares[leg] or 0.0))
        largest = max((abs(value or 0.0) for value in shares.values()), default=0.0)
        gains = [leg for leg in ranked if (shares[leg] or 0.0) > _SMALL * largest]
        losses = [leg for leg in ranked[::-1] if (shares[leg] or 0.0) < -_SMALL * largest]
        parts = []
        if gains:
            parts.append(words.say("gains on {legs}", legs=_amounts(gains, shares, words)))
        if losses:
            parts.append(words.say("loses on {legs}", legs=_amounts(losses, shares, words)))
        if parts:
            sentences.append(words.pair(words.party(key), f"{words.list(parts)}."))
    return sentences


def _amounts(legs: Sequence[str], shares: Data, words: Speech) -> str:
    return words.list(f"{words.term('segment', leg)} ({words.change(shares[leg])})" for leg in legs)


def _changes(worth: Data, material: Material, words: Speech) -> list[str]:
    """Which legs carry for the two firms together, what payment would even it, what it hangs on."""
    firms = [key for key in material.partners if worth["parties"][key].get("kind") == "firm"]
    sentences = _joint_sentences(worth, firms, words) if len(firms) == 2 else []
    payment = worth["reciprocity"].get("side_payment")
    if payment and payment.get("musd_per_year"):
        sentences.append(
            words.say(
                "A payment of {amount} {unit} from {payer} to {payee} would even what each gains "
                "from rights on the other's territory.",
                amount=words.figure(payment["musd_per_year"]),
                unit=money_unit(words),
                payer=words.party(payment["from"]),
                payee=words.party(payment["to"]),
            )
        )
    named = {item["id"]: item for item in worth["assumptions"] if "id" in item}
    for key in firms:
        drivers = (worth.get("drivers") or {}).get(key)
        if drivers:
            sentences.append(
                words.say(
                    "{party}: what moves the figure most is this assumption: {assumption}.",
                    party=words.party(key),
                    assumption=driver_words(drivers[0]["driver"], named, words),
                )
            )
    return sentences


def _joint_sentences(worth: Data, firms: Sequence[str], words: Speech) -> list[str]:
    parties, unit = worth["parties"], money_unit(words)
    joint = {
        leg: sum(parties[key]["legs"].get(leg) or 0.0 for key in firms) for leg in legs_of(worth)
    }
    whole = sum(parties[key]["worth"] for key in firms)
    both = words.list(map(words.party, firms))
    carrying = [leg for leg in joint if joint[leg] > 1.0]
    burdens = [leg for leg in joint if joint[leg] < -1.0]
    sentences = []
    if carrying:
        text = words.say(
            "The two firms together gain on {legs}.", legs=_amounts(carrying, joint, words)
        )
        sentences.append(text)
    if burdens:
        text = words.say(
            "They lose together on {legs}: these legs would have had to be dropped or given "
            "other terms.",
            legs=_amounts(burdens, joint, words),
        )
        sentences.append(text)
    if whole < 0:
        sentences.append(
            words.say(
                "{parties} together: {amount} {unit}; no payment between them would make the whole "
                "worth while for both.",
                parties=both,
                amount=words.change(whole),
                unit=unit,
            )
        )
    elif any(parties[key]["worth"] < 0 for key in firms):
        sentences.append(
            words.say(
                "{parties} together: {amount} {unit}; a payment from the one that gains to the one "
                "that loses would make the whole worth while for both.",
                parties=both,
                amount=words.change(whole),
                unit=unit,
            )
        )
    return sentences


def headlines(material: Material, words: Speech) -> list[Headline]:
    """The figures at the top of the report."""
    say = words.say
    found = []
    if item := main_agreement(material):
        found.append(
            Headline(
                say("Stage on {date}", date=words.date(material.state["at"])),
                words.term("stage", item["stage"]),
                words.name(item["id"]),
            )
        )
    if material.balance:
        found.append(
            Headline(
                say("Reciprocity by count"),
                words.figure(material.balance["index"].get("count"), 2),
                say("0 one-sided, 1 even"),
            )
        )
    for key in _states_first(material)[:2]:
        item = (material.worth or {})["parties"][key]
        found.append(
            Headline(
                say("Worth to {party}", party=words.party(key)),
                words.change(item["worth"]),
                say(
                    "{unit}; {range}",
                    unit=money_unit(words),
                    range=words.span(item.get("low"), item.get("high")),
                ),
                gain_tone(item),
            )
        )
    found.append(
        Headline(
            say("Contradictions"),
            words.figure(len(material.check["contradictions"])),
            words.plural("in {n} source", "in {n} sources", len(material.sources)),
        )
    )
    return found


def _states_first(material: Material) -> list[str]:
    """Partners with the states, which include their firms, in front."""
    return list(material.partners)[::-1][:2][::-1] if material.worth else []
