"""Network power: what exporters and transit countries bring to each other.

The access game (after Hubert & Ikonnikova 2011). A coalition of countries sells as one, with the
fields of its members' firms, over the lines that leave its own territory or that of countries that
are no players; nobody else exports. What it earns is revenue less the cost of lifting, of carrying,
and of what is paid to others; what members pay each other is no cost. Home supply at a regulated
price is served by all, in the game or not, and left out: v(S) counts what S earns beyond it.

Domestic fringes stay: they are the buyers' own gas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Add, Chain, Change, Cooperate, Edit, Remove
from mithaq.chain.lines import Line
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium import Equilibrium, solve
from mithaq.equilibrium.arcs import Arc, read_arcs
from mithaq.equilibrium.payoffs import owners_of, price_and_cost, state_parties, treasury
from mithaq.equilibrium.terms import Terms
from mithaq.errors import DataError, ModelError, Problem
from mithaq.games import is_nucleolus, least_core, members, nucleolus, prenucleolus, shapley
from mithaq.worth.batch import Progress, Where, batch, identity
from mithaq.worth.batch.places import for_equilibria
from mithaq.worth.groups import transit_countries

__all__ = ["MOST", "Power", "default_players", "power"]

Array = NDArray[np.float64]
MOST = 14
EXPORTERS = 5
GROUP = "coalition"
#: As a share of v(all): a least core above this is taken to be empty of cores.
EMPTY = 1e-7
#: Items of payoffs that are not summed: those of carriage are counted by what a coalition sends,
#: and of the others the coalition is payer and receiver, or they are the same whoever is in it.
PAID_ON = (
    "carrying cost",
    "tariffs",
    "congestion rents",
    "transit fees",
    "export duties",
    "profit shares",
    "entry payments",
    "discovery cost",
)


@dataclass(frozen=True)
class Power:
    """The access game and its answers; money in million USD a year, in the order of ``players``.

    ``value`` is the game, indexed by bitmask. ``nucleolus`` is taken over the imputations where
    there are any, else (``imputations`` False: together the players earn less than each for
    itself) it is the prenucleolus. ``epsilon`` is the least core's largest excess: the core is
    empty where it is positive.
    """

    players: tuple[str, ...]
    kinds: tuple[str, ...]
    value: Array
    shapley: Array
    nucleolus: Array
    imputations: bool
    epsilon: float
    outsiders: bool
    line: Line | None
    equilibria: int
    max_violation: float
    chain: str
    before: Power | None = None

    @property
    def core_nonempty(self) -> bool:
        """Whether some division leaves no coalition with more to gain on its own."""
        return self.epsilon <= EMPTY * max(abs(float(self.value[-1])), 1.0)

    def to_dict(self) -> dict[str, Any]:
        """The game's answers as plain values: the keys of ``mithaq power --json``."""
        alone = self.value[[1 << i for i in range(len(self.players))]]
        found: dict[str, Any] = {
            "players": list(self.players),
            "kinds": self._named(self.kinds),
            "total": float(self.value[-1]),
            "alone": self._named(alone),
            "shapley": self._named(self.shapley),
            "nucleolus": self._named(self.nucleolus),
            "imputations": self.imputations,
            "core_nonempty": self.core_nonempty,
            "least_core": self.epsilon,
            "outsiders": self.outsiders,
            "with": None,
            "change": None,
            "equilibria": self.equilibria,
            "max_violation": self.max_violation,
            "chain": self.chain,
        }
        if self.line and self.before:
            found["with"] = {
                "id": self.line.id,
                "name": dict(self.line.name),
                "sources": list(self.line.sources),
                "assumptions": dict(self.line.assumptions),
            }
            found["change"] = {
                "total": float(self.value[-1] - self.before.value[-1]),
                "shapley": self._named(self.shapley - self.before.shapley),
                "nucleolus": self._named(self.nucleolus - self.before.nucleolus),
            }
        return found

    def _named(self, figures: Iterable[Any]) -> dict[str, Any]:
        plain = (x if isinstance(x, str) else round(float(x), 6) + 0.0 for x in figures)
        return dict(zip(self.players, plain, strict=True))


