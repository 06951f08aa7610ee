"""Segments of pictures and sound as they are: cut at the source's own key frames or frames. Runs in a worker.

Each job begins where it is told, so a segment's stamps must not depend on what was read before it. Decode times that a
container does not keep (Matroska's, after a seek, are unknown) are made anew from the display times of the segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from itertools import chain
from typing import Any

from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from hub.media.errors import BrokenMedia
from hub.media.operations import Report
from hub.media.source import open_media
from hub.media.stream.codec_names import codec_of, extradata_of
from hub.media.stream.fragments import FragmentWriter, segment_name, write_atomically, write_init
from hub.media.stream.frame_times import Smoother
from hub.media.stream.plan import AudioGrid, CopyPlan, audio_plan, audio_stream, plan_of, video_plan
from hub.media.stream.reading import Clock, is_mp4, packets_from
from hub.media.stream.types import (
    CLOCK_HZ,
    EPOCH_S,
    AudioRendition,
    Made,
    SegmentsJob,
    VideoRendition,
    VideoTimeline,
)

_SAME_TICKS = 200  # of a key frame: stamps in milliseconds, and smoothed
_REORDERED = 2  # pictures between decoding and display, as usual with pyramids of B-frames
_BACK_US = (0, 2_000_000, 10_000_000, 60_000_000)
_MOVED = "The file is damaged, or it has changed: the key frame at {:.3f} s is not there."


def run(job: SegmentsJob, report: Report) -> Made:
    """Copy the job's segments of a video or audio rendition.

    Raises BrokenMedia when the file no longer has what the time line says, OutputNotWritable, InitMismatch, and what
    opening a file raises.
    """
    if not job.rendition.is_copy:
        raise ValueError(f"{job.rendition.id} is not a copy")
    made = (
        _video(job, job.rendition)
        if isinstance(job.rendition, VideoRendition)
        else _audio(job, job.rendition)
    )
    # Half of the time goes into writing: meanwhile the next segment is read. One ahead, as segments may be large.
    with ThreadPoolExecutor(1, thread_name_prefix="write") as disk:
        writing: Future[None] | None = None
        for k, (writer, packets) in enumerate(made, job.first):
            data = _repacked(job, writer, packets, k)
            if writing is not None:
                writing.result()
                report(k, job.stop, job.rendition.id)
            writing = disk.submit(_write, job.folder, k, writer.init, data)
        if writing is not None:
            writing.result()
            report(job.stop, job.stop, job.rendition.id)
    return Made(job.stop)


def _repacked(job: SegmentsJob, writer: FragmentWriter, packets: list[Packet[Any]], k: int) -> bytes:
    try:
        return writer.segment(packets, k)
    except (FFmpegError, ValueError) as error:  # the second: nothing came out
        words = (
            f"The file is damaged: what is at {float(plan_of(job.timeline, job.rendition).start_s(k)):.3f} s"
        )
        raise BrokenMedia(f"{words} cannot be repacked.") from error


def _write(folder: bytes, k: int, init: bytes, data: bytes) -> None:
    write_init(folder, init)
    write_atomically(folder, segment_name(k), data)


# --- pictures ---


def _video(job: SegmentsJob, rendition: VideoRendition) -> Iterator[tuple[FragmentWriter, list[Packet[Any]]]]:
    plan, video = video_plan(job.timeline, rendition), job.timeline.video
    if not isinstance(plan, CopyPlan) or video is None:
        raise ValueError(f"{rendition.id} has no copy plan")
    borders = plan.borders[job.first : job.stop + 1]
    for back_us in _BACK_US:
        with open_media(job.path) as (_, _, container):
            stream = _stream_of(container.streams.video, video.index)
            clock = Clock(job.timeline.start_us, stream.time_base or Fraction(1, CLOCK_HZ), CLOCK_HZ)
            # A millisecond more: rounding must not lead to the key frame before.
            goal_us = job.timeline.start_us + (borders[0] + CLOCK_HZ // 1000) * 1_000_000 // CLOCK_HZ
            packets = packets_from(container, stream, goal_us - back_us)
            key = _find(packets, borders[0], clock)
            if key is None:
                continue
            stamper = _Stamper(stream, video, clock, has_decode_times=is_mp4(container))
            writer = FragmentWriter(stream, CLOCK_HZ)
            for found, following in _between(key, packets, borders[1:], clock):
                stamper.stamp(found, following)
                yield writer, found
            return
    raise BrokenMedia(_MOVED.format(borders[0] / CLOCK_HZ))


def _begins(packet: Packet[Any], border: int, clock: Clock) -> bool:
    return packet.is_keyframe and packet.pts is not None and abs(clock.at(packet.pts) - border) <= _SAME_TICKS


def _find(packets: Iterator[Packet[Any]], border: int, clock: Clock) -> Packet[Any] | None:
    """The key frame at `border`; None when a picture comes so late that it cannot come any more."""
    for packet in packets:
        if _begins(packet, border, clock):
            return packet
        if packet.pts is not None and clock.at(packet.pts) > border + CLOCK_HZ:
            return None
    return None


def _between(
    key: Packet[Any], packets: Iterator[Packet[Any]], borders: Sequence[int], clock: Clock
) -> Iterator[tuple[list[Packet[Any]], list[Packet[Any]]]]:
    """(packets of a segment, the first of the next one up to where it shows later pictures); none after the last."""
    found: list[Packet[Any]] = [key]
    ahead: Iterator[Packet[Any]] = iter(())
    for n, border in enumerate(borders):
        following: list[Packet[Any]] = []
        for packet in chain(ahead, packets):
            if following:
                following.append(packet)
                if packet.pts is not None and packet.pts > (following[0].pts or 0):
                    break
            elif _begins(packet, border, clock):
                following.append(packet)
            else:
                found.append(packet)
        if not following and n + 1 < len(borders):
            raise BrokenMedia(_MOVED.format(border / CLOCK_HZ))
        if not following and len(found) > 1 and found[-1].is_corrupt:
            del found[-1]  # the end of the file cuts through it
        yield found, following
        found, ahead = following[:1], iter(following[1:])


class _Stamper:
    """Puts a segment's packets on the track's clock."""

    def __init__(
        self, stream: VideoStream, video: VideoTimeline, clock: Clock, *, has_decode_times: bool
    ) -> None:
        self._video, self._clock, self._has_decode_times = video, clock, has_decode_times
        frame = round(CLOCK_HZ / video.rate)
        is_reordered = codec_of(stream) in ("h264", "hevc") and stream.codec_context.has_b_frames
        self._delay = _REORDERED * frame if is_reordered else 0
        self._frame = frame
        self._smooth = Smoother.of(stream.time_base, video)

    def stamp(self, packets: list[Packet[Any]], following: list[Packet[Any]]) -> None:
        """Stamp the packets of a segment; `following` are the next segment's first, empty at the end."""
        shown, decoded = self._times(packets)
        _descend(decoded, shown)
        if following:
            end = min(self._times(following)[1])
        else:
            end = max(self._video.end_ticks - self._delay, decoded[-1] + 1)
            if self._has_decode_times:
                end = decoded[-1] + (self._clock.length(packets[-1].duration) or self._frame)
        epoch = EPOCH_S * CLOCK_HZ
        for n, packet in enumerate(packets):
            packet.pts, packet.dts = shown[n] + epoch, decoded[n] + epoch
            following_at = decoded[n + 1] if n + 1 < len(packets) else max(end, decoded[n] + 1)
            packet.duration = following_at - decoded[n]
            packet.time_base = Fraction(1, CLOCK_HZ)

    def _times(self, packets: Sequence[Packet[Any]]) -> tuple[list[int], list[int]]:
        """(display, decode) times in ticks of media time."""
        shown = []
        for packet in packets:
            if packet.pts is not None:
                shown.append(self._smooth(self._clock.at(packet.pts)))
            else:  # the second field of a picture goes with the first
                shown.append(shown[-1] + 1 if shown else self._clock.at(packet.dts or 0))
        if self._has_decode_times and all(packet.dts is not None for packet in packets):
            return shown, [self._clock.at(packet.dts or 0) for packet in packets]
        return shown, [at - self._delay for at in sorted(shown)]


