"""The command line: one command per public function, of the same name.

Exit status: 0 done, 1 the input is wrong, 2 the command is used wrongly, 3 no certified answer,
10 something falls due (``deadlines``), 130 interrupted. With ``--json`` the last thing on standard
output is one JSON object; notes and progress go to standard error. Heavy rooms are imported inside
the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import functools
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from mithaq.errors import BatchError, DataError, MithaqError, Problem, SolveError

if TYPE_CHECKING:
    from mithaq.case import Case
    from mithaq.record import Record
    from mithaq.show.sheets import Sheet
    from mithaq.show.speech import Speech

__all__ = ["cli", "main"]

LANGUAGES = ("ar", "en", "fr", "ru")
DONE, WRONG_INPUT, USAGE, NOT_SOLVED, INTERRUPTED = 0, 1, 2, 3, 130

Command = TypeVar("Command", bound=Callable[..., Any])


def say(text: str) -> str:
    """Mark ``text`` for translation: help is spoken when it is printed, not when it is defined."""
    return text


def default_language() -> str:
    """The language of ``MITHAQ_LANG``, else of ``LANG``, else English."""
    for variable in ("MITHAQ_LANG", "LANG"):
        code = os.environ.get(variable, "")[:2].lower()
        if code in LANGUAGES:
            return code
    return "en"


def _chosen_language() -> str:
    """The language of ``--lang`` on the command line, read early because help needs it."""
    words = sys.argv[1:]
    for place, word in enumerate(words):
        code = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and place + 1 < len(words):
            code = words[place + 1]
        if code in LANGUAGES:
            return code
    return default_language()


def spoken(text: str | None) -> str:
    """The text in the language of the command that runs; nothing for no text."""
    from mithaq.words.text import language

    return language(_chosen_language()).say(text) if text else ""


class SpokenOption(click.Option):
    """An option whose help comes out in the reader's language."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Flags and translated help."""
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace(self.help or "", spoken(self.help), 1))


def _write_help(text: str | None, formatter: click.HelpFormatter) -> None:
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(spoken(text))


