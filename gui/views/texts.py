"""Texts that behave: never markup, one that knows its height when wrapped, one that gives way when there is no room.

Qt takes whatever looks like HTML for HTML, and titles, paths and error sentences may look like anything.
"""

from __future__ import annotations

import html

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QMessageBox, QSizePolicy, QWidget

SLACK = 4
"""Pixels that fonts claim beyond the advance of their last letter."""


class PlainLabel(QLabel):
    """A label that shows its text letter by letter."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)


class PlainMessageBox(QMessageBox):
    """A question that shows its text letter by letter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)


def tool_tip(text: str) -> str:
    """`text` for a tool tip, which has no plain format: escaped where Qt would look for markup."""
    return f"<p>{html.escape(text)}</p>" if "<" in text or "&" in text else text


def button_text(text: str) -> str:
    """`text` for a button or a menu entry, where a single & would underline the next letter."""
    return text.replace("&", "&&")


class WrappedLabel(PlainLabel):
    """Centred text of a fixed width, exactly as high as its lines.

    A plain word-wrapping label that is aligned in a layout is given the height of a single line.
    """

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFixedWidth(width)

    def set_text(self, text: str) -> None:
        """Show `text` whole."""
        self.setText(text)
        self.ensurePolished()
        self.setFixedHeight(self.heightForWidth(self.width()))


class ElidedLabel(PlainLabel):
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
        super().__init__(parent=parent)
        self._mode = mode
        self._hugs = hugs
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_text(self, text: str) -> None:
        """Show as much of `text` as fits."""
        self._whole = text
        self.setToolTip(tool_tip(text))
        if self._hugs:
            self.setMaximumWidth(self.fontMetrics().horizontalAdvance(text) + SLACK)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, self._mode, self.width()))
