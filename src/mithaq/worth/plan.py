"""Which equilibria an agreement's worth needs, and what they give.

A *world* is the gas system in which the legs are set: a calibration, with or without floors on the
parties' sales, with or without entry of sellers into markets in which they sold nothing. A *view*
is a world, the settings of the leg parameters, and a set of rights (legs, or one territory); it
has one equilibrium for each branch of exploration. Views share equilibria: the same edits in the
same world are solved once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from mithaq.chain import Add, BarMarket, Chain, Edit, Floor, OpenMarket, scenario_hash
from mithaq.chain.legs import Branch, Outlay, branches
from mithaq.chain.scenarios import Scenario
from mithaq.equilibrium import Equilibrium, solve
from mithaq.equilibrium.payoffs import payoff_table, state_parties
from mithaq.errors import BatchError, ModelError
from mithaq.worth.batch import Progress, Where, batch

__all__ = [
    "CENTRAL",
    "FLOOR_SHARE",
    "Measured",
    "Valuer",
    "View",
    "Views",
    "World",
    "least_sales",
    "opened",
    "resized",
]

#: Least sales under floors, as a share of what the parties sell where there is no leg.
FLOOR_SHARE = 0.75
#: A sale below this (bcm a year) is solver noise and gets no floor.
_NO_SALE = 1e-3
#: Relative difference of two sums of the same payoffs.
_SAME = 1e-9
#: Columns that say who is paid and leave every decision as it is (firms take rents as given).
_MONEY = {
    "fields": ("profit_share",),
    "pipelines": ("owner",),
    "terminals": ("owner",),
    "routes": ("owner",),
}


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
#: Key of a chain in a batch: the world, and whether legs are to be set in it.
Place = tuple[World, bool]
#: A chain with the production of the equilibrium without legs, from which others are near.
Site = tuple[Chain, "pd.Series[float] | None"]


@dataclass(frozen=True)
class View:
    """A set of rights at some settings in a world. ``legs`` None: all of them."""

    world: World = CENTRAL
    legs: frozenset[str] | None = None
    territory: str | None = None
    settings: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One equilibrium to find, and the scenarios that differ in who is paid and in nothing else.

    ``key`` is the hash of what shapes the equilibrium; ``scenarios`` holds the hash and the edits
    of each; ``legs``: whether any leg is set.
    """

    key: str
    world: World
    legs: bool
    scenarios: tuple[tuple[str, tuple[Edit, ...]], ...] = field(hash=False)
    states: tuple[str, ...] = ()
    firms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What is kept of an equilibrium: payoffs by party, states as subtotals, floors.

    ``floors``: (firm, market) → least spot sale at which the firm keeps the floor's share of all
    that it delivers there; gas sold ahead is kept anyway. Told only where no leg is set.
    """

    payoffs: dict[str, float]
    states: dict[str, float]
    floors: dict[tuple[str, str], float]
    production: pd.Series[float] | None
    violation: float


def measure(places: Mapping[Place, Site], job: Job) -> dict[str, Measured]:
    """Solve one job on the chain of its world; keep what worth needs of each of its scenarios."""
    (chain, near), (first, *others) = places[job.world, job.legs], job.scenarios
    found: Equilibrium = solve(chain, first[1], near=near)
    floors = {} if job.legs else least_sales(found, job.firms)
    production = None if job.legs else found.production
    violation = float(found.certificate.max_violation)

    def keep(lines: pd.DataFrame, paid: Chain) -> Measured:
        return Measured(*_payoffs(lines, paid, job.states), floors, production, violation)

    out = {first[0]: keep(found.payoff_lines, found.chain)}
    for key, edits in others:
        paid = chain.with_edits(edits)
        lines = payoff_table(paid, found.point)
        if abs(float(lines["musd"].sum()) - found.welfare) > _SAME * (1 + abs(found.welfare)):
            raise ModelError("scenarios that differ in payments alone differ in welfare")
        out[key] = keep(lines, paid)
    return out


def _payoffs(
    lines: pd.DataFrame, chain: Chain, states: Iterable[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Payoffs by party and subtotals of states, from the items of all payoffs."""
    payoffs = {str(party): float(x) for party, x in lines.groupby("party")["musd"].sum().items()}
    totals = {
        state: sum(payoffs.get(party, 0.0) for party in state_parties(chain, state))
        for state in states
    }
    return payoffs, totals


