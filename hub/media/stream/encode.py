"""An encode session: pictures of a file from some segment on, into one rendition or a whole ladder. Runs in a worker.

One loop decodes. Each rendition has a thread that brings pictures to its rate and size, encodes them, and writes each
segment as soon as its last packet is out. Frame n of a rendition shows the last picture whose time, rounded to the
rendition's rate, is not after n; so a segment's contents do not depend on where its session began.

An encoder is run to its end wherever the next segment is not wanted yet, and after the first segment of a single
rendition, for which a viewer waits: what it still holds would otherwise come out only with later pictures.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from math import floor

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hub.media.grants import Grants
from hub.media.operations import Report, WarmUpJob
from hub.media.source import media_errors
from hub.media.stream.burn import Burner
from hub.media.stream.decoding import Picture, pictures
from hub.media.stream.encoders import VideoEncoder, starts_anew
from hub.media.stream.fragments import FragmentWriter, segment_name, write_atomically, write_init
from hub.media.stream.pictures import Converter, deinterlaced
from hub.media.stream.plan import VideoGrid
from hub.media.stream.subpictures import Shown
from hub.media.stream.types import SEGMENT_S, EncodeJob, EncodeOutput, Made, VideoRendition

_QUEUED_PICTURES = 6
_LOOK_UP_S = 0.1  # how often a thread that waits looks whether the session has ended
_BEAT_S = 0.5


# As many threads as x264 takes by itself, but each costs address space, of which a worker has only so much.
_THREADS_ALONE, _THREADS_IN_LADDER = 16, 8


class _Ended(Exception):
    """The session ends before its time; the reason is with whoever ended it."""


def run(job: EncodeJob, report: Report, grants: Grants) -> Made:
    """The worker's operation `encode`: see EncodeJob.

    `report(next, stop, rendition id)` tells that a rendition's segments before `next` exist, and is repeated about
    twice a second while the session works. Raises NoPicture, BrokenMedia, OutputNotWritable, InitMismatch and what
    opening a file raises.
    """
    grants.allow(job.granted)
    with media_errors():
        _Session(job, report, grants).run()
    return Made(job.stop)


class _Session:
    def __init__(self, job: EncodeJob, report: Report, grants: Grants) -> None:
        self.job, self.grants = job, grants
        self._report = report
        self._ended = threading.Event()
        self._problem: BaseException | None = None
        self._reported_at = time.monotonic()
        most = _THREADS_ALONE if len(job.outputs) == 1 else _THREADS_IN_LADDER
        self.threads = job.threads or min((os.cpu_count() or 1) * 3 // 2, most)
        self._rungs = [_Rung(self, output) for output in job.outputs]

    def run(self) -> None:
        threads = [threading.Thread(target=rung.run, name=rung.id) for rung in self._rungs]
        for thread in threads:
            thread.start()
        try:
            self._decode()
            for rung in self._rungs:
                rung.offer(None)
        except _Ended:
            pass
        except BaseException as error:  # noqa: BLE001  # raised again below, when no thread is left
            self.fail(error)
        for thread in threads:
            thread.join()
        if self._problem is not None:
            raise self._problem

    def _decode(self) -> None:
        job = self.job
        rates = [rung.rate for rung in self._rungs]
        slack = Fraction(1, 2) / max(rates)
        found = pictures(job.path, job.timeline, Fraction(job.first * SEGMENT_S), slack, self.beat)
        for picture in deinterlaced(found):
            wanted = [rung.offer(picture) for rung in self._rungs]
            if not any(wanted):
                return

    def beat(self) -> None:
        """Called at each step of work: says now and then that there is some."""
        now = time.monotonic()
        if now - self._reported_at >= _BEAT_S:
            self._reported_at = now
            for rung in self._rungs:
                self.made(rung)

    def made(self, rung: _Rung) -> None:
        """Tell the hub how far `rung` is."""
        self._report(rung.made, self.job.stop, rung.id)

    def wait_for_grant(self, k: int) -> None:
        """Returns when segment `k` may be made."""
        while not self.grants.wait_for(k, _LOOK_UP_S):
            self.check()

    def check(self) -> None:
        """Raises _Ended when the session is over."""
        if self._ended.is_set():
            raise _Ended

    def fail(self, error: BaseException) -> None:
        """End the session for `error`; the first one counts."""
        self._problem = self._problem or error
        self._ended.set()


class _Rung:
    """One rendition of the session."""

    def __init__(self, session: _Session, output: EncodeOutput) -> None:
        job, rendition = session.job, output.rendition
        assert job.timeline.video is not None
        self.id = rendition.id
        self.rate = Fraction(*rendition.frame_rate)
        self.made = job.first
        self._session = session
        self._rendition, self._folder = rendition, output.folder
        self._plan = VideoGrid(rendition.frame_rate, job.timeline.video.end_ticks)
        self._stop = self._plan.frames(job.stop - 1).stop
        self._queue: queue.Queue[Picture | None] = queue.Queue(_QUEUED_PICTURES)
        self._has_enough = threading.Event()
        self._converter = Converter(rendition.width, rendition.height)
        self._segment, self._frames = job.first, self._plan.frames(job.first)  # being put in
        self._next = self._frames.start
        self._encoder: VideoEncoder | None = None
        self._writer: FragmentWriter | None = None
        self._packets: list[Packet[VideoStream]] = []
        self._burner: Burner | None = None
        self._burnt: tuple[Shown, VideoFrame, VideoFrame] | None = (
            None  # subtitle, picture without and with it
        )

    # The decoding thread's side:

    def offer(self, picture: Picture | None) -> bool:
        """Hand on a picture (None: there are no more); False when no more are wanted. Waits for room in the queue."""
        while not self._has_enough.is_set():
            self._session.check()
            try:
                self._queue.put(picture, timeout=_LOOK_UP_S)
            except queue.Full:
                continue
            return True
        return False

    # The rung's own thread:

    def run(self) -> None:
        """Encode what is offered."""
        try:
            self._burner = self._open_burner()
            self._work()
        except _Ended:
            pass
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits for this one
            self._session.fail(error)
        if self._burner is not None:
            self._burner.close()
        self._has_enough.set()

    def _open_burner(self) -> Burner | None:
        job, rendition = self._session.job, self._rendition
        if rendition.burn is None:
            return None
        start = Fraction(job.first * SEGMENT_S)
        return Burner(job.path, job.timeline, rendition.burn, start, rendition.width, rendition.height)

    def _work(self) -> None:
        shown: Picture | None = None
        while self._next < self._stop:
            coming = self._take()
            if shown is not None:
                self._show(shown.frame, self._number(coming))
            if coming is None:
                return
            shown = coming

    def _take(self) -> Picture | None:
        while True:
            self._session.check()
            try:
                return self._queue.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                continue

    def _number(self, picture: Picture | None) -> int:
        """The frame from which on `picture` is shown; the end when there is none."""
        if picture is None:
            return self._stop
        return min(floor(picture.at * self.rate + Fraction(1, 2)), self._stop)

    def _show(self, source: VideoFrame, until: int) -> None:
        """Encode `source` as all frames up to, not including, `until`."""
        converted: VideoFrame | None = None
        while self._next < until:
            is_key = self._next == self._frames.start
            if is_key:
                self._session.wait_for_grant(self._segment)
            encoder = self._encoder or self._open()
            converted = converted or self._converter.convert(source)
            picture = (
                converted if self._burner is None else self._with_subtitle(self._burner, converted, source)
            )
            self._deliver(encoder.encode(picture, self._next, is_key=is_key))
            self._session.beat()
            self._next += 1
            if self._next == self._frames.stop:
                self._end_segment(encoder)

    def _with_subtitle(self, burner: Burner, converted: VideoFrame, source: VideoFrame) -> VideoFrame:
        shown = burner.shown_at(self._next / self.rate)
        if shown is None:
            return converted
        if self._burnt is None or self._burnt[0] is not shown or self._burnt[1] is not converted:
            self._burnt = shown, converted, burner.draw(shown, converted, (source.width, source.height))
        return self._burnt[2]

    def _open(self) -> VideoEncoder:
        self._encoder = VideoEncoder(self._rendition, self._session.threads)
        self._writer = FragmentWriter(self._encoder.template, self._plan.clock_hz)
        write_init(self._folder, self._writer.init)
        return self._encoder

    def _end_segment(self, encoder: VideoEncoder) -> None:
        ended, job = self._segment, self._session.job
        self._segment += 1
        if self._segment < job.stop:
            self._frames = self._plan.frames(self._segment)
        # A viewer waits for the first segment of a single rendition; a ladder is made ahead, and a run costs memory.
        is_waited_for = ended == job.first and len(job.outputs) == 1
        is_last_for_now = self._segment == job.stop or not self._session.grants.covers(self._segment)
        if is_waited_for or is_last_for_now or starts_anew(self._rendition.codec):
            self._deliver(encoder.finish())
            self._encoder = None

    def _deliver(self, packets: Sequence[Packet[VideoStream]]) -> None:
        """Take packets in, and write each segment that is complete with them."""
        for packet in packets:
            self._packets.append(packet)
            if len(self._packets) == len(self._plan.frames(self.made)):
                self._write()

    def _write(self) -> None:
        assert self._writer is not None
        packets, self._packets = self._packets, []
        for number, packet in zip(self._plan.frames(self.made), packets, strict=True):
            packet.time_base = Fraction(1, self._plan.clock_hz)
            packet.pts = packet.dts = self._plan.position(number)
            packet.duration = self._plan.position(number + 1) - self._plan.position(number)
        write_atomically(self._folder, segment_name(self.made), self._writer.segment(packets, self.made))
        self.made += 1
        self._session.made(self)


def warm_up(job: WarmUpJob, report: Report) -> str:
    """The worker's operation `warm_up`: everything a session needs is loaded, so that the first one begins at once."""
    rendition = VideoRendition(
        id="warm-up", codec="h264", is_copy=False, width=64, height=64, frame_rate=(25, 1), codecs="avc1.64000a",
        peak_bps=100_000, average_bps=50_000,
    )  # fmt: skip
    encoder = VideoEncoder(rendition, 1)
    frame = Converter(64, 64).convert(VideoFrame(32, 32, "yuv420p"))
    packets = [*encoder.encode(frame, 0, is_key=True), *encoder.finish()]
    return f"{encoder.template.codec_context.codec.name}, {len(packets)} picture"
