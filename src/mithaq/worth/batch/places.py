"""Where the work of a batch is done: here, in processes, on a cluster, many at once on a GPU.

Each place is a generator: it takes pairs of key and item as it has room for them, and gives pairs
of key and answer as they end. An answer is a result or the exception that stands in its place.

The processes are those of :mod:`loky`: a plain script without an ``if __name__ == "__main__"``
guard may use them, and a process that dies is noticed at once. A cluster is Dask's own, with
nothing of ours between its scheduler and its workers.
"""

from __future__ import annotations

import gc
import itertools
import os
import pickle
import threading
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

from mithaq.errors import MithaqError, ModelError

__all__ = [
    "Answers",
    "Died",
    "Failed",
    "Task",
    "Where",
    "cores",
    "for_equilibria",
    "place_for",
]

Task = Callable[[Any, Any], Any]
FEW = 24  # annual equilibria that one process has solved before others have started
Where = str  # "here", "processes", "dask://HOST:PORT" or "gpu"
Pair = tuple[str, Any]
Answers = Generator[Pair, None, None]

TRIES = 2  # an item that was alone in a process when it died so often is what it died of
AHEAD = 3  # items in hand for each process, so that none waits for the next
FAR_AHEAD = 16  # the same for a worker that is reached over a network, in its first groups
QUEUE = 4  # groups in hand for such a worker: half of them last while the calling process writes
TURN = 0.2  # seconds of work that go to such a worker as one task
RECOUNT = 5.0  # seconds after which the threads of a cluster are counted anew
GROUP = 256  # items that go to a GPU together, unless the task says otherwise
DEAD = "the process that worked on this item died"
DASK = "dask://"
CONNECT = 10  # seconds in which a scheduler must answer
GONE = (
    "the Dask cluster at {address} has gone before the end; start it again and run the same again"
)


class Died(MithaqError):  # noqa: N818 - an outcome, named like the others
    """The processes that worked on an item died of it, or were killed while they did."""


def for_equilibria(on: Where, count: int) -> Where:
    """Where so many annual equilibria are found sooner: processes cost seconds to start."""
    return "here" if on == "processes" and count < FEW else on


def place_for(on: Where, task: Task, workers: int | None, total: int) -> Callable[..., Answers]:
    """Return the generator of answers for ``on``. Raises ModelError where there is none."""
    if on == "here":
        return _here
    if on == "processes":
        count = min(total, workers or cores())
        return partial(_processes, count=count) if count > 1 else _here
    if on == "gpu":
        if not hasattr(task, "together"):
            raise ModelError(f"on a GPU runs a task that does many items together, not {task!r}")
        return _together
    if on.startswith(DASK):
        return partial(_cluster, address=f"tcp://{on.removeprefix(DASK)}")
    raise ModelError(
        f"a batch runs 'here', in 'processes', on 'dask://HOST:PORT' or a 'gpu', not {on!r}"
    )


def cores() -> int:
    """Cores that this process may use."""
    from loky import cpu_count

    return int(cpu_count())


def _answer(task: Task, shared: Any, item: Any) -> Any:
    try:
        return task(shared, item)
    except Exception as error:  # noqa: BLE001 - one item may fail alone, whatever it raises
        return Failed(error)


