"""Time lines against what decoding the whole file shows."""

from __future__ import annotations

import io
import os
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import MediaError
from hub.media.operations import TIMELINE
from hub.media.pool import MediaPool, Priority
from hub.media.stream.codec_names import audio_specific_config
from hub.media.stream.frame_times import frame_rate, is_idr
from hub.media.stream.reading import Clock
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import CLOCK_HZ, Timeline, TimelineJob
from tests.media import (
    B_FRAMES,
    clip_bytes,
    constant,
    cut,
    path_bytes,
    restamped,
    uneven,
    with_index_first,
    with_wrong_duration,
    without_cues,
)

OPEN_GOP = (("x264-params", "bframes=2:b-adapt=0:scenecut=0:keyint=12:open-gop=1"), ("preset", "medium"))
KEYS = (("x264-params", "scenecut=0:keyint=10"),)


def saved(folder: Path, suffix: str, data: bytes) -> bytes:
    """The path of a file with these bytes."""
    path = folder / f"film{suffix}"
    path.write_bytes(data)
    return path_bytes(path)


def timeline_of(folder: Path, suffix: str, **clip: Any) -> Timeline:
    """The time line of a clip."""
    return read_timeline(saved(folder, suffix, clip_bytes(suffix, **clip)))


def decoded(data: bytes) -> tuple[list[Fraction], list[Fraction]]:
    """(times of all pictures, times of the key frames) in seconds since the container's start."""
    with av.open(io.BytesIO(data), "r") as container:
        start = Fraction(container.start_time or 0, 1_000_000)
        frames = [
            (f.pts * f.time_base - start, f.key_frame)
            for f in container.decode(video=0)
            if f.pts is not None and f.time_base
        ]
    return sorted(t for t, _ in frames), sorted(t for t, key in frames if key)


CLIPS = [
    (".mp4", {"video_options": B_FRAMES}, "avc1.64"),
    (".mov", {"video_options": B_FRAMES}, "avc1.64"),
    (".mkv", {"video_options": B_FRAMES}, "avc1.64"),
    (".ts", {"video_options": B_FRAMES}, "avc1.64"),
    (".flv", {"video_options": B_FRAMES}, "avc1.64"),
    (".mp4", {"video": "hevc"}, "hvc1.1.6.L"),
    (".mkv", {"video": "hevc", "pixel_format": "yuv420p10le"}, "hvc1.2.4.L"),
    (".ts", {"video": "hevc"}, "hvc1.1.6.L"),
    (".mkv", {"video": "av1"}, "av01.0.00M.08"),
    (".webm", {}, "vp09.00.10.08"),
    (".mkv", {"pixel_format": "yuv420p10le"}, "avc1.6E"),
    (".avi", {}, None),
    (".mpg", {}, None),
    (".wmv", {}, None),
]


@pytest.mark.parametrize(("suffix", "clip", "codecs"), CLIPS)
def test_pictures_are_as_decoded(
    tmp_path: Path, suffix: str, clip: dict[str, Any], codecs: str | None
) -> None:
    """End, rate and key frames are those of the pictures that come out of the decoder."""
    data = clip_bytes(suffix, seconds=3, **clip)
    video = read_timeline(saved(tmp_path, suffix, data)).video
    assert video is not None
    times, keys = decoded(data)
    assert abs(video.end_ticks / CLOCK_HZ - (times[-1] + Fraction(1, 25))) <= Fraction(2, 1000)
    assert (video.rate, video.is_variable) == (Fraction(25), False)
    if codecs is None:
        assert (video.keys, video.codecs) == ((), None)
        assert video.copy_problem is not None
        assert "fragmented MP4" in video.copy_problem
    else:
        assert video.copy_problem is None
        assert str(video.codecs).startswith(codecs)
        assert [round(k / CLOCK_HZ, 2) for k in video.keys] == [round(float(k), 2) for k in keys]
        assert len(video.key_bytes) in (0, len(video.keys))


SOUND = [
    (".mp4", {}, "mp4a.40.2", 1024),
    (".m4a", {}, "mp4a.40.2", 1024),
    (".ts", {}, "mp4a.40.2", 1024),
    (".mkv", {}, "opus", 960),
    (".mkv", {"audio": "aac"}, "mp4a.40.2", 1024),
    (".mkv", {"audio": "flac"}, "flac", 4608),
    (".flac", {}, "flac", 4608),
    (".mp3", {}, "mp4a.40.34", 1152),
    (".mp4", {"audio": "ac3"}, "ac-3", 1536),
    (".mkv", {"audio": "eac3"}, "ec-3", 1536),
    (".wav", {}, None, None),
    (".mkv", {"audio": "mp2"}, None, None),
]


@pytest.mark.parametrize(("suffix", "clip", "codecs", "frame"), SOUND)
def test_sound_is_as_decoded(
    tmp_path: Path, suffix: str, clip: dict[str, Any], codecs: str | None, frame: int | None
) -> None:
    """Codec name, frame length and end of each codec that is copied; a reason for the others."""
    audio = timeline_of(tmp_path, suffix, seconds=3, **clip).audio[0]
    assert (audio.codecs, audio.frame_samples) == (codecs, frame)
    assert (audio.copy_problem is None) == (codecs is not None)
    assert (audio.sample_rate_hz, audio.channels) == (48_000, 2)
    assert abs(audio.end_samples - 144_000) <= 1536 + 480
    assert -2048 <= audio.start_samples <= 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("factor", [0.2, 7.0])
