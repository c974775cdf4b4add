"""YAML to record to YAML and back: nothing is lost, nothing is added."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithaq.errors import DataError
from mithaq.record import (
    Basis,
    Case,
    Claim,
    Modality,
    Office,
    Polarity,
    Quantity,
    Rank,
    Record,
    Share,
    Source,
    Subject,
    case_ids,
    load_case,
)
from mithaq.record.properties import KINDS, codes, properties
from mithaq.record.writer import canonical, write_case
from mithaq.words.dates import parse

words = (
    st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\u2028\u2029"),
        min_size=1,
        max_size=20,
    )
    .map(str.strip)
    .filter(bool)
)
languages = st.sampled_from(["", "ar", "en", "fr", "ru"])
dates = st.sampled_from(["2006", "2006-08", "2006-08-04?", "2006/..", "../2008", "200X"]).map(parse)
numbers = st.sampled_from(["3.5", "3.50", "5-7.2", ">3", "0", "185443580", "005"])
SUBJECTS = {kind: f"the-{kind}" for kind in KINDS}
SOURCES = ("paper", "agency", "later")


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    kind = draw(st.sampled_from(KINDS))
    declared = draw(st.sampled_from(list(properties()[kind].values())))
    value: object
    language = ""
    match declared.type:
        case "text":
            value, language = draw(words), draw(languages)
        case "date":
            value = draw(dates)
        case "code":
            value = draw(st.sampled_from(codes(declared.vocabulary[0])))
        case "subject":
            allowed = declared.vocabulary or KINDS
            value = SUBJECTS[draw(st.sampled_from(allowed))]
        case "actor":
            value = draw(st.sampled_from([SUBJECTS["party"], *codes(declared.vocabulary[0])]))
        case "speaker":
            value = draw(st.sampled_from([SUBJECTS["person"], "Anonymous sources"]))
        case "quantity":
            unit = draw(st.sampled_from(codes("unit")))
            measures = draw(st.sampled_from(codes("measures")))
            value = Quantity(draw(numbers), unit, measures, draw(st.booleans()))
        case "share":
            value = Share(SUBJECTS["party"], draw(numbers))
        case _:
            party = draw(st.sampled_from(["", SUBJECTS["party"]]))
            value = Office(party, draw(st.sampled_from(codes("role"))))
    claim = Claim(SUBJECTS[kind], declared.name, value, language=language)  # type: ignore[arg-type]
    return _qualified(draw, claim) if draw(st.booleans()) else claim


def _qualified(draw: st.DrawFn, claim: Claim) -> Claim:
    """The same claim with source, time, polarity and whatever else an item may carry."""
    source = draw(st.sampled_from(["", *SOURCES]))
    polarity = draw(st.sampled_from(Polarity))
    rank = draw(st.sampled_from(Rank))
    reason = draw(words) if rank is not Rank.NORMAL else draw(st.sampled_from(["", "why"]))
    return replace(
        claim,
        source=source,
        locator=draw(st.sampled_from(["", "p. 3", "chars 1-9"])) if source else "",
        valid=draw(st.none() | dates),
        polarity=polarity,
        searched="the press of 2007" if polarity is Polarity.NOT_FOUND else "",
        modality=draw(st.sampled_from(Modality)),
        basis=draw(st.sampled_from(Basis)),
        rank=rank,
        reason=reason,
        original=draw(st.just("") | words),
        note=draw(st.just("") | words),
        said_by=draw(st.sampled_from(["", SUBJECTS["person"], "A reader"])),
    )


records = st.lists(claims(), max_size=12, unique=True).map(
    lambda told: Record(
        Case("made", {"en": "Made: up", "ar": "مثال"}),
        [Source(name, f"The {name}", "fr", published=parse("2006-08")) for name in SOURCES],
        [Subject(name, kind) for kind, name in SUBJECTS.items()],
        [*told, *_needed()],
    )
)


def _needed() -> list[Claim]:
    """What a judgement must carry; kept apart from the random claims by its note."""
    name = SUBJECTS["judgement"]
    return [
        Claim(name, "a", SUBJECTS["party"], note="kept"),
        Claim(name, "b", SUBJECTS["person"], note="kept"),
        Claim(name, "judgement", "unsure", note="kept"),
    ]


@given(records)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_written_record_reads_back_as_itself(record: Record) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_case(record, folder)
        again = load_case(folder)
        assert again == record
        assert canonical(again) == canonical(record)


@pytest.mark.parametrize("case", case_ids())
def test_a_shipped_case_survives_canonical_form(case: str, tmp_path: Path) -> None:
    record = load_case(case)
    write_case(record, tmp_path)
    again = load_case(tmp_path)
    assert again == record
    assert canonical(again) == canonical(record)


def test_canonical_files_are_stable_byte_for_byte(tmp_path: Path) -> None:
    write_case(load_case(case_ids()[0]), tmp_path / "one")
    write_case(load_case(tmp_path / "one"), tmp_path / "two")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@given(records)
@settings(max_examples=40, deadline=None)
def test_identifiers_tell_claims_apart(record: Record) -> None:
    assert len({claim.identifier for claim in record.claims}) == len(set(record.claims))


def test_what_another_record_left_in_a_folder_is_not_mixed_in(tmp_path: Path) -> None:
    write_case(load_case("algeria-russia"), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DataError, match=r"tenders\.yaml"):
        write_case(load_case("algeria-italy"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "notes.md").write_text("mine", "utf-8")
    write_case(load_case("algeria-russia"), tmp_path)
    assert (tmp_path / "notes.md").exists() and load_case(tmp_path) == load_case("algeria-russia")
