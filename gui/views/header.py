"""The top of the library: name, how many there are, their order, and what one can do."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QToolButton, QWidget

from gui import figures, icons, theme
from gui.views.buttons import IconButton, PlainButton
from gui.views.texts import PlainLabel
from hub.library.types import Order, VideoQuery, VideoSort, VideoState

SIGN = QSize(26, 26)


class SortBox(QComboBox):
    """A combo box whose arrow is one of our icons."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        place = QRectF(self.width() - 26, self.height() / 2 - 8, 16, 16)
        icons.paint(QPainter(self), "chevron", place, QColor(theme.colors().muted))


class Header(QWidget):
    """Emits what is asked for; `set_count` and `show_removed` keep it true.

    Where its width does not do, buttons give up their texts first, then the name goes.
    """

    query_changed = Signal(object)
    """A `VideoQuery`."""
    add_requested = Signal()
    restore_requested = Signal()
    """Bring back the removed videos that are selected."""
    library_requested = Signal()
    """Leave the list of removed videos."""

    def __init__(self, query: VideoQuery, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._query = query
        sign = PlainLabel()
        sign.setPixmap(icons.application_icon().pixmap(SIGN))
        self._name = PlainLabel(theme.application_name())
        self._name.setObjectName("wordmark")
        self._count = PlainLabel()
        self._count.setObjectName("count")
        self._sort = SortBox()
        self._sort.setAccessibleName(self.tr("Order of the list"))
        self._sort.setToolTip(self.tr("Order of the list"))
        for sort, label in (
            (VideoSort.ADDED, self.tr("Recently added")),
            (VideoSort.PUBLISHED, self.tr("Date published")),
            (VideoSort.TITLE, self.tr("Title")),
            (VideoSort.DURATION, self.tr("Length")),
            (VideoSort.VIEWS, self.tr("Views")),
        ):
            self._sort.addItem(label, sort.value)
        self._sort.setCurrentIndex(self._sort.findData(query.sort.value))
        self._sort.currentIndexChanged.connect(self._pick_sort)
        self._direction = IconButton("descending", "")
        self._direction.clicked.connect(self._turn)
        add = PlainButton(self.tr("Add a folder"), "add")
        add.setToolTip(self.tr("Add a folder to the library (Ctrl+O)"))
        add.clicked.connect(self.add_requested)
        restore = PlainButton(self.tr("Restore"), "replay")
        restore.setToolTip(self.tr("Bring the selected videos back into the library"))
        restore.clicked.connect(self.restore_requested)
        back = PlainButton(self.tr("Back to the library"), "back")
        back.setToolTip(self.tr("Back to the library"))
        back.clicked.connect(self.library_requested)
        more = IconButton("menu", self.tr("Menu"))
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        more.setMenu(menu)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(theme.XL, theme.M, theme.L + theme.XS, theme.S)
        row.setSpacing(theme.S)
        for widget in (sign, self._name):
            row.addWidget(widget)
        row.addSpacing(theme.S)
        row.addWidget(self._count, 1)
        self._sorting = [self._sort, self._direction]
        self._of_library = [add]
        self._of_removed = [restore, back]
        for control in (*self._sorting, *self._of_library, *self._of_removed, more):
            row.addWidget(control)
        self._show_kind()
        self._show_direction()

    def set_count(self, videos: int | None) -> None:
        """Show how many videos are listed; None while that is not known."""
        for control in self._sorting:
            control.setVisible(bool(videos))
        if self._is_removed:
            self._count.setText(self.tr("Removed: {}").format(figures.count(videos or 0)))
        elif not videos:
            self._count.setText("")
        elif videos == 1:
            self._count.setText(self.tr("1 video"))
        else:
            self._count.setText(self.tr("{} videos").format(figures.count(videos)))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def show_removed(self, removed: bool) -> None:
        """List the videos that were removed, or the library again; the order stays."""
        if removed != self._is_removed:
            state = VideoState.DELETED if removed else None
            self._change(msgspec.structs.replace(self._query, state=state))
            self._show_kind()

    @property
    def _is_removed(self) -> bool:
        return self._query.state is VideoState.DELETED

    def _show_kind(self) -> None:
        for control in self._of_library:
            control.setVisible(not self._is_removed)
        for control in self._of_removed:
            control.setVisible(self._is_removed)
        self._fit()

    def _fit(self) -> None:
        for compact, named in ((False, True), (True, True), (True, False)):
            for button in (*self._of_library, *self._of_removed):
                button.set_compact(compact)
            self._name.setVisible(named)
            self._row.invalidate()
            if self._row.sizeHint().width() <= self.width():
                break

    def _pick_sort(self) -> None:
        sort = VideoSort(self._sort.currentData())
        self._change(msgspec.structs.replace(self._query, sort=sort, order=None))

    def _turn(self) -> None:
        turned = Order.DESC if self._order() is Order.ASC else Order.ASC
        self._change(msgspec.structs.replace(self._query, order=turned))

    def _change(self, query: VideoQuery) -> None:
        self._query = query
        self._show_direction()
        self.query_changed.emit(query)

    def _order(self) -> Order:
        natural = Order.ASC if self._query.sort is VideoSort.TITLE else Order.DESC
        return self._query.order or natural

    def _show_direction(self) -> None:
        ascending = self._order() is Order.ASC
        self._direction.set_icon("ascending" if ascending else "descending")
        self._direction.set_text(
            self.tr("Ascending: click to turn round")
            if ascending
            else self.tr("Descending: click to turn round")
        )
