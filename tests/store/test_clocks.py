"""All three clocks on every reading command: each has effect, and a new command needs them too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

import mithaq
from mithaq.cli import cli, run
from mithaq.errors import DataError
from mithaq.record import Case
from mithaq.record.store import Store
from tests.worth import toy

EARLY = """
- {id: paper, publisher: Paper, lang: fr, published: 2006-08-05}
- {id: north, kind: party, party_kind: state, name: {en: North}}
- {id: south, kind: party, party_kind: state, name: {en: South}}
- id: acme
  kind: party
  name: {en: Acme}
  home: {value: north, sources: [paper]}
- id: brio
  kind: party
  name: {en: Brio}
  home: {value: south, sources: [paper]}
- id: pact
  kind: agreement
  agreement_kind: memorandum_of_understanding
  name: {en: The pact}
  signed: {value: 2006-08-04, sources: [paper]}
  parties: [{value: acme, sources: [paper]}, {value: brio, sources: [paper]}]
- id: blocks
  kind: project
  name: {en: Blocks}
  quantity: {value: {number: 5, unit: bcm/year, measures: capacity}, sources: [paper]}
"""
LATE = """
- {id: herald, publisher: Herald, lang: en, published: 2020-03-01}
- id: acme
  aliases: {value: Nouvelle Acme Holding, valid: 2019-01-01/.., sources: [herald]}
- id: visit
  kind: meeting
  name: {en: The visit}
  meeting_kind: visit
  parties: [{value: north, sources: [herald]}, {value: south, sources: [herald]}]
  date: [{value: 2019-05-01, sources: [herald]}, {value: 2019-06-01, sources: [herald]}]
- id: line
  kind: award
  name: {en: The line}
  grantor: {value: north, sources: [herald]}
  winner: {value: brio, sources: [herald]}
  territory: {value: north, sources: [herald]}
  segment: {value: transport, sources: [herald]}
  awarded: {value: 2019-04-01, sources: [herald]}
- id: pledge
  kind: commitment
  name: {en: The pledge}
  debtor: {value: acme, sources: [herald]}
  creditor: {value: brio, sources: [herald]}
  promised: {value: 2019-04-02, sources: [herald]}
  due: {value: 2031-01-01, sources: [herald]}
- id: plant
  kind: project
  name: {en: Plant}
  started: {value: 2019-07-01, sources: [herald]}
  quantity: {value: {number: 7, unit: bcm/year, measures: capacity}, sources: [herald]}
"""
WORDS = "{en: x, ar: x, fr: x, ru: x}"
SCENARIO = f"""
id: revival
name: {WORDS}
agreement: pact
year: 2010
parties:
  - {{party: acme, firm: A, state: land of A}}
  - {{party: brio, firm: B, state: land of B}}
parameters:
  rate: {{value: 0.1, unit: share, basis: {{assumption: usual}}}}
  years: {{value: 20, unit: years, basis: {{assumption: usual}}}}
legs:
  - id: production
    rights:
      - id: early
        what: lifting
        to: A
        territory: land of B
        name: {WORDS}
        field: field of B
        owner: B
        parameters:
          volume: {{value: 5, unit: bcm/year, basis: {{claim: blocks.quantity, sources: [paper]}}}}
          entry_payment: {{value: 9, unit: MUSD, basis: {{assumption: usual}}}}
      - id: late
        what: lifting
        to: B
        territory: land of A
        name: {WORDS}
        field: field of A
        owner: A
        parameters:
          volume: {{value: 7, unit: bcm/year, basis: {{claim: plant.quantity, sources: [herald]}}}}
          entry_payment: {{same_as: early.entry_payment}}
