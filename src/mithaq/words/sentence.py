"""Sentences that are made deep inside and may be said in any language where they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mithaq.words.text import Language, isolate, language

__all__ = ["Sentence", "said"]

_RIGHT_TO_LEFT_MARK = "\u200f"


class Sentence(str):
    """An English sentence that knows how it was made, so that it can be said in other languages.

    ``text`` is the key of the catalogues; ``values`` fill its placeholders. Numbers are written
    with four significant digits, sentences among the values are said in the same language, and
    several values in a row are parted by commas, several sentences by semicolons.

    >>> short = Sentence("{what}: {bcm} bcm/yr are missing", what="deal", bcm=1 / 3)
    >>> print(short)
    deal: 0.3333 bcm/yr are missing
    >>> said(short, language("fr")) != short
    True
    """

    text: str
    values: dict[str, Any]

    def __new__(cls, text: str, /, **values: Any) -> Sentence:
        made = super().__new__(cls, _filled(text, values, language("en")))
        made.text, made.values = text, values
        return made


def said(text: str, tongue: Language, name: Callable[[str], str] | None = None) -> str:
    """A sentence in the language; any other text as it is.

    ``name`` gives names within it in the language; without it they stay as they are. From right to
    left the sentence is marked as such, and names are set apart, so that none stirs its order.
    """
    if not isinstance(text, Sentence):
        return text
    told = _filled(text.text, text.values, tongue, name)
    return _RIGHT_TO_LEFT_MARK + told if tongue.direction == "rtl" else told


def _filled(
    text: str, values: dict[str, Any], tongue: Language, name: Callable[[str], str] | None = None
) -> str:
    told = {key: _value(value, tongue, name) for key, value in values.items()}
    return tongue.say(text, **told)


def _value(value: Any, tongue: Language, name: Callable[[str], str] | None) -> str:
    if isinstance(value, tuple):
        parts = [_value(part, tongue, name) for part in value]
        sentences = any(isinstance(part, Sentence) for part in value)
        return (tongue.semicolon if sentences else tongue.comma).join(parts)
    if isinstance(value, Sentence):
        return _filled(value.text, value.values, tongue, name)
    if isinstance(value, float):
        return tongue.short(value)
    plain = name(str(value)) if name else str(value)
    return isolate(plain) if tongue.direction == "rtl" else plain
