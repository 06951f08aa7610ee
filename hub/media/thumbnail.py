"""Making thumbnails: a poster if there is one, else cover art, else a representative frame. Runs in a worker."""

from __future__ import annotations

import io
import os
import sys
import warnings
from fractions import Fraction
from typing import Literal, NamedTuple

import av.error
import av.filter
from av.container import InputContainer
from av.stream import Stream as AvStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageOps, ImageStat

from hub.media.errors import BadPicture, NoPicture, TooDemanding, UnreadableFile
from hub.media.files import open_regular, publish, read_up_to, reason
from hub.media.frames import image_of, representative_frame, to_rgb
from hub.media.operations import Report, ThumbnailJob
from hub.media.orientation import Orientation
from hub.media.probe import display_size, is_cover, orientation_of
from hub.media.source import decoder_of, demux, open_media
from hub.media.types import Thumbnails

HDR_TRANSFERS = (16, 18)  # SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), ITU-T H.273 code points
_TALLEST = 16 / 9  # height to width of a portrait thumbnail at most: what is narrower is made narrower still
_ANY_TIME_BASE = Fraction(1, 1000)  # a single frame has no need of one, a graph has
_MAX_PICTURE_BYTES = 64 << 20
_MAX_PICTURE_PIXELS = 100_000_000
_PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


class _Picture(NamedTuple):
    image: Image.Image
    source: Literal["poster", "cover", "frame"]
    at_s: float | None = None


def run(job: ThumbnailJob, report: Report) -> Thumbnails:
    """The worker's door to `make_thumbnails`."""
    return make_thumbnails(job.source, job.out_dir, job.prefix, widths=job.widths, poster=job.poster)


def make_thumbnails(
    source: bytes, out_dir: bytes, prefix: str, *, widths: tuple[int, ...], poster: bytes | None = None
) -> Thumbnails:
    """Write `<prefix>-<width>.webp` into `out_dir` for the media file `source`.

    Nothing is enlarged: of `widths` those are made that the picture fills, and the next one, which then is as large as
    the picture. A 500 pixel wide video has `-320` (320 wide) and `-640` (500 wide) and no `-1280`; whoever serves them
    takes the nearest that exists. None is higher than 16:9 of its nominal width. Files appear whole or not at all.

    Raises NoPicture (audio without cover art, nothing decodable), what `probe` raises, and OutputNotWritable. A poster
    that cannot be used is no error: the video's own picture is taken and `poster_problem` says why.
    """
    picture, problem = None, None
    if poster is not None:
        try:
            picture = _Picture(open_picture(poster, max(widths)), "poster")
        except (BadPicture, UnreadableFile, TooDemanding) as error:
            problem = error.message
    if picture is None:
        picture = _from_media(source, max(widths))
    made, size = _write_all(picture.image, out_dir, prefix, tuple(sorted(widths)))
    red, green, blue = (round(x) for x in ImageStat.Stat(picture.image.reduce(4)).mean)
    return Thumbnails(
        widths=made,
        width=size[0],
        height=size[1],
        color=f"#{red:02x}{green:02x}{blue:02x}",
        source=picture.source,
        at_s=picture.at_s,
        poster_problem=problem,
    )


def open_picture(path: bytes, max_width: int) -> Image.Image:
    """The picture file at `path`, upright, RGB, at most `max_width` wide. BadPicture says why not."""
    try:
        with open_regular(path) as fd:
            if os.fstat(fd).st_size > _MAX_PICTURE_BYTES:
                raise BadPicture(f"The picture is larger than {_MAX_PICTURE_BYTES >> 20} MiB.")
            data = read_up_to(fd, 0, _MAX_PICTURE_BYTES)
    except OSError as error:
        raise BadPicture(f"The picture cannot be read: {reason(error)}.") from error
    return _decode_picture(data, max_width)


def _decode_picture(data: bytes, max_width: int) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = _MAX_PICTURE_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_PICTURE_FORMATS) as image:
                image.draft("RGB", (max_width, max_width))  # JPEG decodes at a fraction of its size
                return _flat_rgb(ImageOps.exif_transpose(image), max_width)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture(
            f"The picture has more than {_MAX_PICTURE_PIXELS // 1_000_000} million pixels."
        ) from error
    except MemoryError as error:
        raise TooDemanding(
            "Reading the picture needs more memory than Marquee allows for one file."
        ) from error
    except Exception as error:  # Pillow's decoders raise nearly everything on broken files
        raise BadPicture("The picture is damaged or in no format that Marquee knows.") from error


