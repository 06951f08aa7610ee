"""The grid of videos: columns that share the window's width without a rest, and what keys and clicks mean."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QFrame, QWidget

from gui import theme
from gui.models.library import LibraryModel, Role
from gui.models.thumbnails import Thumbnails
from gui.views.card import GAP, CardDelegate, cell_height
from gui.views.grid_view import GridView

MIN_CARD = 224
"""Narrowest card; columns are as many as fit of it."""
MARGIN = theme.XL - GAP // 2


class LibraryView(GridView):
    """Shows a `LibraryModel`. A click plays; Ctrl, Shift and the right button select."""

    play_requested = Signal(str)
    edit_requested = Signal(str)
    remove_requested = Signal(list)
    menu_requested = Signal(list, QPoint)
    """Ids that are selected, and where on the screen."""

    def __init__(self, model: LibraryModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = model
        self._cards = CardDelegate(thumbnails, self)
        self._anchor: tuple[str, int] | None = None
        self._left: tuple[str | None, int] | None = None
        self._fitted_for = (0, "")
        self.setItemDelegate(self._cards)
        self.setModel(model)
        self.setObjectName("library")
        self.setAccessibleName(self.tr("Library"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.clicked.connect(self._clicked)
        thumbnails.ready.connect(self._repaint_card)
        model.about_to_change.connect(self._hold)
        model.changed.connect(self._settle)

    def selected_ids(self) -> list[str]:
        """Ids of the selected videos in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [video_id for row in rows if (video_id := self._library.id_at(row)) is not None]

    def show_video(self, video_id: str) -> None:
        """Make a video the current one and scroll to it."""
        row = self._library.row_of(video_id)
        if row is not None:
            self.setCurrentIndex(self._library.index(row))
            self.scrollTo(self._library.index(row))

    # Geometry

    def resizeEvent(self, event: QResizeEvent) -> None:
        first, at_top = self.first_visible(), self.verticalOffset() == 0
        self._fit_columns()
        super().resizeEvent(event)
        if not at_top:
            self.verticalScrollBar().setValue(self.top_of(first))

    def hideEvent(self, event: QHideEvent) -> None:
        self._left = self._place()
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        # Qt scrolls to the clicked card a moment after the click; coming back shall find everything where it was.
        super().showEvent(event)
        if self._left is not None:
            (video_id, beyond), self._left = self._left, None
            row = self._library.row_of(video_id) if video_id else 0
            if row is not None:
                self.executeDelayedItemsLayout()
                self.fit_scroll_bar()
                self.verticalScrollBar().setValue(self.top_of(row) + beyond)

    def _place(self) -> tuple[str | None, int]:
        """The card at the top edge, and how far it is beyond it; no card at the very top."""
        offset = self.verticalOffset()
        return (
            self._library.id_at(self.first_visible()) if offset > 0 else None
        ), offset % self.cell.height()

    def _fit_columns(self) -> None:
        """Share the width out: whole pixels to the cards, what is left to both margins."""
        key = (self.width(), self.font().toString())
        if key == self._fitted_for:
            return
        self._fitted_for = key
        bar = self.verticalScrollBar().sizeHint().width()
        inner = max(MIN_CARD + GAP, self.width() - 2 * MARGIN)
        columns = max(1, inner // (MIN_CARD + GAP))
        width = inner // columns
        rest = self.width() - columns * width
        left = rest // 2
        # The scroll bar lies in the right margin, so its coming and going moves nothing.
        self.setViewportMargins(left, theme.XS, max(0, rest - left - bar - 1), 0)
        cell = QSize(width, cell_height(width - GAP, self.font()))
        self._cards.set_cell(cell)
        self.set_grid(columns, cell)

    def _hold(self) -> None:
        """Remember the card at the top edge before rows change."""
        video_id, beyond = self._place()
        self._anchor = (video_id, beyond) if video_id else None

    def _settle(self) -> None:
        """Put it back to the top edge after rows have changed."""
        if self._anchor is None:
            return
        (video_id, beyond), self._anchor = self._anchor, None
        row = self._library.row_of(video_id)
        if row is not None:
            self.fit_scroll_bar()
            self.verticalScrollBar().setValue(self.top_of(row) + beyond)

    def _repaint_card(self, video_id: str) -> None:
        row = self._library.row_of(video_id)
        if row is not None:
            self.update(self._library.index(row))

    # Input

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._show_focus(True)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._play(self.currentIndex())
        elif event.key() == Qt.Key.Key_Delete and self.selected_ids():
            self.remove_requested.emit(self.selected_ids())
        elif event.key() == Qt.Key.Key_F2 and len(self.selected_ids()) == 1:
            self.edit_requested.emit(self.selected_ids()[0])
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing: Qt's own search would fetch every title of the library."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._show_focus(False)
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        if ids := self.selected_ids():
            self.menu_requested.emit(ids, place)

    def _show_focus(self, shows: bool) -> None:
        if self._cards.shows_focus != shows:
            self._cards.shows_focus = shows
            self.viewport().update()

    def _clicked(self, index: QModelIndex | QPersistentModelIndex) -> None:
        if QApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier:
            self._play(index)

    def _play(self, index: QModelIndex | QPersistentModelIndex) -> None:
        if index.isValid():
            self.play_requested.emit(index.data(Role.ID))
