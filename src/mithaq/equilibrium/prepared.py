"""What was worked out from tables is kept and used again for chains that share these tables.

Edits leave the tables that they do not touch as they are, the same objects in memory; so of two
similar chains only what depends on a changed table has to be done again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from mithaq.chain import Chain
from mithaq.chain.kept import Memory

__all__ = ["Memory", "remembered"]

Found = TypeVar("Found")


def remembered(*tables: str) -> Callable[[Callable[[Chain], Found]], Callable[[Chain], Found]]:
    """Make a function of a chain that reads these tables alone remember its last results."""

    def wrap(function: Callable[[Chain], Found]) -> Callable[[Chain], Found]:
        memory: Memory[Found] = Memory()

        @functools.wraps(function)
        def remember(chain: Chain) -> Found:
            rows = chain.many_rows(tables)
            return memory.get(tuple(map(id, rows)), rows, lambda: function(chain))

        return remember

    return wrap
