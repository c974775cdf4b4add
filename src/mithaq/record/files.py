"""Reading a case: a folder of YAML files becomes a :class:`Record`, or one DataError.

Reading never stops at a mistake. Each stands in the list with file, row and column, and all are
raised together at the end. The order of files, blocks and values does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources import files as package_files
from pathlib import Path
from typing import TypeVar

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Basis, Claim, Modality, Place, Polarity, Rank, Source, Value
from mithaq.record.properties import (
    KINDS,
    Property,
    properties,
    property_names,
    property_of,
)
from mithaq.record.record import Case, Record, Subject
from mithaq.record.tree import Node, parse_tree, read_tree
from mithaq.record.values import IDENTIFIER, Reading, Reference, near
from mithaq.words.dates import Edtf

__all__ = ["case_ids", "cases", "load_case", "load_folder", "read_additions", "shipped_folder"]

_ITEM = (
    "value",
    "valid",
    "sources",
    "said_by",
    "polarity",
    "searched",
    "modality",
    "basis",
    "language",
    "original",
    "rank",
    "reason",
    "by",
    "note",
)
_SOURCE = (
    "id",
    "url",
    "publisher",
    "published",
    "published_basis",
    "published_reason",
    "lang",
    "title",
    "mirror",
    "derived_from",
    "note",
)
_CASE = ("id", "title", "description", "states")
_CASE_FILE = "case.yaml"
_SOURCE_FILE = "sources.yaml"
_NEEDED = {"judgement": ("a", "b", "judgement")}
_Code = TypeVar("_Code", bound=StrEnum)


def _shipped() -> Path:
    return Path(str(package_files("mithaq"))) / "data" / "cases"


def shipped_folder(case: str) -> Path | None:
    """The folder of a shipped case; None where no case of that id ships."""
    return _shipped() / case if case in case_ids() else None


def case_ids() -> tuple[str, ...]:
    """The ids of the shipped cases.

    >>> "algeria-russia" in case_ids()
    True
    """
    folder = _shipped()
    if not folder.is_dir():
        return ()
    return tuple(sorted(p.name for p in folder.iterdir() if (p / _CASE_FILE).is_file()))


def load_case(name: str | Path) -> Record:
    """The record of a shipped case (by id) or of a folder of your own (by path).

    Raises DataError, listing every mistake in the files, or naming the known cases where there is
    no case of that name.
    """
    if isinstance(name, str) and name in case_ids():
        return load_folder(_shipped() / name)
    folder = Path(name)
    if folder.is_dir():
        return load_folder(folder)
    known = ", ".join(case_ids()) or "none is shipped"
    hint = f"known cases: {known}; or give the path of a case folder"
    raise DataError([Problem(what=f"no case is called {str(name)!r}", hint=hint)])


def cases() -> list[dict[str, object]]:
    """The shipped cases: id, title in English, titles by language, numbers of claims and sources.

    Raises DataError where one of them cannot be read.
    """
    listed: list[dict[str, object]] = []
    for case_id in case_ids():
        record = load_case(case_id)
        titles = dict(record.case.title)
        title = titles.get("en") or next(iter(titles.values()), case_id)
        listed.append(
            {
                "id": case_id,
                "title": title,
                "titles": titles,
                "claims": len(record.claims),
                "sources": len(record.sources),
            }
        )
    return listed


def load_folder(folder: Path) -> Record:
    """The record of a case folder: case.yaml, sources.yaml and any number of other YAML files.

    Raises DataError with every mistake found, in the order of files and rows.
    """
    reader = _Reader(folder)
    record = reader.read()
    if reader.problems:
        raise DataError(_sorted(reader.problems))
    return record


def read_additions(files: Mapping[str, str], base: Record) -> Record:
    """Blocks to be added to a record: new sources, subjects and claims alone.

    ``files`` maps the name of a file to its text. A block with a publisher and no kind is a source;
    other blocks may leave out ``kind`` where the subject is known, and may refer to subjects and
    sources of ``base``. Raises DataError with every mistake found.
    """
    reader = _Reader(Path(), base)
    for name, text in files.items():
        tree = parse_tree(text, name, reader.problems)
        reader.add_blocks(name, tree)
    return reader.additions()


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: (p.file, p.row, _number(p.column)))


def _number(column: str) -> int:
    return int(column) if column.isdigit() else 0


class _Reader(Reading):
    """Reads one folder; problems and references gather in the parent class."""

    def __init__(self, folder: Path, base: Record | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.base = base
        self.case = Case(folder.name)
        self.sources: dict[str, Source] = {}
        self.subjects: dict[str, Subject] = {}
        self.claims: dict[Claim, Place] = {}

    def read(self) -> Record:
        self._case()
        for path in sorted(self.folder.glob("*.yml")):
            hint = f"rename it to {path.stem}.yaml"
            self.problems.append(Problem(path.name, what="is not read", hint=hint))
        if not (self.folder / _SOURCE_FILE).is_file():
            hint = "a case needs one, if only with an empty list"
            self.problems.append(Problem(_SOURCE_FILE, what="the file is missing", hint=hint))
        for path in sorted(self.folder.glob("*.yaml")):
            if path.name != _CASE_FILE:
                self._blocks(path)
        self._look_up()
        return Record(
            self.case, self.sources.values(), self.subjects.values(), self.claims, self.folder
        )

    def additions(self) -> Record:
        """What was read on top of the base. Raises DataError with every mistake found."""
        self._look_up()
        if self.problems:
            raise DataError(_sorted(self.problems))
        case = self.base.case if self.base else self.case
        return Record(case, self.sources.values(), self.subjects.values(), self.claims)

    # Files

    def _case(self) -> None:
        path = self.folder / _CASE_FILE
        if not path.is_file():
            hint = "it gives the id and the title of the case"
            self.problems.append(Problem(_CASE_FILE, what="the file is missing", hint=hint))
            return
        before = len(self.problems)
        tree = read_tree(path, _CASE_FILE, self.problems)
        if tree is None:
            if len(self.problems) == before:
                self.problems.append(Problem(_CASE_FILE, 1, what="case: id is missing"))
            return
        given = self.fields(_CASE_FILE, tree, _CASE, "case")
        name = self._id(_CASE_FILE, tree, given, "case") or self.folder.name
        title = dict(self._by_language(given, "title"))
        description = dict(self._by_language(given, "description"))
        states = tuple(
            self.refer(_CASE_FILE, node, ("party",)) for node in _listed(given.get("states"))
        )
        self.case = Case(name, title, description, states)

    def _by_language(self, given: dict[str, Node], key: str) -> Iterator[tuple[str, str]]:
        if key in given:
            for text, language in self.texts(_CASE_FILE, given[key], key):
                yield language or "en", text

    def _blocks(self, path: Path) -> None:
        self.add_blocks(path.name, read_tree(path, path.name, self.problems))

    def add_blocks(self, name: str, tree: Node | None) -> None:
        """Take in the blocks of one file."""
        if tree is None or tree.is_missing:
            return
        if tree.kind != "list":
            self.problem(name, tree, "a list of blocks is wanted", "begin each with '- id:'")
            return
        for block in tree.items:
            if name == _SOURCE_FILE or self._is_source(block):
                self._source(name, block)
            else:
                self._subject(name, block)

    def _is_source(self, block: Node) -> bool:
        keys = {key.text for key, _ in block.pairs}
        return self.base is not None and "publisher" in keys and "kind" not in keys

    def _id(self, file: str, node: Node, given: dict[str, Node], what: str) -> str | None:
        if "id" not in given:
            if node.kind == "mapping":
                self.problem(file, node, f"{what}: id is missing")
            return None
        text = self.scalar(file, given["id"], "id")
        if text is not None and not IDENTIFIER.fullmatch(text):
            hint = "use small Latin letters, digits and hyphens"
            self.problem(file, given["id"], f"{text!r} is no id", hint)
            return None
        return text

    # Sources

    def _source(self, file: str, block: Node) -> None:
        given = self.fields(file, block, _SOURCE, "source")
        name = self._id(file, block, given, "source")
        for key in ("publisher", "lang"):
            if key not in given and block.kind == "mapping":
                self.problem(file, block, f"source {name or ''}: {key} is missing")
        texts = {
            key: self.scalar(file, node, key) or ""
            for key, node in given.items()
            if key not in ("id", "published")
        }
        published = (
            self.date(file, given["published"], "published") if "published" in given else None
        )
        basis = texts.setdefault("published_basis", "stated")
        if basis not in ("stated", "inferred"):
            node = given["published_basis"]
            self.problem(
                file, node, f"published_basis: unknown code {basis!r}", "stated or inferred"
            )
        elif basis == "inferred" and not texts.get("published_reason"):
            self.problem(file, block, f"source {name or ''}: published_reason is missing")
        texts.setdefault("publisher", "")
        texts.setdefault("lang", "")
        if name is None:
            return
        where = Place(file, given["id"].row, given["id"].column)
        if name in self.sources:
            self._twice(file, given["id"], "source", name, self.sources[name].where)
        else:
            self.sources[name] = Source(id=name, published=published, where=where, **texts)

    def _twice(self, file: str, node: Node, what: str, name: str, first: Place) -> None:
        self.problem(file, node, f"the {what} id {name!r} stands twice", f"first in {first}")

    # Subjects

    def _subject(self, file: str, block: Node) -> None:
        given = self.fields(file, block, (), "block")
        name = self._id(file, block, given, "block")
        known = self._known(name)
        kind = known.kind if known and "kind" not in given else self._kind(file, block, given)
        if known is not None and kind not in (None, known.kind):
            self.problem(file, given["kind"], f"{name!r} is a {known.kind} already")
        if name is not None:
            where = Place(file, given["id"].row, given["id"].column)
            if name in self.subjects and known is None:
                self._twice(file, given["id"], "subject", name, self.subjects[name].where)
            elif kind is not None:
                self.subjects[name] = Subject(name, kind, where)
        if kind is None:
            return
        for needed in _NEEDED.get(kind, ()):
            if needed not in given and known is None:
                self.problem(file, block, f"{kind} {name or ''}: {needed} is missing")
        for key, node in block.pairs:
            if key.text not in ("id", "kind") and given.get(key.text) is node:
                self._property(file, key, node, name or "", kind)

    def _known(self, name: str | None) -> Subject | None:
        """The subject that additions may speak of again: in the base, or added before."""
        if self.base is None or name is None:
            return None
        return self.base.subject(name) if self.base.has(name) else self.subjects.get(name)

    def _kind(self, file: str, block: Node, given: dict[str, Node]) -> str | None:
        if "kind" not in given:
            if block.kind == "mapping":
                self.problem(file, block, "block: kind is missing", f"one of {', '.join(KINDS)}")
            return None
        text = self.scalar(file, given["kind"], "kind")
        if text is not None and text not in KINDS:
            self.problem(file, given["kind"], f"unknown kind {text!r}", near(text, KINDS))
            return None
        return text

    def _property(self, file: str, key: Node, node: Node, subject: str, kind: str) -> None:
        declared = property_of(kind, key.text)
        if declared is None:
            if key.text in property_names():
                what = f"the property {key.text!r} is not allowed for the kind {kind}"
                self.problem(file, key, what)
            else:
                hint = near(key.text, properties()[kind])
                self.problem(file, key, f"unknown property {key.text!r}", hint)
            return
        items = _listed(node)
        if not items:
            self.problem(file, node, f"{declared.name}: the value is missing")
        for item in items:
            self._item(file, item, subject, declared)

    # Claims

    def _item(self, file: str, node: Node, subject: str, declared: Property) -> None:
        keys = {key.text for key, _ in node.pairs}
        if node.kind != "mapping" or not keys & {"value", "polarity"}:
            for value, language in self.values(file, node, declared):
                place = Place(file, node.row, node.column)
                claim = Claim(subject, declared.name, value, language=language, where=place)
                self._add(file, node, claim)
            return
        given = self.fields(file, node, _ITEM, declared.name)
        polarity = self._enum(file, given, "polarity", Polarity) or Polarity.AFFIRMED
        values: list[tuple[Value | None, str]] = []
        if "value" in given:
            values.extend(self.values(file, given["value"], declared))
        elif polarity is Polarity.NOT_FOUND:
            values.append((None, ""))
        else:
            self.problem(file, node, f"{declared.name}: value is missing")
        self._claims(file, node, given, subject, declared, polarity, values)

    def _claims(
        self,
        file: str,
        node: Node,
        given: dict[str, Node],
        subject: str,
        declared: Property,
        polarity: Polarity,
        values: list[tuple[Value | None, str]],
    ) -> None:
        """One claim for each value and each source."""
        texts: dict[str, str] = {
            key: self.scalar(file, given[key], key) or ""
            for key in ("searched", "language", "original", "reason", "note")
            if key in given
        }
        for key in ("said_by", "by"):
            if key in given:
                texts[key] = self.speaker(file, given[key], key) or ""
        rank = self._enum(file, given, "rank", Rank) or Rank.NORMAL
        if rank is not Rank.NORMAL and not texts.get("reason"):
            self.problem(file, given["rank"], f"{declared.name}: a rank needs its reason")
        if polarity is Polarity.NOT_FOUND and not texts.get("searched"):
            self.problem(
                file, node, f"{declared.name}: not_found needs searched, what was searched"
            )
        valid = self._date_of(file, given, "valid")
        modality = self._enum(file, given, "modality", Modality) or Modality.ACTUAL
        basis = self._enum(file, given, "basis", Basis) or Basis.REPORTED
        sources = self._sources_of(file, given) or [("", "")]
        told = texts.pop("language", "")
        for value, language in values:
            for source, locator in sources:
                claim = Claim(
                    subject,
                    declared.name,
                    value,
                    valid=valid,
                    source=source,
                    locator=locator,
                    polarity=polarity,
                    modality=modality,
                    basis=basis,
                    rank=rank,
                    language=language or told,
                    where=Place(file, node.row, node.column),
                    **texts,
                )
                self._add(file, node, claim)

    def _sources_of(self, file: str, given: dict[str, Node]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for node in _listed(given.get("sources")):
            locator = ""
            target: Node | None = node
            if node.kind == "mapping":
                parts = self.fields(file, node, ("id", "locator"), "sources")
                target = parts.get("id")
                if target is None:
                    self.problem(file, node, "sources: id is missing")
                if "locator" in parts:
                    locator = self.scalar(file, parts["locator"], "locator") or ""
            if target is None or (name := self.scalar(file, target, "sources")) is None:
                continue
            where = Place(file, target.row, target.column)
            self.source_references.append(Reference(name, (), where))
            found.append((name, locator))
        return found

    def _date_of(self, file: str, given: dict[str, Node], key: str) -> Edtf | None:
        return self.date(file, given[key], key) if key in given else None

    def _enum(self, file: str, given: dict[str, Node], key: str, kind: type[_Code]) -> _Code | None:
        if key not in given:
            return None
        text = self.scalar(file, given[key], key)
        known = [member.value for member in kind]
        if text is None or text in known:
            return None if text is None else kind(text)
        self.problem(file, given[key], f"{key}: unknown code {text!r}", near(text, known))
        return None

    def _add(self, file: str, node: Node, claim: Claim) -> None:
        if claim in self.claims:
            first = self.claims[claim]
            self.problem(
                file, node, f"{claim.property}: the same claim stands twice", f"first in {first}"
            )
        else:
            self.claims[claim] = claim.where

    # References

    def _look_up(self) -> None:
        subjects = {s.id: s for s in self.base.subjects()} if self.base else {}
        subjects |= self.subjects
        sources = {**(self.base.sources if self.base else {}), **self.sources}
        for used in self.references:
            if not used.name:
                continue
            subject = subjects.get(used.name)
            if subject is None:
                known = near(used.name, subjects)
                self._lost(used, f"there is no subject {used.name!r}", known)
            elif used.kinds and subject.kind not in used.kinds:
                wanted = " or ".join(used.kinds)
                what = f"{used.name!r} is a {subject.kind}, wanted is a {wanted}"
                self._lost(used, what, "")
        for used in self.source_references:
            if used.name not in sources:
                what = f"there is no source {used.name!r} in {_SOURCE_FILE}"
                self._lost(used, what, near(used.name, sources))

    def _lost(self, used: Reference, what: str, hint: str) -> None:
        place = used.where
        self.problems.append(Problem(place.file, place.row, str(place.column), what, hint))


def _listed(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.items if node.kind == "list" else [node]
