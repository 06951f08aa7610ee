"""What every reader of a file's time needs: its clock, its streams, and packets from a given time on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from hub.media.probe import is_cover
from hub.media.source import decoder_of, demux

_BEGINNING_US = 1_000_000
_BACK_S = (0, 2, 8, 30)
"""How much earlier to look, one after the other, when a container leads past the time asked for."""


class Clock:
    """From a stream's stamps to media time in units of 1 / `hz` s, rounded to the nearest, halves upwards."""

    def __init__(self, start_us: int, time_base: Fraction, hz: int) -> None:
        self._scale = time_base.numerator * hz * 1_000_000
        self._shift = start_us * hz * time_base.denominator
        self._unit = time_base.denominator * 1_000_000
        self._ticks, self._base = time_base.numerator * hz, time_base.denominator

    def at(self, stamp: int) -> int:
        """Media time of a stamp."""
        return (2 * (stamp * self._scale - self._shift) + self._unit) // (2 * self._unit)

    def length(self, duration: int | None) -> int:
        """A duration in the stream's time base; 0 for None."""
        return (2 * (duration or 0) * self._ticks + self._base) // (2 * self._base)


def shown_video(container: InputContainer) -> VideoStream | None:
    """The pictures a player shows: the default stream, else the first that is no cover (as `Probe.video`)."""
    videos = [s for s in container.streams.video if not is_cover(s)]
    return next((s for s in videos if _is_default(s)), videos[0] if videos else None)


def audio_streams(container: InputContainer) -> list[AudioStream]:
    """All sound that FFmpeg can describe."""
    # Without a decoder PyAV's streams do not even have a sample rate.
    return [
        s for s in container.streams.audio if decoder_of(s) is not None and s.sample_rate > 0 and s.time_base
    ]


def read_only(container: InputContainer, *wanted: Stream) -> None:
    """Let the demuxer leave all other streams out."""
    for stream in container.streams:
        stream.discard = Discard.default if stream in wanted else Discard.all


def packets_from(container: InputContainer, stream: Stream, time_us: int) -> Iterator[Packet[Any]]:
    """Packets of `stream`, in the order of decoding, from at or before source time `time_us` on.

    The container must be freshly opened: the beginning is read without seeking, because after a seek back to it
    priming frames before time 0 are left out. Containers without an index lead anywhere near: the start is taken back,
    in the end to the beginning of the file, until the first packet's stamp is not after the time.
    """
    read_only(container, stream)
    start_us = container.start_time or 0
    if time_us - start_us > _BEGINNING_US:
        limit = time_us / 1_000_000 / float(stream.time_base or 1)
        for back_s in _BACK_S:
            goal_us = time_us - back_s * 1_000_000
            if goal_us <= start_us:
                break
            try:
                seek(container, stream, goal_us)
                packets = _present(container, stream)
                early = list(_until_stamped(packets))
            except FFmpegError:
                continue
            if early and _stamp(early[-1]) <= limit + 1:
                yield from early
                yield from packets
                return
        container.seek(start_us)
    yield from _present(container, stream)


def seek(container: InputContainer, stream: Stream, time_us: int) -> None:
    """Go to the nearest point at or before source time `time_us` from which `stream` can be read, and it alone."""
    guide = stream
    if stream.type != "video" and not is_mp4(container) and container.format.name != "mpegts":
        # Matroska's cues and others' indexes are kept for the pictures.
        guide = shown_video(container) or stream
    read_only(container, stream, guide)
    container.seek(int(time_us / 1_000_000 / (guide.time_base or Fraction(1, 1_000_000))), stream=guide)
    read_only(container, stream)


def is_mp4(container: InputContainer) -> bool:
    """MP4, MOV and their kin."""
    return "mp4" in container.format.name.split(",")


def _present(container: InputContainer, stream: Stream) -> Iterator[Packet[Any]]:
    return (packet for packet in demux(container, stream) if packet.size)


def _until_stamped(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    for packet in packets:
        yield packet
        if packet.pts is not None or packet.dts is not None:
            return


def _stamp(packet: Packet[Any]) -> float:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return math.inf if stamp is None else stamp


def _is_default(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.default)
