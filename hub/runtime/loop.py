"""The asyncio loop, either in a thread of its own (beside a window) or in the main thread (headless)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


def assert_loop_thread() -> None:
    """Raise RuntimeError unless called on a thread that runs an asyncio loop: state is changed there only."""
    asyncio.get_running_loop()


class LoopThread:
    """Runs one asyncio loop in a named thread until `stop`.

    The thread is not a daemon: forgetting to stop it is a bug that should show.
    """

    def __init__(self, name: str = "hub-loop") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop itself, for `call_soon_threadsafe`."""
        return self._loop

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, coro: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run `coro` on the loop from any thread; never wait for the result on the window's thread."""
        return asyncio.run_coroutine_threadsafe(coro, self._loop)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the loop and join the thread; False when it did not end within `timeout_s`."""
        if self._thread.ident is None:
            self._loop.close()
            return True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            # Whoever started them should have ended them: this is a defect, and it must show.
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                log.error("%s was still running when the loop stopped", task.get_name())
                task.cancel()
            if pending:
                self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
