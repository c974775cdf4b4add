"""The errors of mithaq.

    MithaqError
    ├── DataError      input that cannot be read or does not hold together; carries every Problem
    ├── ModelError     a question the model cannot pose (not concave, unknown label, unaligned data)
    ├── SolveError     no certified answer; carries the outcome and, if known, the rows to blame
    └── BatchError     some items of a batch failed; carries one error per item

A problem of the *data* is a :class:`Problem`, a plain value: loading collects them all and raises
one :class:`DataError` at the end, so that a file with ten mistakes gets ten lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["BatchError", "DataError", "MithaqError", "ModelError", "Problem", "SolveError"]


_LONGEST = 500


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in the input: where it stands, what it is, what to do next.

    What it quotes is anybody's text, so every part is cut to 500 characters and kept to printable
    ones: a mistake is one line, and cannot reverse, colour or clear the screen it is read on.

    >>> print(Problem(file="nodes.csv", row=3, column="latitude", what="'x' is not a number"))
    nodes.csv, row 3, column latitude: 'x' is not a number
    """

    file: str = ""
    row: int = 0
    column: str = ""
    what: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        for name in ("file", "column", "what", "hint"):
            text = getattr(self, name)
            if len(text) > _LONGEST or not text.isprintable():
                object.__setattr__(self, name, _escaped(text))

    @property
    def where(self) -> str:
        """The place as one phrase; empty where nothing is known of it."""
        parts = [self.file] if self.file else []
        if self.row:
            parts.append(f"row {self.row}")
        if self.column:
            parts.append(f"column {self.column}")
        return ", ".join(parts)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.hint})" if self.hint else text


def _escaped(text: str) -> str:
    """The text with escapes for what is not printable, its middle left out where it is long."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} ... {text[-half + 5 :]}"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


class MithaqError(Exception):
    """Parent of every error that mithaq raises on purpose."""


class DataError(MithaqError):
    """Input that cannot be used. ``problems`` lists every mistake found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the input:"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))

    def __reduce__(self) -> tuple[type[DataError], tuple[Any]]:
        """From another process it comes back the same, as no error does whose text is made up."""
        return type(self), (self.problems,)


class ModelError(MithaqError):
    """The question is well formed as data but is not one the model can answer."""


class SolveError(MithaqError):
    """No certified equilibrium. ``outcome`` names the reason; ``rows`` the constraints to blame."""

    def __init__(self, message: str, *, outcome: Any = None, rows: Sequence[str] = ()) -> None:
        self.outcome = outcome
        self.message = message
        self.rows: tuple[str, ...] = tuple(rows)
        super().__init__("\n".join([message, *(f"  {row}" for row in self.rows)]))


class BatchError(MithaqError):
    """Some items of a batch failed. ``failures`` maps the key of each to its error."""

    def __init__(self, failures: Mapping[str, Exception]) -> None:
        self.failures: dict[str, Exception] = dict(failures)
        lines = [f"  {key}: {error}" for key, error in self.failures.items()]
        super().__init__("\n".join([f"{len(self.failures)} items failed:", *lines]))

    def __reduce__(self) -> tuple[type[BatchError], tuple[Any]]:
        """From another process it comes back the same."""
        return type(self), (self.failures,)
