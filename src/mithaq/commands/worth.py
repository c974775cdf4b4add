"""``mithaq worth``: what an agreement and each leg of it is worth to each party."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mithaq.cli import Asked, Talk, cli, common, option, reading, say, spoken


@cli.command(help=say("What an agreement and each leg of it is worth to each party."))
@option(
    "--term",
    "terms",
    multiple=True,
    metavar="TERM=VALUES",
    help=say("Also compare these settings of a term, as el-assel.share=0.2,0.49."),
)
@common
@reading(say("Leave out rights whose figures no claim tells of a time up to this day."))
@click.argument("agreement", required=False)
def worth(talk: Talk, asked: Asked, agreement: str, terms: tuple[str, ...]) -> None:
    """Worth of an agreement."""
    from mithaq.show.worth_sheets import worth_sheets

    words = talk.words(asked.case.record)
    with talk.working(words.say("Solving the market with and without each leg")) as tell:
        data = asked.case.worth(
            agreement, asked.at, asked.known, compare=_compared(terms), progress=tell
        ).to_dict()
    talk.answer(data, lambda: worth_sheets(data, words))


def _compared(terms: Sequence[str]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for term in terms:
        name, _, values = term.partition("=")
        try:
            found.setdefault(name.strip(), []).extend(float(x) for x in values.split(","))
        except ValueError:
            message = spoken(say("{value} is no term with numbers; write el-assel.share=0.2,0.49"))
            raise click.UsageError(message.format(value=repr(term))) from None
    return found
