"""A small mutator: texts near to good ones, with hostile pieces put in, kept where they are news.

It knows nothing of the code under test but how each text ended (its *shape*: the kind of answer, or
the mistakes told without the words quoted in them). A text that ends in a new way joins the pool
from which the next ones are made, so that a run works itself into the parser.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Hashable, Iterable

from mithaq.errors import DataError

HOSTILE = (
    "\x00", "\x07", "\x1b[2J\x1b]0;owned\x07", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe",
    "\u202e", "\u2066\u202d\u2069", "\u200f", "e\u0301" * 20, "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "ﷺ", "İ", "ß", "\U0010ffff",
    "'; DROP TABLE claims; --", '"; DELETE FROM terms; --', "' OR '1'='1", "%s%n%(x)s", "{0}{x!r}",
    "\\x00\\u202e\\uD800", "$(touch x)", "=1+1", "</script><script>", "../../etc/passwd",
    "&a [*a,*a,*a]", "*a", "!!python/object/apply:os.system [x]", "<<: *a", "? - ", "|+9\n",
    ">-\n ", "", "- " * 60, "[" * 60, "{a: " * 60, "---\n", "...\n", "%YAML 1.1\n", "\t",
    "\r\n", "\r", "\n\n",
    "9" * 40, "1e999", "-0", "NaN", ".inf", "٢٠٠٦", "²", "0x10", "1_000", "null", "~", "true",
    "2006-02-30", "9999-12-31/..", "0000", "20XX", "2006-XX-04", "2006?~%", "../..", "0001-01-01",
    "a" * 3000, "é" * 300,
)  # fmt: skip
"""Pieces that have broken parsers: control characters, overrides, bombs, SQL, odd numbers."""

_MARKS = re.compile(r"[^\w\s]|\s+|\w+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


class Mutator:
    """Texts made of seeds, one after the other, the same for the same number."""

    def __init__(self, seeds: Iterable[str], words: Iterable[str], number: int) -> None:
        self.pool = list(seeds)
        self.words = [*words, *HOSTILE]
        self.chance = random.Random(number)

    def next(self) -> str:
        """A text near to one of the pool."""
        text = self.chance.choice(self.pool)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3, 8))):
            text = self._changed(text)
        return text

    def _changed(self, text: str) -> str:
        chance = self.chance
        parts = _MARKS.findall(text) or [""]
        place = chance.randrange(len(parts))
        match chance.randrange(7):
            case 0:
                parts[place] = chance.choice(self.words)
            case 1:
                parts.insert(place, chance.choice(self.words))
            case 2:
                del parts[place : place + chance.choice((1, 1, 2, 9))]
            case 3:
                parts[place:place] = parts[place : place + chance.choice((1, 4, 20))]
            case 4:
                other = chance.randrange(len(parts))
                parts[place], parts[other] = parts[other], parts[place]
            case 5:
                other_parts = _MARKS.findall(chance.choice(self.pool)) or [""]
                parts[place:] = other_parts[chance.randrange(len(other_parts)) :]
            case _:
                letters = list(text) or [" "]
                spot = chance.randrange(len(letters))
                letters[spot] = chr(chance.choice((0, 9, 10, 34, 39, 58, 91, 123, 127, 0x202E)))
                return "".join(letters)
        return "".join(parts)


def shape_of(error: DataError) -> Hashable:
    """The mistakes told, without what they quote."""
    return frozenset(_QUOTED.sub("", problem.what)[:60] for problem in error.problems)


def fuzz(
    target: Callable[[str], Hashable],
    seeds: Iterable[str],
    *,
    seconds: float,
    number: int,
    words: Iterable[str] = (),
    most: int = 10**9,
) -> int:
    """Give a target mutated texts for a time; the number of texts tried.

    ``target`` returns the shape of its answer and raises where something is wrong; the text at
    fault is then told.
    """
    mutator = Mutator(seeds, words, number)
    seen: set[Hashable] = set()
    tried = 0
    until = time.monotonic() + seconds
    while tried < most and time.monotonic() < until:
        text = mutator.next()
        try:
            shape = target(text)
        except BaseException as error:
            error.add_note(f"mutator {number}, text {tried}: {text!r}")
            raise
        tried += 1
        if shape not in seen and len(text) < 20_000:
            seen.add(shape)
            mutator.pool.append(text)
    return tried
