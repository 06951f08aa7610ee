"""How far each person has watched each video."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from hub.accounts.types import Viewer
from hub.db.engine import Database
from hub.db.repositories import videos as rows
from hub.errors import InvalidInput, NotFound
from hub.events import EventBus, PositionChanged
from hub.library.times import utc
from hub.library.types import Visibility

WATCHED_SHARE = 0.9
CLOCK_TOLERANCE = timedelta(minutes=5)


def resume_from(position_s: float, duration_s: float | None) -> float:
    """Where playing goes on: at the last position, or from the start once a video has been watched."""
    return 0.0 if is_watched_at(position_s, duration_s) else position_s


def is_watched_at(position_s: float, duration_s: float | None) -> bool:
    """True when a position lies in the last tenth: what is left is the credits."""
    return duration_s is not None and position_s >= WATCHED_SHARE * duration_s > 0


class PositionService:
    """Reads and writes watch positions; of two writes the one with the later `at` wins."""

    def __init__(self, db: Database, events: EventBus) -> None:
        self._db = db
        self._events = events

    async def get(self, viewer: Viewer, video_id: str) -> float:
        """Position in seconds, 0 when never watched."""
        return await self._db.read(rows.get_position, viewer.user_id, video_id)

    async def resume(self, viewer: Viewer, video_id: str) -> float:
        """Where to start playing, in seconds; see `resume_from`."""
        return await self._db.read(_resume, viewer, video_id)

    async def set(self, viewer: Viewer, video_id: str, position_s: float, at: datetime | None = None) -> None:
        """Remember a position. An `at` older than what is known changes nothing; one from the future is refused.

        A video watched to 90 % counts as watched.
        """
        now = datetime.now(UTC)
        if not math.isfinite(position_s) or position_s < 0:
            raise InvalidInput("position_s must be zero or more seconds.", field="position_s")
        at = now if at is None else utc(at, "at")
        if at > now + CLOCK_TOLERANCE:
            raise InvalidInput("at lies in the future. Check the clock of this device.", field="at")
        stored = await self._db.write(_set, viewer, video_id, position_s, min(at, now))
        if stored:
            self._events.publish(PositionChanged(viewer.user_id, video_id, position_s))


def _resume(connection: Connection, viewer: Viewer, video_id: str) -> float:
    row = rows.get_many(connection, [video_id], user_id=viewer.user_id).get(video_id)
    return 0.0 if row is None else resume_from(row["position_s"] or 0.0, row["duration_s"])


def _set(connection: Connection, viewer: Viewer, video_id: str, position_s: float, at: datetime) -> bool:
    row = rows.get_many(connection, [video_id], user_id=viewer.user_id).get(video_id)
    if row is None or (row["visibility"] == Visibility.PRIVATE and not viewer.role.manages_library):
        raise NotFound("There is no video with this id.")
    duration_s = row["duration_s"]
    watched = is_watched_at(position_s, duration_s)
    if duration_s is not None:
        position_s = min(position_s, duration_s)
    return rows.set_position(connection, viewer.user_id, video_id, position_s, at, watched=watched)
