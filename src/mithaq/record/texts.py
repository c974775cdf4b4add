"""Texts that a record can hold."""

from __future__ import annotations

import re

__all__ = ["LONGEST", "fault_of_text"]

LONGEST = 1_000_000
"""The most characters of one text: a page of a newspaper has some thousands."""

# PostgreSQL holds no NUL, and no file in UTF-8 holds half of a pair.
_LOST = re.compile("[\0\ud800-\udfff]")


def fault_of_text(text: str) -> str:
    """Why a text would not survive every way of keeping it; '' where it would.

    >>> fault_of_text("word"), fault_of_text(" word")
    ('', 'a text begins or ends with a space, or is empty')
    """
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    if _LOST.search(text):
        return "a text holds a character that cannot be kept (NUL, or half of a pair)"
    if not text or text != text.strip():
        return "a text begins or ends with a space, or is empty"
    return ""
