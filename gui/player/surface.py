"""Where the picture is: the newest frame, whole, on black; or the cover of something one only hears."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui import icons, theme
from gui.player.engine import Engine

NOTE_SIZE = 120


class VideoSurface(QWidget):
    """Paints what the engine has decoded. A click is told from a double click."""

    clicked = Signal()
    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self._engine: Engine | None = None
        self._frame: QImage | None = None
        self._cover: QImage | None = None
        self._has_picture = True
        self._click = QTimer(self, singleShot=True)
        self._click.timeout.connect(self.clicked)

    def set_engine(self, engine: Engine) -> None:
        """Show this engine's pictures."""
        self._engine = engine
        engine.frame_ready.connect(self._take)

    def clear(self, *, has_picture: bool) -> None:
        """Show nothing yet; without pictures to come, a sign of sound until there is a cover."""
        self._frame = self._cover = None
        self._has_picture = has_picture
        self.update()

    def set_cover(self, cover: QImage) -> None:
        """The cover of a sound file."""
        self._cover = cover
        self.update()

    @property
    def frame_size(self) -> QSize | None:
        """Size of the frame that is shown."""
        return self._frame.size() if self._frame is not None else None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        image = self._frame or self._cover
        if image is None:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
            if not self._has_picture:
                place = QRect(0, 0, NOTE_SIZE, NOTE_SIZE)
                place.moveCenter(self.rect().center())
                icons.paint(painter, "note", place.toRectF(), theme.alpha("#ffffff", 0.35))
            return
        bound = self.size() if self._frame is not None else self.size() * 0.7
        target = QRect(0, 0, 0, 0)
        target.setSize(image.size().scaled(bound, Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(self.rect().center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)
        for bar in around(self.rect(), target):
            painter.fillRect(bar, Qt.GlobalColor.black)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._click.start(QApplication.doubleClickInterval())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._click.stop()
        self.double_clicked.emit()
        # The release that follows belongs to the double click.
        QTimer.singleShot(0, self._click.stop)

    def _take(self) -> None:
        if self._engine is not None and (frame := self._engine.take_frame()) is not None:
            self._frame = frame
            self.update()


def around(outer: QRect, inner: QRect) -> list[QRect]:
    """What of `outer` the centred `inner` leaves free."""
    return [
        QRect(outer.left(), outer.top(), outer.width(), inner.top() - outer.top()),
        QRect(outer.left(), inner.bottom() + 1, outer.width(), outer.bottom() - inner.bottom()),
        QRect(outer.left(), inner.top(), inner.left() - outer.left(), inner.height()),
        QRect(inner.right() + 1, inner.top(), outer.right() - inner.right(), inner.height()),
    ]
