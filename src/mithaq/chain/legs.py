"""The one door between the record and the gas chain: legs of an agreement become edits.

A scenario (see :mod:`mithaq.chain.scenarios`) is checked against the record, whose claims it cites,
and against the chain, whose nodes and firms it names. Then :func:`branches` turns any set of its
legs into edits. A leg with exploration has several branches: the field is found, or it is not. Each
branch carries its probability, since the worth of expected gas would overstate the expected worth
of gas (payoffs are concave in capacity).

Money that changes no decision in the market (search, development, plants, entry payments) is an
:class:`Outlay`, annuitised, beside the equilibrium; with royalties and profit shares, which the
chain knows, that is all that a leg costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from mithaq.chain.edits import Add, Change, Cooperate, Edit, GrantAccess, OpenMarket, Swap
from mithaq.chain.reading import nearest
from mithaq.chain.scenarios import Reference, Right, Scenario, ScenarioFile, read_scenario
from mithaq.chain.schema import parse_shares
from mithaq.chain.tables import Chain
from mithaq.errors import DataError, ModelError, Problem
from mithaq.record import Record
from mithaq.words.units import convert

__all__ = [
    "Branch",
    "Outlay",
    "TaggedEdit",
    "annuity",
    "branches",
    "checked_settings",
    "load_scenario",
    "scenario_ids",
    "told_claims",
]

THIRD = "third countries"
Settings = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TaggedEdit:
    """An edit, and the leg, the right and the territory from which it comes."""

    edit: Edit
    leg: str
    right: str
    territory: str


@dataclass(frozen=True, slots=True)
class Outlay:
    """Million USD a year that ``payer`` spends for a right; ``receiver`` '' means paid away."""

    payer: str
    amount: float
    receiver: str
    leg: str
    right: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which exploration may turn out, with everything that the legs then change."""

    probability: float
    found: tuple[str, ...]
    tagged: tuple[TaggedEdit, ...]
    outlays: tuple[Outlay, ...]

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(tag.edit for tag in self.tagged)


def annuity(rate: float, years: float) -> float:
    """Return the yearly payment for a unit of capital.

    >>> round(annuity(0.08, 20), 4)
    0.1019
    >>> annuity(0.0, 20)
    0.05
    """
    return 1 / years if rate == 0 else rate / (1 - (1 + rate) ** -years)


# Scenarios of a case


def scenario_ids(record: Record) -> tuple[str, ...]:
    """Return the scenarios that stand beside a record, by file name."""
    if record.folder is None:
        return ()
    return tuple(sorted(path.stem for path in _folder(record).glob("*.yaml")))


def load_scenario(record: Record, chain: Chain, name: str) -> Scenario:
    """Return the scenario of that id, or the one for the agreement of that id.

    Raises :class:`DataError` with every mistake of the file, with line and column: of form, a claim
    that the record does not hold, a name that the chain does not know.
    """
    for stem in scenario_ids(record):
        file = read_scenario(_folder(record) / f"{stem}.yaml", f"scenarios/{stem}.yaml")
        if name in (stem, file.agreement):
            return _checked(file, f"scenarios/{stem}.yaml", record, chain)
    known = scenario_ids(record)
    what = f"there is no scenario {name!r}, and none for an agreement of that name"
    raise DataError([Problem("scenarios", what=what, hint=nearest(name, known))])


def told_claims(record: Record) -> frozenset[tuple[str, str, str]]:
    """Return the claims of a record by subject, property and source, as scenarios cite them."""
    return frozenset((claim.subject, claim.property, claim.source) for claim in record.claims)


def _folder(record: Record) -> Path:
    return Path(str(record.folder)) / "scenarios"


def _checked(file: ScenarioFile, name: str, record: Record, chain: Chain) -> Scenario:
    problems = [*file.problems, *_dangling(file.references, name, record, chain)]
    if problems or file.scenario is None:
        raise DataError(sorted(problems, key=lambda p: (p.row, int(p.column or 0))))
    return file.scenario


def _dangling(
    references: Iterable[Reference], file: str, record: Record, chain: Chain
) -> list[Problem]:
    known = _known(record, chain)
    problems = []
    for reference in references:
        names = known[reference.kind]
        if reference.name in names:
            continue
        row, column = reference.place
        what, hint = _missing(reference, known)
        problems.append(Problem(file, row, str(column), what, hint))
    return problems


