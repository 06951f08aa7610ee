"""Measuring tones: the phase and level of a sine in decoded sound."""

from __future__ import annotations

import array
import io
import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av

HZ = 48_000


def decoded(data: bytes, layout: str = "mono", start_us: int = 0) -> tuple[int, array.array[float]]:
    """(media time of the first sample, interleaved samples) at 48 kHz; the frames must follow without a gap."""
    sound = array.array("f")
    first: int | None = None
    after = None
    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler("flt", layout, HZ)
        width = 4 * av.AudioLayout(layout).nb_channels
        frames: Any = container.decode(audio=0)
        for frame in frames:
            at = Fraction(frame.pts * frame.time_base) - Fraction(start_us, 1_000_000)
            if first is None:
                first = round(at * HZ)
            elif after is not None:
                assert abs(at - after) < Fraction(1, 500), f"a gap or overlap at {float(at)} s"
            after = at + Fraction(frame.samples, frame.sample_rate)
            frame.pts = None
            for out in resampler.resample(frame):
                sound.frombytes(bytes(out.planes[0])[: out.samples * width])
        for out in resampler.resample(None):
            sound.frombytes(bytes(out.planes[0])[: out.samples * width])
    assert first is not None
    return first, sound


def tone(
    sound: array.array[float], first: int, at: int, frequency: int, samples: int = 4800
) -> tuple[float, float]:
    """(phase in radians relative to media time 0, amplitude) of the tone in `samples` from media time `at` on."""
    sine = cosine = 0.0
    for n in range(at, at + samples):
        angle = 2 * math.pi * frequency * n / HZ
        sine += sound[n - first] * math.sin(angle)
        cosine += sound[n - first] * math.cos(angle)
    return math.atan2(cosine, sine), 2 * math.hypot(sine, cosine) / samples


def apart_s(phase: float, other: float, frequency: int) -> float:
    """How far two phases of a tone are apart, in seconds; the smallest of all possible answers."""
    return ((phase - other + math.pi) % (2 * math.pi) - math.pi) / (2 * math.pi * frequency)


def steepest(sound: array.array[float]) -> float:
    """The largest step from one sample to the next: a click is steeper than the tone."""
    return max(abs(b - a) for a, b in pairwise(sound))
