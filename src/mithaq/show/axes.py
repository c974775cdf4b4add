"""Two axes with ticks, and what is drawn between them."""

from __future__ import annotations

from collections.abc import Sequence

from mithaq.show.bars import nice_ticks
from mithaq.show.speech import Speech
from mithaq.show.svg import Canvas, text_width

__all__ = ["Plot"]

Point = tuple[float, float]
_SMALL = 11.0


class Plot:
    """A frame with ticks on both axes. In a right-to-left language x grows to the left.

    ``xs`` and ``ys`` are the ranges of the values; both are widened to round numbers, unless
    ``tight`` keeps the ends of x.
    """

    def __init__(
        self,
        words: Speech,
        width: float,
        xs: tuple[float, float],
        ys: tuple[float, float],
        *,
        units: tuple[str, str],
        tight: bool = False,
        share: bool = False,
        height: float | None = None,
        below: float = 0.0,
    ) -> None:
        self.words, self.width = words, width
        narrow = width < 600
        self.share = share
        self.y_ticks = nice_ticks(*ys, 5)
        self.x_ticks = nice_ticks(*xs, 4 if narrow else 8)
        if tight:
            inside = xs[0] - 1e-9, xs[1] + 1e-9
            self.x_ticks = [tick for tick in self.x_ticks if inside[0] <= tick <= inside[1]]
        self.low, self.high = xs if tight else (self.x_ticks[0], self.x_ticks[-1])
        height = height or (260.0 if narrow else 340.0)
        labels = [words.figure(tick, self._digits(self.y_ticks)) for tick in self.y_ticks]
        self.left = 14 + max(text_width(label, _SMALL) for label in labels)
        self.right = width - 16
        self.top, self.bottom = 34.0, height - 44
        self.canvas = Canvas(width, height + below, rtl=words.rtl)
        self._draw(labels, units)

    @staticmethod
    def _digits(ticks: Sequence[float]) -> int:
        step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
        return 0 if float(step).is_integer() else 1 if step >= 0.1 else 2

    def x(self, value: float) -> float:
        """Logical x of a value."""
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Pixels down of a value; what lies beyond the axis stays at its end."""
        low, high = self.y_ticks[0], self.y_ticks[-1]
        place = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.bottom - place * (self.bottom - self.top)

    def _draw(self, labels: Sequence[str], units: tuple[str, str]) -> None:
        canvas, words = self.canvas, self.words
        canvas.text(4, 14, units[1], class_="unit")
        for tick, label in zip(self.y_ticks, labels, strict=True):
            y = self.y(tick)
            zero = tick == 0 and self.y_ticks[0] < 0
            canvas.line(self.left, y, self.right, y, class_="zero" if zero else "grid")
            canvas.text(self.left - 6, y + 4, label, "end", class_="tick")
        canvas.line(self.left, self.bottom, self.right, self.bottom, class_="rule")
        for tick in self.x_ticks:
            x = self.x(tick)
            text = (
                words.share(tick) if self.share else words.figure(tick, self._digits(self.x_ticks))
            )
            half = text_width(text, _SMALL) / 2
            canvas.line(x, self.bottom, x, self.bottom + 4, class_="rule")
            place = min(max(x, half + 1), self.width - half - 1)
            canvas.text(place, self.bottom + 17, text, "middle", class_="tick")
        canvas.text(self.right, self.bottom + 34, units[0], "end", class_="unit")

    def curve(self, points: Sequence[Point], css: str, hint: str = "") -> None:
        """A line through values."""
        places = [(self.x(x), self.y(y)) for x, y in points]
        self.canvas.path(places, class_=f"curve {css}", hint=hint)

    def steps(self, points: Sequence[tuple[float, float, float]], css: str, hint: str = "") -> None:
        """A line of steps: from, to and height of each."""
        places = [(self.x(x), self.y(v)) for start, end, v in points for x in (start, end)]
        self.canvas.path(places, class_=f"curve {css}", hint=hint)
