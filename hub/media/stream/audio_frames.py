"""The frames of an audio stream in time: how long each is, where the first begins and the last ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import fmean, median
from typing import Any, NamedTuple

from av.audio.stream import AudioStream
from av.packet import Packet

from hub.media.stream.codec_names import codec_of, name_codec
from hub.media.stream.reading import Clock
from hub.media.stream.types import EPOCH_S, SEGMENT_S, AudioTimeline

_SAMPLED = 60
# Of a coded frame: ISO/IEC 14496-3 (twice as many with SBR), ISO/IEC 11172-3, ETSI TS 102 366, RFC 6716.
_FRAME_SAMPLES = {
    "aac": (1024, 2048, 960, 1920, 512, 480),
    "mp3": (1152, 576),
    "ac3": (1536,),
    "eac3": (1536,),  # the muxer puts shorter ones together
    "opus": (960, 480, 1920, 2880, 240, 120),
    "alac": (4096,),
}
_SAME_LENGTH = 0.02
_GAP_S = 0.04


class Stamp(NamedTuple):
    """What counts of a packet once it has been read; in the stream's time base."""

    pts: int
    duration: int
    is_key: bool
    size: int

    @classmethod
    def of(cls, packet: Packet[Any]) -> Stamp | None:
        """None for a packet without any time."""
        at = packet.pts if packet.pts is not None else packet.dts
        return None if at is None else cls(at, packet.duration or 0, packet.is_keyframe, packet.size)


@dataclass
class AudioFacts:
    """What was read of one audio stream."""

    stamps: list[int] = field(default_factory=list)
    """Of the first packets."""
    seen: int = 0
    seen_bytes: int = 0
    last: int | None = None
    last_duration: int = 0
    is_complete: bool = False
    """Every packet has been counted."""

    def add(self, stamp: Stamp) -> None:
        """The next packet."""
        if len(self.stamps) < _SAMPLED:
            self.stamps.append(stamp.pts)
        self.seen += 1
        self.seen_bytes += stamp.size
        self.end_with(stamp)

    def end_with(self, stamp: Stamp) -> None:
        """A packet near the end, perhaps not the next."""
        if self.last is None or stamp.pts >= self.last:
            self.last, self.last_duration = stamp.pts, stamp.duration


def audio_timeline(stream: AudioStream, facts: AudioFacts, start_us: int) -> AudioTimeline | None:
    """The stream in time; None when it has no packets."""
    if not facts.stamps or facts.last is None or stream.time_base is None:
        return None
    hz = stream.sample_rate
    clock = Clock(start_us, stream.time_base, hz)
    start = clock.at(min(facts.stamps))
    frame = _frame_samples(stream, facts, clock)
    end = max(clock.at(facts.last) + (clock.length(facts.last_duration) or frame or 0), start + 1)
    codecs, problem = name_codec(stream)
    problem = problem or _problem(facts, clock, frame, start, hz)
    return AudioTimeline(
        index=stream.index,
        sample_rate_hz=hz,
        channels=stream.channels,
        start_samples=start,
        end_samples=end,
        frame_samples=frame if problem is None else None,
        average_bps=_average_bps(stream, facts, clock, hz),
        codecs=codecs,
        copy_problem=problem,
    )


def _frame_samples(stream: AudioStream, facts: AudioFacts, clock: Clock) -> int | None:
    """Samples of each frame; None when they differ."""
    codec = codec_of(stream)
    expected = _FRAME_SAMPLES.get(codec, ())
    if codec == "flac":
        expected = _flac_block_samples(stream.codec_context.extradata)
    if not expected:
        return None
    if len(facts.stamps) < 3:
        spacing = float(clock.length(facts.last_duration) or expected[0])
    else:
        gaps = [b - a for a, b in pairwise(map(clock.at, facts.stamps))]
        usual = median(gaps)
        spacing = fmean(gap for gap in gaps if abs(gap - usual) <= abs(usual) / 4)
    nearest = min(expected, key=lambda samples: abs(samples - spacing))
    if len(facts.stamps) < 3:
        return nearest
    return nearest if abs(nearest - spacing) <= nearest * _SAME_LENGTH else None


def _flac_block_samples(extradata: bytes | None) -> tuple[int, ...]:
    """RFC 9639 §8.2: smallest and largest block of STREAMINFO; all are equal in what encoders make."""
    if extradata is None or len(extradata) < 4:
        return ()
    smallest, largest = int.from_bytes(extradata[:2], "big"), int.from_bytes(extradata[2:4], "big")
    return (largest,) if smallest == largest else ()


def _problem(facts: AudioFacts, clock: Clock, frame: int | None, start: int, hz: int) -> str | None:
    if frame is None:
        return "The lengths of its frames vary."
    if not -EPOCH_S * hz <= start < SEGMENT_S * hz:
        return "It begins long after the pictures."
    if facts.is_complete and facts.last is not None:
        length = clock.at(facts.last) - start
        if abs(length - (facts.seen - 1) * frame) > _GAP_S * hz:
            return "It has gaps, or its clock runs differently."
    return None


def _average_bps(stream: AudioStream, facts: AudioFacts, clock: Clock, hz: int) -> int | None:
    seen_until = facts.last if facts.is_complete else facts.stamps[-1]
    samples = clock.at(seen_until or 0) - clock.at(facts.stamps[0])
    if facts.is_complete or facts.seen == len(facts.stamps):
        samples += samples // max(facts.seen - 1, 1)
        if samples > 0 and facts.seen_bytes:
            return round(Fraction(facts.seen_bytes * 8 * hz, samples))
    return stream.codec_context.bit_rate or None
