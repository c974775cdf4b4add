"""A case in one hand: its record, its gas chain, and every question that can be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithaq.errors import DataError, Problem
from mithaq.record import (
    Balance,
    CheckReport,
    Deadlines,
    Event,
    Quality,
    Record,
    State,
    Who,
    balance,
    case_ids,
    check,
    deadlines,
    load_case,
    quality,
    state,
    timeline,
    who,
)
from mithaq.record.about import about as part_of
from mithaq.record.exports import FORMATS, export
from mithaq.record.files import shipped_folder
from mithaq.record.known import as_of
from mithaq.record.record import Case as About
from mithaq.record.search import Found, search_all
from mithaq.record.state import as_day

if TYPE_CHECKING:
    from mithaq.chain import Chain, Edit
    from mithaq.equilibrium import Equilibrium
    from mithaq.worth import Bargain, Forum, ForumDraws, Power, Sway, Together, Uncertain, Worth

__all__ = ["Case", "case_with", "chain_of", "load", "on_chain", "own_chain"]


Day = str | date | None


class Case:
    """The record of a partnership with the gas chain in which it is valued.

    Each method is the question of the same name on the command line. ``at`` is the day asked about
    and ``known`` leaves out what was published later, both a date or written YYYY-MM-DD; the third
    clock, when it was recorded, is an argument of :func:`load`. ``from_store`` says that the folder
    of the record holds its scenarios and chain only, and the claims came from elsewhere.
    """

    def __init__(self, record: Record, *, from_store: bool = False) -> None:
        self.record = record
        self.from_store = from_store

    @property
    def id(self) -> str:
        """Identifier of the case."""
        return self.record.id

    def as_of(self, at: Day = None, known: Day = None) -> Record:
        """The record as it could be known on day ``known``, without what began after day ``at``."""
        return as_of(self.record, at=_day(at, "at"), known=_day(known, "known"))

    def state(self, at: str | date, known: Day = None) -> State:
        """What was in force on day ``at``, by what sources had told up to day ``known``."""
        return state(self.record, at=at, known=known)

    def timeline(self, until: Day = None, known: Day = None) -> list[Event]:
        """The dated events of the record up to a day, in order."""
        return timeline(self.as_of(known=known), until)

    def check(self, at: Day = None, known: Day = None) -> CheckReport:
        """Contradictions between sources, and problems of the record.

        ``at`` leaves out claims about what began after that day.
        """
        return check(self.as_of(at, known))

    def deadlines(self, at: Day = None, within: str | int = "180d", known: Day = None) -> Deadlines:
        """What falls due within a span of day ``at`` (today): ends, notices, milestones."""
        return deadlines(self.record, at, known, within=within)

    def quality(self, at: Day = None, known: Day = None) -> tuple[Quality, ...]:
        """How well each subject is sourced."""
        return quality(self.as_of(at, known))

    def find(
        self,
        words: str,
        at: Day = None,
        known: Day = None,
        *,
        cross_script: bool = True,
        limit: int | None = None,
    ) -> Found:
        """Names, claims and sources in which all the words stand; names come first."""
        days = (_day(at, "at"), _day(known, "known"))
        return search_all(self.record, words, *days, cross_script, limit)

    def who(self, words: str, at: Day = None, known: Day = None) -> Who:
        """Which party or person those words name, in any script and spelling."""
        return who(self.as_of(at, known), words)

    def export(
        self, to: str, out: str | Path, at: Day = None, known: Day = None
    ) -> tuple[Path, ...]:
        """Write the record for other programs and return the files written.

        ``to`` is ftm, ocds, csv, parquet or jsonl. Raises DataError where it is none of these, and
        OSError where ``out`` cannot be written.
        """
        if to not in FORMATS:
            what = f"no form is called {to!r}"
            raise DataError([Problem(column="to", what=what, hint=f"known: {', '.join(FORMATS)}")])
        return tuple(export(self.as_of(at, known), to, Path(out)))

    def balance(
        self, a: str | None = None, b: str | None = None, at: Day = None, known: Day = None
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
        return balance(self.as_of(known=known), a, b, at=at)

    @cached_property
    def files(self) -> Record:
        """The record of the files beside which scenarios lie, which cite its claims."""
        if self.from_store and self.record.folder is not None:
            return load_case(self.record.folder)
        return self.record

    @cached_property
    def chain(self) -> Chain:
        """The gas chain of the case; see :func:`chain_of`."""
        return chain_of(self.record)

    def market(self, edits: Sequence[Edit] = ()) -> Equilibrium:
        """The market equilibrium of the chain after ``edits``. Raises SolveError without one.

        No clock: the chain has a base year, and no claim of the record enters it.
        """
        from mithaq.equilibrium import solve

        return solve(self.chain, edits)

    def worth(
        self,
        agreement: str | None = None,
        at: Day = None,
        known: Day = None,
        *,
        compare: Mapping[str, Sequence[float]] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Worth:
        """What the legs of a scenario (or of the agreement it revives) are worth to each party.

        Without a name, the first scenario of the case. Rights whose figures no claim had told by
        then are left out (``left_out`` names them). ``compare``: term → settings at which the worth
        is told too. Raises DataError where there is no scenario, or
        where every right is left out.
        """
        from mithaq.chain.legs import scenario_ids
        from mithaq.worth import worth

        name = agreement or next(iter(scenario_ids(self.record)), "")
        then = self._then(at, known)
        return worth(
            self.files,
            self.chain,
            name,
            then=then,
            compare=compare,
            on="processes",
            progress=progress,
        )

    def uncertain(
        self,
        agreement: str | None = None,
        at: Day = None,
        known: Day = None,
        *,
        draws: int = 128,
        seed: int = 1,
        legs: bool = False,
        alone: Sequence[str] = (),
        floors: bool = False,
        entry: bool = False,
        spare: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
        store: str | Path | None = None,
    ) -> Uncertain:
        """What is sure about an agreement's worth: draws over all its inputs at once.

        Without a name, the first scenario of the case. ``legs`` also tells what each leg alone
        would bring, ``alone`` the same of parts by name. Raises DataError as :meth:`worth` does;
        see :func:`worth.uncertain_of`.
        """
        from mithaq.chain.legs import scenario_ids
        from mithaq.worth.plan import World
        from mithaq.worth.uncertain import uncertain

        return uncertain(
            self.files,
            self.chain,
            agreement or next(iter(scenario_ids(self.record)), ""),
            draws=draws,
            seed=seed,
            legs=legs,
            alone=alone,
            world=World(floors=floors, entry=entry),
            spare=spare,
            then=self._then(at, known),
            on="processes",
            progress=progress,
            store=store,
        )

    def together(
        self,
        agreements: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Together:
        """Whether agreements support or spoil each other, and which to sign first.

        Each is a scenario, an agreement that has one, or ``scenario:leg`` for one leg of it. No
        clock: all their rights count. Raises DataError for one that is not there.
        """
        from mithaq.worth.together import together

        return together(self.files, self.chain, agreements, on="processes", progress=progress)

    def _then(self, at: Day, known: Day) -> Record | None:
        """The record by which rights are left out; None where all of them count."""
        whole = not self.from_store and at is None and known is None
        return None if whole else self.as_of(at, known)

    def bargain(
        self,
        agreement: str | None = None,
        at: Day = None,
        known: Day = None,
        *,
        states: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Bargain:
        """How the two sides could share an agreement: splits by rule, and a menu of deals.

        Without a name, the first scenario of the case. The sides are its firms, or (``states``)
        their home states. Raises DataError as :meth:`worth` does.
        """
        from mithaq.chain.legs import scenario_ids
        from mithaq.worth.bargain import bargain

        name = agreement or next(iter(scenario_ids(self.record)), "")
        return bargain(
            self.files,
            self.chain,
            name,
            then=self._then(at, known),
            states=states,
            on="processes",
            progress=progress,
        )

    def forum(
        self,
        members: Sequence[str] = (),
        strength: float = 1.0,
        at: Day = None,
        known: Day = None,
        *,
        floors: bool = False,
        entry: bool = False,
        progress: Callable[[int, int], None] | None = None,
        store: str | Path | None = None,
    ) -> Forum:
        """Every coalition of an exporters' forum: what it earns, who pays, whether it holds.

        ``members`` are firms, or countries that stand for their firms, named in any language of
        the record; without them the states that founded the forum, as far as it had been founded
        and was known of then. See :func:`worth.forum`.
        """
        from mithaq.worth.forum import forum

        named = self.forum_members(members, at, known)
        asked: dict[str, Any] = {"strength": strength, "floors": floors, "entry": entry}
        asked |= {"on": "processes", "progress": progress, "store": store}
        return forum(self.chain, named, **asked)

    def forum_moves(
        self,
        members: Sequence[str] = (),
        strength: float = 1.0,
        at: Day = None,
        known: Day = None,
        *,
        floors: bool = False,
        entry: bool = False,
        progress: Callable[[int, int], None] | None = None,
        store: str | Path | None = None,
    ) -> tuple[Sway, ...]:
        """How the forum of all members fares as one thing at a time is changed; see :meth:`forum`.

        The first is the question as asked. See :func:`worth.sway`.
        """
        from mithaq.worth.sway import sway

        named = self.forum_members(members, at, known)
        asked: dict[str, Any] = {"strength": strength, "floors": floors, "entry": entry}
        asked |= {"on": "processes", "progress": progress, "store": store}
        return sway(self.chain, named, **asked)

    def forum_draws(
        self,
        members: Sequence[str] = (),
        strength: float = 1.0,
        at: Day = None,
        known: Day = None,
        *,
        draws: int = 200,
        seed: int = 1,
        floors: bool = False,
        entry: bool = False,
        spare: float = 1.0,
        every: bool = False,
        progress: Callable[[int, int], None] | None = None,
        store: str | Path | None = None,
    ) -> ForumDraws:
        """How the forum of all members fares over draws of the market's inputs, all at once.

        Inputs are the factors of the market that the first scenario of the case names, and the
        calibrations of the chain. See :meth:`forum` and :func:`worth.forum_draws`.
        """
        from mithaq.chain.legs import load_scenario, scenario_ids
        from mithaq.worth.forum_draws import forum_draws
        from mithaq.worth.uncertain import market_inputs

        named = self.forum_members(members, at, known)
        first = next(iter(scenario_ids(self.record)), None)
        scenario = load_scenario(self.files, self.chain, first) if first else None
        inputs = market_inputs(scenario, self.chain)
        asked: dict[str, Any] = {"strength": strength, "floors": floors, "entry": entry}
        asked |= {"draws": draws, "seed": seed, "spare": spare, "every": every}
        asked |= {"on": "processes", "progress": progress, "store": store}
        return forum_draws(self.chain, named, inputs, **asked)

    def forum_members(
        self, members: Sequence[str] = (), at: Day = None, known: Day = None
    ) -> tuple[str, ...]:
        """Members of a forum by their names in the chain; without names, those who founded it.

        Raises DataError where the record does not tell of a founding.
        """
        from mithaq.worth.forum import members_named

        return members_named(self.as_of(at, known), self.chain, members)

    def power(
        self,
        players: Sequence[str] = (),
        *,
        outsiders: bool = False,
        line: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        store: str | Path | None = None,
    ) -> Power:
        """What exporters and transit countries bring to the gas trade: the access game.

        ``players`` are countries or firms, named in any language of the record; ``line`` is a
        planned line (Nord Stream, Medgaz, Galsi, the Trans-Saharan pipeline, Baltic LNG) or a file
        of edits, whose effect is told. No clock: no claim enters it. See :func:`worth.power`.
        """
        from mithaq.chain.lines import line_named
        from mithaq.worth.forum import chain_name
        from mithaq.worth.power import power

        return power(
            self.chain,
            [chain_name(self.record, self.chain, name) for name in players],
            outsiders=outsiders,
            line=line_named(line) if line else None,
            on="processes",
            progress=progress,
            store=store,
        )


def _day(value: Day, name: str) -> date | None:
    return None if value is None else as_day(value, name)


def chain_of(record: Record, year: int = 2010) -> Chain:
    """The gas chain of a case: that of its own folder ``chain``, else the shipped one of ``year``.

    Raises DataError where the tables have mistakes or no such year is shipped.
    """
    from mithaq.chain import Chain

    own = own_chain(record)
    return Chain.from_folder(own) if own else Chain.shipped(year)


def own_chain(record: Record) -> Path | None:
    """The folder ``chain`` of a case, None where it has none of its own."""
    own = Path(record.folder or "") / "chain"
    return own if record.folder and own.is_dir() else None


def load(
    case: str | Path | None = None,
    *,
    db: str | Path | None = None,
    recorded: str | date | datetime | None = None,
    about: Sequence[str] = (),
) -> Case:
    """Load a shipped case by its id, a folder of record files, or the store at an address.

    ``recorded`` is a time (UTC) or a day: the store as it was then. A store holds claims and no
    scenarios or chain: those come from the shipped case of the same id, or from the folder ``case``
    where one is named beside ``db``. ``about`` names subjects, by id or name: what concerns them
    and no more; two parties are the partnership between them.

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
    record.folder = _folder_of(record.id, case)
    return Case(record, from_store=True)


