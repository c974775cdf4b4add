"""The record in FollowTheMoney form: statements with their sources, and the entities they make.

What has no counterpart there stays out: commitments, statements, presences, judgements, figures,
denials, plans and what was looked for and not found. A claim becomes a statement with the source as
its origin; a date is given as its year, month or day, and an interval by its two ends.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mithaq.record.claims import Claim, Office, Share
from mithaq.record.record import Record
from mithaq.words.dates import Edtf
from mithaq.words.text import language

__all__ = ["Statement", "entities", "statements", "write_ftm"]

_COLUMNS = (
    "canonical_id", "entity_id", "prop", "prop_type", "schema", "value", "dataset", "origin",
    "lang", "original_value", "external", "first_seen", "last_seen", "id",
)  # fmt: skip
_PARTIES = {
    "company": "Company",
    "state": "PublicBody",
    "ministry": "PublicBody",
    "agency": "PublicBody",
}
_SCHEMAS = {
    "person": "Person",
    "agreement": "Contract",
    "project": "Project",
    "tender": "CallForTenders",
    "award": "Contract",
    "meeting": "Event",
}
# ISO 639-1 to ISO 639-3, in which FollowTheMoney tells languages.
_LANGUAGES = {
    "ar": "ara", "cs": "ces", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fa": "fas",
    "fr": "fra", "he": "heb", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor",
    "ms": "msa", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ru": "rus", "sv": "swe",
    "tr": "tur", "uk": "ukr", "zh": "zho",
}  # fmt: skip
_TYPES = {
    "name": "name", "alias": "name", "title": "string", "sourceUrl": "url",
    "publishedAt": "date", "incorporationDate": "date", "contractDate": "date", "date": "date",
    "startDate": "date", "endDate": "date", "awardingDate": "date", "publicationDate": "date",
    "publisher": "string", "language": "language", "type": "string", "status": "string",
    "role": "string", "percentage": "string", "location": "address", "recordId": "string",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """One value of one property of one entity; ``origin`` is the source, '' where there is none."""

    entity: str
    schema: str
    prop: str
    value: str
    dataset: str
    origin: str = ""
    lang: str = ""
    original: str = ""
    seen: str = ""

    @property
    def id(self) -> str:
        """The identifier that FollowTheMoney gives to such a statement."""
        key = f"{self.dataset}.{self.entity}.{self.prop}.{self.value}"
        text = f"{key}@{self.lang}" if self.lang else key
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    @property
    def type(self) -> str:
        """The type of the property."""
        return _TYPES.get(self.prop, "entity")

    def row(self) -> tuple[str, ...]:
        """The statement as a row of its CSV form."""
        return (
            self.entity, self.entity, self.prop, self.type, self.schema, self.value, self.dataset,
            self.origin, self.lang, self.original, "f", self.seen, self.seen, self.id,
        )  # fmt: skip


def statements(record: Record) -> Iterator[Statement]:
    """The statements that the record makes, each once, in a fixed order."""
    seen: set[tuple[str, str]] = set()
    for item in _Maker(record).all():
        if (item.id, item.origin) not in seen:
            seen.add((item.id, item.origin))
            yield item


def entities(record: Record) -> list[dict[str, object]]:
    """The entities, each with id, schema and the values of its properties, sorted by id."""
    found: dict[str, dict[str, object]] = {}
    for item in statements(record):
        plain = found.setdefault(
            item.entity, {"id": item.entity, "schema": item.schema, "properties": {}}
        )
        values = plain["properties"]
        if isinstance(values, dict) and item.value not in values.setdefault(item.prop, []):
            values[item.prop].append(item.value)
    return [found[key] for key in sorted(found)]


def write_ftm(record: Record, folder: Path) -> list[Path]:
    """Write entities.ftm.json (an entity a line) and statements.csv; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(e, ensure_ascii=False, sort_keys=True) + "\n" for e in entities(record)]
    listed = folder / "entities.ftm.json"
    listed.write_text("".join(lines), encoding="utf-8", newline="\n")
    stream = io.StringIO()
    writer = csv.writer(stream, dialect=csv.unix_dialect)
    writer.writerow(_COLUMNS)
    writer.writerows(item.row() for item in statements(record))
    told = folder / "statements.csv"
    told.write_text(stream.getvalue(), encoding="utf-8", newline="")
    return [listed, told]


