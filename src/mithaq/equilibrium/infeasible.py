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
from mithaq.equilibrium.slots import when_of
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Diagnosis", "explain", "less_to_take", "would_do"]

Vector = NDArray[np.float64]
SMALL = 1e-6  # bcm/yr: less than this is no shortage
DIGITS = 1e4  # cures are told with four decimals, rounded to the side on which they cure
# What limits what is owed: the sentence, and which part of the row's key it names.
LIMITS = {
    "arc": (mark("the capacity of {name}"), 0),
    "booking": (mark("the capacity of {name}"), 1),
    "third party": (mark("the third-party share of {name}"), 0),
    "field": (mark("the capacity of field {name}"), 1),
    "idle": (mark("the capacity of field {name}"), 1),
    "injection": (mark("the injection into {name}"), 0),
    "withdrawal": (mark("the withdrawal from {name}"), 0),
    "room": (mark("the working gas of {name}"), 0),
    "reserves": (mark("the reserves of field {name}"), 1),
    "build limit": (mark("what can be built onto {name} in a year"), 1),
    "build total": (mark("what can be built onto {name}"), 1),
}
SHORT = mark("{owed}, {short} bcm/yr more than can reach it")
SHORT_FLOOR = mark("{owed}: {short} bcm/yr more than can be sold there")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Sentences on what falls short and what limits it, and edits after which it would solve.

    Both are empty where all obligations can be met.
    """

    sentences: tuple[Sentence, ...] = ()
    cure: tuple[Edit, ...] = ()


@dataclass(slots=True)
class _Duty:
    """One row of the user's that asks for gas, and what lowering its number by one would free.

    ``entries`` are by firm, place (a node, or a market of a floor) and slot.
    """

    what: Sentence
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
        what = Sentence(
            "contract {name}: {seller} owes {bcm} bcm/yr at {node}",
            name=name,
            seller=row["seller"],
            bcm=due,
            node=node,
        )
        names = "contracts", name, own
        weight = float(rate @ time)
        duty = _Duty(what, number, number, weight, *names)
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
        owed = tuple(
            Sentence("{firm} owes {bcm}", firm=firm, bcm=share * total)
            for firm, share in shares.items()
        )
        what = Sentence(
            "supply of {market}: {owed} bcm/yr at {node}",
            market=row["name"],
            node=row["node"],
            owed=owed,
        )
        names = "markets", row["name"], "reference_quantity"
        # Demand at the regulated price is in proportion to the reference quantity.
        duty = _Duty(what, number, number, total / number, *names)
        for firm, share in shares.items():
            for slot in np.flatnonzero(rate).tolist():
                duty.entries[firm, row["node"], slot] = share * float(rate[slot]) / number
        yield duty
    for (firm, market), number in net.floors.items():
        if number > 0:
            what = Sentence("floor of {firm} in {market}", firm=firm, market=market)
            names = "floors", f"{firm}|{market}", "quantity"
            duty = _Duty(what, number, number, 1.0, *names, floor=True)
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
        when_of(
            Sentence(
                SHORT_FLOOR if duty.floor else SHORT, owed=duty.what, short=lower * duty.weight
            ),
            program.network.calendar.slots,
            _tight(duty, duals | prices),
        )
        for duty, lower in short
    ]
    if limits := _limits(duals | prices):
        sentences.append(Sentence("what limits them: {limits}", limits=limits))
    cure = tuple(duty.cure(lower) for duty, lower in short)
    return Diagnosis((*sentences, would_do(cure)), cure)


def would_do(cure: Sequence[Edit]) -> Sentence:
    """The sentence that proposes a cure."""
    return Sentence("it would do to {edits}", edits=tuple(map(str, cure)))


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


def _limits(prices: dict[tuple[str, Any], float]) -> tuple[Sentence, ...]:
    found = set()
    for (kind, key), price in prices.items():
        if kind in LIMITS and abs(price) > SMALL:
            text, part = LIMITS[kind]
            found.add(Sentence(text, name=key[part] if isinstance(key, tuple) else key))
    return tuple(sorted(found))


def _tight(duty: _Duty, prices: dict[tuple[str, Any], float]) -> list[int]:
    """The slots in which a duty cannot be met, where there are others in which it can."""
    kind = "floor" if duty.floor else "balance"
    slots = {key[-1] for key in duty.entries}
    tight = {key[-1] for key in duty.entries if abs(prices.get((kind, key), 0.0)) > SMALL}
    return [] if tight == slots else sorted(tight)
