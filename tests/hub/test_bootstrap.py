from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from hub.bootstrap import Hub
from hub.config import DatabaseSettings, LibrarySettings, Settings
from hub.errors import DataFolderError, DataFolderLocked
from hub.jobs.types import JobState
from hub.library.types import VideoQuery
from hub.paths import Paths
from tests.media import make_clip

SETTINGS = Settings(library=LibrarySettings(watch=False))


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    make_clip(folder / "A film.mp4")
    return folder


@pytest.fixture
def damaged(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.database_file.write_bytes(b"not a database " * 100)
    return paths


async def test_a_hub_scans_lists_and_closes_and_the_next_one_finds_it_all(
    tmp_path: Path, videos: Path
) -> None:
    for _ in range(2):
        hub = Hub(SETTINGS, Paths(tmp_path / "data"))
        await hub.start()
        folder = await hub.folders.add(str(videos))
        job = await hub.jobs.wait((await hub.scans.request([folder.id])).id)
        assert job.state is JobState.DONE
        viewer = await hub.accounts.local_viewer()
        page = await hub.library.list_videos(viewer, VideoQuery())
        assert [video.title for video in page.items] == ["A film"]
        await hub.close()
        await hub.close()


async def test_what_a_hub_is_made_of_is_no_work_for_the_garbage_collector_while_it_runs(
    tmp_path: Path,
) -> None:
    hub = Hub(SETTINGS, Paths(tmp_path / "data"))
    await hub.start()
    assert gc.get_freeze_count() > len(gc.get_objects())
    await hub.close()
    assert gc.get_freeze_count() == 0


async def test_a_second_hub_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    first = Hub(SETTINGS, Paths(tmp_path / "data"))
    await first.start()
    second = Hub(SETTINGS, Paths(tmp_path / "data"))
    with pytest.raises(DataFolderLocked):
        await second.start()
    assert await first.folders.list() == []
    await first.close()


async def test_a_start_that_fails_gives_the_folder_free(damaged: Paths) -> None:
    with pytest.raises(DataFolderError, match="cannot be opened"):
        await Hub(SETTINGS, damaged).start()
    await asyncio.to_thread(damaged.database_file.unlink)
    hub = Hub(SETTINGS, damaged)
    await hub.start()
    await hub.close()


async def test_the_whole_hub_runs_on_postgresql(tmp_path: Path, videos: Path, pg_url: str) -> None:
    settings = Settings(database=DatabaseSettings(url=pg_url), library=LibrarySettings(watch=False))
    hub = Hub(settings, Paths(tmp_path / "data"))
    await hub.start()
    await hub.folders.add(str(videos))
    await hub.jobs.wait((await hub.scans.request()).id)
    viewer = await hub.accounts.local_viewer()
    assert await hub.library.count(viewer) == 1
    await hub.close()
    assert not await asyncio.to_thread((tmp_path / "data" / "marquee.db").exists)
