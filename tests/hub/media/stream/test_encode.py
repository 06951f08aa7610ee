from __future__ import annotations

import asyncio
import os
import random
import time
from bisect import bisect_right
from collections.abc import AsyncIterator
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.media.errors import NoPicture, OutputNotWritable
from hub.media.grants import Grants
from hub.media.operations import ENCODE, WARM_UP, WarmUpJob
from hub.media.process import WorkerGone, WorkerProcess, worker_command
from hub.media.stream import encode
from hub.media.stream.decoding import pictures
from hub.media.stream.plan import VideoGrid
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import Made, Timeline, VideoRendition
from hub.media.wire import Done, Failed, Request
from tests.hub.media.stream.encoding import (
    COUNTER,
    job_of,
    number_of,
    planned_ticks,
    rendition,
    run_session,
    ticks,
    timeline_of,
)
from tests.media import B_FRAMES, clip_bytes, cut, make_clip, path_bytes, restamped, uneven, with_index_first

SMALL = rendition()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """11.4 seconds with B-frames and a key frame now and then, never at a border of the grid."""
    return make_clip(
        tmp_path_factory.mktemp("clip") / "a.mp4",
        seconds=11.4,
        audio=None,
        video_options=(("g", "37"), ("bf", "2"), ("preset", "veryfast")),
    )


@pytest.fixture(scope="module")
def timeline(clip: Path) -> Timeline:
    return timeline_of(clip)


