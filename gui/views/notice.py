"""A short message over the lower edge of the window, perhaps with one thing to do about it; fades by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPropertyAnimation, Qt, QTimer
from PySide6.QtWidgets import QFrame, QGraphicsOpacityEffect, QHBoxLayout, QPushButton, QWidget

from gui import theme
from gui.views.texts import PlainLabel

SHOWN_MS = 4_000
SHOWN_WITH_ACTION_MS = 20_000
FADE_MS = 250
ABOVE_EDGE = 64


class Notice(QFrame):
    """One message at a time; a new one takes the place of the old."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.setObjectName("notice")
        self._host = host
        self._action: Callable[[], None] | None = None
        self._text = PlainLabel()
        self._text.setWordWrap(True)
        self._button = QPushButton()
        self._button.setProperty("kind", "link")
        self._button.setCursor(Qt.CursorShape.PointingHandCursor)
        self._button.clicked.connect(self._act)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, theme.S, theme.S, theme.S)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        self._effect = QGraphicsOpacityEffect(self)
        self._effect.setEnabled(False)
        self.setGraphicsEffect(self._effect)
        self._fade = QPropertyAnimation(self._effect, b"opacity", self)
        self._fade.setDuration(FADE_MS)
        self._fade.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._fade.finished.connect(self.hide)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._go)
        host.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, or said last."""
        return self._text.text()

    def show_text(self, text: str, action: str = "", do: Callable[[], None] | None = None) -> None:
        """Say `text`; with `action`, a button that does `do`."""
        self._fade.stop()
        self._effect.setEnabled(False)
        self._text.setText(text)
        self._action = do
        self._button.setText(action)
        self._button.setVisible(do is not None)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(SHOWN_MS if do is None else SHOWN_WITH_ACTION_MS)

    def withdraw_offer(self) -> None:
        """Go at once if there is something to do about the message."""
        if self._action is not None:
            self._timer.stop()
            self._action = None
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() is QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        widest = min(self._host.width() - 2 * theme.XL, 640)
        self._text.setMinimumWidth(
            min(widest - 180, self._text.fontMetrics().horizontalAdvance(self.text) + 4)
        )
        self.setMaximumWidth(widest)
        self._row.activate()
        size = self.sizeHint().boundedTo(self.maximumSize())
        height = max(size.height(), self._row.heightForWidth(size.width()))
        left = (self._host.width() - size.width()) // 2
        self.setGeometry(left, self._host.height() - height - ABOVE_EDGE, size.width(), height)

    def _act(self) -> None:
        self._timer.stop()
        self.hide()
        action, self._action = self._action, None
        if action is not None:
            action()

    def _go(self) -> None:
        # An enabled effect paints through a pixmap; only the fade needs that.
        self._effect.setEnabled(True)
        self._fade.setStartValue(1.0)
        self._fade.setEndValue(0.0)
        self._fade.start()
