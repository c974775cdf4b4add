"""Checks: each finds its mistake and leaves a clean record alone."""

from __future__ import annotations

import pytest

from mithaq.record import CHECKS, Record, check
from tests.record.making import SOURCES, WORLD, record_of

SIGNED = "signed: {value: 2006-08-04, sources: [paper]}"
FOUND = {
    "unsourced": "- {id: x, kind: agreement, signed: 2006}",
    "published-before-event": (
        "- {id: x, kind: agreement, signed: {value: 2006-08-11, sources: [paper]}}"
    ),
    "end-before-start": (
        "- {id: x, kind: agreement, signed: 2006-08-04, ended: {value: 2005, sources: [later]}}"
    ),
    "planned-as-actual": """
        - id: x
          kind: meeting
          date:
            - {value: 2006-07, modality: planned, sources: [paper]}
            - {value: 2006-08-03, sources: [agency]}
            - {value: 2006-07, sources: [later]}
        """,
    "office-not-held": """
        - id: x
          kind: person
          office:
            - {value: {party: ministry, role: minister}, valid: 2008, sources: [later]}
            - {value: {role: vice_president}, valid: 2008-12, sources: [guessed]}
        """,
    "shares-not-100": """
        - id: x
          kind: project
          share:
            - {value: {party: gazprom, percent: 49}, sources: [paper]}
            - {value: {party: sonatrach, percent: 15}, sources: [paper]}
        """,
    "volume-above-capacity": """
        - id: x
          kind: project
          capacity: {value: {number: 8, unit: bcm/year}, sources: [paper]}
          quantity: {value: {number: 12, unit: bcm/year, measures: annual_output}, sources: [paper]}
        """,
    "reversed-digits": """
        - id: x
          kind: project
          quantity:
            - {value: {number: 49.38, unit: t/day, measures: oil_rate}, sources: [paper]}
            - {value: {number: 83.94, unit: t/day, measures: oil_rate}, sources: [later]}
        """,
    "digit-slip": """
        - id: x
          kind: project
          cost:
            - {value: {number: 226, unit: MUSD}, sources: [paper]}
            - {value: {number: 266, unit: MUSD}, sources: [later]}
        """,
    "figures-exchanged": None,
    "bcm-read-as-mt": """
        - id: x
          kind: project
          capacity:
            - {value: {number: 5, unit: Mt/year}, sources: [paper]}
            - {value: {number: 5, unit: bcm/year}, sources: [later]}
        """,
    "unit-slip": """
        - id: x
          kind: project
          quantity:
            - {value: {number: 42, unit: inch, measures: diameter}, sources: [paper]}
            - {value: {number: 42, unit: cm, measures: diameter}, sources: [later]}
        """,
    "fused-names": """
        - id: x
          kind: statement
          text: {value: {en: relations}, original: موسكووالجزائر, sources: [later]}
        - {id: moscow, kind: party, name: {ar: موسكو}}
        """,
    "shared-alias": "- {id: x, kind: party, name: {en: Gazprom Group}, aliases: {en: Gazprom}}",
    "commitment-without-twin": (
        "- {id: x, kind: commitment, principle: {value: reciprocity, sources: [later]}}"
    ),
    "act-after-lapse": f"""
        - {{id: mou, kind: agreement, {SIGNED}, ended: {{value: 2007-08, sources: [later]}}}}
        - id: x
          kind: presence
          agreement: {{value: mou, sources: [later]}}
          opened: {{value: 2008-06-16, sources: [guessed]}}
        """,
    "dead-project": """
        - id: x
          kind: project
          cancelled_on: {value: 2006-02-07, sources: [paper]}
          started: {value: 2007-05, sources: [later]}
        """,
    "party-in-doubt": """
        - id: x
          kind: meeting
          parties:
            - {value: gazprom, sources: [guessed]}
            - {value: gazprom, polarity: not_found, searched: two lists, sources: [later]}
        """,
}
EXCHANGED = """
- {id: algeria, kind: party, party_kind: state, name: {en: Algeria}}
- id: gazprom
  kind: party
  quantity:
    - {value: {number: 125, unit: bcm/year, measures: annual_sales}, sources: [paper]}
    - {value: {number: 60, unit: bcm/year, measures: annual_sales}, sources: [later]}
- id: sonatrach
  kind: party
  quantity:
    - {value: {number: 61, unit: bcm/year, measures: annual_sales}, sources: [paper]}
    - {value: {number: 160, unit: bcm/year, measures: annual_sales}, sources: [later]}
"""


def keys(record: Record) -> set[str]:
    return {finding.key for finding in check(record).problems}


def test_there_is_an_example_for_every_check() -> None:
    assert set(FOUND) == {named.key for named in CHECKS}
    assert len(CHECKS) >= 10


@pytest.mark.parametrize("key", [key for key, blocks in FOUND.items() if blocks])
def test_a_check_finds_its_mistake(key: str) -> None:
    assert key in keys(record_of(FOUND[key] or ""))


def test_figures_given_the_wrong_way_round() -> None:
    found = check(record_of("", world=EXCHANGED)).problems
    (finding,) = [f for f in found if f.key == "figures-exchanged"]
    assert "later" in finding.sentence


def test_a_sound_record_has_no_findings() -> None:
    record = record_of(
        f"""
        - id: mou
          kind: agreement
          {SIGNED}
          parties: [{{value: gazprom, sources: [paper]}}, {{value: sonatrach, sources: [paper]}}]
          ended: {{value: 2007-08-06, sources: [later]}}
        - id: galsi
          kind: project
          capacity: {{value: {{number: 8, unit: bcm/year}}, sources: [paper]}}
          share:
            - {{value: {{party: sonatrach, percent: 60}}, sources: [paper]}}
            - {{value: {{party: gazprom, percent: 40}}, sources: [paper]}}
        """
    )
    report = check(record)
    assert not report
    assert report.to_dict() == {"contradictions": [], "problems": []}


def test_a_finding_names_the_subject_the_sentence_and_the_place() -> None:
    plain = check(record_of("- {id: x, kind: agreement, signed: 2006}")).to_dict()
    (finding,) = plain["problems"]
    assert finding["key"] == "unsourced"
    assert finding["subject"] == "x"
    assert finding["sentence"] == "x: signed (2006) has no source"
    assert finding["where"] == "blocks.yaml, row 1"


def test_every_sentence_can_be_filled_from_its_values() -> None:
    for blocks in FOUND.values():
        for finding in check(record_of(blocks or "", sources=SOURCES, world=WORLD)).problems:
            assert "{" not in finding.sentence
