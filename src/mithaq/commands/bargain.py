"""``mithaq bargain``: how the two sides of an agreement could share it."""

from __future__ import annotations

import click

from mithaq.cli import Asked, Talk, cli, common, option, reading, say


@cli.command(help=say("How the two sides of an agreement could share it: a menu of deals."))
@option(
    "--states/--firms",
    default=False,
    help=say("Whether the two home states are the sides, or their firms (default: firms)."),
)
@common
@reading(say("Leave out rights whose figures no claim tells of a time up to this day."))
@click.argument("agreement", required=False)
def bargain(talk: Talk, asked: Asked, agreement: str, states: bool) -> None:
    """Splits and a menu of deals."""
    from mithaq.show.bargain_sheets import bargain_sheets

    words = talk.words(asked.case.record)
    with talk.working(words.say("Solving the market with and without each leg")) as tell:
        data = asked.case.bargain(
            agreement, asked.at, asked.known, states=states, progress=tell
        ).to_dict()
    talk.answer(data, lambda: bargain_sheets(data, words))
