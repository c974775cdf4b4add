"""Units of the record: kept as a source gives them, converted only at the border.

Two conversions are told apart. *Exact* ones stay within a dimension (inch to centimetre, cubic feet
to cubic metres, thousand to million of one currency) and serve comparison. The others rest on a
convention (LNG to gas, a year of 365 days) and :func:`convert` says the factor and the convention.
Currencies are never converted into each other.

Conventions: gas at 15 °C and 40 MJ/m³ gross; LNG 54.4 GJ/t, hence 1 Mt = 1.36 bcm;
1 toe = 41.868 GJ, hence 1 Mtoe = 1.0467 bcm.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

__all__ = ["BCM_PER_MT_LNG", "BCM_PER_MTOE", "Conversion", "UnitError", "convert", "dimension"]

BCM_PER_MT_LNG = 1.36
"""bcm of gas (15 °C, 40 MJ/m³ gross) in a million tonnes of LNG."""
BCM_PER_MTOE = 1.0467
"""bcm of gas (15 °C, 40 MJ/m³ gross) in a million tonnes of oil equivalent."""
DAYS_PER_YEAR = 365


class UnitError(ValueError):
    """A unit that is not known, or a conversion that has no meaning."""


_FOOT3 = Fraction(28316846592, 10**12)
_UNITS: dict[str, tuple[str, Fraction]] = {
    "year": ("months", Fraction(12)),
    "month": ("months", Fraction(1)),
    "day": ("hours", Fraction(24)),
    "hour": ("hours", Fraction(1)),
    "%": ("per cent", Fraction(1)),
    "m3": ("volume", Fraction(1)),
    "Mm3": ("volume", Fraction(10**6)),
    "bcm": ("volume", Fraction(10**9)),
    "bcm/year": ("volume a year", Fraction(10**9)),
    "Mm3/day": ("volume a day", Fraction(10**6)),
    "m3/day": ("volume a day", Fraction(1)),
    "m3/hour": ("volume a day", Fraction(24)),
    "ft3/day": ("volume a day", _FOOT3),
    "Mft3/day": ("volume a day", _FOOT3 * 10**6),
    "m3-oil/hour": ("oil an hour", Fraction(1)),
    "t": ("mass", Fraction(1)),
    "kt": ("mass", Fraction(10**3)),
    "Mt": ("mass", Fraction(10**6)),
    "Gt": ("mass", Fraction(10**9)),
    "t/day": ("mass a day", Fraction(1)),
    "Mt/year": ("mass a year", Fraction(10**6)),
    "toe": ("oil equivalent", Fraction(1)),
    "Mtoe": ("oil equivalent", Fraction(10**6)),
    "Mtoe/year": ("oil equivalent a year", Fraction(10**6)),
    "bbl": ("barrels", Fraction(1)),
    "bbl/day": ("barrels a day", Fraction(1)),
    "km": ("length", Fraction(1000)),
    "m": ("length", Fraction(1)),
    "cm": ("length", Fraction(1, 100)),
    "inch": ("length", Fraction(254, 10000)),
    "km2": ("area", Fraction(10**6)),
    "km2-3d": ("seismic area", Fraction(10**6)),
    "MW": ("power", Fraction(10**6)),
}
for _currency in ("USD", "EUR", "DZD"):
    for _prefix, _factor in (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9)):
        _UNITS[_prefix + _currency] = (f"money in {_currency}", Fraction(_factor))

_LNG = "LNG at 54.4 GJ/t, gas at 40 MJ/m3 gross"
_TOE = "41.868 GJ/toe, gas at 40 MJ/m3 gross"
_YEAR = "a year of 365 days"
_CONVENTIONS: dict[tuple[str, str], tuple[float, str]] = {
    ("Mt", "bcm"): (BCM_PER_MT_LNG, _LNG),
    ("Mt/year", "bcm/year"): (BCM_PER_MT_LNG, _LNG),
    ("Mtoe", "bcm"): (BCM_PER_MTOE, _TOE),
    ("Mtoe/year", "bcm/year"): (BCM_PER_MTOE, _TOE),
    ("Mm3/day", "bcm/year"): (DAYS_PER_YEAR / 1000, _YEAR),
    ("m3/day", "bcm/year"): (DAYS_PER_YEAR / 1e9, _YEAR),
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted amount with the factor used; ``convention`` is empty where it is exact."""

    amount: float
    unit: str
    factor: float
    convention: str = ""


def dimension(unit: str) -> tuple[str, Fraction]:
    """The dimension of a unit and its exact size in the base unit of that dimension.

    A unit that only counts things (wells, states, ...) is a dimension of its own of size one.

    >>> dimension("inch")
    ('length', Fraction(127, 5000))
    >>> dimension("wells")
    ('wells', Fraction(1, 1))
    """
    return _UNITS.get(unit, (unit, Fraction(1)))


def convert(amount: float | Decimal, unit: str, to: str) -> Conversion:
    """Convert at the border, saying the factor and the convention on which it rests.

    Raises :class:`UnitError` where no conversion is meant (among them: between currencies).

    >>> lng = convert(5, "Mt/year", "bcm/year")
    >>> round(lng.amount, 6), lng.factor, lng.convention
    (6.8, 1.36, 'LNG at 54.4 GJ/t, gas at 40 MJ/m3 gross')
    >>> convert(1, "GUSD", "MUSD").amount
    1000.0
    """
    (kind, size), (other, base) = dimension(unit), dimension(to)
    if kind == other:
        factor = float(size / base)
        return Conversion(float(amount) * factor, to, factor)
    if (unit, to) in _CONVENTIONS:
        factor, convention = _CONVENTIONS[unit, to]
        return Conversion(float(amount) * factor, to, factor, convention)
    if (to, unit) in _CONVENTIONS:
        factor, convention = _CONVENTIONS[to, unit]
        return Conversion(float(amount) / factor, to, 1 / factor, convention)
    if kind.startswith("money") and other.startswith("money"):
        raise UnitError(f"currencies are never converted: {unit} to {to}")
    raise UnitError(f"no conversion from {unit} ({kind}) to {to} ({other})")
