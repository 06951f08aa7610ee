from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.media.stream.plan import AudioGrid, CopyPlan, SegmentPlan, VideoGrid, copy_plan, plan_of
from hub.media.stream.types import (
    CLOCK_HZ,
    EPOCH_S,
    SEGMENT_S,
    AudioRendition,
    AudioTimeline,
    Timeline,
    VideoRendition,
    VideoTimeline,
)

RATES = st.one_of(
    st.sampled_from(
        [(24, 1), (24000, 1001), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1)]
    ),
    st.tuples(st.integers(1, 200_000), st.integers(1, 5_000)).filter(lambda r: Fraction(*r) * SEGMENT_S >= 1),
)
ENDS = st.integers(1, 4 * 3600 * CLOCK_HZ)


def whole(plan: SegmentPlan, most: int = 40) -> list[int]:
    """Segment numbers worth looking at: all of a short plan, else both ends and some in between."""
    if plan.count <= most:
        return list(range(plan.count))
    return [0, 1, 2, plan.count // 3, plan.count // 2, plan.count - 2, plan.count - 1]


def assert_tiled(plan: SegmentPlan) -> None:
    for k in whole(plan):
        assert plan.duration(k) > 0
        assert plan.start(k) >= 0
        if k + 1 < plan.count:
            assert plan.end(k) == plan.start(k + 1)
        assert plan.at(plan.start_s(k)) == k
        assert plan.at(plan.end_s(k) - Fraction(1, 10**9)) == k
    assert plan.at(-5.0) == 0
    assert plan.at(1e9) == plan.count - 1
    for k in (-1, plan.count):
        with pytest.raises(IndexError):
            plan.start(k)
        with pytest.raises(IndexError):
            plan.end(k)


@given(RATES, ENDS)
@example((24000, 1001), 1)
@example((1, 2), 10 * CLOCK_HZ)
def test_pictures_fill_the_grid_to_the_last_one(rate: tuple[int, int], end_ticks: int) -> None:
    plan = VideoGrid(rate, end_ticks)
    fps = Fraction(*rate)
    assert_tiled(plan)
    assert plan.start(0) == EPOCH_S * CLOCK_HZ
    assert plan.frames(0).start == 0
    assert plan.frames(plan.count - 1).stop == plan.frame_count
    assert plan.end(plan.count - 1) == plan.position(plan.frame_count)
    if plan.frame_count > 1:
        assert abs(plan.frame_count - end_ticks * fps / CLOCK_HZ) <= Fraction(1, 2)
    for k in whole(plan):
        frames = plan.frames(k)
        assert len(frames) > 0
        assert k * SEGMENT_S <= frames[0] / fps
        assert frames[-1] / fps < (k + 1) * SEGMENT_S
        assert abs(plan.position(frames[-1]) - (frames[-1] / fps + EPOCH_S) * CLOCK_HZ) <= Fraction(1, 2)


@pytest.mark.parametrize("count", [1, 47, 48, 49, 100, 172_800])
@pytest.mark.parametrize("rate", [(24000, 1001), (25, 1), (30000, 1001), (60000, 1001)])
def test_a_constant_rate_keeps_its_number_of_pictures(rate: tuple[int, int], count: int) -> None:
    exact = count / Fraction(*rate) * CLOCK_HZ
    for end_ticks in (int(exact), int(exact) + 1, round(exact / 90) * 90):  # the last as Matroska rounds it
        assert VideoGrid(rate, end_ticks).frame_count == count


def test_a_rate_that_leaves_segments_empty_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        VideoGrid((1, 3), CLOCK_HZ)


SAMPLE_RATES = st.sampled_from([8000, 11025, 22050, 44100, 48000, 96000])
FRAMES = st.sampled_from([120, 960, 1024, 1152, 1536, 2048, 4096])


@given(SAMPLE_RATES, FRAMES, st.floats(-1, 1.99), st.integers(1, 3 * 3600 * 48000))
@example(48000, 1024, -1024 / 48000, 1)
@example(48000, 1024, 0.0, 96_000)
def test_audio_frames_fill_the_grid(rate_hz: int, samples: int, start_s: float, length: int) -> None:
    start = int(start_s * rate_hz)
    plan = AudioGrid(rate_hz, samples, start, start + length)
    assert_tiled(plan)
    assert plan.start(0) == start + EPOCH_S * rate_hz
    assert plan.frames(plan.count - 1).stop == plan.frame_count
    total = plan.end(plan.count - 1) - plan.start(0)
    assert total == plan.frame_count * samples
    assert length - rate_hz // 500 <= total < max(length, 1) + samples
    for k in whole(plan):
        frames = plan.frames(k)
        first, last = (Fraction(start + f * samples, rate_hz) for f in (frames[0], frames[-1]))
        assert k == 0 or k * SEGMENT_S <= first
        assert last < (k + 1) * SEGMENT_S


def test_a_stamp_rounded_to_milliseconds_adds_no_audio_frame() -> None:
    exact = 375 * 1024  # 8 s, and the next frame would begin segment 4
    assert AudioGrid(48_000, 1024, 0, exact + 48).frame_count == 375
    assert AudioGrid(48_000, 1024, 0, exact - 48).frame_count == 375
    assert AudioGrid(48_000, 1024, 0, exact + 500).frame_count == 376


@pytest.mark.parametrize(("samples", "start"), [(0, 0), (96_001, 0), (1024, 96_000), (1024, -48_001)])
def test_audio_that_does_not_fit_the_grid_is_refused(samples: int, start: int) -> None:
    with pytest.raises(ValueError, match=r"empty|segment 0"):
        AudioGrid(48_000, samples, start, start + 100_000)


def pictures(keys: tuple[int, ...], end_ticks: int, key_bytes: tuple[int, ...] = ()) -> VideoTimeline:
    return VideoTimeline(
        index=0, frame_rate=(25, 1), is_variable=False, end_ticks=end_ticks, keys=keys, key_bytes=key_bytes
    )


@given(st.lists(st.integers(0, 100 * CLOCK_HZ), min_size=1, unique=True), st.integers(1, 50 * CLOCK_HZ))
def test_copies_are_cut_at_key_frames(some: list[int], tail: int) -> None:
    keys = tuple(sorted(some))
    sizes = tuple(range(1, len(keys) + 1))
    plan = copy_plan(pictures(keys, keys[-1] + tail, sizes))
    assert_tiled(plan)
    assert plan.borders[0] == keys[0]
    assert plan.borders[-1] == keys[-1] + tail
    assert set(plan.borders[:-1]) <= set(keys)
    assert sum(plan.sizes_bytes) == sum(sizes)
    assert plan.longest_s * CLOCK_HZ == pytest.approx(max(plan.duration(k) for k in range(plan.count)))
    for k in range(plan.count - 1):
        assert plan.duration(k) >= SEGMENT_S * CLOCK_HZ - CLOCK_HZ // 500
        # Never longer than needed: without its last group of pictures it would have been too short.
        group = max(key for key in keys if key < plan.borders[k + 1])
        assert group - plan.borders[k] < SEGMENT_S * CLOCK_HZ


def test_a_copy_adds_up_the_bytes_of_its_groups() -> None:
    plan = copy_plan(pictures((0, 90_000, 179_910, 450_000, 900_000), 900_000, (5, 6, 7, 8, 9)))
    assert plan == CopyPlan((0, 179_910, 450_000, 900_000), (11, 7, 17))


@pytest.mark.parametrize("keys", [(), (900_000,)])
def test_pictures_without_a_key_frame_cannot_be_copied(keys: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        copy_plan(pictures(keys, 900_000))


@pytest.mark.parametrize(
    ("borders", "sizes"), [((0,), ()), ((0, 0), ()), ((5, 3), ()), ((0, 5), (1, 2)), ((0, 5, 9), (1,))]
)
def test_a_copy_plan_that_makes_no_sense_is_refused(borders: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"borders|sizes"):
        CopyPlan(borders, sizes)


def video(*, is_copy: bool, rate: tuple[int, int] = (25, 1)) -> VideoRendition:
    return VideoRendition(
        id="v",
        codec="h264",
        is_copy=is_copy,
        width=64,
        height=36,
        frame_rate=rate,
        codecs="avc1.64000A",
        peak_bps=1,
        average_bps=1,
    )


def audio(codec: str, *, is_copy: bool, index: int = 1) -> AudioRendition:
    return AudioRendition(
        id="a",
        index=index,
        codec=codec,
        is_copy=is_copy,
        channels=2,
        sample_rate_hz=44_100 if is_copy else 48_000,
        codecs="mp4a.40.2",
        peak_bps=1,
        average_bps=1,
        language=None,
        name="a",
        is_default=True,
    )


TIMELINE = Timeline(
    start_us=0,
    duration_s=9.0,
    video=pictures((0, 225_000, 450_000), 810_000),
    audio=(
        AudioTimeline(
            index=1,
            sample_rate_hz=44_100,
            channels=2,
            start_samples=-1024,
            end_samples=220_500,
            frame_samples=1024,
        ),
        AudioTimeline(
            index=2,
            sample_rate_hz=48_000,
            channels=6,
            start_samples=0,
            end_samples=480_000,
            copy_problem="no frame length",
        ),
    ),
)


def test_each_rendition_has_its_plan() -> None:
    assert plan_of(TIMELINE, video(is_copy=True)) == CopyPlan((0, 225_000, 450_000, 810_000))
    assert plan_of(TIMELINE, video(is_copy=False, rate=(30, 1))) == VideoGrid((30, 1), 810_000)
    assert plan_of(TIMELINE, audio("aac", is_copy=True)) == AudioGrid(44_100, 1024, -1024, 220_500)


def test_encoded_audio_lasts_as_long_as_the_pictures_or_longer() -> None:
    assert plan_of(TIMELINE, audio("aac", is_copy=False)) == AudioGrid(48_000, 1024, 0, 432_000)
    assert plan_of(TIMELINE, audio("opus", is_copy=False, index=2)) == AudioGrid(48_000, 960, 0, 480_000)


def test_what_the_file_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="stream 7"):
        plan_of(TIMELINE, audio("aac", is_copy=False, index=7))
    with pytest.raises(ValueError, match="no frame length"):
        plan_of(TIMELINE, audio("aac", is_copy=True, index=2))
    with pytest.raises(ValueError, match="no pictures"):
        plan_of(Timeline(start_us=0, duration_s=1.0, video=None, audio=()), video(is_copy=False))
