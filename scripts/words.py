"""Collect what mithaq says to people, keep the catalogues in step with it, compile them.

    python scripts/words.py           update the .pot, the .po of every language and their .mo
    python scripts/words.py --check   change nothing; exit 1 and say what is not in step

What is said: the literal first argument of ``say``, ``mark`` and ``Sentence`` and the first two of
``plural`` in the package and its templates; the labels of ``vocabulary.csv`` and ``properties.csv``
(context: the vocabulary); the sentences of the checks and of what every worth rests on; the names
in the tables of the gas chain. New names of countries are filled in from the Unicode CLDR,
everything else waits for a translator with an empty ``msgstr``.
"""

from __future__ import annotations

import csv
import io
import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from mithaq.record.checks import CHECKS
from mithaq.worth.assumptions import GENERAL

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "mithaq"
LOCALE = PACKAGE / "words" / "locale"
TEMPLATE = LOCALE / "mithaq.pot"
LANGUAGES = ("ar", "fr", "ru")
KEYWORDS = {"say": None, "mark": None, "Sentence": None, "plural": (1, 2)}
# Columns of the shipped chain that hold names which people read.
NAMES = {
    "nodes.csv": ("name", "country", "region"),
    "firms.csv": ("name", "home"),
    "fields.csv": ("name",),
    "periods.csv": ("name",),
    "markets.csv": ("sector",),
}
# Names of the chain that CLDR spells otherwise in English.
TERRITORIES = {"Turkey": "TR", "Czech Republic": "CZ", "Bosnia": "BA", "Trinidad": "TT"}
# Six forms in the order that translators of Arabic know (Babel's own differs in the last two).
ARABIC = (
    "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5)"
)
# Dates in the files would make two runs differ.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
UNSTABLE = ('"POT-Creation-Date', '"PO-Revision-Date', '"Last-Translator', '"Language-Team',
            '"Generated-By', '"Report-Msgid-Bugs-To')  # fmt: skip

Said = tuple[str, str | tuple[str, ...], str | None]
"""Where it is said, the sentence (or its two forms), the context."""


def said() -> Iterator[Said]:
    """Everything that the package says, once a place."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield from _calls(path)
    for path in sorted((PACKAGE / "show" / "templates").rglob("*")):
        if path.suffix in {".html", ".j2", ".jinja", ".svg", ".txt"}:
            yield from _template_calls(path)
    schema = PACKAGE / "data" / "schema"
    for row in _rows(schema / "vocabulary.csv"):
        yield _place(schema / "vocabulary.csv"), row["label"], row["vocabulary"]
    for row in _rows(schema / "properties.csv"):
        yield _place(schema / "properties.csv"), row["label"], "property"
    for check in CHECKS:
        yield "src/mithaq/record/checks.py", check.message, None
    for sentence in GENERAL:
        yield "src/mithaq/worth/assumptions.py", sentence, None
    for table in sorted((PACKAGE / "data" / "gas").rglob("*.csv")):
        for row in _rows(table) if table.name in NAMES else ():
            for column in NAMES[table.name]:
                if text := (row.get(column) or "").strip():
                    yield _place(table), text, None


def template() -> Catalog:
    """The catalogue of everything said, without translations."""
    catalog = _fresh(None)
    for place, sentence, context in said():
        catalog.add(sentence, locations=[(place, 0)], context=context)
    return catalog


def update(code: str, pot: Catalog) -> Catalog:
    """The catalogue of one language, brought up to the template; what is no longer said goes."""
    catalog = load(code)
    catalog.update(pot, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    for message in catalog:
        if message.id and not message.string and message.context is None:
            message.string = _country(str(message.id), code)
    return catalog


def load(code: str) -> Catalog:
    """The catalogue of one language as it stands in its .po file; empty where there is none."""
    path = po(code)
    if not path.exists():
        return _fresh(code)
    with path.open("rb") as stream:
        catalog = read_po(stream, locale=code)
    catalog.creation_date = catalog.revision_date = EPOCH
    return catalog


def po(code: str) -> Path:
    """Where the translations of a language stand."""
    return LOCALE / code / "LC_MESSAGES" / "mithaq.po"


def compiled(catalog: Catalog) -> bytes:
    """The .mo of a catalogue."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def written(catalog: Catalog) -> str:
    """The .po of a catalogue, the same for the same content."""
    stream = io.BytesIO()
    write_po(
        stream, catalog, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True
    )
    lines = stream.getvalue().decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith(UNSTABLE)) + "\n"


