"""What the writers of the durability tests run in processes of their own.

    python writing.py URL WRITER SECONDS LOG

appends one claim after the other for so many seconds; each number goes into the log only after the
append came back, so that the log never names a claim that was not acknowledged.
"""

from __future__ import annotations

import os
import sys
import time

from mithaq.record.store import Store
from tests.store.things import numbered


def main(url: str, writer: str, seconds: str, log: str) -> None:
    """Append until the time is over."""
    store = Store(url)
    until = time.monotonic() + float(seconds)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    number = int(os.environ.get("FIRST", "0"))
    while time.monotonic() < until:
        store.append([numbered(number, int(writer))], by=f"writer {writer}")
        os.write(out, f"{number}\n".encode())
        number += 1
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
