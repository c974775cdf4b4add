"""``mithaq together``: do several agreements support or spoil each other?"""

from __future__ import annotations

import click

from mithaq.cli import Asked, Talk, cli, common, reading, say


@cli.command(help=say("Whether agreements support or spoil each other, and which to sign first."))
@common
@reading(say("Changes nothing: all rights of the agreements count."))
@click.argument("agreements", nargs=-1, required=True)
def together(talk: Talk, asked: Asked, agreements: tuple[str, ...]) -> None:
    """Several agreements at once; ``scenario:leg`` is one leg."""
    from mithaq.show.together_sheets import together_sheets

    words = talk.words(asked.case.record)
    with talk.working(words.say("Solving the market with and without each agreement")) as tell:
        data = asked.case.together(agreements, progress=tell).to_dict()
    talk.answer(data, lambda: together_sheets(data, words))
