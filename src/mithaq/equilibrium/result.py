"""Solve a chain: an equilibrium that comes with its evidence, or no equilibrium at all."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mithaq.chain import Chain, Edit
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.certificate import Certificate, certify
from mithaq.equilibrium.infeasible import explain
from mithaq.equilibrium.network import Arc, demand, nominated, read_arcs
from mithaq.equilibrium.payoffs import payoff_table, state_parties
from mithaq.equilibrium.point import Point
from mithaq.equilibrium.program import build_program, check_concave
from mithaq.equilibrium.solvers import Method, Outcome, solve_program
from mithaq.errors import SolveError

__all__ = ["Equilibrium", "solve"]


@dataclass(eq=False)
class Equilibrium:
    """Who sells what where, at what price, and the evidence that nobody would do otherwise.

    Quantities are bcm a year, prices USD/1000 m3, money million USD a year. Where ``outcome`` is
    not ``Outcome.SOLVED`` no quantity and no price can be read: SolveError is raised instead.
    """

    chain: Chain
    outcome: Outcome
    method: Method
    solver_status: str
    size: dict[str, int]
    seconds: dict[str, float]
    reasons: tuple[str, ...] = ()
    _point: Point | None = field(default=None, repr=False)
    _certificate: Certificate | None = None

    @property
    def solved(self) -> bool:
        """Whether the point is a certified equilibrium."""
        return self.outcome is Outcome.SOLVED

    @property
    def point(self) -> Point:
        """Every quantity and value by the user's labels. Raises SolveError if not solved."""
        if self._point is None or not self.solved:
            message = f"no equilibrium: {self.outcome.value} ({self.solver_status})"
            raise SolveError(message, outcome=self.outcome, rows=self.reasons)
        return self._point

    @property
    def certificate(self) -> Certificate:
        """The recomputed conditions; also there where they do not hold, to see which fail."""
        if self._certificate is None:
            raise SolveError(f"no point to certify: {self.outcome.value}", outcome=self.outcome)
        return self._certificate

    @cached_property
    def deliveries(self) -> pd.DataFrame:
        """Columns firm, market, node, kind (spot, contract, regulated), bcm."""
        point = self.point
        markets = {row["name"]: row for row in self.chain.rows("markets")}
        rows = [
            (firm, market, markets[market]["node"], "spot", quantity)
            for (firm, market, _), quantity in point.spot.items()
        ]
        for item in self.chain.rows("contracts"):
            place = markets[item["market"]]["node"]
            rows.append((item["seller"], item["market"], place, "contract", nominated(item)))
        for name, row in markets.items():
            if not math.isnan(row["regulated_price"]):
                alpha, beta = demand(row)
                total = max((alpha - row["regulated_price"]) / beta, 0.0)
                for firm, share in parse_shares(row["supplier"]).items():
                    rows.append((firm, name, row["node"], "regulated", share * total))
        return pd.DataFrame(rows, columns=["firm", "market", "node", "kind", "bcm"])

    @cached_property
    def sales(self) -> pd.Series[float]:
        """Gas delivered to users, bcm a year, by (firm, node): spot, contract and regulated."""
        return self.deliveries.groupby(["firm", "node"])["bcm"].sum().rename("bcm")

    @cached_property
    def market_prices(self) -> pd.Series[float]:
        """Price of each market, USD/1000 m3."""
        delivered = self.deliveries.groupby("market")["bcm"].sum()
        prices = {}
        for row in self.chain.rows("markets"):
            alpha, beta = demand(row)
            free = alpha - beta * float(delivered.get(row["name"], 0.0))
            regulated = row["regulated_price"]
            prices[row["name"]] = free if math.isnan(regulated) else regulated
        return pd.Series(prices, name="USD/1000 m3", dtype=float).rename_axis("market")

    @cached_property
    def prices(self) -> pd.Series[float]:
        """Price at each node with demand: the delivery-weighted mean of its markets' prices."""
        delivered = self.deliveries.groupby("market")["bcm"].sum()
        money: dict[str, float] = {}
        weight: dict[str, float] = {}
        for row in self.chain.rows("markets"):
            # A market in which nothing is sold still shows the price at which somebody would buy.
            quantity = max(float(delivered.get(row["name"], 0.0)), 1e-12)
            price = float(self.market_prices[row["name"]])
            money[row["node"]] = money.get(row["node"], 0.0) + price * quantity
            weight[row["node"]] = weight.get(row["node"], 0.0) + quantity
        prices = {node: money[node] / weight[node] for node in sorted(money)}
        return pd.Series(prices, name="USD/1000 m3", dtype=float).rename_axis("node")

    @cached_property
    def production(self) -> pd.Series[float]:
        """Lifting, bcm a year, by (firm, field)."""
        lifted = {key[:2]: quantity for key, quantity in self.point.lifting.items()}
        return _labelled(lifted, ["firm", "field"])

    @cached_property
    def arcs(self) -> dict[str, Arc]:
        """The arcs of the chain by name."""
        return read_arcs(self.chain)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row an arc: name, from, to, mode, bcm (as sent, all firms), capacity, rent.

        ``capacity`` is infinite for shipping legs; ``rent`` is what a unit of capacity is worth.
        """
        sent: dict[str, float] = {}
        for (_, name, _), quantity in self.point.flow.items():
            sent[name] = sent.get(name, 0.0) + quantity
        rows = []
        for name, arc in self.arcs.items():
            ends = (_plain(arc.tail), _plain(arc.head))
            rent = self.point.rent.get((name, 0), 0.0)
            rows.append((name, *ends, arc.mode, sent.get(name, 0.0), arc.capacity, rent))
        columns = ["name", "from", "to", "mode", "bcm", "capacity", "rent"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def payoff_lines(self) -> pd.DataFrame:
        """Columns party, item, musd: every item of every party's payoff."""
        return payoff_table(self.chain, self.point)

    def payoffs(self) -> pd.Series[float]:
        """Payoff of every party, million USD a year; the parties partition world welfare."""
        return self.payoff_lines.groupby("party")["musd"].sum()

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
        lines = {key[:2]: unit[key[1]] * quantity for key, quantity in self.point.lifting.items()}
        return _labelled(lines, ["firm", "field"]).groupby("firm").sum()

    def export(self, path: str | Path) -> tuple[Path, ...]:
        """Write the result with units, dictionary and run record; return the files written.

        ``.nc`` is netCDF-4, ``.xlsx`` Excel, ``.parquet`` a folder of Parquet files, no suffix a
        folder of CSV files. Raises DataError where it is another or a library is missing (extra
        ``files``), and SolveError where nothing is solved.
        """
        from mithaq.equilibrium.exports import export

        return export(self, path)

    def to_dict(self) -> dict[str, Any]:
        """The equilibrium as plain values: the keys of ``mithaq market --json``."""
        head: dict[str, Any] = {
            "status": str(self.outcome),
            "explanation": self.outcome.value,
            "certificate": self._certificate.to_dict() if self._certificate else None,
            "size": dict(self.size),
            "seconds": dict(self.seconds),
            "method": self.method.to_dict(),
            "chain": self.chain.hash,
            "edits": [str(edit) for edit in self.chain.edits],
            "reasons": list(self.reasons),
        }
        if not self.solved:
            return head
        return {
            **head,
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
            "payoffs": {str(party): float(musd) for party, musd in self.payoffs().items()},
            "welfare": self.welfare,
        }


