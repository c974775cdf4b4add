"""Many tasks at once: here, or in several processes.

A task is a function of an importable module; an item is a plain value. Items of the same key are
one item. Results come back keyed, in the order in which the items were given, whatever the order in
which they were done; an item may fail alone.

The processes are those of :mod:`loky`: a plain script without an ``if __name__ == "__main__"``
guard may call this, and a process that dies is noticed at once.
"""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from mithaq.errors import BatchError, MithaqError, ModelError

__all__ = ["BatchResult", "Where", "batch", "content_key"]

R = TypeVar("R")
Where = Literal["here", "processes"]
Progress = Callable[[int, int], None]
Task = Callable[[Any, Any], R]


def content_key(value: object) -> str:
    """Return a short hash of a plain value's ``repr``; equal values have equal keys.

    An item that has a text attribute ``key`` names itself.

    >>> content_key(("a", 1)) == content_key(("a", 1))
    True
    """
    own = getattr(value, "key", None)
    if isinstance(own, str):
        return own
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class BatchResult(Generic[R]):
    """What a batch gave: ``results`` and ``failures`` by key, both in the order of the items."""

    results: dict[str, R]
    failures: dict[str, Exception]

    def checked(self) -> dict[str, R]:
        """Return the results; raise :class:`BatchError` with every failure if there is one."""
        if self.failures:
            raise BatchError(self.failures)
        return self.results


def batch(
    task: Task[R],
    items: Iterable[Any] | Mapping[str, Any],
    *,
    shared: Any = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> BatchResult[R]:
    """Return ``task(shared, item)`` for every item, keyed by :func:`content_key` or the given keys.

    ``shared`` is sent once to each process. ``on="processes"`` uses ``workers`` of them (default:
    one a core); results must then pickle. What a task prints there goes to stderr.
    ``progress(done, total)`` is called from the calling thread.

    >>> from operator import add
    >>> batch(add, {"x": 1, "y": 2}, shared=10).checked()
    {'x': 11, 'y': 12}
    """
    if on not in ("here", "processes"):
        raise ModelError(f"a batch runs 'here' or in 'processes', not {on!r}")
    todo = dict(items) if isinstance(items, Mapping) else {content_key(i): i for i in items}
    results: dict[str, R] = {}
    failures: dict[str, Exception] = {}

    def keep(key: str, run: Callable[[], R]) -> None:
        try:
            results[key] = run()
        except Exception as error:  # noqa: BLE001 - one item may fail alone, whatever it raises
            failures[key] = error
        if progress:
            progress(len(results) + len(failures), len(todo))

    count = min(len(todo), workers or _cores()) if on == "processes" else 1
    if count < 2:
        for key, item in todo.items():
            keep(key, partial(task, shared, item))
    else:
        pending = _spread(task, shared, todo, count, keep)
        while pending and (pending := _spread(task, shared, pending, 1, keep)):
            # One process does them in turn: the first without an answer is what it died of.
            killer = next(iter(pending))
            del pending[killer]
            keep(killer, _died)
    return BatchResult(
        {key: results[key] for key in todo if key in results},
        {key: failures[key] for key in todo if key in failures},
    )


def _cores() -> int:
    from loky import cpu_count

    return int(cpu_count())


def _spread(
    task: Task[R],
    shared: Any,
    todo: Mapping[str, Any],
    count: int,
    keep: Callable[[str, Callable[[], R]], None],
) -> dict[str, Any]:
    """Do items in ``count`` processes until one dies; return those that then have no answer."""
    from loky import ProcessPoolExecutor

    pending, futures = dict(todo), {}
    first = (task, shared, os.getpid())
    with ProcessPoolExecutor(count, initializer=_begin, initargs=first) as pool:
        try:
            with suppress(BrokenProcessPool):
                for key, item in todo.items():
                    futures[pool.submit(_do, item)] = key
            for future in as_completed(futures):
                if not isinstance(future.exception(), BrokenProcessPool):
                    key = futures[future]
                    del pending[key]
                    keep(key, future.result)
        except BaseException:
            pool.shutdown(kill_workers=True)
            raise
    return pending


def _died() -> Any:
    raise MithaqError("the process that worked on this item died")


# In the processes

_task: Callable[[Any], Any]  # set as a process begins


def _begin(task: Task[R], shared: Any, parent: int) -> None:
    """Keep what all items share; standard output belongs to the calling process."""
    global _task  # noqa: PLW0603 - a process serves one batch
    _task = partial(task, shared)
    os.dup2(2, 1)
    if os.name == "posix":  # elsewhere a launcher may stand between
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    gc.freeze()  # loky collects garbage every second: not all that was imported again and again


def _follow(parent: int) -> None:
    """End with the calling process, which may be killed without a word to its pool."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _do(item: Any) -> Any:
    try:
        return _task(item)
    except Exception as error:  # noqa: BLE001 - raised again, fit to travel
        raise _portable(error) from None


def _portable(error: Exception) -> Exception:
    """The error, or its text where it would not come out of a pickle the same."""
    try:
        if str(pickle.loads(pickle.dumps(error))) == str(error):  # noqa: S301 - just written
            return error
    except Exception:  # noqa: BLE001, S110 - errors of other libraries need not pickle
        pass
    return MithaqError(f"{type(error).__name__}: {error}")
