"""Solve a chain: an equilibrium that comes with its evidence, or no equilibrium at all."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mithaq.chain import Chain, Change, Edit
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.arcs import Arc
from mithaq.equilibrium.backends import Answer
from mithaq.equilibrium.by_slot import BySlot, investments
from mithaq.equilibrium.certificate import Certificate, certify
from mithaq.equilibrium.concave import check_concave
from mithaq.equilibrium.infeasible import explain, less_to_take, would_do
from mithaq.equilibrium.narrow import solve_narrow
from mithaq.equilibrium.notes import Note, notes_on
from mithaq.equilibrium.payoffs import Ledger, booked, state_parties
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.sheet import Sheet
from mithaq.equilibrium.solvers import Method, Outcome, changed, solve_program
from mithaq.equilibrium.start import Start, Used
from mithaq.equilibrium.uniqueness import Face
from mithaq.errors import SolveError
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Equilibrium", "solve"]


@dataclass(eq=False)
class Equilibrium:
    """Who sells what where, at what price, and the evidence that nobody would do otherwise.

    Quantities are bcm a year, prices USD/1000 m3, money million USD a year. Where ``outcome`` is
    not ``Outcome.SOLVED`` no quantity and no price can be read: SolveError is raised instead. Where
    obligations cannot be met, ``reasons`` say which, and ``cure`` holds the smallest edits after
    which they can.
    """

    chain: Chain
    outcome: Outcome
    method: Method
    solver_status: str
    size: dict[str, int]
    seconds: dict[str, float]
    reasons: tuple[str, ...] = ()
    cure: tuple[Edit, ...] = ()
    _point: Point | None = field(default=None, repr=False)
    _certificate: Certificate | None = None
    _ledger: Ledger | None = field(default=None, repr=False)

    @property
    def solved(self) -> bool:
        """Whether the point is a certified equilibrium."""
        return self.outcome is Outcome.SOLVED

    @property
    def point(self) -> Point:
        """Every quantity and value by the user's labels. Raises SolveError if not solved."""
        if self._point is None or not self.solved:
            message = Sentence(
                "no equilibrium: {why} ({status})",
                why=Sentence(self.outcome.value),
                status=self.solver_status,
            )
            raise SolveError(message, outcome=self.outcome, rows=self.reasons)
        return self._point

    @property
    def certificate(self) -> Certificate:
        """The recomputed conditions; also there where they do not hold, to see which fail."""
        if self._certificate is None:
            message = Sentence("no point to certify: {why}", why=Sentence(self.outcome.value))
            raise SolveError(message, outcome=self.outcome)
        return self._certificate

    @cached_property
    def by_slot(self) -> BySlot:
        """Frames with a row for each period of each year: prices, sales, flows, storage and more.

        Without periods and years there is one slot, and what is below says the same.
        """
        return BySlot(self.chain, calendar_of(self.chain), self.point)

    @cached_property
    def investments(self) -> pd.DataFrame:
        """What is built: columns table, row, firm, year, built, unit, musd (undiscounted cost)."""
        return investments(self.chain, self.by_slot.calendar, self.point)

    @cached_property
    def deliveries(self) -> pd.DataFrame:
        """Columns firm, market, node, kind (spot, contract, regulated), bcm.

        Here and below: bcm a year, the mean over all slots weighted by time.
        """
        frame = self.by_slot.all_deliveries
        time = self.by_slot.time
        if len(time) == 1:
            return frame.drop(columns="slot")
        frame = frame.assign(bcm=frame["bcm"] * time[frame["slot"].to_numpy(dtype=int)])
        keys = ["firm", "market", "node", "kind"]
        return frame.groupby(keys, sort=False)["bcm"].sum().reset_index()

    @cached_property
    def sales(self) -> pd.Series[float]:
        """Gas delivered to users, bcm a year, by (firm, node): spot, contract and regulated."""
        return self.deliveries.groupby(["firm", "node"])["bcm"].sum().rename("bcm")

    @cached_property
    def market_prices(self) -> pd.Series[float]:
        """Price of each market, USD/1000 m3: of several slots, the mean weighted by deliveries."""
        return self.by_slot.mean_prices("market")

    @cached_property
    def prices(self) -> pd.Series[float]:
        """Price at each node with demand: the delivery-weighted mean of its markets' prices."""
        return self.by_slot.mean_prices("node")

    @cached_property
    def rationed(self) -> pd.Series[float]:
        """What users would buy at a capped price and cannot get, bcm a year, by market.

        Only markets with a cap are there.
        """
        return self._mean_of_one(self.point.rationed, "market")

    @cached_property
    def taken(self) -> pd.Series[float]:
        """What buyers who nominate chose to take, bcm a year, by contract."""
        return self._mean_of_one(self.point.taken, "contract")

    def _mean_of_one(self, sheet: Sheet, name: str) -> pd.Series[float]:
        found = {key[0]: quantity for key, quantity in self._mean(sheet).items()}
        return pd.Series(found, name="bcm", dtype=float).sort_index().rename_axis(name)

    @cached_property
    def production(self) -> pd.Series[float]:
        """Lifting, bcm a year, by (firm, field)."""
        return _labelled(self._mean(self.point.lifting), ["firm", "field"])

    def _mean(self, sheet: Sheet) -> dict[tuple[Any, ...], float]:
        """Entries by what stands before the slot: means over time."""
        there = np.asarray(sheet.there.any(axis=0)).tolist()
        mean = (self.by_slot.time @ sheet.filled(len(self.by_slot.time))).tolist()
        return {
            name: mean[column] for column, name in enumerate(sheet.labels.names) if there[column]
        }

    @cached_property
    def arcs(self) -> dict[str, Arc]:
        """The arcs of the chain by name."""
        return self.by_slot.arcs

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row an arc: name, from, to, mode, bcm (as sent, all firms), capacity, rent.

        ``capacity`` is infinite for shipping legs and includes what was built; ``rent`` is what a
        unit of capacity is worth.
        """
        frame = self.by_slot.flow_rows
        time = self.by_slot.time
        if len(time) == 1:
            return frame.drop(columns="slot")
        part = time[frame["slot"].to_numpy(dtype=int)]
        figures = {name: frame[name] * part for name in ("bcm", "capacity", "rent")}
        keys = ["name", "from", "to", "mode"]
        whole = frame.assign(**figures).groupby(keys, sort=False)[list(figures)]
        return whole.sum().reset_index()

    @cached_property
    def payoff_lines(self) -> pd.DataFrame:
        """Columns party, item, musd: every item of every party's payoff."""
        return self._booked.table()

    @property
    def _booked(self) -> Ledger:
        return self._ledger or booked(self.chain, self.point)

    def payoffs(self) -> pd.Series[float]:
        """Payoff of every party, million USD a year; the parties partition world welfare."""
        return self._booked.by_party()

    def state_payoff(self, country: str) -> float:
        """Subtotal of a state: its firms, operators, treasury, buyers and consumers."""
        mine = state_parties(self.chain, country)
        lines = self.payoff_lines
        return float(lines.loc[lines["party"].isin(mine), "musd"].sum())

    @property
    def welfare(self) -> float:
        """World welfare, million USD a year: the sum of all payoffs."""
        return float(self.payoff_lines["musd"].sum())

    @cached_property
    def user_cost(self) -> pd.Series[float]:
        """Scarcity value of what each firm lifted, million USD a year: no cash, in no payoff."""
        unit = {row["name"]: row["user_cost"] for row in self.chain.rows("fields")}
        lifted = self._mean(self.point.lifting)
        lines = {key: unit[key[1]] * quantity for key, quantity in lifted.items()}
        return _labelled(lines, ["firm", "field"]).groupby("firm").sum()

    def export(self, path: str | Path) -> tuple[Path, ...]:
        """Write the result with units, dictionary and run record; return the files written.

        ``.nc`` is netCDF-4, ``.xlsx`` Excel, ``.parquet`` a folder of Parquet files, no suffix a
        folder of CSV files. Raises DataError where it is another or a library is missing (extra
        ``files``), and SolveError where nothing is solved.
        """
        from mithaq.equilibrium.exports import export

        return export(self, path)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What to know before the figures are used, each a :class:`Note` that prints as a sentence.

        Prices below zero because more is owed than users take, gas that is owed and not delivered,
        rationing, markets in which nobody sells, sales that could be split otherwise.
        """
        return notes_on(self.by_slot, self.certificate.not_unique)

    @cached_property
    def _face(self) -> Face:
        return Face(self.chain, self.point)

    def margins(self, kind: str) -> NDArray[np.float64]:
        """What each flow or sale ("flow", "spot") lacks to pay, USD/1000 m3: slots x columns."""
        return self._face.margins(kind)

    @cached_property
    def price_intervals(self) -> pd.DataFrame:
        """Prices that are not unique: columns kind, firm, place, year, period, low, high.

        USD/1000 m3; empty where all are unique. Worked out when asked for, by two linear programs
        for each such price. ``high`` is infinite where nothing bounds it.
        """
        return self._face.price_intervals()

    @cached_property
    def open_routes(self) -> tuple[str, ...]:
        """Arcs whose flow could be otherwise at the same prices, totals and profits."""
        return self._face.open_routes()

    @property
    def routes_unique(self) -> bool:
        """Whether the flow on every arc, all firms together, is the only one at these prices."""
        return not self.open_routes

    @cached_property
    def open_sales(self) -> tuple[tuple[str, str], ...]:
        """Spot sales (firm, market) that could be otherwise at the same prices and totals."""
        return self._face.open_sales()

    def to_dict(self) -> dict[str, Any]:
        """The equilibrium as plain values: the keys of ``mithaq market --json``."""
        head: dict[str, Any] = {
            "status": str(self.outcome),
            "explanation": Sentence(self.outcome.value),
            "certificate": self._certificate.to_dict() if self._certificate else None,
            "size": dict(self.size),
            "seconds": dict(self.seconds),
            "method": self.method.to_dict(),
            "chain": self.chain.hash,
            "edits": [str(edit) for edit in self.chain.edits],
            "reasons": list(self.reasons),
            "cure": [str(edit) for edit in self.cure],
        }
        if not self.solved:
            return head
        return {
            **head,
            "notes": [note.to_dict() for note in self.notes],
            "prices": {str(node): float(price) for node, price in self.prices.items()},
            "sales": [
                {"firm": row.firm, "node": row.node, "bcm": row.bcm}
                for row in self.sales.reset_index().itertuples(index=False)
            ],
            "flows": [
                {
                    "name": row["name"],
                    "from": row["from"],
                    "to": row["to"],
                    "mode": row["mode"],
                    "bcm": row["bcm"],
                    "capacity": row["capacity"] if math.isfinite(row["capacity"]) else None,
                    "rent": row["rent"],
                }
                for row in self.flows.to_dict("records")
            ],
            "rationed": {str(market): float(bcm) for market, bcm in self.rationed.items()},
            "taken": {str(contract): float(bcm) for contract, bcm in self.taken.items()},
            "price_intervals": [
                {
                    **row,
                    "year": None if pd.isna(row["year"]) else row["year"],
                    "low": row["low"] if math.isfinite(row["low"]) else None,
                    "high": row["high"] if math.isfinite(row["high"]) else None,
                }
                for row in self.price_intervals.to_dict("records")
            ],
            "open_routes": list(self.open_routes),
            "payoffs": {str(party): float(musd) for party, musd in self.payoffs().items()},
            "welfare": self.welfare,
            **self._through_time(),
        }

    def _through_time(self) -> dict[str, Any]:
        """Slots and what is built, where there is more than one slot or something to build."""
        found: dict[str, Any] = {}
        if self.by_slot.calendar.count > 1:
            found["slots"] = self.by_slot.to_list()
        if self.chain.rows("expansions"):
            found["investments"] = self.investments.to_dict("records")
        return found


def _binds_buyers(cure: Sequence[Edit]) -> bool:
    """Whether a cure lowers what a buyer who nominates has to take."""
    return any(isinstance(edit, Change) and edit.column == "take_or_pay" for edit in cure)


def _labelled(values: dict[tuple[Any, ...], float], names: list[str]) -> pd.Series[float]:
    index = pd.MultiIndex.from_tuples(list(values), names=names) if values else None
    if index is None:
        index = pd.MultiIndex.from_arrays([[], []], names=names)
    return pd.Series(list(values.values()), index=index, dtype=float).sort_index()


def solve(
    chain: Chain,
    edits: Sequence[Edit] = (),
    *,
    method: Method | None = None,
    check: bool = True,
    near: Start | pd.Series[float] | None = None,
) -> Equilibrium:
    """The equilibrium of a chain after ``edits``.

    ``near`` is the production of a similar chain's equilibrium (lifting by firm and field), or a
    :class:`Start`, which also names the ways that such chains use: the answer is the same, sooner.
    Of what is not unique in it (``open_routes``) another may be told.

    Raises DataError where an edit cannot be applied, ModelError where conduct is not monotone
    (or not symmetric, if the method insists on the concave program), and SolveError where no
    certified equilibrium was found; with ``check=False`` the last comes back as an Equilibrium that
    is not solved.

    >>> import pandas as pd
    >>> chain = Chain.from_tables({
    ...     "nodes": pd.DataFrame({"name": ["Hub"]}),
    ...     "firms": pd.DataFrame({"name": ["A", "B"]}),
    ...     "fields": pd.DataFrame({"name": ["a", "b"], "node": "Hub", "owners": ["A", "B"],
    ...                             "capacity": 10, "a": 1}),
    ...     "markets": pd.DataFrame({"name": ["Hub"], "node": ["Hub"], "reference_quantity": [1],
    ...                              "reference_price": [5], "elasticity": [-1]}),
    ... })
    >>> float(round(solve(chain).prices["Hub"], 4))
    4.0
    """
    method = method or Method()
    start = time.perf_counter()
    chain = chain.with_edits(edits)
    program = build_program(chain)
    method = method.engaged(program)
    check_concave(program)
    built = time.perf_counter()
    in_solver = 0.0
    known: dict[Method, Answer] = {}
    lifted, used = (near.production, near.used) if isinstance(near, Start) else (near, None)
    start_at = None
    if lifted is not None and program.cones:  # without Golombek costs outputs are no start
        start_at = dict(zip(lifted.index, lifted, strict=True))
    refuted: tuple[float, str, tuple[str, ...], Point, Certificate] | None = None
    for attempt, ways in _attempts(method, used):
        if attempt.engine != method.engine:
            method = attempt
        begun = time.perf_counter()
        if ways is not None:
            outcome, status, point = solve_narrow(program, ways, attempt, start_at)
        else:
            outcome, status, point = solve_program(program, attempt, start_at, known)
        in_solver += time.perf_counter() - begun
        reasons: tuple[str, ...] = ()
        certificate: Certificate | None = None
        if point is None and outcome is not Outcome.STOPPED:
            break
        if point is not None:
            ledger = booked(chain, point)
            certificate = certify(chain, point, ledger.total(), method.tolerance)
            if certificate.holds:
                break
            outcome = Outcome.NOT_CERTIFIED
            gap = certificate.max_violation
            text = mark("largest violation {size} at {place}")
            reasons = (Sentence(text, size=gap, place=certificate.worst),)
            if ways is None and (refuted is None or gap < refuted[0]):
                refuted = gap, status, reasons, point, certificate
    if refuted is not None and outcome in {Outcome.NOT_CERTIFIED, Outcome.STOPPED}:
        # The attempt that came nearest says more than the last, which may have come to nothing.
        outcome = Outcome.NOT_CERTIFIED
        _, status, reasons, point, certificate = refuted
    cure: tuple[Edit, ...] = ()
    if certificate is None or not certificate.holds:
        diagnosis = explain(chain, program)
        if diagnosis.sentences:  # whatever the solver's last word was
            outcome, reasons, cure = Outcome.INFEASIBLE, diagnosis.sentences, diagnosis.cure
            if _binds_buyers(cure) and not solve(chain, cure, method=method, check=False).solved:
                # The floor could be brought then, but not all that its buyer would take.
                cure = less_to_take(chain)
                reasons = *reasons[:-1], would_do(cure)
        elif outcome is Outcome.INFEASIBLE and program.network.choices:
            cure = less_to_take(chain)
            # What buyers would take is in the engine's word alone.
            reasons = (status, would_do(cure)) if cure else (status,)
    seconds = {
        "load": chain.loaded_in,
        "build": built - start,
        "solve": in_solver,
        "certify": time.perf_counter() - built - in_solver,
    }
    method = changed(method, engine=attempt.engine, solver=attempt.solver)
    equilibrium = Equilibrium(
        chain,
        outcome,
        method,
        status,
        program.size,
        seconds,
        reasons,
        cure,
        point,
        certificate,
    )
    if equilibrium.solved:
        equilibrium._ledger = ledger
    if check:
        _ = equilibrium.point
    return equilibrium


def _attempts(method: Method, used: Used | None) -> Iterator[tuple[Method, Used | None]]:
    """Methods to try in turn, the first of them over the ways in use alone, where these are told.

    What that gives is certified over all ways; where it is refuted the whole program has its turn.
    """
    for number, attempt in enumerate(method.ladder):
        if not number and used is not None and attempt.engine != "complementarity":
            yield attempt, used
        yield attempt, None
