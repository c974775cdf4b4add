"""The record of one case: its claims and sources, and questions about single subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Place, Polarity, Rank, Source, Value
from mithaq.record.names import fold
from mithaq.record.properties import KINDS, properties
from mithaq.record.values import near
from mithaq.words.dates import Edtf

__all__ = ["Case", "Focus", "Record", "Sources", "Subject", "Told"]


@dataclass(frozen=True, slots=True)
class Case:
    """What a case is called: id, title and description by language, its two home states."""

    id: str
    title: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that claims are about: a permanent id and a kind."""

    id: str
    kind: str
    where: Place = field(default=Place(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Focus:
    """What a part of a record tells of: the subjects shown, and the parties of each side."""

    shown: frozenset[str]
    sides: tuple[frozenset[str], ...] = ()

    def joins(self, parties: Iterable[str]) -> bool:
        """Whether those parties stand on two of the sides (or on the only one)."""
        reached = sum(any(party in side for party in parties) for side in self.sides)
        return bool(self.sides) and reached >= min(2, len(self.sides))


class Told(Mapping[str, Mapping[str, Sequence[Claim]]]):
    """Subject -> property -> claims in any order, made when they are asked for."""

    def cited(self, subject: str) -> Set[str]:
        """The sources of the claims on a subject that is there, '' among them for want of one."""
        return {claim.source for claims in self[subject].values() for claim in claims}

    def bare(self, subject: str) -> Set[str]:
        """The properties on which some claim has no source, of a subject that is there."""
        return {c.property for claims in self[subject].values() for c in claims if not c.source}

    def denied(self, subject: str) -> set[str]:
        """The properties on which some claim may deny something, of a subject that is there."""
        told = self[subject].items()
        return {name for name, claims in told if any(c.polarity is Polarity.DENIED for c in claims)}

    def sourced(
        self, subject: str, known: Set[str], free: Set[str]
    ) -> Mapping[str, Sequence[Claim]]:
        """Property -> the claims of those sources, and those without any on the free properties."""
        return _Part(self[subject], lambda c: c.source in known if c.source else c.property in free)

    def unsourced(self, subject: str, free: Set[str]) -> int:
        """How many claims on other properties than the free ones have no source."""
        told = self[subject].items()
        return sum(not c.source for name, claims in told if name not in free for c in claims)


class Sources(Mapping[str, Source]):
    """Source id -> source, in the order of the ids."""

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._held = {s.id: s for s in sorted(sources, key=lambda s: s.id)}

    def __getitem__(self, source_id: str) -> Source:
        return self._held[source_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def dated(self) -> Iterator[tuple[str, Edtf | None, bool]]:
        """Of each its id, when it was published, and whether that is inferred."""
        for source in self.values():
            yield source.id, source.published, source.published_basis == "inferred"


class Record:
    """An immutable set of claims about subjects, with the sources that make them.

    Two records are equal when their case, sources, subjects and claims are; the order of files and
    blocks does not matter, since claims are told in canonical order. Where ``claims`` is a
    :class:`Told` it is asked only for the subjects and properties that a question comes to: of a
    store of a million claims most need never be made.
    """

    def __init__(
        self,
        case: Case,
        sources: Iterable[Source] | Sources,
        subjects: Iterable[Subject],
        claims: Iterable[Claim] | Told,
        folder: Path | None = None,
        focus: Focus | None = None,
    ) -> None:
        self.case = case
        self.focus = focus
        self.folder = folder
        self._sources = sources if isinstance(sources, Sources) else Sources(sources)
        rank = {kind: number for number, kind in enumerate(KINDS)}
        listed = sorted(subjects, key=lambda s: (rank[s.kind], s.id))
        self._subjects = {s.id: s for s in listed}
        self._told = claims if isinstance(claims, Told) else _Listed(claims)
        self._sheets: dict[str, Mapping[str, Sequence[Claim]]] = {}
        self._tables: dict[str, dict[str, tuple[Claim, ...] | None]] = {}

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim, in canonical order."""
        return tuple(claim for name in sorted(self._told) for claim in self.claims_of(name))

    def _table(self, subject_id: str) -> dict[str, tuple[Claim, ...] | None]:
        """Property -> claims on a subject, None until they are asked for."""
        found = self._tables.get(subject_id)
        if found is None:
            subject = self._subjects.get(subject_id)
            order = _order(subject.kind) if subject else {}
            told = self._sheets[subject_id] = self._told.get(subject_id, {})
            names = sorted(told, key=lambda name: (order.get(name, -1), name))
            found = self._tables[subject_id] = dict.fromkeys(names)
        return found

    def _group(self, subject_id: str, name: str) -> tuple[Claim, ...]:
        """The claims on one property of a subject, in canonical order."""
        table = self._table(subject_id)
        group = table.get(name, ())
        if group is None:
            told = self._sheets[subject_id][name]
            group = table[name] = tuple(sorted(told, key=_key) if len(told) > 1 else told)
        return group

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return (
            self.case == other.case
            and self.sources == other.sources
            and self._subjects == other._subjects
            and self.claims == other.claims
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Record({self.case.id!r}, {len(self.claims)} claims, {len(self.sources)} sources)"

    # Sources and subjects

    @property
    def id(self) -> str:
        """The id of the case."""
        return self.case.id

    @property
    def sources(self) -> Sources:
        """Source id -> :class:`Source`."""
        return self._sources

    def source(self, source_id: str) -> Source:
        """One source. Raises KeyError where there is none of that id."""
        return self._sources[source_id]

    def subject(self, subject_id: str) -> Subject:
        """One subject. Raises KeyError where there is none of that id."""
        return self._subjects[subject_id]

    def has(self, subject_id: str) -> bool:
        """Whether there is a subject of that id."""
        return subject_id in self._subjects

    def subjects(self, *kinds: str) -> tuple[Subject, ...]:
        """The subjects of those kinds (all where none is named), by kind and id."""
        found = self._subjects.values()
        return tuple(s for s in found if not kinds or s.kind in kinds)

    def listed(self, *kinds: str) -> tuple[Subject, ...]:
        """The :meth:`subjects` that an answer tells of: all, or those that the record is about."""
        found = self.subjects(*kinds)
        return found if self.focus is None else tuple(s for s in found if s.id in self.focus.shown)

    # Claims and values

    def claims_of(self, subject_id: str, *names: str) -> tuple[Claim, ...]:
        """The claims on a subject, or on those of its properties, in canonical order."""
        if len(names) == 1:
            return self._group(subject_id, names[0])
        wanted = names or tuple(self._table(subject_id))
        return tuple(claim for name in wanted for claim in self._group(subject_id, name))

    def properties_of(self, subject_id: str) -> tuple[str, ...]:
        """The properties on which there are claims on a subject, in canonical order."""
        return tuple(self._table(subject_id))

    def cited(self, subject_id: str) -> Set[str]:
        """The sources of the claims on a subject, '' among them where one has none.

        Nothing where there are no claims. No claim is made.
        """
        return self._told.cited(subject_id) if subject_id in self._told else frozenset()

    def denied(self, subject_id: str) -> tuple[str, ...]:
        """The properties of a subject on which some claim may deny something."""
        names = self._told.denied(subject_id) if subject_id in self._told else set()
        return tuple(name for name in self._table(subject_id) if name in names)

    def standing(self, subject_id: str, *names: str) -> tuple[Claim, ...]:
        """The affirmed claims told as fact and not deprecated; the preferred ones if any are."""
        found = [c for c in self.claims_of(subject_id, *names) if c.affirmed and c.actual]
        preferred = [c for c in found if c.rank is Rank.PREFERRED]
        return tuple(preferred or found)

    def value(self, subject_id: str, name: str) -> Value | None:
        """The value that most sources affirm (preferred claims decide); None where none is."""
        found = self.values(subject_id, name)
        return found[0] if found else None

    def values(self, subject_id: str, name: str) -> tuple[Value, ...]:
        """The distinct affirmed values, those of most sources first, then in canonical order."""
        support: dict[Value, set[str]] = {}
        for claim in self.standing(subject_id, name):
            if claim.value is not None:
                support.setdefault(claim.value, set()).add(claim.source)
        return tuple(sorted(support, key=lambda value: -len(support[value])))

    def date(self, subject_id: str, name: str) -> Edtf | None:
        """:meth:`value` where it is a date."""
        found = self.value(subject_id, name)
        return found if isinstance(found, Edtf) else None

    def texts(self, subject_id: str, name: str) -> tuple[str, ...]:
        """:meth:`values` as text (ids, codes and words)."""
        return tuple(v for v in self.values(subject_id, name) if isinstance(v, str))

    def text(self, subject_id: str, name: str, lang: str = "") -> str:
        """A text in that language, else in English, else in any; '' where there is none."""
        found = [c for c in self.standing(subject_id, name) if isinstance(c.value, str)]
        for wanted in (lang, "en"):
            for claim in found:
                if claim.language == wanted and isinstance(claim.value, str):
                    return claim.value
        return found[0].text if found else ""

    def name(self, subject_id: str, lang: str = "en") -> str:
        """The name in that language, else in English, else in any, else the id itself."""
        return self.text(subject_id, "name", lang) or subject_id

    # Parties

    def home(self, party: str) -> str:
        """The home state of a party, found through the parents of subsidiaries; '' if not told.

        A joint venture whose parents have different homes has none of its own.
        """
        return self._homes.get(party, "")

    @cached_property
    def _homes(self) -> Mapping[str, str]:
        return {s.id: self._find_home(s.id, frozenset()) for s in self.subjects("party")}

    def _find_home(self, party: str, seen: frozenset[str]) -> str:
        if party in seen:
            return ""
        told = self.texts(party, "home")
        if told:
            return told[0]
        if self.value(party, "party_kind") == "state":
            return party
        parents = self.texts(party, "part_of")
        homes = {self._find_home(parent, seen | {party}) for parent in parents} - {""}
        return homes.pop() if len(homes) == 1 else ""

    def find(self, words: str, *kinds: str) -> str:
        """The id of the subject that those words name, in any language or script.

        An id, a name or an alias will do; case, accents, Arabic vowel signs and letter variants do
        not matter. Raises DataError where nothing or more than one thing answers.
        """
        if words in self._subjects and (not kinds or self._subjects[words].kind in kinds):
            return words
        key = fold(words)
        named = self._named.get(key, frozenset())
        found = sorted(i for i in named if not kinds or self._subjects[i].kind in kinds)
        if len(found) == 1:
            return found[0]
        if found:
            hint = f"say which: {', '.join(found)}"
            raise DataError([Problem(what=f"{words!r} names several subjects", hint=hint)])
        # A part of a store, read for these words alone, knows of nothing else.
        hint = near(words, [s.id for s in self.subjects(*kinds)])
        hint = hint or "mithaq who and mithaq find look for names like it"
        raise DataError([Problem(what=f"nothing is named {words!r}", hint=hint)])

    @cached_property
    def _named(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for subject in self.subjects():
            for claim in self.claims_of(subject.id, "name", "aliases", "chain_name"):
                if isinstance(claim.value, str):
                    found.setdefault(fold(claim.value), set()).add(subject.id)
        return {key: frozenset(ids) for key, ids in found.items()}

    def with_claims(self, claims: Iterable[Claim]) -> Record:
        """The same case, sources and subjects with other claims."""
        return self._with(claims)

    def only(self, keep: Callable[[Claim], bool]) -> Record:
        """The same record with the claims that pass, each looked at when it is asked for."""
        return self._with(_Kept(self._told, keep))

    def sourced(self, known: Set[str], free: Mapping[str, Set[str]]) -> Record:
        """As :meth:`only`: the claims of those sources, and unsourced ones on free properties.

        ``free`` maps a kind of subject to those of its properties that need no source.
        """
        return self._with(_Sourced(self._told, known, self._free(free)))

    def unsourced(self, subjects: Iterable[str], free: Mapping[str, Set[str]]) -> int:
        """How many claims on some subjects have no source and are not on a free property."""
        names = self._free(free)
        held = (subject for subject in subjects if subject in self._told)
        return sum(self._told.unsourced(subject, names[subject]) for subject in held)

    def _free(self, free: Mapping[str, Set[str]]) -> dict[str, Set[str]]:
        return {subject.id: free[subject.kind] for subject in self._subjects.values()}

    def citing(self, sources: Iterable[Source]) -> Record:
        """The same record with those sources and no others."""
        held = self._subjects.values()
        return Record(self.case, sources, held, self._told, self.folder, self.focus)

    def _with(self, claims: Iterable[Claim] | Told) -> Record:
        found = Record(self.case, self._sources, (), claims, self.folder, self.focus)
        found._subjects = self._subjects  # in order already
        return found

    def part(self, subjects: Iterable[str], focus: Focus) -> Record:
        """The record of those subjects alone, with the sources that their claims cite."""
        kept = [self._subjects[name] for name in subjects]
        claims = [claim for subject in kept for claim in self.claims_of(subject.id)]
        cited = {claim.source for claim in claims} & self._sources.keys()
        sources = [self._sources[name] for name in cited]
        return Record(self.case, sources, kept, claims, self.folder, focus)

    def unordered(self) -> Iterator[Claim]:
        """Every claim in no particular order, for counting; cheaper than :attr:`claims`."""
        for table in self._told.values():
            for claims in table.values():
                yield from claims


class _Listed(Told):
    """Claims at hand, by subject and property."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._tables: dict[str, dict[str, list[Claim]]] = {}
        for claim in claims:
            table = self._tables.setdefault(claim.subject, {})
            table.setdefault(claim.property, []).append(claim)

    def __getitem__(self, subject: str) -> Mapping[str, Sequence[Claim]]:
        return self._tables[subject]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


class _Filtered(Told):
    """Some of the claims, told apart when they are asked for."""

    def __init__(self, told: Told) -> None:
        self.told = told

    def __contains__(self, subject: object) -> bool:
        return subject in self.told

    def __iter__(self) -> Iterator[str]:
        return iter(self.told)

    def __len__(self) -> int:
        return len(self.told)

    def denied(self, subject: str) -> set[str]:
        return self.told.denied(subject)


class _Kept(_Filtered):
    """The claims that pass a test."""

    def __init__(self, told: Told, keep: Callable[[Claim], bool]) -> None:
        super().__init__(told)
        self._keep = keep

    def __getitem__(self, subject: str) -> Mapping[str, Sequence[Claim]]:
        return _Part(self.told[subject], self._keep)


class _Sourced(_Filtered):
    """The claims of some sources, and those without any on properties that need none."""

    def __init__(self, told: Told, known: Set[str], free: Mapping[str, Set[str]]) -> None:
        super().__init__(told)
        self._known, self._free = known, free

    def __getitem__(self, subject: str) -> Mapping[str, Sequence[Claim]]:
        return self.told.sourced(subject, self._known, self._free.get(subject, frozenset()))

    def cited(self, subject: str) -> Set[str]:
        found = self.told.cited(subject)
        if "" not in found:
            return found & self._known
        bare = self.told.bare(subject) & self._free.get(subject, frozenset())
        return found & self._known | ({""} if bare else set())


class _Part(Mapping[str, Sequence[Claim]]):
    """Property -> the claims on one subject that pass a test."""

    def __init__(self, table: Mapping[str, Sequence[Claim]], keep: Callable[[Claim], bool]) -> None:
        self._table, self._keep = table, keep

    def __getitem__(self, name: str) -> Sequence[Claim]:
        return [claim for claim in self._table[name] if self._keep(claim)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


@cache
def _order(kind: str) -> dict[str, int]:
    """Property -> its place among those of a kind."""
    return {name: declared.order for name, declared in properties()[kind].items()}


def _key(claim: Claim) -> tuple[object, ...]:
    """What puts the claims on one property of one subject in order."""
    valid = (claim.valid.first, claim.valid.last, claim.valid.text) if claim.valid else ()
    return (
        claim.text,
        claim.language,
        valid,
        claim.source,
        claim.locator,
        claim.polarity,
        claim.modality,
        claim.basis,
        claim.rank,
        claim.said_by,
        claim.searched,
        claim.original,
        claim.reason,
        claim.by,
        claim.note,
    )
