"""A library on real folders, a real database and real jobs; only the media workers' work is done in this process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from hub.db.engine import Database
from hub.db.tables import ChannelRow, FileRow, RejectedFileRow, TagRow, VideoRow, VideoTagRow
from hub.errors import MediaError
from hub.events import Event, EventBus
from hub.jobs.service import JobService
from hub.jobs.types import Job, JobState
from hub.library.folders import FolderService
from hub.library.scan import Part
from hub.library.scanner import ScanService
from hub.library.thumbnails import ThumbnailService
from hub.library.types import Folder, ScanProgress
from hub.media.operations import THUMBNAIL_WIDTHS, ProbeJob
from hub.media.pool import Priority
from hub.media.probe import run
from hub.media.thumbnail import make_thumbnails
from hub.media.types import ProbeResult, Thumbnails
from tests.media import unique_clip_bytes


class InProcess:
    """What the media workers do, without the workers.

    `probe_gate` and `gate` hold probes and pictures up, `is_probing` tells of a probe, `error` makes pictures fail.
    """

    def __init__(self) -> None:
        self.probed: list[bytes] = []
        self.is_probing = asyncio.Event()
        self.probe_gate = asyncio.Event()
        self.probe_gate.set()
        self.pictured: list[tuple[bytes, Priority]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: MediaError | None = None

    async def probe(self, path: bytes) -> ProbeResult:
        self.probed.append(path)
        self.is_probing.set()
        await self.probe_gate.wait()
        return await asyncio.to_thread(run, ProbeJob(path), lambda *_: None)

    async def thumbnails(
        self,
        source: bytes,
        out_dir: Path | bytes,
        prefix: str,
        *,
        poster: bytes | None = None,
        priority: Priority,
    ) -> Thumbnails:
        self.pictured.append((source.rpartition(b"/")[2], priority))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        folder = os.fsencode(out_dir)
        return await asyncio.to_thread(
            make_thumbnails, source, folder, prefix, widths=THUMBNAIL_WIDTHS, poster=poster
        )


class World:
    """The services under test and shortcuts to look at what they did."""

    def __init__(self, database: Database, root: Path, thumbs: Path) -> None:
        self.db = database
        self.root = root
        self.bus = EventBus()
        self.events: list[Event] = []
        self.bus.subscribe(Event, self.events.append)
        self.media = InProcess()
        self.jobs = JobService(database, self.bus)
        self.folders = FolderService(database, self.bus)
        self.thumbs = thumbs
        self.thumbnails = ThumbnailService(database, self.bus, self.jobs, self.media, thumbs)
        self.scans = ScanService(database, self.bus, self.jobs, self.media, self.folders)

    async def start(self) -> None:
        """Make the folder `root` a library."""
        self.root.mkdir(exist_ok=True)
        await self.jobs.start()
        self.folder: Folder = await self.folders.add(os.fsencode(self.root))

    async def close(self) -> None:
        await self.jobs.close()
        await self.scans.close()

    def put(self, name: str | bytes, content: bytes | int) -> Path:
        """A file below the root; a number stands for the clip with that number."""
        path = self.root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(unique_clip_bytes(content) if isinstance(content, int) else content)
        return path

    @staticmethod
    async def until(is_so: Callable[[], bool | Awaitable[bool]], timeout_s: float = 20) -> None:
        """Wait for something that announces itself by no event."""
        async with asyncio.timeout(timeout_s):
            while True:
                met = is_so()
                if await met if isinstance(met, Awaitable) else met:
                    return
                await asyncio.sleep(0.01)

    async def scan(self) -> ScanProgress:
        """A scan of everything, to its end."""
        return self.figures(await self.scans.wait(await self.scans.request()))

    async def scan_parts(self, *parts: Part) -> ScanProgress:
        """A look at some spots, to its end."""
        return self.figures(await self.scans.wait(await self.scans.request_changes(parts)))

    @staticmethod
    def figures(job: Job) -> ScanProgress:
        assert job.state is JobState.DONE, job.error
        return msgspec.convert(job.detail, ScanProgress)

    async def rows(self) -> dict[bytes, dict[str, Any]]:
        """File rows with their videos' columns, by path within the folder."""
        return await self.db.read(read_rows)

    async def ids(self) -> dict[bytes, str]:
        """Video ids of the files that are there, by path."""
        return {
            path: row["video_id"] for path, row in (await self.rows()).items() if row["missing_since"] is None
        }

    async def problems(self) -> dict[str, str]:
        """Reasons by path within the root."""
        found = await self.folders.problems()
        return {problem.path.removeprefix(f"{self.root}/"): problem.reason for problem in found}

    async def tags(self, video_id: str) -> list[str]:
        return await self.db.read(read_tags, video_id)


def read_rows(connection: Connection) -> dict[bytes, dict[str, Any]]:
    statement = (
        select(
            *FileRow.__table__.columns,
            *(c for c in VideoRow.__table__.columns if c.name not in ("id", "duration_s")),
            ChannelRow.name.label("channel"),
        )
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .outerjoin(ChannelRow, ChannelRow.id == VideoRow.channel_id)
        .order_by(FileRow.id)
    )
    return {
        (
            b"/".join(filter(None, (row["dir"], row["name"])))
            if row["folder_id"]
            else b"detached:" + row["name"]
        ): dict(row)
        for row in connection.execute(statement).mappings()
    }


def read_tags(connection: Connection, video_id: str) -> list[str]:
    statement = (
        select(TagRow.name)
        .join(VideoTagRow, VideoTagRow.tag_id == TagRow.id)
        .where(VideoTagRow.video_id == video_id)
        .order_by(TagRow.name_key)
    )
    return list(connection.scalars(statement))


def count_rejected(connection: Connection) -> int:
    return len(connection.execute(select(RejectedFileRow.name)).all())


NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    world = World(database, tmp_path / "library", tmp_path / "thumbs")
    await world.start()
    yield world
    await world.close()
