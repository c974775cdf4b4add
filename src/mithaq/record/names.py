"""Names across scripts: folding for look-ups, and signs that two names were fused into one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["fold", "fused"]

# Letters that writers exchange freely: alef forms, final ya and ta, Persian letters, Russian yo.
_LETTERS = str.maketrans(
    {
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ؤ": "و",
        "ة": "ه",
        "ک": "ك",
        "ڤ": "ف",
        "پ": "ب",
        "گ": "غ",
        "ـ": None,
        "ё": "е",
        "œ": "oe",
        "æ": "ae",
    }
)
_NOT_A_LETTER = re.compile(r"[\W_]+")


@lru_cache(maxsize=8192)
def fold(words: str) -> str:
    """The words as a key in which case, accents, vowel signs and spacing do not matter.

    >>> fold("Algérie") == fold("ALGERIE"), fold("الجزائر") == fold("الْجَزَائِر")
    (True, True)
    >>> fold("Luk-Oil") == fold("Luk Oil")
    True
    """
    lowered = words.casefold().translate(_LETTERS)
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", lowered)
        if not unicodedata.combining(letter)
    )
    return _NOT_A_LETTER.sub(" ", plain.translate(_LETTERS)).strip()


def fused(words: str, known: frozenset[str]) -> tuple[str, str] | None:
    """Two known names that stand in these words without a space, or None.

    ``known`` holds folded names. The Arabic "and" is a single letter written onto the next word, so
    a missing space before it fuses two names; "and", "et" and "и" are tried as well.

    >>> fused("موسكووالجزائر", frozenset({fold("موسكو"), fold("الجزائر")})) is not None
    True
    """
    key = fold(words)
    if key in known:
        return None
    for cut in range(3, len(key) - 2):
        left, right = key[:cut], key[cut:]
        if left not in known:
            continue
        for joint in ("", "و", "and", "et", "и"):
            rest = right.removeprefix(joint)
            if right.startswith(joint) and rest in known:
                return left, rest
    return None
