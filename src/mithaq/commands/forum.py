"""``mithaq forum``: would an exporters' forum hold together, and who would pay for it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mithaq.cli import (
    Asked,
    Talk,
    chained,
    cli,
    common,
    keeping,
    listed,
    option,
    reading,
    say,
    seeded,
)


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
@option(
    "--draws",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help=say("Also draw all inputs of the market at once, so many times (at least 8)."),
)
@seeded
@option(
    "--spare",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help=say("In the draws: factor on the capacity of all sellers outside the forum."),
)
@option(
    "--every/--no-every",
    default=False,
    help=say("In each draw solve every coalition, and tell the largest that is stable."),
)
@keeping
@common
@reading()
@chained
def forum(
    talk: Talk,
    asked: Asked,
    members: tuple[str, ...],
    strength: float,
    floors: bool,
    entry: bool,
    moves: bool,
    draws: int,
    seed: int,
    spare: float,
    every: bool,
    store: Path | None,
) -> None:
    """Every coalition of a forum."""
    from mithaq.show.forum_sheets import forum_sheets
    from mithaq.worth.uncertain import enough

    if draws:
        enough(draws)  # told before thousands of coalitions are solved
    words = talk.words(asked.case.record)
    named = listed(members)
    with talk.working(words.say("Solving the market for every coalition")) as tell:
        when = (named, strength, asked.at, asked.known)
        how: dict[str, Any] = {"floors": floors, "entry": entry, "progress": tell}
        data = asked.case.forum(*when, **how, store=store).to_dict()
        # What begins with _ is no row to whoever reads the folder as a Parquet data set.
        kept = {name: store / f"_{name}" if store else None for name in ("moves", "draws")}
        told = asked.case.forum_moves(*when, **how, store=kept["moves"]) if moves else ()
        data["moves"] = [move.to_dict() for move in told]
        how |= {"draws": draws, "seed": seed, "spare": spare, "every": every}
        drawn = asked.case.forum_draws(*when, **how, store=kept["draws"]) if draws else None
        data["draws"] = drawn.to_dict() if drawn else None
    talk.answer(data, lambda: forum_sheets(data, words))