def default_players(chain: Chain, line: Line | None = None) -> tuple[str, ...]:
    """The five largest exporters into Europe, then the countries that are paid for transit.

    Where no node lies in a region "Europe", exports to any other country count. Whoever owns a
    field that comes with ``line`` plays too.
    """
    country = _countries(chain)
    europe = {row["name"] for row in chain.rows("nodes") if row["region"] == "Europe"}
    homes = {row["name"]: row["home"] for row in chain.rows("firms") if not row["fringe"]}
    sold: dict[str, float] = defaultdict(float)
    for row in solve(chain).deliveries.to_dict("records"):
        seller = homes.get(row["firm"])
        name = seller or (row["firm"] if seller == "" else None)
        if name and country[row["node"]] != seller and (not europe or row["node"] in europe):
            sold[name] += row["bcm"]
    largest = sorted((n for n in sold if sold[n] > 1e-3), key=lambda n: (-sold[n], n))[:EXPORTERS]
    new = [e.row["owners"] for e in line.edits if _is_field(e)] if line else []
    owners = [homes.get(firm) or firm for cell in new for firm in parse_shares(cell)]
    exporters = tuple(dict.fromkeys([*largest, *owners]))
    return (*exporters, *transit_countries(chain, frozenset(exporters)))


def _is_field(edit: Edit) -> TypeGuard[Add]:
    return isinstance(edit, Add) and edit.table == "fields"


