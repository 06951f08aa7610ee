"""From decoded pictures to those of a rendition: upright, square pixels, its size, BT.709 with 8 bits. In a worker."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import av.error
import av.filter
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from PIL import Image

from hub.media.orientation import Orientation
from hub.media.probe import orientation_of
from hub.media.stream.decoding import Picture
from hub.media.stream.tonemap import Colours, cube

Filters = tuple[tuple[str, str], ...]

_HD_HEIGHT = 720
# ITU-T H.273 code points, as FFmpeg numbers them, and the scale filter's names of matrices.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_TRANSFER_PQ, _TRANSFER_HLG = 16, 18
_PRIMARIES_2020 = 9
_RANGE_FULL = 2
# Not `vflip`: its pictures lie upside down in memory, which not every encoder takes.
_TURNS: dict[Image.Transpose | None, Filters] = {
    None: (),
    Image.Transpose.ROTATE_270: (("transpose", "clock"),),
    Image.Transpose.ROTATE_180: (("transpose", "clock"), ("transpose", "clock")),
    Image.Transpose.ROTATE_90: (("transpose", "cclock"),),
    Image.Transpose.FLIP_LEFT_RIGHT: (("hflip", ""),),
    Image.Transpose.FLIP_TOP_BOTTOM: (("transpose", "clock"), ("transpose", "cclock_flip")),
    Image.Transpose.TRANSPOSE: (("transpose", "cclock_flip"),),
    Image.Transpose.TRANSVERSE: (("transpose", "clock_flip"),),
}


class Converter:
    """Makes pictures `width` × `height` (both even) out of whatever comes, also when it changes midway.

    The result is always BT.709 in limited range with square pixels, so that a rendition's header does not depend on
    the place in the file where making it began. `threads` is for each filter, 0 for as many as there are cores.
    """

    def __init__(self, width: int, height: int, *, threads: int = 1) -> None:
        self._width, self._height = width, height
        self._threads = threads
        self._kind: tuple[object, ...] | None = None
        self._graph: _Linear

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """A new picture; `frame` is not changed and may be used by other threads at the same time."""
        kind = (*_look(frame), frame.color_trc, frame.color_primaries, frame.rotation)
        if kind != self._kind:
            # Not for each frame: looking at side data puts it into a reference cycle, and its memory stays taken.
            self._graph = _Linear(frame, self._filters(frame, orientation_of(frame)), self._threads)
            self._kind = kind
        (converted,) = self._graph.push(frame)
        return converted

    def _filters(self, frame: VideoFrame, orientation: Orientation) -> Filters:
        # Scaled first: turning and mapping colours cost less on small pictures.
        size = f"{self._width}:{self._height}"
        if orientation.swaps_sides:
            size = f"{self._height}:{self._width}"
        scale = f"{size}:in_color_matrix={_matrix(frame)}:in_range={'full' if _is_full(frame) else 'limited'}"
        to_709 = "out_color_matrix=bt709:out_range=limited"
        colours = _colours(frame)
        if colours is None:
            return (("scale", f"{scale}:{to_709}"), ("format", "yuv420p"), *_TURNS[orientation.transpose])
        return (
            ("scale", f"{scale}:out_range=full"),
            ("format", "gbrp10le"),
            ("lut3d", colours),
            ("scale", to_709),
            ("format", "yuv420p"),
            *_TURNS[orientation.transpose],
        )


def deinterlaced(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """The pictures with those that consist of two fields made whole; untouched until the first such one comes."""
    filters: _Linear | None = None
    look: tuple[object, ...] = ()
    times: deque[Picture] = deque()  # of what is inside: the filter looks one picture ahead

    def out(frames: Sequence[VideoFrame]) -> Iterator[Picture]:
        for frame in frames:
            yield Picture(frame, times.popleft().at)

    for picture in pictures:
        frame = picture.frame
        if filters is not None and look != _look(frame):
            yield from out(filters.finish())
            filters = None
        if filters is None and frame.interlaced_frame:
            filters, look = _Linear(frame, (("bwdif", "mode=send_frame:deint=interlaced"),), 0), _look(frame)
        if filters is None:
            yield picture
        else:
            times.append(picture)
            yield from out(filters.push(frame))
    if filters is not None:
        yield from out(filters.finish())


class _Linear:
    """A chain of filters between a source of pictures like `frame` and a sink. `lut3d` takes a kind of colours."""

    def __init__(self, frame: VideoFrame, filters: Filters, threads: int) -> None:
        self._graph = graph = av.filter.Graph()
        graph.threads = threads
        self._source = graph.add("buffer", buffer_arguments(frame))
        self._sink = graph.add("buffersink")
        nodes = [_lut(graph, arguments) if name == "lut3d" else graph.add(name, arguments or None)
                 for name, arguments in filters]  # fmt: skip
        graph.link_nodes(self._source, *nodes, self._sink).configure()

    def push(self, frame: VideoFrame) -> list[VideoFrame]:
        """What comes out when `frame` goes in."""
        self._source.push(frame)
        return self._pull()

    def finish(self) -> list[VideoFrame]:
        """What is left."""
        self._source.push(None)
        return self._pull()

    def _pull(self) -> list[VideoFrame]:
        frames = []
        while True:
            try:
                frames.append(cast(VideoFrame, self._sink.pull()))
            except (av.error.BlockingIOError, av.error.EOFError):
                return frames


def buffer_arguments(frame: VideoFrame) -> str:
    """How a filter graph is told what pictures will come. Times mean nothing in it."""
    picture = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
    return f"{picture}:time_base=1/90000:pixel_aspect=1/1:colorspace={frame.colorspace}:range={frame.color_range}"


def _look(frame: VideoFrame) -> tuple[object, ...]:
    """What a filter graph is built for."""
    return frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range


def _is_full(frame: VideoFrame) -> bool:
    return frame.color_range == _RANGE_FULL or frame.format.name.startswith(("yuvj", "gbr", "rgb", "bgr"))


def _matrix(frame: VideoFrame) -> str:
    """Where nothing is said, high definition is taken as BT.709 and the rest as BT.601, as players do."""
    guess = "bt709" if min(frame.width, frame.height) >= _HD_HEIGHT else "smpte170m"
    return _MATRICES.get(frame.colorspace, guess)


def _colours(frame: VideoFrame) -> Colours | None:
    """What must be done about colours beyond changing the matrix: for high dynamic range and wide gamut."""
    if frame.color_trc == _TRANSFER_PQ:
        return "pq"
    if frame.color_trc == _TRANSFER_HLG:
        return "hlg"
    return "wide" if frame.color_primaries == _PRIMARIES_2020 else None


def _lut(graph: av.filter.Graph, colours: str) -> FilterContext:
    """The filter takes its table from a file only, and reads it at once."""
    with tempfile.TemporaryDirectory(prefix="marquee-lut-") as folder:
        file = Path(folder) / "colours.cube"
        file.write_text(cube(cast(Colours, colours)), encoding="ascii")
        return graph.add("lut3d", None, file=str(file), interp="tetrahedral")
