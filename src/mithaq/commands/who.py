"""``mithaq who``: which party or person a name in any script and spelling stands for."""

from __future__ import annotations

import click

from mithaq.cli import Talk, cli, common, say


@cli.command(help=say("Who is meant by a name, in any language, script or spelling."))
@click.argument("words")
@common
def who(talk: Talk, words: str) -> None:
    """Resolve a name over all shipped cases, or list candidates with reasons."""
    from mithaq import record as room
    from mithaq.record.identity import who as find
    from mithaq.show.watch_sheets import speech_of, who_sheets

    records = [room.load_case(name) for name in room.case_ids()]
    found = find(records, words).to_dict()
    talk.answer(found, lambda: who_sheets(found, speech_of(records, talk.lang)))
