"""Reciprocity: what is a grant, what counts, and the index between 0 and 1."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.errors import DataError
from mithaq.record import Balance, balance
from tests.record.making import record_of


def award(name: str, territory: str, winner: str, *lines: str, segment: str = "exploration") -> str:
    head = [
        f"- id: {name}",
        "  kind: award",
        f"  territory: {territory}",
        f"  winner: {winner}",
        f"  segment: {segment}",
    ]
    return "\n".join([*head, *(f"  {line}" for line in lines)]) + "\n"


def between(blocks: str, at: str | None = "2008-12-31") -> Balance:
    return balance(record_of(blocks), "Algeria", "Russia", at)


def test_an_award_on_the_territory_of_the_other_is_a_grant() -> None:
    blocks = award("el-assel", "algeria", "gazprom", "awarded: 2008-12-13", "grantor: sonatrach")
    (grant,) = between(blocks).grants
    plain = grant.to_dict()
    assert (plain["grantor"], plain["grantee"]) == ("sonatrach", "gazprom")
    assert (plain["territory"], plain["segment"]) == ("algeria", "exploration")
    assert (plain["promised"], plain["delivered"]) == ("2008-12-13", None)
    assert plain["counts_in_totals"] is True


@pytest.mark.parametrize(
    "blocks",
    [
        award("home", "algeria", "sonatrach"),
        award("elsewhere", "europe", "gazprom"),
        award("later", "algeria", "gazprom", "awarded: 2009-01"),
        "- {id: debt, kind: agreement, agreement_kind: other, parties: [algeria, russia]}\n",
        "- {id: o, kind: presence, party: gazprom, presence_kind: office, territory: algeria}\n",
    ],
)
def test_what_is_no_grant(blocks: str) -> None:
    assert between(blocks).grants == ()


def test_debt_arms_and_offices_are_context() -> None:
    blocks = (
        "- {id: debt, kind: agreement, agreement_kind: other, parties: [algeria, russia]}\n"
        "- {id: o, kind: presence, party: gazprom, presence_kind: office, territory: algeria}\n"
    )
    assert [item["id"] for item in between(blocks).context] == ["debt", "o"]


def test_a_right_in_force_or_work_accepted_is_delivered() -> None:
    blocks = (
        award("right", "algeria", "gazprom", "awarded: 2001", "in_force_from: 2002")
        + award("work", "algeria", "lukoil", "delivered: 2003-11", segment="transport")
        + award("hope", "algeria", "lukoil", "awarded: 2008-12", "in_force_from: 2009-05")
    )
    found = between(blocks)
    assert {g.subject: bool(g.delivered) for g in found.grants} == {
        "right": True,
        "work": True,
        "hope": False,
    }
    assert found.index.count == 0.0
    assert found.index.known["count"] == 1.0
    assert found.index.money is None


def test_a_promise_counts_only_once_it_is_delivered() -> None:
    promise = """
- id: place-in-russia
  kind: commitment
  debtor: gazprom
  creditor: sonatrach
  territory: russia
  segment: production
  promised: 2006-08
"""
    (grant,) = between(promise).grants
    assert (grant.counts_in_totals, grant.delivered) == (False, None)
    (kept,) = between(promise + "  delivered: 2008-01\n").grants
    assert (kept.counts_in_totals, kept.delivered) == (True, "2008-01")


def test_nothing_against_nothing_has_no_index() -> None:
    index = between("").index
    assert (index.count, index.volume, index.money) == (None, None, None)


def test_money_and_volume_are_the_smaller_over_the_larger() -> None:
    blocks = award(
        "a",
        "algeria",
        "gazprom",
        "in_force_from: 2007",
        "amount: {number: 200, unit: MUSD}",
        "quantity: {number: 5, unit: Mt/year, measures: capacity}",
    ) + award(
        "b",
        "russia",
        "sonatrach",
        "in_force_from: 2007",
        "amount: {number: 0.1, unit: GUSD}",
        "quantity: {number: 3.4, unit: bcm/year, measures: capacity}",
    )
    index = between(blocks).index
    assert index.count == 1.0
    assert index.money == pytest.approx(0.5)
    assert index.volume == pytest.approx(0.5)


def test_states_are_found_by_name_in_any_language() -> None:
    record = record_of("")
    for a, b in [("Algeria", "Russia"), ("الجزائر", "روسيا"), ("Алжир", "россия")]:
        assert balance(record, a, b).between == ("algeria", "russia")
    with pytest.raises(DataError, match="Atlantis"):
        balance(record, "Algeria", "Atlantis")
    with pytest.raises(DataError, match="its home is Russia"):
        balance(record, "Algeria", "Gazprom")
    with pytest.raises(DataError, match="one party"):
        balance(record, "Algeria", "algeria")
    with pytest.raises(DataError, match="at"):
        balance(record, "Algeria", "Russia", "2008")


counts = st.integers(0, 4)


@given(counts, counts)
@settings(max_examples=25, deadline=None)
def test_the_index_is_mutual_and_between_0_and_1(here: int, there: int) -> None:
    blocks = "".join(
        award(f"a{n}", "algeria", "gazprom", "in_force_from: 2007") for n in range(here)
    ) + "".join(award(f"b{n}", "russia", "sonatrach", "in_force_from: 2007") for n in range(there))
    record = record_of(blocks)
    one = balance(record, "algeria", "russia").index.count
    other = balance(record, "russia", "algeria").index.count
    assert one == other
    if here == there == 0:
        assert one is None
    else:
        assert one == min(here, there) / max(here, there)
