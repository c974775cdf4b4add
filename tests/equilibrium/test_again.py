"""Solving again: what is kept from one chain to the next must leave no trace in an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mithaq
from mithaq import Change, Cooperate, Floor
from mithaq.chain import Edit
from mithaq.equilibrium import pattern, result
from mithaq.equilibrium.prepared import Memory
from mithaq.equilibrium.program import build_program
from mithaq.errors import MithaqError
from tests.equilibrium.random_chains import Rows, plain, rich, through_time
from tests.equilibrium.toys import chain

SEEDS = st.integers(0, 10**6)
some = settings(max_examples=3, deadline=None, derandomize=True)
many = settings(max_examples=40, deadline=None, derandomize=True)

Told = tuple[str, dict[str, dict[object, float]]]


def variations(tables: Rows) -> Iterator[list[Edit]]:
    """Other costs, capacities and conduct; some of them close a field and change the structure."""
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


def told(base: mithaq.Chain, edits: Sequence[Edit]) -> Told | str:
    """Outcome and every number of the point, or the words of a refusal."""
    try:
        answer = mithaq.solve(base, edits, check=False)
    except MithaqError as error:
        return str(error)
    return str(answer.outcome), dict(answer.point.sheets()) if answer.solved else {}


def alone(tables: Rows, edits: Sequence[Edit]) -> Told | str:
    """The same by one who has kept nothing: a new thread has no solver yet."""
    with (
        mock.patch.object(pattern, "_BY_CONTENT", Memory()),
        ThreadPoolExecutor(1) as pool,
    ):
        return pool.submit(lambda: told(chain(**tables), edits)).result()


def check(tables: Rows) -> None:
    base = chain(**tables)
    for edits in variations(tables):
        assert told(base, edits) == alone(tables, edits)


@some
@given(seed=SEEDS)
def test_what_was_solved_before_leaves_no_trace_in_any_digit(seed: int) -> None:
    check(plain(seed, None))
    check(rich(seed))


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


def test_a_degenerate_answer_is_sharpened_before_it_is_judged() -> None:
    """The chain of 2010 has limits that neither bind nor are free; one certificate is enough."""
    base = mithaq.Chain.shipped(2010).quadratic()
    with mock.patch.object(result, "certify", wraps=result.certify) as judged:
        answer = mithaq.solve(base)
    assert judged.call_count == 1
    assert answer.certificate.max_violation < 1e-7
