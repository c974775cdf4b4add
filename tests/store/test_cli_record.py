"""The commands ``mithaq record ...`` and ``--db`` on every question."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import mithaq
from mithaq.cli import run
from mithaq.errors import DataError

CASE = "algeria-italy"
NEWS = """
- {id: paper, publisher: Paper, lang: fr, published: 2006-08-05}
- {id: agency, publisher: Agency, lang: ru, published: 2006-08-15}
- {id: acme, kind: party, party_kind: company, name: {en: Acme}}
- id: memo
  kind: agreement
  agreement_kind: memorandum_of_understanding
  name: {en: The memo}
  signed:
    - {value: 2006-08-04, sources: [paper]}
    - {value: 2006-08-11, sources: [agency]}
  parties: {value: acme, sources: [paper]}
"""
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with ``--json`` and give the object that it prints, and check its keys."""

    def ask(*words: str, status: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*words, "--json"]) == status
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return ask


@pytest.fixture
def db(tmp_path: Path, asked: Any) -> str:
    """A store with two sources that disagree."""
    path = str(tmp_path / "record.db")
    (tmp_path / "news.yaml").write_text(NEWS, "utf-8")
    made = asked("record", "init", "--db", path, "--case", "little", "--title", "A little case")
    assert made["added"] == 1
    assert asked("record", "add", str(tmp_path / "news.yaml"), "--db", path)["added"] == 11
    return path


def claims_of(asked: Any, db: str, name: str) -> dict[str, str]:
    """Value → identifier of the current claims on a property of the memo."""
    rows = asked("record", "history", "memo", "--db", db)["rows"]
    return {
        row["content"]["value"]: row["claim"]
        for row in rows
        if row["claim"] and row["current"] and row["content"]["property"] == name
    }


def test_a_contradiction_is_resolved_and_the_past_stays(asked: Any, db: str) -> None:
    (clash,) = asked("check", "--db", db)["contradictions"]
    assert not clash["resolution"]
    then = asked("record", "checkpoint", "--db", db)["time"]
    claim = claims_of(asked, db, "signed")["2006-08-04"]
    words = ["--set", "rank=preferred", "--reason", "the paper saw it", "--by", "desk"]
    assert asked("record", "correct", claim[:12], *words, "--db", db)["added"] == 1
    (clash,) = asked("check", "--db", db)["contradictions"]
    assert clash["resolution"]
    (clash,) = asked("check", "--db", db, "--recorded", then)["contradictions"]
    assert not clash["resolution"]
    (item,) = asked("state", "--db", db, "--at", "2007-01-01")["agreements"]
    assert item["since"] == "2006-08-04"


def test_a_side_is_preferred_by_the_number_that_check_prints(
    asked: Any, db: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["check", "--db", db]) == 0
    assert re.search(r"^memo\.signed +–", capsys.readouterr().out, re.MULTILINE)
    words = ["memo.signed", "--side", "2", "--reason", "a facsimile", "--by", "Desk two"]
    assert asked("record", "prefer", *words, "--db", db)["added"] == 1
    assert asked("record", "prefer", *words, "--db", db)["added"] == 0
    (clash,) = asked("check", "--db", db)["contradictions"]
    assert [side["value"] for side in clash["sides"]] == ["2006-08-04", "2006-08-11"]
    decided = {"value": "2006-08-11", "side": 2, "reason": "a facsimile", "by": "Desk two"}
    assert clash["resolution"] == decided
    for lang in ("ar", "en", "fr", "ru"):
        assert run(["check", "--db", db, "--lang", lang]) == 0
        assert "a facsimile" in (out := capsys.readouterr().out) and "Desk two" in out
    words[2:4] = ["1", "--reason"]
    assert asked("record", "prefer", *words, "--db", db)["added"] == 2
    (clash,) = asked("check", "--db", db)["contradictions"]
    assert clash["resolution"]["side"] == 1
    claim = claims_of(asked, db, "signed")["2006-08-04"]
    back = ["--rank", "normal", "--reason", "not sure", "--db", db]
    assert asked("record", "prefer", claim[:12], *back)["added"] == 1
    (clash,) = asked("check", "--db", db)["contradictions"]
    assert clash["resolution"] is None
    aside = ["--rank", "deprecated", "--reason", "a misprint", "--by", "desk", "--db", db]
    asked("record", "prefer", "memo.signed", "--side", "1", *aside)
    (clash,) = asked("check", "--db", db)["contradictions"]
    decided = {"side": 2, "value": "2006-08-11", "reason": "a misprint", "by": "desk (recorder)"}
    assert clash["resolution"] == decided
    for wrong in (["memo.signed", "--side", "3"], ["memo.place", "--side", "1"], ["abcdef"]):
        assert run(["record", "prefer", *wrong, "--reason", "x", "--db", db]) == 1
    assert asked("record", "verify", "--db", db)["ok"]


