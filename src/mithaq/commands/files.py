"""``mithaq export`` and ``mithaq import-csv``: the record for other programs, and from a table."""

from __future__ import annotations

from pathlib import Path

import click

from mithaq.cli import Asked, Talk, cli, common, option, print_json, reading, say

FORMATS = ("ftm", "ocds", "csv", "parquet", "jsonl")


@cli.command(help=say("Write a case, or the record of a store, for other programs."))
@option(
    "--to",
    type=click.Choice(FORMATS),
    required=True,
    help=say(
        "FollowTheMoney, Open Contracting, CSV tables, Parquet tables, or JSON Lines of claims."
    ),
)
@option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help=say("Where to write: a folder for ftm, csv and parquet, a file for ocds and jsonl."),
)
@common
@reading()
def export(talk: Talk, asked: Asked, to: str, out: Path) -> None:
    """Write a case in another form."""
    written = asked.case.export(to, out, asked.at, asked.known)
    files = [str(path) for path in written]
    if talk.as_json:
        print_json({"case": asked.case.id, "to": to, "files": files})
        return
    words = talk.words()
    for path in files:
        click.echo(words.say("Written: {file}", file=path))


@cli.command("import-csv", help=say("Make a case folder from a CSV file and a mapping."))
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "--mapping",
    type=click.Path(path_type=Path),
    required=True,
    help=say("A YAML file that says which column fills what."),
)
@option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help=say("The case folder to write; it must be new or empty."),
)
@common
def import_csv(talk: Talk, file: Path, mapping: Path, out: Path) -> None:
    """Make a case folder from a table."""
    from mithaq.record.importing import import_csv as bring

    record = bring(file, mapping, out)
    found = {
        "case": record.id,
        "out": str(out),
        "subjects": len(record.subjects()),
        "sources": len(record.sources),
        "claims": len(record.claims),
    }
    if talk.as_json:
        print_json(found)
        return
    words = talk.words()
    click.echo(words.say("Written: {file}", file=str(out)))
    claims = words.plural("{n} claim", "{n} claims", len(record.claims))
    click.echo(f"{claims}{words.language.comma}{_sources(talk, len(record.sources))}")


def _sources(talk: Talk, count: int) -> str:
    return talk.words().plural("{n} source", "{n} sources", count)
