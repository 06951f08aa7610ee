"""A word over the picture about what a key has just done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.views.texts import PlainLabel

SHOWN_MS = 900


class Bubble(PlainLabel):
    """Centred in the upper part of its host for a moment; the next word takes the place of the last."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(parent=host)
        self._host = host
        self.setObjectName("bubble")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        host.installEventFilter(self)
        self.hide()

    def say(self, words: str) -> None:
        """Show `words` for a moment."""
        self.setText(words)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(SHOWN_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        self.move((self._host.width() - self.width()) // 2, max(theme.L, self._host.height() // 8))
