"""Working on many objects that stay, without the cyclic garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_collecting"]


@contextmanager
def no_collecting() -> Iterator[None]:
    """Without the cyclic collector, which would go through all that is loaded again and again.

    What was made meanwhile goes straight to the oldest generation: it stays, as a rule, and would
    be gone through once more if it counted as young.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            if not gc.get_freeze_count():  # whoever froze something wants it to stay so
                gc.freeze()
                gc.unfreeze()
            gc.enable()
