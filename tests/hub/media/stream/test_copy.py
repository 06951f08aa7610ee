"""Copied segments against the file they come from: the same pictures and sound, at the same times."""

from __future__ import annotations

import hashlib
import io
import statistics
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from hub.media.errors import BrokenMedia, OutputNotWritable
from hub.media.operations import COPY
from hub.media.pool import MediaPool, Priority
from hub.media.stream.copy import run
from hub.media.stream.plan import plan_of
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import EPOCH_S, AudioRendition, Made, SegmentsJob, Timeline, VideoRendition
from tests.media import B_FRAMES, clip_bytes, constant, path_bytes, restamped, uneven

Shown = list[tuple[Fraction, str]]


def rendition(timeline: Timeline, kind: str) -> VideoRendition | AudioRendition:
    """The pictures or the first sound as they are."""
    if kind == "video":
        assert timeline.video is not None
        return VideoRendition(
            id="v-copy",
            codec="",
            is_copy=True,
            width=160,
            height=90,
            frame_rate=timeline.video.frame_rate,
            codecs="",
            peak_bps=0,
            average_bps=0,
        )
    return AudioRendition(
        id="a-copy",
        index=timeline.audio[0].index,
        codec="",
        is_copy=True,
        channels=2,
        sample_rate_hz=timeline.audio[0].sample_rate_hz,
        codecs="",
        peak_bps=0,
        average_bps=0,
        language=None,
        name="",
        is_default=True,
    )


def made(folder: Path, path: bytes, timeline: Timeline, kind: str) -> tuple[bytes, list[bytes]]:
    """(init segment, all segments), each by a job of its own, last first; then all by one job, which must agree."""
    wanted = rendition(timeline, kind)
    count = plan_of(timeline, wanted).count
    targets = [folder / f"{kind}-each", folder / f"{kind}-all"]
    for target in targets:
        target.mkdir()
    ranges = [[(k, k + 1) for k in reversed(range(count))], [(0, count)]]
    for target, pieces in zip(targets, ranges, strict=True):
        for first, stop in pieces:
            job = SegmentsJob(
                path=path,
                timeline=timeline,
                rendition=wanted,
                folder=path_bytes(target),
                first=first,
                stop=stop,
            )
            assert run(job, lambda *step: None) == Made(stop)
    names = ["init.mp4", *(f"{k}.m4s" for k in range(count))]
    each, whole = ([(target / name).read_bytes() for name in names] for target in targets)
    assert each == whole
    return each[0], each[1:]


def pictures(data: bytes, zero: Fraction) -> Shown:
    """(time, content) of every decoded picture, the time counted from `zero` seconds."""
    with av.open(io.BytesIO(data), "r") as container:
        return [
            (Fraction(f.pts * f.time_base) - zero, _digest(f))
            for f in container.decode(video=0)
            if f.pts is not None and f.time_base is not None
        ]


def packets(data: bytes, zero: Fraction, kind: str) -> list[tuple[Fraction, Fraction, int]]:
    """(decode time if known, display time, size) of every packet, the times counted from `zero` seconds."""
    with av.open(io.BytesIO(data), "r") as container:
        stream: Any = container.streams.video[0] if kind == "video" else container.streams.audio[0]
        return [
            (
                Fraction((p.pts if p.dts is None else p.dts) * p.time_base) - zero,
                Fraction(p.pts * p.time_base) - zero,
                p.size,
            )
            for p in container.demux(stream)
            if p.size and p.pts is not None
        ]


def _digest(frame: av.VideoFrame) -> str:
    """Of what is seen: decoders leave what they like in the padding of the lines."""
    digest = hashlib.blake2b(digest_size=8)
    for plane in frame.planes:
        data, bytes_wide = memoryview(plane), plane.width * (2 if "10" in frame.format.name else 1)
        for row in range(plane.height):
            digest.update(data[row * plane.line_size :][:bytes_wide])
    return digest.hexdigest()


def source_of(folder: Path, suffix: str, data: bytes) -> tuple[bytes, Timeline, Fraction]:
    """(path, time line, source time of media time 0)."""
    path = folder / f"film{suffix}"
    path.write_bytes(data)
    timeline = read_timeline(path_bytes(path))
    return path_bytes(path), timeline, Fraction(timeline.start_us, 1_000_000)


