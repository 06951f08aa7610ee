"""Operations on the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gui.models.changes import Change, plan_changes
from gui.session import Operation
from hub.accounts.types import Viewer
from hub.errors import NotFound
from hub.library.types import Video, VideoDetail, VideoPatch, VideoQuery

if TYPE_CHECKING:
    from hub.bootstrap import Hub


def list_changes(query: VideoQuery, shown: Sequence[str], hidden: frozenset[str]) -> Operation[list[Change]]:
    """What turns the list that is shown into the one the catalogue has now, without the hidden ids."""

    async def run(hub: Hub, viewer: Viewer) -> list[Change]:
        ids = await hub.library.video_ids(viewer, query)
        wanted = [video_id for video_id in ids if video_id not in hidden] if hidden else ids
        return await asyncio.to_thread(plan_changes, shown, wanted)

    return Operation(run)


def videos(ids: Sequence[str]) -> Operation[list[Video]]:
    """These videos, in order; those that are gone are left out."""
    return Operation(lambda hub, viewer: hub.library.videos_by_ids(viewer, ids))


def detail(video_id: str) -> Operation[VideoDetail]:
    """Everything about one video."""
    return Operation(lambda hub, viewer: hub.library.get_video(viewer, video_id))


def edit(video_id: str, patch: VideoPatch) -> Operation[VideoDetail]:
    """Change what the patch names. InvalidInput, NotFound."""
    return Operation(lambda hub, viewer: hub.library.update_video(viewer, video_id, patch), keep=True)


def remove(ids: Sequence[str]) -> Operation[None]:
    """Take videos out of the library; their files stay. One that is gone already is fine."""

    async def run(hub: Hub, viewer: Viewer) -> None:
        for video_id in ids:
            try:
                await hub.library.delete_video(viewer, video_id)
            except NotFound:
                continue

    return Operation(run, keep=True)


def restore(ids: Sequence[str]) -> Operation[None]:
    """Bring removed videos back. One that has left the catalogue for good is fine."""

    async def run(hub: Hub, viewer: Viewer) -> None:
        for video_id in ids:
            try:
                await hub.library.update_video(viewer, video_id, VideoPatch(state="ready"))
            except NotFound:
                continue

    return Operation(run, keep=True)


@dataclass(frozen=True, slots=True)
class PictureWanted:
    """A thumbnail somebody looks at: `width` in device pixels; `version` changes with the picture."""

    video_id: str
    version: int
    width: int


def thumbnail_paths(wanted: Sequence[PictureWanted]) -> Operation[dict[PictureWanted, Path]]:
    """Where the pictures lie; those that do not exist (yet) are left out."""

    async def run(hub: Hub, viewer: Viewer) -> dict[PictureWanted, Path]:
        async def one(picture: PictureWanted) -> Path | None:
            try:
                return await hub.library.thumbnail_path(viewer, picture.video_id, picture.width)
            except NotFound:
                return None

        paths = await asyncio.gather(*(one(picture) for picture in wanted))
        return {picture: path for picture, path in zip(wanted, paths, strict=True) if path is not None}

    return Operation(run)
