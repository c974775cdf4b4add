"""Names across scripts: folding for look-ups, and signs that two names were fused into one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["apart", "fold", "fused", "joined", "sound", "unprefixed", "without_form"]

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
        "ß": "ss",
    }
)
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# Letters that the three scripts write for sounds which writers confuse when they change script.
_SOUNDS = {
    letter: sound
    for sound, letters in {
        "k": "غجقكخgkqcxгкх",
        "s": "سزصثشjszзсцшщжч",
        "b": "بbpбп",
        "f": "فfvwфв",
        "t": "تطدذضظtdтд",
        "l": "لlл",
        "r": "رrр",
        "m": "مmм",
        "n": "نnн",
    }.items()
    for letter in letters
}
_FORMS = frozenset(
    {
        "spa", "sa", "sas", "sarl", "ag", "gmbh", "nv", "bv", "plc", "ltd", "llc", "inc", "corp",
        "corporation", "co", "company", "oao", "pao", "ao", "ooo", "zao", "jsc", "pjsc", "ojsc",
        "cjsc", "оао", "пао", "ао", "ооо", "зао", "شركه", "مجمع", "مؤسسه", "موسسه", "societe",
        "groupe", "group", "компания", "группа",
    }
)  # fmt: skip
# Letters that Arabic writes onto the word that follows: and, so, in, as, for, the.
_PROCLITICS = ("وال", "بال", "فال", "كال", "ولل", "لل", "ال", "و", "ف", "ب", "ك", "ل")
_NOT_A_LETTER = re.compile(r"[\W_]+")


@lru_cache(maxsize=8192)
def fold(words: str) -> str:
    """The words as a key in which case, accents, vowel signs and spacing do not matter.

    >>> fold("Algérie") == fold("ALGERIE"), fold("الجزائر") == fold("الْجَزَائِر")
    (True, True)
    >>> fold("Luk-Oil") == fold("Luk Oil")
    True
    """
    if words.isascii():
        return _NOT_A_LETTER.sub(" ", words.lower()).strip()
    # Styled letters lose their style first, and folding case may bring new ones: hence twice.
    lowered = unicodedata.normalize("NFKD", words).casefold()
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", lowered).casefold()
        if not unicodedata.combining(letter)
    )
    return _NOT_A_LETTER.sub(" ", plain.translate(_LETTERS).translate(_DIGITS)).strip()


@lru_cache(maxsize=8192)
def joined(words: str) -> str:
    """The folded words without the spaces between them.

    >>> joined("غاز بروم") == joined("غازبروم")
    True
    """
    return fold(words).replace(" ", "")


def without_form(words: str) -> str:
    """The folded words, joined, without legal forms such as S.p.A., OAO or شركة.

    >>> without_form("Eni S.p.A."), without_form("ОАО «Газпром»")
    ('eni', 'газпром')
    """
    parts = fold(re.sub(r"(?<=\b\w)\.(?=\w\b|\s|$)", "", words)).split()
    return "".join([part for part in parts if part not in _FORMS] or parts)


def unprefixed(words: str) -> list[tuple[str, str]]:
    """(what remains, the letters taken off) for each Arabic prefix that the words may begin with.

    >>> unprefixed("وسوناطراك")[0] == ("سوناطراك", "و")
    True
    """
    key = joined(words)
    found = [(key.removeprefix(p), p) for p in _PROCLITICS if key.startswith(p)]
    return [(rest, prefix) for rest, prefix in found if len(rest) >= 3]


def sound(words: str) -> str:
    """The consonants as one rough alphabet, so that spellings in three scripts can be compared.

    >>> sound("Gazprom") == sound("غازبروم") == sound("Газпром")
    True
    """
    found = [_SOUNDS[letter] for letter in joined(words) if letter in _SOUNDS]
    return "".join(s for i, s in enumerate(found) if i == 0 or s != found[i - 1])


def apart(a: str, b: str, most: int) -> int:
    """How many letters two words are apart (wrong, missing, intrusive or exchanged), up to a bound.

    Returns ``most + 1`` where they are further apart.

    >>> apart("gazprom", "gasprom", 2), apart("gazprom", "gazporm", 2), apart("eni", "total", 2)
    (1, 1, 3)
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        line = [i]
        for j, right in enumerate(b, 1):
            cost = min(last[j] + 1, line[j - 1] + 1, last[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            line.append(cost)
        if min(line) > most and min(last) > most:
            return most + 1
        before, last = last, line
    return min(last[-1], most + 1)


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
