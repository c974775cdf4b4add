"""From codes to words: one language together with the names of one record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from mithaq.record.properties import properties
from mithaq.words.sentence import said
from mithaq.words.text import Language, language

__all__ = ["Speech", "speech"]

_DATE = re.compile(r"[\d.X/~?%-]*\d{4}[\d.X/~?%-]*|\.\.")
_ROLE = re.compile(r"(treasury of|consumers in|buyers in|operator of) (.+)")
_NUMBER = r"[<>]?=?\d[\d.]*(?:-\d[\d.]*)?"
_FIGURE = re.compile(rf"(about )?({_NUMBER}) (%|[A-Za-z]\S*)")
_SHARE = re.compile(rf"(\S+) ({_NUMBER}) %")
_COUNTED = ("year", "month", "day", "hour")
_LEFT_TO_RIGHT_MARK, _LEFT_TO_RIGHT, _POP = "\u200e", "\u2066", "\u2069"


class Speech:
    """Words of one language for the codes, dates, figures and subjects of one record.

    ``names`` gives the name of a subject in that language, or None where the record has none; the
    identifier is then shown as it stands.

    >>> Speech(language("en"), {"sonatrach": "Sonatrach"}.get).name("sonatrach")
    'Sonatrach'
    """

    def __init__(self, tongue: Language, names: Callable[[str], str | None] | None = None) -> None:
        self.language = tongue
        self.say = tongue.say
        self.plural = tongue.plural
        self._names: Callable[[str], str | None] = names or (lambda _key: None)

    @property
    def rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return self.language.direction == "rtl"

    def tell(self, text: str, *, names: bool = False) -> str:
        """A sentence made elsewhere, in this language; any other text as it is.

        With ``names`` the names in it are said as by :meth:`place`, else as the tables have them.
        """
        return said(text, self.language, self.place if names else None)

    def name(self, key: str) -> str:
        """The name of a subject of the record, else the identifier itself."""
        return self._names(key) or self.language.term("territory", key)

    def names(self, keys: Sequence[str] | str | None) -> str:
        """Several names in a row."""
        return self.language.comma.join(map(self.name, _many(keys)))

    def list(self, texts: Iterable[str]) -> str:
        """Texts in a row, parted as the language does."""
        return self.language.comma.join(texts)

    def place(self, name: str) -> str:
        """A node, country or firm of the gas system: the record's name for it, else translated."""
        return self._names(name) or (self.say(name) if "{" not in name else name)

    def period(self, name: str) -> str:
        """A part of the year; a chain that is not divided has one, called ``year``."""
        return self.say("the whole year") if name == "year" else self.place(name)

    def party(self, key: str, *, within: bool = False) -> str:
        """A party of the payoffs: a firm, a state, or a role such as ``treasury of Algeria``; with
        an article ``within`` a sentence, where the language wants one.
        """
        match = _ROLE.fullmatch(key)
        if not match:
            return self.place(key)
        of = self.place(match[2])
        match match[1]:
            case "treasury of" if within:
                return self.say("the treasury of {country}", country=of)
            case "treasury of":
                return self.say("treasury of {country}", country=of)
            case "consumers in":
                return self.say("consumers in {country}", country=of)
            case "buyers in":
                return self.say("buyers in {country}", country=of)
            case _:
                return self._operator(match[2])

    def _operator(self, of: str) -> str:
        """Who runs an asset for which the tables name no owner, such as ``line TAG``."""
        noun, _, name = of.partition(" ")
        name = self.asset(name)
        match noun:
            case "line":
                return self.say("operator of the line {name}", name=name)
            case "terminal":
                return self.say("operator of the terminal {name}", name=name)
            case "storage":
                return self.say("operator of the storage {name}", name=name)
            case _:
                return self.say("operator of {arc}", arc=self.place(of))

    def asset(self, name: str) -> str:
        """A line or terminal: by its ends or its kind and place in words, else as it is called."""
        kind, at, place = name.partition(" in ")
        if at and kind in ("liquefaction", "regasification"):
            return self.list((self.term("mode", kind), self.place(place)))
        tail, dash, head = name.partition("-")
        ends = self.place(tail), self.place(head)
        return "–".join(ends) if dash and ends != (tail, head) else self.place(name)

    def term(self, vocabulary: str, code: str | None) -> str:
        """The label of a code; a dash where there is none."""
        return self.language.term(vocabulary, code) if code else "–"

    def date(self, edtf: str | None) -> str:
        """A date in words, as precise as it is and no more; a dash where there is none."""
        return self.language.date(edtf) if edtf else "–"

    def moment(self, edtf: str | None) -> str:
        """A point in time; where only an interval is known, the ends between which it lies."""
        start, slash, end = (edtf or "").partition("/")
        if slash and start[:1].isdigit() and end[:1].isdigit():
            first, last = (self.language.date(day, "between") for day in (start, end))
            return self.say("between {start} and {end}", start=first, end=last)
        return self.date(edtf)

    def figure(self, value: Any, digits: int = 0) -> str:
        """A number; a dash where nothing is known."""
        return "–" if value is None else self._held(self.language.number(float(value), digits))

    def short(self, value: Any, digits: int = 2) -> str:
        """A number of any size with so many significant digits; a dash where nothing is known."""
        return "–" if value is None else self._held(self.language.short(float(value), digits))

    def change(self, value: Any, digits: int = 0) -> str:
        """A number with its sign, also where it is a gain."""
        if value is None:
            return "–"
        plus = "+" if round(float(value), digits) > 0 else ""
        return self._held(plus + self.language.number(float(value), digits))

    def _held(self, text: str) -> str:
        # In a right-to-left run a sign would jump behind its digits. An isolate holds it, and
        # does not turn the direction of the words that follow, as a mark would.
        if self.rtl and text[0] in f"{_LEFT_TO_RIGHT_MARK}+":
            return _LEFT_TO_RIGHT + text.replace(_LEFT_TO_RIGHT_MARK, "") + _POP
        return text

    def span(self, low: Any, high: Any, digits: int = 0) -> str:
        """A range from low to high."""
        if low is None or high is None:
            return "–"
        ends = self.change(low, digits), self.change(high, digits)
        return self.say("{low} to {high}", low=ends[0], high=ends[1])

    def pair(self, label: str, value: str) -> str:
        """What something is called, and what it is."""
        return self.say("{label}: {value}", label=label, value=value)

    def share(self, value: Any, digits: int = 0) -> str:
        """A share of 1 as a percentage; what is neither none nor all is not printed as such."""
        if value is None:
            return "–"
        share, finer = float(value), 10.0 ** -(digits + 3)
        if min(share, 1 - share) > 0 and round(share, digits + 2) in (0, 1):
            share, digits = min(max(share, finer), 1 - finer), digits + 1
        return self._held(self.language.percent(share, digits))

    def days(self, count: Any) -> str:
        """A number of days."""
        if count is None:
            return "–"
        return self.plural("{n} day", "{n} days", int(count))

    def label(self, value: Any) -> str:
        """A value in words where it may also be the English label of a property."""
        text = str(value)
        code = self.property_code(text)
        return self.language.term("property", code) if code else self.value(text)

    @staticmethod
    def property_code(label: str) -> str:
        """The code of a property by its English label; empty where there is none."""
        return _property_codes().get(label, "")

    def value(self, value: Any, prop: str = "") -> str:
        """The value of a claim in words: a subject, date, code, quantity or text."""
        if value is None:
            return "–"
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (list, tuple)):
            return self.list(self.value(item, prop) for item in value)
        return self._text(str(value), prop)

    def _text(self, text: str, prop: str) -> str:
        if text.startswith("not "):
            return self.say("not {value}", value=self._text(text[4:], prop))
        if name := self._names(text):
            return name
        if match := _FIGURE.fullmatch(text):
            about, number, unit = match.groups()
            return self._quantity({"number": number, "unit": unit, "about": bool(about)})
        if match := _SHARE.fullmatch(text):
            return self._mapping({"party": match[1], "percent": match[2]})
        if prop == "office":
            role, _, party = text.partition(" of ")
            return self._mapping({"role": role, "party": party})
        if _DATE.fullmatch(text) and re.search(r"\d{4}", text):
            return self.date(text)
        return self.language.term(vocabulary(prop), text) if prop else text

    def _mapping(self, value: Mapping[str, Any]) -> str:
        if "number" in value:
            return self._quantity(value)
        if "percent" in value:
            return f"{self.name(str(value['party']))} {value['percent']}%"
        if "role" in value:
            role = self.language.term("role", str(value["role"]))
            return self.list(part for part in (role, self.name(value.get("party") or "")) if part)
        if self.language.code in value or "en" in value:
            return str(value.get(self.language.code) or value.get("en"))
        return self.list(self.value(item, str(key)) for key, item in value.items() if item)

    def _quantity(self, value: Mapping[str, Any]) -> str:
        told = str(value["number"])
        number = self.language.printed(told)
        unit = str(value.get("unit") or "")
        text = f"{number} {self.language.unit(unit)}" if unit else number
        if unit in _COUNTED and re.fullmatch(r"\d+(\.\d+)?", told):
            text = self.language.unit(unit, float(told))
        text = self.say("about {quantity}", quantity=text) if value.get("about") else text
        measures = value.get("measures")
        return f"{text} ({self.language.term('measures', str(measures))})" if measures else text


def _many(keys: Sequence[str] | str | None) -> Sequence[str]:
    if keys is None:
        return ()
    return (keys,) if isinstance(keys, str) else keys


@cache
def _property_codes() -> dict[str, str]:
    """English label of a property -> its code."""
    return {
        declared.label: code for table in properties().values() for code, declared in table.items()
    }


@cache
def vocabulary(prop: str) -> str:
    """The vocabulary from which a property takes its codes; the property itself where none."""
    for declared in properties().values():
        if prop in declared and declared[prop].vocabulary:
            return declared[prop].vocabulary[0]
    return prop


def speech(code: str, names: Callable[[str], str | None] | None = None) -> Speech:
    """Words of the language ``code`` (ar, en, fr or ru)."""
    return Speech(language(code), names)
