"""The claim and its values: printed precision, refusals, identity."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq.record import Claim, Quantity
from mithaq.record.claims import NumberError
from mithaq.words.dates import parse


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        ("3", "2.5", "3.5"),
        ("3.5", "3.45", "3.55"),
        ("3.50", "3.495", "3.505"),
        ("5-7.2", "4.5", "7.25"),
        (">3", "2.5", "Infinity"),
        ("<=3", "-Infinity", "3.5"),
        ("-2", "-2.5", "-1.5"),
    ],
)
def test_a_number_stands_for_the_interval_of_its_printed_precision(
    number: str, low: str, high: str
) -> None:
    assert [str(bound) for bound in Quantity(number, "t").bounds()] == [low, high]


@pytest.mark.parametrize(
    "number", ["", "nan", "inf", "1e5", "3,5", "7.2-5", ">3-4", "1 000", "٣", "0x10", "9" * 40]
)
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(NumberError):
        Quantity(number, "t")


def test_a_claim_cannot_be_changed() -> None:
    claim = Claim("mou", "signed", parse("2006-08-04"))
    with pytest.raises(FrozenInstanceError):
        claim.subject = "other"  # type: ignore[misc]


def test_who_recorded_it_and_when_is_not_what_it_says() -> None:
    one = Claim("mou", "signed", parse("2006-08-04"), source="paper")
    two = Claim(
        "mou", "signed", parse("2006-08-04"), source="paper", recorded_at="2026", recorded_by="me"
    )
    assert one == two
    assert one.identifier == two.identifier
    assert "recorded_at" not in one.content()


@given(st.sampled_from(["source", "locator", "said_by", "note", "language"]), st.text(min_size=1))
def test_whatever_it_says_changes_the_identifier(name: str, text: str) -> None:
    claim = Claim("mou", "place", "Moscow")
    other = Claim("mou", "place", "Moscow", **{name: text})
    assert claim.identifier != other.identifier


@given(st.decimals(0, 10**9, places=3), st.booleans())
def test_a_number_lies_within_its_own_bounds(number: object, about: bool) -> None:
    value = Quantity(f"{number:f}", "t", "cost", about)
    low, high = value.bounds()
    assert float(low) <= value.middle <= float(high)
    assert value.agrees(value)
