"""How fast a batch goes, and how long it still takes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ["Pace"]

WINDOW = 30.0  # seconds over which the rate is taken, so that it follows what workers come and go


class Pace:
    """Rate and time left, from what progress tells; what was done before does not count.

    >>> now = iter([0.0, 2.0, 4.0])
    >>> pace = Pace(clock=lambda: next(now))
    >>> for done in (10, 12, 14):  # ten were there when it began
    ...     pace(done, 34)
    >>> pace.rate, pace.left
    (1.0, 20.0)
    >>> print(pace)
    14/34, 1.0 a second, 0:00:20 left
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = self.total = 0
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, done: int, total: int) -> None:
        """Note that ``done`` of ``total`` items have an answer now."""
        self.done, self.total = done, total
        now = self._clock()
        if not self._seen or now - self._seen[-1][0] >= WINDOW / 100 or done == total:
            self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Items a second of late; 0 while nothing can be said."""
        if len(self._seen) < 2:
            return 0.0
        (start, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - start) if end > start else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until all are done at this rate; None while nothing can be said."""
        if self.done >= self.total:
            return 0.0
        return (self.total - self.done) / self.rate if self.rate else None

    def __str__(self) -> str:
        text = f"{self.done}/{self.total}, {self.rate:.3g} a second"
        if self.rate >= 1 or not self.rate:
            text = f"{self.done}/{self.total}, {self.rate:.1f} a second"
        if self.left is None:
            return text
        minutes, seconds = divmod(round(self.left), 60)
        return f"{text}, {minutes // 60}:{minutes % 60:02}:{seconds:02} left"
