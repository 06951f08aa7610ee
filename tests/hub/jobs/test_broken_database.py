"""The queue outlives its database's bad moments: a file that is locked, a disk that is full."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from hub.db import retry
from hub.db.engine import Database, open_engine
from hub.db.repositories import jobs as rows
from hub.events import EventBus
from hub.jobs.service import JobContext, JobService
from hub.jobs.types import Job, JobState
from tests.broken_database import full, locked


class Figures(msgspec.Struct):
    """More than fits into the pages a database has."""

    text: str


class Held:
    """A handler that is held up until it may go on."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.figures: Figures | None = None

    async def __call__(self, context: JobContext) -> None:
        self.started.set()
        await self.go_on.wait()
        context.report(done_units=7, detail=self.figures)


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "marquee.db"
    path.write_bytes(sqlite_template.read_bytes())
    return path


@pytest.fixture
async def database(file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr("hub.db.engine.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr(retry, "FIRST_S", 0.02)
    monkeypatch.setattr(retry, "LONGEST_S", 0.05)
    database = Database(open_engine(f"sqlite:///{file}"))
    yield database
    await database.close()


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
async def jobs(database: Database, held: Held) -> AsyncIterator[JobService]:
    service = JobService(database, EventBus())
    service.register("work", held)
    await service.start()
    yield service
    await service.close()


async def stored(database: Database, job_id: str) -> Job | None:
    return await database.read(rows.get, job_id)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.expect_errors("Storing the end of 'Working': The database failed: database is locked")
async def test_an_end_that_cannot_be_stored_is_told_at_once_and_stored_later(
    file: Path, database: Database, jobs: JobService, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    job = await jobs.submit("work", "a", "Working")
    following = await jobs.submit("work", "b", "Following")
    await held.started.wait()
    with locked(file):
        held.go_on.set()
        async with asyncio.timeout(10):
            ended = await jobs.wait(job.id)
        assert (ended.state, ended.done_units) == (JobState.DONE, 7)
        assert await jobs.get(job.id) == ended
        await asyncio.sleep(0.3)
        assert len(errors(caplog)) == 1, "told once, not at every try"
        assert (still := await stored(database, job.id)) is not None
        assert still.state is JobState.RUNNING
    async with asyncio.timeout(10):
        assert (await jobs.wait(following.id)).state is JobState.DONE
    assert await stored(database, job.id) == ended


@pytest.mark.expect_errors("database or disk is full")
async def test_the_same_on_a_full_disk(database: Database, jobs: JobService, held: Held) -> None:
    job = await jobs.submit("work", "a", "Working")
    await held.started.wait()
    held.figures = Figures("x" * 1_000_000)
    with full(database.engine):
        held.go_on.set()
        async with asyncio.timeout(10):
            ended = await jobs.wait(job.id)
        assert ended.state is JobState.DONE
        assert (still := await stored(database, job.id)) is not None
        assert still.state is JobState.RUNNING

    held.figures = None
    following = await jobs.submit("work", "b", "Following")
    async with asyncio.timeout(10):
        assert (await jobs.wait(following.id)).state is JobState.DONE
    assert await stored(database, job.id) == ended


@pytest.mark.expect_errors("The queue of work jobs: The database failed: database is locked")
async def test_a_job_that_cannot_be_taken_is_taken_later(
    file: Path, database: Database, jobs: JobService, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    held.go_on.set()
    # As another hub would: this one's runner sleeps, and is woken while the file is locked.
    job, _ = await database.write(rows.submit, "work", "a", "Working", {}, datetime.now(UTC))
    with locked(file):
        jobs._runners["work"].wake.set()
        await asyncio.sleep(0.3)
        assert len(errors(caplog)) == 1
    async with asyncio.timeout(10):
        assert (await jobs.wait(job.id)).state is JobState.DONE
    assert "it works again" in caplog.text


@pytest.mark.expect_errors("Storing the end")
async def test_a_hub_that_closes_before_an_end_is_stored_does_the_job_again(
    file: Path, database: Database, jobs: JobService, held: Held
) -> None:
    job = await jobs.submit("work", "a", "Working")
    held.go_on.set()
    await held.started.wait()
    with locked(file):
        await jobs.wait(job.id)
        async with asyncio.timeout(10):
            await jobs.close()
    service = JobService(database, EventBus())
    service.register("work", held)
    await service.start()
    assert (await service.wait(job.id)).attempts == 2
    await service.close()


@pytest.mark.expect_errors("Storing the end")
async def test_a_job_that_fails_for_the_database_says_so_in_words(
    file: Path, database: Database, held: Held
) -> None:
    async def write(context: JobContext) -> None:
        await held(context)
        await database.write(lambda connection: None)

    service = JobService(database, EventBus())
    service.register("write", write)
    await service.start()
    job = await service.submit("write", "", "Writing")
    await held.started.wait()
    with locked(file):
        held.go_on.set()
        job = await service.wait(job.id)
    await service.close()
    assert job.state is JobState.FAILED
    assert job.error == "The database failed: database is locked. Try again in a moment."
