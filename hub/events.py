"""Typed events and the bus that carries them.

Each event is a frozen dataclass. Publishing happens on the loop thread only; subscribers are plain callables, called
at once and in order, and must not block. One that raises is logged and the others still hear the event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hub.jobs.types import Job
from hub.runtime.loop import assert_loop_thread

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class VideosAdded(Event):
    """New videos are in the catalogue and visible to lists."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VideosChanged(Event):
    """Metadata, availability or pictures of these videos changed."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VideosRemoved(Event):
    """These videos left the catalogue."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PositionChanged(Event):
    """A person watched on; for that person's other devices."""

    user_id: str
    video_id: str
    position_s: float


@dataclass(frozen=True, slots=True)
class FoldersChanged(Event):
    """A library folder was added, removed, or its problem changed."""


@dataclass(frozen=True, slots=True)
class JobChanged(Event):
    """A job was made, moved on or ended."""

    job: Job


@dataclass(frozen=True, slots=True)
class SetupFinished(Event):
    """The owner exists: the first-run code is spent."""


@dataclass(frozen=True, slots=True)
class SessionsEnded(Event):
    """These sessions no longer open anything; whatever they hold open must close."""

    session_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WindowRequested(Event):
    """Somebody asks for the window to come to the front, perhaps to play a video or a file."""

    video_id: str | None = None
    path: bytes | None = None


E = TypeVar("E", bound=Event)
Handler = Callable[[E], None]


class EventBus:
    """Carries events from services to whoever shows or forwards them."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Callable[[Event], None]]] = {}

    def subscribe(self, kind: type[E], handler: Handler[E]) -> Callable[[], None]:
        """Call `handler` with every event of `kind` (or of a subclass of it); the return value undoes it."""
        handlers = self._handlers.setdefault(kind, [])
        handlers.append(handler)  # type: ignore[arg-type]  # the key pairs the handler with its own event type

        def unsubscribe() -> None:
            if handler in handlers:
                handlers.remove(handler)

        return unsubscribe

    def is_heard(self, kind: type[Event]) -> bool:
        """Whether somebody has subscribed to exactly this kind; those who take everything do not count."""
        return bool(self._handlers.get(kind))

    def publish(self, event: Event) -> None:
        """Hand `event` to every subscriber of its type and its bases. Loop thread only."""
        assert_loop_thread()
        for kind in type(event).__mro__:
            for handler in tuple(self._handlers.get(kind, ())):
                try:
                    handler(event)
                except Exception:
                    log.exception("a subscriber failed on %s", type(event).__name__)
