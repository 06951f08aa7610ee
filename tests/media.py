"""Tiny real clips for every test: made by FFmpeg's own sources in a few milliseconds, the same bytes every time.

`clip_bytes` remembers what it made, `unique_clip_bytes` gives thousands of distinct playable files for next to nothing.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
from av.packet import Packet
from PIL import Image, ImageDraw

from hub.media.synth import AudioTrack, Clip, Cue, VideoTrack, write_clip

_CONTAINERS = {  # suffix: (muxer, video codec, audio codec)
    ".mp4": ("mp4", "h264", "aac"),
    ".m4v": ("mp4", "h264", "aac"),
    ".mov": ("mov", "h264", "aac"),
    ".mkv": ("matroska", "h264", "opus"),
    ".webm": ("webm", "vp9", "opus"),
    ".avi": ("avi", "mpeg4", "mp3"),
    ".ts": ("mpegts", "h264", "aac"),
    ".mpg": ("mpeg", "mpeg2video", "mp2"),
    ".flv": ("flv", "h264", "aac"),
    ".wmv": ("asf", "wmv2", "wmav2"),
    ".m4a": ("mp4", None, "aac"),
    ".mp3": ("mp3", None, "mp3"),
    ".flac": ("flac", None, "flac"),
    ".ogg": ("ogg", None, "opus"),
    ".wav": ("wav", None, "pcm_s16le"),
}
_VIDEO: dict[str, tuple[str, dict[str, str]]] = {  # codec: (encoder, options)
    "h264": ("libx264", {"preset": "ultrafast", "crf": "35"}),
    # With B-frames x265 gives a stream of two or three frames time stamps from uninitialised memory.
    "hevc": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:bframes=0"}),
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "av1": ("libsvtav1", {"preset": "12"}),
}
_AUDIO = {"opus": "libopus", "mp3": "libmp3lame"}  # the others' encoders are called like the codec


def make_clip(path: Path, *, suffix: str | None = None, **kwargs: Any) -> Path:
    """Write a clip to `path`; its suffix (or `suffix`) chooses the container. See `clip_bytes` for the rest."""
    path.write_bytes(clip_bytes(suffix or path.suffix, **kwargs))
    return path


@lru_cache(maxsize=256)
def clip_bytes(
    suffix: str = ".mp4",
    *,
    seconds: float = 1.0,
    video: str | None = "",
    audio: str | None = "",
    size: tuple[int, int] = (160, 90),
    frame_rate: int = 25,
    source: str = "testsrc2",
    sound: str = "",
    pixel_format: str = "yuv420p",
    color: tuple[int, int, int] | None = None,
    rotation: int = 0,
    sample_aspect: Fraction | None = None,
    captions: tuple[tuple[float, float, str], ...] = (),
    caption_language: str = "eng",
    chapters: tuple[tuple[float, float, str], ...] = (),
    cover: bool = False,
    title: str | None = None,
    tags: tuple[tuple[str, str], ...] = (),
    seed: int = 0,
    video_options: tuple[tuple[str, str], ...] = (),
    muxer_options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """The bytes of a clip.

    `video` and `audio` are codecs (h264, hevc, vp8, vp9, av1, mpeg4 … aac, opus, mp3, ac3, flac …); the empty string
    means the container's usual one, None leaves the stream out. Another `seed` gives another picture and another tone.
    `source` is any FFmpeg video source with its arguments (size and rate are added), followed by filters if need be;
    `sound` is any audio source, a tone if there is none given.
    """
    muxer, usual_video, usual_audio = _CONTAINERS[suffix]
    video = usual_video if video == "" else video
    audio = usual_audio if audio == "" else audio
    clip = Clip(
        container=muxer,
        seconds=seconds,
        cues=tuple(Cue(*cue) for cue in captions),
        caption_language=caption_language,
        chapters=chapters,
        cover_png=picture_bytes("PNG", (320, 320), seed) if cover else None,
        tags=dict(tags) | ({"title": title} if title else {}),
        muxer_options=({"brand": "M4A "} if suffix == ".m4a" else {}) | dict(muxer_options),
    )
    if video:
        encoder, usual_options = _VIDEO.get(video, (video, {}))
        first, *others = (_filter(text) for text in source.split(","))
        arguments = f"{first[1]}:size={size[0]}x{size[1]}:rate={frame_rate}".lstrip(":")
        track = VideoTrack(
            source=((first[0], arguments), *((("hue", f"h={seed * 37 % 360}"),) if seed else ()), *others),
            codec=encoder,
            width=size[0],
            height=size[1],
            frame_rate=frame_rate,
            pixel_format=pixel_format,
            options=usual_options | dict(video_options),
            codec_tag="hvc1" if video == "hevc" and muxer in ("mp4", "mov") else None,
            rotation=rotation,
            sample_aspect=sample_aspect,
            color=color,
        )
        clip = replace(clip, video=track)
    if audio:
        tone = _filter(sound or f"sine=frequency={220 + 55 * (seed % 32)}:sample_rate=48000")
        clip = replace(clip, audio=AudioTrack(source=(tone,), codec=_AUDIO.get(audio, audio)))
    buffer = io.BytesIO()
    write_clip(buffer, clip)
    return buffer.getvalue()


def _filter(text: str) -> tuple[str, str]:
    name, _, arguments = text.partition("=")
    return name, arguments


def unique_clip_bytes(n: int) -> bytes:
    """A playable MP4 of about 3 KB that differs from that of every other `n`: for tests with thousands of files.

    The difference is in a trailing `free` box (ISO/IEC 14496-12 §8.1.2), which players skip.
    """
    base = clip_bytes(
        ".mp4", seconds=0.4, audio=None, size=(64, 36), frame_rate=5, source="testsrc", title=None
    )
    payload = n.to_bytes(16, "big")
    return base + (8 + len(payload)).to_bytes(4, "big") + b"free" + payload


def picture_bytes(kind: str = "JPEG", size: tuple[int, int] = (400, 600), seed: int = 0) -> bytes:
    """A poster or cover: diagonal stripes in colours that `seed` chooses."""
    image = Image.new("RGB", size, (40 + seed * 61 % 200, 90, 160))
    draw = ImageDraw.Draw(image)
    for offset in range(-size[1], size[0], 40):
        draw.line([(offset, 0), (offset + size[1], size[1])], fill=(230, 180, 40 + seed * 31 % 200), width=12)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def cut(data: bytes, keep: float) -> bytes:
    """The first part of a file, as an interrupted copy leaves it; `keep` between 0 and 1."""
    return data[: int(len(data) * keep)]


def write_bytes(path: bytes, data: bytes) -> bytes:
    """Write `data` under a name that need not be valid UTF-8; returns `path`."""
    with open(path, "wb") as file:  # noqa: PTH123  # pathlib cannot name it
        file.write(data)
    return path


def path_bytes(path: Path) -> bytes:
    """A path as the file system has it, which is how the hub passes paths around."""
    return os.fsencode(path)


B_FRAMES = (("x264-params", "bframes=2:b-adapt=0:scenecut=0:keyint=24:min-keyint=24"), ("preset", "medium"))
"""Encoder options for H.264 with reordered pictures and a key frame every 24."""


def restamped(
    data: bytes, suffix: str, times: Callable[[int], Fraction], *, repeat: int = 1, keep: int | None = None
) -> bytes:
    """The clip again in another container (`suffix`), `repeat` times over.

    Picture n of all is shown at `times(n)` seconds; only for pictures stored in the order they are shown. Sound keeps
    its times, and runs on through the repetitions. `keep` limits the number of pictures.
    """
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(data), "r") as source,
        av.open(
            buffer, "w", format=_CONTAINERS[suffix][0], container_options={"fflags": "+bitexact"}
        ) as made,
    ):
        streams = {s.index: made.add_stream_from_template(s, opaque=True) for s in source.streams}
        packets = [p for p in source.demux() if p.size]
        pictures = {s.index for s in source.streams.video}
        ends = [(p.pts or 0) + (p.duration or 0) for p in packets if p.stream_index not in pictures]
        made.start_encoding()
        shown = 0
        for turn in range(repeat):
            for packet in packets:
                again: Packet[Any] = Packet(bytes(packet))
                again.stream, again.is_keyframe = streams[packet.stream_index], packet.is_keyframe
                if packet.stream_index in pictures:
                    if keep is not None and shown >= keep:
                        continue
                    again.time_base = Fraction(1, 90_000)
                    again.pts = again.dts = round(times(shown) * 90_000)
                    again.duration = round(times(shown + 1) * 90_000) - again.pts
                    shown += 1
                elif turn and (packet.pts or 0) < 0:
                    continue
                else:
                    again.time_base, again.duration = packet.time_base, packet.duration
                    again.pts = again.dts = (packet.pts or 0) + turn * max(ends)
                made.mux(again)
    return buffer.getvalue()


def constant(rate: int) -> Callable[[int], Fraction]:
    """Times of pictures at a constant rate, for `restamped`."""
    return lambda n: Fraction(n, rate)


def uneven(n: int) -> Fraction:
    """Times of pictures at a variable rate, for `restamped`: gaps of 1/50, 1/10 and 1/25 s in turn."""
    gaps = (Fraction(1, 50), Fraction(1, 10), Fraction(1, 25))
    return sum(gaps, Fraction(0)) * (n // 3) + sum(gaps[: n % 3], Fraction(0))


def with_wrong_duration(data: bytes, factor: float) -> bytes:
    """An MP4 or MKV whose header announces `factor` times the real length; the content is untouched."""
    out = bytearray(data)
    if data.startswith(b"\x1a\x45\xdf\xa3"):  # EBML: Duration is element 0x4489, here an 8-byte float
        at = data.index(b"\x44\x89\x88") + 3
        struct.pack_into(">d", out, at, struct.unpack_from(">d", data, at)[0] * factor)
        return bytes(out)
    for kind, skip in (
        (b"mvhd", 20),
        (b"tkhd", 24),
        (b"mdhd", 20),
    ):  # version 0 (ISO/IEC 14496-12 §8.2 to §8.4)
        at = data.find(kind)
        while at >= 0:
            struct.pack_into(
                ">I", out, at + skip, round(struct.unpack_from(">I", data, at + skip)[0] * factor)
            )
            at = data.find(kind, at + 1)
    return bytes(out)


def without_cues(data: bytes) -> bytes:
    """An MKV without its index of key frames: the Cues at the end become a Void element (RFC 9559, RFC 8794)."""
    at = data.rindex(b"\x1c\x53\xbb\x6b")
    rest = len(data) - at - 9
    return data[:at] + b"\xec\x01" + rest.to_bytes(7, "big") + bytes(rest)


def with_index_first(data: bytes) -> bytes:
    """An MP4 whose `moov` stands before its samples, as for playing while it is downloaded."""
    at = data.rindex(b"moov") - 4
    moov = bytearray(data[at:])
    assert int.from_bytes(moov[:4], "big") == len(moov)
    table = moov.find(b"stco")
    while table >= 0:
        (count,) = struct.unpack_from(">I", moov, table + 8)
        offsets = struct.unpack_from(f">{count}I", moov, table + 12)
        struct.pack_into(f">{count}I", moov, table + 12, *(offset + len(moov) for offset in offsets))
        table = moov.find(b"stco", table + 1)
    first = int.from_bytes(data[:4], "big")
    return data[:first] + bytes(moov) + data[first:at]
