"""The only crossing between the window's thread and the loop thread.

Calls go in as coroutines made on the loop; their results and errors, and every event of the hub's bus, come back as
queued signals and are handed out on the thread the bridge was made on, in the order they happened.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
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
    _settled = Signal(object)

    def __init__(self, loop: LoopThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = loop
        self._open = True
        self._calls: set[Call[Any]] = set()
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
            return await make()

        self._calls.add(call)
        call.future = self._loop.submit(run())
        if keep:
            self._kept.add(call.future)
        call.future.add_done_callback(lambda _: self._settled.emit(call))
        return call

    def forward(self, event: Event) -> None:
        """Take an event on the loop thread; subscribe this to the bus before the hub starts."""
        self._arrived.emit(event)

    def finish(self, timeout_s: float) -> bool:
        """Shutdown only: wait for the calls that must not be lost; False when some did not end in time."""
        return not concurrent.futures.wait(self._kept, timeout_s).not_done

    def close(self) -> None:
        """Call nobody back from now on and take no new calls."""
        self._open = False
        for call in tuple(self._calls):
            call.is_cancelled = True

    @Slot(object)
    def _hand_out(self, event: Event) -> None:
        if self._open:
            self.happened.emit(event)

    @Slot(object)
    def _settle(self, call: Call[Any]) -> None:
        self._calls.discard(call)
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
