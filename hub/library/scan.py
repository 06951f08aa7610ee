"""One scan: walk and compare on a thread, look at what is new with the media workers, write in small transactions.

The three go on at once, so that videos appear while the walk is still under way. Nothing is kept but the rows: a scan
that was cut off is run again and does what is left.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import msgspec

from hub.db.engine import Database
from hub.db.repositories import files as rows
from hub.db.repositories.files import Place
from hub.db.repositories.folders import set_scanned
from hub.errors import HubError, MediaError
from hub.events import EventBus, VideosAdded, VideosChanged
from hub.library import sidecars
from hub.library.apply import STALE, News, Observation, Outcome, Rejection, apply
from hub.library.compare import Batch, Comparison, Found, Leftovers
from hub.library.folders import EMPTY_FOLDER, FolderService, shown_path
from hub.library.links import Links
from hub.library.looks import Looks, NotLookedAt
from hub.library.names import to_text
from hub.library.sidecars import SidecarProblem, Sidecars
from hub.library.types import ScanProgress
from hub.library.walk import Spot, Walk
from hub.media.errors import PoolClosed, UnreadableFile, WorkerFailed
from hub.media.files import reason as words_for
from hub.media.types import ProbeResult
from hub.runtime.tasks import TaskScope

T = TypeVar("T")

LOOKERS = 16
"""Files looked at side by side; how many of them a worker has in hand is the pool's business."""
QUEUED = 10_000
"""New files the walk may be ahead: enough to know early how many there are, little enough to hold."""
WRITE_AT = 500
MAX_DEFERRED = 2_000
"""Files with new content in an old place that may wait for the end of the scan; a probe takes some kilobytes."""
WRITE_EVERY_S = 0.5
RATE_OVER_S = 1.0
UNREAD: sidecars.FileFacts = (0, STALE)
"""Size and time of a sidecar that would not tell them."""


class Prober(Protocol):
    """Looks into media files."""

    async def probe(self, path: bytes) -> ProbeResult:
        """What the file at `path` is. MediaError."""


