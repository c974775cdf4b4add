"""What a partnership is made of answers as the whole record does, in memory and in a store."""

from __future__ import annotations

import gc
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import mithaq
from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Record, case_ids, deadlines, load_case, state, timeline
from mithaq.record.about import about
from mithaq.record.collecting import no_collecting
from mithaq.record.known import known_on
from mithaq.record.store import Store
from tests.record.making import record_of
from tests.store.made import keep, made_record

DAYS = [("2007-12-31", None), ("2009-06-01", "2010-01-01"), ("2025-01-01", "2012-06-30")]


def told(record: Record, at: str, known: str | None) -> dict[str, Any]:
    """What is told of a record on a day."""
    found = state(record, at, known).to_dict()
    seen = known_on(record, None if known is None else date.fromisoformat(known))[0]
    found["events"] = [event.to_dict() for event in timeline(seen, at)]
    due = deadlines(record, at, known, within="800d")
    every = (*due.due, *due.later, *due.renewed)
    found["due"] = sorted((d.to_dict(due.at) for d in every), key=json.dumps)
    found["doubts"] = [d.to_dict() for d in due.may_have_lapsed]
    del found["left_out"]
    return found


def filtered(found: dict[str, Any], part: Record) -> dict[str, Any]:
    """What is told of a whole record, without the subjects that the part does not show."""
    assert part.focus is not None
    shown, joins = part.focus.shown, part.focus.joins
    keys = {"roles": "person", "events": "subject", "due": "subject", "doubts": "subject"}
    kept = dict(found)
    for name, items in found.items():
        if isinstance(items, list) and name != "contacts":
            kept[name] = [item for item in items if item[keys.get(name, "id")] in shown]
    kept["contacts"] = [item for item in found["contacts"] if joins(item["between"])]
    return kept


def same(record: Record, store: Store | None, questions: list[tuple[str, ...]]) -> None:
    wholes = {day: told(record, *day) for day in DAYS}
    for ids in questions:
        part = about(record, *ids)
        if store is not None:
            again = store.record(about=ids)
            assert again == part and again.focus == part.focus, ids
        for day, whole in wholes.items():
            assert told(part, *day) == filtered(whole, part), (ids, day)


CASES = {
    "algeria-russia": [
        ("algeria", "russia"),
        ("sonatrach", "gazprom"),
        ("gazprom-sonatrach-mou-2006",),
        ("lukoil",),
        ("sonatrach", "gazprom", "gazprom-neft"),
    ],
    "algeria-italy": [("algeria", "italy"), ("sonatrach", "eni"), ("eni",)],
}


@pytest.mark.parametrize("case", case_ids())
def test_a_part_of_a_shipped_case_answers_as_the_case(case: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "record.db", make=True)
    store.import_(case, by="tester")
    same(load_case(case), store, CASES[case])
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("case", case_ids())
def test_every_subject_of_a_shipped_case_by_itself(case: str) -> None:
    record = load_case(case)
    same(record, None, [(subject.id,) for subject in record.subjects()])


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_part_of_a_random_record_answers_as_the_record(seed: int, tmp_path: Path) -> None:
    record = made_record(seed)
    store = Store(tmp_path / "record.db", make=True)
    keep(store, record)
    dice = random.Random(seed)
    things = dice.sample([s.id for s in record.subjects()], 12)
    parties = [s.id for s in record.subjects("party")]
    pairs = [tuple(dice.sample(parties, 2)) for _ in range(6)]
    same(record, store, [("state-0", "state-1"), *((name,) for name in things), *pairs])
    store.close()


def test_a_side_is_a_party_with_what_belongs_to_it() -> None:
    record = record_of(
        """
- {id: branch, kind: party, party_kind: company, part_of: gazprom, name: {en: Branch}}
- {id: chief, kind: person, name: {en: Chief},
   office: {value: {party: branch, role: minister}, valid: 2006, sources: [paper]}}
- {id: deal, kind: agreement, parties: [branch, sonatrach]}
- {id: other, kind: agreement, parties: [branch, lukoil]}
- {id: talks, kind: meeting, parties: [sonatrach], persons: [chief], date: 2006-05-01}
- {id: leg-1, kind: leg, agreement: deal}
- {id: plant, kind: project, agreement: deal}
- {id: prize, kind: award, project: plant, winner: lukoil}
"""
    )
    for ids in (("russia", "algeria"), ("gazprom", "Sonatrach")):
        shown = about(record, *ids).focus
        assert shown is not None
        assert shown.shown - set(ids) - {"sonatrach"} == {
            "deal", "talks", "leg-1", "plant", "prize", "chief",
        }  # fmt: skip
    alone = about(record, "deal")
    assert alone.focus is not None and "other" not in alone.focus.shown
    assert not alone.has("other") and alone.home("branch") == "russia"


def test_words_that_happen_to_be_an_id_name_nobody(tmp_path: Path) -> None:
    """Only values that refer do: a place and a code may be spelled as something is."""
    record = record_of(
        """
- {id: met, kind: party, party_kind: company, home: russia, name: {en: Met}}
- {id: deal, kind: agreement, parties: [met, sonatrach]}
- {id: shop, kind: presence, party: lukoil, territory: algeria, place: {en: met}}
- {id: vow, kind: commitment, debtor: lukoil, creditor: sonatrach, commitment_status: met}
"""
    )
    store = Store(tmp_path / "record.db", make=True)
    keep(store, record)
    for part in (about(record, "met"), store.record(about=["met"])):
        assert part.focus is not None and part.focus.shown == {"met", "deal"}
    store.close()


def test_loading_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    with no_collecting():
        assert not gc.isenabled()
        with no_collecting():
            pass
        assert not gc.isenabled()
    assert gc.isenabled() and not gc.get_freeze_count()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with no_collecting():
            pass
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    record = load_case("algeria-italy")
    store = Store(tmp_path / "record.db", make=True)
    store.import_("algeria-italy", by="tester")
    for ask in (lambda *ids: about(record, *ids), lambda *ids: store.record(about=ids)):
        with pytest.raises(DataError, match="nothing is named 'atlantis'"):
            ask("eni", "atlantis")
    with pytest.raises(DataError, match="no subject is named"):
        about(record)
    store.close()


def test_the_command_tells_of_a_case_and_of_a_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "record.db", make=True)
    store.import_("algeria-russia", by="tester")
    store.close()
    part = mithaq.load("algeria-russia", about=["Газпром", "سوناطراك"])
    wanted = part.state("2007-12-31").to_dict()
    clocks = ["--at", "2007-12-31", "--about", "Газпром", "--about", "سوناطراك", "--json"]
    for where in (["algeria-russia"], ["--db", str(tmp_path / "record.db")]):
        assert run(["state", *where, *clocks]) == 0
        assert json.loads(capsys.readouterr().out) == wanted
        assert run(["timeline", *where, *clocks]) == 0
        events = json.loads(capsys.readouterr().out)["events"]
        assert events == [e.to_dict() for e in part.timeline("2007-12-31")]
    assert run(["state", "algeria-russia", "--at", "2007-12-31", "--about", "atlantis"]) == 1
