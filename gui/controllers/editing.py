"""Changing what the library says about a video."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gui.operations import library as operations
from gui.session import Runner
from gui.views.edit_dialog import EditDialog
from hub.errors import HubError
from hub.library.types import VideoDetail, VideoPatch


class Editing(QObject):
    """Shows the form, stores what was changed; what the catalogue refuses is said in the form."""

    def __init__(self, runner: Runner, window: QWidget) -> None:
        super().__init__(window)
        self._runner = runner
        self._window = window

    def ask(self, video_id: str) -> None:
        """Show a video's form, filled with what the catalogue has now."""
        self._runner.run(operations.detail(video_id), context=self, on_result=self._show)

    def _show(self, video: VideoDetail) -> None:
        dialog = EditDialog(video, self._window)
        dialog.save_requested.connect(lambda patch: self._save(dialog, video.id, patch))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _save(self, dialog: EditDialog, video_id: str, patch: VideoPatch) -> None:
        def refused(error: HubError) -> None:
            dialog.show_error(error.message)

        self._runner.run(
            operations.edit(video_id, patch),
            context=dialog,
            on_result=lambda _: dialog.accept(),
            on_error=refused,
        )
