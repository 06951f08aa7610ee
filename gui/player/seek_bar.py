"""The line of time: click to jump, drag to look around, hover to read the time and the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import figures, theme
from hub.media.types import Chapter

HEIGHT = 44
BAR_Y = 32
INSET = 8
SCRUB_MS = 90
"""While dragging, the engine is told at most this often."""
ACCENT = "#ff7a3d"


class SeekBar(QWidget):
    """Shows and asks for positions in seconds."""

    seek_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Position"))
        self._duration_s = 0.0
        self._position_s = 0.0
        self._chapters: Sequence[Chapter] = ()
        self._pointer: float | None = None
        self._is_dragging = False
        self._scrub = QTimer(self, singleShot=True, interval=SCRUB_MS)
        self._scrub.timeout.connect(self._ask)

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def set_duration(self, seconds: float) -> None:
        """How long the whole is; 0 while unknown: then nothing can be asked for."""
        self._duration_s = seconds
        self.setEnabled(seconds > 0)
        self.update()

    def set_chapters(self, chapters: Sequence[Chapter]) -> None:
        """Mark these."""
        self._chapters = chapters
        self.update()

    def set_position(self, seconds: float) -> None:
        """Where it is; while dragging the hand knows better."""
        if not self._is_dragging:
            self._position_s = seconds
            self.update()

    def time_at(self, x: float) -> float:
        """Seconds under a horizontal place."""
        share = (x - INSET) / max(1, self.width() - 2 * INSET)
        return self._duration_s * min(1.0, max(0.0, share))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        thick = 6.0 if self._pointer is not None or self._is_dragging else 4.0
        line = QRectF(INSET, BAR_Y - thick / 2, self.width() - 2 * INSET, thick)
        painter.setBrush(theme.alpha("#ffffff", 0.25))
        painter.drawRoundedRect(line, thick / 2, thick / 2)
        if self._duration_s <= 0:
            return
        if self._pointer is not None:
            ahead = QRectF(line)
            ahead.setRight(min(line.right(), max(line.left(), self._pointer)))
            painter.setBrush(theme.alpha("#ffffff", 0.3))
            painter.drawRoundedRect(ahead, thick / 2, thick / 2)
        x = self._x(self._position_s)
        done = QRectF(line)
        done.setRight(max(x, line.left() + thick))
        painter.setBrush(QColor(ACCENT))
        painter.drawRoundedRect(done, thick / 2, thick / 2)
        painter.setBrush(QColor("#000000"))
        for chapter in self._chapters:
            if 0 < chapter.start_s < self._duration_s:
                painter.drawRect(QRectF(self._x(chapter.start_s) - 1, line.top(), 2, thick))
        if thick > 4:
            painter.setBrush(QColor(ACCENT))
            painter.drawEllipse(QPointF(x, BAR_Y), 7, 7)
        if self._pointer is not None:
            self._paint_bubble(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._duration_s > 0:
            self._is_dragging = True
            self._move(event.position().x())
            self._ask()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position().x()
        if self._is_dragging:
            self._move(self._pointer)
            if not self._scrub.isActive():
                self._scrub.start()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_dragging and event.button() is Qt.MouseButton.LeftButton:
            self._move(event.position().x())
            self._scrub.stop()
            self._is_dragging = False
            self._ask()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()

    def _move(self, x: float) -> None:
        self._position_s = self.time_at(x)
        self.update()

    def _ask(self) -> None:
        self.seek_requested.emit(self._position_s)

    def _x(self, seconds: float) -> float:
        return INSET + (self.width() - 2 * INSET) * min(1.0, max(0.0, seconds / self._duration_s))

    def _paint_bubble(self, painter: QPainter) -> None:
        assert self._pointer is not None
        at_s = self.time_at(self._pointer)
        chapter = next((c.title for c in self._chapters if c.start_s <= at_s < c.end_s and c.title), "")
        text = "  ·  ".join(filter(None, [figures.duration(at_s), chapter]))
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(text) + 16
        left = min(self.width() - width, max(0.0, self._pointer - width / 2))
        bubble = QRectF(left, 0, width, metrics.height() + 6)
        painter.setBrush(theme.alpha("#000000", 0.8))
        painter.drawRoundedRect(bubble, 5, 5)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, text)
