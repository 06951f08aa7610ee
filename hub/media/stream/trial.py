"""What this machine can encode: how fast in software, and with which hardware. Runs in a worker."""

from __future__ import annotations

import io
import time
from fractions import Fraction
from itertools import cycle
from typing import cast

import av
import av.error
import av.filter
import av.logging
from av.codec import Codec
from av.codec.hwaccel import HWAccel
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hub.media.operations import Report, TrialJob
from hub.media.stream.encoders import VideoEncoder
from hub.media.stream.types import HardwareEncoder, Trial, VideoRendition

HARDWARE = ("h264_nvenc", "h264_qsv", "h264_amf", "h264_vaapi", "h264_videotoolbox")
_SPEED_S = 0.5
_PICTURES = 8
_RENDITION = VideoRendition(
    id="trial",
    codec="h264",
    is_copy=False,
    width=1280,
    height=720,
    frame_rate=(25, 1),
    codecs="avc1.64001f",
    peak_bps=4_500_000,
    average_bps=2_500_000,
)


def run(job: TrialJob, report: Report) -> Trial:
    """The worker's operation `trial`."""
    pictures = _moving_pictures()
    speed = _pixels_per_s(pictures)
    report(1, 1 + len(HARDWARE), "libx264")
    encoders = []
    for number, name in enumerate(HARDWARE, 2):
        problem = hardware_problem(name, pictures)
        encoders.append(HardwareEncoder(name=name, problem=problem))
        report(number, 1 + len(HARDWARE), name)
    return Trial(pixels_per_s=speed, hardware=tuple(encoders))


def hardware_problem(name: str, pictures: list[VideoFrame]) -> str | None:
    """Why the encoder called `name` cannot be used here, in words; None when it encoded some pictures."""
    try:
        codec = Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return "This build of FFmpeg does not have it."
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)  # PyAV keeps all to itself otherwise
    with av.logging.Capture() as log:
        try:
            packets = _try(codec, pictures)
        except (av.error.FFmpegError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            return _in_words(error, log)
        finally:
            av.logging.set_level(level)
    return None if packets else "It takes pictures, but nothing comes out."


def _try(codec: Codec, pictures: list[VideoFrame]) -> int:
    """How many packets the encoder makes of a few pictures."""
    accelerator = HWAccel("vaapi", allow_software_fallback=False) if codec.name.endswith("vaapi") else None
    with av.open(io.BytesIO(), "w", format="null") as container:
        stream = cast(VideoStream, container.add_stream(codec.name, rate=25, hwaccel=accelerator))
        known = {form.name for form in codec.video_formats or ()}
        stream.width, stream.height = _RENDITION.width, _RENDITION.height
        stream.pix_fmt = "nv12" if "nv12" in known else "yuv420p"
        stream.codec_context.max_b_frames = 0
        packets = 0
        for number, picture in enumerate(pictures):
            frame = picture.reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            packets += len(stream.encode(frame))
        return packets + len(stream.encode(None))


def _in_words(error: Exception, log: list[tuple[int, str, str]]) -> str:
    """What the encoder said last, else the error's own words."""
    said = [message.strip() for _, _, message in log if message.strip()]
    words = (said[0] if said else getattr(error, "strerror", None) or str(error)).rstrip(".")
    return f"It cannot be opened: {words}."


def _pixels_per_s(pictures: list[VideoFrame]) -> float:
    """What libx264 with the settings of renditions encodes on all cores, per second of wall time."""
    encoder = VideoEncoder(_RENDITION, 0)
    began, done = time.perf_counter(), 0
    for number, picture in enumerate(cycle(pictures)):
        done += len(encoder.encode(picture, number, is_key=number == 0))
        if time.perf_counter() - began >= _SPEED_S:
            break
    done += len(encoder.finish())
    return done * _RENDITION.width * _RENDITION.height / (time.perf_counter() - began)


def _moving_pictures() -> list[VideoFrame]:
    """Some pictures as large as the trial's, about as hard to encode as a film."""
    graph = av.filter.Graph()
    size = f"size={_RENDITION.width}x{_RENDITION.height}:rate=25"
    filters = (("testsrc2", size), ("noise", "alls=6:allf=t"), ("format", "yuv420p"), ("buffersink", ""))
    graph.link_nodes(*(graph.add(name, arguments or None) for name, arguments in filters)).configure()
    return [cast(VideoFrame, graph.pull()) for _ in range(_PICTURES)]
