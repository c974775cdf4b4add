"""Evidence that a point is an equilibrium, recomputed from the tables in the user's units.

Nothing here is shared with the assembly of the program: the tables are read anew, the conditions
are those of the theory page (a firm's profit cannot be raised by lifting, carrying, selling or
swapping one unit more or less), and a violation is scaled by the size of what it is a violation of.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.point import Point

__all__ = ["Certificate", "certify"]

CONDITIONS = (
    "balance",
    "capacity",
    "sign",
    "stationarity",
    "complementarity",
    "accounting",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Largest scaled violation of each condition, and where the largest of all stands.

    ``not_unique`` says in sentences what of the point is one choice among several.
    """

    violations: dict[str, float]
    worst: str
    tolerance: float
    not_unique: tuple[str, ...] = ()

    @property
    def max_violation(self) -> float:
        """The largest scaled violation; 0 is perfect."""
        return max(self.violations.values())

    @property
    def holds(self) -> bool:
        """Whether every condition holds within the tolerance."""
        return self.max_violation <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        return {
            "max_violation": self.max_violation,
            "violations": dict(self.violations),
            "worst": self.worst,
            "tolerance": self.tolerance,
            "holds": self.holds,
            "not_unique": list(self.not_unique),
        }


@dataclass(slots=True)
class _Findings:
    worst_of: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CONDITIONS, 0.0))
    worst: float = -1.0
    where: str = ""

    def note(self, condition: str, violation: float, *where: object) -> None:
        if violation <= self.worst_of[condition] and self.where:
            return
        violation = violation if math.isfinite(violation) else math.inf
        self.worst_of[condition] = max(self.worst_of[condition], violation)
        if violation > self.worst:
            self.worst, self.where = violation, f"{condition}: {' '.join(map(str, where))}"

    def pair(
        self, slack: float, quantity: float, scale: float, *where: object, off: float = math.inf
    ) -> None:
        """A reduced cost >= 0 that is 0 wherever the quantity is positive.

        ``off`` is the scaled distance of the quantity from the one that would satisfy both.
        """
        if slack < 0:
            self.note("stationarity", min(-slack / (1 + scale), off), *where)
        idle = abs(slack) * quantity / ((1 + scale) * (1 + quantity))
        self.note("complementarity", min(idle, off), *where)


def certify(chain: Chain, point: Point, payoffs: float, tolerance: float) -> Certificate:
    """Check a point against the tables. ``payoffs`` is the sum of all payoffs (million USD/yr)."""
    one = SimpleNamespace(**point.in_slot(0))
    found, arcs, beliefs = _Findings(), list(_ends(chain)), _Conjectures(chain, one)
    _check_signs(one, found)
    _check_balances(chain, arcs, one, found)
    _check_capacities(chain, arcs, one, found)
    _check_lifting(chain, one, found)
    _check_carrying(chain, arcs, one, found)
    _check_selling(chain, beliefs, one, found)
    _check_swaps(chain, one, found)
    _check_accounting(chain, arcs, one, payoffs, found)
    return Certificate(found.worst_of, found.where, tolerance, tuple(_open_choices(beliefs, one)))


def _check_signs(point: Any, found: _Findings) -> None:
    for name in (
        "lifting",
        "flow",
        "spot",
        "handed",
        "rent",
        "scarcity",
        "floor_price",
        "swap_rent",
    ):
        for key, quantity in getattr(point, name).items():
            if not quantity >= 0:
                found.note("sign", -quantity / (1 + abs(quantity)), name, key)


Arc = tuple[Mapping[str, Any], str, str, float, float]


def _ends(chain: Chain) -> Iterator[Arc]:
    """Each arc's row with its two ends, its capacity, and what a unit sent on it costs."""
    for row in chain.rows("pipelines"):
        levies = float(row["transit_fee"] + row["export_duty"])
        yield row, row["from"], row["to"], row["capacity"], _tariff(row) + levies
    for row in chain.rows("terminals"):
        far = f"{row['node']} ({'liquefied' if row['kind'] == 'liquefaction' else 'landed'})"
        ends = (row["node"], far) if row["kind"] == "liquefaction" else (far, row["node"])
        yield row, *ends, row["capacity"], _tariff(row)
    for row in chain.rows("routes"):
        ends = f"{row['from']} (liquefied)", f"{row['to']} (landed)"
        yield row, *ends, math.inf, _tariff(row)


