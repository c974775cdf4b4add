"""The market equilibrium as one concave program over labelled columns and rows.

    max  sum_y d_y n_y sum_t w_t { sum_m [ alpha_m Q_m - beta_m/2 Q_m^2 - beta_m/2 s_m' L_m s_m ]
                                   - costs } - what is built

(Egging-Bratseth, Baltensperger and Tomasgard 2020 for diagonal L; here for any symmetric L whose
Hessian is negative semidefinite where the balances hold; of an asymmetric L the program holds the
symmetric part, and the complementarity engine adds the rest.) Written for a conic solver as

    min  x'Px/2 + q'x   so that   Ax + slack = b,   slack in {0} x R+ x exponential cones.

The structure of one slot is repeated over all slots by array operations; ``layout`` says which
columns and rows there are, and ``pattern`` keeps what programs share that differ in numbers alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.conduct import CONDUCT, Markets, conduct_matrices
from mithaq.equilibrium.layout import COLUMN_KINDS, Columns, Family
from mithaq.equilibrium.network import Network, network
from mithaq.equilibrium.pattern import Pattern, pattern_of
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.start import Used

__all__ = ["Golombek", "Program", "build_program"]

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Golombek:
    """Slices with a Golombek cost, one entry for each slice in each slot where it can lift.

    ``column`` is the place of the lifting column, ``weight`` the slot's; ``balance`` the row in
    which the gas appears. MC(q) = a + b q + g ln(1 - q/K), with user cost and royalty in a. Where
    something can be built, K is what is lifted and what is left ``idle``, and ``capacity`` is what
    is there before.
    """

    column: Index
    balance: Index
    limit: Index  # row of the slice's capacity; -1 where something can be built
    idle: Index  # column of what is left idle; -1 where nothing can be built
    tie: Index  # row that ties it to lifting and what is built; else -1
    weight: Vector
    capacity: Vector
    a: Vector
    b: Vector
    g: Vector

    @property
    def limits(self) -> Index:
        """Rows of capacities."""
        return self.limit[self.limit >= 0]

    @property
    def growing(self) -> Index:
        """Numbers of the slices of which something can be built."""
        found: Index = np.flatnonzero(self.idle >= 0)
        return found


@dataclass
class Program:
    """Matrices of the program with what each column and row stands for.

    ``rows`` labels the equalities and then the inequalities as (kind, key), a key ending in the
    slot; each Golombek slice adds three rows of an exponential cone after them. Duals of rows in a
    slot are worth the slot's weight d n w times a value in that slot. ``gifts`` are the entries of
    ``matrix`` (its size) that whoever chooses the column does not care for: fees in kind.
    """

    network: Network
    conduct: Markets
    pattern: Pattern
    quadratic: sp.csc_matrix
    linear: Vector
    bound: Vector
    golombek: Golombek

    @property
    def matrix(self) -> sp.csc_matrix:
        return self.pattern.matrix

    @property
    def gifts(self) -> sp.csc_matrix:
        return self.pattern.gifts

    @property
    def columns(self) -> Columns:
        return self.pattern.columns

    @property
    def families(self) -> dict[str, Family]:
        return self.pattern.families

    @property
    def equalities(self) -> int:
        return self.pattern.equalities

    @property
    def inequalities(self) -> int:
        return self.pattern.inequalities

    @property
    def cones(self) -> int:
        return self.pattern.cones

    @property
    def single(self) -> NDArray[np.bool_]:
        """Which rows bound one column."""
        return self.pattern.single

    @cached_property
    def core(self) -> sp.csc_matrix:
        """P without the columns of cones."""
        width = len(self.linear) - self.cones
        p = self.quadratic
        data = p.data, p.indices, p.indptr[: width + 1]  # nothing stands in those of cones
        return sp.csc_matrix(data, shape=(width, width))

    @cached_property
    def rows(self) -> list[tuple[str, Any]]:
        """Kind and key of every row, cones last."""
        named = [label for family in self.families.values() for label in family.labels()]
        cone = [("golombek", index // 3) for index in range(3 * self.cones)]
        return [*named, *cone]

    @property
    def size(self) -> dict[str, int]:
        """Number of variables and of rows other than signs."""
        sign = self.families["sign"]
        return {"variables": len(self.linear), "rows": len(self.bound) - (sign.last - sign.first)}


def build_program(chain: Chain, used: Used | None = None) -> Program:
    """Assemble the program of a chain, with ``used`` over these ways alone.

    Price caps, and what buyers may take beyond the take-or-pay floor, are not in the program: the
    complementarity engine adds them.
    """
    net = network(chain)
    tables = [chain.rows(table) for table in (*CONDUCT, "cooperation")]
    held = net.frame, *tables
    conduct = _CONDUCT.get(
        tuple(map(id, held)), held, lambda: conduct_matrices(chain, _sellers(net))
    )
    return assemble(net, conduct, used)


_CONDUCT: Memory[Markets] = Memory()
_SELLERS: Memory[dict[str, tuple[str, ...]]] = Memory()


def _sellers(net: Network) -> dict[str, tuple[str, ...]]:
    """Firms that sell in each market."""

    def make() -> dict[str, tuple[str, ...]]:
        sellers: dict[str, list[str]] = {name: [] for name in net.markets}
        for firm, market in net.sales:
            sellers[market].append(firm)
        return {name: tuple(firms) for name, firms in sellers.items()}

    return _SELLERS.get(net.pruned, None, make)


def assemble(net: Network, conduct: Markets, used: Used | None = None) -> Program:
    """The program of a network whose sellers behave as ``conduct`` says."""
    pattern = pattern_of(net, used)
    held = net, pattern
    made = _NUMBERS.get(tuple(map(id, held)), held, lambda: _numbers(net, pattern))
    bound, linear, golombek = made
    if net.ahead.any():
        minded = np.nan_to_num(net.beta[:, net.pruned.market]) * _minded(net, conduct)
        spot = pattern.columns.of("spot")
        there = pattern.columns.alive[spot]
        linear = linear.copy()
        minded = minded * net.calendar.weight[:, None]
        linear[pattern.columns.place[spot[there]]] += minded[there]
    quadratic = _quadratic(net, conduct, pattern)
    return Program(net, conduct, pattern, quadratic, linear, bound, golombek)


Numbers = tuple[Vector, Vector, Golombek]
_NUMBERS: Memory[Numbers] = Memory()
_RIGHT_SIDES: Memory[Vector] = Memory()


def _numbers(net: Network, pattern: Pattern) -> Numbers:
    """What conduct leaves as it is: right-hand sides, costs, Golombek costs."""
    golombek = _golombek(net, pattern)
    linear = _linear(net, pattern.columns, golombek)
    # Costs of fields leave right-hand sides as they are.
    held = net.frame, pattern
    sizes = net.slice_capacity.tobytes(), net.slices.reserves.tobytes()
    bound = _RIGHT_SIDES.get(
        (*map(id, held), *sizes), held, lambda: pattern.bound(net, golombek.capacity)
    )
    return bound, linear, golombek


def _golombek(net: Network, pattern: Pattern) -> Golombek:
    """Slices with a Golombek cost, slot by slot."""
    (slot, piece), slices = np.nonzero(pattern.curved), net.slices
    return Golombek(
        *pattern.golombek,
        net.calendar.weight[slot],
        net.slice_capacity[slot, piece],
        (slices.a + slices.levy)[piece],
        slices.b[piece],
        slices.g[piece],
    )


def _linear(net: Network, columns: Columns, golombek: Golombek) -> Vector:
    """Costs by unit, less what the first unit sold in a market is worth."""
    others = _UNIT_COSTS.get(id(net.frame), net.frame, lambda: _unit_costs(net, columns))
    lifting = net.slices.a + net.slices.levy
    weight = net.calendar.weight[:, None]
    slots = np.concatenate([lifting * weight, others], axis=1)
    built = [building.cost for building in net.buildings]
    full = np.concatenate([slots.ravel(), built])
    linear: Vector = full[columns.alive[: len(full)]]
    # C(q) adds |g| (t + q) with t >= (K - q) ln((K - q)/K): the integral of g ln(1 - q/K).
    steep = -golombek.g * golombek.weight
    linear[golombek.column] += steep
    return np.concatenate([linear, steep])


_UNIT_COSTS: Memory[Vector] = Memory()


def _unit_costs(net: Network, columns: Columns) -> Vector:
    """Costs of all columns of each slot but lifting, which come after it: slots x columns."""
    calendar = net.calendar
    at = net.pruned.market
    curves = (curve[:, at] for curve in (net.alpha, net.beta))
    alpha, beta = (np.where(np.isnan(curve), 0.0, curve) for curve in curves)
    first = beta * net.fixed[:, at] - alpha + net.adders
    stores = [net.storages[name] for _, name in net.stores]
    cost = {
        "flow": net.arcs.charge[net.pruned.arc],
        "injection": [store.injection_charge for store in stores],
        "withdrawal": [store.withdrawal_charge for store in stores],
    }
    blocks = [
        first
        if kind == "spot"
        else np.broadcast_to(
            np.array(cost.get(kind, [0.0] * len(columns.keys[kind])), dtype=float),
            (calendar.count, len(columns.keys[kind])),
        )
        for kind in COLUMN_KINDS
        if kind != "lifting"
    ]
    whole: Vector = np.concatenate(blocks, axis=1) * calendar.weight[:, None]
    return whole


def _minded(net: Network, conduct: Markets) -> Vector:
    """Of each sale: contract gas at the market's price whose margin the seller minds, L z."""
    parts, start = [], 0
    for name in net.markets:
        matrix = conduct[name].matrix
        parts.append(net.ahead[:, start : start + len(matrix)] @ matrix.T)
        start += len(matrix)
    return np.concatenate(parts, axis=1)


