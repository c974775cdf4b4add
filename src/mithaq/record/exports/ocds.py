"""Tenders, awards and the contracts that followed, as a release package of Open Contracting 1.1.

Each tender or award of the record is one contracting process with one release a stage (tender,
award, contract), which a reference merge compiles. Dates stand there only where they are known to
the day, since the standard wants a full date and time; coarser ones stand in the description.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mithaq.record.claims import Claim, Quantity
from mithaq.record.record import Record
from mithaq.words.dates import Edtf
from mithaq.words.text import language

__all__ = ["package", "write_ocds"]

Plain = dict[str, Any]

_MONEY = {
    f"{prefix}{currency}": (currency, factor)
    for currency in ("USD", "EUR", "DZD")
    for prefix, factor in (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9))
}
_ROLES = (("grantor", "procuringEntity"), ("winner", "supplier"), ("bidders", "tenderer"))
_NEVER = "1970-01-01T00:00:00Z"


def package(record: Record) -> Plain:
    """The release package of a record; empty ``releases`` where it has no tender or award."""
    releases = [
        release
        for subject in record.subjects("tender", "award")
        for release in _Process(record, subject.id, subject.kind).releases()
    ]
    return {
        "uri": f"https://example.org/mithaq/{record.id}/releases.json",
        "version": "1.1",
        "publishedDate": max((r["date"] for r in releases), default=_NEVER),
        "publisher": {"name": "mithaq"},
        "releases": releases,
    }


def write_ocds(record: Record, path: Path) -> list[Path]:
    """Write the release package as one JSON file; returns the file."""
    text = json.dumps(package(record), ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return [path]


class _Process:
    """One contracting process."""

    def __init__(self, record: Record, subject: str, kind: str) -> None:
        self.record, self.subject, self.kind = record, subject, kind
        self.ocid = f"mithaq-{record.id}-{subject}"
        self.sources = sorted({c.source for c in record.claims_of(subject) if c.source})

    def releases(self) -> list[Plain]:
        """One release a stage, in order; each a day's second later than the one before."""
        stages: list[tuple[str, Plain]] = []
        if self.kind == "tender" or self._told("bidders", "opened"):
            stages.append(("tender", {"tender": self._tender()}))
        if self._told("winner"):
            stages.append(("award", {"awards": [self._award()]}))
            if self._told("contract_signed", "agreement", "in_force_from"):
                stages.append(("contract", {"contracts": [self._contract()]}))
        found = [
            {
                "ocid": self.ocid,
                "id": f"{self.ocid}-{tag}",
                "date": self._date(number),
                "tag": [tag],
                "initiationType": "tender",
                "language": "en",
                "parties": self._parties(),
                **({"buyer": self._references("grantor")[0]} if self._told("grantor") else {}),
                **part,
            }
            for number, (tag, part) in enumerate(stages)
        ]
        return [_filled(release) for release in found]

    def _date(self, number: int) -> str:
        """When the last of the sources was published: what is released is what they tell."""
        published = [self.record.sources[name].published for name in self.sources]
        last = max((p.last.isoformat() for p in published if p is not None), default="")
        return f"{last}T00:00:{number:02d}Z" if last else _NEVER.replace(":00Z", f":{number:02d}Z")

    def _told(self, *names: str) -> list[Claim]:
        return list(self.record.standing(self.subject, *names))

    def _title(self) -> str:
        return self.record.name(self.subject)

    # Organisations

    def _parties(self) -> list[Plain]:
        roles: dict[str, list[str]] = {}
        for name, role in _ROLES:
            for party in self.record.texts(self.subject, name):
                roles.setdefault(party, []).append(role)
                if role == "procuringEntity":
                    roles[party].append("buyer")
        return [
            {"id": party, "name": self.record.name(party), "roles": found}
            for party, found in sorted(roles.items())
        ]

    def _references(self, name: str) -> list[Plain]:
        parties = self.record.texts(self.subject, name)
        return [{"id": party, "name": self.record.name(party)} for party in sorted(parties)]

    # Stages

    def _tender(self) -> Plain:
        grantor = self._references("grantor")
        bidders = self._references("bidders")
        tender: Plain = {"id": self.subject, "title": self._title()}
        tender["description"] = self._description("opened")
        if self._told("winner"):
            tender["status"] = "complete"
        if grantor:
            tender["procuringEntity"] = grantor[0]
        if bidders:
            tender |= {"tenderers": bidders, "numberOfTenderers": len(bidders)}
        return tender | self._items()

    def _award(self) -> Plain:
        award: Plain = {
            "id": self.subject,
            "title": self._title(),
            "description": self._description("awarded", "delivered"),
            "status": "active",
            "suppliers": self._references("winner"),
            "documents": [self._document(name) for name in self.sources],
        }
        if day := _day(self.record.date(self.subject, "awarded")):
            award["date"] = day
        if value := self._value():
            award["value"] = value
        return award | self._items()

    def _contract(self) -> Plain:
        agreement = self.record.text(self.subject, "agreement")
        contract: Plain = {
            "id": agreement or f"{self.subject}-contract",
            "awardID": self.subject,
            "title": self.record.name(agreement) if agreement else self._title(),
            "description": self._description("contract_signed", "in_force_from", "expires"),
        }
        signed = self.record.date(self.subject, "contract_signed")
        if day := _day(signed or (self.record.date(agreement, "signed") if agreement else None)):
            contract["dateSigned"] = day
        period = {
            key: day
            for key, name in (("startDate", "in_force_from"), ("endDate", "expires"))
            if (day := _day(self.record.date(self.subject, name)))
        }
        if period:
            contract["period"] = period
        if milestone := self._milestone():
            contract["milestones"] = [milestone]
        return contract

    def _milestone(self) -> Plain | None:
        due, met = (self.record.date(self.subject, name) for name in ("due", "delivered"))
        if due is None:
            return None
        plain: Plain = {"id": f"{self.subject}-due", "title": self._description("due")}
        plain |= {"type": "delivery", "status": "met" if met else "scheduled"}
        days = {key: day for key, d in (("dueDate", due), ("dateMet", met)) if (day := _day(d))}
        return plain | days

    # Parts

    def _items(self) -> Plain:
        words = language("en")
        return {
            "items": [
                {
                    "id": segment,
                    "description": words.term("segment", segment),
                    "classification": {"scheme": "mithaq-segment", "id": segment},
                }
                for segment in sorted(self.record.texts(self.subject, "segment"))
            ]
        }

    def _value(self) -> Plain | None:
        """The amount, where it is one number and not an interval or a bound."""
        for name in ("amount", "quantity"):
            for value in self.record.values(self.subject, name):
                if not isinstance(value, Quantity) or value.measures != "contract_value":
                    continue
                if value.unit in _MONEY and value.number.replace(".", "", 1).isdigit():
                    currency, factor = _MONEY[value.unit]
                    return {"amount": round(value.low * factor, 2), "currency": currency}
        return None

    def _document(self, name: str) -> Plain:
        source = self.record.sources[name]
        plain = {"id": name, "title": source.title or source.publisher, "language": source.lang}
        if source.url:
            plain["url"] = source.url
        if day := _day(source.published):
            plain["datePublished"] = day
        return plain

    def _description(self, *names: str) -> str:
        """The dates as the sources give them, in words, so that no precision is made up."""
        words = language("en")
        told = [
            f"{words.term('property', name)}: {words.date(date.text)}"
            for name in names
            for date in _dates(self.record.values(self.subject, name))
        ]
        return "; ".join(told) or self._title()


def _filled(plain: Plain) -> Plain:
    """Without empty lists, which the standard does not take."""
    return {
        key: [_filled(v) if isinstance(v, dict) else v for v in value]
        if isinstance(value, list)
        else _filled(value)
        if isinstance(value, dict)
        else value
        for key, value in plain.items()
        if value != []
    }


def _dates(values: Iterable[object]) -> list[Edtf]:
    return [value for value in values if isinstance(value, Edtf)]


def _day(when: Edtf | None) -> str:
    if when is None or not when.is_day or when.uncertain or when.approximate:
        return ""
    return f"{when.first.isoformat()}T00:00:00Z"
