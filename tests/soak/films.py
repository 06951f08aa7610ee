"""The files that playback is tested with: each codec in each container that carries it, and odd ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.media import (
    B_FRAMES,
    clip_bytes,
    cut,
    restamped,
    uneven,
    with_index_first,
    with_wrong_duration,
    without_cues,
)
from tests.soak.playing import BEEPS, COUNTED

SECONDS = 7
RATE = 25
EVERYTHING = (
    "mp4,mov,mkv,webm,avi,mpegts,h264,h264-10,hevc,hevc10,vp9,vp9-10,av1,av1-10,aac,ac3,flac,opus,hls"
)
"""Capabilities of a player that takes segments of whatever can be put into them."""

VIDEO = ("h264", "hevc", "vp9", "av1", "mpeg2video", "mpeg4")
AUDIO = ("aac", "ac3", "opus", "flac", "mp3", None)
_CARRIES: dict[str, tuple[tuple[str, ...], tuple[str | None, ...]]] = {
    ".mp4": (VIDEO, AUDIO),
    ".mkv": (VIDEO, AUDIO),
    ".webm": (("vp9", "av1"), ("opus", None)),
    ".avi": (("h264", "mpeg2video", "mpeg4"), ("aac", "ac3", "mp3", None)),
    ".ts": (("h264", "hevc", "mpeg2video", "mpeg4"), ("aac", "ac3", "opus", "mp3", None)),
    ".mov": (("h264", "hevc", "mpeg2video", "mpeg4"), ("aac", "ac3", "mp3", None)),
}
_KEYS: dict[str, tuple[tuple[str, str], ...]] = {  # a key frame about each second
    "h264": (("x264-params", "keyint=24:min-keyint=24:scenecut=0:bframes=0"),),
    "hevc": (("x265-params", "log-level=none:bframes=0:keyint=24:min-keyint=24"),),
    "vp9": (("g", "24"),),
    # The fastest presets mix pictures that follow each other, so that they cannot be told apart.
    "av1": (("g", "24"), ("crf", "25"), ("preset", "8"), ("svtav1-params", "enable-tf=0")),
    "mpeg2video": (("g", "24"), ("b", "1000000")),
    "mpeg4": (("g", "24"), ("b", "1000000")),
}


@dataclass(frozen=True, kw_only=True)
class Film:
    """A file to be played."""

    name: str
    suffix: str
    make: Callable[[], bytes]
    has_sound: bool = True
    pictures: int | None = SECONDS * RATE
    """How many it has, numbered from 0 on; None: those a decoder finds."""
    turned: bool = False
    """Shown turned by 90° clockwise."""
    opus: bool = False
    """Its sound is AAC, so that a client for whom all is to be converted must not take that."""
    ends_only: bool = False
    """Too long to encode all of it: only the beginning and the end, and where seeks lead."""
    forced_caps: str = ""

    @property
    def caps(self) -> dict[str, str]:
        """Capabilities of clients, by name."""
        sound = "opus" if self.opus else "aac"
        return {
            "browser": "browser,mse,hls",
            "everything": EVERYTHING,
            "converted": self.forced_caps or f"h264,{sound},hls,mse,h=144",
        }


def counted(suffix: str, video: str | None = None, **clip: Any) -> bytes:
    """A clip that says of each picture and each half second which it is."""
    kind = video or {".webm": "vp9", ".avi": "mpeg4"}.get(suffix, "h264")
    made: dict[str, Any] = {
        "seconds": SECONDS, "size": (320, 180), "source": COUNTED, "sound": BEEPS, "video_options": _KEYS[kind],
    }  # fmt: skip
    return clip_bytes(suffix, video=kind, **(made | clip))


def _plain() -> list[Film]:
    films = []
    for suffix, (pictures, sounds) in _CARRIES.items():
        for video in pictures:
            for audio in sounds:
                films.append(  # noqa: PERF401
                    Film(
                        name=f"{video}-{audio}{suffix}",
                        suffix=suffix,
                        make=lambda s=suffix, v=video, a=audio: counted(s, v, audio=a),  # type: ignore[misc]
                        has_sound=audio is not None,
                        opus=audio == "aac",
                    )
                )
    return films


def _film(name: str, make: Callable[[], bytes], **rest: Any) -> Film:
    return Film(name=name, suffix="." + name.rpartition(".")[2], make=make, **rest)


def _sparse(suffix: str, every_s: int) -> bytes:
    """Three hours of a picture now and then."""
    keys = (("x264-params", "keyint=1:bframes=0:scenecut=0"),)
    stills = counted(".mkv", "h264", audio=None, seconds=6, video_options=keys)
    count = 3 * 3600 // every_s
    return restamped(
        stills, suffix, lambda n: Fraction(n * every_s), repeat=-(-count // 150), keep=count
    )  # fmt: skip


def _without_avi_index(data: bytes) -> bytes:
    at = data.rindex(b"idx1")
    return data[:at] + b"JUNK" + data[at + 4 :]


def _with_wrong_cues(data: bytes) -> bytes:
    """An MKV whose index leads to places where no cluster is: CueClusterPosition is element 0xF1 (RFC 9559)."""
    out = bytearray(data)
    at = data.rindex(b"\x1c\x53\xbb\x6b")
    while (at := data.find(b"\xf1", at + 1)) >= 0 and at + 4 < len(data):
        size = data[at + 1] & 0x7F
        if data[at + 1] & 0x80 and 1 <= size <= 4:
            out[at + 1 + size] ^= 0x5A
    return bytes(out)


def _with_wrong_key_table(data: bytes) -> bytes:
    """An MP4 whose table of key frames (stss) names the picture after each one."""
    out = bytearray(data)
    at = data.index(b"stss") + 8
    count = int.from_bytes(data[at : at + 4], "big")
    for n in range(1, count):
        place = at + 4 + 4 * n
        out[place : place + 4] = (int.from_bytes(data[place : place + 4], "big") + 1).to_bytes(4, "big")
    return bytes(out)


_TFF = (("x264-params", "tff=1:keyint=24:min-keyint=24:scenecut=0:bframes=0"),)
_TEN = "yuv420p10le"
ODD = [
    _film("b-frames.mp4", lambda: counted(".mp4", video_options=B_FRAMES), opus=True),
    _film("b-frames.mkv", lambda: counted(".mkv", video_options=B_FRAMES)),
    _film("b-frames.ts", lambda: counted(".ts", video_options=B_FRAMES), opus=True),
    _film("vfr.mkv", lambda: restamped(counted(".mkv"), ".mkv", uneven)),
    _film("vfr.mp4", lambda: restamped(counted(".mp4"), ".mp4", uneven), opus=True),
    _film("10-bit-h264.mp4", lambda: counted(".mp4", pixel_format=_TEN), opus=True),
    _film("10-bit-hevc.mkv", lambda: counted(".mkv", "hevc", pixel_format=_TEN)),

    _film("10-bit-av1.mp4", lambda: counted(".mp4", "av1", pixel_format=_TEN), opus=True),
    _film("rotated.mp4", lambda: counted(".mp4", rotation=90), opus=True, turned=True),
    _film("rotated.mov", lambda: counted(".mov", "hevc", rotation=90), opus=True, turned=True),
    _film("interlaced.ts", lambda: counted(".ts", video_options=_TFF), opus=True),
    _film("interlaced.mp4", lambda: counted(".mp4", video_options=_TFF), opus=True),
    _film("odd-321x181.mp4", lambda: counted(".mp4", "mpeg4", size=(321, 181)), opus=True),
    _film("odd-161x91.mkv", lambda: counted(".mkv", "vp9", size=(161, 91)), forced_caps="h264,aac,hls,h=80"),
    _film("odd-201x77.avi", lambda: counted(".avi", size=(201, 77)), forced_caps="h264,aac,hls,h=60"),
    _film("one-picture.mp4", lambda: counted(".mp4", seconds=0.04, audio=None), pictures=1, has_sound=False),
    _film("one-picture.mkv", lambda: counted(".mkv", "vp9", seconds=0.04, audio=None), pictures=1, has_sound=False),
    _film("one-picture.ts", lambda: counted(".ts", seconds=0.04, audio=None), pictures=1, has_sound=False),
    _film("one-picture-long-sound.mp4", lambda: restamped(counted(".mp4"), ".mp4", lambda n: Fraction(n, 25), keep=1),
          pictures=1, opus=True),
    _film("sparse.mkv", lambda: _sparse(".mkv", 10), pictures=1080, has_sound=False, ends_only=True),
    _film("sparse.mp4", lambda: _sparse(".mp4", 20), pictures=540, has_sound=False, ends_only=True),
    _film("sparser.mkv", lambda: _sparse(".mkv", 600), pictures=18, has_sound=False, ends_only=True),
    _film("says-it-is-longer.mp4", lambda: with_wrong_duration(counted(".mp4"), 3.0), opus=True),
    _film("says-it-is-shorter.mp4", lambda: with_wrong_duration(counted(".mp4"), 0.4), opus=True),
    _film("says-it-is-longer.mkv", lambda: with_wrong_duration(counted(".mkv"), 3.0)),
    _film("says-it-is-shorter.mkv", lambda: with_wrong_duration(counted(".mkv"), 0.4)),
    _film("no-cues.mkv", lambda: without_cues(counted(".mkv"))),
    _film("wrong-cues.mkv", lambda: _with_wrong_cues(counted(".mkv"))),
    _film("no-index.avi", lambda: _without_avi_index(counted(".avi"))),
    _film("wrong-key-table.mp4", lambda: _with_wrong_key_table(counted(".mp4")), opus=True),
    _film("cut-at-60-percent.mp4", lambda: cut(with_index_first(counted(".mp4")), 0.6), opus=True, pictures=None),
    _film("cut-at-60-percent.mkv", lambda: cut(counted(".mkv"), 0.6), pictures=None),
]  # fmt: skip
CORPUS = {film.name: film for film in [*_plain(), *ODD]}
SAMPLE = (
    "h264-aac.mp4", "hevc-ac3.mkv", "vp9-opus.webm", "mpeg4-mp3.avi", "mpeg4-mp3.ts", "b-frames.ts",
    "vfr.mkv", "rotated.mp4", "one-picture.mp4",
)  # fmt: skip
