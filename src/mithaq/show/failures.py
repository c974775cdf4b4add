"""Errors in the reader's language, as far as they are made of sentences that can be translated."""

from __future__ import annotations

from mithaq.errors import DataError, Problem, SolveError
from mithaq.words.sentence import Sentence, said
from mithaq.words.text import Language, language

__all__ = ["spoken_error"]


def spoken_error(error: Exception, lang: str) -> str:
    """What an error says, in the language; what is not made of sentences stays as it is.

    >>> print(spoken_error(DataError([Problem("nodes.csv", 3, "name", "odd")]), "fr"))
    1 problème dans les données :
      nodes.csv, ligne 3, colonne name: odd
    """
    tongue = language(lang)
    if isinstance(error, DataError):
        count = len(error.problems)
        head = tongue.plural("{n} problem in the input:", "{n} problems in the input:", count)
        return "\n".join([head, *(f"  {_problem(part, tongue)}" for part in error.problems)])
    if isinstance(error, SolveError):
        rows = (f"  {said(row, tongue)}" for row in error.rows)
        return "\n".join([said(error.message, tongue), *rows])
    whole = error.args[0] if error.args else ""
    return said(whole, tongue) if isinstance(whole, Sentence) else str(error)


def _problem(problem: Problem, tongue: Language) -> str:
    where = [problem.file] if problem.file else []
    if problem.row:
        where.append(tongue.say("row {n}", n=problem.row))
    if problem.column:
        where.append(tongue.say("column {name}", name=problem.column))
    what = said(problem.what, tongue)
    text = f"{tongue.comma.join(where)}: {what}" if where else what
    return f"{text} ({said(problem.hint, tongue)})" if problem.hint else text