def _descend(decoded: list[int], shown: list[int]) -> None:
    """Lower decode times where needed, so that they ascend and no picture is shown before it is decoded."""
    latest = None
    for n in range(len(decoded) - 1, -1, -1):
        decoded[n] = min(decoded[n], shown[n]) if latest is None else min(decoded[n], shown[n], latest - 1)
        latest = decoded[n]


# --- sound ---


def _audio(job: SegmentsJob, rendition: AudioRendition) -> Iterator[tuple[FragmentWriter, list[Packet[Any]]]]:
    plan = audio_plan(job.timeline, rendition)
    audio = audio_stream(job.timeline, rendition.index)
    wanted = range(plan.frames(job.first).start, plan.frames(job.stop - 1).stop)
    begin_s = Fraction(plan.position(wanted.start), plan.clock_hz) - EPOCH_S
    with open_media(job.path) as (_, _, container):
        stream = _stream_of(container.streams.audio, audio.index)
        clock = Clock(job.timeline.start_us, stream.time_base or Fraction(1, plan.clock_hz), plan.clock_hz)
        description = extradata_of(stream)
        writer = FragmentWriter(stream, plan.clock_hz, description)
        packets = packets_from(container, stream, job.timeline.start_us + int(begin_s * 1_000_000))
        numbered = _numbered(packets, clock, plan, wanted, has_headers=description is not None)
        late: list[tuple[int, Packet[Any]]] = []
        for k in range(job.first, job.stop):
            frames = plan.frames(k)
            found, late = _up_to(frames.stop, numbered, late)
            if not found:
                raise BrokenMedia(f"The file is damaged: it has no sound at {float(plan.start_s(k)):.3f} s.")
            for n, (number, packet) in enumerate(found):
                end = found[n + 1][0] if n + 1 < len(found) else frames.stop
                packet.pts = packet.dts = plan.position(number)
                packet.duration = (end - number) * plan.frame_samples
                packet.time_base = Fraction(1, plan.clock_hz)
            yield writer, [packet for _, packet in found]


