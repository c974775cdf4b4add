"""Where each firm's gas can be, and whence it can still be of use: masks over nodes and firms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mithaq.chain.schema import parse_names
from mithaq.equilibrium.arcs import LANDED, LIQUEFIED, ArcNames
from mithaq.equilibrium.bits import packed, unpacked
from mithaq.equilibrium.columns import Words, countries

__all__ = ["Side", "Ways", "sides"]

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
Pair = tuple[str, str]
Side = tuple[str, str, frozenset[str], float]  # giver, receiver, nodes (empty: all), weight


class Ways:
    """Arcs by who may use them; ``firms`` and ``nodes`` number both, nodes by name.

    A fringe sells at home alone, so its gas stays in the countries that ``bound`` gives for it.
    """

    def __init__(
        self,
        firms: Words,
        nodes: Words,
        arcs: ArcNames,
        usable: Mask,
        bound: Sequence[tuple[str, frozenset[str]]],
    ) -> None:
        self.arcs, self.firms = arcs, firms.at
        country = {
            name + side: land
            for name, land in zip(nodes.texts("name"), countries(nodes), strict=True)
            for side in ("", LIQUEFIED, LANDED)
        }
        self.nodes = {name: number for number, name in enumerate(sorted(country))}
        self.tail = np.array([self.nodes[node] for node in arcs.tail], dtype=np.intp)
        self.head = np.array([self.nodes[node] for node in arcs.head], dtype=np.intp)
        self.open = np.repeat(usable[:, None], len(self.firms), axis=1)
        for number, access in enumerate(arcs.access):
            if access:
                self.open[number] &= self.mask(access)
        places: dict[str, list[int]] = defaultdict(list)
        for node, land in country.items():
            places[land].append(self.nodes[node])
        inside = np.zeros((len(self.nodes), len(bound)), dtype=bool)
        for number, (_, lands) in enumerate(bound):
            inside[[node for land in lands for node in places.get(land, ())], number] = True
        fringe = [self.firms[firm] for firm, _ in bound]
        self.open[:, fringe] &= inside[self.tail] & inside[self.head]

    def mask(self, names: Iterable[str]) -> Mask:
        """Which firms are among the names."""
        found = np.zeros(len(self.firms), dtype=bool)
        found[[self.firms[name] for name in names if name in self.firms]] = True
        return found

    def marked(self, pairs: Sequence[Pair]) -> Mask:
        """Nodes x firms, true at pairs of a firm and a node."""
        found = np.zeros((len(self.nodes), len(self.firms)), dtype=bool)
        found[[self.nodes[n] for _, n in pairs], [self.firms[f] for f, _ in pairs]] = True
        return found

    def live(
        self, sources: Sequence[Pair], sinks: Sequence[Pair], swaps: Sequence[tuple[Side, Side]]
    ) -> Mask:
        """Where each firm's gas can be and is of use; swaps widen both."""
        supply = self._reached(self.marked(sources), self.tail, self.head)
        useful = self._reached(self.marked(sinks), self.head, self.tail)
        grown = bool(swaps)
        while grown:
            grown = False
            for both in swaps:
                for giver, receiver, nodes, _ in both:
                    gives, takes = self.firms[giver], self.firms[receiver]
                    passed = supply[:, gives] & useful[:, takes]
                    if nodes:
                        passed &= [node in nodes for node in self.nodes]
                    if (passed <= supply[:, takes] & useful[:, gives]).all():
                        continue
                    grown = True
                    supply[:, takes] |= passed
                    useful[:, gives] |= passed
                    supply = self._reached(supply, self.tail, self.head)
                    useful = self._reached(useful, self.head, self.tail)
        return supply & useful

    def _reached(self, seeds: Mask, start: Index, end: Index) -> Mask:
        """Where gas can get to from the seeds over arcs that lead from ``start`` to ``end``."""
        if not self.arcs.names:
            return seeds
        # Firms stand in bits, so that a step along all arcs is a few operations on few words.
        order = np.argsort(end, kind="stable")
        into, first = np.unique(end[order], return_index=True)
        ways, start = packed(self.open[order]), start[order]
        reached = packed(seeds)
        while True:
            before = reached[into]
            after = before | np.bitwise_or.reduceat(reached[start] & ways, first, axis=0)
            if (after == before).all():
                break
            reached[into] = after
        return unpacked(reached, len(self.firms))

    def pairs(self, live: Mask) -> list[Pair]:
        """Firm and node wherever the mask holds, by name."""
        firms = sorted(self.firms)
        order = np.array([self.firms[name] for name in firms], dtype=np.intp)
        firm, node = np.nonzero(live[:, order].T)
        return _named(firms, firm, list(self.nodes), node)

    def flows(self, live: Mask) -> list[Pair]:
        """Firm and arc wherever the firm's gas can be at both ends and may take the way."""
        order = np.argsort(self.tail, kind="stable")
        there = (self.open & live[self.tail] & live[self.head])[order]
        firm, arc = np.nonzero(there.T)
        return _named(list(self.firms), firm, self.arcs.names, order[arc])


def _named(ones: Sequence[str], one: Index, others: Sequence[str], other: Index) -> list[Pair]:
    return [(ones[i], others[j]) for i, j in zip(one.tolist(), other.tolist(), strict=True)]


def sides(row: Mapping[str, Any]) -> tuple[Side, Side]:
    """Giver, receiver, nodes (empty: all) and weight of either side of a swap."""
    a, b = str(row["a"]), str(row["b"])
    nodes_a = frozenset(parse_names(str(row["nodes_a"])))
    nodes_b = frozenset(parse_names(str(row["nodes_b"])))
    return (a, b, nodes_a, 1.0), (b, a, nodes_b, -float(str(row["ratio"])))
