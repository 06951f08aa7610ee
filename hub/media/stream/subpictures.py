"""Subtitles that are pictures (PGS of Blu-rays, VobSub of DVDs): what is shown when. Runs in a worker.

FFmpeg decodes their bitmaps, but PyAV does not hand out the colours, so those are read here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import NamedTuple, Protocol, cast

import av.error
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import BitmapSubtitle, SubtitleSet
from av.video.stream import VideoStream

from hub.media.errors import BrokenMedia
from hub.media.source import open_media
from hub.media.stream.decoding import packets_of
from hub.media.stream.types import Timeline

Colour = tuple[int, int, int, int]
"""Red, green, blue and how opaque, 0–255 each."""

_LOOK_BACK_S = 10
_LOOK_AHEAD_S = Fraction(1, 2)
_KEPT = 4
_FOR_EVER = 0xFFFFFFFF
_CLEAR: Colour = (0, 0, 0, 0)
CODECS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle"})


class Bitmap(NamedTuple):
    """One picture of a subtitle: where it lies on the canvas, and for each of its pixels a number of a colour."""

    x: int
    y: int
    width: int
    height: int
    pixels: bytes
    palette: tuple[Colour, ...]


class Shown(NamedTuple):
    """What is shown from `start` on, until `end` or until something else comes. No bitmaps: nothing."""

    start: Fraction
    end: Fraction | None
    canvas: tuple[int, int] | None
    """Size the bitmaps' places refer to; None: that of the coded pictures."""
    bitmaps: tuple[Bitmap, ...]


class SubPictures:
    """The subtitle stream `index` of a file from media time `start` on, read in step with the time that is asked for.

    Reading in step keeps the start quick: the next subtitle may be minutes away. Errors: those of `open_media`;
    BrokenMedia when the stream holds no such subtitles.
    """

    def __init__(self, path: bytes, timeline: Timeline, index: int, start: Fraction) -> None:
        assert timeline.video is not None
        self._origin = Fraction(timeline.start_us, 1_000_000)
        self._opened = ExitStack()
        _, _, container = self._opened.enter_context(open_media(path))
        streams = container.streams
        stream = streams[index] if index < len(streams) else None
        video = streams[timeline.video.index] if timeline.video.index < len(streams) else None
        if (
            not isinstance(stream, SubtitleStream)
            or not isinstance(video, VideoStream)
            or not stream.time_base
        ):
            self.close()
            raise BrokenMedia(
                "The file is no longer the one that was looked at: its subtitles are elsewhere."
            )
        self._stream, self._context = stream, stream.codec_context
        self._colours = _colours_of(self._context)
        if start > _LOOK_BACK_S and video.time_base:
            place = round((start - _LOOK_BACK_S + self._origin) / video.time_base)
            try:
                container.seek(place, stream=video)
            except av.error.FFmpegError:
                container.seek(0)
        self._packets: Iterator[Packet[Stream]] = packets_of(container, video, stream)
        self._read_to: Fraction | None = Fraction(-_LOOK_BACK_S)  # None: to the end
        self._events: list[Shown] = []

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def at(self, time: Fraction) -> Shown | None:
        """What is shown at `time`, which never goes back; None for nothing."""
        while self._read_to is not None and self._read_to < time + _LOOK_AHEAD_S:
            self._read()
        past = [event for event in self._events if event.start <= time]
        self._events = [*past[-_KEPT:], *(event for event in self._events if event.start > time)]
        last = max(past, key=lambda event: event.start, default=None)
        if last is None or not last.bitmaps or (last.end is not None and last.end <= time):
            return None
        return last

    def _read(self) -> None:
        packet = next(self._packets, None)
        if packet is None or packet.size == 0:
            self._read_to = None
        elif packet.stream_index != self._stream.index:
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is not None and packet.time_base:
                self._read_to = stamp * packet.time_base - self._origin
        elif packet.pts is not None:
            self._decode(packet)

    def _decode(self, packet: Packet[Stream]) -> None:
        assert packet.pts is not None
        assert self._stream.time_base is not None
        self._colours.note(bytes(packet))
        try:
            found = self._context.decode2(packet)
        except MemoryError:
            raise
        except av.error.FFmpegError:
            return  # damaged: what is shown stays until the next one
        if found is None:
            return
        begin = packet.pts * self._stream.time_base - self._origin
        start = begin + Fraction(found.start_display_time, 1000)
        end = (
            None
            if found.end_display_time in (0, _FOR_EVER)
            else begin + Fraction(found.end_display_time, 1000)
        )
        self._events.append(Shown(start, end, self._colours.canvas, self._bitmaps(found)))

    def _bitmaps(self, found: SubtitleSet) -> tuple[Bitmap, ...]:
        palette = self._colours.palette()
        bitmaps = (rect for rect in found if isinstance(rect, BitmapSubtitle) and rect.planes)
        return tuple(
            Bitmap(rect.x, rect.y, rect.width, rect.height, bytes(cast(bytes, rect.planes[0])), palette)
            for rect in bitmaps
            if rect.width > 0 and rect.height > 0
        )


