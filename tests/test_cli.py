"""The command line: the contract of its JSON, its exit status, its manners."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mithaq.case import Case
from mithaq.cli import cli, run
from mithaq.errors import BatchError, ModelError, SolveError
from tests.show import samples

CASE = "algeria-russia"


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with ``--json`` and give the object that it prints last."""

    def ask(*words: str) -> dict[str, Any]:
        assert run([*words, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return ask


@pytest.fixture
def case_without_scenario(tmp_path: Path, root: Path) -> Path:
    """A copy of the shipped case as a user's own folder that holds a record alone."""
    folder = tmp_path / "own-case"
    shutil.copytree(root / "src/mithaq/data/cases" / CASE, folder)
    shutil.rmtree(folder / "scenarios")
    return folder


def test_state_answers_with_its_contract(asked: Any) -> None:
    found = asked("state", CASE, "--at", "2007-12-31")
    expected = {"at", "known", "agreements", "left_out", "commitments", "projects", "presences"}
    assert expected | {"roles", "contacts"} <= set(found)
    assert found["at"] == "2007-12-31" and found["known"] is None
    keys = {"id", "kind", "stage", "parties", "since", "until", "basis", "renewed", "possible"}
    for item in found["agreements"]:
        assert keys | {"sources", "contradictions"} <= set(item)
        assert isinstance(item["sources"], int)
    assert {"unknown", "inferred"} <= set(found["left_out"])
    assert all({"person", "party", "role", "since", "until"} <= set(r) for r in found["roles"])
    gaps = {"between", "last", "longest_gap_days", "gap_days"}
    assert all(gaps <= set(contact) for contact in found["contacts"])
    assert found["roles"] and found["contacts"]


@pytest.mark.parametrize(
    ("options", "stage"),
    [
        (("--at", "2007-03-01"), "in_force"),
        (("--at", "2007-12-31"), "lapsed"),
        (("--at", "2007-12-31", "--known", "2007-09-01"), "in_force"),
        (("--at", "2007-12-31", "--known", "2008-01-31"), "lapsed"),
    ],
)
def test_stage_of_the_memorandum(asked: Any, options: tuple[str, ...], stage: str) -> None:
    found = asked("state", CASE, *options)
    stages = {item["id"]: item["stage"] for item in found["agreements"]}
    assert stages["gazprom-sonatrach-mou-2006"] == stage


def test_cases_answer_with_their_contract(asked: Any) -> None:
    found = asked("cases")["cases"]
    assert CASE in [case["id"] for case in found]
    assert all({"id", "title", "claims", "sources"} <= set(case) for case in found)


def test_timeline_lists_events_in_order(asked: Any) -> None:
    events = asked("timeline", CASE, "--until", "2008-12-31")["events"]
    starts = [event["start"] for event in events if event["start"]]
    assert starts == sorted(starts) and starts[-1] <= "2008-12-31"


def test_check_answers_with_its_contract(asked: Any) -> None:
    found = asked("check", CASE)
    for item in found["contradictions"]:
        assert {"id", "subject", "property", "kind", "sides", "resolution"} <= set(item)
        assert len(item["sides"]) >= 2
        assert all(side["sources"] for side in item["sides"])
    for problem in found["problems"]:
        assert {"key", "subject", "sentence", "where"} <= set(problem)


def test_balance_answers_with_its_contract(asked: Any) -> None:
    found = asked("balance", CASE, "--between", "Algeria", "Russia", "--at", "2008-12-31")
    assert found["between"] == ["algeria", "russia"]
    assert set(found["index"]) >= {"count", "volume", "money", "known"}
    assert found["index"]["count"] == 0
    keys = {"grantor", "grantee", "territory", "segment", "promised", "delivered"}
    assert all(keys | {"counts_in_totals", "sources"} <= set(g) for g in found["grants"])


def test_balance_takes_names_in_any_language(asked: Any) -> None:
    found = asked("balance", CASE, "--between", "الجزائر", "Россия")
    assert found["between"] == ["algeria", "russia"]


def test_market_answers_with_its_contract(asked: Any) -> None:
    found = asked("market", CASE)
    keys = {"status", "certificate", "prices", "sales", "flows", "payoffs", "fit", "size"}
    assert keys | {"seconds"} <= set(found)
    assert found["status"] == "solved" and found["certificate"]["max_violation"] <= 1e-6
    assert all({"firm", "node", "bcm"} <= set(sale) for sale in found["sales"])
    assert all({"from", "to", "mode", "bcm", "capacity"} <= set(f) for f in found["flows"])
    assert {"load", "build", "solve", "certify"} <= set(found["seconds"])
    assert {"variables", "rows"} <= set(found["size"])
    fit = found["fit"]
    assert {"year", "wape", "exporters", "pairs", "parameters", "benchmarks"} <= set(fit)
    assert {"unchanged", "scaled", "ras"} <= set(fit["benchmarks"])
    assert all({"exporter", "model", "observed"} <= set(item) for item in fit["exporters"])
    assert all({"exporter", "importer", "model", "observed"} <= set(p) for p in fit["pairs"])


def test_market_follows_a_file_of_edits(asked: Any, tmp_path: Path) -> None:
    edits = tmp_path / "edits.yaml"
    edits.write_text(
        "- {edit: change, table: pipelines, key: Ukraine-Slovakia, column: capacity, value: 1}\n"
    )
    flows = asked("market", CASE, "--edits", str(edits))["flows"]
    assert all(f["bcm"] < 1.001 for f in flows if f.get("name") == "Ukraine-Slovakia")


def test_worth_prints_what_the_room_answers(
    asked: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = SimpleNamespace(to_dict=lambda: samples.WORTH)
    monkeypatch.setattr("mithaq.worth.worth", lambda *_, **__: answer)
    found = asked("worth", CASE, "gazprom-sonatrach-mou-2006")
    assert found == samples.WORTH
    assert run(["worth", CASE, "gazprom-sonatrach-mou-2006", "--lang", "fr"]) == 0
    assert "Sonatrach" in capsys.readouterr().out


@pytest.mark.slow
def test_worth_answers_with_its_contract(asked: Any) -> None:
    found = asked("worth", CASE, "gazprom-sonatrach-mou-2006")
    assert {"agreement", "equilibria", "parties", "reciprocity", "assumptions"} <= set(found)
    assert found["equilibria"] >= 16
    for item in found["parties"].values():
        assert {"worth", "low", "high", "legs"} <= set(item)
        assert item["worth"] == pytest.approx(sum(item["legs"].values()), abs=0.01)
    assert {"from", "to", "musd_per_year"} <= set(found["reciprocity"]["side_payment"])


def test_a_market_without_an_equilibrium_says_why_and_gives_no_price(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edits = tmp_path / "edits.yaml"
    edits.write_text(
        "- {edit: contract, name: k, seller: Gazprom, market: Italy, annual_quantity: 900,"
        " price: 300, nominated: 900}\n",
        encoding="utf-8",
    )
    assert run(["market", CASE, "--edits", str(edits), "--json"]) == 3
    told = capsys.readouterr()
    found = json.loads(told.out.splitlines()[-1])
    assert found["status"] == "infeasible"
    assert "prices" not in found
    assert any("contract k" in reason for reason in found["reasons"])
    assert "contract k" in told.err
    assert run(["market", CASE, "--edits", str(edits)]) == 3
    assert capsys.readouterr().out == ""


def test_report_of_a_folder_without_a_scenario(
    case_without_scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "page.html"
    assert run(["report", str(case_without_scenario), "--out", str(target)]) == 0
    told = capsys.readouterr()
    assert "no scenario" in told.err and "page.html" in told.out
    page = target.read_text(encoding="utf-8")
    assert 'id="contradictions"' in page and 'id="worth"' not in page
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
@pytest.mark.parametrize(
    "words",
    [
        ("cases",),
        ("state", CASE, "--at", "2009-06-01", "--known", "2010-01-01"),
        ("timeline", CASE),
        ("check", CASE),
        ("balance", CASE, "--between", "Algeria", "Russia"),
    ],
)
def test_tables_in_four_languages(
    words: tuple[str, ...], lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--lang", lang]) == 0
    told = capsys.readouterr()
    assert told.err == "" and len(told.out.splitlines()) > 3
    assert "{" not in told.out and "\x1b" not in told.out


def test_a_narrow_terminal_gets_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    assert run(["state", CASE, "--at", "2007-12-31"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 44
    assert "Stage: lapsed" in told
    assert run(["check", CASE, "--lang", "ar"]) == 0
    told = capsys.readouterr().out
    first, second = told.index("1. "), told.index("2. ")
    assert "\n\n" not in told[first:second]  # the sides of one contradiction stand in one block


@pytest.mark.parametrize(
    "words",
    [
        ("state", CASE),
        ("state", CASE, "--at", "yesterday"),
        ("balance", CASE, "--between", "Algeria"),
        ("report", CASE, "--lang", "de"),
        ("nothing",),
        (),
    ],
)
def test_wrong_use_is_status_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(list(words)) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err and "Traceback" not in told.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("state", "no-such-case", "--at", "2007-01-01"), "no-such-case"),
        (("balance", CASE, "--between", "Algeria", "Atlantis"), "Atlantis"),
        (("worth", CASE, "no-such-agreement"), "no-such-agreement"),
        (("market", CASE, "--edits", "/no/such/file.yaml"), "file.yaml"),
        (("market", CASE, "--year", "1950"), "1950"),
        (("report", CASE, "--out", "/no/such/folder/page.html"), "folder"),
        (("report", CASE, "--out", "."), "folder"),
    ],
)
def test_wrong_input_is_status_1(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(list(words)) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and told in printed.err and "Traceback" not in printed.err


def test_strict_check_is_status_1_and_still_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", CASE, "--strict", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["contradictions"]


def test_every_mistake_of_a_case_is_listed(
    case_without_scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = case_without_scenario / "extra.yaml"
    extra.write_text(
        "- {id: one, kind: meeting, date: not-a-date}\n- {id: two, kind: nothing}\n"
        "- {id: three, kind: meeting, parties: [{value: nobody, sources: [no-source]}]}\n"
    )
    assert run(["state", str(case_without_scenario), "--at", "2007-01-01"]) == 1
    told = capsys.readouterr().err
    for word in ("not-a-date", "nothing", "nobody", "no-source"):
        assert word in told
    assert told.count("extra.yaml, row") >= 4


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SolveError("stopped", rows=["balance of Italy"]), 3),
        (BatchError({"a": SolveError("stopped")}), 3),
        (BatchError({"a": ModelError("odd")}), 1),
        (ModelError("conduct is not concave"), 1),
        (PermissionError(13, "Permission denied", "x.yaml"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_status_of_each_failure(
    error: BaseException,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("mithaq.show.material.market", fail)
    assert run(["market", CASE]) == status
    assert "Traceback" not in capsys.readouterr().err


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in a shell that fails where any part of a pipe does."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        timeout=60,
    )


def test_a_closed_pipe_is_quiet() -> None:
    done = shell(f"{sys.executable} -m mithaq timeline {CASE} | head -n 1")
    assert done.returncode == 0 and done.stderr == ""


def test_module_equals_command() -> None:
    done = shell(f"{sys.executable} -m mithaq cases --json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["cases"]


@pytest.mark.parametrize("name", ["MITHAQ_LANG", "LANG"])
def test_language_of_the_surroundings(name: str) -> None:
    others = {"MITHAQ_LANG": "", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    done = shell(f"{sys.executable} -m mithaq cases", **{**others, name: "ru_RU.UTF-8"})
    assert done.returncode == 0 and not done.stdout.isascii()


def test_help_answers_at_once() -> None:
    best = 9.0
    for _ in range(3):
        start = time.perf_counter()
        done = shell(f"{sys.executable} -m mithaq --help")
        best = min(best, time.perf_counter() - start)
    assert done.returncode == 0 and best < 1.0  # 0.15 s on an idle machine
    assert all(name in done.stdout for name in cli.commands)


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from mithaq.cli import run; run(['--help']); "
        "heavy = {'numpy', 'pandas', 'scipy', 'clarabel', 'jinja2'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_speaks_the_language_asked_for() -> None:
    english = shell(f"{sys.executable} -m mithaq state --help", LANG="C.UTF-8").stdout
    arabic = shell(f"{sys.executable} -m mithaq state --help --lang ar").stdout
    french = shell(f"{sys.executable} -m mithaq --help", MITHAQ_LANG="fr").stdout
    assert "What is in force" in english and "What is in force" not in french
    assert arabic or french


@pytest.mark.parametrize("command", ["worth", "bargain", "uncertain"])
def test_an_agreement_alone_is_asked_of_the_shipped_case_that_has_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, str]] = []

    def noted(case: Case, agreement: str, *_: Any, **__: Any) -> None:
        told.append((case.record.id, agreement))
        raise ModelError("far enough")

    monkeypatch.setattr(Case, command, noted)
    assert run([command, "gazprom-sonatrach-mou-2006", "--json"]) == 1
    assert told == [(CASE, "gazprom-sonatrach-mou-2006")]
    capsys.readouterr()
    for alone in (CASE, "nobody-signed-this"):
        assert run([command, alone, "--json"]) == 2
        assert "Name an agreement" in capsys.readouterr().err