KEYS = (("x264-params", "scenecut=0:keyint=30:min-keyint=30"),)
HEVC = (("x265-params", "log-level=none:bframes=3:keyint=30:min-keyint=30:open-gop=0:scenecut=0"),)
HEVC_OPEN = (("x265-params", "log-level=none:bframes=3:keyint=30:min-keyint=30:open-gop=1:scenecut=0"),)
INTERLACED = (("x264-params", "tff=1:bframes=3:b-pyramid=normal:keyint=30:scenecut=0"), ("preset", "medium"))
GOP = (("g", "30"),)
CLIPS: list[tuple[str, dict[str, Any]]] = [
    (".mp4", {"video_options": B_FRAMES}),
    (".mkv", {"video_options": B_FRAMES}),
    (".ts", {"video_options": B_FRAMES}),
    (".mkv", {"video": "hevc", "video_options": HEVC_OPEN, "audio": "ac3"}),
    (".mov", {"video_options": B_FRAMES}),
    (".flv", {"video_options": B_FRAMES}),
    (".mp4", {"video": "hevc", "video_options": HEVC, "audio": "ac3"}),
    (".mp4", {"video": "hevc", "video_options": HEVC_OPEN}),
    (".ts", {"video": "hevc", "video_options": HEVC, "audio": "mp3"}),
    (".mkv", {"video": "av1", "video_options": GOP, "audio": "flac"}),
    (".webm", {"video_options": GOP}),
    (".mkv", {"pixel_format": "yuv420p10le", "video_options": KEYS, "audio": "eac3"}),
    (".mp4", {"rotation": 90, "video_options": KEYS}),
    (".mp4", {"size": (162, 90), "pixel_format": "yuv444p", "video_options": KEYS}),
    (".mkv", {"audio": "mp3", "video_options": KEYS}),
    (".avi", {"video": "h264", "video_options": KEYS}),
    (".ts", {"size": (160, 96), "video_options": INTERLACED}),
    (".mkv", {"size": (160, 96), "video_options": INTERLACED}),
    (".webm", {"size": (161, 91), "video_options": GOP}),
]


@pytest.mark.parametrize(
    ("suffix", "clip"),
    [pytest.param(*c, marks=[] if n < 4 else pytest.mark.soak) for n, c in enumerate(CLIPS)],
)
def test_copies_are_the_source(tmp_path: Path, suffix: str, clip: dict[str, Any]) -> None:
    """Every picture and every packet of sound is there once, at its time; segments follow without a gap."""
    data = clip_bytes(suffix, seconds=7, **clip)
    path, timeline, zero = source_of(tmp_path, suffix, data)
    assert timeline.video is not None
    assert timeline.video.copy_problem is None
    init, segments = made(tmp_path, path, timeline, "video")
    assert len(segments) >= 2
    got = pictures(init + b"".join(segments), Fraction(EPOCH_S))
    expected = pictures(data, zero)
    assert [content for _, content in got] == [content for _, content in expected]
    assert max(abs(a - b) for (a, _), (b, _) in zip(got, expected, strict=True)) < Fraction(2, 1000)
    stamps = packets(init + b"".join(segments), Fraction(EPOCH_S), "video")
    assert all(a < b for (a, _, _), (b, _, _) in pairwise(stamps))
    assert all(decoded <= shown for decoded, shown, _ in stamps)
    _borders_agree(init, segments, timeline, "video")

    init, segments = made(tmp_path, path, timeline, "audio")
    sound = packets(init + b"".join(segments), Fraction(EPOCH_S), "audio")
    original = packets(data, zero, "audio")
    header = 7 if suffix == ".ts" and "audio" not in clip else 0
    assert [size for *_, size in sound] == [size - header for *_, size in original]
    assert max(abs(a[1] - b[1]) for a, b in zip(sound, original, strict=True)) < Fraction(2, 1000)
    _borders_agree(init, segments, timeline, "audio")