def _flat_rgb(image: Image.Image, max_width: int) -> Image.Image:
    """RGB at a bounded size; what is transparent becomes black."""
    image.thumbnail((max_width, 4 * max_width), Image.Resampling.LANCZOS)
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), with_alpha).convert("RGB")
    return image.convert("RGB")


def _from_media(source: bytes, max_width: int) -> _Picture:
    with open_media(source) as (_, _, container):
        video = next((s for s in container.streams.video if not is_cover(s) and decoder_of(s)), None)
        if video is not None:
            duration_s = container.duration / 1_000_000 if container.duration else None
            best = representative_frame(container, video, duration_s)
            if best is not None:
                return _Picture(_upright(best.frame, video, max_width), "frame", round(best.at_s, 3))
        cover = next((s for s in container.streams.video if is_cover(s)), None)
        if cover is not None:
            return _Picture(_cover_image(container, cover, max_width), "cover")
    if video is not None:
        raise NoPicture("No picture of this video can be decoded.")
    raise NoPicture("There is no picture in this file: it is audio without cover art.")


def _cover_image(container: InputContainer, stream: AvStream, max_width: int) -> Image.Image:
    container.seek(0)
    packet = next((p for p in demux(container, stream) if p.size), None)
    if packet is None:
        raise NoPicture("The file announces cover art but has none.")
    try:
        return _decode_picture(bytes(packet), max_width)
    except BadPicture as error:
        raise NoPicture(
            f"The file's only picture is its cover art, which cannot be used. {error.message}"
        ) from error


def _upright(frame: VideoFrame, stream: VideoStream, max_width: int) -> Image.Image:
    """The frame as it is shown: square samples, turned, ordinary colours, at most `max_width` wide."""
    orientation = orientation_of(frame)
    shown = display_size(stream, orientation)
    shown_width, shown_height = shown[0] or frame.width, shown[1] or frame.height
    width, height = _fit(shown_width, shown_height, max_width)
    if orientation.swaps_sides:
        width, height = height, width
    image = (
        _tone_mapped(frame, width, height)
        if frame.color_trc in HDR_TRANSFERS
        else to_rgb(frame, width, height)
    )
    return turned(image, orientation)


def turned(image: Image.Image, orientation: Orientation) -> Image.Image:
    """The picture the way up it is shown."""
    return image if orientation.transpose is None else image.transpose(orientation.transpose)


def _tone_mapped(frame: VideoFrame, width: int, height: int) -> Image.Image:
    """High dynamic range as a standard display shows it, by FFmpeg's own perceptual mapping (some 2 s of CPU)."""
    graph = tone_mapping(frame, width, height)
    try:
        graph.vpush(frame)
        return image_of(graph.vpull())
    except av.error.FFmpegError as error:  # a combination swscale does not know: grey is better than none
        sys.stderr.write(f"tone mapping failed, using the picture as it is: {error}\n")
        return to_rgb(frame, width, height)


def tone_mapping(frame: VideoFrame, width: int, height: int) -> av.filter.Graph:
    """A graph that makes small RGB pictures of frames like this one, with FFmpeg's perceptual tone mapping."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=_ANY_TIME_BASE
    )
    graph.link_nodes(
        source,
        graph.add("scale", f"{width}:{height}:flags=area"),
        graph.add("scale", "out_transfer=iec61966-2-1:out_primaries=bt709:out_range=pc:intent=perceptual"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ).configure()
    return graph


def _fit(width: int, height: int, max_width: int) -> tuple[int, int]:
    """The size at most `max_width` wide and 16:9 of that high, same shape, never enlarged."""
    scale = min(1.0, max_width / width, max_width * _TALLEST / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _write_all(
    image: Image.Image, out_dir: bytes, prefix: str, widths: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, int]]:
    """(nominal widths made, real size of the largest)."""
    made: list[int] = []
    size = (0, 0)
    for nominal in widths:
        size = _fit(image.width, image.height, nominal)
        resized = (
            image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        )
        buffer = io.BytesIO()
        resized.save(buffer, "WEBP", quality=80, method=4)
        publish(buffer.getvalue(), out_dir, f"{prefix}-{nominal}.webp")
        made.append(nominal)
        if size == image.size:
            break
    return tuple(made), size
