"""The claim, the atom of the record, and the values that it may carry.

A claim is one value of one property of one subject, said by one source. It is immutable; what it
says makes its identifier, the SHA-256 of its canonical JSON. When and by whom it was entered, and
where it stands in a file, do not belong to what it says.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from mithaq.words.dates import Edtf
from mithaq.words.units import dimension

__all__ = [
    "Basis",
    "Claim",
    "Modality",
    "NumberError",
    "Office",
    "Place",
    "Polarity",
    "Quantity",
    "Rank",
    "Share",
    "Source",
    "Value",
    "read_claim",
    "read_place",
    "value_text",
]


class Polarity(StrEnum):
    """Whether a source affirms the value, denies it, or looked for it and found nothing."""

    AFFIRMED = "affirmed"
    DENIED = "denied"
    NOT_FOUND = "not_found"


class Modality(StrEnum):
    """Whether the value is told as a fact, as a plan or as a proposal."""

    ACTUAL = "actual"
    PLANNED = "planned"
    PROPOSED = "proposed"


class Basis(StrEnum):
    """Whether the source states the value or we infer it from the source."""

    REPORTED = "reported"
    INFERRED = "inferred"


class Rank(StrEnum):
    """What was decided about the claim; the reason stands beside it."""

    PREFERRED = "preferred"
    NORMAL = "normal"
    DEPRECATED = "deprecated"


class NumberError(ValueError):
    """A text that is no number of the record; the message says why."""


_DIGITS = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"
_NUMBER = re.compile(
    rf"(?P<bound>>=|<=|>|<)?\s*(?P<low>-?{_DIGITS})(?:\s*-\s*(?P<high>{_DIGITS}))?"
)
_ABOUT = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as printed, with its unit and what it measures.

    ``number`` keeps the spelling of the source ("3.50" is more precise than "3.5"); it may be an
    interval "5-7.2" or a bound ">3". ``about`` widens it by five per cent on each side.

    >>> Quantity("226", "MUSD", "contract_value").bounds()
    (Decimal('225.5'), Decimal('226.5'))
    """

    number: str
    unit: str = ""
    measures: str = ""
    about: bool = False

    def __post_init__(self) -> None:
        _match(self.number)

    @property
    def low(self) -> float:
        """The lower printed number."""
        return float(_match(self.number)["low"])

    @property
    def high(self) -> float:
        """The upper printed number (the only one where it is no interval)."""
        match = _match(self.number)
        return float(match["high"] or match["low"])

    @property
    def middle(self) -> float:
        """The middle of the printed interval."""
        return (self.low + self.high) / 2

    def bounds(self) -> tuple[Decimal, Decimal]:
        """The interval that the printed precision stands for, in the unit of the source."""
        return _bounds(self.number, self.about)

    def agrees(self, other: Quantity) -> bool | None:
        """Whether both may be one figure; None where they do not measure the same thing.

        Intervals that only touch do not agree: 2 and 3 blocks are two counts.
        """
        (kind, size), (other_kind, other_size) = dimension(self.unit), dimension(other.unit)
        if self.measures != other.measures or kind != other_kind:
            return None
        (low, high), (other_low, other_high) = self.bounds(), other.bounds()
        return float(low) * size < float(other_high) * other_size and (
            float(other_low) * other_size < float(high) * size
        )

    def __str__(self) -> str:
        lead = "about " if self.about else ""
        return f"{lead}{self.number} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Share:
    """A party's part of something, in per cent."""

    party: str
    percent: str

    def __post_init__(self) -> None:
        _match(self.percent)

    @property
    def quantity(self) -> Quantity:
        """The per cent as a quantity, so that its printed precision counts."""
        return Quantity(self.percent, "%", "share")

    def __str__(self) -> str:
        return f"{self.party} {self.percent} %"


@dataclass(frozen=True, slots=True)
class Office:
    """An office: the party ('' where the source names none) and the role."""

    party: str
    role: str

    def __str__(self) -> str:
        return f"{self.role} of {self.party}" if self.party else self.role


