from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.db.repositories import derived as rows
from hub.db.repositories.derived import Kind
from hub.errors import MediaError
from hub.events import JobChanged, VideosRemoved
from hub.jobs.service import JobService
from hub.jobs.types import JobState
from hub.library import derived
from hub.library.derived import DerivedService
from hub.media.errors import OutputNotWritable, UnreadableFile, WorkerCrashed
from hub.media.operations import COMPLEXITY, LOUDNESS, STORYBOARD, Operation
from hub.media.types import Loudness, Storyboard, StoryboardCue
from tests.hub.library.conftest import World
from tests.media import clip_bytes

MADE = ("complexity", "storyboard", "loudness")
CUE = StoryboardCue(start_s=0, end_s=1, sheet=0, x=0, y=0, width=1, height=1)


class Workers:
    """What media workers answer, at once or when the gate opens."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bytes]] = []
        self.error: MediaError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, operation: Operation[Any, Any], job: Any, **_: Any) -> Any:
        self.done.append((operation.name, job.path.rpartition(b"/")[2]))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if operation is STORYBOARD:
            await asyncio.to_thread((Path(os.fsdecode(job.folder)) / "storyboard-0.webp").touch)
            return Storyboard(sheets=1, cues=(CUE,))
        if operation is COMPLEXITY:
            return 1.5
        assert operation is LOUDNESS
        return Loudness(integrated_lufs=-20.0, true_peak_dbtp=-3.0)


@pytest.fixture
async def workers() -> Workers:
    return Workers()


@pytest.fixture
async def made(
    world: World, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DerivedService]:
    """The service, started on a library that is being watched by nobody else."""
    monkeypatch.setattr(derived, "SETTLE_S", 0.01)
    jobs = JobService(world.db, world.bus)
    service = DerivedService(world.db, world.bus, jobs, workers, tmp_path / "derived")
    await service.start()
    await jobs.start()
    yield service
    workers.gate.set()
    await jobs.close()
    await service.close()


async def settled(world: World) -> None:
    """Until the last job that was asked for has ended."""

    async def is_over() -> bool:
        jobs = [job for job in (await world.jobs.list()).items if job.kind == derived.JOB]
        return bool(jobs) and all(job.state.is_over for job in jobs)

    await world.until(is_over)


async def data_of(world: World, name: bytes) -> dict[str, Any]:
    found = await world.db.read(rows.of_video, (await world.ids())[name])
    return {kind: row["data"] for kind, row in found.items()}


def put(world: World, name: str, seed: int = 0) -> Path:
    path = world.root / name
    path.write_bytes(clip_bytes(".mp4", seconds=0.4, size=(64, 36), seed=seed))
    return path


async def test_everything_is_made_of_new_files_and_only_once(
    world: World, made: DerivedService, workers: Workers
) -> None:
    put(world, "a.mp4")
    put(world, "b.mp4", 1)
    await world.scan()
    await settled(world)
    assert sorted(workers.done) == sorted(
        (operation, name) for operation in MADE for name in (b"a.mp4", b"b.mp4")
    )
    assert [operation for operation, _ in workers.done] == [each for each in MADE for _ in range(2)]
    assert (await data_of(world, b"a.mp4"))[Kind.COMPLEXITY] == {"complexity": 1.5}
    assert (await data_of(world, b"a.mp4"))[Kind.LOUDNESS] == {
        "integrated_lufs": -20.0,
        "true_peak_dbtp": -3.0,
    }
    made.wanted((await world.ids())[b"a.mp4"])
    await asyncio.sleep(0.1)
    assert len(workers.done) == 6


async def test_a_file_with_another_content_is_dealt_with_anew(
    world: World, made: DerivedService, workers: Workers
) -> None:
    put(world, "a.mp4")
    await world.scan()
    await settled(world)
    workers.done.clear()
    put(world, "a.mp4", 5)
    await world.scan()
    await world.until(lambda: len(workers.done) == len(MADE))
    await settled(world)


async def test_a_file_that_breaks_workers_is_not_tried_again(
    world: World, made: DerivedService, workers: Workers
) -> None:
    workers.error = WorkerCrashed("It crashed.")
    put(world, "a.mp4")
    await world.scan()
    await settled(world)
    assert await data_of(world, b"a.mp4") == dict.fromkeys(Kind)
    workers.done.clear()
    made._on_change()
    await asyncio.sleep(0.1)
    assert workers.done == []


async def test_a_file_that_cannot_be_read_now_is_tried_another_time(
    world: World, made: DerivedService, workers: Workers
) -> None:
    workers.error = UnreadableFile("It is away.")
    put(world, "a.mp4")
    await world.scan()
    await settled(world)
    assert await data_of(world, b"a.mp4") == {Kind.CAPTIONS: None}
    workers.error = None
    made._on_change()
    await world.until(lambda: len(workers.done) == 2 * len(MADE))
    await settled(world)
    assert (await data_of(world, b"a.mp4"))[Kind.LOUDNESS] is not None


async def test_a_folder_that_cannot_be_written_fails_the_job_in_words(
    world: World, made: DerivedService, workers: Workers
) -> None:
    workers.error = OutputNotWritable("The disk is full.")
    put(world, "a.mp4")
    await world.scan()
    await settled(world)
    job = next(job for job in (await world.jobs.list()).items if job.kind == derived.JOB)
    assert (job.state, job.error) == (JobState.FAILED, "The disk is full.")


async def test_it_rests_while_pictures_are_made(world: World, made: DerivedService, workers: Workers) -> None:
    put(world, "a.mp4")
    await world.scan()
    await settled(world)
    before = (await world.jobs.list()).items[0]
    pictures = before.__class__(
        id="x", kind="thumbnails", title="", state=JobState.RUNNING, created_at=before.created_at
    )
    world.bus.publish(JobChanged(pictures))
    workers.done.clear()
    put(world, "b.mp4", 1)
    await world.scan()
    await asyncio.sleep(0.2)
    assert workers.done == []
    world.bus.publish(
        JobChanged(
            before.__class__(
                id="x", kind="thumbnails", title="", state=JobState.DONE, created_at=before.created_at
            )
        )
    )
    await world.until(lambda: len(workers.done) == len(MADE))
    await settled(world)


async def test_two_that_ask_at_once_wait_for_the_same_work(
    world: World, made: DerivedService, workers: Workers
) -> None:
    workers.gate.clear()
    put(world, "a.mp4")
    await world.scan()
    video_id = (await world.ids())[b"a.mp4"]
    first = asyncio.create_task(made.make_now(video_id, Kind.LOUDNESS, workers))
    second = asyncio.create_task(made.make_now(video_id, Kind.LOUDNESS, workers))
    await world.until(lambda: ("loudness", b"a.mp4") in workers.done)
    first.cancel()
    workers.gate.set()
    assert await second
    assert workers.done.count(("loudness", b"a.mp4")) == 1
    await settled(world)


async def test_what_was_made_goes_with_its_video(
    world: World, made: DerivedService, workers: Workers
) -> None:
    put(world, "a.mp4")
    await world.scan()
    await settled(world)
    video_id = (await world.ids())[b"a.mp4"]
    folder = made.folder_of(video_id)
    assert await asyncio.to_thread((folder / "storyboard-0.webp").exists)
    world.bus.publish(VideosRemoved((video_id,)))

    async def is_gone() -> bool:
        return not await asyncio.to_thread(folder.exists)

    await world.until(is_gone)
    assert await world.db.read(rows.of_video, video_id) == {}
