"""What a partnership is made of: the part of a record that a question about it needs.

Two parties mean the partnership between them: whatever names one of either side, with all that
hangs on it. A side is a party with all that belongs to it (its companies, its subsidiaries) and the
people who held an office there. One party means everything that names its side; any other subject
means itself and what hangs on it (legs, commitments, projects, awards, meetings, statements).

The part holds more than it shows: what is needed to answer as the whole record would, such as the
homes of parties, meetings that a judgement joins, and other bearers of a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from itertools import combinations
from typing import Protocol

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Office, Share
from mithaq.record.properties import properties
from mithaq.record.record import Focus, Record

__all__ = ["Graph", "about", "labels", "reach", "references"]

_ABOVE = ("home", "part_of")
_REFERRING = ("subject", "actor", "speaker", "share", "office")
_PLAIN = ("", "party", "person", "judgement")


def about(record: Record, *ids: str) -> Record:
    """The part of a record that concerns some subjects, each by id or by name.

    ``state``, ``timeline`` and ``deadlines`` of it tell what those of the whole record tell of the
    same subjects. Raises DataError where nothing, or more than one thing, is named so.

    >>> from mithaq.record import load_case, state
    >>> part = about(load_case("algeria-russia"), "sonatrach", "gazprom")
    >>> "gazprom-sonatrach-mou-2006" in [a["id"] for a in state(part, "2007-12-31").agreements]
    True
    """
    if not ids:
        raise DataError([Problem(column="about", what="no subject is named")])
    held, focus = reach(_Loaded(record), [record.find(name) for name in ids])
    return record.part(held, focus)


@cache
def labels() -> frozenset[str]:
    """The properties whose value may name one subject only."""
    return frozenset(
        name for table in properties().values() for name, told in table.items() if told.unique
    )


@cache
def references(kind: str) -> frozenset[str]:
    """The properties of a kind of subject whose value may name another subject."""
    told = properties()[kind].items()
    return frozenset(name for name, declared in told if declared.type in _REFERRING)


def _named_by(record: Record, claim: Claim) -> str:
    """The id that a claim names, or ''."""
    if claim.property not in references(record.subject(claim.subject).kind):
        return ""
    value = claim.value
    if isinstance(value, Share | Office):
        return value.party
    return value if isinstance(value, str) else ""


class Graph(Protocol):
    """What :func:`reach` asks: what claims on a subject name, and which subjects name another.

    ``naming`` and ``bearing`` may tell more than is so; what is not so is left out again.
    """

    def load(self, names: Iterable[str]) -> None:
        """Have the claims on those subjects at hand."""

    def kinds(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the names that are subjects, with their kinds."""

    def named(self, name: str, *by: str) -> Set[str]:
        """What the claims on a loaded subject (or on those of its properties) may name."""

    def borne(self, name: str) -> Set[str]:
        """The labels of a loaded subject that may name one subject only."""

    def naming(self, names: Iterable[str], *by: str) -> dict[str, set[str]]:
        """Name -> the subjects that may name it (by one of those properties)."""

    def meeting(self, sides: Sequence[Set[str]]) -> set[str]:
        """The subjects that may name two of the sides."""

    def bearing(self, texts: Iterable[str]) -> set[str]:
        """The subjects that may bear one of those labels."""