class SpokenCommand(click.Command):
    """A command whose help comes out in the reader's language."""

    def format_help_text(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the translated help."""
        _write_help(self.help, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002
        """The translated help, whole: the list of commands wraps by itself."""
        return spoken(self.short_help or self.help)


class SpokenGroup(click.Group):
    """A group whose help comes out in the reader's language, commands in the order of use."""

    command_class = SpokenCommand

    def format_help_text(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the translated help."""
        _write_help(self.help, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002
        """The translated help, whole."""
        return spoken(self.short_help or self.help)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Commands as they were defined."""
        return list(self.commands)


class Day(click.ParamType[date]):
    """A calendar day, written as 2007-12-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day or fail with the option's name."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            message = spoken(say("{value} is not a day; write it as 2007-12-31"))
            self.fail(message.format(value=repr(value)), param, ctx)


DAY = Day()


def option(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """An option with spoken help."""
    return click.option(*names, cls=SpokenOption, **settings)


def common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--lang`` and ``--json`` and hand it a :class:`Talk`."""

    @option("--json", "as_json", is_flag=True, help=say("Print one JSON object instead of tables."))
    @option("--lang", type=click.Choice(LANGUAGES), help=say("Language of the output."))
    @functools.wraps(command)
    def wrapped(*args: Any, as_json: bool, lang: str | None, **kwargs: Any) -> None:
        command(Talk(lang or default_language(), as_json), *args, **kwargs)

    return wrapped


BEGUN = say("Leave out claims about what began after this day.")
ON = say("The day asked about, as 2007-12-31.")


@dataclass(frozen=True)
class Asked:
    """What a command asks: one case or several, by all three clocks.

    ``case_name`` is None where all shipped cases, or whatever ``db`` holds, are asked. Nothing is
    read before ``cases`` is.
    """

    case_name: str | None
    db: str | None
    recorded: str | None
    at: date | None
    known: date | None
    about: tuple[str, ...] = ()
    chain: Path | None = None

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The cases, as they were recorded at the time asked about."""
        from mithaq.case import load, on_chain
        from mithaq.record import case_ids

        if self.chain is not None:
            named = self.case_name is not None or self.db is not None
            case = load(self.case_name, db=self.db, recorded=self.recorded) if named else None
            return (on_chain(self.chain, case),)
        if self.case_name is None and self.db is None:
            return tuple(load(name) for name in case_ids())
        return (load(self.case_name, db=self.db, recorded=self.recorded, about=self.about),)

    @property
    def case(self) -> Case:
        """The one case, or the first."""
        return self.cases[0]

    @property
    def records(self) -> list[Record]:
        """The whole record of each case, for the names in it."""
        return [case.record for case in self.cases]

    def then(self) -> list[Record]:
        """Each record as it could be known then, without what began later."""
        return [case.as_of(self.at, self.known) for case in self.cases]


def reading(
    at: str = BEGUN, *, names: tuple[str, ...] = ("--at",), needed: bool = False, ask: str = "one"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a case or a store, and all three clocks.

    ``at`` is what the option of that name (``names``) means here; ``ask`` says which cases are
    asked: ``one`` that must be named, ``all`` shipped ones where none is named, the same with an
    ``option`` in place of an argument, or the ``shipped`` ones alone. The command is called as
    ``command(talk, asked, ...)`` with an :class:`Asked`.
    """

    store = say("Ask the store at this address, not a shipped case.")
    instant = say("Ask the store as it was at this time (UTC), as 2026-11-22T10:00:00Z or a day.")

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option("--db", metavar="URL", help=store)
        @option("--recorded", metavar="INSTANT", help=instant)
        @option("--known", type=DAY, help=say("Use only what sources had published by this day."))
        @option(*names, "at", type=DAY, required=needed, help=at)
        @functools.wraps(command)
        def wrapped(
            talk: Talk,
            *args: Any,
            db: str | None,
            recorded: str | None,
            known: date | None,
            at: date | None,
            case: str | None = None,
            about: tuple[str, ...] = (),
            **kwargs: Any,
        ) -> None:
            if case is not None and kwargs.get("agreement", "") is None:
                from mithaq.case import case_with

                # One name is an agreement of the store, or of the shipped case that has it.
                owner = None if db is not None else case_with(case)
                if db is not None or owner is not None:
                    case, kwargs["agreement"] = owner, case
            if recorded is not None and db is None:
                message = say("--recorded asks a store; name it with --db.")
                raise click.UsageError(spoken(message))
            if case is None and db is None and ask == "one" and not kwargs.get("chain"):
                raise click.UsageError(spoken(say("Name a case, or a store with --db.")))
            if kwargs.get("agreement", "") is None:
                raise click.UsageError(spoken(say("Name an agreement or a scenario.")))
            command(talk, Asked(case, db, recorded, at, known, about), *args, **kwargs)

        if ask == "option":
            text = say("Ask this case alone, not all that ship.")
            return option("--case", metavar="CASE", help=text)(wrapped)
        return wrapped if ask == "shipped" else click.argument("case", required=False)(wrapped)

    return decorated


OWN_CHAIN = say("A folder with a gas chain of your own; no case need be named.")


def chained(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that asks one case ``--chain``; stands below :func:`reading`."""

    @option("--chain", metavar="FOLDER", type=click.Path(path_type=Path), help=OWN_CHAIN)
    @functools.wraps(command)
    def wrapped(talk: Talk, asked: Asked, *args: Any, chain: Path | None, **kwargs: Any) -> None:
        command(talk, replace(asked, chain=chain), *args, **kwargs)

    return wrapped


def keeping(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that solves many equilibria ``--store``."""
    text = say(
        "Keep what has been solved in this folder; the same command, run again, takes up where it "
        "was stopped."
    )
    kind = click.Path(path_type=Path, file_okay=False)
    return option("--store", metavar="DIR", type=kind, help=text)(command)


def seeded(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that draws ``--seed``."""
    kind, text = click.IntRange(0), say("Seed of the draws.")
    return option("--seed", type=kind, default=1, show_default=True, help=text)(command)


def listed(options: Sequence[str]) -> list[str]:
    """Names of options that were given once for each, or parted by commas.

    Options without any name are no way to leave them out: they hold the name '', which nobody has.
    """
    names = [part.strip() for option in options for part in option.split(",")]
    return [name for name in names if name] or names[:1]


def about(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that reads a record ``--about``."""
    text = say(
        "Only what concerns this subject, by name or identifier; given twice, what lies between "
        "two parties."
    )
    return option("--about", metavar="SUBJECT", multiple=True, help=text)(command)


class Talk:
    """How a command answers: in which language, as tables or as JSON."""

    def __init__(self, lang: str, as_json: bool) -> None:
        self.lang = lang
        self.as_json = as_json

    def words(self, record: Record | None = None) -> Speech:
        """The words of the language with the names of ``record``."""
        from mithaq.show.material import names_of
        from mithaq.show.speech import speech

        return speech(self.lang, names_of(record, self.lang) if record else None)

    def answer(self, data: Mapping[str, Any], sheets: Callable[[], Sequence[Sheet]]) -> None:
        """Print ``data`` as JSON or the tables made of it."""
        if self.as_json:
            print_json(data)
            return
        from mithaq.show.tables import print_sheets

        print_sheets(sheets())

    @contextmanager
    def working(self, message: str) -> Iterator[Callable[[int, int], None]]:
        """A bar with rate and time left on standard error; yields what tells it (done, total)."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            SpinnerColumn,
            Task,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Rate(ProgressColumn):
            """Items a second, over the last half minute."""

            def render(self, task: Task) -> Text:
                return Text(f"{task.speed:.2g}/s" if task.speed else "")

        screen = Console(stderr=True)
        if not screen.is_terminal:
            yield lambda _done, _total: None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
        ends = (MofNCompleteColumn(), Rate(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, *ends, console=screen, transient=True) as progress:
            task = progress.add_task(message, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)


def print_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object on one line; what is not a number comes out as null."""
    text = json.dumps(_plain(data), ensure_ascii=False, allow_nan=False)
    click.echo(_UNRULY.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


# What would act on a terminal, or be no text at all: JSON has another spelling for it.
_UNRULY = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if hasattr(value, "item"):  # a NumPy scalar
        return _plain(value.item())
    return str(value)


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"mithaq {version('mithaq')}")
        ctx.exit()


@click.group(
    cls=SpokenGroup,
    help=say("The record of international energy partnerships, and what they are worth."),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help=say("Show the version and exit."),
)
def cli() -> None:
    """The record of international energy partnerships, and what they are worth."""


@cli.command(help=say("List the cases that ship with mithaq, or the one in a store."))
@common
@reading(ask="shipped")
def cases(talk: Talk, asked: Asked) -> None:
    """List the cases."""
    from mithaq.show.material import cases as list_cases
    from mithaq.show.record_sheets import cases_sheet

    data = list_cases(asked.then())
    talk.answer(data, lambda: [cases_sheet(data, talk.words())])


@cli.command(help=say("What is in force on a day: agreements, commitments, projects, contacts."))
@about
@common
@reading(ON, needed=True)
def state(talk: Talk, asked: Asked) -> None:
    """State of the record."""
    from mithaq.show.record_sheets import state_sheets

    assert asked.at is not None
    data = asked.case.state(asked.at, asked.known).to_dict()
    talk.answer(data, lambda: state_sheets(data, talk.words(asked.case.record)))


@cli.command(help=say("Every dated event in order, with uncertain dates marked."))
@about
@common
@reading(say("Leave out what happened after this day."), names=("--at", "--until"))
def timeline(talk: Talk, asked: Asked) -> None:
    """Dated events."""
    from mithaq.show.record_sheets import timeline_sheet

    told = [event.to_dict() for event in asked.case.timeline(asked.at, asked.known)]
    data = {"until": asked.at.isoformat() if asked.at else None, "events": told}
    talk.answer(data, lambda: [timeline_sheet(told, talk.words(asked.case.record))])


@cli.command(help=say("Contradictions with both sides and their sources, and other findings."))
@option("--strict", is_flag=True, help=say("Exit with status 1 if anything is found."))
@option("--quality", is_flag=True, help=say("Also tell how well each subject is sourced."))
@common
@reading()
def check(talk: Talk, asked: Asked, strict: bool, quality: bool) -> None:
    """Check the record."""
    from mithaq.show.record_sheets import check_sheets, deciding_sheet
    from mithaq.show.watch_sheets import quality_sheets

    when = (asked.at, asked.known)
    data = asked.case.check(*when).to_dict()
    if quality:
        data["quality"] = [line.to_dict() for line in asked.case.quality(*when)]
    words = talk.words(asked.case.record)
    found = data["contradictions"] if asked.case.from_store else []
    talk.answer(
        data,
        lambda: [
            *check_sheets(data, words),
            *([deciding_sheet(found, words)] if found else []),
            *quality_sheets(data, words),
        ],
    )
    if strict and (data["contradictions"] or data["problems"]):
        raise click.exceptions.Exit(WRONG_INPUT)


@cli.command(help=say("Who granted what to whom: is the principle of reciprocity kept?"))
@option(
    "--between",
    nargs=2,
    required=True,
    metavar="A B",
    help=say("The two states, by name in any language or by identifier."),
)
@common
@reading(ON)
def balance(talk: Talk, asked: Asked, between: tuple[str, str]) -> None:
    """Reciprocity balance."""
    from mithaq.show.record_sheets import balance_sheets

    data = asked.case.balance(*between, at=asked.at, known=asked.known).to_dict()
    talk.answer(data, lambda: balance_sheets(data, talk.words(asked.case.record)))


@cli.command(help=say("Who sells gas to whom, at what price, with proof and fit."))
@option("--year", type=int, default=2010, show_default=True, help=say("Base year of the chain."))
@option("--edits", type=click.Path(path_type=Path), help=say("A YAML file of edits to the chain."))
@option("--chain", type=click.Path(path_type=Path), help=OWN_CHAIN)
@option(
    "--export",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help=say("Also write the result: FILE.nc, FILE.xlsx, FOLDER.parquet, or FOLDER for CSV files."),
)
@option(
    "--calibration",
    metavar="NAME",
    help=say("One of the calibrations that the chain carries, such as full; else as it stands."),
)
@common
@reading(say("Changes nothing: the market is that of the base year, and no claim enters it."))
def market(
    talk: Talk,
    asked: Asked,
    year: int,
    edits: Path | None,
    chain: Path | None,
    export: Path | None,
    calibration: str | None,
) -> None:
    """Equilibrium of the gas market."""
    from mithaq.show.market_sheets import market_sheets
    from mithaq.show.material import market as find_market
    from mithaq.show.material import solved

    record = asked.case.record if asked.case_name or asked.db or not chain else None
    words = talk.words(record)
    if asked.at or asked.known:
        told = say("The market is that of the base year {year}; no claim of the record enters it.")
        click.echo(words.say(told, year=str(year)), err=True)
    with talk.working(words.say("Solving the equilibrium")):
        data = find_market(
            record, year=year, edits=edits, chain=chain, export=export, calibration=calibration
        )
    if talk.as_json:
        print_json(data)
    solved(data)
    if not talk.as_json:
        talk.answer(data, lambda: market_sheets(data, words))
        for path in data.get("exported", ()):
            click.echo(words.say("Written: {file}", file=path))


# Commands that live in modules of their own; they hang themselves on ``cli``.
import_module("mithaq.commands")


def _fail(error: Exception | None, status: int) -> int:
    from mithaq.show.failures import spoken_error
    from mithaq.words.text import tame

    text = spoken_error(error, _chosen_language()) if error else ""
    click.echo(tame(text), err=True)
    return status


def _unreadable(error: OSError) -> DataError:
    what = error.strerror or str(error)
    return DataError([Problem(file=str(error.filename or ""), what=what)])


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    >>> run(["--version"])  # doctest: +ELLIPSIS
    mithaq ...
    0
    """
    try:
        result = cli.main(arguments, prog_name="mithaq", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _fail(None, INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python must not write to the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except SolveError as error:
        return _fail(error, NOT_SOLVED)
    except BatchError as error:
        failed = any(isinstance(item, SolveError) for item in error.failures.values())
        return _fail(error, NOT_SOLVED if failed else WRONG_INPUT)
    except MithaqError as error:
        return _fail(error, WRONG_INPUT)
    except OSError as error:
        return _fail(_unreadable(error), WRONG_INPUT)


def main() -> NoReturn:
    """Entry point of the ``mithaq`` command."""
    sys.exit(run())