def _quadratic(net: Network, conduct: Markets, pattern: Pattern) -> sp.csc_matrix:
    """Upper triangle of P: cost slopes of lifting, beta (11' + (L + L')/2) in each market."""
    weight = net.calendar.weight[:, None]
    held = net.frame, conduct
    sold = _SLOPES.get(tuple(map(id, held)), held, lambda: _slopes(net, conduct))
    parts = [net.slices.b * weight, sold]
    growing = pattern.columns.keys["idle"]
    if growing:  # what stands there belongs to a point, and comes with it
        parts.append(np.zeros((len(weight), 2 * len(growing))))
    return pattern.quadratic(np.concatenate(parts, axis=1))


_SLOPES: Memory[Vector] = Memory()


def _slopes(net: Network, conduct: Markets) -> Vector:
    """Entries of all markets' triangles: slots x entries."""
    return _BETAS.get(id(net.frame), net.frame, lambda: _betas(net)) * conduct.triangles


_BETAS: Memory[Vector] = Memory()


def _betas(net: Network) -> Vector:
    """Slope of demand, weighted, for each entry of the triangles."""
    count = [len(firms) * (len(firms) + 1) // 2 for firms in _sellers(net).values()]
    beta = np.nan_to_num(net.beta) * net.calendar.weight[:, None]
    found: Vector = np.repeat(beta, count, axis=1)
    return found
