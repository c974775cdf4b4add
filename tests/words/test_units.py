"""Units: exact conversions, conventions that say so, currencies that stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq.record.properties import codes
from mithaq.words.units import BCM_PER_MT_LNG, UnitError, convert, dimension


def test_a_million_tonnes_of_lng_is_1_36_bcm() -> None:
    found = convert(5, "Mt/year", "bcm/year")
    assert found.amount == pytest.approx(6.8)
    assert found.factor == BCM_PER_MT_LNG
    assert "54.4 GJ/t" in found.convention


def test_the_convention_is_54_4_gigajoules_over_40_megajoules() -> None:
    assert pytest.approx(54.4 / 40) == BCM_PER_MT_LNG


@pytest.mark.parametrize(
    ("amount", "unit", "to", "result"),
    [
        (42, "inch", "cm", 106.68),
        (2.7, "Mft3/day", "m3/day", 76455.5),
        (1.5, "GUSD", "MUSD", 1500),
        (2, "year", "month", 24),
        (500, "km", "m", 500_000),
    ],
)
def test_within_a_dimension_conversion_is_exact(
    amount: float, unit: str, to: str, result: float
) -> None:
    found = convert(amount, unit, to)
    assert found.amount == pytest.approx(result, rel=1e-6)
    assert found.convention == ""


def test_currencies_are_never_converted() -> None:
    with pytest.raises(UnitError, match="currencies"):
        convert(1, "MUSD", "MDZD")


def test_unlike_things_are_not_converted() -> None:
    with pytest.raises(UnitError, match="km2"):
        convert(1, "km2", "bcm")


def test_every_declared_unit_has_a_dimension() -> None:
    assert all(dimension(unit)[1] > 0 for unit in codes("unit"))


@given(st.floats(0.001, 1e6), st.sampled_from(["Mt", "Mtoe"]))
def test_conversion_there_and_back_is_the_identity(amount: float, unit: str) -> None:
    there = convert(amount, unit, "bcm")
    assert convert(there.amount, "bcm", unit).amount == pytest.approx(amount)
