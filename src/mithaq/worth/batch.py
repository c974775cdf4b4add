"""Many tasks at once: here, or here and in further processes.

A task is a function of an importable module; an item is a plain value. Items of the same key are
one item. Results come back keyed, in the order in which the items were given, whatever the order in
which they were done; an item may fail alone.

The further processes are started by hand and not by :mod:`multiprocessing`, for two reasons: a
plain script without an ``if __name__ == "__main__"`` guard may call this, and a process that dies
takes down the item it was at and no other.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Generic, Literal, TypeVar

from mithaq.errors import BatchError, MithaqError, ModelError

__all__ = ["BatchResult", "Where", "batch", "content_key"]

T = TypeVar("T")
R = TypeVar("R")
Where = Literal["here", "processes"]
Progress = Callable[[int, int], None]

_SERVE = "from mithaq.worth.batch import _serve; _serve()"


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
    task: Callable[[Any, Any], R],
    items: Iterable[Any] | Mapping[str, Any],
    *,
    shared: Any = None,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
) -> BatchResult[R]:
    """Return ``task(shared, item)`` for every item, keyed by :func:`content_key` or the given keys.

    ``shared`` is sent once to each process. ``on="processes"`` uses this process and
    ``workers - 1`` others (default: one a core); ``task`` must then stand in an importable module
    and results must pickle. ``progress(done, total)`` is called from the calling thread.

    >>> from operator import add
    >>> batch(add, {"x": 1, "y": 2}, shared=10).checked()
    {'x': 11, 'y': 12}
    """
    todo = dict(items) if isinstance(items, Mapping) else {content_key(i): i for i in items}
    count = min(len(todo), workers or _cores()) if on == "processes" else 1
    if on not in ("here", "processes"):
        raise ModelError(f"a batch runs 'here' or in 'processes', not {on!r}")
    queue = _Queue(deque(todo.items()), len(todo), progress)
    threads = [_Helper(queue, task, shared) for _ in range(count - 1)]
    for thread in threads:
        thread.start()
    try:
        queue.work(lambda item: task(shared, item), report=True)
    except BaseException:
        queue.abandon()
        raise
    finally:
        for thread in threads:
            while thread.is_alive():
                thread.join(timeout=0.05)
                queue.report()
    queue.report()
    return BatchResult(
        {key: queue.results[key] for key in todo if key in queue.results},
        {key: queue.failures[key] for key in todo if key in queue.failures},
    )


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class _Queue:
    """Items still to do and what came of the others; shared by the threads of one batch."""

    waiting: deque[tuple[str, Any]]
    total: int
    progress: Progress | None
    results: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    reported: int = 0

    def take(self) -> tuple[str, Any] | None:
        """Return the next item, or None; popping a deque is atomic."""
        try:
            return self.waiting.popleft()
        except IndexError:
            return None

    def abandon(self) -> None:
        """Forget what is still waiting, so that the helpers stop after their current item."""
        self.waiting.clear()

    def work(self, run: Callable[[Any], Any], *, report: bool = False) -> None:
        """Do items until none is left. What a task raises is that item's failure."""
        while (entry := self.take()) is not None:
            key, item = entry
            try:
                self.results[key] = run(item)
            except Exception as error:  # noqa: BLE001 - one item may fail alone, whatever it raises
                self.failures[key] = error
            if report:
                self.report()

    def report(self) -> None:
        """Tell how many items are done, if that changed since it was last told."""
        done = len(self.results) + len(self.failures)
        if self.progress and done != self.reported:
            self.reported = done
            self.progress(done, self.total)


class _Helper(threading.Thread):
    """A thread that hands items to one further process and collects its answers."""

    def __init__(self, queue: _Queue, task: Callable[[Any, Any], Any], shared: Any) -> None:
        super().__init__(daemon=True)
        self.queue = queue
        self.opening = pickle.dumps((task, shared))
        self.process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        try:
            self.queue.work(self.ask)
        finally:
            self.close()

    def ask(self, item: Any) -> Any:
        """Return the process's answer to one item; raise what it raised."""
        if self.process is None:
            self.process = self._start()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            _send(self.process.stdin, pickle.dumps(item))
            worked, value = pickle.loads(_receive(self.process.stdout))  # noqa: S301 - our own child
        except (OSError, EOFError) as error:
            self.close()
            raise MithaqError("the process that worked on this item died") from error
        if not worked:
            raise value
        return value

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - this very interpreter, a fixed command
            [sys.executable, "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        assert process.stdin is not None
        _send(process.stdin, self.opening)
        return process

    def close(self) -> None:
        """End the process, if there is one."""
        process, self.process = self.process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # it died with our bytes unread
                    continue
        process.wait()


def _send(pipe: IO[bytes], payload: bytes) -> None:
    pipe.write(struct.pack("<Q", len(payload)))
    pipe.write(payload)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", head)
    payload = pipe.read(length)
    if len(payload) < length:
        raise EOFError
    return payload


def _serve() -> None:
    """Answer items from standard input until it closes; what a task prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    source = sys.stdin.buffer
    task, shared = pickle.loads(_receive(source))  # noqa: S301 - from our own parent
    while True:
        try:
            item = pickle.loads(_receive(source))  # noqa: S301 - from our own parent
        except EOFError:
            return
        try:
            answer = pickle.dumps((True, task(shared, item)))
        except Exception as error:  # noqa: BLE001 - told to the parent, which raises it
            answer = _told(error)
        _send(answers, answer)


def _told(error: Exception) -> bytes:
    """Pickle an error; one that would not come out the same is sent as its text."""
    try:
        answer = pickle.dumps((False, error))
        if str(pickle.loads(answer)[1]) == str(error):  # noqa: S301 - just written
            return answer
    except Exception:  # noqa: BLE001, S110 - errors of other libraries need not pickle
        pass
    return pickle.dumps((False, MithaqError(f"{type(error).__name__}: {error}")))
