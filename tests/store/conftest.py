"""Stores of both kinds: the same tests run on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mithaq.record.store import Store
from tests.store.server import Server, programs


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started for this session."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server is installed here (Debian package postgresql)")
    running = Server(found)
    yield running
    running.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


@pytest.fixture
def new_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives the address of an empty place for a store, another at each call."""
    if kind == "postgresql":
        made: Server = request.getfixturevalue("server")
        return made.new
    numbers = iter(range(1000))
    return lambda: str(tmp_path / f"record{next(numbers)}.db")


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The address of an empty place for a store."""
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    made = Store(url, make=True)
    yield made
    made.close()
