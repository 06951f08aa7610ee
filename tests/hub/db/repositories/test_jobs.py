from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from hub.db.engine import Database, open_engine
from hub.db.repositories import jobs as rows
from hub.jobs.types import Job, JobState

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """Another hub's doors to the same database."""
    database = Database(open_engine(database_url))
    yield database
    await database.close()


async def submit(database: Database, key: str) -> Job:
    return (await database.write(rows.submit, "work", key, "Working", {}, NOW))[0]


async def take(database: Database) -> Job | None:
    taken = await database.write(rows.take, "work", NOW)
    return taken and taken[0]


def over(job: Job, state: JobState) -> Job:
    """`job` as it is stored when it has ended."""
    return Job(id=job.id, kind="work", title="", state=state, created_at=NOW, finished_at=NOW)


async def states(database: Database) -> list[tuple[str, JobState]]:
    found = await database.read(rows.list_jobs, before=None, count=100, active_only=False)
    return [(job.id, job.state) for job in found]


async def test_two_hubs_that_ask_for_the_same_at_once_get_one_job(
    database: Database, other: Database
) -> None:
    made = await asyncio.gather(*(submit(one, "a") for _ in range(20) for one in (database, other)))
    assert len({job.id for job in made}) == 1
    assert await states(database) == [(made[0].id, JobState.QUEUED)]


async def test_a_request_whose_twin_is_being_queued_waits_for_it_and_is_the_same(
    database: Database, other: Database
) -> None:
    """The other hub's job is not visible yet when this one is asked for."""
    inserted, commit = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> Job:
        job, _ = rows.submit(connection, "work", "a", "Working", {}, NOW)
        inserted.set()
        commit.wait(20)
        return job

    first = asyncio.create_task(other.write(slowly))
    await asyncio.to_thread(inserted.wait, 20)
    second = asyncio.create_task(submit(database, "a"))
    await asyncio.sleep(0.1)
    assert not second.done()
    commit.set()
    assert (await second).id == (await first).id


async def test_the_same_may_be_queued_again_once_it_runs(database: Database) -> None:
    first = await submit(database, "a")
    assert (await take(database)) is not None
    second = await submit(database, "a")
    assert await states(database) == [(second.id, JobState.QUEUED), (first.id, JobState.RUNNING)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_hubs_take_different_jobs_without_waiting_for_each_other(
    database: Database, other: Database
) -> None:
    """On SQLite there is one writer at a time, and nothing to skip."""
    queued = [await submit(database, key) for key in "ab"]
    taken, commit = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> tuple[Job, dict[str, Any]] | None:
        found = rows.take(connection, "work", NOW)
        taken.set()
        commit.wait(20)
        return found

    first = asyncio.create_task(other.write(slowly))
    await asyncio.to_thread(taken.wait, 20)
    async with asyncio.timeout(10):
        second = await take(database)
    commit.set()
    mine = await first
    assert second is not None
    assert mine is not None
    assert [mine[0].id, second.id] == [job.id for job in queued]
    assert await take(database) is None


async def test_only_a_job_that_waits_is_cancelled(database: Database) -> None:
    job = await submit(database, "a")
    await take(database)
    assert not await database.write(rows.cancel_queued, job.id, NOW)
    assert await states(database) == [(job.id, JobState.RUNNING)]
    waiting = await submit(database, "b")
    assert await database.write(rows.cancel_queued, waiting.id, NOW)
    assert not await database.write(rows.cancel_queued, waiting.id, NOW)
    assert await take(database) is None


async def test_only_a_job_that_failed_waits_again_and_only_without_a_twin(database: Database) -> None:
    job = await submit(database, "a")
    assert not await database.write(rows.reset, job.id)
    await take(database)
    assert not await database.write(rows.reset, job.id)
    await database.write(rows.store, over(job, JobState.FAILED))
    twin = await submit(database, "a")
    with pytest.raises(rows.TwinQueued):
        await database.write(rows.reset, job.id)
    await database.write(rows.cancel_queued, twin.id, NOW)
    assert await database.write(rows.reset, job.id)
    assert await states(database) == [(twin.id, JobState.CANCELLED), (job.id, JobState.QUEUED)]


async def test_a_job_that_is_done_does_not_wait_again(database: Database) -> None:
    job = await submit(database, "a")
    await take(database)
    await database.write(rows.store, over(job, JobState.DONE))
    assert not await database.write(rows.reset, job.id)


async def test_figures_that_come_late_do_not_wake_an_ended_job(database: Database) -> None:
    job = await submit(database, "a")
    await take(database)
    running = Job(id=job.id, kind="work", title="", state=JobState.RUNNING, created_at=NOW)
    await database.write(
        rows.store, Job(id=job.id, kind="work", title="", state=JobState.DONE, created_at=NOW)
    )
    await database.write(rows.store, running)
    assert await states(database) == [(job.id, JobState.DONE)]


async def test_what_was_running_twice_waits_once(database: Database) -> None:
    first = await submit(database, "a")
    await take(database)
    await submit(database, "a")
    await take(database)
    await database.write(rows.requeue_interrupted)
    assert await states(database) == [(first.id, JobState.QUEUED)]


async def test_another_broken_rule_is_no_twin(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.write(rows.submit, "work", "a", None, {}, NOW)  # type: ignore[arg-type]  # the defect under test
