"""What is known about a media file once it has been looked at.

Frozen `msgspec.Struct`s: they cross the pipe to the worker as msgpack and are stored as JSON. Only fields may be added:
stored probes are read back by newer programs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

StreamKind = Literal["video", "audio", "subtitle", "attachment", "data"]

TEXT_CODECS = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text", "srt"})
"""Codecs of text tracks; other subtitles are pictures."""

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
"""Transfer characteristics of high dynamic range: PQ and HLG (ITU-R BT.2100)."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of a container; fields that make no sense for its kind, or are unknown, are None.

    A cover picture is an `attachment`, though FFmpeg calls it a video stream.
    """

    index: int
    kind: StreamKind
    codec: str
    """FFmpeg's codec name (h264, hevc, vp9, av1, aac, opus, mp3, ac3, flac, subrip …); `unknown` without a decoder."""
    codec_tag: str | None = None
    """The container's four letters for the codec (avc1, hvc1, hev1): players differ in which they accept."""
    profile: str | None = None
    level: int | None = None
    """The codec's own scale: 41 is H.264 level 4.1, 120 is HEVC level 4, 0 is AV1 level 2.0."""
    language: str | None = None
    """As the file says it, lower case: ISO 639-2 (`eng`) or BCP 47 (`en-us`)."""
    title: str | None = None
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False
    bitrate_bps: int | None = None

    width: int | None = None
    """Coded size in pixels, before rotation and sample aspect ratio."""
    height: int | None = None
    rotation: int | None = None
    """Degrees clockwise the picture must be turned for display: 0, 90, 180 or 270."""
    sample_aspect_ratio: str | None = None
    """Width to height of one sample, `4:3`; None means square."""
    frame_rate: float | None = None
    """Frames per second."""
    pixel_format: str | None = None
    bit_depth: int | None = None
    interlaced: bool = False
    color_transfer: str | None = None
    """FFmpeg's name of the transfer characteristic: bt709, smpte2084 (PQ), arib-std-b67 (HLG) …"""

    channels: int | None = None
    sample_rate_hz: int | None = None

    @property
    def is_hdr(self) -> bool:
        """True for PQ and HLG pictures, which look grey on a display that is not told."""
        return self.color_transfer in HDR_TRANSFERS


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A named stretch of a video."""

    start_s: float
    end_s: float
    title: str


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A media file as it describes itself."""

    container: str
    """Short name: mp4, m4a, mov, 3gp, mkv, webm, avi, mpegts, mpegps, flv, asf, ogg, mp3, flac, wav, aac …"""
    duration_s: float | None
    bitrate_bps: int | None
    width: int | None
    """Size on the screen: rotation and sample aspect ratio are applied. None without pictures."""
    height: int | None
    streams: tuple[Stream, ...]
    chapters: tuple[Chapter, ...]
    tags: dict[str, str]
    """The container's metadata with lower-case keys (title, artist, comment, date …)."""
    has_cover_art: bool
    truncated: bool = False
    """The container announces more bytes than the file has: what is there plays, the end is missing."""

    @property
    def video(self) -> Stream | None:
        """The video stream a player shows."""
        return self._best("video")

    @property
    def audio(self) -> Stream | None:
        """The audio stream a player starts with."""
        return self._best("audio")

    @property
    def video_codec(self) -> str | None:
        """Codec of `video`."""
        return self.video.codec if self.video else None

    @property
    def audio_codec(self) -> str | None:
        """Codec of `audio`."""
        return self.audio.codec if self.audio else None

    def _best(self, kind: StreamKind) -> Stream | None:
        candidates = [s for s in self.streams if s.kind == kind]
        return next((s for s in candidates if s.default), candidates[0] if candidates else None)


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """A probe and the fingerprint of the same bytes: both come from one opened file."""

    probe: Probe
    fingerprint: str
    size_bytes: int
    mtime_ns: int
    """Of the file that was read, so that a caller can tell whether it changed meanwhile."""


class StoryboardCue(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One picture of a storyboard: for which stretch it stands and where it is, in pixels of its sheet."""

    start_s: float
    end_s: float
    sheet: int
    x: int
    y: int
    width: int
    height: int


class Storyboard(msgspec.Struct, frozen=True, kw_only=True):
    """Small pictures of a whole video on `storyboard-0.webp` up to, not including, `storyboard-<sheets>.webp`."""

    sheets: int
    cues: tuple[StoryboardCue, ...]
    """In order of time."""


class Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """How loud a file is, by EBU R 128."""

    integrated_lufs: float
    true_peak_dbtp: float


class Thumbnails(msgspec.Struct, frozen=True, kw_only=True):
    """The thumbnails that were written."""

    widths: tuple[int, ...]
    """The nominal widths made, ascending: `<prefix>-<width>.webp` exists for each."""
    width: int
    """Real size in pixels of the largest one."""
    height: int
    color: str
    """Average colour as `#rrggbb`."""
    source: Literal["poster", "cover", "frame"]
    at_s: float | None = None
    """Where in the video the frame was taken."""
    poster_problem: str | None = None
    """Why the poster that was given could not be used, if so."""
