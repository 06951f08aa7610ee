"""The only crossing between the window's thread and the loop thread.

Calls go in as coroutines made on the loop; their results and errors, and every event of the hub's bus, come back as
queued signals and are handed out on the thread the bridge was made on, in the order they happened.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

from hub.errors import HubError
from hub.events import Event
from hub.runtime.loop import LoopThread

log = logging.getLogger(__name__)
T = TypeVar("T")


class Call(Generic[T]):
    """A call under way. Its callbacks run at most once, on the window's thread."""

    def __init__(
        self,
        context: QObject,
        on_result: Callable[[T], None] | None,
        on_error: Callable[[HubError], None] | None,
    ) -> None:
        self.context = context
        self.on_result = on_result
        self.on_error = on_error
        self.future: concurrent.futures.Future[T] | None = None
        self.is_cancelled = False

    def cancel(self) -> None:
        """Stop the coroutine, if it still runs, and never call back. Safe to call at any time."""
        self.is_cancelled = True
        if self.future is not None:
            self.future.cancel()


class Bridge(QObject):
    """Calls in, results and events out. Make it, and connect its signals, before the loop thread starts."""

    happened = Signal(object)
    """An `hub.events.Event`, on the window's thread."""
    failed = Signal(object)
    """The `HubError` of a call that has no `on_error` of its own."""

    _arrived = Signal(object)
    _settled = Signal(int)

    def __init__(self, loop: LoopThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = loop
        self._open = True
        self._numbers = itertools.count()
        # The loop thread knows calls by number only: dropping the last reference to a context there would destroy a
        # QObject on the wrong thread.
        self._calls: dict[int, Call[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        """On the loop thread only."""
        self._kept: set[concurrent.futures.Future[Any]] = set()
        self._arrived.connect(self._hand_out, Qt.ConnectionType.QueuedConnection)
        self._settled.connect(self._settle, Qt.ConnectionType.QueuedConnection)

    def call(
        self,
        make: Callable[[], Awaitable[T]],
        *,
        context: QObject,
        on_result: Callable[[T], None] | None = None,
        on_error: Callable[[HubError], None] | None = None,
        keep: bool = False,
    ) -> Call[T]:
        """Run the coroutine that `make` makes on the loop and call back here.

        Nothing is called back once `context` is destroyed or the call is cancelled. A call that `keep`s is waited for
        by `finish` before the hub closes: for what must not be lost.
        """
        call = Call(context, on_result, on_error)
        if not self._open:
            call.is_cancelled = True
            return call

        async def run() -> T:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                return await make()
            finally:
                self._tasks.discard(task)

        number = next(self._numbers)
        self._calls[number] = call
        call.future = self._loop.submit(run())
        if keep:
            self._kept.add(call.future)
        call.future.add_done_callback(lambda _: self._settled.emit(number))
        return call

    def forward(self, event: Event) -> None:
        """Take an event on the loop thread; subscribe this to the bus before the hub starts."""
        self._arrived.emit(event)

    def finish(self, timeout_s: float) -> bool:
        """Shutdown only: wait for the calls that must not be lost; False when some did not end in time."""
        return not concurrent.futures.wait(self._kept, timeout_s).not_done

    def close(self, timeout_s: float = 2.0) -> None:
        """Shutdown only: take no new calls, call nobody back, and end what is still under way on the loop."""
        if not self._open:
            return
        self._open = False
        if not self._calls:
            return
        for call in self._calls.values():
            call.is_cancelled = True
        try:
            self._loop.submit(self._end_tasks()).result(timeout_s)
        except concurrent.futures.TimeoutError:
            log.error("what the window asked for last did not end in time")

    async def _end_tasks(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @Slot(object)
    def _hand_out(self, event: Event) -> None:
        if self._open:
            self.happened.emit(event)

    @Slot(int)
    def _settle(self, number: int) -> None:
        call = self._calls.pop(number)
        future = call.future
        if future is None or future.cancelled():
            return
        self._kept.discard(future)
        error = future.exception()
        if error is not None:
            self._report(call, error)
        elif call.on_result is not None and self._wanted(call):
            call.on_result(future.result())

    def _report(self, call: Call[Any], error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            return
        if not isinstance(error, HubError):
            log.error("a call from the window failed", exc_info=error)
            error = HubError(
                self.tr("Something went wrong inside Marquee ({}). The log tells more.").format(
                    type(error).__name__
                )
            )
        if not self._wanted(call):
            return
        if call.on_error is not None:
            call.on_error(error)
        else:
            self.failed.emit(error)

    def _wanted(self, call: Call[Any]) -> bool:
        return self._open and not call.is_cancelled and shiboken6.isValid(call.context)