def test_identity_is_judged_and_judged_anew(asked: Any, db: str, tmp_path: Path) -> None:
    extra = tmp_path / "more.yaml"
    extra.write_text(
        "- {id: acme-spa, kind: party, party_kind: company, name: {en: Acme SpA}}\n"
        "- {id: act, kind: meeting, name: {en: Act}}\n",
        "utf-8",
    )
    asked("record", "add", str(extra), "--db", db)
    said = ["--reason", "one register entry", "--by", "Desk", "--db", db]
    assert asked("who", "Acme", "--db", db)["distinct_from"] == []
    assert asked("record", "judge", "Acme SpA", "acme", "negative", *said)["added"] == 6
    found = asked("who", "Acme", "--db", db)
    assert (found["subject"], found["distinct_from"]) == ("acme", ["acme-spa"])
    assert asked("record", "judge", "acme", "acme-spa", "negative", *said)["added"] == 0
    said[1] = "two entries, one owner"
    assert asked("record", "judge", "acme", "acme-spa", "positive", *said)["added"] == 2
    found = asked("who", "Acme", "--db", db)
    assert (found["subject"], found["distinct_from"]) == ("acme", [])
    rows = asked("record", "history", "acme-and-acme-spa", "--db", db)["rows"]
    told = [r["content"]["value"] for r in rows if r["content"].get("property") == "judgement"]
    assert told == ["negative", "positive"]
    for wrong in (["acme", "acme"], ["acme", "act"], ["acme", "nobody"]):
        assert run(["record", "judge", *wrong, "unsure", *said]) == 1
    folder = str(tmp_path / "out")
    asked("record", "export", folder, "--db", db)
    assert not any(asked("record", "diff", folder, "--db", db).values())


