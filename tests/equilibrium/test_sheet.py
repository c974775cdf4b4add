"""Numbers by label and slot: what an array holds is what a dictionary would hold."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.equilibrium.sheet import Labels, Sheet

NAMES = [("A", "line"), ("A", "leg"), ("B", "line")]
KEYS = st.tuples(st.sampled_from("AB"), st.sampled_from(["line", "leg"]), st.integers(0, 3))
NUMBERS = st.floats(-9, 9, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(KEYS, st.none() | NUMBERS), max_size=20),
    first=st.lists(NUMBERS, min_size=6, max_size=6),
)
def test_a_sheet_reads_as_the_dictionary_that_saw_the_same(steps, first) -> None:
    sheet = Sheet(Labels(NAMES), np.array(first).reshape(2, 3))
    plain = {
        (*name, slot): first[3 * slot + at] for slot in (0, 1) for at, name in enumerate(NAMES)
    }
    for key, number in steps:
        if number is None:
            assert (key in sheet) == (key in plain)
            sheet.pop(key, None), plain.pop(key, None)
        else:
            sheet[key] = plain[key] = number
    assert dict(sheet) == dict(sheet.items()) == plain
    assert sheet == plain
    assert (len(sheet), bool(sheet)) == (len(plain), bool(plain))
    assert list(sheet.values()) == [sheet[key] for key in sheet]
    for other in (copy.deepcopy(sheet), pickle.loads(pickle.dumps(sheet))):
        assert other == plain
        other["C", "line", 0] = 1.0
        assert ("C", "line", 0) not in sheet
    firms, arcs = {"B": 0, "A": 1}, {"line": 0, "leg": 1, "other": 2}
    spread = sheet.spread(4, firms, arcs, absent=np.nan)
    assert spread.shape == (2, 3, 4)
    told = {
        (f, a, t): spread[i, j, t]
        for f, i in firms.items()
        for a, j in arcs.items()
        for t in range(4)
    }
    assert {key: number for key, number in told.items() if not np.isnan(number)} == plain
    assert sheet.series(4, "A", "line").tolist() == [
        plain.get(("A", "line", t), 0) for t in range(4)
    ]


def test_a_mask_that_sheets_share_stays_as_it_is() -> None:
    there = np.array([[True, False]])
    there.flags.writeable = False
    one, other = (Sheet(Labels(["a", "b"]), np.array([[1.0, 0.0]]), there) for _ in range(2))
    one["b", 0] = 2.0
    del one["a", 0]
    assert dict(one) == {("b", 0): 2.0}
    assert dict(other) == {("a", 0): 1.0}


def test_what_is_not_there_is_an_error() -> None:
    sheet = Sheet(Labels(["arc"]), np.array([[1.0]]))
    for key in (("arc", 1), ("other", 0), ("arc", -1)):
        with pytest.raises(KeyError):
            sheet[key]
        with pytest.raises(KeyError):
            del sheet[key]
    with pytest.raises(KeyError):
        sheet.spread(1, {"other": 0})
