"""How far each person has watched each video, what they go on with, and what comes next."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from hub.accounts.types import Viewer
from hub.db.columns import to_micros
from hub.db.engine import Database
from hub.db.repositories import videos as rows
from hub.db.repositories import watching
from hub.db.repositories.watching import Heard
from hub.errors import InvalidInput, NotFound
from hub.events import EventBus, PositionChanged
from hub.library import series
from hub.library.catalogue import require_visible, videos_of
from hub.library.cursors import pack_cursor, unpack_cursor
from hub.library.times import utc
from hub.library.types import Page, Video
from hub.runtime.tasks import TaskScope, to_the_end

WATCHED_SHARE = 0.9
STARTED_S = 5.0
"""Who left earlier than this has looked in, not begun."""
GATHER_S = 0.02
"""How long positions are gathered before they are stored: longer than it takes to hear from everybody at once."""
CURSOR_OF = b"contin"
CLOCK_TOLERANCE = timedelta(minutes=5)


def resume_from(position_s: float, duration_s: float | None) -> float:
    """Where playing goes on: at the last position, or from the start once a video has been watched."""
    return 0.0 if is_watched_at(position_s, duration_s) else position_s


def is_watched_at(position_s: float, duration_s: float | None) -> bool:
    """True when a position lies in the last tenth: what is left is the credits."""
    return duration_s is not None and position_s >= WATCHED_SHARE * duration_s > 0


class PositionService:
    """Reads and writes watch positions; of two writes the one with the later `at` wins.

    Players tell theirs every few seconds. What comes in while a transaction is under way, and for a moment before one
    begins, is stored together in the next. Whoever told it hears back when it is durable:
    nothing is lost at the end.
    """

    def __init__(self, db: Database, events: EventBus) -> None:
        self._db = db
        self._events = events
        self._waiting: dict[tuple[str, str], tuple[Heard, list[asyncio.Future[bool]]]] = {}
        self._storing: asyncio.Task[None] | None = None
        self._tasks = TaskScope("positions")

    async def start(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Store what was told and is not stored yet."""
        if self._storing is not None:
            await to_the_end(self._storing_ended(self._storing))
        await self._tasks.close()

    async def get(self, viewer: Viewer, video_id: str) -> float:
        """Position in seconds, 0 when never watched."""
        return await self._db.read(rows.get_position, viewer.user_id, video_id)

    async def resume(self, viewer: Viewer, video_id: str) -> float:
        """Where to start playing, in seconds; see `resume_from`."""
        return await self._db.read(_resume, viewer, video_id)

    async def set(self, viewer: Viewer, video_id: str, position_s: float, at: datetime | None = None) -> None:
        """Remember a position; durable when this returns. NotFound.

        An `at` older than what is known changes nothing; one from the future is refused. A video watched to 90 % counts
        as watched.
        """
        now = datetime.now(UTC)
        if not math.isfinite(position_s) or position_s < 0:
            raise InvalidInput("position_s must be zero or more seconds.", field="position_s")
        at = now if at is None else utc(at, "at")
        if at > now + CLOCK_TOLERANCE:
            raise InvalidInput("at lies in the future. Check the clock of this device.", field="at")
        heard = Heard(
            viewer.user_id, video_id, viewer.role.manages_library, position_s, position_s, min(at, now)
        )
        await asyncio.shield(self._wait(heard))

    async def continue_watching(self, viewer: Viewer, *, limit: int, cursor: str | None) -> Page[Video]:
        """What the viewer has begun and not watched to the end, what they watched last first.

        A video that is watched again counts as begun. Those whose files are not there are left out. InvalidInput for a
        cursor of another list.
        """
        return await self._db.read(_continue, viewer, limit, _place(cursor))

    async def next_video(self, viewer: Viewer, video_id: str) -> Video | None:
        """What to play after this video: the next episode, or the next in its folder; see `series.after`. NotFound."""
        return await self._db.read(_next, viewer, video_id)

    def _wait(self, heard: Heard) -> asyncio.Future[bool]:
        """A future that is done when `heard`, or something later of the same person and video, is stored."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        key = heard.user_id, heard.video_id
        latest, waiting = self._waiting.get(key, (heard, []))
        if heard.at >= latest.at:
            # Who was at the end and went back to the beginning has watched it.
            latest = heard._replace(furthest_s=max(heard.furthest_s, latest.furthest_s))
        self._waiting[key] = latest, [*waiting, done]
        if self._storing is None:
            self._storing = self._tasks.start(self._store(), name="store")
        return done

    async def _store(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                batch, self._waiting = list(self._waiting.values()), {}
                await self._store_batch(batch)
        finally:
            self._storing = None

    async def _store_batch(self, batch: list[tuple[Heard, list[asyncio.Future[bool]]]]) -> None:
        heard = [latest for latest, _ in batch]
        try:
            outcome = await self._db.write(watching.store_positions, heard, WATCHED_SHARE)
        except Exception as error:  # noqa: BLE001  # whoever waits gets it, whatever it is
            for _, waiting in batch:
                _tell(waiting, error)
            return
        for (latest, waiting), stored in zip(batch, outcome, strict=True):
            if stored is None:
                _tell(waiting, NotFound("There is no video with this id."))
                continue
            if stored:
                self._events.publish(PositionChanged(latest.user_id, latest.video_id, latest.position_s))
            _tell(waiting, stored)

    @staticmethod
    async def _storing_ended(storing: asyncio.Task[None]) -> None:
        await asyncio.wait({storing})


def _tell(waiting: list[asyncio.Future[bool]], outcome: bool | Exception) -> None:
    for one in waiting:
        if one.done():
            continue
        if isinstance(outcome, Exception):
            one.set_exception(outcome)
        else:
            one.set_result(outcome)


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    digest, micros, video_id = unpack_cursor(cursor)
    if digest != CURSOR_OF or not isinstance(micros, int) or not 0 <= micros < 2**57 or "\0" in video_id:
        raise InvalidInput(
            "This is not a cursor from this list. Start again without a cursor.", field="cursor"
        )
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros), video_id


def _continue(
    connection: Connection, viewer: Viewer, limit: int, after: tuple[datetime, str] | None
) -> Page[Video]:
    sees_all = viewer.role.manages_library
    found = watching.started(
        connection,
        viewer.user_id,
        sees_all=sees_all,
        least_s=STARTED_S,
        watched_share=WATCHED_SHARE,
        after=after,
        count=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    ids = [row["video_id"] for row in found[:limit]]
    videos = rows.get_many(connection, ids, user_id=viewer.user_id)
    return Page(
        items=videos_of(connection, [videos[video_id] for video_id in ids]),
        next_cursor=None if last is None else pack_cursor(CURSOR_OF, to_micros(last["at"]), last["video_id"]),
    )


def _next(connection: Connection, viewer: Viewer, video_id: str) -> Video | None:
    require_visible(connection, viewer, video_id)
    file = rows.get_file(connection, video_id)
    if file is None or file["folder_id"] is None:
        return None
    is_season = series.season_of(file["dir"]) is not None
    parent = file["dir"].rpartition(b"/")[0] if is_season else None
    found = watching.siblings(connection, file, parent, sees_all=viewer.role.manages_library)
    ids = {series.Place(row["dir"], row["name"]): row["video_id"] for row in found}
    following = series.after(series.Place(file["dir"], file["name"]), ids)
    if following is None:
        return None
    row = rows.get_many(connection, [ids[following]], user_id=viewer.user_id)
    return videos_of(connection, list(row.values()))[0]


def _resume(connection: Connection, viewer: Viewer, video_id: str) -> float:
    row = rows.get_many(connection, [video_id], user_id=viewer.user_id).get(video_id)
    return 0.0 if row is None else resume_from(row["position_s"] or 0.0, row["duration_s"])