def _tariff(row: Mapping[str, Any]) -> float:
    known = [row[name] for name in ("tariff", "operating_cost") if not math.isnan(row[name])]
    return float(known[0]) if known else 0.0


def _owed(chain: Chain) -> dict[tuple[str, str], float]:
    """Deliveries that firms owe, by firm and node: contracts and regulated supply."""
    owed: dict[tuple[str, str], float] = defaultdict(float)
    place = {row["name"]: row["node"] for row in chain.rows("markets")}
    for row in chain.rows("contracts"):
        owed[row["seller"], place[row["market"]]] += _delivered(row)
    for row in chain.rows("markets"):
        if not math.isnan(row["regulated_price"]):
            # Linear demand through the reference point, read at the regulated price.
            change = (row["regulated_price"] - row["reference_price"]) / row["reference_price"]
            total = row["reference_quantity"] * (1 + row["elasticity"] * change)
            for firm, share in parse_shares(row["supplier"]).items():
                owed[firm, row["node"]] += share * max(total, 0.0)
    return owed


def _delivered(row: Mapping[str, Any]) -> float:
    given: float = row["nominated"]
    return given if not math.isnan(given) else float(row["take_or_pay"] * row["annual_quantity"])


def _check_balances(chain: Chain, arcs: Sequence[Arc], point: Any, found: _Findings) -> None:
    left: dict[tuple[str, str], float] = defaultdict(float)
    size: dict[tuple[str, str], float] = defaultdict(float)

    def move(firm: str, node: str, quantity: float) -> None:
        left[firm, node] += quantity
        size[firm, node] = max(size[firm, node], abs(quantity))

    node_of = {row["name"]: row["node"] for row in chain.rows("fields")}
    for (firm, name), quantity in point.lifting.items():
        move(firm, node_of[name], quantity)
    ways = {row["name"]: (tail, head, row["loss"]) for row, tail, head, *_ in arcs}
    for (firm, name), quantity in point.flow.items():
        tail, head, loss = ways[name]
        move(firm, tail, -quantity)
        move(firm, head, quantity * (1 - loss))
    market = {row["name"]: row["node"] for row in chain.rows("markets")}
    for (firm, name), quantity in point.spot.items():
        move(firm, market[name], -quantity)
    for (_, giver, receiver, node), quantity in point.handed.items():
        move(giver, node, -quantity)
        move(receiver, node, quantity)
    for (firm, node), quantity in _owed(chain).items():
        move(firm, node, -quantity)
    for key, rest in left.items():
        found.note("balance", abs(rest) / (1 + size[key]), "gas of", key[0], "at", key[1])


def _check_capacities(chain: Chain, arcs: Sequence[Arc], point: Any, found: _Findings) -> None:
    used: dict[str, float] = defaultdict(float)
    for (_, name), quantity in point.flow.items():
        used[name] += quantity
    for row, _, _, capacity, _ in arcs:
        name = row["name"]
        if math.isinf(capacity):
            continue
        spare = capacity - used[name]
        found.note("capacity", max(-spare, 0.0) / (1 + capacity), name)
        rent = point.rent.get(name, 0.0)
        found.note("complementarity", abs(spare) * rent / ((1 + capacity) * (1 + rent)), name)
        allowed = set(parse_names(row["access"]))
        for (firm, arc), quantity in point.flow.items() if allowed else ():
            if arc == name and firm not in allowed:
                found.note("capacity", quantity, firm, "has no access to", name)
    for row in chain.rows("floors"):
        sale = row["firm"], row["market"]
        spare = point.spot.get(sale, 0.0) - row["quantity"]
        price = point.floor_price.get(sale, 0.0)
        where = "floor of", sale[0], "in", sale[1]
        found.note("capacity", max(-spare, 0.0) / (1 + row["quantity"]), *where)
        scale = (1 + row["quantity"]) * (1 + price)
        found.note("complementarity", abs(spare) * price / scale, *where)


def _marginal_cost(row: Mapping[str, Any], share: float, quantity: float) -> float:
    cost = row["a"] + row["b"] * quantity / share + row["user_cost"] + row["royalty"]
    if row["g"] < 0:
        left = 1 - quantity / (share * row["capacity"])
        cost += row["g"] * math.log(left) if left > 0 else math.inf
    return float(cost)


