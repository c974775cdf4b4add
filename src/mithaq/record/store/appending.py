"""Appending: which rows a set of claims, sources and subjects adds to the log.

Adding what is current adds nothing. What is current is decided by the log alone: a claim or a
correction makes its content current, a correction or a retraction of it makes it past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sql

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Source
from mithaq.record.properties import KINDS
from mithaq.record.record import Case, Subject
from mithaq.record.soundness import (
    faults_of,
    faults_of_case,
    faults_of_source,
    subjects_named,
)
from mithaq.record.store.index import Postings
from mithaq.record.store.rows import (
    CLAIM_KINDS,
    GENESIS,
    Row,
    canonical,
    case_content,
    claim_content,
    digest,
    next_instant,
)
from mithaq.record.store.schema import claims, ends, insert
from mithaq.record.values import IDENTIFIER

__all__ = ["Added", "Appending", "ensure_there", "in_parts", "tail_of"]

_PART = 2000
_FLUSH = 10_000
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Added:
    """What an append did: the numbers of the new rows, and how many things were current already."""

    first: int
    rows: int
    unchanged: int
    size: int
    recorded_at: str

    def to_dict(self) -> dict[str, Any]:
        """The counts by name; ``first`` is null where nothing was added."""
        return {
            "added": self.rows,
            "unchanged": self.unchanged,
            "first_row": self.first if self.rows else None,
            "size": self.size,
            "recorded_at": self.recorded_at if self.rows else None,
        }


@dataclass(frozen=True, slots=True)
class Tail:
    """The last row of the log: number, hash, recorded time."""

    seq: int = 0
    hash: str = GENESIS
    recorded_at: str = ""


def tail_of(connection: sql.Connection) -> Tail:
    """The end of the log."""
    query = (
        sql.select(claims.c.seq, claims.c.hash, claims.c.recorded_at)
        .order_by(claims.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return Tail(*row) if row else Tail()


def ensure_there(connection: sql.Connection, last: str) -> None:
    """Raise DataError where the log does not end with the row that was just added.

    A trigger that somebody else set may drop rows without a word.
    """
    if tail_of(connection).hash != last:
        what = "the database did not take the new rows, and told no error"
        hint = "a trigger that is none of the store's drops them; remove it, then add again"
        raise DataError([Problem(what=what, hint=hint)])


def in_parts(items: Iterable[_Item], size: int = _PART) -> Iterator[list[_Item]]:
    """The items in lists of at most ``size``."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


