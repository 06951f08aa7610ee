"""The jobs a worker knows, in one table.

To add one: a job type and a result type (msgspec.Structs), a handler `run(job, report) -> result` in a module of its
own (imported by the worker only, on first use), an `Operation` here, and a method on `MediaPool` if it is for everyone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from hub.media.stream.types import EncodeJob, Made, SegmentsJob, Timeline, TimelineJob, Trial
from hub.media.types import Loudness, ProbeResult, Storyboard, Thumbnails

J = TypeVar("J", bound=msgspec.Struct)
R = TypeVar("R")

Report = Callable[[int, int, str], None]
"""Progress: how many of how many, and what is being done."""

THUMBNAIL_WIDTHS = (320, 640, 1280)


class ProbeJob(msgspec.Struct, frozen=True):
    """Look at the file at `path`."""

    path: bytes


class ThumbnailJob(msgspec.Struct, frozen=True, kw_only=True):
    """Write `<prefix>-<width>.webp` into `out_dir` for the file at `source`, from `poster` if given."""

    source: bytes
    out_dir: bytes
    prefix: str
    widths: tuple[int, ...] = THUMBNAIL_WIDTHS
    poster: bytes | None = None


class CaptionsJob(msgspec.Struct, frozen=True):
    """Convert the caption file at `path` to WebVTT."""

    path: bytes


class ExtractCaptionsJob(msgspec.Struct, frozen=True, kw_only=True):
    """Write the text tracks of the file at `path` into `folder` as `<stream>.vtt`."""

    path: bytes
    folder: bytes


class StoryboardJob(msgspec.Struct, frozen=True, kw_only=True):
    """Write a storyboard of the file at `path` into `folder`, from the WebVTT file `imported` if given."""

    path: bytes
    folder: bytes
    imported: bytes | None = None


class LoudnessJob(msgspec.Struct, frozen=True):
    """Measure how loud the file at `path` is."""

    path: bytes


class DemoClipJob(msgspec.Struct, frozen=True):
    """Make the demo clip called `name` in `folder`."""

    folder: bytes
    name: str


class WarmUpJob(msgspec.Struct, frozen=True):
    """Load what encode sessions need."""


class TrialJob(msgspec.Struct, frozen=True):
    """Find out what this machine can encode."""


class ComplexityJob(msgspec.Struct, frozen=True, kw_only=True):
    """Find out how hard the pictures of the file at `path` are to encode; `width` and `height` are on the screen."""

    path: bytes
    width: int
    height: int


class Operation(Generic[J, R]):
    """One kind of job: its name on the wire, what goes in, what comes out, and who does it (`module:function`).

    The handler of one that `is_granted` gets the `Grants` of its job as a third argument.
    """

    def __init__(
        self, name: str, job: type[J], result: type[R], handler: str, *, is_granted: bool = False
    ) -> None:
        self.name, self.job, self.result, self.handler = name, job, result, handler
        self.is_granted = is_granted


PROBE = Operation("probe", ProbeJob, ProbeResult, "hub.media.probe:run")
THUMBNAIL = Operation("thumbnail", ThumbnailJob, Thumbnails, "hub.media.thumbnail:run")
CAPTIONS = Operation("captions", CaptionsJob, str, "hub.media.captions:run")
EXTRACT_CAPTIONS = Operation(
    "extract_captions", ExtractCaptionsJob, tuple[int, ...], "hub.media.embedded_captions:run"
)
STORYBOARD = Operation("storyboard", StoryboardJob, Storyboard, "hub.media.storyboard:run")
LOUDNESS = Operation("loudness", LoudnessJob, Loudness, "hub.media.loudness:run")
DEMO_CLIP = Operation("demo_clip", DemoClipJob, bytes, "hub.media.demo:run")
TIMELINE = Operation("timeline", TimelineJob, Timeline, "hub.media.stream.timeline:run")
COPY = Operation("copy", SegmentsJob, Made, "hub.media.stream.copy:run")
AUDIO = Operation("audio", SegmentsJob, Made, "hub.media.stream.audio:run")
ENCODE = Operation("encode", EncodeJob, Made, "hub.media.stream.encode:run", is_granted=True)
WARM_UP = Operation("warm_up", WarmUpJob, str, "hub.media.stream.encode:warm_up")
TRIAL = Operation("trial", TrialJob, Trial, "hub.media.stream.trial:run")
COMPLEXITY = Operation("complexity", ComplexityJob, float, "hub.media.stream.complexity:run")

OPERATIONS: tuple[Operation[msgspec.Struct, object], ...] = (
    PROBE,
    THUMBNAIL,
    CAPTIONS,
    EXTRACT_CAPTIONS,
    STORYBOARD,
    LOUDNESS,
    DEMO_CLIP,
    TIMELINE,
    COPY,
    AUDIO,
    ENCODE,
    WARM_UP,
    TRIAL,
    COMPLEXITY,
)  # type: ignore[assignment]
