"""``mithaq power``: what exporters and transit countries bring to the gas trade."""

from __future__ import annotations

from pathlib import Path

from mithaq.cli import Asked, Talk, chained, cli, common, keeping, listed, option, reading, say


@cli.command(
    help=say("What exporters and transit countries bring to the gas trade, and its split.")
)
@option(
    "--players",
    multiple=True,
    metavar="NAME",
    help=say(
        "A player, in any language: a country with its firms and lines, or a firm; once for each, "
        "or parted by commas. Without it: the five largest exporters into Europe and the countries "
        "that are paid for transit."
    ),
)
@option(
    "--with",
    "line",
    metavar="LINE",
    help=say(
        "Also tell what this line changes: nord-stream, medgaz, galsi, trans-saharan, baltic-lng, "
        "or a YAML file of edits."
    ),
)
@option(
    "--outsiders/--no-outsiders",
    default=False,
    help=say("Whether sellers outside a coalition sell on (default: no)."),
)
@keeping
@common
@reading(
    say("Changes nothing: the market is that of the base year, and no claim enters it."), ask="all"
)
@chained
def power(
    talk: Talk,
    asked: Asked,
    players: tuple[str, ...],
    line: str | None,
    outsiders: bool,
    store: Path | None,
) -> None:
    """The access game."""
    from mithaq.show.power_sheets import power_sheets

    words = talk.words(asked.case.record)
    with talk.working(words.say("Solving the market for every coalition")) as tell:
        found = asked.case.power(
            listed(players), outsiders=outsiders, line=line, progress=tell, store=store
        )
    data = found.to_dict()
    talk.answer(data, lambda: power_sheets(data, words))
