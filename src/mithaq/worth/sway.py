"""How the answer about a forum moves with what is assumed, one thing at a time.

For each setting the forum of all members is set beside its members alone and beside each forum that
one of them has left: what they gain, what others do, and whether they would stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mithaq.chain import Chain
from mithaq.errors import ModelError
from mithaq.worth.batch import Progress, Where, batch, identity
from mithaq.worth.forum import EVEN, LEAVER, MEMBER, firms_of, reach
from mithaq.worth.plan import opened, resized

__all__ = ["Setting", "Sway", "sway"]

STRENGTHS = (0.1, 0.25, 0.5, 0.75, 1.0)
FACTORS = (0.75, 1.25)
Row = Mapping[str, float | bool]


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

    @classmethod
    def of(cls, row: Row, setting: Setting, members: Sequence[str]) -> Sway:
        """The answer of a row, which a store can keep."""
        told: Mapping[str, Any] = row
        leaving = {n: told[f"{LEAVER}{n}"] for n in members if f"{LEAVER}{n}" in told}
        return cls(
            setting=setting,
            gain=told["gain"],
            gains={name: told[f"{MEMBER}{name}"] for name in members},
            outsiders=told["outsiders"],
            consumers=told["consumers"],
            leaving=leaving or None,
            stays=told.get("stays"),
            held_by_transfers=told["held"],
            transfers=told.get("transfers"),
            max_violation=told["violation"],
        )

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
    store: str | Path | None = None,
) -> tuple[Sway, ...]:
    """Return how the forum of all ``members`` fares as one thing at a time is changed.

    First the question as asked; then each strength, floors and entry switched, the conduct of all
    sellers and the capacity of the members and of all others a quarter lower and higher (what is
    lifted today is the least capacity there can be), and each other calibration. ``store`` is a
    folder that keeps them as :func:`batch` does. Raises as :func:`worth.forum` does.
    """
    firms = firms_of(chain, members)
    if len(firms) < 2:
        raise ModelError(f"a forum needs at least 2 members; here are {len(firms)}")
    asked = Setting("", "", strength, floors, entry)
    settings = [asked, *_others(asked, chain)]
    items = {identity(setting): setting for setting in settings}
    shared = (chain, firms, chain.ensemble_hash)
    found = batch(
        _ask, items, shared=shared, on=on, workers=workers, progress=progress, store=store
    ).checked()
    return tuple(Sway.of(found[key], setting, list(firms)) for key, setting in items.items())


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


Shared = tuple[Chain, Mapping[str, tuple[str, ...]], str]


def _ask(shared: Shared, setting: Setting) -> Row:
    whole, firms, _ = shared
    chain = _changed(whole, firms, setting)
    names, full = list(firms), (1 << len(firms)) - 1
    wanted = [0, full, *(full ^ 1 << i for i in range(len(names)))]
    found, _ = reach(chain, firms, setting.strength, floors=setting.floors, wanted=wanted)
    alone, whole_forum = found[0], found[full]
    outside = [float(found[full ^ 1 << i].profits[i]) for i in range(len(names))]
    inside = whole_forum.profits.tolist()
    even = EVEN * max(map(abs, [*inside, *outside]))
    leaving = [out - own for out, own in zip(outside, inside, strict=True)]
    held = math.fsum(inside) >= math.fsum(outside) - even
    row: dict[str, float | bool] = {
        "gain": math.fsum(inside) - math.fsum(alone.profits),
        "outsiders": whole_forum.others - alone.others,
        "consumers": whole_forum.consumers - alone.consumers,
        "held": held,
        "violation": max(part.violation for part in found.values()),
    }
    gains = (whole_forum.profits - alone.profits).tolist()
    row |= {f"{MEMBER}{name}": x for name, x in zip(names, gains, strict=True)}
    if held:
        row["transfers"] = math.fsum(max(x, 0.0) for x in leaving)
    if setting.strength < 1:
        row["stays"] = all(x <= even for x in leaving)
        row |= {f"{LEAVER}{name}": x for name, x in zip(names, leaving, strict=True)}
    return row


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
