"""The queue's value types."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class JobState(StrEnum):
    """queued → running → done, failed or cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """True once nothing more will happen to the job."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work that outlives its asker.

    `done_units`/`total_units` count in the job's own unit (files, pictures); `total_units` is None while unknown.
    `detail` holds the kind's own figures (for a scan: the fields of `ScanProgress`).
    """

    id: str
    kind: str
    title: str
    state: JobState
    done_units: int = 0
    total_units: int | None = None
    detail: dict[str, Any] = {}
    error: str | None = None
    attempts: int = 0
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
