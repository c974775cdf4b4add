"""YAML as a plain tree that knows where each thing stands.

The tree is built from the parser's events, without recursion and without any typing of scalars: a
scalar stays the text that was written, so ``no``, ``2006-08`` and ``1e3`` keep their spelling.
Anchors, aliases and tags are refused (a record needs none, and they hide bombs); nesting and size
are bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from mithaq.errors import Problem

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Node", "parse_tree", "read_tree"]

MAX_BYTES = 32_000_000
MAX_DEPTH = 40
_ENDS = frozenset({yaml.SequenceEndEvent, yaml.MappingEndEvent})
_NODES = frozenset(
    {yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent, yaml.AliasEvent}
)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """A scalar, a list or a mapping, with its row and column (from 1)."""

    kind: Literal["scalar", "list", "mapping"]
    row: int
    column: int
    text: str = ""
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    @property
    def is_missing(self) -> bool:
        """Whether nothing is written here."""
        return self.kind == "scalar" and not self.text.strip()


class _RefusedError(Exception):
    """Stops reading a file at a thing that the format does not have."""

    def __init__(self, event: Any, what: str, hint: str = "") -> None:
        self.row = event.start_mark.line + 1
        self.column = event.start_mark.column + 1
        self.what, self.hint = what, hint
        super().__init__(what)


def read_tree(path: Path, shown: str, problems: list[Problem]) -> Node | None:
    """Read one YAML file; None where it is empty or cannot be read (then a problem is added).

    ``shown`` is the name of the file in problems.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "the system refused"
        problems.append(Problem(shown, 0, "", f"cannot be read: {reason}"))
        return None
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1e6:.0f} MB is more than a record file may hold"
        problems.append(Problem(shown, 0, "", size, "split the file"))
        return None
    text = _decode(data, shown, problems)
    return None if text is None else parse_tree(text, shown, problems)


def parse_tree(text: str, shown: str, problems: list[Problem]) -> Node | None:
    """The tree of a YAML text; None where it is empty or refused (then a problem is added)."""
    try:
        return _compose(text)
    except _RefusedError as error:
        problems.append(Problem(shown, error.row, str(error.column), error.what, error.hint))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row, column = (mark.line + 1, str(mark.column + 1)) if mark else (0, "")
        what = f"not valid YAML: {error.problem or error.context or 'unreadable'}"
        problems.append(Problem(shown, row, column, what))
    except (yaml.YAMLError, RecursionError) as error:
        row, column = _place_of(error, text)
        problems.append(Problem(shown, row, column, "not valid YAML: a character is not allowed"))
    return None


def _decode(data: bytes, shown: str, problems: list[Problem]) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = data[: error.start]
        row = good.count(b"\n") + 1
        column = len(good) - (good.rfind(b"\n") + 1) + 1
        problems.append(
            Problem(shown, row, str(column), "not UTF-8 text", "save the file as UTF-8")
        )
        return None


def _place_of(error: Exception, text: str) -> tuple[int, str]:
    position = getattr(error, "position", None)
    if not isinstance(position, int) or position > len(text):
        return 0, ""
    before = text[:position]
    return before.count("\n") + 1, str(len(before) - (before.rfind("\n") + 1) + 1)


def _compose(text: str) -> Node | None:
    loader = _Loader(text)
    try:
        return _build(loader)
    finally:
        loader.dispose()


def _build(loader: Any) -> Node | None:
    """Fold the events into a tree, with a stack of our own in place of recursion."""
    root: Node | None = None
    stack: list[Node] = []
    keys: list[Node | None] = []
    while True:
        event = loader.get_event()
        kind = type(event)
        if kind in _ENDS:
            stack.pop()
            keys.pop()
            continue
        if kind not in _NODES:
            if kind is yaml.StreamEndEvent:
                return root
            if kind is yaml.DocumentStartEvent and root is not None:
                raise _RefusedError(event, "a second document in one file", "keep one a file")
            continue
        node = _node(event)
        if stack:
            _attach(stack[-1], keys, node, event)
        else:
            root = node
        if node.kind != "scalar":
            if len(stack) >= MAX_DEPTH:
                raise _RefusedError(event, f"nested deeper than {MAX_DEPTH} levels")
            stack.append(node)
            keys.append(None)


def _node(event: Any) -> Node:
    mark = event.start_mark
    row, column = mark.line + 1, mark.column + 1
    kind = type(event)
    if kind is yaml.AliasEvent:
        raise _RefusedError(event, "an alias is not part of the format", "write the value out")
    if event.anchor is not None:
        raise _RefusedError(event, "an anchor is not part of the format", "write the value out")
    if event.tag is not None:
        raise _RefusedError(event, f"the tag {event.tag} is not part of the format")
    if kind is yaml.ScalarEvent:
        return Node("scalar", row, column, event.value)
    return Node("list" if kind is yaml.SequenceStartEvent else "mapping", row, column)


def _attach(parent: Node, keys: list[Node | None], node: Node, event: Any) -> None:
    if parent.kind == "list":
        parent.items.append(node)
        return
    key = keys[-1]
    if key is None:
        if node.kind != "scalar":
            raise _RefusedError(event, "a key must be a word")
        keys[-1] = node
        return
    parent.pairs.append((key, node))
    keys[-1] = None
