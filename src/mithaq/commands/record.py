"""The commands ``mithaq record ...``: keep a record as a team, in a store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mithaq.cli import (
    BEGUN,
    DAY,
    WRONG_INPUT,
    Asked,
    SpokenGroup,
    Talk,
    cli,
    common,
    option,
    print_json,
    reading,
    say,
)
from mithaq.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mithaq.record import Record
    from mithaq.record.search import Found
    from mithaq.record.store import Added, Store

__all__ = ["find", "record"]

FILE = click.Path(path_type=Path)


@cli.command(
    "find", help=say("Search names, claims and sources of all shipped cases, or of a store.")
)
@click.argument("words", nargs=-1, required=True)
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
@reading(ask="option")
def find(talk: Talk, asked: Asked, words: tuple[str, ...], cross_script: bool, limit: int) -> None:
    """Search."""
    from mithaq.show.store_sheets import hits_sheet
    from mithaq.show.watch_sheets import speech_of

    text = " ".join(words)
    found: list[tuple[str, Found]] = []
    names: list[Record] = []
    if asked.db is not None:
        with _open(asked.db) as store:
            clocks = {"at": asked.at, "known": asked.known, "recorded": asked.recorded}
            told = store.find(text, **clocks, cross_script=cross_script, limit=limit)
            found.append((store.case().id, told))
            if not talk.as_json:
                names.append(store.only({hit.subject for hit in told.hits} - {""}, asked.recorded))
    else:
        names += asked.records
        for case in asked.cases:
            told = case.find(text, asked.at, asked.known, cross_script=cross_script, limit=limit)
            found.append((case.id, told))
    data = {
        "words": text,
        "cross_script": cross_script,
        "hits": [{"case": case, **hit.to_dict()} for case, told in found for hit in told.hits],
        "more": any(told.more for _, told in found),
    }
    talk.answer(data, lambda: [hits_sheet(data, speech_of(names, talk.lang))])


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


def _clocks(command: Callable[..., None]) -> Callable[..., None]:
    """``--at`` and ``--known``, for what reads the claims of a store."""
    known = option(
        "--known", type=DAY, help=say("Use only what sources had published by this day.")
    )
    return option("--at", type=DAY, help=BEGUN)(known(command))


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
    from mithaq.record.store.store import source_of

    told = source_of(source)
    with _open(db, make=True) as store:
        _tell(talk, store, store.import_(told, by=by))


@record.command(
    "export",
    help=say("Write the record as a folder of YAML, or its whole history as a file FILE.jsonl."),
)
@click.argument("target", type=FILE)
@_db
@option("--recorded", metavar="INSTANT", help=say("The record as it was at this time (UTC)."))
@_clocks
@common
def export(
    talk: Talk,
    target: Path,
    db: str,
    recorded: str | None,
    at: date | None,
    known: date | None,
) -> None:
    """Export."""
    from mithaq.record.known import as_of
    from mithaq.record.writer import write_case

    partly = at is not None or known is not None
    if partly and target.suffix == ".jsonl":
        message = say("A history is handed on whole or up to a recorded time: --recorded alone.")
        raise click.UsageError(talk.words().say(message))
    with _open(db) as store:
        if partly:
            write_case(as_of(store.record(recorded), at=at, known=known), target)
        else:
            store.export(target, recorded)
    written = target
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


@record.command(
    "prefer",
    help=say(
        "Decide: prefer a claim, or a side of a contradiction that check lists. All sides stay."
    ),
)
@click.argument("claim", metavar="CLAIM|CONTRADICTION")
@option(
    "--side",
    type=click.IntRange(min=1),
    metavar="N",
    help=say("The side of the contradiction, by the number that check prints."),
)
@option(
    "--rank",
    type=click.Choice(["preferred", "normal", "deprecated"]),
    default="preferred",
    show_default=True,
    help=say("Prefer it, set it aside (deprecated), or take a decision back (normal)."),
)
@_reason
@_db
@_by
@common
def prefer(
    talk: Talk, claim: str, side: int | None, rank: str, reason: str, db: str, by: str
) -> None:
    """Prefer."""
    from mithaq.record.claims import Rank
    from mithaq.record.deciding import decision, decision_on, signature
    from mithaq.record.store.store import whoever

    with _open(db) as store:
        held = store.record()
        told: dict[str, Any] = {"reason": reason, "by": signature(held, by or whoever())}
        if side is None and "." in claim:
            hint = "--side N says which to prefer; mithaq check numbers them"
            raise DataError([Problem(what=f"{claim!r} is a contradiction of sides", hint=hint)])
        if side is None:
            made = decision_on(store.claim(claim), rank=Rank(rank), **told)
        else:
            made = decision(held, claim, side, rank=Rank(rank), **told)
        _tell(talk, store, store.append(made, by=by))


@record.command(
    "judge",
    help=say("Judge whether two subjects are one; judging anew takes the old judgement's place."),
)
@click.argument("a")
@click.argument("b")
@click.argument("judgement", type=click.Choice(["positive", "negative", "unsure"]))
@_reason
@_db
@_by
@common
def judge(talk: Talk, a: str, b: str, judgement: str, reason: str, db: str, by: str) -> None:
    """Judge."""
    from mithaq.record.deciding import judgement as judged
    from mithaq.record.deciding import signature
    from mithaq.record.store.store import whoever

    with _open(db) as store:
        held = store.record()
        who = signature(held, by or whoever())
        made = judged(held, a, b, judgement, reason=reason, by=who, lang=talk.lang)
        _tell(talk, store, store.append(made.claims, subjects=[made.subject], by=by))


@record.command("history", help=say("Every row about a subject, the oldest first."))
@click.argument("subject", required=False)
@_db
@option("--recorded", metavar="INSTANT", help=say("The history as it was at this time (UTC)."))
@_clocks
@common
def history(
    talk: Talk,
    subject: str | None,
    db: str,
    recorded: str | None,
    at: date | None,
    known: date | None,
) -> None:
    """History."""
    from mithaq.record.store.looking import seen
    from mithaq.show.store_sheets import history_sheet

    with _open(db) as store:
        entries = store.history(subject, recorded)
        if at is not None or known is not None:
            entries = seen(entries, store.record(), at=at, known=known)
    data = {"subject": subject, "rows": [entry.to_dict() for entry in entries]}
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
@option(
    "--to",
    "--recorded",
    "until",
    metavar="INSTANT",
    help=say("Recorded time to end with (default: now)."),
)
@_clocks
@common
def diff(
    talk: Talk,
    source: str | None,
    db: str,
    since: str | None,
    until: str | None,
    at: date | None,
    known: date | None,
) -> None:
    """Differences."""
    from mithaq.record import load_case
    from mithaq.record.known import as_of
    from mithaq.record.store.editing import difference
    from mithaq.show.store_sheets import difference_sheet

    if (source is None) == (since is None):
        raise click.UsageError(talk.words().say("Give either --from or a SOURCE to compare with."))
    with _open(db) as store:
        before = store.record(since if source is None else until)
        after = load_case(source) if source is not None else store.record(until)
    then = [as_of(held, at=at, known=known) for held in (before, after)]
    data: dict[str, Any] = difference(*then)
    talk.answer(data, lambda: [difference_sheet(data, talk.words(after))])