def test_claims_are_corrected_and_retracted(
    asked: Any, db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = claims_of(asked, db, "signed")
    first, second = told["2006-08-04"], told["2006-08-11"]
    words = ["--set", "value=2006-08-05~", "--set", "locator=p. 3", "--reason", "misread"]
    asked("record", "correct", first, *words, "--db", db)
    assert asked("record", "retract", second, "--reason", "of 2007", "--db", db)["added"] == 1
    assert list(claims_of(asked, db, "signed")) == ["2006-08-05~"]
    wrong = [
        ["--set", "value=2006-13"],
        ["--set", "colour=red"],
        ["--set", "rank=best"],
        ["--set", "source=nobody"],
        ["--set", "value="],
        ["--set", "value"],
        ["--set", 'value="; DROP TABLE claims; --'],
    ]
    now = claims_of(asked, db, "signed")["2006-08-05~"]
    for words in wrong:
        assert run(["record", "correct", now, *words, "--reason", "x", "--db", db]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert run(["record", "retract", second, "--reason", "again", "--db", db]) == 1
    assert run(["record", "history", "nothing", "--db", db]) == 1
    assert asked("record", "verify", "--db", db)["ok"]


def test_import_makes_the_store_and_export_gives_it_back(asked: Any, tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path / 'new.db'}"
    added = asked("record", "import", CASE, "--db", db)
    assert added["added"] == added["size"]
    assert asked("record", "import", CASE, "--db", db)["added"] == 0
    asked("record", "export", str(tmp_path / "out"), "--db", db)
    question = ["--at", "2022-01-01", "--known", "2023-01-01"]
    answers = [
        asked("state", *where, *question)
        for where in ([CASE], ["--db", db], [CASE, "--db", db], [str(tmp_path / "out")])
    ]
    assert all(answer == answers[0] for answer in answers)
    for words in (["timeline"], ["check"], ["balance", "--between", "Algeria", "Italy"]):
        from_files, from_store = asked(*words, CASE), asked(*words, "--db", db)
        for found in (from_files, from_store):
            for item in found.get("problems", []):
                del item["where"]
        assert from_files == from_store
    asked("record", "export", str(tmp_path / "all.jsonl"), "--db", db)
    other = str(tmp_path / "other.db")
    asked("record", "import", str(tmp_path / "all.jsonl"), "--db", other)
    kept = [asked("record", "checkpoint", "--db", where) for where in (db, other)]
    assert kept[0] == kept[1]


def test_verify_fails_where_something_was_changed(
    asked: Any, db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.json"
    asked("record", "checkpoint", "--db", db, "--out", str(kept))
    assert asked("record", "verify", "--db", db, "--checkpoint", str(kept))["ok"]
    connection = sqlite3.connect(db)
    connection.execute("DROP TRIGGER claims_no_delete")
    connection.execute("DELETE FROM claims WHERE seq = 12")
    connection.commit()
    connection.close()
    faults = asked("record", "verify", "--db", db, status=1)["faults"]
    assert [f["row"] for f in faults] == [12, 0]
    words = ["--db", db, "--checkpoint", str(kept)]
    faults = asked("record", "verify", *words, status=1)["faults"]
    assert [f["row"] for f in faults] == [11, 12, 0]
    assert run(["record", "verify", *words]) == 1
    assert "the log ends here; the checkpoint counts 12 rows" in capsys.readouterr().out


def test_differences_between_two_times_and_against_files(
    asked: Any, db: str, tmp_path: Path
) -> None:
    then = asked("record", "checkpoint", "--db", db)["time"]
    claim = claims_of(asked, db, "signed")["2006-08-04"]
    asked("record", "correct", claim, "--set", "value=2006-08-05", "--reason", "x", "--db", db)
    found = asked("record", "diff", "--db", db, "--from", then)
    assert [c["value"] for c in found["added"]] == ["2006-08-05"]
    assert [c["value"] for c in found["withdrawn"]] == ["2006-08-04"]
    asked("record", "export", str(tmp_path / "out"), "--db", db)
    found = asked("record", "diff", str(tmp_path / "out"), "--db", db)
    assert not any(found.values())
    found = asked("record", "diff", str(tmp_path / "out"), "--db", db, "--to", then)
    assert len(found["added"]) == len(found["withdrawn"]) == 1
    assert found == asked("record", "diff", str(tmp_path / "out"), "--db", db, "--recorded", then)
    assert run(["record", "diff", "--db", db]) == 2


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
def test_tables_come_out_in_every_language(
    db: str, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["history"],
        ["history", "The memo"],
        ["verify"],
        ["checkpoint"],
        ["diff", "--from", "2020-01-01"],
        ["diff", "--from", "2100-01-01"],
    ):
        assert run(["record", *words, "--db", db, "--lang", lang]) == 0
        assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["state", "--at", "2008-01-01"], 2),
        (["check", CASE, "--recorded", "2020-01-01"], 2),
        (["worth"], 2),
        (["worth", CASE], 2),
        (["check", "--db", "nowhere.db"], 1),
        (["record", "verify", "--db", "nowhere.db"], 1),
        (["record", "import", "nothing", "--db", "nowhere.db"], 1),
        (["record", "init", "--db", "mysql://x"], 1),
        (["record", "init", "--db", "nowhere.db", "--case", "Not An Id"], 1),
        (["record", "add", "nowhere.yaml", "--db", "nowhere.db"], 1),
    ],
)
def test_wrong_questions_end_with_the_right_status(
    words: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == status


def test_an_import_that_fails_leaves_no_rows(tmp_path: Path, asked: Any) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("- {id: x, kind: nothing}\n", "utf-8")
    db = str(tmp_path / "record.db")
    assert run(["record", "import", str(bad), "--db", db]) == 1
    assert asked("record", "checkpoint", "--db", db)["size"] == 0


def test_a_source_that_cannot_be_read_makes_no_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes", "utf-8")
    for source, told in (("algeria-itly", "no case is called"), (str(notes), "neither YAML nor")):
        assert run(["record", "import", source, "--db", str(tmp_path / "record.db")]) == 1
        assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]


