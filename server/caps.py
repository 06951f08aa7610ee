"""What a client says it can play, and what in a file may be too much for it: pure functions."""

from __future__ import annotations

from hub.library.types import MediaFile

DESKTOP_BROWSER = frozenset(
    {"mp4", "m4a", "mov", "webm", "ogg", "wav", "h264", "vp8", "vp9", "av1"}
    | {"aac", "mp3", "opus", "vorbis", "flac", "pcm_s16le"}
)
"""A current desktop browser (Chromium and Firefox agree on these): assumed when a client does not say."""

_ALSO = {"h265": "hevc", "avc": "h264", "avc1": "h264", "hvc1": "hevc", "mkv": "matroska", "ts": "mpegts"}
_NAMES = {
    "h264": "H.264",
    "hevc": "HEVC (H.265)",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "mpeg4": "MPEG-4 Part 2",
    "mpeg2video": "MPEG-2",
    "aac": "AAC",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "dts": "DTS",
    "mkv": "Matroska",
    "mpegts": "MPEG transport stream",
    "mpegps": "MPEG programme stream",
    "avi": "AVI",
}


def parse_caps(caps: str | None) -> frozenset[str]:
    """The names in a `caps` parameter, lower case and in FFmpeg's spelling."""
    if caps is None:
        return DESKTOP_BROWSER
    names = {name.strip().lower() for name in caps.split(",")} - {""}
    return frozenset(names | {_ALSO[name] for name in names if name in _ALSO})


def obstacles(file: MediaFile, caps: frozenset[str]) -> list[str]:
    """Sentences on what in the file the client did not say it can play; empty when all is well."""
    found = []
    if file.container not in caps and _ALSO.get(file.container) not in caps:
        found.append(f"This player does not say that it opens {_spoken(file.container)} files.")
    if file.video_codec is not None and file.video_codec not in caps:
        found.append(f"This player does not say that it decodes {_spoken(file.video_codec)} video.")
    if file.audio_codec is not None and file.audio_codec not in caps:
        found.append(f"This player does not say that it decodes {_spoken(file.audio_codec)} audio.")
    return found


def _spoken(name: str) -> str:
    return _NAMES.get(name, name)
