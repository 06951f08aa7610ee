"""From decoded pictures to those of a rendition: upright, square pixels, its size, BT.709 with 8 bits. In a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import av.filter
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from hub.media.orientation import Orientation
from hub.media.probe import orientation_of

_HD_HEIGHT = 720
_UNSPECIFIED = 2
_BT709 = 1
_MATRICES = {
    0: "bt709",
    1: "bt709",
    4: "fcc",
    5: "bt470",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
"""ITU-T H.273 matrix coefficients → names the scale filter knows; 0 (RGB) needs none."""
_FULL_RANGE = 2
_TURNS = {90: (("transpose", "clock"),), 180: (("hflip", ""), ("vflip", "")), 270: (("transpose", "cclock"),)}

Filters = tuple[tuple[str, str], ...]


class Converter:
    """Makes pictures `width` × `height` out of whatever comes, also when it changes midway.

    The result is always BT.709 in limited range with square pixels, so that a rendition's header does not depend on
    the place in the file where making it began.
    """

    def __init__(self, width: int, height: int, *, threads: int = 1) -> None:
        self._width, self._height = width, height
        self._threads = threads
        self._kind: tuple[object, ...] | None = None
        self._graph: av.filter.Graph
        self._source: FilterContext
        self._sink: FilterContext

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """A new picture; `frame` is not changed and may be used by other threads at the same time."""
        orientation = orientation_of(frame)
        kind = (
            frame.width,
            frame.height,
            frame.format.name,
            frame.colorspace,
            frame.color_range,
            frame.color_trc,
            orientation,
        )
        if kind != self._kind:
            self._build(frame, orientation)
            self._kind = kind
        self._source.push(frame)
        converted = cast(VideoFrame, self._sink.pull())
        converted.pts = None
        return converted

    def _build(self, frame: VideoFrame, orientation: Orientation) -> None:
        width, height = self._width, self._height
        if orientation.swaps_sides:
            width, height = height, width
        matrix, is_full = colour_of(frame)
        colour = f"in_color_matrix={matrix}:out_color_matrix=bt709:out_range=limited"
        in_range = "full" if is_full else "limited"
        # Scaled first: turning small pictures costs less.
        chain: Filters = (
            ("scale", f"{width}:{height}:{colour}:in_range={in_range}"),
            ("format", "yuv420p"),
            *_upright(orientation),
            ("setsar", "1"),
        )
        self._graph, self._source, self._sink = linear_graph(frame, chain, self._threads)


def colour_of(frame: VideoFrame) -> tuple[str, bool]:
    """(the scale filter's name of the matrix, whether the range is full). What is not said is guessed from the size."""
    is_full = frame.color_range == _FULL_RANGE or frame.format.name.startswith(("yuvj", "gbr", "rgb", "bgr"))
    guess = "bt709" if min(frame.width, frame.height) >= _HD_HEIGHT else "smpte170m"
    return _MATRICES.get(frame.colorspace, guess), is_full


def linear_graph(
    frame: VideoFrame, filters: Sequence[tuple[str, str]], threads: int
) -> tuple[av.filter.Graph, FilterContext, FilterContext]:
    """(graph, where pictures like `frame` go in, where they come out); the graph must be kept."""
    graph = av.filter.Graph()
    graph.threads = threads
    source = graph.add("buffer", buffer_arguments(frame))
    sink = graph.add("buffersink")
    graph.link_nodes(
        source, *(graph.add(name, arguments or None) for name, arguments in filters), sink
    ).configure()
    return graph, source, sink


def buffer_arguments(frame: VideoFrame) -> str:
    """How a filter graph is told what pictures will come. Times mean nothing in it."""
    picture = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
    return f"{picture}:time_base=1/90000:pixel_aspect=1/1:colorspace={frame.colorspace}:range={frame.color_range}"


def _upright(orientation: Orientation) -> Filters:
    """Filters that mirror and turn, in that order."""
    mirror: Filters = ()
    if (
        orientation.transpose is not None
        and orientation.rotation in (0, 180)
        and orientation.transpose.name.startswith("FLIP")
    ):
        return (("hflip", ""),) if orientation.transpose.name == "FLIP_LEFT_RIGHT" else (("vflip", ""),)
    if orientation.transpose is not None and orientation.transpose.name in ("TRANSPOSE", "TRANSVERSE"):
        mirror = (("hflip", ""),)
    return (*mirror, *_TURNS.get(orientation.rotation, ()))
