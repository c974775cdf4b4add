"""Scenario files: the legs of an agreement as rights with parameters, each of which says its basis.

A scenario stands beside the record and never in it. The file is YAML; reading it finds every
mistake with its line and column, and notes every name that must exist elsewhere (a claim of the
record, a node or firm of the chain) for :mod:`mithaq.chain.legs` to look up.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from mithaq.chain.reading import nearest
from mithaq.chain.rights import RIGHTS, UNITS, Figure, RightKind
from mithaq.errors import Problem

__all__ = [
    "LANGUAGES",
    "Basis",
    "Leg",
    "Parameter",
    "Party",
    "Reference",
    "Right",
    "Scenario",
    "ScenarioFile",
    "read_scenario",
]

LEGS = ("exploration", "production", "transport", "marketing")
LANGUAGES = ("en", "ar", "fr", "ru")
GENERAL = {"rate": "share", "years": "years"}
#: What draws may multiply in the whole market: see :func:`mithaq.worth.uncertain.scaled`.
INPUTS = ("demand", "price_level", "elasticity", "field_costs", "conduct")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a figure rests: a claim of the record (with the sources used) or an assumption.

    ``assumption`` is the sentence in English, or in the one language in which it was written;
    ``sentences`` holds it by language where the file does.
    """

    subject: str = ""
    prop: str = ""
    sources: tuple[str, ...] = ()
    assumption: str = ""
    sentences: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_claim(self) -> bool:
        return bool(self.subject)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure with its settings: the central one, and others that are tried one at a time."""

    id: str
    value: float
    others: tuple[float, ...]
    unit: str
    basis: tuple[Basis, ...]
    most: float = math.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that it may take."""
        low, high = UNITS[self.unit]
        return low, min(high, self.most)

    @property
    def settings(self) -> tuple[float, ...]:
        """All settings in rising order, the central one among them."""
        return tuple(sorted({self.value, *self.others}))

    @property
    def low(self) -> float:
        return self.settings[0]

    @property
    def high(self) -> float:
        return self.settings[-1]