@dataclass(frozen=True, slots=True)
class Part:
    """A folder, or some spots of it, to scan. Places in `unsettled` are left alone: somebody still writes to them."""

    folder_id: str
    spots: tuple[Spot, ...] = (Spot(),)
    unsettled: tuple[Place, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True when the folder is read from end to end."""
        return self.spots == (Spot(),)


@dataclass(frozen=True, slots=True)
class _Task:
    folder_id: str
    root: bytes
    found: Found


class Scan:
    """Runs once over some parts. `report` hears the figures, `scope` holds what must end before the scan does."""

    def __init__(
        self,
        db: Database,
        events: EventBus,
        media: Prober,
        folders: FolderService,
        scope: TaskScope,
        report: Callable[[ScanProgress, int, int | None], None],
    ) -> None:
        self._db = db
        self._events = events
        self._media = media
        self._folders = folders
        self._scope = scope
        self._report = report
        self._figures = _Figures()
        self._todo: asyncio.Queue[_Task | None] = asyncio.Queue(QUEUED)
        self._news = News()
        self._deferred: list[Observation] = []
        self._unread: dict[bytes, str] = {}
        """Why folders could not be read, by their path."""
        self._unmounted = 0
        """How many folders were empty and had not been before."""
        self._writing = asyncio.Lock()
        self._links = Links()

    @property
    def changed_counts(self) -> bool:
        """True when there are more or fewer videos or missing files than before."""
        figures = self._figures
        return bool(figures.added or figures.missing or figures.moved or figures.updated)

    async def run(self, parts: Sequence[Part]) -> None:
        """Scan the parts, one after the other.

        HubError when nothing more can be done, or names the folders that could not be read once all others are scanned.
        """
        roots = await self._folders.paths()
        self._links = Links(roots.values(), self._folders.left_out)
        over = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write_regularly(over))
                lookers = [group.create_task(self._look_at_new()) for _ in range(LOOKERS)]
                walked = [
                    done
                    for part in parts
                    if part.folder_id in roots
                    and (done := await self._walk(part, roots[part.folder_id], roots)) is not None
                ]
                self._figures.is_walked = True
                for _ in lookers:
                    await self._todo.put(None)
                await asyncio.wait(lookers)
                over.set()
        except BaseExceptionGroup as failed:
            # The first reason is the one a person can act on; the others followed from it.
            raise _first_leaf(failed) from failed
        self._tell("finishing")
        await self._write_all()
        for part, comparison, leftovers, vanished in walked:
            await self._finish(part, comparison, leftovers, vanished)
        await self._write_deferred()
        await self._count_problems([part.folder_id for part, *_ in walked])
        self._tell("done")
        if self._unread:
            raise HubError(" ".join(f"{shown_path(path)}: {why}" for path, why in self._unread.items()))

    # --- walking ------------------------------------------------------------------------------------------------------

    async def _walk(
        self, part: Part, root: bytes, roots: dict[str, bytes]
    ) -> tuple[Part, Comparison, Leftovers, list[Place]] | None:
        if not await self._can_be_read(part.folder_id, root):
            return None
        walk = Walk(root, part.spots, folders=roots.values(), left_out=self._folders.left_out)
        comparison = Comparison(self._db, part.folder_id, walk, part.unsettled)
        await to_the_end(self._scope, asyncio.to_thread(comparison.prepare))
        vanished: list[Place] = []
        batches = iter(comparison)
        while (batch := await to_the_end(self._scope, asyncio.to_thread(_next_batch, batches))) is not None:
            vanished += batch.vanished
            self._note(part.folder_id, batch)
            for found in batch.found:
                await self._todo.put(_Task(part.folder_id, root, found))
            self._tell("walking")
        leftovers = await to_the_end(self._scope, asyncio.to_thread(comparison.leftovers))
        return part, comparison, leftovers, vanished

    async def _can_be_read(self, folder_id: str, root: bytes) -> bool:
        problem = await self._folders.look_at(folder_id, root)
        if problem is not None:
            self._unread[root] = problem
        return problem is None

    def _note(self, folder_id: str, batch: Batch) -> None:
        figures = self._figures
        figures.found += batch.seen
        figures.unchanged += batch.unchanged
        figures.dealt_with += batch.seen - len(batch.found)
        figures.errors += batch.rejected
        if batch.returned:
            self._news.returned.setdefault(folder_id, []).extend(batch.returned)
        if batch.accepted:
            self._news.accepted.setdefault(folder_id, []).extend(batch.accepted)

    async def _finish(
        self, part: Part, comparison: Comparison, leftovers: Leftovers, vanished: list[Place]
    ) -> None:
        folder_id = part.folder_id
        # A disk that was pulled out meanwhile says nothing about the files on it.
        if not await self._can_be_read(folder_id, comparison.walk.root):
            return
        for name, places in (
            ("vanished", vanished + leftovers.vanished),
            ("passed_over", leftovers.passed_over),
            ("accepted", leftovers.solved),
        ):
            for start in range(0, len(places), WRITE_AT):
                getattr(self._news, name).setdefault(folder_id, []).extend(places[start : start + WRITE_AT])
                await self._write_all()
        for noted in comparison.walk.problems:
            place = (noted.dir, noted.name)
            self._news.rejections.append(Rejection(folder_id, place, rows.NOT_A_FILE, 0, noted.reason))
        await self._write_all()
        if leftovers.rejected_dirs:
            await self._db.write(rows.forget_rejected_in, folder_id, leftovers.rejected_dirs)
        looks_unmounted = comparison.is_empty and comparison.knows_files
        self._unmounted += looks_unmounted
        await self._folders.set_problem(folder_id, EMPTY_FOLDER if looks_unmounted else None)
        if part.is_whole:
            await self._db.write(set_scanned, folder_id, datetime.now(UTC))

    async def _count_problems(self, folder_ids: Sequence[str]) -> None:
        found: int = await self._db.read(rows.count_rejected, folder_ids)
        self._figures.errors = found + self._unmounted + len(self._unread)

    # --- looking ------------------------------------------------------------------------------------------------------

    async def _look_at_new(self) -> None:
        while (task := await self._todo.get()) is not None:
            self._figures.current = to_text(task.found.name)
            self._tell("walking")
            await self._look_at(task)
            self._figures.dealt_with += 1
            if len(self._news) >= WRITE_AT:
                await self._write_all()

    async def _look_at(self, task: _Task) -> None:
        found = task.found
        directory = os.path.join(task.root, found.dir)
        path = os.path.join(directory, found.name)
        try:
            result = None if found.is_same_file else await self._media.probe(path)
        except PoolClosed:
            raise
        except MediaError as error:
            await self._reject(task, path, error)
            return
        beside = Sidecars()
        facts: dict[bytes, sidecars.FileFacts] = {}
        if found.sidecars:
            beside, facts = await asyncio.to_thread(_read_sidecars, directory, found)
        self._figures.errors += len(beside.problems)
        # What nobody could look at is looked at again next time, though it may not have changed by then.
        digest = "" if UNREAD in facts.values() else found.digest
        self._news.observations.append(
            Observation(task.folder_id, found.place, result, beside, facts, digest)
        )

    async def _reject(self, task: _Task, path: bytes, error: MediaError) -> None:
        found = task.found
        mtime_ns = found.mtime_ns
        if isinstance(error, UnreadableFile | WorkerFailed):
            # It may be readable next time without having changed: permissions, a worker that could not be started.
            mtime_ns = STALE
        is_gone = isinstance(error, UnreadableFile) and not await asyncio.to_thread(os.path.lexists, path)
        self._figures.errors += not is_gone
        self._news.rejections.append(
            Rejection(task.folder_id, found.place, found.size_bytes, mtime_ns, error.message, is_gone)
        )

    # --- writing ------------------------------------------------------------------------------------------------------

    async def _write_regularly(self, over: asyncio.Event) -> None:
        while not over.is_set():
            try:
                async with asyncio.timeout(WRITE_EVERY_S):
                    await over.wait()
            except TimeoutError:
                pass
            await self._write_all()

    async def _write_all(self) -> None:
        async with self._writing:
            if len(self._news):
                news, self._news = self._news, News()
                news.is_final = len(self._deferred) >= MAX_DEFERRED
                await self._write(news)

    async def _write_deferred(self) -> None:
        deferred, self._deferred = self._deferred, []
        for start in range(0, len(deferred), WRITE_AT):
            news = News(observations=deferred[start : start + WRITE_AT], is_final=True)
            await self._write(news)

    async def _write(self, news: News) -> None:
        looks = Looks(self._links)
        while not await to_the_end(self._scope, self._try_to_write(news, looks)):
            await asyncio.to_thread(looks.take)

    async def _try_to_write(self, news: News, looks: Looks) -> bool:
        """Write, and tell of it. False: it depends on looks that are still to be taken."""
        try:
            outcome: Outcome = await self._db.write(apply, news, datetime.now(UTC), looks)
        except NotLookedAt:
            return False
        self._figures.add(outcome)
        self._deferred += outcome.deferred
        if outcome.added:
            self._events.publish(VideosAdded(tuple(outcome.added)))
        if outcome.changed:
            self._events.publish(VideosChanged(tuple(dict.fromkeys(outcome.changed))))
        return True

    def _tell(self, phase: str) -> None:
        figures = self._figures
        self._report(
            figures.as_progress(phase), figures.dealt_with, figures.found if figures.is_walked else None
        )


class _Figures:
    """The running figures of a scan."""

    def __init__(self) -> None:
        self.found = self.unchanged = self.dealt_with = self.errors = 0
        self.added = self.updated = self.moved = self.missing = 0
        self.current: str | None = None
        self.is_walked = False
        self._rate = 0.0
        self._began = time.monotonic()
        self._since = (self._began, 0)

    def add(self, outcome: Outcome) -> None:
        """Count what was written."""
        self.added += len(outcome.added)
        self.updated += outcome.updated
        self.moved += outcome.moved
        self.missing += outcome.missing

    def as_progress(self, phase: str) -> ScanProgress:
        """As others see it; the rate is that of about the last second, in the end that of the whole scan."""
        now = time.monotonic()
        if phase == "done":
            self._since, self._rate = (self._began, 0), 0.0
        began, before = self._since
        if now - began >= RATE_OVER_S or not self._rate:
            self._rate = (self.dealt_with - before) / max(now - began, 0.001)
        if now - began >= RATE_OVER_S:
            self._since = (now, self.dealt_with)
        return ScanProgress(
            phase=phase,
            files_found=self.found,
            files_new=self.added,
            files_changed=self.updated,
            files_moved=self.moved,
            files_missing=self.missing,
            files_unchanged=self.unchanged,
            errors=self.errors,
            files_per_s=round(self._rate, 1),
            current=self.current if phase == "walking" else None,
        )


async def to_the_end(scope: TaskScope, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; whoever is cancelled meanwhile waits for its end, since it holds the database."""
    task = scope.start(work, name="step")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _next_batch(batches: Iterator[Batch]) -> Batch | None:
    return next(batches, None)


def _read_sidecars(directory: bytes, found: Found) -> tuple[Sidecars, dict[bytes, sidecars.FileFacts]]:
    facts: dict[bytes, sidecars.FileFacts] = {}
    problems: list[SidecarProblem] = []
    for name in found.sidecars:
        try:
            status = os.stat(os.path.join(directory, name))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(SidecarProblem(name, f"It cannot be read: {words_for(error)}."))
            continue
        facts[name] = (status.st_size, status.st_mtime_ns)
    beside = sidecars.read(directory, found.name, tuple(facts))
    facts |= dict.fromkeys((problem.name for problem in problems), UNREAD)
    return msgspec.structs.replace(beside, problems=[*problems, *beside.problems]), facts


def _first_leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_leaf(first) if isinstance(first, BaseExceptionGroup) else first
