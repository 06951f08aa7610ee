"""Frame rates and access units: what the times and the first bytes of coded pictures tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import median

from hub.media.stream.types import CLOCK_HZ, VideoTimeline

FALLBACK_RATE = Fraction(25)
MAX_VARIABLE_RATE = Fraction(60)
_MIN_VARIABLE_RATE = Fraction(10)  # a slide show: fine enough that a picture changes when it should
_MIN_RATE, _MAX_RATE = Fraction(1), Fraction(240)
_COMMON = tuple(
    Fraction(n, d) for n, d in ((24000, 1001), (30000, 1001), (60000, 1001), (120000, 1001))
) + tuple(Fraction(n) for n in (10, 12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120))
_SAME = Fraction(1, 2000)  # relative; 24 and 24000/1001 are 1/1000 apart
_COARSE = Fraction(1, 2000)
_JITTER_TICKS = 110  # containers round to milliseconds
_VARIABLE_SHARE = 0.02  # a dropped picture here and there does not make a rate variable


def frame_rate(
    gaps: Sequence[int], guessed: Fraction | None, measured: Fraction | None
) -> tuple[Fraction, bool]:
    """(frames per second at which to re-encode, whether the source's rate varies).

    `gaps` are ticks from one picture to the next, of a good sample; `guessed` is what the container
    says; `measured` is pictures by time over the whole film, when they were counted.
    """
    gaps = sorted(gaps)
    guess = guessed if guessed and _MIN_RATE <= guessed <= _MAX_RATE else None
    if len(gaps) < 2:
        return _snapped(guess or FALLBACK_RATE), False
    middle = median(gaps)
    odd = sum(abs(gap - middle) > middle / 4 + _JITTER_TICKS for gap in gaps)
    if odd > _VARIABLE_SHARE * len(gaps) or CLOCK_HZ / middle < _MIN_RATE:
        usual = Fraction(CLOCK_HZ, gaps[len(gaps) // 4])
        return min(max(_snapped(usual), _MIN_VARIABLE_RATE), MAX_VARIABLE_RATE), True
    # The middle half of the gaps: a dropped picture must not slow the film down.
    inner = [gap for gap in gaps if abs(gap - middle) <= middle / 4 + _JITTER_TICKS]
    rate = Fraction(len(inner) * CLOCK_HZ, sum(inner))
    same = max(_SAME, Fraction(_JITTER_TICKS, sum(inner)))
    # Both may be off by far: the container by what it was told, the count by what was dropped.
    rate = next((r for r in (guess, measured) if r and abs(r - rate) <= rate * same), rate)
    return min(_snapped(rate, same), _MAX_RATE), False


def _snapped(rate: Fraction, same: Fraction = _SAME) -> Fraction:
    nearest = min(_COMMON, key=lambda common: abs(common - rate))
    return nearest if abs(nearest - rate) <= nearest * same else rate.limit_denominator(1001)


def is_idr(access_unit: bytes, length_bytes: int | None) -> bool:
    """True when the first slice of an H.264 access unit is of an IDR picture (ITU-T H.264 §7.4.1.2.4).

    `length_bytes` is the size of the length in front of each NAL unit; None: start codes (Annex B).
    """
    at = 0
    while True:
        if length_bytes is None:
            at = access_unit.find(b"\0\0\1", at) + 3
            if at < 3 or at >= len(access_unit):
                return False
            kind, following = access_unit[at] & 0x1F, at
        else:
            if at + length_bytes >= len(access_unit):
                return False
            size = int.from_bytes(access_unit[at : at + length_bytes], "big")
            kind, following = access_unit[at + length_bytes] & 0x1F, at + length_bytes + size
        if 1 <= kind <= 5:
            return kind == 5
        at = following


def nal_length_bytes(extradata: bytes | None) -> int | None:
    """Size of the length fields according to avcC (ISO/IEC 14496-15 §5.3.3.1); None: the stream has start codes."""
    if extradata is None or len(extradata) < 5 or extradata[0] != 1:
        return None
    return (extradata[4] & 3) + 1


class Smoother:
    """Gives pictures of a constant rate their exact times, where a container rounds them to milliseconds."""

    def __init__(self, rate: Fraction | None, first: int) -> None:
        self._rate, self._first = rate, first
        self._per_s, self._length = (1, 1) if rate is None else (rate.numerator, rate.denominator * CLOCK_HZ)

    @classmethod
    def of(cls, time_base: Fraction | None, video: VideoTimeline) -> Smoother:
        """For pictures of this time line; one that leaves times alone when they are exact, or the rate varies."""
        is_exact = video.is_variable or not video.keys or time_base is None or time_base < _COARSE
        return cls(None if is_exact else video.rate, video.keys[0] if video.keys else 0)

    def __call__(self, ticks: int) -> int:
        """The exact time of the picture that is stamped `ticks`; the same when it lies between two."""
        if self._rate is None:
            return ticks
        # Every picture of a film comes through here: in whole numbers, as fractions take six times as long.
        number = _rounded((ticks - self._first) * self._per_s, self._length)
        exact = self._first + _rounded(number * self._length, self._per_s)
        return exact if abs(exact - ticks) <= _JITTER_TICKS else ticks


def _rounded(dividend: int, divisor: int) -> int:
    """`round` of the fraction: to the nearest, halves to the even one."""
    quotient, rest = divmod(dividend, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2))
