"""Commands in modules of their own. Importing this package hangs them on ``mithaq.cli.cli``."""

from mithaq.commands import (
    bargain,
    calibrate,
    chain,
    deadlines,
    files,
    forum,
    power,
    record,
    report,
    together,
    uncertain,
    who,
    worth,
)

__all__ = [
    "bargain",
    "calibrate",
    "chain",
    "deadlines",
    "files",
    "forum",
    "power",
    "record",
    "report",
    "together",
    "uncertain",
    "who",
    "worth",
]
