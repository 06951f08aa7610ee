"""libvlc is loaded on a thread of its own: 0.2 s when the disk's cache is warm, some 5 s when it is not."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.player import vlc_library
from gui.player.vlc_engine import VlcEngine

POLL_MS = 10
IDLE_MS = 800
"""How long after the library is shown: by then its first pictures are there."""


class VlcLoader(QObject):
    """Loads when it is asked to, or once the window has come to rest; `engine` has what came of it."""

    done = Signal()
    """`engine` can be called."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._load: _Load | None = None
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self.start)
        # Asked, not told: a thread that held this object might be the last to let go of it.
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._look)

    @property
    def is_done(self) -> bool:
        """Whether `engine` can be called without waiting."""
        return self._load is not None and self._load.result.done()

    def start_when_idle(self) -> None:
        """Load in a moment, so that the first video need not wait."""
        self._idle.start()

    def start(self) -> None:
        """Load now, unless that is under way or done."""
        self._idle.stop()
        if self._load is None:
            self._load = _Load()
            self._load.start()
            self._poll.start()

    def engine(self) -> VlcEngine:
        """An engine on what was loaded, once. EngineMissing; it can be tried again with `start`."""
        assert self._load is not None
        load, self._load = self._load, None
        return VlcEngine(load.result.result())

    def close(self) -> None:
        """Let go of what nobody took. What is still under way is let go of by its thread, when the disk is done."""
        self._idle.stop()
        self._poll.stop()
        if self._load is not None:
            self._load.result.add_done_callback(_release)
            self._load = None

    def _look(self) -> None:
        if self.is_done:
            self._poll.stop()
            self.done.emit()


def is_under_way() -> bool:
    """Whether some thread still loads, wanted or not."""
    return any(isinstance(thread, _Load) for thread in threading.enumerate())


class _Load(threading.Thread):
    """Not a daemon: the interpreter would take itself apart under a library that is half there."""

    def __init__(self) -> None:
        super().__init__(name="load-libvlc")
        self.result: Future[tuple[Any, Any]] = Future()

    def run(self) -> None:
        try:
            self.result.set_result(vlc_library.load())
        except Exception as error:  # noqa: BLE001  # raised again where the engine is wanted
            self.result.set_exception(error)


def _release(result: Future[tuple[Any, Any]]) -> None:
    if result.exception() is None:
        _, instance = result.result()
        instance.release()
