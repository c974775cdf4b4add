"""Write the reference pages that the code itself knows best.

    python scripts/docs.py           write docs/reference/*.md anew
    python scripts/docs.py --check   change nothing; exit 1 and name the pages out of step

Commands come from click, Python names from docstrings and signatures, tables from the schema files
of the gas chain, properties and codes from those of the record, rights from the table in the code.
"""

from __future__ import annotations

import csv
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

# Help is written in the reader's language; these pages are in English.
os.environ["MITHAQ_LANG"] = "en"

import click

import mithaq
from mithaq.chain.rights import RIGHTS
from mithaq.chain.scenarios import INPUTS
from mithaq.cli import cli

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SCHEMA = ROOT / "src" / "mithaq" / "data" / "schema"
HEAD = "<!-- Written by scripts/docs.py. Do not edit; run `make docs`. -->\n\n"
# Methods that other classes inherit from Python itself say nothing new.
ROOMS = ("games", "pictures")
PLAIN = {"add_note", "with_traceback", "name", "value"}


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    return {
        "commands.md": HEAD + commands(),
        "python.md": HEAD + python(),
        "tables.md": HEAD + tables(),
        "properties.md": HEAD + properties(),
        "rights.md": HEAD + rights(),
    }


def commands() -> str:
    """One section a command: how it is called and what its options do."""
    parts = [
        "# Commands\n",
        "`mithaq` and `python -m mithaq` are the same. Exit status: 0 done, 1 the input is wrong, "
        "2 the command is used wrongly, 3 no certified equilibrium. With `--json` the last thing "
        "printed is one JSON object; its keys stand in [JSON](json.md). Each command has a Python "
        "function or method of the same name, see [Python](python.md).\n",
        "`MITHAQ_LANG` or `LANG` choose the language where `--lang` does not.\n",
    ]
    context = click.Context(cli, info_name="mithaq")
    parts += _sections(cli, context)
    return "\n".join(parts)


