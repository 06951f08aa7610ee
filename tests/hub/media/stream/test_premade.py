"""Ladders made ahead: real clips through real encoders, and scripted encoders where they have to fail."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import av
import msgspec
import psutil
import pytest

from hub.errors import NotPlayable, RenditionFailed, StorageFull
from hub.media.pool import MediaPool
from hub.media.stream import premade
from hub.media.stream.premade import Held, Premaker
from hub.media.stream.premade_film import Progress, Stretch, first_stretch
from hub.media.stream.presentation import content_id
from hub.media.stream.processes import EncoderProcesses
from hub.media.stream.service import Prepared, StreamFile, StreamService
from hub.media.stream.types import Timeline, VideoTimeline
from hub.media.types import Probe, Stream
from tests.hub.media.stream.scripted_encoder import SCRIPTED, Script
from tests.hub.media.stream.test_service import stream_file
from tests.hub.media.stream.test_sessions import scripted_command
from tests.media import make_clip

ASKED = Held(video_id="v", is_asked=True)


def test_rungs_are_made_together_where_they_lack_the_same() -> None:
    assert first_stretch({"a": (3, 9), "b": (3, 9)}, 8) == Stretch(3, 9, ("a", "b"))
    assert first_stretch({"a": (5, 9), "b": (3, 9), "c": (3, 4)}, 8) == Stretch(3, 4, ("b", "c"))
    assert first_stretch({"a": (5, 9), "b": (3, 9)}, 8) == Stretch(3, 5, ("b",))
    assert first_stretch({"a": (0, 9), "b": (0, 9), "c": (2, 9)}, 2) == Stretch(0, 9, ("a", "b"))
    assert first_stretch({}, 8) is None


class Rig:
    """A premaker with all it rests on."""

    def __init__(self, streams: StreamService, premaker: Premaker) -> None:
        self.streams, self.store, self.premaker = streams, streams.store, premaker
        self.said: list[Progress] = []

    async def make(self, file: StreamFile, may_go_on: Callable[[], bool] = lambda: True) -> bool:
        return await self.premaker.make(file, ASKED, self.said.append, may_go_on=may_go_on)

    def folder(self, file: StreamFile) -> Path:
        return self.store.root / content_id(file.fingerprint, file.size_bytes)

    def segments(self, file: StreamFile) -> dict[Path, int]:
        """Modification times of all segments, in nanoseconds."""
        return {path: path.stat().st_mtime_ns for path in self.folder(file).glob("*/*.m4s")}


async def until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def rig_of(root: Path, pool: MediaPool, encoders: EncoderProcesses | None = None) -> AsyncIterator[Rig]:
    streams = StreamService(root, pool)
    await streams.start()
    premaker = Premaker(streams, pool, encoders)
    yield Rig(streams, premaker)
    await premaker.close()
    await streams.close()


# --- real clips -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def rig(tmp_path: Path, pool: MediaPool) -> AsyncIterator[Rig]:
    async with rig_of(tmp_path / "segments", pool) as rig:
        yield rig


@pytest.fixture
async def film(tmp_path: Path, pool: MediaPool) -> StreamFile:
    path = make_clip(tmp_path / "film.mp4", seconds=9.0, size=(320, 240))
    return await stream_file(pool, path)


@pytest.fixture
async def long_film(tmp_path: Path, pool: MediaPool) -> StreamFile:
    """So long that something can happen while it is made."""
    path = make_clip(tmp_path / "long.mp4", seconds=40.0, size=(320, 240), audio=None)
    return await stream_file(pool, path)


def decoded(folder: Path, count: int, kind: str) -> list[Any]:
    data = b"".join(
        (folder / name).read_bytes() for name in ["init.mp4", *(f"{k}.m4s" for k in range(count))]
    )
    with av.open(io.BytesIO(data), "r", options={"err_detect": "explode"}) as container:
        return list(container.decode(**{kind: 0}))


@pytest.mark.integration
async def test_the_whole_ladder_and_its_sound_are_there_and_decode(rig: Rig, film: StreamFile) -> None:
    assert not await rig.premaker.is_made(film)

    assert await rig.make(film)

    folder = rig.folder(film)
    rungs = ["v144-h264", "v240-h264"]
    assert sorted(path.parent.name for path in folder.glob("*/0.m4s")) == ["a1-aac2", *rungs]
    for rung in rungs:
        pictures = await asyncio.to_thread(decoded, folder / rung, 5, "video")
        assert (len(pictures), pictures[0].height) == (225, int(rung[1:4]))
    sound = await asyncio.to_thread(decoded, folder / "a1-aac2", 5, "audio")
    assert sum(frame.samples for frame in sound) >= 9 * 48_000
    assert (rig.said[-1].done, rig.said[-1].total) == (15, 15)
    assert rig.said[-1].speed
    assert rig.said[-1].eta_s == 0
    assert rig.store.used_bytes == 0  # nothing of it counts as cache
    assert await rig.premaker.is_made(film)
    assert set((await rig.premaker.held()).values()) == {ASKED}


@pytest.mark.integration
async def test_what_is_there_is_not_made_again(rig: Rig, film: StreamFile) -> None:
    presentation = await rig.streams.presentation(film)
    watched = await rig.streams.segment(film, presentation, "v240-h264", 2, reader="r")
    await until(lambda: rig.store.has(presentation.content, "v240-h264", 4))
    await until(lambda: rig.streams.keeper.running == [])
    at = watched.stat().st_mtime_ns

    assert await rig.make(film)
    made = rig.segments(film)
    assert made[watched] == at
    assert len(made) == 15

    assert await rig.make(film)
    assert rig.segments(film) == made


@pytest.mark.integration
async def test_a_killed_encoder_goes_on_where_it_was(rig: Rig, long_film: StreamFile) -> None:
    work = asyncio.create_task(rig.make(long_film))
    await until(lambda: len(rig.segments(long_film)) >= 8)
    (pid,) = rig.premaker.pids
    os.kill(pid, signal.SIGKILL)
    before = rig.segments(long_film)

    assert await work

    after = rig.segments(long_film)
    assert len(after) == 2 * 20
    assert {path: at for path, at in after.items() if path in before} == before
    pictures = await asyncio.to_thread(decoded, rig.folder(long_film) / "v240-h264", 20, "video")
    assert len(pictures) == 1000


@pytest.mark.integration
async def test_cancelling_ends_the_encoder_within_a_second(rig: Rig, long_film: StreamFile) -> None:
    work = asyncio.create_task(rig.make(long_film))
    await until(lambda: len(rig.segments(long_film)) >= 4)
    (pid,) = rig.premaker.pids
    assert psutil.Process(pid).nice() == 19

    began = time.monotonic()
    work.cancel()
    await asyncio.wait({work})
    await until(lambda: not psutil.pid_exists(pid))

    assert time.monotonic() - began < 1
    assert work.cancelled()
    assert len(rig.segments(long_film)) < 2 * 20
    assert not list(rig.folder(long_film).glob("*/.*"))


@pytest.mark.integration
async def test_viewers_come_first(rig: Rig, long_film: StreamFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(premade, "CALM_S", 0.2)
    work = asyncio.create_task(rig.make(long_film))
    await until(lambda: len(rig.segments(long_film)) >= 4)

    slot = rig.streams.slots.take(1.0)
    await until(lambda: rig.said[-1].is_waiting)
    there = rig.segments(long_film)
    await asyncio.sleep(1.0)  # nothing tells that nothing happens
    assert rig.segments(long_film) == there
    assert not work.done()

    slot.give_back()
    assert await work
    assert len(rig.segments(long_film)) == 2 * 20


@pytest.mark.integration
async def test_it_stops_when_it_may_not_go_on_and_goes_on_later(rig: Rig, long_film: StreamFile) -> None:
    rig.said.append(Progress(done=0, total=1))
    assert not await rig.make(long_film, lambda: rig.said[-1].done < 8)
    there = rig.segments(long_film)
    assert 8 <= len(there) < 2 * 20

    assert await rig.make(long_film)
    assert there.items() <= rig.segments(long_film).items()


@pytest.mark.integration
async def test_what_is_released_counts_as_cache(rig: Rig, film: StreamFile) -> None:
    await rig.make(film)
    content = rig.folder(film).name

    await rig.premaker.release(content)

    assert rig.store.premade() == []
    assert rig.store.used_bytes > 0
    assert await rig.premaker.held() == {}
    assert not await rig.premaker.is_made(film)


@pytest.mark.integration
async def test_a_policy_does_not_take_over_what_somebody_asked_for(rig: Rig, film: StreamFile) -> None:
    of_policy = Held(video_id="v", is_asked=False)
    for held, kept in ((of_policy, of_policy), (ASKED, ASKED), (of_policy, ASKED)):
        await rig.premaker.make(film, held, rig.said.append)
        assert set((await rig.premaker.held()).values()) == {kept}


@pytest.mark.integration
async def test_a_disk_without_room_is_said_before_anything_is_made(
    rig: Rig, film: StreamFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(rig.store.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000_000))

    with pytest.raises(StorageFull, match=r"needs 0\.0 GB and 1\.1 GB are to stay free, but only 1\.0 GB"):
        await rig.make(film)

    assert rig.segments(film) == {}


@pytest.mark.integration
async def test_a_file_that_is_no_film_is_said_and_not_wanted_again(rig: Rig, film: StreamFile) -> None:
    Path(os.fsdecode(film.path)).write_bytes(b"just text")

    with pytest.raises(NotPlayable, match="cannot be streamed"):
        await rig.make(film)

    assert await rig.premaker.is_made(film)


# --- encoders that follow a script ------------------------------------------------------------------------------------

COUNT = 20
RUNGS = ("v480-h264", "v360-h264", "v240-h264", "v144-h264")


@pytest.fixture
async def scripted(tmp_path: Path, pool: MediaPool) -> AsyncIterator[Rig]:
    encoders = EncoderProcesses(operation=SCRIPTED, command=scripted_command, keeps_spare=False)
    async with rig_of(tmp_path / "segments", pool, encoders) as rig:
        yield rig


def scripted_film(rig: Rig, folder: Path, **script: Any) -> StreamFile:
    path = folder / "script"
    path.write_bytes(msgspec.json.encode(Script(**script)))
    video = Stream(index=0, kind="video", codec="h264", width=640, height=480)
    probe = Probe(
        container="mp4",
        duration_s=2.0 * COUNT,
        bitrate_bps=None,
        width=640,
        height=480,
        streams=(video,),
        chapters=(),
        tags={},
        has_cover_art=False,
    )
    film = StreamFile(path=bytes(path), fingerprint="f", size_bytes=1, probe=probe)
    timeline = Timeline(
        start_us=0,
        duration_s=2.0 * COUNT,
        video=VideoTimeline(index=0, frame_rate=(25, 1), is_variable=False, end_ticks=COUNT * 180_000),
        audio=(),
    )
    rig.folder(film).mkdir(parents=True)
    (rig.folder(film) / "timeline.mp").write_bytes(msgspec.msgpack.encode(Prepared(timeline)))
    return film


def sessions(film: StreamFile) -> list[str]:
    return Path(os.fsdecode(film.path) + ".log").read_text().splitlines()


ALL = " ".join(RUNGS)


@pytest.mark.integration
@pytest.mark.parametrize("script", [{"crash_at": 7}, {"hang_at": 7}, {"fail_at": 7}])
async def test_a_crash_or_hang_costs_a_retry(
    scripted: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: dict[str, Any]
) -> None:
    monkeypatch.setattr(premade, "HANG_S", 2.0)
    film = scripted_film(scripted, tmp_path, times=1, **script)

    assert await scripted.make(film)

    assert sessions(film) == [f"{ALL} 0 20", f"{ALL} 7 20"]


@pytest.mark.integration
async def test_a_rung_that_cannot_be_made_does_not_take_the_others_with_it(
    scripted: Rig, tmp_path: Path
) -> None:
    film = scripted_film(scripted, tmp_path, crash_at=7, only="v360-h264")

    with pytest.raises(
        RenditionFailed, match=r"^Not made: v360-h264\. .*SIGABRT.* Everything else is there\.$"
    ):
        await scripted.make(film)

    content = scripted.folder(film).name
    assert [scripted.store.count(content, rung) for rung in RUNGS] == [20, 7, 20, 20]
    assert list(await scripted.streams.failures.of(content)) == ["v360-h264"]
    assert len(sessions(film)) <= 9

    # Remembered: it is said at once, and nothing is tried.
    before = sessions(film)
    with pytest.raises(RenditionFailed, match="v360-h264"):
        await scripted.make(film)
    assert sessions(film) == before
    assert await scripted.premaker.is_made(film)


@pytest.mark.integration
async def test_a_film_that_always_crashes_comes_to_an_end(scripted: Rig, tmp_path: Path) -> None:
    film = scripted_film(scripted, tmp_path, crash_at=3)

    with pytest.raises(RenditionFailed, match="So there is nothing"):
        await scripted.make(film)

    assert len(sessions(film)) == 2 + len(RUNGS)


@pytest.mark.integration
async def test_rungs_that_are_too_much_together_are_made_in_groups(scripted: Rig, tmp_path: Path) -> None:
    film = scripted_film(scripted, tmp_path, fail_at=5, beside=3)

    assert await scripted.make(film)

    content = scripted.folder(film).name
    assert [scripted.store.count(content, rung) for rung in RUNGS] == [20] * 4


@pytest.mark.integration
async def test_segments_of_another_make_are_made_anew(scripted: Rig, tmp_path: Path) -> None:
    film = scripted_film(scripted, tmp_path)
    old = scripted.folder(film) / "v240-h264"
    old.mkdir()
    (old / "init.mp4").write_bytes(b"of another program")
    (old / "0.m4s").write_bytes(b"of another program")
    (old / "12.m4s").write_bytes(b"of another program")
    async with rig_of(scripted.store.root, scripted.streams._pool, scripted.premaker._encoders) as rig:
        assert await rig.make(film)
        assert await rig.premaker.is_made(film)

    assert (old / "0.m4s").read_bytes() == b"segment 0"
    assert (old / "12.m4s").read_bytes() == b"segment 12"