def _known(record: Record, chain: Chain) -> dict[str, set[tuple[str, ...]]]:
    """Return every name that a scenario may use, by kind of reference."""
    nodes = chain.rows("nodes")
    countries = [row["country"] or row["name"] for row in nodes]
    regions = [row["region"] for row in nodes if row["region"]]
    arcs = [row["name"] for t in ("pipelines", "terminals", "routes") for row in chain.rows(t)]
    claims = [(claim.subject, claim.property, claim.source) for claim in record.claims]
    single = {
        "arc": arcs,
        "country": countries,
        "region": regions,
        "territory": [*countries, *regions, THIRD],
        "subject": [claim[0] for claim in claims],
    }
    for kind in ("node", "firm", "field", "market"):
        single[kind] = [row["name"] for row in chain.rows(f"{kind}s")]
    known: dict[str, set[tuple[str, ...]]] = {}
    for kind, names in single.items():
        known[kind] = {(name,) for name in names}
    known["claim"] = set(claims)
    return known


def _missing(reference: Reference, known: Mapping[str, set[tuple[str, ...]]]) -> tuple[str, str]:
    """Return the sentence for a name that does not exist, and a hint."""
    if reference.kind != "claim":
        (name,) = reference.name
        place = "the record" if reference.kind == "subject" else "the chain"
        return (
            f"{place} has no {reference.kind} {name!r}",
            nearest(name, sorted(n[0] for n in known[reference.kind])),
        )
    subject, prop, source = reference.name
    sources = sorted(s for a, p, s in known["claim"] if (a, p) == (subject, prop))
    if sources:
        return f"{source!r} is no source of {subject}.{prop}", f"sources: {', '.join(sources)}"
    properties = sorted({p for a, p, _ in known["claim"] if a == subject})
    if properties:
        return f"the record has no {prop!r} of {subject}", nearest(prop, properties)
    return f"the record has no {subject!r}", nearest(
        subject, sorted(n[0] for n in known["subject"])
    )


# Legs to edits


def branches(
    scenario: Scenario,
    chain: Chain,
    *,
    legs: Collection[str] | None = None,
    territory: str | None = None,
    settings: Settings | None = None,
) -> tuple[Branch, ...]:
    """Return what a set of legs changes, one branch for each way exploration may turn out.

    ``legs``: ids, default all. ``territory``: only the rights on it. ``settings``: parameter id →
    value where it differs from the central one. Probabilities sum to 1; branches of probability 0
    are left out. Finds of different rights are independent.
    """
    values = {**scenario.settings(), **checked_settings(scenario, settings or {})}
    chosen = [
        (leg.id, right)
        for leg in scenario.legs
        if legs is None or leg.id in legs
        for right in leg.rights
        if territory is None or right.territory == territory
    ]
    searches = [right for _, right in chosen if right.what == "exploration"]
    out = []
    for outcome in product((True, False), repeat=len(searches)):
        probability = 1.0
        for right, hit in zip(searches, outcome, strict=True):
            chance = values[right.parameters["probability"].id]
            probability *= chance if hit else 1 - chance
        if probability > 0:
            found = tuple(r.id for r, hit in zip(searches, outcome, strict=True) if hit)
            out.append(_branch(chosen, chain, values, probability, found))
    return tuple(out)


def checked_settings(scenario: Scenario, changed: Settings) -> Settings:
    """Return settings as they are, if the scenario has the parameters and they are within bounds.

    Raises ModelError otherwise.
    """
    parameters = scenario.parameters()
    for name, value in changed.items():
        if name not in parameters:
            hint = nearest(name, parameters)
            raise ModelError(f"scenario {scenario.id} has no parameter {name!r} ({hint})")
        low, high = parameters[name].bounds
        if not (low <= value <= high and math.isfinite(value)):
            bounds = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
            unit = parameters[name].unit
            raise ModelError(f"{name} must be a number {bounds} ({unit}), not {value:g}")
    return changed


def _branch(
    chosen: Sequence[tuple[str, Right]],
    chain: Chain,
    values: Settings,
    probability: float,
    found: tuple[str, ...],
) -> Branch:
    tagged: list[TaggedEdit] = []
    outlays: list[Outlay] = []
    opened = frozenset(pair for _, right in chosen for pair in _opened(right, chain))
    for leg, right in chosen:
        drawn = _Drawing(right, chain, values, right.id in found, opened)
        tagged += [TaggedEdit(edit, leg, right.id, right.territory) for edit in drawn.edits()]
        outlays += [
            Outlay(payer, amount, receiver, leg, right.id)
            for payer, amount, receiver in drawn.outlays()
            if amount
        ]
    return Branch(probability, found, tuple(tagged), tuple(outlays))


def _opened(right: Right, chain: Chain) -> list[tuple[str, str]]:
    """Pairs of firm and market that a right opens."""
    if right.what == "swap":
        return _swap_markets(right, chain)
    return [(right.to, market) for market in right.names.get("markets", ())]