class Appending:
    """One append, inside one transaction that nobody else writes beside."""

    def __init__(self, connection: sql.Connection, by: str, why: str = "") -> None:
        self.connection = connection
        self.why = why
        self.by = _clean_name(by)
        self.tail = tail_of(connection)
        self.seq, self.hash = self.tail.seq, self.tail.hash
        self.recorded_at = next_instant(self.tail.recorded_at)
        self.unchanged = 0
        self.problems: list[Problem] = []
        self._pending: list[tuple[Any, ...]] = []
        self._postings = Postings()
        self._kinds: dict[str, str] = {}
        self._sources: set[str] = set()
        self._current: dict[str, int] = {}
        self._past: set[str] = set()

    def add(
        self,
        case: Case | None,
        sources: Sequence[Source],
        subjects: Sequence[Subject],
        told: Sequence[Claim],
    ) -> Added:
        """Append what is not current. Raises DataError with every mistake; then nothing is kept."""
        self._case(case, subjects)
        self._add_sources(sources)
        self._add_subjects(subjects)
        self._look_up(told)
        for part in in_parts(told):
            sound = [claim for claim in part if self._sound(claim)]
            for claim, (content, text, name) in zip(sound, self._encode(sound), strict=True):
                self._claim(claim, content, text, name)
        if self.problems:
            raise DataError(self.problems)
        self._flush()
        ensure_there(self.connection, self.hash)
        rows = self.seq - self.tail.seq
        return Added(self.tail.seq + 1, rows, self.unchanged, self.seq, self.recorded_at)

    # Rows

    def _row(
        self,
        kind: str,
        subject: str,
        content: Mapping[str, Any],
        *,
        corrects: str | None = None,
        retracts: str | None = None,
        why: str = "",
        encoded: bytes | None = None,
    ) -> None:
        row = Row(
            seq=self.seq + 1,
            kind=kind,
            subject=subject,
            content=content,
            recorded_at=self.recorded_at,
            recorded_by=self.by,
            prev_hash=self.hash,
            corrects=corrects,
            retracts=retracts,
            why=why,
        )
        columns = row.columns_with(encoded) if encoded is not None else row.columns()
        self.seq, self.hash = row.seq, columns["hash"]
        self._pending.append(tuple(columns.values()))
        self._postings.add(row)
        if len(self._pending) >= _FLUSH:
            self._flush()

    def _flush(self) -> None:
        self._postings.flush(self.connection)
        if self._pending:
            insert(self.connection, claims, self._pending)
            self._pending = []

    def _last(self, kind: str, subjects: Iterable[str]) -> dict[str, Row]:
        """The latest row of that kind on each of the subjects."""
        found: dict[str, Row] = {}
        if not self.tail.seq:
            return found
        for part in in_parts(subjects):
            query = (
                sql.select(claims.c.subject, claims.c.body)
                .where(claims.c.kind == kind, claims.c.subject.in_(part))
                .order_by(claims.c.seq)
            )
            found |= {name: Row.of(body) for name, body in self.connection.execute(query)}
        return found

    # Case, sources, subjects

    def _case(self, case: Case | None, subjects: Sequence[Subject]) -> None:
        if case is None:
            return
        kinds = {
            name: row.content["kind"] for name, row in self._last("subject", case.states).items()
        }
        kinds |= {subject.id: subject.kind for subject in subjects}
        if faults := list(faults_of_case(case, kinds)):
            self.problems += [Problem(what=what) for what in faults]
            return
        query = sql.select(claims.c.body).where(claims.c.kind == "case").order_by(claims.c.seq)
        held = [Row.of(body) for body in self.connection.execute(query).scalars()]
        if held and held[-1].subject != case.id:
            what = f"the store holds the case {held[-1].subject!r}, not {case.id!r}"
            raise DataError([Problem(what=what, hint="a store holds one case; make another")])
        self._unless_same("case", case.id, case_content(case), held[-1] if held else None)

    def _unless_same(
        self, kind: str, subject: str, content: Mapping[str, Any], held: Row | None
    ) -> None:
        if held is not None and held.content == content:
            self.unchanged += 1
        else:
            self._row(kind, subject, content)

    def _add_sources(self, sources: Sequence[Source]) -> None:
        held = self._last("source", [s.id for s in sources])
        for source in sources:
            faults = list(faults_of_source(source))
            for what in faults:
                self._problem(what)
            if not faults:
                self._unless_same("source", source.id, source.to_dict(), held.get(source.id))
            self._sources.add(source.id)

    def _add_subjects(self, subjects: Sequence[Subject]) -> None:
        held = self._last("subject", [s.id for s in subjects])
        for subject in subjects:
            before = held.get(subject.id)
            if not IDENTIFIER.fullmatch(subject.id) or subject.kind not in KINDS:
                self._problem(f"{subject.id!r} of kind {subject.kind!r} is no subject")
            elif before is not None and before.content["kind"] != subject.kind:
                kind = before.content["kind"]
                self._problem(f"{subject.id!r} is a {kind} already, not a {subject.kind}")
            else:
                self._unless_same("subject", subject.id, {"kind": subject.kind}, before)
                self._kinds[subject.id] = subject.kind

    # Claims

    def _look_up(self, told: Sequence[Claim]) -> None:
        """Read what the log holds of everything that the claims name."""
        used = {name for claim in told for name in subjects_named(claim)}
        held = self._last("subject", sorted(used - self._kinds.keys()))
        self._kinds |= {name: row.content["kind"] for name, row in held.items()}
        cited = {claim.source for claim in told if claim.source}
        self._sources |= self._last("source", sorted(cited - self._sources)).keys()

    def _encode(self, part: list[Claim]) -> list[tuple[dict[str, Any], bytes, str]]:
        """What the claims say, its bytes and identifier; what the log holds of it is looked up."""
        contents = [claim_content(claim) for claim in part]
        texts = [canonical(content) for content in contents]
        names = [digest(text) for text in texts]
        if self.tail.seq:
            wanted = set(names)
            wanted |= {link for claim in part for link in (claim.corrects, claim.retracts) if link}
            # What this append has come to already stands in memory, and perhaps nowhere else.
            wanted -= self._current.keys() | self._past
            self._events(sorted(wanted))
        return list(zip(contents, texts, names, strict=True))

    def _events(self, part: list[str]) -> None:
        """What happened to those contents: told, corrected away, retracted; in order."""
        column = claims.c
        query = sql.select(ends.c.seq, sql.null(), ends.c.content_id)
        found = list(self.connection.execute(query.where(ends.c.content_id.in_(part))))
        query = sql.select(column.seq, column.content_id, sql.null())
        query = query.where(column.content_id.in_(part), column.kind.in_(CLAIM_KINDS))
        # What a row tells stands, even where it corrects the same: only later rows end it.
        found += self.connection.execute(query)
        for event in sorted(found, key=lambda event: event[0]):
            self._apply(*event)

    def _apply(self, seq: int, content_id: str | None, link: str | None) -> None:
        if link is not None:
            self._current.pop(link, None)
            self._past.add(link)
        if content_id is not None:
            self._current[content_id] = seq

    def _claim(
        self, claim: Claim, content: dict[str, Any], encoded: bytes, content_id: str
    ) -> None:
        link = claim.corrects or claim.retracts
        if link and not self._open(claim, content_id, link):
            return
        if claim.retracts:
            self._retraction(claim, link)
            return
        if content_id in self._current:
            self._twice(claim, content_id, link)
            return
        if link:
            why = self.why or claim.reason
            self._row("correction", claim.subject, content, corrects=link, why=why, encoded=encoded)
        else:
            self._row("claim", claim.subject, content, encoded=encoded)
        self._apply(self.seq, content_id, link or None)

    def _open(self, claim: Claim, content_id: str, link: str) -> bool:
        """Whether the claim named by a link is there to be corrected or retracted."""
        if link in self._current:
            return True
        done = claim.retracts or content_id in self._current
        if link in self._past and done:
            self.unchanged += 1
        else:
            self._problem(f"{link[:12]} is no current claim", claim)
        return False

    def _twice(self, claim: Claim, content_id: str, link: str) -> None:
        """The content is current: nothing to add, but a claim that it corrects has to go."""
        if link and link != content_id:
            self._retraction(claim, link)
        else:
            self.unchanged += 1

    def _retraction(self, claim: Claim, link: str) -> None:
        content = {"subject": claim.subject, "retracts": link}
        why = self.why or claim.reason
        self._row("retraction", claim.subject, content, retracts=link, why=why)
        self._apply(self.seq, None, link)

    def _sound(self, claim: Claim) -> bool:
        """Whether a claim fits the table of properties and what the record holds."""
        if claim.retracts:
            return True
        kind = self._kinds.get(claim.subject)
        if kind is None:
            self._problem(f"there is no subject {claim.subject!r}", claim)
            return False
        faults = list(faults_of(claim, kind, self._kinds, self._sources))
        for what in faults:
            self._problem(what, claim)
        return not faults

    def _problem(self, what: str, claim: Claim | None = None) -> None:
        place = claim.where if claim is not None else None
        file, row = (place.file, place.row) if place and place.file else ("", 0)
        column = str(place.column) if place and place.column else ""
        shown = f"{claim.subject}.{claim.property}: {what}" if claim is not None else what
        self.problems.append(Problem(file, row, column, shown))


def _clean_name(by: str) -> str:
    name = " ".join(by.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise DataError([Problem(column="by", what=f"{by!r} is no name of who records")])
    return name
