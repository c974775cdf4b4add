"""From a node of a record file to a typed value, telling every mistake with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from mithaq.errors import Problem
from mithaq.record.claims import NumberError, Office, Place, Quantity, Share, Value
from mithaq.record.properties import Property, codes
from mithaq.record.texts import fault_of_text
from mithaq.record.tree import Node
from mithaq.words.dates import DateError, Edtf, parse

__all__ = ["IDENTIFIER", "LANGUAGE", "Reading", "Reference", "near"]

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,199}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
_DEFAULT_MEASURES = {
    "capacity": "capacity",
    "cost": "cost",
    "amount": "contract_value",
    "term": "term",
    "notice": "notice",
    "duration": "duration",
}
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Reference:
    """A name used for a subject, to be looked up when all files are read."""

    name: str
    kinds: tuple[str, ...]
    where: Place


@dataclass
class Reading:
    """What reading gathers: problems, and references still to be looked up."""

    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    source_references: list[Reference] = field(default_factory=list)

    def problem(self, file: str, node: Node, what: str, hint: str = "") -> None:
        """Add a mistake that stands at that node."""
        self.problems.append(Problem(file, node.row, str(node.column), what, hint))

    def refer(self, file: str, node: Node, kinds: tuple[str, ...] = ()) -> str:
        """A subject id used here, noted for the look-up."""
        name = node.text.strip()
        self.references.append(Reference(name, kinds, Place(file, node.row, node.column)))
        return name

    # Shapes

    def scalar(self, file: str, node: Node, name: str) -> str | None:
        """The text of a scalar, or None with a problem."""
        if node.kind != "scalar":
            self.problem(file, node, f"{name}: one value is wanted here, not a {node.kind}")
            return None
        if node.is_missing:
            self.problem(file, node, f"{name}: the value is missing")
            return None
        text = node.text.strip()
        if fault := fault_of_text(text):
            self.problem(file, node, f"{name}: {fault}")
            return None
        return text

    def fields(self, file: str, node: Node, allowed: Iterable[str], name: str) -> dict[str, Node]:
        """The pairs of a mapping by key; unknown and repeated keys are problems."""
        known = tuple(allowed)
        found: dict[str, Node] = {}
        if node.kind != "mapping":
            self.problem(file, node, f"{name}: keys and values are wanted here")
            return found
        for key, value in node.pairs:
            if known and key.text not in known:
                self.problem(file, key, f"{name}: unknown key {key.text!r}", near(key.text, known))
            elif key.text in found:
                self.problem(file, key, f"{name}: the key {key.text!r} stands twice")
            else:
                found[key.text] = value
        return found

    def code(self, file: str, node: Node, vocabularies: Sequence[str], name: str) -> str | None:
        """A code of one of the vocabularies, or None with a problem."""
        text = self.scalar(file, node, name)
        known = [code for vocabulary in vocabularies for code in codes(vocabulary)]
        if text is None or text in known:
            return text
        self.problem(file, node, f"{name}: unknown code {text!r}", near(text, known))
        return None

    def date(self, file: str, node: Node, name: str) -> Edtf | None:
        """A date, or None with a problem."""
        text = self.scalar(file, node, name)
        if text is None:
            return None
        try:
            return parse(text)
        except DateError as error:
            self.problem(file, node, f"{name}: {error}")
            return None

    def texts(self, file: str, node: Node, name: str) -> list[tuple[str, str]]:
        """Texts with their language ('' where none is told)."""
        if node.kind == "scalar":
            text = self.scalar(file, node, name)
            return [] if text is None else [(text, "")]
        found: list[tuple[str, str]] = []
        for language, value in self.fields(file, node, (), name).items():
            if not LANGUAGE.fullmatch(language):
                hint = "write {en: ..., ar: ...}"
                self.problem(file, value, f"{name}: {language!r} is no language code", hint)
                continue
            for item in value.items if value.kind == "list" else [value]:
                text = self.scalar(file, item, f"{name} ({language})")
                if text is not None:
                    found.append((text, language))
        return found

    # Values by type

    def values(self, file: str, node: Node, declared: Property) -> list[tuple[Value, str]]:
        """The values written at a node, each with its language; empty after a problem."""
        if declared.type == "text":
            return list(self.texts(file, node, declared.name))
        value = self._value(file, node, declared)
        return [] if value is None else [(value, "")]

    def _value(self, file: str, node: Node, declared: Property) -> Value | None:
        name = declared.name
        match declared.type:
            case "date":
                return self.date(file, node, name)
            case "code":
                return self.code(file, node, declared.vocabulary, name)
            case "subject":
                text = self.scalar(file, node, name)
                return text and self.refer(file, node, declared.vocabulary)
            case "actor":
                return self._actor(file, node, declared)
            case "speaker":
                return self.speaker(file, node, name)
            case "quantity":
                return self._quantity(file, node, name)
            case "share":
                return self._share(file, node, name)
            case "office":
                return self._office(file, node, name)
        raise AssertionError(f"properties.csv names an unknown type {declared.type!r}")

    def _actor(self, file: str, node: Node, declared: Property) -> str | None:
        text = self.scalar(file, node, declared.name)
        if text is None or any(text in codes(name) for name in declared.vocabulary):
            return text
        return self.refer(file, node, ("party",))

    def speaker(self, file: str, node: Node, name: str) -> str | None:
        """A person or party by id, or free words; a bare slug must be a subject."""
        text = self.scalar(file, node, name)
        if text is not None and IDENTIFIER.fullmatch(text):
            return self.refer(file, node, ("person", "party"))
        return text

    def _quantity(self, file: str, node: Node, name: str) -> Quantity | None:
        if node.kind == "scalar":
            self.problem(file, node, f"{name}: a figure needs its unit", "write {number:, unit:}")
            return None
        given = self.fields(file, node, ("number", "unit", "measures", "about"), name)
        number = self._number(file, node, given, "number", name)
        unit = self._needed_code(file, node, given, "unit", name)
        measures: str | None = _DEFAULT_MEASURES.get(name)
        if "measures" in given or measures is None:
            measures = self._needed_code(file, node, given, "measures", name)
        about = self._flag(file, given.get("about"), f"{name}.about")
        if number is None or unit is None or measures is None or about is None:
            return None
        value = Quantity(number, unit, measures, about)
        if value.low < 0 and unit != "%":
            what = f"{name}.number: {number} {unit} is negative"
            self.problem(file, given["number"], what, "only a change in % may be")
            return None
        return value

    def _share(self, file: str, node: Node, name: str) -> Share | None:
        given = self.fields(file, node, ("party", "percent"), name)
        percent = self._number(file, node, given, "percent", name)
        party = self._needed(file, node, given, "party", name)
        if percent is None or party is None or self.scalar(file, party, name) is None:
            return None
        if Quantity(percent).low < 0:
            self.problem(file, given["percent"], f"{name}.percent: {percent} is negative")
            return None
        return Share(self.refer(file, party, ("party",)), percent)

    def _office(self, file: str, node: Node, name: str) -> Office | None:
        given = self.fields(file, node, ("party", "role"), name)
        role = self._needed_code(file, node, given, "role", name)
        party = ""
        if "party" in given:
            if self.scalar(file, given["party"], name) is None:
                return None
            party = self.refer(file, given["party"], ("party",))
        return None if role is None else Office(party, role)

    # Parts of values

    def _needed(
        self, file: str, node: Node, given: dict[str, Node], key: str, name: str
    ) -> Node | None:
        if key not in given and node.kind == "mapping":
            self.problem(file, node, f"{name}: {key} is missing")
        return given.get(key)

    def _needed_code(
        self, file: str, node: Node, given: dict[str, Node], key: str, name: str
    ) -> str | None:
        found = self._needed(file, node, given, key, name)
        return None if found is None else self.code(file, found, (key,), f"{name}.{key}")

    def _number(
        self, file: str, node: Node, given: dict[str, Node], key: str, name: str
    ) -> str | None:
        found = self._needed(file, node, given, key, name)
        text = None if found is None else self.scalar(file, found, f"{name}.{key}")
        if found is None or text is None:
            return None
        try:
            return Quantity(text).number
        except NumberError as error:
            self.problem(file, found, f"{name}.{key}: {error}")
            return None

    def _flag(self, file: str, node: Node | None, name: str) -> bool | None:
        if node is None:
            return False
        text = self.scalar(file, node, name)
        if text is None or text in _FLAGS:
            return None if text is None else _FLAGS[text]
        self.problem(file, node, f"{name}: {text!r} is neither true nor false")
        return None


def near(text: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known words, else the first of them."""
    listed = list(known)
    found = get_close_matches(text, listed, n=3, cutoff=0.6)
    if found:
        return f"did you mean {' or '.join(found)}?"
    more = ", ..." if len(listed) > 12 else ""
    return f"known: {', '.join(listed[:12])}{more}" if listed else ""
