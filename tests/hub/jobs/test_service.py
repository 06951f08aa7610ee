from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from hub.db.engine import Database
from hub.db.repositories import jobs as rows
from hub.errors import Conflict, HubError, InvalidInput, NotFound
from hub.events import EventBus, JobChanged
from hub.jobs.service import JobContext, JobService
from hub.jobs.types import Job, JobState
from hub.library.types import Page, ScanProgress


class Worker:
    """A handler that can be held and let go, and says what it did."""

    def __init__(self) -> None:
        self.begun: list[dict[str, object]] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, context: JobContext) -> None:
        self.begun.append(context.payload)
        self.started.set()
        context.report(done_units=1, total_units=2, detail=ScanProgress(files_found=1))
        await self.go_on.wait()
        context.report(done_units=2)


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def events() -> EventBus:
    return EventBus()


@pytest.fixture
async def jobs(database: Database, events: EventBus, worker: Worker) -> AsyncIterator[JobService]:
    service = JobService(database, events)
    service.register("work", worker)
    service.register("fail", _fail)
    service.register("break", _break)
    await service.start()
    yield service
    await service.close()


async def _fail(_context: JobContext) -> None:
    raise HubError("The disk is full. Make room and retry.")


async def _break(_context: JobContext) -> None:
    raise ZeroDivisionError


async def test_a_job_runs_and_keeps_its_figures(jobs: JobService, worker: Worker, events: EventBus) -> None:
    seen: list[Job] = []
    events.subscribe(JobChanged, lambda event: seen.append(event.job))
    worker.go_on.set()
    job = await jobs.submit("work", "a", "Working", {"x": 1})
    assert job.state is JobState.QUEUED
    done = await jobs.wait(job.id)
    assert (done.state, done.done_units, done.total_units, done.attempts) == (JobState.DONE, 2, 2, 1)
    assert done.detail["files_found"] == 1
    assert worker.begun == [{"x": 1}]
    assert seen[0].state is JobState.QUEUED
    assert seen[-1].state is JobState.DONE
    assert await jobs.get(job.id) == done


async def test_a_second_request_for_a_waiting_job_is_the_same_job(jobs: JobService, worker: Worker) -> None:
    running = await jobs.submit("work", "a", "Working")
    await worker.started.wait()
    waiting = await jobs.submit("work", "a", "Working")
    again = await jobs.submit("work", "a", "Working")
    other = await jobs.submit("work", "b", "Working")
    assert running.id != waiting.id == again.id != other.id
    worker.go_on.set()
    await jobs.wait(other.id)
    assert len(worker.begun) == 3


async def test_a_failure_meant_for_people_is_kept_as_its_sentence(jobs: JobService) -> None:
    job = await jobs.wait((await jobs.submit("fail", "", "Failing")).id)
    assert (job.state, job.error) == (JobState.FAILED, "The disk is full. Make room and retry.")


@pytest.mark.expect_errors("Breaking failed")
async def test_a_defect_fails_its_job_and_no_other(jobs: JobService, worker: Worker) -> None:
    job = await jobs.wait((await jobs.submit("break", "", "Breaking")).id)
    assert job.state is JobState.FAILED
    assert "ZeroDivisionError" in (job.error or "")
    worker.go_on.set()
    assert (await jobs.wait((await jobs.submit("work", "", "Working")).id)).state is JobState.DONE


async def test_a_running_job_can_be_cancelled_and_the_next_one_runs(jobs: JobService, worker: Worker) -> None:
    first = await jobs.submit("work", "a", "Working")
    await worker.started.wait()
    second = await jobs.submit("work", "b", "Working")
    assert (await jobs.cancel(first.id)).state is JobState.CANCELLED
    worker.go_on.set()
    assert (await jobs.wait(second.id)).state is JobState.DONE


async def test_a_waiting_job_can_be_cancelled_and_never_runs(jobs: JobService, worker: Worker) -> None:
    first = await jobs.submit("work", "a", "Working")
    await worker.started.wait()
    second = await jobs.submit("work", "b", "Working", {"second": True})
    assert (await jobs.cancel(second.id)).state is JobState.CANCELLED
    worker.go_on.set()
    await jobs.wait(first.id)
    assert worker.begun == [{}]
    with pytest.raises(Conflict, match="already over"):
        await jobs.cancel(second.id)


async def test_a_job_cancelled_in_the_moment_it_is_taken_ends(
    jobs: JobService, worker: Worker, database: Database
) -> None:
    """Whichever comes first, taking or cancelling: a job that is shown as cancelled does not go on."""
    for n in range(20):
        job = await jobs.submit("work", str(n), "Working")
        for _ in range(n % 10):
            await asyncio.sleep(0.0005)
        assert (await jobs.cancel(job.id)).state is JobState.CANCELLED
        assert await jobs.list(active_only=True) == Page(items=[], next_cursor=None)
    worker.go_on.set()
    last = await jobs.submit("work", "last", "Working", {"last": True})
    assert (await jobs.wait(last.id)).state is JobState.DONE
    states = {job.state for job in (await jobs.list(limit=100)).items if job.id != last.id}
    assert states == {JobState.CANCELLED}


