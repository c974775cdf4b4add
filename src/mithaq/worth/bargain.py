"""How the two sides of an agreement could share it: splits by rule, and a menu of deals.

If they do not agree there is no leg, and everything else stays as it is. With money that passes
freely the splits of Nash (1950), Kalai & Smorodinsky (1975) and the egalitarian one (Kalai 1977)
are the same: half of the joint gain each. They differ where money does not pass, and a share of a
field, a lifting volume or a swap has to do its work; that is what the menu is about.

Over a set of feasible deals in which nobody loses: Nash maximises the product of gains; Kalai and
Smorodinsky the smaller of the gains, each as a share of the most that its party could have; the
egalitarian rule the smaller gain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from mithaq.chain import Chain
from mithaq.chain.hindsight import Unknown
from mithaq.chain.scenarios import Scenario
from mithaq.errors import BatchError
from mithaq.games import members
from mithaq.record import Record
from mithaq.worth.agreement import scenario_then
from mithaq.worth.assumptions import assumptions
from mithaq.worth.batch import Progress, Where
from mithaq.worth.plan import CENTRAL, Valuer, View
from mithaq.worth.reciprocity import Payment, evenness

__all__ = ["RULES", "Bargain", "Deal", "bargain", "bargain_of", "choose"]

RULES = ("nash", "kalai_smorodinsky", "egalitarian")
#: What may take the place of money: kind of right → parameters, with bounds (None: the range's
#: own upper end).
INSTRUMENTS: Mapping[str, Mapping[str, tuple[float, float | None]]] = {
    "exploration": {"share": (0.0, 1.0)},
    "lifting": {"volume": (0.0, None)},
    "swap": {"cap": (0.0, None), "ratio": (0.5, 2.0)},
}
GRID = 7
FINE = 201
#: A pick is solved and learnt from until it moves by less than this share of the bounds.
STILL = 1e-6
ROUNDS = 8
_NOISE = 1e-3

Array = NDArray[np.float64]
Pair = tuple[float, float]
Setting = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Deal:
    """One way to share: which legs, at which terms, who pays whom; gains in million USD a year.

    ``transfer`` says what evens the deal: ``money``, ``none``, or the parameter that is set.
    ``index`` is the smaller gain over the larger, null where nobody gains.
    """

    transfer: str
    legs: tuple[str, ...]
    terms: Mapping[str, float]
    payment: Payment | None
    gains: Mapping[str, float]

    @property
    def joint(self) -> float:
        """What both gain together."""
        return sum(self.gains.values())

    @property
    def index(self) -> float | None:
        """How even the gains are."""
        one, other = self.gains.values()
        return evenness(one, other)

    def to_dict(self) -> dict[str, Any]:
        """The deal as plain values."""
        index = self.index
        return {
            "transfer": self.transfer,
            "legs": list(self.legs),
            "terms": dict(self.terms),
            "payment": self.payment.to_dict() if self.payment else None,
            "gains": {party: round(x, 3) + 0.0 for party, x in self.gains.items()},
            "joint": round(self.joint, 3) + 0.0,
            "index": index if index is None else round(index, 6),
        }


@dataclass(frozen=True)
class Bargain:
    """The deals between the two sides of a scenario.

    ``packages``: every set of legs at the central terms, no money passing. ``splits``: rule →
    transfer → the deal that the rule picks, None where every deal leaves somebody worse off.
    ``menu``: deals in which both gain, the largest joint gain first; no two of them are alike.
    """

    scenario: Scenario
    between: tuple[str, str]
    disagreement: Mapping[str, float]
    packages: tuple[Deal, ...]
    splits: Mapping[str, Mapping[str, Deal | None]]
    menu: tuple[Deal, ...]
    terms: Mapping[str, Mapping[str, Any]]
    equilibria: int
    max_violation: float
    chain: str
    left_out: tuple[Unknown, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The bargain as plain values: the keys of ``mithaq bargain --json``."""
        return {
            "agreement": self.scenario.agreement,
            "scenario": self.scenario.id,
            "year": self.scenario.year,
            "between": list(self.between),
            "disagreement": {k: round(x, 3) for k, x in self.disagreement.items()},
            "splits": {
                rule: {name: deal.to_dict() if deal else None for name, deal in found.items()}
                for rule, found in self.splits.items()
            },
            "menu": [deal.to_dict() for deal in self.menu],
            "packages": [deal.to_dict() for deal in self.packages],
            "terms": {
                name: {key: item[key] for key in ("right", "right_name", "parameter", "unit")}
                for name, item in self.terms.items()
            },
            "equilibria": self.equilibria,
            "max_violation": self.max_violation,
            "chain": self.chain,
            "left_out": [right.to_dict() for right in self.left_out],
        }