def faults() -> list[str]:
    """What is not in step, not translated or not well translated; empty where all is well."""
    pot = template()
    wanted = {_key(message) for message in pot if message.id}
    found = []
    if not TEMPLATE.exists() or _keys(TEMPLATE) != wanted:
        found.append("mithaq.pot is not in step with the code: run 'make words'")
    for code in LANGUAGES:
        catalog = load(code)
        present = {_key(message) for message in catalog if message.id}
        found += [
            f"{code}: not in the catalogue: {key!r}" for key in sorted(wanted - present, key=str)
        ]
        found += [f"{code}: no longer said: {key!r}" for key in sorted(present - wanted, key=str)]
        for message in catalog:
            found += [f"{code}: {fault}: {message.id!r}" for fault in _message_faults(message)]
        binary = po(code).with_suffix(".mo")
        if not binary.exists() or binary.read_bytes() != compiled(catalog):
            found.append(f"{code}: mithaq.mo is not in step with mithaq.po: run 'make words'")
    return found


def placeholders(text: str) -> set[str]:
    """The names within braces of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _message_faults(message: Message) -> Iterator[str]:
    if not message.id:
        return
    source = message.id if isinstance(message.id, str) else message.id[-1]
    forms = [message.string] if isinstance(message.string, str) else list(message.string or [])
    if not all(forms):
        yield "not translated"
        return
    if message.fuzzy:
        yield "marked fuzzy"
    for form in forms:
        # A form for exactly one or two may say the number in words.
        missing = placeholders(source) ^ placeholders(form)
        if missing and not (len(forms) > 1 and missing <= {"n"}):
            yield f"placeholders differ ({', '.join(sorted(missing))})"


def _calls(path: Path) -> Iterator[Said]:
    utf8 = {"encoding": "utf-8"}
    with path.open("rb") as stream:
        for _, sentence, _, _ in extract("python", stream, keywords=KEYWORDS, options=utf8):
            yield _place(path), sentence, None


def _template_calls(path: Path) -> Iterator[Said]:
    """What a template says, whether it calls ``say(...)`` or ``words.say(...)``."""
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        name = getattr(call.node, "attr", None) or getattr(call.node, "name", None)
        if name not in KEYWORDS:
            continue
        wanted = len(KEYWORDS[name] or (1,))
        texts = [a.value for a in call.args[:wanted] if isinstance(a, nodes.Const)]
        if len(texts) == wanted:
            yield _place(path), texts[0] if wanted == 1 else tuple(texts), None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _fresh(code: str | None) -> Catalog:
    catalog = Catalog(
        locale=code,
        project="mithaq",
        header_comment="# What mithaq says. The English sentence is the key.",
        creation_date=EPOCH,
        revision_date=EPOCH,
        fuzzy=False,
    )
    if code == "ar":
        vars(catalog).update(_num_plurals=6, _plural_expr=ARABIC)
    return catalog


def _key(message: Message) -> tuple[str | None, object]:
    identity = message.id if isinstance(message.id, str) else tuple(message.id)
    return message.context, identity


def _keys(path: Path) -> set[tuple[str | None, object]]:
    with path.open("rb") as stream:
        return {_key(message) for message in read_po(stream) if message.id}


@lru_cache
def _countries() -> dict[str, str]:
    return {name: code for code, name in Locale("en").territories.items()} | TERRITORIES


def _country(name: str, code: str) -> str:
    territory = _countries().get(name, "")
    return str(Locale(code).territories.get(territory, ""))


def _write() -> int:
    pot = template()
    LOCALE.mkdir(exist_ok=True)
    TEMPLATE.write_text(written(pot), encoding="utf-8")
    for code in LANGUAGES:
        path = po(code)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A template of its own: updating shares messages between template and catalogue.
        path.write_text(written(update(code, template())), encoding="utf-8")
        catalog = load(code)
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        ready = sum(1 for message in catalog if message.id and not list(_message_faults(message)))
        print(f"{code}: {ready} of {len(catalog)} translated")
    return 0


def _check() -> int:
    found = faults()
    for fault in found[:40]:
        print(fault)
    if len(found) > 40:
        print(f"... and {len(found) - 40} more")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_check() if "--check" in sys.argv[1:] else _write())
