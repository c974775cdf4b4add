"""The part of a store that concerns some subjects, read through the index alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from itertools import combinations

from mithaq.record.about import labels, reach
from mithaq.record.collecting import no_collecting
from mithaq.record.record import Record
from mithaq.record.store.index import subjects_joining, subjects_naming
from mithaq.record.store.reading import Latest, Log
from mithaq.record.store.unread import Unread, kind_in
from mithaq.record.values import IDENTIFIER

__all__ = ["part_about"]


def part_about(log: Log, words: Sequence[str], named: Callable[[str], str]) -> Record:
    """As :func:`mithaq.record.about.about` of the record that the log makes.

    ``named`` tells the id of what is called by a word that is no id.
    """
    graph = _Indexed(log)
    with no_collecting():
        graph.load(words)
        known = graph.kinds(words)
        held, focus = reach(graph, [word if word in known else named(word) for word in words])
        graph.load(held)
        told = graph.told.part(name for name in graph.told if name in held)
        return log.made(graph.rows(held), told, focus)


class _Indexed:
    """A log as a graph: what was read once is kept, and nothing is read that is not asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kinds: dict[str, str] = {}
        self._rows: Latest = {}
        self._looked: set[str] = set()
        self.told = Unread({}, self._kinds)
        self._loaded: set[str] = set()
        self._naming: dict[tuple[str, ...], dict[str, set[str]]] = {}

    def load(self, names: Iterable[str]) -> None:
        """Read the claims on those subjects that were not read yet."""
        new = set(names) - self._loaded
        if new:
            self._loaded |= new
            held, bodies = self._log.told_of(new)
            self._keep(new, held)
            self.told.add(bodies)

    def _keep(self, looked: set[str], found: Latest) -> None:
        self._looked |= looked
        self._rows |= found
        self._kinds |= {name: kind_in(body) for name, (_, body) in found.items()}

    def kinds(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the names that are subjects, with their kinds."""
        wanted = set(names)
        if new := wanted - self._looked:
            # Most values that may name a subject are texts that no subject can have as its id.
            self._keep(new, self._log.latest("subject", filter(IDENTIFIER.fullmatch, new)))
        return {name: self._kinds[name] for name in wanted & self._kinds.keys()}

    def rows(self, names: Iterable[str]) -> Latest:
        """Those of the names that are subjects, with their latest rows."""
        return {name: self._rows[name] for name in self.kinds(names)}

    def named(self, name: str, *by: str) -> Set[str]:
        """What the claims on a loaded subject (or on those of its properties) may name."""
        return self.told.named(name, *by) if name in self.told else set()

    def borne(self, name: str) -> Set[str]:
        """The labels of a loaded subject that may name one subject only."""
        table = self.told.get(name, {})
        return {claim.text for label in labels() for claim in table.get(label, ())}

    def naming(self, names: Iterable[str], *by: str) -> dict[str, set[str]]:
        """Name -> the subjects that may name it (by one of those properties)."""
        held = self._naming.setdefault(by, {})
        wanted = set(names)
        if new := wanted - held.keys():
            held |= {name: set() for name in new}
            held |= subjects_naming(self._log.connection, new, self._log.last, *by)
        return {name: held[name] for name in wanted}

    def meeting(self, sides: Sequence[Set[str]]) -> set[str]:
        """The subjects that may name two of the sides."""
        log = self._log
        pairs = combinations(sides, 2)
        return set().union(*(subjects_joining(log.connection, *p, log.last) for p in pairs))

    def bearing(self, texts: Iterable[str]) -> set[str]:
        """The subjects that may bear one of those labels."""
        log = self._log
        told = subjects_naming(log.connection, set(texts), log.last, *labels())
        return set().union(*told.values())
