"""How the answer about a forum moves with what is assumed, one thing at a time.

For each setting the forum of all members is set beside its members alone and beside each forum that
one of them has left: what they gain, what others do, and whether they would stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mithaq.chain import Chain, Cooperate, Edit, Floor
from mithaq.equilibrium import solve
from mithaq.errors import ModelError
from mithaq.worth.batch import Progress, Where, batch
from mithaq.worth.forum import EVEN, GROUP, firms_of
from mithaq.worth.plan import least_sales, opened, resized

__all__ = ["Setting", "Sway", "sway"]

STRENGTHS = (0.1, 0.25, 0.5, 0.75, 1.0)
FACTORS = (0.75, 1.25)


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to ask: ``what`` differs from the question asked, and the value that it has."""

    what: str
    value: str
    strength: float
    floors: bool = False
    entry: bool = False
    conduct: float = 1.0
    capacity: float = 1.0
    spare: float = 1.0
    calibration: str = ""


@dataclass(frozen=True)
class Sway:
    """The forum of all at one setting; money in million USD a year.

    ``gains``: each member's; ``leaving``: what each would earn outside less what it earns inside
    (None at strength 1, where the split inside is not unique). ``stays``: no member gains by
    leaving. ``held_by_transfers``: their total covers what each would earn as a leaver;
    ``transfers`` is what must pass among them for that, None where it cannot be.
    """

    setting: Setting
    gain: float
    gains: Mapping[str, float]
    outsiders: float
    consumers: float
    leaving: Mapping[str, float] | None
    stays: bool | None
    held_by_transfers: bool
    transfers: float | None
    max_violation: float

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        found: dict[str, Any] = {
            "what": self.setting.what,
            "value": self.setting.value,
            "strength": self.setting.strength,
        }
        names = ("gain", "gains", "outsiders", "consumers", "leaving", "stays")
        found |= {name: getattr(self, name) for name in names}
        return found | {"held_by_transfers": self.held_by_transfers, "transfers": self.transfers}


def sway(
    chain: Chain,
    members: Sequence[str],
    *,
    strength: float = 1.0,
    floors: bool = False,
    entry: bool = False,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Sway, ...]:
    """Return how the forum of all ``members`` fares as one thing at a time is changed.

    First the question as asked; then each strength, floors and entry switched, the conduct of all
    sellers and the capacity of the members and of all others a quarter lower and higher (what is
    lifted today is the least capacity there can be), and each other calibration. Raises as
    :func:`worth.forum` does.
    """
    firms = firms_of(chain, members)
    if len(firms) < 2:
        raise ModelError(f"a forum needs at least 2 members; here are {len(firms)}")
    asked = Setting("", "", strength, floors, entry)
    settings = [asked, *_others(asked, chain)]
    items = {str(place): setting for place, setting in enumerate(settings)}
    found = batch(_ask, items, shared=(chain, firms), on=on, workers=workers, progress=progress)
    return tuple(found.checked()[key] for key in items)


def _others(asked: Setting, chain: Chain) -> list[Setting]:
    out = [
        replace(asked, what="strength", value=f"{k:g}", strength=k)
        for k in STRENGTHS
        if k != asked.strength
    ]
    word = {True: "with", False: "without"}
    floors, entry = not asked.floors, not asked.entry
    out.append(replace(asked, what="floors", value=word[floors], floors=floors))
    out.append(replace(asked, what="entry", value=word[entry], entry=entry))
    out += [replace(asked, what="conduct", value=f"{x:g}", conduct=x) for x in FACTORS]
    out += [replace(asked, what="capacity", value=f"{x:g}", capacity=x) for x in FACTORS]
    out += [replace(asked, what="spare", value=f"{x:g}", spare=x) for x in FACTORS]
    out += [
        replace(asked, what="calibration", value=name, calibration=name)
        for name in chain.calibrations
        if chain.calibrated(name).hash != chain.hash
    ]
    return out


Shared = tuple[Chain, Mapping[str, tuple[str, ...]]]


def _ask(shared: Shared, setting: Setting) -> Sway:
    whole, firms = shared
    chain = _changed(whole, firms, setting)
    mine = [firm for own in firms.values() for firm in own]
    sellers = [row["name"] for row in chain.rows("firms") if row["name"] not in mine]
    base = solve(chain)
    kept = least_sales(base, mine) if setting.floors else {}
    violations = [float(base.certificate.max_violation)]

    def reach(names: Sequence[str]) -> tuple[dict[str, float], float, float]:
        """Profit of each member, of all other sellers, and the consumers' surplus."""
        found = base
        if len(names) > 1 or (names and len(firms[names[0]]) > 1):
            group = tuple(firm for name in names for firm in firms[name])
            edits: list[Edit] = [Cooperate(GROUP, group, setting.strength)]
            edits += [Floor(f, market, q) for (f, market), q in kept.items() if f in group]
            found = solve(chain, edits, near=base.production)
            violations.append(float(found.certificate.max_violation))
        payoffs = found.payoffs()
        buyers = [party for party in payoffs.index if str(party).startswith("consumers in ")]
        profits = {name: float(payoffs.reindex(list(own)).sum()) for name, own in firms.items()}
        return profits, float(payoffs.reindex(sellers).sum()), float(payoffs[buyers].sum())

    names = list(firms)
    alone, others, surplus = reach(())
    inside, others_after, surplus_after = reach(names)
    outside = {
        name: reach([n for n in names if n != name])[0][name] if len(names) > 2 else alone[name]
        for name in names
    }
    even = EVEN * max(map(abs, [*inside.values(), *outside.values()]))
    total, needed = math.fsum(inside.values()), math.fsum(outside.values())
    unique = setting.strength < 1
    leaving = {name: outside[name] - inside[name] for name in names}
    held = total >= needed - even
    return Sway(
        setting=setting,
        gain=total - math.fsum(alone.values()),
        gains={name: inside[name] - alone[name] for name in names},
        outsiders=others_after - others,
        consumers=surplus_after - surplus,
        leaving=leaving if unique else None,
        stays=all(x <= even for x in leaving.values()) if unique else None,
        held_by_transfers=held,
        transfers=math.fsum(max(x, 0.0) for x in leaving.values()) if held else None,
        max_violation=max(violations),
    )


def _changed(chain: Chain, firms: Mapping[str, tuple[str, ...]], setting: Setting) -> Chain:
    """The chain of a setting."""
    if setting.calibration:
        chain = chain.calibrated(setting.calibration)
    if setting.entry:
        chain = opened(chain)
    tables: dict[str, list[dict[str, Any]]] = {}
    if setting.conduct != 1:
        for name, column in (("conduct", "theta"), ("firms", "conduct")):
            tables[name] = [dict(row) for row in chain.rows(name)]
            for row in tables[name]:
                row[column] = min(row[column] * setting.conduct, 1.0)
    chain = chain.with_rows(tables) if tables else chain
    mine = [firm for own in firms.values() for firm in own]
    return resized(chain, mine, own=setting.capacity, others=setting.spare)
