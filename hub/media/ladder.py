"""The sizes, rates and bit rates that pictures and sound are offered in when they are encoded anew.

Up to eight rungs by the short side of the picture. Bit rates are what the encoders' constant-quality modes need for
typical pictures; `complexity` scales them to a film that needs more or less.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from hub.media.stream.types import SEGMENT_S, VideoRendition

SHORT_SIDES = (144, 240, 360, 480, 720, 1080, 1440, 2160)
VIDEO_CODECS = ("h264", "hevc", "av1")
"""What pictures can be encoded to, the most widely played first."""

_WELL_ABOVE = 1.1
"""A source this many times a rung gets a rung of its own size above it."""
_SMALL = 480
"""Rungs up to this are for thin lines: at most `_SMALL_FPS`."""
_SMALL_FPS = 30
_MOST_FPS = 60
_FEWEST_FPS = 1

# (pixels, bits a second) of typical pictures at 30 frames a second in H.264, along the rungs at 16:9.
_TYPICAL_BPS = (
    (256 * 144, 120_000),
    (426 * 240, 280_000),
    (640 * 360, 600_000),
    (854 * 480, 1_000_000),
    (1280 * 720, 2_300_000),
    (1920 * 1080, 4_600_000),
    (2560 * 1440, 8_500_000),
    (3840 * 2160, 17_000_000),
)
_CODEC_FACTOR = {"h264": 1.0, "hevc": 0.65, "av1": 0.55}
_SMALLEST_SIDE = {"h264": 2, "hevc": 16, "av1": 64}
"""What the encoders take: x265 refuses less, SVT-AV1 refuses it or never comes to an end."""
_RATE_EXPONENT = 0.6
"""Twice the frames need 1.5 times the bits: neighbours are more alike."""
_COMPLEXITY = (0.25, 4.0)
_PEAK_FACTOR = 2
_BUFFER_S = 1
"""Size of the encoder's rate buffer, in seconds at its highest rate."""
_FRAME_OVERHEAD_BITS = 16 * 8
_SEGMENT_OVERHEAD_BITS = 200 * 8
"""What fragmented MP4 adds: a `trun` entry a frame, boxes a segment (ISO/IEC 14496-12)."""


class Vbv(NamedTuple):
    """Limits of an encoder's rate control (H.264 Annex C): `maxrate_bps` into a buffer of `bufsize_bits`."""

    maxrate_bps: int
    bufsize_bits: int


def ladder(
    width: int,
    height: int,
    rate: Fraction,
    *,
    codec: str = "h264",
    complexity: float = 1.0,
    is_variable: bool = False,
) -> tuple[VideoRendition, ...]:
    """The rungs of a source that is `width` × `height` pixels on the screen, largest first.

    The size is the displayed one: turned upright, pixels square. No rung is larger than the source; one smaller
    than the lowest rung gets its own size. Rungs too small for the encoder are left out; H.264 takes any.
    `complexity` is 1 for typical pictures.
    """
    return tuple(
        _rung(width, height, short, encoded_rate(rate, short, is_variable=is_variable), codec, complexity)
        for short in _short_sides(min(width, height))
        if short >= _SMALLEST_SIDE[codec]
    )


def encoded_rate(rate: Fraction, short_side: int, *, is_variable: bool = False) -> Fraction:
    """The constant rate at which pictures of `rate` frames per second are encoded: at least 1, at most 60 or 30.

    A constant rate is divided or multiplied by a whole number, so that motion stays even; a variable one is cut.
    """
    if rate < _FEWEST_FPS:
        return rate * math.ceil(_FEWEST_FPS / rate) if rate > 0 else Fraction(_FEWEST_FPS)
    most = _SMALL_FPS if short_side <= _SMALL else _MOST_FPS
    if rate <= most:
        return rate
    even = rate / math.ceil(rate / most)
    return Fraction(most) if is_variable or even < Fraction(most, 2) * Fraction(3, 2) else even


def vbv(peak_bps: int, rate: Fraction) -> Vbv:
    """The rate control limits under which no segment of the grid has more than `peak_bps`.

    In t seconds an encoder may emit maxrate · t + bufsize; the shortest full segment lacks one frame of SEGMENT_S.
    """
    shortest_s = _shortest_s(rate)
    net_bps = peak_bps - _overhead_bps(rate)
    maxrate = net_bps / (1 + Fraction(_BUFFER_S) / shortest_s)
    return Vbv(max(int(maxrate), 1000), max(int(maxrate * _BUFFER_S), 1000))


