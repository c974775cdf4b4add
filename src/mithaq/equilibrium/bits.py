"""Masks with their columns as bits of whole words, so that many are joined in one operation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["packed", "unpacked"]

Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]
WORD = 8  # bytes


def packed(mask: Mask) -> Words:
    """The rows of a mask as words: rows x words.

    >>> packed(np.array([[True, False], [True, True]])).shape
    (2, 1)
    """
    found = np.packbits(mask, axis=1)
    whole = np.zeros((len(mask), -(-found.shape[1] // WORD) * WORD), dtype=np.uint8)
    whole[:, : found.shape[1]] = found
    return whole.view(np.uint64)


def unpacked(words: Words, count: int) -> Mask:
    """The mask with so many columns again.

    >>> unpacked(packed(np.array([[True, False], [True, True]])), 2).tolist()
    [[True, False], [True, True]]
    """
    return np.unpackbits(words.view(np.uint8), axis=1, count=count).view(bool)
