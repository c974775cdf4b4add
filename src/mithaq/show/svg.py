"""A small SVG canvas that knows reading order.

Coordinates are logical: x grows in the direction of reading. In a right-to-left language the canvas
mirrors positions and sets the direction of text, so that one drawing routine serves both.
A picture that must not be mirrored (a map) says so; its text still reads in its own direction.

Arabic is shaped by the browser; text stays text, and foreign runs inside it are kept apart by
Unicode isolates.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

from mithaq.words.text import isolate

__all__ = ["Canvas", "fit_text", "text_width"]

_NARROW = frozenset("iIjlft.,:;'|!()[]-–/ ")
_WIDE = frozenset("mwMWЖШЩЮФжшщюфм@%")


def text_width(text: str, size: float) -> float:
    """Rough width of ``text`` in a sans-serif face of ``size`` pixels, on the generous side.

    >>> 50 < text_width("Sonatrach", 12) < 75
    True
    """
    return size * sum(map(_width, text))


def _width(char: str) -> float:
    if unicodedata.category(char) in ("Mn", "Cf"):
        return 0.0
    if char in _NARROW:
        return 0.36
    if char in _WIDE:
        return 0.92
    if "\u0600" <= char <= "\u06ff":
        return 0.58
    return 0.70 if char.isupper() else 0.60


def fit_text(text: str, size: float, room: float) -> str:
    """``text`` cut with an ellipsis so that it fits into ``room`` pixels.

    >>> fit_text("Sonatrach", 12, 1000)
    'Sonatrach'
    """
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


class Canvas:
    """Collects the elements of one picture.

    ``width`` and ``height`` are in pixels; ``mirror`` turns x round (right-to-left pictures) and
    ``rtl`` sets the direction of text. ``key`` must be unique in the page.
    """

    def __init__(
        self, width: float, height: float, *, rtl: bool = False, mirror: bool | None = None
    ) -> None:
        self.width, self.height = width, height
        self.rtl = rtl
        self.mirror = rtl if mirror is None else mirror
        self._parts: list[str] = []

    def x(self, value: float) -> float:
        """The drawn position of a logical x."""
        return self.width - value if self.mirror else value

    def add(self, markup: str) -> None:
        """Append markup that is already safe."""
        self._parts.append(markup)

    def element(
        self, tag: str, inner: object = "", hint: object = "", **attributes: object
    ) -> None:
        """Append an element; ``hint`` becomes its tooltip and accessible name.

        ``inner`` must be safe markup already.
        """
        if hint:
            inner = f"<title>{escape(hint)}</title>{inner}"
        self.add(f"<{tag}{_attributes(attributes)}>{inner}</{tag}>")

    def rect(
        self, x: float, y: float, width: float, height: float, hint: str = "", **more: object
    ) -> None:
        """A rectangle from logical x to x + width."""
        left = self.x(x + width) if self.mirror else x
        self.element(
            "rect",
            hint=hint,
            x=number(left),
            y=number(y),
            width=number(max(width, 0.0)),
            height=number(height),
            **more,
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, **more: object) -> None:
        """A straight line."""
        self.element(
            "line",
            x1=number(self.x(x1)),
            y1=number(y1),
            x2=number(self.x(x2)),
            y2=number(y2),
            **more,
        )

    def circle(self, x: float, y: float, radius: float, hint: str = "", **more: object) -> None:
        """A circle."""
        self.element(
            "circle", hint=hint, cx=number(self.x(x)), cy=number(y), r=number(radius), **more
        )

    def path(
        self, points: Iterable[tuple[float, float]], closed: bool = False, **more: object
    ) -> None:
        """A line through logical points."""
        steps = [f"{number(self.x(x))} {number(y)}" for x, y in points]
        self.element("path", d="M" + "L".join(steps) + ("Z" if closed else ""), **more)

    def text(
        self, x: float, y: float, text: str, anchor: str = "start", hint: str = "", **more: object
    ) -> None:
        """Text at a logical x; ``anchor`` is start, middle or end in reading order.

        On a picture that is not mirrored, anchors mean left, middle, right of the drawing; the
        direction of the text turns them round, which is undone here.
        """
        if self.rtl and not self.mirror:
            anchor = {"start": "end", "end": "start"}.get(anchor, anchor)
        self.element(
            "text",
            inner=str(escape(isolate(text) if self.rtl else text)),
            hint=hint,
            x=number(self.x(x)),
            y=number(y),
            **({} if anchor == "start" else {"text_anchor": anchor}),
            **more,
        )

    def render(self, key: str, title: str, description: str, css: str = "") -> Markup:
        """The whole ``svg`` element, named by its title and description for screen readers."""
        head = {
            "viewBox": f"0 0 {number(self.width)} {number(self.height)}",
            "role": "img",
            "aria_labelledby": f"{key}-t {key}-d",
            "class": f"picture {css}".strip(),
            "direction": "rtl" if self.rtl else None,
        }
        return Markup(  # noqa: S704  every text went through escape()
            f"<svg{_attributes(head)}>"
            f'<title id="{escape(key)}-t">{escape(title)}</title>'
            f'<desc id="{escape(key)}-d">{escape(description)}</desc>'
            f"{''.join(self._parts)}</svg>"
        )


def _attributes(values: Mapping[str, object]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None
    )
