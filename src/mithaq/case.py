"""A case in one hand: its record, its gas chain, and every question that can be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

if TYPE_CHECKING:
    from mithaq.chain import Chain, Edit
    from mithaq.equilibrium import Equilibrium
    from mithaq.worth import Worth

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

    def timeline(self) -> list[Event]:
        """The dated events of the record, in order."""
        return timeline(self.record)

    def check(self) -> CheckReport:
        """Contradictions between sources, and problems of the record."""
        return check(self.record)

    def deadlines(self, at: str | None = None, within: str = "180d") -> Deadlines:
        """What falls due within a span of day ``at`` (today): ends, notices, milestones."""
        return deadlines(self.record, at, within=within)

    def quality(self) -> tuple[Quality, ...]:
        """How well each subject is sourced."""
        return quality(self.record)

    def balance(self, a: str | None = None, b: str | None = None, at: str | None = None) -> Balance:
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
        return balance(self.record, a, b, at=at)

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


def chain_of(record: Record, year: int = 2010) -> Chain:
    """The gas chain of a case: that of its own folder ``chain``, else the shipped one of ``year``.

    Raises DataError where the tables have mistakes or no such year is shipped.
    """
    from mithaq.chain import Chain

    own = Path(record.folder or "") / "chain"
    return Chain.from_folder(own) if record.folder and own.is_dir() else Chain.shipped(year)


def load(case: str | Path) -> Case:
    """Load a shipped case by its id, or a folder of record files.

    Raises DataError with every mistake found in the files.
    """
    return Case(load_case(case))