def codec_string(codec: str, width: int, height: int, rate: Fraction, limits: Vbv) -> str:
    """RFC 6381 name of pictures encoded so: the lowest level that allows them, 8 bit, High (H.264) or Main profile.

    The encoder is to be told this level. ISO/IEC 14496-15 Annex E, AV1-ISOBMFF section 5.
    """
    if codec == "h264":
        return f"avc1.6400{h264_level(width, height, rate, limits):02X}"
    if codec == "hevc":
        return f"hvc1.1.6.L{hevc_level(width, height, rate, limits)}.90"
    if codec == "av1":
        return f"av01.0.{av1_level(width, height, rate, limits):02d}M.08"
    raise ValueError(f"pictures are not encoded to {codec}")


# level_idc, macroblocks a second, macroblocks a frame, kbit/s, kbit of buffer: H.264 table A-1.
_H264 = (
    (10, 1_485, 99, 64, 175),
    (11, 3_000, 396, 192, 500),
    (12, 6_000, 396, 384, 1_000),
    (13, 11_880, 396, 768, 2_000),
    (20, 11_880, 396, 2_000, 2_000),
    (21, 19_800, 792, 4_000, 4_000),
    (22, 20_250, 1_620, 4_000, 4_000),
    (30, 40_500, 1_620, 10_000, 10_000),
    (31, 108_000, 3_600, 14_000, 14_000),
    (32, 216_000, 5_120, 20_000, 20_000),
    (40, 245_760, 8_192, 20_000, 25_000),
    (42, 522_240, 8_704, 50_000, 62_500),
    (50, 589_824, 22_080, 135_000, 135_000),
    (51, 983_040, 36_864, 240_000, 240_000),
    (52, 2_073_600, 36_864, 240_000, 240_000),
    (60, 4_177_920, 139_264, 240_000, 240_000),
    (61, 8_355_840, 139_264, 480_000, 480_000),
    (62, 16_711_680, 139_264, 800_000, 800_000),
)
_H264_HIGH = 1250
"""Bits that a `kbit` of the table is in the High profile (cpbBrVclFactor)."""


def h264_level(width: int, height: int, rate: Fraction, limits: Vbv) -> int:
    """The lowest level_idc (40 is level 4) that allows this in the High profile; the highest there is if none does."""
    wide, high = math.ceil(width / 16), math.ceil(height / 16)
    for level, per_second, per_frame, kbps, kbit in _H264:
        if (
            wide * high <= per_frame
            and max(wide, high) ** 2 <= 8 * per_frame
            and wide * high * rate <= per_second
            and limits.maxrate_bps <= kbps * _H264_HIGH
            and limits.bufsize_bits <= kbit * _H264_HIGH
        ):
            return level
    return _H264[-1][0]


# 30 × level, luma samples a picture, luma samples a second, kbit/s (Main tier): H.265 tables A.8 and A.9.
_HEVC = (
    (30, 36_864, 552_960, 128),
    (60, 122_880, 3_686_400, 1_500),
    (63, 245_760, 7_372_800, 3_000),
    (90, 552_960, 16_588_800, 6_000),
    (93, 983_040, 33_177_600, 10_000),
    (120, 2_228_224, 66_846_720, 12_000),
    (123, 2_228_224, 133_693_440, 20_000),
    (150, 8_912_896, 267_386_880, 25_000),
    (153, 8_912_896, 534_773_760, 40_000),
    (156, 8_912_896, 1_069_547_520, 60_000),
    (180, 35_651_584, 1_069_547_520, 60_000),
    (183, 35_651_584, 2_139_095_040, 120_000),
    (186, 35_651_584, 4_278_190_080, 240_000),
)


def hevc_level(width: int, height: int, rate: Fraction, limits: Vbv) -> int:
    """The lowest general_level_idc (120 is level 4) that allows this in the Main tier."""
    for level, per_picture, per_second, kbps in _HEVC:
        if (
            width * height <= per_picture
            and max(width, height) ** 2 <= 8 * per_picture
            and width * height * rate <= per_second
            and max(limits) <= kbps * 1000
        ):
            return level
    return _HEVC[-1][0]


