"""Which equilibria an agreement's worth needs, and what they give.

A *world* is the gas system in which the legs are set: a calibration, with or without floors on the
parties' sales, with or without entry of sellers into markets in which they sold nothing. A *view*
is a world, the settings of the leg parameters, and a set of rights (legs, or one territory); it
has one equilibrium for each branch of exploration. Views share equilibria: the same edits in the
same world are solved once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain, Edit, Floor, OpenMarket, scenario_hash
from mithaq.chain.legs import Branch, branches
from mithaq.chain.scenarios import Scenario
from mithaq.equilibrium import Equilibrium, solve
from mithaq.worth.batch import Progress, Where, batch

__all__ = ["CENTRAL", "FLOOR_SHARE", "Measured", "Valuer", "View", "World"]

#: Least sales under floors, as a share of what the parties sell where there is no leg.
FLOOR_SHARE = 0.75
#: A sale below this (bcm a year) is solver noise and gets no floor.
_NO_SALE = 1e-3

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """A gas system: calibration ('' is the chain as it stands), floors, entry."""

    calibration: str = ""
    floors: bool = False
    entry: bool = False

    @property
    def base(self) -> World:
        """The same world without floors, whose sales the floors are taken from."""
        return World(self.calibration, False, self.entry)


CENTRAL = World()


@dataclass(frozen=True)
class View:
    """A set of rights at some settings in a world. ``legs`` None: all of them."""

    world: World = CENTRAL
    legs: frozenset[str] | None = None
    territory: str | None = None
    settings: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One equilibrium to find. ``key`` is the hash of its scenario."""

    key: str
    calibration: str
    edits: tuple[Edit, ...] = field(hash=False)
    states: tuple[str, ...] = ()
    firms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What is kept of an equilibrium: payoffs by party, states as subtotals, floors, prices.

    ``floors``: (firm, market) → least spot sale at which the firm keeps the floor's share of all
    that it delivers there; gas sold ahead is kept anyway.
    """

    payoffs: dict[str, float]
    states: dict[str, float]
    floors: dict[tuple[str, str], float]
    prices: dict[str, float]
    violation: float


def measure(bases: Mapping[str, Chain], job: Job) -> Measured:
    """Solve one job on the calibrated chains ``bases`` and keep what worth needs."""
    found: Equilibrium = solve(bases[job.calibration], job.edits)
    return Measured(
        payoffs={str(party): float(x) for party, x in found.payoffs().items()},
        states={state: float(found.state_payoff(state)) for state in job.states},
        floors=_least_sales(found, job.firms),
        prices={str(market): float(p) for market, p in found.market_prices.items()},
        violation=float(found.certificate.max_violation),
    )


def _least_sales(found: Equilibrium, firms: Sequence[str]) -> dict[tuple[str, str], float]:
    table = found.deliveries
    least = {}
    for (firm, market), rows in table[table["firm"].isin(firms)].groupby(["firm", "market"]):
        total = float(rows["bcm"].sum())
        ahead = float(rows.loc[rows["kind"] != "spot", "bcm"].sum())
        floor = FLOOR_SHARE * total - ahead
        if floor > _NO_SALE:
            least[str(firm), str(market)] = round(floor, 9)
    return least


class Valuer:
    """Expected payoffs of views, with every equilibrium found once.

    ``add`` the views that will be asked for, ``run``, then read ``value`` of each.
    """

    def __init__(
        self,
        scenario: Scenario,
        chain: Chain,
        *,
        on: Where = "here",
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.scenario = scenario
        self.chain = chain
        self.on: Where = on
        self.workers = workers
        self.progress = progress
        self.firms = tuple(party.firm for party in scenario.parties)
        self.states = tuple(sorted({party.state for party in scenario.parties}))
        self.homes = {row["name"]: row["home"] for row in chain.rows("firms")}
        self.views: dict[View, tuple[tuple[Branch, str], ...]] = {}
        self.measured: dict[str, Measured] = {}
        self._entry: tuple[Edit, ...] | None = None

    # Which equilibria

    def run(self, views: Iterable[View]) -> None:
        """Find every equilibrium that the views need. Raises BatchError where some cannot be."""
        wanted = list(dict.fromkeys(views))
        worlds = dict.fromkeys(view.world.base for view in wanted)
        bases = {world: self._job(world, ()) for world in worlds}
        plain = [view for view in wanted if not view.world.floors]
        jobs = [*bases.values(), *self._jobs(plain)]
        floored = [view for view in wanted if view.world.floors]
        # Floors need the sales of the worlds without; the total is guessed until they are known.
        extra = sum(len(self._branches(view)) for view in floored)
        self._solve(jobs, extra)
        self._solve(self._jobs(floored), 0)

    def _jobs(self, views: Iterable[View]) -> list[Job]:
        jobs = []
        for view in views:
            pairs = [(b, self._job(view.world, b.edits)) for b in self._branches(view)]
            self.views[view] = tuple((branch, job.key) for branch, job in pairs)
            jobs += [job for _, job in pairs]
        return jobs

    def _branches(self, view: View) -> tuple[Branch, ...]:
        return branches(
            self.scenario,
            self.chain,
            legs=view.legs,
            territory=view.territory,
            settings=dict(view.settings),
        )

    def _job(self, world: World, edits: Sequence[Edit]) -> Job:
        # Floors hold by themselves where there is no leg: they stand below what is sold then.
        floors = self._floors(world) if world.floors and edits else ()
        every = (*(self._opened() if world.entry else ()), *floors, *edits)
        key = scenario_hash(f"{self.chain.hash}:{world.calibration}", every)
        return Job(key, world.calibration, every, self.states, self.firms)

    def _floors(self, world: World) -> tuple[Edit, ...]:
        base = self.measured[self._job(world.base, ()).key]
        return tuple(Floor(firm, market, q) for (firm, market), q in sorted(base.floors.items()))

    def _opened(self) -> tuple[Edit, ...]:
        """Every seller may enter every market from which the conduct table keeps it."""
        if self._entry is None:
            self._entry = tuple(
                OpenMarket(row["firm"], row["market"])
                for row in self.chain.rows("conduct")
                if not row["may_sell"]
            )
        return self._entry

    def _solve(self, jobs: Sequence[Job], later: int) -> None:
        todo = {job.key: job for job in jobs if job.key not in self.measured}
        if not todo:
            return
        done = len(self.measured)
        names = {"", *(job.calibration for job in todo.values())}
        bases = {name: self.chain.calibrated(name) if name else self.chain for name in names}

        def tell(now: int, total: int) -> None:
            if self.progress:
                self.progress(done + now, done + total + later)

        result = batch(measure, todo, shared=bases, on=self.on, workers=self.workers, progress=tell)
        self.measured.update(result.checked())

    # What they give

    def parties(self) -> tuple[str, ...]:
        """Every party with a payoff in any equilibrium, then every receiver or payer of outlays."""
        names: dict[str, None] = {}
        for measured in self.measured.values():
            names.update(dict.fromkeys(measured.payoffs))
        for pairs in self.views.values():
            for branch, _ in pairs:
                names.update(dict.fromkeys(o.payer for o in branch.outlays))
                names.update(dict.fromkeys(o.receiver for o in branch.outlays if o.receiver))
        return tuple(sorted(names))

    def value(self, view: View) -> dict[str, float]:
        """Expected payoffs by party in a view, outlays paid; states as ``state of X``."""
        total: dict[str, float] = defaultdict(float)
        for branch, payoffs in self.by_branch(view):
            for party, x in payoffs.items():
                total[party] += branch.probability * x
        return dict(total)

    def by_branch(self, view: View) -> list[tuple[Branch, dict[str, float]]]:
        """Payoffs in each branch of a view, outlays paid."""
        out = []
        for branch, key in self.views[view]:
            found = self.measured[key]
            total: dict[str, float] = defaultdict(float, found.payoffs)
            for state, x in found.states.items():
                total[f"state of {state}"] = x
            for outlay in branch.outlays:
                self._pay(total, outlay.payer, -outlay.amount)
                self._pay(total, outlay.receiver, outlay.amount)
            out.append((branch, dict(total)))
        return out

    def _pay(self, total: dict[str, float], party: str, amount: float) -> None:
        if not party:  # paid away: wages and steel, of no party
            return
        total[party] += amount
        home = self.homes.get(party) or party.removeprefix("treasury of ")
        if home in self.states:
            total[f"state of {home}"] += amount
