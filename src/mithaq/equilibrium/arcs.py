"""The ways that gas can take: pipelines, terminals and shipping legs, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.chain.schema import parse_names, parse_shares
from mithaq.equilibrium.amounts import calendar_of
from mithaq.equilibrium.prepared import remembered

__all__ = ["LANDED", "LIQUEFIED", "Arc", "arc_sizes", "either", "read_arcs"]

Vector = NDArray[np.float64]
LIQUEFIED, LANDED = " (liquefied)", " (landed)"


@dataclass(frozen=True, slots=True)
class Arc:
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


@remembered("pipelines", "terminals", "routes")
def read_arcs(chain: Chain) -> dict[str, Arc]:
    """Every arc by name. A shipping leg runs from the liquefied side to the landed side."""
    arcs = {}
    for row in chain.rows("pipelines"):
        ends = row["from"], row["to"]
        arcs[row["name"]] = _arc(row, "pipelines", "pipeline", ends, row["capacity"])
    for row in chain.rows("terminals"):
        node = row["node"]
        liquefies = row["kind"] == "liquefaction"
        ends = (node, node + LIQUEFIED) if liquefies else (node + LANDED, node)
        arcs[row["name"]] = _arc(row, "terminals", row["kind"], ends, row["capacity"])
    for row in chain.rows("routes"):
        ends = row["from"] + LIQUEFIED, row["to"] + LANDED
        arcs[row["name"]] = _arc(row, "routes", "lng", ends, math.inf)
    return dict(sorted(arcs.items()))


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    return frozenset(parse_names(text))


@lru_cache(maxsize=4096)
def _owners(text: str) -> frozenset[str]:
    return frozenset(parse_shares(text))


def _arc(
    row: Mapping[str, Any], table: str, mode: str, ends: tuple[str, str], capacity: float
) -> Arc:
    charge = either(row["tariff"], row["operating_cost"])
    charge += row.get("transit_fee", 0.0) + row.get("export_duty", 0.0)
    return Arc(
        row["name"],
        table,
        mode,
        *ends,
        capacity,
        charge,
        row["loss"],
        _names(row["access"]),
        _owners(row["owner"]),
        row.get("third_party_share", 1.0),
        row.get("fee_in_kind", 0.0),
        row.get("fee_firm", ""),
    )


@remembered("pipelines", "terminals", "routes", "availability", "periods", "years")
def arc_sizes(chain: Chain) -> dict[str, Vector]:
    """Capacity of each arc by slot, before anything is built."""
    calendar, arcs = calendar_of(chain), read_arcs(chain)
    size: dict[str, Vector] = {}
    for table in ("pipelines", "terminals", "routes"):
        rows = chain.rows(table)
        whole = calendar.all_usable(table, rows, [arcs[row["name"]].capacity for row in rows])
        size |= {row["name"]: whole[number] for number, row in enumerate(rows)}
    return size
