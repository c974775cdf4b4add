"""The store answers as the files do, on both databases: import, clocks, corrections, history."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import rfc8785
import sqlalchemy as sql

from mithaq.errors import DataError
from mithaq.record import Claim, Quantity, case_ids, load_case, state
from mithaq.record.files import load_folder
from mithaq.record.store import Store
from mithaq.record.store.rows import canonical, claim_content, digest, instant, next_instant
from mithaq.record.writer import canonical as canonical_files
from tests.store.server import Server
from tests.store.things import SOURCES, SUBJECTS, begin, signed


@pytest.mark.parametrize(
    "case",
    [
        case if case == "algeria-russia" else pytest.param(case, marks=pytest.mark.slow)
        for case in case_ids()
    ],
)
def test_yaml_store_yaml_is_the_identity(store: Store, case: str, tmp_path: Path) -> None:
    record = load_case(case)
    added = store.import_(case, by="the editors")
    assert added.rows == 1 + len(record.sources) + len(record.subjects()) + len(record.claims)
    assert store.record() == record
    store.export(tmp_path / "out")
    assert load_folder(tmp_path / "out") == record
    written = {p.name: p.read_text("utf-8") for p in (tmp_path / "out").iterdir()}
    assert written == canonical_files(record)
    assert store.import_(tmp_path / "out").rows == 0
    assert store.verify().ok
    at, known = "2008-01-01", "2008-06-01"
    assert state(store.record(), at, known).to_dict() == state(record, at, known).to_dict()


def test_what_is_current_is_not_added_again(store: Store) -> None:
    first = begin(store, signed("2006-08-04"))
    assert (first.rows, first.unchanged, first.first, first.size) == (6, 0, 1, 6)
    again = begin(store, signed("2006-08-04"))
    assert (again.rows, again.unchanged, again.size) == (0, 6, 6)
    twice = store.append([signed("2006-08"), signed("2006-08")], by="tester")
    assert (twice.rows, twice.unchanged) == (1, 1)


def test_a_correction_takes_the_place_of_a_claim(store: Store) -> None:
    begin(store, signed("2006-08-04"))
    before = store.checkpoint().time
    held = store.record().claims[0]
    store.correct(held.identifier[:12], signed("2006-08-11"), why="misread", by="second")
    assert [c.text for c in store.record().claims] == ["2006-08-11"]
    assert [c.text for c in store.record(before).claims] == ["2006-08-04"]
    last = store.history("mou")[-1]
    assert last.row.kind == "correction" and last.row.corrects == held.identifier
    assert (last.row.why, last.row.recorded_by, last.current) == ("misread", "second", True)
    assert [e.current for e in store.history("mou")] == [True, False, True]
    with pytest.raises(DataError, match="no current claim"):
        store.correct(held.identifier, signed("2006-08-12"), why="too late")
    with pytest.raises(DataError, match="changes nothing"):
        store.correct(signed("2006-08-11").identifier, signed("2006-08-11"), why="none")


def test_the_same_correction_again_is_no_row(store: Store) -> None:
    begin(store, signed("2006-08-04"))
    new = replace(signed("2006-08-11"), corrects=signed("2006-08-04").identifier)
    assert store.append([new], by="tester").rows == 1
    assert store.append([new], by="tester").rows == 0
    assert store.append([replace(new, value=signed("2006-08-11").value)]).rows == 0


def test_a_correction_to_what_another_claim_says_withdraws_the_first(store: Store) -> None:
    begin(store, signed("2006-08-04"), signed("2006-08-11"))
    store.correct(signed("2006-08-04").identifier, signed("2006-08-11"), why="the same")
    assert [c.text for c in store.record().claims] == ["2006-08-11"]
    assert store.history()[-1].row.kind == "retraction"
    assert store.verify().ok


def test_what_was_retracted_can_be_added_again(store: Store) -> None:
    begin(store, signed("2006-08-04"))
    name = signed("2006-08-04").identifier
    assert store.retract(name, why="not in the source").rows == 1
    assert store.record().claims == ()
    gone = replace(signed("2006-08-04"), retracts=name)
    assert store.append([gone]).rows == 0
    assert store.append([signed("2006-08-04")]).rows == 1
    assert len(store.record().claims) == 1
    assert [e.current for e in store.history("mou")] == [True, False, False, True]
    with pytest.raises(DataError, match="no current claim"):
        store.append([replace(signed("2006-08-05"), retracts="0" * 64)])


def test_wrong_claims_are_all_told_and_nothing_is_kept(store: Store) -> None:
    begin(store)
    size = store.checkpoint().size
    wrong = [
        signed("2006-08-04"),
        signed("2006", source="nowhere"),
        replace(signed("2006"), subject="nothing"),
        replace(signed("2006"), property="colour"),
        replace(signed("2006"), value=Quantity("3", "year", "term")),
        replace(signed("2006"), property="parties", value="lukoil"),
        replace(signed("2006"), property="agreement_kind", value="handshake"),
    ]
    with pytest.raises(DataError) as caught:
        store.append(wrong)
    assert len(caught.value.problems) == 6
    assert store.checkpoint().size == size


def test_a_subject_keeps_its_kind_and_a_store_its_case(store: Store) -> None:
    store.import_("algeria-italy")
    with pytest.raises(DataError, match="already"):
        store.append(subjects=[replace(load_case("algeria-italy").subjects()[0], kind="meeting")])
    with pytest.raises(DataError, match="holds the case"):
        store.import_("algeria-russia")


def test_a_source_may_be_told_better(store: Store) -> None:
    begin(store, signed("2006-08-04"))
    then = store.checkpoint().time
    better = replace(SOURCES[0], title="Accord")
    assert store.append(sources=[better]).rows == 1
    assert store.record().source("paper").title == "Accord"
    assert store.record(then).source("paper").title == ""
    assert [e.current for e in store.history("paper")] == [False, True]


def test_recorded_times_are_instants_in_utc(store: Store) -> None:
    begin(store, signed("2006-08-04"))
    first = store.checkpoint().time
    store.append([signed("2006-08-11")])
    assert len(store.record(first).claims) == 1
    assert len(store.record(datetime.fromisoformat(first)).claims) == 1
    before = datetime.fromisoformat(first) - timedelta(microseconds=1)
    assert store.record(before).claims == () == store.record("2020-01-01").claims
    assert len(store.record(datetime.now(UTC).date()).claims) == 2
    assert instant(date(2026, 1, 1)) == "2026-01-01T23:59:59.999999Z"
    assert instant("2026-01-01T10:00:00") == "2026-01-01T10:00:00.000000Z"
    for wrong in ("yesterday", "2026-13-01", "2026-01-01T25:00", ""):
        with pytest.raises(DataError, match="is no time"):
            store.record(wrong)


def test_recorded_times_grow_whatever_the_clock_does() -> None:
    assert next_instant("2999-01-01T00:00:00.000000Z") == "2999-01-01T00:00:00.000001Z"


def test_history_goes_out_and_in_with_its_hashes(
    store: Store, new_url: Callable[[], str], tmp_path: Path
) -> None:
    begin(store, signed("2006-08-04"))
    store.retract(signed("2006-08-04").identifier, why="misread")
    lines = store.export(tmp_path / "history.jsonl")
    other = Store(new_url(), make=True)
    assert other.import_(lines).rows == 7
    assert other.checkpoint() == store.checkpoint() and other.verify().ok
    assert other.import_(lines).rows == 0
    store.append([signed("2006-08-11")])
    assert other.import_(store.export(lines)).rows == 1
    assert other.record() == store.record()
    other.append([signed("2006-08-12")])
    with pytest.raises(DataError, match="more rows"):
        other.import_(lines)
    store.append([signed("2006-08-13")])
    with pytest.raises(DataError, match="another history"):
        other.import_(store.export(lines))
    for line in lines.read_text("utf-8").splitlines():
        assert rfc8785.dumps(json.loads(line)).decode() == line
    other.close()


@pytest.mark.parametrize("harm", ["cut", "swap", "byte", "noise", "number"])
def test_a_harmed_history_is_refused_whole(
    store: Store, new_url: Callable[[], str], tmp_path: Path, harm: str
) -> None:
    begin(store, signed("2006-08-04"))
    path = store.export(tmp_path / "history.jsonl")
    lines = path.read_text("utf-8").splitlines()
    if harm == "cut":
        del lines[2]
    elif harm == "swap":
        lines[2], lines[3] = lines[3], lines[2]
    elif harm == "byte":
        lines[2] = lines[2].replace("Agency", "Agencz").replace("gazprom", "gazprop")
        lines[1] = lines[1].replace("Agency", "Agencz")
    elif harm == "noise":
        lines[2] = "[" * 100_000
    else:
        lines[2] = lines[2].replace('"seq":3', f'"seq":{"9" * 41}')
        assert "9999" in lines[2]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    other = Store(new_url(), make=True)
    with pytest.raises(DataError, match=r"history\.jsonl, row"):
        other.import_(path)
    assert other.checkpoint().size == 0
    other.close()


def test_files_are_added_to_what_is_there(store: Store, tmp_path: Path) -> None:
    begin(store)
    file = tmp_path / "news.yaml"
    file.write_text(
        """
