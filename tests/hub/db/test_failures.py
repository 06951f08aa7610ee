from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import OperationalError

from hub.db import failures
from hub.db.engine import Database, open_engine
from hub.db.repositories.accounts import keep_secret
from hub.db.tables import SettingRow
from hub.errors import DatabaseUnavailable, StorageFull
from tests.broken_database import full, locked
from tests.pg import PgCluster

LONG = "x" * 1_000_000


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "marquee.db"
    path.write_bytes(sqlite_template.read_bytes())
    return path


@pytest.fixture
async def small(file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr("hub.db.engine.BUSY_TIMEOUT_MS", 20)
    database = Database(open_engine(f"sqlite:///{file}"))
    yield database
    await database.close()


def _keys(connection: Connection) -> list[str]:
    return list(connection.scalars(select(SettingRow.key)))


async def test_a_full_disk_is_said_in_words_and_leaves_nothing(
    small: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with full(small.engine), caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(StorageFull, match=r"database or disk is full.*Free some space"):
                await small.write(keep_secret, "long", LONG)
    assert len(caplog.records) == 1, "said once, not at every try"
    assert await small.read(_keys) == []
    assert await small.write(keep_secret, "long", LONG) == LONG


async def test_a_locked_file_is_said_in_words(small: Database, file: Path) -> None:
    with locked(file), pytest.raises(DatabaseUnavailable, match=r"database is locked.*Try again") as caught:
        await small.write(keep_secret, "short", "x")
    assert caught.value.retry_after_s
    assert not isinstance(caught.value, StorageFull)


async def test_a_check_fails_as_long_as_writes_do_and_leaves_nothing(small: Database, file: Path) -> None:
    with locked(file):
        await small.check()  # nothing has been written yet, so nothing has failed
        with pytest.raises(DatabaseUnavailable):
            await small.write(keep_secret, "short", "x")
        with pytest.raises(DatabaseUnavailable):
            await small.check()
    await small.check()
    assert await small.read(_keys) == []


async def test_a_disk_without_room_fails_the_check(small: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(failures, "ROOM_BYTES", 1 << 62)
        with pytest.raises(StorageFull, match="no room"):
            await small.check()
    await small.check()


async def test_a_file_that_cannot_be_opened_is_no_defect(file: Path, tmp_path: Path) -> None:
    database = Database(open_engine(f"sqlite:///{tmp_path}/away/marquee.db"))
    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        await database.read(_keys)
    await database.close()


async def test_a_wrong_statement_stays_a_defect(database: Database) -> None:
    with pytest.raises(Exception, match="nowhere") as caught:
        await database.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")))
    assert not isinstance(caught.value, DatabaseUnavailable)
    await database.check()


async def test_a_server_that_goes_away_is_said_without_its_address(
    pg_url: str, pg_cluster: PgCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(open_engine(pg_url))

    def end_itself(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseUnavailable, match="server does not answer") as caught:
        await database.write(end_itself)
    assert isinstance(caught.value.__cause__, OperationalError)
    await database.check()
    assert await database.write(keep_secret, "short", "x") == "x"
    await database.close()


def test_a_servers_full_disk_is_known_by_its_code() -> None:
    class DiskFull(Exception):
        sqlstate = "53100"

    error = OperationalError("INSERT", {}, DiskFull("could not extend file"))
    assert isinstance(failures.as_unavailable(error, None), StorageFull)
