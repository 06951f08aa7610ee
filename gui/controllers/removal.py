"""Taking videos out of the library, with a moment to think again."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.models.library import LibraryModel
from gui.operations import library as operations
from gui.session import Runner
from gui.views.notice import SHOWN_WITH_ACTION_MS
from hub.errors import HubError


class Removal(QObject):
    """Hides videos at once and tells the catalogue when the offer to undo has gone."""

    failed = Signal(object)

    def __init__(self, runner: Runner, model: LibraryModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._model = model
        self._pending: list[str] = []
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_WITH_ACTION_MS)
        self._timer.timeout.connect(self.commit)

    def remove(self, ids: list[str]) -> None:
        """Hide these; an earlier removal that still waits becomes final."""
        self.commit()
        self._pending = list(ids)
        self._model.hide(ids)
        self._timer.start()

    def undo(self) -> None:
        """Bring back what was hidden last."""
        self._timer.stop()
        ids, self._pending = self._pending, []
        self._model.unhide(ids)

    def commit(self) -> None:
        """Tell the catalogue now: the offer is over, or the window closes."""
        self._timer.stop()
        ids, self._pending = self._pending, []
        if not ids:
            return

        def failed(error: HubError) -> None:
            self._model.unhide(ids)
            self.failed.emit(error)

        self._runner.run(operations.remove(ids), context=self, on_error=failed)
