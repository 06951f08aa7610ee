"""A media worker: `python -m hub.media.worker --parent PID`.

It reads requests from its standard input and writes replies to its standard output, one job at a time. Everything
that could disturb the conversation is out of the way: the pipes are moved to descriptors of their own, so that a
library that prints writes to the log; a broken file may crash or exhaust this process, which the hub then replaces. The
worker is niced and limited in memory, and ends with the hub: at the end of its input, and on Linux also when the hub is
killed.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import importlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec

from hub.errors import MediaError
from hub.media.errors import FROM_WORKER
from hub.media.grants import Grants
from hub.media.operations import OPERATIONS, Operation
from hub.media.wire import Done, Failed, Progress, ProtocolError, Request, Unframer, decode_order, encode

MEMORY_BYTES = 4 << 30  # of address space: enough for 8K pictures, too little to take the machine down
NICENESS = 10
"""Of every worker: whatever else the machine does goes first."""
_OOM_SCORE = "500"  # when memory runs out, the kernel takes a worker rather than the hub
_PR_SET_PDEATHSIG = 1


def main(
    argv: Sequence[str] | None = None, operations: Sequence[Operation[Any, Any]] = OPERATIONS
) -> NoReturn:
    """Serve jobs until the input ends."""
    parser = argparse.ArgumentParser(
        prog="hub.media.worker", description="Works on media files for a running hub."
    )
    parser.add_argument("--parent", type=int, required=True, help="process id of the hub")
    parser.add_argument("--memory-bytes", type=int, default=MEMORY_BYTES, help="limit of the address space")
    arguments = parser.parse_args(argv)
    _end_with_parent(arguments.parent)
    source, sink = _take_over_pipes()
    _be_modest(arguments.memory_bytes)
    requests = _Requests()
    threading.Thread(target=_read, args=(source, requests), name="requests", daemon=True).start()
    _Worker(sink, operations).serve(requests)


class _Requests:
    """What the hub wants: jobs in order, and how far each of them may go."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Request, Grants]] = queue.SimpleQueue()
        self._grants: dict[int, Grants] = {}

    def take_in(self, body: bytes) -> None:
        """A message from the hub; a grant for a job that is over comes too late and is dropped."""
        order = decode_order(body)
        if isinstance(order, Request):
            grants = self._grants[order.id] = Grants()
            self._queue.put((order, grants))
        elif grants := self._grants.get(order.id):  # type: ignore[assignment]
            grants.allow(order.upto)

    def next(self) -> tuple[Request, Grants]:
        """The next job; waits for it."""
        return self._queue.get()

    def forget(self, request: Request) -> None:
        """The job is over."""
        self._grants.pop(request.id, None)


class _Worker:
    def __init__(self, sink: int, operations: Sequence[Operation[Any, Any]]) -> None:
        self._sink = sink
        self._sending = threading.Lock()  # a job may report from several threads
        self._operations = {operation.name: operation for operation in operations}

    def serve(self, requests: _Requests) -> NoReturn:
        while True:
            request, grants = requests.next()
            modules = len(sys.modules)
            answer = self._answer(request, grants)
            requests.forget(request)
            self._send(answer)
            # A codec that was abandoned on an error sits in a reference cycle, with all its buffers.
            gc.collect()
            if len(sys.modules) != modules:
                gc.freeze()  # what was imported stays; later collections need not look at it again

    def _answer(self, request: Request, grants: Grants) -> Done | Failed:
        def report(done: int, total: int, text: str) -> None:
            self._send(Progress(request.id, done, total, _printable(text)))

        try:
            operation = self._operations[request.operation]
            job = msgspec.msgpack.decode(request.job, type=operation.job)
            arguments = (job, report, grants) if operation.is_granted else (job, report)
            result = _handler(operation.handler)(*arguments)
            return Done(request.id, msgspec.Raw(msgspec.msgpack.encode(result)))
        except MediaError as error:
            return Failed(request.id, _name(error), _printable(error.message))
        except MemoryError:
            return Failed(
                request.id,
                "TooDemanding",
                "Reading the file needs more memory than Marquee allows for one file.",
            )
        except Exception as error:  # noqa: BLE001  # the hub must get an answer to everything; the traceback goes to its log
            traceback.print_exc()
            words = f"The media worker failed on this file ({type(error).__name__}: {error})."
            return Failed(request.id, "WorkerFailed", _printable(words))

    def _send(self, message: msgspec.Struct) -> None:
        try:
            data = memoryview(encode(message))
        except ProtocolError as error:
            data = memoryview(
                encode(
                    Failed(getattr(message, "id", 0), "WorkerFailed", f"The result is too large: {error}.")
                )
            )
        try:
            with self._sending:
                while data:
                    data = data[os.write(self._sink, data) :]
        except BrokenPipeError:
            os._exit(0)  # nobody listens any more


def _handler(target: str) -> Callable[..., Any]:
    module, _, function = target.partition(":")
    handler: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return handler


def _name(error: MediaError) -> str:
    """The class the hub shall raise: the error's own or the nearest of its bases that is known."""
    return next((c.__name__ for c in type(error).__mro__ if FROM_WORKER.get(c.__name__) is c), "WorkerFailed")


def _printable(text: str) -> str:
    """Text that can be encoded: names that are not UTF-8 carry surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()


def _read(source: int, requests: _Requests) -> None:
    """Take messages in while a job runs: grants are for it, and the end of the input must be noticed at once."""
    unframer = Unframer()
    while data := os.read(source, 1 << 16):
        for body in unframer.feed(data):
            requests.take_in(body)
    os._exit(0)  # in the middle of a job if need be: its results have no receiver


def _take_over_pipes() -> tuple[int, int]:
    """(where requests come from, where replies go), out of reach of libraries that read or print."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    return source, sink


def _end_with_parent(parent: int) -> None:
    """Linux: be killed with the thread that started this process, even if it gets no chance to close the pipe."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(0)


def _be_modest(memory_bytes: int) -> None:
    """Low priority, bounded memory, no core files, the first to go when memory runs out; deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    if sys.platform == "win32":
        return
    import resource

    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere RLIMIT_AS is ignored or counts what every process shares
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(_OOM_SCORE)


if __name__ == "__main__":
    main()
