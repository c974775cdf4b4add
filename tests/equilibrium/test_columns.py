"""Columns of tables: what is read by its differences says what is read row by row."""

from __future__ import annotations

import numpy as np
import pytest

import mithaq
from mithaq import Add, Change, Remove
from mithaq.chain import Edit
from mithaq.chain.schema import table_schema
from mithaq.equilibrium.columns import Table, table_of

NEW = {"name": "new", "node": "Norway", "owners": "Statoil", "capacity": 1.0}


@pytest.fixture(scope="module")
def base() -> mithaq.Chain:
    return mithaq.Chain.shipped()


def edits_of(base: mithaq.Chain) -> dict[str, list[Edit]]:
    first, *_, last = (row["name"] for row in base.rows("fields"))
    number = [Change("fields", first, "a", 77.0), Change("fields", last, "reserves", 12.5)]
    many = [Change("fields", row["name"], "b", 0.125) for row in base.rows("fields")]
    return {
        "numbers": number,
        "a word": [*number, Change("fields", first, "host", "Narnia")],
        "a name more": [*number, Add("fields", NEW)],
        "a name less": [Remove("fields", first)],
        "another name": [Remove("fields", first), Add("fields", NEW)],
        "all": many,
    }


@pytest.mark.parametrize("what", list(edits_of(mithaq.Chain.shipped())))
def test_differences_are_all_that_has_to_be_read(base: mithaq.Chain, what: str) -> None:
    before = table_of(base, "fields")
    changed = base.with_edits(edits_of(base)[what])
    found, expected = table_of(changed, "fields"), Table(changed.rows("fields"))
    assert (found.like is not None) == (what in {"numbers", "a word"})
    for name, attribute in table_schema("fields").attributes.items():
        if attribute.numeric:
            told = [row[name] for row in changed.rows("fields")]
            assert np.array_equal(found.numbers(name), told, equal_nan=True)
        elif name not in {"source", "note"}:
            assert found.texts(name) == expected.texts(name)
    assert (found.words is before.words) == (what in {"numbers", "all"})
