"""What a reader of an equilibrium should know before its figures are used.

An equilibrium can be certified and still say what nobody meant: gas that is owed may exceed what
users take at any price above zero, a contract may run into a season without demand, a market may
have no seller. Each is told with its row and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mithaq.chain import BarMarket
from mithaq.equilibrium.amounts import all_nominated
from mithaq.equilibrium.by_slot import BySlot
from mithaq.equilibrium.columns import table_of
from mithaq.equilibrium.slots import when_of
from mithaq.words.sentence import Sentence
from mithaq.words.text import mark

__all__ = ["Note", "notes_on"]

NIL = 1e-6  # of the price at which the first buyer comes: no further below zero is zero
DATED = ("fields", "pipelines", "terminals", "routes", "storages", "bookings", "contracts")
SHOWN = 5  # names of contracts in a sentence
LEAST = 1e-6  # bcm/yr: less than this is no gas

BELOW_ZERO = mark(
    "{market}: {bcm} bcm/yr come and users take no more than {most} at a price of zero: the price "
    "is {price} USD/1000 m³"
)
OWED = mark("{what}; this much has to come: {duties}: lower it, or raise the reference quantity")
CHEAP = mark("{what}; look for gas that is owed elsewhere, and for costs or adders below zero")
UNDELIVERED = mark(
    "contract {name}: {short} of its {bcm} bcm/yr are not delivered, there being no demand in "
    "{market}"
)
FOLLOW = mark("{what}; let its profile be demand, or end it before")
NOT_KEPT = mark("floor of {firm} in {market}: not kept, there being no demand")
NO_SELLER = mark(
    "{market}: nobody who may sell there can bring gas; "
    "its price is the most that a buyer would pay"
)
NO_SALE = mark("{market}: nobody sells there; its price is the most that a buyer would pay")
OUTSIDE = mark(
    "what is nominated under {contracts} is less than the take-or-pay floor or more than the "
    "annual quantity; it is delivered as it stands"
)
BARRED = mark(
    "contract {name}: {bcm} bcm/yr are delivered all the same, though {firm} is barred from "
    "{market}; remove it too if it falls under the ban"
)
UNDATED = mark(
    "rows of {tables} count whatever their from_year and to_year say, since the chain looks at no "
    "year; give the table years those that you mean"
)
IDLE = mark("stores are of no use in a year of one period; give the table periods two or more")
RATIONED = mark("{market}: users would buy {bcm} bcm/yr more at the price cap and cannot get it")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know: its kind, the ``row`` of ``table`` that it is about, and a sentence.

    Kinds are ``below_zero``, ``undelivered``, ``outside_terms``, ``barred``, ``undated``, ``idle``,
    ``rationed``, ``unserved`` and ``not_unique``. ``row`` is empty where several rows are meant.
    """

    kind: str
    table: str
    row: str
    text: Sentence

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """The note as plain values."""
        return {"kind": self.kind, "table": self.table, "row": self.row, "text": self.text}


def notes_on(found: BySlot, splits: tuple[Sentence, ...] = ()) -> tuple[Note, ...]:
    """What to know about an equilibrium; ``splits`` are what its certificate found not unique."""
    return (
        *_below_zero(found),
        *_undelivered(found),
        *_outside_terms(found),
        *_delivered_all_the_same(found),
        *_undated(found),
        *_idle(found),
        *_rationed(found),
        *_unserved(found),
        *(Note("not_unique", "markets", str(split.values["market"]), split) for split in splits),
    )


def _below_zero(found: BySlot) -> Iterator[Note]:
    """Markets in which more comes than users take at a price of zero."""
    price, quantity = found.at_markets
    markets = table_of(found.chain, "markets")
    alpha, beta = (part.T for part in found.calendar.all_demand(markets))
    below = price < -NIL * alpha  # NaN: no demand
    for at in np.flatnonzero(below.any(axis=0)).tolist():
        market = markets.rows[at]["name"]
        worst = int(np.nanargmin(price[:, at]))
        what = when_of(
            Sentence(
                BELOW_ZERO,
                market=market,
                bcm=float(quantity[worst, at]),
                most=float(alpha[worst, at] / beta[worst, at]),
                price=float(price[worst, at]),
            ),
            found.calendar.slots,
            np.flatnonzero(below[:, at]).tolist(),
        )
        duties = tuple(_duties(found, market, worst))
        text = Sentence(OWED, what=what, duties=duties) if duties else Sentence(CHEAP, what=what)
        yield Note("below_zero", "markets", market, text)


def _duties(found: BySlot, market: str, slot: int) -> Iterator[Sentence]:
    """What has to be delivered to a market in a slot whatever the price."""
    deals = table_of(found.chain, "contracts")
    owed = all_nominated(deals)[:, None] * found.calendar.profiles(deals)
    for row, bcm in zip(deals.rows, owed[:, slot].tolist(), strict=True):
        bcm = found.point.taken.get((row["name"], slot), bcm)
        if row["market"] == market and bcm > LEAST:
            yield Sentence("contract {name} {bcm} bcm/yr", name=row["name"], bcm=bcm)
    for row in found.chain.rows("floors"):
        if row["market"] == market and row["quantity"] > LEAST:
            yield Sentence("floor of {firm} {bcm} bcm/yr", firm=row["firm"], bcm=row["quantity"])


