"""Storyboards for players: what is shown over the seek bar while somebody looks for a place."""

from __future__ import annotations

from pathlib import Path

import msgspec
from sqlalchemy import Connection

from hub.accounts.types import Viewer
from hub.db.engine import Database
from hub.db.repositories import derived as rows
from hub.db.repositories.derived import Kind
from hub.errors import NotFound
from hub.library.catalogue import require_visible
from hub.library.derived import DerivedService
from hub.media.types import Storyboard
from hub.media.webvtt import Cue, write


class StoryboardService:
    """Finds what `DerivedService` made."""

    def __init__(self, db: Database, derived: DerivedService) -> None:
        self._db = db
        self._derived = derived

    async def vtt(self, viewer: Viewer, video_id: str, query: str = "") -> str:
        """WebVTT whose cues are places on sheets, `storyboard/<n>.webp<query>#xywh=<x>,<y>,<width>,<height>`.

        NotFound while there is none: then it is wanted.
        """
        board = await self._board(viewer, video_id)
        return write(
            Cue(
                cue.start_s,
                cue.end_s,
                f"storyboard/{cue.sheet}.webp{query}#xywh={cue.x},{cue.y},{cue.width},{cue.height}",
            )
            for cue in board.cues
        )

    async def sheet(self, viewer: Viewer, video_id: str, number: int) -> Path:
        """A sheet of pictures (WebP). NotFound."""
        board = await self._board(viewer, video_id)
        if not 0 <= number < board.sheets:
            raise NotFound("The storyboard of this video has no such sheet.")
        return self._derived.folder_of(video_id) / f"storyboard-{number}.webp"

    async def _board(self, viewer: Viewer, video_id: str) -> Storyboard:
        board = await self._db.read(_board, viewer, video_id)
        if board is None:
            self._derived.wanted(video_id)
            raise NotFound("There is no storyboard of this video (yet).")
        return board


def _board(connection: Connection, viewer: Viewer, video_id: str) -> Storyboard | None:
    require_visible(connection, viewer, video_id)
    made = rows.of_video(connection, video_id).get(Kind.STORYBOARD)
    return None if made is None or made["data"] is None else msgspec.convert(made["data"], Storyboard)
