"""What people see: tables in the terminal and the self-contained report."""

from mithaq.show.report import Report, report

__all__ = ["Report", "report"]
