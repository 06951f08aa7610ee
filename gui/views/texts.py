"""Labels that behave: one that knows its height when wrapped, one that gives way when there is no room."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

SLACK = 4
"""Pixels that fonts claim beyond the advance of their last letter."""


class WrappedLabel(QLabel):
    """Centred text of a fixed width, exactly as high as its lines.

    A plain word-wrapping label that is aligned in a layout is given the height of a single line.
    """

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFixedWidth(width)

    def set_text(self, text: str) -> None:
        """Show `text` whole."""
        self.setText(text)
        self.ensurePolished()
        self.setFixedHeight(self.heightForWidth(self.width()))


class ElidedLabel(QLabel):
    """A single line that is cut to what fits; the tool tip has it whole.

    One that `hugs` its text is no wider than that, so that what follows stands beside it.
    """

    def __init__(
        self,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        parent: QWidget | None = None,
        *,
        hugs: bool = False,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self._hugs = hugs
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_text(self, text: str) -> None:
        """Show as much of `text` as fits."""
        self._whole = text
        self.setToolTip(text)
        if self._hugs:
            self.setMaximumWidth(self.fontMetrics().horizontalAdvance(text) + SLACK)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, self._mode, self.width()))
