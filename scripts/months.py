"""Write the table of month names that ``mithaq.words.dates_in_words`` reads.

    python scripts/months.py           write src/mithaq/words/months.csv anew
    python scripts/months.py --check   change nothing; exit 1 where the table is not in step

The names are those of the Unicode CLDR (as Babel carries it) for Arabic in every country, French,
Russian and English, wide and abbreviated, alone and after a day, folded as look-ups fold them.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

from babel import Locale
from babel.localedata import locale_identifiers

from mithaq.words.dates_in_words import key

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "src" / "mithaq" / "words" / "months.csv"
LANGUAGES = ("ar", "en", "fr", "ru")
# English in Deseret and Shavian letters, which no newspaper uses.
HISTORIC = {"Dsrt", "Shaw"}
# Spellings that newspapers use and the CLDR does not have.
MORE = {
    "ar": {"كانون ثاني": 1, "تشرين أول": 10, "تشرين ثاني": 11, "كانون أول": 12},
    # The prepositional case, after "in".
    "ru": {"январе": 1, "феврале": 2, "марте": 3, "апреле": 4, "мае": 5, "июне": 6, "июле": 7,
           "августе": 8, "сентябре": 9, "октябре": 10, "ноябре": 11, "декабре": 12},
}  # fmt: skip


def spellings(language: str) -> dict[str, int]:
    """Folded spelling -> number of the month, over all countries of a language."""
    found: dict[str, int] = {}
    for identifier in sorted(locale_identifiers()):
        if identifier.split("_")[0] != language or HISTORIC & set(identifier.split("_")):
            continue
        months = Locale.parse(identifier).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[context][width].items():
                    if not name.strip(".").isdigit():
                        _add(found, name, number)
    for name, number in MORE.get(language, {}).items():
        _add(found, name, number)
    return found


def _add(found: dict[str, int], name: str, number: int) -> None:
    folded = key(name)
    if found.setdefault(folded, number) != number:
        raise SystemExit(f"{name!r} names two months")


def table() -> str:
    """The table as CSV: language, spelling, month."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["language", "spelling", "month"])
    for language in LANGUAGES:
        for name, number in sorted(spellings(language).items(), key=lambda item: (item[1], item)):
            writer.writerow([language, name, number])
    return stream.getvalue()


def main() -> int:
    """Write or check the table."""
    if "--check" in sys.argv[1:]:
        if TABLE.exists() and TABLE.read_text("utf-8") == table():
            return 0
        print("words/months.csv is not in step: run 'python scripts/months.py'")
        return 1
    TABLE.write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
