"""The durable queue and its runners: one job of a kind at a time, different kinds side by side.

A job is a row before it is anything else, so it survives the hub; one that was running when the hub went away is run
again. Handlers must therefore be able to start over, and skip what is already done.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from hub.db.engine import Database
from hub.db.repositories import jobs as rows
from hub.db.repositories.names import clean
from hub.db.retry import DATABASE_ERRORS, Retry, reason
from hub.errors import Conflict, HubError, InvalidInput, NotFound
from hub.events import EventBus, JobChanged
from hub.jobs.types import Job, JobState
from hub.library.cursors import decode_place, encode_place
from hub.library.types import Page
from hub.runtime.tasks import TaskScope

log = logging.getLogger(__name__)

PUBLISH_EVERY_S = 0.2
STORE_EVERY_S = 2.0
KEEP_ENDED = 500


class JobContext:
    """What a handler gets: its payload, and a way to say how far it is."""

    def __init__(self, service: JobService, job: Job, payload: dict[str, Any]) -> None:
        self._service = service
        self._published = self._stored = time.monotonic()
        self.job = job
        self.payload = payload

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.job.id

    def report(
        self,
        *,
        done_units: int | None = None,
        total_units: int | None = None,
        detail: msgspec.Struct | None = None,
    ) -> None:
        """Say how far the job is. Cheap: shown and stored only a few times a second. Loop thread only."""
        changes: dict[str, Any] = {}
        if done_units is not None:
            changes["done_units"] = done_units
        if total_units is not None:
            changes["total_units"] = total_units
        if detail is not None:
            changes["detail"] = msgspec.to_builtins(detail)
        self.job = msgspec.structs.replace(self.job, **changes)
        now = time.monotonic()
        if now - self._published >= PUBLISH_EVERY_S:
            self._published = now
            self._service.show(self.job)
        if now - self._stored >= STORE_EVERY_S:
            self._stored = now
            self._service.keep(self.job)


JobHandler = Callable[[JobContext], Awaitable[None]]


class _Runner:
    """Runs the jobs of one kind, one after the other."""

    def __init__(self, handler: JobHandler) -> None:
        self.handler = handler
        self.wake = asyncio.Event()
        self.context: JobContext | None = None
        self.work: asyncio.Task[str | None] | None = None
        self.cancelled = False


class JobService:
    """Submits, runs, shows, cancels and repeats jobs."""

    def __init__(self, db: Database, events: EventBus) -> None:
        self._db = db
        self._events = events
        self._runners: dict[str, _Runner] = {}
        self._tasks = TaskScope("jobs")
        self._ended: dict[str, list[asyncio.Future[Job]]] = {}

    def register(self, kind: str, handler: JobHandler) -> None:
        """Have jobs of `kind` done by `handler`. Before `start`."""
        self._runners[kind] = _Runner(handler)

    async def start(self) -> None:
        """Queue again what an earlier hub left unfinished, and begin to work."""
        await self._db.write(rows.requeue_interrupted)
        for kind, runner in self._runners.items():
            runner.wake.set()
            self._tasks.start(self._run(kind, runner), name=kind)

    async def close(self) -> None:
        """Stop what runs; its rows stay, so that the next start goes on with it."""
        await self._tasks.close()

    async def submit(self, kind: str, key: str, title: str, payload: dict[str, Any] | None = None) -> Job:
        """Queue a job. One that already waits with the same kind and key is returned instead of a second."""
        if kind not in self._runners:
            raise InvalidInput(f"There is no kind of job called {kind!r}.", field="kind")
        job, is_new = await self._db.write(rows.submit, kind, key, title, payload or {}, datetime.now(UTC))
        if is_new:
            self.show(job)
        self._runners[kind].wake.set()
        return job

    async def get(self, job_id: str) -> Job:
        """A job as it is at this moment. NotFound."""
        if live := self._live(job_id):
            return live
        job = await self._db.read(rows.get, job_id)
        if job is None:
            raise NotFound("There is no job with this id.")
        return job

    async def list(
        self, *, limit: int = 20, cursor: str | None = None, active_only: bool = False
    ) -> Page[Job]:
        """Jobs, newest first. InvalidInput for a cursor of another list."""
        name = "active jobs" if active_only else "jobs"
        before = decode_place(name, cursor)
        found = await self._db.read(rows.list_jobs, before=before, count=limit + 1, active_only=active_only)
        jobs = [self._live(job.id) or job for job in found[:limit]]
        return Page(items=jobs, next_cursor=encode_place(name, jobs[-1].id) if len(found) > limit else None)

    async def cancel(self, job_id: str) -> Job:
        """End a job that waits or runs. NotFound; Conflict when it is already over, or run by another hub."""
        if await self._db.write(rows.cancel_queued, job_id, datetime.now(UTC)):
            job = await self.get(job_id)
            self._announce_end(job)
            return job
        # It does not wait. The one writer did `take` before that was asked, so a job of ours has its runner by now.
        job = await self.get(job_id)
        if job.state.is_over:
            raise Conflict(f"This job is already over ({job.state}).")
        runner = self._runner_of(job_id)
        if runner is None or runner.work is None:
            raise Conflict("This job is run by another Marquee on the same database. Cancel it there.")
        runner.cancelled = True
        runner.work.cancel()
        return await self.wait(job_id)

    async def retry(self, job_id: str) -> Job:
        """Queue a job that failed or was cancelled again. NotFound; Conflict for others, or if its like waits."""
        job = await self.get(job_id)
        if job.state.is_over and job.kind not in self._runners:
            raise Conflict(f"This hub does not do jobs of the kind {job.kind!r}.")
        try:
            is_queued = await self._db.write(rows.reset, job_id)
        except rows.TwinQueued as twin:
            raise Conflict("A job that does the same is waiting already.") from twin
        if not is_queued:
            raise Conflict(
                f"Only a job that failed or was cancelled is repeated; this one is {(await self.get(job_id)).state}."
            )
        job = await self.get(job_id)
        self.show(job)
        self._runners[job.kind].wake.set()
        return job

    async def wait(self, job_id: str) -> Job:
        """The job once it is over. NotFound."""
        ended: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._ended.setdefault(job_id, []).append(ended)
        try:
            # Asked only after the future is in place: a job that ends in between is not missed.
            job = await self.get(job_id)
            return job if job.state.is_over else await ended
        finally:
            waiting = self._ended.get(job_id, [])
            if ended in waiting:
                waiting.remove(ended)
            if not waiting:
                self._ended.pop(job_id, None)

    def show(self, job: Job) -> None:
        """Tell everybody how the job stands."""
        self._events.publish(JobChanged(job))

    def keep(self, job: Job) -> None:
        """Store how the job stands, without waiting for it."""
        self._tasks.start(self._keep(job), name=f"store {job.id}")

    async def _keep(self, job: Job) -> None:
        try:
            await self._db.write(rows.store, job)
        except DATABASE_ERRORS as error:
            # Figures for a restart, soon to be outdated; the runner says it when the end cannot be stored.
            log.debug("%s: its figures were not stored: %s", job.title, reason(error))

    def _runner_of(self, job_id: str) -> _Runner | None:
        runners = self._runners.values()
        return next((one for one in runners if one.context and one.context.job_id == job_id), None)

    def _live(self, job_id: str) -> Job | None:
        runner = self._runner_of(job_id)
        return runner.context.job if runner and runner.context else None

    async def _run(self, kind: str, runner: _Runner) -> None:
        retry = Retry(f"The queue of {kind} jobs")
        while True:
            await runner.wake.wait()
            runner.wake.clear()
            while taken := await retry.until_done(lambda: self._db.write(rows.take, kind, datetime.now(UTC))):
                runner.context = JobContext(self, *taken)
                self.show(runner.context.job)
                await self._work(runner, runner.context)
            await retry.until_done(lambda: self._db.write(rows.prune, KEEP_ENDED))

    async def _work(self, runner: _Runner, context: JobContext) -> None:
        error: str | None = None
        runner.cancelled = False
        # A task of its own, so that cancelling the job does not cancel the runner.
        runner.work = self._tasks.start(
            _call(runner.handler, context), name=f"{context.job.kind} {context.job_id}"
        )
        try:
            await asyncio.wait({runner.work})
            if not runner.work.cancelled():
                error = runner.work.result()
                state = JobState.FAILED if error else JobState.DONE
            elif runner.cancelled:
                state = JobState.CANCELLED
            else:
                raise asyncio.CancelledError
            await self._end(context, state, error)
        finally:
            runner.context = runner.work = None

    async def _end(self, context: JobContext, state: JobState, error: str | None) -> None:
        job = msgspec.structs.replace(
            context.job, state=state, error=error and clean(error), finished_at=datetime.now(UTC)
        )
        retry = Retry(f"Storing the end of {job.title!r}")
        try:
            await self._db.write(rows.store, job)
        except DATABASE_ERRORS as failure:
            # Whoever waits need not wait for the disk; this runner does, for the row still says that the job runs.
            context.job = job
            self._announce_end(job)
            await retry.pause(failure)
            await retry.until_done(lambda: self._db.write(rows.store, job))
        else:
            context.job = job
            self._announce_end(job)

    def _announce_end(self, job: Job) -> None:
        self.show(job)
        for waiting in self._ended.pop(job.id, []):
            if not waiting.done():
                waiting.set_result(job)


async def _call(handler: JobHandler, context: JobContext) -> str | None:
    """Run a handler; the sentence that says why it failed, or None."""
    try:
        await handler(context)
    except HubError as error:
        return error.message
    except SQLAlchemyError as error:
        log.error("%s failed: %s", context.job.title, reason(error), exc_info=error)
        return f"{reason(error)} When that is mended, try again."
    except Exception as error:
        # The one place where a handler's defect ends: the job fails, the log has it all, the other jobs go on.
        log.exception("%s failed", context.job.title)
        return f"Something unexpected happened: {type(error).__name__}. The log says more."
    return None
