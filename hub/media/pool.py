"""The media workers as one service: a job in, its result out, whatever the file does to the process that reads it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from hub.media.children import watch_children_by_descriptor
from hub.media.errors import FROM_WORKER, PoolClosed, WorkerCrashed, WorkerFailed, WorkerTimeout
from hub.media.operations import (
    CAPTIONS,
    DEMO_CLIP,
    PROBE,
    THUMBNAIL,
    THUMBNAIL_WIDTHS,
    CaptionsJob,
    DemoClipJob,
    Operation,
    ProbeJob,
    ThumbnailJob,
)
from hub.media.process import WorkerGone, WorkerNeverCame, WorkerProcess, worker_command
from hub.media.types import ProbeResult, Thumbnails
from hub.media.wire import Failed, Request

log = logging.getLogger(__name__)

J = TypeVar("J", bound=msgspec.Struct)
R = TypeVar("R")

_JOBS_PER_WORKER = 1_000  # then a fresh one: what FFmpeg leaks on broken files stays bounded
_CLOSE_S = 2.0


class Priority(IntEnum):
    """Who goes first when all workers are busy."""

    INTERACTIVE = 0
    """Somebody waits for it."""
    PROBE = 10
    """New files become visible."""
    THUMBNAIL = 20
    """Visible files become pretty."""
    BACKGROUND = 30


class MediaPool:
    """Runs jobs in worker processes, one job per worker at a time.

    A worker is started when a job needs one and ends after `idle_s` without work. A job that crashes its worker is
    tried once more on a fresh one; one that takes too long, or whose caller is cancelled, has its worker killed, so
    that no answer can ever reach the wrong job. Everything runs in the caller's task on one loop: `start`, `close` and
    every job belong on its thread, which on Linux must outlive the pool (workers die with the thread they came from).
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        idle_s: float = 30.0,
        command: Callable[[], Sequence[str]] = worker_command,
    ) -> None:
        self._size = size or min(2, os.cpu_count() or 1)
        self._idle_s = idle_s
        self._command = command
        self._slots = _Slots(self._size)
        self._workers: set[WorkerProcess] = set()
        self._idle: dict[WorkerProcess, asyncio.TimerHandle] = {}
        self._ids = itertools.count(1)
        self._closed = False
        self._quiet = asyncio.Event()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        return sorted(worker.pid for worker in self._workers)

    @property
    def busy(self) -> int:
        """How many jobs are being worked on."""
        return self._slots.taken

    async def start(self) -> None:
        """Get ready. Cheap: the workers come with the work."""
        watch_children_by_descriptor()

    async def close(self) -> None:
        """Kill all workers and wait until they are gone; jobs that wait or run end with PoolClosed. May be repeated."""
        self._closed = True
        self._slots.close()
        for timer in self._idle.values():
            timer.cancel()
        self._idle.clear()
        for worker in self._workers:
            worker.kill()
        self._note_quiet()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._quiet.wait()
        except (
            TimeoutError
        ):  # stuck in the kernel, on a dead network disk for one; they end when that lets go
            log.error("%d media workers did not end within %s s", len(self._workers), _CLOSE_S)

    async def probe(
        self, path: bytes, *, timeout_s: float = 30.0, priority: Priority = Priority.PROBE
    ) -> ProbeResult:
        """What a media file says about itself, and its fingerprint. Errors: those of `hub.media.probe.probe`."""
        return await self.run(PROBE, ProbeJob(path), timeout_s=timeout_s, priority=priority)

    async def thumbnails(
        self,
        source: bytes,
        out_dir: Path | bytes,
        prefix: str,
        *,
        poster: bytes | None = None,
        widths: tuple[int, ...] = THUMBNAIL_WIDTHS,
        timeout_s: float = 60.0,
        priority: Priority = Priority.THUMBNAIL,
    ) -> Thumbnails:
        """Write `<prefix>-<width>.webp` into `out_dir`, see `hub.media.thumbnail.make_thumbnails`."""
        job = ThumbnailJob(
            source=source, out_dir=os.fsencode(out_dir), prefix=prefix, poster=poster, widths=tuple(widths)
        )
        return await self.run(THUMBNAIL, job, timeout_s=timeout_s, priority=priority)

    async def captions(
        self, path: bytes, *, timeout_s: float = 20.0, priority: Priority = Priority.INTERACTIVE
    ) -> str:
        """A sidecar caption file as WebVTT, see `hub.media.captions.to_webvtt`."""
        return await self.run(CAPTIONS, CaptionsJob(path), timeout_s=timeout_s, priority=priority)

    async def demo_clip(
        self, folder: Path, name: str, *, timeout_s: float = 180.0, priority: Priority = Priority.BACKGROUND
    ) -> Path:
        """Make one clip of the demo, see `hub.media.demo`. In the background: clips that exist are shown first."""
        job = DemoClipJob(os.fsencode(folder), name)
        made: bytes = await self.run(DEMO_CLIP, job, timeout_s=timeout_s, priority=priority)
        return Path(os.fsdecode(made))

    async def run(
        self,
        operation: Operation[J, R],
        job: J,
        *,
        timeout_s: float,
        priority: Priority,
        on_progress: Callable[[int, int, str], None] | None = None,
    ) -> R:
        """Have `job` done. `timeout_s` counts from when a worker has it, not the wait for one.

        Raises what the operation raises (a MediaError), WorkerTimeout, WorkerCrashed after the second crash,
        WorkerFailed when no worker can be started, PoolClosed.
        """
        request = Request(next(self._ids), operation.name, msgspec.Raw(msgspec.msgpack.encode(job)))
        await self._slots.take(priority)
        try:
            answer = await self._with_retry(request, timeout_s, on_progress)
        finally:
            self._slots.give_back()
            self._note_quiet()
        if isinstance(answer, Failed):
            raise FROM_WORKER.get(answer.error, WorkerFailed)(answer.message)
        return msgspec.msgpack.decode(answer, type=operation.result)

    async def _with_retry(
        self, request: Request, timeout_s: float, on_progress: Callable[[int, int, str], None] | None
    ) -> msgspec.Raw | Failed:
        for may_retry in (True, False):
            try:
                return await self._attempt(request, timeout_s, on_progress)
            except WorkerGone as gone:
                if self._closed:
                    raise PoolClosed("Marquee is shutting down; the job was not done.") from gone
                log.warning("a media worker %s during %s", gone, request.operation)
                if not may_retry and isinstance(gone, WorkerNeverCame):
                    raise WorkerFailed(f"The media worker cannot be started: it {gone}.") from gone
                if not may_retry:
                    words = (
                        f"The media worker {gone} while it worked on this file, and again on a second try."
                    )
                    raise WorkerCrashed(words) from gone
        raise AssertionError("unreachable")

    async def _attempt(
        self, request: Request, timeout_s: float, on_progress: Callable[[int, int, str], None] | None
    ) -> msgspec.Raw | Failed:
        worker: WorkerProcess | None = None
        try:
            async with asyncio.timeout(timeout_s):
                worker = await self._worker()
                answer = await worker.call(request, on_progress)
        except TimeoutError as error:
            raise WorkerTimeout(
                f"Working on this file took longer than {timeout_s:g} s and was stopped."
            ) from error
        finally:
            if worker is not None:
                self._put_back(worker)
        return answer if isinstance(answer, Failed) else answer.result

    async def _worker(self) -> WorkerProcess:
        """A worker that is free: the one used last, so that the others become idle long enough to end."""
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.is_usable:
                return worker
        try:
            worker = await WorkerProcess.spawn(self._command(), self._gone)
        except OSError as error:
            raise WorkerFailed(f"The media worker cannot be started: {error}.") from error
        if not worker.exited.done():
            self._workers.add(worker)
        if self._closed:
            worker.kill()
        return worker

    def _put_back(self, worker: WorkerProcess) -> None:
        """Keep a worker that finished its job; kill one that did not (a timeout, a cancelled caller)."""
        if not worker.is_usable or self._closed:
            worker.kill()
        elif worker.jobs_done >= _JOBS_PER_WORKER:
            worker.stop()
        else:
            loop = asyncio.get_running_loop()
            self._idle[worker] = loop.call_later(self._idle_s, self._retire, worker)

    def _retire(self, worker: WorkerProcess) -> None:
        del self._idle[worker]
        worker.stop()

    def _gone(self, worker: WorkerProcess) -> None:
        self._workers.discard(worker)
        if timer := self._idle.pop(worker, None):
            timer.cancel()
        self._note_quiet()

    def _note_quiet(self) -> None:
        """Closing is done once the last worker is gone and the last job has noticed."""
        if self._closed and not self._workers and not self._slots.taken:
            self._quiet.set()