@dataclass(frozen=True, slots=True)
class Right:
    """What a leg gives: a right of one kind, to a firm, on a territory."""

    id: str
    what: str
    to: str
    territory: str
    name: Mapping[str, str] = field(hash=False)
    names: Mapping[str, Any] = field(hash=False)
    parameters: Mapping[str, Parameter] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of the agreement: a segment of the chain and the rights in it."""

    id: str
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Party:
    """A party of the agreement: its id in the record, its firm in the chain, its home state."""

    party: str
    firm: str
    state: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """An agreement made concrete: who gets which rights where, at which figures."""

    id: str
    name: Mapping[str, str] = field(hash=False)
    agreement: str
    year: int
    parties: tuple[Party, ...]
    general: Mapping[str, Parameter] = field(hash=False)
    legs: tuple[Leg, ...]
    inputs: Mapping[str, Parameter] = field(default_factory=dict, hash=False)

    def rights(self) -> Iterator[Right]:
        """Every right of every leg, in order."""
        for leg in self.legs:
            yield from leg.rights

    def only(self, rights: Collection[str]) -> Scenario:
        """The scenario with those rights and no other; a leg that has none is left out."""
        legs = (Leg(g.id, tuple(r for r in g.rights if r.id in rights)) for g in self.legs)
        return replace(self, legs=tuple(leg for leg in legs if leg.rights))

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by id: ``rate``, ``years``, then ``<right>.<parameter>``."""
        found = {p.id: p for p in self.general.values()}
        found.update((p.id, p) for right in self.rights() for p in right.parameters.values())
        return found

    def settings(self) -> dict[str, float]:
        """The central setting of every parameter."""
        return {key: parameter.value for key, parameter in self.parameters().items()}


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must exist elsewhere, and where in the file it stands."""

    kind: str
    name: tuple[str, ...]
    place: Place


@dataclass(slots=True)
class ScenarioFile:
    """What reading a file gave: the scenario (None where it has mistakes), mistakes, references."""

    scenario: Scenario | None = None
    agreement: str = ""
    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def read_scenario(path: Path, file: str = "") -> ScenarioFile:
    """Read one scenario file. Mistakes are collected in the result; nothing is raised."""
    reader = _Reader(file or path.name)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reader.found.problems.append(Problem(reader.file, what=f"cannot be read: {error}"))
        return reader.found
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        reader.problem(place, f"is no YAML: {error.problem}")
        return reader.found
    except yaml.YAMLError as error:
        reader.problem((0, 0), f"is no YAML: {str(error).splitlines()[0]}")
        return reader.found
    if not isinstance(root, yaml.MappingNode):
        reader.problem((1, 1), "must hold a mapping: id, name, agreement, year, parties, legs")
        return reader.found
    scenario = reader.scenario(root)
    reader.found.agreement = scenario.agreement
    if not reader.found.problems:
        reader.found.scenario = scenario
    return reader.found


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Reader:
    """Walks the nodes of one file; every method returns something usable even after a mistake."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found = ScenarioFile()
        self.rights: dict[str, int] = {}
        self.given: dict[str, Parameter] = {}

    def problem(self, place: Place, what: str, hint: str = "") -> None:
        row, column = place
        self.found.problems.append(Problem(self.file, row, str(column or ""), what, hint))

    def refer(self, kind: str, name: str | tuple[str, ...], place: Place) -> None:
        parts = name if isinstance(name, tuple) else (name,)
        if all(parts):
            self.found.references.append(Reference(kind, parts, place))

    # Nodes to values

    def mapping(
        self, node: yaml.Node, needed: tuple[str, ...], allowed: tuple[str, ...] | None = ()
    ) -> dict[str, yaml.Node]:
        """Keys of a mapping; ``allowed=None`` lets every further key pass."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(_place(node), f"must be a mapping with {', '.join(needed) or 'keys'}")
            return {}
        cells: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in cells:
                self.problem(_place(key), f"{name!r} stands there twice")
            elif allowed is not None and name not in (*needed, *allowed):
                self.problem(
                    _place(key),
                    f"there is no key {name!r} here",
                    nearest(name, (*needed, *allowed)),
                )
            cells[name] = value
        for name in needed:
            if name not in cells:
                self.problem(_place(node), f"{name!r} is missing")
        return cells

    def items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(_place(node), f"must be a list of {what}")
            return []
        return list(node.value)

    def text(self, node: yaml.Node | None, kind: str = "") -> str:
        """A non-empty text; ``kind`` notes it as a reference."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.problem(_place(node), "must be a text")
            return ""
        value = str(node.value).strip()
        if kind:
            self.refer(kind, value, _place(node))
        return value

    def texts(self, node: yaml.Node | None, kind: str = "") -> tuple[str, ...]:
        """One text or a list of texts."""
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.text(item, kind) for item in node.value)
        return (self.text(node, kind),) if node is not None else ()

    def number(
        self, node: yaml.Node | None, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """A finite number within bounds; 0 after a mistake."""
        if node is None:
            return 0.0
        try:
            value = float(node.value)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            self.problem(_place(node), f"{_shown(node)} is not a number")
            return 0.0
        if not low <= value <= high:
            bounds = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
            self.problem(_place(node), f"{value:g} must be {bounds}")
        return value

    def languages(self, node: yaml.Node | None) -> dict[str, str]:
        if node is None:
            return {}
        cells = self.mapping(node, LANGUAGES)
        return {code: self.text(value) for code, value in cells.items() if code in LANGUAGES}

    # Parts of a scenario

    def scenario(self, root: yaml.MappingNode) -> Scenario:
        cells = self.mapping(
            root, ("id", "name", "agreement", "year", "parties", "parameters", "legs"), ("inputs",)
        )
        parties = tuple(self.party(n) for n in self.items(cells.get("parties"), "parties"))
        if "parties" in cells and len(parties) != 2:
            self.problem(_place(cells["parties"]), f"needs two parties; here are {len(parties)}")
        general = self.general(cells.get("parameters"))
        legs = tuple(self.leg(n) for n in self.items(cells.get("legs"), "legs"))
        self.unique([leg.id for leg in legs], cells.get("legs"), "leg")
        cut = [r.names.get("field", "") for leg in legs for r in leg.rights if r.what == "lifting"]
        self.unique(cut, cells.get("legs"), "a lifting share of")
        return Scenario(
            id=self.text(cells.get("id")),
            name=self.languages(cells.get("name")),
            agreement=self.text(cells.get("agreement"), "subject"),
            year=int(self.number(cells.get("year"), 1900, 2100)),
            parties=parties,
            general=general,
            legs=legs,
            inputs=self.inputs(cells.get("inputs")),
        )

    def unique(self, ids: list[str], node: yaml.Node | None, what: str) -> None:
        for name in sorted({name for name in ids if name and ids.count(name) > 1}):
            assert node is not None
            self.problem(_place(node), f"{what} {name!r} stands there twice")

    def party(self, node: yaml.Node) -> Party:
        cells = self.mapping(node, ("party", "firm", "state"))
        return Party(
            self.text(cells.get("party"), "subject"),
            self.text(cells.get("firm"), "firm"),
            self.text(cells.get("state"), "country"),
        )

    def general(self, node: yaml.Node | None) -> dict[str, Parameter]:
        if node is None:
            return {}
        cells = self.mapping(node, tuple(GENERAL))
        return {
            name: self.parameter(name, cells[name], Figure(GENERAL[name]))
            for name in GENERAL
            if name in cells
        }

    def inputs(self, node: yaml.Node | None) -> dict[str, Parameter]:
        """Uncertain inputs of the market, each a factor around 1."""
        if node is None:
            return {}
        cells = self.mapping(node, (), INPUTS)
        return {
            name: self.parameter(name, cells[name], Figure("ratio"))
            for name in INPUTS
            if name in cells
        }

    def leg(self, node: yaml.Node) -> Leg:
        cells = self.mapping(node, ("id", "rights"))
        name = self.text(cells.get("id"))
        if name and name not in LEGS:
            self.problem(_place(cells["id"]), f"there is no leg {name!r}", nearest(name, LEGS))
        return Leg(name, tuple(self.right(n) for n in self.items(cells.get("rights"), "rights")))

    def right(self, node: yaml.Node) -> Right:
        own = ("id", "what", "to", "territory", "name")
        cells = self.mapping(node, own, None)
        name = self.text(cells.get("id"))
        if name and name in self.rights:
            self.problem(
                _place(cells["id"]), f"right {name!r} stands in line {self.rights[name]} already"
            )
        self.rights.setdefault(name, _place(node)[0])
        what = self.text(cells.get("what"))
        kind = RIGHTS.get(what)
        if kind is None:
            if what:
                self.problem(
                    _place(cells["what"]), f"there is no right {what!r}", nearest(what, RIGHTS)
                )
            return Right(name, what, "", "", {}, {}, {})
        if any(figure.needed for figure in kind.parameters.values()) and "parameters" not in cells:
            self.problem(_place(node), "'parameters' is missing")
        self.right_keys(node, (*own, "parameters"), kind)
        return Right(
            id=name,
            what=what,
            to=self.text(cells.get("to"), "firm"),
            territory=self.text(cells.get("territory"), "territory"),
            name=self.languages(cells.get("name")),
            names=self.names(cells, kind),
            parameters=self.parameters(name, cells.get("parameters"), kind),
        )

    def right_keys(self, node: yaml.Node, own: tuple[str, ...], kind: RightKind) -> None:
        assert isinstance(node, yaml.MappingNode)
        known = (*own, *kind.names)
        present = [str(key.value) for key, _ in node.value]
        for key, _ in node.value:
            if key.value not in known:
                self.problem(
                    _place(key),
                    f"a right of kind {kind.id!r} has no {key.value!r}",
                    nearest(str(key.value), known),
                )
        for name, spec in kind.names.items():
            if spec.needed and name not in present:
                self.problem(_place(node), f"{name!r} is missing")

    def names(self, cells: Mapping[str, yaml.Node], kind: RightKind) -> dict[str, Any]:
        """Names of things in the chain that the right is about, by the forms of its kind."""
        found: dict[str, Any] = {}
        for name, spec in kind.names.items():
            node = cells.get(name)
            if node is None:
                continue
            if spec.form == "one":
                found[name] = self.text(node, spec.refers)
            elif spec.form == "list":
                found[name] = self.texts(node, spec.refers)
            else:  # name → number
                found[name] = {}
                for key, value in self.mapping(node, (), None).items():
                    self.refer(spec.refers, key, _place(value)) if spec.refers else None
                    found[name][key] = self.number(value, 0)
        return found

    def parameters(
        self, right: str, node: yaml.Node | None, kind: RightKind
    ) -> dict[str, Parameter]:
        if node is None:
            return {}
        needed = tuple(name for name, spec in kind.parameters.items() if spec.needed)
        cells = self.mapping(node, needed, tuple(kind.parameters))
        return {
            name: self.parameter(f"{right}.{name}", value, kind.parameters[name])
            for name, value in cells.items()
            if name in kind.parameters
        }

    def parameter(self, name: str, node: yaml.Node, figure: Figure) -> Parameter:
        """A parameter of its own, or the one named by ``same_as``, with which it moves."""
        if isinstance(node, yaml.MappingNode) and any(k.value == "same_as" for k, _ in node.value):
            return self.linked(name, node, figure)
        cells = self.mapping(node, ("value", "unit", "basis"), ("low", "high", "settings"))
        unit = figure.unit
        bounds = Parameter(name, 0.0, (), unit, (), figure.most).bounds
        value = self.number(cells.get("value"), *bounds)
        others = [self.number(cells[key], *bounds) for key in ("low", "high") if key in cells]
        others += [self.number(n, *bounds) for n in self.items(cells.get("settings"), "numbers")]
        self.order(cells, value)
        given = self.text(cells.get("unit"))
        if given and given != unit:
            self.problem(_place(cells["unit"]), f"the unit of {name} is {unit!r}, not {given!r}")
        bases = self.bases(cells.get("basis"))
        found = Parameter(name, value, tuple(others), unit, bases, figure.most)
        self.given[name] = found
        return found

    def linked(self, name: str, node: yaml.Node, figure: Figure) -> Parameter:
        cells = self.mapping(node, ("same_as",))
        other = self.text(cells.get("same_as"))
        found = self.given.get(other)
        if found is None and other:
            hint = nearest(other, self.given)
            self.problem(_place(cells["same_as"]), f"no parameter {other!r} stands above", hint)
        elif found is not None and found.unit != figure.unit:
            self.problem(_place(cells["same_as"]), f"the unit of {name} is {figure.unit!r}")
        elif found is not None and found.high > figure.most:
            what = f"{name} must be at most {figure.most:g}, which {other} may exceed"
            self.problem(_place(cells["same_as"]), what)
        return found or Parameter(name, 0.0, (), figure.unit, ())

    def order(self, cells: Mapping[str, yaml.Node], value: float) -> None:
        if ("low" in cells) != ("high" in cells):
            key = "low" if "low" in cells else "high"
            self.problem(_place(cells[key]), "low and high go together")
        for key, wrong in (("low", 1), ("high", -1)):
            if key in cells and (self.number(cells[key]) - value) * wrong > 0:
                word = "above" if wrong > 0 else "below"
                self.problem(_place(cells[key]), f"{key} stands {word} the value {value:g}")

    def bases(self, node: yaml.Node | None) -> tuple[Basis, ...]:
        if node is None:
            return ()
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(self.basis(item) for item in nodes)

    def basis(self, node: yaml.Node) -> Basis:
        cells = self.mapping(node, (), ("claim", "sources", "assumption"))
        if "assumption" in cells and "claim" not in cells and "sources" not in cells:
            return self.assumption(cells["assumption"])
        if "claim" not in cells or "sources" not in cells or "assumption" in cells:
            self.problem(_place(node), "a basis is an assumption, or a claim with its sources")
            return Basis()
        subject, dot, prop = self.text(cells["claim"]).partition(".")
        sources = self.texts(cells["sources"])
        if not (dot and prop):
            self.problem(_place(cells["claim"]), "a claim is written subject.property")
        for source in sources:
            self.refer("claim", (subject, prop, source), _place(cells["claim"]))
        return Basis(subject, prop, sources)

    def assumption(self, node: yaml.Node) -> Basis:
        """A sentence, or the same sentence in each language."""
        if not isinstance(node, yaml.MappingNode):
            return Basis(assumption=self.text(node))
        sentences = self.languages(node)
        return Basis(assumption=sentences.get("en", ""), sentences=sentences)


def _shown(node: yaml.Node) -> str:
    return repr(node.value) if isinstance(node, yaml.ScalarNode) else "this"
