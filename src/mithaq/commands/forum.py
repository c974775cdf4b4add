"""``mithaq forum``: would an exporters' forum hold together, and who would pay for it?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import click

from mithaq.cli import Asked, Talk, cli, common, option, reading, say

Answer = TypeVar("Answer")


@cli.command(help=say("Would an exporters' forum hold together? Every coalition of its members."))
@option(
    "--members",
    multiple=True,
    metavar="NAME",
    help=say(
        "A member, in any language: a firm, or a state that stands for its firms; once for each, "
        "or parted by commas. Without it: the states that founded the forum."
    ),
)
@option(
    "--strength",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help=say("Strength of cooperation: near 0 each for itself, 1 one merged seller."),
)
@option(
    "--floors/--no-floors",
    default=False,
    help=say("Whether members keep three quarters of what they sell to each market (default: no)."),
)
@option(
    "--entry/--no-entry",
    default=False,
    help=say("Whether every seller may sell where it sold nothing."),
)
@option(
    "--moves/--no-moves",
    default=False,
    help=say(
        "Also tell how the answer moves with strength, conduct, capacity, floors, entry and "
        "calibration."
    ),
)
@common
@reading()
def forum(
    talk: Talk,
    asked: Asked,
    members: tuple[str, ...],
    strength: float,
    floors: bool,
    entry: bool,
    moves: bool,
) -> None:
    """Every coalition of a forum."""
    from mithaq.show.forum_sheets import forum_sheets

    words = talk.words(asked.case.record)
    named = [part.strip() for member in members for part in member.split(",") if part.strip()]
    with talk.working(words.say("Solving the market for every coalition")) as tell:
        question = partial(_ask, asked, named, strength, floors=floors, entry=entry, tell=tell)
        data = question(asked.case.forum).to_dict()
        data["moves"] = [m.to_dict() for m in question(asked.case.forum_moves)] if moves else []
    talk.answer(data, lambda: forum_sheets(data, words))


def _ask(
    asked: Asked,
    named: list[str],
    strength: float,
    ask: Callable[..., Answer],
    *,
    floors: bool,
    entry: bool,
    tell: Callable[[int, int], None],
) -> Answer:
    """One question about the forum, at the clocks asked about."""
    return ask(named, strength, asked.at, asked.known, floors=floors, entry=entry, progress=tell)
