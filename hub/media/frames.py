"""Choosing the frame that stands for a video. Runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from hub.media import scoring
from hub.media.source import demux, limit_decoder

# Where to look, as parts of the duration: past the titles, before the ending gives itself away; the middle first.
POSITIONS = (0.3, 0.5, 0.15, 0.4, 0.65, 0.08, 0.8)
_BUDGET_S = 5.0  # of looking; then the best so far is taken
_PACKETS_TO_KEY_FRAME = 2_000
_OPENING_S, _OPENING_WORTH = 1.0, 0.75  # the first second is often a title or a slate
_SAMPLE_WIDTH = 160
_COLORSPACE_709, _COLORSPACE_UNSPECIFIED = 1, 2


class Candidate(NamedTuple):
    """A frame, its place in the video, and how well it would do."""

    frame: VideoFrame
    at_s: float
    total: float


def representative_frame(
    container: InputContainer, stream: VideoStream, duration_s: float | None
) -> Candidate | None:
    """The best-scoring frame of a few; None when nothing can be decoded.

    First key frames spread over the duration (each one seek and one decoded picture). When none is good, because there
    are few key frames or the file cannot be sought in, also frames from the start on, decoded one by one.
    """
    limit_decoder(stream)
    deadline = time.monotonic() + _BUDGET_S
    best: Candidate | None = None
    for frame in _key_frames(container, stream, duration_s):
        best = _better(best, frame, stream)
        if best.total >= scoring.EXCELLENT or time.monotonic() > deadline:
            return best
    if best is not None and best.total >= scoring.GOOD:
        return best
    for frame in _frames_from_start(container, stream, duration_s):
        best = _better(best, frame, stream)
        if best.total >= scoring.EXCELLENT or time.monotonic() > deadline:
            break
    return best


def sample(frame: VideoFrame) -> Image.Image:
    """A small RGB copy for measuring."""
    width = min(_SAMPLE_WIDTH, frame.width)
    return to_rgb(frame, width, max(1, round(frame.height * width / frame.width)))


def to_rgb(frame: VideoFrame, width: int, height: int) -> Image.Image:
    """The frame as an RGB picture of the given size, averaging pixels when it shrinks.

    High definition without a colour matrix is taken as BT.709, as players do.
    """
    unspecified = frame.colorspace == _COLORSPACE_UNSPECIFIED
    matrix = "ITU709" if unspecified and frame.height >= 720 and frame.format.name.startswith("yuv") else None
    small = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        interpolation="AREA",
        src_colorspace=matrix,
        dst_color_range="JPEG",
    )
    return image_of(small)


def image_of(frame: VideoFrame) -> Image.Image:
    """A Pillow picture of an rgb24 frame."""
    image = frame.to_image()  # type: ignore[no-untyped-call]
    assert isinstance(image, Image.Image)
    return image


def _better(best: Candidate | None, frame: VideoFrame, stream: VideoStream) -> Candidate:
    at_s = _time_s(frame, stream)
    total = scoring.score(sample(frame)).total * (1.0 if at_s >= _OPENING_S else _OPENING_WORTH)
    return Candidate(frame, at_s, total) if best is None or total > best.total else best


def _time_s(frame: VideoFrame, stream: VideoStream) -> float:
    """Seconds from the start; a frame from a drained decoder has lost its own time base."""
    if frame.pts is None or not stream.time_base:
        return 0.0
    return max(0.0, float((frame.pts - (stream.start_time or 0)) * stream.time_base))


def _key_frames(
    container: InputContainer, stream: VideoStream, duration_s: float | None
) -> Iterator[VideoFrame]:
    """The key frame before each position, each only once."""
    if not duration_s or not stream.time_base:
        return
    seen: set[int | None] = set()
    for position in POSITIONS:
        target = round(duration_s * position / stream.time_base) + (stream.start_time or 0)
        try:
            container.seek(target, stream=stream)
            frame = next_key_frame(container, stream)
        except av.error.FFmpegError:
            continue  # this stretch is damaged or not there; another may be fine
        if frame is not None and frame.pts not in seen:
            seen.add(frame.pts)
            yield frame


def next_key_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """The next key frame, decoded; None when there is none within reach. FFmpeg's errors."""
    for count, packet in enumerate(demux(container, stream)):
        if packet.size and packet.is_keyframe:
            frames = packet.decode()
            # A decoder that reorders holds the picture back until it is drained; the next seek revives it.
            frames = frames or stream.decode(None)
            return frames[0] if frames else None
        if count > _PACKETS_TO_KEY_FRAME:
            break
    return None


def _frames_from_start(
    container: InputContainer, stream: VideoStream, duration_s: float | None
) -> Iterator[VideoFrame]:
    """Frames as they come, thinned to a dozen over the duration (or two a second when it is unknown), 24 at most."""
    step_s = min(duration_s / 12, 5.0) if duration_s else 0.5
    next_s, left = -1.0, 24
    try:
        container.seek(0)
        for packet in demux(container, stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                at_s = _time_s(frame, stream) if frame.pts is not None else next_s
                if at_s >= next_s:
                    next_s, left = at_s + step_s, left - 1
                    yield frame
            if left <= 0:
                return
    except av.error.FFmpegError:
        return  # the rest cannot be read; what came before counts
