"""A store finds through its index what a search of the loaded record finds."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from mithaq.errors import DataError
from mithaq.record import Claim, Record
from mithaq.record.search import search_all, stems
from mithaq.record.store import Store
from tests.store.made import keep, made_record
from tests.store.things import begin, signed

CLOCKS = [
    (None, None),
    (date(2005, 1, 1), None),
    (None, date(2008, 6, 1)),
    (date(2010, 1, 1), date(2012, 1, 1)),
]


def questions(record: Record, dice: random.Random, many: int) -> list[str]:
    """Words of the record, whole, begun, in pairs and from several places, and words of none."""
    texts = [claim.text for claim in record.claims if claim.text]
    texts += [claim.note for claim in record.claims if claim.note]
    texts += [source.title for source in record.sources.values()]
    names = [c.text for c in record.claims if c.property == "name"]
    asked = ["nothing at all like this", "2006", "state", "ga", dice.choice(names)]
    for _ in range(many):
        words = [*stems(dice.choice(texts)), *stems(dice.choice(texts))]
        picked = dice.sample(words, min(len(words), dice.choice([1, 1, 2])))
        asked.append(" ".join(word[: dice.choice([3, 4, 50])] for word in picked))
        asked.append(" ".join(stems(dice.choice(texts))[:2]))
    return [words for words in asked if stems(words)]


@pytest.mark.parametrize("seed", [3, pytest.param(4, marks=pytest.mark.slow)])
def test_a_store_finds_what_the_record_finds(store: Store, seed: int) -> None:
    record = made_record(seed, 300 if seed == 3 else 800)
    keep(store, record)
    dice = random.Random(seed)
    then = store.checkpoint().time
    for claim in dice.sample(record.claims, 24 if seed == 3 else 40):
        if dice.random() < 0.5:
            new = Claim(claim.subject, "note", f"lu {dice.random()}", language="en")
            store.append([replace(new, corrects=claim.identifier)], by="tester")
        else:
            store.retract(claim.identifier, why="misread", by="tester")
    for recorded in (None, then, "2020-01-01"):
        held = store.record(recorded)
        for words in questions(record, dice, 1 if seed == 3 else 8):
            for at, known in CLOCKS:
                for cross in (True, False):
                    wanted = search_all(held, words, at, known, cross, None)
                    found = store.find(
                        words, at=at, known=known, recorded=recorded, cross_script=cross, limit=None
                    )
                    assert found == wanted, (words, at, known, recorded, cross)


def test_a_common_word_is_cut_and_says_so(store: Store) -> None:
    begin(store, *(signed("2006-08-04", locator=f"p. {n}", note=f"word {n}") for n in range(30)))
    every = store.find("word", limit=None)
    assert len(every.hits) == 30 and not every.more
    some = store.find("word", limit=7)
    assert len(some.hits) == 7 and some.more and set(some.hits) < set(every.hits)
    assert not store.find("word", limit=30).more
    assert [hit.text for hit in store.find("word 17").hits] == ["word 17"]
    with pytest.raises(DataError, match="no words"):
        store.find("!")
    with pytest.raises(DataError, match="at"):
        store.find("word", at="some day")


def test_names_of_claims_and_histories_are_looked_up(store: Store) -> None:
    record = made_record(5, 800)
    keep(store, record)
    for claim in record.claims[::97]:
        assert store.claim(claim.identifier[:16]) == claim
    name = record.name("state-0", "ar")
    assert store.history(name) == store.history("state-0")
    assert {e.row.subject for e in store.history(name)} == {"state-0"}
    with pytest.raises(DataError, match="nothing is named"):
        store.history("no such thing")
    with pytest.raises(DataError, match="mithaq who"):
        store.record(about=["no such thing"])
    gone = record.claims_of("state-0")[3]
    store.append(
        [replace(Claim("state-1", "note", "moved", language="en"), corrects=gone.identifier)]
    )
    told = {e.content_id: e.current for e in store.history("state-0")}
    assert not told[gone.identifier]


def test_words_and_ids_of_any_length_are_kept(store: Store) -> None:
    long = "x" * 5000
    begin(store, signed("2006-08-04", note=f"{long} {'ж' * 3000}"))
    assert store.find(long).hits and store.find("ж" * 2999).hits
    assert not store.find(f"{long}y").hits and store.verify().ok


def test_a_search_reads_no_more_than_it_needs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No question about a word, a claim or a partnership goes through the whole log."""
    record = made_record(6, 800)
    keep(store, record)

    def refuse(*_: object) -> None:
        raise AssertionError("the whole record was loaded")

    monkeypatch.setattr("mithaq.record.store.reading.Log.record", refuse)
    assert store.find("state", limit=5).more
    assert store.claim(record.claims[0].identifier) and store.history("state-0")
    assert store.record(about=["state-0", "state-1"]).claims
