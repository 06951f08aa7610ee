"""Encoding segments of sound without any session: each job begins where it is told. Runs in a worker.

A coded frame overlaps with its neighbours, so a job encodes some frames more on both sides and drops them: at the
joint, the last frame of one job and the first of the next come from the same samples and from encoders that have
settled, and they cancel out as if one encoder had made both.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from hub.media.errors import BrokenMedia
from hub.media.ladder import audio_target_bps
from hub.media.operations import Report
from hub.media.source import open_media
from hub.media.stream.fragments import FragmentWriter, segment_name, write_atomically, write_init
from hub.media.stream.plan import AudioGrid, audio_plan, audio_stream
from hub.media.stream.sound import RATE_HZ, SAMPLE_BYTES, samples
from hub.media.stream.types import EPOCH_S, AudioRendition, Made, SegmentsJob

_AFTER_FRAMES = 3
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


@dataclass(frozen=True)
class _Encoder:
    name: str
    delay_samples: int
    """Its first packet is stamped this much before its first sample."""
    warm_up_frames: int
    """Two are needed for the overlap; with more, the encoder's decisions and predictions agree too."""
    options: dict[str, str]


_ENCODERS = {
    "aac": _Encoder("aac", 1024, 6, {}),
    "opus": _Encoder("libopus", 312, 25, {"frame_duration": "20"}),
}


def run(job: SegmentsJob, report: Report) -> Made:
    """Encode the job's segments of an audio rendition.

    Raises BrokenMedia when the stream is not there, OutputNotWritable, InitMismatch, and what opening a file raises.
    """
    rendition = job.rendition
    if not isinstance(rendition, AudioRendition) or rendition.is_copy:
        raise ValueError(f"{rendition.id} is not encoded sound")
    plan = audio_plan(job.timeline, rendition)
    frames = range(plan.frames(job.first).start, plan.frames(job.stop - 1).stop)
    holder, stream = _open_encoder(rendition)
    with holder:
        writer = FragmentWriter(stream, RATE_HZ, _extradata(stream))
        write_init(job.folder, writer.init)
        packets = _packets(job, rendition, plan, frames, stream)
        for k in range(job.first, job.stop):
            found = [next(packets) for _ in plan.frames(k)]
            write_atomically(job.folder, segment_name(k), writer.segment(found, k))
            report(k + 1, job.stop, rendition.id)
    return Made(job.stop)


def _open_encoder(rendition: AudioRendition) -> tuple[av.container.OutputContainer, AudioStream]:
    """A container that holds the encoder's stream; only its description is used."""
    encoder = _ENCODERS[rendition.codec]
    holder = av.open(io.BytesIO(), "w", format="mp4")
    stream = cast(
        AudioStream,
        holder.add_stream(
            encoder.name,
            rate=RATE_HZ,
            options=encoder.options,
            bit_rate=audio_target_bps(rendition.codec, rendition.channels),
        ),
    )
    stream.codec_context.layout = _LAYOUTS[rendition.channels]
    holder.start_encoding()
    return holder, stream


def _extradata(stream: AudioStream) -> bytes | None:
    """Opus: without the samples to skip at the beginning (RFC 7845 §5.1), as segments have settled encoders' frames."""
    description = stream.codec_context.extradata
    if stream.codec_context.name != "libopus" or description is None:
        return None
    return description[:10] + b"\0\0" + description[12:]


def _packets(
    job: SegmentsJob, rendition: AudioRendition, plan: AudioGrid, frames: range, stream: AudioStream
) -> Iterator[Packet[Any]]:
    """The coded `frames` in order, stamped for the track."""
    expected = iter(frames)
    wanted = next(expected)
    for packet in _encoded(job, rendition, plan, frames, stream):
        number, rest = divmod(cast(int, packet.pts) - plan.position(0), plan.frame_samples)
        if rest:
            raise RuntimeError(
                f"{rendition.codec}: the encoder's delay is {rest} samples other than expected"
            )
        if number < wanted:
            continue
        packet.dts = packet.pts
        packet.duration = plan.frame_samples
        packet.time_base = Fraction(1, RATE_HZ)
        yield packet
        if number + 1 == frames.stop:
            return
        wanted = next(expected)
    raise RuntimeError(f"{rendition.codec}: the encoder returned fewer frames than it was given")


def _encoded(
    job: SegmentsJob, rendition: AudioRendition, plan: AudioGrid, frames: range, stream: AudioStream
) -> Iterator[Packet[Any]]:
    encoder, layout = _ENCODERS[rendition.codec], _LAYOUTS[rendition.channels]
    length = plan.frame_samples
    shift = encoder.delay_samples % length
    begin = plan.start_samples + (frames.start - encoder.warm_up_frames) * length + shift
    end = plan.start_samples + (frames.stop + _AFTER_FRAMES) * length + shift
    audio = audio_stream(job.timeline, rendition.index)
    whole = length * SAMPLE_BYTES * rendition.channels
    with open_media(job.path) as (_, _, container):
        source = next((s for s in container.streams.audio if s.index == rendition.index), None)
        if source is None:
            raise BrokenMedia(f"The file is damaged: its stream {rendition.index} is no longer sound.")
        pending = b""
        at = begin + EPOCH_S * RATE_HZ
        for block in samples(container, source, audio, job.timeline.start_us, layout, begin, end):
            pending += block
            while len(pending) >= whole:
                frame = AudioFrame(format="flt", layout=layout, samples=length)
                frame.planes[0].update(pending[:whole])
                pending = pending[whole:]
                frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, at, Fraction(1, RATE_HZ)
                at += length
                yield from stream.encode(frame)
