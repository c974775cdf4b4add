"""Contradictions: which claims cannot all hold, in which sides, and which only seem to clash."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.record import Claim, Contradiction, Quantity, Record, contradictions
from mithaq.record.sides import agree, group
from mithaq.words.dates import parse
from tests.record.making import memorandum, record_of


def found(record: Record) -> dict[str, Contradiction]:
    return {item.id: item for item in contradictions(record)}


def the_one(record: Record) -> Contradiction:
    (item,) = contradictions(record)
    return item


def sides(item: Contradiction) -> dict[str, tuple[str, ...]]:
    return {side.value: side.sources for side in item.sides}


def test_two_days_of_one_signature_stand_side_by_side() -> None:
    record = memorandum(
        """
        signed:
          - {value: 2006-08-04, sources: [paper, later]}
          - {value: 2006-08-11, sources: [agency]}
        """
    )
    item = the_one(record)
    assert (item.id, item.kind, item.subject) == ("mou.signed", "date", "mou")
    assert sides(item) == {"2006-08-04": ("later", "paper"), "2006-08-11": ("agency",)}
    assert item.resolution is None


def test_a_coarser_date_that_covers_a_finer_one_agrees_with_it() -> None:
    record = memorandum("signed: [{value: 2006-08-04, sources: [paper]}, {value: 2006-08}]")
    assert contradictions(record) == ()


def test_a_date_too_coarse_to_take_a_side_is_left_undecided() -> None:
    record = memorandum(
        """
        signed:
          - {value: 2006-08-04, sources: [paper]}
          - {value: 2006-08-11, sources: [agency]}
          - {value: 2006-12, sources: [undated]}
          - {value: 2006-08, sources: [later]}
        """
    )
    item = the_one(record)
    assert set(sides(item)) == {"2006-08-04", "2006-08-11", "2006-12"}
    assert [claim.source for claim in item.undecided] == ["later"]


def test_a_side_without_a_source_says_unsourced() -> None:
    record = memorandum("signed: [2006-08-04, {value: 2006-08-11, sources: [agency]}]")
    plain = the_one(record).to_dict()
    assert [side["sources"] for side in plain["sides"]] == [["unsourced"], ["agency"]]


def test_the_preferred_side_is_shown_and_nothing_is_hidden() -> None:
    record = memorandum(
        """
        signed:
          - {value: 2006-08-04, sources: [paper], rank: preferred, reason: the day of the visit}
          - {value: 2006-08-11, sources: [agency]}
        """
    )
    plain = the_one(record).to_dict()
    assert len(plain["sides"]) == 2
    assert plain["resolution"]["value"] == "2006-08-04"
    assert plain["resolution"]["reason"] == "the day of the visit"


def test_a_deprecated_side_resolves_for_the_other() -> None:
    record = memorandum(
        """
        signed:
          - {value: 2006-08-04, sources: [paper]}
          - {value: 2006-12, sources: [agency], rank: deprecated, reason: a slip, by: an editor}
        """
    )
    resolution = the_one(record).resolution
    decided = {"side": 1, "value": "2006-08-04", "reason": "a slip", "by": "an editor"}
    assert resolution == decided


def test_a_plan_overtaken_by_the_event_is_no_contradiction() -> None:
    record = memorandum("signed: [{value: 2006-03, modality: planned}, 2006-08-04]")
    assert contradictions(record) == ()


def test_denied_against_affirmed_contradicts_and_not_found_never_does() -> None:
    denied = memorandum(
        """
        yielded:
          - {value: concrete_result, sources: [paper]}
          - {value: concrete_result, polarity: denied, sources: [later]}
        """
    )
    item = the_one(denied)
    assert (item.id, item.kind) == ("mou.yielded.polarity", "polarity")
    assert sides(item) == {"concrete_result": ("paper",), "not concrete_result": ("later",)}
    silent = memorandum(
        """
        yielded:
          - {value: concrete_result, sources: [paper]}
          - {polarity: not_found, searched: the press of 2007, sources: [later]}
        """
    )
    assert contradictions(silent) == ()


def test_a_denial_by_an_earlier_day_leaves_a_later_event_alone() -> None:
    record = memorandum(
        "renewed: [{value: 2007-08, polarity: denied}, {value: 2008-05, sources: [later]}]"
    )
    assert contradictions(record) == ()


def test_who_ended_it_is_a_contradiction_of_its_own() -> None:
    record = memorandum(
        """
        ended: {value: 2007-08, sources: [paper]}
        ended_by:
          - {value: both, sources: [paper]}
          - {value: neither, sources: [agency]}
          - {value: gazprom, sources: [later]}
        """
    )
    item = the_one(record)
    assert (item.id, item.kind) == ("mou.ended_by", "code")
    assert len(item.sides) == 3


def figures(*values: str) -> Record:
    listed = "\n".join(f"    - {value}" for value in values)
    return record_of(f"- id: deal\n  kind: agreement\n  quantity:\n{listed}\n")


def test_figures_that_measure_different_things_do_not_contradict() -> None:
    record = figures(
        "{number: 120, unit: MUSD, measures: planned_investment}",
        "{number: 55, unit: MUSD, measures: minimum_investment}",
        "{number: 90, unit: MUSD, measures: annual_budget}",
    )
    assert contradictions(record) == ()


def test_figures_of_one_measure_contradict_beyond_their_printed_precision() -> None:
    assert contradictions(figures(*_arms("4.7", "4.74"))) == ()
    item = the_one(figures(*_arms("3.5", "7.5")))
    assert (item.id, item.kind, item.property) == ("deal.arms_value", "value", "quantity")


def _arms(*numbers: str) -> tuple[str, ...]:
    return tuple(f"{{number: {n}, unit: GUSD, measures: arms_value}}" for n in numbers)


def test_about_is_five_per_cent_wide() -> None:
    def about(number: str) -> str:
        return f"{{number: {number}, unit: MUSD, measures: cost, about: true}}"

    assert contradictions(figures(about("200"), about("215"))) == ()
    assert len(contradictions(figures(about("200"), about("225")))) == 1


def test_currencies_are_never_compared() -> None:
    record = figures(
        "{number: 226, unit: MUSD, measures: contract_value}",
        "{number: 16.75, unit: GDZD, measures: contract_value}",
    )
    assert contradictions(record) == ()


def test_units_of_one_dimension_are_compared_exactly() -> None:
    rates = (
        "{number: 2.7, unit: Mft3/day, measures: gas_rate}",
        "{number: 76460, unit: m3/day, measures: gas_rate}",
    )
    assert contradictions(figures(*rates)) == ()
    pipes = (
        "{number: 42, unit: inch, measures: diameter}",
        "{number: 42, unit: cm, measures: diameter}",
    )
    assert the_one(figures(*pipes)).id == "deal.diameter"


def test_values_of_different_times_do_not_contradict() -> None:
    record = record_of(
        """
        - id: medgaz
          kind: project
          share:
            - {value: {party: sonatrach, percent: 36}, valid: 2007, sources: [paper]}
            - {value: {party: sonatrach, percent: 51}, valid: 2020/.., sources: [later]}
        """
    )
    assert contradictions(record) == ()


def test_shares_of_one_time_do() -> None:
    record = record_of(
        """
        - id: galsi
          kind: project
          share:
            - {value: {party: sonatrach, percent: 36}, valid: 2007, sources: [paper]}
            - {value: {party: sonatrach, percent: 38}, valid: 2007-11, sources: [later]}
        """
    )
    assert the_one(record).id == "galsi.share.sonatrach"


def test_a_label_names_one_instrument() -> None:
    record = record_of(
        """
        - {id: a, kind: agreement, label: {value: first_agreement, sources: [paper]}}
        - {id: b, kind: agreement, label: {value: first_agreement, sources: [later]}}
        """
    )
    item = the_one(record)
    assert (item.id, item.kind, item.subjects) == ("label.first_agreement", "label", ("a", "b"))
    plain = item.to_dict()
    assert [(s["value"], s["sources"]) for s in plain["sides"]] == [
        ("a", ["paper"]),
        ("b", ["later"]),
    ]


def test_two_names_of_one_instrument_share_a_label() -> None:
    record = record_of(
        """
        - {id: a, kind: agreement, label: first_agreement}
        - {id: b, kind: agreement, label: first_agreement}
        - {id: same, kind: judgement, a: a, b: b, judgement: positive}
        """
    )
    assert contradictions(record) == ()


VISITS = """
- {id: may-2006, kind: meeting, date: {value: 2006-05-29/2006-05-31, sources: [paper]}}
- {id: may-2008, kind: meeting, date: {value: 2008-05-29/2008-05-31, sources: [guessed]}}
"""


def test_two_visits_contradict_once_they_may_be_one() -> None:
    assert contradictions(record_of(VISITS)) == ()
    for code in ("unsure", "positive"):
        judged = f"- {{id: j, kind: judgement, a: may-2008, b: may-2006, judgement: {code}}}\n"
        item = the_one(record_of(VISITS + judged))
        assert (item.id, item.kind) == ("may-2006=may-2008.date", "identity")
        assert {s for side in item.sides for s in side.sources} == {"paper", "guessed"}
    other = "- {id: j, kind: judgement, a: may-2008, b: may-2006, judgement: negative}\n"
    assert contradictions(record_of(VISITS + other)) == ()


def test_judgements_join_whole_groups() -> None:
    blocks = VISITS + (
        "- {id: end-of-may, kind: meeting, date: {value: 2006-05, sources: [later]}}\n"
        "- {id: j1, kind: judgement, a: may-2008, b: may-2006, judgement: unsure}\n"
        "- {id: j2, kind: judgement, a: end-of-may, b: may-2006, judgement: positive}\n"
    )
    item = the_one(record_of(blocks))
    assert item.subjects == ("end-of-may", "may-2006", "may-2008")
    assert len(item.sides) == 2


def person(*offices: str) -> Record:
    listed = "\n".join(f"    - {office}" for office in offices)
    return record_of(f"- id: shmatko\n  kind: person\n  office:\n{listed}\n")


def test_an_office_that_a_source_gets_wrong() -> None:
    record = person(
        "{value: {party: ministry, role: minister_of_energy}, valid: 2008-12, sources: [agency]}",
        "{value: {role: vice_president}, valid: 2008-12, sources: [guessed]}",
    )
    item = the_one(record)
    assert (item.id, item.kind) == ("shmatko.office", "code")
    assert sides(item)["vice_president"] == ("guessed",)


def test_offices_at_two_parties_or_two_times_do_not_contradict() -> None:
    both = person(
        "{value: {party: ministry, role: minister}, valid: 2008}",
        "{value: {party: gazprom, role: board_chairman}, valid: 2008}",
    )
    assert contradictions(both) == ()
    after = person(
        "{value: {party: gazprom, role: vice_president}, valid: 2006}",
        "{value: {party: gazprom, role: president}, valid: 2009}",
    )
    assert contradictions(after) == ()
    loose = person(
        "{value: {party: ministry, role: minister}, valid: 2008}",
        "{value: {party: ministry, role: minister_of_energy}, valid: 2008}",
    )
    assert contradictions(loose) == ()


dates = st.sampled_from(["2006", "2006-08", "2006-08-04", "2006-08-11", "2006-12", "2007"])
claims = st.lists(dates, min_size=1, max_size=7).map(
    lambda texts: [Claim("s", "signed", parse(t), source=str(i)) for i, t in enumerate(texts)]
)


@settings(deadline=None)
@given(claims)
def test_sides_hold_together_and_exclude_each_other(told: list[Claim]) -> None:
    grouping = group(told)
    for side in grouping.sides:
        assert all(agree(a, b) for a in side.claims for b in side.claims)
    for a in grouping.sides:
        for b in grouping.sides:
            if a is not b:
                assert not all(agree(x, y) for x in a.claims for y in b.claims)
    kept = [c for s in grouping.sides for c in s.claims] + grouping.undecided
    assert sorted(c.source for c in kept) == sorted(c.source for c in told)


@settings(deadline=None)
@given(claims, st.randoms())
def test_sides_do_not_depend_on_the_order_of_claims(told: list[Claim], chance: object) -> None:
    mixed = list(told)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = group(told), group(mixed)
    assert [s.claims for s in first.sides] == [s.claims for s in second.sides]


numbers = st.decimals(0, 10**6, places=2).map(lambda d: f"{d:f}")


@given(numbers, numbers, st.sampled_from(["km", "m", "cm", "inch"]))
@settings(max_examples=80, deadline=None)
def test_agreement_of_figures_is_mutual(a: str, b: str, unit: str) -> None:
    left, right = Quantity(a, "km", "length"), Quantity(b, unit, "length")
    assert left.agrees(right) == right.agrees(left)
    assert left.agrees(left) is True
    assert left.agrees(Quantity(a, "GUSD", "length")) is None
    assert left.agrees(Quantity(a, "km", "depth")) is None


def test_shares_beyond_the_whole_are_a_matter_of_arithmetic() -> None:
    record = record_of(
        """
        - id: jv
          kind: project
          share:
            - {value: {party: gazprom, percent: 60}, sources: [paper]}
            - {value: {party: sonatrach, percent: 51}, sources: [later]}
        """
    )
    item = the_one(record)
    assert (item.id, item.kind) == ("jv.share.sum", "arithmetic")
    assert len(item.sides) == 2
