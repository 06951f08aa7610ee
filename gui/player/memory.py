"""Remembers how far the viewer has come: every few seconds, at every stop, and at the end; counts views."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from gui.operations import playback as operations
from gui.session import Runner
from hub.errors import HubError

SAVE_EVERY_S = 5.0
GLIMPSE_S = 0.05
"""A play that came no further has not moved the place where the viewer was before."""
VIEWED_AFTER_S = 10.0
"""A play that has lasted this long, or half the video if that is shorter, counts as a view; as in the browser."""


class PositionMemory(QObject):
    """Stores positions of one video at a time."""

    def __init__(
        self, runner: Runner, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._clock = clock
        self._video_id: str | None = None
        self._position_s = 0.0
        self._stored_s: float | None = None
        self._is_glimpse = True
        self._stored_at = 0.0
        self._counts_at: float | None = None

    def begin(self, video_id: str | None, position_s: float, duration_s: float | None) -> None:
        """From now on it is about this video; None: nothing is remembered."""
        self.store()
        self._video_id = video_id
        self._position_s = position_s
        self._stored_s = position_s
        self._is_glimpse = True
        self._stored_at = self._clock()
        enough_s = VIEWED_AFTER_S if duration_s is None else min(VIEWED_AFTER_S, duration_s / 2)
        self._counts_at = self._clock() + enough_s

    def move(self, position_s: float) -> None:
        """It is here now; stored when the last time is long enough ago."""
        if self._is_glimpse:
            if position_s <= 0:
                # An engine may tell of the start before it has reached the place it was told to begin at.
                return
            self._is_glimpse = abs(position_s - self._position_s) < GLIMPSE_S
            if self._is_glimpse:
                return
        self._position_s = position_s
        self._count_view()
        if self._clock() - self._stored_at >= SAVE_EVERY_S:
            self.store()

    def store(self) -> None:
        """Store the place now, unless it is stored already."""
        if self._video_id is None or self._position_s == self._stored_s:
            return
        self._stored_s = self._position_s
        self._stored_at = self._clock()
        self._runner.run(
            operations.remember(self._video_id, self._position_s), context=self, on_error=self._not_stored
        )

    def finish(self, duration_s: float | None) -> None:
        """It was watched to the end."""
        if duration_s is not None:
            self._position_s = duration_s
            self._is_glimpse = False
        self.store()

    def end(self) -> None:
        """The viewer has left."""
        self.store()
        self._video_id = None

    def _not_stored(self, _: HubError) -> None:
        # The video may have been removed meanwhile; otherwise the next tick tries again.
        self._stored_s = None

    def _count_view(self) -> None:
        if self._video_id is None or self._counts_at is None or self._clock() < self._counts_at:
            return
        self._counts_at = None
        # Nobody misses a view; a video that is gone by now needs none.
        self._runner.run(operations.count_view(self._video_id), context=self, on_error=lambda _: None)
