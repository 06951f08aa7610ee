"""Reading what a media file says about itself. Runs in a worker."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from fractions import Fraction
from itertools import islice
from typing import cast

import av.error
import msgspec
from av.audio.stream import AudioStream
from av.codec import CodecContext
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.stream import AttachmentStream, DataStream, Disposition
from av.stream import Stream as AvStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hub.media.errors import CutShort, NotMedia
from hub.media.fingerprint import fingerprint_of
from hub.media.layout import Layout
from hub.media.operations import ProbeJob, Report
from hub.media.orientation import UPRIGHT, Orientation, from_display_matrix
from hub.media.source import decoder_of, demux, limit_decoder, media_errors, open_media
from hub.media.types import Chapter, Probe, ProbeResult, Stream, StreamKind

_MAX_STREAMS, _MAX_CHAPTERS, _MAX_TAGS, _MAX_TEXT = 128, 2_000, 64, 8_192
_FIRST_FRAME_PACKETS = 300  # a transport stream may start this far before its first key frame

_CONTAINERS = {
    "matroska,webm": "mkv",
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "mpeg": "mpegps",
    "rm": "realmedia",
}
_TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    18: "arib-std-b67",
}


def run(job: ProbeJob, report: Report) -> ProbeResult:
    """Probe and fingerprint of one opened file, so that both speak of the same bytes."""
    with open_media(job.path) as (fd, layout, container):
        # First: what a file that still grows turns out to be must not pass for what is known of its later state.
        with media_errors():
            status = os.fstat(fd)
        result = _probe(layout, container)
        return ProbeResult(
            probe=result,
            fingerprint=fingerprint_of(fd),
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
        )


def probe(path: bytes) -> Probe:
    """What the media file at `path` says about itself.

    The path is bytes as the file system has them, never interpreted as an address. Raises UnreadableFile, NotMedia
    (empty, text, a picture, nothing in it), CutShort (no index, or no content behind it), BrokenMedia, TooDemanding.
    A file whose end is missing but whose beginning plays is returned with `truncated` set: for MP4, MOV, MKV, WebM, AVI
    and WAV the structure tells; other containers do not say how long they should be.
    """
    with open_media(path) as (_, layout, container):
        return _probe(layout, container)


def _probe(layout: Layout, container: InputContainer) -> Probe:
    av_streams = list(islice(container.streams, _MAX_STREAMS))
    if not any(_kind(s) in ("video", "audio") for s in av_streams):
        raise NotMedia("This is not a media file: there is no video or audio in it.")
    shown = next((s for s in av_streams if isinstance(s, VideoStream) and _kind(s) == "video"), None)
    frame = _first_frame(container, shown) if shown else None
    if frame is None:
        _require_content(container, layout, [s for s in av_streams if _kind(s) in ("video", "audio")])
    streams = tuple(_stream(s, frame if s is shown else None) for s in av_streams)
    width, height = display_size(shown, orientation_of(frame)) if shown else (None, None)
    duration_s = _duration_s(container, av_streams)
    tags = _tags(container.metadata)
    return Probe(
        container=_container_name(container, layout, has_video=shown is not None),
        duration_s=duration_s,
        bitrate_bps=container.bit_rate or (round(container.size * 8 / duration_s) if duration_s else None),
        width=width,
        height=height,
        streams=streams,
        chapters=_chapters(container),
        tags=tags,
        has_cover_art=any(is_cover(s) for s in av_streams),
        truncated=layout.truncated,
    )


def is_cover(stream: AvStream) -> bool:
    """True for a picture stored as a video stream: cover art, not something that moves."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def display_size(stream: VideoStream, orientation: Orientation) -> tuple[int | None, int | None]:
    """(width, height) on the screen: the sample aspect ratio widens, the rotation swaps."""
    width, height = (stream.width, stream.height) if decoder_of(stream) else (0, 0)
    if width <= 0 or height <= 0:
        return None, None
    aspect = _sample_aspect(stream)
    if aspect is not None:
        width = max(1, round(width * aspect))
    return (height, width) if orientation.swaps_sides else (width, height)


def orientation_of(frame: VideoFrame | None) -> Orientation:
    """How `frame` must be turned for display."""
    # PyAV types the container as a mapping, but it iterates over its values.
    for side_data in cast("Iterable[SideData]", frame.side_data) if frame is not None else ():
        if side_data.type.name == "DISPLAYMATRIX":
            return from_display_matrix(bytes(side_data))
    return UPRIGHT


def _kind(stream: AvStream) -> StreamKind:
    if is_cover(stream):
        return "attachment"
    return "data" if stream.type == "unknown" else stream.type


def _sample_aspect(stream: VideoStream) -> Fraction | None:
    """Width to height of a sample, None for square ones and for values no camera ever wrote."""
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect == 1 or not Fraction(1, 8) <= aspect <= 8:
        return None
    return aspect


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """The first decodable picture: only a decoded frame tells rotation, interlacing and whether anything decodes."""
    if decoder_of(stream) is None:
        return None
    limit_decoder(stream)
    packets = 0
    try:
        for packet in demux(container, stream):
            packets += 1
            try:
                for frame in packet.decode():
                    return frame
            except av.error.InvalidDataError:
                pass  # joined in the middle of a picture; a key frame comes
            if packets > _FIRST_FRAME_PACKETS:
                break
    except av.error.InvalidDataError:
        pass  # the index points behind the end of a file that was cut short
    return None


