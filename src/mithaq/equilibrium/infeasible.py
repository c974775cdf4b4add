"""Why nothing meets all obligations, in the user's own rows, and the least that would cure it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from mithaq.chain import Chain, Change, Edit, Remove
from mithaq.chain.schema import parse_shares
from mithaq.equilibrium.amounts import nominated
from mithaq.equilibrium.program import Program, build_program

__all__ = ["Diagnosis", "explain", "less_to_take", "would_do"]

Vector = NDArray[np.float64]
SMALL = 1e-6  # bcm/yr: less than this is no shortage
DIGITS = 1e4  # cures are told with four decimals, rounded to the side on which they cure
LIMITS = {
    "arc": "the capacity of {0}",
    "booking": "the capacity of {1}",
    "third party": "the third-party share of {0}",
    "field": "the capacity of field {1}",
    "injection": "the injection into {0}",
    "withdrawal": "the withdrawal from {0}",
    "room": "the working gas of {0}",
    "reserves": "the reserves of field {1}",
    "build limit": "what can be built onto {1} in a year",
    "build total": "what can be built onto {1}",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Sentences on what falls short and what limits it, and edits after which it would solve.

    Both are empty where all obligations can be met.
    """

    sentences: tuple[str, ...] = ()
    cure: tuple[Edit, ...] = ()


@dataclass(slots=True)
class _Duty:
    """One row of the user's that asks for gas, and what lowering its number by one would free.

    ``entries`` are by firm, place (a node, or a market of a floor) and slot.
    """

    what: str
    short: str  # what the number is more than
    number: float
    most: float  # by how much the number may be lowered
    weight: float  # bcm/yr of a unit of the number, over all slots
    table: str
    key: str
    column: str
    entries: dict[tuple[str, str, int], float] = field(default_factory=dict)
    floor: bool = False

    def cure(self, lower: float) -> Edit:
        """The number lowered enough, in few digits; a market of which nothing is left goes."""
        value = max(math.floor((self.number - lower) * DIGITS - SMALL) / DIGITS, 0.0)
        if self.table == "markets" and value == 0:
            return Remove(self.table, self.key)
        return Change(self.table, self.key, self.column, value)


def _duties(chain: Chain, program: Program) -> Iterator[_Duty]:
    net, calendar = program.network, program.network.calendar
    node_of = {row["name"]: row["node"] for row in chain.rows("markets")}
    time = calendar.share * calendar.span / float((calendar.share * calendar.span).sum())
    for row in chain.rows("contracts"):
        due, node, name = nominated(row), node_of[row["market"]], row["name"]
        if due <= 0:
            continue
        # A buyer who nominates is bound to the floor, and the seller to bring it.
        own = "take_or_pay" if row["nomination"] == "buyer" else "nominated"
        number = float(row[own]) if own == "take_or_pay" else due
        rate = calendar.delivered(row) / number
        what = f"contract {name}: {row['seller']} owes {due:.4g} bcm/yr at {node}"
        names = "contracts", name, own
        weight = float(rate @ time)
        duty = _Duty(what, "can reach it", number, number, weight, *names)
        for slot in np.flatnonzero(rate).tolist():
            duty.entries[row["seller"], node, slot] = float(rate[slot])
            if not row["destination_clause"]:
                duty.entries[row["buyer"], node, slot] = -float(rate[slot])
        yield duty
    for row in chain.rows("markets"):
        if math.isnan(row["regulated_price"]):
            continue
        rate = calendar.regulated(row)
        total, number = float(rate @ time), float(row["reference_quantity"])
        if total <= 0:
            continue
        shares = parse_shares(row["supplier"])
        owed = " and ".join(f"{firm} owes {share * total:.4g}" for firm, share in shares.items())
        what = f"supply of {row['name']}: {owed} bcm/yr at {row['node']}"
        names = "markets", row["name"], "reference_quantity"
        # Demand at the regulated price is in proportion to the reference quantity.
        duty = _Duty(what, "can reach it", number, number, total / number, *names)
        for firm, share in shares.items():
            for slot in np.flatnonzero(rate).tolist():
                duty.entries[firm, row["node"], slot] = share * float(rate[slot]) / number
        yield duty
    for (firm, market), number in net.floors.items():
        if number > 0:
            what = f"floor of {firm} in {market}"
            names = "floors", f"{firm}|{market}", "quantity"
            duty = _Duty(what, "can be sold there", number, number, 1.0, *names, floor=True)
            duty.entries = {(firm, market, slot): 1.0 for slot in range(calendar.count)}
            yield duty


