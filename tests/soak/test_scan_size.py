"""A library of 100,000 files with real media workers: found, looked at again, moved about, taken away, brought back."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, select

from hub.db.engine import Database, open_engine
from hub.db.tables import FileRow
from hub.db.upgrade import upgrade_database
from hub.events import EventBus
from hub.jobs.service import JobService
from hub.jobs.types import JobState
from hub.library.folders import FolderService
from hub.library.scanner import ScanService
from hub.library.types import ScanProgress
from hub.media.pool import MediaPool
from tests.media import unique_clip_bytes

FILES = 100_000
CHANGED = 10_000
PER_DIR = 50


class Library:
    """What scans need of a hub, on one folder."""

    def __init__(self, base: Path) -> None:
        self.root = base / "library"
        self.root.mkdir()
        self._db = Database(open_engine(f"sqlite:///{base / 'marquee.db'}"))
        self._base = base
        events = EventBus()
        self._media = MediaPool()
        self._jobs = JobService(self._db, events)
        self._folders = FolderService(self._db, events)
        self._scans = ScanService(self._db, events, self._jobs, self._media, self._folders)

    async def start(self) -> None:
        await asyncio.to_thread(upgrade_database, self._db.engine, self._base)
        await self._media.start()
        await self._jobs.start()
        await self._folders.add(str(self.root))

    async def close(self) -> None:
        await self._jobs.close()
        await self._scans.close()
        await self._media.close()
        await self._db.close()

    async def scan(self, what: str, files: int) -> ScanProgress:
        """Scan everything and say how quick it was, counted in the files that are news."""
        began = time.monotonic()
        job = await self._jobs.wait((await self._scans.request()).id)
        took_s = time.monotonic() - began
        assert job.state is JobState.DONE, job.error
        print(f"{what}: {took_s:.1f} s, {files / took_s:,.0f} files/s")
        return msgspec.convert(job.detail, ScanProgress)

    async def present(self) -> dict[str, str]:
        """Video ids of the files that are there, by path."""

        def read(connection: Connection) -> dict[str, str]:
            there = select(FileRow.dir, FileRow.name, FileRow.video_id).where(FileRow.missing_since.is_(None))
            return {os.fsdecode(d + b"/" + name): video for d, name, video in connection.execute(there)}

        return await self._db.read(read)


def place(n: int) -> str:
    return f"{n // PER_DIR:04d}/clip {n:06d}.mp4"


def fill(root: Path) -> None:
    for n in range(FILES):
        path = root / place(n)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(unique_clip_bytes(n))


def shift(root: Path, to: Path, *, back: bool = False) -> None:
    """Every tenth file to the same place under another root, or back."""
    for n in range(0, FILES, FILES // CHANGED):
        one, two = root / place(n), to / place(n)
        two.parent.mkdir(parents=True, exist_ok=True)
        two.rename(one) if back else one.rename(two)


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    library = Library(tmp_path)
    await library.start()
    yield library
    await library.close()
    shutil.rmtree(tmp_path)


@pytest.mark.soak
async def test_a_library_of_100_000_files(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = library.root
    with capsys.disabled():
        print()
        await asyncio.to_thread(fill, root)
        first = await library.scan(f"{FILES:,} new files", FILES)
        assert (first.files_new, first.errors) == (FILES, 0)
        ids = await library.present()
        assert set(ids) == {place(n) for n in range(FILES)}
        assert len(set(ids.values())) == FILES

        again = await library.scan("the same again", FILES)
        assert (again.files_unchanged, again.files_new, again.files_changed) == (FILES, 0, 0)

        await asyncio.to_thread(shift, root, root / "moved")
        moved = await library.scan(f"{CHANGED:,} of them moved", CHANGED)
        assert (moved.files_moved, moved.files_new, moved.files_missing) == (CHANGED, 0, 0)
        by_old_place = {p.removeprefix("moved/"): video for p, video in (await library.present()).items()}
        assert by_old_place == ids

        await asyncio.to_thread(shift, root / "moved", tmp_path / "aside")
        gone = await library.scan(f"{CHANGED:,} taken away", CHANGED)
        assert (gone.files_missing, gone.files_moved) == (CHANGED, 0)
        assert len(await library.present()) == FILES - CHANGED

        await asyncio.to_thread(shift, root / "moved", tmp_path / "aside", back=True)
        back = await library.scan(f"{CHANGED:,} brought back", CHANGED)
        assert (back.files_new, back.files_missing, back.errors) == (0, 0, 0)
        by_old_place = {p.removeprefix("moved/"): video for p, video in (await library.present()).items()}
        assert by_old_place == ids
