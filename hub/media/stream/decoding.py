"""The pictures of a file from some place on, in the order they are shown. Runs in a worker."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from typing import NamedTuple, cast

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hub.media.errors import BrokenMedia, NoPicture
from hub.media.source import demux, limit_decoder, open_media
from hub.media.stream.types import CLOCK_HZ, Timeline

_BACK_OFF_S = (0, 2, 8, 32, 128, 512, 2_048, 8_192)
_KEYS_BACK = (0, *(1 << n for n in range(16)))
_MARGIN_S = Fraction(1, 2)
"""Before the start from which every picture is decoded, whether others refer to it or not."""
_KEEP_BEFORE = 3
"""Frame times before the start from which pictures are handed on: a deinterlacer looks at its neighbours."""
_READ_ERRORS = 16
_MOST_THREADS = 8


class Picture(NamedTuple):
    """A decoded picture and its media time in seconds."""

    frame: VideoFrame
    at: Fraction


def pictures(
    path: bytes, timeline: Timeline, start: Fraction, slack: Fraction, beat: Callable[[], None]
) -> Iterator[Picture]:
    """The pictures around and after media time `start`, led by the last one before it where there is one.

    Decoding begins at a key frame whose picture is not later than `start + slack`; where that one is damaged or a seek
    missed it, at an earlier one. What cannot be decoded is left out, and pictures end where nothing more can be read.
    `beat` is called for each packet. Errors: those of `open_media`; NoPicture when nothing can be decoded at all.
    """
    if timeline.video is None:
        raise NoPicture("There are no pictures in this file.")
    for place in _places(timeline, start):
        with open_media(path) as (_, _, container):
            stream = _stream(container, timeline.video.index)
            decoded = _decode(container, stream, timeline, place, (start, start + slack), beat)
            first = next(decoded, None)
            if first is not None and (place is None or first.at <= start + slack):
                yield from _from(start, chain((first,), decoded), _KEEP_BEFORE / timeline.video.rate)
                return
    raise NoPicture("None of the file's pictures can be decoded.")


def _stream(container: InputContainer, index: int) -> VideoStream:
    stream = container.streams[index] if index < len(container.streams) else None
    if not isinstance(stream, VideoStream) or not stream.time_base:
        raise BrokenMedia("The file is no longer the one that was looked at: its pictures are elsewhere.")
    return stream


def _places(timeline: Timeline, start: Fraction) -> Iterator[Fraction | None]:
    """Media times to seek to, one after the other until one does; None is the beginning of the file."""
    assert timeline.video is not None
    keys = timeline.video.keys
    if keys:
        nearest = bisect_right(keys, start * CLOCK_HZ) - 1
        # Towards the next picture: stamps that were rounded must not make a seek land one key frame early.
        nudge = Fraction(2, 5) / timeline.video.rate
        yield from (Fraction(keys[nearest - n], CLOCK_HZ) + nudge for n in _KEYS_BACK if nearest - n > 0)
    else:
        yield from (start - back_s for back_s in _BACK_OFF_S if start > back_s)
    yield None


def _from(start: Fraction, decoded: Iterator[Picture], keep: Fraction) -> Iterator[Picture]:
    """Leaves out what is superseded long before `start`."""
    before: Picture | None = None
    for picture in decoded:
        if picture.at < start - keep:
            before = picture
            continue
        if before is not None:
            yield before
            before = None
        yield picture
    if before is not None:
        yield before


def _decode(
    container: InputContainer,
    stream: VideoStream,
    timeline: Timeline,
    place: Fraction | None,
    within: tuple[Fraction, Fraction],
    beat: Callable[[], None],
) -> Iterator[Picture]:
    """Pictures from `place` on, which is where to seek to in order to show the one at `within`'s first time.

    None at all when there is no key frame up to its second time.
    """
    assert timeline.video is not None
    assert stream.time_base is not None
    unit, origin = stream.time_base, Fraction(timeline.start_us, 1_000_000)
    limit_decoder(stream)
    stream.thread_type = "FRAME"  # PyAV's default, SLICE, leaves most files to one core
    # Each holds a picture, and what is asked for comes out that many pictures later.
    stream.codec_context.thread_count = min((os.cpu_count() or 1) + 1, _MOST_THREADS)
    if place is not None:
        try:
            container.seek(round((place + origin) / unit), stream=stream)
        except av.error.FFmpegError:
            return
    start, latest = within
    # Transport streams lead anywhere, and decoders of MPEG-4 Part 2 make grey pictures of what refers to others.
    awaits_key = place is not None
    # Where the rate is constant, what no other picture refers to need not be decoded on the way to the start.
    all_from = None if timeline.video.is_variable or place is None else start - _MARGIN_S
    if all_from is not None:
        stream.codec_context.skip_frame = "NONREF"
    at = Fraction(0)
    for packet in packets_of(container, stream):
        beat()
        if awaits_key and packet.size and not packet.is_keyframe:
            if packet.pts is not None and packet.pts * unit - origin > latest:
                return
            continue
        awaits_key = awaits_key and not packet.size
        if all_from is not None and (packet.pts is None or packet.pts * unit - origin >= all_from):
            stream.codec_context.skip_frame = "DEFAULT"
            all_from = None
        for frame in _frames(stream, cast("Packet[VideoStream]", packet)):
            stamp = frame.pts if frame.pts is not None else frame.dts
            # A frame that was held back until the end has lost its time base, so the stream's counts.
            at = stamp * unit - origin if stamp is not None else at + 1 / timeline.video.rate
            yield Picture(frame, at)


def _frames(stream: VideoStream, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    """What a packet completes (None: what the decoder still has); nothing when it is damaged."""
    try:
        return [frame for frame in stream.decode(packet) if not frame.is_corrupt]
    except MemoryError:
        raise
    except av.error.FFmpegError:
        return []


def packets_of(container: InputContainer, *streams: Stream) -> Iterator[Packet[Stream]]:
    """The streams' packets up to the end, the last one empty; past places that cannot be read, as far as possible."""
    errors = 0
    while errors < _READ_ERRORS:
        try:
            for packet in demux(container, *streams):
                yield packet
                errors = 0
            return
        except (av.error.InvalidDataError, av.error.EOFError):
            errors += 1
    yield Packet()
