"""What the window shows before the hub is there, or when it could not be opened."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui import icons, theme
from gui.views.buttons import PlainButton
from gui.views.texts import PlainLabel, WrappedLabel

QUIET_MS = 400
"""Opening usually takes less; saying so only then keeps the start calm."""
SIGN = QSize(56, 56)


class StartPage(QWidget):
    """The sign, and after a moment a word; or the sentence of an error."""

    quit_requested = Signal()
    painted = Signal()
    """It is on the screen for the first time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._was_painted = False
        sign = PlainLabel()
        sign.setPixmap(icons.application_icon().pixmap(SIGN))
        sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = WrappedLabel(460)
        self._words.setObjectName("muted")
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._quit = PlainButton(self.tr("Quit"))
        self._quit.clicked.connect(self.quit_requested)
        self._quit.hide()
        column = QVBoxLayout(self)
        column.setSpacing(theme.L)
        column.addStretch(2)
        for widget in (sign, self._words, self._quit):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)
        self._timer = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._timer.timeout.connect(lambda: self._words.set_text(self.tr("Opening the library…")))
        self._timer.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            # After this event, so that the picture is out before anything else begins.
            QTimer.singleShot(0, self.painted.emit)

    def show_error(self, sentence: str) -> None:
        """Say why there is nothing to show."""
        self._timer.stop()
        self._words.setObjectName("problem")
        self._words.style().polish(self._words)
        self._words.set_text(sentence)
        self._quit.show()
        self._quit.setFocus()
