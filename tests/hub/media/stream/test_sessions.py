"""The keeper of sessions over real worker processes that follow a script."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from hub.errors import MediaError, RenditionFailed, StorageFull, TooBusy
from hub.media.errors import OutputNotWritable, UnreadableFile
from hub.media.stream.failures import Failures
from hub.media.stream.processes import EncoderProcesses
from hub.media.stream.sessions import AHEAD, SessionKeeper, Source
from hub.media.stream.slots import Slots
from hub.media.stream.store import SegmentStore
from hub.media.stream.types import Timeline, VideoRendition, VideoTimeline
from tests.hub.media.stream.scripted_encoder import SCRIPTED, Script

pytestmark = pytest.mark.integration

COUNT = 100
TIMELINE = Timeline(
    start_us=0,
    duration_s=2.0 * COUNT,
    video=VideoTimeline(index=0, frame_rate=(25, 1), is_variable=False, end_ticks=COUNT * 180_000),
    audio=(),
)


def rendition(height: int = 720) -> VideoRendition:
    return VideoRendition(
        id=f"v{height}-h264",
        codec="h264",
        is_copy=False,
        width=height * 16 // 9,
        height=height,
        frame_rate=(25, 1),
        codecs="avc1.64001f",
        peak_bps=3_000_000,
        average_bps=2_000_000,
    )


def scripted_command() -> list[str]:
    module = "tests.hub.media.stream.scripted_encoder"
    return [sys.executable, "-P", "-m", module, "--parent", str(os.getpid())]


class Rig:
    """A keeper with everything it rests on."""

    def __init__(self, folder: Path, store: SegmentStore) -> None:
        self.folder = folder
        self.store = store
        self.slots = Slots(1e9)
        self.encoders = EncoderProcesses(operation=SCRIPTED, command=scripted_command)
        self.failures = Failures(store.root)
        self.keeper = SessionKeeper(store, self.slots, self.encoders, self.failures, idle_s=3.0, hang_s=1.5)

    def source(self, name: str = "film", **script: Any) -> Source:
        path = self.folder / name
        path.write_bytes(msgspec.json.encode(Script(**script)))
        return Source(content=name, path=bytes(path), timeline=TIMELINE, size=(1920, 1080))

    async def get(self, source: Source, k: int, *, reader: str = "a", height: int = 720) -> bytes:
        path = await self.keeper.segment(source, rendition(height), k, count=COUNT, reader=reader)
        return await asyncio.to_thread(path.read_bytes)

    def begun(self, source: Source) -> list[str]:
        """The sessions that began: rendition, first segment, end."""
        return Path(os.fsdecode(source.path) + ".log").read_text().splitlines()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    store = SegmentStore(tmp_path / "segments", 1 << 30)
    await store.start()
    await store.ready()
    rig = Rig(tmp_path, store)
    yield rig
    await rig.keeper.close()
    await store.close()


async def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_segments_in_order_come_from_one_session(rig: Rig) -> None:
    film = rig.source()

    found = [await rig.get(film, k) for k in range(12)]

    assert found == [b"segment %d" % k for k in range(12)]
    assert rig.begun(film) == ["v720-h264 0 100"]


async def test_look_ahead_ends_some_segments_beyond_the_reader(rig: Rig) -> None:
    film = rig.source()

    await rig.get(film, 10)
    await until(lambda: rig.store.has("film", "v720-h264", 10 + AHEAD))
    await asyncio.sleep(0.3)  # nothing tells that nothing happens

    assert not rig.store.has("film", "v720-h264", 11 + AHEAD)


async def test_viewers_within_reach_share_a_session(rig: Rig) -> None:
    film = rig.source(segment_s=0.05)

    await asyncio.gather(*(rig.get(film, 4, reader=str(n)) for n in range(10)))
    await asyncio.gather(rig.get(film, 5, reader="a"), rig.get(film, 6, reader="b"))

    assert rig.begun(film) == ["v720-h264 4 100"]


async def test_a_far_seek_begins_a_session_there_and_ends_the_old_one(rig: Rig) -> None:
    film = rig.source()

    await rig.get(film, 0)
    await rig.get(film, 50)

    assert rig.begun(film) == ["v720-h264 0 100", "v720-h264 50 100"]
    assert [(key, next_ >= 50) for _, key, next_ in rig.keeper.running] == [("v720-h264", True)]


async def test_two_viewers_far_apart_have_a_session_each(rig: Rig) -> None:
    film = rig.source()

    for k in range(10):
        await rig.get(film, k, reader="a")
        await rig.get(film, 50 + k, reader="b")

    assert rig.begun(film) == ["v720-h264 0 100", "v720-h264 50 100"]
    assert len(rig.keeper.running) == 2


async def test_going_to_another_rendition_ends_the_session_of_the_first(rig: Rig) -> None:
    film = rig.source()

    await rig.get(film, 0, height=720)
    await rig.get(film, 1, height=360)

    assert [key for _, key, _ in rig.keeper.running] == ["v360-h264"]


async def test_a_session_nobody_reads_ends_and_gives_its_slot_back(rig: Rig) -> None:
    film = rig.source()

    await rig.get(film, 0)
    assert rig.slots.left < 1
    await until(lambda: rig.keeper.running == [])

    assert rig.slots.left == 1
    await until(lambda: len(rig.encoders.pids) <= 1)  # the spare one


async def test_a_client_that_goes_away_does_not_spoil_it_for_the_others(rig: Rig) -> None:
    film = rig.source(segment_s=0.3)
    first = asyncio.create_task(rig.get(film, 0, reader="a"))
    second = asyncio.create_task(rig.get(film, 0, reader="b"))
    await until(lambda: rig.keeper.running != [])

    first.cancel()

    assert await second == b"segment 0"
    assert rig.begun(film) == ["v720-h264 0 100"]
    await asyncio.gather(first, return_exceptions=True)


async def test_what_is_there_is_not_made_again(rig: Rig) -> None:
    film = rig.source()
    await rig.get(film, 20)
    await until(lambda: rig.store.has("film", "v720-h264", 20 + AHEAD))
    await rig.get(film, 10)

    for k in range(11, 27):
        await rig.get(film, k)

    assert rig.begun(film) == ["v720-h264 20 100", "v720-h264 10 20"]


async def test_a_session_that_comes_to_what_another_made_meanwhile_ends(rig: Rig) -> None:
    film = rig.source(segment_s=0.05)
    await rig.get(film, 0, reader="a")
    await rig.get(film, 20, reader="b")
    for k in range(1, 20):
        await rig.get(film, k, reader="a")

    await until(lambda: [s for s in rig.keeper.running if s[2] <= 20 + AHEAD] == [])

    assert len(rig.begun(film)) == 2


async def test_a_crash_costs_a_second_try(rig: Rig) -> None:
    film = rig.source(crash_at=2, times=1)

    assert [await rig.get(film, k) for k in range(4)] == [b"segment %d" % k for k in range(4)]
    assert rig.begun(film) == ["v720-h264 0 100", "v720-h264 2 100"]


async def test_a_hang_costs_a_second_try(rig: Rig) -> None:
    film = rig.source(hang_at=1, times=1)

    assert [await rig.get(film, k) for k in range(3)] == [b"segment %d" % k for k in range(3)]
    assert rig.begun(film) == ["v720-h264 0 100", "v720-h264 1 100"]


@pytest.mark.parametrize("script", [{"crash_at": 1}, {"fail_at": 1}, {"hang_at": 1}])
async def test_two_failures_are_remembered_and_other_renditions_are_not_blamed(
    rig: Rig, script: dict[str, Any]
) -> None:
    film = rig.source(**script, times=2)
    await rig.get(film, 0)

    with pytest.raises(RenditionFailed, match="cannot be converted to this quality"):
        await rig.get(film, 1)
    with pytest.raises(RenditionFailed):
        await rig.get(film, 30)

    assert rig.begun(film) == ["v720-h264 0 100", "v720-h264 1 100"]
    assert await rig.get(film, 1, height=480) == b"segment 1"
    kept = [] if "hang_at" in script else ["v720-h264"]  # a busy machine hangs too
    assert list(await Failures(rig.store.root).of("film")) == kept


async def test_a_source_that_is_gone_is_not_held_against_the_rendition(rig: Rig) -> None:
    film = rig.source(fail_at=0, error="UnreadableFile", times=1)

    with pytest.raises(UnreadableFile):
        await rig.get(film, 0)

    assert await rig.get(film, 0) == b"segment 0"


async def test_a_full_disk_is_said(rig: Rig) -> None:
    film = rig.source(fail_at=0, error="DiskFull")

    with pytest.raises(StorageFull, match="Free some space"):
        await rig.get(film, 0)


@pytest.fixture
def old_segment(tmp_path: Path) -> Path:
    """A segment nobody has used for long; to be asked for before the rig, which lists it."""
    path = tmp_path / "segments" / "old" / "v720-h264" / "0.m4s"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    os.utime(path, (1e9, 1e9))
    return path


async def test_on_a_full_disk_what_is_old_makes_room(old_segment: Path, rig: Rig) -> None:
    film = rig.source(fail_at=0, error="DiskFull", times=1)

    assert await rig.get(film, 0) == b"segment 0"
    assert not old_segment.exists()


async def test_what_room_does_not_help_removes_nothing_and_is_told_at_once(
    old_segment: Path, rig: Rig
) -> None:
    film = rig.source(fail_at=0, error="OutputNotWritable")

    with pytest.raises(OutputNotWritable, match=r"The script says so\. See to it that"):
        await rig.get(film, 0)

    assert old_segment.exists()
    assert len(rig.begun(film)) == 1


async def test_over_the_cap_a_viewer_is_told_when_to_come_again(rig: Rig) -> None:
    film = rig.source()
    rig.slots.measured(60e6)  # 720p at 25 takes 23e6, and decoding 1080p 10e6
    await rig.get(film, 0, reader="a")

    with pytest.raises(TooBusy, match="converting one video already") as busy:
        await rig.get(film, 50, reader="b")

    assert busy.value.retry_after_s > 0
    assert await rig.get(film, 50, reader="b", height=360) == b"segment 50"
    assert await rig.get(film, 90, reader="a", height=720) == b"segment 90"  # a seek is no second session


async def test_a_seek_is_not_refused_because_of_the_place_just_left(rig: Rig) -> None:
    film = rig.source(segment_s=0.3)
    rig.slots.measured(40e6)  # room for one session of 720p
    left = asyncio.create_task(rig.get(film, 2, reader="a"))
    await until(lambda: rig.keeper.running != [] and rig.encoders.pids != [])

    assert await rig.get(film, 50, reader="a") == b"segment 50"

    with pytest.raises(TooBusy, match="another part"):
        await left
    assert [name for _, name, next_ in rig.keeper.running if next_ < 50] == []


async def test_what_another_waits_for_stays_when_one_seeks(rig: Rig) -> None:
    film = rig.source(segment_s=0.3)
    mine = asyncio.create_task(rig.get(film, 2, reader="a"))
    theirs = asyncio.create_task(rig.get(film, 2, reader="b"))
    await until(lambda: rig.keeper.running != [])

    await rig.get(film, 50, reader="a")

    assert await theirs == b"segment 2"
    with pytest.raises(TooBusy, match="another part"):
        await mine


async def test_a_wait_that_begins_again_is_still_one_request(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = rig.source(crash_at=2, times=1, segment_s=0.1)
    notes: list[tuple[Any, ...]] = []
    note = rig.keeper._note_read

    def noting(*what: Any) -> None:
        notes.append(what)
        note(*what)

    monkeypatch.setattr(rig.keeper, "_note_read", noting)

    assert await rig.get(film, 2) == b"segment 2"

    assert len(rig.begun(film)) == 2
    assert notes == [("film", "v720-h264", 2, "a")]


async def test_the_init_segment_comes_before_the_first_segment_is_done(rig: Rig) -> None:
    film = rig.source(segment_s=0.5)

    path = await rig.keeper.init(film, rendition(), 30, count=COUNT, reader="a")

    assert await asyncio.to_thread(path.read_bytes) == b"init v720-h264"
    assert not rig.store.has("film", "v720-h264", 30)
    assert await rig.get(film, 30) == b"segment 30"
    assert rig.begun(film) == ["v720-h264 30 100"]


async def test_the_init_segment_of_another_rendition_comes_from_where_the_reader_is(rig: Rig) -> None:
    film = rig.source()
    await rig.get(film, 50)

    await rig.keeper.init(film, rendition(360), 0, count=COUNT, reader="a")
    await rig.keeper.init(film, rendition(480), 7, count=COUNT, reader="b")

    assert rig.begun(film) == ["v720-h264 50 100", "v360-h264 50 100", "v480-h264 7 100"]


async def test_an_init_segment_that_cannot_be_made_fails_as_the_segment_does(rig: Rig) -> None:
    film = rig.source(fail_at=0)
    first = rig.store.folder("film", "v720-h264") / "init.mp4"

    with pytest.raises(RenditionFailed):
        await rig.get(film, 0)
    await asyncio.to_thread(first.unlink)

    with pytest.raises(RenditionFailed):
        await rig.keeper.init(film, rendition(), 0, count=COUNT, reader="a")


async def test_closing_ends_everything_and_tells_who_waits(rig: Rig) -> None:
    film = rig.source(segment_s=30)
    waiting = asyncio.create_task(rig.get(film, 0))
    await until(lambda: rig.encoders.pids != [] and rig.keeper.running != [])
    pids = rig.encoders.pids

    await rig.keeper.close()

    with pytest.raises(MediaError):
        await waiting
    await until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


async def test_seeks_leave_nothing_behind(rig: Rig) -> None:
    film = rig.source(segment_s=0.001)
    for n in range(40):
        await rig.get(film, n * 37 % COUNT)
    tasks = len(asyncio.all_tasks())

    for n in range(40, 60):
        await rig.get(film, n * 37 % COUNT)

    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    assert len(rig.keeper.running) <= 1