def _require_content(container: InputContainer, layout: Layout, streams: list[AvStream]) -> None:
    """CutShort when the index is all there is."""
    container.seek(0)
    try:
        next(p for p in demux(container, *streams) if p.size)
    except (StopIteration, av.error.InvalidDataError) as error:
        words = "is cut short" if layout.truncated else "holds nothing"
        raise CutShort(f"The file {words}: it has an index, but no pictures or sound.") from error


def _stream(stream: AvStream, frame: VideoFrame | None) -> Stream:
    context = decoder_of(stream)
    language = stream.language.lower().replace("_", "-")[:35] if stream.language else None
    common = Stream(
        index=stream.index,
        kind=_kind(stream),
        codec=context.codec.canonical_name if context else _codec_without_decoder(stream),
        codec_tag=_codec_tag(context) if context else None,
        profile=stream.profile,
        language=None if language in ("und", "unk", "") else language,
        title=(stream.metadata.get("title") or stream.metadata.get("filename") or "")[:_MAX_TEXT] or None,
        default=bool(stream.disposition & Disposition.default),
        forced=bool(stream.disposition & Disposition.forced),
        hearing_impaired=bool(stream.disposition & Disposition.hearing_impaired),
        bitrate_bps=(context.bit_rate or None) if context else None,
    )
    if context is None:
        return common
    if isinstance(stream, VideoStream):
        return _with_video(common, stream, frame)
    if isinstance(stream, AudioStream):
        return msgspec.structs.replace(
            common, channels=stream.channels or None, sample_rate_hz=stream.sample_rate or None
        )
    return common


def _codec_without_decoder(stream: AvStream) -> str:
    """A font's MIME type or a data format's name; PyAV does not tell the name of a codec FFmpeg cannot decode."""
    if isinstance(stream, AttachmentStream):
        return stream.mimetype or "unknown"
    if isinstance(stream, DataStream):
        return stream.name or "unknown"
    return "unknown"


def _with_video(common: Stream, stream: VideoStream, frame: VideoFrame | None) -> Stream:
    context = stream.codec_context
    aspect = _sample_aspect(stream)
    rate = stream.guessed_rate
    pixel_format = context.format
    transfer = frame.color_trc if frame is not None else context.color_trc
    return msgspec.structs.replace(
        common,
        level=context.level if context.level >= 0 else None,
        width=context.width or None,
        height=context.height or None,
        rotation=orientation_of(frame).rotation,
        sample_aspect_ratio=f"{aspect.numerator}:{aspect.denominator}" if aspect else None,
        frame_rate=round(float(rate), 3) if rate and 0 < rate <= 1000 else None,
        pixel_format=pixel_format.name if pixel_format else None,
        bit_depth=max((c.bits for c in pixel_format.components), default=None) if pixel_format else None,
        interlaced=frame.interlaced_frame if frame is not None else context.field_order > 1,
        color_transfer=_TRANSFERS.get(transfer),
    )


def _codec_tag(context: CodecContext) -> str | None:
    """The four letters, None when the container gives a number instead."""
    try:
        tag = context.codec_tag
    except UnicodeDecodeError:  # a number such as AVI's 0x00FF for AAC
        return None
    return tag if tag.isascii() and tag.isprintable() and tag.strip() else None


def _duration_s(container: InputContainer, streams: list[AvStream]) -> float | None:
    """The container's duration, else the longest stream's; None when nothing sensible is said."""
    if container.duration and container.duration > 0:
        return round(container.duration / 1_000_000, 3)
    lengths = [
        float(s.duration * s.time_base) for s in streams if s.duration and s.duration > 0 and s.time_base
    ]
    longest = max((x for x in lengths if math.isfinite(x)), default=0.0)
    return round(longest, 3) or None


def _container_name(container: InputContainer, layout: Layout, *, has_video: bool) -> str:
    name = layout.container or _CONTAINERS.get(container.format.name, container.format.name.partition(",")[0])
    if name == "mp4" and not has_video:
        return "m4a"
    return name


def _tags(metadata: dict[str, str]) -> dict[str, str]:
    """Lower-case keys, the first of equal ones, at most 64 of at most 8,192 characters, empty ones left out."""
    tags: dict[str, str] = {}
    for key, value in islice(metadata.items(), 4 * _MAX_TAGS):
        text = value[:_MAX_TEXT].replace("\0", "").strip()
        if text and len(tags) < _MAX_TAGS:
            tags.setdefault(key.lower()[:100], text)
    return tags


def _chapters(container: InputContainer) -> tuple[Chapter, ...]:
    """Chapters in order of their start, without those that end before they start."""
    chapters = []
    for number, chapter in enumerate(container.chapters()[:_MAX_CHAPTERS], 1):
        unit = chapter["time_base"]
        if not unit or chapter["end"] < chapter["start"]:
            continue
        title = chapter["metadata"].get("title", "").strip()[:_MAX_TEXT] or f"Chapter {number}"
        chapters.append(
            Chapter(
                start_s=round(float(chapter["start"] * unit), 3),
                end_s=round(float(chapter["end"] * unit), 3),
                title=title,
            )
        )
    return tuple(sorted(chapters, key=lambda c: c.start_s))
