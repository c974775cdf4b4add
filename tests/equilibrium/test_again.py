"""Solving again: what is kept from one chain to the next must leave no trace in an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import combinations
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Change, Cooperate, Floor
from mithaq.chain import Edit
from mithaq.chain.schema import table_names
from mithaq.equilibrium import result
from mithaq.equilibrium.arcs import ArcNames
from mithaq.equilibrium.books import Takers
from mithaq.equilibrium.certificate.dense import Stands
from mithaq.equilibrium.certificate.tables import Ways
from mithaq.equilibrium.columns import ArcWords, Words
from mithaq.equilibrium.duties import Duties
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.pruned import Pruned
from mithaq.equilibrium.sheet import Labels
from mithaq.errors import MithaqError
from tests.equilibrium.random_chains import Rows, plain, rich, through_time
from tests.equilibrium.toys import chain

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=3, deadline=None, derandomize=True)
many = settings(max_examples=40, deadline=None, derandomize=True)

Told = tuple[str, dict[str, dict[object, float]]]


def variations(tables: Rows) -> Iterator[list[Edit]]:
    """Other costs, capacities and conduct; some of them close something: the structure changes."""
    fields = [str(row["name"]) for row in tables["fields"]]
    firms = [str(row["name"]) for row in tables["firms"]]
    market = str(tables["markets"][0]["name"])
    yield []
    for number, name in enumerate(fields):
        yield [Change("fields", name, "a", 3.0 + number)]
        yield [Change("fields", name, "capacity", 17.0 * number)]
    for pair in combinations(firms, 2):
        yield [Cooperate("pair", pair, 0.8)]
    yield [Floor(firms[0], market, 0.01)]
    yield [Change("markets", market, "elasticity", -0.9)]
    for row in tables.get("pipelines", [])[:2]:
        line = f"{row['from']}-{row['to']}"
        yield [Change("pipelines", line, "capacity", 0.0)]
        yield [Change("pipelines", line, "loss", 0.05)]
    for row in tables.get("contracts", []):
        yield [Change("contracts", str(row["name"]), "nominated", 0.0)]


def unread(base: mithaq.Chain) -> mithaq.Chain:
    """The same chain in tables that nobody has read."""
    return mithaq.Chain({name: [*map(dict, base.rows(name))] for name in table_names()})


def told(base: mithaq.Chain, edits: Sequence[Edit], *, anew: bool = False) -> Told | str:
    """Outcome and every number of the point, or the words of a refusal.

    ``anew``: of tables after the edits that nobody has read.
    """
    try:
        changed = base.with_edits(edits)
        answer = mithaq.solve(unread(changed) if anew else changed, check=False)
    except MithaqError as error:
        return str(error)
    return str(answer.outcome), dict(answer.point.sheets()) if answer.solved else {}


def forgetful(memory: object, key: object, held: object, make: Callable[[], object]) -> object:
    """Stands for a memory that keeps nothing."""
    return make()


def alone(tables: Rows, edits: Sequence[Edit]) -> Told | str:
    """The same by one who has kept nothing: a new thread has no solver yet."""
    with mock.patch.object(Memory, "get", forgetful), ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: told(chain(**tables), edits)).result()


def check(tables: Rows, *, backwards: bool = False) -> None:
    base, some = chain(**tables), list(variations(tables))
    for edits in reversed(some) if backwards else some:
        expected = alone(tables, edits)
        assert told(base, edits) == expected
        assert told(base, edits, anew=True) == expected


@some
@given(seed=SEEDS)
def test_what_was_solved_before_leaves_no_trace_in_any_digit(seed: int) -> None:
    check(plain(seed, None))
    check(rich(seed))
    check(rich(seed + 1), backwards=True)


def test_what_was_closed_when_it_was_read_first_is_open_later() -> None:
    tables = rich(8)
    assert tables["contracts"]
    check(tables, backwards=True)


@pytest.mark.slow
@many
@given(seed=SEEDS)
def test_what_was_solved_before_leaves_no_trace_through_time(seed: int) -> None:
    check(through_time(seed, rich(seed)))


def test_programs_share_a_structure_where_numbers_alone_differ() -> None:
    base = mithaq.Chain.shipped()
    program = build_program(base)
    field = program.network.slices[0].field

    def shares(edit: Edit) -> bool:
        return build_program(base.with_edits([edit])).pattern is program.pattern

    assert shares(Change("fields", field, "a", 1.5))
    assert shares(Change("fields", field, "capacity", 9.0))
    assert shares(Cooperate("pair", ("Gazprom", "Sonatrach")))
    assert not shares(Change("fields", field, "capacity", 0.0))
    lines = {row["name"] for row in base.rows("pipelines")}
    line = next(name for _, name in program.network.flows if name in lines)
    assert not shares(Change("pipelines", line, "loss", 0.5))


def test_tables_read_anew_that_say_the_same_share_all_that_hangs_on_words() -> None:
    base = mithaq.Chain.shipped()
    name = {table: base.rows(table)[0]["name"] for table in ("fields", "pipelines", "contracts")}
    edits = [
        Change("fields", name["fields"], "a", 1.5),
        Change("pipelines", name["pipelines"], "tariff", 7.5),
        Change("contracts", name["contracts"], "price", 99.0),
    ]
    assert mithaq.solve(unread(base)).solved
    with ExitStack() as stack:
        for kind in (Words, ArcWords, ArcNames, Pruned, Duties, Labels, Takers, Ways, Stands):
            stack.enter_context(mock.patch.object(kind, "__init__", side_effect=AssertionError))
        assert mithaq.solve(unread(base.with_edits(edits))).solved


def test_a_degenerate_answer_is_sharpened_before_it_is_judged() -> None:
    """The chain of 2010 has limits that neither bind nor are free; one certificate is enough."""
    base = mithaq.Chain.shipped(2010).quadratic()
    with mock.patch.object(result, "certify", wraps=result.certify) as judged:
        answer = mithaq.solve(base)
    assert judged.call_count == 1
    assert answer.certificate.max_violation < 1e-7
