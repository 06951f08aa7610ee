"""The first run: whether anybody can sign in from elsewhere yet, and making that so."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from gui.operations import accounts as operations
from gui.session import Runner
from hub.accounts.types import User
from hub.errors import HubError
from hub.events import Event, SetupFinished


class FirstRun(QObject):
    """Holds the first-run code while there is one."""

    finished = Signal()
    """Set up, here or from a browser."""
    failed = Signal(str)
    """It did not work: the sentence to show beside the fields."""

    def __init__(self, runner: Runner, code: str | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._code = code

    @property
    def code(self) -> str | None:
        """The code that proves who asks; None once it is spent."""
        return self._code

    def set_up(self, name: str, password: str) -> None:
        """Name the owner and set the password."""
        if self._code is not None:
            self._runner.run(
                operations.set_up(self._code, name, password),
                context=self,
                on_result=self._done,
                on_error=self._refused,
            )

    def handle(self, event: Event) -> None:
        """Follow the hub's events."""
        if isinstance(event, SetupFinished):
            self._finish()

    def _done(self, _: User) -> None:
        self._finish()

    def _refused(self, error: HubError) -> None:
        self.failed.emit(error.message)

    def _finish(self) -> None:
        if self._code is not None:
            self._code = None
            self.finished.emit()