def _borders_agree(init: bytes, segments: list[bytes], timeline: Timeline, kind: str) -> None:
    """Each segment alone begins where the plan says, and decodes from there."""
    plan = plan_of(timeline, rendition(timeline, kind))
    for k, segment in enumerate(segments):
        first = packets(init + segment, Fraction(0), kind)[0]
        assert abs(first[1] - Fraction(plan.start(k), plan.clock_hz)) < Fraction(1, 1000)
    ends = packets(init + b"".join(segments), Fraction(0), kind)
    frame = max(b[0] - a[0] for a, b in pairwise(ends))
    assert abs(max(e[1] for e in ends) + frame - Fraction(plan.end(plan.count - 1), plan.clock_hz)) <= frame


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_rates_keep_their_times(tmp_path: Path, suffix: str) -> None:
    """Nothing is smoothed where pictures come unevenly."""
    data = restamped(clip_bytes(".mp4", seconds=6, video_options=KEYS), suffix, uneven)
    path, timeline, zero = source_of(tmp_path, suffix, data)
    init, segments = made(tmp_path, path, timeline, "video")
    got, expected = pictures(init + b"".join(segments), Fraction(EPOCH_S)), pictures(data, zero)
    assert [content for _, content in got] == [content for _, content in expected]
    assert max(abs(a - b) for (a, _), (b, _) in zip(got, expected, strict=True)) < Fraction(1, 1000)


def test_milliseconds_are_smoothed(tmp_path: Path) -> None:
    """Pictures of 24000/1001 a second in Matroska come out evenly, not 41 and 42 ms apart."""
    rate = Fraction(24000, 1001)
    data = restamped(
        clip_bytes(".mp4", seconds=6, audio=None, video_options=KEYS), ".mkv", lambda n: n / rate
    )
    path, timeline, _ = source_of(tmp_path, ".mkv", data)
    init, segments = made(tmp_path, path, timeline, "video")
    times = [at for at, _ in pictures(init + b"".join(segments), Fraction(0))]
    assert {round((b - a) * 90_000) for a, b in pairwise(times)} <= {3753, 3754}


def test_sound_and_pictures_stay_together(tmp_path: Path) -> None:
    """What begins at the same time in the source does in the tracks, in each format."""
    for suffix in (".mp4", ".mkv", ".ts"):
        folder = tmp_path / suffix[1:]
        folder.mkdir()
        data = clip_bytes(suffix, seconds=5, video_options=B_FRAMES)
        path, timeline, _ = source_of(folder, suffix, data)
        offsets = []
        for video, audio in (
            (data, data),
            tuple(
                b"".join([init, *rest])
                for init, rest in (made(folder, path, timeline, k) for k in ("video", "audio"))
            ),
        ):
            shown = min(at for _, at, _ in packets(video, Fraction(0), "video"))
            heard = min(at for _, at, _ in packets(audio, Fraction(0), "audio"))
            offsets.append(shown - heard)
        assert abs(offsets[0] - offsets[1]) < Fraction(2, 1000)


def test_how_pictures_are_shown_is_kept(tmp_path: Path) -> None:
    """The way they must be turned, and the shape of their samples."""
    for name, clip in (("turned", {"rotation": 90}), ("wide", {"sample_aspect": Fraction(4, 3)})):
        folder = tmp_path / name
        folder.mkdir()
        data = clip_bytes(".mp4", seconds=3, video_options=KEYS, **clip)
        path, timeline, _ = source_of(folder, ".mp4", data)
        init, segments = made(folder, path, timeline, "video")
        shapes = []
        for film in (data, init + segments[-1]):
            with av.open(io.BytesIO(film), "r") as container:
                stream = container.streams.video[0]
                shapes.append((next(container.decode(stream)).rotation, stream.sample_aspect_ratio))
        assert shapes[0] == shapes[1]
        assert shapes[0] != (0, None)


def test_one_picture(tmp_path: Path) -> None:
    """The shortest film there is."""
    for suffix in (".mp4", ".mkv", ".ts"):
        folder = tmp_path / suffix[1:]
        folder.mkdir()
        data = clip_bytes(suffix, seconds=0.04, audio=None)
        path, timeline, _ = source_of(folder, suffix, data)
        init, segments = made(folder, path, timeline, "video")
        assert len(pictures(init + b"".join(segments), Fraction(0))) == 1


def test_a_file_that_changed_is_said_so(tmp_path: Path) -> None:
    """Another film under the same name, without key frames where the time line has them."""
    path, timeline, _ = source_of(tmp_path, ".mp4", clip_bytes(".mp4", seconds=6, video_options=KEYS))
    other = (("x264-params", "scenecut=0:keyint=250"),)
    Path(path.decode()).write_bytes(clip_bytes(".mp4", seconds=6, video_options=other))
    job = SegmentsJob(
        path=path,
        timeline=timeline,
        rendition=rendition(timeline, "video"),
        folder=path_bytes(tmp_path),
        first=1,
        stop=2,
    )
    with pytest.raises(BrokenMedia, match="the key frame at"):
        run(job, lambda *step: None)


