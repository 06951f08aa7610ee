"""The demo library: twelve clips that exist within seconds, so that something plays before anything is added."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hub.media.errors import OutputNotWritable
from hub.media.files import reason
from hub.media.operations import DemoClipJob, Report

if TYPE_CHECKING:
    from hub.media.demo_catalogue import DemoClip
    from hub.media.pool import MediaPool


async def make_demo_clips(
    pool: MediaPool, folder: Path, on_progress: Callable[[int, int, str], None] | None = None
) -> list[Path]:
    """Make the demo's clips in `folder` (created if need be), as many at a time as the pool has workers.

    Clips that are already there are kept, so an interrupted demo goes on where it was. `on_progress(done, total,
    title)` is called at the start and after each clip; the first one begun is an H.264 MP4 that plays anywhere. Returns
    the clips' paths in the order of the catalogue. Raises OutputNotWritable and what `MediaPool.run` raises.
    """
    from hub.media.demo_catalogue import CATALOGUE

    done = 0

    async def make(clip: DemoClip) -> Path:
        nonlocal done
        path = await pool.demo_clip(folder, clip.name)
        done += 1
        if on_progress is not None:
            on_progress(done, len(CATALOGUE), clip.title)
        return path

    if on_progress is not None:
        on_progress(0, len(CATALOGUE), CATALOGUE[0].title)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(make(clip), name=f"demo:{clip.name}") for clip in CATALOGUE]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None  # they fail together: a full disk, a closed pool
    return [task.result() for task in tasks]


def run(job: DemoClipJob, report: Report) -> bytes:
    """Make one clip, in a worker; its path."""
    from hub.media.demo_catalogue import CATALOGUE

    clip = next(clip for clip in CATALOGUE if clip.name == job.name)
    return os.fsencode(make_clip(Path(os.fsdecode(job.folder)), clip))


def make_clip(folder: Path, clip: DemoClip) -> Path:
    """Make `clip` and what lies beside it, unless it is there. A clip appears last and whole."""
    path = folder / clip.name
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputNotWritable(f"The demo folder cannot be made: {reason(error)}.") from error
    data = _encoded(
        clip
    )  # outside of both: what FFmpeg raises may be an OSError too, and is no fault of the disk
    try:
        _write(path.with_suffix(".nfo"), clip.nfo.encode())
        for suffix, text in clip.sidecars.items():
            _write(path.with_name(path.stem + suffix), text.encode())
        _write(path, data)
    except OSError as error:
        raise OutputNotWritable(f"The demo clip cannot be written: {reason(error)}.") from error
    return path


def _encoded(clip: DemoClip) -> bytes:
    from hub.media.synth import first_picture, write_clip

    tags = {"title": clip.title, "comment": clip.plot, "genre": clip.genre, "date": clip.premiered}
    cover = first_picture(clip.cover) if clip.cover else None
    buffer = io.BytesIO()
    write_clip(buffer, replace(clip.clip, tags=tags, cover_png=cover))
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write a file under a name that scans pass over, then give it its own."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