def _swap_markets(right: Right, chain: Chain) -> list[tuple[str, str]]:
    """Where each party of a swap may sell what it receives, regulated markets left out."""
    at: dict[str, list[str]] = {}
    for row in chain.rows("markets"):
        if not row["supplier"]:
            at.setdefault(row["node"], []).append(row["name"])
    sides = ((right.to, "receives"), (right.names["partner"], "hands_over"))
    return [
        (firm, market)
        for firm, side in sides
        for node in right.names.get(side, ())
        for market in at.get(node, ())
    ]


class _Drawing:
    """One right at given settings: its edits and its outlays."""

    def __init__(
        self,
        right: Right,
        chain: Chain,
        values: Settings,
        found: bool,
        opened: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.right = right
        self.opened = opened  # firm and market pairs that rights of the same set open
        self.names: Mapping[str, Any] = right.names
        self.chain = chain
        self.values = values
        self.found = found

    def figure(self, name: str) -> float:
        """A parameter of the right; 0 where it may be left out and is."""
        parameter = self.right.parameters.get(name)
        return self.values[parameter.id] if parameter else 0.0

    def edits(self) -> list[Edit]:
        draw: Callable[[], list[Edit]] = getattr(self, f"_{self.right.what}")
        return draw()

    def outlays(self) -> list[tuple[str, float, str]]:
        spend: Callable[[], list[tuple[str, float, str]]] | None
        spend = getattr(self, f"_{self.right.what}_outlays", None)
        return spend() if spend else []

    def annual(self, capital: float) -> float:
        return capital * annuity(self.values["rate"], self.values["years"])

    def owners(self) -> dict[str, float]:
        """The firm and its partner, by the firm's share."""
        share = self.figure("share")
        return {
            firm: part
            for firm, part in ((self.right.to, share), (self.names["partner"], 1 - share))
            if part > 0
        }

    def take(self) -> dict[str, Any]:
        return {name: self.figure(name) for name in ("royalty", "profit_share")}

    # exploration

    def _exploration(self) -> list[Edit]:
        capacity = self.figure("capacity")
        if not self.found or capacity == 0:
            return []
        return [
            Add(
                "fields",
                {
                    "name": self.names["field"],
                    "node": self.names["node"],
                    "owners": _shares(self.owners()),
                    "capacity": capacity,
                    "a": self.figure("cost"),
                    **self.take(),
                },
            )
        ]

    def _exploration_outlays(self) -> list[tuple[str, float, str]]:
        spent = [(self.right.to, self.annual(self.figure("discovery_cost")), "")]
        if self.found:
            development = self.annual(self.figure("development_cost"))
            spent += [(firm, part * development, "") for firm, part in self.owners().items()]
        return spent

    # lifting

    def _lifting(self) -> list[Edit]:
        volume = self.figure("volume")
        if volume == 0:
            return []
        row = next(r for r in self.chain.rows("fields") if r["name"] == self.names["field"])
        whole, name = row["capacity"], row["name"]
        held = {firm: part * whole for firm, part in parse_shares(row["owners"]).items()}
        left = held.get(self.names["owner"], 0.0) - volume
        if left <= 0:
            raise ModelError(
                f"{self.names['owner']} cannot give {volume:g} bcm/yr of {name}: "
                f"it holds {left + volume:g}"
            )
        held[self.names["owner"]] = left
        rest = whole - volume
        # a slice of share s has the curve a + (b/s) q + g ln(1 - q/(sK)): costs stay as they were
        part = {key: row[key] for key in ("node", "a", "g", "user_cost", "host")}
        part |= {
            "name": f"{name} ({self.right.to})",
            "owners": self.right.to,
            "capacity": volume,
            "b": row["b"] * whole / volume,
            **self.take(),
        }
        return [
            Change("fields", name, "capacity", rest),
            Change("fields", name, "b", row["b"] * whole / rest),
            Change("fields", name, "owners", _shares({f: v / rest for f, v in held.items()})),
            Add("fields", part),
        ]

    def _lifting_outlays(self) -> list[tuple[str, float, str]]:
        paid = self.annual(self.figure("entry_payment")) if self.figure("volume") else 0.0
        return [(self.right.to, paid, self.names["owner"])]

    # plant

    def _plant(self) -> list[Edit]:
        output = convert(self.figure("capacity"), "Mt/year", "bcm/year").amount
        if output == 0:
            return []
        node, inland = self.names["node"], self.names["inland"]
        loss, access = self.figure("loss"), ";".join(sorted({self.right.to, self.names["partner"]}))
        feed = output / (1 - loss)
        place = next(r for r in self.chain.rows("nodes") if r["name"] == inland)
        common = {"access": access, "owner": _shares(self.owners())}
        edits: list[Edit] = []
        if all(row["name"] != node for row in self.chain.rows("nodes")):
            about = {"country": place["country"] or inland, "region": place["region"]}
            line = {"name": f"feed of {self.names['terminal']}", "from": inland, "to": node}
            # roomier than the plant, so that a full plant earns its rent at the plant
            line["capacity"] = 2 * feed
            edits += [Add("nodes", {"name": node, **about}), Add("pipelines", {**line, **common})]
        terminal = {"name": self.names["terminal"], "node": node, "kind": "liquefaction"}
        terminal |= {"operating_cost": self.figure("operating_cost"), "loss": loss}
        edits.append(Add("terminals", {**terminal, "capacity": feed, **common}))
        freight = self.figure("freight") / 1000
        edits += [
            Add(
                "routes",
                {
                    "from": node,
                    "to": port,
                    "distance": miles,
                    "operating_cost": round(freight * miles, 6),
                },
            )
            for port, miles in self.names["routes"].items()
        ]
        return edits

    def _plant_outlays(self) -> list[tuple[str, float, str]]:
        return self._invested(self.owners())

    def _invested(self, owners: Mapping[str, float]) -> list[tuple[str, float, str]]:
        cost = self.annual(self.figure("investment")) if self.figure("capacity") else 0.0
        return [(firm, part * cost, "") for firm, part in owners.items()]

    # pipeline

    def line_owners(self) -> dict[str, float]:
        """Owners of a new line: the firm has ``share`` of the partner's ``stake``."""
        stake, share = self.figure("stake"), self.figure("share")
        others = self.names.get("others", f"partners in {self.names['pipeline']}")
        parts = {
            self.right.to: stake * share,
            self.names["partner"]: stake * (1 - share),
            others: 1 - stake,
        }
        return {owner: part for owner, part in parts.items() if part > 0}

    def _pipeline(self) -> list[Edit]:
        if self.figure("capacity") == 0:
            return []
        access = sorted({self.right.to, self.names["partner"]})
        return [
            Add(
                "pipelines",
                {
                    "name": self.names["pipeline"],
                    "from": self.names["from"],
                    "to": self.names["into"],
                    "capacity": self.figure("capacity"),
                    "operating_cost": self.figure("operating_cost"),
                    "loss": self.figure("loss"),
                    "owner": _shares(self.line_owners()),
                    "access": ";".join(access),
                },
            )
        ]

    def _pipeline_outlays(self) -> list[tuple[str, float, str]]:
        return self._invested(self.line_owners())

    # the others cost nothing by themselves

    def _access(self) -> list[Edit]:
        return [GrantAccess(arc, self.right.to) for arc in self.names["arcs"]]

    def _swap(self) -> list[Edit]:
        """The swap, and the right of each to sell where it receives: else it would be void."""
        if self.figure("cap") == 0:
            return []
        firm, partner = self.right.to, self.names["partner"]
        gives, receives = (tuple(self.names.get(n, ())) for n in ("hands_over", "receives"))
        cap, ratio = self.figure("cap"), self.figure("ratio")
        swap = Swap(self.right.id, firm, partner, cap, ratio, gives, receives)
        return [swap, *(OpenMarket(*pair) for pair in _swap_markets(self.right, self.chain))]

    def _joint_marketing(self) -> list[Edit]:
        """One group a market, where both may sell: alone a member keeps its own conduct."""
        if self.figure("strength") == 0:
            return []
        region = self.names["region"]
        inside = {row["name"] for row in self.chain.rows("nodes") if row["region"] == region}
        firms = tuple(sorted({self.right.to, self.names["partner"]}))
        barred = {
            (row["firm"], row["market"])
            for row in self.chain.rows("conduct")
            if not row["may_sell"]
        } - self.opened
        return [
            Cooperate(self.right.id, firms, self.figure("strength"), row["name"])
            for row in self.chain.rows("markets")
            if row["node"] in inside
            and not row["supplier"]
            and all((firm, row["name"]) not in barred for firm in firms)
        ]

    def _market_opening(self) -> list[Edit]:
        return [OpenMarket(self.right.to, market) for market in self.names["markets"]]


def _shares(owners: Mapping[str, float]) -> str:
    """Return a shares cell; the last share takes what rounding leaves, so that they sum to 1.

    >>> _shares({"A": 0.49, "B": 0.51})
    'A:0.49;B:0.51'
    >>> _shares({"A": 1.0})
    'A'
    """
    if len(owners) == 1:
        return next(iter(owners))
    parts = {owner: round(part, 12) for owner, part in owners.items()}
    last = list(parts)[-1]
    parts[last] = round(1 - sum(part for owner, part in parts.items() if owner != last), 12)
    return ";".join(f"{owner}:{part:.12g}" for owner, part in parts.items())
