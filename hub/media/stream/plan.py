"""Where the segments of a rendition begin and end: arithmetic alone, the same in the hub and in every worker.

Positions are integers on the rendition's own track: media time plus `EPOCH_S`, in units of 1 / `clock_hz` seconds.
A plan has no gap and no empty segment; segment k ends where k + 1 begins (docs/adr/0060-streaming.md). A playlist asks
for thousands of positions, so they are reckoned in integers: fractions take ten times as long.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from math import ceil

import msgspec

from hub.media.stream.types import (
    CLOCK_HZ,
    EPOCH_S,
    SEGMENT_S,
    AudioRendition,
    AudioTimeline,
    Rendition,
    Timeline,
    VideoRendition,
    VideoTimeline,
)

ENCODED_SAMPLE_RATE_HZ = 48_000
ENCODED_FRAME_SAMPLES = {"aac": 1024, "opus": 960}
"""Samples of a frame as the encoders make them: AAC-LC (ISO/IEC 14496-3), Opus of 20 ms (RFC 6716)."""
SLACK_PER_S = 500
"""Containers round to milliseconds: stamps that differ by less than 1 / SLACK_PER_S seconds are the same."""


class SegmentPlan(msgspec.Struct, frozen=True):
    """What all plans can tell. `k` is out of `range(count)`: IndexError."""

    @property
    def clock_hz(self) -> int:
        """Units a second of the track's time scale."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """Number of segments, at least one."""
        raise NotImplementedError

    def start(self, k: int) -> int:
        """Where segment `k` begins on the track."""
        raise NotImplementedError

    def end(self, k: int) -> int:
        """Where segment `k` ends on the track, exclusive: the start of the next one, or the end of the track."""
        raise NotImplementedError

    def duration(self, k: int) -> int:
        """Length of segment `k`, in units of the track's time scale."""
        return self.end(k) - self.start(k)

    def start_s(self, k: int) -> Fraction:
        """Media time at which segment `k` begins, in seconds."""
        return Fraction(self.start(k), self.clock_hz) - EPOCH_S

    def end_s(self, k: int) -> Fraction:
        """Media time at which segment `k` ends, in seconds."""
        return Fraction(self.end(k), self.clock_hz) - EPOCH_S

    def at(self, time_s: float | Fraction) -> int:
        """The segment that holds media time `time_s`; the nearest one when the time lies outside the track."""
        low, high = 0, self.count
        while high - low > 1:
            middle = (low + high) // 2
            if self.start_s(middle) <= time_s:
                low = middle
            else:
                high = middle
        return low

    def _known(self, k: int) -> int:
        if not 0 <= k < self.count:
            raise IndexError(f"segment {k} of {self.count}")
        return k