def _unpaid(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits without what only moves money: owners of arcs, and the host's profit share."""
    return tuple(
        Add(e.table, {key: x for key, x in e.row.items() if key not in _MONEY.get(e.table, ())})
        if isinstance(e, Add)
        else e
        for e in edits
    )


def least_sales(found: Equilibrium, firms: Sequence[str]) -> dict[tuple[str, str], float]:
    """Floors on spot sales that keep each firm at its share of what it delivers to a market."""
    spot: dict[tuple[str, str], float] = defaultdict(float)
    ahead: dict[tuple[str, str], float] = defaultdict(float)
    for row in found.deliveries.to_dict("records"):
        if row["firm"] in firms:
            kind = spot if row["kind"] == "spot" else ahead
            kind[row["firm"], row["market"]] += row["bcm"]
    least = {pair: FLOOR_SHARE * (q + ahead[pair]) - ahead[pair] for pair, q in spot.items()}
    return {pair: round(q, 9) for pair, q in sorted(least.items()) if q > _NO_SALE}


def opened(chain: Chain) -> Chain:
    """The chain with every market open to every seller."""
    return chain.with_edits(
        [
            OpenMarket(row["firm"], row["market"])
            for row in chain.rows("conduct")
            if not row["may_sell"]
        ]
    )


def resized(
    chain: Chain, firms: Collection[str], *, own: float = 1.0, others: float = 1.0
) -> Chain:
    """The chain with the capacity of the firms' fields times ``own``, of all others' ``others``.

    Capacities never fall below what is lifted as things are; those of fringes stay.
    """
    if own == 1 and others == 1:
        return chain
    lifted = solve(chain).production.groupby("field").sum()
    fringe = {row["name"] for row in chain.rows("firms") if row["fringe"]}
    fields = [dict(row) for row in chain.rows("fields")]
    for row in fields:
        owners = {cell.partition(":")[0].strip() for cell in row["owners"].split(";")}
        if owners <= fringe:
            continue
        factor = own if owners & set(firms) else others
        # a Golombek field cannot lift all of its capacity: leave a hundredth of room
        least = float(lifted.get(row["name"], 0.0)) * (1.01 if row["g"] < 0 else 1.0)
        row["capacity"] = max(row["capacity"] * factor, min(least, row["capacity"]))
    return chain.with_rows({"fields": fields})


def bounded(
    chain: Chain, world: World, firms: Sequence[str], floors: Mapping[tuple[str, str], float]
) -> Chain:
    """The chain into which legs are set: nobody enters unless the world or a leg lets him.

    Where the data say nothing of a firm in a market (it could not reach it), it may by default sell
    there; a right elsewhere would let it in by a side door. ``floors`` are what the firms would
    keep where there is no leg. Floors and bars leave the equilibrium without legs as it is.
    """
    edits: list[Edit] = []
    if not world.entry:
        told = {(row["firm"], row["market"]) for row in chain.rows("conduct")}
        free = [row["name"] for row in chain.rows("markets") if not row["supplier"]]
        edits += [
            BarMarket(firm, market)
            for firm in firms
            for market in free
            if (firm, market) not in told and (firm, market) not in floors
        ]
    if world.floors:
        edits += [Floor(firm, market, q) for (firm, market), q in sorted(floors.items())]
    return chain.with_edits(edits)


class Views:
    """One chain in one world: the equilibrium without legs, and those with edits, as asked for."""

    def __init__(
        self, chain: Chain, world: World, firms: Sequence[str], states: Sequence[str]
    ) -> None:
        self.homes = {row["name"]: row["home"] for row in chain.rows("firms")}
        self.states = tuple(states)
        plain = opened(chain) if world.entry else chain
        self.base = solve(plain)
        self.chain = bounded(plain, world, firms, least_sales(self.base, firms))

    def solve(self, edits: Sequence[Edit]) -> Equilibrium:
        """The equilibrium after ``edits``. Raises SolveError where there is none."""
        return solve(self.chain, edits, near=self.base.production) if edits else self.base

    def payoffs_of(self, found: Equilibrium, outlays: Iterable[Outlay] = ()) -> dict[str, float]:
        """Payoffs by party, outlays paid; states as ``state of X``."""
        payoffs, states = _payoffs(found.payoff_lines, found.chain, self.states)
        total: dict[str, float] = defaultdict(float, payoffs)
        total.update({f"state of {state}": x for state, x in states.items()})
        for outlay in outlays:
            pay_out(total, outlay, self.homes, self.states)
        return dict(total)


def pay_out(
    total: dict[str, float], outlay: Outlay, homes: Mapping[str, str], states: Sequence[str]
) -> None:
    """Book an outlay with its payer and its receiver, and with their home states."""
    for party, amount in ((outlay.payer, -outlay.amount), (outlay.receiver, outlay.amount)):
        if not party:  # paid away: wages and steel, of no party
            continue
        total[party] += amount
        home = homes.get(party) or party.removeprefix("treasury of ")
        if home in states:
            total[f"state of {home}"] += amount


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
        self.bases: dict[World, str] = {}
        self.failures: dict[str, Exception] = {}
        self.equilibria = 0
        self._plains: dict[World, Chain] = {}

    # Which equilibria

    def run(self, views: Iterable[View]) -> None:
        """Find every equilibrium that the views need; what cannot be found stands in ``failures``.

        Raises BatchError where the equilibrium of a world without legs cannot be found.
        """
        wanted = list(dict.fromkeys(views))
        worlds = list(dict.fromkeys(view.world for view in wanted))
        plains = {world: self._plain(world) for world in dict.fromkeys(w.base for w in worlds)}
        for world, chain in plains.items():
            self.bases[world] = scenario_hash(chain.hash, ())
        # A handful of equilibria, on which the others rest: not worth starting a process.
        first = [(world, self.bases[world], ()) for world in plains]
        guess = sum(len(self._branches(view, self.chain)) for view in wanted)
        here: dict[Place, Site] = {(w, False): (chain, None) for w, chain in plains.items()}
        self._solve(first, here, "here", guess)
        if self.failures:
            raise BatchError(self.failures)
        chains = {world: self._set(world) for world in worlds}
        hashes = {world: chain.hash for world, chain in chains.items()}
        jobs = []
        for view in wanted:
            turns = self._branches(view, chains[view.world])
            keys = [self._key(view, hashes[view.world], turn.edits) for turn in turns]
            self.views[view] = tuple(zip(turns, keys, strict=True))
            jobs += [(view.world, key, b.edits) for b, key in self.views[view]]
        near = {world: self.measured[key].production for world, key in self.bases.items()}
        near = self._with_legs(chains[CENTRAL], near) if CENTRAL in chains else near
        sites: dict[Place, Site] = {(w, True): (c, near[w.base]) for w, c in chains.items()}
        self._solve(jobs, sites, self.on, 0)

    def _with_legs(
        self, chain: Chain, near: Mapping[World, pd.Series[float] | None]
    ) -> dict[World, pd.Series[float] | None]:
        """Productions to start from, with those of the fields that legs add or share out."""
        turns = self._branches(View(), chain)
        whole = solve(chain, max(turns, key=lambda turn: len(turn.edits)).edits).production
        return {
            world: whole if world == CENTRAL or base is None else base.combine_first(whole)
            for world, base in near.items()
        }

    def _key(self, view: View, chain: str, edits: tuple[Edit, ...]) -> str:
        """Hash of a scenario; with no edit it is the base, whose floors and bars hold anyway."""
        return scenario_hash(chain, edits) if edits else self.bases[view.world.base]

    def _branches(self, view: View, chain: Chain) -> tuple[Branch, ...]:
        return branches(
            self.scenario,
            chain,
            legs=view.legs,
            territory=view.territory,
            settings=dict(view.settings),
        )

    def _plain(self, world: World) -> Chain:
        """The calibrated chain, opened to every seller where the world has entry."""
        if world.base not in self._plains:
            chain = self.chain.calibrated(world.calibration) if world.calibration else self.chain
            self._plains[world.base] = opened(chain) if world.entry else chain
        return self._plains[world.base]

    def _set(self, world: World) -> Chain:
        """The chain into which legs are set."""
        floors = self.measured[self.bases[world.base]].floors
        return bounded(self._plain(world), world, self.firms, floors)

    def _solve(
        self,
        scenarios: Sequence[tuple[World, str, tuple[Edit, ...]]],
        sites: Mapping[Place, Site],
        on: Where,
        later: int,
    ) -> None:
        alike: dict[str, list[tuple[World, str, tuple[Edit, ...]]]] = {}
        for scenario in {entry[1]: entry for entry in scenarios}.values():
            world, key, edits = scenario
            if key not in self.measured:
                shape = f"{world}:{scenario_hash('', _unpaid(edits))}"
                alike.setdefault(shape, []).append(scenario)
        todo = {}
        for entries in alike.values():
            (world, key, edits), pairs = entries[0], tuple(entry[1:] for entry in entries)
            todo[key] = Job(key, world, bool(edits), pairs, self.states, self.firms)
        done = self.equilibria

        def tell(now: int, total: int) -> None:
            if self.progress:
                self.progress(done + now, done + total + later)

        found = batch(measure, todo, shared=sites, on=on, workers=self.workers, progress=tell)
        for measured in found.results.values():
            self.measured.update(measured)
        for shape, error in found.failures.items():
            self.failures.update((key, error) for key, _ in todo[shape].scenarios)
        self.equilibria += len(found.results)

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
        """Expected payoffs by party in a view, outlays paid; states as ``state of X``.

        Raises BatchError where an equilibrium of the view was not found.
        """
        total: dict[str, float] = defaultdict(float)
        for branch, payoffs in self.by_branch(view):
            for party, x in payoffs.items():
                total[party] += branch.probability * x
        return dict(total)

    def by_branch(self, view: View) -> list[tuple[Branch, dict[str, float]]]:
        """Payoffs in each branch of a view, outlays paid. Raises BatchError as :meth:`value`."""
        failed = {key: self.failures[key] for _, key in self.views[view] if key in self.failures}
        if failed:
            raise BatchError(failed)
        out = []
        for branch, key in self.views[view]:
            found = self.measured[key]
            total: dict[str, float] = defaultdict(float, found.payoffs)
            for state, x in found.states.items():
                total[f"state of {state}"] = x
            for outlay in branch.outlays:
                pay_out(total, outlay, self.homes, self.states)
            out.append((branch, dict(total)))
        return out

    def outlays(self, view: View) -> dict[str, float]:
        """What each party pays (negative) or gets a year beside the market, expected."""
        total: dict[str, float] = defaultdict(float)
        for branch, _ in self.views[view]:
            for outlay in branch.outlays:
                part = replace(outlay, amount=branch.probability * outlay.amount)
                pay_out(total, part, self.homes, self.states)
        return dict(total)
