"""Tasks that processes and workers can import; what they do is noted in the file NOTED."""

import os
import time
from pathlib import Path

NOTED = "MITHAQ_TEST_NOTED"


def note(text):
    handle = os.open(os.environ[NOTED], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{text}\n".encode())
    os.close(handle)


def noted():
    return Path(os.environ[NOTED]).read_text().split()


def row(seconds, item):
    """A row of every kind of value; multiples of 97 fail."""
    time.sleep(seconds)
    if item % 97 == 0:
        raise ValueError(f"{item} is bad")
    note(item)
    values = {"third": item / 3, "name": f"n{item}", "odd": item % 2 == 1, "nothing": None}
    return values | ({"late": float(item)} if item % 5 == 4 else {})


def with_process(seconds, item):
    """As ``row``; the note tells the process too."""
    note(f"{item}:{os.getpid()}")
    time.sleep(seconds)
    return {"square": item * item}
