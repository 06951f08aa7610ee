"""What is made from files in the background: text tracks, storyboards, loudness, how hard they are to encode.

It begins once files are visible and have pictures. A row says of which file each was made (`repositories.derived`);
what is no figure lies in `<folder>/<last two of the id>/<id>/`. A row comes after its files, so a crash at any moment
costs something made again. The work is done by a worker of its own, so that nobody who waits for media work waits for
this, and rests while a scan or pictures are under way.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import RowMapping

from hub.db.engine import Database
from hub.db.repositories import derived as rows
from hub.db.repositories.derived import Kind
from hub.db.retry import DATABASE_ERRORS, Retry
from hub.errors import MediaError
from hub.events import EventBus, JobChanged, VideosAdded, VideosChanged, VideosRemoved
from hub.jobs.service import JobContext, JobService
from hub.jobs.types import JobState
from hub.library import made, scanner, thumbnails
from hub.library.names import to_text
from hub.media.errors import OutputNotWritable, PoolClosed, UnreadableFile, WorkerFailed
from hub.media.operations import (
    COMPLEXITY,
    EXTRACT_CAPTIONS,
    LOUDNESS,
    STORYBOARD,
    ComplexityJob,
    ExtractCaptionsJob,
    LoudnessJob,
    Operation,
    StoryboardJob,
)
from hub.media.pool import Priority
from hub.media.types import TEXT_CODECS
from hub.runtime.tasks import TaskScope

JOB = "derived"
PAGE = 50
SETTLE_S = 2.0
"""How long after a change the job is queued: scans announce many in a row, and pictures come first."""
TIMEOUT_S = 1_800.0
"""For one file: a day of audio is measured in ten minutes, hundreds of gigabytes are read through in twenty."""
_BEFORE = (scanner.KIND, scanner.KIND_CHANGES, thumbnails.KIND)

J = TypeVar("J", bound=msgspec.Struct)
R = TypeVar("R")


class Workers(Protocol):
    """Has media jobs done."""

    async def run(self, operation: Operation[J, R], job: J, *, timeout_s: float, priority: Priority) -> R:
        """The job's result. MediaError."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The job's detail: what is being made, and of which file."""

    kind: str
    current: str


class DerivedService:
    """Makes, finds and removes what is derived from files."""

    def __init__(
        self, db: Database, events: EventBus, jobs: JobService, workers: Workers, folder: Path
    ) -> None:
        self._db = db
        self._events = events
        self._jobs = jobs
        self._workers = workers
        self._folder = folder
        self._tasks = TaskScope("derived")
        self._urgent: deque[str] = deque(maxlen=100)
        self._making: dict[tuple[str, Kind], asyncio.Task[bool | MediaError]] = {}
        self._is_running = self._is_asking = self._look_again = False
        self._before: set[str] = set()
        """Ids of jobs that go first."""
        self._calm = asyncio.Event()
        self._calm.set()
        self._retry = Retry("Asking for storyboards and loudness")
        self._heard: list[Callable[[], None]] = []
        jobs.register(JOB, self._make_all)

    async def start(self) -> None:
        """Go on with what is missing, and remove what a crash left of deleted videos."""
        self._heard = [
            self._events.subscribe(VideosAdded, self._on_change),
            self._events.subscribe(VideosChanged, self._on_change),
            self._events.subscribe(VideosRemoved, self._on_removed),
            self._events.subscribe(JobChanged, self._on_job),
        ]
        await self._remove(await self._db.read(rows.of_deleted))
        self._on_change()

    async def close(self) -> None:
        """End what is on its way; the job queue has ended the job."""
        for unsubscribe in self._heard:
            unsubscribe()
        await self._tasks.close()

    def folder_of(self, video_id: str) -> Path:
        """Where the files made of this video are."""
        return self._folder / video_id[-2:] / video_id

    def wanted(self, video_id: str) -> None:
        """Somebody watches this video: make what is missing of it before all else. Loop thread only."""
        if video_id not in self._urgent:
            self._urgent.append(video_id)
        self._ask_later()

    async def make_now(self, video_id: str, kind: Kind, workers: Workers) -> bool:
        """Make one thing, unless it is made; True when it is there now, or there can be none.

        `workers` are those that somebody may wait for. Two that ask at once wait for the same work, which goes on if
        they no longer do. OutputNotWritable, PoolClosed.
        """
        making = self._making.get((video_id, kind))
        if making is None:
            making = self._tasks.start(self._make_one(video_id, kind, workers), name=f"{kind} {video_id}")
            self._making[video_id, kind] = making
            making.add_done_callback(lambda _: self._making.pop((video_id, kind), None))
        outcome = await asyncio.shield(making)
        if isinstance(outcome, MediaError):
            raise outcome
        return outcome

    # --- asking for the job -------------------------------------------------------------------------------------------

    def _on_change(self, _event: object = None) -> None:
        self._look_again = True
        self._ask_later()

    def _ask_later(self) -> None:
        if not (self._is_running or self._is_asking):
            self._is_asking = True
            self._tasks.start(self._ask_soon(), name="ask")

    async def _ask_soon(self) -> None:
        await asyncio.sleep(SETTLE_S)
        await self._calm.wait()
        await self._retry.until_done(self._ask)

    async def _ask(self) -> None:
        self._is_asking = False  # what changes from here on may come too late for this look
        changed, self._look_again = self._look_again, False
        try:
            if not self._is_running and await self._is_anything_wanted(everywhere=changed):
                await self._jobs.submit(JOB, "all", "Preparing seek previews, captions and loudness")
            elif not self._is_running:
                self._urgent.clear()
        except DATABASE_ERRORS:
            self._is_asking, self._look_again = True, changed  # it is tried again
            raise

    async def _is_anything_wanted(self, *, everywhere: bool) -> bool:
        """Looking at all files takes a while; what somebody watches is found at once."""
        for kind in Kind:
            for video_id in tuple(self._urgent):
                if await self._db.read(rows.wanted_of, kind, video_id) is not None:
                    return True
            if everywhere and len(await self._db.read(rows.wanted, kind, None, 1)):
                return True
        return False

    def _on_job(self, event: JobChanged) -> None:
        if event.job.kind not in _BEFORE:
            return
        if event.job.state is JobState.RUNNING:
            self._before.add(event.job.id)
        elif event.job.state.is_over:
            self._before.discard(event.job.id)
        if self._before:
            self._calm.clear()
        else:
            self._calm.set()

    def _on_removed(self, event: VideosRemoved) -> None:
        self._tasks.start(self._remove(event.ids), name="remove")

    async def _remove(self, video_ids: Sequence[str]) -> None:
        if video_ids:
            await self._db.write(rows.forget, video_ids)
            await asyncio.to_thread(self._remove_folders, video_ids)

    def _remove_folders(self, video_ids: Sequence[str]) -> None:
        for video_id in video_ids:
            shutil.rmtree(self.folder_of(video_id), ignore_errors=True)

    # --- the job ------------------------------------------------------------------------------------------------------

    async def _make_all(self, context: JobContext) -> None:
        self._is_running = True
        done = 0
        given_up: set[tuple[str, Kind]] = set()
        try:
            self._look_again = True
            while self._look_again:
                self._look_again = False
                for kind in Kind:
                    done = await self._pass(context, kind, given_up, done)
        finally:
            self._is_running = False
            self._urgent.clear()

    async def _pass(self, context: JobContext, kind: Kind, given_up: set[tuple[str, Kind]], done: int) -> int:
        """Once through the files of which this is missing; what somebody watches meanwhile comes first, whole."""
        before: str | None = None
        while page := await self._db.read(rows.wanted, kind, before, PAGE):
            for row in page:
                before = row["video_id"]
                while self._urgent:
                    urgent = self._urgent.popleft()
                    for each in Kind:
                        await self._make_unless(context, urgent, each, given_up)
                if await self._make_unless(context, before, kind, given_up):
                    done += 1
                    context.report(done_units=done)
        return done

    async def _make_unless(
        self, context: JobContext, video_id: str, kind: Kind, given_up: set[tuple[str, Kind]]
    ) -> bool:
        """Make it if it is missing and was not given up before."""
        if (video_id, kind) in given_up:
            return False
        await self._calm.wait()
        row = await self._db.read(rows.wanted_of, kind, video_id)
        if row is None:
            return False
        context.report(detail=Progress(kind=kind, current=to_text(row["name"])))
        if not await self.make_now(video_id, kind, self._workers):
            given_up.add((video_id, kind))
        return True

    async def _make_one(self, video_id: str, kind: Kind, workers: Workers) -> bool | MediaError:
        """True when it is made, False when it is to be tried another time, the error when no file can be dealt with."""
        row = await self._db.read(rows.wanted_of, kind, video_id)
        if row is None:
            return True
        try:
            data = await self._made(row, kind, workers)
        except (OutputNotWritable, PoolClosed) as error:
            return error  # nothing is wrong with the file
        except (UnreadableFile, WorkerFailed):
            return False  # the file may be back, a worker startable, next time
        except MediaError:
            data = None
        is_stored = await self._db.write(rows.store, kind, row, data, datetime.now(UTC))
        if not is_stored:
            self._look_again = True
        return is_stored

    async def _made(self, row: RowMapping, kind: Kind, workers: Workers) -> dict[str, Any] | None:
        directory = os.path.join(row["folder_path"], row["dir"])
        path = os.path.join(directory, row["name"])
        how = {
            "timeout_s": TIMEOUT_S,
            "priority": Priority.BACKGROUND if workers is self._workers else Priority.INTERACTIVE,
        }
        if kind is Kind.LOUDNESS:
            return _plain(await workers.run(LOUDNESS, LoudnessJob(path), **how))  # type: ignore[arg-type]
        if kind is Kind.COMPLEXITY:
            return await _complexity(workers, path, row["probe"], how)
        if kind is Kind.CAPTIONS and not _has_text(row["probe"]):
            return None
        folder = os.fsencode(await asyncio.to_thread(self._empty_folder, row["video_id"], kind))
        if kind is Kind.CAPTIONS:
            job = ExtractCaptionsJob(path=path, folder=folder)
            return {"streams": list(await workers.run(EXTRACT_CAPTIONS, job, **how))}  # type: ignore[arg-type]
        beside = None if row["storyboard"] is None else os.path.join(directory, row["storyboard"])
        board = StoryboardJob(path=path, folder=folder, imported=beside)
        return _plain(await workers.run(STORYBOARD, board, **how))  # type: ignore[arg-type]

    def _empty_folder(self, video_id: str, kind: Kind) -> Path:
        """The video's folder, made if need be, without what was made of an earlier file."""
        folder = self.folder_of(video_id)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in folder.glob("*.vtt" if kind is Kind.CAPTIONS else "storyboard-*"):
                old.unlink(missing_ok=True)
        except OSError as error:
            raise OutputNotWritable(
                f"The folder {folder} cannot be used: {error.strerror or error}."
            ) from error
        return folder


async def _complexity(
    workers: Workers, path: bytes, probe: dict[str, Any], how: dict[str, Any]
) -> dict[str, Any] | None:
    width, height = probe.get("width"), probe.get("height")
    if not width or not height:
        return None
    job = ComplexityJob(path=path, width=width, height=height)
    return {made.COMPLEXITY: await workers.run(COMPLEXITY, job, **how)}


def _has_text(probe: dict[str, Any]) -> bool:
    return any(
        stream["kind"] == "subtitle" and stream["codec"] in TEXT_CODECS for stream in probe.get("streams", ())
    )


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