class _Loaded:
    """A record in memory as a graph."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._naming: dict[str, dict[str, set[str]]] = {}
        self._bearing: dict[str, set[str]] = {}
        unique = labels()
        for claim in record.unordered():
            if name := _named_by(record, claim):
                by = self._naming.setdefault(name, {})
                by.setdefault(claim.property, set()).add(claim.subject)
            if claim.property in unique:
                self._bearing.setdefault(claim.text, set()).add(claim.subject)

    def load(self, names: Iterable[str]) -> None:
        """Everything is loaded."""

    def kinds(self, names: Iterable[str]) -> dict[str, str]:
        has = self._record.has
        return {name: self._record.subject(name).kind for name in names if has(name)}

    def named(self, name: str, *by: str) -> Set[str]:
        told = self._record.claims_of(name, *by)
        return {_named_by(self._record, claim) for claim in told} - {""}

    def borne(self, name: str) -> Set[str]:
        return {claim.text for claim in self._record.claims_of(name, *labels())}

    def naming(self, names: Iterable[str], *by: str) -> dict[str, set[str]]:
        return {name: self._naming_one(name, by) for name in names}

    def _naming_one(self, name: str, by: Sequence[str]) -> set[str]:
        told = self._naming.get(name, {})
        return set().union(*(told[p] for p in by or told if p in told))

    def meeting(self, sides: Sequence[Set[str]]) -> set[str]:
        near = (set().union(*self.naming(side).values()) for side in sides)
        return set().union(*(one & other for one, other in combinations(near, 2)))

    def bearing(self, texts: Iterable[str]) -> set[str]:
        return set().union(*(self._bearing.get(text, set()) for text in texts))


def reach(graph: Graph, ids: Sequence[str]) -> tuple[set[str], Focus]:
    """The subjects that a question about some subjects has to know, and what it tells of."""
    walk = _Walk(graph)
    graph.load(ids)
    kinds = graph.kinds(ids)
    sides = walk.sides({name: kinds[name] for name in ids if kinds[name] in ("party", "person")})
    shown = set(ids)
    if sides:
        shown |= walk.between([parties | people for parties, people in sides])
    shown |= walk.hanging(shown)
    shown |= walk.people(shown)
    focus = Focus(frozenset(shown), tuple(frozenset(parties) for parties, _ in sides))
    return walk.needed(shown), focus


class _Walk:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def naming(self, names: Iterable[str], kinds: tuple[str, ...] | None, *by: str) -> set[str]:
        """The subjects that name one of those, by some properties; of those kinds, or things."""
        wanted = set(names)
        may = set().union(*self.graph.naming(wanted, *by).values())
        self.graph.load(may)
        found = {
            name
            for name, kind in self.graph.kinds(may).items()
            if (kind not in _PLAIN if kinds is None else kind in kinds)
        }
        return {name for name in found if self.graph.named(name, *by) & wanted}

    def sides(self, kinds: Mapping[str, str]) -> list[tuple[set[str], set[str]]]:
        """Each party with all that belongs to it, and the people who held an office there.

        All of them step by step together, so that a store is asked once a step.
        """
        named = self.graph.named
        parties = {name: {name} for name, kind in kinds.items() if kind == "party"}
        todo = dict(parties)
        while any(todo.values()):
            below = self.naming(set().union(*todo.values()), ("party",), *_ABOVE)
            for name, last in todo.items():
                todo[name] = {one for one in below if named(one, *_ABOVE) & last} - parties[name]
                parties[name] = parties[name] | todo[name]
        people = self.naming(set().union(*parties.values()), ("person",), "office")
        return [
            (parties[name], {one for one in people if named(one, "office") & parties[name]})
            if name in parties
            else (set(), {name})
            for name in kinds
        ]

    def between(self, sides: list[set[str]]) -> set[str]:
        """The things that name two of the sides (or the only one)."""
        needed = min(2, len(sides))
        if needed == 1:
            may = set().union(*self.graph.naming(sides[0]).values())
        else:
            may = self.graph.meeting(sides)
        self.graph.load(may)
        told = {
            name: self.graph.named(name)
            for name, kind in self.graph.kinds(may).items()
            if kind not in _PLAIN
        }
        return {
            name
            for name, named in told.items()
            if sum(not named.isdisjoint(side) for side in sides) >= needed
        }

    def hanging(self, shown: Iterable[str]) -> set[str]:
        """The things that name one of those, and so on."""
        kinds = self.graph.kinds(shown)
        todo = {name for name in shown if kinds.get(name, "") not in _PLAIN}
        found: set[str] = set()
        while todo:
            todo = self.naming(todo, None) - found - set(shown)
            found |= todo
        return found

    def people(self, shown: Iterable[str]) -> set[str]:
        """The people whom those name."""
        named = set().union(*map(self.graph.named, shown))
        return {name for name, kind in self.graph.kinds(named).items() if kind == "person"}

    def needed(self, shown: set[str]) -> set[str]:
        """Those, and what has to be known to answer about them as the whole record would."""
        held, todo = set(shown), set(shown)
        while todo:
            self.graph.load(todo)
            kinds = self.graph.kinds(todo)
            apart = {name for name in todo if kinds.get(name) != "party"}
            joined = self.naming(apart, ("judgement",), "a", "b")
            borne = set().union(*map(self.graph.borne, apart))
            others = self.graph.bearing(borne) if borne else set()
            others |= set().union(*(self.graph.named(name, "a", "b") for name in joined))
            todo = (joined | set(self.graph.kinds(others))) - held
            held |= todo
        named = set().union(*map(self.graph.named, held))
        todo = set(self.graph.kinds(named)) - held
        while todo:
            held |= todo
            self.graph.load(todo)
            parties = {name for name, kind in self.graph.kinds(held).items() if kind == "party"}
            self.graph.load(parties)
            above = set().union(*(self.graph.named(name, *_ABOVE) for name in parties))
            offices = set().union(*(self.graph.named(name, "office") for name in held))
            todo = set(self.graph.kinds(above | offices)) - held
        return held
