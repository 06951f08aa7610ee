from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.ladder import (
    SHORT_SIDES,
    VIDEO_CODECS,
    Vbv,
    audio_rates,
    audio_target_bps,
    codec_string,
    encoded_rate,
    ladder,
    vbv,
)
from hub.media.stream.plan import VideoGrid

FILM = Fraction(24000, 1001)


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    return [(rung.width, rung.height) for rung in ladder(width, height, Fraction(30))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ((1920, 1080), [(1920, 1080), (1280, 720), (854, 480), (640, 360), (426, 240), (256, 144)]),
        ((1080, 1920), [(1080, 1920), (720, 1280), (480, 854), (360, 640), (240, 426), (144, 256)]),
        ((640, 640), [(480, 480), (360, 360), (240, 240), (144, 144)]),
        ((768, 576), [(768, 576), (640, 480), (480, 360), (320, 240), (192, 144)]),
        ((1024, 500), [(984, 480), (738, 360), (492, 240), (294, 144)]),
        ((101, 75), [(100, 74)]),
        ((2, 2), [(2, 2)]),
        ((1, 1), [(2, 2)]),
    ],
)
def test_rungs_by_the_short_side(source: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    if source == (640, 640):
        expected = [(640, 640), *expected]  # well above 480
    assert sizes(*source) == expected


def test_nothing_too_small_for_its_encoder() -> None:
    found = {
        codec: [len(ladder(side, 500, FILM, codec=codec)) for side in (2, 15, 16, 63, 64)]
        for codec in VIDEO_CODECS
    }
    assert found == {"h264": [1, 1, 1, 1, 1], "hevc": [0, 0, 1, 1, 1], "av1": [0, 0, 0, 0, 1]}


def test_at_most_eight_rungs() -> None:
    assert [r.id for r in ladder(3840, 2160, FILM)] == [f"v{s}-h264" for s in reversed(SHORT_SIDES)]
    assert len(ladder(15360, 8640, FILM)) == 8


@given(st.integers(2, 9000), st.integers(2, 9000), st.sampled_from(VIDEO_CODECS))
def test_no_rung_is_above_the_source(width: int, height: int, codec: str) -> None:
    rungs = ladder(width, height, Fraction(25), codec=codec)
    assert (0 if min(width, height) < 64 and codec != "h264" else 1) <= len(rungs) <= 8
    assert len({rung.id for rung in rungs}) == len(rungs)
    for rung in rungs:
        assert rung.width % 2 == rung.height % 2 == 0
        assert rung.width <= width
        assert rung.height <= height
        assert (rung.width >= rung.height) or width < height
        assert 0 < rung.average_bps < rung.peak_bps
        if min(width, height) > 100 and max(width, height) < 4 * min(width, height):
            assert rung.width / rung.height == pytest.approx(width / height, rel=0.03)
    shorts = [min(r.width, r.height) for r in rungs]
    assert shorts == sorted(shorts, reverse=True)
    assert [r.peak_bps for r in rungs] == sorted((r.peak_bps for r in rungs), reverse=True)


@pytest.mark.parametrize(
    ("rate", "short", "expected"),
    [
        (FILM, 1080, FILM),
        (Fraction(60000, 1001), 1080, Fraction(60000, 1001)),
        (Fraction(60000, 1001), 480, Fraction(30000, 1001)),
        (Fraction(50), 360, Fraction(25)),
        (Fraction(48), 240, Fraction(24)),
        (Fraction(120), 1080, Fraction(60)),
        (Fraction(120), 480, Fraction(30)),
        (Fraction(144), 1080, Fraction(48)),
        (Fraction(31), 480, Fraction(30)),
        (Fraction(1, 2), 1080, Fraction(1)),
        (Fraction(2, 3), 1080, Fraction(4, 3)),
        (Fraction(1, 60), 1080, Fraction(1)),
    ],
)
def test_frame_rates(rate: Fraction, short: int, expected: Fraction) -> None:
    assert encoded_rate(rate, short) == expected


def test_a_variable_rate_is_cut_rather_than_halved() -> None:
    assert encoded_rate(Fraction(50), 480, is_variable=True) == 30


@given(st.fractions(Fraction(1, 100), 1000))
def test_each_rate_gives_each_segment_a_frame(rate: Fraction) -> None:
    for short in (480, 720):
        even = encoded_rate(rate, short)
        assert 1 <= even <= (30 if short == 480 else 60)
        assert VideoGrid((even.numerator, even.denominator), 900_000).count > 0


@given(
    st.integers(50_000, 80_000_000), st.sampled_from([FILM, Fraction(1), Fraction(25), Fraction(60000, 1001)])
)
def test_no_segment_exceeds_the_peak(peak_bps: int, rate: Fraction) -> None:
    limits = vbv(peak_bps, rate)
    plan = VideoGrid((rate.numerator, rate.denominator), 90_000 * 60)
    for k in range(plan.count - 1):
        frames = len(plan.frames(k))
        seconds = frames / rate
        bits = limits.maxrate_bps * seconds + limits.bufsize_bits + 16 * 8 * frames + 200 * 8
        assert bits <= peak_bps * seconds


def test_complexity_scales_within_bounds() -> None:
    plain, hard, absurd = (ladder(1280, 720, FILM, complexity=c)[0].average_bps for c in (1.0, 2.0, 1e9))
    assert hard == pytest.approx(2 * plain, rel=0.01)
    assert absurd == pytest.approx(4 * plain, rel=0.01)


@pytest.mark.parametrize(
    ("size", "rate", "expected"),
    [
        ((256, 144), 25, ("avc1.64000C", "hvc1.1.6.L60.90", "av01.0.00M.08")),
        ((854, 480), 30, ("avc1.64001F", "hvc1.1.6.L90.90", "av01.0.04M.08")),
        ((1280, 720), 30, ("avc1.64001F", "hvc1.1.6.L93.90", "av01.0.05M.08")),
        ((1280, 720), 60, ("avc1.640020", "hvc1.1.6.L120.90", "av01.0.08M.08")),
        ((1920, 1080), 24, ("avc1.640028", "hvc1.1.6.L120.90", "av01.0.08M.08")),
        ((1080, 1920), 24, ("avc1.640028", "hvc1.1.6.L120.90", "av01.0.08M.08")),
        ((1920, 1080), 60, ("avc1.64002A", "hvc1.1.6.L123.90", "av01.0.09M.08")),
        ((3840, 2160), 30, ("avc1.640033", "hvc1.1.6.L150.90", "av01.0.12M.08")),
    ],
)
def test_levels(size: tuple[int, int], rate: int, expected: tuple[str, str, str]) -> None:
    names = tuple(ladder(*size, Fraction(rate), codec=codec)[0].codecs for codec in VIDEO_CODECS)
    assert names == expected


def test_a_level_allows_its_bit_rate_too() -> None:
    slow, fast = Vbv(100_000, 100_000), Vbv(30_000_000, 30_000_000)
    assert codec_string("h264", 256, 144, Fraction(25), slow) == "avc1.64000C"
    assert codec_string("h264", 256, 144, Fraction(25), fast) == "avc1.64002A"
    assert codec_string("hevc", 256, 144, Fraction(25), fast) == "hvc1.1.6.L153.90"
    assert codec_string("av1", 256, 144, Fraction(25), fast) == "av01.0.12M.08"


def test_what_no_level_allows_gets_the_highest() -> None:
    names = [codec_string(codec, 40_000, 20_000, Fraction(60), Vbv(1, 1)) for codec in VIDEO_CODECS]
    assert names == ["avc1.64003E", "hvc1.1.6.L186.90", "av01.0.18M.08"]


def test_pictures_are_not_encoded_to_anything() -> None:
    with pytest.raises(ValueError, match="vp9"):
        codec_string("vp9", 2, 2, Fraction(25), Vbv(1, 1))


@pytest.mark.parametrize("codec", ["aac", "opus"])
def test_audio_rates_grow_with_channels(codec: str) -> None:
    pairs = [audio_rates(codec, channels) for channels in (1, 2, 6)]
    assert pairs == sorted(pairs)
    for channels, (peak, average) in zip((1, 2, 6), pairs, strict=True):
        assert audio_target_bps(codec, channels) < average < peak
        assert audio_target_bps(codec, channels) % 1000 == 0


def test_half_the_pixels_need_more_than_half_the_bits() -> None:
    whole, half = (ladder(width, 1080, Fraction(30))[0].average_bps for width in (1920, 1080))
    assert ceil(whole / 2) < half < whole
