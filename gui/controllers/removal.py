"""Taking videos out of the library, with a moment to think again, and bringing them back later."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from gui import figures
from gui.models.library import LibraryModel
from gui.operations import library as operations
from gui.session import Runner
from gui.views.notice import SHOWN_WITH_ACTION_MS
from gui.views.texts import PlainMessageBox
from hub.errors import HubError


class Removal(QObject):
    """Hides videos at once and tells the catalogue when the offer to undo has gone."""

    failed = Signal(object)
    removed = Signal(str)
    """Videos are hidden; the sentence that says so, to be shown with a way to `undo`."""
    restored = Signal(str)
    """Videos are in the library again; the sentence that says so."""

    def __init__(self, runner: Runner, model: LibraryModel, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._model = model
        self._pending: list[str] = []
        self._committing: list[str] = []
        self._undo_asked = False
        """What is being removed for good just now is to come back once that is done."""
        self._last: list[str] = []
        """What `undo` would bring back from the catalogue, once nothing is pending."""
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_WITH_ACTION_MS)
        self._timer.timeout.connect(self.commit)

    def ask(self, ids: list[str]) -> None:
        """Remove these once the person has said yes."""
        video = self._model.video(ids[0])
        box = PlainMessageBox(self._window)
        if len(ids) == 1 and video is not None:
            box.setText(self.tr("Remove “{}” from the library?").format(video.title))
        else:
            box.setText(self.tr("Remove {} videos from the library?").format(figures.count(len(ids))))
        box.setInformativeText(
            self.tr(
                "The files stay where they are; scans leave them out from now on. "
                "Removed videos, in the menu, brings them back."
            )
        )
        remove = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.buttonClicked.connect(lambda button: self.remove(ids) if button is remove else None)
        box.finished.connect(box.deleteLater)
        box.open()

    def remove(self, ids: list[str]) -> None:
        """Hide these; an earlier removal that still waits becomes final."""
        self.commit()
        self._pending = list(ids)
        self._model.hide(ids)
        self._timer.start()
        self.removed.emit(
            self.tr("Removed from the library.")
            if len(ids) == 1
            else self.tr("{} videos removed from the library.").format(figures.count(len(ids)))
        )

    def undo(self) -> bool:
        """Bring back what was removed last, however long ago; False when there is nothing (more) to bring back."""
        self._timer.stop()
        ids, self._pending = self._pending, []
        if ids:
            self._model.unhide(ids)
        elif self._committing:
            self._undo_asked = True
        elif self._last:
            last, self._last = self._last, []
            self.restore(last)
        else:
            return False
        return True

    def commit(self) -> None:
        """Tell the catalogue now: the offer is over, or the window closes."""
        self._timer.stop()
        ids, self._pending = self._pending, []
        if not ids:
            return
        self._committing, self._undo_asked = ids, False

        def failed(error: HubError) -> None:
            self._model.unhide(ids)
            if self._committing is ids:
                self._committing = []
            self.failed.emit(error)

        def done(_: None) -> None:
            # The catalogue leaves them out by itself now, and shows them where removed ones are listed.
            self._model.unhide(ids)
            if self._committing is ids:
                self._committing, self._last = [], ids
                if self._undo_asked:
                    self.undo()

        self._runner.run(operations.remove(ids), context=self, on_result=done, on_error=failed)

    def restore(self, ids: list[str]) -> None:
        """Bring back what was removed for good."""

        def done(_: None) -> None:
            self.restored.emit(
                self.tr("It is in the library again.")
                if len(ids) == 1
                else self.tr("{} videos are in the library again.").format(figures.count(len(ids)))
            )

        self._runner.run(operations.restore(ids), context=self, on_result=done, on_error=self.failed.emit)
