"""Making clips out of nothing, from FFmpeg's own test sources: for the demo library, and for the project's tests."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import IO, cast

import av
import av.error
import av.filter
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

Filters = tuple[tuple[str, str], ...]
"""A linear filter graph: (filter, its arguments), the source first."""

_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, kw_only=True)
class VideoTrack:
    """Pictures: where they come from and how they are encoded. `codec` is an encoder's name (libx264)."""

    source: Filters
    codec: str
    width: int
    height: int
    frame_rate: int = 25
    pixel_format: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    codec_tag: str | None = None
    rotation: int = 0
    """Degrees clockwise a player must turn the picture, stored as a display matrix."""
    sample_aspect: Fraction | None = None
    color: tuple[int, int, int] | None = None
    """Transfer, primaries and matrix as ITU-T H.273 code points; None leaves them unspecified."""


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """Sound: where it comes from and how it is encoded."""

    source: Filters
    codec: str
    layout: str = "stereo"
    sample_rate_hz: int = 48_000
    bitrate_bps: int = 96_000
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cue:
    """A line of captions."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A whole file. `container` is FFmpeg's name of the muxer (mp4, matroska, webm, mov, avi, mpegts, ipod, flac …)."""

    container: str
    seconds: float
    video: VideoTrack | None = None
    audio: AudioTrack | None = None
    cues: tuple[Cue, ...] = ()
    caption_language: str = "eng"
    cover_png: bytes | None = None
    chapters: tuple[tuple[float, float, str], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)


def write_clip(target: IO[bytes], clip: Clip) -> None:
    """Encode `clip` into `target`, which must be seekable. The same clip gives the same bytes every time."""
    with av.open(
        target,
        "w",
        format=clip.container,
        container_options={"fflags": "+bitexact", **clip.muxer_options},
    ) as container:
        container.metadata.update(clip.tags)
        if clip.chapters:
            container.set_chapters(
                [
                    {
                        "id": number,
                        "start": round(start_s * 1000),
                        "end": round(end_s * 1000),
                        "time_base": _MILLISECOND,
                        "metadata": {"title": title},
                    }
                    for number, (start_s, end_s, title) in enumerate(clip.chapters)
                ]
            )
        sources = []
        if clip.video:
            sources.append(_video_packets(_add_video(container, clip.video), clip.video, clip.seconds))
        if clip.audio:
            sources.append(_audio_packets(_add_audio(container, clip.audio), clip.audio, clip.seconds))
        if clip.cues:
            sources.append(_caption_packets(_add_captions(container, clip), clip))
        cover = _add_cover(container) if clip.cover_png else None
        container.start_encoding()
        if cover is not None:
            packet: Packet[Stream] = Packet(clip.cover_png)
            packet.stream = cover
            packet.pts = packet.dts = 0
            packet.time_base = _MILLISECOND
            container.mux(packet)
        for packet in _in_step(sources):
            container.mux(packet)


def first_picture(source: Filters) -> bytes:
    """The first picture of a source, as a PNG file."""
    graph = av.filter.Graph()
    _link(graph, *source, ("format", "rgb24"), ("buffersink", ""))
    buffer = io.BytesIO()
    graph.vpull().to_image().save(buffer, "PNG")  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _in_step(sources: list[Iterator[tuple[float, list[Packet[Stream]]]]]) -> Iterator[Packet[Stream]]:
    """The packets of all sources, always from the one that is furthest behind, so that the file is interleaved."""
    positions = dict.fromkeys(range(len(sources)), 0.0)
    while positions:
        behind = min(positions, key=lambda i: positions[i])
        step = next(sources[behind], None)
        if step is None:
            del positions[behind]
            continue
        positions[behind], packets = step
        yield from packets


