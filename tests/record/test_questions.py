"""Every readable record answers every question, and no mistake ends in a crash."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithaq.errors import DataError, Problem
from mithaq.record import Record, balance, check, load_case, state, timeline
from tests.record.test_round_trip import SUBJECTS, records

days = st.sampled_from(["2005-01-01", "2006-08-15", "2007-12-31", "2030-01-01", "9999-12-31"])


@given(records, days, st.none() | days)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_record_answers_every_question(record: Record, at: str, known: str | None) -> None:
    answers = [
        state(record, at, known).to_dict(),
        check(record).to_dict(),
        [event.to_dict() for event in timeline(record, at)],
    ]
    json.dumps(answers, allow_nan=False)
    for item in check(record).contradictions:
        assert len(item.sides) >= 2
        assert item.to_dict()["sides"]


@given(records, days)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_party_has_no_balance_with_itself(record: Record, at: str) -> None:
    with pytest.raises(DataError, match=r"one party|no state"):
        balance(record, SUBJECTS["party"], SUBJECTS["party"], at)


@pytest.fixture(scope="module")
def folder() -> Path:
    loaded = load_case("algeria-russia").folder
    assert loaded is not None
    return loaded


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_ends_in_a_list_of_problems_or_in_a_record(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        damaged = Path(name) / "case"
        copytree(folder, damaged)
        path = chance.choice(sorted(damaged.glob("*.yaml")))
        data = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 6)):
            spot = chance.randrange(len(data))
            piece = chance.choice([b"", b"\xff", b"{", b"]", b": ", b"\t", b"\n- ", b"&a ", b"\0"])
            data[spot : spot + chance.randint(0, 30)] = piece
        path.write_bytes(bytes(data))
        record, problems = _try(damaged)
        assert (record is None) == bool(problems)
        assert all(problem.file.endswith(".yaml") for problem in problems)


def _try(folder: Path) -> tuple[Record | None, tuple[Problem, ...]]:
    try:
        return load_case(folder), ()
    except DataError as error:
        return None, error.problems
