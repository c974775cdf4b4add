"""A naive list of facts, SQLite and PostgreSQL give the same answers at random times."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mithaq.record import Case, Claim, Record, Source, Subject, balance, check, state, timeline
from mithaq.record.claims import Modality, Polarity
from mithaq.record.store import Store
from mithaq.words.dates import parse
from tests.store.server import Server, programs

DAYS = [date(2006, 1, 1) + timedelta(days=90 * n) for n in range(12)]
SOURCES = [
    Source(f"source-{n}", "Paper", "fr", published=parse(day.isoformat()) if n else None)
    for n, day in enumerate(DAYS[::3])
]
SUBJECTS = [
    Subject("algeria", "party"),
    Subject("russia", "party"),
    Subject("mou", "agreement"),
    Subject("protocol", "agreement"),
    Subject("visit", "meeting"),
]
days = st.sampled_from(DAYS).map(lambda day: parse(day.isoformat()))
told = st.one_of(
    st.builds(
        Claim,
        st.sampled_from(["mou", "protocol"]),
        st.sampled_from(["signed", "applied", "renewed", "terminated", "expires"]),
        days,
        source=st.sampled_from(SOURCES).map(lambda source: source.id),
        polarity=st.sampled_from([Polarity.AFFIRMED, Polarity.AFFIRMED, Polarity.DENIED]),
        modality=st.sampled_from([Modality.ACTUAL, Modality.ACTUAL, Modality.PLANNED]),
    ),
    st.builds(
        Claim,
        st.just("mou"),
        st.just("parties"),
        st.sampled_from(["algeria", "russia"]),
        source=st.sampled_from(SOURCES).map(lambda source: source.id),
    ),
    st.builds(
        Claim,
        st.just("visit"),
        st.just("date"),
        days,
        source=st.sampled_from(SOURCES).map(lambda source: source.id),
    ),
)


class Facts:
    """The naive model: every act in a list, with the time at which it was done."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, Claim | None, Claim | None]] = []

    def current(self, at: str | None = None) -> list[Claim]:
        """What stands at a time, by going through the acts one after the other."""
        standing: list[Claim] = []
        for moment, gone, new in self.acts:
            if at is not None and moment > at:
                continue
            standing = [c for c in standing if c != gone]
            if new is not None and new not in standing:
                standing.append(new)
        return standing

    def record(self, at: str | None) -> Record:
        """The record of what stands."""
        begun = [m for m, _, _ in self.acts if at is None or m <= at]
        if not begun:
            return Record(Case("record"), [], [], [])
        return Record(Case("model"), SOURCES, SUBJECTS, self.current(at))


class StoreMachine(RuleBasedStateMachine):
    """Random acts on three records at once."""

    server: Server | None = None

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stores = [Store(Path(self.folder.name) / "record.db", make=True)]
        if self.server is not None:
            self.stores.append(Store(self.server.new(), make=True))
        self.facts = [Facts() for _ in self.stores]
        self.times: list[list[str]] = [[] for _ in self.stores]

    def teardown(self) -> None:
        for store in self.stores:
            assert store.verify().ok
            store.close()
        self.folder.cleanup()

    def act(self, new: Claim | None, gone: Claim | None = None) -> None:
        rows = []
        for store, facts, times in zip(self.stores, self.facts, self.times, strict=True):
            if gone is None and new is not None:
                added = store.append([new], by="model")
            elif gone is not None and new is not None:
                added = store.append([replace(new, corrects=gone.identifier)], by="model")
            else:
                assert gone is not None
                added = store.append([replace(gone, retracts=gone.identifier)], by="model")
            rows.append(added.rows)
            moment = added.recorded_at if added.rows else store.checkpoint().time
            facts.acts.append((moment, gone, new))
            times.append(moment)
        assert len(set(rows)) == 1

    @initialize()
    def begin(self) -> None:
        for store, facts, times in zip(self.stores, self.facts, self.times, strict=True):
            case = Case("model")
            added = store.append(sources=SOURCES, subjects=SUBJECTS, case=case, by="model")
            facts.acts.append((added.recorded_at, None, None))
            times.append(added.recorded_at)

    @rule(claim=told)
    def add(self, claim: Claim) -> None:
        self.act(claim)

    @precondition(lambda self: self.facts[0].current())
    @rule(data=st.data(), claim=told)
    def correct(self, data: Any, claim: Claim) -> None:
        gone = data.draw(st.sampled_from(self.facts[0].current()))
        if gone != claim:
            self.act(claim, gone)

    @precondition(lambda self: self.facts[0].current())
    @rule(data=st.data())
    def retract(self, data: Any) -> None:
        self.act(None, data.draw(st.sampled_from(self.facts[0].current())))

    @rule(
        data=st.data(),
        at=st.sampled_from(DAYS),
        known=st.one_of(st.none(), st.sampled_from(DAYS)),
        shift=st.sampled_from([0, 0, -1, 1]),
    )
    def ask(self, data: Any, at: date, known: date | None, shift: int) -> None:
        place = data.draw(st.integers(-1, len(self.times[0]) - 1))
        answers = []
        for store, facts, times in zip(self.stores, self.facts, self.times, strict=True):
            moment = None if place < 0 else moved(times[place], shift)
            model, held = facts.record(moment), store.record(moment)
            assert held == model
            answer = asked(held, at, known)
            assert answer == asked(model, at, known)
            answers.append(answer)
        assert all(answer == answers[0] for answer in answers)


def moved(moment: str, microseconds: int) -> str:
    """A recorded time a little earlier or later; acts lie further apart than that."""
    from datetime import datetime

    other = datetime.fromisoformat(moment) + timedelta(microseconds=microseconds)
    return other.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def asked(record: Record, at: date, known: date | None) -> list[Any]:
    """State, timeline, contradictions and balance."""
    found: list[Any] = [
        state(record, at, known).to_dict(),
        check(record).to_dict()["contradictions"],
    ]
    found += [[event.to_dict() for event in timeline(record, at)]]
    if record.subjects("party"):
        found.append(balance(record, "algeria", "russia", at=at).to_dict())
    return found


@pytest.mark.parametrize("runs", [8, pytest.param(150, marks=pytest.mark.slow)])
def test_the_stores_answer_as_a_list_of_facts_does(
    runs: int, request: pytest.FixtureRequest
) -> None:
    StoreMachine.server = request.getfixturevalue("server") if programs() else None
    from hypothesis.stateful import run_state_machine_as_test

    limits = settings(
        max_examples=runs,
        stateful_step_count=12 if runs < 50 else 30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(StoreMachine, settings=limits)
