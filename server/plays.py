"""When a play counts as a view.

Asking how to play (`/play`) opens a play session; the first position that is reported at least 10 seconds later (or
half the video's length, if that is less) counts one view, and the session is over. Positions without a session count
nothing: a player that goes on for hours is one view. Sessions live in memory; a restart forgets at most a view each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web
from cachetools import TTLCache

WATCHED_FOR_S = 10.0
SESSION_S = 12 * 3600
MAX_SESSIONS = 10_000


class PlaySessions:
    """Plays that have not been counted yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts_at: TTLCache[tuple[str, str], float] = TTLCache(MAX_SESSIONS, SESSION_S, timer=clock)

    def begin(self, user_id: str, video_id: str, duration_s: float | None) -> None:
        """A person asked how to play a video. Asking again before it counted starts anew."""
        enough_s = WATCHED_FOR_S if duration_s is None else min(WATCHED_FOR_S, duration_s / 2)
        self._counts_at[user_id, video_id] = self._clock() + enough_s

    def is_view(self, user_id: str, video_id: str) -> bool:
        """Whether the position just reported makes the play a view; true once for each play."""
        counts_at = self._counts_at.get((user_id, video_id))
        if counts_at is None or self._clock() < counts_at:
            return False
        del self._counts_at[user_id, video_id]
        return True


PLAYS = web.AppKey("plays", PlaySessions)
