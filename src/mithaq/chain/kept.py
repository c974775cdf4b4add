"""The last results of a kind of work, kept so that it need not be done again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

__all__ = ["Memory"]

Found = TypeVar("Found")
KEPT = 16  # results of each kind; a chain's tables stay in memory as long as one of theirs is kept


class Memory(Generic[Found]):
    """The last results of one kind, by key. What it hands out is shared: do not change it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, Found]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, held: Any, make: Callable[[], Found]) -> Found:
        """The result under ``key``, made if there is none.

        ``held`` is whatever the key names by identity: as long as it is kept, nothing else can have
        that identity.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][1]
        found = make()
        with self._lock:
            self._kept[key] = (held, found)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found
