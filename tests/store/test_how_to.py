"""The page on keeping a record as a team: its commands run in the order in which they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mithaq.record.store import Store
from tests.store.server import Server
from tests.store.things import begin, signed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "keep-a-record-as-a-team.md"


def test_the_statements_of_the_page_let_the_desk_append_and_no_more(server: Server) -> None:
    import psycopg

    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    member, by_hand = blocks
    url = server.new()
    made = Store(url, make=True)
    begin(made)
    made.close()
    # The store came with its role: the one made by hand, and its member, get names of their own.
    for block in (by_hand, member):
        text = block.replace("mithaq_writer", "by_hand").replace("desk", "clerk")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(text)
    clerk = server.address(url.rsplit("/", 1)[1], "clerk")
    store = Store(clerk)
    assert store.append([signed("2006-08-04")]).rows == 1 and store.verify().ok
    store.close()
    for refused in ("DELETE FROM claims", "TRUNCATE terms", "CREATE TABLE public.x (a int)"):
        with psycopg.connect(clerk) as connection, pytest.raises(psycopg.Error):
            connection.execute(refused)


@pytest.mark.slow
def test_every_command_of_the_page_runs(tmp_path: Path, server: Server) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 8
    head = f'set -e -o pipefail\nmithaq() {{ "{sys.executable}" -m mithaq "$@"; }}\n'
    environment = {
        **os.environ,
        "POSTGRESQL": server.new(),
        "PYTHONPATH": str(ROOT / "src"),
        "MITHAQ_LANG": "en",
    }
    environment["COLUMNS"] = "200"
    done = subprocess.run(
        ["bash", "-c", head + "\n".join(blocks)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The chain is whole.") == 3
    assert "The Gazette printed the facsimile" in done.stdout
    assert "Due within 180 days of 1 October 2026" in done.stdout
    assert "Nothing falls due." in done.stdout
    assert "Judged to be somebody else: North Gas Trading" in done.stdout
    assert (tmp_path / "due.ics").read_text("utf-8").count("BEGIN:VEVENT") == 1
