"""Start and stop of the program with a window.

Start: 1. application, theme; 2. loop thread and bridge, the bridge's signals connected; 3. window, shown; 4. Unix
signals; 5. once the window is painted, the loop thread runs, and on it: imports, hub, server; 6. the shell fills the
window. Stop, in reverse: what the viewer did is stored, the player closes, then server, hub, loop thread, signals.

The only module of the window that knows the server.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from gui import icons, theme
from gui.bridge import Bridge, Call
from gui.collector import Collector
from gui.preferences import Preferences
from gui.session import Opened
from gui.shell import Shell
from gui.unix_signals import UnixSignals
from gui.views.main_window import MainWindow
from hub.cli.main import exit_code
from hub.config import Settings
from hub.errors import HubError
from hub.events import (
    Event,
    FoldersChanged,
    JobChanged,
    PositionChanged,
    SetupFinished,
    VideosAdded,
    VideosChanged,
    VideosRemoved,
    WindowRequested,
)
from hub.paths import Paths
from hub.runtime.loop import LoopThread

log = logging.getLogger(__name__)

PAINTED_AT_LATEST_MS = 300
"""A window that is not painted (started minimised) must not wait for ever."""
SHUTDOWN_S = 4.5
CLOSING_S = 1.0
"""Of these, what is kept for closing server and hub."""
FORWARDED: tuple[type[Event], ...] = (
    FoldersChanged,
    JobChanged,
    PositionChanged,
    SetupFinished,
    VideosAdded,
    VideosChanged,
    VideosRemoved,
    WindowRequested,
)
"""Subscribed to one by one: that somebody hears `WindowRequested` tells the server that there is a window."""


def run(settings: Settings, paths: Paths, target: str | None = None) -> int:
    """Show the window until it closes; returns the exit code. `target`: a video id or a file to play at once."""
    old_hook, sys.excepthook = sys.excepthook, _log_exception
    qInstallMessageHandler(_log_qt_message)
    app = make_application()
    collector = Collector()
    preferences = Preferences(paths.root / "window.ini")
    window = MainWindow(preferences)
    program = Program(window, preferences, settings, paths, target)
    signals = UnixSignals(window.close)
    window.closing.connect(app.quit)
    window.show()
    try:
        app.exec()
        return program.exit_code
    finally:
        program.close()
        signals.close()
        collector.close()
        qInstallMessageHandler(None)
        sys.excepthook = old_hook


def make_application() -> QApplication:
    """The application object with everything that applies to all windows."""
    app = QApplication.instance() or QApplication(["marquee"])
    assert isinstance(app, QApplication)
    app.setApplicationName("marquee")
    app.setApplicationDisplayName(theme.application_name())
    app.setDesktopFileName("marquee")
    app.setWindowIcon(icons.application_icon())
    app.setQuitOnLastWindowClosed(False)
    theme.Theme(app)
    return app


class Backend:
    """The loop thread's half: hub and server, opened and closed together. All methods run on the loop."""

    def __init__(self, settings: Settings, paths: Paths, bridge: Bridge) -> None:
        self._settings = settings
        self._paths = paths
        self._bridge = bridge
        self._opened = AsyncExitStack()
        self._busy = asyncio.Lock()

    async def open(self) -> Opened:
        """Import and start the hub and its server. HubError."""
        async with self._busy:
            # These take a good part of a second; the window is there already.
            from hub.bootstrap import Hub
            from server.runner import Server

            async with AsyncExitStack() as opening:
                hub = Hub(self._settings, self._paths)
                for kind in FORWARDED:
                    hub.events.subscribe(kind, self._bridge.forward)
                opening.push_async_callback(hub.close)
                await hub.start()
                server = Server(hub, self._settings.server.host, self._settings.server.port)
                opening.push_async_callback(server.close)
                url = await server.start()
                viewer = await hub.accounts.local_viewer()
                code = await hub.accounts.setup_code()
                self._opened = opening.pop_all()
            return Opened(hub=hub, viewer=viewer, url=url, setup_code=code)

    async def close(self) -> None:
        """Close both, after a start that is still under way has ended."""
        async with self._busy:
            await self._opened.aclose()


class Program(QObject):
    """Owns loop thread, bridge and shell, and closes them in reverse."""

    def __init__(
        self,
        window: MainWindow,
        preferences: Preferences,
        settings: Settings,
        paths: Paths,
        target: str | None,
    ) -> None:
        super().__init__(window)
        self.exit_code = 0
        self._window = window
        self._preferences = preferences
        self._target = target
        self._loop = LoopThread()
        self._bridge = Bridge(self._loop)
        self._backend = Backend(settings, paths, self._bridge)
        self._opening: Call[Opened] | None = None
        self._shell: Shell | None = None
        window.start.painted.connect(self._start)
        QTimer.singleShot(PAINTED_AT_LATEST_MS, self, self._start)

    def close(self) -> None:
        """Undo everything, in `SHUTDOWN_S` at most."""
        deadline = time.monotonic() + SHUTDOWN_S
        if self._shell is not None:
            self._shell.close()
        if self._opening is not None:
            if not self._bridge.finish(SHUTDOWN_S / 3):
                log.error("some of what was done last could not be stored in time")
            self._bridge.close(max(0.5, deadline - time.monotonic() - CLOSING_S))
            self._close_backend(deadline - time.monotonic())
        if not self._loop.stop(max(0.2, deadline - time.monotonic())):
            log.error("the hub did not end in time; leaving it behind")
            logging.shutdown()
            os._exit(1)

    def _close_backend(self, timeout_s: float) -> None:
        closing = self._loop.submit(self._backend.close())
        try:
            closing.result(max(0.5, timeout_s))
        except concurrent.futures.TimeoutError:
            log.error("hub and server did not close in time")
            closing.cancel()
        except Exception:  # whatever it was, the rest must still be closed
            log.exception("hub and server did not close cleanly")

    def _start(self) -> None:
        if self._opening is None:
            self._loop.start()
            self._opening = self._bridge.call(
                self._backend.open, context=self, on_result=self._fill, on_error=self._refuse
            )

    def _fill(self, opened: Opened) -> None:
        self._shell = Shell(self._window, self._bridge, opened, self._preferences)
        if self._target is None:
            return
        if Path(self._target).exists():
            self._shell.play_file(os.fsencode(Path(self._target).absolute()))
        else:
            self._shell.play(self._target)

    def _refuse(self, error: HubError) -> None:
        self.exit_code = exit_code(error)
        log.error("%s", error.message)
        self._window.start.show_error(error.message)


def _log_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("unexpected error in the window", exc_info=(kind, error, traceback))


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_LEVELS[kind], "%s", message)
