"""The way to the database: one writer, a few readers, the loop never waits.

SQLite takes one writer at a time, and a read that turns into a write fails at once whatever the busy timeout says. So
every write goes through one thread and begins with `BEGIN IMMEDIATE`; reads run on a small pool, each in a
snapshot of its own (WAL). On PostgreSQL the same two doors lead to ordinary transactions.

Functions given to `read` and `write` take a SQLAlchemy `Connection` first, run on another thread, and must not
keep it. A write is committed when the function returns and undone when it raises. What keeps the database from
answering comes out as DatabaseUnavailable or StorageFull, whichever door it was met at.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, insert, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from hub.db.failures import as_unavailable, has_room, storage_full
from hub.db.tables import SettingRow
from hub.errors import DatabaseUnavailable
from hub.runtime.private import close_to_others, make_private_file

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 10
_TRIAL = "db.trial"


def open_engine(url: str, *, readers: int = READERS) -> Engine:
    """An engine for `url` with this project's settings (SQLite pragmas, explicit BEGIN IMMEDIATE for writers)."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        # Otherwise a server behind a wall that drops packets is waited for without end.
        timeout = {} if "connect_timeout" in parsed.query else {"connect_timeout": CONNECT_TIMEOUT_S}
        return create_engine(
            parsed, pool_size=readers + 1, max_overflow=0, pool_pre_ping=True, connect_args=timeout
        )
    engine = create_engine(
        parsed,
        poolclass=QueuePool,
        pool_size=readers + 1,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
        # sqlite3 would open transactions by itself, and never IMMEDIATE ones; with None it leaves them to us.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def keep_database_private(url: URL) -> None:
    """See that the embedded file is for its owner only; before the first connection. Blocking.

    SQLite gives the WAL and its index the mode of the file itself.
    """
    file = Path(url.database or "")
    # A file that cannot be made is reported by whoever opens it.
    with contextlib.suppress(OSError):
        make_private_file(file)
    for suffix in ("-wal", "-shm", "-journal"):
        close_to_others(file.with_name(file.name + suffix))


class Database:
    """Runs functions over connections: `read` on the reader pool, `write` on the one writer thread."""

    def __init__(self, engine: Engine, *, readers: int = READERS) -> None:
        self.engine = engine
        self._writing = engine.execution_options(writes=True)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="db-writer")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="db-reader")
        self._file = Path(engine.url.database or "") if self.is_sqlite else None
        self._write_failure: DatabaseUnavailable | None = None

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded file, False for a server."""
        return self.engine.dialect.name == "sqlite"

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(connection, …)` in a read transaction on a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, lambda: self.read_now(fn, *args, **kwargs)
        )

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(connection, …)` in a write transaction on the writer thread; durable once this returns.

        Cancelling the caller does not stop a write that has begun: it finishes, whole.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._writer, lambda: self._write_now(fn, *args, **kwargs)
        )

    def read_now(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` for code that is already on a thread of its own."""
        return self._run(self.engine, fn, *args, **kwargs)

    async def check(self) -> None:
        """Raise DatabaseUnavailable (or StorageFull) when nothing can be read, or not be written any more.

        While writes go through it only reads: whoever asks often must not keep the disk busy.
        """
        await self.read(_look)
        if self._write_failure is not None:
            await self.write(_try_to_write)
        await asyncio.get_running_loop().run_in_executor(self._readers, self._check_room)

    def _check_room(self) -> None:
        if self._file is not None and not has_room(self._file):
            raise storage_full(self._file, "the disk is full")

    def _write_now(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            result = self._run(self._writing, fn, *args, **kwargs)
        except DatabaseUnavailable as failure:
            if self._write_failure is None:
                log.warning("%s", failure.message, exc_info=failure)
            self._write_failure = failure
            raise
        self._write_failure = None
        return result

    def _run(
        self, engine: Engine, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            with engine.begin() as connection:
                return fn(connection, *args, **kwargs)
        except SQLAlchemyError as error:
            if (unavailable := as_unavailable(error, self._file)) is None:
                raise
            raise unavailable from error

    async def close(self) -> None:
        """Let what is under way finish, then close every connection (SQLite then folds the WAL into the file)."""
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self.engine.dispose()


def _look(connection: Connection) -> None:
    connection.execute(select(SettingRow.key).limit(1))


def _try_to_write(connection: Connection) -> None:
    """Something that must reach the disk and leaves nothing."""
    connection.execute(insert(SettingRow).values(key=_TRIAL, value=""))
    connection.execute(delete(SettingRow).where(SettingRow.key == _TRIAL))