class _Slots:
    """Leave to use a worker: by priority, but every fourth goes to whoever has waited longest, so that none starves."""

    _FAIR_EVERY = 4

    def __init__(self, size: int) -> None:
        self._free = size
        self.taken = 0
        self._order = itertools.count()
        self._by_priority: list[tuple[int, int, asyncio.Future[None]]] = []
        self._by_age: deque[asyncio.Future[None]] = deque()
        self._granted = 0
        self._closed = False

    async def take(self, priority: int) -> None:
        """Wait for a slot. PoolClosed when there will be none."""
        if self._closed:
            raise PoolClosed("Marquee is shutting down; the job was not done.")
        if self._free:
            self._free -= 1
            self.taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._by_priority, (priority, next(self._order), turn))
        self._by_age.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()  # the slot was granted in the same moment
            raise

    def give_back(self) -> None:
        """Hand the slot to the next in turn, if somebody waits."""
        self.taken -= 1
        turn = self._next()
        if turn is None:
            self._free += 1
        else:
            self.taken += 1
            turn.set_result(None)

    def close(self) -> None:
        """Turn away everybody who waits and will come."""
        self._closed = True
        while self._by_age:
            turn = self._by_age.popleft()
            if not turn.done():
                turn.set_exception(PoolClosed("Marquee is shutting down; the job was not done."))
        self._by_priority.clear()

    def _next(self) -> asyncio.Future[None] | None:
        """The next one to be served; those served or cancelled meanwhile are dropped on the way."""
        self._granted += 1
        if self._granted % self._FAIR_EVERY == 0:
            while self._by_age:
                turn = self._by_age.popleft()
                if not turn.done():
                    return turn
        while self._by_priority:
            *_, turn = heapq.heappop(self._by_priority)
            if not turn.done():
                return turn
        self._by_age.clear()
        return None