def _output_error(row: Mapping[str, Any], share: float, quantity: float, value: float) -> float:
    """How far (scaled) output is from where marginal cost meets ``value``; Golombek costs only.

    Close to capacity marginal cost is so steep that the last digit of a quantity moves it by more
    than any tolerance on prices, so there the quantity is judged.
    """
    if row["g"] == 0:
        return math.inf
    low, high = 0.0, float(share * row["capacity"])
    for _ in range(100):
        middle = (low + high) / 2
        if _marginal_cost(row, share, middle) < value:
            low = middle
        else:
            high = middle
    return abs(quantity - low) / (1 + high)


def _check_lifting(chain: Chain, point: Any, found: _Findings) -> None:
    for row in chain.rows("fields"):
        for firm, share in parse_shares(row["owners"]).items():
            value = point.value.get((firm, row["node"]))
            if value is None:
                continue
            quantity = point.lifting.get((firm, row["name"]), 0.0)
            capacity = share * row["capacity"]
            scarcity = point.scarcity.get((firm, row["name"]), 0.0)
            where = firm, "lifting from", row["name"]
            spare = capacity - quantity
            found.note("capacity", max(-spare, 0.0) / (1 + capacity), *where)
            scale = (1 + capacity) * (1 + scarcity)
            found.note("complementarity", abs(spare) * scarcity / scale, *where)
            if capacity > 0:
                slack = _marginal_cost(row, share, quantity) + scarcity - value
                off = _output_error(row, share, quantity, value - scarcity)
                found.pair(slack, quantity, abs(value), *where, off=off)


def _check_carrying(chain: Chain, arcs: Sequence[Arc], point: Any, found: _Findings) -> None:
    present: dict[str, list[str]] = defaultdict(list)
    for firm, node in point.value:
        present[node].append(firm)
    bound = {
        row["name"]: {row["home"]} | _field_countries(chain, row["name"])
        for row in chain.rows("firms")
        if row["fringe"]
    }
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    for row, tail, head, capacity, charge in arcs:
        if capacity == 0:
            continue
        access = set(parse_names(row["access"]))
        ends = {country[row[name]] for name in ("from", "to", "node") if name in row}
        rent = point.rent.get(row["name"], 0.0)
        for firm in present[tail]:
            there = point.value.get((firm, head))
            if there is None or (access and firm not in access):
                continue  # none of the firm's gas may go there, or none gets on from there
            if firm in bound and not ends <= bound[firm]:
                continue
            here = point.value[firm, tail]
            slack = here + charge + rent - (1 - row["loss"]) * there
            quantity = point.flow.get((firm, row["name"]), 0.0)
            found.pair(slack, quantity, max(abs(here), abs(there)), firm, "using", row["name"])


def _field_countries(chain: Chain, firm: str) -> set[str]:
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    fields = chain.rows("fields")
    return {country[row["node"]] for row in fields if firm in parse_shares(row["owners"])}


def _entitled(chain: Chain) -> list[tuple[str, str, set[str]]]:
    """Each market with a free price, its node, and the firms that may sell there."""
    country = {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}
    barred = {(r["firm"], r["market"]) for r in chain.rows("conduct") if not r["may_sell"]}
    found = []
    for row in chain.rows("markets"):
        if not math.isnan(row["regulated_price"]):
            continue
        admitted = set(parse_names(row["access"]))
        firms = {
            firm["name"]
            for firm in chain.rows("firms")
            if (not admitted or firm["name"] in admitted)
            and (firm["name"], row["name"]) not in barred
            and (not firm["fringe"] or firm["home"] == country[row["node"]])
        }
        found.append((row["name"], row["node"], firms))
    return found