def _undelivered(found: BySlot) -> Iterator[Note]:
    """Contracts and floors that meet no demand in some of their slots."""
    calendar, deals = found.calendar, table_of(found.chain, "contracts")
    opened, shapes = calendar.all_opened(deals), calendar.profiles(deals)
    for row, bcm, there, shape in zip(
        deals.rows, all_nominated(deals).tolist(), opened, shapes, strict=True
    ):
        time = found.time * there
        short = bcm * (1 - float(time @ shape) / time.sum()) if time.any() else 0.0
        if short > LEAST:
            what = Sentence(
                UNDELIVERED, name=row["name"], short=short, bcm=bcm, market=row["market"]
            )
            slots = np.flatnonzero(there & (shape == 0)).tolist()
            text = Sentence(FOLLOW, what=when_of(what, calendar.slots, slots))
            yield Note("undelivered", "contracts", row["name"], text)
    markets = table_of(found.chain, "markets")
    alpha, _ = calendar.all_demand(markets)
    for row in found.chain.rows("floors"):
        without = np.flatnonzero(np.isnan(alpha[markets.at[row["market"]]])).tolist()
        if row["quantity"] > LEAST and without:
            what = Sentence(NOT_KEPT, firm=row["firm"], market=row["market"])
            text = when_of(what, calendar.slots, without)
            yield Note("undelivered", "floors", f"{row['firm']}|{row['market']}", text)


def _outside_terms(found: BySlot) -> Iterator[Note]:
    """Nominations as data that are less than the floor or more than the annual quantity."""
    deals = table_of(found.chain, "contracts")
    nominated, most = deals.numbers("nominated"), deals.numbers("annual_quantity")
    least = deals.numbers("take_or_pay") * most
    odd = (nominated < least - LEAST) | (nominated > most + LEAST)  # NaN: none is given
    names = [deals.rows[at]["name"] for at in np.flatnonzero(odd).tolist()]
    if names:
        shown = (*names[:SHOWN], *(["..."] if len(names) > SHOWN else []))
        row = names[0] if len(names) == 1 else ""
        yield Note("outside_terms", "contracts", row, Sentence(OUTSIDE, contracts=shown))


def _delivered_all_the_same(found: BySlot) -> Iterator[Note]:
    """Contracts of firms that an edit of the scenario keeps out of the market."""
    barred = {(e.firm, e.market) for e in found.chain.edits if isinstance(e, BarMarket)}
    deals = table_of(found.chain, "contracts")
    for row, bcm in zip(deals.rows, all_nominated(deals).tolist(), strict=True):
        if (row["seller"], row["market"]) in barred and bcm > LEAST:
            told = {"name": row["name"], "firm": row["seller"], "market": row["market"]}
            text = Sentence(BARRED, bcm=bcm, **told)
            yield Note("barred", "contracts", row["name"], text)


def _undated(found: BySlot) -> Iterator[Note]:
    """Rows of certain years in a chain that looks at no year, where all rows count.

    Contracts often carry their term; they are told only where no year has all of them in force.
    """
    if found.chain.rows("years"):
        return
    told = []
    for name in DATED:
        table = table_of(found.chain, name)
        first, last = table.numbers("from_year"), table.numbers("to_year")
        dated = ~(np.isnan(first) & np.isnan(last))
        if name == "contracts":
            dated &= np.fmax.reduce(first, initial=-np.inf) > np.fmin.reduce(last, initial=np.inf)
        told += [name] if dated.any() else []
    if told:
        yield Note("undated", told[0], "", Sentence(UNDATED, tables=tuple(told)))


def _idle(found: BySlot) -> Iterator[Note]:
    """Stores of a year that is not divided, which have nothing to carry gas from or to."""
    stores = found.chain.rows("storages")
    if stores and found.calendar.periods == 1:
        yield Note("idle", "storages", "", Sentence(IDLE))


def _rationed(found: BySlot) -> Iterator[Note]:
    """Markets whose users go short at a capped price: the mean, and the slots."""
    by_market: dict[str, dict[int, float]] = {}
    for (market, slot), bcm in found.point.rationed.items():
        if bcm > LEAST:
            by_market.setdefault(market, {})[slot] = bcm
    for market, short in sorted(by_market.items()):
        mean = sum(found.time[slot] * bcm for slot, bcm in short.items())
        what = Sentence(RATIONED, market=market, bcm=float(mean))
        text = when_of(what, found.calendar.slots, sorted(short))
        yield Note("rationed", "markets", market, text)


def _unserved(found: BySlot) -> Iterator[Note]:
    """Markets in which nothing is sold in any slot, though there is demand."""
    _, quantity = found.at_markets
    markets = table_of(found.chain, "markets")
    demand = (~np.isnan(found.calendar.all_demand(markets)[0])).any(axis=1)
    free = np.isnan(markets.numbers("regulated_price"))
    reached = {name[1] for name in found.point.spot.labels.names}
    for at in np.flatnonzero(demand & free & (quantity.max(axis=0) <= LEAST)).tolist():
        market = markets.rows[at]["name"]
        text = Sentence(NO_SALE if market in reached else NO_SELLER, market=market)
        yield Note("unserved", "markets", market, text)