def test_headers_that_lie_are_not_believed(tmp_path: Path, suffix: str, factor: float) -> None:
    """A duration in the header that is too short or too long changes nothing."""
    data = clip_bytes(suffix, seconds=2, video_options=KEYS)
    honest = read_timeline(saved(tmp_path, suffix, data))
    lying = with_wrong_duration(data, factor)
    assert lying != data
    made = read_timeline(saved(tmp_path, suffix, lying))
    assert made.video == honest.video
    assert abs(made.duration_s - 2) < 0.05


def test_a_file_without_cues_is_read_whole(tmp_path: Path) -> None:
    """The same key frames and ends come out when the index is missing."""
    data = clip_bytes(".mkv", seconds=3, video_options=KEYS)
    with_index = read_timeline(saved(tmp_path, ".mkv", data)).video
    without = read_timeline(saved(tmp_path, ".mkv", without_cues(data))).video
    assert with_index is not None
    assert without is not None
    assert (without.keys, without.end_ticks) == (with_index.keys, with_index.end_ticks)


def test_a_fragmented_file_is_read_whole(tmp_path: Path) -> None:
    """Its index is spread over the file."""
    data = clip_bytes(
        ".mp4",
        seconds=3,
        audio=None,
        video_options=KEYS,
        muxer_options=(("movflags", "frag_keyframe+empty_moov+skip_trailer"),),
    )
    video = read_timeline(saved(tmp_path, ".mp4", data)).video
    assert video is not None
    assert video.end_ticks == 3 * CLOCK_HZ
    assert len(video.keys) == 8


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_file_that_was_cut_ends_where_its_bytes_end(tmp_path: Path, suffix: str) -> None:
    """What the index promises beyond the end of the file is not there."""
    data = clip_bytes(suffix, seconds=4, video_options=KEYS)
    data = cut(with_index_first(data) if suffix == ".mp4" else data, 0.6)
    video = read_timeline(saved(tmp_path, suffix, data)).video
    assert video is not None
    times, _ = decoded(data)
    assert abs(video.end_ticks / CLOCK_HZ - times[-1]) < 0.13
    assert video.keys[-1] < video.end_ticks


def test_a_variable_rate_is_told(tmp_path: Path) -> None:
    """Uneven gaps make a variable rate of at most 60; one missing picture in a hundred does not."""
    clip = clip_bytes(".mp4", seconds=4, video_options=KEYS, audio=None)
    for suffix in (".mp4", ".mkv"):
        video = read_timeline(saved(tmp_path, suffix, restamped(clip, suffix, uneven))).video
        assert video is not None
        assert video.is_variable
        assert 10 <= video.rate <= 60
        assert abs(video.end_ticks / CLOCK_HZ - float(uneven(100))) < 0.02
        dropped = restamped(clip, suffix, lambda n: Fraction(n + (n >= 50), 25))
        video = read_timeline(saved(tmp_path, suffix, dropped)).video
        assert video is not None
        assert (video.rate, video.is_variable) == (Fraction(25), False)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_three_hours_with_a_picture_every_ten_seconds(tmp_path: Path, suffix: str) -> None:
    """A slide show: a rate fine enough for its changes, the real end, and no copy that nobody could seek in."""
    clip = clip_bytes(".mp4", seconds=4, audio=None, video_options=KEYS)
    data = restamped(clip, suffix, lambda n: Fraction(10 * n), repeat=11, keep=1080)
    video = read_timeline(saved(tmp_path, suffix, data)).video
    assert video is not None
    assert (video.rate, video.is_variable) == (Fraction(10), True)
    assert abs(video.end_ticks / CLOCK_HZ - 10_800) <= 10
    assert video.copy_problem is not None
    assert "100 seconds apart" in video.copy_problem


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_one_picture(tmp_path: Path, suffix: str) -> None:
    """A film of a single frame has a key frame, an end, and a sane rate."""
    video = timeline_of(tmp_path, suffix, seconds=0.04, audio=None).video
    assert video is not None
    assert len(video.keys) == 1
    assert 0 < video.end_ticks <= CLOCK_HZ // 5
    assert 1 <= video.rate <= 60


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_open_groups_of_pictures_are_not_cut(tmp_path: Path, suffix: str) -> None:
    """H.264 whose key frames follow pictures that need the frames before: no browser begins there."""
    video = timeline_of(
        tmp_path, suffix, seconds=40, frame_rate=12, size=(64, 36), audio=None, video_options=OPEN_GOP
    ).video
    assert video is not None
    assert video.keys == ()
    assert video.copy_problem is not None


