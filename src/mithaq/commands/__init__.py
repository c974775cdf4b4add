"""Commands in modules of their own. Importing this package hangs them on ``mithaq.cli.cli``."""

from mithaq.commands import deadlines, who

__all__ = ["deadlines", "who"]