Value = str | Edtf | Quantity | Share | Office


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: file, row and column, both from 1; 0 where not known."""

    file: str = ""
    row: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}" if self.row else self.file


@dataclass(frozen=True, slots=True)
class Source:
    """A publication: who published it, when (an interval, or None), where, in which language."""

    id: str
    publisher: str
    lang: str
    url: str = ""
    published: Edtf | None = None
    published_basis: str = "stated"
    published_reason: str = ""
    title: str = ""
    mirror: str = ""
    derived_from: str = ""
    note: str = ""
    where: Place = field(default=Place(), compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The source as plain values; empty fields are left out."""
        plain = {
            "id": self.id,
            "url": self.url,
            "publisher": self.publisher,
            "published": self.published.text if self.published else "",
            "published_basis": self.published_basis if self.published else "",
            "published_reason": self.published_reason,
            "lang": self.lang,
            "title": self.title,
            "mirror": self.mirror,
            "derived_from": self.derived_from,
            "note": self.note,
        }
        return {key: value for key, value in plain.items() if value}


@dataclass(frozen=True, slots=True)
class Claim:
    """One value of one property of one subject, said by one source ('' = unsourced).

    ``value`` is None only for a claim of polarity not_found that gives no value. ``valid`` says
    when it was so; None means that no time is told.
    """

    subject: str
    property: str
    value: Value | None
    valid: Edtf | None = None
    source: str = ""
    locator: str = ""
    said_by: str = ""
    polarity: Polarity = Polarity.AFFIRMED
    searched: str = ""
    modality: Modality = Modality.ACTUAL
    basis: Basis = Basis.REPORTED
    language: str = ""
    original: str = ""
    rank: Rank = Rank.NORMAL
    reason: str = ""
    by: str = ""
    note: str = ""
    corrects: str = ""
    retracts: str = ""
    recorded_at: str = field(default="", compare=False)
    recorded_by: str = field(default="", compare=False)
    where: Place = field(default=Place(), compare=False, repr=False)

    @builtins.property
    def affirmed(self) -> bool:
        """Whether the source affirms the value."""
        return self.polarity is Polarity.AFFIRMED

    @builtins.property
    def actual(self) -> bool:
        """Whether the value is told as a fact and was not set aside."""
        return self.modality is Modality.ACTUAL and self.rank is not Rank.DEPRECATED

    @builtins.property
    def date(self) -> Edtf | None:
        """The value where it is a date."""
        return self.value if isinstance(self.value, Edtf) else None

    @builtins.property
    def text(self) -> str:
        """The value as text; '' where there is none."""
        return "" if self.value is None else value_text(self.value)

    def content(self) -> dict[str, Any]:
        """What the claim says as plain values, without when and by whom it was recorded."""
        plain: dict[str, Any] = {
            "subject": self.subject,
            "property": self.property,
            "value": _plain(self.value),
            "valid": self.valid.text if self.valid else "",
            "polarity": self.polarity.value,
            "modality": self.modality.value,
            "basis": self.basis.value,
            "rank": self.rank.value,
        }
        for name in ("value", "valid"):
            if plain[name] == "":
                del plain[name]
        for name in _TEXTS:
            text = getattr(self, name)
            if text != "":
                plain[name] = text
        return plain

    @builtins.property
    def identifier(self) -> str:
        """SHA-256 of the canonical JSON of :meth:`content`, in hexadecimal."""
        text = json.dumps(self.content(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


class _Unsealed:
    """The slots of a claim before it is sealed."""

    __slots__ = tuple(f.name for f in fields(Claim))


class _UnsealedPlace:
    __slots__ = tuple(f.name for f in fields(Place))


def read_place(file: str, row: int) -> Place:
    """``Place(file, row)``, as :func:`read_claim` makes claims."""
    made: Any = _UnsealedPlace()
    made.file, made.row, made.column = file, row, 0
    made.__class__ = Place
    place: Place = made
    return place


_POLARITY = {code.value: code for code in Polarity}
_MODALITY = {code.value: code for code in Modality}
_BASIS = {code.value: code for code in Basis}
_RANK = {code.value: code for code in Rank}


def read_claim(
    content: Mapping[str, Any],
    value: Value | None,
    valid: Edtf | None,
    recorded_at: str = "",
    recorded_by: str = "",
    where: Place = Place(),
) -> Claim:
    """The claim of its :meth:`Claim.content`, value and valid time being read already.

    What ``Claim(...)`` would make, in a quarter of the time: a frozen dataclass sets each of its
    twenty-one fields by a call, which a store of a million claims feels. Raises KeyError where a
    part is missing or a code is none.

    >>> claim = Claim("gazprom", "seat", "Moscow", source="paper")
    >>> read_claim(claim.content(), claim.value, claim.valid) == claim
    True
    """
    told = content.get
    made: Any = _Unsealed()
    made.subject = content["subject"]
    made.property = content["property"]
    made.value = value
    made.valid = valid
    made.source = told("source", "")
    made.locator = told("locator", "")
    made.said_by = told("said_by", "")
    made.polarity = _POLARITY[content["polarity"]]
    made.searched = told("searched", "")
    made.modality = _MODALITY[content["modality"]]
    made.basis = _BASIS[content["basis"]]
    made.language = told("language", "")
    made.original = told("original", "")
    made.rank = _RANK[content["rank"]]
    made.reason = told("reason", "")
    made.by = told("by", "")
    made.note = told("note", "")
    made.corrects = told("corrects", "")
    made.retracts = told("retracts", "")
    made.recorded_at = recorded_at
    made.recorded_by = recorded_by
    made.where = where
    made.__class__ = Claim
    claim: Claim = made
    return claim


_TEXTS = (
    "source",
    "locator",
    "said_by",
    "searched",
    "language",
    "original",
    "reason",
    "by",
    "note",
    "corrects",
    "retracts",
)


def value_text(value: Value) -> str:
    """A value as short text, the same for the same value.

    >>> value_text(Share("gazprom", "49"))
    'gazprom 49 %'
    """
    return value.text if isinstance(value, Edtf) else str(value)


def _plain(value: Value | None) -> Any:
    if isinstance(value, Quantity):
        return {
            "number": value.number,
            "unit": value.unit,
            "measures": value.measures,
            "about": value.about,
        }
    if isinstance(value, Share):
        return {"party": value.party, "percent": value.percent}
    if isinstance(value, Office):
        return {"party": value.party, "role": value.role}
    return value.text if isinstance(value, Edtf) else value


@lru_cache(maxsize=1 << 14)
def _bounds(number: str, about: bool) -> tuple[Decimal, Decimal]:
    match = _match(number)
    low, high = Decimal(match["low"]), Decimal(match["high"] or match["low"])
    lower, upper = low - _half_step(low), high + _half_step(high)
    if about:
        lower = min(lower, low - abs(low) * _ABOUT)
        upper = max(upper, high + abs(high) * _ABOUT)
    if match["bound"] in (">", ">="):
        upper = Decimal("Infinity")
    elif match["bound"] in ("<", "<="):
        lower = Decimal("-Infinity")
    return lower, upper


@lru_cache(maxsize=1 << 14)
def _match(number: str) -> re.Match[str]:
    match = _NUMBER.fullmatch(number.strip())
    if match is None:
        raise NumberError(f"{number!r} is not a number; write 3.5, an interval 5-7.2 or a bound >3")
    if match["high"] and Decimal(match["high"]) < Decimal(match["low"]):
        raise NumberError(f"{number!r} is an interval that ends before it begins")
    if match["high"] and match["bound"]:
        raise NumberError(f"{number!r} is both a bound and an interval")
    return match


def _half_step(number: Decimal) -> Decimal:
    """Half a unit of the last printed digit."""
    exponent = number.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return Decimal(1).scaleb(-places) / 2
