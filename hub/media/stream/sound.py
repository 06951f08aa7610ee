"""Decoded sound of a stream, sample by sample in media time, from wherever one asks.

What comes out at a given time does not depend on where reading began: decoded frames are placed on the grid of the
source's frames (stamps are rounded, to milliseconds in Matroska), and resampling begins where samples of both rates
fall together.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd
from statistics import fmean
from typing import Any

import av.filter
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as EndOfStream
from av.error import FFmpegError

from hub.media.stream.plan import ENCODED_SAMPLE_RATE_HZ
from hub.media.stream.reading import Clock, packets_from
from hub.media.stream.types import AudioTimeline

RATE_HZ = ENCODED_SAMPLE_RATE_HZ
SAMPLE_BYTES = 4  # 32-bit float, channels interleaved
_PREROLL_S = (
    0.7  # decoders need the frames before (MP3's bit reservoir, Opus' 80 ms), resamplers some samples
)
_ROUNDED_S = 0.003  # stamps are off by no more than this
_DRIFT_S = 0.02  # how far stamps and samples may come apart before the sound is moved
_ANCHOR_S = 0.6  # of frames whose stamps are averaged
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
# Dialogue is in the centre: it is kept at full level where the surround channels are halved.
_DOWNMIX = "center_mix_level=1.0:surround_mix_level=0.5:lfe_mix_level=0"


def samples(
    container: InputContainer,
    stream: AudioStream,
    audio: AudioTimeline,
    start_us: int,
    layout: str,
    begin: int,
    end: int,
) -> Iterator[bytes]:
    """Interleaved float samples from `begin` up to `end`, in 1 / RATE_HZ s of media time, without a gap.

    Where the stream has no sound, before it begins, after its end and in gaps, there is silence. The container must be
    freshly opened. Blocks hold whole samples and are at most a second long.
    """
    width = SAMPLE_BYTES * av.AudioLayout(layout).nb_channels
    at = begin
    for position, data in _resampled(_placed(container, stream, audio, start_us, begin), layout, width):
        if position >= end:
            break
        while at < position:
            step = min(position - at, RATE_HZ)
            yield bytes(step * width)
            at += step
        useful = data[(at - position) * width : (end - position) * width]
        if useful:
            yield useful
            at += len(useful) // width
        if at >= end:
            return
    while at < end:
        step = min(end - at, RATE_HZ)
        yield bytes(step * width)
        at += step


def _placed(
    container: InputContainer, stream: AudioStream, audio: AudioTimeline, start_us: int, begin: int
) -> Iterator[tuple[int, AudioFrame]]:
    """(media time in samples of its own rate, decoded frame); contiguous as long as stamps and samples agree."""
    goal_us = start_us + int((begin / RATE_HZ - _PREROLL_S) * 1_000_000)
    frames = _stamped(container, stream, goal_us, start_us)
    waiting: list[tuple[int | None, AudioFrame]] = []
    expected: int | None = None
    for stamp, frame in frames:
        if expected is None:
            is_gap = _breaks(waiting, stamp, frame)
            if not is_gap:
                waiting.append((stamp, frame))
            expected = _anchor(waiting, audio, is_last=is_gap)
            if expected is not None:
                for _, early in waiting:
                    yield expected, early
                    expected += early.samples
            if not is_gap or expected is None:
                continue
        if stamp is not None and abs(stamp - expected) > _DRIFT_S * frame.sample_rate:
            expected = _on_grid(stamp, frame, audio) or stamp
        yield expected, frame
        expected += frame.samples
    if expected is None and waiting:
        expected = _anchor(waiting, audio, is_last=True) or 0
        for _, early in waiting:
            yield expected, early
            expected += early.samples


def _stamped(
    container: InputContainer, stream: AudioStream, goal_us: int, start_us: int
) -> Iterator[tuple[int | None, AudioFrame]]:
    """(rounded media time in samples, decoded frame); what cannot be decoded is left out."""
    try:
        for packet in _and_the_end(packets_from(container, stream, goal_us)):
            try:
                decoded = stream.decode(packet)
            except FFmpegError:
                continue
            for frame in decoded:
                if frame.samples <= 0 or frame.sample_rate <= 0:
                    continue
                base = frame.time_base or stream.time_base
                stamp = None
                if frame.pts is not None and base is not None:
                    stamp = Clock(start_us, Fraction(base), frame.sample_rate).at(frame.pts)
                yield stamp, frame
    except FFmpegError:
        return  # the file is damaged from here on


def _and_the_end(packets: Iterator[Any]) -> Iterator[Any]:
    yield from packets
    yield None


def _breaks(waiting: list[tuple[int | None, AudioFrame]], stamp: int | None, frame: AudioFrame) -> bool:
    """True when the frame does not follow the waiting ones."""
    last, before = waiting[-1] if waiting else (None, frame)
    if last is None or stamp is None:
        return False
    return abs(stamp - last - before.samples) > _DRIFT_S * frame.sample_rate


def _anchor(
    waiting: list[tuple[int | None, AudioFrame]], audio: AudioTimeline, *, is_last: bool = False
) -> int | None:
    """Where the first of the waiting frames begins; None: not certain yet, wait for more."""
    before = 0
    offsets = []
    for stamp, frame in waiting:
        if stamp is not None:
            exact = _on_grid(stamp, frame, audio)
            if exact is not None:
                return exact - before
            offsets.append(stamp - before)
        before += frame.samples
    is_enough = is_last or before >= _ANCHOR_S * waiting[-1][1].sample_rate
    return round(fmean(offsets)) if offsets and is_enough else None  # rounding errors cancel out


def _on_grid(stamp: int, frame: AudioFrame, audio: AudioTimeline) -> int | None:
    """The exact place of a whole frame of a source with frames of equal length; None when it lies elsewhere."""
    length = audio.frame_samples
    if length is None or frame.samples != length or frame.sample_rate != audio.sample_rate_hz:
        return None
    number = round((stamp - audio.start_samples) / length)
    exact = audio.start_samples + number * length
    return exact if abs(exact - stamp) <= _ROUNDED_S * frame.sample_rate else None


def _resampled(
    placed: Iterator[tuple[int, AudioFrame]], layout: str, width: int
) -> Iterator[tuple[int, bytes]]:
    """(media time in 1 / RATE_HZ s, samples) of placed frames."""
    run: _Run | None = None
    for position, frame in placed:
        if run is None or not run.continues(position, frame):
            if run is not None:
                yield from run.finish()
            run = _Run(position, frame, layout, width)
        yield from run.push(frame)
    if run is not None:
        yield from run.finish()


class _Run:
    """Frames of one kind that follow each other without a gap, on their way through a resampler."""

    def __init__(self, position: int, frame: AudioFrame, layout: str, width: int) -> None:
        self._kind = _kind(frame)
        self._next, self._width = position, width
        hz = frame.sample_rate
        left_out = -position % (hz // gcd(hz, RATE_HZ))
        self._out = (position + left_out) * RATE_HZ // hz
        self._graph = graph = av.filter.Graph()
        source = graph.add(
            "abuffer",
            sample_rate=str(hz),
            sample_fmt=frame.format.name,
            channel_layout=_layout(frame),
            time_base=f"1/{hz}",
        )
        graph.link_nodes(
            source,
            graph.add("atrim", f"start_sample={left_out}"),
            graph.add("aresample", f"{RATE_HZ}:{_DOWNMIX}"),
            graph.add("aformat", f"sample_fmts=flt:sample_rates={RATE_HZ}:channel_layouts={layout}"),
            graph.add("abuffersink"),
        ).configure()

    def continues(self, position: int, frame: AudioFrame) -> bool:
        """True when the frame follows the last one."""
        return position == self._next and _kind(frame) == self._kind

    def push(self, frame: AudioFrame) -> Iterator[tuple[int, bytes]]:
        """Put a frame in, take out what is ready."""
        self._next += frame.samples
        frame.pts = None
        self._graph.push(frame)
        return self._pull()

    def finish(self) -> Iterator[tuple[int, bytes]]:
        """What the resampler still holds."""
        self._graph.push(None)
        return self._pull()

    def _pull(self) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                frame = self._graph.pull()
            except (NothingYet, EndOfStream):
                return
            assert isinstance(frame, AudioFrame)
            yield self._out, bytes(frame.planes[0])[: frame.samples * self._width]
            self._out += frame.samples


def _kind(frame: AudioFrame) -> tuple[str, int, str]:
    return frame.format.name, frame.sample_rate, frame.layout.name


def _layout(frame: AudioFrame) -> str:
    """The frame's channel layout; the usual one for files that only say how many channels there are."""
    name = frame.layout.name
    return _LAYOUTS.get(frame.layout.nb_channels, name) if name.endswith("channels") else name
