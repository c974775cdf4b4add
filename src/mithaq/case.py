"""A case in one hand: its record, its gas chain, and every question that can be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mithaq.errors import DataError, Problem
from mithaq.record import (
    Balance,
    CheckReport,
    Deadlines,
    Event,
    Quality,
    Record,
    State,
    balance,
    check,
    deadlines,
    load_case,
    quality,
    state,
    timeline,
)
from mithaq.record.about import about as part_of
from mithaq.record.known import begun_by, known_on
from mithaq.record.state import as_day

if TYPE_CHECKING:
    from mithaq.chain import Chain, Edit
    from mithaq.equilibrium import Equilibrium
    from mithaq.worth import Forum, Worth

__all__ = ["Case", "chain_of", "load"]


class Case:
    """The record of a partnership with the gas chain in which it is valued.

    Each method is the question of the same name on the command line.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def id(self) -> str:
        """Identifier of the case."""
        return self.record.id

    def state(self, at: str, known: str | None = None) -> State:
        """What was in force on day ``at``, by what sources had told up to day ``known``."""
        return state(self.record, at=at, known=known)

    def timeline(self, until: str | None = None, known: str | None = None) -> list[Event]:
        """The dated events of the record up to a day, in order."""
        return timeline(self._known(known), until)

    def check(self, at: str | None = None, known: str | None = None) -> CheckReport:
        """Contradictions between sources, and problems of the record.

        ``at`` leaves out claims about what began after that day.
        """
        day = None if at is None else as_day(at, "at")
        return check(begun_by(self._known(known), day))

    def deadlines(self, at: str | None = None, within: str = "180d") -> Deadlines:
        """What falls due within a span of day ``at`` (today): ends, notices, milestones."""
        return deadlines(self.record, at, within=within)

    def quality(self) -> tuple[Quality, ...]:
        """How well each subject is sourced."""
        return quality(self.record)

    def balance(
        self,
        a: str | None = None,
        b: str | None = None,
        at: str | None = None,
        known: str | None = None,
    ) -> Balance:
        """Reciprocity between two states: what each granted to the other's companies.

        Without names, between the two home states that the case itself names; DataError where it
        names none.
        """
        if a is None or b is None:
            states = self.record.case.states
            if len(states) != 2:
                raise DataError(
                    [Problem("case.yaml", what="names no two states", hint="name them")]
                )
            a, b = states
        return balance(self._known(known), a, b, at=at)

    def _known(self, known: str | None) -> Record:
        return known_on(self.record, None if known is None else as_day(known, "known"))[0]

    @cached_property
    def chain(self) -> Chain:
        """The gas chain of the case; see :func:`chain_of`."""
        return chain_of(self.record)

    def market(self, edits: Sequence[Edit] = ()) -> Equilibrium:
        """The market equilibrium of the chain after ``edits``. Raises SolveError without one."""
        from mithaq.equilibrium import solve

        return solve(self.chain, edits)

    def worth(
        self, agreement: str | None = None, progress: Callable[[int, int], None] | None = None
    ) -> Worth:
        """What the legs of a scenario (or of the agreement it revives) are worth to each party.

        Without a name, the first scenario of the case. Raises DataError where there is none.
        """
        from mithaq.chain.legs import scenario_ids
        from mithaq.worth import worth

        name = agreement or next(iter(scenario_ids(self.record)), "")
        return worth(self.record, self.chain, name, on="processes", progress=progress)

    def forum(
        self,
        members: Sequence[str] = (),
        strength: float = 1.0,
        *,
        floors: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Forum:
        """Every coalition of an exporters' forum: what it earns, who pays, whether it holds.

        ``members`` are firms, or countries that stand for their firms, named in any language of
        the record; without them the states that founded the forum. See :func:`worth.forum`.
        """
        from mithaq.worth.forum import forum, members_named

        named = members_named(self.record, self.chain, members)
        return forum(
            self.chain, named, strength=strength, floors=floors, on="processes", progress=progress
        )


def chain_of(record: Record, year: int = 2010) -> Chain:
    """The gas chain of a case: that of its own folder ``chain``, else the shipped one of ``year``.

    Raises DataError where the tables have mistakes or no such year is shipped.
    """
    from mithaq.chain import Chain

    own = Path(record.folder or "") / "chain"
    return Chain.from_folder(own) if record.folder and own.is_dir() else Chain.shipped(year)


def load(
    case: str | Path | None = None,
    *,
    db: str | Path | None = None,
    recorded: str | date | datetime | None = None,
    about: Sequence[str] = (),
) -> Case:
    """Load a shipped case by its id, a folder of record files, or the store at an address.

    ``recorded`` is a time (UTC) or a day: the store as it was then. ``about`` names subjects, by
    id or name: what concerns them and no more; two parties are the partnership between them.

    Raises DataError with every mistake found in the files, or where the store cannot be read or
    holds another case.
    """
    if db is None:
        if case is None or recorded is not None:
            what = "recorded asks a store; name it with db" if recorded else "no case is named"
            raise DataError([Problem(what=what)])
        whole = load_case(case)
        return Case(part_of(whole, *about) if about else whole)
    from mithaq.record.store import Store

    store = Store(db)
    try:
        record = store.record(recorded, about)
    finally:
        store.close()
    if case is not None and str(case) != record.id:
        raise DataError([Problem(what=f"the store holds the case {record.id!r}, not {case!r}")])
    return Case(record)