def test_a_session_makes_exactly_the_pictures_of_the_plan(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    session = run_session(clip, timeline, [SMALL], 0, 6, tmp_path)

    assert session.segments(SMALL) == [0, 1, 2, 3, 4, 5]
    frames = session.decode(SMALL, 0, 6)
    assert [ticks(frame) for frame in frames] == planned_ticks(SMALL, timeline, 0, 6)
    assert len(frames) == 285
    assert {(frame.width, frame.height) for frame in frames} == {(160, 90)}
    assert [report for report in session.reports if report == (6, 6, SMALL.id)]


def test_each_segment_begins_with_its_only_key_frame(clip: Path, timeline: Timeline, tmp_path: Path) -> None:
    session = run_session(clip, timeline, [SMALL], 1, 4, tmp_path)

    for k in range(1, 4):
        keys = [frame.key_frame for frame in session.decode(SMALL, k, k + 1)]
        assert keys == [True] + [False] * (len(keys) - 1)


def test_segments_of_sessions_begun_anywhere_join_without_a_gap(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    """The init segment must come out the same each time: a session refuses to go on when it does not."""
    places = [3, 0, 5, 1, 4, 2]
    for k in places:
        run_session(clip, timeline, [SMALL], k, k + 1, tmp_path)

    frames = run_session(clip, timeline, [SMALL], 5, 6, tmp_path).decode(SMALL, 0, 6)

    assert [ticks(frame) for frame in frames] == planned_ticks(SMALL, timeline, 0, 6)


@pytest.mark.parametrize("keys", [True, False])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_frame_n_shows_picture_n_wherever_the_session_begins(suffix: str, keys: bool, tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / f"a{suffix}", seconds=4.4, audio=None, source=COUNTER, size=(64, 64),
        video_options=(("g", "31"), ("bf", "2"), ("crf", "20"), ("preset", "veryfast")),
    )  # fmt: skip
    timeline = timeline_of(clip, keys=keys)
    wanted = rendition(64, 64)

    for first in (0, 1, 2):
        session = run_session(clip, timeline, [wanted], first, first + 1, tmp_path / "out")
        shown = [number_of(frame) for frame in session.decode(wanted, first, first + 1)]
        assert shown == list(range(first * 50, min(first * 50 + 50, 110)))


def test_a_ladder_comes_from_one_session_at_different_sizes_and_rates(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    ladder = [rendition(180, 320), rendition(90, 160), rendition(72, 128, rate=(25, 2))]

    session = run_session(clip, timeline, ladder, 2, 6, tmp_path)

    for wanted in ladder:
        frames = session.decode(wanted, 2, 6)
        assert [ticks(frame) for frame in frames] == planned_ticks(wanted, timeline, 2, 6)
        assert {(frame.width, frame.height) for frame in frames} == {(wanted.width, wanted.height)}


def test_a_source_that_ends_early_holds_its_last_picture_to_the_end(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    assert timeline.video is not None
    longer = msgspec.structs.replace(
        timeline, video=msgspec.structs.replace(timeline.video, end_ticks=90_000 * 15)
    )

    for first in (4, 7):  # from before the end, and from far after it
        session = run_session(clip, longer, [SMALL], first, 8, tmp_path)
        frames = session.decode(SMALL, first, 8)
        assert [ticks(frame) for frame in frames] == planned_ticks(SMALL, longer, first, 8)


def test_an_index_that_promises_more_than_the_file_holds_does_not_make_it_start_over(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    """Decoding begins as near to where the file breaks off as possible, and its last picture is held."""
    whole = with_index_first(clip.read_bytes())
    short = tmp_path / "short.mp4"
    short.write_bytes(cut(whole, 0.6))
    packets = 0

    def count() -> None:
        nonlocal packets
        packets += 1

    found = list(pictures(path_bytes(short), timeline, Fraction(10), Fraction(1, 50), count))

    assert 5 < found[-1].at < 8
    assert packets < 3 * 37  # of 285
    session = run_session(short, timeline, [SMALL], 5, 6, tmp_path)
    assert [ticks(f) for f in session.decode(SMALL, 5, 6)] == planned_ticks(SMALL, timeline, 5, 6)


def test_damage_in_the_middle_does_not_end_the_session(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    data = bytearray(clip.read_bytes())
    generator = random.Random(1)
    third = len(data) // 3
    for _ in range(60):
        data[generator.randrange(third, 2 * third)] ^= 0xFF
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)

    session = run_session(damaged, timeline, [SMALL], 0, 6, tmp_path / "whole")

    assert len(session.decode(SMALL, 0, 6)) == 285
    for k in range(1, 6):
        begun_there = run_session(damaged, timeline, [SMALL], k, k + 1, tmp_path / "parts")
        assert [ticks(f) for f in begun_there.decode(SMALL, k, k + 1)] == planned_ticks(
            SMALL, timeline, k, k + 1
        )


def test_no_segment_has_more_bits_than_its_peak_allows(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "noise.mp4",
        seconds=6.0,
        audio=None,
        size=(320, 180),
        source="nullsrc,noise=alls=100:allf=t",
    )
    wanted = rendition(180, 320, peak_bps=300_000)

    session = run_session(clip, timeline_of(clip), [wanted], 0, 3, tmp_path)

    sizes = [(session.folder / wanted.id / f"{k}.m4s").stat().st_size for k in range(3)]
    assert max(sizes) * 8 <= 300_000 * 2
    assert min(sizes) * 8 >= 300_000  # it was worth a limit


def test_a_file_without_decodable_pictures_is_an_error(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    data = bytearray(clip.read_bytes())
    begin = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[begin:end] = bytes(end - begin)
    (tmp_path / "empty.mp4").write_bytes(data)

    with pytest.raises(NoPicture):
        run_session(tmp_path / "empty.mp4", timeline, [SMALL], 1, 2, tmp_path)


def test_a_folder_that_cannot_be_written_ends_the_session(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    (tmp_path / "in the way").write_bytes(b"")
    job = job_of(clip, timeline, [SMALL, rendition(72, 128)], 0, 6, tmp_path)
    broken = msgspec.structs.replace(job.outputs[1], folder=os.fsencode(tmp_path / "in the way"))

    with pytest.raises(OutputNotWritable):
        encode.run(msgspec.structs.replace(job, outputs=(job.outputs[0], broken)), lambda *_: None, Grants())


# All kinds of files, with the time line the hub would use:

_INTERLACED = (("flags", "+ildct+ilme"), ("top", "1"))
CORPUS: dict[str, tuple[str, dict[str, Any]]] = {
    "h264-mp4": (".mp4", {"video_options": B_FRAMES}),
    "h264-mov": (".mov", {}),
    "h264-mkv": (".mkv", {"video_options": B_FRAMES}),
    "h264-ts": (".ts", {"video_options": B_FRAMES}),
    "h264-flv": (".flv", {}),
    "h264-10-bit-mkv": (".mkv", {"pixel_format": "yuv420p10le"}),
    "h264-4:2:2-mov": (".mov", {"pixel_format": "yuv422p"}),
    "h264-rotated-mp4": (".mp4", {"rotation": 90}),
    "h264-anamorphic-mp4": (".mp4", {"sample_aspect": Fraction(4, 3), "size": (120, 90)}),
    "h264-odd-size-mkv": (".mkv", {"size": (161, 91), "pixel_format": "yuv444p"}),
    "h264-one-picture-mp4": (".mp4", {"seconds": 0.04, "audio": None}),
    "h264-60-mp4": (".mp4", {"frame_rate": 60}),
    "h264-hdr-mkv": (".mkv", {"pixel_format": "yuv420p10le", "color": (16, 9, 9)}),
    "hevc-mp4": (".mp4", {"video": "hevc"}),
    "hevc-ts": (".ts", {"video": "hevc"}),
    "vp8-webm": (".webm", {"video": "vp8"}),
    "vp9-webm": (".webm", {}),
    "av1-mkv": (".mkv", {"video": "av1"}),
    "mpeg2-mpg": (".mpg", {"video_options": (("bf", "2"),)}),
    "mpeg2-interlaced-ts": (".ts", {"video": "mpeg2video", "video_options": _INTERLACED}),
    "mpeg4-avi": (".avi", {}),
    "mpeg4-b-frames-mkv": (".mkv", {"video": "mpeg4", "video_options": (("bf", "2"),)}),
    "wmv2-wmv": (".wmv", {}),
}
IN_SHORT = {
    "h264-ts",
    "h264-rotated-mp4",
    "h264-odd-size-mkv",
    "h264-one-picture-mp4",
    "vp9-webm",
    "mpeg4-avi",
}


@pytest.mark.parametrize(
    "name", [name if name in IN_SHORT else pytest.param(name, marks=pytest.mark.soak) for name in CORPUS]
)
def test_every_kind_of_file_gives_the_planned_pictures(name: str, tmp_path: Path) -> None:
    suffix, arguments = CORPUS[name]
    clip = make_clip(tmp_path / f"a{suffix}", **{"seconds": 5.0, **arguments})
    check_from_everywhere(clip, tmp_path)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_variable_rate_becomes_a_constant_one(suffix: str, tmp_path: Path) -> None:
    plain = clip_bytes(
        ".mp4", seconds=3.0, audio=None, source=COUNTER, size=(64, 64), video_options=(("bf", "0"),)
    )
    clip = tmp_path / f"a{suffix}"
    clip.write_bytes(restamped(plain, suffix, uneven))
    wanted, timeline = rendition(64, 64), read_timeline(path_bytes(clip))

    frames = run_session(clip, timeline, [wanted], 0, 2, tmp_path).decode(wanted, 0, 2)
    begun_there = run_session(clip, timeline, [wanted], 1, 2, tmp_path / "1").decode(wanted, 1, 2)

    times = [floor(uneven(n) * 25 + Fraction(1, 2)) for n in range(75)]
    expected = [bisect_right(times, n) - 1 for n in range(len(frames))]
    assert [number_of(frame) for frame in frames] == expected
    assert [number_of(frame) for frame in begun_there] == expected[50:]


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_other_codecs_obey_the_grid_as_well(
    codec: str, clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    codecs = {"hevc": "hvc1.1.6.L60.90", "av1": "av01.0.00M.08"}[codec]
    wanted = rendition(codec=codec, codecs=codecs)
    for first, stop in ((2, 4), (0, 1)):
        run_session(clip, timeline, [wanted], first, stop, tmp_path)
    session = run_session(clip, timeline, [wanted], 1, 2, tmp_path)

    frames = session.decode(wanted, 0, 4)
    assert [ticks(frame) for frame in frames] == planned_ticks(wanted, timeline, 0, 4)
    for k in range(4):
        assert [frame.key_frame for frame in session.decode(wanted, k, k + 1)].count(True) == 1


def check_from_everywhere(clip: Path, folder: Path) -> None:
    """One session over the whole file and one for each segment, last first: frames, stamps and size as planned."""
    timeline = read_timeline(path_bytes(clip))
    assert timeline.video is not None
    wanted = rendition(90, 160, rate=timeline.video.frame_rate)
    count = VideoGrid(wanted.frame_rate, timeline.video.end_ticks).count
    planned = planned_ticks(wanted, timeline, 0, count)

    whole = run_session(clip, timeline, [wanted], 0, count, folder / "whole").decode(wanted, 0, count)
    for k in reversed(range(1, count)):
        run_session(clip, timeline, [wanted], k, k + 1, folder / "parts")
    joined = run_session(clip, timeline, [wanted], 0, 1, folder / "parts").decode(wanted, 0, count)

    for frames in (whole, joined):
        assert [ticks(frame) for frame in frames] == planned
        assert {(frame.width, frame.height) for frame in frames} == {(160, 90)}


# In a worker:


@pytest.fixture
async def worker() -> AsyncIterator[WorkerProcess]:
    worker = await WorkerProcess.spawn(worker_command(), lambda _: None)
    yield worker
    worker.kill()
    await worker.exited


def request(job: msgspec.Struct, operation: str = ENCODE.name, number: int = 1) -> Request:
    return Request(number, operation, msgspec.Raw(msgspec.msgpack.encode(job)))


class Watcher:
    """Waits for what a worker reports."""

    def __init__(self) -> None:
        self.made: dict[str, int] = {}
        self._changed = asyncio.Event()

    def __call__(self, done: int, total: int, text: str) -> None:
        if self.made.get(text) != done:
            self.made[text] = done
            self._changed.set()

    async def until(self, wanted: VideoRendition, made: int) -> None:
        async with asyncio.timeout(30):
            while self.made.get(wanted.id, 0) < made:
                self._changed.clear()
                await self._changed.wait()


async def test_a_session_goes_as_far_as_it_is_granted_and_each_granted_segment_comes_out(
    clip: Path, timeline: Timeline, tmp_path: Path, worker: WorkerProcess
) -> None:
    watcher = Watcher()
    job = job_of(clip, timeline, [SMALL], 0, 6, tmp_path, granted=2)
    running = asyncio.create_task(worker.call(request(job), watcher))

    await watcher.until(SMALL, 2)
    await asyncio.sleep(0.3)
    assert watcher.made == {SMALL.id: 2}
    worker.grant(1)  # less than before: nothing
    worker.grant(5)
    await watcher.until(SMALL, 5)
    await asyncio.sleep(0.3)
    assert watcher.made == {SMALL.id: 5}
    worker.grant(6)
    answer = await running

    assert isinstance(answer, Done)
    assert msgspec.msgpack.decode(answer.result, type=ENCODE.result) == Made(6)
    worker.grant(7)  # too late: nothing
    assert isinstance(await worker.call(request(WarmUpJob(), WARM_UP.name, 2), None), Done)


async def test_a_killed_session_leaves_whole_segments_and_another_goes_on(
    clip: Path, timeline: Timeline, tmp_path: Path
) -> None:
    generator = random.Random(7)
    made = 0
    for _ in range(4):
        worker = await WorkerProcess.spawn(worker_command(), lambda _: None)
        running = asyncio.create_task(
            worker.call(request(job_of(clip, timeline, [SMALL], made, 6, tmp_path)), None)
        )
        await asyncio.sleep(0.25 + generator.random() * 0.4)
        began = time.monotonic()
        worker.kill()
        await worker.exited
        assert time.monotonic() - began < 1
        await asyncio.gather(running, return_exceptions=True)
        made = next(k for k in range(7) if not (tmp_path / SMALL.id / f"{k}.m4s").exists())
        if made == 6:
            break
    if made < 6:
        await asyncio.to_thread(run_session, clip, timeline, [SMALL], made, 6, tmp_path)

    session = await asyncio.to_thread(run_session, clip, timeline, [SMALL], 5, 6, tmp_path)
    frames = session.decode(SMALL, 0, 6)

    assert [ticks(frame) for frame in frames] == planned_ticks(SMALL, timeline, 0, 6)


async def test_a_killed_session_tells_its_caller(
    clip: Path, timeline: Timeline, tmp_path: Path, worker: WorkerProcess
) -> None:
    watcher = Watcher()
    job = job_of(clip, timeline, [SMALL], 0, 6, tmp_path, granted=1)
    running = asyncio.create_task(worker.call(request(job), watcher))
    await watcher.until(SMALL, 1)

    worker.kill()

    with pytest.raises(WorkerGone):
        await running


async def test_an_error_reaches_the_hub_by_name(
    timeline: Timeline, tmp_path: Path, worker: WorkerProcess
) -> None:
    answer = await worker.call(
        request(job_of(tmp_path / "gone.mp4", timeline, [SMALL], 0, 1, tmp_path)), None
    )

    assert isinstance(answer, Failed)
    assert answer.error == "UnreadableFile"
