"""Drawing subtitles that are pictures into the pictures of a rendition. Runs in a worker."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av.filter
from av.video.frame import VideoFrame

from hub.media.stream.pictures import buffer_arguments
from hub.media.stream.subpictures import Bitmap, Colour, Shown, SubPictures
from hub.media.stream.types import Timeline

_BT709, _LIMITED = 1, 1


class Burner:
    """Draws the subtitle stream `index` into pictures `width` × `height` in BT.709; see `SubPictures` for errors."""

    def __init__(
        self, path: bytes, timeline: Timeline, index: int, start: Fraction, width: int, height: int
    ) -> None:
        self._subtitles = SubPictures(path, timeline, index, start)
        self._width, self._height = width, height
        self._drawn: Shown | None = None
        self._layer: VideoFrame
        self._blend: _Blend | None = None

    def close(self) -> None:
        """Close the file."""
        self._subtitles.close()

    def shown_at(self, time: Fraction) -> Shown | None:
        """The subtitle to draw into a picture shown at media time `time`, if any; times never go back."""
        return self._subtitles.at(time)

    def draw(self, shown: Shown, frame: VideoFrame, coded_size: tuple[int, int]) -> VideoFrame:
        """A new picture with the subtitle in it; `coded_size` is that of the source's pictures."""
        if self._drawn is not shown:
            self._layer, self._drawn = layer(shown, coded_size, self._width, self._height), shown
        if self._blend is None:
            self._blend = _Blend(frame, self._layer)
        return self._blend.blend(frame, self._layer)


class _Blend:
    def __init__(self, frame: VideoFrame, over: VideoFrame) -> None:
        self._graph = graph = av.filter.Graph()
        graph.threads = 1
        self._under = graph.add("buffer", buffer_arguments(frame))
        self._over = graph.add("buffer", buffer_arguments(over))
        overlay, self._sink = graph.add("overlay", "format=yuv420"), graph.add("buffersink")
        self._under.link_to(overlay, 0, 0)
        self._over.link_to(overlay, 0, 1)
        overlay.link_to(self._sink)
        graph.configure()
        self._count = 0

    def blend(self, frame: VideoFrame, over: VideoFrame) -> VideoFrame:
        # The filter pairs pictures by their times, so both get the same one.
        for picture, source in ((over, self._over), (frame, self._under)):
            picture.pts, picture.time_base = self._count, Fraction(1, 90_000)
            source.push(picture)
        self._count += 1
        return cast(VideoFrame, self._sink.pull())


def layer(shown: Shown, coded_size: tuple[int, int], width: int, height: int) -> VideoFrame:
    """A transparent picture `width` × `height` with the subtitle's bitmaps where they belong, inside its edges."""
    canvas = shown.canvas or coded_size
    across, down = width / canvas[0], height / canvas[1]
    if canvas != coded_size:  # square pixels; the film may have lost its black bars
        across = down = max(across, down)
    left, top = (width - canvas[0] * across) / 2, (height - canvas[1] * down) / 2
    picture = VideoFrame(width, height, "yuva420p")
    picture.colorspace, picture.color_range = _BT709, _LIMITED
    planes = [
        bytearray(bytes([value]) * plane.buffer_size)
        for value, plane in zip((16, 128, 128, 0), picture.planes, strict=True)
    ]
    for bitmap in shown.bitmaps:
        w = min(max(2, round(bitmap.width * across / 2) * 2), width)
        h = min(max(2, round(bitmap.height * down / 2) * 2), height)
        x = min(max(0, round((left + bitmap.x * across) / 2) * 2), width - w)
        y = min(max(0, round((top + bitmap.y * down) / 2) * 2), height - h)
        scaled = _picture(bitmap).reformat(width=w, height=h, format="yuva420p", interpolation="BICUBIC")
        for number, (target, plane) in enumerate(zip(planes, scaled.planes, strict=True)):
            half = 2 if number in (1, 2) else 1
            stride, data = picture.planes[number].line_size, bytes(plane)
            for row in range(h // half):
                at = (y // half + row) * stride + x // half
                target[at : at + w // half] = data[row * plane.line_size :][: w // half]
    for target, plane in zip(planes, picture.planes, strict=True):
        plane.update(bytes(target))
    return picture


def _picture(bitmap: Bitmap) -> VideoFrame:
    """The bitmap in its own size."""
    picture = VideoFrame(bitmap.width, bitmap.height, "yuva444p")
    colours = [_to_bt709(colour) for colour in bitmap.palette]
    colours += [_to_bt709((0, 0, 0, 0))] * (256 - len(colours))
    for number, plane in enumerate(picture.planes):
        samples = bitmap.pixels.translate(bytes(colour[number] for colour in colours))
        rows = (samples[y * bitmap.width :][: bitmap.width] for y in range(bitmap.height))
        plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows))
    return picture


def _to_bt709(colour: Colour) -> tuple[int, int, int, int]:
    """(Y, Cb, Cr, opaqueness) in limited range."""
    red, green, blue = (value / 255 for value in colour[:3])
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + 219 * y),
        round(128 + 224 * (blue - y) / 1.8556),
        round(128 + 224 * (red - y) / 1.5748),
        colour[3],
    )