def choose(rule: str, gains: Sequence[Pair], most: Pair | None = None) -> int | None:
    """Return the place of the deal that a rule picks, None where each leaves somebody worse off.

    ``most`` is what each side could have at best, if not the best of these deals. Ties go to the
    larger joint gain, then to the first.

    >>> deals = [(6.0, 1.0), (3.0, 3.0), (4.0, 2.5), (9.0, -1.0)]
    >>> [choose(rule, deals) for rule in RULES]
    [2, 2, 1]
    """
    fair = [i for i, pair in enumerate(gains) if _fair(pair)]
    if not fair:
        return None
    best = most or tuple(max(max(gains[i][side], 0.0) for i in fair) for side in (0, 1))

    def score(pair: Pair) -> float:
        one, other = max(pair[0], 0.0), max(pair[1], 0.0)
        if rule == "nash":
            return one * other
        if rule == "egalitarian":
            return min(one, other)
        parts = [x / m for x, m in zip((one, other), best, strict=True) if m > _NOISE]
        return min(parts)

    return max(fair, key=lambda i: (round(score(gains[i]), 9), sum(gains[i]), -i))


def _fair(pair: Pair) -> bool:
    """Whether a deal leaves nobody worse off, and somebody better."""
    return min(pair) >= -_NOISE and sum(pair) > _NOISE


