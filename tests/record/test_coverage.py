"""The shipped case holds the article statement by statement, and the facts collected around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

import mithaq.record as record
from mithaq.record import Claim, Record

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared"
ARTICLE = "elfadjr-94038"
LEAST_FACTS = 110
# The collection does not tell which of two sources gives the budget of 2010: it stays unsourced.
NOT_TOLD = {"elassel-money: minfin-ua-20100620", "elassel-money: lemidi-1011070901"}
COVERAGE: dict[str, Any] = yaml.safe_load((HERE / "fact_coverage.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def case() -> Record:
    return record.load_case("algeria-russia")


@pytest.fixture(scope="module")
def collected() -> list[dict[str, Any]]:
    """The collected facts, where their folder lies next to the repository."""
    path = SHARED / "partnership" / "facts.yaml"
    if not path.exists():
        pytest.skip("the collected facts (shared/partnership) are not next to this repository")
    facts: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    return facts


def claims_at(case: Record, place: str) -> list[Claim]:
    """The claims of a ``subject.property``."""
    subject, _, name = place.partition(".")
    return [claim for claim in case.claims_of(subject) if claim.property == name]


def carried(case: Record, places: list[str]) -> Iterator[Claim]:
    for place in places:
        yield from claims_at(case, place)


def test_all_statements_of_the_article_are_mapped() -> None:
    assert list(COVERAGE["statements"]) == [f"S{n:02d}" for n in range(1, 36)]


@pytest.mark.parametrize("number", COVERAGE["statements"])
def test_every_statement_cites_the_article_at_its_span(case: Record, number: str) -> None:
    statement = COVERAGE["statements"][number]
    locator = f"chars {statement['span']}"
    for place in statement["claims"]:
        cited = {(c.source, c.locator) for c in claims_at(case, place)}
        assert (ARTICLE, locator) in cited, f"{number}: {place} does not cite {locator}"


def test_enough_facts_are_mapped() -> None:
    assert len(COVERAGE["facts"]) >= LEAST_FACTS


@pytest.mark.parametrize("fact", COVERAGE["facts"])
def test_every_mapped_fact_is_claimed(case: Record, fact: str) -> None:
    for place in COVERAGE["facts"][fact]:
        assert claims_at(case, place), f"{fact}: {place} has no claim"


def test_sources_are_told_as_the_collection_tells_them(
    case: Record, collected: list[dict[str, Any]]
) -> None:
    """Each source of each fact stands under a claim that carries the fact."""
    by_address = {case.source(i).url: i for i in case.sources if case.source(i).url}
    missing = set()
    for fact in collected:
        cited = {claim.source for claim in carried(case, COVERAGE["facts"][fact["id"]])}
        for source in fact["sources"]:
            known = by_address.get(escaped(source.get("mirror", source["url"])))
            if known and known not in cited:
                missing.add(f"{fact['id']}: {known}")
    assert missing == NOT_TOLD


def test_the_mapping_names_the_facts_of_the_collection(collected: list[dict[str, Any]]) -> None:
    assert sorted(COVERAGE["facts"]) == sorted(fact["id"] for fact in collected)


def test_every_source_of_the_collection_is_in_the_case(
    case: Record, collected: list[dict[str, Any]]
) -> None:
    addresses = {case.source(i).url for i in case.sources}
    wanted = {escaped(s.get("mirror", s["url"])) for fact in collected for s in fact["sources"]}
    assert {w for w in wanted if w.startswith("http")} <= addresses


def test_spans_are_those_of_the_collection(collected: list[dict[str, Any]]) -> None:
    spans = {
        fact["id"]: f"{fact['sources'][0]['start']}-{fact['sources'][0]['end']}"
        for fact in collected
        if fact["id"].startswith("seed-") and fact["id"] != "seed-date"
    }
    told = {f"seed-{k[1:]}": v["span"] for k, v in COVERAGE["statements"].items()}
    assert told == spans


def test_every_subject_has_a_name_in_four_languages(case: Record) -> None:
    for subject in case.subjects():
        names = {c.language for c in case.claims_of(subject.id) if c.property == "name"}
        assert names == {"ar", "en", "fr", "ru"}, subject.id


def test_every_source_says_who_published_it_and_in_which_language(case: Record) -> None:
    for source in map(case.source, case.sources):
        assert source.publisher, source.id
        assert source.lang, source.id
        assert "shared" not in source.url


def test_every_source_is_used(case: Record) -> None:
    cited = {claim.source for claim in case.claims}
    origins = {case.source(i).derived_from for i in case.sources}
    assert {i for i in case.sources if i not in cited and i not in origins} == set()


def escaped(address: str) -> str:
    """An address as the case writes it, in ASCII."""
    return quote(address, safe="%/:?=&#~.,_-+()!'")
