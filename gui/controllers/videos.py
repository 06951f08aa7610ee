"""What one can do with the videos that are selected."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from gui.opening import open_with_system
from gui.operations import playback
from gui.operations.playback import Playable
from gui.session import Runner


class VideoActions(QObject):
    """Opens videos and the menu of a selection; emits what others do."""

    opened = Signal(object)
    """A `Playable` that is ready to play."""
    edit_requested = Signal(str)
    remove_requested = Signal(list)
    restore_requested = Signal(list)
    rescan_requested = Signal()
    said = Signal(str)

    def __init__(self, runner: Runner, url: str, window: QWidget) -> None:
        super().__init__(window)
        self._runner = runner
        self._url = url
        self._window = window

    def play(self, video_id: str, *, from_start: bool = False) -> None:
        """Play a video of the library."""
        self._runner.run(
            playback.open_video(video_id, from_start=from_start), context=self, on_result=self.opened.emit
        )

    def play_file(self, path: bytes) -> None:
        """Play a file, whether or not the library has it."""
        self._runner.run(playback.open_file(path), context=self, on_result=self.opened.emit)

    def show_menu(self, ids: list[str], place: QPoint) -> None:
        """The menu of a selection."""
        menu = QMenu(self._window)
        if len(ids) == 1:
            menu.addAction(self.tr("Play"), lambda: self.play(ids[0]))
            menu.addAction(self.tr("Play from the beginning"), lambda: self.play(ids[0], from_start=True))
            menu.addSeparator()
            edit = menu.addAction(self.tr("Edit…"), lambda: self.edit_requested.emit(ids[0]))
            edit.setShortcut(QKeySequence(Qt.Key.Key_F2))
            menu.addAction(self.tr("Show in file manager"), lambda: self.reveal(ids[0]))
            menu.addAction(self.tr("Copy link"), lambda: self.copy_link(ids[0]))
            menu.addSeparator()
        menu.addAction(self.tr("Scan all again"), self.rescan_requested.emit)
        menu.addAction(self.tr("Remove from library…"), lambda: self.remove_requested.emit(ids))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def show_removed_menu(self, ids: list[str], place: QPoint) -> None:
        """The menu of a selection of removed videos."""
        menu = QMenu(self._window)
        menu.addAction(self.tr("Restore"), lambda: self.restore_requested.emit(ids))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def reveal(self, video_id: str) -> None:
        """Show the folder of a video's file in the system's file manager."""

        def show(playable: Playable) -> None:
            folder = Path(os.fsdecode(playable.path)).parent
            if not open_with_system(folder):
                self.said.emit(self.tr("No file manager answered. The file is in {}").format(folder))

        self._runner.run(playback.open_video(video_id), context=self, on_result=show)

    def copy_link(self, video_id: str) -> None:
        """Put the address of a video's page on the clipboard."""
        QApplication.clipboard().setText(f"{self._url}/watch/{video_id}")
        self.said.emit(self.tr("The link is copied. It opens on any device that is signed in."))

    def copy_address(self) -> None:
        """Put the hub's address on the clipboard."""
        QApplication.clipboard().setText(self._url)
        self.said.emit(self.tr("The address is copied."))
