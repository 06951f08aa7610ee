"""Operations around one play: what to open, where to go on, what to remember."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gui.session import Operation
from hub.accounts.types import Viewer
from hub.library.apply import CUT_SHORT
from hub.library.types import Video, VideoDetail

if TYPE_CHECKING:
    from hub.bootstrap import Hub


@dataclass(frozen=True, slots=True)
class Playable:
    """A file ready to be played. `width` and `height` are the size on the screen in pixels; None without pictures."""

    path: bytes
    title: str
    subtitle: str = ""
    video_id: str | None = None
    """None for a file outside the library: nothing is remembered about it."""
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    resume_s: float = 0.0
    video: VideoDetail | None = None
    is_cut_short: bool = False
    """Its beginning plays, its end is missing."""

    @property
    def has_picture(self) -> bool:
        """False for sound alone."""
        return bool(self.width and self.height)


def open_video(video_id: str, *, from_start: bool = False) -> Operation[Playable]:
    """A video of the library with the viewer's position. NotFound, NotPlayable."""

    async def run(hub: Hub, viewer: Viewer) -> Playable:
        file = await hub.library.playable_file(viewer, video_id)
        video = await hub.library.get_video(viewer, video_id)
        return Playable(
            path=file.path,
            title=video.title,
            subtitle=video.channel or "",
            video_id=video_id,
            width=file.width,
            height=file.height,
            duration_s=file.duration_s,
            resume_s=0.0 if from_start else await hub.positions.resume(viewer, video_id),
            video=video,
            is_cut_short=video.problem == CUT_SHORT,
        )

    return Operation(run)


def open_file(path: bytes) -> Operation[Playable]:
    """A file that need not be in the library: if it is, as that video. MediaError when it is no media file."""

    async def run(hub: Hub, viewer: Viewer) -> Playable:
        real = await asyncio.to_thread(os.path.realpath, path)
        if (video_id := await hub.library.video_at(viewer, real)) is not None:
            return await open_video(video_id).run(hub, viewer)
        probe = (await hub.media.probe(path)).probe
        name = Path(os.fsdecode(path)).name.encode(errors="replace").decode()
        return Playable(
            path=path,
            title=probe.tags.get("title") or name,
            width=probe.width,
            height=probe.height,
            duration_s=probe.duration_s,
            is_cut_short=probe.truncated,
        )

    return Operation(run)


def remember(video_id: str, position_s: float) -> Operation[None]:
    """Store the viewer's position as of now."""
    at = datetime.now(UTC)
    return Operation(lambda hub, viewer: hub.positions.set(viewer, video_id, position_s, at), keep=True)


def count_view(video_id: str) -> Operation[None]:
    """Count that the video was watched."""
    return Operation(lambda hub, viewer: hub.library.add_view(viewer, video_id))


def next_video(video_id: str) -> Operation[Video | None]:
    """What follows this video, if something does."""
    return Operation(lambda hub, viewer: hub.positions.next_video(viewer, video_id))


def continue_watching(limit: int) -> Operation[list[Video]]:
    """What the viewer has begun, what they watched last first."""

    async def run(hub: Hub, viewer: Viewer) -> list[Video]:
        return (await hub.positions.continue_watching(viewer, limit=limit, cursor=None)).items

    return Operation(run)
