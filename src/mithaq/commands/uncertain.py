"""``mithaq uncertain``: what is sure about an agreement's worth."""

from __future__ import annotations

from pathlib import Path

import click

from mithaq.cli import Asked, Talk, cli, common, keeping, option, reading, say, seeded


@cli.command(help=say("What is sure about an agreement's worth: draws over all inputs at once."))
@option(
    "--draws",
    type=click.IntRange(8),
    default=128,
    show_default=True,
    help=say("Number of draws; a power of two spreads them best."),
)
@seeded
@option("--legs/--no-legs", default=False, help=say("Also tell what each leg alone would bring."))
@option(
    "--alone",
    multiple=True,
    metavar="PART",
    help=say(
        "Also tell what a leg or a right alone would bring, as baltic-lng, or with a term held, "
        "as joint-marketing.strength=0.25."
    ),
)
@option(
    "--floors/--no-floors",
    default=False,
    help=say("Whether the parties keep three quarters of what they sell to each market."),
)
@option(
    "--entry/--no-entry",
    default=False,
    help=say("Whether every seller may sell where it sold nothing."),
)
@option(
    "--spare",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help=say("Factor on the capacity of all sellers outside the agreement."),
)
@keeping
@common
@reading(say("Leave out rights whose figures no claim tells of a time up to this day."))
@click.argument("agreement", required=False)
def uncertain(
    talk: Talk,
    asked: Asked,
    agreement: str,
    draws: int,
    seed: int,
    legs: bool,
    alone: tuple[str, ...],
    floors: bool,
    entry: bool,
    spare: float,
    store: Path | None,
) -> None:
    """Worth over draws."""
    from mithaq.show.uncertain_sheets import statements, uncertain_sheets

    words = talk.words(asked.case.record)
    with talk.working(words.say("Solving the market for every draw")) as tell:
        found = asked.case.uncertain(
            agreement,
            asked.at,
            asked.known,
            draws=draws,
            seed=seed,
            legs=legs,
            alone=alone,
            floors=floors,
            entry=entry,
            spare=spare,
            progress=tell,
            store=store,
        )
    data = found.to_dict()
    data["statements"] = statements(data, words)
    talk.answer(data, lambda: uncertain_sheets(data, words))
