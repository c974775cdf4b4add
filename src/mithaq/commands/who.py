"""``mithaq who``: which party or person a name in any script and spelling stands for."""

from __future__ import annotations

import click

from mithaq.cli import Asked, Talk, cli, common, reading, say


@cli.command(help=say("Who is meant by a name, in any language, script or spelling."))
@click.argument("words")
@common
@reading(say("Leave out names that came into use after this day."), ask="option")
def who(talk: Talk, asked: Asked, words: str) -> None:
    """Resolve a name over all shipped cases, or list candidates with reasons."""
    from mithaq.record.identity import who as find
    from mithaq.show.watch_sheets import speech_of, who_sheets

    found = find(asked.then(), words).to_dict()
    talk.answer(found, lambda: who_sheets(found, speech_of(asked.records, talk.lang)))
