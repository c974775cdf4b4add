"""Names across scripts: look-ups, homes, and the labels that the tables declare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq.errors import DataError
from mithaq.record.names import fold, fused
from mithaq.record.properties import KINDS, codes, properties
from mithaq.words.units import dimension
from tests.record.making import record_of

SAME = [
    ("Algérie", "ALGERIE"),
    ("الجزائر", "الجزاير"),
    ("أوبك", "اوبك"),
    ("شركة", "شركه"),
    ("غازبـروم", "غازبروم"),
    ("Газпром", "газпром"),
    ("Роснефть ёлка", "Роснефть елка"),
    ("Luk-Oil", "luk oil"),
    ("  Gazprom  ", "gazprom"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_that_are_one_name(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Gazprom", "Газпром"), ("Rosneft", "Rosnefte")])
def test_names_that_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(words: str) -> None:
    assert fold(fold(words)) == fold(words)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("موسكووالجزائر", ("موسكو", "الجزائر")),
        ("الجزائروروسيا", ("الجزائر", "روسيا")),
        ("الجزائر", None),
        ("Gazprom", None),
        ("gazpromlukoil", ("gazprom", "lukoil")),
    ],
)
def test_two_names_in_one_word(word: str, parts: tuple[str, str] | None) -> None:
    known = frozenset(fold(n) for n in ("موسكو", "الجزائر", "روسيا", "Gazprom", "Lukoil"))
    wanted = None if parts is None else (fold(parts[0]), fold(parts[1]))
    assert fused(word, known) == wanted


def test_a_party_is_found_by_id_name_alias_or_chain_name() -> None:
    record = record_of(
        """
        - id: stroytransgaz
          kind: party
          home: russia
          name: {en: Stroytransgaz, ru: Стройтрансгаз}
          aliases: {ar: [ستروسترانسغاز, ستروي ترانس غاز]}
          chain_name: STG
        """
    )
    for words in ("stroytransgaz", "СТРОЙТРАНСГАЗ", "ستروي ترانس غاز", "stg"):
        assert record.find(words) == "stroytransgaz"
    assert record.find("الجَزائر", "party") == "algeria"
    with pytest.raises(DataError, match="nothing is named"):
        record.find("Enron")
    with pytest.raises(DataError, match="did you mean stroytransgaz"):
        record.find("stroytransgas")


def test_a_name_that_two_parties_bear_is_refused() -> None:
    record = record_of("- {id: other, kind: party, name: {en: Gazprom Ltd}, aliases: {en: Lukoil}}")
    with pytest.raises(DataError, match="names several"):
        record.find("LUKOIL!")


def test_a_name_falls_back_to_english_then_to_the_id() -> None:
    record = record_of("- {id: nameless, kind: party}")
    assert record.name("algeria", "ar") == "الجزائر"
    assert record.name("algeria", "fr") == "Algeria"
    assert record.name("nameless", "fr") == "nameless"


def test_the_home_of_a_subsidiary_is_that_of_its_parents() -> None:
    record = record_of(
        """
        - {id: daughter, kind: party, part_of: [gazprom, lukoil]}
        - {id: joint, kind: party, part_of: [gazprom, sonatrach]}
        - {id: circle, kind: party, part_of: round}
        - {id: round, kind: party, part_of: circle}
        """
    )
    homes = [record.home(p) for p in ("algeria", "ministry", "daughter", "joint", "circle")]
    assert homes == ["algeria", "russia", "russia", "", ""]


TYPES = {"text", "date", "code", "subject", "actor", "speaker", "quantity", "share", "office"}
COMPARES = {"none", "overlap", "interval", "code", "label", "office", "share"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_declared_property_can_be_read(kind: str) -> None:
    for declared in properties()[kind].values():
        assert declared.type in TYPES
        assert declared.compare in COMPARES
        assert declared.label
        assert declared.description
        for name in declared.vocabulary:
            known = name in KINDS if declared.type == "subject" else bool(codes(name))
            assert known, f"{kind}.{declared.name}: {name}"


def test_every_stage_measure_and_unit_is_declared_once() -> None:
    for name in ("stage", "measures", "unit", "segment", "agreement_kind", "subject_kind"):
        assert len(codes(name)) == len(set(codes(name))) > 0
    assert set(codes("subject_kind")) == set(KINDS)
    assert all(dimension(unit) for unit in codes("unit"))