def bargain(
    record: Record,
    chain: Chain,
    name: str,
    *,
    then: Record | None = None,
    states: bool = False,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Bargain:
    """Return the deals on the scenario ``name``, or on the one for the agreement ``name``.

    ``then`` is the record as it was known at some time: rights whose figures rest on none of its
    claims are left out. Raises :class:`DataError` as :func:`worth.worth` does, and
    :class:`BatchError` as :func:`bargain_of`.
    """
    scenario, left_out = scenario_then(record, chain, name, then)
    found = bargain_of(scenario, chain, states=states, on=on, workers=workers, progress=progress)
    return replace(found, left_out=left_out)


def bargain_of(
    scenario: Scenario,
    chain: Chain,
    *,
    states: bool = False,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Bargain:
    """Return the deals between the firms of a scenario, or (``states``) their home states.

    Raises :class:`BatchError` where an equilibrium of the central terms cannot be certified; terms
    that have none are left out.
    """
    valuer = Valuer(scenario, chain, on=on, workers=workers, progress=progress)
    table = _Table(scenario, valuer, states=states)
    packages = table.packages()
    curves = [table.curve(*found, packages) for found in _instruments(scenario)]
    table.find(views for curve in curves for views in curve.views())
    found = {
        "money": dict.fromkeys(RULES, table.with_money(packages)),
        "none": {rule: _picked(rule, packages) for rule in RULES},
    }
    wanted = _settled(table, curves)
    for curve in curves:
        found[curve.name] = {rule: curve.deal(wanted[curve.name, rule]) for rule in RULES}
    splits = {rule: {name: deals[rule] for name, deals in found.items()} for rule in RULES}
    named = {item["id"]: item for item in assumptions(scenario) if "id" in item}
    return Bargain(
        scenario=scenario,
        between=table.sides,
        disagreement=dict(zip(table.sides, table.base, strict=True)),
        packages=packages,
        splits=splits,
        menu=_menu(table, packages, splits),
        terms={curve.name: named[curve.name] for curve in curves},
        equilibria=table.valuer.equilibria,
        max_violation=max(m.violation for m in table.valuer.measured.values()),
        chain=chain.hash,
    )


def _settled(table: _Table, curves: Sequence[_Curve]) -> dict[tuple[str, str], float | None]:
    """The setting that each rule picks on each curve, once solving it changes the pick no more."""
    wanted: dict[tuple[str, str], float | None] = {}
    open_picks = [(curve, rule) for curve in curves for rule in RULES]
    for _ in range(ROUNDS):
        moved = []
        for curve, rule in open_picks:
            before, now = wanted.get((curve.name, rule)), curve.best(rule)
            if now is None or before is None or abs(now - before) > STILL * curve.width:
                wanted[curve.name, rule] = now
                moved += [(curve, rule, now)] if now is not None else []
        if not moved:
            break
        table.find(curve.view(x) for curve, _, x in moved)
        for curve, _, x in moved:
            curve.learn(x)
        open_picks = [(curve, rule) for curve, rule, _ in moved]
    return wanted


def _picked(rule: str, deals: Sequence[Deal]) -> Deal | None:
    place = choose(rule, [(x, y) for x, y in (deal.gains.values() for deal in deals)])
    return None if place is None else deals[place]


def _menu(
    table: _Table, packages: Sequence[Deal], splits: Mapping[str, Mapping[str, Deal | None]]
) -> tuple[Deal, ...]:
    """Deals in which both gain: without money, by one term, and each package with a payment."""
    deals: list[Deal] = [deal for deal in packages if min(deal.gains.values()) > _NOISE]
    terms = [deal for found in splits.values() for deal in found.values() if deal]
    deals += [deal for deal in terms if deal.terms and min(deal.gains.values()) > _NOISE]
    paid = [table.paid(deal) for deal in packages if deal.joint > _NOISE]
    # Where nothing has to pass the package stands there already.
    deals += [deal for deal in paid if deal.payment and deal.payment.amount > _NOISE]
    kept: dict[tuple[Any, ...], Deal] = {}
    for deal in deals:
        rounded = tuple((name, round(x, 3)) for name, x in deal.terms.items())
        kept.setdefault((deal.legs, rounded, deal.payment is None), deal)
    return tuple(sorted(kept.values(), key=lambda d: (-d.joint, d.transfer, d.legs)))


def _instruments(scenario: Scenario) -> Iterable[tuple[str, str, Pair]]:
    for leg in scenario.legs:
        for right in leg.rights:
            for name, (low, high) in INSTRUMENTS.get(right.what, {}).items():
                parameter = right.parameters.get(name)
                if parameter is None or not parameter.id.startswith(f"{right.id}."):
                    continue
                top = parameter.high if high is None else high
                if top > low:
                    yield leg.id, parameter.id, (low, top)


class _Table:
    """The two sides at the table, and what each view gives them."""

    def __init__(self, scenario: Scenario, valuer: Valuer, *, states: bool) -> None:
        self.valuer = valuer
        self.legs = tuple(leg.id for leg in scenario.legs)
        one, other = scenario.parties
        self.sides = (one.state, other.state) if states else (one.firm, other.firm)
        self.keys = tuple(f"state of {side}" if states else side for side in self.sides)
        sets = [frozenset(self.legs[i] for i in members(b)) for b in range(1 << len(self.legs))]
        self.sets = [View(CENTRAL, legs) for legs in sets]
        valuer.run(self.sets)
        self.base = self._payoffs(self.sets[0])

    def _payoffs(self, view: View) -> Pair:
        found = self.valuer.value(view)
        one, other = (found.get(key, 0.0) for key in self.keys)
        return one, other

    def find(self, views: Iterable[View]) -> None:
        wanted = [view for view in dict.fromkeys(views) if view not in self.valuer.views]
        if wanted:
            self.valuer.run(wanted)

    def gains(self, view: View) -> Pair:
        one, other = self._payoffs(view)
        return one - self.base[0], other - self.base[1]

    def deal(self, transfer: str, legs: Iterable[str], terms: Setting, view: View) -> Deal:
        gains = dict(zip(self.sides, self.gains(view), strict=True))
        chosen = tuple(leg for leg in self.legs if leg in set(legs))
        return Deal(transfer, chosen, dict(terms), None, gains)

    def packages(self) -> tuple[Deal, ...]:
        """Every set of legs with at least one."""
        return tuple(self.deal("none", v.legs or (), (), v) for v in self.sets[1:])

    def paid(self, deal: Deal) -> Deal:
        """The deal with the payment after which both gain the same."""
        one, other = self.sides
        half = (deal.gains[one] - deal.gains[other]) / 2
        payment = Payment(one, other, half) if half >= 0 else Payment(other, one, -half)
        even = dict.fromkeys(self.sides, deal.joint / 2)
        return Deal("money", deal.legs, deal.terms, payment, even)

    def with_money(self, packages: Sequence[Deal]) -> Deal | None:
        """The package of the largest joint gain, shared in half."""
        best = max(packages, key=lambda deal: deal.joint)
        return self.paid(best) if best.joint > _NOISE else None

    def curve(self, leg: str, name: str, bounds: Pair, packages: Sequence[Deal]) -> _Curve:
        """Deals along one term, on the best package that has its leg."""
        having = [deal for deal in packages if leg in deal.legs]
        best = max(having, key=lambda deal: deal.joint)
        return _Curve(self, name, frozenset(best.legs), bounds)


class _Curve:
    """Deals along one term of one package: what was solved, a monotone cubic between."""

    def __init__(self, table: _Table, name: str, legs: frozenset[str], bounds: Pair) -> None:
        self.table, self.name, self.legs = table, name, legs
        self.width = bounds[1] - bounds[0]
        self.points = [float(x) for x in np.linspace(*bounds, GRID)]

    def view(self, x: float) -> View:
        return View(CENTRAL, self.legs, None, ((self.name, float(x)),))

    def views(self) -> list[View]:
        return [self.view(x) for x in self.points]

    def learn(self, x: float) -> None:
        """One more setting has been solved; two that are nearly the same tell no slope."""
        if all(abs(x - known) > STILL * self.width for known in self.points):
            self.points = sorted([*self.points, x])

    def best(self, rule: str) -> float | None:
        """The setting that a rule picks, None where none leaves both at least as well off."""
        told = [(x, pair) for x in self.points if (pair := self._known(x)) is not None]
        if len(told) < 2:
            return None
        xs = np.array([x for x, _ in told])
        cubic = PchipInterpolator(xs, np.array([pair for _, pair in told]))

        def pairs(at: Array) -> list[Pair]:
            return [(float(one), float(other)) for one, other in cubic(at)]

        def sought(pick: Callable[[list[Pair]], int | None]) -> float | None:
            """The setting that is picked, found on finer and finer grids around itself."""
            fine = np.linspace(xs[0], xs[-1], FINE)
            for _ in range(4):
                place = pick(pairs(fine))
                if place is None:
                    return None
                ends = fine[max(place - 1, 0)], fine[min(place + 1, FINE - 1)]
                found = float(fine[place])
                fine = np.linspace(*ends, FINE)
            return round(found, 9)

        # What each side could have at best: the greatest gain that leaves the other no worse off.
        most = []
        for side in (0, 1):
            top = sought(partial(_largest, side=side))
            if top is None:
                return None
            most.append(max(pairs(np.array([top]))[0][side], 0.0))
        return sought(lambda told: choose(rule, told, (most[0], most[1])))

    def _known(self, x: float) -> Pair | None:
        try:
            pair = self.table.gains(self.view(x))
        except BatchError:
            return None
        return pair if all(map(math.isfinite, pair)) else None

    def deal(self, x: float | None) -> Deal | None:
        """The deal at a setting, as the equilibrium there gives it."""
        if x is None or self._known(x) is None:
            return None
        terms = ((self.name, x),)
        return self.table.deal(self.name, self.legs, terms, self.view(x))


def _largest(gains: Sequence[Pair], side: int) -> int | None:
    """Place of the deal in which a side gains most and nobody loses."""
    fair = [i for i, pair in enumerate(gains) if _fair(pair)]
    return max(fair, key=lambda i: gains[i][side], default=None)
