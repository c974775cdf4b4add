"""Who believes what about the market, and whether anybody would sell one unit more or less."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.equilibrium.certificate.buying import price_of, under_cap
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings
from mithaq.equilibrium.certificate.tables import Market

__all__ = ["Conjectures", "check_selling", "open_choices"]

ACTIVE = 1e-6


class Conjectures:
    """The conduct matrix of each market over all firms, straight from the tables."""

    def __init__(self, case: Case) -> None:
        chain = case.chain
        self.firms = case.place.firms
        self.rows = chain.rows("firms")
        self.theta = {
            (row["firm"], row["market"]): row["theta"]
            for row in chain.rows("conduct")
            if not math.isnan(row["theta"])
        }
        self.cooperation = chain.rows("cooperation")
        self.stakes, self.weights = chain.rows("stakes"), chain.rows("weights")
        self.trade = _latest_trade(chain) if self.cooperation else {}
        self.country = case.place.country
        present: dict[str, set[str]] = defaultdict(set)
        for firm, name, _ in case.point.spot:
            present[name].add(firm)
        has_gas: Array = np.any(case.known, axis=2)
        for market in case.markets:
            # Whoever has gas there and may sell is a seller, also if the point leaves it out.
            here = has_gas[:, case.place.nodes[market.node]] & (market.entitled > 0)
            for firm, at in self.firms.items():
                if here[at]:
                    present[market.row["name"]].add(firm)
        self.present = present
        self.groups: dict[str, list[tuple[float, float, list[str]]]] = {}

    def own(self, market: str) -> Array:
        """theta of every firm in a market; a fringe takes prices."""
        return np.array(
            [
                0.0 if row["fringe"] else self.theta.get((row["name"], market), row["conduct"])
                for row in self.rows
            ]
        )

    def matrix(self, market: Market) -> Array:
        """Row f: the weights with which f minds what each firm sells."""
        name = market.row["name"]
        own = self.own(name)
        found = np.diag(own)
        self.groups[name] = list(self._groups(market, own))
        for strength, theta, members in self.groups[name]:
            for one in members:
                f = self.firms[one]
                found[f, f] = (1 - strength) * own[f]
                for other in members:
                    found[f, self.firms[other]] += strength * theta
        for row in self.stakes:
            f, g = self.firms[row["holder"]], self.firms[row["firm"]]
            found[f, g] += own[f] * row["share"]
        for row in self.weights:
            if row["market"] in ("", name):
                found[self.firms[row["firm"]], self.firms[row["other"]]] += row["weight"]
        return found

    def _groups(self, market: Market, own: Array) -> Iterator[tuple[float, float, list[str]]]:
        """Strength, conduct and members of each group that sells in a market."""
        name = market.row["name"]
        for group in dict.fromkeys(row["group"] for row in self.cooperation):
            rows = [
                row
                for row in self.cooperation
                if row["group"] == group
                and row["market"] in ("", name)
                and row["firm"] in self.present[name]
            ]
            rows = [row for row in rows if row["market"]] or rows
            if rows:
                members = [row["firm"] for row in rows]
                yield rows[0]["strength"], self._theta(rows, members, market, own), members

    def _theta(
        self, rows: Sequence[Mapping[str, Any]], members: list[str], market: Market, own: Array
    ) -> float:
        if not math.isnan(rows[0]["theta"]):
            return float(rows[0]["theta"])
        mine = [float(own[self.firms[firm]]) for firm in members]
        home = {row["name"]: row["home"] for row in self.rows}
        where = self.country[market.node]
        sold = [self.trade.get((home[firm], where), 0.0) for firm in members]
        if sum(sold) > 0:
            return sum(w * theta for w, theta in zip(sold, mine, strict=True)) / sum(sold)
        return sum(mine) / len(mine)


def _latest_trade(chain: Chain) -> dict[tuple[str, str], float]:
    rows = chain.rows("observed")
    latest = max((row["year"] for row in rows), default=0)
    trade: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        if row["year"] == latest:
            trade[row["exporter"], row["importer"]] += row["bcm"]
    return trade


def check_selling(case: Case, beliefs: Conjectures, found: Findings) -> None:
    """In each market and slot: price less the fall that a firm minds is what its gas is worth."""
    firms, calendar = list(case.place.firms), case.calendar
    floors = {(r["firm"], r["market"]): r["quantity"] for r in case.chain.rows("floors")}
    for at, market in enumerate(case.markets):
        name = market.row["name"]
        sold = case.spot[:, at]
        alive = market.alive > 0

        def where(f: int, t: int, name: str = name) -> str:
            return f"{firms[f]} selling in {name}{calendar.name(t)}"

        barred = np.where((market.entitled[:, None] > 0) & alive, 0.0, sold)
        found.note("capacity", barred, lambda f, _, n=name: f"{firms[f]} may not sell in {n}")
        if market.regulated:
            continue
        minded = sold.copy()
        for deal in case.deals:
            if deal.market == name and not deal.onward and deal.spot:
                minded[case.place.firms[deal.seller]] += deal.quantity
        price = price_of(case, at)
        margin = market.slope * (beliefs.matrix(market) @ minded)
        value = case.value[:, case.place.nodes[market.node]]
        can = (market.entitled[:, None] > 0) & alive & np.isfinite(value)
        value = np.where(can, value, 0.0)
        floor_price = case.floor[:, at]
        below = value - price - floor_price
        slack = np.where(can, under_cap(case, at, price, below, margin, found), 0.0)
        found.pair(slack, sold, np.maximum(np.abs(value), np.abs(price)), where)
        for f, firm in enumerate(firms):
            quantity = floors.get((firm, name), 0.0)
            if quantity or np.any(floor_price[f]):
                spare = np.where(alive, sold[f] - quantity, 0.0)
                found.limit(
                    spare,
                    floor_price[f],
                    quantity,
                    lambda t, f=firm, n=name: f"floor of {f} in {n}{calendar.name(t)}",
                )


def open_choices(case: Case, beliefs: Conjectures) -> Iterator[str]:
    """Sentences on splits that could be otherwise at the same prices and totals."""
    firms = list(case.place.firms)
    for at, market in sorted(enumerate(case.markets), key=lambda item: item[1].row["name"]):
        name = market.row["name"]
        sold = case.spot[:, at].max(axis=1, initial=0.0)
        active = [f for f in range(len(firms)) if sold[f] > ACTIVE]
        if market.regulated or len(active) < 2:
            continue
        matrix = beliefs.matrix(market)[np.ix_(active, active)]
        takers = [firms[f] for f, row in zip(active, matrix, strict=True) if not row.any()]
        if len(takers) > 1:
            yield f"{name}: price-takers {', '.join(takers)} may split their sales otherwise"
        merged = [
            firms[f]
            for f in active
            if any(k == 1.0 and firms[f] in members for k, _, members in beliefs.groups[name])
        ]
        if len(merged) > 1:
            yield f"{name}: {', '.join(merged)} sell as one and may split their sales otherwise"
