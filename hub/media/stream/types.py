"""What a file is on its own time line, and what can be made of it: the words that all of streaming shares.

Times are media time: zero where the container starts. *Ticks* are 1/90,000 s. Tracks carry media time plus `EPOCH_S`,
so that nothing is ever negative and no edit list is needed (docs/adr/0060-streaming.md).
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

CLOCK_HZ = 90_000
"""Ticks a second: the time scale of every video track."""
EPOCH_S = 1
"""Where media time 0 lies on the tracks, in seconds."""
SEGMENT_S = 2
"""Length of the grid's segments; a copy's are at least as long."""
RECIPE = 1
"""Raised whenever segments come out otherwise than before, so that none of both kinds are mixed."""


class VideoTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """The pictures of a file in time."""

    index: int
    """Of the stream in the container."""
    frame_rate: tuple[int, int]
    """(numerator, denominator) of the rate at which it is re-encoded; for a variable one the nominal, at most 60."""
    is_variable: bool
    end_ticks: int
    """End of the last picture."""
    keys: tuple[int, ...] = ()
    """Display times of the key frames in ticks, ascending; empty when it cannot be copied."""
    key_bytes: tuple[int, ...] = ()
    """Bytes from each key frame to the next; as long as `keys`, or empty when unknown."""
    codecs: str | None = None
    """RFC 6381 name of the stream as it is; None when it cannot be carried in fragmented MP4."""
    copy_problem: str | None = None
    """Why it cannot be copied, in words."""

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(*self.frame_rate)


class AudioTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """One audio stream in time."""

    index: int
    sample_rate_hz: int
    channels: int
    start_samples: int
    """Where its first frame begins, in samples of media time; may be slightly negative (priming)."""
    end_samples: int
    frame_samples: int | None = None
    """Samples of a coded frame; None when it cannot be copied."""
    average_bps: int | None = None
    codecs: str | None = None
    copy_problem: str | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A file in time, as it really is."""

    start_us: int
    """Source time, in microseconds, of media time 0."""
    duration_s: float
    """Of the longest stream."""
    video: VideoTimeline | None
    audio: tuple[AudioTimeline, ...]


class VideoRendition(msgspec.Struct, frozen=True, kw_only=True, tag="video"):
    """Pictures as a client is offered them."""

    id: str
    codec: str
    """h264, hevc, av1, or the source's codec when copied."""
    is_copy: bool
    width: int
    height: int
    """Size on the screen; even where encoded."""
    frame_rate: tuple[int, int]
    codecs: str
    peak_bps: int
    """No segment has more bits than this times its duration."""
    average_bps: int
    burn: int | None = None
    """Index of the subtitle stream that is drawn into the picture."""


class AudioRendition(msgspec.Struct, frozen=True, kw_only=True, tag="audio"):
    """One audio stream as a client is offered it."""

    id: str
    index: int
    codec: str
    is_copy: bool
    channels: int
    sample_rate_hz: int
    codecs: str
    peak_bps: int
    average_bps: int
    language: str | None
    name: str
    is_default: bool


class TextRendition(msgspec.Struct, frozen=True, kw_only=True):
    """A text track as WebVTT."""

    id: str
    language: str
    name: str
    is_default: bool = False
    is_forced: bool = False
    is_for_hearing_impaired: bool = False


Rendition = VideoRendition | AudioRendition


class TimelineJob(msgspec.Struct, frozen=True):
    """Read the time line of the file at `path`."""

    path: bytes


class SegmentsJob(msgspec.Struct, frozen=True, kw_only=True):
    """Make segments `first` up to, not including, `stop` of one copied or audio rendition, statelessly.

    Each is written into `folder` as `<k>.m4s` by renaming, `init.mp4` too unless it is there.
    """

    path: bytes
    timeline: Timeline
    rendition: VideoRendition | AudioRendition
    folder: bytes
    first: int
    stop: int


class EncodeOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of an encode session: the rendition and where its segments go."""

    rendition: VideoRendition
    folder: bytes


class EncodeJob(msgspec.Struct, frozen=True, kw_only=True):
    """An encode session: pictures of the file from segment `first` up to `stop`, into one or several renditions.

    It pauses when segment `granted` is reached until more is granted, and reports each finished segment.
    """

    path: bytes
    timeline: Timeline
    outputs: tuple[EncodeOutput, ...]
    first: int
    stop: int
    granted: int
    threads: int = 0
    """For each encoder; 0: as many as suit the machine."""


class Made(msgspec.Struct, frozen=True):
    """Segments up to, not including, `next` exist now."""

    next: int


class HardwareEncoder(msgspec.Struct, frozen=True, kw_only=True):
    """A hardware encoder that was tried."""

    name: str
    """FFmpeg's: h264_nvenc, h264_qsv, h264_amf, h264_vaapi, h264_videotoolbox."""
    problem: str | None = None
    """Why it cannot be used on this machine, one sentence; None when it works."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine can encode."""

    pixels_per_s: float
    """libx264 with the settings of renditions, on all cores: 1280 × 720 × 25 is one 720p film in real time."""
    hardware: tuple[HardwareEncoder, ...]
