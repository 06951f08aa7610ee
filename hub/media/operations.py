"""The jobs a worker knows, in one table.

To add one: a job type and a result type (msgspec.Structs), a handler `run(job, report) -> result` in a module of its
own (imported by the worker only, on first use), an `Operation` here, and a method on `MediaPool` if it is for everyone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from hub.media.types import ProbeResult, Thumbnails

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


class DemoClipJob(msgspec.Struct, frozen=True):
    """Make the demo clip called `name` in `folder`."""

    folder: bytes
    name: str


class Operation(Generic[J, R]):
    """One kind of job: its name on the wire, what goes in, what comes out, and who does it (`module:function`)."""

    def __init__(self, name: str, job: type[J], result: type[R], handler: str) -> None:
        self.name, self.job, self.result, self.handler = name, job, result, handler


PROBE = Operation("probe", ProbeJob, ProbeResult, "hub.media.probe:run")
THUMBNAIL = Operation("thumbnail", ThumbnailJob, Thumbnails, "hub.media.thumbnail:run")
CAPTIONS = Operation("captions", CaptionsJob, str, "hub.media.captions:run")
DEMO_CLIP = Operation("demo_clip", DemoClipJob, bytes, "hub.media.demo:run")

OPERATIONS: tuple[Operation[msgspec.Struct, object], ...] = (PROBE, THUMBNAIL, CAPTIONS, DEMO_CLIP)  # type: ignore[assignment]
