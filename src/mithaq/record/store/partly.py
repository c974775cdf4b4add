"""The part of a store that concerns some subjects, read through the index alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from mithaq.record.about import labels, reach
from mithaq.record.collecting import no_collecting
from mithaq.record.record import Record
from mithaq.record.store.index import rows_naming, shortened
from mithaq.record.store.reading import Log
from mithaq.record.store.schema import claims
from mithaq.record.store.unread import Unread

__all__ = ["part_about"]


def part_about(log: Log, ids: Sequence[str]) -> Record:
    """As :func:`mithaq.record.about.about` of the record that the log makes; ids are ids."""
    graph = _Indexed(log)
    with no_collecting():
        held, focus = reach(graph, ids)
        graph.load(held)
        told = graph.told.part(name for name in graph.told if name in held)
        return log.made(log.subjects(held).values(), told, focus)


class _Indexed:
    """A log as a graph: what was read once is kept, and nothing is read that is not asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kinds: dict[str, str] = {}
        self._looked: set[str] = set()
        self.told = Unread({}, self._kinds)
        self._loaded: set[str] = set()
        self._naming: dict[str, set[str]] = {}

    def load(self, names: Iterable[str]) -> None:
        """Read the claims on those subjects that were not read yet."""
        new = set(names) - self._loaded
        if new:
            self._loaded |= new
            bodies: dict[str, list[str]] = {name: [] for name in self.kinds(new)}
            for _, subject, _, body in self._log.bodies(claims.c.subject, bodies):
                bodies[subject].append(body)
            self.told.add(bodies)

    def kinds(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the names that are subjects, with their kinds."""
        wanted = set(names)
        if new := wanted - self._looked:
            self._looked |= new
            self._kinds |= self._log.kinds(new)
        return {name: self._kinds[name] for name in wanted & self._kinds.keys()}

    def named(self, name: str, *by: str) -> Set[str]:
        """What the claims on a loaded subject (or on those of its properties) may name."""
        return self.told.named(name, *by) if name in self.told else set()

    def borne(self, name: str) -> Set[str]:
        """The labels of a loaded subject that may name one subject only."""
        table = self.told.get(name, {})
        return {claim.text for label in labels() for claim in table.get(label, ())}

    def naming(self, names: Iterable[str]) -> dict[str, set[str]]:
        """Name -> the subjects that may name it."""
        wanted = set(names)
        new = wanted - self._naming.keys()
        if new:
            self._naming |= {name: set() for name in new}
            self._naming |= self._subjects_of("refers", new)
        return {name: self._naming[name] for name in wanted}

    def bearing(self, texts: Iterable[str]) -> set[str]:
        """The subjects that may bear one of those labels."""
        return set().union(*self._subjects_of("label", texts).values())

    def _subjects_of(self, what: str, names: Iterable[str]) -> dict[str, set[str]]:
        wanted = set(names)
        rows = rows_naming(self._log.connection, what, wanted, self._log.last)
        about = self._log.about(set().union(*rows.values()))
        return {
            name: {about[row] for row in found if row in about}
            for name in wanted
            if (found := rows.get(shortened(name)))
        }
