"""The ways that gas can take: pipelines, terminals and shipping legs, by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.columns import ARCS, Arcs, ArcWords, arcs_of
from mithaq.equilibrium.prepared import Memory, remembered

__all__ = ["LANDED", "LIQUEFIED", "Arc", "ArcTable", "ArcNames", "arc_sizes", "either", "read_arcs"]

Vector = NDArray[np.float64]
Index = NDArray[np.intp]
LIQUEFIED, LANDED = " (liquefied)", " (landed)"


class Arc(NamedTuple):
    """A directed way for gas: pipeline, terminal or shipping leg."""

    name: str
    table: str
    mode: str  # pipeline, liquefaction, lng, regasification
    tail: str
    head: str
    capacity: float  # as the table says; math.inf where nothing limits it
    charge: float  # tariff, fee and duty, per unit sent
    loss: float
    access: frozenset[str]  # empty: all
    owners: frozenset[str]
    third_party_share: float
    fee_in_kind: float
    fee_firm: str

    @property
    def arrives(self) -> float:
        """What arrives of a unit sent: less the fee in kind, then less the loss."""
        return (1.0 - self.loss) * (1.0 - self.fee_in_kind)


def either(value: float, other: float) -> float:
    if not math.isnan(value):
        return value
    return 0.0 if math.isnan(other) else other


class ArcNames:
    """What words say of all arcs, sorted by name: a list for each of the fields of ``Arc``.

    ``order`` is the place of each among pipelines, terminals and legs. A shipping leg runs from the
    liquefied side to the landed side.
    """

    def __init__(self, told: ArcWords) -> None:
        lines, terminals, legs = told.parts.values()
        hubs = zip(terminals.texts("node"), terminals.texts("kind"), strict=True)
        ends = list(zip(lines.texts("from"), lines.texts("to"), strict=True))
        ends += [
            (node, node + LIQUEFIED) if kind == "liquefaction" else (node + LANDED, node)
            for node, kind in hubs
        ]
        ends += [
            (start + LIQUEFIED, end + LANDED)
            for start, end in zip(legs.texts("from"), legs.texts("to"), strict=True)
        ]
        modes = ["pipeline"] * len(lines) + terminals.texts("kind") + ["lng"] * len(legs)
        takers = lines.texts("fee_firm") + [""] * (len(terminals) + len(legs))
        access, owners = told.texts("access"), told.texts("owner")
        order = sorted(range(len(told)), key=told.names.__getitem__)
        self.order = np.array(order, dtype=np.intp)
        self.names = [told.names[at] for at in order]
        self.at = {name: number for number, name in enumerate(self.names)}
        self.table = [told.tables[at] for at in order]
        self.mode = [modes[at] for at in order]
        self.tail = [ends[at][0] for at in order]
        self.head = [ends[at][1] for at in order]
        self.access = [frozenset(parse_names(access[at])) for at in order]
        self.owners = [frozenset(parse_shares(owners[at])) for at in order]
        self.fee_firm = [takers[at] for at in order]


_NAMES: Memory[ArcNames] = Memory()


class ArcTable(Mapping[str, Arc]):
    """Every arc by name, and its numbers as arrays in that order.

    Most that ask want one number of all arcs, so an arc is made when it is asked for.
    """

    def __init__(self, words: ArcNames, told: Arcs) -> None:
        self.words, order = words, words.order
        paid, spent = told.numbers("tariff"), told.numbers("operating_cost")
        fee, duty = (told.numbers(n, terminals=0.0) for n in ("transit_fee", "export_duty"))
        charge = np.where(np.isnan(paid), np.where(np.isnan(spent), 0.0, spent), paid)
        self.charge: Vector = (charge + (fee + duty))[order]
        self.capacity = told.numbers("capacity", routes=math.inf)[order]
        self.loss = told.numbers("loss")[order]
        self.third_party_share = told.numbers("third_party_share", routes=1.0)[order]
        self.fee_in_kind = told.numbers("fee_in_kind", terminals=0.0, routes=0.0)[order]

    @property
    def arrives(self) -> Vector:
        """What arrives of a unit sent: less the fee in kind, then less the loss."""
        found: Vector = (1.0 - self.loss) * (1.0 - self.fee_in_kind)
        return found

    @cached_property
    def _arcs(self) -> dict[str, Arc]:
        words = self.words
        found = map(
            Arc,
            words.names,
            words.table,
            words.mode,
            words.tail,
            words.head,
            self.capacity.tolist(),
            self.charge.tolist(),
            self.loss.tolist(),
            words.access,
            words.owners,
            self.third_party_share.tolist(),
            self.fee_in_kind.tolist(),
            words.fee_firm,
        )
        return dict(zip(words.names, found, strict=True))

    def __getitem__(self, name: str) -> Arc:
        return self._arcs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words.names)

    def __len__(self) -> int:
        return len(self.words.names)


@remembered(*ARCS)
def read_arcs(chain: Chain) -> ArcTable:
    """Every arc of a chain."""
    told = arcs_of(chain)
    words = told.words
    return ArcTable(_NAMES.get(words, None, lambda: ArcNames(words)), told)


@remembered(*ARCS, "availability", "periods", "years")
def arc_sizes(chain: Chain) -> Vector:
    """Capacity of each arc before anything is built: slots x arcs, as ``read_arcs`` lists them."""
    told, calendar = arcs_of(chain), calendar_of(chain)
    sizes = []
    for name, part in told.parts.items():
        size = np.full(len(part), math.inf) if name == "routes" else part.numbers("capacity")
        sizes.append(calendar.all_usable(name, part, size))
    order = read_arcs(chain).words.order
    return np.ascontiguousarray(np.concatenate(sizes)[order].T)