# seq_level_idx, samples a picture, width, height, samples shown a second, kbit/s (Main tier): AV1 Annex A.3.
_AV1 = (
    (0, 147_456, 2_048, 1_152, 4_423_680, 1_500),
    (1, 278_784, 2_816, 1_584, 8_363_520, 3_000),
    (4, 665_856, 4_352, 2_448, 19_975_680, 6_000),
    (5, 1_065_024, 5_504, 3_096, 31_950_720, 10_000),
    (8, 2_359_296, 6_144, 3_456, 70_778_880, 12_000),
    (9, 2_359_296, 6_144, 3_456, 141_557_760, 20_000),
    (12, 8_912_896, 8_192, 4_352, 267_386_880, 30_000),
    (13, 8_912_896, 8_192, 4_352, 534_773_760, 40_000),
    (14, 8_912_896, 8_192, 4_352, 1_069_547_520, 60_000),
    (16, 35_651_584, 16_384, 8_704, 1_069_547_520, 60_000),
    (17, 35_651_584, 16_384, 8_704, 2_139_095_040, 100_000),
    (18, 35_651_584, 16_384, 8_704, 4_278_190_080, 160_000),
)


def av1_level(width: int, height: int, rate: Fraction, limits: Vbv) -> int:
    """The lowest seq_level_idx (8 is level 4.0) that allows this in the Main tier."""
    for level, per_picture, widest, highest, per_second, kbps in _AV1:
        if (
            width * height <= per_picture
            and width <= widest
            and height <= highest
            and width * height * rate <= per_second
            and limits.maxrate_bps <= kbps * 1000
        ):
            return level
    return _AV1[-1][0]


def audio_rates(codec: str, channels: int) -> tuple[int, int]:
    """(peak, average) bits a second of encoded audio, with what fragmented MP4 adds."""
    coded = {"aac": {1: 96_000, 2: 160_000}, "opus": {1: 80_000, 2: 128_000}}[codec].get(
        channels, 64_000 * channels
    )
    average = coded + 4_000
    # AAC's bit reservoir and Opus' variable rate let loud passages borrow from quiet ones.
    return average * 3 // 2, average


def audio_target_bps(codec: str, channels: int) -> int:
    """The bit rate the encoder is told for these `audio_rates`."""
    return audio_rates(codec, channels)[1] - 4_000


def _short_sides(source: int) -> list[int]:
    own = max(source // 2 * 2, 2)
    below = [side for side in SHORT_SIDES if side <= own]
    if not below or (own >= below[-1] * _WELL_ABOVE and own < SHORT_SIDES[-1]):
        below.append(own)
    return below[::-1][: len(SHORT_SIDES)]


def _rung(
    width: int, height: int, short: int, rate: Fraction, codec: str, complexity: float
) -> VideoRendition:
    scale = Fraction(short, min(width, height))
    long = max(round(max(width, height) * scale / 2) * 2, 2)
    if long > max(width, height):
        long = max(max(width, height) // 2 * 2, 2)
    wide, high = (long, short) if width >= height else (short, long)
    low, most = _COMPLEXITY
    typical = _typical_bps(wide * high) * float(rate / 30) ** _RATE_EXPONENT * _CODEC_FACTOR[codec]
    average = int(typical * min(max(complexity, low), most) + _overhead_bps(rate))
    peak = average * _PEAK_FACTOR
    return VideoRendition(
        id=f"v{short}-{codec}",
        codec=codec,
        is_copy=False,
        width=wide,
        height=high,
        frame_rate=(rate.numerator, rate.denominator),
        codecs=codec_string(codec, wide, high, rate, vbv(peak, rate)),
        peak_bps=peak,
        average_bps=average,
    )


def _typical_bps(pixels: int) -> float:
    """Between two rungs, and beyond them, along a straight line of the logarithms."""
    for (small, low), (large, high) in pairwise(_TYPICAL_BPS):
        if pixels <= large or large == _TYPICAL_BPS[-1][0]:
            exponent = math.log(high / low) / math.log(large / small)
            return float(low * (pixels / small) ** exponent)
    raise AssertionError("the last pair takes everything")


def _overhead_bps(rate: Fraction) -> int:
    return math.ceil(_FRAME_OVERHEAD_BITS * rate + _SEGMENT_OVERHEAD_BITS / _shortest_s(rate))


def _shortest_s(rate: Fraction) -> Fraction:
    return max(SEGMENT_S - 1 / rate, 1 / rate)