def test_avi_does_not_say_when_reordered_pictures_are_shown(tmp_path: Path) -> None:
    """Its stamps count packets; without reordering that is as good."""
    video = timeline_of(tmp_path, ".avi", seconds=3, video="h264", video_options=B_FRAMES).video
    assert video is not None
    assert video.keys == ()
    assert video.copy_problem is not None
    assert "only when they are decoded" in video.copy_problem
    video = timeline_of(tmp_path, ".avi", seconds=3, video="h264", video_options=KEYS).video
    assert video is not None
    assert video.copy_problem is None


def test_films_of_all_rates_are_named_by_their_rate(tmp_path: Path) -> None:
    """Times in milliseconds (MKV) or ticks (MP4) give the common rate behind them."""
    clip = clip_bytes(".mp4", seconds=4, video_options=KEYS, audio=None)
    for rate in (
        Fraction(24000, 1001),
        Fraction(30000, 1001),
        Fraction(24),
        Fraction(50),
        Fraction(60000, 1001),
    ):
        for suffix in (".mp4", ".mkv"):
            data = restamped(clip, suffix, lambda n, rate=rate: n / rate)  # type: ignore[misc]
            video = read_timeline(saved(tmp_path, suffix, data)).video
            assert video is not None
            assert (video.rate, video.is_variable) == (rate, False)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_damage_has_an_outcome(tmp_path: Path, suffix: str) -> None:
    """Bytes overwritten in the middle: a time line or a MediaError, nothing else."""
    data = bytearray(clip_bytes(suffix, seconds=2, video_options=KEYS))
    for at in range(200, len(data), len(data) // 12):
        damaged = bytes(data[:at]) + bytes([0xFF, 0x00, 0x80] * 20) + bytes(data[at + 60 :])
        try:
            timeline = read_timeline(saved(tmp_path, suffix, damaged))
        except MediaError:
            continue
        assert 0 < timeline.duration_s < 10_000


@pytest.mark.soak
def test_long_films_are_read_fast(tmp_path: Path) -> None:
    """Two hours: MP4 by its tables, MKV by its cues."""
    clip = clip_bytes(".mp4", seconds=8, frame_rate=24, size=(320, 180), video_options=KEYS)
    for suffix, limit_s in ((".mp4", 0.3), (".mkv", 0.1)):
        path = saved(tmp_path, suffix, restamped(clip, suffix, constant(24), repeat=900))
        took, timeline = [], read_timeline(path)
        for _ in range(3):
            begin = time.process_time()
            timeline = read_timeline(path)
            took.append(time.process_time() - begin)
        assert timeline.video is not None
        assert abs(timeline.video.end_ticks - 7200 * CLOCK_HZ) <= 2000  # the sound's priming comes first
        assert min(took) < limit_s
        os.unlink(path)  # noqa: PTH108


async def test_through_a_worker(pool: MediaPool, tmp_path: Path) -> None:
    """The operation's job and result cross the pipe."""
    path = saved(tmp_path, ".mp4", clip_bytes(".mp4", seconds=1))
    made = await pool.run(TIMELINE, TimelineJob(path), timeout_s=60, priority=Priority.INTERACTIVE)
    assert made == read_timeline(path)


@given(st.integers(-(2**40), 2**40), st.integers(0, 10**12), st.sampled_from([90_000, 48_000, 44_100]))
def test_the_clock_rounds_to_the_nearest(stamp: int, start_us: int, hz: int) -> None:
    """Never more than half a unit off the exact time."""
    base = Fraction(1001, 30000)
    exact = (stamp * base - Fraction(start_us, 1_000_000)) * hz
    assert abs(Clock(start_us, base, hz).at(stamp) - exact) <= Fraction(1, 2)


@given(st.lists(st.integers(1, 200_000), max_size=300), st.fractions(0, 1000), st.fractions(0, 1000))
def test_rates_are_sane(gaps: list[int], guessed: Fraction, measured: Fraction) -> None:
    """Whatever the stamps: between 1 and 240 a second, variable ones at most 60."""
    rate, is_variable = frame_rate(gaps, guessed, measured or None)
    assert 1 <= rate <= (60 if is_variable else 240)


def test_idr_slices() -> None:
    """With start codes and with lengths; parameter sets in front are passed over."""
    assert is_idr(b"\0\0\0\1\x09\xf0\0\0\1\x67abc\0\0\1\x65data", None)
    assert not is_idr(b"\0\0\0\1\x09\xf0\0\0\1\x06abc\0\0\1\x41data", None)
    assert is_idr(b"\0\0\0\2\x67a\0\0\0\5\x65data", 4)
    assert not is_idr(b"\0\0\0\2\x67a\0\0\0\5\x41data", 4)
    assert not is_idr(b"", 4)
    assert not is_idr(b"\0\0", None)


def test_aac_without_a_description_gets_one() -> None:
    """ISO/IEC 14496-3: object type, rate index, channels."""
    assert audio_specific_config("LC", 48_000, 2) == bytes([0x11, 0x90])
    assert audio_specific_config("LC", 44_100, 2) == bytes([0x12, 0x10])
    assert audio_specific_config("HE-AAC", 48_000, 2) == bytes([0x13, 0x10])
    with pytest.raises(ValueError, match="no short AAC description"):
        audio_specific_config("LC", 12_345, 2)