def _sections(group: click.Group, context: click.Context, before: str = "") -> Iterator[str]:
    """A section for each command of a group; a group within it gives one for each of its own."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            yield f"## {name}\n\n{command.help}\n"
            yield from _sections(command, inner, f"{before}{name} ")
        elif command is not None:
            yield _command(name, command, context, before)


def _command(name: str, command: click.Command, parent: click.Context, before: str = "") -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(["mithaq", before + name, *command.collect_usage_pieces(context)])
    rows = [
        (f"`{' '.join([*option.opts, _metavar(option, context)]).strip()}`", _option(option))
        for option in command.params
        if isinstance(option, click.Option)
    ]
    help_text = (command.help or "").strip()
    return (
        f"## {before}{name}\n\n{help_text}\n\n```\n{usage}\n```\n\n{_table(('option', ''), rows)}"
    )


def _metavar(option: click.Option, context: click.Context) -> str:
    return "" if option.is_flag else option.make_metavar(context)


def _option(option: click.Option) -> str:
    text = option.help or ""
    if option.required:
        return f"{text} Required."
    if option.show_default and option.default is not None:
        return f"{text} Default: `{option.default}`."
    return text


def python() -> str:
    """Every public name with its signature and docstring, in the order of the rooms."""
    parts = [
        "# Python\n",
        "Names that `import mithaq` gives. Quantities are bcm a year, prices USD/1000 m³, money "
        "million USD a year.\n",
        "```python\n>>> from mithaq import *\n>>> from mithaq.games import *\n"
        ">>> from mithaq.show.pictures import *\n\n```\n",
    ]
    named = {name: getattr(mithaq, name) for name in mithaq.__all__ if name not in ROOMS}
    for name in ROOMS:
        room = getattr(mithaq, name)
        named |= {f"{name}.{inner}": getattr(room, inner) for inner in room.__all__}
    for name, item in sorted(named.items(), key=_functions_first):
        parts.append(f"## {name}\n\n{_signature(name, item)}\n\n{_doc(item)}\n")
        if inspect.isclass(item):
            parts += [f"- {line}" for line in _members(item)]
            parts.append("")
    return "\n".join(parts)


def _functions_first(named: tuple[str, Any]) -> tuple[bool, str]:
    last = named[0].rsplit(".", maxsplit=1)[-1]
    return last[0].isupper(), named[0]


def _signature(name: str, item: Any) -> str:
    try:
        text = str(inspect.signature(item))
    except (TypeError, ValueError):
        return f"```\n{name}\n```"
    # Absolute paths of types tell a reader less than their names.
    text = re.sub(r"'([^']*)'", r"\1", text)
    text = re.sub(r"\b(?:[a-z_]+\.)+([A-Z])", r"\1", text)
    text = re.sub(r"<(?:factory|object)[^>]*>", "...", text)
    return f"```\n{name}{text}\n```"


def _doc(item: Any) -> str:
    return _markdown(inspect.getdoc(item) or "")


def _markdown(text: str) -> str:
    """A docstring as Markdown: roles become code, examples a block of Python."""
    text = re.sub(r":[a-z]+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text).replace("``", "`")
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.lstrip().startswith(">>>"):
            lines.append("```python")
            inside = True
        elif inside and not line.strip():
            lines += ["", "```"]
            inside = False
        lines.append(line.strip() if inside and not line.startswith(("...", " ")) else line)
    return "\n".join([*lines, *(["", "```"] if inside else [])])


def _members(item: type) -> Iterator[str]:
    for name, member in inspect.getmembers(item):
        if name.startswith("_") or name in PLAIN:
            continue
        static = inspect.getattr_static(item, name)
        value = isinstance(static, property | cached_property)
        if not value and not inspect.isroutine(member):
            continue
        bare = getattr(static, "fget", None) or getattr(static, "func", member)
        first = (inspect.getdoc(bare) or "").split("\n\n")[0].replace("\n", " ")
        if first and "built-in" not in first:
            yield f"`{name}{'' if value else '()'}`: {_markdown(first)}"


def tables() -> str:
    """The tables of the gas chain, attribute by attribute, from the schema that the code reads."""
    parts = [
        "# Tables of the gas chain\n",
        "A chain is a folder of CSV files, or data frames of the same columns. A column that is "
        "absent or a cell that is empty takes the default; `!` in the column of defaults marks "
        "what has none and must be given. NaN is an error. Every table may also have the columns "
        "`source` (ids of the table `sources`, joined by `;`, or `assumption: ...`) and `note`.\n",
        "Names are joined by `;`, shares are written as `A:0.51;B:0.49`.\n",
    ]
    for row in _rows(SCHEMA / "chain" / "tables.csv"):
        attributes = _rows(SCHEMA / "chain" / f"{row['table']}.csv")
        body = [
            (f"`{a['attribute']}`", _kind(a), a["unit"], _default(a), a["description"])
            for a in attributes
        ]
        key = ", ".join(f"`{part}`" for part in row["key"].split("|"))
        parts.append(
            f"## {row['table']}\n\n{row['description']} A row is known by {key}.\n\n"
            + _table(("attribute", "type", "unit", "default", "meaning"), body)
        )
    return "\n".join(parts)


def _kind(attribute: dict[str, str]) -> str:
    kind = attribute["type"]
    if attribute["refers_to"]:
        kind += f" (of {attribute['refers_to']})"
    bounds = [attribute["minimum"], attribute["maximum"]]
    if any(bounds):
        kind += f", {bounds[0] or '−∞'} to {bounds[1] or '∞'}"
    return kind


def _default(attribute: dict[str, str]) -> str:
    value = attribute["default"]
    return "!" if value == "!" else (f"`{value}`" if value else "")


def properties() -> str:
    """The properties of the record by kind of subject, then the codes."""
    parts = [
        "# Properties of the record\n",
        "What may be said of a subject. *Many*: several values may hold at once. *Compared*: how "
        "two values are found to contradict each other. *Source*: whether the check `unsourced` "
        "asks for one.\n",
    ]
    rows = _rows(SCHEMA / "properties.csv")
    for kind in dict.fromkeys(row["subject_kind"] for row in rows):
        title = "Any subject" if kind == "any" else kind.capitalize()
        body = [
            (f"`{r['property']}`", _typed(r), r["cardinality"], r["compare"],
             r["needs_source"], r["description"])
            for r in rows
            if r["subject_kind"] == kind
        ]  # fmt: skip
        head = ("property", "type", "one or many", "compared", "source", "meaning")
        parts.append(f"## {title}\n\n{_table(head, body)}")
    parts.append("## Codes\n")
    vocabulary = _rows(SCHEMA / "vocabulary.csv")
    codes = [
        (f"`{name}`", ", ".join(f"`{r['code']}`" for r in vocabulary if r["vocabulary"] == name))
        for name in dict.fromkeys(row["vocabulary"] for row in vocabulary)
    ]
    parts.append(_table(("vocabulary", "codes"), codes))
    return "\n".join(parts)


def _typed(row: dict[str, str]) -> str:
    return f"{row['type']} ({row['vocabulary']})" if row["vocabulary"] else row["type"]


def rights() -> str:
    """The kinds of rights that the leg of a scenario can give."""
    parts = [
        "# Rights of a scenario\n",
        "A scenario is a file `scenarios/<id>.yaml` of a case. Each leg is a list of rights; each "
        "right has names and parameters, and each parameter a value, other settings and its basis "
        "(a claim of the record, or an assumption). "
        "[How to value an agreement](../how-to/value-an-agreement.md) shows one. "
        f"`inputs` may name factors of the whole market for `mithaq uncertain` to draw: "
        f"{', '.join(f'`{name}`' for name in INPUTS)}, each with a range around 1 and a basis.\n",
    ]
    for kind in RIGHTS.values():
        names = [
            (f"`{key}`", f"{item.form} {item.refers}".strip(), "yes" if item.needed else "no")
            for key, item in kind.names.items()
        ]
        figures = [
            (f"`{key}`", item.unit, "yes" if item.needed else "no")
            for key, item in kind.parameters.items()
        ]
        parts.append(f"## {kind.id}\n\n{kind.description}\n")
        if names:
            parts.append(_table(("name", "refers to", "needed"), names))
        if figures:
            parts.append(_table(("parameter", "unit", "needed"), figures))
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def faults() -> list[str]:
    """Pages that are not what the code would write."""
    return [
        f"docs/reference/{name} is not in step with the code: run 'make docs'"
        for name, text in pages().items()
        if not (REFERENCE / name).exists() or (REFERENCE / name).read_text(encoding="utf-8") != text
    ]


def _write() -> int:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


def _check() -> int:
    found = faults()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_check() if "--check" in sys.argv[1:] else _write())
