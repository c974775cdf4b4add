"""Whether a program is concave; a failure names the firms whose conduct makes it so."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from mithaq.equilibrium.conduct import ROUNDING, Conduct
from mithaq.equilibrium.program import Program
from mithaq.errors import ModelError
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["check_concave"]

Vector = NDArray[np.float64]


def check_concave(program: Program) -> None:
    """Raise ModelError, naming firms, unless the program is concave, or the conditions monotone.

    Both come to the same test, on the symmetric part of conduct. Enough: 11' + (L + L')/2 positive
    semidefinite in every market. If not, the Hessian of a slot reduced to the null space of its
    balances decides, since cost curvature cures it only there. What goes into and out of store
    counts as free in the slot.
    """
    if program.conduct.plain:
        return
    bad = [c for c in program.conduct.values() if c.smallest_eigenvalue < -ROUNDING]
    if not bad:
        return
    for slot in range(program.columns.slots):
        _check_slot(program, slot, bad)


def _check_slot(program: Program, slot: int, bad: list[Conduct]) -> None:
    columns = program.columns
    full = np.arange(slot * columns.width, (slot + 1) * columns.width)
    mine = columns.place[full[columns.alive[full]]]
    upper = program.quadratic[mine][:, mine].toarray() / program.network.calendar.weight[slot]
    hessian = upper + upper.T - np.diag(np.diag(upper))
    # The least curvature of a Golombek cost, at zero output; none where capacity may grow with it.
    golombek = program.golombek
    where = np.flatnonzero(np.isin(golombek.column, mine) & (golombek.idle < 0))
    at = np.searchsorted(mine, golombek.column[where])
    hessian[at, at] -= golombek.g[where] / golombek.capacity[where]
    level = program.families["level"]
    rows = program.matrix[: program.equalities].tocsr()
    rows = np.delete(rows[:, mine].toarray(), np.arange(level.first, level.last), axis=0)
    free = scipy.linalg.null_space(rows[np.any(rows != 0, axis=1)])
    values, vectors = np.linalg.eigh(free.T @ hessian @ free)
    if len(values) == 0 or values[0] >= -ROUNDING * max(1.0, abs(values[-1])):
        return
    direction = dict(zip(mine.tolist(), np.abs(free @ vectors[:, 0]).tolist(), strict=True))
    sales = columns.place[columns.of("spot")[slot]].tolist()
    weight = {
        sale: direction[column]
        for sale, column in zip(columns.keys["spot"], sales, strict=True)
        if column >= 0
    }
    top = max(weight.values(), default=0.0)
    # Only conduct that ties sellers together can fail, so sellers on their own are not named.
    tied = {(firm, c.market) for c in bad for firm in c.tied}
    blamed = [sale for sale, size in weight.items() if size > 0.1 * top and sale in tied]
    firms = sorted({firm for firm, _ in blamed or tied})
    markets = sorted({market for _, market in blamed or tied})
    text = mark(
        "the conduct of {firms} in {markets} has no stable equilibrium: it is not monotone "
        "(smallest reduced eigenvalue {value}); lower their strength of cooperation, stakes or "
        "weights, or make them one group"
    )
    told = {"firms": tuple(firms), "markets": tuple(markets), "value": float(values[0])}
    raise ModelError(Sentence(text, **told))
