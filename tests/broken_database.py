"""Real SQLite databases that fail for a while: the file is locked by somebody else, or its disk is full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else can write to this database meanwhile: they are told so after their busy timeout."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """The database cannot grow meanwhile, as on a full disk."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        event.listen(engine, "checkout", _unlimited)


def _unlimited(connection: sqlite3.Connection, *_: object) -> None:
    connection.execute("PRAGMA max_page_count=1073741823")
