"""The queue's rows. Every function takes a `Connection` and runs in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Insert, RowMapping, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from ulid import ULID

from hub.db.tables import JobRow
from hub.jobs.types import Job, JobState

_OVER = [state.value for state in JobState if state.is_over]
_REPEATABLE = [JobState.FAILED.value, JobState.CANCELLED.value]


class TwinQueued(Exception):
    """A job of the same kind and key waits already, perhaps since this moment and made by another hub."""


def submit(
    connection: Connection, kind: str, key: str, title: str, payload: dict[str, Any], now: datetime
) -> tuple[Job, bool]:
    """The queued job of this kind and key, made if there is none; True with a new one."""
    waiting = select(JobRow.__table__).where(
        JobRow.kind == kind, JobRow.key == key, JobRow.state == JobState.QUEUED
    )
    job_id = str(ULID())
    new = insert(JobRow).values(
        id=job_id, kind=kind, key=key, title=title, state=JobState.QUEUED, payload=payload, created_at=now
    )
    while True:
        if (row := connection.execute(waiting).mappings().first()) is not None:
            return as_job(row), False
        with suppress(TwinQueued):
            _queue(connection, new)
            return Job(id=job_id, kind=kind, title=title, state=JobState.QUEUED, created_at=now), True


def requeue_interrupted(connection: Connection) -> None:
    """What was running when the hub went away waits again; a twin that already waits makes it superfluous."""
    running = connection.scalars(select(JobRow.id).where(JobRow.state == JobState.RUNNING)).all()
    for job_id in running:
        try:
            _queue(connection, update(JobRow).where(JobRow.id == job_id).values(state=JobState.QUEUED))
        except TwinQueued:
            connection.execute(delete(JobRow).where(JobRow.id == job_id))


def take(connection: Connection, kind: str, now: datetime) -> tuple[Job, dict[str, Any]] | None:
    """Mark the longest waiting job of a kind as running; it and its payload, or None."""
    oldest = (
        select(JobRow.id)
        .where(JobRow.kind == kind, JobRow.state == JobState.QUEUED)
        .order_by(JobRow.id)
        .limit(1)
        # Of several hubs on one PostgreSQL each gets another job. SQLite has one writer and knows no such clause.
        .with_for_update(skip_locked=True)
    )
    job_id = connection.execute(oldest).scalar_one_or_none()
    if job_id is None:
        return None
    changes = {"state": JobState.RUNNING, "started_at": now, "attempts": JobRow.attempts + 1, "error": None}
    connection.execute(update(JobRow).where(JobRow.id == job_id).values(**changes))
    row = connection.execute(select(JobRow.__table__).where(JobRow.id == job_id)).mappings().one()
    return as_job(row), row["payload"]


def cancel_queued(connection: Connection, job_id: str, now: datetime) -> bool:
    """End a job that still waits; False when it does not (any more)."""
    queued = update(JobRow).where(JobRow.id == job_id, JobRow.state == JobState.QUEUED)
    return connection.execute(queued.values(state=JobState.CANCELLED, finished_at=now)).rowcount == 1


def store(connection: Connection, job: Job) -> None:
    """Write the present state of a job that was taken."""
    connection.execute(
        update(JobRow)
        .where(JobRow.id == job.id, JobRow.state == JobState.RUNNING)
        .values(
            state=job.state,
            done_units=job.done_units,
            total_units=job.total_units,
            detail=job.detail,
            error=job.error,
            finished_at=job.finished_at,
        )
    )


def reset(connection: Connection, job_id: str) -> bool:
    """Make a failed or cancelled job wait again, its figures cleared; False when it is neither. TwinQueued."""
    cleared = {"state": JobState.QUEUED, "done_units": 0, "total_units": None, "detail": {}, "error": None}
    ended = update(JobRow).where(JobRow.id == job_id, JobRow.state.in_(_REPEATABLE))
    return _queue(connection, ended.values(**cleared, started_at=None, finished_at=None)) == 1


def get(connection: Connection, job_id: str) -> Job | None:
    """One job."""
    row = connection.execute(select(JobRow.__table__).where(JobRow.id == job_id)).mappings().first()
    return None if row is None else as_job(row)


def list_jobs(connection: Connection, *, before: str | None, count: int, active_only: bool) -> Sequence[Job]:
    """Jobs, newest first; those made before the job with id `before`."""
    statement = select(JobRow.__table__).order_by(JobRow.id.desc()).limit(count)
    if before is not None:
        statement = statement.where(JobRow.id < before)
    if active_only:
        statement = statement.where(JobRow.state.not_in(_OVER))
    return [as_job(row) for row in connection.execute(statement).mappings()]


def prune(connection: Connection, keep: int) -> None:
    """Forget all but the `keep` newest ended jobs."""
    over = select(JobRow.id).where(JobRow.state.in_(_OVER)).order_by(JobRow.id.desc())
    limit = connection.execute(over.offset(keep).limit(1)).scalar_one_or_none()
    if limit is not None:
        connection.execute(delete(JobRow).where(JobRow.state.in_(_OVER), JobRow.id <= limit))


def _queue(connection: Connection, statement: Insert | Update) -> int:
    """Run what makes a job wait; the number of rows. TwinQueued leaves the transaction as it was."""
    try:
        with connection.begin_nested():
            return connection.execute(statement).rowcount
    except IntegrityError as error:
        # PostgreSQL names the index, SQLite its columns.
        if any(name in str(error.orig) for name in ("ix_jobs_queued", "jobs.kind, jobs.key")):
            raise TwinQueued from error
        raise


def as_job(row: RowMapping) -> Job:
    """A row as the value others see."""
    return Job(
        id=row["id"],
        kind=row["kind"],
        title=row["title"],
        state=JobState(row["state"]),
        done_units=row["done_units"],
        total_units=row["total_units"],
        detail=row["detail"],
        error=row["error"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )
