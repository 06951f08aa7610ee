"""How hard a film is to encode, from a few short pieces of it. Runs in a worker."""

from __future__ import annotations

import time
from bisect import bisect_right
from fractions import Fraction
from itertools import islice

from hub.media.errors import BrokenMedia, NoPicture
from hub.media.operations import ComplexityJob, Report
from hub.media.source import media_errors
from hub.media.stream.decoding import pictures
from hub.media.stream.encoders import VideoEncoder
from hub.media.stream.pictures import Converter, deinterlaced
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import CLOCK_HZ, SEGMENT_S, Timeline, VideoRendition

LEAST, MOST = 0.4, 2.5
_PLACES = (0.5, 0.2, 0.8, 0.35)
_PICTURES = 12
_BUDGET_S = 0.9
_SHORT_SIDE = 360
_TYPICAL_BITS_PER_PIXEL = 0.1
"""Of films and series at the quality of renditions, 360 lines and 25 pictures a second: some 600 kbit/s."""
_NO_LIMIT_BPS = 60_000_000


def run(job: ComplexityJob, report: Report) -> float:
    """The worker's operation `complexity`: see `complexity`."""
    with media_errors():
        return complexity(job.path, read_timeline(job.path), (job.width, job.height))


def complexity(path: bytes, timeline: Timeline, size: tuple[int, int]) -> float:
    """How many bits the file needs for the same quality, 1.0 for a typical film; between `LEAST` and `MOST`.

    Pieces are encoded until about a second has passed. 1.0 when nothing can be decoded: that is for others to find out.
    `size` is that on the screen. Raises what opening a file raises.
    """
    if timeline.video is None:
        return 1.0
    deadline = time.monotonic() + _BUDGET_S
    measured: list[float] = []
    for place in _PLACES:
        try:
            bits = _bits_per_pixel(path, timeline, _place(timeline, place), size)
        except (NoPicture, BrokenMedia):
            bits = None
        if bits is not None:
            measured.append(bits)
        if time.monotonic() > deadline:
            break
    if not measured:
        return 1.0
    return round(min(max(sum(measured) / len(measured) / _TYPICAL_BITS_PER_PIXEL, LEAST), MOST), 2)


def _place(timeline: Timeline, share: float) -> Fraction:
    """A key frame near that share of the film, so that nothing is decoded in vain."""
    assert timeline.video is not None
    ticks = round(timeline.video.end_ticks * share)
    at = bisect_right(timeline.video.keys, ticks)
    return Fraction(timeline.video.keys[at - 1] if at else ticks, CLOCK_HZ)


def _bits_per_pixel(path: bytes, timeline: Timeline, start: Fraction, size: tuple[int, int]) -> float | None:
    """Of a segment that begins at `start`, guessed from its first pictures; None when there are too few."""
    assert timeline.video is not None
    rendition = _rendition(size, timeline.video.frame_rate)
    converter, encoder = Converter(rendition.width, rendition.height), VideoEncoder(rendition, 0)
    slack = Fraction(1, 2) / timeline.video.rate
    found = (
        p for p in deinterlaced(pictures(path, timeline, start, slack, lambda: None)) if p.at >= start - slack
    )
    packets = []
    for number, picture in enumerate(islice(found, _PICTURES)):
        packets += encoder.encode(converter.convert(picture.frame), number, is_key=number == 0)
    packets += encoder.finish()
    if len(packets) < 2:
        return None
    first, others = packets[0].size, sum(packet.size for packet in packets[1:]) / (len(packets) - 1)
    count = max(round(timeline.video.rate * SEGMENT_S), 1)
    return 8 * (first + others * (count - 1)) / count / (rendition.width * rendition.height)


def _rendition(size: tuple[int, int], frame_rate: tuple[int, int]) -> VideoRendition:
    """Small, in the shape of the film, at the quality of renditions and without their limits."""
    scale = min(1.0, _SHORT_SIDE / min(size))
    width, height = (max(16, round(side * scale / 2) * 2) for side in size)
    return VideoRendition(
        id="complexity",
        codec="h264",
        is_copy=False,
        width=width,
        height=height,
        frame_rate=frame_rate,
        codecs="",
        peak_bps=_NO_LIMIT_BPS,
        average_bps=_NO_LIMIT_BPS,
    )
