"""Who believes what about the market, and whether anybody would sell one unit more or less."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mithaq.chain import Chain
from mithaq.equilibrium.certificate.buying import at_the_cap, users_go_short
from mithaq.equilibrium.certificate.dense import Case
from mithaq.equilibrium.certificate.findings import Array, Findings

__all__ = ["Conjectures", "check_selling", "open_choices", "prices_and_margins"]

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
        self.conduct = chain.rows("conduct")
        self.cooperation = chain.rows("cooperation")
        self.stakes, self.weights = chain.rows("stakes"), chain.rows("weights")
        self.trade = _latest_trade(chain) if self.cooperation else {}
        self.country = case.place.country
        markets = case.markets
        self.markets = markets
        # Whoever has gas there and may sell is a seller, also if the point leaves it out.
        here = np.any(case.known, axis=2)[markets.node] & markets.entitled
        for firm, name, _ in case.point.spot:
            here[markets.at[name], self.firms[firm]] = True
        self.present = here
        self.groups: dict[int, list[tuple[float, float, list[str]]]] = {}
        self.matrices = self._matrices()

    def _own(self) -> Array:
        """theta of every firm in every market; a fringe takes prices."""
        default = np.array([0.0 if r["fringe"] else float(r["conduct"]) for r in self.rows])
        found = np.tile(default, (len(self.markets.rows), 1))
        fringe = {row["name"] for row in self.rows if row["fringe"]}
        for (firm, market), theta in self.theta.items():
            if firm not in fringe:
                found[self.markets.at[market], self.firms[firm]] = theta
        return found

    def adders(self) -> Array:
        """By market and firm: what a calibration adds to the cost of selling there."""
        found = np.zeros((len(self.markets.rows), len(self.firms)))
        for row in self.conduct:
            found[self.markets.at[row["market"]], self.firms[row["firm"]]] = row["adder"]
        return found

    def _matrices(self) -> Array:
        """By market, row f: the weights with which f minds what each firm sells."""
        own = self._own()
        count = len(self.firms)
        found = np.zeros((len(own), count, count))
        found[:, np.arange(count), np.arange(count)] = own
        for at in range(len(own)) if self.cooperation else ():
            self.groups[at] = list(self._groups(at, own[at]))
            for strength, theta, members in self.groups[at]:
                for one in members:
                    f = self.firms[one]
                    found[at, f, f] = (1 - strength) * own[at, f]
                    for other in members:
                        found[at, f, self.firms[other]] += strength * theta
        for row in self.stakes:
            f, g = self.firms[row["holder"]], self.firms[row["firm"]]
            found[:, f, g] += own[:, f] * row["share"]
        for row in self.weights:
            where = [self.markets.at[row["market"]]] if row["market"] else slice(None)
            found[where, self.firms[row["firm"]], self.firms[row["other"]]] += row["weight"]
        return found

    def _groups(self, at: int, own: Array) -> Iterator[tuple[float, float, list[str]]]:
        """Strength, conduct and members of each group that sells in a market."""
        name = self.markets.rows[at]["name"]
        for group in dict.fromkeys(row["group"] for row in self.cooperation):
            rows = [
                row
                for row in self.cooperation
                if row["group"] == group
                and row["market"] in ("", name)
                and self.present[at, self.firms[row["firm"]]]
            ]
            rows = [row for row in rows if row["market"]] or rows
            if rows:
                members = [row["firm"] for row in rows]
                yield rows[0]["strength"], self._theta(rows, members, at, own), members

    def _theta(
        self, rows: Sequence[Mapping[str, Any]], members: list[str], at: int, own: Array
    ) -> float:
        if not math.isnan(rows[0]["theta"]):
            return float(rows[0]["theta"])
        mine = [float(own[self.firms[firm]]) for firm in members]
        home = {row["name"]: row["home"] for row in self.rows}
        where = self.country[self.markets.rows[at]["node"]]
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


def prices_and_margins(case: Case, beliefs: Conjectures) -> tuple[Array, Array]:
    """Price by market and slot, and what a seller gets of it for one unit more.

    That is the price less the fall that the seller minds; minus infinity where nobody buys.
    """
    markets = case.markets
    # Where a price is capped, what is asked for at the cap exceeds what is delivered.
    asked = case.ahead + case.spot.sum(axis=1) + case.rationed
    price = markets.choke - markets.slope * asked
    minded = np.einsum("mfg,mgt->mft", beliefs.matrices, case.spot + case.spot_ahead)
    # A unit more that serves users who are rationed at a cap does not lower the price.
    slope = np.where(users_go_short(case), 0.0, markets.slope)
    margins = price[:, None] - slope[:, None] * minded - beliefs.adders()[:, :, None]
    return price, np.where(markets.alive[:, None], margins, -np.inf)


def check_selling(
    case: Case, beliefs: Conjectures, price: Array, margins: Array, found: Findings
) -> None:
    """In each market and slot: price less the fall that a firm minds is what its gas is worth."""
    firms, calendar, markets = list(case.place.firms), case.calendar, case.markets
    names = [row["name"] for row in markets.rows]
    if not names:
        return

    def where(m: int, f: int, t: int) -> str:
        return f"{firms[f]} selling in {names[m]}{calendar.name(t)}"

    may = markets.entitled[:, :, None] & markets.alive[:, None]
    barred = np.where(may, 0.0, case.spot)
    found.note("capacity", barred, lambda m, f, _: f"{firms[f]} may not sell in {names[m]}")
    value = case.value[markets.node]
    can = may & np.isfinite(value)
    value, margins = np.where(can, value, 0.0), np.where(can, margins, 0.0)
    slack = np.where(can, value - margins - case.floor, 0.0)
    # At a cap a unit more lowers the price, but a unit less would not raise it.
    below = np.where(can, value - price[:, None] + beliefs.adders()[:, :, None] - case.floor, 0.0)
    capped = at_the_cap(case, price)[:, None]
    slack = np.where(capped, np.minimum(slack, np.maximum(below, 0.0)), slack)
    scale = np.maximum(np.abs(value), np.abs(price)[:, None])
    found.pair(slack, case.spot, scale, where)
    floors = np.zeros(may.shape)
    for row in case.chain.rows("floors"):
        at = markets.at[row["market"]], case.place.firms[row["firm"]]
        floors[at] = np.where(markets.alive[at[0]], row["quantity"], 0.0)
    # A floor that is not there is never short, and its price is 0.
    spare = np.where(floors > 0, case.spot - floors, 0.0)
    idle = np.where(floors > 0, 0.0, np.abs(case.floor))

    def floor(m: int, f: int, t: int) -> str:
        return f"floor of {firms[f]} in {names[m]}{calendar.name(t)}"

    found.limit(spare, case.floor, floors, floor)
    found.note("complementarity", idle, floor)


def open_choices(case: Case, beliefs: Conjectures) -> Iterator[str]:
    """Sentences on splits that could be otherwise at the same prices and totals."""
    firms = list(case.place.firms)
    sold = case.spot.max(axis=2, initial=0.0) > ACTIVE
    for at, row in sorted(enumerate(case.markets.rows), key=lambda item: str(item[1]["name"])):
        name, active = row["name"], np.flatnonzero(sold[at]).tolist()
        if len(active) < 2:
            continue
        matrix = beliefs.matrices[at][np.ix_(active, active)]
        takers = [firms[f] for f, weights in zip(active, matrix, strict=True) if not weights.any()]
        if len(takers) > 1:
            yield f"{name}: price-takers {', '.join(takers)} may split their sales otherwise"
        merged = [
            firms[f]
            for f in active
            if any(k == 1.0 and firms[f] in members for k, _, members in beliefs.groups.get(at, ()))
        ]
        if len(merged) > 1:
            yield f"{name}: {', '.join(merged)} sell as one and may split their sales otherwise"