- {id: weekly, publisher: Weekly, lang: en, published: 2008-01}
- id: mou
  signed: {value: 2006-08-04, sources: [weekly, paper]}
  parties: [{value: gazprom, sources: [weekly]}]
- {id: talks, kind: meeting, parties: {value: sonatrach, sources: [agency]}}
""",
        "utf-8",
    )
    assert store.add([file], by="tester").rows == 6
    assert store.add([file], by="tester").rows == 0
    file.write_text("- {id: mou, kind: award, signed: {value: 2006, sources: [nobody]}}\n", "utf-8")
    with pytest.raises(DataError) as caught:
        store.import_(file)
    assert {(p.row, p.file) for p in caught.value.problems} == {(1, "news.yaml")}
    assert len(caught.value.problems) >= 2


def test_names_of_claims_may_be_shortened(store: Store) -> None:
    begin(store, signed("2006-08-04"))
    name = signed("2006-08-04").identifier
    assert store.claim(name[:6]).identifier == name
    for wrong in ("", name[:5], "zzzzzzz"):
        with pytest.raises(DataError, match="no current claim|several"):
            store.claim(wrong)


def test_content_identifiers_are_hashes_of_canonical_bytes() -> None:
    for case in case_ids():
        for claim in load_case(case).claims:
            assert claim.identifier == digest(canonical(claim_content(claim)))


def test_who_records_is_a_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITHAQ_BY", "the desk")
    store.append(subjects=SUBJECTS)
    assert {e.row.recorded_by for e in store.history()} == {"the desk"}
    for wrong in ("  ", "x" * 201, "bell\a"):
        with pytest.raises(DataError, match="no name"):
            store.append(subjects=SUBJECTS, by=wrong or "  ")


def test_no_store_no_answer(url: str) -> None:
    with pytest.raises(DataError, match="there is no store"):
        Store(url)
    if not url.startswith("postgresql"):
        assert not Path(url).exists()
        Path(url).write_text("plain text, which is no database at all " * 40, "utf-8")
        with pytest.raises(DataError, match="not a database"):
            Store(url)


@pytest.mark.parametrize(
    "address", ["mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "nonsense://x"]
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(DataError, match="no store"):
        Store(address, make=True)


def test_postgresql_knows_the_size_of_a_store_as_soon_as_it_is_filled(server: Server) -> None:
    """Or it would plan the first questions for an empty log, and go through all of it."""
    store = Store(server.new(), make=True)
    added = store.import_("algeria-russia", by="tests")
    with sql.create_engine(store.url, poolclass=sql.NullPool).connect() as connection:
        size = sql.text("SELECT reltuples FROM pg_class WHERE relname = 'claims'")
        assert connection.execute(size).scalar() == added.rows
    store.append([Claim("gazprom", "note", "told later", language="en")], by="tests")
    with sql.create_engine(store.url, poolclass=sql.NullPool).connect() as connection:
        assert connection.execute(size).scalar() == added.rows  # one more is not worth a look
    store.close()


def test_errors_hide_the_password() -> None:
    with pytest.raises(DataError) as caught:
        Store("postgresql://me:secret@127.0.0.1:9/none")
    assert "secret" not in str(caught.value) and "127.0.0.1" in str(caught.value)
