"""``mithaq report``: the report as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mithaq.cli import ON, Asked, Talk, cli, common, option, print_json, reading, say


@cli.command(help=say("Write the report: one HTML file that asks nothing of the network."))
@option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help=say("File to write."),
)
@option(
    "--draws",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help=say(
        "Also tell what is sure, from so many draws (at least 8), the bargain, the forum and "
        "network power; takes minutes."
    ),
)
@option(
    "--store",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help=say(
        "Keep draws, forum and network power in this folder; the same command, run again, takes "
        "up where it was stopped."
    ),
)
@common
@reading(ON)
def report(talk: Talk, asked: Asked, out: Path, draws: int, store: Path | None) -> None:
    """Write the report."""
    from mithaq.show.report import check_target
    from mithaq.show.report import report as write_report

    check_target(out)
    words = talk.words()
    when: dict[str, Any] = {"at": asked.at, "known": asked.known, "draws": draws, "store": store}
    with talk.working(words.say("Writing the report")) as tell:
        made = write_report(asked.case, lang=talk.lang, out=out, **when, progress=tell)
    if talk.as_json:
        print_json(made.to_dict())
        return
    for note in made.notes:
        click.echo(note, err=True)
    from mithaq.show.tables import print_answers

    print_answers((answer.question, answer.sentences) for answer in made.answers)
    size = words.figure(made.bytes / 1024)
    click.echo(words.say("Written: {file} ({size} KiB)", file=str(out), size=size))
