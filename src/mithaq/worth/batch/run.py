"""The one function that runs a batch.

A task is a function of an importable module; an item is a plain value. Items of the same key are
one item. Results come back keyed, in the order in which the items were given, whatever the order in
which they were done; an item may fail alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from mithaq.errors import BatchError
from mithaq.worth.batch.keys import content_key
from mithaq.worth.batch.places import Failed, Where, place_for
from mithaq.worth.batch.store import Kept, Stored

__all__ = ["BatchResult", "Progress", "batch"]

R = TypeVar("R")
Progress = Callable[[int, int], None]


class Keyed(Protocol):
    """Items by key that are made one by one as they are asked for."""

    def __len__(self) -> int: ...

    def items(self) -> Iterable[tuple[str, Any]]:
        """Keys with their items."""
        ...


@dataclass(frozen=True)
class BatchResult(Generic[R]):
    """What a batch gave: ``results`` and ``failures`` by key, both in the order of the items."""

    results: Mapping[str, R]
    failures: Mapping[str, Exception]

    def checked(self) -> Mapping[str, R]:
        """Return the results; raise :class:`BatchError` with every failure if there is one."""
        if self.failures:
            raise BatchError(self.failures)
        return self.results


def batch(
    task: Callable[[Any, Any], R],
    items: Iterable[Any] | Mapping[str, Any] | Keyed,
    *,
    shared: Any = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
    again: bool = False,
) -> BatchResult[R]:
    """Return ``task(shared, item)`` for every item, keyed by :func:`content_key` or the given keys.

    ``on``: ``"here"``; ``"processes"``, ``workers`` of them (default: one a core);
    ``"dask://HOST:PORT"``, the workers of that cluster, which must be able to import the task;
    ``"gpu"``, for a task that has a method ``together(shared, items)``. ``shared`` is sent once to
    each process or worker; results must pickle. What a task prints in a process goes to stderr.
    ``progress(done, total)`` is called from the calling thread; :class:`Pace` makes rate and time
    left of it.

    ``store`` is a folder in which results land as they end, a Parquet data set with the columns
    ``key``, ``outcome``, ``error`` and those of the results: numbers, texts, flags or None by name
    (or a single one). The same call takes up where an earlier one was killed and does nothing
    twice that the store holds; with ``again`` it does anew what failed. Results are then read from
    the store when they are asked for, numbers as floats, and items that have a length are not all
    held at a time.

    Raises ModelError for a place that there is not or a result that cannot be kept, DataError for
    a store that was begun for something else, MithaqError where the disk is full or the cluster
    has gone: what the store holds by then stays.

    >>> from operator import add
    >>> batch(add, {"x": 1, "y": 2}, shared=10).checked()
    {'x': 11, 'y': 12}
    """
    entries: Any = items if hasattr(items, "__len__") else list(items)
    count = _Count(len(entries), progress)
    seen: dict[str, None] = {}
    kept = _kept(store, task, shared, on, again) if store is not None else None

    def todo() -> Iterator[tuple[str, Any]]:
        for key, item in _keyed(entries):
            if key in seen or (kept is not None and key in kept):
                count.one()
            else:
                yield key, item
            seen[key] = None

    place = place_for(on, task, workers, len(entries))
    if kept is None:
        return _held(place(task, shared, todo()), seen, count)
    with kept, closing(place(task, shared, kept.plan(todo(), count.one))) as answers:
        for key, answer in answers:
            kept.keep(key, answer)
            count.one()
        kept.finish()
    failures = {key: kept.failed[key] for key in seen if key in kept.failed}
    order = [key for key in seen if key not in failures] if failures else list(seen)
    return BatchResult(Stored(kept.folder, order, kept.place), failures)


def _kept(store: str | Path, task: object, shared: object, on: Where, again: bool) -> Kept:
    return Kept(Path(store), task, shared, batched=on == "gpu", again=again)


def _held(
    answers: Generator[tuple[str, Any], None, None], order: Iterable[str], count: _Count
) -> BatchResult[Any]:
    """All answers in memory."""
    results: dict[str, Any] = {}
    failures: dict[str, Exception] = {}
    with closing(answers):
        for key, answer in answers:
            if isinstance(answer, Failed):
                failures[key] = answer.error
            else:
                results[key] = answer
            count.one()
    return BatchResult(
        {key: results[key] for key in order if key in results},
        {key: failures[key] for key in order if key in failures},
    )


def _keyed(items: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    if hasattr(items, "items"):
        return items.items()  # type: ignore[no-any-return]
    return ((content_key(item), item) for item in items)


class _Count:
    """Tells progress of every item that has an answer, whenever it got it."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def one(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)
