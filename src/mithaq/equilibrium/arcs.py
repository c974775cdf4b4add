"""The ways that gas can take: pipelines, terminals and shipping legs, by name."""

from __future__ import annotations

import math
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.columns import ARCS, arcs_of
from mithaq.equilibrium.prepared import remembered

__all__ = ["LANDED", "LIQUEFIED", "Arc", "arc_sizes", "either", "read_arcs"]

Vector = NDArray[np.float64]
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


@remembered(*ARCS)
def read_arcs(chain: Chain) -> dict[str, Arc]:
    """Every arc by name. A shipping leg runs from the liquefied side to the landed side."""
    told = arcs_of(chain)
    lines, terminals, legs = told.parts.values()
    hubs = zip(terminals.texts("node"), terminals.texts("kind"), strict=True)
    loaded = {node: node + LIQUEFIED for node in legs.texts("from")}
    landed = {node: node + LANDED for node in legs.texts("to")}
    ends = [
        (node, node + LIQUEFIED) if kind == "liquefaction" else (node + LANDED, node)
        for node, kind in hubs
    ]
    tails = lines.texts("from") + [tail for tail, _ in ends]
    heads = lines.texts("to") + [head for _, head in ends]
    paid, spent = told.numbers("tariff"), told.numbers("operating_cost")
    fee, duty = (told.numbers(n, terminals=0.0) for n in ("transit_fee", "export_duty"))
    charge = np.where(np.isnan(paid), np.where(np.isnan(spent), 0.0, spent), paid) + (fee + duty)
    rest = len(terminals) + len(legs)
    found = map(
        Arc,
        told.names,
        told.tables,
        ["pipeline"] * len(lines) + terminals.texts("kind") + ["lng"] * len(legs),
        tails + [loaded[node] for node in legs.texts("from")],
        heads + [landed[node] for node in legs.texts("to")],
        told.numbers("capacity", routes=math.inf).tolist(),
        charge.tolist(),
        told.numbers("loss").tolist(),
        map(_names, told.texts("access")),
        map(_owners, told.texts("owner")),
        told.numbers("third_party_share", routes=1.0).tolist(),
        lines.numbers("fee_in_kind").tolist() + [0.0] * rest,
        lines.texts("fee_firm") + [""] * rest,
    )
    return {arc.name: arc for arc in sorted(found, key=attrgetter("name"))}


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    return frozenset(parse_names(text))


@lru_cache(maxsize=4096)
def _owners(text: str) -> frozenset[str]:
    return frozenset(parse_shares(text))


@remembered(*ARCS, "availability", "periods", "years")
def arc_sizes(chain: Chain) -> Vector:
    """Capacity of each arc before anything is built: slots x arcs, as ``read_arcs`` lists them."""
    told, calendar = arcs_of(chain), calendar_of(chain)
    sizes = []
    for name, part in told.parts.items():
        size = np.full(len(part), math.inf) if name == "routes" else part.numbers("capacity")
        sizes.append(calendar.all_usable(name, part, size))
    order = np.array([told.at[name] for name in read_arcs(chain)], dtype=np.intp)
    return np.ascontiguousarray(np.concatenate(sizes)[order].T)