def _numbered(
    packets: Iterator[Packet[Any]], clock: Clock, plan: AudioGrid, wanted: range, *, has_headers: bool
) -> Iterator[tuple[int, Packet[Any]]]:
    """(number of the frame, its packet) of the wanted frames; stamps may be rounded, numbers are exact."""
    last = wanted.start - 1
    for packet in packets:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            continue
        position = clock.at(stamp) + EPOCH_S * plan.clock_hz
        number = round((position - plan.position(0)) / plan.frame_samples)
        if number >= wanted.stop:
            return
        if number <= last:
            continue  # before the beginning, or a second one where stamps jumped back
        content = _without_header(bytes(packet)) if has_headers else bytes(packet)
        if has_headers and _without_header(content) is not content:
            continue  # damaged: another frame's header inside this one, which no muxer takes
        last = number
        # Without side data: what it says to skip at the beginning of the file would be skipped in each segment.
        copied: Packet[Any] = Packet(content)
        copied.is_keyframe = True
        yield number, copied


def _up_to(
    stop: int, numbered: Iterator[tuple[int, Packet[Any]]], late: list[tuple[int, Packet[Any]]]
) -> tuple[list[tuple[int, Packet[Any]]], list[tuple[int, Packet[Any]]]]:
    """(those before frame `stop`, the one that was taken too many)."""
    found = [item for item in late if item[0] < stop]
    if late and not found:
        return [], late
    for item in numbered:
        if item[0] >= stop:
            return found, [item]
        found.append(item)
    return found, []


def _without_header(frame: bytes) -> bytes:
    """An AAC frame without its ADTS header (ISO/IEC 13818-7 §6.2): seven bytes, nine with a checksum."""
    if len(frame) < 7 or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0:
        return frame
    return frame[7 if frame[1] & 1 else 9 :]


def _stream_of(streams: Sequence[Any], index: int) -> Any:
    found: Stream | None = next((s for s in streams if s.index == index), None)
    if found is None:
        raise BrokenMedia(
            f"The file is damaged, or it has changed: its stream {index} is no longer what it was."
        )
    return found