def test_holes_in_the_sound_are_not_closed(tmp_path: Path) -> None:
    """Frames that are missing leave the ones after them where they were."""
    data = clip_bytes(".mkv", seconds=7, audio="aac", video_options=KEYS)
    path, timeline, _ = source_of(tmp_path, ".mkv", data)
    holed = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(holed, "w", format="matroska") as out:
        streams: Any = {s.index: out.add_stream_from_template(s, opaque=True) for s in source.streams}
        for packet in source.demux():
            if packet.size and packet.pts is not None:
                if packet.stream.type == "audio" and 4600 <= packet.pts < 4900:
                    continue
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    Path(path.decode()).write_bytes(holed.getvalue())
    init, segments = made(tmp_path, path, timeline, "audio")
    times = [at for _, at, _ in packets(init + b"".join(segments), Fraction(EPOCH_S), "audio")]
    assert not [at for at in times if 4.62 < at < 4.88]
    assert abs(max(times) - 7) < 0.05


@pytest.mark.soak
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_anywhere_in_a_long_film(tmp_path: Path, suffix: str) -> None:
    """Two hours: a segment takes some milliseconds wherever it lies."""
    clip = clip_bytes(".mp4", seconds=8, frame_rate=24, size=(320, 180), video_options=KEYS)
    path, timeline, _ = source_of(tmp_path, suffix, restamped(clip, suffix, constant(24), repeat=900))
    for kind in ("video", "audio"):
        wanted = rendition(timeline, kind)
        plan = plan_of(timeline, wanted)
        took = []
        for k in range(0, plan.count, plan.count // 9):
            job = SegmentsJob(
                path=path,
                timeline=timeline,
                rendition=wanted,
                folder=path_bytes(tmp_path),
                first=k,
                stop=k + 1,
            )
            begin = time.process_time()
            run(job, lambda *step: None)
            took.append(time.process_time() - begin)
            data = (tmp_path / "init.mp4").read_bytes() + (tmp_path / f"{k}.m4s").read_bytes()
            first = packets(data, Fraction(0), kind)[0]
            assert abs(first[1] - Fraction(plan.start(k), plan.clock_hz)) < Fraction(1, 1000)
        (tmp_path / "init.mp4").unlink()
        assert statistics.median(took) < 0.2


async def test_through_a_worker(pool: MediaPool, tmp_path: Path) -> None:
    """The operation's job, progress and result cross the pipe."""
    path, timeline, _ = source_of(tmp_path, ".mp4", clip_bytes(".mp4", seconds=7, video_options=KEYS))
    target = tmp_path / "segments"
    target.mkdir()
    job = SegmentsJob(
        path=path,
        timeline=timeline,
        rendition=rendition(timeline, "video"),
        folder=path_bytes(target),
        first=0,
        stop=2,
    )
    steps: list[tuple[int, int, str]] = []
    result = await pool.run(
        COPY, job, timeout_s=60, priority=Priority.INTERACTIVE, on_progress=lambda *step: steps.append(step)
    )
    assert result == Made(2)
    assert steps == [(1, 2, "v-copy"), (2, 2, "v-copy")]
    assert sorted(p.name for p in target.iterdir()) == ["0.m4s", "1.m4s", "init.mp4"]


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_a_segment_that_cannot_be_written_ends_the_job_and_is_not_reported(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "film.mkv"
    source.write_bytes(clip_bytes(".mkv", seconds=8, audio="aac", video_options=GOP))
    timeline = read_timeline(path_bytes(source))
    wanted = rendition(timeline, kind)
    target = tmp_path / "segments"
    target.mkdir()
    (target / "1.m4s").mkdir()
    job = SegmentsJob(
        path=path_bytes(source),
        timeline=timeline,
        rendition=wanted,
        folder=path_bytes(target),
        first=0,
        stop=plan_of(timeline, wanted).count,
    )
    steps: list[int] = []
    with pytest.raises(OutputNotWritable):
        run(job, lambda done, total, text: steps.append(done))
    assert steps == [1]
    assert (target / "0.m4s").is_file()
    assert not list(target.glob(".*"))