def _plain(node: str) -> str:
    return node.removesuffix(" (liquefied)").removesuffix(" (landed)")


def _labelled(values: dict[tuple[str, str], float], names: list[str]) -> pd.Series[float]:
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
    near: pd.Series[float] | None = None,
) -> Equilibrium:
    """The equilibrium of a chain after ``edits``.

    ``near`` is the production of a similar chain's equilibrium (lifting by firm and field), from
    which to start: the answer is the same, sooner.

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
    start_at = dict(zip(near.index, near, strict=True)) if near is not None else None
    for attempt in method.ladder:
        begun = time.perf_counter()
        outcome, status, point = solve_program(program, attempt, start_at)
        in_solver += time.perf_counter() - begun
        reasons: tuple[str, ...] = ()
        certificate = None
        if point is None and outcome is not Outcome.STOPPED:
            break
        if point is not None:
            lines = payoff_table(chain, point)
            certificate = certify(chain, point, float(lines["musd"].sum()), method.tolerance)
            if certificate.holds:
                break
            outcome = Outcome.NOT_CERTIFIED
            gap = certificate.max_violation
            reasons = (f"largest violation {gap:.3g} at {certificate.worst}",)
    if outcome is Outcome.INFEASIBLE:
        reasons = explain(program)
    seconds = {
        "load": chain.loaded_in,
        "build": built - start,
        "solve": in_solver,
        "certify": time.perf_counter() - built - in_solver,
    }
    equilibrium = Equilibrium(
        chain, outcome, method, status, program.size, seconds, reasons, point, certificate
    )
    if equilibrium.solved:
        equilibrium.__dict__["payoff_lines"] = lines  # known already: fills the cached property
    if check:
        _ = equilibrium.point
    return equilibrium