def explain(chain: Chain, program: Program) -> Diagnosis:
    """What falls short in the smallest total relaxation, and the edits that amount to it.

    A linear program lowers nominations of contracts, the size of regulated markets and floors, each
    alike in all slots, and makes the sum of what is lowered (bcm/yr) least. Limits that bind are
    named by their shadow prices.
    """
    duties = list(_duties(chain, program))
    if not duties:
        return Diagnosis()
    rows = {(kind, key): at for at, (kind, key) in enumerate(program.rows)}
    at, column, value = [], [], []
    for place, duty in enumerate(duties):
        kind = "floor" if duty.floor else "balance"
        for key, entry in duty.entries.items():
            row = rows.get((kind, key))
            if row is not None:
                at.append(row)
                column.append(place)
                value.append(-entry if duty.floor else entry)
    shape = len(program.bound), len(duties)
    columns = sp.csc_matrix((value, (at, column)), shape=shape)
    width = program.matrix.shape[1] - program.cones
    whole = sp.hstack([program.matrix[:, :width], columns]).tocsr()
    first, last = program.equalities, program.equalities + program.inequalities
    answer = linprog(
        np.concatenate([np.zeros(width), [duty.weight for duty in duties]]),
        A_eq=whole[:first],
        b_eq=program.bound[:first],
        A_ub=whole[first:last],
        b_ub=program.bound[first:last],
        bounds=[(0.0, None)] * width + [(0.0, duty.most) for duty in duties],
        method="highs",
    )
    if not answer.success:
        return Diagnosis()
    lowered = answer.x[width:]
    short = [
        (duty, float(lower))
        for duty, lower in zip(duties, lowered, strict=True)
        if lower * duty.weight > SMALL
    ]
    if not short:
        return Diagnosis()
    duals = dict(zip(program.rows[:first], answer.eqlin.marginals, strict=True))
    named = program.rows[first:last]
    prices = dict(zip(named, answer.ineqlin.marginals, strict=True))
    sentences = [
        f"{duty.what}{',' if not duty.floor else ':'} {lower * duty.weight:.4g} bcm/yr more than "
        f"{duty.short}{_when(program, duty, duals | prices)}"
        for duty, lower in short
    ]
    if limits := _limits(prices):
        sentences.append(f"what limits them: {', '.join(limits)}")
    cure = tuple(duty.cure(lower) for duty, lower in short)
    return Diagnosis((*sentences, would_do(cure)), cure)


def would_do(cure: Sequence[Edit]) -> str:
    """The sentence that proposes a cure."""
    return f"it would do to {'; to '.join(map(str, cure))}"


def less_to_take(chain: Chain) -> tuple[Edit, ...]:
    """Edits after which sellers can bring all that buyers who nominate may take, at any price."""
    buyers = {row["name"] for row in chain.rows("contracts") if row["nomination"] == "buyer"}
    rows = [
        {**row, "nomination": "data", "nominated": row["annual_quantity"]}
        if row["name"] in buyers
        else row
        for row in chain.rows("contracts")
    ]
    whole = chain.with_rows({"contracts": rows})
    return tuple(
        Change(edit.table, edit.key, "annual_quantity", edit.value)
        if isinstance(edit, Change) and edit.table == "contracts" and edit.key in buyers
        else edit
        for edit in explain(whole, build_program(whole)).cure
    )


def _limits(prices: dict[tuple[str, Any], float]) -> list[str]:
    found = set()
    for (kind, key), price in prices.items():
        if kind in LIMITS and abs(price) > SMALL:
            found.add(LIMITS[kind].format(*(key if isinstance(key, tuple) else (key,))))
    return sorted(found)


def _when(program: Program, duty: _Duty, prices: dict[tuple[str, Any], float]) -> str:
    """The slots in which a duty cannot be met, where there are others in which it can."""
    calendar = program.network.calendar
    kind = "floor" if duty.floor else "balance"
    slots = {key[-1] for key in duty.entries}
    tight = {key[-1] for key in duty.entries if abs(prices.get((kind, key), 0.0)) > SMALL}
    if calendar.count == 1 or not tight or tight == slots:
        return ""
    names = []
    for at in sorted(tight):
        slot = calendar.slots[at]
        words = [slot.period] if calendar.periods > 1 else []
        words += [f"{slot.year:g}"] if slot.year is not None else []
        names.append(" ".join(words))
    return f" in {', '.join(names)}"
