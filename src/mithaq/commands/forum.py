"""``mithaq forum``: would an exporters' forum hold together, and who would pay for it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mithaq.cli import Asked, Talk, cli, common, keeping, option, reading, say


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
@keeping
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
    store: Path | None,
) -> None:
    """Every coalition of a forum."""
    from mithaq.show.forum_sheets import forum_sheets

    words = talk.words(asked.case.record)
    named = [part.strip() for member in members for part in member.split(",") if part.strip()]
    with talk.working(words.say("Solving the market for every coalition")) as tell:
        when = (named, strength, asked.at, asked.known)
        how: dict[str, Any] = {"floors": floors, "entry": entry, "progress": tell}
        data = asked.case.forum(*when, **how, store=store).to_dict()
        told = asked.case.forum_moves(*when, **how) if moves else ()
        data["moves"] = [move.to_dict() for move in told]
    talk.answer(data, lambda: forum_sheets(data, words))
