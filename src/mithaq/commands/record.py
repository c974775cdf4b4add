"""The commands ``mithaq record ...``: keep a record as a team, in a store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mithaq.cli import (
    DAY,
    WRONG_INPUT,
    SpokenGroup,
    Talk,
    cli,
    common,
    option,
    print_json,
    say,
)
from mithaq.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mithaq.record.search import Found
    from mithaq.record.store import Added, Store

__all__ = ["find", "record"]

FILE = click.Path(path_type=Path)


@cli.command(
    "find", help=say("Search names, claims and sources of all shipped cases, or of a store.")
)
@click.argument("words", nargs=-1, required=True)
@option("--db", metavar="URL", help=say("Ask the store at this address, not a shipped case."))
@option(
    "--recorded",
    metavar="INSTANT",
    help=say("Ask the store as it was at this time (UTC), as 2026-11-22T10:00:00Z or a day."),
)
@option("--known", type=DAY, help=say("Use only what sources had published by this day."))
@option("--at", type=DAY, help=say("Leave out claims about what began after this day."))
@option(
    "--cross-script/--no-cross-script",
    default=True,
    help=say("Whether a name in one script also finds the names in others (default: yes)."),
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help=say("How many hits to tell at most, of each case."),
)
@common
def find(
    talk: Talk,
    words: tuple[str, ...],
    db: str | None,
    recorded: str | None,
    known: date | None,
    at: date | None,
    cross_script: bool,
    limit: int,
) -> None:
    """Search."""
    from mithaq.show.store_sheets import hits_sheet

    if recorded is not None and db is None:
        message = say("--recorded asks a store; name it with --db.")
        raise click.UsageError(talk.words().say(message))
    asked = " ".join(words)
    found: list[tuple[str, Found]] = []
    if db is not None:
        with _open(db) as store:
            clocks = {"at": at, "known": known, "recorded": recorded}
            hits = store.find(asked, **clocks, cross_script=cross_script, limit=limit)
            found.append((store.case().id, hits))
    else:
        from mithaq.record import case_ids, load_case
        from mithaq.record.search import search_all

        for case in case_ids():
            held = load_case(case)
            found.append((case, search_all(held, asked, at, known, cross_script, limit)))
    data = {
        "words": asked,
        "cross_script": cross_script,
        "hits": [{"case": case, **hit.to_dict()} for case, told in found for hit in told.hits],
        "more": any(told.more for _, told in found),
    }
    talk.answer(data, lambda: [hits_sheet(data, talk.words())])


@cli.group(
    "record",
    cls=SpokenGroup,
    help=say("Keep a record as a team: an append-only store in SQLite or PostgreSQL."),
)
def record() -> None:
    """Keep a record as a team."""


def _db(command: Callable[..., None]) -> Callable[..., None]:
    text = say("The store: a file, sqlite:///FILE or postgresql://USER@HOST/NAME.")
    return option("--db", metavar="URL", required=True, help=text)(command)


def _by(command: Callable[..., None]) -> Callable[..., None]:
    text = say("Who records (default: MITHAQ_BY, else the name of the user).")
    return option("--by", metavar="NAME", default="", help=text)(command)


def _reason(command: Callable[..., None]) -> Callable[..., None]:
    return option("--reason", required=True, help=say("Why."))(command)


@contextmanager
def _open(db: str, *, make: bool = False) -> Iterator[Store]:
    from mithaq.record.store import Store

    store = Store(db, make=make)
    try:
        yield store
    finally:
        store.close()


def _tell(talk: Talk, store: Store, added: Added) -> None:
    data = {"db": store.shown, **added.to_dict()}
    if talk.as_json:
        print_json(data)
        return
    words = talk.words()
    click.echo(
        words.say(
            "Rows added: {added}. Already there: {unchanged}. Rows in the log: {size}.",
            added=words.figure(added.rows),
            unchanged=words.figure(added.unchanged),
            size=words.figure(added.size),
        )
    )


@record.command("init", help=say("Make an empty store, or bring one up to date."))
@_db
@option("--case", "case_id", metavar="ID", default="", help=say("Identifier of the case."))
@option("--title", default="", help=say("Title of the case, in the language of the output."))
@_by
@common
def init(talk: Talk, db: str, case_id: str, title: str, by: str) -> None:
    """Make a store."""
    from mithaq.record import Case
    from mithaq.record.values import IDENTIFIER

    if case_id and not IDENTIFIER.fullmatch(case_id):
        hint = "use small Latin letters, digits and hyphens"
        raise DataError([Problem(column="case", what=f"{case_id!r} is no id", hint=hint)])
    with _open(db, make=True) as store:
        titles = {talk.lang: title} if title else {}
        _tell(talk, store, store.append(case=Case(case_id, titles) if case_id else None, by=by))


@record.command(
    "import",
    help=say(
        "Append a shipped case, a folder, a YAML file, or the JSON Lines of a whole history; makes "
        "the store where there is none. What the source leaves out is not retracted."
    ),
)
@click.argument("source")
@_db
@_by
@common
def import_(talk: Talk, source: str, db: str, by: str) -> None:
    """Import."""
    with _open(db, make=True) as store:
        _tell(talk, store, store.import_(source, by=by))


@record.command(
    "export",
    help=say("Write the record as a folder of YAML, or its whole history as a file FILE.jsonl."),
)
@click.argument("target", type=FILE)
@_db
@option("--recorded", metavar="INSTANT", help=say("The record as it was at this time (UTC)."))
@common
def export(talk: Talk, target: Path, db: str, recorded: str | None) -> None:
    """Export."""
    with _open(db) as store:
        written = store.export(target, recorded)
    if talk.as_json:
        print_json({"db": store.shown, "written": str(written)})
    else:
        click.echo(talk.words().say("Written: {file}", file=str(written)))


@record.command("add", help=say("Append sources, subjects and claims from YAML files of blocks."))
@click.argument("files", type=FILE, nargs=-1, required=True)
@_db
@_by
@common
def add(talk: Talk, files: tuple[Path, ...], db: str, by: str) -> None:
    """Add."""
    with _open(db) as store:
        _tell(talk, store, store.add(files, by=by))


@record.command(
    "correct",
    help=say("Put a corrected claim in the place of a current one; both stay in the history."),
)
@click.argument("claim")
@option(
    "--set",
    "changes",
    metavar="KEY=VALUE",
    multiple=True,
    required=True,
    help=say("A part to change: value, valid, source, locator, rank, polarity, note, ..."),
)
@_reason
@_db
@_by
@common
def correct(
    talk: Talk, claim: str, changes: tuple[str, ...], reason: str, db: str, by: str
) -> None:
    """Correct."""
    from mithaq.record.store.editing import changed
    from mithaq.record.store.store import whoever

    with _open(db) as store:
        held = store.claim(claim)
        becomes = changed(store.record(), held, changes, reason, by or whoever())
        _tell(talk, store, store.correct(held.identifier, becomes, why=reason, by=by))


@record.command("retract", help=say("Withdraw a claim; it stays in the history."))
@click.argument("claim")
@_reason
@_db
@_by
@common
def retract(talk: Talk, claim: str, reason: str, db: str, by: str) -> None:
    """Retract."""
    with _open(db) as store:
        _tell(talk, store, store.retract(claim, why=reason, by=by))


@record.command("history", help=say("Every row about a subject, the oldest first."))
@click.argument("subject", required=False)
@_db
@common
def history(talk: Talk, subject: str | None, db: str) -> None:
    """History."""
    from mithaq.show.store_sheets import history_sheet

    with _open(db) as store:
        data = {"subject": subject, "rows": [e.to_dict() for e in store.history(subject)]}
    talk.answer(data, lambda: [history_sheet(data, talk.words())])


@record.command(
    "verify",
    help=say("Look for any change, insertion, reordering or loss of rows; exit status 1 if found."),
)
@_db
@option("--checkpoint", type=FILE, help=say("A checkpoint kept elsewhere, to compare with."))
@common
def verify(talk: Talk, db: str, checkpoint: Path | None) -> None:
    """Verify."""
    from mithaq.record.store import Checkpoint
    from mithaq.show.store_sheets import faults_sheet

    kept = Checkpoint.read(checkpoint) if checkpoint else None
    with _open(db) as store:
        found = store.verify(kept)
    data = found.to_dict()
    talk.answer(data, lambda: [faults_sheet(data, talk.words())])
    if not found.ok:
        raise click.exceptions.Exit(WRONG_INPUT)


@record.command(
    "checkpoint", help=say("Print the size and the hash of the log, to be kept elsewhere.")
)
@_db
@option("--out", type=FILE, help=say("File to write."))
@common
def checkpoint(talk: Talk, db: str, out: Path | None) -> None:
    """Checkpoint."""
    import json

    with _open(db) as store:
        data = store.checkpoint().to_dict()
    if out is not None:
        out.write_text(json.dumps(data) + "\n", encoding="utf-8")
    if talk.as_json or out is None:
        print_json(data)
    else:
        click.echo(talk.words().say("Written: {file}", file=str(out)))


@record.command(
    "diff",
    help=say("What was added and withdrawn between two recorded times, or against a SOURCE."),
)
@click.argument("source", required=False)
@_db
@option("--from", "since", metavar="INSTANT", help=say("Recorded time to begin with (UTC)."))
@option("--to", "until", metavar="INSTANT", help=say("Recorded time to end with (default: now)."))
@common
def diff(talk: Talk, source: str | None, db: str, since: str | None, until: str | None) -> None:
    """Differences."""
    from mithaq.record import load_case
    from mithaq.record.store.editing import difference
    from mithaq.show.store_sheets import difference_sheet

    if (source is None) == (since is None):
        raise click.UsageError(talk.words().say("Give either --from or a SOURCE to compare with."))
    with _open(db) as store:
        before = store.record(since if source is None else until)
        after = load_case(source) if source is not None else store.record(until)
    data: dict[str, Any] = difference(before, after)
    talk.answer(data, lambda: [difference_sheet(data, talk.words(after))])
