from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from hub.db.engine import Database, open_engine


def _create(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE numbers (n INTEGER)"))


def _insert(connection: Connection, value: int) -> None:
    connection.execute(text("INSERT INTO numbers VALUES (:value)"), {"value": value})


def _sum(connection: Connection) -> int:
    total: int = connection.execute(text("SELECT coalesce(sum(n), 0) FROM numbers")).scalar_one()
    return total


@pytest.fixture
async def numbers(database: Database) -> Database:
    await database.write(_create)
    return database


async def test_a_write_that_raises_leaves_nothing(numbers: Database) -> None:
    def fail(connection: Connection) -> None:
        _insert(connection, 1 // 0 if _sum(connection) else 1)
        _insert(connection, 1 // (1 - _sum(connection)))

    with pytest.raises(ZeroDivisionError):
        await numbers.write(fail)
    assert await numbers.read(_sum) == 0


async def test_writes_are_one_after_the_other_and_off_the_loop(numbers: Database) -> None:
    inside, threads = [], set()

    def write(connection: Connection) -> None:
        inside.append(1)
        threads.add(threading.get_ident())
        assert sum(inside) == 1
        _insert(connection, 1)
        inside.append(-1)

    await asyncio.gather(*(numbers.write(write) for _ in range(20)))
    assert await numbers.read(_sum) == 20
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_readers_go_on_while_a_write_is_open(numbers: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        _insert(connection, 5)
        entered.set()
        assert go_on.wait(10)

    writing = asyncio.get_running_loop().create_task(numbers.write(write))
    await asyncio.to_thread(entered.wait, 10)
    assert await numbers.read(_sum) == 0
    go_on.set()
    await writing
    assert await numbers.read(_sum) == 5


async def test_a_write_goes_on_when_its_caller_is_cancelled(numbers: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        entered.set()
        assert go_on.wait(10)
        _insert(connection, 7)

    writing = asyncio.get_running_loop().create_task(numbers.write(write))
    await asyncio.to_thread(entered.wait, 10)
    writing.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await numbers.write(_insert, 1)
    assert await numbers.read(_sum) == 8


async def test_sqlite_is_set_for_durability_and_readers_beside_a_writer(tmp_path: Path) -> None:
    database = Database(open_engine(f"sqlite:///{tmp_path}/a.db"))

    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]

    assert await database.read(pragmas) == ["wal", 2, 1, 10_000]
    await database.close()


async def test_a_sqlite_writer_holds_the_write_lock_from_its_beginning(tmp_path: Path) -> None:
    database = Database(open_engine(f"sqlite:///{tmp_path}/a.db"))
    other = open_engine(f"sqlite:///{tmp_path}/a.db?timeout=0")

    def try_to_write(_connection: Connection) -> str:
        with other.connect() as second:
            second.exec_driver_sql("PRAGMA busy_timeout=0")
            try:
                second.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                return str(error)
        return "no lock"

    assert "locked" in await database.write(try_to_write)
    other.dispose()
    await database.close()
