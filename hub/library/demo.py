"""The demo library: a dozen generated clips, so that something plays within a minute of the first start."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hub.jobs.service import JobContext, JobService
from hub.jobs.types import Job
from hub.library.folders import FolderService
from hub.library.scanner import ScanService
from hub.media.demo import make_demo_clips
from hub.media.pool import MediaPool
from hub.runtime.tasks import TaskScope

KIND = "demo"


class DemoProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The demo job's detail: the title of the clip made last."""

    current: str


class DemoService:
    """Makes the clips as a job and has their folder scanned while they appear."""

    def __init__(
        self, jobs: JobService, media: MediaPool, folders: FolderService, scans: ScanService, folder: Path
    ) -> None:
        self._jobs = jobs
        self._media = media
        self._folders = folders
        self._scans = scans
        self._folder = folder
        self._tasks = TaskScope("demo")
        jobs.register(KIND, self._make)

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """End scan requests that are still on their way."""
        await self._tasks.close()

    async def request(self) -> Job:
        """Queue the making of the demo library; clips that are there already are kept."""
        return await self._jobs.submit(KIND, "demo", "Making the demo library")

    async def _make(self, context: JobContext) -> None:
        def made(done: int, total: int, title: str) -> None:
            context.report(done_units=done, total_units=total, detail=DemoProgress(current=title))
            if done:
                # Each clip shows as soon as it is there; requests that pile up become one scan.
                self._tasks.start(self._scan(), name="scan")

        await make_demo_clips(self._media, self._folder, made)
        await self._jobs.wait(await self._scan())

    async def _scan(self) -> str:
        folder = await self._folders.add(str(self._folder))
        return (await self._scans.request([folder.id])).id
