"""An existing list of deals: a CSV file and a mapping become a case folder.

The mapping is a YAML file that says which column fills what::

    case: {id: my-deals, title: {en: My deals}}
    parties: {SONATRACH SPA: sonatrach}
    source: {id: {column: ref}, publisher: {column: paper}, lang: {value: fr}}
    subject:
      kind: agreement
      id: {column: no}
      properties:
        name: {column: title, language: en}
        parties: {column: partners, split: ";"}
        signed: {column: date, format: "%d/%m/%Y"}
        agreement_kind: {column: type, codes: {MoU: memorandum_of_understanding}}
        quantity: {column: volume, unit: bcm/year, measures: annual_sales}

Every mistake of the file and of the mapping is told at once, with row and column.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from mithaq.errors import DataError, Problem
from mithaq.record.claims import Claim, Place, Source, Value
from mithaq.record.properties import KINDS, Property, properties, property_of
from mithaq.record.record import Case, Record, Subject
from mithaq.record.texts import fault_of_text
from mithaq.record.tree import Node, read_tree
from mithaq.record.values import IDENTIFIER, Reading, near
from mithaq.record.writer import write_case
from mithaq.words.dates import DateError, Edtf
from mithaq.words.dates_in_words import read_date

__all__ = ["import_csv", "read_csv"]

_TOP = ("case", "parties", "source", "subject")
_SUBJECT = ("kind", "id", "properties")
_SOURCE = ("id", "publisher", "lang", "url", "title", "published")
_FILL = (
    "column", "value", "split", "format", "codes", "language", "unit", "measures", "about",
)  # fmt: skip


def import_csv(file: Path, mapping: Path, out: Path) -> Record:
    """Read a CSV file by a mapping, write the case folder ``out``, and return the record.

    Nothing is written where anything is wrong. Raises DataError with every mistake.
    """
    record = read_csv(file, mapping)
    if out.is_dir() and any(out.iterdir()):
        hint = "give a new or an empty folder"
        raise DataError([Problem(str(out), what="the folder is not empty", hint=hint)])
    write_case(record, out)
    return record


def read_csv(file: Path, mapping: Path) -> Record:
    """The record of a CSV file read by a mapping. Raises DataError with every mistake."""
    reader = _Reader(file, mapping)
    record = reader.read()
    if reader.problems:
        raise DataError(sorted(reader.problems))
    return record


class _Reader(Reading):
    def __init__(self, file: Path, mapping: Path) -> None:
        super().__init__()
        self.path, self.mapping_path = file, mapping
        self.file, self.mapping = file.name, mapping.name
        self.header: list[str] = []
        self.aliases: dict[str, str] = {}
        self.sources: dict[str, Source] = {}
        self.subjects: dict[str, Subject] = {}
        self.claims: dict[Claim, None] = {}
        self.named: dict[str, str] = {}

    def read(self) -> Record:
        tree = read_tree(self.mapping_path, self.mapping, self.problems)
        given = self.fields(self.mapping, tree, _TOP, "mapping") if tree else {}
        case = self._case(given.get("case"))
        if "parties" in given:
            for name, node in self.fields(self.mapping, given["parties"], (), "parties").items():
                if party := self._id(self.mapping, node, self.scalar(self.mapping, node, "party")):
                    self.aliases[name.strip()] = party
        rows = list(self._rows())
        if tree and "subject" not in given:
            self.problem(self.mapping, tree, "subject is missing: what does a row tell of?")
        elif tree:
            self._subjects(given["subject"], given.get("source"), rows)
        self._look_up()
        self._name_columns()
        return Record(case, self.sources.values(), self.subjects.values(), self.claims)

    def _case(self, node: Node | None) -> Case:
        if node is None:
            self.problems.append(Problem(self.mapping, what="case is missing"))
            return Case("")
        given = self.fields(self.mapping, node, ("id", "title"), "case")
        if "id" not in given:
            self.problem(self.mapping, node, "case: id is missing")
            return Case("")
        name = self._id(self.mapping, given["id"], self.scalar(self.mapping, given["id"], "id"))
        titles = self.texts(self.mapping, given["title"], "title") if "title" in given else []
        return Case(name, {lang or "en": text for text, lang in titles})

    def _id(self, file: str, node: Node, text: str | None) -> str:
        if text is not None and not IDENTIFIER.fullmatch(text):
            hint = "use small Latin letters, digits and hyphens"
            self.problem(file, node, f"{text!r} is no id", hint)
            return ""
        return text or ""

    # The file

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            self.problems.append(Problem(self.file, what="not UTF-8 text", hint="save it as UTF-8"))
            return
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            self.header = [name.strip() for name in next(reader, [])]
            for number, name in enumerate(self.header, 1):
                if name in self.header[: number - 1]:
                    what = f"the column {name!r} stands twice"
                    self.problems.append(Problem(self.file, 1, str(number), what))
            row = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    if len(cells) != len(self.header):
                        what = f"{len(cells)} cells, the head has {len(self.header)}"
                        self.problems.append(Problem(self.file, row, what=what))
                    yield row, cells
                row = reader.line_num + 1
        except csv.Error as error:
            self.problems.append(Problem(self.file, reader.line_num, what=f"not CSV: {error}"))
        if not self.header:
            self.problems.append(Problem(self.file, what="the file is empty"))

    # Subjects and sources

    def _subjects(self, node: Node, source: Node | None, rows: list[tuple[int, list[str]]]) -> None:
        given = self.fields(self.mapping, node, _SUBJECT, "subject")
        kind = self.scalar(self.mapping, given["kind"], "kind") if "kind" in given else None
        name = self._fill(given["id"], "id") if "id" in given else None
        if "id" not in given:
            self.problem(self.mapping, node, "subject: id is missing")
        origin = self._source_fills(source)
        if kind not in KINDS:
            where = given.get("kind", node)
            self.problem(self.mapping, where, f"unknown kind {kind!r}", near(kind or "", KINDS))
            return
        fills = self._properties(given.get("properties"), kind)
        for row, cells in rows:
            told = self._source(origin, row, cells)
            subject = self._subject(name, kind, row, cells)
            for declared, fill in fills:
                self._claims(subject, declared, fill, told, row, cells)

    def _properties(self, node: Node | None, kind: str) -> list[tuple[Property, _Fill]]:
        found = []
        table = self.fields(self.mapping, node, (), "properties") if node else {}
        for key, value in table.items():
            declared = property_of(kind, key)
            if declared is None:
                hint = near(key, properties()[kind])
                self.problem(self.mapping, value, f"a {kind} has no property {key!r}", hint)
            elif declared.type in ("share", "office"):
                what = f"{key}: a {declared.type} cannot be read from one column"
                self.problem(self.mapping, value, what)
            elif (fill := self._fill(value, key)) is not None:
                found.append((declared, fill))
        return found

    def _source_fills(self, node: Node | None) -> dict[str, _Fill]:
        if node is None:
            return {}
        given = self.fields(self.mapping, node, _SOURCE, "source")
        for needed in ("id", "publisher", "lang"):
            if needed not in given:
                self.problem(self.mapping, node, f"source: {needed} is missing")
        fills = {key: self._fill(value, key) for key, value in given.items()}
        return {key: fill for key, fill in fills.items() if fill is not None}

    def _fill(self, node: Node, name: str) -> _Fill | None:
        """How one thing is filled: from a column, or with a fixed value."""
        given = self.fields(self.mapping, node, _FILL, name)
        texts = {
            key: self.scalar(self.mapping, item, f"{name}.{key}") or ""
            for key, item in given.items()
            if key != "codes"
        }
        codes = {
            key.strip(): self.scalar(self.mapping, item, f"{name}.codes") or ""
            for key, item in (
                self.fields(self.mapping, given["codes"], (), f"{name}.codes").items()
                if "codes" in given
                else ()
            )
        }
        if ("column" in texts) == ("value" in texts):
            self.problem(self.mapping, node, f"{name}: give either column or value")
            return None
        if "column" in texts and texts["column"] not in self.header:
            hint = near(texts["column"], self.header)
            what = f"{name}: the file has no column {texts['column']!r}"
            self.problem(self.mapping, given["column"], what, hint)
            return None
        place = self.header.index(texts["column"]) if "column" in texts else -1
        return _Fill(place, texts, codes)

    def _source(self, fills: Mapping[str, _Fill], row: int, cells: list[str]) -> str:
        if "id" not in fills:
            return ""
        texts = {key: fill.text(cells) for key, fill in fills.items()}
        name = self._id(self.file, fills["id"].node(row, cells), texts["id"] or None)
        if not name:
            return ""
        for key, text in texts.items():
            fault = fault_of_text(text) if text or key in ("publisher", "lang") else ""
            if fault:
                told = fault if text else f"{key} is missing"
                self.problem(self.file, fills[key].node(row, cells), f"source {name}: {told}")
        published = None
        if texts.get("published"):
            published = self._date(fills["published"], row, cells, "published")
        plain = {key: text for key, text in texts.items() if key not in ("id", "published")}
        plain = {"publisher": "", "lang": "", **plain}
        source = Source(id=name, published=published, where=Place(self.file, row), **plain)
        first = self.sources.setdefault(name, source)
        if first != source:
            node = fills["id"].node(row, cells)
            self.problem(self.file, node, f"source {name}: told otherwise in row {first.where.row}")
        return name

    def _subject(self, fill: _Fill | None, kind: str, row: int, cells: list[str]) -> str:
        if fill is None:
            return ""
        node = fill.node(row, cells)
        if not node.text:
            self.problem(self.file, node, "the id is missing")
            return ""
        name = node.text if IDENTIFIER.fullmatch(node.text) else _slug(node.text)
        known = self.subjects.get(name)
        if not name:
            self.problem(self.file, node, f"{node.text!r} makes no id")
        elif known is not None and known.kind != kind:
            what = f"{name!r} is a {known.kind} already"
            self.problem(self.file, node, what, "give it another id")
        else:
            self.subjects.setdefault(name, Subject(name, kind, Place(self.file, row)))
        return name

    # Claims

    def _claims(
        self,
        subject: str,
        declared: Property,
        fill: _Fill,
        source: str,
        row: int,
        cells: list[str],
    ) -> None:
        for node in fill.nodes(row, cells):
            where = Place(self.file, row, node.column)
            told = source if declared.needs_source else ""
            for value, language in self._read(node, declared, fill, row):
                claim = Claim(
                    subject, declared.name, value, source=told, language=language, where=where
                )
                self.claims.setdefault(claim, None)

    def _read(
        self, node: Node, declared: Property, fill: _Fill, row: int
    ) -> list[tuple[Value, str]]:
        if fault := fault_of_text(node.text):
            self.problem(self.file, node, f"{declared.name}: {fault}")
            return []
        match declared.type:
            case "text":
                return [(node.text, fill.texts.get("language", ""))]
            case "date":
                found = self._day(fill, node, declared.name)
                return [] if found is None else [(found, "")]
            case "quantity":
                pairs = [(Node("scalar", row, node.column, "number"), node)]
                for key in ("unit", "measures", "about"):
                    if key in fill.texts:
                        told = Node("scalar", row, node.column, fill.texts[key])
                        pairs.append((Node("scalar", row, node.column, key), told))
                whole = Node("mapping", row, node.column, pairs=pairs)
                return self.values(self.file, whole, declared)
            case "subject" if declared.vocabulary == ("party",):
                return [(self._party(node), "")]
        return self.values(self.file, node, declared)

    def _party(self, node: Node) -> str:
        """The party that a cell names; one met for the first time becomes a subject."""
        name = self.aliases.get(node.text) or self.named.get(node.text)
        if name is None:
            name = node.text if IDENTIFIER.fullmatch(node.text) else _slug(node.text)
            if not name or (name in self.named.values() and name not in self.subjects):
                name = f"party-{len(self.named) + 1}"
            self.named[node.text] = name
        if name not in self.subjects:
            where = Place(self.file, node.row, node.column)
            self.subjects[name] = Subject(name, "party", where)
            self.claims.setdefault(Claim(name, "name", node.text, where=where), None)
        elif self.subjects[name].kind != "party":
            self.problem(self.file, node, f"{name!r} is a {self.subjects[name].kind}, not a party")
        return name

    def _date(self, fill: _Fill, row: int, cells: list[str], name: str) -> Edtf | None:
        return self._day(fill, fill.node(row, cells), name)

    def _day(self, fill: _Fill, node: Node, name: str) -> Edtf | None:
        pattern = fill.texts.get("format")
        if not pattern and "language" in fill.texts:
            try:
                return read_date(node.text, fill.texts["language"])
            except DateError as error:
                self.problem(self.file, node, f"{name}: {error}")
                return None
        if not pattern:
            return self.date(self.file, node, name)
        try:
            moment = datetime.strptime(node.text, pattern)  # noqa: DTZ007 - only its day counts
        except (ValueError, re.error):
            self.problem(self.file, node, f"{name}: {node.text!r} is not written as {pattern!r}")
            return None
        digits = 10 if "%d" in pattern else 7 if re.search("%[mbB]", pattern) else 4
        text = moment.date().isoformat()[:digits]
        return self.date(self.file, Node("scalar", node.row, node.column, text), name)

    # The end

    def _look_up(self) -> None:
        for used in self.references:
            found = self.subjects.get(used.name)
            if found is None or (used.kinds and found.kind not in used.kinds):
                place, hint = used.where, near(used.name, self.subjects)
                what = f"there is no subject {used.name!r} of the right kind"
                column = str(place.column)
                self.problems.append(Problem(place.file, place.row, column, what, hint))

    def _name_columns(self) -> None:
        """Columns of the CSV file by their name, as people see them."""
        for number, problem in enumerate(self.problems):
            if problem.file == self.file and problem.column.isdigit():
                place = int(problem.column) - 1
                name = self.header[place] if 0 <= place < len(self.header) else ""
                told = Problem(problem.file, problem.row, name, problem.what, problem.hint)
                self.problems[number] = told


class _Fill:
    """Where a value comes from: a column (by its place), or a fixed text."""

    def __init__(self, place: int, texts: Mapping[str, str], codes: Mapping[str, str]) -> None:
        self.place, self.texts, self.codes = place, texts, codes

    def text(self, cells: list[str]) -> str:
        """The text of a row, with the codes of the mapping put in."""
        if self.place < 0:
            return self.texts["value"]
        told = cells[self.place].strip() if self.place < len(cells) else ""
        return self.codes.get(told, told)

    def node(self, row: int, cells: list[str]) -> Node:
        """The text with its place in the file."""
        return Node("scalar", row, max(self.place, 0) + 1, self.text(cells))

    def nodes(self, row: int, cells: list[str]) -> list[Node]:
        """The values of a row, split where the mapping says so; empty ones are left out."""
        told = self.text(cells)
        parts = told.split(self.texts["split"]) if self.texts.get("split") else [told]
        column = max(self.place, 0) + 1
        named = [self.codes.get(part.strip(), part.strip()) for part in parts]
        return [Node("scalar", row, column, part) for part in named if part]


def _slug(text: str) -> str:
    """An id made of a name in Latin letters; '' where it has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-")
