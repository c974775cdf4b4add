"""``mithaq deadlines``: what falls due next, for a reader, a program, a calendar or a cron job."""

from __future__ import annotations

from pathlib import Path

import click

from mithaq.cli import Asked, Talk, cli, common, option, reading, say
from mithaq.errors import DataError

SOMETHING_DUE = 10


class Span(click.ParamType[int]):
    """A span of time in days, written as 180d, 26w, 6m or 2y."""

    name = "span"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read the span or fail with the option's name."""
        from mithaq.record.deadlines import within_days

        if isinstance(value, int):
            return value
        try:
            return within_days(str(value))
        except DataError as error:
            self.fail(error.problems[0].what, param, ctx)


@cli.command(help=say("What falls due next: notices, ends of terms, milestones, meetings."))
@option(
    "--within",
    type=Span(),
    default="180d",
    show_default=True,
    help=say("How far to look ahead: 180d, 26w, 6m or 2y."),
)
@option(
    "--ics",
    type=click.Path(path_type=Path, dir_okay=False),
    help=say("Also write what is due as a calendar file."),
)
@common
@reading(say("The day from which to look ahead; today where left out."), ask="all")
def deadlines(talk: Talk, asked: Asked, within: int, ics: Path | None) -> None:
    """Deadlines of a case, or of all shipped cases; exit status 10 where something is due."""
    from mithaq.record.deadlines import deadlines as find
    from mithaq.show.watch_sheets import calendar, deadline_sheets, speech_of

    found = find(asked.records, at=asked.at, known=asked.known, within=within)
    words = speech_of(asked.records, talk.lang)
    if ics is not None:
        ics.write_bytes(calendar(found, words))
    talk.answer(found.to_dict(), lambda: deadline_sheets(found.to_dict(), words))
    if found:
        raise click.exceptions.Exit(SOMETHING_DUE)