"""
# What each command is asked, beside the store; {out} is a new place to write to.
QUESTIONS: dict[str, list[str]] = {
    "cases": [],
    "state": ["--at", "2025-01-01"],
    "timeline": [],
    "check": ["--quality"],
    "balance": ["--between", "north", "south"],
    "worth": ["{folder}", "revival"],
    "report": ["--out", "{out}.html"],
    "deadlines": ["--within", "99y", "--at", "2025-01-01"],
    "who": ["Nouvelle Acme Holding"],
    "find": ["Nouvelle"],
    "export": ["--to", "jsonl", "--out", "{out}"],
    "record history": [],
    "record diff": ["{empty}"],
    "record export": ["{out}"],
}
# What reads no claim, or has its recorded times under other names; the reference says so.
OTHERWISE = {
    "market": "the market of the base year: no claim enters it",
    "calibrate": "reads a chain, not a record",
    "chain new": "writes a chain",
    "chain check": "reads a chain, not a record",
    "chain show": "reads a chain, not a record",
    "chain import": "reads a chain, not a record",
    "import-csv": "reads a table, not a record",
    "record init": "writes",
    "record import": "writes",
    "record add": "writes",
    "record correct": "writes",
    "record retract": "writes",
    "record prefer": "writes",
    "record judge": "writes",
    "record verify": "reads the bytes of every row, whatever they say",
    "record checkpoint": "tells the end of the log",
}
# Dozens of equilibria each: here only whether they take the clocks. They ask the record for
# members, players or a scenario, as ``worth`` does, and tests of their own ask for those.
ELSEWHERE = {"forum", "power", "bargain", "together", "uncertain"}
CLOCKS = {"at": "2010-01-01", "known": "2010-01-01"}
ECHOES = {"at", "known", "until", "recorded", "left_out", "run", "files", "written", "path", "db"}


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_every_command_is_asked_here_or_reads_no_claim() -> None:
    listed = dict(commands(cli))
    assert set(listed) == set(QUESTIONS) | set(OTHERWISE) | ELSEWHERE
    for name in (*QUESTIONS, *ELSEWHERE):
        options = {text for p in listed[name].params for text in p.opts}
        recorded = "--from" if name == "record diff" else "--recorded"
        assert {"--db", "--at", "--known", recorded} <= options, name


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """A store of what came early, the files of the whole case, and an empty one to compare with."""
    files = {name: tmp_path / f"{name}.yaml" for name in ("early", "late")}
    files["early"].write_text(EARLY, "utf-8")
    files["late"].write_text(LATE, "utf-8")
    for name, told in (("empty", []), ("record", ["early"]), ("folder", ["early", "late"])):
        with closing(Store(tmp_path / f"{name}.db", make=True)) as store:
            store.append(case=Case("little", {"en": "Little"}), by="desk")
            for part in told:
                store.add([files[part]], by="desk")
            then = store.checkpoint().time
            store.export(tmp_path / name)
        if name == "record":
            ended = then
    folder = tmp_path / "folder"
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "revival.yaml").write_text(SCENARIO, "utf-8")
    (folder / "chain").mkdir()
    for table in ("nodes", "firms", "fields", "pipelines", "markets", "conduct"):
        toy.chain().table(table).to_csv(folder / "chain" / f"{table}.csv", index=False)
    found = {name: str(tmp_path / name) for name in ("empty", "folder", "record.db")}
    return {**found, "db": found.pop("record.db"), "late": str(files["late"]), "then": ended}


class Asking:
    """Asks the store, counts the answers that it writes, and gives them without their echoes."""

    def __init__(self, places: dict[str, str], out: Path, capsys: Any) -> None:
        self.places, self.out, self.capsys, self.number = places, out, capsys, 0

    def __call__(self, command: str, *more: str) -> Any:
        self.number += 1
        out = self.out / f"answer{self.number}"
        words = [w.format(out=out, **self.places) for w in QUESTIONS[command]]
        self.capsys.readouterr()
        status = run([*command.split(), *words, "--db", self.places["db"], *more, "--json"])
        assert status in (0, 10), self.capsys.readouterr().err
        data = json.loads(self.capsys.readouterr().out)
        return plain(data), written(out)


def written(out: Path) -> dict[str, str]:
    """The text of every file that was written."""
    page = out.with_suffix(".html")
    files = [*out.iterdir()] if out.is_dir() else [f for f in (out, page) if f.exists()]
    return {f.name.removeprefix(out.name): f.read_text("utf-8") for f in sorted(files)}


def plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {k: plain(v) for k, v in data.items() if k not in ECHOES}
    return [plain(item) for item in data] if isinstance(data, list) else data


@pytest.fixture
def ask(places: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Asking:
    return Asking(places, tmp_path, capsys)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([name for name in QUESTIONS if name != "worth"], id="record"),
        pytest.param(["worth"], id="worth", marks=pytest.mark.slow),
    ],
)
def test_each_clock_has_effect_on_each_command(
    names: list[str], ask: Asking, places: dict[str, str]
) -> None:
    before = {command: ask(command) for command in names}
    assert run(["record", "add", places["late"], "--db", places["db"], "--by", "desk"]) == 0
    for command, answer in before.items():
        now = ask(command)
        assert now != answer, command
        back = ("--to" if command == "record diff" else "--recorded", places["then"])
        assert ask(command, *back) == answer, f"{command} {back}"
        for clock, day in CLOCKS.items():
            assert ask(command, f"--{clock}", day) != now, f"{command} --{clock}"


def test_the_market_has_no_clock_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["market", "algeria-russia", "--json"]) == 0
    plain_one = json.loads(capsys.readouterr().out)
    assert run(["market", "algeria-russia", "--known", "2007-01-01", "--json"]) == 0
    told = capsys.readouterr()
    assert "the base year 2010; no claim of the record enters it" in told.err
    assert json.loads(told.out)["prices"] == plain_one["prices"]


def test_python_asks_as_the_commands_do(ask: Asking, places: dict[str, str]) -> None:
    assert run(["record", "add", places["late"], "--db", places["db"], "--by", "desk"]) == 0
    case = mithaq.load(db=places["db"])
    day: dict[str, Any] = {"known": "2010-01-01"}
    assert case.id == "little" and case.worth.__doc__
    words = "Nouvelle Acme Holding"
    for more in ({}, day, {"at": "2010-01-01"}):
        options = [text for key, value in more.items() for text in (f"--{key}", value)]
        assert plain(case.who(words, **more).to_dict()) == ask("who", *options)[0]
        hits = [hit.to_dict() for hit in case.find("Nouvelle", **more).hits]
        printed = [
            {k: v for k, v in h.items() if k != "case"} for h in ask("find", *options)[0]["hits"]
        ]
        assert hits == printed
        quality = [line.to_dict() for line in case.quality(**more)]
        assert plain(quality) == ask("check", *options)[0]["quality"]
        out = Path(places["empty"]).parent / "lines.jsonl"
        (file,) = case.export("jsonl", out, **more)
        assert [file.read_text("utf-8")] == list(ask("export", *options)[1].values())
    found = case.deadlines("2025-01-01", "99y", **day).to_dict()
    assert plain(found) == ask("deadlines", "--known", "2010-01-01")[0]
    past = mithaq.load(db=places["db"], recorded=places["then"])
    assert past.timeline() == case.timeline(known="2010-01-01")
    with pytest.raises(DataError, match="no form is called 'xml'"):
        case.export("xml", "out.xml")
    with pytest.raises(DataError, match="known"):
        case.find("Acme", known="soon")
    elsewhere = mithaq.load(places["folder"], db=places["db"])
    assert elsewhere.record.folder == Path(places["folder"]) and elsewhere.from_store
    with pytest.raises(DataError, match="not 'algeria-italy'"):
        mithaq.load("algeria-italy", db=places["db"])


def test_a_case_may_be_named_where_all_are_asked(
    ask: Asking, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["who", "Sonatrach"], ["find", "Sonatrach"]):
        assert run([*command, "--case", "algeria-italy", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        named = told.get("hits") or told["candidates"][0]["cases"]
        assert {h["case"] if isinstance(h, dict) else h for h in named} == {"algeria-italy"}
    assert run(["who", "Acme", "--recorded", "2020-01-01"]) == 2
    jsonl = ["record", "export", "x.jsonl", "--db", ask.places["db"], "--at", "2010-01-01"]
    assert run(jsonl) == 2
    worth = ["worth", ask.places["folder"], "revival", "--db", ask.places["db"]]
    assert run([*worth, "--known", "2000-01-01"]) == 1
    assert "left out: early, late" in capsys.readouterr().err
