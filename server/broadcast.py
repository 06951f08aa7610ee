"""Carries the hub's events to those who listen at `/v1/events`, and tells them when to go.

Each listener has a bounded queue. One that does not keep up loses all that is queued and is told to read anew: memory
stays bounded, and nobody shows a state that never was.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec
from aiohttp import WSCloseCode

from hub.accounts.types import Viewer
from hub.events import Event, EventBus, SessionsEnded
from server.access import Caller
from server.messages import ResyncMessage, concerns, message_for

QUEUE_LENGTH = 256

_RESYNC = msgspec.json.encode(ResyncMessage()).decode()


class Listener:
    """One listener's queue."""

    def __init__(self, viewer: Viewer, session_id: str | None) -> None:
        self.viewer = viewer
        self.session_id = session_id
        self._queue: deque[str] = deque()
        self._end: WSCloseCode | None = None
        self._wake = asyncio.Event()

    def put(self, text: str) -> None:
        """Queue a message, or on overflow the one that says so."""
        if len(self._queue) >= QUEUE_LENGTH:
            self._queue.clear()
            text = _RESYNC
        if not (self._queue and self._queue[0] is _RESYNC):
            # After a resync everything is read anew; what happened before that reading need not be told.
            self._queue.append(text)
        self._wake.set()

    def end(self, code: WSCloseCode) -> None:
        """Have the connection closed; what is queued is dropped."""
        self._end = self._end or code
        self._wake.set()

    async def next(self) -> str | WSCloseCode:
        """The next message, or why to close."""
        while True:
            if self._end is not None:
                return self._end
            if self._queue:
                return self._queue.popleft()
            self._wake.clear()
            await self._wake.wait()


class Broadcaster:
    """Hands every event to the listeners it concerns."""

    def __init__(self, events: EventBus) -> None:
        self._listeners: set[Listener] = set()
        self._closing = False
        self._undo = events.subscribe(Event, self._tell)

    def open(self, caller: Caller) -> Listener:
        """A queue for whoever asks; hand it back to `leave`."""
        listener = Listener(caller.viewer, caller.session_id)
        self._listeners.add(listener)
        if self._closing:
            listener.end(WSCloseCode.GOING_AWAY)
        return listener

    def leave(self, listener: Listener) -> None:
        """Queue nothing more for it."""
        self._listeners.discard(listener)

    def end_all(self) -> None:
        """Send everybody away: the server closes."""
        self._closing = True
        for listener in self._listeners:
            listener.end(WSCloseCode.GOING_AWAY)

    def close(self) -> None:
        """Hear nothing more."""
        self._undo()

    def _tell(self, event: Event) -> None:
        if isinstance(event, SessionsEnded):
            for listener in self._listeners:
                if listener.session_id in event.session_ids:
                    listener.end(WSCloseCode.POLICY_VIOLATION)
            return
        if not self._listeners or (message := message_for(event)) is None:
            return
        text = msgspec.json.encode(message).decode()
        for listener in self._listeners:
            if concerns(event, listener.viewer):
                listener.put(text)