def on_chain(folder: str | Path, case: Case | None = None) -> Case:
    """A case on the gas chain of a folder in place of its own; without a case, of an empty record.

    Raises DataError where the tables have mistakes.
    """
    from mithaq.chain import Chain

    found = Case(case.record if case else Record(About(""), (), (), ()))
    found.from_store = bool(case and case.from_store)
    found.chain = Chain.from_folder(folder)
    return found


def case_with(agreement: str) -> str | None:
    """The shipped case that has an agreement or a scenario of this id; None unless it is one.

    >>> case_with("gazprom-sonatrach-mou-2006")
    'algeria-russia'
    """
    from mithaq.chain.legs import scenario_ids

    found = []
    for case in case_ids():
        record = load_case(case)
        agreements = {subject.id for subject in record.subjects("agreement")}
        if agreement in agreements.union(scenario_ids(record)):
            found.append(case)
    return found[0] if len(found) == 1 else None


def _folder_of(held: str, case: str | Path | None) -> Path | None:
    """The folder of files that goes with the case that a store holds, None where there is none."""
    if case is None or str(case) == held:
        return shipped_folder(held)
    files = load_case(case)
    if files.id != held:
        raise DataError([Problem(what=f"the store holds the case {held!r}, not {files.id!r}")])
    return files.folder
