"""Pictures of videos: made by a job once the video is visible, newest first, those somebody looks at before all others.

They lie in `<folder>/<last two of the id>/<id>-<width>.webp`; the rows say which videos have them (`thumb_version`). A
picture nobody noted does no harm, so a crash at any moment costs at most a picture made again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, RowMapping

from hub.db.engine import Database
from hub.db.repositories import pictures as rows
from hub.db.retry import DATABASE_ERRORS, Retry
from hub.errors import MediaError
from hub.events import EventBus, VideosAdded, VideosChanged, VideosRemoved
from hub.jobs.service import JobContext, JobService
from hub.media.errors import OutputNotWritable, PoolClosed, UnreadableFile, WorkerFailed
from hub.media.operations import THUMBNAIL_WIDTHS
from hub.media.pool import Priority
from hub.media.types import Thumbnails
from hub.runtime.tasks import TaskScope

KIND = "thumbnails"
AT_ONCE = 3
PAGE = 200
WRITE_AT = 20
WRITE_EVERY_S = 1.0
SETTLE_S = 0.3
"""How long after a change the job is queued: scans announce many in a row."""


class PictureMaker(Protocol):
    """Writes pictures of media files."""

    async def thumbnails(
        self,
        source: bytes,
        out_dir: Path | bytes,
        prefix: str,
        *,
        poster: bytes | None = None,
        priority: Priority,
    ) -> Thumbnails:
        """Write `<prefix>-<width>.webp` into `out_dir`. MediaError."""


class ThumbnailService:
    """Makes, finds and removes the pictures of videos."""

    def __init__(
        self, db: Database, events: EventBus, jobs: JobService, media: PictureMaker, folder: Path
    ) -> None:
        self._db = db
        self._events = events
        self._jobs = jobs
        self._media = media
        self._folder = folder
        self._tasks = TaskScope("thumbnails")
        self._urgent: dict[str, None] = {}
        self._run: _Run | None = None
        self._is_asking = False
        self._retry = Retry("Asking for pictures")
        self._heard: list[Callable[[], None]] = []
        jobs.register(KIND, self._make_all)

    async def start(self) -> None:
        """Go on with what is missing, and remove what a crash left of deleted videos."""
        self._heard = [
            self._events.subscribe(VideosAdded, self._on_change),
            self._events.subscribe(VideosChanged, self._on_change),
            self._events.subscribe(VideosRemoved, self._on_removed),
        ]
        await self._remove(await self._db.read(rows.pictured_but_deleted))
        await self._ask()

    async def close(self) -> None:
        """End what is on its way; the job queue has ended the job."""
        for unsubscribe in self._heard:
            unsubscribe()
        await self._tasks.close()

    def wanted(self, video_id: str) -> None:
        """Somebody looks at this video: make its pictures before all others, if it has none. Loop thread only."""
        self._urgent[video_id] = None
        self._on_change()

    async def path(self, video_id: str, width: int) -> Path | None:
        """The narrowest picture at least `width` wide, else the widest; None while there is none: then it is wanted."""
        found = await asyncio.to_thread(self._find, video_id, width)
        if found is None and len(await self._db.read(rows.wanted_of, [video_id])):
            self.wanted(video_id)
        return found

    def _find(self, video_id: str, width: int) -> Path | None:
        made = [one for one in THUMBNAIL_WIDTHS if self._file(video_id, one).exists()]
        if not made:
            return None
        return self._file(video_id, min((one for one in made if one >= width), default=made[-1]))

    def _file(self, video_id: str, width: int) -> Path:
        return self._shelf(video_id) / f"{video_id}-{width}.webp"

    def _shelf(self, video_id: str) -> Path:
        return self._folder / video_id[-2:]

    # --- asking for the job -------------------------------------------------------------------------------------------

    def _on_change(self, _event: object = None) -> None:
        if self._run is not None:
            # The job looks once more before it ends; what it publishes itself is no reason for that.
            self._run.look_again |= not self._run.is_publishing
        elif not self._is_asking:
            self._is_asking = True
            self._tasks.start(self._ask_soon(), name="ask")

    async def _ask_soon(self) -> None:
        await asyncio.sleep(SETTLE_S)
        await self._retry.until_done(self._ask)

    async def _ask(self) -> None:
        self._is_asking = False  # what changes from here on may come too late for this look
        try:
            if self._run is None and len(await self._db.read(rows.wanted, None, 1)):
                await self._jobs.submit(KIND, "all", "Making pictures")
        except DATABASE_ERRORS:
            self._is_asking = True  # it is tried again
            raise

    def _on_removed(self, event: VideosRemoved) -> None:
        self._tasks.start(self._remove(event.ids), name="remove")

    async def _remove(self, video_ids: Sequence[str]) -> None:
        if video_ids:
            await asyncio.to_thread(self._unlink, video_ids)
            await self._db.write(rows.forget, video_ids)

    def _unlink(self, video_ids: Iterable[str], keep: tuple[int, ...] = ()) -> None:
        for video_id in video_ids:
            for width in THUMBNAIL_WIDTHS:
                if width not in keep:
                    self._file(video_id, width).unlink(missing_ok=True)

    # --- the job ------------------------------------------------------------------------------------------------------

    async def _make_all(self, context: JobContext) -> None:
        run = self._run = _Run(context)
        try:
            run.look_again = True
            while run.look_again:
                run.look_again = False
                await self._pass(run)
        finally:
            self._run = None
            self._urgent.clear()

    async def _pass(self, run: _Run) -> None:
        """Once through all videos without pictures."""
        run.before = None
        run.is_through = False
        run.tried = set(run.given_up)
        run.context.report(total_units=run.done + await self._db.read(rows.count_wanted))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._make_next(run))
        except BaseExceptionGroup as failed:
            await self._store(run)
            raise failed.exceptions[0] from failed
        await self._store(run)

    async def _make_next(self, run: _Run) -> None:
        while (chosen := await self._choose(run)) is not None:
            row, priority = chosen
            if row["video_id"] in run.tried:
                continue
            run.tried.add(row["video_id"])
            if not await self._make(run, row, priority):
                run.given_up.add(row["video_id"])
            run.done += 1
            run.context.report(done_units=run.done)
            if len(run.results) >= WRITE_AT or time.monotonic() - run.stored_at >= WRITE_EVERY_S:
                await self._store(run)

    async def _choose(self, run: _Run) -> tuple[RowMapping, Priority] | None:
        async with run.choosing:
            if self._urgent:
                asked, self._urgent = list(self._urgent), {}
                found = await self._db.read(rows.wanted_of, asked)
                run.urgent.extend(row for row in found if row["video_id"] not in run.tried)
            if run.urgent:
                return run.urgent.popleft(), Priority.INTERACTIVE
            if not run.page and not run.is_through:
                run.page.extend(await self._db.read(rows.wanted, run.before, PAGE))
                run.is_through = not run.page
            if not run.page:
                return None
            row = run.page.popleft()
            run.before = row["video_id"]
            return row, Priority.THUMBNAIL

    async def _make(self, run: _Run, row: RowMapping, priority: Priority) -> bool:
        """Make the pictures of one video; False when it is to be tried again another time."""
        video_id, directory = row["video_id"], os.path.join(row["folder_path"], row["dir"])
        poster = None if row["poster"] is None else os.path.join(directory, row["poster"])
        shelf = self._shelf(video_id)
        try:
            await asyncio.to_thread(shelf.mkdir, mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputNotWritable(
                f"The folder for pictures, {shelf}, cannot be made: {error.strerror or error}."
            ) from error
        try:
            made = await self._media.thumbnails(
                os.path.join(directory, row["name"]), shelf, video_id, poster=poster, priority=priority
            )
        except (OutputNotWritable, PoolClosed):
            raise  # nothing is wrong with the video
        except (UnreadableFile, WorkerFailed):
            return False  # the file may be back, a worker startable, when the job is run next
        except MediaError:
            run.results.append((row, 0, None))
            return True
        await asyncio.to_thread(self._unlink, [video_id], made.widths)
        run.results.append((row, time.time_ns() // 1_000_000, made.color))
        return True

    async def _store(self, run: _Run) -> None:
        run.stored_at = time.monotonic()
        results, run.results = run.results, []
        if not results:
            return
        outdated = await self._db.write(_set_all, results)
        await asyncio.to_thread(self._unlink, outdated)
        ids = tuple(row["video_id"] for row, _, _ in results if row["video_id"] not in outdated)
        if ids:
            run.is_publishing = True
            self._events.publish(VideosChanged(ids))
            run.is_publishing = False
        run.look_again |= bool(outdated)


class _Run:
    """The state of the job while it runs."""

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.look_again = False
        self.is_publishing = False
        self.is_through = False
        self.before: str | None = None
        self.choosing = asyncio.Lock()
        self.urgent: deque[RowMapping] = deque()
        self.page: deque[RowMapping] = deque()
        self.tried: set[str] = set()
        """Ids dealt with in this pass."""
        self.given_up: set[str] = set()
        """Ids that this job does not try again."""
        self.results: list[tuple[RowMapping, int, str | None]] = []
        self.stored_at = time.monotonic()
        self.done = 0


def _set_all(connection: Connection, results: Sequence[tuple[RowMapping, int, str | None]]) -> set[str]:
    """Note what was made; ids whose file is another by now."""
    return {
        row["video_id"]
        for row, version, color in results
        if not rows.set_made(connection, row, version, color)
    }
