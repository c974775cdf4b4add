"""A picture that stands by itself: SVG with its own style, and the table behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from mithaq.show.sheets import Sheet

__all__ = ["Drawing", "picture_css"]

_START, _END = "/* Pictures */", "/* Map end */"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture: ``svg``, ``sheet`` (the table in words) and ``frame`` (the same as figures).

    A notebook shows it as it is; ``save`` writes it as an SVG file. Text stays text, so that a
    browser shapes Arabic and a reader can search and copy it.
    """

    svg: str
    sheet: Sheet
    frame: pd.DataFrame

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        heads = "".join(
            f"<th>{escape(column.head)}{_unit(column.unit)}</th>" for column in self.sheet.columns
        )
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell.text)}</td>" for cell in row) + "</tr>"
            for row in self.sheet.rows
        )
        return (
            f"{self.svg}<details><summary>{escape(self.sheet.title)}</summary>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></details>"
        )

    def save(self, path: str | Path) -> Path:
        """Write the picture as an SVG file and return its path. Raises OSError as writing does."""
        target = Path(path)
        target.write_text(self.svg, encoding="utf-8")
        return target

    @classmethod
    def standing(cls, markup: Markup, sheet: Sheet, frame: pd.DataFrame, width: float) -> Drawing:
        """A drawing of ``markup`` (an element as the report embeds it), ``width`` pixels wide."""
        head, rest = str(markup).split(">", 1)
        svg = (
            f'{head} xmlns="http://www.w3.org/2000/svg" width="{width:g}">'
            f"<style>{picture_css()}</style>{rest}"
        )
        return cls(svg, sheet, frame)


def _unit(unit: str) -> str:
    return f" ({escape(unit)})" if unit else ""


@cache
def picture_css() -> str:
    """The rules of the report that pictures use, each held within ``.picture``.

    Colours are written out, so that an SVG file needs no page around it.
    """
    css = files("mithaq.show").joinpath("templates/report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"(--\w+): ([^;]+);", css.partition("}")[0]))
    part = css[css.index(_START) + len(_START) : css.index(_END)]
    part = re.sub(r"/\*.*?\*/", "", part, flags=re.DOTALL)
    rules = []
    for selectors, body in re.findall(r"([^{}]+)\{([^}]*)\}", part):
        body = re.sub(r"var\((--\w+)\)", lambda m: colours.get(m[1], m[0]), body)
        held = [_within(one.strip()) for one in selectors.split(",") if ".key" not in one]
        if held:
            rules.append(f"{','.join(held)}{{{' '.join(body.split())}}}")
    return Markup("".join(rules).replace('"', "'"))  # noqa: S704  our own file


def _within(selector: str) -> str:
    return selector if selector.startswith(".picture") else f".picture {selector}"
