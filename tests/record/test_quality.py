"""The quality line of subjects, and decisions on contradictions as claims."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq.cli import run
from mithaq.errors import DataError
from mithaq.record import Claim, Rank, Record, Source, contradictions, load_case
from mithaq.record.deciding import decision, decision_on, prefer
from mithaq.record.quality import independent, origin, quality
from mithaq.record.record import Case, Subject
from mithaq.words.dates import parse
from tests.record.making import record_of

SOURCES = """
- {id: agency, publisher: Agency, lang: ru, published: 2006-08-05}
- {id: copy, publisher: Copy, lang: fr, published: 2006-08-06, derived_from: agency}
- {id: copy-of-copy, publisher: Copies, lang: ar, published: 2006-08-07, derived_from: copy}
- {id: paper, publisher: Paper, lang: fr, published: 2006-09-01}
"""
BLOCKS = """
- id: mou
  kind: agreement
  parties: [{value: gazprom, sources: [agency, paper]}]
  signed:
    - {value: 2006-08-04, sources: [agency, copy, copy-of-copy]}
    - {value: 2006-08-11, sources: [paper]}
  place: {value: Moscow, sources: [paper]}
  expires: 2007
"""


def line(record: Record, subject: str) -> dict[str, object]:
    (found,) = [q for q in quality(record) if q.subject == subject]
    return found.to_dict()


def test_copies_of_one_article_are_one_witness() -> None:
    found = line(record_of(BLOCKS, sources=SOURCES), "mou")
    assert found == {
        "subject": "mou",
        "kind": "agreement",
        "sources": 4,
        "independent_sources": 2,
        "languages": ["ar", "fr", "ru"],
        "fields": 4,
        "sourced": 0.75,
        "verified": 0.25,
        "oldest_unverified": {
            "property": "signed",
            "since": "2006-08-05",
            "sources": ["agency", "copy", "copy-of-copy", "paper"],
        },
    }


def record_with(chain: dict[str, str]) -> Record:
    sources = [Source(key, key, "en", derived_from=to) for key, to in chain.items()]
    return Record(Case("little"), sources, [], [])


def test_a_circle_of_copies_is_one_witness() -> None:
    record = record_with({"a": "b", "b": "c", "c": "b", "d": "", "e": "elsewhere"})
    assert {origin(record, s) for s in "abc"} == {"b"}
    assert origin(record, "e") == "elsewhere"
    assert independent(record, ["a", "b", "c", "d", "e", ""]) == 3


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", *"abcdefg"]), min_size=1))
def test_any_chain_has_an_origin(chain: dict[str, str]) -> None:
    record = record_with(chain)
    for source, told in chain.items():
        end = origin(record, source)
        assert origin(record, end) == end
        assert not told or origin(record, told) == end


def test_the_order_of_claims_does_not_matter() -> None:
    record = record_of(BLOCKS, sources=SOURCES)
    turned = record.with_claims(reversed(record.claims))
    assert quality(turned) == quality(record)


@pytest.mark.parametrize("case", ["algeria-russia", "algeria-italy"])
def test_every_subject_of_the_shipped_cases_has_a_line(case: str) -> None:
    record = load_case(case)
    lines = quality(record)
    assert len(lines) == len([s for s in record.subjects() if s.kind != "judgement"])
    for item in lines:
        assert item.independent <= item.sources
        assert item.fields == 0 or 0 <= (item.verified or 0) <= 1
    assert quality(record, "agreement") == tuple(q for q in lines if q.kind == "agreement")


def test_the_contract_of_check_is_only_added_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "algeria-italy", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert run(["check", "algeria-italy", "--quality", "--json"]) == 0
    more = json.loads(capsys.readouterr().out)
    assert set(more) - set(plain) == {"quality"}
    assert {key: more[key] for key in plain} == plain
    for lang in ("ar", "en", "fr", "ru"):
        assert run(["check", "algeria-italy", "--quality", "--lang", lang]) == 0
        assert "{" not in capsys.readouterr().out


# Decisions


def disputed() -> Record:
    return record_of(BLOCKS, sources=SOURCES)


def test_a_decision_is_claims_that_correct_claims() -> None:
    record = disputed()
    made = decision(record, "mou.signed", "2006-08-04", reason="the agency was there", by="Editors")
    assert {c.rank for c in made} == {Rank.PREFERRED}
    before = {c.identifier for c in record.claims_of("mou", "signed")}
    assert {c.corrects for c in made} < before and len(made) == 3
    assert all(c.identifier not in before for c in made)


def test_a_decision_shows_in_the_contradiction_and_hides_nothing() -> None:
    record = disputed()
    (open_one,) = contradictions(record)
    assert open_one.resolution is None
    after = prefer(record, "mou.signed", "2006-08-11", reason="printed later", by="Editors")
    (found,) = contradictions(after)
    told = {"value": "2006-08-11", "side": 2, "reason": "printed later", "by": "Editors"}
    assert found.resolution == told
    assert [s.value for s in found.sides] == [s.value for s in open_one.sides]
    assert len(after.claims) == len(record.claims)
    assert after.date("mou", "signed") == parse("2006-08-11")


def test_deciding_anew_and_taking_it_back() -> None:
    first = prefer(disputed(), "mou.signed", 2, reason="printed later", by="Editors")
    second = prefer(first, "mou.signed", "2006-08-04", reason="on reflection", by="Chief")
    (found,) = contradictions(second)
    assert found.resolution == {
        "value": "2006-08-04", "side": 1, "reason": "on reflection", "by": "Chief",
    }  # fmt: skip
    assert {c.by for c in second.claims_of("mou", "signed")} == {"", "Chief"}
    back = decision(second, "mou.signed", 1, reason="no", by="Chief", rank=Rank.NORMAL)
    assert {(c.rank, c.reason, c.by) for c in back} == {(Rank.NORMAL, "", "")}
    set_aside = decision(first, "mou.signed", 1, reason="no", by="Chief", rank=Rank.DEPRECATED)
    assert {c.rank for c in set_aside} == {Rank.DEPRECATED}
    (alone,) = decision_on(second.claims_of("mou", "signed")[0], reason="why", by="Chief")
    assert alone.rank is Rank.PREFERRED and alone.corrects
    with pytest.raises(DataError, match="reason is missing"):
        decision_on(alone, reason="", by="Chief")


@pytest.mark.parametrize(
    ("which", "value", "reason", "by", "told"),
    [
        ("mou.place", "Moscow", "r", "b", "no contradiction 'mou.place'"),
        ("mou.signed", "2006", "r", "b", "has no side '2006'"),
        ("mou.signed", 0, "r", "b", "has no side 0"),
        ("mou.signed", 3, "r", "b", "its sides are 1 "),
        ("mou.signed", "2006-08-04", " ", "b", "reason is missing"),
        ("mou.signed", "2006-08-04", "r", "", "by is missing"),
    ],
)
def test_a_decision_that_cannot_be_made(
    which: str, value: str | int, reason: str, by: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        prefer(disputed(), which, value, reason=reason, by=by)


@pytest.mark.slow
def test_every_contradiction_of_the_shipped_case_can_be_decided() -> None:
    record = load_case("algeria-russia")
    for item in contradictions(record):
        if item.kind == "arithmetic":
            continue
        first = item.sides[0]
        value = first.claims[0].subject if item.kind == "label" else first.value
        after = prefer(record, item.id, value, reason="because", by="Editors")
        (found,) = [c for c in contradictions(after) if c.id == item.id]
        assert found.resolution is not None, item.id


def test_a_claim_keeps_its_subject() -> None:
    record = Record(Case("little"), [], [Subject("a", "party")], [Claim("a", "seat", "Doha")])
    assert quality(record)[0].sources == 0
