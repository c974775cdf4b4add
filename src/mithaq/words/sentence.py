"""Sentences that are made deep inside and may be said in any language where they are read."""

from __future__ import annotations

from typing import Any

from mithaq.words.text import Language, language

__all__ = ["Sentence", "said"]


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


def said(text: str, tongue: Language) -> str:
    """A sentence in the language; any other text as it is."""
    return _filled(text.text, text.values, tongue) if isinstance(text, Sentence) else text


def _filled(text: str, values: dict[str, Any], tongue: Language) -> str:
    return tongue.say(text, **{name: _value(value, tongue) for name, value in values.items()})


def _value(value: Any, tongue: Language) -> str:
    if isinstance(value, tuple):
        parts = [_value(part, tongue) for part in value]
        sentences = any(isinstance(part, Sentence) for part in value)
        return (tongue.semicolon if sentences else tongue.comma).join(parts)
    if isinstance(value, float):
        return tongue.short(value)
    return said(value, tongue) if isinstance(value, str) else str(value)