class Failed:
    """An exception on its way: an answer, and no fault of the place."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _here(task: Task, shared: Any, todo: Iterable[Pair]) -> Answers:
    for key, item in todo:
        yield key, _answer(task, shared, item)


def _together(task: Any, shared: Any, todo: Iterable[Pair]) -> Answers:
    """Groups of items, each to ``task.together(shared, items)``: a result or exception an item."""
    todo = iter(todo)
    size = getattr(task, "group", GROUP)
    while group := list(itertools.islice(todo, size)):
        answers = task.together(shared, [item for _, item in group])
        for (key, _), answer in zip(group, answers, strict=True):
            yield key, Failed(answer) if isinstance(answer, Exception) else answer


# Processes


def _processes(task: Task, shared: Any, todo: Iterable[Pair], count: int) -> Answers:
    """Many at a time; what was in hand when a process died is done again, one item at a time."""
    todo, deaths = iter(todo), Counter[str]()
    while True:
        alone = deque((yield from _pool(task, shared, todo, count, AHEAD * count)).items())
        if not alone:
            return
        while alone:
            fallen = yield from _pool(task, shared, _drain(alone), 1, 1)
            for key, item in fallen.items():
                deaths[key] += 1
                if deaths[key] < TRIES:
                    alone.appendleft((key, item))
                else:
                    yield key, Failed(Died(DEAD))


def _drain(queue: deque[Pair]) -> Iterator[Pair]:
    while queue:
        yield queue.popleft()


def _pool(
    task: Task, shared: Any, todo: Iterator[Pair], count: int, most: int
) -> Generator[Pair, None, dict[str, Any]]:
    """Do items in ``count`` processes until one dies; return what was in hand then."""
    from loky import ProcessPoolExecutor

    hand: dict[str, Any] = {}
    futures: dict[Any, str] = {}
    first = (_packed(task, shared), os.getpid())
    with ProcessPoolExecutor(count, initializer=_begin, initargs=first) as pool:
        try:
            whole = True
            while whole:
                with suppress(BrokenProcessPool):  # then the futures tell it too, below
                    for key, item in itertools.islice(todo, most - len(hand)):
                        hand[key] = item
                        futures[pool.submit(_do, item)] = key
                if not futures:
                    break
                for future in wait(futures, return_when=FIRST_COMPLETED).done:
                    key = futures.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        whole = False
                        continue
                    del hand[key]
                    yield key, _taken(future)
            for future in wait(futures).done:  # what ended before the process died
                if not isinstance(future.exception(), BrokenProcessPool):
                    key = futures[future]
                    del hand[key]
                    yield key, _taken(future)
        except BaseException:
            pool.shutdown(kill_workers=True)
            raise
    return hand


def _taken(future: Any) -> Any:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - a result that does not pickle is its item's fault
        return Failed(error)


_task: Callable[[Any], Any]  # set as a process begins


def _packed(task: Task, shared: Any) -> bytes:
    """What all items share, small enough for a pipe to hold as long as a process begins.

    More would be written only as fast as that process reads, which first imports what it is to do,
    and so each would begin only after the one before.
    """
    from loky.backend.reduction import dumps

    return zlib.compress(dumps((task, shared)))


def _begin(packed: bytes, parent: int) -> None:
    """Keep what all items share; standard output belongs to the calling process."""
    global _task  # noqa: PLW0603 - a process serves one batch
    task, shared = pickle.loads(zlib.decompress(packed))  # noqa: S301 - the calling process wrote it
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
    """A result, or an error fit to travel."""
    answer = _answer(lambda _, item: _task(item), None, item)
    return Failed(_portable(answer.error)) if isinstance(answer, Failed) else answer


def _portable(error: Exception) -> Exception:
    """The error, or its text where it would not come out of a pickle the same."""
    try:
        if str(pickle.loads(pickle.dumps(error))) == str(error):  # noqa: S301 - just written
            return error
    except Exception:  # noqa: BLE001, S110 - errors of other libraries need not pickle
        pass
    return MithaqError(f"{type(error).__name__}: {error}")


# A cluster


def _cluster(task: Task, shared: Any, todo: Iterable[Pair], address: str) -> Answers:
    """Items to the workers of a Dask cluster, as many in hand as keep all their threads at work.

    Quick items go in groups: client and scheduler do as much for a task of one as of many. What was
    in hand where workers died again and again is done once more, one item at a time. What is shared
    is the result of a task, which Dask makes anew on another worker where the one that held it
    dies. Raises MithaqError where the cluster cannot be reached or has gone.
    """
    try:
        dask: Any = import_module("distributed")
        pickled: Any = import_module("distributed.protocol.pickle")
    except ImportError:
        hint = "install mithaq with the extra 'cluster'"
        raise MithaqError(f"a Dask cluster needs the package distributed: {hint}") from None
    todo = iter(todo)
    try:
        client = dask.Client(address, set_as_default=False, timeout=CONNECT)
    except (OSError, TimeoutError, ValueError) as error:  # the last for what is no address
        raise MithaqError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        common = client.submit(_same, shared, pure=False)
        try:
            client.submit(_ready, task, common, pure=False).result()
        except Exception as error:  # noqa: BLE001 - whatever keeps a task from being read there
            raise MithaqError(f"the workers at {address} cannot do this task: {error}") from None
        ended = dask.as_completed(with_results=True, raise_errors=False, loop=client.loop)
        hand: dict[Any, list[Pair]] = {}
        alone: deque[Pair] = deque()  # items of groups that failed whole
        counted, threads, size, held = -RECOUNT, 0, 1, 0
        while True:
            if time.monotonic() - counted >= RECOUNT:  # workers come and go
                counted = time.monotonic()
                threads = max(sum(client.nthreads().values()), 1)
            room = threads * max(FAR_AHEAD, QUEUE * size) - held
            sole = bool(alone) and not hand
            if sole:
                groups = [[alone.popleft()]]
            elif alone or room < held:  # many at a time: a task costs client and scheduler messages
                groups = []
            else:
                fresh = list(itertools.islice(todo, room))
                groups = [fresh[at : at + size] for at in range(0, len(fresh), size)]
            if groups:
                # As bytes, which the scheduler need not understand.
                items = [pickled.dumps([item for _, item in group]) for group in groups]
                same = [task] * len(items), [common] * len(items)
                futures = client.map(_at_worker, *same, items, pure=False)
                hand |= zip(futures, groups, strict=True)
                held += sum(map(len, groups))
                ended.update(futures)
            if not hand:
                return
            for future, answer in ended.next_batch():
                group = hand.pop(future)
                held -= len(group)
                if future.status == "finished":
                    each, answers = answer[0], pickle.loads(answer[1])  # noqa: S301 - ours
                    size = min(max(round(TURN / each), 1), 2 * size, GROUP)
                    yield from zip((key for key, _ in group), answers, strict=True)
                elif not isinstance(answer, tuple):  # cancelled or lost
                    raise MithaqError(GONE.format(address=address))
                elif not sole:  # Dask blames all that a worker had in hand when it died
                    alone.extend(group)
                else:  # kind, error, traceback
                    died = isinstance(answer[1], dask.KilledWorker)
                    yield group[0][0], Failed(Died(f"{DEAD}: {answer[1]}") if died else answer[1])


def _same(shared: Any) -> Any:
    return shared


def _ready(_task: Task, _shared: Any) -> None:
    """Nothing; a worker that cannot import what a task needs says so here, once."""


def _at_worker(task: Task, shared: Any, packed: bytes) -> tuple[float, bytes]:
    """Seconds that an item took, and the answers of all."""
    items = pickle.loads(packed)  # noqa: S301 - the calling process wrote it
    dumps = import_module("distributed.protocol.pickle").dumps
    start = time.perf_counter()
    answers = [_answer(task, shared, item) for item in items]
    fit = [Failed(_portable(a.error)) if isinstance(a, Failed) else a for a in answers]
    return max(time.perf_counter() - start, 1e-6) / len(items), dumps(fit)