def _add_video(container: OutputContainer, track: VideoTrack) -> VideoStream:
    stream = cast(
        VideoStream, container.add_stream(track.codec, rate=track.frame_rate, options=dict(track.options))
    )
    stream.width, stream.height, stream.pix_fmt = track.width, track.height, track.pixel_format
    stream.codec_context.time_base = Fraction(1, track.frame_rate)
    if track.codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only; it writes a page about itself otherwise
    if track.codec_tag:
        stream.codec_context.codec_tag = track.codec_tag
    if track.sample_aspect:
        stream.codec_context.sample_aspect_ratio = track.sample_aspect
    if track.color:
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = track.color
    if track.rotation:
        stream.set_display_rotation(-track.rotation)  # FFmpeg counts counter-clockwise
    return stream


def _add_audio(container: OutputContainer, track: AudioTrack) -> AudioStream:
    stream = container.add_stream(
        track.codec, rate=track.sample_rate_hz, options=dict(track.options), bit_rate=track.bitrate_bps
    )
    stream = cast(AudioStream, stream)
    stream.codec_context.layout = track.layout
    return stream


def _add_captions(container: OutputContainer, clip: Clip) -> Stream:
    codec = {"webm": "webvtt", "mp4": "mov_text", "mov": "mov_text"}.get(clip.container, "subrip")
    stream = container.add_mux_stream(codec)
    stream.time_base = _MILLISECOND
    stream.metadata["language"] = clip.caption_language
    return stream


def _add_cover(container: OutputContainer) -> Stream:
    stream = container.add_mux_stream("png", width=600, height=600)
    stream.disposition = Disposition.attached_pic
    return stream


def _video_packets(
    stream: VideoStream, track: VideoTrack, seconds: float
) -> Iterator[tuple[float, list[Packet[Stream]]]]:
    graph = av.filter.Graph()
    _link(
        graph,
        *track.source,
        ("trim", f"duration={seconds}"),
        ("scale", f"{track.width}:{track.height}"),
        ("setsar", "1"),
        ("format", track.pixel_format),
        ("buffersink", ""),
    )
    for index, frame in enumerate(_pull(graph)):
        assert isinstance(frame, VideoFrame)
        frame.pts, frame.time_base = index, Fraction(1, track.frame_rate)
        frame.pict_type = PictureType.NONE  # the sources mark every frame as a key frame
        yield (index + 1) / track.frame_rate, stream.encode(frame)
    yield seconds, stream.encode(None)


def _audio_packets(
    stream: AudioStream, track: AudioTrack, seconds: float
) -> Iterator[tuple[float, list[Packet[Stream]]]]:
    sample_format = f"sample_fmts={stream.codec_context.format.name}"
    graph = av.filter.Graph()
    _link(
        graph,
        *track.source,
        ("atrim", f"duration={seconds}"),
        (
            "aformat",
            f"{sample_format}:sample_rates={track.sample_rate_hz}:channel_layouts={track.layout}",
        ),
        ("abuffersink", ""),
    )
    if stream.codec_context.frame_size:
        graph.set_audio_frame_size(stream.codec_context.frame_size)
    samples = 0
    for frame in _pull(graph):
        assert isinstance(frame, av.AudioFrame)
        samples += frame.samples
        yield samples / track.sample_rate_hz, stream.encode(frame)
    yield seconds, stream.encode(None)


def _caption_packets(stream: Stream, clip: Clip) -> Iterator[tuple[float, list[Packet[Stream]]]]:
    for cue in clip.cues:
        text = cue.text.encode()
        if clip.container in ("mp4", "mov"):
            text = len(text).to_bytes(2, "big") + text  # 3GPP timed text (TS 26.245) carries its length
        packet: Packet[Stream] = Packet(text)
        packet.stream = stream
        packet.time_base = _MILLISECOND
        packet.pts = packet.dts = round(cue.start_s * 1000)
        packet.duration = round((cue.end_s - cue.start_s) * 1000)
        packet.is_keyframe = True
        yield cue.end_s, [packet]


def _link(graph: av.filter.Graph, *filters: tuple[str, str]) -> None:
    graph.link_nodes(*(graph.add(name, arguments or None) for name, arguments in filters)).configure()


def _pull(graph: av.filter.Graph) -> Iterator[av.VideoFrame | av.AudioFrame]:
    while True:
        try:
            yield graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            return
