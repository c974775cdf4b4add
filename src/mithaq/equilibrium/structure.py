"""What many quadratic programs of one structure share, and the numbers in which they differ.

min  x'Px/2 + q'x + sum of Golombek costs   so that   Ax = b,  Gx <= h,  l <= x <= u

Demand makes a market's block of P a multiple of 11' and a diagonal, and a cooperating group adds a
multiple of 11' over its members. Each such rank one becomes a row K x = t with t't/2 in the
objective, so that what is left of P is diagonal and columns are eliminated one by one. Of the
stacked rows C = [A; G; K] those of A fall into blocks, one a firm, which meet only in G and K: in
the rents of arcs and the prices of markets. ``together`` solves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from mithaq.equilibrium.backends import Answer, Quadratic
from mithaq.equilibrium.program import Program
from mithaq.errors import ModelError

__all__ = ["Costs", "Found", "Numbers", "Structure", "smooth"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Costs:
    """Golombek parts of the costs of columns: g ln(1 - x/K) for each unit; g = 0 where none."""

    g: Array
    capacity: Array


def smooth(program: Program) -> tuple[Quadratic, Costs]:
    """A program without its cones: Golombek costs as functions of their columns.

    Raises ModelError where such a cost depends on what is built.
    """
    if len(program.golombek.growing):
        raise ModelError(
            "a field with a Golombek cost that can be built onto has no batched solver"
        )
    width = len(program.linear) - program.cones
    height = program.equalities + program.inequalities
    golombek = program.golombek
    linear = program.linear[:width].copy()
    g, capacity = np.zeros(width), np.ones(width)
    g[golombek.column] = golombek.weight * golombek.g
    capacity[golombek.column] = golombek.capacity
    linear += g  # the epigraph form has added |g|
    quadratic, matrix = program.quadratic[:width, :width].tocsc(), program.matrix[:height, :width]
    bound, single = program.bound[:height], program.single[:height]
    problem = Quadratic(quadratic, linear, matrix.tocsc(), bound, program.equalities, single)
    return problem, Costs(g, capacity)


@dataclass(slots=True)
class Numbers:
    """What differs among B programs of one structure: a row a program."""

    linear: Array  # by column
    diagonal: Array  # of P, once the rank-one parts are out
    lower: Array
    upper: Array
    entries: Array  # by entry of the stacked rows A, G, K
    bound: Array  # of A and G
    g: Array
    capacity: Array

    def repeated(self, count: int) -> Numbers:
        """The first program ``count`` times, for its numbers to be changed."""
        return Numbers(*(np.repeat(getattr(self, n)[:1], count, axis=0) for n in self.__slots__))

    def some(self, chosen: slice) -> Numbers:
        """A part of the programs."""
        return Numbers(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(slots=True)
class Found:
    """Columns, duals of A and G, of lower and of upper bounds; which programs are solved."""

    x: Array
    duals: Array
    below: Array
    above: Array
    solved: NDArray[np.bool_]
    iterations: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Into:
    """Of a class of blocks: the border each sees, and which products of entries make Y and U.

    ``borders`` is padded with the size of the border; products are entry, entry, target.
    """

    borders: Array
    y: tuple[Array, Array, Array]
    u: tuple[Array, Array, Array]


class Structure:
    """What programs of one structure have in common, taken from examples of them.

    Programs are of one structure where their shapes, equalities and single rows are the same. Their
    patterns may differ: an entry that one has and another has not is zero there. Raises ModelError
    where P is no sum of rank-one blocks and a diagonal, or there is nothing to decide.
    """

    def __init__(self, problems: Sequence[Quadratic]) -> None:
        first = problems[0]
        self.width, self.equalities = len(first.linear), int(first.equalities)
        pattern = _pattern([p.matrix for p in problems])
        entries = np.bincount(pattern.row, minlength=len(first.bound))
        ones = entries == 1
        for problem in problems:
            only = problem.matrix.tocsr()
            ones &= np.asarray(abs(only).sum(axis=1)).ravel() == 1.0
        ones &= np.asarray(first.matrix.sum(axis=1)).ravel() == 1.0
        upper = {}
        single = first.single.copy()
        column = np.full(len(first.bound), -1)
        column[pattern.row] = pattern.col
        for row in np.flatnonzero(single | ones):
            if row >= self.equalities and (single[row] or column[row] not in upper):
                single[row] = True
                if np.asarray(first.matrix[row, column[row]]) > 0:
                    upper[column[row]] = row
        single[: self.equalities] = False
        self.single, self.column = single, column
        self.rows = len(first.bound)
        self.kept = np.flatnonzero(~single)  # A, then G
        place = np.full(self.rows, -1)
        place[self.kept] = np.arange(len(self.kept))
        inside = ~single[pattern.row]
        self.at, self.of = pattern.row[inside], pattern.col[inside]  # entries of A and G
        # Blocks of P, and rows K for as many rank-one parts as any program has in each.
        couples = _pattern([p.quadratic for p in problems])
        graph = sp.coo_matrix((np.ones(couples.nnz), (couples.row, couples.col)), 2 * (self.width,))
        count, label = connected_components(graph, directed=False)
        sizes = np.bincount(label, minlength=count)
        order = np.argsort(label, kind="stable")
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self.markets = [order[starts[i] : starts[i + 1]] for i in np.flatnonzero(sizes > 1)]
        self._peeled: dict[bytes, tuple[list[Array], Array]] = {}
        depth = [0] * len(self.markets)
        for problem in problems:
            full = _full(problem.quadratic)
            for number, columns in enumerate(self.markets):
                weights, _ = self._peel(full[np.ix_(columns, columns)].toarray())
                depth[number] = max(depth[number], len(weights))
        self.depth = depth
        height = len(self.kept)
        rows, columns_of = [place[self.at]], [self.of]
        for columns, deep in zip(self.markets, depth, strict=True):
            for _ in range(deep):
                rows.append(np.full(len(columns), height))
                columns_of.append(columns)
                height += 1
        self.height = height
        self.row = np.concatenate(rows).astype(np.int64)
        self.col = np.concatenate(columns_of).astype(np.int64)
        self.border = self.height - self.equalities
        self._blocks()
        self._products()

    def _blocks(self) -> None:
        """Which equalities hang together, in classes of blocks of about one size."""
        mine = self.row < self.equalities
        size = (self.equalities + self.width,) * 2
        ends = self.row[mine], self.equalities + self.col[mine]
        graph = sp.coo_matrix((np.ones(mine.sum()), ends), size)
        _, label = connected_components(graph, directed=False)
        blocks: dict[int, list[int]] = {}
        for row in range(self.equalities):
            blocks.setdefault(int(label[row]), []).append(row)
        by_size: dict[int, list[list[int]]] = {}
        for rows in blocks.values():
            by_size.setdefault(max(len(rows) - 1, 0).bit_length(), []).append(rows)
        # A class: rows of its blocks, each padded with the number of equalities to one length.
        self.classes: list[Array] = []
        self.spot = np.zeros((self.equalities, 3), dtype=np.int64)  # class, block, place in it
        for number, members in enumerate(by_size[key] for key in sorted(by_size)):
            longest = max(map(len, members))
            table = np.full((len(members), longest), self.equalities)
            for block, rows in enumerate(members):
                table[block, : len(rows)] = rows
                for spot, at in enumerate(rows):
                    self.spot[at] = number, block, spot
            self.classes.append(table)

    def _products(self) -> None:
        """Pairs of entries in one column, and where their product goes: a class of Y, U or Z."""
        order = np.lexsort((self.row, self.col))
        column = self.col[order]
        starts = np.searchsorted(column, np.arange(self.width + 1))
        pairs = [
            np.stack(np.meshgrid(here, here, indexing="ij")).reshape(2, -1)
            for here in (order[starts[c] : starts[c + 1]] for c in range(self.width))
            if len(here)
        ]
        if not pairs or not self.equalities:
            raise ModelError("a program in which nothing is sold has no batched solver")
        one, two = np.concatenate(pairs, axis=1)
        first, second = self.row[one], self.row[two]
        eq = self.equalities
        self.into: list[Into] = []
        inner, mixed = (first < eq) & (second < eq), (first < eq) & (second >= eq)
        outer = (first >= eq) & (second >= eq)
        spot, other = self.spot[np.minimum(first, eq - 1)], self.spot[np.minimum(second, eq - 1)]
        for number, table in enumerate(self.classes):
            blocks, length = table.shape
            mine = inner & (spot[:, 0] == number)
            in_y = (spot[mine, 1] * length + spot[mine, 2]) * length + other[mine, 2]
            # Of the border a block sees the arcs and markets that its firm uses.
            meets = mixed & (spot[:, 0] == number)
            block, seen = spot[meets, 1], second[meets] - eq
            pairs_seen = np.unique(np.stack([block, seen]), axis=1)
            nth = np.arange(pairs_seen.shape[1]) - np.searchsorted(pairs_seen[0], pairs_seen[0])
            most = int(nth.max(initial=-1)) + 1
            borders = np.full((blocks, most), self.border)
            borders[pairs_seen[0], nth] = pairs_seen[1]
            place = np.zeros((blocks, self.border + 1), dtype=np.int64)
            place[pairs_seen[0], pairs_seen[1]] = nth
            in_u = (block * length + spot[meets, 2]) * most + place[block, seen]
            self.into.append(
                Into(borders, (one[mine], two[mine], in_y), (one[meets], two[meets], in_u))
            )
        wide = self.border + 1
        self.into_z = one[outer], two[outer], (first[outer] - eq) * wide + second[outer] - eq

    def _peel(self, block: Array) -> tuple[list[Array], Array]:
        """Rank-one parts of a block as sqrt(weight) by column, and the diagonal that is left."""
        known = self._peeled.get(block.tobytes())
        if known is None:
            known = self._peeled[block.tobytes()] = _rank_ones(block)
        return known

    def numbers(self, problems: Sequence[Quadratic], costs: Sequence[Costs]) -> Numbers:
        """The numbers of programs of this structure."""
        size, width = len(problems), self.width
        lower, upper = np.full((size, width), -np.inf), np.full((size, width), np.inf)
        diagonal = np.zeros((size, width))
        entries = np.zeros((size, len(self.row)))
        low_rows, high_rows = self.low_rows(problems[0]), self.high_rows(problems[0])
        for i, problem in enumerate(problems):
            bound = problem.bound
            np.maximum.at(lower[i], self.column[low_rows], -bound[low_rows])
            np.minimum.at(upper[i], self.column[high_rows], bound[high_rows])
            filled = np.asarray(problem.matrix[self.at, self.of]).ravel()
            parts = [filled]
            full = _full(problem.quadratic)
            diagonal[i] = full.diagonal()
            for columns, deep in zip(self.markets, self.depth, strict=True):
                weights, rest = self._peel(full[np.ix_(columns, columns)].toarray())
                diagonal[i, columns] = rest
                missing = [np.zeros(len(columns))] * (deep - len(weights))
                parts += [*weights, *missing]
            entries[i] = np.concatenate(parts)
        return Numbers(
            np.stack([p.linear for p in problems]),
            diagonal,
            lower,
            upper,
            entries,
            np.stack([p.bound[self.kept] for p in problems]),
            np.stack([c.g for c in costs]),
            np.stack([c.capacity for c in costs]),
        )

    def low_rows(self, problem: Quadratic) -> Array:
        """Rows that bound a column from below."""
        rows = np.flatnonzero(self.single)
        value = np.asarray(problem.matrix[rows, self.column[rows]]).ravel()
        return rows[value < 0]

    def high_rows(self, problem: Quadratic) -> Array:
        """Rows that bound a column from above."""
        rows = np.flatnonzero(self.single)
        value = np.asarray(problem.matrix[rows, self.column[rows]]).ravel()
        return rows[value > 0]

    def answers(self, problems: Sequence[Quadratic], found: Found) -> list[Answer]:
        """What was found, as the other solvers give it: duals by row of each program."""
        low, high = self.low_rows(problems[0]), self.high_rows(problems[0])
        out = []
        for i, problem in enumerate(problems):
            z = np.zeros(self.rows)
            z[self.kept] = found.duals[i]
            taken = np.full(self.width, -1)
            # Of several lower bounds on a column (a sign and a floor) the highest one binds.
            for row in low[np.argsort(-problem.bound[low], kind="stable")]:
                taken[self.column[row]] = row
            there = taken >= 0
            z[taken[there]] = found.below[i, there]
            z[high] = found.above[i, self.column[high]]
            out.append(Answer("Solved" if found.solved[i] else "Stopped", found.x[i], z))
        return out


def _pattern(matrices: Sequence[sp.csc_matrix]) -> sp.coo_matrix:
    """Entries that are there in any of the matrices, column by column."""
    total = abs(matrices[0])
    for matrix in matrices[1:]:
        if matrix.shape != total.shape:
            raise ModelError("programs of different shapes are of different structures")
        total = total + abs(matrix)
    found = total.tocsc()
    found.eliminate_zeros()
    found.sort_indices()
    return found.tocoo()


def _full(upper: sp.csc_matrix) -> sp.csr_matrix:
    return (upper + sp.triu(upper, 1).T).tocsr()


def _rank_ones(block: Array) -> tuple[list[Array], Array]:
    """A symmetric block as a sum of w 1'1 over sets of its columns, and a diagonal.

    Each vector is sqrt(w) on its set. Demand gives one for all sellers, a cooperating group one for
    its members.
    """
    left, found, todo = block.copy(), [], [np.arange(len(block))]
    scale = float(np.abs(block).max())
    while todo:
        some = todo.pop()
        inner = left[np.ix_(some, some)].copy()
        np.fill_diagonal(inner, 0.0)
        inner[np.abs(inner) < 1e-12 * scale] = 0.0
        _, label = connected_components(sp.csr_matrix(inner != 0), directed=False)
        for number in range(label.max() + 1):
            mine = np.flatnonzero(label == number)
            if len(mine) < 2:
                continue
            weight = inner[np.ix_(mine, mine)][~np.eye(len(mine), dtype=bool)].min()
            if weight <= 0:
                raise ModelError("conduct that ties sellers in pairs has no batched solver")
            chosen = some[mine]
            left[np.ix_(chosen, chosen)] -= weight
            vector = np.zeros(len(block))
            vector[chosen] = np.sqrt(weight)
            found.append(vector)
            todo.append(chosen)
    rest = left.diagonal().copy()
    if (rest < -1e-9 * scale).any():
        raise ModelError("conduct that ties sellers in pairs has no batched solver")
    return found, np.maximum(rest, 0.0)
