from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from hub.db.tables import VideoRow
from hub.events import VideosChanged, VideosRemoved
from hub.jobs.types import JobState
from hub.library.thumbnails import KIND, ThumbnailService
from hub.library.types import VideoState
from hub.media.errors import MediaError, OutputNotWritable
from hub.media.operations import THUMBNAIL_WIDTHS
from hub.media.pool import Priority
from hub.media.thumbnail import make_thumbnails
from hub.media.types import Thumbnails
from tests.hub.library.conftest import World
from tests.media import clip_bytes, picture_bytes


class InProcess:
    """What a media worker does, without the worker; `gate` holds it up."""

    def __init__(self) -> None:
        self.made: list[tuple[bytes, Priority]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: MediaError | None = None

    async def thumbnails(
        self, source: bytes, out_dir: Path | bytes, prefix: str, *, poster: bytes | None = None, priority: Priority
    ) -> Thumbnails:
        self.made.append((source.rpartition(b"/")[2], priority))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return await asyncio.to_thread(
            make_thumbnails, source, bytes(Path(out_dir.decode() if isinstance(out_dir, bytes) else out_dir)), prefix,
            widths=THUMBNAIL_WIDTHS, poster=poster,
        )  # fmt: skip


class Pictures:
    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.media = InProcess()
        self.service = ThumbnailService(world.db, world.bus, world.jobs, self.media, folder)

    async def all_made(self) -> None:
        """Wait until the job that the last events asked for is over."""
        job = await self.world.jobs.submit(KIND, "all", "Making pictures")
        done = await self.world.jobs.wait(job.id)
        assert done.state is JobState.DONE, done.error


@pytest.fixture
async def pictures(world: World, tmp_path: Path) -> AsyncIterator[Pictures]:
    # Kinds are registered before the queue starts.
    await world.jobs.close()
    world.__init__(world.db, world.root)  # type: ignore[misc]  # the same world with one service more
    pictures = Pictures(world, tmp_path / "thumbs")
    await world.start()
    await pictures.service.start()
    yield pictures
    await world.jobs.close()
    await pictures.service.close()


async def test_new_videos_get_pictures_in_all_widths_they_fill(world: World, pictures: Pictures) -> None:
    world.put("a.mp4", clip_bytes(size=(640, 360)))
    await world.scan()
    await pictures.all_made()
    row = (await world.rows())[b"a.mp4"]
    assert row["thumb_version"] > 0
    assert row["thumb_color"].startswith("#")
    video_id = row["video_id"]
    assert {path.name for path in (pictures.folder / video_id[-2:]).iterdir()} == {
        f"{video_id}-320.webp",
        f"{video_id}-640.webp",
    }
    found = [await pictures.service.path(video_id, width) for width in (100, 320, 321, 2000)]
    assert [path.name.split("-")[1] for path in found if path] == ["320.webp", "320.webp", "640.webp", "640.webp"]
    assert VideosChanged((video_id,)) in world.events
