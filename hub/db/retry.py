"""What loops that must not end do when the database fails for a while: a full disk, a locked file, a server restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hub.errors import DatabaseUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

DATABASE_ERRORS = (DatabaseUnavailable, SQLAlchemyError, OSError)
"""What may pass by itself, or once somebody has made room."""
FIRST_S, LONGEST_S = 1.0, 30.0
"""First and longest wait between two tries."""


class Retry:
    """Tries a step until the database lets it through. A failure is logged when it begins and when it is over."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._wait_s = 0.0

    async def until_done(self, step: Callable[[], Awaitable[T]]) -> T:
        """The result of `step`, however often it must be begun. Any other error passes through."""
        while True:
            try:
                result = await step()
            except DATABASE_ERRORS as error:
                await self.pause(error)
            else:
                self.succeeded()
                return result

    async def pause(self, error: BaseException) -> None:
        """A try has failed: wait, each time longer."""
        if not self._wait_s:
            log.error("%s: %s It is tried again until it works.", self._what, reason(error), exc_info=error)
        self._wait_s = min(max(2 * self._wait_s, FIRST_S), LONGEST_S)
        await asyncio.sleep(self._wait_s)

    def succeeded(self) -> None:
        """A try went through."""
        if self._wait_s:
            log.warning("%s: it works again.", self._what)
        self._wait_s = 0.0


def reason(error: BaseException) -> str:
    """What the database (or the system) says, as a sentence, without the statement that failed."""
    if isinstance(error, DatabaseUnavailable):
        return error.message
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first_line = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
    return f"The database failed: {first_line.rstrip('.')}."