async def test_what_another_hub_runs_is_not_cancelled_here(
    jobs: JobService, database: Database, events: EventBus
) -> None:
    job, _ = await database.write(rows.submit, "elsewhere", "", "Working", {}, datetime.now(UTC))
    await database.write(rows.take, "elsewhere", datetime.now(UTC))
    with pytest.raises(Conflict, match="another Marquee"):
        await jobs.cancel(job.id)
    assert (await jobs.get(job.id)).state is JobState.RUNNING


async def test_an_ended_job_whose_like_waits_is_not_queued_beside_it(
    jobs: JobService, worker: Worker
) -> None:
    ended = await jobs.submit("work", "a", "Working")
    await worker.started.wait()
    await jobs.cancel(ended.id)
    worker.started.clear()
    running = await jobs.submit("work", "b", "Working")
    await worker.started.wait()
    waiting = await jobs.submit("work", "a", "Working")
    with pytest.raises(Conflict, match="waiting already"):
        await jobs.retry(ended.id)
    worker.go_on.set()
    for job in (running, waiting):
        assert (await jobs.wait(job.id)).state is JobState.DONE


async def test_a_cancelled_job_can_be_run_again_from_zero(jobs: JobService, worker: Worker) -> None:
    job = await jobs.submit("work", "a", "Working")
    await worker.started.wait()
    await jobs.cancel(job.id)
    worker.started.clear()
    again = await jobs.retry(job.id)
    assert (again.id, again.done_units, again.finished_at) == (job.id, 0, None)
    await worker.started.wait()
    with pytest.raises(Conflict, match="this one is running"):
        await jobs.retry(job.id)
    worker.go_on.set()
    assert (await jobs.wait(job.id)).attempts == 2


async def test_a_job_that_is_done_is_not_repeated(jobs: JobService, worker: Worker) -> None:
    worker.go_on.set()
    job = await jobs.wait((await jobs.submit("work", "a", "Working")).id)
    with pytest.raises(Conflict, match="this one is done"):
        await jobs.retry(job.id)
    assert await jobs.get(job.id) == job


async def test_a_job_that_was_running_when_the_hub_closed_runs_again(
    jobs: JobService, worker: Worker, database: Database, events: EventBus
) -> None:
    job = await jobs.submit("work", "a", "Working", {"x": 1})
    await worker.started.wait()
    await jobs.close()
    assert (await jobs.get(job.id)).state is JobState.RUNNING
    next_worker = Worker()
    next_worker.go_on.set()
    service = JobService(database, events)
    service.register("work", next_worker)
    await service.start()
    assert (await service.wait(job.id)).attempts == 2
    assert next_worker.begun == [{"x": 1}]
    await service.close()


async def test_an_interrupted_job_with_a_waiting_twin_is_not_run_twice(
    jobs: JobService, worker: Worker, database: Database
) -> None:
    running = await jobs.submit("work", "a", "Working")
    await worker.started.wait()
    waiting = await jobs.submit("work", "a", "Working")
    await jobs.close()
    await database.write(rows.requeue_interrupted)
    left = await database.read(rows.list_jobs, before=None, count=10, active_only=True)
    assert [job.id for job in left] == [waiting.id]
    assert running.id != waiting.id


async def test_lists_are_newest_first_and_paged(jobs: JobService, worker: Worker) -> None:
    worker.go_on.set()
    made = [await jobs.submit("work", str(n), f"Job {n}") for n in range(5)]
    for job in made:
        await jobs.wait(job.id)
    first = await jobs.list(limit=3)
    rest = await jobs.list(limit=3, cursor=first.next_cursor)
    assert [job.title for job in [*first.items, *rest.items]] == ["Job 4", "Job 3", "Job 2", "Job 1", "Job 0"]
    assert rest.next_cursor is None
    assert (await jobs.list(active_only=True)).items == []


async def test_only_the_newest_ended_jobs_are_kept(
    jobs: JobService, worker: Worker, database: Database
) -> None:
    worker.go_on.set()
    for n in range(5):
        await jobs.wait((await jobs.submit("work", str(n), f"Job {n}")).id)
    await database.write(rows.prune, 2)
    assert [job.title for job in (await jobs.list()).items] == ["Job 4", "Job 3"]


async def test_unknown_kinds_and_ids_are_refused(jobs: JobService) -> None:
    with pytest.raises(InvalidInput, match="nonsense"):
        await jobs.submit("nonsense", "", "")
    for call in (jobs.get, jobs.cancel, jobs.retry, jobs.wait):
        with pytest.raises(NotFound):
            await call("01ARZ3NDEKTSV4RRFFQ69G5FAV")
