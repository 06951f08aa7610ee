"""A view of uniform cells in rows, whose geometry is arithmetic: no layout, however long the list.

QListView lays all items out again whenever rows come or go: 100 ms at 100,000. Here that is one division. Cells are
numbered in reading order; a selection between two cells holds everything between them in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QHoverEvent, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QWidget

AnyIndex = QModelIndex | QPersistentModelIndex
WHEEL_STEPS_A_ROW = 4


class GridView(QAbstractItemView):
    """Shows the first column of a flat model in a grid that `set_grid` defines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = 1
        self._cell = QSize(100, 100)
        self._hovered: QPoint | None = None
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)

    @property
    def columns(self) -> int:
        """Cells side by side."""
        return self._columns

    @property
    def cell(self) -> QSize:
        """Size of a cell."""
        return self._cell

    @property
    def count(self) -> int:
        """Number of cells."""
        model: QAbstractItemModel | None = self.model()  # None until one is set, whatever the stubs say
        return model.rowCount(self.rootIndex()) if model is not None else 0

    def set_grid(self, columns: int, cell: QSize) -> None:
        """So many cells side by side, each this large."""
        self._columns, self._cell = max(1, columns), cell
        self.fit_scroll_bar()
        self.viewport().update()

    def top_of(self, row: int) -> int:
        """Distance of a cell from the top of everything, in pixels."""
        return row // self._columns * self._cell.height()

    def first_visible(self) -> int:
        """The first cell of the topmost line that can be seen."""
        return self.verticalOffset() // self._cell.height() * self._columns

    # What QAbstractItemView asks for

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def horizontalOffset(self) -> int:
        return 0

    def isIndexHidden(self, index: AnyIndex) -> bool:
        return False

    def visualRect(self, index: AnyIndex) -> QRect:
        if not index.isValid():
            return QRect()
        left = index.row() % self._columns * self._cell.width()
        return QRect(QPoint(left, self.top_of(index.row()) - self.verticalOffset()), self._cell)

    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self._cell.width()
        row = self._line_at(point.y()) * self._columns + column
        if not 0 <= column < self._columns or not 0 <= row < self.count:
            return QModelIndex()
        return self.model().index(row, 0, self.rootIndex())

    def scrollTo(
        self,
        index: AnyIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        if not index.isValid():
            return
        top, bar, room = self.top_of(index.row()), self.verticalScrollBar(), self.viewport().height()
        lowest = top + self._cell.height() - room
        match hint:
            case QAbstractItemView.ScrollHint.PositionAtTop:
                bar.setValue(top)
            case QAbstractItemView.ScrollHint.PositionAtBottom:
                bar.setValue(lowest)
            case QAbstractItemView.ScrollHint.PositionAtCenter:
                bar.setValue((top + lowest) // 2)
            case _:
                bar.setValue(max(min(bar.value(), top), lowest))
        self.viewport().update()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        first, last = sorted((self._nearest(rect.topLeft()), self._nearest(rect.bottomRight())))
        selection = QItemSelection()
        if self.count:
            model = self.model()
            selection.select(model.index(first, 0, self.rootIndex()), model.index(last, 0, self.rootIndex()))
        self.selectionModel().select(selection, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region, visible = QRegion(), self._visible_rows(self.viewport().rect())
        ranges: Any = selection  # a list of ranges; the stubs do not say so
        for chosen in ranges:
            for row in range(max(chosen.top(), visible.start), min(chosen.bottom() + 1, visible.stop)):
                region += self.visualRect(self.model().index(row, 0, self.rootIndex()))
        return region

    def updateGeometries(self) -> None:
        self.fit_scroll_bar()
        super().updateGeometries()

    def fit_scroll_bar(self) -> None:
        """Make the scroll bar as long as the list."""
        lines = -(-self.count // self._columns)
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setSingleStep(self._cell.height() // WHEEL_STEPS_A_ROW)
        bar.setPageStep(room)
        bar.setRange(0, max(0, lines * self._cell.height() - room))

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            # For these Qt has no virtual function.
            model.rowsRemoved.connect(self.scheduleDelayedItemsLayout)
            model.modelReset.connect(self.scheduleDelayedItemsLayout)

    def rowsInserted(self, parent: AnyIndex, start: int, end: int) -> None:
        super().rowsInserted(parent, start, end)
        self.scheduleDelayedItemsLayout()

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        current, last = self.currentIndex().row(), self.count - 1
        if last < 0:
            return QModelIndex()
        act = QAbstractItemView.CursorAction
        page = self._columns * max(1, self.viewport().height() // self._cell.height())
        target = {
            act.MoveLeft: current - 1,
            act.MovePrevious: current - 1,
            act.MoveRight: current + 1,
            act.MoveNext: current + 1,
            act.MoveUp: current - self._columns if current >= self._columns else current,
            act.MoveDown: current + self._columns,
            act.MovePageUp: current - page,
            act.MovePageDown: current + page,
            act.MoveHome: 0,
            act.MoveEnd: last,
        }[action]
        return self.model().index(max(0, min(last, target)) if current >= 0 else 0, 0, self.rootIndex())

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain = option.state & ~(QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus)
        hovered = self.indexAt(self._hovered) if self._hovered is not None else QModelIndex()
        current = self.currentIndex() if self.hasFocus() else QModelIndex()
        for index in self._visible(event.rect()):
            state = plain
            if self.selectionModel().isSelected(index):
                state |= QStyle.StateFlag.State_Selected
            if index == hovered:
                state |= QStyle.StateFlag.State_MouseOver
            if index == current:
                state |= QStyle.StateFlag.State_HasFocus
            option.state = state
            option.rect = self.visualRect(index)
            self.itemDelegateForIndex(index).paint(painter, option, index)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)
        self._update_hovered()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverMove, QEvent.Type.HoverEnter) and isinstance(event, QHoverEvent):
            self._update_hovered()
            self._hovered = event.position().toPoint()
            self._update_hovered()
        elif event.type() in (QEvent.Type.HoverLeave, QEvent.Type.Leave):
            self._update_hovered()
            self._hovered = None
        return super().viewportEvent(event)

    def _update_hovered(self) -> None:
        if self._hovered is not None:
            self.update(self.indexAt(self._hovered))

    # Arithmetic

    def _line_at(self, y: int) -> int:
        return (y + self.verticalOffset()) // self._cell.height()

    def _visible_rows(self, area: QRect) -> range:
        first = max(0, self._line_at(area.top()) * self._columns)
        return range(first, min(self.count, (self._line_at(area.bottom()) + 1) * self._columns))

    def _visible(self, area: QRect) -> Iterator[QModelIndex]:
        model, root = self.model(), self.rootIndex()
        return (model.index(row, 0, root) for row in self._visible_rows(area))

    def _nearest(self, point: QPoint) -> int:
        column = max(0, min(self._columns - 1, point.x() // self._cell.width()))
        return max(0, min(self.count - 1, self._line_at(point.y()) * self._columns + column))
