"""The encoders of renditions: how each is set so that what it makes can be cut, joined and mixed. Runs in a worker."""

from __future__ import annotations

import io
import os
import re
from fractions import Fraction
from typing import cast

import av
import av.error
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from hub.media.errors import WorkerFailed
from hub.media.ladder import vbv
from hub.media.stream.types import VideoRendition

_BT709 = 1
_LIMITED_RANGE = 1
_LIBRARIES = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
# No key frames but those asked for, none that reach over a border, and headers that do not depend on the session.
_X264 = "stitchable=1:scenecut=0:open-gop=0:bframes=0:keyint=infinite"
_X265 = "scenecut=0:open-gop=0:bframes=0:keyint=-1:repeat-headers=0:info=0:log-level=none"


class VideoEncoder:
    """One run of an encoder for `rendition`; after `finish` it is used up.

    `threads` is the library's own number, 0 for as many as it likes.
    """

    def __init__(self, rendition: VideoRendition, threads: int) -> None:
        library = _LIBRARIES[rendition.codec]
        rate = Fraction(*rendition.frame_rate)
        # FragmentWriter wants a stream, and only one of a container that was started has its header.
        self._holder = av.open(io.BytesIO(), "w", format="mp4")
        os.environ.setdefault("SVT_LOG", "1")  # errors only
        stream = cast(VideoStream, self._holder.add_stream(library, rate=rate, options=options(rendition)))
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = rendition.width, rendition.height, "yuv420p"
        context.time_base, context.framerate = 1 / rate, rate
        context.sample_aspect_ratio = Fraction(1)
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        context.max_b_frames = 0
        context.thread_count = threads
        try:
            self._holder.start_encoding()
        except av.error.FFmpegError as error:
            raise WorkerFailed(f"The encoder {library} cannot be opened: {error.strerror}.") from error
        self.template = stream
        """For `FragmentWriter`."""

    def encode(self, frame: VideoFrame, number: int, *, is_key: bool) -> list[Packet[VideoStream]]:
        """Packets that came out when picture `number` went in; their pts are numbers of pictures."""
        frame.pts, frame.time_base = number, self.template.codec_context.time_base
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        return cast("list[Packet[VideoStream]]", self.template.codec_context.encode(frame))

    def finish(self) -> list[Packet[VideoStream]]:
        """The packets that are still inside."""
        return cast("list[Packet[VideoStream]]", self.template.codec_context.encode(None))


def starts_anew(codec: str) -> bool:
    """True when the codec's library makes a key frame only at its beginning, so each segment needs its own run."""
    return codec == "av1"


def options(rendition: VideoRendition) -> dict[str, str]:
    """The library's options: constant quality, but never more bits in a segment than `peak_bps` allows."""
    maxrate_bps, buffer_bits = vbv(rendition.peak_bps, Fraction(*rendition.frame_rate))
    if rendition.codec == "h264":
        return {
            "preset": "veryfast",
            "profile": "high",
            **_h264_level(rendition.codecs),
            "crf": "23",
            "maxrate": str(maxrate_bps),
            "bufsize": str(buffer_bits),
            "forced-idr": "1",
            "x264-params": _X264,
        }
    if rendition.codec == "hevc":
        limit = f"vbv-maxrate={maxrate_bps // 1000}:vbv-bufsize={buffer_bits // 1000}"
        parameters = f"{_X265}:{limit}{_hevc_level(rendition.codecs)}"
        return {"preset": "superfast", "crf": "26", "forced-idr": "1", "x265-params": parameters}
    parameters = f"mbr={maxrate_bps // 1000}kbps:scd=0{_av1_level(rendition.codecs)}"
    return {"preset": "10", "crf": "35", "svtav1-params": parameters}


# The level is what the playlist promises (RFC 6381), for the encoders would choose one of their own:


def _h264_level(codecs: str) -> dict[str, str]:
    """From `avc1.PPCCLL`."""
    found = re.fullmatch(r"avc1\.[0-9A-Fa-f]{4}([0-9A-Fa-f]{2})", codecs)
    return {"level": str(int(found.group(1), 16))} if found else {}


def _hevc_level(codecs: str) -> str:
    """From `hvc1.P.F.Lnnn`, nnn being thirty times the level (ISO/IEC 14496-15 annex E)."""
    found = re.match(r"hvc1\.\d+\.[0-9A-Fa-f]+\.L(\d+)", codecs)
    return f":level-idc={int(found.group(1)) / 30:.1f}:high-tier=0" if found else ""


def _av1_level(codecs: str) -> str:
    """From `av01.P.LLT`: level X.Y is number 4 (X - 2) + Y (AV1 bitstream specification, annex A.3)."""
    found = re.match(r"av01\.\d\.(\d\d)[MH]", codecs)
    if not found or (number := int(found.group(1))) > 23:
        return ""
    return f":level={2 + number // 4}{number % 4}"
