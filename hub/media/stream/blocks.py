"""Segments that need no session: copies and audio, made a few at a time by jobs of the media pool.

What several players ask for at once is made once. When a player comes near the end of what is there, the next block is
made before it is asked for.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from hub.errors import HubError, MediaError, RenditionFailed, StorageFull
from hub.media.errors import (
    DiskFull,
    InitMismatch,
    OutputNotWritable,
    PoolClosed,
    UnreadableFile,
    WorkerCrashed,
    WorkerTimeout,
)
from hub.media.files import not_writable
from hub.media.operations import AUDIO, COPY
from hub.media.pool import MediaPool, Priority
from hub.media.stream.failures import Failures
from hub.media.stream.sessions import Source
from hub.media.stream.store import SegmentStore
from hub.media.stream.types import Rendition, SegmentsJob
from hub.runtime.tasks import TaskScope

log = logging.getLogger(__name__)

FIRST = 2
"""Segments of a block that somebody waits for."""
BLOCK = 8
"""Segments of one that is made ahead."""
AHEAD = 4
"""So many segments before the end of what is there the next block begins."""
TIMEOUT_S = 60.0


class _Block:
    """Segments `first` up to `stop` being made."""

    def __init__(self, first: int, stop: int) -> None:
        self.first, self.stop = first, stop
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class BlockMaker:
    """Makes segments of copies and audio."""

    def __init__(self, store: SegmentStore, pool: MediaPool, failures: Failures) -> None:
        self._store = store
        self._pool = pool
        self._failures = failures
        self._running: dict[tuple[str, str], list[_Block]] = {}
        self._tasks = TaskScope("blocks")
        self._closed = False

    async def close(self) -> None:
        """Make nothing more; who waits is told."""
        self._closed = True
        await self._tasks.close()

    async def segment(self, source: Source, rendition: Rendition, k: int, *, count: int) -> Path:
        """The file of segment `k` of `count`, made if need be.

        RenditionFailed, StorageFull, OutputNotWritable, UnreadableFile.
        """
        for _ in range(3):
            path = self._store.path(source.content, rendition.id, k)
            if path is not None:
                await self._look_ahead(source, rendition, k, count)
                return path
            failed = await self._failures.of(source.content)
            if rendition.id in failed:
                raise RenditionFailed(failed[rendition.id])
            await asyncio.shield(self._block_with(source, rendition, k, min(k + FIRST, count)).done)
        raise RenditionFailed("This part of the video could not be made; the log may say why.")

    async def init(self, source: Source, rendition: Rendition, k: int, *, count: int) -> Path:
        """The init segment, which is written with the first segment made; `k` is one that may be wanted."""
        path = self._store.init_path(source.content, rendition.id)
        if path is None:
            await self.segment(source, rendition, k, count=count)
            path = await self._store.find_init(source.content, rendition.id)
        if path is None:
            # Segments are there without it: somebody removed its file.
            await self._store.drop(source.content, rendition.id)
            await self.segment(source, rendition, k, count=count)
            path = await self._store.find_init(source.content, rendition.id)
        if path is None:
            raise RenditionFailed("The beginning of this rendition could not be made.")
        return path

    async def _look_ahead(self, source: Source, rendition: Rendition, k: int, count: int) -> None:
        """Have the next segments made while there are still some to play."""
        near = range(k + 1, min(k + 1 + AHEAD, count))
        missing = next((n for n in near if not self._store.has(source.content, rendition.id, n)), None)
        if missing is not None and rendition.id not in await self._failures.of(source.content):
            self._block_with(source, rendition, missing, min(missing + BLOCK, count))

    def _block_with(self, source: Source, rendition: Rendition, k: int, stop: int) -> _Block:
        """The block that makes segment `k`: one that runs, or a new one."""
        if self._closed:
            raise PoolClosed("Marquee is shutting down.")
        running = self._running.setdefault((source.content, rendition.id), [])
        for block in running:
            if block.first <= k < block.stop:
                return block
        there = self._store.next_present(source.content, rendition.id, k)
        block = _Block(k, min(stop, there or stop))
        running.append(block)
        self._tasks.start(self._make(source, rendition, block), name=f"{rendition.id} from {k}")
        return block

    async def _make(self, source: Source, rendition: Rendition, block: _Block) -> None:
        key = (source.content, rendition.id)
        error: Exception | None = PoolClosed("Marquee is shutting down.")
        try:
            await self.make(source, rendition, block.first, block.stop)
            error = None
        except HubError as problem:
            error = problem
        finally:
            self._running[key].remove(block)
            if not self._running[key]:
                del self._running[key]
            if not block.done.done():
                if error is None:
                    block.done.set_result(None)
                else:
                    block.done.set_exception(error)
                    block.done.exception()  # seen: nobody may wait for what is made ahead

    async def make(self, source: Source, rendition: Rendition, first: int, stop: int) -> None:
        """Make segments `first` up to `stop`, whether or not they are there; when cancelled, work on them ends.

        RenditionFailed, StorageFull, OutputNotWritable, UnreadableFile.
        """
        for may_retry in (True, False):
            try:
                await self._attempt(source, rendition, first, stop)
                return
            except DiskFull as problem:
                if not may_retry or not await self._store.make_room():
                    raise StorageFull(
                        f"Video cannot be prepared: {problem.message} "
                        "Free some space on the disk of Marquee's data folder."
                    ) from problem
            except OutputNotWritable as problem:
                log.warning("segments cannot be written: %s", problem.message)
                raise OutputNotWritable(
                    f"Video cannot be prepared: {problem.message} "
                    "See to it that Marquee may write into its data folder."
                ) from problem
            except InitMismatch as problem:
                # What is kept was made by another program: all of it is made anew.
                await self._store.drop(source.content, rendition.id)
                if not may_retry:
                    raise RenditionFailed(problem.message) from problem
            except (UnreadableFile, PoolClosed):
                raise
            except MediaError as problem:
                log.warning("%s from segment %d: %s", rendition.id, first, problem.message)
                if may_retry and isinstance(problem, (WorkerCrashed, WorkerTimeout)):
                    continue
                reason = f"This part of the file cannot be prepared: {problem.message}"
                await self._failures.note(source.content, rendition.id, problem, reason)
                raise RenditionFailed(reason) from problem

    async def _attempt(self, source: Source, rendition: Rendition, first: int, stop: int) -> None:
        content = source.content
        try:
            folder = await self._store.make_folder(content, rendition.id)
        except OSError as problem:
            raise not_writable("The folder of segments", problem) from problem
        job = SegmentsJob(
            path=source.path,
            timeline=source.timeline,
            rendition=rendition,
            folder=bytes(folder),
            first=first,
            stop=stop,
        )
        operation = COPY if rendition.is_copy else AUDIO
        made = await self._pool.run(operation, job, timeout_s=TIMEOUT_S, priority=Priority.INTERACTIVE)
        await self._store.added(content, rendition.id, first, made.next)
