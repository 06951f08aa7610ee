"""Jobs that run, wait, or have just ended, as the strip at the bottom shows them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from gui.operations import jobs as operations
from gui.session import Runner
from hub.events import Event, JobChanged
from hub.jobs.types import Job, JobState


class JobsModel(QObject):
    """The active jobs in the order they began; a job that ends is announced once and forgotten."""

    changed = Signal()
    ended = Signal(object)
    """A `Job` that is over now."""

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._active: dict[str, Job] = {}
        self._over: set[str] = set()

    @property
    def running(self) -> Job | None:
        """The job to show: one that runs, else the next that waits."""
        jobs = sorted(self._active.values(), key=lambda job: (job.state is not JobState.RUNNING, job.id))
        # What a person asked for says more than the pictures being made behind it.
        return next((job for job in jobs if job.kind == "scan"), jobs[0] if jobs else None)

    @property
    def active(self) -> list[Job]:
        """All that run or wait, oldest first."""
        return sorted(self._active.values(), key=lambda job: job.id)

    def load(self) -> None:
        """Learn of the jobs that were active before anybody listened."""
        self._runner.run(operations.active(), context=self, on_result=self._loaded)

    def cancel(self, job_id: str) -> None:
        """End a job."""
        self._runner.run(operations.cancel(job_id), context=self)

    def handle(self, event: Event) -> None:
        """Follow the hub's events."""
        if isinstance(event, JobChanged):
            self._take(event.job)

    def _loaded(self, jobs: list[Job]) -> None:
        for job in jobs:
            # An event may have overtaken the list.
            if job.id not in self._active and job.id not in self._over:
                self._active[job.id] = job
        self.changed.emit()

    def _take(self, job: Job) -> None:
        if not job.state.is_over:
            self._over.discard(job.id)
            self._active[job.id] = job
        elif job.id not in self._over:
            self._over.add(job.id)
            self._active.pop(job.id, None)
            self.ended.emit(job)
        self.changed.emit()
