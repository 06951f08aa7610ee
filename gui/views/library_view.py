"""The grid of videos: a list view whose columns share the window's width without a rest."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QListView, QWidget

from gui import theme
from gui.models.library import LibraryModel, Role
from gui.models.thumbnails import Thumbnails
from gui.views.card import GAP, CardDelegate, cell_height

MIN_CARD = 224
"""Narrowest card; columns are as many as fit of it."""
MARGIN = theme.XL - GAP // 2


class LibraryView(QListView):
    """Shows a `LibraryModel`. A click plays; Ctrl, Shift and the right button select."""

    play_requested = Signal(str)
    remove_requested = Signal(list)
    menu_requested = Signal(list, QPoint)
    """Ids that are selected, and where on the screen."""

    def __init__(self, model: LibraryModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = model
        self._cards = CardDelegate(thumbnails, self)
        self._columns = 1
        self._anchor: tuple[str, int] | None = None
        self._laid_out_for = (0, "")
        self.setItemDelegate(self._cards)
        self.setModel(model)
        self.setObjectName("library")
        self.setAccessibleName(self.tr("Library"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        # One pass over uniform cells takes 60 ms at 100,000; the default of 100 a turn would crawl.
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(200_000)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(self._clicked)
        thumbnails.ready.connect(self._repaint_card)
        model.about_to_change.connect(self._hold)
        model.changed.connect(self._settle)

    @property
    def columns(self) -> int:
        """Cards side by side."""
        return self._columns

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
        top_row = self.verticalScrollBar().value() // max(1, self.gridSize().height()) * self._columns
        at_top = self.verticalScrollBar().value() == 0
        self._fit_columns()
        super().resizeEvent(event)
        if not at_top:
            self.executeDelayedItemsLayout()
            self.verticalScrollBar().setValue(top_row // self._columns * self.gridSize().height())

    def _fit_columns(self) -> None:
        """Share the width out: whole pixels to the cards, what is left to both margins."""
        key = (self.width(), self.font().toString())
        if key == self._laid_out_for:
            return
        self._laid_out_for = key
        bar = self.verticalScrollBar().sizeHint().width()
        inner = max(MIN_CARD + GAP, self.width() - 2 * MARGIN)
        self._columns = max(1, inner // (MIN_CARD + GAP))
        cell = inner // self._columns
        rest = self.width() - self._columns * cell
        left = rest // 2
        # The scroll bar lies in the right margin, so its coming and going moves nothing.
        self.setViewportMargins(left, theme.XS, max(0, rest - left - bar - 1), 0)
        size = QSize(cell, cell_height(cell - GAP, self.font()))
        self._cards.set_cell(size)
        self.setGridSize(size)
        self.verticalScrollBar().setSingleStep(size.height() // 4)

    def _hold(self) -> None:
        """Remember the card at the top edge before rows change."""
        height = max(1, self.gridSize().height())
        value = self.verticalScrollBar().value()
        video_id = self._library.id_at(value // height * self._columns) if value > 0 else None
        self._anchor = (video_id, value % height) if video_id else None

    def _settle(self) -> None:
        """Put it back to the top edge after rows have changed."""
        if self._anchor is None:
            return
        (video_id, offset), self._anchor = self._anchor, None
        row = self._library.row_of(video_id)
        if row is not None:
            self.doItemsLayout()
            self.verticalScrollBar().setValue(row // self._columns * self.gridSize().height() + offset)

    def _repaint_card(self, video_id: str) -> None:
        row = self._library.row_of(video_id)
        if row is not None:
            self.update(self._library.index(row))

    # Input

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        count = self._library.rowCount()
        if count == 0:
            return QModelIndex()
        current = self.currentIndex().row()
        if current < 0:
            return self._library.index(0)
        rows_a_page = max(1, self.viewport().height() // max(1, self.gridSize().height()))
        act = QAbstractItemView.CursorAction
        step = {
            act.MoveLeft: -1,
            act.MovePrevious: -1,
            act.MoveRight: 1,
            act.MoveNext: 1,
            act.MoveUp: -self._columns,
            act.MoveDown: self._columns,
            act.MovePageUp: -self._columns * rows_a_page,
            act.MovePageDown: self._columns * rows_a_page,
            act.MoveHome: -count,
            act.MoveEnd: count,
        }[action]
        if action is act.MoveUp and current < self._columns:
            step = 0
        return self._library.index(max(0, min(count - 1, current + step)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._show_focus(True)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._play(self.currentIndex())
        elif event.key() == Qt.Key.Key_Delete and self.selected_ids():
            self.remove_requested.emit(self.selected_ids())
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
