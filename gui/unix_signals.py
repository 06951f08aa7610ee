"""SIGTERM and SIGINT while Qt waits for events: Python's handlers run only when Python runs, so a socket wakes it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class UnixSignals(QObject):
    """Calls `quit_program` on the window's thread for each of `SIGNALS`; `close` puts everything back."""

    def __init__(self, quit_program: Callable[[], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._quit_program = quit_program
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._old_descriptor = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old_handlers = {number: signal.signal(number, self._heard) for number in SIGNALS}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._wake)

    def close(self) -> None:
        """Give the signals back."""
        self._notifier.setEnabled(False)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_descriptor)
        self._reader.close()
        self._writer.close()

    def _wake(self) -> None:
        # Running this is what matters: Python looks for pending signals and calls `_heard`.
        self._reader.recv(64)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self._quit_program()
