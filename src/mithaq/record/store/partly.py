"""The part of a store that concerns some subjects, read through the index alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mithaq.record.about import reach
from mithaq.record.claims import Claim
from mithaq.record.collecting import no_collecting
from mithaq.record.record import Record
from mithaq.record.store.index import rows_naming, shortened
from mithaq.record.store.reading import Log
from mithaq.record.store.rows import Row
from mithaq.record.store.schema import claims

__all__ = ["part_about"]


def part_about(log: Log, ids: Sequence[str]) -> Record:
    """As :func:`mithaq.record.about.about` of the record that the log makes; ids are ids."""
    graph = _Indexed(log)
    with no_collecting():
        held, focus = reach(graph, ids)
        graph.load(held)
        told = [claim for name in held for claim in graph.claims(name)]
        cited = {claim.source for claim in told} - {""}
        subjects = [row for name, row in graph.subjects.items() if name in held]
        return log.made(log.sources(cited).values(), subjects, told, focus)


class _Indexed:
    """A log as a graph: what was read once is kept, and nothing is read that is not asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.subjects: dict[str, Row] = {}
        self._looked: set[str] = set()
        self._claims: dict[str, Sequence[Claim]] = {}
        self._naming: dict[str, set[str]] = {}

    def load(self, names: Iterable[str]) -> None:
        """Read the claims on those subjects that were not read yet."""
        new = set(names) - self._claims.keys()
        if new:
            self.kinds(new)
            bodies: dict[str, list[str]] = {name: [] for name in new & self.subjects.keys()}
            for _, subject, _, body in self._log.bodies(claims.c.subject, bodies):
                bodies[subject].append(body)
            self._claims |= dict.fromkeys(new, ())
            self._claims |= self._log.claims_of(bodies, self.subjects)

    def kinds(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the names that are subjects, with their kinds."""
        wanted = set(names)
        if new := wanted - self._looked:
            self._looked |= new
            self.subjects |= self._log.subjects(new)
        return {n: self.subjects[n].content["kind"] for n in wanted & self.subjects.keys()}

    def claims(self, name: str) -> Sequence[Claim]:
        """The claims on a subject that was loaded."""
        return self._claims.get(name, ())

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
