"""The ways that gas can take: pipelines, terminals and shipping legs, by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.columns import Table, table_of
from mithaq.equilibrium.prepared import remembered

__all__ = ["LANDED", "LIQUEFIED", "Arc", "arc_sizes", "either", "read_arcs"]

Vector = NDArray[np.float64]
LIQUEFIED, LANDED = " (liquefied)", " (landed)"
TABLES = ("pipelines", "terminals", "routes")


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


@remembered(*TABLES)
def read_arcs(chain: Chain) -> dict[str, Arc]:
    """Every arc by name. A shipping leg runs from the liquefied side to the landed side."""
    found: list[Arc] = []
    lines, terminals, legs = (table_of(chain, name) for name in TABLES)
    ends = lines.texts("from"), lines.texts("to")
    found += _arcs(lines, "pipelines", ["pipeline"] * len(lines), *ends)
    tails, heads = list[str](), list[str]()
    for node, kind in zip(terminals.texts("node"), terminals.texts("kind"), strict=True):
        liquefies = kind == "liquefaction"
        tails.append(node if liquefies else node + LANDED)
        heads.append(node + LIQUEFIED if liquefies else node)
    found += _arcs(terminals, "terminals", terminals.texts("kind"), tails, heads)
    tails = [node + LIQUEFIED for node in legs.texts("from")]
    heads = [node + LANDED for node in legs.texts("to")]
    found += _arcs(legs, "routes", ["lng"] * len(legs), tails, heads)
    return {arc.name: arc for arc in sorted(found, key=attrgetter("name"))}


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    return frozenset(parse_names(text))


@lru_cache(maxsize=4096)
def _owners(text: str) -> frozenset[str]:
    return frozenset(parse_shares(text))


def _arcs(
    table: Table, name: str, modes: Sequence[str], tails: Sequence[str], heads: Sequence[str]
) -> Iterator[Arc]:
    """The arcs of a table, of which these are modes and ends."""
    count = len(table)
    paid, spent = table.numbers("tariff"), table.numbers("operating_cost")
    charge = np.where(np.isnan(paid), np.nan_to_num(spent), paid)
    capacity, third = [math.inf] * count, [1.0] * count
    in_kind, receiver = [0.0] * count, [""] * count
    if name != "terminals":
        charge = charge + (table.numbers("transit_fee") + table.numbers("export_duty"))
    if name != "routes":
        capacity, third = table.texts("capacity"), table.texts("third_party_share")
    if name == "pipelines":
        in_kind, receiver = table.texts("fee_in_kind"), table.texts("fee_firm")
    return map(
        Arc,
        table.texts("name"),
        [name] * count,
        modes,
        tails,
        heads,
        capacity,
        charge.tolist(),
        table.texts("loss"),
        map(_names, table.texts("access")),
        map(_owners, table.texts("owner")),
        third,
        in_kind,
        receiver,
    )


@remembered(*TABLES, "availability", "periods", "years")
def arc_sizes(chain: Chain) -> Vector:
    """Capacity of each arc before anything is built: slots x arcs, as ``read_arcs`` lists them."""
    calendar, names, sizes = calendar_of(chain), list[str](), []
    for name in TABLES:
        table = table_of(chain, name)
        size = np.full(len(table), math.inf) if name == "routes" else table.numbers("capacity")
        sizes.append(calendar.all_usable(name, table, size))
        names += table.texts("name")
    number = {name: at for at, name in enumerate(names)}
    order = np.array([number[name] for name in read_arcs(chain)], dtype=np.intp)
    return np.ascontiguousarray(np.concatenate(sizes)[order].T)
