"""Worker processes for encode sessions, apart from the pool: a session lives as long as somebody watches.

One spare worker is kept warm, so that a session begins without waiting for a process to start; it comes with the first
session and ends when nothing was encoded for a while. Everything belongs on one loop's thread, see `MediaPool`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence

import msgspec

from hub.errors import TooBusy
from hub.media.children import watch_children_by_descriptor
from hub.media.errors import FROM_WORKER, PoolClosed, WorkerCrashed, WorkerFailed
from hub.media.operations import ENCODE, WARM_UP, Operation, WarmUpJob
from hub.media.process import WorkerGone, WorkerProcess, worker_command
from hub.media.stream.types import EncodeJob, Made
from hub.media.wire import Failed, Request
from hub.runtime.tasks import TaskScope

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int, str], None]
_IDLE_S = 120.0
_SPARE_AFTER_S = 2.0
_CLOSE_S = 2.0


class Encoding:
    """One encode session in its process."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self.answer: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        """Ends with the session: what was made, or a MediaError (WorkerCrashed when the process died)."""

    @property
    def pid(self) -> int:
        """Process id."""
        return self._worker.pid

    def grant(self, upto: int) -> None:
        """Let it go on up to, not including, segment `upto`."""
        self._worker.grant(upto)

    def end(self) -> None:
        """Kill it, unless it is done. What it was about to write is not written."""
        if not self.answer.done():
            self._worker.kill()
            self.answer.cancel()

    def failed(self, error: Exception) -> None:
        """There will be no answer but this error."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # seen: whoever has ended the session does not ask any more


class EncoderProcesses:
    """Starts encode sessions, each in a process."""

    def __init__(
        self,
        *,
        operation: Operation[EncodeJob, Made] = ENCODE,
        command: Callable[[], Sequence[str]] = worker_command,
        idle_s: float = _IDLE_S,
        keeps_spare: bool = True,
    ) -> None:
        """Without `keeps_spare` none is started for a next session; one whose session is over is still used again."""
        self._operation = operation
        self._command = command
        self._idle_s = idle_s
        self._keeps_spare = keeps_spare
        self._ids = itertools.count(1)
        self._tasks = TaskScope("encoders")
        self._workers: set[WorkerProcess] = set()
        self._spare: WorkerProcess | None = None
        self._preparing = False
        self._retiring: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live, the spare one too."""
        return sorted(worker.pid for worker in self._workers)

    async def close(self) -> None:
        """Kill all workers and wait until they are gone."""
        self._closed = True
        if self._retiring is not None:
            self._retiring.cancel()
        for worker in self._workers:
            worker.kill()
        ends = [worker.exited for worker in self._workers]
        await self._tasks.close()
        if ends:
            _, stuck = await asyncio.wait(ends, timeout=_CLOSE_S)
            if stuck:
                log.error("%d encoders did not end within %s s", len(stuck), _CLOSE_S)

    def warm(self) -> None:
        """Have a spare worker ready soon: somebody is about to watch."""
        if self._closed:
            return
        self._postpone_retirement()
        if self._preparing or (self._spare is not None and self._spare.is_usable):
            return
        self._preparing = True
        self._tasks.start(self._prepare(), name="spare")

    async def begin(self, job: EncodeJob, on_progress: OnProgress) -> Encoding:
        """Start a session. TooBusy when no process can be started, PoolClosed when the hub ends."""
        if self._closed:
            raise PoolClosed("Marquee is shutting down; nothing is encoded any more.")
        worker, self._spare = self._spare, None
        if worker is None or not worker.is_usable:
            worker = await self._spawn()
        encoding = Encoding(worker)
        request = self._request(self._operation.name, job)
        self._tasks.start(self._work(worker, encoding, request, on_progress), name=f"from {job.first}")
        if self._keeps_spare:
            # Not now: the session that begins needs the machine.
            asyncio.get_running_loop().call_later(_SPARE_AFTER_S, self.warm)
        return encoding

    async def _work(
        self, worker: WorkerProcess, encoding: Encoding, request: Request, on_progress: OnProgress
    ) -> None:
        try:
            answer = await worker.call(request, on_progress)
        except WorkerGone as gone:
            encoding.failed(WorkerCrashed(f"The encoder {gone} while it worked on this file."))
        else:
            if isinstance(answer, Failed):
                encoding.failed(FROM_WORKER.get(answer.error, WorkerFailed)(answer.message))
            elif not encoding.answer.done():
                encoding.answer.set_result(msgspec.msgpack.decode(answer.result, type=self._operation.result))
        finally:
            encoding.answer.cancel()
            self._put_back(worker)

    async def _prepare(self) -> None:
        try:
            worker = await self._spawn()
            await worker.call(self._request(WARM_UP.name, WarmUpJob()), None)
            self._put_back(worker)
        except (TooBusy, WorkerGone) as error:
            # A session will try for itself, and say why it could not.
            if not self._closed:
                log.warning("no encoder could be kept ready: %s", error)
        finally:
            self._preparing = False

    def _put_back(self, worker: WorkerProcess) -> None:
        """Keep a worker that is done as the spare one, if there is none."""
        if not worker.is_usable or self._closed:
            worker.kill()
        elif self._spare is not None and self._spare.is_usable:
            worker.stop()
        else:
            self._spare = worker
            self._postpone_retirement()

    def _postpone_retirement(self) -> None:
        if self._retiring is not None:
            self._retiring.cancel()
        self._retiring = asyncio.get_running_loop().call_later(self._idle_s, self._retire)

    def _retire(self) -> None:
        worker, self._spare = self._spare, None
        if worker is not None:
            worker.stop()

    async def _spawn(self) -> WorkerProcess:
        watch_children_by_descriptor()
        try:
            worker = await WorkerProcess.spawn(self._command(), self._workers.discard)
        except OSError as error:
            raise TooBusy(f"No encoder can be started: {error}.", retry_after_s=10) from error
        if not worker.exited.done():
            self._workers.add(worker)
        if self._closed:
            worker.kill()
        return worker

    def _request(self, name: str, job: msgspec.Struct) -> Request:
        return Request(next(self._ids), name, msgspec.Raw(msgspec.msgpack.encode(job)))
