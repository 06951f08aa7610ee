"""The hub's end of one worker process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hub.media.wire import (
    Done,
    Failed,
    Grant,
    Progress,
    ProtocolError,
    Request,
    Unframer,
    decode_reply,
    encode,
)

log = logging.getLogger(__name__)

_NICE = shutil.which("nice")  # looked for here and not when it is used, on the loop

_LOG_BYTES_PER_JOB = 16 * 1024
_STOP_S = 2.0
_CODE = str(Path(__file__).resolve().parents[2])


class WorkerGone(Exception):
    """The worker ended, or talks nonsense, before it answered; the message says how."""


class WorkerNeverCame(WorkerGone):
    """The worker had ended before it was given anything to do: whatever is wrong, it is not the file."""


class WorkerProcess(asyncio.SubprocessProtocol):
    """One child process, spoken to by callbacks: no task, no thread, and whatever happens the child is reaped."""

    def __init__(self, on_exit: Callable[[WorkerProcess], None]) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._on_exit = on_exit
        self._transport: asyncio.SubprocessTransport | None = None
        self._unframer = Unframer()
        self._answer: asyncio.Future[Done | Failed] | None = None
        self._request_id = 0
        self._on_progress: Callable[[int, int, str], None] | None = None
        self._fault = ""
        self._log_left = _LOG_BYTES_PER_JOB
        self.exited: asyncio.Future[None] = loop.create_future()
        self.jobs_done = 0

    @classmethod
    async def spawn(cls, command: Sequence[str], on_exit: Callable[[WorkerProcess], None]) -> WorkerProcess:
        """Start a worker. OSError when the system cannot."""
        loop = asyncio.get_running_loop()
        _, worker = await loop.subprocess_exec(lambda: cls(on_exit), *command, env=_environment())
        return worker

    @property
    def pid(self) -> int:
        """Process id, also after the end."""
        assert self._transport is not None
        return self._transport.get_pid()

    @property
    def is_usable(self) -> bool:
        """True while the worker can take a job."""
        return not self.exited.done() and self._answer is None and not self._fault

    async def call(
        self, request: Request, on_progress: Callable[[int, int, str], None] | None
    ) -> Done | Failed:
        """The worker's answer. WorkerGone when there will be none; when cancelled, the worker must be killed."""
        assert self._transport is not None
        if self.exited.done():
            raise WorkerNeverCame(_how_it_ended(self._transport.get_returncode(), self._fault))
        self._answer = self._loop.create_future()
        self._request_id = request.id
        self._on_progress = on_progress
        self._log_left = _LOG_BYTES_PER_JOB
        self._write(encode(request))
        try:
            answer = await self._answer
        finally:
            self._on_progress = None
        if answer.id != request.id:
            raise WorkerGone("answered another request")
        self._answer = None
        self.jobs_done += 1
        return answer

    def grant(self, upto: int) -> None:
        """Let the running job go on up to, not including, `upto`. Nothing happens when none runs or it has ended."""
        if self._answer is not None and not self._answer.done() and not self.exited.done():
            self._write(encode(Grant(self._request_id, upto)))

    def stop(self) -> None:
        """Let an idle worker end by itself: its input ends. If it does not, it is killed."""
        if self._transport is None or self.exited.done():
            return
        self._fault = "was stopped"
        stdin = self._transport.get_pipe_transport(0)
        if stdin is not None:
            stdin.close()
        self._loop.call_later(_STOP_S, self.kill)

    def kill(self) -> None:
        """End the worker now; `exited` tells when it has."""
        self._fault = self._fault or "was killed"
        if self._transport is not None and not self.exited.done():
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself, the news is on its way
                self._transport.kill()

    # Called by asyncio:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._log(data)
            return
        try:
            for body in self._unframer.feed(data):
                self._receive(body)
        except ProtocolError as error:
            self._fault = f"sent nonsense ({error})"
            self.kill()

    def process_exited(self) -> None:
        assert self._transport is not None
        code = self._transport.get_returncode()
        # Close now: a grandchild that inherited a pipe would keep the connection open for ever.
        self._transport.close()
        if not self.exited.done():
            self.exited.set_result(None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(WorkerGone(_how_it_ended(code, self._fault)))
        self._on_exit(self)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        stdin = self._transport.get_pipe_transport(0)
        assert isinstance(stdin, asyncio.WriteTransport)
        stdin.write(data)

    def _receive(self, body: bytes) -> None:
        reply = decode_reply(body)
        if self._answer is None or self._answer.done():
            raise ProtocolError("a message that nobody asked for")
        if isinstance(reply, Progress):
            if self._on_progress is not None:
                self._on_progress(reply.done, reply.total, reply.text)
        else:
            self._answer.set_result(reply)

    def _log(self, data: bytes) -> None:
        if self._log_left <= 0:
            return
        for line in data[: self._log_left].decode("utf-8", "backslashreplace").splitlines():
            log.debug("worker %d: %s", self.pid, line)
        self._log_left -= len(data)
        if self._log_left <= 0:
            log.debug("worker %d: … the rest of its messages for this job is left out", self.pid)


def worker_command() -> list[str]:
    """The command line of a worker. `-P`: the current folder must not provide its modules."""
    return [sys.executable, "-P", "-m", "hub.media.worker", "--parent", str(os.getpid())]


def patient_worker_command() -> list[str]:
    """The command line of a worker for which nobody waits: the lowest priority there is, where that can be had."""
    return worker_command() if _NICE is None else [_NICE, "-n", "19", *worker_command()]


def _environment() -> dict[str, str]:
    """The worker runs the same code as the hub, and does not let glibc keep an arena for each of FFmpeg's threads."""
    search_path = os.pathsep.join(filter(None, [_CODE, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": search_path, "MALLOC_ARENA_MAX": "2", "SVT_LOG": "1"}


def _how_it_ended(code: int | None, fault: str) -> str:
    if fault and fault != "was killed":
        return fault
    if code is None:
        return "ended"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
