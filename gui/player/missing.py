"""Instead of the picture when libvlc is not there, or cannot play a file: why, what helps, and another way."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import theme
from gui.player.vlc_library import INSTALL
from gui.views.buttons import IconButton, PrimaryButton
from gui.views.texts import PlainLabel, WrappedLabel


class ProblemPanel(QWidget):
    """A sentence, perhaps a command to type, and the system's own player."""

    system_player_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headline = PlainLabel()
        self._headline.setObjectName("title")
        self._words = WrappedLabel(460)
        self._words.setObjectName("faint")
        self._command = QWidget()
        command = PlainLabel(INSTALL)
        command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        command.setStyleSheet("font-family: monospace;")
        copy = IconButton("copy", self.tr("Copy the command"), color="#f4f2f7")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(INSTALL))
        row = QHBoxLayout(self._command)
        row.addWidget(command)
        row.addWidget(copy)
        button = PrimaryButton(self.tr("Play in the system player"), "play")
        button.clicked.connect(self.system_player_requested)
        column = QVBoxLayout(self)
        column.setSpacing(theme.M)
        column.addStretch(2)
        for widget in (self._headline, self._words, self._command, button):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignCenter)
            if isinstance(widget, QLabel):
                widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)

    def show_missing(self) -> None:
        """libvlc is not installed."""
        self._headline.setText(self.tr("The window needs libvlc to play"))
        self._words.set_text(
            self.tr(
                "Everything else works without it, playing in a browser too. Install VLC (on Debian and Ubuntu with "
                "this command), then start Marquee again."
            )
        )
        self._command.show()

    def show_failed(self, title: str) -> None:
        """libvlc could not play this file."""
        self._headline.setText(self.tr("“{}” cannot be played here").format(title))
        self._words.set_text(
            self.tr(
                "libvlc found no picture or sound in the file that it can decode. It may be damaged, incomplete, or "
                "in a format this computer has no decoder for."
            )
        )
        self._command.hide()
