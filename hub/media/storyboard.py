"""Storyboards: small pictures of a whole video on a few sheets, for the seek bar. Runs in a worker.

Only key frames are decoded, each after one seek: two hours take seconds. A storyboard that lies beside the file (a
WebVTT file with `#xywh=` fragments, https://www.w3.org/TR/media-frags/#naming-space, and its pictures) is taken over.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

import av.error
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from hub.media.caption_text import read as read_text
from hub.media.errors import BadCaptions, BadPicture, NoPicture, TooDemanding, UnreadableFile
from hub.media.files import publish
from hub.media.frames import image_of, next_key_frame, to_rgb
from hub.media.operations import Report, StoryboardJob
from hub.media.orientation import Orientation
from hub.media.probe import display_size, is_cover, orientation_of
from hub.media.source import decoder_of, limit_decoder, open_media
from hub.media.thumbnail import HDR_TRANSFERS, open_picture, tone_mapping, turned
from hub.media.types import Storyboard, StoryboardCue
from hub.media.webvtt import read as read_cues

MAX_PICTURES = 1_000
TILE = 240
"""Longer side of a picture, in pixels: sharp enough at half that size on a dense screen."""
COLUMNS = ROWS = 8
_SHORTEST_S, _LONGEST_S = 2.0, 10.0
_USUAL_PICTURES = 200
_MAX_SHEETS, _MAX_SHEET_WIDTH = 100, 8_192
_PLACE = re.compile(r"^(?P<name>[^#?]+)(?:\?[^#]*)?#xywh=(?:pixel:)?(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})$")


def run(job: StoryboardJob, report: Report) -> Storyboard:
    """Write `storyboard-<n>.webp` into the job's folder and say what is where on them.

    NoPicture (audio, nothing decodable), what `open_media` raises, OutputNotWritable. One that lies beside the file and
    cannot be used is passed over.
    """
    if job.imported is not None:
        try:
            return _take_over(job.imported, job.folder)
        except (BadCaptions, BadPicture, UnreadableFile, TooDemanding):
            pass  # the video's own pictures do
    with open_media(job.path) as (_, _, container):
        video = next((s for s in container.streams.video if not is_cover(s) and decoder_of(s)), None)
        if video is None:
            raise NoPicture("There is no video in this file.")
        duration_s = (container.duration or 0) / 1_000_000
        return _make(container, video, duration_s, job.folder, report)


def interval_s(duration_s: float) -> float:
    """The distance of the pictures: 2 to 10 seconds, about 200 in all; more for what is longer than 1,000 of these."""
    return max(min(_LONGEST_S, max(_SHORTEST_S, duration_s / _USUAL_PICTURES)), duration_s / MAX_PICTURES)


class _Tile(NamedTuple):
    at_s: float
    image: Image.Image


def _make(
    container: InputContainer, stream: VideoStream, duration_s: float, folder: bytes, report: Report
) -> Storyboard:
    sheets = _Sheets(folder)
    starts: list[float] = []
    places: list[tuple[int, int, int]] = []
    for tile in _tiles(container, stream, duration_s):
        starts.append(tile.at_s)
        places.append(sheets.add(tile.image))
        report(round(tile.at_s), round(duration_s), "storyboard")
    if not starts:
        raise NoPicture("No picture of this video can be decoded.")
    sheets.close()
    starts[0] = 0.0
    ends = [*starts[1:], max(duration_s, starts[-1] + 0.001)]
    width, height = sheets.tile
    cues = tuple(
        StoryboardCue(start_s=start, end_s=end, sheet=sheet, x=x, y=y, width=width, height=height)
        for start, end, (sheet, x, y) in zip(starts, ends, places, strict=True)
    )
    return Storyboard(sheets=sheets.count, cues=cues)


def _tiles(container: InputContainer, stream: VideoStream, duration_s: float) -> Iterator[_Tile]:
    """The key frame at or before each place, each only once, in order of time."""
    limit_decoder(stream)
    stream.codec_context.skip_frame = "NONKEY"
    shrink = _Shrink(stream)
    start_s = (container.start_time or 0) / 1_000_000
    step_s = interval_s(duration_s)
    last_s = -1.0
    for number in range(min(MAX_PICTURES, int(duration_s / step_s) + 1)):
        try:
            container.seek(round((start_s + number * step_s) * 1_000_000))
            frame = next_key_frame(container, stream)
        except av.error.FFmpegError:
            continue  # this stretch is damaged or not there; another may be fine
        if frame is None or frame.pts is None or not stream.time_base:
            continue
        at_s = round(max(0.0, float(frame.pts * stream.time_base) - start_s), 3)
        if at_s > last_s:
            last_s = at_s
            yield _Tile(at_s, shrink(frame))


class _Shrink:
    """Frames as small pictures, the way they are shown: square samples, turned, ordinary colours."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._graph: tuple[tuple[int, int, str], Graph] | None = None

    def __call__(self, frame: VideoFrame) -> Image.Image:
        """The picture, its longer side `TILE` pixels at most."""
        orientation = orientation_of(frame)
        width, height = self._size(frame, orientation)
        image = self._tone_mapped(frame, width, height) if frame.color_trc in HDR_TRANSFERS else None
        return turned(image or to_rgb(frame, width, height), orientation)

    def _size(self, frame: VideoFrame, orientation: Orientation) -> tuple[int, int]:
        shown = display_size(self._stream, orientation)
        width, height = shown[0] or frame.width, shown[1] or frame.height
        scale = min(1.0, TILE / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return size[::-1] if orientation.swaps_sides else size

    def _tone_mapped(self, frame: VideoFrame, width: int, height: int) -> Image.Image | None:
        """One graph for all frames: building it is what takes long. None when it cannot be done."""
        kind = (frame.width, frame.height, frame.format.name)
        try:
            if self._graph is None or self._graph[0] != kind:
                self._graph = kind, tone_mapping(frame, width, height)
            graph = self._graph[1]
            frame.pts = None
            graph.vpush(frame)
            return image_of(graph.vpull())
        except av.error.FFmpegError:
            self._graph = None
            return None


class _Sheets:
    """Pictures of one size, put on sheets that are written as they fill."""

    def __init__(self, folder: bytes) -> None:
        self._folder = folder
        self._waiting: list[Image.Image] = []
        self.tile = (0, 0)
        self.count = 0

    def add(self, image: Image.Image) -> tuple[int, int, int]:
        """(sheet, x, y) of the picture."""
        if self.tile == (0, 0):
            self.tile = image.size
        if image.size != self.tile:  # the video changes its size on the way
            image = image.resize(self.tile)
        number = len(self._waiting)
        self._waiting.append(image)
        place = (self.count, number % COLUMNS * self.tile[0], number // COLUMNS * self.tile[1])
        if number + 1 == COLUMNS * ROWS:
            self.close()
        return place

    def close(self) -> None:
        """Write the sheet that is not full."""
        if not self._waiting:
            return
        width, height = self.tile
        rows = -(-len(self._waiting) // COLUMNS)
        sheet = Image.new("RGB", (min(COLUMNS, len(self._waiting)) * width, rows * height))
        for number, image in enumerate(self._waiting):
            sheet.paste(image, (number % COLUMNS * width, number // COLUMNS * height))
        _write_sheet(sheet, self._folder, self.count)
        self._waiting.clear()
        self.count += 1


def _write_sheet(sheet: Image.Image, folder: bytes, number: int) -> None:
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=70, method=2)
    publish(buffer.getvalue(), folder, f"storyboard-{number}.webp")


def _take_over(path: bytes, folder: bytes) -> Storyboard:
    """The storyboard whose WebVTT file is at `path`, its sheets written anew. BadCaptions when it is none."""
    sheets: dict[str, tuple[int, tuple[int, int]]] = {}
    cues: list[StoryboardCue] = []
    text = read_text(path).decode("utf-8-sig", "replace")
    for cue in read_cues(text):
        place = _PLACE.match(cue.text.strip())
        if place is None or "/" in place["name"] or "\\" in place["name"]:
            raise BadCaptions("The storyboard names a picture that does not lie beside it.")
        if place["name"] not in sheets:
            if len(sheets) >= _MAX_SHEETS:
                raise BadCaptions(f"The storyboard has more than {_MAX_SHEETS} pictures.")
            beside = os.path.join(os.path.dirname(path), os.fsencode(place["name"]))  # noqa: PTH118, PTH120
            image = open_picture(beside, _MAX_SHEET_WIDTH)
            _write_sheet(image, folder, len(sheets))
            sheets[place["name"]] = (len(sheets), image.size)
        sheet, size = sheets[place["name"]]
        x, y, width, height = (int(number) for number in place.groups()[1:])
        if not (0 < width <= size[0] - x and 0 < height <= size[1] - y):
            raise BadCaptions("The storyboard speaks of places that are not on its pictures.")
        cues.append(
            StoryboardCue(
                start_s=cue.start_s, end_s=cue.end_s, sheet=sheet, x=x, y=y, width=width, height=height
            )
        )
    if not cues or len(cues) > 20 * MAX_PICTURES:
        raise BadCaptions("The storyboard holds no pictures, or too many.")
    return Storyboard(sheets=len(sheets), cues=tuple(sorted(cues, key=lambda cue: cue.start_s)))
