"""Commands in modules of their own. Importing this package hangs them on ``mithaq.cli.cli``."""

from mithaq.commands import chain, deadlines, files, forum, record, who

__all__ = ["chain", "deadlines", "files", "forum", "record", "who"]
