"""``mithaq deadlines``: what falls due next, for a reader, a program, a calendar or a cron job."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from mithaq.cli import DAY, Talk, cli, common, option, say
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
@click.argument("case", required=False)
@option(
    "--within",
    type=Span(),
    default="180d",
    show_default=True,
    help=say("How far to look ahead: 180d, 26w, 6m or 2y."),
)
@option("--at", type=DAY, help=say("The day from which to look ahead; today where left out."))
@option("--known", type=DAY, help=say("Use only what sources had published by this day."))
@option(
    "--ics",
    type=click.Path(path_type=Path, dir_okay=False),
    help=say("Also write what is due as a calendar file."),
)
@common
def deadlines(
    talk: Talk,
    case: str | None,
    within: int,
    at: date | None,
    known: date | None,
    ics: Path | None,
) -> None:
    """Deadlines of a case, or of all shipped cases; exit status 10 where something is due."""
    from mithaq import record as room
    from mithaq.record.deadlines import deadlines as find
    from mithaq.show.watch_sheets import calendar, deadline_sheets, speech_of

    records = [room.load_case(name) for name in ([case] if case else room.case_ids())]
    found = find(records, at=at, known=known, within=within)
    words = speech_of(records, talk.lang)
    if ics is not None:
        ics.write_bytes(calendar(found, words))
    talk.answer(found.to_dict(), lambda: deadline_sheets(found.to_dict(), words))
    if found:
        raise click.exceptions.Exit(SOMETHING_DUE)