class _FrameGrid(SegmentPlan, frozen=True):
    """Frames at a constant rate: segment k holds those that begin in [k, k + 1) × SEGMENT_S of media time."""

    @property
    def frame_count(self) -> int:
        """Frames of the whole track."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        return max(self._segment_of(self.frame_count - 1), 0) + 1

    def frames(self, k: int) -> range:
        """The frames of segment `k`, numbered from the beginning of the track."""
        self._known(k)
        stop = self.frame_count if k + 1 == self.count else self._first(k + 1)
        return range(self._first(k), stop)

    def position(self, frame: int) -> int:
        """Where frame `frame` begins on the track; for `frame_count` the end of the track."""
        raise NotImplementedError

    def start(self, k: int) -> int:
        return self.position(self.frames(k).start)

    def end(self, k: int) -> int:
        return self.position(self.frames(k).stop)

    def _first(self, k: int) -> int:
        """The first frame that does not begin before k × SEGMENT_S; whatever is earlier belongs to segment 0."""
        raise NotImplementedError

    def _segment_of(self, frame: int) -> int:
        """The segment in which frame `frame` begins; negative before media time 0."""
        raise NotImplementedError


class VideoGrid(_FrameGrid, frozen=True):
    """Pictures encoded anew: frame n is shown at n / rate."""

    frame_rate: tuple[int, int]
    """(numerator, denominator) of frames per second; at least one frame a segment."""
    end_ticks: int
    """Media time at which the source's last picture ends."""

    def __post_init__(self) -> None:
        if self.rate * SEGMENT_S < 1:
            raise ValueError(f"{self.rate} frames a second leave segments of {SEGMENT_S} s empty")

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(*self.frame_rate)

    @property
    def clock_hz(self) -> int:
        return CLOCK_HZ

    @property
    def frame_count(self) -> int:
        # To the nearest: the end of 24000/1001 frames a second is itself rounded to a tick.
        frames, second = self.frame_rate
        return max(1, _nearest(self.end_ticks * frames, second * CLOCK_HZ))

    def position(self, frame: int) -> int:
        frames, second = self.frame_rate
        return _nearest(frame * CLOCK_HZ * second, frames) + EPOCH_S * CLOCK_HZ

    def _first(self, k: int) -> int:
        frames, second = self.frame_rate
        return -(-k * SEGMENT_S * frames // second)

    def _segment_of(self, frame: int) -> int:
        frames, second = self.frame_rate
        return frame * second // (frames * SEGMENT_S)


class AudioGrid(_FrameGrid, frozen=True):
    """Audio frames of equal length, encoded or copied, from media time `start_samples` up to `end_samples`.

    The last frame is whole, so the track may end up to one frame after `end_samples`.
    """

    sample_rate_hz: int
    frame_samples: int
    start_samples: int
    end_samples: int

    def __post_init__(self) -> None:
        if not 0 < self.frame_samples <= self.sample_rate_hz * SEGMENT_S:
            raise ValueError(f"{self.frame_samples} samples a frame leave segments of {SEGMENT_S} s empty")
        if not -EPOCH_S * self.sample_rate_hz <= self.start_samples < SEGMENT_S * self.sample_rate_hz:
            raise ValueError(f"a track that begins at sample {self.start_samples} has no segment 0")

    @property
    def clock_hz(self) -> int:
        return self.sample_rate_hz

    @property
    def frame_count(self) -> int:
        slack = self.sample_rate_hz // SLACK_PER_S
        return max(1, -((self.start_samples - self.end_samples + slack) // self.frame_samples))

    def position(self, frame: int) -> int:
        return self.start_samples + frame * self.frame_samples + EPOCH_S * self.sample_rate_hz

    def _first(self, k: int) -> int:
        if k == 0:
            return 0
        return -((self.start_samples - k * SEGMENT_S * self.sample_rate_hz) // self.frame_samples)

    def _segment_of(self, frame: int) -> int:
        return (self.start_samples + frame * self.frame_samples) // (self.sample_rate_hz * SEGMENT_S)


class CopyPlan(SegmentPlan, frozen=True):
    """Pictures as they are, cut at key frames of the source."""

    borders: tuple[int, ...]
    """Media times in ticks: where each segment begins, and last the end of the track. At least two, ascending."""
    sizes_bytes: tuple[int, ...] = ()
    """Of each segment's pictures; empty when unknown."""

    def __post_init__(self) -> None:
        if len(self.borders) < 2 or any(start >= end for start, end in pairwise(self.borders)):
            raise ValueError("the borders of a copy are ascending and at least two")
        if self.sizes_bytes and len(self.sizes_bytes) != self.count:
            raise ValueError(f"{len(self.sizes_bytes)} sizes for {self.count} segments")

    @property
    def clock_hz(self) -> int:
        return CLOCK_HZ

    @property
    def count(self) -> int:
        return len(self.borders) - 1

    @property
    def longest_s(self) -> float:
        """Duration of the longest segment."""
        return max(end - start for start, end in pairwise(self.borders)) / CLOCK_HZ

    def start(self, k: int) -> int:
        return self.borders[self._known(k)] + EPOCH_S * CLOCK_HZ

    def end(self, k: int) -> int:
        return self.borders[self._known(k) + 1] + EPOCH_S * CLOCK_HZ


def copy_plan(video: VideoTimeline) -> CopyPlan:
    """The plan of `video` copied: key frames are taken together until a segment lasts SEGMENT_S.

    Raises ValueError when there is no key frame before the end.
    """
    keys = [key for key in video.keys if key < video.end_ticks]
    shortest = SEGMENT_S * CLOCK_HZ - CLOCK_HZ // SLACK_PER_S
    borders = keys[:1]
    for key in keys[1:]:
        if key - borders[-1] >= shortest:
            borders.append(key)
    sizes: tuple[int, ...] = ()
    if video.key_bytes and borders:
        totals = [0] * len(borders)
        for key, size in zip(video.keys, video.key_bytes, strict=True):
            totals[max(bisect_right(borders, key) - 1, 0)] += size
        sizes = tuple(totals)
    return CopyPlan((*borders, video.end_ticks), sizes)


def plan_of(timeline: Timeline, rendition: Rendition) -> SegmentPlan:
    """The plan of one rendition of the file. ValueError when the file has no such stream or cannot be cut so."""
    if isinstance(rendition, VideoRendition):
        return video_plan(timeline, rendition)
    return audio_plan(timeline, rendition)


def video_plan(timeline: Timeline, rendition: VideoRendition) -> VideoGrid | CopyPlan:
    """The plan of a video rendition; see `plan_of`."""
    if timeline.video is None:
        raise ValueError(f"{rendition.id}: the file has no pictures")
    if rendition.is_copy:
        return copy_plan(timeline.video)
    return VideoGrid(rendition.frame_rate, timeline.video.end_ticks)


def audio_plan(timeline: Timeline, rendition: AudioRendition) -> AudioGrid:
    """The plan of an audio rendition; see `plan_of`.

    Encoded audio begins at media time 0 and lasts as long as the longer of pictures and stream, silent where
    the stream is not.
    """
    stream = audio_stream(timeline, rendition.index)
    if rendition.is_copy:
        if stream.frame_samples is None:
            raise ValueError(f"{rendition.id}: {stream.copy_problem or 'the stream cannot be copied'}")
        return AudioGrid(
            stream.sample_rate_hz, stream.frame_samples, stream.start_samples, stream.end_samples
        )
    end_s = Fraction(stream.end_samples, stream.sample_rate_hz)
    if timeline.video is not None:
        end_s = max(end_s, Fraction(timeline.video.end_ticks, CLOCK_HZ))
    return AudioGrid(
        ENCODED_SAMPLE_RATE_HZ,
        ENCODED_FRAME_SAMPLES[rendition.codec],
        0,
        ceil(end_s * ENCODED_SAMPLE_RATE_HZ),
    )


def audio_stream(timeline: Timeline, index: int) -> AudioTimeline:
    """The audio stream with that index in the container; ValueError when there is none."""
    for stream in timeline.audio:
        if stream.index == index:
            return stream
    raise ValueError(f"stream {index} is no audio stream of the file")


def _nearest(dividend: int, divisor: int) -> int:
    """The integer nearest to their quotient, halves upward: unlike `round`, the same whether it is odd or even."""
    return (2 * dividend + divisor) // (2 * divisor)
