"""Qualities made ahead by a whole hub on real clips: what is asked for, what the policy wants, what stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from hub.bootstrap import Hub
from hub.config import LibrarySettings, Settings, StreamingSettings
from hub.jobs.types import JobState
from hub.library import renditions
from hub.library.types import VideoPatch, VideoQuery
from hub.media.stream.service import Prepared
from hub.paths import Paths
from tests.media import make_clip

# The work is niced below all else: beside other tests it comes last.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renditions, "SETTLE_S", 0.05)
    monkeypatch.setattr(renditions, "LOOK_S", 0.1)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    for name in ("Alpha", "Beta"):
        (folder / name).mkdir(parents=True)
        make_clip(folder / name / f"{name}.mp4", seconds=2.0, size=(64, 36), audio=None, seed=len(name))
    return folder


@asynccontextmanager
async def hub_on(data: Path, films: Path, **streaming: Any) -> AsyncIterator[Hub]:
    settings = Settings(library=LibrarySettings(watch=False), streaming=StreamingSettings(**streaming))
    hub = Hub(settings, Paths(data))
    await hub.start()
    try:
        await hub.folders.add(str(films))
        await hub.jobs.wait((await hub.scans.request()).id)
        yield hub
    finally:
        await hub.close()


async def until(is_so: Callable[[], Awaitable[bool]], timeout_s: float = 150) -> None:
    async with asyncio.timeout(timeout_s):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def ids(hub: Hub) -> dict[str, str]:
    page = await hub.library.list_videos(await hub.accounts.local_viewer(), VideoQuery())
    return {video.title: video.id for video in page.items}


async def held(hub: Hub) -> set[str]:
    """Titles of the videos whose qualities stay."""
    titles = {video_id: title for title, video_id in (await ids(hub)).items()}
    return {titles.get(one.video_id, "") for one in (await hub.renditions._premaker.held()).values()}


async def policy_jobs(hub: Hub) -> list[JobState]:
    return [job.state for job in (await hub.jobs.list()).items if job.kind == renditions.KIND_POLICY]


async def holds(hub: Hub, *titles: str) -> bool:
    return await held(hub) == set(titles)


async def test_the_policy_wants_all_and_asks_once(tmp_path: Path, films: Path) -> None:
    async with hub_on(tmp_path / "data", films, premake="all") as hub:
        await until(lambda: holds(hub, "Alpha", "Beta"))

        async def is_over() -> bool:
            states = await policy_jobs(hub)
            return bool(states) and all(state is JobState.DONE for state in states)

        await until(is_over)
        jobs = len(await policy_jobs(hub))
        hub.renditions._changed.set()
        await asyncio.sleep(0.5)  # nothing tells that nothing happens
        assert len(await policy_jobs(hub)) == jobs
        premade = {name for _, name in hub.streams.store.premade()}
        assert premade == {"v36-h264"}


async def test_without_a_policy_nothing_is_made(tmp_path: Path, films: Path) -> None:
    async with hub_on(tmp_path / "data", films) as hub:
        await asyncio.sleep(1.0)  # nothing tells that nothing happens
        assert await policy_jobs(hub) == []


async def test_it_waits_for_its_hours(tmp_path: Path, films: Path) -> None:
    now = datetime(2026, 11, 21, 23, 0)  # noqa: DTZ001  # local time
    async with hub_on(tmp_path / "data", films, premake="all", premake_hours="01:00-06:00") as hub:
        hub.renditions._now = lambda: now
        await asyncio.sleep(1.0)  # nothing tells that nothing happens
        assert await held(hub) == set()

        now = now.replace(hour=1)
        await until(lambda: holds(hub, "Alpha", "Beta"))


async def test_what_is_asked_for_is_made_at_any_time_and_stays(tmp_path: Path, films: Path) -> None:
    async with hub_on(tmp_path / "data", films) as hub:
        viewer = await hub.accounts.local_viewer()
        video_id = (await ids(hub))["Alpha"]
        job = await hub.jobs.wait((await hub.renditions.request(viewer, video_id)).id)
        assert (job.state, job.done_units, job.total_units) == (JobState.DONE, 1, 1)
        # Its rates follow how hard it is to encode.
        file = await hub.library.playable_file(viewer, video_id)
        ((content, _),) = hub.streams.store.premade()
        kept = (hub.paths.segments / content / "timeline.mp").read_bytes
        prepared = msgspec.msgpack.decode(await asyncio.to_thread(kept), type=Prepared)
        assert prepared.complexity == file.complexity != 1.0

    async with hub_on(tmp_path / "data", films) as hub:
        await asyncio.sleep(0.5)  # nothing tells that nothing happens
        assert await holds(hub, "Alpha")

        await hub.library.delete_video(viewer, video_id)
        await until(lambda: holds(hub))
        assert hub.streams.store.used_bytes > 0  # cache from now on


async def test_channels_are_wanted_as_long_as_the_settings_name_them(tmp_path: Path, films: Path) -> None:
    async with hub_on(tmp_path / "data", films, premake_channels=["GARDEN"]) as hub:
        viewer = await hub.accounts.local_viewer()
        await hub.library.update_video(viewer, (await ids(hub))["Beta"], VideoPatch(channel="Garden"))
        await until(lambda: holds(hub, "Beta"))

    async with hub_on(tmp_path / "data", films) as hub:
        await until(lambda: holds(hub))


async def test_a_file_with_another_content_is_made_anew(tmp_path: Path, films: Path) -> None:
    async with hub_on(tmp_path / "data", films, premake="all") as hub:
        await until(lambda: holds(hub, "Alpha", "Beta"))
        before = {content for content, _ in hub.streams.store.premade()}
        make_clip(films / "Beta" / "Beta.mp4", seconds=2.0, size=(64, 36), audio=None, seed=9)
        await hub.jobs.wait((await hub.scans.request()).id)

        async def is_another() -> bool:
            contents = {content for content, _ in hub.streams.store.premade()}
            return len(contents) == 2 and len(contents & before) == 1

        await until(is_another)


async def test_a_job_is_cancelled_within_a_second_and_goes_on_when_repeated(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    make_clip(films / "Long.mp4", seconds=40.0, size=(320, 240), audio=None)
    async with hub_on(tmp_path / "data", films) as hub:
        video_id = (await ids(hub))["Long"]
        job = await hub.renditions.request(await hub.accounts.local_viewer(), video_id)

        async def is_under_way() -> bool:
            return (await hub.jobs.get(job.id)).done_units >= 4

        await until(is_under_way)
        (pid,) = hub.renditions._premaker.pids
        began = time.monotonic()
        ended = await hub.jobs.cancel(job.id)
        while psutil.pid_exists(pid):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert time.monotonic() - began < 1
        assert ended.state is JobState.CANCELLED
        assert 4 <= ended.done_units < 40
        assert ended.detail["current"] == "Long"
        assert ended.detail["speed"] > 0
        assert ended.detail["eta_s"] > 0

        await hub.jobs.retry(job.id)
        ended = await hub.jobs.wait(job.id)
        assert (ended.state, ended.done_units, ended.total_units) == (JobState.DONE, 40, 40)