def test_lines_of_claims_are_no_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = str(tmp_path / "claims.jsonl")
    assert run(["export", CASE, "--to", "jsonl", "--out", lines]) == 0
    assert run(["record", "import", lines, "--db", str(tmp_path / "record.db")]) == 1
    assert "mithaq record export FILE.jsonl" in capsys.readouterr().err


def test_a_contradiction_is_not_decided_without_a_side(
    db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["record", "prefer", "memo.signed", "--reason", "why", "--db", db]) == 1
    assert "--side" in capsys.readouterr().err


def test_python_asks_a_store_as_the_commands_do(db: str, asked: Any) -> None:
    case = mithaq.load(db=db)
    assert case.id == "little"
    found = asked("timeline", "--db", db, "--known", "2006-08-10", "--at", "2006-12-31")
    assert [e.to_dict() for e in case.timeline("2006-12-31", "2006-08-10")] == found["events"]
    assert case.check(at="2006-08-01").contradictions == ()
    assert case.check(known="2006-08-10").contradictions == ()
    assert len(case.check().contradictions) == 1
    assert mithaq.load(db=db, recorded="2020-01-01").record.claims == ()
    for wrong in ({"case": CASE, "db": db}, {"case": CASE, "recorded": "2020-01-01"}, {}):
        with pytest.raises(DataError):
            mithaq.load(**wrong)


def test_a_report_is_written_from_a_store(db: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert run(["report", "--db", db, "--out", str(out), "--known", "2006-08-10"]) == 0
    page = out.read_text("utf-8")
    assert "The memo" in page and "Agency" not in page


def keys_of(value: Any, path: str = "") -> set[str]:
    """The keys of a printed object in the way of the page on JSON."""
    if isinstance(value, dict) and path not in ("rows[].content", "faults[].values"):
        parts = {f"{path}.{k}" if path else k: v for k, v in value.items()}
        return set().union(*(keys_of(v, k) for k, v in parts.items()))
    if isinstance(value, list):
        return set().union(*(keys_of(v, f"{path}[]") for v in value)) if value else {f"{path}[]"}
    return {path}


def test_every_printed_key_is_documented(asked: Any, db: str, tmp_path: Path) -> None:
    told = claims_of(asked, db, "signed")
    first, second = told["2006-08-04"], told["2006-08-11"]
    clash = ["memo.signed", "--side", "2", "--rank", "normal", "--reason", "y", "--db", db]
    printed = {
        "record prefer": asked("record", "prefer", *clash),
        "record init": asked("record", "init", "--db", db),
        "record correct": asked(
            "record", "correct", first, "--set", "rank=preferred", "--reason", "x", "--db", db
        ),
        "record retract": asked("record", "retract", second, "--reason", "x", "--db", db),
        "record export": asked("record", "export", str(tmp_path / "out"), "--db", db),
        "record history": asked("record", "history", "--db", db),
        "record checkpoint": asked("record", "checkpoint", "--db", db),
        "record diff": asked("record", "diff", "--db", db, "--from", "2020-01-01"),
    }
    connection = sqlite3.connect(db)
    connection.execute("DROP TRIGGER claims_no_update")
    connection.execute("UPDATE claims SET recorded_by = 'x' WHERE seq = 2")
    connection.commit()
    connection.close()
    printed["record verify"] = asked("record", "verify", "--db", db, status=1)
    for command, data in printed.items():
        (section,) = [
            part
            for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)
            if command in part.splitlines()[0].split(", ")
        ]
        listed = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
        known = {key.split(".{")[0] for key in listed}
        printed_keys = {key.replace("[][]", "[]") for key in keys_of(data)}
        assert printed_keys <= known | {"withdrawn[]", "sources_changed[]"}, command
        assert known <= printed_keys | {"withdrawn[]", "sources_changed[]"}, command