class _Conjectures:
    """Entries of the conduct matrix, one pair at a time, straight from the tables."""

    def __init__(self, chain: Chain, point: Any) -> None:
        self.default = {
            row["name"]: 0.0 if row["fringe"] else row["conduct"] for row in chain.rows("firms")
        }
        self.fringe = {row["name"] for row in chain.rows("firms") if row["fringe"]}
        self.home = {row["name"]: row["home"] for row in chain.rows("firms")}
        given = chain.rows("conduct")
        self.theta = {(r["firm"], r["market"]): r["theta"] for r in given}
        self.adder = {(r["firm"], r["market"]): r["adder"] for r in given}
        self.present: dict[str, list[str]] = defaultdict(list)
        for firm, market in point.spot:
            self.present[market].append(firm)
        self.entitled = _entitled(chain)
        for market, node, firms in self.entitled:
            # Whoever has gas there and may sell is a seller, also if the point leaves it out.
            idle = [f for f in firms if (f, node) in point.value and (f, market) not in point.spot]
            self.present[market] += sorted(idle)
        self.cooperation = chain.rows("cooperation")
        self.stakes = {(r["holder"], r["firm"]): r["share"] for r in chain.rows("stakes")}
        self.weights: dict[tuple[str, str, str], float] = {
            (r["firm"], r["other"], r["market"]): r["weight"] for r in chain.rows("weights")
        }
        nodes = {r["name"]: r["country"] or r["name"] for r in chain.rows("nodes")}
        self.place = {r["name"]: nodes[r["node"]] for r in chain.rows("markets")}
        self.trade = _latest_trade(chain) if self.cooperation else {}
        self.known: dict[tuple[str, str], tuple[float, float, list[str]] | None] = {}

    def own(self, firm: str, market: str) -> float:
        theta = self.theta.get((firm, market), math.nan)
        return float(self.default[firm] if firm in self.fringe or math.isnan(theta) else theta)

    def pair(self, firm: str, other: str, market: str) -> float:
        """What a unit sold by ``other`` takes from the margin that ``firm`` minds."""
        own = self.own(firm, market)
        weight = own if firm == other else 0.0
        group = self.group(firm, market)
        if group:
            strength, theta, members = group
            if firm == other:
                weight = (1 - strength) * own + strength * theta
            elif other in members:
                weight = strength * theta
        if firm != other:
            weight += own * self.stakes.get((firm, other), 0.0)
        weight += self.weights.get((firm, other, market), 0.0)
        return weight + self.weights.get((firm, other, ""), 0.0)

    def group(self, firm: str, market: str) -> tuple[float, float, list[str]] | None:
        """Strength, conduct and members of the group in which the firm sells, if it does."""
        if (firm, market) not in self.known:
            self.known[firm, market] = self._find_group(firm, market)
        return self.known[firm, market]

    def _find_group(self, firm: str, market: str) -> tuple[float, float, list[str]] | None:
        mine = [
            row["group"]
            for row in self.cooperation
            if row["firm"] == firm and row["market"] in ("", market)
        ]
        for name in mine:
            rows = [
                row
                for row in self.cooperation
                if row["group"] == name and row["firm"] in self.present[market]
            ]
            special = [row for row in rows if row["market"] == market]
            rows = special or [row for row in rows if row["market"] == ""]
            members = [row["firm"] for row in rows]
            if firm in members:
                return rows[0]["strength"], self._theta(rows, members, market), members
        return None

    def _theta(self, rows: Sequence[Mapping[str, Any]], members: list[str], market: str) -> float:
        if not math.isnan(rows[0]["theta"]):
            return float(rows[0]["theta"])
        sold = [self.trade.get((self.home[firm], self.place[market]), 0.0) for firm in members]
        own = [self.own(firm, market) for firm in members]
        if sum(sold) > 0:
            return float(sum(w * theta for w, theta in zip(sold, own, strict=True)) / sum(sold))
        return sum(own) / len(own)


def _latest_trade(chain: Chain) -> dict[tuple[str, str], float]:
    rows = chain.rows("observed")
    latest = max((row["year"] for row in rows), default=0)
    trade: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        if row["year"] == latest:
            trade[row["exporter"], row["importer"]] += row["bcm"]
    return trade


def _check_selling(chain: Chain, beliefs: _Conjectures, point: Any, found: _Findings) -> None:
    ahead: dict[str, float] = defaultdict(float)
    for row in chain.rows("contracts"):
        ahead[row["market"]] += _delivered(row)
    entitled = {market: firms for market, _, firms in beliefs.entitled}
    for row in chain.rows("markets"):
        name = row["name"]
        sellers = beliefs.present[name]
        allowed = entitled.get(name, set())
        slope = -row["reference_price"] / (row["elasticity"] * row["reference_quantity"])
        total = ahead[name] + sum(point.spot.get((firm, name), 0.0) for firm in sellers)
        price = row["reference_price"] + slope * (row["reference_quantity"] - total)
        for firm in sellers:
            where = firm, "selling in", name
            quantity = point.spot.get((firm, name), 0.0)
            if firm not in allowed:
                found.note("capacity", quantity, firm, "may not sell in", name)
            margin = slope * sum(
                beliefs.pair(firm, other, name) * point.spot.get((other, name), 0.0)
                for other in sellers
            )
            value = point.value[firm, row["node"]]
            floor = point.floor_price.get((firm, name), 0.0)
            slack = value + margin + beliefs.adder.get((firm, name), 0.0) - price - floor
            found.pair(slack, quantity, max(abs(value), abs(price)), *where)


