"""``mithaq calibrate``: find the numbers that bring a chain closest to what was observed."""

from __future__ import annotations

from pathlib import Path

import click

from mithaq.cli import Talk, cli, common, option, say

__all__ = ["calibrate"]


@cli.command(help=say("Find the numbers that bring a gas chain closest to what was observed."))
@click.argument("place", metavar="FOLDER|YEAR")
@option(
    "--recipe",
    type=click.Choice(["lean", "full"]),
    default="lean",
    show_default=True,
    help=say(
        "What may move: a few numbers that many cells share, or one adder for each seller and "
        "market, with contracts as nominated."
    ),
)
@option(
    "--year",
    type=int,
    help=say("Year of the observed trade and prices; by default that of a shipped chain."),
)
@option(
    "--out",
    type=click.Path(path_type=Path),
    help=say("File to write: the rows of the table calibrations, as CSV."),
)
@common
def calibrate(talk: Talk, place: str, recipe: str, year: int | None, out: Path | None) -> None:
    """Calibrate a chain."""
    from mithaq.chain.folders import chain_at, shipped_year
    from mithaq.equilibrium import calibrate as find
    from mithaq.show.calibration_sheets import calibration_sheets

    words = talk.words()
    chain = chain_at(place)
    if year is None:
        seen = {int(row["year"]) for row in chain.rows("observed")}
        year = shipped_year(place) or max(seen, default=2010)
    with talk.working(words.say("Calibrating")):
        found = find(chain, recipe, year)
    data = found.to_dict()
    if out is not None:
        found.rows.to_csv(out, index=False, lineterminator="\n")
        click.echo(words.say("Written: {file}", file=str(out)), err=True)
    talk.answer(data, lambda: calibration_sheets(data, words))