class _Maker:
    def __init__(self, record: Record) -> None:
        self.record = record
        self.dataset = record.id.replace("-", "_")

    def all(self) -> Iterator[Statement]:
        for source in self.record.sources.values():
            yield from self._source(source.id)
        for subject in self.record.subjects():
            if schema := self._schema(subject.id):
                yield from self._named(subject.id, schema)
                yield from self._subject(subject.id, subject.kind, schema)

    def _schema(self, subject: str) -> str:
        kind = self.record.subject(subject).kind if self.record.has(subject) else ""
        if kind == "party":
            told = str(self.record.value(subject, "party_kind") or "")
            return _PARTIES.get(told, "Organization")
        return _SCHEMAS.get(kind, "")

    def _id(self, *parts: str) -> str:
        # FollowTheMoney takes letters, digits, hyphens and dots alone.
        return "-".join([self.record.id, *parts]).replace("_", "-")

    def _say(
        self, entity: str, schema: str, prop: str, value: str, claim: Claim | None = None
    ) -> Iterator[Statement]:
        """A statement, where there is a value; names and free words carry their language."""
        origin = claim.source if claim else ""
        published = self.record.sources[origin].published if origin else None
        lang = ""
        if claim and claim.language and _TYPES.get(prop) in ("name", "string", "address"):
            lang = _LANGUAGES.get(claim.language, "")
        if value:
            yield Statement(
                entity, schema, prop, value, self.dataset, origin, lang,
                claim.original if claim else "",
                published.first.isoformat() if published else "",
            )  # fmt: skip

    def _source(self, name: str) -> Iterator[Statement]:
        source = self.record.sources[name]
        entity = self._id("source", name)
        values = {
            "name": source.title or f"{source.publisher}: {name}",
            "publisher": source.publisher,
            "sourceUrl": source.url,
            "language": _LANGUAGES.get(source.lang, ""),
            "publishedAt": _ends(source.published)[0] if source.published else "",
        }
        for prop, value in values.items():
            yield from self._say(entity, "Article", prop, value)

    def _named(self, subject: str, schema: str) -> Iterator[Statement]:
        entity = self._id(subject)
        for claim in self._told(subject, "name"):
            yield from self._say(entity, schema, "name", claim.text, claim)
        if not self._told(subject, "name"):
            yield from self._say(entity, schema, "name", subject)
        for claim in self._told(subject, "aliases", "local_name"):
            yield from self._say(entity, schema, "alias", claim.text, claim)

    def _told(self, subject: str, *names: str) -> list[Claim]:
        found = self.record.claims_of(subject, *names)
        return [c for c in found if c.affirmed and c.actual and c.value is not None]

    def _subject(self, subject: str, kind: str, schema: str) -> Iterator[Statement]:
        match kind:
            case "party":
                yield from self._party(subject, schema)
            case "person":
                yield from self._person(subject)
            case "agreement":
                yield from self._dates(subject, schema, "contractDate", "signed")
                yield from self._codes(subject, schema, "type", "agreement_kind")
                yield from self._links(subject, "UnknownLink", "subject", "object", "parties")
            case "project":
                yield from self._dates(subject, schema, "startDate", "started")
                yield from self._codes(subject, schema, "status", "project_status")
                yield from self._links(
                    subject, "ProjectParticipant", "participant", "project", "parties"
                )
            case "tender":
                yield from self._dates(subject, schema, "awardingDate", "awarded")
                yield from self._refer(subject, schema, "authority", "grantor")
                yield from self._refer(subject, schema, "tenderers", "bidders")
            case "award":
                yield from self._dates(subject, schema, "contractDate", "contract_signed")
                yield from self._refer(subject, schema, "authority", "grantor")
                yield from self._links(subject, "ContractAward", "supplier", "contract", "winner")
            case "meeting":
                yield from self._dates(subject, schema, "date", "date")
                yield from self._refer(subject, schema, "involved", "parties", "persons")
                for claim in self._told(subject, "place"):
                    entity = self._id(subject)
                    yield from self._say(entity, schema, "location", claim.text, claim)

    def _party(self, subject: str, schema: str) -> Iterator[Statement]:
        entity = self._id(subject)
        yield from self._dates(subject, schema, "incorporationDate", "founded")
        yield from self._refer(subject, schema, "parent", "part_of")
        for claim in self._told(subject, "share"):
            if isinstance(claim.value, Share) and self._schema(claim.value.party):
                link = self._id(subject, "share", claim.value.party)
                owner = self._id(claim.value.party)
                yield from self._say(link, "Ownership", "owner", owner, claim)
                yield from self._say(link, "Ownership", "asset", entity, claim)
                yield from self._say(link, "Ownership", "percentage", claim.value.percent, claim)
        yield from self._links(subject, "Membership", "member", "organization", "members")

    def _person(self, subject: str) -> Iterator[Statement]:
        words = language("en")
        for claim in self._told(subject, "office"):
            if not isinstance(claim.value, Office):
                continue
            office = claim.value
            post = self._id("post", office.role, office.party or "unknown")
            role = words.term("role", office.role)
            name = f"{role}, {self.record.name(office.party)}" if office.party else role
            yield from self._say(post, "Position", "name", name)
            if office.party:
                yield from self._say(post, "Position", "organization", self._id(office.party))
            link = self._id(subject, office.role, office.party or "unknown")
            yield from self._say(link, "Occupancy", "holder", self._id(subject), claim)
            yield from self._say(link, "Occupancy", "post", post, claim)
            first, last = _ends(claim.valid) if claim.valid else ("", "")
            if claim.valid and claim.valid.is_interval:
                yield from self._say(link, "Occupancy", "startDate", first, claim)
                yield from self._say(link, "Occupancy", "endDate", last, claim)
            else:
                yield from self._say(link, "Occupancy", "date", first, claim)

    # Shapes of values

    def _dates(self, subject: str, schema: str, prop: str, name: str) -> Iterator[Statement]:
        entity = self._id(subject)
        for claim in self._told(subject, name):
            if claim.date is None:
                continue
            first, last = _ends(claim.date)
            if prop == "date" and first != last:
                yield from self._say(entity, schema, "startDate", first, claim)
                yield from self._say(entity, schema, "endDate", last, claim)
            elif first and first == last:
                yield from self._say(entity, schema, prop, first, claim)

    def _codes(self, subject: str, schema: str, prop: str, name: str) -> Iterator[Statement]:
        for claim in self._told(subject, name):
            yield from self._say(self._id(subject), schema, prop, claim.text, claim)

    def _refer(self, subject: str, schema: str, prop: str, *names: str) -> Iterator[Statement]:
        for claim in self._told(subject, *names):
            if self._schema(claim.text):
                yield from self._say(self._id(subject), schema, prop, self._id(claim.text), claim)

    def _links(
        self, subject: str, schema: str, left: str, right: str, name: str
    ) -> Iterator[Statement]:
        """An entity of its own for each tie between a party and the subject."""
        for claim in self._told(subject, name):
            if self._schema(claim.text):
                link = self._id(subject, name, claim.text)
                yield from self._say(link, schema, left, self._id(claim.text), claim)
                yield from self._say(link, schema, right, self._id(subject), claim)
                yield from self._say(link, schema, "role", name)


def _ends(when: Edtf) -> tuple[str, str]:
    """The first and the last point of a date as ISO prefixes; '' where open or too coarse."""
    begin, end = when.begin, when.end
    return _iso(begin) if begin else "", _iso(end) if end else ""


def _iso(point: Edtf) -> str:
    digits = {"year": 4, "month": 7, "day": 10}.get(point.precision, 0)
    return point.first.isoformat()[:digits]