def _check_swaps(chain: Chain, point: Any, found: _Findings) -> None:
    for row in chain.rows("swaps"):
        name, ratio, cap = row["name"], row["ratio"], row["cap"]
        mine = {key: q for key, q in point.handed.items() if key[0] == name}
        forth = sum(q for key, q in mine.items() if key[1] == row["a"])
        back = sum(q for key, q in mine.items() if key[1] == row["b"])
        found.note("balance", abs(forth - ratio * back) / (1 + cap), "ratio of swap", name)
        found.note("capacity", max(forth - cap, 0.0) / (1 + cap), "cap of swap", name)
        rent, price = point.swap_rent.get(name, 0.0), point.swap_price.get(name, 0.0)
        idle = abs(cap - forth) * rent / ((1 + cap) * (1 + rent))
        found.note("complementarity", idle if mine else 0.0, "cap of swap", name)
        for (_, giver, receiver, node), quantity in mine.items():
            mine_to, yours_to = point.value[giver, node], point.value[receiver, node]
            share = price + rent if giver == row["a"] else -ratio * price
            scale = max(abs(mine_to), abs(yours_to))
            where = giver, "handing gas to", receiver, "at", node
            found.pair(mine_to - yours_to + share, quantity, scale, *where)


def _check_accounting(
    chain: Chain, arcs: Sequence[Arc], point: Any, payoffs: float, found: _Findings
) -> None:
    """All payoffs together are what gas is worth to its users minus what it costs to bring."""
    gross = cost = 0.0
    delivered: dict[str, float] = defaultdict(float)
    for (_, market), quantity in point.spot.items():
        delivered[market] += quantity
    for row in chain.rows("contracts"):
        delivered[row["market"]] += _delivered(row)
    for row in chain.rows("markets"):
        reference, price, bend = (
            row["reference_quantity"],
            row["reference_price"],
            row["elasticity"],
        )
        total = delivered[row["name"]]
        if not math.isnan(row["regulated_price"]):
            total = max(reference * (1 + bend * (row["regulated_price"] / price - 1)), 0.0)
        # Area under P = P0 + P0/|e| (1 - Q/Q0) from 0 to the quantity delivered.
        gross += price * total * (1 - (1 - total / (2 * reference)) / bend)
    for row in chain.rows("fields"):
        for firm, share in parse_shares(row["owners"]).items():
            quantity = point.lifting.get((firm, row["name"]), 0.0)
            capacity = share * row["capacity"]
            cost += quantity * (row["a"] + row["b"] * quantity / share / 2)
            if row["g"] < 0 and quantity > 0:
                left = max(1 - quantity / capacity, 0.0)
                entropy = left * math.log(left) if left else 0.0
                cost -= row["g"] * capacity * (entropy + quantity / capacity)
    unit = {}
    for row, *_ in arcs:
        given = [row[name] for name in ("operating_cost", "tariff") if not math.isnan(row[name])]
        unit[row["name"]] = given[0] if given else 0.0
    cost += sum(unit[arc] * quantity for (_, arc), quantity in point.flow.items())
    gap = abs(payoffs - (gross - cost)) / (1 + gross + cost)
    found.note("accounting", gap, "sum of payoffs against welfare")


def _open_choices(beliefs: _Conjectures, point: Any) -> Iterator[str]:
    """Sentences on splits that could be otherwise at the same prices and totals."""
    for market, firms in sorted(beliefs.present.items()):
        active = [firm for firm in firms if point.spot.get((firm, market), 0.0) > 1e-6]
        takers = [
            firm
            for firm in active
            if all(beliefs.pair(firm, other, market) == 0 for other in active)
        ]
        if len(takers) > 1:
            yield f"{market}: price-takers {', '.join(takers)} may split their sales otherwise"
        merged = [
            firm for firm in active if (group := beliefs.group(firm, market)) and group[0] == 1.0
        ]
        if len(merged) > 1:
            yield f"{market}: {', '.join(merged)} sell as one and may split their sales otherwise"
