"""The market equilibrium as one concave program over labelled columns and rows.

    max  sum_m [ alpha_m Q_m - beta_m/2 Q_m^2 - beta_m/2 s_m' L_m s_m ] - costs

(Egging-Bratseth, Baltensperger and Tomasgard 2020 for diagonal L; here for any symmetric L whose
Hessian is negative semidefinite where the balances hold; of an asymmetric L the program holds the
symmetric part, and the complementarity engine adds the rest.) Written for a conic solver as

    min  x'Px/2 + q'x   so that   Ax + slack = b,   slack in {0} x R+ x exponential cones.

Columns, in order: lifting, flow, spot sale, handover, and one epigraph a Golombek slice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from mithaq.chain import Chain
from mithaq.equilibrium.conduct import ROUNDING, Conduct, conduct_matrices
from mithaq.equilibrium.network import Network, network
from mithaq.errors import ModelError

__all__ = ["Program", "build_program", "check_concave"]

Vector = NDArray[np.float64]


@dataclass(slots=True)
class Program:
    """Matrices of the program with what each column and row stands for.

    ``rows`` labels the equalities and then the inequalities as (kind, key); each Golombek slice
    adds three rows of an exponential cone after them.
    """

    network: Network
    conduct: dict[str, Conduct]
    quadratic: sp.csc_matrix
    linear: Vector
    matrix: sp.csc_matrix
    bound: Vector
    equalities: int
    inequalities: int
    cones: int
    rows: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def size(self) -> dict[str, int]:
        """Number of variables and of rows other than signs."""
        signs = sum(1 for kind, _ in self.rows if kind == "sign")
        return {"variables": len(self.linear), "rows": len(self.bound) - signs}


class _Rows:
    """Collects the rows of a sparse matrix: bound, label, and entries column by column."""

    def __init__(self) -> None:
        self.bound: list[float] = []
        self.labels: list[tuple[str, Any]] = []
        self.at: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []

    def add(self, kind: str, key: Any, bound: float, entries: list[tuple[int, float]]) -> None:
        row = len(self.bound)
        self.bound.append(bound)
        self.labels.append((kind, key))
        for column, value in entries:
            self.at.append(row)
            self.column.append(column)
            self.value.append(value)


def build_program(chain: Chain) -> Program:
    """Assemble the program of a chain."""
    net = network(chain)
    sellers: dict[str, list[str]] = {name: [] for name in net.markets}
    for firm, market in net.sales:
        sellers[market].append(firm)
    conduct = conduct_matrices(chain, {name: tuple(firms) for name, firms in sellers.items()})
    count = [len(net.slices), len(net.flows), len(net.sales), len(net.handovers)]
    starts = np.concatenate([[0], np.cumsum(count)]).astype(int)
    golombek = [index for index, piece in enumerate(net.slices) if piece.g < 0]
    width = int(starts[4]) + len(golombek)

    linear = np.zeros(width)
    linear[: starts[4]] = _linear(net)
    for place, index in enumerate(golombek):
        # C(q) adds |g| (t + q) with t >= (K - q) ln((K - q)/K): the integral of g ln(1 - q/K).
        linear[index] -= net.slices[index].g
        linear[starts[4] + place] = -net.slices[index].g
    quadratic = _quadratic(net, conduct, int(starts[2]), width)

    rows = _equalities(net, starts)
    equalities = len(rows.bound)
    _inequalities(net, starts, rows)
    inequalities = len(rows.bound) - equalities
    for place, index in enumerate(golombek):
        capacity = net.slices[index].capacity
        # (-t, K - q, K) in the exponential cone: (K - q) exp(-t / (K - q)) <= K.
        rows.add("golombek", index, 0.0, [(int(starts[4]) + place, 1.0)])
        rows.add("golombek", index, capacity, [(index, 1.0)])
        rows.add("golombek", index, capacity, [])
    shape = (len(rows.bound), width)
    matrix = sp.csc_matrix((rows.value, (rows.at, rows.column)), shape=shape)
    return Program(
        net,
        conduct,
        quadratic,
        linear,
        matrix,
        np.array(rows.bound),
        equalities,
        inequalities,
        len(golombek),
        rows.labels,
    )


def _linear(net: Network) -> Vector:
    lifting = [piece.a + piece.levy for piece in net.slices]
    flow = [net.arcs[arc].charge for _, arc in net.flows]
    sale = []
    for pair in net.sales:
        market = net.markets[pair[1]]
        adder = net.adders.get(pair, 0.0)
        sale.append(market.beta * market.fixed - market.alpha + adder)
    return np.array([*lifting, *flow, *sale, *[0.0] * len(net.handovers)])


def _quadratic(
    net: Network, conduct: dict[str, Conduct], first_sale: int, width: int
) -> sp.csc_matrix:
    """Upper triangle of P: cost slopes of lifting, beta (11' + (L + L')/2) in each market."""
    at = [index for index, piece in enumerate(net.slices) if piece.b]
    column, value = list(at), [net.slices[index].b for index in at]
    start = first_sale
    for name, market in net.markets.items():
        block = market.beta * (1.0 + conduct[name].symmetric)
        size = len(block)
        for i, j in zip(*np.triu_indices(size), strict=True):
            at.append(start + int(i))
            column.append(start + int(j))
            value.append(float(block[i, j]))
        start += size
    return sp.csc_matrix((value, (at, column)), shape=(width, width))


def _equalities(net: Network, starts: NDArray[np.int_]) -> _Rows:
    """Balance of each firm at each node, and the ratio of each swap."""
    entries: dict[tuple[str, str], list[tuple[int, float]]] = {key: [] for key in net.balances}
    for index, piece in enumerate(net.slices):
        entries[piece.firm, piece.node].append((index, 1.0))
    for index, (firm, name) in enumerate(net.flows, start=int(starts[1])):
        arc = net.arcs[name]
        entries[firm, arc.tail].append((index, -1.0))
        entries[firm, arc.head].append((index, 1.0 - arc.loss))
    for index, (firm, name) in enumerate(net.sales, start=int(starts[2])):
        entries[firm, net.markets[name].node].append((index, -1.0))
    ratio: dict[str, list[tuple[int, float]]] = {name: [] for name in net.swap_caps}
    for index, pass_ in enumerate(net.handovers, start=int(starts[3])):
        entries[pass_.giver, pass_.node].append((index, -1.0))
        entries[pass_.receiver, pass_.node].append((index, 1.0))
        ratio[pass_.swap].append((index, pass_.weight))
    owed = dict.fromkeys(net.balances, 0.0)
    for duty in net.obligations:
        owed[duty.firm, duty.node] += duty.quantity
    rows = _Rows()
    for key in net.balances:
        rows.add("balance", key, owed[key], entries[key])
    for name, terms in ratio.items():
        if terms:
            rows.add("swap ratio", name, 0.0, terms)
    return rows


def _inequalities(net: Network, starts: NDArray[np.int_], rows: _Rows) -> None:
    """Capacities of arcs, fields and swaps, floors, and signs."""
    users: dict[str, list[tuple[int, float]]] = {}
    for index, (_, name) in enumerate(net.flows, start=int(starts[1])):
        users.setdefault(name, []).append((index, 1.0))
    for name, terms in users.items():
        if math.isfinite(net.arcs[name].capacity):
            rows.add("arc", name, net.arcs[name].capacity, terms)
    for index, piece in enumerate(net.slices):
        rows.add("field", (piece.firm, piece.field), piece.capacity, [(index, 1.0)])
    given: dict[str, list[tuple[int, float]]] = {}
    for index, pass_ in enumerate(net.handovers, start=int(starts[3])):
        if pass_.weight > 0:
            given.setdefault(pass_.swap, []).append((index, 1.0))
    for name, terms in given.items():
        rows.add("swap cap", name, net.swap_caps[name], terms)
    reachable = set(net.sales)
    for index, sale in enumerate(net.sales, start=int(starts[2])):
        if net.floors.get(sale, 0.0) > 0:
            rows.add("floor", sale, -net.floors[sale], [(index, -1.0)])
    for sale, quantity in net.floors.items():
        if sale not in reachable and quantity > 0:
            rows.add("floor", sale, -quantity, [])
    for index in range(int(starts[4])):
        rows.add("sign", index, 0.0, [(index, -1.0)])


def check_concave(program: Program) -> None:
    """Raise ModelError, naming firms, unless the program is concave, or the conditions monotone.

    Both come to the same test, on the symmetric part of conduct. Enough: 11' + (L + L')/2 positive
    semidefinite in every market. If not, the Hessian reduced to the null
    space of the balances decides, since cost curvature cures it only there.
    """
    bad = [c for c in program.conduct.values() if c.smallest_eigenvalue < -ROUNDING]
    if not bad:
        return
    upper = program.quadratic.toarray()
    hessian = upper + upper.T - np.diag(np.diag(upper))
    for index, piece in enumerate(program.network.slices):
        if piece.g < 0:  # the least curvature of a Golombek cost, at zero output
            hessian[index, index] -= piece.g / piece.capacity
    free = scipy.linalg.null_space(program.matrix[: program.equalities].toarray())
    values, vectors = np.linalg.eigh(free.T @ hessian @ free)
    if len(values) == 0 or values[0] >= -ROUNDING * max(1.0, abs(values[-1])):
        return
    direction = np.abs(free @ vectors[:, 0])
    net = program.network
    start = len(net.slices) + len(net.flows)
    weight = {sale: direction[start + index] for index, sale in enumerate(net.sales)}
    top = max(weight.values(), default=0.0)
    # Only conduct that ties sellers together can fail, so sellers on their own are not named.
    tied = {(firm, c.market) for c in bad for firm in c.tied}
    blamed = [sale for sale, size in weight.items() if size > 0.1 * top and sale in tied]
    firms = sorted({firm for firm, _ in blamed or tied})
    markets = sorted({market for _, market in blamed or tied})
    raise ModelError(
        f"the conduct of {', '.join(firms)} in {', '.join(markets)} has no stable equilibrium: "
        f"it is not monotone (smallest reduced eigenvalue {values[0]:.3g}); "
        "lower their strength of cooperation, stakes or weights, or make them one group"
    )
