"""A thousand spoilt folders: located mistakes or an explained outcome, never a traceback."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from mithaq import Chain, DataError, ModelError, Outcome, Problem, solve
from tests.chain.folders import TABLES, Rows, fill, write
from tests.chain.spoiling import SPOILERS, Place

FAST, ALL = 40, 1000


WHOLE = ("the table is missing", "the file is empty", "cannot be read", "there is no table")


def check_problems(problems: tuple[Problem, ...], places: list[Place]) -> None:
    """Every mistake has its place, and every place that was spoilt has its mistake."""
    assert problems
    for problem in problems:
        assert problem.file and problem.what, problem
        assert problem.row or problem.column or problem.what.startswith(WHOLE), problem
    for file, row, column in places:
        named = [p for p in problems if p.file == file and p.column == column]
        assert any(not row or p.row == row for p in named), f"{file}, {row}, {column}: not told"


def judge(folder: Path, places: list[Place]) -> str:
    """What became of a folder; raises where it was taken for something that it is not."""
    try:
        found = solve(Chain.from_folder(folder), check=False)
    except DataError as error:
        check_problems(error.problems, places)
        return "mistakes"
    except ModelError as error:
        return "refused" if str(error) else "refused without a word"
    assert not places, f"{places} went unnoticed"
    if found.solved:
        assert found.certificate.holds
        assert all(math.isfinite(price) for price in found.prices)
        assert (found.deliveries["bcm"] >= 0).all()
        return "solved"
    # What cannot be served is told in the user's rows; what the solver could not finish gives no
    # price, and says how far it came.
    assert found.reasons or found.outcome is Outcome.STOPPED, found.outcome
    return str(found.outcome)


def spoil(folder: Path, seed: int) -> tuple[list[str], list[Place]]:
    """One to three ways to spoil a folder; places are kept where only one is at work."""
    rng = random.Random(seed)
    names = list(SPOILERS)
    chosen = [names[seed % len(names)], *rng.sample(names, rng.choice([0, 0, 1, 2]))]
    places = [SPOILERS[name](rng, folder) for name in chosen]
    return chosen, [place for place in places if place] if len(chosen) == 1 else []


def run(tmp_path: Path, seeds: range, **tables: Rows) -> dict[str, int]:
    """What became of folders spoilt by these seeds, with ``tables`` in place of the usual ones."""
    counts: dict[str, int] = {}
    for seed in seeds:
        folder = fill(tmp_path / str(seed))
        for name, rows in tables.items():
            write(folder, name, rows)
        chosen, places = spoil(folder, seed)
        try:
            outcome = judge(folder, places)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {', '.join(chosen)}: {error!r}") from error
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def test_forty_spoilt_folders(tmp_path: Path) -> None:
    counts = run(tmp_path, range(FAST))
    assert counts["mistakes"] > FAST / 4 and counts["solved"] > 0


# A field of two owners whose cost depends on its capacity.
BUILT = [{"table": "fields", "row": "tundra", "cost": "200", "limit": "3"}, *TABLES["expansions"]]


def test_spoilt_folders_in_which_a_field_can_be_built_onto(tmp_path: Path) -> None:
    counts = run(tmp_path, range(ALL, ALL + FAST // 2), expansions=BUILT)
    assert counts["mistakes"] > FAST / 8 and counts["solved"] > 0


@pytest.mark.slow
def test_many_spoilt_folders_in_which_a_field_can_be_built_onto(tmp_path: Path) -> None:
    run(tmp_path, range(FAST + ALL, FAST + ALL + 300), expansions=BUILT)


@pytest.mark.slow
def test_a_thousand_spoilt_folders(tmp_path: Path) -> None:
    counts = run(tmp_path, range(FAST, FAST + ALL))
    assert set(counts) >= {"mistakes", "solved", "infeasible"}
    assert "refused without a word" not in counts
    assert "refused without a word" not in counts


def test_moved_columns_change_nothing(tmp_path: Path) -> None:
    whole = Chain.from_folder(fill(tmp_path / "whole"))
    moved = fill(tmp_path / "moved")
    for seed in range(20):
        SPOILERS["moved_columns"](random.Random(seed), moved)
    assert Chain.from_folder(moved).hash == whole.hash


def test_what_is_owed_without_a_way_is_explained(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chain")
    rng = random.Random(1)
    SPOILERS["disconnected"](rng, folder)
    SPOILERS["too_much_owed"](rng, folder)
    found = solve(Chain.from_folder(folder), check=False)
    assert found.outcome is Outcome.INFEASIBLE
    assert any("old" in reason for reason in found.reasons)
