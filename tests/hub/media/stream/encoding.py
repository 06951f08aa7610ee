"""What the tests of encode sessions share: time lines read the plain way, renditions, and looking at what came out."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.video.frame import VideoFrame

from hub.media.grants import Grants
from hub.media.stream import encode
from hub.media.stream.plan import VideoGrid
from hub.media.stream.types import (
    CLOCK_HZ,
    EPOCH_S,
    EncodeJob,
    EncodeOutput,
    Timeline,
    VideoRendition,
    VideoTimeline,
)


def timeline_of(path: Path, *, keys: bool = True, is_variable: bool = False) -> Timeline:
    """The time line of a small, sound file, from all its packets."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        assert stream.guessed_rate is not None
        start_us = container.start_time or 0
        origin = Fraction(start_us, 1_000_000)
        rate = Fraction(stream.guessed_rate)
        packets = [(p.pts, p.duration, p.is_keyframe) for p in container.demux(stream) if p.pts is not None]
        frame = round(1 / rate / stream.time_base)
        end = max(pts + (duration or frame) for pts, duration, _ in packets) * stream.time_base - origin
        key_ticks = sorted(
            round((pts * stream.time_base - origin) * CLOCK_HZ) for pts, _, key in packets if key
        )
        return Timeline(
            start_us=start_us,
            duration_s=float(end),
            video=VideoTimeline(
                index=stream.index,
                frame_rate=(rate.numerator, rate.denominator),
                is_variable=is_variable,
                end_ticks=round(end * CLOCK_HZ),
                keys=tuple(key_ticks) if keys else (),
            ),
            audio=(),
        )


def rendition(
    height: int = 90,
    width: int = 160,
    *,
    rate: tuple[int, int] = (25, 1),
    codec: str = "h264",
    codecs: str = "avc1.64001f",
    peak_bps: int = 2_000_000,
    burn: int | None = None,
) -> VideoRendition:
    """A rendition as the hub would offer it."""
    return VideoRendition(
        id=f"v{height}-{codec}",
        codec=codec,
        is_copy=False,
        width=width,
        height=height,
        frame_rate=rate,
        codecs=codecs,
        peak_bps=peak_bps,
        average_bps=peak_bps // 2,
        burn=burn,
    )


class Session(NamedTuple):
    """A finished session: where its segments are, and what it reported."""

    folder: Path
    reports: list[tuple[int, int, str]]

    def segments(self, wanted: VideoRendition) -> list[int]:
        """The segments that exist."""
        return sorted(int(path.stem) for path in (self.folder / wanted.id).glob("*.m4s"))

    def decode(self, wanted: VideoRendition, first: int, stop: int) -> list[VideoFrame]:
        """The pictures of a stretch of segments, joined; an error if any is damaged."""
        folder = self.folder / wanted.id
        data = b"".join(
            path.read_bytes()
            for path in [folder / "init.mp4", *(folder / f"{k}.m4s" for k in range(first, stop))]
        )
        with av.open(io.BytesIO(data), "r", options={"err_detect": "explode"}) as container:
            return list(container.decode(video=0))


def run_session(
    path: Path, timeline: Timeline, renditions: list[VideoRendition], first: int, stop: int, folder: Path
) -> Session:
    """A whole session in this process."""
    reports: list[tuple[int, int, str]] = []
    job = job_of(path, timeline, renditions, first, stop, folder)
    encode.run(job, lambda done, total, text: reports.append((done, total, text)), Grants())
    return Session(folder, reports)


def job_of(
    path: Path,
    timeline: Timeline,
    renditions: list[VideoRendition],
    first: int,
    stop: int,
    folder: Path,
    granted: int | None = None,
) -> EncodeJob:
    """A job whose folders exist."""
    for one in renditions:
        (folder / one.id).mkdir(parents=True, exist_ok=True)
    return EncodeJob(
        path=os.fsencode(path),
        timeline=timeline,
        outputs=tuple(EncodeOutput(rendition=one, folder=os.fsencode(folder / one.id)) for one in renditions),
        first=first,
        stop=stop,
        granted=stop if granted is None else granted,
        threads=1,
    )


def ticks(frame: VideoFrame) -> int:
    """Media time of a picture that came out, in ticks."""
    assert frame.pts is not None
    assert frame.time_base is not None
    return round((frame.pts * frame.time_base - EPOCH_S) * CLOCK_HZ)


def planned_ticks(wanted: VideoRendition, timeline: Timeline, first: int, stop: int) -> list[int]:
    """Media times of the pictures the plan has in a stretch of segments."""
    assert timeline.video is not None
    plan = VideoGrid(wanted.frame_rate, timeline.video.end_ticks)
    return [plan.position(n) - EPOCH_S * CLOCK_HZ for k in range(first, stop) for n in plan.frames(k)]


_BIT = "floor(N/2^floor(8*X/W))"
COUNTER = f"nullsrc,geq=lum='16+219*({_BIT}-2*floor({_BIT}/2))':cb=128:cr=128"
"""A source whose picture n shows the eight bits of n as upright bars, the lowest on the left."""


def number_of(frame: VideoFrame) -> int:
    """The number a picture of COUNTER shows."""
    plane, bar = frame.planes[0], frame.width // 8
    middle = frame.height // 2 * plane.line_size + bar // 2
    row = bytes(plane)
    return sum(1 << bit for bit in range(8) if row[middle + bit * bar] > 128)
