"""How loud a file is, by EBU R 128 (ITU-R BS.1770), measured by FFmpeg's own filter. Runs in a worker."""

from __future__ import annotations

import math
import time

import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph
from av.stream import Disposition

from hub.media.errors import BrokenMedia, NotMedia
from hub.media.operations import LoudnessJob, Report
from hub.media.source import decoder_of, demux, open_media
from hub.media.types import Loudness

_REPORT_EVERY_S = 0.5
_QUIETEST_LUFS = -70.0
"""The absolute gate of BS.1770: nothing below it counts, and silence measures as this."""


def run(job: LoudnessJob, report: Report) -> Loudness:
    """Loudness of the audio stream a player starts with.

    NotMedia when there is none, BrokenMedia when it is silent or nothing of it can be decoded, what `open_media`
    raises.
    """
    with open_media(job.path) as (_, _, container):
        stream = _audio(container)
        if stream is None:
            raise NotMedia("There is no audio in this file.")
        meter = _Meter()
        total_s = (container.duration or 0) // 1_000_000
        reported = time.monotonic()
        for packet in demux(container, stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue  # a damaged stretch; the rest counts
            for frame in frames:
                meter.take(frame)
            if frames and total_s and time.monotonic() - reported >= _REPORT_EVERY_S:
                reported = time.monotonic()
                report(min(total_s, round(frames[-1].time or 0)), total_s, "loudness")
        return meter.result()


def _audio(container: InputContainer) -> AudioStream | None:
    streams = [stream for stream in container.streams.audio if decoder_of(stream) is not None]
    defaults = [stream for stream in streams if stream.disposition & Disposition.default]
    return next(iter(defaults or streams), None)


class _Meter:
    """The filter, made for the first frame and anew whenever the audio changes its form."""

    def __init__(self) -> None:
        self._form: tuple[str, str, int] | None = None
        self._graph: Graph | None = None
        self._measured: dict[str, str] = {}

    def take(self, frame: AudioFrame) -> None:
        """Measure one frame."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._graph is None:
            self._form, self._graph = form, _graph(frame)
        elif form != self._form:
            return  # what follows a change of form is left out: one measurement cannot go on in another graph
        frame.pts = None
        self._graph.push(frame)
        while True:
            try:
                metered = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self._measured = metered.metadata or self._measured

    def result(self) -> Loudness:
        """What was measured. BrokenMedia when nothing was."""
        lufs = _number(self._measured.get("lavfi.r128.I"))
        peak = _number(self._measured.get("lavfi.r128.true_peak"))
        if lufs is None or peak is None or lufs <= _QUIETEST_LUFS or peak <= 0:
            raise BrokenMedia("There is nothing to be heard in this file.")
        return Loudness(integrated_lufs=round(lufs, 2), true_peak_dbtp=round(20 * math.log10(peak), 2))


def _graph(frame: AudioFrame) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
    )
    meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
    graph.link_nodes(source, meter, graph.add("abuffersink")).configure()
    return graph


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