class _Colours(Protocol):
    """Reads from a codec's own bytes what PyAV does not tell."""

    canvas: tuple[int, int] | None

    def note(self, data: bytes) -> None:
        """A packet, before it is decoded."""

    def palette(self) -> tuple[Colour, ...]:
        """Colours of the subtitle that was decoded last."""


def _colours_of(context: SubtitleCodecContext) -> _Colours:
    name = context.codec.canonical_name
    if name == "hdmv_pgs_subtitle":
        return PgsColours()
    if name == "dvd_subtitle":
        return VobSubColours(context.extradata or b"")
    raise BrokenMedia(f"Subtitles of this kind ({name}) are no pictures and cannot be drawn into the film.")


class PgsColours:
    """Presentation Graphic Streams: segments of a type (1 byte), a length (2) and contents (US 2009/0185789)."""

    _PALETTE, _COMPOSITION = 0x14, 0x16

    def __init__(self) -> None:
        self.canvas: tuple[int, int] | None = None
        self._palettes: dict[int, list[Colour]] = {}
        self._current = 0

    def note(self, data: bytes) -> None:
        """Take in palettes, and which of them is used."""
        at = 0
        while at + 3 <= len(data):
            kind, length = struct.unpack_from(">BH", data, at)
            body = data[at + 3 : at + 3 + length]
            at += 3 + length
            if kind == self._COMPOSITION and len(body) >= 11:
                width, height = struct.unpack_from(">HH", body)
                self.canvas = (width, height) if width and height else None
                self._current = body[9]
                if body[7] & 0x80:  # the start of an epoch: nothing from before it is used any more
                    self._palettes.clear()
            elif kind == self._PALETTE and len(body) >= 2:
                colours = self._palettes.setdefault(body[0], [_CLEAR] * 256)
                for entry in range(2, len(body) - 4, 5):
                    number, y, red, blue, opaque = body[entry : entry + 5]
                    is_hd = self.canvas is not None and self.canvas[1] > 576
                    colours[number] = (*_to_rgb(y, blue, red, is_hd=is_hd), opaque)

    def palette(self) -> tuple[Colour, ...]:
        """256 colours."""
        return tuple(self._palettes.get(self._current, [_CLEAR] * 256))


class VobSubColours:
    """DVD subpictures: sixteen colours in the header, four of them chosen by each one's control sequence."""

    def __init__(self, header: bytes) -> None:
        text = header.decode("latin-1")
        size = re.search(r"size:\s*(\d+)x(\d+)", text)
        self.canvas = (int(size[1]), int(size[2])) if size and int(size[1]) and int(size[2]) else None
        listed = re.search(r"palette:\s*([0-9a-fA-F, ]+)", text)
        found = [int(one, 16) for one in re.findall(r"[0-9a-fA-F]{6}", listed[1])] if listed else []
        self._table = (
            [(rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF) for rgb in found] if len(found) == 16 else None
        )
        self._chosen = [0, 1, 2, 3]
        self._opaque = [0, 15, 15, 15]

    def note(self, data: bytes) -> None:
        """Take in which colours a subpicture uses: commands 3 (colours) and 4 (opaqueness) of its control sequences."""
        if len(data) < 4:
            return
        at = int.from_bytes(data[2:4], "big")
        for _ in range(16):  # sequences; the last one points to itself
            if at + 4 > len(data):
                return
            following = int.from_bytes(data[at + 2 : at + 4], "big")
            self._commands(data, at + 4)
            if following <= at:
                return
            at = following

    def _commands(self, data: bytes, at: int) -> None:
        lengths = {0: 0, 1: 0, 2: 0, 3: 2, 4: 2, 5: 6, 6: 4}
        while at < len(data) and data[at] in lengths:
            command, body = data[at], data[at + 1 : at + 1 + lengths[data[at]]]
            at += 1 + lengths[command]
            if command in (3, 4) and len(body) == 2:
                nibbles = [body[1] & 15, body[1] >> 4, body[0] & 15, body[0] >> 4]
                if command == 3:
                    self._chosen = nibbles
                else:
                    self._opaque = nibbles

    def palette(self) -> tuple[Colour, ...]:
        """Four colours; greys where the header lists none."""
        table = self._table or [(level, level, level) for level in (0, 255, 128, 0)] * 4
        chosen = self._chosen if self._table else [0, 1, 2, 3]
        return tuple(
            (*table[number], opaque * 17) for number, opaque in zip(chosen, self._opaque, strict=True)
        )


def _to_rgb(y: int, blue: int, red: int, *, is_hd: bool) -> tuple[int, int, int]:
    """Limited-range YCbCr → RGB, BT.709 for high definition and BT.601 below (ITU-R BT.709, BT.601)."""
    kr, kb = (0.2126, 0.0722) if is_hd else (0.299, 0.114)
    luma, cb, cr = (y - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    r, b = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    g = (luma - kr * r - kb * b) / (1 - kr - kb)
    return tuple(min(max(round(value * 255), 0), 255) for value in (r, g, b))  # type: ignore[return-value]
