"""Where picture and bars lie: one below the other in a window, the bars over the picture in full screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QCursor, QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from gui import theme

HIDE_AFTER_MS = 2_500
SLACK = 40
"""How far the shade reaches beyond a bar."""


class Bar(QWidget):
    """A holder for one bar that shades the picture under it in full screen."""

    def __init__(self, content: QWidget, parent: QWidget, *, at_top: bool) -> None:
        super().__init__(parent)
        self._content = content
        self._at_top = at_top
        self.over_picture = False
        content.setParent(self)
        self.setMouseTracking(True)

    @property
    def height_needed(self) -> int:
        """Of the bar itself, without the shade."""
        return self._content.sizeHint().height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        height = min(self.height_needed, self.height())
        top = 0 if self._at_top else self.height() - height
        self._content.setGeometry(0, top, self.width(), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.over_picture:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
            return
        shade = QLinearGradient(0, 0, 0, self.height())
        shade.setColorAt(0, theme.alpha("#000000", 0.8 if self._at_top else 0.0))
        shade.setColorAt(1, theme.alpha("#000000", 0.0 if self._at_top else 0.8))
        painter.fillRect(self.rect(), shade)


class Stage(QWidget):
    """Lays out the picture and two bars; in full screen the bars go when nothing moves."""

    def __init__(
        self, picture: QWidget, top: QWidget, bottom: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._picture = picture
        picture.setParent(self)
        self._top = Bar(top, self, at_top=True)
        self._bottom = Bar(bottom, self, at_top=False)
        self._is_full = False
        self._may_hide = False
        self.setMouseTracking(True)
        for widget in (self, picture, self._top, self._bottom):
            widget.setMouseTracking(True)
            widget.installEventFilter(self)
        self._timer = QTimer(self, singleShot=True, interval=HIDE_AFTER_MS)
        self._timer.timeout.connect(self._hide_bars)

    @property
    def bars_shown(self) -> bool:
        """Whether the bars can be seen."""
        return not self._bottom.isHidden()

    def set_full(self, is_full: bool) -> None:
        """Over the picture or beside it."""
        self._is_full = is_full
        for bar in (self._top, self._bottom):
            bar.over_picture = is_full
        self._lay_out()
        self.stir()

    def set_may_hide(self, may_hide: bool) -> None:
        """Whether the bars may go by themselves: while something plays."""
        self._may_hide = may_hide
        self.stir()

    def stir(self) -> None:
        """Somebody is there: show the bars for a while."""
        self._top.show()
        self._bottom.show()
        self.unsetCursor()
        if self._is_full and self._may_hide:
            self._timer.start()
        else:
            self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.MouseMove:
            self.stir()
        return False

    def _lay_out(self) -> None:
        top, bottom = self._top.height_needed, self._bottom.height_needed
        if self._is_full:
            self._picture.setGeometry(self.rect())
            top, bottom = top + SLACK, bottom + SLACK
        else:
            self._picture.setGeometry(QRect(0, top, self.width(), max(0, self.height() - top - bottom)))
        self._top.setGeometry(0, 0, self.width(), top)
        self._bottom.setGeometry(0, self.height() - bottom, self.width(), bottom)
        self._top.raise_()
        self._bottom.raise_()

    def _hide_bars(self) -> None:
        if _is_under_pointer(self._bottom) or _is_under_pointer(self._top):
            self._timer.start()
            return
        self._top.hide()
        self._bottom.hide()
        self.setCursor(Qt.CursorShape.BlankCursor)


def _is_under_pointer(widget: QWidget) -> bool:
    # Not underMouse(): it keeps its word when a widget moves away from under a pointer that rests.
    return widget.rect().contains(widget.mapFromGlobal(QCursor.pos()))
