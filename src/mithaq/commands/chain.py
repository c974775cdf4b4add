"""The commands ``mithaq chain ...``: a gas chain of one's own, begun, checked and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mithaq.cli import (
    NOT_SOLVED,
    WRONG_INPUT,
    SpokenGroup,
    Talk,
    cli,
    common,
    option,
    print_json,
    say,
)

__all__ = ["chain"]

FOLDER = click.Path(path_type=Path)


@cli.group(
    "chain",
    cls=SpokenGroup,
    help=say("A gas chain of your own, as a folder of CSV files: begin, check, look at it."),
)
def chain() -> None:
    """A gas chain of one's own."""


@chain.command(
    "new", help=say("Write a chain to fill in: every table, a worked example, what columns mean.")
)
@click.argument("folder", type=FOLDER)
@common
def new(talk: Talk, folder: Path) -> None:
    """Begin a chain."""
    from mithaq.chain.folders import new_folder

    written = [str(path) for path in new_folder(folder)]
    if talk.as_json:
        print_json({"folder": str(folder), "files": written})
        return
    words = talk.words()
    for path in written:
        click.echo(words.say("Written: {file}", file=path))


@chain.command(
    "check", help=say("Every mistake of a chain with its place; else what it holds, and a solve.")
)
@click.argument("place", metavar="FOLDER|YEAR")
@common
def check(talk: Talk, place: str) -> None:
    """Check a chain."""
    from mithaq.show.chain_sheets import check_chain, check_sheets

    words = talk.words()
    with talk.working(words.say("Solving the equilibrium")):
        data = check_chain(place)
    talk.answer(data, lambda: check_sheets(data, words))
    if data["problems"]:
        raise click.exceptions.Exit(WRONG_INPUT)
    if data["status"] != "solved":
        raise click.exceptions.Exit(NOT_SOLVED)


@chain.command("show", help=say("The tables of a chain, or the rows of one of them."))
@click.argument("place", metavar="FOLDER|YEAR")
@click.argument("table", required=False)
@common
def show(talk: Talk, place: str, table: str | None) -> None:
    """Show a chain."""
    from mithaq.chain.folders import chain_at
    from mithaq.show.chain_sheets import rows_of, rows_sheet, tables_of, tables_sheet

    found = chain_at(place)
    data: dict[str, Any] = tables_of(found) if table is None else rows_of(found, table)
    sheet = tables_sheet if table is None else rows_sheet
    talk.answer(data, lambda: [sheet(data, talk.words())])


@chain.command(
    "import", help=say("Make a chain of SciGRID_gas files or of a PyPSA folder, and say how.")
)
@option(
    "--from",
    "form",
    type=click.Choice(("scigrid", "pypsa")),
    required=True,
    help=say("Whose files they are."),
)
@option("--price", type=float, help=say("Reference price assumed for demand, USD/1000 m³."))
@option("--elasticity", type=float, help=say("Elasticity assumed for demand, negative."))
@option("--cost", type=float, help=say("Cost of lifting where the source has none, USD/1000 m³."))
@option("--lng", type=float, help=say("Cost of LNG before regasification, USD/1000 m³."))
@click.argument("source", type=FOLDER)
@click.argument("folder", type=FOLDER)
@common
def bring(talk: Talk, form: str, source: Path, folder: Path, **assumed: float | None) -> None:
    """Import a chain."""
    from mithaq.chain.importing import Assumptions, import_chain
    from mithaq.show.chain_sheets import import_sheets

    given = {key: value for key, value in assumed.items() if value is not None}
    found = import_chain(form, source, folder, Assumptions(**given))
    talk.answer(found.to_dict(), lambda: import_sheets(found, talk.words()))
