"""Where gas can be and is of use, against a walk through the network for each firm by itself."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.chain import Chain, Change, Edit
from mithaq.chain.kept import KEPT
from mithaq.chain.schema import table_names
from mithaq.equilibrium.arcs import Arc
from mithaq.equilibrium.columns import Table, Words, table_of
from mithaq.equilibrium.network import network
from tests.equilibrium.random_chains import rich
from tests.equilibrium.toys import chain

some = settings(max_examples=40, deadline=None, derandomize=True)


def walked(seeds: set[str], arcs: list[Arc], may: Callable[[Arc], bool], back: bool) -> set[str]:
    """Nodes that a walk along arcs, or against them, comes to from the seeds."""
    found = set(seeds)
    while True:
        new = {
            (arc.tail if back else arc.head)
            for arc in arcs
            if may(arc) and (arc.head if back else arc.tail) in found
        } - found
        if not new:
            return found
        found |= new


@some
@given(st.integers(0, 10**6))
def test_flows_are_those_that_a_walk_finds(seed: int) -> None:
    """Of chains without swaps, whose gas changes no hands: every firm alone."""
    tables = rich(seed)
    tables.pop("swaps", None)
    base = chain(**tables)
    net = network(base)
    country = {row["name"]: row["country"] or row["name"] for row in base.rows("nodes")}
    bound = {row["name"]: {row["home"]} for row in base.rows("firms") if row["fringe"]}
    for row in base.rows("fields"):
        for part in row["owners"].split(";"):
            firm = part.split(":")[0].strip()
            if firm in bound:
                bound[firm].add(country[row["node"]])
    arcs = [a for i, a in enumerate(net.arcs.values()) if (net.arc_capacity[:, i] > 0).any()]
    grown = {(b.table, b.row) for b in net.buildings}
    arcs += [a for a in net.arcs.values() if (a.table, a.name) in grown and a not in arcs]
    expected = set()
    for row in base.rows("firms"):
        firm = row["name"]

        def may(arc: Arc, firm: str = firm) -> bool:
            ends = {country[end.partition(" (")[0]] for end in (arc.tail, arc.head)}
            inside = firm not in bound or ends <= bound[firm]
            return inside and (not arc.access or firm in arc.access)

        sources = {piece.node for piece in net.slices if piece.firm == firm}
        sources |= {a.tail for a in arcs if a.fee_in_kind and a.fee_firm == firm}
        sinks = {m.node for m in net.markets.values() if firm in m.sellers}
        for duty in net.obligations:
            if duty.firm == firm:
                (sinks if duty.quantity.max() > 0 else sources).add(duty.node)
        for choice in net.choices:
            sinks |= {choice.node} if choice.seller == firm else set()
            sources |= {choice.node} if choice.buyer == firm else set()
        live = walked(sources, arcs, may, False) & walked(sinks, arcs, may, True)
        expected |= {(firm, a.name) for a in arcs if may(a) and a.tail in live and a.head in live}
    assert set(net.flows) == expected
    assert len(net.flows) == len(expected)


def test_columns_say_what_the_rows_say() -> None:
    base = Chain.shipped(2010)
    contracts, markets = table_of(base, "contracts"), table_of(base, "markets")
    names = [markets.rows[at]["name"] for at in contracts.places("market", markets)]
    assert names == [row["market"] for row in base.rows("contracts")]
    assert contracts.numbers("price").tolist() == [row["price"] for row in contracts.rows]
    clauses = [row["destination_clause"] for row in contracts.rows]
    assert contracts.truths("destination_clause").tolist() == clauses
    assert table_of(base, "contracts") is contracts


def test_tables_that_say_the_same_in_words_have_one_object() -> None:
    base = Chain.shipped(2010)
    field, line = base.rows("fields")[0]["name"], base.rows("pipelines")[0]["name"]

    def words(*edits: Edit) -> list[Words]:
        changed = base.with_edits(edits)
        unread = Chain({name: [*map(dict, changed.rows(name))] for name in table_names()})
        return [table_of(unread, name).words for name in ("fields", "pipelines", "markets")]

    fields, lines, markets = words()
    cost, size = Change("fields", field, "a", 77.0), Change("pipelines", line, "capacity", 0.5)
    assert words(cost, size) == [fields, lines, markets]
    other_fields, *rest = words(Change("fields", field, "host", "Elsewhere"))
    assert other_fields is not fields
    assert rest == [lines, markets]


def test_tables_that_others_speak_of_are_not_kept_for_good() -> None:
    """Draws change one table a thousand times; those that name its rows must not hold them all."""
    dice = Random(1)
    one = Table([{"name": "a", "market": "m"}])
    for _ in range(3 * KEPT):
        other = Table([{"name": "m", "size": dice.random()}])
        assert one.places("market", other).tolist() == [0]
    assert len(one.words._places._kept) == KEPT