def power(
    chain: Chain,
    players: Sequence[str] = (),
    *,
    outsiders: bool = False,
    line: Line | None = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> Power:
    """Return what exporters and transit countries bring to the gas trade, and how they may share.

    ``players`` are countries, or firms (that hold no territory); default:
    :func:`default_players`. With ``outsiders`` all other sellers sell on as they do today, also
    those players that are not in the coalition; what they pay for lines of members is left out.
    ``line`` is added to the chain, and ``before``
    then holds the answers without it. With ``store`` coalitions are kept in that folder as
    :func:`batch` does; where there is a ``line``, in its folders ``without`` and ``with``.

    Raises DataError for players that the chain does not have or a store that was begun for
    something else, ModelError for fewer than two or
    more than fourteen, BatchError where an equilibrium was not certified.

    >>> import pandas as pd
    >>> from mithaq import Chain
    >>> chain = Chain.from_tables({  # P = 100 - Q, unit cost 20, one exporter behind one country
    ...     "nodes": pd.DataFrame({"name": ["Well", "Land", "Hub"]}),
    ...     "firms": pd.DataFrame({"name": ["A"], "home": ["Well"]}),
    ...     "fields": pd.DataFrame({"name": ["a"], "node": "Well", "owners": "A", "capacity": 1000,
    ...                             "a": 20}),
    ...     "pipelines": pd.DataFrame({"from": ["Well", "Land"], "to": ["Land", "Hub"],
    ...                                "capacity": 1000}),
    ...     "markets": pd.DataFrame({"name": ["Hub"], "node": ["Hub"], "reference_quantity": [50],
    ...                              "reference_price": [50], "elasticity": [-1]}),
    ... })
    >>> found = power(chain, ["Well", "Land"])
    >>> found.shapley.round(3).tolist(), found.core_nonempty
    ([800.0, 800.0], True)
    """
    named = tuple(players) or default_players(chain, line)
    if line is not None:
        folders = [Path(store) / name for name in ("without", "with")] if store else [None, None]
        before, after = (
            power(
                one,
                named,
                outsiders=outsiders,
                on=on,
                workers=workers,
                progress=progress,
                store=folder,
            )
            for one, folder in zip((chain, chain.with_edits(line.edits)), folders, strict=True)
        )
        return replace(after, line=line, before=before)
    access = _Access(chain, named, outsiders=outsiders)
    n = len(named)
    if not 2 <= n <= MOST:
        raise ModelError(f"network power needs 2 to {MOST} players; here are {n}")
    acting = [access.acting(bits) for bits in range(1 << n)]
    homes = [1 << i for i in range(n) if access.firms[i]]
    items = {f"{bits:b}": (bits, False) for bits in sorted(set(acting)) if access.sellers(bits)}
    items |= {f"home {bits:b}": (bits, True) for bits in homes}
    on = for_equilibria(on, len(items))
    found = batch(
        _earned, items, shared=access, on=on, workers=workers, progress=progress, store=store
    )
    earned = found.checked()
    at_home = [earned[f"home {1 << i:b}"]["earned"] if access.firms[i] else 0.0 for i in range(n)]
    value = np.zeros(1 << n)
    for bits, same in enumerate(acting):
        if access.sellers(same):
            home = sum(at_home[i] for i in members(bits))
            value[bits] = earned[f"{same:b}"]["earned"] - home
    value[np.abs(value) < 1e-6 * np.abs(value).max(initial=0.0)] = 0.0
    alone = value[[1 << i for i in range(n)]].sum()
    imputations = bool(alone <= value[-1])
    shares = nucleolus(value) if imputations else prenucleolus(value)
    return Power(
        players=named,
        kinds=tuple("exporter" if own else "transit" for own in access.firms),
        value=value,
        shapley=shapley(value),
        nucleolus=shares,
        imputations=imputations and is_nucleolus(value, shares),
        epsilon=least_core(value).epsilon,
        outsiders=outsiders,
        line=None,
        equilibria=len(items),
        max_violation=max(row["violation"] for row in earned.values()),
        chain=chain.hash,
    )


def _countries(chain: Chain) -> dict[str, str]:
    return {row["name"]: row["country"] or row["name"] for row in chain.rows("nodes")}


class _Access:
    """The chain as coalitions find it: who may use what, and what is paid inside."""

    def __init__(self, chain: Chain, named: Sequence[str], *, outsiders: bool) -> None:
        self.named = tuple(named)
        self.outsiders = outsiders
        #: What names the game in a store: everything below follows from it.
        self.key = identity((chain, self.named, outsiders))
        self.firms, self.lands = _firms(chain, self.named)
        mine = {firm for own in self.firms for firm in own}
        free = [
            row["name"] for row in chain.rows("contracts") if row["seller"] in mine or not outsiders
        ]
        self.chain = chain.with_edits([Remove("contracts", name) for name in free])
        self.near = solve(self.chain).production
        self.country = _countries(chain)
        self.arcs = read_arcs(self.chain)
        self.exits = {name: self._exit(arc) for name, arc in self.arcs.items()}
        rows = chain.rows("firms")
        self.all_firms = [row["name"] for row in rows]
        self.fringe = [row["name"] for row in rows if row["fringe"]]
        self.inside = [
            state_parties(chain, land) if land else set(own)
            for land, own in zip(self.lands, self.firms, strict=True)
        ]

    def _exit(self, arc: Arc) -> str:
        """The country that gas leaves, or is made fit to leave, along an arc; '' for landings."""
        if arc.mode == "regasification":
            return ""
        return self.country[arc.tail.removesuffix(" (liquefied)")]

    def closed(self, bits: int) -> set[str]:
        """Countries that are players and not in the coalition."""
        return {land for i, land in enumerate(self.lands) if land and not bits >> i & 1}

    def sellers(self, bits: int) -> tuple[str, ...]:
        """Firms of the coalition."""
        return tuple(firm for i in members(bits) for firm in self.firms[i])

    def acting(self, bits: int) -> int:
        """The coalition without those who neither sell nor lie on a way that its gas can go."""
        closed = self.closed(bits)
        used: set[str] = set()
        out: dict[str, list[Arc]] = defaultdict(list)
        for arc in self.arcs.values():
            if arc.capacity > 0 and self.exits[arc.name] not in closed:
                out[arc.tail].append(arc)
        for firm in self.sellers(bits):
            todo = [
                row["node"]
                for row in self.chain.rows("fields")
                if row["capacity"] > 0 and firm in parse_shares(row["owners"])
            ]
            seen = set(todo)
            while todo:
                for arc in out[todo.pop()]:
                    if arc.access and firm not in arc.access:
                        continue
                    used.add(self.exits[arc.name])
                    if arc.head not in seen:
                        seen.add(arc.head)
                        todo.append(arc.head)
        return sum(1 << i for i in members(bits) if self.firms[i] or self.lands[i] in used)

    # The chain of a coalition

    def edits(self, bits: int, *, home: bool) -> list[Edit]:
        """What the coalition finds: markets, ways, and charges that it does not pay itself."""
        firms = self.sellers(bits)
        edits = self._markets(() if home else firms)
        edits += self._ways(bits, firms)
        inside = self._inside(bits)
        edits += self._charges(firms, inside)
        edits += self._royalties(firms, inside)
        return [*edits, Cooperate(GROUP, firms, 1.0, theta=1.0)]

    def _markets(self, firms: Sequence[str]) -> list[Edit]:
        """Who may sell: the coalition and the fringes, with ``outsiders`` all but the coalition."""
        mine = {firm for own in self.firms for firm in own}
        edits: list[Edit] = []
        if firms and self.outsiders:
            return edits
        others = [f for f in self.all_firms if f not in mine] if self.outsiders else self.fringe
        for row in self.chain.rows("markets"):
            if row["supplier"]:
                continue
            allowed = parse_names(row["access"])
            kept = [f for f in (*firms, *others) if not allowed or f in allowed]
            if kept:
                edits.append(Change("markets", row["name"], "access", ";".join(kept)))
            else:
                edits.append(Remove("markets", row["name"]))
        return edits

    def _ways(self, bits: int, firms: Sequence[str]) -> list[Edit]:
        closed = self.closed(bits)
        edits: list[Edit] = []
        for table in ("pipelines", "terminals", "routes"):
            for row in self.chain.rows(table):
                if self.exits[row["name"]] not in closed:
                    continue
                may = parse_names(row["access"]) if "access" in row else []
                kept = [f for f in (may or self.all_firms) if f not in firms]
                if "access" in row and len(kept) < len(may or self.all_firms):
                    cell = ";".join(kept)
                    edits.append(
                        Change(table, row["name"], "access", cell)
                        if kept
                        else Change(table, row["name"], "capacity", 0.0)
                    )
        return edits

    def _inside(self, bits: int) -> set[str]:
        """Parties whose income is the coalition's: firms, operators and treasuries of members."""
        names = {party for i in members(bits) for party in self.inside[i]}
        return {p for p in names if not p.startswith(("consumers in ", "buyers in "))}

    def _charges(self, firms: Sequence[str], inside: set[str]) -> list[Edit]:
        """Cut what would be paid to a member, on lines that the coalition alone may use."""
        edits: list[Edit] = []
        for table, noun in (("pipelines", "line"), ("terminals", "terminal"), ("routes", "leg")):
            for row in self.chain.rows(table):
                margin, fee, duty = self._kept(row, noun, inside)
                if not (margin or fee or duty) or not self._alone(row, firms):
                    continue
                tariff, _ = price_and_cost(row, "tariff", "operating_cost")
                if margin:
                    edits.append(Change(table, row["name"], "tariff", tariff - margin))
                if fee:
                    edits.append(Change(table, row["name"], "transit_fee", 0.0))
                if duty:
                    edits.append(Change(table, row["name"], "export_duty", 0.0))
        return edits

    def _kept(
        self, row: Mapping[str, Any], noun: str, inside: set[str]
    ) -> tuple[float, float, float]:
        """Tariff above cost, fee and duty of a unit sent that go to members."""
        tariff, cost = price_and_cost(row, "tariff", "operating_cost")
        share = sum(x for owner, x in owners_of(row, noun).items() if owner in inside)
        fee = duty = 0.0
        if noun == "line":
            here = self.country[row["from"]]
            fee = row["transit_fee"] if treasury(row["fee_receiver"] or here) in inside else 0.0
            duty = row["export_duty"] if treasury(row["duty_receiver"] or here) in inside else 0.0
        return share * (tariff - cost), fee, duty

    def _alone(self, row: Mapping[str, Any], firms: Sequence[str]) -> bool:
        """Whether no seller outside the coalition may use an arc, home supply apart."""
        if not self.outsiders:
            return True
        may = parse_names(row.get("access", "")) or [
            f for f in self.all_firms if f not in self.fringe
        ]
        return set(may) <= set(firms)

    def _royalties(self, firms: Sequence[str], inside: set[str]) -> list[Edit]:
        return [
            Change("fields", row["name"], "royalty", 0.0)
            for row in self.chain.rows("fields")
            if row["royalty"]
            and treasury(row["host"] or self.country[row["node"]]) in inside
            and set(parse_shares(row["owners"])) <= set(firms)
        ]

    # What it earns

    def joint(self, found: Equilibrium, bits: int) -> float:
        """Revenue less cost of the coalition, what members pay each other apart."""
        firms, inside, point = set(self.sellers(bits)), self._inside(bits), found.point
        lines = found.payoff_lines
        mine = lines["party"].isin(firms) & ~lines["item"].isin(PAID_ON)
        total = float(lines.loc[mine, "musd"].sum())
        part = Terms(found.chain, point).part
        scarcity = {row["name"]: row["user_cost"] for row in found.chain.rows("fields")}
        for (firm, name, slot), q in point.lifting.items():
            if firm in firms:
                total -= part[slot] * scarcity[name] * q
        paid, back = read_arcs(found.chain), self._back(found.chain, inside)
        for (firm, name, slot), q in point.flow.items():
            if firm in firms:
                kept, share = back[name]
                # A line that nobody else may use is not auctioned: its rent stays with its user.
                rent = (1 - share) * point.rent.get((name, slot), 0.0) if self.outsiders else 0.0
                total -= part[slot] * (paid[name].charge - kept + rent) * q
        return float(total)

    def _back(self, chain: Chain, inside: set[str]) -> dict[str, tuple[float, float]]:
        """By arc: what of its charge comes back to members, and their share in its owners."""
        out = {}
        for table, noun in (("pipelines", "line"), ("terminals", "terminal"), ("routes", "leg")):
            for row in chain.rows(table):
                share = sum(x for o, x in owners_of(row, noun).items() if o in inside)
                out[row["name"]] = sum(self._kept(row, noun, inside)), share
        return out


def _earned(access: _Access, item: tuple[int, bool]) -> dict[str, float]:
    """What a coalition earns, beyond its borders or (``home``) with every free market shut."""
    bits, home = item
    found = solve(access.chain, access.edits(bits, home=home), near=access.near)
    violation = float(found.certificate.max_violation)
    return {"earned": access.joint(found, bits), "violation": violation}


def _firms(
    chain: Chain, named: Sequence[str]
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Firms and territory of each player; raises DataError for what is neither."""
    rows = [row for row in chain.rows("firms") if not row["fringe"]]
    names = {row["name"] for row in rows}
    countries = set(_countries(chain).values()) | {row["home"] for row in rows if row["home"]}
    problems, firms, lands = [], [], []
    for name in named:
        if name in countries:
            firms.append(tuple(row["name"] for row in rows if row["home"] == name))
            lands.append(name)
        else:
            firms.append((name,))
            lands.append("")
            if name not in names:
                hint = f"known: {', '.join(sorted(countries | names))}"
                what = f"{name!r} is no country and no firm"
                problems.append(Problem(column="players", what=what, hint=hint))
    twice = sorted({name for name in named if list(named).count(name) > 1})
    problems += [Problem(column="players", what=f"{name!r} is in it twice") for name in twice]
    taken = [firm for own in firms for firm in own]
    shared = sorted({firm for firm in taken if taken.count(firm) > 1})
    problems += [Problem(column="players", what=f"{f} belongs to two players") for f in shared]
    if problems:
        raise DataError(problems)
    return tuple(firms), tuple(lands)
