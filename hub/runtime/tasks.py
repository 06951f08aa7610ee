"""The one way to start a background task: named, retained, its failure logged, ended with its owner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


async def to_the_end(coro: Coroutine[Any, Any, T]) -> T:
    """Await `coro` to its end whoever cancels meanwhile, as closing half of something helps nobody.

    CancelledError is raised afterwards, unless `coro` itself failed.
    """
    task = asyncio.get_running_loop().create_task(coro)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: BLE001  # the task's own, raised by its result below
            break
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result


class TaskScope:
    """The tasks of one owner. `close` cancels what still runs and waits for it.

    asyncio keeps only weak references to tasks, so one that nobody holds may vanish half-done, and its exception with
    it; this class holds them and logs every failure nobody awaited.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, coro: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start `coro` as a task of this owner. RuntimeError after `close`."""
        if self._closed:
            coro.close()
            raise RuntimeError(f"{self._owner} is closed; {name} cannot start")
        task = asyncio.get_running_loop().create_task(coro, name=f"{self._owner}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Cancel everything and wait until it has ended. Safe to call twice."""
        self._closed = True
        tasks = [t for t in self._tasks if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
