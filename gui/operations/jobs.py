"""Operations on the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.session import Operation
from hub.accounts.types import Viewer
from hub.jobs.types import Job

if TYPE_CHECKING:
    from hub.bootstrap import Hub


def active() -> Operation[list[Job]]:
    """Jobs that wait or run."""

    async def run(hub: Hub, _: Viewer) -> list[Job]:
        return (await hub.jobs.list(limit=100, cursor=None, active_only=True)).items

    return Operation(run)


def cancel(job_id: str) -> Operation[Job]:
    """End a job."""
    return Operation(lambda hub, _: hub.jobs.cancel(job_id))
